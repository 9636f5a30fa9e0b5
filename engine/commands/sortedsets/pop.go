package sortedsets

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
	"everysec/engine/object"
	"everysec/engine/resp"
)

// end is the end of a sorted set that members are taken from.
type end struct {
	event   string
	command string // the command that takes from this end
	highest bool
}

var (
	lowest  = end{"zpopmin", "ZPOPMIN", false}
	highest = end{"zpopmax", "ZPOPMAX", true}
)

func runZpopmin(c *command.Context) { pop(c, lowest) }
func runZpopmax(c *command.Context) { pop(c, highest) }

func pop(c *command.Context, at end) {
	if len(c.Args) > 3 {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	hasCount := len(c.Args) == 3
	count := int64(1)
	if hasCount {
		var ok bool
		if count, ok = c.PositiveInt(c.Args[2]); !ok {
			return
		}
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.SortedSet)
	if !ok {
		return
	}
	if e == nil || count == 0 {
		c.Reply.Array(0)
		return
	}
	n := int(min(count, int64(c.Objects().Len(&e.Value))))
	pairs := hasCount && c.Reply.Protocol == 3
	if pairs {
		c.Reply.Array(n)
	} else {
		c.Reply.Array(2 * n)
	}
	take(c, key, e, at, n, pairs)
}

// take removes n members from one end, at most all, and replies each with its
// score, as a pair of its own or not.
func take(c *command.Context, key []byte, e *keyspace.Entry, at end, n int, pairs bool) {
	z := c.Objects().SortedSet(&e.Value)
	left := n
	reply := func(member []byte, score float64) bool {
		if pairs {
			c.Reply.Array(2)
		}
		c.Reply.Bulk(member)
		c.Reply.Double(score)
		left--
		return left > 0
	}
	if size := z.Len(); at.highest {
		z.Descend(size-1, reply)
		z.RemoveRanks(size-n, size)
	} else {
		z.Ascend(0, reply)
		z.RemoveRanks(0, n)
	}
	c.Changed(key, e, config.NotifySortedSet, at.event)
	c.Changes += int64(n) - 1
	c.DeleteEmpty(key, e)
}

// parseMpop reads the words of ZMPOP from the number of keys on. ok is false
// when they are wrong: the error has been sent.
func parseMpop(c *command.Context, words [][]byte) (keys [][]byte, at end, n int64, ok bool) {
	count, ok := c.IntFrom(words[0], 1, command.ErrNumKeys)
	if !ok {
		return nil, at, 0, false
	}
	if count > int64(len(words))-2 {
		c.Reply.Error(command.ErrSyntax)
		return nil, at, 0, false
	}
	keys, options := words[1:1+count], words[1+count:]
	at = lowest
	switch {
	case command.Is(options[0], "MAX"):
		at = highest
	case !command.Is(options[0], "MIN"):
		c.Reply.Error(command.ErrSyntax)
		return nil, at, 0, false
	}
	for options = options[1:]; len(options) > 0; options = options[2:] {
		if n != 0 || len(options) < 2 || !command.Is(options[0], "COUNT") {
			c.Reply.Error(command.ErrSyntax)
			return nil, at, 0, false
		}
		if n, ok = c.IntFrom(options[1], 1, "ERR count should be greater than 0"); !ok {
			return nil, at, 0, false
		}
	}
	return keys, at, max(n, 1), true
}

// takeSome is the pop of ZMPOP and BZMPOP.
func takeSome(at end, wanted int64) func(c *command.Context, key []byte, e *keyspace.Entry) {
	return func(c *command.Context, key []byte, e *keyspace.Entry) {
		n := min(wanted, int64(c.Objects().Len(&e.Value)))
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		c.Reply.Array(int(n))
		take(c, key, e, at, int(n), true)
		// Which of the keys had members is decided: it is not to be decided
		// anew when the command is replayed.
		c.PropagateAs([]byte(at.command), key, c.Decimal(n))
	}
}

// popFirst takes from the first of the keys that has a sorted set. done is
// false when none has; else it has replied.
func popFirst(c *command.Context, keys [][]byte, take func(c *command.Context, key []byte, e *keyspace.Entry)) (done bool) {
	for _, key := range keys {
		e, ok := c.WriteTyped(key, object.SortedSet)
		if !ok {
			return true
		}
		if e != nil {
			take(c, key, e)
			return true
		}
	}
	return false
}

func runZmpop(c *command.Context) {
	keys, at, n, ok := parseMpop(c, c.Args[1:])
	if ok && !popFirst(c, keys, takeSome(at, n)) {
		c.Reply.NullArray()
	}
}

// popOrBlock is popFirst, and a wait for the first key that comes.
func popOrBlock(c *command.Context, keys [][]byte, deadline int64, take func(c *command.Context, key []byte, e *keyspace.Entry)) {
	if popFirst(c, keys, take) {
		return
	}
	c.Block(&command.Blocked{
		Keys: keys, Type: object.SortedSet, Deadline: deadline,
		OnTimeout: func(w *resp.Writer) { w.NullArray() },
		Serve: func(c *command.Context, key []byte) bool {
			take(c, key, c.LookupWrite(key))
			return true
		},
	})
}

func runBzmpop(c *command.Context) {
	keys, at, n, ok := parseMpop(c, c.Args[2:])
	if !ok {
		return
	}
	if deadline, ok := c.Timeout(c.Args[1]); ok {
		popOrBlock(c, keys, deadline, takeSome(at, n))
	}
}

func runBzpopmin(c *command.Context) { blockingPop(c, lowest) }
func runBzpopmax(c *command.Context) { blockingPop(c, highest) }

func blockingPop(c *command.Context, at end) {
	last := len(c.Args) - 1
	deadline, ok := c.Timeout(c.Args[last])
	if !ok {
		return
	}
	popOrBlock(c, c.Args[1:last], deadline, func(c *command.Context, key []byte, e *keyspace.Entry) {
		c.Reply.Array(3)
		c.Reply.Bulk(key)
		take(c, key, e, at, 1, false)
		c.PropagateAs([]byte(at.command), key)
	})
}
