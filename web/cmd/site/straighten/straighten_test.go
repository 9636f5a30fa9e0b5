package straighten

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Random functions in the form of Go's assembler are run before and after, by
// the small interpreter below, from every place where they may be entered.

const (
	globalOracle = 5 // reading it takes the next of a list of conditions
	globalTrace  = 7 // writing it leaves a mark
)

type builder struct {
	random   *rand.Rand
	segments int
	mark     int64
}

const (
	testEntry = 0x1234 << 16
	testFinal = 300 // a function that does not return
	testOther = 301
	testStack = 4096
	testBack  = 0x4321<<16 + 5 // where the function was called
)

// program writes a function of n segments, each of which has some values of
// PC_B; resumed are those behind a call.
func program(random *rand.Rand, n int) (code []byte, resumed []int) {
	b := &builder{random: random, segments: n}
	var list []instruction
	put := func(op byte, x int64) { list = append(list, instruction{op: op, x: x}) }
	put(opGlobalGet, 0)
	put(opLocalSet, 1)
	put(opBlock, emptyType)
	put(opLoop, emptyType)
	var table []uint32
	first := make([]int, n)
	for i := range n {
		put(opBlock, emptyType)
		first[i] = len(table)
		for range 1 + random.IntN(3) {
			table = append(table, uint32(i))
		}
	}
	put(opLocalGet, 0)
	list = append(list, instruction{op: opBrTable, table: table})
	put(opEnd, 0)
	for i := range n {
		open := int64(n - 1 - i)
		jump := func(inside int64) {
			put(opI32Const, int64(random.IntN(len(table))))
			put(opLocalSet, 0)
			put(opBr, inside+open)
		}
		for range random.IntN(4) {
			switch random.IntN(4) {
			case 0, 1:
				b.mark++
				local := int64(2 + random.IntN(2))
				put(opI32Const, b.mark)
				put(opLocalSet, local)
				put(opLocalGet, local)
				put(opGlobalSet, globalTrace)
			case 2:
				put(opGlobalGet, globalOracle)
				if random.IntN(2) == 0 {
					put(opI32Eqz, 0)
				}
				put(opIf, emptyType)
				jump(1)
				put(opEnd, 0)
			case 3:
				put(opGlobalGet, globalOracle)
				put(opIf, emptyType)
				b.mark++
				put(opI32Const, b.mark)
				put(opGlobalSet, globalTrace)
				put(opGlobalGet, globalOracle)
				put(opIf, emptyType)
				jump(2)
				put(opElse, 0)
				b.mark++
				put(opI32Const, b.mark)
				put(opGlobalSet, globalTrace)
				put(opEnd, 0)
				put(opEnd, 0)
			}
		}
		switch random.IntN(6) {
		case 0:
			jump(0)
		case 1:
			put(opI32Const, 0)
			put(opReturn, 0)
		case 2:
			if i+1 == n {
				break
			}
			put(opLocalGet, 1)
			put(opI32Const, 8)
			put(opI32Sub, 0)
			put(opLocalTee, 1)
			put(opGlobalSet, 0)
			put(opLocalGet, 1)
			put(opI64Const, testEntry+int64(first[i+1]))
			put(opI64Store, 0)
			final := false
			switch random.IntN(3) {
			case 0:
				final = true
				put(opI32Const, 0)
				put(opCall, testFinal)
			case 1:
				put(opI32Const, 0)
				put(opCall, testOther)
			case 2:
				list = slices.Insert(list, len(list)-len(pushed), instruction{op: opI64Const, x: testOther << 16})
				list = append(list, callee[:]...)
			}
			put(opGlobalGet, 0)
			put(opLocalSet, 1)
			put(opBrIf, open+1)
			if !final {
				resumed = append(resumed, first[i+1])
			}
		}
		if i+1 < n {
			put(opEnd, 0)
		}
	}
	put(opEnd, 0)
	put(opUnreachable, 0)
	put(opEnd, 0)
	put(opI32Const, 1)
	put(opEnd, 0)
	return encode(list), resumed
}

