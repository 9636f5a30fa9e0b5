package lua

import (
	"strconv"
	"strings"

	"everysec/engine/resp"
)

// maxReplyDepth is how deep a returned table may nest: what is left of the
// 8,000 stack slots Lua gives the conversion, one a level.
const maxReplyDepth = 7994

// reply writes a script's result in the protocol of w. A table that stands in
// many places is written as often: the reply may be as long as what a script
// may hold.
func (s *state) reply(v value, w *resp.Writer, depth int) {
	s.spend(s.main, 1)
	s.main.checkSize(w.Len() - s.replyMark)
	if depth > maxReplyDepth {
		w.Error("ERR reached lua stack limit")
		return
	}
	switch x := v.o.(type) {
	case *str:
		s.spend(s.main, len(x.s)>>8)
		w.BulkString(x.s)
	case boolTag:
		switch {
		case s.protocol == 3:
			w.Bool(v.n != 0)
		case v.n != 0:
			w.Int(1)
		default:
			w.Null()
		}
	case numberTag:
		w.Int(toInt64(v.n))
	case *table:
		s.replyTable(x, w, depth)
	default:
		w.Null()
	}
}

// oneLine makes spaces of line breaks.
func oneLine(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c == '\r' || c == '\n' {
			b[i] = ' '
		}
	}
	return string(b)
}

// trimLine takes the line breaks off an error's end.
func trimLine(s string) string { return strings.TrimRight(s, "\r\n") }

func (s *state) replyTable(tb *table, w *resp.Writer, depth int) {
	if m, ok := tb.getField("err").o.(*str); ok {
		text := trimLine(cString(m.s))
		if depth > 0 {
			s.host.ErrorWithin(text, !tb.getField("ignore_error_stats_update").isNil())
		}
		w.Error(text)
		return
	}
	if m, ok := tb.getField("ok").o.(*str); ok {
		w.SimpleString(cString(m.s))
		return
	}
	if d := tb.getField("double"); d.isNumber() {
		w.Double(d.n)
		return
	}
	if b, ok := tb.getField("big_number").o.(*str); ok {
		w.BigNumber(oneLine(b.s))
		return
	}
	if vt, ok := tb.getField("verbatim_string").o.(*table); ok {
		format, ok1 := vt.getField("format").o.(*str)
		text, ok2 := vt.getField("string").o.(*str)
		if ok1 && ok2 {
			w.Verbatim(cString(format.s), text.s)
			return
		}
	}
	if m, ok := tb.getField("map").o.(*table); ok {
		mark, n := w.Defer(), 0
		for i := 0; ; n++ {
			k, v, next, more := m.at(i)
			if !more {
				break
			}
			s.reply(k, w, depth+4)
			s.reply(v, w, depth+3)
			i = next
		}
		w.SetDeferredMap(mark, n)
		return
	}
	if m, ok := tb.getField("set").o.(*table); ok {
		mark, n := w.Defer(), 0
		for i := 0; ; n++ {
			k, _, next, more := m.at(i)
			if !more {
				break
			}
			s.reply(k, w, depth+3)
			i = next
		}
		w.SetDeferredSet(mark, n)
		return
	}
	mark, n := w.Defer(), 0
	for ; ; n++ {
		v := tb.getInt(n + 1)
		if v.isNil() {
			break
		}
		s.reply(v, w, depth+1)
	}
	w.SetDeferredArray(mark, n)
}

// errorTable is the {err=...} a failed command gives a script.
func (t *thread) errorTable(message string) value {
	tb := t.s.newTable(0, 0)
	tb.setField("err", stringValue(message))
	return value{o: tb}
}

// errorText turns an error as the wire has it, with its '-', into the text of
// the err field: "CODE message", with ERR when there is no code.
func errorText(wire string) string {
	code, message := "ERR", wire
	if rest, ok := strings.CutPrefix(wire, "-"); ok {
		if c, m, ok := strings.Cut(rest, " "); ok {
			code, message = c, m
		} else {
			message = rest
		}
	}
	return cString(code + " " + strings.Trim(message, "\r\n"))
}

// A replyReader turns a command's reply into Lua values.
type replyReader struct {
	t     *thread
	b     []byte
	built int // bytes of tables that no walk sees yet
}

func (r *replyReader) line() []byte {
	for i := 1; i < len(r.b); i++ {
		if r.b[i] == '\r' {
			line := r.b[1:i]
			r.b = r.b[min(i+2, len(r.b)):]
			return line
		}
	}
	line := r.b[min(1, len(r.b)):]
	r.b = nil
	return line
}

func (r *replyReader) bulk(n int) string {
	n = min(n, len(r.b))
	text := string(r.b[:n])
	r.b = r.b[min(n+2, len(r.b)):]
	r.t.s.charge(r.t, n)
	return text
}

// field makes a table with one field.
func (r *replyReader) field(name string, v value) value {
	tb := r.t.s.newTable(0, 0)
	tb.setField(name, v)
	return value{o: tb}
}

func (r *replyReader) value() value {
	if len(r.b) == 0 {
		return nilValue
	}
	r.built += itemBytes
	r.t.checkSize(r.built)
	kind := r.b[0]
	line := r.line()
	n := 0
	switch kind {
	case '$', '*', '%', '~', '=', '|', '>', '!':
		n, _ = strconv.Atoi(string(line))
		n = min(n, len(r.b)) // an element has bytes
	}
	switch kind {
	case ':':
		i, _ := strconv.ParseInt(string(line), 10, 64)
		return number(float64(i))
	case '+':
		return r.field("ok", stringValue(string(line)))
	case '-':
		return r.fail("-" + string(line))
	case '!':
		return r.fail("-" + r.bulk(n))
	case '$':
		if n < 0 {
			return falseValue
		}
		return stringValue(r.bulk(n))
	case '*', '>':
		if n < 0 {
			return falseValue
		}
		tb := r.t.s.newTable(0, 0)
		for i := range n {
			tb.setInt(i+1, r.value())
		}
		return value{o: tb}
	case '_':
		return nilValue
	case '#':
		return boolean(len(line) > 0 && line[0] == 't')
	case ',':
		f, _, _ := scanFloat(string(line))
		return r.field("double", number(f))
	case '(':
		return r.field("big_number", stringValue(string(line)))
	case '=':
		text := r.bulk(n)
		tb := r.t.s.newTable(0, 0)
		if len(text) >= 4 {
			tb.setField("string", stringValue(text[4:]))
			tb.setField("format", stringValue(text[:3]))
		}
		return r.field("verbatim_string", value{o: tb})
	case '%':
		tb := r.t.s.newTable(0, 0)
		for range n {
			k := r.value()
			v := r.value()
			*r.t.rawSlot(tb, k) = v
		}
		return r.field("map", value{o: tb})
	case '~':
		tb := r.t.s.newTable(0, 0)
		for range n {
			*r.t.rawSlot(tb, r.value()) = trueValue
		}
		return r.field("set", value{o: tb})
	case '|':
		for range 2 * n {
			r.value()
		}
		return r.value()
	}
	return nilValue
}

func (r *replyReader) fail(wire string) value {
	v := r.t.errorTable(errorText(wire))
	v.o.(*table).setField("ignore_error_stats_update", trueValue)
	return v
}
