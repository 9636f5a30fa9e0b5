package number

import (
	"math/bits"
	"slices"
	"strconv"
)

// natural is a natural number of any size: 32 bits a word, the least
// significant first, the last one not 0. It does only what a long double with
// many digits needs, and in quadratic time; such texts are below 5 KiB.
// Functions use the argument's memory like append.
type natural []uint32

// parseNatural reads digits of base 10 or 16.
func parseNatural(digits []byte, base uint32) natural {
	var n natural
	for len(digits) > 0 {
		factor, piece := uint32(1), uint32(0)
		for len(digits) > 0 && factor < 1<<28 { // times 16 or 10 is still below 2^32
			c := uint32(digits[0] - '0')
			if c > 9 {
				c = uint32(digits[0]|0x20-'a') + 10
			}
			piece = piece*base + c
			factor *= base
			digits = digits[1:]
		}
		n = n.mulAdd(factor, piece)
	}
	return n
}

// mulAdd is n*factor + term.
func (n natural) mulAdd(factor, term uint32) natural {
	carry := uint64(term)
	for i, word := range n {
		carry += uint64(word) * uint64(factor)
		n[i] = uint32(carry)
		carry >>= 32
	}
	if carry != 0 {
		n = append(n, uint32(carry))
	}
	return n
}

func (n natural) timesPowerOfTen(exp int) natural {
	for ; exp >= 9; exp -= 9 {
		n = n.mulAdd(1e9, 0)
	}
	return n.mulAdd(uint32(powersOfTen[exp]), 0)
}

// shift is n * 2^by.
func (n natural) shift(by int) natural {
	n = n.mulAdd(1<<(by%32), 0)
	if words := by / 32; words > 0 && len(n) > 0 {
		n = slices.Insert(n, 0, make(natural, words)...)
	}
	return n
}

func (n natural) bitLen() int {
	if len(n) == 0 {
		return 0
	}
	return 32*(len(n)-1) + bits.Len32(n[len(n)-1])
}

func (n natural) compare(m natural) int {
	if len(n) != len(m) {
		return len(n) - len(m)
	}
	for i := len(n) - 1; i >= 0; i-- {
		if n[i] != m[i] {
			if n[i] < m[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// subtract takes m, which is not larger, from n, in place.
func (n *natural) subtract(m natural) {
	words := *n
	borrow := uint32(0)
	for i := range words {
		other := uint32(0)
		if i < len(m) {
			other = m[i]
		}
		words[i], borrow = bits.Sub32(words[i], other, borrow)
	}
	*n = words.trim()
}

func (n natural) trim() natural {
	for len(n) > 0 && n[len(n)-1] == 0 {
		n = n[:len(n)-1]
	}
	return n
}

// appendDecimal appends n, which is not 0 and is used up, in digits.
func (n natural) appendDecimal(dst []byte) []byte {
	const digits = 9
	var pieces []uint32 // the least significant first
	for len(n) > 0 {
		rest := uint32(0)
		for i := len(n) - 1; i >= 0; i-- {
			n[i], rest = bits.Div32(rest, n[i], 1e9)
		}
		pieces = append(pieces, rest)
		n = n.trim()
	}
	for i, piece := range slices.Backward(pieces) {
		text := strconv.AppendUint(nil, uint64(piece), 10)
		if i < len(pieces)-1 {
			dst = append(dst, "000000000"[:digits-len(text)]...)
		}
		dst = append(dst, text...)
	}
	return dst
}
