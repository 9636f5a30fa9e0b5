package rdb

import (
	"encoding/binary"
	"math"
	"strconv"

	"everysec/engine/ds/quicklist"
	"everysec/engine/lzf"
	"everysec/engine/number"
	"everysec/engine/object"
)

// Options are rdbcompression and rdbchecksum, and whether fields of hashes that
// will be written expire: that takes a newer version.
type Options struct {
	Compress, Checksum, FieldsExpire bool
	// Between, if set, is called between two elements of a big value.
	Between func()
}

// Writer makes an RDB file. Its methods return the first error of the sink.
type Writer struct {
	sink    func(p []byte) error
	options Options
	buf     []byte
	packed  []byte // scratch for LZF
	lzf     *lzf.Compressor
	crc     uint64
	written int64
	work    int64
	db      int
	err     error
}

const flushBytes = 64 << 10

// NewWriter makes a file whose bytes go to sink in pieces of about 64 KiB.
func NewWriter(sink func(p []byte) error, o Options) *Writer {
	return &Writer{sink: sink, options: o, db: -1}
}

// Written is the number of bytes made so far.
func (w *Writer) Written() int64 { return w.written + int64(len(w.buf)) }

// Work is how many bytes were read to make them, and some for each string:
// what the time goes by, however well the bytes can be packed.
func (w *Writer) Work() int64 { return w.work }

func (w *Writer) flush() {
	if w.err != nil || len(w.buf) == 0 {
		return
	}
	if w.options.Checksum {
		w.crc = checksum(w.crc, w.buf)
	}
	w.err = w.sink(w.buf)
	w.written += int64(len(w.buf))
	w.buf = w.buf[:0]
}

func (w *Writer) flushIfFull() error {
	if len(w.buf) >= flushBytes {
		w.flush()
	}
	return w.err
}

// Header writes the magic and auxiliary fields.
func (w *Writer) Header(aux [][2]string) error {
	version := int64(Version)
	if w.options.FieldsExpire {
		version = ExpiryVersion
	}
	w.buf = append(w.buf, "REDIS00"...)
	w.buf = strconv.AppendInt(w.buf, version, 10)
	for _, field := range aux {
		w.buf = append(w.buf, opAux)
		w.string([]byte(field[0]))
		w.string([]byte(field[1]))
	}
	return w.flushIfFull()
}

// Function writes the source of a function library.
func (w *Writer) Function(code []byte) error {
	w.buf = append(w.buf, opFunction2)
	w.string(code)
	return w.flushIfFull()
}

// SelectDB says which database the entries that follow belong to. Selecting
// the one selected writes nothing.
func (w *Writer) SelectDB(id int) error {
	if id != w.db {
		w.db = id
		w.buf = append(w.buf, opSelectDB)
		w.length(uint64(id))
	}
	return w.flushIfFull()
}

// ResizeDB tells the reader how many keys to make room for.
func (w *Writer) ResizeDB(keys, volatile int) error {
	w.buf = append(w.buf, opResizeDB)
	w.length(uint64(keys))
	w.length(uint64(volatile))
	return w.flushIfFull()
}

// Entry writes a key with its value. expireAt is Unix milliseconds, 0 for none.
func (w *Writer) Entry(store *object.Store, key []byte, v *object.Value, expireAt int64) error {
	return w.EntryUsed(store, key, v, expireAt, unknownUse)
}

// Use is how long a key has not been used, in seconds, or how often it is, by
// the counter of LFU; -1: not known. Eviction goes by it.
type Use struct{ Idle, Frequency int64 }

var unknownUse = Use{-1, -1}

// EntryUsed is Entry with what is known of the key's use.
func (w *Writer) EntryUsed(store *object.Store, key []byte, v *object.Value, expireAt int64, use Use) error {
	if expireAt != 0 {
		w.buf = append(w.buf, opExpireMs)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(expireAt))
	}
	if use.Idle >= 0 {
		w.buf = append(w.buf, opIdle)
		w.length(uint64(use.Idle))
	}
	if use.Frequency >= 0 {
		w.buf = append(w.buf, opFreq, byte(use.Frequency))
	}
	w.buf = append(w.buf, valueType(v))
	w.string(key)
	w.value(store, v)
	return w.flushIfFull()
}

// Insert puts bytes between two entries that another Writer has made, without
// a header.
func (w *Writer) Insert(p []byte) error {
	w.buf = append(w.buf, p...)
	w.db = -1
	return w.flushIfFull()
}

// Flush hands the bytes made so far to the sink.
func (w *Writer) Flush() error {
	w.flush()
	return w.err
}

// End writes the end of the file and hands the last bytes to the sink.
func (w *Writer) End() error {
	w.buf = append(w.buf, opEOF)
	w.flush()
	w.buf = binary.LittleEndian.AppendUint64(w.buf, w.crc)
	w.flush()
	return w.err
}

// Dump appends the form of a value that RESTORE reads: its type, its bytes,
// the RDB version, a checksum of all that.
func Dump(dst []byte, store *object.Store, v *object.Value) []byte {
	version := uint16(Version)
	if v.HasFieldExpiry {
		version = ExpiryVersion
	}
	return payload(dst, version, func(w *Writer) {
		w.buf = append(w.buf, valueType(v))
		w.value(store, v)
	})
}

