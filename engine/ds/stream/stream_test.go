package stream

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/arena"
)

type entry struct {
	id    ID
	pairs []string
}

func words(pairs []string) (w [][]byte) {
	for _, p := range pairs {
		w = append(w, []byte(p))
	}
	return w
}

// entries reads a range back.
func entries(s Stream, start, end ID, backwards bool) (list []entry) {
	var it Iterator
	it.Start(s, start, end, backwards)
	for it.Next() {
		e := entry{id: it.ID}
		for it.Fields > 0 {
			field, value := it.Field()
			e.pairs = append(e.pairs, string(field), string(value))
		}
		list = append(list, e)
	}
	return list
}

func drawPairs(t *rapid.T) (pairs []string) {
	if rapid.Bool().Draw(t, "usual") {
		return []string{"name", rapid.StringN(0, 5, -1).Draw(t, "value"), "17", "-3"}
	}
	for range rapid.IntRange(1, 3).Draw(t, "fields") {
		pairs = append(pairs, rapid.StringN(0, 3, -1).Draw(t, "field"),
			rapid.OneOf(rapid.StringN(0, 8, -1), rapid.Map(rapid.Int64(), func(n int64) string { return fmt.Sprint(n) })).Draw(t, "value"))
	}
	return pairs
}

func drawID(t *rapid.T) ID {
	return ID{rapid.Uint64Range(0, 40).Draw(t, "ms"), rapid.Uint64Range(0, 3).Draw(t, "seq")}
}

// A stream is a sorted list of entries, whatever its listpacks are like; and
// every listpack that it makes is one that Validate takes.
func TestStreamIsASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := arena.New()
		s := New(a)
		var model []entry
		added := uint64(0)
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			limits := Limits{MaxBytes: rapid.SampledFrom([]int{0, 60, 4096}).Draw(t, "bytes"), MaxEntries: rapid.SampledFrom([]int{0, 1, 3, 100}).Draw(t, "entries")}
			switch rapid.IntRange(0, 6).Draw(t, "operation") {
			case 0, 1, 2, 3:
				id, ok := s.Last.Next()
				if !ok {
					t.Fatal("no ID left")
				}
				id.Ms += rapid.Uint64Range(0, 3).Draw(t, "later")
				pairs := drawPairs(t)
				s.Append(id, words(pairs), limits)
				model = append(model, entry{id, pairs})
				added++
			case 4:
				id := drawID(t)
				at := slices.IndexFunc(model, func(e entry) bool { return e.id == id })
				if s.Has(id) != (at >= 0) || s.Delete(id) != (at >= 0) {
					t.Fatalf("Delete(%v), index %d", id, at)
				}
				if at >= 0 {
					model = slices.Delete(model, at, at+1)
				}
			case 5:
				n := rapid.IntRange(0, 10).Draw(t, "length")
				gone := max(len(model)-n, 0)
				if got := s.Trim(Trim{MaxLen: uint64(n)}); got != uint64(gone) {
					t.Fatalf("trimmed %d entries, want %d", got, gone)
				}
				model = model[gone:]
			case 6:
				least := drawID(t)
				gone := 0
				for gone < len(model) && model[gone].id.Compare(least) < 0 {
					gone++
				}
				whole := rapid.Bool().Draw(t, "whole")
				got := int(s.Trim(Trim{ByID: true, MinID: least, Whole: whole}))
				if got > gone || !whole && got != gone {
					t.Fatalf("trimmed %d entries, want %d", got, gone)
				}
				model = model[got:]
			}
		}
		first := ID{}
		if len(model) > 0 {
			first = model[0].id
		}
		if s.Length != uint64(len(model)) || s.Added != added || s.First != first {
			t.Fatalf("length %d of %d, added %d of %d, first %v, want %v", s.Length, len(model), s.Added, added, s.First, first)
		}
		c := s.Copy()
		for _, s := range []Stream{s, c} {
			checkEntries(t, s, model)
		}
		alive := uint64(0)
		s.Listpacks(func(key, lp []byte) {
			n, err := Validate(lp)
			if err != nil {
				t.Fatalf("a listpack of ours: %v", err)
			}
			alive += n
		})
		if alive != s.Length {
			t.Fatalf("listpacks hold %d entries of %d", alive, s.Length)
		}
		if s.Bytes()+c.Bytes() != a.Used() {
			t.Fatalf("the streams say %d and %d bytes, the arena has given out %d", s.Bytes(), c.Bytes(), a.Used())
		}
		s.Free()
		c.Free()
		if a.Used() != 0 {
			t.Fatalf("%d bytes were not given back", a.Used())
		}
	})
}

func checkEntries(t *rapid.T, s Stream, model []entry) {
	start, end := drawID(t), drawID(t)
	for _, r := range [][2]ID{{{}, MaxID}, {start, end}, {start, MaxID}} {
		var want []entry
		for _, e := range model {
			if e.id.Compare(r[0]) >= 0 && e.id.Compare(r[1]) <= 0 {
				want = append(want, e)
			}
		}
		got := entries(s, r[0], r[1], false)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v to %v: %v, want %v", r[0], r[1], got, want)
		}
		back := entries(s, r[0], r[1], true)
		slices.Reverse(back)
		if fmt.Sprint(back) != fmt.Sprint(want) {
			t.Fatalf("%v to %v backwards: %v, want %v", r[0], r[1], back, want)
		}
	}
}

