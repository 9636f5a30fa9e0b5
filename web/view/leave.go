//go:build js && wasm

package view

import (
	"syscall/js"

	"everysec/web/app"

	dom "honnef.co/go/js/dom/v2"
)

// followLinks has the server end in good order before a link leads to another
// page, and asks before what lives only in this tab is lost.
func (p *Page) followLinks() {
	wrap(js.Global()).on("beforeunload", func(e *dom.BasicEvent) {
		if p.model.OnlyHere() && !p.agreed {
			e.Underlying().Call("preventDefault") // the browser asks, in its own words
		}
	})
	p.body.on("click", func(e *dom.BasicEvent) {
		event, a := e.Underlying(), closest(e, "a[href]:not([download], [target])")
		for _, other := range []string{"defaultPrevented", "ctrlKey", "metaKey", "shiftKey", "altKey"} {
			if event.Get(other).Bool() {
				return
			}
		}
		location := js.Global().Get("location")
		if a.IsUndefined() || a.Get("pathname").Equal(location.Get("pathname")) && a.Get("search").Equal(location.Get("search")) {
			return
		}
		event.Call("preventDefault")
		if text := p.model.LostByLeaving(); text == "" || js.Global().Call("confirm", text).Bool() {
			p.agreed = true
			p.dispatch(app.Leave{To: a.Get("href").String()})
		}
	})
}
