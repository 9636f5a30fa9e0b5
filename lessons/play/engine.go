package play

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strconv"
	"strings"
	"time"

	"everysec/engine/benchmark/threadtime"
	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/engine/server"
	"everysec/engine/vfs"
	"everysec/lessons"
)

// Engine is a World on this engine: a server in the test's own process, on a
// disk in memory, with a clock that only the lesson moves. What a command
// holds the thread is measured, in processor time; so whoever makes an Engine
// stays on its thread.
type Engine struct {
	lesson *lessons.Lesson
	disk   *vfs.Disk
	server *server.Server // nil: down
	now    int64          // microseconds since 1970

	consoles map[string]*client
	names    map[uint64]string
	paused   map[string]bool

	facts  lessons.Facts // all but Files
	base   uint64        // the newest change that recovery loaded
	before map[string]keyState
	down   string          // how the crash happened
	armed  *lessons.Action // the crash that is waited for; nil: none
	image  *vfs.Disk       // what it has left; nil: it has not come

	log      []string // of the start under way, as redis-server writes it
	tools    string   // where the real check tools look at the same files; "": nowhere
	compared int
}

type client struct {
	id  uint64
	buf []byte
	listener
}

// keyState is what a crash may change about a key.
type keyState struct {
	digest   string
	expireAt int64 // milliseconds since 1970, as PEXPIRETIME says
}

const (
	second = int64(1_000_000) // of engine time

	typing   = second / 1000 // between two lines
	starting = second / 2    // from a crash to the next start
	// A sync takes 2 ms and 5 more for each MiB; the kernel writes back by
	// itself after 30 s, as Linux does.
	syncLatency, syncPerMiB = 2000, 5000
)

// NewEngine starts a server with a lesson's configuration on an empty disk.
func NewEngine(l *lessons.Lesson) (*Engine, error) {
	e := &Engine{
		lesson: l,
		disk:   newDisk(),
		now:    1_700_000_000 * second,
	}
	runtime.LockOSThread()
	return e, e.start(nil)
}

func newDisk() *vfs.Disk {
	return vfs.New(vfs.Options{Latency: vfs.Latency{Sync: syncLatency, PerMiB: syncPerMiB}, Writeback: 30 * second})
}

func (e *Engine) start(options []string) error {
	if e.server != nil {
		return errors.New("the server is running: crash it first")
	}
	var config [][2]string
	for i := 0; i+1 < len(options); i += 2 {
		config = append(config, [2]string{strings.TrimPrefix(options[i], "--"), options[i+1]})
	}
	began := threadTime()
	s, err := server.Open(e.now, server.Options{
		FS: e.disk, Seed: e.lesson.Seed, ProcessID: 1,
		ConfigFile: []byte(lessons.Conf(e.lesson.Directives())), ConfigFileName: "redis.conf",
		Config: config, Stopwatch: threadTime,
	})
	if err != nil {
		return err
	}
	e.server = s
	e.consoles, e.names, e.paused = map[string]*client{}, map[uint64]string{}, map[string]bool{}
	for {
		if err := e.settle(); err != nil {
			return err
		}
		if !s.Loading() {
			break
		}
		e.pass()
	}
	e.facts.LoadMicros = threadTime() - began
	e.facts.Restarts++
	e.base = s.Durability().Last
	return e.closeAccount()
}

// settle runs everything that is due now and collects replies and events.
func (e *Engine) settle() error {
	for range 1_000_000 {
		e.disk.Advance(e.now)
		e.server.Step(e.now)
		if e.image != nil {
			return e.fall()
		}
		e.collect()
		if !e.server.Running() {
			err := e.server.Failure()
			e.server = nil
			return fmt.Errorf("the server ended: %w", err)
		}
		if e.server.NextWake() > e.now {
			return nil
		}
	}
	return errors.New("the server does not come to rest")
}

// pass lets time go by until something is due, a tenth of a second at most.
func (e *Engine) pass() {
	next := min(e.server.NextWake(), e.now+second/10)
	if at, ok := e.disk.NextWake(); ok {
		next = min(next, at)
	}
	e.now = max(next, e.now+1)
}

