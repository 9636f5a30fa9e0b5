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

// A learner who makes a prediction, presses every Run and every Show me, in
// order, sees what the lesson says, and passes every check; before the solution
// none passes. Each prediction has its answer then.
func TestTheCourseIsPlayedThroughThePage(t *testing.T) {
	all, err := markdown.Load("../../lessons")
	if err != nil || len(all) == 0 {
		t.Fatal("no lessons", err)
	}
	for _, l := range all {
		t.Run(l.ID, func(t *testing.T) {
			t.Parallel()
			// As the page gets it: encoded, and without its prose.
			l, err := lessons.Decode(l.Encode())
			if err != nil {
				t.Fatal(err)
			}
			b := openBrowser(t, l)
			for i := range l.Steps {
				b.play(&l.Steps[i])
			}
		})
	}
}

func (b *browser) play(s *lessons.Step) {
	b.t.Helper()
	b.do(app.EnterStep{ID: s.ID})
	var guesses []string
	open := "" // the check that waits for its solution
	for j := range s.Blocks {
		k := &s.Blocks[j]
		switch k.Kind {
		case lessons.PredictKind:
			b.do(app.Guess{Block: k.ID, Choice: 0})
			guesses = append(guesses, k.ID)
		case lessons.Transcript, lessons.Solution:
			b.run(k.ID)
			for n, state := range b.model.Lesson.Lines[k.ID] {
				if state == app.Differs {
					line := k.Lines[n]
					b.t.Errorf("%s, line %d: %s%v does not come out as %q\n%s", k.ID, line.At, line.Command, line.Action, line.Expect, b.screen())
				}
			}
			if k.Kind == lessons.Solution {
				b.check(open, true)
			}
		case lessons.CheckKind:
			open = k.ID
			b.check(open, false)
		}
	}
	for _, id := range guesses {
		if o, ok := b.model.Lesson.Outcome[id]; !ok || o.Right < 0 {
			b.t.Errorf("%s has no answer: the server said %q", id, o.Saw)
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
		b.until(id+" has been judged", func() bool {
			return b.model.Lesson.Verdict[id] != nil && (!want || b.model.Lesson.Waiting[id] == 0)
		})
		delete(b.model.Lesson.Waiting, id)
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
