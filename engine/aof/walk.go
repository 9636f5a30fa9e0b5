package aof

import (
	"io"

	"everysec/engine/rdb"
)

// Span is a piece of a file and what it means. The spans of a file follow each
// other without a gap.
type Span struct {
	Offset, Length int64    // bytes
	Words          [][]byte // of a command, valid during the call
	Annotation     []byte   // without its end, valid during the call
	RDB            *rdb.Span
}

// Walk reads a file of commands, perhaps after an RDB part, and shows what each
// of its bytes is for, up to the first error.
func Walk(file io.ReaderAt, size int64, name string, see func(Span)) error {
	w := NewWalker(file, size, name, see)
	for {
		if done, err := w.Next(1 << 20); done || err != nil {
			return err
		}
	}
}

// Walker is Walk in slices.
type Walker struct {
	file   io.ReaderAt
	size   int64
	name   string
	see    func(Span)
	rdb    *rdb.Walker // while the RDB part is read
	reader *Reader     // afterwards
}

// NewWalker begins a walk.
func NewWalker(file io.ReaderAt, size int64, name string, see func(Span)) *Walker {
	w := &Walker{file: file, size: size, name: name, see: see}
	if HasPreamble(file) {
		w.rdb = rdb.NewWalker(file, size, name, func(s rdb.Span) {
			see(Span{Offset: s.Offset, Length: s.Length, RDB: &s})
		})
	} else {
		w.commands(0)
	}
	return w
}

// commands begins the part behind the RDB part.
func (w *Walker) commands(from int64) {
	r := NewReader(w.file, from, w.size, w.name)
	r.annotation = func(line []byte, at int64) error {
		w.see(Span{Offset: at, Length: r.next - at, Annotation: line})
		return nil
	}
	w.reader = r
}

// Offset is how far the file has been read: up to the end of the last whole
// command, or within the RDB part.
func (w *Walker) Offset() int64 {
	if w.reader == nil {
		return w.rdb.Offset()
	}
	return w.reader.Offset()
}

// Next reads about budget bytes and tells whether the end was reached.
func (w *Walker) Next(budget int64) (done bool, err error) {
	if w.reader == nil {
		done, err := w.rdb.Next(budget)
		if done {
			w.commands(w.rdb.Offset())
		}
		return false, err
	}
	for until := w.reader.Offset() + budget; w.reader.Offset() < until; {
		words, err := w.reader.Next()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		at := w.reader.LastOffset()
		w.see(Span{Offset: at, Length: w.reader.Offset() - at, Words: words})
	}
	return false, nil
}
