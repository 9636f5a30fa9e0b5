package play_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/lessons/play"
)

// Many plays at a time: those on a redis-server mostly wait, and what a command
// holds the thread is measured in the processor time of its own thread.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// Every lesson plays on this engine from the first line to the last: every
// transcript matches, every check fails before its solution and passes after.
func TestLessonsOnTheEngine(t *testing.T) {
	t.Parallel()
	all, err := markdown.Load("..")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no lesson found")
	}
	for _, l := range all {
		t.Run(l.ID, func(t *testing.T) {
			t.Parallel()
			w, err := play.NewEngine(l)
			if err != nil {
				t.Fatal(err)
			}
			w.CompareTools(t.TempDir())
			report, err := play.Play(l.ID+"/lesson.md", l, w)
			for _, f := range report.Failures {
				t.Error(f)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d commands, %d replies compared, %d actions, %d verdicts, %d runs of check tools compared with the real ones", report.Commands, report.Replies, report.Actions, report.Verdicts, w.Compared())
			if report.Skipped+report.Unjudged > 0 {
				t.Errorf("%d lines and %d items were not played", report.Skipped, report.Unjudged)
			}
		})
	}
}

// No check passes by the setup alone: there is something to do in it.
func TestNoCheckPassesUntouched(t *testing.T) {
	t.Parallel()
	all, err := markdown.Load("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		t.Run(l.ID, func(t *testing.T) {
			t.Parallel()
			for i := range l.Steps {
				s := &l.Steps[i]
				if !slices.ContainsFunc(s.Blocks, func(b lessons.Block) bool { return b.Check != nil }) {
					continue
				}
				w, err := play.NewEngine(l)
				if err != nil {
					t.Fatal(err)
				}
				report, err := play.Untouched(l.ID+"/lesson.md", l, s, w)
				for _, f := range report.Failures {
					t.Error(f)
				}
				if err != nil {
					t.Error(err)
				}
				if report.Verdicts == 0 {
					t.Errorf("no check of %s was judged", s.ID)
				}
			}
		})
	}
}

// A learner may open the chapter at any step, on a fresh server, and may go
// back to the one before.
func TestEveryStepStandsAlone(t *testing.T) {
	t.Parallel()
	all, err := markdown.Load("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		for i, s := range l.Steps {
			t.Run(l.ID+"/"+s.ID, func(t *testing.T) {
				t.Parallel()
				alone := *l
				alone.Steps = []lessons.Step{l.Steps[(i+1)%len(l.Steps)], s}
				w, err := play.NewEngine(l)
				if err != nil {
					t.Fatal(err)
				}
				report, err := play.Play(l.ID+"/lesson.md", &alone, w)
				for _, f := range report.Failures {
					t.Error(f)
				}
				if err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// Whoever copies the example of the README begins with a lesson that plays.
func TestTheExampleOfTheReadmePlays(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "`````markdown\n")
	example, _, _ := strings.Cut(rest, "`````\n")
	l, err := markdown.Parse("README.md", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	w, err := play.NewEngine(l)
	if err != nil {
		t.Fatal(err)
	}
	report, err := play.Play("README.md", l, w)
	if err != nil || len(report.Failures) > 0 || report.Verdicts == 0 {
		t.Errorf("%+v %v", report, err)
	}
}

// A crash that waits strikes in the line that brings it about, whose reply
// never comes; what had been acknowledged before is accounted for.
func TestACrashThatWaits(t *testing.T) {
	l, err := markdown.Parse("lesson.md", []byte("---\nid: waits\ntitle: Waits\nphase: 1\nseed: 1\nconfig: |\n  appendonly yes\n  appendfsync always\n---\nText.\n\n## One {#one}\n\n```redis\n> PING\nPONG\n```\n"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := play.NewEngine(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ line, want string }{
		{"SET a 1", "OK"},
		{"!crash power-loss at=after-write seed=2", ""},
		{"GET a", `"1"`},
		{"SET b 1", "Error: Server closed the connection"},
		{"!restart", ""},
		{"GET a", `"1"`},
	} {
		if step.want != "" {
			if got, err := w.Command("redis", step.line); err != nil || strings.TrimSuffix(got, "\n") != step.want {
				t.Errorf("%s: %q, %v", step.line, got, err)
			}
			continue
		}
		a, err := lessons.ParseAction(step.line)
		if err == nil {
			err = w.Act(a)
		}
		if err != nil {
			t.Fatalf("%s: %v", step.line, err)
		}
	}
	if f, err := w.Facts(); err != nil || f.Crashes != 1 || f.Account == nil || !f.Account.Complete || f.Account.Survived != 1 {
		t.Errorf("%+v, %v", f, err)
	}
}
