package markdown

import (
	"bytes"
	"encoding/json"
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"everysec/lessons"
)

// Prose in GitHub's dialect of tables and links; HTML in it is left out.
var converter = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Linkify))

// Link writes the address of a step of a lesson; step may be "".
type Link func(lesson, step string) string

// HTML writes a lesson as one <article>. Everything a page needs to make it
// live is in data- attributes: data-block names a block as lessons.Block.ID
// does, data-line and data-item count inside it from 0. An element marked
// data-word is the page's and not the lesson's. The quiz's answers are
// in a <script type="application/json">, which no page executes.
func HTML(l *lessons.Lesson, link Link) ([]byte, error) {
	w := &writer{link: link}
	w.raw(`<article class="lesson"`).attr("data-lesson", l.ID).raw(">\n<header>\n<h1>").text(l.Title).raw("</h1>\n")
	if l.Goal != "" {
		w.raw(`<p class="goal">`).inline(l.Goal).raw("</p>\n")
	}
	w.prose(l.Intro)
	w.raw("</header>\n")
	for _, s := range l.Steps {
		w.step(s)
	}
	w.raw("</article>\n")
	return w.b.Bytes(), w.err
}

type writer struct {
	b    bytes.Buffer
	link Link
	err  error
}

func (w *writer) raw(s string) *writer { w.b.WriteString(s); return w }

func (w *writer) text(s string) *writer { return w.raw(html.EscapeString(s)) }

func (w *writer) attr(name, value string) *writer {
	return w.raw(" " + name + `="`).text(value).raw(`"`)
}

func (w *writer) prose(src string) *writer { return w.raw(tables.Replace(w.convert(src))) }

func (w *writer) convert(src string) string {
	var b bytes.Buffer
	if err := converter.Convert([]byte(src), &b); err != nil && w.err == nil {
		w.err = err
	}
	return lessonLink.ReplaceAllStringFunc(b.String(), func(href string) string {
		m := lessonLink.FindStringSubmatch(href)
		return `href="` + html.EscapeString(w.link(m[1], m[2])) + `"`
	})
}

// HTML in prose is left out, so only our own tags match.
var lessonLink = regexp.MustCompile(`href="lesson:([a-z0-9-]*)(?:#([a-z0-9-]*))?"`)

// A wide table scrolls by itself, by keyboard too, a corner that heads nothing is
// no heading, and what a button says is the page's. Prose cannot contain these words as tags: HTML in it
// is left out.
var tables = strings.NewReplacer(
	"<table>", `<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>`,
	"</table>", "</table></div>",
	"<th></th>", "<td></td>",
	"<strong>Run</strong>", "<strong data-word>Run</strong>",
)

// inline is prose without the paragraph around it.
func (w *writer) inline(src string) *writer {
	s := strings.TrimSpace(w.convert(src))
	if strings.Count(s, "<p>") == 1 {
		s = strings.TrimSuffix(strings.TrimPrefix(s, "<p>"), "</p>")
	}
	return w.raw(s)
}

func (w *writer) step(s lessons.Step) {
	w.raw(`<section class="step"`).attr("data-step", s.ID).attr("id", s.ID).attr("aria-labelledby", s.ID+"-title").raw(">\n<h2")
	w.attr("id", s.ID+"-title").raw(` tabindex="-1">`).inline(s.Title).raw("</h2>\n")
	again := false
	for _, b := range s.Blocks {
		w.block(b)
		again = again || len(b.Lines) > 0
	}
	if again {
		w.raw(`<p class="again"><button type="button" class="quiet"`).attr("data-reset", s.ID).raw(" data-word>I broke it: begin this step again</button></p>\n")
	}
	w.raw("</section>\n")
}

func (w *writer) block(b lessons.Block) {
	switch b.Kind {
	case lessons.Prose:
		w.prose(b.Text)
	case lessons.Transcript:
		w.transcript(b)
	case lessons.SetupKind: // the page plays it; there is nothing to read
	case lessons.CheckKind:
		w.check(b)
	case lessons.Hint:
		w.raw(`<details class="hint"`).attr("data-block", b.ID).raw("><summary data-word>Hint</summary>\n").prose(b.Text).raw("</details>\n")
	case lessons.Solution:
		w.raw(`<details class="solution"`).attr("data-block", b.ID).raw("><summary data-word>Solution</summary>\n")
		w.transcript(b)
		w.raw("</details>\n")
	case lessons.QuizKind:
		w.quiz(b)
	case lessons.PredictKind:
		w.predict(b)
	case lessons.MeasureKind:
		w.raw(`<dl class="measure"`).attr("data-block", b.ID).raw(">\n")
		for i, m := range b.Measures {
			w.raw("<div><dt>").inline(m.Label).raw("</dt><dd").attr("data-item", strconv.Itoa(i)).attr("data-fact", m.Fact.String()).raw(">–</dd></div>\n")
		}
		w.raw("</dl>\n")
	}
}

