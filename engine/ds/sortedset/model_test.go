package sortedset

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/arena"
)

type pair struct {
	member string
	score  float64
}

// model is the obvious sorted set: a map, sorted when asked.
type model map[string]float64

func (m model) sorted() []pair {
	var all []pair
	for member, score := range m {
		all = append(all, pair{member, score})
	}
	slices.SortFunc(all, func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.score, y.score), cmp.Compare(x.member, y.member))
	})
	return all
}

func newSet(seed uint64) *Set {
	return New(arena.New(), seed, rand.New(rand.NewPCG(seed, 1)))
}

type failer interface{ Fatalf(string, ...any) }

// verify compares everything that can be asked of a set with the model, and
// every link and span of the skiplist with a walk along its lowest level.
func verify(t failer, s *Set, m model) {
	want := m.sorted()
	if s.Len() != len(want) || int(s.length) != len(want) {
		t.Fatalf("Len is %d, of the skiplist %d, want %d", s.Len(), s.length, len(want))
	}
	rankOf := map[arena.Ref]int{s.header: 0} // counted from 1
	n := s.First()
	for i, w := range want {
		if !n.Valid() || string(n.Member()) != w.member || n.Score() != w.score {
			t.Fatalf("node %d is not %v", i, w)
		}
		if score, ok := s.Score([]byte(w.member)); !ok || score != w.score {
			t.Fatalf("Score(%q) = %v, %v", w.member, score, ok)
		}
		if rank, ok := s.Rank([]byte(w.member)); !ok || rank != i {
			t.Fatalf("Rank(%q) = %v, %v, want %d", w.member, rank, ok, i)
		}
		if s.ByRank(i) != n {
			t.Fatalf("ByRank(%d) is not the node found by walking", i)
		}
		if next := n.Next(); next.Valid() && next.Prev() != n || !next.Valid() && s.Last() != n {
			t.Fatalf("backward links are wrong after node %d", i)
		}
		rankOf[n.ref] = i + 1
		n = n.Next()
	}
	if n.Valid() || s.ByRank(len(want)).Valid() || s.ByRank(-1).Valid() {
		t.Fatalf("there are nodes past the end")
	}
	if f := s.First(); f.Valid() && f.Prev().Valid() {
		t.Fatalf("there is a node before the first")
	}
	for i := range s.level {
		for x := s.header; x != 0; {
			l := s.link(x, i)
			to := len(want)
			if l.forward != 0 {
				to = rankOf[l.forward]
			}
			if int(l.span) != to-rankOf[x] {
				t.Fatalf("level %d: span from %d is %d, want %d", i, rankOf[x], l.span, to-rankOf[x])
			}
			x = l.forward
		}
	}
	if s.level > 1 && s.link(s.header, s.level-1).forward == 0 {
		t.Fatalf("level %d is empty", s.level)
	}
	if s.MemoryUsage() != s.arena.Used() {
		t.Fatalf("MemoryUsage is %d, the arena holds %d", s.MemoryUsage(), s.arena.Used())
	}
}

// verifyRanges compares first, last and count of ranges.
func verifyRanges(t failer, s *Set, m model, sr ScoreRange, lr LexRange) {
	compare := func(what string, first, last Node, count int, in func(pair) bool) {
		var want []pair
		for _, p := range m.sorted() {
			if in(p) {
				want = append(want, p)
			}
		}
		if count != len(want) {
			t.Fatalf("%s: count %d, want %d", what, count, len(want))
		}
		if first.Valid() != (len(want) > 0) || last.Valid() != (len(want) > 0) {
			t.Fatalf("%s: first %v, last %v, want %d nodes", what, first.Valid(), last.Valid(), len(want))
		}
		if len(want) > 0 && (string(first.Member()) != want[0].member || string(last.Member()) != want[len(want)-1].member) {
			t.Fatalf("%s: from %q to %q, want %v", what, first.Member(), last.Member(), want)
		}
	}
	compare(fmt.Sprintf("%+v", sr), s.FirstInScoreRange(sr), s.LastInScoreRange(sr), s.CountInScoreRange(sr),
		func(p pair) bool { return sr.Contains(p.score) })
	if lr.MinInf || lr.MaxInf || lr.None || bytes.Compare(lr.Min, lr.Max) <= 0 {
		compare(fmt.Sprintf("%+v", lr), s.FirstInLexRange(lr), s.LastInLexRange(lr), s.CountInLexRange(lr),
			func(p pair) bool { return lr.Contains([]byte(p.member)) })
	}
}

