package lua

import (
	"math"
	"strconv"
)

// jsonConfig is what the cjson.encode_* and decode_* functions set. It belongs
// to the Lua world, so a script's choice lasts until SCRIPT FLUSH.
type jsonConfig struct {
	sparseConvert bool
	sparseRatio   int
	sparseSafe    int
	encodeDepth   int
	decodeDepth   int
	precision     int
	keepBuffer    bool
	encodeInvalid int // 0 refuse, 1 write, 2 null
	decodeInvalid int
}

func defaultJSONConfig() jsonConfig {
	return jsonConfig{sparseRatio: 2, sparseSafe: 10, encodeDepth: 1000, decodeDepth: 1000, precision: 14, keepBuffer: true, decodeInvalid: 1}
}

// jsonNullValue is cjson.null.
var jsonNullValue = &lightUserdata{}

// maxJSONDepth bounds what a script may ask for: the host's stack is finite.
const maxJSONDepth = 4000

func (s *state) openCJSON() {
	s.globals.setField("cjson", value{o: s.newCJSON(&s.json)})
}

func (s *state) newCJSON(c *jsonConfig) *table {
	tb := s.newTable(0, 0)
	s.library(tb, []libFunc{
		{"encode", func(t *thread, args []value) []value {
			if len(args) != 1 {
				t.argError(1, "expected 1 argument")
			}
			e := jsonEncoder{t: t, c: c}
			e.value(args[0], 0)
			return t.one(t.newString(string(e.out)))
		}},
		{"decode", func(t *thread, args []value) []value { return jsonDecode(t, args, c) }},
		{"encode_sparse_array", func(t *thread, args []value) []value {
			t.jsonArgs(args, 3)
			t.jsonSwitch(args, &c.sparseConvert)
			t.jsonInteger(args, 2, &c.sparseRatio, 0, math.MaxInt32)
			t.jsonInteger(args, 3, &c.sparseSafe, 0, math.MaxInt32)
			t.out = append(t.out[:0], boolean(c.sparseConvert), integer(c.sparseRatio), integer(c.sparseSafe))
			return t.out
		}},
		{"encode_max_depth", jsonIntegerOption(&c.encodeDepth, 1, math.MaxInt32)},
		{"decode_max_depth", jsonIntegerOption(&c.decodeDepth, 1, math.MaxInt32)},
		{"encode_number_precision", jsonIntegerOption(&c.precision, 1, 14)},
		{"encode_keep_buffer", func(t *thread, args []value) []value {
			t.jsonArgs(args, 1)
			t.jsonSwitch(args, &c.keepBuffer)
			return t.one(boolean(c.keepBuffer))
		}},
		{"encode_invalid_numbers", jsonInvalidOption(&c.encodeInvalid)},
		{"decode_invalid_numbers", jsonInvalidOption(&c.decodeInvalid)},
		{"new", func(t *thread, _ []value) []value {
			fresh := defaultJSONConfig()
			return t.one(value{o: t.s.newCJSON(&fresh)})
		}},
	})
	tb.setField("null", value{o: jsonNullValue})
	tb.setField("_NAME", stringValue("cjson"))
	tb.setField("_VERSION", stringValue("2.1.0"))
	return tb
}

func (t *thread) jsonArgs(args []value, n int) {
	if len(args) > n {
		t.argError(n+1, "found too many arguments")
	}
}

func (t *thread) jsonInteger(args []value, i int, option *int, low, high int) {
	if arg(args, i).isNil() {
		return
	}
	n := t.checkInteger(args, i)
	if n < int64(low) || n > int64(high) {
		t.argError(1, "expected integer between "+strconv.Itoa(low)+" and "+strconv.Itoa(high))
	}
	*option = int(n)
}

func (t *thread) jsonSwitch(args []value, option *bool) {
	v := arg(args, 1)
	if v.isNil() {
		return
	}
	if _, ok := v.o.(boolTag); !ok {
		*option = t.checkOption(args, 1, []string{"off", "on"}) == 1
		return
	}
	*option = v.truthy()
}

func jsonIntegerOption(option *int, low, high int) goFunc {
	return func(t *thread, args []value) []value {
		t.jsonArgs(args, 1)
		t.jsonInteger(args, 1, option, low, high)
		return t.one(integer(*option))
	}
}

