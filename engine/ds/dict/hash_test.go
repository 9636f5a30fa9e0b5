package dict

import (
	"bytes"
	"math/bits"
	"testing"
)

func TestHashOfEveryLengthDependsOnEveryBit(t *testing.T) {
	h := newHasher(42)
	for n := range 70 {
		k := bytes.Repeat([]byte{'x'}, n)
		was := h.sum(k)
		flipped := 0
		for bit := range n * 8 {
			k[bit/8] ^= 1 << (bit % 8)
			changed := bits.OnesCount32(h.sum(k) ^ was)
			if changed == 0 {
				t.Errorf("length %d: bit %d makes no difference", n, bit)
			}
			flipped += changed
			k[bit/8] ^= 1 << (bit % 8)
		}
		if mean := float64(flipped) / float64(max(n*8, 1)); n > 0 && (mean < 14 || mean > 18) {
			t.Errorf("length %d: one bit changes %v bits of 32", n, mean)
		}
		if longer := h.sum(append(k, 0)); longer == was {
			t.Errorf("length %d: a zero at the end makes no difference", n)
		}
	}
}

// The order of SCAN in a recorded run depends on these.
func TestHashStaysTheSame(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		key  string
		want uint32
	}{
		{0, "", 0x331ccf92},
		{0, "a", 0x7785de18},
		{1, "user:1000", 0x81b85464},
		{1, "a key of sixteen", 0x2622ce7a},
		{1 << 63, "a key that is longer than thirty-two bytes", 0xb10f9f0c},
	} {
		h := newHasher(c.seed)
		if got := h.sum([]byte(c.key)); got != c.want {
			t.Errorf("{%d, %q, %#x},", c.seed, c.key, got)
		}
	}
}

func TestSimilarKeysSpread(t *testing.T) {
	const buckets, keys = 1 << 12, 1 << 16
	for seed := range uint64(3) {
		h := newHasher(seed)
		var count [buckets]int
		for i := range keys {
			count[h.sum(key(i))%buckets]++
		}
		chi := 0.0
		for _, c := range count {
			chi += float64((c-keys/buckets)*(c-keys/buckets)) / (keys / buckets)
		}
		// The mean is buckets-1, its deviation about sqrt(2*buckets) = 90.
		if chi < buckets-500 || chi > buckets+500 {
			t.Errorf("seed %d: chi squared is %v for %d buckets", seed, chi, buckets)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	h := newHasher(1)
	k := []byte("a key of sixteen")
	var sum uint32
	for b.Loop() {
		sum += h.sum(k)
	}
	_ = sum
}
