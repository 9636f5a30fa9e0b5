package app

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"everysec/engine/resp"
	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/web/console"
)

// Lesson is the lesson and how far the learner has come in it.
type Lesson struct {
	*lessons.Lesson
	Step    string                       // the step being read
	Passed  map[string]bool              // checks, by block
	Chosen  map[string]int               // answers, by Question
	Lines   map[string][]LineState       // of transcripts that were played
	Verdict map[string][]lessons.Verdict // of checks, newest
	Figures map[string][]string          // of measures
	Running string                       // the block being played; "": none

	run    *run
	starts map[string]*lessons.Facts // by step
	setUp  map[string]bool           // steps whose setup has been played
}

// LineState is how a line of a transcript came out.
type LineState uint8

// The states.
const (
	Unplayed LineState = iota
	Playing
	Played  // and it came out as the lesson says
	Differs // it did not
)

func newLesson(l *lessons.Lesson, saved string) *Lesson {
	s := &Lesson{
		Lesson: l, Passed: map[string]bool{}, Chosen: map[string]int{},
		Lines: map[string][]LineState{}, Verdict: map[string][]lessons.Verdict{}, Figures: map[string][]string{},
		starts: map[string]*lessons.Facts{}, setUp: map[string]bool{},
	}
	s.restore(saved)
	return s
}

// Question names a question of a quiz.
func Question(block string, question int) string { return block + "#" + strconv.Itoa(question) }

// progress is one line for each thing that was done, in the lesson's order.
func (l *Lesson) progress() string {
	var b strings.Builder
	for _, s := range l.Steps {
		for _, k := range s.Blocks {
			if l.Passed[k.ID] {
				b.WriteString("passed " + k.ID + "\n")
			}
			for q := range k.Quiz {
				if choice, ok := l.Chosen[Question(k.ID, q)]; ok {
					b.WriteString("chose " + Question(k.ID, q) + " " + strconv.Itoa(choice) + "\n")
				}
			}
		}
	}
	return b.String()
}

// restore reads what progress wrote. What the lesson no longer has is ignored.
func (l *Lesson) restore(saved string) {
	for _, line := range strings.Split(saved, "\n") {
		words := strings.Split(line, " ")
		switch {
		case len(words) == 2 && words[0] == "passed":
			if k := l.Block(words[1]); k != nil && k.Check != nil {
				l.Passed[words[1]] = true
			}
		case len(words) == 3 && words[0] == "chose":
			block, number, _ := strings.Cut(words[1], "#")
			q, _ := strconv.Atoi(number)
			choice, err := strconv.Atoi(words[2])
			if k := l.Block(block); err == nil && k != nil && q >= 0 && q < len(k.Quiz) && choice >= 0 && choice < len(k.Quiz[q].Choices) {
				l.Chosen[words[1]] = choice
			}
		}
	}
}

// Block finds a block by its ID.
func (l *Lesson) Block(id string) *lessons.Block {
	for i := range l.Steps {
		for j := range l.Steps[i].Blocks {
			if l.Steps[i].Blocks[j].ID == id {
				return &l.Steps[i].Blocks[j]
			}
		}
	}
	return nil
}

// stepOf is the step a block belongs to.
func (l *Lesson) stepOf(block string) *lessons.Step {
	for i := range l.Steps {
		for j := range l.Steps[i].Blocks {
			if l.Steps[i].Blocks[j].ID == block {
				return &l.Steps[i]
			}
		}
	}
	return nil
}

// StepDone tells whether all checks and questions of a step are done; a step
// without any is never done.
func (l *Lesson) StepDone(s *lessons.Step) bool {
	tasks := 0
	for i := range s.Blocks {
		k := &s.Blocks[i]
		if k.Kind == lessons.CheckKind {
			tasks++
			if !l.Passed[k.ID] {
				return false
			}
		}
		for q := range k.Quiz {
			tasks++
			if _, ok := l.Chosen[Question(k.ID, q)]; !ok {
				return false
			}
		}
	}
	return tasks > 0
}

