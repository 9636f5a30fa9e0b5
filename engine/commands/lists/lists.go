package lists

import (
	"math"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/quicklist"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// end is one end of a list.
type end bool

const (
	head end = false
	tail end = true
)

func (e end) push(list quicklist.List, v []byte) {
	if e == head {
		list.PushHead(v)
	} else {
		list.PushTail(v)
	}
}

func (e end) pop(list quicklist.List, dst []byte) ([]byte, bool) {
	if e == head {
		return list.PopHead(dst)
	}
	return list.PopTail(dst)
}

// pushEvent and popEvent are the names of the keyspace events.
func (e end) pushEvent() string {
	if e == head {
		return "lpush"
	}
	return "rpush"
}

func (e end) popEvent() string {
	if e == head {
		return "lpop"
	}
	return "rpop"
}

// parse reads LEFT or RIGHT. ok is false when it is neither: the error has
// been sent.
func parseEnd(c *command.Context, arg []byte) (e end, ok bool) {
	switch {
	case command.Is(arg, "LEFT"):
		return head, true
	case command.Is(arg, "RIGHT"):
		return tail, true
	}
	c.Reply.Error(command.ErrSyntax)
	return head, false
}

// read finds the list at a key. found is false when there is none, and then
// missing has replied, or the error of a wrong type.
func read(c *command.Context, missing func()) (list quicklist.List, found bool) {
	e, ok := c.ReadTyped(c.Args[1], object.List)
	if !ok {
		return list, false
	}
	if e == nil {
		missing()
		return list, false
	}
	return c.Objects().List(&e.Value), true
}

// toChange is read for a command that will change the list.
func toChange(c *command.Context, missing func()) (e *keyspace.Entry, list quicklist.List, found bool) {
	e, ok := c.WriteTyped(c.Args[1], object.List)
	if !ok {
		return nil, list, false
	}
	if e == nil {
		missing()
		return nil, list, false
	}
	return e, c.Objects().List(&e.Value), true
}

func push(c *command.Context, at end, onlyExisting bool) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.List)
	if !ok {
		return
	}
	if e == nil {
		if onlyExisting {
			c.Reply.Int(0)
			return
		}
		e = c.DB.Add(key, c.Objects().NewList())
	}
	list := c.Objects().List(&e.Value)
	for _, v := range c.Args[2:] {
		at.push(list, v)
	}
	c.Reply.Int(int64(list.Len()))
	c.Changed(key, e, config.NotifyList, at.pushEvent())
	c.Changes += int64(len(c.Args) - 3)
}

func runLpush(c *command.Context)  { push(c, head, false) }
func runRpush(c *command.Context)  { push(c, tail, false) }
func runLpushx(c *command.Context) { push(c, head, true) }
func runRpushx(c *command.Context) { push(c, tail, true) }

func runLlen(c *command.Context) {
	if list, found := read(c, func() { c.Reply.Int(0) }); found {
		c.Reply.Int(int64(list.Len()))
	}
}

func runLindex(c *command.Context) {
	e, ok := c.ReadTyped(c.Args[1], object.List)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Null()
		return
	}
	index, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	var scratch [24]byte
	if v, found := c.Objects().List(&e.Value).Index(int(index), scratch[:0]); found {
		c.Reply.Bulk(v)
		return
	}
	c.Reply.Null()
}

func runLset(c *command.Context) {
	key := c.Args[1]
	e, list, found := toChange(c, func() { c.Reply.Error(command.ErrNoSuchKey) })
	if !found {
		return
	}
	index, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if !list.Set(int(index), c.Args[3]) {
		c.Reply.Error(command.ErrIndexOutOfRange)
		return
	}
	c.Reply.OK()
	c.Changed(key, e, config.NotifyList, "lset")
}

