//go:build js && wasm

package view

import (
	"syscall/js"

	"everysec/web/app"

	dom "honnef.co/go/js/dom/v2"
)

// filesPanel takes everything home and begins anew.
type filesPanel struct{ erase *node }

func (f *filesPanel) build(p *Page, box *node) {
	export := create("button", "").setText("Export everything (zip)").set("type", "button")
	export.on("click", func(*dom.BasicEvent) { p.dispatch(app.DownloadAll{}) })
	f.erase = create("button", "").setText("Clean slate").set("type", "button")
	f.erase.on("click", func(*dom.BasicEvent) {
		if js.Global().Call("confirm", "Remove every key and every file?").Bool() {
			p.dispatch(app.Erase{})
		}
	})
	box.add(
		create("p", "").setText("What the server has on its disk: dump.rdb, appendonlydir, redis.conf."),
		create("p", "").add(export),
		create("p", "").add(f.erase),
	)
}

func (f *filesPanel) draw(*Page, app.Part) {}