// Score counts the right answers of all quizzes.
func (l *Lesson) Score() (right, answered, all int) {
	for _, s := range l.Steps {
		for _, k := range s.Blocks {
			for q := range k.Quiz {
				all++
				if choice, ok := l.Chosen[Question(k.ID, q)]; ok {
					answered++
					if choice == k.Quiz[q].Answer {
						right++
					}
				}
			}
		}
	}
	return right, answered, all
}

func (m *Model) choose(msg Choose) {
	l := m.Lesson
	if l == nil {
		return
	}
	k := l.Block(msg.Block)
	if k == nil || msg.Question < 0 || msg.Question >= len(k.Quiz) || msg.Choice < 0 || msg.Choice >= len(k.Quiz[msg.Question].Choices) {
		return
	}
	l.Chosen[Question(msg.Block, msg.Question)] = msg.Choice
	m.emit(Save{l.progress()})
	m.mark(PartQuiz | PartLesson)
}

func (m *Model) forgetProgress() {
	if l := m.Lesson; l != nil {
		m.stopRun()
		m.Lesson = newLesson(l.Lesson, "")
		m.emit(Save{""})
		m.mark(PartLesson | PartQuiz)
	}
}

func (m *Model) enterStep(id string) {
	l := m.Lesson
	if l == nil || l.Step == id {
		return
	}
	l.Step = id
	if m.diskHangs { // a step's accident ends with it
		m.hang(false, func(*Model) {})
		m.askDisk()
	}
	if l.starts[id] == nil && !m.Loading {
		l.starts[id] = m.facts()
	}
	m.measuredAt = 0
	m.mark(PartLesson)
}

// hang lets the disk hang, or answer again, for a lesson.
func (m *Model) hang(hangs bool, done func(m *Model)) {
	m.diskHangs = hangs
	value := int64(0)
	if hangs {
		value = 1
	}
	m.control(bridge.OpFault, bridge.Record(nil).Byte(uint8(bridge.HungSync)).Int(value), func(m *Model, data []byte) {
		m.diskState(data)
		done(m)
	})
}

// facts are what the checks of a lesson may look at.
func (m *Model) facts() *lessons.Facts {
	d := &m.Durability
	since := func(change uint64) int64 { return int64(max(change, m.base) - m.base) }
	f := &lessons.Facts{
		Now: m.Now(), Crashes: m.crashes, Restarts: m.starts,
		Acknowledged: since(d.Acknowledged), Written: since(d.Written), Durable: since(d.Synced),
		LoadMicros: m.loadMicros,
	}
	if !d.AOFEnabled {
		f.Durable = since(d.SnapshotChange)
	}
	if r := m.Crashed; r != nil {
		f.Account = &lessons.Account{
			Crash:    lessons.Crashes[min(int(r.Account.Kind), len(lessons.Crashes)-1)],
			Complete: r.Account.Complete, Survived: r.Account.Counts[bridge.Survived], Lost: r.LostKeys(),
		}
	}
	for i := range m.Loop.Runs {
		r := &m.Loop.Runs[i]
		if m.Loop.Own(r) {
			continue
		}
		f.Runs = append(f.Runs, lessons.Run{Command: Command(r), Start: r.Start, Held: r.Duration, Waited: r.Waited})
	}
	for _, file := range m.Files {
		f.Files = append(f.Files, lessons.File{Name: file.Name, Bytes: file.Size})
	}
	return f
}

// factsBehindSetup are the facts at the moment at which a step begins. The
// page's clock is that of the last frame: what has run meanwhile is setup all
// the same.
func (m *Model) factsBehindSetup() *lessons.Facts {
	f := m.facts()
	for i := range f.Runs {
		f.Now = max(f.Now, f.Runs[i].Start+1)
	}
	return f
}