func jsonInvalidOption(option *int) goFunc {
	return func(t *thread, args []value) []value {
		t.jsonArgs(args, 1)
		if v := arg(args, 1); !v.isNil() {
			if _, ok := v.o.(boolTag); ok {
				*option = int(v.n)
			} else {
				*option = t.checkOption(args, 1, []string{"off", "on", "null"})
			}
		}
		if *option == 2 {
			return t.one(stringValue("null"))
		}
		return t.one(boolean(*option == 1))
	}
}

type jsonEncoder struct {
	t   *thread
	c   *jsonConfig
	out []byte
}

func (e *jsonEncoder) refuse(v value, reason string) {
	e.t.fault("Cannot serialise " + v.typeName() + ": " + reason)
}

func (e *jsonEncoder) value(v value, depth int) {
	e.t.s.spend(e.t, 1)
	e.t.checkSize(len(e.out))
	switch x := v.o.(type) {
	case *str:
		e.string(x.s)
	case numberTag:
		e.number(v)
	case boolTag:
		if v.n != 0 {
			e.out = append(e.out, "true"...)
		} else {
			e.out = append(e.out, "false"...)
		}
	case *table:
		n := e.arrayLength(x)
		depth++
		if depth > e.c.encodeDepth || depth > maxJSONDepth {
			e.t.fault("Cannot serialise, excessive nesting (" + strconv.Itoa(depth) + ")")
		}
		if n > 0 {
			e.array(x, n, depth)
		} else {
			e.object(x, depth)
		}
	case nil, *lightUserdata:
		e.out = append(e.out, "null"...)
	default:
		e.refuse(v, "type not supported")
	}
}

func (e *jsonEncoder) number(v value) {
	if math.IsInf(v.n, 0) || math.IsNaN(v.n) {
		switch {
		case e.c.encodeInvalid == 0:
			e.refuse(v, "must not be NaN or Inf")
		case e.c.encodeInvalid == 2:
			e.out = append(e.out, "null"...)
			return
		case math.IsNaN(v.n):
			e.out = append(e.out, "nan"...)
			return
		}
	}
	e.out = appendG(e.out, v.n, e.c.precision, false)
}

func (e *jsonEncoder) string(s string) {
	const hex = "0123456789abcdef"
	e.t.s.spend(e.t, len(s)>>6)
	e.out = append(e.out, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\' || c == '/':
			e.out = append(e.out, '\\', c)
		case c >= 32 && c != 127:
			e.out = append(e.out, c)
		case c >= 8 && c <= 13 && c != 11:
			e.out = append(e.out, '\\', "btn?fr"[c-8])
		default:
			e.t.checkSize(len(e.out))
			e.out = append(e.out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	e.out = append(e.out, '"')
}

// arrayLength returns the highest index of a table that is an array, or -1.
func (e *jsonEncoder) arrayLength(tb *table) int {
	highest, items := 0, 0
	for i := 0; ; items++ {
		k, _, next, more := tb.at(i)
		if !more {
			break
		}
		if !k.isNumber() || k.n < 1 || k.n != math.Floor(k.n) {
			return -1
		}
		if k.n > float64(highest) {
			highest = toInt32(k.n)
		}
		i = next
	}
	e.t.s.spend(e.t, items>>3)
	if e.c.sparseRatio > 0 && highest > items*e.c.sparseRatio && highest > e.c.sparseSafe {
		if !e.c.sparseConvert {
			e.refuse(value{o: tb}, "excessively sparse array")
		}
		return -1
	}
	return highest
}

func (e *jsonEncoder) array(tb *table, n, depth int) {
	e.out = append(e.out, '[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.out = append(e.out, ',')
		}
		e.value(tb.getInt(i), depth)
	}
	e.out = append(e.out, ']')
}

func (e *jsonEncoder) object(tb *table, depth int) {
	e.out = append(e.out, '{')
	for i, n := 0, 0; ; n++ {
		k, v, next, more := tb.at(i)
		if !more {
			break
		}
		if n > 0 {
			e.out = append(e.out, ',')
		}
		switch x := k.o.(type) {
		case numberTag:
			e.out = append(e.out, '"')
			e.number(k)
			e.out = append(e.out, '"', ':')
		case *str:
			e.string(x.s)
			e.out = append(e.out, ':')
		default:
			e.refuse(k, "table key must be a number or string")
		}
		e.value(v, depth)
		i = next
	}
	e.out = append(e.out, '}')
}
