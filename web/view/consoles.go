//go:build js && wasm

package view

import (
	"strings"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/console"

	dom "honnef.co/go/js/dom/v2"
)

// consoles are the learner's clients, one below the other.
type consoles struct {
	root     *node
	more     *node
	template js.Value
	open     []*terminal
}

// terminal is one console on the page.
type terminal struct {
	name string
	page *Page

	root, bar, flags, stop, close       *node
	screen, log, entry, prompt, waiting *node
	input, ghost, hint                  *node
	shown, generation                   int
	offered                             []string // what Tab goes through
	offer                               int
	offerFrom                           string
	busySince                           int64
}

func (c *consoles) bind(p *Page) {
	c.root = byID("consoles")
	first := c.root.find(".console")
	c.template = first.v.Call("cloneNode", true)
	c.more = c.root.find(".more")
	p.click("add-console", func() app.Message { return app.OpenConsole{} })
	c.open = []*terminal{bindTerminal(p, first, p.model.Consoles[0].Name)}
	if lines := stored("everysec.history"); lines != "" {
		p.model.Consoles[0].CLI.History().Restore(strings.Split(lines, "\n"))
	}
}

func bindTerminal(p *Page, root *node, name string) *terminal {
	t := &terminal{name: name, page: p, root: root}
	t.bar, t.flags, t.stop, t.close = root.find(".bar"), root.find(".flags"), root.find(".stop"), root.find(".close")
	t.screen, t.log, t.entry, t.prompt = root.find(".screen"), root.find(".log"), root.find(".entry"), root.find(".prompt")
	t.waiting, t.input = root.find(".waiting"), root.find("input")
	t.ghost, t.hint = root.find(".ghost .typed"), root.find(".ghost .hint")
	root.set("data-console", name).set("aria-label", "Console "+name)
	root.find(".name").setText(name)
	t.input.set("aria-label", "Command for "+name)

	t.input.on("keydown", func(e *dom.BasicEvent) { t.key(e.Underlying()) })
	t.input.on("input", func(*dom.BasicEvent) { t.offered = nil; t.drawHint() })
	t.input.on("paste", func(e *dom.BasicEvent) { t.paste(e.Underlying()) })
	t.input.on("scroll", func(*dom.BasicEvent) { t.drawHint() })
	t.screen.on("click", func(e *dom.BasicEvent) {
		if js.Global().Call("getSelection").Call("toString").String() == "" {
			t.focus()
		}
	})
	root.find(".clear").on("click", func(*dom.BasicEvent) { p.dispatch(app.ClearConsole{Name: name}); t.focus() })
	t.stop.on("click", func(*dom.BasicEvent) { p.dispatch(app.Interrupt{Console: name}); t.focus() })
	t.close.on("click", func(*dom.BasicEvent) { p.dispatch(app.CloseConsole{Name: name}) })
	return t
}

func (t *terminal) release() {
	for _, n := range []*node{t.input, t.screen, t.stop, t.close} {
		n.release()
	}
	t.root.v.Call("remove")
}

func (t *terminal) focus() {
	t.input.v.Call("focus", map[string]any{"preventScroll": true})
}

func (t *terminal) line() string { return t.input.v.Get("value").String() }

func (t *terminal) setLine(s string) {
	t.input.v.Set("value", s)
	t.input.v.Call("setSelectionRange", len(s), len(s))
	t.drawHint()
}

func (t *terminal) model() *app.Console { return t.page.model.Console(t.name) }

func (t *terminal) submit(line string) {
	t.page.dispatch(app.Submit{Console: t.name, Line: line})
	if c := t.model(); c != nil {
		lines := c.CLI.History().Lines()
		store("everysec.history", strings.Join(lines[max(0, len(lines)-100):], "\n"))
	}
}

func (t *terminal) key(e js.Value) {
	c := t.model()
	if c == nil || e.Get("isComposing").Bool() {
		return
	}
	control := e.Get("ctrlKey").Bool() && !e.Get("altKey").Bool() && !e.Get("metaKey").Bool()
	handled := true
	switch key := e.Get("key").String(); {
	case key == "Enter":
		line := t.line()
		t.setLine("")
		t.offered = nil
		t.submit(line)
		t.screen.v.Set("scrollTop", t.screen.v.Get("scrollHeight"))
	case key == "ArrowUp" || control && key == "p":
		t.setLine(c.CLI.History().Up(t.line()))
	case key == "ArrowDown" || control && key == "n":
		t.setLine(c.CLI.History().Down(t.line()))
	case key == "Tab" && !e.Get("shiftKey").Bool():
		handled = t.complete(c)
	case control && key == "c":
		// Ctrl-C copies when something is selected.
		if js.Global().Call("getSelection").Call("toString").String() != "" {
			return
		}
		t.setLine("")
		t.page.dispatch(app.Interrupt{Console: t.name})
	case control && key == "l":
		t.page.dispatch(app.ClearConsole{Name: t.name})
	case control && key == "u":
		t.setLine("")
	case control && key == "a":
		t.input.v.Call("setSelectionRange", 0, 0)
	case control && key == "e":
		n := len(t.line())
		t.input.v.Call("setSelectionRange", n, n)
	default:
		handled = false
	}
	if handled {
		e.Call("preventDefault")
	}
}

