package straighten

import (
	"fmt"
	"slices"
)

// Instructions of our own stand for what only becomes clear at the end.
const (
	opJump    = 0xf0 // to segment x
	opUnwind  = 0xf1 // br_if to the exit that unwinds the WebAssembly stack
	opAddress = 0xf2 // the return address x, which a call passes
)

// A function as Go's assembler writes it (cmd/internal/obj/wasm, preprocess):
//
//	global.get SP, local.set 1
//	block $unwind             if it calls something that may unwind
//	  loop $entry             if it jumps
//	    block × (n+1)
//	      local.get 0, br_table
//	    end segment 0
//	    end segment 1 …       each falls into the next
//	  end
//	  unreachable
//	end
//	i32.const 1
//
// Local 0, called PC_B, is where to go on: a jump sets it and goes back to
// $entry, and so does whoever resumes a function in the middle.
type function struct {
	table    []uint32 // PC_B -> segment; what is beyond goes to the last
	segments []segment
	unwinds  bool
}

type segment struct {
	code  []instruction
	falls bool // into the next
	// entered says that the function may be resumed here.
	entered bool
	resumed bool // entered by something else than the return of a call
}

// parse takes a function apart. ok is false if it has another form, as the few
// written in assembler do, or none to speak of.
func parse(code []instruction) (f *function, ok bool) {
	const frame = 2
	if len(code) < frame+4 || code[0].op != opGlobalGet || code[0].x != 0 || code[1].op != opLocalSet || code[1].x != 1 {
		return nil, false
	}
	at := frame
	opened, loop := 0, -1
	for ; at < len(code); at++ {
		if code[at].op == opLoop && loop < 0 {
			loop = opened
		} else if code[at].op == opBlock && code[at].x == emptyType {
			opened++
		} else {
			break
		}
	}
	if at+2 >= len(code) || code[at].op != opLocalGet || code[at].x != 0 || code[at+1].op != opBrTable || code[at+2].op != opEnd {
		return nil, false
	}
	f = &function{table: code[at+1].table}
	last := int(f.table[len(f.table)-1])
	switch opened - (last + 1) {
	case 0:
	case 1:
		f.unwinds = true
	default:
		return nil, false
	}
	if loop > 0 && !f.unwinds || loop > 1 {
		return nil, false
	}
	tail := []byte{opUnreachable, opEnd}
	if f.unwinds {
		tail = []byte{opUnreachable, opEnd, opI32Const, opEnd}
	}
	if loop >= 0 {
		tail = append([]byte{opEnd}, tail...)
	}
	body := code[at+3:]
	if len(body) < len(tail) {
		return nil, false
	}
	for i, op := range tail {
		if body[len(body)-len(tail)+i].op != op {
			return nil, false
		}
	}
	body = body[:len(body)-len(tail)]
	f.segments = make([]segment, last+1)
	for i := range f.segments {
		n := f.segment(i, body, loop >= 0)
		if n < 0 {
			return nil, false
		}
		body = body[n:]
	}
	if len(body) > 0 {
		return nil, false
	}
	f.segments[0].entered, f.segments[0].resumed = true, true
	for i := range f.segments[:last] {
		s := &f.segments[i]
		if n := len(s.code); s.falls && n > 0 && s.code[n-1].op == opUnwind {
			f.segments[i+1].entered = true
		}
	}
	return f, true
}

