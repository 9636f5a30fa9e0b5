package lua

import (
	"math"
	"strconv"
)

// A value is one Lua value. Numbers and booleans live in n, everything else is
// a pointer in o, so arithmetic allocates nothing. The zero value is nil.
type value struct {
	o any
	n float64
}

type (
	numberTag struct{}
	boolTag   struct{}
)

// A str is a Lua string with its hash, which is computed when first needed.
type str struct {
	s      string
	h      uint32
	hashed bool
	mark   uint32 // memory.go
}

// A lightUserdata is an opaque address; cjson.null is the only one.
type lightUserdata struct{ _ byte }

// A cell holds a local variable that a closure captured.
type cell struct{ v value }

var (
	nilValue   = value{}
	trueValue  = value{boolTag{}, 1}
	falseValue = value{boolTag{}, 0}
)

func number(n float64) value     { return value{numberTag{}, n} }
func integer(n int) value        { return value{numberTag{}, float64(n)} }
func stringValue(s string) value { return value{o: &str{s: s}} }

func boolean(b bool) value {
	if b {
		return trueValue
	}
	return falseValue
}

func (v value) isNil() bool { return v.o == nil }

func (v value) isNumber() bool {
	_, ok := v.o.(numberTag)
	return ok
}

func (v value) isString() bool {
	_, ok := v.o.(*str)
	return ok
}

func (v value) truthy() bool {
	if v.o == nil {
		return false
	}
	if _, ok := v.o.(boolTag); ok {
		return v.n != 0
	}
	return true
}

// typeName is what type() returns.
func (v value) typeName() string {
	switch v.o.(type) {
	case nil:
		return "nil"
	case numberTag:
		return "number"
	case boolTag:
		return "boolean"
	case *str:
		return "string"
	case *table:
		return "table"
	case *closure, *goFunction:
		return "function"
	case *thread:
		return "thread"
	}
	return "userdata"
}

// hash is the string hash of Redis's Lua 5.1 (seed: the length; every byte
// counts), which fixes the order in which pairs() visits string keys.
func (s *str) hash() uint32 {
	if !s.hashed {
		h := uint32(len(s.s))
		for i := len(s.s) - 1; i >= 0; i-- {
			h ^= h<<5 + h>>2 + uint32(s.s[i])
		}
		s.h, s.hashed = h, true
	}
	return s.h
}

// rawEqual compares without metamethods.
func rawEqual(a, b value) bool {
	switch x := a.o.(type) {
	case numberTag:
		return b.isNumber() && a.n == b.n
	case boolTag:
		_, ok := b.o.(boolTag)
		return ok && a.n == b.n
	case *str:
		y, ok := b.o.(*str)
		return ok && (x == y || x.s == y.s)
	}
	return a.o == b.o
}

// toNumber converts as arithmetic does: numbers and numeric strings.
func (v value) toNumber() (float64, bool) {
	switch x := v.o.(type) {
	case numberTag:
		return v.n, true
	case *str:
		return parseNumber(x.s)
	}
	return 0, false
}

// toStr converts as concatenation does: strings and numbers.
func (v value) toStr() (string, bool) {
	switch x := v.o.(type) {
	case *str:
		return x.s, true
	case numberTag:
		return formatNumber(v.n), true
	}
	return "", false
}

// toInt32 converts as C casts a double to int on x86-64.
func toInt32(n float64) int {
	if n > -2147483649 && n < 2147483648 {
		return int(n)
	}
	return math.MinInt32
}

// toInt64 converts as C casts a double to a 64-bit integer on x86-64.
func toInt64(n float64) int64 {
	if n >= -9223372036854775808 && n < 9223372036854775808 {
		return int64(n)
	}
	return math.MinInt64
}

// formatNumber is printf("%.14g").
func formatNumber(n float64) string {
	if n == math.Trunc(n) && math.Abs(n) < 1e14 && (n != 0 || !math.Signbit(n)) {
		return strconv.FormatInt(int64(n), 10)
	}
	return string(appendG(nil, n, 14, false))
}

// appendNonFinite writes inf and nan as glibc's printf does.
func appendNonFinite(dst []byte, n float64) []byte {
	if math.Signbit(n) {
		dst = append(dst, '-')
	}
	if math.IsInf(n, 0) {
		return append(dst, "inf"...)
	}
	return append(dst, "nan"...)
}

