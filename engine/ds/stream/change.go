package stream

import (
	"everysec/engine/ds/arena"
	"everysec/engine/ds/listpack"
	"everysec/engine/ds/rax"
)

// mark sets the flag of the entry at pos and moves it from the count of the
// living to that of the deleted. It returns how many live on.
func (s Stream) mark(nodes *rax.Iterator, lp []byte, pos int) (alive int64) {
	lp = listpack.ReplaceInt(lp, pos, intAt(lp, pos)|flagDeleted) // 0 to 3: as long as it was
	first := listpack.First(lp)
	alive = intAt(lp, first) - 1
	lp = listpack.ReplaceInt(lp, first, alive)
	second := listpack.Next(lp, first)
	lp = listpack.ReplaceInt(lp, second, intAt(lp, second)+1)
	s.keep(nodes, lp)
	s.Length--
	return alive
}

// keep stores an edited listpack back, in a new block if it needed one.
func (s Stream) keep(nodes *rax.Iterator, lp []byte) {
	block := s.a.Bytes(arena.Ref(nodes.Value()))
	if len(lp) <= len(block) && &lp[0] == &block[0] {
		return
	}
	r := s.a.Alloc(len(lp))
	copy(s.a.Bytes(r), lp)
	s.a.Free(arena.Ref(nodes.Value()))
	nodes.SetValue(uint64(r))
}

// dropNode removes the listpack that the iterator is at.
func (s Stream) dropNode(nodes *rax.Iterator) {
	s.a.Free(arena.Ref(nodes.Value()))
	var key [16]byte
	copy(key[:], nodes.Key())
	s.nodes.Remove(s.a, key[:])
}

// Delete marks an entry as deleted and tells whether it was there. First and
// MaxDeleted follow.
func (s Stream) Delete(id ID) bool {
	defer s.account(s.a.Used())
	var it Iterator
	it.Start(s, id, id, false)
	if !it.Next() {
		return false
	}
	if s.mark(&it.nodes, it.lp, it.flags) == 0 {
		s.dropNode(&it.nodes)
	}
	if id.Compare(s.MaxDeleted) > 0 {
		s.MaxDeleted = id
	}
	if id == s.First {
		s.findFirst()
	}
	return true
}

// findFirst sets First anew.
func (s Stream) findFirst() {
	s.First = ID{}
	if s.Length > 0 {
		s.First, _ = s.Edge(true, false)
	}
}

// References says what becomes of the places where groups hold an entry as
// pending when the entry goes.
type References uint8

// What becomes of references.
const (
	Keep   References = iota // they stay, and lead nowhere
	Remove                   // they go too
	Acked                    // an entry that some group still has to read or acknowledge does not go
)

// Trim says what to cut off the beginning of a stream.
type Trim struct {
	// ByID: entries less than MinID go, else all but the last MaxLen.
	ByID   bool
	MaxLen uint64
	MinID  ID
	// Whole removes only listpacks as wholes, and at most Limit entries (0: any
	// number).
	Whole bool
	Limit uint64

	References References
}

// Trim cuts entries off and returns how many.
func (s Stream) Trim(t Trim) (deleted uint64) {
	if !t.ByID && s.Length <= t.MaxLen {
		return 0
	}
	defer s.account(s.a.Used())
	refs := t.References
	if s.groups.Len() == 0 {
		refs = Keep
	}
	var nodes rax.Iterator
	nodes.Start(s.a, &s.nodes)
	for ok := nodes.First(); ok && (t.ByID || s.Length > t.MaxLen); {
		lp := s.packed(nodes.Value())
		entries := uint64(intAt(lp, listpack.First(lp)))
		if t.Limit > 0 && deleted+entries > t.Limit {
			break
		}
		whole := false
		if t.ByID {
			whole = s.lastOf(&nodes).Compare(t.MinID) < 0
		} else {
			whole = s.Length-entries >= t.MaxLen
		}
		key := IDOf(nodes.Key()).Key()
		if whole && (refs == Keep || refs == Remove || !s.anyReferenced(&nodes)) {
			if refs == Remove {
				s.eachOf(&nodes, func(id ID, _ int) bool { s.forget(id); return true })
			}
			s.Length -= entries
			deleted += entries
			s.dropNode(&nodes)
			ok = nodes.SeekGE(key[:])
			continue
		}
		if t.Whole {
			break
		}
		deleted += s.trimWithin(&nodes, t, refs)
		if refs != Acked || t.ByID && !whole {
			break // what is behind stays
		}
		ok = nodes.SeekGE(key[:])
		if ok && IDOf(nodes.Key()).Key() == key {
			ok = nodes.Next()
		}
	}
	if s.Length == 0 {
		s.First = ID{}
	} else if deleted > 0 {
		s.findFirst()
	}
	return deleted
}

// trimWithin marks the entries of one listpack that go.
func (s Stream) trimWithin(nodes *rax.Iterator, t Trim, refs References) (deleted uint64) {
	var gone []int
	left := s.Length
	s.eachOf(nodes, func(id ID, pos int) bool {
		if t.ByID && id.Compare(t.MinID) >= 0 || !t.ByID && left <= t.MaxLen {
			return false
		}
		if refs == Acked && s.Referenced(id) {
			return true
		}
		if refs == Remove {
			s.forget(id)
		}
		gone = append(gone, pos)
		left--
		return true
	})
	if len(gone) == 0 {
		return 0
	}
	// The flags first: they stay in one byte, so positions hold.
	lp := s.packed(nodes.Value())
	for _, pos := range gone {
		lp = listpack.ReplaceInt(lp, pos, intAt(lp, pos)|flagDeleted)
	}
	first := listpack.First(lp)
	alive := intAt(lp, first) - int64(len(gone))
	s.Length = left
	if alive == 0 && refs == Acked {
		s.dropNode(nodes)
		return uint64(len(gone))
	}
	lp = listpack.ReplaceInt(lp, first, alive)
	second := listpack.Next(lp, first)
	lp = listpack.ReplaceInt(lp, second, intAt(lp, second)+int64(len(gone)))
	s.keep(nodes, lp)
	return uint64(len(gone))
}

// walkNode makes an iterator one of a single listpack, for step.
func (it *Iterator) walkNode(s Stream, nodes *rax.Iterator, backwards bool) {
	it.s, it.backwards = s, backwards
	it.nodes.Start(s.a, &s.nodes)
	it.nodes.SeekGE(nodes.Key())
	it.enter()
}

// eachOf shows the living entries of a listpack with their positions.
func (s Stream) eachOf(nodes *rax.Iterator, visit func(id ID, pos int) bool) {
	var it Iterator
	it.walkNode(s, nodes, false)
	for it.step() {
		if !it.Deleted && !visit(it.ID, it.flags) {
			return
		}
	}
}

// lastOf is the last entry of a listpack, deleted or not; 0-0 if there is none.
func (s Stream) lastOf(nodes *rax.Iterator) ID {
	var it Iterator
	it.walkNode(s, nodes, true)
	it.step()
	return it.ID
}

func (s Stream) anyReferenced(nodes *rax.Iterator) (any bool) {
	s.eachOf(nodes, func(id ID, _ int) bool {
		any = s.Referenced(id)
		return !any
	})
	return any
}
