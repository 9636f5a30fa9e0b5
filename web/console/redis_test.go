package console_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"everysec/engine/command"
	"everysec/engine/resp"
	"everysec/web/console"
)

// server starts a redis-server on a socket of its own. There is nothing to
// compare with where it is not installed, and that is a failure.
func server(t *testing.T) (socket string) {
	t.Helper()
	dir := t.TempDir()
	socket = filepath.Join(dir, "s")
	cmd := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir,
		"--enable-debug-command", "yes", "--logfile", filepath.Join(dir, "log"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for range 200 {
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			return socket
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("redis-server does not answer")
	return ""
}

// master runs lines through the real redis-cli, which thinks it is on a terminal.
func master(t *testing.T, socket string, flags []string, lines ...string) string {
	t.Helper()
	cmd := exec.Command("redis-cli", append([]string{"-s", socket}, flags...)...)
	cmd.Env = append(os.Environ(), "FAKETTY=1")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("redis-cli: %v\n%s", err, out)
	}
	return string(out)
}

// session drives a Console over a real connection.
type session struct {
	t       *testing.T
	socket  string
	conn    net.Conn
	console *console.Console
	shown   []console.Block
}

func newSession(t *testing.T, socket string) *session {
	s := &session{t: t, socket: socket, console: console.New("redis "+socket, nil)}
	s.console.Now = func() int64 { return time.Now().UnixMilli() }
	t.Cleanup(func() {
		if s.conn != nil {
			_ = s.conn.Close()
		}
	})
	return s
}

func (s *session) submit(line string) {
	s.t.Helper()
	s.console.Submit(line)
	s.settle()
	buf := make([]byte, 1<<16)
	for s.console.Busy() {
		_ = s.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := s.conn.Read(buf)
		if err != nil {
			s.t.Fatalf("%q: %v", line, err)
		}
		s.console.Receive(buf[:n])
		s.settle()
	}
}

func (s *session) settle() {
	for {
		blocks, effect := s.console.Take()
		s.shown = append(s.shown, blocks...)
		switch {
		case effect.Connect:
			conn, err := net.Dial("unix", s.socket)
			if err != nil {
				s.t.Fatal(err)
			}
			s.conn = conn
			s.console.Accept()
		case effect.Send != nil:
			if _, err := s.conn.Write(effect.Send); err != nil {
				s.t.Fatal(err)
			}
		default:
			return
		}
	}
}

// text is the output without the lines that were typed.
func (s *session) text() string {
	var b strings.Builder
	for _, block := range s.shown {
		if block.Kind != console.Typed {
			b.WriteString(block.Text + "\n")
		}
	}
	return b.String()
}

// what changes from one run to the next in replies about the connection.
var volatile = regexp.MustCompile(`\(0\.\d\ds\)|\(integer\) \d{1,3}\n5# "mode"|(age|idle|id|addr|laddr|fd|qbuf|qbuf-free|argv-mem|rbs|rbp|tot-mem)=\S*`)

// Every line is typed into redis-cli and into a Console; the output of both,
// whole, is the same.
func TestOutputIsThatOfRedisCLI(t *testing.T) {
	lines := []string{
		`PING`, `ping "hello\tworld"`, `echo "\x00\xff\"\\\a\b\n\r"`, `echo 'it\'s'`, `echo "a"b`, `echo a"b c"`, `echo "abc`, `echo 'abc`,
		`echo ""`, `  echo   spaced   `, ``, `   `, `echo "\xzz\q"`, `echo é`,
		`set k v`, `get k`, `get nothing`, `append k w`, `incr k`, `nosuch "a b" c`, `set k`,
		`3 rpush l x`, `lrange l 0 -1`, `lrange nothing 0 -1`, `rpush l 1 2 3 4 5 6 7 8 9`, `lrange l 0 -1`,
		`0 ping`, `-3 ping`, `2x ping`, `7`, `+2 ping`, `" 2" ping`, `99999999999999999999 ping`, `"" ping`, `- ping`,
		`hset h f v g w`, `hgetall h`, `sadd s one`, `smembers s`, `smembers nothing`, `hgetall nothing`, `zadd z 1.5 a 2 b`, `zrange z 0 -1 withscores`,
		`zscore z a`, `zadd z inf c -inf d`, `zrange z 0 -1 withscores`,
		`eval "return {1,{2,{'x','y',{}},{}},{ok='fine'},{err='BAD thing'},false,3.7}" 0`,
		`eval "return {{},{},{}}" 0`, `eval "return redis.error_reply('ERR no')" 0`,
		`eval "local t={} for i=1,12 do t[i]={i,'s'..i} end return t" 0`,
		`multi`, `set k 2`, `get k`, `lrange l 0 1`, `exec`, `multi`, `nosuch`, `exec`, `multi`, `discard`, `exec`, `watch k`, `multi`, `set k 3`, `exec`,
		`select 3`, `get k`, `select 99`, `select 0`,
		`type k`, `object encoding k`, `config get maxmemory*`, `config set nosuch 1`, `client list`, `client info`, `command count`,
		`command info get`, `memory doctor`, `latency doctor`, `time extra`, `help`, `?`,
		`debug protocol string`, `debug protocol integer`, `debug protocol double`, `debug protocol null`, `debug protocol array`,
		`debug protocol set`, `debug protocol map`, `debug protocol verbatim`, `debug protocol true`, `debug protocol false`,
		`hello 3`,
		`hgetall h`, `hgetall nothing`, `smembers s`, `smembers nothing`, `zrange z 0 -1 withscores`, `zscore z a`, `get nothing`, `config get save`,
		`debug protocol string`, `debug protocol integer`, `debug protocol double`, `debug protocol null`, `debug protocol array`,
		`debug protocol set`, `debug protocol map`, `debug protocol push`, `debug protocol verbatim`, `debug protocol true`, `debug protocol false`,
		`eval "redis.setresp(3) return redis.call('hgetall','h')" 0`, `command docs get`, `xadd st 1-1 a b`, `xadd st 1-2 c d`, `xrange st - +`, `xread streams st 0`,
		`client list`, `lolwut version 5 1 1 1`, `info replication extra`, `reset`, `hgetall h`, `client reply on`,
	}
	compare(t, server(t), nil, lines)
}

// compare types lines into redis-cli with options and into a Console, and
// empties the server.
func compare(t *testing.T, socket string, options, lines []string) {
	t.Helper()
	lines = append(append([]string{}, lines...), "flushall")
	want := master(t, socket, options, lines...)
	s := newSession(t, socket)
	if options != nil {
		s.submit(strings.Join(options, " "))
		s.shown = nil // it says what it does now
	}
	for _, line := range lines {
		s.submit(line)
	}
	a := strings.Split(volatile.ReplaceAllString(strings.ReplaceAll(want, "\r", ""), "~"), "\n")
	b := strings.Split(volatile.ReplaceAllString(strings.ReplaceAll(s.text(), "\r", ""), "~"), "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("line %d:\nredis-cli:\n%s\nhere:\n%s", i,
				strings.Join(a[max(0, min(i-3, len(a))):min(i+4, len(a))], "\n"), strings.Join(b[max(0, min(i-3, len(b))):min(i+4, len(b))], "\n"))
		}
	}
}

