package dict

import (
	"math/bits"

	"everysec/engine/ds/arena"
)

// Rehashing tells whether elements are on their way to another table.
func (d *Dict) Rehashing() bool { return d.rehash >= 0 }

// PauseRehash stops rehashing, and shrinking, until ResumeRehash was called
// as often. Paused, no element moves to another bucket.
func (d *Dict) PauseRehash() { d.paused++ }

// ResumeRehash ends a PauseRehash.
func (d *Dict) ResumeRehash() {
	d.paused--
	d.shrinkIfSparse()
}

// RehashStep moves up to the given number of buckets and tells whether it is
// worth calling again: it is not when all is moved, nor while paused.
func (d *Dict) RehashStep(buckets int) (more bool) {
	if d.rehash < 0 || d.paused > 0 {
		return false
	}
	d.step(buckets)
	return d.rehash >= 0
}

// Expand makes room for n elements, without a rehash if there are none yet.
// It does nothing while rehashing, nor when there is room already.
func (d *Dict) Expand(n int) {
	if d.rehash < 0 && n > d.tables[0].size() {
		d.resize(n)
	}
}

// stepOnce is the part of the rehash that every operation does.
func (d *Dict) stepOnce() {
	if d.rehash >= 0 && d.paused == 0 {
		d.stepOwed()
	}
}

// stepOwed does one step; where the nodes of a big table would have to be waited
// for, some operations do it for those before.
func (d *Dict) stepOwed() {
	if d.tables[0].mask <= segmentMask {
		d.step(1)
		return
	}
	if d.owed++; d.owed == touchAtOnce {
		d.owed = 0
		d.touchBuckets(&d.tables[0], d.rehash, touchAtOnce)
		d.step(touchAtOnce)
	}
}

// step moves n buckets that are not empty, passing only some that are.
func (d *Dict) step(n int) {
	a := d.arena
	from, to := &d.tables[0], &d.tables[1]
	for visits := n * emptyVisits; n > 0 && from.used > 0; n-- {
		at, ok := from.nextUsed(a, d.rehash, &visits)
		if !ok {
			d.moved(from, at)
			return
		}
		bucket := from.slot(a, uint32(at))
		for r := *bucket; r != 0; {
			e := arena.At[node](a, r)
			next := e.next
			slot := d.slotForWrite(to, e.hash&to.mask)
			e.next = *slot
			*slot = r
			from.used--
			to.used++
			r = next
		}
		*bucket = 0
		d.moved(from, at+1)
	}
	if from.used == 0 {
		shrinking := from.mask > to.mask
		d.freeTable(from)
		d.tables[0], d.tables[1] = d.tables[1], table{}
		d.rehash = -1
		if shrinking { // not after Expand, which is done ahead of need
			d.shrinkIfSparse()
		}
	}
}

// moved records that all buckets below at are empty, and gives segments back.
func (d *Dict) moved(from *table, at int) {
	if from.mask > segmentMask && at>>segmentShift > d.rehash>>segmentShift {
		d.freeSegments(from, d.rehash&^segmentMask, at&^segmentMask)
	}
	d.rehash = at
}

// resize begins to rehash to the smallest table for n elements, or sets it in
// place at once when there are no elements.
func (d *Dict) resize(n int) {
	size := minSize
	if n > minSize {
		size = 1 << bits.Len(uint(n-1))
	}
	t := &d.tables[0]
	if size > maxSize || size == t.size() {
		return
	}
	if t.used == 0 {
		d.freeTable(t)
		*t = d.newTable(size)
		return
	}
	d.tables[1] = d.newTable(size)
	d.rehash = 0
}

func (d *Dict) shrinkIfSparse() {
	t := &d.tables[0]
	if d.rehash < 0 && d.paused == 0 && t.size() > minSize && t.used*100 < t.size()*minFill {
		d.resize(t.used)
	}
}
