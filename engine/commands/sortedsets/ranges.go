package sortedsets

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/sortedset"
	"everysec/engine/number"
	"everysec/engine/object"
)

// Every range, whatever it is given by, becomes a range of ranks: two
// searches, and the rest is the same for all.

const (
	errScoreRange = "ERR min or max is not a float"
	errLexRange   = "ERR min or max not valid string range item"
)

// direction is the order of a range: from the lowest score or the highest.
type direction uint8

const (
	anyDirection direction = iota // the command takes REV
	forward
	reverse
)

// kind is what a range is given by.
type kind uint8

const (
	anyKind kind = iota // the command takes BYSCORE and BYLEX
	byRank
	byScore
	byLex
)

// interval is a range as it stands in the arguments, parsed.
type interval struct {
	kind        kind
	start, stop int64 // ranks, negative ones from the end
	scores      sortedset.ScoreRange
	members     sortedset.LexRange
}

// parseInterval reads the lower and the upper bound. ok is false when they are
// none: the error has been sent.
func parseInterval(c *command.Context, k kind, lower, upper []byte) (in interval, ok bool) {
	in.kind = k
	switch k {
	case byScore:
		if in.scores, ok = parseScores(lower, upper); !ok {
			c.Reply.Error(errScoreRange)
		}
	case byLex:
		if in.members, ok = parseMembers(lower, upper); !ok {
			c.Reply.Error(errLexRange)
		}
	default:
		if in.start, ok = c.Int(lower); ok {
			in.stop, ok = c.Int(upper)
		}
	}
	return in, ok
}

func parseScores(lower, upper []byte) (r sortedset.ScoreRange, ok bool) {
	if r.Min, r.MinEx, ok = parseScoreBound(lower); ok {
		r.Max, r.MaxEx, ok = parseScoreBound(upper)
	}
	return r, ok
}

// parseScoreBound reads a score, "(" before it to leave it out. As Redis
// reads it with strtod, an empty word is 0 and a NUL byte ends it.
func parseScoreBound(b []byte) (score float64, exclusive, ok bool) {
	if len(b) > 0 && b[0] == '(' {
		b, exclusive = b[1:], true
	}
	score, n := number.Strtod(b)
	return score, exclusive, score == score && (n == len(b) || b[n] == 0)
}

func parseMembers(lower, upper []byte) (r sortedset.LexRange, ok bool) {
	if len(lower) == 0 || len(upper) == 0 {
		return r, false
	}
	switch lower[0] {
	case '[', '(':
		r.Min, r.MinEx = lower[1:], lower[0] == '('
	case '-':
		r.MinInf = true
	case '+':
		r.None = true
	default:
		return r, false
	}
	switch upper[0] {
	case '[', '(':
		r.Max, r.MaxEx = upper[1:], upper[0] == '('
	case '+':
		r.MaxInf = true
	case '-':
		r.None = true
	default:
		return r, false
	}
	return r, isWhole(lower) && isWhole(upper)
}

// isWhole tells whether nothing follows "+" or "-" (as C sees it).
func isWhole(b []byte) bool {
	return b[0] == '[' || b[0] == '(' || len(b) == 1 || b[1] == 0
}

// ranks are the ranks of the members in the interval: from, up to but not
// including to. With reverse, ranks given as numbers count from the highest.
func (in interval) ranks(z object.SortedSetView, order direction) (from, to int) {
	switch in.kind {
	case byScore:
		return z.ScoreRanks(in.scores)
	case byLex:
		return z.LexRanks(in.members, order == reverse)
	}
	size := int64(z.Len())
	start, stop := in.start, in.stop
	if start < 0 {
		start = max(start+size, 0)
	}
	if stop < 0 {
		stop += size
	}
	stop = min(stop, size-1)
	if start > stop {
		return 0, 0
	}
	if order == reverse {
		start, stop = size-1-stop, size-1-start
	}
	return int(start), int(stop + 1)
}

// query is one ZRANGE or one of its kin.
type query struct {
	interval
	direction  direction
	offset     int64
	limit      int64 // negative: no limit
	withScores bool
}

