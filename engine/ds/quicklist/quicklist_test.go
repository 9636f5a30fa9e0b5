package quicklist

import (
	"bytes"
	"slices"
	"strconv"
	"testing"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/listpack"

	"pgregory.net/rapid"
)

const plainFrom = 300 // in these tests, so that plain nodes are common

func element(t *rapid.T, label string) []byte {
	switch rapid.IntRange(0, 9).Draw(t, label+" kind") {
	case 0:
		return bytes.Repeat([]byte("x"), rapid.IntRange(plainFrom, 2*plainFrom).Draw(t, label+" length"))
	case 1, 2, 3:
		return bytes.Repeat([]byte("y"), rapid.IntRange(0, plainFrom-1).Draw(t, label+" length"))
	default:
		return strconv.AppendInt(nil, rapid.Int64Range(0, 9).Draw(t, label), 10)
	}
}

// A quicklist behaves as a slice of strings, its nodes are valid, and its
// memory is all that the arena holds.
func TestQuicklistIsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := arena.New()
		l := New(a, rapid.SampledFrom([]int{-2, -1, 0, 1, 2, 3, 5, 8, 200}).Draw(t, "fill"))
		l.SetPlainFrom(plainFrom)
		var model []string
		index := func(t *rapid.T) int {
			return rapid.IntRange(-len(model)-1, len(model)).Draw(t, "index")
		}
		positive := func(i int) (int, bool) {
			if i < 0 {
				i += len(model)
			}
			return i, i >= 0 && i < len(model)
		}
		insert := func(after bool) func(*rapid.T) {
			return func(t *rapid.T) {
				pivot, v := element(t, "pivot"), element(t, "v")
				if len(model) > 0 && rapid.Bool().Draw(t, "there") {
					pivot = []byte(rapid.SampledFrom(model).Draw(t, "pivot"))
				}
				i := slices.Index(model, string(pivot))
				var ok bool
				if after {
					ok = l.InsertAfter(pivot, v)
				} else {
					ok = l.InsertBefore(pivot, v)
				}
				if ok != (i >= 0) {
					t.Fatalf("insert beside %q: %v", pivot, ok)
				}
				if ok && after {
					i++
				}
				if ok {
					model = slices.Insert(model, i, string(v))
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"push head": func(t *rapid.T) {
				v := element(t, "v")
				l.PushHead(v)
				model = slices.Insert(model, 0, string(v))
			},
			"push tail": func(t *rapid.T) {
				for range rapid.IntRange(1, 20).Draw(t, "n") {
					v := element(t, "v")
					l.PushTail(v)
					model = append(model, string(v))
				}
			},
			"pop head": func(t *rapid.T) {
				got, ok := l.PopHead([]byte("#"))
				if ok != (len(model) > 0) || ok && string(got) != "#"+model[0] {
					t.Fatalf("PopHead = %q, %v", got, ok)
				}
				if ok {
					model = model[1:]
				}
			},
			"pop tail": func(t *rapid.T) {
				got, ok := l.PopTail(nil)
				if ok != (len(model) > 0) || ok && string(got) != model[len(model)-1] {
					t.Fatalf("PopTail = %q, %v", got, ok)
				}
				if ok {
					model = model[:len(model)-1]
				}
			},
			"insert before": insert(false),
			"insert after":  insert(true),
			"set": func(t *rapid.T) {
				at, v := index(t), element(t, "v")
				i, in := positive(at)
				if ok := l.Set(at, v); ok != in {
					t.Fatalf("Set(%d) = %v", at, ok)
				}
				if in {
					model[i] = string(v)
				}
			},
			"remove": func(t *rapid.T) {
				v, count := element(t, "v"), rapid.IntRange(-3, 3).Draw(t, "count")
				var kept []string
				n := 0
				keep := func(s string) {
					if s == string(v) && (count == 0 || n < max(count, -count)) {
						n++
					} else {
						kept = append(kept, s)
					}
				}
				if count < 0 {
					for _, s := range slices.Backward(model) {
						keep(s)
					}
					slices.Reverse(kept)
				} else {
					for _, s := range model {
						keep(s)
					}
				}
				if got := l.Remove(v, count); got != n {
					t.Fatalf("Remove(%q, %d) = %d, want %d", v, count, got, n)
				}
				model = kept
			},
			"delete range": func(t *rapid.T) {
				start, n := index(t), rapid.IntRange(0, 12).Draw(t, "n")
				i, in := positive(start)
				want := 0
				if in {
					want = min(n, len(model)-i)
				}
				if got := l.DeleteRange(start, n); got != want {
					t.Fatalf("DeleteRange(%d, %d) = %d, want %d", start, n, got, want)
				}
				if in {
					model = slices.Delete(model, i, i+want)
				}
			},
			"trim": func(t *rapid.T) {
				start := rapid.IntRange(0, len(model)).Draw(t, "start")
				n := rapid.IntRange(0, len(model)+2).Draw(t, "n")
				l.Trim(start, n)
				model = model[start:min(start+n, len(model))]
			},
			"save and load": func(t *rapid.T) {
				loaded := New(a, int(l.header().fill))
				loaded.SetPlainFrom(plainFrom)
				for container, data := range l.Nodes() {
					if container == Plain {
						loaded.AppendPlain(data)
					} else {
						loaded.AppendNode(data)
					}
				}
				if loaded.NodeCount() != l.NodeCount() {
					t.Fatalf("%d nodes became %d", l.NodeCount(), loaded.NodeCount())
				}
				l.Free()
				l = Open(a, loaded.Header())
			},
			"": func(t *rapid.T) { check(t, a, l, model) },
		})
		l.Free()
		if a.Used() != 0 {
			t.Fatalf("%d bytes leaked", a.Used())
		}
	})
}

