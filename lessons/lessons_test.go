package lessons

import (
	"fmt"
	"go/build"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"
)

func TestMatch(t *testing.T) {
	datadriven.RunTest(t, "testdata/match", func(t *testing.T, d *datadriven.TestData) string {
		expect, got, found := strings.Cut(d.Input+"\n", "=>\n")
		if !found {
			t.Fatalf("%s: no line =>", d.Pos)
		}
		if Match(strings.Split(strings.TrimSuffix(expect, "\n"), "\n"), got) {
			return "matches\n"
		}
		return "differs\n"
	})
}

func named(err error) string {
	if e, ok := err.(*Error); ok {
		e.File = "lesson.md"
	}
	return err.Error() + "\n"
}

func TestLines(t *testing.T) {
	datadriven.RunTest(t, "testdata/lines", func(t *testing.T, d *datadriven.TestData) string {
		lines, err := ParseLines(d.Input, 1)
		if err != nil {
			return named(err)
		}
		var out strings.Builder
		for _, l := range lines {
			switch {
			case l.Action != nil && len(l.Expect) > 0:
				fmt.Fprintf(&out, "%d action: %s -> %v\n", l.At, l.Action.Words(), l.Expect)
			case l.Shell:
				fmt.Fprintf(&out, "%d $ %s -> %v answers %v\n", l.At, l.Command, l.Expect, l.Answers())
			case l.Action != nil:
				fmt.Fprintf(&out, "%d action: %s\n", l.At, l.Action.Words())
			case len(l.Expect) > 0:
				fmt.Fprintf(&out, "%d %s: %s -> %v\n", l.At, l.Console, l.Command, l.Expect)
			default:
				fmt.Fprintf(&out, "%d %s: %s\n", l.At, l.Console, l.Command)
			}
		}
		return out.String()
	})
}

func TestActions(t *testing.T) {
	datadriven.RunTest(t, "testdata/actions", func(t *testing.T, d *datadriven.TestData) string {
		var out strings.Builder
		for line := range strings.SplitSeq(d.Input, "\n") {
			a, err := ParseAction(line)
			switch {
			case err != nil:
				out.WriteString(err.Error() + "\n")
			case d.Cmd == "fill":
				for args := range a.Fill.Commands() {
					out.WriteString(strings.Join(args, " ") + "\n")
				}
			default:
				out.WriteString(a.Words() + "\n")
			}
		}
		return out.String()
	})
}

// What the checks of testdata/checks look at.
var replies = map[string]string{
	"DBSIZE":                 "(integer) 3\n",
	"EXISTS lock":            "(integer) 1\n",
	"TTL lock":               "(integer) 29\n",
	"TYPE lock":              "string\n",
	"OBJECT ENCODING lock":   "\"embstr\"\n",
	"GET lock":               "\"a-1\"\n",
	"GET counter":            "\"42\"\n",
	"CONFIG GET appendfsync": "1) \"appendfsync\"\n2) \"always\"\n",
	"INFO default aside":     "# Persistence\r\nloading:0\r\naof_current_size:1024\r\n",
}

func factsOf(moment string) (start, now *Facts) {
	start = &Facts{
		Now: 1_000_000, Crashes: 1, Restarts: 1, Acknowledged: 10, Written: 10, Durable: 9,
		Account: &Account{Crash: KillNine, Complete: true, Survived: 100}, LoadMicros: -1,
	}
	now = &Facts{
		Now: 32_000_000, Crashes: 2, Restarts: 1, Acknowledged: 15, Written: 14, Durable: 12,
		Account:    &Account{Crash: PowerLoss, Complete: true, Survived: 7, Lost: 1},
		LoadMicros: 12500,
		Runs: []Run{
			{Command: "old", Start: 999_999, Held: 1},
			{Command: "keys session:*", Start: 2_000_000, Held: 40_000},
			{Command: "keys *", Start: 2_000_000, Held: 30_000},
			{Command: "ping", Start: 2_000_000, Held: 1, Waited: 39_000},
			{Command: "scan 0", Start: 3_000_000, Held: 500},
		},
		Files: []File{{"appendonlydir/a", 200}, {"appendonlydir/b", 100}, {"dump.rdb", 100}},
	}
	switch moment {
	case "restarted":
		now.Restarts, now.Acknowledged, now.Written, now.Durable = 2, 3, 3, 1
	case "before":
		now.Crashes, now.Account = start.Crashes, start.Account
	}
	return start, now
}