func (e *Engine) collect() {
	for _, id := range e.server.OutputReady() {
		data, closed := e.server.Output(id)
		name, ok := e.names[id]
		if !ok {
			continue
		}
		c := e.consoles[name]
		c.buf = append(c.buf, data...)
		if closed {
			delete(e.consoles, name)
			delete(e.names, id)
		}
	}
	var b event.Batch
	e.server.Drain(&b)
	queue := map[int64]int64{}                             // by the step's moment: what already held the thread in it
	_ = event.Decode(b.Encode(nil), func(ev event.Event) { // written a line above
		if l, ok := ev.(*event.Log); ok {
			e.log = append(e.log, lessons.LogLine(int(l.Level), l.Text))
		}
		run, ok := ev.(*event.CommandRun)
		if !ok || e.names[run.Client] == observer {
			return
		}
		name, _, _ := strings.Cut(run.Name, "|")
		// All input of a step arrived together, so each command waited for
		// those that ran before it.
		waited := max(run.Waited, queue[run.Start])
		queue[run.Start] += run.Duration
		e.facts.Runs = append(e.facts.Runs, lessons.Run{
			Command: name + " " + string(run.Preview), Start: run.Start, Held: run.Duration, Waited: waited,
		})
	})
}

func (e *Engine) console(name string) (*client, error) {
	if e.server == nil {
		return nil, errors.New("the server is down")
	}
	if e.paused[name] {
		return nil, fmt.Errorf("%s is paused", name)
	}
	c := e.consoles[name]
	if c == nil {
		c = &client{id: e.server.Connect(e.now, "127.0.0.1:"+strconv.Itoa(50000+len(e.names)))}
		e.consoles[name], e.names[c.id] = c, name
	}
	return c, nil
}

// reply waits for a console's next reply, up to a minute of engine time. Of many
// commands that were sent at once all replies are there after the first.
func (e *Engine) reply(c *client) (resp.Value, error) {
	for deadline := e.now + 60*second; e.now < deadline; e.pass() {
		for settled := false; ; settled = true {
			for {
				v, n, err := resp.Parse(c.buf)
				if err != nil {
					return v, err
				}
				if n == 0 {
					break
				}
				if c.buf = c.buf[n:]; c.asked(v) {
					return v, nil
				}
			}
			if settled {
				break
			}
			if err := e.settle(); err != nil {
				return resp.Value{}, err
			}
		}
	}
	return resp.Value{}, errors.New("no reply within a minute of engine time")
}

// Command implements World.
func (e *Engine) Command(console, line string) (string, error) {
	replies, err := e.Together([]lessons.Line{{Console: console, Command: line}})
	if err != nil {
		return "", err
	}
	return replies[0], nil
}

// Observe implements World.
func (e *Engine) Observe(line string) (string, error) {
	if e.server == nil {
		return unanswered, nil
	}
	return e.Command(observer, line)
}

// unanswered is what an unseen client gets where no server runs.
const unanswered = "(error) ERR the server does not answer\n"

// Together implements World.
func (e *Engine) Together(lines []lessons.Line) ([]string, error) {
	if e.armed != nil && lines[0].Console != observer {
		if err := e.remember(); err != nil && !errors.Is(err, errFell) {
			return nil, err
		}
	}
	e.now += typing
	var from []*client
	for _, l := range lines {
		c, err := e.console(l.Console)
		if err != nil {
			return nil, err
		}
		b, err := encode(l.Command)
		if err != nil {
			return nil, err
		}
		e.server.Receive(c.id, b)
		from = append(from, c)
	}
	var replies []string
	for i, l := range lines {
		v, err := resp.Value{}, errFell
		if e.server != nil {
			v, err = e.reply(from[i])
		}
		switch {
		case errors.Is(err, errFell):
			replies = append(replies, "Error: Server closed the connection\n")
		case err != nil:
			return nil, fmt.Errorf("%s: %w", l.Command, err)
		default:
			replies = append(replies, printed(l.Command, v))
		}
	}
	return replies, nil
}

