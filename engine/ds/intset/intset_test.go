package intset

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// An intset behaves as a sorted slice without duplicates, as wide as the
// widest integer it ever had.
func TestIntsetIsASortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		is := New()
		var model []int64
		width := 2
		integer := func(t *rapid.T) int64 {
			bits := rapid.SampledFrom([]int{3, 14, 30, 62}).Draw(t, "bits")
			return rapid.Int64Range(-1<<bits, 1<<bits).Draw(t, "v")
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				v := integer(t)
				i, there := slices.BinarySearch(model, v)
				size := Size(is, v)
				var added bool
				if is, added = Add(is, v); added == there {
					t.Fatalf("Add(%d) = %v", v, added)
				}
				if !there {
					if len(is) != size {
						t.Fatalf("Size(%d) = %d, became %d", v, size, len(is))
					}
					model = slices.Insert(model, i, v)
					width = max(width, widthOf(v))
				}
			},
			"remove": func(t *rapid.T) {
				v := integer(t)
				if len(model) > 0 && rapid.Bool().Draw(t, "there") {
					v = rapid.SampledFrom(model).Draw(t, "member")
				}
				i, there := slices.BinarySearch(model, v)
				var removed bool
				if is, removed = Remove(is, v); removed != there {
					t.Fatalf("Remove(%d) = %v", v, removed)
				}
				if there {
					model = slices.Delete(model, i, i+1)
				}
			},
			"": func(t *rapid.T) {
				if len(model) > 0 {
					if err := Validate(is, true); err != nil {
						t.Fatal(err)
					}
				}
				if Len(is) != len(model) || Width(is) != width {
					t.Fatalf("%d integers of %d bytes, want %d of %d", Len(is), Width(is), len(model), width)
				}
				for i, v := range model {
					if At(is, i) != v || !Find(is, v) {
						t.Fatalf("At(%d) = %d, want %d", i, At(is, i), v)
					}
				}
			},
		})
	})
}
