package publish

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// A Go program does a good deal before main: the runtime makes its heap and its
// goroutines, every package its variables. In a browser that is all cold code,
// compiled for this one run, at each visit. Begun runs the module when the site
// is built instead, up to where main first waits, and makes a module of what is
// then in its memory and its globals; nothing else holds Go's state, as its
// stacks lie in memory. Wizer (Bytecode Alliance) is the model.
//
// A program that begins like this must not have looked at the time, at chance,
// at arguments or at the page by then: for every visitor these are what they
// were when the site was built. Any such look is an error here, but for the
// runtime's own: its clocks start at a second, and the seeds of Go's maps and
// of math/rand are the same for everybody.
//
// What Go holds of JavaScript by then (Object, Array and the like) is listed in
// the custom section beginSection, a path from globalThis on each line, in the
// order of the numbers that Go gave them; begun.js hands it over.

const beginSection = "begun"

// firstValue is the number of the first value that wasm_exec.js does not give a
// program by itself.
const firstValue = 7

// javaScript are the values that a program may get before it waits: what
// packages syscall and syscall/js keep in variables. A number stands for
// itself; in wasm_exec.js's file system, which has no flags, they are all -1.
var javaScript = map[string]valueKind{
	"Object": functionValue, "Array": functionValue, "Uint8Array": functionValue,
	"process": objectValue, "path": objectValue, "fs": objectValue, "fs.constants": objectValue,
	"fs.constants.O_WRONLY": numberValue, "fs.constants.O_RDWR": numberValue, "fs.constants.O_CREAT": numberValue,
	"fs.constants.O_TRUNC": numberValue, "fs.constants.O_APPEND": numberValue, "fs.constants.O_EXCL": numberValue,
	"fs.constants.O_DIRECTORY": numberValue,
}

// valueKind is the type flag of a reference, as wasm_exec.js writes it.
type valueKind uint32

const (
	numberValue   valueKind = 0
	objectValue   valueKind = 1
	functionValue valueKind = 4
)

const (
	referenceHead = 0x7ff80000 // of a NaN; the kind is added
	globalThisRef = 5
)

// errBegin says why a program cannot be run up to its first wait.
var errBegin = errors.New("the program does what it must not do before it waits")

// world is what a program sees of JavaScript while it begins.
type world struct {
	nanoseconds uint64
	paths       []string // of the values it has
	printed     bytes.Buffer
	err         error
}

func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: %s", errBegin, fmt.Sprintf(format, args...))
	}
}

// call answers an imported function. Arguments and results lie on Go's stack,
// from 8 bytes above sp.
func (w *world) call(module, name string, m api.Memory, sp uint32) {
	u64 := func(at uint32) uint64 {
		v, _ := m.ReadUint64Le(sp + at)
		return v
	}
	data := func(at uint32) []byte {
		b, _ := m.Read(uint32(u64(at)), uint32(u64(at+8)))
		return b
	}
	switch name {
	case "runtime.nanotime1":
		w.nanoseconds++
		m.WriteUint64Le(sp+8, 1e9+w.nanoseconds)
	case "runtime.walltime": // of a collection
		m.WriteUint64Le(sp+8, 1)
		m.WriteUint32Le(sp+16, 0)
	case "runtime.getRandomData":
		clear(data(8))
	case "runtime.resetMemoryDataView":
	case "runtime.wasmWrite":
		b, _ := m.Read(uint32(u64(16)), uint32(u64(24)))
		w.printed.Write(b)
	case "syscall/js.valueGet":
		property := string(data(16))
		path := property
		switch number := int(uint32(u64(8))); {
		case number == globalThisRef:
		case number >= firstValue && number-firstValue < len(w.paths):
			path = w.paths[number-firstValue] + "." + property
		default:
			w.fail("%s of the value %d", property, number)
		}
		kind, known := javaScript[path]
		if !known {
			w.fail("it gets %s", path)
		}
		if kind == numberValue {
			m.WriteFloat64Le(sp+32, -1)
			return
		}
		number := firstValue
		for number-firstValue < len(w.paths) && w.paths[number-firstValue] != path {
			number++
		}
		if number-firstValue == len(w.paths) {
			w.paths = append(w.paths, path)
		}
		m.WriteUint64Le(sp+32, uint64(referenceHead|kind)<<32|uint64(number))
	default:
		w.fail("it calls %s of %s", name, module)
	}
	if w.err != nil {
		panic(w.err) // back to run
	}
}

