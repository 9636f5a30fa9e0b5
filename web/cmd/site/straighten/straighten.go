// Package straighten rewrites the functions of a WebAssembly module that Go
// compiled, so that they do the same with fewer and quicker instructions.
//
// The idea: WebAssembly has no goto, so Go's assembler makes every jump, an if
// that is not taken as well as a turn of a loop, go back to the head of the
// function and through a table (br_table) that leads to the target. A browser's
// compilers find no loop in that, keep every local alive everywhere and jump
// indirectly. Go needs the table only to resume a function that unwound its
// stack for another goroutine. Here the control flow is found again and written
// as blocks and loops; the table stays for what may be resumed.
//
// The method is that of N. Ramsey, "Beyond Relooper: Recursive Translation of
// Unstructured Control Flow to Structured Control Flow", ICFP 2022. What it
// cannot write, loops with a second way in, go through the table as before.
package straighten

import (
	"fmt"
	"slices"
)

// Function rewrites the code of one function: the instructions that follow its
// declaration of locals. resumed are the values of PC_B at which the runtime
// may resume it beside the returns of its calls. Code of another form than
// that of Go's compiler is only tidied.
func Function(code []byte, resumed ...int) ([]byte, error) {
	r, err := Options{Entry: -1, Resumed: resumed}.Function(code)
	return r.Code, err
}

// Options tell more about a function.
type Options struct {
	Resumed []int
	// Entry is its address, by which return addresses are known: they get new
	// values of PC_B. They stay as they are where it is -1.
	Entry int64
	// Final are the numbers of functions that do not return but unwind.
	Final []int64
	// Passes says that calls pass their return address instead of PC_B 0, and
	// Called that the function takes one. Only if it is Jumped to as well will
	// it find its address on the stack, with PC_B 0 or 1.
	Passes, Called, Jumped bool
	// Plain are the numbers of functions that know nothing of Go's stack.
	Plain []int64
}

// Result is a function that was rewritten.
type Result struct {
	Code []byte
	// Kept has the old value of PC_B of each new one; it is nil if they are as
	// they were.
	Kept []int
	// Added says that there is one more local of type i32, behind the first.
	Added bool
}

// Function rewrites a function.
func (o Options) Function(code []byte) (r Result, err error) {
	list, err := decode(code)
	if err != nil {
		return r, err
	}
	f, ok := parse(list)
	if !ok {
		if o.Passes {
			list = jump(pass(list))
		}
		if o.Called {
			list = o.entered(list)
		}
		list, _ = based(list, -1)
		r.Code = encode(tidy(list))
		return r, nil
	}
	for _, pc := range o.Resumed {
		if err := f.enter(pc); err != nil {
			return r, err
		}
	}
	f.finish(o.Final)
	if o.Entry >= 0 {
		r.Kept = f.renumber(o.Entry, o.Resumed)
	}
	if o.Passes {
		for i := range f.segments {
			f.segments[i].code = jump(pass(f.segments[i].code))
		}
	}
	w := &writer{g: flow(f), kept: slices.Clone(r.Kept), called: o.Called, jumped: o.Jumped, out: make([]instruction, 0, len(list))}
	list = w.function()
	if w.lost {
		return r, fmt.Errorf("a branch that leads nowhere: %w", errCode)
	}
	if o.Called && w.single {
		list = o.entered(list)
	}
	list, r.Added = based(list, o.Entry)
	r.Code = encode(tidy(list))
	return r, nil
}

func encode(list []instruction) []byte {
	var b []byte
	for i := range list {
		b = list[i].encode(b)
	}
	return b
}

// writer writes a graph as nested blocks and loops.
type writer struct {
	g      *graph
	out    []instruction
	labels []label // that enclose the place that is written
	sought []bool  // nodes that a branch leads to
	next   []int   // what stands behind each node
	lost   bool    // a branch found no label
	kept   []int   // what PC_B was before, nil if it is the same
	called bool    // a return address may be there instead
	jumped bool    // and may be on the stack already
	single bool    // it is only entered at its beginning
}

type label struct {
	kind byte
	node int
}

const (
	labelBlock = iota // a branch leads to node, behind the block
	labelLoop         // a branch leads to node, at the head of the loop
	labelElse         // where what is no PC_B leads
	labelInner        // of the code itself
)

func (w *writer) emit(in instruction) { w.out = append(w.out, in) }

func (w *writer) open(op byte, kind byte, node int) {
	w.emit(instruction{op: op, x: emptyType})
	w.labels = append(w.labels, label{kind, node})
}

