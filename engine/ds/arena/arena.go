// Package arena is memory that Go's collector does not look into.
//
// The idea: a database of a million keys must not be a million Go objects,
// or every collection stops the world long enough to be seen. Here memory is
// a few large []byte chunks without pointers, and a block is named by a
// 32-bit Ref (chunk number and offset in units of 8 bytes) instead of a
// pointer. A chunk is cut into pages of 8 KiB, a run of pages is a span, and
// a span holds blocks of one size class. Blocks above the largest class own a
// chunk of exactly their length.
//
// Blocks never move, so a view of one stays valid until it is freed. Nothing
// guards against the use of a block after Free; freeing twice is noticed.
package arena

import (
	"math/bits"
	"unsafe"
)

// Ref names a block; the zero Ref names none.
type Ref uint32

const (
	unitShift  = 3                      // a unit is 8 bytes
	chunkShift = 15                     // units in a chunk
	chunkBytes = 1 << (chunkShift + 3)  // 256 KiB
	pageShift  = 10                     // units in a page
	pageBytes  = 1 << (pageShift + 3)   // 8 KiB
	chunkPages = chunkBytes / pageBytes // 32: one bit each in a uint32
	maxChunks  = 1 << (32 - chunkShift) // 128 Ki chunks, so 32 GiB
	unitMask   = 1<<chunkShift - 1
	pageMask   = chunkPages - 1

	// freedMark, mixed with its Ref, is left in a freed block. A block that
	// carries it when freed is looked up in its span's free list.
	freedMark = 0xf4ee_b10c
)

// page says which class the blocks of a page have, and how many pages before
// it its span begins. Outside a span the class is noClass.
type page struct{ class, back uint8 }

// span is a run of pages cut into blocks of one class. Spans with room are
// linked in a ring-free list per class; their number is that of their first
// page.
type span struct {
	free       Ref // freed blocks, linked through their first word
	fresh      Ref // the first block never handed out
	live, room uint16
	next, prev uint32
}

// chunk describes one chunk. spans is nil for a block with a chunk of its own.
type chunk struct {
	spans      *[chunkPages]span
	bytes      int    // 0: the number is not in use
	freePages  uint32 // bit set: page in no span
	longest    uint8  // pages in the longest free run
	next, prev uint32 // chunks with the same longest run
}

// freed is how a free block looks.
type freed struct {
	next Ref
	mark uint32
}

// Arena hands out blocks. It is not safe for concurrent use.
type Arena struct {
	bases   []unsafe.Pointer // by chunk number; chunk 0 does not exist
	pages   []page           // by page number, chunkPages for each chunk
	partial [classes]uint32  // first span with room, by class

	chunks      []chunk
	withRun     [chunkPages + 1]uint32 // first chunk with this longest run
	runs        uint64                 // bit n: withRun[n] is not empty
	spare       []uint32               // chunk numbers to be used again
	emptyChunks int

	used, reserved int64
	surplus        int64 // see AddSurplus
}

// New returns an empty arena; it reserves memory with its first block.
func New() *Arena {
	return &Arena{
		bases:  make([]unsafe.Pointer, 1),
		chunks: make([]chunk, 1),
		pages:  make([]page, chunkPages),
	}
}

// Alloc returns a block of at least size bytes, contents undefined. It panics
// when all chunk numbers are taken: at 32 GiB, or at 128 Ki blocks that each
// own a chunk.
func (a *Arena) Alloc(size int) Ref {
	if size > maxClassBytes {
		return a.allocLarge(size)
	}
	c := classOf(size)
	id := a.partial[c]
	if id == 0 {
		id = a.newSpan(c)
	}
	s := &a.chunks[id/chunkPages].spans[id&pageMask]
	r := s.free
	if r != 0 {
		f := At[freed](a, r)
		s.free = f.next
		f.mark = 0
	} else {
		r = s.fresh
		s.fresh += Ref(classUnits[c])
	}
	s.live++
	if s.live == s.room {
		a.unlinkSpan(c, id, s)
	}
	a.used += int64(classUnits[c]) << unitShift
	return r
}

// AllocZeroed is Alloc with all usable bytes zero.
func (a *Arena) AllocZeroed(size int) Ref {
	if size > maxClassBytes {
		return a.allocLarge(size)
	}
	r := a.Alloc(size)
	clear(a.Bytes(r))
	return r
}

// Realloc returns a block of at least size bytes that begins with the
// contents of r, as much as fits. It is r itself when its class fits size;
// otherwise r has been freed.
func (a *Arena) Realloc(r Ref, size int) Ref {
	old := a.Bytes(r)
	if Usable(size) == len(old) {
		return r
	}
	n := a.Alloc(size)
	copy(a.Bytes(n), old)
	a.Free(r)
	return n
}

