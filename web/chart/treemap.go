package chart

// Squarify divides a rectangle among weights, which come in falling order, so
// that each part's area is its weight's share and its sides differ little
// (Bruls, Huizing, van Wijk: Squarified Treemaps). place gets the parts in order.
func Squarify(weights []float64, x, y, w, h float64, place func(i int, x, y, w, h float64)) {
	total := 0.0
	for _, v := range weights {
		total += v
	}
	if total <= 0 || w <= 0 || h <= 0 {
		return
	}
	area := w * h / total // of a weight of 1
	for i := 0; i < len(weights); {
		// A row lies along the shorter side, and takes more parts for as long as
		// its worst one becomes squarer.
		side := min(w, h)
		sum, n, worst := 0.0, 0, 0.0
		for i+n < len(weights) {
			v := weights[i+n] * area
			s := sum + v
			largest, smallest := weights[i]*area, v
			ratio := max(side*side*largest/(s*s), s*s/(side*side*max(smallest, 1e-9)))
			if n > 0 && ratio > worst {
				break
			}
			sum, worst, n = s, ratio, n+1
		}
		depth := sum / side
		at := 0.0
		for k := range n {
			length := weights[i+k] * area / depth
			if w >= h {
				place(i+k, x, y+at, depth, length)
			} else {
				place(i+k, x+at, y, length, depth)
			}
			at += length
		}
		if w >= h {
			x, w = x+depth, w-depth
		} else {
			y, h = y+depth, h-depth
		}
		i += n
	}
}

// Block covers a rectangle with the sign of a state.
func (m *Image) Block(t Theme, x, y, w, h, thick, state int, mark bool) {
	c := t.State[min(max(state, 0), 3)]
	dash := 4 * thick
	switch {
	case w <= 2*thick || h <= 2*thick:
		m.Rect(x, y, w, h, c)
	case state == 0:
		m.Rect(x, y, w, h, Mix(t.Surface, c, 0.06))
		for at := 0; at < max(w, h); at += 2 * dash {
			across, down := min(dash, w-at), min(dash, h-at)
			m.Rect(x+at, y, across, thick, c)
			m.Rect(x+at, y+h-thick, across, thick, c)
			m.Rect(x, y+at, thick, down, c)
			m.Rect(x+w-thick, y+at, thick, down, c)
		}
	case state == 1:
		m.Rect(x, y, w, h, Mix(t.Surface, c, 0.1))
		for row := range h {
			for at := -(x + y + row) % dash; at < w; at += dash {
				from := max(at, 0)
				m.Rect(x+from, y+row, min(at+dash/2, w)-from, 1, c)
			}
		}
		m.Frame(x, y, w, h, thick, c)
	default:
		m.Rect(x, y, w, h, c)
		if state == 3 {
			m.Frame(x+thick, y+thick, w-2*thick, h-2*thick, thick, t.Surface)
		}
	}
	if mark {
		m.Frame(x, y, w, h, 2*thick, t.Ink)
	}
}
