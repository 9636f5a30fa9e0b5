package dict

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/arena"
)

func TestScanCountsFromTheHighestBit(t *testing.T) {
	for _, c := range []struct {
		keys int
		want []uint64
	}{
		{0, []uint64{0}},
		{1, []uint64{2, 1, 3, 0}},
		{8, []uint64{4, 2, 6, 1, 5, 3, 7, 0}},
	} {
		d := withKeys(c.keys)
		settle(d)
		var got []uint64
		for cursor := uint64(0); ; {
			cursor = d.Scan(cursor, func(arena.Ref) {})
			got = append(got, cursor)
			if cursor == 0 {
				break
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d keys: cursors %v, want %v", c.keys, got, c.want)
		}
	}
}

func TestScanOfAnUnchangedDictVisitsEachOnce(t *testing.T) {
	for _, n := range []int{1, 4, 5, 100, 1024, 1030, 40_000} {
		d := withKeys(n)
		d.PauseRehash() // also amid a rehash
		seen := map[arena.Ref]int{}
		for cursor := d.Scan(0, func(r arena.Ref) { seen[r]++ }); cursor != 0; {
			cursor = d.Scan(cursor, func(r arena.Ref) { seen[r]++ })
		}
		for r := range d.All() {
			if seen[r] != 1 {
				t.Fatalf("n %d: %s visited %d times", n, Key(d.arena, r), seen[r])
			}
		}
	}
}

func TestScanTakesAnyCursor(t *testing.T) {
	for _, n := range []int{0, 3, 1030} {
		d := withKeys(n)
		for _, cursor := range []uint64{1, 7, 1 << 20, 1<<63 + 5, 1<<64 - 1, 0xdeadbeefcafe} {
			for steps := 0; cursor != 0; steps++ {
				cursor = d.Scan(cursor, func(arena.Ref) {})
				if steps > 5000 {
					t.Fatalf("n %d: comes to no end", n)
				}
			}
		}
	}
}

func TestScanMayUnlinkWhatItVisits(t *testing.T) {
	d := withKeys(1030)
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = d.Scan(cursor, func(r arena.Ref) {
			d.UnlinkNode(r)
			d.arena.Free(r)
		})
	}
	if d.Len() != 0 {
		t.Errorf("%d are left", d.Len())
	}
}

// What stays from beginning to end of an iteration is visited, whatever is
// added, deleted and rehashed between the calls.
func TestScanMissesNothingThatStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := New(arena.New(), rapid.Uint64().Draw(t, "seed"))
		n := rapid.SampledFrom([]int{1, 5, 60, 300, 1025, 3000}).Draw(t, "keys")
		addKeys(d, n)
		if rapid.Bool().Draw(t, "settled") {
			settle(d)
		}
		stays := func(i int) bool { return i < n && i%7 == 0 }
		seen := map[uint64]bool{}
		next := n
		cursor := uint64(0)
		for calls := 0; ; calls++ {
			cursor = d.Scan(cursor, func(r arena.Ref) { seen[*Head[uint64](d.arena, r)] = true })
			if cursor == 0 {
				break
			}
			if calls > 20 {
				continue // let it end
			}
			switch rapid.IntRange(0, 6).Draw(t, "between") {
			case 0:
				for range rapid.IntRange(1, 2000).Draw(t, "add") {
					addKey(d, next)
					next++
				}
			case 1, 2:
				m := rapid.IntRange(1, 11).Draw(t, "delete")
				for i := range next {
					if !stays(i) && (m > 9 || i%10 <= m) {
						d.Delete(key(i))
					}
				}
			case 3:
				d.RehashStep(rapid.IntRange(1, 100).Draw(t, "steps"))
			case 4:
				settle(d)
			case 5:
				d.Expand(rapid.IntRange(1, 10_000).Draw(t, "expand"))
			}
		}
		for i := range n {
			if stays(i) && !seen[uint64(i)] {
				t.Fatalf("%s was not visited", key(i))
			}
		}
	})
}

// The same across sizes where a table has segments.
func TestScanMissesNothingInBigTables(t *testing.T) {
	for _, c := range []struct {
		name    string
		n       int
		between func(d *Dict, call int)
	}{
		{"grow", 33_000, func(d *Dict, call int) { addKey(d, 100_000+call) }},
		{"shrink", 80_000, func(d *Dict, call int) {
			for i := range 4 {
				if k := call*4 + i; k%50 != 0 {
					d.Delete(key(k))
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := withKeys(c.n)
			seen := map[uint64]bool{}
			sizes := map[string]bool{}
			cursor := uint64(0)
			for call := 0; ; call++ {
				cursor = d.Scan(cursor, func(r arena.Ref) { seen[*Head[uint64](d.arena, r)] = true })
				if cursor == 0 {
					break
				}
				c.between(d, call)
				sizes[fmt.Sprint(d.Shape().Size)] = true
			}
			if len(sizes) < 3 {
				t.Fatalf("tables were of sizes %v only", sizes)
			}
			for i := 0; i < c.n; i += 50 {
				if !seen[uint64(i)] {
					t.Fatalf("%s was not visited", key(i))
				}
			}
		})
	}
}
