package lua

import "strings"

// A libFunc is one library function; libraries are lists, so that tables are
// filled in the same order every time.
type libFunc struct {
	name string
	f    goFunc
}

func (s *state) library(tb *table, list []libFunc) {
	for _, l := range list {
		tb.setFunc(l.name, l.f, s)
	}
}

func (s *state) openLibraries() {
	g := s.globals
	g.setField("_G", value{o: g})
	g.setField("_VERSION", stringValue("Lua 5.1"))
	s.library(g, []libFunc{
		{"assert", baseAssert},
		{"collectgarbage", baseCollectGarbage},
		{"error", baseError},
		{"gcinfo", baseGCInfo},
		{"getmetatable", baseGetMetatable},
		{"loadstring", baseLoadString},
		{"load", baseLoad},
		{"next", baseNext},
		{"pcall", basePcall},
		{"rawequal", baseRawEqual},
		{"rawget", baseRawGet},
		{"rawset", baseRawSet},
		{"select", baseSelect},
		{"setmetatable", baseSetMetatable},
		{"tonumber", baseToNumber},
		{"tostring", baseToString},
		{"type", baseType},
		{"unpack", baseUnpack},
		{"xpcall", baseXpcall},
	})
	nextFunction := g.getField("next")
	g.setFunc("pairs", func(t *thread, args []value) []value {
		tb := t.checkTable(args, 1)
		t.out = append(t.out[:0], nextFunction, value{o: tb}, nilValue)
		return t.out
	}, s)
	step := value{o: s.newGoFunction("", ipairsStep)}
	g.setFunc("ipairs", func(t *thread, args []value) []value {
		tb := t.checkTable(args, 1)
		t.out = append(t.out[:0], step, value{o: tb}, number(0))
		return t.out
	}, s)
	s.openCoroutine()
	s.openTable()
	s.openString()
	s.openMath()
	s.openCJSON()
	s.openStruct()
	s.openCmsgpack()
	s.openBit()
	s.openRedis()
	s.protect()
}

func ipairsStep(t *thread, args []value) []value {
	i := t.checkInt(args, 2) + 1
	tb := t.checkTable(args, 1)
	v := tb.getInt(i)
	if v.isNil() {
		return nil
	}
	return t.two(integer(i), v)
}

func baseAssert(t *thread, args []value) []value {
	if !t.checkAny(args, 1).truthy() {
		message := "assertion failed!"
		if !arg(args, 2).isNil() {
			message = t.checkString(args, 2)
		}
		t.fault(message)
	}
	return args
}

func baseCollectGarbage(t *thread, args []value) []value {
	options := []string{"stop", "restart", "collect", "count", "step", "setpause", "setstepmul"}
	o := 2
	if !arg(args, 1).isNil() {
		o = t.checkOption(args, 1, options)
	}
	t.optInteger(args, 2, 0)
	switch o {
	case 3:
		return t.one(number(float64(t.countMemory()) / 1024))
	case 4:
		return t.one(trueValue)
	case 5, 6:
		return t.one(number(200))
	}
	return t.one(number(0))
}

// countMemory walks all that lives, which takes its time.
func (t *thread) countMemory() int {
	n := t.s.reachable(t)
	t.s.spend(t, n>>6)
	return n
}

func baseGCInfo(t *thread, args []value) []value {
	return t.one(integer(t.countMemory() / 1024))
}

func baseError(t *thread, args []value) []value {
	level := int(t.optInteger(args, 2, 1))
	v := arg(args, 1)
	if s, ok := v.toStr(); ok && level > 0 {
		v = t.newString(t.where(level) + s)
	}
	t.throw(v)
	return nil
}

func baseGetMetatable(t *thread, args []value) []value {
	m := t.metatable(t.checkAny(args, 1))
	if m == nil {
		return t.one(nilValue)
	}
	if p := m.getStr(t.s.names.metatable); !p.isNil() {
		return t.one(p)
	}
	return t.one(value{o: m})
}