func TestChecks(t *testing.T) {
	datadriven.RunTest(t, "testdata/checks", func(t *testing.T, d *datadriven.TestData) string {
		c, err := ParseCheck(d.Input, 1)
		if err != nil {
			return named(err)
		}
		moment := ""
		if len(d.CmdArgs) > 0 {
			moment = d.CmdArgs[0].Key
		}
		var printed []string
		for _, command := range c.Commands() {
			reply, ok := replies[command]
			if !ok {
				reply = "(nil)\n"
			}
			printed = append(printed, reply)
		}
		start, now := factsOf(moment)
		var out strings.Builder
		for _, v := range c.Evaluate(printed, start, now) {
			word := "failed"
			if v.Passed {
				word = "passed"
			}
			fmt.Fprintf(&out, "%s  %s (%s)\n", word, v.Source, strings.TrimSpace(v.Saw))
		}
		return out.String()
	})
}

// A crash whose restart is still to come has a kind, but no outcome.
func TestAnOpenAccountHasNoOutcome(t *testing.T) {
	start, now := factsOf("")
	now.Account = &Account{Crash: PowerLoss}
	c, err := ParseCheck("crash == power-loss\nlost == none\nsurvived == none", 1)
	if err != nil {
		t.Fatal(err)
	}
	if v := c.Evaluate(nil, start, now); !Passed(v) {
		t.Errorf("%+v", v)
	}
}

func TestReplyValues(t *testing.T) {
	for _, c := range []struct {
		reply string
		want  Value
	}{
		{"(integer) 7\n", Value{Known: true, IsNumber: true, Number: 7, Text: "7"}},
		{"\"a \\\"b\\\"\"\n", Value{Known: true, Text: `a "b"`}},
		{"OK\n", Value{Known: true, Text: "OK"}},
		{"(nil)\n", Value{}},
		{"(empty array)\n", Value{}},
		{"(error) ERR no\n", Value{}},
	} {
		if got := ReadReply(c.reply); got != c.want {
			t.Errorf("ReadReply(%q) = %+v, want %+v", c.reply, got, c.want)
		}
	}
	resp3 := readConfig(nil, "1# \"appendfsync\" => \"everysec\"\n")
	if resp3.Text != "everysec" {
		t.Errorf("CONFIG GET in RESP3: %+v", resp3)
	}
	quoted := readInfo([]string{"loading"}, `"# Persistence\r\nloading:0\r\n"`)
	if quoted.Text != "0" {
		t.Errorf("INFO in quotes: %+v", quoted)
	}
	loaded := "# Stats\r\nkeyspace_hits:1200\r\nkeyspace_misses:30\r\n\r\n# Aside\r\naside_keyspace_hits:1195\r\naside_keyspace_misses:0\r\n"
	for field, want := range map[string]float64{"keyspace_hits": 5, "keyspace_misses": 30, "aside_keyspace_hits": 1195} {
		if got := readInfo([]string{field}, loaded); got.Number != want {
			t.Errorf("%s with a background load: %+v, want %v", field, got, want)
		}
	}
}

// lesson draws a lesson that lesson.md could hold.
var lesson = rapid.Custom(func(t *rapid.T) *Lesson {
	word := rapid.StringMatching(`[a-z]{1,6}`)
	l := &Lesson{
		ID: word.Draw(t, "id"), Title: rapid.String().Draw(t, "title"),
		Phase: rapid.IntRange(0, 9).Draw(t, "phase"), Seed: uint64(rapid.Uint32().Draw(t, "seed")),
		Config: rapid.SliceOfN(word, 1, 3).Draw(t, "config"),
	}
	sources := map[Kind][]string{
		Prose:       {""},
		Hint:        {""},
		Transcript:  {"> PING\nPONG", "worker-A> SET k v\n!pause worker-A\n> GET k\n\"v\""},
		SetupKind:   {"> FLUSHALL", "!fill 10 keys"},
		Solution:    {"> SET a b", "!crash power-loss seed=7\n!restart --save 1"},
		CheckKind:   {"# ask\nkeys == 1", "> GET k\n\"v\"\n\nheld_ms KEYS < 3"},
		MeasureKind: {"size | file_bytes dump.rdb"},
	}
	for range rapid.IntRange(1, 3).Draw(t, "steps") {
		s := Step{ID: word.Draw(t, "step"), Title: rapid.String().Draw(t, "heading")}
		for i := range rapid.IntRange(0, 6).Draw(t, "blocks") {
			b := Block{ID: BlockID(s.ID, i), Kind: rapid.SampledFrom([]Kind{Prose, Hint, Transcript, SetupKind, Solution, CheckKind, MeasureKind, QuizKind}).Draw(t, "kind"), At: rapid.IntRange(1, 999).Draw(t, "at")}
			if b.Kind == QuizKind {
				b.Quiz = []Question{{Text: rapid.String().Draw(t, "q"), Choices: []string{"a", "b"}, Answer: 1, Explain: []string{"no", "yes"}}}
			} else {
				b.Text = rapid.SampledFrom(sources[b.Kind]).Draw(t, "source")
				b.Together = b.Kind == Transcript && rapid.Bool().Draw(t, "together")
				if err := b.Parse(); err != nil {
					t.Fatal(err)
				}
			}
			s.Blocks = append(s.Blocks, b)
		}
		l.Steps = append(l.Steps, s)
	}
	return l
})

