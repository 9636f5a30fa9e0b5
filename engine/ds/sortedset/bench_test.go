package sortedset

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"everysec/engine/ds/arena"
)

var benchSizes = []int{1_000, 100_000}

// member fills k with 16 bytes that differ by i, in no order, and returns a
// score in no order either.
func benchMember(k []byte, i int) ([]byte, float64) {
	x := uint64(i) * 0x9e3779b97f4a7c15
	binary.LittleEndian.PutUint64(k, x)
	copy(k[8:], "memberof")
	return k[:16], float64(x >> 40)
}

func filled(n int) *Set {
	s := New(arena.New(), 1, rand.New(rand.NewPCG(1, 1)))
	k := make([]byte, 16)
	for i := range n {
		s.Add(benchMember(k, i))
	}
	return s
}

func bench(b *testing.B, op func(s *Set, k []byte, i, n int)) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := filled(n)
			k := make([]byte, 16)
			i := 0
			for b.Loop() {
				op(s, k, i, n)
				i++
			}
			b.ReportMetric(float64(s.MemoryUsage())/float64(n), "B/member")
		})
	}
}

func BenchmarkAddRemove(b *testing.B) {
	bench(b, func(s *Set, k []byte, i, n int) {
		m, _ := benchMember(k, i)
		s.Remove(m)
		s.Add(benchMember(k, i+n))
	})
}

func BenchmarkAddScoreChanges(b *testing.B) {
	bench(b, func(s *Set, k []byte, i, n int) {
		m, score := benchMember(k, i%n)
		s.Add(m, score+float64(i))
	})
}

func BenchmarkScore(b *testing.B) {
	bench(b, func(s *Set, k []byte, i, n int) {
		m, _ := benchMember(k, i%n)
		s.Score(m)
	})
}

func BenchmarkRank(b *testing.B) {
	bench(b, func(s *Set, k []byte, i, n int) {
		m, _ := benchMember(k, i%n)
		s.Rank(m)
	})
}

func BenchmarkByRank(b *testing.B) {
	bench(b, func(s *Set, k []byte, i, n int) {
		s.ByRank(int(uint64(i) * 0x9e3779b97f4a7c15 >> 32 % uint64(n)))
	})
}

func BenchmarkWalk(b *testing.B) {
	bench(b, func(s *Set, k []byte, i, n int) {
		for m := s.First(); m.Valid(); m = m.Next() {
			i += int(m.Score())
		}
	})
}
