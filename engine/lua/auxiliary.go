package lua

import (
	"math"
	"strconv"
	"strings"
)

// Argument checks, with the messages of Lua's own libraries. i counts from 1.

func arg(args []value, i int) value {
	if i <= len(args) {
		return args[i-1]
	}
	return nilValue
}

// calledAs says how the running Go function was named by its caller.
func (t *thread) calledAs() (kind, name string) {
	if len(t.frames) < 2 {
		return "", ""
	}
	fr := &t.frames[len(t.frames)-2]
	if fr.cl == nil || fr.pc == 0 {
		return "", ""
	}
	switch fr.cl.p.code[fr.pc-1].op {
	case opCall, opTailCall:
		return fr.cl.p.name(fr.pc-1, 0)
	case opTForLoop:
		return "local", "(for generator)"
	}
	return "", ""
}

func (t *thread) argError(i int, message string) {
	kind, name := t.calledAs()
	if kind == "method" {
		i--
		if i == 0 {
			t.fault("calling '" + name + "' on bad self (" + message + ")")
		}
	}
	if kind == "" {
		name = "?"
	}
	t.fault("bad argument #" + strconv.Itoa(i) + " to '" + name + "' (" + message + ")")
}

func (t *thread) argType(args []value, i int, expected string) {
	got := "no value"
	if i <= len(args) {
		got = args[i-1].typeName()
	}
	t.argError(i, expected+" expected, got "+got)
}

func (t *thread) checkAny(args []value, i int) value {
	if i > len(args) {
		t.argError(i, "value expected")
	}
	return args[i-1]
}

func (t *thread) checkNumber(args []value, i int) float64 {
	v := arg(args, i)
	t.s.weigh(v)
	n, ok := v.toNumber()
	if !ok {
		t.argType(args, i, "number")
	}
	return n
}

func (t *thread) checkInteger(args []value, i int) int64 {
	return toInt64(t.checkNumber(args, i))
}

// checkInt is a C int: the low 32 bits.
func (t *thread) checkInt(args []value, i int) int {
	return int(int32(t.checkInteger(args, i)))
}

func (t *thread) optInteger(args []value, i int, def int64) int64 {
	if arg(args, i).isNil() {
		return def
	}
	return t.checkInteger(args, i)
}

func (t *thread) checkString(args []value, i int) string {
	v := arg(args, i)
	if s, ok := v.o.(*str); ok {
		return s.s
	}
	s, ok := v.toStr()
	if !ok {
		t.argType(args, i, "string")
	}
	return s
}

func (t *thread) checkTable(args []value, i int) *table {
	tb, ok := arg(args, i).o.(*table)
	if !ok {
		t.argType(args, i, "table")
	}
	return tb
}

func (t *thread) checkFunction(args []value, i int) value {
	v := arg(args, i)
	if v.typeName() != "function" {
		t.argType(args, i, "function")
	}
	return v
}

// checkOption finds a string argument in a list; -1 cannot happen.
func (t *thread) checkOption(args []value, i int, options []string) int {
	s := t.checkString(args, i)
	for j, o := range options {
		if o == s {
			return j
		}
	}
	t.argError(i, "invalid option '"+cString(s)+"'")
	return -1
}

// rawSet stores without metamethods, but not in a readonly table.
func (t *thread) rawSet(tb *table, key, v value) {
	if tb.readonly {
		t.runError("Attempt to modify a readonly table")
	}
	*t.rawSlot(tb, key) = v
}

func (t *thread) rawSetInt(tb *table, i int, v value) { t.rawSet(tb, integer(i), v) }

// newString makes a string value, counting its memory.
func (t *thread) newString(s string) value {
	t.s.charge(t, len(s))
	return stringValue(s)
}

// part makes a string of a piece of another, which it does not keep alive
// unless that is short.
func (t *thread) part(whole, piece string) value {
	if len(whole) >= 128 && len(piece) < len(whole) {
		piece = strings.Clone(piece)
	}
	return t.newString(piece)
}

// tostring is the base library's function.
func (t *thread) tostring(v value) value {
	if m := t.metamethod(v, t.s.names.tostring); !m.isNil() {
		return t.call1(m, v)
	}
	switch v.o.(type) {
	case numberTag:
		return stringValue(formatNumber(v.n))
	case *str:
		return v
	case boolTag:
		if v.n != 0 {
			return stringValue("true")
		}
		return stringValue("false")
	case nil:
		return stringValue("nil")
	case *lightUserdata:
		return stringValue("userdata: (nil)")
	}
	// Addresses are invented: there are none to show.
	address := uint64(0x7f0000000000) + uint64(addressOf(v))
	return stringValue(v.typeName() + ": 0x" + strconv.FormatUint(address, 16))
}

func clampInt(n int64) int {
	return int(min(max(n, math.MinInt32), math.MaxInt32))
}
