package object_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/arena"
	"everysec/engine/object"
)

// Every collection is held against a Go map, across its changes of encoding;
// and when it has been freed, the arena is as empty as before.

func word(t *rapid.T, label string) []byte {
	return []byte(rapid.OneOf(
		rapid.StringN(0, 8, -1),
		rapid.Map(rapid.IntRange(-50, 50), func(n int) string { return fmt.Sprint(n) }),
		rapid.Map(rapid.Int64(), func(n int64) string { return fmt.Sprint(n) }),
		rapid.Map(rapid.IntRange(60, 70), func(n int) string { return strings.Repeat("x", n) }),
	).Draw(t, label))
}

// store has low thresholds, so that conversions happen often.
func store() (*object.Store, *arena.Arena) {
	a := arena.New()
	s := object.NewStore(a, 42)
	s.Limits.HashMaxListpackEntries = 6
	s.Limits.SetMaxIntsetEntries = 6
	s.Limits.ZsetMaxListpackEntries = 6
	s.Limits.ListMaxListpackSize = 4
	return s, a
}

func mustBeEmpty(t *rapid.T, a *arena.Arena) {
	if used := a.Used(); used != 0 {
		t.Fatalf("%d bytes are still in use after Free", used)
	}
}

func TestHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, a := store()
		v := s.NewHash()
		model := map[string]string{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			h, field := s.Hash(&v), word(t, "field")
			old, had := model[string(field)]
			switch rapid.IntRange(0, 3).Draw(t, "operation") {
			case 0, 1:
				value := word(t, "value")
				if created := h.Set(field, value); created == had {
					t.Fatalf("Set(%q) created = %v, had it = %v", field, created, had)
				}
				model[string(field)] = string(value)
			case 2:
				if deleted := h.Delete(field); deleted != had {
					t.Fatalf("Delete(%q) = %v", field, deleted)
				}
				delete(model, string(field))
			case 3:
				if got, ok := h.Get(field); ok != had || string(got) != old {
					t.Fatalf("Get(%q) = %q, %v; want %q, %v", field, got, ok, old, had)
				}
			}
			if h.Len() != len(model) {
				t.Fatalf("Len = %d, want %d", h.Len(), len(model))
			}
		}
		c := s.Copy(&v)
		for _, view := range []object.HashView{s.Hash(&v), s.Hash(&c)} {
			got := map[string]string{}
			for field, value := range view.All() {
				got[string(field)] = string(value)
			}
			if !maps.Equal(got, model) {
				t.Fatalf("All = %v, want %v", got, model)
			}
		}
		if c.Encoding != v.Encoding {
			t.Fatalf("a copy is %v, the original %v", c.Encoding, v.Encoding)
		}
		s.Free(&v)
		s.Free(&c)
		mustBeEmpty(t, a)
	})
}

func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, a := store()
		first := word(t, "first")
		v := s.NewSet(first)
		s.Set(&v).Add(first)
		model := map[string]bool{string(first): true}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			set, member := s.Set(&v), word(t, "member")
			had := model[string(member)]
			switch rapid.IntRange(0, 2).Draw(t, "operation") {
			case 0:
				if set.Add(member) == had {
					t.Fatalf("Add(%q), had it = %v", member, had)
				}
				model[string(member)] = true
			case 1:
				if set.Remove(member) != had {
					t.Fatalf("Remove(%q), had it = %v", member, had)
				}
				delete(model, string(member))
			case 2:
				if set.Has(member) != had {
					t.Fatalf("Has(%q) = %v", member, !had)
				}
			}
		}
		c := s.Copy(&v)
		for _, view := range []object.SetView{s.Set(&v), s.Set(&c)} {
			got := map[string]bool{}
			for member := range view.All() {
				got[string(member)] = true
			}
			if !maps.Equal(got, model) || view.Len() != len(model) {
				t.Fatalf("All = %v, Len = %d, want %v", got, view.Len(), model)
			}
		}
		s.Free(&v)
		s.Free(&c)
		mustBeEmpty(t, a)
	})
}

func TestSortedSet(t *testing.T) {
	type pair struct {
		member string
		score  float64
	}
	rapid.Check(t, func(t *rapid.T) {
		s, a := store()
		v := s.NewSortedSet(0)
		model := map[string]float64{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			z, member := s.SortedSet(&v), word(t, "member")
			old, had := model[string(member)]
			switch rapid.IntRange(0, 3).Draw(t, "operation") {
			case 0, 1:
				score := rapid.OneOf(rapid.Map(rapid.IntRange(-5, 5), func(n int) float64 { return float64(n) }), rapid.Float64Range(-10, 10)).Draw(t, "score")
				if added, _ := z.Set(member, score); added == had {
					t.Fatalf("Set(%q) added = %v, had it = %v", member, added, had)
				}
				model[string(member)] = score
			case 2:
				if z.Remove(member) != had {
					t.Fatalf("Remove(%q), had it = %v", member, had)
				}
				delete(model, string(member))
			case 3:
				if got, ok := z.Score(member); ok != had || got != old {
					t.Fatalf("Score(%q) = %v, %v; want %v, %v", member, got, ok, old, had)
				}
			}
		}
		var want []pair
		for member, score := range model {
			want = append(want, pair{member, score})
		}
		slices.SortFunc(want, func(x, y pair) int {
			if x.score != y.score {
				if x.score < y.score {
					return -1
				}
				return 1
			}
			return strings.Compare(x.member, y.member)
		})
		c := s.Copy(&v)
		for _, view := range []object.SortedSetView{s.SortedSet(&v), s.SortedSet(&c)} {
			var up, down []pair
			view.Ascend(0, func(m []byte, sc float64) bool { up = append(up, pair{string(m), sc}); return true })
			view.Descend(view.Len()-1, func(m []byte, sc float64) bool { down = append(down, pair{string(m), sc}); return true })
			slices.Reverse(down)
			if !slices.Equal(up, want) || !slices.Equal(down, want) {
				t.Fatalf("in order %v, backwards %v, want %v", up, down, want)
			}
			for rank, p := range want {
				if got, ok := view.Rank([]byte(p.member)); !ok || got != rank {
					t.Fatalf("Rank(%q) = %d, %v; want %d", p.member, got, ok, rank)
				}
			}
		}
		if n := len(want); n > 0 {
			from := rapid.IntRange(0, n-1).Draw(t, "from")
			to := rapid.IntRange(from, n).Draw(t, "to")
			s.SortedSet(&c).RemoveRanks(from, to)
			if got := s.SortedSet(&c).Len(); got != n-(to-from) {
				t.Fatalf("after RemoveRanks(%d, %d) of %d: %d", from, to, n, got)
			}
		}
		s.Free(&v)
		s.Free(&c)
		mustBeEmpty(t, a)
	})
}