// Free gives a block back. Freeing what is not a live block panics, as far
// as it can be told cheaply.
func (a *Arena) Free(r Ref) {
	p := uint32(r) >> pageShift
	if int(p) >= len(a.pages) {
		panic("arena: Free of a Ref that was never handed out")
	}
	c := int(a.pages[p].class)
	if c >= classes {
		a.freeLarge(r)
		return
	}
	id := p - uint32(a.pages[p].back)
	s := &a.chunks[id/chunkPages].spans[id&pageMask]
	f := At[freed](a, r)
	if f.mark == freedMark^uint32(r) {
		a.checkLive(s, r)
	}
	f.next = s.free
	f.mark = freedMark ^ uint32(r)
	s.free = r
	if s.live == s.room {
		a.linkSpan(c, id, s)
	}
	s.live--
	a.used -= int64(classUnits[c]) << unitShift
	if s.live == 0 {
		a.freeSpan(c, id, s)
	}
}

// checkLive panics when r is in the free list of its span. A live block may
// carry the mark by chance, so the mark alone proves nothing.
func (a *Arena) checkLive(s *span, r Ref) {
	for f := s.free; f != 0; f = At[freed](a, f).next {
		if f == r {
			panic("arena: block freed twice")
		}
	}
}

// Size returns the usable bytes of a block, at least what was asked for.
func (a *Arena) Size(r Ref) int {
	c := a.pages[r>>pageShift].class
	if c < classes {
		return int(classUnits[c]) << unitShift
	}
	return a.chunks[r>>chunkShift].bytes
}

// Bytes returns the whole block, capacity equal to length. It aliases the
// arena and keeps its address until the block is freed.
func (a *Arena) Bytes(r Ref) []byte {
	n := a.Size(r)
	return unsafe.Slice(At[byte](a, r), n)[:n:n]
}

// Slice returns n bytes of a block from offset off. It does not check that
// they lie inside the block, which makes it cheaper than Bytes.
func (a *Arena) Slice(r Ref, off, n int) []byte {
	if n == 0 {
		off = 0 // at a chunk's end, Go must not see a pointer behind it
	}
	return unsafe.Slice(Index[byte](a, r, off), n)
}

// Relocate goes on with other memory: moved is given each chunk and returns
// memory of the same length and content, aligned for any type.
func (a *Arena) Relocate(moved func(chunk []byte) []byte) {
	for n, c := range a.chunks {
		if c.bytes > 0 {
			chunk := unsafe.Slice((*byte)(a.bases[n]), c.bytes)
			a.bases[n] = unsafe.Pointer(unsafe.SliceData(moved(chunk)))
		}
	}
}

// Used returns the bytes in live blocks, counting usable sizes.
func (a *Arena) Used() int64 { return a.used }

// Reserved returns the bytes of all chunks held from Go.
func (a *Arena) Reserved() int64 { return a.reserved }

// Usable returns the usable bytes a block asked for with size would have.
func Usable(size int) int {
	if size > maxClassBytes {
		return (size + pageBytes - 1) &^ (pageBytes - 1)
	}
	return int(classUnits[classOf(size)]) << unitShift
}

// At views a block as a T, which must hold no Go pointers and fit the block.
func At[T any](a *Arena, r Ref) *T {
	return (*T)(unsafe.Add(a.bases[r>>chunkShift], uintptr(r&unitMask)<<unitShift))
}

// Index views a block as an array of T, which must hold no Go pointers, and
// returns element i. It does not check i against the block.
func Index[T any](a *Arena, r Ref, i int) *T {
	var t T
	off := uintptr(r&unitMask)<<unitShift + uintptr(i)*unsafe.Sizeof(t)
	return (*T)(unsafe.Add(a.bases[r>>chunkShift], off))
}

func (a *Arena) linkSpan(c int, id uint32, s *span) {
	first := a.partial[c]
	s.prev, s.next = 0, first
	if first != 0 {
		a.chunks[first/chunkPages].spans[first&pageMask].prev = id
	}
	a.partial[c] = id
}

func (a *Arena) unlinkSpan(c int, id uint32, s *span) {
	if s.prev != 0 {
		a.chunks[s.prev/chunkPages].spans[s.prev&pageMask].next = s.next
	} else {
		a.partial[c] = s.next
	}
	if s.next != 0 {
		a.chunks[s.next/chunkPages].spans[s.next&pageMask].prev = s.prev
	}
}

