package straighten

import "encoding/binary"

// Assembler writes the code of a function that works on 32-bit integers.
type Assembler struct{ Code []byte }

func (a *Assembler) op(b ...byte) *Assembler {
	a.Code = append(a.Code, b...)
	return a
}

func (a *Assembler) indexed(op byte, index int) *Assembler {
	a.Code = binary.AppendUvarint(append(a.Code, op), uint64(index))
	return a
}

func (a *Assembler) memory(op, alignment byte, offset int) *Assembler {
	a.Code = binary.AppendUvarint(append(a.Code, op, alignment), uint64(offset))
	return a
}

// The instructions, by what they do.

func (a *Assembler) Loop() *Assembler            { return a.op(opLoop, emptyType) }
func (a *Assembler) If() *Assembler              { return a.op(opIf, emptyType) }
func (a *Assembler) Else() *Assembler            { return a.op(opElse) }
func (a *Assembler) End() *Assembler             { return a.op(opEnd) }
func (a *Assembler) BranchIf(n int) *Assembler   { return a.indexed(opBrIf, n) }
func (a *Assembler) Select() *Assembler          { return a.op(opSelect) }
func (a *Assembler) Get(local int) *Assembler    { return a.indexed(opLocalGet, local) }
func (a *Assembler) Set(local int) *Assembler    { return a.indexed(opLocalSet, local) }
func (a *Assembler) Tee(local int) *Assembler    { return a.indexed(opLocalTee, local) }
func (a *Assembler) Load(offset int) *Assembler  { return a.memory(0x28, 2, offset) }
func (a *Assembler) Load8(offset int) *Assembler { return a.memory(0x2d, 0, offset) } // zero-extended
func (a *Assembler) Store(offset int) *Assembler { return a.memory(0x36, 2, offset) }
func (a *Assembler) NotEqual() *Assembler        { return a.op(0x47) }
func (a *Assembler) Less() *Assembler            { return a.op(0x49) } // unsigned
func (a *Assembler) Add() *Assembler             { return a.op(0x6a) }
func (a *Assembler) Sub() *Assembler             { return a.op(0x6b) }
func (a *Assembler) Multiply() *Assembler        { return a.op(0x6c) }
func (a *Assembler) And() *Assembler             { return a.op(0x71) }
func (a *Assembler) Xor() *Assembler             { return a.op(0x73) }
func (a *Assembler) ShiftRight() *Assembler      { return a.op(0x76) } // unsigned

func (a *Assembler) Const(v int) *Assembler {
	a.Code = appendSigned(append(a.Code, opI32Const), int64(v))
	return a
}