// DumpFunctions is FUNCTION DUMP: the texts of function libraries.
func DumpFunctions(codes [][]byte) []byte {
	return payload(nil, Version, func(w *Writer) {
		for _, code := range codes {
			_ = w.Function(code) // the sink does not fail
		}
	})
}

func payload(dst []byte, version uint16, write func(w *Writer)) []byte {
	w := Writer{options: Options{Compress: true}}
	w.sink = func(p []byte) error { dst = append(dst, p...); return nil }
	start := len(dst)
	write(&w)
	w.flush()
	dst = binary.LittleEndian.AppendUint16(dst, version)
	return binary.LittleEndian.AppendUint64(dst, checksum(0, dst[start:]))
}

func valueType(v *object.Value) byte {
	switch v.Type {
	case object.String:
		return typeString
	case object.List:
		return typeQuicklist2
	case object.Set:
		if v.Encoding == object.IntSet {
			return typeSetIntset
		}
		return typeSet
	case object.SortedSet:
		if v.Encoding == object.ListPack {
			return typeZsetPacked
		}
		return typeZset2
	case object.Hash:
		if v.Encoding == object.ListPack {
			return typeHashPacked
		}
		if v.HasFieldExpiry {
			return typeHashExpiry
		}
		return typeHash
	case object.Stream:
		return typeStream2
	}
	panic("rdb: no RDB type for " + v.Type.String() + " " + v.Encoding.String())
}

func (w *Writer) value(store *object.Store, v *object.Value) {
	switch v.Type {
	case object.String:
		w.string(store.StringBytes(v))
	case object.List:
		list := store.List(v)
		w.length(uint64(list.NodeCount()))
		for container, data := range list.Nodes() {
			w.length(uint64(container))
			w.blob(data, container == quicklist.Plain)
			w.spill()
		}
	case object.Set:
		set := store.Set(v)
		if v.Encoding == object.IntSet {
			w.blob(set.Packed(), false)
			return
		}
		w.length(uint64(set.Len()))
		for member := range set.All() {
			w.string(member)
			w.spill()
		}
	case object.Hash:
		hash := store.Hash(v)
		if v.Encoding == object.ListPack {
			w.blob(hash.Packed(), false)
			return
		}
		first := hash.NextExpiry()
		if first != 0 {
			w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(first))
		}
		w.length(uint64(hash.Len()))
		for field, value := range hash.All() {
			if first != 0 {
				w.expiry(hash.Expiry(field), first)
			}
			w.string(field)
			w.string(value)
			w.spill()
		}
	case object.Stream:
		w.stream(store.Stream(v))
	case object.SortedSet:
		z := store.SortedSet(v)
		if v.Encoding == object.ListPack {
			w.blob(z.Packed(), false)
			return
		}
		w.length(uint64(z.Len()))
		// From the highest down: a reader then inserts at the head each time.
		z.Descend(z.Len()-1, func(member []byte, score float64) bool {
			w.string(member)
			w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(score))
			w.spill()
			return true
		})
	}
}

// spill hands bytes on in the middle of a big value.
func (w *Writer) spill() {
	if len(w.buf) >= flushBytes {
		w.flush()
	}
	if w.options.Between != nil {
		w.options.Between()
	}
}

// length appends a length in the shortest form.
func (w *Writer) length(n uint64) {
	switch {
	case n < 1<<6:
		w.buf = append(w.buf, byte(n))
	case n < 1<<14:
		w.buf = append(w.buf, byte(n>>8)|length14<<6, byte(n))
	case n <= math.MaxUint32:
		w.buf = binary.BigEndian.AppendUint32(append(w.buf, length32), uint32(n))
	default:
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, length64), n)
	}
}

// string appends a string: as an integer where it is one of 32 bits, packed
// where that is shorter.
func (w *Writer) string(b []byte) { w.blob(b, true) }

// blob is string; maybeInteger is false for what cannot be a number.
func (w *Writer) blob(b []byte, maybeInteger bool) {
	const each = 32
	w.work += int64(len(b)) + each
	if maybeInteger && len(b) <= 11 {
		if n, ok := number.ParseInt(b); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
			w.integer(n)
			return
		}
	}
	if w.options.Compress && len(b) > 20 {
		if cap(w.packed) < len(b) {
			w.packed = make([]byte, len(b))
		}
		if w.lzf == nil {
			w.lzf = new(lzf.Compressor)
		}
		if n := w.lzf.Compress(w.packed[:len(b)-4], b); n > 0 {
			w.buf = append(w.buf, lengthSpecial<<6|specialLZF)
			w.length(uint64(n))
			w.length(uint64(len(b)))
			w.buf = append(w.buf, w.packed[:n]...)
			return
		}
	}
	w.length(uint64(len(b)))
	w.buf = append(w.buf, b...)
}

func (w *Writer) integer(n int64) {
	switch {
	case n == int64(int8(n)):
		w.buf = append(w.buf, lengthSpecial<<6|specialInt8, byte(n))
	case n == int64(int16(n)):
		w.buf = binary.LittleEndian.AppendUint16(append(w.buf, lengthSpecial<<6|specialInt16), uint16(n))
	default:
		w.buf = binary.LittleEndian.AppendUint32(append(w.buf, lengthSpecial<<6|specialInt32), uint32(n))
	}
}
