package listpack

import (
	"encoding/binary"
	"math"

	"everysec/engine/number"
)

// entry is a value on its way into a listpack: a short head (encoding, length,
// or a whole integer) and the bytes of a string.
type entry struct {
	head    [9]byte
	headLen int
	body    []byte
}

func (e *entry) size() int { return e.headLen + len(e.body) }

// setString encodes v, as an integer if it is the spelling of one.
func (e *entry) setString(v []byte) {
	if n, ok := number.ParseInt(v); ok {
		e.setInt(n)
		return
	}
	e.body = v
	switch size := len(v); {
	case size < 1<<6:
		e.head[0] = 0x80 | byte(size)
		e.headLen = 1
	case size < 1<<12:
		e.head[0] = 0xE0 | byte(size>>8)
		e.head[1] = byte(size)
		e.headLen = 2
	default:
		e.head[0] = 0xF0
		binary.LittleEndian.PutUint32(e.head[1:], uint32(size))
		e.headLen = 5
	}
}

// setInt encodes n in as few bytes as it fits in.
func (e *entry) setInt(n int64) {
	e.body = nil
	if n >= 0 && n <= 127 {
		e.head[0] = byte(n)
		e.headLen = 1
		return
	}
	if n >= -4096 && n <= 4095 {
		e.head[0] = 0xC0 | byte(n>>8)&0x1F
		e.head[1] = byte(n)
		e.headLen = 2
		return
	}
	binary.LittleEndian.PutUint64(e.head[1:], uint64(n))
	switch {
	case n >= math.MinInt16 && n <= math.MaxInt16:
		e.head[0], e.headLen = 0xF1, 3
	case n >= -1<<23 && n < 1<<23:
		e.head[0], e.headLen = 0xF2, 4
	case n >= math.MinInt32 && n <= math.MaxInt32:
		e.head[0], e.headLen = 0xF3, 5
	default:
		e.head[0], e.headLen = 0xF4, 9
	}
}

// Append adds v behind the last entry.
func Append(lp, v []byte) []byte { return InsertBefore(lp, len(lp)-1, v) }

// AppendInt adds n behind the last entry.
func AppendInt(lp []byte, n int64) []byte { return InsertIntBefore(lp, len(lp)-1, n) }

// Prepend adds v before the first entry.
func Prepend(lp, v []byte) []byte { return InsertBefore(lp, headerSize, v) }

// PrependInt adds n before the first entry.
func PrependInt(lp []byte, n int64) []byte { return InsertIntBefore(lp, headerSize, n) }

// InsertBefore adds v before the entry at pos, which v then has as its
// position. v must not alias lp.
func InsertBefore(lp []byte, pos int, v []byte) []byte {
	var e entry
	e.setString(v)
	return splice(lp, pos, pos, &e, 1)
}

// InsertIntBefore adds n before the entry at pos.
func InsertIntBefore(lp []byte, pos int, n int64) []byte {
	var e entry
	e.setInt(n)
	return splice(lp, pos, pos, &e, 1)
}

// InsertAfter adds v behind the entry at pos. v must not alias lp.
func InsertAfter(lp []byte, pos int, v []byte) []byte {
	return InsertBefore(lp, skip(lp, pos), v)
}

// Replace puts v in the place of the entry at pos. v must not alias lp.
func Replace(lp []byte, pos int, v []byte) []byte {
	var e entry
	e.setString(v)
	return splice(lp, pos, skip(lp, pos), &e, 0)
}

// ReplaceInt puts n in the place of the entry at pos.
func ReplaceInt(lp []byte, pos int, n int64) []byte {
	var e entry
	e.setInt(n)
	return splice(lp, pos, skip(lp, pos), &e, 0)
}

// Delete takes the entry at pos out; the next one (or the end) is then at pos.
func Delete(lp []byte, pos int) []byte {
	return cut(lp, pos, skip(lp, pos), 1)
}

// DeleteAt takes out the entry at pos and those behind it, n in all or as many
// as there are; the next one (or the end) is then at pos.
func DeleteAt(lp []byte, pos, n int) []byte {
	to, deleted := pos, 0
	for deleted < n && lp[to] != end {
		to = skip(lp, to)
		deleted++
	}
	return cut(lp, pos, to, deleted)
}

// DeleteRange takes out n entries (or as many as there are) from index on;
// a negative index counts from the end, and one outside changes nothing.
func DeleteRange(lp []byte, index, n int) []byte {
	if n <= 0 {
		return lp
	}
	pos := Seek(lp, index)
	if pos < 0 {
		return lp
	}
	count := headerCount(lp)
	if count == unknownCount {
		return DeleteAt(lp, pos, n)
	}
	if index < 0 {
		index += count
	}
	if n >= count-index { // all that follows: no walk
		return cut(lp, pos, len(lp)-1, count-index)
	}
	return DeleteAt(lp, pos, n)
}

// Merge adds the entries of second behind those of first.
func Merge(first, second []byte) []byte {
	n := Len(first) + Len(second)
	size := len(first)
	first = resize(first, size+len(second)-headerSize-1)
	copy(first[size-1:], second[headerSize:])
	setTotal(first)
	setCount(first, n)
	return first
}

// splice replaces the bytes from..to by the entry; added is 1 or 0.
func splice(lp []byte, from, to int, e *entry, added int) []byte {
	size := e.size()
	old := len(lp)
	behind := from + size + backLengthBytes(size)
	if grown := old + behind - to; grown > old {
		lp = resize(lp, grown)
		copy(lp[behind:], lp[to:old])
	} else {
		copy(lp[behind:], lp[to:])
		lp = lp[:grown]
	}
	dst := append(lp[:from], e.head[:e.headLen]...)
	dst = append(dst, e.body...)
	appendBackLength(dst, size)
	setTotal(lp)
	if n := headerCount(lp); n != unknownCount {
		setCount(lp, n+added)
	}
	return lp
}

// cut takes out the bytes from..to, which are deleted entries.
func cut(lp []byte, from, to, deleted int) []byte {
	n := copy(lp[from:], lp[to:])
	lp = lp[:from+n]
	setTotal(lp)
	if n := headerCount(lp); n != unknownCount {
		setCount(lp, n-deleted)
	}
	return lp
}

// resize makes lp n bytes long, n not smaller than it is. New memory has room
// to grow, because one entry seldom comes alone.
func resize(lp []byte, n int) []byte {
	if n <= cap(lp) {
		return lp[:n]
	}
	next := make([]byte, n, n+min(n, 4096))
	copy(next, lp)
	return next
}
