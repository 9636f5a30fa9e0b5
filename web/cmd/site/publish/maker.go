package publish

import (
	"encoding/binary"
	"fmt"

	"everysec/web/cmd/site/straighten"
)

// Two of the runtime's tables need not be downloaded as they are. The table
// that leads from a program counter to its function (findfunctab) has 320 bytes
// for each function, and follows from the functions' order. The descriptions of
// functions are full of offsets that grow from one to the next, which compress
// far better as differences. Pack takes the first out and writes the
// differences, and adds a function that undoes both when the module starts. What
// a part brings with it (see Split) is zeros here, and stays so.

// Pack is the last that is done to a module.
func Pack(wasm []byte) ([]byte, error) {
	sections, err := sectionsOf(wasm)
	if err != nil {
		return nil, err
	}
	var start startFunction
	var data []byte
	for _, s := range sections {
		if s.id != dataSection {
			continue
		}
		memory, base, err := flatten(s.body)
		if err != nil {
			return nil, err
		}
		if start.code, err = maker(memory, base); err != nil {
			return nil, err
		}
		if err := unmake(memory, base); err != nil {
			return nil, err
		}
		data = segments(memory, base)
	}
	var out []section
	for _, s := range sections {
		switch s.id {
		case typeSection:
			s.body = start.appendType(s.body)
		case importSection:
			start.imported, _ = counted(s.body)
		case funcSection:
			s.body = start.appendFunction(s.body)
		case codeSection:
			s.body = start.appendCode(s.body)
		case dataSection:
			s.body = data
		}
		if out = append(out, s); s.id == exportSection { // the start function is named behind them
			out = append(out, section{startSection, binary.AppendUvarint(nil, uint64(start.index))})
		}
	}
	return assemble(out), nil
}

// tables is where they are.
type tables struct {
	functions   int // how many
	functab     int // offset in memory: pairs of an entry and an offset from here
	find        int // offset in memory of findfunctab, 0 if it is left as it is
	findEntries int
}

const (
	findBucket = 20
	findSize   = 16 * findBucket // a function; on wasm it needs one bucket
	findGroup  = 8               // functions share a number: the search goes on from there
)

func findTables(memory []byte, base int) (t tables, err error) {
	le := binary.LittleEndian
	at, _, count, _, funcs, err := lineTables(memory)
	if err != nil {
		return t, err
	}
	t.functions, t.functab = count, at+funcs
	for i := range t.functions {
		entry, offset := le.Uint32(memory[t.functab+8*i:]), int(le.Uint32(memory[t.functab+8*i+4:]))
		if t.functab+offset+fieldPCData > len(memory) {
			return t, fmt.Errorf("function %d: %w", i, errLayout)
		}
		f := memory[t.functab+offset:]
		fields := int(le.Uint32(f[fieldPCDatas:]))
		if fields > 4 || fieldPCData+4*(fields+int(f[fieldFuncDatas])) > len(f) ||
			entry != firstFunction+uint32(i) || le.Uint32(f) != entry && !absent(f) {
			return t, fmt.Errorf("function %d: %w", i, errLayout)
		}
	}
	module, err := moduleData(memory, base)
	if err != nil {
		return t, err
	}
	t.find = int(le.Uint64(module[moduleFindTab:])) - base
	first, end := le.Uint64(module[moduleMinPC:]), le.Uint64(module[moduleMinPC+8:])
	t.findEntries = int(end-first) >> 16
	if t.find < 0 || t.findEntries <= 0 || t.find > len(memory) || t.findEntries > (len(memory)-t.find)/findSize {
		return t, fmt.Errorf("findfunctab of %d functions at %d: %w", t.findEntries, t.find, errLayout)
	}
	for i := range t.findEntries {
		// The search goes forward from the number that stands there.
		if number := int(le.Uint32(memory[t.find+i*findSize:])); number < i&^(findGroup-1) || number > i+1 {
			return t, fmt.Errorf("findfunctab: function %d is %d: %w", i, number, errLayout)
		}
	}
	return t, nil
}

// absent says whether the description of a function comes with a part.
func absent(f []byte) bool { return binary.LittleEndian.Uint32(f) == 0 }

// differences writes descriptions of functions, one after the other.
type differences struct{ name, table, data uint32 }

func difference(at []byte, last *uint32) uint32 {
	now := binary.LittleEndian.Uint32(at)
	d := int32(now - *last)
	*last = now
	return uint32(d<<1) ^ uint32(d>>31)
}

func (d *differences) write(f []byte) {
	le := binary.LittleEndian
	le.PutUint32(f, 0)
	le.PutUint32(f[fieldName:], difference(f[fieldName:], &d.name))
	fields := int(le.Uint32(f[fieldPCDatas:]))
	for k := range fields + 1 {
		at := f[fieldPCSP:]
		if k > 0 {
			at = f[fieldPCData+4*(k-1):]
		}
		if le.Uint32(at) != 0 {
			le.PutUint32(at, difference(at, &d.table)+1)
		}
	}
	for k := range int(f[fieldFuncDatas]) {
		at := f[fieldPCData+4*(fields+k):]
		if le.Uint32(at) == 1<<32-1 {
			le.PutUint32(at, 0)
		} else {
			le.PutUint32(at, difference(at, &d.data)+1)
		}
	}
}

