package dict

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"everysec/engine/ds/arena"
)

func key(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }

// withKeys returns a dict of key(0) to key(n-1); the head of key(i) is i.
func withKeys(n int) *Dict {
	d := New(arena.New(), 1)
	for i := range n {
		addKey(d, i)
	}
	return d
}

func addKey(d *Dict, i int) {
	r, _ := d.Add(key(i), 8)
	*Head[uint64](d.arena, r) = uint64(i)
}

// settle finishes a rehash.
func settle(d *Dict) {
	for d.RehashStep(100) {
	}
}

func TestTableSizes(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(d *Dict)
		want int
	}{
		{"empty", func(d *Dict) {}, 0},
		{"1 key", func(d *Dict) { addKey(d, 0) }, 4},
		{"4 keys, load 1", func(d *Dict) { addKeys(d, 4) }, 4},
		{"5 keys", func(d *Dict) { addKeys(d, 5) }, 8},
		{"1024 keys", func(d *Dict) { addKeys(d, 1024) }, 1024},
		{"1025 keys", func(d *Dict) { addKeys(d, 1025) }, 2048},
		{"expanded, then 5 keys", func(d *Dict) { d.Expand(1000); addKeys(d, 5) }, 1024},
		{"expanded with keys in", func(d *Dict) { addKeys(d, 5); settle(d); d.Expand(1000) }, 1024},
		{"expanded to less", func(d *Dict) { addKeys(d, 5); settle(d); d.Expand(4) }, 8},
		{"expanded by nothing", func(d *Dict) { d.Expand(0) }, 0},
		{"1024 keys less 921: 103 are a tenth", func(d *Dict) { addKeys(d, 1024); deleteKeys(d, 921) }, 1024},
		{"1024 keys less 922", func(d *Dict) { addKeys(d, 1024); deleteKeys(d, 922) }, 128},
		{"1024 keys less all", func(d *Dict) { addKeys(d, 1024); deleteKeys(d, 1024) }, 4},
		{"1024 keys less all, paused", func(d *Dict) { addKeys(d, 1024); d.PauseRehash(); deleteKeys(d, 1024) }, 1024},
		{"1024 keys less all, paused for a time", func(d *Dict) {
			addKeys(d, 1024)
			d.PauseRehash()
			d.PauseRehash()
			deleteKeys(d, 1024)
			d.ResumeRehash()
			d.ResumeRehash()
		}, 4},
		{"freed", func(d *Dict) { addKeys(d, 1024); d.FreeAll() }, 0},
	} {
		d := New(arena.New(), 1)
		c.do(d)
		settle(d)
		if s := d.Shape(); s.Size != [2]int{c.want, 0} || s.Used != [2]int{d.Len(), 0} || s.RehashIndex != -1 {
			t.Errorf("%s: shape %+v, want %d buckets", c.name, s, c.want)
		}
	}
}

func addKeys(d *Dict, n int) {
	for i := range n {
		addKey(d, i)
	}
}

func deleteKeys(d *Dict, n int) {
	for i := range n {
		d.Delete(key(i))
	}
}

func TestNodeParts(t *testing.T) {
	type head struct{ a, b, c uint64 }
	d := New(arena.New(), 1)
	for _, k := range []string{"", "k", "eight by", "a key of sixteen", "\x00\xff\r\n", string(make([]byte, 100_000))} {
		for _, headLen := range []int{0, 24} {
			// Dirty memory, so that zeroing shows.
			dirty := d.arena.Alloc(nodeBytes + headLen + len(k))
			for i := range d.arena.Bytes(dirty) {
				d.arena.Bytes(dirty)[i] = 0xff
			}
			d.arena.Free(dirty)
			r, added := d.Add([]byte(k), headLen)
			if !added || HeadLen(d.arena, r) != headLen || *Tag(d.arena, r) != 0 {
				t.Fatalf("key %.10q: added %v, head of %d, tag %d", k, added, HeadLen(d.arena, r), *Tag(d.arena, r))
			}
			if headLen > 0 {
				h := Head[head](d.arena, r)
				if *h != (head{}) {
					t.Fatalf("key %.10q: head is not zeroed: %v", k, *h)
				}
				*h = head{1, 2, 3}
			}
			*Tag(d.arena, r) = 0xabcd
			if again, added := d.Add([]byte(k), 0); added || again != r || d.Find([]byte(k)) != r {
				t.Fatalf("key %.10q: not found as added", k)
			}
			if !bytes.Equal(Key(d.arena, r), []byte(k)) || *Tag(d.arena, r) != 0xabcd {
				t.Fatalf("key is %.10q, want %.10q", Key(d.arena, r), k)
			}
			d.Delete([]byte(k))
		}
	}
}

