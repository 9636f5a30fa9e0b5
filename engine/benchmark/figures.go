// Package benchmark measures the engine: natively beside a redis-server
// (Native), and inside (BenchmarkEngine). Figures are printed, never tested:
// a machine has bad days, a bar does not.
package benchmark

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Figure is one line of the table.
type Figure struct {
	What  string
	Value float64
	Unit  string
	// Beside is what the same run measured for comparison: redis-server, a
	// bare worker. 0: nothing stands beside it.
	Beside float64
	// Ratio is Value to Beside, taken pair by pair.
	Ratio float64
	// Bar is what Ratio, or Value where nothing stands beside it, is held
	// against; 0: there is none. AtLeast says which side is the good one.
	Bar     float64
	AtLeast bool
	// Median is that of all samples, where Value is the best of them.
	Median float64
	// PerCPU is Value for a second of processor time instead of one of the
	// clock: what a machine that does nothing else would show. 0: not known.
	PerCPU float64
}

func (f Figure) verdict() string {
	v := f.Value
	if f.Beside != 0 {
		v = f.Ratio
	}
	switch {
	case f.Bar == 0:
		return ""
	case f.AtLeast == (v >= f.Bar) || v == f.Bar:
		return "met"
	}
	return "missed"
}

// Print writes the table.
func Print(w io.Writer, figures []Figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tmeasured\tmedian\tper CPU s\tbeside\tratio\tbar\t")
	for _, f := range figures {
		bar := ""
		if f.Bar != 0 {
			bar = "<= " + round(f.Bar)
			if f.AtLeast {
				bar = ">= " + round(f.Bar)
			}
		}
		fmt.Fprintf(t, "%s\t%s %s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.What, round(f.Value), f.Unit,
			unlessZero(f.Median), unlessZero(f.PerCPU), unlessZero(f.Beside), unlessZero(f.Ratio), bar, f.verdict())
	}
	return t.Flush()
}

func unlessZero(v float64) string {
	if v == 0 {
		return ""
	}
	return round(v)
}

// round prints three digits that mean something.
func round(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// Median is the middle one.
func Median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
