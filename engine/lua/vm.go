package lua

import (
	"math"
	"strconv"
	"strings"
)

const (
	maxFrames    = 16383 // nested Lua calls, where Lua 5.1 gives up too
	maxGoDepth   = 200   // nested calls that use the host's stack
	maxMetaChain = 100
)

type (
	// A goFunc receives its arguments on the Lua stack and returns its
	// results, which may alias them; both are good until the next call.
	goFunc     func(t *thread, args []value) []value
	goFunction struct {
		f     goFunc
		name  string
		id    uint32
		holds value // what a function made by a library keeps
	}
	closure struct {
		p    *proto
		up   []*cell
		id   uint32
		mark uint32
	}
)

// A frame is one active call.
type frame struct {
	cl    *closure // nil for a Go function
	pc    int
	base  int // first register or argument
	limit int // first stack slot above the call's own
	ret   int // where the function was, and its results go
	want  int // results wanted, -1 for all
	extra int // variable arguments, just below base
	tails int // tail calls this frame has replaced
}

type threadStatus uint8

const (
	suspended threadStatus = iota
	running
	normal
	dead
)

// A thread is a coroutine, or the script itself.
type thread struct {
	s        *state
	stack    []value
	frames   []frame
	top      int // end of the last open list of values
	nest     int // calls from Go inside this coroutine, which a yield cannot cross
	out      []value
	start    value // body of a coroutine that has not started
	status   threadStatus
	resumer  *thread
	yielding bool
	yieldAt  int
	yieldFor int
	yielded  []value
	id       uint32
	mark     uint32
}

// A luaError is a raised error on its way to a pcall.
type luaError struct {
	v      value
	fatal  bool // no pcall stops it
	source string
	line   int
	where  bool // source and line are known
}

func (t *thread) grow(n int) {
	if n > len(t.stack) {
		bigger := make([]value, max(n, 2*len(t.stack)))
		t.s.memory.fresh += 24 * len(bigger)
		copy(bigger, t.stack)
		t.stack = bigger
	}
}

func (t *thread) limit() int {
	if len(t.frames) == 0 {
		return 0
	}
	return t.frames[len(t.frames)-1].limit
}

// one returns a single result.
func (t *thread) one(v value) []value {
	t.out = append(t.out[:0], v)
	return t.out
}

func (t *thread) two(a, b value) []value {
	t.out = append(t.out[:0], a, b)
	return t.out
}

// precall starts the call of stack[at] with the nargs values above it. A Lua
// function is left to execute; a Go function has run when it returns false.
func (t *thread) precall(at, nargs, want int) bool {
	switch f := t.stack[at].o.(type) {
	case *closure:
		p := f.p
		if len(t.frames) >= maxFrames {
			t.runError("stack overflow")
		}
		t.s.budget -= len(p.code) >> 6 << 3
		base, extra := at+1, 0
		t.grow(base + nargs + p.maxStack + 8)
		if p.isVararg {
			base += nargs
			for i := range p.numParams {
				if i < nargs {
					t.stack[base+i] = t.stack[at+1+i]
				} else {
					t.stack[base+i] = nilValue
				}
			}
			extra = max(nargs-p.numParams, 0)
			if p.needsArg {
				arg := t.s.newTable(extra, 1)
				for i := range extra {
					arg.setInt(i+1, t.stack[base-extra+i])
				}
				arg.setField("n", integer(extra))
				t.stack[base+p.numParams] = value{o: arg}
			}
		} else {
			for i := nargs; i < p.numParams; i++ {
				t.stack[base+i] = nilValue
			}
		}
		t.frames = append(t.frames, frame{cl: f, base: base, limit: base + p.maxStack, ret: at, want: want, extra: extra})
		return true
	case *goFunction:
		if len(t.frames) >= maxFrames {
			t.runError("stack overflow")
		}
		t.frames = append(t.frames, frame{base: at + 1, limit: at + 1 + nargs, ret: at, want: want})
		res := f.f(t, t.stack[at+1:at+1+nargs:at+1+nargs])
		t.frames = t.frames[:len(t.frames)-1]
		if t.yielding {
			t.yieldAt, t.yieldFor = at, want
			return false
		}
		t.finish(at, res, want)
		return false
	}
	m := t.metamethod(t.stack[at], t.s.names.call)
	if _, ok := m.o.(*closure); !ok {
		if _, ok := m.o.(*goFunction); !ok {
			t.typeFault("call", t.stack[at], 0)
		}
	}
	t.grow(at + nargs + 2)
	copy(t.stack[at+1:at+nargs+2], t.stack[at:at+nargs+1])
	t.stack[at] = m
	return t.precall(at, nargs+1, want)
}

