package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"everysec/engine/crashreport"
	"everysec/engine/keyspace"
	"everysec/engine/object"
	"everysec/engine/resp"
	"everysec/engine/server"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// Random lives and their crashes are the simulation's (engine/sim); the crash
// tests here go through single stories. They look at a server from outside. They
// know what it was told,
// what it had acknowledged and what it claimed to be on disk at any moment, and
// compare that with what a start from the image of a crash brings back.

// state is a dataset: every key of every database as text.
type state map[string]stateKey

type stateKey struct {
	content  string
	expireAt int64
}

func stateOf(space *keyspace.Space) state {
	out := state{}
	for _, db := range space.DBs {
		for node := range db.Keys.All() {
			e := db.EntryOf(node)
			name := fmt.Sprintf("%d:%s", db.ID, db.KeyOf(node))
			out[name] = stateKey{contentOf(space.Objects, &e.Value), e.ExpireAt}
		}
	}
	return out
}

func contentOf(store *object.Store, v *object.Value) string {
	var parts []string
	switch v.Type {
	case object.String:
		parts = append(parts, string(store.StringBytes(v)))
	case object.List:
		for _, b := range store.List(v).Forward(0) {
			parts = append(parts, string(b))
		}
		return "list " + strings.Join(parts, ",")
	case object.Set:
		for b := range store.Set(v).All() {
			parts = append(parts, string(b))
		}
	case object.Hash:
		for field, value := range store.Hash(v).All() {
			parts = append(parts, string(field)+"="+string(value))
		}
	case object.SortedSet:
		store.SortedSet(v).Ascend(0, func(member []byte, score float64) bool {
			parts = append(parts, fmt.Sprintf("%s=%g", member, score))
			return true
		})
	}
	slices.Sort(parts)
	return v.Type.String() + " " + strings.Join(parts, ",")
}