var (
	genMember = rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 60), func(i int) string { return fmt.Sprint("m", i) }),
		rapid.StringN(0, 4, 8))
	genScore = rapid.OneOf(
		rapid.Map(rapid.IntRange(-3, 3), func(i int) float64 { return float64(i) / 2 }),
		rapid.SampledFrom([]float64{math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64}))
)

func TestAnyOperationsAgreeWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, m := newSet(rapid.Uint64().Draw(t, "seed")), model{}
		lexical := rapid.Bool().Draw(t, "equal scores")
		score := func() float64 {
			if lexical {
				return 1
			}
			return genScore.Draw(t, "score")
		}
		scoreRange := func() ScoreRange {
			return ScoreRange{
				genScore.Draw(t, "min"), genScore.Draw(t, "max"),
				rapid.Bool().Draw(t, "minEx"), rapid.Bool().Draw(t, "maxEx"),
			}
		}
		lexRange := func() LexRange {
			return LexRange{
				[]byte(genMember.Draw(t, "min")), []byte(genMember.Draw(t, "max")),
				rapid.Bool().Draw(t, "minEx"), rapid.Bool().Draw(t, "maxEx"),
				rapid.IntRange(0, 4).Draw(t, "minInf") == 0, rapid.IntRange(0, 4).Draw(t, "maxInf") == 0,
				rapid.IntRange(0, 9).Draw(t, "none") == 0,
			}
		}
		remove := func(in func(int, pair) bool) int {
			n := 0
			for i, p := range m.sorted() {
				if in(i, p) {
					delete(m, p.member)
					n++
				}
			}
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"Add": func(t *rapid.T) {
				member, sc := genMember.Draw(t, "member"), score()
				old, had := m[member]
				added, changed := s.Add([]byte(member), sc)
				if added == had || changed != (had && old != sc) {
					t.Fatalf("Add(%q, %v) = %v, %v", member, sc, added, changed)
				}
				m[member] = sc
			},
			"AddMany": func(t *rapid.T) {
				for i := range rapid.IntRange(1, 200).Draw(t, "n") {
					member := fmt.Sprint("m", i*7%100)
					sc := 1.0
					if !lexical {
						sc = float64(i % 5)
					}
					s.Add([]byte(member), sc)
					m[member] = sc
				}
			},
			"Remove": func(t *rapid.T) {
				member := genMember.Draw(t, "member")
				_, had := m[member]
				if s.Remove([]byte(member)) != had {
					t.Fatalf("Remove(%q) is not %v", member, had)
				}
				delete(m, member)
				if _, ok := s.Rank([]byte(member)); ok {
					t.Fatalf("%q has a rank after it was removed", member)
				}
			},
			"RemoveRangeByRank": func(t *rapid.T) {
				from, to := rapid.IntRange(-2, 80).Draw(t, "start"), rapid.IntRange(-2, 80).Draw(t, "stop")
				want := remove(func(i int, _ pair) bool { return i >= from && i <= to })
				if n := s.RemoveRangeByRank(from, to); n != want {
					t.Fatalf("removed %d, want %d", n, want)
				}
			},
			"RemoveRangeByScore": func(t *rapid.T) {
				r := scoreRange()
				want := remove(func(_ int, p pair) bool { return r.Contains(p.score) })
				if n := s.RemoveRangeByScore(r); n != want {
					t.Fatalf("%+v: removed %d, want %d", r, n, want)
				}
			},
			"RemoveRangeByLex": func(t *rapid.T) {
				if !lexical {
					return // has no meaning
				}
				r := lexRange()
				want := remove(func(_ int, p pair) bool { return r.Contains([]byte(p.member)) })
				if n := s.RemoveRangeByLex(r); n != want {
					t.Fatalf("%+v: removed %d, want %d", r, n, want)
				}
			},
			"": func(t *rapid.T) {
				verify(t, s, m)
				lr := LexRange{None: true}
				if lexical {
					lr = lexRange()
				}
				verifyRanges(t, s, m, scoreRange(), lr)
			},
		})
		s.Free()
		if s.arena.Used() != 0 || s.MemoryUsage() != 0 {
			t.Fatalf("Free left %d bytes", s.arena.Used())
		}
	})
}
