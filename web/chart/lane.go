package chart

import "math"

// Run is one command on the thread. Times are microseconds. One without a
// Duration only waited: what it did is in another.
type Run struct {
	Start, Duration, Waited int64
	Marked                  bool
}

// Lane draws what the one thread did from one moment to another: a block for
// each command, as wide as it was long (but at least a pixel, so that it can
// be seen) and the higher the longer it was, on a scale of powers of ten from
// a microsecond to ten seconds. Above, hatched, stand the clients that had to
// wait for their turn, a row for each.
func Lane(m *Image, t Theme, scale float64, from, to int64, runs []Run) {
	m.Fill(t.Surface)
	if to <= from || m.W == 0 {
		return
	}
	px := max(int(scale+0.5), 1)
	queue := m.H * 2 / 5 // room for those that wait
	floor := m.H - px
	m.Rect(0, floor, m.W, px, t.Rule)
	x := func(at int64) int { return int(float64(at-from) / float64(to-from) * float64(m.W)) }
	for second := (from/1_000_000 + 1) * 1_000_000; second < to; second += 1_000_000 {
		m.Rect(x(second), floor-4*px, px, 4*px, t.Rule)
	}
	room := float64(floor - queue)
	for i := range runs {
		r := &runs[i]
		if r.Duration <= 0 || r.Start+r.Duration < from || r.Start > to {
			continue
		}
		left := x(r.Start)
		width := max(x(r.Start+r.Duration)-left, px)
		height := max(int(room*math.Log10(float64(max(r.Duration, 1)))/7), 2*px)
		c := t.Faint
		if r.Duration >= 1000 {
			c = t.Ink
		}
		m.Rect(left, floor-height, width, height, c)
		if r.Marked {
			m.Frame(left-3*px, queue, width+6*px, m.H-queue, 2*px, t.Ink)
		}
	}
	// Those who wait at the same time lie in different rows, lower ones first.
	var ends [16]int // right end of the newest bar in each row
	var waits []wait
	rows := 1
	for i := range runs {
		r := &runs[i]
		if r.Waited < 1000 || r.Start < from {
			continue
		}
		w := wait{left: x(r.Start - r.Waited), right: x(r.Start)}
		for w.row < len(ends)-1 && ends[w.row] > w.left {
			w.row++
		}
		ends[w.row] = w.right + px
		rows = max(rows, w.row+1)
		waits = append(waits, w)
	}
	pitch := min(max(queue/rows, 2*px), 6*px)
	for _, w := range waits {
		y := queue - (w.row+1)*pitch
		if y < 0 {
			continue
		}
		for col := max(w.left, 0); col < max(w.right, w.left+px); col++ {
			if (col/px)%3 != 2 {
				m.Rect(col, y, 1, max(pitch-2*px, px), t.Ink)
			}
		}
	}
}

// wait is a client that waits for its turn.
type wait struct{ left, right, row int }

// RunAt is the run under a point, or near it: the longest of them, as it hides
// the others. It is -1 if there is none.
func RunAt(x, w int, scale float64, from, to int64, runs []Run) int {
	best, near := -1, int64(5*scale*float64(to-from)/float64(max(w, 1)))
	at := from + int64(float64(x)/float64(max(w, 1))*float64(to-from))
	for i := range runs {
		r := &runs[i]
		if r.Duration > 0 && r.Start-near <= at && at <= r.Start+r.Duration+near && (best < 0 || r.Duration >= runs[best].Duration) {
			best = i
		}
	}
	return best
}
