package sim

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"everysec/engine/ds/stream"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// State is what a client can see of a dataset, as numbers: a sum over what
// lasts, and one number each for what expires, so that it can be asked how it
// looks at a later time. Keys that have expired are not there, deleted or not.
type State struct {
	lasting uint64
	passing []passing
	lines   []line // in words, where somebody will read them
}

type passing struct {
	sum uint64
	at  int64 // Unix milliseconds of the expiry
}

// line is a key or a field in words.
type line struct {
	text string
	at   int64 // 0: never
}

// At is the state at a time in microseconds, as a number.
func (s *State) At(now int64) uint64 {
	sum := s.lasting
	for _, p := range s.passing {
		if now/1000 <= p.at {
			sum += p.sum
		}
	}
	return sum
}

// add counts one thing that is there until a time.
func (s *State) add(sum uint64, at int64) {
	if at == 0 {
		s.lasting += sum
		return
	}
	s.passing = append(s.passing, passing{sum, at})
}

// text is the state at a time, line by line.
func (s *State) text(now int64) []string {
	var lines []string
	for _, l := range s.lines {
		if l.at == 0 || now/1000 <= l.at {
			lines = append(lines, l.text)
		}
	}
	slices.Sort(lines)
	return lines
}

// difference tells in which lines two states differ at a time.
func difference(got, want *State, now int64) string {
	g, w := got.text(now), want.text(now)
	var out []string
	for _, line := range g {
		if !slices.Contains(w, line) {
			out = append(out, "  came back:  "+line)
		}
	}
	for _, line := range w {
		if !slices.Contains(g, line) {
			out = append(out, "  should be:  "+line)
		}
	}
	return strings.Join(out, "\n")
}

// hash sums up a sequence of parts. Each has its length in front, so that no
// two sequences look alike.
type hash uint64

func (h *hash) number(n uint64) {
	x := (uint64(*h) ^ n) * 0x9e3779b97f4a7c15
	*h = hash(x ^ x>>29)
}

func (h *hash) bytes(b []byte) {
	h.number(uint64(len(b)))
	for ; len(b) >= 8; b = b[8:] {
		h.number(binary.LittleEndian.Uint64(b))
	}
	last := uint64(0)
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	h.number(last)
}

// sum is the hash made fit for adding up.
func (h hash) sum() uint64 {
	x := uint64(h)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// StateOf looks at a dataset; with words also for people.
func StateOf(space *keyspace.Space, words bool) State {
	var s State
	for _, db := range space.DBs {
		for node := range db.Keys.All() {
			e := db.EntryOf(node)
			if s.addKey(space.Objects, db.ID, db.KeyOf(node), e); words {
				s.lines = append(s.lines, inWords(space.Objects, db.ID, db.KeyOf(node), e)...)
			}
		}
	}
	return s
}

func (s *State) addKey(store *object.Store, db int, key []byte, e *keyspace.Entry) {
	v := &e.Value
	var h hash
	h.number(uint64(db))
	h.number(uint64(v.Type))
	h.bytes(key)
	h.number(uint64(e.ExpireAt))
	switch v.Type {
	case object.String:
		h.bytes(store.StringBytes(v))
	case object.List:
		for _, element := range store.List(v).Forward(0) {
			h.bytes(element)
		}
	case object.Set:
		var all uint64
		for member := range store.Set(v).All() {
			var m hash
			m.bytes(member)
			all += m.sum()
		}
		h.number(all)
	case object.SortedSet:
		store.SortedSet(v).Ascend(0, func(member []byte, score float64) bool {
			h.bytes(member)
			h.number(math.Float64bits(score))
			return true
		})
	case object.Hash:
		// A field is a thing of its own: it may go before its key.
		view := store.Hash(v)
		for field, value := range view.All() {
			f, at := h, view.Expiry(field)
			f.bytes(field)
			f.bytes(value)
			f.number(uint64(at))
			s.add(f.sum(), earlier(e.ExpireAt, at))
		}
		return
	case object.Stream:
		addStream(&h, store.Stream(v))
	}
	s.add(h.sum(), e.ExpireAt)
}

// earlier is the earlier of two times, where 0 is never.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func addStream(h *hash, s stream.Stream) {
	id := func(id stream.ID) {
		h.number(id.Ms)
		h.number(id.Seq)
	}
	h.number(s.Length)
	h.number(s.Added)
	id(s.Last)
	id(s.MaxDeleted)
	var it stream.Iterator
	it.Start(s, stream.ID{}, stream.MaxID, false)
	for it.Next() {
		id(it.ID)
		for it.Fields > 0 {
			field, value := it.Field()
			h.bytes(field)
			h.bytes(value)
		}
	}
	for g := range s.Groups() {
		h.bytes(g.Name())
		id(g.Last)
		for c := range g.Consumers() {
			h.bytes(c.Name()) // when it was seen last is not kept
		}
		for p := range g.Pending(stream.ID{}, stream.MaxID) {
			if !s.Has(p.ID) {
				continue // the commands of a rewrite cannot say it, as in Redis
			}
			id(p.ID)
			h.bytes(p.Consumer().Name())
			h.number(p.Count)
			h.number(uint64(p.Time))
		}
	}
}

// inWords describes a key, a hash with fields that expire field by field.
func inWords(store *object.Store, db int, key []byte, e *keyspace.Entry) []line {
	v := &e.Value
	name := fmt.Sprintf("%d:%s %v", db, key, v.Type)
	if e.ExpireAt != 0 {
		name += fmt.Sprintf(" until %d", e.ExpireAt)
	}
	var parts []string
	switch v.Type {
	case object.String:
		parts = append(parts, fmt.Sprintf("%q", store.StringBytes(v)))
	case object.List:
		for _, b := range store.List(v).Forward(0) {
			parts = append(parts, string(b))
		}
	case object.Set:
		for b := range store.Set(v).All() {
			parts = append(parts, string(b))
		}
		slices.Sort(parts)
	case object.Hash:
		var lines []line
		view := store.Hash(v)
		for field, value := range view.All() {
			at := view.Expiry(field)
			lines = append(lines, line{fmt.Sprintf("%s %s=%s until %d", name, field, value, at), earlier(e.ExpireAt, at)})
		}
		return lines
	case object.SortedSet:
		store.SortedSet(v).Ascend(0, func(member []byte, score float64) bool {
			parts = append(parts, fmt.Sprintf("%s=%g", member, score))
			return true
		})
	case object.Stream:
		s := store.Stream(v)
		parts = append(parts, fmt.Sprintf("length %d added %d last %v deleted %v", s.Length, s.Added, s.Last, s.MaxDeleted))
		var it stream.Iterator
		it.Start(s, stream.ID{}, stream.MaxID, false)
		for it.Next() {
			parts = append(parts, fmt.Sprint(it.ID))
		}
		for g := range s.Groups() {
			parts = append(parts, fmt.Sprintf("group %s at %v", g.Name(), g.Last))
			for c := range g.Consumers() {
				parts = append(parts, "consumer "+string(c.Name()))
			}
			for p := range g.Pending(stream.ID{}, stream.MaxID) {
				parts = append(parts, fmt.Sprintf("%v of %s times %d at %d", p.ID, p.Consumer().Name(), p.Count, p.Time))
			}
		}
	}
	return []line{{name + " " + strings.Join(parts, " "), e.ExpireAt}}
}