// complete goes through what Tab offers. With nothing typed, or nothing to
// offer, Tab leaves the line as it does everywhere.
func (t *terminal) complete(c *app.Console) bool {
	if t.offered == nil {
		t.offerFrom = t.line()
		if strings.TrimSpace(t.offerFrom) == "" {
			return false
		}
		t.offered = c.CLI.Commands.Complete(t.offerFrom)
		t.offer = -1
		if len(t.offered) == 0 {
			t.offered = nil
			return false
		}
	}
	t.offer = (t.offer + 1) % (len(t.offered) + 1)
	line := t.offerFrom // after the last offer, what was typed
	if t.offer < len(t.offered) {
		line = t.offered[t.offer]
	}
	keep := t.offered
	t.setLine(line)
	t.offered = keep
	return true
}

// paste enters all lines but the last.
func (t *terminal) paste(e js.Value) {
	text := strings.ReplaceAll(e.Get("clipboardData").Call("getData", "text").String(), "\r", "")
	if !strings.Contains(text, "\n") {
		return
	}
	e.Call("preventDefault")
	lines := strings.Split(text, "\n")
	lines[0] = t.line() + lines[0]
	for _, line := range lines[:len(lines)-1] {
		if strings.TrimSpace(line) != "" {
			t.submit(line)
		}
	}
	t.setLine(lines[len(lines)-1])
}

func (t *terminal) drawHint() {
	c, line := t.model(), t.line()
	if c == nil {
		return
	}
	hint := c.CLI.Hint(line)
	// A line that has been scrolled sideways has no room behind it.
	if hint != "" && t.input.v.Get("scrollLeft").Int() > 0 {
		hint = ""
	}
	t.ghost.setText(line)
	t.hint.setText(hint)
}

func (c *consoles) draw(p *Page, dirty app.Part) {
	if dirty&app.PartConsoles != 0 {
		c.match(p)
		for _, t := range c.open {
			t.draw()
		}
	}
	if p.every(6) {
		for _, t := range c.open {
			t.drawWaiting()
		}
	}
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
			c.root.v.Call("insertBefore", root.v, c.more.v)
			c.open = append(c.open, bindTerminal(p, root, console.Name))
		}
	}
	for _, t := range c.open {
		t.close.show(len(c.open) > 1)
	}
	c.more.show(len(m.Consoles) < app.MaxConsoles)
}

var blockClasses = [...]string{"line", "reply", "failure", "pushed", "note", "help"}

func (t *terminal) draw() {
	c := t.model()
	if c == nil {
		return
	}
	if t.generation != c.Generation {
		t.generation, t.shown = c.Generation, 0
		t.log.empty()
	}
	s := t.screen.v
	stick := s.Get("scrollHeight").Int()-s.Get("scrollTop").Int()-s.Get("clientHeight").Int() < 40
	if t.shown < c.Dropped {
		// What scrolled out of the model leaves the page as well.
		for n := min(c.Dropped-t.shown, t.log.v.Get("childElementCount").Int()); n > 0 && t.log.v.Get("childElementCount").Int() > len(c.Blocks); n-- {
			t.log.v.Get("firstElementChild").Call("remove")
		}
		t.shown = max(t.shown, c.Dropped)
	}
	for ; t.shown < c.Dropped+len(c.Blocks); t.shown++ {
		b := c.Blocks[t.shown-c.Dropped]
		line := create("div", blockClasses[b.Kind])
		if b.Kind == console.Typed {
			line.add(create("span", "prompt").setText(b.Prompt), create("span", "typed").setText(b.Text))
		} else {
			line.setText(b.Text)
		}
		t.log.add(line)
	}
	for excess := t.log.v.Get("childElementCount").Int() - len(c.Blocks); excess > 0; excess-- {
		t.log.v.Get("firstElementChild").Call("remove")
	}
	t.prompt.setText(c.CLI.Prompt())
	if stick {
		s.Set("scrollTop", s.Get("scrollHeight"))
	}
	t.drawHint()
	t.drawWaiting()
}

func (t *terminal) drawWaiting() {
	c := t.model()
	if c == nil {
		return
	}
	m := t.page.model
	flags, state := "", ""
	switch {
	case c.Frozen:
		state = "frozen"
		flags = "frozen, as in a long garbage collection"
		if n := c.Held(); n > 0 {
			flags += "; " + app.Plural(int64(n), "command waits", "commands wait")
		}
	case !c.CLI.Connected():
		flags = "not connected"
	}
	busy := c.CLI.Busy()
	switch {
	case !busy:
		t.busySince = 0
	case t.busySince == 0:
		t.busySince = m.Wall
	}
	waited := busy && m.Wall-t.busySince > 200_000
	if waited {
		state = "busy"
		name, since := c.CLI.Running()
		text := "MONITOR shows what the server runs. Ctrl-C ends it."
		if name != "" {
			text = "waiting for the reply to " + strings.ToUpper(name) + ", " + app.Age((m.Now()/1000-since)*1000)
		}
		if n := c.CLI.Waiting(); n > 0 {
			text += "; " + app.Plural(int64(n), "line", "lines") + " typed ahead"
		}
		t.waiting.setText(text)
		t.prompt.setText("")
	} else if !busy {
		t.prompt.setText(c.CLI.Prompt())
	}
	t.waiting.show(waited)
	t.stop.show(waited || strings.Contains(c.CLI.Prompt(), "(subscribed"))
	t.flags.setText(flags)
	t.root.set("data-state", state)
}
