package app

import (
	"strconv"
	"strings"

	"everysec/lessons"
	"everysec/wasm/bridge"
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

	Guessed  map[string]int     // predictions, by block; Skipped: none was wanted
	Outcome  map[string]Outcome // of those whose transcript has run since
	Asked    string             // the prediction that a transcript waits for; "": none
	Waiting  map[string]int64   // checks that are tried again, until an engine time
	Reached  string             // the step being read when the page was left
	finished map[string]bool    // steps without a task that have been read

	run     *run
	ran     map[string]bool           // transcripts that were played to their end
	starts  map[string]*lessons.Facts // by step
	setUp   map[string]bool           // steps whose setup has been played
	triedAt int64
}

// Skipped is the choice of who makes no prediction.
const Skipped = -1

// Outcome is what came of a prediction.
type Outcome struct {
	Right int    // the choice that turned out to be true; negative: none
	Saw   string // what the server said; "" after a reload
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
		Guessed: map[string]int{}, Outcome: map[string]Outcome{}, Waiting: map[string]int64{},
		finished: map[string]bool{}, ran: map[string]bool{},
		starts: map[string]*lessons.Facts{}, setUp: map[string]bool{},
	}
	s.restore(saved)
	return s
}

// Question names a question of a quiz.
func Question(block string, question int) string { return block + "#" + strconv.Itoa(question) }

