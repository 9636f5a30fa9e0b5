package chart

// Bucket is one place of a hash table, or several that lie together.
type Bucket struct {
	Keys    int  // in its chain; -1: not known
	Visited bool // a scan has been here
	Next    bool // the scan goes on here
	Moved   bool // a resize has emptied it
	Moving  bool // and goes on here
}

// Tables is where the buckets of a hash table lie, and below them those of the
// table that it is resized to. Lengths are in device pixels.
type Tables struct {
	Cell   int
	Cols   int
	Per    [2]int // buckets in one cell
	Size   [2]int
	top    [2]int
	height [2]int
}

// NewTables finds the largest cells with which both tables fit into w by h.
func NewTables(size [2]int, w, h int, scale float64) Tables {
	t := Tables{Size: size, Per: [2]int{1, 1}}
	gap := 0
	if size[1] > 0 {
		gap = int(12 * scale)
	}
	rows := func(i int) int { return ((size[i]+t.Per[i]-1)/t.Per[i] + t.Cols - 1) / t.Cols }
	for _, css := range []int{44, 36, 30, 24, 20, 16, 13, 10, 8, 6, 5, 4, 3, 2} {
		if css < 8 && max(size[0], size[1]) > 1<<14 {
			break // these are drawn several in a cell anyway
		}
		t.Cell = max(int(float64(css)*scale), 1)
		// A power of two, so that the rows show what belongs together.
		for t.Cols = 1; t.Cols*2*t.Cell <= w && t.Cols < max(size[0], size[1]); t.Cols *= 2 {
		}
		if t.Cols*t.Cell <= w && (rows(0)+rows(1))*t.Cell+gap <= h {
			break
		}
	}
	for (rows(0)+rows(1))*t.Cell+gap > h && (t.Per[0] < size[0] || t.Per[1] < size[1]) {
		t.Per = [2]int{t.Per[0] * 2, t.Per[1] * 2}
	}
	t.height = [2]int{rows(0) * t.Cell, rows(1) * t.Cell}
	t.top = [2]int{0, t.height[0] + gap}
	return t
}

// Cells is how many cells a table has.
func (t Tables) Cells(table int) int { return (t.Size[table] + t.Per[table] - 1) / t.Per[table] }

// At is the cell under a point.
func (t Tables) At(x, y int) (table, cell int, ok bool) {
	for i := range t.top {
		if y >= t.top[i] && y < t.top[i]+t.height[i] && x >= 0 && x < t.Cols*t.Cell {
			cell = (y-t.top[i])/t.Cell*t.Cols + x/t.Cell
			return i, cell, cell < t.Cells(i)
		}
	}
	return 0, 0, false
}

// Buckets draws both tables; at gives a cell.
func (m *Image) Buckets(theme Theme, t Tables, scale float64, at func(table, cell int) Bucket) {
	m.Fill(theme.Surface)
	thin := max(int(scale+0.5), 1)
	visited := Mix(theme.Surface, theme.Ink, 0.13)
	for i := range t.Size {
		for cell := range t.Cells(i) {
			x, y := cell%t.Cols*t.Cell, t.top[i]+cell/t.Cols*t.Cell
			side := t.Cell - thin
			b := at(i, cell)
			ground := theme.Surface
			if b.Visited {
				ground = visited
			}
			m.Rect(x, y, side, side, ground)
			if side > 5*thin {
				m.Frame(x, y, side, side, thin, theme.Rule)
			}
			if b.Moved {
				m.Rect(x+side/4, y+side/2, side-side/4*2, thin, theme.Faint)
			}
			switch {
			case b.Keys <= 0:
			case side >= int(12*scale):
				// A bar for each key of the chain.
				n := min(b.Keys, 5)
				bar := max(side/9, thin)
				for k := range n {
					m.Rect(x+side/4, y+side/6+k*(bar+max(bar/2, 1)), side-side/4*2, bar, theme.Ink)
				}
			default:
				m.Rect(x+side/4, y+side/4, side-side/4*2, side-side/4*2, Mix(ground, theme.Ink, min(0.4+0.2*float64(b.Keys), 1)))
			}
			if b.Next || b.Moving {
				m.Frame(x, y, side, side, 2*thin, theme.Ink)
			}
			if b.Moving {
				m.Rect(x, y+side-side/4, side, side/4, theme.Ink)
			}
		}
	}
}
