package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What a newcomer is told to read or to run is there.

var (
	code      = regexp.MustCompile("(?s)```.*?```|`+[^`]+`+|(?m:^    [^\n]*$)")
	linked    = regexp.MustCompile(`\]\(([^)#:]+)\)`)
	madeOf    = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	target    = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	place     = regexp.MustCompile(`(?:^|[\s"'(=\x60]|\./)((?:engine|wasm|web|lessons)/[\w.*/-]*)`)
	bare      = regexp.MustCompile("`([\\w.-]+\\.(?:go|js|md|ts|css))`")
	tested    = regexp.MustCompile(`go test \./(\S+) .*-run '?\^?(\w+)`)
	testNamed = regexp.MustCompile(`(?m)^func (Test\w+)`)
)

// placeholders stand for what a reader chooses; the rest is what a build makes, or
// an address of the site.
var placeholders = regexp.MustCompile(`NN-name|/ID\b|\*\*|^lessons/(de/?)?$|\.xx(\.|$)`)

func TestWhatTheReadmesNameIsThere(t *testing.T) {
	root := ".."
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, m := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, m[1])
	}
	names := map[string]bool{} // of all files, without their folders
	for _, dir := range []string{"engine", "wasm", "web", "lessons"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(_ string, d fs.DirEntry, err error) error {
			names[d.Name()] = true
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"README.md", "lessons/README.md", "engine/DIFFERENCES.md"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		named := 0
		exists := func(dir, path string) {
			if placeholders.MatchString(path) {
				return
			}
			named++
			path = strings.TrimSuffix(strings.TrimRight(path, ".:"), "/...")
			if found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(path))); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which is not there", name, path)
			}
		}
		for _, m := range linked.FindAllStringSubmatch(string(text), -1) {
			exists(filepath.Join(root, filepath.Dir(name)), m[1])
		}
		for _, m := range bare.FindAllStringSubmatch(string(text), -1) {
			named++
			if !names[m[1]] && !placeholders.MatchString(m[1]) {
				t.Errorf("%s names %s, and no file is called that", name, m[1])
			}
		}
		for _, span := range code.FindAllString(string(text), -1) {
			for _, m := range place.FindAllStringSubmatch(span, -1) {
				exists(root, m[1])
			}
			for _, m := range madeOf.FindAllStringSubmatch(span, -1) {
				named++
				if !slices.Contains(targets, m[1]) {
					t.Errorf("%s names make %s, which the Makefile does not know", name, m[1])
				}
			}
			for _, m := range tested.FindAllStringSubmatch(span, -1) {
				exists(root, m[1])
				if !hasTest(t, filepath.Join(root, m[1]), m[2]) {
					t.Errorf("%s names a test %s of %s, which is not there", name, m[2], m[1])
				}
			}
		}
		if named == 0 && name != "engine/DIFFERENCES.md" {
			t.Errorf("%s: nothing was found in it to look for", name)
		}
		t.Logf("%s: %d places and targets", name, named)
	}
}

// hasTest tells whether a folder has a test whose name holds a text.
func hasTest(t *testing.T, dir, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testNamed.FindAllStringSubmatch(string(source), -1) {
			if strings.Contains(m[1], text) {
				return true
			}
		}
	}
	return false
}
