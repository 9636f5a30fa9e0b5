//go:build js && wasm

package view

import (
	"strconv"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// tree is the keys by prefix. The focus stays on the tree, which says which
// row is the active one: rows may come and go under it.
type tree struct {
	root   *node
	nodes  []*treeNode
	rows   []app.TreeRow
	active int
	name   string // of the active row, to find it again
}

type treeNode struct{ row, mark, name, count, memory *node }

func (t *tree) bind(p *Page) {
	t.root = byID("tree")
	t.root.on("click", func(e *dom.BasicEvent) {
		if row := closest(e, "[role=treeitem]"); !row.IsUndefined() {
			if i, err := strconv.Atoi(row.Get("dataset").Get("row").String()); err == nil && i < len(t.rows) {
				t.active = i
				t.enter(p, true)
			}
		}
	})
	t.root.on("keydown", func(e *dom.BasicEvent) { t.press(p, e.Underlying()) })
}

// enter does what a click does: a folder opens or closes, a key is inspected.
func (t *tree) enter(p *Page, toggle bool) {
	r := t.rows[t.active]
	t.remember(p.model)
	switch {
	case r.More > 0:
		p.dispatch(app.ShowMore{Folder: r.Folder})
	case r.Folder != nil:
		p.dispatch(app.Unfold{Folder: r.Folder, Open: !r.Folder.Open || !toggle})
	default:
		p.keyspace.choose(p, r.Slot)
	}
	p.keyspace.resized = true // at once
}

func (t *tree) press(p *Page, e js.Value) {
	if len(t.rows) == 0 {
		return
	}
	t.active = min(t.active, len(t.rows)-1)
	r := t.rows[t.active]
	switch e.Get("key").String() {
	case "ArrowDown":
		t.active++
	case "ArrowUp":
		t.active--
	case "Home":
		t.active = 0
	case "End":
		t.active = len(t.rows) - 1
	case "ArrowRight":
		if r.Folder != nil && r.More == 0 && !r.Folder.Open {
			t.enter(p, false)
		} else if r.Folder != nil && r.More == 0 {
			t.active++
		}
	case "ArrowLeft":
		if r.Folder != nil && r.More == 0 && r.Folder.Open {
			t.enter(p, true)
			break
		}
		for t.active > 0 && t.rows[t.active].Depth >= r.Depth && r.Depth > 0 {
			t.active--
		}
	case "Enter", " ":
		t.enter(p, true)
	case "Escape":
		p.dispatch(app.Select{})
	default:
		return
	}
	e.Call("preventDefault")
	t.active = min(max(t.active, 0), len(t.rows)-1)
	t.remember(p.model)
	t.point()
	t.nodes[t.active].row.v.Call("scrollIntoView", map[string]any{"block": "nearest"})
}

func (t *tree) remember(m *app.Model) { t.name = rowName(m, t.rows[t.active]) }

func rowName(m *app.Model, r app.TreeRow) string {
	switch {
	case r.More > 0:
		return r.Folder.Name + "\x00more"
	case r.Folder != nil:
		return r.Folder.Name + "\x00folder"
	}
	return m.Keyspace().Cells[r.Slot].Key
}

// selectedSlot is the slot of the key in the inspector, or -1.
func selectedSlot(m *app.Model) int {
	if m.Inspector == nil || m.Inspector.DB != m.DB {
		return -1
	}
	return m.Keyspace().Slot(m.Inspector.Key)
}

// point shows the active row.
func (t *tree) point() {
	for i, n := range t.nodes {
		n.row.class("active", i == t.active)
	}
	if t.active < len(t.nodes) {
		t.root.set("aria-activedescendant", "tree-"+strconv.Itoa(t.active))
	} else {
		t.root.unset("aria-activedescendant")
	}
}

func (t *tree) draw(m *app.Model) {
	t.rows = m.TreeRows()
	for len(t.nodes) < len(t.rows) {
		n := &treeNode{create("div", "").set("role", "treeitem"), create("i", ""), create("span", "key"), create("span", "count"), create("span", "memory")}
		id := strconv.Itoa(len(t.nodes))
		n.row.set("id", "tree-"+id).set("data-row", id).add(n.mark, n.name, n.count, n.memory)
		t.nodes = append(t.nodes, n)
		t.root.add(n.row)
	}
	for _, n := range t.nodes[len(t.rows):] {
		n.row.v.Call("remove")
	}
	t.nodes = t.nodes[:len(t.rows)]
	if len(t.rows) == 0 {
		t.root.unset("role") // a tree without items is none
	} else {
		t.root.set("role", "tree")
	}
	selected := selectedSlot(m)
	for i, r := range t.rows {
		n := t.nodes[i]
		if t.name != "" && rowName(m, r) == t.name {
			t.active = i
		}
		var name, count, memory, open, state string
		chosen := false
		switch f := r.Folder; {
		case r.More > 0:
			name = words.Say("show more of the other {n}", app.Count(r.More))
		case f != nil:
			open, state = strconv.FormatBool(f.Open), stateNames[f.Durable]
			name, count, memory = f.Label(), words.Many(f.Count, "{n} key|{n} keys"), app.Bytes(f.Memory)
		default:
			c := &m.Keyspace().Cells[r.Slot]
			state, chosen = stateNames[m.Durable(c)], r.Slot == selected
			name, count, memory = app.KeyName(c.Key), c.Type.String(), app.Bytes(c.Memory)
		}
		n.row.set("aria-level", strconv.Itoa(r.Depth+1)).set("aria-selected", strconv.FormatBool(chosen)).style("--depth", strconv.Itoa(r.Depth))
		if open == "" {
			n.row.unset("aria-expanded")
		} else {
			n.row.set("aria-expanded", open)
		}
		n.mark.set("data-state", state)
		n.name.setText(name)
		n.count.setText(count)
		n.memory.setText(memory)
	}
	t.active = min(t.active, max(len(t.rows)-1, 0))
	t.point()
}
