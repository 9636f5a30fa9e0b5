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

// Each rule: a lesson that is whole, and the one change that breaks it.
func TestEveryRuleFinds(t *testing.T) {
	example, err := os.ReadFile("testdata/whole.md")
	if err != nil {
		t.Fatal(err)
	}
	whole := string(example)
	course := Course{"counters": {"incr"}}
	if found := File("lesson.md", example, course); len(found) > 0 {
		t.Fatal(found)
	}
	easy, hard := strings.Repeat("We go on. ", 160), strings.Repeat("Consideration necessitates organizational deliberation. ", 30)
	long := strings.Repeat("the cat and the dog and the cow go to the mill and come back to the house and ", 3)
	for _, c := range []struct{ old, new, want string }{
		{"goal: See what is enough.\n", "", `"goal" is missing`},
		{"See what is enough.", "See it. Then see more.", "the goal has 2 sentences"},
		{"See what is enough.", strings.Repeat("see ", 31), "the goal has 31 words"},
		{"## Two {#two}\nWords.\n", "", "4 steps; a lesson has 5 to 10"},
		{"## Two {#two}\n", "## A\n## B\n## C\n## D\n## E\n## F\n## Two {#two}\n", "11 steps"},
		{"{#one breaks}", "{#one}", "the learner breaks nothing"},
		{"```predict", "```text", "no prediction"},
		{`, {"q": "C", "choices": ["a", "b", "c", "d"], "answer": 1, "explain": ["x", "y", "z", "u"]}]`, "]", "2 questions; a quiz asks at least 3"},
		{`"answer": 1, "explain": ["x", "y", "z", "u"]},`, `"answer": 4, "explain": ["x", "y", "z", "u"]},`, "the answer 4 is not among choices 0 to 3"},
		{`["x", "y", "z", "u"]`, `["x", "y", "z"]`, "3 explanations for 4 choices"},
		{`["x", "y", "z", "u"]`, `["x", "y", "", "u"]`, "without explanation"},
		{`["a", "b", "c", "d"], "answer": 1, "explain": ["x", "y", "z", "u"]`, `["a", "b", "c"], "answer": 1, "explain": ["x", "y", "z"]`, "3 choices instead of 4"},
		{"Words.", easy, "the step has 4"},
		{"Words.", hard, "reading ease"},
		{"Words.", long + ".", "a sentence of 5"},
		{"Words.", strings.Repeat("the cat and the dog and the cow go to the mill and then they all come back to the house at last. ", 4), "words on average"},
		{"{#summary}", "{#end}", "end with ## Summary"},
		{"| a | b |\n| --- | --- |\n| 1 | 2 |\n", "", "the summary has no table"},
		{"- [Counters](lesson:counters)\n", "", "the summary lists 1 links onward"},
		{"lesson:counters", "lesson:counter", `leads to no lesson (did you mean "counters"?)`},
		{"lesson:counters", "lesson:counters#inrc", `leads to no step of that lesson (did you mean "incr"?)`},
		{"(https:", "(http:", "write https://..."},
		{"Words.", "[x](#tow)", `leads to no step of this lesson (did you mean "two"?)`},
		{"Words.", "TODO", "unfinished"},
		{"```redis", "```reids", `did you mean "redis"?`},
		{"> SET a 1", "!restrat", `did you mean "restart"?`},
		{"```solution\n> SET a 2\n```\n", "", "solution"},
		{"value a == 2", "valeu a == 2", `did you mean "value"?`},
	} {
		bad := strings.Replace(whole, c.old, c.new, 1)
		if bad == whole {
			t.Fatalf("the example has no %q", c.old)
		}
		found := File("lesson.md", []byte(bad), course)
		said := ""
		for _, e := range found {
			said += e.Error() + "\n"
			if e.Line < 1 {
				t.Errorf("%q: no line: %v", c.want, e)
			}
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("with %.40q for %.40q: it does not say %q but\n%s", c.new, c.old, c.want, said)
		}
	}
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
