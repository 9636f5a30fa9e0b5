package bitmaps

import (
	"bytes"
	"math"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/number"
)

// BITFIELD: a string as an array of integers of 1 to 64 bits at any offset.
// All words are read before anything is done, so that an error changes
// nothing; then the string is made long enough once, and the operations run.

const errFieldType = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."

type overflow uint8

const (
	wrap overflow = iota
	saturate
	fail
)

type action uint8

const (
	get action = iota
	set
	increment
)

// fieldOperation is one operation on one integer.
type fieldOperation struct {
	action   action
	overflow overflow
	signed   bool
	width    int64 // bits
	at       int64 // offset in bits
	operand  int64
}

func runBitfield(c *command.Context)   { bitfield(c, false) }
func runBitfieldRo(c *command.Context) { bitfield(c, true) }

func bitfield(c *command.Context, readOnly bool) {
	list, writes, lastBit, ok := parseOperations(c)
	if !ok {
		return
	}
	key := c.Args[1]
	if !writes {
		b, _, ok := read(c, key)
		if !ok {
			return
		}
		c.Reply.Array(len(list))
		for i := range list {
			c.Reply.Int(list[i].read(b))
		}
		return
	}
	if readOnly {
		c.Reply.Error("ERR BITFIELD_RO only supports the GET subcommand")
		return
	}
	b, e, resized := grown(c, key, lastBit)
	if e == nil {
		return
	}
	changes := int64(0)
	c.Reply.Array(len(list))
	for i := range list {
		o := &list[i]
		old := o.read(b)
		if o.action == get {
			c.Reply.Int(old)
			continue
		}
		value, fits := o.result(old)
		switch {
		case !fits && o.overflow == fail:
			c.Reply.Null()
			continue
		case o.action == set:
			c.Reply.Int(old)
		default:
			c.Reply.Int(value)
		}
		o.write(b, value)
		if resized || value != old {
			changes++
		}
	}
	if changes > 0 {
		c.DB.Modified(key, e)
		c.Notify(config.NotifyString, "setbit", key)
		c.Changes += changes
	}
}

// parseOperations reads the words behind the key. lastBit is the highest bit
// that will be written. ok is false when the error has been sent.
func parseOperations(c *command.Context) (list []fieldOperation, writes bool, lastBit int64, ok bool) {
	mode := wrap
	for words := c.Args[2:]; len(words) > 0; {
		o := fieldOperation{overflow: mode}
		n := 4
		switch word := words[0]; {
		case command.Is(word, "GET") && len(words) > 2:
			n = 3
		case command.Is(word, "SET") && len(words) > 3:
			o.action = set
		case command.Is(word, "INCRBY") && len(words) > 3:
			o.action = increment
		case command.Is(word, "OVERFLOW") && len(words) > 1:
			switch {
			case command.Is(words[1], "WRAP"):
				mode = wrap
			case command.Is(words[1], "SAT"):
				mode = saturate
			case command.Is(words[1], "FAIL"):
				mode = fail
			default:
				c.Reply.Error("ERR Invalid OVERFLOW type specified")
				return nil, false, 0, false
			}
			words = words[2:]
			continue
		default:
			c.Reply.Error(command.ErrSyntax)
			return nil, false, 0, false
		}
		if !o.parseType(words[1]) {
			c.Reply.Error(errFieldType)
			return nil, false, 0, false
		}
		if o.at, ok = offset(c, words[2], o.width); !ok {
			return nil, false, 0, false
		}
		if o.action != get {
			writes = true
			lastBit = max(lastBit, o.at+o.width-1)
			if o.operand, ok = c.Int(words[3]); !ok {
				return nil, false, 0, false
			}
		}
		list = append(list, o)
		words = words[n:]
	}
	return list, writes, lastBit, true
}

// parseType reads i16 or u8. A zero byte ends the word, as in Redis.
func (o *fieldOperation) parseType(word []byte) bool {
	if i := bytes.IndexByte(word, 0); i >= 0 {
		word = word[:i]
	}
	if len(word) == 0 || word[0] != 'i' && word[0] != 'u' {
		return false
	}
	o.signed = word[0] == 'i'
	width, ok := number.ParseInt(word[1:])
	o.width = width
	return ok && width >= 1 && (width <= 63 || width == 64 && o.signed)
}

// read is the integer in b, as if b were followed by zeros.
func (o *fieldOperation) read(b []byte) int64 {
	var value uint64
	for at, left := o.at, o.width; left > 0; {
		n := min(8-at&7, left) // bits of this byte
		var x uint64
		if at>>3 < int64(len(b)) {
			x = uint64(b[at>>3]) >> (8 - at&7 - n) & (1<<n - 1)
		}
		value = value<<n | x
		at, left = at+n, left-n
	}
	if o.signed {
		return int64(value<<(64-o.width)) >> (64 - o.width)
	}
	return int64(value)
}

// write puts the low bits of a value into b, which is long enough.
func (o *fieldOperation) write(b []byte, value int64) {
	for at, left := o.at, o.width; left > 0; {
		n := min(8-at&7, left)
		shift := 8 - at&7 - n
		mask := byte(1<<n-1) << shift
		b[at>>3] = b[at>>3]&^mask | byte(uint64(value)>>(left-n))<<shift&mask
		at, left = at+n, left-n
	}
}

// result is what SET or INCRBY stores, and whether it fits without wrapping
// around or saturating.
func (o *fieldOperation) result(old int64) (value int64, fits bool) {
	base, by := old, o.operand
	if o.action == set {
		base, by = o.operand, 0
	}
	value = base + by
	least, most := int64(0), int64(math.MaxInt64)>>(63-o.width&63)
	var above, below bool
	if o.signed {
		least, most = math.MinInt64>>(64-o.width), math.MaxInt64>>(64-o.width)
		// The room may wrap around for an operand of SET: then Redis saturates
		// at the other end, and so do we.
		up, down, small := most-base, least-base, o.width != 64
		above = base > most || by > up && (small || base >= 0 && by > 0)
		below = !above && (base < least || by < down && (small || base < 0 && by < 0))
	} else {
		// A negative value of SET is a great one without a sign.
		above = base < 0 || base > most || by > 0 && by > most-base
		below = !above && by < 0 && value < least
	}
	switch {
	case !above && !below:
		return value, true
	case o.overflow != saturate:
		if o.signed {
			return value << (64 - o.width) >> (64 - o.width), false
		}
		return value & most, false
	case above:
		return most, false
	}
	return least, false
}

// bitfieldKeyFlags tells that BITFIELD with nothing but GET only reads.
func bitfieldKeyFlags(args [][]byte, _ int) []string {
	for i := 2; i < len(args); i++ {
		more := len(args) - 1 - i
		switch {
		case command.Is(args[i], "GET") && more >= 2:
			i += 2
		case command.Is(args[i], "OVERFLOW") && more >= 1:
			i++
		default: // SET, INCRBY, or what will be a syntax error
			return []string{"RW", "access", "update"}
		}
	}
	return []string{"RO", "access"}
}
