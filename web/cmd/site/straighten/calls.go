package straighten

import "slices"

// A call in Go's convention takes eight bytes off the stack pointer, stores
// the return address there and calls with PC_B 0: ten instructions, and there
// are tens of thousands of calls. Here it passes the return address in the place
// of PC_B, and who is called stores it. A return address begins with the number
// of a function and is at least firstAddress; PC_B is less. So a function can
// still be resumed, and jumped to with its return address on the stack, as what
// is written in assembler does.

const firstAddress = 1 << 16

// pushed is the code that stores a return address before a call. The address
// is the constant at its seventh place.
var pushed = [...]instruction{
	{op: opLocalGet, x: 1},
	{op: opI32Const, x: 8},
	{op: opI32Sub},
	{op: opLocalTee, x: 1},
	{op: opGlobalSet},
	{op: opLocalGet, x: 1},
	{op: opI64Const},
	{op: opI64Store},
}

const pushedAddress = 6

// pushes says whether the address is stored at the beginning of code.
func pushes(code []instruction) bool {
	if len(code) < len(pushed) {
		return false
	}
	for i, in := range pushed {
		if code[i].op != in.op || i != pushedAddress && (code[i].x != in.x && in.op != opI64Store || code[i].y != 0) {
			return false
		}
	}
	return code[pushedAddress].x >= firstAddress && code[pushedAddress].x < 1<<31
}

// callee is what a call through a table has between the address and the call.
var callee = [...]instruction{
	{op: opI64Const, x: 16},
	{op: opI64ShrU},
	{op: opI32WrapI64},
	{op: opLocalSet},
	{op: opI32Const},
	{op: opLocalGet},
	{op: opCallIndirect},
}

// pass makes calls pass their return address.
func pass(code []instruction) []instruction {
	out := code[:0]
	for k := 0; k < len(code); k++ {
		if !pushes(code[k:]) {
			out = append(out, code[k])
			continue
		}
		address := instruction{op: opAddress, x: code[k+pushedAddress].x}
		rest := code[k+len(pushed):]
		through := len(rest) >= len(callee)
		for i := 0; through && i < len(callee); i++ {
			through = rest[i].op == callee[i].op && rest[i].x == callee[i].x
		}
		switch {
		case len(rest) > 1 && rest[0].op == opI32Const && rest[0].x == 0 && rest[1].op == opCall:
			out = append(out, address)
			k += len(pushed)
		case through:
			out = append(append(out, rest[:4]...), address)
			k += len(pushed) + 4
		default:
			out = append(out, code[k])
		}
	}
	return out
}

// popped leaves the return address on the operand stack that was on Go's.
var popped = []instruction{
	{op: opGlobalGet},
	{op: opI32Load, x: 2},
	{op: opGlobalGet},
	{op: opI32Const, x: 8},
	{op: opI32Add},
	{op: opGlobalSet},
}

// jump makes jumps through the table, which are calls with PC_B 0 of functions
// that are not known, pass the address that is on the stack.
func jump(code []instruction) []instruction {
	out := make([]instruction, 0, len(code))
	for k, in := range code {
		if in.op == opI32Const && in.x == 0 && k+2 < len(code) && code[k+1].op == opLocalGet && code[k+1].x == 0 && code[k+2].op == opCallIndirect {
			out = append(out, popped...)
		} else {
			out = append(out, in)
		}
	}
	return out
}

// Jumps are the functions that code calls with PC_B 0 when its calls pass their
// return address.
func Jumps(code []byte) (functions []int64, err error) {
	list, err := decode(code)
	if err != nil {
		return nil, err
	}
	list = pass(list)
	for k, in := range list {
		if in.op == opCall && k > 0 && list[k-1].op == opI32Const && list[k-1].x == 0 {
			functions = append(functions, in.x)
		}
	}
	return functions, nil
}

// push is the code that stores the address that was passed.
var push = []instruction{
	{op: opLocalGet, x: 1},
	{op: opI32Const, x: 8},
	{op: opI32Sub},
	{op: opLocalTee, x: 1},
	{op: opLocalGet},
	{op: opI64ExtendU},
	{op: opI64Store, x: 3},
}

// move sets the stack pointer.
var move = []instruction{{op: opLocalGet, x: 1}, {op: opGlobalSet}}

// entry is the code that stores the address that was passed before list, the
// function's beginning. Where that soon moves the stack pointer anyway, it
// moves once; changed is the new beginning.
func entry(list []instruction) (code, changed []instruction) {
	at := grows(list)
	if at < 0 {
		return slices.Concat(push, move), list
	}
	return push, slices.Concat(list[:at], move, list[at:])
}

