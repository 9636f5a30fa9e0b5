package dict

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/arena"
)

// world is a dict beside a plain map of what must be in it; values are in
// the nodes' heads.
type world struct {
	dict   *Dict
	want   map[string]uint64
	random *rand.Rand
	values uint64
}

type failer interface{ Fatalf(string, ...any) }

func newWorld(seed uint64) *world {
	return &world{New(arena.New(), seed), map[string]uint64{}, rand.New(rand.NewPCG(seed, 0)), 0}
}

func (w *world) add(t failer, key string) {
	r, added := w.dict.Add([]byte(key), 8)
	if _, had := w.want[key]; added == had {
		t.Fatalf("Add(%q) says %v", key, added)
	}
	w.values++
	*Head[uint64](w.dict.arena, r) = w.values
	w.want[key] = w.values
}

func (w *world) delete(t failer, key string) {
	if _, had := w.want[key]; w.dict.Delete([]byte(key)) != had {
		t.Fatalf("Delete(%q) is not %v", key, had)
	}
	delete(w.want, key)
}

// relink takes a node out and puts it in again, perhaps in another block.
func (w *world) relink(t failer, key string) {
	a := w.dict.arena
	r := w.dict.Unlink([]byte(key))
	if _, had := w.want[key]; (r != 0) != had {
		t.Fatalf("Unlink(%q) = %v", key, r)
	}
	if r == 0 {
		return
	}
	w.dict.Link(r)
	bigger := NewNode(a, []byte(key), 8+w.random.IntN(10)*8)
	*Head[uint64](a, bigger) = *Head[uint64](a, r)
	w.dict.Replace(r, bigger)
	a.Free(r)
}

func (w *world) verify(t failer) {
	d, a := w.dict, w.dict.arena
	if d.Len() != len(w.want) {
		t.Fatalf("Len is %d, want %d", d.Len(), len(w.want))
	}
	seen := 0
	for r := range d.All() {
		if v, ok := w.want[string(Key(a, r))]; !ok || v != *Head[uint64](a, r) {
			t.Fatalf("%q has %d, want %d, %v", Key(a, r), *Head[uint64](a, r), v, ok)
		}
		seen++
	}
	if seen != len(w.want) {
		t.Fatalf("All met %d, want %d", seen, len(w.want))
	}
	for key := range w.want {
		if r := d.Find([]byte(key)); r == 0 || string(Key(a, r)) != key {
			t.Fatalf("%q not found", key)
		}
	}
	if d.Find([]byte("no such key")) != 0 {
		t.Fatalf("found what was never added")
	}
	if d.MemoryUsage() != a.Used() {
		t.Fatalf("MemoryUsage is %d, the arena holds %d", d.MemoryUsage(), a.Used())
	}
	for _, r := range []arena.Ref{d.Random(w.random), d.FairRandom(w.random)} {
		if (r != 0) != (len(w.want) > 0) {
			t.Fatalf("a random node of %d is %v", len(w.want), r)
		}
	}
}

func TestAnyOperationsAgreeWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.Uint64().Draw(t, "seed"))
		d := w.dict
		number := rapid.IntRange(0, 2000)
		oneKey := rapid.OneOf(
			rapid.Map(number, func(i int) string { return fmt.Sprint("k", i) }),
			rapid.StringN(0, 30, 60))
		t.Repeat(map[string]func(*rapid.T){
			"Add":    func(t *rapid.T) { w.add(t, oneKey.Draw(t, "key")) },
			"Delete": func(t *rapid.T) { w.delete(t, oneKey.Draw(t, "key")) },
			"Relink": func(t *rapid.T) { w.relink(t, oneKey.Draw(t, "key")) },
			"AddMany": func(t *rapid.T) {
				from := number.Draw(t, "from")
				for i := range number.Draw(t, "n") {
					w.add(t, fmt.Sprint("k", from+i))
				}
			},
			"DeleteMany": func(t *rapid.T) {
				from := number.Draw(t, "from")
				for i := range number.Draw(t, "n") {
					w.delete(t, fmt.Sprint("k", from+i))
				}
			},
			"DeleteInAll": func(t *rapid.T) {
				part := rapid.Uint64Range(1, 4).Draw(t, "part")
				for r := range d.All() {
					if *Head[uint64](d.arena, r)%part == 0 {
						delete(w.want, string(Key(d.arena, r)))
						d.UnlinkNode(r)
						d.arena.Free(r)
					}
				}
			},
			"Rehash": func(t *rapid.T) { d.RehashStep(number.Draw(t, "buckets")) },
			"Expand": func(t *rapid.T) { d.Expand(number.Draw(t, "n")) },
			"Pause":  func(t *rapid.T) { d.PauseRehash() },
			"Resume": func(t *rapid.T) {
				if d.paused > 0 {
					d.ResumeRehash()
				}
			},
			"FreeAll": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "sure") == 0 {
					d.FreeAll()
					clear(w.want)
				}
			},
			"": func(t *rapid.T) { w.verify(t) },
		})
	})
}

func FuzzOperations(f *testing.F) {
	f.Add(uint64(0), []byte("add some, \xc0delete others\xe0\xf0"))
	f.Add(uint64(7), []byte{255, 255, 0, 1, 2, 3, 128, 129, 200, 210, 220, 230, 240, 250})
	f.Fuzz(func(t *testing.T, seed uint64, ops []byte) {
		w := newWorld(seed)
		for i := 0; i+1 < len(ops) && i < 500; i += 2 {
			op, arg := ops[i], int(ops[i+1])
			switch key := fmt.Sprint(arg % 100); {
			case op < 80:
				w.add(t, key)
			case op < 120:
				w.delete(t, key)
			case op < 150:
				w.relink(t, key)
			case op < 180:
				for j := range arg {
					w.add(t, fmt.Sprint(int(op)+j))
				}
			case op < 210:
				for j := range arg {
					w.delete(t, fmt.Sprint(int(op)-30+j))
				}
			case op < 220:
				w.dict.RehashStep(arg)
			case op < 230:
				w.dict.PauseRehash()
			case op < 240:
				if w.dict.paused > 0 {
					w.dict.ResumeRehash()
				}
			case op < 250:
				w.dict.Expand(arg)
			default:
				w.verify(t)
			}
		}
		w.verify(t)
		w.dict.FreeAll()
		if w.dict.arena.Used() != 0 {
			t.Fatalf("FreeAll left %d bytes", w.dict.arena.Used())
		}
	})
}
