package sim

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"

	"everysec/engine/server"
	"everysec/engine/vfs"
)

// Start is when every story begins, in microseconds since 1970.
const Start = int64(1700000000_000000)

// Options say which story to tell.
type Options struct {
	Seed uint64
	// Skip are actions to leave out, by number: what a failure does not need.
	Skip map[int]bool
	// Words makes a failure tell what came back and what should have, and Trace,
	// if not nil, is told what happens. Both cost time and change nothing.
	Words bool
	Trace func(line string)
}

// Failure is a promise that was broken.
type Failure struct {
	Seed   uint64
	Action int // the number of the action after which it was seen
	Step   string
	Reason string
}

func (f *Failure) Error() string {
	return fmt.Sprintf("seed %d, action %d, %s: %s", f.Seed, f.Action, f.Step, f.Reason)
}

// Run tells a story to its end, or to the first broken promise.
func Run(o Options) (report Report, failure *Failure) {
	st := &story{Options: o, world: &World{Now: Start}, prepared: [2]*server.Prepared{server.Prepare(), server.Prepare()}}
	defer func() {
		if r := recover(); r != nil {
			if f, is := r.(*Failure); is {
				failure = f
			} else {
				failure = &Failure{st.Seed, st.action, st.step, fmt.Sprintf("panic: %v\n%s", r, debug.Stack())}
			}
		}
		report = st.report
	}()
	st.tell()
	return report, nil
}

// story is the lives of servers on one disk.
type story struct {
	Options
	report  Report
	world   *World
	history history
	disk    *vfs.Disk
	ledger  *ledger
	// prepared is what the servers that only recover are made of, two at a time.
	prepared [2]*server.Prepared

	workload workload
	action   int    // counted through all lives
	step     string // what is happening, for a failure
	lied     bool   // the drive has, and no power cut has shown since
	before   *shot  // the crash that ended the last life
	// wounds are what earlier crashes did to an append-only file that has not been
	// loaded since.
	wounds []vfs.Account

	// Of the present life:
	watch    *watch
	machine  *Machine
	settings settings
	shots    []shot
	shooting *rand.Rand
	density  int // one moment in so many gets a crash
	left     int // crashes still to be taken in this life
	faulty   bool
	steady   bool  // the configuration has not changed
	slowest  int64 // microseconds of the slowest sync so far
	latency  int64
}

func (st *story) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(st.Seed, stream)) }

func (st *story) trace(format string, args ...any) {
	if st.Trace != nil {
		st.Trace(fmt.Sprintf(format, args...))
	}
}

func (st *story) fail(format string, args ...any) {
	panic(&Failure{st.Seed, st.action, st.step, fmt.Sprintf(format, args...)})
}

// The streams of random numbers: what one thing draws must not depend on how
// much another has drawn, so that actions can be left out.
const (
	streamStory = iota + 1
	streamLife
	streamShots
	streamActions
)

func (st *story) tell() {
	r := st.random(streamStory)
	st.latency = latency(r)
	st.disk = vfs.New(vfs.Options{Latency: vfs.Latency{Sync: st.latency}, Writeback: []int64{0, 0, 30_000_000}[r.IntN(3)]})
	st.history.add(moment{at: Start})
	st.ledger = newLedger(st.disk)
	lives := 1 + r.IntN(4)
	for life := range lives {
		lifeRandom := st.random(uint64(life)<<8 | streamLife)
		st.shooting = st.random(uint64(life)<<8 | streamShots)
		st.report.Lives++
		if !st.live(lifeRandom) {
			return
		}
		if !st.nextDisk(lifeRandom) {
			return
		}
	}
}

// latency is how long syncs take, in microseconds.
func latency(r *rand.Rand) int64 {
	return []int64{0, 0, 700, 5_000, 20_000, 20_000, 400_000, 1_500_000}[r.IntN(8)]
}

// settings are the configuration of a life.
type settings struct {
	directives [][2]string
	appendOnly bool
}

// Policies, as the report lists them.
const (
	Always = iota
	EverySecond
	Never
	SnapshotsOnly
	policies
)

// PolicyNames are their names.
var PolicyNames = [policies]string{"always", "everysec", "no", "RDB only"}

