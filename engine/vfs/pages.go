package vfs

import "io"

// The idea of this file: the page cache and the platter of a file mostly hold
// the same bytes, so they share pages instead of keeping two copies, and so do
// the images of a crash. What makes sharing safe is one rule: a byte in a page
// is written once. Whoever wants other bytes at that place takes a new page;
// whoever holds the page sees only as far as its own size says.

// pageSize is how much of a file one page holds, a multiple of any sector size.
const pageSize = 64 << 10

// maxSize bounds a file, so that a size from a broken platter asks for no
// absurd page table.
const maxSize = 64 << 30

// page holds the bytes from its start on; only appending to b is allowed.
type page struct{ b []byte }

// Fixed tells that nothing is appended any more, and how many bytes that are: a
// copy of the disk can share the page.
func (p *page) Fixed() (size int, fixed bool) { return len(p.b), len(p.b) == pageSize }

// pages is the content of a file. A nil page is zeros; any other holds at least
// the bytes that size says belong to it.
type pages struct {
	list []*page
	size int64
}

var zeros [pageSize]byte

func (p *pages) clone() pages {
	return pages{list: append([]*page(nil), p.list...), size: p.size}
}

// used is how many bytes of page i belong to the content.
func (p *pages) used(i int) int {
	return int(min(max(p.size-int64(i)*pageSize, 0), pageSize))
}

// bytes is the content of page i from the offsets from to to; never written to.
func (p *pages) bytes(i, from, to int) []byte {
	if pg := p.list[i]; pg != nil {
		return pg.b[from:to:to]
	}
	return zeros[from:to:to]
}

func (p *pages) append(b []byte) {
	for len(b) > 0 {
		i, at := int(p.size/pageSize), int(p.size%pageSize)
		if i == len(p.list) {
			p.list = append(p.list, nil)
		}
		pg := p.list[i]
		if pg == nil || len(pg.b) != at {
			// The page is zeros, or it goes on with bytes that were cut off
			// here and that somebody else may still see.
			grown := make([]byte, at, min(pageSize, max(at+len(b), 2*at)))
			copy(grown, p.bytes(i, 0, at))
			pg = &page{grown}
			p.list[i] = pg
		}
		n := min(len(b), pageSize-at)
		if i > 0 && cap(pg.b) < pageSize { // the file is no small one: no more steps
			pg.b = append(make([]byte, 0, pageSize), pg.b...)
		}
		pg.b = append(pg.b, b[:n]...)
		p.size += int64(n)
		b = b[n:]
	}
}

// truncate sets the size; what it grows by is zeros.
func (p *pages) truncate(size int64) {
	if size > p.size {
		if rest := p.size % pageSize; rest > 0 {
			p.append(zeros[:min(pageSize-rest, size-p.size)])
		}
	}
	count := int((size + pageSize - 1) / pageSize)
	for len(p.list) < count {
		p.list = append(p.list, nil)
	}
	clear(p.list[count:])
	p.list, p.size = p.list[:count], size
}

func (p *pages) readAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) && off < p.size {
		i, at := int(off/pageSize), int(off%pageSize)
		c := copy(b[n:], p.bytes(i, at, p.used(i)))
		n += c
		off += int64(c)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// write takes the bytes from..to over from src, which may be longer, and shares
// its pages where it can. A gap before from becomes zeros.
func (p *pages) write(src *pages, from, to int64) {
	if from < to && from > p.size {
		p.truncate(from)
	}
	for from < to {
		i := int(from / pageSize)
		base := int64(i) * pageSize
		lo, hi := int(from-base), int(min(to-base, pageSize))
		if i == len(p.list) {
			p.list = append(p.list, nil)
		}
		used := p.used(i)
		switch old, theirs := p.list[i], src.list[i]; {
		case old == theirs: // the bytes are there, only the size has to move
		case lo == 0 && hi >= used:
			p.list[i] = theirs
		case old != nil && used == lo && len(old.b) == lo:
			old.b = append(old.b, src.bytes(i, lo, hi)...)
		default:
			b := make([]byte, max(used, hi))
			if used > 0 {
				copy(b, p.bytes(i, 0, used))
			}
			copy(b[lo:], src.bytes(i, lo, hi))
			p.list[i] = &page{b}
		}
		p.size = max(p.size, base+int64(hi))
		from = base + pageSize
	}
}

// same is the length of the common beginning of p and q.
func (p *pages) same(q *pages) int64 {
	size := min(p.size, q.size)
	for i := 0; int64(i)*pageSize < size; i++ {
		if p.list[i] == q.list[i] {
			continue
		}
		used := min(p.used(i), q.used(i))
		a, b := p.bytes(i, 0, used), q.bytes(i, 0, used)
		for k := range a {
			if a[k] != b[k] {
				return int64(i)*pageSize + int64(k)
			}
		}
	}
	return size
}

// differences are the pieces of p and q, as far as both go, that are not the
// same, from an offset on. What lies between two less than apart is counted in:
// in any data some bytes are zero, like those that were lost.
func (p *pages) differences(q *pages, from, apart int64) (found []Range) {
	size := min(p.size, q.size)
	for i := int(from / pageSize); int64(i)*pageSize < size; i++ {
		if p.list[i] == q.list[i] {
			continue
		}
		base := int64(i) * pageSize
		used := min(p.used(i), q.used(i))
		a, b := p.bytes(i, 0, used), q.bytes(i, 0, used)
		for k := range a {
			if a[k] == b[k] {
				continue
			}
			at := base + int64(k)
			if n := len(found); n > 0 && at-found[n-1].To < apart {
				found[n-1].To = at + 1
			} else {
				found = append(found, Range{at, at + 1})
			}
		}
	}
	return found
}

// put writes b at off over whatever is there.
func (p *pages) put(off int64, b []byte) {
	var src pages
	src.truncate(off)
	src.append(b)
	p.write(&src, off, off+int64(len(b)))
}