// grows is where a function that asks for more stack, and has enough, moves the
// stack pointer:
//
//	local.get SP, global.get g, …, i32.le_u, if, address, call, return, end
//	local.get SP, i32.const n, i32.sub, local.tee SP, global.set SP
//
// It returns the place behind the if, -1 if the function begins otherwise.
func grows(list []instruction) int {
	if len(list) < 14 || list[0].op != opLocalGet || list[0].x != 1 || list[1].op != opGlobalGet || list[1].x != 2 {
		return -1
	}
	at := 2
	for at < 8 && list[at].op != opIf {
		if _, _, plain := list[at].stack(); !plain {
			return -1
		}
		at++
	}
	rest := list[at:]
	for i, op := range [...]byte{opIf, opAddress, opCall, opReturn, opEnd, opLocalGet, opI32Const, opI32Sub, opLocalTee, opGlobalSet} {
		if i >= len(rest) || rest[i].op != op || (op == opLocalGet || op == opLocalTee) && rest[i].x != 1 || op == opGlobalSet && rest[i].x != 0 {
			return -1
		}
	}
	return at + 1
}

// entered makes a function without a table for PC_B take an address.
func (o *Options) entered(list []instruction) []instruction {
	if len(list) < 2 || list[0].op != opGlobalGet || list[0].x != 0 || list[1].op != opLocalSet || list[1].x != 1 {
		return list
	}
	if leaf, ok := o.leaf(tidy(slices.Clone(list))); ok {
		return leaf
	}
	push, body := entry(list[2:])
	if !o.Jumped && !slices.ContainsFunc(list, func(in instruction) bool { return in.op == opBrTable }) {
		return slices.Concat(list[:2], push, body)
	}
	return slices.Concat(list[:2], []instruction{
		{op: opLocalGet},
		{op: opI32Const, x: firstAddress},
		{op: opI32GeU},
		{op: opIf, x: emptyType},
	}, push, []instruction{{op: opEnd}}, body)
}

// leaf rewrites a function that calls no other. Nobody asks where it was
// called, so it stores nothing and leaves the stack pointer as it was. ok is
// false for any other function.
func (o *Options) leaf(list []instruction) (out []instruction, ok bool) {
	frame := int64(0)
	body := list[2:]
	if len(body) > 5 && stackMoved(body, opI32Sub) {
		frame, body = body[1].x, body[5:]
	}
	if o.Jumped {
		return nil, false
	}
	out = []instruction{
		{op: opGlobalGet},
		{op: opI32Const, x: frame + 8},
		{op: opI32Sub},
		{op: opLocalSet, x: 1},
	}
	for k := 0; k < len(body); k++ {
		in := body[k]
		if rest := body[k:]; len(rest) > 6 && stackMoved(rest, opI32Add) && rest[1].x == frame+8 &&
			rest[5].op == opI32Const && rest[5].x == 0 && rest[6].op == opReturn {
			out = append(out, rest[5:7]...)
			k += 6
			continue
		}
		switch op := in.op; {
		case op == opReturn, op == opCallIndirect, op == opCall && !slices.Contains(o.Plain, in.x),
			op == opGlobalSet && in.x == 0, op == opGlobalGet && in.x == 0, (op == opLocalSet || op == opLocalTee) && in.x <= 1:
			return nil, false
		case op >= opLoadFirst && op <= opLoadLast && in.y == frame && body[max(k-1, 0)].op == opLocalGet && body[max(k-1, 0)].x == 1,
			op == opI64Const && in.x == frame && body[max(k-1, 0)].op == opI64ExtendU:
			return nil, false // it asks where it was called
		}
		out = append(out, in)
	}
	return out, true
}

// based writes the addresses that are passed. They have the function's own
// address in common: where it has several, that is in a local, which comes
// second, so that the same few bytes stand before every call.
func based(list []instruction, entry int64) (out []instruction, added bool) {
	n := 0
	for i := range list {
		if list[i].op != opAddress {
			continue
		}
		n++
		if list[i].x < entry || list[i].x >= entry+firstAddress {
			entry = -1
		}
	}
	added = n > 1 && entry >= 0
	out = make([]instruction, 0, len(list)+2*n)
	for i, in := range list {
		switch {
		case in.op == opAddress && added:
			out = append(out, instruction{op: opLocalGet, x: 2})
			if in.x > entry {
				out = append(out, instruction{op: opI32Const, x: in.x - entry}, instruction{op: opI32Add})
			}
			continue
		case in.op == opAddress:
			in = instruction{op: opI32Const, x: in.x}
		case added && in.op >= opLocalGet && in.op <= opLocalTee && in.x > 1:
			in = instruction{op: in.op, x: in.x + 1}
		}
		out = append(out, in)
		if i == 1 && added {
			out = append(out, instruction{op: opI32Const, x: entry}, instruction{op: opLocalSet, x: 2})
		}
	}
	return out, added
}
