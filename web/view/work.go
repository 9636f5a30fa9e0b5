//go:build js && wasm

package view

import (
	"strconv"
	"strings"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// work is what takes this thread longer than a moment: it is done a slice at a
// time, with a bar, and can be given up.
type work struct {
	what  string
	since int64
	part  float64 // of it that is done
	slice func() (part float64, done bool)
	gone  func() // it was given up
}

const (
	budget = 8_000   // microseconds of a frame that work may take
	moment = 300_000 // how long it goes without a bar
)

// begin begins work. Its first slice is done at once: most is over by then.
func (p *Page) begin(what string, slice func() (part float64, done bool), gone func()) {
	w := &work{what: what, since: wall(), slice: slice, gone: gone}
	p.works = append(p.works, w)
	p.work()
}

// work does what there is to do in one frame.
func (p *Page) work() {
	for end := wall() + budget; len(p.works) > 0 && wall() < end; {
		w, done := p.works[0], false
		if w.part, done = w.slice(); done {
			p.works = p.works[1:]
		}
	}
}

// giveUp ends the work that the bar tells of.
func (p *Page) giveUp() {
	if len(p.works) > 0 {
		w := p.works[0]
		p.works = p.works[1:]
		w.gone()
	}
}

// copying puts text on the clipboard that is read piece by piece. said hears how
// it went.
func (p *Page) copying(read func(dst []byte) (text []byte, part float64, done bool), said func(text string)) {
	pieces := js.Global().Get("Array").New()
	var buf []byte
	p.begin(words.Say("copying"), func() (float64, bool) {
		text, part, done := read(buf[:0])
		buf = text
		pieces.Call("push", strings.ToValidUTF8(string(text), "\ufffd"))
		if done {
			copyText(pieces.Call("join", ""), said)
		}
		return part, done
	}, func() { said(words.Say("Cancelled.")) })
}

// copyText puts text on the clipboard, also where only the old way is allowed.
func copyText(text js.Value, said func(text string)) {
	clipboard := js.Global().Get("navigator").Get("clipboard")
	if clipboard.Truthy() {
		settle(clipboard.Call("writeText", text), func(_ js.Value, failure string) {
			if failure != "" {
				said(words.Say("The browser did not let it be copied: {why}", failure))
				return
			}
			said(words.Say("Copied"))
		})
		return
	}
	area := create("textarea", "")
	area.v.Set("value", text)
	document.Get("body").Call("appendChild", area.v)
	area.v.Call("select")
	document.Call("execCommand", "copy")
	area.v.Call("remove")
	said(words.Say("Copied"))
}

// underway tells what takes long by a bar at the edge of the top line, and by what
// hangs from it, over what is there anyhow: nothing moves.
type underway struct{ bar, tag, text, cancel *node } // nil: nothing took long yet

func (u *underway) draw(p *Page) {
	what, part, since := p.model.Underway()
	mine := false
	if len(p.works) > 0 && wall()-p.works[0].since > moment {
		w := p.works[0]
		what, part, since, mine = w.what, w.part, w.since, true
	}
	if u.bar == nil {
		if what == "" {
			return
		}
		u.bar, u.text = create("progress", "underway"), create("span", "").set("aria-hidden", "true")
		u.cancel = create("button", "").set("type", "button").say("Cancel")
		u.cancel.on("click", func(*dom.BasicEvent) { p.giveUp() })
		u.tag = create("p", "doing").add(u.text, u.cancel)
		wrap(document.Call("querySelector", ".top")).add(u.bar, u.tag)
	}
	u.bar.show(what != "")
	u.tag.show(what != "")
	if what == "" {
		return
	}
	u.bar.set("aria-label", what)
	if part < 0 {
		u.bar.unset("value")
		u.text.setText(what + ", " + app.Age((p.model.Wall-since)/100_000*100_000))
	} else {
		u.bar.set("value", strconv.FormatFloat(part, 'f', 2, 64))
		u.text.setText(what + ", " + strconv.Itoa(int(part*100)) + " %")
	}
	u.cancel.show(mine)
}
