package hashes

import (
	"bytes"
	"math"
	"strconv"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
	"everysec/engine/number"
	"everysec/engine/object"
)

// forWrite finds the hash at a key, or makes an empty one. ok is false when
// the key holds another type: the error has been sent.
func forWrite(c *command.Context, key []byte) (e *keyspace.Entry, ok bool) {
	e, ok = c.WriteTyped(key, object.Hash)
	if ok && e == nil {
		e = c.DB.Add(key, c.Objects().NewHash())
	}
	return e, ok
}

// read finds the hash at a key. found is false when there is none, and then
// missing has replied, or the error of a wrong type.
func read(c *command.Context, missing func()) (h object.HashView, found bool) {
	e, ok := c.ReadTyped(c.Args[1], object.Hash)
	if !ok {
		return h, false
	}
	if e == nil {
		missing()
		return h, false
	}
	return c.Objects().Hash(&e.Value), true
}

// setPairs sets the fields of HSET and HMSET and returns how many are new.
func setPairs(c *command.Context) (created int64, ok bool) {
	if len(c.Args)%2 != 0 {
		c.Reply.Error(command.WrongNumberOfArguments(c.Spec.Name))
		return 0, false
	}
	key := c.Args[1]
	e, ok := forWrite(c, key)
	if !ok {
		return 0, false
	}
	h := c.Objects().Hash(&e.Value)
	convertForLongest(c, h, c.Args[2:])
	for i := 2; i < len(c.Args); i += 2 {
		if h.Set(c.Args[i], c.Args[i+1]) {
			created++
		}
	}
	c.Changed(key, e, config.NotifyHash, "hset")
	c.Changes += int64(len(c.Args)/2-1) - 1
	return created, true
}

// convertForLongest turns a listpack into a table before the first field is
// set if any of them will not fit, as Redis does: the order of fields that
// stay behind in a listpack would be seen.
func convertForLongest(c *command.Context, h object.HashView, words [][]byte) {
	for _, w := range words {
		if len(w) > c.Config.Limits.HashMaxListpackValue {
			h.Convert()
			return
		}
	}
}

func runHset(c *command.Context) {
	if created, ok := setPairs(c); ok {
		c.Reply.Int(created)
	}
}

func runHmset(c *command.Context) {
	if _, ok := setPairs(c); ok {
		c.Reply.OK()
	}
}

func runHsetnx(c *command.Context) {
	key, field, value := c.Args[1], c.Args[2], c.Args[3]
	e, ok := forWrite(c, key)
	if !ok {
		return
	}
	h := c.Objects().Hash(&e.Value)
	if h.Has(field) {
		c.Reply.Int(0)
		return
	}
	convertForLongest(c, h, c.Args[2:])
	h.Set(field, value)
	c.Reply.Int(1)
	c.Changed(key, e, config.NotifyHash, "hset")
}

func runHget(c *command.Context) {
	h, found := read(c, c.Reply.Null)
	if !found {
		return
	}
	replyField(c, h, c.Args[2])
}

func replyField(c *command.Context, h object.HashView, field []byte) {
	if value, ok := h.Get(field); ok {
		c.Reply.Bulk(value)
		return
	}
	c.Reply.Null()
}

func runHmget(c *command.Context) {
	e, ok := c.ReadTyped(c.Args[1], object.Hash)
	if !ok {
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, field := range c.Args[2:] {
		if e == nil {
			c.Reply.Null()
			continue
		}
		replyField(c, c.Objects().Hash(&e.Value), field)
	}
}

func runHdel(c *command.Context) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Hash)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Int(0)
		return
	}
	h := c.Objects().Hash(&e.Value)
	deleted := int64(0)
	for _, field := range c.Args[2:] {
		if h.Delete(field) {
			deleted++
			if h.Len() == 0 {
				break
			}
		}
	}
	if deleted > 0 {
		c.DB.Modified(key, e)
		c.Notify(config.NotifyHash, "hdel", key)
		c.Changes += deleted
		c.DeleteEmpty(key, e)
	}
	c.Reply.Int(deleted)
}

func runHlen(c *command.Context) {
	if h, found := read(c, func() { c.Reply.Int(0) }); found {
		c.Reply.Int(int64(h.Len()))
	}
}

func runHstrlen(c *command.Context) {
	if h, found := read(c, func() { c.Reply.Int(0) }); found {
		value, _ := h.Get(c.Args[2])
		c.Reply.Int(int64(len(value)))
	}
}

func runHexists(c *command.Context) {
	h, found := read(c, func() { c.Reply.Int(0) })
	switch {
	case !found:
	case h.Has(c.Args[2]):
		c.Reply.Int(1)
	default:
		c.Reply.Int(0)
	}
}

func runHkeys(c *command.Context) {
	if h, found := read(c, func() { c.Reply.Array(0) }); found {
		c.Reply.Array(h.Len())
		for field := range h.All() {
			c.Reply.Bulk(field)
		}
	}
}

func runHvals(c *command.Context) {
	if h, found := read(c, func() { c.Reply.Array(0) }); found {
		c.Reply.Array(h.Len())
		for _, value := range h.All() {
			c.Reply.Bulk(value)
		}
	}
}