// finish puts the results of a call where its caller wants them.
func (t *thread) finish(at int, res []value, want int) {
	if len(res) > 16 {
		t.s.spend(t, len(res)>>3)
	}
	if want < 0 {
		t.grow(at + len(res))
		copy(t.stack[at:], res)
		t.top = at + len(res)
		return
	}
	t.grow(at + want)
	n := copy(t.stack[at:at+want], res)
	for ; n < want; n++ {
		t.stack[at+n] = nilValue
	}
}

// call calls f from Go. The results are good until the next call.
func (t *thread) call(f value, args ...value) []value {
	at := t.limit()
	t.grow(at + 1 + len(args))
	t.stack[at] = f
	copy(t.stack[at+1:], args)
	t.s.depth++
	if t.s.depth >= maxGoDepth {
		if t.s.depth >= maxGoDepth+maxGoDepth/8 {
			t.throw(stringValue("error in error handling"))
		}
		if t.s.depth == maxGoDepth {
			t.runError("C stack overflow")
		}
	}
	t.nest++
	if t.precall(at, len(args), -1) {
		t.execute(len(t.frames))
	}
	t.nest--
	t.s.depth--
	return t.stack[at:t.top:t.top]
}

// call1 calls f for its first result.
func (t *thread) call1(f value, args ...value) value {
	if res := t.call(f, args...); len(res) > 0 {
		return res[0]
	}
	return nilValue
}

// pcall calls f and returns the error it raises, if any.
func (t *thread) pcall(f value, args ...value) (res []value, err *luaError) {
	frames, depth, nest := len(t.frames), t.s.depth, t.nest
	t.s.guards++
	defer func() {
		t.s.guards--
		if r := recover(); r != nil {
			e, ok := r.(*luaError)
			if !ok || e.fatal {
				panic(r)
			}
			t.frames = t.frames[:frames]
			t.s.depth, t.nest = depth, nest
			t.s.current = t
			res, err = nil, e
		}
	}()
	return t.call(f, args...), nil
}

