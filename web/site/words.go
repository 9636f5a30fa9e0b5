package site

import (
	"fmt"
	"html"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"everysec/web/words"
)

// Languages are those that have a catalogue, English aside.
func Languages() []string {
	var list []string
	names, _ := fs.Glob(files, "words.*") // the pattern is good
	for _, name := range names {
		if lang := strings.TrimPrefix(name, "words."); lang != "go" {
			list = append(list, lang)
		}
	}
	return list
}

// Lines are a catalogue's lines "English = other", in their order. Remarks begin
// with '#'; a line "English = ?" waits for somebody who knows the language.
func Lines(lang string) ([][2]string, error) {
	name := "words." + lang
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	var lines [][2]string
	seen := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		english, other, ok := strings.Cut(line, " = ")
		if !ok || seen[english] || other == "" || strings.Contains(line, "\t") {
			return nil, fmt.Errorf("%s:%d: %q is not one new \"English = other\"", name, i+1, line)
		}
		if problem := misplaced(english, other); problem != "" && other != "?" {
			return nil, fmt.Errorf("%s:%d: %q: %s", name, i+1, other, problem)
		}
		seen[english] = true
		lines = append(lines, [2]string{english, other})
	}
	return lines, nil
}

var places = regexp.MustCompile(`\{\w+\}`)

// misplaced tells which place for a value one of the two has and the other has not.
func misplaced(english, other string) string {
	for _, place := range places.FindAllString(other, -1) {
		if !strings.Contains(english, place) {
			return "the English has no " + place
		}
	}
	for _, form := range strings.Split(other, "|") {
		for _, place := range places.FindAllString(english, -1) {
			if place != "{n}" && !strings.Contains(form, place) {
				return "nothing says " + place
			}
		}
	}
	return ""
}

// CatalogueFile is the file that a page of a language fetches, and its text.
func CatalogueFile(lang string) (name string, text []byte, err error) {
	lines, err := Lines(lang)
	for _, l := range lines {
		if l[1] != "?" {
			text = append(text, l[0]+"\t"+l[1]+"\n"...)
		}
	}
	return "words-" + lang + ".txt", text, err
}

// CatalogueWith is that text, with what the page says in lessons put into words
// as it stands there.
func CatalogueWith(lang, articles string) ([]byte, error) {
	_, text, err := CatalogueFile(lang)
	c := words.Read(string(text))
	for _, m := range word.FindAllStringSubmatch(articles, -1) {
		english := html.UnescapeString(m[1])
		if other := c.Heard(english); c[english] == "" && other != english {
			c[english] = other
			text = append(text, english+"\t"+other+"\n"...)
		}
	}
	return text, err
}

func catalogue(lang string) (words.Catalogue, error) {
	if lang == "" {
		return nil, nil
	}
	_, text, err := CatalogueFile(lang)
	return words.Read(string(text)), err
}

// spoken are the attributes that somebody sees or hears. Those of course.html
// that begin with data- are texts of its script.
var (
	spoken  = regexp.MustCompile(`( (?:title|aria-label|aria-description|aria-roledescription|placeholder|content|data-(?:done|steps|new|right|wrong|forgotten|saved|continue|survived|here))=")([^"]*)(")`)
	markup  = regexp.MustCompile(`(?s)<[^>]*>`)
	tagName = regexp.MustCompile(`^</?(\w+)`)
	hidden  = regexp.MustCompile(`<meta name="(?:viewport|color-scheme|theme-color|everysec)"`)
)

// void elements have no end.
var void = []string{"meta", "link", "input", "br", "img"}

// Texts calls say for every text of a page, or of its template, that is read out
// or shown, and puts what it answers in its place. A <code> within a text is part
// of it. translate="no" marks what no language says otherwise: Redis's own words.
func Texts(page string, say func(text string) string) string {
	page = strings.NewReplacer("<code>", "\x01", "</code>", "\x02").Replace(page)
	whole := strings.NewReplacer("\x01", "<code>", "\x02", "</code>")
	said := func(text string) string {
		trimmed := strings.TrimSpace(text)
		if trimmed == "" || strings.HasPrefix(trimmed, "\x01") && strings.Index(trimmed, "\x02") == len(trimmed)-1 {
			return text
		}
		return strings.Replace(text, trimmed, say(whole.Replace(trimmed)), 1)
	}
	var b strings.Builder
	var open []bool // of each element around: whether it is translated
	at := 0
	for _, m := range markup.FindAllStringIndex(page, -1) {
		text, tag := page[at:m[0]], page[m[0]:m[1]]
		at = m[1]
		if slices.Contains(open, false) {
			b.WriteString(text)
		} else {
			b.WriteString(said(text))
		}
		translated := !strings.Contains(tag, `translate="no"`)
		if translated && !slices.Contains(open, false) && !hidden.MatchString(tag) {
			tag = spoken.ReplaceAllStringFunc(tag, func(attribute string) string {
				p := spoken.FindStringSubmatch(attribute)
				return p[1] + said(p[2]) + p[3]
			})
		}
		b.WriteString(tag)
		name := tagName.FindStringSubmatch(tag)
		switch {
		case name == nil || strings.HasSuffix(tag, "/>") || slices.Contains(void, name[1]):
		case strings.HasPrefix(tag, "</"):
			open = open[:max(len(open)-1, 0)]
		default:
			open = append(open, translated)
		}
	}
	b.WriteString(page[at:])
	return whole.Replace(b.String())
}

// translated is a template in another language.
func translated(page string, c words.Catalogue) string {
	return Texts(page, func(text string) string {
		code := strings.Contains(text, "<code>")
		plain := strings.ReplaceAll(text, "&amp;", "&")
		if !code {
			plain = html.UnescapeString(text)
		}
		other := c.Say(plain)
		if other == plain {
			return text
		}
		if code {
			return strings.ReplaceAll(other, "&", "&amp;")
		}
		return html.EscapeString(other)
	})
}

// word is an element of a lesson's text that is the page's.
var word = regexp.MustCompile(` data-word>([^<]*)<`)

// article is a lesson's text in a page of a language: what is the page's in it
// is said in that. If the lesson is in another, both are marked.
func article(text []byte, c words.Catalogue, lang string, foreign string) []byte {
	if len(c) == 0 {
		return text
	}
	mark := ""
	if foreign != "" {
		mark = ` lang="` + lang + `"`
		text = []byte(strings.Replace(string(text), `<article class="lesson"`, `<article class="lesson" lang="`+foreign+`"`, 1))
	}
	return word.ReplaceAllFunc(text, func(found []byte) []byte {
		english := html.UnescapeString(string(word.FindSubmatch(found)[1]))
		return []byte(mark + " data-word>" + html.EscapeString(c.Heard(english)) + "<")
	})
}
