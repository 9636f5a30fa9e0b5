package straighten

import "encoding/binary"

// Assembler writes the code of a function. What has no 64 in its name works on
// 32-bit integers.
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

func (a *Assembler) Loop() *Assembler             { return a.op(opLoop, emptyType) }
func (a *Assembler) If() *Assembler               { return a.op(opIf, emptyType) }
func (a *Assembler) Else() *Assembler             { return a.op(opElse) }
func (a *Assembler) Unreachable() *Assembler      { return a.op(opUnreachable) }
func (a *Assembler) End() *Assembler              { return a.op(opEnd) }
func (a *Assembler) BranchIf(n int) *Assembler    { return a.indexed(opBrIf, n) }
func (a *Assembler) Select() *Assembler           { return a.op(opSelect) }
func (a *Assembler) Get(local int) *Assembler     { return a.indexed(opLocalGet, local) }
func (a *Assembler) Set(local int) *Assembler     { return a.indexed(opLocalSet, local) }
func (a *Assembler) Tee(local int) *Assembler     { return a.indexed(opLocalTee, local) }
func (a *Assembler) Load(offset int) *Assembler   { return a.memory(0x28, 0, offset) }
func (a *Assembler) Load8(offset int) *Assembler  { return a.memory(0x2d, 0, offset) } // zero-extended
func (a *Assembler) Store(offset int) *Assembler  { return a.memory(0x36, 0, offset) }
func (a *Assembler) Load16(offset int) *Assembler { return a.memory(0x2f, 0, offset) }
func (a *Assembler) Drop() *Assembler             { return a.op(opDrop) }
func (a *Assembler) EqualZero() *Assembler        { return a.op(opI32Eqz) }
func (a *Assembler) Equal() *Assembler            { return a.op(opI32Eq) }
func (a *Assembler) NotEqual() *Assembler         { return a.op(0x47) }
func (a *Assembler) Less() *Assembler             { return a.op(0x49) } // unsigned
func (a *Assembler) Add() *Assembler              { return a.op(0x6a) }
func (a *Assembler) Sub() *Assembler              { return a.op(0x6b) }
func (a *Assembler) Multiply() *Assembler         { return a.op(0x6c) }
func (a *Assembler) And() *Assembler              { return a.op(0x71) }
func (a *Assembler) Xor() *Assembler              { return a.op(0x73) }
func (a *Assembler) ShiftRight() *Assembler       { return a.op(0x76) } // unsigned

func (a *Assembler) Block() *Assembler               { return a.op(opBlock, emptyType) }
func (a *Assembler) Branch(n int) *Assembler         { return a.indexed(opBr, n) }
func (a *Assembler) Return() *Assembler              { return a.op(opReturn) }
func (a *Assembler) GetGlobal(index int) *Assembler  { return a.indexed(opGlobalGet, index) }
func (a *Assembler) SetGlobal(index int) *Assembler  { return a.indexed(opGlobalSet, index) }
func (a *Assembler) Store8(offset int) *Assembler    { return a.memory(0x3a, 0, offset) }
func (a *Assembler) CopyMemory() *Assembler          { return a.op(opPrefixed, 10, 0, 0) }
func (a *Assembler) Wrap() *Assembler                { return a.op(opI32WrapI64) }
func (a *Assembler) Load64(offset int) *Assembler    { return a.memory(0x29, 0, offset) }
func (a *Assembler) Load8As64(offset int) *Assembler { return a.memory(0x31, 0, offset) }
func (a *Assembler) Store64(offset int) *Assembler   { return a.memory(0x37, 0, offset) }
func (a *Assembler) Equal64() *Assembler             { return a.op(opI64Eq) }
func (a *Assembler) NotEqual64() *Assembler          { return a.op(opI64Eq + 1) }
func (a *Assembler) Less64() *Assembler              { return a.op(opI64Eq + 3) } // unsigned
func (a *Assembler) Add64() *Assembler               { return a.op(opI64Add) }
func (a *Assembler) Sub64() *Assembler               { return a.op(opI64Add + 1) }

func (a *Assembler) Call(function int) *Assembler { return a.indexed(opCall, function) }

// CallIndirect calls a function of the first type by its place in the table.
func (a *Assembler) CallIndirect() *Assembler { return a.op(opCallIndirect, 0, 0) }

func (a *Assembler) Const64(v int) *Assembler {
	a.Code = appendSigned(append(a.Code, opI64Const), int64(v))
	return a
}

func (a *Assembler) Const(v int) *Assembler {
	a.Code = appendSigned(append(a.Code, opI32Const), int64(v))
	return a
}
