package app

import (
	"everysec/engine/event"
	"everysec/wasm/bridge"
)

// An earlier moment of the run is drawn as the present is: from events. Meanwhile
// the present stands aside, whole; what the engine says of it waits. Nothing can
// be done in the past, and questions that only look are asked of it.

// The messages of who looks back.
type (
	// ShowPast shows a moment: the state of the host, and events that tell all
	// but its keys. Foreign: it is of another run.
	ShowPast struct {
		State   bridge.State
		Events  []byte
		Foreign bool
	}
	// PastKeys are more keys of that moment.
	PastKeys struct{ Events []byte }
	// LeavePast goes back to now.
	LeavePast struct{}
)

// past is the moment that is shown, and the present aside.
type past struct {
	present present
	held    [][]byte // event batches
}

// present is what changes with the moment.
type present struct {
	spaces     map[int]*Keyspace
	Durability event.Durability
	Stats      event.Stats
	Clients    []event.Client
	Job        event.Job
	JobActive  bool
	Runs       []event.CommandRun
	Log        []event.Log
	Files      []bridge.File
	Host       bridge.State
	Down       bool
	Loading    bool
}

func (m *Model) present() present {
	return present{
		m.spaces, m.Durability, m.Stats, m.Clients, m.Job, m.JobActive, m.Loop.Runs, m.Log, m.Files, m.Host, m.Down, m.Loading,
	}
}

func (m *Model) setPresent(p present) {
	m.spaces, m.Durability, m.Stats, m.Clients, m.Job, m.JobActive = p.spaces, p.Durability, p.Stats, p.Clients, p.Job, p.JobActive
	m.Loop.Runs, m.Log, m.Files, m.Host, m.Down, m.Loading = p.Runs, p.Log, p.Files, p.Host, p.Down, p.Loading
	m.filesStale = true
	if m.Inspector != nil {
		m.Inspector.stale = true
	}
	m.mark(PartAll)
}

// InPast tells whether the page shows an earlier moment.
func (m *Model) InPast() bool { return m.past != nil }

func (m *Model) showPast(msg ShowPast) {
	if m.past == nil {
		m.stopRun()
		m.past = &past{present: m.present()}
	}
	now := &m.past.present
	shown := present{spaces: map[int]*Keyspace{}, Host: msg.State}
	shown.Host.Paused = true
	shown.Down, shown.Loading = msg.State.Phase == bridge.PhaseDown, msg.State.Phase == bridge.PhaseLoading
	for i := range now.Runs {
		if r := &now.Runs[i]; !msg.Foreign && r.Start <= msg.State.Now {
			shown.Runs = append(shown.Runs, *r)
		}
	}
	for _, l := range now.Log {
		if !msg.Foreign && l.At <= msg.State.Now {
			shown.Log = append(shown.Log, l)
		}
	}
	like := now.spaces
	if msg.Foreign {
		like = m.spaces
	}
	for db, k := range like {
		shown.spaces[db] = &Keyspace{index: map[string]int32{}, filter: &m.Filter, like: k, Cells: make([]Cell, len(k.Cells))}
	}
	m.setPresent(shown)
	m.pastKeys(msg.Events)
}

func (m *Model) pastKeys(batch []byte) {
	if m.past != nil {
		m.applyAll(batch)
	}
}

func (m *Model) leavePast() {
	p := m.past
	if p == nil {
		return
	}
	m.past = nil
	m.unseen.db = -1 // who was asked meanwhile was another client
	m.setPresent(p.present)
	for _, batch := range p.held {
		m.events(batch)
	}
}

// hold keeps what the engine says of the present for later.
func (p *past) hold(m *Model, batch []byte) {
	const limit = 1000
	if p.held = append(p.held, append([]byte(nil), batch...)); len(p.held) > limit {
		p.held, m.resync = p.held[:0], true
	}
}

// forbids tells whether a message would change the present, which nobody sees.
func (p *past) forbids(message Message) bool {
	switch message.(type) {
	case Submit, Paste, Interrupt, CloseConsole, PauseClient, KillClient, Crash, Disarm, SetFault, Restart,
		ClockPause, ClockSpeed, ClockAdvance, SetConfig, RunBlock, CheckBlock, ResetStep, Import, BringBack, Erase, TakeOver, UseCopy:
		return true
	}
	return false
}

// inPast is an operation as it is asked of the moment that is shown.
func inPast(op bridge.Op, payload []byte) (bridge.Op, []byte) {
	switch op {
	case bridge.OpState, bridge.OpFiles, bridge.OpReadFile, bridge.OpExport, bridge.OpTable:
		return bridge.OpRunAsk, bridge.Record(nil).Byte(uint8(op)).Bytes(payload)
	}
	return op, payload
}
