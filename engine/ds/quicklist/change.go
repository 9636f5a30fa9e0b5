package quicklist

import (
	"everysec/engine/ds/arena"
	"everysec/engine/ds/listpack"
)

// Set replaces the element at index i, negative from the end; false if there
// is none. As in Redis 7.0 a packed node may become too large by this. v must
// not alias the list, here and in all that follows.
func (l List) Set(i int, v []byte) bool {
	e, ok := l.seek(i)
	if !ok {
		return false
	}
	if i < 0 {
		i += l.Len()
	}
	n := l.node(e.node)
	switch {
	case n.container == Packed && !l.isLarge(v) && listpack.SafeToAdd(l.data(e.node), len(v)):
		r := l.reserve(e.node, int(n.size)+listpack.EntrySize(v))
		l.setData(r, listpack.Replace(l.data(r), e.pos, v))
		l.shrink(r)
	case n.container == Plain && l.isLarge(v):
		r := l.resize(e.node, len(v))
		l.setData(r, v)
		copy(l.data(r), v)
	default:
		// It cannot stay in this node: add the new one, take the old one out.
		l.insert(e, v, true)
		e, _ = l.seek(i)
		l.deleteEntry(e)
	}
	return true
}

// InsertBefore adds v before the first element that is pivot; false if none is.
func (l List) InsertBefore(pivot, v []byte) bool { return l.insertBeside(pivot, v, false) }

// InsertAfter adds v behind the first element that is pivot; false if none is.
func (l List) InsertAfter(pivot, v []byte) bool { return l.insertBeside(pivot, v, true) }

func (l List) insertBeside(pivot, v []byte, after bool) bool {
	e, ok := l.seek(0)
	for ok && e.node != 0 {
		if l.equal(e, pivot) {
			l.insert(e, v, after)
			return true
		}
		e = l.next(e)
	}
	return false
}

// Remove takes out elements that are v and returns how many: the first count,
// the last -count, or all of them if count is 0.
func (l List) Remove(v []byte, count int) int {
	first, step := 0, l.next
	if count < 0 {
		first, step, count = -1, l.prev, -count
	}
	removed := 0
	e, ok := l.seek(first)
	for ok && e.node != 0 {
		if !l.equal(e, v) {
			e = step(e)
			continue
		}
		// Look for the neighbour first: the node may go with the element.
		next := step(e)
		sameNode := next.node == e.node
		moved := l.deleteEntry(e)
		if sameNode {
			next.node = moved
			if next.index > e.index {
				next.index--
				next.pos = e.pos
			}
		}
		e = next
		if removed++; removed == count {
			break
		}
	}
	return removed
}

// DeleteRange takes out n elements, or as many as there are, from index start
// on (negative: from the end), and returns how many.
func (l List) DeleteRange(start, n int) int {
	e, ok := l.seek(start)
	if !ok || n <= 0 {
		return 0
	}
	if start < 0 {
		start += l.Len()
	}
	n = min(n, l.Len()-start)
	for left := n; left > 0; {
		next := l.node(e.node).next
		left -= l.deleteFrom(e, left)
		e = entry{node: next}
		if next != 0 && l.node(next).container == Packed {
			e.pos = listpackStart
		}
	}
	return n
}

// Trim keeps n elements from index start on (not negative) and takes out all
// others. n may reach over the end.
func (l List) Trim(start, n int) {
	if n <= 0 || start >= l.Len() {
		start, n = l.Len(), 0
	}
	tail := l.Len() - start - n
	l.DeleteRange(0, start)
	if tail > 0 {
		l.DeleteRange(-tail, tail)
	}
}

// deleteFrom takes out up to n elements of one node, from e on, and returns
// how many. The node goes with its last element.
func (l List) deleteFrom(e entry, n int) int {
	h, nd := l.header(), l.node(e.node)
	n = min(n, int(nd.count)-e.index)
	h.count -= int64(n)
	if n == int(nd.count) {
		l.drop(e.node)
		return n
	}
	l.setData(e.node, listpack.DeleteAt(l.data(e.node), e.pos, n))
	nd.count -= uint32(n)
	l.shrink(e.node)
	return n
}