// Act implements World.
func (e *Engine) Act(a *lessons.Action) error {
	if e.server == nil && a.Verb != lessons.Restart && a.Verb != lessons.ClockAdvance && a.Verb != lessons.DiskAnswer {
		return errors.New("the server is down")
	}
	switch a.Verb {
	case lessons.Crash:
		return e.crash(a)
	case lessons.Restart:
		e.now += starting
		return e.start(a.Options)
	case lessons.ClockAdvance:
		return e.advance(a.By)
	case lessons.ClockPause, lessons.ClockResume: // this clock only moves when it is moved
	case lessons.Pause:
		e.paused[a.Console] = true
	case lessons.Resume:
		delete(e.paused, a.Console)
	case lessons.KillClient:
		if c := e.consoles[a.Console]; c != nil {
			e.server.Disconnect(e.now, c.id)
			delete(e.consoles, a.Console)
			delete(e.names, c.id)
		}
		return e.settle()
	case lessons.FillUp:
		return e.flood(a.Fill.Commands(), false)
	case lessons.Traffic:
		return e.traffic(a.Load)
	case lessons.Load:
		return e.load(a.File)
	case lessons.DiskHang, lessons.DiskAnswer:
		e.disk.HangSyncs(a.Verb == lessons.DiskHang)
	case lessons.WaitBackground:
		return waitBackground(e.Observe, func() error { e.pass(); return e.settle() })
	case lessons.WaitSynced:
		return e.waitSynced()
	default:
		return ErrUnsupported
	}
	return nil
}

// advance moves the clock in at most a thousand leaps, so that what is due on
// the way happens on the way.
func (e *Engine) advance(by time.Duration) error {
	for end, leap := e.now+by.Microseconds(), max(second/10, by.Microseconds()/1000); e.now < end; {
		e.now = min(e.now+leap, end)
		if e.server == nil {
			continue
		}
		if err := e.settle(); err != nil && !errors.Is(err, errFell) {
			return err
		}
	}
	return nil
}

func (e *Engine) waitSynced() error {
	for deadline := e.now + 60*second; e.now < deadline; {
		d := e.server.Durability()
		if !d.AOFEnabled {
			return errors.New("wait synced: the append only file is off")
		}
		if d.Synced >= d.Last {
			return nil
		}
		e.pass()
		if err := e.settle(); err != nil {
			return err
		}
	}
	return errors.New("wait synced: not within a minute of engine time")
}

// Pass implements World.
func (e *Engine) Pass(d time.Duration) error { return e.advance(d) }

