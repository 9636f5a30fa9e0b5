package streams

import (
	"math"

	"everysec/engine/command"
	"everysec/engine/ds/stream"
	"everysec/engine/keyspace"
)

func runXpending(c *command.Context) {
	words := c.Args[3:]
	if n := len(words); n != 0 && (n < 3 || n > 6) {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	var start, end stream.ID
	count, minIdle := int64(0), int64(0)
	if len(words) > 0 {
		var ok bool
		if command.Is(words[0], "IDLE") {
			if minIdle, ok = c.Int(words[1]); !ok {
				return
			}
			if len(words) < 5 {
				c.Reply.Error(command.ErrSyntax)
				return
			}
			words = words[2:]
		}
		if count, ok = c.Int(words[2]); !ok {
			return
		}
		if start, ok = rangeStart(c, words[0]); !ok {
			return
		}
		if end, ok = rangeEnd(c, words[1]); !ok {
			return
		}
		words = words[3:]
	}
	_, g, found, ok := groupOf(c)
	if !ok {
		return
	}
	if !found {
		c.Reply.Error(noGroup("key '%' or consumer group '%'", c.Args[1], c.Args[2]))
		return
	}
	if len(c.Args) == 3 {
		replyPendingSummary(c, g)
		return
	}
	pending := g.Pending
	if len(words) > 0 {
		consumer, found := g.Consumer(words[0])
		if !found {
			c.Reply.Array(0)
			return
		}
		pending = consumer.Pending
	}
	replyArray(c, func() (n int) {
		for p := range pending(start, end) {
			if int64(n) >= count {
				break
			}
			idle := c.Now - p.Time
			if minIdle != 0 && idle < minIdle {
				continue
			}
			n++
			c.Reply.Array(4)
			replyID(c, p.ID)
			c.Reply.Bulk(p.Consumer().Name())
			c.Reply.Int(max(idle, 0))
			c.Reply.Int(int64(p.Count))
		}
		return n
	})
}

// replyPendingSummary sends how many entries are pending, the first and the
// last, and how many for each consumer.
func replyPendingSummary(c *command.Context, g stream.Group) {
	c.Reply.Array(4)
	c.Reply.Int(int64(g.PendingCount()))
	if g.PendingCount() == 0 {
		c.Reply.Null()
		c.Reply.Null()
		c.Reply.NullArray()
		return
	}
	for p := range g.Pending(stream.ID{}, stream.MaxID) {
		replyID(c, p.ID)
		break
	}
	last, _ := g.LastPending()
	replyID(c, last)
	replyArray(c, func() (n int) {
		for consumer := range g.Consumers() {
			if consumer.PendingCount() > 0 {
				c.Reply.Array(2)
				c.Reply.Bulk(consumer.Name())
				c.Reply.BulkInt(int64(consumer.PendingCount()))
				n++
			}
		}
		return n
	})
}

// claiming is what XCLAIM and XAUTOCLAIM have in common.
type claiming struct {
	key      []byte
	e        *keyspace.Entry
	s        stream.Stream
	g        stream.Group
	consumer stream.Consumer
	owned    bool // consumer is known
	minIdle  int64
	justID   bool
}

// find finds stream and group. ok is false when they are not there: the error
// has been sent.
func (x *claiming) find(c *command.Context) bool {
	e, g, found, ok := groupOf(c)
	if !ok {
		return false
	}
	if !found {
		c.Reply.Error(noGroup("key '%' or consumer group '%'", c.Args[1], c.Args[2]))
		return false
	}
	x.key, x.e, x.g = c.Args[1], e, g
	x.s = c.Objects().Stream(&e.Value)
	return true
}

// drop takes an entry that has been deleted out of what is pending.
func (x *claiming) drop(c *command.Context, p stream.Pending, id []byte) {
	propagateClaim(c, x.key, x.g, p, id)
	c.Changes++
	c.DB.Altered(x.key, x.e)
	x.g.Acknowledge(p.ID)
}

// owner is the consumer that claims; it is made when there is something for it.
func (x *claiming) owner(c *command.Context) stream.Consumer {
	if !x.owned {
		x.consumer, x.owned = seenConsumer(c, x.key, x.e, x.g, c.Args[3], false), true
	}
	return x.consumer
}

// reply sends a claimed entry and propagates who has it now.
func (x *claiming) reply(c *command.Context, p stream.Pending, id []byte) {
	if x.justID {
		replyID(c, p.ID)
	} else {
		replyEntries(c, x.s, p.ID, p.ID, 1, false)
	}
	propagateClaim(c, x.key, x.g, p, id)
	c.Changes++
	c.DB.Altered(x.key, x.e)
}

func runXclaim(c *command.Context) {
	x := claiming{}
	if !x.find(c) {
		return
	}
	var ok bool
	if x.minIdle, ok = c.IntFrom(c.Args[4], math.MinInt64, "ERR Invalid min-idle-time argument for XCLAIM"); !ok {
		return
	}
	i := 5
	var ids []stream.ID
	for ; i < len(c.Args); i++ {
		id, auto, ok := parseParts(c.Args[i], 0)
		if !ok || auto {
			break
		}
		ids = append(ids, id)
	}
	words := c.Args[5:]
	now, retries, force := c.Now, int64(-1), false
	time, last := int64(-1), stream.ID{}
	for ; i < len(c.Args); i++ {
		word, more := c.Args[i], i+1 < len(c.Args)
		option := func(name string) (n int64, is, ok bool) {
			if !more || !command.Is(word, name) {
				return 0, false, false
			}
			i++
			n, ok = c.IntFrom(c.Args[i], math.MinInt64, "ERR Invalid "+name+" option argument for XCLAIM")
			return n, true, ok
		}
		if command.Is(word, "FORCE") {
			force = true
		} else if command.Is(word, "JUSTID") {
			x.justID = true
		} else if n, is, ok := option("IDLE"); is {
			if !ok {
				return
			}
			time = now - n
		} else if n, is, ok := option("TIME"); is {
			if !ok {
				return
			}
			time = n
		} else if n, is, ok := option("RETRYCOUNT"); is {
			if !ok {
				return
			}
			retries = n
		} else if command.Is(word, "LASTID") && more {
			i++
			if last, ok = strictID(c, c.Args[i]); !ok {
				return
			}
		} else {
			c.Reply.Error("ERR Unrecognized XCLAIM option '" + string(text(word)) + "'")
			return
		}
	}
	c.PropagateNothing()
	c.LookupWrite(x.key)
	behind := last.Compare(x.g.Last) > 0
	if behind {
		x.g.Last = last
	}
	if time < 0 || time > now {
		time = now
	}
	replyArray(c, func() (n int) {
		for i, id := range ids {
			p, pending := x.g.PendingOf(id)
			if !x.s.Has(id) {
				if pending {
					x.drop(c, p, words[i])
					behind = false
				}
				continue
			}
			switch {
			case pending:
				if x.minIdle > 0 && now-p.Time < x.minIdle {
					continue
				}
				p.Assign(x.owner(c))
			case force:
				p = x.g.AddPending(id, x.owner(c), time, 1)
			default:
				continue
			}
			p.Time = time
			if retries >= 0 {
				p.Count = uint64(retries)
			} else if !x.justID {
				p.Count++
			}
			x.reply(c, p, words[i])
			behind = false
			n++
		}
		return n
	})
	if behind {
		propagateGroup(c, x.key, x.g)
		c.Changes++
		c.DB.Altered(x.key, x.e)
	}
}

// attempts is how many pending entries XAUTOCLAIM looks at for each that it
// may claim.
const attempts = 10

func runXautoclaim(c *command.Context) {
	x := claiming{}
	var ok bool
	found := false
	defer func() { // Redis looks the key up before it reads the rest
		if !found {
			c.LookupRead(c.Args[1])
		}
	}()
	if x.minIdle, ok = c.IntFrom(c.Args[4], math.MinInt64, "ERR Invalid min-idle-time argument for XAUTOCLAIM"); !ok {
		return
	}
	start, ok := rangeStart(c, c.Args[5])
	if !ok {
		return
	}
	count := int64(100)
	for i := 6; i < len(c.Args); i++ {
		switch {
		case command.Is(c.Args[i], "COUNT") && i+1 < len(c.Args):
			i++
			const problem = "ERR COUNT must be > 0"
			if count, ok = c.IntFrom(c.Args[i], 1, problem); !ok {
				return
			}
			if count > math.MaxInt64/16 {
				c.Reply.Error(problem)
				return
			}
		case command.Is(c.Args[i], "JUSTID"):
			x.justID = true
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	found = true
	if !x.find(c) {
		return
	}
	c.PropagateNothing()
	c.LookupWrite(x.key)
	tries, next := count*attempts, stream.ID{}
	var gone []stream.ID
	c.Reply.Array(3)
	mark := c.Reply.Defer()
	replyArray(c, func() (n int) {
		for p := range x.g.Pending(start, stream.MaxID) {
			id := p.ID
			if tries == 0 || count == 0 {
				next = id
				break
			}
			tries--
			if !x.s.Has(id) {
				x.drop(c, p, id.Append(nil))
				gone = append(gone, id)
				count--
				continue
			}
			if x.minIdle > 0 && c.Now-p.Time < x.minIdle {
				continue
			}
			p.Assign(x.owner(c))
			p.Time = c.Now
			if !x.justID {
				p.Count++
			}
			x.reply(c, p, id.Append(nil))
			count--
			n++
		}
		return n
	})
	// The cursor is known now, and stands before the entries.
	entries := append([]byte(nil), c.Reply.Bytes()[mark:]...)
	c.Reply.Truncate(int(mark))
	replyID(c, next)
	c.Reply.Raw(entries)
	c.Reply.Array(len(gone))
	for _, id := range gone {
		replyID(c, id)
	}
}
