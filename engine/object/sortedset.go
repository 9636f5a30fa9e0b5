package object

import (
	"bytes"
	"math/rand/v2"

	"everysec/engine/ds/listpack"
	"everysec/engine/ds/sortedset"
	"everysec/engine/number"
)

// SortedSetView is a sorted set in one of its encodings: a listpack of member,
// score, member, score in order, or a skiplist with its hash table. Positions
// are ranks, 0 the lowest score. What its methods return aliases the arena or
// scratch memory: use it before the next call.
type SortedSetView struct {
	store *Store
	value *Value
}

// NewSortedSet makes an empty sorted set in the encoding that suits a first
// member of so many bytes.
func (s *Store) NewSortedSet(memberBytes int) Value {
	if s.Limits.ZsetMaxListpackEntries == 0 || memberBytes > s.Limits.ZsetMaxListpackValue {
		return s.NewSkipList(0)
	}
	v := Value{Type: SortedSet, Encoding: ListPack}
	s.keep(&v, listpack.New())
	return v
}

// NewSkipList makes an empty sorted set as a skiplist with room for n members.
func (s *Store) NewSkipList(n int) Value {
	set := sortedset.New(s.Arena, s.hashSeed, s.Random)
	if n > 0 {
		set.Expand(n)
	}
	s.Arena.AddSurplus(skiplistSurplus)
	return Value{Word: s.sorted.add(set), Type: SortedSet, Encoding: SkipList}
}

// SortedSetOfListpack takes a listpack of members and scores, already
// validated and in order, as a sorted set.
func (s *Store) SortedSetOfListpack(lp []byte) Value {
	v := Value{Type: SortedSet, Encoding: ListPack}
	s.keep(&v, lp)
	if z := s.SortedSet(&v); z.Len() > s.Limits.ZsetMaxListpackEntries {
		z.Convert()
	}
	return v
}

// SortedSet views a value as the sorted set it is.
func (s *Store) SortedSet(v *Value) SortedSetView { return SortedSetView{s, v} }

func (z SortedSetView) skiplist() *sortedset.Set { return z.store.sorted.items[z.value.Word] }

func (z SortedSetView) packed() []byte { return z.store.packed(z.value) }

// Len is the number of members.
func (z SortedSetView) Len() int {
	if z.value.Encoding == ListPack {
		return listpack.Len(z.packed()) / 2
	}
	return z.skiplist().Len()
}

// Score returns the score of a member.
func (z SortedSetView) Score(member []byte) (float64, bool) {
	if z.value.Encoding == ListPack {
		lp := z.packed()
		pos := findPair(lp, member)
		if pos < 0 {
			return 0, false
		}
		return scoreAt(lp, listpack.Next(lp, pos)), true
	}
	return z.skiplist().Score(member)
}

// Set gives a member a score and tells whether the member is new, or else
// whether it had another score. The encoding follows zset-max-listpack-entries and
// zset-max-listpack-value.
func (z SortedSetView) Set(member []byte, score float64) (added, changed bool) {
	s := z.store
	if z.value.Encoding != ListPack {
		return z.skiplist().Add(member, score)
	}
	lp := z.packed()
	if pos := findPair(lp, member); pos >= 0 {
		if scoreAt(lp, listpack.Next(lp, pos)) == score {
			return false, false
		}
		lp = listpack.DeleteAt(lp, pos, 2)
		s.keep(z.value, s.insertSorted(lp, member, score))
		return false, true
	}
	if z.Len()+1 > s.Limits.ZsetMaxListpackEntries || len(member) > s.Limits.ZsetMaxListpackValue ||
		!listpack.SafeToAdd(lp, len(member)) {
		z.Convert()
		return z.skiplist().Add(member, score)
	}
	s.keep(z.value, s.insertSorted(lp, member, score))
	return true, false
}

// Remove takes a member out and tells whether it was there.
func (z SortedSetView) Remove(member []byte) bool {
	if z.value.Encoding != ListPack {
		return z.skiplist().Remove(member)
	}
	lp := z.packed()
	pos := findPair(lp, member)
	if pos < 0 {
		return false
	}
	z.store.keep(z.value, listpack.DeleteAt(lp, pos, 2))
	return true
}

