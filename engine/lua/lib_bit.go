package lua

import (
	"math"
	"math/bits"
)

// bitArg reduces a number to 32 bits, rounding to even as BitOp does.
func (t *thread) bitArg(args []value, i int) uint32 {
	return uint32(math.Float64bits(t.checkNumber(args, i) + 6755399441055744))
}

func (t *thread) bitResult(b uint32) []value { return t.one(number(float64(int32(b)))) }

func (s *state) openBit() {
	fold := func(op func(a, b uint32) uint32) goFunc {
		return func(t *thread, args []value) []value {
			r := t.bitArg(args, 1)
			for i := 2; i <= len(args); i++ {
				r = op(r, t.bitArg(args, i))
			}
			return t.bitResult(r)
		}
	}
	shift := func(op func(a uint32, n uint) uint32) goFunc {
		return func(t *thread, args []value) []value {
			a := t.bitArg(args, 1)
			return t.bitResult(op(a, uint(t.bitArg(args, 2)&31)))
		}
	}
	tb := s.newTable(0, 0)
	s.library(tb, []libFunc{
		{"tobit", func(t *thread, args []value) []value { return t.bitResult(t.bitArg(args, 1)) }},
		{"bnot", func(t *thread, args []value) []value { return t.bitResult(^t.bitArg(args, 1)) }},
		{"band", fold(func(a, b uint32) uint32 { return a & b })},
		{"bor", fold(func(a, b uint32) uint32 { return a | b })},
		{"bxor", fold(func(a, b uint32) uint32 { return a ^ b })},
		{"lshift", shift(func(a uint32, n uint) uint32 { return a << n })},
		{"rshift", shift(func(a uint32, n uint) uint32 { return a >> n })},
		{"arshift", shift(func(a uint32, n uint) uint32 { return uint32(int32(a) >> n) })},
		{"rol", shift(func(a uint32, n uint) uint32 { return bits.RotateLeft32(a, int(n)) })},
		{"ror", shift(func(a uint32, n uint) uint32 { return bits.RotateLeft32(a, -int(n)) })},
		{"bswap", func(t *thread, args []value) []value { return t.bitResult(bits.ReverseBytes32(t.bitArg(args, 1))) }},
		{"tohex", bitToHex},
	})
	s.globals.setField("bit", value{o: tb})
}

func bitToHex(t *thread, args []value) []value {
	b := t.bitArg(args, 1)
	n := int32(8)
	if len(args) >= 2 {
		n = int32(t.bitArg(args, 2))
	}
	digits := "0123456789abcdef"
	if n < 0 {
		n = -n
		digits = "0123456789ABCDEF"
	}
	if n > 8 || n < 0 {
		n = 8
	}
	out := make([]byte, n)
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = digits[b&15]
		b >>= 4
	}
	return t.one(stringValue(string(out)))
}