func randomSettings(r *rand.Rand) settings {
	policy := []int{Always, Always, Always, Always, EverySecond, EverySecond, EverySecond, EverySecond, Never, SnapshotsOnly}[r.IntN(10)]
	yes := func(oneIn int) string {
		if r.IntN(oneIn) == 0 {
			return "yes"
		}
		return "no"
	}
	fsync := []string{"always", "everysec", "no", "everysec"}[policy]
	save := oneOf(r, "", "", "1 5", "2 1")
	if policy == SnapshotsOnly {
		save = oneOf(r, "", "1 5", "1 1", "3 10")
	}
	small := r.IntN(2) == 0 // thresholds low enough for every encoding
	size := func(low, usual string) string {
		if small {
			return low
		}
		return usual
	}
	appendOnly := "yes"
	if policy == SnapshotsOnly {
		appendOnly = "no"
	}
	return settings{appendOnly: policy != SnapshotsOnly, directives: [][2]string{
		{"save", save},
		{"appendonly", appendOnly},
		{"appendfsync", fsync},
		{"aof-use-rdb-preamble", yes(2)},
		{"aof-timestamp-enabled", yes(3)},
		{"auto-aof-rewrite-min-size", oneOf(r, "300", "2kb", "64mb")},
		{"no-appendfsync-on-rewrite", yes(10)},
		{"rdbcompression", yes(2)},
		{"stop-writes-on-bgsave-error", yes(2)},
		{"hash-max-listpack-entries", size("3", "128")},
		{"zset-max-listpack-entries", size("3", "128")},
		{"set-max-intset-entries", size("3", "512")},
		{"list-max-listpack-size", size("2", "-2")},
		{"stream-node-max-entries", size("3", "100")},
		{"enable-debug-command", "yes"},
		{"latency-tracking", "no"},
		// Each command is measured by itself: see watch.
		{"slowlog-log-slower-than", "999"},
	}}
}

func (s settings) with(name, value string) [][2]string {
	return append(slices.Clone(s.directives), [2]string{name, value})
}

// live is one life of a server on st.disk, watched. It returns false if the
// server did not start, which after some crashes it may not.
func (st *story) live(r *rand.Rand) (goesOn bool) {
	st.settings = randomSettings(r)
	st.density = []int{1, 3, 10, 30}[r.IntN(4)]
	st.left = 20 + r.IntN(80)
	st.shots = st.shots[:0]
	st.faulty, st.steady = false, true
	faults := r.IntN(3) == 0
	lies := faults && r.IntN(4) == 0
	jobs := r.IntN(4)
	st.slowest = st.latency
	st.step = "start"
	st.trace("life with %v, syncs take %d us", st.settings.directives, st.slowest)

	w := &watch{world: st.world, ledger: st.ledger, history: &st.history, words: st.Words}
	st.watch = w
	st.ledger.place, st.ledger.look = w.place, func() State { return StateOf(w.machine.Server.Space(), st.Words) }
	st.disk.Observe(st.moment)
	var err error
	w.machine = &Machine{}
	st.machine, err = st.world.Boot(st.disk, server.Options{
		FS: st.ledger, Seed: r.Uint64(), Config: st.settings.directives, Stopwatch: w.stopwatch, ProcessID: 1,
	})
	if err != nil {
		st.mayBeRefused(err)
		return false
	}
	w.machine = st.machine
	st.machine.stepped = func() { st.stepped() }
	defer func() {
		st.world.Stop(st.machine)
		st.disk.Observe(nil)
	}()
	for st.machine.Server.Running() && !st.machine.Ready() {
		st.world.Tick()
	}
	if !st.machine.Server.Running() {
		st.mayBeRefused(st.machine.Server.Failure())
		return false
	}
	w.begin()
	if st.settings.appendOnly {
		st.wounds = nil
		st.ledger.loaded(st.history.newest(), st.ledger.wasBroken)
	}
	st.judge()
	for range 1 + r.IntN(4) {
		w.connect()
	}
	for range 20 + r.IntN(60) {
		st.action++
		if st.Skip[st.action] {
			continue
		}
		st.act(st.random(uint64(st.action)<<8|streamActions), faults, lies, jobs)
		st.judge()
		if w.broken != "" {
			st.fail("%s", w.broken)
		}
		if s := st.machine.Server; !s.Running() {
			if s.ExitCode() != 0 && !st.faulty {
				st.fail("the server ended: %v", s.Failure())
			}
			break
		}
	}
	return true
}

// mayBeRefused fails if there is no good reason why a life did not begin: it may
// read other files than those that the crash before was examined for.
func (st *story) mayBeRefused(err error) {
	if st.before == nil {
		st.fail("the server does not start: %v", err)
	}
	sh := *st.before
	sh.disk, sh.appendOnly = st.disk, st.settings.appendOnly
	st.explain(&sh, err)
	st.report.Refused++
}

func (st *story) stepped() {
	if st.Trace != nil {
		for _, l := range st.machine.Server.TakeLog() {
			st.trace("    log at %d: %s", l.At-Start, l.Text)
		}
	}
	if st.watch.ready {
		st.watch.collect()
	}
}

