package app

import (
	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/web/words"
)

// Closing the tab is a power cut. A link of the course is none: the server is
// ended before, in good order, as by SHUTDOWN. So a learner who goes on to the
// next lesson loses nothing that was acknowledged, unless there is no file that
// could hold it, and then is asked.

// leaving is a link that was followed.
type leaving struct {
	to    string // "": none
	since int64  // real time
}

// patience is how long the server has to end, in microseconds.
const patience = 3_000_000

// LostByLeaving says what a SHUTDOWN would not save; "" if nothing.
func (m *Model) LostByLeaving() string {
	if m.dataOnlyHere() {
		return words.Heard(m.Host.StoreText) + " " + words.Say("Leave, and lose what is here?")
	}
	if m.OnlyHere() {
		return words.Say("The browser does not keep the record of this run ({why}). Leave, and lose it?", words.Heard(m.unkept))
	}
	if m.leaving.to != "" || !m.shutsDown() || m.Durability.AOFEnabled || m.Settings["save"] != "" {
		return ""
	}
	l := m.Loss()
	if l.Writes == 0 {
		return ""
	}
	return words.Many(l.Writes, "{n} acknowledged write is only in memory: there is no append only file, and no save point. Leave, and lose that?|{n} acknowledged writes are only in memory: there is no append only file, and no save point. Leave, and lose that?")
}

// OnlyHere tells whether there is something that nothing outside of this tab has,
// though it should: the browser gives no lasting store. Who asked for a
// store in memory knows.
func (m *Model) OnlyHere() bool { return m.dataOnlyHere() || m.unkept != "" }

func (m *Model) dataOnlyHere() bool {
	if m.Host.Store != bridge.StoreMemory || m.Host.StoreText == "" {
		return false
	}
	for _, k := range m.spaces {
		if k.live > 0 {
			return true
		}
	}
	return m.Durability.Acknowledged > m.base
}

// shutsDown tells whether there is a server with files that outlive the page.
func (m *Model) shutsDown() bool {
	return !m.Down && !m.Loading && m.Host.Store == bridge.StoreIndexedDB
}

func (m *Model) leave(to string) {
	m.leavePast()
	if m.leaving.to != "" || !m.shutsDown() { // who asks twice does not want to wait
		m.emit(Go{to})
		return
	}
	m.leaving = leaving{to, m.Wall}
	command := []string{"SHUTDOWN"}
	if m.Durability.AOFEnabled {
		command = append(command, "NOSAVE") // the next start reads the append only file
	}
	m.ask(0, func(m *Model, v resp.Value) {
		if m.leaving.to != "" && string(v.Str) != string(failure.Str) { // it is alive, and refuses
			m.stay(string(v.Str))
		}
	}, command...)
}

// left goes on when the server has ended.
func (m *Model) left() bool {
	to := m.leaving.to
	if to == "" {
		return false
	}
	m.leaving = leaving{}
	m.emit(Go{to})
	return true
}

// stay says why the page is still here. The link works when it is followed again.
func (m *Model) stay(why string) {
	m.leaving.since = 0
	m.Notice = &Noticed{0, words.Say("Not everything is on the disk yet ({why}). Follow the link again to leave all the same.", why)}
	m.mark(PartStatus)
}

func (m *Model) frameLeaving() {
	if m.leaving.since != 0 && m.Wall-m.leaving.since > patience {
		m.stay(words.Say("the server is still at it"))
	}
}
