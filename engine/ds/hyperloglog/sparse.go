package hyperloglog

import (
	"slices"
	"strconv"
)

// The opcodes of a sparse one:
//
//	00xxxxxx           ZERO   x+1 registers are 0
//	01xxxxxx yyyyyyyy  XZERO  xy+1 registers are 0
//	1vvvvvxx           VAL    x+1 registers are v+1

const (
	longestZero = 64
	longestVal  = 4
	greatestVal = 32
)

// opcode is one of them, read.
type opcode struct {
	size  int  // bytes
	run   int  // registers
	value byte // 0 for ZERO and XZERO
}

// at reads the opcode at a position. The missing second byte of an XZERO at
// the very end counts as 0.
func (h HyperLogLog) at(pos int) opcode {
	b := h[pos]
	switch b >> 6 {
	case 0:
		return opcode{1, int(b) + 1, 0}
	case 1:
		run := int(b&0x3f) << 8
		if pos+1 < len(h) {
			run |= int(h[pos+1])
		}
		return opcode{2, run + 1, 0}
	}
	return opcode{1, int(b&3) + 1, b>>2&0x1f + 1}
}

func val(value byte, run int) byte { return 1<<7 | (value-1)<<2 | byte(run-1) }

// appendZeros appends the opcode for a run of zeros, if there is any.
func appendZeros(b []byte, run int) []byte {
	switch {
	case run <= 0:
		return b
	case run <= longestZero:
		return append(b, byte(run-1))
	}
	return append(b, 1<<6|byte((run-1)>>8), byte(run-1))
}

// walk visits the runs of registers that are not 0. It is false when the
// opcodes do not describe all registers exactly.
func (h HyperLogLog) walk(visit func(first, n int, value byte)) bool {
	register := 0
	for pos := header; pos < len(h); {
		op := h.at(pos)
		if op.value != 0 {
			if register+op.run > registers {
				return false
			}
			visit(register, op.run, op.value)
		}
		register += op.run
		pos += op.size
	}
	return register == registers
}

// raiseSparse splits the opcode of a register in up to three, then joins what
// became equal. The rules of when to join are Redis's, so that the bytes are.
func (h HyperLogLog) raiseSparse(register int, value byte, limit int64) (result HyperLogLog, changed, ok bool) {
	if value > greatestVal {
		return h.promote(register, value)
	}
	pos, previous, first := header, header, 0
	var op opcode
	for {
		if pos >= len(h) {
			return h, false, false
		}
		if op = h.at(pos); register < first+op.run {
			break
		}
		previous = pos
		pos += op.size
		first += op.run
	}
	if pos+op.size > len(h) {
		return h, false, false
	}
	switch {
	case op.value >= value:
		return h, false, true
	case op.run == 1 && op.size == 1:
		h[pos] = val(value, 1)
	default:
		var room [5]byte
		split := room[:0]
		before, behind := register-first, first+op.run-1-register
		if op.value == 0 {
			split = appendZeros(split, before)
			split = append(split, val(value, 1))
			split = appendZeros(split, behind)
		} else {
			if before > 0 {
				split = append(split, val(op.value, before))
			}
			split = append(split, val(value, 1))
			if behind > 0 {
				split = append(split, val(op.value, behind))
			}
		}
		if more := len(split) - op.size; more > 0 && int64(len(h)+more) > limit {
			return h.promote(register, value)
		}
		h = slices.Replace(h, pos, pos+op.size, split...)
	}
	h = h.join(previous)
	h.Invalidate()
	return h, true, true
}

// join puts neighbouring runs of the same value together, looking at five
// opcodes from a position.
func (h HyperLogLog) join(pos int) HyperLogLog {
	for range 5 {
		if pos >= len(h) {
			break
		}
		op := h.at(pos)
		if op.value != 0 && pos+1 < len(h) {
			next := h.at(pos + 1)
			if next.value == op.value && op.run+next.run <= longestVal {
				h[pos] = val(op.value, op.run+next.run)
				h = slices.Delete(h, pos+1, pos+2)
				continue
			}
		}
		pos += op.size
	}
	return h
}

func (h HyperLogLog) promote(register int, value byte) (result HyperLogLog, changed, ok bool) {
	result, ok = h.ToDense()
	if !ok {
		return h, false, false
	}
	return result, result.raiseDense(register, value), true
}

// Opcodes writes the opcodes of a sparse one as PFDEBUG DECODE shows them:
// z and Z are zeros, v is a value and its run.
func (h HyperLogLog) Opcodes() []byte {
	var b []byte
	for pos := header; pos < len(h); {
		op := h.at(pos)
		switch {
		case op.value != 0:
			b = append(b, "v:"...)
			b = strconv.AppendInt(b, int64(op.value), 10)
			b = append(b, ',')
		case op.size == 2:
			b = append(b, "Z:"...)
		default:
			b = append(b, "z:"...)
		}
		b = strconv.AppendInt(b, int64(op.run), 10)
		b = append(b, ' ')
		pos += op.size
	}
	return b[:max(0, len(b)-1)]
}
