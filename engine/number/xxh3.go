package number

import (
	"encoding/binary"
	"math/bits"
)

// XXH3 is the 64-bit hash of that name by Yann Collet, without a seed: what
// DIGEST shows of a string. Short strings are mixed whole; from 241 bytes on
// eight sums run over stripes of 64 bytes and are mixed in the end.
func XXH3(b []byte) uint64 {
	n := uint64(len(b))
	switch {
	case n == 0:
		return avalanche64(xxSecret(56) ^ xxSecret(64))
	case n <= 3:
		x := uint64(b[0])<<16 | uint64(b[n>>1])<<24 | uint64(b[n-1]) | n<<8
		return avalanche64(x ^ (xxSecret(0)&0xffffffff ^ xxSecret(4)&0xffffffff))
	case n <= 8:
		first, last := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
		x := (last + first<<32) ^ (xxSecret(8) ^ xxSecret(16))
		x ^= bits.RotateLeft64(x, 49) ^ bits.RotateLeft64(x, 24)
		x *= 0x9fb21c651e98df25
		x ^= x>>35 + n
		x *= 0x9fb21c651e98df25
		return x ^ x>>28
	case n <= 16:
		low := binary.LittleEndian.Uint64(b) ^ (xxSecret(24) ^ xxSecret(32))
		high := binary.LittleEndian.Uint64(b[n-8:]) ^ (xxSecret(40) ^ xxSecret(48))
		return avalanche3(n + bits.ReverseBytes64(low) + high + fold(low, high))
	case n <= 128:
		sum := n * prime1
		for i := (int(n)-1)/32 + 0; i >= 0; i-- {
			sum += mix16(b[16*i:], 32*i) + mix16(b[int(n)-16*(i+1):], 32*i+16)
		}
		return avalanche3(sum)
	case n <= 240:
		sum := n * prime1
		for i := range 8 {
			sum += mix16(b[16*i:], 16*i)
		}
		sum = avalanche3(sum)
		for i := 8; i < int(n)/16; i++ {
			sum += mix16(b[16*i:], 16*(i-8)+3)
		}
		return avalanche3(sum + mix16(b[n-16:], 136-17))
	}
	return xxLong(b)
}

const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
	prime3 = 0x165667b19e3779f9
	prime4 = 0x85ebca77c2b2ae63
	prime5 = 0x27d4eb2f165667c5

	prime32_1 = 0x9e3779b1
	prime32_2 = 0x85ebca77
	prime32_3 = 0xc2b2ae3d
)

const secretBytes = 192

// secretText is the algorithm's own key.
const secretText = "\xb8\xfe\x6c\x39\x23\xa4\x4b\xbe\x7c\x01\x81\x2c\xf7\x21\xad\x1c\xde\xd4\x6d\xe9\x83\x90\x97\xdb\x72\x40\xa4\xa4\xb7\xb3\x67\x1f" +
	"\xcb\x79\xe6\x4e\xcc\xc0\xe5\x78\x82\x5a\xd0\x7d\xcc\xff\x72\x21\xb8\x08\x46\x74\xf7\x43\x24\x8e\xe0\x35\x90\xe6\x81\x3a\x26\x4c" +
	"\x3c\x28\x52\xbb\x91\xc3\x00\xcb\x88\xd0\x65\x8b\x1b\x53\x2e\xa3\x71\x64\x48\x97\xa2\x0d\xf9\x4e\x38\x19\xef\x46\xa9\xde\xac\xd8" +
	"\xa8\xfa\x76\x3f\xe3\x9c\x34\x3f\xf9\xdc\xbb\xc7\xc7\x0b\x4f\x1d\x8a\x51\xe0\x4b\xcd\xb4\x59\x31\xc8\x9f\x7e\xc9\xd9\x78\x73\x64" +
	"\xea\xc5\xac\x83\x34\xd3\xeb\xc3\xc5\x81\xa0\xff\xfa\x13\x63\xeb\x17\x0d\xdd\x51\xb7\xf0\xda\x49\xd3\x16\x55\x26\x29\xd4\x68\x9e" +
	"\x2b\x16\xbe\x58\x7d\x47\xa1\xfc\x8f\xf8\xb8\xd1\x7a\xd0\x31\xce\x45\xcb\x3a\x8f\x95\x16\x04\x28\xaf\xd7\xfb\xca\xbb\x4b\x40\x7e"

// xxSecret is eight bytes of it.
func xxSecret(at int) uint64 {
	var x uint64
	for i := 7; i >= 0; i-- {
		x = x<<8 | uint64(secretText[at+i])
	}
	return x
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

func mix16(b []byte, secret int) uint64 {
	return fold(binary.LittleEndian.Uint64(b)^xxSecret(secret), binary.LittleEndian.Uint64(b[8:])^xxSecret(secret+8))
}

func avalanche3(x uint64) uint64 {
	x = (x ^ x>>37) * 0x165667919e3779f9
	return x ^ x>>32
}

func avalanche64(x uint64) uint64 {
	x = (x ^ x>>33) * prime2
	x = (x ^ x>>29) * prime3
	return x ^ x>>32
}

// stripes is the eight sums.
type stripes [8]uint64

func (s *stripes) add(b []byte, secret int) {
	for i := range s {
		x := binary.LittleEndian.Uint64(b[8*i:])
		key := x ^ xxSecret(secret+8*i)
		s[i^1] += x
		s[i] += key & 0xffffffff * (key >> 32)
	}
}

func xxLong(b []byte) uint64 {
	s := stripes{prime32_3, prime1, prime2, prime3, prime4, prime32_2, prime5, prime32_1}
	const stripe, block = 64, (secretBytes - 64) / 8
	n := len(b)
	last := (n - 1) / stripe // stripes in front of the last one, which may overlap
	for i := range last {
		s.add(b[i*stripe:], i%block*8)
		if i%block == block-1 {
			for j := range s {
				s[j] = (s[j] ^ s[j]>>47 ^ xxSecret(secretBytes-64+8*j)) * prime32_1
			}
		}
	}
	s.add(b[n-stripe:], secretBytes-64-7)
	sum := uint64(n) * prime1
	for i := 0; i < 8; i += 2 {
		sum += fold(s[i]^xxSecret(11+8*i), s[i+1]^xxSecret(19+8*i))
	}
	return avalanche3(sum)
}