func runHgetall(c *command.Context) {
	if h, found := read(c, func() { c.Reply.Map(0) }); found {
		c.Reply.Map(h.Len())
		for field, value := range h.All() {
			c.Reply.Bulk(field)
			c.Reply.Bulk(value)
		}
	}
}

func runHscan(c *command.Context) {
	c.ScanCollection(object.Hash, func(s *command.Scan, v *object.Value, cursor uint64) uint64 {
		return c.Objects().Hash(v).Scan(cursor, s.Pair)
	})
}

// A field that is to be incremented must hold a number of its kind.
const (
	errFieldNotInteger = "ERR hash value is not an integer"
	errFieldNotFloat   = "ERR hash value is not a float"
)

func runHincrby(c *command.Context) {
	key, field := c.Args[1], c.Args[2]
	increment, ok := c.Int(c.Args[3])
	if !ok {
		return
	}
	e, ok := forWrite(c, key)
	if !ok {
		return
	}
	h := c.Objects().Hash(&e.Value)
	old := int64(0)
	if value, has := h.Get(field); has {
		if old, ok = number.ParseInt(value); !ok {
			c.Reply.Error(errFieldNotInteger)
			return
		}
	}
	if increment < 0 && old < 0 && increment < math.MinInt64-old ||
		increment > 0 && old > 0 && increment > math.MaxInt64-old {
		c.Reply.Error(command.ErrIncrementOverflow)
		return
	}
	var digits [20]byte
	h.SetKeeping(field, strconv.AppendInt(digits[:0], old+increment, 10))
	c.Reply.Int(old + increment)
	c.Changed(key, e, config.NotifyHash, "hincrby")
}

func runHincrbyfloat(c *command.Context) {
	key, field := c.Args[1], c.Args[2]
	increment, ok := number.ParseLongDouble(c.Args[3])
	if !ok {
		c.Reply.Error(command.ErrNotFloat)
		return
	}
	if increment.IsInf() {
		c.Reply.Error("ERR value is NaN or Infinity")
		return
	}
	e, ok := forWrite(c, key)
	if !ok {
		return
	}
	h := c.Objects().Hash(&e.Value)
	if value, has := h.Get(field); has {
		old, isFloat := number.ParseLongDouble(value)
		if !isFloat {
			c.Reply.Error(errFieldNotFloat)
			return
		}
		if increment, ok = number.AddLongDouble(old, increment); !ok || increment.IsInf() {
			c.Reply.Error(command.ErrIncrementNaN)
			return
		}
	}
	text := number.AppendLongDouble(nil, increment)
	h.SetKeeping(field, text)
	c.Reply.Bulk(text)
	c.Changed(key, e, config.NotifyHash, "hincrbyfloat")
	// The sum is propagated: adding again elsewhere may round otherwise.
	if h.Expiry(field) != 0 {
		c.PropagateAs(wordHSetEx, key, wordKeepTTL, wordFields, []byte("1"), field, text)
	} else {
		c.PropagateAs(wordHSet, key, field, text)
	}
}

func runHrandfield(c *command.Context) {
	if len(c.Args) == 2 {
		if h, found := read(c, c.Reply.Null); found {
			field, _ := h.Random(c.Random)
			c.Reply.Bulk(field)
		}
		return
	}
	count, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if count == math.MinInt64 {
		c.Reply.Error(command.ErrNotNegatable)
		return
	}
	withValues := len(c.Args) == 4 && command.Is(c.Args[3], "WITHVALUES")
	if len(c.Args) > 4 || len(c.Args) == 4 && !withValues {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	if withValues && (count < -math.MaxInt64/2 || count > math.MaxInt64/2) {
		c.Reply.Error(command.ErrOutOfRange)
		return
	}
	h, found := read(c, func() { c.Reply.Array(0) })
	if !found {
		return
	}
	if count == 0 {
		c.Reply.Array(0)
		return
	}
	r := randomReply{c, withValues}
	if count < 0 {
		c.Repeat(-count, r.begin, func() { r.pair(h.Random(c.Random)) })
		return
	}
	r.distinct(h, int(min(count, int64(h.Len()))))
}

// randomReply writes fields, with their values if asked: in RESP3 as pairs of
// their own.
type randomReply struct {
	c          *command.Context
	withValues bool
}

func (r randomReply) begin(n int) {
	if r.withValues && r.c.Reply.Protocol == 2 {
		n *= 2
	}
	r.c.Reply.Array(n)
}

func (r randomReply) pair(field, value []byte) {
	if r.withValues && r.c.Reply.Protocol == 3 {
		r.c.Reply.Array(2)
	}
	r.c.Reply.Bulk(field)
	if r.withValues {
		r.c.Reply.Bulk(value)
	}
}

// distinct replies n different fields. While few of many are wanted it draws
// until it has them; else it chooses while walking, each field with the chance
// that keeps all choices equal.
func (r randomReply) distinct(h object.HashView, n int) {
	r.begin(n)
	if n*3 <= h.Len() {
		seen := make(map[string]struct{}, n)
		for len(seen) < n {
			field, value := h.Random(r.c.Random)
			if _, twice := seen[string(field)]; twice {
				continue
			}
			seen[string(bytes.Clone(field))] = struct{}{}
			r.pair(field, value)
		}
		return
	}
	left := h.Len()
	for field, value := range h.All() {
		if r.c.Random.IntN(left) < n {
			r.pair(field, value)
			n--
		}
		left--
	}
}
