package object

import (
	"iter"
	"math/rand/v2"
	"strconv"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
	"everysec/engine/ds/listpack"
)

// HashView is a hash in one of its encodings: a listpack of field, value,
// field, value in the order of arrival, or a hashtable. What its methods
// return aliases the arena or scratch memory: use it before the next call.
type HashView struct {
	store *Store
	value *Value
}

// hashField is the head of a hashtable node; the field's value is a blob.
type hashField struct {
	value arena.Ref
	_     uint32
}

const hashFieldBytes = 8

// NewHash makes an empty hash.
func (s *Store) NewHash() Value {
	v := Value{Type: Hash, Encoding: ListPack}
	s.keep(&v, listpack.New())
	return v
}

// Hash views a value as the hash it is.
func (s *Store) Hash(v *Value) HashView { return HashView{s, v} }

// Len is the number of fields.
func (h HashView) Len() int {
	if h.value.Encoding == ListPack {
		return listpack.Len(h.store.packed(h.value)) / 2
	}
	return h.store.table(h.value).Len()
}

// Get returns the value of a field.
func (h HashView) Get(field []byte) (value []byte, ok bool) {
	s := h.store
	if h.value.Encoding == ListPack {
		lp := s.packed(h.value)
		pos := findPair(lp, field)
		if pos < 0 {
			return nil, false
		}
		return s.listpackString(lp, listpack.Next(lp, pos)), true
	}
	node := s.table(h.value).Find(field)
	if node == 0 {
		return nil, false
	}
	return s.fieldValue(node), true
}

// Has tells whether a field exists.
func (h HashView) Has(field []byte) bool {
	if h.value.Encoding == ListPack {
		return findPair(h.store.packed(h.value), field) >= 0
	}
	return h.store.table(h.value).Find(field) != 0
}

// Set gives a field a value, for as long as the hash lives, and tells whether
// the field is new. The encoding
// follows hash-max-listpack-entries and hash-max-listpack-value.
func (h HashView) Set(field, value []byte) (created bool) {
	s := h.store
	if h.value.Encoding == ListPack {
		if limit := s.Limits.HashMaxListpackValue; len(field) > limit || len(value) > limit {
			h.Convert()
			return h.Set(field, value)
		}
		lp := s.packed(h.value)
		if pos := findPair(lp, field); pos >= 0 {
			s.keep(h.value, listpack.Replace(lp, listpack.Next(lp, pos), value))
		} else {
			s.keep(h.value, listpack.Append(listpack.Append(lp, field), value))
			created = true
		}
		if h.Len() > s.Limits.HashMaxListpackEntries {
			h.Convert()
		}
		return created
	}
	t := s.table(h.value)
	node, created := t.Add(field, hashFieldBytes)
	head := dict.Head[hashField](s.Arena, node)
	if !created {
		if t.expiry != nil {
			h.Persist(field)
		}
		if block := s.Arena.Bytes(head.value); len(value)+stringHeader <= len(block) && (len(value)+stringHeader)*2 > len(block) {
			putLength(block, len(value))
			copy(block[stringHeader:], value)
			return false
		}
		t.valueBytes -= int64(s.Arena.Size(head.value))
		s.Arena.Free(head.value)
	}
	head.value = s.newBlob(value, len(value))
	t.valueBytes += int64(s.Arena.Size(head.value))
	return created
}

// Delete removes a field and tells whether it was there.
func (h HashView) Delete(field []byte) bool {
	s := h.store
	if h.value.Encoding == ListPack {
		lp := s.packed(h.value)
		pos := findPair(lp, field)
		if pos < 0 {
			return false
		}
		s.keep(h.value, listpack.DeleteAt(lp, pos, 2))
		return true
	}
	t := s.table(h.value)
	node := t.Unlink(field)
	if node == 0 {
		return false
	}
	if t.expiry != nil {
		h.Persist(field)
	}
	blob := dict.Head[hashField](s.Arena, node).value
	t.valueBytes -= int64(s.Arena.Size(blob))
	s.Arena.Free(blob)
	s.Arena.Free(node)
	return true
}