func (l *Lesson) start(step string, m *Model) *lessons.Facts {
	if l.starts[step] == nil {
		l.starts[step] = m.facts()
	}
	return l.starts[step]
}

func (m *Model) checkBlock(id string) {
	l := m.Lesson
	if l == nil {
		return
	}
	k, step := l.Block(id), l.stepOf(id)
	if k == nil || k.Check == nil {
		return
	}
	start := l.start(step.ID, m)
	commands := k.Check.Commands()
	var replies []string
	judge := func(m *Model) {
		verdicts := k.Check.Evaluate(replies, start, m.facts())
		l.Verdict[id] = verdicts
		if lessons.Passed(verdicts) {
			if !l.Passed[id] {
				l.Passed[id] = true
				m.emit(Save{l.progress()})
			}
			m.emit(Say{"Done."})
		}
		m.mark(PartLesson)
	}
	m.askFiles(func(m *Model) {
		if len(commands) == 0 {
			judge(m)
			return
		}
		for _, c := range commands {
			m.printed(c, func(m *Model, reply string) {
				replies = append(replies, reply)
				if len(replies) == len(commands) {
					judge(m)
				}
			})
		}
	})
}

// frameLesson keeps the figures of the step being read up to date.
func (m *Model) frameLesson() {
	l := m.Lesson
	if l == nil || m.Loading || m.Down || m.Wall-m.measuredAt < 700_000 {
		return
	}
	m.measuredAt = m.Wall
	for i := range l.Steps {
		s := &l.Steps[i]
		if s.ID != l.Step {
			continue
		}
		for j := range s.Blocks {
			if k := &s.Blocks[j]; len(k.Measures) > 0 {
				m.measure(s.ID, k)
			}
		}
	}
}

func (m *Model) measure(step string, k *lessons.Block) {
	l := m.Lesson
	start, now := l.start(step, m), m.facts()
	figures := l.Figures[k.ID]
	if figures == nil {
		figures = make([]string, len(k.Measures))
		l.Figures[k.ID] = figures
	}
	set := func(m *Model, i int, v lessons.Value) {
		text := v.String()
		if !v.Known {
			text = "–"
		}
		if figures[i] != text {
			figures[i] = text
			m.mark(PartLesson)
		}
	}
	for i, measure := range k.Measures {
		if command := measure.Fact.Command(); command != "" {
			m.printed(command, func(m *Model, reply string) { set(m, i, measure.Fact.Evaluate(reply, start, now)) })
			continue
		}
		set(m, i, measure.Fact.Evaluate("", start, now))
	}
}

// run plays lines one after the other: types commands at consoles and waits
// for their replies, and does what actions say. It stands still while wait
// says so.
type run struct {
	block    string
	step     string
	lines    []lessons.Line
	together bool
	setup    int // lines that come before the block's own
	at       int
	wait     func(m *Model) bool // nil: nothing to wait for
	busy     bool                // the host has been asked
	typed    []typed
}

// typed is a command whose reply is awaited.
type typed struct {
	line    int
	console *Console
	mark    int // blocks on its screen before, with the dropped ones
	done    int // commands it had finished
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
	r := &run{block: id, step: step.ID, together: k.Together}
	if !l.setUp[step.ID] {
		l.setUp[step.ID] = true
		if len(l.setUp) == 1 {
			r.lines = append(r.lines, l.Setup...)
		}
		for i := range step.Blocks {
			if step.Blocks[i].Kind == lessons.SetupKind {
				r.lines = append(r.lines, step.Blocks[i].Lines...)
			}
		}
		r.setup = len(r.lines)
	}
	r.lines = append(r.lines, k.Lines...)
	l.Lines[id] = make([]LineState, len(k.Lines))
	l.run, l.Running, l.Step = r, id, step.ID
	m.mark(PartLesson)
}

