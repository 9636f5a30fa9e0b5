package chart

import (
	"testing"
)

var theme = Theme{
	Surface: ParseColor("#fff"), Ink: ParseColor("#14181c"), Faint: ParseColor("#8d98a2"), Rule: ParseColor(" #dce1e5"),
	State: [4]Color{ParseColor("#c2410c"), ParseColor("#c27f00"), ParseColor("#1f63b5"), ParseColor("#08745a")},
}

func TestColors(t *testing.T) {
	for s, want := range map[string]Color{
		"#1f63b5": {0x1f, 0x63, 0xb5}, " #FFF ": {255, 255, 255}, "#08745a": {8, 0x74, 0x5a}, "": {}, "#12": {},
	} {
		if got := ParseColor(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

// However many keys there are and however small the canvas, each has a place,
// and the place under its middle is its own.
func TestEveryKeyHasAPlace(t *testing.T) {
	for _, size := range [][2]int{{436, 470}, {872, 940}, {300, 120}, {60, 20}, {3, 3}} {
		for _, n := range []int{1, 2, 12, 60, 300, 1500, 9000, 40_000, 131_072} {
			g := NewGrid(n, size[0], size[1], 2)
			last := -1
			for slot := 0; slot < n; slot += max(n/500, 1) {
				x, y := g.Origin(slot / g.Per)
				cell, first := g.At(x+g.Cell/2, y+g.CellH/2)
				if cell != slot/g.Per || first > slot || slot >= first+g.Per {
					t.Fatalf("%d keys on %v: slot %d lies in cell %d, slots from %d (%d each)", n, size, slot, cell, first, g.Per)
				}
				if cell < last {
					t.Fatalf("%d keys on %v: cells are out of order", n, size)
				}
				last = cell
			}
			if size[0] > 100 {
				x, y := g.Origin(g.Cells() - 1)
				if x+g.Cell > size[0]+g.Gap || y+g.CellH > size[1]+g.CellH/2 {
					t.Errorf("%d keys on %v: the last cell lies at %d, %d", n, size, x, y)
				}
			}
		}
	}
	if cell, _ := NewGrid(5, 400, 400, 1).At(-1, 3); cell != -1 {
		t.Error("a point outside is in a cell")
	}
}

func TestFewKeysAreTilesAndManyAreGroups(t *testing.T) {
	for n, want := range map[int]Mode{1: Tiles, 20: Tiles, 200: Shapes, 3000: Squares, 100_000: Groups} {
		if got := NewGrid(n, 872, 940, 2).Mode; got != want {
			t.Errorf("%d keys: mode %d, want %d", n, got, want)
		}
	}
}

// ink counts pixels that are not surface.
func ink(m *Image) int {
	n := 0
	for i := 0; i < len(m.Pix); i += 4 {
		if (Color{m.Pix[i], m.Pix[i+1], m.Pix[i+2]}) != theme.Surface {
			n++
		}
	}
	return n
}

func draw(n int, c Cell) *Image {
	var m Image
	m.Resize(120, 120)
	var p Painter
	p.Cells(&m, Grid{Mode: Shapes, Cols: 1, Cell: 120, CellH: 120, Gap: 0, Per: 1, Slots: n}, theme, func(int) Cell { return c })
	return &m
}

// Without any colour the states and types can still be told apart.
func TestColourIsNeverTheOnlySign(t *testing.T) {
	grey := theme
	for i := range grey.State {
		grey.State[i] = grey.Ink
	}
	for _, px := range []int{8, 14, 24, 40} {
		seen := map[string]string{}
		for _, mode := range []Mode{Shapes, Squares} {
			for state := range 4 {
				for shape := String; shape <= Stream; shape++ {
					if mode == Squares && shape > String {
						continue // these show no types
					}
					var m Image
					m.Resize(px, px)
					var p Painter
					p.Cells(&m, Grid{Mode: mode, Cols: 1, Cell: px, CellH: px, Per: 1, Slots: 1}, grey, func(int) Cell {
						return Cell{Shape: shape, State: state, Size: 1, Life: 1}
					})
					name := string("TSQG"[mode]) + string("0123"[state]) + string(`"LHSZX`[shape])
					if other := seen[string(m.Pix)]; other != "" {
						t.Errorf("at %d pixels %s looks like %s", px, name, other)
					}
					seen[string(m.Pix)] = name
				}
			}
		}
	}
}

func TestMemoryIsSizeAndLifeIsLevel(t *testing.T) {
	whole := Cell{Shape: Set, State: 2, Size: 1, Life: 1}
	small, half, gone, ghost := whole, whole, whole, whole
	small.Size, half.Life, gone.Empty, ghost.Gone = 0, 0.5, true, 1
	full := ink(draw(1, whole))
	if n := ink(draw(1, small)); n >= full*3/4 {
		t.Errorf("a small key covers %d pixels, a large one %d", n, full)
	}
	solid := func(m *Image) (n int) {
		for i := 0; i < len(m.Pix); i += 4 {
			if (Color{m.Pix[i], m.Pix[i+1], m.Pix[i+2]}) == theme.State[2] {
				n++
			}
		}
		return n
	}
	if a, b := solid(draw(1, half)), solid(draw(1, whole)); a < b*4/10 || a > b*6/10 {
		t.Errorf("half a life fills %d of %d pixels", a, b)
	}
	if ink(draw(1, gone)) != 0 || ink(draw(1, ghost)) != 0 {
		t.Error("what is not there is drawn")
	}
}

func TestAGroupShowsItsLeastDurableKey(t *testing.T) {
	var m Image
	m.Resize(16, 16)
	var p Painter
	p.Cells(&m, Grid{Mode: Groups, Cols: 1, Cell: 16, CellH: 16, Per: 10, Slots: 10}, theme, func(slot int) Cell {
		c := Cell{State: 3, Life: 1}
		if slot == 7 {
			c.State = 2
		}
		return c
	})
	at := (8*16 + 8) * 4
	if got := (Color{m.Pix[at], m.Pix[at+1], m.Pix[at+2]}); got != theme.State[2] {
		t.Errorf("the middle is %v, want %v", got, theme.State[2])
	}
}

func TestALongCommandIsAWideBlock(t *testing.T) {
	column := func(m *Image, x int) (n int) {
		for y := m.H * 2 / 5; y < m.H-1; y++ {
			i := (y*m.W + x) * 4
			if (Color{m.Pix[i], m.Pix[i+1], m.Pix[i+2]}) == theme.Ink {
				n++
			}
		}
		return n
	}
	var m Image
	m.Resize(1000, 60)
	Lane(&m, theme, 1, 0, 10_000_000, []Run{{Start: 2_000_000, Duration: 500_000}, {Start: 2_500_000, Duration: 2000, Waited: 400_000}})
	for x, want := range map[int]bool{199: false, 200: true, 249: true, 251: false} {
		if got := column(&m, x) > 0; got != want {
			t.Errorf("column %d: %v", x, got)
		}
	}
	if column(&m, 225) <= column(&m, 250) {
		t.Error("half a second is no higher than two milliseconds")
	}
	above := 0
	for x := 210; x < 250; x++ {
		for y := range m.H * 2 / 5 {
			if m.Pix[(y*m.W+x)*4] == theme.Ink.R {
				above++
			}
		}
	}
	if above == 0 {
		t.Error("nobody is seen to wait")
	}
	runs := []Run{{Start: 2_000_000, Duration: 500_000}, {Start: 2_250_000, Duration: 7}, {Start: 4_000_000, Duration: 3}, {Start: 4_010_000, Waited: 900_000}}
	for x, want := range map[int]int{0: -1, 190: -1, 197: 0, 225: 0, 253: 0, 350: -1, 398: 2, 401: 2} {
		if got := RunAt(x, 1000, 1, 0, 10_000_000, runs); got != want {
			t.Errorf("at %d is run %d, not %d", x, got, want)
		}
	}
	Lane(&m, theme, 1, 0, 10_000_000, []Run{{Start: 2_000_000, Duration: 1, Marked: true}, {Start: 5_000_000, Waited: 100_000}})
	if column(&m, 197) == 0 || column(&m, 500) != 0 {
		t.Error("the marked block has no frame, or what only waited has a block")
	}
}

func TestNothingIsDrawnOutside(t *testing.T) {
	var m Image
	m.Resize(10, 10)
	m.Fill(theme.Surface)
	m.Rect(-5, -5, 3, 3, theme.Ink)
	m.Rect(12, 12, 3, 3, theme.Ink)
	m.Frame(-1, -1, 12, 12, 1, theme.Ink)
	if n := ink(&m); n != 0 {
		t.Errorf("%d pixels", n)
	}
	m.Resize(0, 5)
	m.Fill(theme.Ink)
	Lane(&m, theme, 2, 0, 10, []Run{{0, 5, 0, false}})
}

// Latencies lie on a scale of powers of ten: the higher the longer, as far above
// the line before for each decade, and a wall is seen from top to bottom.
func TestLatenciesAreALogarithm(t *testing.T) {
	var m Image
	m.Resize(640, 200)
	a := Axes{From: 0, To: 60_000_000, Left: 40, Right: 640, Top: 20, Bottom: 180}
	for i := 1; i < len(Decades); i++ {
		if d := a.Y(Decades[i-1].Micros) - a.Y(Decades[i].Micros); d < 26 || d > 27 {
			t.Errorf("%s is %d pixels above", Decades[i].Name, d)
		}
	}
	if a.Y(1) != 180 || a.Y(1<<60) != 20 || a.X(0) != 40 || a.X(60_000_000) != 640 {
		t.Errorf("edges %d %d %d %d", a.Y(1), a.Y(1<<60), a.X(0), a.X(60_000_000))
	}
	points := []Latency{
		{At: 10_000_000, P50: 100, P99: 1000, P999: 10_000, Max: 10_000},
		{At: 20_000_000, P50: 100, P99: 100, P999: 100, Max: 1_000_000},
		{At: 30_000_000, Unserved: true},
	}
	Latencies(&m, theme, 1, a, 1_000_000, points, []Stretch{{40_000_000, 50_000_000}})
	at := func(x, y int) Color { i := (y*m.W + x) * 4; return Color{m.Pix[i], m.Pix[i+1], m.Pix[i+2]} }
	filled := func(moment int64) (top, bottom int) {
		x := a.X(moment)
		for y := a.Top; y < a.Bottom; y++ {
			if c := at(x, y); c != theme.Surface && c != theme.Rule {
				if top == 0 {
					top = y
				}
				bottom = y
			}
		}
		return top, bottom
	}
	if top, bottom := filled(10_500_000); top != a.Y(10_000) || bottom < a.Y(100) || bottom > a.Y(100)+1 {
		t.Errorf("a band from %d to %d", top, bottom)
	}
	if top, _ := filled(20_500_000); top != a.Y(1_000_000) {
		t.Errorf("the longest is at %d", top)
	}
	if top, bottom := filled(30_500_000); top != 0 || bottom != 0 {
		t.Errorf("where nobody answered something is drawn, from %d to %d", top, bottom)
	}
	if at(a.X(30_500_000), a.Bottom+2) != theme.Ink {
		t.Error("that nobody answered is not seen")
	}
	hatched := 0
	for x := a.X(42_000_000); x < a.X(48_000_000); x++ {
		for y := a.Top; y < a.Bottom; y++ {
			if at(x, y) != theme.Surface {
				hatched++
			}
		}
	}
	if all := (a.X(48_000_000) - a.X(42_000_000)) * (a.Bottom - a.Top); hatched < all/8 || hatched > all/3 {
		t.Errorf("%d of %d pixels are hatched", hatched, all)
	}
	for _, odd := range []Axes{{}, {Left: 10, Right: 5, Top: 3, Bottom: 9}, {From: 5, To: 5, Right: 640, Bottom: 200}} {
		Latencies(&m, theme, 3, odd, 100_000, points, []Stretch{{-1 << 50, 1 << 50}})
	}
}

func BenchmarkAHundredThousandKeys(b *testing.B) {
	var m Image
	m.Resize(872, 940)
	g := NewGrid(100_000, m.W, m.H, 2)
	var p Painter
	for b.Loop() {
		p.Cells(&m, g, theme, func(slot int) Cell { return Cell{State: slot & 3, Life: 1} })
	}
}

// Every part of a treemap has its share of the area, lies inside, and covers
// no other.
func TestSquarify(t *testing.T) {
	for _, weights := range [][]float64{{1}, {5, 3, 1}, {6, 6, 4, 3, 2, 2, 1}, {1e9, 1, 1e-3}, {3, 3, 3, 3, 0}} {
		total := 0.0
		for _, w := range weights {
			total += w
		}
		var parts [][4]float64
		Squarify(weights, 10, 20, 300, 200, func(i int, x, y, w, h float64) {
			if i != len(parts) {
				t.Errorf("%v: part %d comes as number %d", weights, i, len(parts))
			}
			parts = append(parts, [4]float64{x, y, w, h})
			if want := weights[i] / total * 300 * 200; w*h < want*0.999-1e-6 || w*h > want*1.001+1e-6 {
				t.Errorf("%v: part %d covers %v, want %v", weights, i, w*h, want)
			}
			if x < 10-1e-6 || y < 20-1e-6 || x+w > 310+1e-6 || y+h > 220+1e-6 {
				t.Errorf("%v: part %d lies outside: %v", weights, i, parts[i])
			}
		})
		if len(parts) != len(weights) {
			t.Errorf("%v: %d parts", weights, len(parts))
		}
		for i, a := range parts {
			for _, b := range parts[:i] {
				if min(a[0]+a[2], b[0]+b[2])-max(a[0], b[0]) > 1e-6 && min(a[1]+a[3], b[1]+b[3])-max(a[1], b[1]) > 1e-6 {
					t.Errorf("%v: %v covers %v", weights, a, b)
				}
			}
		}
	}
}

// A drawing that touches only what has changed comes to the same image as one
// from the beginning, and says which rows it touched.
func TestOnlyWhatChangedIsDrawn(t *testing.T) {
	for n := range map[int]bool{150: true, 3000: true, 20_000: true} {
		cells := make([]Cell, n)
		for i := range cells {
			cells[i] = Cell{Shape: Shape(i % 6), State: i & 3, Size: float64(i%9) / 8, Life: 1, Empty: i%11 == 0}
		}
		at := func(slot int) Cell { return cells[slot] }
		var m, whole Image
		m.Resize(400, 500)
		whole.Resize(400, 500)
		g := NewGrid(n, 400, 500, 1)
		var p Painter
		if from, to := p.Cells(&m, g, theme, at); from != 0 || to != 500 {
			t.Errorf("%d keys: the first drawing is of rows %d to %d", n, from, to)
		}
		if from, to := p.Cells(&m, g, theme, at); from < to {
			t.Errorf("%d keys: nothing changed, and rows %d to %d were drawn", n, from, to)
		}
		for round, change := range []func(c *Cell){
			func(c *Cell) { c.State = (c.State + 1) & 3 },
			func(c *Cell) { c.Life = 0.5 },
			func(c *Cell) { c.Empty = !c.Empty },
			func(c *Cell) { c.Gone = 0.5 },
			func(c *Cell) { c.Mark = true },
			func(c *Cell) { c.Mark = false },
		} {
			slot := n / 2
			for i := slot; i < slot+g.Per; i++ {
				change(&cells[i])
			}
			before := append([]byte(nil), m.Pix...)
			from, to := p.Cells(&m, g, theme, at)
			new(Painter).Cells(&whole, g, theme, at)
			if string(m.Pix) != string(whole.Pix) {
				t.Errorf("%d keys, round %d: not the image of a whole drawing", n, round)
			}
			if string(before[:from*1600]) != string(m.Pix[:from*1600]) || string(before[to*1600:]) != string(m.Pix[to*1600:]) {
				t.Errorf("%d keys, round %d: something changed outside of rows %d to %d", n, round, from, to)
			}
			if round < 4 && to-from > 3*g.CellH {
				t.Errorf("%d keys, round %d: rows %d to %d for one cell", n, round, from, to)
			}
		}
	}
}

// Wherever the points are, all are on the map and lines cross it.
func TestAMapShowsAllItsPoints(t *testing.T) {
	for _, points := range [][][2]float64{
		nil,
		{{2.35, 48.86}},
		{{-0.13, 51.51}, {2.35, 48.86}},
		{{-180, -85}, {180, 85}},
		{{13.3777, 52.5163}, {13.3778, 52.5164}},
		{{100, 85}, {101, 85}},
	} {
		f := NewFrame(points, 400, 190)
		for _, p := range points {
			if x, y := f.XY(p[0], p[1]); x < 5 || x > 395 || y < 5 || y > 185 {
				t.Errorf("%v lies at %v, %v", p, x, y)
			}
		}
		meridians, parallels := len(f.Meridians(400)), len(f.Parallels(190))
		if meridians < 1 || parallels < 1 || meridians > 40 || parallels > 20 {
			t.Errorf("%v: %d meridians, %d parallels", points, meridians, parallels)
		}
		var m Image
		m.Resize(400, 190)
		Places(&m, theme, f, 1, points)
		if ink(&m) == 0 {
			t.Errorf("%v: nothing is drawn", points)
		}
	}
}

func TestARegisterIsTheDarkerTheHigherItIs(t *testing.T) {
	values := make([]byte, 16384)
	values[0], values[129] = 1, 9
	var m Image
	m.Resize(256, 256)
	Registers(&m, theme, values)
	shade := func(x, y int) byte { return m.Pix[(y*256+x)*4] }
	if zero, low, high := shade(101, 101), shade(1, 1), shade(3, 3); zero != 255 || low >= zero || high >= low {
		t.Errorf("shades %d, %d, %d of 0, 1 and 9", zero, low, high)
	}
}

// Tables of any sizes fit, and what lies under the middle of a cell is that cell.
func TestTablesFit(t *testing.T) {
	for _, size := range [][2]int{{4, 0}, {4, 8}, {64, 0}, {16, 4}, {1024, 2048}, {16384, 0}, {1 << 20, 0}, {1 << 20, 1 << 21}, {0, 0}} {
		for _, w := range []int{300, 436, 872} {
			tables := NewTables(size, w, w*3/4, 1)
			var m Image
			m.Resize(w, w*3/4)
			cells := 0
			m.Buckets(theme, tables, 1, func(table, cell int) Bucket {
				cells++
				x, y := cell%tables.Cols*tables.Cell+tables.Cell/2, tables.top[table]+cell/tables.Cols*tables.Cell+tables.Cell/2
				if a, b, ok := tables.At(x, y); !ok || a != table || b != cell || x >= w || y >= w*3/4 {
					t.Fatalf("%v on %d: cell %d of table %d lies at %d, %d, where %d of %d is", size, w, cell, table, x, y, b, a)
				}
				return Bucket{Keys: cell % 4, Visited: cell%3 == 0, Moved: cell == 1, Moving: cell == 2, Next: cell == 3}
			})
			if want := tables.Cells(0) + tables.Cells(1); cells != want || size[0]+size[1] > 0 && (cells == 0 || cells*max(tables.Per[0], tables.Per[1]) < size[0]) {
				t.Errorf("%v on %d: %d cells", size, w, cells)
			}
		}
	}
}

// Each moment stands in its row and at its place; where there are more of them
// than pixels, none is lost.
func TestMoments(t *testing.T) {
	m := &Image{}
	m.Resize(100, 40)
	theme := Theme{Surface: Color{255, 255, 255}, Ink: Color{1, 1, 1}, Rule: Color{200, 200, 200}}
	colors := []Color{{10, 0, 0}, {0, 20, 0}}
	at := func(x, y int) Color {
		i := (y*m.W + x) * 4
		return Color{m.Pix[i], m.Pix[i+1], m.Pix[i+2]}
	}
	Moments(m, theme, 1, []uint8{1, 0, 2, 3}, colors, 1)
	for _, want := range []struct {
		x, y int
		c    Color
	}{
		{10, 10, colors[0]},
		{10, 30, theme.Surface},
		{60, 10, theme.Surface},
		{60, 30, colors[1]},
		{90, 10, colors[0]},
		{90, 30, colors[1]},
		{37, 10, theme.Ink},
		{30, 10, theme.Surface},
	} {
		if got := at(want.x, want.y); got != want.c {
			t.Errorf("at %d, %d is %v, not %v", want.x, want.y, got, want.c)
		}
	}
	pieces := make([]uint8, 1000)
	pieces[555] = 2
	Moments(m, theme, 1, pieces, colors, 0)
	if got := at(55, 30); got != colors[1] {
		t.Errorf("one moment of a thousand is drawn as %v", got)
	}
	Moments(m, theme, 1, nil, colors, 0)
	if got := at(0, 10); got != theme.Surface {
		t.Errorf("an empty run is drawn as %v", got)
	}
}
