package streams

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/stream"
	"everysec/engine/keyspace"
	"everysec/engine/object"
	"everysec/engine/resp"
)

func replyID(c *command.Context, id stream.ID) {
	var scratch [44]byte
	c.Reply.Bulk(id.Append(scratch[:0]))
}

// replyEntry sends an entry: its ID, and its fields with their values.
func replyEntry(c *command.Context, it *stream.Iterator) {
	c.Reply.Array(2)
	replyID(c, it.ID)
	c.Reply.Array(2 * it.Fields)
	for it.Fields > 0 {
		field, value := it.Field()
		c.Reply.Bulk(field)
		c.Reply.Bulk(value)
	}
}

// replyEntries sends up to count entries (0: all), without the array around
// them, and returns how many.
func replyEntries(c *command.Context, s stream.Stream, start, end stream.ID, count int64, backwards bool) (n int) {
	var it stream.Iterator
	it.Start(s, start, end, backwards)
	for (count == 0 || int64(n) < count) && it.Next() {
		replyEntry(c, &it)
		n++
	}
	return n
}

func replyArray(c *command.Context, fill func() int) {
	mark := c.Reply.Defer()
	c.Reply.SetDeferredArray(mark, fill())
}

func runXrange(c *command.Context)    { rangeOf(c, c.Args[2], c.Args[3], false) }
func runXrevrange(c *command.Context) { rangeOf(c, c.Args[3], c.Args[2], true) }

func rangeOf(c *command.Context, from, to []byte, backwards bool) {
	start, ok := rangeStart(c, from)
	if !ok {
		return
	}
	end, ok := rangeEnd(c, to)
	if !ok {
		return
	}
	count := int64(-1)
	for i := 4; i < len(c.Args); i += 2 {
		if !command.Is(c.Args[i], "COUNT") || i+1 == len(c.Args) {
			c.Reply.Error(command.ErrSyntax)
			return
		}
		if count, ok = c.Int(c.Args[i+1]); !ok {
			return
		}
		count = max(count, 0)
	}
	e, ok := c.ReadTyped(c.Args[1], object.Stream)
	switch {
	case !ok:
	case e == nil:
		c.Reply.Array(0)
	case count == 0:
		c.Reply.NullArray()
	default:
		replyArray(c, func() int {
			return replyEntries(c, c.Objects().Stream(&e.Value), start, end, max(count, 0), backwards)
		})
	}
}

// reading is XREAD or XREADGROUP.
type reading struct {
	grouped, given  bool // given: there was GROUP
	group, consumer []byte
	noAck           bool
	count           int64 // 0: all
	blocks          bool
	deadline        int64
	keys, words     [][]byte
	ids             []stream.ID // what was read last; MaxID for ">"
}

func runXread(c *command.Context)      { read(c, &reading{}) }
func runXreadgroup(c *command.Context) { read(c, &reading{grouped: true}) }

const (
	errGroupOption = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."
	errNoAckOption = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."
	errNewestID    = "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of " +
		"this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
	errNewID = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
)

