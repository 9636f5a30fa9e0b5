package stream

import (
	"encoding/binary"
	"math"
	"strconv"
)

// ID is the name of an entry: milliseconds, and a number within them. IDs are
// ordered, and those of a stream only rise.
type ID struct{ Ms, Seq uint64 }

// MaxID is the greatest ID; the zero ID is the smallest.
var MaxID = ID{math.MaxUint64, math.MaxUint64}

// Compare is -1, 0 or 1.
func (id ID) Compare(other ID) int {
	switch {
	case id.Ms != other.Ms:
		if id.Ms < other.Ms {
			return -1
		}
		return 1
	case id.Seq < other.Seq:
		return -1
	case id.Seq > other.Seq:
		return 1
	}
	return 0
}

// Next is the ID right after; ok is false for the greatest, whose next is 0-0.
func (id ID) Next() (next ID, ok bool) {
	if id.Seq++; id.Seq == 0 {
		id.Ms++
		return id, id.Ms != 0
	}
	return id, true
}

// Prev is the ID right before; ok is false for 0-0, whose previous is the greatest.
func (id ID) Prev() (prev ID, ok bool) {
	if id.Seq == 0 {
		id.Ms--
		id.Seq--
		return id, id.Ms != math.MaxUint64
	}
	id.Seq--
	return id, true
}

// Key is the ID in 16 bytes whose order is that of IDs.
func (id ID) Key() (key [16]byte) {
	binary.BigEndian.PutUint64(key[:], id.Ms)
	binary.BigEndian.PutUint64(key[8:], id.Seq)
	return key
}

// IDOf is the ID whose Key has these 16 bytes.
func IDOf(key []byte) ID {
	return ID{binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])}
}

// Append appends the ID as clients see it: 1526919030474-55.
func (id ID) Append(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, id.Ms, 10), '-')
	return strconv.AppendUint(dst, id.Seq, 10)
}

func (id ID) String() string { return string(id.Append(nil)) }
