//go:build js && wasm

package view

import (
	"strconv"
	"syscall/js"

	"everysec/lessons"
	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// lesson brings the text to life: its text is in index.html since before any
// program ran, and only states are written into it here.
type lesson struct {
	root, progress *node
	steps          map[string]*node // links in the top line
	sections       []*node
	transcripts    map[string]*transcript
	checks         map[string]*check
	quizzes        map[string]*quiz
	measures       map[string][]*node
	guesses        map[string]*guess
	scrolled       bool
}

type transcript struct {
	root, button *node
	words        string // on the button
	lines        []*node
}

type guess struct {
	labels, inputs []*node
	skip, outcome  *node
}

type check struct {
	root, button, verdict *node
	items, saw            []*node
}

type quiz struct {
	score     *node
	questions []question
}

type question struct {
	labels, inputs []*node
	explain        *node
}

func (l *lesson) bind(p *Page) {
	l.root, l.progress = byID("lesson"), byID("progress")
	l.steps, l.transcripts = map[string]*node{}, map[string]*transcript{}
	l.checks, l.quizzes, l.measures = map[string]*check{}, map[string]*quiz{}, map[string][]*node{}
	l.guesses = map[string]*guess{}
	for _, a := range p.body.all("#steps a") {
		l.steps[a.data("step")] = a
		a.on("click", func(*dom.BasicEvent) { p.tab("lesson") })
	}
	l.sections = l.root.all("section.step")
	for _, n := range l.root.all(".transcript") {
		id := n.data("block")
		t := &transcript{root: n, button: n.find("button.run"), lines: n.all("li[data-line]")}
		t.words = t.button.v.Get("textContent").String()
		l.transcripts[id] = t
		t.button.on("click", func(*dom.BasicEvent) {
			p.dispatch(app.RunBlock{ID: id})
			if g := l.guesses[p.model.Lesson.Asked]; g != nil {
				g.inputs[0].v.Call("focus")
				return
			}
			if matches("(max-width: 760px)") {
				p.tab("work")
			}
		})
	}
	for _, n := range l.root.all("div.check") {
		id := n.data("block")
		c := &check{root: n, button: n.find("button.check"), verdict: n.find(".verdict"), items: n.all("li[data-item]")}
		for _, item := range c.items {
			saw := create("span", "saw")
			item.add(saw)
			c.saw = append(c.saw, saw)
		}
		l.checks[id] = c
		c.button.on("click", func(*dom.BasicEvent) { p.dispatch(app.CheckBlock{ID: id}) })
	}
	for _, n := range l.root.all("form.quiz") {
		id := n.data("block")
		q := &quiz{score: n.find(".score")}
		n.on("submit", func(e *dom.BasicEvent) { e.PreventDefault() })
		for i, f := range n.all("fieldset") {
			ask := question{labels: f.all("label"), inputs: f.all("input"), explain: f.find(".explain")}
			f.on("change", func(e *dom.BasicEvent) {
				p.dispatch(app.Choose{Block: id, Question: i, Choice: chosen(e)})
			})
			q.questions = append(q.questions, ask)
		}
		l.quizzes[id] = q
	}
	for _, n := range l.root.all(".predict") {
		id := n.data("block")
		g := &guess{labels: n.all("label"), inputs: n.all("input"), skip: n.find("button"), outcome: n.find(".outcome")}
		n.on("change", func(e *dom.BasicEvent) { p.dispatch(app.Guess{Block: id, Choice: chosen(e)}) })
		g.skip.on("click", func(*dom.BasicEvent) { p.dispatch(app.Guess{Block: id, Choice: app.Skipped}) })
		l.guesses[id] = g
	}
	for _, n := range l.root.all("[data-reset]") {
		n.on("click", func(*dom.BasicEvent) {
			p.dispatch(app.ResetStep{ID: n.data("reset")})
			l.goTo(n.data("reset"))
		})
	}
	for _, n := range l.root.all(".measure") {
		l.measures[n.data("block")] = n.all("dd")
	}
	l.root.on("scroll", func(*dom.BasicEvent) { l.scrolled = true })
	l.scrolled = true
	p.click("reset-lesson", func() app.Message {
		l.root.v.Set("scrollTop", 0)
		return app.ResetLesson{}
	})
	present := byID("present")
	html := wrap(document.Get("documentElement"))
	present.on("click", func(*dom.BasicEvent) {
		if html.v.Call("toggleAttribute", "data-present").Bool() {
			present.set("aria-pressed", "true")
		} else {
			present.set("aria-pressed", "false")
		}
	})
	wrap(document).on("keydown", func(e *dom.BasicEvent) { l.key(p, e.Underlying()) })
}

// chosen is the number of the radio button that an event is about.
func chosen(e *dom.BasicEvent) int {
	n, err := strconv.Atoi(e.Underlying().Get("target").Get("value").String())
	if err != nil {
		return app.Skipped
	}
	return n
}

// key goes to the next step by n and to the one before by p, as long as no
// field and nothing else that takes letters has the focus.
func (l *lesson) key(p *Page, e js.Value) {
	move := map[string]int{"n": 1, "p": -1}[e.Get("key").String()]
	if move == 0 || p.model.Lesson == nil || e.Get("ctrlKey").Bool() || e.Get("metaKey").Bool() || e.Get("altKey").Bool() ||
		e.Get("target").Get("closest").Truthy() && e.Get("target").Call("closest", "input:not([type=radio]), select, textarea, [role=application], [role=tree], .panel, .viewer").Truthy() {
		return
	}
	for i, s := range l.sections {
		if s.data("step") == p.model.Lesson.Step && i+move >= 0 && i+move < len(l.sections) {
			l.goTo(l.sections[i+move].data("step"))
			return
		}
	}
	if len(l.sections) > 0 && move > 0 {
		l.goTo(l.sections[0].data("step"))
	}
}

// goTo brings a step to the top, for eyes and for screen readers.
func (l *lesson) goTo(step string) {
	js.Global().Call("everysecToStep", step)
	byID(step+"-title").v.Call("focus", map[string]any{"preventScroll": true})
}

// resume scrolls to the step that was being read when the page was left, unless
// the address names one.
func (l *lesson) resume(m *app.Model) {
	if m.Lesson == nil || m.Lesson.Reached == "" || js.Global().Get("location").Get("hash").String() != "" {
		return
	}
	if len(l.sections) > 0 && l.sections[0].data("step") != m.Lesson.Reached {
		js.Global().Call("everysecToStep", m.Lesson.Reached, "instant")
	}
}

func (l *lesson) draw(p *Page, dirty app.Part) {
	m := p.model.Lesson
	if m == nil {
		return
	}
	if l.scrolled && p.every(6) {
		l.scrolled = false
		if id := l.visible(); id != "" {
			p.dispatch(app.EnterStep{ID: id})
			dirty |= p.model.Dirty & app.PartLesson
		}
	}
	if dirty&(app.PartLesson|app.PartQuiz) == 0 {
		return
	}
	for i := range m.Steps {
		s := &m.Steps[i]
		a := l.steps[s.ID]
		if a == nil {
			continue
		}
		state := ""
		if m.StepDone(s) {
			state = words.Say(", done")
		}
		a.class("done", state != "")
		a.find(".state").setText(state)
		if m.Step == s.ID {
			a.set("aria-current", "step")
		} else {
			a.unset("aria-current")
		}
	}
	right, answered, all := m.Score()
	done, steps := strconv.Itoa(m.Done()), strconv.Itoa(len(m.Steps))
	text := words.Say("{done} of {all} steps", done, steps)
	if answered > 0 {
		text = words.Say("{done} of {all} steps · quiz {right}/{questions}", done, steps, strconv.Itoa(right), strconv.Itoa(all))
	}
	l.progress.setText(text)
	for id, t := range l.transcripts {
		text := t.words
		switch {
		case m.Running == id:
			text = words.Say("Stop")
		case m.Unguessed(id) != "":
			text = words.Say("Predict first")
		}
		t.button.setText(text)
		t.root.class("veiled", m.Running != id && m.Veiled(id))
		states := m.Lines[id]
		for i, line := range t.lines {
			state := app.Unplayed
			if i < len(states) {
				state = states[i]
			}
			line.set("data-state", [...]string{"", "playing", "played", "differs"}[state])
		}
	}
	for id, c := range l.checks {
		c.draw(m.Verdict[id], m.Passed[id], m.Waiting[id] != 0)
	}
	for id, g := range l.guesses {
		g.draw(m, id)
	}
	for id, figures := range m.Figures {
		for i, n := range l.measures[id] {
			if i < len(figures) && figures[i] != "" {
				n.setText(figures[i])
			}
		}
	}
	for id, q := range l.quizzes {
		if block := m.Block(id); block != nil {
			q.draw(m, block)
		}
	}
}

// visible is the step that fills the reading height.
func (l *lesson) visible() string {
	top := l.root.v.Call("getBoundingClientRect")
	if top.Get("height").Float() == 0 {
		return ""
	}
	line := top.Get("top").Float() + top.Get("height").Float()*0.45
	if v := l.root.v; v.Get("scrollTop").Int()+v.Get("clientHeight").Int() > v.Get("scrollHeight").Int()-8 {
		line = top.Get("bottom").Float() // the last step may be too short to come up to there
	}
	id := ""
	for _, s := range l.sections {
		if s.v.Call("getBoundingClientRect").Get("top").Float() > line {
			break
		}
		id = s.data("step")
	}
	return id
}

func (g *guess) draw(m *app.Lesson, id string) {
	choice, made := m.Guessed[id]
	outcome, over := m.Outcome[id]
	for i, label := range g.labels {
		state := ""
		switch {
		case over && i == outcome.Right:
			state = "right"
		case over && i == choice:
			state = "wrong"
		}
		label.set("data-state", state)
		g.inputs[i].v.Set("checked", made && i == choice)
		g.inputs[i].v.Set("disabled", over)
	}
	g.skip.show(!over && !(made && choice == app.Skipped))
	text := ""
	switch {
	case !over && m.Asked == id:
		text = words.Say("Make your choice first, or say that you do not know.")
	case !over && made && choice == app.Skipped:
		text = words.Say("Then run it and see.")
	case !over && made:
		text = words.Say("Now run it.")
	case over && choice == outcome.Right:
		text = words.Say("As you predicted.")
	case over && made && choice != app.Skipped:
		text = words.Say("Not as you predicted.")
	}
	if over && outcome.Saw != "" {
		text += " " + words.Say("The server says: {reply}", cut(outcome.Saw, 80))
	}
	g.outcome.setText(text)
}

func (c *check) draw(verdicts []lessons.Verdict, passed, waiting bool) {
	c.root.class("passed", passed)
	for i, item := range c.items {
		state, saw := "", ""
		if i < len(verdicts) {
			state, saw = "failed", words.Say("now: {reply}", cut(verdicts[i].Saw, 60))
			if verdicts[i].Passed {
				state = "passed"
			}
		} else if passed {
			state = "passed"
		}
		item.set("data-state", state)
		c.saw[i].setText(saw)
	}
	switch {
	case lessons.Passed(verdicts):
		c.verdict.say("Done.")
	case waiting:
		c.verdict.say("Not yet; it is looked at again …")
	case len(verdicts) > 0:
		c.verdict.say("Not yet.")
	case passed:
		c.verdict.say("Done before.")
	default:
		c.verdict.setText("")
	}
}

func (q *quiz) draw(m *app.Lesson, block *lessons.Block) {
	right, answered := 0, 0
	for i, ask := range q.questions {
		if i >= len(block.Quiz) {
			break
		}
		choice, ok := m.Chosen[app.Question(block.ID, i)]
		if !ok {
			for c := range ask.labels {
				ask.labels[c].set("data-state", "")
				ask.labels[c].unset("data-state")
				ask.inputs[c].v.Set("checked", false)
			}
			ask.explain.setText("")
			continue
		}
		answered++
		if choice == block.Quiz[i].Answer {
			right++
		}
		for c := range ask.labels {
			switch c {
			case block.Quiz[i].Answer:
				ask.labels[c].set("data-state", "right")
			case choice:
				ask.labels[c].set("data-state", "wrong")
			default:
				ask.labels[c].unset("data-state")
			}
			if c == choice {
				ask.inputs[c].v.Set("checked", true)
			}
		}
		text := block.Quiz[i].Explain[choice]
		if choice != block.Quiz[i].Answer {
			text += " " + block.Quiz[i].Explain[block.Quiz[i].Answer]
		}
		ask.explain.setText(text)
	}
	if answered == 0 {
		q.score.setText("")
		return
	}
	q.score.setText(words.Say("{right} of {all} right", strconv.Itoa(right), strconv.Itoa(len(block.Quiz))))
}
