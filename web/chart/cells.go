package chart

import "math"

// Shape is the type of a key.
type Shape uint8

// The shapes, each with the letter of its type's commands.
const (
	String    Shape = iota // square, a quote
	List                   // three bars, L
	Hash                   // hexagon, H
	Set                    // circle, S
	SortedSet              // triangle, Z
	Stream                 // arrow, X
)

// Cell is one key.
type Cell struct {
	Shape Shape
	State int     // index into Theme.State
	Size  float64 // 0 to 1, of the memory it takes
	Life  float64 // what is left of its time to live; 1 when it never expires
	Gone  float64 // 0: alive; to 1: how far it has faded
	Empty bool    // nobody lives here
	Mark  bool    // selected
}

// Painter draws cells. It keeps the shapes that it has drawn before, for one
// theme, and how each cell of the image looks, so that a drawing touches only
// what has changed.
type Painter struct {
	theme   Theme
	sprites map[spriteKey]*sprite
	grid    Grid
	w, h    int
	looks   []uint64 // of each cell, as look gives it; 0: empty
}

type spriteKey struct {
	shape Shape
	state int
	px    int
	size  int // in eighths
	plain bool
}

// sprite is a square on the surface's colour, once whole and once drained.
type sprite struct {
	full, drained []byte // opaque RGBA
}

// Forget makes the next drawing a whole one: something else was drawn meanwhile.
func (p *Painter) Forget() { p.looks = p.looks[:0] }

// look is all of a cell that can be seen, drawn px pixels high or wide.
func (c *Cell) look(px int) uint64 {
	if c.Empty {
		return 0
	}
	mark := uint64(0)
	if c.Mark {
		mark = markLook
	}
	return 1 | uint64(c.Shape)<<1 | uint64(c.State)<<4 | uint64(eighths(c.Size))<<6 |
		uint64(min(max(c.Gone, 0), 1)*31)<<10 | uint64(float64(px)*(1-c.Life)+0.5)<<16 | mark
}

const markLook = 1 << 48

func eighths(size float64) int { return int(math.Round(min(max(size, 0), 1) * 8)) }

// Cells draws a keyspace and returns the rows of the image that are different
// now: from, and up to but not including to. at gives the cell of a slot.
func (p *Painter) Cells(m *Image, g Grid, t Theme, at func(slot int) Cell) (from, to int) {
	if t != p.theme || p.sprites == nil || len(p.sprites) > 4000 {
		p.theme, p.sprites, p.looks = t, map[spriteKey]*sprite{}, p.looks[:0]
	}
	g2 := g
	g2.Slots = p.grid.Slots // more slots of the same size move nothing
	whole := len(p.looks) == 0 || g2 != p.grid || m.W != p.w || m.H != p.h || g.Mode == Tiles
	p.grid, p.w, p.h = g, m.W, m.H
	n := min(g.Cells(), (m.H+g.CellH-1)/g.CellH*g.Cols)
	if !whole {
		for _, l := range p.looks[min(n, len(p.looks)):] {
			whole = whole || l != 0
		}
	}
	if whole {
		p.looks = p.looks[:0]
		m.Fill(t.Surface)
		from, to = 0, m.H
	} else {
		from = m.H
	}
	for len(p.looks) < n {
		p.looks = append(p.looks, 0)
	}
	p.looks = p.looks[:n]
	px := g.CellH - g.Gap
	if g.Mode == Tiles {
		px = g.Cell
	}
	for cell := range n {
		var c Cell
		if g.Mode == Groups {
			c = group(g, len(t.State), cell, at)
		} else {
			c = at(cell)
		}
		look := c.look(px)
		if look == p.looks[cell] {
			continue
		}
		if !whole && (look^p.looks[cell])&markLook != 0 {
			// A mark lies outside its cell.
			p.Forget()
			return p.Cells(m, g, t, at)
		}
		old := p.looks[cell]
		p.looks[cell] = look
		x, y := g.Origin(cell)
		from, to = min(from, max(y-g.Gap, 0)), max(to, min(y+g.CellH, m.H))
		if old != 0 {
			m.Rect(x, y, g.Cell-g.Gap, g.CellH-g.Gap, t.Surface)
		}
		switch {
		case c.Empty:
		case g.Mode == Tiles:
			p.tile(m, g, x, y, c)
		default:
			p.shape(m, x, y, g.Cell-g.Gap, c, g.Mode != Shapes)
		}
	}
	return from, max(from, to)
}