// traffic sends a stream, in as many parts as it has seconds.
func (e *Engine) traffic(s lessons.Stream) error {
	next, stop := iter.Pull(s.Commands())
	defer stop()
	part := s.Count/(int(s.Over/time.Second)+1) + 1
	for sent := 0; sent < s.Count; sent += part {
		err := e.flood(func(yield func([]string) bool) {
			for range part {
				if args, ok := next(); !ok || !yield(args) {
					return
				}
			}
		}, true)
		if err == nil {
			err = e.advance(s.Over * time.Duration(part) / time.Duration(s.Count))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// load begins anew on a disk that holds nothing but a dump.rdb. A server with
// appendonly yes would not look at it.
func (e *Engine) load(name string) error {
	e.server, e.disk = nil, newDisk()
	f, err := e.disk.OpenFile("dump.rdb", vfs.Write|vfs.Create)
	if err != nil {
		return err
	}
	if _, err := f.Write(e.lesson.Extra(name)); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	e.disk.SyncAll()
	if err := e.start([]string{"--appendonly", "no"}); err != nil {
		return err
	}
	return appendAgain(e.lesson, e.Observe)
}

// flood sends commands of an unseen client, many at a time; full says that the
// server's memory may be.
func (e *Engine) flood(commands iter.Seq[[]string], full bool) error {
	c, err := e.console(observer)
	if err != nil {
		return err
	}
	const batch = 500
	var b []byte
	n := 0
	flush := func() error {
		e.now += typing
		e.server.Receive(c.id, b)
		for ; n > 0; n-- {
			v, err := e.reply(c)
			if err == nil && v.IsError() && !(full && strings.HasPrefix(string(v.Str), "OOM ")) {
				err = errors.New(string(v.Str))
			}
			if err != nil {
				return err
			}
		}
		b = b[:0]
		return nil
	}
	for args := range commands {
		b = encodeArgs(b, args)
		if n++; n == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

var crashKinds = map[string]vfs.Kind{
	lessons.KillNine: vfs.ProcessKill, lessons.PowerLoss: vfs.PowerCut, lessons.PowerLossTorn: vfs.TornTail, lessons.BitRot: vfs.BitRot,
}

// errFell says that the crash that was waited for has come.
var errFell = errors.New("the server crashed")

// arm lets a crash wait for its moment. What a step has run in which it comes
// nobody has been told of, so the keys are those before the step: see remember.
func (e *Engine) arm(a *lessons.Action) error {
	point := vfs.Points[len(vfs.Points)-1].Point
	point.Skip = int(a.Operation) - 1
	for _, p := range vfs.Points {
		if a.Operation == 0 && p.Name == a.Moment {
			point = p.Point
		}
	}
	e.armed = a
	if err := e.remember(); err != nil {
		return err
	}
	return e.disk.CrashAt(point, crashKinds[a.Crash], a.Seed, func(image *vfs.Disk, _ vfs.Operation) { e.image = image })
}

func (e *Engine) remember() error {
	before, err := e.keys()
	if err == nil {
		e.before = before
	}
	return err
}

// fall is the crash that has come.
func (e *Engine) fall() error {
	e.ends(e.image, e.armed)
	e.image, e.armed = nil, nil
	return errFell
}

// crash takes the image of the disk first: looking at the keys afterwards must
// not change what survives.
func (e *Engine) crash(a *lessons.Action) error {
	if a.Operation > 0 || a.Moment != lessons.Moments[0] {
		return e.arm(a)
	}
	image := e.disk.Image(crashKinds[a.Crash], a.Seed)
	if err := e.remember(); err != nil {
		return err
	}
	e.ends(image, a)
	return nil
}

func (e *Engine) ends(image *vfs.Disk, a *lessons.Action) {
	e.disk, e.server, e.down = image, nil, a.Crash
	e.facts.Crashes++
	e.facts.Account = &lessons.Account{Crash: a.Crash}
}

// closeAccount compares the keys with those before the crash.
func (e *Engine) closeAccount() error {
	if e.facts.Account == nil || e.facts.Account.Complete {
		return nil
	}
	after, err := e.keys()
	if err != nil {
		return err
	}
	a := e.facts.Account
	for key, was := range e.before {
		is, there := after[key]
		switch {
		case !there && was.expireAt > 0 && was.expireAt <= e.now/1000: // its time was up
		case there && is.digest == was.digest:
			a.Survived++
		default:
			a.Lost++
		}
	}
	for key := range after {
		if _, there := e.before[key]; !there {
			a.Lost++ // its deletion was
		}
	}
	a.Complete = true
	return nil
}

// keys looks at every key of database 0.
func (e *Engine) keys() (map[string]keyState, error) {
	c, err := e.console(observer)
	if err != nil {
		return nil, err
	}
	ask := func(args ...string) (resp.Value, error) {
		e.server.Receive(c.id, encodeArgs(nil, args))
		v, err := e.reply(c)
		if err == nil && v.IsError() {
			err = errors.New(string(v.Str))
		}
		return v, err
	}
	names, err := ask("KEYS", "*")
	if err != nil {
		return nil, err
	}
	states := map[string]keyState{}
	for _, name := range names.Elems {
		digest, err := ask("DEBUG", "DIGEST-VALUE", string(name.Str))
		if err != nil {
			return nil, err
		}
		expiry, err := ask("PEXPIRETIME", string(name.Str))
		if err != nil {
			return nil, err
		}
		states[string(name.Str)] = keyState{digest: string(digest.Elems[0].Str), expireAt: expiry.Int}
	}
	return states, nil
}

// Facts implements World.
func (e *Engine) Facts() (lessons.Facts, error) {
	f := e.facts
	f.Now = e.now
	f.Files = nil
	for _, s := range e.disk.Files() {
		f.Files = append(f.Files, lessons.File{Name: s.Name, Bytes: s.Size})
	}
	if e.server == nil {
		return f, nil
	}
	d := e.server.Durability()
	durable := d.Synced
	if !d.AOFEnabled {
		durable = d.SnapshotChange
	}
	since := func(change uint64) int64 { return int64(max(change, e.base) - e.base) }
	// Replies are awaited here, so all changes are acknowledged ones.
	f.Acknowledged, f.Written, f.Durable = since(d.Last), since(d.Written), since(durable)
	return f, nil
}

// threadTime is in microseconds: a busy machine does not count as a hold.
func threadTime() int64 { return threadtime.Used().Microseconds() }
