package lua

import (
	"math"
	"strconv"
)

const (
	maxRegisters  = 250
	constantBase  = 256
	fieldsPerList = 50 // values a table constructor gathers before it stores them
)

type compiler struct {
	f         *funcTree
	p         *proto
	chunk     string
	free      int // first free register
	line      int
	constants map[any]int
	breaks    [][]int
}

func compile(f *funcTree, chunk, source string) (p *proto, err *syntaxError) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*syntaxError)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	return compileFunc(f, chunk, source), nil
}

func compileFunc(f *funcTree, chunk, source string) *proto {
	c := &compiler{f: f, chunk: chunk, constants: map[any]int{}, line: f.line}
	c.p = &proto{numParams: len(f.params), isVararg: f.isVararg, chunk: chunk, source: source, line: f.line}
	params := f.params
	if f.arg != nil {
		c.p.needsArg = !f.usesDots
		params = append(params[:len(params):len(params)], f.arg)
	}
	for _, v := range params {
		v.reg = c.alloc(1)
	}
	if f.arg != nil && f.usesDots {
		c.emit(opLoadNil, f.arg.reg, f.arg.reg, 0)
	}
	for _, v := range params {
		c.boxIfCaptured(v)
	}
	for _, u := range f.upvals {
		if u.local != nil {
			c.p.upvals = append(c.p.upvals, upvalSource{true, u.local.reg})
		} else {
			c.p.upvals = append(c.p.upvals, upvalSource{false, u.fromIndex})
		}
	}
	c.block(f.body)
	c.line = f.endLine
	c.emit(opReturn, 0, 1, 0)
	return c.p
}

func (c *compiler) fail(message string) {
	panic(&syntaxError{c.chunk + ":" + strconv.Itoa(c.line) + ": " + message})
}

func (c *compiler) emit(op opcode, a, b, cc int) int {
	c.p.code = append(c.p.code, instruction{op, uint8(a), uint16(cc), int32(b)})
	c.p.lines = append(c.p.lines, int32(c.line))
	return len(c.p.code) - 1
}

func (c *compiler) alloc(n int) int {
	r := c.free
	c.free += n
	if c.free > c.p.maxStack {
		if c.free >= maxRegisters {
			c.fail("function or expression too complex")
		}
		c.p.maxStack = c.free
	}
	return r
}

func (c *compiler) constant(key any, v value) int {
	if i, ok := c.constants[key]; ok {
		return i
	}
	c.p.k = append(c.p.k, v)
	c.constants[key] = len(c.p.k) - 1
	return len(c.p.k) - 1
}

func (c *compiler) strConstant(s *str) int { return c.constant(s.s, value{o: s}) }

func (c *compiler) patch(at int) { c.p.code[at].b = int32(len(c.p.code) - at - 1) }

func (c *compiler) patchAll(list []int) {
	for _, at := range list {
		c.patch(at)
	}
}

func (c *compiler) jumpBack(to int) { c.emit(opJump, 0, to-len(c.p.code)-1, 0) }

func (c *compiler) boxIfCaptured(v *localVar) {
	if v.captured {
		c.emit(opNewCell, v.reg, 0, 0)
	}
}

// nameOperand records what an operand of the last instruction was called.
func (c *compiler) nameOperand(operand int, e expr) {
	if kind, name := describe(e); kind != "" {
		c.p.names = append(c.p.names, operandName{int32(len(c.p.code) - 1), uint8(operand), kind, name})
	}
}

func describe(e expr) (kind, name string) {
	switch x := e.(type) {
	case *localExpr:
		return "local", x.v.name
	case *upvalExpr:
		return "upvalue", x.name
	case *globalExpr:
		return "global", x.name.s
	case *parenExpr:
		return describe(x.e)
	case *suffixedExpr:
		return describeSuffix(&x.suffix[len(x.suffix)-1])
	}
	return "", ""
}

func describeSuffix(s *suffix) (kind, name string) {
	if s.method != nil {
		return "", ""
	}
	if s.key == nil {
		return "", ""
	}
	if k, ok := s.key.(*strExpr); ok {
		return "field", k.s.s
	}
	return "field", "?"
}

// constantOf returns the index of a constant expression.
func (c *compiler) constantOf(e expr) (int, bool) {
	switch x := e.(type) {
	case *numExpr:
		return c.constant(x.n, number(x.n)), true
	case *strExpr:
		return c.strConstant(x.s), true
	case *boolExpr:
		return c.constant(x.v, boolean(x.v)), true
	case *nilExpr:
		return c.constant(nil, nilValue), true
	}
	return 0, false
}

