// Package resp reads and writes the Redis protocol, RESP2 and RESP3: Writer
// makes replies (and pushes), Reader takes requests apart on the server's
// side, Parse takes replies apart on the client's side.
//
// Nothing here allocates once its buffers have grown to the size of the work.
package resp

import (
	"strconv"

	"everysec/engine/number"
)

// Writer appends replies to a buffer. Protocol is 2 or 3 and may change
// between replies (HELLO); a kind that RESP2 does not have is written as
// Redis writes it to a RESP2 client: a map as a flat array, a double as
// a bulk string, a boolean as 1 or 0. The zero Writer speaks RESP2.
//
// Headers promise a count: the caller writes that many replies after one.
type Writer struct {
	Protocol int
	buf      []byte
}

// Bytes is what was written since the last Reset; it aliases the buffer.
func (w *Writer) Bytes() []byte { return w.buf }

// Len is the number of bytes written since the last Reset.
func (w *Writer) Len() int { return len(w.buf) }

// Reset forgets what was written and keeps the memory.
func (w *Writer) Reset() { w.buf = w.buf[:0] }

// Truncate takes back everything after the first n bytes.
func (w *Writer) Truncate(n int) { w.buf = w.buf[:n] }

// Take returns what was written and gives the Writer another buffer to go on
// with, emptied; the caller may later hand the taken one back in the same way.
func (w *Writer) Take(next []byte) []byte {
	taken := w.buf
	w.buf = next[:0]
	return taken
}

// Raw appends bytes that are protocol already.
func (w *Writer) Raw(b []byte) { w.buf = append(w.buf, b...) }

// OK appends +OK, the most written reply of all.
func (w *Writer) OK() { w.buf = append(w.buf, "+OK\r\n"...) }

// SimpleString appends s as a status. A line break in s becomes a space.
func (w *Writer) SimpleString(s string) { w.line('+', s) }

// Error appends an error, its code first: "ERR no such key". A line break in
// s becomes a space, as Redis does with what it quotes from a request.
func (w *Writer) Error(s string) { w.line('-', s) }

func (w *Writer) line(kind byte, s string) {
	w.buf = append(w.buf, kind)
	start := len(w.buf)
	w.buf = append(w.buf, s...)
	for i := start; i < len(w.buf); i++ {
		if c := w.buf[i]; c == '\r' || c == '\n' {
			w.buf[i] = ' '
		}
	}
	w.buf = append(w.buf, '\r', '\n')
}

// Int appends an integer.
func (w *Writer) Int(n int64) { w.buf = appendHeader(w.buf, ':', n) }

// Bulk appends a bulk string; nil is the empty one (see Null).
func (w *Writer) Bulk(b []byte) {
	w.buf = appendHeader(w.buf, '$', int64(len(b)))
	w.buf = append(w.buf, b...)
	w.buf = append(w.buf, '\r', '\n')
}

// BulkString is Bulk of a string.
func (w *Writer) BulkString(s string) {
	w.buf = appendHeader(w.buf, '$', int64(len(s)))
	w.buf = append(w.buf, s...)
	w.buf = append(w.buf, '\r', '\n')
}

// BulkInt appends an integer as a bulk string, as a GET of a counter does.
func (w *Writer) BulkInt(n int64) {
	var scratch [20]byte
	w.Bulk(strconv.AppendInt(scratch[:0], n, 10))
}

// Null appends the absent value.
func (w *Writer) Null() {
	if w.Protocol == 3 {
		w.buf = append(w.buf, "_\r\n"...)
	} else {
		w.buf = append(w.buf, "$-1\r\n"...)
	}
}

// NullArray appends the absent array, which RESP3 does not tell from Null.
func (w *Writer) NullArray() {
	if w.Protocol == 3 {
		w.buf = append(w.buf, "_\r\n"...)
	} else {
		w.buf = append(w.buf, "*-1\r\n"...)
	}
}

// Array begins an array of n replies.
func (w *Writer) Array(n int) { w.buf = appendHeader(w.buf, '*', int64(n)) }

// Map begins a map: n keys, each followed by its value.
func (w *Writer) Map(n int) { w.buf = w.appendAggregate(w.buf, '%', n) }

// Set begins a set of n replies.
func (w *Writer) Set(n int) { w.buf = w.appendAggregate(w.buf, '~', n) }

// Push begins a message that answers no command, of n replies.
func (w *Writer) Push(n int) { w.buf = w.appendAggregate(w.buf, '>', n) }

// Attribute begins n pairs of attributes of the reply after them. RESP2 has
// none: then nothing is written, and false says to leave the pairs out too.
func (w *Writer) Attribute(n int) bool {
	if w.Protocol != 3 {
		return false
	}
	w.buf = appendHeader(w.buf, '|', int64(n))
	return true
}

