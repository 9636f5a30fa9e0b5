package strings

import (
	"bytes"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/number"
	"everysec/engine/object"
)

// What compares before it changes: the conditions of SET, DELEX and DELIFEQ,
// and MSETEX. Redis 7 has none of it: what goes into the append-only file is
// SET and DEL without conditions, which every version loads.

// comparison is what a value must be equal to, or with different must not.
type comparison struct {
	given     bool
	different bool
	digest    bool
	value     []byte
}

// compareWord reads IFEQ, IFNE, IFDEQ or IFDNE.
func compareWord(word []byte) comparison {
	x := comparison{given: true}
	switch {
	case command.Is(word, "IFEQ"):
	case command.Is(word, "IFNE"):
		x.different = true
	case command.Is(word, "IFDEQ"):
		x.digest = true
	case command.Is(word, "IFDNE"):
		x.digest, x.different = true, true
	default:
		return comparison{}
	}
	return x
}

// holds tells whether the string under a key is as it must be; no key at all
// differs from everything. ok is false when the error has been sent.
func (x *comparison) holds(c *command.Context, key []byte) (holds, ok bool) {
	if x.digest && !isDigest(x.value) {
		c.Reply.Error("ERR must be exactly 16 hexadecimal characters")
		return false, false
	}
	e, ok := c.WriteTyped(key, object.String)
	if !ok || e == nil {
		return x.different, ok
	}
	b := c.Objects().StringBytes(&e.Value)
	if x.digest {
		var hex [16]byte
		return bytes.EqualFold(appendDigest(hex[:0], b), x.value) != x.different, true
	}
	return bytes.Equal(b, x.value) != x.different, true
}

func isDigest(word []byte) bool {
	if len(word) != 16 {
		return false
	}
	for _, b := range word {
		if b-'0' > 9 && (b|0x20)-'a' > 5 {
			return false
		}
	}
	return true
}

const hexDigits = "0123456789abcdef"

// appendDigest appends what DIGEST replies for a string.
func appendDigest(dst, b []byte) []byte {
	sum := number.XXH3(b)
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[sum>>shift&15])
	}
	return dst
}

func runDigest(c *command.Context) {
	e, ok := c.ReadTyped(c.Args[1], object.String)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Null()
		return
	}
	c.Reply.Bulk(appendDigest(nil, c.Objects().StringBytes(&e.Value)))
}

// runDelEx without a condition is DEL, whatever the key holds.
func runDelEx(c *command.Context) {
	switch len(c.Args) {
	case 2:
		deleteIf(c, c.DB.LookupWrite(c.Args[1]) != nil)
	case 4:
		x := compareWord(c.Args[2])
		if !x.given {
			c.Reply.Error(command.ErrSyntax)
			return
		}
		x.value = c.Args[3]
		holds, ok := x.holds(c, c.Args[1])
		if ok {
			deleteIf(c, holds && c.DB.Peek(c.Args[1]) != nil)
		}
	default:
		c.Reply.Error(command.WrongNumberOfArguments(c.Spec.FullName()))
	}
}

func runDelIfEq(c *command.Context) {
	x := comparison{value: c.Args[2]}
	if holds, ok := x.holds(c, c.Args[1]); ok {
		deleteIf(c, holds)
	}
}

func deleteIf(c *command.Context, yes bool) {
	if !yes {
		c.Reply.Int(0)
		return
	}
	deleteAs(c, c.Args[1], c.Config.LazyFreeLazyUserDel)
	c.Reply.Int(1)
}

// runMSetEx sets all of its keys or none.
func runMSetEx(c *command.Context) {
	n, ok := c.IntFrom(c.Args[1], 1, "ERR invalid numkeys value")
	if !ok {
		return
	}
	if n > int64(len(c.Args)-2)/2 {
		c.Reply.Error("ERR wrong number of key-value pairs")
		return
	}
	pairs := c.Args[2 : 2+2*n]
	o, ok := parseOptions(c, c.Args[2+2*n:], true)
	if !ok {
		return
	}
	if o.get || o.compare.given {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	var at int64
	if o.expiry.unit != never {
		if at, ok = o.expiry.at(c); !ok {
			return
		}
	}
	for i := 0; (o.nx || o.xx) && i < len(pairs); i += 2 {
		if (c.LookupWrite(pairs[i]) != nil) == o.nx {
			c.Reply.Int(0)
			return
		}
	}
	var words [][]byte
	switch {
	case at != 0:
		words = [][]byte{wordPXAT, c.Decimal(at)}
	case o.keepTTL:
		words = [][]byte{wordKeepTTL}
	default:
		c.PropagateAs(append([][]byte{[]byte("MSET")}, pairs...)...)
	}
	for i := 0; i < len(pairs); i += 2 {
		key, value := pairs[i], pairs[i+1]
		e := put(c, key, c.LookupWrite(key), value, o.keepTTL)
		c.Changed(key, e, config.NotifyString, "set")
		if at != 0 {
			c.DB.ExpireKeyAt(key, at)
			c.Notify(config.NotifyGeneric, "expire", key)
		}
		if words != nil {
			c.PropagateAs(append([][]byte{wordSet, key, value}, words...)...)
		}
	}
	c.Reply.Int(1)
}
