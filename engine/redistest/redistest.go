// Package redistest runs a real redis-server beside a test. It fails, and does
// not skip, where there is none: what it compares with is the truth.
package redistest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"everysec/engine/resp"
)

// Redis is a running redis-server.
type Redis struct {
	Dir     string
	Address string // the path of its socket
	command *exec.Cmd
	exited  chan struct{}
}

// Start runs redis-server with an empty directory and these directives:
// "--appendonly", "yes", ...
func Start(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	return StartIn(tb, tb.TempDir(), args...)
}

// StartIn is Start on a directory that may hold files.
func StartIn(tb testing.TB, dir string, args ...string) *Redis {
	tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		tb.Fatal("redis-server is needed for this test: apt-get install redis-server")
	}
	r := &Redis{Dir: dir, Address: Socket(tb), exited: make(chan struct{})}
	all := append([]string{
		"--port", "0", "--unixsocket", r.Address, "--dir", dir, "--save", "", "--enable-debug-command", "yes",
		"--logfile", filepath.Join(dir, "redis.log"),
	}, args...)
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") { // a configuration file
		all = append([]string{args[0]}, slices.Delete(all, len(all)-len(args), len(all)-len(args)+1)...)
	}
	r.command = exec.Command(path, all...)
	r.command.Dir = dir
	if err := r.command.Start(); err != nil {
		tb.Fatalf("start redis-server: %v", err)
	}
	go func() {
		_ = r.command.Wait() // how it ended is of no interest
		close(r.exited)
	}()
	tb.Cleanup(r.Stop)
	for range 200 {
		c, err := net.Dial("unix", r.Address)
		if err == nil {
			loaded := answers(c)
			_ = c.Close()
			if loaded {
				return r
			}
		}
		select {
		case <-r.exited:
			tb.Fatalf("redis-server ended at once; see its log in %s", dir)
		case <-time.After(25 * time.Millisecond):
		}
	}
	tb.Fatal("redis-server does not answer")
	return nil
}

// answers tells whether a server has loaded its dataset: until then it refuses
// PING (but not DEBUG DIGEST, which then tells of a part).
func answers(c net.Conn) bool {
	reply := make([]byte, 5)
	_, err := c.Write([]byte("PING\r\n"))
	if err == nil {
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		_, err = io.ReadFull(c, reply)
	}
	return err == nil && string(reply) == "+PONG"
}

// Socket is a path for a socket that no one else uses. A free TCP port can be
// taken by another test between finding and using it.
func Socket(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redis") // TempDir's names are too long for a socket
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) }) // a temporary folder
	return filepath.Join(dir, "socket")
}

// Stop kills the server.
func (r *Redis) Stop() {
	_ = r.command.Process.Kill() // it may have ended by itself
	<-r.exited
}

// Conn is a connection that speaks plain RESP.
type Conn struct {
	tb   testing.TB
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
}

// Dial connects to the real server.
func (r *Redis) Dial(tb testing.TB) *Conn { return Dial(tb, r.Address) }

// Dial connects to a server at the path of a socket.
func Dial(tb testing.TB, address string) *Conn {
	tb.Helper()
	c, err := net.Dial("unix", address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return &Conn{tb: tb, conn: c, in: bufio.NewReaderSize(c, 1<<20)}
}

// Send writes a command without waiting for its reply.
func (c *Conn) Send(args ...[]byte) {
	c.tb.Helper()
	if _, err := c.conn.Write(resp.AppendCommand(nil, args...)); err != nil {
		c.tb.Fatalf("send %q: %v", args, err)
	}
}

// Receive reads one reply, as it came and taken apart.
func (c *Conn) Receive() (raw []byte, v resp.Value) {
	c.tb.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		_, n, err := resp.Parse(c.buf)
		if err != nil {
			c.tb.Fatalf("reply: %v in %q", err, c.buf)
		}
		if n > 0 {
			raw = append([]byte(nil), c.buf[:n]...)
			c.buf = append(c.buf[:0], c.buf[n:]...)
			v, _, _ = resp.Parse(raw) // not of the buffer, which goes on
			return raw, v
		}
		chunk := make([]byte, 64<<10)
		got, err := c.in.Read(chunk)
		if err != nil {
			c.tb.Fatalf("read a reply: %v", err)
		}
		c.buf = append(c.buf, chunk[:got]...)
	}
}

// Waits tells whether a reply comes within a time.
func (c *Conn) Waits(limit time.Duration) bool {
	if len(c.buf) > 0 {
		return true
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(limit))
	_, err := c.in.Peek(1)
	return err == nil
}

// Do sends a command and returns the raw reply.
func (c *Conn) Do(args ...string) []byte {
	c.tb.Helper()
	words := make([][]byte, len(args))
	for i, a := range args {
		words[i] = []byte(a)
	}
	c.Send(words...)
	raw, _ := c.Receive()
	return raw
}

// String describes the server in messages.
func (r *Redis) String() string { return fmt.Sprintf("redis-server at %s", r.Address) }
