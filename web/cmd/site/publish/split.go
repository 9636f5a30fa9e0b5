package publish

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"everysec/web/cmd/site/straighten"
)

// Most visitors run no script and open no panel, so that code need not come with
// the page. Split takes a linked module apart: into one that has everything a
// start needs, and parts that are loaded when one of their functions is first
// called.
//
// A part is a module of its own that uses the memory, the globals and the table
// of the first. Go keeps all its state in these, so it matters to nobody in which
// module a function stands, not even to a goroutine that is unwound and resumed
// across the border: what is resumed is called through the table. A function of a
// part that is called from elsewhere leaves a stub, of the same type and in the
// same places: it asks for its part (an import, load) and calls through the
// table, where the part has put the real one in its place. Where the part cannot
// be had, the stub calls the Go function that missingSymbol names instead, which
// panics as if it had been called there. Wasm-split of Binaryen (A. Zakai,
// T. Lively) is the model.
//
// To a part belongs what Part.Has says, and whatever only such functions use.

// Part says what belongs to a part of the module.
type Part struct {
	Name string
	Has  func(symbol string) bool
}

// missingSymbol is the function that panics for want of a part.
const missingSymbol = "main.missing"

const (
	partsModule   = "parts" // whose function load gets a part, by its number
	shortGap      = 16      // bytes are worth less than the header of another segment
	stackMaps     = 2       // so many of FUNCDATA, the first, are stack maps: of arguments and of locals
	partsSection  = "parts" // of the first module: the name it goes by, and where each part is
	tableExport   = "table"
	memoryExport  = "mem"
	tableSection  = 4
	elementNumber = 9
	typeSection   = 1
	funcSection   = 3
	noPart        = -1
	kindFunction  = 0
	kindTable     = 1
	kindMemory    = 2
	kindGlobal    = 3
)

// splitter is a module that is taken apart.
type splitter struct {
	imported  int // functions
	functions []piece
	parts     []Part
	id        string // what the first module calls itself to its parts
	globals   []byte // their types
	types     []byte // the section
	image     []byte // memory from base on
	base      int
	functab   int // the address of the table of functions
}

// piece is one function of it.
type piece struct {
	whole, locals, code []byte
	kind                int // its type's number
	part                int // that it belongs to, or noPart
	uses                []int
	imports             bool // it calls something imported
	dead                bool
	stub                bool // something outside of its part knows it
}

// SplitModule is what Split makes.
type SplitModule struct {
	First []byte
	ID    string
	Parts [][]byte // one for each Part, nil if there is nothing in it
}

// Split takes a module apart. symbols are the names of its functions, by their
// number in the code section.
func Split(wasm []byte, symbols []string, parts []Part) (*SplitModule, error) {
	sections, err := sectionsOf(wasm)
	if err != nil {
		return nil, err
	}
	find := func(id byte) []byte { return bodyOf(sections, id) }
	s := &splitter{parts: parts, types: find(typeSection)}
	sum := sha256.Sum256(wasm)
	s.id = hex.EncodeToString(sum[:8])
	s.imported, _ = counted(find(importSection))
	if s.globals, err = globalTypes(find(globalSection)); err != nil {
		return nil, err
	}
	if s.image, s.base, err = flatten(find(dataSection)); err != nil {
		return nil, err
	}
	if err := s.read(find(funcSection), find(codeSection)); err != nil {
		return nil, err
	}
	functions, err := exportedFunctions(find(exportSection))
	if err != nil {
		return nil, err
	}
	var roots []int
	for _, index := range functions {
		roots = append(roots, index-s.imported)
	}
	if r := (reader{find(startSection)}); len(r.b) > 0 {
		roots = append(roots, r.uint()-s.imported)
	}
	if err := s.assign(symbols, roots); err != nil {
		return nil, err
	}
	made := &SplitModule{ID: s.id}
	data, err := s.separate()
	if err != nil {
		return nil, err
	}
	for p := range parts {
		part, err := s.part(p, data[p])
		if err != nil {
			return nil, fmt.Errorf("part %s: %w", parts[p].Name, err)
		}
		made.Parts = append(made.Parts, part)
	}
	if made.First, err = s.first(sections, slices.Index(symbols, missingSymbol)); err != nil {
		return nil, err
	}
	return made, nil
}

