package markdown

import (
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"everysec/lessons"
)

func link(lesson, step string) string { return "../" + lesson + "/#" + step }

const front = "---\nid: test\ntitle: Test\nphase: 1\nseed: 1\n---\n"

func TestErrorsNameTheLine(t *testing.T) {
	datadriven.RunTest(t, "testdata/errors", func(t *testing.T, d *datadriven.TestData) string {
		src := d.Input
		if d.Cmd == "lesson" {
			src = front + src
		}
		l, err := Parse("lesson.md", []byte(src))
		if err == nil {
			t.Errorf("%s: a lesson with %d steps came out", d.Pos, len(l.Steps))
			return ""
		}
		return err.Error() + "\n"
	})
}

func TestHTML(t *testing.T) {
	datadriven.RunTest(t, "testdata/html", func(t *testing.T, d *datadriven.TestData) string {
		l, err := Parse("lesson.md", []byte(front+d.Input))
		if err != nil {
			t.Fatal(err)
		}
		out, err := HTML(l, link)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	})
}

func TestPartsOfALesson(t *testing.T) {
	l, err := Parse("lesson.md", []byte(`---
id: parts
title: "All: parts"
phase: 3
seed: 42
config:
  save 900 1
  appendonly yes
setup:
  > FLUSHALL
  !clock advance 1s
---
Intro.

## One

Words.

`+"```redis\nworker-A> PING\nPONG\n```\n\n```check\n# ask\nkeys == 0\n```\n```solution\n> FLUSHALL\n```\n"))
	if err != nil {
		t.Fatal(err)
	}
	if l.ID != "parts" || l.Title != "All: parts" || l.Phase != 3 || l.Seed != 42 || l.Intro != "Intro." {
		t.Errorf("front matter: %+v", l)
	}
	if strings.Join(l.Config, ";") != "save 900 1;appendonly yes" {
		t.Errorf("config: %q", l.Config)
	}
	if len(l.Setup) != 2 || l.Setup[0].At != 10 || l.Setup[1].Action.Verb != lessons.ClockAdvance {
		t.Errorf("setup: %+v", l.Setup)
	}
	var kinds []string
	for i, b := range l.Steps[0].Blocks {
		kinds = append(kinds, b.Kind.String())
		if want := lessons.BlockID("one", i); b.ID != want {
			t.Errorf("block %d has the id %q, want %q", i, b.ID, want)
		}
	}
	if got := strings.Join(kinds, " "); got != "prose redis check solution" {
		t.Errorf("blocks: %s", got)
	}
	if at := l.Steps[0].Blocks[1].Lines[0].At; at != 20 {
		t.Errorf("the first line of the transcript is on line %d, want 20", at)
	}
}

// The lessons of this repository parse, and each has what a lesson needs.
func TestTheLessonsHere(t *testing.T) {
	all, err := Load("..")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no lesson found")
	}
	for _, l := range all {
		count := map[lessons.Kind]int{}
		for _, s := range l.Steps {
			for _, b := range s.Blocks {
				count[b.Kind]++
			}
		}
		if count[lessons.Transcript] == 0 || count[lessons.CheckKind] == 0 || count[lessons.QuizKind] == 0 {
			t.Errorf("%s has %d transcripts, %d checks and %d quizzes", l.ID, count[lessons.Transcript], count[lessons.CheckKind], count[lessons.QuizKind])
		}
		if back, err := lessons.Decode(l.Encode()); err != nil || len(back.Steps) != len(l.Steps) {
			t.Errorf("%s does not come back from its encoded form: %v", l.ID, err)
		}
		if _, err := HTML(l, link); err != nil {
			t.Errorf("%s: %v", l.ID, err)
		}
	}
}

// The lesson in README.md is a whole one.
func TestTheExampleOfTheReadme(t *testing.T) {
	readme := readFile(t, "../README.md")
	_, rest, found := strings.Cut(readme, "`````markdown\n")
	example, _, closed := strings.Cut(rest, "`````\n")
	if !found || !closed {
		t.Fatal("no example between ````` in README.md")
	}
	l, err := Parse("README.md", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Steps) != 1 || len(l.Steps[0].Blocks) < 6 {
		t.Errorf("%+v", l.Steps)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(front + "## A\n```redis\n> PING\nPONG\n```\n")
	f.Add(front + "## A\n```quiz\n[{\"q\":\"a\",\"choices\":[\"b\",\"c\"],\"answer\":0,\"explain\":[\"d\",\"e\"]}]\n```\n")
	f.Fuzz(func(t *testing.T, src string) {
		l, err := Parse("lesson.md", []byte(src))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "lesson.md:") {
				t.Fatalf("an error without a line: %v", err)
			}
			return
		}
		if _, err := HTML(l, link); err != nil {
			t.Fatal(err)
		}
		if _, err := lessons.Decode(l.Encode()); err != nil {
			t.Fatal(err)
		}
	})
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A translation is the same lesson: the same blocks, of which only words differ.
func TestTranslations(t *testing.T) {
	all, err := Load("..")
	if err != nil {
		t.Fatal(err)
	}
	found, err := Translations("..", all)
	if err != nil {
		t.Fatal(err)
	}
	if len(found["de"]) == 0 {
		t.Error("no lesson in German")
	}
	src := front + "Words.\n## A {#a}\n```predict\nWhat?\n- \"1\"\n- (nil) | none\n> GET k\n```\n```redis\n> GET k\n(nil)\n```\n```check\n# ask\nkeys == 1\n```\n```solution\n> SET k v\n```\n"
	one, err := Parse("lesson.md", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for change, alike := range map[[2]string]bool{
		{"Words.", "Worte."}: true, {"What?", "Was?"}: true, {"| none", "| nichts"}: true, {"# ask", "# frag"}: true, {"## A", "## B"}: true,
		{"{#a}", "{#b}"}: false, {"keys == 1", "keys == 2"}: false, {"SET k v", "SET k w"}: false, {"- \"1\"", "- \"2\""}: false,
		{"> GET k\n(nil)", "> GET k\n\"v\""}: false, {"seed: 1", "seed: 2"}: false, {"```redis", "More.\n\n```redis"}: false,
	} {
		other, err := Parse("lesson.de.md", []byte(strings.Replace(src, change[0], change[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		if line, what := difference(one, other); (what == "") != alike {
			t.Errorf("%q: line %d, %s", change, line, what)
		}
	}
}