// at is what a client sees of a state at a time in microseconds: expired keys
// are not there, deleted or not.
func (s state) at(now int64) string {
	var lines []string
	for name, k := range s {
		if k.expireAt == 0 || now/1000 <= k.expireAt {
			lines = append(lines, fmt.Sprintf("%s %s @%d", name, k.content, k.expireAt))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// difference shows two states line by line where they differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	var out []string
	for _, line := range g {
		if !slices.Contains(w, line) {
			out = append(out, "got  "+line)
		}
	}
	for _, line := range w {
		if !slices.Contains(g, line) {
			out = append(out, "want "+line)
		}
	}
	return strings.Join(out, "\n")
}

// world is a server under observation, on a disk that takes its time.
type world struct {
	t      testing.TB
	disk   *vfs.Disk
	s      *server.Server
	now    int64
	client uint64
	in     []byte

	// history are the states the dataset went through, by the number of the
	// change that led to them.
	history []moment
	// loaded is the change that loading counts as.
	loaded uint64
	// acknowledged is the newest change that a client has a reply for.
	acknowledged uint64
	waiting      int // replies to come

	// images are crashes to be examined when the step is over.
	crash  func(op string)
	images []image
	// unwatched: no history is kept.
	unwatched bool
}

type moment struct {
	change uint64
	at     int64
	state  state
}

// image is a crash with what was known when it happened.
type image struct {
	disk         *vfs.Disk
	name         string
	now          int64
	acknowledged uint64
	durability   durabilityClaim
}

type durabilityClaim struct {
	synced, written uint64
	aof             bool
	snapshot        uint64
	snapshotAt      int64
}

// Options of the servers that begin.
var (
	afterCrash    *crashreport.Crash
	journalWrites int
)

// begin starts a server on a disk. It does not wait for its loading.
func begin(t testing.TB, disk *vfs.Disk, now int64, before func(op string), config ...string) (*world, error) {
	w := &world{t: t, disk: disk, now: now}
	options := [][2]string{{"save", ""}, {"enable-debug-command", "yes"}}
	for i := 0; i+1 < len(config); i += 2 {
		options = append(options, [2]string{config[i], config[i+1]})
	}
	disk.Observe(func(op vfs.Operation, m vfs.Moment) {
		if m != vfs.Before {
			return
		}
		if before != nil {
			before(op.String())
		}
		if w.crash != nil {
			w.crash(op.String())
		}
	})
	var err error
	w.s, err = server.Open(now, server.Options{
		FS: disk, Seed: 1, Config: options, ProcessID: 1, Crash: afterCrash, JournalWrites: journalWrites,
	})
	return w, err
}

// start is begin and the whole of the loading; the error is why the server
// does not run.
func start(t testing.TB, disk *vfs.Disk, now int64, before func(op string), config ...string) (*world, error) {
	w, err := begin(t, disk, now, before, config...)
	if err != nil {
		return nil, err
	}
	for w.s.Running() && (w.s.Loading() || w.s.Held()) {
		w.tick()
	}
	if !w.s.Running() {
		if w.s.Failure() == nil {
			return nil, fmt.Errorf("exit code %d", w.s.ExitCode())
		}
		return nil, w.s.Failure()
	}
	w.client = w.s.Connect(w.now, "127.0.0.1:50000")
	w.settle()
	return w, nil
}

// settle steps until nothing is left to do at this moment.
func (w *world) settle() {
	for range 100000 {
		w.disk.Advance(w.now)
		w.s.Step(w.now)
		w.note()
		if w.s.NextWake() > w.now {
			return
		}
	}
	panic("the server does not come to rest")
}

// tick moves the clock to the next thing that happens, on the disk or in the
// server.
func (w *world) tick() {
	next := w.s.NextWake()
	if at, ok := w.disk.NextWake(); ok {
		next = min(next, at)
	}
	w.now = max(next, w.now+1)
	w.settle()
}

// advance moves the clock.
func (w *world) advance(microseconds int64) {
	for end := w.now + microseconds; w.now < end && w.s.Running(); {
		next := w.s.NextWake()
		if at, ok := w.disk.NextWake(); ok {
			next = min(next, at)
		}
		w.now = min(end, max(next, w.now+1))
		w.settle()
	}
}

// note records the state after a step, takes replies, and draws conclusions
// from both.
func (w *world) note() {
	if w.s.Loading() {
		return
	}
	last := w.s.Durability().Last
	if len(w.history) == 0 {
		w.loaded = last
	}
	if n := len(w.history); !w.unwatched && (n == 0 || w.history[n-1].change != last) {
		w.history = append(w.history, moment{last, w.now, stateOf(w.s.Space())})
	}
	if w.client == 0 {
		return
	}
	out, _ := w.s.Output(w.client)
	w.in = append(w.in, out...)
	for {
		_, n, err := resp.Parse(w.in)
		if err != nil {
			w.t.Fatalf("reply of the server: %v in %q", err, w.in)
		}
		if n == 0 {
			break
		}
		w.in = w.in[n:]
		w.waiting--
	}
	if w.waiting == 0 && last > w.loaded {
		w.acknowledged = last
	}
}

// send sends commands to be run in one step.
func (w *world) send(commands ...[]string) {
	for _, words := range commands {
		args := make([][]byte, len(words))
		for i, a := range words {
			args[i] = []byte(a)
		}
		w.waiting++
		w.s.Receive(w.client, resp.AppendCommand(nil, args...))
	}
	w.settle()
}

func (w *world) run(line string) {
	w.t.Helper()
	words, _ := resp.SplitArgs([]byte(line))
	command := make([]string, len(words))
	for i, b := range words {
		command[i] = string(b)
	}
	w.send(command)
}

// finish waits for all replies.
func (w *world) finish() {
	for w.waiting > 0 && w.s.Running() {
		w.tick()
	}
}

// takeImage is what a crash at this moment leaves.
func (w *world) takeImage(kind vfs.Kind, seed uint64, name string) {
	d := w.s.Durability()
	w.images = append(w.images, image{
		disk: w.disk.Image(kind, seed), now: w.now, acknowledged: w.acknowledged,
		name:       fmt.Sprintf("%v seed %d before %s", kind, seed, name),
		durability: durabilityClaim{d.Synced, d.Written, d.AOFEnabled, d.SnapshotChange, d.SnapshotAt},
	})
}

// find tells which moment of the history a recovered state is, newest first.
func (w *world) find(got string, now int64) (change uint64, ok bool) {
	for i := len(w.history) - 1; i >= 0; i-- {
		if w.history[i].state.at(now) == got {
			return w.history[i].change, true
		}
	}
	return 0, false
}

func text(t testing.TB, disk *vfs.Disk, name string) string {
	t.Helper()
	b, err := vfs.ReadFile(disk, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const startOfTime = servertest.Start
