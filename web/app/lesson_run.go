package app

import (
	"slices"
	"strings"

	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/web/console"
	"everysec/web/words"
)

// run plays lines one after the other: types commands at consoles and waits
// for their replies, and does what actions say. It stands still while wait
// says so.
type run struct {
	block string // whose button it is
	step  string
	lines []scripted
	begin int // where the step begins, behind its setup
	at    int
	wait  func(m *Model) bool // nil: nothing to wait for
	busy  bool                // the host has been asked
	typed []typed
}

// scripted is one line to play, and where it stands.
type scripted struct {
	lessons.Line
	block    string // "": nowhere that can be seen
	index    int
	together bool           // with the line before it
	guess    *lessons.Block // the prediction that is decided here; not a line at all
}

// typed is a command whose reply is awaited.
type typed struct {
	line    int
	console *Console
	mark    int // blocks on its screen before, with the dropped ones
	done    int // commands it had finished
	after   int // lines typed before it, in the same instant
	gen     int
}

func (m *Model) runBlock(id string) {
	l := m.Lesson
	if l == nil || m.Loading {
		return
	}
	if l.run != nil {
		same := l.run.block == id
		m.stopRun()
		if same {
			return
		}
	}
	k, step := l.Block(id), l.stepOf(id)
	if k == nil || len(k.Lines) == 0 {
		return
	}
	if k.Kind == lessons.Transcript {
		if l.Asked = l.Unguessed(id); l.Asked != "" {
			m.emit(Say{"First make your prediction, or skip it."})
			m.mark(PartLesson)
			return
		}
	}
	r := &run{block: id, step: step.ID}
	if !l.setUp[step.ID] {
		l.setUp[step.ID] = true
		if len(l.setUp) == 1 {
			r.add(l.Setup)
		}
		r.setup(step)
	}
	if k.Kind == lessons.Solution {
		l.before(r, k)
	}
	r.play(l, k)
	l.run, l.Running, l.Step = r, id, step.ID
	m.mark(PartLesson)
}

func (r *run) add(lines []lessons.Line) {
	for _, line := range lines {
		r.lines = append(r.lines, scripted{Line: line})
	}
	r.begin = len(r.lines)
}

func (r *run) setup(step *lessons.Step) {
	for i := range step.Blocks {
		if step.Blocks[i].Kind == lessons.SetupKind {
			r.add(step.Blocks[i].Lines)
		}
	}
}

// before adds what a solution stands upon: the transcripts above it that were
// not played. Who wants to be shown the solution makes no predictions.
func (l *Lesson) before(r *run, solution *lessons.Block) {
	step := l.stepOf(solution.ID)
	for i := range step.Blocks {
		k := &step.Blocks[i]
		if k.ID == solution.ID {
			return
		}
		if k.Kind != lessons.Transcript || l.ran[k.ID] {
			continue
		}
		for id := l.Unguessed(k.ID); id != ""; id = l.Unguessed(k.ID) {
			l.Guessed[id] = Skipped
		}
		r.play(l, k)
	}
}

// play adds a block's own lines, and what decides the predictions above it.
func (r *run) play(l *Lesson, k *lessons.Block) {
	l.Lines[k.ID] = make([]LineState, len(k.Lines))
	for i, line := range k.Lines {
		r.lines = append(r.lines, scripted{Line: line, block: k.ID, index: i, together: k.Together && i > 0})
	}
	if k.Kind != lessons.Transcript {
		return
	}
	var guesses []*lessons.Block
	step := l.stepOf(k.ID)
	for i := range step.Blocks {
		switch other := &step.Blocks[i]; {
		case other.ID == k.ID:
			for _, g := range guesses {
				r.lines = append(r.lines, scripted{block: g.ID, guess: g})
			}
			return
		case other.Kind == lessons.Transcript:
			guesses = nil
		case other.Predict != nil:
			guesses = append(guesses, other)
		}
	}
}

// resetStep goes back to the beginning of a step, whatever state the server is
// in: nothing of it is asked. It begins anew on an empty disk, with the lesson's
// chance and configuration, and the setup is played.
func (m *Model) resetStep(id string) {
	l := m.Lesson
	if l == nil {
		return
	}
	step := l.step(id)
	if step == nil {
		return
	}
	m.stopRun()
	for i := range step.Blocks {
		l.forget(step.Blocks[i].ID)
	}
	m.beginAgain(step)
}

