package sortedset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"everysec/engine/ds/arena"
)

func members(from Node) string {
	var all []string
	for n := from; n.Valid(); n = n.Next() {
		all = append(all, string(n.Member()))
	}
	return strings.Join(all, " ")
}

func TestAddTellsWhatItDid(t *testing.T) {
	s := newSet(1)
	for _, c := range []struct {
		member         string
		score          float64
		added, changed bool
		order          string
	}{
		{"b", 1, true, false, "b"},
		{"a", 1, true, false, "a b"},
		{"c", 0, true, false, "c a b"},
		{"c", 0, false, false, "c a b"},
		{"c", 0.5, false, true, "c a b"},
		{"c", 1, false, true, "a b c"},
		{"a", math.Inf(1), false, true, "b c a"},
		{"", math.Inf(1), true, false, "b c  a"},
		{"b", math.Inf(-1), false, true, "b c  a"},
		{"z", math.Copysign(0, -1), true, false, "b z c  a"},
		{"y", 0, true, false, "b y z c  a"},
		{"z", 0, false, false, "b y z c  a"},
	} {
		added, changed := s.Add([]byte(c.member), c.score)
		if added != c.added || changed != c.changed || members(s.First()) != c.order {
			t.Errorf("Add(%q, %v) = %v, %v, then %q; want %v, %v, %q",
				c.member, c.score, added, changed, members(s.First()), c.added, c.changed, c.order)
		}
	}
}

func TestEqualScoresAreInOrderOfBytes(t *testing.T) {
	s := newSet(1)
	for _, m := range []string{"b", "a", "aa", "B", "\xff", "a\x00", "", "é"} {
		s.Add([]byte(m), 5)
	}
	if got, want := members(s.First()), " B a a\x00 aa b é \xff"; got != want {
		t.Errorf("order is %q, want %q", got, want)
	}
}

func TestScoreRanges(t *testing.T) {
	s := newSet(1)
	for m, score := range map[string]float64{"a": 1, "b": 2, "c": 2, "d": 3, "i": math.Inf(1), "j": math.Inf(-1)} {
		s.Add([]byte(m), score)
	}
	inf := math.Inf(1)
	for _, c := range []struct {
		r           ScoreRange
		first, last string // "" for none
		count       int
	}{
		{ScoreRange{Min: 1, Max: 3}, "a", "d", 4},
		{ScoreRange{Min: 1, Max: 3, MinEx: true}, "b", "d", 3},
		{ScoreRange{Min: 1, Max: 3, MaxEx: true}, "a", "c", 3},
		{ScoreRange{Min: 1, Max: 3, MinEx: true, MaxEx: true}, "b", "c", 2},
		{ScoreRange{Min: 2, Max: 2}, "b", "c", 2},
		{ScoreRange{Min: 2, Max: 2, MinEx: true}, "", "", 0},
		{ScoreRange{Min: 2, Max: 2, MaxEx: true}, "", "", 0},
		{ScoreRange{Min: 3, Max: 1}, "", "", 0},
		{ScoreRange{Min: 2.1, Max: 2.9}, "", "", 0},
		{ScoreRange{Min: 100, Max: 200}, "", "", 0},
		{ScoreRange{Min: -200, Max: -100}, "", "", 0},
		{ScoreRange{Min: -inf, Max: inf}, "j", "i", 6},
		{ScoreRange{Min: -inf, Max: inf, MinEx: true, MaxEx: true}, "a", "d", 4},
		{ScoreRange{Min: inf, Max: inf}, "i", "i", 1},
		{ScoreRange{Min: -inf, Max: -inf}, "j", "j", 1},
		{ScoreRange{Min: 3, Max: inf, MinEx: true}, "i", "i", 1},
	} {
		first, last := s.FirstInScoreRange(c.r), s.LastInScoreRange(c.r)
		if name(first) != c.first || name(last) != c.last || s.CountInScoreRange(c.r) != c.count {
			t.Errorf("%+v: %q to %q, %d; want %q to %q, %d", c.r, name(first), name(last), s.CountInScoreRange(c.r), c.first, c.last, c.count)
		}
		if c.count > 0 && c.r.Empty() {
			t.Errorf("%+v is Empty", c.r)
		}
	}
}

