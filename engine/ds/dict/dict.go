// Package dict is Redis's hash table in pointer-free memory.
//
// The idea: an element is one block of the arena that begins with the chain
// link, the hash and the lengths, goes on with a few bytes for the owner (the
// head) and ends with the key. The table is an array of block numbers. When
// it must grow or shrink, a second table takes its place bucket by bucket,
// one step with each operation, so no single operation pays for all of it;
// even the memory of a big table is taken and zeroed in segments, when first
// needed.
package dict

import (
	"bytes"

	"everysec/engine/ds/arena"
)

const (
	minSize     = 4       // buckets of the smallest table
	maxSize     = 1 << 31 // buckets of the largest
	minFill     = 10      // percent; a table filled less shrinks
	emptyVisits = 10      // empty buckets a step may pass for each one it moves
)

// node is the beginning of every element's block. The head follows, then the
// key.
type node struct {
	next    arena.Ref
	hash    uint32
	keyLen  uint32
	headLen uint16
	tag     uint16
}

const (
	nodeBytes = 16
	nodeUnits = 2
)

// Dict maps keys to nodes. It is not safe for concurrent use.
type Dict struct {
	arena      *arena.Arena
	hasher     hasher
	tables     [2]table // [1] exists while rehashing, from [0]
	rehash     int      // bucket of [0] to be moved next, or -1
	paused     int
	owed       int // steps of the rehash
	freed      int // bucket where FreeSome goes on
	cost       Cost
	nodeMemory int64 // bytes of all nodes
	memory     int64 // bytes of the tables
}

// New returns an empty dict in a. Equal seeds give equal orders of iteration.
func New(a *arena.Arena, seed uint64) *Dict {
	return &Dict{arena: a, hasher: newHasher(seed), rehash: -1}
}

// Cost is what an element takes in redis-server beside its entry in the table
// and its key.
type Cost struct {
	Bytes    int64
	Skiplist bool // its head is a sorted set's: 16 bytes, 8 for each level
}

// SetCost says what the elements of an empty dict cost.
func (d *Dict) SetCost(c Cost) { d.cost = c }

// surplus is what an element would take in redis-server beyond its node here.
func (d *Dict) surplus(r arena.Ref) int64 {
	const entry = 32 // 24 that the allocator makes 32
	n := arena.At[node](d.arena, r)
	bytes := entry + arena.RedisString(int(n.keyLen)) + d.cost.Bytes
	if d.cost.Skiplist {
		bytes += arena.RedisBlock(2*int(n.headLen) - 8)
	}
	return bytes - int64(d.arena.Size(r))
}

// count notes the bytes of tables.
func (d *Dict) count(bytes int) {
	d.memory += int64(bytes)
	d.arena.AddSurplus(-int64(bytes))
}

// Arena returns where the nodes are.
func (d *Dict) Arena() *arena.Arena { return d.arena }

// Len returns the number of elements.
func (d *Dict) Len() int { return d.tables[0].used + d.tables[1].used }

// Find returns the node of key, or 0.
func (d *Dict) Find(key []byte) arena.Ref {
	if d.Len() == 0 {
		return 0
	}
	d.stepOnce()
	return d.find(key, d.hasher.sum(key))
}

func (d *Dict) find(key []byte, hash uint32) arena.Ref {
	a := d.arena
	t := &d.tables[0]
	if t.array == 0 {
		return 0
	}
	if int(hash&t.mask) < d.rehash {
		t = &d.tables[1] // that bucket has moved
	}
	for {
		for r := t.bucket(a, hash&t.mask); r != 0; {
			n := arena.At[node](a, r)
			if n.hash == hash && int(n.keyLen) == len(key) &&
				bytes.Equal(a.Slice(r, nodeBytes+int(n.headLen), len(key)), key) {
				return r
			}
			r = n.next
		}
		if d.rehash < 0 || t == &d.tables[1] {
			return 0
		}
		t = &d.tables[1]
	}
}

// Add returns the node of key and false if there is one; otherwise it adds
// one with a zeroed head of headLen bytes, a multiple of 8.
func (d *Dict) Add(key []byte, headLen int) (arena.Ref, bool) {
	d.stepOnce()
	hash := d.hasher.sum(key)
	if r := d.find(key, hash); r != 0 {
		return r, false
	}
	r := NewNode(d.arena, key, headLen)
	d.insert(r, hash)
	return r, true
}

// Insert is Add for a key known to be absent.
func (d *Dict) Insert(key []byte, headLen int) arena.Ref {
	d.stepOnce()
	r := NewNode(d.arena, key, headLen)
	d.insert(r, d.hasher.sum(key))
	return r
}

// Link puts in a node that is in no dict, from Unlink of any dict in the same
// arena or from NewNode. Its key must be absent.
func (d *Dict) Link(r arena.Ref) {
	d.stepOnce()
	d.insert(r, d.hasher.sum(Key(d.arena, r)))
}

func (d *Dict) insert(r arena.Ref, hash uint32) {
	t := &d.tables[0]
	if d.rehash >= 0 {
		t = &d.tables[1]
	} else if t.used >= t.size() {
		d.resize(t.used + 1)
		if d.rehash >= 0 {
			t = &d.tables[1]
		}
	}
	bucket := d.slotForWrite(t, hash&t.mask)
	n := arena.At[node](d.arena, r)
	n.hash = hash
	n.next = *bucket
	*bucket = r
	t.used++
	d.nodeMemory += int64(d.arena.Size(r))
	d.arena.AddSurplus(d.surplus(r))
}

