//go:build !js

package lua_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/lua"
	"everysec/engine/redistest"
)

// These tests run scripts here and in a real redis-server and compare the
// replies byte for byte. The commands a script calls go to the same server, so
// what differs is the engine's doing.

// A connection speaks raw RESP.
type connection struct{ *redistest.Conn }

func (c *connection) do(args ...[]byte) []byte {
	c.Send(args...)
	raw, _ := c.Receive()
	return raw
}

func (c *connection) command(args ...string) []byte { return c.Do(args...) }

// beside starts a redis-server and connects to it twice: for the scripts that
// it runs itself, and for the commands of those that run here.
func beside(t *testing.T) (real, own *connection) {
	t.Helper()
	r := redistest.Start(t)
	return &connection{r.Dial(t)}, &connection{r.Dial(t)}
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
