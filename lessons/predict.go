package lessons

import (
	"errors"
	"strings"

	"everysec/engine/phrase"
)

// Prediction is a question to answer before the next transcript of its step
// runs. Nobody types its answer: it is asked of the server afterwards, and
// exactly one of the choices must turn out to be true.
type Prediction struct {
	Question string // Markdown
	Choices  []Guess

	// What is asked: a command, typed at a console or (none named) by an unseen
	// client; or a fact.
	Console, Command string
	Fact             Term
}

// Guess is one choice.
type Guess struct {
	At    int
	Value string // the printed reply, its lines joined by blanks; or a comparison, as written
	Shown string // Markdown; "" shows Value

	op    string // of a fact
	right Term
}

// ParsePrediction reads the text of a predict block. at is the line number of
// its first line in its file.
//
//	What does `GET order:2` say now?    Markdown, up to the first choice
//	- "paid"                            the printed reply
//	- (nil) | nothing: it is gone       the same, and what is shown instead
//	> GET order:2                       what is asked; or a fact, such as lost,
//	                                    whose choices may be comparisons (< 5)
func ParsePrediction(src string, at int) (*Prediction, error) {
	p := &Prediction{}
	asked := false
	for i, line := range split(src) {
		trimmed := strings.TrimSpace(line)
		fail := func(err error) (*Prediction, error) { return nil, &Error{Line: at + i, Text: err.Error()} }
		choice, isChoice := strings.CutPrefix(trimmed, "- ")
		switch {
		case asked && trimmed != "":
			return fail(errors.New("predict: what is asked is the last line"))
		case isChoice:
			value, shown, _ := strings.Cut(choice, " | ")
			g := Guess{At: at + i, Value: strings.TrimSpace(value), Shown: strings.TrimSpace(shown)}
			for _, other := range p.Choices {
				if other.Value == g.Value {
					return fail(phrase.Errorf("predict: the choice %q is there twice", g.Value))
				}
			}
			p.Choices = append(p.Choices, g)
		case len(p.Choices) == 0:
			p.Question += line + "\n"
		case trimmed == "":
		default:
			asked = true
			if err := p.ask(trimmed); err != nil {
				return fail(err)
			}
		}
	}
	p.Question = strings.TrimSpace(p.Question)
	switch {
	case p.Question == "":
		return nil, &Error{Line: at, Text: "predict: a question comes first"}
	case len(p.Choices) < 2:
		return nil, &Error{Line: at, Text: "predict: expected at least two choices (\"- CHOICE\")"}
	case !asked:
		return nil, &Error{Line: at, Text: "predict: the last line says what is asked: \"> COMMAND\" or a fact"}
	}
	return p, p.order()
}

func (p *Prediction) ask(line string) (err error) {
	if console, command, ok := prompt(line); ok {
		p.Console, p.Command = console, command
		if command == "" {
			err = errors.New("a prompt without a command")
		}
		return err
	}
	if p.Fact, err = ParseTerm(line); err == nil && p.Fact.Fact == nil {
		err = phrase.Errorf("%q is not a fact", line)
	}
	return err
}

// order reads the comparisons that the choices of a fact are.
func (p *Prediction) order() error {
	for i := range p.Choices {
		if p.Command != "" {
			break
		}
		g := &p.Choices[i]
		g.op = "=="
		value := g.Value
		for _, op := range operators {
			if rest, ok := strings.CutPrefix(value, op+" "); ok {
				g.op, value = op, rest
				break
			}
		}
		var err error
		if g.right, err = ParseTerm(value); err == nil && g.right.Fact != nil {
			err = phrase.Errorf("%q: a choice compares with a number or a text", g.Value)
		}
		if err != nil {
			return &Error{Line: g.At, Text: err.Error()}
		}
	}
	return nil
}

// Asks is what an unseen client must ask before Evaluate; "": nothing, or
// Command is typed at a console of the learner.
func (p *Prediction) Asks() string {
	if p.Command != "" {
		return p.Command
	}
	return p.Fact.Command()
}

// Evaluate tells which choices are true, and what there was instead. reply is
// the printed reply to Asks.
func (p *Prediction) Evaluate(reply string, start, now *Facts) (right []bool, saw string) {
	right = make([]bool, len(p.Choices))
	if p.Command == "" {
		v := p.Fact.Evaluate(reply, start, now)
		for i, g := range p.Choices {
			right[i] = compare(v, g.op, g.right.Value)
		}
		return right, v.String()
	}
	lines := split(strings.TrimRight(reply, "\r\n"))
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	if n := len(lines) - 1; n > 0 && matchLine("(<n>s)", lines[n]) {
		lines = lines[:n]
	}
	saw = strings.Join(lines, " ")
	for i, g := range p.Choices {
		right[i] = matchLine(g.Value, saw)
	}
	return right, saw
}
