package app

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/web/console"
	"everysec/web/words"
)

// What can be done to a client from outside, and what is known of it: pauses,
// CLIENT KILL, how long its commands took, what it says to those who listen.

// freeze stops a client as a long garbage collection does. When it wakes up it
// reads what came meanwhile, and then goes on with what was typed.
func (m *Model) freeze(c *Console, frozen bool) {
	c.Frozen, c.FrozenUntil = frozen, 0
	m.mark(PartConsoles)
	if frozen {
		return
	}
	inbox, held := c.inbox, c.held
	c.inbox, c.held = nil, nil
	for _, msg := range inbox {
		if msg.Client == c.client {
			c.receive(msg)
		}
	}
	c.CLI.Paste(held)
}

// thaw wakes the clients whose pause is over.
func (m *Model) thaw() {
	for _, c := range m.Consoles {
		if c.Frozen && c.FrozenUntil != 0 && m.Now() >= c.FrozenUntil {
			m.freeze(c, false)
		}
	}
}

// Unread is how many bytes came from the server while a client was frozen.
func (c *Console) Unread() int {
	n := 0
	for _, msg := range c.inbox {
		n += len(msg.Data)
	}
	return n
}

// identify finds out which client of the server a console is; 0 if none.
func (m *Model) identify(c *Console, then func(id uint64)) {
	client := c.client
	m.ask(0, func(m *Model, v resp.Value) {
		// The page's clients share its address; each has its own port.
		lines := strings.Split(string(v.Str), "\n")
		host := ""
		for _, line := range lines {
			if id, at := clientLine(line); id == m.Loop.page && id != 0 {
				host, _, _ = strings.Cut(at, ":")
			}
		}
		for _, line := range lines {
			if id, at := clientLine(line); client != 0 && c.client == client && at == host+":"+itoa(int64(bridge.Port(client))) {
				then(id)
				return
			}
		}
		then(0)
	}, "CLIENT", "LIST")
}

// clientLine reads the beginning of a line of CLIENT LIST: id=3 addr=1.2.3.4:5 ...
func clientLine(line string) (id uint64, address string) {
	for _, f := range strings.Fields(line) {
		switch name, value, _ := strings.Cut(f, "="); name {
		case "id":
			id, _ = strconv.ParseUint(value, 10, 64)
		case "addr":
			return id, value
		}
	}
	return id, ""
}

func (m *Model) killClient(name string) {
	c := m.Console(name)
	if c == nil || c.client == 0 {
		return
	}
	m.identify(c, func(id uint64) {
		if id != 0 {
			m.ask(0, nil, "CLIENT", "KILL", "ID", strconv.FormatUint(id, 10))
		}
	})
}

// clock pairs what the engine measured with the replies on the screen. Both
// come in the order of the commands, but either may come first, and under a
// flood the engine's may not come at all.
type clock struct {
	id      uint64 // the client's at the server; 0: not known yet
	runs    []event.CommandRun
	replies []timedReply
}

type timedReply struct {
	command string
	block   int // counted from the first there ever was
	took    int64
}

func (m *Model) timeCommands(name string, on bool) {
	c := m.Console(name)
	if c == nil {
		return
	}
	c.Timed, c.clock, c.CLI.Waits = on, clock{}, on
	if on && c.client != 0 {
		m.identify(c, func(id uint64) { c.clock.id = id })
	}
	m.mark(PartConsoles)
}

// time remembers a reply whose engine time is not known.
func (c *Console) time(b console.Block, block int) {
	c.clock.replies = append(c.clock.replies, timedReply{b.Command, block, b.Took})
	c.setTiming(block, words.Say("{time} there and back", Span(b.Took)))
	c.pair()
}

func (c *Console) setTiming(block int, text string) {
	if i := block - c.Dropped; i >= 0 && i < len(c.Blocks) {
		c.Blocks[i].Timing = text
	}
}

// timed takes the engine's measure.
func (m *Model) timed(e *event.CommandRun) {
	for _, c := range m.Consoles {
		if c.Timed && c.clock.id == e.Client && e.Client != 0 {
			c.clock.runs = append(c.clock.runs, event.CommandRun{Name: e.Name, Duration: e.Duration, Waited: e.Waited})
			c.pair()
			m.mark(PartConsoles)
		}
	}
}

func (c *Console) pair() {
	k := &c.clock
	for len(k.runs) > 0 && len(k.replies) > 0 {
		run := k.runs[0]
		name, _, _ := strings.Cut(run.Name, "|")
		i := 0
		for i < len(k.replies) && !strings.EqualFold(k.replies[i].command, name) {
			i++
		}
		k.runs = k.runs[1:]
		if i == len(k.replies) {
			continue // of a transaction, or of what the console sent by itself
		}
		r := k.replies[i]
		k.replies = k.replies[i+1:]
		text := words.Say("{time} in the engine, {all} there and back", Span(run.Duration), Span(r.took))
		if run.Waited > 0 {
			text = words.Say("{time} in the engine after {waited} of waiting for its turn, {all} there and back", Span(run.Duration), Span(run.Waited), Span(r.took))
		}
		c.setTiming(r.block, text)
	}
	// What never finds its other half must not pile up.
	k.runs = k.runs[max(0, len(k.runs)-64):]
	k.replies = k.replies[max(0, len(k.replies)-64):]
}

// remember puts what was entered into the history of all.
func (m *Model) remember() {
	for _, c := range m.Consoles {
		for _, line := range c.CLI.History().Fresh() {
			m.history.Add(line)
			m.unsaved = true
		}
	}
}

// saveHistory keeps what was entered, once a frame, and of a paste once a second.
func (m *Model) saveHistory() {
	pasted := slices.ContainsFunc(m.Consoles, (*Console).Pasted)
	if m.unsaved && (!pasted || m.Wall-m.savedAt > 1_000_000) {
		m.unsaved, m.savedAt = false, m.Wall
		m.emit(SaveHistory{m.history.Text()})
	}
}

// maxOffered is how many keys Tab offers.
const maxOffered = 40

// keysWith lists the first keys of a database, by name, that begin with a
// prefix. Keys whose names the page has not got whole are left out.
func (m *Model) keysWith(db int, prefix string) []string {
	var out []string
	space := m.spaces[db]
	if space == nil {
		return nil
	}
	for i := range space.Cells {
		c := &space.Cells[i]
		if !c.Live || c.KeyLen != len(c.Key) || !strings.HasPrefix(c.Key, prefix) || len(out) == maxOffered && c.Key >= out[maxOffered-1] {
			continue
		}
		at := len(out)
		for at > 0 && out[at-1] > c.Key {
			at--
		}
		out = append(out[:at], append([]string{c.Key}, out[at:]...)...)
		out = out[:min(len(out), maxOffered)]
	}
	return out
}

// Spoken is what a screen reader says of blocks: short replies whole, of long
// ones the beginning and how much there is.
func Spoken(blocks []Block) string {
	const most = 240
	said := ""
	for i := range blocks {
		b := &blocks[i]
		if b.Kind == console.Typed || b.Text == "" {
			continue
		}
		if len(said) > most {
			return said + " …"
		}
		text := clipped(b.Text, most)
		if b.Long != nil {
			text += " … " + words.Many(int64(b.Long.Elements), "{n} element|{n} elements")
		} else if len(text) < len(b.Text) {
			text += " … " + words.Many(int64(strings.Count(b.Text, "\n")+1), "{n} line|{n} lines")
		}
		if said != "" {
			said += "\n"
		}
		said += text
	}
	return said
}

// clipped cuts a text to so many bytes, between characters.
func clipped(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