func (r *reading) parse(c *command.Context) (ok bool) {
	for i := 1; i < len(c.Args) && r.keys == nil; i++ {
		word, more := c.Args[i], len(c.Args)-1-i
		switch {
		case command.Is(word, "BLOCK") && more > 0:
			if c.InScript {
				c.Reply.Error("ERR " + string(text(c.Args[0])) + " command is not allowed with BLOCK option from scripts")
				return false
			}
			i++
			if r.deadline, ok = c.TimeoutMilliseconds(c.Args[i]); !ok {
				return false
			}
			r.blocks = true
		case command.Is(word, "COUNT") && more > 0:
			i++
			if r.count, ok = c.Int(c.Args[i]); !ok {
				return false
			}
			r.count = max(r.count, 0)
		case command.Is(word, "STREAMS") && more > 0:
			if more%2 != 0 {
				c.Reply.Error("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
				return false
			}
			r.keys, r.words = c.Args[i+1:i+1+more/2], c.Args[i+1+more/2:]
		case command.Is(word, "GROUP") && more >= 2:
			if !r.grouped {
				c.Reply.Error(errGroupOption)
				return false
			}
			r.group, r.consumer, r.given = c.Args[i+1], c.Args[i+2], true
			i += 2
		case command.Is(word, "NOACK"):
			if !r.grouped {
				c.Reply.Error(errNoAckOption)
				return false
			}
			r.noAck = true
		default:
			c.Reply.Error(command.ErrSyntax)
			return false
		}
	}
	if r.keys == nil {
		c.Reply.Error(command.ErrSyntax)
		return false
	}
	if r.grouped && !r.given {
		c.Reply.Error("ERR Missing GROUP option for XREADGROUP")
		return false
	}
	return true
}

// resolve reads the IDs and sees to it that the groups are there.
func (r *reading) resolve(c *command.Context) (ok bool) {
	r.ids = make([]stream.ID, len(r.keys))
	for i, key := range r.keys {
		e, ok := c.ReadTyped(key, object.Stream)
		if !ok {
			return false
		}
		if r.grouped {
			found := false
			if e != nil {
				_, found = c.Objects().Stream(&e.Value).Group(r.group)
			}
			if !found {
				c.Reply.Error(noGroup("key '%' or consumer group '%' in XREADGROUP with GROUP option", key, r.group))
				return false
			}
		}
		switch string(text(r.words[i])) {
		case "$":
			if r.grouped {
				c.Reply.Error(errNewestID)
				return false
			}
			if e != nil {
				r.ids[i] = c.Objects().Stream(&e.Value).Last
			}
		case ">":
			if !r.grouped {
				c.Reply.Error(errNewID)
				return false
			}
			r.ids[i] = stream.MaxID
		default:
			if r.ids[i], ok = strictID(c, r.words[i]); !ok {
				return false
			}
		}
	}
	return true
}

func read(c *command.Context, r *reading) {
	// What it did is propagated piece by piece.
	c.PropagateNothing()
	if !r.parse(c) || !r.resolve(c) {
		return
	}
	mark, served := c.Reply.Defer(), 0
	for i, key := range r.keys {
		e := c.LookupRead(key)
		if e == nil {
			continue
		}
		s := c.Objects().Stream(&e.Value)
		after, history := r.ids[i], r.grouped && r.ids[i] != stream.MaxID
		if !history {
			if r.grouped {
				g, _ := s.Group(r.group)
				after = g.Last
			}
			if s.Length == 0 {
				continue
			}
			if last, _ := s.Edge(false, false); last.Compare(after) <= 0 {
				continue
			}
		}
		r.serve(c, key, e, after, history)
		served++
	}
	if served > 0 {
		r.wrap(c, mark, served)
		return
	}
	if r.blocks {
		r.block(c)
		return
	}
	c.Reply.NullArray()
}

// wrap puts around the streams of a reply what RESP2 and RESP3 have there.
func (r *reading) wrap(c *command.Context, mark resp.Mark, served int) {
	if c.Reply.Protocol == 3 {
		c.Reply.SetDeferredMap(mark, served)
	} else {
		c.Reply.SetDeferredArray(mark, served)
	}
}

// serve sends what one stream has after an ID.
func (r *reading) serve(c *command.Context, key []byte, e *keyspace.Entry, after stream.ID, history bool) {
	if c.Reply.Protocol != 3 {
		c.Reply.Array(2)
	}
	c.Reply.Bulk(key)
	start, _ := after.Next()
	s := c.Objects().Stream(&e.Value)
	if !r.grouped {
		replyArray(c, func() int { return replyEntries(c, s, start, stream.MaxID, r.count, false) })
		return
	}
	c.LookupWrite(key) // groups are about to change
	g, _ := s.Group(r.group)
	consumer := seenConsumer(c, key, e, g, r.consumer, r.noAck)
	if history {
		replyArray(c, func() int { return r.replay(c, s, consumer, start) })
	} else {
		replyArray(c, func() int { return r.deliver(c, key, e, g, consumer, start) })
	}
	c.Changes++
}

// seenConsumer finds the consumer of a command, or makes it.
func seenConsumer(c *command.Context, key []byte, e *keyspace.Entry, g stream.Group, name []byte, propagate bool) stream.Consumer {
	consumer, added := g.AddConsumer(name, c.Now)
	consumer.Seen = c.Now
	if added {
		c.Changes++
		c.Notify(config.NotifyStream, "xgroup-createconsumer", key)
		if propagate {
			c.PropagateAs([]byte("XGROUP"), []byte("CREATECONSUMER"), key, g.Name(), name)
			c.DB.Altered(key, e)
		}
	}
	return consumer
}

// deliver gives the consumer new entries.
func (r *reading) deliver(c *command.Context, key []byte, e *keyspace.Entry, g stream.Group, consumer stream.Consumer, start stream.ID) (n int) {
	var it stream.Iterator
	it.Start(c.Objects().Stream(&e.Value), start, stream.MaxID, false)
	moved := false
	for (r.count == 0 || int64(n) < r.count) && it.Next() {
		id := it.ID
		moved = g.Deliver(id) || moved
		replyEntry(c, &it)
		n++
		if r.noAck {
			continue
		}
		p, pending := g.PendingOf(id)
		if pending {
			p.Assign(consumer)
			p.Time, p.Count = c.Now, 1
		} else {
			p = g.AddPending(id, consumer, c.Now, 1)
		}
		propagateClaim(c, key, g, p, id.Append(nil))
	}
	if r.noAck && moved {
		propagateGroup(c, key, g)
	}
	c.DB.Altered(key, e)
	return n
}

// replay gives the consumer again what is pending for it. An entry that has
// been deleted is null.
func (r *reading) replay(c *command.Context, s stream.Stream, consumer stream.Consumer, start stream.ID) (n int) {
	for p := range consumer.Pending(start, stream.MaxID) {
		if r.count != 0 && int64(n) >= r.count {
			break
		}
		n++
		if replyEntries(c, s, p.ID, p.ID, 1, false) == 0 {
			c.Reply.Array(2)
			replyID(c, p.ID)
			c.Reply.NullArray()
			continue
		}
		p.Time = c.Now
		p.Count++
	}
	return n
}

// propagateClaim says who holds a pending entry, in a way that can be said
// twice.
func propagateClaim(c *command.Context, key []byte, g stream.Group, p stream.Pending, id []byte) {
	c.PropagateAs([]byte("XCLAIM"), key, g.Name(), p.Consumer().Name(), []byte("0"), id,
		[]byte("TIME"), c.Decimal(p.Time), []byte("RETRYCOUNT"), c.Decimal(int64(p.Count)),
		[]byte("FORCE"), []byte("JUSTID"), []byte("LASTID"), g.Last.Append(nil))
}

// propagateGroup says how far a group has read.
func propagateGroup(c *command.Context, key []byte, g stream.Group) {
	c.PropagateAs([]byte("XGROUP"), []byte("SETID"), key, g.Name(), g.Last.Append(nil), []byte("ENTRIESREAD"), c.Decimal(g.Read))
}

// block waits for the first of the streams to have something.
func (r *reading) block(c *command.Context) {
	r.keys, r.group, r.consumer = command.CopyWords(r.keys), command.CopyWords([][]byte{r.group})[0], command.CopyWords([][]byte{r.consumer})[0]
	if r.count == 0 {
		r.count = blockedCount
	}
	b := &command.Blocked{
		Keys: r.keys, Type: object.Stream, Deadline: r.deadline, Serve: r.wake,
		OnTimeout: func(w *resp.Writer) { w.NullArray() },
	}
	if r.grouped {
		b.Gone = func(c *command.Context, _ []byte) { c.Reply.Error("UNBLOCKED the stream key no longer exists") }
	}
	c.Block(b)
}

// blockedCount is how many entries a client that has waited is given at most,
// unless it said how many.
const blockedCount = 1000

// wake serves a client that waits, if there is something for it.
func (r *reading) wake(c *command.Context, key []byte) bool {
	c.PropagateNothing()
	e := c.DB.LookupWrite(key)
	if e == nil {
		return false
	}
	s := c.Objects().Stream(&e.Value)
	after := stream.ID{}
	for i := range r.keys {
		if string(r.keys[i]) == string(key) {
			after = r.ids[i]
			break
		}
	}
	if r.grouped {
		g, ok := s.Group(r.group)
		if !ok {
			c.Reply.Error("NOGROUP the consumer group this client was blocked on no longer exists")
			return true
		}
		after = g.Last
	}
	if s.Last.Compare(after) <= 0 {
		return false
	}
	mark := c.Reply.Defer()
	r.serve(c, key, e, after, false)
	r.wrap(c, mark, 1)
	return true
}
