package bitmaps

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
	"everysec/engine/number"
	"everysec/engine/object"
)

const (
	errOffset  = "ERR bit offset is not an integer or out of range"
	errBit     = "ERR bit is not an integer or out of range"
	errZeroOne = "ERR The bit argument must be 1 or 0."
)

// offset reads a position in bits. With a width given, "#3" is the third
// integer of that width. ok is false when there is no such bit: the error has
// been sent.
func offset(c *command.Context, word []byte, width int64) (at int64, ok bool) {
	scale := int64(1)
	if width > 0 && len(word) > 0 && word[0] == '#' {
		word, scale = word[1:], width
	}
	at, ok = number.ParseInt(word)
	at *= scale // may wrap around, as in Redis
	limit := min(c.Config.ProtoMaxBulkLen, object.MaxStringBytes-64)
	if !ok || at < 0 || at>>3 >= limit {
		c.Reply.Error(errOffset)
		return 0, false
	}
	return at, true
}

// read is the string under a key, its own if it is an integer; nil when there
// is none. ok is false when the key holds another type: the error has been
// sent.
func read(c *command.Context, key []byte) (b []byte, e *keyspace.Entry, ok bool) {
	e, ok = c.ReadTyped(key, object.String)
	if !ok || e == nil {
		return nil, nil, ok
	}
	return c.Objects().StringBytes(&e.Value), e, true
}

// grown is the string under a key for editing, made long enough for its last
// bit; resized tells whether that made it longer. It is nil when the key holds
// another type: the error has been sent.
func grown(c *command.Context, key []byte, lastBit int64) (b []byte, e *keyspace.Entry, resized bool) {
	e, ok := c.WriteTyped(key, object.String)
	if !ok {
		return nil, nil, false
	}
	size := int(lastBit>>3) + 1
	if e == nil {
		e = c.DB.Add(key, c.Objects().NewRawString(nil))
		resized = true
	} else {
		resized = c.Objects().StringLen(&e.Value) < size
	}
	return c.Objects().Grow(&e.Value, size), e, resized
}

func runGetbit(c *command.Context) {
	at, ok := offset(c, c.Args[2], 0)
	if !ok {
		return
	}
	b, _, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	bit := int64(0)
	if at>>3 < int64(len(b)) {
		bit = int64(b[at>>3] >> (7 - at&7) & 1)
	}
	c.Reply.Int(bit)
}

// runSetbit changes nothing that counts when the bit is already so and the
// string long enough: nobody hears of it.
func runSetbit(c *command.Context) {
	at, ok := offset(c, c.Args[2], 0)
	if !ok {
		return
	}
	bit, ok := c.IntFrom(c.Args[3], 0, errBit)
	if !ok {
		return
	}
	if bit > 1 {
		c.Reply.Error(errBit)
		return
	}
	key := c.Args[1]
	b, e, resized := grown(c, key, at)
	if e == nil {
		return
	}
	shift := 7 - at&7
	old := b[at>>3] >> shift & 1
	if resized || int64(old) != bit {
		b[at>>3] = b[at>>3]&^(1<<shift) | byte(bit)<<shift
		c.Changed(key, e, config.NotifyString, "setbit")
	}
	c.Reply.Int(int64(old))
}