func TestMoveToAnotherDict(t *testing.T) {
	a := arena.New()
	from, to := New(a, 1), New(a, 2) // other seeds, other hashes
	for i := range 100 {
		addKey(from, i)
	}
	for i := range 100 {
		r := from.Unlink(key(i))
		if from.Find(key(i)) != 0 {
			t.Fatalf("%s is still there", key(i))
		}
		to.Link(r)
		if to.Find(key(i)) != r || *Head[uint64](a, r) != uint64(i) {
			t.Fatalf("%s did not arrive", key(i))
		}
	}
	if from.Len() != 0 || to.Len() != 100 || from.MemoryUsage()+to.MemoryUsage() != a.Used() {
		t.Errorf("%d and %d keys, %d and %d bytes, %d in all", from.Len(), to.Len(), from.MemoryUsage(), to.MemoryUsage(), a.Used())
	}
	if from.Unlink(key(3)) != 0 || from.Delete(key(3)) {
		t.Error("an absent key was unlinked")
	}
}

func TestReplaceSwapsTheBlockOnly(t *testing.T) {
	d := withKeys(1000)
	for i := range 1000 {
		old := d.Find(key(i))
		new := NewNode(d.arena, key(i), 128)
		d.Replace(old, new)
		d.arena.Free(old)
		if d.Find(key(i)) != new {
			t.Fatalf("%s is not found at its new block", key(i))
		}
	}
	if d.Len() != 1000 || d.MemoryUsage() != d.arena.Used() {
		t.Errorf("%d keys, %d bytes, %d in the arena", d.Len(), d.MemoryUsage(), d.arena.Used())
	}
}

func TestUnlinkOfAForeignNodePanics(t *testing.T) {
	d := withKeys(10)
	defer func() {
		if recover() == nil {
			t.Error("UnlinkNode did not panic")
		}
	}()
	d.UnlinkNode(NewNode(d.arena, key(100), 0))
}

func TestAllMayUnlinkAndAdd(t *testing.T) {
	for _, n := range []int{0, 1, 5, 100, 1024, 1030} { // 1030: amid a rehash
		d := withKeys(n)
		seen := map[uint64]bool{}
		extra := n
		for r := range d.All() {
			i := *Head[uint64](d.arena, r)
			if seen[i] {
				t.Fatalf("n %d: %d met twice", n, i)
			}
			seen[i] = true
			if i < uint64(n) {
				d.UnlinkNode(r)
				d.arena.Free(r)
				addKey(d, extra)
				extra++
			}
		}
		for i := range n {
			if !seen[uint64(i)] {
				t.Errorf("n %d: %d not met", n, i)
			}
		}
		if d.Len() != n || d.MemoryUsage() != d.arena.Used() || d.paused != 0 {
			t.Errorf("n %d: Len %d, %d bytes, %d in the arena, paused %d", n, d.Len(), d.MemoryUsage(), d.arena.Used(), d.paused)
		}
	}
}

func TestAllLeftEarlyResumesRehash(t *testing.T) {
	d := withKeys(1025)
	for range d.All() {
		break
	}
	func() {
		defer func() { _ = recover() }()
		for range d.All() {
			panic("the loop body")
		}
	}()
	settle(d)
	if d.Rehashing() || d.paused != 0 {
		t.Errorf("rehashing %v, paused %d", d.Rehashing(), d.paused)
	}
}

func TestFreeSomeInSlices(t *testing.T) {
	for _, n := range []int{0, 1, 1024, 1030, 70_000} {
		for _, slice := range []int{0, 1, 10, 1000} {
			d := withKeys(n)
			released := map[uint64]bool{}
			for steps := 0; ; steps++ {
				before := d.Len()
				more := d.FreeSomeFunc(slice, func(r arena.Ref) { released[*Head[uint64](d.arena, r)] = true })
				if d.Len() < before-slice-64 {
					t.Fatalf("n %d: a slice of %d freed %d", n, slice, before-d.Len())
				}
				if !more {
					break
				}
				if steps > 2*n+10 {
					t.Fatalf("n %d: slices of %d come to no end", n, slice)
				}
			}
			if d.Len() != 0 || d.arena.Used() != 0 || d.MemoryUsage() != 0 || len(released) != n {
				t.Fatalf("n %d: Len %d, %d bytes, %d in the arena, %d released", n, d.Len(), d.MemoryUsage(), d.arena.Used(), len(released))
			}
			addKey(d, 1) // it may be used again
			if d.Find(key(1)) == 0 || d.Len() != 1 {
				t.Fatal("not usable after it was freed")
			}
		}
	}
}

