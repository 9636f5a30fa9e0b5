// Package quicklist is Redis's list of any length: a doubly linked list of
// nodes, each a listpack of many elements (packed) or one huge element by
// itself (plain). Where nodes are begun, split and merged follows Redis 7.0
// step by step, so the nodes of a list saved here and there are the same.
//
// All of it lives in an arena: a header block, and one block a node that
// begins with the links and goes on with the listpack and some room. A List
// is a handle that may be copied and made again from the header's Ref.
//
// Bytes handed out alias the arena, and live until the next change of the
// list. Nodes are not compressed: list-compress-depth has no effect here.
package quicklist

import (
	"unsafe"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/listpack"
)

// List is a handle on a list in an arena.
type List struct {
	a   *arena.Arena
	ref arena.Ref
}

// Container says what a node holds.
type Container uint8

// The containers, with the numbers they have in an RDB file.
const (
	Plain  Container = 1 // one element, raw
	Packed Container = 2 // a listpack
)

type header struct {
	head, tail arena.Ref
	nodes      uint32
	fill       int32
	count      int64
	bytes      int64  // usable bytes of all blocks, this one among them
	plainFrom  uint32 // elements of so many bytes are plain
}

// node is the beginning of a node's block; size bytes of data follow it.
type node struct {
	prev, next arena.Ref
	size       uint32
	count      uint32
	container  Container
}

const (
	headerSize = int(unsafe.Sizeof(header{}))
	nodeSize   = int(unsafe.Sizeof(node{}))

	DefaultPlainFrom = 1 << 30
	sizeSafetyLimit  = 8192 // of a node limited by count, in bytes
	insertOverhead   = 8    // what Redis adds to an element's size before it asks for room
	mostFill         = 1<<15 - 1

	emptyListpack = 7 // bytes of one
	listpackStart = 6 // position of its first element
)

// sizeLimits are the meanings of fills -1 to -5, in bytes.
var sizeLimits = [...]int{4096, 8192, 16384, 32768, 65536}

// New makes an empty list. fill is list-max-listpack-size: a number of
// elements a node, or -1 (4 KB) to -5 (64 KB).
func New(a *arena.Arena, fill int) List {
	l := List{a, a.Alloc(headerSize)}
	*l.header() = header{plainFrom: DefaultPlainFrom, bytes: int64(a.Size(l.ref))}
	l.SetFill(fill)
	return l
}

// Open is the handle of the list whose header is at ref.
func Open(a *arena.Arena, ref arena.Ref) List { return List{a, ref} }

// Header is the Ref that Open takes.
func (l List) Header() arena.Ref { return l.ref }

// SetFill changes list-max-listpack-size for what is added from now on.
func (l List) SetFill(fill int) {
	l.header().fill = int32(min(max(fill, -len(sizeLimits)), mostFill))
}

// SetPlainFrom changes the size in bytes from which an element has a node of
// its own (1 GB), as DEBUG QUICKLIST-PACKED-THRESHOLD does.
func (l List) SetPlainFrom(size int) { l.header().plainFrom = uint32(size) }

// Len is the number of elements.
func (l List) Len() int { return int(l.header().count) }

// NodeCount is the number of nodes.
func (l List) NodeCount() int { return int(l.header().nodes) }

// Bytes is the memory of the list: usable bytes of its blocks.
func (l List) Bytes() int64 { return l.header().bytes }

// Free gives all memory back; the List is dead.
func (l List) Free() {
	for !l.FreeSome(1 << 20) {
	}
}

// FreeSome frees up to n nodes, and the List with the last one; it reports
// whether it did. In between the List is good for nothing but FreeSome.
func (l List) FreeSome(n int) bool {
	h := l.header()
	for ; h.head != 0; n-- {
		if n <= 0 {
			return false
		}
		next := l.node(h.head).next
		l.a.Free(h.head)
		h.head = next
	}
	l.a.Free(l.ref)
	return true
}

// PushHead adds v before the first element.
func (l List) PushHead(v []byte) {
	h := l.header()
	switch {
	case l.isLarge(v):
		l.link(l.newPlain(v), 0, h.head)
	case l.hasRoom(h.head, len(v)):
		l.insertAt(h.head, listpackStart, v)
	default:
		l.link(l.newPacked(v), 0, h.head)
	}
	h.count++
}

// PushTail adds v behind the last element.
func (l List) PushTail(v []byte) {
	h := l.header()
	switch {
	case l.isLarge(v):
		l.link(l.newPlain(v), h.tail, 0)
	case l.hasRoom(h.tail, len(v)):
		l.insertAt(h.tail, int(l.node(h.tail).size)-1, v)
	default:
		l.link(l.newPacked(v), h.tail, 0)
	}
	h.count++
}

// PopHead takes out the first element and appends it to dst; false if the
// list is empty.
func (l List) PopHead(dst []byte) ([]byte, bool) { return l.pop(dst, l.header().head, 0) }

// PopTail takes out the last element and appends it to dst; false if the list
// is empty.
func (l List) PopTail(dst []byte) ([]byte, bool) { return l.pop(dst, l.header().tail, -1) }

func (l List) pop(dst []byte, r arena.Ref, index int) ([]byte, bool) {
	if r == 0 {
		return dst, false
	}
	var scratch [20]byte
	e := l.entryAt(r, index)
	dst = append(dst, l.value(e, scratch[:])...)
	l.deleteEntry(e)
	return dst, true
}