// rk returns a constant or a register holding e. Only the c operand is short
// of room for constants.
func (c *compiler) rk(e expr) int {
	if k, ok := c.constantOf(e); ok && k < math.MaxUint16-constantBase {
		return constantBase + k
	}
	return c.reg(e)
}

// reg returns a register holding e: a local's own or a new one.
func (c *compiler) reg(e expr) int {
	if x, ok := e.(*localExpr); ok && !x.v.captured {
		return x.v.reg
	}
	if x, ok := e.(*parenExpr); ok {
		if _, local := x.e.(*localExpr); local {
			return c.reg(x.e)
		}
	}
	return c.push(e)
}

// push evaluates e into the next free register.
func (c *compiler) push(e expr) int {
	r := c.alloc(1)
	c.into(e, r)
	return r
}

// isLate says that e is read when its operator runs, as Lua reads every local,
// so that a call to the right of it may still change it.
func isLate(e expr) bool {
	x, ok := e.(*localExpr)
	return ok && x.v.captured
}

// pair evaluates two operands to RK form.
func (c *compiler) pair(left, right expr) (l, r int) {
	if isLate(left) {
		r = c.rk(right)
		return c.rk(left), r
	}
	l = c.rk(left)
	return l, c.rk(right)
}

// into evaluates e into register r, which no part of e may read (a new one).
func (c *compiler) into(e expr, r int) {
	free := c.free
	switch x := e.(type) {
	case *nilExpr:
		c.emit(opLoadNil, r, r, 0)
	case *boolExpr:
		b := 0
		if x.v {
			b = 1
		}
		c.emit(opLoadBool, r, b, 0)
	case *numExpr, *strExpr:
		k, _ := c.constantOf(e)
		c.emit(opLoadK, r, k, 0)
	case *dotsExpr:
		c.emit(opVararg, r, 2, 0)
	case *localExpr:
		if x.v.captured {
			c.emit(opGetCell, r, x.v.reg, 0)
		} else if x.v.reg != r {
			c.emit(opMove, r, x.v.reg, 0)
		}
	case *upvalExpr:
		c.emit(opGetUpval, r, x.index, 0)
	case *globalExpr:
		c.line = x.line
		c.emit(opGetGlobal, r, c.strConstant(x.name), 0)
	case *parenExpr:
		c.into(x.e, r)
	case *funcExpr:
		c.closure(x, r)
	case *unaryExpr:
		if x.op == opNot {
			c.truth(e, r)
			break
		}
		o := c.reg(x.e)
		c.line = x.line
		c.emit(x.op, r, o, 0)
		c.nameOperand(1, x.e)
	case *chainExpr:
		c.chain(x, len(x.rest), r)
	case *suffixedExpr:
		c.suffixed(x, r, 2)
	case *tableExpr:
		c.table(x, r)
	}
	c.free = free
}

func (c *compiler) closure(x *funcExpr, r int) {
	c.line = x.line
	p := compileFunc(x.f, c.chunk, c.p.source)
	c.p.protos = append(c.p.protos, p)
	c.emit(opClosure, r, len(c.p.protos)-1, 0)
}

func arithmetic(kind int) opcode {
	switch kind {
	case '+':
		return opAdd
	case '-':
		return opSub
	case '*':
		return opMul
	case '/':
		return opDiv
	case '%':
		return opMod
	case '^':
		return opPow
	}
	return 0
}

func isComparison(kind int) bool {
	return kind == tokEq || kind == tokNe || kind == '<' || kind == '>' || kind == tokLe || kind == tokGe
}

// chain evaluates the first n links of x into r.
func (c *compiler) chain(x *chainExpr, n int, r int) {
	link := &x.rest[n-1]
	switch {
	case link.op == tokAnd || link.op == tokOr:
		first := n - 1
		for first > 0 && x.rest[first-1].op == link.op {
			first--
		}
		c.prefix(x, first, r)
		var ends []int
		for _, l := range x.rest[first:n] {
			jump := opJumpNot
			if l.op == tokOr {
				jump = opJumpIf
			}
			ends = append(ends, c.emit(jump, r, 0, 0))
			c.into(l.e, r)
		}
		c.patchAll(ends)
	case isComparison(link.op):
		c.truth(&prefixExpr{x, n}, r)
	case link.op == tokConcat:
		c.concat(x, n, r)
	default:
		c.arithmetic(x, n, r)
	}
}

// A prefixExpr is the first n links of a chain.
type prefixExpr struct {
	x *chainExpr
	n int
}

// prefix evaluates the chain before link n into r.
func (c *compiler) prefix(x *chainExpr, n, r int) {
	if n == 0 {
		c.into(x.first, r)
	} else {
		free := c.free
		c.chain(x, n, r)
		c.free = free
	}
}

