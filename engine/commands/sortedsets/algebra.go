package sortedsets

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/order"
	"everysec/engine/number"
	"everysec/engine/object"
)

// Union, intersection and difference of sorted sets. A plain set takes part
// too, its members scored 1, and a key that does not exist is an empty set.
// The order in which scores are added is Redis's, because it decides how a
// sum is rounded.

// operand is one of the sets that are combined.
type operand struct {
	store  *object.Store
	value  *object.Value // nil: empty
	weight float64
}

func (o operand) len() int {
	if o.value == nil {
		return 0
	}
	return o.store.Len(o.value)
}

func (o operand) score(member []byte) (float64, bool) {
	switch {
	case o.value == nil:
		return 0, false
	case o.value.Type == object.Set:
		return 1, o.store.Set(o.value).Has(member)
	}
	return o.store.SortedSet(o.value).Score(member)
}

func (o operand) all() iter.Seq2[[]byte, float64] {
	return func(yield func(member []byte, score float64) bool) {
		switch {
		case o.value == nil:
		case o.value.Type == object.Set:
			for member := range o.store.Set(o.value).All() {
				if !yield(member, 1) {
					return
				}
			}
		default:
			o.store.SortedSet(o.value).Ascend(0, yield)
		}
	}
}

// weighted is a score as it enters the result. Infinity times 0 counts as 0.
func (o operand) weighted(score float64) float64 {
	if product := float64(o.weight * score); !math.IsNaN(product) {
		return product
	}
	return 0
}

// aggregate joins the scores of one member.
type aggregate func(a, b float64) float64

// sum takes infinities that cancel each other out for 0.
func sum(a, b float64) float64 {
	if s := a + b; !math.IsNaN(s) {
		return s
	}
	return 0
}

