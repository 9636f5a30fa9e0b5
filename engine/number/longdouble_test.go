package number

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// exactly is x in a package that knows arithmetic.
func exactly(x LongDouble) *big.Float {
	v := new(big.Float).SetPrec(longDoubleBits).SetUint64(x.mantissa)
	if x.negative {
		v.Neg(v)
	}
	return v.SetMantExp(v, x.exp)
}

func drawLongDouble(t *rapid.T, name string) LongDouble {
	mantissa := rapid.Uint64().Draw(t, name) &^ (1<<rapid.IntRange(0, 63).Draw(t, "zeros") - 1)
	if mantissa == 0 {
		return LongDouble{}
	}
	return LongDouble{mantissa: mantissa | 1<<63, exp: rapid.IntRange(-140, 10).Draw(t, "exponent"), negative: rapid.Bool().Draw(t, "negative")}
}

func TestLongDoublesAreAddedAndPrintedAsMathBigDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawLongDouble(t, "x"), drawLongDouble(t, "y")
		sum, ok := AddLongDouble(x, y)
		if want := new(big.Float).Add(exactly(x), exactly(y)); !ok || exactly(sum).Cmp(want) != 0 {
			t.Fatalf("%v + %v = %v, want %s", x, y, sum, want.Text('p', 0))
		}
		want := strings.TrimRight(strings.TrimRight(exactly(x).Text('f', 17), "0"), ".")
		if want == "-0" {
			want = "0"
		}
		if got := string(AppendLongDouble([]byte("#"), x)); got != "#"+want {
			t.Fatalf("%v was printed as %s, want %s", x, got, want)
		}
	})
}

func TestLongDoublesAreReadAsMathBigDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{0,30}[1-9](\.[0-9]{0,30})?(e[+-]?[0-9]{1,3})?|0x[1-9a-fA-F]{1,20}(\.[0-9a-f]{0,20})?p-?[0-9]{1,4}`).Draw(t, "text")
		got, ok := ParseLongDouble([]byte(text))
		if !ok {
			t.Fatalf("%s is refused", text)
		}
		want, _, err := big.ParseFloat(text, 0, 8000, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		if want.SetPrec(longDoubleBits); exactly(got).Cmp(want) != 0 {
			t.Fatalf("%s was read as %v, want %s", text, got, want.Text('p', 0))
		}
	})
}

// The ends of the range, where precision ends too.
func TestTheSmallestAndLargestLongDoubles(t *testing.T) {
	for _, c := range []struct {
		text string
		want LongDouble // 0: refused
	}{
		{"0x1p-16382", LongDouble{mantissa: 1 << 63, exp: -16445}},
		{"0x1.8p-16445", LongDouble{mantissa: 1 << 63, exp: -16445 - 62}}, // half way goes to even: 2
		{"0x1p-16445", LongDouble{mantissa: 1 << 63, exp: -16445 - 63}},
		{"0x1.00001p-16446", LongDouble{mantissa: 1 << 63, exp: -16445 - 63}},
		{"0x1p-16446", LongDouble{}},
		{"0x1.fffffffffffffffffp-16383", LongDouble{mantissa: 1 << 63, exp: -16445}},
		{"0x1.fffffffffffffffep16383", LongDouble{mantissa: 1<<64 - 1, exp: 16320}},
		{"0x1.ffffffffffffffffp16383", LongDouble{}},
		{"0x1p16384", LongDouble{}},
		{"1e-4950", LongDouble{mantissa: 3 << 62, exp: -16445 - 62}},
		{"1e-4951", LongDouble{}},
		{"1e-5000", LongDouble{}},
		{"1e5000", LongDouble{}},
		{"1" + strings.Repeat("0", 4900) + "e-4900", LongDouble{mantissa: 1 << 63, exp: -63}},
		{"0." + strings.Repeat("0", 4900) + "1e4901", LongDouble{mantissa: 1 << 63, exp: -63}},
	} {
		got, ok := ParseLongDouble([]byte(c.text))
		if ok != (c.want != LongDouble{}) || ok && got != c.want {
			t.Errorf("%.30s was read as %v, %v, want %v", c.text, got, ok, c.want)
		}
	}
}

func TestThousandfold(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "0.1": 100, "0.07": 70, "1": 1000, "0.0001": 1, "0.0011": 2, "1.5e-30": 1, "-1": -1000, "-0.0001": 0,
		"9223372036854775": 9223372036854775000, "123456.789": 123456789, "0.5005": 501, "0x1p-3": 125,
	} {
		x, ok := ParseLongDouble([]byte(text))
		if got, fits := x.Thousandfold(); !ok || !fits || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, fits, want)
		}
	}
	for _, text := range []string{"inf", "1e400", "9223372036854776", "-9223372036854776"} {
		if x, _ := ParseLongDouble([]byte(text)); true {
			if n, fits := x.Thousandfold(); fits {
				t.Errorf("%s fits: %d", text, n)
			}
		}
	}
}