// parseQuery reads a key's range and the options behind it. ok is false when
// they are wrong: the error has been sent. What the command's name says
// already is given; a command that stores takes no WITHSCORES.
func parseQuery(c *command.Context, args [][]byte, k kind, d direction, store bool) (q query, ok bool) {
	lower, upper := args[0], args[1]
	q = query{limit: -1}
	for options := args[2:]; len(options) > 0; options = options[1:] {
		switch word := options[0]; {
		case !store && command.Is(word, "WITHSCORES"):
			q.withScores = true
		case len(options) > 2 && command.Is(word, "LIMIT"):
			if q.offset, ok = c.Int(options[1]); !ok {
				return q, false
			}
			if q.limit, ok = c.Int(options[2]); !ok {
				return q, false
			}
			options = options[2:]
		case d == anyDirection && command.Is(word, "REV"):
			d = reverse
		case k == anyKind && command.Is(word, "BYSCORE"):
			k = byScore
		case k == anyKind && command.Is(word, "BYLEX"):
			k = byLex
		default:
			c.Reply.Error(command.ErrSyntax)
			return q, false
		}
	}
	if k == anyKind {
		k = byRank
	}
	q.direction = max(d, forward)
	switch {
	case q.limit != -1 && k == byRank:
		c.Reply.Error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
		return q, false
	case q.withScores && k == byLex:
		c.Reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
		return q, false
	case q.direction == reverse && k != byRank:
		lower, upper = upper, lower
	}
	q.interval, ok = parseInterval(c, k, lower, upper)
	if k == byRank {
		q.offset = 0
	}
	return q, ok
}

// choose finds the members that the query asks for: n of them, from the rank
// start on in the query's direction.
func (q query) choose(z object.SortedSetView) (start, n int) {
	from, to := q.ranks(z, q.direction)
	size := int64(to - from)
	if q.offset < 0 || q.offset >= size {
		return 0, 0
	}
	size -= q.offset
	if q.limit >= 0 {
		size = min(size, q.limit)
	}
	if q.direction == reverse {
		return to - 1 - int(q.offset), int(size)
	}
	return from + int(q.offset), int(size)
}

// visit calls visit for n members from a rank on.
func (q query) visit(z object.SortedSetView, start, n int, visit func(member []byte, score float64)) {
	if n == 0 {
		return
	}
	walk := z.Ascend
	if q.direction == reverse {
		walk = z.Descend
	}
	walk(start, func(member []byte, score float64) bool {
		visit(member, score)
		n--
		return n > 0
	})
}

func replyRange(c *command.Context, k kind, d direction) {
	q, ok := parseQuery(c, c.Args[2:], k, d, false)
	if !ok {
		return
	}
	z, found := read(c, emptyArray(c))
	if !found {
		return
	}
	start, n := q.choose(z)
	r := memberReply{c, q.withScores}
	r.begin(n)
	q.visit(z, start, n, r.member)
}

func runZrange(c *command.Context)           { replyRange(c, anyKind, anyDirection) }
func runZrevrange(c *command.Context)        { replyRange(c, byRank, reverse) }
func runZrangebyscore(c *command.Context)    { replyRange(c, byScore, forward) }
func runZrevrangebyscore(c *command.Context) { replyRange(c, byScore, reverse) }
func runZrangebylex(c *command.Context)      { replyRange(c, byLex, forward) }
func runZrevrangebylex(c *command.Context)   { replyRange(c, byLex, reverse) }

func runZrangestore(c *command.Context) {
	q, ok := parseQuery(c, c.Args[3:], anyKind, anyDirection, true)
	if !ok {
		return
	}
	e, ok := c.ReadTyped(c.Args[2], object.SortedSet)
	if !ok {
		return
	}
	if e == nil {
		c.StoreNothing(c.Args[1])
		return
	}
	z := c.Objects().SortedSet(&e.Value)
	start, n := q.choose(z)
	var result object.Value
	if n > c.Config.Limits.ZsetMaxListpackEntries {
		result = c.Objects().NewSkipList(n)
	} else {
		result = c.Objects().NewSortedSet(0)
	}
	q.visit(z, start, n, func(member []byte, score float64) {
		c.Objects().SortedSet(&result).Set(member, score)
	})
	c.StoreCollection(c.Args[1], result, config.NotifySortedSet, "zrangestore")
}

func countRange(c *command.Context, k kind) {
	in, ok := parseInterval(c, k, c.Args[2], c.Args[3])
	if !ok {
		return
	}
	if z, found := read(c, zero(c)); found {
		from, to := in.ranks(z, forward)
		c.Reply.Int(int64(to - from))
	}
}

func runZcount(c *command.Context)    { countRange(c, byScore) }
func runZlexcount(c *command.Context) { countRange(c, byLex) }

func removeRange(c *command.Context, k kind, event string) {
	in, ok := parseInterval(c, k, c.Args[2], c.Args[3])
	if !ok {
		return
	}
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
	from, to := in.ranks(z, forward)
	if from < to {
		z.RemoveRanks(from, to)
		c.Changed(key, e, config.NotifySortedSet, event)
		c.Changes += int64(to-from) - 1
		c.DeleteEmpty(key, e)
	}
	c.Reply.Int(int64(to - from))
}

func runZremrangebyrank(c *command.Context)  { removeRange(c, byRank, "zremrangebyrank") }
func runZremrangebyscore(c *command.Context) { removeRange(c, byScore, "zremrangebyscore") }
func runZremrangebylex(c *command.Context)   { removeRange(c, byLex, "zremrangebylex") }
