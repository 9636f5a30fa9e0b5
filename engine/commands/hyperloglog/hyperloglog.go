package hyperloglog

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/hyperloglog"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

const (
	errNone      = "ERR The specified key does not exist"
	errInvalid   = "WRONGTYPE Key is not a valid HyperLogLog string value."
	errCorrupted = "INVALIDOBJ Corrupted HLL object detected"
)

// view checks that an entry holds a HyperLogLog and returns its bytes, which
// alias the arena. ok is false when it holds none: the error has been sent.
func view(c *command.Context, e *keyspace.Entry) (h hyperloglog.HyperLogLog, ok bool) {
	if e.Value.Type != object.String {
		c.Reply.Error(command.ErrWrongType)
		return nil, false
	}
	b := c.Objects().StringBytes(&e.Value)
	if e.Value.Encoding == object.Int || !hyperloglog.Valid(b) {
		c.Reply.Error(errInvalid)
		return nil, false
	}
	return b, true
}

// edit is view for a change: an edit of a sparse one may make it longer, so it
// is made in a copy.
func edit(c *command.Context, e *keyspace.Entry) (h hyperloglog.HyperLogLog, ok bool) {
	h, ok = view(c, e)
	if !ok {
		return nil, false
	}
	e.Value.Encoding = object.Raw
	if !h.Dense() {
		h = append(make(hyperloglog.HyperLogLog, 0, len(h)+16), h...)
	}
	return h, true
}

// keep stores what edit gave away.
func keep(c *command.Context, e *keyspace.Entry, h hyperloglog.HyperLogLog) {
	b := c.Objects().StringBytes(&e.Value)
	if len(b) != len(h) {
		c.DB.Replace(e, c.Objects().NewRawString(h))
	} else if &b[0] != &h[0] {
		copy(b, h)
	}
}

// target finds the HyperLogLog to change, or makes one.
func target(c *command.Context, key []byte) (e *keyspace.Entry, created bool) {
	if e = c.LookupWrite(key); e != nil {
		return e, false
	}
	return c.DB.Add(key, c.Objects().NewRawString(hyperloglog.New())), true
}

func runPfadd(c *command.Context) {
	key := c.Args[1]
	e, created := target(c, key)
	h, ok := edit(c, e)
	if !ok {
		return
	}
	changes := int64(0)
	if created {
		changes++
	}
	for _, element := range c.Args[2:] {
		var changed bool
		if h, changed, ok = h.Add(element, c.Config.HLLSparseMaxBytes); !ok {
			keep(c, e, h)
			c.Reply.Error(errCorrupted)
			return
		}
		if changed {
			changes++
		}
	}
	if changes == 0 {
		c.Reply.Int(0)
		return
	}
	h.Invalidate()
	keep(c, e, h)
	changed(c, key, e, changes)
	c.Reply.Int(1)
}

func changed(c *command.Context, key []byte, e *keyspace.Entry, changes int64) {
	c.Changed(key, e, config.NotifyString, "pfadd")
	c.Changes += changes - 1
}

// runPfcount keeps the estimate for one key in the key: a read that changes,
// and is propagated.
func runPfcount(c *command.Context) {
	if len(c.Args) > 2 {
		countUnion(c)
		return
	}
	key := c.Args[1]
	e := c.LookupRead(key)
	if e == nil {
		c.Reply.Int(0)
		return
	}
	h, ok := view(c, e)
	if !ok {
		return
	}
	e.Value.Encoding = object.Raw
	n, ok := h.Cached()
	if !ok {
		if n, ok = h.Count(); !ok {
			c.Reply.Error(errCorrupted)
			return
		}
		e = c.LookupWrite(key)
		h, _ = view(c, e)
		h.Cache(n)
		c.DB.Modified(key, e)
		c.Changes++
	}
	c.Reply.Int(int64(n))
}

