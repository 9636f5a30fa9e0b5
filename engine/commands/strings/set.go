package strings

import (
	"math"
	"slices"
	"strconv"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
	"everysec/engine/number"
	"everysec/engine/object"
)

// SET and the commands that are a SET with something decided: SETNX, SETEX,
// PSETEX, GETSET, MSET, MSETNX; and GETEX, which shares the words of expiry.

// expiry is how a time to live is given; the zero value: not at all.
type expiry struct {
	unit  expiryUnit
	value []byte
}

type expiryUnit uint8

const (
	never expiryUnit = iota
	seconds
	milliseconds
	atSeconds
	atMilliseconds
)

// at is the Unix time in milliseconds that an expiry means. ok is false when
// it means none: the error has been sent.
func (x expiry) at(c *command.Context) (at int64, ok bool) {
	at, ok = c.Int(x.value)
	if !ok {
		return 0, false
	}
	inSeconds := x.unit == seconds || x.unit == atSeconds
	ok = at > 0 && !(inSeconds && at > math.MaxInt64/1000)
	if ok {
		if inSeconds {
			at *= 1000
		}
		if x.unit == seconds || x.unit == milliseconds {
			at += c.Now
			ok = at > 0
		}
	}
	if !ok {
		c.Reply.Error(command.InvalidExpire(c.Spec.FullName()))
	}
	return at, ok
}

// options are the words behind the value of SET, or behind the key of GETEX.
type options struct {
	nx, xx, get, keepTTL, persist bool
	expiry                        expiry
	compare                       comparison
}

// parseOptions reads them. Words that exclude each other are a syntax error,
// but the same one may be repeated: the last counts. ok is false when the
// error has been sent.
func parseOptions(c *command.Context, words [][]byte, forSet bool) (o options, ok bool) {
	for i := 0; i < len(words); i++ {
		word := words[i]
		unit := expiryWord(word)
		switch {
		case unit != never && i+1 < len(words) && !o.keepTTL && !o.persist && (o.expiry.unit == never || o.expiry.unit == unit):
			i++
			o.expiry = expiry{unit, words[i]}
		case forSet && command.Is(word, "NX") && !o.xx && !o.compare.given:
			o.nx = true
		case forSet && command.Is(word, "XX") && !o.nx && !o.compare.given:
			o.xx = true
		case forSet && command.Is(word, "GET"):
			o.get = true
		case forSet && command.Is(word, "KEEPTTL") && o.expiry.unit == never:
			o.keepTTL = true
		case !forSet && command.Is(word, "PERSIST") && o.expiry.unit == never:
			o.persist = true
		case forSet && i+1 < len(words) && !o.nx && !o.xx && !o.compare.given && compareWord(word).given:
			o.compare = compareWord(word)
			i++
			o.compare.value = words[i]
		default:
			c.Reply.Error(command.ErrSyntax)
			return o, false
		}
	}
	return o, true
}

func expiryWord(word []byte) expiryUnit {
	switch {
	case command.Is(word, "EX"):
		return seconds
	case command.Is(word, "PX"):
		return milliseconds
	case command.Is(word, "EXAT"):
		return atSeconds
	case command.Is(word, "PXAT"):
		return atMilliseconds
	}
	return never
}

func runSet(c *command.Context) {
	o, ok := parseOptions(c, c.Args[3:], true)
	if !ok {
		return
	}
	if outcome := set(c, c.Args[2], &o); !o.get {
		switch outcome {
		case done:
			c.Reply.OK()
		case notMet:
			c.Reply.Null()
		}
	}
}

func runSetNX(c *command.Context) {
	switch set(c, c.Args[2], &options{nx: true}) {
	case done:
		c.Reply.Int(1)
	case notMet:
		c.Reply.Int(0)
	}
}

func runSetEx(c *command.Context) { setWithExpiry(c, seconds) }

func runPSetEx(c *command.Context) { setWithExpiry(c, milliseconds) }

func setWithExpiry(c *command.Context, unit expiryUnit) {
	if set(c, c.Args[3], &options{expiry: expiry{unit, c.Args[2]}}) == done {
		c.Reply.OK()
	}
}

type outcome uint8

const (
	done outcome = iota
	notMet
	failed // the error has been sent
)

// set is SET without its reply, but for the old value that GET asks for.
func set(c *command.Context, value []byte, o *options) outcome {
	key := c.Args[1]
	var at int64
	if o.expiry.unit != never {
		var ok bool
		if at, ok = o.expiry.at(c); !ok {
			return failed
		}
	}
	if o.get && !replyString(c, key) {
		return failed
	}
	if o.compare.given {
		switch holds, ok := o.compare.holds(c, key); {
		case !ok:
			return failed
		case !holds:
			return notMet
		}
	}
	e := c.LookupWrite(key)
	if o.nx && e != nil || o.xx && e == nil {
		return notMet
	}
	e = put(c, key, e, value, o.keepTTL)
	c.Changed(key, e, config.NotifyString, "set")
	switch {
	case at != 0:
		c.DB.ExpireKeyAt(key, at)
		c.Notify(config.NotifyGeneric, "expire", key)
		c.PropagateAs(wordSet, key, value, wordPXAT, strconv.AppendInt(nil, at, 10))
	case o.compare.given:
		if o.keepTTL {
			c.PropagateAs(wordSet, key, value, wordKeepTTL)
		} else {
			c.PropagateAs(wordSet, key, value)
		}
	case o.get: // whoever replays it needs no reply
		rest := slices.DeleteFunc(slices.Clone(c.Args[3:]), func(word []byte) bool { return command.Is(word, "GET") })
		c.PropagateAs(append(slices.Clone(c.Args[:3]), rest...)...)
	}
	return done
}

