package streams

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/stream"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

func runXdel(c *command.Context) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Stream)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Int(0)
		return
	}
	ids, ok := strictIDs(c, c.Args[2:])
	if !ok {
		return
	}
	s := c.Objects().Stream(&e.Value)
	deleted := int64(0)
	for _, id := range ids {
		if s.Delete(id) {
			deleted++
		}
	}
	saidDeleted(c, key, e, deleted)
	c.Reply.Int(deleted)
}

func saidDeleted(c *command.Context, key []byte, e *keyspace.Entry, deleted int64) {
	if deleted > 0 {
		c.Changed(key, e, config.NotifyStream, "xdel")
		c.Changes += deleted - 1
	}
}

// The replies of XDELEX and XACKDEL for one ID.
const (
	noSuchEntry = -1
	entryGone   = 1
	entryStays  = 2
)

// parseIDs reads [KEEPREF | DELREF | ACKED] IDS numids id ..., in any order.
func parseIDs(c *command.Context, from int) (ids []stream.ID, refs stream.References, ok bool) {
	given, found := false, false
	for i := from; i < len(c.Args); i++ {
		r, is := references(c.Args[i])
		switch more := int64(len(c.Args) - 2 - i); {
		case is && !given:
			refs, given = r, true
		case command.Is(c.Args[i], "IDS") && !found && more >= 0:
			n, ok := c.IntFrom(c.Args[i+1], 1, "ERR Number of IDs must be a positive integer")
			if !ok {
				return nil, refs, false
			}
			if n > more {
				c.Reply.Error("ERR The `numids` parameter must match the number of arguments")
				return nil, refs, false
			}
			if ids, ok = strictIDs(c, c.Args[i+2:i+2+int(n)]); !ok {
				return nil, refs, false
			}
			found = true
			i += 1 + int(n)
		default:
			c.Reply.Error(command.ErrSyntax)
			return nil, refs, false
		}
	}
	if !found {
		c.Reply.Error(command.ErrSyntax)
	}
	return ids, refs, found
}

// runXdelex deletes entries as XDEL does, but says what becomes of each, and of
// the places where groups hold it as pending.
func runXdelex(c *command.Context) {
	ids, refs, ok := parseIDs(c, 2)
	if !ok {
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Stream)
	if !ok {
		return
	}
	c.Reply.Array(len(ids))
	if e == nil {
		noneOf(c, ids)
		return
	}
	s := c.Objects().Stream(&e.Value)
	deleted := int64(0)
	for _, id := range ids {
		if refs == stream.Acked && s.Has(id) && (s.GroupCount() == 0 || s.Referenced(id)) {
			c.Reply.Int(entryStays)
			continue
		}
		if refs == stream.Remove && s.Forget(id) {
			c.DB.Altered(key, e)
			c.Changes++
		}
		if !s.Delete(id) {
			c.Reply.Int(noSuchEntry)
			continue
		}
		deleted++
		c.Reply.Int(entryGone)
	}
	saidDeleted(c, key, e, deleted)
}

func noneOf(c *command.Context, ids []stream.ID) {
	for range ids {
		c.Reply.Int(noSuchEntry)
	}
}

// runXackdel acknowledges entries in one group and deletes them.
func runXackdel(c *command.Context) {
	ids, refs, ok := parseIDs(c, 3)
	if !ok {
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Stream)
	if !ok {
		return
	}
	c.Reply.Array(len(ids))
	var s stream.Stream
	var g stream.Group
	if e != nil {
		s = c.Objects().Stream(&e.Value)
		g, ok = s.Group(c.Args[2])
	}
	if e == nil || !ok {
		noneOf(c, ids)
		return
	}
	deleted := int64(0)
	for _, id := range ids {
		if !g.Acknowledge(id) {
			c.Reply.Int(noSuchEntry)
			continue
		}
		c.DB.Altered(key, e)
		c.Changes++
		if refs == stream.Acked && s.Referenced(id) {
			c.Reply.Int(entryStays)
			continue
		}
		if refs == stream.Remove {
			s.Forget(id)
		}
		if s.Delete(id) {
			deleted++
		}
		c.Reply.Int(entryGone)
	}
	saidDeleted(c, key, e, deleted)
}
