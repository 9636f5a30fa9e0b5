// Package sha256 is SHA-256, under which ACL users keep their passwords.
// crypto/sha256 would bring its certified module and all that starts with it
// into the page.
package sha256

import "math/bits"

// Sum is the SHA-256 (FIPS 180-4) of data.
func Sum(data []byte) (sum [32]byte) {
	h := first
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
	for shift := 56; shift >= 0; shift -= 8 {
		tail = append(tail, byte(uint64(len(data))*8>>shift))
	}
	for ; len(tail) > 0; tail = tail[64:] {
		block(&h, tail)
	}
	for i, v := range h {
		sum[4*i], sum[4*i+1], sum[4*i+2], sum[4*i+3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	}
	return sum
}

// Hex is Sum in hexadecimal digits, in lower case.
func Hex(data []byte) string {
	const digits = "0123456789abcdef"
	sum := Sum(data)
	text := make([]byte, 0, 64)
	for _, b := range sum {
		text = append(text, digits[b>>4], digits[b&15])
	}
	return string(text)
}

// first are the fractions of the square roots of the first eight primes,
// rounds those of the cube roots of the first sixty-four.
var first, rounds = constants()

func constants() (squares [8]uint32, cubes [64]uint32) {
	n := 0
	for p := uint64(2); n < len(cubes); p++ {
		prime := true
		for d := uint64(2); d*d <= p && prime; d++ {
			prime = p%d != 0
		}
		if !prime {
			continue
		}
		if n < len(squares) {
			squares[n] = fraction(p, 2)
		}
		cubes[n] = fraction(p, 3)
		n++
	}
	return squares, cubes
}

// fraction is the first 32 bits behind the point of the root of p: the largest
// r, as a number with 32 bits behind the point, whose power is at most p.
func fraction(p uint64, power int) uint32 {
	r := uint64(0)
	for bit := uint64(1) << 36; bit > 0; bit >>= 1 {
		if atMost(r|bit, power, p) {
			r |= bit
		}
	}
	return uint32(r)
}

// atMost tells whether r**power is at most p, for r with 32 bits behind the
// point and below 2**37.
func atMost(r uint64, power int, p uint64) bool {
	high, low := bits.Mul64(r, r) // 64 bits behind the point
	if power == 2 {
		return high < p || high == p && low == 0
	}
	lowHigh, _ := bits.Mul64(low, r) // high and low times r, cut to 32 bits behind the point
	return high*r+lowHigh < p<<32
}

func block(h *[8]uint32, block []byte) {
	var w [64]uint32
	for i := range 16 {
		w[i] = uint32(block[4*i])<<24 | uint32(block[4*i+1])<<16 | uint32(block[4*i+2])<<8 | uint32(block[4*i+3])
	}
	for i := 16; i < 64; i++ {
		u, v := w[i-2], w[i-15]
		w[i] = w[i-16] + w[i-7] +
			(bits.RotateLeft32(u, -17) ^ bits.RotateLeft32(u, -19) ^ u>>10) +
			(bits.RotateLeft32(v, -7) ^ bits.RotateLeft32(v, -18) ^ v>>3)
	}
	s := *h
	for i := range 64 {
		a, e := s[0], s[4]
		t1 := s[7] + rounds[i] + w[i] + (e&s[5] ^ ^e&s[6]) +
			(bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25))
		t2 := (bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)) +
			(a&s[1] ^ a&s[2] ^ s[1]&s[2])
		s = [8]uint32{t1 + t2, a, s[1], s[2], s[3] + t1, e, s[5], s[6]}
	}
	for i := range h {
		h[i] += s[i]
	}
}
