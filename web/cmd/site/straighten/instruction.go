package straighten

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The instructions that mean something here. See the WebAssembly core
// specification, section 5.4.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opLoadFirst    = 0x28
	opI32Load      = 0x28
	opI64Load      = 0x29
	opLoadLast     = 0x35
	opStoreFirst   = 0x36
	opI64Store     = 0x37
	opStoreLast    = 0x3e
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45
	opI32Eq        = 0x46
	opI32GtU       = 0x4b
	opI32LeU       = 0x4d
	opI32GeU       = 0x4f
	opI64Eqz       = 0x50
	opI64Eq        = 0x51
	opI64GeU       = 0x5a
	opF64Ge        = 0x66
	opI32Clz       = 0x67
	opI32Popcnt    = 0x69
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32Rotr      = 0x78
	opI64Clz       = 0x79
	opI64Popcnt    = 0x7b
	opI64Add       = 0x7c
	opI64ShrU      = 0x88
	opI64Rotr      = 0x8a
	opF32Abs       = 0x8b
	opF32Sqrt      = 0x91
	opF32Add       = 0x92
	opF32Copysign  = 0x98
	opF64Abs       = 0x99
	opF64Sqrt      = 0x9f
	opF64Add       = 0xa0
	opF64Copysign  = 0xa6
	opI32WrapI64   = 0xa7
	opI64ExtendU   = 0xad // i64.extend_i32_u
	opPlainLast    = 0xc4
	opPrefixed     = 0xfc

	emptyType = 0x40
)

var errCode = errors.New("not the code of a function")

// instruction is one of a function. What its immediates are depends on op; raw
// is how it stood there, nil if it is new.
type instruction struct {
	op    byte
	x, y  int64 // index, depth, constant; a memory access has alignment and offset
	table []uint32
	raw   []byte
}

// decode reads instructions up to the end of code.
func decode(code []byte) ([]instruction, error) {
	list := make([]instruction, 0, len(code)/2) // most have one to three bytes
	for at := 0; at < len(code); {
		in := instruction{op: code[at]}
		p := at + 1
		bad := false
		uint := func() int64 {
			v, n := binary.Uvarint(code[p:])
			if n <= 0 {
				bad = true
				return 0
			}
			p += n
			return int64(v)
		}
		skip := func(n int) {
			if p += n; p > len(code) {
				bad = true
			}
		}
		switch op := in.op; {
		case op == opBlock || op == opLoop || op == opIf || op == opMemorySize || op == opMemoryGrow:
			if p < len(code) {
				in.x = int64(code[p])
			}
			skip(1)
		case op == opBr || op == opBrIf || op == opCall || op >= opLocalGet && op <= opGlobalSet:
			in.x = uint()
		case op == opBrTable:
			n := uint()
			for ; n >= 0 && !bad; n-- {
				in.table = append(in.table, uint32(uint()))
			}
		case op == opCallIndirect || op >= opLoadFirst && op <= opStoreLast:
			in.x, in.y = uint(), uint()
		case op == opI32Const || op == opI64Const:
			v, n := signed(code[p:])
			in.x, bad = v, n == 0
			p += n
		case op == opF32Const:
			skip(4)
		case op == opF64Const:
			skip(8)
		case op == opPrefixed:
			switch in.x = uint(); {
			case in.x <= 7: // saturating truncation
			case in.x == 10: // memory.copy
				skip(2)
			case in.x == 11: // memory.fill
				skip(1)
			default:
				bad = true
			}
		case op == opUnreachable || op == opNop || op == opElse || op == opEnd || op == opReturn || op == opDrop || op == opSelect,
			op >= opI32Eqz && op <= opPlainLast:
		default:
			bad = true
		}
		if bad || p > len(code) {
			return nil, fmt.Errorf("instruction %#x at %d: %w", in.op, at, errCode)
		}
		in.raw = code[at:p]
		at = p
		list = append(list, in)
	}
	return list, nil
}

