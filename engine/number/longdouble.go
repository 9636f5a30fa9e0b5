package number

import (
	"math/big"
	"math/bits"
	"strconv"
)

// A long double of x86-64 is a big.Float of 64 bits of mantissa whose
// exponent stays in the range below; sums are then rounded as the x87 rounds
// them. Values are made by ParseLongDouble and AddLongDouble only.
const (
	longDoublePrecision = 64
	longDoubleMaxExp    = 16384  // of big.Float: a value is below 2^16384
	longDoubleMinExp    = -16381 // smallest normal value is 2^-16382
	longDoubleMaxLen    = 5 * 1024
)

// ParseLongDouble reads all of b as a long double, as INCRBYFLOAT reads its
// argument: what strtold takes, without leading space, below 5 KiB, and
// neither too large nor so small that it becomes 0. NaN is refused; inf is not.
func ParseLongDouble(b []byte) (*big.Float, bool) {
	if len(b) == 0 || len(b) >= longDoubleMaxLen || isSpace(b[0]) {
		return nil, false
	}
	lit := scanFloat(b)
	if lit.end != len(b) {
		return nil, false
	}
	v := new(big.Float).SetPrec(longDoublePrecision)
	switch lit.kind {
	case litInf:
		return v.SetInf(lit.negative), true
	case litDecimal, litHex:
		if lit.nonzero && !lit.longDouble(v, b) {
			return nil, false
		}
		if lit.negative {
			v.Neg(v)
		}
		return v, true
	}
	return nil, false
}

// AddLongDouble is x+y rounded as a long double; ok is false when the sum is
// an infinity or not a number, which Redis refuses to store.
func AddLongDouble(x, y *big.Float) (sum *big.Float, ok bool) {
	if x.IsInf() || y.IsInf() {
		return nil, false
	}
	sum = new(big.Float).SetPrec(longDoublePrecision).Add(x, y)
	return sum, sum.MantExp(nil) <= longDoubleMaxExp
}

// AppendLongDouble appends x as %.17Lf without the zeros at its end, which is
// how Redis stores and replies with the result of INCRBYFLOAT. An infinity is
// inf or -inf.
func AppendLongDouble(dst []byte, x *big.Float) []byte {
	if x.IsInf() {
		if x.Signbit() {
			return append(dst, "-inf"...)
		}
		return append(dst, "inf"...)
	}
	start := len(dst)
	dst, ok := appendCommon(dst, x)
	if !ok {
		dst = x.Append(dst, 'f', 17)
	}
	return trimZeros(dst, start)
}

// appendCommon appends x as %.17f if it is below 2^64 and not tiny: then 128
// bits are enough for its fraction in units of 10^-17.
func appendCommon(dst []byte, x *big.Float) (_ []byte, ok bool) {
	const unit = 1e17
	exp := x.MantExp(nil)
	if x.Sign() == 0 || exp > 64 || exp <= -64 {
		return dst, false
	}
	var whole big.Float
	mantissa, _ := whole.Abs(whole.SetMantExp(x, longDoublePrecision-exp)).Uint64()
	shift := uint(longDoublePrecision - exp) // x is mantissa / 2^shift, up to its sign
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
	if x.Signbit() {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, integer, 10)
	dst = append(dst, '.')
	width := len(dst) + 17
	dst = strconv.AppendUint(dst, unit+units, 10) // 1 and 17 digits
	dst = append(dst[:width-17], dst[width-16:]...)
	return dst, true
}

// powersOfTen are those that fit in 64 bits.
var powersOfTen = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// longDouble rounds the literal (not 0) into v without its sign. It reports
// false if v would be an infinity or 0.
func (lit *literal) longDouble(v *big.Float, b []byte) bool {
	base := 10
	if lit.kind == litHex {
		base = 16
	}
	digits := make([]byte, 0, lit.mantEnd-lit.mantissa)
	for _, c := range b[lit.mantissa:lit.mantEnd] {
		if c != '.' {
			digits = append(digits, c)
		}
	}
	fraction := max(0, lit.mantEnd-lit.point-1) // digits after the point
	if exp := fraction - lit.exponent; base == 10 && len(digits) <= 19 && exp >= 0 && exp < len(powersOfTen) {
		var num, den big.Float
		mantissa, _ := strconv.ParseUint(string(digits), 10, 64)
		v.Quo(num.SetUint64(mantissa), den.SetUint64(powersOfTen[exp]))
		return true
	}
	m, _ := new(big.Int).SetString(string(digits), base)

	// The value is m * 2^exp2 * 10^exp10, exactly.
	exp2, exp10 := 0, 0
	if lit.kind == litHex {
		exp2 = lit.exponent - 4*fraction
	} else {
		exp10 = lit.exponent - fraction
	}
	if exp10 > longDoubleMaxLen || exp2 > longDoubleMaxExp {
		return false // m is at least 1
	}
	if exp10 < -3*longDoubleMaxLen || exp2 < -10*longDoubleMaxLen {
		return false // m has fewer than 5120 digits
	}
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp10, -exp10))), nil)
	if exp10 > 0 {
		m.Mul(m, ten)
		ten.SetInt64(1)
	}
	num, den := exact(m), exact(ten)
	num.SetMantExp(num, exp2)

	v.SetPrec(longDoublePrecision).Quo(num, den)
	if v.MantExp(nil) > longDoubleMaxExp {
		return false
	}
	// A subnormal has fewer bits; round once, from the exact value.
	if missing := longDoubleMinExp - v.MantExp(nil); missing > 0 {
		bits := longDoublePrecision - missing
		if bits <= 0 {
			return lit.smallest(v, num, den)
		}
		v.SetPrec(uint(bits)).Quo(num, den)
		v.SetPrec(longDoublePrecision)
	}
	return true
}

// smallest decides between 0 and the smallest subnormal, 2^-16445.
func (lit *literal) smallest(v, num, den *big.Float) bool {
	half := new(big.Float).SetMantExp(den, longDoubleMinExp-longDoublePrecision-1)
	if num.Cmp(half) <= 0 {
		return false // half way goes to even, which is 0
	}
	v.SetPrec(longDoublePrecision).SetMantExp(big.NewFloat(1), longDoubleMinExp-longDoublePrecision)
	return true
}

func exact(i *big.Int) *big.Float {
	return new(big.Float).SetPrec(uint(max(i.BitLen(), 1))).SetInt(i)
}
