package server_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"everysec/engine/aof"
	"everysec/engine/vfs"
)

// commandFor makes a random command over all types. Values are short: an
// append-only file has no checksums, and a sector lost inside a long value
// would go unnoticed, here as in Redis.
func commandFor(r *rand.Rand, now int64) []string {
	key := func() string { return fmt.Sprintf("k%d", r.IntN(8)) }
	of := func(kind string) string { return fmt.Sprintf("%s%d", kind, r.IntN(3)) }
	value := func() string { return fmt.Sprintf("v%d", r.IntN(1000)) }
	number := func(n int) string { return fmt.Sprint(r.IntN(n)) }
	switch r.IntN(34) {
	case 0, 1, 2:
		return []string{"SET", key(), value()}
	case 3:
		return []string{"SET", key(), value(), "PX", number(3000) + "1"}
	case 4:
		return []string{"APPEND", key(), value()}
	case 5, 6:
		return []string{"INCRBY", of("n"), number(50)}
	case 7:
		return []string{"DEL", key(), of("l")}
	case 8, 9:
		return []string{"RPUSH", of("l"), value(), value()}
	case 10:
		return []string{"LPOP", of("l")}
	case 11:
		return []string{"HSET", of("h"), "f" + number(5), value()}
	case 12:
		return []string{"HDEL", of("h"), "f" + number(5)}
	case 13, 14:
		return []string{"SADD", of("s"), value(), number(100)}
	case 15:
		return []string{"SPOP", of("s")}
	case 16, 17:
		return []string{"ZADD", of("z"), number(100), "m" + number(9)}
	case 18:
		return []string{"ZPOPMIN", of("z")}
	case 19:
		return []string{"EXPIRE", key(), number(3)}
	case 20:
		return []string{"PERSIST", key()}
	case 21:
		return []string{"RENAME", of("l"), of("l")}
	case 22:
		return []string{"RENAME", key(), key()}
	case 23:
		return []string{"COPY", of("z"), of("z"), "REPLACE"}
	case 24:
		return []string{"MOVE", key(), number(3)}
	case 25:
		return []string{"SELECT", number(3)}
	case 26:
		return []string{"SWAPDB", number(3), number(3)}
	case 27:
		switch r.IntN(8) {
		case 0:
			return []string{"FLUSHDB"}
		case 1:
			return []string{"FLUSHALL", []string{"SYNC", "ASYNC"}[r.IntN(2)]}
		}
		return []string{"UNLINK", key()}
	case 28:
		return []string{"EVAL", "redis.call('INCR', KEYS[1]); redis.call('RPUSH', KEYS[2], ARGV[1]); return 1", "2", of("n"), of("l"), value()}
	case 29:
		return []string{"GETDEL", key()}
	case 30:
		return []string{"LMOVE", of("l"), of("l"), "LEFT", "RIGHT"}
	case 31:
		return []string{"ZUNIONSTORE", of("z"), "2", of("z"), of("z")}
	case 32:
		return []string{"SETRANGE", key(), number(10), value()}
	}
	return []string{"MSET", key(), value(), key(), value()}
}

// act does something random with a world.
func (w *world) act(r *rand.Rand, jobs bool) {
	switch n := r.IntN(30); {
	case n == 0:
		w.advance(r.Int64N(1_500_000))
		return
	case n < 3:
		w.advance(r.Int64N(30_000))
		return
	case n == 3 && jobs:
		w.send([]string{"BGREWRITEAOF"})
	case n == 4 && jobs:
		w.send([]string{"BGSAVE"})
	case n < 8:
		w.send([]string{"MULTI"})
		for range 1 + r.IntN(4) {
			w.send(commandFor(r, w.now))
		}
		w.send([]string{"EXEC"})
	default:
		w.send(commandFor(r, w.now))
	}
	w.finish()
}

// settings of a random life. Rewrites of a few bytes happen by themselves.
func settings(policy string, r *rand.Rand) []string {
	return []string{
		"appendonly", "yes", "appendfsync", policy,
		"aof-use-rdb-preamble", []string{"yes", "no"}[r.IntN(2)],
		"auto-aof-rewrite-min-size", []string{"300", "64mb"}[r.IntN(2)],
		"aof-timestamp-enabled", []string{"yes", "no"}[r.IntN(2)],
		"save", []string{"", "1 5"}[r.IntN(2)],
	}
}

