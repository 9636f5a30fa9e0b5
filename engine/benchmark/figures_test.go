package benchmark

import (
	"strings"
	"testing"
)

func TestPrintHoldsFiguresAgainstTheirBars(t *testing.T) {
	var out strings.Builder
	err := Print(&out, []Figure{
		{What: "more is better", Value: 2.5, Unit: "M/s", Bar: 2, AtLeast: true},
		{What: "less is better", Value: 31, Unit: "ms", Bar: 30},
		{What: "by ratio", Value: 100, Unit: "ms", Beside: 50, Ratio: 2, Bar: 2.5},
		{What: "no bar", Value: 1, Unit: "s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{"bar", "met", "missed", "met", "s"} {
		if fields := strings.Fields(lines[i]); fields[len(fields)-1] != want {
			t.Errorf("line %q does not end with %q", lines[i], want)
		}
	}
}

func TestParseRate(t *testing.T) {
	got, err := parseRate("\"test\",\"rps\",\"avg_latency_ms\"\n\"SET key:__rand_int__ xxx\",\"123456.78\",\"0.5\"\n")
	if err != nil || got != 123456.78 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parseRate(""); err == nil {
		t.Error("nothing was printed, and a rate was read")
	}
}
