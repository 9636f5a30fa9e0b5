// Package play plays a lesson without a page, as a test does.
//
// The idea: a lesson only needs a World: consoles that print what redis-cli
// would, a few actions, and, where there is one, a host that knows facts. One
// World is this engine on a disk in memory with a clock of its own; the other
// is a real redis-server, for all that needs no fact, no power cut and no
// faster clock. Whatever both agree on, the lesson may claim.
package play

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"everysec/lessons"
)

// ErrUnsupported is what a World answers to an action it cannot do, and to the
// question for facts if it has none.
var ErrUnsupported = errors.New("not possible in this world")

// World is where a lesson is played.
type World interface {
	// Command types a line at a console and returns what redis-cli prints.
	Command(console, line string) (string, error)
	// Together sends all lines in the same instant, in order, and then waits
	// for the replies.
	Together(lines []lessons.Line) ([]string, error)
	// Observe is Command at an unseen console. It is not in the facts.
	Observe(line string) (string, error)
	Act(a *lessons.Action) error
	// Shell types a line where no server runs, answers its questions, and returns
	// what a terminal would show.
	Shell(line string, answers []string) (string, error)
	// Refuse starts the server, which must not come up, and returns its log.
	Refuse(options []string) (log string, err error)
	// Pass lets time go by, in which nobody types anything.
	Pass(d time.Duration) error
	Facts() (lessons.Facts, error)
}

// Report counts what was played.
type Report struct {
	Commands int // lines typed
	Replies  int // of these, replies compared
	Actions  int
	Verdicts int // items of checks judged, before and after; predictions that came out
	Skipped  int // lines that this world cannot play
	Unjudged int // items and measures that it cannot judge
	Failures []error
}

// Play plays a lesson from its first line to its last, solutions included. A
// mismatch goes into the report and the play goes on; only a world that broke
// ends it. file names the lesson in failures.
func Play(file string, l *lessons.Lesson, w World) (*Report, error) {
	p := &player{file: file, world: w, report: &Report{}}
	if err := p.lines(l.Setup); err != nil {
		return p.report, err
	}
	for i := range l.Steps {
		if err := p.step(&l.Steps[i]); err != nil {
			return p.report, err
		}
	}
	return p.report, nil
}

// Untouched plays only what comes before a step: the lesson's setup and its own.
// Every check of the step must fail then, also after as long as it may wait.
func Untouched(file string, l *lessons.Lesson, s *lessons.Step, w World) (*Report, error) {
	p := &player{file: file, world: w, report: &Report{}}
	if err := p.lines(l.Setup); err != nil {
		return p.report, err
	}
	setup := *s
	setup.Blocks = nil
	for _, b := range s.Blocks {
		if b.Kind == lessons.SetupKind || b.Kind == lessons.CheckKind {
			setup.Blocks = append(setup.Blocks, b)
		}
	}
	err := p.step(&setup)
	for i := range setup.Blocks {
		if b := &setup.Blocks[i]; err == nil && b.Check != nil && b.Check.Within > 0 {
			if err = w.Pass(b.Check.Within); err == nil {
				err = p.judge(b, false)
			}
		}
	}
	return p.report, err
}

type player struct {
	file   string
	world  World
	report *Report
	start  *lessons.Facts // when the step began; nil: this world has none
	skip   bool           // the rest of the step's commands: an action before them was not possible
}

