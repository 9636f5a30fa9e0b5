package app_test

import (
	"strings"
	"testing"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/web/app"
)

const brokenLesson = `---
id: broken
title: Broken
phase: 1
seed: 7
config:
  maxmemory-policy noeviction
setup:
  > SET course yes
---

## First {#first}

` + "```setup\n> SET a 1\n```" + `

` + "```predict\nWhat does a say?\n- \"1\"\n- \"2\"\n- (nil)\n> GET a\n```" + `

` + "```predict\nHow many keys?\n- < 2\n- >= 2\nkeys\n```" + `

` + "```redis\nworker-A> INCR a\n(integer) 2\n```" + `

` + "```predict\nAnd in the transaction?\n- QUEUED\n- \"2\"\nworker-A> GET a\n```" + `

` + "```redis\nworker-A> MULTI\nOK\n```" + `

` + "```check\n# three\nvalue a == 3\n```" + `

` + "```solution\n> INCR a\n```" + `

## Second {#second}

Nothing to do.

## Third {#third}

` + "```check\n# gone\nexists a == 0\nexists course == 1\nwithin 10s\n```" + `

` + "```solution\n> EXPIRE a 2\n```" + `
`

func parsed(t *testing.T, src string) *lessons.Lesson {
	t.Helper()
	l, err := markdown.Parse("lesson.md", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if l, err = lessons.Decode(l.Encode()); err != nil {
		t.Fatal(err)
	}
	return l
}

func (b *browser) typed(console, line string) {
	b.t.Helper()
	c := b.model.Console(console)
	before := c.CLI.Finished()
	b.do(app.Submit{Console: console, Line: line})
	b.until(line, func() bool { return c.CLI.Finished() > before })
}

func TestAPredictionComesBeforeItsTranscript(t *testing.T) {
	b := openBrowser(t, parsed(t, brokenLesson))
	l := func() *app.Lesson { return b.model.Lesson }
	if !l().Veiled("first/3") || !l().Veiled("first/5") || l().Veiled("first/7") {
		t.Error("a transcript gives away what comes out")
	}
	b.do(app.RunBlock{ID: "first/3"})
	if l().Running != "" || l().Asked != "first/1" {
		t.Fatalf("running %q, asked %q", l().Running, l().Asked)
	}
	b.do(app.Guess{Block: "first/1", Choice: 0})
	b.do(app.Guess{Block: "first/1", Choice: 1}) // a second thought
	b.do(app.RunBlock{ID: "first/3"})
	if l().Asked != "first/2" {
		t.Fatalf("asked %q", l().Asked)
	}
	b.do(app.Guess{Block: "first/2", Choice: app.Skipped})
	b.run("first/3")
	if o := l().Outcome["first/1"]; o.Right != 1 || o.Saw != `"2"` {
		t.Errorf("what came out: %+v", o)
	}
	if o := l().Outcome["first/2"]; o.Right != 1 || o.Saw != "2" {
		t.Errorf("what came out: %+v", o)
	}
	if l().Veiled("first/3") {
		t.Error("what came out stays hidden")
	}
	b.do(app.Guess{Block: "first/1", Choice: 0})
	if l().Guessed["first/1"] != 1 {
		t.Error("a prediction was changed when its outcome was known")
	}
	b.do(app.Guess{Block: "first/4", Choice: 0})
	b.run("first/5")
	if o := l().Outcome["first/4"]; o.Right != 0 || o.Saw != "QUEUED" {
		t.Errorf("asked at worker-A, in its transaction: %+v", o)
	}

	again := openBrowserWith(t, parsed(t, brokenLesson), b.saved)
	if got := again.model.Lesson; got.Guessed["first/1"] != 1 || got.Guessed["first/2"] != app.Skipped || got.Outcome["first/1"].Right != 1 {
		t.Errorf("after a reload: %v, %v; saved\n%s", got.Guessed, got.Outcome, b.saved)
	}
}

func TestShowMePlaysWhatTheSolutionStandsUpon(t *testing.T) {
	b := openBrowser(t, parsed(t, brokenLesson))
	b.run("first/7")
	b.check("first/6", true)
	if b.model.Lesson.Guessed["first/1"] != app.Skipped {
		t.Error("who is shown the solution has made a prediction")
	}
	if len(b.model.Lesson.Lines["first/5"]) == 0 {
		t.Error("the transcript above was not played")
	}
}

func TestACheckWaits(t *testing.T) {
	b := openBrowser(t, parsed(t, brokenLesson))
	b.run("first/7")
	b.run("third/1")
	b.do(app.CheckBlock{ID: "third/0"})
	b.until("it is judged", func() bool { return b.model.Lesson.Verdict["third/0"] != nil })
	if b.model.Lesson.Passed["third/0"] || b.model.Lesson.Waiting["third/0"] == 0 {
		t.Fatal("it does not wait")
	}
	b.until("it comes true", func() bool { return b.model.Lesson.Passed["third/0"] })
	if b.model.Lesson.Waiting["third/0"] != 0 {
		t.Error("it waits for ever")
	}
}

func TestACheckDoesNotWaitForEver(t *testing.T) {
	b := openBrowser(t, parsed(t, brokenLesson))
	b.run("first/7")
	b.do(app.CheckBlock{ID: "third/0"})
	b.until("it waits", func() bool { return b.model.Lesson.Waiting["third/0"] != 0 })
	b.do(app.ClockAdvance{Micros: 11_000_000})
	b.until("it gives up", func() bool { return b.model.Lesson.Waiting["third/0"] == 0 })
	if b.model.Lesson.Passed["third/0"] {
		t.Error("passed")
	}
}

// Whatever was broken: the step begins again as it began the first time.
func TestIBrokeIt(t *testing.T) {
	for name, breaking := range map[string]func(b *browser){
		"crashed": func(b *browser) {
			b.do(app.Submit{Console: "redis", Line: "!crash power-loss"})
			b.until("it is down", func() bool { return b.model.Down })
		},
		"shut down": func(b *browser) {
			b.do(app.Submit{Console: "redis", Line: "SHUTDOWN NOSAVE"})
			b.until("it is down", func() bool { return b.model.Down })
		},
		"locked out": func(b *browser) {
			b.typed("redis", "CONFIG SET requirepass secret")
			b.typed("redis", "ACL SETUSER default off")
		},
		"without room": func(b *browser) { b.typed("redis", "CONFIG SET maxmemory 1") },
		"elsewhere":    func(b *browser) { b.typed("redis", "SELECT 5"); b.typed("redis", "MULTI") },
		"frozen": func(b *browser) {
			b.do(app.PauseClient{Name: "redis", Micros: -1})
			b.do(app.ClockPause{Paused: true})
		},
		"rewritten": func(b *browser) {
			b.typed("redis", "CONFIG SET maxmemory 1")
			b.do(app.Submit{Console: "redis", Line: "CONFIG REWRITE"})
		},
		"blocked for ever": func(b *browser) { b.do(app.Submit{Console: "redis", Line: "BLPOP nothing 0"}) },
	} {
		t.Run(name, func(t *testing.T) {
			b := openBrowser(t, parsed(t, brokenLesson))
			b.run("first/7")
			breaking(b)
			b.do(app.ResetStep{ID: "first"})
			b.until("the step has begun", func() bool {
				return !b.model.Loading && b.model.Lesson.Ready()
			})
			for _, line := range [][2]string{
				{"GET a", `"1"`},
				{"GET course", `"yes"`},
				{"DBSIZE", "(integer) 2"},
				{"CONFIG GET maxmemory", `"0"`},
				{"CONFIG GET appendonly", `"yes"`},
				{"CONFIG GET maxmemory-policy", `"noeviction"`},
			} {
				b.typed("redis", line[0])
				c := b.model.Console("redis")
				if got := c.Blocks[len(c.Blocks)-1].Text; !strings.Contains(got, line[1]) {
					t.Errorf("%s: %s, want %s\n%s", line[0], got, line[1], b.screen())
				}
			}
			if len(b.model.Consoles) != 1 || b.model.Lesson.Guessed["first/1"] != 0 {
				t.Errorf("%d consoles, %v", len(b.model.Consoles), b.model.Lesson.Guessed)
			}
		})
	}
}

// The same chance each time: what is random comes out alike.
func TestAStepBeginsAgainWithTheSameChance(t *testing.T) {
	b := openBrowser(t, parsed(t, brokenLesson))
	draw := func() string {
		b.do(app.ResetStep{ID: "first"})
		b.until("the step has begun", func() bool { return !b.model.Loading && b.model.Lesson.Ready() })
		b.typed("redis", "SADD s 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16")
		b.typed("redis", "SRANDMEMBER s 12")
		c := b.model.Console("redis")
		return c.Blocks[len(c.Blocks)-1].Text
	}
	if first, second := draw(), draw(); first != second {
		t.Errorf("%s\nand then\n%s", first, second)
	}
}

func TestProgressOfALesson(t *testing.T) {
	b := openBrowser(t, parsed(t, brokenLesson))
	b.do(app.EnterStep{ID: "first"})
	b.do(app.EnterStep{ID: "second"})
	if got := b.saved; !strings.HasPrefix(got, "done 1 3\nat second\n") {
		t.Errorf("saved\n%s", got)
	}
	again := openBrowserWith(t, parsed(t, brokenLesson), b.saved)
	if l := again.model.Lesson; l.Reached != "second" || l.Done() != 1 {
		t.Errorf("reached %q, %d done", l.Reached, l.Done())
	}
	b.do(app.ResetLesson{})
	if b.saved != "" || b.model.Lesson.Done() != 0 {
		t.Errorf("%q is still known", b.saved)
	}
}
