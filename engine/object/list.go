package object

import (
	"everysec/engine/ds/quicklist"
)

// NewList makes an empty list.
func (s *Store) NewList() Value {
	v := Value{Type: List, Encoding: QuickList}
	s.logs++
	list := quicklist.New(s.Arena, s.Limits.ListMaxListpackSize)
	if s.plainFrom != 0 {
		list.SetPlainFrom(s.plainFrom)
	}
	v.setRef(list.Header())
	return v
}

// SetPlainFrom changes the size in bytes from which elements of new lists have
// a node of their own; 0: back to the 1 GB that it is at first.
func (s *Store) SetPlainFrom(n int) { s.plainFrom = n }

// PlainFrom is that size.
func (s *Store) PlainFrom() int {
	if s.plainFrom == 0 {
		return quicklist.DefaultPlainFrom
	}
	return s.plainFrom
}

// List views a value as the list it is. Edits through it change the value.
func (s *Store) List(v *Value) quicklist.List { return quicklist.Open(s.Arena, v.ref()) }

func (s *Store) quicklistNodes(v *Value) int { return s.List(v).NodeCount() }

func (s *Store) quicklistBytes(v *Value) int64 { return s.List(v).Bytes() }

func (s *Store) copyList(v *Value) Value {
	c := s.NewList()
	from, to := s.List(v), s.List(&c)
	for container, b := range from.Nodes() {
		if container == quicklist.Packed {
			to.AppendNode(b)
		} else {
			to.AppendPlain(b)
		}
	}
	return c
}
