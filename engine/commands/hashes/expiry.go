package hashes

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
	"everysec/engine/number"
	"everysec/engine/object"
)

// Fields that expire: HEXPIRE and its kin of Redis 7.4, HGETEX, HSETEX and
// HGETDEL of 8.0. What they do is propagated as moments and deletions
// (HPEXPIREAT, HDEL), so that it can be replayed at any time.

// maxExpiry is the latest moment that a field may be given, in Unix
// milliseconds.
const maxExpiry = (1<<48 - 2) >> 2

const (
	errFieldsMissing = "ERR Mandatory argument FIELDS is missing or not at the right position"
	errFieldCount    = "ERR Number of fields must be a positive integer"
	errNumFields     = "ERR Parameter `numFields` should be greater than 0"
	errFieldsDiffer  = "ERR The `numfields` parameter must match the number of arguments"
	errNegative      = "ERR invalid expire time, must be >= 0"
)

// What HEXPIRE and its kin reply for a field.
const (
	noField      = -2
	noExpiry     = -1
	conditionNot = 0
	set          = 1
	deleted      = 2
)

// The words of rewritten commands.
var (
	wordHPExpireAt = []byte("HPEXPIREAT")
	wordHPersist   = []byte("HPERSIST")
	wordHDel       = []byte("HDEL")
	wordHSet       = []byte("HSET")
	wordHSetEx     = []byte("HSETEX")
	wordFields     = []byte("FIELDS")
	wordKeepTTL    = []byte("KEEPTTL")
)

// propagateFields sends a command with words and then FIELDS and the fields.
func propagateFields(c *command.Context, fields [][]byte, words ...[]byte) {
	words = append(words, wordFields, c.Decimal(int64(len(fields))))
	c.PropagateAs(append(words, fields...)...)
}

// parseFields reads FIELDS, a number and so many fields, or with each of them
// a value: the rest of the line. ok is false when the error has been sent.
func parseFields(c *command.Context, words [][]byte, each int64, problem string) (fields [][]byte, ok bool) {
	if len(words) < 2 || !command.Is(words[0], "FIELDS") {
		c.Reply.Error(errFieldsMissing)
		return nil, false
	}
	n, ok := c.IntFrom(words[1], 1, problem)
	if !ok {
		return nil, false
	}
	if fields = words[2:]; int64(len(fields))%each != 0 || n != int64(len(fields))/each {
		c.Reply.Error(errFieldsDiffer)
		return nil, false
	}
	return fields, true
}

// moment makes a time to live, or a moment, in units of so many milliseconds
// from base on, a moment. ok is false when the error has been sent.
func moment(c *command.Context, word []byte, base, unit int64) (at int64, ok bool) {
	at, ok = c.Int(word)
	switch {
	case !ok:
		return 0, false
	case at < 0:
		c.Reply.Error(errNegative)
		return 0, false
	case at > maxExpiry/unit || at*unit > maxExpiry-base:
		c.Reply.Error(command.InvalidExpire(c.Spec.FullName()))
		return 0, false
	}
	return at*unit + base, true
}

// change is what a command has done to fields so far.
type change struct {
	key              []byte
	entry            *keyspace.Entry
	expired, removed [][]byte // given a time to go; deleted
	persisted        [][]byte
}

// expireField gives a field a moment, or deletes it if that has passed.
func (x *change) expireField(c *command.Context, h object.HashView, field []byte, at int64) int64 {
	if at <= c.Now && !c.Space.ExpireDisabled {
		h.Delete(field)
		x.removed = append(x.removed, field)
		return deleted
	}
	h.SetExpiry(field, at)
	x.expired = append(x.expired, field)
	return set
}

// finish tells of the changes and propagates them; fields given a time all got
// the same.
func (x *change) finish(c *command.Context, at int64) {
	n := len(x.expired) + len(x.removed) + len(x.persisted)
	if n == 0 {
		return
	}
	c.DB.TrackFields(x.key)
	c.DB.Modified(x.key, x.entry)
	c.Changes += int64(n)
	if len(x.expired) > 0 {
		propagateFields(c, x.expired, wordHPExpireAt, x.key, c.Decimal(at))
		c.Notify(config.NotifyHash, "hexpire", x.key)
	}
	if len(x.persisted) > 0 {
		propagateFields(c, x.persisted, wordHPersist, x.key)
		c.Notify(config.NotifyHash, "hpersist", x.key)
	}
	if len(x.removed) > 0 {
		c.PropagateAs(append([][]byte{wordHDel, x.key}, x.removed...)...)
		c.Notify(config.NotifyHash, "hdel", x.key)
		c.DeleteEmpty(x.key, x.entry)
	}
}

