package geo

import (
	"math"
	"strconv"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/geohash"
	"everysec/engine/number"
	"everysec/engine/object"
)

// parsePoint reads longitude and latitude. ok is false when they are none: the
// error has been sent.
func parsePoint(c *command.Context, words [][]byte) (p geohash.Point, ok bool) {
	if p.Longitude, ok = c.Float(words[0]); !ok {
		return p, false
	}
	if p.Latitude, ok = c.Float(words[1]); !ok {
		return p, false
	}
	if !p.Valid() {
		c.Reply.Error("ERR invalid longitude,latitude pair " + fixed(p.Longitude, 6) + "," + fixed(p.Latitude, 6))
		return p, false
	}
	return p, true
}

// fixed writes a number with so many digits behind the point, as C does.
func fixed(f float64, digits int) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f != f:
		return "-nan"
	}
	return strconv.FormatFloat(f, 'f', digits, 64)
}

// parseUnit reads a unit as metres. ok is false when there is no such unit: the
// error has been sent.
func parseUnit(c *command.Context, word []byte) (metres float64, ok bool) {
	switch {
	case command.Is(word, "M"):
		return 1, true
	case command.Is(word, "KM"):
		return 1000, true
	case command.Is(word, "FT"):
		return 0.3048, true
	case command.Is(word, "MI"):
		return 1609.34, true
	}
	c.Reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI")
	return 0, false
}

// read finds the sorted set of a command that reads one. ok is false when the
// error has been sent, found when there is a set.
func read(c *command.Context, key []byte) (z object.SortedSetView, found, ok bool) {
	e, ok := c.ReadTyped(key, object.SortedSet)
	if !ok || e == nil {
		return z, false, ok
	}
	return c.Objects().SortedSet(&e.Value), true, true
}

// position is where a member is.
func position(z object.SortedSetView, member []byte) (p geohash.Point, ok bool) {
	score, ok := z.Score(member)
	if !ok {
		return p, false
	}
	return geohash.FromScore(score).Center(), true
}

// runGeoadd is ZADD of the scores that positions make, and is propagated as
// that.
func runGeoadd(c *command.Context) {
	var onlyNew, onlyExisting, countChanged bool
	first := 2
options:
	for ; first < len(c.Args); first++ {
		switch word := c.Args[first]; {
		case command.Is(word, "NX"):
			onlyNew = true
		case command.Is(word, "XX"):
			onlyExisting = true
		case command.Is(word, "CH"):
			countChanged = true
		default:
			break options
		}
	}
	members := c.Args[first:]
	if len(members)%3 != 0 || onlyNew && onlyExisting {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	words := append([][]byte{wordZadd}, c.Args[1:first]...)
	for i := 0; i < len(members); i += 3 {
		p, ok := parsePoint(c, members[i:])
		if !ok {
			return
		}
		score := geohash.Encode(p, geohash.MaxSteps).Score()
		words = append(words, c.Decimal(int64(score)), members[i+2])
	}
	if len(members) == 0 { // what ZADD says
		c.Reply.Error(command.ErrSyntax)
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.SortedSet)
	if !ok {
		return
	}
	if e == nil {
		if onlyExisting {
			c.Reply.Int(0)
			return
		}
		e = c.DB.Add(key, c.Objects().NewSortedSet(len(members[2])))
	}
	z := c.Objects().SortedSet(&e.Value)
	added, changed := int64(0), int64(0)
	for pairs := words[first:]; len(pairs) > 0; pairs = pairs[2:] {
		score, _ := number.ParseInt(pairs[0])
		if onlyNew || onlyExisting {
			if _, exists := z.Score(pairs[1]); exists == onlyNew {
				continue
			}
		}
		isNew, isChanged := z.Set(pairs[1], float64(score))
		if isNew {
			added++
		}
		if isChanged {
			changed++
		}
	}
	if added+changed > 0 {
		c.Changed(key, e, config.NotifySortedSet, "zadd")
		c.Changes += added + changed - 1
		c.PropagateAs(words...)
	}
	if countChanged {
		added += changed
	}
	c.Reply.Int(added)
}

var wordZadd = []byte("zadd")

func runGeodist(c *command.Context) {
	unit, ok := 1.0, true
	switch {
	case len(c.Args) == 5:
		if unit, ok = parseUnit(c, c.Args[4]); !ok {
			return
		}
	case len(c.Args) > 5:
		c.Reply.Error(command.ErrSyntax)
		return
	}
	z, found, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	if found {
		p, okP := position(z, c.Args[2])
		q, okQ := position(z, c.Args[3])
		if okP && okQ {
			c.Reply.BulkString(fixed(geohash.Distance(p, q)/unit, 4))
			return
		}
	}
	c.Reply.Null()
}

func runGeopos(c *command.Context) {
	positions(c, c.Reply.NullArray, func(p geohash.Point) { replyPoint(c, p) })
}

func replyPoint(c *command.Context, p geohash.Point) {
	c.Reply.Array(2)
	c.Reply.HumanDouble(p.Longitude)
	c.Reply.HumanDouble(p.Latitude)
}

func runGeohash(c *command.Context) {
	positions(c, c.Reply.Null, func(p geohash.Point) { c.Reply.Bulk(p.AppendString(nil)) })
}

// positions replies for each member named.
func positions(c *command.Context, missing func(), reply func(p geohash.Point)) {
	z, found, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		var p geohash.Point
		ok := found
		if ok {
			p, ok = position(z, member)
		}
		if ok {
			reply(p)
		} else {
			missing()
		}
	}
}
