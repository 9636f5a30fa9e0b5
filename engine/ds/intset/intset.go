// Package intset is Redis's intset, byte for byte: a sorted array of distinct
// integers in one piece of memory, each as wide as the widest needs (16, 32
// or 64 bits). A set that has become wide does not become narrow again.
//
//	width in bytes (uint32) | count (uint32) | integers, little endian
//
// Functions that change an intset work like append: the result has the memory
// of the argument if its capacity is enough, and new memory otherwise. An
// intset from outside must pass Validate(b, true) first.
package intset

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"everysec/engine/phrase"
)

const headerSize = 8

// New is the empty intset.
func New() []byte { return []byte{2, 0, 0, 0, 0, 0, 0, 0} }

// Len is the number of integers.
func Len(is []byte) int { return int(binary.LittleEndian.Uint32(is[4:])) }

// Width is the number of bytes of each integer: 2, 4 or 8.
func Width(is []byte) int { return int(binary.LittleEndian.Uint32(is)) }

// At is the integer at index i of the ascending order.
func At(is []byte, i int) int64 { return at(is, Width(is), i) }

// Max is the largest integer; the set must not be empty.
func Max(is []byte) int64 { return At(is, Len(is)-1) }

// Min is the smallest integer; the set must not be empty.
func Min(is []byte) int64 { return At(is, 0) }

// Random is any of the integers; the set must not be empty.
func Random(is []byte, r *rand.Rand) int64 { return At(is, r.IntN(Len(is))) }

// Find reports whether v is in the set.
func Find(is []byte, v int64) bool {
	_, found := search(is, v)
	return found
}

// Size is the number of bytes Add(is, v) makes of is if v is new.
func Size(is []byte, v int64) int {
	return headerSize + (Len(is)+1)*max(Width(is), widthOf(v))
}

// Add puts v in; added is false if it was there.
func Add(is []byte, v int64) (_ []byte, added bool) {
	width, n := Width(is), Len(is)
	if w := widthOf(v); w > width {
		// Wider than all others, so it is also smaller or larger than all.
		is = resize(is, headerSize+(n+1)*w)
		shift := 0
		if v < 0 {
			shift = 1
		}
		for i := n - 1; i >= 0; i-- {
			put(is, w, i+shift, at(is, width, i))
		}
		put(is, w, n*(1-shift), v)
		binary.LittleEndian.PutUint32(is, uint32(w))
		setLen(is, n+1)
		return is, true
	}
	i, found := search(is, v)
	if found {
		return is, false
	}
	is = resize(is, headerSize+(n+1)*width)
	copy(is[headerSize+(i+1)*width:], is[headerSize+i*width:headerSize+n*width])
	put(is, width, i, v)
	setLen(is, n+1)
	return is, true
}

// Remove takes v out; removed is false if it was not there.
func Remove(is []byte, v int64) (_ []byte, removed bool) {
	i, found := search(is, v)
	if !found {
		return is, false
	}
	width, n := Width(is), Len(is)
	copy(is[headerSize+i*width:], is[headerSize+(i+1)*width:])
	is = is[:headerSize+(n-1)*width]
	setLen(is, n-1)
	return is, true
}

// Validate checks an intset from outside as Redis does: width, length, not
// empty and, if deep, the order of the integers.
func Validate(b []byte, deep bool) error {
	if len(b) < headerSize {
		return phrase.Errorf("intset: %d bytes are too few", len(b))
	}
	width := binary.LittleEndian.Uint32(b)
	if width != 2 && width != 4 && width != 8 {
		return phrase.Errorf("intset: integers of %d bytes", width)
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if headerSize+uint64(n)*uint64(width) != uint64(len(b)) {
		return phrase.Errorf("intset: %d integers of %d bytes are not %d bytes", n, width, len(b))
	}
	if n == 0 {
		return phrase.Errorf("intset: no integers")
	}
	if !deep {
		return nil
	}
	for i := 1; i < int(n); i++ {
		if at(b, int(width), i-1) >= at(b, int(width), i) {
			return phrase.Errorf("intset: offset %d: integers out of order", headerSize+i*int(width))
		}
	}
	return nil
}

// search finds the index of v, or the one it would have.
func search(is []byte, v int64) (int, bool) {
	width, low, high := Width(is), 0, Len(is)
	if high > 0 && v > at(is, width, high-1) {
		return high, false // counters come in ascending order
	}
	for low < high {
		middle := int(uint(low+high) / 2)
		switch found := at(is, width, middle); {
		case found == v:
			return middle, true
		case found < v:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, false
}

func at(is []byte, width, i int) int64 {
	switch p := is[headerSize+i*width:]; width {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(p)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(p)))
	default:
		return int64(binary.LittleEndian.Uint64(p))
	}
}

func put(is []byte, width, i int, v int64) {
	switch p := is[headerSize+i*width:]; width {
	case 2:
		binary.LittleEndian.PutUint16(p, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(p, uint32(v))
	default:
		binary.LittleEndian.PutUint64(p, uint64(v))
	}
}

func widthOf(v int64) int {
	switch {
	case v >= math.MinInt16 && v <= math.MaxInt16:
		return 2
	case v >= math.MinInt32 && v <= math.MaxInt32:
		return 4
	}
	return 8
}

func setLen(is []byte, n int) { binary.LittleEndian.PutUint32(is[4:], uint32(n)) }

func resize(is []byte, n int) []byte {
	if n <= cap(is) {
		return is[:n]
	}
	next := make([]byte, n, n+min(n, 4096))
	copy(next, is)
	return next
}