// Rank is the position of a member.
func (z SortedSetView) Rank(member []byte) (int, bool) {
	if z.value.Encoding != ListPack {
		return z.skiplist().Rank(member)
	}
	lp := z.packed()
	rank := 0
	for pos := listpack.First(lp); pos >= 0; rank++ {
		if listpack.Equal(lp, pos, member) {
			return rank, true
		}
		pos = listpack.Next(lp, listpack.Next(lp, pos))
	}
	return 0, false
}

// Ascend visits members from a rank upwards until visit returns false.
func (z SortedSetView) Ascend(from int, visit func(member []byte, score float64) bool) {
	if from < 0 || from >= z.Len() {
		return
	}
	if z.value.Encoding != ListPack {
		for n := z.skiplist().ByRank(from); n.Valid(); n = n.Next() {
			if !visit(n.Member(), n.Score()) {
				return
			}
		}
		return
	}
	lp := z.packed()
	var scratch [24]byte
	for pos := listpack.Seek(lp, 2*from); pos >= 0; {
		score := listpack.Next(lp, pos)
		if !visit(listpack.GetString(lp, pos, scratch[:0]), scoreAt(lp, score)) {
			return
		}
		pos = listpack.Next(lp, score)
	}
}

// Descend visits members from a rank downwards until visit returns false.
func (z SortedSetView) Descend(from int, visit func(member []byte, score float64) bool) {
	if from < 0 || from >= z.Len() {
		return
	}
	if z.value.Encoding != ListPack {
		for n := z.skiplist().ByRank(from); n.Valid(); n = n.Prev() {
			if !visit(n.Member(), n.Score()) {
				return
			}
		}
		return
	}
	lp := z.packed()
	var scratch [24]byte
	for pos := listpack.Seek(lp, 2*from); pos >= 0; {
		if !visit(listpack.GetString(lp, pos, scratch[:0]), scoreAt(lp, listpack.Next(lp, pos))) {
			return
		}
		if pos = listpack.Prev(lp, pos); pos >= 0 {
			pos = listpack.Prev(lp, pos)
		}
	}
}

// ScoreRanks are the ranks of the members in a range of scores: from, up to
// but not including to.
func (z SortedSetView) ScoreRanks(r sortedset.ScoreRange) (from, to int) {
	if z.value.Encoding != ListPack {
		return z.skiplist().ScoreRanks(r)
	}
	lp := z.packed()
	for pos := listpack.First(lp); pos >= 0; pos = listpack.Next(lp, pos) {
		pos = listpack.Next(lp, pos)
		switch score := scoreAt(lp, pos); {
		case r.Contains(score):
			to++
		case to == from:
			from, to = from+1, to+1
		default:
			return from, to
		}
	}
	return from, to
}

// LexRanks are the ranks of the members in a range of members: from, up to but
// not including to. It means something only if all scores are equal; if not,
// what a small set answers is still what Redis does, which searches from the
// low end, or from the high one with fromEnd.
func (z SortedSetView) LexRanks(r sortedset.LexRange, fromEnd bool) (from, to int) {
	if !z.mayMeet(r) {
		return 0, 0
	}
	if z.value.Encoding != ListPack {
		return z.skiplist().LexRanks(r)
	}
	if !fromEnd {
		z.Ascend(0, func(member []byte, _ float64) bool {
			switch {
			case to == from && !r.AboveMin(member):
				from, to = from+1, to+1
				return true
			case r.BelowMax(member):
				to++
				return true
			}
			return false
		})
		return from, to
	}
	from, to = z.Len(), z.Len()
	z.Descend(to-1, func(member []byte, _ float64) bool {
		switch {
		case from == to && !r.BelowMax(member):
			from, to = from-1, to-1
			return true
		case r.AboveMin(member):
			from--
			return true
		}
		return false
	})
	return from, to
}

// mayMeet tells whether the ends of the set leave room for a member in the
// range.
func (z SortedSetView) mayMeet(r sortedset.LexRange) bool {
	if z.Len() == 0 || r.Empty() {
		return false
	}
	meets := true
	z.Ascend(0, func(first []byte, _ float64) bool { meets = r.BelowMax(first); return false })
	z.Descend(z.Len()-1, func(last []byte, _ float64) bool { meets = meets && r.AboveMin(last); return false })
	return meets
}

// RemoveRanks takes out the members of the ranks from, up to but not including
// to.
func (z SortedSetView) RemoveRanks(from, to int) {
	from, to = max(from, 0), min(to, z.Len())
	if from >= to {
		return
	}
	if z.value.Encoding != ListPack {
		z.skiplist().RemoveRangeByRank(from, to-1)
		return
	}
	z.store.keep(z.value, listpack.DeleteRange(z.packed(), 2*from, 2*(to-from)))
}

