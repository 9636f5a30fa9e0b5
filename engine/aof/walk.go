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
	from := int64(0)
	if HasPreamble(file) {
		summary, err := rdb.Walk(file, size, name, func(s rdb.Span) {
			see(Span{Offset: s.Offset, Length: s.Length, RDB: &s})
		})
		if err != nil {
			return err
		}
		from = summary.End
	}
	r := NewReader(file, from, size, name)
	r.annotation = func(line []byte, at int64) error {
		see(Span{Offset: at, Length: r.next - at, Annotation: line})
		return nil
	}
	for {
		words, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		see(Span{Offset: r.LastOffset(), Length: r.Offset() - r.LastOffset(), Words: words})
	}
}
