// Package rax is Redis's radix tree: byte strings in order, each with a word
// of 64 bits, in pointer-free memory.
//
// The idea: keys that begin alike share the way down. A node is a position in
// that way. Where it forks, a node has one child for each next byte; where it
// does not, a compressed node holds the whole run of bytes to the next
// position at which a key ends or a way forks. Stream IDs of 16 bytes, most
// significant first, differ only at their end, so a tree of them is flat and
// their order is that of time.
//
// Trees of keys of one length have as many nodes as Redis's own, which XINFO
// STREAM shows.
package rax

import (
	"bytes"
	"math"

	"everysec/engine/ds/arena"
)

// Tree is a radix tree. It holds no Go pointer, so it may lie in the arena
// that its nodes lie in, which every method is given. The zero Tree is empty.
type Tree struct {
	root  arena.Ref
	nodes uint32
	keys  uint64
}

// node is the head of a node's block. Behind it are its children (one for a
// compressed node, else one for each byte), then its bytes.
type node struct {
	size  uint32 // bytes
	flags uint32
	value uint64
}

const (
	isKey      = 1 << iota // a key ends here: value means something
	compressed             // the bytes are a run
)

const headBytes = 16

func at(a *arena.Arena, r arena.Ref) *node { return arena.At[node](a, r) }

// children is how many there are.
func (n *node) children() int {
	if n.flags&compressed != 0 {
		return 1
	}
	return int(n.size)
}

func text(a *arena.Arena, r arena.Ref) []byte {
	n := at(a, r)
	return a.Slice(r, headBytes+4*n.children(), int(n.size))
}

func child(a *arena.Arena, r arena.Ref, i int) *arena.Ref {
	return arena.Index[arena.Ref](a, r, headBytes/4+i)
}

// Len is the number of keys.
func (t *Tree) Len() int { return int(t.keys) }

// Nodes is the number of nodes; an empty tree has its root.
func (t *Tree) Nodes() int { return max(int(t.nodes), 1) }

func (t *Tree) alloc(a *arena.Arena, size, children int) arena.Ref {
	r := a.Alloc(headBytes + 4*children + size)
	*at(a, r) = node{size: uint32(size)}
	t.nodes++
	return r
}

func (t *Tree) free(a *arena.Arena, r arena.Ref) {
	a.Free(r)
	t.nodes--
}

// run makes the node from which the bytes lead to the node next; with no
// bytes that is next itself.
func (t *Tree) run(a *arena.Arena, b []byte, next arena.Ref) arena.Ref {
	if len(b) == 0 {
		return next
	}
	r := t.alloc(a, len(b), 1)
	if len(b) > 1 {
		at(a, r).flags = compressed
	}
	*child(a, r, 0) = next
	copy(text(a, r), b)
	return r
}

func (t *Tree) leaf(a *arena.Arena, value uint64) arena.Ref {
	r := t.alloc(a, 0, 0)
	at(a, r).flags, at(a, r).value = isKey, value
	return r
}

// become gives a node that takes the place of old its key.
func become(a *arena.Arena, r, old arena.Ref) {
	at(a, r).flags |= at(a, old).flags & isKey
	at(a, r).value = at(a, old).value
}

func common(x, y []byte) int {
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	return i
}