func latency(r *rand.Rand) vfs.Options {
	return vfs.Options{Latency: vfs.Latency{Sync: []int64{0, 700, 20_000, 400_000}[r.IntN(4)]}}
}

// recover starts from an image and returns the state that comes back. A start
// may be refused only where the crash left zeros with data behind them; then
// the repair must make it possible.
func recoverImage(t *testing.T, im image, config []string) recovered {
	t.Helper()
	im.disk.SetCapacity(0) // a start needs a little room
	w, err := start(t, im.disk, im.now, nil, config...)
	if err != nil {
		zeroed := false
		for _, a := range im.disk.Accounts() {
			zeroed = zeroed || a.Intact < a.Survived && strings.Contains(a.Name, ".incr.")
		}
		if !zeroed {
			t.Fatalf("%s: start refused: %v", im.name, err)
		}
		report := aof.Check(im.disk, "appendonlydir/appendonly.aof.manifest")
		bad := report.Damaged()
		if bad == nil {
			t.Fatalf("%s: the start was refused (%v), but the check finds nothing (%v)", im.name, err, report.Problem)
		}
		ticket, repair := aof.Repair(im.disk, bad)
		if repair != nil {
			t.Fatalf("%s: %v; repair: %v", im.name, err, repair)
		}
		for !ticket.Done() {
			at, _ := im.disk.NextWake()
			im.disk.Advance(at)
		}
		if w, err = start(t, im.disk, im.now, nil, config...); err != nil {
			t.Fatalf("%s: refused after the repair: %v", im.name, err)
		}
	}
	return recovered{stateOf(w.s.Space()), w.now}
}

// recovered is what came back. Recovery takes time, in which keys expire.
type recovered struct {
	state state
	now   int64
}

// judge recovers from every image taken and checks what came back. least is
// the change that must have survived.
func (w *world) judge(t *testing.T, config []string, least func(im image) uint64) {
	t.Helper()
	for _, im := range w.images {
		back := recoverImage(t, im, config)
		got := back.state.at(back.now)
		change, ok := w.find(got, back.now)
		switch {
		case !ok:
			nearest := ""
			for i, m := range w.history {
				if d := difference(got, m.state.at(back.now)); i == 0 || len(d) <= len(nearest) {
					nearest = fmt.Sprintf("change %d of %d:\n%s", m.change, w.history[len(w.history)-1].change, d)
				}
			}
			for _, a := range im.disk.Accounts() {
				t.Log(a.Name, ": ", a.What)
			}
			t.Fatalf("%s at %d: what came back is no moment of the history. Against the nearest, %s", im.name, im.now, nearest)
		case change < least(im):
			t.Fatalf("%s at %d: came back as of change %d, but %d must have survived", im.name, im.now, change, least(im))
		}
	}
	w.images = w.images[:0]
}

// more makes the crash tests longer: go test ./engine/server -args -more 10
var more = flag.Int("more", 1, "how many times as many seeded lives to run")

// lives runs seeded lives: random commands, random crashes, and each life goes
// on from what the crash of the one before left. fault, if not nil, may do
// something to the disk before each action.
func lives(t *testing.T, policy string, kinds []vfs.Kind, rounds int, fault func(r *rand.Rand, d *vfs.Disk), least func(im image) uint64) {
	t.Helper()
	for seed := range uint64(rounds * *more) {
		r := rand.New(rand.NewPCG(seed, 99))
		disk, now := vfs.New(latency(r)), startOfTime
		var past []moment
		for life := range 3 {
			config := settings(policy, r)
			w, err := start(t, disk, now, nil, config...)
			if err != nil {
				t.Fatalf("seed %d life %d: %v", seed, life, err)
			}
			w.past = past
			moments := 0
			w.crash = func(op string) {
				if r.IntN(12) == 0 && moments < 12 {
					moments++
					w.takeImage(kinds[r.IntN(len(kinds))], r.Uint64(), op)
				}
			}
			for range 60 {
				if fault != nil {
					fault(r, disk)
				}
				w.act(r, true)
				w.judge(t, config, least)
				if !w.s.Running() {
					break
				}
			}
			disk.FailSyncs(0)
			disk.SetCapacity(0)
			w.takeImage(kinds[r.IntN(len(kinds))], r.Uint64(), "the next life")
			im := w.images[len(w.images)-1]
			w.judge(t, config, least)
			disk, now = im.disk, w.now+1
			for _, m := range w.history {
				past = append(past, moment{0, m.at, m.state})
			}
		}
	}
}

