// Package lint finds what a machine can find wrong with a lesson: with the
// line, and with what to do about it.
//
// The idea: a lesson that parses may still lack what makes it one (a goal, a
// prediction, something to break, a quiz, a summary), and may be a wall of
// words. What is missing is counted in the parsed lesson; how it reads is
// measured on its prose alone, without code, tables and links.
package lint

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"everysec/lessons"
	"everysec/lessons/markdown"
)

// The limits, as lessons/README.md states them.
const (
	LeastSteps, MostSteps = 5, 10 // the summary counts
	LeastQuestions        = 3
	QuestionChoices       = 4
	MostStepWords         = 450  // prose of one step
	MostSentenceWords     = 40   // one sentence
	MostMeanSentenceWords = 22.0 // of one step
	LeastReadingEase      = 50.0 // Flesch, of one lesson
	enoughForMeans        = 60   // words; fewer say nothing about their reading
	leastLinks            = 2
	mostGoalWords         = 30
	farthestSuggestion    = 2 // letters
)

// Course is what the links of a lesson may lead to: step ids by lesson.
type Course map[string][]string

// CourseOf lists lessons.
func CourseOf(all []*lessons.Lesson) Course {
	c := Course{}
	for _, l := range all {
		c[l.ID] = []string{}
		for _, s := range l.Steps {
			c[l.ID] = append(c[l.ID], s.ID)
		}
	}
	return c
}

// File looks at one lesson.md. course is nil where links to other lessons
// cannot be followed.
func File(name string, src []byte, course Course) []*lessons.Error {
	f := &finder{name: name, lines: strings.Split(strings.ReplaceAll(string(src), "\r\n", "\n"), "\n"), course: course}
	l, err := markdown.Parse(name, src)
	if l != nil {
		f.own = CourseOf([]*lessons.Lesson{l})[l.ID]
	}
	f.source()
	var e *lessons.Error
	if errors.As(err, &e) {
		e.Text += f.suggest(e.Text)
		f.found = append(f.found, e)
	}
	if l != nil {
		f.lesson(l)
	}
	slices.SortStableFunc(f.found, func(a, b *lessons.Error) int { return a.Line - b.Line })
	return f.found
}

type finder struct {
	name   string
	lines  []string
	course Course
	own    []string // its own steps
	found  []*lessons.Error
}

func (f *finder) say(line int, format string, args ...any) {
	f.found = append(f.found, &lessons.Error{File: f.name, Line: line, Text: fmt.Sprintf(format, args...)})
}

var (
	todo = regexp.MustCompile(`\bTODO\b`)
	link = regexp.MustCompile(`\]\(([^)\s]*)[^)]*\)`)
)

// source looks at what a parser cannot know to be wrong: marks of unfinished
// work, blocks that nearly have one of our names, links.
func (f *finder) source() {
	fence := ""
	for i, line := range f.lines {
		if todo.MatchString(line) {
			f.say(i+1, "unfinished: %s", strings.TrimSpace(line))
		}
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence != "":
			if strings.TrimRight(line, " ") == fence {
				fence = ""
			}
			continue
		case len(ticks) >= 3:
			fence = ticks
			word, _, _ := strings.Cut(strings.TrimSpace(line[len(ticks):]), " ")
			if near := nearest(word, kinds()); near != "" && near != word {
				f.say(i+1, "the block %q is none of ours and would only be shown (did you mean %q?)", word, near)
			}
			continue
		}
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			f.link(i+1, m[1])
		}
	}
}

func (f *finder) link(line int, to string) {
	u, err := url.Parse(to)
	switch {
	case err != nil:
		f.say(line, "the link %q cannot be read: %v", to, err)
	case strings.HasPrefix(to, "#"): // a step of this lesson
		if !slices.Contains(f.own, to[1:]) {
			f.say(line, "the link %q leads to no step of this lesson%s", to, meant(to[1:], f.own))
		}
	case u.Scheme == "lesson":
		f.lessonLink(line, to)
	case u.Scheme != "https" || u.Host == "":
		f.say(line, "the link %q: write https://..., lesson:ID, lesson:ID#step or #step", to)
	}
}

func (f *finder) lessonLink(line int, to string) {
	if f.course == nil {
		return
	}
	id, step, _ := strings.Cut(strings.TrimPrefix(to, "lesson:"), "#")
	steps, there := f.course[id]
	if !there {
		var ids []string
		for other := range f.course {
			ids = append(ids, other)
		}
		f.say(line, "the link %q leads to no lesson%s", to, meant(id, ids))
		return
	}
	if step != "" && !slices.Contains(steps, step) {
		f.say(line, "the link %q leads to no step of that lesson%s", to, meant(step, steps))
	}
}

