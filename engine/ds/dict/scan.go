package dict

import (
	"iter"
	"math/rand/v2"

	"everysec/engine/ds/arena"
)

// Scan visits the elements of one bucket and returns the cursor of the next,
// or 0 after the last; a full iteration begins with 0. The cursor counts from
// its highest bit down, so the buckets that a bucket is split into, or merged
// with, by a resize lie on the same side of it: what is in the dict from
// beginning to end is visited at least once, however the table changes in
// between. While rehashing, a call visits a bucket of the smaller table and
// all the buckets of the larger one that correspond to it. Any cursor is safe.
//
// visit may unlink the node it is given, and change nothing else.
func (d *Dict) Scan(cursor uint64, visit func(arena.Ref)) uint64 {
	if d.Len() == 0 {
		return 0
	}
	d.paused++
	small, large := d.bySize()
	if small != large {
		d.visitChain(small, cursor, visit)
	}
	for {
		d.visitChain(large, cursor, visit)
		cursor = following(cursor, large)
		if cursor&uint64(small.mask^large.mask) == 0 {
			break
		}
	}
	d.ResumeRehash()
	return cursor
}

func (d *Dict) visitChain(t *table, cursor uint64, visit func(arena.Ref)) {
	for r := t.bucket(d.arena, uint32(cursor)&t.mask); r != 0; {
		next := arena.At[node](d.arena, r).next
		visit(r)
		r = next
	}
}

// All iterates over all nodes. Rehashing is paused meanwhile; the loop body
// may unlink the current node and add others, which may or may not be met.
func (d *Dict) All() iter.Seq[arena.Ref] {
	return func(yield func(arena.Ref) bool) {
		d.PauseRehash()
		defer d.ResumeRehash() // the loop body may leave by a panic
		for i := range d.tables {
			t := &d.tables[i]
			touched := 0
			for at := 0; at < t.size(); at++ {
				if at >= touched && d.IsBig() {
					touched = at + touchAtOnce
					d.touchBuckets(t, at, touchAtOnce)
				}
				visits := t.size()
				var ok bool
				if at, ok = t.nextUsed(d.arena, at, &visits); !ok {
					break
				}
				for r := t.bucket(d.arena, uint32(at)); r != 0; {
					next := arena.At[node](d.arena, r).next
					if !yield(r) {
						return
					}
					r = next
				}
			}
		}
	}
}

// gather appends the nodes whose hash ends in the bits of i, as the smaller
// table has them: a bucket of that table and all that correspond to it in the
// other. Every element is in one such group and all groups are alike, at any
// stage of a rehash, which is what random picks need.
func (d *Dict) gather(i uint32, dst []arena.Ref) []arena.Ref {
	groups := d.groups()
	for k := range d.tables {
		t := &d.tables[k]
		for at := int(i); at < t.size(); at += groups {
			for r := t.bucket(d.arena, uint32(at)); r != 0; r = arena.At[node](d.arena, r).next {
				dst = append(dst, r)
			}
		}
	}
	return dst
}

func (d *Dict) groups() int {
	if d.rehash >= 0 {
		return min(d.tables[0].size(), d.tables[1].size())
	}
	return d.tables[0].size()
}

// Random returns a node, or 0 if there is none: a random bucket, then a random
// one of its elements. Elements that share a bucket are picked less often
// than others.
func (d *Dict) Random(r *rand.Rand) arena.Ref {
	var array [64]arena.Ref
	found := d.Sample(r, array[:0], 1)
	if len(found) == 0 {
		return 0
	}
	return found[r.Uint64N(uint64(len(found)))]
}

// FairRandom is Random with the same chance for each node, and slower: a
// stretch of buckets where a few elements are expected is given up for
// another the likelier, the fewer it has.
func (d *Dict) FairRandom(r *rand.Rand) arena.Ref {
	const (
		expected = 4
		limit    = 20 // one stretch in a billion has more
	)
	d.stepOnce()
	if d.Len() == 0 {
		return 0
	}
	groups := d.groups()
	stretch := (expected*groups + d.Len() - 1) / d.Len()
	if stretch >= groups {
		stretch = groups
	}
	for {
		var array [64]arena.Ref
		found := array[:0]
		i := r.Uint32()
		for range stretch {
			found = d.gather(i&uint32(groups-1), found)
			i++
		}
		among := max(len(found), limit)
		if stretch == groups {
			among = len(found)
		}
		if k := r.Uint64N(uint64(among)); k < uint64(len(found)) {
			return found[k]
		}
	}
}

// Sample appends about n different nodes, from neighbouring buckets and so
// not independent of each other: at least n, if there are that many near
// enough, and one in any case unless the dict is empty.
func (d *Dict) Sample(r *rand.Rand, dst []arena.Ref, n int) []arena.Ref {
	d.stepOnce()
	if d.Len() == 0 {
		return dst
	}
	had, mask := len(dst), uint32(d.groups()-1)
	i := r.Uint32() & mask
	if n == 1 {
		// A walk to the next element would favour those after a gap.
		for tries := 0; tries < 100; tries++ {
			if dst = d.gather(i, dst); len(dst) > had {
				return dst
			}
			i = r.Uint32() & mask
		}
	}
	for steps := 0; steps <= int(mask); steps++ {
		dst = d.gather(i, dst)
		if len(dst) >= had+n || steps >= n*emptyVisits && len(dst) > had {
			break
		}
		i = (i + 1) & mask
	}
	return dst
}

// Shape is how a dict stands: for each of the two tables its buckets and
// elements, and the bucket that is rehashed next, or -1.
type Shape struct {
	Size, Used  [2]int
	RehashIndex int
}

// Shape returns the present shape.
func (d *Dict) Shape() Shape {
	s := Shape{RehashIndex: d.rehash}
	for i := range d.tables {
		s.Size[i], s.Used[i] = d.tables[i].size(), d.tables[i].used
	}
	return s
}

// ChainLengths returns how many elements are in each bucket of table 0 or 1
// from one bucket up to, not including, another; fewer at the table's end.
func (d *Dict) ChainLengths(i, from, to int) []int {
	t := &d.tables[i]
	var lengths []int
	for at := max(from, 0); at < min(to, t.size()); at++ {
		n := 0
		for r := t.bucket(d.arena, uint32(at)); r != 0; r = arena.At[node](d.arena, r).next {
			n++
		}
		lengths = append(lengths, n)
	}
	return lengths
}

// MemoryUsage returns the bytes of nodes and tables.
func (d *Dict) MemoryUsage() int64 { return d.nodeMemory + d.memory }