// newSpan takes a run of free pages for class c, from the chunk whose longest
// run fits best.
func (a *Arena) newSpan(c int) uint32 {
	want := int(spanPages[c])
	var n uint32
	if fit := a.runs >> want; fit != 0 {
		n = a.withRun[want+bits.TrailingZeros64(fit)]
	} else {
		n = a.newChunk(chunkBytes)
		ch := &a.chunks[n]
		ch.spans = new([chunkPages]span)
		ch.freePages = 1<<chunkPages - 1
		ch.longest = chunkPages
		a.linkChunk(n)
		a.emptyChunks++
	}
	ch := &a.chunks[n]
	if ch.freePages == 1<<chunkPages-1 {
		a.emptyChunks--
	}
	at := findRun(ch.freePages, want)
	ch.freePages &^= runMask(at, want)
	a.relinkChunk(n)
	id := n*chunkPages + uint32(at)
	for i := range want {
		a.pages[id+uint32(i)] = page{class: uint8(c), back: uint8(i)}
	}
	s := &ch.spans[at]
	*s = span{fresh: Ref(id) << pageShift, room: spanBlocks[c]}
	a.linkSpan(c, id, s)
	return id
}

// freeSpan returns the pages of a span without live blocks, and the chunk
// when nothing is left in it and another empty one is held already.
func (a *Arena) freeSpan(c int, id uint32, s *span) {
	a.unlinkSpan(c, id, s)
	want := int(spanPages[c])
	for i := range want {
		a.pages[id+uint32(i)] = page{class: noClass}
	}
	n := id / chunkPages
	ch := &a.chunks[n]
	ch.freePages |= runMask(int(id&pageMask), want)
	if ch.freePages != 1<<chunkPages-1 {
		a.relinkChunk(n)
		return
	}
	if a.emptyChunks > 0 {
		a.unlinkChunk(n)
		a.releaseChunk(n)
		return
	}
	a.emptyChunks++
	a.relinkChunk(n)
}

func (a *Arena) allocLarge(size int) Ref {
	size = Usable(size)
	n := a.newChunk(size)
	a.used += int64(size)
	return Ref(n << chunkShift)
}

func (a *Arena) freeLarge(r Ref) {
	n := uint32(r) >> chunkShift
	ch := &a.chunks[n]
	if r&unitMask != 0 || ch.bytes == 0 || ch.spans != nil {
		panic("arena: Free of a block that is not live")
	}
	a.used -= int64(ch.bytes)
	a.releaseChunk(n)
}

// newChunk takes a chunk number and size bytes of zeroed memory from Go.
func (a *Arena) newChunk(size int) uint32 {
	var n uint32
	if k := len(a.spare); k > 0 {
		n = a.spare[k-1]
		a.spare = a.spare[:k-1]
	} else {
		if len(a.chunks) == maxChunks {
			panic("arena: full, all chunk numbers are taken")
		}
		n = uint32(len(a.chunks))
		a.chunks = append(a.chunks, chunk{})
		a.bases = append(a.bases, nil)
		for range chunkPages {
			a.pages = append(a.pages, page{class: noClass})
		}
	}
	a.bases[n] = unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
	a.chunks[n] = chunk{bytes: size}
	a.reserved += int64(size)
	return n
}

func (a *Arena) releaseChunk(n uint32) {
	a.reserved -= int64(a.chunks[n].bytes)
	a.chunks[n] = chunk{}
	a.bases[n] = nil
	a.spare = append(a.spare, n)
}

func (a *Arena) linkChunk(n uint32) {
	ch := &a.chunks[n]
	first := a.withRun[ch.longest]
	ch.prev, ch.next = 0, first
	if first != 0 {
		a.chunks[first].prev = n
	}
	a.withRun[ch.longest] = n
	a.runs |= 1 << ch.longest
}

func (a *Arena) unlinkChunk(n uint32) {
	ch := &a.chunks[n]
	if ch.prev != 0 {
		a.chunks[ch.prev].next = ch.next
	} else {
		a.withRun[ch.longest] = ch.next
		if ch.next == 0 {
			a.runs &^= 1 << ch.longest
		}
	}
	if ch.next != 0 {
		a.chunks[ch.next].prev = ch.prev
	}
}

// relinkChunk moves a chunk to the list of its longest run.
func (a *Arena) relinkChunk(n uint32) {
	ch := &a.chunks[n]
	longest := longestRun(ch.freePages)
	if longest == ch.longest {
		return
	}
	a.unlinkChunk(n)
	ch.longest = longest
	a.linkChunk(n)
}

func longestRun(m uint32) uint8 {
	n := uint8(0)
	for m != 0 {
		m &= m >> 1
		n++
	}
	return n
}

// findRun returns where the first run of n set bits begins; there must be one.
func findRun(m uint32, n int) int {
	for i := 1; i < n; i++ {
		m &= m >> 1
	}
	return bits.TrailingZeros32(m)
}

func runMask(at, n int) uint32 {
	return uint32((uint64(1)<<n - 1) << at)
}