// Unlink takes the node of key out without freeing it, and returns it, or 0.
func (d *Dict) Unlink(key []byte) arena.Ref {
	if d.Len() == 0 {
		return 0
	}
	d.stepOnce()
	hash := d.hasher.sum(key)
	r := d.find(key, hash)
	if r != 0 {
		d.unlink(r)
	}
	return r
}

// UnlinkNode is Unlink of a node known to be in the dict.
func (d *Dict) UnlinkNode(r arena.Ref) {
	d.stepOnce()
	d.unlink(r)
}

func (d *Dict) unlink(r arena.Ref) {
	t, link := d.linkTo(r)
	*link = arena.At[node](d.arena, r).next
	t.used--
	d.nodeMemory -= int64(d.arena.Size(r))
	d.arena.AddSurplus(-d.surplus(r))
	d.shrinkIfSparse()
}

// linkTo returns the bucket or chain link that holds r, and its table.
func (d *Dict) linkTo(r arena.Ref) (*table, *arena.Ref) {
	a := d.arena
	hash := arena.At[node](a, r).hash
	for i := range d.tables {
		t := &d.tables[i]
		if t.array == 0 || t.bucket(a, hash&t.mask) == 0 {
			continue
		}
		link := t.slot(a, hash&t.mask)
		for *link != 0 {
			if *link == r {
				return t, link
			}
			link = &arena.At[node](a, *link).next
		}
	}
	panic("dict: node is not in this dict")
}

// Delete unlinks and frees the node of key and tells whether there was one.
func (d *Dict) Delete(key []byte) bool {
	r := d.Unlink(key)
	if r != 0 {
		d.arena.Free(r)
	}
	return r != 0
}

// Replace puts the block new, which holds the same key, in the place of old.
// It does not free old.
func (d *Dict) Replace(old, new arena.Ref) {
	_, link := d.linkTo(old)
	o, n := arena.At[node](d.arena, old), arena.At[node](d.arena, new)
	n.next, n.hash = o.next, o.hash
	*link = new
	d.nodeMemory += int64(d.arena.Size(new) - d.arena.Size(old))
	d.arena.AddSurplus(d.surplus(new) - d.surplus(old))
}

// NewNode returns a node with a zeroed head that is in no dict; see Link and
// Replace.
func NewNode(a *arena.Arena, key []byte, headLen int) arena.Ref {
	r := a.Alloc(nodeBytes + headLen + len(key))
	*arena.At[node](a, r) = node{keyLen: uint32(len(key)), headLen: uint16(headLen)}
	for i := range headLen >> 3 {
		*arena.Index[uint64](a, r, nodeUnits+i) = 0
	}
	copy(a.Slice(r, nodeBytes+headLen, len(key)), key)
	return r
}

// Key returns the key of a node. It aliases the arena.
func Key(a *arena.Arena, r arena.Ref) []byte {
	n := arena.At[node](a, r)
	return a.Slice(r, nodeBytes+int(n.headLen), int(n.keyLen))
}

// Head views the head of a node as a T, which must hold no Go pointers and
// not be longer than the head.
func Head[T any](a *arena.Arena, r arena.Ref) *T { return arena.At[T](a, r+nodeUnits) }

// HeadLen returns the bytes of a node's head.
func HeadLen(a *arena.Arena, r arena.Ref) int { return int(arena.At[node](a, r).headLen) }

// Tag returns 16 bits of a node that are the owner's, at first 0.
func Tag(a *arena.Arena, r arena.Ref) *uint16 { return &arena.At[node](a, r).tag }

// FreeAll frees all nodes and the tables. What heads refer to is the owner's
// to free before. The dict is empty afterwards and may be used again.
func (d *Dict) FreeAll() {
	for d.FreeSome(1 << 20) {
	}
}

// FreeSome frees n nodes, and the rest of the last one's chain, and tells
// whether anything is left; a stretch of empty buckets may end it sooner.
// Until it returns false the dict must not be used in another way.
func (d *Dict) FreeSome(n int) bool { return d.FreeSomeFunc(n, nil) }

// FreeSomeFunc is FreeSome that calls release, if not nil, for each node
// before it is freed.
func (d *Dict) FreeSomeFunc(n int, release func(arena.Ref)) bool {
	a := d.arena
	n = max(n, 1)
	visits := n * emptyVisits
	for i := range d.tables {
		t := &d.tables[i]
		if t.array == 0 {
			continue
		}
		for t.used > 0 {
			at, ok := t.nextUsed(a, d.freed, &visits)
			d.freed = at
			if !ok || n <= 0 {
				return true
			}
			bucket := t.slot(a, uint32(at))
			for *bucket != 0 {
				r := *bucket
				if release != nil {
					release(r)
				}
				*bucket = arena.At[node](a, r).next
				d.nodeMemory -= int64(a.Size(r))
				a.AddSurplus(-d.surplus(r))
				a.Free(r)
				t.used--
				n--
			}
		}
		d.freeTable(t)
		d.freed = 0
	}
	d.rehash = -1
	return false
}
