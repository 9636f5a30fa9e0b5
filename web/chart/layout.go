package chart

// Mode is how much of a key can be shown.
type Mode uint8

// The modes, from few keys to many.
const (
	Tiles   Mode = iota // shape, name and figures
	Shapes              // shape and letter
	Squares             // durability only
	Groups              // each square stands for several keys
)

// Grid is where the slots of a keyspace lie. All lengths are in device pixels.
type Grid struct {
	Mode  Mode
	Cols  int
	Cell  int // distance from one cell to the next
	CellH int
	Gap   int
	Per   int // slots in one cell
	Slots int
}

const (
	tileW, tileH = 142, 42 // CSS pixels
	maxTileW     = 190
)

// NewGrid finds the largest cells with which all slots fit into w by h device
// pixels, at scale device pixels for one CSS pixel.
func NewGrid(slots, w, h int, scale float64) Grid {
	px := func(css int) int { return max(int(float64(css)*scale+0.5), 1) }
	g := Grid{Slots: slots, Per: 1, Gap: px(4)}
	if w <= 0 || h <= 0 {
		g.Cols, g.Cell, g.CellH = 1, 1, 1
		return g
	}
	if cols := max(w/px(tileW), 1); slots <= cols*max(h/px(tileH), 1) {
		g.Mode, g.Cols, g.CellH = Tiles, cols, px(tileH)
		g.Cell = min(w/cols, px(maxTileW))
		return g
	}
	fit := func(size int) bool {
		g.Cell, g.CellH, g.Cols = px(size), px(size), max(w/px(size), 1)
		return (slots+g.Cols-1)/g.Cols*g.Cell <= h
	}
	for _, size := range []int{40, 34, 28, 24, 20, 17} {
		if fit(size) {
			g.Mode, g.Gap = Shapes, px(3)
			return g
		}
	}
	for _, size := range []int{14, 12, 10, 8, 7} {
		if fit(size) {
			g.Mode, g.Gap = Squares, px(1)
			return g
		}
	}
	g.Mode, g.Gap = Groups, px(1)
	g.Cell, g.CellH = px(7), px(7)
	g.Cols = max(w/g.Cell, 1)
	room := g.Cols * max(h/g.Cell, 1)
	g.Per = (slots + room - 1) / room
	return g
}

// At is the cell under a point and its first slot, or -1.
func (g Grid) At(x, y int) (cell, slot int) {
	if x < 0 || y < 0 || g.Cols == 0 || x/g.Cell >= g.Cols {
		return -1, -1
	}
	cell = y/g.CellH*g.Cols + x/g.Cell
	if cell*g.Per >= g.Slots {
		return -1, -1
	}
	return cell, cell * g.Per
}

// Origin is the upper left corner of a cell.
func (g Grid) Origin(cell int) (x, y int) {
	return cell % g.Cols * g.Cell, cell / g.Cols * g.CellH
}

// Cells is the number of cells.
func (g Grid) Cells() int { return (g.Slots + g.Per - 1) / g.Per }
