// Package stream is a Redis stream: a log of entries with rising IDs, and
// groups of consumers that share the reading of it.
//
// Entries lie, as on disk, in listpacks of up to some thousand bytes, which
// a radix tree finds by the ID of their first entry. A listpack begins with
// a master entry; those behind it leave out what they have in common with it:
//
//	master: count | deleted | number of fields | field ... | 0
//	entry:  flags | ms - master's | seq - master's | [number of fields | field value ...] or [value ...] | pieces
//
// An entry with the same fields as the master has values only. The last piece
// is the number of pieces before it, for walking backwards. A deleted entry
// stays where it is with a flag, until no entry of its listpack is alive.
//
// Everything lies in the arena, so a stream is nothing to the collector.
package stream

import (
	"iter"
	"math"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/listpack"
	"everysec/engine/ds/rax"
)

// Stream is a handle on a stream in an arena.
type Stream struct {
	a   *arena.Arena
	ref arena.Ref
	*header
}

// header is what a stream is made of. The fields in capitals are as XINFO
// STREAM names them.
type header struct {
	nodes  rax.Tree // by ID: Refs of listpacks
	groups rax.Tree // by name: Refs of groups

	Length     uint64
	Added      uint64 // entries-added: how many there ever were
	Last       ID     // last-generated-id
	First      ID     // recorded-first-entry-id; 0-0 when empty
	MaxDeleted ID     // max-deleted-entry-id: the greatest of those deleted by ID

	bytes   int64
	surplus int64 // see arena.Arena.AddSurplus
}

const (
	flagDeleted    = 1
	flagSameFields = 2
)

const headerBytes = 112

// What a stream takes in redis-server beyond what it takes here: mostly room
// in the listpack that entries are added to, which is made large at once.
const (
	redisLeast   = 4270
	leastSurplus = 500
)

// New makes an empty stream.
func New(a *arena.Arena) Stream {
	before := a.Used()
	r := a.AllocZeroed(headerBytes)
	s := Open(a, r)
	*s.header = header{}
	s.account(before)
	return s
}

// Open is the stream whose Ref it was.
func Open(a *arena.Arena, r arena.Ref) Stream { return Stream{a, r, arena.At[header](a, r)} }

// Ref names the stream in its arena.
func (s Stream) Ref() arena.Ref { return s.ref }

// account adds what the arena has given out or taken back since before.
func (s Stream) account(before int64) {
	s.bytes += s.a.Used() - before
	surplus := max(redisLeast-s.bytes, leastSurplus)
	s.a.AddSurplus(surplus - s.surplus)
	s.surplus = surplus
}

// Bytes is the memory of the stream.
func (s Stream) Bytes() int64 { return s.bytes }

// NodeCount is the number of listpacks; TreeNodes that of the nodes of the
// radix tree that finds them.
func (s Stream) NodeCount() int { return s.nodes.Len() }

// TreeNodes is the number of nodes of the radix tree of listpacks.
func (s Stream) TreeNodes() int { return s.nodes.Nodes() }

// Free gives all memory back.
func (s Stream) Free() {
	for s.FreeSome(math.MaxInt) {
	}
}

// FreeSome gives back about n pieces: listpacks, and what groups remember. It
// tells whether anything is left; until nothing is, the stream is good for nothing
// but FreeSome.
func (s Stream) FreeSome(n int) (more bool) {
	drop := func(v uint64) { s.a.Free(arena.Ref(v)) }
	n -= s.nodes.FreeSome(s.a, n, drop)
	for n > 0 && s.groups.Len() > 0 {
		g := first(s.Groups())
		n -= g.pending.FreeSome(s.a, n, drop)
		for n > 0 && g.consumers.Len() > 0 {
			c := first(g.Consumers())
			if n -= c.pending.FreeSome(s.a, n, nil); n > 0 {
				g.consumers.Remove(s.a, c.Name())
				c.free()
				n--
			}
		}
		if n > 0 {
			s.groups.Remove(s.a, g.Name())
			g.free()
			n--
		}
	}
	if n <= 0 {
		return true
	}
	s.groups.Free(s.a, nil)
	s.a.AddSurplus(-s.surplus)
	s.a.Free(s.ref)
	return false
}

func first[T any](all iter.Seq[T]) (v T) {
	for v = range all {
		break
	}
	return v
}

// packed is the listpack in a block, with the block's spare room as capacity.
func (s Stream) packed(v uint64) []byte {
	b := s.a.Bytes(arena.Ref(v))
	return b[:int(b[0])|int(b[1])<<8|int(b[2])<<16|int(b[3])<<24]
}

// Limits say when a listpack is full: stream-node-max-bytes and -entries,
// 0 for no limit.
type Limits struct{ MaxBytes, MaxEntries int }

// largest is more than a listpack may ever be.
const largest = 1 << 30

// Fits tells whether an entry of these fields and values can be stored.
func Fits(pairs [][]byte) bool { return entrySize(pairs) <= largest }

func entrySize(pairs [][]byte) int {
	size := 0
	for _, b := range pairs {
		size += len(b)
	}
	return size
}

