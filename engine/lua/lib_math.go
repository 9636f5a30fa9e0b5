package lua

import "math"

func math1(f func(float64) float64) goFunc {
	return func(t *thread, args []value) []value {
		x := t.checkNumber(args, 1)
		r := f(x)
		if r != r {
			r = x86NaN(x, x, r)
		}
		return t.one(number(r))
	}
}

// mathInverse is for the functions whose NaN has no sign in glibc.
func mathInverse(f func(float64) float64) goFunc {
	return func(t *thread, args []value) []value {
		return t.one(number(f(t.checkNumber(args, 1))))
	}
}

func (s *state) openMath() {
	tb := s.newTable(0, 0)
	s.library(tb, []libFunc{
		{"abs", math1(math.Abs)},
		{"acos", mathInverse(math.Acos)},
		{"asin", mathInverse(math.Asin)},
		{"atan2", func(t *thread, args []value) []value {
			y, x := t.checkNumber(args, 1), t.checkNumber(args, 2)
			return t.one(number(math.Atan2(y, x)))
		}},
		{"atan", math1(math.Atan)},
		{"ceil", math1(math.Ceil)},
		{"cosh", math1(math.Cosh)},
		{"cos", math1(math.Cos)},
		{"deg", math1(func(x float64) float64 { return x / (math.Pi / 180) })},
		{"exp", math1(math.Exp)},
		{"floor", math1(math.Floor)},
		{"fmod", mathFmod},
		{"frexp", func(t *thread, args []value) []value {
			m, e := math.Frexp(t.checkNumber(args, 1))
			return t.two(number(m), integer(e))
		}},
		{"ldexp", func(t *thread, args []value) []value {
			m, e := t.checkNumber(args, 1), t.checkInt(args, 2)
			return t.one(number(math.Ldexp(m, e)))
		}},
		{"log10", math1(math.Log10)},
		{"log", math1(math.Log)},
		{"max", mathExtreme(func(x, best float64) bool { return x > best })},
		{"min", mathExtreme(func(x, best float64) bool { return x < best })},
		{"modf", mathModf},
		{"pow", func(t *thread, args []value) []value {
			x, y := t.checkNumber(args, 1), t.checkNumber(args, 2)
			return t.one(number(arith(opPow, x, y)))
		}},
		{"rad", math1(func(x float64) float64 { return x * (math.Pi / 180) })},
		{"random", mathRandom},
		{"randomseed", func(t *thread, args []value) []value {
			t.s.random.seed(uint32(t.checkInt(args, 1)))
			return nil
		}},
		{"sinh", math1(math.Sinh)},
		{"sin", math1(math.Sin)},
		{"sqrt", math1(math.Sqrt)},
		{"tanh", math1(math.Tanh)},
		{"tan", math1(math.Tan)},
	})
	tb.setField("pi", number(math.Pi))
	tb.setField("huge", number(math.Inf(1)))
	tb.setField("mod", tb.getField("fmod"))
	s.globals.setField("math", value{o: tb})
}

func mathFmod(t *thread, args []value) []value {
	x, y := t.checkNumber(args, 1), t.checkNumber(args, 2)
	r := math.Mod(x, y)
	if r != r {
		r = x86NaN(x, y, r)
	}
	return t.one(number(r))
}

func mathModf(t *thread, args []value) []value {
	x := t.checkNumber(args, 1)
	if math.IsInf(x, 0) {
		return t.two(number(x), number(math.Copysign(0, x)))
	}
	whole := math.Trunc(x)
	return t.two(number(whole), number(math.Copysign(x-whole, x)))
}

func mathExtreme(better func(x, best float64) bool) goFunc {
	return func(t *thread, args []value) []value {
		best := t.checkNumber(args, 1)
		for i := 2; i <= len(args); i++ {
			if x := t.checkNumber(args, i); better(x, best) {
				best = x
			}
		}
		return t.one(number(best))
	}
}

// lrand48 is the 48-bit generator Redis 7.0 gives scripts. Every server starts
// it at the same place; after that only scripts move it, SCRIPT FLUSH included.
type lrand48 struct{ x uint64 }

const (
	lrand48Start = 0x1234abcd330e
	lrand48Max   = 1<<31 - 1
)

func (r *lrand48) seed(n uint32) { r.x = uint64(n)<<16 | 0x330e }

func (r *lrand48) next() int64 {
	r.x = (r.x*0x5deece66d + 0xb) & (1<<48 - 1)
	return int64(r.x >> 17)
}

func mathRandom(t *thread, args []value) []value {
	r := float64(t.s.random.next()%lrand48Max) / lrand48Max
	switch len(args) {
	case 0:
		return t.one(number(r))
	case 1:
		u := t.checkInt(args, 1)
		if u < 1 {
			t.argError(1, "interval is empty")
		}
		return t.one(number(math.Floor(r*float64(u)) + 1))
	case 2:
		l, u := t.checkInt(args, 1), t.checkInt(args, 2)
		if l > u {
			t.argError(2, "interval is empty")
		}
		return t.one(number(math.Floor(r*float64(int32(u-l+1))) + float64(l)))
	}
	t.fault("wrong number of arguments")
	return nil
}