// act lets something random happen.
func (st *story) act(r *rand.Rand, faults, lies bool, jobs int) {
	st.step = "action"
	do := func(format string, args ...any) {
		st.step = fmt.Sprintf(format, args...)
		st.trace("%d at %d: %s", st.action, st.world.Now-Start, st.step)
	}
	w := st.watch
	client := w.clients[r.IntN(len(w.clients))]
	// command asks for a job, perhaps with writes right behind it.
	command := func(words ...string) {
		batch := [][]string{words}
		if r.IntN(2) == 0 {
			batch = append(batch, st.workload.batch(r, st.world.Now)...)
		}
		do("client %d: %s", client.id, inLine(batch))
		st.steady = st.steady && (words[0] != "CONFIG" || words[2] == "save")
		w.send(client, batch...)
		st.world.Settle()
	}
	switch n := r.IntN(40); {
	case n < 2:
		us := r.Int64N(1_500_000)
		do("%d us pass", us)
		st.world.Advance(us)
	case n < 6:
		us := r.Int64N(40_000)
		do("%d us pass", us)
		st.world.Advance(us)
	case n == 6 && r.IntN(4) == 0:
		us := r.Int64N(35_000_000)
		do("%d us pass", us)
		st.world.Advance(us)
	case n == 7:
		do("all replies come")
		for end := st.world.Now + 120_000_000; w.waits() && st.machine.Server.Running() && st.world.Now < end; {
			st.world.Tick()
		}
		if w.waits() && st.machine.Server.Running() {
			st.fail("a reply does not come in two minutes")
		}
	case n < 12 && n-8 < jobs:
		switch r.IntN(14) {
		case 0, 1, 2:
			command("BGREWRITEAOF")
		case 3, 4:
			command("BGSAVE")
		case 5:
			command("BGSAVE", "SCHEDULE")
		case 6:
			command("SAVE")
		case 7:
			command("CONFIG", "SET", "appendonly", oneOf(r, "yes", "no"))
		case 8:
			command("CONFIG", "SET", "appendfsync", oneOf(r, "always", "everysec", "no"))
		case 9:
			command("CONFIG", "SET", "aof-use-rdb-preamble", oneOf(r, "yes", "no"))
		case 10:
			if st.steady && st.settings.appendOnly { // else it brings back another dataset
				command("DEBUG", "LOADAOF")
			} else {
				command("DEBUG", "RELOAD")
			}
		case 11, 12:
			command("CONFIG", "SET", "save", oneOf(r, "", "1 1"))
		case 13:
			if r.IntN(4) == 0 {
				command("SHUTDOWN", oneOf(r, "NOSAVE", "SAVE", "NOW", "FORCE"))
				st.world.Advance(1_000_000)
			}
		}
	case n == 12 && r.IntN(3) == 0:
		st.latency = latency(r)
		do("syncs take %d us", st.latency)
		st.disk.SetLatency(vfs.Latency{Sync: st.latency})
		st.slowest = max(st.slowest, st.latency)
	case n < 15 && faults:
		st.faulty = true
		switch r.IntN(6) {
		case 0, 1:
			k := 1 + r.IntN(3)
			do("the next %d syncs fail", k)
			st.disk.FailSyncs(k)
		case 2, 3:
			free := r.Int64N(400)
			do("the disk has room for %d bytes", free)
			st.disk.Fill(free)
		default:
			do("the disk is well again")
			st.disk.FailSyncs(0)
			st.disk.SetCapacity(0)
		}
	case n == 15 && lies && !st.lied:
		do("the drive lies about syncs")
		st.faulty, st.lied, st.ledger.honest = true, true, false
		st.disk.LieAboutSyncs(true)
	default:
		batch := st.workload.batch(r, st.world.Now)
		do("client %d: %s", client.id, inLine(batch))
		w.send(client, batch...)
		st.world.Settle()
	}
}

func inLine(batch [][]string) string {
	var lines []string
	for _, words := range batch {
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.Join(lines, "; ")
}

// nextDisk crashes at the end of a life and makes what is left the disk of the
// next, with what was promised of it. It returns false if the story is over: no
// server starts from it, or nobody knows what its files hold.
func (st *story) nextDisk(r *rand.Rand) bool {
	kind := crashKinds[r.IntN(len(crashKinds))]
	st.left = 1
	st.shoot(kind, "the end of the life")
	sh := st.shots[len(st.shots)-1]
	next := sh.disk.Image(vfs.ProcessKill, 0)
	tried := sh
	st.shots = st.shots[:0]
	place, ok := st.examine(&tried)
	if !ok || place < 0 || tried.refused {
		return false
	}
	if sh.lied && kind != vfs.ProcessKill {
		return false // files that the next lives may read later may be damaged
	}
	next.SetCapacity(0)
	next.LieAboutSyncs(false)
	st.wounds = sh.accounts
	old := st.ledger
	l := newLedger(next)
	p := sh.promise
	if sh.lied {
		p.cut = 0
	}
	if kind == vfs.ProcessKill {
		st.lied = sh.lied
		l.saved, l.renamed = old.saved, old.renamed
		l.wasBroken = sh.broken
	} else {
		st.lied = false
		p = promise{p.cut, p.cut}
		content := l.contentOf(l.dumpName)
		for _, s := range sh.snapshots {
			if s != nil && s.content == content {
				l.saved = s
			}
		}
	}
	l.resting = p
	st.ledger, st.disk, st.before = l, next, &sh
	st.world.Now += 1 + r.Int64N(2_000_000)
	return true
}
