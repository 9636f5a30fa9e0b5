package streams

import (
	"slices"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/stream"
	"everysec/engine/object"
)

// addOptions are the options of XADD and XTRIM.
type addOptions struct {
	id       stream.ID
	idAt     int  // which word is the ID
	anyID    bool // *
	anySeq   bool // ms-*
	noCreate bool
	trims    bool
	trim     stream.Trim
	trimAt   int // which word is the threshold
}

// parseAdd reads the options of XADD, and those of XTRIM. ok is false when
// they are wrong: the error has been sent.
func parseAdd(c *command.Context, add bool) (o addOptions, ok bool) {
	limit, limited, refs := int64(0), false, false
	i := 2
options:
	for ; i < len(c.Args); i++ {
		word, more := c.Args[i], len(c.Args)-1-i
		byID := command.Is(word, "MINID")
		switch {
		case add && string(text(word)) == "*":
			o.anyID = true
			break options
		case (byID || command.Is(word, "MAXLEN")) && more > 0:
			if o.trims {
				c.Reply.Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
				return o, false
			}
			next := string(text(c.Args[i+1]))
			if more >= 2 && (next == "~" || next == "=") {
				o.trim.Whole = next == "~"
				i++
			}
			i++
			if byID {
				o.trim.MinID, ok = strictID(c, c.Args[i])
			} else {
				var n int64
				if n, ok = c.Int(c.Args[i]); ok && n < 0 {
					c.Reply.Error("ERR The MAXLEN argument must be >= 0.")
					ok = false
				}
				o.trim.MaxLen = uint64(n)
			}
			if !ok {
				return o, false
			}
			o.trims, o.trim.ByID, o.trimAt = true, byID, i
		case command.Is(word, "LIMIT") && more > 0:
			if limit, ok = c.Int(c.Args[i+1]); !ok {
				return o, false
			}
			if limit < 0 {
				c.Reply.Error("ERR The LIMIT argument must be >= 0.")
				return o, false
			}
			limited = true
			i++
		case add && command.Is(word, "NOMKSTREAM"):
			o.noCreate = true
		default:
			if r, given := references(word); given && !refs {
				o.trim.References, refs = r, true
				continue
			}
			if !add {
				c.Reply.Error(command.ErrSyntax)
				return o, false
			}
			if o.id, o.anySeq, ok = parseParts(word, 0); !ok {
				c.Reply.Error(errInvalidID)
				return o, false
			}
			break options
		}
	}
	o.idAt = i
	problem := ""
	switch {
	case limit != 0 && !o.trims:
		problem = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
	case !add && !o.trims:
		problem = "ERR syntax error, XTRIM must be called with a trimming strategy"
	case c.Client.Internal && !c.InScript:
		return o, true // from the append-only file, where the threshold says it all
	case limited && !o.trim.Whole:
		problem = "ERR syntax error, LIMIT cannot be used without the special ~ option"
	}
	if problem != "" {
		c.Reply.Error(problem)
		return o, false
	}
	if o.trim.Whole {
		if !limited { // a hundred listpacks
			if limit = 100 * int64(c.Objects().Limits.StreamNodeMaxEntries); limit <= 0 {
				limit = 10000
			}
			limit = min(limit, 1000000)
		}
		o.trim.Limit = uint64(limit)
	}
	return o, true
}

// rewrite makes the words of a command say what it did: which ID was
// generated, and exactly where it cut.
func (o *addOptions) rewrite(c *command.Context, s stream.Stream, id stream.ID) {
	if !o.anyID && !o.anySeq && !o.trim.Whole {
		return
	}
	words := slices.Clone(c.Args)
	if o.anyID || o.anySeq {
		words[o.idAt] = id.Append(nil)
	}
	if o.trim.Whole {
		words[o.trimAt-1] = []byte("=")
		if o.trim.ByID {
			first, ok := s.Edge(true, true)
			if !ok {
				first = stream.MaxID
			}
			words[o.trimAt] = first.Append(nil)
		} else {
			words[o.trimAt] = c.Decimal(int64(s.Length))
		}
	}
	c.PropagateAs(words...)
}

