package server_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"everysec/engine/aof"
	"everysec/engine/crashreport"
	"everysec/engine/vfs"
)

// A crash report says of every write what became of it. Here each write has a
// key of its own, so that what the next server holds is the truth to compare
// with: a write has survived if and only if its keys are there.

// oneWrite makes commands that write the keys of their own names, and tells
// those names: an ordinary command, one of several keys, a transaction, a script.
func oneWrite(r *rand.Rand, n int) (commands [][]string, keys []string) {
	key := func(i int) string { return fmt.Sprintf("w%d.%d", n, i) }
	value := strings.Repeat("v", 1+r.IntN(60))
	switch r.IntN(12) {
	case 0:
		return [][]string{{"MSET", key(0), value, key(1), value}}, []string{key(0), key(1)}
	case 1:
		return [][]string{{"MULTI"}, {"SET", key(0), value}, {"SELECT", fmt.Sprint(r.IntN(3))}, {"RPUSH", key(1), value}, {"EXEC"}}, []string{key(0), key(1)}
	case 2:
		return [][]string{{"EVAL", "redis.call('SET', KEYS[1], ARGV[1]); redis.call('SADD', KEYS[2], ARGV[1])", "2", key(0), key(1), value}}, []string{key(0), key(1)}
	case 3:
		return [][]string{{"SET", key(0), value, "EX", "100000"}}, []string{key(0)}
	case 4:
		return [][]string{{"SELECT", fmt.Sprint(r.IntN(3))}, {"SET", key(0), value}}, []string{key(0)}
	case 5:
		return [][]string{{"SET", key(0), strings.Repeat(value, 1+r.IntN(40))}}, []string{key(0)}
	}
	return [][]string{{"SET", key(0), value}}, []string{key(0)}
}

// reportLife is a server whose writes are all told apart.
type reportLife struct {
	*world
	keys map[uint64][]string // by change
	lied bool
	made int
}

func (l *reportLife) write(r *rand.Rand) {
	commands, keys := oneWrite(r, l.made)
	l.made++
	before := l.s.Durability().Last
	l.send(commands...)
	l.finish() // under "always" the thread is held meanwhile
	switch l.s.Durability().Last {
	case before: // refused
	case before + 1:
		l.keys[before+1] = keys
	default:
		l.t.Fatalf("%q is %d changes", commands, l.s.Durability().Last-before)
	}
}

// crashImage is a crash at some moment, with what the server knew then.
type crashImage struct {
	name  string
	disk  *vfs.Disk
	now   int64
	last  uint64 // change made until then
	lied  bool   // the drive has, at least once
	crash *crashreport.Crash
}

func (l *reportLife) crashNow(kind vfs.Kind, seed uint64, at string) crashImage {
	im := l.disk.Image(kind, seed)
	return crashImage{
		name: fmt.Sprintf("%v seed %d %s", kind, seed, at), disk: im, now: l.now,
		last: l.s.Durability().Last, lied: l.lied, crash: l.s.Crash(kind.String(), im.Accounts()),
	}
}

// restartWith starts a server on the image of a crash, after a repair if it
// takes one. It is nil where the drive had lied about a file that no repair
// brings back.
func restartWith(t *testing.T, im crashImage, config []string) *world {
	t.Helper()
	im.disk.SetCapacity(0)
	w, err := startAfter(t, im.disk, im.now, im.crash, config...)
	if err != nil {
		report := aof.Check(im.disk, "appendonlydir/appendonly.aof.manifest")
		bad := report.Damaged()
		if bad == nil && im.lied {
			return nil
		} else if bad == nil {
			t.Fatalf("%s: %v", im.name, err)
		}
		ticket, repair := aof.Repair(im.disk, bad)
		for repair == nil && !ticket.Done() {
			at, _ := im.disk.NextWake()
			im.disk.Advance(at)
		}
		if w, err = startAfter(t, im.disk, im.now, im.crash, config...); err != nil && im.lied {
			return nil
		} else if err != nil {
			t.Fatalf("%s: refused after the repair (%v): %v", im.name, repair, err)
		}
	}
	return w
}

// crashAgain is a second crash while the server recovers from the first.
func crashAgain(t *testing.T, im crashImage, config []string, r *rand.Rand) crashImage {
	afterCrash = im.crash
	defer func() { afterCrash = nil }()
	disk := im.disk.Image(vfs.ProcessKill, 0)
	disk.SetCapacity(0)
	second := im
	operations := r.IntN(8)
	var w *world
	w, err := begin(t, disk, im.now, func(op string) {
		if operations--; operations == 0 && w != nil {
			kind := allKinds[r.IntN(len(allKinds))]
			image := disk.Image(kind, r.Uint64())
			crash := w.s.Crash(kind.String(), image.Accounts())
			if crash.Journal != im.crash.Journal {
				return // it was ready already: this is a crash of its own
			}
			second.disk, second.crash = image, crash
			second.name += fmt.Sprintf(", and %v before %s of the recovery", kind, op)
		}
	}, config...)
	for err == nil && second.disk == im.disk && w.s.Running() && (w.s.Loading() || w.s.Held()) {
		w.tick()
	}
	return second
}

