package browsertest

import (
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"everysec/lessons"
)

// tabsTo presses Tab until something has the focus, as somebody does who has no
// pointer.
func (l learner) tabsTo(selector string) {
	l.t.Helper()
	for range 250 {
		var there bool
		l.eval(`document.activeElement.matches(`+strconv.Quote(selector)+`)`, &there)
		if there {
			return
		}
		l.run(chromedp.KeyEvent(kb.Tab))
	}
	l.t.Fatalf("Tab does not come to %s", selector)
}

// A step with a check, and the quiz at the end, with the keyboard alone: text,
// Run, solution, Check, "I broke it", questions.
func TestALessonIsTakenByKeyboard(t *testing.T) {
	t.Parallel()
	lesson, step := firstStep(t, func(s *lessons.Step) bool {
		kinds := func(k lessons.Kind) bool {
			return slices.ContainsFunc(s.Blocks, func(b lessons.Block) bool { return b.Kind == k })
		}
		return kinds(lessons.Transcript) && kinds(lessons.CheckKind) && kinds(lessons.Solution)
	})
	l := arriveAt(t, "/lessons/"+lesson.ID+"/")
	at := func(kind lessons.Kind) string {
		for _, s := range lesson.Steps {
			for _, b := range s.Blocks {
				if b.Kind == kind && (kind == lessons.QuizKind || s.ID == step.ID) {
					return block(b.ID)
				}
			}
		}
		t.Fatalf("no block of the kind %v", kind)
		return ""
	}
	l.tabsTo(`#steps a[data-step="` + step.ID + `"]`)
	l.run(chromedp.KeyEvent(kb.Enter))
	l.sees("the step has been come to", `location.hash === "#`+step.ID+`"`)
	for _, s := range step.Blocks {
		if s.Kind == lessons.PredictKind { // one choice of a group is tabbed to, arrows choose
			l.tabsTo(block(s.ID) + " input")
			l.run(chromedp.KeyEvent(" "))
			l.sees("a prediction is made", `document.querySelector('`+block(s.ID)+` input:checked')`)
		}
	}
	l.tabsTo(at(lessons.Transcript) + " button.run")
	l.run(chromedp.KeyEvent(kb.Enter))
	l.played(at(lessons.Transcript))
	l.tabsTo(at(lessons.CheckKind) + " button.check")
	l.run(chromedp.KeyEvent(kb.Enter))
	l.sees("the verdict is told", `document.querySelector('`+at(lessons.CheckKind)+` .verdict[role="status"]').textContent.startsWith("Not yet")`)
	solution := "details" + at(lessons.Solution)
	l.tabsTo(solution + " summary")
	l.run(chromedp.KeyEvent(kb.Enter))
	l.tabsTo(solution + " button.run")
	l.run(chromedp.KeyEvent(kb.Enter))
	l.played(solution + " .transcript")
	l.eval(`document.querySelector('#steps a[data-step="`+step.ID+`"]').focus()`, nil)
	l.run(chromedp.KeyEvent(kb.Enter))
	l.tabsTo(at(lessons.CheckKind) + " button.check")
	l.run(chromedp.KeyEvent(kb.Enter))
	l.sees("it passes", `document.querySelector('`+at(lessons.CheckKind)+` .verdict').textContent === "Done."`)
	l.tabsTo(`[data-reset="` + step.ID + `"]`)
	l.run(chromedp.KeyEvent(kb.Enter))
	l.sees("the step begins again, is told, and is what has the focus", `document.querySelector("#say").textContent === "The step begins again." && document.activeElement.id === "`+step.ID+`-title"`)

	question := at(lessons.QuizKind) + ` fieldset[data-question="0"]`
	l.tabsTo(question + " input")
	l.run(chromedp.KeyEvent(" "))
	l.sees("the answer is explained", `document.querySelector('`+question+` .explain[role="status"]').textContent.length > 10 && /^[01] of/.test(document.querySelector('`+at(lessons.QuizKind)+` .score').textContent)`)
	l.run(chromedp.KeyEvent(kb.ArrowDown))
	l.sees("arrows choose another", `document.activeElement.matches('`+question+` input:checked[value="1"]')`)
}

// Without JavaScript, and so without a server, a lesson is a text: read whole,
// its hints and solutions opened, on to the next and to its other language.
func TestALessonIsReadWithoutAProgram(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	l.run(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(l.origin+"/lessons/rdb-and-aof/"))
	l.run( // keys and not clicks: a text that is laid out as it is scrolled moves
		chromedp.WaitVisible("#lesson article h1", chromedp.ByQuery),
		chromedp.WaitVisible("noscript p", chromedp.ByQuery),
		chromedp.SendKeys("details.solution summary", kb.Enter, chromedp.ByQuery),
		chromedp.WaitVisible("details.solution[open] .lines", chromedp.ByQuery),
		chromedp.SendKeys(".languages a", kb.Enter, chromedp.ByQuery),
		chromedp.WaitVisible(`html[lang="de"] #lesson article[lang="en"] h1`, chromedp.ByQuery),
		chromedp.SendKeys(`.onward a[rel="next"]`, kb.Enter, chromedp.ByQuery),
		chromedp.WaitVisible(`html[lang="de"] #lesson article[data-lesson="recovery"] h1`, chromedp.ByQuery),
		chromedp.SendKeys(".top .course", kb.Enter, chromedp.ByQuery),
		chromedp.WaitVisible(`html[lang="de"] #course-title`, chromedp.ByQuery),
	)
}
