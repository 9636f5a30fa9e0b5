package command

import "slices"

// Table finds commands by name, whatever the case.
type Table struct {
	byName map[string]*Spec // top-level commands, lower case
	sorted []*Spec
}

// NewTable indexes the rows of all families. Two rows of one name are a
// mistake in the program and panic.
func NewTable(families ...[]*Spec) *Table {
	t := &Table{byName: map[string]*Spec{}}
	for _, family := range families {
		for _, s := range family {
			if t.byName[s.Name] != nil {
				panic("command: two rows named " + s.Name)
			}
			t.byName[s.Name] = s
			t.sorted = append(t.sorted, s)
			for _, sub := range s.Subcommands {
				sub.parent = s
			}
		}
	}
	slices.SortFunc(t.sorted, func(a, b *Spec) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return t
}

// All lists the top-level commands by name.
func (t *Table) All() []*Spec { return t.sorted }

// Lookup finds a top-level command.
func (t *Table) Lookup(name []byte) *Spec {
	var buffer [32]byte
	if len(name) > len(buffer) {
		return nil
	}
	return t.byName[string(lower(buffer[:0], name))]
}

// Parent is the container of a subcommand, else nil.
func (s *Spec) Parent() *Spec { return s.parent }

// Subcommand finds a subcommand of a container.
func (s *Spec) Subcommand(name []byte) *Spec {
	var buffer [32]byte
	if len(name) > len(buffer) {
		return nil
	}
	word := lower(buffer[:0], name)
	for _, sub := range s.Subcommands {
		if sub.Name == string(word) {
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

func lower(dst, b []byte) []byte {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
