//go:build js && wasm

package view

import (
	"strconv"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// consoles are the learner's clients: one below the other, side by side, or
// one at a time with the line at the bottom to go from one to the next.
type consoles struct {
	root, panes, add, layout, heard *node
	tabs                            *node
	template                        js.Value
	open                            []*terminal
	stale                           bool // something changed that has not been drawn
}

func (c *consoles) bind(p *Page) {
	c.root = byID("consoles")
	c.panes = c.root.find(".panes")
	c.heard = byID("heard")
	first := c.root.find(".console")
	c.template = first.v.Call("cloneNode", true)
	c.add = p.click("add-console", func() app.Message { return app.OpenConsole{} })
	c.tabs = byID("tabs")
	c.tabs.on("click", func(e *dom.BasicEvent) {
		if b := closest(e, "button"); b.Truthy() {
			name := b.Get("value").String()
			p.dispatch(app.OpenConsole{Name: name})
			if t := c.terminal(name); t != nil {
				c.match(p)
				t.focus()
			}
		}
	})
	c.layout = byID("layout")
	layout := stored("everysec.layout")
	if layout == "" {
		layout = "below"
		if matches("(max-width: 760px)") {
			layout = "single"
		}
	}
	c.layout.v.Set("value", layout)
	c.root.set("data-layout", layout)
	c.layout.on("change", func(*dom.BasicEvent) {
		value := c.layout.v.Get("value").String()
		store("everysec.layout", value)
		c.root.set("data-layout", value)
		c.match(p)
	})
	c.open = []*terminal{bindTerminal(p, first, p.model.Consoles[0].Name)}
	watchKeyboard(p)
}

// watchKeyboard notices the keyboard that a phone puts over the page. Where it
// lies over it instead of making it smaller (Safari does not know
// interactive-widget), the page is made smaller here, so that the line and the
// row of keys stand above it.
func watchKeyboard(p *Page) {
	view := js.Global().Get("visualViewport")
	if !view.Truthy() {
		return
	}
	var width, most float64
	look := func() {
		if view.Get("scale").Float() > 1.01 {
			return // somebody looks at something from near
		}
		w, h := view.Get("width").Float(), view.Get("height").Float()
		if w != width {
			width, most = w, 0
		}
		most = max(most, h)
		if up := h < 0.75*most; up {
			p.body.set("data-keyboard", "")
		} else {
			p.body.unset("data-keyboard")
		}
		height := ""
		if js.Global().Get("innerHeight").Float()-h > 60 {
			height = strconv.Itoa(int(h)) + "px"
			js.Global().Call("scrollTo", 0, 0)
		}
		p.body.v.Get("style").Set("height", height)
		for _, t := range p.consoles.open {
			t.toEnd()
		}
	}
	look()
	view.Call("addEventListener", "resize", js.FuncOf(func(js.Value, []js.Value) any {
		look()
		return nil
	}))
}

// terminal is that of a console; nil: there is none.
func (c *consoles) terminal(name string) *terminal {
	for _, t := range c.open {
		if t.name == name {
			return t
		}
	}
	return nil
}

func (c *consoles) draw(p *Page, dirty app.Part) {
	c.stale = c.stale || dirty&app.PartConsoles != 0
	// Where lines pass faster than anybody reads they are drawn ten times a second.
	hurried := c.hurried(p)
	if c.stale && (p.every(6) || !hurried) {
		c.stale = false
		c.match(p)
		for _, t := range c.open {
			t.draw()
		}
	}
	if !hurried {
		for _, t := range c.open {
			if t.catchUp() {
				break
			}
		}
	}
	if p.every(6) {
		for _, t := range c.open {
			t.drawState()
		}
	}
}

// hurried tells whether what was pasted runs, or more has come than a screen shows.
func (c *consoles) hurried(p *Page) bool {
	for _, m := range p.model.Consoles {
		t := c.terminal(m.Name)
		if m.Pasted() || t != nil && t.generation == m.Generation && m.Dropped+len(m.Blocks)-t.shown > inHurry {
			return true
		}
	}
	return false
}

// match opens and closes terminals as the model has them.
func (c *consoles) match(p *Page) {
	m := p.model
	keep := c.open[:0]
	for _, t := range c.open {
		if m.Console(t.name) == nil {
			t.release()
			continue
		}
		keep = append(keep, t)
	}
	c.open = keep
	for _, console := range m.Consoles {
		known := false
		for _, t := range c.open {
			known = known || t.name == console.Name
		}
		if !known {
			root := wrap(c.template.Call("cloneNode", true))
			c.panes.add(root)
			c.open = append(c.open, bindTerminal(p, root, console.Name))
		}
	}
	several := len(c.open) > 1
	single := c.layout.v.Get("value").String() == "single"
	for i, t := range c.open {
		t.close.show(several)
		active := i == m.Active
		t.root.class("active", active)
		seen := !single || active
		if seen {
			t.seen = t.shown
		}
	}
	c.layout.show(several)
	c.add.show(len(m.Consoles) < app.MaxConsoles)
	c.drawTabs(p, several && single)
}

// drawTabs writes the line that goes from one console to the next.
func (c *consoles) drawTabs(p *Page, show bool) {
	list := p.model.Consoles
	key := strconv.FormatBool(show)
	for i, m := range list {
		fresh := i != p.model.Active && i < len(c.open) && c.open[i].seen != m.Dropped+len(m.Blocks)
		key += "\n" + m.Title() + strconv.FormatBool(i == p.model.Active) + strconv.FormatBool(fresh)
	}
	if c.tabs.attrs["key"] == key {
		return
	}
	c.tabs.empty()
	c.tabs.attrs = map[string]string{"key": key}
	if !show {
		return
	}
	for i, m := range list {
		b := create("button", "").set("type", "button").set("value", m.Name).set("aria-pressed", strconv.FormatBool(i == p.model.Active))
		b.add(sign(create("span", "sign"), m.Sign), create("span", "").setText(m.Title()))
		if i != p.model.Active && i < len(c.open) && c.open[i].seen != m.Dropped+len(m.Blocks) {
			b.add(create("span", "new").set("title", words.Say("new output")), create("span", "sr").say("new output"))
		}
		c.tabs.add(b)
	}
}

func sign(n *node, number int) *node {
	s := strconv.Itoa(number)
	return n.set("data-sign", s).setText(s)
}
