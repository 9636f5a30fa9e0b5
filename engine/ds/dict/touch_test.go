package dict

import (
	"fmt"
	"slices"
	"testing"

	"everysec/engine/ds/arena"
)

// atEveryStage calls f with dicts of about n keys: at rest, and in the middle of
// a rehash to a larger and to a smaller table.
func atEveryStage(t *testing.T, n int, f func(d *Dict, keys [][]byte)) {
	t.Helper()
	stage := func(name string, d *Dict) {
		var keys [][]byte
		for r := range d.All() {
			keys = append(keys, slices.Clone(Key(d.arena, r)))
		}
		if d.Rehashing() != (name != "at rest") {
			t.Fatalf("%s: rehashing is %v", name, d.Rehashing())
		}
		f(d, keys)
	}
	d := withKeys(n)
	settle(d)
	stage("at rest", d)
	for i := 0; !d.Rehashing(); i++ {
		d.Add(fmt.Appendf(nil, "more:%d", i), 8)
	}
	d.RehashStep(d.tables[0].size() / 3)
	stage("growing", d)
	settle(d)
	for r := range d.All() {
		if d.Len() <= n/8 {
			break
		}
		d.UnlinkNode(r)
		d.arena.Free(r)
	}
	for !d.Rehashing() {
		for r := range d.All() {
			d.UnlinkNode(r)
			d.arena.Free(r)
			break
		}
	}
	d.RehashStep(d.tables[0].size() / 200)
	stage("shrinking", d)
}

func TestTouchingChangesNothingAndFindsNodes(t *testing.T) {
	for _, n := range []int{100, 40_000} {
		atEveryStage(t, n, func(d *Dict, keys [][]byte) {
			before := d.Shape()
			absent := [][]byte{[]byte("absent"), nil, []byte("neither")}
			nodes := d.Touch(append(slices.Clone(keys), absent...), nil)
			if after := d.Shape(); after != before {
				t.Errorf("%+v has become %+v", before, after)
			}
			found := map[arena.Ref]bool{}
			for _, r := range nodes {
				found[r] = true
			}
			missing := 0
			for _, key := range keys {
				if !found[d.find(key, d.hasher.sum(key))] {
					missing++ // behind two others of its bucket
				}
			}
			if missing > len(keys)/10 {
				t.Errorf("%+v: of %d keys %d were not found", before, len(keys), missing)
			}
			if len(nodes) > len(keys)+len(keys)/100 {
				t.Errorf("%+v: %d nodes for %d keys", before, len(nodes), len(keys))
			}
		})
	}
}

func TestTouchAheadIsWhatScanVisits(t *testing.T) {
	const calls = 32
	for _, n := range []int{100, 40_000} {
		atEveryStage(t, n, func(d *Dict, keys [][]byte) {
			d.PauseRehash()
			defer d.ResumeRehash()
			for cursor, first := uint64(0), true; first || cursor != 0; first = false {
				ahead := d.TouchAhead(cursor, calls, nil)
				var visited []arena.Ref
				for range calls {
					if cursor = d.Scan(cursor, func(r arena.Ref) { visited = append(visited, r) }); cursor == 0 {
						break
					}
				}
				slices.Sort(ahead)
				slices.Sort(visited)
				if !slices.Equal(ahead, visited) {
					t.Fatalf("%+v: touched %d nodes, visited %d", d.Shape(), len(ahead), len(visited))
				}
			}
		})
	}
	if nodes := New(arena.New(), 1).TouchAhead(0, calls, nil); nodes != nil {
		t.Errorf("of an empty dict: %v", nodes)
	}
}

// The steps of a big rehash are taken some at a time, and none is left out.
func TestARehashEndsWithinAsManyOperationsAsBuckets(t *testing.T) {
	for _, n := range []int{1000, 70_000} {
		d := withKeys(n)
		settle(d)
		for i := 0; !d.Rehashing(); i++ {
			d.Add(fmt.Appendf(nil, "more:%d", i), 8)
		}
		operations := 0
		for ; d.Rehashing() && operations <= 2*n; operations++ {
			d.Find([]byte("absent"))
		}
		if size := d.Shape().Size[0] / 2; operations > size+touchAtOnce {
			t.Errorf("%d keys: %d operations for %d buckets", n, operations, size)
		}
	}
}
