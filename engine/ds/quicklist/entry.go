package quicklist

import (
	"iter"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/listpack"
)

// entry is the place of an element: its node, its index there, and its
// position in the node's listpack (0 in a plain node).
type entry struct {
	node  arena.Ref
	index int
	pos   int
}

// entryAt is the element at an index of a node, negative from its end.
func (l List) entryAt(r arena.Ref, index int) entry {
	n := l.node(r)
	if index < 0 {
		index += int(n.count)
	}
	e := entry{node: r, index: index}
	if n.container == Packed {
		e.pos = listpack.Seek(l.data(r), index)
	}
	return e
}

// seek finds an element by its index in the list, from the nearer end.
func (l List) seek(i int) (entry, bool) {
	h := l.header()
	count := int(h.count)
	if i < 0 {
		i += count
	}
	if i < 0 || i >= count {
		return entry{}, false
	}
	if i < count/2 {
		r := h.head
		for {
			n := l.node(r)
			if i < int(n.count) {
				return l.entryAt(r, i), true
			}
			i -= int(n.count)
			r = n.next
		}
	}
	r := h.tail
	for i -= count; ; {
		n := l.node(r)
		if i+int(n.count) >= 0 {
			return l.entryAt(r, i), true
		}
		i += int(n.count)
		r = n.prev
	}
}

// value is the element; it aliases the arena or scratch.
func (l List) value(e entry, scratch []byte) []byte {
	data := l.data(e.node)
	if l.node(e.node).container == Plain {
		return data[:len(data):len(data)]
	}
	return listpack.GetString(data, e.pos, scratch)
}

func (l List) equal(e entry, v []byte) bool {
	data := l.data(e.node)
	if l.node(e.node).container == Plain {
		return string(data) == string(v)
	}
	return listpack.Equal(data, e.pos, v)
}

// next is the element after e, or of no node.
func (l List) next(e entry) entry {
	n := l.node(e.node)
	if e.index+1 < int(n.count) {
		return entry{e.node, e.index + 1, listpack.Next(l.data(e.node), e.pos)}
	}
	if n.next == 0 {
		return entry{}
	}
	return l.entryAt(n.next, 0)
}

// prev is the element before e, or of no node.
func (l List) prev(e entry) entry {
	n := l.node(e.node)
	if e.index > 0 {
		return entry{e.node, e.index - 1, listpack.Prev(l.data(e.node), e.pos)}
	}
	if n.prev == 0 {
		return entry{}
	}
	return l.entryAt(n.prev, -1)
}

// Forward is the elements from index i (negative: from the end) to the last,
// with their indexes. The list must not change meanwhile, and an element
// lives until the next one is asked for.
func (l List) Forward(i int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		e, ok := l.seek(i)
		if !ok {
			return
		}
		if i < 0 {
			i += l.Len()
		}
		var scratch [20]byte
		for at := i; e.node != 0; at++ {
			if !yield(at, l.value(e, scratch[:])) {
				return
			}
			e = l.next(e)
		}
	}
}

// Backward is the elements from index i (negative: from the end) to the
// first, on the terms of Forward.
func (l List) Backward(i int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		e, ok := l.seek(i)
		if !ok {
			return
		}
		if i < 0 {
			i += l.Len()
		}
		var scratch [20]byte
		for at := i; e.node != 0; at-- {
			if !yield(at, l.value(e, scratch[:])) {
				return
			}
			e = l.prev(e)
		}
	}
}

// Nodes is what DUMP and RDB save: for each node its container, and its
// listpack or element. It aliases the arena.
func (l List) Nodes() iter.Seq2[Container, []byte] {
	return func(yield func(Container, []byte) bool) {
		for r := l.header().head; r != 0; r = l.node(r).next {
			if !yield(l.node(r).container, l.data(r)) {
				return
			}
		}
	}
}
