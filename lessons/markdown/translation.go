package markdown

import (
	"fmt"
	"path/filepath"
	"slices"

	"everysec/lessons"
)

// A lesson.de.md beside a lesson.md is the same lesson in another language. What
// is typed, done, checked and asked is the same, block by block; only words
// differ. So whatever was played in one language holds in the other.

// Translations reads the translations of lessons below a directory: by
// language, then by the lesson's id. all are the lessons as Load gives them.
func Translations(dir string, all []*lessons.Lesson) (map[string]map[string]*lessons.Lesson, error) {
	files, err := filepath.Glob(filepath.Join(dir, "[0-9][0-9]-*", "lesson.??.md"))
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]*lessons.Lesson{}
	for _, file := range files {
		l, err := read(file)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(all, func(o *lessons.Lesson) bool { return o.ID == l.ID })
		if at < 0 {
			return nil, &lessons.Error{File: file, Line: 1, Text: fmt.Sprintf("there is no lesson %q to translate", l.ID)}
		}
		if line, what := difference(all[at], l); what != "" {
			return nil, &lessons.Error{File: file, Line: line, Text: what}
		}
		lang := filepath.Base(file)[len("lesson.") : len("lesson.")+2]
		if out[lang] == nil {
			out[lang] = map[string]*lessons.Lesson{}
		}
		out[lang][l.ID] = l
	}
	return out, nil
}

// difference is the first thing in which a translation is another lesson, and
// its line.
func difference(a, b *lessons.Lesson) (line int, what string) {
	switch {
	case a.Phase != b.Phase || a.Seed != b.Seed || !slices.Equal(a.Config, b.Config) || !sameLines(a.Setup, b.Setup):
		return 1, "phase, seed, config or setup differ from lesson.md"
	case (a.Goal == "") != (b.Goal == ""):
		return 1, "only one of the two has a goal"
	case len(a.Steps) != len(b.Steps):
		return 1, fmt.Sprintf("%d steps instead of %d", len(b.Steps), len(a.Steps))
	}
	for i := range a.Steps {
		s, o := &a.Steps[i], &b.Steps[i]
		if s.ID != o.ID || s.Breaks != o.Breaks || len(s.Blocks) != len(o.Blocks) {
			return o.At, fmt.Sprintf("the step has another id or another number of blocks (%s, %d) than in lesson.md (%s, %d)", o.ID, len(o.Blocks), s.ID, len(s.Blocks))
		}
		for j := range s.Blocks {
			if !sameBlock(&s.Blocks[j], &o.Blocks[j]) {
				return o.Blocks[j].At, fmt.Sprintf("the %s block differs from that of lesson.md, line %d, in more than words", o.Blocks[j].Kind, s.Blocks[j].At)
			}
		}
	}
	return 0, ""
}

func sameBlock(a, b *lessons.Block) bool {
	if a.Kind != b.Kind || a.Together != b.Together || !sameLines(a.Lines, b.Lines) || len(a.Quiz) != len(b.Quiz) || len(a.Measures) != len(b.Measures) {
		return false
	}
	for i, q := range a.Quiz {
		if q.Answer != b.Quiz[i].Answer || len(q.Choices) != len(b.Quiz[i].Choices) {
			return false
		}
	}
	for i, m := range a.Measures {
		if m.Fact.String() != b.Measures[i].Fact.String() {
			return false
		}
	}
	if a.Check != nil && (a.Check.Within != b.Check.Within || !slices.EqualFunc(a.Check.Items, b.Check.Items, func(x, y lessons.Item) bool {
		return x.Source == y.Source && slices.Equal(x.Expect, y.Expect)
	})) {
		return false
	}
	if p := a.Predict; p != nil {
		q := b.Predict
		return p.Console == q.Console && p.Command == q.Command && p.Fact.String() == q.Fact.String() &&
			slices.EqualFunc(p.Choices, q.Choices, func(x, y lessons.Guess) bool { return x.Value == y.Value })
	}
	return true
}

func sameLines(a, b []lessons.Line) bool {
	return slices.EqualFunc(a, b, func(x, y lessons.Line) bool {
		return x.Console == y.Console && x.Command == y.Command && x.Shell == y.Shell && slices.Equal(x.Expect, y.Expect) &&
			(x.Action == nil) == (y.Action == nil) && (x.Action == nil || x.Action.Source == y.Action.Source)
	})
}
