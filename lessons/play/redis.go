package play

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"everysec/engine/resp"
	"everysec/lessons"
)

// Redis is a World on a real redis-server of its own.
//
// It has no facts and cannot lose power. Its clock cannot be moved either, but
// for the expiry of keys that makes no difference: instead of moving the clock
// forward, all expiries are moved back. Save points and syncs would notice, so
// a jump of more than a minute is not possible. Where keys are evicted by how
// long they were not used, that time really passes, or two seconds of it.
type Redis struct {
	lesson   *lessons.Lesson
	dir      string
	port     int
	process  *exec.Cmd
	consoles map[string]*wire
	paused   map[string]bool
}

const observer = "\x00observer"

// StartRedis starts redis-server in dir, with a lesson's configuration, on a
// free port.
func StartRedis(l *lessons.Lesson, dir string) (*Redis, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Redis{lesson: l, dir: dir, port: free.Addr().(*net.TCPAddr).Port}
	if err := free.Close(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "redis.conf"), []byte(lessons.Conf(l.Directives())), 0o644); err != nil {
		return nil, err
	}
	return r, r.start(nil)
}

func (r *Redis) start(options []string) error {
	if r.process != nil {
		return errors.New("the server is running: crash it first")
	}
	r.process = exec.Command("redis-server", r.arguments(options)...)
	if err := r.process.Start(); err != nil {
		r.process = nil
		return err
	}
	r.consoles, r.paused = map[string]*wire{}, map[string]bool{}
	for range 500 {
		if reply, err := r.Observe("PING"); err == nil && reply == "PONG\n" {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(r.dir, "log")) // only to explain the failure
	return fmt.Errorf("redis-server does not answer on port %d:\n%s", r.port, log)
}

func (r *Redis) arguments(options []string) []string {
	return append([]string{filepath.Join(r.dir, "redis.conf"), "--port", strconv.Itoa(r.port), "--dir", r.dir, "--logfile", filepath.Join(r.dir, "log")}, options...)
}

// Close ends the server.
func (r *Redis) Close() error {
	if r.process == nil {
		return nil
	}
	for _, c := range r.consoles {
		c.conn.Close()
	}
	err := r.process.Process.Kill()
	_, _ = r.process.Process.Wait() // killed: the status is known
	r.process = nil
	return err
}

type wire struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
	listener
}

func (r *Redis) console(name string) (*wire, error) {
	if r.process == nil {
		return nil, errors.New("the server is down")
	}
	if r.paused[name] {
		return nil, fmt.Errorf("%s is paused", name)
	}
	if c := r.consoles[name]; c != nil {
		return c, nil
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(r.port))
	if err != nil {
		return nil, err
	}
	c := &wire{conn: conn, in: bufio.NewReaderSize(conn, 1<<16)}
	r.consoles[name] = c
	return c, nil
}

// patience is how long a server may take to answer.
const patience = 20 * time.Second

// reply reads one reply, past the messages that came before it.
func (c *wire) reply() (resp.Value, error) {
	for {
		v, err := c.next()
		if err != nil || c.asked(v) {
			return v, err
		}
	}
}

// next reads what the server says next. A reply that comes in many pieces is parsed each time
// it has doubled, or when nothing comes for a moment.
func (c *wire) next() (resp.Value, error) {
	deadline := time.Now().Add(patience)
	parseAt := 1
	chunk := make([]byte, 1<<16)
	for {
		idle := false
		for len(c.buf) < parseAt && !idle {
			if err := c.conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
				return resp.Value{}, err
			}
			n, err := c.in.Read(chunk)
			c.buf = append(c.buf, chunk[:n]...)
			idle = errors.Is(err, os.ErrDeadlineExceeded)
			if err != nil && !idle || time.Now().After(deadline) {
				return resp.Value{}, fmt.Errorf("waiting for a reply: %w", err)
			}
		}
		v, n, err := resp.Parse(c.buf)
		if err != nil || n > 0 {
			c.buf = append([]byte(nil), c.buf[n:]...)
			return v, err
		}
		if !idle {
			parseAt = 2*len(c.buf) + 1
		}
	}
}

// Command implements World. If the server has closed the connection, it
// connects again, as redis-cli does.
func (r *Redis) Command(console, line string) (string, error) {
	known := r.consoles[console] != nil
	replies, err := r.Together([]lessons.Line{{Console: console, Command: line}})
	if known && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)) {
		delete(r.consoles, console)
		return r.Command(console, line)
	}
	if err != nil {
		return "", err
	}
	return replies[0], nil
}

// Observe implements World.
func (r *Redis) Observe(line string) (string, error) {
	if r.process == nil {
		return unanswered, nil
	}
	return r.Command(observer, line)
}

