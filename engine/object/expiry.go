package object

import (
	"bytes"
	"iter"

	"everysec/engine/ds/sortedset"
)

// Fields of a hash that expire. Their times lie beside the hashtable in a
// sorted set, the next to go first. A hash with such fields is a hashtable
// whatever its size; one without does not know of any of this.

// Expiry is when a field expires, Unix time in milliseconds; 0: never.
func (h HashView) Expiry(field []byte) int64 {
	if !h.value.HasFieldExpiry {
		return 0
	}
	at, _ := h.store.table(h.value).expiry.Score(field)
	return int64(at)
}

// NextExpiry is when the first field expires; 0: none does.
func (h HashView) NextExpiry() int64 {
	if !h.value.HasFieldExpiry {
		return 0
	}
	return int64(h.store.table(h.value).expiry.First().Score())
}

// SetExpiry lets a field of the hash expire at a time, which must be one that a
// double holds. The owner tells the keyspace (DB.TrackFields).
func (h HashView) SetExpiry(field []byte, at int64) {
	h.Convert()
	s := h.store
	t := s.table(h.value)
	if t.expiry == nil {
		t.expiry = sortedset.New(s.Arena, s.hashSeed, s.Random)
		h.value.HasFieldExpiry = true
	}
	t.expiry.Add(field, float64(at))
}

// Persist takes the expiry of a field away and tells whether it had one.
func (h HashView) Persist(field []byte) bool {
	if !h.value.HasFieldExpiry {
		return false
	}
	t := h.store.table(h.value)
	removed := t.expiry.Remove(field)
	if t.expiry.Len() == 0 {
		t.expiry.Free()
		t.expiry = nil
		h.value.HasFieldExpiry = false
	}
	return removed
}

// SetKeeping is Set that leaves the field its expiry.
func (h HashView) SetKeeping(field, value []byte) (created bool) {
	at := h.Expiry(field)
	created = h.Set(field, value)
	if at != 0 {
		h.SetExpiry(field, at)
	}
	return created
}

// TakeExpired deletes one field whose time is before now and returns its name;
// nil when there is none.
func (h HashView) TakeExpired(now int64) []byte {
	if next := h.NextExpiry(); next == 0 || now <= next {
		return nil
	}
	field := bytes.Clone(h.store.table(h.value).expiry.First().Member())
	if field == nil {
		field = []byte{}
	}
	h.Delete(field)
	return field
}

// Expiries yields the fields that expire, the next to go first. The hash must
// not be changed meanwhile.
func (h HashView) Expiries() iter.Seq2[[]byte, int64] {
	return func(yield func(field []byte, at int64) bool) {
		if !h.value.HasFieldExpiry {
			return
		}
		for n := h.store.table(h.value).expiry.First(); n.Valid(); n = n.Next() {
			if !yield(n.Member(), int64(n.Score())) {
				return
			}
		}
	}
}