func (f *finder) lesson(l *lessons.Lesson) {
	switch {
	case l.Goal == "":
		f.say(1, "front matter: \"goal\" is missing (one sentence: what the learner can do afterwards)")
	case sentences(l.Goal) != 1:
		f.say(1, "front matter: the goal has %d sentences instead of one", sentences(l.Goal))
	case words(l.Goal) > mostGoalWords:
		f.say(1, "front matter: the goal has %d words, more than %d", words(l.Goal), mostGoalWords)
	}
	if n := len(l.Steps); n < LeastSteps || n > MostSteps {
		f.say(1, "%d steps; a lesson has %d to %d, its summary included", n, LeastSteps, MostSteps)
	}
	predictions, questions, breaks, total := 0, 0, false, reading{}
	total.add(l.Intro)
	for i := range l.Steps {
		s := &l.Steps[i]
		breaks = breaks || s.Breaks
		for j := range s.Blocks {
			b := &s.Blocks[j]
			breaks = breaks || breaking(b.Lines)
			questions += len(b.Quiz)
			switch b.Kind {
			case lessons.PredictKind:
				predictions++
			case lessons.QuizKind:
				f.quiz(b)
			}
		}
		total.join(f.step(s))
	}
	if predictions == 0 {
		f.say(1, "no prediction (put a predict block before a redis block whose outcome surprises)")
	}
	if questions < LeastQuestions {
		f.say(1, "%d questions; a quiz asks at least %d", questions, LeastQuestions)
	}
	if !breaks {
		f.say(1, "the learner breaks nothing (use !crash, !kill or !pause, or mark a step: ## Title {#id breaks})")
	}
	if ease := total.ease(); total.words >= enoughForMeans && ease < LeastReadingEase {
		f.say(1, "the Flesch reading ease is %.0f, less than %.0f (shorter sentences, shorter words)", ease, LeastReadingEase)
	}
	f.summary(&l.Steps[len(l.Steps)-1])
}

func sentences(text string) int {
	var r reading
	r.add(text)
	return r.sentences
}

func breaking(lines []lessons.Line) bool {
	for _, line := range lines {
		if line.Action != nil && (line.Action.Verb == lessons.Crash || line.Action.Verb == lessons.KillClient || line.Action.Verb == lessons.Pause) {
			return true
		}
	}
	return false
}

func (f *finder) quiz(b *lessons.Block) {
	for i, q := range b.Quiz {
		if len(q.Choices) != QuestionChoices {
			f.say(b.At-1, "quiz: question %d has %d choices instead of %d", i+1, len(q.Choices), QuestionChoices)
		}
	}
}

// step measures the prose of a step, tasks and hints included.
func (f *finder) step(s *lessons.Step) reading {
	var r reading
	for i := range s.Blocks {
		b := &s.Blocks[i]
		text, at := b.Text, b.At
		switch b.Kind {
		case lessons.CheckKind:
			text = b.Check.Ask
		case lessons.PredictKind:
			text = b.Predict.Question
		case lessons.Prose, lessons.Hint:
		default:
			continue
		}
		for _, sentence := range r.add(text) {
			if n := words(sentence); n > MostSentenceWords {
				f.say(at+f.lineOf(at, sentence), "a sentence of %d words, more than %d: %s", n, MostSentenceWords, clipped(sentence))
			}
		}
	}
	if r.words > MostStepWords {
		f.say(s.At, "the step has %d words, more than %d (make two of it)", r.words, MostStepWords)
	}
	if mean := r.mean(); r.words >= enoughForMeans && mean > MostMeanSentenceWords {
		f.say(s.At, "its sentences have %.1f words on average, more than %.0f", mean, MostMeanSentenceWords)
	}
	return r
}

// lineOf is how far below a line a sentence begins, as far as it can be found.
func (f *finder) lineOf(at int, sentence string) int {
	first := strings.Fields(sentence)
	for n := 0; at-1+n < len(f.lines) && n < 200; n++ {
		if strings.Contains(f.lines[at-1+n], strings.Join(first[:min(3, len(first))], " ")) {
			return n
		}
	}
	return 0
}

func clipped(s string) string {
	if all := strings.Fields(s); len(all) > 8 {
		return strings.Join(all[:8], " ") + " ..."
	}
	return s
}

func (f *finder) summary(s *lessons.Step) {
	if s.ID != lessons.Summary {
		f.say(s.At, "the last step is %q: end with ## Summary {#%s}", s.ID, lessons.Summary)
		return
	}
	table, links := false, 0
	for _, b := range s.Blocks {
		for _, line := range strings.Split(b.Text, "\n") {
			line = strings.TrimSpace(line)
			table = table || strings.HasPrefix(line, "|")
			if strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") {
				links += len(link.FindAllString(line, -1))
			}
		}
	}
	if !table {
		f.say(s.At, "the summary has no table")
	}
	if links < leastLinks {
		f.say(s.At, "the summary lists %d links onward, fewer than %d (- [Title](lesson:ID) or https://redis.io/...)", links, leastLinks)
	}
}

// Files looks at lessons; dir holds the whole course, whose lessons their links
// may lead to.
func Files(dir string, names []string) ([]*lessons.Error, error) {
	all, err := filepath.Glob(filepath.Join(dir, "[0-9][0-9]-*", "lesson.md"))
	if err != nil {
		return nil, err
	}
	course := Course{}
	for _, name := range all {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if l, err := markdown.Parse(name, src); err == nil { // a broken one is found when it is looked at
			for id, steps := range CourseOf([]*lessons.Lesson{l}) {
				course[id] = steps
			}
		}
	}
	var found []*lessons.Error
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found = append(found, File(name, src, course)...)
	}
	return found, nil
}
