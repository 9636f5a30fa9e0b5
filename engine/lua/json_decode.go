package lua

import "strconv"

type jsonDecoder struct {
	t     *thread
	c     *jsonConfig
	data  string // read as C does: a NUL ends it
	pos   int
	depth int
	tok   jsonToken
	built int // bytes of what was decoded
}

type jsonKind uint8

const (
	jsonObjectBegin jsonKind = iota
	jsonObjectEnd
	jsonArrayBegin
	jsonArrayEnd
	jsonString
	jsonNumber
	jsonBoolean
	jsonNull
	jsonColon
	jsonComma
	jsonEnd
	jsonError
)

var jsonKindNames = [...]string{
	"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING",
	"T_NUMBER", "T_BOOLEAN", "T_NULL", "T_COLON", "T_COMMA", "T_END",
}

type jsonToken struct {
	kind jsonKind
	at   int
	text string // contents, or what is wrong
	num  float64
}

func jsonDecode(t *thread, args []value, c *jsonConfig) []value {
	if len(args) != 1 {
		t.argError(1, "expected 1 argument")
	}
	s := t.checkString(args, 1)
	if len(s) >= 2 && (s[0] == 0 || s[1] == 0) {
		t.fault("JSON parser does not support UTF-16 or UTF-32")
	}
	t.s.spend(t, len(s)>>8)
	d := &jsonDecoder{t: t, c: c, data: s}
	d.next()
	v := d.value()
	d.next()
	if d.tok.kind != jsonEnd {
		d.refuse("the end")
	}
	return t.one(v)
}

func (d *jsonDecoder) at(i int) byte {
	if i < len(d.data) {
		return d.data[i]
	}
	return 0
}

func (d *jsonDecoder) refuse(expected string) {
	found := d.tok.text
	if d.tok.kind != jsonError {
		found = jsonKindNames[d.tok.kind]
	}
	d.t.fault("Expected " + expected + " but found " + found + " at character " + strconv.Itoa(d.tok.at+1))
}

func (d *jsonDecoder) bad(what string) {
	d.tok = jsonToken{kind: jsonError, at: d.pos, text: what}
}

func (d *jsonDecoder) next() {
	d.t.s.spend(d.t, 1)
	d.built += itemBytes
	d.t.checkSize(d.built)
	for c := d.at(d.pos); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = d.at(d.pos) {
		d.pos++
	}
	d.tok = jsonToken{at: d.pos}
	single := func(k jsonKind) {
		d.tok.kind = k
		d.pos++
	}
	word := func(w string) bool {
		if len(d.data)-d.pos >= len(w) && d.data[d.pos:d.pos+len(w)] == w {
			d.pos += len(w)
			return true
		}
		return false
	}
	switch c := d.at(d.pos); {
	case c == '{':
		single(jsonObjectBegin)
	case c == '}':
		single(jsonObjectEnd)
	case c == '[':
		single(jsonArrayBegin)
	case c == ']':
		single(jsonArrayEnd)
	case c == ',':
		single(jsonComma)
	case c == ':':
		single(jsonColon)
	case c == 0:
		d.tok.kind = jsonEnd
	case c == '"':
		d.string()
	case c == '-' || isDigit(c):
		if d.c.decodeInvalid == 0 && d.invalidNumber() {
			d.bad("invalid number")
			return
		}
		d.number()
	case word("true"):
		d.tok.kind, d.tok.num = jsonBoolean, 1
	case word("false"):
		d.tok.kind = jsonBoolean
	case word("null"):
		d.tok.kind = jsonNull
	case (c == '+' || c|32 == 'i' || c|32 == 'n') && d.c.decodeInvalid != 0 && d.invalidNumber():
		d.number()
	default:
		d.bad("invalid token")
	}
}

func (d *jsonDecoder) number() {
	n, rest, ok := scanFloat(d.data[d.pos:])
	if !ok {
		d.bad("invalid number")
		return
	}
	d.tok.kind, d.tok.num = jsonNumber, n
	d.pos += len(d.data[d.pos:]) - len(rest)
}

// invalidNumber spots what strtod reads but JSON does not have.
func (d *jsonDecoder) invalidNumber() bool {
	i := d.pos
	if d.at(i) == '+' {
		return true
	}
	if d.at(i) == '-' {
		i++
	}
	if d.at(i) == '0' {
		c := d.at(i + 1)
		return c|32 == 'x' || isDigit(c)
	}
	if d.at(i) <= '9' {
		return false
	}
	return prefixFold(d.data[i:], "inf") || prefixFold(d.data[i:], "nan")
}