func (p *Painter) tile(m *Image, g Grid, x, y int, c Cell) {
	w, h := g.Cell-g.Gap, g.CellH-g.Gap
	border := p.theme.Rule
	if c.Mark {
		border = p.theme.Ink
	}
	thick := max(g.Gap/4, 1)
	m.Frame(x, y, w, h, thick, border)
	if c.Life < 1 && c.Gone == 0 {
		m.Rect(x, y+h-3*thick, int(float64(w)*c.Life), 3*thick, p.theme.Ink)
	}
	side := h - g.Gap*3
	p.shape(m, x+g.Gap*3/2, y+g.Gap*3/2, side, c, false)
}

// TileText is where a tile's text begins, from the tile's corner, and how wide
// it may be.
func (g Grid) TileText() (x, width int) {
	x = g.CellH - g.Gap + g.Gap/2
	return x, g.Cell - g.Gap - x - g.Gap
}

func (p *Painter) shape(m *Image, x, y, px int, c Cell, plain bool) {
	if c.Mark {
		o := max(px/12, 1)
		m.Frame(x-o, y-o, px+2*o, px+2*o, o, p.theme.Ink)
	}
	k := spriteKey{shape: c.Shape, state: c.State, px: px, size: eighths(c.Size), plain: plain}
	s := p.sprites[k]
	if s == nil {
		s = p.draw(k)
		p.sprites[k] = s
	}
	// What is gone of the time to live is drained from the top.
	level := y + int(float64(px)*(1-c.Life)+0.5)
	for row := range px {
		source := s.full
		if y+row < level {
			source = s.drained
		}
		m.row(x, y+row, source[row*px*4:(row+1)*px*4])
	}
	if c.Gone > 0 {
		m.fade(x, y, px, px, p.theme.Surface, min(c.Gone, 1))
	}
}

// row copies opaque pixels.
func (m *Image) row(x, y int, source []byte) {
	if y < 0 || y >= m.H || x >= m.W || x < 0 {
		return
	}
	at := (y*m.W + x) * 4
	copy(m.Pix[at:(y+1)*m.W*4], source)
}

// fade mixes a rectangle with a colour.
func (m *Image) fade(x, y, w, h int, c Color, t float64) {
	for row := max(y, 0); row < min(y+h, m.H); row++ {
		for col := max(x, 0); col < min(x+w, m.W); col++ {
			d := m.Pix[(row*m.W+col)*4:]
			k := Mix(Color{d[0], d[1], d[2]}, c, t)
			d[0], d[1], d[2] = k.R, k.G, k.B
		}
	}
}

// group is one cell for several keys: the colour of the least durable one, as
// high as the cell is inhabited.
func group(g Grid, states, cell int, at func(slot int) Cell) Cell {
	state, live, mark := states, 0, false
	for slot := cell * g.Per; slot < min((cell+1)*g.Per, g.Slots); slot++ {
		if c := at(slot); !c.Empty && c.Gone == 0 {
			live++
			state = min(state, c.State)
			mark = mark || c.Mark
		}
	}
	return Cell{State: state, Size: 1, Life: float64(live) / float64(g.Per), Mark: mark, Empty: live == 0}
}

// draw rasterises a shape. Coordinates run from -1 to 1; plain is for cells
// too small for shapes: squares that differ by their pattern only.
func (p *Painter) draw(k spriteKey) *sprite {
	n := k.px
	s := &sprite{full: make([]byte, n*n*4), drained: make([]byte, n*n*4)}
	paper := p.theme.Surface
	unit := float64(n) / 2 // pixels in 1
	scale := 0.72 + 0.27*float64(k.size)/8
	if k.plain {
		scale = 1
	}
	color := p.theme.State[min(max(k.state, 0), 3)]
	stroke := max(unit*0.055, 0.6) // half the outline's width, in pixels
	pen := max(unit*0.085, 0.8)    // half the letter's
	frame := max(unit*0.1, 1)      // the snapshot's: line and gap, in pixels
	letter := n >= 17 && !k.plain
	for row := range n {
		for col := range n {
			x, y := (float64(col)+0.5)/unit-1, (float64(row)+0.5)/unit-1
			d := distance(k.shape, x/scale, y/scale) * scale * unit
			if k.plain {
				d = (max(math.Abs(x), math.Abs(y)) - 1) * unit
			}
			outline := coverage(math.Abs(d+stroke) - stroke)
			inside := coverage(d)
			var full float64
			switch k.state {
			case 0:
				full = outline*dash(k, row, col) + 0.06*inside
			case 1:
				full = max(outline, inside*hatch(n, row, col))
			case 2:
				full = inside
			default:
				// A picture in a frame: a line, a gap, and what it holds.
				full = inside - coverage(math.Abs(d+frame*1.5)-frame/2)
			}
			i := (row*n + col) * 4
			full = min(max(full, 0), 1)
			whole, drained := Mix(paper, color, full), Mix(paper, color, 0.38*outline)
			if letter {
				// The letter is cut out of what is solid and inked on what is not.
				g := glyph(k.shape, x, y) * unit
				l := coverage(g - pen)
				if k.state >= 2 {
					whole = Mix(whole, paper, l)
				} else {
					whole = Mix(Mix(whole, paper, coverage(g-pen*2)), p.theme.Ink, l)
				}
				drained = Mix(drained, p.theme.Ink, l)
			}
			put(s.full[i:], whole)
			put(s.drained[i:], drained)
		}
	}
	return s
}

