//go:build js && wasm

package view

import (
	"errors"
	"syscall/js"

	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/app/archive"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// filesPanel takes everything home, brings it back, and begins anew.
type filesPanel struct {
	kept, progress, said *node
	buttons              []*node
	undo                 *node
	busySince            int64 // real time; 0: nothing is under way
}

func (f *filesPanel) build(p *Page, box *node) {
	f.kept = create("p", "aside")
	f.progress = create("progress", "").set("id", "files-progress").set("aria-label", words.Say("Under way"))
	f.progress.show(false)
	f.said = create("p", "").set("role", "status").set("id", "files-said")
	f.undo = button("Undo", "Files and memory as they were", func() { f.run(p, bridge.OpBringBack, nil, words.Say("Everything is as it was.")) })
	f.undo.set("id", "files-undo").show(false)
	export := button("Export everything (zip)", "", func() {
		f.begin(p)
		settle(js.Global().Get("everysec").Call("exportZip"), func(zip js.Value, failure string) {
			if failure != "" {
				f.end(errors.New(failure), "")
				return
			}
			f.end(nil, "")
			downloadBytes("everysec.zip", zip)
		})
	})
	upload := create("input", "sr").set("type", "file").set("id", "files-import").set("accept", ".zip,.rdb,.aof")
	upload.on("change", func(*dom.BasicEvent) { f.take(p, upload) })
	erase := button("Clean slate", "", func() {
		f.run(p, bridge.OpErase, nil, words.Say("Every key and every file is gone. Undo brings them back, until the page is closed."))
	}).set("id", "files-erase")
	f.buttons = []*node{export, erase, f.undo}
	theTimePanel.connect(p)
	saveRun, lookAtRun := theTimePanel.runFile(p)
	saveRun.set("id", "files-run-save")
	lookAtRun.find("input").set("id", "files-run-load")
	box.add(
		f.kept, f.progress, create("p", "actions").add(f.said, f.undo),
		create("h3", "").say("Take it home"),
		create("p", "aside").say("dump.rdb, appendonlydir and redis.conf, as a redis-server of 7.0 reads them."),
		create("p", "actions").add(export),
		create("h3", "").say("Bring it back"),
		create("p", "aside").say("A zip of a data directory, a dump.rdb or an append only file, of any server. It is tried first: what cannot be loaded changes nothing. It replaces everything here, and stays on this machine."),
		create("p", "actions").add(create("label", "button").say("Import…").add(upload)),
		create("h3", "").say("The run"),
		create("p", "aside").say("Everything that came in, as a file. It is looked at in the panel of time; nothing here changes by that."),
		create("p", "actions").add(saveRun, lookAtRun),
		create("h3", "").say("Begin anew"),
		create("p", "aside").say("Removes every key and every file. What is on the disk of the browser goes at once. Earlier runs stay: the panel of time forgets them."),
		create("p", "actions").add(erase),
	)
}

func (f *filesPanel) begin(p *Page) {
	f.busySince = p.model.Wall
	f.said.setText("")
	for _, b := range f.buttons {
		b.v.Set("disabled", true)
	}
}

func (f *filesPanel) end(failure error, done string) {
	f.busySince = 0
	f.progress.show(false)
	for _, b := range f.buttons {
		b.v.Set("disabled", false)
	}
	if failure != nil {
		done = words.Say("It was refused: {why}", words.Heard(failure.Error()))
	}
	f.said.setText(done)
}

// run does what replaces everything.
func (f *filesPanel) run(p *Page, op bridge.Op, payload []byte, done string) {
	f.begin(p)
	p.conn.Control(op, payload, func(_ []byte, err error) {
		failure := ""
		if err != nil {
			failure = err.Error()
		}
		f.replaced(p, failure, op != bridge.OpBringBack, done)
	})
}

// replaced is the end of what replaces everything.
func (f *filesPanel) replaced(p *Page, failure string, undoable bool, done string) {
	if failure != "" {
		f.end(errors.New(failure), "")
		return
	}
	f.end(nil, done)
	f.undo.show(undoable)
	p.dispatch(app.Noticed{Kind: bridge.NoticeRun}) // everything is to be asked for again
}

// take reads a file that was chosen.
func (f *filesPanel) take(p *Page, upload *node) {
	file := upload.v.Get("files").Index(0)
	if file.IsUndefined() {
		return
	}
	name := file.Get("name").String()
	f.begin(p)
	f.read(file.Call("slice", 0, 4), func(first js.Value) {
		upload.v.Set("value", "")
		files := js.Global().Get("Object").New()
		begin := goBytes(first)
		if !archive.IsZip(begin) {
			for i, e := range archive.Single(name, begin) {
				if i == 0 {
					files.Set(e.Name, file)
				} else {
					files.Set(e.Name, jsBytes(e.Data))
				}
			}
			f.bring(p, name, files)
			return
		}
		f.read(file, func(whole js.Value) {
			entries, err := archive.Read(int64(whole.Length()), func(from, to int64) []byte {
				return goBytes(whole.Call("subarray", float64(from), float64(to)))
			})
			if err == nil {
				err = archive.Place(entries)
			}
			if err != nil {
				f.end(err, "")
				return
			}
			f.inflate(p, name, file, entries, files)
		})
	})
}

// read calls then with the bytes of a file, where it can be read.
func (f *filesPanel) read(file js.Value, then func(bytes js.Value)) {
	settle(file.Call("arrayBuffer"), func(buffer js.Value, failure string) {
		if failure != "" {
			f.end(errors.New(failure), "")
			return
		}
		then(js.Global().Get("Uint8Array").New(buffer))
	})
}

// bring replaces everything by files, which go past this program: they may be large.
func (f *filesPanel) bring(p *Page, name string, files js.Value) {
	settle(js.Global().Get("everysec").Call("importFiles", files), func(_ js.Value, failure string) {
		f.replaced(p, failure, true, words.Say("{file} has been loaded. Undo brings back what was here.", name))
	})
}

// inflate unpacks entries, by the browser, and then imports all.
func (f *filesPanel) inflate(p *Page, name string, zip js.Value, entries []archive.Entry, files js.Value) {
	data := func() js.Value { return zip.Call("slice", float64(entries[0].From), float64(entries[0].To)) }
	for len(entries) > 0 && !entries[0].Deflated {
		files.Set(entries[0].Name, data())
		entries = entries[1:]
	}
	if len(entries) == 0 {
		f.bring(p, name, files)
		return
	}
	stream := data().Call("stream").Call("pipeThrough", js.Global().Get("DecompressionStream").New("deflate-raw"))
	settle(js.Global().Get("Response").New(stream).Call("blob"), func(inflated js.Value, failure string) {
		if failure != "" {
			f.end(errors.New(failure), "")
			return
		}
		files.Set(entries[0].Name, inflated)
		f.inflate(p, name, zip, entries[1:], files)
	})
}

func (f *filesPanel) draw(p *Page, dirty app.Part) {
	if f.busySince != 0 && p.model.Wall-f.busySince > 300_000 {
		f.progress.show(true)
		f.progress.unset("value")
		if done := app.Progress(&p.model.Job); p.model.JobActive && done >= 0 {
			f.progress.v.Set("value", done)
		}
	}
	if dirty&app.PartFiles != 0 {
		kept := p.model.Kept()
		if kept == "" {
			kept = words.Say("The files are kept in this browser.")
		}
		f.kept.setText(kept)
	}
}
