package lua

import (
	"strings"
)

func (s *state) openString() {
	tb := s.newTable(0, 0)
	s.library(tb, []libFunc{
		{"byte", stringByte},
		{"char", stringChar},
		{"dump", func(t *thread, args []value) []value {
			t.checkFunction(args, 1)
			t.fault("unable to dump given function")
			return nil
		}},
		{"find", func(t *thread, args []value) []value { return stringFind(t, args, true) }},
		{"format", stringFormat},
		{"gfind", stringGmatch}, // its name in Lua 5.0
		{"gmatch", stringGmatch},
		{"gsub", stringGsub},
		{"len", func(t *thread, args []value) []value { return t.one(integer(len(t.checkString(args, 1)))) }},
		{"lower", func(t *thread, args []value) []value {
			return t.one(t.newString(mapBytes(t.checkString(args, 1), 'A', 'Z')))
		}},
		{"match", func(t *thread, args []value) []value { return stringFind(t, args, false) }},
		{"rep", stringRep},
		{"reverse", func(t *thread, args []value) []value {
			b := []byte(t.checkString(args, 1))
			for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
				b[i], b[j] = b[j], b[i]
			}
			return t.one(t.newString(string(b)))
		}},
		{"sub", stringSub},
		{"upper", func(t *thread, args []value) []value {
			return t.one(t.newString(mapBytes(t.checkString(args, 1), 'a', 'z')))
		}},
	})
	s.globals.setField("string", value{o: tb})
	s.stringMeta = s.newTable(0, 1)
	s.stringMeta.setField("__index", value{o: tb})
}

// mapBytes flips the case of the bytes from low to high.
func mapBytes(s string, low, high byte) string {
	b := []byte(s)
	for i, c := range b {
		if c >= low && c <= high {
			b[i] = c ^ 32
		}
	}
	return string(b)
}

// position makes a string index absolute; negative ones count from the end.
func position(i int64, n int) int64 {
	if i < 0 {
		i += int64(n) + 1
	}
	return max(i, 0)
}

func stringSub(t *thread, args []value) []value {
	s := t.checkString(args, 1)
	i := max(position(t.checkInteger(args, 2), len(s)), 1)
	j := min(position(t.optInteger(args, 3, -1), len(s)), int64(len(s)))
	if i > j {
		return t.one(stringValue(""))
	}
	return t.one(t.part(s, s[i-1:j]))
}

func stringByte(t *thread, args []value) []value {
	s := t.checkString(args, 1)
	i := position(t.optInteger(args, 2, 1), len(s))
	j := position(t.optInteger(args, 3, i), len(s))
	i, j = max(i, 1), min(j, int64(len(s)))
	if i > j {
		return nil
	}
	if j-i+1+int64(len(args)) > maxUnpack {
		t.fault("stack overflow (string slice too long)")
	}
	t.out = t.out[:0]
	for ; i <= j; i++ {
		t.out = append(t.out, integer(int(s[i-1])))
	}
	return t.out
}

