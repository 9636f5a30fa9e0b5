package geohash

import "math"

// Sine, cosine and arcsine to the last bit. Go's own are wrong in it now and
// then, and not in the same places as those of the C library that Redis uses,
// which rounds correctly in almost all cases. So a distance would now and then
// differ in its last digit. Here the terms that matter are summed in pairs of
// doubles, high and low, about 100 bits.

// pair is the unrounded sum of two doubles.
type pair struct{ high, low float64 }

func sum(a, b float64) pair {
	s := a + b
	t := s - a
	return pair{s, (a - (s - t)) + (b - t)}
}

func product(a, b float64) pair {
	const splitter = 1<<27 + 1
	p := a * b
	t := float64(splitter * a)
	aHigh := t - (t - a)
	aLow := a - aHigh
	t = float64(splitter * b)
	bHigh := t - (t - b)
	bLow := b - bHigh
	e := float64(aHigh*bHigh) - p
	e += float64(aHigh * bLow)
	e += float64(aLow * bHigh)
	return pair{p, e + float64(aLow*bLow)}
}

func (a pair) plus(b pair) pair {
	s := sum(a.high, b.high)
	return sum(s.high, s.low+(a.low+b.low))
}

func (a pair) times(b pair) pair {
	p := product(a.high, b.high)
	return sum(p.high, p.low+(float64(a.high*b.low)+float64(a.low*b.high)))
}

func (a pair) minus(b pair) pair { return a.plus(pair{-b.high, -b.low}) }

// inverse is 1/n.
func inverse(n float64) pair {
	q := 1 / n
	p := product(q, n)
	return pair{q, ((1 - p.high) - p.low) / n}
}

// series is the coefficients of a Taylor series in the square of its variable:
// the first in pairs, the others are small enough for one double.
type series struct {
	exact [3]pair
	rest  [8]float64
}

// alternating is 1/from! - x/(from+2)! + ...
func alternating(from int) (s series) {
	factorial := 1.0
	for i := 2; i <= from; i++ {
		factorial *= float64(i)
	}
	sign := 1.0
	for i := range len(s.exact) + len(s.rest) {
		if i < len(s.exact) {
			s.exact[i] = inverse(sign * factorial)
		} else {
			s.rest[i-len(s.exact)] = sign / factorial
		}
		factorial *= float64((from + 2*i + 1) * (from + 2*i + 2))
		sign = -sign
	}
	return s
}

var sineSeries, cosineSeries = alternating(3), alternating(2)

func (s *series) at(square pair) pair {
	rest := 0.0
	for i := len(s.rest) - 1; i >= 0; i-- {
		rest = s.rest[i] + float64(rest*square.high)
	}
	result := pair{rest, 0}
	for i := len(s.exact) - 1; i >= 0; i-- {
		result = s.exact[i].plus(result.times(square))
	}
	return result
}

// sineAndCosine are exact for angles of a few turns; others are left to Go.
func sineAndCosine(x float64) (sine, cosine pair) {
	if !(math.Abs(x) < 16) {
		return pair{math.Sin(x), 0}, pair{math.Cos(x), 0}
	}
	// Take off quarter turns: pi/2 in three parts.
	const quarter1, quarter2, quarter3 = 1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33
	n := math.RoundToEven(x * (2 / math.Pi))
	p := product(n, quarter1)
	q := product(n, quarter2)
	r := sum(x, -p.high).plus(pair{-p.low, 0}).minus(pair{q.high, q.low + float64(n*quarter3)})
	square := r.times(r)
	small := square.times(sineSeries.at(square))
	sine = r.minus(r.times(small))
	cosine = pair{1, 0}.minus(square.times(cosineSeries.at(square)))
	switch int(n) & 3 {
	case 1:
		sine, cosine = cosine, pair{-sine.high, -sine.low}
	case 2:
		sine, cosine = pair{-sine.high, -sine.low}, pair{-cosine.high, -cosine.low}
	case 3:
		sine, cosine = pair{-cosine.high, -cosine.low}, sine
	}
	return sine, cosine
}

func sin(x float64) float64 {
	s, _ := sineAndCosine(x)
	return s.high
}

func cos(x float64) float64 {
	_, c := sineAndCosine(x)
	return c.high
}

// asin takes one step of Newton's from Go's own, which is nearly right.
func asin(x float64) float64 {
	y := math.Asin(x)
	s, c := sineAndCosine(y)
	if x != x || c.high == 0 {
		return y
	}
	wrong := pair{x, 0}.minus(s)
	return sum(y, wrong.high/c.high).high
}
