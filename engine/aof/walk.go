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
// of its bytes is for, up to the first error, which is that of Checker.File.
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
	rdb    *rdb.Walker // nil without an RDB part
	reader *Reader     // nil until that has been read

	preamble     int64
	transactions transactions
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
	w.reader, w.preamble = r, from
	w.transactions = transactions{name: w.name, valid: from}
}

// ValidUpTo is FileReport.ValidUpTo of what has been read.
func (w *Walker) ValidUpTo() int64 { return w.transactions.valid }

// Preamble is how many bytes the RDB part has, 0 without one; ok is false until
// it has been read.
func (w *Walker) Preamble() (n int64, ok bool) { return w.preamble, w.reader != nil }

// RDB is the summary of the RDB part, if there is one.
func (w *Walker) RDB() (s rdb.Summary, ok bool) {
	if w.rdb == nil {
		return s, false
	}
	return w.rdb.Summary(), true
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
		words, err := w.transactions.next(w.reader)
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
