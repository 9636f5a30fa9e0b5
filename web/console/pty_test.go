//go:build linux

package console_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"everysec/web/console"
)

// terminal is a pseudo terminal: what a program writes to tty is read from screen.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	// The runtime must not wait for it: a read ends when the other side closes.
	fd, err := syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	screen = os.NewFile(uintptr(fd), "ptmx")
	t.Cleanup(func() { _ = screen.Close() })
	var number, locked uint32
	for request, argument := range map[uintptr]*uint32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(argument))); errno != 0 {
			t.Fatal(errno)
		}
	}
	tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, tty
}

// typist is somebody at a redis-cli in a terminal, who waits for each prompt.
type typist struct {
	t      *testing.T
	screen *os.File
	seen   strings.Builder
	prompt *regexp.Regexp
}

func newTypist(t *testing.T, socket string) *typist {
	t.Helper()
	screen, tty := terminal(t)
	cmd := exec.Command("redis-cli", "-s", socket)
	// On a terminal that can do nothing a line is read as it is, and nothing is drawn.
	cmd.Env = append(os.Environ(), "TERM=dumb", "HOME="+t.TempDir())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p := &typist{t: t, screen: screen, prompt: regexp.MustCompile(`(^|\n)(redis ` + regexp.QuoteMeta(socket) + `\S*|not connected)> $`)}
	p.waits("its start")
	return p
}

// types enters a line, and waits until the next can be entered.
func (p *typist) types(line string) {
	p.t.Helper()
	if _, err := p.screen.WriteString(line + "\n"); err != nil {
		p.t.Fatal(err)
	}
	p.waits(line)
}

func (p *typist) waits(what string) {
	p.t.Helper()
	buf, got := make([]byte, 1<<16), ""
	for p.t.Context().Err() == nil {
		_ = p.screen.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := p.screen.Read(buf)
		if err != nil {
			p.t.Fatalf("%s: %v, after %q", what, err, got)
		}
		// The terminal ends lines as a teleprinter does.
		if got += strings.ReplaceAll(string(buf[:n]), "\r\n", "\n"); p.prompt.MatchString(got) {
			p.seen.WriteString(got)
			return
		}
	}
}

// screen is all that a Console shows: with its prompts, and with what was typed.
func (s *session) screen() string {
	var b strings.Builder
	for _, block := range s.shown {
		if block.Kind == console.Typed {
			b.WriteString(block.Prompt)
		}
		b.WriteString(block.Text + "\n")
	}
	return b.String() + s.console.Prompt()
}

// Somebody types the same lines at a redis-cli in a terminal and at a Console: the
// two screens are the same, with each prompt, of a transaction and of a database,
// and with how long a command took.
func TestTheScreenIsThatOfRedisCLI(t *testing.T) {
	lines := []string{
		`PING`, `ping hello`, `PING "hello world"`, `set k v`, `get k`, `GET nothing`, `strlen k`, `set n 0`,
		`5 INCR n`, `3 rpush l x`, `2 lrange l 0 -1`, `0 ping`, `-1 ping`, `2 nosuch`, `2 get`, `3`,
		`echo "abc`, `echo 'abc`, `echo "a"b`, `echo 'a'b`, `set k "v`, `"`, `'`, `get "k"`, `get 'k'`, `echo "\x41\n\t\\"`, `echo 'it\'s'`, `echo "\"quoted\""`,
		``, `   `, `  get   k  `,
		`hset h f v g w`, `hgetall h`, `sadd s a`, `smembers s`, `zadd z 1.5 a`, `zrange z 0 -1 withscores`, `lrange nothing 0 -1`, `xadd st 1-1 a b`, `xrange st - +`,
		`multi`, `incr n`, `get k`, `nosuch`, `exec`, `multi`, `incr n`, `2 incr n`, `echo "abc`, `exec`, `multi`, `discard`, `discard`, `exec`,
		`multi`, `set k`, `exec`, `watch k`, `multi`, `select 2`, `exec`, `get k`, `select 0`, `select 99`, `get k`,
		`select 5`, `multi`, `set there 1`, `discard`, `select 0`, `hello 3`, `hgetall h`, `hello 2`, `hgetall h`, `reset`, `get k`,
		`debug sleep 0.6`, `2 debug sleep 0.55`, `eval "return {1,'a',{2,{}},false}" 0`, `type nothing`, `object encoding n`, `incr k`, `object nosuch`, `config get maxmemory`,
		`client setname me`, `client getname`, `expire k 100`, `persist k`, `del k h s z l st n`, `dbsize`, `auth x`, `client no-evict off`,
	}
	if len(lines) < 60 {
		t.Fatalf("only %d lines", len(lines))
	}
	socket := server(t)
	p := newTypist(t, socket)
	for _, line := range lines {
		p.types(line)
	}
	p.types("flushall")
	s := newSession(t, socket)
	s.submit("ping") // as redis-cli does, it connects before the first prompt
	s.shown = nil
	for _, line := range append(lines, "flushall") {
		s.submit(line)
	}
	changes := regexp.MustCompile(`(?m)\([01]\.[0156]\ds\)$|^( 8\)|4# "id" =>) \(integer\) \d+$`) // how long it took; the client's number in HELLO
	theirs, here := p.seen.String(), s.screen()
	a, b := strings.Split(changes.ReplaceAllString(theirs, "~"), "\n"), strings.Split(changes.ReplaceAllString(here, "~"), "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("line %d:\nredis-cli:\n%s\nhere:\n%s", i,
				strings.Join(a[max(0, min(i-3, len(a))):min(i+4, len(a))], "\n"), strings.Join(b[max(0, min(i-3, len(b))):min(i+4, len(b))], "\n"))
		}
	}
	for said, times := range map[string]int{"(TX)> ": 15, "[5](TX)> ": 2, "[5]> ": 2, "Invalid argument(s)\n": 8, "OK\n(~)\n": 1, "OK\nOK\n(~)\n": 1} {
		screen := regexp.MustCompile(`\([01]\.[0156]\ds\)`).ReplaceAllString(theirs, "(~)")
		if n := strings.Count(screen, said); n < times {
			t.Errorf("redis-cli said %q %d times, want at least %d: the lines above do not try it", said, n, times)
		}
	}
}
