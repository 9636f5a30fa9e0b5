//go:build js && wasm

package view

import (
	"everysec/web/app"
	"everysec/web/chart"
)

// loop is the one thread.
type loop struct {
	canvas        *canvas
	figures, text *node
	runs          []chart.Run
	moving        bool
}

const loopWindow = 10_000_000

func (l *loop) bind(p *Page) {
	l.canvas = newCanvas(byID("lane"))
	l.figures, l.text = byID("loop-figures"), byID("loop-text")
	l.moving = true
}

func (l *loop) draw(p *Page, dirty app.Part) {
	m := p.model
	if dirty&app.PartLoop != 0 {
		l.moving = true
	}
	slow := int64(1)
	if p.keyspace.calm {
		slow = 30
	}
	if !l.moving || !p.every(slow) || !l.canvas.fit() {
		return
	}
	now := m.Now()
	from := now - loopWindow
	l.runs = l.runs[:0]
	all := m.Loop.Runs
	first := len(all)
	for first > 0 && all[first-1].Start+all[first-1].Duration >= from {
		first--
	}
	for i := first; i < len(all); i++ {
		l.runs = append(l.runs, chart.Run{Start: all[i].Start, Duration: all[i].Duration, Waited: all[i].Waited})
	}
	chart.Lane(&l.canvas.image, p.keyspace.theme, l.canvas.scale, from, now, l.runs)
	l.canvas.put(0, l.canvas.image.H)
	l.moving = len(l.runs) > 0
	if !p.every(6) {
		return
	}
	figures := "last 10 s"
	if n := len(m.Clients); n > 0 {
		figures += " · " + app.Plural(int64(n), "client", "clients")
	}
	if m.Stats.Commands > 0 {
		figures += " · " + app.Plural(m.Stats.Commands, "command", "commands")
	}
	l.figures.setText(figures)
	slowest := m.Loop.Slowest(from)
	if slowest == nil {
		text := "Nothing ran in the last ten seconds."
		if len(l.runs) > 0 {
			text = "Only the page itself asked for something."
		}
		l.text.setText(text)
		return
	}
	text := "held at most " + app.Span(slowest.Duration) + " (" + cut(app.Command(slowest), 26) + ")"
	var waited int64
	for i := first; i < len(all); i++ {
		if !m.Loop.Own(&all[i]) {
			waited = max(waited, all[i].Waited)
		}
	}
	if waited >= 1000 {
		text += "; waited at most " + app.Span(waited)
	}
	l.text.setText(text)
}
