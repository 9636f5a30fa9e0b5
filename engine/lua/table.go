package lua

import (
	"math"
	"math/bits"
)

// Tables follow the layout of Lua 5.1: an array part for 1..n and a hash part
// whose collisions are chained inside the node vector. The layout is kept,
// down to the order in which slots are given out and the sizes a rehash picks,
// because it decides what scripts can see: the order of pairs() (and so of
// cjson.encode) and the border `#` finds in a table with holes.

type table struct {
	s        *state
	arr      []value
	node     []node // length a power of two, or nil
	lastFree int
	meta     *table
	readonly bool
	id       uint32 // stands for the address
	mark     uint32 // memory.go
}

type node struct {
	key, val value
	next     int32 // index of the next node of the chain plus one
}

const maxArrayBits = 26

// intKey returns n as an array index, or 0.
func intKey(n float64) int {
	k := toInt32(n)
	if float64(k) == n {
		return k
	}
	return 0
}

func (t *table) get(key value) value {
	switch k := key.o.(type) {
	case *str:
		return t.getStr(k)
	case numberTag:
		if i := int(key.n); uint(i-1) < uint(len(t.arr)) && float64(i) == key.n {
			return t.arr[i-1]
		}
	case nil:
		return nilValue
	}
	if p := t.findNode(key); p != nil {
		return p.val
	}
	return nilValue
}

func (t *table) getStr(k *str) value {
	if len(t.node) == 0 {
		return nilValue
	}
	for i := int(k.hash()) & (len(t.node) - 1); ; {
		n := &t.node[i]
		if s, ok := n.key.o.(*str); ok && (s == k || s.h == k.h && t.sameText(n.key, k)) {
			return n.val
		}
		if n.next == 0 {
			return nilValue
		}
		i = int(n.next) - 1
	}
}

// sameText compares a key with another string of the same hash.
func (t *table) sameText(key value, k *str) bool {
	t.s.weigh(key)
	return key.o.(*str).s == k.s
}

func (t *table) getField(name string) value { return t.getStr(&str{s: name}) }

func (t *table) getInt(i int) value {
	if uint(i-1) < uint(len(t.arr)) {
		return t.arr[i-1]
	}
	return t.get(integer(i))
}

func (t *table) findNode(key value) *node {
	if len(t.node) == 0 {
		return nil
	}
	t.s.weigh(key)
	for i := t.mainPosition(key); ; {
		n := &t.node[i]
		if rawEqual(n.key, key) {
			return n
		}
		if n.next == 0 {
			return nil
		}
		i = int(n.next) - 1
	}
}

func (t *table) mainPosition(key value) int {
	size := len(t.node)
	switch k := key.o.(type) {
	case *str:
		return int(k.hash()) & (size - 1)
	case numberTag:
		if key.n == 0 {
			return 0
		}
		b := math.Float64bits(key.n)
		return int((uint32(b) + uint32(b>>32)) % (uint32(size-1) | 1))
	case boolTag:
		return int(key.n) & (size - 1)
	}
	return int(addressOf(key) % (uint32(size-1) | 1))
}

// addressOf is the number that stands for a pointer when it is hashed. Real
// addresses differ from run to run, so no order of such keys is the right one.
func addressOf(v value) uint32 {
	switch x := v.o.(type) {
	case *table:
		return x.id * 64
	case *closure:
		return x.id * 64
	case *goFunction:
		return x.id * 64
	case *thread:
		return x.id * 64
	}
	return 0
}

// slot returns where key's value is to be stored, making room if needed. The
// key is neither nil nor NaN. The pointer is good until the next insertion.
func (t *table) slot(key value) *value {
	if key.isNumber() {
		if i := int(key.n); uint(i-1) < uint(len(t.arr)) && float64(i) == key.n {
			return &t.arr[i-1]
		}
	}
	if n := t.findNode(key); n != nil {
		return &n.val
	}
	return t.insert(key)
}

func (t *table) set(key, val value)            { *t.slot(key) = val }
func (t *table) setField(name string, v value) { *t.slot(stringValue(name)) = v }
func (t *table) setInt(i int, v value)         { *t.slot(integer(i)) = v }
func (t *table) setFunc(name string, f goFunc, s *state) {
	t.setField(name, value{o: s.newGoFunction(name, f)})
}

// insert adds a key that is absent. A key whose main position is taken goes to
// a free node; if the node sitting there is itself displaced, it moves instead.
func (t *table) insert(key value) *value {
	mp := -1
	if len(t.node) > 0 {
		mp = t.mainPosition(key)
	}
	if mp < 0 || !t.node[mp].val.isNil() {
		free := t.freePosition()
		if free < 0 {
			t.rehash(key)
			return t.slot(key)
		}
		other := t.mainPosition(t.node[mp].key)
		if other != mp {
			for int(t.node[other].next)-1 != mp {
				other = int(t.node[other].next) - 1
			}
			t.node[other].next = int32(free) + 1
			t.node[free] = t.node[mp]
			t.node[mp] = node{}
		} else {
			t.node[free].next = t.node[mp].next
			t.node[mp].next = int32(free) + 1
			mp = free
		}
	}
	t.node[mp].key = key
	return &t.node[mp].val
}

