package sets

import (
	"cmp"
	"slices"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/order"
	"everysec/engine/object"
)

// Union, intersection and difference. A key that does not exist is an empty
// set. What is computed goes to the reply or under a key; in the second case
// the encoding of the result follows Redis, so the steps do too.

// sources finds the sets at some keys; nil where there is none. ok is false
// when one is of another type: the error has been sent.
func sources(c *command.Context, keys [][]byte) (sets []*object.Value, ok bool) {
	sets = make([]*object.Value, len(keys))
	for i, key := range keys {
		e, ok := c.ReadTyped(key, object.Set)
		if !ok {
			return nil, false
		}
		if e != nil {
			sets[i] = &e.Value
		}
	}
	return sets, true
}

func newResult(c *command.Context) object.Value { return c.Objects().NewIntSet() }

// replyResult replies the members of a set made for the purpose.
func replyResult(c *command.Context, v object.Value) {
	s := c.Objects().Set(&v)
	c.Reply.Set(s.Len())
	replyMembers(c, s)
	c.Objects().Free(&v)
}

// intersect visits the members that all sets have until visit returns false.
// Two keys of the same name are one set.
func intersect(c *command.Context, sets []*object.Value, visit func(member []byte) bool) {
	order.Stable(sets, func(a, b *object.Value) int {
		return cmp.Compare(c.Objects().Len(a), c.Objects().Len(b))
	})
	smallest := sets[0]
	for member := range c.Objects().Set(smallest).All() {
		inAll := true
		for _, other := range sets[1:] {
			if other != smallest && !c.Objects().Set(other).Has(member) {
				inAll = false
				break
			}
		}
		if inAll && !visit(member) {
			return
		}
	}
}

func runSinter(c *command.Context) {
	sets, ok := sources(c, c.Args[1:])
	if !ok {
		return
	}
	if slices.Contains(sets, nil) {
		c.Reply.Set(0)
		return
	}
	n, start := 0, c.Reply.Defer()
	intersect(c, sets, func(member []byte) bool {
		c.Reply.Bulk(member)
		n++
		return true
	})
	c.Reply.SetDeferredSet(start, n)
}

func runSinterstore(c *command.Context) {
	sets, ok := sources(c, c.Args[2:])
	if !ok {
		return
	}
	if slices.Contains(sets, nil) {
		c.StoreNothing(c.Args[1])
		return
	}
	result := newResult(c)
	intersect(c, sets, func(member []byte) bool {
		c.Objects().Set(&result).Add(member)
		return true
	})
	c.StoreCollection(c.Args[1], result, config.NotifySet, "sinterstore")
}

func runSintercard(c *command.Context) {
	count, ok := c.IntFrom(c.Args[1], 1, command.ErrNumKeys)
	if !ok {
		return
	}
	if count > int64(len(c.Args)-2) {
		c.Reply.Error("ERR Number of keys can't be greater than number of args")
		return
	}
	limit := int64(0)
	for options := c.Args[2+count:]; len(options) > 0; options = options[2:] {
		if len(options) < 2 || !command.Is(options[0], "LIMIT") {
			c.Reply.Error(command.ErrSyntax)
			return
		}
		if limit, ok = c.IntFrom(options[1], 0, command.ErrNegativeLimit); !ok {
			return
		}
	}
	sets, ok := sources(c, c.Args[2:2+count])
	if !ok {
		return
	}
	n := int64(0)
	if !slices.Contains(sets, nil) {
		intersect(c, sets, func([]byte) bool {
			n++
			return n != limit
		})
	}
	c.Reply.Int(n)
}

// unite makes the union.
func unite(c *command.Context, sets []*object.Value) object.Value {
	result := newResult(c)
	for _, v := range sets {
		if v == nil {
			continue
		}
		for member := range c.Objects().Set(v).All() {
			c.Objects().Set(&result).Add(member)
		}
	}
	return result
}

// subtract makes the difference of the first set and all others. There are
// two ways, and the cheaper is taken: to look up each member of the first in
// the others, or to copy the first and take away the members of the others.
func subtract(c *command.Context, sets []*object.Value) object.Value {
	result := newResult(c)
	first, others := sets[0], sets[1:]
	if first == nil || slices.Contains(others, first) {
		return result
	}
	others = slices.DeleteFunc(others, func(v *object.Value) bool { return v == nil })
	size := c.Objects().Len(first)
	lookups, all := size, size
	for _, v := range others {
		lookups += size
		all += c.Objects().Len(v)
	}
	if lookups/2 > all { // a lookup that fails costs half of an addition
		subtractAll(c, &result, first, others)
		return result
	}
	// The biggest is the one that most probably has the member.
	order.Stable(others, func(a, b *object.Value) int {
		return cmp.Compare(c.Objects().Len(b), c.Objects().Len(a))
	})
	for member := range c.Objects().Set(first).All() {
		if !slices.ContainsFunc(others, func(v *object.Value) bool { return c.Objects().Set(v).Has(member) }) {
			c.Objects().Set(&result).Add(member)
		}
	}
	return result
}

func subtractAll(c *command.Context, result, first *object.Value, others []*object.Value) {
	s := c.Objects().Set(result)
	for member := range c.Objects().Set(first).All() {
		s.Add(member)
	}
	for _, v := range others {
		if s.Len() == 0 {
			return
		}
		for member := range c.Objects().Set(v).All() {
			s.Remove(member)
		}
	}
}

// combination is unite or subtract.
type combination func(c *command.Context, sets []*object.Value) object.Value

func combine(c *command.Context, how combination) {
	if sets, ok := sources(c, c.Args[1:]); ok {
		replyResult(c, how(c, sets))
	}
}

func combineInto(c *command.Context, how combination, event string) {
	if sets, ok := sources(c, c.Args[2:]); ok {
		c.StoreCollection(c.Args[1], how(c, sets), config.NotifySet, event)
	}
}

func runSunion(c *command.Context) { combine(c, unite) }
func runSdiff(c *command.Context)  { combine(c, subtract) }

func runSunionstore(c *command.Context) { combineInto(c, unite, "sunionstore") }
func runSdiffstore(c *command.Context)  { combineInto(c, subtract, "sdiffstore") }
