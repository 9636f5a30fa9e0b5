package command

import (
	"slices"
	"strings"

	"everysec/engine/ds/order"
)

// Table finds commands by name, whatever the case.
//
// It is asked for every command that runs, so it is a hash table of its own:
// open addressing, and a hash that needs no lower-cased copy of the name.
type Table struct {
	slots  []*Spec // top-level commands; the length is a power of two
	sorted []*Spec
	rows   int

	// What rename-command has changed: commands by their new names, nil where
	// the old name means nothing any more. nil: there is nothing of it.
	renamed map[string]*Spec
}

// NewTable indexes the rows of all families. Two rows of one name are a
// mistake in the program and panic.
func NewTable(families ...[]*Spec) *Table {
	t := &Table{}
	for _, family := range families {
		t.sorted = append(t.sorted, family...)
	}
	size := 4 // an eighth to a quarter of the slots are taken: hardly any collision
	for size < 4*len(t.sorted) {
		size *= 2
	}
	t.slots = make([]*Spec, size)
	for _, s := range t.sorted {
		slot := t.slot([]byte(s.Name))
		if *slot != nil {
			panic("command: two rows named " + s.Name)
		}
		*slot = s
		t.number(s)
		for _, sub := range s.Subcommands {
			sub.parent = s
			t.number(sub)
		}
	}
	order.By(t.sorted, func(a, b *Spec) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return t
}

func (t *Table) number(s *Spec) {
	s.row = t.rows
	t.rows++
}

// Rows is the number of rows, subcommands included.
func (t *Table) Rows() int { return t.rows }

// Row is the number of a row in its table, from 0 on: what is kept for each
// command is kept in a slice.
func (s *Spec) Row() int { return s.row }

// slot is where a name is, or where it would be.
func (t *Table) slot(name []byte) **Spec {
	h := uint32(len(name))
	for _, c := range name {
		h = h*31 + uint32(c|0x20) // letters of both cases alike
	}
	for i := h ^ h>>15; ; i++ {
		slot := &t.slots[i&uint32(len(t.slots)-1)]
		if *slot == nil || sameName((*slot).Name, name) {
			return slot
		}
	}
}

// sameName compares a lower-case name with a word of any case.
func sameName(name string, word []byte) bool {
	if len(name) != len(word) {
		return false
	}
	for i, c := range word {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// Each visits all rows by name, a container before its subcommands.
func (t *Table) Each(visit func(s *Spec)) {
	for _, s := range t.sorted {
		visit(s)
		for _, sub := range s.Subcommands {
			visit(sub)
		}
	}
}

// Find looks a row up by its full name, "config|get" for a subcommand.
func (t *Table) Find(name string) *Spec {
	top, sub, isSub := strings.Cut(name, "|")
	s := t.Lookup([]byte(top))
	if s == nil || !isSub {
		return s
	}
	return s.Subcommand([]byte(sub))
}

// All lists the top-level commands by name.
func (t *Table) All() []*Spec { return t.sorted }

// Rename is rename-command: to is a command's new name, "" takes it away. It
// remains what it was to whoever holds Original, as ACL rules do.
func (t *Table) Rename(from, to string) (problem string) {
	s := t.Lookup([]byte(from))
	if s == nil {
		return "No such command in rename-command"
	}
	if t.renamed == nil {
		t.renamed = map[string]*Spec{}
	}
	t.renamed[strings.ToLower(from)] = nil
	if to == "" {
		t.sorted = slices.DeleteFunc(slices.Clone(t.sorted), func(other *Spec) bool { return other == s })
		return ""
	}
	if t.Lookup([]byte(to)) != nil {
		return "Target command name already exists"
	}
	t.renamed[strings.ToLower(to)] = s
	return ""
}

// Original is the table without what Rename will change.
func (t *Table) Original() *Table {
	copied := *t
	return &copied
}

// Lookup finds a top-level command.
func (t *Table) Lookup(name []byte) *Spec {
	if t.renamed != nil {
		if s, is := t.renamed[strings.ToLower(string(name))]; is {
			return s
		}
	}
	if len(name) > longestName {
		return nil // somebody's megabytes need no hash
	}
	return *t.slot(name)
}

const longestName = 32

// Parent is the container of a subcommand, else nil.
func (s *Spec) Parent() *Spec { return s.parent }

// Subcommand finds a subcommand of a container.
func (s *Spec) Subcommand(name []byte) *Spec {
	for _, sub := range s.Subcommands {
		if sameName(sub.Name, name) {
			return sub
		}
	}
	return nil
}

// Resolve finds the row that a command line runs: a subcommand's where the
// command is a container. It returns the container itself when the subcommand
// is missing or unknown.
func (t *Table) Resolve(args [][]byte) *Spec {
	s := t.Lookup(args[0])
	if s == nil || len(s.Subcommands) == 0 || len(args) < 2 {
		return s
	}
	if sub := s.Subcommand(args[1]); sub != nil {
		return sub
	}
	return s
}

// ArityFits tells whether a command line has an acceptable number of words.
func (s *Spec) ArityFits(words int) bool {
	if s.Arity >= 0 {
		return words == s.Arity
	}
	return words >= -s.Arity
}