// told counts what the reports of a test have said, so that no verdict goes
// untested.
type told map[string]int

// check compares a report with the truth.
func (l *reportLife) check(t *testing.T, im crashImage, config []string, seen told) {
	t.Helper()
	if r := rand.New(rand.NewPCG(uint64(im.now), im.last)); r.IntN(4) == 0 {
		im = crashAgain(t, im, config, r)
	}
	w := restartWith(t, im, config)
	if w == nil {
		seen["(the next start is refused)"]++
		return
	}
	report := w.s.CrashReport()
	if report == nil || report.Crash == nil {
		t.Fatalf("%s: there is no report", im.name)
	}
	there, damaged := map[string]bool{}, false
	for name, k := range stateOf(w.s.Space()) {
		_, key, _ := strings.Cut(name, ":")
		// Zeros within a long value go unnoticed, here as in Redis.
		zeros := strings.Contains(key+k.content, "\x00")
		there[key], damaged = !zeros, damaged || zeros
	}
	for _, a := range im.crash.Files { // a base that the drive had lied about
		damaged = damaged || strings.Contains(a.Name, ".base.") && a.Intact < a.Synced
	}
	survived := func(change uint64) bool {
		keys := l.keys[change]
		n := 0
		for _, k := range keys {
			if there[k] {
				n++
			}
		}
		if n != 0 && n != len(keys) && !damaged {
			for _, a := range im.disk.Accounts() {
				t.Logf("%+v", a)
			}
			t.Fatalf("%s: of the keys %v only %d are there\n%+v", im.name, keys, n, report.Recovery)
		}
		return n > 0 && n == len(keys)
	}
	fail := func(wr crashreport.Write, why string) {
		t.Helper()
		for _, a := range im.disk.Accounts() {
			t.Logf("%s (was %s): %s; %d bytes were written", a.Name, a.Was, a.What, a.Written)
		}
		for _, f := range report.Recovery.Files {
			t.Logf("recovery read %+v", f)
		}
		t.Fatalf("%s: %s\nchange %d %q %v at %d+%d of %q, synced at %d, acknowledged %v: %s",
			im.name, why, wr.Change, wr.Text, wr.Fate, wr.Offset, wr.Size, wr.File, wr.SyncedAt, wr.Acknowledged, wr.Reason)
	}
	oldest := im.crash.Acknowledged + 1<<32
	unsynced := int64(0)
	for wr := range report.Writes {
		oldest = wr.Change
		keys := l.keys[wr.Change]
		if len(keys) == 0 {
			fail(wr, "no write of ours")
		}
		if !strings.Contains(wr.Text, keys[0]) && wr.Size < crashreport.TextBytes {
			fail(wr, "its words are another write's than "+keys[0])
		}
		if wr.Fate != crashreport.Unknown && (wr.Fate == crashreport.Survived) != survived(wr.Change) {
			fail(wr, "that is not what happened")
		}
		if wr.Acknowledged != (wr.Change <= im.crash.Acknowledged) {
			fail(wr, "acknowledged, or is it")
		}
		if wr.Acknowledged && wr.Fate == crashreport.Survived && wr.SyncedAt == 0 {
			unsynced++
		}
		if wr.Reason == "" || wr.Fate == crashreport.Survived && wr.File == "" {
			fail(wr, "without a reason")
		}
		if wr.SyncedAt > im.crash.At || wr.SyncedAt != 0 && wr.SyncedAt < wr.At {
			fail(wr, "synced when?")
		}
		reason := strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' {
				return -1
			}
			return c
		}, wr.Reason)
		seen[wr.Fate.String()+": "+reason]++
	}
	var want crashreport.Totals
	for change := range l.keys {
		switch {
		case change > im.last: // made after it
		case change > im.crash.Acknowledged:
			want.Unacknowledged++
		case survived(change):
			want.Acknowledged++
			want.Survived++
		default:
			want.Acknowledged++
			want.Lost++
		}
		if change < oldest && change <= im.crash.Acknowledged {
			want.Summarised++
		}
	}
	got := report.Totals
	want.Unsynced = got.Unsynced
	if got.Unknown > 0 { // the drive had lied about a base
		seen["(some are not known)"]++
		want.Unknown = want.Survived - got.Survived + want.Lost - got.Lost
		want.Survived, want.Lost = got.Survived, got.Lost
	}
	if got != want || got.Unsynced < unsynced || got.Unsynced > got.Survived {
		t.Fatalf("%s: totals %+v, but it was %+v, at least %d of them unsynced", im.name, got, want, unsynced)
	}
}

