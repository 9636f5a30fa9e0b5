package keys

import (
	"bytes"
	"cmp"
	"slices"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/order"
	"everysec/engine/ds/pqsort"
	"everysec/engine/keyspace"
	"everysec/engine/number"
	"everysec/engine/object"
)

// SORT: the elements of a list, set or sorted set, by themselves or by what
// lies under keys made from them, and in the reply other such values.
//
// What is equal by number is ordered by its bytes. What is equal by ALPHA
// stays as it was; only with BY and LIMIT, where Redis sorts no more than it
// needs, the order is what that algorithm leaves.

// sorting is what a SORT asks for.
type sorting struct {
	descending, alpha bool
	by                []byte // nil: the elements themselves
	unsorted          bool   // BY names no key
	get               [][]byte
	target            []byte // nil: reply
	offset, count     int64  // count < 0: all
}

// sortItem is an element with what it is sorted by.
type sortItem struct {
	element []byte
	key     []byte // of ALPHA with BY
	none    bool   // BY found nothing
	score   float64
}

func runSort(c *command.Context)   { sort(c, true) }
func runSortRo(c *command.Context) { sort(c, false) }

func sort(c *command.Context, mayStore bool) {
	s, ok := parseSorting(c, mayStore)
	if !ok {
		return
	}
	e := c.LookupRead(c.Args[1])
	if e != nil && e.Value.Type != object.List && e.Value.Type != object.Set && e.Value.Type != object.SortedSet {
		c.Reply.Error(command.ErrWrongType)
		return
	}
	if s.unsorted && e != nil && e.Value.Type == object.Set && (s.target != nil || c.InScript) {
		// The order of a set is nobody's business: what is kept must not
		// depend on it.
		s.unsorted, s.alpha, s.by = false, true, nil
	}
	items := s.items(c, e)
	from, to := s.window(len(items))
	if !s.unsorted {
		if !s.weigh(c, items) {
			c.Reply.Error("ERR One or more scores can't be converted into double")
			return
		}
		if s.by != nil && to-from < len(items) {
			pqsort.Sort(items, s.compare, from, to-1)
		} else {
			order.Stable(items, s.compare)
		}
	}
	s.finish(c, items[from:to])
}

// parseSorting reads the words behind the key. ok is false when the error has
// been sent.
func parseSorting(c *command.Context, mayStore bool) (s sorting, ok bool) {
	s.count = -1
	for i := 2; i < len(c.Args); i++ {
		word, more := c.Args[i], len(c.Args)-i-1
		switch {
		case command.Is(word, "ASC"):
			s.descending = false
		case command.Is(word, "DESC"):
			s.descending = true
		case command.Is(word, "ALPHA"):
			s.alpha = true
		case command.Is(word, "LIMIT") && more > 1:
			if s.offset, ok = c.Int(c.Args[i+1]); !ok {
				return s, false
			}
			if s.count, ok = c.Int(c.Args[i+2]); !ok {
				return s, false
			}
			i += 2
		case mayStore && command.Is(word, "STORE") && more > 0:
			i++
			s.target = c.Args[i]
		case command.Is(word, "BY") && more > 0:
			i++
			s.by = c.Args[i]
			// A later BY does not take back that nothing is to be sorted.
			if bytes.IndexByte(untilZero(s.by), '*') < 0 {
				s.unsorted = true
			} else if !c.Client.User.CheckAllKeys(c.Spec, c.Args) {
				c.Reply.Error("ERR BY option of SORT denied due to insufficient ACL permissions.")
				return s, false
			}
		case command.Is(word, "GET") && more > 0:
			i++
			if !c.Client.User.CheckAllKeys(c.Spec, c.Args) {
				c.Reply.Error("ERR GET option of SORT denied due to insufficient ACL permissions.")
				return s, false
			}
			s.get = append(s.get, c.Args[i])
		default:
			c.Reply.Error(command.ErrSyntax)
			return s, false
		}
	}
	return s, true
}

