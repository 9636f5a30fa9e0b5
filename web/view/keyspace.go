//go:build js && wasm

package view

import (
	"math"
	"strconv"
	"syscall/js"

	"everysec/engine/event"
	"everysec/web/app"
	"everysec/web/chart"

	dom "honnef.co/go/js/dom/v2"
)

// keyspace is every key as a cell, the same as a list, and one key in detail.
type keyspace struct {
	canvas  *canvas
	painter chart.Painter
	theme   chart.Theme
	colored bool
	grid    chart.Grid
	calm    bool // less motion is wanted
	stale   bool // something changed that has not been drawn
	resized bool

	root, empty, tip, figures *node
	list, rows, listMore      *node
	rowsOfList                []*listRow
	asList                    *node
	listed                    bool
	db, dbLabel               *node
	dbs                       string
	cursor                    int // slot under the keyboard's cursor, -1: none
	hover                     int

	inspector, key, facts, value, valueMore *node
	inspected                               string
}

func (k *keyspace) bind(p *Page) {
	cells := byID("cells")
	k.canvas = newCanvas(cells)
	k.cursor, k.hover = -1, -1
	k.root, k.empty, k.tip, k.figures = byID("grid"), byID("empty"), byID("cell-name"), byID("keyspace-figures")
	k.list, k.rows, k.listMore = byID("list"), byID("rows"), byID("list-more")
	k.asList = byID("as-list")
	k.asList.on("click", func(*dom.BasicEvent) {
		k.listed = !k.listed
		k.asList.set("aria-pressed", strconv.FormatBool(k.listed))
		k.root.show(!k.listed)
		k.list.show(k.listed)
		k.stale = true
	})
	k.db, k.dbLabel = byID("db"), wrap(byID("db").v.Get("parentElement"))
	k.db.on("change", func(*dom.BasicEvent) {
		if n, err := strconv.Atoi(k.db.v.Get("value").String()); err == nil {
			k.cursor = -1
			p.dispatch(app.ShowDB{DB: n})
		}
	})
	k.inspector, k.key, k.facts = byID("inspector"), byID("inspector-key"), byID("inspector-facts")
	k.value, k.valueMore = byID("inspector-value"), byID("inspector-more")
	p.click("inspector-close", func() app.Message { k.cursor = -1; return app.Select{} })

	cells.on("mousemove", func(e *dom.BasicEvent) {
		if slot := k.under(e); slot != k.hover {
			k.hover = slot
			k.name(p, slot)
		}
	})
	cells.on("mouseleave", func(*dom.BasicEvent) { k.hover = -1; k.name(p, k.cursor) })
	cells.on("click", func(e *dom.BasicEvent) { k.choose(p, k.under(e)) })
	cells.on("keydown", func(e *dom.BasicEvent) { k.move(p, e.Underlying()) })
	cells.on("blur", func(*dom.BasicEvent) { k.cursor = -1; k.stale = true; k.name(p, -1) })
	k.rows.on("click", func(e *dom.BasicEvent) {
		if b := closest(e, "button"); !b.IsUndefined() {
			if slot, err := strconv.Atoi(b.Get("value").String()); err == nil {
				k.choose(p, slot)
			}
		}
	})

	observer := js.Global().Get("ResizeObserver").New(js.FuncOf(func(js.Value, []js.Value) any {
		k.resized = true
		p.loop.moving = true
		return nil
	}))
	observer.Call("observe", cells.v)
	observer.Call("observe", byID("lane").v)
	for _, query := range []string{"(prefers-color-scheme: dark)", "(forced-colors: active)"} {
		js.Global().Call("matchMedia", query).Call("addEventListener", "change", js.FuncOf(func(js.Value, []js.Value) any {
			k.recolor(p)
			return nil
		}))
	}
	motion := js.Global().Call("matchMedia", "(prefers-reduced-motion: reduce)")
	k.calm = motion.Get("matches").Bool()
	motion.Call("addEventListener", "change", js.FuncOf(func(_ js.Value, args []js.Value) any {
		k.calm = args[0].Get("matches").Bool()
		return nil
	}))
}

// recolor reads the colours again that style.css has for the theme of now.
func (k *keyspace) recolor(p *Page) {
	style := js.Global().Call("getComputedStyle", document.Get("documentElement"))
	read := func(name string) chart.Color {
		return chart.ParseColor(style.Call("getPropertyValue", name).String())
	}
	k.theme = chart.Theme{
		Surface: read("--surface"), Ink: read("--ink"), Faint: read("--ink-3"), Rule: read("--rule"),
		State: [4]chart.Color{read("--memory"), read("--written-fill"), read("--disk"), read("--snapshot")},
	}
	k.colored, k.stale = true, true
	p.loop.moving = true
}

// under is the slot of the key under the pointer, or -1.
func (k *keyspace) under(e *dom.BasicEvent) int {
	v := e.Underlying()
	x, y := v.Get("offsetX").Float()*k.canvas.scale, v.Get("offsetY").Float()*k.canvas.scale
	_, slot := k.grid.At(int(x), int(y))
	return slot
}

