package publish

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"everysec/web/site"
)

// The JavaScript of wasm/js, a file for each idea, becomes few files: each that a
// browser asks for costs a first visit a way to the server and back.

// scripts makes the page's scripts and its worker. A file comes after those whose
// addresses it names.
func (b *Builder) scripts(files map[string][]byte, runtime string) error {
	sources := map[string]string{}
	for _, name := range []string{"download.js", "early.js", "boot.js", "framed.js", "everysec.js", "everysec.d.ts"} {
		var err error
		if sources[name], err = b.source("wasm/js/" + name); err != nil {
			return err
		}
	}
	worker, err := b.worker(sources["download.js"], runtime)
	if err != nil {
		return err
	}
	if files["worker.js"], err = minified("worker.js", worker); err != nil {
		return err
	}
	if err := link(files, "worker.js", "everysec.wasm"); err != nil {
		return err
	}
	// What must run before the first paint is one file, too.
	theme, err := fs.ReadFile(site.Static(), "theme.js")
	if err != nil {
		return err
	}
	language, err := fs.ReadFile(site.Static(), "language.js")
	if err != nil {
		return err
	}
	if files["early.js"], err = minified("early.js", string(language)+sources["early.js"]+"\n"+string(theme)); err != nil {
		return err
	}
	if err := link(files, "early.js", "worker.js"); err != nil {
		return err
	}
	if files["everysec.js"], err = b.bundled("everysec.js", sources["everysec.js"], nil); err != nil {
		return err
	}
	files["everysec.d.ts"] = []byte(sources["everysec.d.ts"])
	if err := link(files, "everysec.js", "worker.js"); err != nil {
		return err
	}
	if files["boot.js"], err = b.bundled("boot.js", sources["boot.js"]+"\n"+runtime, nil, "./everysec.js", "./viewer.js", "./framed.js"); err != nil {
		return err
	}
	if err := link(files, "boot.js", "./everysec.js"); err != nil {
		return err
	}
	if files["framed.js"], err = minified("framed.js", sources["framed.js"]); err != nil {
		return err
	}
	return link(files, "boot.js", "./framed.js")
}

// worker is the engine's worker, one file so that one request starts it; download
// is how it comes by its module.
func (b *Builder) worker(download, runtime string) (string, error) {
	store, err := b.source("wasm/idb/store.js")
	if err != nil {
		return "", err
	}
	runs, err := b.source("wasm/idb/runs.js")
	if err != nil {
		return "", err
	}
	worker, err := b.source("wasm/js/worker.js")
	return strings.Join([]string{download, runtime, store, runs, worker}, "\n"), err
}

// runtime is Go's own script with what goes on from where a program has begun.
func (b *Builder) runtime() (string, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	runtime, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return "", err
	}
	begun, err := b.source("wasm/js/begun.js")
	return string(runtime) + "\n" + begun, err
}

// source is a file of the sources, by its slash path.
func (b *Builder) source(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(b.Root, filepath.FromSlash(name)))
	return string(text), err
}

// link writes the address of a file where another names it. An address says which
// build it is of, so that a browser may keep the file, and what it compiled of it,
// without asking.
func link(files map[string][]byte, name, to string) error {
	plain := []byte(`"` + to + `"`)
	if !bytes.Contains(files[name], plain) {
		return fmt.Errorf("%s does not name %s", name, plain)
	}
	base := path.Base(to)
	files[name] = bytes.ReplaceAll(files[name], plain, []byte(`"`+strings.TrimSuffix(to, base)+address(files, base)+`"`))
	return nil
}

// minified is a script or style sheet without what only people read. Names at
// the top of a script stay: others are put beside it in one file.
func minified(name, source string) ([]byte, error) {
	loader := api.LoaderJS
	if path.Ext(name) == ".css" {
		loader = api.LoaderCSS
	}
	result := api.Transform(source, api.TransformOptions{
		Loader:            loader,
		Sourcefile:        name,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
	})
	return result.Code, first(result.Errors)
}

// bundled is a module of wasm/js with all that it imports, minified. Apart are the
// modules that the site has as files of their own; define gives names their values.
// Where source is no file of wasm/js, name must be none either.
func (b *Builder) bundled(name, source string, define map[string]string, apart ...string) ([]byte, error) {
	dir, err := filepath.Abs(filepath.Join(b.Root, "wasm", "js"))
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		Stdin:             &api.StdinOptions{Contents: source, ResolveDir: dir, Sourcefile: name},
		Bundle:            true,
		External:          apart,
		Define:            define,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
	})
	if err := first(result.Errors); err != nil {
		return nil, err
	}
	return result.OutputFiles[0].Contents, nil
}

// first is the first of esbuild's errors, nil if there is none.
func first(errors []api.Message) error {
	if len(errors) == 0 {
		return nil
	}
	e := errors[0]
	if e.Location == nil {
		return fmt.Errorf("esbuild: %s", e.Text)
	}
	return fmt.Errorf("%s:%d:%d: %s", e.Location.File, e.Location.Line, e.Location.Column, e.Text)
}