// The page gets back what was encoded.
func TestEncodedLessonsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := lesson.Draw(t, "lesson")
		got, err := Decode(l.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if want, have := fmt.Sprintf("%+v", plain0(l)), fmt.Sprintf("%+v", plain0(got)); want != have {
			t.Fatalf("encoded %s\ndecoded %s", want, have)
		}
	})
}

// plain0 leaves the functions of facts out, which cannot be compared.
func plain0(l *Lesson) any {
	type block struct {
		Block
		Items, Measures string
		Lines           string
	}
	var all []any
	for _, s := range l.Steps {
		for _, b := range s.Blocks {
			p := block{Block: b}
			if b.Check != nil {
				for _, it := range b.Check.Items {
					p.Items += fmt.Sprint(it.At, it.Source, it.Command, it.Expect, it.Left, it.Op, it.Right)
				}
			}
			for _, m := range b.Measures {
				p.Measures += m.Label + m.Fact.String()
			}
			p.Lines = sourceOf(b.Lines)
			p.Block.Check, p.Block.Measures, p.Block.Lines = nil, nil, nil
			all = append(all, s.ID, s.Title, p)
		}
	}
	return []any{l.ID, l.Title, l.Phase, l.Seed, l.Config, sourceOf(l.Setup), all}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{codecVersion})
	f.Add((&Lesson{ID: "a", Title: "b", Steps: []Step{{ID: "s", Blocks: []Block{{Kind: Transcript, At: 3, Text: "> PING\nPONG"}}}}}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Decode(b)
		if (l == nil) != (err != nil) {
			t.Fatalf("lesson %v, error %v", l, err)
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("a\n...\n<n>", "a\nb\n12")
	f.Add("<n><*><n>", "1e-5xx7")
	f.Fuzz(func(t *testing.T, expect, reply string) {
		if len(expect) > 60 || len(reply) > 200 { // <*> may go back over a line
			return
		}
		Match(strings.Split(expect, "\n"), reply)
		if !strings.ContainsAny(reply, "<.\r\n\t ") && !Match([]string{reply}, reply+"\n") {
			t.Errorf("%q does not match itself", reply)
		}
	})
}

// Whoever writes a lesson finds every fact and every action in the README.
func TestTheReadmeNamesTheWholeVocabulary(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range Actions {
		if row := "| `" + a.Form + "` | " + a.Meaning + " |"; !strings.Contains(string(readme), row) {
			t.Errorf("README.md misses the row\n%s", row)
		}
	}
	for _, f := range FactTable() {
		by := "`" + f[2] + "`"
		if f[2] == "host" {
			by = "host"
		}
		if row := "| `" + f[0] + "` | " + f[1] + " | " + by + " |"; !strings.Contains(string(readme), row) {
			t.Errorf("README.md misses the row\n%s", row)
		}
	}
}

func TestConsolesInOrderOfAppearance(t *testing.T) {
	lines, err := ParseLines("worker-B> PING\n!clock pause\n> PING\nPONG\nworker-B> PING", 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Consoles(lines), []string{"worker-B", ""}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What goes into the page imports nothing heavy: no Markdown, no JSON, and
// nothing of this module but its little fmt.
func TestThePageGetsNothingHeavy(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	light := []string{"encoding/binary", "errors", "everysec/engine/phrase", "iter", "strconv", "strings", "time"}
	for _, name := range p.Imports {
		if !slices.Contains(light, name) {
			t.Errorf("package lessons imports %q", name)
		}
	}
}
