package lint

import (
	"strings"
	"testing"

	"everysec/lessons"
	"everysec/lessons/markdown"
)

// Three questions that the course may never lose: what a power cut takes, what
// the token of a lock is for, and why SCAN replaces KEYS. Each stands in a quiz
// of the third phase, and this is its right answer, told in its own words.
func TestPhaseThreeAsksTheThreeQuestions(t *testing.T) {
	all, err := markdown.Load("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lesson   string
		question []string
		answer   []string
	}{
		{"rdb-and-aof", []string{"`appendfsync everysec`", "standard snapshots", "worst case"}, []string{"About one second of writes"}},
		{"locks", []string{"unique token", "Lua script compares"}, []string{"not delete a lock", "expired", "another worker now owns"}},
		{"sharp-edges", []string{"`SCAN`", "`KEYS`", "replacement"}, []string{"small steps", "does not hold the one thread"}},
	} {
		l := withID(all, c.lesson)
		if l == nil || l.Phase != 3 {
			t.Errorf("%s: no such lesson in phase 3", c.lesson)
			continue
		}
		q := asks(l, c.question)
		if q == nil {
			t.Errorf("%s: no question of its quizzes says %q", c.lesson, c.question)
			continue
		}
		if right := q.Choices[q.Answer]; !says(right, c.answer) {
			t.Errorf("%s: the answer to %q is %q, which does not say %q", c.lesson, q.Text, right, c.answer)
		}
	}
}

func withID(all []*lessons.Lesson, id string) *lessons.Lesson {
	for _, l := range all {
		if l.ID == id {
			return l
		}
	}
	return nil
}

func asks(l *lessons.Lesson, words []string) *lessons.Question {
	for _, s := range l.Steps {
		for _, b := range s.Blocks {
			for i := range b.Quiz {
				if says(b.Quiz[i].Text, words) {
					return &b.Quiz[i]
				}
			}
		}
	}
	return nil
}

func says(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
