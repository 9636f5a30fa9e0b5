package publish

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// apart is a program in parts that runs.
type apart struct {
	t      *testing.T
	first  api.Module
	loaded []string // the names of the parts, in the order in which they were asked for
	refuse bool     // no part is to be had
}

// runApart runs a module that was split, as a browser does.
func runApart(t *testing.T, made *SplitModule, parts []Part) *apart {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { r.Close(ctx) })
	a := &apart{t: t}
	now := uint64(1e18)
	load := api.GoModuleFunc(func(ctx context.Context, _ api.Module, stack []uint64) {
		n := int(stack[0])
		if stack[0] = 0; a.refuse {
			return
		}
		a.loaded = append(a.loaded, parts[n].Name)
		if _, err := r.InstantiateWithConfig(ctx, made.Parts[n], wazero.NewModuleConfig().WithName(parts[n].Name)); err != nil {
			t.Errorf("part %s: %v", parts[n].Name, err)
			return
		}
		stack[0] = 1
	})
	i32 := []api.ValueType{api.ValueTypeI32}
	if _, err := r.NewHostModuleBuilder(partsModule).NewFunctionBuilder().WithGoModuleFunction(load, i32, i32).Export("load").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	compiled, err := r.CompileModule(ctx, made.First)
	if err != nil {
		t.Fatal(err)
	}
	host := r.NewHostModuleBuilder("gojs")
	for _, f := range compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		if module != "gojs" {
			continue
		}
		host.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
			sp := uint32(stack[0])
			switch name {
			case "runtime.nanotime1":
				now++
				m.Memory().WriteUint64Le(sp+8, now)
			case "runtime.walltime":
				m.Memory().WriteUint64Le(sp+8, now/1e9)
			case "runtime.resetMemoryDataView", "runtime.getRandomData":
			case "syscall/js.valueGet": // of the event that wakes it: null
				m.Memory().WriteUint64Le(sp+32, referenceHead<<32|2)
			case "runtime.scheduleTimeoutEvent": // of the collector: not before this is over
			case "runtime.clearTimeoutEvent":
			case "runtime.wasmWrite":
				at, _ := m.Memory().ReadUint64Le(sp + 16)
				n, _ := m.Memory().ReadUint32Le(sp + 24)
				text, _ := m.Memory().Read(uint32(at), n)
				t.Logf("%s", text)
			default:
				t.Errorf("%s is called", name)
			}
		}), f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	if _, err := host.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	if a.first, err = r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(made.ID).WithStartFunctions()); err != nil {
		t.Fatal(err)
	}
	a.call("run", 0, 4096)
	return a
}

func (a *apart) call(name string, args ...uint64) int32 {
	a.t.Helper()
	results, err := a.first.ExportedFunction(name).Call(context.Background(), args...)
	if err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	return int32(append(results, 0)[0])
}

// answers are what main says to some questions.
func (a *apart) answers() string {
	a.t.Helper()
	for n := range uint64(12) {
		a.call("ask", 7*n)
		a.call("resume") // Go's scheduler
	}
	var text []byte
	for {
		c := a.call("told", uint64(len(text)))
		if c < 0 {
			return string(text)
		}
		text = append(text, byte(c))
	}
}

// begunApart is the program apart, up to where it waits, and its symbols.
func begunApart(t *testing.T) (wasm []byte, symbols []string) {
	t.Helper()
	whole := compileProgram(t, "apart")
	symbols, err := Symbols(whole)
	if err != nil {
		t.Fatal(err)
	}
	slim, _, err := Slim(whole)
	if err != nil {
		t.Fatal(err)
	}
	if wasm, err = Begun(slim); err != nil {
		t.Fatal(err)
	}
	return wasm, symbols
}

// However functions are scattered over modules, the runtime's own among them, the
// program does the same.
func TestAProgramInPartsDoesTheSame(t *testing.T) {
	wasm, symbols := begunApart(t)
	want := ""
	for seed := range 4 {
		var parts []Part
		for p := range 2 * seed {
			parts = append(parts, Part{fmt.Sprint("part", p), func(symbol string) bool {
				h := fnv.New32a()
				fmt.Fprint(h, seed, symbol)
				in := int(h.Sum32() % 97)
				return in == p || in%2 == p && strings.HasPrefix(symbol, "main.")
			}})
		}
		made, err := Split(wasm, symbols, parts)
		if err != nil {
			t.Fatal(err)
		}
		a := runApart(t, made, parts)
		got := a.answers()
		if want == "" {
			want = got
		}
		if got != want || len(got) < 200 {
			t.Errorf("in %d parts, of which %q were loaded:\n%s\nwant\n%s", len(parts), a.loaded, got, want)
		}
		if seen := map[string]bool{}; len(parts) > 0 {
			for _, name := range a.loaded {
				if seen[name] {
					t.Errorf("%s was loaded twice", name)
				}
				seen[name] = true
			}
			if len(seen) == 0 {
				t.Error("no part was loaded: this test tests nothing")
			}
		}
	}
}

// A function that cannot be had panics where it is called, and is there the next
// time. What only it uses goes with it.
func TestAMissingPartIsAPanic(t *testing.T) {
	wasm, symbols := begunApart(t)
	parts := []Part{{"elsewhere", func(symbol string) bool { return symbol == "main.elsewhere" }}}
	made, err := Split(wasm, symbols, parts)
	if err != nil {
		t.Fatal(err)
	}
	if before, after := len(wasm), len(made.First); after > before+200 || len(made.Parts[0]) < 500 {
		t.Errorf("%d bytes became %d, and a part of %d", before, after, len(made.Parts[0]))
	}
	a := runApart(t, made, parts)
	a.refuse = true
	for range 3 {
		if v := a.call("try", 20); v != -1 {
			t.Errorf("without its part it returned %d", v)
		}
	}
	a.refuse = false
	for range 3 {
		if v := a.call("try", 20); v != 30 {
			t.Errorf("with its part it returned %d, want 30", v)
		}
	}
	if len(a.loaded) != 1 {
		t.Errorf("the parts %q were loaded", a.loaded)
	}
	again, err := Split(wasm, symbols, parts)
	if err != nil || !bytes.Equal(again.First, made.First) || !bytes.Equal(again.Parts[0], made.Parts[0]) {
		t.Errorf("the same module is split in two ways (%v)", err)
	}
}
