package app_test

import (
	"testing"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/web/app"
)

func (b *browser) run(id string) {
	b.t.Helper()
	b.do(app.RunBlock{ID: id})
	b.until(id+" has been played", func() bool { return b.model.Lesson.Running == "" })
}

// asThePageGetsIt is a lesson that was encoded, without its prose.
func asThePageGetsIt(t *testing.T, l *lessons.Lesson) *lessons.Lesson {
	t.Helper()
	l, err := lessons.Decode(l.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A learner who presses every Run and every Solution, in order, sees what the
// lesson says, and passes every check; before the solution none passes.
func TestEveryLessonIsPlayedThroughThePage(t *testing.T) {
	all, err := markdown.Load("../../lessons")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		t.Run(l.ID, func(t *testing.T) { playThroughThePage(t, asThePageGetsIt(t, l)) })
	}
}

func playThroughThePage(t *testing.T, l *lessons.Lesson) {
	b := openBrowser(t, l)
	for i := range l.Steps {
		s := &l.Steps[i]
		b.do(app.EnterStep{ID: s.ID})
		var open []string // checks that wait for their solution
		for j := range s.Blocks {
			k := &s.Blocks[j]
			switch k.Kind {
			case lessons.Transcript, lessons.Solution:
				b.run(k.ID)
				for n, state := range b.model.Lesson.Lines[k.ID] {
					if state == app.Differs {
						line := k.Lines[n]
						t.Errorf("%s, line %d: %s%v does not come out as %q\n%s", k.ID, line.At, line.Command, line.Action, line.Expect, b.screen())
					}
				}
				if k.Kind == lessons.Solution {
					for _, id := range open {
						b.check(id, true)
					}
					open = nil
				}
			case lessons.CheckKind:
				b.check(k.ID, false)
				open = append(open, k.ID)
			}
		}
	}
}

func (b *browser) check(id string, want bool) {
	b.t.Helper()
	var verdicts []lessons.Verdict
	for range 20 { // events on their way: who fails presses Check again
		for range 20 {
			b.frame()
		}
		delete(b.model.Lesson.Verdict, id)
		b.do(app.CheckBlock{ID: id})
		b.until(id+" has been judged", func() bool { return b.model.Lesson.Verdict[id] != nil })
		if verdicts = b.model.Lesson.Verdict[id]; lessons.Passed(verdicts) || !want {
			break
		}
	}
	if lessons.Passed(verdicts) != want {
		for _, v := range verdicts {
			b.t.Logf("%-50s %v, saw %s", v.Source, v.Passed, v.Saw)
		}
		b.t.Errorf("%s: passed %v, want %v", id, !want, want)
	}
}