// run instantiates a module, calls its export run, and returns its memory
// before and after, and its globals. The module must export global i as
// globalName(i).
func (w *world) run(wasm []byte, globals int) (before, after []byte, values []uint64, err error) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	compiled, err := r.CompileModule(ctx, wasm)
	if err != nil {
		return nil, nil, nil, err
	}
	hosts := map[string]wazero.HostModuleBuilder{}
	for _, f := range compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		if hosts[module] == nil {
			hosts[module] = r.NewHostModuleBuilder(module)
		}
		hosts[module].NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
			w.call(module, name, m.Memory(), uint32(append(stack, 0)[0]))
		}), f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	for _, host := range hosts {
		if _, err := host.Instantiate(ctx); err != nil {
			return nil, nil, nil, err
		}
	}
	m, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		return nil, nil, nil, err
	}
	if len(compiled.ExportedMemories()) == 0 {
		return nil, nil, nil, fmt.Errorf("memory: %w", errWasm)
	}
	memory := func() []byte {
		b, _ := m.Memory().Read(0, m.Memory().Size())
		return bytes.Clone(b)
	}
	before = memory()
	start := m.ExportedFunction("run")
	if start == nil {
		return nil, nil, nil, fmt.Errorf("export run: %w", errWasm)
	}
	const noArguments, argv = 0, 4096 // nothing stands there: an empty list
	if _, err := start.Call(ctx, noArguments, argv); err != nil || w.printed.Len() > 0 {
		return nil, nil, nil, fmt.Errorf("%w %s", errors.Join(w.err, err), w.printed.Bytes())
	}
	for i := range globals {
		values = append(values, m.ExportedGlobal(globalName(i)).Get())
	}
	return before, memory(), values, nil
}

func globalName(i int) string { return fmt.Sprintf("begun %d", i) }

// section is one of a module.
type section struct {
	id   byte
	body []byte
}

func sectionsOf(wasm []byte) ([]section, error) {
	if len(wasm) < 8 || !bytes.HasPrefix(wasm, []byte("\x00asm")) {
		return nil, errWasm
	}
	var list []section
	for r := (reader{wasm[8:]}); len(r.b) > 0; {
		id := r.take(1)[0]
		list = append(list, section{id, r.take(r.uint())})
	}
	return list, nil
}

func assemble(list []section) []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range list {
		out = append(out, s.id)
		out = binary.AppendUvarint(out, uint64(len(s.body)))
		out = append(out, s.body...)
	}
	return out
}

// The sections that change.
const (
	customSection = 0
	importSection = 2
	memorySection = 5
	globalSection = 6
	exportSection = 7
	startSection  = 8
	codeSection   = 10
	dataSection   = 11
)

const pageSize = 64 << 10

// bodyOf is the first section of a kind, nil if there is none.
func bodyOf(sections []section, id byte) []byte {
	for _, s := range sections {
		if s.id == id {
			return s.body
		}
	}
	return nil
}

