package keys

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
	"everysec/engine/rdb"
)

// What carries a value to another name, another database or another server.

var wordAbsTTL = []byte("ABSTTL")

func runRename(c *command.Context) {
	if rename(c, false) {
		c.Reply.OK()
	}
}

func runRenameNX(c *command.Context) {
	if rename(c, true) {
		c.Reply.Int(1)
	}
}

// rename tells whether the key got its new name; else it has replied.
func rename(c *command.Context, onlyIfFree bool) bool {
	key, to := c.Args[1], c.Args[2]
	if c.LookupWrite(key) == nil {
		c.Reply.Error(command.ErrNoSuchKey)
		return false
	}
	if bytes.Equal(key, to) {
		if onlyIfFree {
			c.Reply.Int(0)
		}
		return !onlyIfFree
	}
	if c.LookupWrite(to) != nil {
		if onlyIfFree {
			c.Reply.Int(0)
			return false
		}
		c.DB.Delete(to, c.Config.LazyFreeLazyServerDel)
	}
	e := c.DB.Rename(key, to)
	c.DB.Modified(key, nil)
	c.DB.Modified(to, e)
	c.Notify(config.NotifyGeneric, "rename_from", key)
	c.Notify(config.NotifyGeneric, "rename_to", to)
	c.Changes++
	return true
}

// parseDB reads the number of a database. ok is false when there is none of
// that number: the error has been sent.
func parseDB(c *command.Context, word []byte) (db *keyspace.DB, ok bool) {
	n, ok := c.Int(word)
	if !ok {
		return nil, false
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		c.Reply.Error("ERR value is out of range, value must between -2147483648 and 2147483647")
		return nil, false
	}
	if n < 0 || n >= int64(len(c.Space.DBs)) {
		c.Reply.Error(command.ErrDBIndexOutOfRange)
		return nil, false
	}
	return c.Space.DBs[n], true
}

// changedIn is Context.Changed for a key of any database.
func changedIn(c *command.Context, db *keyspace.DB, key []byte, e *keyspace.Entry, event string) {
	db.Modified(key, e)
	if c.Config.Notify&config.NotifyGeneric != 0 {
		c.Server.NotifyKeyspace(db.ID, config.NotifyGeneric, event, key)
	}
}

func runMove(c *command.Context) {
	key := c.Args[1]
	to, ok := parseDB(c, c.Args[2])
	if !ok {
		return
	}
	if to == c.DB {
		c.Reply.Error(command.ErrSameObject)
		return
	}
	if c.LookupWrite(key) == nil || to.LookupWrite(key) != nil {
		c.Reply.Int(0)
		return
	}
	e := c.DB.Move(key, to)
	changedIn(c, c.DB, key, nil, "move_from")
	changedIn(c, to, key, e, "move_to")
	c.Changes++
	c.Reply.Int(1)
}

func runCopy(c *command.Context) {
	key, name := c.Args[1], c.Args[2]
	to, replace := c.DB, false
	for i := 3; i < len(c.Args); i++ {
		switch word := c.Args[i]; {
		case command.Is(word, "REPLACE"):
			replace = true
		case command.Is(word, "DB") && i+1 < len(c.Args):
			i++
			var ok bool
			if to, ok = parseDB(c, c.Args[i]); !ok {
				return
			}
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	if to == c.DB && bytes.Equal(key, name) {
		c.Reply.Error(command.ErrSameObject)
		return
	}
	e := c.LookupRead(key)
	if e == nil {
		c.Reply.Int(0)
		return
	}
	if to.LookupWrite(name) != nil {
		if !replace {
			c.Reply.Int(0)
			return
		}
		to.Delete(name, c.Config.LazyFreeLazyServerDel)
		e = c.DB.Peek(key)
	}
	at := e.ExpireAt
	copied := to.Add(name, c.Objects().Copy(&e.Value))
	if at != 0 {
		to.ExpireKeyAt(name, at)
	}
	changedIn(c, to, name, copied, "copy_to")
	c.Changes++
	c.Reply.Int(1)
}

func runDump(c *command.Context) {
	e := c.LookupRead(c.Args[1])
	if e == nil {
		c.Reply.Null()
		return
	}
	c.Reply.Bulk(rdb.Dump(nil, c.Objects(), &e.Value))
}

// restoreOptions are the words behind the payload of RESTORE.
type restoreOptions struct {
	replace, absTTL bool
	idle, frequency int64 // -1: not given; they exclude each other
}

func parseRestoreOptions(c *command.Context) (o restoreOptions, ok bool) {
	o.idle, o.frequency = -1, -1
	for i := 4; i < len(c.Args); i++ {
		word, more := c.Args[i], i+1 < len(c.Args)
		switch {
		case command.Is(word, "REPLACE"):
			o.replace = true
		case command.Is(word, "ABSTTL"):
			o.absTTL = true
		case command.Is(word, "IDLETIME") && more && o.frequency < 0:
			i++
			if o.idle, ok = c.Int(c.Args[i]); !ok {
				return o, false
			}
			if o.idle < 0 {
				c.Reply.Error("ERR Invalid IDLETIME value, must be >= 0")
				return o, false
			}
		case command.Is(word, "FREQ") && more && o.idle < 0:
			i++
			if o.frequency, ok = c.Int(c.Args[i]); !ok {
				return o, false
			}
			if o.frequency < 0 || o.frequency > 255 {
				c.Reply.Error("ERR Invalid FREQ value, must be >= 0 and <= 255")
				return o, false
			}
		default:
			c.Reply.Error(command.ErrSyntax)
			return o, false
		}
	}
	return o, true
}

func runRestore(c *command.Context) {
	o, ok := parseRestoreOptions(c)
	if !ok {
		return
	}
	key := c.Args[1]
	if !o.replace && c.LookupWrite(key) != nil {
		c.Reply.Error(command.ErrBusyKey)
		return
	}
	at, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if at < 0 {
		c.Reply.Error("ERR Invalid TTL value, must be >= 0")
		return
	}
	v, err := rdb.Restore(c.Objects(), c.Args[3])
	if err != nil {
		c.Reply.Error("ERR " + err.Error())
		return
	}
	replaced := o.replace && c.DB.Delete(key, c.Config.LazyFreeLazyServerDel)
	if at != 0 && !o.absTTL {
		at += c.Now // may overflow: then it has passed
	}
	c.Reply.OK()
	if at != 0 && at <= c.Now && !c.Space.ExpireDisabled {
		c.Objects().Free(&v)
		if replaced {
			word := wordDel
			if c.Config.LazyFreeLazyServerDel {
				word = wordUnlink
			}
			c.PropagateAs(word, key)
			c.Changed(key, nil, config.NotifyGeneric, "del")
		}
		return
	}
	e := c.DB.Add(key, v)
	if at != 0 {
		c.DB.ExpireKeyAt(key, at)
		if !o.absTTL {
			words := append(slices.Clone(c.Args), wordAbsTTL)
			words[2] = strconv.AppendInt(nil, at, 10)
			c.PropagateAs(words...)
		}
	}
	c.Space.SetUse(e, o.idle, o.frequency)
	c.Changed(key, e, config.NotifyGeneric, "restore")
}