// untilZero is a word as C sees it.
func untilZero(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// items copies the elements. Lists and sorted sets that are not to be sorted
// keep their order, or have it reversed.
func (s *sorting) items(c *command.Context, e *keyspace.Entry) []sortItem {
	if e == nil {
		return nil
	}
	items := make([]sortItem, 0, c.Objects().Len(&e.Value))
	add := func(element []byte) { items = append(items, sortItem{element: bytes.Clone(element)}) }
	switch e.Value.Type {
	case object.List:
		for _, element := range c.Objects().List(&e.Value).Forward(0) {
			add(element)
		}
	case object.Set:
		for element := range c.Objects().Set(&e.Value).All() {
			add(element)
		}
		return items
	default:
		z := c.Objects().SortedSet(&e.Value)
		z.Convert() // as in Redis, where it can be seen
		z.Ascend(0, func(member []byte, _ float64) bool { add(member); return true })
	}
	if s.unsorted && s.descending {
		slices.Reverse(items)
	}
	return items
}

// window is the part of n elements that LIMIT asks for.
func (s *sorting) window(n int) (from, to int) {
	from = int(min(max(s.offset, 0), int64(n)))
	if s.count < 0 {
		return from, n
	}
	return from, from + int(min(s.count, int64(n-from)))
}

// weigh finds what the items are sorted by. It is false when something that
// should be a number is none.
func (s *sorting) weigh(c *command.Context, items []sortItem) bool {
	ok := true
	for i := range items {
		item := &items[i]
		by := item.element
		if s.by != nil {
			if by = pick(c, s.by, item.element); by == nil {
				item.none = true
				continue
			}
		}
		if !s.alpha {
			var isNumber bool
			item.score, isNumber = sortScore(by)
			ok = ok && isNumber
		} else if s.by != nil {
			item.key = bytes.Clone(by)
		}
	}
	return ok
}

// sortScore reads a number as C's strtod does; nothing at all is 0.
func sortScore(b []byte) (score float64, ok bool) {
	b = untilZero(b)
	if len(b) == 0 {
		return 0, true
	}
	return number.ParseDouble(bytes.TrimLeft(b, " \t\n\v\f\r"))
}

func (s *sorting) compare(a, b sortItem) int {
	order := 0
	switch {
	case !s.alpha:
		if order = cmp.Compare(a.score, b.score); order == 0 {
			order = bytes.Compare(a.element, b.element)
		}
	case s.by == nil:
		order = s.collate(a.element, b.element)
	case a.none || b.none:
		switch {
		case !b.none:
			order = -1
		case !a.none:
			order = 1
		}
	default:
		order = s.collate(a.key, b.key)
	}
	if s.descending {
		return -order
	}
	return order
}

// collate compares as C's strcoll does in the locale "C", which sees nothing
// behind a zero byte; what is stored is compared whole.
func (s *sorting) collate(a, b []byte) int {
	if s.target == nil {
		a, b = untilZero(a), untilZero(b)
	}
	return bytes.Compare(a, b)
}

// pick is the value that a pattern names for an element: the element itself
// for "#", else the string under a key or, behind "->", the field of a hash.
// nil: there is none. It may be overwritten by the next look at a value.
func pick(c *command.Context, pattern, element []byte) []byte {
	visible := untilZero(pattern)
	if string(visible) == "#" {
		return element
	}
	star := bytes.IndexByte(visible, '*')
	if star < 0 {
		return nil
	}
	rest := pattern[star+1:]
	var field []byte
	if arrow := bytes.Index(untilZero(rest), []byte("->")); arrow >= 0 && len(untilZero(rest)) > arrow+2 {
		rest, field = rest[:arrow], rest[arrow+2:]
	}
	key := slices.Concat(pattern[:star], element, rest)
	e := c.LookupRead(key)
	switch {
	case e == nil:
		return nil
	case field == nil && e.Value.Type == object.String:
		return notNil(c.Objects().StringBytes(&e.Value))
	case field != nil && e.Value.Type == object.Hash:
		if value, ok := c.Objects().Hash(&e.Value).Get(field); ok {
			return notNil(value)
		}
	}
	return nil
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// finish replies with the items or stores them as a list.
func (s *sorting) finish(c *command.Context, items []sortItem) {
	if s.target == nil {
		c.Reply.Array(len(items) * max(len(s.get), 1))
		s.each(c, items, func(value []byte) {
			if value == nil {
				c.Reply.Null()
			} else {
				c.Reply.Bulk(value)
			}
		})
		return
	}
	v := c.Objects().NewList()
	list := c.Objects().List(&v)
	s.each(c, items, list.PushTail)
	n := int64(list.Len())
	c.StoreCollection(s.target, v, config.NotifyList, "sortstore")
	if n > 0 {
		c.Changes += n - 1
	}
}

// each visits what GET asks for of each item.
func (s *sorting) each(c *command.Context, items []sortItem, visit func(value []byte)) {
	for i := range items {
		if s.get == nil {
			visit(items[i].element)
		}
		for _, pattern := range s.get {
			visit(pick(c, pattern, items[i].element))
		}
	}
}

// sortKeys finds the keys of SORT: the one to sort, and that of the last
// STORE.
func sortKeys(args [][]byte) ([]int, error) {
	keys := []int{1}
	store := 0
	for i := 2; i < len(args); i++ {
		switch word := args[i]; {
		case command.Is(word, "LIMIT"):
			i += 2
		case command.Is(word, "GET"), command.Is(word, "BY"):
			i++
		case command.Is(word, "STORE") && i+1 < len(args):
			store = i + 1
		}
	}
	if store != 0 {
		keys = append(keys, store)
	}
	return keys, nil
}

func sortROKeys([][]byte) ([]int, error) { return []int{1}, nil }
