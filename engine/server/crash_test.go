package server_test

import (
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

var allKinds = []vfs.Kind{vfs.ProcessKill, vfs.PowerCut, vfs.PowerCut, vfs.TornTail}

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
