package dict

import (
	"encoding/binary"
	"math/bits"
)

// hasher is a seeded hash for short keys: 16 bytes at a time are mixed with
// the secrets and folded by a 64x64 to 128 bit multiplication. Who does not
// know the seed cannot choose keys that collide; it is no cryptographic hash.
type hasher struct{ secret, state uint64 }

// Odd constants with about as many ones as zeros: the fractions of the
// square roots of 2, 3, 5 and 7.
const (
	odd1 = 0x6a09e667f3bcc909
	odd2 = 0xbb67ae8584caa73b
	odd3 = 0x3c6ef372fe94f82b
	odd4 = 0xa54ff53a5f1d36f1
)

func newHasher(seed uint64) hasher {
	first := fold(seed^odd1, odd2)
	return hasher{secret: fold(first^seed, odd3), state: fold(first+odd4, odd1) ^ seed}
}

func fold(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo
}

func (h *hasher) sum(key []byte) uint32 {
	s := h.state
	n := len(key)
	for len(key) > 16 {
		s = fold(binary.LittleEndian.Uint64(key)^h.secret, binary.LittleEndian.Uint64(key[8:])^s)
		key = key[16:]
	}
	var x, y uint64
	switch k := len(key); {
	case k >= 8: // the two words may overlap
		x = binary.LittleEndian.Uint64(key)
		y = binary.LittleEndian.Uint64(key[k-8:])
	case k >= 4:
		x = uint64(binary.LittleEndian.Uint32(key))
		y = uint64(binary.LittleEndian.Uint32(key[k-4:]))
	case k > 0:
		x = uint64(key[0])<<16 | uint64(key[k>>1])<<8 | uint64(key[k-1])
	}
	s = fold(x^h.secret, y^s)
	s = fold(s^odd1, uint64(n)^odd2^h.secret)
	return uint32(s>>32) ^ uint32(s)
}