func baseSetMetatable(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	var m *table
	switch x := arg(args, 2).o.(type) {
	case *table:
		m = x
	case nil:
		if len(args) < 2 {
			t.argError(2, "nil or table expected")
		}
	default:
		t.argError(2, "nil or table expected")
	}
	if tb.meta != nil && !tb.meta.getStr(t.s.names.metatable).isNil() {
		t.fault("cannot change a protected metatable")
	}
	if tb.readonly {
		t.runError("Attempt to modify a readonly table")
	}
	tb.meta = m
	return t.one(args[0])
}

func baseNext(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	k, v, slots, more, ok := tb.next(arg(args, 2))
	if !ok {
		t.runError("invalid key to 'next'")
	}
	t.s.spend(t, slots>>4)
	if !more {
		return t.one(nilValue)
	}
	return t.two(k, v)
}

// basePcall is Redis's: an error table is given back as its message.
func basePcall(t *thread, args []value) []value {
	if len(args) == 0 {
		return t.two(falseValue, stringValue("attempt to call a nil value"))
	}
	res, err := t.pcall(args[0], args[1:]...)
	if err != nil {
		v := err.v
		if tb, ok := v.o.(*table); ok {
			if m := t.index(value{o: tb}, stringValue("err")); m.isString() || m.isNumber() {
				v = m
			}
		}
		return t.two(falseValue, v)
	}
	return append([]value{trueValue}, res...)
}

func baseXpcall(t *thread, args []value) []value {
	if len(args) < 2 {
		t.argError(2, "value expected")
	}
	res, err := t.pcall(args[0])
	if err == nil {
		return append([]value{trueValue}, res...)
	}
	v, herr := t.pcall(args[1], err.v)
	if herr != nil {
		return t.two(falseValue, stringValue("error in error handling"))
	}
	return t.two(falseValue, arg(v, 1))
}

func baseRawEqual(t *thread, args []value) []value {
	t.checkAny(args, 1)
	t.checkAny(args, 2)
	return t.one(boolean(rawEqual(args[0], args[1])))
}

func baseRawGet(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	return t.one(tb.get(t.checkAny(args, 2)))
}

func baseRawSet(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	t.checkAny(args, 2)
	t.rawSet(tb, args[1], t.checkAny(args, 3))
	return t.one(args[0])
}

func baseSelect(t *thread, args []value) []value {
	if s, ok := arg(args, 1).o.(*str); ok && strings.HasPrefix(s.s, "#") {
		return t.one(integer(len(args) - 1))
	}
	i := t.checkInt(args, 1)
	if i < 0 {
		i = len(args) + i
	} else if i > len(args) {
		i = len(args)
	}
	if i < 1 {
		t.argError(1, "index out of range")
	}
	return args[i:]
}

func baseToNumber(t *thread, args []value) []value {
	base := clampInt(t.optInteger(args, 2, 10))
	if base == 10 {
		t.checkAny(args, 1)
		t.s.weigh(args[0])
		if n, ok := args[0].toNumber(); ok {
			return t.one(number(n))
		}
		return t.one(nilValue)
	}
	s := t.checkString(args, 1)
	if base < 2 || base > 36 {
		t.argError(2, "base out of range")
	}
	t.s.spend(t, len(s)>>8)
	n, ok := parseUnsigned(cString(s), base)
	if !ok {
		return t.one(nilValue)
	}
	return t.one(number(n))
}

// parseUnsigned is strtoul with spaces allowed behind.
func parseUnsigned(s string, base int) (float64, bool) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	negative := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	digit := func(i int) int {
		if i >= len(s) {
			return 99
		}
		switch c := s[i]; {
		case isDigit(c):
			return int(c - '0')
		case isAlpha(c):
			return int(c|32-'a') + 10
		}
		return 99
	}
	if base == 16 && digit(i) == 0 && i+1 < len(s) && s[i+1]|32 == 'x' && digit(i+2) < 16 {
		i += 2
	}
	start := i
	n, overflow := uint64(0), false
	for d := digit(i); d < base; d = digit(i) {
		if n > (1<<64-1-uint64(d))/uint64(base) {
			overflow = true
		}
		n = n*uint64(base) + uint64(d)
		i++
	}
	if i == start {
		return 0, false
	}
	for ; i < len(s); i++ {
		if !isSpace(s[i]) {
			return 0, false
		}
	}
	if overflow {
		n = 1<<64 - 1
	} else if negative {
		n = -n
	}
	return float64(n), true
}

