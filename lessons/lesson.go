// Package lessons is what a page knows about a lesson while it runs: the
// commands of its transcripts, its actions, its checks and its quiz.
//
// The idea: a lesson is a text that can be played. Everything it claims is
// either a transcript (what is typed and what redis-cli prints), or a check
// that looks at the state of the server, so a machine can play the whole
// lesson and find a sentence that stopped being true. The same few forms serve
// the learner's page, the headless test and a real redis-server.
//
// Reading lesson.md and turning its prose into HTML happens at build time, in
// package lessons/markdown. Nothing here needs a Markdown or a JSON library:
// this package goes into the page.
package lessons

import "strings"

// Lesson is one lesson.md.
type Lesson struct {
	ID     string
	Title  string
	Goal   string // what the learner can do afterwards, in one sentence; "": not said
	Phase  int
	Seed   uint64
	Config []string // lines as in redis.conf
	Setup  []Line   // played once, before the first step
	Intro  string   // Markdown before the first step; not encoded
	Steps  []Step
	Extras []Extra // files that !load reads
}

// Extra is a file beside lesson.md.
type Extra struct {
	Name string
	Data []byte
}

// Extra finds a file by its name; nil: there is none.
func (l *Lesson) Extra(name string) []byte {
	for _, e := range l.Extras {
		if e.Name == name {
			return e.Data
		}
	}
	return nil
}

// Phases are the titles of the course's three phases.
var Phases = [...]string{"A dictionary at RAM speed", "The everyday core", "Production reality"}

// Summary is the id of the step that ends every lesson.
const Summary = "summary"

// Step is one "## " section.
type Step struct {
	ID     string
	Title  string
	At     int  // line in lesson.md of its heading; not encoded
	Breaks bool // the learner breaks something here; not encoded
	Blocks []Block
}

// Kind says what a Block is.
type Kind uint8

// The kinds. All but Prose are fenced blocks with that word as their language
// (Transcript is "redis").
const (
	Prose Kind = iota
	Transcript
	SetupKind
	CheckKind
	Hint
	Solution
	QuizKind
	MeasureKind
	PredictKind
)

var kindNames = [...]string{"prose", "redis", "setup", "check", "hint", "solution", "quiz", "measure", "predict"}

// String is the word that opens such a block in lesson.md.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Block is a part of a step. Hint and Solution belong to the last check
// before them.
type Block struct {
	Kind Kind
	ID   string // the step's id, a slash and the block's index in the step
	At   int    // line in lesson.md of its first line of content
	Text string // Markdown of Prose and Hint (not encoded), the source of all others

	Lines    []Line // Transcript, SetupKind, Solution
	Together bool   // Transcript: all lines are sent in the same instant, then the replies awaited
	Check    *Check
	Quiz     []Question
	Measures []Measure
	Predict  *Prediction
}

// Line is one thing that is typed or done.
type Line struct {
	At      int      // line in lesson.md
	Console string   // "" is the default console
	Command string   // as typed; empty if Action is set
	Shell   bool     // Command is for a shell: no server runs
	Expect  []string // what redis-cli, the shell or a start that refuses prints; empty: anything
	Action  *Action
}

// ShellCommands are what can be typed where no server runs, and what is to stand
// behind each.
var ShellCommands = [][2]string{
	{"cp", "[-r] from to"},
	{"ls", "[directory]"},
	{"redis-check-aof", "[--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>"},
	{"redis-check-rdb", "<rdb-file-name>"},
	{"redis-server", "[--directive value ...]"},
	{"sed", "-i s/old/new/ file"},
	{"truncate", "-s size file"},
}

// asking ends the questions that shell commands ask.
const asking = "[y/N]: "

// Answers are what a shell command is to be answered with: in what it prints
// they stand behind its questions.
func (l *Line) Answers() []string {
	var answers []string
	for _, text := range l.Expect {
		if _, answer, ok := strings.Cut(text, asking); ok && l.Shell {
			answers = append(answers, answer)
		}
	}
	return answers
}

// Prompt is what stands before the command.
func (l *Line) Prompt() string {
	if l.Shell {
		return ShellPrompt
	}
	return l.Console + "> "
}

// LogLine is a line of a server's log without process and time: a sign for its
// level (0 is debug, 3 a warning), and the text.
func LogLine(level int, text string) string { return ".-*#"[level&3:level&3+1] + " " + text }

// ShellPrompt stands before what is typed where no server runs.
const ShellPrompt = "$ "

// Question is one question of a quiz. Explain has a text for each choice.
type Question struct {
	Text    string   `json:"q"`
	Choices []string `json:"choices"`
	Answer  int      `json:"answer"` // index of the right choice
	Explain []string `json:"explain"`
}

// Measure is a figure that the page keeps up to date while the learner works.
type Measure struct {
	Label string
	Fact  Term
}

// Playground is how a lesson's server is set up where the lesson does not say
// otherwise.
var Playground = [][2]string{
	{"save", "900 1 300 100"},
	{"appendonly", "yes"},
	{"appendfsync", "everysec"},
	// The only client is the learner: DEBUG is for learning here.
	{"enable-debug-command", "yes"},
}

// Directives are the configuration of the lesson's server, each once: several
// lines "save" are one.
func (l *Lesson) Directives() [][2]string {
	pairs := append([][2]string(nil), Playground...)
	saves := ""
	for _, line := range l.Config {
		name, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		if value == `""` {
			value = ""
		}
		if name == "save" {
			saves = strings.TrimSpace(saves + " " + value)
			value = saves
		}
		at := 0
		for at < len(pairs) && pairs[at][0] != name {
			at++
		}
		if at == len(pairs) {
			pairs = append(pairs, [2]string{name, ""})
		}
		pairs[at][1] = value
	}
	return pairs
}

// Conf writes directives as a redis.conf.
func Conf(directives [][2]string) string {
	s := ""
	for _, d := range directives {
		value := d[1]
		if value == "" {
			value = `""`
		}
		s += d[0] + " " + value + "\n"
	}
	return s
}

// Default is the name shown for the console of lines that begin with "> ".
const Default = "redis"

// Consoles lists the consoles that lines type at, in order of appearance.
func Consoles(lines []Line) []string {
	var names []string
	seen := map[string]bool{}
	for _, l := range lines {
		if l.Action == nil && !seen[l.Console] {
			seen[l.Console] = true
			names = append(names, l.Console)
		}
	}
	return names
}

// Error is a mistake in a lesson.
type Error struct {
	File string
	Line int // from 1; 0: the file as a whole
	Text string
}

func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s += ":" + itoa(e.Line)
	}
	if s != "" {
		s += ": "
	}
	return s + e.Text
}