// Index is the element at index i, counted from the end if negative; false if
// there is none. It aliases the list, or scratch (20 bytes are enough).
func (l List) Index(i int, scratch []byte) ([]byte, bool) {
	e, ok := l.seek(i)
	if !ok {
		return nil, false
	}
	return l.value(e, scratch), true
}

// AppendNode adds a listpack, which must be valid and not empty, as the last
// node. It is copied.
func (l List) AppendNode(lp []byte) {
	r := l.newNode(lp, len(lp))
	n := l.node(r)
	n.container, n.count = Packed, uint32(listpack.Len(l.data(r)))
	l.link(r, l.header().tail, 0)
	l.header().count += int64(n.count)
}

// AppendPlain adds an element in a node of its own as the last node.
func (l List) AppendPlain(v []byte) {
	l.link(l.newPlain(v), l.header().tail, 0)
	l.header().count++
}

func (l List) header() *header { return arena.At[header](l.a, l.ref) }

func (l List) node(r arena.Ref) *node { return arena.At[node](l.a, r) }

// data is what a node holds; its capacity is all the room of the block.
func (l List) data(r arena.Ref) []byte {
	block := l.a.Bytes(r)
	return block[nodeSize : nodeSize+int(l.node(r).size)]
}

func (l List) isLarge(v []byte) bool { return len(v) >= int(l.header().plainFrom) }

// fits reports whether a node may have so many bytes and elements.
func (l List) fits(size, count int) bool {
	fill := int(l.header().fill)
	if fill < 0 {
		return size <= sizeLimits[-fill-1]
	}
	return size <= sizeSafetyLimit && count <= fill
}

// hasRoom reports whether an element of size bytes may go into the node.
func (l List) hasRoom(r arena.Ref, size int) bool {
	if r == 0 || size >= int(l.header().plainFrom) {
		return false
	}
	n := l.node(r)
	return n.container == Packed && l.fits(int(n.size)+size+insertOverhead, int(n.count)+1)
}

func (l List) newNode(data []byte, room int) arena.Ref {
	r := l.a.Alloc(nodeSize + room)
	l.header().bytes += int64(l.a.Size(r))
	*l.node(r) = node{size: uint32(len(data))}
	copy(l.a.Bytes(r)[nodeSize:], data)
	return r
}

func (l List) newPlain(v []byte) arena.Ref {
	r := l.newNode(v, len(v))
	n := l.node(r)
	n.container, n.count = Plain, 1
	return r
}

func (l List) newPacked(v []byte) arena.Ref {
	empty := [...]byte{emptyListpack, 0, 0, 0, 0, 0, 0xFF}
	r := l.newNode(empty[:], emptyListpack+listpack.EntrySize(v))
	l.setData(r, listpack.Append(l.data(r), v))
	l.node(r).container = Packed
	l.node(r).count = 1
	return r
}

// link puts a node between two neighbours, 0 where there is none.
func (l List) link(r, prev, next arena.Ref) {
	n := l.node(r)
	n.prev, n.next = prev, next
	l.pointAt(r)
	l.header().nodes++
}

// pointAt makes the neighbours of a node, or the header, point at it.
func (l List) pointAt(r arena.Ref) {
	h, n := l.header(), l.node(r)
	if n.prev != 0 {
		l.node(n.prev).next = r
	} else {
		h.head = r
	}
	if n.next != 0 {
		l.node(n.next).prev = r
	} else {
		h.tail = r
	}
}

// drop takes a node out and frees it; its elements are not counted down.
func (l List) drop(r arena.Ref) {
	h, n := l.header(), l.node(r)
	if n.prev != 0 {
		l.node(n.prev).next = n.next
	} else {
		h.head = n.next
	}
	if n.next != 0 {
		l.node(n.next).prev = n.prev
	} else {
		h.tail = n.prev
	}
	h.nodes--
	h.bytes -= int64(l.a.Size(r))
	l.a.Free(r)
}

// resize gives a linked node's block room for so many bytes of data. The node
// may move: the result is where it is.
func (l List) resize(r arena.Ref, room int) arena.Ref {
	h := l.header()
	h.bytes -= int64(l.a.Size(r))
	moved := l.a.Realloc(r, nodeSize+room)
	h.bytes += int64(l.a.Size(moved))
	if moved != r {
		l.pointAt(moved)
	}
	return moved
}

// reserve is resize if there is not room for so many bytes of data, and then
// for some more, but not for more than a full node has.
func (l List) reserve(r arena.Ref, size int) arena.Ref {
	if nodeSize+size <= l.a.Size(r) {
		return r
	}
	full := sizeSafetyLimit
	if fill := int(l.header().fill); fill < 0 {
		full = sizeLimits[-fill-1]
	}
	return l.resize(r, max(size, min(size+size/2, full)))
}

// shrink gives back room that a node will hardly need again, and returns where
// the node is then.
func (l List) shrink(r arena.Ref) arena.Ref {
	const small = 128
	if used := nodeSize + int(l.node(r).size); l.a.Size(r) > small && l.a.Size(r) > 2*used {
		return l.resize(r, int(l.node(r).size))
	}
	return r
}

// setData stores what became of a node's data, which has stayed in its block.
func (l List) setData(r arena.Ref, data []byte) { l.node(r).size = uint32(len(data)) }

// insertAt adds v to a linked packed node, before position pos of its listpack.
func (l List) insertAt(r arena.Ref, pos int, v []byte) {
	r = l.reserve(r, int(l.node(r).size)+listpack.EntrySize(v))
	l.setData(r, listpack.InsertBefore(l.data(r), pos, v))
	l.node(r).count++
}
