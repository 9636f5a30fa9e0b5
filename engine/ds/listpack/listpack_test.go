package listpack

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// value draws strings of every encoding, integers often among them.
func value(t *rapid.T) []byte {
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return strconv.AppendInt(nil, rapid.Int64().Draw(t, "int"), 10)
	case 1:
		return strconv.AppendInt(nil, rapid.Int64Range(-5000, 5000).Draw(t, "small"), 10)
	case 2:
		return make([]byte, rapid.SampledFrom([]int{63, 64, 4095, 4096, 20000}).Draw(t, "length"))
	default:
		return []byte(rapid.StringN(0, 20, 100).Draw(t, "text"))
	}
}

// A listpack behaves as a slice of strings, and is valid after every change.
func TestListpackIsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lp := New()
		var model []string
		pick := func() (index, pos int) {
			if len(model) == 0 {
				t.Skip("empty")
			}
			index = rapid.IntRange(0, len(model)-1).Draw(t, "index")
			if rapid.Bool().Draw(t, "from the end") {
				return index, Seek(lp, index-len(model))
			}
			return index, Seek(lp, index)
		}
		put := func(i int, v []byte) {
			model = append(model[:i], append([]string{string(v)}, model[i:]...)...)
		}
		t.Repeat(map[string]func(*rapid.T){
			"append":  func(t *rapid.T) { v := value(t); lp = Append(lp, v); put(len(model), v) },
			"prepend": func(t *rapid.T) { v := value(t); lp = Prepend(lp, v); put(0, v) },
			"insert before": func(t *rapid.T) {
				i, pos := pick()
				v := value(t)
				lp = InsertBefore(lp, pos, v)
				put(i, v)
			},
			"insert after": func(t *rapid.T) {
				i, pos := pick()
				v := value(t)
				lp = InsertAfter(lp, pos, v)
				put(i+1, v)
			},
			"replace": func(t *rapid.T) {
				i, pos := pick()
				v := value(t)
				lp = Replace(lp, pos, v)
				model[i] = string(v)
			},
			"delete": func(t *rapid.T) {
				i, pos := pick()
				lp = Delete(lp, pos)
				model = append(model[:i], model[i+1:]...)
			},
			"delete range": func(t *rapid.T) {
				i, _ := pick()
				n := rapid.IntRange(0, 5).Draw(t, "n")
				index := i
				if rapid.Bool().Draw(t, "negative") {
					index -= len(model)
				}
				lp = DeleteRange(lp, index, n)
				model = append(model[:i], model[min(i+n, len(model)):]...)
			},
			"merge": func(t *rapid.T) {
				other := New()
				for range rapid.IntRange(0, 3).Draw(t, "n") {
					v := value(t)
					other = Append(other, v)
					put(len(model), v)
				}
				lp = Merge(lp, other)
			},
			"find": func(t *rapid.T) {
				i, pos := pick()
				found := Find(lp, First(lp), []byte(model[i]), 0)
				if found < 0 || found > pos || !Equal(lp, found, []byte(model[i])) {
					t.Fatalf("Find(%q) = %d, it is at %d", model[i], found, pos)
				}
			},
			"": func(t *rapid.T) {
				if err := Validate(lp, true); err != nil {
					t.Fatal(err)
				}
				if Len(lp) != len(model) {
					t.Fatalf("Len = %d, want %d", Len(lp), len(model))
				}
				i := 0
				for pos := First(lp); pos >= 0; pos = Next(lp, pos) {
					if got := GetString(lp, pos, nil); string(got) != model[i] {
						t.Fatalf("entry %d is %q, want %q", i, got, model[i])
					}
					i++
				}
				if i != len(model) {
					t.Fatalf("%d entries forwards, want %d", i, len(model))
				}
				for pos := Last(lp); pos >= 0; pos = Prev(lp, pos) {
					i--
					if got := GetString(lp, pos, nil); string(got) != model[i] {
						t.Fatalf("entry %d is %q backwards, want %q", i, got, model[i])
					}
				}
				if i != 0 {
					t.Fatalf("%d entries missed backwards", i)
				}
			},
		})
	})
}
