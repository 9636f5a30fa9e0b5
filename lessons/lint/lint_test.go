package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// The whole course is clean. A link to a lesson that is still to be written is
// no mistake until all of them are there.
func TestTheLessonsHere(t *testing.T) {
	names, err := filepath.Glob("../[0-9][0-9]-*/lesson.md")
	if err != nil || len(names) == 0 {
		t.Fatal("no lesson found", err)
	}
	found, err := Files("..", names)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		t.Error(e)
	}
}

func TestFindings(t *testing.T) {
	course := Course{"counters": {"incr", "summary"}}
	datadriven.RunTest(t, "testdata/findings", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		for _, e := range File("lesson.md", []byte(d.Input), course) {
			fmt.Fprintln(&out, e)
		}
		return out.String()
	})
}

// What README.md says of the limits is what they are.
func TestTheReadmeStatesTheLimits(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("| one sentence of at most %d words |", mostGoalWords),
		fmt.Sprintf("| steps | %d to %d,", LeastSteps, MostSteps),
		fmt.Sprintf("at least %d questions in all, each with %d choices", LeastQuestions, QuestionChoices),
		fmt.Sprintf("| a step | at most %d words", MostStepWords),
		fmt.Sprintf("| a sentence | at most %d words, and %.0f on average in a step of %d words or more |", MostSentenceWords, MostMeanSentenceWords, enoughForMeans),
		fmt.Sprintf("| reading ease | at least %.0f", LeastReadingEase),
	} {
		if !strings.Contains(string(readme), want) {
			t.Errorf("README.md does not say %q", want)
		}
	}
}

// As anybody would say without counting: a primer reads easier than a contract.
func TestReadingEase(t *testing.T) {
	for _, c := range []struct {
		text        string
		least, most float64
		words       int
	}{
		{"The cat sat on the mat. The dog ran.", 110, 120, 9},
		{"The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.", 15, 45, 13},
		{"Run `SET a 1` now. | no | table |\n\n```\nno code at all\n```\n\n| a | b |\n", 90, 121, 5},
	} {
		var r reading
		r.add(c.text)
		if ease := r.ease(); ease < c.least || ease > c.most || r.words != c.words {
			t.Errorf("%q: ease %.1f of %d words", c.text, ease, r.words)
		}
	}
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{"chrash": "crash", "lst": "lost", "wiat": "wait", "SELECT": "", "keys": "keys", "sh": ""} {
		if got := nearest(word, append(verbs(), factNames()...)); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