// live is the first key of a cell that begins with a slot, or nil.
func (k *keyspace) live(p *Page, slot int) (*app.Cell, int) {
	cells := p.model.Keyspace().Cells
	for i := max(slot, 0); slot >= 0 && i < min(slot+k.grid.Per, len(cells)); i++ {
		if cells[i].Live {
			return &cells[i], i
		}
	}
	return nil, -1
}

func (k *keyspace) name(p *Page, slot int) {
	c, _ := k.live(p, slot)
	if c == nil {
		k.tip.setText("")
		return
	}
	text := app.KeyName(c.Key) + "  " + c.Type.String() + ", " + p.model.Durable(c).Words()
	if k.grid.Per > 1 {
		text += "  (first of up to " + strconv.Itoa(k.grid.Per) + ")"
	}
	k.tip.setText(text)
}

func (k *keyspace) choose(p *Page, slot int) {
	c, _ := k.live(p, slot)
	if c == nil {
		p.dispatch(app.Select{})
		return
	}
	key := c.Key
	p.dispatch(app.Select{Key: &key})
}

// move goes from key to key.
func (k *keyspace) move(p *Page, e js.Value) {
	step := 0
	switch e.Get("key").String() {
	case "ArrowRight":
		step = k.grid.Per
	case "ArrowLeft":
		step = -k.grid.Per
	case "ArrowDown":
		step = k.grid.Cols * k.grid.Per
	case "ArrowUp":
		step = -k.grid.Cols * k.grid.Per
	case "Home":
		k.cursor, step = -k.grid.Per, k.grid.Per
	case "Enter", " ":
		if k.cursor >= 0 {
			k.choose(p, k.cursor)
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
	if k.cursor < 0 && step != k.grid.Per {
		k.cursor = -step
	}
	for slot := k.cursor + step; slot >= 0 && slot < len(p.model.Keyspace().Cells); slot += step {
		if c, _ := k.live(p, slot); c != nil {
			k.cursor = slot
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

func (k *keyspace) draw(p *Page, dirty app.Part) {
	m := p.model
	if !k.colored {
		k.recolor(p)
	}
	if dirty&app.PartKeyspace != 0 {
		k.stale = true
	}
	if dirty&app.PartInspector != 0 || m.Inspector != nil && p.every(15) {
		k.drawInspector(m)
	}
	// Times to live drain: often while there are few keys, seldom with many.
	drains := int64(6)
	if k.calm || len(m.Keyspace().Cells) > 5000 {
		drains = 60
	}
	if p.every(drains) && m.Stats.WithTTL > 0 && !m.Host.Paused {
		k.stale = true
	}
	if !k.stale && !k.resized {
		return
	}
	if len(m.Keyspace().Cells) > 20_000 && !p.every(4) {
		return
	}
	k.stale, k.resized = false, false
	k.drawFigures(m)
	if k.listed {
		k.drawList(m)
		return
	}
	k.drawGrid(m)
}

func (k *keyspace) drawFigures(m *app.Model) {
	space := m.Keyspace()
	n := int64(space.Len())
	text := app.Plural(n, "key", "keys")
	if space.Partial() {
		text = app.Count(m.Stats.Keys) + " keys, " + app.Count(n) + " of them drawn"
	} else if m.Stats.Memory > 0 {
		text += " · " + app.Bytes(m.Stats.Memory) + " of memory"
	}
	k.figures.setText(text)
	k.empty.show(n == 0 && !m.Down && len(space.Cells) == 0)

	dbs := m.Databases()
	key := ""
	for _, db := range dbs {
		key += strconv.Itoa(db) + " "
	}
	if k.dbs != key {
		k.dbs = key
		k.db.empty()
		for _, db := range dbs {
			k.db.add(create("option", "").setText("db "+strconv.Itoa(db)).set("value", strconv.Itoa(db)))
		}
		k.db.v.Set("value", strconv.Itoa(m.DB))
	}
	k.dbLabel.show(len(dbs) > 1)
}

func (k *keyspace) drawGrid(m *app.Model) {
	c := k.canvas
	if !c.fit() {
		return
	}
	cells := m.Keyspace().Cells
	k.grid = chart.NewGrid(len(cells), c.image.W, c.image.H, c.scale)
	now := m.Now()
	selected := ""
	if m.Inspector != nil && m.Inspector.DB == m.DB {
		selected = m.Inspector.Key
	}
	k.painter.Cells(&c.image, k.grid, k.theme, func(slot int) chart.Cell {
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
		out.Mark = cell.Live && (slot == k.cursor || selected != "" && cell.Key == selected)
		return out
	})
	c.put()
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
	ctx, scale := k.canvas.context, k.canvas.scale
	style := js.Global().Call("getComputedStyle", document.Get("documentElement"))
	ink, faint := style.Call("getPropertyValue", "--ink").String(), style.Call("getPropertyValue", "--ink-3").String()
	family := style.Call("getPropertyValue", "--mono").String()
	x, width := k.grid.TileText()
	font := func(px float64) float64 {
		ctx.Set("font", strconv.FormatFloat(px*scale, 'f', 1, 64)+"px "+family)
		return ctx.Call("measureText", "m").Get("width").Float()
	}
	ctx.Set("textBaseline", "alphabetic")
	write := func(line func(c *app.Cell) string, px, baseline float64, color string) {
		letter := font(px)
		ctx.Set("fillStyle", color)
		for slot := range m.Keyspace().Cells {
			c := &m.Keyspace().Cells[slot]
			if !c.Live {
				continue
			}
			left, top := k.grid.Origin(slot)
			ctx.Call("fillText", cut(line(c), int(float64(width)/letter)), left+x, float64(top)+baseline*scale)
		}
	}
	write(func(c *app.Cell) string { return app.KeyName(c.Key) }, 12, 16.5, ink)
	write(func(c *app.Cell) string {
		if c.ExpireAt != 0 {
			return app.Age(max(c.ExpireAt-now/1000, 0)*1000) + " left"
		}
		return c.Type.String() + ", " + app.Bytes(c.Memory)
	}, 10.5, 30, faint)
}

// cut shortens in the middle, because the ends of keys tell them apart.
func cut(s string, letters int) string {
	if len(s) <= letters || letters < 4 {
		return s[:min(len(s), max(letters, 0))]
	}
	tail := (letters - 1) / 2
	return s[:letters-1-tail] + "…" + s[len(s)-tail:]
}

const listRows = 300

// listRow is a row of the list. Rows stay and change their text: one that was
// replaced under the pointer would lose the click, and the focus with it.
type listRow struct {
	row, button, kind, life, memory, sign, words *node
}

func (k *keyspace) newListRow() *listRow {
	r := &listRow{
		button: create("button", "").set("type", "button").set("name", "key"),
		kind:   create("td", ""), life: create("td", ""), memory: create("td", ""),
		sign: create("i", ""), words: create("span", ""),
	}
	r.row = create("tr", "").add(create("td", "").add(r.button), r.kind, r.life, r.memory, create("td", "").add(r.sign, r.words))
	return r
}

func (k *keyspace) drawList(m *app.Model) {
	space := m.Keyspace()
	keys := space.Keys(listRows)
	for len(k.rowsOfList) < len(keys) {
		r := k.newListRow()
		k.rowsOfList = append(k.rowsOfList, r)
		k.rows.add(r.row)
	}
	for _, r := range k.rowsOfList[len(keys):] {
		r.row.v.Call("remove")
	}
	k.rowsOfList = k.rowsOfList[:len(keys)]
	now := m.Now()
	for i, c := range keys {
		r := k.rowsOfList[i]
		r.button.setText(app.KeyName(c.Key)).set("value", strconv.Itoa(space.Slot(c.Key)))
		life := "–"
		if c.ExpireAt != 0 {
			life = app.Age(max(c.ExpireAt-now/1000, 0) * 1000)
		}
		d := m.Durable(c)
		r.kind.setText(c.Type.String())
		r.life.setText(life)
		r.memory.setText(app.Bytes(c.Memory))
		r.sign.set("data-state", [...]string{"memory", "written", "disk", "snapshot"}[d])
		r.words.setText(d.Short())
	}
	more := ""
	if n := space.Len() - len(keys); n > 0 {
		more = "and " + app.Count(int64(n)) + " more"
	}
	k.listMore.setText(more)
}

func (k *keyspace) drawInspector(m *app.Model) {
	in := m.Inspector
	k.inspector.show(in != nil)
	if in == nil {
		k.inspected = ""
		return
	}
	type fact struct{ name, value string }
	facts := []fact{{"type", in.Type}, {"encoding", in.Encoding}, {"memory", app.Bytes(in.Memory)}}
	unit := "elements"
	if in.Type == "string" {
		unit = "length"
	}
	facts = append(facts, fact{unit, app.Count(in.Elements)})
	life := "none"
	if in.ExpireAt != 0 {
		life = app.Age(max(in.ExpireAt-m.Now()/1000, 0) * 1000)
	}
	facts = append(facts, fact{"time to live", life}, fact{"durability", in.Durable.Words()}, fact{"write", "no. " + app.Count(int64(in.Change))})
	if in.Gone {
		facts = []fact{{"this key", "does not exist any more"}}
	}
	signature := in.Key + strconv.FormatInt(in.More, 10)
	for _, f := range facts {
		signature += "\x00" + f.value
	}
	for _, r := range in.Value {
		signature += "\x00" + r.Name + "\x00" + r.Value
	}
	if signature == k.inspected {
		return
	}
	k.inspected = signature
	k.key.setText(app.KeyName(in.Key))
	k.facts.empty()
	for _, f := range facts {
		k.facts.add(create("div", "").add(create("dt", "").setText(f.name), create("dd", "").setText(f.value)))
	}
	k.value.empty()
	more := ""
	if !in.Gone {
		for _, r := range in.Value {
			row := create("tr", "")
			if r.Name != "" {
				row.add(create("th", "").setText(r.Name))
			}
			k.value.add(row.add(create("td", "").setText(r.Value)))
		}
		if in.More > 0 {
			more = "and " + app.Count(in.More) + " more"
		}
	}
	k.valueMore.setText(more)
}
