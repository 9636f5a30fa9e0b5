package site_test

import (
	"html"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/web/site"
)

func index(t *testing.T) string {
	t.Helper()
	l, err := markdown.Parse("lesson.md", []byte(`---
id: one
title: "One & <two>"
phase: 1
seed: 1
---
An introduction.

## First {#first}

`+"```redis\n> SET k v\nOK\n```\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := markdown.HTML(l, func(lesson, _ string) string { return lesson })
	if err != nil {
		t.Fatal(err)
	}
	page, err := site.Index(site.Page{Lesson: l, HTML: text, Scripts: []string{"boot.js"}, Preload: [][2]string{{"everysec.wasm", "fetch"}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestTheLessonIsInThePageBeforeAnyProgramRuns(t *testing.T) {
	page := index(t)
	for _, want := range []string{
		"<title>One &amp; &lt;two&gt;", "An introduction.", "SET k v", `data-step="first"`,
		`<script type="module" async src="boot.js">`, `href="everysec.wasm" as="fetch"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	encoded := regexp.MustCompile(`data-encoded="([^"]+)"`).FindStringSubmatch(page)
	if encoded == nil {
		t.Fatal("the encoded lesson is missing")
	}
	if l, err := lessons.Decode(lessons.Bytes(html.UnescapeString(encoded[1]))); err != nil || l.Steps[0].ID != "first" {
		t.Errorf("the encoded lesson reads as %v, %v", l, err)
	}
}

// The page is served under a policy without inline scripts and styles, and it
// asks nobody else for anything.
func TestThePageKeepsItsPolicy(t *testing.T) {
	page := index(t)
	for name, forbidden := range map[string]string{
		"an inline script":     `<script(?:\s+(?:type="module"|defer|async))*\s*>`,
		"a style attribute":    `\sstyle="`,
		"an event attribute":   `\son[a-z]+="`,
		"another origin":       `(?:src|href)="(?:https?:)?//`,
		"a positive tab index": `tabindex="[1-9]`,
	} {
		if m := regexp.MustCompile(forbidden).FindString(page); m != "" {
			t.Errorf("%s: %s", name, m)
		}
	}
	style, err := fs.ReadFile(site.Static(), "style.css")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`url\(|@import|@font-face`).Find(style); m != nil {
		t.Errorf("style.css fetches something: %s", m)
	}
}

func TestEachNameIsGivenOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(index(t), -1) {
		if seen[m[1]] {
			t.Errorf("two elements are #%s", m[1])
		}
		seen[m[1]] = true
	}
	// What the view looks for must be there: it panics otherwise.
	sources, err := filepath.Glob("../view/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatal("no sources of the view", err)
	}
	for _, name := range sources {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:byID|p\.click)\("([^"]+)"`).FindAllStringSubmatch(string(src), -1) {
			if !seen[m[1]] && !strings.HasSuffix(m[1], "-") {
				t.Errorf("%s: index.html has no #%s", name, m[1])
			}
		}
	}
}

// The console's line must not be corrected, capitalised or zoomed into.
func TestTheLineIsMadeForCommands(t *testing.T) {
	input := regexp.MustCompile(`<input type="text"[^>]*>`).FindString(index(t))
	for _, want := range []string{`autocapitalize="none"`, `autocorrect="off"`, `autocomplete="off"`, `spellcheck="false"`, `enterkeyhint="send"`, `aria-label=`} {
		if !strings.Contains(input, want) {
			t.Errorf("no %s in %s", want, input)
		}
	}
	style, err := fs.ReadFile(site.Static(), "style.css")
	if err != nil {
		t.Fatal(err)
	}
	_, phone, _ := strings.Cut(string(style), "@media (max-width: 760px)")
	if !strings.Contains(phone, ".entry input, .entry .ghost { font-size: 16px") {
		t.Error("a line below 16 pixels makes iOS zoom in")
	}
}

// Every colour that carries text or a sign stands out from every surface it is
// used on, in both themes.
func TestContrast(t *testing.T) {
	raw, err := fs.ReadFile(site.Static(), "style.css")
	if err != nil {
		t.Fatal(err)
	}
	style := string(raw)
	_, dark, _ := strings.Cut(style, `:root[data-theme="dark"]`)
	for name, rules := range map[string]string{"light": style[:strings.Index(style, "@media")], "dark": dark} {
		colors := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{3,6});`).FindAllStringSubmatch(rules, -1) {
			if colors[m[1]] == "" {
				colors[m[1]] = m[2]
			}
		}
		for _, c := range []struct {
			fore string
			min  float64
			on   []string
		}{
			{"ink", 7, []string{"surface", "raised", "page", "hover"}},
			{"ink-2", 7, []string{"surface", "raised", "page", "hover"}},
			{"ink-3", 4.5, []string{"surface", "raised", "page", "hover"}},
			{"memory", 4.5, []string{"surface"}},
			{"written", 4.5, []string{"surface"}},
			{"written-fill", 3, []string{"surface"}},
			{"disk", 4.5, []string{"surface"}},
			{"snapshot", 4.5, []string{"surface"}},
			{"focus", 3, []string{"surface", "raised", "page", "hover"}},
			{"edge", 3, []string{"surface"}},
		} {
			for _, on := range c.on {
				if got := contrast(colors[c.fore], colors[on]); got < c.min {
					t.Errorf("%s: %s on %s has %.2f, needs %.1f", name, c.fore, on, got, c.min)
				}
			}
		}
	}
}

func TestIndexNeedsNothingOfTheLessonButItsText(t *testing.T) {
	if _, err := site.Index(site.Page{Lesson: &lessons.Lesson{ID: "x", Title: "X"}}); err != nil {
		t.Error(err)
	}
}