// execute runs the top frame until the frame at depth entry returns, or the
// coroutine yields.
func (t *thread) execute(entry int) {
	if t.s.budget--; t.s.budget < 0 {
		t.s.check(t)
	}
frames: // what may have moved the stack or the frames goes on from here
	for {
		fr := &t.frames[len(t.frames)-1]
		p := fr.cl.p
		code, k := p.code, p.k
		base := fr.base
		regs := t.stack[base : base+p.maxStack+1]
		for {
			in := &code[fr.pc]
			fr.pc++
			switch in.op {
			case opMove:
				regs[in.a] = regs[in.b]
			case opLoadK:
				regs[in.a] = k[in.b]
			case opLoadBool:
				regs[in.a] = value{boolTag{}, float64(in.b)}
				if in.c != 0 {
					fr.pc++
				}
			case opLoadNil:
				for i := int(in.a); i <= int(in.b); i++ {
					regs[i] = nilValue
				}
			case opNewCell:
				regs[in.a] = value{o: &cell{regs[in.a]}}
			case opGetCell:
				regs[in.a] = regs[in.b].o.(*cell).v
			case opSetCell:
				regs[in.a].o.(*cell).v = *rk(regs, k, int(in.b))
			case opGetUpval:
				regs[in.a] = fr.cl.up[in.b].v
			case opSetUpval:
				fr.cl.up[in.a].v = *rk(regs, k, int(in.b))
			case opGetGlobal:
				key := k[in.b].o.(*str)
				v := t.s.globals.getStr(key)
				if v.o == nil {
					v = t.index(value{o: t.s.globals}, k[in.b])
					t.stack[base+int(in.a)] = v
					continue frames
				}
				regs[in.a] = v
			case opSetGlobal:
				t.setIndex(value{o: t.s.globals}, k[in.b], regs[in.a])
				continue frames
			case opGetTable:
				key := *rk(regs, k, int(in.c))
				if tb, ok := regs[in.b].o.(*table); ok {
					if v := tb.get(key); v.o != nil || tb.meta == nil {
						regs[in.a] = v
						continue
					}
				}
				v := t.index(regs[in.b], key)
				t.stack[base+int(in.a)] = v
				continue frames
			case opGetField:
				key := k[in.c]
				if tb, ok := regs[in.b].o.(*table); ok {
					if v := tb.getStr(key.o.(*str)); v.o != nil || tb.meta == nil {
						regs[in.a] = v
						continue
					}
				}
				v := t.index(regs[in.b], key)
				t.stack[base+int(in.a)] = v
				continue frames
			case opSetTable:
				key, v := rk(regs, k, int(in.b)), rk(regs, k, int(in.c))
				if tb, ok := regs[in.a].o.(*table); ok && tb.meta == nil && !tb.readonly {
					if key.o != nil && key.n == key.n {
						*tb.slot(*key) = *v
						continue
					}
				}
				t.setIndex(regs[in.a], *key, *v)
				continue frames
			case opNewTable:
				regs[in.a] = value{o: t.s.newTable(int(in.b), int(in.c))}
			case opSelf:
				object := regs[in.b]
				regs[in.a+1] = object
				key := *rk(regs, k, int(in.c))
				v := t.index(object, key)
				t.stack[base+int(in.a)] = v
				continue frames
			case opAdd, opSub, opMul, opDiv, opMod, opPow:
				x, y := rk(regs, k, int(in.b)), rk(regs, k, int(in.c))
				if x.isNumber() && y.isNumber() {
					var n float64
					switch in.op {
					case opAdd:
						n = x.n + y.n
					case opSub:
						n = x.n - y.n
					case opMul:
						n = x.n * y.n
					default:
						n = arith(in.op, x.n, y.n)
					}
					if n != n {
						n = x86NaN(x.n, y.n, n)
					}
					regs[in.a] = value{numberTag{}, n}
					continue
				}
				v := t.arithmetic(in.op, *x, *y)
				t.stack[base+int(in.a)] = v
				continue frames
			case opUnm:
				x := regs[in.b]
				if x.isNumber() {
					regs[in.a] = number(-x.n)
					continue
				}
				v := t.arithmetic(opUnm, x, x)
				t.stack[base+int(in.a)] = v
				continue frames
			case opNot:
				regs[in.a] = boolean(!regs[in.b].truthy())
			case opLen:
				switch x := regs[in.b].o.(type) {
				case *table:
					regs[in.a] = integer(x.length())
				case *str:
					regs[in.a] = integer(len(x.s))
				default:
					t.typeFault("get length of", regs[in.b], 1)
				}
			case opConcat:
				v := t.concat(base+int(in.b), int(int32(in.c)-in.b)+1)
				t.stack[base+int(in.a)] = v
				continue frames
			case opJump:
				fr.pc += int(in.b)
				if in.b < 0 {
					if t.s.budget -= turn(in.b); t.s.budget < 0 {
						t.s.check(t)
					}
				}
			case opEq:
				x, y := rk(regs, k, int(in.b)), rk(regs, k, int(in.c))
				var r bool
				if x.isNumber() && y.isNumber() {
					r = x.n == y.n
				} else {
					t.s.weigh(*x)
					r = rawEqual(*x, *y)
					if tb, ok := x.o.(*table); ok && !r && tb.meta != nil {
						if t.equal(*x, *y) != (in.a != 0) {
							t.frames[len(t.frames)-1].pc++
						}
						continue frames
					}
				}
				if r != (in.a != 0) {
					fr.pc++
				}
			case opLt, opLe:
				x, y := rk(regs, k, int(in.b)), rk(regs, k, int(in.c))
				var r bool
				if x.isNumber() && y.isNumber() {
					if in.op == opLt {
						r = x.n < y.n
					} else {
						r = x.n <= y.n
					}
				} else {
					if in.op == opLt {
						r = t.lessThan(*x, *y)
					} else {
						r = t.lessEqual(*x, *y)
					}
					if r != (in.a != 0) {
						t.frames[len(t.frames)-1].pc++
					}
					continue frames
				}
				if r != (in.a != 0) {
					fr.pc++
				}
			case opJumpIf:
				if regs[in.a].truthy() {
					fr.pc += int(in.b)
				}
			case opJumpNot:
				if !regs[in.a].truthy() {
					fr.pc += int(in.b)
				}
			case opCall:
				at := base + int(in.a)
				nargs := int(in.b) - 1
				if in.b == 0 {
					nargs = t.top - at - 1
				}
				if t.s.budget--; t.s.budget < 0 {
					t.s.check(t)
				}
				t.precall(at, nargs, int(in.c)-1)
				if t.yielding {
					return
				}
				continue frames
			case opTailCall:
				at := base + int(in.a)
				nargs := int(in.b) - 1
				if in.b == 0 {
					nargs = t.top - at - 1
				}
				if t.s.budget--; t.s.budget < 0 {
					t.s.check(t)
				}
				if !t.precall(at, nargs, -1) {
					if t.yielding {
						return
					}
					continue frames // a Go function: its results are returned next
				}
				t.replaceFrame()
				continue frames
			case opReturn:
				from := base + int(in.a)
				n := int(in.b) - 1
				if in.b == 0 {
					n = t.top - from
				}
				at, want := fr.ret, fr.want
				t.frames = t.frames[:len(t.frames)-1]
				if want < 0 {
					copy(t.stack[at:], t.stack[from:from+n])
					t.top = at + n
				} else {
					for i := range want {
						if i < n {
							t.stack[at+i] = t.stack[from+i]
						} else {
							t.stack[at+i] = nilValue
						}
					}
				}
				if len(t.frames) < entry {
					return
				}
				continue frames
			case opForPrep:
				for i, what := range [...]string{"initial value", "limit", "step"} {
					r := &regs[int(in.a)+i]
					if !r.isNumber() {
						n, ok := r.toNumber()
						if !ok {
							t.runError("'for' " + what + " must be a number")
						}
						*r = number(n)
					}
				}
				regs[in.a].n -= regs[in.a+2].n
				fr.pc += int(in.b)
			case opForLoop:
				step := regs[in.a+2].n
				i := regs[in.a].n + step
				stop := regs[in.a+1].n
				if step > 0 && i <= stop || !(step > 0) && stop <= i {
					regs[in.a].n = i
					regs[in.a+3] = number(i)
					fr.pc += int(in.b)
					if t.s.budget -= turn(in.b); t.s.budget < 0 {
						t.s.check(t)
					}
				}
			case opTForLoop:
				a := int(in.a)
				n := int(in.c)
				res := t.call(regs[a], regs[a+1], regs[a+2])
				regs := t.stack[base:]
				for i := range n {
					if i < len(res) {
						regs[a+3+i] = res[i]
					} else {
						regs[a+3+i] = nilValue
					}
				}
				if regs[a+3].o == nil {
					t.frames[len(t.frames)-1].pc++
				} else {
					regs[a+2] = regs[a+3]
				}
				continue frames
			case opSetList:
				at := base + int(in.a)
				n := int(in.b)
				if n == 0 {
					n = t.top - at - 1
				}
				stored := int(code[fr.pc].b)
				fr.pc++
				tb := t.stack[at].o.(*table)
				if stored+n > len(tb.arr) {
					tb.resize(stored+n, len(tb.node))
				}
				copy(tb.arr[stored:], t.stack[at+1:at+1+n])
			case opClosure:
				sub := p.protos[in.b]
				cl := t.s.newClosure(sub)
				for i, u := range sub.upvals {
					if u.fromRegister {
						cl.up[i] = regs[u.index].o.(*cell)
					} else {
						cl.up[i] = fr.cl.up[u.index]
					}
				}
				regs[in.a] = value{o: cl}
			case opVararg:
				n := int(in.b) - 1
				from := base - fr.extra
				at := base + int(in.a)
				if n < 0 {
					n = fr.extra
					if n > 16 {
						t.s.spend(t, n>>3)
					}
					t.grow(at + n + 1)
					t.top = at + n
				}
				for i := range n {
					if i < fr.extra {
						t.stack[at+i] = t.stack[from+i]
					} else {
						t.stack[at+i] = nilValue
					}
				}
				continue frames
			}
		}
	}
}

