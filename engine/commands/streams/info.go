package streams

import (
	"iter"
	"strings"

	"everysec/engine/command"
	"everysec/engine/ds/stream"
	"everysec/engine/object"
)

// streamOf finds the stream that XINFO is to tell of.
func streamOf(c *command.Context) (s stream.Stream, ok bool) {
	e := c.LookupRead(c.Args[2])
	switch {
	case e == nil:
		c.Reply.Error(command.ErrNoSuchKey)
	case e.Value.Type != object.Stream:
		c.Reply.Error(command.ErrWrongType)
	default:
		return c.Objects().Stream(&e.Value), true
	}
	return s, false
}

// field sends a field of a map whose value is a number.
func field(c *command.Context, name string, n int64) {
	c.Reply.BulkString(name)
	c.Reply.Int(n)
}

func idField(c *command.Context, name string, id stream.ID) {
	c.Reply.BulkString(name)
	replyID(c, id)
}

func nameField(c *command.Context, name []byte) {
	c.Reply.BulkString("name")
	c.Reply.Bulk(name)
}

// maybeField is field of a number that may not be known.
func maybeField(c *command.Context, name string, n int64, known bool) {
	c.Reply.BulkString(name)
	if known {
		c.Reply.Int(n)
	} else {
		c.Reply.Null()
	}
}

func runXinfoStream(c *command.Context) {
	s, ok := streamOf(c)
	if !ok {
		return
	}
	full, count := len(c.Args) > 3, int64(10)
	if full {
		if !command.Is(c.Args[3], "FULL") || len(c.Args) != 4 && (len(c.Args) != 6 || !command.Is(c.Args[4], "COUNT")) {
			c.ReplySubcommandError()
			return
		}
		if len(c.Args) == 6 {
			if count, ok = c.Int(c.Args[5]); !ok {
				return
			}
			if count < 0 {
				count = 10
			}
		}
		c.Reply.Map(9)
	} else {
		c.Reply.Map(10)
	}
	field(c, "length", int64(s.Length))
	field(c, "radix-tree-keys", int64(s.NodeCount()))
	field(c, "radix-tree-nodes", int64(s.TreeNodes()))
	idField(c, "last-generated-id", s.Last)
	idField(c, "max-deleted-entry-id", s.MaxDeleted)
	field(c, "entries-added", int64(s.Added))
	idField(c, "recorded-first-entry-id", s.First)
	if !full {
		field(c, "groups", int64(s.GroupCount()))
		for _, backwards := range []bool{false, true} {
			name := "first-entry"
			if backwards {
				name = "last-entry"
			}
			c.Reply.BulkString(name)
			if replyEntries(c, s, stream.ID{}, stream.MaxID, 1, backwards) == 0 {
				c.Reply.Null()
			}
		}
		return
	}
	c.Reply.BulkString("entries")
	replyArray(c, func() int { return replyEntries(c, s, stream.ID{}, stream.MaxID, count, false) })
	c.Reply.BulkString("groups")
	c.Reply.Array(s.GroupCount())
	for g := range s.Groups() {
		c.Reply.Map(7)
		nameField(c, g.Name())
		replyProgress(c, g)
		field(c, "pel-count", int64(g.PendingCount()))
		replyPending(c, g.Pending, count, true)
		c.Reply.BulkString("consumers")
		c.Reply.Array(g.ConsumerCount())
		for consumer := range g.Consumers() {
			c.Reply.Map(4)
			nameField(c, consumer.Name())
			field(c, "seen-time", consumer.Seen)
			field(c, "pel-count", int64(consumer.PendingCount()))
			replyPending(c, consumer.Pending, count, false)
		}
	}
}

// replyProgress sends how far a group has read.
func replyProgress(c *command.Context, g stream.Group) {
	idField(c, "last-delivered-id", g.Last)
	maybeField(c, "entries-read", g.Read, g.Read != stream.UnknownRead)
	lag, known := g.Lag()
	maybeField(c, "lag", lag, known)
}

// replyPending sends the first count (0: all) of what is pending.
func replyPending(c *command.Context, pending func(from, to stream.ID) iter.Seq[stream.Pending], count int64, named bool) {
	c.Reply.BulkString("pending")
	replyArray(c, func() (n int) {
		for p := range pending(stream.ID{}, stream.MaxID) {
			if count != 0 && int64(n) >= count {
				break
			}
			n++
			if named {
				c.Reply.Array(4)
			} else {
				c.Reply.Array(3)
			}
			replyID(c, p.ID)
			if named {
				c.Reply.Bulk(p.Consumer().Name())
			}
			c.Reply.Int(p.Time)
			c.Reply.Int(int64(p.Count))
		}
		return n
	})
}

func runXinfoGroups(c *command.Context) {
	s, ok := streamOf(c)
	if !ok {
		return
	}
	c.Reply.Array(s.GroupCount())
	for g := range s.Groups() {
		c.Reply.Map(6)
		nameField(c, g.Name())
		field(c, "consumers", int64(g.ConsumerCount()))
		field(c, "pending", int64(g.PendingCount()))
		replyProgress(c, g)
	}
}

func runXinfoConsumers(c *command.Context) {
	s, ok := streamOf(c)
	if !ok {
		return
	}
	g, found := s.Group(c.Args[3])
	if !found {
		c.Reply.Error(noGroup("consumer group '%' for key name '%'", c.Args[3], c.Args[2]))
		return
	}
	c.Reply.Array(g.ConsumerCount())
	for consumer := range g.Consumers() {
		c.Reply.Map(3)
		nameField(c, consumer.Name())
		field(c, "pending", int64(consumer.PendingCount()))
		field(c, "idle", max(c.Now-consumer.Seen, 0))
	}
}

func runXinfoHelp(c *command.Context) {
	c.ReplyHelp(strings.Split(`CONSUMERS <key> <groupname>
    Tell of the consumers of a group.
GROUPS <key>
    Tell of the groups of a stream.
STREAM <key> [FULL [COUNT <count>]
    Tell of a stream, with FULL also of its first entries, its groups, their
    consumers and what is pending.`, "\n")...)
}
