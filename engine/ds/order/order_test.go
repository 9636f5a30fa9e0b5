package order_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/order"
)

type pair struct{ key, place int }

func byKey(a, b pair) int { return cmp.Compare(a.key, b.key) }

func TestSortsAsPackageSlicesDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var given []pair
		for i, key := range rapid.SliceOf(rapid.IntRange(0, 9)).Draw(t, "keys") {
			given = append(given, pair{key, i})
		}
		stable := slices.Clone(given)
		order.Stable(stable, byKey)
		want := slices.Clone(given)
		slices.SortStableFunc(want, byKey)
		if !slices.Equal(stable, want) {
			t.Fatalf("Stable(%v) is %v", given, stable)
		}
		sorted := slices.Clone(given)
		order.By(sorted, byKey)
		if !slices.IsSortedFunc(sorted, byKey) {
			t.Fatalf("By(%v) is %v", given, sorted)
		}
		slices.SortFunc(sorted, func(a, b pair) int { return cmp.Compare(a.place, b.place) })
		if !slices.Equal(sorted, given) {
			t.Fatalf("By(%v) lost elements", given)
		}
	})
}

func TestKeysAreSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.String(), rapid.Int()).Draw(t, "map")
		if got, want := order.Keys(m), slices.Sorted(maps.Keys(m)); !slices.Equal(got, want) {
			t.Fatalf("Keys(%v) are %q", m, got)
		}
	})
}