func (w *Writer) appendAggregate(dst []byte, kind byte, n int) []byte {
	if w.Protocol != 3 {
		if kind == '%' {
			n *= 2
		}
		kind = '*'
	}
	return appendHeader(dst, kind, int64(n))
}

// Double appends a double in Redis 7.0's spelling, see FormatDouble.
func (w *Writer) Double(f float64) {
	var scratch [32]byte
	w.doubleText(FormatDouble(scratch[:0], f))
}

// HumanDouble appends a double as %.17f without zeros at its end, the way of
// the coordinates of GEOPOS.
func (w *Writer) HumanDouble(f float64) {
	var scratch [64]byte
	w.doubleText(number.AppendHumanDouble(scratch[:0], f))
}

func (w *Writer) doubleText(text []byte) {
	if w.Protocol != 3 {
		w.Bulk(text)
		return
	}
	w.buf = append(w.buf, ',')
	w.buf = append(w.buf, text...)
	w.buf = append(w.buf, '\r', '\n')
}

// Bool appends a boolean; 1 or 0 for RESP2.
func (w *Writer) Bool(b bool) {
	reply := [2]byte{':', '0'}
	if w.Protocol == 3 {
		reply = [2]byte{'#', 'f'}
	}
	if b {
		if w.Protocol == 3 {
			reply[1] = 't'
		} else {
			reply[1] = '1'
		}
	}
	w.buf = append(w.buf, reply[0], reply[1], '\r', '\n')
}

// BigNumber appends an integer of any size, given as its digits.
func (w *Writer) BigNumber(s string) {
	if w.Protocol != 3 {
		w.BulkString(s)
		return
	}
	w.line('(', s)
}

// Verbatim appends a text and its format, three letters such as txt or mkd;
// for RESP2 a bulk string without the format.
func (w *Writer) Verbatim(format, s string) {
	if w.Protocol != 3 {
		w.BulkString(s)
		return
	}
	w.buf = appendHeader(w.buf, '=', int64(len(s)+4))
	for i := range 3 { // exactly three, padded with spaces
		c := byte(' ')
		if i < len(format) {
			c = format[i]
		}
		w.buf = append(w.buf, c)
	}
	w.buf = append(w.buf, ':')
	w.buf = append(w.buf, s...)
	w.buf = append(w.buf, '\r', '\n')
}

// Mark is a place where a header will stand once its count is known.
type Mark int

// Defer marks this place for a header. Marks are set inside out: one that was
// made later is set (or left) before one that was made earlier.
func (w *Writer) Defer() Mark { return Mark(len(w.buf)) }

// SetDeferredArray puts the header of an array of n replies at m.
func (w *Writer) SetDeferredArray(m Mark, n int) { w.insert(m, '*', n) }

// SetDeferredMap puts the header of a map of n pairs at m.
func (w *Writer) SetDeferredMap(m Mark, n int) { w.insert(m, '%', n) }

// SetDeferredSet puts the header of a set of n replies at m.
func (w *Writer) SetDeferredSet(m Mark, n int) { w.insert(m, '~', n) }

// SetDeferredPush puts the header of a push of n replies at m.
func (w *Writer) SetDeferredPush(m Mark, n int) { w.insert(m, '>', n) }

// insert moves what follows the mark by the length of the header. One move of
// memory a reply is far cheaper than counting first.
func (w *Writer) insert(m Mark, kind byte, n int) {
	var scratch [24]byte
	header := w.appendAggregate(scratch[:0], kind, n)
	w.buf = append(w.buf, header...)
	copy(w.buf[int(m)+len(header):], w.buf[m:len(w.buf)-len(header)])
	copy(w.buf[m:], header)
}

// AppendCommand appends a request as clients and the AOF write it: an array
// of bulk strings.
func AppendCommand(dst []byte, args ...[]byte) []byte {
	dst = appendHeader(dst, '*', int64(len(args)))
	for _, arg := range args {
		dst = appendHeader(dst, '$', int64(len(arg)))
		dst = append(dst, arg...)
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// FormatDouble appends f as ZSCORE prints it in Redis 7.0: %.17g of C, so 0.1
// is 0.10000000000000001; inf, -inf, nan.
func FormatDouble(dst []byte, f float64) []byte { return number.AppendDouble(dst, f) }

// appendHeader appends kind, n and a line break.
func appendHeader(dst []byte, kind byte, n int64) []byte {
	switch {
	case 0 <= n && n < 10:
		return append(dst, kind, '0'+byte(n), '\r', '\n')
	case 10 <= n && n < 100:
		return append(dst, kind, '0'+byte(n/10), '0'+byte(n%10), '\r', '\n')
	case 100 <= n && n < 1000:
		return append(dst, kind, '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10), '\r', '\n')
	}
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, '\r', '\n')
}
