package rax

import "everysec/engine/ds/arena"

// Iterator walks a tree in the order of its keys, in both directions. It is
// nowhere until one of the seeks puts it at a key. A change of the tree leaves
// it nowhere again: seek anew.
type Iterator struct {
	a    *arena.Arena
	t    *Tree
	key  []byte
	path []step

	keyRoom  [32]byte
	pathRoom [18]step
}

// step is a node on the way to the current key.
type step struct {
	node  arena.Ref
	child int32 // the one that the next step is
	depth int32 // bytes of the key before the node
}

// Start makes the iterator one of a tree.
func (it *Iterator) Start(a *arena.Arena, t *Tree) {
	it.a, it.t = a, t
	it.key, it.path = it.keyRoom[:0], it.pathRoom[:0]
}

// Key is the current key, valid until the iterator moves.
func (it *Iterator) Key() []byte { return it.key }

// Value is the value of the current key.
func (it *Iterator) Value() uint64 { return it.node().value }

// SetValue gives the current key another value; the iterator stays.
func (it *Iterator) SetValue(v uint64) { it.node().value = v }

func (it *Iterator) node() *node { return at(it.a, it.path[len(it.path)-1].node) }

func (it *Iterator) reset() bool {
	it.key, it.path = it.key[:0], it.path[:0]
	return it.t.root != 0
}

// enter steps to a node.
func (it *Iterator) enter(r arena.Ref) {
	it.path = append(it.path, step{node: r, depth: int32(len(it.key))})
}

// down goes to a child of the last node.
func (it *Iterator) down(i int) {
	s := &it.path[len(it.path)-1]
	s.child = int32(i)
	b := text(it.a, s.node)
	it.key = it.key[:s.depth]
	if at(it.a, s.node).flags&compressed != 0 {
		it.key = append(it.key, b...)
	} else {
		it.key = append(it.key, b[i])
	}
	it.enter(*child(it.a, s.node, i))
}

// up leaves the last node.
func (it *Iterator) up() bool {
	it.path = it.path[:len(it.path)-1]
	if len(it.path) == 0 {
		it.key = it.key[:0]
		return false
	}
	it.key = it.key[:it.path[len(it.path)-1].depth]
	return true
}

// toFirst goes down to the first key at or under the last node.
func (it *Iterator) toFirst() bool {
	for it.node().flags&isKey == 0 {
		if it.node().size == 0 {
			it.reset()
			return false
		}
		it.down(0)
	}
	return true
}

// toLast goes down to the last key under the last node.
func (it *Iterator) toLast() bool {
	for it.node().size != 0 {
		it.down(it.node().children() - 1)
	}
	if it.node().flags&isKey == 0 {
		it.reset()
		return false
	}
	return true
}

// First goes to the first key and tells whether there is one.
func (it *Iterator) First() bool {
	if !it.reset() {
		return false
	}
	it.enter(it.t.root)
	return it.toFirst()
}

// Last goes to the last key and tells whether there is one.
func (it *Iterator) Last() bool {
	if !it.reset() {
		return false
	}
	it.enter(it.t.root)
	return it.toLast()
}

// Next goes to the key after the current one and tells whether there is one.
func (it *Iterator) Next() bool {
	if len(it.path) == 0 {
		return false
	}
	if it.node().size != 0 {
		it.down(0)
		return it.toFirst()
	}
	return it.after()
}

// after goes to the first key behind all those under the last node.
func (it *Iterator) after() bool {
	for it.up() {
		if s := it.path[len(it.path)-1]; int(s.child)+1 < at(it.a, s.node).children() {
			it.down(int(s.child) + 1)
			return it.toFirst()
		}
	}
	return false
}

// Prev goes to the key before the current one and tells whether there is one.
func (it *Iterator) Prev() bool {
	if len(it.path) == 0 {
		return false
	}
	for it.up() {
		if s := it.path[len(it.path)-1]; s.child > 0 {
			it.down(int(s.child) - 1)
			return it.toLast()
		}
		if it.node().flags&isKey != 0 {
			return true
		}
	}
	return false
}

// SeekGE goes to the first key that is not less than key, if there is one.
func (it *Iterator) SeekGE(key []byte) bool {
	if !it.reset() {
		return false
	}
	it.enter(it.t.root)
	for rest := key; ; {
		if len(rest) == 0 {
			return it.toFirst()
		}
		n := it.node()
		b := text(it.a, it.path[len(it.path)-1].node)
		if n.flags&compressed != 0 {
			same := common(b, rest)
			switch {
			case same == len(b):
				it.down(0)
				rest = rest[same:]
				continue
			case same == len(rest) || b[same] > rest[same]:
				it.down(0)
				return it.toFirst()
			}
			return it.after()
		}
		i := search(b, rest[0])
		if i == len(b) {
			return it.after()
		}
		it.down(i)
		if b[i] != rest[0] {
			return it.toFirst()
		}
		rest = rest[1:]
	}
}

// SeekLE goes to the last key that is not greater than key, if there is one.
func (it *Iterator) SeekLE(key []byte) bool {
	if !it.SeekGE(key) {
		return it.Last()
	}
	if string(it.key) == string(key) {
		return true
	}
	return it.Prev()
}
