// Package markdown reads lesson.md and writes it as HTML. It runs when the
// site is built, never in the page.
//
// The idea: the file is cut into steps and fenced blocks line by line, so that
// every mistake has a line number; only the prose between the blocks goes
// through a Markdown library.
package markdown

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"everysec/lessons"
)

// Load parses every NN-name/lesson.md below a directory, in the order of the
// folders' names.
func Load(dir string) ([]*lessons.Lesson, error) {
	files, err := filepath.Glob(filepath.Join(dir, "[0-9][0-9]-*", "lesson.md"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var all []*lessons.Lesson
	folder := map[string]string{}
	for _, file := range files {
		l, err := read(file)
		if err != nil {
			return nil, err
		}
		if other := folder[l.ID]; other != "" {
			return nil, &lessons.Error{File: file, Line: 1, Text: fmt.Sprintf("the id %q is also that of %s", l.ID, other)}
		}
		folder[l.ID] = file
		all = append(all, l)
	}
	return all, nil
}

// read reads a lesson and the files that it loads.
func read(file string) (*lessons.Lesson, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	l, err := Parse(file, src)
	if err != nil {
		return nil, err
	}
	return l, loadFiles(l, file)
}

// Parse reads one lesson. name is what errors call the file.
func Parse(name string, src []byte) (*lessons.Lesson, error) {
	p := parser{lines: strings.Split(strings.ReplaceAll(string(src), "\r\n", "\n"), "\n")}
	l, err := p.lesson()
	var e *lessons.Error
	if errors.As(err, &e) {
		e.File = name
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

type parser struct {
	lines []string
	n     int // index of the next line
}

func fail(line int, format string, args ...any) error {
	return &lessons.Error{Line: line, Text: fmt.Sprintf(format, args...)}
}

func (p *parser) lesson() (*lessons.Lesson, error) {
	l := &lessons.Lesson{}
	if err := p.frontMatter(l); err != nil {
		return nil, err
	}
	var prose []string
	proseAt := p.n + 1
	flush := func() {
		text := strings.Trim(strings.Join(prose, "\n"), "\n")
		switch {
		case strings.TrimSpace(text) == "":
		case len(l.Steps) == 0:
			l.Intro = text
		default:
			add(l, lessons.Block{Kind: lessons.Prose, At: proseAt, Text: text})
		}
		prose, proseAt = nil, p.n+1
	}
	ids := map[string]int{}
	for p.n < len(p.lines) {
		line := p.lines[p.n]
		at := p.n + 1
		p.n++
		fence, info := opening(line)
		switch {
		case strings.HasPrefix(line, "## "):
			p.n--
			flush()
			p.n++
			s, err := heading(line[3:], at)
			if err != nil {
				return nil, err
			}
			if first := ids[s.ID]; first > 0 {
				return nil, fail(at, "the step's id %q is also that of line %d", s.ID, first)
			}
			ids[s.ID] = at
			l.Steps = append(l.Steps, s)
			proseAt = p.n + 1
		case fence != "":
			body, closed := p.fenced(fence)
			if !closed {
				return nil, fail(at, "the block that begins here is never closed with %s", fence)
			}
			kind, flags, ours := blockKind(info)
			if !ours {
				prose = append(prose, line)
				prose = append(prose, body...)
				prose = append(prose, fence)
				continue
			}
			if len(l.Steps) == 0 {
				return nil, fail(at, "a %s block before the first step", kind)
			}
			end := p.n
			p.n = at - 1
			flush()
			p.n = end
			proseAt = p.n + 1
			b := lessons.Block{Kind: kind, At: at + 1, Text: strings.Join(body, "\n")}
			if err := fill(&b, flags, &l.Steps[len(l.Steps)-1]); err != nil {
				return nil, err
			}
			add(l, b)
		default:
			prose = append(prose, line)
		}
	}
	flush()
	return l, complete(l)
}

// maxFile is how large a file of !load may be: every visitor downloads it.
const maxFile = 64 << 10

// loadFiles reads what !load asks for.
func loadFiles(l *lessons.Lesson, name string) error {
	load := func(lines []lessons.Line) error {
		for _, line := range lines {
			if line.Action == nil || line.Action.Verb != lessons.Load || l.Extra(line.Action.File) != nil {
				continue
			}
			data, err := os.ReadFile(filepath.Join(filepath.Dir(name), line.Action.File))
			if err == nil && len(data) > maxFile {
				err = fmt.Errorf("%s has %d bytes, more than %d", line.Action.File, len(data), maxFile)
			}
			if err != nil {
				return &lessons.Error{File: name, Line: line.At, Text: "load: " + err.Error()}
			}
			l.Extras = append(l.Extras, lessons.Extra{Name: line.Action.File, Data: data})
		}
		return nil
	}
	err := load(l.Setup)
	for _, s := range l.Steps {
		for _, b := range s.Blocks {
			if err == nil {
				err = load(b.Lines)
			}
		}
	}
	return err
}

func add(l *lessons.Lesson, b lessons.Block) {
	s := &l.Steps[len(l.Steps)-1]
	b.ID = lessons.BlockID(s.ID, len(s.Blocks))
	s.Blocks = append(s.Blocks, b)
}

// opening recognises "```language flags" and gives the fence that closes it.
func opening(line string) (fence, info string) {
	n := len(line) - len(strings.TrimLeft(line, "`"))
	if n < 3 {
		return "", ""
	}
	return line[:n], strings.TrimSpace(line[n:])
}

func (p *parser) fenced(fence string) (body []string, closed bool) {
	for p.n < len(p.lines) {
		line := p.lines[p.n]
		p.n++
		if strings.TrimRight(line, " ") == fence {
			return body, true
		}
		body = append(body, line)
	}
	return body, false
}

func blockKind(info string) (lessons.Kind, []string, bool) {
	words := strings.Fields(info)
	if len(words) == 0 {
		return 0, nil, false
	}
	for k := lessons.Transcript; k <= lessons.PredictKind; k++ {
		if words[0] == k.String() {
			return k, words[1:], true
		}
	}
	return 0, nil, false
}

// fill parses what is in a fenced block and checks that it stands where it may.
func fill(b *lessons.Block, flags []string, s *lessons.Step) error {
	for _, f := range flags {
		if f != "together" || b.Kind != lessons.Transcript {
			return fail(b.At-1, "a %s block has no flag %q", b.Kind, f)
		}
		b.Together = true
	}
	checks, solved := 0, true
	for _, earlier := range s.Blocks {
		switch earlier.Kind {
		case lessons.CheckKind:
			checks, solved = checks+1, false
		case lessons.Solution:
			solved = true
		}
	}
	switch b.Kind {
	case lessons.Hint, lessons.Solution:
		if checks == 0 {
			return fail(b.At-1, "a %s before the check it belongs to", b.Kind)
		}
		if solved {
			return fail(b.At-1, "a %s after the solution of its check", b.Kind)
		}
	case lessons.CheckKind:
		if !solved {
			return fail(b.At-1, "a check before the solution of the one above it")
		}
	case lessons.SetupKind:
		for _, earlier := range s.Blocks {
			if earlier.Kind != lessons.Prose {
				return fail(b.At-1, "a setup belongs at the beginning of its step")
			}
		}
	case lessons.QuizKind:
		return fillQuiz(b)
	}
	if err := b.Parse(); err != nil {
		return err
	}
	if b.Together {
		for _, line := range b.Lines {
			if line.Action != nil {
				return fail(line.At, "no action among lines that are sent together")
			}
		}
	}
	if (b.Kind == lessons.Transcript || b.Kind == lessons.Solution) && len(b.Lines) == 0 {
		return fail(b.At-1, "an empty %s block", b.Kind)
	}
	return nil
}

func fillQuiz(b *lessons.Block) error {
	d := json.NewDecoder(strings.NewReader(b.Text))
	d.DisallowUnknownFields()
	err := d.Decode(&b.Quiz)
	if err == nil {
		if _, rest := d.Token(); !errors.Is(rest, io.EOF) {
			err = errors.New("text after the list of questions")
		}
	}
	if err != nil {
		line := b.At + strings.Count(b.Text[:min(int(d.InputOffset()), len(b.Text))], "\n")
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line = b.At + strings.Count(b.Text[:min(int(syntax.Offset), len(b.Text))], "\n")
		}
		return fail(line, "quiz: %v", err)
	}
	if len(b.Quiz) == 0 {
		return fail(b.At, "quiz: no question")
	}
	for i, q := range b.Quiz {
		at := b.At
		if n := bytes.Index([]byte(b.Text), []byte(strconv.Quote(q.Text))); n >= 0 {
			at += strings.Count(b.Text[:n], "\n")
		}
		switch {
		case strings.TrimSpace(q.Text) == "":
			return fail(at, "quiz: question %d has no text", i+1)
		case len(q.Choices) < 2:
			return fail(at, "quiz: question %d has %d choices, fewer than two", i+1, len(q.Choices))
		case q.Answer < 0 || q.Answer >= len(q.Choices):
			return fail(at, "quiz: question %d: the answer %d is not among choices 0 to %d", i+1, q.Answer, len(q.Choices)-1)
		case len(q.Explain) != len(q.Choices):
			return fail(at, "quiz: question %d has %d explanations for %d choices", i+1, len(q.Explain), len(q.Choices))
		}
		seen := map[string]bool{}
		for c := range q.Choices {
			if strings.TrimSpace(q.Choices[c]) == "" || strings.TrimSpace(q.Explain[c]) == "" || seen[q.Choices[c]] {
				return fail(at, "quiz: question %d: choice %d is empty, without explanation, or there twice", i+1, c)
			}
			seen[q.Choices[c]] = true
		}
	}
	return nil
}

// heading reads "Title {#id}" or "Title {#id breaks}"; without an id it is made
// of the title.
func heading(text string, at int) (lessons.Step, error) {
	text = strings.TrimSpace(text)
	s := lessons.Step{Title: text, At: at}
	if i := strings.LastIndex(text, "{#"); i >= 0 && strings.HasSuffix(text, "}") {
		id, word, _ := strings.Cut(text[i+2:len(text)-1], " ")
		s.Title, s.ID, s.Breaks = strings.TrimSpace(text[:i]), id, word == "breaks"
		if word != "" && !s.Breaks {
			return s, fail(at, "unknown word %q behind the step's id: expected \"breaks\"", word)
		}
		if s.ID != slug(s.ID) {
			return s, fail(at, "the id %q may hold only a-z, 0-9 and single '-'", s.ID)
		}
	} else {
		s.ID = slug(text)
	}
	if s.Title == "" || s.ID == "" {
		return s, fail(at, "a step without a title or an id")
	}
	return s, nil
}

func slug(s string) string {
	var b strings.Builder
	dash := false
	for _, c := range strings.ToLower(s) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(c)
			dash = false
		} else {
			dash = true
		}
	}
	return b.String()
}

// complete looks at what only the whole file shows.
func complete(l *lessons.Lesson) error {
	if len(l.Steps) == 0 {
		return fail(1, "a lesson without a step (\"## Title\")")
	}
	for _, s := range l.Steps {
		var open, guess *lessons.Block
		for i, b := range s.Blocks {
			switch b.Kind {
			case lessons.PredictKind:
				guess = &s.Blocks[i]
			case lessons.Transcript:
				guess = nil
			case lessons.CheckKind:
				open = &s.Blocks[i]
			case lessons.Solution:
				open = nil
			}
		}
		if open != nil {
			return fail(open.At-1, "a check without a solution")
		}
		if guess != nil {
			return fail(guess.At-1, "a predict block without a redis block after it in its step")
		}
	}
	return nil
}
