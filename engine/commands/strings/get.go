package strings

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/object"
)

func runGet(c *command.Context) { replyString(c, c.Args[1]) }

// replyString replies with the string under a key, or null. It returns false
// when the key holds another type: the error has been sent.
func replyString(c *command.Context, key []byte) bool {
	e, ok := c.ReadTyped(key, object.String)
	if !ok {
		return false
	}
	if e == nil {
		c.Reply.Null()
	} else {
		c.Reply.Bulk(c.Objects().StringBytes(&e.Value))
	}
	return true
}

func runMGet(c *command.Context) {
	keys := c.Args[1:]
	c.Reply.Array(len(keys))
	for _, key := range keys {
		e := c.LookupRead(key)
		if e == nil || e.Value.Type != object.String {
			c.Reply.Null()
		} else {
			c.Reply.Bulk(c.Objects().StringBytes(&e.Value))
		}
	}
}

func runStrLen(c *command.Context) {
	e, ok := c.ReadTyped(c.Args[1], object.String)
	if !ok {
		return
	}
	n := 0
	if e != nil {
		n = len(c.Objects().StringBytes(&e.Value))
	}
	c.Reply.Int(int64(n))
}

func runGetRange(c *command.Context) {
	start, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	end, ok := c.Int(c.Args[3])
	if !ok {
		return
	}
	e, ok := c.ReadTyped(c.Args[1], object.String)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Bulk(nil)
		return
	}
	b := c.Objects().StringBytes(&e.Value)
	from, to := cut(start, end, int64(len(b)))
	c.Reply.Bulk(b[from:to])
}

// cut turns the offsets of GETRANGE, negative ones from the end, both
// included, into the bounds of a slice.
func cut(start, end, length int64) (from, to int64) {
	if length == 0 || start < 0 && end < 0 && start > end {
		return 0, 0
	}
	if start < 0 {
		start = max(start+length, 0)
	}
	if end < 0 {
		end = max(end+length, 0)
	}
	end = min(end, length-1)
	if start > end {
		return 0, 0
	}
	return start, end + 1
}

func runSetRange(c *command.Context) {
	offset, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if offset < 0 {
		c.Reply.Error(command.ErrOffsetOutOfRange)
		return
	}
	key, value := c.Args[1], c.Args[3]
	e, ok := c.WriteTyped(key, object.String)
	if !ok {
		return
	}
	if len(value) == 0 {
		length := 0
		if e != nil {
			length = c.Objects().StringLen(&e.Value)
		}
		c.Reply.Int(int64(length))
		return
	}
	if !lengthAllowed(c, offset, len(value)) {
		return
	}
	if e == nil {
		e = c.DB.Add(key, c.Objects().NewRawString(nil))
	}
	b := c.Objects().Grow(&e.Value, int(offset)+len(value))
	copy(b[offset:], value)
	c.Changed(key, e, config.NotifyString, "setrange")
	c.Reply.Int(int64(len(b)))
}

func runAppend(c *command.Context) {
	key, value := c.Args[1], c.Args[2]
	e, ok := c.WriteTyped(key, object.String)
	if !ok {
		return
	}
	length := len(value)
	if e == nil {
		e = c.DB.Add(key, c.Objects().NewString(value))
	} else {
		old := c.Objects().StringLen(&e.Value)
		if !lengthAllowed(c, int64(old), len(value)) {
			return
		}
		length += old
		b := c.Objects().Grow(&e.Value, length)
		copy(b[old:], value)
	}
	c.Changed(key, e, config.NotifyString, "append")
	c.Reply.Int(int64(length))
}

// lengthAllowed checks a string of length bytes with more added to it. When it
// would be too long, the error has been sent.
func lengthAllowed(c *command.Context, length int64, more int) bool {
	total := length + int64(more)
	limit := min(c.Config.ProtoMaxBulkLen, object.MaxStringBytes)
	if total < length || total > limit {
		c.Reply.Error(command.ErrStringTooLong)
		return false
	}
	return true
}
