package chart

import "math"

// Latency is how long commands waited that were due in one interval, in
// microseconds.
type Latency struct {
	At                  int64
	P50, P99, P999, Max int64
	Unserved            bool // some had no server
}

// Axes are where a chart of latencies lies on its image: time from left to
// right, and latency upwards on a scale of powers of ten.
type Axes struct {
	From, To                 int64 // microseconds
	Left, Right, Top, Bottom int   // the edges of the plot, in pixels
}

// The range of the scale.
const (
	leastLatency = 10
	mostLatency  = 10_000_000
)

// Decades are the latencies that have a line, and what is written beside it.
var Decades = []struct {
	Micros int64
	Name   string
}{{100, "100 µs"}, {1000, "1 ms"}, {10_000, "10 ms"}, {100_000, "100 ms"}, {1_000_000, "1 s"}, {10_000_000, "10 s"}}

// X is where a moment lies.
func (a Axes) X(at int64) int {
	return a.Left + int(float64(at-a.From)/float64(max(a.To-a.From, 1))*float64(a.Right-a.Left))
}

// Y is where a latency lies.
func (a Axes) Y(micros int64) int {
	v := float64(min(max(micros, leastLatency), mostLatency))
	return a.Bottom - int(math.Log10(v/leastLatency)/math.Log10(mostLatency/leastLatency)*float64(a.Bottom-a.Top)+0.5)
}

// Stretch is a time that is set off.
type Stretch struct{ From, To int64 }

// Latencies draws intervals of the given length: a band from the median to the
// longest, in it the 99th percentile as a thin line and the 99.9th as a dotted
// one, and the median as a thick line. Walls are hatched from top to bottom.
// Nothing says something by its colour.
func Latencies(m *Image, t Theme, scale float64, a Axes, interval int64, points []Latency, walls []Stretch) {
	m.Fill(t.Surface)
	if a.Right <= a.Left || a.Bottom <= a.Top {
		return
	}
	px := max(int(scale+0.5), 1)
	clip := func(x int) int { return min(max(x, a.Left), a.Right) }
	for _, w := range walls {
		left := clip(a.X(w.From))
		right := clip(max(a.X(w.To), a.X(w.From)+2*px))
		for x := left; x < right; x++ {
			for y := a.Top; y < a.Bottom; y++ {
				if (x+y)/px%6 == 0 {
					m.Rect(x, y, 1, 1, t.Rule)
				}
			}
		}
		if right > left {
			m.Rect(left, a.Top, px, a.Bottom-a.Top, t.Faint)
		}
	}
	for _, d := range Decades {
		m.Rect(a.Left, a.Y(d.Micros), a.Right-a.Left, px, t.Rule)
	}
	for at := (a.From/10_000_000 + 1) * 10_000_000; at < a.To; at += 10_000_000 {
		m.Rect(a.X(at), a.Top, px, a.Bottom-a.Top, t.Rule)
	}
	band, line := Mix(t.Surface, t.Ink, 0.16), Mix(t.Surface, t.Ink, 0.62)
	for _, p := range points {
		left, right := clip(a.X(p.At)), clip(a.X(p.At+interval))
		if p.At < a.From {
			continue
		}
		right = max(right, left+1)
		if p.Max > 0 {
			top, bottom := a.Y(p.Max), a.Y(p.P50)
			m.Rect(left, top, right-left, bottom-top, band)
			m.Rect(left, top, right-left, px, Mix(t.Surface, t.Ink, 0.35))
		}
		if p.Unserved {
			m.Rect(left, a.Bottom+px, right-left, 4*px, t.Ink)
		}
	}
	for i, p := range points {
		if p.At < a.From || p.Max == 0 {
			continue
		}
		left, right := clip(a.X(p.At)), max(clip(a.X(p.At+interval)), clip(a.X(p.At))+1)
		m.Rect(left, a.Y(p.P99), right-left, px, line)
		if i%2 == 0 {
			m.Rect(left, a.Y(p.P999), right-left, px, t.Ink)
		}
		m.Rect(left, a.Y(p.P50)-px/2, right-left, 2*px, t.Ink)
		if i == 0 || points[i-1].At+interval != p.At {
			continue
		}
		top, bottom := a.Y(max(points[i-1].P50, p.P50)), a.Y(min(points[i-1].P50, p.P50))
		m.Rect(left, top, px, bottom-top, t.Ink)
	}
	m.Rect(a.Left, a.Bottom, a.Right-a.Left, px, t.Faint)
}
