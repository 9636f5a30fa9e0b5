package strings

import (
	"math"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/number"
	"everysec/engine/object"
)

func runIncr(c *command.Context) { increment(c, 1) }

func runDecr(c *command.Context) { increment(c, -1) }

func runIncrBy(c *command.Context) {
	if by, ok := c.Int(c.Args[2]); ok {
		increment(c, by)
	}
}

func runDecrBy(c *command.Context) {
	by, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if by == math.MinInt64 {
		c.Reply.Error(command.ErrDecrementOverflow)
		return
	}
	increment(c, -by)
}

func increment(c *command.Context, by int64) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.String)
	if !ok {
		return
	}
	var n int64
	if e != nil {
		if n, ok = parseInteger(c, &e.Value); !ok {
			return
		}
	}
	if by < 0 && n < math.MinInt64-by || by > 0 && n > math.MaxInt64-by {
		c.Reply.Error(command.ErrIncrementOverflow)
		return
	}
	n += by
	if e == nil {
		e = c.DB.Add(key, object.NewInt(n))
	} else {
		c.DB.Replace(e, object.NewInt(n))
	}
	c.Changed(key, e, config.NotifyString, "incrby")
	c.Reply.Int(n)
}

// runIncrByFloat stores the sum as text, never as an integer, and propagates
// that text: whoever replays it must not add again.
func runIncrByFloat(c *command.Context) {
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.String)
	if !ok {
		return
	}
	var old number.LongDouble
	if e != nil {
		old, ok = number.ParseLongDouble(c.Objects().StringBytes(&e.Value))
	}
	by, byOK := number.ParseLongDouble(c.Args[2])
	if !ok || !byOK {
		c.Reply.Error(command.ErrNotFloat)
		return
	}
	sum, ok := number.AddLongDouble(old, by)
	if !ok {
		c.Reply.Error(command.ErrIncrementNaN)
		return
	}
	text := number.AppendLongDouble(nil, sum)
	v := c.Objects().NewEmbedded(text)
	if e == nil {
		e = c.DB.Add(key, v)
	} else {
		c.DB.Replace(e, v)
	}
	c.Changed(key, e, config.NotifyString, "incrbyfloat")
	c.PropagateAs(wordSet, key, text, wordKeepTTL)
	c.Reply.Bulk(text)
}