func TestString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, a := store()
		content := word(t, "first")
		v := s.NewString(content)
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "operation") {
			case 0:
				content = word(t, "set")
				s.SetString(&v, content)
			case 1:
				more := word(t, "append")
				length := s.StringLen(&v)
				copy(s.Grow(&v, length+len(more))[length:], more)
				content = append(slices.Clone(content), more...)
			case 2:
				if got := s.StringLen(&v); got != len(content) {
					t.Fatalf("StringLen = %d, want %d", got, len(content))
				}
			}
			if got := s.StringBytes(&v); string(got) != string(content) {
				t.Fatalf("content %q, want %q", got, content)
			}
		}
		c := s.Copy(&v)
		if got := s.StringBytes(&c); string(got) != string(content) {
			t.Fatalf("copy %q, want %q", got, content)
		}
		s.Free(&v)
		s.Free(&c)
		mustBeEmpty(t, a)
	})
}

// TestStringEncodings: which encoding a value given by a client gets.
func TestStringEncodings(t *testing.T) {
	s, _ := store()
	for _, c := range []struct {
		content string
		want    object.Encoding
	}{
		{"1", object.Int},
		{"-9223372036854775808", object.Int},
		{"9223372036854775808", object.EmbStr},
		{"01", object.EmbStr},
		{" 1", object.EmbStr},
		{"", object.EmbStr},
		{strings.Repeat("x", 44), object.EmbStr},
		{strings.Repeat("x", 45), object.Raw},
	} {
		if v := s.NewString([]byte(c.content)); v.Encoding != c.want {
			t.Errorf("NewString(%q) is %v, want %v", c.content, v.Encoding, c.want)
		}
	}
}

// TestMemoryUsageFollowsTheArena: what a value says it occupies is what the
// arena gave out for it.
func TestMemoryUsageFollowsTheArena(t *testing.T) {
	s, a := store()
	v := s.NewHash()
	for i := range 1000 {
		s.Hash(&v).Set(fmt.Appendf(nil, "field:%d", i), []byte(strings.Repeat("v", i%300)))
	}
	if got, want := s.MemoryUsage(&v), a.Used(); got < want*95/100 || got > want*105/100 {
		t.Errorf("MemoryUsage = %d, the arena has given out %d", got, want)
	}
}

// A snapshot need not look for large values where there can be none.
func TestCompound(t *testing.T) {
	s, _ := store()
	big := func(v object.Value, add func(v *object.Value, member []byte)) object.Value {
		for i := range 10 { // more than a listpack or an intset may hold
			add(&v, fmt.Appendf(nil, "member:%d", i))
		}
		return v
	}
	addToHash := func(v *object.Value, m []byte) { s.Hash(v).Set(m, m) }
	addToSet := func(v *object.Value, m []byte) { s.Set(v).Add(m) }
	addToSorted := func(v *object.Value, m []byte) { s.SortedSet(v).Set(m, 1) }
	small := s.NewHash()
	addToHash(&small, []byte("field"))
	for _, test := range []struct {
		name     string
		make     func() object.Value
		compound bool
	}{
		{"a string", func() object.Value { return s.NewString([]byte(strings.Repeat("x", 100))) }, false},
		{"a small hash", func() object.Value { return s.Copy(&small) }, false},
		{"a hash", func() object.Value { return big(s.NewHash(), addToHash) }, true},
		{"a set", func() object.Value { return big(s.NewSet([]byte("m")), addToSet) }, true},
		{"a sorted set", func() object.Value { return big(s.NewSortedSet(1), addToSorted) }, true},
		{"a list", s.NewList, true},
		{"a stream", s.NewStream, true},
	} {
		v := test.make()
		if s.Compound() != test.compound {
			t.Errorf("with %s (%s): %v", test.name, v.Encoding, !test.compound)
		}
		c := s.Copy(&v)
		s.Free(&v)
		if s.Compound() != test.compound {
			t.Errorf("with a copy of %s: %v", test.name, !test.compound)
		}
		s.Free(&c)
		if s.Compound() {
			t.Errorf("after %s was freed: true", test.name)
		}
	}
}
