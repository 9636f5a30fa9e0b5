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

//go:embed index.html style.css panels.css theme.js icon.svg manifest.webmanifest service-worker.js
var files embed.FS

// Static are the files that are served as they are.
func Static() fs.FS { return files }

// Page is what Index fills in.
type Page struct {
	Lesson *lessons.Lesson
	HTML   []byte // of the lesson, from lessons/markdown
	Style  string // the URL of style.css
	Panels string // of panels.css; "": it is in the page
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

var index = template.Must(template.ParseFS(files, "index.html"))

// Index writes index.html.
func Index(p Page) ([]byte, error) {
	type step struct{ ID, Title string }
	var data struct {
		Page
		Article template.HTML
		Steps   []step
		Encoded string
	}
	data.Page = p
	// The lesson is ours, and its text was escaped by lessons/markdown.
	data.Article = template.HTML(p.HTML)
	for _, s := range p.Lesson.Steps {
		data.Steps = append(data.Steps, step{s.ID, s.Title})
	}
	data.Encoded = lessons.Text(p.Lesson.Encode())
	var b bytes.Buffer
	if err := index.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
