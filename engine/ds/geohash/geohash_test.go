package geohash

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestKnownPlaces(t *testing.T) {
	palermo, catania := Point{13.361389, 38.115556}, Point{15.087269, 37.502669}
	for _, test := range []struct {
		p     Point
		score uint64
		hash  string
	}{
		{palermo, 3479099956230698, "sqc8b49rny0"},
		{catania, 3479447370796909, "sqdtr74hyu0"},
	} {
		c := Encode(test.p, MaxSteps)
		if c.Score() != test.score {
			t.Errorf("%v: score %d, want %d", test.p, c.Score(), test.score)
		}
		if got := string(FromScore(float64(test.score)).Center().AppendString(nil)); got != test.hash {
			t.Errorf("%v: %s, want %s", test.p, got, test.hash)
		}
	}
	if d := Distance(FromScore(3479099956230698).Center(), FromScore(3479447370796909).Center()); math.Abs(d-166274.1516) > 0.0001 {
		t.Errorf("distance %f", d)
	}
}

// A point lies in its cell, and every point of a shape in one of its cells.
func TestCellsCoverTheShape(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	point := func() Point { return Point{r.Float64()*360 - 180, r.Float64()*170 - 85} }
	found := 0
	for range 3000 {
		s := Shape{Center: point(), Radius: math.Pow(10, r.Float64()*6), Unit: 1}
		s.Center.Latitude *= 0.75 // near a pole a circle is more than nine cells
		if r.IntN(2) == 0 {
			s = Shape{Center: s.Center, Box: true, Width: s.Radius, Height: s.Radius * r.Float64(), Unit: 1}
		}
		cells := s.Cells()
		for range 50 {
			p := point()
			if r.IntN(2) == 0 {
				size := math.Max(s.Radius, s.Width) / 111000
				p = Point{s.Center.Longitude + (r.Float64()*2-1)*size, s.Center.Latitude + (r.Float64()*2-1)*size}
			}
			if !p.Valid() {
				continue
			}
			score := Encode(p, MaxSteps).Score()
			p = FromScore(float64(score)).Center()
			d, inside := s.Contains(p)
			if rough := roughly(s.Center, p); inside && math.Abs(d-rough) > 1e-6 {
				t.Fatalf("distance %g, roughly %g", d, rough)
			}
			if !inside || s.Center.Longitude+d/50000 > 180 || s.Center.Longitude-d/50000 < -180 {
				continue
			}
			found++
			covered := false
			for _, c := range cells {
				covered = covered || c.Score() <= score && score < c.EndScore()
			}
			if !covered {
				t.Fatalf("%+v: %v, %g m away, lies in none of its cells", s, p, d)
			}
		}
	}
	if found < 10000 {
		t.Errorf("only %d points lay inside", found)
	}
}

// exactSine is the Taylor series in big floats.
func exactSine(x float64) float64 {
	f := new(big.Float).SetPrec(400).SetFloat64(x)
	square := new(big.Float).Mul(f, f)
	term, sum := new(big.Float).Copy(f), new(big.Float).Copy(f)
	for i := int64(2); i < 120; i += 2 {
		term.Mul(term, square).Quo(term, new(big.Float).SetInt64(-i*(i+1)))
		sum.Add(sum, term)
	}
	v, _ := sum.Float64()
	return v
}

func TestSineIsRoundedCorrectly(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		x := (r.Float64()*2 - 1) * math.Pow(10, r.Float64()*8-7)
		if got, want := sin(x), exactSine(x); got != want {
			t.Fatalf("sin(%g) = %g, want %g", x, got, want)
		}
		// The arcsine leads back: no neighbour of it has a nearer sine.
		if math.Abs(x) < 1 {
			y := asin(x)
			off := func(y float64) float64 {
				s, _ := sineAndCosine(y)
				d := pair{x, 0}.minus(s)
				return math.Abs(d.high)
			}
			if off(math.Nextafter(y, 9)) < off(y) || off(math.Nextafter(y, -9)) < off(y) {
				t.Fatalf("asin(%g) = %g is not the nearest", x, y)
			}
		}
		if c := cos(x); math.Abs(c-math.Cos(x)) > 1e-15 {
			t.Fatalf("cos(%g) = %g", x, c)
		}
	}
}

func BenchmarkDistance(b *testing.B) {
	p, q := Point{13.361389, 38.115556}, Point{15.087269, 37.502669}
	for b.Loop() {
		Distance(p, q)
	}
}
