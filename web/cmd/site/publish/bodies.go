package publish

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"everysec/web/cmd/site/straighten"
)

// Two functions of Go's runtime are slow for what is short, and what a command
// copies and compares is mostly short: comparing goes byte by byte, and
// memory.copy is a call out of WebAssembly in browsers. Two more call whatever
// function a goroutine is in, and pass the return address of one that begins.
// These do the same.

// bodies are the functions' new bodies by name, with their locals.
var bodies = map[string]func() []byte{
	"memeqbody":             equalBody,
	"runtime.memmove":       moveBody,
	"wasm_pc_f_loop":        resumeBody,
	"wasm_pc_f_loop_export": resumeUntilBody,
}

// replacements are the bodies by the number of their function.
func replacements(memory []byte) (map[int][]byte, error) {
	le := binary.LittleEndian
	_, table, count, names, funcs, err := lineTables(memory)
	if err != nil {
		return nil, err
	}
	found := map[int][]byte{}
	for i := range count {
		offset := funcs + int(le.Uint32(table[funcs+8*i+4:]))
		if offset+fieldPCData > len(table) {
			return nil, fmt.Errorf("function %d: %w", i, errLayout)
		}
		from := names + int(le.Uint32(table[offset+fieldName:]))
		if from > len(table) {
			return nil, fmt.Errorf("function %d: %w", i, errLayout)
		}
		name, _, _ := bytes.Cut(table[from:min(len(table), from+64)], []byte{0})
		number := int(le.Uint32(table[funcs+8*i:])) - firstFunction
		if body := bodies[string(name)]; body != nil {
			found[number] = body()
		} else if body := idle(string(name)); body != nil {
			found[number] = body
		}
	}
	return found, nil
}

// equalBody compares n bytes at two addresses: (a, b, n i64) -> 0 or 1 as i64.
func equalBody() []byte {
	const a, b, n = 0, 1, 2
	c := straighten.Assembler{}
	c.Get(a).Get(b).Equal64().If().Const64(1).Return().End()
	for _, width := range []int{8, 1} {
		c.Block().Loop()
		c.Get(n).Const64(width).Less64().BranchIf(1)
		for _, at := range []int{a, b} {
			c.Get(at).Wrap()
			if width == 8 {
				c.Load64(0)
			} else {
				c.Load8As64(0)
			}
		}
		c.NotEqual64().If().Const64(0).Return().End()
		for _, at := range []int{a, b} {
			c.Get(at).Const64(width).Add64().Set(at)
		}
		c.Get(n).Const64(width).Sub64().Set(n)
		c.Branch(0).End().End()
	}
	c.Const64(1).End()
	return append([]byte{0}, c.Code...) // no locals
}

// moveBody is memmove(to, from, n) with its arguments on Go's stack, in the
// calling convention of cmd/internal/obj/wasm. What is loaded before anything
// is stored may overlap.
func moveBody() []byte {
	const pcB, sp, to, from, n, toEnd, fromEnd, x, y, z, w = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
	c := straighten.Assembler{}
	done := func() { c.Const(0).Return() }
	// The stack pointer is as it was before the call, or a return address is there.
	c.Get(pcB).If()
	c.GetGlobal(0).Const(8).Sub().Set(sp)
	c.Else()
	c.GetGlobal(0).Tee(sp).Const(8).Add().SetGlobal(0)
	c.End()
	c.Get(sp).Load(8).Set(to)
	c.Get(sp).Load(16).Set(from)
	c.Get(sp).Load(24).Set(n)
	c.Const(32).Get(n).Less().If()
	c.Get(to).Get(from).Get(n).CopyMemory()
	done()
	c.End()
	c.Get(to).Get(n).Add().Set(toEnd)
	c.Get(from).Get(n).Add().Set(fromEnd)
	c.Const(7).Get(n).Less().If()
	{
		c.Get(from).Load64(0).Set(x)
		c.Get(fromEnd).Const(8).Sub().Load64(0).Set(y)
		c.Const(16).Get(n).Less().If()
		c.Get(from).Load64(8).Set(z)
		c.Get(fromEnd).Const(16).Sub().Load64(0).Set(w)
		c.Get(to).Get(z).Store64(8)
		c.Get(toEnd).Const(16).Sub().Get(w).Store64(0)
		c.End()
		c.Get(to).Get(x).Store64(0)
		c.Get(toEnd).Const(8).Sub().Get(y).Store64(0)
		done()
		c.End()
	}
	c.Const(3).Get(n).Less().If()
	{
		c.Get(from).Load(0).Set(n) // its length is in the ends
		c.Get(toEnd).Const(4).Sub()
		c.Get(fromEnd).Const(4).Sub().Load(0).Store(0)
		c.Get(to).Get(n).Store(0)
		done()
		c.End()
	}
	c.Get(n).If()
	{
		// First, middle and last are all there is of up to three bytes.
		c.Get(to)
		c.Get(to).Get(n).Const(1).ShiftRight().Add()
		c.Get(toEnd).Const(1).Sub()
		c.Get(fromEnd).Const(1).Sub().Load8(0).Set(fromEnd)
		c.Get(from).Get(n).Const(1).ShiftRight().Add().Load8(0).Set(n)
		c.Get(from).Load8(0).Set(from)
		c.Get(fromEnd).Store8(0)
		c.Get(n).Store8(0)
		c.Get(from).Store8(0)
		c.End()
	}
	done()
	c.End()
	// Six more of type i32, four of type i64, after the parameter.
	return append([]byte{2, 6, 0x7f, 4, 0x7e}, c.Code...)
}

const globalSP, globalPause = 0, 7

// resume calls the function whose program counter is below Go's stack: its
// number, PC_F, and PC_B, or its return address where that is 0.
func resume(c *straighten.Assembler, pcF, pcB int) {
	c.Get(pcB).Load16(0).Tee(pcB).If().Else()
	c.GetGlobal(globalSP).Load(0).Set(pcB)
	c.GetGlobal(globalSP).Const(8).Add().SetGlobal(globalSP)
	c.End()
	c.Get(pcB).Get(pcF).CallIndirect()
}

// resumeBody resumes what is unwound until the program waits.
func resumeBody() []byte {
	const pcF, pcB = 0, 1
	c := straighten.Assembler{}
	c.GetGlobal(globalPause).If().Else().Loop()
	c.GetGlobal(globalSP).Const(8).Sub().Tee(pcB).Load(2).Set(pcF)
	resume(&c, pcF, pcB)
	c.Drop()
	c.GetGlobal(globalPause).EqualZero().BranchIf(0)
	c.End().End()
	c.Const(0).SetGlobal(globalPause).End()
	return append([]byte{1, 2, 0x7f}, c.Code...)
}

// resumeUntilBody does so until the function of its parameter is returned to.
func resumeUntilBody() []byte {
	const until, unwound, pcF, pcB = 0, 1, 2, 3
	c := straighten.Assembler{}
	c.GetGlobal(globalPause).If().Else()
	c.Const(1).Set(unwound)
	c.Loop()
	c.GetGlobal(globalSP).Const(8).Sub().Tee(pcB).Load(2).Tee(pcF).Get(until).Equal().If()
	c.Get(unwound).EqualZero().BranchIf(2)
	c.End()
	resume(&c, pcF, pcB)
	c.Set(unwound)
	c.GetGlobal(globalPause).EqualZero().BranchIf(0)
	c.End().End()
	c.Const(0).SetGlobal(globalPause).End()
	return append([]byte{1, 3, 0x7f}, c.Code...)
}