func lesser(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func greater(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// operation is what is done with the operands.
type operation uint8

const (
	union operation = iota
	intersection
	difference
)

// expression is one ZUNION or one of its kin, parsed.
type expression struct {
	operation  operation
	operands   []operand
	aggregate  aggregate
	withScores bool
	limit      int64
}

// form is which options a command takes.
type form uint8

const (
	replying form = iota // WITHSCORES
	storing
	counting // LIMIT, and nothing of the others
)

// parseExpression reads the number of keys, the keys and the options. ok is
// false when they are wrong: the error has been sent.
func parseExpression(c *command.Context, args [][]byte, op operation, f form) (x expression, ok bool) {
	x = expression{operation: op, aggregate: sum}
	count, ok := c.Int(args[0])
	if !ok {
		return x, false
	}
	if count < 1 {
		c.Reply.Error("ERR at least 1 input key is needed for '" + c.Spec.FullName() + "' command")
		return x, false
	}
	if count > int64(len(args)-1) {
		c.Reply.Error(command.ErrSyntax)
		return x, false
	}
	keys, options := args[1:1+count], args[1+count:]
	for _, key := range keys {
		o := operand{store: c.Objects(), weight: 1}
		if e := c.LookupRead(key); e != nil {
			if e.Value.Type != object.SortedSet && e.Value.Type != object.Set {
				c.Reply.Error(command.ErrWrongType)
				return x, false
			}
			o.value = &e.Value
		}
		x.operands = append(x.operands, o)
	}
	for len(options) > 0 {
		if options, ok = x.parseOption(c, options, f); !ok {
			return x, false
		}
	}
	return x, true
}

// parseOption reads one option and returns the words behind it.
func (x *expression) parseOption(c *command.Context, options [][]byte, f form) (rest [][]byte, ok bool) {
	weighing := x.operation != difference && f != counting
	n := len(x.operands)
	switch word := options[0]; {
	case weighing && len(options) > n && command.Is(word, "WEIGHTS"):
		for i := range x.operands {
			if x.operands[i].weight, ok = parseWeight(c, options[1+i]); !ok {
				return nil, false
			}
		}
		return options[1+n:], true
	case weighing && len(options) > 1 && command.Is(word, "AGGREGATE"):
		if x.aggregate = aggregates(options[1]); x.aggregate == nil {
			break
		}
		return options[2:], true
	case f == replying && command.Is(word, "WITHSCORES"):
		x.withScores = true
		return options[1:], true
	case f == counting && len(options) > 1 && command.Is(word, "LIMIT"):
		x.limit, ok = c.IntFrom(options[1], 0, command.ErrNegativeLimit)
		return options[2:], ok
	}
	c.Reply.Error(command.ErrSyntax)
	return nil, false
}

func aggregates(word []byte) aggregate {
	switch {
	case command.Is(word, "SUM"):
		return sum
	case command.Is(word, "MIN"):
		return lesser
	case command.Is(word, "MAX"):
		return greater
	}
	return nil
}

// evaluate makes the result, a skiplist.
func (x *expression) evaluate(c *command.Context) object.Value {
	result := c.Objects().NewSkipList(0)
	z := c.Objects().SortedSet(&result)
	switch x.operation {
	case union:
		x.sortBySize()
		x.unite(z)
	case intersection:
		x.intersect(func(member []byte, score float64) bool {
			z.Set(member, score)
			return true
		})
	case difference:
		x.subtract(z)
	}
	return result
}

// sortBySize puts the smallest first, where an intersection begins.
func (x *expression) sortBySize() {
	order.Stable(x.operands, func(a, b operand) int { return cmp.Compare(a.len(), b.len()) })
}

func (x *expression) unite(z object.SortedSetView) {
	for _, o := range x.operands {
		for member, score := range o.all() {
			score = o.weighted(score)
			if old, twice := z.Score(member); twice {
				score = x.aggregate(old, score)
				if score == 0 && old == 0 { // 0 and -0 are equal, but may not stay as they were
					z.Remove(member)
				}
			}
			z.Set(member, score)
		}
	}
}

// intersect visits the members that all operands have, each with its score,
// until visit returns false.
func (x *expression) intersect(visit func(member []byte, score float64) bool) {
	x.sortBySize()
	first := x.operands[0]
members:
	for member, own := range first.all() {
		score := first.weighted(own)
		for _, o := range x.operands[1:] {
			value := own
			if o.value != first.value {
				found := false
				if value, found = o.score(member); !found {
					continue members
				}
			}
			score = x.aggregate(score, float64(o.weight*value))
		}
		if !visit(member, score) {
			return
		}
	}
}

func (x *expression) subtract(z object.SortedSetView) {
	first := x.operands[0]
	for member, score := range first.all() {
		if !slices.ContainsFunc(x.operands[1:], func(o operand) bool {
			if o.value == first.value {
				return true
			}
			_, has := o.score(member)
			return has
		}) {
			z.Set(member, score)
		}
	}
}

func parseWeight(c *command.Context, arg []byte) (weight float64, ok bool) {
	weight, ok = number.ParseDouble(arg)
	if !ok {
		c.Reply.Error("ERR weight value is not a float")
	}
	return weight, ok
}

func reply(c *command.Context, op operation) {
	x, ok := parseExpression(c, c.Args[1:], op, replying)
	if !ok {
		return
	}
	result := x.evaluate(c)
	z := c.Objects().SortedSet(&result)
	r := memberReply{c, x.withScores}
	r.begin(z.Len())
	z.Ascend(0, func(member []byte, score float64) bool {
		r.member(member, score)
		return true
	})
	c.Objects().Free(&result)
}

func store(c *command.Context, op operation, event string) {
	x, ok := parseExpression(c, c.Args[2:], op, storing)
	if !ok {
		return
	}
	result := x.evaluate(c)
	c.Objects().SortedSet(&result).PackIfSmall()
	c.StoreCollection(c.Args[1], result, config.NotifySortedSet, event)
}

func runZunion(c *command.Context) { reply(c, union) }
func runZinter(c *command.Context) { reply(c, intersection) }
func runZdiff(c *command.Context)  { reply(c, difference) }

func runZunionstore(c *command.Context) { store(c, union, "zunionstore") }
func runZinterstore(c *command.Context) { store(c, intersection, "zinterstore") }
func runZdiffstore(c *command.Context)  { store(c, difference, "zdiffstore") }

func runZintercard(c *command.Context) {
	x, ok := parseExpression(c, c.Args[1:], intersection, counting)
	if !ok {
		return
	}
	n := int64(0)
	x.intersect(func([]byte, float64) bool {
		n++
		return n != x.limit
	})
	c.Reply.Int(n)
}
