package keys

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/arena"
	"everysec/engine/glob"
	"everysec/engine/keyspace"
)

// Deleting, counting, listing.

// look finds a key as those commands do that only ask about it: an expired key
// goes, hits and misses count, but the key does not count as used.
func look(c *command.Context, key []byte) *keyspace.Entry {
	e := c.DB.Lookup(key, true)
	if e == nil {
		c.Notify(config.NotifyKeyMiss, "keymiss", key)
	}
	return e
}

func runDel(c *command.Context) { deleteKeys(c, c.Config.LazyFreeLazyUserDel) }

func runUnlink(c *command.Context) { deleteKeys(c, true) }

func deleteKeys(c *command.Context, lazy bool) {
	deleted := 0
	for _, key := range c.Args[1:] {
		if c.DB.Delete(key, lazy) {
			c.Changed(key, nil, config.NotifyGeneric, "del")
			deleted++
		}
	}
	c.Reply.Int(int64(deleted))
}

func runExists(c *command.Context) {
	n := 0
	for _, key := range c.Args[1:] {
		if look(c, key) != nil {
			n++
		}
	}
	c.Reply.Int(int64(n))
}

func runTouch(c *command.Context) {
	n := 0
	for _, key := range c.Args[1:] {
		if c.DB.Lookup(key, false) != nil { // even for a client that says NO-TOUCH
			n++
		} else {
			c.Notify(config.NotifyKeyMiss, "keymiss", key)
		}
	}
	c.Reply.Int(int64(n))
}

func runType(c *command.Context) {
	if e := look(c, c.Args[1]); e != nil {
		c.Reply.SimpleString(e.Value.Type.String())
	} else {
		c.Reply.SimpleString("none")
	}
}

func runRandomKey(c *command.Context) {
	if key := c.DB.RandomKey(); key != nil {
		c.Reply.Bulk(key)
	} else {
		c.Reply.Null()
	}
}

// runKeys skips expired keys and leaves them where they are.
func runKeys(c *command.Context) {
	pattern := c.Args[1]
	all := string(pattern) == "*"
	mark, n := c.Reply.Defer(), 0
	for node := range c.DB.Keys.All() {
		key := c.DB.KeyOf(node)
		if (all || glob.Match(pattern, key, false)) && !c.Space.Expired(c.DB.EntryOf(node)) {
			c.Reply.Bulk(key)
			n++
		}
	}
	c.Reply.SetDeferredArray(mark, n)
}

func runScan(c *command.Context) {
	cursor, ok := c.ParseScanCursor(c.Args[1])
	if !ok {
		return
	}
	s, ok := c.BeginScan(c.Args[2:], true)
	if !ok {
		return
	}
	var expired [][]byte // a bucket must not lose keys while it is walked
	visit := func(node arena.Ref) {
		s.Visited(1)
		key, e := c.DB.KeyOf(node), c.DB.EntryOf(node)
		switch {
		case !s.Matches(key):
		case c.Space.Expired(e):
			expired = append(expired, append([]byte(nil), key...))
		case s.Type == nil:
			s.Put(key)
		default: // Redis looks the key up
			c.Space.Hits++
			if isType(s.Type, e) {
				s.Put(key)
			}
		}
	}
	cursor = s.Walk(cursor, func(cursor uint64) uint64 { return c.DB.Keys.Scan(cursor, visit) })
	s.End(cursor)
	for _, key := range expired {
		c.LookupWrite(key)
	}
}

// isType compares the word after TYPE with the type of a key, ignoring case.
func isType(word []byte, e *keyspace.Entry) bool {
	name := e.Value.Type.String()
	if len(word) != len(name) {
		return false
	}
	for i, b := range word {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != name[i] {
			return false
		}
	}
	return true
}