func (w *writer) close() {
	w.emit(instruction{op: opEnd})
	w.labels = w.labels[:len(w.labels)-1]
}

// depth is how far out a label is.
func (w *writer) depth(kind byte, node int) int64 {
	for i := len(w.labels) - 1; i >= 0; i-- {
		if w.labels[i] == (label{kind, node}) {
			return int64(len(w.labels) - 1 - i)
		}
	}
	w.lost = true
	return 0
}

func (w *writer) function() []instruction {
	g := w.g
	table := g.f.table
	only := 0 // how many segments the root leads to
	for _, d := range g.dispatched {
		if d {
			only++
		}
	}
	back := slices.ContainsFunc(g.through, func(to []int) bool { return len(to) > 0 })
	if w.kept == nil {
		for pc := range table {
			w.kept = append(w.kept, pc)
		}
	}
	for _, nodes := range g.through {
		for _, to := range nodes {
			if w.number(to) < 0 {
				w.kept = append(w.kept, slices.Index(table, uint32(to)))
			}
		}
	}
	w.plan(only > 1)

	w.emit(instruction{op: opGlobalGet, x: 0})
	w.emit(instruction{op: opLocalSet, x: 1})
	w.single = only == 1
	if only > 1 {
		if !w.called {
			w.open(opBlock, labelElse, 0)
		}
		if back {
			w.open(opLoop, labelLoop, g.root)
		}
		w.children(g.root, g.children[g.root], w.dispatch)
		if back {
			w.close()
		}
		if !w.called {
			w.close()
		}
	} else {
		w.node(g.order[1])
	}
	w.emit(instruction{op: opUnreachable})
	w.emit(instruction{op: opEnd})
	return w.out
}

// dispatch writes the table that leads from PC_B to a segment.
func (w *writer) dispatch() {
	if w.called {
		w.open(opBlock, labelElse, 0)
	}
	to := make([]uint32, 0, len(w.kept)+1)
	other := uint32(w.depth(labelElse, 0))
	again := slices.ContainsFunc(w.g.through, func(to []int) bool { return slices.Contains(to, 0) })
	for _, pc := range w.kept {
		if w.called && !w.jumped && !again && w.g.f.table[pc] == 0 {
			to = append(to, other)
		} else {
			to = append(to, w.entry(pc))
		}
	}
	to = append(to, other)
	// What is behind the table needs no place in it.
	n := len(to)
	for n > 1 && to[n-2] == to[len(to)-1] {
		n--
	}
	first := 0
	for first+2 < n && to[first] == other {
		first++
	}
	if cases := n - 1 - first; w.called && cases > 1 && cases < 5 {
		w.emit(instruction{op: opLocalGet, x: 0})
		w.emit(instruction{op: opI32Const, x: int64(n - 2)})
		w.emit(instruction{op: opI32GtU})
		w.emit(instruction{op: opBrIf})
	}
	w.emit(instruction{op: opLocalGet, x: 0})
	if first > 0 {
		w.emit(instruction{op: opI32Const, x: int64(first)})
		w.emit(instruction{op: opI32Sub})
	}
	w.emit(instruction{op: opBrTable, table: to[first:n]})
	if !w.called {
		return
	}
	w.close()
	code := &w.g.f.segments[0].code
	var push []instruction
	push, *code = entry(*code)
	w.out = append(w.out, push...)
	if w.next[w.g.root] != 0 {
		w.emit(instruction{op: opBr, x: w.depth(labelBlock, 0)})
	}
}

// plan finds the order in which nodes are written, and which of them need a
// label.
func (w *writer) plan(dispatch bool) {
	g := w.g
	n := len(g.successors)
	w.next, w.sought = make([]int, n), make([]bool, n)
	last := g.root
	var visit func(node int)
	visit = func(node int) {
		w.next[last] = node
		last = node
		inside, outside := w.split(node)
		for _, c := range inside {
			visit(c)
		}
		for _, c := range outside {
			visit(c)
		}
	}
	for _, c := range g.children[g.root] {
		visit(c)
	}
	w.next[last] = -1
	for i := range g.f.segments {
		if dispatch && g.dispatched[i] {
			w.sought[i] = true
		}
		if g.number[i] < 0 {
			continue
		}
		code, ahead := w.ends(i)
		for _, in := range code {
			if in.op == opJump {
				w.sought[in.x] = true
			}
		}
		if ahead >= 0 && ahead != w.next[i] {
			w.sought[ahead] = true
		}
	}
}

