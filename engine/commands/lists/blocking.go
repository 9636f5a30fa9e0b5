package lists

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
	"everysec/engine/object"
	"everysec/engine/resp"
)

// BLPOP and its kin: what the command without B does where there is a list,
// and a wait where there is none. A waiting client is served with the key that
// came, whichever of its keys that is.

func noArray(w *resp.Writer) { w.NullArray() }

// popCommand is the command that takes from an end.
func (e end) popCommand() []byte {
	if e == head {
		return []byte("LPOP")
	}
	return []byte("RPOP")
}

func runBlpop(c *command.Context) { blockingPop(c, head) }
func runBrpop(c *command.Context) { blockingPop(c, tail) }

func blockingPop(c *command.Context, at end) {
	last := len(c.Args) - 1
	deadline, ok := c.Timeout(c.Args[last])
	if !ok {
		return
	}
	popOrBlock(c, c.Args[1:last], deadline, func(c *command.Context, key []byte, e *keyspace.Entry) {
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		var scratch [64]byte
		v, _ := at.pop(c.Objects().List(&e.Value), scratch[:0])
		c.Reply.Bulk(v)
		popped(c, key, e, at)
		c.PropagateAs(at.popCommand(), key)
	})
}

// popOrBlock takes from the first of the keys that has a list, or waits for one.
func popOrBlock(c *command.Context, keys [][]byte, deadline int64, take func(c *command.Context, key []byte, e *keyspace.Entry)) {
	for _, key := range keys {
		e, ok := c.WriteTyped(key, object.List)
		if !ok {
			return
		}
		if e != nil {
			take(c, key, e)
			return
		}
	}
	c.Block(&command.Blocked{
		Keys: keys, Type: object.List, Deadline: deadline, OnTimeout: noArray,
		Serve: func(c *command.Context, key []byte) bool {
			take(c, key, c.LookupWrite(key))
			return true
		},
	})
}

// takeSome is the pop of LMPOP and BLMPOP.
func takeSome(at end, n int64) func(c *command.Context, key []byte, e *keyspace.Entry) {
	return func(c *command.Context, key []byte, e *keyspace.Entry) {
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		taken := min(n, int64(c.Objects().Len(&e.Value)))
		popReply(c, key, e, at, int(taken))
		// Which of the keys had elements is decided: it is not to be decided
		// anew when the command is replayed.
		c.PropagateAs(at.popCommand(), key, c.Decimal(taken))
	}
}

func runBlmpop(c *command.Context) {
	keys, at, n, ok := parseMpop(c, c.Args[2:])
	if !ok {
		return
	}
	if deadline, ok := c.Timeout(c.Args[1]); ok {
		popOrBlock(c, keys, deadline, takeSome(at, n))
	}
}

func runBlmove(c *command.Context) {
	from, ok := parseEnd(c, c.Args[3])
	if !ok {
		return
	}
	if to, ok := parseEnd(c, c.Args[4]); ok {
		blockingMove(c, from, to, c.Args[5])
	}
}

func runBrpoplpush(c *command.Context) { blockingMove(c, tail, head, c.Args[3]) }

func blockingMove(c *command.Context, from, to end, timeout []byte) {
	deadline, ok := c.Timeout(timeout)
	if !ok {
		return
	}
	e, ok := c.WriteTyped(c.Args[1], object.List)
	switch {
	case !ok:
	case e != nil:
		moveNow(c, from, to)
	case !c.MayBlock(): // not what OnTimeout replies
		c.Reply.Null()
	default:
		c.Block(&command.Blocked{
			Keys: c.Args[1:2], Type: object.List, Deadline: deadline, OnTimeout: noArray,
			Serve: func(c *command.Context, _ []byte) bool {
				moveNow(c, from, to)
				return true
			},
		})
	}
}

// moveNow is BLMOVE where there is something to move.
func moveNow(c *command.Context, from, to end) {
	changes := c.Changes
	move(c, c.Args[1], c.Args[2], from, to)
	switch {
	case c.Changes == changes:
	case len(c.Args) == 4:
		c.PropagateAs([]byte("RPOPLPUSH"), c.Args[1], c.Args[2])
	default:
		c.PropagateAs([]byte("LMOVE"), c.Args[1], c.Args[2], c.Args[3], c.Args[4])
	}
}

// popped says that elements were taken from a list, which may now be empty.
func popped(c *command.Context, key []byte, e *keyspace.Entry, at end) {
	c.Changed(key, e, config.NotifyList, at.popEvent())
	c.DeleteEmpty(key, e)
}
