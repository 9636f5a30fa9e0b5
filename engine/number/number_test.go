package number_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/number"
)

// recorded returns the lines of a file of testdata, which a real server gave
// when -redis was set: fields between tabs, each a Go string literal.
func recorded(t *testing.T, name string, record func(c *redisClient, line func(fields ...string))) [][]string {
	name = "testdata/" + name
	if *redisAddress != "" {
		var out bytes.Buffer
		c := dialRedis(t)
		c.do("CONFIG", "SET", "zset-max-listpack-entries", "0") // a listpack would make 0 of -0
		record(c, func(fields ...string) {
			for i, f := range fields {
				if i > 0 {
					out.WriteByte('\t')
				}
				out.WriteString(strconv.Quote(f))
			}
			out.WriteByte('\n')
		})
		if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var lines [][]string
	for in := bufio.NewScanner(file); in.Scan(); {
		var fields []string
		for _, f := range strings.Split(in.Text(), "\t") {
			s, err := strconv.Unquote(f)
			if err != nil {
				t.Fatalf("%s: %q: %v", name, f, err)
			}
			fields = append(fields, s)
		}
		lines = append(lines, fields)
	}
	if len(lines) < 100 {
		t.Fatalf("%s: only %d lines", name, len(lines))
	}
	return lines
}

// randomDouble draws among the shapes that scores have, and among all bits.
func randomDouble(r *rand.Rand) float64 {
	switch r.IntN(6) {
	case 0:
		return float64(r.Int64N(1<<r.IntN(62)+1)) * float64(1-2*r.IntN(2))
	case 1:
		return float64(r.Int64N(100000)) / 100
	case 2:
		return r.Float64()
	case 3:
		return math.Ldexp(1, r.IntN(2100)-1074)
	case 4:
		return math.Pow10(r.IntN(40)-20) * float64(r.IntN(100))
	}
	for {
		if f := math.Float64frombits(r.Uint64()); f-f == 0 {
			return f
		}
	}
}

func TestDoublesPrintAsZSCOREDoes(t *testing.T) {
	lines := recorded(t, "zscore", func(c *redisClient, line func(...string)) {
		r := rand.New(rand.NewPCG(7, 0))
		c.do("DEL", "z")
		for range 1500 {
			hex := strconv.FormatFloat(randomDouble(r), 'x', -1, 64)
			c.do("ZADD", "z", hex, "m")
			line(hex, string(c.do("ZSCORE", "z", "m").Str))
		}
	})
	for _, f := range lines {
		v, ok := number.ParseDouble([]byte(f[0]))
		if got := string(number.AppendDouble(nil, v)); !ok || got != f[1] {
			t.Errorf("%s: printed as %s (%v), want %s", f[0], got, ok, f[1])
		}
		back, ok := number.ParseDouble([]byte(f[1]))
		if !ok || back != v {
			t.Errorf("%s: read back as %v (%v)", f[1], back, ok)
		}
	}
}

func TestDoublesAddAsZINCRBYDoes(t *testing.T) {
	lines := recorded(t, "zincrby", func(c *redisClient, line func(...string)) {
		r := rand.New(rand.NewPCG(7, 1))
		for range 500 {
			a := strconv.FormatFloat(randomDouble(r), 'g', -1, 64)
			b := strconv.FormatFloat(randomDouble(r), 'g', -1, 64)
			c.do("DEL", "z")
			c.do("ZADD", "z", a, "m")
			line(a, b, string(c.do("ZINCRBY", "z", b, "m").Str))
		}
	})
	for _, f := range lines {
		a, _ := number.ParseDouble([]byte(f[0]))
		b, _ := number.ParseDouble([]byte(f[1]))
		if got := string(number.AppendDouble(nil, a+b)); got != f[2] {
			t.Errorf("%s + %s = %s, want %s", f[0], f[1], got, f[2])
		}
	}
}

// numberText draws what could be a number, and what only looks like one.
func numberText(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		const pieces = "0|1|9|00|-|+|.|e|E|e5|e-3|x|0x|p|p3|f|inf|INFINITY|nan|nan(a)| |\t|\x00|_|99999999999999999999|e400|e-400|e4932|e-4950|1844674407370955161"
		all := strings.Split(pieces, "|")
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(all[r.IntN(len(all))])
		}
		return b.String()
	}
	edges := []*big.Int{big.NewInt(0), big.NewInt(1 << 52), big.NewInt(math.MaxInt32), big.NewInt(math.MaxInt64), new(big.Int).SetUint64(math.MaxUint64)}
	n := new(big.Int).Add(edges[r.IntN(len(edges))], big.NewInt(int64(r.IntN(7)-3)))
	if r.IntN(2) == 0 {
		n.Neg(n)
	}
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf("%s.%d", n, r.IntN(1000))
	case 1:
		return fmt.Sprintf("%se%d", n, r.IntN(700)-350)
	case 2:
		return "0x" + n.Text(16) + "p" + strconv.Itoa(r.IntN(40)-20)
	}
	return n.String()
}

