//go:build js && wasm

package view

import (
	"strconv"

	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// list is the keys as a table.
type list struct {
	root, body, more *node
	rows             []*listRow
}

// listRow is a row of the list. Rows stay and change their text: one that was
// replaced under the pointer would lose the click, and the focus with it.
type listRow struct {
	row, button, kind, life, memory, sign, words *node
}

func (l *list) bind(p *Page) {
	l.root, l.body = byID("list"), byID("rows")
	l.body.on("click", func(e *dom.BasicEvent) {
		if b := closest(e, "button"); !b.IsUndefined() {
			if slot, err := strconv.Atoi(b.Get("value").String()); err == nil {
				p.keyspace.choose(p, slot)
			}
		}
	})
	l.more = p.click("list-more", func() app.Message { return app.ShowMore{} })
}

func newListRow() *listRow {
	r := &listRow{
		button: create("button", "").set("type", "button").set("name", "key"),
		kind:   create("td", ""), life: create("td", ""), memory: create("td", ""),
		sign: create("i", ""), words: create("span", ""),
	}
	r.row = create("tr", "").add(create("td", "").add(r.button), r.kind, r.life, r.memory, create("td", "").add(r.sign, r.words))
	return r
}

func (l *list) draw(m *app.Model) {
	space := m.Keyspace()
	slots := m.Listed()
	for len(l.rows) < len(slots) {
		r := newListRow()
		l.rows = append(l.rows, r)
		l.body.add(r.row)
	}
	for _, r := range l.rows[len(slots):] {
		r.row.v.Call("remove")
	}
	l.rows = l.rows[:len(slots)]
	now := m.Now()
	for i, slot := range slots {
		r, c := l.rows[i], &space.Cells[slot]
		r.button.setText(app.KeyName(c.Key)).set("value", strconv.Itoa(int(slot)))
		life := "–"
		if c.ExpireAt != 0 {
			life = app.Age(max(c.ExpireAt-now/1000, 0) * 1000)
		}
		d := m.Durable(c)
		r.kind.setText(c.Type.String())
		r.life.setText(life)
		r.memory.setText(app.Bytes(c.Memory))
		r.sign.set("data-state", stateNames[d])
		r.words.setText(d.Short())
	}
	n := m.Keyspace().ShownLen() - len(slots)
	l.more.show(n > 0)
	l.more.setText(words.Say("Show more of the other {n}", app.Count(int64(n))))
}

// stateNames are the values of data-state, by app.Durable.
var stateNames = [...]string{"memory", "written", "disk", "snapshot"}
