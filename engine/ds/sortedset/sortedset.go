// Package sortedset is Redis's sorted set: members found by a hash table and
// kept in order of score by a skiplist.
//
// The idea: one block of the arena is at once the dict's node of a member and
// the skiplist's node, so a member is stored once and a node found one way
// can be unlinked the other way. The order is by score, and between equal
// scores by the bytes of the member. Each link counts the nodes it passes
// (its span), which makes ranks as cheap as searches.
package sortedset

import (
	"bytes"
	"math/bits"
	"math/rand/v2"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
)

const maxLevel = 32

// element is the fixed part of a node; level links follow.
type element struct {
	score    float64
	backward arena.Ref // 0 for the first
	level    uint32
}

// link is one level of a node: the next node that high, and how many nodes on
// the lowest level that is away (to the end, if there is none).
type link struct {
	forward arena.Ref
	span    uint32
}

const (
	elementBytes = 16
	linkBytes    = 8
	linksAt      = 4 // units of 8 bytes from a node's beginning to its links
)

// Set is a sorted set. Scores must not be NaN. It is not safe for concurrent
// use.
type Set struct {
	arena  *arena.Arena
	dict   *dict.Dict
	random *rand.Rand
	header arena.Ref // a node without member, with all levels
	tail   arena.Ref
	length uint32
	level  int // levels in use, at least 1
}

// New returns an empty set in a. The seed is for the hash, random for the
// levels of the skiplist: one draw for each member added.
func New(a *arena.Arena, seed uint64, random *rand.Rand) *Set {
	s := &Set{arena: a, dict: dict.New(a, seed), random: random, level: 1}
	s.dict.SetCost(dict.Cost{Skiplist: true})
	s.header = dict.NewNode(a, nil, elementBytes+maxLevel*linkBytes)
	return s
}

// Len returns the number of members.
func (s *Set) Len() int { return s.dict.Len() }

// Dict returns the hash table of the members, to be read only.
func (s *Set) Dict() *dict.Dict { return s.dict }

// Expand makes room for n members.
func (s *Set) Expand(n int) { s.dict.Expand(n) }

// MemoryUsage returns the bytes of all that the set holds in the arena.
func (s *Set) MemoryUsage() int64 {
	if s.header == 0 {
		return 0
	}
	return s.dict.MemoryUsage() + int64(s.arena.Size(s.header))
}

func (s *Set) at(r arena.Ref) *element { return dict.Head[element](s.arena, r) }

func (s *Set) link(r arena.Ref, level int) *link {
	return arena.Index[link](s.arena, r+linksAt, level)
}

func (s *Set) member(r arena.Ref) []byte { return dict.Key(s.arena, r) }

// before tells whether node r comes before (score, member).
func (s *Set) before(r arena.Ref, score float64, member []byte) bool {
	have := s.at(r).score
	return have < score || have == score && bytes.Compare(s.member(r), member) < 0
}

// Score returns the score of a member and true, or false.
func (s *Set) Score(member []byte) (float64, bool) {
	r := s.dict.Find(member)
	if r == 0 {
		return 0, false
	}
	return s.at(r).score, true
}

// Find returns the node of a member; it is not Valid if there is none.
func (s *Set) Find(member []byte) Node { return Node{s, s.dict.Find(member)} }

// Add gives a member a score. It tells whether the member is new, and
// whether it had another score.
func (s *Set) Add(member []byte, score float64) (added, changed bool) {
	if r := s.dict.Find(member); r != 0 {
		if s.at(r).score == score {
			return false, false
		}
		s.move(r, score)
		return false, true
	}
	level := s.randomLevel()
	r := s.dict.Insert(member, elementBytes+level*linkBytes)
	e := s.at(r)
	e.score, e.level = score, uint32(level)
	s.insert(r)
	return true, false
}

// Remove takes a member out and tells whether it was in.
func (s *Set) Remove(member []byte) bool {
	r := s.dict.Find(member)
	if r == 0 {
		return false
	}
	s.unlink(r)
	s.dict.UnlinkNode(r)
	s.arena.Free(r)
	return true
}

