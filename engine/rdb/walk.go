package rdb

import "io"

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
}

// Walk reads a file as Check does, and shows what each of its bytes is for, up
// to the first error.
func Walk(file io.ReaderAt, size int64, name string, see func(Span)) (Summary, error) {
	return check(file, size, name, 0, nil, see)
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
	}
	l.see(s)
}