// unmake writes the tables as maker expects them.
func unmake(memory []byte, base int) error {
	t, err := findTables(memory, base)
	if err != nil {
		return err
	}
	clear(memory[t.find:][:t.findEntries*findSize])
	le := binary.LittleEndian
	var before uint32
	var d differences
	for i := range t.functions {
		pair := memory[t.functab+8*i:]
		offset := le.Uint32(pair[4:])
		le.PutUint32(pair, 0)
		le.PutUint32(pair[4:], offset-before)
		before = offset
		if f := memory[t.functab+int(offset):]; !absent(f) {
			d.write(f)
		}
	}
	return nil
}

// The locals of the functions that undo differences: i is the number of a
// function, or their count.
const (
	makerI = iota
	makerEnd
	makerPair
	makerF
	makerField
	makerLeft
	makerValue
	makerOffset
	makerName
	makerTable
	makerData
	makerLocals
)

// undo writes code that makes the description at F again.
func undo(a *straighten.Assembler) {
	const f, field, left, value = makerF, makerField, makerLeft, makerValue
	// last += the difference that value holds; value = last
	add := func(last int) {
		a.Get(last).Get(value).Const(1).ShiftRight().Const(0).Get(value).Const(1).And().Sub().Xor().Add().Tee(last).Set(value)
	}
	a.Get(f).Get(makerI).Const(firstFunction).Add().Store(0)
	a.Get(f).Load(fieldName).Set(value)
	add(makerName)
	a.Get(f).Get(value).Store(fieldName)
	a.Get(f).Load(fieldPCDatas).Set(left)
	a.Get(f).Const(fieldPCSP).Add().Set(field)
	a.Loop()
	{
		a.Get(field).Load(0).Tee(value).If()
		a.Get(value).Const(1).Sub().Set(value)
		add(makerTable)
		a.Get(field).Get(value).Store(0)
		a.End()
		// After pcsp come the fields at the end.
		a.Get(field).Const(4).Get(f).Const(fieldPCData).Add().Get(field).Sub()
		a.Get(field).Get(f).Sub().Const(fieldPCSP).NotEqual().Select().Add().Set(field)
		a.Get(left).Const(1).Sub().Tee(left).Const(-1).NotEqual().BranchIf(0)
	}
	a.End()
	a.Get(f).Load8(fieldFuncDatas).Tee(left).If()
	a.Loop()
	{
		a.Get(field).Load(0).Tee(value).If()
		a.Get(value).Const(1).Sub().Set(value)
		add(makerData)
		a.Get(field).Get(value).Store(0)
		a.Else()
		a.Get(field).Const(-1).Store(0)
		a.End()
		a.Get(field).Const(4).Add().Set(field)
		a.Get(left).Const(1).Sub().Tee(left).BranchIf(0)
	}
	a.End()
	a.End()
}

// maker is the body of the function that makes the tables again.
func maker(memory []byte, base int) ([]byte, error) {
	t, err := findTables(memory, base)
	if err != nil {
		return nil, err
	}
	const i, pair, offset = makerI, makerPair, makerOffset
	a := straighten.Assembler{}
	a.Const(base + t.functab).Set(pair)
	a.Loop()
	{
		a.Get(pair).Get(i).Const(firstFunction).Add().Store(0)
		a.Get(pair).Get(offset).Get(pair).Load(4).Add().Tee(offset).Store(4)
		a.Const(base + t.functab).Get(offset).Add().Set(makerF)
		undo(&a)
		a.Get(pair).Const(8).Add().Set(pair)
		a.Get(i).Const(1).Add().Tee(i).Const(t.functions).Less().BranchIf(0)
	}
	a.End()
	a.Const(0).Set(i)
	a.Loop()
	{
		a.Get(i).Const(findSize).Multiply().Get(i).Const(-findGroup).And().Store(base + t.find)
		a.Get(i).Const(1).Add().Tee(i).Const(t.findEntries).Less().BranchIf(0)
	}
	a.End()
	a.End()
	return append([]byte{1, makerLocals, typeI32}, a.Code...), nil // that many locals of type i32
}

// partMaker is the body of a part's function, of the functions from i on to end,
// that makes their descriptions; functab is where the table of functions is, which
// has been made.
func partMaker(functab int) []byte {
	a := straighten.Assembler{}
	a.Loop()
	a.Const(functab).Get(makerI).Const(8).Multiply().Const(functab).Add().Load(4).Add().Set(makerF)
	undo(&a)
	a.Get(makerI).Const(1).Add().Tee(makerI).Get(makerEnd).Less().BranchIf(0)
	a.End()
	a.End()
	return append([]byte{1, makerLocals - 2, typeI32}, a.Code...) // behind the two parameters
}

// startFunction adds maker to a module.
type startFunction struct {
	code     []byte
	imported int
	typeAt   int
	index    int
}

// counted takes the number of entries off a section.
func counted(section []byte) (n int, rest []byte) {
	r := reader{section}
	n = r.uint()
	return n, r.b
}

func (s *startFunction) appendType(section []byte) []byte {
	n, rest := counted(section)
	s.typeAt = n
	out := binary.AppendUvarint(nil, uint64(n+1))
	return append(append(out, rest...), 0x60, 0, 0) // takes nothing, returns nothing
}

func (s *startFunction) appendFunction(section []byte) []byte {
	n, rest := counted(section)
	s.index = s.imported + n
	out := binary.AppendUvarint(nil, uint64(n+1))
	return binary.AppendUvarint(append(out, rest...), uint64(s.typeAt))
}

func (s *startFunction) appendCode(section []byte) []byte {
	n, rest := counted(section)
	out := binary.AppendUvarint(nil, uint64(n+1))
	out = binary.AppendUvarint(append(out, rest...), uint64(len(s.code)))
	return append(out, s.code...)
}
