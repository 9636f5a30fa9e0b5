package rdb

import (
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"everysec/engine/lzf"
)

// source reads a file forward through a window, counting and checksumming
// what was taken.
type source struct {
	file  io.ReaderAt
	name  string
	size  int64
	at    int64 // offset of window[pos]
	buf   []byte
	pos   int
	end   int
	crc   uint64
	check bool

	unpacked []byte
}

const windowBytes = 64 << 10

func (r *source) fail(reason string) error { return r.failAt(r.at, reason) }

// failAt is for what is found wrong after it was read.
func (r *source) failAt(offset int64, reason string) error {
	return &Error{Name: r.name, Offset: offset, Reason: reason}
}

// cutShort is for a file that ends too early.
func (r *source) cutShort(how string) error {
	return &Error{r.name, r.at, "unexpected end of the file" + how, "Short read or OOM loading DB. Unrecoverable error, aborting now."}
}

func (r *source) remaining() int64 { return r.size - r.at }

// take returns the next n bytes. They are valid until the next take.
func (r *source) take(n int) ([]byte, error) {
	if int64(n) > r.remaining() {
		return nil, r.cutShort(", " + strconv.FormatInt(int64(n)-r.remaining(), 10) + " bytes early")
	}
	if r.end-r.pos < n {
		if err := r.fill(n); err != nil {
			return nil, err
		}
	}
	b := r.buf[r.pos : r.pos+n]
	r.pos += n
	r.at += int64(n)
	if r.check {
		r.crc = checksum(r.crc, b)
	}
	return b, nil
}

// fill makes at least n bytes, which the file has, available.
func (r *source) fill(n int) error {
	have := r.end - r.pos
	if need := max(n, windowBytes); need > len(r.buf) {
		grown := make([]byte, need)
		copy(grown, r.buf[r.pos:r.end])
		r.buf = grown
	} else {
		copy(r.buf, r.buf[r.pos:r.end])
	}
	r.pos, r.end = 0, have
	want := min(int64(len(r.buf)-have), r.size-r.at-int64(have))
	got, err := r.file.ReadAt(r.buf[have:have+int(want)], r.at+int64(have))
	r.end += got
	if r.end < n {
		if err == nil || err == io.EOF {
			return r.fail("the file became shorter while it was read")
		}
		return r.fail(err.Error())
	}
	return nil
}

func (r *source) byte() (byte, error) {
	b, err := r.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// length reads a length. special is set for an encoded string, whose form n is.
func (r *source) length() (n uint64, special bool, err error) {
	first, err := r.byte()
	if err != nil {
		return 0, false, err
	}
	switch {
	case first>>6 == length6:
		return uint64(first), false, nil
	case first>>6 == length14:
		second, err := r.byte()
		return uint64(first&0x3f)<<8 | uint64(second), false, err
	case first>>6 == lengthSpecial:
		return uint64(first & 0x3f), true, nil
	case first == length32:
		b, err := r.take(4)
		if err != nil {
			return 0, false, err
		}
		return uint64(binary.BigEndian.Uint32(b)), false, nil
	case first == length64:
		b, err := r.take(8)
		if err != nil {
			return 0, false, err
		}
		return binary.BigEndian.Uint64(b), false, nil
	}
	return 0, false, r.fail("unknown length form 0x" + strconv.FormatUint(uint64(first), 16))
}

// count reads a length that says how many things follow. It may be more than the
// file holds: then the file ends early, and reading will tell where. Room is made
// for roomFor of it only.
func (r *source) count() (int, error) {
	n, special, err := r.length()
	if err != nil {
		return 0, err
	}
	if special {
		return 0, r.fail("a length was expected")
	}
	return int(min(n, math.MaxInt)), nil
}

// roomFor is how many of n things, of at least one byte each, the file can hold.
func (r *source) roomFor(n int) int { return int(min(int64(n), r.remaining())) }

// string reads a string in any of its forms. It is valid until the next read.
func (r *source) string() ([]byte, error) {
	n, special, err := r.length()
	if err != nil {
		return nil, err
	}
	if !special {
		if n > uint64(r.remaining()) {
			return nil, r.cutShort(" in a string of " + strconv.FormatUint(n, 10) + " bytes")
		}
		return r.take(int(n))
	}
	switch n {
	case specialInt8:
		b, err := r.take(1)
		if err != nil {
			return nil, err
		}
		return r.decimal(int64(int8(b[0]))), nil
	case specialInt16:
		b, err := r.take(2)
		if err != nil {
			return nil, err
		}
		return r.decimal(int64(int16(binary.LittleEndian.Uint16(b)))), nil
	case specialInt32:
		b, err := r.take(4)
		if err != nil {
			return nil, err
		}
		return r.decimal(int64(int32(binary.LittleEndian.Uint32(b)))), nil
	case specialLZF:
		return r.compressed()
	}
	return nil, r.fail("unknown string encoding " + strconv.FormatUint(n, 10))
}

func (r *source) decimal(n int64) []byte {
	r.unpacked = strconv.AppendInt(r.unpacked[:0], n, 10)
	return r.unpacked
}

// bestRatio is more than LZF can ever compress: a reference of 3 bytes stands
// for at most 264.
const bestRatio = 264

func (r *source) compressed() ([]byte, error) {
	packed, special, err := r.length()
	if err != nil {
		return nil, err
	}
	full, special2, err := r.length()
	if err != nil {
		return nil, err
	}
	if special || special2 {
		return nil, r.fail("a length was expected")
	}
	if packed > uint64(r.remaining()) {
		return nil, r.cutShort(" in a compressed string of " + strconv.FormatUint(packed, 10) + " bytes")
	}
	if full/bestRatio > packed {
		return nil, r.fail("a compressed string claims " + strconv.FormatUint(packed, 10) + " bytes packed, " +
			strconv.FormatUint(full, 10) + " unpacked")
	}
	b, err := r.take(int(packed))
	if err != nil {
		return nil, err
	}
	if uint64(cap(r.unpacked)) < full {
		r.unpacked = make([]byte, full)
	}
	r.unpacked = r.unpacked[:full]
	if err := lzf.Decompress(r.unpacked, b); err != nil {
		return nil, r.fail("compressed string: " + err.Error())
	}
	return r.unpacked, nil
}
