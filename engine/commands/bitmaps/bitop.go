package bitmaps

import (
	"encoding/binary"

	"everysec/engine/command"
	"everysec/engine/config"
)

type operation func(a, b uint64) uint64

func parseOperation(word []byte) operation {
	switch {
	case command.Is(word, "AND"):
		return func(a, b uint64) uint64 { return a & b }
	case command.Is(word, "OR"):
		return func(a, b uint64) uint64 { return a | b }
	case command.Is(word, "XOR"):
		return func(a, b uint64) uint64 { return a ^ b }
	}
	return nil
}

// runBitop goes through all sources to the end of the longest: shorter ones
// and missing keys count as zeros there.
func runBitop(c *command.Context) {
	op, not := parseOperation(c.Args[1]), command.Is(c.Args[1], "NOT")
	if op == nil && !not {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	if not && len(c.Args) != 4 {
		c.Reply.Error("ERR BITOP NOT must be called with a single source key.")
		return
	}
	longest := 0
	for _, key := range c.Args[3:] {
		b, _, ok := read(c, key)
		if !ok {
			return
		}
		longest = max(longest, len(b))
	}
	target := c.Args[2]
	if longest == 0 {
		c.StoreNothing(target)
		return
	}
	// Room for whole words: the last may stand out.
	result := make([]byte, (longest+7)&^7)
	for i, key := range c.Args[3:] {
		e := c.DB.Peek(key) // found before, and counted
		var b []byte
		if e != nil {
			b = c.Objects().StringBytes(&e.Value)
		}
		if i == 0 {
			copy(result, b)
		} else {
			combine(result, b, op)
		}
	}
	if not {
		for i := range result {
			result[i] = ^result[i]
		}
	}
	v := c.Objects().NewRawString(result[:longest])
	c.Changed(target, c.DB.Set(target, v, false), config.NotifyString, "set")
	c.Reply.Int(int64(longest))
}

// combine applies an operation to result, a multiple of eight bytes long, and
// b followed by zeros.
func combine(result, b []byte, op operation) {
	for at := 0; at < len(result); at += 8 {
		var y uint64
		if at+8 <= len(b) {
			y = binary.LittleEndian.Uint64(b[at:])
		} else if at < len(b) {
			var last [8]byte
			copy(last[:], b[at:])
			y = binary.LittleEndian.Uint64(last[:])
		}
		word := result[at : at+8]
		binary.LittleEndian.PutUint64(word, op(binary.LittleEndian.Uint64(word), y))
	}
}