// turn is what jumping back over so much code costs: more than one step only
// where the body of the loop is long.
func turn(jump int32) int { return 1 + -int(jump)>>6<<3 }

func rk(regs, k []value, i int) *value {
	if i >= constantBase {
		return &k[i-constantBase]
	}
	return &regs[i]
}

// replaceFrame makes the frame just pushed take the place of its caller.
func (t *thread) replaceFrame() {
	n := len(t.frames)
	callee, caller := t.frames[n-1], t.frames[n-2]
	shift := callee.ret - caller.ret
	end := callee.base + callee.cl.p.numParams
	if callee.cl.p.needsArg {
		end++
	}
	copy(t.stack[caller.ret:], t.stack[callee.ret:end])
	callee.base -= shift
	callee.limit -= shift
	callee.ret = caller.ret
	callee.want = caller.want
	callee.tails = caller.tails + 1
	t.frames[n-2] = callee
	t.frames = t.frames[:n-1]
}

// x86NaN gives a NaN result the sign it has on x86-64, which print shows: that
// of the NaN operand, or minus for an invalid operation.
func x86NaN(a, b, r float64) float64 {
	if a != a {
		return a
	}
	if b != b {
		return b
	}
	return math.Float64frombits(0xfff8000000000000)
}

func arith(op opcode, a, b float64) float64 {
	var r float64
	switch op {
	case opAdd:
		r = a + b
	case opSub:
		r = a - b
	case opMul:
		r = a * b
	case opDiv:
		r = a / b
	case opMod:
		r = a - float64(math.Floor(a/b)*b)
	case opPow:
		return math.Pow(a, b)
	case opUnm:
		return -a
	}
	if r != r {
		return x86NaN(a, b, r)
	}
	return r
}