// progress is one line for each thing that was done, in the lesson's order, and
// before them what the map of the course shows.
func (l *Lesson) progress() string {
	var b strings.Builder
	b.WriteString("done " + strconv.Itoa(l.Done()) + " " + strconv.Itoa(len(l.Steps)) + "\nat " + l.Reached + "\n")
	for _, s := range l.Steps {
		if l.finished[s.ID] {
			b.WriteString("read " + s.ID + "\n")
		}
		for _, k := range s.Blocks {
			if l.Passed[k.ID] {
				b.WriteString("passed " + k.ID + "\n")
			}
			if choice, ok := l.Guessed[k.ID]; ok {
				b.WriteString("guessed " + k.ID + " " + strconv.Itoa(choice))
				if o, ok := l.Outcome[k.ID]; ok {
					b.WriteString(" " + strconv.Itoa(o.Right))
				}
				b.WriteString("\n")
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
		case len(words) == 2 && words[0] == "at" && l.step(words[1]) != nil:
			l.Reached = words[1]
		case len(words) == 2 && words[0] == "read" && l.step(words[1]) != nil:
			l.finished[words[1]] = true
		case len(words) >= 3 && words[0] == "guessed":
			k := l.Block(words[1])
			choice, err := strconv.Atoi(words[2])
			if err != nil || k == nil || k.Predict == nil || choice < Skipped || choice >= len(k.Predict.Choices) {
				continue
			}
			l.Guessed[k.ID] = choice
			if right, err := strconv.Atoi(words[len(words)-1]); err == nil && len(words) == 4 && right < len(k.Predict.Choices) {
				l.Outcome[k.ID] = Outcome{Right: right}
			}
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

func (l *Lesson) step(id string) *lessons.Step {
	for i := range l.Steps {
		if l.Steps[i].ID == id {
			return &l.Steps[i]
		}
	}
	return nil
}

// Done counts the steps that are done.
func (l *Lesson) Done() (n int) {
	for i := range l.Steps {
		if l.StepDone(&l.Steps[i]) {
			n++
		}
	}
	return n
}

// StepDone tells whether all checks and questions of a step are done; a step
// without any is done when it has been read.
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
	return tasks > 0 || l.finished[s.ID]
}

// hasTask tells whether there is something to be done in a step.
func hasTask(s *lessons.Step) bool {
	for i := range s.Blocks {
		if k := &s.Blocks[i]; k.Check != nil || len(k.Quiz) > 0 {
			return true
		}
	}
	return false
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
	m.save()
	m.mark(PartQuiz | PartLesson)
}

// save keeps the progress, under the lesson's name.
func (m *Model) save() {
	if l := m.Lesson; l.ID != "" {
		m.emit(Save{l.ID, l.progress()})
	}
}

// guess makes a prediction, as long as its transcript has not run.
func (m *Model) guess(id string, choice int) {
	l := m.Lesson
	if l == nil {
		return
	}
	k := l.Block(id)
	if _, over := l.Outcome[id]; over || k == nil || k.Predict == nil || choice < Skipped || choice >= len(k.Predict.Choices) {
		return
	}
	l.Guessed[id] = choice
	if l.Asked == id {
		l.Asked = ""
	}
	m.save()
	m.mark(PartLesson)
}

// Unguessed is the prediction that has to be made, or skipped, before a
// transcript can run; "": there is none.
func (l *Lesson) Unguessed(transcript string) string {
	return l.above(transcript, func(id string) bool { _, made := l.Guessed[id]; return !made })
}

// Veiled tells whether a transcript must not yet be read: it would give away what
// is to be predicted.
func (l *Lesson) Veiled(transcript string) bool {
	return l.above(transcript, func(id string) bool { _, over := l.Outcome[id]; return !over }) != ""
}

// above is the first of the predictions above a transcript that is as asked.
func (l *Lesson) above(transcript string, wanted func(id string) bool) string {
	s, first := l.stepOf(transcript), ""
	for i := range s.Blocks {
		k := &s.Blocks[i]
		switch {
		case k.ID == transcript:
			return first
		case k.Kind == lessons.Transcript:
			first = ""
		case k.Predict != nil && first == "" && wanted(k.ID):
			first = k.ID
		}
	}
	return ""
}

// found is the answer of the server to a prediction.
func (m *Model) found(k *lessons.Block, reply string, start *lessons.Facts) {
	right, saw := k.Predict.Evaluate(reply, start, m.facts())
	o := Outcome{Right: -1, Saw: saw}
	for i, r := range right {
		if r {
			o.Right = i
		}
	}
	l := m.Lesson
	l.Outcome[k.ID] = o
	switch l.Guessed[k.ID] {
	case Skipped:
	case o.Right:
		m.emit(Say{"As you predicted."})
	default:
		m.emit(Say{"Not as you predicted."})
	}
	m.save()
	m.mark(PartLesson)
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
	if s := l.step(id); s != nil && l.Reached != id {
		l.Reached = id
		l.finished[id] = !hasTask(s)
		m.save()
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
	// What the background load does is no one's task.
	since := func(change, aside uint64) int64 {
		return max(int64(max(change, m.base)-m.base)-int64(max(aside, m.baseAside)-m.baseAside), 0)
	}
	f := &lessons.Facts{
		Now: m.Now(), Crashes: m.crashes, Restarts: m.starts,
		Acknowledged: since(d.Acknowledged, d.AsideAcknowledged),
		Written:      since(d.Written, d.AsideWritten), Durable: since(d.Synced, d.AsideSynced),
		LoadMicros: m.loadMicros,
	}
	if !d.AOFEnabled {
		f.Durable = since(d.SnapshotChange, d.AsideSnapshot)
	}
	if r := m.Crashed; r != nil {
		f.Account = &lessons.Account{
			Crash:    lessons.Crashes[min(int(r.Account.Kind), len(lessons.Crashes)-1)],
			Complete: r.Account.Complete, Survived: r.Learner(bridge.Survived), Lost: r.Learner(bridge.Lost, bridge.Reverted, bridge.Returned),
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
		until, again := l.Waiting[id]
		switch {
		case lessons.Passed(verdicts):
			delete(l.Waiting, id)
			if !l.Passed[id] {
				l.Passed[id] = true
				m.save()
			}
			m.emit(Say{"Done."})
		case !again && k.Check.Within > 0:
			l.Waiting[id] = m.Now() + k.Check.Within.Microseconds()
		case again && m.Now() >= until:
			delete(l.Waiting, id)
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
	if l == nil || m.Loading || m.Down {
		return
	}
	if m.Wall-l.triedAt >= 300_000 {
		l.triedAt = m.Wall
		for id := range l.Waiting {
			m.checkBlock(id)
		}
	}
	if m.Wall-m.measuredAt < 700_000 {
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