// Begun returns the module as it is when its program first waits. Its export
// run does nothing any more.
func Begun(wasm []byte) ([]byte, error) {
	sections, err := sectionsOf(wasm)
	if err != nil {
		return nil, err
	}
	find := func(id byte) []byte { return bodyOf(sections, id) }
	types, err := globalTypes(find(globalSection))
	if err != nil {
		return nil, err
	}
	open := make([]section, len(sections))
	copy(open, sections)
	for i := range open {
		if open[i].id == exportSection {
			open[i].body = exportGlobals(open[i].body, len(types))
		}
	}
	w := &world{}
	before, after, values, err := w.run(assemble(open), len(types))
	if err != nil {
		return nil, err
	}
	data, base, err := flatten(find(dataSection))
	if err != nil {
		return nil, err
	}
	image, err := imageOf(data, base, before, after)
	if err != nil {
		return nil, err
	}
	imported, _ := counted(find(importSection))
	functions, err := exportedFunctions(find(exportSection))
	if err != nil {
		return nil, err
	}
	start := functions["run"]
	exported := slices.Collect(maps.Values(functions))
	if r := (reader{find(startSection)}); len(r.b) > 0 {
		exported = append(exported, r.uint())
	}
	for i := range sections {
		switch s := &sections[i]; s.id {
		case memorySection:
			s.body, err = memoryOf(s.body, len(after)/pageSize)
		case globalSection:
			s.body = globalsOf(types, values)
		case codeSection:
			if s.body, err = withBody(s.body, start-imported, []byte{0, opEnd}); err == nil { // no locals
				s.body, _, err = bury(s.body, imported, exported, image, data, base)
			}
		case dataSection:
			s.body = segments(image, base)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(w.paths) == 0 {
		return assemble(sections), nil
	}
	listed := append([]byte{byte(len(beginSection))}, beginSection...)
	for i, path := range w.paths {
		if i > 0 {
			listed = append(listed, '\n')
		}
		listed = append(listed, path...)
	}
	return assemble(append(sections, section{customSection, listed})), nil
}

// imageOf is the data of a module that begins with the memory after. data is
// what the module laid at base, before what its start function made of it; that
// function runs again, so what it made is not repeated.
func imageOf(data []byte, base int, before, after []byte) ([]byte, error) {
	image := make([]byte, len(after)-base)
	copy(image, data)
	if len(before) > len(after) || base+len(data) > len(before) {
		return nil, errWasm
	}
	for at, now := range after {
		var was, laid byte
		if at < len(before) {
			was = before[at]
		}
		if now == was {
			continue
		}
		if at < base {
			return nil, fmt.Errorf("memory at %d is not the program's: %w", at, errBegin)
		}
		if at-base < len(data) {
			laid = data[at-base]
		}
		if laid != was {
			return nil, fmt.Errorf("memory at %d, which the start function makes, was changed: %w", at, errBegin)
		}
		image[at-base] = now
	}
	return image, nil
}

// The value types of globals, and how a constant of each is written.
const (
	typeI32  = 0x7f
	typeI64  = 0x7e
	constI32 = 0x41
	constI64 = 0x42
	opEnd    = 0x0b
	mutable  = 1
)

// globalTypes reads a section of mutable integers.
func globalTypes(section []byte) ([]byte, error) {
	var types []byte
	r := reader{section}
	for n := r.uint(); n > 0; n-- {
		head := r.take(3)
		if len(head) < 3 || head[1] != mutable ||
			!(head[0] == typeI32 && head[2] == constI32 || head[0] == typeI64 && head[2] == constI64) {
			return nil, fmt.Errorf("global %d: %w", len(types), errWasm)
		}
		r.signed()
		if end := r.take(1); len(end) == 0 || end[0] != opEnd {
			return nil, fmt.Errorf("global %d: %w", len(types), errWasm)
		}
		types = append(types, head[0])
	}
	return types, nil
}

func globalsOf(types []byte, values []uint64) []byte {
	out := binary.AppendUvarint(nil, uint64(len(types)))
	for i, t := range types {
		if t == typeI32 {
			out = append(out, t, mutable, constI32)
			out = appendSigned(out, int(int32(values[i])))
		} else {
			out = append(out, t, mutable, constI64)
			out = appendSigned(out, int(int64(values[i])))
		}
		out = append(out, opEnd)
	}
	return out
}

func exportGlobals(section []byte, globals int) []byte {
	const kindGlobal = 3
	n, rest := counted(section)
	out := binary.AppendUvarint(nil, uint64(n+globals))
	out = append(out, rest...)
	for i := range globals {
		name := globalName(i)
		out = append(append(out, byte(len(name))), name...)
		out = binary.AppendUvarint(append(out, kindGlobal), uint64(i))
	}
	return out
}

// exportedFunctions are their numbers by name.
func exportedFunctions(section []byte) (map[string]int, error) {
	found := map[string]int{}
	r := reader{section}
	for n := r.uint(); n > 0; n-- {
		name := string(r.take(r.uint()))
		kind := r.take(1)
		if index := r.uint(); len(kind) == 1 && kind[0] == 0 {
			found[name] = index
		}
	}
	if _, ok := found["run"]; !ok {
		return nil, fmt.Errorf("export run: %w", errWasm)
	}
	return found, nil
}

// memoryOf sets the pages of the one memory.
func memoryOf(section []byte, pages int) ([]byte, error) {
	r := reader{section}
	if n := r.uint(); n != 1 {
		return nil, fmt.Errorf("%d memories: %w", n, errWasm)
	}
	flags := r.take(1)
	r.uint()
	out := append([]byte{1}, flags...)
	return append(binary.AppendUvarint(out, uint64(pages)), r.b...), nil
}

// withBody replaces the body of one function.
func withBody(section []byte, number int, body []byte) ([]byte, error) {
	r := reader{section}
	n := r.uint()
	if number < 0 || number >= n {
		return nil, fmt.Errorf("function %d of %d: %w", number, n, errWasm)
	}
	out := binary.AppendUvarint(nil, uint64(n))
	for i := range n {
		b := r.take(r.uint())
		if i == number {
			b = body
		}
		out = binary.AppendUvarint(out, uint64(len(b)))
		out = append(out, b...)
	}
	return out, nil
}
