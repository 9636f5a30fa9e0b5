package geo

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/geohash"
	sorting "everysec/engine/ds/order"
	"everysec/engine/ds/pqsort"
	"everysec/engine/ds/sortedset"
	"everysec/engine/number"
	"everysec/engine/object"
)

// The searches are one: GEORADIUS and GEORADIUSBYMEMBER say at fixed places
// what GEOSEARCH says with words, and accept STORE with a key.

type form uint8

const (
	aroundPoint form = iota
	aroundMember
	byWords
)

// query is what a search asks for.
type query struct {
	shape geohash.Shape
	// set is the members to search, when found.
	set   object.SortedSetView
	found bool

	withDistance, withHash, withPoint bool

	descending, sorted bool
	count              int64 // 0: all
	any                bool

	target   []byte // nil: reply
	distance bool   // store distances

	fromMember, fromPoint, byRadius, byBox bool
}

func runGeoradius(c *command.Context)           { search(c, aroundPoint, true) }
func runGeoradiusRo(c *command.Context)         { search(c, aroundPoint, false) }
func runGeoradiusbymember(c *command.Context)   { search(c, aroundMember, true) }
func runGeoradiusbymemberRo(c *command.Context) { search(c, aroundMember, false) }
func runGeosearch(c *command.Context)           { search(c, byWords, false) }
func runGeosearchstore(c *command.Context)      { search(c, byWords, true) }

func search(c *command.Context, f form, mayStore bool) {
	source, options := c.Args[1], c.Args[2:]
	var q query
	if f == byWords && mayStore {
		q.target, source, options = source, c.Args[2], c.Args[3:]
	}
	var ok bool
	if q.set, q.found, ok = read(c, source); !ok {
		return
	}
	switch f {
	case aroundPoint:
		if q.shape.Center, ok = parsePoint(c, options); !ok {
			return
		}
		if !q.parseRadius(c, options[2:]) {
			return
		}
		options = options[4:]
	case aroundMember:
		if q.found && !(q.center(c, options[0]) && q.parseRadius(c, options[1:])) {
			return
		}
		options = options[3:]
	}
	for len(options) > 0 {
		if options, ok = q.parseOption(c, options, f, mayStore); !ok {
			return
		}
	}
	if problem := q.conflict(c, f); problem != "" {
		c.Reply.Error(problem)
		return
	}
	if !q.found {
		if q.target != nil {
			c.StoreNothing(q.target)
		} else {
			c.Reply.Array(0)
		}
		return
	}
	hits := q.run()
	if q.target == nil {
		q.reply(c, hits)
		return
	}
	event := "georadiusstore"
	if f == byWords {
		event = "geosearchstore"
	}
	q.store(c, hits, event)
}

// center makes a member the centre. It is false when there is no such member:
// the error has been sent.
func (q *query) center(c *command.Context, member []byte) (ok bool) {
	if q.shape.Center, ok = position(q.set, member); !ok {
		c.Reply.Error("ERR could not decode requested zset member")
	}
	return ok
}

// parseRadius reads a radius and its unit. It is false when the error has been
// sent.
func (q *query) parseRadius(c *command.Context, words [][]byte) (ok bool) {
	radius, ok := number.ParseDouble(words[0])
	switch {
	case !ok:
		c.Reply.Error("ERR need numeric radius")
		return false
	case radius < 0:
		c.Reply.Error("ERR radius cannot be negative")
		return false
	}
	q.shape.Radius, q.shape.Box = radius, false
	q.shape.Unit, ok = parseUnit(c, words[1])
	return ok
}

// parseBox is parseRadius for a width, a height and their unit.
func (q *query) parseBox(c *command.Context, words [][]byte) (ok bool) {
	width, ok := number.ParseDouble(words[0])
	if !ok {
		c.Reply.Error("ERR need numeric width")
		return false
	}
	height, ok := number.ParseDouble(words[1])
	switch {
	case !ok:
		c.Reply.Error("ERR need numeric height")
		return false
	case width < 0 || height < 0:
		c.Reply.Error("ERR height or width cannot be negative")
		return false
	}
	q.shape.Width, q.shape.Height, q.shape.Box = width, height, true
	q.shape.Unit, ok = parseUnit(c, words[2])
	return ok
}