// appendG is printf("%.*g"); keepZeros is the # flag.
func appendG(dst []byte, n float64, precision int, keepZeros bool) []byte {
	if math.IsInf(n, 0) || math.IsNaN(n) {
		return appendNonFinite(dst, n)
	}
	if precision == 0 {
		precision = 1
	}
	// The exponent decides the form, and it must be that of the rounded number.
	var buf [128]byte
	digits := strconv.AppendFloat(buf[:0], n, 'e', precision-1, 64)
	e := len(digits) - 1
	for digits[e] != 'e' {
		e--
	}
	exponent, _ := strconv.Atoi(string(digits[e+1:]))
	if exponent < -4 || exponent >= precision {
		mantissa := digits[:e]
		if !keepZeros {
			mantissa = trimZeros(mantissa)
		}
		dst = append(dst, mantissa...)
		return append(dst, digits[e:]...)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, n, 'f', precision-1-exponent, 64)
	if !keepZeros {
		dst = dst[:start+len(trimZeros(dst[start:]))]
	}
	return dst
}

func trimZeros(b []byte) []byte {
	point := false
	for _, c := range b {
		if c == '.' {
			point = true
		}
	}
	if !point {
		return b
	}
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// parseNumber accepts what C's strtod does, with spaces around; like Lua it
// sees the string only up to its first NUL.
func parseNumber(s string) (float64, bool) {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			s = s[:i]
			break
		}
	}
	n, rest, ok := scanFloat(s)
	if !ok {
		return 0, false
	}
	for i := 0; i < len(rest); i++ {
		if !isSpace(rest[i]) {
			return 0, false
		}
	}
	return n, true
}

// scanFloat is strtod: it returns the number at the start of s and the rest.
func scanFloat(s string) (n float64, rest string, ok bool) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	start := i
	negative := false
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		negative = s[i] == '-'
		i++
	}
	signed := func(n float64) float64 {
		if negative {
			return -n
		}
		return n
	}
	if word := prefixFold(s[i:], "infinity"); word || prefixFold(s[i:], "inf") {
		if word {
			return signed(math.Inf(1)), s[i+8:], true
		}
		return signed(math.Inf(1)), s[i+3:], true
	}
	if prefixFold(s[i:], "nan") {
		i += 3
		if i < len(s) && s[i] == '(' {
			for j := i + 1; j < len(s); j++ {
				if s[j] == ')' {
					i = j + 1
					break
				}
				if !isAlnum(s[j]) && s[j] != '_' {
					break
				}
			}
		}
		return signed(math.Float64frombits(0x7ff8000000000000)), s[i:], true
	}
	if i+1 < len(s) && s[i] == '0' && s[i+1]|32 == 'x' {
		if n, rest, ok := scanHexFloat(s[i+2:]); ok {
			return signed(n), rest, true
		}
		return signed(0), s[i+1:], true
	}
	digits := 0
	for i < len(s) && isDigit(s[i]) {
		i++
		digits++
	}
	if i < len(s) && s[i] == '.' {
		i++
		for i < len(s) && isDigit(s[i]) {
			i++
			digits++
		}
	}
	if digits == 0 {
		return 0, s, false
	}
	if i < len(s) && s[i]|32 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			i = j
		}
	}
	n, _ = strconv.ParseFloat(s[start:i], 64) // out of range: ±Inf or 0, as strtod
	return n, s[i:], true
}

// scanHexFloat reads the digits after "0x", with an optional binary exponent.
func scanHexFloat(s string) (n float64, rest string, ok bool) {
	i, digits, exponent := 0, 0, 0
	var mantissa uint64
	sticky := uint64(0)
	point := false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if !isHex(c) {
			break
		}
		digits++
		if point {
			exponent -= 4
		}
		if mantissa>>58 == 0 {
			mantissa = mantissa<<4 | uint64(hexValue(c))
		} else {
			exponent += 4
			if c != '0' {
				sticky = 1
			}
		}
	}
	if digits == 0 {
		return 0, s, false
	}
	if i < len(s) && s[i]|32 == 'p' {
		j := i + 1
		sign := 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			if s[j] == '-' {
				sign = -1
			}
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			e := 0
			for j < len(s) && isDigit(s[j]) {
				if e < 100000 {
					e = e*10 + int(s[j]-'0')
				}
				j++
			}
			exponent += sign * e
			i = j
		}
	}
	return math.Ldexp(float64(mantissa|sticky), exponent), s[i:], true
}

func hexValue(c byte) int {
	if isDigit(c) {
		return int(c - '0')
	}
	return int(c|32-'a') + 10
}

func isAlpha(c byte) bool { return c|32 >= 'a' && c|32 <= 'z' }
func isAlnum(c byte) bool { return isAlpha(c) || isDigit(c) }

func prefixFold(s, lower string) bool {
	if len(s) < len(lower) {
		return false
	}
	for i := 0; i < len(lower); i++ {
		if s[i]|32 != lower[i] {
			return false
		}
	}
	return true
}
