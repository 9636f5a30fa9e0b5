// Package chart draws the keyspace and the event loop into plain pixels.
//
// The idea: everything is rasterised here, in Go, into one buffer that goes to
// a canvas in a single call. So a hundred thousand keys cost no more crossings
// than ten, and what is drawn can be tested without a browser. Only the names
// of keys are left to the canvas, which has fonts.
//
// Colour says how durable a key is, and never says it alone: a key in memory
// is a dashed outline, a written one is hatched, one on disk is solid, one in
// the snapshot is framed as a picture is.
package chart

// Color is opaque.
type Color struct{ R, G, B uint8 }

// Theme is what things are drawn in. State is indexed by durability, from
// "only in memory" to "in the last snapshot".
type Theme struct {
	Surface, Ink, Faint, Rule Color
	State                     [4]Color
}

// Image is opaque RGBA, as a canvas takes it.
type Image struct {
	W, H int
	Pix  []byte
}

// Resize gives the image a size and keeps its memory where it can.
func (m *Image) Resize(w, h int) {
	m.W, m.H = max(w, 0), max(h, 0)
	if n := m.W * m.H * 4; n <= cap(m.Pix) {
		m.Pix = m.Pix[:n]
	} else {
		m.Pix = make([]byte, n)
	}
}

// Fill covers everything.
func (m *Image) Fill(c Color) {
	if len(m.Pix) == 0 {
		return
	}
	m.Pix[0], m.Pix[1], m.Pix[2], m.Pix[3] = c.R, c.G, c.B, 255
	for n := 4; n < len(m.Pix); n *= 2 {
		copy(m.Pix[n:], m.Pix[:n])
	}
}

// Rect covers a rectangle; what lies outside the image is left out.
func (m *Image) Rect(x, y, w, h int, c Color) {
	x0, y0, x1, y1 := max(x, 0), max(y, 0), min(x+w, m.W), min(y+h, m.H)
	for ; y0 < y1; y0++ {
		row := m.Pix[(y0*m.W+x0)*4 : max(y0*m.W+x1, y0*m.W+x0)*4]
		for i := 0; i+3 < len(row); i += 4 {
			row[i], row[i+1], row[i+2] = c.R, c.G, c.B
		}
	}
}

// Frame draws a rectangle's border inwards.
func (m *Image) Frame(x, y, w, h, thick int, c Color) {
	m.Rect(x, y, w, thick, c)
	m.Rect(x, y+h-thick, w, thick, c)
	m.Rect(x, y, thick, h, c)
	m.Rect(x+w-thick, y, thick, h, c)
}

// Mix is a on the way to b; t from 0 to 1.
func Mix(a, b Color, t float64) Color {
	at := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t + 0.5) }
	return Color{at(a.R, b.R), at(a.G, b.G), at(a.B, b.B)}
}

// ParseColor reads "#rgb" and "#rrggbb"; anything else is black.
func ParseColor(s string) Color {
	digit := func(c byte) uint8 {
		switch {
		case '0' <= c && c <= '9':
			return c - '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			return c | 0x20 - 'a' + 10
		}
		return 0
	}
	for len(s) > 0 && (s[0] == ' ' || s[0] == '#') {
		s = s[1:]
	}
	switch {
	case len(s) >= 6:
		return Color{digit(s[0])<<4 | digit(s[1]), digit(s[2])<<4 | digit(s[3]), digit(s[4])<<4 | digit(s[5])}
	case len(s) >= 3:
		return Color{digit(s[0]) * 17, digit(s[1]) * 17, digit(s[2]) * 17}
	}
	return Color{}
}
