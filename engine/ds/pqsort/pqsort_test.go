package pqsort

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestTheWantedPartIsSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.IntRange(0, rapid.SampledFrom([]int{1, 5, 1000}).Draw(t, "values")), 1, 200).Draw(t, "a")
		first := rapid.IntRange(0, len(a)-1).Draw(t, "first")
		last := rapid.IntRange(first, len(a)-1).Draw(t, "last")
		want := slices.Sorted(slices.Values(a))
		Sort(a, cmp.Compare[int], first, last)
		if !slices.Equal(a[first:last+1], want[first:last+1]) {
			t.Fatalf("from %d to %d: %v, want %v", first, last, a[first:last+1], want[first:last+1])
		}
		slices.Sort(a)
		if !slices.Equal(a, want) {
			t.Fatal("elements got lost")
		}
	})
}