func TestNoSingleOperationAllocatesABigTable(t *testing.T) {
	d := New(arena.New(), 1)
	d.Expand(8 << 20)
	if m := d.MemoryUsage(); m > 4096 {
		t.Errorf("an empty dict for 8 Mi keys takes %d bytes", m)
	}
	const n = 150_000
	most := int64(0)
	d = New(arena.New(), 1)
	for i := range n {
		before := d.MemoryUsage()
		d.Insert(key(i), 0)
		most = max(most, d.MemoryUsage()-before)
	}
	// A step moves one bucket, which may touch a segment for each element.
	if most > 4*segmentSize*bucketBytes {
		t.Errorf("an insertion took %d bytes", most)
	}
	for i := range n {
		d.Delete(key(i))
	}
	settle(d)
	if m := d.MemoryUsage(); m > 16*bucketBytes || m != d.arena.Used() {
		t.Errorf("%d bytes left, %d in the arena", m, d.arena.Used())
	}
}

func TestOrderDependsOnSeedOnly(t *testing.T) {
	order := func(seed uint64) []string {
		d := New(arena.New(), seed)
		for i := range 100 {
			d.Add(key(i), 0)
		}
		var keys []string
		for r := range d.All() {
			keys = append(keys, string(Key(d.arena, r)))
		}
		return keys
	}
	if !slices.Equal(order(7), order(7)) {
		t.Error("one seed, two orders")
	}
	if slices.Equal(order(7), order(8)) {
		t.Error("two seeds, one order")
	}
}

func TestChainLengthsAddUp(t *testing.T) {
	d := withKeys(1030)
	s := d.Shape()
	if s.RehashIndex < 0 {
		t.Fatal("not amid a rehash")
	}
	for i := range 2 {
		sum := 0
		for from := 0; from < s.Size[i]; from += 100 {
			for _, n := range d.ChainLengths(i, from, from+100) {
				sum += n
			}
		}
		if sum != s.Used[i] {
			t.Errorf("table %d: chains hold %d, want %d", i, sum, s.Used[i])
		}
	}
	if len(d.ChainLengths(0, -5, 1<<40)) != s.Size[0] {
		t.Error("bounds are not clipped to the table")
	}
}

func TestRandomPicksAreFair(t *testing.T) {
	pick := map[string]func(d *Dict, r *rand.Rand) arena.Ref{
		"Random":     (*Dict).Random,
		"FairRandom": (*Dict).FairRandom,
	}
	stages := map[string]func() *Dict{
		"settled":   func() *Dict { d := withKeys(700); settle(d); return d },
		"growing":   func() *Dict { d := withKeys(1030); d.PauseRehash(); return d },
		"shrinking": func() *Dict { d := withKeys(1024); deleteKeys(d, 922); d.PauseRehash(); return d },
		"few":       func() *Dict { d := withKeys(10); settle(d); return d },
	}
	// How far from the mean a key may be, as a factor: chance alone makes 1.3
	// of six deviations. Keys that share a bucket have a part of its chance
	// each.
	bound := map[string]float64{"Random": 8, "FairRandom": 1.35}
	for stage, make := range stages {
		for name, pick := range pick {
			d := make()
			if stage != "settled" && stage != "few" && !d.Rehashing() {
				t.Fatalf("%s: not amid a rehash", stage)
			}
			random := rand.New(rand.NewPCG(1, 2))
			const mean = 400
			count := map[arena.Ref]int{}
			for range mean * d.Len() {
				count[pick(d, random)]++
			}
			for r := range d.All() {
				if c := float64(count[r]); c < mean/bound[name] || c > mean*bound[name] {
					t.Errorf("%s, %s: %s picked %v times, mean %d", name, stage, Key(d.arena, r), c, mean)
				}
			}
			if count[0] != 0 || len(count) != d.Len() {
				t.Errorf("%s, %s: picked %d different of %d", name, stage, len(count), d.Len())
			}
		}
	}
}

func TestRandomOfFewInAHugeTable(t *testing.T) {
	d := New(arena.New(), 1)
	random := rand.New(rand.NewPCG(1, 2))
	if d.Random(random) != 0 || d.FairRandom(random) != 0 || len(d.Sample(random, nil, 5)) != 0 {
		t.Error("something was picked of nothing")
	}
	d.Expand(1 << 16)
	addKey(d, 1)
	if d.Random(random) == 0 || d.FairRandom(random) == 0 {
		t.Error("the only key was not picked")
	}
}

func TestSampleIsOfDifferentNodes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 3, 16, 1030} {
		d := withKeys(n)
		for _, want := range []int{1, 5, 20} {
			for range 50 {
				got := d.Sample(random, nil, want)
				slices.Sort(got)
				if len(slices.Compact(slices.Clone(got))) != len(got) || len(got) < min(n, want) {
					t.Fatalf("%d of %d: %v", want, n, got)
				}
			}
		}
	}
}
