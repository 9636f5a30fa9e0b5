package strings

import (
	"bytes"
	"math"

	"everysec/engine/command"
	"everysec/engine/object"
)

// LCS: the longest common subsequence of two strings, by the usual table of
// the lengths for all pairs of prefixes. Only two rows of lengths are ever
// needed at once; the way back needs one bit a cell: which neighbour was
// longer. So it takes a 32nd of the memory that Redis takes, while the limit
// on that memory stays the same, as it can be seen from outside.

func runLCS(c *command.Context) {
	a, okA := subject(c, c.Args[1])
	b, okB := subject(c, c.Args[2])
	if !okA || !okB {
		c.Reply.Error("ERR The specified keys must contain string values")
		return
	}
	var onlyLength, ranges, withLengths bool
	var minimum int64
	for i := 3; i < len(c.Args); i++ {
		word := c.Args[i]
		switch {
		case command.Is(word, "IDX"):
			ranges = true
		case command.Is(word, "LEN"):
			onlyLength = true
		case command.Is(word, "WITHMATCHLEN"):
			withLengths = true
		case command.Is(word, "MINMATCHLEN") && i+1 < len(c.Args):
			i++
			var ok bool
			if minimum, ok = c.Int(c.Args[i]); !ok {
				return
			}
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	if ranges && onlyLength {
		c.Reply.Error("ERR If you want both the length and indexes, please just use IDX.")
		return
	}
	if len(a) >= math.MaxUint32-1 || len(b) >= math.MaxUint32-1 {
		c.Reply.Error("ERR String too long for LCS")
		return
	}
	if cells := uint64(len(a)+1) * uint64(len(b)+1); cells > math.MaxUint64/4 || cells*4 > uint64(c.Config.ProtoMaxBulkLen) {
		c.Reply.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
		return
	}
	t := newLCSTable(a, b)
	switch {
	case onlyLength:
		c.Reply.Int(int64(t.length))
	case ranges:
		replyMatches(c, &t, minimum, withLengths)
	default:
		c.Reply.Bulk(t.subsequence())
	}
}

// subject is the string to compare under a key, empty when there is none; its
// own copy, because two integers share the scratch of StringBytes.
func subject(c *command.Context, key []byte) (b []byte, ok bool) {
	e := c.LookupRead(key)
	if e == nil {
		return nil, true
	}
	if e.Value.Type != object.String {
		return nil, false
	}
	return bytes.Clone(c.Objects().StringBytes(&e.Value)), true
}

func replyMatches(c *command.Context, t *lcsTable, minimum int64, withLengths bool) {
	w := c.Reply
	w.Map(2)
	w.BulkString("matches")
	mark, n := w.Defer(), 0
	t.matches(func(a, b, length int) {
		if int64(length) < minimum {
			return
		}
		n++
		if withLengths {
			w.Array(3)
		} else {
			w.Array(2)
		}
		for _, start := range [2]int{a, b} {
			w.Array(2)
			w.Int(int64(start))
			w.Int(int64(start + length - 1))
		}
		if withLengths {
			w.Int(int64(length))
		}
	})
	w.SetDeferredArray(mark, n)
	w.BulkString("len")
	w.Int(int64(t.length))
}

// lcsTable is the way back through the table.
type lcsTable struct {
	a, b   []byte
	length int // of the longest common subsequence
	// up has a bit for each pair of prefixes that end in different bytes: a
	// byte less of a keeps more than a byte less of b.
	up []uint64
}

func newLCSTable(a, b []byte) lcsTable {
	t := lcsTable{a: a, b: b, up: make([]uint64, (len(a)*len(b)+63)/64)}
	above, row := make([]uint32, len(b)+1), make([]uint32, len(b)+1)
	cell := 0
	for _, x := range a {
		for j, y := range b {
			switch {
			case x == y:
				row[j+1] = above[j] + 1
			case above[j+1] > row[j]:
				row[j+1] = above[j+1]
				t.up[cell>>6] |= 1 << (cell & 63)
			default:
				row[j+1] = row[j]
			}
			cell++
		}
		above, row = row, above
	}
	t.length = int(above[len(b)])
	return t
}

// walk visits the pairs of equal bytes of the subsequence, the last one first.
func (t *lcsTable) walk(visit func(i, j int)) {
	for i, j := len(t.a)-1, len(t.b)-1; i >= 0 && j >= 0; {
		cell := i*len(t.b) + j
		switch {
		case t.a[i] == t.b[j]:
			visit(i, j)
			i--
			j--
		case t.up[cell>>6]>>(cell&63)&1 != 0:
			i--
		default:
			j--
		}
	}
}

func (t *lcsTable) subsequence() []byte {
	result := make([]byte, t.length)
	at := t.length
	t.walk(func(i, _ int) {
		at--
		result[at] = t.a[i]
	})
	return result
}

// matches visits the stretches that are equal without a gap, the last one
// first.
func (t *lcsTable) matches(visit func(a, b, length int)) {
	a, b, length := 0, 0, 0
	t.walk(func(i, j int) {
		if length > 0 && (i != a-1 || j != b-1) {
			visit(a, b, length)
			length = 0
		}
		a, b = i, j
		length++
	})
	if length > 0 {
		visit(a, b, length)
	}
}