// arithmetic handles operands that are not both numbers.
func (t *thread) arithmetic(op opcode, a, b value) value {
	t.s.weigh(a)
	t.s.weigh(b)
	if x, ok := a.toNumber(); ok {
		if y, ok := b.toNumber(); ok {
			return number(arith(op, x, y))
		}
	}
	name := t.s.names.arith[op-opAdd]
	m := t.metamethod(a, name)
	if m.isNil() {
		m = t.metamethod(b, name)
	}
	if m.isNil() {
		if _, ok := a.toNumber(); ok {
			t.typeFault("perform arithmetic on", b, 2)
		}
		t.typeFault("perform arithmetic on", a, 1)
	}
	return t.call1(m, a, b)
}

// concat joins n stack values from the right, as `..` associates.
func (t *thread) concat(at, n int) value {
	for n > 1 {
		b := t.stack[at+n-1]
		a := t.stack[at+n-2]
		sb, okb := b.toStr()
		if _, ok := a.toStr(); !ok || !okb {
			m := t.metamethod(a, t.s.names.concat)
			if m.isNil() {
				m = t.metamethod(b, t.s.names.concat)
			}
			if m.isNil() {
				if ok {
					t.typeFault("concatenate", b, n-1)
				}
				t.typeFault("concatenate", a, n-2)
			}
			v := t.call1(m, a, b)
			t.stack[at+n-2] = v
			n--
			continue
		}
		parts := 1
		size := len(sb)
		for parts < n {
			s, ok := t.stack[at+n-1-parts].toStr()
			if !ok {
				break
			}
			size += len(s)
			parts++
		}
		t.s.charge(t, size)
		var sBuf strings.Builder
		sBuf.Grow(size)
		for i := n - parts; i < n; i++ {
			s, _ := t.stack[at+i].toStr()
			sBuf.WriteString(s)
		}
		n -= parts - 1
		t.stack[at+n-1] = stringValue(sBuf.String())
	}
	return t.stack[at]
}

