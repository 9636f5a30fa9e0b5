//go:build js && wasm

package view

import (
	"strconv"
	"strings"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/console"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// terminal is one console on the page.
type terminal struct {
	name string
	page *Page

	root, title, flags, stop, wake, close *node
	screen, log, entry, prompt, waiting   *node
	input, ghost, hint, offers            *node
	options                               options
	about                                 about
	listening                             []*node // whose listeners end with the console

	shown, generation int // blocks drawn so far, of the model's count
	seen              int // blocks that were on the screen
	lines             []*line
	busySince         int64
	reading           bool // a large reply, a slice in each frame
	waits             bool // what is waited for is told

	completion completion
	spent      bool // Tab had nothing to offer
	inquired   bool // the engine has been asked about the parameters in the line
	search     *console.Search
	draft      string // the line before the search
}

// line is a drawn block.
type line struct {
	root, timing *node
	fold         *fold
	text         string // of a fold
}

func bindTerminal(p *Page, root *node, name string) *terminal {
	t := &terminal{name: name, page: p, root: root}
	t.title = root.find(".name")
	t.flags, t.stop, t.wake, t.close = root.find(".flags"), root.find(".stop"), root.find(".wake"), root.find(".close")
	t.screen, t.log, t.entry, t.prompt = root.find(".screen"), root.find(".log"), root.find(".entry"), root.find(".prompt")
	t.waiting, t.input, t.offers = root.find(".waiting"), root.find(".entry input"), root.find(".offers")
	t.ghost, t.hint = root.find(".ghost .typed"), root.find(".ghost .hint")
	root.set("data-console", name)

	t.on(t.input, "keydown", func(e js.Value) {
		if t.key(e) {
			e.Call("preventDefault")
		}
	})
	t.on(t.input, "input", func(js.Value) { t.edited() })
	t.on(t.input, "paste", t.paste)
	t.on(t.input, "scroll", func(js.Value) { t.drawHint() })
	t.on(t.screen, "click", func(js.Value) {
		if selection() == "" {
			t.focus()
		}
	})
	t.on(t.log, "click", t.unfold)
	t.on(root.find(".clear"), "click", func(js.Value) { p.dispatch(app.ClearConsole{Name: name}); t.focus() })
	t.on(t.stop, "click", func(js.Value) { p.dispatch(app.Interrupt{Console: name}); t.focus() })
	t.on(t.wake, "click", func(js.Value) { p.dispatch(app.PauseClient{Name: name}); t.focus() })
	t.on(t.close, "click", func(js.Value) { p.dispatch(app.CloseConsole{Name: name}) })
	// The row of keys that phones lack. The line keeps the focus, or the
	// keyboard would go.
	keys := root.find(".keys")
	t.on(keys, "pointerdown", func(e js.Value) { e.Call("preventDefault") })
	t.on(keys, "click", func(e js.Value) { t.pressed(e) })
	t.options.bind(t)
	t.about.bind(t)
	return t
}

func (t *terminal) on(n *node, event string, listener func(e js.Value)) {
	n.on(event, func(e *dom.BasicEvent) {
		if t.model() != nil { // it is closed, and stands on the screen until the next frame
			listener(e.Underlying())
		}
	})
	t.listening = append(t.listening, n)
}

func (t *terminal) release() {
	for _, n := range t.listening {
		n.release()
	}
	t.root.v.Call("remove")
}

func selection() string { return js.Global().Call("getSelection").Call("toString").String() }

func (t *terminal) focus() {
	t.input.v.Call("focus", map[string]any{"preventScroll": true})
}

// say tells those who listen instead of looking.
func (t *terminal) say(text string) { t.page.consoles.heard.v.Set("textContent", text) }

func (t *terminal) model() *app.Console { return t.page.model.Console(t.name) }

func (t *terminal) submit(line string) {
	t.page.dispatch(app.Submit{Console: t.name, Line: line, At: wall()})
}

var blockClasses = [...]string{"line", "reply", "failure", "pushed", "note", "help", "line"}

func (t *terminal) draw() {
	c := t.model()
	if c == nil {
		return
	}
	if t.generation != c.Generation {
		t.generation, t.shown, t.lines = c.Generation, 0, nil
		t.log.empty()
	}
	stick := t.atEnd()
	if fresh := c.Dropped + len(c.Blocks) - t.shown; fresh > inHurry {
		// Nobody reads what rushes by: what stands above the newest lines is drawn
		// when there is time.
		t.log.empty()
		t.shown, t.lines = t.shown+fresh-inHurry, nil
	}
	// What scrolled out of the model leaves the page as well.
	for gone := c.Dropped - (t.shown - len(t.lines)); gone > 0 && len(t.lines) > 0; gone-- {
		t.lines[0].root.v.Call("remove")
		t.lines = t.lines[1:]
	}
	t.shown = max(t.shown, c.Dropped)
	if fresh := c.Blocks[t.shown-c.Dropped:]; len(fresh) > 0 {
		if said := app.Spoken(fresh); said != "" {
			if len(t.page.model.Consoles) > 1 {
				said = c.Title() + ": " + said
			}
			t.say(said)
		}
	}
	for ; t.shown < c.Dropped+len(c.Blocks); t.shown++ {
		l := t.drawn(&c.Blocks[t.shown-c.Dropped])
		t.lines = append(t.lines, l)
		t.log.add(l.root)
	}
	// The engine's measure comes behind the reply.
	for i := max(0, len(t.lines)-64); i < len(t.lines); i++ {
		if text := c.Blocks[len(c.Blocks)-len(t.lines)+i].Timing; text != "" {
			l := t.lines[i]
			if l.timing == nil {
				l.timing = create("div", "timing")
				l.root.v.Call("after", l.timing.v)
			}
			l.timing.setText(text)
		}
	}
	t.drawState()
	if stick {
		t.toEnd()
	}
	t.drawHint()
}

// atEnd tells whether the line can be seen, toEnd brings it into view.
func (t *terminal) atEnd() bool {
	s := t.screen.v
	return s.Get("scrollHeight").Int()-s.Get("scrollTop").Int()-s.Get("clientHeight").Int() < 40
}

func (t *terminal) toEnd() { t.screen.v.Set("scrollTop", t.screen.v.Get("scrollHeight")) }

// inHurry is how many lines are drawn at once.
const inHurry = 100

// catchUp draws some of what was left out in a hurry, and tells whether that was any.
func (t *terminal) catchUp() bool {
	c := t.model()
	if c == nil || t.generation != c.Generation {
		return false
	}
	missing := min(t.shown-len(t.lines)-c.Dropped, inHurry)
	if missing <= 0 {
		return false
	}
	stick := t.atEnd()
	first := len(c.Blocks) - (c.Dropped + len(c.Blocks) - t.shown) - len(t.lines)
	lines := make([]*line, 0, missing+len(t.lines))
	above := wrap(document.Call("createDocumentFragment"))
	for i := first - missing; i < first; i++ {
		l := t.drawn(&c.Blocks[i])
		lines = append(lines, l)
		above.add(l.root)
	}
	t.lines = append(lines, t.lines...)
	t.log.v.Call("prepend", above.v)
	if stick {
		t.toEnd()
	}
	return true
}

func (t *terminal) drawn(b *app.Block) *line {
	l := &line{root: create("div", blockClasses[b.Kind])}
	switch {
	case b.Kind == console.Typed, b.Kind == console.Answered:
		l.root.add(create("span", "prompt").setText(b.Prompt), create("span", "typed").setText(b.Text))
	case b.Long != nil, long(b.Text):
		l.fold = newFold(t.page, l.root, b)
		l.text = b.Text
	default:
		l.root.setText(b.Text)
	}
	return l
}

// drawState draws what surrounds the log: the prompt, and what is waited for.
func (t *terminal) drawState() {
	c := t.model()
	if c == nil {
		return
	}
	m := t.page.model
	title := c.Title()
	t.title.setText(title)
	t.root.set("aria-label", words.Say("Console {name}", title))
	sign(t.options.sign, c.Sign)
	if t.search == nil {
		t.input.set("aria-label", words.Say("Command for {name}", title))
	}
	flags, state, frozen := "", "", ""
	switch {
	case c.Frozen:
		flags, state = words.Say("frozen"), "frozen"
		frozen = words.Say("frozen, as in a long garbage collection")
		if c.FrozenUntil != 0 {
			frozen = words.Say("frozen for another {time} of engine time", app.Age(max(0, c.FrozenUntil-m.Now())))
		}
		if n := c.Held(); n > 0 {
			frozen += "; " + words.Many(int64(n), "{n} command waits|{n} commands wait")
		}
		if n := c.Unread(); n > 0 {
			frozen += "; " + words.Say("{size} unread", app.Bytes(int64(n)))
		}
	case !c.CLI.Connected():
		flags = words.Say("not connected")
	}
	if _, reading := c.CLI.Reading(); reading != t.reading {
		if t.reading = reading; reading {
			t.log.set("aria-busy", "true")
		} else {
			t.log.unset("aria-busy")
		}
	}
	busy := c.CLI.Busy()
	switch {
	case !busy:
		t.busySince = 0
	case t.busySince == 0:
		t.busySince = m.Wall
	}
	waited := !c.Frozen && busy && m.Wall-t.busySince > 200_000
	switch {
	case c.Frozen:
		t.waiting.setText(frozen)
	case waited:
		state = "busy"
		name, since := c.CLI.Running()
		text, waits := words.Say("MONITOR shows what the server runs. Ctrl-C ends it."), m.Now()/1000-since
		if name != "" {
			text = words.Say("waiting for the reply to {command}, {time}", strings.ToUpper(name), app.Age(waits*1000))
		}
		if n := c.CLI.Waiting(); c.Pasted() && name != "" && waits < 1000 {
			text = words.Many(int64(n), "{n} pasted line is still to run|{n} pasted lines are still to run")
		} else if n > 0 {
			text += "; " + words.Many(int64(n), "{n} line typed ahead|{n} lines typed ahead")
		}
		t.waiting.setText(text)
		t.prompt.setText("")
	case t.search != nil:
		t.prompt.setText(searchPrompt)
	default:
		t.prompt.setText(c.CLI.Prompt())
	}
	if waits := waited || c.Frozen; waits != t.waits {
		stick := t.atEnd()
		t.waits = waits
		t.waiting.show(waits)
		if stick {
			t.toEnd()
		}
	}
	t.stop.show(waited || !c.Frozen && c.CLI.Listening())
	t.wake.show(c.Frozen)
	t.flags.setText(flags)
	t.root.set("data-state", state)
	t.options.draw(c)
}

// unfold answers the buttons of long replies.
func (t *terminal) unfold(e js.Value) {
	target := e.Get("target")
	act := target.Get("name")
	if act.Type() != js.TypeString {
		return
	}
	for _, l := range t.lines {
		if l.fold == nil || !l.root.v.Call("contains", target).Bool() {
			continue
		}
		then := func() {
			if l.fold.done() {
				t.screen.v.Call("focus", map[string]any{"preventScroll": true})
			}
		}
		switch act.String() {
		case "more":
			l.fold.more(moreLines, t.log, then)
		case "all":
			l.fold.more(1<<30, t.log, then)
		case "copy":
			l.fold.copy(l.text, t.say)
		}
		return
	}
}

// options are what can be set for a console, behind its menu button.
type options struct {
	sign, button, panel                    *node
	output, protocol, timing, label, pause *node
}

var outputFlags = [...]string{"--no-raw", "--raw", "--csv", "--json", "--quoted-json"}

func (o *options) bind(t *terminal) {
	root := t.root
	o.sign, o.button, o.panel = root.find(".sign"), root.find(".menu"), root.find(".options")
	o.output, o.protocol, o.timing = root.find("select.output"), root.find("select.protocol"), root.find("input.timing")
	o.label, o.pause = root.find("input.label"), root.find("select.pause")
	p, name := t.page, t.name
	t.on(o.button, "click", func(js.Value) {
		open, stick := o.panel.v.Get("hidden").Bool(), t.atEnd()
		o.panel.show(open)
		if stick {
			t.toEnd()
		}
		o.button.set("aria-expanded", strconv.FormatBool(open))
	})
	typed := func(n *node) {
		t.on(n, "change", func(js.Value) { t.submit(n.v.Get("value").String()) })
	}
	typed(o.output)
	typed(o.protocol)
	t.on(o.timing, "change", func(js.Value) {
		p.dispatch(app.TimeCommands{Name: name, On: o.timing.v.Get("checked").Bool()})
	})
	t.on(o.label, "change", func(js.Value) {
		p.dispatch(app.RenameConsole{Name: name, Label: o.label.v.Get("value").String()})
	})
	t.on(root.find(".freeze"), "click", func(js.Value) {
		s, _ := strconv.Atoi(o.pause.v.Get("value").String())
		p.dispatch(app.PauseClient{Name: name, Micros: int64(s) * 1_000_000})
	})
	t.on(root.find(".kill"), "click", func(js.Value) { p.dispatch(app.KillClient{Name: name}); t.focus() })
	t.on(root.find(".copy"), "click", func(js.Value) {
		text := t.model().Transcript()
		p.copying(func(dst []byte) ([]byte, float64, bool) {
			dst = text.Append(dst, 256<<10)
			return dst, text.Part(), text.Done()
		}, t.say)
	})
}

func (o *options) draw(c *app.Console) {
	if o.panel.v.Get("hidden").Bool() {
		return
	}
	o.output.property("value", outputFlags[c.CLI.Output()])
	o.protocol.property("value", "-"+strconv.Itoa(c.CLI.Protocol()))
	if !o.label.v.Call("matches", ":focus").Bool() {
		o.label.property("value", c.Title())
	}
}

// about says what the command in the line does (F1).
type about struct {
	button, panel *node
	line          string
}

func (a *about) bind(t *terminal) {
	a.button, a.panel = t.root.find(".about"), t.root.find(".about-text")
	t.on(a.button, "click", func(js.Value) { a.toggle(t); t.focus() })
}

func (a *about) open() bool { return a.button.attrs["aria-expanded"] == "true" }

func (a *about) toggle(t *terminal) {
	open := !a.open()
	a.panel.show(open)
	a.button.set("aria-expanded", strconv.FormatBool(open))
	a.line = "\x00"
	a.draw(t)
	t.toEnd()
	if open {
		t.say(a.panel.v.Get("innerText").String())
	}
}

func (a *about) draw(t *terminal) {
	c, text := t.model(), t.line()
	if c == nil || !a.open() || a.line == text {
		return
	}
	a.line = text
	a.panel.empty()
	d, ok := c.CLI.Commands.Doc(text)
	if !ok {
		a.panel.add(create("p", "").say("Type a command, and what it does is told here. F1 closes this; help @string lists the commands of a group."))
		return
	}
	facts := create("dl", "")
	fact := func(name, value string) {
		if value != "" {
			facts.add(create("div", "").add(create("dt", "").say(name), create("dd", "").setText(value)))
		}
	}
	fact("complexity", d.Complexity)
	fact("since", d.Since)
	fact("group", d.Group)
	fact("deprecated since", d.Deprecated)
	fact("subcommands", strings.Join(d.Subcommands, ", "))
	for _, h := range d.History {
		fact(h.Since, strings.ReplaceAll(h.Text, "`", ""))
	}
	a.panel.add(create("code", "").setText(d.Syntax), create("p", "").setText(d.Summary), facts)
}