var allKinds = []vfs.Kind{vfs.ProcessKill, vfs.PowerCut, vfs.PowerCut, vfs.TornTail}

func TestAlwaysLosesNothingAcknowledged(t *testing.T) {
	lives(t, "always", allKinds, 60, nil, func(im image) uint64 { return max(im.acknowledged, im.durability.synced) })
}

func TestEverysecLosesNothingBeforeTheLastFinishedSync(t *testing.T) {
	lives(t, "everysec", allKinds, 60, nil, func(im image) uint64 { return im.durability.synced })
}

func TestNoFsyncComesBackAsAPrefix(t *testing.T) {
	lives(t, "no", allKinds, 10, nil, func(im image) uint64 { return im.durability.synced })
}

// A killed process loses what it has not written: nothing that it has
// acknowledged, but for writes that wait for a slow sync under everysec.
func TestKillLosesNothingWritten(t *testing.T) {
	for _, policy := range []string{"always", "everysec", "no"} {
		t.Run(policy, func(t *testing.T) {
			lives(t, policy, []vfs.Kind{vfs.ProcessKill}, 6, nil, func(im image) uint64 {
				if policy == "everysec" {
					return im.durability.written
				}
				return im.acknowledged
			})
		})
	}
}

// Syncs fail and disks are full: what is
// claimed to be on disk comes back, and what comes back is a prefix.
func TestFaultsNeverBreakAClaim(t *testing.T) {
	fault := func(r *rand.Rand, d *vfs.Disk) {
		switch r.IntN(20) {
		case 0:
			d.FailSyncs(1 + r.IntN(3))
		case 1:
			d.Fill(r.Int64N(400))
		case 2, 3:
			d.FailSyncs(0)
			d.SetCapacity(0)
		}
	}
	for _, policy := range []string{"everysec", "always", "no"} {
		t.Run(policy, func(t *testing.T) {
			lives(t, policy, allKinds, 20, fault, func(im image) uint64 {
				if policy == "always" {
					return max(im.acknowledged, im.durability.synced)
				}
				return im.durability.synced
			})
		})
	}
}

// What everysec may lose is bounded in time: whatever is older than a second
// and a sync (and the tenth of a second between two looks) is on disk.
func TestEverysecBoundInTime(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		const sync = 20_000
		disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: sync}})
		w, err := start(t, disk, startOfTime, nil, settings("everysec", r)...)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			w.act(r, true)
			synced := w.s.Durability().Synced
			for _, m := range w.history {
				// A rewrite that begins may sync first, and start its own files.
				if age := w.now - m.at; m.change > synced && age > 1_000_000+6*sync+100_000 {
					t.Fatalf("seed %d: change %d is %d us old and not on disk (%d is)", seed, m.change, age, synced)
				}
			}
		}
	}
}

// A second crash while the server recovers from the first changes nothing.
func TestCrashDuringRecovery(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		policy := []string{"always", "everysec"}[seed%2]
		config := settings(policy, r)
		w, err := start(t, vfs.New(latency(r)), startOfTime, nil, config...)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 + r.IntN(60) {
			w.act(r, true)
		}
		w.takeImage(allKinds[r.IntN(4)], r.Uint64(), "the first crash")
		first := w.images[0]
		want := recoverImage(t, image{disk: first.disk.Image(vfs.ProcessKill, 0), now: first.now, name: first.name}, config)
		base := first.disk.Image(vfs.ProcessKill, 0)
		var second []image
		during, err := begin(t, base, first.now, func(op string) {
			for _, kind := range []vfs.Kind{vfs.ProcessKill, vfs.PowerCut, vfs.PowerCut} {
				second = append(second, image{disk: base.Image(kind, r.Uint64()), now: first.now, name: fmt.Sprintf("seed %d second %v before %s", seed, kind, op)})
			}
		}, config...)
		if err == nil {
			for during.s.Running() && (during.s.Loading() || during.s.Held()) {
				during.tick()
			}
		}
		for _, im := range second {
			// After a power cut of the first kind, the platter is all there is:
			// what the recovery read is what a second one reads.
			if first.name[:4] == "proc" && im.name != "" && strings.Contains(im.name, "power-cut") {
				continue
			}
			got := recoverImage(t, im, config)
			at := max(got.now, want.now)
			if got.state.at(at) != want.state.at(at) {
				t.Fatalf("%s, %s: another state than after the first recovery:\n%s", first.name, im.name, difference(got.state.at(at), want.state.at(at)))
			}
		}
	}
}