func startAfter(t testing.TB, disk *vfs.Disk, now int64, crash *crashreport.Crash, config ...string) (*world, error) {
	afterCrash = crash
	defer func() { afterCrash = nil }()
	return start(t, disk, now, nil, config...)
}

var reportLives = flag.Int("reports", 1, "how many times as many lives for the crash report")

// TestReportSaysWhatHappened: lives under every policy, with rewrites,
// snapshots and faults, and crashes of every kind at any operation of the disk.
func TestReportSaysWhatHappened(t *testing.T) {
	seen := told{}
	for _, policy := range []string{"always", "everysec", "no", "rdb only"} {
		for seed := range uint64(12 * *reportLives) {
			r := rand.New(rand.NewPCG(seed, 41))
			config := settings(policy, r)
			if policy == "rdb only" {
				config = []string{"appendonly", "no", "save", []string{"", "1 5"}[r.IntN(2)]}
			}
			journalWrites = []int{0, 256}[r.IntN(2)]
			w, err := start(t, vfs.New(latency(r)), startOfTime, nil, config...)
			journalWrites = 0
			if err != nil {
				t.Fatal(err)
			}
			l := &reportLife{world: w, keys: map[uint64][]string{}}
			w.unwatched = true
			var images []crashImage
			w.crash = func(op string) {
				if r.IntN(25) == 0 && len(images) < 3 {
					images = append(images, l.crashNow(allKinds[r.IntN(len(allKinds))], r.Uint64(), "before "+op))
				}
			}
			for range 40 {
				l.mayhem(r, policy)
				for range []int{1, 5, 40}[r.IntN(3)] {
					l.write(r)
				}
				if r.IntN(4) != 0 {
					l.advance(r.Int64N(1_200_000))
				}
				if !w.s.Running() {
					break
				}
				if r.IntN(4) == 0 {
					images = append(images, l.crashNow(allKinds[r.IntN(len(allKinds))], r.Uint64(), "between two commands"))
				}
				for _, im := range images {
					l.check(t, im, config, seen)
				}
				images = images[:0]
			}
			if !w.s.Running() { // the disk failed under "always"
				l.check(t, crashImage{"exit", w.disk.Image(vfs.ProcessKill, 0), w.now, w.s.Durability().Last, l.lied, w.s.Crash(crashreport.Exit, nil)}, config, seen)
			}
		}
	}
	for text, n := range seen {
		t.Logf("%7d %s", n, text)
	}
	for _, verdict := range []string{
		"survived: synced in", "survived: part of the snapshot",
		"not synced: the page cache outlived the process", "not synced: on the disk by luck",
		"lost: only in memory", "lost: in the server's memory, not yet written", "lost: only in the page cache",
		"lost: torn", "is gone: its name was not synced", "no manifest on disk named it",
		"had failed, and the page cache is gone", "the drive had called it synced", "lost: other bytes came back",
		"whole on the disk, but behind a damaged place", "unknown: ",
	} {
		n := 0
		for text, times := range seen {
			if strings.Contains(text, verdict) {
				n += times
			}
		}
		if n == 0 {
			t.Errorf("no report said %q, so that nothing tests it", verdict)
		}
	}
}

// mayhem is what else happens to a server and its disk.
func (l *reportLife) mayhem(r *rand.Rand, policy string) {
	switch r.IntN(16) {
	case 0, 1:
		l.send([]string{"BGREWRITEAOF"})
	case 2, 3:
		l.send([]string{[]string{"BGSAVE", "SAVE"}[r.IntN(2)]})
	case 4:
		l.disk.FailSyncs(1 + r.IntN(2))
	case 5:
		l.disk.Fill(r.Int64N(2000))
	case 6:
		l.disk.LieAboutSyncs(true)
		l.lied = true
	case 7, 8, 9:
		l.disk.FailSyncs(0)
		l.disk.SetCapacity(0)
		l.disk.LieAboutSyncs(false)
	case 10:
		if policy != "rdb only" && r.IntN(3) == 0 {
			l.send([]string{"CONFIG", "SET", "appendonly", []string{"no", "yes"}[r.IntN(2)]})
		}
	case 11:
		if r.IntN(3) == 0 {
			l.send([]string{"DEBUG", "RELOAD"})
		}
	}
	l.finish()
}
