// Package load is a background load on the server, so that what holds the one
// thread is seen by everybody who waits for it; and the fill that experiments
// begin with. It is pure: the page brings the time and carries the bytes.
//
// The idea: the schedule is open. A command is due when its time comes, whether
// or not those before it have been answered, and its latency counts from then.
// A generator that waits for each reply before it sends the next command asks a
// held server nothing, and so measures one slow command where a thousand would
// have waited (coordinated omission). Here a server that is held for a second
// shows a second in which every command waits, the first the whole of it and
// the last nearly nothing.
//
// Commands leave in ticks of a hundredth of a second, which is as fine as a
// page can keep time, and count from their tick. Two threads take part, and
// only the server's is measured: a command counts until the moment at which its
// reply left the worker, which the worker tells, and not until the page had
// time to look at it. Where the page itself was too busy to tick, its commands
// leave late, all at once, and count from then; Late says how late.
package load

import (
	"everysec/engine/resp"
)

// Settings are what the learner chooses.
type Settings struct {
	Rate    int // commands a second
	Clients int
	Mix     Mix
	Keys    int // how many keys of each type
	Size    int // bytes of a value
	Seed    uint64
}

// What the settings may be.
const (
	MaxRate    = 20_000
	MaxClients = 50
	MaxKeys    = 100_000
	MaxSize    = 10_000
)

// Default is a load that leaves few traces: most of it reads.
func Default() Settings {
	return Settings{Rate: 1000, Clients: 10, Mix: Mixes[0].Mix, Keys: 100, Size: 100, Seed: 1}
}

// Within brings settings into their bounds. A mix of nothing is the default's.
func (s Settings) Within() Settings {
	s.Rate = min(max(s.Rate, 1), MaxRate)
	s.Clients = min(max(s.Clients, 1), MaxClients)
	s.Keys = min(max(s.Keys, 1), MaxKeys)
	s.Size = min(max(s.Size, 1), MaxSize)
	if s.Mix.sum() == 0 {
		s.Mix = Mixes[0].Mix
	}
	return s
}

// lately is for how long Late is remembered.
const lately = 10_000_000

// Tick is how often the page is to call Load.Tick, microseconds.
const Tick = 10_000

// Load is a load that runs. All times are real, in microseconds since 1970.
type Load struct {
	Settings
	Series Series

	Sent, Answered, Errors int64
	LastError              string
	Late                   int64 // the longest delay of a tick by the page itself, of late
	Refused                int64 // were due while there was no connection

	generator generator
	start     int64 // the first command's time
	due       int64 // commands whose time has come
	ticked    int64
	lateAt    int64 // when Late was
	clients   []client
	turn      int
}

// client is one connection of the load.
type client struct {
	id       uint32  // the bridge's number; 0: not connected
	server   uint64  // the server's number, as CLIENT ID gives it; 0: not known
	greeting int     // replies that come before the first measured one
	since    []int64 // the ticks of those that have not been answered, oldest first
	output   []byte  // of the tick that is being made
	input    []byte
}

// New begins a load.
func New(s Settings, now int64) *Load {
	s = s.Within()
	l := &Load{Settings: s, start: now, ticked: now, clients: make([]client, s.Clients)}
	l.generator = newGenerator(s)
	l.Series.begin(now)
	return l
}

// Name is what CLIENT LIST calls a client of the load.
func Name(i int) string { return "load-" + itoa(int64(i+1)) }

// Began is when the load began.
func (l *Load) Began() int64 { return l.start }

// Missing is a client that is not connected, or -1.
func (l *Load) Missing() int {
	for i := range l.clients {
		if l.clients[i].id == 0 {
			return i
		}
	}
	return -1
}

// Connected gives a client its connection, and a database; what it returns is to be
// sent there.
func (l *Load) Connected(i int, id uint32, db int) []byte {
	l.clients[i] = client{id: id, greeting: 3}
	return resp.AppendCommand(hello(Name(i)), []byte("SELECT"), []byte(itoa(int64(db))))
}

// Connections are the numbers of all that are connected.
func (l *Load) Connections() (ids []uint32) {
	for i := range l.clients {
		if id := l.clients[i].id; id != 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// Send is what goes to a connection.
type Send struct {
	Client uint32
	Data   []byte // valid until the next tick
}

// Tick returns what is to be sent now: the commands whose time has come, each
// client's in one piece, the next client's turn with every command.
func (l *Load) Tick(now int64) (out []Send) {
	if now < l.ticked {
		return nil
	}
	if late := now - l.ticked - Tick; late > l.Late || now > l.lateAt+lately {
		l.Late, l.lateAt = max(late, 0), now
	}
	l.ticked = now
	until := (now-l.start)*int64(l.Rate)/1_000_000 + 1
	// A page that slept for long, as one in the background does, does not send
	// what it has slept through.
	l.due = max(l.due, until-int64(l.Rate))
	for ; l.due < until; l.due++ {
		c := l.next()
		if c == nil {
			l.Refused++
			l.Series.refuse(now)
			continue
		}
		c.output = l.generator.append(c.output)
		c.since = append(c.since, now)
		l.Sent++
		l.Series.send(now)
	}
	for i := range l.clients {
		if c := &l.clients[i]; len(c.output) > 0 {
			out = append(out, Send{c.id, c.output})
			c.output = c.output[:0]
		}
	}
	return out
}

// next is the client whose turn it is, of those that are connected.
func (l *Load) next() *client {
	for range l.clients {
		c := &l.clients[l.turn]
		l.turn = (l.turn + 1) % len(l.clients)
		if c.id != 0 {
			return c
		}
	}
	return nil
}

func (l *Load) client(id uint32) *client {
	for i := range l.clients {
		if l.clients[i].id == id {
			return &l.clients[i]
		}
	}
	return nil
}

// Receive takes what a client got in a batch that left the server at a moment.
// It reports the server's number of a client once that is known, else 0, and
// whether the client is one of the load's.
func (l *Load) Receive(id uint32, data []byte, at int64) (server uint64, ours bool) {
	c := l.client(id)
	if c == nil {
		return 0, false
	}
	c.input = append(c.input, data...)
	used := 0
	for used < len(c.input) {
		v, n, err := resp.Parse(c.input[used:])
		if err != nil || n == 0 {
			break
		}
		used += n
		switch {
		case c.greeting > 0:
			if c.greeting--; c.greeting == 1 && !v.IsError() {
				c.server = uint64(v.Int)
				server = c.server
			}
		case len(c.since) > 0:
			since := c.since[0]
			c.since = c.since[1:]
			l.Answered++
			if v.IsError() {
				l.Errors++
				l.LastError = string(v.Str)
			}
			l.Series.answer(since, at-since)
		}
	}
	c.input = append(c.input[:0], c.input[used:]...)
	return server, true
}

// Closed is the end of a connection: what it waited for will never be answered.
func (l *Load) Closed(id uint32) {
	c := l.client(id)
	if c == nil {
		return
	}
	for _, since := range c.since {
		l.Series.lose(since)
		l.Errors++
	}
	*c = client{}
}

// Waiting is how many clients have not been answered, and since when the one
// that has waited longest waits.
func (l *Load) Waiting() (clients int, since int64) {
	for i := range l.clients {
		if c := &l.clients[i]; len(c.since) > 0 {
			if clients == 0 || c.since[0] < since {
				since = c.since[0]
			}
			clients++
		}
	}
	return clients, since
}