// run interprets a function and tells what it did, up to a number of steps
// that can be seen from outside. kept has the old program counters by the new.
// Where it was called is on the stack, unless that is what it is entered with.
func run(t *testing.T, code []byte, kept []int, entry int, conditions uint64) string {
	t.Helper()
	list, err := decode(code)
	if err != nil {
		t.Fatal(err)
	}
	ends := map[int]int{}
	var opened []int
	elses := map[int]int{}
	for i, in := range list {
		switch in.op {
		case opBlock, opLoop, opIf:
			opened = append(opened, i)
		case opElse:
			elses[opened[len(opened)-1]] = i
		case opEnd:
			if len(opened) > 0 {
				ends[opened[len(opened)-1]] = i
				opened = opened[:len(opened)-1]
			}
		}
	}
	var trace bytes.Buffer
	var stack []int64
	var labels []int // where they begin
	locals := make([]int64, 5)
	locals[0] = int64(entry)
	if kept != nil && entry < firstAddress {
		locals[0] = int64(slices.Index(kept, entry))
	}
	memory := map[int64]int64{}
	sp := int64(testStack)
	if entry < firstAddress {
		sp -= 8
		memory[sp] = testBack
	}
	returned := func(v int64) string {
		return fmt.Sprintf("%s returns %d on %d with %#x", &trace, v, sp, memory[sp])
	}
	visible := 0
	oracle := func() int64 {
		visible++
		return int64(conditions >> (visible % 64) & 1)
	}
	// call is one of function to with what is passed. It takes the return
	// address off the stack.
	call := func(to, passed int64) int64 {
		if passed == 0 {
			passed = memory[sp]
			sp += 8
		}
		pc := int(passed - testEntry)
		if kept != nil {
			pc = kept[pc]
		}
		fmt.Fprintf(&trace, " %d(on %d, to %d)", to, sp, pc)
		if to == testFinal {
			return 1
		}
		return oracle()
	}
	pop := func() int64 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		return v
	}
	branch := func(depth int64) int {
		labels = labels[:len(labels)-int(depth)]
		at := labels[len(labels)-1]
		if list[at].op == opLoop {
			return at
		}
		labels = labels[:len(labels)-1]
		return ends[at]
	}
	for at := 0; at < len(list); at++ {
		switch in := &list[at]; in.op {
		case opBlock, opLoop:
			labels = append(labels, at)
		case opIf:
			labels = append(labels, at)
			if pop() == 0 {
				if e, ok := elses[at]; ok {
					at = e
				} else {
					at = ends[at] - 1
				}
			}
		case opElse:
			at = ends[labels[len(labels)-1]] - 1
		case opEnd:
			if len(labels) == 0 {
				return returned(pop())
			}
			labels = labels[:len(labels)-1]
		case opBr:
			at = branch(in.x)
		case opBrIf:
			if pop() != 0 {
				at = branch(in.x)
			}
		case opBrTable:
			at = branch(int64(in.table[min(int(uint32(pop())), len(in.table)-1)]))
		case opReturn:
			return returned(pop())
		case opUnreachable:
			return trace.String() + " traps"
		case opLocalGet:
			stack = append(stack, locals[in.x])
		case opLocalSet:
			locals[in.x] = pop()
		case opLocalTee:
			locals[in.x] = stack[len(stack)-1]
		case opI32Sub:
			v := pop()
			stack[len(stack)-1] -= v
		case opI32Add:
			v := pop()
			stack[len(stack)-1] += v
		case opI32GtU:
			v := pop()
			stack[len(stack)-1] = truth(uint32(stack[len(stack)-1]) > uint32(v))
		case opI32LeU:
			v := pop()
			stack[len(stack)-1] = truth(uint32(stack[len(stack)-1]) <= uint32(v))
		case opI32GeU:
			v := pop()
			stack[len(stack)-1] = truth(uint32(stack[len(stack)-1]) >= uint32(v))
		case opI64ShrU:
			v := pop()
			stack[len(stack)-1] = int64(uint64(stack[len(stack)-1]) >> v)
		case opI64ExtendU, opI32WrapI64:
			stack[len(stack)-1] = int64(uint32(stack[len(stack)-1]))
		case opCall:
			stack = append(stack, call(in.x, pop()))
		case opCallIndirect:
			to := pop()
			stack = append(stack, call(to, pop()))
		case opI64Const:
			stack = append(stack, in.x)
		case opI64Store:
			v := pop()
			memory[pop()] = v
		case opI64Load:
			stack = append(stack, memory[pop()+in.y])
		case opGlobalGet:
			switch in.x {
			case 0:
				stack = append(stack, sp)
			case 2:
				stack = append(stack, 0) // g
			case globalOracle:
				stack = append(stack, oracle())
			default:
				t.Fatalf("global %d", in.x)
			}
		case opGlobalSet:
			v := pop()
			if in.x == 0 {
				sp = v
			} else {
				fmt.Fprintf(&trace, " %d", v)
				visible++
			}
		case opI32Const:
			stack = append(stack, in.x)
		case opI32Eqz:
			stack = append(stack, truth(pop() == 0))
		default:
			t.Fatalf("instruction %#x", in.op)
		}
		if visible > 200 {
			return trace.String() + " goes on"
		}
		if visible == 0 && at > 1<<20 {
			t.Fatal("lost")
		}
	}
	return "ran off its end"
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func TestRandomFunctionsDoTheSame(t *testing.T) {
	rewritten := 0
	for seed := range uint64(4000) {
		random := rand.New(rand.NewPCG(seed, 1))
		code, resumed := program(random, 1+random.IntN(14))
		if idles(code) {
			continue
		}
		o := Options{Entry: testEntry, Final: []int64{testFinal}, Called: random.IntN(4) > 0, Passes: random.IntN(4) > 0, Jumped: random.IntN(2) > 0}
		r, err := o.Function(code)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		after, kept := r.Code, r.Kept
		if !bytes.Equal(code, after) {
			rewritten++
		}
		for _, entry := range append(resumed, 0, testBack) {
			if entry == testBack && !o.Called || entry == 0 && o.Called && !o.Jumped {
				continue
			}
			for range 4 {
				conditions := random.Uint64()
				before := entry
				if entry == testBack {
					before = 0
				}
				want, got := run(t, code, nil, before, conditions), run(t, after, kept, entry, conditions)
				if want != got {
					t.Fatalf("seed %d entered at %d:\n%s\n%s", seed, entry, want, got)
				}
			}
		}
	}
	if rewritten < 3000 {
		t.Errorf("only %d functions were rewritten", rewritten)
	}
}

