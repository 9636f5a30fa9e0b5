package lua

import (
	"math"
	"strconv"
	"strings"
)

// A spec is one conversion of a format: %[flags][width][.precision]verb.
type spec struct {
	minus, plus, space, alt, zero bool
	width, precision              int // precision -1: none
}

func stringFormat(t *thread, args []value) []value {
	f := t.checkString(args, 1)
	var out []byte
	n := 1
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			out = append(out, f[i])
			continue
		}
		i++
		if i < len(f) && f[i] == '%' {
			out = append(out, '%')
			continue
		}
		if n++; n > len(args) {
			t.argError(n, "no value")
		}
		sp, next := t.readSpec(f, i)
		i = next
		verb := byte(0)
		if i < len(f) {
			verb = f[i]
		}
		switch verb {
		case 'c':
			c := sp.pad(nil, string([]byte{byte(toInt32(t.checkNumber(args, n)))}))
			out = append(out, cString(string(c))...)
		case 'd', 'i':
			out = sp.integer(out, toInt64(t.checkNumber(args, n)))
		case 'o':
			out = sp.unsigned(out, toUint64(t.checkNumber(args, n)), 8, false)
		case 'u':
			out = sp.unsigned(out, toUint64(t.checkNumber(args, n)), 10, false)
		case 'x', 'X':
			out = sp.unsigned(out, toUint64(t.checkNumber(args, n)), 16, verb == 'X')
		case 'e', 'E', 'f', 'g', 'G':
			out = sp.float(out, t.checkNumber(args, n), verb)
		case 'q':
			out = appendQuoted(out, t.checkString(args, n))
		case 's':
			s := t.checkString(args, n)
			if sp.precision < 0 && len(s) >= 100 {
				out = append(out, s...) // too long to be worth padding
				break
			}
			s = cString(s)
			if sp.precision >= 0 && sp.precision < len(s) {
				s = s[:sp.precision]
			}
			sp.zero = false
			out = sp.pad(out, s)
		default:
			t.fault("invalid option '%" + cString(string([]byte{verb})) + "' to 'format'")
		}
		t.checkSize(len(out))
		t.s.spend(t, 1)
	}
	return t.one(t.newString(string(out)))
}

func (t *thread) readSpec(f string, i int) (sp spec, next int) {
	start := i
	for ; i < len(f) && strings.IndexByte("-+ #0", f[i]) >= 0; i++ {
		switch f[i] {
		case '-':
			sp.minus = true
		case '+':
			sp.plus = true
		case ' ':
			sp.space = true
		case '#':
			sp.alt = true
		case '0':
			sp.zero = true
		}
	}
	if i-start > 5 {
		t.fault("invalid format (repeated flags)")
	}
	digits := func() (n int) {
		for j := 0; j < 2 && i < len(f) && isDigit(f[i]); j++ {
			n = n*10 + int(f[i]-'0')
			i++
		}
		return n
	}
	sp.width = digits()
	sp.precision = -1
	if i < len(f) && f[i] == '.' {
		i++
		sp.precision = digits()
	}
	if i < len(f) && isDigit(f[i]) {
		t.fault("invalid format (width or precision too long)")
	}
	return sp, i
}

// toUint64 is C's cast of a double to unsigned long on x86-64.
func toUint64(n float64) uint64 {
	if n >= 9223372036854775808 {
		if n < 18446744073709551616 {
			return uint64(n)
		}
		return 0
	}
	return uint64(toInt64(n))
}

func (sp *spec) pad(out []byte, s string) []byte {
	n := sp.width - len(s)
	if !sp.minus {
		for ; n > 0; n-- {
			out = append(out, ' ')
		}
	}
	out = append(out, s...)
	for ; n > 0; n-- {
		out = append(out, ' ')
	}
	return out
}

// number pads digits that have a sign or prefix in front.
func (sp *spec) number(out []byte, prefix, digits string, zero bool) []byte {
	if zero && !sp.minus {
		for n := sp.width - len(prefix) - len(digits); n > 0; n-- {
			digits = "0" + digits
		}
	}
	return sp.pad(out, prefix+digits)
}

func (sp *spec) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case sp.plus:
		return "+"
	case sp.space:
		return " "
	}
	return ""
}

// minDigits applies an integer's precision.
func (sp *spec) minDigits(s string) string {
	if sp.precision == 0 && s == "0" {
		return ""
	}
	for len(s) < sp.precision {
		s = "0" + s
	}
	return s
}

func (sp *spec) integer(out []byte, n int64) []byte {
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	return sp.number(out, sp.sign(n < 0), sp.minDigits(strconv.FormatUint(u, 10)), sp.zero && sp.precision < 0)
}

func (sp *spec) unsigned(out []byte, n uint64, base int, upper bool) []byte {
	s := sp.minDigits(strconv.FormatUint(n, base))
	prefix := ""
	if sp.alt {
		switch {
		case base == 16 && n != 0:
			prefix = "0x"
		case base == 8 && !strings.HasPrefix(s, "0"):
			s = "0" + s
		}
	}
	if upper {
		s, prefix = strings.ToUpper(s), strings.ToUpper(prefix)
	}
	return sp.number(out, prefix, s, sp.zero && sp.precision < 0)
}

func (sp *spec) float(out []byte, n float64, verb byte) []byte {
	precision := sp.precision
	if precision < 0 {
		precision = 6
	}
	var b []byte
	finite := !math.IsInf(n, 0) && !math.IsNaN(n)
	a := math.Abs(n)
	switch {
	case !finite:
		b = appendNonFinite(nil, a)
		if math.IsNaN(n) {
			b = []byte("nan")
		}
	case verb == 'f':
		b = strconv.AppendFloat(nil, a, 'f', precision, 64)
	case verb == 'e' || verb == 'E':
		b = strconv.AppendFloat(nil, a, 'e', precision, 64)
	default:
		b = appendG(nil, a, precision, sp.alt)
	}
	s := string(b)
	if sp.alt && finite && !strings.Contains(s, ".") {
		if i := strings.IndexByte(s, 'e'); i >= 0 {
			s = s[:i] + "." + s[i:]
		} else {
			s += "."
		}
	}
	if verb == 'E' || verb == 'G' {
		s = strings.ToUpper(s)
	}
	return sp.number(out, sp.sign(math.Signbit(n)), s, sp.zero && finite)
}

// appendQuoted writes a string so that Lua reads it back.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			out = append(out, '\\', c)
		case '\r':
			out = append(out, `\r`...)
		case 0:
			out = append(out, `\000`...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
