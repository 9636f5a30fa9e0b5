//go:build js && wasm

package view

import (
	"strings"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// files lists what is on the disk, and takes it home. What looks into a file is
// no part of the page: see wasm/js/viewer.js, which boot.js fetches when it is
// first wanted.
type files struct {
	rows, figures *node
	kept          *node
	listed        string
}

func (f *files) bind(p *Page) {
	f.rows, f.figures = byID("file-rows"), byID("files-figures")
	f.kept = byID("files-kept")
	f.rows.on("click", func(e *dom.BasicEvent) {
		b := closest(e, "button")
		if b.IsUndefined() {
			return
		}
		name := b.Get("value").String()
		if b.Get("name").String() == "view" && p.model.InPast() {
			p.lookAtPast(name)
		} else if b.Get("name").String() == "view" {
			js.Global().Call("everysecLook", name)
		} else {
			p.dispatch(app.DownloadFile{Name: name})
		}
	})
	p.click("download-all", func() app.Message { return app.DownloadAll{} })
	p.choose(byID("upload"), func(name string, file js.Value) {
		byID("upload").v.Set("value", "")
		p.dispatch(app.Import{Name: name, Bytes: file})
	})
}

// choose calls then with the file that is chosen at an input, upload reads it first.
func (p *Page) choose(input *node, then func(name string, file js.Value)) {
	input.on("change", func(*dom.BasicEvent) {
		if file := input.v.Get("files").Index(0); !file.IsUndefined() {
			then(file.Get("name").String(), file)
		}
	})
}

func (p *Page) upload(input *node, then func(name string, data []byte)) {
	p.choose(input, func(name string, file js.Value) {
		settle(file.Call("arrayBuffer"), func(buffer js.Value, failure string) {
			input.v.Set("value", "")
			if failure != "" {
				p.dispatch(app.Noticed{Text: words.Say("{file} could not be read: {why}", name, failure)})
				return
			}
			then(name, goBytes(buffer))
		})
	})
}

func (f *files) draw(p *Page, dirty app.Part) {
	if dirty&app.PartFiles == 0 {
		return
	}
	m := p.model
	kept := m.Kept()
	f.kept.show(kept != "")
	f.kept.setText(kept)
	signature, total := "", int64(0)
	for _, file := range m.Files {
		signature += file.Name + "\x00" + app.Count(file.Size) + "\x00" + app.Count(file.Synced) + "\x00"
		total += file.Size
	}
	if signature != f.listed {
		f.listed = signature
		f.rows.empty()
		for _, file := range m.Files {
			button := func(name, text, label string) *node {
				b := create("button", "").setText(text).set("title", label)
				return b.set("type", "button").set("name", name).set("value", file.Name).set("aria-label", label)
			}
			size := app.Bytes(file.Size)
			if n := file.Size - file.Synced; n > 0 {
				size += ", " + words.Say("{size} unsynced", app.Bytes(n))
			}
			short := strings.TrimPrefix(file.Name, "appendonlydir/")
			f.rows.add(create("tr", "").add(
				create("td", "").add(button("view", short, words.Say("Look into {file}", file.Name))), create("td", "size").setText(size),
				create("td", "").add(button("download", "↓", words.Say("Download {file}", file.Name))),
			))
		}
	}
	text := words.Many(int64(len(m.Files)), "{size} in {n} file|{size} in {n} files", app.Bytes(total))
	f.figures.setText(text)
}