// The same with the options that choose how replies are printed, in both
// protocols.
func TestOutputsAreThoseOfRedisCLI(t *testing.T) {
	lines := []string{
		`rpush l a "" "b\"\\c" "\n\r\t\a\b\f\v\x00\x1f\x7f\xff" é "a,b"`, `lrange l 0 -1`, `lrange none 0 -1`, `get none`, `set k "a\nb"`, `get k`, `incr n`,
		`hset h f "v w" "\x00" 2`, `hgetall h`, `hgetall none`, `sadd s one`, `smembers s`, `zadd z 1.5 a inf b`, `zrange z 0 -1 withscores`, `zscore z a`,
		`nosuch "a b"`, `set k`, `eval "return {1,{2,{'x',{}}},{ok='fine'},{err='BAD \\"thing'},false,3.7}" 0`, `eval "return {}" 0`,
		`debug protocol string`, `debug protocol integer`, `debug protocol double`, `debug protocol null`, `debug protocol array`, `debug protocol set`,
		`debug protocol map`, `debug protocol verbatim`, `debug protocol true`, `debug protocol false`,
		`xadd st 1-1 a b`, `xrange st - +`, `xread streams st 0`, `xinfo stream st`, `command docs get`, `config get save`,
		`multi`, `get k`, `lrange l 0 1`, `exec`, `2 incr n`, `echo "abc`, `0 ping`, `object encoding l`, `client no-evict off extra`, `memory doctor`, `help`,
	}
	socket := server(t)
	for _, options := range [][]string{
		{"--raw"}, {"--csv"}, {"--json"}, {"--quoted-json"}, {"--no-raw"}, {"-3", "--raw"}, {"-3", "--csv"}, {"-2", "--json"}, {"-3", "--no-raw"},
	} {
		t.Run(strings.Join(options, " "), func(t *testing.T) {
			if options[0] == "--no-raw" || options[0] == "--json" {
				lines = append(lines, "debug sleep 0.51") // a terminal says how long it took
			}
			compare(t, socket, options, lines)
		})
	}
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// The syntax of every command of the real server, computed from what COMMAND
// DOCS says of its arguments, is what redis-cli prints in its help.
func TestParamsAreThoseOfRedisCLI(t *testing.T) {
	socket := server(t)
	specs := docs(t, socket)
	if len(specs) < 200 {
		t.Fatalf("COMMAND DOCS lists %d commands", len(specs))
	}
	commands := console.NewCommands(specs)
	c := console.New("", commands)
	var lines []string
	for _, s := range specs {
		lines = append(lines, "help "+s.Name)
	}
	want := colours.ReplaceAllString(master(t, socket, nil, lines...), "")
	var got strings.Builder
	for _, line := range lines {
		c.Submit(line)
		blocks, _ := c.Take()
		got.WriteString(blocks[1].Text + "\n")
	}
	squeeze := func(s string) []string { // empty lines and blanks at the end of a line are of no interest here
		s = regexp.MustCompile(`[ \r]+\n`).ReplaceAllString(s, "\n")
		return regexp.MustCompile(`\n\n+`).Split(strings.TrimSpace(s), -1)
	}
	a, b := squeeze(want), squeeze(got.String())
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("entry %d of %d, %d:\nredis-cli:\n%q\nhere:\n%q", i, len(a), len(b), a[i], b[i])
		}
	}
}

