//go:build js && wasm

package view

import (
	"syscall/js"

	"everysec/web/app"

	dom "honnef.co/go/js/dom/v2"
)

// keepDesk arranges the page as it was left at this address, and keeps how it is
// left: on a phone a page that is out of sight may never hear that it ends.
func (p *Page) keepDesk() {
	location := js.Global().Get("location")
	key := "everysec.desk " + location.Get("pathname").String() + location.Get("search").String()
	if d, ok := app.ReadDesk(stored(key)); ok {
		p.dispatch(app.Arrange{Desk: d})
		p.consoles.match(p)
		for _, c := range d.Consoles {
			if t := p.consoles.terminal(c.Name); t != nil && c.Typed != "" {
				t.input.v.Set("value", c.Typed)
				t.input.v.Call("dispatchEvent", js.Global().Get("Event").New("input"))
			}
		}
		p.keyspace.glob.v.Set("value", d.Filter.Glob)
		p.keyspace.kind.v.Set("value", d.Filter.Type)
		if d.Panel != "" {
			p.panels.left = d.Panel
			p.panels.toolbar.set("aria-busy", "true") // until it is fetched
		}
	}
	keep := func(*dom.BasicEvent) {
		panel := p.panels.left
		if open := p.panels.open; open != nil {
			panel = open.name
		}
		desk := p.model.Desk(func(name string) string {
			if t := p.consoles.terminal(name); t != nil {
				return t.line()
			}
			return ""
		}, panel)
		store(key, desk.Text())
	}
	wrap(js.Global()).on("pagehide", keep)
	wrap(document).on("visibilitychange", keep)
}