func stringChar(t *thread, args []value) []value {
	b := make([]byte, len(args))
	for i := range args {
		c := t.checkInt(args, i+1)
		if c < 0 || c > 255 {
			t.argError(i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	return t.one(stringValue(string(b)))
}

func stringRep(t *thread, args []value) []value {
	s := t.checkString(args, 1)
	n := int64(t.checkInt(args, 2))
	if n <= 0 || s == "" {
		return t.one(stringValue(""))
	}
	if int64(len(s)) > maxString/n {
		t.outOfMemory()
	}
	t.s.charge(t, len(s)*int(n))
	return t.one(stringValue(strings.Repeat(s, int(n))))
}

func (t *thread) matcher(src, pat string) *matcher {
	return &matcher{t: t, src: src, pat: pat}
}

func stringFind(t *thread, args []value, find bool) []value {
	s, p := t.checkString(args, 1), t.checkString(args, 2)
	init := position(t.optInteger(args, 3, 1), len(s)) - 1
	at := int(min(max(init, 0), int64(len(s))))
	if find {
		t.s.spend(t, len(p)>>8)
	}
	if find && (arg(args, 4).truthy() || !strings.ContainsAny(p, "^$*+?.([%-")) {
		t.s.spend(t, (len(s)-at)>>8)
		i := strings.Index(s[at:], p)
		if i < 0 {
			return t.one(nilValue)
		}
		return t.two(integer(at+i+1), integer(at+i+len(p)))
	}
	pat, anchored := strings.CutPrefix(p, "^")
	m := t.matcher(s, pat)
	for ; ; at++ {
		m.level = 0
		if e := m.match(at, 0); e >= 0 {
			if !find {
				t.out = m.appendCaptures(t.out[:0], at, e)
				return t.out
			}
			t.out = append(t.out[:0], integer(at+1), integer(e))
			if m.level > 0 {
				t.out = m.appendCaptures(t.out, at, e)
			}
			return t.out
		}
		if at >= len(s) || anchored {
			return t.one(nilValue)
		}
	}
}

func stringGmatch(t *thread, args []value) []value {
	s, p := t.checkString(args, 1), t.checkString(args, 2)
	at := 0
	f := t.s.newGoFunction("", func(t *thread, _ []value) []value {
		m := t.matcher(s, p)
		for ; at <= len(s); at++ {
			m.level = 0
			if e := m.match(at, 0); e >= 0 {
				from := at
				at = e
				if e == from {
					at++
				}
				t.out = m.appendCaptures(t.out[:0], from, e)
				return t.out
			}
		}
		return nil
	})
	f.holds = args[0]
	t.s.kept = true
	return t.one(value{o: f})
}

func stringGsub(t *thread, args []value) []value {
	s, p := t.checkString(args, 1), t.checkString(args, 2)
	repl := arg(args, 3)
	switch repl.typeName() {
	case "number", "string", "function", "table":
	default:
		t.argError(3, "string/function/table expected")
	}
	limit := int64(len(s)) + 1
	if !arg(args, 4).isNil() {
		limit = int64(t.checkInt(args, 4))
	}
	pat, anchored := strings.CutPrefix(p, "^")
	m := t.matcher(s, pat)
	var out []byte
	n := int64(0)
	for at := 0; n < limit; {
		m.level = 0
		e := m.match(at, 0)
		if e >= 0 {
			n++
			before := len(out)
			out = m.replace(out, repl, at, e)
			t.s.charge(t, len(out)-before)
			t.checkSize(len(out))
		}
		switch {
		case e > at:
			at = e
		case at < len(s):
			out = append(out, s[at])
			at++
		default:
			at++
		}
		if at > len(s) || anchored {
			if at < len(s) {
				out = append(out, s[at:]...)
			}
			return t.two(t.newString(string(out)), number(float64(n)))
		}
		if n >= limit {
			out = append(out, s[at:]...)
			return t.two(t.newString(string(out)), number(float64(n)))
		}
	}
	out = append(out, s...)
	return t.two(t.newString(string(out)), number(float64(n)))
}

// replace appends what takes the place of the match src[s:e].
func (m *matcher) replace(out []byte, repl value, s, e int) []byte {
	var v value
	switch repl.o.(type) {
	case *table:
		v = m.t.index(repl, m.captured(0, s, e))
	case *closure, *goFunction:
		v = m.t.call1(repl, m.appendCaptures(nil, s, e)...)
	default:
		text, _ := repl.toStr()
		for i := 0; i < len(text); i++ {
			if text[i] != '%' {
				out = append(out, text[i])
				continue
			}
			i++
			m.t.s.spend(m.t, 1)
			switch {
			case i >= len(text):
				out = append(out, 0) // the byte behind a C string
			case !isDigit(text[i]):
				out = append(out, text[i])
			case text[i] == '0':
				out = append(out, m.src[s:e]...)
				m.t.checkSize(len(out))
			default:
				c, _ := m.captured(int(text[i]-'1'), s, e).toStr()
				out = append(out, c...)
				m.t.checkSize(len(out))
			}
		}
		return out
	}
	if !v.truthy() {
		return append(out, m.src[s:e]...)
	}
	text, ok := v.toStr()
	if !ok {
		m.t.fault("invalid replacement value (a " + v.typeName() + ")")
	}
	return append(out, text...)
}
