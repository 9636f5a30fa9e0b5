//go:build js && wasm

package view

import (
	"math"

	"everysec/engine/ds/order"
	"everysec/web/app"
	"everysec/web/chart"
	"everysec/web/words"
)

// treemap is the keys by memory, each folder a rectangle around its own. What
// would be too small to see is one block for several.
type treemap struct {
	blocks []mapBlock
	sorted []uint64
}

type mapBlock struct {
	x, y, w, h int
	slot       int32       // of a key; -1
	folder     *app.Folder // a folder, or where the key or the rest lies
	rest       int64       // keys that are too small to be drawn one by one
	durable    app.Durable
	memory     int64
	inside     bool // the folder's content is drawn in it
}

// at is the innermost block at a point, or -1.
func (t *treemap) at(x, y int) int {
	for i := len(t.blocks) - 1; i >= 0; i-- {
		if b := &t.blocks[i]; x >= b.x && x < b.x+b.w && y >= b.y && y < b.y+b.h {
			return i
		}
	}
	return -1
}

func (t *treemap) name(m *app.Model, at int) string {
	if at < 0 || at >= len(t.blocks) {
		return ""
	}
	switch b := &t.blocks[at]; {
	case b.slot >= 0:
		if int(b.slot) >= len(m.Keyspace().Cells) {
			return ""
		}
		c := &m.Keyspace().Cells[b.slot]
		return keyWords(m, c) + ", " + app.Bytes(c.Memory)
	case b.rest > 0:
		return words.Many(b.rest, "{n} small key of {folder}, {size}|{n} small keys of {folder}, {size}", folderName(b.folder), app.Bytes(b.memory))
	default:
		return folderName(b.folder) + "  " + words.Many(b.folder.Count, "{n} key|{n} keys") + ", " + app.Bytes(b.memory)
	}
}

func folderName(f *app.Folder) string {
	if f.Name == "" {
		return words.Say("all keys")
	}
	return app.KeyName(f.Name) + "*"
}

// divide lays a folder out in a rectangle, in device pixels.
func (t *treemap) divide(m *app.Model, f *app.Folder, x, y, w, h, scale float64) {
	cells := m.Keyspace().Cells
	if f.Memory <= 0 || w < 2 || h < 2 {
		return
	}
	// Memory and number in one word, so that plain numbers are sorted.
	const bits = 20
	from := len(t.sorted)
	for i, child := range f.Folders {
		t.sorted = append(t.sorted, uint64(child.Memory)<<bits|uint64(i)<<1|1)
	}
	for i, slot := range f.Slots {
		t.sorted = append(t.sorted, uint64(cells[slot].Memory)<<bits|uint64(i)<<1)
	}
	all := t.sorted[from:]
	order.Ascending(all)
	least := 20 * scale * scale / (w * h) * float64(f.Memory) // bytes that can be seen
	var weights []float64
	var items []mapBlock
	none := mapBlock{slot: -1, folder: f, durable: app.InSnapshot}
	rest := none
	for i := len(all) - 1; i >= 0; i-- {
		b := mapBlock{slot: -1, memory: int64(all[i] >> bits)}
		n := int64(1)
		if at := all[i] & (1<<bits - 1) >> 1; all[i]&1 != 0 {
			b.folder = f.Folders[at]
			n, b.durable = b.folder.Count, b.folder.Durable
		} else {
			b.slot, b.folder = f.Slots[at], f
			b.durable = m.Durable(&cells[b.slot])
		}
		if b.memory == 0 {
			break
		}
		if float64(b.memory) < least {
			// As many together as can be seen.
			rest.rest += n
			rest.memory += b.memory
			rest.durable = min(rest.durable, b.durable)
			if float64(rest.memory) < least && i > 0 && all[i-1]>>bits > 0 {
				continue
			}
			b, rest = rest, none
		}
		weights, items = append(weights, float64(b.memory)), append(items, b)
	}
	t.sorted = t.sorted[:from]
	gap := int(scale)
	chart.Squarify(weights, x, y, w, h, func(i int, x, y, w, h float64) {
		b := items[i]
		left, top := math.Round(x), math.Round(y)
		b.x, b.y = int(left), int(top)
		b.w, b.h = max(int(math.Round(x+w)-left)-gap, 1), max(int(math.Round(y+h)-top)-gap, 1)
		b.inside = b.slot < 0 && b.rest == 0 && w > 60*scale && h > 44*scale
		t.blocks = append(t.blocks, b)
		if b.inside {
			pad, head := 3*scale, 16*scale
			t.divide(m, b.folder, left+pad, top+head, float64(b.w)-2*pad, float64(b.h)-head-pad, scale)
		}
	})
}

func (k *keyspace) drawMap(m *app.Model) {
	c := k.canvas
	if !c.fit() {
		return
	}
	t := &k.treemap
	t.blocks = t.blocks[:0]
	t.divide(m, m.Tree(), 0, 0, float64(c.image.W), float64(c.image.H), c.scale)
	k.cursor = min(k.cursor, len(t.blocks)-1)
	c.image.Fill(k.theme.Surface)
	thick := max(int(c.scale+0.5), 1)
	cells := m.Keyspace().Cells
	selected := selectedSlot(m)
	for i := range t.blocks {
		b := &t.blocks[i]
		mark := i == k.cursor || b.slot >= 0 && int(b.slot) == selected
		switch {
		case b.inside:
			color := k.theme.Rule
			if mark {
				color = k.theme.Ink
			}
			c.image.Frame(b.x, b.y, b.w, b.h, thick, color)
		default:
			c.image.Block(k.theme, b.x, b.y, b.w, b.h, thick, int(b.durable), mark)
		}
	}
	c.put(0, c.image.H)
	scale := c.scale
	letter := c.pen(11, k.family, k.ink)
	for i := range t.blocks {
		b := &t.blocks[i]
		w, h := float64(b.w), float64(b.h)
		if w < 44*scale || h < 18*scale {
			continue
		}
		letters := int((w - 8*scale) / letter)
		text := ""
		switch {
		case b.slot >= 0:
			text = app.KeyName(cells[b.slot].Key[len(b.folder.Name):])
		case b.rest > 0:
			text = "+ " + app.Count(b.rest)
		default:
			text = b.folder.Label()
			if long := text + "  " + app.Count(b.folder.Count) + ", " + app.Bytes(b.memory); b.inside && len(long) <= letters {
				text = long
			}
		}
		text = cut(text, letters)
		x, y := float64(b.x)+3*scale, float64(b.y)+2*scale
		if !b.inside {
			// A plate under the name: it has to be read on any sign.
			c.context.Set("fillStyle", k.paper)
			c.context.Call("fillRect", x, y, float64(len([]rune(text)))*letter+4*scale, 14*scale)
			c.context.Set("fillStyle", k.ink)
		}
		c.write(text, x+2*scale, y+10.5*scale)
	}
}
