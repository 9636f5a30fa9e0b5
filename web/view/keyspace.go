//go:build js && wasm

package view

import (
	"strconv"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/chart"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// keyspace is the keys of a database in one of five views, and one key in
// detail. Grid, treemap and hash table share the canvas.
type keyspace struct {
	canvas  *canvas
	painter chart.Painter
	theme   chart.Theme
	colored bool
	calm    bool // less motion is wanted
	stale   bool // something changed that has not been drawn
	resized bool
	drawnAs app.View

	ink, faint, paper, family string // for what the canvas writes

	root, empty, tip, figures *node
	db, dbLabel               *node
	dbs                       string
	shown                     int // keys that the filter lets through

	views  []*node // the buttons
	legend *node

	glob, kind *node // the filter

	grid     chart.Grid
	filtered bool
	order    []int32 // the slots that are drawn, if filtered
	cursor   int     // position of the key under the keyboard's cursor, -1: none
	hover    int

	treemap treemap
	table   hashTable
	tree    tree
	list    list

	inspector inspector
	look      int // counts the changes of colours
}

// viewNames are the values of data-view, by app.View.
var viewNames = []string{"grid", "map", "tree", "list", "table"}

func (k *keyspace) bind(p *Page) {
	cells := byID("cells")
	k.canvas = newCanvas(cells)
	k.cursor, k.hover = -1, -1
	k.root, k.empty, k.tip, k.figures = byID("grid"), byID("empty"), byID("cell-name"), byID("keyspace-figures")
	for i, name := range viewNames {
		b := byID("keyspace").find(`[data-view="` + name + `"]`)
		k.views = append(k.views, b)
		b.on("click", func(*dom.BasicEvent) { p.dispatch(app.ShowAs{View: app.View(i)}) })
	}
	k.legend = byID("keyspace").find(".legend")
	k.glob, k.kind = byID("glob"), byID("type")
	filter := func(*dom.BasicEvent) {
		k.cursor = -1
		p.dispatch(app.FilterKeys{Filter: app.Filter{Glob: k.glob.v.Get("value").String(), Type: k.kind.v.Get("value").String()}})
	}
	k.glob.on("input", filter)
	k.kind.on("change", filter)
	k.db, k.dbLabel = byID("db"), wrap(byID("db").v.Get("parentElement"))
	k.db.on("change", func(*dom.BasicEvent) {
		if n, err := strconv.Atoi(k.db.v.Get("value").String()); err == nil {
			k.cursor = -1
			p.dispatch(app.ShowDB{DB: n})
		}
	})
	k.inspector.bind(p)
	k.bindCanvas(p, cells)
	k.tree.bind(p)
	k.table.bind()
	k.list.bind(p)

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
	raw := func(name string) string { return style.Call("getPropertyValue", name).String() }
	read := func(name string) chart.Color { return chart.ParseColor(raw(name)) }
	k.theme = chart.Theme{
		Surface: read("--surface"), Ink: read("--ink"), Faint: read("--ink-3"), Rule: read("--rule"),
		State: [4]chart.Color{read("--memory"), read("--written-fill"), read("--disk"), read("--snapshot")},
	}
	k.ink, k.faint, k.paper, k.family = raw("--ink"), raw("--ink-3"), raw("--surface"), raw("--mono")
	k.colored, k.stale = true, true
	k.look++
	p.loop.moving = true
}

// choose opens the key of a slot in the inspector, or closes it for -1.
func (k *keyspace) choose(p *Page, slot int) {
	cells := p.model.Keyspace().Cells
	if slot < 0 || slot >= len(cells) || !cells[slot].Live {
		p.dispatch(app.Select{})
		return
	}
	key := cells[slot].Key
	p.dispatch(app.Select{Key: &key})
}

// narrow shows the keys of a folder only.
func (k *keyspace) narrow(p *Page, f *app.Folder) {
	pattern := f.Glob()
	k.glob.v.Set("value", pattern)
	p.dispatch(app.FilterKeys{Filter: app.Filter{Glob: pattern, Type: p.model.Filter.Type}})
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
		k.inspector.draw(m, k)
	}
	// Times to live drain: often while there are few keys, seldom with many.
	drains := int64(6)
	if k.calm || len(m.Keyspace().Cells) > 5000 {
		drains = 60
	}
	if p.every(drains) && m.Stats.WithTTL > 0 && !m.Host.Paused {
		k.stale = true
	}
	changed := k.drawnAs != m.View
	if !k.stale && !k.resized && !changed {
		return
	}
	// What has to look at every key, or to lay everything out again, does not
	// do so in every frame.
	pause := int64(1)
	switch n := len(m.Keyspace().Cells); {
	case n > 20_000 && m.View == app.AsGrid:
		pause = 4
	case n > 5000 && m.View != app.AsGrid && m.View != app.AsTable:
		pause = 20
	case n > 500 && m.View == app.AsMap:
		pause = 6
	}
	if !changed && !k.resized && !p.every(pause) {
		return
	}
	if changed {
		k.drawnAs = m.View
		k.painter.Forget()
		k.cursor, k.hover = -1, -1
		k.tip.setText("")
	}
	for i, b := range k.views {
		b.set("aria-pressed", strconv.FormatBool(app.View(i) == m.View))
	}
	k.stale, k.resized = false, false
	k.drawFigures(m)
	k.root.show(m.View != app.AsTree && m.View != app.AsList)
	k.tree.root.show(m.View == app.AsTree)
	k.list.root.show(m.View == app.AsList)
	k.legend.show(m.View != app.AsTable)
	k.glob.show(m.View != app.AsTable)
	k.kind.show(m.View != app.AsTable)
	k.table.words.show(m.View == app.AsTable)
	k.table.walk.show(m.View == app.AsTable)
	switch m.View {
	case app.AsGrid:
		k.canvas.node.set("aria-label", words.Say("Keys as cells. Arrow keys move, Enter inspects. The tree and the list show the same as text."))
		k.drawGrid(m)
	case app.AsMap:
		k.canvas.node.set("aria-label", words.Say("Keys by memory. Arrow keys move from large to small, Enter inspects a key and opens a folder. The tree shows the same as text."))
		k.drawMap(m)
	case app.AsTable:
		k.canvas.node.set("aria-label", words.Say("Buckets of the hash table. Arrow keys move. The text above says what the table shows."))
		k.drawTable(m)
	case app.AsTree:
		k.tree.draw(m)
	case app.AsList:
		k.list.draw(m)
	}
}

func (k *keyspace) drawFigures(m *app.Model) {
	space := m.Keyspace()
	n := int64(space.Len())
	text := words.Many(n, "{n} key|{n} keys")
	if space.Partial() {
		text = words.Say("{n} keys, {drawn} of them drawn", app.Count(m.Stats.Keys), app.Count(n))
	} else if m.Stats.Memory > 0 {
		text = words.Many(n, "{n} key · {size} of memory|{n} keys · {size} of memory", app.Bytes(m.Stats.Memory))
	}
	k.shown = int(n)
	if m.Filter.Active() {
		k.shown = space.ShownLen()
		text = words.Say("{n} of {all}", app.Count(int64(k.shown)), text)
	}
	k.figures.setText(text)
	k.empty.show(n == 0 && !m.Down && len(space.Cells) == 0 && m.View != app.AsTable)

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
