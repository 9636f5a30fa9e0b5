//go:build js && wasm

package view

import (
	"math"
	"strconv"
	"syscall/js"

	"everysec/engine/event"
	"everysec/web/app"
	"everysec/web/chart"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

func (k *keyspace) bindCanvas(p *Page, cells *node) {
	cells.on("mousemove", func(e *dom.BasicEvent) {
		if at := k.under(p, e); at != k.hover {
			k.hover = at
			k.name(p, at)
		}
	})
	cells.on("mouseleave", func(*dom.BasicEvent) { k.hover = -1; k.name(p, k.cursor) })
	cells.on("click", func(e *dom.BasicEvent) { k.enter(p, k.under(p, e)) })
	cells.on("keydown", func(e *dom.BasicEvent) { k.move(p, e.Underlying()) })
	cells.on("blur", func(*dom.BasicEvent) { k.cursor = -1; k.stale = true; k.name(p, -1) })
}

// under is the position of what lies under the pointer, or -1.
func (k *keyspace) under(p *Page, e *dom.BasicEvent) int {
	v := e.Underlying()
	x, y := int(v.Get("offsetX").Float()*k.canvas.scale), int(v.Get("offsetY").Float()*k.canvas.scale)
	switch p.model.View {
	case app.AsMap:
		return k.treemap.at(x, y)
	case app.AsTable:
		return k.table.at(x, y)
	}
	_, at := k.grid.At(x, y)
	return at
}

// slot is the slot at a position of the grid.
func (k *keyspace) slot(at int) int {
	if k.filtered {
		return int(k.order[at])
	}
	return at
}

// live is the first key of a cell that begins at a position, or nil.
func (k *keyspace) live(p *Page, at int) (*app.Cell, int) {
	cells := p.model.Keyspace().Cells
	n := len(cells)
	if k.filtered {
		n = len(k.order)
	}
	for i := max(at, 0); at >= 0 && i < min(at+k.grid.Per, n); i++ {
		if slot := k.slot(i); slot < len(cells) && cells[slot].Live {
			return &cells[slot], slot
		}
	}
	return nil, -1
}

func (k *keyspace) name(p *Page, at int) {
	switch p.model.View {
	case app.AsMap:
		k.tip.setText(k.treemap.name(p.model, at))
		return
	case app.AsTable:
		k.tip.setText(k.table.name(p.model, at))
		return
	}
	c, _ := k.live(p, at)
	if c == nil {
		k.tip.setText("")
		return
	}
	text := keyWords(p.model, c)
	if k.grid.Per > 1 {
		text += "  " + words.Say("(first of up to {n})", strconv.Itoa(k.grid.Per))
	}
	k.tip.setText(text)
}

// keyWords is a key in a line.
func keyWords(m *app.Model, c *app.Cell) string {
	return app.KeyName(c.Key) + "  " + c.Type.String() + ", " + m.Durable(c).Words()
}

// enter opens what is at a position.
func (k *keyspace) enter(p *Page, at int) {
	if p.model.View == app.AsMap {
		if at < 0 {
			k.choose(p, -1)
		} else if b := k.treemap.blocks[at]; b.slot >= 0 {
			k.choose(p, int(b.slot))
		} else {
			k.narrow(p, b.folder)
		}
		return
	}
	if p.model.View == app.AsGrid {
		_, slot := k.live(p, at)
		k.choose(p, slot)
	}
}

// move goes from key to key.
func (k *keyspace) move(p *Page, e js.Value) {
	per, cols, n := k.grid.Per, k.grid.Cols, k.grid.Slots
	switch t := &k.table.layout; p.model.View {
	case app.AsMap:
		per, cols, n = 1, 1, len(k.treemap.blocks)
	case app.AsTable:
		per, cols, n = 1, t.Cols, t.Cells(0)+t.Cells(1)
	}
	step := 0
	switch e.Get("key").String() {
	case "ArrowRight":
		step = per
	case "ArrowLeft":
		step = -per
	case "ArrowDown":
		step = cols * per
	case "ArrowUp":
		step = -cols * per
	case "Home":
		k.cursor, step = -per, per
	case "Enter", " ":
		if k.cursor >= 0 {
			k.enter(p, k.cursor)
			e.Call("preventDefault")
		}
		return
	case "Escape":
		p.dispatch(app.Select{})
		return
	default:
		return
	}
	e.Call("preventDefault")
	if k.cursor < 0 && step != per {
		k.cursor = -step
	}
	for at := k.cursor + step; at >= 0 && at < n; at += step {
		if c, _ := k.live(p, at); c != nil || p.model.View != app.AsGrid {
			k.cursor = at
			break
		}
	}
	k.stale = true
	k.name(p, k.cursor)
}

func shape(t event.Type) chart.Shape {
	switch t {
	case event.List:
		return chart.List
	case event.Hash:
		return chart.Hash
	case event.Set:
		return chart.Set
	case event.SortedSet:
		return chart.SortedSet
	case event.Stream:
		return chart.Stream
	}
	return chart.String
}

func (k *keyspace) drawGrid(m *app.Model) {
	c := k.canvas
	if !c.fit() {
		return
	}
	cells := m.Keyspace().Cells
	n := len(cells)
	if k.filtered = m.Filter.Active(); k.filtered {
		k.order = m.Keyspace().Shown(k.order[:0])
		n = len(k.order)
	}
	k.grid = chart.NewGrid(n, c.image.W, c.image.H, c.scale)
	now := m.Now()
	selected := selectedSlot(m)
	from, to := k.painter.Cells(&c.image, k.grid, k.theme, func(at int) chart.Cell {
		slot := k.slot(at)
		cell := &cells[slot]
		if !cell.Live && cell.GoneAt == 0 {
			return chart.Cell{Empty: true}
		}
		out := chart.Cell{State: int(m.Durable(cell)), Life: 1}
		if cell.ExpireAt != 0 {
			out.Life = cell.Life(now)
		}
		if k.grid.Mode < chart.Squares {
			out.Shape, out.Size = shape(cell.Type), size(cell.Memory)
		}
		if !cell.Live {
			out.Gone = min(float64(m.Wall-cell.GoneAt)/900_000+0.3, 1)
			if k.calm {
				out.Gone = 0.6
			}
		}
		out.Mark = cell.Live && (at == k.cursor || slot == selected)
		return out
	})
	c.put(from, to)
	if k.grid.Mode == chart.Tiles {
		k.drawNames(m, now)
	}
}

// size is how large a key is drawn: the logarithm of its memory, from 32 bytes
// to 4 MB.
func size(memory int64) float64 {
	return min(max((math.Log2(float64(max(memory, 1)))-5)/17, 0), 1)
}

// drawNames writes the names of keys on their tiles.
func (k *keyspace) drawNames(m *app.Model, now int64) {
	x, width := k.grid.TileText()
	write := func(line func(c *app.Cell) string, px, baseline float64, color string) {
		letters := int(float64(width) / k.canvas.pen(px, k.family, color))
		for i := range k.grid.Slots {
			c := &m.Keyspace().Cells[k.slot(i)]
			if !c.Live {
				continue
			}
			left, top := k.grid.Origin(i)
			k.canvas.write(cut(line(c), letters), float64(left+x), float64(top)+baseline*k.canvas.scale)
		}
	}
	write(func(c *app.Cell) string { return app.KeyName(c.Key) }, 12, 16.5, k.ink)
	write(func(c *app.Cell) string {
		if c.ExpireAt != 0 {
			return words.Say("{time} left", app.Age(max(c.ExpireAt-now/1000, 0)*1000))
		}
		return c.Type.String() + ", " + app.Bytes(c.Memory)
	}, 10.5, 30, k.faint)
}

// cut shortens in the middle, because the ends of keys tell them apart.
func cut(s string, letters int) string {
	if len(s) <= letters || letters < 4 {
		return s[:min(len(s), max(letters, 0))]
	}
	tail := (letters - 1) / 2
	return s[:letters-1-tail] + "…" + s[len(s)-tail:]
}