// randomLevel returns a level: 1, and with one chance in four each one more.
func (s *Set) randomLevel() int {
	return min(1+bits.TrailingZeros64(s.random.Uint64())/2, maxLevel)
}

// insert puts a node with its score, level and member set into the skiplist.
func (s *Set) insert(r arena.Ref) {
	var previous [maxLevel]arena.Ref // the last node before r, by level
	var rank [maxLevel]uint32        // how many nodes there are up to it
	e, member := s.at(r), s.member(r)
	height := int(e.level)
	for ; s.level < height; s.level++ {
		*s.link(s.header, s.level) = link{span: s.length}
	}
	x, passed, stop := s.header, uint32(0), arena.Ref(0)
	for i := s.level - 1; i >= 0; i-- {
		for {
			l := s.link(x, i)
			if l.forward == stop || !s.before(l.forward, e.score, member) {
				stop = l.forward
				break
			}
			passed += l.span
			x = l.forward
		}
		previous[i], rank[i] = x, passed
	}
	for i := range height {
		p, l := s.link(previous[i], i), s.link(r, i)
		skipped := passed - rank[i]
		*l = link{p.forward, p.span - skipped}
		*p = link{r, skipped + 1}
	}
	for i := height; i < s.level; i++ {
		s.link(previous[i], i).span++
	}
	e.backward = 0
	if x != s.header {
		e.backward = x
	}
	s.setBackward(s.link(r, 0).forward, r)
	s.length++
}

// setBackward makes r the node before next, or the last if next is 0.
func (s *Set) setBackward(next, r arena.Ref) {
	if next != 0 {
		s.at(next).backward = r
	} else {
		s.tail = r
	}
}

// unlink takes a node out of the skiplist.
func (s *Set) unlink(r arena.Ref) {
	var previous [maxLevel]arena.Ref
	s.seek(s.at(r).score, s.member(r), &previous)
	s.unlinkAfter(&previous, r)
}

// unlinkAfter is unlink when the last node before r is known for each level.
func (s *Set) unlinkAfter(previous *[maxLevel]arena.Ref, r arena.Ref) {
	e := s.at(r)
	for i := range int(e.level) {
		p, l := s.link(previous[i], i), s.link(r, i)
		*p = link{l.forward, p.span + l.span - 1}
	}
	for i := int(e.level); i < s.level; i++ {
		s.link(previous[i], i).span--
	}
	s.setBackward(s.link(r, 0).forward, e.backward)
	for s.level > 1 && s.link(s.header, s.level-1).forward == 0 {
		s.level--
	}
	s.length--
}

// move gives a node another score.
func (s *Set) move(r arena.Ref, score float64) {
	e, member := s.at(r), s.member(r)
	next := s.link(r, 0).forward
	if (e.backward == 0 || s.before(e.backward, score, member)) &&
		(next == 0 || !s.before(next, score, member)) {
		e.score = score
		return
	}
	s.unlink(r)
	e.score = score
	s.insert(r)
}

// Scan is dict.Scan of the members. visit may change nothing in the set.
func (s *Set) Scan(cursor uint64, visit func(Node)) uint64 {
	return s.dict.Scan(cursor, func(r arena.Ref) { visit(Node{s, r}) })
}

// Random returns a node, each with the same chance, that is not Valid if the
// set is empty.
func (s *Set) Random(random *rand.Rand) Node {
	if s.length == 0 {
		return Node{}
	}
	return s.ByRank(random.IntN(int(s.length)))
}

// Free frees all that the set holds in the arena. It must not be used again.
func (s *Set) Free() {
	for s.FreeSome(1 << 20) {
	}
}

// FreeSome frees about n members and tells whether anything is left. The set
// must not be used otherwise any more.
func (s *Set) FreeSome(n int) bool {
	if s.dict.FreeSome(n) {
		return true
	}
	if s.header != 0 {
		s.arena.Free(s.header)
		s.header, s.tail, s.length = 0, 0, 0
	}
	return false
}
