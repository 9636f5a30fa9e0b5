package dict

import "everysec/engine/ds/arena"

// Above a segment's size a table is not one array but a directory of
// segments: so no single operation zeroes more than 64 KiB, and a rehash
// gives back the old table while it goes.
const (
	segmentShift = 14
	segmentSize  = 1 << segmentShift // buckets
	segmentMask  = segmentSize - 1
	bucketBytes  = 4
)

// table is an array of chains.
type table struct {
	array arena.Ref // buckets, or a directory; 0: there is no table
	mask  uint32    // buckets - 1
	used  int       // elements
}

func (t *table) size() int {
	if t.array == 0 {
		return 0
	}
	return int(t.mask) + 1
}

// bucket returns the first node of a chain.
func (t *table) bucket(a *arena.Arena, i uint32) arena.Ref {
	if t.mask <= segmentMask {
		return *arena.Index[arena.Ref](a, t.array, int(i))
	}
	segment := *arena.Index[arena.Ref](a, t.array, int(i>>segmentShift))
	if segment == 0 {
		return 0
	}
	return *arena.Index[arena.Ref](a, segment, int(i&segmentMask))
}

// slot returns where a chain begins; its segment must exist.
func (t *table) slot(a *arena.Arena, i uint32) *arena.Ref {
	if t.mask <= segmentMask {
		return arena.Index[arena.Ref](a, t.array, int(i))
	}
	segment := *arena.Index[arena.Ref](a, t.array, int(i>>segmentShift))
	return arena.Index[arena.Ref](a, segment, int(i&segmentMask))
}

// nextUsed returns the first bucket from i on that is not empty, and true.
// When it runs out of visits, or of buckets, it returns how far it came. A
// segment that does not exist costs one visit.
func (t *table) nextUsed(a *arena.Arena, i int, visits *int) (int, bool) {
	for end := t.size(); i < end; {
		if *visits <= 0 {
			return i, false
		}
		if t.mask > segmentMask && *arena.Index[arena.Ref](a, t.array, i>>segmentShift) == 0 {
			i = (i | segmentMask) + 1
		} else if *t.slot(a, uint32(i)) != 0 {
			return i, true
		} else {
			i++
		}
		*visits--
	}
	return i, false
}

// slotForWrite is slot that makes the segment if need be.
func (d *Dict) slotForWrite(t *table, i uint32) *arena.Ref {
	if t.mask > segmentMask {
		segment := arena.Index[arena.Ref](d.arena, t.array, int(i>>segmentShift))
		if *segment == 0 {
			*segment = d.arena.AllocZeroed(segmentSize * bucketBytes)
			d.count(d.arena.Size(*segment))
		}
	}
	return t.slot(d.arena, i)
}

// redisBucketBytes is what a bucket takes in redis-server.
const redisBucketBytes = 8

// newTable returns an empty table of size buckets, a power of two.
func (d *Dict) newTable(size int) table {
	n := size
	if size > segmentSize {
		n = size / segmentSize
	}
	array := d.arena.AllocZeroed(n * bucketBytes)
	d.count(d.arena.Size(array))
	d.arena.AddSurplus(int64(size) * redisBucketBytes)
	return table{array: array, mask: uint32(size - 1)}
}

// freeTable frees a table, but not the nodes that it may hold.
func (d *Dict) freeTable(t *table) {
	if t.array == 0 {
		return
	}
	if t.mask > segmentMask {
		d.freeSegments(t, 0, t.size())
	}
	d.count(-d.arena.Size(t.array))
	d.arena.AddSurplus(-int64(t.size()) * redisBucketBytes)
	d.arena.Free(t.array)
	*t = table{}
}

// freeSegments frees the segments that begin at a bucket in [from, to).
func (d *Dict) freeSegments(t *table, from, to int) {
	for i := (from + segmentMask) >> segmentShift; i < (to+segmentMask)>>segmentShift; i++ {
		segment := arena.Index[arena.Ref](d.arena, t.array, i)
		if *segment != 0 {
			d.count(-d.arena.Size(*segment))
			d.arena.Free(*segment)
			*segment = 0
		}
	}
}