// parseOption reads one option and returns the words behind it. ok is false
// when the error has been sent.
func (q *query) parseOption(c *command.Context, words [][]byte, f form, mayStore bool) (rest [][]byte, ok bool) {
	word, more := words[0], len(words)-1
	took := 0
	ok = true
	switch {
	case command.Is(word, "WITHDIST"):
		q.withDistance = true
	case command.Is(word, "WITHHASH"):
		q.withHash = true
	case command.Is(word, "WITHCOORD"):
		q.withPoint = true
	case command.Is(word, "ANY"):
		q.any = true
	case command.Is(word, "ASC"):
		q.sorted, q.descending = true, false
	case command.Is(word, "DESC"):
		q.sorted, q.descending = true, true
	case command.Is(word, "COUNT") && more > 0:
		took = 1
		if q.count, ok = c.Int(words[1]); ok && q.count <= 0 {
			c.Reply.Error("ERR COUNT must be > 0")
			ok = false
		}
	case f != byWords && mayStore && more > 0 && (command.Is(word, "STORE") || command.Is(word, "STOREDIST")):
		took = 1
		q.target, q.distance = words[1], len(word) > len("STORE")
	case f == byWords && mayStore && command.Is(word, "STOREDIST"):
		q.distance = true
	case f == byWords && more > 0 && !q.fromPoint && command.Is(word, "FROMMEMBER"):
		took = 1
		q.fromMember = true
		ok = !q.found || q.center(c, words[1])
	case f == byWords && more > 1 && !q.fromMember && command.Is(word, "FROMLONLAT"):
		took = 2
		q.fromPoint = true
		q.shape.Center, ok = parsePoint(c, words[1:])
	case f == byWords && more > 1 && !q.byBox && command.Is(word, "BYRADIUS"):
		took = 2
		q.byRadius = true
		ok = q.parseRadius(c, words[1:])
	case f == byWords && more > 2 && !q.byRadius && command.Is(word, "BYBOX"):
		took = 3
		q.byBox = true
		ok = q.parseBox(c, words[1:])
	default:
		c.Reply.Error(command.ErrSyntax)
		return nil, false
	}
	return words[1+took:], ok
}

// conflict is the error for options that do not go together; "" if all do.
func (q *query) conflict(c *command.Context, f form) string {
	switch {
	case q.target != nil && (q.withDistance || q.withHash || q.withPoint):
		who := "STORE option in GEORADIUS"
		if f == byWords {
			who = "GEOSEARCHSTORE"
		}
		return "ERR " + who + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
	case f == byWords && !q.fromMember && !q.fromPoint:
		return "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + string(c.Args[0])
	case f == byWords && !q.byRadius && !q.byBox:
		return "ERR exactly one of BYRADIUS and BYBOX can be specified for " + string(c.Args[0])
	case q.any && q.count == 0:
		return "ERR the ANY argument requires COUNT argument"
	}
	return ""
}

// hit is a member found.
type hit struct {
	member   []byte
	point    geohash.Point
	score    float64
	distance float64 // metres
}

// run searches cell by cell. Without an order the members come as the cells
// have them. With ANY the search ends when there are enough.
func (q *query) run() []hit {
	var hits []hit
	var members []byte // all names, one behind the other
	full := func() bool { return q.any && int64(len(hits)) >= q.count }
	var last geohash.Cell // but never the first cell: that one is not compared
	for i, cell := range q.shape.Cells() {
		// In a large circle neighbours may be the same cell.
		if i > 1 && cell == last {
			continue
		}
		if i > 0 {
			last = cell
		}
		if full() {
			break
		}
		from, to := q.set.ScoreRanks(sortedset.ScoreRange{Min: float64(cell.Score()), Max: float64(cell.EndScore()), MaxEx: true})
		if from >= to {
			continue
		}
		q.set.Ascend(from, func(member []byte, score float64) bool {
			p := geohash.FromScore(score).Center()
			if distance, inside := q.shape.Contains(p); inside {
				start := len(members)
				members = append(members, member...)
				hits = append(hits, hit{members[start:len(members):len(members)], p, score, distance})
			}
			from++
			return from < to && !full()
		})
	}
	n := len(hits)
	if q.count > 0 && q.count < int64(n) {
		n = int(q.count)
	}
	// The closest so many need an order to be found in.
	if q.sorted || q.count > 0 && !q.any {
		order := func(a, b hit) int {
			switch {
			case a.distance > b.distance:
				return 1
			case a.distance == b.distance:
				return 0
			}
			return -1
		}
		if q.descending {
			ascending := order
			order = func(a, b hit) int { return -ascending(a, b) }
		}
		if n == len(hits) {
			sorting.Stable(hits, order)
		} else {
			pqsort.Sort(hits, order, 0, n-1)
		}
	}
	return hits[:n]
}

func (q *query) reply(c *command.Context, hits []hit) {
	parts := 1
	for _, with := range [3]bool{q.withDistance, q.withHash, q.withPoint} {
		if with {
			parts++
		}
	}
	w := c.Reply
	w.Array(len(hits))
	for i := range hits {
		h := &hits[i]
		if parts > 1 {
			w.Array(parts)
		}
		w.Bulk(h.member)
		if q.withDistance {
			w.BulkString(fixed(h.distance/q.shape.Unit, 4))
		}
		if q.withHash {
			w.Int(int64(h.score))
		}
		if q.withPoint {
			replyPoint(c, h.point)
		}
	}
}

func (q *query) store(c *command.Context, hits []hit, event string) {
	if len(hits) == 0 {
		c.StoreNothing(q.target)
		return
	}
	v := c.Objects().NewSkipList(len(hits))
	z := c.Objects().SortedSet(&v)
	for i := range hits {
		score := hits[i].score
		if q.distance {
			score = hits[i].distance / q.shape.Unit
		}
		z.Set(hits[i].member, score)
	}
	z.PackIfSmall()
	c.StoreCollection(q.target, v, config.NotifySortedSet, event)
	c.Changes += int64(len(hits)) - 1
}
