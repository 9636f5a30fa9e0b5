// Package number reads and writes numbers with the rules of a Redis 7.0
// built on Linux x86-64, so that "is this an integer?" and "how is this score
// printed?" have one answer everywhere.
//
// Three families, because Redis has three:
//   - integers are read strictly: one spelling per value, so that a string is
//     stored as an integer only if printing the integer gives the string back;
//   - doubles (scores, timeouts, coordinates) are read by C's strtod and
//     printed with %.17g;
//   - the increments of INCRBYFLOAT and HINCRBYFLOAT are x87 long doubles
//     (64 bits of mantissa), printed with %.17Lf; see longdouble.go.
package number

import (
	"bytes"
	"math"
	"strconv"
)

// maxIntLen is the length of the longest integer, "-9223372036854775808".
const maxIntLen = 20

// ParseInt reads a signed integer as Redis's string2ll: no space, no plus
// sign, no leading zero, no "-0", nothing after the last digit.
func ParseInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > maxIntLen {
		return 0, false
	}
	digits := b
	negative := b[0] == '-'
	if negative {
		digits = b[1:]
		if len(digits) == 0 {
			return 0, false
		}
	}
	if digits[0] == '0' {
		return 0, len(b) == 1
	}
	var v uint64
	if len(digits) < maxIntLen-1 { // cannot overflow
		for _, c := range digits {
			c -= '0'
			if c > 9 {
				return 0, false
			}
			v = v*10 + uint64(c)
		}
	} else {
		for _, c := range digits {
			c -= '0'
			if c > 9 || v > (math.MaxUint64-uint64(c))/10 {
				return 0, false
			}
			v = v*10 + uint64(c)
		}
	}
	if negative {
		if v > 1<<63 {
			return 0, false
		}
		return int64(-v), true
	}
	if v > math.MaxInt64 {
		return 0, false
	}
	return int64(v), true
}

// ParseUint reads an unsigned integer as Redis's string2ull: the spellings of
// ParseInt that are not negative, then whatever C's strtoull takes to its end.
// That second chance also takes leading spaces, zeros and signs ("-01" is
// 18446744073709551615), as Redis does. A NUL byte ends the text.
func ParseUint(b []byte) (uint64, bool) {
	if nul := bytes.IndexByte(b, 0); nul >= 0 {
		b = b[:nul]
	}
	if v, ok := ParseInt(b); ok {
		return uint64(v), v >= 0
	}
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	var v uint64
	for _, c := range b {
		c -= '0'
		if c > 9 || v > (math.MaxUint64-uint64(c))/10 {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	if negative {
		v = -v
	}
	return v, true
}

// ParseDouble reads all of b as a double, as Redis reads a score: what strtod
// takes (decimal, hexadecimal, inf, infinity), without leading space, and
// neither too large nor so small that it becomes 0. NaN is refused.
func ParseDouble(b []byte) (float64, bool) {
	if v, ok := smallInt(b); ok {
		return v, true
	}
	if len(b) == 0 || isSpace(b[0]) {
		return 0, false
	}
	lit := scanFloat(b)
	if lit.end != len(b) || lit.kind == litNaN {
		return 0, false
	}
	v, inRange := lit.double(b)
	return v, inRange
}

// Strtod reads the longest prefix of b that C's strtod takes, and returns how
// long it is; 0 when there is none. Unlike ParseDouble it takes leading space,
// NaN, and values out of range (they become an infinity or 0).
func Strtod(b []byte) (v float64, n int) {
	lit := scanFloat(b)
	if lit.kind == litNone {
		return 0, 0
	}
	v, _ = lit.double(b)
	return v, lit.end
}

// DoubleToInt is f as an integer if it is one and at most 2^62 away from 0. Such
// a score is stored in a listpack as an integer (and -0 as 0); every other
// one as the text of AppendDouble.
func DoubleToInt(f float64) (int64, bool) {
	if !(f >= -1<<62 && f <= 1<<62) || f != math.Trunc(f) {
		return 0, false
	}
	return int64(f), true
}

// smallInt is the fast way for what most scores are. -0 must not come here.
func smallInt(b []byte) (float64, bool) {
	if len(b) == 0 || len(b) > 15 || b[0] == '-' {
		return 0, false
	}
	var v int64
	for _, c := range b {
		c -= '0'
		if c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	return float64(v), true
}

// AppendDouble appends f as C's %.17g, which is how Redis 7.0 replies with
// a double and stores a score in a listpack; infinities are inf and -inf.
func AppendDouble(dst []byte, f float64) []byte {
	switch {
	case f > -1e15 && f < 1e15 && f == math.Trunc(f) && (f != 0 || !math.Signbit(f)):
		return strconv.AppendInt(dst, int64(f), 10)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case f != f && math.Signbit(f): // a script can make one
		return append(dst, "-nan"...)
	case f != f:
		return append(dst, "nan"...)
	}
	return strconv.AppendFloat(dst, f, 'g', 17, 64)
}

// AppendHumanDouble appends f as %.17f without the zeros at its end, which is
// how Redis replies with a coordinate (GEOPOS).
func AppendHumanDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case f != f:
		return append(dst, "nan"...)
	}
	start := len(dst)
	return trimZeros(strconv.AppendFloat(dst, f, 'f', 17, 64), start)
}

// trimZeros takes the zeros off the end of the fraction that begins somewhere
// after start, the point too if nothing follows it, and the sign of -0.
func trimZeros(b []byte, start int) []byte {
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	if string(b[start:]) == "-0" {
		b = append(b[:start], '0')
	}
	return b
}

func isSpace(c byte) bool {
	return c == ' ' || c-'\t' < 5 // \t \n \v \f \r
}
