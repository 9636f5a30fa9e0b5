//go:build !js

package sim_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"

	"everysec/engine/sim/breaks"
)

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// Every mistake that make sim-breaks makes can still be made: its text stands in
// the source once, and with what takes its place the package still compiles.
func TestBreaksCompile(t *testing.T) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", "./...")
	cmd.Dir = ".." // the engine
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
	files := token.NewFileSet()
	imports := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(packages[path].Export)
	})
	names := map[string]bool{}
	for _, b := range breaks.All {
		if names[b.Name] {
			t.Errorf("two mistakes are called %q", b.Name)
		}
		names[b.Name] = true
		name := path.Join("everysec", path.Dir(b.File))
		var parsed []*ast.File
		for _, file := range packages[name].GoFiles {
			source, err := os.ReadFile(filepath.Join(packages[name].Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			text := string(source)
			if file == path.Base(b.File) {
				if text, err = b.Apply(text); err != nil {
					t.Error(err)
				}
			}
			f, err := parser.ParseFile(files, file, text, parser.SkipObjectResolution)
			if err != nil {
				t.Fatalf("%s: %v", b.Name, err)
			}
			parsed = append(parsed, f)
		}
		config := types.Config{Importer: imports}
		if _, err := config.Check(name, files, parsed, nil); err != nil || len(parsed) == 0 {
			t.Errorf("%s: %v", b.Name, err)
		}
	}
}
