//go:build js && wasm

package view

import (
	"slices"
	"strconv"
	"syscall/js"

	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/app/timeline"
	"everysec/web/chart"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// timePanel is engine time: it is held, stepped, hurried, and looked back on.
type timePanel struct {
	line timeline.Line
	load func() // looks at a file that was chosen, in the next frame

	clock                          *node // what only the present has
	pause, step, stepped, speed    *node
	canvas                         *canvas
	slider, earlier, later         *node
	where, what, warning, progress *node
	back, branch                   *node
	keeps, undo                    *node
	outlives, kept, forget         *node
	rows                           []keptRow

	strip, stripText *node // above the page, while it shows the past
	marked           bool
	drawn            drawnMoments
	refreshed        int64
}

// drawnMoments is what the picture shows.
type drawnMoments struct {
	number, last, w int64
	theme           chart.Theme
}

// momentRows are the rows of the picture.
var momentRows = [...]struct {
	label string
	kinds bridge.Kinds
}{
	{"commands", bridge.MomentCommands},
	{"fsync", bridge.MomentSynced},
	{"snapshot", bridge.MomentSaved},
	{"keys gone", bridge.MomentGone},
	{"server", bridge.MomentDown | bridge.MomentUp},
}

func button(text, title string, click func()) *node {
	b := create("button", "").say(text).set("type", "button")
	if title != "" {
		b.set("title", words.Say(title))
	}
	b.on("click", func(*dom.BasicEvent) { click() })
	return b
}

// theTimePanel has the run; the panel of files saves and opens it, too.
var theTimePanel = &timePanel{}

func (t *timePanel) connect(p *Page) {
	t.line.Do, t.line.Dispatch = p.dispatcher.Perform, p.dispatch
}

func (t *timePanel) build(p *Page, box *node) {
	t.connect(p)
	t.strip = create("div", "past").set("role", "status").set("id", "past")
	t.stripText = create("p", "")
	t.strip.add(
		t.stripText,
		button("◀", "Earlier", func() { t.line.Want(p.model, t.line.Wanted()-1) }).set("aria-label", words.Say("Earlier")),
		button("▶", "Later", func() { t.line.Want(p.model, t.line.Wanted()+1) }).set("aria-label", words.Say("Later")),
		button("Back to now", "", func() { t.line.Back(p.model) }),
	)
	t.strip.show(false)
	document.Get("body").Call("insertBefore", t.strip.v, document.Call("querySelector", "main"))
	t.buildClock(p, box)
	t.buildRun(p, box)
	t.buildKept(p, box)
	t.buildFile(p, box)
}

func (t *timePanel) buildClock(p *Page, box *node) {
	t.pause = button("Stop time", "Engine time stands still: timers, times to live, the fsync of everysec", func() {
		p.dispatch(app.ClockPause{Paused: !p.model.Host.Paused})
	}).set("id", "time-pause")
	t.step = button("Next event", "Time goes on to the next thing that it brings", func() { t.line.Step() }).set("id", "time-step")
	row := create("p", "buttons").add(t.pause, t.step)
	for _, jump := range [...]struct {
		text   string
		micros int64
	}{{"+1 s", 1_000_000}, {"+30 s", 30_000_000}, {"+10 min", 600_000_000}, {"+1 h", 3600_000_000}, {"+1 d", 86400_000_000}} {
		row.add(button(jump.text, "Forward at once; what falls due meanwhile happens", func() { p.dispatch(app.ClockAdvance{Micros: jump.micros}) }))
	}
	t.speed = create("select", "").set("id", "time-speed")
	for _, factor := range [...]string{"0.1", "1", "2", "5", "10", "20", "50", "100"} {
		t.speed.add(create("option", "").setText(factor+"×").set("value", factor))
	}
	t.speed.on("change", func(*dom.BasicEvent) {
		if f, err := strconv.ParseFloat(t.speed.v.Get("value").String(), 64); err == nil {
			p.dispatch(app.ClockSpeed{Factor: f})
		}
	})
	t.stepped = create("p", "aside").set("role", "status").set("id", "time-stepped")
	t.clock = create("fieldset", "bare").set("aria-label", words.Say("Engine time"))
	t.clock.add(row, create("p", "").add(create("label", "").setText(words.Say("Speed")+" ").add(t.speed)))
	box.add(t.clock, t.stepped)
}

func (t *timePanel) buildRun(p *Page, box *node) {
	labels := create("div", "labels").set("aria-hidden", "true")
	for _, row := range momentRows {
		labels.add(create("span", "").say(row.label))
	}
	picture := create("canvas", "").set("aria-hidden", "true")
	t.canvas = newCanvas(picture)
	picture.on("click", func(e *dom.BasicEvent) {
		part := e.Underlying().Get("offsetX").Float() / max(picture.v.Get("clientWidth").Float(), 1)
		t.line.Want(p.model, int64(part*float64(t.line.Moment.Last+1)))
	})
	t.slider = create("input", "").set("type", "range").set("min", "0").set("id", "time-slider").set("aria-label", words.Say("Moment of the run"))
	t.slider.on("input", func(*dom.BasicEvent) {
		if n, err := strconv.ParseInt(t.slider.v.Get("value").String(), 10, 64); err == nil {
			t.line.Want(p.model, n)
		}
	})
	t.earlier = button("◀ Earlier", "The moment before", func() { t.line.Want(p.model, t.line.Wanted()-1) }).set("id", "time-earlier")
	t.later = button("Later ▶", "The moment after", func() { t.line.Want(p.model, t.line.Wanted()+1) }).set("id", "time-later")
	t.back = button("Back to now", "", func() { t.line.Back(p.model) }).set("id", "time-back")
	t.branch = button("Go on from here", "This moment becomes the present; the run that is left is kept, and can be gone back to", func() { t.line.Branch() }).set("id", "time-branch")
	t.where = create("p", "where").set("id", "time-where")
	t.what = create("p", "what").set("id", "time-what")
	t.warning = create("p", "warning")
	t.progress = create("progress", "").set("max", "1").set("aria-label", words.Say("Playing the run"))
	box.add(
		create("h3", "").say("Back in this run"),
		create("div", "moments").add(labels, picture, t.slider),
		create("p", "buttons").add(t.earlier, t.later, t.back, t.branch),
		t.where, t.what, t.warning, t.progress,
	)
}

// keptRow is a run that was kept.
type keptRow struct {
	id           string
	title, about *node
}

func (t *timePanel) buildKept(p *Page, box *node) {
	t.outlives = create("p", "aside").set("id", "time-outlives").set("tabindex", "-1")
	t.kept = create("ul", "kept").set("id", "time-kept")
	t.forget = button("Forget them all", "", func() { t.forgets(t.line.Kept.Runs...) }).set("id", "time-forget")
	box.add(
		create("h3", "").say("Earlier runs"), t.outlives, t.kept,
		create("p", "actions").add(t.forget),
	)
}

// forgets leaves the keyboard where it finds what is left.
func (t *timePanel) forgets(runs ...bridge.KeptRun) {
	t.line.Forget(runs...)
	t.outlives.v.Call("focus")
}

func (t *timePanel) drawKept(wall int64) {
	t.outlives.setText(t.line.Outlives())
	runs := t.line.Kept.Runs
	t.kept.show(len(runs) > 0)
	t.forget.show(len(runs) > 1)
	if !slices.EqualFunc(t.rows, runs, func(row keptRow, k bridge.KeptRun) bool { return row.id == k.ID }) {
		t.rows = t.rows[:0]
		t.kept.empty()
		for _, k := range runs {
			row := keptRow{k.ID, create("strong", ""), create("span", "")}
			act := func(text string, does func()) *node {
				return button(text, "", does).set("aria-label", words.Say(text)+": "+app.Clock(k.Ended))
			}
			t.kept.add(create("li", "").set("data-run", k.ID).add(row.title, row.about, create("p", "buttons").add(
				act("Look at it", func() { t.line.LookAt(k) }),
				act("Save it", func() { t.line.SaveKept(k) }),
				act("Forget it", func() { t.forgets(k) }),
			)))
			t.rows = append(t.rows, row)
		}
	}
	for i, row := range t.rows {
		row.title.setText(t.line.Title(i))
		row.about.setText(t.line.About(i, wall))
	}
}

func (t *timePanel) buildFile(p *Page, box *node) {
	t.keeps = create("p", "aside")
	t.undo = button("Back to the run before", "The run that was left when a moment became the present", func() { t.line.Undo() }).set("id", "time-undo")
	box.add(create("h3", "").say("The run as a file"), t.keeps)
	save, look := t.runFile(p)
	save.set("id", "time-save")
	look.find("input").set("id", "time-load")
	box.add(create("p", "actions").add(save, look, t.undo))
}

// runFile is what saves the run, and what opens a saved one: in this panel and in
// that of the files.
func (t *timePanel) runFile(p *Page) (save, look *node) {
	save = button("Save the run", "A file with everything that came in; played again it gives the same bytes", func() { t.line.Save() })
	upload := create("input", "sr").set("type", "file").set("accept", ".everysec")
	p.upload(upload, func(name string, data []byte) {
		t.load = func() { t.line.Load(name, data) }
		if open := p.panels.open; open == nil || open.body != panelBody(t) {
			p.panels.show(p, "time")
		}
	})
	return save, create("label", "button").say("Look at a run from a file…").add(upload)
}

// refresh is how often the run is gone through up to now, in microseconds.
const refresh = 2_000_000

func (t *timePanel) draw(p *Page, dirty app.Part) {
	m, l := p.model, &t.line
	l.Check(m)
	if t.load != nil {
		t.load()
		t.load, t.refreshed = nil, m.Wall
	} else if dirty == app.PartAll || !l.Past && m.Wall-t.refreshed > refresh {
		t.refreshed = m.Wall
		if !l.Past {
			l.Open()
		}
	}
	t.clock.disable(l.Past)
	t.pause.set("aria-pressed", strconv.FormatBool(m.Host.Paused && !l.Past))
	if m.Host.Speed > 0 {
		t.speed.property("value", strconv.FormatFloat(m.Host.Speed, 'g', -1, 64))
	}
	if l.Stepped != "" {
		t.stepped.setText(words.Say("The last step: {what}.", l.Stepped))
	}
	last := strconv.FormatInt(l.Moment.Last, 10)
	t.slider.set("max", last)
	if l.Known {
		t.slider.property("value", strconv.FormatInt(l.Wanted(), 10))
	}
	where := l.Where()
	t.where.setText(where)
	t.what.setText(l.What())
	t.slider.set("aria-valuetext", where+": "+l.What())
	t.warning.setText(words.Heard(l.Moment.Warning))
	t.progress.show(l.Played > 0 && l.Played < 1)
	t.progress.property("value", strconv.FormatFloat(l.Played, 'g', 3, 64))
	t.earlier.disable(!l.Known || l.Moment.Number <= 0)
	t.later.disable(!l.Past || l.Moment.Number >= l.Moment.Last)
	t.back.disable(!l.Past)
	t.branch.disable(!l.Past)
	t.undo.show(l.Run.Before)
	t.keeps.setText(l.Keeps())
	t.drawKept(m.Wall)
	t.markPast(p, where)
	t.drawMoments(p)
}

// markPast says over the whole page that it shows the past; panels.css takes
// away what only works in the present.
func (t *timePanel) markPast(p *Page, where string) {
	if t.line.Past {
		t.stripText.setText(words.Say("The past: {where}", where))
	}
	if t.marked == t.line.Past {
		return
	}
	t.marked = t.line.Past
	t.strip.show(t.marked)
	tabindex := "-1"
	if t.marked {
		p.body.set("data-past", "")
		tabindex = "0" // a screen without its line is scrolled all the same
	} else {
		p.body.unset("data-past")
	}
	for _, screen := range p.body.all(".screen") {
		screen.set("tabindex", tabindex)
	}
}

func (t *timePanel) drawMoments(p *Page) {
	l := &t.line
	if !t.canvas.fit() {
		return
	}
	shows := drawnMoments{l.Moment.Number, l.Moment.Last, int64(t.canvas.w), p.keyspace.theme}
	if t.drawn == shows {
		return
	}
	t.drawn = shows
	pieces := make([]uint8, len(l.Marks))
	for i, kinds := range l.Marks {
		for row := range momentRows {
			if kinds&momentRows[row].kinds != 0 {
				pieces[i] |= 1 << row
			}
		}
	}
	theme := p.keyspace.theme
	colors := []chart.Color{theme.Ink, theme.State[2], theme.State[3], theme.Faint, theme.Ink}
	at := float64(l.Moment.Number) / float64(l.Moment.Last+1) * float64(len(pieces))
	chart.Moments(&t.canvas.image, theme, t.canvas.scale, pieces, colors, at)
	t.canvas.put(0, t.canvas.image.H)
}

// closed is the end of looking back.
func (t *timePanel) closed(p *Page) {
	t.line.Close(p.model)
	t.markPast(p, "")
}

// lookAtPast opens a file as it was.
func (p *Page) lookAtPast(name string) {
	payload := bridge.Record(nil).Byte(uint8(bridge.OpReadFile)).Bytes(bridge.Record(nil).String(name))
	p.perform(app.Control{Op: bridge.OpRunAsk, Payload: payload, Then: func(_ *app.Model, data []byte) {
		content, err := bridge.ReadFileContent(data)
		if err != nil {
			return
		}
		b := js.Global().Get("Uint8Array").New(len(content.Data))
		js.CopyBytesToJS(b, content.Data)
		js.Global().Call("everysecLook", []any{js.Global().Get("File").New([]any{b}, name)})
	}})
}
