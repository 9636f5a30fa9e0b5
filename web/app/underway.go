package app

import (
	"strings"

	"everysec/engine/event"
	"everysec/wasm/bridge"
	"everysec/web/words"
)

// What takes longer than a moment is told by a bar, so that nobody wonders
// whether anything happens: a start, a snapshot, a rewrite, a SAVE, a
// dump.rdb that is loaded.

// underway is what goes on, how far it is, and since when.
type underway struct {
	what  string
	part  float64 // -1: unknown
	since int64   // real time
}

// moment is how long something may take before it is told, in microseconds.
const moment = 300_000

// JobName is what a background job is called.
func JobName(kind event.JobKind) string {
	switch kind {
	case event.BackgroundSave:
		return "BGSAVE"
	case event.Rewrite:
		return words.Say("rewriting the append only file")
	case event.Load:
		return words.Say("loading")
	}
	return ""
}

// call is what the host has been asked and has not answered.
type call struct {
	op    bridge.Op
	since int64 // real time
}

// called keeps a call until it is answered. A crash that waits for its moment
// keeps nobody waiting.
func (m *Model) called(c Control) Control {
	if c.Op != bridge.OpCrash || !c.Quiet {
		m.lastCall++
		c.call = m.lastCall
		m.calls[c.call] = call{c.Op, m.Wall}
	}
	return c
}

// Answer is the answer to a call.
func (c Control) Answer(data []byte, err error) Answered {
	switch {
	case err == nil:
		return Answered{Then: c.Then, Data: data, call: c.call}
	case c.Quiet:
		return Answered{call: c.call}
	}
	return Answered{Else: c.Else, Err: err.Error(), call: c.call}
}

// oldestCall has waited longest; ok is false if none waits.
func (m *Model) oldestCall() (c call, ok bool) {
	first := m.lastCall + 1
	for n := range m.calls {
		first = min(first, n)
	}
	c, ok = m.calls[first]
	return c, ok
}

// Reading tells whether a console has more of a large reply to read, or of what was
// pasted to run: ReadOn makes it go on.
func (m *Model) Reading() bool {
	for _, c := range m.Consoles {
		if _, going := c.CLI.Reading(); going || c.CLI.Paused() {
			return true
		}
	}
	return false
}

func (m *Model) readOn() {
	for _, c := range m.Consoles {
		if _, going := c.CLI.Reading(); going || c.CLI.Paused() {
			c.CLI.GoOn()
			m.mark(PartConsoles)
		}
	}
}

// probe asks whether the thread of a server that keeps a console waiting is held:
// who waits for a key to be pushed is told apart so from who waits for the thread.
// A server that computes does not even answer this.
func (m *Model) probe() {
	waits := false
	for _, c := range m.Consoles {
		waits = waits || c.CLI.Busy() && !c.Frozen
	}
	if !waits || m.past != nil || m.Down || m.Loading {
		m.heldSince = 0
		return
	}
	if _, asked := m.oldestCall(); asked || m.Wall-m.probedAt <= 100_000 {
		return
	}
	at := m.Wall
	m.probedAt = at
	m.emit(Control{Op: bridge.OpState, Quiet: true, Then: func(m *Model, data []byte) {
		switch s, err := bridge.ReadState(data); {
		case err != nil || !s.Held:
			m.heldSince = 0
		case m.heldSince == 0:
			m.heldSince = at
		}
	}})
}

// goesOn tells what goes on now: how far it is, if that is known, and since when.
func (m *Model) goesOn() underway {
	c, waits := m.oldestCall()
	overdue := waits && m.Wall-c.since > moment // or nobody would have to know
	switch {
	case m.InPast(), m.Host.Phase == bridge.PhaseWaiting: // another tab owns the store
		return underway{}
	case m.JobActive && (m.Job.Kind == event.Load || m.importing || !overdue):
		return underway{JobName(m.Job.Kind), Progress(&m.Job), 0}
	case m.importing: // it is tried before the server loads it: of how far that is nothing can be heard
		return underway{JobName(event.Load), -1, 0}
	case m.Loading:
		return underway{words.Say("starting"), -1, 0}
	}
	for _, c := range m.Consoles {
		name, _ := c.CLI.Running()
		if part, going := c.CLI.Reading(); going {
			what := words.Say("reading what was sent")
			if name != "" {
				what = words.Say("reading the reply to {command}", strings.ToUpper(name))
			}
			return underway{what, part, 0}
		}
		// It holds the thread until it is done: of how far it is nothing can be heard.
		if strings.EqualFold(name, "SAVE") && !m.Down {
			return underway{"SAVE", -1, 0}
		}
	}
	if overdue {
		what := "the server is busy"
		switch c.op {
		case bridge.OpExport, bridge.OpRawStore:
			what = "packing the files"
		case bridge.OpRunSave:
			what = "saving the run"
		case bridge.OpErase, bridge.OpBringBack:
			what = "replacing everything"
		}
		return underway{words.Say(what), -1, c.since}
	}
	if m.heldSince != 0 {
		return underway{words.Say("the server is busy"), -1, m.heldSince}
	}
	for _, c := range m.Consoles {
		if c.Pasted() {
			return underway{words.Say("running what was pasted"), 1 - float64(c.CLI.Waiting())/float64(c.ahead), 0}
		}
	}
	return underway{}
}

// someLines are more than anybody types ahead.
const someLines = 20

// Pasted tells whether many lines run one after the other.
func (c *Console) Pasted() bool { return c.ahead >= someLines }

func (m *Model) watchUnderway() {
	for _, c := range m.Consoles {
		if c.ahead = max(c.ahead, c.CLI.Waiting()); c.CLI.Waiting() == 0 {
			c.ahead = 0
		}
	}
	u := m.goesOn()
	if u.since == 0 {
		if u.since = m.Wall; u.what == m.underway.what {
			u.since = m.underway.since
		}
	}
	m.underway = u
}

// Underway is what has been going on for longer than a moment, and how far it is,
// from 0 to 1, -1 when unknown, and since when in real time. "" is nothing.
func (m *Model) Underway() (what string, part float64, since int64) {
	if u := &m.underway; u.what != "" && m.Wall-u.since > moment {
		return u.what, u.part, u.since
	}
	return "", -1, 0
}
