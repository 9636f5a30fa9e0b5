package object

import (
	"math"
	"strconv"

	"everysec/engine/number"
)

// embeddedLimit is the longest string that Redis keeps in one block with its
// header. Here every string is one block; the limit only decides the name.
const embeddedLimit = 44

// stringHeader is the length in front of a string's bytes.
const stringHeader = 4

// MaxStringBytes is the longest string the layout can hold. The server refuses
// more long before, at proto-max-bulk-len.
const MaxStringBytes = math.MaxUint32 - stringHeader

// NewString makes a string value with the encoding Redis chooses for a value
// given by a client: int, embstr or raw.
func (s *Store) NewString(b []byte) Value {
	if len(b) <= 20 {
		if n, ok := number.ParseInt(b); ok {
			return NewInt(n)
		}
	}
	v := s.NewRawString(b)
	if len(b) <= embeddedLimit {
		v.Encoding = EmbStr
	}
	return v
}

// NewEmbedded is NewString without the integer encoding: embstr or raw.
func (s *Store) NewEmbedded(b []byte) Value {
	v := s.NewRawString(b)
	if len(b) <= embeddedLimit {
		v.Encoding = EmbStr
	}
	return v
}

// NewRawString makes a raw string whatever its length.
func (s *Store) NewRawString(b []byte) Value {
	v := Value{Type: String, Encoding: Raw}
	v.setRef(s.newBlob(b, len(b)))
	return v
}

// NewInt makes an int-encoded string.
func NewInt(n int64) Value {
	return Value{Word: uint64(n), Type: String, Encoding: Int}
}

// Integer is the number of an int-encoded string.
func (v *Value) Integer() int64 { return int64(v.Word) }

// SetString replaces a string's content as SET does, reusing the block when
// the new content fits well.
func (s *Store) SetString(v *Value, b []byte) {
	if len(b) <= 20 {
		if n, ok := number.ParseInt(b); ok {
			if v.Encoding != Int {
				s.Arena.Free(v.ref())
			}
			v.Word, v.Encoding = uint64(n), Int
			return
		}
	}
	if v.Encoding != Int {
		block := s.block(v)
		if need := len(b) + stringHeader; need <= len(block) && need > len(block)/2 {
			putLength(block, len(b))
			copy(block[stringHeader:], b)
			v.Encoding = Raw
			if len(b) <= embeddedLimit {
				v.Encoding = EmbStr
			}
			return
		}
		s.Arena.Free(v.ref())
	}
	v.setRef(s.newBlob(b, len(b)))
	v.Encoding = Raw
	if len(b) <= embeddedLimit {
		v.Encoding = EmbStr
	}
}

// StringBytes returns the bytes of a string. They alias the arena, or the
// store's scratch for an int: use them before the next call that changes or
// reads a value.
func (s *Store) StringBytes(v *Value) []byte {
	if v.Encoding == Int {
		s.scratch = strconv.AppendInt(s.scratch[:0], v.Integer(), 10)
		return s.scratch
	}
	r := v.ref()
	return s.Arena.Slice(r, stringHeader, blobLength(s.Arena.Slice(r, 0, stringHeader)))
}

// StringLen is the length of a string in bytes.
func (s *Store) StringLen(v *Value) int {
	if v.Encoding == Int {
		return len(strconv.AppendInt(s.scratch[:0], v.Integer(), 10))
	}
	return blobLength(s.block(v))
}

// Grow makes a string raw and at least size bytes long, new bytes zero, and
// returns its bytes for editing in place. It over-allocates as sds does, so
// that repeated appends are amortised: double below 1 MiB, then 1 MiB more.
func (s *Store) Grow(v *Value, size int) []byte {
	if v.Encoding == Int {
		digits := strconv.AppendInt(nil, v.Integer(), 10)
		v.setRef(s.newBlob(digits, max(size, len(digits))))
		v.Encoding = Raw
	}
	v.Encoding = Raw
	block := s.block(v)
	length := blobLength(block)
	if size <= length {
		return block[stringHeader : stringHeader+length]
	}
	if size+stringHeader > len(block) {
		room := size * 2
		if size > 1<<20 {
			room = size + 1<<20
		}
		r := s.newBlob(block[stringHeader:stringHeader+length], room)
		s.Arena.Free(v.ref())
		v.setRef(r)
		block = s.block(v)
	}
	clear(block[stringHeader+length : stringHeader+size])
	putLength(block, size)
	return block[stringHeader : stringHeader+size]
}

func (s *Store) copyString(v *Value) Value {
	if v.Encoding == Int {
		return NewInt(v.Integer())
	}
	c := s.NewRawString(blobBytes(s.block(v)))
	c.Encoding = v.Encoding
	return c
}
