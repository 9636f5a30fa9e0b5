//go:build js && wasm

package view

import (
	"strconv"

	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// crashPanel lets the learner choose how the machine goes down, and when, and
// what the disk does wrong before.
type crashPanel struct {
	kind                                       bridge.CrashKind
	moment, number, numberLine, seed           *node
	strike, disarm, state, lies, hangs, repair *node
}

var crashWords = [...]string{
	bridge.KillNine:     "The process dies. The operating system lives on, and what it had been given is not lost.",
	bridge.PowerCut:     "What was synced survives. Of the rest, the seed decides: nothing, all, a beginning, or single sectors.",
	bridge.PowerCutTorn: "The newest write was just on its way: all but its last bytes reach the disk.",
	bridge.BitRot:       "Shut down in good order, and while it was off one to three bits turned on the disk.",
}

func (c *crashPanel) build(p *Page, box *node) {
	kinds := create("fieldset", "choices").add(create("legend", "").say("How it goes down"))
	for kind, about := range crashWords {
		input := create("input", "").set("type", "radio").set("name", "crash-kind").set("value", strconv.Itoa(kind))
		input.v.Set("checked", kind == int(bridge.PowerCut))
		input.on("change", func(*dom.BasicEvent) { c.kind = bridge.CrashKind(kind) })
		kinds.add(create("label", "").add(input, create("span", "").add(
			create("strong", "").setText(app.CrashName(bridge.CrashKind(kind))), create("span", "aside").say(about))))
	}
	c.kind = bridge.PowerCut

	c.moment = create("select", "").set("id", "crash-moment")
	for moment := bridge.Now; moment <= bridge.AtOperation; moment++ {
		text := app.MomentName(moment, 0)
		if moment == bridge.AtOperation {
			text = words.Say("at a disk operation from now")
		}
		c.moment.add(create("option", "").setText(text).set("value", strconv.Itoa(int(moment))))
	}
	c.moment.on("change", func(*dom.BasicEvent) { c.drawMoment() })
	c.number, c.seed = numberInput("1", ""), numberInput("", "drawn")
	c.numberLine = labelled("Which operation", c.number, "Everything counts that changes the disk: create, write, rename, remove, fsync.")
	c.strike = button("", "", func() {
		crash := app.Crash{Kind: c.kind, Moment: bridge.CrashMoment(numberIn(c.moment, 0)), N: numberIn(c.number, 1), Seed: uint64(numberIn(c.seed, 0))}
		p.dispatch(crash)
	})
	c.strike.set("id", "crash-strike").v.Get("classList").Call("add", "primary")
	c.disarm = button("Disarm", "", func() { p.dispatch(app.Disarm{}) }).set("id", "crash-disarm")
	c.state = create("p", "").set("role", "status").set("id", "crash-state")
	box.add(
		kinds,
		labelled("When", c.moment, ""), c.numberLine,
		labelled("Seed", c.seed, "The same seed does the same damage to the same disk."),
		create("p", "actions").add(c.strike, c.disarm), c.state,
		create("h3", "").say("What the disk does wrong"),
	)

	toggle := func(text, about string, what bridge.Fault) *node {
		input := create("input", "").set("type", "checkbox")
		input.on("change", func(*dom.BasicEvent) {
			value := int64(0)
			if input.v.Get("checked").Bool() {
				value = 1
			}
			p.dispatch(app.SetFault{What: what, Value: value})
		})
		box.add(create("label", "choice").add(input, create("span", "").add(
			create("strong", "").say(text), create("span", "aside").say(about))))
		return input
	}
	amount := func(text, unit, start, about string, what bridge.Fault, scale int64) {
		input := numberInput(start, "")
		set := button("Set", "", func() { p.dispatch(app.SetFault{What: what, Value: numberIn(input, 0) * scale}) })
		box.add(labelled(text, input, about, create("span", "").say(unit), set.set("aria-label", words.Say("Set: {what}", words.Say(text)))))
	}
	c.lies = toggle("fsync lies", "It says that it is done, and saves nothing. Only a power cut finds out.", bridge.LyingSync)
	c.hangs = toggle("fsync hangs", "None ends until this is taken back. What waits for the disk, waits.", bridge.HungSync)
	amount("fsync fails", "times", "1", "As on Linux, what it should have saved is given up.", bridge.FailedSync, 1)
	amount("fsync is slow", "ms", "500", "Each of them takes so much longer.", bridge.SlowSync, 1000)
	amount("the disk is full", "bytes left", "1000", "A write beyond them fails.", bridge.FullDisk, 1)
	c.repair = button("Repair the disk", "", func() { p.dispatch(app.SetFault{What: bridge.NoFault}) }).set("id", "crash-repair")
	box.add(create("p", "actions").add(c.repair))
	c.drawMoment()
}

func (c *crashPanel) drawMoment() {
	moment := bridge.CrashMoment(numberIn(c.moment, 0))
	c.numberLine.show(moment == bridge.AtOperation)
	text := "Arm"
	if moment == bridge.Now {
		text = "Crash now"
	}
	c.strike.say(text)
}

func (c *crashPanel) draw(p *Page, dirty app.Part) {
	if dirty&(app.PartCrash|app.PartStatus) == 0 {
		return
	}
	m := p.model
	c.strike.v.Set("disabled", m.Down || m.Loading)
	c.disarm.show(m.Disk.Armed)
	state := m.DiskLine()
	switch {
	case m.Down:
		state = words.Say("The server is down. Start it again below the console to see what is left.")
	case m.Disk.Armed && m.Disk.Moment != bridge.DuringSync:
		state += ". " + words.Say("Type a write, or SAVE, to bring it about.")
	}
	c.state.setText(state)
	c.lies.v.Set("checked", m.Disk.Lying)
	c.hangs.v.Set("checked", m.Disk.Hung)
	d := &m.Disk
	c.repair.show(d.Lying || d.Hung || d.Failing > 0 || d.SyncMicros > 0 || d.Free >= 0)
}