func (p *player) failf(line int, format string, args ...any) {
	p.report.Failures = append(p.report.Failures, &lessons.Error{File: p.file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// broken says where the world broke.
func (p *player) broken(line int, err error) error {
	return fmt.Errorf("%w", &lessons.Error{File: p.file, Line: line, Text: err.Error()})
}

func (p *player) step(s *lessons.Step) error {
	p.skip, p.start = false, nil
	if err := p.world.Act(&lessons.Action{Verb: lessons.DiskAnswer}); err != nil { // a step's accident ends with it
		return err
	}
	blocks := s.Blocks
	for len(blocks) > 0 && (blocks[0].Kind == lessons.Prose || blocks[0].Kind == lessons.SetupKind) {
		if err := p.lines(blocks[0].Lines); err != nil {
			return err
		}
		blocks = blocks[1:]
	}
	f, err := p.world.Facts()
	switch {
	case err == nil:
		p.start = &f
	case !errors.Is(err, ErrUnsupported):
		return err
	}
	var check *lessons.Block
	var guesses []*lessons.Block
	for i := range blocks {
		b := &blocks[i]
		err = nil
		switch b.Kind {
		case lessons.PredictKind:
			guesses = append(guesses, b)
		case lessons.Transcript:
			if b.Together && !p.skip {
				err = p.together(b.Lines)
			} else {
				err = p.lines(b.Lines)
			}
			for _, g := range guesses {
				if err == nil {
					err = p.predict(g)
				}
			}
			guesses = nil
		case lessons.CheckKind:
			check = b
			err = p.judge(check, false)
		case lessons.Solution:
			if err = p.lines(b.Lines); err == nil {
				err = p.judge(check, true)
			}
		}
		if err != nil {
			return err
		}
	}
	for i := range blocks {
		if blocks[i].Kind == lessons.MeasureKind {
			if err := p.measure(&blocks[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *player) lines(lines []lessons.Line) error {
	for i, l := range lines {
		if p.skip {
			p.report.Skipped += len(lines) - i
			return nil
		}
		if l.Action != nil && l.Action.Refused {
			if err := p.refuse(l); err != nil {
				return err
			}
			continue
		}
		if l.Action != nil {
			switch err := p.world.Act(l.Action); {
			case errors.Is(err, ErrUnsupported):
				p.skip = true
				p.report.Skipped++
			case err != nil:
				return p.broken(l.At, err)
			default:
				p.report.Actions++
			}
			continue
		}
		reply, err := "", error(nil)
		if l.Shell {
			reply, err = p.world.Shell(l.Command, l.Answers())
		} else {
			reply, err = p.world.Command(l.Console, l.Command)
		}
		if err != nil {
			return p.broken(l.At, err)
		}
		p.compare(l, reply)
	}
	return nil
}

func (p *player) together(lines []lessons.Line) error {
	replies, err := p.world.Together(lines)
	if err != nil {
		return p.broken(lines[0].At, err)
	}
	for i, l := range lines {
		p.compare(l, replies[i])
	}
	return nil
}

func (p *player) compare(l lessons.Line, reply string) {
	p.report.Commands++
	if len(l.Expect) == 0 {
		if strings.HasPrefix(reply, "(error)") {
			p.failf(l.At, "%s: %s", l.Command, strings.TrimSpace(reply))
		}
		return
	}
	p.report.Replies++
	if !lessons.Match(l.Expect, reply) {
		p.failf(l.At, "%s\nexpected:\n%s\ngot:\n%s", l.Command, indent(strings.Join(l.Expect, "\n")), indent(shorten(reply)))
	}
}

// predict wants exactly one choice to be true.
func (p *player) predict(b *lessons.Block) error {
	g := b.Predict
	if p.skip || p.start == nil && g.Fact.Host() {
		p.report.Unjudged++
		return nil
	}
	start, now := p.start, lessons.Facts{}
	if start != nil {
		f, err := p.world.Facts()
		if err != nil {
			return p.broken(b.At, err)
		}
		now = f
	}
	reply := ""
	if command := g.Asks(); command != "" {
		ask := p.world.Observe
		if g.Console != "" {
			ask = func(line string) (string, error) { return p.world.Command(g.Console, line) }
		}
		var err error
		if reply, err = ask(command); err != nil {
			return p.broken(b.At, err)
		}
	}
	right, saw := g.Evaluate(reply, start, &now)
	p.report.Verdicts++
	var hits []string
	for i, r := range right {
		if r {
			hits = append(hits, g.Choices[i].Value)
		}
	}
	if len(hits) != 1 {
		p.failf(b.At, "exactly one prediction must be true, and %d are (%s): it is %s", len(hits), strings.Join(hits, ", "), shorten(saw))
	}
	return nil
}

// judge evaluates a check. Before its solution it must fail, after it every
// item must pass. A world without facts judges the items that need none.
func (p *player) judge(b *lessons.Block, solved bool) error {
	if p.skip {
		p.report.Unjudged += len(b.Check.Items)
		return nil
	}
	check := b.Check
	if p.start == nil {
		visible := &lessons.Check{Ask: check.Ask, Within: check.Within}
		for _, it := range check.Items {
			if !it.Left.Host() && !it.Right.Host() {
				visible.Items = append(visible.Items, it)
			}
		}
		p.report.Unjudged += len(check.Items) - len(visible.Items)
		if len(visible.Items) == 0 || !solved && len(visible.Items) < len(check.Items) {
			return nil
		}
		check = visible
	}
	verdicts, err := p.evaluate(check)
	const tries = 20
	for range tries {
		if err != nil || !solved || check.Within == 0 || lessons.Passed(verdicts) {
			break
		}
		if err = p.world.Pass(check.Within / tries); err == nil {
			verdicts, err = p.evaluate(check)
		}
	}
	if err != nil {
		return p.broken(b.At, err)
	}
	p.report.Verdicts += len(verdicts)
	if !solved {
		if lessons.Passed(verdicts) {
			p.failf(b.At, "the check passes before its solution: %s", describe(verdicts))
		}
		return nil
	}
	for i, v := range verdicts {
		if !v.Passed {
			p.failf(check.Items[i].At, "after the solution: %s: it is %s", v.Source, shorten(v.Saw))
		}
	}
	return nil
}

func (p *player) evaluate(check *lessons.Check) ([]lessons.Verdict, error) {
	now := lessons.Facts{}
	if p.start != nil {
		f, err := p.world.Facts()
		if err != nil {
			return nil, err
		}
		now = f
	}
	var replies []string
	for _, command := range check.Commands() {
		reply, err := p.world.Observe(command)
		if err != nil {
			return nil, err
		}
		replies = append(replies, reply)
	}
	return check.Evaluate(replies, p.start, &now), nil
}

// measure wants a figure for every row at the end of the step.
func (p *player) measure(b *lessons.Block) error {
	if p.start == nil || p.skip {
		p.report.Unjudged += len(b.Measures)
		return nil
	}
	now, err := p.world.Facts()
	if err != nil {
		return p.broken(b.At, err)
	}
	for _, m := range b.Measures {
		reply := "(nil)"
		if command := m.Fact.Command(); command != "" {
			if reply, err = p.world.Observe(command); err != nil {
				return p.broken(b.At, err)
			}
		}
		p.report.Verdicts++
		if !m.Fact.Evaluate(reply, p.start, &now).Known {
			p.failf(b.At, "%s: %s is not known at the end of the step", m.Label, m.Fact)
		}
	}
	return nil
}

func describe(verdicts []lessons.Verdict) string {
	var all []string
	for _, v := range verdicts {
		all = append(all, v.Source+" (it is "+shorten(v.Saw)+")")
	}
	return strings.Join(all, ", ")
}

func shorten(s string) string {
	s = strings.TrimRight(s, "\n")
	const most = 40
	if lines := strings.Split(s, "\n"); len(lines) > most {
		return strings.Join(lines[:most], "\n") + fmt.Sprintf("\n(%d more lines)", len(lines)-most)
	}
	return s
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

// appendAgain switches the append only file on if the lesson's server has one:
// after !load it began without.
func appendAgain(l *lessons.Lesson, observe func(string) (string, error)) error {
	if !slices.Contains(l.Directives(), [2]string{"appendonly", "yes"}) {
		return nil
	}
	reply, err := observe("CONFIG SET appendonly yes")
	if err == nil && reply != "OK\n" {
		err = errors.New("load: " + reply)
	}
	return err
}

// waitBackground polls INFO until no snapshot and no rewrite is under way or
// about to begin. pass lets a little time go by.
func waitBackground(observe func(string) (string, error), pass func() error) error {
	for range 3000 {
		info, err := observe("INFO persistence")
		if err != nil {
			return err
		}
		if strings.Contains(info, "\nrdb_bgsave_in_progress:0") &&
			strings.Contains(info, "\naof_rewrite_in_progress:0") &&
			strings.Contains(info, "\naof_rewrite_scheduled:0") {
			return nil
		}
		if err := pass(); err != nil {
			return err
		}
	}
	return errors.New("wait background: it does not end")
}
