package dict

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"everysec/engine/ds/arena"
)

// key16 fills k with 16 bytes that differ by i, in no order.
func key16(k []byte, i int) []byte {
	binary.LittleEndian.PutUint64(k, uint64(i)*0x9e3779b97f4a7c15)
	copy(k[8:], "keyspace")
	return k[:16]
}

var benchSizes = []int{1_000, 100_000, 1_000_000}

func filled(n, headLen int) (*arena.Arena, *Dict) {
	a := arena.New()
	d := New(a, 1)
	k := make([]byte, 16)
	for i := range n {
		d.Insert(key16(k, i), headLen)
	}
	return a, d
}

func BenchmarkAdd(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			k := make([]byte, 16)
			d := New(arena.New(), 1)
			i := 0
			for b.Loop() {
				if i == n {
					b.StopTimer()
					d, i = New(arena.New(), 1), 0
					b.StartTimer()
				}
				d.Add(key16(k, i), 8)
				i++
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, d := filled(n, 8)
			k := make([]byte, 16)
			i := 0
			for b.Loop() {
				if d.Find(key16(k, i)) == 0 {
					b.Fatal("not found")
				}
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}

func BenchmarkAddUnlink(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, d := filled(n, 8)
			k := make([]byte, 16)
			i := 0
			for b.Loop() {
				d.Delete(key16(k, i))
				d.Add(key16(k, i+n), 8)
				i++
			}
		})
	}
}

// BenchmarkKeyspace is 1,000,000 keys of 16 B with a head of 40 B and a value
// of 100 B in a block of its own: memory for one key, the slowest single
// insertion, and a full collection.
func BenchmarkKeyspace(b *testing.B) {
	const n = 1_000_000
	var a *arena.Arena
	var d *Dict
	var slowest time.Duration
	k := make([]byte, 16)
	for b.Loop() {
		a = arena.New()
		d = New(a, 1)
		for i := range n {
			t := time.Now()
			r, _ := d.Add(key16(k, i), 40)
			*Head[arena.Ref](a, r) = a.Alloc(4 + 100)
			slowest = max(slowest, time.Since(t))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/key")
	b.ReportMetric(float64(slowest.Microseconds()), "µs-slowest")
	b.ReportMetric(float64(a.Used())/n, "B-used/key")
	b.ReportMetric(float64(a.Reserved())/n, "B-reserved/key")
	t := time.Now()
	runtime.GC()
	b.ReportMetric(float64(time.Since(t).Microseconds()), "µs-GC")
	runtime.KeepAlive(d)
}
