package object

import (
	"iter"
	"math/rand/v2"
	"strconv"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
	"everysec/engine/ds/intset"
	"everysec/engine/number"
)

// SetView is a set in one of its encodings: an intset, sorted, or a hashtable.
// What its methods return aliases the arena or scratch memory: use it before
// the next call.
type SetView struct {
	store *Store
	value *Value
}

// NewSet makes an empty set in the encoding that suits a first member.
func (s *Store) NewSet(member []byte) Value {
	if _, isInt := number.ParseInt(member); isInt {
		return s.NewIntSet()
	}
	return s.NewHashTableSet(0)
}

// NewIntSet makes an empty set as an intset. It becomes a hashtable as soon as
// it must.
func (s *Store) NewIntSet() Value {
	v := Value{Type: Set, Encoding: IntSet}
	s.keep(&v, intset.New())
	return v
}

// NewHashTableSet makes an empty set as a hashtable with room for n members.
func (s *Store) NewHashTableSet(n int) Value {
	t, handle := s.newTable()
	if n > 0 {
		t.Expand(n)
	}
	return Value{Word: handle, Type: Set, Encoding: HashTable}
}

// SetOfIntset takes an intset, already validated, as a set.
func (s *Store) SetOfIntset(is []byte) Value {
	v := Value{Type: Set, Encoding: IntSet}
	s.keep(&v, is)
	if intset.Len(is) > s.intsetLimit() {
		s.Set(&v).Convert()
	}
	return v
}

// Set views a value as the set it is.
func (s *Store) Set(v *Value) SetView { return SetView{s, v} }

func (s *Store) intsetLimit() int { return min(s.Limits.SetMaxIntsetEntries, 1<<30) }

// Len is the number of members.
func (t SetView) Len() int {
	if t.value.Encoding == IntSet {
		return intset.Len(t.store.packed(t.value))
	}
	return t.store.table(t.value).Len()
}

// Has tells whether a member is in the set.
func (t SetView) Has(member []byte) bool {
	if t.value.Encoding == IntSet {
		n, isInt := number.ParseInt(member)
		return isInt && intset.Find(t.store.packed(t.value), n)
	}
	return t.store.table(t.value).Find(member) != 0
}

// Add puts a member in and tells whether it is new. The encoding follows
// set-max-intset-entries.
func (t SetView) Add(member []byte) bool {
	s := t.store
	if t.value.Encoding == IntSet {
		n, isInt := number.ParseInt(member)
		if !isInt {
			t.Convert()
			return t.Add(member)
		}
		is, added := intset.Add(s.packed(t.value), n)
		s.keep(t.value, is)
		if added && intset.Len(is) > s.intsetLimit() {
			t.Convert()
		}
		return added
	}
	_, added := s.table(t.value).Add(member, 0)
	return added
}

// Remove takes a member out and tells whether it was there.
func (t SetView) Remove(member []byte) bool {
	s := t.store
	if t.value.Encoding == IntSet {
		n, isInt := number.ParseInt(member)
		if !isInt {
			return false
		}
		is, removed := intset.Remove(s.packed(t.value), n)
		if removed {
			s.keep(t.value, is)
		}
		return removed
	}
	return s.table(t.value).Delete(member)
}

// All yields the members. The set must not be changed meanwhile.
func (t SetView) All() iter.Seq[[]byte] {
	s := t.store
	return func(yield func(member []byte) bool) {
		if t.value.Encoding == IntSet {
			is := s.packed(t.value)
			var scratch [24]byte
			for i := range intset.Len(is) {
				if !yield(strconv.AppendInt(scratch[:0], intset.At(is, i), 10)) {
					return
				}
			}
			return
		}
		for node := range s.table(t.value).All() {
			if !yield(dict.Key(s.Arena, node)) {
				return
			}
		}
	}
}

// Scan visits one bucket of a hashtable, or all of an intset, and returns the
// next cursor.
func (t SetView) Scan(cursor uint64, visit func(member []byte)) uint64 {
	if t.value.Encoding == IntSet {
		for member := range t.All() {
			visit(member)
		}
		return 0
	}
	s := t.store
	return s.table(t.value).Scan(cursor, func(node arena.Ref) { visit(dict.Key(s.Arena, node)) })
}

// Random returns one member. The set must not be empty.
func (t SetView) Random(r *rand.Rand) []byte {
	s := t.store
	if t.value.Encoding == IntSet {
		s.scratch = strconv.AppendInt(s.scratch[:0], intset.Random(s.packed(t.value), r), 10)
		return s.scratch
	}
	return dict.Key(s.Arena, s.table(t.value).FairRandom(r))
}

// Packed returns the intset of an intset-encoded set, aliasing the arena.
func (t SetView) Packed() []byte { return t.store.packed(t.value) }

// Convert turns an intset into a hashtable.
func (t SetView) Convert() {
	s := t.store
	if t.value.Encoding == HashTable {
		return
	}
	table := s.NewHashTableSet(t.Len() + 1)
	for member := range t.All() {
		s.Set(&table).Add(member)
	}
	s.Arena.Free(t.value.ref())
	t.value.Word, t.value.Encoding = table.Word, HashTable
}

func (s *Store) copySet(v *Value) Value {
	if v.Encoding == IntSet {
		return s.copyBlock(v)
	}
	c := s.NewHashTableSet(s.table(v).Len())
	for member := range s.Set(v).All() {
		s.Set(&c).Add(member)
	}
	return c
}