// arithmetic evaluates the run of arithmetic operators that ends at link n.
func (c *compiler) arithmetic(x *chainExpr, n, r int) {
	first := n - 1
	for first > 0 && arithmetic(x.rest[first-1].op) != 0 {
		first--
	}
	var left int
	leftExpr := expr(nil)
	start := first
	folded, isConst := 0.0, false
	if first == 0 {
		leftExpr = x.first
		if num, ok := x.first.(*numExpr); ok {
			folded, isConst = num.n, true
		}
	}
	free := c.free
	for i := start; i < n; i++ {
		l := &x.rest[i]
		if isConst {
			if num, ok := l.e.(*numExpr); ok {
				if v, ok := fold(l.op, folded, num.n); ok {
					folded = v
					leftExpr = &numExpr{v}
					continue
				}
			}
			isConst = false
		}
		var right int
		switch {
		case i > start && leftExpr == nil: // left is in r or a temporary
			right = c.rk(l.e)
		case leftExpr != nil:
			left, right = c.pair(leftExpr, l.e)
		default: // the links before belong to another operator
			left = c.alloc(1)
			c.prefix(x, first, left)
			right = c.rk(l.e)
		}
		c.line = l.line
		to := r
		if i < n-1 {
			c.free = free
			to = c.alloc(1)
		}
		c.emit(arithmetic(l.op), to, left, right)
		if leftExpr != nil {
			c.nameOperand(1, leftExpr)
		}
		c.nameOperand(2, l.e)
		left, leftExpr = to, nil
	}
	if isConst {
		c.into(&numExpr{folded}, r)
	}
}

// fold computes what is known already, except where only running it will do.
func fold(op int, a, b float64) (float64, bool) {
	if (op == '/' || op == '%') && b == 0 {
		return 0, false
	}
	v := arith(arithmetic(op), a, b)
	return v, v == v
}

func (c *compiler) concat(x *chainExpr, n, r int) {
	// `..` associates to the right: the right operand is itself a chain.
	first := c.free
	operands := []expr{nil}
	c.alloc(1)
	c.prefix(x, n-1, first)
	if n == 1 {
		operands[0] = x.first
	}
	e := x.rest[n-1].e
	line := x.rest[n-1].line
	for {
		sub, ok := e.(*chainExpr)
		if !ok || sub.rest[len(sub.rest)-1].op != tokConcat {
			break
		}
		m := len(sub.rest) - 1
		c.prefix(sub, m, c.alloc(1))
		if m == 0 {
			operands = append(operands, sub.first)
		} else {
			operands = append(operands, nil)
		}
		e = sub.rest[m].e
		line = sub.rest[m].line
	}
	last := c.push(e)
	operands = append(operands, e)
	c.line = line
	c.emit(opConcat, r, first, last)
	for i, o := range operands {
		c.nameOperand(i, o)
	}
}

// truth evaluates a comparison or a negation to true or false.
func (c *compiler) truth(e expr, r int) {
	jumps := c.condition(e, true)
	c.emit(opLoadBool, r, 0, 1)
	c.patchAll(jumps)
	c.emit(opLoadBool, r, 1, 0)
}

// condition emits jumps taken when e is sense, and falls through otherwise.
func (c *compiler) condition(e expr, sense bool) (jumps []int) {
	free := c.free
	defer func() { c.free = free }()
	switch x := e.(type) {
	case *parenExpr:
		return c.condition(x.e, sense)
	case *unaryExpr:
		if x.op == opNot {
			return c.condition(x.e, !sense)
		}
	case *nilExpr:
		if !sense {
			return []int{c.emit(opJump, 0, 0, 0)}
		}
		return nil
	case *boolExpr:
		if x.v == sense {
			return []int{c.emit(opJump, 0, 0, 0)}
		}
		return nil
	case *numExpr, *strExpr:
		if sense {
			return []int{c.emit(opJump, 0, 0, 0)}
		}
		return nil
	case *chainExpr:
		return c.condition(&prefixExpr{x, len(x.rest)}, sense)
	case *prefixExpr:
		if jumps, ok := c.chainCondition(x, sense); ok {
			return jumps
		}
		r := c.alloc(1)
		c.prefix(x.x, x.n, r)
		return []int{c.testJump(r, sense)}
	}
	return []int{c.testJump(c.reg(e), sense)}
}

func (c *compiler) testJump(r int, sense bool) int {
	if sense {
		return c.emit(opJumpIf, r, 0, 0)
	}
	return c.emit(opJumpNot, r, 0, 0)
}

