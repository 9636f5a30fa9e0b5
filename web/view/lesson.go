//go:build js && wasm

package view

import (
	"strconv"

	"everysec/lessons"
	"everysec/web/app"

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
	scrolled       bool
}

type transcript struct {
	button *node
	lines  []*node
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
	for _, a := range p.body.all("#steps a") {
		l.steps[a.data("step")] = a
		a.on("click", func(*dom.BasicEvent) { p.tab("lesson") })
	}
	l.sections = l.root.all("section.step")
	for _, n := range l.root.all(".transcript") {
		id := n.data("block")
		t := &transcript{button: n.find("button.run"), lines: n.all("li[data-line]")}
		l.transcripts[id] = t
		t.button.on("click", func(*dom.BasicEvent) {
			p.dispatch(app.RunBlock{ID: id})
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
				if choice, err := strconv.Atoi(e.Underlying().Get("target").Get("value").String()); err == nil {
					p.dispatch(app.Choose{Block: id, Question: i, Choice: choice})
				}
			})
			q.questions = append(q.questions, ask)
		}
		l.quizzes[id] = q
	}
	for _, n := range l.root.all(".measure") {
		l.measures[n.data("block")] = n.all("dd")
	}
	l.root.on("scroll", func(*dom.BasicEvent) { l.scrolled = true })
	l.scrolled = true
	p.click("forget", func() app.Message { return app.ForgetProgress{} })
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
	done := 0
	for i := range m.Steps {
		s := &m.Steps[i]
		a := l.steps[s.ID]
		if a == nil {
			continue
		}
		state := ""
		if m.StepDone(s) {
			done++
			state = ", done"
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
	text := strconv.Itoa(done) + " of " + strconv.Itoa(len(m.Steps)) + " steps"
	if answered > 0 {
		text += " · quiz " + strconv.Itoa(right) + "/" + strconv.Itoa(all)
	}
	l.progress.setText(text)
	for id, t := range l.transcripts {
		text := "Run"
		if m.Running == id {
			text = "Stop"
		}
		t.button.setText(text)
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
		c.draw(m.Verdict[id], m.Passed[id])
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
	id := ""
	for _, s := range l.sections {
		if s.v.Call("getBoundingClientRect").Get("top").Float() > line {
			break
		}
		id = s.data("step")
	}
	return id
}

func (c *check) draw(verdicts []lessons.Verdict, passed bool) {
	c.root.class("passed", passed)
	for i, item := range c.items {
		state, saw := "", ""
		if i < len(verdicts) {
			state, saw = "failed", "now: "+cut(verdicts[i].Saw, 60)
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
		c.verdict.setText("Done.")
	case len(verdicts) > 0:
		c.verdict.setText("Not yet.")
	case passed:
		c.verdict.setText("Done before.")
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
	q.score.setText(strconv.Itoa(right) + " of " + strconv.Itoa(len(block.Quiz)) + " right")
}
