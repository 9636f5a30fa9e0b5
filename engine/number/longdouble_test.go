package number

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// The short ways of reading and printing give what the long ways give.
func TestShortWaysOfLongDoubles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mantissa := rapid.Uint64().Draw(t, "mantissa") &^ (1<<rapid.IntRange(0, 63).Draw(t, "zeros") - 1)
		x := new(big.Float).SetPrec(longDoublePrecision).SetUint64(mantissa)
		x.SetMantExp(x, rapid.IntRange(-140, 10).Draw(t, "exponent"))
		if rapid.Bool().Draw(t, "negative") {
			x.Neg(x)
		}
		if got, ok := appendCommon([]byte("#"), x); ok {
			if want := x.Append([]byte("#"), 'f', 17); string(got) != string(want) {
				t.Fatalf("%s, want %s", got, want)
			}
		}

		text := rapid.StringMatching(`[0-9]{0,10}[1-9]\.[0-9]{0,10}`).Draw(t, "text")
		short, _ := ParseLongDouble([]byte(text))
		long, _ := ParseLongDouble([]byte(text + "00000000000000000000"))
		if short.Cmp(long) != 0 {
			t.Fatalf("%s was read as %s and %s", text, short.Text('p', 0), long.Text('p', 0))
		}
	})
}
