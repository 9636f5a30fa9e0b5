package arena

import (
	"encoding/binary"
	"fmt"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestSizeClassesAreFinelySpaced(t *testing.T) {
	for _, c := range []struct{ asked, usable int }{
		{0, 8},
		{1, 8},
		{8, 8},
		{9, 16},
		{72, 72},
		{104, 104},
		{121, 128},
		{128, 128},
		{129, 144},
		{144, 144},
		{145, 160},
		{255, 256},
		{257, 288},
		{1000, 1024},
		{1025, 1152},
		{8192, 8192},
		{8193, 9216},
		{32767, 32768},
		{32768, 32768},
		{32769, 40960},
		{65536, 65536},
		{1_000_000, 1_007_616},
	} {
		a := New()
		r := a.Alloc(c.asked)
		if a.Size(r) != c.usable || Usable(c.asked) != c.usable || len(a.Bytes(r)) != c.usable || cap(a.Bytes(r)) != c.usable {
			t.Errorf("asked for %d: Size %d, Usable %d, Bytes %d, want %d", c.asked, a.Size(r), Usable(c.asked), len(a.Bytes(r)), c.usable)
		}
	}
	for size := 1; size <= maxClassBytes; size++ {
		if u := Usable(size); u < size || u-size > max(7, size/8) {
			t.Fatalf("a block of %d bytes takes %d", size, u)
		}
	}
	for c := range classes {
		span, used := int(spanPages[c])*pageBytes, int(spanBlocks[c])*int(classUnits[c])<<unitShift
		if used > span || (span-used)*16 > span {
			t.Errorf("class %d wastes %d of a span of %d bytes", c, span-used, span)
		}
	}
}

func TestRefOfNoBlock(t *testing.T) {
	a := New()
	for range 100_000 {
		if a.Alloc(8) == 0 {
			t.Fatal("Alloc returned 0")
		}
	}
}

func TestFreeNoticesMistakes(t *testing.T) {
	for _, c := range []struct {
		name    string
		mistake func(a *Arena)
	}{
		{"twice", func(a *Arena) { r := a.Alloc(24); a.Alloc(24); a.Free(r); a.Free(r) }},
		{"twice, others in between", func(a *Arena) {
			r, q := a.Alloc(24), a.Alloc(24)
			a.Alloc(24)
			a.Free(r)
			a.Free(q)
			a.Free(r)
		}},
		{"twice, the last of its span", func(a *Arena) { r := a.Alloc(24); a.Free(r); a.Free(r) }},
		{"twice, with a chunk of its own", func(a *Arena) { r := a.Alloc(100_000); a.Free(r); a.Free(r) }},
		{"inside a large block", func(a *Arena) { a.Free(a.Alloc(100_000) + 1) }},
		{"nil", func(a *Arena) { a.Alloc(8); a.Free(0) }},
		{"nil in an empty arena", func(a *Arena) { a.Free(0) }},
		{"never handed out", func(a *Arena) { a.Free(1 << 31) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("Free did not panic")
				}
			}()
			c.mistake(New())
		})
	}
}

func TestContentsThatLookFreedMayBeFreed(t *testing.T) {
	a := New()
	a.Alloc(16)
	for range 3 {
		r := a.Alloc(16)
		*At[freed](a, r) = freed{mark: freedMark ^ uint32(r)}
		a.Free(r)
	}
	if a.Used() != 16 {
		t.Errorf("Used is %d, want 16", a.Used())
	}
}

func TestFreedMemoryServesOtherClasses(t *testing.T) {
	a := New()
	const total = 8 << 20
	for _, size := range []int{40, 4000, 16, 20_000, 300, 8192} {
		var refs []Ref
		for range total / Usable(size) {
			refs = append(refs, a.Alloc(size))
		}
		if a.Reserved() > total*108/100+chunkBytes {
			t.Errorf("size %d: %d bytes reserved for %d", size, a.Reserved(), total)
		}
		for _, r := range refs {
			a.Free(r)
		}
		if a.Used() != 0 || a.Reserved() > chunkBytes {
			t.Errorf("size %d: after all was freed %d bytes are used, %d reserved", size, a.Used(), a.Reserved())
		}
	}
	// Every other page free in every chunk: as good for single pages.
	var refs []Ref
	for range 64 * chunkPages {
		refs = append(refs, a.Alloc(pageBytes))
	}
	for i := 0; i < len(refs); i += 2 {
		a.Free(refs[i])
	}
	reserved := a.Reserved()
	for range 32 * chunkPages * (pageBytes / 64) {
		a.Alloc(64)
	}
	if a.Reserved() != reserved {
		t.Errorf("holes of a page were not used: %d bytes reserved, before %d", a.Reserved(), reserved)
	}
}

