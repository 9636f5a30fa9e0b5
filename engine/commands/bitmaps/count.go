package bitmaps

import (
	"encoding/binary"
	"math/bits"

	"everysec/engine/command"
)

// BITCOUNT and BITPOS: eight bytes at a time.

// unit reads BYTE or BIT: the bits of one step. ok is false when the error has
// been sent.
func unit(c *command.Context, word []byte) (bits int64, ok bool) {
	switch {
	case command.Is(word, "BIT"):
		return 1, true
	case command.Is(word, "BYTE"):
		return 8, true
	}
	c.Reply.Error(command.ErrSyntax)
	return 0, false
}

// between turns two bounds, both included and negative ones from the end, of
// a string of so many bytes into bits: from, up to but not including to.
func between(start, end, length, unit int64) (from, to int64) {
	total := length * 8 / unit
	if start < 0 {
		start = max(start+total, 0)
	}
	if end < 0 {
		end = max(end+total, 0)
	}
	end = min(end, total-1)
	if start > end {
		return 0, 0
	}
	return start * unit, (end + 1) * unit
}

func runBitcount(c *command.Context) {
	b, e, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Int(0)
		return
	}
	from, to := int64(0), int64(len(b))*8
	switch len(c.Args) {
	case 2:
	case 4, 5:
		start, ok := c.Int(c.Args[2])
		if !ok {
			return
		}
		end, ok := c.Int(c.Args[3])
		if !ok {
			return
		}
		if start < 0 && end < 0 && start > end { // said before the unit is read
			c.Reply.Int(0)
			return
		}
		step := int64(8)
		if len(c.Args) == 5 {
			if step, ok = unit(c, c.Args[4]); !ok {
				return
			}
		}
		from, to = between(start, end, int64(len(b)), step)
	default:
		c.Reply.Error(command.ErrSyntax)
		return
	}
	c.Reply.Int(count(b, from, to))
}

// count is the bits set in b from a bit up to but not including another.
func count(b []byte, from, to int64) int64 {
	if from >= to {
		return 0
	}
	first, last := from>>3, (to-1)>>3
	head, tail := byte(0xff)>>(from&7), byte(0xff)<<(7-(to-1)&7)
	if first == last {
		return int64(bits.OnesCount8(b[first] & head & tail))
	}
	n := bits.OnesCount8(b[first]&head) + bits.OnesCount8(b[last]&tail)
	b = b[first+1 : last]
	for len(b) >= 8 {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return int64(n)
}

func runBitpos(c *command.Context) {
	bit, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if bit != 0 && bit != 1 {
		c.Reply.Error(errZeroOne)
		return
	}
	b, e, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	if e == nil { // zeros without end
		c.Reply.Int(-bit)
		return
	}
	length := int64(len(b))
	start, end, step := int64(0), length-1, int64(8)
	if len(c.Args) > 6 {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	if len(c.Args) > 3 {
		if start, ok = c.Int(c.Args[3]); !ok {
			return
		}
	}
	if len(c.Args) == 6 {
		if step, ok = unit(c, c.Args[5]); !ok {
			return
		}
	}
	if len(c.Args) > 4 {
		if end, ok = c.Int(c.Args[4]); !ok {
			return
		}
	}
	from, to := between(start, end, length, step)
	at := int64(-1)
	if from < to {
		at = find(b, from, to, byte(bit))
		if at < 0 && bit == 0 && len(c.Args) < 5 {
			at = to // without an end zeros follow the string
		}
	}
	c.Reply.Int(at)
}

// find is the first bit of b like bit from one up to but not including
// another, -1 if there is none.
func find(b []byte, from, to int64, bit byte) int64 {
	flip := uint64(bit) - 1 // all ones when looking for a zero
	for at := from; at < to; {
		if at&7 == 0 && to-at >= 64 {
			if x := binary.BigEndian.Uint64(b[at>>3:]) ^ flip; x != 0 {
				return at + int64(bits.LeadingZeros64(x))
			}
			at += 64
			continue
		}
		x := (b[at>>3] ^ byte(flip)) & (0xff >> (at & 7))
		if x != 0 {
			if at = at&^7 + int64(bits.LeadingZeros8(x)); at < to {
				return at
			}
			return -1
		}
		at = at&^7 + 8
	}
	return -1
}