// Every disk operation of a rewrite, a BGSAVE and a start, with every kind of
// crash before it.
func TestCrashAtEveryOperation(t *testing.T) {
	actions := map[string]func(w *world){
		"rewrite":             func(w *world) { w.run("BGREWRITEAOF") },
		"bgsave":              func(w *world) { w.run("BGSAVE") },
		"save":                func(w *world) { w.run("SAVE") },
		"rewrite twice":       func(w *world) { w.run("BGREWRITEAOF"); w.advance(3_000_000); w.run("BGREWRITEAOF") },
		"off and on":          func(w *world) { w.run("CONFIG SET appendonly no"); w.run("CONFIG SET appendonly yes") },
		"snapshot of changes": func(w *world) { w.run("BGSAVE"); w.run("SET during save"); w.run("BGREWRITEAOF") },
	}
	for name, action := range actions {
		t.Run(name, func(t *testing.T) {
			for _, policy := range []string{"always", "everysec"} {
				for seed := range uint64(2) {
					r := rand.New(rand.NewPCG(seed, 5))
					config := settings(policy, r)
					var w *world
					w, err := start(t, vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 3000}}), startOfTime, nil, config...)
					if err != nil {
						t.Fatal(err)
					}
					for range 30 {
						w.act(r, false)
					}
					operations := 0
					w.crash = func(op string) {
						if operations++; operations > 60 {
							return
						}
						for kind := range allKinds[1:] {
							w.takeImage(allKinds[kind+1], r.Uint64(), op)
						}
						w.takeImage(vfs.ProcessKill, 0, op)
					}
					action(w)
					for range 20 {
						w.act(r, false)
					}
					w.advance(2_500_000)
					if operations < 6 {
						t.Fatalf("only %d disk operations", operations)
					}
					w.judge(t, config, func(im image) uint64 {
						if !im.durability.aof {
							return 0 // between off and on nothing is promised
						}
						switch {
						case policy == "always":
							return im.acknowledged
						case strings.HasPrefix(im.name, "process-kill"):
							return im.durability.written
						}
						return im.durability.synced
					})
				}
			}
		})
	}
}

// Without an append-only file exactly a snapshot comes back: the one on disk,
// or the one that was getting its name.
func TestSnapshotsComeBackExactly(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 11))
		config := []string{"appendonly", "no", "rdbcompression", []string{"yes", "no"}[r.IntN(2)]}
		w, err := start(t, vfs.New(latency(r)), startOfTime, nil, config...)
		if err != nil {
			t.Fatal(err)
		}
		begun := uint64(0) // what the newest snapshot that was begun holds
		w.crash = func(op string) {
			if r.IntN(3) == 0 {
				w.takeImage(allKinds[r.IntN(len(allKinds))], r.Uint64(), op)
			}
		}
		judge := func() {
			for _, im := range w.images {
				again, err := start(t, im.disk, im.now, nil, config...)
				if err != nil {
					t.Fatalf("seed %d %s: %v", seed, im.name, err)
				}
				got := stateOf(again.s.Space()).at(again.now)
				allowed := false
				for _, m := range w.history {
					if m.change == im.durability.snapshot || m.change == begun {
						allowed = allowed || m.state.at(again.now) == got
					}
				}
				if !allowed && (got != "" || im.durability.snapshot != 0) {
					t.Fatalf("seed %d %s: neither the snapshot on disk (change %d) nor the one begun (%d):\n%s", seed, im.name, im.durability.snapshot, begun, got)
				}
			}
			w.images = w.images[:0]
		}
		for range 120 {
			switch r.IntN(12) {
			case 0:
				if !strings.Contains(string(w.s.Info([]string{"persistence"})), "rdb_bgsave_in_progress:1") {
					judge()
					begun = w.s.Durability().Last
					w.send([]string{[]string{"SAVE", "BGSAVE", "BGSAVE"}[r.IntN(3)]})
					w.finish()
				}
			default:
				w.act(r, false)
			}
			w.takeImage(allKinds[r.IntN(len(allKinds))], r.Uint64(), "nothing special")
			judge()
		}
	}
}