// Together implements World. A server reads its connections in any order, so
// each line waits until the one before it has been read.
func (r *Redis) Together(lines []lessons.Line) ([]string, error) {
	var from []*wire
	for i, l := range lines {
		if i > 0 {
			if _, err := r.Observe("PING"); err != nil {
				return nil, err
			}
		}
		c, err := r.console(l.Console)
		if err != nil {
			return nil, err
		}
		b, err := encode(l.Command)
		if err != nil {
			return nil, err
		}
		if _, err := c.conn.Write(b); err != nil {
			return nil, err
		}
		from = append(from, c)
	}
	var replies []string
	for i, l := range lines {
		v, err := from[i].reply()
		if err != nil {
			return nil, err
		}
		replies = append(replies, printed(l.Command, v))
	}
	return replies, nil
}

// Act implements World.
func (r *Redis) Act(a *lessons.Action) error {
	switch a.Verb {
	case lessons.Crash:
		if a.Crash != lessons.KillNine || a.Operation > 0 || a.Moment != lessons.Moments[0] {
			return ErrUnsupported
		}
		return r.Close()
	case lessons.Restart:
		return r.start(a.Options)
	case lessons.ClockAdvance:
		return r.moveExpiries(a.By)
	case lessons.DiskAnswer: // it always does
	case lessons.Pause:
		r.paused[a.Console] = true
	case lessons.Resume:
		delete(r.paused, a.Console)
	case lessons.KillClient:
		if c := r.consoles[a.Console]; c != nil {
			delete(r.consoles, a.Console)
			return r.hangUp(c)
		}
	case lessons.FillUp:
		return r.flood(a.Fill.Commands(), false)
	case lessons.Traffic:
		if a.Load.Over > 0 {
			return ErrUnsupported
		}
		return r.flood(a.Load.Commands(), true)
	case lessons.Load:
		return r.load(a.File)
	case lessons.WaitBackground:
		return waitBackground(r.Observe, func() error { time.Sleep(10 * time.Millisecond); return nil })
	case lessons.WaitSynced:
		time.Sleep(1100 * time.Millisecond)
	default:
		return ErrUnsupported
	}
	return nil
}

// hangUp closes a connection and waits until the server has noticed.
func (r *Redis) hangUp(c *wire) error {
	address := "addr=" + c.conn.LocalAddr().String() + " "
	if err := c.conn.Close(); err != nil {
		return err
	}
	for range 1000 {
		clients, err := r.Observe("CLIENT LIST")
		if err != nil || !strings.Contains(clients, " "+address) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
	return errors.New("the server does not notice that a client is gone")
}

func (r *Redis) moveExpiries(by time.Duration) error {
	if by > time.Minute {
		return ErrUnsupported
	}
	reply, err := r.Observe(`EVAL "for _, k in ipairs(redis.call('KEYS', '*')) do local at = redis.call('PEXPIRETIME', k) if at > 0 then redis.call('PEXPIREAT', k, at - ARGV[1]) end end return 'moved'" 0 ` + strconv.FormatInt(by.Milliseconds(), 10))
	if err == nil && reply != "\"moved\"\n" {
		err = fmt.Errorf("clock advance: %s", reply)
	}
	if err != nil {
		return err
	}
	policy, err := r.Observe("CONFIG GET maxmemory-policy")
	if strings.Contains(policy, "lru") {
		time.Sleep(min(by, 2*time.Second))
	}
	return err
}

// Pass implements World.
func (r *Redis) Pass(d time.Duration) error {
	time.Sleep(d)
	return nil
}

// load starts again on nothing but a dump.rdb.
func (r *Redis) load(name string) error {
	if err := r.Close(); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(r.dir, "appendonlydir")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "dump.rdb"), r.lesson.Extra(name), 0o644); err != nil {
		return err
	}
	if err := r.start([]string{"--appendonly", "no"}); err != nil {
		return err
	}
	return appendAgain(r.lesson, r.Observe)
}

// flood sends commands of an unseen client; full says that the server's memory
// may be.
func (r *Redis) flood(commands iter.Seq[[]string], full bool) error {
	c, err := r.console(observer)
	if err != nil {
		return err
	}
	sent := 0
	go func() { // the server stops reading when nobody takes its replies
		w := bufio.NewWriterSize(c.conn, 1<<16)
		var b []byte
		for args := range commands {
			b = encodeArgs(b[:0], args)
			if _, err := w.Write(b); err != nil {
				return
			}
		}
		w.Flush()
	}()
	for range commands {
		sent++
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(10 * patience)); err != nil {
		return err
	}
	for range sent {
		line, err := c.in.ReadString('\n')
		if err == nil && strings.HasPrefix(line, "-") && !(full && strings.HasPrefix(line, "-OOM ")) {
			err = errors.New(strings.TrimSpace(line))
		}
		if size, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "$"))); err == nil && strings.HasPrefix(line, "$") && size >= 0 {
			if _, err := c.in.Discard(size + 2); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Facts implements World.
func (r *Redis) Facts() (lessons.Facts, error) { return lessons.Facts{}, ErrUnsupported }

var _ io.Closer = (*Redis)(nil)
