package server_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"everysec/engine/event"
	"everysec/engine/server"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// The transcripts in testdata/persistence are stories of a server, its disk and
// time, and the specification of what happens when they do not get on. A line
// is a thing that happens:
//
//	start [DIRECTIVE=VALUE]...   a server on a new disk
//	restart [DIRECTIVE=VALUE]... another on the same disk, with what the first was told too
//	> COMMAND                    a client sends it; its reply follows, or that there is none yet
//	2> COMMAND                   another client
//	advance DURATION             time passes; replies that come are told, with their time
//	latency DURATION             what every sync takes from now on
//	fail N, lie on|off           the next N syncs fail; the disk lies about syncs
//	fill N, room                 room for N bytes more; for anything
//	crash KIND [SEED]            goes on with what a crash leaves; nothing runs
//	put FILE TEXT, cut FILE N, flip FILE OFFSET, remove FILE
//	                             a file appears, loses bytes at its end, a bit or itself
//	files, show FILE             what is on the disk; \r\n is shown as it is
//	info FIELD...                fields of INFO
//	durability                   how far the changes have come
//	log                          the lines of the log since it was last looked at
//	events KIND                  the events for the page, of that kind
//
// A server that ends says so, and why.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/persistence", func(t *testing.T, path string) {
		st := &story{t: t}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			st.out.Reset()
			for line := range strings.SplitSeq(d.Input, "\n") {
				if err := st.happens(line); err != nil {
					st.tell("%s: %v", line, err)
				}
				st.replies()
				st.end()
			}
			return st.out.String()
		})
	})
}

type story struct {
	t      *testing.T
	config []string
	disk   *vfs.Disk
	s      *servertest.Server
	begun  int64 // time is told from here
	// clients that were named, and how many replies they wait for
	clients map[string]*servertest.Client
	waiting map[string]int
	ended   bool
	out     strings.Builder
}

func (st *story) tell(format string, args ...any) { fmt.Fprintf(&st.out, format+"\n", args...) }

func (st *story) at() string {
	return (time.Duration(st.s.Now-st.begun) * time.Microsecond).String()
}

func (st *story) happens(line string) error {
	if name, command, is := strings.Cut(line, "> "); is && len(name) < 2 {
		c := st.clients[name]
		if c == nil {
			c = st.s.Client()
			st.clients[name] = c
		}
		c.SendLine(command)
		st.waiting[name]++
		st.s.Settle()
		st.replies()
		if st.waiting[name] > 0 && st.s.Running() {
			st.tell("(no reply yet)")
		}
		return nil
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	args := words[1:]
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	number := func(i int) int64 {
		n, err := strconv.ParseInt(arg(i), 0, 64)
		if err != nil {
			st.t.Fatalf("%s: %v", line, err)
		}
		return n
	}
	duration := func() int64 {
		d, err := time.ParseDuration(arg(0))
		if err != nil {
			st.t.Fatalf("%s: %v", line, err)
		}
		return d.Microseconds()
	}
	switch words[0] {
	case "start":
		st.config, st.disk = nil, vfs.New(vfs.Options{})
		return st.open(args, servertest.Start)
	case "restart":
		now := servertest.Start
		if st.s != nil {
			now = st.s.Now
		}
		return st.open(args, now)
	case "advance":
		for end := st.s.Now + duration(); st.s.Now < end && st.s.Running(); {
			next := st.s.NextWake()
			if disk, ok := st.disk.NextWake(); ok {
				next = min(next, disk)
			}
			st.s.Advance(max(1, min(end, next)-st.s.Now))
			st.replies()
		}
	case "latency":
		st.disk.SetLatency(vfs.Latency{Sync: duration()})
	case "fail":
		st.disk.FailSyncs(int(number(0)))
	case "lie":
		st.disk.LieAboutSyncs(arg(0) == "on")
	case "fill":
		st.disk.Fill(number(0))
	case "room":
		st.disk.SetCapacity(0)
	case "crash":
		kind := map[string]vfs.Kind{"kill": vfs.ProcessKill, "power-cut": vfs.PowerCut, "torn-tail": vfs.TornTail}
		k, known := kind[arg(0)]
		if !known {
			return errors.New("there is no such crash")
		}
		seed := uint64(0)
		if len(args) > 1 {
			seed = uint64(number(1))
		}
		st.disk = st.disk.Image(k, seed)
		st.ended = true
	case "put":
		_, text, _ := strings.Cut(line, arg(0)+" ")
		put(st.t, st.disk, arg(0), unescape(text))
	case "cut":
		return st.disk.TruncateTail(arg(0), number(1))
	case "flip":
		return st.disk.FlipByte(arg(0), number(1), 1)
	case "remove":
		return st.disk.Remove(arg(0))
	case "files":
		for _, f := range st.disk.Files() {
			st.tell("%s %d", f.Name, st.disk.WrittenBytes(f.Name))
		}
	case "show":
		b, err := vfs.ReadFile(st.disk, arg(0))
		if err != nil {
			return err
		}
		st.tell("%s", strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", `\r\n`), "\n", `\n`))
	case "info":
		for _, field := range args {
			st.tell("%s:%s", field, info(st.s, field))
		}
	case "durability":
		d := st.s.Durability()
		st.tell("%d changes: %d acknowledged, %d written, %d on disk; %d bytes in the buffer", d.Last-1, d.Acknowledged-1, less(d.Written), less(d.Synced), d.BufferedBytes)
	case "log":
		for _, l := range st.s.TakeLog() {
			st.tell("%s", l.Text)
		}
	case "events":
		var b event.Batch
		st.s.Drain(&b)
		return event.Decode(b.Bytes(), func(e event.Event) {
			if name := fmt.Sprintf("%T", e); strings.EqualFold(strings.TrimPrefix(name, "*event."), arg(0)) {
				st.tell("%+v", e)
			}
		})
	default:
		return errors.New("nothing of that kind happens")
	}
	return nil
}

// less takes away the change that loading counts as.
func less(change uint64) uint64 { return max(change, 1) - 1 }

func unescape(text string) string {
	return strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\0`, "\x00").Replace(text)
}

func (st *story) open(config []string, now int64) error {
	for _, c := range config {
		name, value, _ := strings.Cut(c, "=")
		st.config = append(st.config, name, strings.ReplaceAll(value, "_", " "))
	}
	st.clients, st.waiting, st.ended = map[string]*servertest.Client{}, map[string]int{}, false
	s, err := servertest.Open(st.disk, now, st.config...)
	if err != nil {
		st.s, st.ended = nil, true
		return err
	}
	s.ReportTo(st.t)
	st.s, st.begun = s, now
	st.s.Settle()
	return nil
}

// replies tells those that have come.
func (st *story) replies() {
	var names []string
	for name := range st.clients {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for st.waiting[name] > 0 {
			v, ok := st.clients[name].Reply()
			if !ok {
				break
			}
			st.waiting[name]--
			text := servertest.Format(v)
			if name != "" {
				text = name + ": " + text
			}
			if st.s.Now > st.begun {
				text += "    (" + st.at() + ")"
			}
			st.tell("%s", text)
		}
	}
}

// end tells that the server has ended.
func (st *story) end() {
	if st.s == nil || st.ended || st.s.Running() {
		return
	}
	st.ended = true
	st.tell("the server has ended with code %d", st.s.ExitCode())
	if err := st.s.Failure(); err != nil {
		var load *server.LoadError
		st.tell("because: %v", err)
		if errors.As(err, &load) {
			st.tell("at %s, offset %d", load.Name, load.Offset)
		}
	}
}
