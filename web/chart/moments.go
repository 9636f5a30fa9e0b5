package chart

// Moments draws a run from its beginning to its end: a row for each kind of what
// happened, whose marks stand where it did. Each piece of the run says by its
// bits in which rows; colors are those of the rows. at is the piece that is
// looked at.
func Moments(m *Image, t Theme, scale float64, pieces []uint8, colors []Color, at float64) {
	m.Fill(t.Surface)
	if len(pieces) == 0 || len(colors) == 0 {
		return
	}
	px := max(int(scale+0.5), 1)
	x := func(piece float64) int { return int(piece / float64(len(pieces)) * float64(m.W)) }
	high := m.H / len(colors)
	for row, c := range colors {
		m.Rect(0, (row+1)*high-px, m.W, px, t.Rule)
		for i, bits := range pieces {
			if bits>>row&1 == 0 {
				continue
			}
			left, right := x(float64(i)), x(float64(i+1))
			if right-left > 4*px {
				right -= px // single moments are told apart
			}
			m.Rect(left, row*high+2*px, max(right-left, px), high-4*px, c)
		}
	}
	m.Rect(min(max(x(at+0.5)-px, 0), m.W-2*px), 0, 2*px, m.H, t.Ink)
}
