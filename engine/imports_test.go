package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The rules of the house: what may import what, and what the engine must never
// do. Each ban has its reason beside it.

// layers in order: a package may import those of its own group only where
// sameGroup says so, and those of earlier groups.
var layers = []struct {
	name      string
	prefixes  []string
	sameGroup bool // packages of the group may import each other
}{
	{"number", []string{"engine/number", "engine/ds", "engine/resp", "engine/glob", "engine/lzf", "engine/event", "engine/vfs", "engine/phrase", "engine/sha1", "engine/sha256", "engine/crashreport"}, true},
	{"lua", []string{"engine/lua"}, true},
	{"object", []string{"engine/object"}, false},
	{"config", []string{"engine/config"}, false},
	{"keyspace", []string{"engine/keyspace"}, false},
	{"formats", []string{"engine/rdb", "engine/aof", "engine/checktool"}, true},
	{"command", []string{"engine/command"}, false},
	{"families", []string{"engine/commands/"}, false}, // what two families share lives in command, keyspace or object
	{"table", []string{"engine/commands"}, false},
	{"server", []string{"engine/server"}, false},
	{"hosts", []string{"engine/sim", "engine", "engine/servertest", "engine/redistest", "engine/benchmark", "engine/cmd"}, true},
	{"bridge", []string{"wasm/bridge"}, false}, // frames: pure Go, what both sides of the page speak
	{"words", []string{"web/words"}, false},
	{"lessons and web libraries", []string{"lessons", "web/console", "web/app", "web/chart", "web/viewer"}, true},
	{"page and wasm", []string{"wasm", "web"}, true},
}

// banned imports under engine/, with the reason.
var banned = map[string]string{
	"time":          "the engine has no clock: now comes in as a value",
	"os":            "the disk comes in as a vfs.FS",
	"os/exec":       "the engine starts nothing",
	"net":           "bytes come in through Receive",
	"net/http":      "it would double the size of the wasm",
	"sync":          "the engine is one thread, as Redis is",
	"sync/atomic":   "the engine is one thread, as Redis is",
	"syscall/js":    "the browser is a host",
	"crypto/rand":   "random numbers come from the seed",
	"encoding/json": "it costs the page a quarter of a megabyte",
	"reflect":       "it costs the page size, and hides what a type is",
}

// mayTouchHost are the packages under engine/ that are hosts or help tests.
var mayTouchHost = []string{"engine/vfs/osfs", "engine/cmd", "engine/redistest", "engine/benchmark"}

// pageOnly packages may be imported only where the page is.
var pageOnly = map[string][]string{
	"syscall/js":               {"wasm", "web/view", "web/chart"},
	"honnef.co/go/js/dom/v2":   {"wasm", "web/view", "web/chart"},
	"github.com/yuin/goldmark": {"lessons/markdown"},
}

func TestImports(t *testing.T) {
	files := 0
	root := ".."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" || d.Name() == "dist") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		rel, _ := filepath.Rel(root, path)
		check(t, filepath.ToSlash(rel), path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Fatalf("only %d Go files were found: the test looks in the wrong place", files)
	}
}

func check(t *testing.T, rel, path string) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, 0)
	if err != nil {
		t.Errorf("%s: %v", rel, err)
		return
	}
	dir := rel[:strings.LastIndex(rel, "/")]
	inEngine := within(dir, "engine") && !withinAny(dir, mayTouchHost)
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if reason, is := banned[imported]; is && inEngine && !within(dir, "engine/servertest") && !isTestSupport(dir) {
			t.Errorf("%s imports %s: %s", rel, imported, reason)
		}
		for only, places := range pageOnly {
			if within(imported, only) && !withinAny(dir, places) {
				t.Errorf("%s imports %s, which belongs to %v only", rel, imported, places)
			}
		}
		if local, is := strings.CutPrefix(imported, "everysec/"); is {
			checkDirection(t, rel, dir, local)
		} else if imported == "everysec" {
			t.Errorf("%s imports the root", rel)
		}
	}
	if !inEngine || isTestSupport(dir) {
		return
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			t.Errorf("%s: a go statement: the engine is one thread, as Redis is", set.Position(n.Pos()))
		case *ast.SelectStmt:
			t.Errorf("%s: a select statement: the engine never waits", set.Position(n.Pos()))
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "rand" && pkg.Obj == nil &&
					sel.Sel.Name != "New" && sel.Sel.Name != "NewPCG" && sel.Sel.Name != "NewChaCha8" && sel.Sel.Name != "NewZipf" {
					t.Errorf("%s: rand.%s draws from the global source: the same seed must give the same bytes", set.Position(n.Pos()), sel.Sel.Name)
				}
			}
		}
		return true
	})
}

// isTestSupport are packages that only tests import.
func isTestSupport(dir string) bool {
	return within(dir, "engine/servertest") || within(dir, "engine/vfs/vfstest") || within(dir, "engine/ds/conformance") ||
		within(dir, "engine/redistest") || within(dir, "engine/bench")
}

func checkDirection(t *testing.T, rel, dir, imported string) {
	if isTestSupport(dir) {
		return
	}
	from, to := layer(dir), layer(imported)
	switch {
	case from < 0:
		t.Errorf("%s: the folder %s belongs to no layer: add it to the rules", rel, dir)
	case to < 0:
		t.Errorf("%s imports %s, which belongs to no layer: add it to the rules", rel, imported)
	case to > from:
		t.Errorf("%s (%s) imports %s (%s): imports point the other way", rel, layers[from].name, imported, layers[to].name)
	case to == from && dir != imported && !layers[from].sameGroup:
		t.Errorf("%s imports %s: packages of %q do not import each other", rel, imported, layers[from].name)
	}
}

// layer finds the layer of a folder: that of the longest prefix that fits.
func layer(dir string) int {
	best, length := -1, 0
	for i, l := range layers {
		for _, prefix := range l.prefixes {
			name := strings.TrimSuffix(prefix, "/")
			fits := dir == name || within(dir, name) && name != "engine"
			if strings.HasSuffix(prefix, "/") {
				fits = strings.HasPrefix(dir, prefix)
			}
			if fits && len(prefix) > length {
				best, length = i, len(prefix)
			}
		}
	}
	return best
}

func within(dir, prefix string) bool { return dir == prefix || strings.HasPrefix(dir, prefix+"/") }

func withinAny(dir string, prefixes []string) bool {
	for _, p := range prefixes {
		if within(dir, p) {
			return true
		}
	}
	return false
}
