package lua

// block compiles statements; the registers of its locals are free afterwards.
func (c *compiler) block(body []stmt) {
	free := c.free
	for _, s := range body {
		c.statement(s)
	}
	c.free = free
}

func (c *compiler) loop(body func()) {
	c.breaks = append(c.breaks, nil)
	body()
	last := len(c.breaks) - 1
	c.patchAll(c.breaks[last])
	c.breaks = c.breaks[:last]
}

func (c *compiler) statement(s stmt) {
	switch x := s.(type) {
	case *localStmt:
		c.line = x.line
		r := c.free
		c.pushExactly(x.exprs, len(x.vars))
		for i, v := range x.vars {
			v.reg = r + i
		}
		for _, v := range x.vars {
			c.boxIfCaptured(v)
		}
	case *localFuncStmt:
		x.v.reg = c.alloc(1)
		c.line = x.line
		if !x.v.captured {
			c.closure(x.f, x.v.reg)
			return
		}
		c.emit(opLoadNil, x.v.reg, x.v.reg, 0)
		c.emit(opNewCell, x.v.reg, 0, 0)
		r := c.push(x.f)
		c.emit(opSetCell, x.v.reg, r, 0)
		c.free = r
	case *assignStmt:
		c.assign(x)
	case *callStmt:
		c.line = x.line
		c.suffixed(x.e, c.free, 1)
	case *doStmt:
		c.block(x.body)
	case *whileStmt:
		c.line = x.line
		c.loop(func() {
			start := len(c.p.code)
			exit := c.condition(x.cond, false)
			c.block(x.body)
			c.jumpBack(start)
			c.patchAll(exit)
		})
	case *repeatStmt:
		c.line = x.line
		c.loop(func() {
			start := len(c.p.code)
			free := c.free
			for _, s := range x.body {
				c.statement(s)
			}
			again := c.condition(x.cond, false)
			done := c.emit(opJump, 0, 0, 0)
			c.patchAll(again)
			c.jumpBack(start)
			c.patch(done)
			c.free = free
		})
	case *ifStmt:
		c.ifStatement(x)
	case *numForStmt:
		c.numericFor(x)
	case *genForStmt:
		c.genericFor(x)
	case *returnStmt:
		c.returnStatement(x)
	case *breakStmt:
		c.line = x.line
		last := len(c.breaks) - 1
		c.breaks[last] = append(c.breaks[last], c.emit(opJump, 0, 0, 0))
	}
}

func (c *compiler) ifStatement(x *ifStmt) {
	var ends []int
	for i, cond := range x.conds {
		exit := c.condition(cond, false)
		c.block(x.bodies[i])
		if i < len(x.bodies)-1 {
			ends = append(ends, c.emit(opJump, 0, 0, 0))
		}
		c.patchAll(exit)
	}
	if len(x.bodies) > len(x.conds) {
		c.block(x.bodies[len(x.conds)])
	}
	c.patchAll(ends)
}

func (c *compiler) numericFor(x *numForStmt) {
	free := c.free
	c.line = x.line
	r := c.push(x.start)
	c.push(x.stop)
	step := x.step
	if step == nil {
		step = &numExpr{1}
	}
	c.push(step)
	x.v.reg = c.alloc(1)
	c.line = x.line
	prep := c.emit(opForPrep, r, 0, 0)
	c.loop(func() {
		start := len(c.p.code)
		c.boxIfCaptured(x.v)
		c.block(x.body)
		c.patch(prep)
		c.line = x.line
		c.emit(opForLoop, r, start-len(c.p.code)-1, 0)
	})
	c.free = free
}

func (c *compiler) genericFor(x *genForStmt) {
	free := c.free
	c.line = x.line
	r := c.free
	c.pushExactly(x.exprs, 3)
	for _, v := range x.vars {
		v.reg = c.alloc(1)
	}
	calls := c.free // room for the call to the iterator
	c.alloc(3)
	c.free = calls
	c.line = x.line
	enter := c.emit(opJump, 0, 0, 0)
	c.loop(func() {
		start := len(c.p.code)
		for _, v := range x.vars {
			c.boxIfCaptured(v)
		}
		c.block(x.body)
		c.patch(enter)
		c.line = x.line
		c.emit(opTForLoop, r, 0, len(x.vars))
		c.jumpBack(start)
	})
	c.free = free
}

