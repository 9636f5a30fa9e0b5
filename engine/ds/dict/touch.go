package dict

import (
	"math/bits"

	"everysec/engine/ds/arena"
)

// The elements of a big dict lie all over memory, and each read of one waits
// for it, some hundred times as long as for what is in the processor's cache.
// Reads that do not depend on each other are waited for together. So where many
// elements are going to be visited, they are touched in rounds before: all
// buckets, then the first node of each, then those behind. This is only a hint;
// nothing depends on it. (Group prefetching: Chen, Ailamaki, Gibbons and Mowry,
// "Improving Hash Join Performance through Prefetching", 2004. Go on
// WebAssembly has no instruction for a prefetch, so it is a read.)

// touchAtOnce is how many elements are touched in one round: more than a
// processor waits for at a time, and few enough to stay in its cache.
const touchAtOnce = 32

// IsBig tells whether touching is worth its time: the table alone is larger
// than 64 KiB.
func (d *Dict) IsBig() bool { return d.tables[0].mask > segmentMask || d.tables[1].mask > segmentMask }

// Touch touches what finding keys reads, and appends to nodes those that may
// have one of the keys.
func (d *Dict) Touch(keys [][]byte, nodes []arena.Ref) []arena.Ref {
	var hashes [touchAtOnce]uint32
	for len(keys) > 0 {
		some := keys[:min(len(keys), touchAtOnce)]
		keys = keys[len(some):]
		for i, key := range some {
			hashes[i] = d.hasher.sum(key)
		}
		nodes = d.touch(hashes[:len(some)], nodes)
	}
	return nodes
}

func (d *Dict) touch(hashes []uint32, nodes []arena.Ref) []arena.Ref {
	a := d.arena
	var heads [2 * touchAtOnce]arena.Ref
	n := 0
	for i := range d.tables {
		t := &d.tables[i]
		if t.array == 0 {
			continue
		}
		for k, hash := range hashes {
			if i > 0 || int(hash&t.mask) >= d.rehash { // else it has moved
				heads[n+k] = t.bucket(a, hash&t.mask)
			}
		}
		n += len(hashes)
	}
	for i, r := range heads[:n] {
		if r != 0 {
			e := arena.At[node](a, r)
			heads[i] = e.next
			if e.hash == hashes[i%len(hashes)] {
				nodes = append(nodes, r)
			}
		}
	}
	for i, r := range heads[:n] {
		if r != 0 && arena.At[node](a, r).hash == hashes[i%len(hashes)] {
			nodes = append(nodes, r)
		}
	}
	return nodes
}

// TouchAhead touches what the next calls of Scan visit, and appends those nodes.
func (d *Dict) TouchAhead(cursor uint64, calls int, nodes []arena.Ref) []arena.Ref {
	a := d.arena
	if d.Len() == 0 {
		return nodes
	}
	from := len(nodes)
	small, large := d.bySize()
	head := func(t *table) {
		if r := t.bucket(a, uint32(cursor)&t.mask); r != 0 {
			nodes = append(nodes, r)
		}
	}
	for range calls {
		if small != large {
			head(small)
		}
		for {
			head(large)
			if cursor = following(cursor, large); cursor&uint64(small.mask^large.mask) == 0 {
				break
			}
		}
		if cursor == 0 {
			break
		}
	}
	return d.touchBehind(nodes, from)
}

// touchBehind appends what is in the chains behind nodes, from one on: first all
// that are next, then those behind them.
func (d *Dict) touchBehind(nodes []arena.Ref, from int) []arena.Ref {
	for i := from; i < len(nodes); i++ {
		if next := arena.At[node](d.arena, nodes[i]).next; next != 0 {
			nodes = append(nodes, next)
		}
	}
	return nodes
}

// bySize are the two tables that Scan visits; the same, if there is only one.
func (d *Dict) bySize() (small, large *table) {
	small, large = &d.tables[0], &d.tables[1]
	if d.rehash < 0 {
		return small, small
	}
	if small.mask > large.mask {
		return large, small
	}
	return small, large
}

// following is the cursor behind one, in a table: counted from its highest bit down.
func following(cursor uint64, t *table) uint64 {
	return bits.Reverse64(bits.Reverse64(cursor|^uint64(t.mask)) + 1)
}

// touchBuckets touches the nodes of a table's buckets, from one on.
func (d *Dict) touchBuckets(t *table, from, count int) {
	var array [2 * touchAtOnce]arena.Ref
	nodes := array[:0]
	for i := from; i < min(from+count, t.size()); i++ {
		if r := t.bucket(d.arena, uint32(i)); r != 0 {
			nodes = append(nodes, r)
		}
	}
	d.touchBehind(nodes, 0)
}