func (c *compiler) chainCondition(p *prefixExpr, sense bool) (jumps []int, ok bool) {
	x, n := p.x, p.n
	if n == 0 {
		return c.condition(x.first, sense), true
	}
	link := &x.rest[n-1]
	switch {
	case link.op == tokAnd || link.op == tokOr:
		first := n - 1
		for first > 0 && x.rest[first-1].op == link.op {
			first--
		}
		operands := []expr{&prefixExpr{x, first}}
		for _, l := range x.rest[first:n] {
			operands = append(operands, l.e)
		}
		if (link.op == tokAnd) == sense { // one failure decides against a jump
			var skip []int
			for _, o := range operands[:len(operands)-1] {
				skip = append(skip, c.condition(o, !sense)...)
			}
			jumps = c.condition(operands[len(operands)-1], sense)
			c.patchAll(skip)
			return jumps, true
		}
		for _, o := range operands {
			jumps = append(jumps, c.condition(o, sense)...)
		}
		return jumps, true
	case isComparison(link.op):
		first := n - 1
		for first > 0 && isComparison(x.rest[first-1].op) {
			first--
		}
		left := -1
		if first > 0 || n-first > 1 {
			left = c.alloc(1)
		}
		if first > 0 {
			c.prefix(x, first, left)
		}
		for i := first; i < n-1; i++ { // a == b == c compares a boolean with c
			jump := c.compare(x, i, first > 0 || i > first, left, true)
			c.emit(opLoadBool, left, 0, 1)
			c.patch(jump)
			c.emit(opLoadBool, left, 1, 0)
			c.free = left + 1
		}
		return []int{c.compare(x, n-1, first > 0 || n-1 > first, left, sense)}, true
	}
	return nil, false
}

// compare emits link i, a comparison of register left or else of x.first, and
// the jump taken when it is sense.
func (c *compiler) compare(x *chainExpr, i int, inRegister bool, left int, sense bool) int {
	link := &x.rest[i]
	l, r := left, 0
	if inRegister {
		r = c.rk(link.e)
	} else {
		l, r = c.pair(x.first, link.e)
	}
	a := 0
	if sense {
		a = 1
	}
	op := opEq
	switch link.op {
	case tokNe:
		a = 1 - a
	case '<':
		op = opLt
	case tokLe:
		op = opLe
	case '>':
		op, l, r = opLt, r, l
	case tokGe:
		op, l, r = opLe, r, l
	}
	if r >= math.MaxUint16 {
		c.fail("constant table overflow")
	}
	c.line = link.line
	c.emit(op, a, l, r)
	return c.emit(opJump, 0, 0, 0)
}

// suffixed evaluates x; if it ends in a call, want is its number of results
// plus one (0: all, left at register r, which must then be the next free one).
func (c *compiler) suffixed(x *suffixedExpr, r, want int) {
	free := c.free
	cur := x.base
	at := -1 // register of the value so far, once there is one
	for i := range x.suffix {
		s := &x.suffix[i]
		last := i == len(x.suffix)-1
		if s.key != nil {
			var o, k int
			switch {
			case at >= 0:
				o = at
				k = c.rk(s.key)
			case isLate(cur):
				k = c.rk(s.key)
				o = c.reg(cur)
			default:
				o = c.reg(cur)
				k = c.rk(s.key)
			}
			to := r
			c.free = free
			if !last {
				to = c.alloc(1)
			}
			c.line = s.line
			c.index(to, o, k, s.key)
			c.nameLeft(x, i)
			at = to
			continue
		}
		// A call needs the function in the first of fresh registers.
		base := free
		c.free = free
		var fnKind, fnName string
		if s.method != nil {
			o := at
			if at < 0 {
				o = c.reg(cur)
			}
			c.free = free
			base = c.alloc(2)
			c.line = s.line
			c.emit(opSelf, base, o, constantBase+c.strConstant(s.method))
			c.nameLeft(x, i)
			fnKind, fnName = "method", s.method.s
		} else {
			base = c.alloc(1)
			if at < 0 {
				c.into(cur, base)
				fnKind, fnName = describe(cur)
			} else {
				if at != base {
					c.emit(opMove, base, at, 0)
				}
				fnKind, fnName = describeSuffix(&x.suffix[i-1])
			}
		}
		multi := c.pushList(s.args)
		count := c.free - base
		if multi {
			count = 0
		}
		results := 2
		if last {
			results = want
		}
		c.line = s.line
		c.emit(opCall, base, count, results)
		if fnKind != "" {
			c.p.names = append(c.p.names, operandName{int32(len(c.p.code) - 1), 0, fnKind, fnName})
		}
		c.free = free
		at = base
		if last {
			if want == 2 && r != base {
				c.emit(opMove, r, base, 0)
			}
		} else {
			c.alloc(1)
		}
	}
	c.free = free
}