// resetLesson goes back to its first step, and forgets what was done.
func (m *Model) resetLesson() {
	l := m.Lesson
	if l == nil || len(l.Steps) == 0 {
		return
	}
	m.stopRun()
	m.Lesson = newLesson(l.Lesson, "")
	m.emit(Save{l.ID, ""})
	m.beginAgain(&m.Lesson.Steps[0])
	m.mark(PartLesson | PartQuiz)
}

// forget takes back what was played and predicted in a block; what was passed
// stays passed.
func (l *Lesson) forget(id string) {
	delete(l.Lines, id)
	delete(l.Verdict, id)
	delete(l.Guessed, id)
	delete(l.Outcome, id)
	delete(l.Waiting, id)
	delete(l.ran, id)
}

func (m *Model) beginAgain(step *lessons.Step) {
	l := m.Lesson
	for len(m.Consoles) > 1 {
		last := m.Consoles[len(m.Consoles)-1]
		if last.Name == lessons.Default {
			last = m.Consoles[0]
		}
		m.closeConsole(last.Name)
	}
	m.renewConsole(m.Consoles[0])
	directives := l.Directives()
	r := bridge.Record(nil).Int(int64(l.Seed)).Int(int64(len(directives)))
	for _, d := range directives {
		r = r.String(d[0]).String(d[1])
	}
	m.went()
	m.Crashed, m.Notice = nil, nil
	m.Down, m.Loading = false, true
	l.Step, l.Asked = step.ID, ""
	m.diskHangs = false
	clear(l.starts)
	clear(l.setUp)
	l.setUp[step.ID] = true
	play := &run{step: step.ID, busy: true}
	l.run = play
	play.add(l.Setup)
	play.setup(step)
	m.emit(Say{"The step begins again."})
	m.control(bridge.OpErase, r, func(m *Model, data []byte) {
		m.hostState(data)
		play.busy = false
	})
	m.mark(PartAll)
}

// isAction tells whether a line is for the page and not for the server.
func isAction(line string) bool { return len(line) > 1 && line[0] == '!' }

// submit enters a line at a console. One that begins with '!' is an action, as
// in a lesson: "!fill 1000 keys".
func (m *Model) submit(msg Submit) {
	c := m.Console(msg.Console)
	if c == nil {
		return
	}
	m.mark(PartConsoles)
	if !isAction(msg.Line) {
		c.submit(msg.Line, false)
		return
	}
	blocks := []console.Block{{Kind: console.Typed, Prompt: c.CLI.Prompt(), Text: msg.Line}}
	c.CLI.History().Add(msg.Line)
	a, err := lessons.ParseAction(msg.Line)
	if err != nil {
		c.show(append(blocks, console.Block{Kind: console.Note, Text: err.Error()}))
		return
	}
	c.show(append(blocks, console.Block{Kind: console.Note, Text: words.Heard(a.Words())}))
	if m.Lesson == nil {
		m.Lesson = newLesson(&lessons.Lesson{}, "")
	}
	m.stopRun()
	m.Lesson.run = &run{}
	m.Lesson.run.add([]lessons.Line{{Action: a}})
	m.advance()
}

// Ready tells whether the lesson waits for the learner, and nothing is played.
func (l *Lesson) Ready() bool { return l.run == nil && l.setUp[l.Step] }

func (m *Model) stopRun() {
	if l := m.Lesson; l != nil && l.run != nil {
		for _, states := range l.Lines {
			for i, s := range states {
				if s == Playing {
					states[i] = Unplayed
				}
			}
		}
		l.run, l.Running = nil, ""
		m.mark(PartLesson)
	}
}

func (r *run) state(l *Lesson, line int, s LineState) {
	if at := &r.lines[line]; at.block != "" && at.guess == nil {
		l.Lines[at.block][at.index] = s
		if s == Played || s == Differs {
			l.ran[at.block] = at.index == len(l.Lines[at.block])-1
		}
	}
}