// submit enters a line at a console. One that begins with '!' is an action, as
// in a lesson: "!fill 1000 keys".
func (m *Model) submit(msg Submit) {
	c := m.Console(msg.Console)
	if c == nil {
		return
	}
	m.mark(PartConsoles)
	if len(msg.Line) < 2 || msg.Line[0] != '!' {
		c.submit(msg.Line)
		return
	}
	blocks := []console.Block{{Kind: console.Typed, Prompt: c.CLI.Prompt(), Text: msg.Line}}
	c.CLI.History().Add(msg.Line)
	a, err := lessons.ParseAction(msg.Line)
	if err != nil {
		c.show(append(blocks, console.Block{Kind: console.Note, Text: err.Error()}))
		return
	}
	c.show(append(blocks, console.Block{Kind: console.Note, Text: a.Words()}))
	if m.Lesson == nil {
		m.Lesson = newLesson(&lessons.Lesson{}, "")
	}
	m.stopRun()
	m.Lesson.run = &run{lines: []lessons.Line{{Action: a}}, setup: 1}
	m.advance()
}

func (m *Model) stopRun() {
	if l := m.Lesson; l != nil && l.run != nil {
		for i, s := range l.Lines[l.run.block] {
			if s == Playing {
				l.Lines[l.run.block][i] = Unplayed
			}
		}
		l.run, l.Running = nil, ""
		m.mark(PartLesson)
	}
}

