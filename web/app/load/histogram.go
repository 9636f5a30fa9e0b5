package load

import "math/bits"

// histogram counts microseconds in buckets whose width grows with the value, as
// an HDR histogram does: below 64 each value has its own, above there are 32 to
// each power of two. What is read from it is the upper end of a bucket, so it
// is never too small, and too large by less than a 32nd (3.1 percent).
type histogram struct {
	counts [(powers + 2) * perPower]uint32
	n      int64
	most   int64 // exact
}

const (
	perPower = 32
	powers   = 21 // above the first 64: up to 134 seconds, and what is longer counts as that
)

func (h *histogram) add(micros int64) {
	micros = max(micros, 0)
	h.counts[bucket(micros)]++
	h.n++
	h.most = max(h.most, micros)
}

func bucket(v int64) int {
	v = min(v, int64(2*perPower)<<powers-1)
	shift := max(bits.Len64(uint64(v))-bits.Len64(2*perPower-1), 0)
	return shift*perPower + int(v>>shift)
}

// upper is the greatest value that falls into a bucket.
func upper(b int) int64 {
	shift := max(b/perPower-1, 0)
	return int64(b-shift*perPower+1)<<shift - 1
}

// quantile is the least value that at least a part q of all do not exceed, if
// more of them, still unanswered, had the value soFar.
func (h *histogram) quantile(q float64, more, soFar int64) int64 {
	all := h.n + more
	if all == 0 {
		return 0
	}
	rank := max(int64(q*float64(all)+0.999999), 1)
	seen, waiting := int64(0), bucket(max(soFar, 0))
	for b := range h.counts {
		seen += int64(h.counts[b])
		if b == waiting {
			seen += more
		}
		if seen >= rank {
			return min(upper(b), max(h.most, soFar))
		}
	}
	return max(h.most, soFar)
}
