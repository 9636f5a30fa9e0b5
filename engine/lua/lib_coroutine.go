package lua

func (s *state) openCoroutine() {
	tb := s.newTable(0, 0)
	s.library(tb, []libFunc{
		{"create", coCreate},
		{"resume", func(t *thread, args []value) []value {
			co := t.checkThread(args)
			res, err := t.resume(co, args[1:])
			if err != nil {
				return t.two(falseValue, err.v)
			}
			return append([]value{trueValue}, res...)
		}},
		{"running", func(t *thread, args []value) []value {
			if t == t.s.main {
				return t.one(nilValue)
			}
			return t.one(value{o: t})
		}},
		{"status", func(t *thread, args []value) []value {
			co := t.checkThread(args)
			name := "suspended"
			switch {
			case co == t:
				name = "running"
			case co.status == dead:
				name = "dead"
			case co.status != suspended:
				name = "normal"
			}
			return t.one(stringValue(name))
		}},
		{"wrap", func(t *thread, args []value) []value {
			co := coCreate(t, args)[0].o.(*thread)
			f := t.s.newGoFunction("wrap", func(t *thread, args []value) []value {
				res, err := t.resume(co, args)
				if err != nil {
					if s, ok := err.v.toStr(); ok { // says where it was called as well
						err.v = stringValue(t.where(1) + s)
					}
					t.throw(err.v)
				}
				return res
			})
			f.holds = value{o: co}
			t.s.kept = true
			return t.one(value{o: f})
		}},
		{"yield", func(t *thread, args []value) []value {
			if t.nest > 0 || t == t.s.main {
				t.runError("attempt to yield across metamethod/C-call boundary")
			}
			t.yielded = append(t.yielded[:0], args...)
			t.yielding = true
			return nil
		}},
	})
	s.globals.setField("coroutine", value{o: tb})
}

func coCreate(t *thread, args []value) []value {
	f, ok := arg(args, 1).o.(*closure)
	if !ok {
		t.argError(1, "Lua function expected")
	}
	co := t.newCoroutine()
	co.start = value{o: f}
	return t.one(value{o: co})
}

func (t *thread) checkThread(args []value) *thread {
	co, ok := arg(args, 1).o.(*thread)
	if !ok {
		t.argError(1, "coroutine expected")
	}
	return co
}

// resume runs co until it yields, returns or fails.
func (t *thread) resume(co *thread, args []value) (res []value, err *luaError) {
	refuse := func(message string) *luaError { return &luaError{v: stringValue(message)} }
	switch {
	case co == t:
		return nil, refuse("cannot resume running coroutine")
	case co.status == dead:
		return nil, refuse("cannot resume dead coroutine")
	case co.status != suspended:
		return nil, refuse("cannot resume normal coroutine")
	case t.s.depth >= maxGoDepth:
		return nil, refuse("C stack overflow")
	}
	depth := t.s.depth
	t.s.depth++
	t.status, co.status = normal, running
	co.resumer = t
	t.s.current = co
	defer func() {
		t.s.depth = depth
		t.s.current = t
		t.status = running
		co.resumer = nil
		if r := recover(); r != nil {
			e, ok := r.(*luaError)
			if !ok || e.fatal {
				panic(r)
			}
			co.status = dead
			co.frames, co.stack = nil, nil
			res, err = nil, e
		}
	}()
	if !co.start.isNil() {
		co.stack[0] = co.start
		co.start = nilValue
		co.grow(len(args) + 1)
		copy(co.stack[1:], args)
		co.precall(0, len(args), -1)
	} else {
		co.finish(co.yieldAt, args, co.yieldFor)
	}
	co.execute(1)
	if co.yielding {
		co.yielding = false
		co.status = suspended
		return co.yielded, nil
	}
	co.status = dead
	return co.stack[:co.top], nil
}

// newCoroutine makes a coroutine. Its stack is large for a thing so easily
// made: it counts at once.
func (t *thread) newCoroutine() *thread {
	const bytes = 2 << 10
	t.s.charge(t, bytes)
	return t.s.newThread()
}
