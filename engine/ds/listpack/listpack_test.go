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

// Known bytes of every encoding; the header says 6 bytes, the end one.
func TestEncodings(t *testing.T) {
	for _, c := range []struct {
		value string
		entry string // with its length at the end
	}{
		{"0", "\x00\x01"},
		{"127", "\x7f\x01"},
		{"128", "\xc0\x80\x02"},
		{"-1", "\xdf\xff\x02"},
		{"4095", "\xcf\xff\x02"},
		{"-4096", "\xd0\x00\x02"},
		{"4096", "\xf1\x00\x10\x03"},
		{"-32768", "\xf1\x00\x80\x03"},
		{"32768", "\xf2\x00\x80\x00\x04"},
		{"-8388608", "\xf2\x00\x00\x80\x04"},
		{"8388608", "\xf3\x00\x00\x80\x00\x05"},
		{"-2147483648", "\xf3\x00\x00\x00\x80\x05"},
		{"2147483648", "\xf4\x00\x00\x00\x80\x00\x00\x00\x00\x09"},
		{"-9223372036854775808", "\xf4\x00\x00\x00\x00\x00\x00\x00\x80\x09"},
		{"", "\x80\x01"},
		{"a", "\x81a\x02"},
		{"01", "\x8201\x03"},
		{"9223372036854775808", "\x939223372036854775808\x14"},
	} {
		lp := Append(New(), []byte(c.value))
		if got := string(lp[headerSize : len(lp)-1]); got != c.entry {
			t.Errorf("%q is stored as %q, want %q", c.value, got, c.entry)
		}
		if size := EntrySize([]byte(c.value)); size != len(c.entry) {
			t.Errorf("EntrySize(%q) = %d, want %d", c.value, size, len(c.entry))
		}
		if n, err := strconv.ParseInt(c.value, 10, 64); err == nil && c.value != "01" {
			if string(AppendInt(New(), n)) != string(lp) || EntrySizeInt(n) != len(c.entry) {
				t.Errorf("%d as an integer is stored otherwise", n)
			}
		}
		if got := GetString(lp, First(lp), nil); string(got) != c.value {
			t.Errorf("%q came back as %q", c.value, got)
		}
	}
}

// From 65,535 entries on the header does not know their number.
func TestCountThatDoesNotFit(t *testing.T) {
	lp := New()
	for range unknownCount + 2 {
		lp = AppendInt(lp, 1)
	}
	if n := headerCount(lp); n != unknownCount {
		t.Fatalf("header says %d", n)
	}
	if n := Len(lp); n != unknownCount+2 {
		t.Fatalf("Len = %d", n)
	}
	if Seek(lp, unknownCount+1) != Last(lp) || Seek(lp, unknownCount+2) != -1 || Seek(lp, -1) != Last(lp) {
		t.Fatal("Seek loses its way")
	}
	lp = DeleteRange(lp, 10, 3)
	if n := Len(lp); n != unknownCount-1 || headerCount(lp) != n {
		t.Fatalf("Len = %d, header says %d", n, headerCount(lp))
	}
	if err := Validate(lp, true); err != nil {
		t.Fatal(err)
	}
}

// With room in its memory a listpack stays where it is, and makes no garbage.
func TestChangesStayInTheBlock(t *testing.T) {
	block := make([]byte, 4096)
	allocations := testing.AllocsPerRun(100, func() {
		lp := append(block[:0], headerSize+1, 0, 0, 0, 0, 0, end)
		for range 100 {
			lp = Append(lp, block[1000:1020])
			lp = PrependInt(lp, -70000)
		}
		lp = Replace(lp, Seek(lp, 50), block[1000:1100])
		lp = DeleteRange(lp, 10, 100)
		if &lp[0] != &block[0] || Find(lp, First(lp), block[1000:1100], 0) >= 0 {
			t.Fatal("left its block, or found what is deleted")
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestValidateRefuses(t *testing.T) {
	for lp, want := range map[string]string{
		"":                                         "listpack: 0 bytes are too few",
		"\x08\x00\x00\x00\x00\x00\xff":             "listpack: header says 8 bytes, there are 7",
		"\x07\x00\x00\x00\x00\x00\x00":             "listpack: offset 6: no end byte",
		"\x07\x00\x00\x00\x01\x00\xff":             "listpack: header says 1 entries, there are 0",
		"\x08\x00\x00\x00\x00\x00\xff\xff":         "listpack: offset 6: end byte before the end",
		"\x08\x00\x00\x00\x01\x00\xf5\xff":         "listpack: offset 6: unknown encoding 0xf5",
		"\x09\x00\x00\x00\x01\x00\x01\x02\xff":     "listpack: offset 6: entry of 1 bytes says 2 at its end",
		"\x09\x00\x00\x00\x01\x00\x82a\xff":        "listpack: offset 6: entry of 3 bytes reaches over the end",
		"\x0a\x00\x00\x00\x01\x00\xf0\xff\xff\xff": "listpack: offset 6: entry without its length",
		"\x09\x00\x00\x00\x02\x00\x01\x01\xff":     "listpack: header says 2 entries, there are 1",
	} {
		if err := Validate([]byte(lp), true); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", lp, err, want)
		}
	}
}

// What Validate lets through can be walked and changed; nothing makes it panic.
func FuzzValidate(f *testing.F) {
	lp := New()
	for _, v := range []string{"", "a", "1", "-5000", "100000", "1e10", "9223372036854775807", "0123456789012345678901234567890123456789012345678901234567890123456789"} {
		lp = Append(lp, []byte(v))
		f.Add(append([]byte(nil), lp...))
	}
	f.Fuzz(func(t *testing.T, lp []byte) {
		_ = Validate(lp, false)
		if Validate(lp, true) != nil {
			return
		}
		lp = append([]byte(nil), lp...)
		n := 0
		var values []string
		for pos := First(lp); pos >= 0; pos = Next(lp, pos) {
			v := string(GetString(lp, pos, nil))
			values = append(values, v)
			if n < 50 && (Find(lp, First(lp), []byte(v), 0) < 0 || !Equal(lp, pos, []byte(v))) {
				t.Fatalf("%q is not found", v)
			}
			n++
		}
		if n != Len(lp) {
			t.Fatalf("%d entries, Len = %d", n, Len(lp))
		}
		for pos := Last(lp); pos >= 0; pos = Prev(lp, pos) {
			n--
			if v := GetString(lp, pos, nil); string(v) != values[n] {
				t.Fatalf("entry %d is %q, backwards %q", n, values[n], v)
			}
		}
		if n != 0 {
			t.Fatalf("%d entries missed backwards", n)
		}
		for len(lp) > headerSize+1 {
			before := Len(lp)
			if lp = Delete(lp, Seek(lp, before/2)); Len(lp) != before-1 || before > 20 && Validate(lp, false) != nil {
				t.Fatalf("%d entries left of %d", Len(lp), before)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	lp := New()
	for i := range 128 {
		lp = Append(lp, strconv.AppendInt([]byte("field:"), int64(i), 10))
		lp = AppendInt(lp, int64(i)*1000)
	}
	wanted := []byte("field:127")
	for range b.N {
		if Find(lp, First(lp), wanted, 1) < 0 {
			b.Fatal()
		}
	}
}
