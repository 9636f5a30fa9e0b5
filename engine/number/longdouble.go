package number

import (
	"math/bits"
	"strconv"
)

// LongDouble is a long double of x86-64: 64 bits of mantissa, rounded as the
// x87 rounds, to the nearest and half way to even. The zero value is 0.
// (math/big could do this, for 30 KB more in the page.)
//
// The value is mantissa * 2^exp; the mantissa's highest bit is set unless the
// value is 0, below the smallest normal value too.
type LongDouble struct {
	mantissa uint64
	exp      int
	negative bool
	infinite bool
}

const (
	longDoubleBits   = 64
	longDoubleMaxExp = 16384  // values are below 2^16384
	longDoubleMinExp = -16381 // the smallest normal value is 2^-16382
	longDoubleMaxLen = 5 * 1024
)

// IsInf reports whether x is an infinity, of either sign.
func (x LongDouble) IsInf() bool { return x.infinite }

// top is the exponent of the first power of two above x, which is not 0.
func (x LongDouble) top() int { return x.exp + longDoubleBits }

// ParseLongDouble reads all of b as a long double, as INCRBYFLOAT reads its
// argument: what strtold takes, without leading space, below 5 KiB, and
// neither too large nor so small that it becomes 0. NaN is refused; inf is not.
func ParseLongDouble(b []byte) (x LongDouble, ok bool) {
	if len(b) == 0 || len(b) >= longDoubleMaxLen || isSpace(b[0]) {
		return x, false
	}
	lit := scanFloat(b)
	if lit.end != len(b) {
		return x, false
	}
	switch lit.kind {
	case litInf:
		x.infinite, ok = true, true
	case litDecimal, litHex:
		ok = true
		if lit.nonzero {
			x, ok = lit.longDouble(b)
		}
	}
	x.negative = lit.negative
	return x, ok
}

// AddLongDouble is x+y rounded as a long double; ok is false when the sum is
// an infinity or not a number, which Redis refuses to store.
func AddLongDouble(x, y LongDouble) (sum LongDouble, ok bool) {
	switch {
	case x.infinite || y.infinite:
		return sum, false
	case x.mantissa == 0 && y.mantissa == 0:
		return LongDouble{negative: x.negative && y.negative}, true
	case x.mantissa == 0:
		return y, true
	case y.mantissa == 0:
		return x, true
	}
	if x.exp < y.exp || x.exp == y.exp && x.mantissa < y.mantissa {
		x, y = y, x
	}
	// y in units of x.exp has 64 bits after the point, and may have more that
	// are not 0.
	high, low, more := y.mantissa, uint64(0), uint64(0)
	switch shift := x.exp - y.exp; {
	case shift < 64:
		high, low = high>>shift, high<<(64-shift)
	case shift < 128:
		high, low, more = 0, high>>(shift-64), min(1, high<<(128-shift))
	default:
		high, more = 0, 1
	}
	if x.negative == y.negative {
		var carry uint64
		high, carry = bits.Add64(x.mantissa, high, 0)
		if carry == 1 {
			more |= low & 1
			low = low>>1 | high<<63
			high = high>>1 | 1<<63
			x.exp++
		}
	} else {
		var borrow uint64
		low, borrow = bits.Sub64(0, low, more)
		high, _ = bits.Sub64(x.mantissa, high, borrow)
		if high == 0 && low == 0 {
			return LongDouble{}, true
		}
		if high == 0 {
			high, low = low, 0
			x.exp -= 64
		}
		shift := bits.LeadingZeros64(high)
		high, low = high<<shift|low>>(64-shift), low<<shift
		x.exp -= shift
	}
	x.mantissa = high
	x.round(low, more)
	return x, x.top() <= longDoubleMaxExp
}

// round takes in what follows the mantissa: the next 64 bits, and whether
// something follows them.
func (x *LongDouble) round(next, more uint64) {
	const half = 1 << 63
	if next > half || next == half && (more != 0 || x.mantissa&1 == 1) {
		x.mantissa++
		if x.mantissa == 0 {
			x.mantissa = half
			x.exp++
		}
	}
}

// AppendLongDouble appends x as %.17Lf without the zeros at its end, which is
// how Redis stores and replies with the result of INCRBYFLOAT. An infinity is
// inf or -inf.
func AppendLongDouble(dst []byte, x LongDouble) []byte {
	zero := x.mantissa == 0 || x.top() <= -64 // 17 digits show nothing of it
	if zero && !x.infinite {
		return append(dst, '0')
	}
	start := len(dst)
	if x.negative {
		dst = append(dst, '-')
	}
	switch {
	case x.infinite:
		return append(dst, "inf"...)
	case x.exp > 0: // no fraction
		return natural{uint32(x.mantissa), uint32(x.mantissa >> 32)}.shift(x.exp).appendDecimal(dst)
	}
	return trimZeros(appendCommon(dst, x.mantissa, uint(-x.exp)), start)
}