func (d *jsonDecoder) string() {
	d.pos++
	var out []byte
	for d.at(d.pos) != '"' {
		c := d.at(d.pos)
		if c == 0 {
			d.bad("unexpected end of string")
			return
		}
		if c != '\\' {
			out = append(out, c)
			d.pos++
			continue
		}
		switch e := d.at(d.pos + 1); e {
		case '"', '\\', '/':
			out = append(out, e)
		case 'b':
			out = append(out, '\b')
		case 't':
			out = append(out, '\t')
		case 'n':
			out = append(out, '\n')
		case 'f':
			out = append(out, '\f')
		case 'r':
			out = append(out, '\r')
		case 'u':
			var ok bool
			if out, ok = d.unicode(out); !ok {
				d.bad("invalid unicode escape code")
				return
			}
			continue
		default:
			d.bad("invalid escape code")
			return
		}
		d.pos += 2
	}
	d.pos++
	d.tok.kind, d.tok.text = jsonString, string(out)
	d.t.s.charge(d.t, len(out))
}

func (d *jsonDecoder) hex4(at int) int {
	n := 0
	for i := range 4 {
		c := d.at(at + i)
		if !isHex(c) {
			return -1
		}
		n = n<<4 | hexValue(c)
	}
	return n
}

func (d *jsonDecoder) unicode(out []byte) ([]byte, bool) {
	r := d.hex4(d.pos + 2)
	if r < 0 {
		return out, false
	}
	size := 6
	if r&0xf800 == 0xd800 {
		if r&0x400 != 0 || d.at(d.pos+6) != '\\' || d.at(d.pos+7) != 'u' {
			return out, false
		}
		low := d.hex4(d.pos + 8)
		if low < 0 || low&0xfc00 != 0xdc00 {
			return out, false
		}
		r = (r&0x3ff<<10 | low&0x3ff) + 0x10000
		size = 12
	}
	d.pos += size
	switch {
	case r < 0x80:
		return append(out, byte(r)), true
	case r < 0x800:
		return append(out, 0xc0|byte(r>>6), 0x80|byte(r&63)), true
	case r < 0x10000:
		return append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6&63), 0x80|byte(r&63)), true
	}
	return append(out, 0xf0|byte(r>>18), 0x80|byte(r>>12&63), 0x80|byte(r>>6&63), 0x80|byte(r&63)), true
}

// value turns the current token, and what belongs to it, into a value.
func (d *jsonDecoder) value() value {
	switch d.tok.kind {
	case jsonString:
		return stringValue(d.tok.text)
	case jsonNumber:
		return number(d.tok.num)
	case jsonBoolean:
		return boolean(d.tok.num != 0)
	case jsonNull:
		return value{o: jsonNullValue}
	case jsonObjectBegin:
		return d.object()
	case jsonArrayBegin:
		return d.array()
	}
	d.refuse("value")
	return nilValue
}

func (d *jsonDecoder) descend() {
	d.depth++
	if d.depth > d.c.decodeDepth || d.depth > maxJSONDepth {
		d.t.fault("Found too many nested data structures (" + strconv.Itoa(d.depth) + ") at character " + strconv.Itoa(d.pos))
	}
}

func (d *jsonDecoder) object() value {
	d.descend()
	tb := d.t.s.newTable(0, 0)
	d.next()
	for d.tok.kind != jsonObjectEnd {
		if d.tok.kind != jsonString {
			d.refuse("object key string")
		}
		key := stringValue(d.tok.text)
		d.next()
		if d.tok.kind != jsonColon {
			d.refuse("colon")
		}
		d.next()
		tb.set(key, d.value())
		d.next()
		if d.tok.kind == jsonObjectEnd {
			break
		}
		if d.tok.kind != jsonComma {
			d.refuse("comma or object end")
		}
		d.next()
		if d.tok.kind == jsonObjectEnd {
			d.refuse("object key string")
		}
	}
	d.depth--
	return value{o: tb}
}

func (d *jsonDecoder) array() value {
	d.descend()
	tb := d.t.s.newTable(0, 0)
	d.next()
	if d.tok.kind == jsonArrayEnd {
		d.depth--
		return value{o: tb}
	}
	for i := 1; ; i++ {
		tb.setInt(i, d.value())
		d.next()
		if d.tok.kind == jsonArrayEnd {
			break
		}
		if d.tok.kind != jsonComma {
			d.refuse("comma or array end")
		}
		d.next()
	}
	d.depth--
	return value{o: tb}
}
