package keys

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
)

// Expiry. A time to live is always propagated as the moment at which it ends,
// so that a log replayed tomorrow does not let keys live longer.

var (
	wordDel       = []byte("DEL")
	wordUnlink    = []byte("UNLINK")
	wordPExpireAt = []byte("PEXPIREAT")
)

func runExpire(c *command.Context) { expire(c, c.Now, 1000) }

func runPExpire(c *command.Context) { expire(c, c.Now, 1) }

func runExpireAt(c *command.Context) { expire(c, 0, 1000) }

func runPExpireAt(c *command.Context) { expire(c, 0, 1) }

// expire sets the expiry of the key to base + number*unit, in milliseconds.
func expire(c *command.Context, base, unit int64) {
	allowed, ok := parseCondition(c)
	if !ok {
		return
	}
	key := c.Args[1]
	at, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if at > math.MaxInt64/unit || at < math.MinInt64/unit || at*unit > math.MaxInt64-base {
		c.Reply.Error(command.InvalidExpire(c.Spec.FullName()))
		return
	}
	at = at*unit + base
	e := c.LookupWrite(key)
	if e == nil || !allowed.by(e, at) {
		c.Reply.Int(0)
		return
	}
	c.Reply.Int(1)
	if at <= c.Now && !c.Space.ExpireDisabled {
		deleteAs(c, key, c.Config.LazyFreeLazyExpire)
		return
	}
	if at == 0 { // means "no expiry" in an entry; any moment long gone will do
		at = 1
	}
	c.DB.ExpireKeyAt(key, at)
	c.Changed(key, e, config.NotifyGeneric, "expire")
	if base != 0 || unit != 1 {
		words := slices.Clone(c.Args)
		words[0], words[2] = wordPExpireAt, strconv.AppendInt(nil, at, 10)
		c.PropagateAs(words...)
	}
}

// deleteAs deletes a key that is there, propagated as DEL or UNLINK.
func deleteAs(c *command.Context, key []byte, lazy bool) {
	c.DB.Delete(key, lazy)
	word := wordDel
	if lazy {
		word = wordUnlink
	}
	c.PropagateAs(word, key)
	c.Changed(key, nil, config.NotifyGeneric, "del")
}

// condition is the options of EXPIRE and its kin.
type condition struct{ nx, xx, gt, lt bool }

func parseCondition(c *command.Context) (x condition, ok bool) {
	for _, word := range c.Args[3:] {
		switch {
		case command.Is(word, "NX"):
			x.nx = true
		case command.Is(word, "XX"):
			x.xx = true
		case command.Is(word, "GT"):
			x.gt = true
		case command.Is(word, "LT"):
			x.lt = true
		default:
			word, _, _ = bytes.Cut(word, []byte{0}) // printed as a C string
			c.Reply.Error("ERR Unsupported option " + strings.TrimRight(string(word), "\r\n"))
			return x, false
		}
	}
	switch {
	case x.nx && (x.xx || x.gt || x.lt):
		c.Reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible")
	case x.gt && x.lt:
		c.Reply.Error("ERR GT and LT options at the same time are not compatible")
	default:
		return x, true
	}
	return x, false
}

// by tells whether the condition lets the key expire at that time. A key that
// does not expire counts as living for ever.
func (x condition) by(e *keyspace.Entry, at int64) bool {
	expires := e.ExpireAt != 0
	return !(x.nx && expires ||
		x.xx && !expires ||
		x.gt && (!expires || at <= e.ExpireAt) ||
		x.lt && expires && at >= e.ExpireAt)
}

func runPersist(c *command.Context) {
	key := c.Args[1]
	e := c.LookupWrite(key)
	if e == nil || !c.DB.Persist(e) {
		c.Reply.Int(0)
		return
	}
	c.Changed(key, e, config.NotifyGeneric, "persist")
	c.Reply.Int(1)
}

func runTTL(c *command.Context) { replyExpiry(c, c.Now, 1000) }

func runPTTL(c *command.Context) { replyExpiry(c, c.Now, 1) }

func runExpireTime(c *command.Context) { replyExpiry(c, 0, 1000) }

func runPExpireTime(c *command.Context) { replyExpiry(c, 0, 1) }

// replyExpiry replies with the expiry of the key counted from base, rounded to
// the unit; -1 where there is none, -2 where there is no key.
func replyExpiry(c *command.Context, base, unit int64) {
	e := look(c, c.Args[1])
	switch {
	case e == nil:
		c.Reply.Int(-2)
	case e.ExpireAt == 0:
		c.Reply.Int(-1)
	case unit == 1:
		c.Reply.Int(max(e.ExpireAt-base, 0))
	default:
		c.Reply.Int(int64((uint64(max(e.ExpireAt-base, 0)) + 500) / uint64(unit)))
	}
}
