package streams

import (
	"bytes"
	"math"
	"strings"

	"everysec/engine/command"
	"everysec/engine/ds/stream"
	"everysec/engine/number"
)

const errInvalidID = "ERR Invalid stream ID specified as stream command argument"

// text is a word as C sees it: up to a zero byte.
func text(b []byte) []byte {
	if nul := bytes.IndexByte(b, 0); nul >= 0 {
		return b[:nul]
	}
	return b
}

// parseID reads an ID. Where it has no second part, missing is it. "-" and "+"
// are the least and the greatest.
func parseID(b []byte, missing uint64) (id stream.ID, ok bool) {
	if string(text(b)) == "-" {
		return stream.ID{}, len(b) < 128
	}
	if string(text(b)) == "+" {
		return stream.MaxID, len(b) < 128
	}
	id, _, ok = parseParts(b, missing)
	return id, ok
}

// parseParts reads an ID of digits. auto is set when it is ms-*.
func parseParts(b []byte, missing uint64) (id stream.ID, auto, ok bool) {
	if len(b) >= 128 {
		return id, false, false
	}
	ms, seq, both := bytes.Cut(text(b), []byte("-"))
	if id.Ms, ok = number.ParseUint(ms); !ok {
		return id, false, false
	}
	id.Seq = missing
	if both {
		if string(seq) == "*" {
			id.Seq = 0
			return id, true, true
		}
		id.Seq, ok = number.ParseUint(seq)
	}
	return id, false, ok
}

// strictID reads an ID that must be digits. ok is false when it is not: the
// error has been sent.
func strictID(c *command.Context, b []byte) (id stream.ID, ok bool) {
	id, auto, ok := parseParts(b, 0)
	if ok = ok && !auto; !ok {
		c.Reply.Error(errInvalidID)
	}
	return id, ok
}

// looseID is strictID with "-" and "+" too.
func looseID(c *command.Context, b []byte) (id stream.ID, ok bool) {
	id, ok = parseID(b, 0)
	if s := string(text(b)); ok && s != "-" && s != "+" {
		_, auto, _ := parseParts(b, 0)
		ok = !auto
	}
	if !ok {
		c.Reply.Error(errInvalidID)
	}
	return id, ok
}

// strictIDs reads all words as IDs.
func strictIDs(c *command.Context, words [][]byte) (ids []stream.ID, ok bool) {
	ids = make([]stream.ID, len(words))
	for i, b := range words {
		if ids[i], ok = strictID(c, b); !ok {
			return nil, false
		}
	}
	return ids, true
}

// rangeStart and rangeEnd read the ends of a range; "(" leaves the ID itself out.
func rangeStart(c *command.Context, b []byte) (stream.ID, bool) {
	return rangeEdge(c, b, 0, stream.ID.Next, "ERR invalid start ID for the interval")
}

func rangeEnd(c *command.Context, b []byte) (stream.ID, bool) {
	return rangeEdge(c, b, math.MaxUint64, stream.ID.Prev, "ERR invalid end ID for the interval")
}

func rangeEdge(c *command.Context, b []byte, missing uint64, inwards func(stream.ID) (stream.ID, bool), problem string) (id stream.ID, ok bool) {
	auto := false
	if len(b) > 1 && b[0] == '(' {
		if id, auto, ok = parseParts(b[1:], missing); !ok || auto {
			c.Reply.Error(errInvalidID)
			return id, false
		}
		if id, ok = inwards(id); !ok {
			c.Reply.Error(problem)
		}
		return id, ok
	}
	id, ok = parseID(b, missing)
	if s := string(text(b)); ok && s != "-" && s != "+" {
		_, auto, _ = parseParts(b, missing)
	}
	if !ok || auto {
		c.Reply.Error(errInvalidID)
		return id, false
	}
	return id, true
}

// noGroup is the error for a group that is not there.
func noGroup(format string, names ...[]byte) string {
	for _, name := range names {
		format = strings.Replace(format, "%", string(text(name)), 1)
	}
	return "NOGROUP No such " + format
}

// references reads what becomes of references to entries that go, as Redis 8.2
// lets a command say. given is false when the word is none of the three.
func references(word []byte) (r stream.References, given bool) {
	switch {
	case command.Is(word, "KEEPREF"):
		return stream.Keep, true
	case command.Is(word, "DELREF"):
		return stream.Remove, true
	case command.Is(word, "ACKED"):
		return stream.Acked, true
	}
	return stream.Keep, false
}
