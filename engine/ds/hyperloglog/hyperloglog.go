// Package hyperloglog estimates how many distinct elements were counted in,
// in at most 12 KiB, byte for byte as Redis keeps it in a string.
//
// The hash of an element chooses one of 16,384 registers, and the register
// keeps the longest run of zeros seen behind that choice. Dense, a register
// is six bits. Sparse, runs of equal registers are one opcode: ZERO (1 to 64
// registers never hit, one byte), XZERO (up to 16,384, two bytes) and VAL (1
// to 4 registers with a value from 1 to 32, one byte). A new one is a single
// XZERO; it becomes dense when a value does not fit or the opcodes take more
// than a configured number of bytes.
//
// The string begins with "HYLL", the encoding, three bytes unused and the
// last estimate in eight bytes, whose top bit says that it is out of date.
// What a client put there may be anything: no function here trusts it.
package hyperloglog

import (
	"encoding/binary"
	"math/bits"
)

const (
	header    = 16
	indexBits = 14
	registers = 1 << indexBits
	hashBits  = 64 - indexBits
	width     = 6
	denseSize = header + registers*width/8

	dense  = 0
	sparse = 1
)

// HyperLogLog is such a string, whole. An edit may return another.
type HyperLogLog []byte

// New is one that nothing was counted in, sparse.
func New() HyperLogLog {
	h := make(HyperLogLog, header, header+2)
	copy(h, "HYLL")
	h[4] = sparse
	return appendZeros(h, registers)
}

// Valid tells whether a string may be one: its header is in order and, if
// dense, its length. Whether the opcodes of a sparse one are is found out
// while working with them.
func Valid(b []byte) bool {
	return len(b) >= header && string(b[:4]) == "HYLL" && (b[4] == sparse || b[4] == dense && len(b) == denseSize)
}

// Dense tells how h is encoded.
func (h HyperLogLog) Dense() bool { return h[4] == dense }

// Cached is the estimate kept in h; ok is false when it is out of date.
func (h HyperLogLog) Cached() (n uint64, ok bool) {
	n = binary.LittleEndian.Uint64(h[8:])
	return n, n>>63 == 0
}

// Cache keeps an estimate in h.
func (h HyperLogLog) Cache(n uint64) { binary.LittleEndian.PutUint64(h[8:], n) }

// Invalidate marks the estimate as out of date.
func (h HyperLogLog) Invalidate() { h[15] |= 1 << 7 }

// place is the register of an element, and the value that it asks for there.
func place(element []byte) (register int, value byte) {
	hash := murmur(element)
	return int(hash & (registers - 1)), byte(bits.TrailingZeros64(hash>>indexBits|1<<hashBits)) + 1
}

// murmur is MurmurHash64A with Redis's seed.
func murmur(b []byte) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := 0xadc83b19 ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		h = (h ^ (k^k>>r)*m) * m
	}
	if len(b) > 0 {
		for i, c := range b {
			h ^= uint64(c) << (8 * i)
		}
		h *= m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}

// Add counts an element in. A sparse h grows to at most limit bytes, then it
// becomes dense. ok is false when h is corrupted.
func (h HyperLogLog) Add(element []byte, limit int64) (result HyperLogLog, changed, ok bool) {
	register, value := place(element)
	return h.raise(register, value, limit)
}

// raise gives a register a value unless it has a greater one.
func (h HyperLogLog) raise(register int, value byte, limit int64) (result HyperLogLog, changed, ok bool) {
	if h.Dense() {
		return h, h.raiseDense(register, value), true
	}
	return h.raiseSparse(register, value, limit)
}

// register is a register of a dense one.
func (h HyperLogLog) register(i int) byte {
	at, shift := header+i*width>>3, i*width&7
	b := uint(h[at])
	if shift > 8-width {
		b |= uint(h[at+1]) << 8
	}
	return byte(b>>shift) & (1<<width - 1)
}

func (h HyperLogLog) raiseDense(i int, value byte) bool {
	if h.register(i) >= value {
		return false
	}
	at, shift := header+i*width>>3, i*width&7
	const mask = 1<<width - 1
	h[at] = h[at]&^byte(mask<<shift) | value<<shift
	if shift > 8-width {
		h[at+1] = h[at+1]&^(mask>>(8-shift)) | value>>(8-shift)
	}
	return true
}

// ToDense makes a sparse one dense. ok is false when it is corrupted.
func (h HyperLogLog) ToDense() (result HyperLogLog, ok bool) {
	if h.Dense() {
		return h, true
	}
	result = make(HyperLogLog, denseSize)
	copy(result, h[:header])
	result[4] = dense
	ok = h.walk(func(first, n int, value byte) {
		for i := range n {
			result.raiseDense(first+i, value)
		}
	})
	if !ok {
		return h, false
	}
	return result, true
}

// Registers is the greatest value of each register over several, a union.
type Registers [registers]byte

// Merge adds h to the union. It is false when h is corrupted; some of it may
// have been added.
func (r *Registers) Merge(h HyperLogLog) bool {
	if h.Dense() {
		for i := range r {
			r[i] = max(r[i], h.register(i))
		}
		return true
	}
	return h.walk(func(first, n int, value byte) {
		for i := first; i < first+n; i++ {
			r[i] = max(r[i], value)
		}
	})
}

// Raise brings the registers of a union into h. A sparse h that turns out to
// be corrupted keeps what it has, as in Redis.
func (r *Registers) Raise(h HyperLogLog, limit int64) HyperLogLog {
	for i, value := range r {
		if value != 0 {
			h, _, _ = h.raise(i, value, limit)
		}
	}
	return h
}

// Values are the registers, one by one. ok is false when h is corrupted.
func (h HyperLogLog) Values() (values *Registers, ok bool) {
	values = new(Registers)
	return values, values.Merge(h)
}
