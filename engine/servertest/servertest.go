// Package servertest runs a server in the process of a test, on a disk in
// memory and a clock that the test moves, and plays transcripts on it.
package servertest

import (
	"strconv"
	"strings"
	"testing"

	"everysec/engine/crashreport"
	"everysec/engine/resp"
	"everysec/engine/server"
	"everysec/engine/vfs"
)

// Start is when every test begins: a fixed moment, so that runs repeat.
const Start = int64(1700000000_000000)

// Server is a server with its disk and its clock.
type Server struct {
	*server.Server
	Disk *vfs.Disk
	// Now is engine time in microseconds.
	Now    int64
	tb     testing.TB
	config [][2]string
}

// New starts a server on an empty disk. config are pairs: directive, value.
func New(tb testing.TB, config ...string) *Server {
	tb.Helper()
	return On(tb, vfs.New(vfs.Options{}), config...)
}

// On starts a server on a disk that holds something.
func On(tb testing.TB, disk *vfs.Disk, config ...string) *Server {
	tb.Helper()
	return At(tb, disk, Start, config...)
}

// At is On at another time than Start.
func At(tb testing.TB, disk *vfs.Disk, now int64, config ...string) *Server {
	tb.Helper()
	s, err := Open(disk, now, config...)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	s.tb = tb
	s.Settle()
	if !s.Running() {
		tb.Fatalf("the server did not start: %v", s.Failure())
	}
	return s
}

// Open starts a server and does not wait for its loading.
func Open(disk *vfs.Disk, now int64, config ...string) (*Server, error) {
	return open(disk, now, nil, config)
}

// ReportTo names the test that hears of what goes wrong, after Open.
func (s *Server) ReportTo(tb testing.TB) { s.tb = tb }

// Crash is the server that starts after a crash of this one, which goes on.
func (s *Server) Crash(kind vfs.Kind, seed uint64) *Server {
	s.tb.Helper()
	image := s.Disk.Image(kind, seed)
	return s.next(image, s.Server.Crash(kind.String(), image.Accounts()))
}

// Exited is the server that starts after this one has ended by itself.
func (s *Server) Exited() *Server {
	s.tb.Helper()
	return s.next(s.Disk, s.Server.Crash(crashreport.Exit, nil))
}

func (s *Server) next(disk *vfs.Disk, crash *crashreport.Crash) *Server {
	s.tb.Helper()
	next := &Server{Disk: disk, Now: s.Now, tb: s.tb, config: s.config}
	var err error
	next.Server, err = server.Open(s.Now, server.Options{FS: disk, Seed: 1, Config: s.config, ProcessID: 2, Crash: crash})
	if err != nil {
		s.tb.Fatalf("open: %v", err)
	}
	next.Settle()
	return next
}

// WithStopwatch is New with a stopwatch for measured durations.
func WithStopwatch(tb testing.TB, stopwatch func() int64, config ...string) *Server {
	tb.Helper()
	s, err := open(vfs.New(vfs.Options{}), Start, stopwatch, config)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	s.tb = tb
	s.Settle()
	return s
}

// WithAside is New for a host that keeps a database for a load of its own.
func WithAside(tb testing.TB, db int, config ...string) *Server {
	tb.Helper()
	s := &Server{Disk: vfs.New(vfs.Options{}), Now: Start, tb: tb}
	options := server.Options{FS: s.Disk, Seed: 1, Config: [][2]string{{"save", ""}}, Aside: db}
	for i := 0; i+1 < len(config); i += 2 {
		options.Config = append(options.Config, [2]string{config[i], config[i+1]})
	}
	var err error
	if s.Server, err = server.Open(Start, options); err != nil {
		tb.Fatalf("open: %v", err)
	}
	s.Settle()
	return s
}

// WithFile is New with a redis.conf, which lies on the disk.
func WithFile(tb testing.TB, text string) *Server {
	tb.Helper()
	const name = "redis.conf"
	s := &Server{Disk: vfs.New(vfs.Options{}), Now: Start, tb: tb}
	f, err := s.Disk.OpenFile(name, vfs.Write|vfs.Create)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err == nil {
		s.Server, err = server.Open(Start, server.Options{FS: s.Disk, Seed: 1, ConfigFile: []byte(text), ConfigFileName: name})
	}
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	s.Settle()
	return s
}

func open(disk *vfs.Disk, now int64, stopwatch func() int64, config []string) (*Server, error) {
	s := &Server{Disk: disk, Now: now}
	s.config = [][2]string{{"save", ""}, {"enable-debug-command", "yes"}}
	for i := 0; i+1 < len(config); i += 2 {
		s.config = append(s.config, [2]string{config[i], config[i+1]})
	}
	var err error
	s.Server, err = server.Open(now, server.Options{FS: disk, Seed: 1, Config: s.config, ProcessID: 1, Stopwatch: stopwatch})
	return s, err
}

// Settle steps until there is nothing left to do at this moment.
// A script gets a few slices; one that runs for longer needs Advance.
func (s *Server) Settle() { s.settle(30) }

func (s *Server) settle(slices int) {
	for range 1000000 {
		s.Disk.Advance(s.Now)
		s.Step(s.Now)
		if s.Busy() && slices > 0 {
			slices--
			continue
		}
		if wake := s.NextWake(); wake > s.Now {
			return
		}
	}
	panic("servertest: the server does not come to rest")
}