func countUnion(c *command.Context) {
	var union hyperloglog.Registers
	if _, ok := unite(c, &union, c.Args[1:]); ok {
		c.Reply.Int(int64(union.Count()))
	}
}

// unite merges keys and tells whether one of them is dense. ok is false when
// the error has been sent.
func unite(c *command.Context, union *hyperloglog.Registers, keys [][]byte) (dense, ok bool) {
	for _, key := range keys {
		e := c.LookupRead(key)
		if e == nil {
			continue
		}
		h, ok := view(c, e)
		if !ok {
			return false, false
		}
		dense = dense || h.Dense()
		if !union.Merge(h) {
			c.Reply.Error(errCorrupted)
			return false, false
		}
	}
	return dense, true
}

func runPfmerge(c *command.Context) {
	var union hyperloglog.Registers
	dense, ok := unite(c, &union, c.Args[1:])
	if !ok {
		return
	}
	key := c.Args[1]
	e, _ := target(c, key)
	h, ok := edit(c, e)
	if !ok {
		return
	}
	if dense {
		if h, ok = h.ToDense(); !ok {
			c.Reply.Error(errCorrupted)
			return
		}
	}
	h = union.Raise(h, c.Config.HLLSparseMaxBytes)
	h.Invalidate()
	keep(c, e, h)
	changed(c, key, e, 1)
	c.Reply.OK()
}

func runPfdebug(c *command.Context) {
	word, key := c.Args[1], c.Args[2]
	e := c.LookupWrite(key)
	if e == nil {
		c.Reply.Error(errNone)
		return
	}
	h, ok := edit(c, e)
	if !ok {
		return
	}
	sparse := !h.Dense()
	switch {
	case command.Is(word, "GETREG"):
		if makeDense(c, e, h) {
			values, _ := h.Values()
			c.Reply.Array(len(values))
			for _, value := range values {
				c.Reply.Int(int64(value))
			}
		}
	case command.Is(word, "DECODE"):
		if !sparse {
			c.Reply.Error("ERR HLL encoding is not sparse")
			return
		}
		c.Reply.Bulk(h.Opcodes())
	case command.Is(word, "ENCODING"):
		if sparse {
			c.Reply.SimpleString("sparse")
		} else {
			c.Reply.SimpleString("dense")
		}
	case command.Is(word, "TODENSE"):
		if makeDense(c, e, h) {
			n := int64(0)
			if sparse {
				n = 1
			}
			c.Reply.Int(n)
		}
	default:
		c.Reply.Error("ERR Unknown PFDEBUG subcommand '" + string(word) + "'")
	}
}

// makeDense converts what PFDEBUG looks at. It is false when that is
// corrupted: the error has been sent.
func makeDense(c *command.Context, e *keyspace.Entry, h hyperloglog.HyperLogLog) bool {
	if h.Dense() {
		return true
	}
	h, ok := h.ToDense()
	if !ok {
		c.Reply.Error(errCorrupted)
		return false
	}
	keep(c, e, h)
	c.DB.Modified(c.Args[2], e)
	c.Changes++
	return true
}

// runPfselftest counts into a sparse and a dense one alike: both must say the
// same, and what they say must be near the truth.
func runPfselftest(c *command.Context) {
	sparse := hyperloglog.New()
	dense, _ := sparse.ToDense()
	for i := int64(1); i <= 20000; i++ {
		element := c.Decimal(i)
		sparse, _, _ = sparse.Add(element, 1<<20)
		dense.Add(element, 0)
		if i&(i-1) != 0 && i != 20000 {
			continue
		}
		n, ok := sparse.Count()
		m, _ := dense.Count()
		if off := int64(n) - i; !ok || n != m || off*off > max(i*i/400, 9) {
			c.Reply.Error("TESTFAILED the estimate of " + string(c.Decimal(i)) + " elements is " +
				string(c.Decimal(int64(n))) + " sparse, " + string(c.Decimal(int64(m))) + " dense")
			return
		}
	}
	c.Reply.OK()
}