// encode appends an instruction.
func (in *instruction) encode(b []byte) []byte {
	if in.raw != nil {
		return append(b, in.raw...)
	}
	b = append(b, in.op)
	switch op := in.op; {
	case op == opBlock || op == opLoop || op == opIf:
		b = append(b, byte(in.x))
	case op == opBr || op == opBrIf || op == opCall || op >= opLocalGet && op <= opGlobalSet:
		b = binary.AppendUvarint(b, uint64(in.x))
	case op == opBrTable:
		b = binary.AppendUvarint(b, uint64(len(in.table)-1))
		for _, depth := range in.table {
			b = binary.AppendUvarint(b, uint64(depth))
		}
	case op == opCallIndirect || op >= opLoadFirst && op <= opStoreLast:
		b = binary.AppendUvarint(b, uint64(in.x))
		b = binary.AppendUvarint(b, uint64(in.y))
	case op == opI32Const || op == opI64Const:
		b = appendSigned(b, in.x)
	}
	return b
}

// stack is how many values an instruction takes off the operand stack and puts
// on it. It reports false for what is not plain arithmetic, memory or locals.
func (in *instruction) stack() (takes, puts int, plain bool) {
	switch op := in.op; {
	case op == opLocalGet || op == opGlobalGet || op >= opI32Const && op <= opF64Const || op == opMemorySize:
		return 0, 1, true
	case op == opLocalSet || op == opGlobalSet || op == opDrop:
		return 1, 0, true
	case op == opLocalTee || op >= opLoadFirst && op <= opLoadLast:
		return 1, 1, true
	case op >= opStoreFirst && op <= opStoreLast:
		return 2, 0, true
	case op == opSelect:
		return 3, 1, true
	case op == opI32Eqz || op == opI64Eqz,
		op >= opI32Clz && op <= opI32Popcnt || op >= opI64Clz && op <= opI64Popcnt,
		op >= opF32Abs && op <= opF32Sqrt || op >= opF64Abs && op <= opF64Sqrt,
		op >= opI32WrapI64 && op <= opPlainLast,
		op == opPrefixed && in.x <= 7:
		return 1, 1, true
	case op >= opI32Eq && op <= opF64Ge, op >= opI32Add && op <= opI32Rotr, op >= opI64Add && op <= opI64Rotr,
		op >= opF32Add && op <= opF32Copysign, op >= opF64Add && op <= opF64Copysign:
		return 2, 1, true
	}
	return 0, 0, false
}

// signed reads a signed LEB128, which is not Go's varint; n is 0 if there is
// none.
func signed(b []byte) (v int64, n int) {
	shift := 0
	for n < len(b) && n < 10 {
		c := b[n]
		n++
		v |= int64(c&0x7f) << shift
		shift += 7
		if c&0x80 == 0 {
			if shift < 64 && c&0x40 != 0 {
				v |= -1 << shift
			}
			return v, n
		}
	}
	return 0, 0
}

func appendSigned(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// References are the functions that code calls by their number, and its
// constants, which may be program counters.
func References(code []byte) (calls, constants []int64, err error) {
	list, err := decode(code)
	for i := range list {
		switch in := &list[i]; in.op {
		case opCall:
			calls = append(calls, in.x)
		case opI32Const, opI64Const:
			constants = append(constants, in.x)
		}
	}
	return calls, constants, err
}

// Target is what a call becomes: of another function, or, where it has a type,
// of what stands in a place of the table.
type Target struct {
	Function int64
	Place    int64
	Type     int64 // -1: a direct call of Function
}

// Retarget writes the calls of code anew.
func Retarget(code []byte, to func(function int64) (Target, error)) ([]byte, error) {
	list, err := decode(code)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(code)+len(code)/8)
	for i := range list {
		if list[i].op != opCall {
			out = list[i].encode(out)
			continue
		}
		t, err := to(list[i].x)
		if err != nil {
			return nil, err
		}
		if t.Type < 0 {
			call := instruction{op: opCall, x: t.Function}
			out = call.encode(out)
			continue
		}
		place, call := instruction{op: opI32Const, x: t.Place}, instruction{op: opCallIndirect, x: t.Type}
		out = call.encode(place.encode(out))
	}
	return out, nil
}
