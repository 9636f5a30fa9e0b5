//go:build js && wasm

package view

import (
	"strconv"
	"syscall/js"

	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// status is the top line: the server, the clock, the theme, and notices.
type status struct {
	text, clock, pause, step, jump, speed *node
	notice, noticeText, noticeActions     *node
	underway                              underway
	noticeFor                             *app.Noticed
}

func (s *status) bind(p *Page) {
	s.text, s.clock = byID("status"), byID("clock")
	s.pause = p.click("clock-pause", func() app.Message { return app.ClockPause{Paused: !p.model.Host.Paused} })
	s.step = p.click("clock-step", func() app.Message { return app.ClockAdvance{Micros: 100_000} })
	s.jump = p.click("clock-jump", func() app.Message { return app.ClockAdvance{Micros: 30_000_000} })
	s.speed = byID("clock-speed")
	s.speed.on("change", func(*dom.BasicEvent) {
		if f, err := strconv.ParseFloat(s.speed.v.Get("value").String(), 64); err == nil {
			p.dispatch(app.ClockSpeed{Factor: f})
		}
	})
	s.notice, s.noticeText, s.noticeActions = byID("notice"), byID("notice-text"), byID("notice-actions")
	p.click("notice-close", func() app.Message { return app.DismissNotice{} })
	s.noticeActions.on("click", func(e *dom.BasicEvent) {
		b := closest(e, "button")
		if b.IsUndefined() {
			return
		}
		switch b.Get("name").String() {
		case "take":
			p.dispatch(app.TakeOver{})
		case "copy":
			p.dispatch(app.UseCopy{})
		case "raw":
			p.dispatch(app.DownloadRaw{})
			return
		case "erase":
			if !js.Global().Call("confirm", words.Say("Erase what is stored? It cannot be brought back; download it first.")).Bool() {
				return
			}
			p.dispatch(app.Erase{})
		case "export":
			p.dispatch(app.DownloadAll{})
			return
		case "restart":
			p.dispatch(app.Restart{})
		case "undo":
			p.dispatch(app.BringBack{})
		}
		p.dispatch(app.DismissNotice{})
	})
	byID("theme").on("click", func(*dom.BasicEvent) {
		dark := matches("(prefers-color-scheme: dark)")
		root := document.Get("documentElement").Get("dataset")
		if t := root.Get("theme"); t.Type() == js.TypeString {
			dark = t.String() == "dark"
		}
		next := "dark"
		if dark {
			next = "light"
		}
		root.Set("theme", next)
		store("everysec.theme", next)
		p.keyspace.recolor(p)
	})
	for _, b := range p.body.all(".tabs button") {
		b.on("click", func(*dom.BasicEvent) { p.tab(b.data("tab")) })
	}
}

func (s *status) draw(p *Page, dirty app.Part) {
	m := p.model
	s.underway.draw(p)
	if p.every(3) || dirty&app.PartClock != 0 {
		if m.Host.Now != 0 {
			s.clock.setText(app.Clock(m.Now()))
		}
	}
	if dirty&app.PartClock != 0 {
		s.pause.set("aria-pressed", strconv.FormatBool(m.Host.Paused))
		if m.Host.Speed > 0 {
			s.speed.property("value", strconv.FormatFloat(m.Host.Speed, 'g', -1, 64))
		}
	}
	if dirty&(app.PartStatus|app.PartCrash|app.PartClock) == 0 {
		return
	}
	said, state := "running", "running"
	switch {
	case m.Down:
		said, state = "down", "down"
	case m.Loading:
		said, state = "starting…", "starting"
	case m.InPast():
		said = "a look into the past"
	case m.Host.Paused:
		said = "time stands still"
	}
	text := words.Say(said)
	if m.Disk.Armed {
		text += " · " + words.Say("crash armed")
	}
	if state == "running" {
		switch {
		case m.Host.Store == bridge.StoreMemory:
			text += " · " + words.Say("files only in this tab")
		case m.Host.Store == bridge.StoreIndexedDB && m.Volatile != "":
			text += " · " + words.Say("files in this browser, which may remove them")
		case m.Host.Store == bridge.StoreIndexedDB:
			text += " · " + words.Say("files in this browser")
		}
	}
	s.text.setText(text)
	s.text.set("title", m.Kept())
	p.body.set("data-server", state)
	s.drawNotice(m.Notice)
}

func (s *status) drawNotice(n *app.Noticed) {
	if n == s.noticeFor {
		return
	}
	s.noticeFor = n
	s.notice.show(n != nil)
	if n == nil {
		return
	}
	s.noticeText.setText(words.Heard(n.Text))
	s.noticeActions.empty()
	offer := func(name, text string) {
		b := create("button", "").say(text)
		b.set("type", "button").set("name", name)
		s.noticeActions.add(b)
	}
	switch n.Kind {
	case bridge.NoticeStoreBusy:
		offer("take", "Take over")
		offer("copy", "Run on a copy")
	case bridge.NoticeStoreUnknown:
		offer("raw", "Download what is there")
		offer("erase", "Erase it and start anew")
	case app.NoticeReplaced:
		offer("undo", "Undo")
	case bridge.NoticeHeld:
		offer("restart", "Start the server again")
		offer("export", "Export everything (zip)")
	case bridge.NoticeDown:
		offer("restart", "Start the server again")
	}
}