// ends is a segment's code without the jump at its end, and where that leads:
// -1 if nowhere.
func (w *writer) ends(i int) (code []instruction, ahead int) {
	s := &w.g.f.segments[i]
	n := len(s.code)
	if s.falls {
		if i+1 == len(w.g.f.segments) {
			return s.code, -1
		}
		return s.code, i + 1
	}
	if n > 0 && s.code[n-1].op == opJump {
		return s.code[:n-1], int(s.code[n-1].x)
	}
	return s.code, -1
}

// split tells which of the nodes that a node dominates belong into its loop.
func (w *writer) split(node int) (inside, outside []int) {
	g := w.g
	if !g.header[node] {
		return g.children[node], nil
	}
	for _, c := range g.children[node] {
		if g.body[node][c] {
			inside = append(inside, c)
		} else {
			outside = append(outside, c)
		}
	}
	return inside, outside
}

// node writes a node and all that it dominates.
func (w *writer) node(node int) {
	inside, outside := w.split(node)
	w.children(node, outside, func() {
		if w.g.header[node] {
			w.open(opLoop, labelLoop, node)
		}
		w.children(node, inside, func() { w.segment(node) })
		if w.g.header[node] {
			w.close()
		}
	})
}

// children writes nodes behind what may branch to them.
func (w *writer) children(node int, nodes []int, before func()) {
	for _, c := range slices.Backward(nodes) {
		if w.sought[c] {
			w.open(opBlock, labelBlock, c)
		}
	}
	before()
	for _, c := range nodes {
		if w.sought[c] {
			w.close()
		}
		w.node(c)
	}
}

// segment writes the code of a node and where it goes from there.
func (w *writer) segment(i int) {
	code, ahead := w.ends(i)
	nowhere := ahead < 0
	for k := 0; k < len(code); k++ {
		in := code[k]
		switch in.op {
		case opIf:
			if k+2 < len(code) && code[k+1].op == opJump && code[k+2].op == opEnd && !slices.Contains(w.g.through[i], int(code[k+1].x)) {
				to := int(code[k+1].x)
				if k+3 == len(code) && to == w.next[i] && ahead >= 0 && !slices.Contains(w.g.through[i], ahead) {
					// Where it goes on is what stands next: go to the other place.
					w.emit(instruction{op: opI32Eqz})
					to, ahead = ahead, -1
				}
				w.emit(instruction{op: opBrIf, x: w.target(i, to)})
				k += 2
				continue
			}
			w.emit(in)
			w.labels = append(w.labels, label{kind: labelInner})
		case opBlock, opLoop:
			w.emit(in)
			w.labels = append(w.labels, label{kind: labelInner})
		case opEnd:
			w.close()
		case opJump:
			w.jump(i, int(in.x))
		case opUnwind:
			w.emit(instruction{op: opIf, x: emptyType})
			w.emit(instruction{op: opI32Const, x: 1})
			w.emit(instruction{op: opReturn})
			w.emit(instruction{op: opEnd})
		default:
			w.emit(in)
		}
	}
	if nowhere && w.g.f.segments[i].falls && w.next[i] >= 0 {
		w.emit(instruction{op: opUnreachable}) // as it stands behind the last
	}
	if ahead >= 0 && (ahead != w.next[i] || slices.Contains(w.g.through[i], ahead)) {
		w.jump(i, ahead)
	}
}

// number is a value of PC_B at which the function goes on with a segment.
func (w *writer) number(segment int) int {
	return slices.IndexFunc(w.kept, func(pc int) bool { return w.g.f.table[pc] == uint32(segment) })
}

// entry is the depth of the place where the function goes on at an old value of
// PC_B.
func (w *writer) entry(pc int) uint32 {
	table := w.g.f.table
	if w.g.dispatched[table[pc]] {
		return uint32(w.depth(labelBlock, int(table[pc])))
	}
	return uint32(w.depth(labelElse, 0))
}

// target is the depth of a branch from a node to another.
func (w *writer) target(from, to int) int64 {
	if w.g.number[to] <= w.g.number[from] {
		return w.depth(labelLoop, to)
	}
	return w.depth(labelBlock, to)
}

func (w *writer) jump(from, to int) {
	if !slices.Contains(w.g.through[from], to) {
		w.emit(instruction{op: opBr, x: w.target(from, to)})
		return
	}
	w.emit(instruction{op: opI32Const, x: int64(w.number(to))})
	w.emit(instruction{op: opLocalSet, x: 0})
	w.emit(instruction{op: opBr, x: w.depth(labelLoop, w.g.root)})
}
