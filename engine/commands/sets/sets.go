package sets

import (
	"math"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/object"
)

// read finds the set at a key. found is false when there is none, and then
// missing has replied, or the error of a wrong type.
func read(c *command.Context, missing func()) (s object.SetView, found bool) {
	e, ok := c.ReadTyped(c.Args[1], object.Set)
	if !ok {
		return s, false
	}
	if e == nil {
		missing()
		return s, false
	}
	return c.Objects().Set(&e.Value), true
}

func emptySet(c *command.Context) func() { return func() { c.Reply.Set(0) } }

func zero(c *command.Context) func() { return func() { c.Reply.Int(0) } }

func replyTruth(c *command.Context, truth bool) {
	n := int64(0)
	if truth {
		n = 1
	}
	c.Reply.Int(n)
}

func runSadd(c *command.Context) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Set)
	if !ok {
		return
	}
	if e == nil {
		e = c.DB.Add(key, c.Objects().NewSet(c.Args[2]))
	}
	s := c.Objects().Set(&e.Value)
	added := int64(0)
	for _, member := range c.Args[2:] {
		if s.Add(member) {
			added++
		}
	}
	if added > 0 {
		c.Changed(key, e, config.NotifySet, "sadd")
		c.Changes += added - 1
	}
	c.Reply.Int(added)
}

func runSrem(c *command.Context) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Set)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Int(0)
		return
	}
	s := c.Objects().Set(&e.Value)
	removed := int64(0)
	for _, member := range c.Args[2:] {
		if s.Remove(member) {
			removed++
		}
	}
	if removed > 0 {
		c.Changed(key, e, config.NotifySet, "srem")
		c.Changes += removed - 1
		c.DeleteEmpty(key, e)
	}
	c.Reply.Int(removed)
}

func runSmove(c *command.Context) {
	source, target, member := c.Args[1], c.Args[2], c.Args[3]
	te := c.LookupWrite(target) // either may expire now, before both are held
	e := c.LookupWrite(source)
	if e == nil {
		c.Reply.Int(0)
		return
	}
	if e.Value.Type != object.Set || te != nil && te.Value.Type != object.Set {
		c.Reply.Error(command.ErrWrongType)
		return
	}
	from := c.Objects().Set(&e.Value)
	if e == te {
		replyTruth(c, from.Has(member))
		return
	}
	if !from.Remove(member) {
		c.Reply.Int(0)
		return
	}
	c.Changed(source, e, config.NotifySet, "srem")
	c.DeleteEmpty(source, e)
	if te = c.DB.Peek(target); te == nil {
		te = c.DB.Add(target, c.Objects().NewSet(member))
	}
	if c.Objects().Set(&te.Value).Add(member) {
		c.Changed(target, te, config.NotifySet, "sadd")
	}
	c.Reply.Int(1)
}

func runSismember(c *command.Context) {
	if s, found := read(c, zero(c)); found {
		replyTruth(c, s.Has(c.Args[2]))
	}
}

func runSmismember(c *command.Context) {
	e, ok := c.ReadTyped(c.Args[1], object.Set)
	if !ok {
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		replyTruth(c, e != nil && c.Objects().Set(&e.Value).Has(member))
	}
}

func runScard(c *command.Context) {
	if s, found := read(c, zero(c)); found {
		c.Reply.Int(int64(s.Len()))
	}
}

func runSmembers(c *command.Context) {
	if s, found := read(c, emptySet(c)); found {
		c.Reply.Set(s.Len())
		replyMembers(c, s)
	}
}

func replyMembers(c *command.Context, s object.SetView) {
	for member := range s.All() {
		c.Reply.Bulk(member)
	}
}

func runSscan(c *command.Context) {
	c.ScanCollection(object.Set, func(s *command.Scan, v *object.Value, cursor uint64) uint64 {
		return c.Objects().Set(v).Scan(cursor, s.Member)
	})
}