// appendCommon appends mantissa / 2^shift as %.17f: 128 bits are enough for
// its fraction in units of 10^-17.
func appendCommon(dst []byte, mantissa uint64, shift uint) []byte {
	const unit = 1e17
	integer, fraction := uint64(0), mantissa
	if shift <= 64 {
		integer = mantissa >> shift
		fraction = mantissa - integer<<shift
	}
	// units + rest/2^64 is fraction * unit / 2^shift; half way goes to even.
	const half = 1 << 63
	high, low := bits.Mul64(fraction, unit)
	var units, rest uint64
	if shift <= 64 {
		units = high<<(64-shift) | low>>shift
		rest = low << (64 - shift)
	} else {
		units = high >> (shift - 64)
		rest = high<<(128-shift) | low>>(shift-64) | min(1, low<<(128-shift))
	}
	if rest > half || rest == half && units&1 == 1 {
		units++
	}
	if units == unit {
		units = 0
		integer++ // cannot overflow: below 2^64 with a fraction is below 2^63
	}
	dst = strconv.AppendUint(dst, integer, 10)
	dst = append(dst, '.')
	width := len(dst) + 17
	dst = strconv.AppendUint(dst, unit+units, 10) // 1 and 17 digits
	return append(dst[:width-17], dst[width-16:]...)
}

// powersOfTen are those that fit in 64 bits.
var powersOfTen = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// longDouble rounds the literal (not 0) without its sign. It reports false if
// that would be an infinity or 0.
func (lit *literal) longDouble(b []byte) (LongDouble, bool) {
	var base uint32 = 10
	if lit.kind == litHex {
		base = 16
	}
	digits := make([]byte, 0, 32)
	for _, c := range b[lit.mantissa:lit.mantEnd] {
		if c != '.' {
			digits = append(digits, c)
		}
	}
	fraction := max(0, lit.mantEnd-lit.point-1) // digits after the point
	if exp := fraction - lit.exponent; base == 10 && len(digits) <= 19 && exp >= 0 && exp < len(powersOfTen) {
		mantissa, _ := strconv.ParseUint(string(digits), 10, 64)
		return quotient64(mantissa, powersOfTen[exp]), true
	}

	// The value is num / den * 2^exp2, exactly.
	exp2, exp10 := 0, 0
	if lit.kind == litHex {
		exp2 = lit.exponent - 4*fraction
	} else {
		exp10 = lit.exponent - fraction
	}
	if exp10 > longDoubleMaxLen || exp2 > longDoubleMaxExp {
		return LongDouble{}, false // num is at least 1
	}
	if exp10 < -3*longDoubleMaxLen || exp2 < -10*longDoubleMaxLen {
		return LongDouble{}, false // num has fewer than 5120 digits
	}
	num, den := parseNatural(digits, base), natural{1}
	if exp10 > 0 {
		num = num.timesPowerOfTen(exp10)
	} else {
		den = den.timesPowerOfTen(-exp10)
	}
	return quotient(num, den, exp2)
}

// quotient64 is num / den, neither of them 0.
func quotient64(num, den uint64) LongDouble {
	n, d := bits.LeadingZeros64(num), bits.LeadingZeros64(den)
	x := LongDouble{exp: d - n - 64}
	num <<= n
	den <<= d
	high, low := num, uint64(0)
	if num >= den {
		high, low = num>>1, num<<63
		x.exp++
	}
	var rest uint64
	x.mantissa, rest = bits.Div64(high, low, den)
	// Twice the rest against den, in units of half.
	next := uint64(0)
	if rest > den-rest {
		next = 1<<63 + 1
	} else if rest == den-rest {
		next = 1 << 63
	}
	x.round(next, 0)
	return x
}

// quotient is num / den * 2^exp2, none of them 0, by long division. It reports
// false if that would be an infinity or 0. num and den are used up.
func quotient(num, den natural, exp2 int) (LongDouble, bool) {
	// Let num / den be from 1 to below 2.
	s := num.bitLen() - den.bitLen()
	num, den = num.shift(max(0, -s)), den.shift(max(0, s))
	if num.compare(den) < 0 {
		num = num.shift(1)
		s--
	}
	top := s + exp2 + 1
	precision := longDoubleBits
	if missing := longDoubleMinExp - top; missing > 0 { // a subnormal has fewer bits
		if precision -= missing; precision < 0 {
			return LongDouble{}, false
		}
	}
	var q uint64
	for range precision {
		q <<= 1
		if num.compare(den) >= 0 {
			num.subtract(den)
			q |= 1
		}
		num = num.shift(1)
	}
	x := LongDouble{mantissa: q, exp: top - precision}
	if half := num.compare(den); half > 0 || half == 0 && q&1 == 1 {
		x.mantissa++
		if x.mantissa == 0 && precision == longDoubleBits {
			x.mantissa = 1 << 63
			x.exp++
		}
	}
	if x.mantissa == 0 {
		return x, false
	}
	shift := bits.LeadingZeros64(x.mantissa)
	x.mantissa <<= shift
	x.exp -= shift
	return x, x.top() <= longDoubleMaxExp
}

// Thousandfold is 1000 times x, rounded as a long double and then up to an
// integer: seconds as milliseconds. ok is false where int64 ends.
func (x LongDouble) Thousandfold() (n int64, ok bool) {
	if x.infinite {
		return 0, false
	}
	if x.mantissa == 0 {
		return 0, true
	}
	high, low := bits.Mul64(x.mantissa, 1000)
	shift := bits.LeadingZeros64(high)
	x.mantissa = high<<shift | low>>(64-shift)
	x.exp += 64 - shift
	x.round(low<<shift, 0)
	switch {
	case x.exp >= 0:
		return 0, false
	case x.exp <= -64:
		n, x.mantissa = 0, 1
	default:
		n = int64(x.mantissa >> -x.exp)
		x.mantissa &= 1<<-x.exp - 1
	}
	if x.negative {
		return -n, true
	}
	if x.mantissa != 0 {
		n++
	}
	return n, n >= 0
}