// What a function does with the stack stays as it was where it calls no other,
// asks where it was called, or asks for more stack.
func TestCalledFunctionsKeepTheStack(t *testing.T) {
	get := func(x int64) instruction { return instruction{op: opLocalGet, x: x} }
	moved := func(op byte, n int64) []instruction {
		return []instruction{get(1), {op: opI32Const, x: n}, {op: op}, {op: opLocalTee, x: 1}, {op: opGlobalSet}}
	}
	begin := []instruction{{op: opGlobalGet}, {op: opLocalSet, x: 1}}
	mark := []instruction{get(1), {op: opGlobalSet, x: globalTrace}}
	end := slices.Concat(moved(opI32Add, 16), moved(opI32Add, 8), []instruction{{op: opI32Const}, {op: opReturn}, {op: opUnreachable}, {op: opEnd}})
	more := func(limit int64) []instruction {
		return slices.Concat(
			[]instruction{get(1), {op: opGlobalGet, x: 2}, {op: opI32WrapI64}, {op: opI32Const, x: limit}, {op: opI32Add}, {op: opI32LeU}, {op: opIf, x: emptyType}},
			moved(opI32Sub, 8),
			[]instruction{get(1), {op: opI64Const, x: testEntry}, {op: opI64Store}, {op: opI32Const}, {op: opCall, x: testFinal}, {op: opReturn}, {op: opEnd}},
		)
	}
	for _, c := range []struct {
		name   string
		code   []instruction
		pushes bool
	}{
		{"a leaf", slices.Concat(begin, moved(opI32Sub, 16), mark, end), false},
		{"a leaf that asks", slices.Concat(begin, moved(opI32Sub, 16), []instruction{get(1), {op: opI64Load, x: 3, y: 16}, {op: opGlobalSet, x: globalTrace}}, end), true},
		{"enough stack", slices.Concat(begin, more(0), moved(opI32Sub, 16), mark, end), true},
		{"too little stack", slices.Concat(begin, more(testStack), moved(opI32Sub, 16), mark, end), true},
	} {
		before := encode(c.code)
		for _, o := range []Options{{Passes: true, Called: true}, {Passes: true, Called: true, Jumped: true}} {
			o.Entry = testEntry
			r, err := o.Function(before)
			if err != nil {
				t.Fatal(err)
			}
			want, got := run(t, before, nil, 0, 0), run(t, r.Code, nil, testBack, 0)
			if want != got {
				t.Errorf("%s, jumped %v:\n%s\n%s", c.name, o.Jumped, want, got)
			}
			if o.Jumped {
				if got := run(t, r.Code, nil, 0, 0); want != got {
					t.Errorf("%s, jumped to:\n%s\n%s", c.name, want, got)
				}
			} else if pushes := bytes.IndexByte(r.Code, opI64Store) >= 0; pushes != c.pushes {
				t.Errorf("%s: stores its return address: %v", c.name, pushes)
			}
		}
	}
}

