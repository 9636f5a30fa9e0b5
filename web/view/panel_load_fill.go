//go:build js && wasm

package view

import (
	"everysec/web/app"
	"everysec/web/app/load"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// filler is the form of a fill, and the fill.
type filler struct {
	*load.Filling
	client                         uint32
	start, stop, bar, said, result *node
	count, kind, size, ttl, prefix *node
	done                           *node // how far it is, in figures
}

func (l *loadPanel) buildFill(box *node) {
	f := &l.fill
	f.count = l.number(100_000, 1, load.MaxFill)
	f.kind = l.choice(load.FillNames[:]...)
	f.size = l.number(100, 1, load.MaxSize)
	f.ttl = l.number(0, 0, 1<<30)
	f.prefix = create("input", "").set("type", "text").set("maxlength", "100").set("autocomplete", "off").set("autocapitalize", "none").set("spellcheck", "false")
	f.prefix.v.Set("value", "key:")
	f.said = create("p", "aside").set("id", "fill-said")
	f.start = button("Fill", "", func() { l.beginFill(l.fillSettings()) }).set("id", "fill-start")
	f.stop = button("Cancel", "", func() { f.Cancel(); l.stale = true }).set("id", "fill-cancel")
	f.stop.show(false)
	f.bar = create("progress", "").set("aria-label", words.Say("Progress of the fill"))
	f.bar.show(false)
	f.done = create("span", "").set("aria-hidden", "true").set("id", "fill-done")
	f.done.show(false)
	f.result = create("p", "").set("role", "status").set("id", "fill-result")
	fields := create("div", "fields").add(l.field("How many", f.count), l.field("Of what", f.kind), l.field("Bytes of a value", f.size),
		l.field("Seconds to live; 0: for ever", f.ttl), l.field("Names begin with", f.prefix))
	fields.on("input", func(*dom.BasicEvent) { l.estimate() })
	box.add(create("h3", "").say("Fill database 0"), fields, f.said, create("p", "row").add(f.start, f.stop, f.bar, f.done), f.result)
}

func (l *loadPanel) fillSettings() load.FillSettings {
	f := &l.fill
	return load.FillSettings{
		Count: l.read(f.count), Kind: load.FillKind(f.kind.v.Get("selectedIndex").Int()), Size: l.read(f.size), TTL: l.read(f.ttl),
		Prefix: f.prefix.v.Get("value").String(),
	}.Within()
}

// estimate says what a fill would take.
func (l *loadPanel) estimate() {
	s := l.fillSettings()
	text := words.Say("About {size} of memory", app.Bytes(s.Memory()))
	if l.p.model.Settings["appendonly"] == "yes" {
		text = words.Say("About {size} of memory, and {bytes} in the append-only file", app.Bytes(s.Memory()), app.Bytes(s.CommandBytes()))
	}
	if s.TooLarge() {
		text += ": " + words.Say("more than this page should ask a browser for")
		l.fill.start.set("disabled", "")
	} else if l.fill.Filling == nil {
		l.fill.start.unset("disabled")
	}
	l.fill.said.setText(text + ".")
}

func (l *loadPanel) beginFill(s load.FillSettings) {
	f, m := &l.fill, l.p.model
	if f.Filling != nil || m.Down || m.Loading {
		return
	}
	filling, hello := load.NewFilling(s)
	f.Filling = filling
	f.client = l.p.conn.Connect("fill")
	l.p.conn.Send(f.client, hello)
	f.result.setText("")
	f.start.set("disabled", "")
	f.stop.show(true)
	f.bar.show(true)
	f.done.show(true)
	l.stale = true
}

func (l *loadPanel) filled(data []byte, closed bool) {
	f := &l.fill
	known := f.Server
	f.Receive(data)
	if closed {
		f.Lost()
	}
	if f.Server != known {
		l.p.dispatch(app.Background{Client: f.Server})
	}
	for next := f.Next(); next != nil; next = f.Next() {
		l.p.conn.Send(f.client, next)
	}
	if !f.Over() {
		return
	}
	l.p.conn.Disconnect(f.client)
	l.drawFill()
	f.result.setText(f.Account())
	if f.Done < f.Count {
		l.trial = trial{}
		l.note.setText("")
	}
	f.Filling = nil
	f.stop.show(false)
	f.bar.show(false)
	f.done.show(false)
	l.stale = true
	l.estimate()
}

func (l *loadPanel) drawFill() {
	f := &l.fill
	f.bar.v.Set("value", f.Progress())
	text := words.Say("{n} of {all}", app.Count(int64(f.Done)), app.Count(int64(f.Count)))
	f.bar.set("aria-valuetext", text)
	f.done.setText(text)
}