func (t *thread) metatable(v value) *table {
	switch x := v.o.(type) {
	case *table:
		return x.meta
	case *str:
		return t.s.stringMeta
	}
	return nil
}

func (t *thread) metamethod(v value, name *str) value {
	if m := t.metatable(v); m != nil {
		return m.getStr(name)
	}
	return nilValue
}

// index is object[key] with metamethods.
func (t *thread) index(object, key value) value {
	for i := range maxMetaChain {
		var m value
		if tb, ok := object.o.(*table); ok {
			v := tb.get(key)
			if !v.isNil() || tb.meta == nil {
				return v
			}
			m = tb.meta.getStr(t.s.names.index)
			if m.isNil() {
				return nilValue
			}
		} else {
			m = t.metamethod(object, t.s.names.index)
			if m.isNil() {
				operand := 1
				if i > 0 {
					operand = -1
				}
				t.typeFault("index", object, operand)
			}
		}
		switch m.o.(type) {
		case *closure, *goFunction:
			return t.call1(m, object, key)
		}
		object = m
	}
	t.runError("loop in gettable")
	return nilValue
}

// setIndex is object[key] = v with metamethods.
func (t *thread) setIndex(object, key, v value) {
	for i := range maxMetaChain {
		var m value
		if tb, ok := object.o.(*table); ok {
			if tb.readonly {
				t.runError("Attempt to modify a readonly table")
			}
			p := t.rawSlot(tb, key)
			if !p.isNil() || tb.meta == nil {
				*p = v
				return
			}
			m = tb.meta.getStr(t.s.names.newindex)
			if m.isNil() {
				*p = v
				return
			}
		} else {
			m = t.metamethod(object, t.s.names.newindex)
			if m.isNil() {
				operand := 1
				if i > 0 {
					operand = -1
				}
				t.typeFault("index", object, operand)
			}
		}
		switch m.o.(type) {
		case *closure, *goFunction:
			t.call(m, object, key, v)
			return
		}
		object = m
	}
	t.runError("loop in settable")
}

// rawSlot is table.slot with the errors a script sees.
func (t *thread) rawSlot(tb *table, key value) *value {
	if key.isNil() {
		t.runError("table index is nil")
	}
	if key.isNumber() && key.n != key.n {
		t.runError("table index is NaN")
	}
	return tb.slot(key)
}

func (t *thread) equal(a, b value) bool {
	if rawEqual(a, b) {
		return true
	}
	x, ok := a.o.(*table)
	if !ok {
		return false
	}
	y, ok := b.o.(*table)
	if !ok || x.meta == nil || y.meta == nil {
		return false
	}
	m := x.meta.getStr(t.s.names.eq)
	if m.isNil() || x.meta != y.meta && !rawEqual(m, y.meta.getStr(t.s.names.eq)) {
		return false
	}
	return t.call1(m, a, b).truthy()
}

func (t *thread) compareMeta(name *str, a, b value) (result, ok bool) {
	m := t.metamethod(a, name)
	if m.isNil() || !rawEqual(m, t.metamethod(b, name)) {
		return false, false
	}
	return t.call1(m, a, b).truthy(), true
}

