// Package listpack is Redis's listpack, byte for byte: a list of strings and
// integers in one piece of memory, which small hashes, lists, sets, sorted
// sets and stream nodes are made of.
//
//	total bytes (uint32) | count (uint16) | entry ... | 0xFF
//	entry: encoding and length | data | length of the two, readable backwards
//
// Functions that change a listpack work like append: the result has the
// memory of the argument if its capacity is enough, and new memory otherwise,
// so an owner with a roomy block is never left. The argument is then dead.
//
// An entry is named by its position, the offset of its first byte; -1 is "no
// entry". Positions die with the next change before them. A listpack that
// came from outside must pass Validate(b, true) before anything else here
// may see it.
package listpack

import (
	"encoding/binary"
	"math"
	"strconv"

	"everysec/engine/number"
)

const (
	headerSize   = 6
	end          = 0xFF
	unknownCount = math.MaxUint16 // the count does not fit: walk to know it

	// MaxBytes is how large a listpack may become by SafeToAdd.
	MaxBytes = 1 << 30
)

// New is the empty listpack.
func New() []byte {
	return []byte{headerSize + 1, 0, 0, 0, 0, 0, end}
}

// Len is the number of entries. With 65,535 and more it takes a walk.
func Len(lp []byte) int {
	if n := headerCount(lp); n != unknownCount {
		return n
	}
	n := 0
	for pos := First(lp); pos >= 0; pos = Next(lp, pos) {
		n++
	}
	if n < unknownCount {
		setCount(lp, n) // it shrank: known again
	}
	return n
}

// SafeToAdd reports whether lp (nil: an empty one) may grow by n bytes.
func SafeToAdd(lp []byte, n int) bool {
	return len(lp)+n <= MaxBytes
}

// First is the first entry, -1 if there is none.
func First(lp []byte) int {
	if lp[headerSize] == end {
		return -1
	}
	return headerSize
}

// Last is the last entry, -1 if there is none.
func Last(lp []byte) int { return Prev(lp, len(lp)-1) }

// Next is the entry after pos, -1 behind the last.
func Next(lp []byte, pos int) int {
	pos = skip(lp, pos)
	if lp[pos] == end {
		return -1
	}
	return pos
}

// Prev is the entry before pos, -1 before the first.
func Prev(lp []byte, pos int) int {
	if pos <= headerSize {
		return -1
	}
	size, bytes := backLength(lp, pos)
	return pos - size - bytes
}

// Seek is the entry at index, counted from the end if negative (-1 is the
// last); -1 if there is none.
func Seek(lp []byte, index int) int {
	if n := headerCount(lp); n != unknownCount {
		if index < 0 {
			index += n
		}
		if index < 0 || index >= n {
			return -1
		}
		if index > n/2 {
			index -= n // nearer from the end
		}
	}
	if index < 0 {
		pos := Last(lp)
		for index++; index < 0 && pos >= 0; index++ {
			pos = Prev(lp, pos)
		}
		return pos
	}
	pos := First(lp)
	for ; index > 0 && pos >= 0; index-- {
		pos = Next(lp, pos)
	}
	return pos
}

// Get is the value at pos: a string, which aliases lp, or an integer.
func Get(lp []byte, pos int) (b []byte, n int64, isInt bool) {
	p := lp[pos:]
	switch c := p[0]; {
	case c < 0x80: // 0xxxxxxx
		return nil, int64(c), true
	case c < 0xC0: // 10xxxxxx
		size := int(c & 0x3F)
		return p[1 : 1+size : 1+size], 0, false
	case c < 0xE0: // 110xxxxx, 13 bits with sign
		return nil, int64(int16(uint16(c)<<11|uint16(p[1])<<3) >> 3), true
	case c < 0xF0: // 1110xxxx
		size := int(c&0x0F)<<8 | int(p[1])
		return p[2 : 2+size : 2+size], 0, false
	case c == 0xF0:
		size := int(binary.LittleEndian.Uint32(p[1:]))
		return p[5 : 5+size : 5+size], 0, false
	case c == 0xF1:
		return nil, int64(int16(binary.LittleEndian.Uint16(p[1:]))), true
	case c == 0xF2:
		v := uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
		return nil, int64(int32(v) >> 8), true
	case c == 0xF3:
		return nil, int64(int32(binary.LittleEndian.Uint32(p[1:]))), true
	default:
		return nil, int64(binary.LittleEndian.Uint64(p[1:])), true
	}
}

