package lessons

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"everysec/engine/phrase"
)

// Check asks whether a step's exercise is done. It looks at the state of the
// server, never at what was typed, so there is always more than one way.
type Check struct {
	Ask    string // what the learner is to do, in words
	Items  []Item
	Within time.Duration // of engine time, in which it may come true; 0: at once
}

// Item is one line of a check: a command with the reply it must have, or a
// comparison.
type Item struct {
	At     int
	Source string

	Command string // empty: a comparison
	Expect  []string

	Left, Right Term
	Op          string
}

// Term is one side of a comparison: a number, a text, or a fact.
type Term struct {
	Factor float64 // of a fact
	Fact   *fact   // nil: Literal
	Args   []string
	Value  Value // of a literal
}

// Verdict is how one item of a check came out.
type Verdict struct {
	Source string
	Passed bool
	Saw    string // what was there instead; also set when passed
}

var operators = []string{"==", "!=", "<=", ">=", "<", ">"}

// ParseCheck reads the text of a check. at is the line number of its first
// line in its file.
//
//	# what the learner is to do
//	> GET lock               a command of an unseen client, and its reply,
//	"token"                  up to the next command or blank line
//
//	ttl lock > 0             fact operator (number, text or fact)
//	file_bytes appendonlydir < 2 * file_bytes dump.rdb
//	within 5s                it may take that long, of engine time, to come true
func ParseCheck(src string, at int) (*Check, error) {
	c := &Check{}
	reply := false
	for i, line := range split(src) {
		n := at + i
		trimmed := strings.TrimSpace(line)
		fail := func(err error) (*Check, error) { return nil, &Error{Line: n, Text: err.Error()} }
		if trimmed == "" {
			reply = false
			continue
		}
		if console, command, ok := prompt(line); ok {
			if console != "" || command == "" {
				return fail(errors.New("a check's commands are typed by an unseen client: write \"> COMMAND\""))
			}
			c.Items = append(c.Items, Item{At: n, Source: command, Command: command})
			reply = true
			continue
		}
		if reply {
			last := &c.Items[len(c.Items)-1]
			last.Expect = append(last.Expect, strings.TrimRight(line, " \t"))
			continue
		}
		if words, ok := strings.CutPrefix(trimmed, "#"); ok {
			c.Ask = strings.TrimSpace(c.Ask + " " + strings.TrimSpace(words))
			continue
		}
		if span, ok := strings.CutPrefix(trimmed, "within "); ok {
			d, err := time.ParseDuration(strings.TrimSpace(span))
			if err != nil || d <= 0 || c.Within > 0 {
				return fail(phrase.Errorf("%q: expected one duration forward (within 5s)", trimmed))
			}
			c.Within = d
			continue
		}
		item, err := parseComparison(trimmed)
		if err != nil {
			return fail(err)
		}
		item.At = n
		c.Items = append(c.Items, item)
	}
	if len(c.Items) == 0 {
		return nil, &Error{Line: at, Text: "a check without a command or a comparison"}
	}
	for _, it := range c.Items {
		if it.Command != "" && len(it.Expect) == 0 {
			return nil, &Error{Line: it.At, Text: "a check's command needs the reply it must have"}
		}
	}
	return c, nil
}

func parseComparison(line string) (Item, error) {
	for _, op := range operators {
		left, right, ok := strings.Cut(line, " "+op+" ")
		if !ok {
			continue
		}
		it := Item{Source: line, Op: op}
		var err error
		if it.Left, err = ParseTerm(left); err != nil {
			return it, err
		}
		if it.Left.Fact == nil {
			return it, phrase.Errorf("%q is not a fact", strings.TrimSpace(left))
		}
		it.Right, err = ParseTerm(right)
		if err == nil && op != "==" && op != "!=" && it.Right.Fact == nil && !it.Right.Value.IsNumber {
			err = phrase.Errorf("%q has no order: compare it with == or !=", strings.TrimSpace(right))
		}
		return it, err
	}
	return Item{}, phrase.Errorf("%q is not a comparison (fact == value)", line)
}

// ParseTerm reads one side of a comparison, or the fact of a measure.
func ParseTerm(src string) (Term, error) {
	words := strings.Fields(src)
	if len(words) == 0 {
		return Term{}, errors.New("nothing to compare")
	}
	t := Term{Factor: 1}
	if n, err := strconv.ParseFloat(words[0], 64); err == nil {
		switch {
		case len(words) == 1:
			t.Value = num(n)
			return t, nil
		case words[1] != "*" || len(words) == 2:
			return t, phrase.Errorf("%q: after a number only \"* fact\" may follow", src)
		}
		t.Factor, words = n, words[2:]
		if find(words[0]) == nil {
			return t, phrase.Errorf("unknown fact %q", words[0])
		}
	}
	if f := find(words[0]); f != nil {
		t.Fact, t.Args = f, words[1:]
		if f.Takes == noArgument && len(t.Args) > 0 || f.Takes == oneArgument && len(t.Args) != 1 {
			return t, phrase.Errorf("wrong number of arguments: write %q", f.Form)
		}
		return t, nil
	}
	literal := strings.TrimSpace(src)
	if literal == "none" {
		return t, nil
	}
	if s, err := strconv.Unquote(literal); err == nil {
		t.Value = text(s)
		return t, nil
	}
	if len(words) > 1 {
		return t, phrase.Errorf("unknown fact %q", words[0])
	}
	t.Value = text(literal)
	return t, nil
}

