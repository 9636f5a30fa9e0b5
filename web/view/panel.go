//go:build js && wasm

package view

import (
	"strconv"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// A panel is what a first visit does not need: the crash dialog, settings and
// so on. One region shows one panel at a time, beside the console and not over
// it; on a phone it is what "More" shows. Its code and its looks are fetched when
// the first panel is opened.
//
// A panel is a row of this table, a button with its name in index.html, a file
// panel_NAME.go, and rules in panels.css.

var panels = [...]*panel{
	{name: "crash", title: "Crash", covers: "lesson", body: &crashPanel{}},
	{name: "load", title: "Load", covers: "keyspace", body: &loadPanel{}},
	{name: "settings", title: "Settings", covers: "lesson", body: &settingsPanel{}},
	{name: "files", title: "Files and state", covers: "keyspace", body: &filesPanel{}},
	{name: "time", title: "Time", covers: "lesson", body: theTimePanel},
}

type panel struct {
	name, title string
	covers      string // on a desktop: "lesson" or "keyspace"
	body        panelBody
	box         *node
}

// panelBody is what a panel consists of.
type panelBody interface {
	// build makes its elements, when it is opened for the first time.
	build(p *Page, box *node)
	// draw shows the model. It is called in each frame while the panel is open,
	// and first with app.PartAll.
	draw(p *Page, dirty app.Part)
}

// panelFrame is the region and the toolbar.
type panelFrame struct {
	toolbar, region, title, place *node
	buttons                       []*node
	open                          *panel
	opener                        js.Value // gets the focus back
	fetched, fetching             bool
	fresh                         bool // opened since the last drawing
	wanted                        string
	left                          string   // was open when the page was left, and opens again when there is a server
	quiet                         bool     // the focus stays where it is
	waiting                       []func() // for the fetch
}

func (f *panelFrame) bind(p *Page) {
	f.toolbar = byID("panels")
	f.buttons = f.toolbar.all("button")
	for _, b := range f.buttons {
		b.on("click", func(*dom.BasicEvent) {
			f.quiet = false
			if f.open != nil && f.open.name == b.data("panel") {
				f.close(p)
			} else {
				f.show(p, b.data("panel"))
			}
		})
	}
}

// show opens a panel, as soon as it is there.
func (f *panelFrame) show(p *Page, name string) {
	if f.open == nil {
		f.opener = document.Get("activeElement")
	}
	f.wanted = name
	f.have(p, func() { f.display(p) })
}

// have calls then as soon as the code and the looks of panels are there.
func (f *panelFrame) have(p *Page, then func()) {
	if f.fetched {
		then()
		return
	}
	f.waiting = append(f.waiting, then)
	if !f.fetching {
		f.fetching = true
		f.fetch(p)
	}
}

// fetch gets the style sheet and the part of the module that has the panels.
func (f *panelFrame) fetch(p *Page) {
	f.toolbar.set("aria-busy", "true")
	waiting := 1
	done := func(failure string) {
		waiting--
		f.fetching = waiting > 0
		f.fetched = f.fetched || failure == "" && waiting == 0
		switch {
		case failure != "":
			p.dispatch(app.Noticed{Text: words.Say("This part of the page could not be fetched: {why}", failure)})
			waiting = -1 // the other outcome is of no use
			f.waiting = nil
		case f.fetched:
			for _, then := range f.waiting {
				then()
			}
			f.waiting = nil
		}
		f.toolbar.set("aria-busy", strconv.FormatBool(f.fetching))
	}
	if sheet := f.toolbar.data("sheet"); sheet != "" && document.Call("getElementById", "panels-sheet").IsNull() {
		waiting++
		link := create("link", "").set("id", "panels-sheet").set("rel", "stylesheet").set("href", sheet)
		link.on("load", func(*dom.BasicEvent) { done("") })
		link.on("error", func(*dom.BasicEvent) {
			link.v.Call("remove")
			done(words.Say("no network"))
		})
		wrap(document.Get("head")).add(link)
	}
	if part := js.Global().Get("everysecPart"); part.Type() == js.TypeFunction {
		settle(part.Invoke("page"), func(_ js.Value, failure string) { done(failure) })
	} else {
		done("")
	}
}

func (f *panelFrame) display(p *Page) {
	for _, n := range panels {
		if n.name != f.wanted {
			continue
		}
		if f.region == nil {
			f.build(p)
		}
		if f.open != nil {
			f.hide(p)
		}
		if n.box == nil {
			n.box = create("div", "box")
			f.place.add(n.box)
			n.body.build(p, n.box)
		}
		f.open, f.fresh = n, true
		n.box.show(true)
		f.title.say(n.title)
		f.region.set("data-panel", n.name)
		f.region.show(true)
		p.body.set("data-panel", n.covers)
		if matches("(max-width: 760px)") {
			p.tab("more")
		}
		f.mark()
		if !f.quiet {
			f.title.v.Call("focus")
		}
		f.quiet = false
		f.place.v.Set("scrollTop", 0)
	}
}

func (f *panelFrame) build(p *Page) {
	f.title = create("h2", "").set("id", "panel-title").set("tabindex", "-1")
	f.place = create("div", "place")
	closing := create("button", "").say("Close").set("type", "button").set("id", "panel-close").set("title", words.Say("Escape"))
	closing.on("click", func(*dom.BasicEvent) { f.close(p) })
	f.region = create("section", "panel").set("id", "panel").set("aria-labelledby", "panel-title")
	f.region.add(create("header", "").add(f.title, closing), f.place)
	f.region.on("keydown", func(e *dom.BasicEvent) {
		if e.Underlying().Get("key").String() == "Escape" && !e.Underlying().Get("defaultPrevented").Bool() {
			f.close(p)
		}
	})
	document.Call("querySelector", "main").Call("prepend", f.region.v)
}

// hide takes the open panel out of sight. One that has something to end then has
// a method closed.
func (f *panelFrame) hide(p *Page) {
	f.open.box.show(false)
	if b, ok := f.open.body.(interface{ closed(p *Page) }); ok {
		b.closed(p)
	}
	f.open = nil
}

func (f *panelFrame) close(p *Page) {
	if f.open == nil {
		return
	}
	f.hide(p)
	f.region.show(false)
	p.body.unset("data-panel")
	f.mark()
	if f.opener.Truthy() {
		f.opener.Call("focus")
	}
}

// mark tells which button's panel is open.
func (f *panelFrame) mark() {
	for _, b := range f.buttons {
		b.set("aria-expanded", strconv.FormatBool(f.open != nil && f.open.name == b.data("panel")))
	}
}

func (f *panelFrame) draw(p *Page, dirty app.Part) {
	if f.left != "" && !p.model.Loading {
		name := f.left
		f.left = ""
		if f.open == nil && f.wanted == "" {
			f.quiet = true
			f.show(p, name)
		}
	}
	if f.open == nil {
		return
	}
	if f.fresh {
		f.fresh, dirty = false, app.PartAll
	}
	f.open.body.draw(p, dirty)
}

// labelled is a control with its name before it, and words below that explain it.
func labelled(name string, control *node, about string, more ...*node) *node {
	line := create("label", "").add(create("span", "name").say(name), control)
	box := create("div", "labelled").add(create("div", "").add(line).add(more...))
	if about != "" {
		box.add(create("p", "aside").say(about))
	}
	return box
}

func numberInput(value, placeholder string) *node {
	n := create("input", "").set("type", "number").set("min", "0").set("inputmode", "numeric").set("placeholder", words.Say(placeholder))
	n.v.Set("value", value)
	return n
}

// numberIn is what was entered, or another where that is no number.
func numberIn(input *node, otherwise int64) int64 {
	if n, err := strconv.ParseInt(input.v.Get("value").String(), 10, 64); err == nil && n >= 0 {
		return n
	}
	return otherwise
}