// Append adds an entry of fields and values in turn. The ID must be greater
// than Last, and Fits true.
func (s Stream) Append(id ID, pairs [][]byte, limits Limits) {
	defer s.account(s.a.Used())
	fields := len(pairs) / 2
	size := entrySize(pairs)
	// An entry's pieces have at most 10 bytes beside their content.
	need := size + 10*(len(pairs)+6)

	var room [16]byte
	key, tail := s.nodes.Last(s.a, room[:0])
	master, lp, same := id, []byte(nil), false
	if tail != nil && s.hasRoom(tail, size, limits) {
		lp = s.packed(*tail)
		if total := len(lp) + need; total > cap(lp) {
			*tail = uint64(s.a.Realloc(arena.Ref(*tail), max(total, min(2*cap(lp), 8192))))
			lp = s.packed(*tail)
		}
		master = IDOf(key)
		first := listpack.First(lp)
		same = sameFields(lp, pairs)
		lp = listpack.ReplaceInt(lp, first, intAt(lp, first)+1)
	} else {
		total := 7 + 10*(fields+4) + size + need
		r := s.a.Alloc(total)
		block := s.a.Bytes(r)
		lp = append(block[:0], listpack.New()...)
		lp = listpack.AppendInt(lp, 1)
		lp = listpack.AppendInt(lp, 0)
		lp = listpack.AppendInt(lp, int64(fields))
		for i := 0; i < len(pairs); i += 2 {
			lp = listpack.Append(lp, pairs[i])
		}
		lp = listpack.AppendInt(lp, 0)
		same = true
		key := id.Key()
		if old, there := s.nodes.Find(s.a, key[:]); there {
			// XSETID has moved Last back to before a listpack whose entries are
			// all deleted.
			s.Length -= uint64(intAt(s.packed(old), listpack.First(s.packed(old))))
			s.a.Free(arena.Ref(old))
		}
		s.nodes.Insert(s.a, key[:], uint64(r))
	}

	flags, pieces := int64(0), 3+2*fields+1
	if same {
		flags, pieces = flagSameFields, 3+fields
	}
	lp = listpack.AppendInt(lp, flags)
	lp = listpack.AppendInt(lp, int64(id.Ms-master.Ms))
	lp = listpack.AppendInt(lp, int64(id.Seq-master.Seq))
	if !same {
		lp = listpack.AppendInt(lp, int64(fields))
	}
	for i := 0; i < len(pairs); i += 2 {
		if !same {
			lp = listpack.Append(lp, pairs[i])
		}
		lp = listpack.Append(lp, pairs[i+1])
	}
	listpack.AppendInt(lp, int64(pieces))

	s.Length++
	s.Added++
	s.Last = id
	if s.Length == 1 {
		s.First = id
	}
}

// hasRoom tells whether the last listpack takes an entry of so many bytes. One
// that is full gives back what it has too much.
func (s Stream) hasRoom(tail *uint64, size int, limits Limits) bool {
	lp := s.packed(*tail)
	most := limits.MaxBytes
	if most == 0 || most > largest {
		most = largest
	}
	full := len(lp)+size >= most
	if !full && limits.MaxEntries > 0 {
		first := listpack.First(lp)
		full = intAt(lp, first)+intAt(lp, listpack.Next(lp, first)) >= int64(limits.MaxEntries)
	}
	if full {
		*tail = uint64(s.a.Realloc(arena.Ref(*tail), len(lp)))
	}
	return !full
}

// sameFields tells whether the fields are those of a listpack's master entry.
func sameFields(lp []byte, pairs [][]byte) bool {
	pos := listpack.Next(lp, listpack.Next(lp, listpack.First(lp)))
	if intAt(lp, pos) != int64(len(pairs)/2) {
		return false
	}
	for i := 0; i < len(pairs); i += 2 {
		pos = listpack.Next(lp, pos)
		if !listpack.Equal(lp, pos, pairs[i]) {
			return false
		}
	}
	return true
}

// intAt is the integer at a position.
func intAt(lp []byte, pos int) int64 {
	_, n, _ := listpack.Get(lp, pos)
	return n
}

// Listpacks shows the listpacks in order, with the key of each.
func (s Stream) Listpacks(visit func(key, lp []byte)) {
	var it rax.Iterator
	it.Start(s.a, &s.nodes)
	for ok := it.First(); ok; ok = it.Next() {
		visit(it.Key(), s.packed(it.Value()))
	}
}

// SomeListpacks shows the listpacks in order until visit returns false.
func (s Stream) SomeListpacks(visit func(lp []byte) bool) {
	var it rax.Iterator
	it.Start(s.a, &s.nodes)
	for ok := it.First(); ok && visit(s.packed(it.Value())); ok = it.Next() {
	}
}

// LastListpack is the one that entries are added to; nil if there is none.
func (s Stream) LastListpack() []byte {
	var it rax.Iterator
	it.Start(s.a, &s.nodes)
	if !it.Last() {
		return nil
	}
	return s.packed(it.Value())
}

// AddListpack takes a listpack that Validate has found good, whose master
// entry has the key's ID, and tells whether that is new.
func (s Stream) AddListpack(key, lp []byte) bool {
	defer s.account(s.a.Used())
	if _, there := s.nodes.Find(s.a, key); there {
		return false
	}
	r := s.a.Alloc(len(lp))
	copy(s.a.Bytes(r), lp)
	s.nodes.Insert(s.a, key, uint64(r))
	return true
}

// Copy is another stream with the same entries and groups.
func (s Stream) Copy() Stream {
	c := New(s.a)
	s.Listpacks(func(key, lp []byte) { c.AddListpack(key, lp) })
	c.Length, c.Added, c.Last, c.First, c.MaxDeleted = s.Length, s.Added, s.Last, s.First, s.MaxDeleted
	for g := range s.Groups() {
		to, _ := c.AddGroup(g.Name(), g.Last, g.Read)
		for consumer := range g.Consumers() {
			twin, _ := to.AddConsumer(consumer.Name(), consumer.Seen)
			for p := range consumer.Pending(ID{}, MaxID) {
				to.AddPending(p.ID, twin, p.Time, p.Count)
			}
		}
	}
	return c
}