func (w *writer) transcript(b lessons.Block) {
	var consoles []string
	for _, c := range lessons.Consoles(b.Lines) {
		consoles = append(consoles, consoleName(c))
	}
	w.raw(`<div class="transcript"`).attr("data-block", b.ID).attr("data-console", strings.Join(consoles, " "))
	if b.Together {
		w.attr("data-together", "")
	}
	w.raw(">\n<div class=\"tools\">")
	if b.Together {
		w.raw(`<span class="note" data-word>sent in the same instant</span>`)
	}
	run := "Run"
	if b.Kind == lessons.Solution {
		run = "Show me"
	}
	w.raw(`<button type="button" class="run"`).attr("data-run", b.ID).raw(" data-word>" + run + "</button></div>\n<ol class=\"lines\">\n")
	for i, l := range b.Lines {
		w.raw("<li").attr("data-line", strconv.Itoa(i))
		if l.Action != nil {
			w.attr("class", "action").attr("data-action", l.Action.Source)
			if len(l.Expect) == 0 {
				w.raw(" data-word>").text(l.Action.Words()).raw("</li>\n")
				continue
			}
			w.raw("><span data-word>").text(l.Action.Words()).raw(`</span><pre class="reply"><samp>`).text(printable(l.Expect)).raw("</samp></pre></li>\n")
			continue
		}
		w.attr("class", "command").attr("data-console", consoleName(l.Console)).raw(`><code><span class="prompt">`).text(l.Prompt()).raw("</span><kbd>").text(l.Command).raw("</kbd></code>")
		if len(l.Expect) > 0 {
			w.raw(`<pre class="reply"><samp>`).text(printable(l.Expect)).raw("</samp></pre>")
		}
		w.raw("</li>\n")
	}
	w.raw("</ol>\n</div>\n")
}

func consoleName(c string) string {
	if c == "" {
		return lessons.Default
	}
	return c
}

// printable shows an expected reply to a reader: what may be anything is an
// ellipsis.
func printable(lines []string) string {
	return strings.NewReplacer("<n>", "…", "<*>", "…", "...", "…").Replace(strings.Join(lines, "\n"))
}

func (w *writer) check(b lessons.Block) {
	w.raw(`<div class="check"`).attr("data-block", b.ID).raw(">\n")
	if b.Check.Ask != "" {
		w.raw(`<p class="ask">`).inline(b.Check.Ask).raw("</p>\n")
	}
	w.raw("<ul class=\"items\">\n")
	for i, it := range b.Check.Items {
		w.raw("<li").attr("data-item", strconv.Itoa(i)).raw("><code>").text(it.Source)
		if len(it.Expect) > 0 {
			w.raw(" → ").text(printable(it.Expect))
		}
		w.raw("</code></li>\n")
	}
	w.raw("</ul>\n<button type=\"button\" class=\"check\"").attr("data-check", b.ID).raw(" data-word>Check</button>\n<p class=\"verdict\" role=\"status\" data-word></p>\n</div>\n")
}

func (w *writer) predict(b lessons.Block) {
	w.raw(`<fieldset class="predict"`).attr("data-block", b.ID).raw("><legend data-word>Before you run it</legend>\n").prose(b.Predict.Question)
	name := strings.ReplaceAll(b.ID, "/", "-")
	for i, g := range b.Predict.Choices {
		w.raw(`<label><input type="radio"`).attr("name", name).attr("value", strconv.Itoa(i)).raw("> <span>")
		if g.Shown != "" {
			w.inline(g.Shown)
		} else {
			w.raw("<code>").text(g.Value).raw("</code>")
		}
		w.raw("</span></label>\n")
	}
	w.raw(`<button type="button" class="quiet" data-skip data-word`).raw(">I do not know</button>\n<p class=\"outcome\" role=\"status\" data-word></p>\n</fieldset>\n")
}

func (w *writer) quiz(b lessons.Block) {
	type answer struct {
		Answer  int      `json:"answer"`
		Explain []string `json:"explain"`
	}
	var answers []answer
	w.raw(`<form class="quiz"`).attr("data-block", b.ID).raw(">\n")
	for i, q := range b.Quiz {
		answers = append(answers, answer{q.Answer, q.Explain})
		name := strings.ReplaceAll(b.ID, "/", "-") + "-" + strconv.Itoa(i)
		w.raw("<fieldset").attr("data-question", strconv.Itoa(i)).raw("><legend>").inline(q.Text).raw("</legend>\n")
		for c, choice := range q.Choices {
			w.raw(`<label><input type="radio"`).attr("name", name).attr("value", strconv.Itoa(c)).raw("> <span>").inline(choice).raw("</span></label>\n")
		}
		w.raw("<p class=\"explain\" role=\"status\"></p>\n</fieldset>\n")
	}
	secret, err := json.Marshal(answers) // escapes <, > and &, so it cannot end the script
	if err != nil && w.err == nil {
		w.err = err
	}
	w.raw("<p class=\"score\" role=\"status\" data-word></p>\n<script type=\"application/json\" class=\"answers\">").raw(string(secret)).raw("</script>\n</form>\n")
}
