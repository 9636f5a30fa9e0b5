package number

import (
	"math"
	"strconv"
)

type literalKind uint8

const (
	litNone literalKind = iota
	litDecimal
	litHex
	litInf
	litNaN
)

// literal is the shape of a floating point number in a text, as strtod and
// strtold see it. Positions are in the scanned text.
type literal struct {
	kind     literalKind
	negative bool
	nonzero  bool // a digit of the mantissa is not 0
	mantissa int  // first digit (or point); for hexadecimal after "0x"
	mantEnd  int  // after the last digit or point
	point    int  // position of the point; mantEnd if there is none
	exponent int  // as written after e or p, cut to +-1<<28
	end      int  // after the whole number; 0 for litNone
}

const exponentLimit = 1 << 28

// scanFloat finds the longest number at the start of b.
func scanFloat(b []byte) literal {
	var lit literal
	i := 0
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		lit.negative = b[i] == '-'
		i++
	}
	if hasFold(b[i:], "inf") {
		lit.kind, lit.end = litInf, i+3
		if hasFold(b[i+3:], "inity") {
			lit.end += len("inity")
		}
		return lit
	}
	if hasFold(b[i:], "nan") {
		lit.kind, lit.end = litNaN, i+3
		lit.end += nanPayload(b[i+3:])
		return lit
	}
	if hasFold(b[i:], "0x") && lit.digits(b, i+2, isHexDigit) {
		lit.kind = litHex
		lit.scanExponent(b, 'p')
		return lit
	}
	if lit.digits(b, i, isDigit) {
		lit.kind = litDecimal
		lit.scanExponent(b, 'e')
		return lit
	}
	return literal{}
}

// digits scans a mantissa from i and reports whether it has a digit.
func (lit *literal) digits(b []byte, i int, digit func(byte) bool) bool {
	lit.mantissa, lit.point, lit.nonzero = i, -1, false
	found := false
	for ; i < len(b); i++ {
		if b[i] == '.' && lit.point < 0 {
			lit.point = i
		} else if digit(b[i]) {
			found = true
			lit.nonzero = lit.nonzero || b[i] != '0'
		} else {
			break
		}
	}
	lit.mantEnd, lit.end = i, i
	if lit.point < 0 {
		lit.point = i
	}
	return found
}

// scanExponent takes an exponent after the mantissa if it is complete.
func (lit *literal) scanExponent(b []byte, letter byte) {
	i := lit.mantEnd
	if i >= len(b) || b[i]|0x20 != letter {
		return
	}
	i++
	negative := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	if i >= len(b) || !isDigit(b[i]) {
		return
	}
	e := 0
	for ; i < len(b) && isDigit(b[i]); i++ {
		if e < exponentLimit/10 {
			e = e*10 + int(b[i]-'0')
		}
	}
	if negative {
		e = -e
	}
	lit.exponent, lit.end = e, i
}

// double is the value rounded to a double; inRange is false if it became an
// infinity, or 0 although the text is not.
func (lit *literal) double(b []byte) (v float64, inRange bool) {
	switch lit.kind {
	case litInf:
		v = math.Inf(1)
		if lit.negative {
			v = math.Inf(-1)
		}
		return v, true
	case litNaN:
		return math.NaN(), true
	case litDecimal:
		v, _ = strconv.ParseFloat(string(b[lit.mantissa:lit.end]), 64)
	case litHex:
		text := append(make([]byte, 0, 64), "0x"...)
		text = append(text, b[lit.mantissa:lit.end]...)
		if lit.end == lit.mantEnd { // Go wants an exponent, C does not
			text = append(text, "p0"...)
		}
		v, _ = strconv.ParseFloat(string(text), 64)
	}
	inRange = !math.IsInf(v, 0) && (v != 0 || !lit.nonzero)
	if lit.negative {
		v = -v
	}
	return v, inRange
}

// nanPayload is the length of the "(letters)" that may follow nan.
func nanPayload(b []byte) int {
	if len(b) == 0 || b[0] != '(' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		c := b[i]
		switch {
		case c == ')':
			return i + 1
		case isDigit(c), c|0x20 >= 'a' && c|0x20 <= 'z', c == '_':
		default:
			return 0
		}
	}
	return 0
}

func hasFold(b []byte, lower string) bool {
	if len(b) < len(lower) {
		return false
	}
	for i := range len(lower) {
		if b[i] != lower[i] && b[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c-'0' < 10 }

func isHexDigit(c byte) bool { return c-'0' < 10 || (c|0x20)-'a' < 6 }
