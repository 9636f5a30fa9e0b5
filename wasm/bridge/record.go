package bridge

import (
	"encoding/binary"
	"errors"
	"math"
)

// Record writes the payload of a control or of its result: fields in a fixed
// order, without names. Numbers are float64, which JavaScript can hold and
// which is exact up to 2^53 (microseconds since 1970 until the year 2255).
type Record []byte

// Byte adds one byte.
func (r Record) Byte(v uint8) Record { return append(r, v) }

// Bool adds a byte 0 or 1.
func (r Record) Bool(v bool) Record {
	if v {
		return append(r, 1)
	}
	return append(r, 0)
}

// Number adds a float64.
func (r Record) Number(v float64) Record {
	return binary.LittleEndian.AppendUint64(r, math.Float64bits(v))
}

// Int adds an integer of at most 53 bits.
func (r Record) Int(v int64) Record { return r.Number(float64(v)) }

// Length begins a Bytes field whose n bytes the caller appends.
func (r Record) Length(n int) Record { return binary.LittleEndian.AppendUint32(r, uint32(n)) }

// Bytes adds a length and that many bytes.
func (r Record) Bytes(v []byte) Record { return append(r.Length(len(v)), v...) }

// String is Bytes for text.
func (r Record) String(v string) Record { return append(r.Length(len(v)), v...) }

// ErrRecord reports a payload that is shorter than its fields.
var ErrRecord = errors.New("bridge: payload cut short")

// Fields reads a record back. After a field that is not there every read
// returns zero and Err reports it.
type Fields struct {
	b   []byte
	err error
}

// Read begins reading a payload.
func Read(payload []byte) *Fields { return &Fields{b: payload} }

// Err reports whether a field was missing.
func (f *Fields) Err() error { return f.err }

// Pairs reads a number and as many pairs of texts.
func (f *Fields) Pairs() (pairs [][2]string) {
	for n := f.Int(); n > 0 && f.More(); n-- {
		pairs = append(pairs, [2]string{f.String(), f.String()})
	}
	return pairs
}

// More reports whether bytes are left.
func (f *Fields) More() bool { return f.err == nil && len(f.b) > 0 }

func (f *Fields) take(n int) []byte {
	if f.err != nil || n < 0 || n > len(f.b) {
		f.err = ErrRecord
		return nil
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

// Byte reads one byte.
func (f *Fields) Byte() uint8 {
	if v := f.take(1); v != nil {
		return v[0]
	}
	return 0
}

// Bool reads one byte as a truth value.
func (f *Fields) Bool() bool { return f.Byte() != 0 }

// Number reads a float64.
func (f *Fields) Number() float64 {
	if v := f.take(8); v != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(v))
	}
	return 0
}

// Int reads a Number as an integer; what does not fit becomes the nearest
// bound, NaN becomes 0.
func (f *Fields) Int() int64 {
	v := f.Number()
	switch {
	case v != v:
		return 0
	case v >= math.MaxInt64:
		return math.MaxInt64
	case v <= math.MinInt64:
		return math.MinInt64
	}
	return int64(v)
}

// Bytes reads a length and that many bytes, which alias the payload.
func (f *Fields) Bytes() []byte {
	v := f.take(4)
	if v == nil {
		return nil
	}
	n := binary.LittleEndian.Uint32(v)
	if uint64(n) > uint64(len(f.b)) {
		f.err = ErrRecord
		return nil
	}
	return f.take(int(n))
}

// String is Bytes for text.
func (f *Fields) String() string { return string(f.Bytes()) }
