// Package scaffold begins a lesson. What it writes plays and passes the linter
// but for its TODO marks, so that a writer always has a whole lesson.
package scaffold

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

//go:embed lesson.md
var lesson string

var (
	valid  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	number = regexp.MustCompile(`^(\d\d)-`)
)

// Lesson is the text of a new lesson.
func Lesson(name string) string {
	title := strings.ReplaceAll(name, "-", " ")
	return strings.NewReplacer("NAME", name, "TITLE", strings.ToUpper(title[:1])+title[1:]).Replace(lesson)
}

// New writes a new lesson behind the ones in dir and returns its file.
func New(dir, name string) (string, error) {
	if !valid.MatchString(name) {
		return "", fmt.Errorf("%q is no name of a lesson: a-z, 0-9 and single '-' (make lesson NAME=bitmaps)", name)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	last := 0
	for _, e := range entries {
		m := number.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		if e.Name()[len(m[0]):] == name {
			return "", fmt.Errorf("%s is there already", filepath.Join(dir, e.Name()))
		}
		n, _ := strconv.Atoi(m[1]) // two digits
		last = max(last, n)
	}
	if last == 99 {
		return "", fmt.Errorf("%s has 99 lessons", dir)
	}
	folder := filepath.Join(dir, fmt.Sprintf("%02d-%s", last+1, name))
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(folder, "lesson.md")
	return file, os.WriteFile(file, []byte(Lesson(name)), 0o644)
}
