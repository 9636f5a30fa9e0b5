package sortedsets

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/keyspace"
	"everysec/engine/object"
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

func runZmpop(c *command.Context) {
	count, ok := c.IntFrom(c.Args[1], 1, command.ErrNumKeys)
	if !ok {
		return
	}
	if count > int64(len(c.Args))-3 {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	keys, options := c.Args[2:2+count], c.Args[2+count:]
	at := lowest
	switch {
	case command.Is(options[0], "MAX"):
		at = highest
	case !command.Is(options[0], "MIN"):
		c.Reply.Error(command.ErrSyntax)
		return
	}
	wanted := int64(0) // not given yet
	for options = options[1:]; len(options) > 0; options = options[2:] {
		if wanted != 0 || len(options) < 2 || !command.Is(options[0], "COUNT") {
			c.Reply.Error(command.ErrSyntax)
			return
		}
		if wanted, ok = c.IntFrom(options[1], 1, "ERR count should be greater than 0"); !ok {
			return
		}
	}
	wanted = max(wanted, 1)
	for _, key := range keys {
		e, ok := c.WriteTyped(key, object.SortedSet)
		if !ok {
			return
		}
		if e == nil {
			continue
		}
		n := min(wanted, int64(c.Objects().Len(&e.Value)))
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		c.Reply.Array(int(n))
		take(c, key, e, at, int(n), true)
		// Which of the keys had members is decided: it is not to be decided
		// anew when the command is replayed.
		c.PropagateAs([]byte(at.command), key, c.Decimal(n))
		return
	}
	c.Reply.NullArray()
}