func find(name string) *fact {
	for i := range facts {
		if facts[i].Name == name {
			return &facts[i]
		}
	}
	return nil
}

// Command is what has to be asked for this term; empty: nothing.
func (t Term) Command() string {
	if t.Fact == nil || t.Fact.Command == nil {
		return ""
	}
	return t.Fact.Command(t.Args)
}

// Evaluate gives the term's value. reply is the printed reply to Command.
func (t Term) Evaluate(reply string, start, now *Facts) Value {
	v := t.Value
	switch {
	case t.Fact == nil:
		return v
	case t.Fact.Command != nil:
		v = t.Fact.Read(t.Args, reply)
	default:
		v = t.Fact.Host(t.Args, start, now)
	}
	if t.Factor != 1 && v.IsNumber {
		v = num(v.Number * t.Factor)
	}
	return v
}

// String is the term as it is written.
func (t Term) String() string {
	if t.Fact == nil {
		return t.Value.String()
	}
	s := strings.Join(append([]string{t.Fact.Name}, t.Args...), " ")
	if t.Factor != 1 {
		s = FormatNumber(t.Factor) + " * " + s
	}
	return s
}

// Host reports whether the term is told only by a host with facts, not by
// every server.
func (t Term) Host() bool { return t.Fact != nil && t.Fact.Host != nil }

// Host reports whether the check needs facts of the host.
func (c *Check) Host() bool {
	for _, it := range c.Items {
		if it.Left.Host() || it.Right.Host() {
			return true
		}
	}
	return false
}

// Commands are what an unseen client must ask before Evaluate, in order.
func (c *Check) Commands() []string {
	var all []string
	for _, it := range c.Items {
		for _, command := range []string{it.Command, it.Left.Command(), it.Right.Command()} {
			if command != "" {
				all = append(all, command)
			}
		}
	}
	return all
}

// Evaluate judges every item. replies are the printed replies to Commands, in
// the same order; missing ones count as no value. start are the host's facts
// from when the step began.
func (c *Check) Evaluate(replies []string, start, now *Facts) []Verdict {
	next := func(command string) string {
		if command == "" || len(replies) == 0 {
			return "(nil)"
		}
		r := replies[0]
		replies = replies[1:]
		return r
	}
	verdicts := make([]Verdict, 0, len(c.Items))
	for _, it := range c.Items {
		v := Verdict{Source: it.Source}
		if it.Command != "" {
			v.Saw = next(it.Command)
			v.Passed = Match(it.Expect, v.Saw)
		} else {
			left := it.Left.Evaluate(next(it.Left.Command()), start, now)
			right := it.Right.Evaluate(next(it.Right.Command()), start, now)
			v.Saw = left.String()
			if it.Right.Fact != nil {
				v.Saw += ", against " + right.String()
			}
			v.Passed = compare(left, it.Op, right)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// Passed reports whether all items passed.
func Passed(verdicts []Verdict) bool {
	for _, v := range verdicts {
		if !v.Passed {
			return false
		}
	}
	return len(verdicts) > 0
}

// compare orders numbers; of all else it only knows whether it is the same.
// Nothing equals "none" and is neither more nor less than anything.
func compare(left Value, op string, right Value) bool {
	switch op {
	case "==", "!=":
		same := left.Known == right.Known && left.Text == right.Text
		if left.Known && right.Known && left.IsNumber && right.IsNumber {
			same = left.Number == right.Number
		}
		return same == (op == "==")
	}
	if !left.IsNumber || !right.IsNumber {
		return false
	}
	switch op {
	case "<":
		return left.Number < right.Number
	case "<=":
		return left.Number <= right.Number
	case ">":
		return left.Number > right.Number
	}
	return left.Number >= right.Number
}

// ParseMeasures reads the lines of a measure: "label | fact".
func ParseMeasures(src string, at int) ([]Measure, error) {
	var all []Measure
	for i, line := range split(src) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		label, source, ok := strings.Cut(line, "|")
		if !ok || strings.TrimSpace(label) == "" {
			return nil, &Error{Line: at + i, Text: "expected \"label | fact\""}
		}
		t, err := ParseTerm(source)
		if err == nil && t.Fact == nil {
			err = phrase.Errorf("%q is not a fact", strings.TrimSpace(source))
		}
		if err != nil {
			return nil, &Error{Line: at + i, Text: err.Error()}
		}
		all = append(all, Measure{Label: strings.TrimSpace(label), Fact: t})
	}
	return all, nil
}
