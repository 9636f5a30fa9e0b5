// Package lzf is the LibLZF compression of RDB strings and quicklist nodes.
//
// A compressed text is a row of instructions, each with a control byte:
//
//	000nnnnn               n+1 literal bytes follow
//	nnnooooo oooooooo      copy n+2 bytes (n 1..6) from o+1 bytes back
//	111ooooo nnnnnnnn oooooooo   copy n+9 bytes from o+1 bytes back
//
// The compressor takes the same decisions as LibLZF in Redis's configuration
// (a table of 64 Ki entries, "very fast"), so that what it writes is what
// Redis writes.
package lzf

import (
	"errors"
	"math"

	"everysec/engine/phrase"
)

const (
	tableBits  = 16
	maxLiteral = 1 << 5
	maxOffset  = 1 << 13
	maxCopy    = 1<<8 + 1<<3
)

// Compressor holds the table of where three bytes were last seen, 256 KiB. It
// may be used for many texts, one at a time; the zero Compressor is ready.
type Compressor struct {
	// Positions are counted through all texts, so that what an earlier text
	// left behind is too far back to be used, and nothing must be cleared.
	table [1 << tableBits]uint32
	base  uint32
}

// Compress is Compressor.Compress for one text only.
func Compress(dst, src []byte) int {
	if len(src) == 0 || len(dst) == 0 {
		return 0
	}
	return new(Compressor).Compress(dst, src)
}

// slot is where three bytes have their place in the table.
func slot(a, b, c byte) uint32 {
	v := uint32(a)<<16 | uint32(b)<<8 | uint32(c)
	return (v>>(24-tableBits) - v*5) & (1<<tableBits - 1)
}

// Compress writes src compressed to dst and returns the length; 0 if dst is
// too short for it. Redis offers fewer bytes than src has, to be told whether
// compression is worth it.
func (c *Compressor) Compress(dst, src []byte) int {
	if len(src) == 0 || len(dst) == 0 {
		return 0
	}
	if uint64(c.base)+uint64(len(src))+2*maxOffset > math.MaxUint32 {
		*c = Compressor{}
	}
	c.base += maxOffset + 1
	base := c.base
	c.base += uint32(len(src))

	in, out, literals := 0, 1, 0 // out leaves a byte for the control of a run
	last := len(src) - 2         // from here on no three bytes are left
	for in < last {
		entry := &c.table[slot(src[in], src[in+1], src[in+2])]
		back := base + uint32(in) - *entry // 1 is the byte before
		*entry = base + uint32(in)
		from := in - int(back)
		if back > maxOffset || from <= 0 ||
			src[from] != src[in] || src[from+1] != src[in+1] || src[from+2] != src[in+2] {
			if out >= len(dst) {
				return 0
			}
			dst[out] = src[in]
			out++
			in++
			if literals++; literals == maxLiteral {
				dst[out-literals-1] = maxLiteral - 1
				literals = 0
				out++
			}
			continue
		}

		// Room for the longest copy and the control byte after it.
		need := out + 4
		if literals == 0 {
			need--
		}
		if need >= len(dst) {
			return 0
		}
		if literals == 0 {
			out-- // no run after all: take its control byte back
		} else {
			dst[out-literals-1] = byte(literals - 1)
		}
		// LibLZF leaves the last two bytes alone, unless what it compares in
		// one go reaches into them: the first three, and the next sixteen if
		// more than sixteen may follow.
		most := max(3, min(len(src)-in-2, maxCopy))
		if most > 16 {
			most = max(19, most)
		}
		n := 3
		for n < most && src[from+n] == src[in+n] {
			n++
		}
		offset := int(back) - 1
		if n < 9 {
			dst[out] = byte(offset>>8 | (n-2)<<5)
			out++
		} else {
			dst[out] = byte(offset>>8 | 7<<5)
			dst[out+1] = byte(n - 9)
			out += 2
		}
		dst[out] = byte(offset)
		out += 2 // and the control byte of the next run
		literals = 0

		in += n
		if in >= last {
			break
		}
		// Of what was copied only the last two places are remembered.
		for at := in - 2; at < in; at++ {
			c.table[slot(src[at], src[at+1], src[at+2])] = base + uint32(at)
		}
	}

	if out+3 > len(dst) {
		return 0
	}
	for ; in < len(src); in++ {
		dst[out] = src[in]
		out++
		if literals++; literals == maxLiteral {
			dst[out-literals-1] = maxLiteral - 1
			literals = 0
			out++
		}
	}
	if literals == 0 {
		return out - 1
	}
	dst[out-literals-1] = byte(literals - 1)
	return out
}

// ErrLength says that the text was not as long as announced.
var ErrLength = errors.New("lzf: text is not of the announced length")

// Decompress writes the text of src to dst, whose length must be exactly that
// of the text. src may be anything: nothing outside dst is touched.
func Decompress(dst, src []byte) error {
	out := 0
	for in := 0; in < len(src); {
		control := int(src[in])
		at := in
		in++
		if control < maxLiteral {
			n := control + 1
			if n > len(src)-in {
				return phrase.Errorf("lzf: offset %d: text ends inside %d literal bytes", at, n)
			}
			if n > len(dst)-out {
				return ErrLength
			}
			copy(dst[out:], src[in:in+n])
			in += n
			out += n
			continue
		}
		n := control >> 5
		if n == 7 && in < len(src) {
			n += int(src[in])
			in++
		}
		if in >= len(src) {
			return phrase.Errorf("lzf: offset %d: text ends inside a copy", at)
		}
		n += 2
		from := out - (control&0x1F<<8 | int(src[in])) - 1
		in++
		if from < 0 {
			return phrase.Errorf("lzf: offset %d: copy from before the beginning", at)
		}
		if n > len(dst)-out {
			return ErrLength
		}
		if from+n <= out {
			copy(dst[out:out+n], dst[from:])
			out += n
			continue
		}
		for range n { // the copy may read what it writes
			dst[out] = dst[from]
			out++
			from++
		}
	}
	if out != len(dst) {
		return ErrLength
	}
	return nil
}
