// Package sha1 is SHA-1, which names scripts and compares data sets here, and
// protects nothing. crypto/sha1 would bring its certified module and all that
// starts with it into the page.
package sha1

import "math/bits"

// Sum is the SHA-1 (RFC 3174) of data.
func Sum(data []byte) (sum [20]byte) {
	h := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	rest := data
	for len(rest) >= 64 {
		block(&h, rest)
		rest = rest[64:]
	}
	// A one bit, zeros, and the length in bits fill up the last block or two.
	tail := append(make([]byte, 0, 128), rest...)
	tail = append(tail, 0x80)
	for len(tail)%64 != 56 {
		tail = append(tail, 0)
	}
	tail = appendBigEndian(tail, uint64(len(data))*8, 8)
	for ; len(tail) > 0; tail = tail[64:] {
		block(&h, tail)
	}
	out := sum[:0]
	for _, v := range h {
		out = appendBigEndian(out, uint64(v), 4)
	}
	return sum
}

// appendBigEndian appends the low n bytes of u, the first the most significant.
func appendBigEndian(dst []byte, u uint64, n int) []byte {
	for n--; n >= 0; n-- {
		dst = append(dst, byte(u>>(8*n)))
	}
	return dst
}

func block(h *[5]uint32, block []byte) {
	var w [80]uint32
	for i := range 16 {
		w[i] = uint32(block[4*i])<<24 | uint32(block[4*i+1])<<16 | uint32(block[4*i+2])<<8 | uint32(block[4*i+3])
	}
	for i := 16; i < 80; i++ {
		w[i] = bits.RotateLeft32(w[i-3]^w[i-8]^w[i-14]^w[i-16], 1)
	}
	a, b, c, d, e := h[0], h[1], h[2], h[3], h[4]
	for i := range 80 {
		var f, k uint32
		switch {
		case i < 20:
			f, k = b&c|^b&d, 0x5a827999
		case i < 40:
			f, k = b^c^d, 0x6ed9eba1
		case i < 60:
			f, k = b&c|b&d|c&d, 0x8f1bbcdc
		default:
			f, k = b^c^d, 0xca62c1d6
		}
		a, b, c, d, e = bits.RotateLeft32(a, 5)+f+e+k+w[i], a, bits.RotateLeft32(b, 30), c, d
	}
	h[0] += a
	h[1] += b
	h[2] += c
	h[3] += d
	h[4] += e
}
