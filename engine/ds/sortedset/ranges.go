package sortedset

import (
	"bytes"

	"everysec/engine/ds/arena"
)

// Node is a member and its place. It may be used until the member is removed
// from the set.
type Node struct {
	set *Set
	ref arena.Ref
}

// Valid tells whether there is a node at all.
func (n Node) Valid() bool { return n.ref != 0 }

// Ref returns the node's block, the one that the set's dict knows it by.
func (n Node) Ref() arena.Ref { return n.ref }

// Member returns the member. It aliases the arena.
func (n Node) Member() []byte { return n.set.member(n.ref) }

// Score returns the score.
func (n Node) Score() float64 { return n.set.at(n.ref).score }

// Next returns the node after this; it is not Valid after the last.
func (n Node) Next() Node { return Node{n.set, n.set.link(n.ref, 0).forward} }

// Levels is how many levels the node has in the skiplist.
func (n Node) Levels() int { return int(n.set.at(n.ref).level) }

// Prev returns the node before this; it is not Valid before the first.
func (n Node) Prev() Node { return Node{n.set, n.set.at(n.ref).backward} }

// First returns the node with the lowest score.
func (s *Set) First() Node { return Node{s, s.link(s.header, 0).forward} }

// Last returns the node with the highest score.
func (s *Set) Last() Node { return Node{s, s.tail} }

// Rank returns how many members come before this one, and true; or false if
// it is not in the set.
func (s *Set) Rank(member []byte) (int, bool) {
	r := s.dict.Find(member)
	if r == 0 {
		return 0, false
	}
	_, rank := s.seek(s.at(r).score, member, nil)
	return int(rank), true
}

// ByRank returns the node that i others come before; it is not Valid if there
// is none.
func (s *Set) ByRank(i int) Node {
	if i < 0 || i >= int(s.length) {
		return Node{}
	}
	return Node{s, s.seekRank(uint32(i)+1, nil)}
}

// ScoreRange is the scores from Min to Max, without Min itself if MinEx and
// without Max itself if MaxEx.
type ScoreRange struct {
	Min, Max     float64
	MinEx, MaxEx bool
}

// Contains tells whether a score is in the range.
func (r ScoreRange) Contains(score float64) bool { return r.aboveMin(score) && r.belowMax(score) }

// Empty tells whether no score at all is in the range.
func (r ScoreRange) Empty() bool {
	return r.Min > r.Max || r.Min == r.Max && (r.MinEx || r.MaxEx)
}

func (r ScoreRange) aboveMin(score float64) bool {
	return score > r.Min || score == r.Min && !r.MinEx
}

func (r ScoreRange) belowMax(score float64) bool {
	return score < r.Max || score == r.Max && !r.MaxEx
}

// LexRange is the members from Min to Max by their bytes, without Min itself
// if MinEx and without Max itself if MaxEx. It has a meaning where all scores
// are equal.
type LexRange struct {
	Min, Max     []byte
	MinEx, MaxEx bool
	MinInf       bool // Min is "-", below every member
	MaxInf       bool // Max is "+", above every member
	None         bool // Min is "+" or Max is "-": no member is in the range
}

// Contains tells whether a member is in the range.
func (r LexRange) Contains(member []byte) bool {
	return !r.None && r.aboveMin(member) && r.belowMax(member)
}

// Empty tells whether no member at all is in the range.
func (r LexRange) Empty() bool {
	if r.None || r.MinInf || r.MaxInf {
		return r.None
	}
	c := bytes.Compare(r.Min, r.Max)
	return c > 0 || c == 0 && (r.MinEx || r.MaxEx)
}

func (r LexRange) aboveMin(member []byte) bool {
	if r.MinInf {
		return true
	}
	c := bytes.Compare(member, r.Min)
	return c > 0 || c == 0 && !r.MinEx
}

func (r LexRange) belowMax(member []byte) bool {
	if r.MaxInf {
		return true
	}
	c := bytes.Compare(member, r.Max)
	return c < 0 || c == 0 && !r.MaxEx
}

// FirstInScoreRange returns the first node in r, if any.
func (s *Set) FirstInScoreRange(r ScoreRange) Node {
	x, _ := s.seekScore(r.Min, r.MinEx)
	x = s.link(x, 0).forward
	if r.Empty() || x == 0 || !r.belowMax(s.at(x).score) {
		return Node{}
	}
	return Node{s, x}
}

// LastInScoreRange returns the last node in r, if any.
func (s *Set) LastInScoreRange(r ScoreRange) Node {
	x, _ := s.seekScore(r.Max, !r.MaxEx)
	if r.Empty() || x == s.header || !r.aboveMin(s.at(x).score) {
		return Node{}
	}
	return Node{s, x}
}

// CountInScoreRange returns how many nodes are in r.
func (s *Set) CountInScoreRange(r ScoreRange) int {
	from, to := s.ranksOfScores(r)
	return to - from
}

// FirstInLexRange returns the first node in r, if any.
func (s *Set) FirstInLexRange(r LexRange) Node {
	from, to := s.ranksOfMembers(r)
	if from == to {
		return Node{}
	}
	return s.ByRank(from)
}

