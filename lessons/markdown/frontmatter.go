package markdown

import (
	"strconv"
	"strings"

	"everysec/lessons"
)

// frontMatter reads the lines between the two "---". A value stands after the
// colon, or, for config and setup, on the indented lines that follow:
//
//	---
//	id: rdb-and-aof
//	title: RDB and AOF
//	goal: Say what an OK is worth.
//	phase: 3
//	seed: 42
//	config:
//	  appendonly yes
//	setup:
//	  > FLUSHALL
//	---
func (p *parser) frontMatter(l *lessons.Lesson) error {
	if len(p.lines) == 0 || strings.TrimRight(p.lines[0], " ") != "---" {
		return fail(1, "a lesson begins with front matter between two lines ---")
	}
	seen := map[string]int{}
	for p.n = 1; p.n < len(p.lines); {
		line := p.lines[p.n]
		at := p.n + 1
		p.n++
		if strings.TrimRight(line, " ") == "---" {
			return required(seen)
		}
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, " ") {
			return fail(at, "front matter: expected \"name: value\"")
		}
		if seen[name] > 0 {
			return fail(at, "front matter: %q again (first on line %d)", name, seen[name])
		}
		seen[name] = at
		if err := p.field(l, name, strings.TrimSpace(value), at); err != nil {
			return err
		}
	}
	return fail(1, "front matter: the closing --- is missing")
}

func required(seen map[string]int) error {
	for _, name := range []string{"id", "title", "phase", "seed"} {
		if seen[name] == 0 {
			return fail(1, "front matter: %q is missing", name)
		}
	}
	return nil
}

func (p *parser) field(l *lessons.Lesson, name, value string, at int) (err error) {
	switch name {
	case "id":
		l.ID = value
		if value == "" || slug(value) != value {
			return fail(at, "front matter: the id %q may hold only a-z, 0-9 and single '-'", value)
		}
	case "title":
		l.Title = unquote(value)
		if l.Title == "" {
			return fail(at, "front matter: the title is empty")
		}
	case "goal":
		l.Goal = unquote(value)
		if l.Goal == "" {
			return fail(at, "front matter: the goal is empty")
		}
	case "phase":
		if l.Phase, err = strconv.Atoi(value); err != nil || l.Phase < 1 || l.Phase > len(lessons.Phases) {
			return fail(at, "front matter: the phase %q is not 1, 2 or 3", value)
		}
	case "seed":
		if l.Seed, err = strconv.ParseUint(value, 10, 32); err != nil {
			return fail(at, "front matter: the seed %q is not a number of 32 bits", value)
		}
	case "config", "setup":
		if value != "" && value != "|" {
			return fail(at, "front matter: %s goes on indented lines of its own", name)
		}
		body := p.indented()
		if name == "setup" {
			l.Setup, err = lessons.ParseLines(strings.Join(body, "\n"), at+1)
			return err
		}
		for i, c := range body {
			if len(strings.Fields(c)) < 2 {
				return fail(at+1+i, "front matter: %q is not \"directive value\"", c)
			}
		}
		l.Config = body
	default:
		return fail(at, "front matter: unknown name %q", name)
	}
	return nil
}

// indented takes the following lines that begin with two spaces.
func (p *parser) indented() (body []string) {
	for p.n < len(p.lines) && strings.HasPrefix(p.lines[p.n], "  ") {
		body = append(body, strings.TrimSpace(p.lines[p.n]))
		p.n++
	}
	return body
}

func unquote(s string) string {
	if u, err := strconv.Unquote(s); err == nil {
		return u
	}
	return s
}
