package lua

// What a script holds is measured by walking it, not by counting what it
// allocates: the collector is the host's and tells nothing. A walk is due when
// enough new bytes or steps have gone by since the last, in proportion to what
// was found then.

type meter struct {
	fresh int // bytes of what was made since the last walk
	steps int // checks since the last walk
	live  int // bytes found by the last walk
	epoch uint32
}

const (
	firstWalk  = 16 << 20 // bytes
	checksWalk = 64
	maxString  = 512 << 20
	itemBytes  = 64 // of one of many values that a decoder makes
)

// charge announces a new string of n bytes.
func (s *state) charge(t *thread, n int) {
	t.checkSize(n)
	s.memory.fresh += n
	if s.memory.due() {
		s.measure(t)
	}
	s.spend(t, n>>6)
}

func (m *meter) due() bool { return m.fresh > max(firstWalk, m.live/2) }

func (m *meter) tick(t *thread) {
	if m.steps++; m.steps >= checksWalk+m.live>>16 || m.due() {
		t.s.measure(t)
	}
}

// checkSize refuses a result that grows past what a string may be.
func (t *thread) checkSize(n int) {
	if limit := t.s.options.MaxMemory; n > maxString || limit > 0 && n > limit {
		t.outOfMemory()
	}
}

func (t *thread) outOfMemory() { t.throw(stringValue("not enough memory")) }

// measure walks everything reachable and refuses to go on past the limit.
func (s *state) measure(t *thread) {
	live := s.reachable(t)
	s.memory.fresh, s.memory.steps = 0, 0
	s.memory.live = live
	if s.options.MaxMemory > 0 && live > s.options.MaxMemory {
		t.outOfMemory()
	}
}

// reachable returns the bytes of everything a script can still reach.
func (s *state) reachable(t *thread) int {
	s.memory.epoch++
	epoch := s.memory.epoch
	bytes := 0
	var work []any
	var visit func(v value)
	visit = func(v value) {
		switch x := v.o.(type) {
		case *str:
			if x.mark != epoch {
				x.mark = epoch
				bytes += 40 + len(x.s)
			}
		case *table:
			if x.mark != epoch {
				x.mark = epoch
				bytes += 64 + 24*len(x.arr) + 56*len(x.node)
				work = append(work, x)
			}
		case *closure:
			if x.mark != epoch {
				x.mark = epoch
				bytes += 64 + 8*len(x.up)
				if c := x.p.text; c.mark != epoch {
					c.mark = epoch
					bytes += 500 + 4*c.size
				}
				work = append(work, x)
			}
		case *thread:
			if x.mark != epoch {
				x.mark = epoch
				bytes += 200 + 24*len(x.stack) + 80*cap(x.frames)
				work = append(work, x)
			}
		case *goFunction:
			if x.holds.o != nil {
				visit(x.holds)
			}
		case *cell:
			work = append(work, x)
		}
	}
	visit(value{o: s.globals})
	visit(value{o: s.stringMeta})
	for th := t; th != nil; th = th.resumer {
		visit(value{o: th})
	}
	visit(value{o: s.main})
	for len(work) > 0 {
		o := work[len(work)-1]
		work = work[:len(work)-1]
		switch x := o.(type) {
		case *table:
			for _, v := range x.arr {
				visit(v)
			}
			for i := range x.node {
				visit(x.node[i].key)
				visit(x.node[i].val)
			}
			if x.meta != nil {
				visit(value{o: x.meta})
			}
		case *closure:
			for _, c := range x.up {
				bytes += 32
				visit(c.v)
			}
		case *cell:
			bytes += 32
			if _, ok := x.v.o.(*cell); !ok {
				visit(x.v)
			}
		case *thread:
			visit(x.start)
			for _, v := range x.stack[:x.used()] {
				visit(v)
			}
		}
	}
	return bytes
}

// used is the part of the stack that calls own.
func (t *thread) used() int {
	return min(max(t.limit(), t.top), len(t.stack))
}