func TestIDs(t *testing.T) {
	big := uint64(math.MaxUint64)
	for _, c := range []struct {
		id, next, prev ID
		last, first    bool
	}{
		{ID{1, 5}, ID{1, 6}, ID{1, 4}, false, false},
		{ID{1, big}, ID{2, 0}, ID{1, big - 1}, false, false},
		{ID{1, 0}, ID{1, 1}, ID{0, big}, false, false},
		{ID{0, 0}, ID{0, 1}, ID{big, big}, false, true},
		{ID{big, big}, ID{0, 0}, ID{big, big - 1}, true, false},
	} {
		if next, ok := c.id.Next(); next != c.next || ok == c.last {
			t.Errorf("%v.Next() = %v, %v", c.id, next, ok)
		}
		if prev, ok := c.id.Prev(); prev != c.prev || ok == c.first {
			t.Errorf("%v.Prev() = %v, %v", c.id, prev, ok)
		}
		if key := c.id.Key(); IDOf(key[:]) != c.id {
			t.Errorf("%v has another key", c.id)
		}
	}
}

// What is pending is known to the group and to one consumer, and all memory is
// counted.
func TestGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := arena.New()
		s := New(a)
		type place struct {
			group string
			id    ID
		}
		owner := map[place]string{}
		names := rapid.SampledFrom([]string{"", "a", "ab", "abc", "b"})
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			name, who, id := names.Draw(t, "group"), names.Draw(t, "consumer"), drawID(t)
			g, _ := s.AddGroup([]byte(name), ID{}, 0)
			at := place{name, id}
			switch rapid.IntRange(0, 6).Draw(t, "operation") {
			case 0, 1, 2:
				c, _ := g.AddConsumer([]byte(who), 1)
				if p, there := g.PendingOf(id); there {
					p.Assign(c)
				} else {
					g.AddPending(id, c, 5, 1)
				}
				owner[at] = who
			case 3:
				if _, there := owner[at]; g.Acknowledge(id) != there {
					t.Fatalf("Acknowledge(%v) = %v", id, !there)
				}
				delete(owner, at)
			case 4:
				if c, there := g.Consumer([]byte(who)); there {
					g.RemoveConsumer(c)
				}
				for p, o := range owner {
					if p.group == name && o == who {
						delete(owner, p)
					}
				}
			case 5:
				s.RemoveGroup(g)
				for p := range owner {
					if p.group == name {
						delete(owner, p)
					}
				}
			case 6:
				s.Forget(id)
				for p := range owner {
					if p.id == id {
						delete(owner, p)
					}
				}
			}
		}
		c := s.Copy()
		for _, s := range []Stream{s, c} {
			n, last := 0, []byte(nil)
			for g := range s.Groups() {
				if last != nil && bytes.Compare(last, g.Name()) >= 0 {
					t.Fatalf("group %q behind %q", g.Name(), last)
				}
				last = append([]byte{}, g.Name()...)
				of := 0
				for p := range g.Pending(ID{}, MaxID) {
					if o, there := owner[place{string(g.Name()), p.ID}]; !there || o != string(p.Consumer().Name()) {
						t.Fatalf("%v is pending for %q, want %q, %v", p.ID, p.Consumer().Name(), o, there)
					}
					n++
				}
				for c := range g.Consumers() {
					for p := range c.Pending(ID{}, MaxID) {
						if string(p.Consumer().Name()) != string(c.Name()) {
							t.Fatalf("%v is pending for another consumer", p.ID)
						}
						of++
					}
				}
				if of != g.PendingCount() {
					t.Fatalf("%d pending for consumers, %d in their group", of, g.PendingCount())
				}
			}
			if n != len(owner) {
				t.Fatalf("%d are pending, want %d", n, len(owner))
			}
		}
		if s.Bytes()+c.Bytes() != a.Used() {
			t.Fatalf("the streams say %d and %d bytes, the arena has given out %d", s.Bytes(), c.Bytes(), a.Used())
		}
		s.Free()
		c.Free()
		if a.Used() != 0 {
			t.Fatalf("%d bytes were not given back", a.Used())
		}
	})
}

// FuzzValidate: what Validate takes can be walked both ways, deleted from and
// added to.
func FuzzValidate(f *testing.F) {
	s := New(arena.New())
	for i, pairs := range [][]string{{"a", "1", "b", "2"}, {"a", "3", "b", "4"}, {"c", "5"}, {"a", "x", "b", ""}} {
		s.Append(ID{uint64(i), 1}, words(pairs), Limits{})
	}
	s.Delete(ID{1, 1})
	s.Listpacks(func(_, lp []byte) { f.Add(bytes.Clone(lp)) })
	f.Fuzz(func(t *testing.T, lp []byte) {
		alive, err := Validate(lp)
		if err != nil {
			return
		}
		a := arena.New()
		s := New(a)
		key := ID{1, 1}.Key()
		s.AddListpack(key[:], lp)
		s.Length = alive
		s.Last = MaxID
		var it Iterator
		for _, backwards := range []bool{false, true} {
			it.Start(s, ID{}, MaxID, backwards)
			it.Tombstones = true
			for it.Next() {
				for it.Fields > 0 {
					it.Field()
				}
			}
		}
		for i, e := range entries(s, ID{}, MaxID, false) {
			if i < 5 {
				s.Delete(e.id)
			}
		}
		s.Append(MaxID, words([]string{"a", "1"}), Limits{})
		s.Trim(Trim{MaxLen: 1})
		s.Free()
		if a.Used() != 0 {
			t.Fatalf("%d bytes were not given back", a.Used())
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	a := arena.New()
	s := New(a)
	pairs := words([]string{"sensor", "1234", "temperature", "19.8"})
	for i := range b.N {
		s.Append(ID{uint64(i), 1}, pairs, Limits{4096, 100})
	}
}