func (c *compiler) returnStatement(x *returnStmt) {
	free := c.free
	c.line = x.line
	if len(x.exprs) == 1 {
		e := x.exprs[0]
		if multi(e) {
			r := c.free
			c.pushMulti(e, 0)
			c.line = x.line
			if call := &c.p.code[len(c.p.code)-1]; call.op == opCall {
				call.op = opTailCall
			}
			c.emit(opReturn, r, 0, 0)
			c.free = free
			return
		}
		r := c.reg(e)
		c.line = x.line
		c.emit(opReturn, r, 2, 0)
		c.free = free
		return
	}
	r := c.free
	open := c.pushList(x.exprs)
	c.line = x.line
	if open {
		c.emit(opReturn, r, 0, 0)
	} else {
		c.emit(opReturn, r, len(x.exprs)+1, 0)
	}
	c.free = free
}

// storesOnce says that evaluating e writes its target only at the end, so the
// target may be a register that e reads.
func storesOnce(e expr) bool {
	switch x := e.(type) {
	case *nilExpr, *boolExpr, *numExpr, *strExpr, *localExpr, *upvalExpr, *globalExpr, *funcExpr, *dotsExpr:
		return true
	case *unaryExpr:
		return x.op != opNot
	case *chainExpr:
		return arithmetic(x.rest[len(x.rest)-1].op) != 0
	}
	return false
}

// A target is an assignable place whose parts have been evaluated.
type target struct {
	e           expr // local, upvalue or global, or nil:
	object, key int
	suffixed    *suffixedExpr
	line        int
}

func (c *compiler) assign(x *assignStmt) {
	free := c.free
	c.line = x.line
	if len(x.targets) == 1 && len(x.exprs) == 1 {
		if l, ok := x.targets[0].(*localExpr); ok && !l.v.captured {
			if storesOnce(x.exprs[0]) {
				c.into(x.exprs[0], l.v.reg)
			} else {
				r := c.push(x.exprs[0])
				c.line = x.line
				c.emit(opMove, l.v.reg, r, 0)
			}
			c.free = free
			return
		}
		t := c.target(x.targets[0], nil)
		v := c.rk(x.exprs[0])
		c.line = x.line
		c.store(t, v)
		c.free = free
		return
	}
	targets := make([]target, len(x.targets))
	for i, e := range x.targets {
		targets[i] = c.target(e, x.targets)
	}
	r := c.free
	c.pushExactly(x.exprs, len(targets))
	c.line = x.line
	for i := len(targets) - 1; i >= 0; i-- {
		c.store(targets[i], r+i)
	}
	c.free = free
}

// target evaluates the parts of an assignable expression. Registers that the
// same statement assigns (all) are copied first.
func (c *compiler) target(e expr, all []expr) target {
	x, ok := e.(*suffixedExpr)
	if !ok {
		return target{e: e}
	}
	last := &x.suffix[len(x.suffix)-1]
	object := x.base
	if len(x.suffix) > 1 {
		object = &suffixedExpr{x.base, x.suffix[:len(x.suffix)-1]}
	}
	safe := func(e expr) int {
		if l, ok := e.(*localExpr); ok && !l.v.captured {
			for _, t := range all {
				if tl, ok := t.(*localExpr); ok && tl.v == l.v {
					return c.push(e)
				}
			}
		}
		return c.rk(e)
	}
	t := target{suffixed: x, line: last.line}
	if k, ok := object.(*parenExpr); ok {
		object = k.e
		if multi(object) {
			object = k
		}
	}
	t.object = safe(object)
	if t.object >= constantBase {
		t.object = c.push(object)
	}
	t.key = safe(last.key)
	return t
}

func (c *compiler) store(t target, v int) {
	switch e := t.e.(type) {
	case *localExpr:
		if e.v.captured {
			c.emit(opSetCell, e.v.reg, v, 0)
		} else {
			c.emit(opMove, e.v.reg, v, 0)
		}
	case *upvalExpr:
		c.emit(opSetUpval, e.index, v, 0)
	case *globalExpr:
		if v >= constantBase {
			r := c.alloc(1)
			c.emit(opLoadK, r, v-constantBase, 0)
			v = r
		}
		c.emit(opSetGlobal, v, c.strConstant(e.name), 0)
	default:
		c.emit(opSetTable, t.object, t.key, v)
		c.nameLeft(t.suffixed, len(t.suffixed.suffix)-1)
	}
}