// Symbols are the names of a module's functions, as Go's linker wrote them.
func Symbols(wasm []byte) ([]string, error) {
	sections, err := sectionsOf(wasm)
	if err != nil {
		return nil, err
	}
	for _, s := range sections {
		if s.id != dataSection {
			continue
		}
		memory, _, err := flatten(s.body)
		if err != nil {
			return nil, err
		}
		_, table, count, names, funcs, err := lineTables(memory)
		if err != nil {
			return nil, err
		}
		le := binary.LittleEndian
		list := make([]string, count)
		for i := range list {
			offset := funcs + int(le.Uint32(table[funcs+8*i+4:]))
			if offset+fieldPCData > len(table) {
				return nil, fmt.Errorf("function %d: %w", i, errLayout)
			}
			from := names + int(le.Uint32(table[offset+fieldName:]))
			if from > len(table) {
				return nil, fmt.Errorf("function %d: %w", i, errLayout)
			}
			name, _, _ := bytes.Cut(table[from:], []byte{0})
			list[i] = string(name)
		}
		return list, nil
	}
	return nil, errWasm
}

// read takes the code section apart.
func (s *splitter) read(functions, code []byte) error {
	kinds, r := reader{functions}, reader{code}
	n := r.uint()
	if kinds.uint() != n {
		return errWasm
	}
	trap := trapBody()
	for i := range n {
		whole := r.take(r.uint())
		body := reader{whole}
		body.locals()
		p := piece{whole: whole, locals: whole[:len(whole)-len(body.b)], code: body.b, kind: kinds.uint(), part: noPart, dead: bytes.Equal(whole, trap)}
		calls, constants, err := straighten.References(body.b)
		if err != nil {
			return fmt.Errorf("function %d: %w", i, err)
		}
		for _, to := range calls {
			if to < int64(s.imported) {
				p.imports = true
			} else {
				p.uses = append(p.uses, int(to)-s.imported)
			}
		}
		for _, v := range constants { // its own are where its calls return to
			if to := v>>16 - firstFunction; to >= 0 && to < int64(n) && to != int64(i) {
				p.uses = append(p.uses, int(to))
			}
		}
		slices.Sort(p.uses)
		p.uses = slices.Compact(p.uses)
		s.functions = append(s.functions, p)
	}
	return nil
}

// assign finds the part of each function, and which of them need a stub.
func (s *splitter) assign(symbols []string, roots []int) error {
	named := make([]int, len(s.functions))
	for i := range named {
		named[i] = noPart
		f := &s.functions[i]
		if i >= len(symbols) || f.kind != 0 || f.imports || f.dead || slices.Contains(roots, i) {
			continue
		}
		for p := range s.parts {
			if s.parts[p].Has(symbols[i]) {
				named[i] = p
				break
			}
		}
	}
	remembered := make([]bool, len(s.functions))
	if err := remember(s.image, s.base, len(s.functions), func(int64) bool { return false }, func(i int64) { remembered[i] = true }); err != nil {
		return err
	}
	// What is used without a part is not in one.
	reached := make([]bool, len(s.functions))
	var reach func(mark []bool, i int)
	reach = func(mark []bool, i int) {
		if named[i] != noPart || mark[i] {
			return
		}
		mark[i] = true
		for _, to := range s.functions[i].uses {
			reach(mark, to)
		}
	}
	for _, i := range roots {
		reach(reached, i)
	}
	for i, f := range s.functions {
		if remembered[i] || f.kind != 0 || f.imports {
			reach(reached, i)
		}
	}
	users := make([]int, len(s.functions)) // how many parts use it
	for p := range s.parts {
		mark := make([]bool, len(s.functions))
		for i, f := range s.functions {
			if named[i] == p {
				for _, to := range f.uses {
					reach(mark, to)
				}
			}
		}
		for i := range mark {
			if mark[i] && !reached[i] {
				users[i]++
				s.functions[i].part = p
			}
		}
	}
	for i := range s.functions {
		f := &s.functions[i]
		switch {
		case named[i] != noPart:
			f.part = named[i]
		case users[i] != 1 || f.dead:
			f.part = noPart
		}
	}
	for i := range s.functions {
		f := &s.functions[i]
		f.stub = f.stub || remembered[i]
		for _, to := range f.uses {
			if used := &s.functions[to]; used.part != f.part {
				used.stub = true
			}
		}
	}
	return nil
}