// All yields fields and values: in order of arrival from a listpack, in the
// table's order otherwise. The hash must not be changed meanwhile.
func (h HashView) All() iter.Seq2[[]byte, []byte] {
	s := h.store
	return func(yield func(field, value []byte) bool) {
		if h.value.Encoding == ListPack {
			lp := s.packed(h.value)
			var fieldScratch, valueScratch [24]byte
			for pos := listpack.First(lp); pos >= 0; {
				next := listpack.Next(lp, pos)
				if !yield(listpack.GetString(lp, pos, fieldScratch[:0]), listpack.GetString(lp, next, valueScratch[:0])) {
					return
				}
				pos = listpack.Next(lp, next)
			}
			return
		}
		for node := range s.table(h.value).All() {
			if !yield(dict.Key(s.Arena, node), s.fieldValue(node)) {
				return
			}
		}
	}
}

// Scan visits one bucket of a hashtable, or all of a listpack, and returns the
// next cursor.
func (h HashView) Scan(cursor uint64, visit func(field, value []byte)) uint64 {
	if h.value.Encoding == ListPack {
		for field, value := range h.All() {
			visit(field, value)
		}
		return 0
	}
	s := h.store
	return s.table(h.value).Scan(cursor, func(node arena.Ref) {
		visit(dict.Key(s.Arena, node), s.fieldValue(node))
	})
}

// Random returns one field with its value. The hash must not be empty.
func (h HashView) Random(r *rand.Rand) (field, value []byte) {
	s := h.store
	if h.value.Encoding == ListPack {
		lp := s.packed(h.value)
		pos := listpack.Seek(lp, 2*r.IntN(listpack.Len(lp)/2))
		return listpack.GetString(lp, pos, nil), listpack.GetString(lp, listpack.Next(lp, pos), nil)
	}
	node := s.table(h.value).FairRandom(r)
	return dict.Key(s.Arena, node), s.fieldValue(node)
}

// Packed returns the listpack of a listpack-encoded hash, aliasing the arena.
func (h HashView) Packed() []byte { return h.store.packed(h.value) }

// Convert turns a listpack into a hashtable.
func (h HashView) Convert() {
	s := h.store
	if h.value.Encoding == HashTable {
		return
	}
	t, handle := s.newTable()
	t.SetCost(dict.Cost{Bytes: hashValueSurplus})
	t.Expand(h.Len() + 1)
	table := Value{Word: handle, Type: Hash, Encoding: HashTable}
	for field, value := range h.All() {
		s.Hash(&table).Set(field, value)
	}
	s.Arena.Free(h.value.ref())
	h.value.Word, h.value.Encoding = table.Word, HashTable
}

// Expand makes room for n fields of a hashtable, before loading them.
func (h HashView) Expand(n int) {
	if h.value.Encoding == HashTable {
		h.store.table(h.value).Expand(n)
	}
}

// HashOfListpack takes a listpack of fields and values, already validated, as a hash.
func (s *Store) HashOfListpack(lp []byte) Value {
	v := Value{Type: Hash, Encoding: ListPack}
	s.keep(&v, lp)
	if h := s.Hash(&v); h.Len() > s.Limits.HashMaxListpackEntries {
		h.Convert()
	}
	return v
}

func (s *Store) fieldValue(node arena.Ref) []byte {
	return blobBytes(s.Arena.Bytes(dict.Head[hashField](s.Arena, node).value))
}

func (s *Store) freeHashValue(node arena.Ref) {
	s.Arena.Free(dict.Head[hashField](s.Arena, node).value)
}

func (s *Store) copyHash(v *Value) Value {
	if v.Encoding == ListPack {
		return s.copyBlock(v)
	}
	t, handle := s.newTable()
	t.SetCost(dict.Cost{Bytes: hashValueSurplus})
	c := Value{Word: handle, Type: Hash, Encoding: HashTable}
	t.Expand(s.table(v).Len())
	for field, value := range s.Hash(v).All() {
		s.Hash(&c).Set(field, value)
	}
	for field, at := range s.Hash(v).Expiries() {
		s.Hash(&c).SetExpiry(field, at)
	}
	return c
}

// findPair finds a key among the even elements of a listpack.
func findPair(lp, key []byte) int {
	first := listpack.First(lp)
	if first < 0 {
		return -1
	}
	return listpack.Find(lp, first, key, 1)
}

// listpackString is an element as bytes, an integer in scratch.
func (s *Store) listpackString(lp []byte, pos int) []byte {
	b, n, isInt := listpack.Get(lp, pos)
	if isInt {
		s.scratch = strconv.AppendInt(s.scratch[:0], n, 10)
		return s.scratch
	}
	return b
}