// Each text was given to the commands that read a number each in its own way.
func TestTextsAreNumbersWhenRedisSaysSo(t *testing.T) {
	const refused = "refused"
	lines := recorded(t, "texts", func(c *redisClient, line func(...string)) {
		r := rand.New(rand.NewPCG(7, 2))
		for range 1500 {
			s := numberText(r)
			c.do("FLUSHDB")
			integer, unsigned, double, long := refused, refused, refused, refused
			if c.do("SET", "k", "0"); !c.do("INCRBY", "k", s).IsError() {
				integer = string(c.do("GET", "k").Str)
			}
			if v := c.do("XADD", "x", "1-"+s, "f", "v"); !v.IsError() {
				unsigned = strings.TrimPrefix(string(v.Str), "1-")
			}
			if !c.do("ZADD", "z", s, "m").IsError() {
				double = string(c.do("ZSCORE", "z", "m").Str)
			}
			if v := c.do("INCRBYFLOAT", "f", s); !v.IsError() {
				long = string(v.Str)
			} else if strings.Contains(string(v.Str), "NaN or Infinity") {
				long = "infinite"
			}
			line(s, integer, unsigned, double, long)
		}
	})
	for _, f := range lines {
		s := []byte(f[0])
		integer, unsigned, double, long := refused, refused, refused, refused
		if v, ok := number.ParseInt(s); ok {
			integer = strconv.FormatInt(v, 10)
		}
		if v, ok := number.ParseUint(s); ok {
			unsigned = strconv.FormatUint(v, 10)
		}
		if v, ok := number.ParseDouble(s); ok {
			double = string(number.AppendDouble(nil, v))
		}
		if v, ok := number.ParseLongDouble(s); ok {
			long = "infinite"
			if sum, ok := number.AddLongDouble(number.LongDouble{}, v); ok {
				long = string(number.AppendLongDouble(nil, sum))
			}
		}
		got := []string{integer, unsigned, double, long}
		for i, reader := range []string{"INCRBY", "XADD", "ZADD", "INCRBYFLOAT"} {
			if got[i] != f[i+1] {
				t.Errorf("%q for %s: %s, want %s", f[0], reader, got[i], f[i+1])
			}
		}
	}
}

func TestLongDoublesAddAsINCRBYFLOATDoes(t *testing.T) {
	lines := recorded(t, "incrbyfloat", func(c *redisClient, line func(...string)) {
		r := rand.New(rand.NewPCG(7, 3))
		text := func() string {
			switch r.IntN(4) {
			case 0: // more digits than fit
				return fmt.Sprintf("%d.%d%d", r.IntN(1000)-500, r.Uint64(), r.Uint64())
			case 1:
				return fmt.Sprintf("%de%d", r.Int64()-r.Int64(), r.IntN(60)-40)
			case 2:
				return fmt.Sprintf("0x%x.%xp%d", r.Uint64(), r.Uint64(), r.IntN(40)-60)
			}
			return strconv.FormatFloat(float64(r.IntN(20000)-10000)/100, 'f', -1, 64)
		}
		for range 1500 {
			a, b := text(), text()
			c.do("DEL", "f")
			c.do("SET", "f", a)
			line(a, b, string(c.do("INCRBYFLOAT", "f", b).Str))
		}
		for _, e := range []int{4900, 4931, 4932} { // around the largest
			for _, m := range []string{"1", "1.18973149535723176502", "1.18973149535723176508", "-9"} {
				a, b := fmt.Sprintf("%se%d", m, e), fmt.Sprintf("%se%d", "1.18", e)
				c.do("DEL", "f")
				c.do("SET", "f", a)
				line(a, b, string(c.do("INCRBYFLOAT", "f", b).Str))
			}
		}
	})
	for _, f := range lines {
		var got string
		a, okA := number.ParseLongDouble([]byte(f[0]))
		b, okB := number.ParseLongDouble([]byte(f[1]))
		if !okA || !okB {
			got = "ERR value is not a valid float"
		} else if sum, ok := number.AddLongDouble(a, b); !ok {
			got = "ERR increment would produce NaN or Infinity"
		} else {
			got = string(number.AppendLongDouble(nil, sum))
		}
		if got != f[2] {
			t.Errorf("%s + %s = %s, want %s", f[0], f[1], got, f[2])
		}
	}
}

