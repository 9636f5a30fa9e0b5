package dict

import (
	"fmt"
	"testing"

	"everysec/engine/ds/arena"
)

func TestAddFindUnlinkThroughGrowAndShrink(t *testing.T) {
	a := arena.New()
	d := New(a, 1)
	const n = 200_000
	key := func(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }
	for i := range n {
		r, added := d.Add(key(i), 8)
		if !added {
			t.Fatalf("%s was there before it was added", key(i))
		}
		*Head[uint64](a, r) = uint64(i)
	}
	for i := range n {
		if r := d.Find(key(i)); r == 0 || *Head[uint64](a, r) != uint64(i) {
			t.Fatalf("%s not found as added", key(i))
		}
	}
	for i := range n {
		if i%1000 == 7 {
			continue
		}
		if !d.Delete(key(i)) {
			t.Fatalf("%s not deleted", key(i))
		}
		if d.Find(key(i)) != 0 {
			t.Fatalf("%s found after it was deleted", key(i))
		}
	}
	if d.Len() != n/1000 {
		t.Fatalf("Len is %d", d.Len())
	}
	for i := 7; i < n; i += 1000 {
		if r := d.Find(key(i)); r == 0 || *Head[uint64](a, r) != uint64(i) {
			t.Fatalf("%s not found at last", key(i))
		}
	}
	if s := d.Shape(); s.Size[0] > 4096 {
		t.Fatalf("table did not shrink: %+v", s)
	}
	d.FreeAll()
	if a.Used() != 0 || d.MemoryUsage() != 0 || d.Len() != 0 {
		t.Fatalf("FreeAll left %d bytes in the arena, %d by its own account", a.Used(), d.MemoryUsage())
	}
}
