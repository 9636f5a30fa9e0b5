package scaffold

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"everysec/lessons/lint"
	"everysec/lessons/markdown"
	"everysec/lessons/play"
)

// A new lesson plays, and the linter finds nothing in it but what is still to
// be written, line by line.
func TestANewLessonIsWholeButForItsMarks(t *testing.T) {
	text := Lesson("hot-keys")
	found := lint.File("lesson.md", []byte(text), nil)
	lines := strings.Split(text, "\n")
	marked := 0
	for _, line := range lines {
		if strings.Contains(line, "TODO") {
			marked++
		}
	}
	for _, e := range found {
		if !strings.HasPrefix(e.Text, "unfinished: ") || !strings.Contains(lines[e.Line-1], "TODO") {
			t.Error(e)
		}
	}
	if len(found) != marked || marked < 20 {
		t.Errorf("%d findings for %d marked lines", len(found), marked)
	}
	l, err := markdown.Parse("lesson.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if l.ID != "hot-keys" || l.Title != "Hot keys" {
		t.Errorf("%s: %s", l.ID, l.Title)
	}
	w, err := play.NewEngine(l)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := play.Play("lesson.md", l, w); err != nil || len(report.Failures) > 0 {
		t.Error(report.Failures, err)
	}
}

func TestANewLessonComesLast(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "07-hashes"), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := New(dir, "hot-keys")
	if err != nil || file != filepath.Join(dir, "08-hot-keys", "lesson.md") {
		t.Fatal(file, err)
	}
	for _, name := range []string{"hashes", "hot-keys", "Hot keys", "", "../x", "-"} {
		if file, err := New(dir, name); err == nil {
			t.Errorf("%q became %s", name, file)
		}
	}
}
