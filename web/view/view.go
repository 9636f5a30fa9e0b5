//go:build js && wasm

// Package view puts the model on the page and turns what the learner does into
// messages. index.html has the structure, style.css the looks; here only texts
// and attributes change, once in an animation frame, and only where the model
// says that something looks different. All text goes in as text.
package view

import (
	"errors"
	"strings"
	"syscall/js"

	"everysec/engine/command"
	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// Page is the page around a model.
type Page struct {
	model      *app.Model
	conn       *bridge.Conn
	dispatcher app.Dispatcher

	taker       func(client uint32, data []byte, closed bool) bool // takes what clients of panels receive
	outstanding bool                                               // a credit has been given and not been used
	frames      int64
	agreed      bool // to lose what lives only here

	works []*work // in the order in which they began

	body *node
	say  *node

	status     status
	consoles   consoles
	keyspace   keyspace
	durability durability
	loop       loop
	lesson     lesson
	files      files
	panels     panelFrame
}

// Run binds the page to a connection and returns; callbacks do the rest.
func Run(conn *bridge.Conn, specs []*command.Spec) *Page {
	document = js.Global().Get("document")
	speak()
	p := &Page{model: app.New(specs), conn: conn}
	p.dispatcher = app.Dispatcher{Model: p.model, Conn: conn, Page: p.perform}
	p.body = wrap(document.Get("body"))
	p.say = byID("say")
	p.status.bind(p)
	p.consoles.bind(p)
	p.keyspace.bind(p)
	p.durability.bind(p)
	p.loop.bind(p)
	p.lesson.bind(p)
	p.files.bind(p)
	p.panels.bind(p)

	conn.Clock = wall
	conn.OnOutput = func(client uint32, data []byte, closed bool) {
		if p.taker != nil && p.taker(client, data, closed) {
			return
		}
		p.dispatch(app.Output{Client: client, Data: data, Closed: closed, At: wall()})
	}
	conn.OnEvents = func(batch []byte) {
		p.outstanding = false
		p.dispatch(app.Events{Batch: batch})
	}
	conn.OnNotice = func(kind bridge.Notice, text string) {
		p.outstanding = false // another engine may have taken the place of the one that was asked
		p.dispatch(app.Noticed{Kind: kind, Text: text})
	}
	boot := app.Boot{Wall: wall(), Lesson: encodedLesson(), History: stored("everysec.history")}
	if boot.Lesson != nil {
		boot.Saved = stored("everysec.progress." + boot.Lesson.ID)
	}
	p.dispatch(boot)
	p.lesson.resume(p.model)
	p.followLinks()
	p.keepDesk()

	var frame js.Func
	frame = js.FuncOf(func(js.Value, []js.Value) any {
		p.frame()
		js.Global().Call("requestAnimationFrame", frame)
		return nil
	})
	js.Global().Call("requestAnimationFrame", frame)
	return p
}

// encodedLesson is the lesson that the build put into the page.
func encodedLesson() *lessons.Lesson {
	data := lessons.Bytes(byID("lesson").data("encoded"))
	if len(data) == 0 {
		return nil
	}
	l, err := lessons.Decode(data)
	if err != nil {
		js.Global().Get("console").Call("error", err.Error())
		return nil
	}
	return l
}

func (p *Page) dispatch(m app.Message) { p.dispatcher.Dispatch(m) }

// perform carries out what only the page can.
func (p *Page) perform(effect app.Effect) {
	switch e := effect.(type) {
	case app.Download:
		download(e.Name, e.Data)
	case app.Invoke:
		of, method := js.Global().Get("everysec"), e.Method
		if part, name, nested := strings.Cut(method, "."); nested {
			of, method = of.Get(part), name
		}
		settle(of.Call(method, e.Arguments...), func(bytes js.Value, failure string) {
			if failure != "" {
				p.dispatch(e.Answer(nil, errors.New(failure)))
				return
			}
			p.dispatch(e.Answer(nil, nil))
			if e.Name != "" {
				downloadBytes(e.Name, bytes)
			}
		})
	case app.Save:
		store("everysec.progress."+e.Lesson, e.Progress)
		store("everysec.at", e.Lesson)
	case app.SaveHistory:
		store("everysec.history", e.Text)
	case app.Go:
		js.Global().Get("location").Call("assign", e.To)
	case app.Say:
		p.say.v.Set("textContent", words.Heard(e.Text))
	}
}

// frame is one animation frame: what time brings, then the drawing, then the
// wish for more.
func (p *Page) frame() {
	p.frames++
	p.dispatch(app.Frame{Wall: wall()})
	for end := wall() + budget; p.model.Reading() && wall() < end; {
		p.dispatch(app.ReadOn{})
	}
	p.work()
	p.draw()
	if !p.outstanding {
		p.outstanding = true
		p.conn.Credit(1)
	}
}

func (p *Page) draw() {
	m := p.model
	dirty := m.Dirty
	m.Dirty = 0
	p.status.draw(p, dirty)
	p.consoles.draw(p, dirty)
	p.durability.draw(p, dirty)
	p.keyspace.draw(p, dirty)
	p.loop.draw(p, dirty)
	p.lesson.draw(p, dirty)
	p.files.draw(p, dirty)
	p.panels.draw(p, dirty)
}

// every is true in one frame of n, for what changes with time alone.
func (p *Page) every(n int64) bool { return p.frames%n == 0 }

// click dispatches a message on a click.
func (p *Page) click(id string, message func() app.Message) *node {
	n := byID(id)
	n.on("click", func(*dom.BasicEvent) {
		if m := message(); m != nil {
			p.dispatch(m)
		}
	})
	return n
}

// tab shows a part on a phone.
func (p *Page) tab(name string) {
	p.body.set("data-tab", name)
	for _, b := range p.body.all(".tabs button") {
		if b.data("tab") == name {
			b.set("aria-current", "true")
		} else {
			b.v.Call("removeAttribute", "aria-current")
		}
	}
}