func (t *table) freePosition() int {
	for t.lastFree > 0 {
		t.lastFree--
		if t.node[t.lastFree].key.isNil() {
			return t.lastFree
		}
	}
	return -1
}

func ceilLog2(n int) int { return bits.Len(uint(n - 1)) }

// countInt notes a key that could live in the array part.
func countInt(key value, counts *[maxArrayBits + 1]int) int {
	if key.isNumber() {
		if k := intKey(key.n); k > 0 && k <= 1<<maxArrayBits {
			counts[ceilLog2(k)]++
			return 1
		}
	}
	return 0
}

// rehash sizes both parts for the present entries and one more: the array is
// the largest power of two that more than half its slots would fill.
func (t *table) rehash(extra value) {
	var counts [maxArrayBits + 1]int
	inArray, total := 0, 0
	for i := range t.arr {
		if !t.arr[i].isNil() {
			counts[ceilLog2(i+1)]++
			inArray++
			total++
		}
	}
	for i := range t.node {
		if !t.node[i].val.isNil() {
			inArray += countInt(t.node[i].key, &counts)
			total++
		}
	}
	inArray += countInt(extra, &counts)
	total++
	sum, size, moved := 0, 0, 0
	for i, power := 0, 1; power/2 < inArray; i, power = i+1, power*2 {
		if counts[i] > 0 {
			sum += counts[i]
			if sum > power/2 {
				size, moved = power, sum
			}
		}
		if sum == inArray {
			break
		}
	}
	t.resize(size, total-moved)
}

func (t *table) resize(arraySize, hashSize int) {
	t.s.memory.fresh += 24*arraySize + 56*hashSize
	oldNodes, oldArr := t.node, t.arr
	if arraySize > len(oldArr) {
		t.arr = make([]value, arraySize)
		copy(t.arr, oldArr)
	}
	t.node, t.lastFree = nil, 0
	if hashSize > 0 {
		size := 1 << ceilLog2(hashSize)
		t.node, t.lastFree = make([]node, size), size
	}
	if arraySize < len(oldArr) {
		t.arr = append([]value(nil), oldArr[:arraySize]...)
		for i := arraySize; i < len(oldArr); i++ {
			if !oldArr[i].isNil() {
				t.setInt(i+1, oldArr[i])
			}
		}
	}
	for i := len(oldNodes) - 1; i >= 0; i-- {
		if !oldNodes[i].val.isNil() {
			t.set(oldNodes[i].key, oldNodes[i].val)
		}
	}
}

// length finds a border: n with t[n] set and t[n+1] nil.
func (t *table) length() int {
	j := len(t.arr)
	if j > 0 && t.arr[j-1].isNil() {
		i := 0
		for j-i > 1 {
			m := (i + j) / 2
			if t.arr[m-1].isNil() {
				j = m
			} else {
				i = m
			}
		}
		return i
	}
	if len(t.node) == 0 {
		return j
	}
	i := j
	j++
	for !t.getInt(j).isNil() {
		i = j
		j *= 2
		if j > math.MaxInt32 {
			i = 1
			for !t.getInt(i).isNil() {
				i++
			}
			return i - 1
		}
	}
	for j-i > 1 {
		m := (i + j) / 2
		if t.getInt(m).isNil() {
			j = m
		} else {
			i = m
		}
	}
	return i
}

// next returns the entry after key (nil: the first). more is false at the end,
// ok is false when key is not in the table. slots is how many were looked at.
func (t *table) next(key value) (k, v value, slots int, more, ok bool) {
	i := 0
	if !key.isNil() {
		if n := 0; key.isNumber() {
			if n = intKey(key.n); n >= 1 && n <= len(t.arr) {
				i = n
			}
		}
		if i == 0 {
			p := -1
			if len(t.node) > 0 {
				for p = t.mainPosition(key); !rawEqual(t.node[p].key, key); {
					p = int(t.node[p].next) - 1
					if p < 0 {
						break
					}
				}
			}
			if p < 0 {
				return nilValue, nilValue, 0, false, false
			}
			i = len(t.arr) + p + 1
		}
	}
	k, v, after, more := t.at(i)
	if !more {
		after = len(t.arr) + len(t.node)
	}
	return k, v, after - i, more, true
}

// at returns the first entry at or after position i and the position behind it.
func (t *table) at(i int) (k, v value, next int, more bool) {
	for ; i < len(t.arr); i++ {
		if !t.arr[i].isNil() {
			return integer(i + 1), t.arr[i], i + 1, true
		}
	}
	for j := i - len(t.arr); j < len(t.node); j++ {
		if n := &t.node[j]; !n.val.isNil() {
			return n.key, n.val, len(t.arr) + j + 1, true
		}
	}
	return nilValue, nilValue, 0, false
}