func (t *thread) lessThan(a, b value) bool {
	t.s.weigh(a)
	if a.typeName() != b.typeName() {
		t.orderFault(a, b)
	}
	if x, ok := a.o.(*str); ok {
		return x.s < b.o.(*str).s
	}
	if a.isNumber() {
		return a.n < b.n
	}
	r, ok := t.compareMeta(t.s.names.lt, a, b)
	if !ok {
		t.orderFault(a, b)
	}
	return r
}

func (t *thread) lessEqual(a, b value) bool {
	t.s.weigh(a)
	if a.typeName() != b.typeName() {
		t.orderFault(a, b)
	}
	if x, ok := a.o.(*str); ok {
		return x.s <= b.o.(*str).s
	}
	if a.isNumber() {
		return a.n <= b.n
	}
	if r, ok := t.compareMeta(t.s.names.le, a, b); ok {
		return r
	}
	r, ok := t.compareMeta(t.s.names.lt, b, a)
	if !ok {
		t.orderFault(a, b)
	}
	return !r
}

func (t *thread) orderFault(a, b value) {
	x, y := a.typeName(), b.typeName()
	if x[2] == y[2] {
		t.runError("attempt to compare two " + x + " values")
	}
	t.runError("attempt to compare " + x + " with " + y)
}

// typeFault raises "attempt to OP a TYPE value", naming the operand of the
// current instruction when it has a name.
func (t *thread) typeFault(op string, v value, operand int) {
	kind, name := "", ""
	if fr := t.luaFrame(); fr != nil && operand >= 0 {
		kind, name = fr.cl.p.name(fr.pc-1, operand)
	}
	if kind == "" {
		t.runError("attempt to " + op + " a " + v.typeName() + " value")
	}
	t.runError("attempt to " + op + " " + kind + " '" + name + "' (a " + v.typeName() + " value)")
}

// luaFrame returns the running frame if it is a Lua function's.
func (t *thread) luaFrame() *frame {
	if n := len(t.frames); n > 0 && t.frames[n-1].cl != nil {
		return &t.frames[n-1]
	}
	return nil
}

func (f *frame) currentLine() int {
	if f.pc == 0 {
		return int(f.cl.p.lines[0])
	}
	return int(f.cl.p.lines[f.pc-1])
}

// frameAt finds the frame at a level: 0 runs, 1 called it. A level that a tail
// call has erased, or that a Go function holds, gives nil.
func (t *thread) frameAt(level int) *frame {
	i := len(t.frames) - 1
	for ; level > 0 && i >= 0; i-- {
		level--
		if t.frames[i].cl != nil {
			level -= t.frames[i].tails
		}
	}
	if level != 0 || i < 0 || t.frames[i].cl == nil {
		return nil
	}
	return &t.frames[i]
}

// where is "chunk:line: " for a level, or nothing.
func (t *thread) where(level int) string {
	if f := t.frameAt(level); f != nil {
		return f.cl.p.chunk + ":" + strconv.Itoa(f.currentLine()) + ": "
	}
	return ""
}

// runError raises an error of the machine itself, at the running function.
func (t *thread) runError(message string) {
	if f := t.luaFrame(); f != nil {
		message = f.cl.p.chunk + ":" + strconv.Itoa(f.currentLine()) + ": " + message
	}
	t.throw(stringValue(message))
}

// fault raises an error of a library function, at its caller.
func (t *thread) fault(message string) {
	t.throw(stringValue(t.where(1) + message))
}

// throw raises v. Where it happened is noted for the reply, the way Redis's
// error handler looks for it: the running function, or its caller if it is Go.
func (t *thread) throw(v value) {
	e := &luaError{v: v}
	e.locate(t)
	panic(e)
}

func (e *luaError) locate(t *thread) {
	i := len(t.frames) - 1
	for i >= 0 && t.frames[i].cl == nil {
		i--
		if !e.fatal { // a kill strikes the script, wherever it is noticed
			break
		}
	}
	if i < 0 {
		return
	}
	e.where = true
	if f := &t.frames[i]; f.cl != nil {
		e.source, e.line = f.cl.p.source, f.currentLine()
	} else {
		e.source, e.line = "=[C]", -1
	}
}