// Scan visits one bucket of a skiplist's table, or all of a listpack, and
// returns the next cursor.
func (z SortedSetView) Scan(cursor uint64, visit func(member []byte, score float64)) uint64 {
	if z.value.Encoding == ListPack {
		z.Ascend(0, func(member []byte, score float64) bool { visit(member, score); return true })
		return 0
	}
	return z.skiplist().Scan(cursor, func(n sortedset.Node) { visit(n.Member(), n.Score()) })
}

// Random returns one member with its score. The set must not be empty.
func (z SortedSetView) Random(r *rand.Rand) (member []byte, score float64) {
	if z.value.Encoding == ListPack {
		z.Ascend(r.IntN(z.Len()), func(m []byte, sc float64) bool {
			member, score = bytes.Clone(m), sc
			return false
		})
		return member, score
	}
	n := z.skiplist().Random(r)
	return n.Member(), n.Score()
}

// Packed returns the listpack of a listpack-encoded sorted set, aliasing the
// arena.
func (z SortedSetView) Packed() []byte { return z.packed() }

// Convert turns a listpack into a skiplist.
func (z SortedSetView) Convert() {
	s := z.store
	if z.value.Encoding == SkipList {
		return
	}
	v := s.NewSkipList(z.Len() + 1)
	set := s.sorted.items[v.Word]
	z.Ascend(0, func(member []byte, score float64) bool {
		set.Add(member, score)
		return true
	})
	s.Arena.Free(z.value.ref())
	z.value.Word, z.value.Encoding = v.Word, SkipList
}

// PackIfSmall turns a skiplist that fits the thresholds into a listpack, as
// ZUNIONSTORE and its kin do with their result.
func (z SortedSetView) PackIfSmall() {
	s := z.store
	if z.value.Encoding == ListPack || z.Len() > s.Limits.ZsetMaxListpackEntries {
		return
	}
	fits := true
	z.Ascend(0, func(member []byte, _ float64) bool {
		fits = len(member) <= s.Limits.ZsetMaxListpackValue
		return fits
	})
	if !fits {
		return
	}
	lp := listpack.New()
	z.Ascend(0, func(member []byte, score float64) bool {
		lp = s.appendScored(lp, member, score)
		return true
	})
	z.skiplist().Free()
	s.sorted.remove(z.value.Word)
	s.Arena.AddSurplus(-skiplistSurplus)
	z.value.Word, z.value.Encoding = 0, ListPack
	s.keep(z.value, lp)
}

func (s *Store) copySortedSet(v *Value) Value {
	if v.Encoding == ListPack {
		return s.copyBlock(v)
	}
	c := s.NewSkipList(s.SortedSet(v).Len())
	set := s.sorted.items[c.Word]
	s.SortedSet(v).Ascend(0, func(member []byte, score float64) bool {
		set.Add(member, score)
		return true
	})
	return c
}

func scoreAt(lp []byte, pos int) float64 {
	b, n, isInt := listpack.Get(lp, pos)
	if isInt {
		return float64(n)
	}
	f, _ := number.ParseDouble(b)
	return f
}

// putScore writes a score into a listpack before pos: as an integer where it
// is one, so that -0 becomes 0, as in Redis.
func (s *Store) putScore(lp []byte, pos int, score float64) []byte {
	if n, isInt := number.DoubleToInt(score); isInt {
		return listpack.InsertIntBefore(lp, pos, n)
	}
	s.scratch = number.AppendDouble(s.scratch[:0], score)
	return listpack.InsertBefore(lp, pos, s.scratch)
}

// appendScored puts a member with its score at the end.
func (s *Store) appendScored(lp, member []byte, score float64) []byte {
	lp = listpack.Append(lp, member)
	return s.putScore(lp, len(lp)-1, score)
}

// insertSorted puts a member in at its place by score and then bytes.
func (s *Store) insertSorted(lp, member []byte, score float64) []byte {
	for pos := listpack.First(lp); pos >= 0; {
		at := listpack.Next(lp, pos)
		if other := scoreAt(lp, at); other > score ||
			other == score && bytes.Compare(s.listpackString(lp, pos), member) > 0 {
			return listpack.InsertBefore(s.putScore(lp, pos, score), pos, member)
		}
		pos = listpack.Next(lp, at)
	}
	return s.appendScored(lp, member, score)
}