func TestLargeBlocksAreZeroedAndGivenBack(t *testing.T) {
	a := New()
	for _, size := range []int{maxClassBytes + 1, chunkBytes, 3*chunkBytes + 5} {
		r := a.Alloc(size)
		for i, b := range a.Bytes(r) {
			if b != 0 {
				t.Fatalf("byte %d is %d", i, b)
			}
		}
		if a.Used() != int64(Usable(size)) || a.Reserved() != a.Used() {
			t.Errorf("used %d, reserved %d, want %d", a.Used(), a.Reserved(), Usable(size))
		}
		clear(a.Bytes(r)[:size])
		a.Free(r)
		if a.Used() != 0 || a.Reserved() != 0 {
			t.Errorf("after Free: used %d, reserved %d", a.Used(), a.Reserved())
		}
	}
	if len(a.chunks) != 2 {
		t.Errorf("chunk numbers are not used again: %d", len(a.chunks)-1)
	}
}

func TestAllocZeroed(t *testing.T) {
	for _, size := range []int{1, 8, 100, 5000, 32768, 70_000} {
		a := New()
		a.Alloc(8)
		dirty := a.Alloc(size)
		for i := range a.Bytes(dirty) {
			a.Bytes(dirty)[i] = 0xff
		}
		a.Free(dirty)
		for i, b := range a.Bytes(a.AllocZeroed(size)) {
			if b != 0 {
				t.Fatalf("size %d: byte %d is %d", size, i, b)
			}
		}
	}
}

func TestReallocKeepsContents(t *testing.T) {
	a := New()
	r := a.Alloc(3)
	copy(a.Bytes(r), "abc")
	for _, size := range []int{8, 9, 100, 101, 128, 40_000, 40_001, 300_000, 50, 3} {
		same := Usable(size) == a.Size(r)
		n := a.Realloc(r, size)
		if (n == r) != same && size <= maxClassBytes {
			t.Errorf("size %d: block moved: %v, want %v", size, n != r, !same)
		}
		r = n
		if string(a.Bytes(r)[:3]) != "abc" || a.Used() != int64(Usable(size)) {
			t.Errorf("size %d: contents %q, used %d", size, a.Bytes(r)[:3], a.Used())
		}
	}
}

func TestViews(t *testing.T) {
	type pair struct{ a, b uint32 }
	a := New()
	r := a.Alloc(64)
	*At[pair](a, r) = pair{1, 2}
	*Index[pair](a, r, 3) = pair{7, 8}
	b := a.Bytes(r)
	for i, want := range map[int]uint32{0: 1, 4: 2, 24: 7, 28: 8} {
		if got := binary.NativeEndian.Uint32(b[i:]); got != want {
			t.Errorf("word at %d is %d, want %d", i, got, want)
		}
	}
	copy(a.Slice(r, 40, 5), "hello")
	if string(b[40:45]) != "hello" {
		t.Errorf("Slice is not a view: %q", b[40:45])
	}
}

func TestEmptySlicesPointIntoTheirBlock(t *testing.T) {
	a := New()
	for range chunkBytes / 64 { // the last one ends where the chunk does
		r := a.Alloc(64)
		if s := a.Slice(r, 64, 0); unsafe.SliceData(s) != unsafe.SliceData(a.Bytes(r)) || len(s) != 0 || s == nil {
			t.Fatalf("block %#x: an empty slice points elsewhere", r)
		}
	}
}

// world checks an arena against the plain list of what must be in it. Every
// block is filled with a pattern of its own, so that overlaps show.
type world struct {
	arena *Arena
	live  []block
}

type block struct {
	ref  Ref
	view []byte
	fill byte
}

type failer interface{ Fatalf(string, ...any) }

func (w *world) alloc(size int, fill byte) {
	r := w.arena.Alloc(size)
	b := block{r, w.arena.Bytes(r), fill}
	for i := range b.view {
		b.view[i] = fill
	}
	w.live = append(w.live, b)
}

func (w *world) free(t failer, i int) {
	b := w.live[i]
	w.verifyBlock(t, b)
	w.arena.Free(b.ref)
	w.live[i] = w.live[len(w.live)-1]
	w.live = w.live[:len(w.live)-1]
}

func (w *world) verifyBlock(t failer, b block) {
	if view := w.arena.Bytes(b.ref); &view[0] != &b.view[0] || len(view) != len(b.view) {
		t.Fatalf("block %#x moved or changed its size", b.ref)
	}
	for i, c := range b.view {
		if c != b.fill {
			t.Fatalf("block %#x: byte %d of %d overwritten", b.ref, i, len(b.view))
		}
	}
}

