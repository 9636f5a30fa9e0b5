//go:build js && wasm

package view

import (
	"strconv"

	"everysec/engine/event"
	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// durability is the way down to the disk, the buttons that cut it short, and
// the account of what that cost.
type durability struct {
	strips                  [3]*node
	counts, bytes           [3]*node
	snapshot, snapshotBytes *node
	fsync, fsyncLine, job   *node
	truth                   *node
	lead, amount, rest      *node
	settings                []*node
	crash                   []*node
	power, armed            *node // armed: what the disk is set up to do; nil: it never was
	account, title, summary *node
	acknowledged, survived  *node
	lost, figures, sides    *node
	restart, closeAccount   *node
	log                     *node
	accountFor              string
	panel                   *accountPanel // nil: it has not been wanted yet
}

func (d *durability) bind(p *Page) {
	for i, name := range []string{"memory", "written", "disk"} {
		d.counts[i], d.bytes[i] = byID("lane-"+name), byID("bytes-"+name)
		d.strips[i] = p.body.find(`.lane[data-state="` + name + `"] .strip i`)
	}
	d.snapshot, d.snapshotBytes = byID("lane-snapshot"), byID("bytes-snapshot")
	d.fsync, d.job = byID("fsync"), byID("job")
	d.fsyncLine = wrap(d.fsync.v.Get("parentElement"))
	d.truth = byID("truth")
	d.lead, d.amount, d.rest = d.truth.find("span"), d.truth.find("strong"), d.truth.find("span:last-child")
	for _, id := range []string{"set-appendonly", "set-appendfsync", "set-save"} {
		n := byID(id)
		n.on("change", func(*dom.BasicEvent) {
			p.dispatch(app.SetConfig{Directive: n.data("directive"), Value: n.v.Get("value").String()})
		})
		d.settings = append(d.settings, n)
	}
	for _, b := range p.body.all("button.crash") {
		kind, _ := strconv.Atoi(b.data("crash"))
		b.on("click", func(*dom.BasicEvent) { p.dispatch(app.Crash{Kind: bridge.CrashKind(kind)}) })
		d.crash = append(d.crash, b)
	}
	d.power = p.body.find(".power")
	d.account, d.title, d.summary = byID("account"), byID("account-title"), byID("account-summary")
	d.acknowledged, d.survived, d.lost = byID("account-acknowledged"), byID("account-survived"), byID("account-lost")
	d.figures, d.sides = byID("account-figures"), byID("account-sides")
	d.log = byID("account-log")
	d.restart = p.click("restart", func() app.Message { return app.Restart{} })
	d.closeAccount = p.click("account-close", func() app.Message { return app.DismissAccount{} })
}

func (d *durability) draw(p *Page, dirty app.Part) {
	m := p.model
	if dirty&app.PartDurability != 0 || p.every(6) {
		d.drawLanes(m)
	}
	if dirty&app.PartConfig != 0 {
		d.drawSettings(m)
	}
	if d.panel != nil {
		d.panel.grow()
	}
	if dirty&(app.PartCrash|app.PartStatus) != 0 {
		for _, b := range d.crash {
			b.v.Set("disabled", m.Down || m.Loading)
		}
		d.drawAccount(p)
		d.drawArmed(p)
	}
}

// drawArmed says what waits for its moment, and what is wrong with the disk.
func (d *durability) drawArmed(p *Page) {
	line := p.model.DiskLine()
	if d.armed == nil && line == "" {
		return
	}
	if d.armed == nil {
		d.armed = create("button", "armed").set("id", "armed").set("type", "button").set("title", words.Say("Change it"))
		d.armed.on("click", func(*dom.BasicEvent) { p.panels.show(p, "crash") })
		d.power.v.Call("after", d.armed.v)
	}
	d.armed.setText(line)
	d.armed.show(line != "")
}

func (d *durability) drawLanes(m *app.Model) {
	e := &m.Durability
	back := func(a, b uint64) int64 { // a-b, but not below zero
		if a < b {
			return 0
		}
		return int64(a - b)
	}
	var counts, bytes [3]int64
	if m.Down && e.AOFEnabled && m.Crashed != nil && m.Crashed.PageCacheLives() {
		counts[1], bytes[1] = back(e.Written, e.Synced), max(e.WrittenBytes-e.SyncedBytes, 0)
	}
	if !m.Down {
		if e.AOFEnabled {
			counts[0], counts[1] = back(e.Last, e.Written), back(e.Written, e.Synced)
			bytes[0], bytes[1] = e.BufferedBytes, max(e.WrittenBytes-e.SyncedBytes, 0)
		} else {
			counts[0] = back(e.Last, e.SnapshotChange)
		}
	}
	if e.AOFEnabled {
		counts[2], bytes[2] = back(e.Synced, m.Base()), e.SyncedBytes
	}
	for i := range counts {
		text := words.Many(counts[i], "{n} write|{n} writes")
		switch {
		case i > 0 && !e.AOFEnabled:
			text = words.Say("no append only file")
		case i == 2 && m.Base() > 0:
			text = words.Many(counts[i], "{n} write since the start|{n} writes since the start") // below them lies what was loaded
		}
		d.counts[i].setText(text)
		size := app.Bytes(bytes[i])
		if i > 0 && !e.AOFEnabled {
			size = "–"
		}
		d.bytes[i].setText(size)
		d.strips[i].style("--n", strconv.FormatInt(min(counts[i], 60), 10))
	}
	text, size := words.Say("no snapshot yet"), ""
	for i := range m.Files {
		if m.Files[i].Name == "dump.rdb" { // there is one, and not of this run
			text, size = words.Say("made before this start"), app.Bytes(m.Files[i].Size)
		}
	}
	if age, ok := m.Age(); ok {
		ago := app.Age(age)
		text = words.Say("made {time} ago", ago)
		if n := back(e.Last, e.SnapshotChange); n > 0 && !m.Down {
			text = words.Many(n, "made {time} ago, {n} write behind|made {time} ago, {n} writes behind", ago)
		} else if !m.Down {
			text = words.Say("made {time} ago, holds everything", ago)
		}
		size = app.Bytes(e.SnapshotBytes)
	}
	d.snapshot.setText(text)
	d.snapshotBytes.setText(size)
	sync := "fsync()"
	if e.AOFEnabled {
		switch m.Settings["appendfsync"] {
		case "always":
			sync += " " + words.Say("before every reply")
		case "everysec":
			sync += " " + words.Say("once a second")
		case "no":
			sync += " " + words.Say("when the operating system likes")
		}
	}
	if e.SyncInFlight {
		sync += ", " + words.Say("under way")
	}
	d.fsync.setText(sync)
	d.fsyncLine.class("busy", e.SyncInFlight)

	job := ""
	if m.JobActive && m.Job.Kind != event.LazyFree {
		job = app.JobName(m.Job.Kind)
		if f := app.Progress(&m.Job); f >= 0 {
			job += " " + strconv.Itoa(int(f*100)) + " %"
		}
		if m.Job.Copied > 0 {
			job += ", " + words.Say("{size} of old values kept for it", app.Bytes(m.Job.Copied))
		}
	}
	d.job.setText(job)

	lead, amount, rest := m.LossLine()
	d.lead.setText(lead)
	d.amount.setText(amount)
	d.rest.setText(rest)
	risk := "no"
	if m.Loss().Writes > 0 && !m.Down {
		risk = "yes"
	}
	d.truth.set("data-risk", risk)
}

func (d *durability) drawSettings(m *app.Model) {
	for _, n := range d.settings {
		value, ok := m.Settings[n.data("directive")]
		if !ok || n.v.Get("value").String() == value {
			continue
		}
		n.v.Set("value", value)
		if n.v.Get("selectedIndex").Int() < 0 {
			option := create("option", "").setText(value) // set at a console
			option.v.Set("value", value)
			n.add(option)
			n.v.Set("value", value)
		}
	}
}

func (d *durability) drawAccount(p *Page) {
	m := p.model
	r := m.Crashed
	d.account.show(r != nil)
	if r == nil || !r.Account.Complete {
		p.body.unset("data-account")
	}
	if r == nil {
		return
	}
	a := &r.Account
	title := "{crash} at {time}: the server is down"
	switch {
	case a.Error != "":
		title = "{crash} at {time}: the server does not start"
	case a.Complete:
		title = "{crash} at {time}: what came back"
	}
	d.title.setText(words.Say(title, r.Title(), app.Clock(a.At)))
	d.log.setText(m.LogSince(a.At))
	d.restart.show(m.Down)
	d.restart.v.Set("disabled", r.Restarting)
	d.closeAccount.show(!m.Down)
	d.figures.show(a.Complete)
	switch {
	case a.Error != "":
		d.summary.setText(a.Error)
	case a.Complete && a.LostWrites == 0 && r.LostKeys() == 0:
		d.summary.say("Every acknowledged write is still there.")
	case a.Complete && r.LostKeys() == 0:
		d.summary.say("Every key is as it was acknowledged.")
	case a.Complete:
		d.summary.setText(words.Many(r.LostKeys(), "{n} key is not as acknowledged.|{n} keys are not as acknowledged."))
	default:
		d.summary.setText(r.Before())
	}
	count := func(n int64) string {
		if n < 0 {
			return "?"
		}
		return app.Count(n)
	}
	d.acknowledged.setText(count(a.Acknowledged))
	d.survived.setText(count(a.SurvivedWrites))
	d.lost.setText(count(a.LostWrites))
	key := strconv.FormatInt(a.At, 10) + strconv.FormatBool(a.Complete)
	if key == d.accountFor {
		return
	}
	d.accountFor = key
	wrap(d.log.v.Get("parentElement")).v.Set("open", a.Complete) // what it says at its start
	d.sides.show(a.Complete)
	if !a.Complete {
		return
	}
	p.panels.have(p, func() {
		if m.Crashed != r {
			return // another crash meanwhile
		}
		if d.panel == nil {
			d.panel = &accountPanel{}
			d.panel.build(p, d.sides)
		}
		d.panel.draw(r)
	})
}