// segment reads segment i from the beginning of body and returns how long it
// was, its end included; -1 if it does something unexpected.
func (f *function) segment(i int, body []instruction, loop bool) int {
	last := len(f.segments) - 1
	s := &f.segments[i]
	s.falls = true
	inside := 0
	for at := 0; ; at++ {
		if at == len(body) {
			if i != last || inside != 0 {
				return -1
			}
			return at
		}
		in := body[at]
		switch in.op {
		case opBlock, opLoop, opIf:
			inside++
		case opEnd:
			if inside == 0 {
				if i == last {
					return -1
				}
				return at + 1
			}
			inside--
		case opBrTable:
			return -1
		case opBr, opBrIf:
			outer := int(in.x) - inside - (last - i)
			switch {
			case int(in.x) < inside:
			case loop && outer == 0 && in.op == opBr:
				n := len(s.code)
				if !s.falls {
					continue
				}
				if n < 2 || s.code[n-2].op != opI32Const || s.code[n-1].op != opLocalSet || s.code[n-1].x != 0 {
					return -1
				}
				to := s.code[n-2].x
				if to < 0 || to >= int64(len(f.table)) {
					to = int64(len(f.table)) - 1
				}
				s.code = s.code[:n-2]
				in = instruction{op: opJump, x: int64(f.table[to])}
			case f.unwinds && in.op == opBrIf && (loop && outer == 1 || !loop && outer == 0):
				in = instruction{op: opUnwind}
			default:
				return -1
			}
		}
		if !s.falls {
			continue // nobody gets here
		}
		s.code = append(s.code, in)
		if inside == 0 && (in.op == opJump || in.op == opReturn || in.op == opUnreachable) {
			s.falls = false
		}
	}
}

// finish makes calls after which nothing follows the last that a function does,
// so that it need not go on behind them: those of final functions, and those
// before an unreachable.
func (f *function) finish(final []int64) {
	for i := range f.segments {
		s := &f.segments[i]
		for k := 3; k < len(s.code); k++ {
			if s.code[k].op != opUnwind || s.code[k-1].op != opLocalSet || s.code[k-2].op != opGlobalGet {
				continue
			}
			call := s.code[k-3]
			last := k+1 == len(s.code) && s.falls && i+1 < len(f.segments)
			if call.op == opCall && slices.Contains(final, call.x) {
				// It is in an if, or the function goes on behind it in vain.
			} else if (call.op != opCall && call.op != opCallIndirect) || !last || len(f.segments[i+1].code) == 0 || f.segments[i+1].code[0].op != opUnreachable {
				continue
			}
			if last {
				s.falls = false
				f.segments[i+1].entered = f.segments[i+1].resumed
			}
			s.code[k-2] = instruction{op: opReturn}
			s.code = slices.Delete(s.code, k-1, k+1)
		}
	}
}

// enter says that the runtime may resume the function at a PC_B.
func (f *function) enter(pc int) error {
	if pc < 0 || pc >= len(f.table) {
		return fmt.Errorf("resumed at %d of %d: %w", pc, len(f.table), errCode)
	}
	s := &f.segments[f.table[pc]]
	s.entered, s.resumed = true, true
	return nil
}

// graph is the control flow between segments, and one more node: the root,
// which goes to whatever segment PC_B names.
type graph struct {
	f          *function
	root       int
	dispatched []bool   // the root goes there
	successors [][]int  // without edges that go through the root
	through    [][]int  // those that do
	order      []int    // reverse postorder
	number     []int    // position in order, -1: never reached
	dominator  []int    // immediate
	children   [][]int  // dominated, in order
	header     []bool   // of a loop
	body       [][]bool // of that loop
}

// flow finds the control flow of f. Where a loop can be entered in its middle,
// because the function may be resumed there, its way back leads through the
// root.
func flow(f *function) *graph {
	n := len(f.segments)
	g := &graph{f: f, root: n, dispatched: make([]bool, n), successors: make([][]int, n+1), through: make([][]int, n+1)}
	for i, s := range f.segments {
		g.dispatched[i] = s.entered
		for _, in := range s.code {
			if in.op == opJump && !slices.Contains(g.successors[i], int(in.x)) {
				g.successors[i] = append(g.successors[i], int(in.x))
			}
		}
		if s.falls && i+1 < n && !slices.Contains(g.successors[i], i+1) {
			g.successors[i] = append(g.successors[i], i+1)
		}
		// The larger first: then the order stays close to what it was.
		slices.Sort(g.successors[i])
		slices.Reverse(g.successors[i])
	}
	for {
		g.successors[n] = nil
		for i := n - 1; i >= 0; i-- {
			if g.dispatched[i] {
				g.successors[n] = append(g.successors[n], i)
			}
		}
		g.sort()
		g.dominate()
		if !g.reroute() {
			break
		}
	}
	g.loops()
	return g
}