func runLinsert(c *command.Context) {
	after := command.Is(c.Args[2], "AFTER")
	if !after && !command.Is(c.Args[2], "BEFORE") {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	e, list, found := toChange(c, func() { c.Reply.Int(0) })
	if !found {
		return
	}
	insert := list.InsertBefore
	if after {
		insert = list.InsertAfter
	}
	if !insert(c.Args[3], c.Args[4]) {
		c.Reply.Int(-1)
		return
	}
	c.Changed(c.Args[1], e, config.NotifyList, "linsert")
	c.Reply.Int(int64(list.Len()))
}

// bounds turns two indexes, negative ones from the end, into a start and a
// number of elements; 0 elements when the range is empty.
func bounds(start, stop int64, length int) (from, n int) {
	size := int64(length)
	if start < 0 {
		start = max(start+size, 0)
	}
	if stop < 0 {
		stop += size
	}
	if start > stop || start >= size {
		return 0, 0
	}
	stop = min(stop, size-1)
	return int(start), int(stop - start + 1)
}

func twoIndexes(c *command.Context) (start, stop int64, ok bool) {
	if start, ok = c.Int(c.Args[2]); !ok {
		return 0, 0, false
	}
	stop, ok = c.Int(c.Args[3])
	return start, stop, ok
}

func runLrange(c *command.Context) {
	start, stop, ok := twoIndexes(c)
	if !ok {
		return
	}
	list, found := read(c, func() { c.Reply.Array(0) })
	if !found {
		return
	}
	from, n := bounds(start, stop, list.Len())
	c.Reply.Array(n)
	if n == 0 {
		return
	}
	for _, v := range list.Forward(from) {
		c.Reply.Bulk(v)
		if n--; n == 0 {
			return
		}
	}
}

func runLtrim(c *command.Context) {
	start, stop, ok := twoIndexes(c)
	if !ok {
		return
	}
	key := c.Args[1]
	e, list, found := toChange(c, c.Reply.OK)
	if !found {
		return
	}
	length := list.Len()
	from, n := bounds(start, stop, length)
	list.Trim(from, n)
	c.DB.Modified(key, e)
	c.Notify(config.NotifyList, "ltrim", key)
	c.Changes += int64(length - n)
	c.DeleteEmpty(key, e)
	c.Reply.OK()
}

func runLrem(c *command.Context) {
	count, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	key := c.Args[1]
	e, list, found := toChange(c, func() { c.Reply.Int(0) })
	if !found {
		return
	}
	removed := list.Remove(c.Args[3], int(max(count, -math.MaxInt64)))
	if removed > 0 {
		c.DB.Modified(key, e)
		c.Notify(config.NotifyList, "lrem", key)
		c.Changes += int64(removed)
	}
	c.DeleteEmpty(key, e)
	c.Reply.Int(int64(removed))
}

// popReply takes up to n elements from one end and replies them as an array.
func popReply(c *command.Context, key []byte, e *keyspace.Entry, at end, n int) {
	list := c.Objects().List(&e.Value)
	n = min(n, list.Len())
	c.Reply.Array(n)
	var scratch [64]byte
	for range n {
		v, _ := at.pop(list, scratch[:0])
		c.Reply.Bulk(v)
	}
	popped(c, key, e, at)
	c.Changes += int64(n) - 1
}

func pop(c *command.Context, at end) {
	if len(c.Args) > 3 {
		c.Reply.Error(command.WrongNumberOfArguments(c.Spec.Name))
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
	missing := c.Reply.Null
	if hasCount {
		missing = c.Reply.NullArray
	}
	e, list, found := toChange(c, missing)
	switch {
	case !found:
	case hasCount && count == 0:
		c.Reply.Array(0)
	case hasCount:
		popReply(c, key, e, at, int(min(count, math.MaxInt32)))
	default:
		var scratch [64]byte
		v, _ := at.pop(list, scratch[:0])
		c.Reply.Bulk(v)
		popped(c, key, e, at)
	}
}

func runLpop(c *command.Context) { pop(c, head) }
func runRpop(c *command.Context) { pop(c, tail) }

// move takes an element from one list and puts it into another, or to another
// end of the same.
func move(c *command.Context, source, target []byte, from, to end) {
	e, ok := c.WriteTyped(source, object.List)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Null()
		return
	}
	te, ok := c.WriteTyped(target, object.List)
	if !ok {
		return
	}
	var scratch [64]byte
	v, _ := from.pop(c.Objects().List(&e.Value), scratch[:0])
	if te == nil {
		te = c.DB.Add(target, c.Objects().NewList())
	}
	to.push(c.Objects().List(&te.Value), v)
	c.Reply.Bulk(v)
	c.DB.Modified(target, te)
	c.Notify(config.NotifyList, to.pushEvent(), target)
	e = c.DB.Peek(source)
	popped(c, source, e, from)
}

func runLmove(c *command.Context) {
	from, ok := parseEnd(c, c.Args[3])
	if !ok {
		return
	}
	to, ok := parseEnd(c, c.Args[4])
	if !ok {
		return
	}
	move(c, c.Args[1], c.Args[2], from, to)
}

func runRpoplpush(c *command.Context) { move(c, c.Args[1], c.Args[2], tail, head) }

// parseMpop reads the words of LMPOP from the number of keys on. ok is false
// when they are wrong: the error has been sent.
func parseMpop(c *command.Context, words [][]byte) (keys [][]byte, at end, n int64, ok bool) {
	count, ok := c.IntFrom(words[0], 1, "ERR numkeys should be greater than 0")
	if !ok {
		return nil, at, 0, false
	}
	if count > int64(len(words))-2 {
		c.Reply.Error(command.ErrSyntax)
		return nil, at, 0, false
	}
	keys, options := words[1:1+count], words[1+count:]
	if at, ok = parseEnd(c, options[0]); !ok {
		return nil, at, 0, false
	}
	for options = options[1:]; len(options) > 0; options = options[2:] {
		if n != 0 || !command.Is(options[0], "COUNT") || len(options) < 2 {
			c.Reply.Error(command.ErrSyntax)
			return nil, at, 0, false
		}
		if n, ok = c.IntFrom(options[1], 1, "ERR count should be greater than 0"); !ok {
			return nil, at, 0, false
		}
	}
	return keys, at, max(n, 1), true
}

func runLmpop(c *command.Context) {
	keys, at, n, ok := parseMpop(c, c.Args[1:])
	if !ok {
		return
	}
	take := takeSome(at, n)
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
	c.Reply.NullArray()
}

func runLpos(c *command.Context) {
	rank, count, limit := int64(1), int64(-1), int64(0)
	for options := c.Args[3:]; len(options) > 0; options = options[2:] {
		if len(options) < 2 {
			c.Reply.Error(command.ErrSyntax)
			return
		}
		var ok bool
		switch {
		case command.Is(options[0], "RANK"):
			if rank, ok = c.Int(options[1]); !ok {
				return
			}
			if rank == 0 {
				c.Reply.Error("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list")
				return
			}
			if rank == math.MinInt64 { // Redis 7.0 negates it, which leaves it as it is
				rank = -1
			}
		case command.Is(options[0], "COUNT"):
			if count, ok = c.IntFrom(options[1], 0, "ERR COUNT can't be negative"); !ok {
				return
			}
		case command.Is(options[0], "MAXLEN"):
			if limit, ok = c.IntFrom(options[1], 0, "ERR MAXLEN can't be negative"); !ok {
				return
			}
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	e, ok := c.ReadTyped(c.Args[1], object.List)
	switch {
	case !ok:
	case e == nil && count >= 0:
		c.Reply.Array(0)
	case e == nil:
		c.Reply.Null()
	default:
		positions(c, c.Objects().List(&e.Value), c.Args[2], rank, count, limit)
	}
}

// positions replies where v stands: the first place of that rank, or with a
// count (0: all) an array. limit is how many elements are compared, 0: all.
func positions(c *command.Context, list quicklist.List, v []byte, rank, count, limit int64) {
	each := list.Forward(0)
	skip := rank - 1
	if rank < 0 {
		each, skip = list.Backward(-1), -rank-1
	}
	mark := c.Reply.Defer()
	found, compared := 0, int64(0)
	for i, element := range each {
		if limit > 0 && compared >= limit {
			break
		}
		compared++
		if string(element) != string(v) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		found++
		c.Reply.Int(int64(i))
		if count == -1 || count > 0 && int64(found) >= count {
			break
		}
	}
	switch {
	case count >= 0:
		c.Reply.SetDeferredArray(mark, found)
	case found == 0:
		c.Reply.Null()
	}
}
