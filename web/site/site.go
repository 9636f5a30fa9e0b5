// Package site is what the page is made of before any program runs: its text,
// its looks, its icon. Index puts a lesson into it when the site is built.
package site

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"

	"everysec/lessons"
)

//go:embed index.html style.css panels.css course.html course.css course.js embed.html embed.css embed.js embed.d.ts embedding.js language.js live.js words.de theme.js icon.svg manifest.webmanifest service-worker.js
var files embed.FS

// Static are the files that are served as they are.
func Static() fs.FS { return files }

// Page is what Index fills in.
type Page struct {
	Lesson *lessons.Lesson
	Lang   string // "" is English
	// Foreign is the language of the lesson's text, if it is not that of the page.
	Foreign string
	HTML    []byte // of the lesson, from lessons/markdown
	Base    string // from the page to the folder that the other URLs begin in
	Store   string // the name under which its server's files are kept
	// Course is the URL of the map; Previous and Next are nil where there is none.
	Course         string
	Previous, Next *Neighbour
	Languages      []Neighbour // the same page in others
	Words          string      // the URL of what its program says; "" in English
	Style          string      // the URL of style.css
	Panels         string      // of panels.css; "": it is in the page
	// Early are scripts that run before the rest of the page is read.
	Early []string
	// Scripts are the module scripts that start the page, in order; relative URLs.
	Scripts []string
	// Preload are the files that the start needs and that a browser should
	// fetch early: URL and the value of "as".
	Preload [][2]string
	// Download is the URL of the page as one file; "" if there is none.
	Download string
}

// Config is the configuration of the lesson's server, a line for each directive.
func (p Page) Config() string {
	s := ""
	for _, d := range p.Lesson.Directives() {
		s += d[0] + " " + d[1] + "\n"
	}
	return s
}

// Neighbour is another lesson, or the same page in another language. Foreign is
// the language of a title that is not the page's.
type Neighbour struct{ Title, URL, Lang, Foreign string }

var templates = map[string]*template.Template{}

// pages are the templates in a language.
func pages(lang string) (*template.Template, error) {
	if t := templates[lang]; t != nil {
		return t, nil
	}
	c, err := catalogue(lang)
	if err != nil {
		return nil, err
	}
	t := template.New("")
	for _, name := range []string{"index.html", "course.html", "embed.html"} {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		if _, err := t.New(name).Parse(translated(string(text), c)); err != nil {
			return nil, err
		}
	}
	templates[lang] = t
	return t, nil
}

// Index writes index.html.
func Index(p Page) ([]byte, error) { return execute("index.html", p) }

// Parts are what differs from lesson to lesson inside of a page: its steps in
// the top line, and its text.
func Parts(p Page) ([]byte, error) {
	steps, err := execute("steps", p)
	if err != nil {
		return nil, err
	}
	lesson, err := execute("lesson", p)
	return append(steps, lesson...), err
}

func execute(name string, p Page) ([]byte, error) {
	type step struct{ ID, Title string }
	var data struct {
		Page
		Article template.HTML
		Steps   []step
		Encoded string
	}
	data.Page = p
	c, err := catalogue(p.Lang)
	if err != nil {
		return nil, err
	}
	t, err := pages(p.Lang)
	if err != nil {
		return nil, err
	}
	if p.Lang == "" {
		data.Lang = "en"
	}
	// The lesson is ours, and its text was escaped by lessons/markdown.
	data.Article = template.HTML(article(p.HTML, c, p.Lang, p.Foreign))
	for _, s := range p.Lesson.Steps {
		data.Steps = append(data.Steps, step{s.ID, s.Title})
	}
	data.Encoded = lessons.Text(p.Lesson.Encode())
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Course is what Map and List fill in: the whole course. Embedding needs its URLs.
type Course struct {
	Lang     string
	Base     string
	Style    string
	More     string // the URL of course.css
	Early    []string
	Scripts  []string
	Download string
	Phases   []Phase
	First    string // the URL of the first lesson
	Map      string // the URL of the map, from the page for authors
	Back     string // the URL of the lesson that the map lies over; "": it is a page
	// Languages are the map in others.
	Languages []Neighbour
}

// Phase is a part of the course.
type Phase struct {
	Number  int
	Title   string
	Lessons []Entry
}

// Entry is one lesson in the map.
type Entry struct {
	Number  int
	Lesson  *lessons.Lesson
	URL     string
	Foreign string // the language of its title, if it is not the map's
}

// Phased sorts lessons by their phases. url is where a lesson is, foreign the
// language of its title if it is not the map's.
func Phased(all []*lessons.Lesson, url, foreign func(l *lessons.Lesson) string) []Phase {
	var phases []Phase
	for i, title := range lessons.Phases {
		phases = append(phases, Phase{Number: i + 1, Title: title})
	}
	for i, l := range all {
		p := &phases[l.Phase-1]
		p.Lessons = append(p.Lessons, Entry{i + 1, l, url(l), foreign(l)})
	}
	return phases
}

// Map writes the page with all lessons.
func Map(c Course) ([]byte, error) { return c.execute("course.html") }

// Embedding writes the page for authors of other pages.
func Embedding(c Course) ([]byte, error) { return c.execute("embed.html") }

// List writes only its list of lessons.
func List(c Course) ([]byte, error) { return c.execute("course") }

func (c Course) execute(name string) ([]byte, error) {
	t, err := pages(c.Lang)
	if err != nil {
		return nil, err
	}
	said, err := catalogue(c.Lang)
	if err != nil {
		return nil, err
	}
	for i := range c.Phases {
		c.Phases[i].Title = said.Say(c.Phases[i].Title)
	}
	if c.Lang == "" {
		c.Lang = "en"
	}
	var b bytes.Buffer
	err = t.ExecuteTemplate(&b, name, c)
	return b.Bytes(), err
}