// verify also counts pages: those of spans and the free ones make up every
// chunk, and chunks are in the list of their longest run.
func (w *world) verify(t failer) {
	var used, reserved int64
	seen := map[Ref]bool{}
	for _, b := range w.live {
		w.verifyBlock(t, b)
		used += int64(len(b.view))
		if b.ref == 0 || seen[b.ref] {
			t.Fatalf("block %#x handed out twice", b.ref)
		}
		seen[b.ref] = true
	}
	a := w.arena
	listed := map[uint32]int{}
	for longest, n := range a.withRun {
		if (n != 0) != (a.runs>>longest&1 == 1) {
			t.Fatalf("bit %d of %b is wrong", longest, a.runs)
		}
		for ; n != 0; n = a.chunks[n].next {
			listed[n] = longest
		}
	}
	live, empty := 0, 0
	for n, c := range a.chunks {
		reserved += int64(c.bytes)
		if c.bytes == 0 || c.spans == nil {
			if c.bytes != 0 {
				live++
			}
			continue
		}
		if longest, ok := listed[uint32(n)]; !ok || longest != int(longestRun(c.freePages)) {
			t.Fatalf("chunk %d with free pages %b is in list %d", n, c.freePages, longest)
		}
		if c.freePages == 1<<chunkPages-1 {
			empty++
		}
		for i := range chunkPages {
			p := a.pages[n*chunkPages+i]
			if (p.class == noClass) != (c.freePages>>i&1 == 1) {
				t.Fatalf("chunk %d page %d: class %d but free pages %b", n, i, p.class, c.freePages)
			}
			if p.class != noClass && p.back == 0 {
				live += int(c.spans[i].live)
			}
		}
	}
	if empty != a.emptyChunks || empty > 1 {
		t.Fatalf("%d empty chunks are kept, counted %d", empty, a.emptyChunks)
	}
	if live != len(w.live) || a.Used() != used || a.Reserved() != reserved {
		t.Fatalf("%d blocks, used %d, reserved %d, want %d, %d, %d", live, a.Used(), a.Reserved(), len(w.live), used, reserved)
	}
}

func TestAnyOrderOfAllocAndFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{arena: New()}
		size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 40_000), rapid.SampledFrom([]int{8, 72, 8192, 32768, 270_000}))
		t.Repeat(map[string]func(*rapid.T){
			"Alloc": func(t *rapid.T) { w.alloc(size.Draw(t, "size"), rapid.Byte().Draw(t, "fill")) },
			"AllocMany": func(t *rapid.T) {
				s, f := size.Draw(t, "size"), rapid.Byte().Draw(t, "fill")
				for range rapid.IntRange(0, 1+200_000/(s+100)).Draw(t, "n") {
					w.alloc(s, f)
				}
			},
			"Free": func(t *rapid.T) {
				if len(w.live) > 0 {
					w.free(t, rapid.IntRange(0, len(w.live)-1).Draw(t, "i"))
				}
			},
			"FreeMany": func(t *rapid.T) {
				step := rapid.IntRange(1, 5).Draw(t, "step")
				for i := len(w.live) - 1; i >= 0; i -= step {
					w.free(t, i)
				}
			},
			"": func(t *rapid.T) { w.verify(t) },
		})
	})
}

func FuzzAllocFree(f *testing.F) {
	f.Add([]byte{0, 10, 1, 200, 2, 3, 0xff, 0})
	f.Add([]byte("alloc and free in some order, \x80\x90\xa0\xb0\xc0\xd0\xe0\xf0"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		w := &world{arena: New()}
		for n := 0; len(ops) >= 2 && n < 300; n++ {
			op, arg := ops[0], int(ops[1])
			ops = ops[2:]
			switch {
			case op < 8:
				w.alloc(arg<<8, op)
			case op < 128:
				w.alloc(arg<<(op%6), op)
			case op < 160:
				for range arg {
					w.alloc(int(op-128)*9, op)
				}
			case len(w.live) > 0 && op < 240:
				w.free(t, arg*len(w.live)/256)
			default:
				for range min(arg, len(w.live)) {
					w.free(t, arg%len(w.live))
				}
			}
		}
		w.verify(t)
		for len(w.live) > 0 {
			w.free(t, 0)
		}
		w.verify(t)
	})
}

func BenchmarkAllocFree(b *testing.B) {
	for _, size := range []int{16, 72, 1000, 8192, 65536} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			a := New()
			var ring [1000]Ref
			for i := range ring {
				ring[i] = a.Alloc(size)
			}
			i := 0
			for b.Loop() {
				a.Free(ring[i])
				ring[i] = a.Alloc(size)
				if i++; i == len(ring) {
					i = 0
				}
			}
		})
	}
}