// The words of rewritten commands.
var (
	wordSet       = []byte("SET")
	wordPXAT      = []byte("PXAT")
	wordKeepTTL   = []byte("KEEPTTL")
	wordDel       = []byte("DEL")
	wordUnlink    = []byte("UNLINK")
	wordPExpireAt = []byte("PEXPIREAT")
	wordPersist   = []byte("PERSIST")
)

// put gives a key a new string. e is what LookupWrite found.
func put(c *command.Context, key []byte, e *keyspace.Entry, value []byte, keepTTL bool) *keyspace.Entry {
	if e == nil {
		return c.DB.Add(key, c.Objects().NewString(value))
	}
	if e.Value.Type == object.String {
		c.Objects().SetString(&e.Value, value)
	} else {
		c.DB.Replace(e, c.Objects().NewString(value))
	}
	if !keepTTL {
		c.DB.Persist(e)
	}
	return e
}

// setKeyFlags tells that SET reads the key only with GET.
func setKeyFlags(args [][]byte, _ int) []string {
	for _, word := range args[3:] {
		if command.Is(word, "GET") || compareWord(word).given {
			return []string{"RW", "access", "update"}
		}
	}
	return []string{"OW", "update"}
}

func runGetSet(c *command.Context) {
	key, value := c.Args[1], c.Args[2]
	if !replyString(c, key) {
		return
	}
	e := put(c, key, c.LookupWrite(key), value, false)
	c.Changed(key, e, config.NotifyString, "set")
	c.PropagateAs(wordSet, key, value)
}

func runMSet(c *command.Context) {
	if setPairs(c) {
		c.Reply.OK()
	}
}

func runMSetNX(c *command.Context) {
	if len(c.Args)%2 != 0 {
		for i := 1; i < len(c.Args); i += 2 {
			if c.LookupWrite(c.Args[i]) != nil {
				c.Reply.Int(0)
				return
			}
		}
	}
	if setPairs(c) {
		c.Reply.Int(1)
	}
}

// setPairs sets the pairs of MSET. It tells whether it did; else the error has
// been sent.
func setPairs(c *command.Context) bool {
	if len(c.Args)%2 == 0 {
		c.Reply.Error(command.WrongNumberOfArguments(c.Spec.FullName()))
		return false
	}
	for i := 1; i < len(c.Args); i += 2 {
		key := c.Args[i]
		e := put(c, key, c.LookupWrite(key), c.Args[i+1], false)
		c.Changed(key, e, config.NotifyString, "set")
	}
	return true
}

func runGetEx(c *command.Context) {
	o, ok := parseOptions(c, c.Args[2:], false)
	if !ok {
		return
	}
	key := c.Args[1]
	e, ok := c.ReadTyped(key, object.String)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Null()
		return
	}
	var at int64
	if o.expiry.unit != never {
		if at, ok = o.expiry.at(c); !ok {
			return
		}
	}
	c.Reply.Bulk(c.Objects().StringBytes(&e.Value))
	switch {
	case at != 0 && at <= c.Now && !c.Space.ExpireDisabled:
		deleteAs(c, key, c.Config.LazyFreeLazyExpire)
	case at != 0:
		e = c.LookupWrite(key)
		c.DB.ExpireKeyAt(key, at)
		c.PropagateAs(wordPExpireAt, key, strconv.AppendInt(nil, at, 10))
		c.Changed(key, e, config.NotifyGeneric, "expire")
	case o.persist && e.ExpireAt != 0:
		e = c.LookupWrite(key)
		c.DB.Persist(e)
		c.PropagateAs(wordPersist, key)
		c.Changed(key, e, config.NotifyGeneric, "persist")
	}
}

func runGetDel(c *command.Context) {
	key := c.Args[1]
	if replyString(c, key) && c.DB.Peek(key) != nil {
		deleteAs(c, key, c.Config.LazyFreeLazyUserDel)
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

// parseInteger reads a stored string as an integer, as INCR needs it.
func parseInteger(c *command.Context, v *object.Value) (n int64, ok bool) {
	if v.Encoding == object.Int {
		return v.Integer(), true
	}
	n, ok = number.ParseInt(c.Objects().StringBytes(v))
	if !ok {
		c.Reply.Error(command.ErrNotInteger)
	}
	return n, ok
}
