package lua_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"everysec/engine/lua"
	"everysec/engine/resp"
)

// These tests run scripts here and in a real redis-server and compare the
// replies byte for byte. The commands a script calls go to the same server, so
// what differs is the engine's doing.

const serverPort = 7802

// startServer starts a redis-server for the test.
func startServer(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("redis-server", "--port", strconv.Itoa(serverPort), "--save", "", "--appendonly", "no", "--dir", dir, "--bind", "127.0.0.1")
	var log bytes.Buffer
	cmd.Stdout = &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("redis-server is needed: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 100 {
		if c, err := net.Dial("tcp", address()); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("redis-server did not answer:\n%s", log.String())
}

func address() string { return "127.0.0.1:" + strconv.Itoa(serverPort) }

// A connection speaks raw RESP.
type connection struct {
	t testing.TB
	c net.Conn
	r *bufio.Reader
}

func dial(t testing.TB) *connection {
	c, err := net.Dial("tcp", address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &connection{t, c, bufio.NewReaderSize(c, 1<<16)}
}

// do sends a command and returns the raw reply.
func (c *connection) do(args ...[]byte) []byte {
	c.t.Helper()
	c.c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.c.Write(resp.AppendCommand(nil, args...)); err != nil {
		c.t.Fatalf("write %q: %v", args, err)
	}
	return c.read(nil)
}

func (c *connection) command(args ...string) []byte {
	c.t.Helper()
	list := make([][]byte, len(args))
	for i, a := range args {
		list[i] = []byte(a)
	}
	return c.do(list...)
}

func (c *connection) read(out []byte) []byte {
	c.t.Helper()
	line, err := c.r.ReadBytes('\n')
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	out = append(out, line...)
	n, _ := strconv.Atoi(strings.TrimSpace(string(line[1:])))
	switch line[0] {
	case '$', '=', '!':
		if n >= 0 {
			body := make([]byte, n+2)
			for got := 0; got < len(body); {
				k, err := c.r.Read(body[got:])
				if err != nil {
					c.t.Fatalf("read: %v", err)
				}
				got += k
			}
			out = append(out, body...)
		}
	case '%', '|':
		for range 2 * n {
			out = c.read(out)
		}
	case '*', '~', '>':
		for range n {
			out = c.read(out)
		}
	}
	return out
}

// A forwardingHost runs a script's commands on a real server.
type forwardingHost struct {
	c    *connection
	logs []string
}

func (h *forwardingHost) Call(args [][]byte) []byte {
	switch strings.ToLower(string(args[0])) {
	case "nosuch":
		return []byte("-ERR Unknown Redis command called from script\r\n")
	case "eval", "subscribe":
		return []byte("-ERR This Redis command is not allowed from script\r\n")
	}
	return h.c.do(args...)
}

func (h *forwardingHost) Log(level int, message string) {
	h.logs = append(h.logs, fmt.Sprintf("%d %s", level, message))
}
func (h *forwardingHost) Interrupted() bool        { return false }
func (h *forwardingHost) SetProtocol(protocol int) { h.c.command("HELLO", strconv.Itoa(protocol)) }
func (h *forwardingHost) SetReplication(int)       {}

func (h *forwardingHost) MayRun(args [][]byte) (allowed, known bool) {
	return true, !strings.Contains(string(h.c.do([]byte("COMMAND"), []byte("INFO"), args[0])), "-1\r\n")
}

// A diffCase is one script with its keys and arguments.
type diffCase struct {
	name       string
	script     string
	keys, args []string
	protocol   int
}

// readCases reads scripts parted by lines of "---". Lines that start with
// "#keys", "#args" or "#resp3" before the script set it up.
func readCases(t testing.TB, file string) []diffCase {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []diffCase
	line := 1
	for _, part := range strings.Split(string(b), "\n---\n") {
		c := diffCase{name: fmt.Sprintf("%s:%d", filepath.Base(file), line), protocol: 2}
		line += strings.Count(part, "\n") + 2
		for strings.HasPrefix(part, "#") && !strings.HasPrefix(part, "#!") {
			head, rest, _ := strings.Cut(part, "\n")
			words := strings.Fields(head)
			switch words[0] {
			case "#keys":
				c.keys = words[1:]
			case "#args":
				c.args = words[1:]
			case "#resp3":
				c.protocol = 3
			default:
				t.Fatalf("%s: unknown header %q", c.name, head)
			}
			part = rest
		}
		c.script = strings.TrimSuffix(part, "\n")
		cases = append(cases, c)
	}
	return cases
}

func bytesOf(list []string) [][]byte {
	var out [][]byte
	for _, s := range list {
		out = append(out, []byte(s))
	}
	return out
}

// evalHere answers EVAL with the engine.
func evalHere(e *lua.Engine, h lua.Host, c diffCase) []byte {
	w := &resp.Writer{Protocol: c.protocol}
	sha, err := e.Load([]byte(c.script))
	if err != nil {
		w.Error(err.Error())
		return w.Bytes()
	}
	e.Run(h, sha, bytesOf(c.keys), bytesOf(c.args), w)
	return w.Bytes()
}

func TestSameAsRedis(t *testing.T) {
	startServer(t)
	files, _ := filepath.Glob("testdata/same/*.txt")
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	real, own := dial(t), dial(t)
	total := 0
	for _, file := range files {
		e := lua.New(lua.Options{})
		h := &forwardingHost{c: own}
		for _, c := range readCases(t, file) {
			total++
			t.Run(c.name, func(t *testing.T) {
				real.t, own.t = t, t
				real.command("FLUSHALL")
				real.command("SCRIPT", "FLUSH")
				real.command("HELLO", strconv.Itoa(c.protocol))
				args := append([]string{"EVAL", c.script, strconv.Itoa(len(c.keys))}, append(append([]string(nil), c.keys...), c.args...)...)
				want := real.command(args...)
				real.command("FLUSHALL")
				own.command("HELLO", "2")
				e.Flush()
				got := evalHere(e, h, c)
				if !bytes.Equal(got, want) {
					t.Errorf("script:\n%s\n here: %q\nredis: %q", c.script, got, want)
				}
			})
		}
	}
	if total < 200 {
		t.Errorf("%d scripts were compared, at least 200 are wanted", total)
	}
}
