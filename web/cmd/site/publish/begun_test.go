package publish

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

func compileProgram(t *testing.T, name string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), name+".wasm")
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", out, "./testdata/"+name)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// goOn instantiates a module as a browser does. A call of an import that has no
// business there fails the test.
func goOn(t *testing.T, wasm []byte) api.Module {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { r.Close(ctx) })
	compiled, err := r.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	host := r.NewHostModuleBuilder("gojs")
	for _, f := range compiled.ImportedFunctions() {
		_, name, _ := f.Import()
		now := uint64(1e18)
		host.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
			switch name {
			case "runtime.nanotime1":
				now++
				m.Memory().WriteUint64Le(uint32(stack[0])+8, now)
			case "runtime.resetMemoryDataView":
			case "syscall/js.valueGet": // of the event that wakes it: null
				m.Memory().WriteUint64Le(uint32(stack[0])+32, referenceHead<<32|2)
			default:
				t.Errorf("%s is called", name)
			}
		}), f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	if _, err := host.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAProgramGoesOnWhereItWaited(t *testing.T) {
	slim, _, err := Slim(compileProgram(t, "waits"))
	if err != nil {
		t.Fatal(err)
	}
	begun, err := Begun(slim)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Begun(slim)
	if err != nil || string(again) != string(begun) {
		t.Errorf("the same module does not begin in the same way twice (%v)", err)
	}
	if !strings.Contains(string(begun), "begunObject\nArray") {
		t.Error("the module does not list what it has of JavaScript")
	}
	m := goOn(t, begun)
	call := func(name string, args ...uint64) uint64 {
		t.Helper()
		results, err := m.ExportedFunction(name).Call(context.Background(), args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return append(results, 0)[0]
	}
	call("run", 0, 4096) // as wasm_exec.js does
	for i := range uint64(500) {
		if made := call("ask", i); made != 1000 {
			t.Fatalf("main made %d entries, want 1000", made)
		}
		call("resume") // Go's scheduler
	}
	if got := call("told"); got != 499*500/2 {
		t.Errorf("main added up %d, want %d", got, 499*500/2)
	}
}

// Types with a name keep it; how the others are written is gone.
func TestTypesWithoutANameAreNotSpelledOut(t *testing.T) {
	whole := compileProgram(t, "waits")
	slim, _, err := Slim(whole)
	if err != nil {
		t.Fatal(err)
	}
	for spelled, stays := range map[string]bool{"*func(": false, "*map[": false, "*runtime.TypeAssertionError": true} {
		if !strings.Contains(string(whole), spelled) {
			t.Fatalf("the program has no %q: this test tests nothing", spelled)
		}
		if strings.Contains(string(slim), spelled) != stays {
			t.Errorf("%q: it stays is %v", spelled, !stays)
		}
	}
}

func TestWhatOnlyRanAtTheStartIsGone(t *testing.T) {
	slim, _, err := Slim(compileProgram(t, "waits"))
	if err != nil {
		t.Fatal(err)
	}
	begun, err := Begun(slim)
	if err != nil {
		t.Fatal(err)
	}
	code := func(wasm []byte) (n int) {
		sections, err := sectionsOf(wasm)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sections {
			if s.id == codeSection {
				n = len(s.body)
			}
		}
		return n
	}
	if before, after := code(slim), code(begun); after > before-5000 {
		t.Errorf("the code has %d bytes of %d", after, before)
	}
}

func TestAProgramMustNotAskWhereItIsBeforeItWaits(t *testing.T) {
	_, err := Begun(compileProgram(t, "looks"))
	if !errors.Is(err, errBegin) || !strings.Contains(err.Error(), "it gets document") {
		t.Errorf("error %v", err)
	}
}

func TestWhatIsNoProgramDoesNotBegin(t *testing.T) {
	for _, wasm := range []string{
		"",
		"\x00asm",
		"\x00asm\x01\x00\x00\x00",
		"\x00asm\x01\x00\x00\x00\x05\x03\x01\x00\x01",                                                                // a memory
		"\x00asm\x01\x00\x00\x00\x05\x03\x01\x00\x01\x06\x06\x01\x7f\x00\x41\x00\x0b",                                // and a constant
		"\x00asm\x01\x00\x00\x00\x05\x03\x01\x00\x01\x0b\x09\x01\x00\x41\x00\x0b\x03abc",                             // and data
		"\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x04\x01\x02\x00\x0b\x07\x07\x01\x03run", // cut off
	} {
		if out, err := Begun([]byte(wasm)); err == nil {
			t.Errorf("%x began: %x", wasm, out)
		}
	}
}
