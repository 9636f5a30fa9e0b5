package stream

import (
	"everysec/engine/ds/listpack"
	"everysec/engine/ds/rax"
)

// Iterator walks the entries between two IDs, both included. It is ready for
// its first Next; the stream must not be changed meanwhile.
type Iterator struct {
	// ID is that of the current entry, Fields how many Field has not given yet.
	ID      ID
	Fields  int
	Deleted bool

	// Tombstones makes deleted entries be shown too.
	Tombstones bool

	s          Stream
	nodes      rax.Iterator
	start, end ID
	backwards  bool

	lp           []byte
	master       ID
	masterFields int
	firstField   int // of the master, -1 when it has none
	pos          int // forwards the next entry, backwards the last piece of it; -1 when there is none
	flags        int // position of the current entry
	same         bool
	field, value int
	scratch      [2][20]byte
}

// Start makes the iterator one of the entries from start to end, backwards
// from end to start.
func (it *Iterator) Start(s Stream, start, end ID, backwards bool) {
	it.s, it.start, it.end, it.backwards = s, start, end, backwards
	it.Tombstones = false
	it.nodes.Start(s.a, &s.nodes)
	it.pos, it.lp = -1, nil
	from := start
	if backwards {
		from = end
	}
	key := from.Key()
	// What comes before the first listpack forwards begins with it.
	found := it.nodes.SeekLE(key[:])
	if !found && !backwards {
		found = it.nodes.First()
	}
	if found {
		it.enter()
	}
}

// enter takes the listpack that the tree's iterator is at.
func (it *Iterator) enter() {
	lp := it.s.packed(it.nodes.Value())
	it.lp, it.master = lp, IDOf(it.nodes.Key())
	pos := listpack.Next(lp, listpack.Next(lp, listpack.First(lp)))
	it.masterFields = int(intAt(lp, pos))
	it.firstField = listpack.Next(lp, pos)
	if it.backwards {
		it.pos = listpack.Last(lp)
		return
	}
	it.pos = listpack.Next(lp, skip(lp, it.firstField, it.masterFields)) // behind the master's 0
}

// skip goes n pieces on.
func skip(lp []byte, pos, n int) int {
	for ; n > 0; n-- {
		pos = listpack.Next(lp, pos)
	}
	return pos
}

// Next goes to the next entry and tells whether there is one.
func (it *Iterator) Next() bool {
	for it.lp != nil {
		if !it.step() {
			more := false
			if it.backwards {
				more = it.nodes.Prev()
			} else {
				more = it.nodes.Next()
			}
			if !more {
				it.lp = nil
				return false
			}
			it.enter()
			continue
		}
		before, after := it.ID.Compare(it.start) < 0, it.ID.Compare(it.end) > 0
		if it.Deleted && !it.Tombstones || before && !it.backwards || after && it.backwards {
			continue
		}
		if before || after {
			it.lp = nil
			return false
		}
		return true
	}
	return false
}

// step reads the next entry of the listpack, and tells whether it had one.
func (it *Iterator) step() bool {
	lp := it.lp
	if it.pos < 0 {
		return false
	}
	pos, pieces := it.pos, 0
	if it.backwards {
		if pieces = int(intAt(lp, pos)); pieces == 0 { // the master
			return false
		}
		for range pieces {
			pos = listpack.Prev(lp, pos)
		}
	}
	it.flags = pos
	flags := intAt(lp, pos)
	it.Deleted, it.same = flags&flagDeleted != 0, flags&flagSameFields != 0
	pos = listpack.Next(lp, pos)
	it.ID.Ms = it.master.Ms + uint64(intAt(lp, pos))
	pos = listpack.Next(lp, pos)
	it.ID.Seq = it.master.Seq + uint64(intAt(lp, pos))
	pos = listpack.Next(lp, pos)
	it.Fields = it.masterFields
	it.field, it.value = it.firstField, pos
	count := it.Fields
	if !it.same {
		it.Fields = int(intAt(lp, pos))
		it.value = listpack.Next(lp, pos)
		count = 2 * it.Fields
	}
	if it.backwards {
		it.pos = listpack.Prev(lp, it.flags)
	} else {
		it.pos = listpack.Next(lp, skip(lp, it.value, count))
	}
	return true
}

// Field gives the next field of the current entry with its value. They alias
// the arena or the iterator, and are valid until the next call.
func (it *Iterator) Field() (field, value []byte) {
	it.Fields--
	if it.same {
		field = listpack.GetString(it.lp, it.field, it.scratch[0][:])
		it.field = listpack.Next(it.lp, it.field)
	} else {
		field = listpack.GetString(it.lp, it.value, it.scratch[0][:])
		it.value = listpack.Next(it.lp, it.value)
	}
	value = listpack.GetString(it.lp, it.value, it.scratch[1][:])
	it.value = listpack.Next(it.lp, it.value)
	return field, value
}

// Edge is the first or last entry, deleted ones counted if tombstones is set.
func (s Stream) Edge(first, tombstones bool) (id ID, ok bool) {
	var it Iterator
	it.Start(s, ID{}, MaxID, !first)
	it.Tombstones = tombstones
	ok = it.Next()
	return it.ID, ok
}

// Has tells whether there is an entry, not deleted, of that ID.
func (s Stream) Has(id ID) bool {
	var it Iterator
	it.Start(s, id, id, false)
	return it.Next()
}