func put(d []byte, c Color) { d[0], d[1], d[2], d[3] = c.R, c.G, c.B, 255 }

// coverage turns a signed distance in pixels into how much of the pixel lies
// inside.
func coverage(d float64) float64 { return min(max(0.5-d, 0), 1) }

func dash(k spriteKey, row, col int) float64 {
	length := max(k.px/8, 2)
	if (row+col)/length%2 == 0 || k.px < 6 {
		return 1
	}
	return 0
}

func hatch(n, row, col int) float64 {
	period := max(n/7, 3)
	if n < 6 {
		period = 2
	}
	if (row+col)%period < (period+1)/2 {
		return 1
	}
	return 0.1
}

// distance is negative inside a shape.
func distance(s Shape, x, y float64) float64 {
	ax, ay := math.Abs(x), math.Abs(y)
	switch s {
	case List: // three bars
		return min(box(ax, math.Abs(y+0.64), 0.95, 0.26), box(ax, math.Abs(y), 0.95, 0.26), box(ax, math.Abs(y-0.64), 0.95, 0.26))
	case Hash: // hexagon
		return max(ax*0.866+ay*0.5, ay) - 0.87
	case Set:
		return math.Hypot(x, y) - 0.95
	case SortedSet: // triangle, its tip up
		return max(ax*0.894-y*0.447-0.44, y-0.85)
	case Stream: // pentagon that points to the right
		return max(ay-0.8, -x-0.95, (x-0.95)*0.78+ay*0.62)
	}
	return box(ax, ay, 0.87, 0.87)
}

func box(ax, ay, w, h float64) float64 { return max(ax-w, ay-h) }

// glyph is the distance to the strokes of a letter.
func glyph(s Shape, x, y float64) float64 {
	x, y = x/0.3, y/0.36 // into a box from -1 to 1
	var strokes [][4]float64
	switch s {
	case String:
		strokes = [][4]float64{{-0.5, -0.9, -0.5, -0.1}, {0.5, -0.9, 0.5, -0.1}}
	case List:
		strokes = [][4]float64{{-0.7, -1, -0.7, 1}, {-0.7, 1, 0.8, 1}}
	case Hash:
		strokes = [][4]float64{{-0.8, -1, -0.8, 1}, {0.8, -1, 0.8, 1}, {-0.8, 0, 0.8, 0}}
	case Set:
		strokes = [][4]float64{{0.75, -0.8, 0.3, -1}, {0.3, -1, -0.4, -1}, {-0.4, -1, -0.8, -0.55}, {-0.8, -0.55, 0.75, 0.5}, {0.75, 0.5, 0.4, 1}, {0.4, 1, -0.3, 1}, {-0.3, 1, -0.8, 0.8}}
	case SortedSet:
		y -= 0.55 // the triangle is wider below
		strokes = [][4]float64{{-0.8, -0.9, 0.8, -0.9}, {0.8, -0.9, -0.8, 0.8}, {-0.8, 0.8, 0.8, 0.8}}
	default:
		strokes = [][4]float64{{-0.8, -1, 0.8, 1}, {0.8, -1, -0.8, 1}}
	}
	d := math.Inf(1)
	for _, l := range strokes {
		d = min(d, segment(x*0.3, y*0.36, l[0]*0.3, l[1]*0.36, l[2]*0.3, l[3]*0.36))
	}
	return d
}

func segment(x, y, ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	t := 0.0
	if n := dx*dx + dy*dy; n > 0 {
		t = min(max(((x-ax)*dx+(y-ay)*dy)/n, 0), 1)
	}
	return math.Hypot(x-ax-t*dx, y-ay-t*dy)
}
