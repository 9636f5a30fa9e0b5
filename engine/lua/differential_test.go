//go:build !js

package lua_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"everysec/engine/lua"
	"everysec/engine/redistest"
	"everysec/engine/resp"
)

// These tests run scripts here and in a real redis-server and compare the
// replies byte for byte. The commands a script calls go to the same server, so
// what differs is the engine's doing.

// A connection speaks raw RESP, nested as deeply as scripts like to nest it.
type connection struct {
	t testing.TB
	c net.Conn
	r *bufio.Reader
}

func dial(t testing.TB, socket string) *connection {
	c, err := net.Dial("unix", socket)
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

// beside starts a redis-server and connects to it twice: for the scripts that
// it runs itself, and for the commands of those that run here.
func beside(t *testing.T) (real, own *connection) {
	t.Helper()
	r := redistest.Start(t)
	return dial(t, r.Address), dial(t, r.Address)
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
func (h *forwardingHost) ErrorWithin(string, bool) {}

func (h *forwardingHost) SetReplication(int) {}

func (h *forwardingHost) MayRun(args [][]byte) (allowed, known bool) {
	return true, !strings.Contains(string(h.c.do([]byte("COMMAND"), []byte("INFO"), args[0])), "-1\r\n")
}

func TestSameAsRedis(t *testing.T) {
	files, _ := filepath.Glob("testdata/same/*.txt")
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	real, own := beside(t)
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