// idles tells whether a function can turn in circles without a trace, which
// the interpreter would do for ever.
func idles(code []byte) bool {
	list, _ := decode(code)
	f, ok := parse(list)
	if !ok {
		return true
	}
	// Follow what each segment does at its end if it does nothing before.
	silent := func(i int) int {
		for _, in := range f.segments[i].code {
			if in.op == opJump {
				return int(in.x)
			}
			if in.op == opGlobalGet && in.x == globalOracle || in.op == opCall || in.op == opGlobalSet || in.op == opReturn {
				return -1
			}
		}
		if f.segments[i].falls && i+1 < len(f.segments) {
			return i + 1
		}
		return -1
	}
	for i := range f.segments {
		at := i
		for range len(f.segments) + 1 {
			if at = silent(at); at < 0 {
				break
			}
		}
		if at >= 0 {
			return true
		}
	}
	return false
}

// A loop whose body holds no call needs no table; one that may be resumed
// inside keeps it.
func TestOnlyWhatMayBeResumedKeepsTheTable(t *testing.T) {
	loop := func(call bool) []byte {
		list := []instruction{
			{op: opGlobalGet},
			{op: opLocalSet, x: 1},
			{op: opBlock, x: emptyType},
			{op: opLoop, x: emptyType},
			{op: opBlock, x: emptyType},
			{op: opBlock, x: emptyType},
			{op: opBlock, x: emptyType},
			{op: opLocalGet},
			{op: opBrTable, table: []uint32{0, 1, 2}},
			{op: opEnd},
			{op: opEnd},
			{op: opGlobalGet, x: globalOracle},
		}
		if call {
			list = append(list, instruction{op: opBrIf, x: 2})
		} else {
			list = append(list, instruction{op: opGlobalSet, x: globalTrace})
		}
		list = append(list, []instruction{
			{op: opEnd},
			{op: opGlobalGet, x: globalOracle},
			{op: opIf, x: emptyType},
			{op: opI32Const, x: 1},
			{op: opLocalSet},
			{op: opBr, x: 1},
			{op: opEnd},
			{op: opI32Const},
			{op: opReturn},
			{op: opEnd},
			{op: opUnreachable},
			{op: opEnd},
			{op: opI32Const, x: 1},
			{op: opEnd},
		}...)
		return encode(list)
	}
	for _, c := range []struct {
		call bool
		want bool
	}{{false, false}, {true, true}} {
		after, err := Function(loop(c.call))
		if err != nil {
			t.Fatal(err)
		}
		list, err := decode(after)
		if err != nil {
			t.Fatal(err)
		}
		table := slices.ContainsFunc(list, func(in instruction) bool { return in.op == opBrTable })
		if table != c.want {
			t.Errorf("call %v: table %v", c.call, table)
		}
	}
}

