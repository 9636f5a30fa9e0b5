package sortedsets

import (
	"math"
	"strconv"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/number"
	"everysec/engine/object"
)

// read finds the sorted set at the first key. found is false when there is
// none, and then missing has replied, or the error of a wrong type.
func read(c *command.Context, missing func()) (z object.SortedSetView, found bool) {
	e, ok := c.ReadTyped(c.Args[1], object.SortedSet)
	if !ok {
		return z, false
	}
	if e == nil {
		missing()
		return z, false
	}
	return c.Objects().SortedSet(&e.Value), true
}

func zero(c *command.Context) func() { return func() { c.Reply.Int(0) } }

func emptyArray(c *command.Context) func() { return func() { c.Reply.Array(0) } }

func replyScore(c *command.Context, z object.SortedSetView, member []byte) {
	if score, ok := z.Score(member); ok {
		c.Reply.Double(score)
		return
	}
	c.Reply.Null()
}

func runZcard(c *command.Context) {
	if z, found := read(c, zero(c)); found {
		c.Reply.Int(int64(z.Len()))
	}
}

func runZscore(c *command.Context) {
	if z, found := read(c, c.Reply.Null); found {
		replyScore(c, z, c.Args[2])
	}
}

func runZmscore(c *command.Context) {
	e, ok := c.ReadTyped(c.Args[1], object.SortedSet)
	if !ok {
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		if e == nil {
			c.Reply.Null()
			continue
		}
		replyScore(c, c.Objects().SortedSet(&e.Value), member)
	}
}

func runZrank(c *command.Context)    { rank(c, forward) }
func runZrevrank(c *command.Context) { rank(c, reverse) }

func rank(c *command.Context, from direction) {
	z, found := read(c, c.Reply.Null)
	if !found {
		return
	}
	n, found := z.Rank(c.Args[2])
	switch {
	case !found:
		c.Reply.Null()
	case from == reverse:
		c.Reply.Int(int64(z.Len() - 1 - n))
	default:
		c.Reply.Int(int64(n))
	}
}

func runZrem(c *command.Context) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.SortedSet)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Int(0)
		return
	}
	z := c.Objects().SortedSet(&e.Value)
	removed := int64(0)
	for _, member := range c.Args[2:] {
		if z.Remove(member) {
			removed++
		}
	}
	if removed > 0 {
		c.Changed(key, e, config.NotifySortedSet, "zrem")
		c.Changes += removed - 1
		c.DeleteEmpty(key, e)
	}
	c.Reply.Int(removed)
}

func runZscan(c *command.Context) {
	c.ScanCollection(object.SortedSet, func(s *command.Scan, v *object.Value, cursor uint64) uint64 {
		visit := s.Scored
		if v.Encoding == object.ListPack {
			visit = packedScore(s)
		}
		return c.Objects().SortedSet(v).Scan(cursor, visit)
	})
}

// packedScore visits a member of a listpack: there ZSCAN shows an integer as
// it is stored, 100000000000000000 and not 1e+17.
func packedScore(s *command.Scan) func(member []byte, score float64) {
	return func(member []byte, score float64) {
		n, isInt := number.DoubleToInt(score)
		if !isInt {
			s.Scored(member, score)
			return
		}
		var digits [20]byte
		s.Pair(member, strconv.AppendInt(digits[:0], n, 10))
	}
}

// memberReply writes members, with their scores if asked: in RESP3 as pairs of
// their own.
type memberReply struct {
	c          *command.Context
	withScores bool
}

func (r memberReply) begin(n int) {
	if r.withScores && r.c.Reply.Protocol != 3 {
		n *= 2
	}
	r.c.Reply.Array(n)
}

func (r memberReply) member(member []byte, score float64) {
	if r.withScores && r.c.Reply.Protocol == 3 {
		r.c.Reply.Array(2)
	}
	r.c.Reply.Bulk(member)
	if r.withScores {
		r.c.Reply.Double(score)
	}
}

func runZrandmember(c *command.Context) {
	if len(c.Args) == 2 {
		if z, found := read(c, c.Reply.Null); found {
			member, _ := z.Random(c.Random)
			c.Reply.Bulk(member)
		}
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
	withScores := len(c.Args) == 4 && command.Is(c.Args[3], "WITHSCORES")
	if len(c.Args) > 4 || len(c.Args) == 4 && !withScores {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	if withScores && (count < -math.MaxInt64/2 || count > math.MaxInt64/2) {
		c.Reply.Error(command.ErrOutOfRange)
		return
	}
	z, found := read(c, emptyArray(c))
	if !found {
		return
	}
	r := memberReply{c, withScores}
	if count < 0 {
		c.Repeat(-count, r.begin, func() { r.member(z.Random(c.Random)) })
		return
	}
	r.distinct(z, int(min(count, int64(z.Len()))))
}

// distinct replies n different members: if all, from the highest. While few of many are wanted it draws
// until it has them; else it chooses while walking, each member with the
// chance that keeps all choices equal.
func (r memberReply) distinct(z object.SortedSetView, n int) {
	r.begin(n)
	left := z.Len()
	if n*3 <= left {
		seen := make(map[string]struct{}, n)
		for len(seen) < n {
			member, score := z.Random(r.c.Random)
			if _, twice := seen[string(member)]; twice {
				continue
			}
			seen[string(member)] = struct{}{}
			r.member(member, score)
		}
		return
	}
	z.Descend(left-1, func(member []byte, score float64) bool {
		if r.c.Random.IntN(left) < n {
			r.member(member, score)
			n--
		}
		left--
		return n > 0
	})
}