// search finds the first byte of a fork that is not less than c.
func search(b []byte, c byte) int {
	low, high := 0, len(b)
	for low < high {
		middle := (low + high) / 2
		if b[middle] < c {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// find walks as far as the key leads. Where the key is a position of its own,
// i is its length and the node is that position.
func (t *Tree) find(a *arena.Arena, key []byte) arena.Ref {
	r := t.root
	for i := 0; r != 0; {
		b := text(a, r)
		switch {
		case i == len(key):
			return r
		case at(a, r).flags&compressed != 0:
			if !bytes.HasPrefix(key[i:], b) {
				return 0
			}
			i += len(b)
			r = *child(a, r, 0)
		default:
			at := search(b, key[i])
			if at == len(b) || b[at] != key[i] {
				return 0
			}
			i++
			r = *child(a, r, at)
		}
	}
	return 0
}

// Find returns the value of a key.
func (t *Tree) Find(a *arena.Arena, key []byte) (value uint64, ok bool) {
	r := t.find(a, key)
	if r == 0 || at(a, r).flags&isKey == 0 {
		return 0, false
	}
	return at(a, r).value, true
}

// Last appends the last key to dst and returns where its value is, valid until
// the tree is changed; nil when the tree is empty. It is what an iterator
// would say, for those who want nothing more.
func (t *Tree) Last(a *arena.Arena, dst []byte) (key []byte, value *uint64) {
	r := t.root
	for r != 0 && at(a, r).size != 0 {
		b, last := text(a, r), at(a, r).children()-1
		if at(a, r).flags&compressed == 0 {
			b = b[last:]
		}
		dst = append(dst, b...)
		r = *child(a, r, last)
	}
	if r == 0 || at(a, r).flags&isKey == 0 {
		return dst, nil
	}
	return dst, &at(a, r).value
}

// Insert gives a key a value and tells whether the key is new; one that was
// there has the new value.
func (t *Tree) Insert(a *arena.Arena, key []byte, value uint64) (added bool) {
	if t.root == 0 {
		t.root = t.alloc(a, 0, 0)
	}
	slot, rest := &t.root, key
	for {
		r := *slot
		n, b := at(a, r), text(a, r)
		if len(rest) == 0 {
			added = n.flags&isKey == 0
			n.flags |= isKey
			n.value = value
			break
		}
		if n.flags&compressed != 0 {
			same := common(b, rest)
			if same == len(b) {
				slot, rest = child(a, r, 0), rest[same:]
				continue
			}
			*slot = t.split(a, r, same, rest, value)
			added = true
			break
		}
		i := search(b, rest[0])
		if i < len(b) && b[i] == rest[0] {
			slot, rest = child(a, r, i), rest[1:]
			continue
		}
		*slot = t.fork(a, r, i, rest, value)
		added = true
		break
	}
	if added {
		t.keys++
	}
	return added
}

// split puts a key into the middle of a compressed node: they agree in same
// bytes, and then the key ends or goes another way.
func (t *Tree) split(a *arena.Arena, r arena.Ref, same int, rest []byte, value uint64) arena.Ref {
	b, next := text(a, r), *child(a, r, 0)
	var middle arena.Ref
	if same == len(rest) {
		middle = t.run(a, b[same:], next)
		at(a, middle).flags |= isKey
		at(a, middle).value = value
	} else {
		middle = t.alloc(a, 2, 2)
		old, added := 0, 1
		if b[same] > rest[same] {
			old, added = 1, 0
		}
		text(a, middle)[old], text(a, middle)[added] = b[same], rest[same]
		*child(a, middle, old) = t.run(a, b[same+1:], next)
		*child(a, middle, added) = t.run(a, rest[same+1:], t.leaf(a, value))
	}
	first := t.run(a, b[:same], middle)
	become(a, first, r)
	t.free(a, r)
	return first
}

// fork gives a node that is not compressed another child, at index i.
func (t *Tree) fork(a *arena.Arena, r arena.Ref, i int, rest []byte, value uint64) arena.Ref {
	var grown arena.Ref
	size := int(at(a, r).size)
	if size == 0 {
		grown = t.run(a, rest, t.leaf(a, value))
	} else {
		grown = t.alloc(a, size+1, size+1)
		b, old := text(a, grown), text(a, r)
		copy(b, old[:i])
		b[i] = rest[0]
		copy(b[i+1:], old[i:])
		for j := range size {
			to := j
			if j >= i {
				to++
			}
			*child(a, grown, to) = *child(a, r, j)
		}
		*child(a, grown, i) = t.run(a, rest[1:], t.leaf(a, value))
	}
	become(a, grown, r)
	t.free(a, r)
	return grown
}

// Remove takes a key out and returns the value it had.
func (t *Tree) Remove(a *arena.Arena, key []byte) (value uint64, ok bool) {
	var room [20]*arena.Ref
	path := room[:0] // the slots of the nodes on the way, the last one the key's
	slot := &t.root
	for rest := key; *slot != 0; {
		path = append(path, slot)
		if len(rest) == 0 {
			break
		}
		b := text(a, *slot)
		if at(a, *slot).flags&compressed != 0 {
			if !bytes.HasPrefix(rest, b) {
				return 0, false
			}
			slot, rest = child(a, *slot, 0), rest[len(b):]
			continue
		}
		i := search(b, rest[0])
		if i == len(b) || b[i] != rest[0] {
			return 0, false
		}
		slot, rest = child(a, *slot, i), rest[1:]
	}
	if len(path) == 0 || at(a, *slot).flags&isKey == 0 {
		return 0, false
	}
	n := at(a, *slot)
	value = n.value
	n.flags &^= isKey
	t.keys--
	if n.size == 0 {
		path = t.prune(a, path)
	}
	t.merge(a, path)
	return value, true
}

// prune removes a way that leads to no key any more, up to where it forks or
// a key ends, and returns the path to there.
func (t *Tree) prune(a *arena.Arena, path []*arena.Ref) []*arena.Ref {
	last := len(path) - 1
	for last > 0 {
		parent := *path[last-1]
		n := at(a, parent)
		dead := *path[last]
		if n.children() == 1 {
			t.free(a, dead)
			last--
			if n.flags&isKey != 0 || last == 0 {
				bare := t.alloc(a, 0, 0)
				become(a, bare, parent)
				t.free(a, parent)
				*path[last] = bare
				break
			}
			continue
		}
		t.free(a, dead)
		last--
		size := int(n.size)
		shrunk := t.alloc(a, size-1, size-1)
		b, old := text(a, shrunk), text(a, parent)
		to := 0
		for i := range size {
			if *child(a, parent, i) == dead {
				continue
			}
			b[to] = old[i]
			*child(a, shrunk, to) = *child(a, parent, i)
			to++
		}
		become(a, shrunk, parent)
		t.free(a, parent)
		*path[last] = shrunk
		break
	}
	return path[:last+1]
}

// merge makes one run of the nodes around the last of the path, as far as none
// of them is a key or a fork.
func (t *Tree) merge(a *arena.Arena, path []*arena.Ref) {
	straight := func(r arena.Ref) bool { return at(a, r).flags&isKey == 0 && at(a, r).children() == 1 }
	last := len(path) - 1
	if !straight(*path[last]) {
		return
	}
	for last > 0 && straight(*path[last-1]) {
		last--
	}
	first := *path[last]
	size, count, r := 0, 0, first
	for straight(r) {
		size += int(at(a, r).size)
		count++
		r = *child(a, r, 0)
	}
	if count == 1 {
		return
	}
	merged := t.alloc(a, size, 1)
	at(a, merged).flags = compressed
	*child(a, merged, 0) = r
	b := text(a, merged)
	for r = first; straight(r); {
		b = b[copy(b, text(a, r)):]
		next := *child(a, r, 0)
		t.free(a, r)
		r = next
		if count--; count == 0 {
			break
		}
	}
	*path[last] = merged
}

// Free gives all nodes back and shows each value to visit, in no order that
// means anything.
func (t *Tree) Free(a *arena.Arena, visit func(value uint64)) {
	t.FreeSome(a, math.MaxInt, visit)
}

// FreeSome does so with up to n nodes, and tells how many there were: if less
// than n, the tree is empty now. Until it is, it is good for nothing else.
func (t *Tree) FreeSome(a *arena.Arena, n int, visit func(value uint64)) (freed int) {
	if t.root == 0 {
		return 0
	}
	// The last leaf goes first: what is left is a tree without it.
	for way := []arena.Ref{t.root}; len(way) > 0; {
		r := way[len(way)-1]
		if last := at(a, r).children() - 1; last >= 0 {
			way = append(way, *child(a, r, last))
			continue
		}
		if freed == n {
			return freed
		}
		if at(a, r).flags&isKey != 0 {
			t.keys--
			if visit != nil {
				visit(at(a, r).value)
			}
		}
		t.free(a, r)
		freed++
		if way = way[:len(way)-1]; len(way) > 0 {
			at(a, way[len(way)-1]).loseLast()
		}
	}
	*t = Tree{}
	return freed
}

// loseLast takes the last child out of a node that is being freed. What its bytes
// are nobody asks any more.
func (n *node) loseLast() {
	if n.flags&compressed != 0 {
		n.flags &^= compressed
		n.size = 0
		return
	}
	n.size--
}
