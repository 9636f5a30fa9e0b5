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

// underway is what goes on, and since when.
type underway struct {
	what  string
	since int64 // real time
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

// goesOn names what goes on now; "" if nothing does.
func (m *Model) goesOn() string {
	switch {
	case m.InPast(), m.Host.Phase == bridge.PhaseWaiting: // another tab owns the store
		return ""
	case m.importing: // it is tried before the server loads it: of how far that is nothing can be heard
		return JobName(event.Load)
	case m.Down:
		return ""
	case m.JobActive:
		return JobName(m.Job.Kind)
	case m.Loading:
		return words.Say("starting")
	}
	for _, c := range m.Consoles {
		// It holds the thread until it is done: of how far it is nothing can be heard.
		if name, _ := c.CLI.Running(); strings.EqualFold(name, "SAVE") {
			return "SAVE"
		}
	}
	return ""
}

func (m *Model) watchUnderway() {
	if what := m.goesOn(); what != m.underway.what {
		m.underway = underway{what, m.Wall}
	}
}

// Underway is what has been going on for longer than a moment, and how far it is,
// from 0 to 1; -1 when unknown. "" is nothing.
func (m *Model) Underway() (what string, part float64) {
	if m.underway.what == "" || m.Wall-m.underway.since <= moment {
		return "", -1
	}
	if m.JobActive && m.underway.what == JobName(m.Job.Kind) {
		return m.underway.what, Progress(&m.Job)
	}
	return m.underway.what, -1
}