func runHexpire(c *command.Context)    { expireFields(c, c.Now, 1000) }
func runHpexpire(c *command.Context)   { expireFields(c, c.Now, 1) }
func runHexpireat(c *command.Context)  { expireFields(c, 0, 1000) }
func runHpexpireat(c *command.Context) { expireFields(c, 0, 1) }

func expireFields(c *command.Context, base, unit int64) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Hash)
	if !ok {
		return
	}
	at, ok := moment(c, c.Args[2], base, unit)
	if !ok {
		return
	}
	words := c.Args[3:]
	refused := func(old int64) bool { return false }
	switch word := words[0]; {
	case command.Is(word, "NX"):
		refused = func(old int64) bool { return old != 0 }
	case command.Is(word, "XX"):
		refused = func(old int64) bool { return old == 0 }
	case command.Is(word, "GT"): // no time at all is the latest
		refused = func(old int64) bool { return old == 0 || old >= at }
	case command.Is(word, "LT"):
		refused = func(old int64) bool { return old != 0 && old <= at }
	default:
		words = c.Args[2:]
	}
	fields, ok := parseFields(c, words[1:], 1, errNumFields)
	if !ok {
		return
	}
	x := change{key: key, entry: e}
	c.Reply.Array(len(fields))
	for _, field := range fields {
		if e == nil {
			c.Reply.Int(noField)
			continue
		}
		switch h := c.Objects().Hash(&e.Value); {
		case !h.Has(field):
			c.Reply.Int(noField)
		case refused(h.Expiry(field)):
			c.Reply.Int(conditionNot)
		default:
			c.Reply.Int(x.expireField(c, h, field, at))
		}
	}
	x.finish(c, at)
}

func runHttl(c *command.Context)        { fieldTimes(c, c.Now, 1000) }
func runHpttl(c *command.Context)       { fieldTimes(c, c.Now, 1) }
func runHexpiretime(c *command.Context) { fieldTimes(c, 0, 1000) }
func runHpexpiretime(c *command.Context) {
	fieldTimes(c, 0, 1)
}

// fieldTimes replies when fields expire, in units from base on, rounded up.
func fieldTimes(c *command.Context, base, unit int64) {
	e, ok := c.ReadTyped(c.Args[1], object.Hash)
	if !ok {
		return
	}
	fields, ok := parseFields(c, c.Args[2:], 1, errFieldCount)
	if !ok {
		return
	}
	c.Reply.Array(len(fields))
	for _, field := range fields {
		n := int64(noField)
		if e != nil {
			if h := c.Objects().Hash(&e.Value); h.Has(field) {
				n = noExpiry
				if at := h.Expiry(field); at != 0 {
					n = (at - base + unit - 1) / unit
				}
			}
		}
		c.Reply.Int(n)
	}
}

func runHpersist(c *command.Context) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Hash)
	if !ok {
		return
	}
	fields, ok := parseFields(c, c.Args[2:], 1, errFieldCount)
	if !ok {
		return
	}
	x := change{key: key, entry: e}
	c.Reply.Array(len(fields))
	for _, field := range fields {
		n := int64(noField)
		if e != nil {
			if h := c.Objects().Hash(&e.Value); h.Has(field) {
				n = noExpiry
				if h.Persist(field) {
					n = set
					x.persisted = append(x.persisted, field)
				}
			}
		}
		c.Reply.Int(n)
	}
	x.finish(c, 0)
}

func runHgetdel(c *command.Context) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Hash)
	if !ok {
		return
	}
	fields, ok := parseFields(c, c.Args[2:], 1, errFieldCount)
	if !ok {
		return
	}
	x := change{key: key, entry: e}
	replyFields(c, e, fields, func(h object.HashView, field []byte) {
		h.Delete(field)
		x.removed = append(x.removed, field)
	})
	x.finish(c, 0)
}

// replyFields replies with the values of fields and then does something to
// each that is there.
func replyFields(c *command.Context, e *keyspace.Entry, fields [][]byte, do func(h object.HashView, field []byte)) {
	c.Reply.Array(len(fields))
	for _, field := range fields {
		if e == nil {
			c.Reply.Null()
			continue
		}
		h := c.Objects().Hash(&e.Value)
		value, ok := h.Get(field)
		if !ok {
			c.Reply.Null()
			continue
		}
		c.Reply.Bulk(value)
		do(h, field)
	}
}

// fieldOptions are the words in front of FIELDS in HGETEX and HSETEX.
type fieldOptions struct {
	timed         bool
	at            int64
	persist, keep bool
	onlyNew       bool
	onlyExisting  bool
	fields        [][]byte
}

