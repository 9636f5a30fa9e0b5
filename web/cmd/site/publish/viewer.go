package publish

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// What looks into files comes when somebody first wants it: a script with its
// looks, a worker, a module.
var viewerFiles = []string{"viewer.js", "viewer-worker.js", "viewer.wasm"}

// viewer makes them, and writes their addresses where they are asked for. The
// scripts as they were written go to scripts.
func (b *Builder) viewer(files, scripts map[string][]byte, runtime []byte) error {
	wasm, err := b.wasm("viewer", "-s -w")
	if err != nil {
		return err
	}
	if slim, _, err := Slim(wasm); err == nil {
		if slim, err = Pack(slim); err == nil {
			wasm = slim
		}
	}
	files["viewer.wasm"] = wasm
	for _, name := range viewerFiles[:2] {
		if scripts[name], err = os.ReadFile(filepath.Join(b.Root, "wasm", "js", name)); err != nil {
			return err
		}
	}
	scripts["viewer-worker.js"] = slices.Concat(runtime, []byte("\n"), scripts["viewer-worker.js"])
	style, err := os.ReadFile(filepath.Join(b.Root, "web", "site", "viewer.css"))
	if err != nil {
		return err
	}
	if style, err = minified("viewer.css", style); err != nil {
		return err
	}
	text, err := json.Marshal(string(style))
	if err != nil {
		return err
	}
	if err := exchange(scripts, "viewer.js", `const style = "";`, `const style = `+string(text)+`;`); err != nil {
		return err
	}
	for _, name := range viewerFiles[:2] {
		if files[name], err = minified(name, scripts[name]); err != nil {
			return err
		}
	}
	// In this order: an address is made of the file as it will be.
	if err := exchange(files, "viewer-worker.js", `"viewer.wasm"`, `"`+address(files, "viewer.wasm")+`"`); err != nil {
		return err
	}
	if err := exchange(files, "viewer.js", `"viewer-worker.js"`, `"`+address(files, "viewer-worker.js")+`"`); err != nil {
		return err
	}
	return exchange(files, "boot.js", `"./viewer.js"`, `"./`+address(files, "viewer.js")+`"`)
}

// exchange replaces the one place of a text in a file.
func exchange(files map[string][]byte, name, old, with string) error {
	if bytes.Count(files[name], []byte(old)) != 1 {
		return fmt.Errorf("%s has no one place for %s", name, old)
	}
	files[name] = bytes.Replace(files[name], []byte(old), []byte(with), 1)
	return nil
}