// deleteEntry takes one element out and returns where its node is now, 0 if
// it went too.
func (l List) deleteEntry(e entry) arena.Ref {
	h, n := l.header(), l.node(e.node)
	h.count--
	if n.count == 1 {
		l.drop(e.node)
		return 0
	}
	l.setData(e.node, listpack.Delete(l.data(e.node), e.pos))
	n.count--
	return l.shrink(e.node)
}

// insert adds v beside an element, in a node as Redis chooses it: here if
// there is room, in the neighbour if that is as good and has room, in a new
// node between the two, or else where this node is split.
func (l List) insert(e entry, v []byte, after bool) {
	h, n := l.header(), l.node(e.node)
	h.count++

	// At the edge, neighbour is the node on the other side of it.
	edge, neighbour := e.index == 0, n.prev
	if after {
		edge, neighbour = e.index == int(n.count)-1, n.next
	}
	switch {
	case l.isLarge(v) && (n.container == Plain || edge):
		l.linkBeside(l.newPlain(v), e.node, after)
	case l.isLarge(v):
		r := l.split(e, after)
		l.linkBeside(l.newPlain(v), r, after)
	case l.hasRoom(e.node, len(v)) && after:
		l.insertAt(e.node, l.behind(e), v)
	case l.hasRoom(e.node, len(v)):
		l.insertAt(e.node, e.pos, v)
	case edge && l.hasRoom(neighbour, len(v)) && after:
		l.insertAt(neighbour, listpackStart, v)
	case edge && l.hasRoom(neighbour, len(v)):
		l.insertAt(neighbour, int(l.node(neighbour).size)-1, v)
	case edge: // so is every element of a plain node
		l.linkBeside(l.newPacked(v), e.node, after)
	default:
		r := l.split(e, after)
		if after {
			l.insertAt(l.node(r).next, listpackStart, v)
		} else {
			before := l.node(r).prev
			l.insertAt(before, int(l.node(before).size)-1, v)
		}
		l.mergeAround(r)
	}
}

// behind is the position in the listpack after the element.
func (l List) behind(e entry) int {
	data := l.data(e.node)
	if next := listpack.Next(data, e.pos); next >= 0 {
		return next
	}
	return len(data) - 1
}

func (l List) linkBeside(r, beside arena.Ref, after bool) {
	if after {
		l.link(r, beside, l.node(beside).next)
	} else {
		l.link(r, l.node(beside).prev, beside)
	}
}

// split moves what is on the far side of e to a new node there, and returns
// where the node of e is now: with after the elements up to e stay, otherwise
// those from e on.
func (l List) split(e entry, after bool) arena.Ref {
	data := l.data(e.node)
	total := int(l.node(e.node).count)
	from, to := 0, e.index // what moves
	if after {
		from, to = e.index+1, total
	}
	r := l.newNode(data, len(data))
	l.node(r).container = Packed
	l.node(r).count = uint32(to - from)
	moved := listpack.DeleteRange(l.data(r), to, total-to)
	l.setData(r, listpack.DeleteRange(moved, 0, from))
	l.setData(e.node, listpack.DeleteRange(data, from, to-from))
	l.node(e.node).count -= uint32(to - from)
	l.linkBeside(r, e.node, after)
	l.shrink(r)
	return l.shrink(e.node)
}

// mergeAround joins nodes near r that fit in one: the two before it, the two
// behind it, and then r with what is beside it, in Redis's order.
func (l List) mergeAround(r arena.Ref) {
	if prev := l.node(r).prev; prev != 0 {
		l.merge(l.node(prev).prev, prev)
	}
	if next := l.node(r).next; next != 0 {
		l.merge(next, l.node(next).next)
	}
	if joined := l.merge(l.node(r).prev, r); joined != 0 {
		r = joined
	}
	l.merge(r, l.node(r).next)
}

// merge joins two neighbours if the rules of the fill allow it, and returns
// where; 0 if they stay two.
func (l List) merge(first, second arena.Ref) arena.Ref {
	if first == 0 || second == 0 {
		return 0
	}
	n, m := l.node(first), l.node(second)
	size := int(n.size) + int(m.size) - emptyListpack
	if n.container == Plain || m.container == Plain || !l.fits(size, int(n.count)+int(m.count)) {
		return 0
	}
	count := n.count + m.count
	first = l.reserve(first, size)
	l.setData(first, listpack.Merge(l.data(first), l.data(second)))
	l.node(first).count = count
	l.drop(second)
	return first
}