// GetString is the value at pos as a string: it aliases lp, or scratch (whose
// contents are lost) if the value is an integer. 20 bytes are enough.
func GetString(lp []byte, pos int, scratch []byte) []byte {
	b, n, isInt := Get(lp, pos)
	if isInt {
		return strconv.AppendInt(scratch[:0], n, 10)
	}
	return b
}

// Equal reports whether the value at pos is v.
func Equal(lp []byte, pos int, v []byte) bool {
	b, n, isInt := Get(lp, pos)
	if isInt {
		i, ok := number.ParseInt(v)
		return ok && i == n
	}
	return string(b) == string(v)
}

// Find is the first entry from pos on that is v, looking at one and then
// passing over skip others (1 to find a field of a hash); -1 if there is none.
func Find(lp []byte, pos int, v []byte, skipped int) int {
	wanted, wantedInt := number.ParseInt(v)
	if pos < 0 {
		return -1
	}
	for lp[pos] != end {
		// Most entries are short strings, and most of those are not as long as v.
		if c := lp[pos]; c >= 0x80 && c < 0xC0 {
			if int(c&0x3F) == len(v) && string(lp[pos+1:pos+1+len(v)]) == string(v) {
				return pos
			}
		} else if b, n, isInt := Get(lp, pos); isInt {
			if wantedInt && n == wanted {
				return pos
			}
		} else if len(b) == len(v) && string(b) == string(v) {
			return pos
		}
		pos = skip(lp, pos)
		for i := 0; i < skipped && lp[pos] != end; i++ {
			pos = skip(lp, pos)
		}
	}
	return -1
}

// EntrySize is the number of bytes an entry for v takes, for owners that want
// to make room before they add it.
func EntrySize(v []byte) int {
	var e entry
	e.setString(v)
	return e.size() + backLengthBytes(e.size())
}

// EntrySizeInt is EntrySize of an integer.
func EntrySizeInt(n int64) int {
	var e entry
	e.setInt(n)
	return e.size() + backLengthBytes(e.size())
}

func headerCount(lp []byte) int { return int(binary.LittleEndian.Uint16(lp[4:])) }

func setCount(lp []byte, n int) {
	binary.LittleEndian.PutUint16(lp[4:], uint16(min(n, unknownCount)))
}

func setTotal(lp []byte) { binary.LittleEndian.PutUint32(lp, uint32(len(lp))) }

// skip is the offset behind the entry at pos: the next one, or the end byte.
func skip(lp []byte, pos int) int {
	c := lp[pos]
	if c < 0x80 {
		return pos + 2
	}
	if c < 0xC0 {
		return pos + 2 + int(c&0x3F)
	}
	return skipLong(lp, pos)
}

func skipLong(lp []byte, pos int) int {
	size := encodedSize(lp[pos:])
	return pos + size + backLengthBytes(size)
}

// encodedSize is the size of an entry's encoding, length and data.
func encodedSize(p []byte) int {
	switch c := p[0]; {
	case c < 0x80:
		return 1
	case c < 0xC0:
		return 1 + int(c&0x3F)
	case c < 0xE0:
		return 2
	case c < 0xF0:
		return 2 + (int(c&0x0F)<<8 | int(p[1]))
	case c == 0xF0:
		return 5 + int(binary.LittleEndian.Uint32(p[1:]))
	case c == 0xF1:
		return 3
	case c == 0xF2:
		return 4
	case c == 0xF3:
		return 5
	default:
		return 9
	}
}

// backLengthBytes is the number of bytes that hold the size of an entry. The
// limits are Redis's, one less than 7 bits a byte would allow.
func backLengthBytes(size int) int {
	switch {
	case size <= 127:
		return 1
	case size < 16383:
		return 2
	case size < 2097151:
		return 3
	case size < 268435455:
		return 4
	}
	return 5
}

// appendBackLength writes size with 7 bits a byte, most significant first;
// every byte but the first has its high bit set, so it can be read backwards.
func appendBackLength(dst []byte, size int) []byte {
	for i := backLengthBytes(size) - 1; i >= 0; i-- {
		c := byte(size>>(7*i)) & 0x7F
		if i != backLengthBytes(size)-1 {
			c |= 0x80
		}
		dst = append(dst, c)
	}
	return dst
}

// backLength reads the size that ends before pos, and how many bytes it took;
// 0, 0 if there is none.
func backLength(lp []byte, pos int) (size, bytes int) {
	for bytes < 5 && pos-1-bytes >= headerSize {
		c := lp[pos-1-bytes]
		size |= int(c&0x7F) << (7 * bytes)
		bytes++
		if c&0x80 == 0 {
			return size, bytes
		}
	}
	return 0, 0
}