// Advance moves the clock and runs what is due on the way, cron by cron.
func (s *Server) Advance(microseconds int64) {
	for end := s.Now + microseconds; s.Now < end; {
		next := s.NextWake()
		if disk, ok := s.Disk.NextWake(); ok {
			next = min(next, disk)
		}
		s.Now = min(end, max(next, s.Now+1))
		s.settle(0)
	}
}

// Client is a connection of a test.
type Client struct {
	s  *Server
	ID uint64
	in []byte
}

// Client connects.
func (s *Server) Client() *Client {
	return &Client{s: s, ID: s.Connect(s.Now, "127.0.0.1:50000")}
}

// Send sends a command and does not wait.
func (c *Client) Send(args ...string) {
	words := make([][]byte, len(args))
	for i, a := range args {
		words[i] = []byte(a)
	}
	c.s.Receive(c.ID, resp.AppendCommand(nil, words...))
}

// Raw sends bytes and returns the bytes that come back.
func (c *Client) Raw(b []byte) []byte {
	c.s.Receive(c.ID, b)
	c.s.Settle()
	c.read()
	out := c.in
	c.in = nil
	return out
}

func (c *Client) read() {
	out, _ := c.s.Output(c.ID)
	c.in = append(c.in, out...)
}

// Reply takes the next reply; ok is false when none has come.
func (c *Client) Reply() (v resp.Value, ok bool) {
	c.read()
	v, n, err := resp.Parse(c.in)
	if err != nil {
		c.s.tb.Fatalf("reply of the server: %v in %q", err, c.in)
	}
	c.in = c.in[n:]
	return v, n > 0
}

// Do sends a command and returns its reply.
func (c *Client) Do(args ...string) resp.Value {
	c.s.tb.Helper()
	c.Send(args...)
	c.s.Settle()
	v, ok := c.Reply()
	if !ok {
		c.s.tb.Fatalf("no reply to %q", args)
	}
	return v
}

// Text sends a command line and returns the reply as redis-cli prints it.
func (c *Client) Text(line string) string {
	c.s.tb.Helper()
	c.SendLine(line)
	c.s.Settle()
	v, ok := c.Reply()
	if !ok {
		c.s.tb.Fatalf("no reply to %q", line)
	}
	return Format(v)
}

// SendLine sends a command line and does not wait.
func (c *Client) SendLine(line string) {
	c.s.tb.Helper()
	words, ok := resp.SplitArgs([]byte(line))
	if !ok {
		c.s.tb.Fatalf("unbalanced quotes in %q", line)
	}
	args := make([]string, len(words))
	for i, w := range words {
		args[i] = string(w)
	}
	c.Send(args...)
}

// Format prints a reply as redis-cli does on a terminal. The arrays of RESP3
// that redis-cli shows in ways of their own are told by a word before them.
func Format(v resp.Value) string { return strings.TrimSuffix(format(v, ""), "\n") }

func format(v resp.Value, indent string) string {
	switch {
	case v.Null:
		return "(nil)\n"
	case v.IsError():
		return "(error) " + string(v.Str) + "\n"
	case v.Kind == resp.SimpleString:
		return string(v.Str) + "\n"
	case v.Kind == resp.Integer:
		return "(integer) " + strconv.FormatInt(v.Int, 10) + "\n"
	case v.Kind == resp.BulkString:
		return Quote(v.Str) + "\n"
	case v.Kind == resp.Map || v.Kind == resp.Set || v.Kind == resp.Push:
		word := map[resp.Kind]string{resp.Map: "(map) ", resp.Set: "(set) ", resp.Push: "(push) "}[v.Kind]
		v.Kind = resp.Array
		return word + format(v, indent+strings.Repeat(" ", len(word)))
	case v.Kind == resp.Double:
		return "(double) " + strconv.FormatFloat(v.Float, 'g', 17, 64) + "\n"
	case v.Kind == resp.VerbatimString:
		return Quote(v.Str) + "\n"
	case v.Kind == resp.Boolean:
		return "(" + strconv.FormatBool(v.Bool) + ")\n"
	case v.Kind == resp.Array:
		if len(v.Elems) == 0 {
			return "(empty array)\n"
		}
		var b strings.Builder
		width := len(strconv.Itoa(len(v.Elems)))
		for i, e := range v.Elems {
			if i > 0 {
				b.WriteString(indent)
			}
			number := strconv.Itoa(i + 1)
			b.WriteString(strings.Repeat(" ", width-len(number)) + number + ") ")
			b.WriteString(format(e, indent+strings.Repeat(" ", width+2)))
		}
		return b.String()
	}
	return "(unknown reply)\n"
}

// Quote is a string in redis-cli's quotes.
func Quote(b []byte) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range b {
		switch c {
		case '\\', '"':
			out.WriteByte('\\')
			out.WriteByte(c)
		case '\n':
			out.WriteString(`\n`)
		case '\r':
			out.WriteString(`\r`)
		case '\t':
			out.WriteString(`\t`)
		case '\a':
			out.WriteString(`\a`)
		case '\b':
			out.WriteString(`\b`)
		default:
			if c >= 0x20 && c < 0x7f {
				out.WriteByte(c)
			} else {
				const hex = "0123456789abcdef"
				out.WriteString(`\x`)
				out.WriteByte(hex[c>>4])
				out.WriteByte(hex[c&15])
			}
		}
	}
	out.WriteByte('"')
	return out.String()
}
