package command

import (
	"math"
	"strconv"

	"everysec/engine/glob"
	"everysec/engine/number"
	"everysec/engine/object"
)

// SCAN, HSCAN, SSCAN and ZSCAN: one step of an iteration that needs no state
// on the server. The options, the filter, how far one call goes and the shape
// of the reply are the same for all; what is walked is the caller's.

// Scan is one call of SCAN or one of its kin. Whatever was visited with it
// stands in the reply once End is called.
type Scan struct {
	// Type is the word after TYPE; nil: any type. Only SCAN takes it.
	Type []byte

	c       *Context
	count   int64
	pattern []byte // nil: everything matches
	start   int    // of the elements in the reply
	visited int64  // elements met, whether or not they match
	replied int
}

// ParseScanCursor reads a cursor as C's strtoul does, which Redis relies on:
// an empty word is 0, "-1" the greatest cursor. ok is false when it is none:
// the error has been sent.
func (c *Context) ParseScanCursor(arg []byte) (cursor uint64, ok bool) {
	cursor, ok = parseCursor(arg)
	if !ok {
		c.Reply.Error(ErrInvalidCursor)
	}
	return cursor, ok
}

func parseCursor(arg []byte) (cursor uint64, ok bool) {
	for i, b := range arg {
		if b == 0 { // C sees a string end here
			arg = arg[:i]
			break
		}
	}
	if len(arg) == 0 {
		return 0, true
	}
	negative := arg[0] == '-'
	if negative || arg[0] == '+' {
		if arg = arg[1:]; len(arg) == 0 {
			return 0, false
		}
	}
	for _, b := range arg {
		digit := uint64(b - '0')
		if digit > 9 || cursor > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		cursor = cursor*10 + digit
	}
	if negative {
		cursor = -cursor
	}
	return cursor, true
}

// BeginScan reads the options that stand behind the cursor and begins the
// reply. ok is false when they are wrong: the error has been sent. TYPE is an
// option only where withType is set.
func (c *Context) BeginScan(options [][]byte, withType bool) (s Scan, ok bool) {
	s = Scan{c: c, count: 10, start: c.Reply.Len()}
	for ; len(options) >= 2; options = options[2:] {
		word, value := options[0], options[1]
		switch {
		case Is(word, "COUNT"):
			if s.count, ok = c.Int(value); !ok {
				return s, false
			}
			if s.count < 1 {
				c.Reply.Error(ErrSyntax)
				return s, false
			}
		case Is(word, "MATCH"):
			s.pattern = value
			if string(value) == "*" {
				s.pattern = nil
			} else if value == nil {
				s.pattern = []byte{}
			}
		case withType && Is(word, "TYPE"):
			s.Type = value
		default:
			c.Reply.Error(ErrSyntax)
			return s, false
		}
	}
	if len(options) != 0 {
		c.Reply.Error(ErrSyntax)
		return s, false
	}
	return s, true
}

// Walk calls step, which visits one bucket and returns the next cursor, until
// enough elements were visited, many buckets were, or the end is reached. It
// returns the cursor to go on from.
func (s *Scan) Walk(cursor uint64, step func(cursor uint64) uint64) uint64 {
	buckets := int64(math.MaxInt64)
	if s.count <= buckets/10 {
		buckets = s.count * 10
	}
	for {
		cursor = step(cursor)
		if cursor == 0 || buckets == 0 || s.visited >= s.count {
			return cursor
		}
		buckets--
	}
}

// Matches tells whether an element passes MATCH.
func (s *Scan) Matches(element []byte) bool {
	return s.pattern == nil || glob.Match(s.pattern, element, false)
}

// Visited counts n elements towards COUNT, replied or not.
func (s *Scan) Visited(n int) { s.visited += int64(n) }

// Put writes an element into the reply.
func (s *Scan) Put(element []byte) {
	s.c.Reply.Bulk(element)
	s.replied++
}

// Member visits an element that stands alone: it counts one, and is replied if
// it matches.
func (s *Scan) Member(member []byte) {
	s.visited++
	if s.Matches(member) {
		s.Put(member)
	}
}

// Pair visits a field with its value. As in Redis it counts two.
func (s *Scan) Pair(field, value []byte) {
	s.visited += 2
	if s.Matches(field) {
		s.Put(field)
		s.Put(value)
	}
}

// Scored visits a member with its score, which is a bulk string in RESP3 too.
// As in Redis it counts two.
func (s *Scan) Scored(member []byte, score float64) {
	s.visited += 2
	if s.Matches(member) {
		var text [32]byte
		s.Put(member)
		s.Put(number.AppendDouble(text[:0], score))
	}
}

// End completes the reply: the cursor, then what was put.
func (s *Scan) End(cursor uint64) {
	// Only now is it known what stands in front of the elements: it is written
	// behind them and then changes places with them.
	w := s.c.Reply
	end := w.Len()
	var digits [20]byte
	w.Array(2)
	w.Bulk(strconv.AppendUint(digits[:0], cursor, 10))
	w.Array(s.replied)
	var header [64]byte
	reply := w.Bytes()
	n := copy(header[:], reply[end:])
	copy(reply[s.start+n:], reply[s.start:end])
	copy(reply[s.start:], header[:n])
}

// ScanCollection is HSCAN, SSCAN and ZSCAN, whole. step visits one bucket of
// the value with the methods of s and returns the next cursor.
func (c *Context) ScanCollection(t object.Type, step func(s *Scan, v *object.Value, cursor uint64) uint64) {
	cursor, ok := c.ParseScanCursor(c.Args[2])
	if !ok {
		return
	}
	e, ok := c.ReadTyped(c.Args[1], t)
	if !ok {
		return
	}
	if e == nil { // the options are not even looked at
		(&Scan{c: c, start: c.Reply.Len()}).End(0)
		return
	}
	s, ok := c.BeginScan(c.Args[3:], false)
	if !ok {
		return
	}
	switch e.Value.Encoding {
	case object.HashTable, object.SkipList:
		cursor = s.Walk(cursor, func(cursor uint64) uint64 { return step(&s, &e.Value, cursor) })
	default: // everything at once, whatever the cursor
		cursor = step(&s, &e.Value, 0)
	}
	s.End(cursor)
}