func baseToString(t *thread, args []value) []value {
	return t.one(t.tostring(t.checkAny(args, 1)))
}

func baseType(t *thread, args []value) []value {
	return t.one(stringValue(t.checkAny(args, 1).typeName()))
}

const maxUnpack = 8000 // C stack slots Lua 5.1 grants a function

func baseUnpack(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	i := int64(int32(t.optInteger(args, 2, 1)))
	var e int64
	if arg(args, 3).isNil() {
		e = int64(tb.length())
	} else {
		e = int64(t.checkInt(args, 3))
	}
	if i > e {
		return nil
	}
	n := e - i + 1
	if n+int64(len(args)) > maxUnpack {
		t.fault("too many results to unpack")
	}
	t.s.spend(t, int(n>>2))
	t.out = t.out[:0]
	for ; i <= e; i++ {
		t.out = append(t.out, tb.getInt(int(i)))
	}
	return t.out
}

// chunkName is how messages show the name a chunk was loaded with.
func chunkName(source string) string {
	const size = 80 // Redis's build of Lua; 60 elsewhere
	switch {
	case strings.HasPrefix(source, "="):
		return cString(source[1:min(len(source), size)])
	case strings.HasPrefix(source, "@"):
		name := cString(source[1:])
		if room := size - len(" '...' ") - 1; len(name) > room {
			name = "..." + name[len(name)-room:]
		}
		return name
	}
	source = cString(source)
	line := source
	if i := strings.IndexAny(source, "\n\r"); i >= 0 {
		line = source[:i]
	}
	room := size - len(" [string \"...\"] ") - 1
	if len(line) > room {
		line = line[:room]
	}
	if len(line) < len(source) {
		line += "..."
	}
	return "[string \"" + line + "\"]"
}

// compileChunk turns source text into a function of no upvalues.
func (s *state) compileChunk(text, source string) (*closure, string) {
	chunk := chunkName(source)
	tree, err := parse(text, chunk, s.depth)
	if err != nil {
		return nil, err.message
	}
	p, err := compile(tree, chunk, source)
	if err != nil {
		return nil, err.message
	}
	p.partOf(&chunkText{size: len(text)})
	s.memory.fresh += 4 * len(text)
	return s.newClosure(p), ""
}

func baseLoadString(t *thread, args []value) []value {
	s := t.checkString(args, 1)
	name := s
	if !arg(args, 2).isNil() {
		name = t.checkString(args, 2)
	}
	return t.loaded(s, name)
}

func baseLoad(t *thread, args []value) []value {
	name := "=(load)"
	if !arg(args, 2).isNil() {
		name = t.checkString(args, 2)
	}
	f := t.checkFunction(args, 1)
	var sBuf strings.Builder
	for {
		res, err := t.pcall(f)
		if err != nil {
			return t.two(nilValue, t.handled(err))
		}
		v := arg(res, 1)
		if v.isNil() {
			break
		}
		piece, ok := v.toStr()
		if !ok {
			return t.two(nilValue, t.handled(&luaError{v: stringValue(t.where(1) + "reader function must return a string")}))
		}
		if piece == "" {
			break
		}
		t.s.charge(t, len(piece))
		if sBuf.Len()+len(piece) > maxScript {
			t.outOfMemory()
		}
		sBuf.WriteString(piece)
	}
	return t.loaded(sBuf.String(), name)
}

// handled is what load gives for an error: outside of any pcall Redis's error
// handler has seen it first and made it a table.
func (t *thread) handled(err *luaError) value {
	if text, ok := err.v.toStr(); ok && t.s.guards == 0 {
		return t.errorTable("ERR " + text)
	}
	return err.v
}

const maxScript = 64 << 20

func (t *thread) loaded(text, name string) []value {
	t.s.spend(t, 50+len(text))
	cl, message := t.s.compileChunk(text, name)
	if cl == nil {
		return t.two(nilValue, stringValue(message))
	}
	return t.one(value{o: cl})
}
