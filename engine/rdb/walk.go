package rdb

import (
	"io"

	"everysec/engine/ds/arena"
	"everysec/engine/object"
)

// Span is a piece of a file and what it means. The spans of a file follow each
// other without a gap.
type Span struct {
	Offset, Length int64 // bytes
	What           string
	// Type is the RDB type of a key with its value, by the name that TypeName
	// gives it, "" for what is between keys.
	Type string
	Key  []byte // valid during the call
	DB   int
	// Value is what a value becomes when it is loaded, nil for other spans and
	// for data of modules.
	Value *Loaded
}

// Loaded is what a server would have of a key.
type Loaded struct {
	Type     object.Type
	Encoding object.Encoding
	Elements int64 // bytes of a string
	Memory   int64 // bytes that MEMORY USAGE would say
	ExpireAt int64 // Unix milliseconds, 0 for none
}

// Walk reads a file as Check does, and shows what each of its bytes is for, up
// to the first error.
func Walk(file io.ReaderAt, size int64, name string, see func(Span)) (Summary, error) {
	w := NewWalker(file, size, name, see)
	for {
		if done, err := w.Next(1 << 20); done || err != nil {
			return w.Summary(), err
		}
	}
}

// Walker is Walk in slices.
type Walker struct{ c *checker }

// NewWalker begins a walk.
func NewWalker(file io.ReaderAt, size int64, name string, see func(Span)) *Walker {
	c := newChecker(file, size, name, 0, nil)
	c.l.see = see
	return &Walker{c}
}

// Next reads about budget bytes and tells whether the end was reached.
func (w *Walker) Next(budget int64) (done bool, err error) { return w.c.l.Next(budget) }

// Offset is how far the file has been read.
func (w *Walker) Offset() int64 { return w.c.l.Offset() }

// Summary is what has been read so far.
func (w *Walker) Summary() Summary { return w.c.summary() }

// newChecker prepares a reading that keeps nothing.
func newChecker(file io.ReaderAt, size int64, name string, now int64, say func(offset int64, what string)) *checker {
	c := &checker{store: object.NewStore(arena.New(), 0), now: now, say: say}
	if say == nil {
		c.say = func(int64, string) {}
	}
	c.Types, c.Modules = map[string]int64{}, map[string]int64{}
	c.l = NewLoader(file, size, name, c)
	c.l.deep = true
	c.l.skipped = func(module string) {
		c.Modules[module]++
		c.say(c.l.Offset(), "MODULE AUX for: "+module)
	}
	return c
}

// show tells of the item that was read from an offset on.
func (l *Loader) show(from int64) {
	s := Span{Offset: from, Length: l.at - from, DB: l.db}
	switch l.op {
	case opEOF:
		s.Length, s.What = 1, "end"
		l.see(s)
		if s.Offset, s.Length = from+1, l.at-from-1; s.Length == 0 {
			return
		}
		s.What = "checksum"
	case opSelectDB:
		s.What = "database"
	case opResizeDB:
		s.What = "number of keys"
	case opAux:
		s.What = "field"
	case opExpireMs, opExpire:
		s.What = "expiry"
	case opIdle:
		s.What = "idle time"
	case opFreq:
		s.What = "frequency"
	case opFunction2, opFunctionGA:
		s.What = "function library"
	case opModuleAux:
		s.What = "data of a module"
	case opSlotInfo:
		s.What = "slot"
	default:
		s.Type, s.Key = TypeName(l.op), l.key
		s.Length, s.What = l.valueAt-from, "key"
		l.see(s)
		s.Offset, s.Length, s.What = l.valueAt, l.at-l.valueAt, "value"
		s.Value = l.loaded
	}
	l.see(s)
}