func (g *graph) sort() {
	n := len(g.successors)
	g.number = make([]int, n)
	g.order = g.order[:0]
	seen := make([]bool, n)
	type visit struct{ node, next int }
	stack := []visit{{g.root, 0}}
	seen[g.root] = true
	for len(stack) > 0 {
		v := &stack[len(stack)-1]
		if v.next == len(g.successors[v.node]) {
			g.order = append(g.order, v.node)
			stack = stack[:len(stack)-1]
			continue
		}
		to := g.successors[v.node][v.next]
		v.next++
		if !seen[to] {
			seen[to] = true
			stack = append(stack, visit{to, 0})
		}
	}
	slices.Reverse(g.order)
	for i := range g.number {
		g.number[i] = -1
	}
	for i, node := range g.order {
		g.number[node] = i
	}
}

// dominate finds immediate dominators: Cooper, Harvey, Kennedy, "A Simple,
// Fast Dominance Algorithm", 2001.
func (g *graph) dominate() {
	n := len(g.successors)
	before := make([][]int, n)
	for _, from := range g.order {
		for _, to := range g.successors[from] {
			before[to] = append(before[to], from)
		}
	}
	g.dominator = make([]int, n)
	for i := range g.dominator {
		g.dominator[i] = -1
	}
	g.dominator[g.root] = g.root
	for changed := true; changed; {
		changed = false
		for _, node := range g.order[1:] {
			best := -1
			for _, p := range before[node] {
				if g.dominator[p] < 0 {
					continue
				}
				if best < 0 {
					best = p
					continue
				}
				for a := p; a != best; {
					for g.number[a] > g.number[best] {
						a = g.dominator[a]
					}
					for g.number[best] > g.number[a] {
						best = g.dominator[best]
					}
				}
			}
			if g.dominator[node] != best {
				g.dominator[node] = best
				changed = true
			}
		}
	}
}

func (g *graph) dominates(a, b int) bool {
	for g.number[b] > g.number[a] {
		b = g.dominator[b]
	}
	return a == b
}

// reroute sends every way back that does not lead to the head of a loop
// through the root, and reports whether there was one.
func (g *graph) reroute() bool {
	found := false
	for _, from := range g.order {
		for k := 0; k < len(g.successors[from]); k++ {
			to := g.successors[from][k]
			if from == g.root || g.number[to] > g.number[from] || g.dominates(to, from) {
				continue
			}
			g.successors[from] = slices.Delete(g.successors[from], k, k+1)
			k--
			g.through[from] = append(g.through[from], to)
			g.dispatched[to] = true
			found = true
		}
	}
	return found
}

// loops finds the heads of loops, what belongs to each, and who dominates whom.
func (g *graph) loops() {
	n := len(g.successors)
	g.children, g.header, g.body = make([][]int, n), make([]bool, n), make([][]bool, n)
	before := make([][]int, n)
	for _, from := range g.order {
		for _, to := range g.successors[from] {
			before[to] = append(before[to], from)
		}
		if from != g.root {
			d := g.dominator[from]
			g.children[d] = append(g.children[d], from)
		}
	}
	for _, from := range g.order {
		for _, to := range g.successors[from] {
			if g.number[to] > g.number[from] {
				continue
			}
			if !g.header[to] {
				g.header[to], g.body[to] = true, make([]bool, n)
				g.body[to][to] = true
			}
			for work := []int{from}; len(work) > 0; {
				node := work[len(work)-1]
				work = work[:len(work)-1]
				if !g.body[to][node] {
					g.body[to][node] = true
					work = append(work, before[node]...)
				}
			}
		}
	}
}
