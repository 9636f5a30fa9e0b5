package lua

import (
	"math"
	"strconv"
)

const maxPackDepth = 16 // tables nested deeper are packed as nil

func (s *state) openCmsgpack() {
	tb := s.newTable(0, 0)
	s.library(tb, []libFunc{
		{"pack", msgPack},
		{"unpack", func(t *thread, args []value) []value { return t.msgUnpack(args, 0, 0) }},
		{"unpack_one", func(t *thread, args []value) []value {
			offset := t.optInteger(args, 2, 0)
			return t.msgUnpack(args, 1, offset)
		}},
		{"unpack_limit", func(t *thread, args []value) []value {
			limit := t.checkInteger(args, 2)
			offset := t.optInteger(args, 3, 0)
			return t.msgUnpack(args, limit, offset)
		}},
	})
	tb.setField("_NAME", stringValue("cmsgpack"))
	tb.setField("_VERSION", stringValue("lua-cmsgpack 0.4.0"))
	tb.setField("_COPYRIGHT", stringValue("Copyright (C) 2012, Salvatore Sanfilippo"))
	tb.setField("_DESCRIPTION", stringValue("MessagePack C implementation for Lua"))
	s.globals.setField("cmsgpack", value{o: tb})
}

func msgPack(t *thread, args []value) []value {
	if len(args) == 0 {
		t.argError(0, "MessagePack pack needs input.")
	}
	var out []byte
	for _, v := range args {
		out = t.packValue(out, v, 0)
	}
	return t.one(t.newString(string(out)))
}

func (t *thread) packValue(out []byte, v value, depth int) []byte {
	t.s.spend(t, 1)
	t.checkSize(len(out))
	switch x := v.o.(type) {
	case *str:
		n := len(x.s)
		switch {
		case n < 32:
			out = append(out, 0xa0|byte(n))
		case n <= 0xff:
			out = append(out, 0xd9, byte(n))
		case n <= 0xffff:
			out = appendBigEndian(append(out, 0xda), uint64(n), 2)
		default:
			out = appendBigEndian(append(out, 0xdb), uint64(n), 4)
		}
		return append(out, x.s...)
	case boolTag:
		if v.n != 0 {
			return append(out, 0xc3)
		}
		return append(out, 0xc2)
	case numberTag:
		return packNumber(out, v.n)
	case *table:
		if depth < maxPackDepth {
			return t.packTable(out, x, depth)
		}
	}
	return append(out, 0xc0)
}

func packNumber(out []byte, n float64) []byte {
	i := toInt64(n)
	if math.IsInf(n, 0) || float64(i) != n {
		if f := float32(n); float64(f) == n {
			return appendBigEndian(append(out, 0xca), uint64(math.Float32bits(f)), 4)
		}
		return appendBigEndian(append(out, 0xcb), math.Float64bits(n), 8)
	}
	switch {
	case i >= 0 && i <= 127 || i < 0 && i >= -32:
		return append(out, byte(i))
	case i >= 0 && i <= 0xff:
		return append(out, 0xcc, byte(i))
	case i >= 0 && i <= 0xffff:
		return appendBigEndian(append(out, 0xcd), uint64(i), 2)
	case i >= 0 && i <= 0xffffffff:
		return appendBigEndian(append(out, 0xce), uint64(i), 4)
	case i >= 0:
		return appendBigEndian(append(out, 0xcf), uint64(i), 8)
	case i >= -128:
		return append(out, 0xd0, byte(i))
	case i >= -32768:
		return appendBigEndian(append(out, 0xd1), uint64(i), 2)
	case i >= -2147483648:
		return appendBigEndian(append(out, 0xd2), uint64(i), 4)
	}
	return appendBigEndian(append(out, 0xd3), uint64(i), 8)
}

func packCount(out []byte, n int, fixed, b16 byte) []byte {
	switch {
	case n <= 15:
		return append(out, fixed|byte(n))
	case n <= 0xffff:
		return appendBigEndian(append(out, b16), uint64(n), 2)
	}
	return appendBigEndian(append(out, b16+1), uint64(n), 4)
}

// packTable writes an array when the keys are exactly 1 to n.
func (t *thread) packTable(out []byte, tb *table, depth int) []byte {
	count, highest, array := 0, 0.0, true
	for i := 0; ; count++ {
		k, _, next, more := tb.at(i)
		if !more {
			break
		}
		if !k.isNumber() || k.n <= 0 || float64(toInt32(k.n)) != k.n {
			array = false
		}
		highest = max(highest, k.n)
		i = next
	}
	t.s.spend(t, count)
	if array && highest == float64(count) {
		n := tb.length()
		out = packCount(out, n, 0x90, 0xdc)
		for i := 1; i <= n; i++ {
			out = t.packValue(out, t.index(value{o: tb}, integer(i)), depth+1)
		}
		return out
	}
	out = packCount(out, count, 0x80, 0xde)
	for i := 0; ; {
		k, v, next, more := tb.at(i)
		if !more {
			return out
		}
		out = t.packValue(out, k, depth+1)
		out = t.packValue(out, v, depth+1)
		i = next
	}
}

