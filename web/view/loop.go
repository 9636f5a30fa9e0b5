//go:build js && wasm

package view

import (
	"everysec/engine/event"
	"everysec/web/app"
	"everysec/web/chart"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// loop is the one thread. Pointer and arrow keys say what each block was.
type loop struct {
	canvas        *canvas
	figures, text *node
	runs          []chart.Run
	moving        bool

	pointer int               // where the pointer is, in pixels of the image; -1: elsewhere
	chosen  *event.CommandRun // by tap or key
	shown   *event.CommandRun // what the text is about
}

const loopWindow = 10_000_000

func (l *loop) bind(p *Page) {
	lane := byID("lane")
	l.canvas = newCanvas(lane)
	l.figures, l.text = byID("loop-figures"), byID("loop-text")
	l.moving, l.pointer = true, -1
	lane.on("mousemove", func(e *dom.BasicEvent) {
		l.pointer, l.moving = int(e.Underlying().Get("offsetX").Float()*l.canvas.scale), true
	})
	lane.on("mouseleave", func(*dom.BasicEvent) { l.pointer, l.moving = -1, true })
	lane.on("click", func(*dom.BasicEvent) { l.chosen, l.moving = l.shown, true })
	lane.on("keydown", func(e *dom.BasicEvent) {
		if l.move(p, e.Underlying().Get("key").String()) {
			e.Underlying().Call("preventDefault")
		}
	})
}

// move goes to an earlier or a later block.
func (l *loop) move(p *Page, key string) bool {
	all := p.model.Loop.Runs
	i := len(all)
	for l.chosen != nil && i > 0 && (i == len(all) || all[i].Start != l.chosen.Start || all[i].Client != l.chosen.Client) {
		i--
	}
	step := -1
	switch key {
	case "ArrowLeft":
	case "ArrowRight":
		step = 1
	case "End":
		i = len(all)
	case "Escape":
		l.chosen, l.moving = nil, true
		return true
	default:
		return false
	}
	for i += step; i >= 0 && i < len(all); i += step {
		if !p.model.Loop.Own(&all[i]) {
			run := all[i]
			l.chosen, l.moving = &run, true
			p.perform(app.Say{Text: p.model.About(&run)})
			break
		}
	}
	return true
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
		l.runs = append(l.runs, chart.Run{Start: all[i].Start, Duration: max(all[i].Duration, 1), Waited: all[i].Waited})
	}
	l.shown = l.chosen
	at := chart.RunAt(l.pointer, l.canvas.image.W, l.canvas.scale, from, now, l.runs)
	if l.pointer >= 0 && at >= 0 {
		l.shown = &all[first+at]
	}
	for i := range l.runs {
		l.runs[i].Marked = l.shown != nil && l.runs[i].Start == l.shown.Start && all[first+i].Client == l.shown.Client
	}
	own := len(l.runs)
	for i := len(m.Loop.Load) - 1; i >= 0 && m.Loop.Load[i].At >= from; i-- {
		l.runs = append(l.runs, chart.Run{Start: m.Loop.Load[i].At, Duration: max(m.Loop.Load[i].Longest, 1)})
	}
	load := len(l.runs) > own
	for _, w := range m.Loop.Waits {
		if w.To < from {
			continue
		}
		l.runs = append(l.runs, chart.Run{Start: w.To, Waited: w.To - w.From})
	}
	chart.Lane(&l.canvas.image, p.keyspace.theme, l.canvas.scale, from, now, l.runs)
	l.canvas.put(0, l.canvas.image.H)
	l.moving = len(l.runs) > 0
	said := ""
	if l.shown != nil {
		said = m.About(l.shown)
	} else if w := int64(l.canvas.image.W); l.pointer >= 0 && w > 0 {
		if slot, ok := m.Loop.SlotAt(from+int64(l.pointer)*loopWindow/w, 5*loopWindow/w); ok {
			said = m.AboutSlot(slot)
		}
	}
	if said != "" {
		l.text.setText(said)
	}
	if !p.every(6) {
		return
	}
	figures := words.Say("last 10 s")
	if n := len(m.Clients); n > 0 {
		figures += " · " + words.Many(int64(n), "{n} client|{n} clients")
	}
	if m.Stats.Commands > 0 {
		figures += " · " + words.Many(m.Stats.Commands, "{n} command|{n} commands")
	}
	l.figures.setText(figures)
	if said != "" {
		return
	}
	letters := 26
	clients, longest := m.Loop.Queued(from)
	if clients > 0 {
		letters = 14
	}
	slowest := m.Loop.Slowest(from)
	var text string
	switch {
	case slowest != nil:
		text = words.Say("held at most {time} ({command})", app.Span(slowest.Duration), cut(app.Command(slowest), letters))
	case load:
		text = words.Say("only the background asked for something")
	case own > 0:
		text = words.Say("only the page itself asked for something")
	default:
		text = words.Say("nothing ran in the last ten seconds")
	}
	if clients > 0 {
		text += "; " + words.Many(int64(clients), "{n} client waited up to {time}|{n} clients waited up to {time}", app.Span(longest))
	}
	l.text.setText(text)
}