func (r *run) state(l *Lesson, line int, s LineState) {
	if line >= r.setup {
		l.Lines[r.block][line-r.setup] = s
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
		if r.step != "" && (r.at == r.setup && r.setup > 0 || r.at == 0 && l.starts[r.step] == nil) {
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
		if t.console.Frozen || c.Finished() == t.done && (c.Busy() || c.Waiting() > 0 || t.console.client == 0 && !c.Connected() && !m.Down && len(t.reply()) == 0) {
			keep = append(keep, t)
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
	for i := max(from, 0); i < len(c.Blocks); i++ {
		if b := c.Blocks[i]; b.Kind != console.Typed {
			out = append(out, b.Text)
		}
	}
	return out
}

func (m *Model) play(r *run) {
	l := m.Lesson
	for r.at < len(r.lines) {
		line := &r.lines[r.at]
		r.state(l, r.at, Playing)
		m.mark(PartLesson)
		if line.Action != nil {
			m.act(r, line.Action)
			r.at++
			return
		}
		name := line.Console
		if name == "" {
			name = lessons.Default
		}
		c := m.openConsole(name)
		if c == nil {
			m.stopRun()
			return
		}
		r.typed = append(r.typed, typed{r.at, c, c.Dropped + len(c.Blocks), c.CLI.Finished(), c.Generation})
		c.submit(line.Command)
		r.at++
		if !r.together || r.at <= r.setup {
			return
		}
	}
}

func (m *Model) act(r *run, a *lessons.Action) {
	l, line := m.Lesson, r.at
	done := func(m *Model) {
		r.busy = false
		r.state(l, line, Played)
		m.mark(PartLesson)
	}
	until := func(ready func(m *Model) bool) {
		r.wait = func(m *Model) bool {
			if !ready(m) {
				return false
			}
			done(m)
			return true
		}
	}
	state := func(m *Model, data []byte) {
		m.hostState(data)
		done(m)
	}
	r.busy = true
	switch a.Verb {
	case lessons.Crash:
		crash := Crash{Kind: bridge.CrashKind(slices.Index(lessons.Crashes[:], a.Crash)), Seed: a.Seed, N: a.Operation}
		if crash.Moment = bridge.CrashMoment(slices.Index(lessons.Moments[:], a.Moment)); a.Operation > 0 {
			crash.Moment = bridge.AtOperation
		}
		if m.Down {
			done(m)
			return
		}
		if crash.Moment != bridge.Now { // the lines that follow bring it about
			m.crash(crash, nil)
			done(m)
			return
		}
		m.crash(crash, func(m *Model) {
			done(m)
			// Long enough to be seen. Nothing can happen meanwhile: the server is down.
			up := m.Wall + 700_000
			r.wait = func(m *Model) bool { return m.Wall >= up }
		})
	case lessons.Restart:
		var options [][2]string
		for i := 0; i+1 < len(a.Options); i += 2 {
			options = append(options, [2]string{strings.TrimPrefix(a.Options[i], "--"), a.Options[i+1]})
		}
		m.restart(options, done)
	case lessons.ClockAdvance:
		m.control(bridge.OpAdvance, bridge.Record(nil).Int(a.By.Microseconds()), state)
	case lessons.ClockPause:
		m.control(bridge.OpPause, nil, state)
	case lessons.ClockResume:
		m.control(bridge.OpResume, nil, state)
	case lessons.Pause, lessons.Resume:
		if c := m.openConsole(a.Console); c != nil {
			m.freeze(c, a.Verb == lessons.Pause)
		}
		done(m)
	case lessons.KillClient:
		if c := m.Console(a.Console); c != nil {
			m.hangUp(c)
			c.CLI.Closed()
			m.mark(PartConsoles)
		}
		done(m)
	case lessons.FillUp:
		m.flood(a.Fill.Commands(), 0, 0, done)
	case lessons.Traffic:
		m.flood(a.Load.Commands(), a.Load.Count, a.Load.Over, done)
	case lessons.Load:
		m.control(bridge.OpImport, bridge.Record(nil).Bytes(l.Extra(a.File)), func(m *Model, data []byte) {
			m.filesStale = true
			state(m, data)
		})
	case lessons.DiskHang, lessons.DiskAnswer:
		m.hang(a.Verb == lessons.DiskHang, done)
		m.askDisk()
	case lessons.WaitBackground:
		m.pollBackground(r, done)
	case lessons.WaitSynced:
		r.busy = false
		until(func(m *Model) bool { return m.Durability.Synced >= m.Durability.Last })
	default:
		done(m)
	}
}

// fillBatch is how many commands of a fill travel together: enough that the
// crossing does not matter, few enough that the page goes on drawing.
const fillBatch = 2000

// flood sends commands. If they come over a while of engine time, the clock
// jumps a little after each batch.
func (m *Model) flood(commands iter.Seq[[]string], count int, over time.Duration, done func(m *Model)) {
	next, stop := iter.Pull(commands)
	batch, leap := fillBatch, int64(0)
	if over > 0 {
		parts := int(over/time.Second) + 1
		batch = min(count/parts+1, fillBatch)
		leap = over.Microseconds() * int64(batch) / int64(count)
	}
	var more func(m *Model)
	more = func(m *Model) {
		sent := 0
		for sent < batch {
			words, ok := next()
			if !ok {
				break
			}
			sent++
			var then func(m *Model, v resp.Value)
			if sent == batch {
				then = func(m *Model, _ resp.Value) {
					if leap == 0 {
						more(m)
						return
					}
					m.control(bridge.OpAdvance, bridge.Record(nil).Int(leap), func(m *Model, data []byte) {
						m.hostState(data)
						more(m)
					})
				}
			}
			m.ask(0, then, words...)
		}
		if sent < batch {
			stop()
			m.ask(0, func(m *Model, _ resp.Value) { done(m) }, "PING")
		}
	}
	more(m)
}

// pollBackground waits until no child is at work, as a learner would by INFO.
func (m *Model) pollBackground(r *run, done func(m *Model)) {
	m.printed("INFO persistence", func(m *Model, reply string) {
		idle := strings.Contains(reply, "rdb_bgsave_in_progress:0") && strings.Contains(reply, "aof_rewrite_in_progress:0") &&
			strings.Contains(reply, "aof_rewrite_scheduled:0")
		if idle || m.Down {
			done(m)
			return
		}
		r.busy = false
		again := m.Wall + 60_000
		r.wait = func(m *Model) bool {
			if m.Wall < again {
				return false
			}
			r.busy, r.wait = true, nil
			m.pollBackground(r, done)
			return false
		}
	})
}