func runXadd(c *command.Context) {
	o, ok := parseAdd(c, true)
	if !ok {
		return
	}
	var pairs [][]byte
	if o.idAt < len(c.Args) {
		pairs = c.Args[o.idAt+1:]
	}
	switch {
	case len(pairs) < 2 || len(pairs)%2 == 1:
		c.Reply.Error(command.WrongNumberOfArguments("xadd"))
		return
	case !o.anyID && !o.anySeq && o.id == stream.ID{}:
		c.Reply.Error("ERR The ID specified in XADD must be greater than 0-0")
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Stream)
	if !ok {
		return
	}
	if e == nil && o.noCreate {
		c.Reply.Null()
		return
	}
	last := stream.ID{}
	if e != nil {
		if last = c.Objects().Stream(&e.Value).Last; last == stream.MaxID {
			c.Reply.Error("ERR The stream has exhausted the last possible ID, unable to add more items")
			return
		}
	}
	id := o.id
	switch {
	case o.anyID:
		if id, _ = last.Next(); uint64(c.Now) > last.Ms {
			id = stream.ID{Ms: uint64(c.Now)}
		}
	case o.anySeq && id.Ms == last.Ms:
		if id.Seq = last.Seq + 1; id.Seq == 0 {
			id = stream.ID{} // refused
		}
	}
	switch {
	case id.Compare(last) <= 0:
		c.Reply.Error("ERR The ID specified in XADD is equal or smaller than the target stream top item")
		return
	case !stream.Fits(pairs):
		c.Reply.Error("ERR Elements are too large to be stored")
		return
	}
	isNew := e == nil
	if isNew {
		e = c.DB.Add(key, c.Objects().NewStream())
	}
	s := c.Objects().Stream(&e.Value)
	s.Append(id, pairs, c.Objects().StreamLimits())
	replyID(c, id)
	c.Changed(key, e, config.NotifyStream, "xadd")
	if o.trims && s.Trim(o.trim) > 0 {
		c.Notify(config.NotifyStream, "xtrim", key)
	}
	o.rewrite(c, s, id)
	if !isNew {
		c.Server.KeyReady(c.DB, key, object.Stream)
	}
}

func runXtrim(c *command.Context) {
	o, ok := parseAdd(c, false)
	if !ok {
		return
	}
	key := c.Args[1]
	e, ok := c.WriteTyped(key, object.Stream)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Int(0)
		return
	}
	s := c.Objects().Stream(&e.Value)
	deleted := int64(s.Trim(o.trim))
	if deleted > 0 {
		c.Changed(key, e, config.NotifyStream, "xtrim")
		c.Changes += deleted - 1
		o.rewrite(c, s, stream.ID{})
	}
	c.Reply.Int(deleted)
}

func runXlen(c *command.Context) {
	e, ok := c.ReadTyped(c.Args[1], object.Stream)
	if !ok {
		return
	}
	if e == nil {
		c.Reply.Int(0)
		return
	}
	c.Reply.Int(int64(c.Objects().Len(&e.Value)))
}

func runXsetid(c *command.Context) {
	id, ok := strictID(c, c.Args[2])
	if !ok {
		return
	}
	maxDeleted, added := stream.ID{}, int64(-1)
	for i := 3; i < len(c.Args); i += 2 {
		more := i+1 < len(c.Args)
		switch {
		case more && command.Is(c.Args[i], "ENTRIESADDED"):
			if added, ok = c.Int(c.Args[i+1]); !ok {
				return
			}
			if added < 0 {
				c.Reply.Error("ERR entries_added must be positive")
				return
			}
		case more && command.Is(c.Args[i], "MAXDELETEDID"):
			if maxDeleted, ok = strictID(c, c.Args[i+1]); !ok {
				return
			}
			if id.Compare(maxDeleted) < 0 {
				c.Reply.Error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
				return
			}
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	key := c.Args[1]
	e := c.LookupWrite(key)
	if e == nil {
		c.Reply.Error(command.ErrNoSuchKey)
		return
	}
	if e.Value.Type != object.Stream {
		c.Reply.Error(command.ErrWrongType)
		return
	}
	s := c.Objects().Stream(&e.Value)
	if s.Length > 0 {
		if top, _ := s.Edge(false, false); id.Compare(top) < 0 {
			c.Reply.Error("ERR The ID specified in XSETID is smaller than the target stream top item")
			return
		}
		if added != -1 && s.Length > uint64(added) {
			c.Reply.Error("ERR The entries_added specified in XSETID is smaller than the target stream length")
			return
		}
	}
	s.Last = id
	if added != -1 {
		s.Added = uint64(added)
	}
	if (maxDeleted != stream.ID{}) {
		s.MaxDeleted = maxDeleted
	}
	c.Reply.OK()
	c.DB.Altered(key, e)
	c.Changes++
	c.Notify(config.NotifyStream, "xsetid", key)
}