func check(t *rapid.T, a *arena.Arena, l List, model []string) {
	if l.Len() != len(model) {
		t.Fatalf("Len = %d, want %d", l.Len(), len(model))
	}
	if l.Bytes() != a.Used() {
		t.Fatalf("Bytes = %d, the arena holds %d", l.Bytes(), a.Used())
	}
	nodes := 0
	for container, data := range l.Nodes() {
		if container == Packed {
			if err := listpack.Validate(data, true); err != nil {
				t.Fatal(err)
			}
			if listpack.Len(data) == 0 {
				t.Fatal("empty node")
			}
		}
		nodes++
	}
	if nodes != l.NodeCount() {
		t.Fatalf("NodeCount = %d, there are %d", l.NodeCount(), nodes)
	}
	i := 0
	for at, v := range l.Forward(0) {
		if at != i || string(v) != model[i] {
			t.Fatalf("element %d is %q, want %q", at, v, model[i])
		}
		i++
	}
	for at, v := range l.Backward(-1) {
		i--
		if at != i || string(v) != model[i] {
			t.Fatalf("element %d is %q backwards, want %q", at, v, model[i])
		}
	}
	if i != 0 {
		t.Fatalf("%d elements missed backwards", i)
	}
	for _, i := range []int{0, -1, len(model) / 2, len(model)/3 - len(model)} {
		if v, ok := l.Index(i, nil); ok != (len(model) > 0) {
			t.Fatalf("Index(%d) = %v", i, ok)
		} else if ok && string(v) != model[(i+len(model))%len(model)] {
			t.Fatalf("Index(%d) = %q", i, v)
		}
	}
}

func BenchmarkPushPop(b *testing.B) {
	l := New(arena.New(), -2)
	v := bytes.Repeat([]byte("v"), 100)
	var dst []byte
	b.ReportAllocs()
	for i := range b.N {
		l.PushTail(v)
		if i > 10000 {
			dst, _ = l.PopHead(dst[:0])
		}
	}
}