func TestCoordinatesPrintAsGEOPOSDoes(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{
		{13.36138933897018433, "13.36138933897018433"},
		{38.11555639549629859, "38.11555639549629859"},
		{1, "1"},
		{-0.5, "-0.5"},
		{-1e-30, "0"},
		{1e22, "10000000000000000000000"},
		{math.Inf(1), "inf"},
	} {
		if got := string(number.AppendHumanDouble(nil, c.f)); got != c.want {
			t.Errorf("%g: %s, want %s", c.f, got, c.want)
		}
	}
}

func TestStrtodTakesTheLongestPrefix(t *testing.T) {
	for _, c := range []struct {
		text string
		v    float64
		n    int
	}{
		{"", 0, 0},
		{"x", 0, 0},
		{" \t12abc", 12, 4},
		{"1e", 1, 1},
		{"1e+", 1, 1},
		{"1e+2", 100, 4},
		{"0x", 0, 1},
		{"0xg", 0, 1},
		{"0x1p", 1, 3},
		{"0x.8p1z", 1, 6},
		{"-infinit", math.Inf(-1), 4},
		{"Infinity", math.Inf(1), 8},
		{"nan(12", math.NaN(), 3},
		{"nan(12)", math.NaN(), 7},
		{"1e400", math.Inf(1), 5},
		{"-1e-400", math.Copysign(0, -1), 7},
		{".", 0, 0},
		{"-.5.", -.5, 3},
	} {
		v, n := number.Strtod([]byte(c.text))
		if n != c.n || math.Float64bits(v) != math.Float64bits(c.v) && (v == v || c.v == c.v) {
			t.Errorf("Strtod(%q) = %v, %d, want %v, %d", c.text, v, n, c.v, c.n)
		}
	}
}

// Common numbers are read and printed without garbage.
func TestNumbersAllocateNothing(t *testing.T) {
	dst := make([]byte, 0, 64)
	inputs := [][]byte{[]byte("12345"), []byte("3.14159"), []byte("-1e100"), []byte("9223372036854775807")}
	allocations := testing.AllocsPerRun(100, func() {
		for _, b := range inputs {
			number.ParseInt(b)
			v, _ := number.ParseDouble(b)
			dst = number.AppendDouble(dst[:0], v)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestScoresAreStoredAsIntegers(t *testing.T) {
	for _, c := range []struct {
		f    float64
		n    int64
		want bool
	}{
		{0, 0, true},
		{math.Copysign(0, -1), 0, true},
		{-5, -5, true},
		{0.5, 0, false},
		{1e18, 1e18, true},
		{1 << 62, 1 << 62, true},
		{-1 << 62, -1 << 62, true},
		{math.Nextafter(1<<62, math.Inf(1)), 0, false},
		{math.Inf(1), 0, false},
		{math.NaN(), 0, false},
	} {
		if n, ok := number.DoubleToInt(c.f); n != c.n || ok != c.want {
			t.Errorf("%g: %d, %v", c.f, n, ok)
		}
	}
}

// What can be read as a long double can be printed and read again.
func FuzzLongDouble(f *testing.F) {
	for _, s := range []string{"1", "-1.5e10", "0x1.8p-3", "inf", "1e4932", "3e-4951", "0.000000000000000001"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		number.ParseUint(b)
		number.Strtod(b)
		v, ok := number.ParseLongDouble(b)
		if !ok {
			return
		}
		text := number.AppendLongDouble(nil, v)
		if _, ok := number.ParseLongDouble(text); !ok && len(text) < 5000 {
			t.Fatalf("%q was printed as %q, which is refused", b, text)
		}
	})
}

func BenchmarkIncrByFloat(b *testing.B) {
	dst := make([]byte, 0, 64)
	b.ReportAllocs()
	for range b.N {
		x, _ := number.ParseLongDouble([]byte("12345.67"))
		y, _ := number.ParseLongDouble([]byte("0.1"))
		sum, _ := number.AddLongDouble(x, y)
		dst = number.AppendLongDouble(dst[:0], sum)
	}
}
