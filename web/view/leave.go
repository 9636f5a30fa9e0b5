//go:build js && wasm

package view

import (
	"syscall/js"

	"everysec/web/app"

	dom "honnef.co/go/js/dom/v2"
)

// followLinks has the server end in good order before a link leads to another
// page, and keeps the line that was being typed for whoever comes back.
func (p *Page) followLinks(lesson string) {
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
			p.dispatch(app.Leave{To: a.Get("href").String()})
		}
	})
	input, key := p.body.find(".entry input"), "everysec.typed."+lesson
	if line := stored(key); line != "" {
		store(key, "")
		input.v.Set("value", line)
		input.v.Call("dispatchEvent", js.Global().Get("Event").New("input"))
	}
	wrap(js.Global()).on("pagehide", func(*dom.BasicEvent) { store(key, input.v.Get("value").String()) })
}
