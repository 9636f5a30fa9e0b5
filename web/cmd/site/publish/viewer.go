package publish

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// What looks into files comes when somebody first wants it: a script with its
// looks, a worker, a module.
var viewerFiles = []string{"viewer.js", "viewer-worker.js", "viewer.wasm"}

// viewer makes them, and writes their addresses where they are asked for.
func (b *Builder) viewer(files map[string][]byte, runtime string) error {
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
	worker, err := b.source("wasm/js/viewer-worker.js")
	if err != nil {
		return err
	}
	if files["viewer-worker.js"], err = minified("viewer-worker.js", runtime+"\n"+worker); err != nil {
		return err
	}
	if err := link(files, "viewer-worker.js", "viewer.wasm"); err != nil {
		return err
	}
	script, err := b.source("wasm/js/viewer.js")
	if err != nil {
		return err
	}
	if files["viewer.js"], err = b.viewerScript("viewer.js", script); err != nil {
		return err
	}
	if err := link(files, "viewer.js", "viewer-worker.js"); err != nil {
		return err
	}
	return link(files, "boot.js", "./viewer.js")
}

// viewerScript is the viewer's module, or one that imports it, with its looks.
func (b *Builder) viewerScript(name, source string) ([]byte, error) {
	style, err := b.source("web/site/viewer.css")
	if err != nil {
		return nil, err
	}
	small, err := minified("viewer.css", style)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(string(small))
	if err != nil {
		return nil, err
	}
	return b.bundled(name, source, map[string]string{"viewerStyle": string(text)})
}

// exchange replaces the one place of a text in a file.
func exchange(files map[string][]byte, name, old, with string) error {
	if bytes.Count(files[name], []byte(old)) != 1 {
		return fmt.Errorf("%s has no one place for %s", name, old)
	}
	files[name] = bytes.Replace(files[name], []byte(old), []byte(with), 1)
	return nil
}
