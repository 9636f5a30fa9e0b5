package intset

import (
	"math/rand/v2"
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

// Known bytes: little endian, and wider when it must be.
func TestEncodings(t *testing.T) {
	is := New()
	for _, c := range []struct {
		v    int64
		want string
	}{
		{5, "\x02\x00\x00\x00\x01\x00\x00\x00\x05\x00"},
		{-1, "\x02\x00\x00\x00\x02\x00\x00\x00\xff\xff\x05\x00"},
		{-1, "\x02\x00\x00\x00\x02\x00\x00\x00\xff\xff\x05\x00"},
		{1 << 15, "\x04\x00\x00\x00\x03\x00\x00\x00\xff\xff\xff\xff\x05\x00\x00\x00\x00\x80\x00\x00"},
		{-1 << 31, "\x04\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x80\xff\xff\xff\xff\x05\x00\x00\x00\x00\x80\x00\x00"},
	} {
		if is, _ = Add(is, c.v); string(is) != c.want {
			t.Errorf("after %d: %q, want %q", c.v, is, c.want)
		}
	}
	if Min(is) != -1<<31 || Max(is) != 1<<15 {
		t.Errorf("from %d to %d", Min(is), Max(is))
	}
}

func TestRandomReachesEveryInteger(t *testing.T) {
	is := New()
	for v := range int64(5) {
		is, _ = Add(is, v*v)
	}
	r := rand.New(rand.NewPCG(3, 4))
	seen := map[int64]int{}
	for range 1000 {
		seen[Random(is, r)]++
	}
	for v := range int64(5) {
		if seen[v*v] < 120 {
			t.Errorf("%d came %d times of 1000", v*v, seen[v*v])
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	for is, want := range map[string]string{
		"\x02\x00\x00\x00\x00\x00\x00":                     "intset: 7 bytes are too few",
		"\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00":     "intset: integers of 3 bytes",
		"\x02\x00\x00\x00\x00\x00\x00\x00":                 "intset: no integers",
		"\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00":         "intset: 2 integers of 2 bytes are not 10 bytes",
		"\x08\x00\x00\x00\x01\x00\x00\x20":                 "intset: 536870913 integers of 8 bytes are not 8 bytes",
		"\x02\x00\x00\x00\x02\x00\x00\x00\x02\x00\x02\x00": "intset: offset 10: integers out of order",
		"\x02\x00\x00\x00\x02\x00\x00\x00\x00\x00\xff\xff": "intset: offset 10: integers out of order",
	} {
		if err := Validate([]byte(is), true); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", is, err, want)
		}
	}
}

// What Validate lets through can be searched and changed.
func FuzzValidate(f *testing.F) {
	is := New()
	for _, v := range []int64{1, -1, 40000, -3000000000} {
		is, _ = Add(is, v)
		f.Add(append([]byte(nil), is...))
	}
	f.Fuzz(func(t *testing.T, is []byte) {
		_ = Validate(is, false)
		if Validate(is, true) != nil {
			return
		}
		is = append([]byte(nil), is...)
		for i := range Len(is) {
			if !Find(is, At(is, i)) {
				t.Fatalf("%d is not found", At(is, i))
			}
		}
		is, _ = Add(is, 1<<40)
		for Len(is) > 0 {
			var removed bool
			if is, removed = Remove(is, At(is, Len(is)/2)); !removed {
				t.Fatal("not removed")
			}
		}
	})
}