func TestTidyKeepsTheMeaning(t *testing.T) {
	sp := func(n int64) []instruction {
		return []instruction{{op: opLocalGet, x: 1}, {op: opI64ExtendU}, {op: opI64Const, x: n}, {op: opI64Add}, {op: opI32WrapI64}}
	}
	const i64Store = 0x37
	for _, c := range []struct {
		name           string
		before, after  []instruction
		sameAsItStands bool
	}{
		{
			name:   "a store to the stack",
			before: append(sp(32), instruction{op: opLocalGet, x: 2}, instruction{op: i64Store, x: 3, y: 8}),
			after:  []instruction{{op: opLocalGet, x: 1}, {op: opLocalGet, x: 2}, {op: i64Store, x: 3, y: 40}},
		},
		{
			name:           "an address that something else takes",
			before:         append(sp(32), instruction{op: opLocalSet, x: 2}),
			sameAsItStands: true,
		},
		{
			name:           "an address behind a call",
			before:         append(sp(32), instruction{op: opCall, raw: []byte{opCall, 1}}, instruction{op: i64Store, x: 3}),
			sameAsItStands: true,
		},
		{
			name:   "the opposite of a comparison",
			before: []instruction{{op: opI64Eq + 2}, {op: opI32Eqz}},
			after:  []instruction{{op: opI64Eq + 8}}, // lt_s, ge_s
		},
		{
			name: "the stack pointer moved twice",
			before: []instruction{
				{op: opLocalGet, x: 1},
				{op: opI32Const, x: 152},
				{op: opI32Add},
				{op: opLocalTee, x: 1},
				{op: opGlobalSet},
				{op: opLocalGet, x: 1},
				{op: opI32Const, x: 8},
				{op: opI32Add},
				{op: opLocalTee, x: 1},
				{op: opGlobalSet},
			},
			after: []instruction{{op: opLocalGet, x: 1}, {op: opI32Const, x: 160}, {op: opI32Add}, {op: opLocalTee, x: 1}, {op: opGlobalSet}},
		},
		{
			name:   "a condition made wide and turned twice",
			before: []instruction{{op: opI64Eqz}, {op: opI64ExtendU}, {op: opI64Eqz}, {op: opI32Eqz}, {op: opBrIf}},
			after:  []instruction{{op: opI64Eqz}, {op: opBrIf}},
		},
		{
			name:           "a number turned into a condition",
			before:         []instruction{{op: opI32Add}, {op: opI32Eqz}, {op: opI32Eqz}, {op: opLocalSet, x: 2}},
			sameAsItStands: true,
		},
		{
			name:   "an address that is known",
			before: []instruction{{op: opI64Const, x: 4702528}, {op: opI32WrapI64}, {op: opNop}, {op: opLoadFirst, x: 2}},
			after:  []instruction{{op: opI32Const, x: 4702528}, {op: opLoadFirst, x: 2}},
		},
		{
			name:   "an integer made wider and narrower",
			before: []instruction{{op: opLocalGet, x: 3}, {op: opI64ExtendU}, {op: opI32WrapI64}},
			after:  []instruction{{op: opLocalGet, x: 3}},
		},
	} {
		want := c.after
		if c.sameAsItStands {
			want = slices.Clone(c.before)
		}
		if got := encode(tidy(slices.Clone(c.before))); !bytes.Equal(got, encode(want)) {
			t.Errorf("%s: % x, want % x", c.name, got, encode(want))
		}
	}
}

func TestWhatIsNoCodeIsRefused(t *testing.T) {
	for _, code := range [][]byte{{0xff}, {opBr}, {opBrTable, 0xff, 0xff, 0xff, 0xff, 0x0f}, {opI64Const, 0x80}, {opF64Const, 1, 2}} {
		if _, err := Function(code); err == nil {
			t.Errorf("% x was accepted", code)
		}
	}
}
