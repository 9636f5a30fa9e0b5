package hyperloglog

import "math"

// The estimate, after Otmar Ertl, "New cardinality estimation algorithms for
// HyperLogLog sketches" (2017): it needs only how often each value occurs and
// no table of corrections. Sums are rounded in the order in which Redis rounds
// them (the conversions keep a compiler from fusing a product with a sum), so
// that both say the same number.

// histogram counts the registers of each value.
type histogram [1 << width]int

// Count estimates how many distinct elements were counted in. ok is false when
// h is corrupted.
func (h HyperLogLog) Count() (n uint64, ok bool) {
	var counts histogram
	if h.Dense() {
		for i := range registers {
			counts[h.register(i)]++
		}
		return counts.estimate(), true
	}
	set := 0
	if !h.walk(func(_, n int, value byte) {
		counts[value] += n
		set += n
	}) {
		return 0, false
	}
	counts[0] = registers - set
	return counts.estimate(), true
}

// Count is the estimate for a union.
func (r *Registers) Count() uint64 {
	var counts histogram
	for _, value := range r {
		counts[value&(1<<width-1)]++
	}
	return counts.estimate()
}

func (counts *histogram) estimate() uint64 {
	const m, alpha = float64(registers), 0.721347520444481703680 // 1 / (2 ln 2)
	z := m * tau((m-float64(counts[hashBits+1]))/m)
	for j := hashBits; j >= 1; j-- {
		z = (z + float64(counts[j])) * 0.5
	}
	z += float64(m * sigma(float64(counts[0])/m))
	return uint64(math.Round(float64(float64(alpha*m)*m) / z))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += float64(x * y)
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= float64(float64((1-x)*(1-x)) * y)
		if z == before {
			return z / 3
		}
	}
}
