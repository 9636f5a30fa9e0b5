package straighten

// tidy shortens sequences of instructions to shorter ones of the same effect.
func tidy(list []instruction) []instruction {
	out := make([]instruction, 0, len(list))
	for _, in := range list {
		out = append(out, in)
		for n := 0; n != len(out); {
			n = len(out)
			out = shorten(out)
		}
	}
	return addresses(out)
}

// shorten looks at what ends a sequence.
func shorten(out []instruction) []instruction {
	n := len(out)
	if n > 0 && out[n-1].op == opNop {
		return out[:n-1]
	}
	if n < 2 {
		return out
	}
	a, b := &out[n-2], &out[n-1]
	switch {
	case b.op == opI64Eqz && a.op == opI64ExtendU:
		*a = instruction{op: opI32Eqz}
		return out[:n-1]
	case b.op == opI32Eqz && a.op == opI32Eqz && n > 2 && out[n-3].truth():
		return out[:n-2]
	case b.op == opI32WrapI64 && a.op == opI64Const && a.x >= 0 && a.x < 1<<31:
		*a = instruction{op: opI32Const, x: a.x}
		return out[:n-1]
	case b.op == opGlobalSet && n >= 10 && b.x == 0 && stackMoved(out[n-5:], opI32Add) && stackMoved(out[n-10:], opI32Add):
		sum := out[n-9].x + out[n-4].x
		out[n-9] = instruction{op: opI32Const, x: sum}
		return out[:n-5]
	case b.op == opI32WrapI64 && a.op == opI64ExtendU:
		return out[:n-2]
	case b.op == opI32Eqz && (a.op >= opI32Eq && a.op <= opI32GeU || a.op >= opI64Eq && a.op <= opI64GeU):
		*a = instruction{op: opposite(a.op)}
		return out[:n-1]
	case (b.op == opBrIf || b.op == opIf) && a.op == opI32Eqz && n > 2 && out[n-3].op == opI32Eqz:
		out[n-3] = *b
		return out[:n-2]
	}
	return out
}

// truth says whether an instruction leaves 0 or 1.
func (in *instruction) truth() bool {
	return in.op >= opI32Eqz && in.op <= opF64Ge
}

// stackMoved says whether a sequence begins with one that moves the stack pointer
// by adding or subtracting.
func stackMoved(list []instruction, op byte) bool {
	return list[0].op == opLocalGet && list[0].x == 1 && list[1].op == opI32Const && list[2].op == op &&
		list[3].op == opLocalTee && list[3].x == 1 && list[4].op == opGlobalSet && list[4].x == 0
}

// opposite is the comparison of integers that is true where op is not.
func opposite(op byte) byte {
	first := byte(opI32Eq)
	if op >= opI64Eq {
		first = opI64Eq
	}
	// eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
	return first + [...]byte{1, 0, 8, 9, 6, 7, 4, 5, 2, 3}[op-first]
}

// addresses makes a store to the stack that computes its address,
//
//	local.get SP, i64.extend_i32_u, i64.const n, i64.add, i32.wrap_i64, …, i64.store
//
// use the offset that the store has anyway. The stack pointer plus n is an
// address in memory, so the sum never overflows.
func addresses(list []instruction) []instruction {
	gone := make([]bool, len(list))
	for at := 0; at+5 < len(list); at++ {
		if list[at].op != opLocalGet || list[at].x != 1 || list[at+1].op != opI64ExtendU || list[at+2].op != opI64Const ||
			list[at+3].op != opI64Add || list[at+4].op != opI32WrapI64 || list[at+2].x < 0 {
			continue
		}
		height := 1
		for k := at + 5; k < len(list); k++ {
			in := &list[k]
			takes, puts, plain := in.stack()
			if !plain || in.op == opLocalTee && in.x == 1 {
				break
			}
			if height-takes < 1 { // takes the address
				if !(in.op >= opStoreFirst && in.op <= opStoreLast && height == 2 || in.op >= opLoadFirst && in.op <= opLoadLast) {
					break
				}
				sum := in.y + list[at+2].x
				if sum >= 1<<31 {
					break
				}
				*in = instruction{op: in.op, x: in.x, y: sum}
				for i := at + 1; i <= at+4; i++ {
					gone[i] = true
				}
				break
			}
			height += puts - takes
		}
	}
	out := list[:0]
	for i, in := range list {
		if !gone[i] {
			out = append(out, in)
		}
	}
	return out
}
