package publish

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"everysec/web/cmd/site/straighten"
)

// Go's linker leaves two things in a wasm module that cost a visitor far more
// than they give. Slim takes them out; the program stays the same.
//
// The data section is cut into up to 100,000 pieces wherever a few zeros
// stand, and the headers of the pieces compress badly. A few pieces with their
// zeros compress well.
//
// And every instruction's source line is in a table that only a stack trace
// reads, as are the names of functions. A trace of a slim module shows a short
// name in place of each ("f1x"), and Slim returns the list that tells which is
// which, and tells of a function that was inlined only what it was inlined into.
// What the collector, the unwinder and recover need stays: frame sizes and stack
// maps.

// errLayout says that this Go arranges its tables in another way than we know.
var errLayout = errors.New("unknown layout of the line tables")

// Slim returns a smaller module that does the same, and the names of its
// functions: a line each, the short one and the real one.
func Slim(wasm []byte) (out, names []byte, err error) {
	if len(wasm) < 8 || !bytes.HasPrefix(wasm, []byte("\x00asm")) {
		return nil, nil, errWasm
	}
	var counters []counters
	var known numbers
	var others map[int][]byte
	var called []bool
	imported := 0
	for r := (reader{wasm[8:]}); len(r.b) > 0; {
		id := r.take(1)[0]
		if body := r.take(r.uint()); id == 11 {
			memory, _, err := flatten(body)
			if err != nil {
				return nil, nil, err
			}
			if counters, known, err = findCounters(memory); err != nil {
				return nil, nil, err
			}
			if others, err = replacements(memory); err != nil {
				return nil, nil, err
			}
		}
	}
	out = slices.Clone(wasm[:8])
	for r := (reader{wasm[8:]}); len(r.b) > 0; {
		id := r.take(1)[0]
		body := r.take(r.uint())
		switch id {
		case 10:
			for _, list := range [][]int64{known.final, known.plain, known.jumped} {
				for i := range list {
					list[i] += int64(imported)
				}
			}
			if body, err = straightened(body, counters, others, known, called, imported); err != nil {
				return nil, nil, err
			}
		case 2:
			imported = (&reader{body}).uint()
		case 3:
			called = callable(body)
		case 7:
			uncallable(called, body, imported)
		case 11:
			memory, base, err := flatten(body)
			if err != nil {
				return nil, nil, err
			}
			if names, err = dropLines(memory, base, counters); err != nil {
				return nil, nil, err
			}
			if err := dropTypeNames(memory, base); err != nil {
				return nil, nil, err
			}
			body = segments(memory, base)
		case 12: // how many segments there are, for one-pass readers: optional
			continue
		}
		out = append(out, id)
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, names, nil
}

// straightened rewrites the functions of a code section, and notes which of
// their program counters are left. others are bodies that take the place of
// what stands there, called the functions that take PC_B.
func straightened(section []byte, counters []counters, others map[int][]byte, known numbers, called []bool, imported int) ([]byte, error) {
	jumped, err := jumps(section)
	if err != nil {
		return nil, err
	}
	for _, number := range known.jumped {
		jumped[number] = true
	}
	r := reader{section}
	n := r.uint()
	out := binary.AppendUvarint(nil, uint64(n))
	for i := range n {
		function := reader{r.take(r.uint())}
		whole := function.b
		if other := others[i]; other != nil {
			out = binary.AppendUvarint(out, uint64(len(other)))
			out = append(out, other...)
			if i < len(counters) {
				counters[i].kept = []int{0}
			}
			continue
		}
		function.locals()
		locals := whole[:len(whole)-len(function.b)]
		options := straighten.Options{Entry: -1, Passes: true, Called: i < len(called) && called[i], Jumped: jumped[int64(imported+i)], Plain: known.plain}
		if i < len(counters) {
			options.Entry, options.Resumed, options.Final = int64(firstFunction+i)<<16, counters[i].resumed, known.final
		}
		made, err := options.Function(function.b)
		if err == nil && made.Added {
			locals, err = oneMore(locals)
		}
		if err != nil {
			return nil, fmt.Errorf("function %d: %w", i, err)
		}
		if i < len(counters) {
			counters[i].kept = made.Kept
		}
		out = binary.AppendUvarint(out, uint64(len(locals)+len(made.Code)))
		out = append(append(out, locals...), made.Code...)
	}
	return out, nil
}

// jumps are the functions that are called with PC_B 0 and their return address
// on the stack.
func jumps(section []byte) (map[int64]bool, error) {
	found := map[int64]bool{}
	r := reader{section}
	for n := r.uint(); n > 0; n-- {
		function := reader{r.take(r.uint())}
		function.locals()
		list, err := straighten.Jumps(function.b)
		if err != nil {
			return nil, err
		}
		for _, number := range list {
			found[number] = true
		}
	}
	return found, nil
}

// locals reads the declaration of a function's locals.
func (r *reader) locals() {
	for k := r.uint(); k > 0 && len(r.b) > 0; k-- {
		r.uint()
		r.take(1)
	}
}

// oneMore declares another local beside the first, which is of type i32.
func oneMore(locals []byte) ([]byte, error) {
	if len(locals) < 3 || locals[1] >= 0x7f || locals[2] != 0x7f {
		return nil, errWasm
	}
	locals = slices.Clone(locals)
	locals[1]++
	return locals, nil
}

// callable tells from the section of functions which of them take PC_B, as
// those of Go do: their type is the first.
func callable(section []byte) []bool {
	r := reader{section}
	list := make([]bool, min(r.uint(), len(r.b)))
	for i := range list {
		list[i] = r.uint() == 0
	}
	return list
}

// uncallable leaves those out that are exported, which Go does not call.
func uncallable(list []bool, exports []byte, imported int) {
	r := reader{exports}
	for n := r.uint(); n > 0 && len(r.b) > 0; n-- {
		r.take(r.uint())
		kind, index := r.uint(), r.uint()-imported
		if kind == 0 && index >= 0 && index < len(list) {
			list[index] = false
		}
	}
}

// flatten lays the segments out as they will lie in memory, from base on.
func flatten(section []byte) (memory []byte, base int, err error) {
	const i32Const, end = 0x41, 0x0b
	type piece struct {
		at   int
		data []byte
	}
	var pieces []piece
	r := reader{section}
	for n := r.uint(); n > 0; n-- {
		if kind := r.uint(); kind != 0 || len(r.b) == 0 || r.take(1)[0] != i32Const {
			return nil, 0, fmt.Errorf("data segment of kind %d: %w", kind, errWasm)
		}
		at := r.signed()
		if op := r.take(1); len(op) == 0 || op[0] != end || at < 0 || at > 1<<28 {
			return nil, 0, fmt.Errorf("data segment at %d: %w", at, errWasm)
		}
		pieces = append(pieces, piece{at, r.take(r.uint())})
	}
	if len(pieces) == 0 {
		return nil, 0, errWasm
	}
	base, size := pieces[0].at, 0
	for _, p := range pieces {
		base = min(base, p.at)
		size = max(size, p.at+len(p.data))
	}
	memory = make([]byte, size-base)
	for _, p := range pieces {
		copy(memory[p.at-base:], p.data)
	}
	return memory, base, nil
}

// longGap is how many zeros are worth the header of another segment.
const longGap = 512

// segments writes a data section that leaves out long runs of zeros, which
// memory holds anyway.
func segments(memory []byte, base int) []byte {
	var count uint64
	var body []byte
	emit := func(from, to int) {
		count++
		body = append(body, 0, 0x41)
		body = appendSigned(body, base+from)
		body = append(body, 0x0b)
		body = binary.AppendUvarint(body, uint64(to-from))
		body = append(body, memory[from:to]...)
	}
	from, zeros := 0, 0
	for at, c := range memory {
		if c == 0 {
			zeros++
			continue
		}
		if zeros >= longGap {
			if end := at - zeros; end > from {
				emit(from, end)
			}
			from = at
		}
		zeros = 0
	}
	if end := len(memory) - zeros; end > from {
		emit(from, end)
	}
	return append(binary.AppendUvarint(nil, count), body...)
}

// signed reads a signed LEB128, which is not Go's varint.
func (r *reader) signed() int {
	v, shift := 0, 0
	for {
		b := r.take(1)
		if len(b) == 0 {
			return 0
		}
		v |= int(b[0]&0x7f) << shift
		shift += 7
		if b[0]&0x80 == 0 {
			if b[0]&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
}

func appendSigned(b []byte, v int) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// The layout of runtime.pclntab and runtime._func in Go 1.20 to 1.26.
var tableMagic = []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8}

const (
	fieldName        = 4
	fieldDeferReturn = 12
	fieldPCSP        = 16
	fieldPCFile      = 20
	fieldPCLine      = 24
	fieldPCDatas     = 28
	fieldUnit        = 32
	fieldStartLine   = 36
	fieldFuncDatas   = 43 // one byte
	fieldPCData      = 44

	// What Go's linker adds to a function's number in the module's code section.
	firstFunction = 0x1000

	// Of the PCDATA tables. Only asynchronous preemption reads the first, and
	// only a trace that prints arguments the second.
	unsafePoint  = 0
	argLiveIndex = 3
	inlineIndex  = 2 // which call of the inline tree

	// Of FUNCDATA: what a trace prints of arguments.
	argInfo     = 5
	argLiveInfo = 6
	inlineTree  = 3

	// Of a call in the inline tree.
	callSize = 16

	// Of runtime.moduledata.
	moduleFindTab   = 152
	moduleMinPC     = 160
	moduleTypes     = 296 // and where they end
	moduleGoFunc    = 320
	moduleTypeLinks = 360 // the types without a name: where each is, from the first one on
	moduleEnd       = 376

	// Of a type.
	typeString = 40
	typeSize   = 48
)

// lineTables finds the tables of functions, where they begin in memory, how many
// functions there are, and where the names and the table of functions are.
func lineTables(memory []byte) (at int, table []byte, count, names, funcs int, err error) {
	le := binary.LittleEndian
	at = bytes.Index(memory, tableMagic)
	if at < 0 || bytes.Contains(memory[at+1:], tableMagic) || len(memory)-at < 72 {
		return 0, nil, 0, 0, 0, fmt.Errorf("pclntab: %w", errLayout)
	}
	table = memory[at:]
	count, names, funcs = int(le.Uint64(table[8:])), int(le.Uint64(table[8+8*3:])), int(le.Uint64(table[8+8*7:]))
	if count <= 0 || names < 72 || names > len(table) || funcs < 72 || funcs > len(table) || count > (len(table)-funcs)/8 {
		return 0, nil, 0, 0, 0, fmt.Errorf("pclntab of %d functions at %d: %w", count, funcs, errLayout)
	}
	return at, table, count, names, funcs, nil
}

// moduleData finds runtime.firstmoduledata, which begins with the address of
// the tables and that of the names, which follow their header.
func moduleData(memory []byte, base int) ([]byte, error) {
	le := binary.LittleEndian
	table := uint64(base + bytes.Index(memory, tableMagic))
	at := bytes.Index(memory, le.AppendUint64(le.AppendUint64(nil, table), table+72))
	if at < 0 || at+moduleEnd > len(memory) {
		return nil, fmt.Errorf("moduledata: %w", errLayout)
	}
	return memory[at:], nil
}

// dropTypeNames overwrites how types without a name are written, such as
// "*struct { F uintptr; X0 *server.Server }" of a closure. Only a panic about a
// type could print it: what copies a host knows types by their names.
func dropTypeNames(memory []byte, base int) error {
	le := binary.LittleEndian
	module, err := moduleData(memory, base)
	if err != nil {
		return err
	}
	first, end := int(le.Uint64(module[moduleTypes:]))-base, int(le.Uint64(module[moduleTypes+8:]))-base
	links, count := int(le.Uint64(module[moduleTypeLinks:]))-base, int(le.Uint64(module[moduleTypeLinks+8:]))
	if end > len(memory) || first > end || count < 0 || links < 0 || links+4*count > len(memory) {
		return fmt.Errorf("%d types from %d to %d: %w", count, first, end, errLayout)
	}
	for i := range count {
		at := first + int(le.Uint32(memory[links+4*i:])) // the first bytes of all may be zeros, which memory lacks
		if at < 0 || at > end-typeSize {
			return fmt.Errorf("type at %d: %w", at, errLayout)
		}
		name := first + int(le.Uint32(memory[at+typeString:]))
		if name < 0 || name >= end-1 {
			return fmt.Errorf("name of the type at %d: %w", at, errLayout)
		}
		n, digits := binary.Uvarint(memory[name+1 : end])
		if digits <= 0 || n > uint64(end-name-1-digits) {
			return fmt.Errorf("name of the type at %d: %w", at, errLayout)
		}
		if text := memory[name+1+digits:][:n]; unnamed.Match(text) {
			copy(text, bytes.Repeat([]byte("?"), len(text)))
		}
	}
	return nil
}

// A pointer to a type with a name shares that name.
var unnamed = regexp.MustCompile(`^\**(\[|map\[|func\(|struct \{|interface \{|chan |<-chan )`)

// dropLines clears the tables of files and lines, and puts the others in the
// order of the functions, in which their offsets compress better.
func dropLines(memory []byte, base int, counters []counters) (listed []byte, err error) {
	le := binary.LittleEndian
	at := bytes.Index(memory, tableMagic)
	if at < 0 || bytes.Contains(memory[at+1:], tableMagic) || len(memory)-at < 72 {
		return nil, fmt.Errorf("pclntab: %w", errLayout)
	}
	table := memory[at:]
	field := func(i int) int { return int(le.Uint64(table[8+8*i:])) }
	count, names, units, paths, values, funcs := field(0), field(3), field(4), field(5), field(6), field(7)
	ends := []int{72, names, units, paths, values, funcs, len(table)}
	if !slices.IsSorted(ends) || names != 72 || count <= 0 || funcs+8*count > len(table) {
		return nil, fmt.Errorf("pclntab of %d functions at %v: %w", count, ends, errLayout)
	}
	pctab := table[values:funcs]
	packed := make([]byte, 1, len(pctab)) // offset 0 says that there is no table
	moved := map[string]uint32{"": 0}
	move := func(field []byte, kept []int) error {
		from := int(le.Uint32(field))
		n := tableLength(pctab, from)
		if from != 0 && n == 0 {
			return fmt.Errorf("table at %d: %w", from, errLayout)
		}
		table := renumbered(pctab[from:from+n], kept)
		if from == 0 {
			table = nil
		}
		to, known := moved[string(table)]
		if !known {
			to = uint32(len(packed))
			packed = append(packed, table...)
			moved[string(table)] = to
		}
		le.PutUint32(field, to)
		return nil
	}
	module, err := moduleData(memory, base)
	if err != nil {
		return nil, err
	}
	inlined := int(le.Uint64(module[moduleGoFunc:])) - base // what FUNCDATA counts from
	short := &shortener{table: table[names:units], packed: []byte{0}, moved: map[uint32]uint32{0: 0}}
	for i := range count {
		offset := funcs + int(le.Uint32(table[funcs+8*i+4:]))
		if offset+fieldPCData > len(table) {
			return nil, fmt.Errorf("function %d: %w", i, errLayout)
		}
		f := table[offset:]
		datas := int(le.Uint32(f[fieldPCDatas:]))
		if datas > 4 || int(le.Uint32(f[fieldName:])) > units-names || offset+fieldPCData+4*datas > len(table) {
			return nil, fmt.Errorf("function %d: %w", i, errLayout)
		}
		for _, gone := range []int{fieldPCFile, fieldPCLine, fieldUnit, fieldStartLine} {
			le.PutUint32(f[gone:], 0) // 0: no such table
		}
		for _, gone := range []int{unsafePoint, argLiveIndex} {
			if datas > gone {
				le.PutUint32(f[fieldPCData+4*gone:], 0)
			}
		}
		more := int(f[fieldFuncDatas])
		if offset+fieldPCData+4*(datas+more) > len(table) {
			return nil, fmt.Errorf("function %d: %w", i, errLayout)
		}
		for _, gone := range []int{argInfo, argLiveInfo} {
			if more > gone {
				le.PutUint32(f[fieldPCData+4*(datas+gone):], 1<<32-1)
			}
		}
		if err := short.rename(f[fieldName:]); err != nil {
			return nil, err
		}
		if datas > inlineIndex && more > inlineTree {
			if tree := int(le.Uint32(f[fieldPCData+4*(datas+inlineTree):])); tree != 1<<32-1 {
				calls := slices.Max(append(tableValues(pctab, int(le.Uint32(f[fieldPCData+4*inlineIndex:]))), -1)) + 1
				if tree += inlined; tree < 0 || tree > len(memory) || int(calls) > (len(memory)-tree)/callSize {
					return nil, fmt.Errorf("inline tree at %d: %w", tree, errLayout)
				}
				clear(memory[tree:][:calls*callSize])
				le.PutUint32(f[fieldPCData+4*(datas+inlineTree):], 1<<32-1)
			}
			le.PutUint32(f[fieldPCData+4*inlineIndex:], 0)
		}
		var kept []int
		if number := int(le.Uint32(table[funcs+8*i:])) - firstFunction; number < len(counters) {
			c := &counters[number]
			if kept = c.kept; kept != nil && len(c.resumed) > 0 {
				if to, found := slices.BinarySearch(kept, c.resumed[0]); found {
					le.PutUint32(f[fieldDeferReturn:], uint32(to))
				}
			}
		}
		if err := move(f[fieldPCSP:], kept); err != nil {
			return nil, err
		}
		behind := calls(kept)
		for k := range datas {
			if err := move(f[fieldPCData+4*k:], behind); err != nil {
				return nil, err
			}
		}
	}
	clear(pctab[copy(pctab, packed):])
	clear(table[units:values]) // the names of files
	clear(short.table[copy(short.table, short.packed):])
	return short.listed, nil
}

// shortener packs a new table of names. The runtime asks of a function whether
// it is one of its own, and whether it is gopanic.
type shortener struct {
	table, packed []byte // zeros end the names
	moved         map[uint32]uint32
	listed        []byte
}

// rename makes the offset of a name that of its short one.
func (s *shortener) rename(field []byte) error {
	from := binary.LittleEndian.Uint32(field)
	to, known := s.moved[from]
	if !known {
		if uint64(from) >= uint64(len(s.table)) {
			return fmt.Errorf("name at %d: %w", from, errLayout)
		}
		name, _, ended := bytes.Cut(s.table[from:], []byte{0})
		if !ended {
			return fmt.Errorf("name at %d: %w", from, errLayout)
		}
		short := []byte("f")
		if bytes.HasPrefix(name, []byte("runtime.")) {
			short = []byte("runtime.f")
		}
		short = strconv.AppendInt(short, int64(len(s.moved)), 36)
		if len(short) >= len(name) || string(name) == "runtime.gopanic" {
			short = name
		} else {
			s.listed = fmt.Appendf(s.listed, "%s %s\n", short, name)
		}
		to = uint32(len(s.packed))
		if len(s.packed)+len(short) >= len(s.table) {
			return fmt.Errorf("names: %w", errLayout)
		}
		s.packed = append(append(s.packed, short...), 0)
		s.moved[from] = to
	}
	binary.LittleEndian.PutUint32(field, to)
	return nil
}

// tableLength is how long one table of pctab is: pairs of a value's change and
// a distance, ended by a change of 0 that is not the first. 0: not a table.
func tableLength(pctab []byte, from int) int {
	at := from
	for first := true; at < len(pctab); first = false {
		change, n := binary.Uvarint(pctab[at:])
		if n <= 0 {
			return 0
		}
		at += n
		if change == 0 && !first {
			return at - from
		}
		if _, n = binary.Uvarint(pctab[at:]); n <= 0 {
			return 0
		}
		at += n
	}
	return 0
}