// docs reads COMMAND DOCS into rows.
func docs(t *testing.T, socket string) []*command.Spec {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("HELLO 3\r\nCOMMAND DOCS\r\n")); err != nil {
		t.Fatal(err)
	}
	var input []byte
	buf := make([]byte, 1<<20)
	var specs []*command.Spec
	for replies := 0; replies < 2; {
		v, n, err := resp.Parse(input)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			m, err := conn.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			input = append(input, buf[:m]...)
			continue
		}
		if replies++; replies == 2 {
			for i := 0; i+1 < len(v.Elems); i += 2 {
				specs = append(specs, row(string(v.Elems[i].Str), v.Elems[i+1]))
			}
		}
		input = input[n:]
	}
	return specs
}

func field(v resp.Value, name string) resp.Value {
	for i := 0; i+1 < len(v.Elems); i += 2 {
		if string(v.Elems[i].Str) == name {
			return v.Elems[i+1]
		}
	}
	return resp.Value{}
}

func row(name string, v resp.Value) *command.Spec {
	if _, sub, ok := strings.Cut(name, "|"); ok {
		name = sub
	}
	s := &command.Spec{
		Name: name, Group: command.Group(field(v, "group").Str), Since: string(field(v, "since").Str),
		Summary: string(field(v, "summary").Str), Arguments: arguments(field(v, "arguments")),
	}
	subs := field(v, "subcommands")
	for i := 0; i+1 < len(subs.Elems); i += 2 {
		s.Subcommands = append(s.Subcommands, row(string(subs.Elems[i].Str), subs.Elems[i+1]))
	}
	return s
}

func arguments(v resp.Value) (out []command.Argument) {
	for _, e := range v.Elems {
		a := command.Argument{
			Name: string(field(e, "name").Str), Type: command.ArgumentType(field(e, "type").Str),
			Token: string(field(e, "token").Str), Arguments: arguments(field(e, "arguments")),
		}
		for _, f := range field(e, "flags").Elems {
			a.Optional = a.Optional || bytes.Equal(f.Str, []byte("optional"))
			a.Multiple = a.Multiple || bytes.Equal(f.Str, []byte("multiple"))
			a.MultipleToken = a.MultipleToken || bytes.Equal(f.Str, []byte("multiple_token"))
		}
		out = append(out, a)
	}
	return out
}