// parseFieldOptions reads them, and the fields. ok is false when the error has
// been sent.
func parseFieldOptions(c *command.Context, forSet bool) (o fieldOptions, ok bool) {
	last, each, problem := "PERSIST", int64(1), errFieldCount
	if forSet {
		last, each = "KEEPTTL", 2
	}
	fail := func(problem string) (fieldOptions, bool) {
		c.Reply.Error(problem)
		return o, false
	}
	for words := c.Args[2:]; len(words) > 0; words = words[1:] {
		word := words[0]
		base, unit := c.Now, int64(1)
		switch {
		case command.Is(word, "FIELDS"):
			o.fields, ok = parseFields(c, words, each, problem)
			return o, ok
		case forSet && (command.Is(word, "FNX") || command.Is(word, "FXX")):
			if o.onlyNew || o.onlyExisting {
				return fail("ERR Only one of FXX or FNX arguments can be specified")
			}
			o.onlyNew = command.Is(word, "FNX")
			o.onlyExisting = !o.onlyNew
			continue
		case command.Is(word, last):
			if o.timed || o.keep || o.persist {
				return fail("ERR Only one of EX, PX, EXAT, PXAT or " + last + " arguments can be specified")
			}
			o.keep, o.persist = forSet, !forSet
			continue
		case command.Is(word, "EX"):
			unit = 1000
		case command.Is(word, "PX"):
		case command.Is(word, "EXAT"):
			base, unit = 0, 1000
		case command.Is(word, "PXAT"):
			base = 0
		default:
			return fail("ERR unknown argument: " + string(word))
		}
		if o.timed || o.keep || o.persist {
			return fail("ERR Only one of EX, PX, EXAT, PXAT or " + last + " arguments can be specified")
		}
		if len(words) < 2 {
			return fail("ERR missing expire time")
		}
		words = words[1:]
		if n, isInt := number.ParseInt(words[0]); isInt && n == 0 {
			return fail(command.InvalidExpire(c.Spec.FullName()))
		}
		if o.at, ok = moment(c, words[0], base, unit); !ok {
			return o, false
		}
		o.timed = true
	}
	return fail("ERR missing FIELDS argument")
}

func runHgetex(c *command.Context) {
	o, ok := parseFieldOptions(c, false)
	if !ok {
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Hash)
	if !ok {
		return
	}
	x := change{key: key, entry: e}
	replyFields(c, e, o.fields, func(h object.HashView, field []byte) {
		switch {
		case o.timed:
			x.expireField(c, h, field, o.at)
		case o.persist && h.Persist(field):
			x.persisted = append(x.persisted, field)
		}
	})
	x.finish(c, o.at)
}

// runHsetex sets all of its fields or none.
func runHsetex(c *command.Context) {
	o, ok := parseFieldOptions(c, true)
	if !ok {
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Hash)
	if !ok {
		return
	}
	for i := 0; (o.onlyNew || o.onlyExisting) && i < len(o.fields); i += 2 {
		if has := e != nil && c.Objects().Hash(&e.Value).Has(o.fields[i]); has == o.onlyNew {
			c.Reply.Int(0)
			return
		}
	}
	c.Reply.Int(1)
	if e == nil {
		if o.timed && o.at <= c.Now && !c.Space.ExpireDisabled {
			return // they would be gone at once, and the key with them
		}
		e = c.DB.Add(key, c.Objects().NewHash())
	}
	h := c.Objects().Hash(&e.Value)
	convertForLongest(c, h, o.fields)
	var names [][]byte
	for i := 0; i < len(o.fields); i += 2 {
		if o.keep {
			h.SetKeeping(o.fields[i], o.fields[i+1])
		} else {
			h.Set(o.fields[i], o.fields[i+1])
		}
		names = append(names, o.fields[i])
	}
	c.Changed(key, e, config.NotifyHash, "hset")
	c.Changes += int64(len(names)) - 1
	switch {
	case o.keep:
		words := [][]byte{wordHSetEx, key, wordKeepTTL, wordFields, c.Decimal(int64(len(names)))}
		c.PropagateAs(append(words, o.fields...)...)
	case !o.timed || o.at > c.Now || c.Space.ExpireDisabled:
		c.PropagateAs(append([][]byte{wordHSet, key}, o.fields...)...)
	}
	if !o.timed {
		return
	}
	x := change{key: key, entry: e}
	for _, field := range names {
		if h.Has(field) { // not one named twice that is gone already
			x.expireField(c, h, field, o.at)
		}
	}
	x.finish(c, o.at)
}
