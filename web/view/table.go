//go:build js && wasm

package view

import (
	"math/bits"
	"strconv"

	"everysec/web/app"
	"everysec/web/chart"
	"everysec/web/words"
)

// hashTable is the buckets of the database, and a SCAN on its way through them.
type hashTable struct {
	layout      chart.Tables
	words, walk *node
}

func (h *hashTable) bind() { h.words, h.walk = byID("table-words"), byID("table-walk") }

// first is the first bucket of a cell. Where a cell is one bucket, cells lie as
// the buckets are numbered. Where it is several, they lie in the order in which
// a cursor comes to them: it would be everywhere at once otherwise.
func (h *hashTable) first(table, cell int) uint64 {
	if per := h.layout.Per[table]; per > 1 {
		digits := bits.Len64(uint64(h.layout.Size[table] - 1))
		return bits.Reverse64(uint64(cell*per)) >> (64 - digits)
	}
	return uint64(cell)
}

func (h *hashTable) bucket(t *app.Table, w *app.Walk, table, cell int) chart.Bucket {
	first, size := h.first(table, cell), uint64(h.layout.Size[table])
	b := chart.Bucket{Keys: -1, Visited: w.Visited(first)}
	if w != nil && !w.Done {
		b.Next = w.Cursor&(size-1) == first || h.layout.Per[table] > 1 && bits.Reverse64(w.Cursor)-bits.Reverse64(first) < uint64(h.layout.Per[table])<<(64-bits.Len64(size-1))
	}
	if h.layout.Per[table] > 1 {
		return b
	}
	if int(first) < len(t.Chains[table]) {
		b.Keys = int(t.Chains[table][first])
	}
	if table == 0 && t.Rehash >= 0 {
		b.Moved, b.Moving = int64(first) < t.Rehash, int64(first) == t.Rehash
	}
	return b
}

func (k *keyspace) drawTable(m *app.Model) {
	h, c := &k.table, k.canvas
	t, w := m.Table()
	table, walk := t.Words(w)
	h.words.setText(table)
	h.walk.setText(walk)
	if !c.fit() {
		return
	}
	sizes := [2]int{}
	if t.Known {
		sizes = [2]int{int(t.Size[0]), int(t.Size[1])}
	}
	h.layout = chart.NewTables(sizes, c.image.W, c.image.H, c.scale)
	cells := h.layout.Cells(0)
	c.image.Buckets(k.theme, h.layout, c.scale, func(table, cell int) chart.Bucket {
		b := h.bucket(t, w, table, cell)
		b.Next = b.Next || k.cursor >= 0 && k.cursor == table*cells+cell
		return b
	})
	c.put(0, c.image.H)
}

// name says what is at a position: the cells of the first table, then those of
// the second.
func (h *hashTable) name(m *app.Model, at int) string {
	table, cell := 0, at
	if n := h.layout.Cells(0); cell >= n {
		table, cell = 1, cell-n
	}
	if at < 0 || cell >= h.layout.Cells(table) {
		return ""
	}
	t, w := m.Table()
	b, first := h.bucket(t, w, table, cell), h.first(table, cell)
	text := words.Say("bucket {n}", strconv.FormatUint(first, 10)) + "  " + app.Binary(first, int64(h.layout.Size[table]))
	if per := h.layout.Per[table]; per > 1 {
		text += " " + words.Say("and the {n} that a cursor comes to then", strconv.Itoa(per-1))
	}
	if h.layout.Size[1] > 0 {
		text += " " + words.Say([...]string{"of the old table", "of the new table"}[table])
	}
	if b.Keys >= 0 {
		text += ", " + words.Many(int64(b.Keys), "{n} key|{n} keys")
	}
	switch {
	case b.Moved:
		text += ", " + words.Say("moved")
	case b.Moving:
		text += ", " + words.Say("moved next")
	}
	if b.Visited {
		text += ", " + words.Say("visited")
	}
	return text
}

func (h *hashTable) at(x, y int) int {
	table, cell, ok := h.layout.At(x, y)
	if !ok {
		return -1
	}
	return table*h.layout.Cells(0) + cell
}
