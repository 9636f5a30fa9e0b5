package bitmaps

import (
	"math/rand/v2"
	"testing"
)

// What eight bytes at a time find must be what one bit at a time finds.
func TestWordsAgreeWithBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	bitAt := func(b []byte, i int64) byte { return b[i>>3] >> (7 - i&7) & 1 }
	for range 20000 {
		b := make([]byte, 1+r.IntN(40))
		for i := range b {
			switch r.IntN(4) {
			case 0:
				b[i] = byte(r.Uint32())
			case 1, 2:
				b[i] = 0xff
			}
		}
		from := r.Int64N(int64(len(b))*8 + 1)
		to := from + r.Int64N(int64(len(b))*8-from+1)
		ones, first := int64(0), [2]int64{-1, -1}
		for i := from; i < to; i++ {
			ones += int64(bitAt(b, i))
			if x := bitAt(b, i); first[x] < 0 {
				first[x] = i
			}
		}
		if got := count(b, from, to); got != ones {
			t.Fatalf("%x from %d to %d: %d bits set, want %d", b, from, to, got, ones)
		}
		for bit := range byte(2) {
			if got := find(b, from, to, bit); got != first[bit] {
				t.Fatalf("%x from %d to %d: first %d at %d, want %d", b, from, to, bit, got, first[bit])
			}
		}
	}
}

func BenchmarkCount(b *testing.B) {
	bytes := make([]byte, 1<<20)
	b.SetBytes(int64(len(bytes)))
	for b.Loop() {
		count(bytes, 3, int64(len(bytes))*8-3)
	}
}
