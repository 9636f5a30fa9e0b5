package console

import "everysec/engine/resp"

// Long is a reply too large to be printed before anybody wants to see it. It is
// kept as it came over the wire, whole, and is printed from the beginning as often
// and as far as somebody reads it.
type Long struct {
	Elements int // how many it holds; of a map, a key and its value are one

	wire   []byte
	output Output
	bare   bool
}

// longReply is how many bytes a reply may have on the wire that is printed at once.
const longReply = 64 << 10

// Size is its length on the wire.
func (l *Long) Size() int { return len(l.wire) }

// Reader reads what a long reply looks like.
type Reader struct{ printer }

// Read begins to read.
func (l *Long) Read() *Reader {
	return &Reader{printer{output: l.output, bare: l.bare, source: source{wire: l.wire}}}
}

// Append appends text of about so many elements or bytes, whichever is less; it
// ends without a newline, and what follows begins with one where a line ends.
func (r *Reader) Append(dst []byte, elements, bytes int) []byte {
	for from, most := len(dst), r.elements+elements; !r.done && len(dst)-from < bytes && (r.elements < most || r.rest != nil); {
		dst = r.step(dst)
	}
	if n := len(dst); r.done && n > 0 && dst[n-1] == '\n' {
		dst = dst[:n-1]
	}
	return dst
}

// Done tells whether all has been read, Elements of how many the text has begun,
// Part how much that is, from 0 to 1.
func (r *Reader) Done() bool    { return r.done }
func (r *Reader) Elements() int { return r.elements }
func (r *Reader) Part() float64 { return float64(r.source.at) / float64(max(len(r.source.wire), 1)) }

// outline is as much of a long reply as says what it is: its kind and, if it is
// an array, the first of what is in it, without what those hold.
func outline(wire []byte) resp.Value {
	v, count, at, _ := resp.Head(wire)
	if count == 0 {
		return v
	}
	v.Elems = make([]resp.Value, min(count, 4))
	for i := range v.Elems {
		e, inside, n, _ := resp.Head(wire[at:])
		v.Elems[i] = e
		if at += n; inside > 0 {
			break
		}
	}
	return v
}