// What the runtime knows of a function is asked for when it runs: its
// description, its tables of frame sizes and stack maps, and these. separate takes
// what belongs to functions of parts out of the image, and returns a data section
// for each part.
func (s *splitter) separate() ([][]byte, error) {
	le := binary.LittleEndian
	at, table, count, _, funcs, err := lineTables(s.image)
	if err != nil {
		return nil, err
	}
	module, err := moduleData(s.image, s.base)
	if err != nil {
		return nil, err
	}
	tables := at + int(le.Uint64(table[8+8*6:])) // of frame sizes and the like
	stackMap := int(le.Uint64(module[moduleGoFunc:])) - s.base
	if tables < at || tables > at+funcs || stackMap < 0 || stackMap > len(s.image) {
		return nil, fmt.Errorf("tables at %d, stack maps at %d: %w", tables, stackMap, errLayout)
	}
	type span struct{ from, to int }
	users := map[span]int{} // the part of its only users, or noPart
	use := func(part, from, n int) {
		if n <= 0 || from < 0 || n > len(s.image)-from {
			return
		}
		if user, known := users[span{from, from + n}]; known && user != part {
			part = noPart
		}
		users[span{from, from + n}] = part
	}
	for i := range count {
		part := noPart
		if i < len(s.functions) {
			part = s.functions[i].part
		}
		from := at + funcs + int(le.Uint32(table[funcs+8*i+4:]))
		if from+fieldPCData > len(s.image) {
			return nil, fmt.Errorf("function %d: %w", i, errLayout)
		}
		f := s.image[from:]
		fields, more := int(le.Uint32(f[fieldPCDatas:])), int(f[fieldFuncDatas])
		size := fieldPCData + 4*(fields+more)
		if fields > 4 || size > len(f) {
			return nil, fmt.Errorf("function %d: %w", i, errLayout)
		}
		use(part, from, size)
		for k := range fields + 1 {
			field := f[fieldPCSP:]
			if k > 0 {
				field = f[fieldPCData+4*(k-1):]
			}
			if offset := int(le.Uint32(field)); offset != 0 && tables+offset < at+funcs {
				use(part, tables+offset, tableLength(s.image[tables:at+funcs], offset))
			}
		}
		for k := range min(more, stackMaps) {
			offset := le.Uint32(f[fieldPCData+4*(fields+k):])
			if from := stackMap + int(offset); offset != 1<<32-1 && from+8 <= len(s.image) {
				n, bits := int(le.Uint32(s.image[from:])), int(le.Uint32(s.image[from+4:]))
				use(part, from, 8+n*((bits+7)/8))
			}
		}
	}
	// Whatever two of them have in common stays.
	spans := slices.SortedFunc(maps.Keys(users), func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	end := 0
	for i, u := range spans {
		if i > 0 && u.from < end {
			users[u] = noPart
			for k := i - 1; k >= 0 && spans[k].to > u.from; k-- {
				users[spans[k]] = noPart
			}
		}
		end = max(end, u.to)
	}
	for p := range s.parts {
		var d differences
		for i := range count {
			if i < len(s.functions) && s.functions[i].part == p {
				if i > 0 && s.functions[i-1].part != p {
					d = differences{} // each run is made by a call
				}
				d.write(s.image[at+funcs+int(le.Uint32(table[funcs+8*i+4:])):])
			}
		}
	}
	s.functab = s.base + at + funcs
	list := make([][]byte, len(s.parts))
	for p := range list {
		var count uint64
		var body []byte
		for i := 0; i < len(spans); {
			u := spans[i]
			if i++; users[u] != p {
				continue
			}
			for i < len(spans) && (users[spans[i]] != p || spans[i].from-u.to <= shortGap) {
				if users[spans[i]] == p {
					u.to = spans[i].to // what lies between never changes
				}
				i++
			}
			count++
			body = append(appendSigned(append(body, 0, constI32), s.base+u.from), opEnd)
			body = append(binary.AppendUvarint(body, uint64(u.to-u.from)), s.image[u.from:u.to]...)
		}
		list[p] = append(binary.AppendUvarint(nil, count), body...)
	}
	for u, part := range users {
		if part != noPart {
			clear(s.image[u.from:u.to])
		}
	}
	return list, nil
}

// part makes the module of a part.
func (s *splitter) part(number int, data []byte) ([]byte, error) {
	var members []int
	index := map[int]int{}
	for i, f := range s.functions {
		if f.part == number {
			index[i] = len(members)
			members = append(members, i)
		}
	}
	if len(members) == 0 {
		return nil, nil
	}
	name := func(out []byte, name string) []byte {
		return append(binary.AppendUvarint(out, uint64(len(name))), name...)
	}
	imports := binary.AppendUvarint(nil, uint64(2+len(s.globals)))
	imports = append(name(name(imports, s.id), memoryExport), kindMemory, 0, 0)
	imports = append(name(name(imports, s.id), tableExport), kindTable, typeFunction, 0, 0)
	for i, t := range s.globals {
		imports = append(name(name(imports, s.id), partGlobal(i)), kindGlobal, t, mutable)
	}
	const made = 2 // functions that are added: one that makes descriptions, one that calls it
	count := binary.AppendUvarint(nil, uint64(len(members)+made))
	kinds, code := slices.Clone(count), slices.Clone(count)
	for _, i := range members {
		f := &s.functions[i]
		kinds = binary.AppendUvarint(kinds, uint64(f.kind))
		body, err := straighten.Retarget(f.code, func(function int64) (straighten.Target, error) {
			to := int(function) - s.imported
			if inside, ok := index[to]; ok {
				return straighten.Target{Function: int64(inside), Type: -1}, nil
			}
			return straighten.Target{Place: int64(firstFunction + to), Type: int64(s.functions[to].kind)}, nil
		})
		if err != nil {
			return nil, fmt.Errorf("function %d: %w", i, err)
		}
		code = binary.AppendUvarint(code, uint64(len(f.locals)+len(body)))
		code = append(append(code, f.locals...), body...)
	}
	var runs uint64
	var elements []byte
	start := straighten.Assembler{}
	for from := 0; from < len(members); {
		to := from + 1
		for to < len(members) && members[to] == members[to-1]+1 {
			to++
		}
		runs++
		elements = append(appendSigned(append(elements, 0, constI32), firstFunction+members[from]), opEnd)
		elements = binary.AppendUvarint(elements, uint64(to-from))
		for i := from; i < to; i++ {
			elements = binary.AppendUvarint(elements, uint64(i))
		}
		start.Const(members[from]).Const(members[to-1] + 1).Call(len(members))
		from = to
	}
	start.End()
	types, rest := counted(s.types)
	kinds = binary.AppendUvarint(binary.AppendUvarint(kinds, uint64(types)), uint64(types+1))
	for _, body := range [][]byte{partMaker(s.functab), append([]byte{0}, start.Code...)} {
		code = append(binary.AppendUvarint(code, uint64(len(body))), body...)
	}
	return assemble([]section{
		{typeSection, append(append(binary.AppendUvarint(nil, uint64(types+made)), rest...), 0x60, 2, typeI32, typeI32, 0, 0x60, 0, 0)},
		{importSection, imports},
		{funcSection, kinds},
		{startSection, binary.AppendUvarint(nil, uint64(len(members)+1))},
		{elementNumber, append(binary.AppendUvarint(nil, runs), elements...)},
		{codeSection, code},
		{dataSection, data},
	}), nil
}

const typeFunction = 0x70 // a reference to one

func partGlobal(i int) string { return fmt.Sprint("g", i) }

// first makes the module that is there from the start. Functions keep their
// places, but for the import before them; missing is the number of the Go
// function that is called where a part is, -1 if there is none.
func (s *splitter) first(sections []section, missing int) ([]byte, error) {
	n := len(s.functions)
	load := s.imported // behind the imports that are there
	moved := func(function int) int {
		if function >= s.imported {
			function++
		}
		return function
	}
	enter := func(p int) int { return load + 1 + n + p }
	var out []section
	for _, old := range sections {
		body := old.body
		var err error
		switch old.id {
		case typeSection:
			count, rest := counted(body)
			body = binary.AppendUvarint(nil, uint64(count+1))
			body = append(append(body, rest...), 0x60, 2, typeI32, typeI32, 1, typeI32)
		case importSection:
			count, rest := counted(body)
			body = append(binary.AppendUvarint(nil, uint64(count+1)), rest...)
			body = append(append(body, byte(len(partsModule))), partsModule...)
			body = append(body, 4, 'l', 'o', 'a', 'd', kindFunction, 0)
		case funcSection:
			count, rest := counted(body)
			kinds, _ := counted(s.types)
			body = append(binary.AppendUvarint(nil, uint64(count+len(s.parts))), rest...)
			for range s.parts {
				body = binary.AppendUvarint(body, uint64(kinds))
			}
		case globalSection:
			count, rest := counted(body)
			body = append(binary.AppendUvarint(nil, uint64(count+len(s.parts))), rest...)
			for range s.parts {
				body = append(body, typeI32, mutable, constI32, 0, opEnd)
			}
		case exportSection:
			body = s.exports(body, moved)
		case startSection:
			r := reader{body}
			body = binary.AppendUvarint(nil, uint64(moved(r.uint())))
		case elementNumber:
			body, err = movedElements(body, moved)
		case codeSection:
			body, err = s.firstCode(moved, enter, load, missing)
		case dataSection:
			body = segments(s.image, s.base)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, section{old.id, body})
	}
	return assemble(out), nil
}

func (s *splitter) exports(body []byte, moved func(int) int) []byte {
	r := reader{body}
	count := r.uint()
	out := binary.AppendUvarint(nil, uint64(count+1+len(s.globals)))
	for range count {
		name := r.take(r.uint())
		kind, index := r.uint(), r.uint()
		if kind == kindFunction {
			index = moved(index)
		}
		out = append(binary.AppendUvarint(out, uint64(len(name))), name...)
		out = binary.AppendUvarint(append(out, byte(kind)), uint64(index))
	}
	out = append(append(append(out, byte(len(tableExport))), tableExport...), kindTable, 0)
	for i := range s.globals {
		name := partGlobal(i)
		out = append(append(out, byte(len(name))), name...)
		out = binary.AppendUvarint(append(out, kindGlobal), uint64(i))
	}
	return out
}

func movedElements(body []byte, moved func(int) int) ([]byte, error) {
	r := reader{body}
	count := r.uint()
	out := binary.AppendUvarint(nil, uint64(count))
	for range count {
		head := r.take(2)
		if len(head) < 2 || head[0] != 0 || head[1] != constI32 {
			return nil, fmt.Errorf("elements: %w", errWasm)
		}
		at := r.signed()
		r.take(1)
		n := r.uint()
		out = append(appendSigned(append(out, 0, constI32), at), opEnd)
		out = binary.AppendUvarint(out, uint64(n))
		for i := range n {
			function := r.uint()
			if at != firstFunction || i != 0 && len(r.b) == 0 && i+1 < n {
				return nil, fmt.Errorf("elements: %w", errWasm)
			}
			out = binary.AppendUvarint(out, uint64(moved(function)))
		}
	}
	return out, nil
}

// firstCode is the code of the module that is there from the start.
func (s *splitter) firstCode(moved, enter func(int) int, load, missing int) ([]byte, error) {
	out := binary.AppendUvarint(nil, uint64(len(s.functions)+len(s.parts)))
	add := func(body ...[]byte) {
		n := 0
		for _, b := range body {
			n += len(b)
		}
		out = binary.AppendUvarint(out, uint64(n))
		for _, b := range body {
			out = append(out, b...)
		}
	}
	for i, f := range s.functions {
		switch {
		case f.dead || f.part != noPart && !f.stub:
			add(trapBody())
		case f.part != noPart:
			add(stubBody(firstFunction+i, enter(f.part)))
		default:
			body, err := straighten.Retarget(f.code, func(function int64) (straighten.Target, error) {
				return straighten.Target{Function: int64(moved(int(function))), Type: -1}, nil
			})
			if err != nil {
				return nil, fmt.Errorf("function %d: %w", i, err)
			}
			add(f.locals, body)
		}
	}
	if missing >= 0 {
		missing = moved(s.imported + missing)
	}
	for p := range s.parts {
		add(enterBody(p, len(s.globals)+p, load, missing))
	}
	return out, nil
}

// stubBody stands in a function's place: (PC_B) -> whether it unwinds.
func stubBody(place, enter int) []byte {
	c := straighten.Assembler{}
	c.Const(place).Get(0).Call(enter).End()
	return append([]byte{0}, c.Code...)
}

// enterBody calls a function of a part by its place in the table: (place, PC_B).
func enterBody(part, loaded, load, missing int) []byte {
	const place, pcB = 0, 1
	c := straighten.Assembler{}
	c.GetGlobal(loaded).If().Else()
	{
		c.Const(part).Call(load).If()
		c.Const(1).SetGlobal(loaded)
		c.Else()
		if missing >= 0 {
			c.Get(pcB).Call(missing).Return()
		} else {
			c.Unreachable()
		}
		c.End()
	}
	c.End()
	c.Get(pcB).Get(place).CallIndirect().End()
	return append([]byte{0}, c.Code...)
}