// LastInLexRange returns the last node in r, if any.
func (s *Set) LastInLexRange(r LexRange) Node {
	from, to := s.ranksOfMembers(r)
	if from == to {
		return Node{}
	}
	return s.ByRank(to - 1)
}

// CountInLexRange returns how many nodes are in r.
func (s *Set) CountInLexRange(r LexRange) int {
	from, to := s.ranksOfMembers(r)
	return to - from
}

// RemoveRangeByScore removes the members in r and returns how many.
func (s *Set) RemoveRangeByScore(r ScoreRange) int {
	from, to := s.ranksOfScores(r)
	return s.RemoveRangeByRank(from, to-1)
}

// RemoveRangeByLex removes the members in r and returns how many.
func (s *Set) RemoveRangeByLex(r LexRange) int {
	from, to := s.ranksOfMembers(r)
	return s.RemoveRangeByRank(from, to-1)
}

// RemoveRangeByRank removes the members with ranks from start to stop, as far
// as there are any, and returns how many.
func (s *Set) RemoveRangeByRank(start, stop int) int {
	start, stop = max(start, 0), min(stop, int(s.length)-1)
	if start > stop {
		return 0
	}
	var previous [maxLevel]arena.Ref
	x := s.seekRank(uint32(start), &previous)
	for range stop - start + 1 {
		r := s.link(x, 0).forward
		s.unlinkAfter(&previous, r)
		s.dict.UnlinkNode(r)
		s.arena.Free(r)
	}
	return stop - start + 1
}

// ranksOfScores returns the ranks [from, to) of the nodes in r.
func (s *Set) ranksOfScores(r ScoreRange) (from, to int) {
	if r.Empty() {
		return 0, 0
	}
	_, below := s.seekScore(r.Min, r.MinEx)
	_, upTo := s.seekScore(r.Max, !r.MaxEx)
	return int(below), int(upTo)
}

// ranksOfMembers returns the ranks [from, to) of the nodes in r.
func (s *Set) ranksOfMembers(r LexRange) (from, to int) {
	if r.Empty() {
		return 0, 0
	}
	to = int(s.length)
	if !r.MinInf {
		from = int(s.seekMember(r.Min, r.MinEx))
	}
	if !r.MaxInf {
		to = int(s.seekMember(r.Max, !r.MaxEx))
	}
	return from, max(from, to)
}

// The descents below keep in stop the node where the level above ended: it
// lies beyond what is sought, so it need not be compared again. No node (0)
// is the first such stop.

// seek returns the last node before (score, member), or the header, and how
// many nodes there are up to it; with previous, that node for every level.
func (s *Set) seek(score float64, member []byte, previous *[maxLevel]arena.Ref) (arena.Ref, uint32) {
	x, passed, stop := s.header, uint32(0), arena.Ref(0)
	for i := s.level - 1; i >= 0; i-- {
		for {
			l := s.link(x, i)
			if l.forward == stop || !s.before(l.forward, score, member) {
				stop = l.forward
				break
			}
			passed += l.span
			x = l.forward
		}
		if previous != nil {
			previous[i] = x
		}
	}
	return x, passed
}

// seekScore returns the last node with a score below bound, or equal to it if
// inclusive, or the header, and how many nodes there are up to it.
func (s *Set) seekScore(bound float64, inclusive bool) (arena.Ref, uint32) {
	x, passed, stop := s.header, uint32(0), arena.Ref(0)
	for i := s.level - 1; i >= 0; i-- {
		for {
			l := s.link(x, i)
			if l.forward == stop {
				break
			}
			if score := s.at(l.forward).score; score > bound || score == bound && !inclusive {
				stop = l.forward
				break
			}
			passed += l.span
			x = l.forward
		}
	}
	return x, passed
}

// seekMember returns how many nodes have a member below bound, or equal to it
// if inclusive, in a set whose scores are all equal.
func (s *Set) seekMember(bound []byte, inclusive bool) uint32 {
	x, passed, stop := s.header, uint32(0), arena.Ref(0)
	for i := s.level - 1; i >= 0; i-- {
		for {
			l := s.link(x, i)
			if l.forward == stop {
				break
			}
			if c := bytes.Compare(s.member(l.forward), bound); c > 0 || c == 0 && !inclusive {
				stop = l.forward
				break
			}
			passed += l.span
			x = l.forward
		}
	}
	return passed
}

// seekRank returns the node that is number n counted from 1, or the header
// for 0; with previous, the last node up to it for every level.
func (s *Set) seekRank(n uint32, previous *[maxLevel]arena.Ref) arena.Ref {
	x, passed, stop := s.header, uint32(0), arena.Ref(0)
	for i := s.level - 1; i >= 0; i-- {
		for {
			l := s.link(x, i)
			if l.forward == stop || passed+l.span > n {
				stop = l.forward
				break
			}
			passed += l.span
			x = l.forward
		}
		if previous != nil {
			previous[i] = x
		}
	}
	return x
}