func name(n Node) string {
	if !n.Valid() {
		return ""
	}
	return string(n.Member())
}

func TestLexRanges(t *testing.T) {
	s := newSet(1)
	for _, m := range strings.Fields("a b bb c d") {
		s.Add([]byte(m), 0)
	}
	for _, c := range []struct {
		r           LexRange
		first, last string
		count       int
	}{
		{LexRange{MinInf: true, MaxInf: true}, "a", "d", 5},
		{LexRange{Min: []byte("b"), MaxInf: true}, "b", "d", 4},
		{LexRange{Min: []byte("b"), MinEx: true, MaxInf: true}, "bb", "d", 3},
		{LexRange{MinInf: true, Max: []byte("c")}, "a", "c", 4},
		{LexRange{MinInf: true, Max: []byte("c"), MaxEx: true}, "a", "bb", 3},
		{LexRange{Min: []byte("ba"), Max: []byte("bz")}, "bb", "bb", 1},
		{LexRange{Min: []byte("b"), Max: []byte("b")}, "b", "b", 1},
		{LexRange{Min: []byte("b"), Max: []byte("b"), MaxEx: true}, "", "", 0},
		{LexRange{Min: []byte("c"), Max: []byte("b")}, "", "", 0},
		{LexRange{Min: []byte("z"), MaxInf: true}, "", "", 0},
		{LexRange{MinInf: true, Max: []byte("")}, "", "", 0},
		{LexRange{MinInf: true, MaxInf: true, None: true}, "", "", 0},
	} {
		first, last := s.FirstInLexRange(c.r), s.LastInLexRange(c.r)
		if name(first) != c.first || name(last) != c.last || s.CountInLexRange(c.r) != c.count {
			t.Errorf("%+v: %q to %q, %d; want %q to %q, %d", c.r, name(first), name(last), s.CountInLexRange(c.r), c.first, c.last, c.count)
		}
		if c.count > 0 && c.r.Empty() {
			t.Errorf("%+v is Empty", c.r)
		}
	}
}

func TestAnEmptySet(t *testing.T) {
	s := newSet(1)
	all := ScoreRange{Min: math.Inf(-1), Max: math.Inf(1)}
	for what, n := range map[string]Node{
		"First": s.First(), "Last": s.Last(), "ByRank": s.ByRank(0), "Find": s.Find([]byte("a")),
		"FirstInScoreRange": s.FirstInScoreRange(all), "LastInScoreRange": s.LastInScoreRange(all),
		"FirstInLexRange": s.FirstInLexRange(LexRange{MinInf: true, MaxInf: true}),
		"Random":          s.Random(rand.New(rand.NewPCG(1, 1))),
	} {
		if n.Valid() {
			t.Errorf("%s found a node", what)
		}
	}
	if s.Remove([]byte("a")) || s.RemoveRangeByRank(0, 10) != 0 || s.RemoveRangeByScore(all) != 0 {
		t.Error("something was removed")
	}
}

func TestWalkBackwards(t *testing.T) {
	s := newSet(1)
	for i := range 1000 {
		s.Add(fmt.Append(nil, i), float64(i*7919%1000))
	}
	want := 999.0
	for n := s.Last(); n.Valid(); n = n.Prev() {
		if n.Score() != want {
			t.Fatalf("score %v, want %v", n.Score(), want)
		}
		want--
	}
	if want != -1 {
		t.Errorf("ended at %v", want)
	}
}

func TestLevelsAreAPowerOfFourRarer(t *testing.T) {
	s := newSet(3)
	const n = 1 << 18
	var atLeast [maxLevel + 2]int
	for range n {
		for i := range s.randomLevel() {
			atLeast[i+1]++
		}
	}
	for level, want := 1, n; want > 100; level, want = level+1, want/4 {
		deviation := 6 * math.Sqrt(float64(want))
		if math.Abs(float64(atLeast[level]-want)) > deviation {
			t.Errorf("%d nodes have level %d or more, want about %d", atLeast[level], level, want)
		}
	}
}