// msgUnpack reads all values, or with a limit at most so many and where to go
// on (-1: at the end).
func (t *thread) msgUnpack(args []value, limit, offset int64) []value {
	s := t.checkString(args, 1)
	all := limit == 0 && offset == 0
	switch {
	case limit < 0 || offset < 0:
		t.fault("Invalid request to unpack with offset of " + strconv.Itoa(int(int32(offset))) + " and limit of " + strconv.Itoa(len(s)) + ".")
	case offset > int64(len(s)):
		t.fault("Start offset " + strconv.Itoa(int(int32(offset))) + " greater than input length " + strconv.Itoa(len(s)) + ".")
	}
	if all {
		limit = math.MaxInt32
	}
	r := &msgReader{t: t, b: s[offset:]}
	var out []value
	for n := int64(0); len(r.b) > 0 && n < limit; n++ {
		out = append(out, r.value(0))
		if len(out) >= maxUnpack {
			t.fault("stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)")
		}
	}
	if all {
		return out
	}
	at := len(s) - len(r.b)
	if len(r.b) == 0 {
		at = -1
	}
	return append([]value{integer(at)}, out...)
}

type msgReader struct {
	t     *thread
	b     string
	built int
}

func (r *msgReader) take(n int) string {
	if len(r.b) < n {
		r.t.fault("Missing bytes in input.")
	}
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}

// uint reads n bytes, the first the most significant.
func (r *msgReader) uint(n int) uint64 {
	u := uint64(0)
	for _, c := range []byte(r.take(n)) {
		u = u<<8 | uint64(c)
	}
	return u
}

const maxUnpackDepth = 3000

func (r *msgReader) value(depth int) value {
	r.t.s.spend(r.t, 1)
	r.built += itemBytes
	r.t.checkSize(r.built)
	if depth > maxUnpackDepth {
		r.t.fault("stack overflow (in function mp_decode_to_lua_array)")
	}
	whole := r.b
	c := r.take(1)[0]
	switch {
	case c < 0x80:
		return integer(int(c))
	case c >= 0xe0:
		return integer(int(int8(c)))
	case c>>5 == 5:
		return r.t.part(whole, r.take(int(c&31)))
	case c>>4 == 9:
		return r.array(int(c&15), depth)
	case c>>4 == 8:
		return r.hash(int(c&15), depth)
	}
	switch c {
	case 0xc0:
		return nilValue
	case 0xc2:
		return falseValue
	case 0xc3:
		return trueValue
	case 0xca:
		return number(float64(math.Float32frombits(uint32(r.uint(4)))))
	case 0xcb:
		return number(math.Float64frombits(r.uint(8)))
	case 0xcc, 0xcd, 0xce, 0xcf:
		return number(float64(r.uint(1 << (c - 0xcc))))
	case 0xd0:
		return number(float64(int8(r.uint(1))))
	case 0xd1:
		return number(float64(int16(r.uint(2))))
	case 0xd2:
		return number(float64(int32(r.uint(4))))
	case 0xd3:
		return number(float64(int64(r.uint(8))))
	case 0xd9, 0xda, 0xdb:
		return r.t.part(whole, r.take(int(r.uint(1<<(c-0xd9)))))
	case 0xdc, 0xdd:
		return r.array(int(r.uint(2<<(c-0xdc))), depth)
	case 0xde, 0xdf:
		return r.hash(int(r.uint(2<<(c-0xde))), depth)
	}
	r.b = whole
	r.t.fault("Bad data format in input.")
	return nilValue
}

func (r *msgReader) array(n, depth int) value {
	tb := r.t.s.newTable(0, 0)
	for i := range n {
		tb.setInt(i+1, r.value(depth+1))
	}
	return value{o: tb}
}

func (r *msgReader) hash(n, depth int) value {
	tb := r.t.s.newTable(0, 0)
	for range n {
		k := r.value(depth + 1)
		v := r.value(depth + 1)
		*r.t.rawSlot(tb, k) = v
	}
	return value{o: tb}
}

// appendBigEndian appends the low n bytes of u, the first the most significant.
func appendBigEndian(dst []byte, u uint64, n int) []byte {
	for n--; n >= 0; n-- {
		dst = append(dst, byte(u>>(8*n)))
	}
	return dst
}
