package sim

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/resp"
)

// watch knows what the clients of a server were told. The server reads its
// stopwatch before and after each command, and that is where watch looks at the
// dataset: it so sees the moment after every unit, however many commands run in
// one step.
type watch struct {
	world   *World
	machine *Machine
	ledger  *ledger
	history *history
	words   bool // keep moments in words
	clients []*client

	ready bool
	last  uint64 // the newest change that has its moment
	seen  State  // the dataset when it was looked at last

	// Places in history of the newest change acknowledged: at all; when it was
	// written or should have been; with a sync, under "always".
	acknowledged, written, synced int
	broken                        string // what is wrong, once something is
}

// client is a connection.
type client struct {
	id      uint64
	peer    *command.Client
	taken   int64  // bytes of replies taken out
	total   int64  // bytes of replies there were at the last look
	in      []byte // of a reply that is not whole yet
	waiting int    // replies to come
	marks   []mark
}

// mark says that replies up to a byte acknowledge a place in history.
type mark struct {
	end    int64
	place  int // -1: the unit has not ended
	always bool
}

func (w *watch) connect() *client {
	s := w.machine.Server
	c := &client{id: s.Connect(w.world.Now, "127.0.0.1:50000")}
	for _, peer := range s.Clients() {
		if peer.ID == c.id {
			c.peer = peer
		}
	}
	w.clients = append(w.clients, c)
	return c
}

// begin is the first moment: what was loaded.
func (w *watch) begin() {
	s := w.machine.Server
	w.ready = true
	w.last = s.Durability().Last
	w.seen = StateOf(s.Space(), w.words)
	w.history.life = len(w.history.moments)
	w.history.add(moment{w.last, w.world.Now, w.seen})
}

// place is where history is.
func (w *watch) place() int {
	if !w.ready {
		return 0 // what a start writes was there before
	}
	w.look()
	return w.history.newest()
}

// stopwatch is read by the server around each command.
func (w *watch) stopwatch() int64 {
	if w.ready && !w.machine.Server.Loading() {
		w.look()
		w.see()
	}
	return 0
}

// look takes note of units that have ended and of replies that were let go. It
// can be called at any time.
func (w *watch) look() {
	s := w.machine.Server
	if !w.ready || s.Loading() {
		return
	}
	ended := false
	if last := s.Space().Change - 1; last != w.last {
		ended = true
		w.last = last
		w.history.add(moment{last, w.world.Now, w.seen})
	}
	for _, c := range w.clients {
		if n := len(c.marks); n > 0 && c.marks[n-1].place < 0 {
			if ended {
				c.marks[n-1].place = w.history.newest()
			} else {
				c.marks = c.marks[:n-1] // it has changed nothing
			}
		}
	}
	for _, id := range s.OutputReady() {
		for _, c := range w.clients {
			if c.id == id {
				w.released(c)
			}
		}
	}
}

// see looks at the dataset and at what was replied since the last look.
func (w *watch) see() {
	s := w.machine.Server
	w.seen = StateOf(s.Space(), w.words)
	now := w.world.Now
	changed := w.seen.At(now) != w.history.moments[w.history.newest()].state.At(now)
	d, c := s.Durability(), s.Config()
	always := c.AppendFsync == config.SyncAlways && !c.NoAppendFsyncOnRewrite && d.AOFEnabled
	for _, c := range w.clients {
		total := c.taken + int64(c.peer.Reply.Len())
		if total > c.total && changed {
			// Within a transaction or a script it is looked at more than once.
			if n := len(c.marks); n == 0 || c.marks[n-1].place >= 0 {
				c.marks = append(c.marks, mark{})
			}
			c.marks[len(c.marks)-1] = mark{total, -1, always}
		}
		c.total = total
	}
}

// released takes note of what a client may read now.
func (w *watch) released(c *client) {
	s := w.machine.Server
	end := c.taken + int64(c.peer.Reply.Len())
	aof := s.Durability().AOFEnabled
	n := 0
	for ; n < len(c.marks) && c.marks[n].end <= end; n++ {
		m := c.marks[n]
		if m.place < 0 {
			break
		}
		w.acknowledged = max(w.acknowledged, m.place)
		// A full disk lets "everysec" acknowledge what it could not write, and
		// so does a sync that takes long.
		if aof && !w.ledger.troubled && !w.ledger.syncing() {
			w.written = max(w.written, m.place)
		}
		if m.always && s.Config().AppendFsync == config.SyncAlways {
			w.synced = max(w.synced, m.place)
		}
	}
	c.marks = c.marks[n:]
}

// collect takes replies out when a step is over.
func (w *watch) collect() {
	s := w.machine.Server
	w.look()
	for _, c := range w.clients {
		before := int64(c.peer.Reply.Len())
		out, _ := s.Output(c.id)
		c.taken += before - int64(c.peer.Reply.Len())
		c.total = c.taken + int64(c.peer.Reply.Len())
		c.in = append(c.in, out...)
		for {
			_, n, err := resp.Parse(c.in)
			if err != nil {
				w.broken = "a reply is no RESP: " + err.Error()
				return
			}
			if n == 0 {
				break
			}
			c.in = c.in[n:]
			c.waiting--
		}
	}
	if !w.ready || s.Loading() || !s.Running() || s.Busy() {
		return
	}
	// Nothing may change but in a unit.
	state := StateOf(s.Space(), false)
	if newest := &w.history.moments[w.history.newest()].state; state.At(w.world.Now) != newest.At(w.world.Now) {
		words := StateOf(s.Space(), w.words)
		w.broken = "the dataset changed and nothing was propagated:\n" + difference(&words, newest, w.world.Now)
	}
}

// send gives a client's commands to the server, to be run in one go.
func (w *watch) send(c *client, commands ...[]string) {
	var b []byte
	for _, words := range commands {
		args := make([][]byte, len(words))
		for i, a := range words {
			args[i] = []byte(a)
		}
		b = resp.AppendCommand(b, args...)
		c.waiting++
	}
	w.machine.Server.Receive(c.id, b)
}

// waits tells whether any client waits for a reply.
func (w *watch) waits() bool {
	for _, c := range w.clients {
		if c.waiting > 0 {
			return true
		}
	}
	return false
}
