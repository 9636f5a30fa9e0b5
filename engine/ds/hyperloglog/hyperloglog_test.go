package hyperloglog

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

const limit = 3000

func element(i int) []byte { return strconv.AppendInt([]byte("element "), int64(i), 10) }

// A sparse one and a dense one that counted the same say the same, and what
// they say is near the truth: the standard error is 0.81 %.
func TestSparseAndDenseAgree(t *testing.T) {
	h := New()
	all, _ := New().ToDense()
	for i := range 200000 {
		var changed, ok bool
		h, changed, ok = h.Add(element(i), limit)
		_, changedDense, _ := all.Add(element(i), limit)
		if !ok || changed != changedDense {
			t.Fatalf("element %d: changed = %v, dense %v, ok = %v", i, changed, changedDense, ok)
		}
		if h.Dense() != (len(h) == denseSize) || !h.Dense() && len(h) > limit {
			t.Fatalf("element %d: %d bytes", i, len(h))
		}
		if i%997 != 0 {
			continue
		}
		n, ok := h.Count()
		m, _ := all.Count()
		if !ok || n != m {
			t.Fatalf("after %d: %d, dense says %d", i+1, n, m)
		}
		if err := math.Abs(float64(n)/float64(i+1) - 1); err > 0.04 {
			t.Errorf("after %d: %d, %.1f %% off", i+1, n, err*100)
		}
	}
	if !h.Dense() {
		t.Error("still sparse at the end")
	}
	v, _ := h.Values()
	w, _ := all.Values()
	if *v != *w {
		t.Error("the registers differ")
	}
}

func TestUnion(t *testing.T) {
	a, b, both := New(), New(), New()
	for i := range 3000 {
		if i < 2000 {
			a, _, _ = a.Add(element(i), limit)
		}
		if i >= 1000 {
			b, _, _ = b.Add(element(i), limit)
		}
		both, _, _ = both.Add(element(i), limit)
	}
	var r Registers
	if !r.Merge(a) || !r.Merge(b) {
		t.Fatal("corrupted")
	}
	want, _ := both.Count()
	if got := r.Count(); got != want {
		t.Errorf("union %d, want %d", got, want)
	}
	merged := r.Raise(New(), limit)
	if got, _ := merged.Count(); got != want {
		t.Errorf("merged %d, want %d", got, want)
	}
}

// Registers of every value, at every position in a byte.
func TestRegisters(t *testing.T) {
	h, _ := New().ToDense()
	r := rand.New(rand.NewPCG(1, 2))
	var want Registers
	for range 200000 {
		i, value := r.IntN(registers), byte(r.IntN(1<<width))
		if got := h.raiseDense(i, value); got != (value > want[i]) {
			t.Fatalf("register %d to %d: changed = %v, it was %d", i, value, got, want[i])
		}
		want[i] = max(want[i], value)
	}
	if got, _ := h.Values(); *got != want {
		t.Error("registers differ")
	}
}

func FuzzCorrupted(f *testing.F) {
	h := New()
	for i := range 40 {
		h, _, _ = h.Add(element(i), limit)
	}
	f.Add([]byte(h), 0)
	f.Add([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f"), 1)
	f.Add([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\xff\xff"), 2)
	f.Fuzz(func(t *testing.T, b []byte, seed int) {
		if !Valid(b) {
			return
		}
		h := HyperLogLog(bytes.Clone(b))
		_, counted := h.Count()
		_, converted := h.ToDense()
		_, valued := h.Values()
		if counted != converted || counted != valued {
			t.Fatalf("counted %v, converted %v, values %v", counted, converted, valued)
		}
		h.Opcodes()
		for i := range 20 {
			next, _, ok := h.Add(element(seed+i), limit)
			if counted && !ok {
				t.Fatal("a sound one became corrupted")
			}
			h = next
			if !Valid(h) {
				t.Fatal("the header is broken")
			}
		}
		if _, ok := h.Count(); counted && !ok {
			t.Fatal("a sound one cannot be counted any more")
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	for _, name := range []string{"sparse", "dense"} {
		b.Run(name, func(b *testing.B) {
			h := New()
			for i := range 500 {
				h, _, _ = h.Add(element(i), limit)
			}
			if name == "dense" {
				h, _ = h.ToDense()
			}
			e := element(77)
			for b.Loop() {
				h.Add(e, limit)
			}
		})
	}
}