func runSpop(c *command.Context) {
	if len(c.Args) == 3 {
		popSeveral(c)
		return
	}
	if len(c.Args) > 3 {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Set)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Null()
		return
	}
	popOne(c, key, c.Objects().Set(&e.Value))
	c.Changed(key, e, config.NotifySet, "spop")
	c.DeleteEmpty(key, e)
}

// popOne takes a random member out, replies it and propagates its removal:
// chance is not to decide again when the command is replayed.
func popOne(c *command.Context, key []byte, s object.SetView) {
	var scratch [64]byte
	member := append(scratch[:0], s.Random(c.Random)...)
	s.Remove(member)
	c.Reply.Bulk(member)
	c.PropagateAs([]byte("SREM"), key, member)
}

func popSeveral(c *command.Context) {
	count, ok := c.PositiveInt(c.Args[2])
	if !ok {
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Set)
	if !ok {
		return
	}
	if e == nil || count == 0 {
		c.Reply.Set(0)
		return
	}
	s := c.Objects().Set(&e.Value)
	size := int64(s.Len())
	taken := min(count, size)
	left := size - taken
	c.Reply.Set(int(taken))
	switch {
	case left == 0:
		replyMembers(c, s)
		c.Space.Hits++ // Redis looks the set up again, as SUNION does
		c.Changed(key, nil, config.NotifySet, "spop")
		c.DB.Delete(key, false)
		c.Notify(config.NotifyGeneric, "del", key)
		verb := "DEL"
		if c.Config.LazyFreeLazyServerDel {
			verb = "UNLINK"
		}
		c.PropagateAs([]byte(verb), key)
	case left*5 > taken:
		for range taken {
			popOne(c, key, s)
		}
		c.Changed(key, e, config.NotifySet, "spop")
	default: // few stay: it is less work to move those to a new set
		kept := keepSome(c, s, int(left))
		for member := range s.All() {
			c.Reply.Bulk(member)
			c.PropagateAs([]byte("SREM"), key, member)
		}
		c.DB.Replace(e, kept)
		c.Changed(key, e, config.NotifySet, "spop")
	}
	c.Changes += taken - 1
}

// keepSome moves n random members to a new set.
func keepSome(c *command.Context, s object.SetView, n int) object.Value {
	var scratch [64]byte
	var kept object.Value
	for i := range n {
		member := append(scratch[:0], s.Random(c.Random)...)
		s.Remove(member)
		if i == 0 {
			kept = c.Objects().NewSet(member)
		}
		c.Objects().Set(&kept).Add(member)
	}
	return kept
}

func runSrandmember(c *command.Context) {
	if len(c.Args) == 2 {
		if s, found := read(c, c.Reply.Null); found {
			c.Reply.Bulk(s.Random(c.Random))
		}
		return
	}
	if len(c.Args) > 3 {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	count, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if count == math.MinInt64 {
		c.Reply.Error(command.ErrNotNegatable)
		return
	}
	s, found := read(c, func() { c.Reply.Array(0) })
	switch {
	case !found:
	case count < 0:
		c.Repeat(-count, c.Reply.Array, func() { c.Reply.Bulk(s.Random(c.Random)) })
	case count >= int64(s.Len()):
		c.Reply.Array(s.Len())
		replyMembers(c, s)
	default:
		replyDistinct(c, s, int(count))
	}
}

// replyDistinct replies n different members. While few of many are wanted it
// draws until it has them; else it chooses while walking, each member with the
// chance that keeps all choices equal.
func replyDistinct(c *command.Context, s object.SetView, n int) {
	c.Reply.Array(n)
	if n*3 <= s.Len() {
		seen := make(map[string]struct{}, n)
		for len(seen) < n {
			member := s.Random(c.Random)
			if _, twice := seen[string(member)]; twice {
				continue
			}
			seen[string(member)] = struct{}{}
			c.Reply.Bulk(member)
		}
		return
	}
	left := s.Len()
	for member := range s.All() {
		if c.Random.IntN(left) < n {
			c.Reply.Bulk(member)
			n--
		}
		left--
	}
}