// A source that makes every level the highest.
type zeros struct{}

func (zeros) Uint64() uint64 { return 0 }

func TestHighestLevels(t *testing.T) {
	s, m := New(arena.New(), 1, rand.New(zeros{})), model{}
	for i := range 50 {
		member := fmt.Sprint(i * 31 % 50)
		s.Add([]byte(member), float64(i%7))
		m[member] = float64(i % 7)
	}
	if s.level != maxLevel {
		t.Fatalf("level is %d", s.level)
	}
	verify(t, s, m)
	for member := range m {
		s.Remove([]byte(member))
	}
	verify(t, s, model{})
	if s.level != 1 {
		t.Errorf("an empty set has level %d", s.level)
	}
}

func TestRandomIsFair(t *testing.T) {
	s := newSet(1)
	for i := range 500 {
		s.Add(fmt.Append(nil, i), 0)
	}
	random := rand.New(rand.NewPCG(1, 2))
	const mean = 400
	count := map[string]int{}
	for range mean * 500 {
		count[string(s.Random(random).Member())]++
	}
	for i := range 500 {
		if c := count[fmt.Sprint(i)]; c < mean-120 || c > mean+120 { // six deviations
			t.Errorf("%d picked %d times, mean %d", i, c, mean)
		}
	}
}

func TestScanVisitsAllWhileScoresChange(t *testing.T) {
	s := newSet(1)
	for i := range 2000 {
		s.Add(fmt.Append(nil, i), 0)
	}
	seen := map[string]bool{}
	for cursor, i := uint64(0), 0; ; i++ {
		cursor = s.Scan(cursor, func(n Node) { seen[string(n.Member())] = true })
		s.Add(fmt.Append(nil, i), float64(i))
		s.Add(fmt.Append(nil, "new", i), float64(i))
		if cursor == 0 {
			break
		}
	}
	for i := range 2000 {
		if !seen[fmt.Sprint(i)] {
			t.Errorf("%d was not visited", i)
		}
	}
}

func TestFreeSome(t *testing.T) {
	for _, slice := range []int{1, 100, 10_000} {
		s := newSet(1)
		for i := range 3000 {
			s.Add(fmt.Append(nil, i), float64(i))
		}
		steps := 1
		for s.FreeSome(slice) {
			steps++
		}
		if s.arena.Used() != 0 || s.MemoryUsage() != 0 {
			t.Errorf("slices of %d left %d bytes, %d by its own account", slice, s.arena.Used(), s.MemoryUsage())
		}
		if steps < min(3000/slice/5, 100) {
			t.Errorf("slices of %d were only %d", slice, steps)
		}
	}
}

func FuzzOperations(f *testing.F) {
	f.Add(uint64(0), []byte("add some, \xa0remove others\xd0\xe0\xf0"))
	f.Add(uint64(9), []byte{1, 2, 3, 4, 200, 10, 60, 7, 210, 0, 230, 9})
	f.Fuzz(func(t *testing.T, seed uint64, ops []byte) {
		s, m := newSet(seed), model{}
		for i := 0; i+1 < len(ops) && i < 400; i += 2 {
			op, arg := ops[i], int(ops[i+1])
			member := fmt.Sprint(op % 40)
			switch {
			case op < 160:
				s.Add([]byte(member), float64(arg%16))
				m[member] = float64(arg % 16)
			case op < 200:
				s.Remove([]byte(member))
				delete(m, member)
			case op < 220:
				for i, p := range m.sorted() {
					if i >= arg%32 && i <= arg/32+arg%32 {
						delete(m, p.member)
					}
				}
				s.RemoveRangeByRank(arg%32, arg/32+arg%32)
			case op < 240:
				r := ScoreRange{float64(arg % 16), float64(arg / 16), op%2 == 0, op%3 == 0}
				verifyRanges(t, s, m, r, LexRange{None: true})
				s.RemoveRangeByScore(r)
				for member, score := range m {
					if r.Contains(score) {
						delete(m, member)
					}
				}
			default:
				verify(t, s, m)
			}
		}
		verify(t, s, m)
	})
}