// advance plays on as far as it goes.
func (m *Model) advance() {
	l := m.Lesson
	for l != nil && l.run != nil {
		r := l.run
		if !m.Down && !m.based {
			return // the facts would not know what recovery loaded
		}
		if !m.collect(r) || r.busy || r.wait != nil && !r.wait(m) {
			return
		}
		r.wait = nil
		if r.step != "" && (r.at == r.begin && r.begin > 0 || r.at == 0 && l.starts[r.step] == nil) {
			l.starts[r.step] = m.factsBehindSetup()
		}
		if r.at == len(r.lines) {
			m.stopRun()
			return
		}
		m.play(r)
	}
}

// collect looks for the replies of what was typed; it reports whether all came.
func (m *Model) collect(r *run) bool {
	l := m.Lesson
	m.settle()
	keep := r.typed[:0]
	for _, t := range r.typed {
		c := t.console.CLI
		if t.console.Frozen || c.Finished() <= t.done+t.after && (c.Busy() || c.Asking() || c.Waiting() > 0 || t.console.client == 0 && !c.Connected() && !m.Down && len(t.reply()) == 0) {
			keep = append(keep, t)
			continue
		}
		if g := r.lines[t.line].guess; g != nil {
			m.found(g, strings.Join(t.reply(), "\n"), l.start(r.step, m))
			continue
		}
		state := Played
		if !lessons.Match(r.lines[t.line].Expect, strings.Join(t.reply(), "\n")) {
			state = Differs
		}
		r.state(l, t.line, state)
		m.mark(PartLesson)
	}
	r.typed = keep
	return len(keep) == 0
}

// reply is what the console printed since the line was typed.
func (t *typed) reply() (out []string) {
	c := t.console
	from := t.mark - c.Dropped
	if c.Generation != t.gen {
		from = 0
	}
	lines := 0
	for i := max(from, 0); i < len(c.Blocks); i++ {
		b := c.Blocks[i]
		if b.Kind == console.Answered {
			b.Text = b.Prompt + b.Text
		}
		if b.Kind == console.Typed {
			lines++
		} else if lines <= t.after+1 && (lines > t.after || t.after == 0) {
			out = append(out, b.Text)
		}
	}
	return out
}

func (m *Model) play(r *run) {
	l := m.Lesson
	for r.at < len(r.lines) {
		line := &r.lines[r.at]
		if line.guess != nil && line.guess.Predict.Console == "" {
			m.decide(r, line.guess, 8)
			r.at++
			return
		}
		r.state(l, r.at, Playing)
		m.mark(PartLesson)
		text := line.Command
		if line.Action != nil {
			m.act(r, line.Action)
			r.at++
			return
		}
		name := line.Console
		if line.guess != nil {
			name, text = line.guess.Predict.Console, line.guess.Predict.Command
		}
		if name == "" {
			name = lessons.Default
		}
		c := m.openConsole(name)
		if c == nil {
			m.stopRun()
			return
		}
		after := 0
		for _, t := range r.typed {
			if t.console == c {
				after++
			}
		}
		r.typed = append(r.typed, typed{r.at, c, c.Dropped + len(c.Blocks), c.CLI.Finished(), after, c.Generation})
		c.submit(text, after > 0)
		for _, answer := range line.Answers() {
			c.submit(answer, false)
		}
		r.at++
		if r.at == len(r.lines) || !r.lines[r.at].together {
			return
		}
	}
}

// decide asks the server how a prediction came out. What a host tells comes as
// events, which may still be on their way: it looks a little later, and again
// for a while if nothing fits.
func (m *Model) decide(r *run, k *lessons.Block, tries int) {
	at := m.Wall
	if k.Predict.Fact.Host() {
		at += 250_000
	}
	r.wait = func(m *Model) bool {
		if m.Wall < at {
			return false
		}
		r.busy, r.wait = true, nil
		judge := func(m *Model, reply string) {
			r.busy = false
			start := m.Lesson.start(r.step, m)
			if right, _ := k.Predict.Evaluate(reply, start, m.facts()); k.Predict.Fact.Host() && tries > 0 && !slices.Contains(right, true) {
				m.decide(r, k, tries-1)
				return
			}
			m.found(k, reply, start)
		}
		m.askFiles(func(m *Model) {
			if command := k.Predict.Asks(); command != "" {
				m.printed(command, judge)
				return
			}
			judge(m, "")
		})
		return false
	}
}