// nameLeft records the name of what suffix i applies to.
func (c *compiler) nameLeft(x *suffixedExpr, i int) {
	var kind, name string
	if i == 0 {
		kind, name = describe(x.base)
	} else {
		kind, name = describeSuffix(&x.suffix[i-1])
	}
	if kind != "" {
		c.p.names = append(c.p.names, operandName{int32(len(c.p.code) - 1), 1, kind, name})
	}
}

func (c *compiler) index(to, object, key int, keyExpr expr) {
	if k, ok := keyExpr.(*strExpr); ok && key >= constantBase {
		c.emit(opGetField, to, object, c.strConstant(k.s))
		return
	}
	c.emit(opGetTable, to, object, key)
}

// multi reports whether e may have any number of values.
func multi(e expr) bool {
	switch x := e.(type) {
	case *dotsExpr:
		return true
	case *suffixedExpr:
		return x.suffix[len(x.suffix)-1].key == nil
	}
	return false
}

// pushMulti leaves all values of e from register r, the next free one, up.
func (c *compiler) pushMulti(e expr, want int) {
	r := c.free
	switch x := e.(type) {
	case *dotsExpr:
		if want > 1 {
			c.alloc(want - 1)
		} else {
			c.alloc(1)
		}
		c.emit(opVararg, r, want, 0)
	case *suffixedExpr:
		c.suffixed(x, r, want)
		c.alloc(max(want-1, 1))
	}
	c.free = r
}

// pushList evaluates expressions into consecutive registers; if the last has
// any number of values they are left up to the top and open is true.
func (c *compiler) pushList(list []expr) (open bool) {
	for i, e := range list {
		if i == len(list)-1 && multi(e) {
			c.pushMulti(e, 0)
			return true
		}
		c.push(e)
	}
	return false
}

// pushExactly evaluates expressions into exactly n consecutive registers.
func (c *compiler) pushExactly(list []expr, n int) {
	start := c.free
	for i, e := range list {
		switch {
		case i == len(list)-1 && multi(e) && i < n:
			c.pushMulti(e, n-i+1)
			c.alloc(n - i)
		case i < n:
			c.push(e)
		default: // evaluated for its effects
			c.push(e)
			c.free--
		}
	}
	if got := c.free - start; got < n {
		r := c.alloc(n - got)
		c.emit(opLoadNil, r, start+n-1, 0)
	}
}

// sizeByte rounds a size up to what Lua's "floating point byte" can say: a
// constructor gives its table that much room, which decides its order.
func sizeByte(n int) int {
	e := 0
	for n >= 16 {
		n = (n + 1) >> 1
		e++
	}
	return n << e
}

func (c *compiler) table(x *tableExpr, r int) {
	c.line = x.line
	t := r
	if r != c.free-1 {
		t = c.alloc(1)
	}
	free := c.free
	arrays, hashes := 0, 0
	for _, it := range x.items {
		if it.key == nil {
			arrays++
		} else {
			hashes++
		}
	}
	open := false
	if n := len(x.items); n > 0 && x.items[n-1].key == nil && multi(x.items[n-1].val) {
		open = true
		arrays--
	}
	c.emit(opNewTable, t, sizeByte(arrays), min(sizeByte(hashes), math.MaxUint16))
	stored, pending := 0, 0
	for i := range x.items {
		it := &x.items[i]
		if it.key != nil {
			free := c.free
			k, v := c.pair(it.key, it.val)
			c.line = it.line
			if v >= math.MaxUint16 {
				c.fail("constant table overflow")
			}
			c.emit(opSetTable, t, k, v)
			c.free = free
			continue
		}
		if i == len(x.items)-1 && open {
			c.pushMulti(it.val, 0)
			c.setList(t, 0, stored)
			c.free = t + 1
			pending = 0
			break
		}
		c.push(it.val)
		if pending++; pending == fieldsPerList {
			c.setList(t, pending, stored)
			c.free = t + 1
			stored += pending
			pending = 0
		}
	}
	if pending > 0 {
		c.setList(t, pending, stored)
	}
	c.free = free
	if t != r {
		c.emit(opMove, r, t, 0)
	}
}

// setList stores n values (0: to the top) behind the stored ones. Their place
// can be past what an operand holds, so it is a second instruction.
func (c *compiler) setList(t, n, stored int) {
	c.emit(opSetList, t, n, 0)
	c.emit(0, 0, stored, 0)
}
