package app

import (
	"slices"
	"strings"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/web/console"
)

// Console is one client of the learner.
type Console struct {
	Name  string // as lessons call it
	Label string // as the learner calls it; "": by its name
	Sign  int    // from 1; no two consoles that are open have the same
	CLI   *console.Console

	// Frozen is a client in a long garbage collection: it reads and sends
	// nothing, while the server goes on. FrozenUntil is the engine time at which
	// that ends; 0: nobody knows.
	Frozen      bool
	FrozenUntil int64

	Timed bool // tells how long each command took

	Blocks     []Block // what is on the screen
	Dropped    int     // blocks that scrolled out at the top, so far
	Generation int     // counts how often the screen was cleared

	client uint32
	held   []string // lines entered while frozen
	inbox  []Output // what came while frozen
	bytes  int
	ahead  int // lines that were typed ahead at most, since there was none
	clock  clock
}

// Block is one piece on the screen of a console.
type Block struct {
	console.Block
	Timing string // how long the command took, if the console tells it
}

// Title is the name on the screen.
func (c *Console) Title() string {
	if c.Label != "" {
		return c.Label
	}
	return c.Name
}

// Text is the whole screen as redis-cli would have printed it.
func (c *Console) Text() string {
	t := c.Transcript()
	var text []byte
	for !t.Done() {
		text = t.Append(text, 1<<20)
	}
	return string(text)
}

// Transcript is the screen of a console as it was, read piece by piece: with long
// replies it may be large.
type Transcript struct {
	blocks     []Block
	long       *console.Reader // of the first block
	size, read int             // in bytes, or nearly
}

// Transcript begins to read the screen.
func (c *Console) Transcript() *Transcript {
	return &Transcript{blocks: append([]Block(nil), c.Blocks...), size: c.bytes}
}

// Append appends about so many bytes.
func (t *Transcript) Append(dst []byte, bytes int) []byte {
	for most := len(dst) + bytes; !t.Done() && len(dst) < most; {
		b := &t.blocks[0]
		if t.long == nil {
			dst = append(dst, b.Prompt...)
		}
		switch {
		case b.Long == nil:
			dst = append(dst, b.Text...)
		case t.long == nil:
			t.long = b.Long.Read()
			continue
		default:
			dst = t.long.Append(dst, 1<<30, most-len(dst))
			if !t.long.Done() {
				continue
			}
		}
		dst = append(dst, '\n')
		t.read += b.size()
		t.blocks, t.long = t.blocks[1:], nil
	}
	return dst
}

// Done tells whether all has been read, Part how much, from 0 to 1.
func (t *Transcript) Done() bool { return len(t.blocks) == 0 }

func (t *Transcript) Part() float64 {
	read := float64(t.read)
	if t.long != nil {
		read += t.long.Part() * float64(t.blocks[0].size())
	}
	return read / float64(max(t.size, 1))
}

// size is how many bytes a block keeps.
func (b *Block) size() int {
	if b.Long != nil {
		return b.Long.Size()
	}
	return len(b.Text)
}

// The screen of a console holds this much, and the newest block whatever it is.
const (
	maxBlocks      = 600
	maxScreenBytes = 64 << 20
)

func (m *Model) addConsole(name string) *Console {
	c := &Console{Name: name, Sign: 1}
	for i := 0; i < len(m.Consoles); i++ {
		if m.Consoles[i].Sign == c.Sign {
			c.Sign++
			i = -1
		}
	}
	m.newCLI(c)
	m.Consoles = append(m.Consoles, c)
	m.mark(PartConsoles)
	return c
}

func (m *Model) newCLI(c *Console) {
	c.CLI = console.New(Address, m.commands)
	c.CLI.Now = func() int64 { return m.Now() / 1000 }
	c.CLI.Seen = func(args [][]byte, v resp.Value, elements int) { m.scanned(c, args, v, elements) }
	c.CLI.Stopwatch = func() int64 { return m.instant }
	c.CLI.Keys = m.keysWith
	c.CLI.Shell = m.shell(c)
	c.CLI.Waits = c.Timed
	c.CLI.History().Restore(m.history.Lines())
}

// renewConsole is another redis-cli on the same screen.
func (m *Model) renewConsole(c *Console) {
	m.hangUp(c)
	c.Frozen, c.FrozenUntil, c.held, c.inbox = false, 0, nil, nil
	m.newCLI(c)
}

// Console finds a console by its name.
func (m *Model) Console(name string) *Console {
	for _, c := range m.Consoles {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// MaxConsoles is how many consoles may be open.
const MaxConsoles = 8

func (m *Model) openConsole(name string) *Console {
	for letter := 'A'; name == "" && letter <= 'Z'; letter++ {
		if m.Console("worker-"+string(letter)) == nil {
			name = "worker-" + string(letter)
		}
	}
	c := m.Console(name)
	if c == nil {
		if len(m.Consoles) >= MaxConsoles {
			return nil
		}
		c = m.addConsole(name)
		if !m.Down && !m.Loading {
			c.CLI.Open()
		}
	}
	for i := range m.Consoles {
		if m.Consoles[i] == c {
			m.Active = i
		}
	}
	m.mark(PartConsoles)
	return c
}

func (m *Model) closeConsole(name string) {
	for i, c := range m.Consoles {
		if c.Name != name || len(m.Consoles) == 1 {
			continue
		}
		m.hangUp(c)
		m.Consoles = append(m.Consoles[:i], m.Consoles[i+1:]...)
		m.Active = min(m.Active, len(m.Consoles)-1)
		m.mark(PartConsoles)
		return
	}
}

// hangUp ends a console's connection as a process that dies does.
func (m *Model) hangUp(c *Console) {
	if c.client != 0 {
		m.emit(Disconnect{c.client})
		c.client = 0
	}
}

// submit enters a line; following means that it does not wait for the reply to
// the one before.
func (c *Console) submit(line string, following bool) {
	switch {
	case c.Frozen:
		c.held = append(c.held, line)
	case following:
		c.CLI.Follow(line)
	default:
		c.CLI.Submit(line)
	}
}

// paste enters many lines.
func (m *Model) paste(msg Paste) {
	c := m.Console(msg.Console)
	if c == nil {
		return
	}
	m.mark(PartConsoles)
	lines := msg.Lines
	for len(lines) > 0 {
		n := slices.IndexFunc(lines, isAction)
		if n < 0 {
			n = len(lines)
		}
		if c.Frozen {
			c.held = append(c.held, lines[:n]...)
		} else {
			c.CLI.Paste(lines[:n])
		}
		if n < len(lines) {
			m.submit(Submit{Console: msg.Console, Line: lines[n]})
			n++
		}
		lines = lines[n:]
	}
}

// Held is how many lines wait until a frozen console wakes up.
func (c *Console) Held() int { return len(c.held) }

func (c *Console) clear() {
	c.Blocks, c.Dropped, c.bytes = nil, 0, 0
	c.Generation++
}

func (c *Console) show(blocks []console.Block) {
	for _, b := range blocks {
		c.Blocks = append(c.Blocks, Block{Block: b})
		if c.Timed && b.Took > 0 {
			c.time(b, c.Dropped+len(c.Blocks)-1)
		}
		c.bytes += c.Blocks[len(c.Blocks)-1].size()
	}
	for len(c.Blocks) > maxBlocks || c.bytes > maxScreenBytes && len(c.Blocks) > 1 {
		c.bytes -= c.Blocks[0].size()
		c.Blocks[0] = Block{} // what it kept goes with it
		c.Blocks = c.Blocks[1:]
		c.Dropped++
	}
}

// settle shows what the consoles have to say and does what they ask for, until
// none asks for anything.
func (m *Model) settle() {
	defer m.remember()
	for again := true; again; {
		again = false
		for _, c := range m.Consoles {
			blocks, effect := c.CLI.Take()
			if effect.Clear {
				c.clear()
			}
			if len(blocks) > 0 || effect.Clear {
				c.show(blocks)
				m.mark(PartConsoles)
			}
			if effect.Disconnect {
				m.hangUp(c)
			}
			if effect.Connect {
				again = true
				m.mark(PartConsoles)
				if m.Down || m.Loading && !m.anchored {
					c.CLI.Refuse()
				} else {
					m.emit(Connect{c.Name, c.Name})
					again = false // Connected comes back
				}
			}
			if effect.Send != nil {
				m.emit(Send{c.client, effect.Send})
			}
		}
	}
}

func (m *Model) connected(msg Connected) {
	if msg.Console == "" {
		m.unseen.client = msg.Client
		learn := question{[][]byte{[]byte("CLIENT"), []byte("ID")}, func(m *Model, v resp.Value) { m.Loop.page = uint64(v.Int) }}
		m.unseen.queue = append([]question{learn}, m.unseen.queue...)
		return
	}
	if c := m.Console(msg.Console); c != nil {
		c.client, c.clock = msg.Client, clock{}
		if c.Timed {
			m.identify(c, func(id uint64) { c.clock.id = id })
		}
		c.CLI.Accept()
		m.mark(PartConsoles)
	}
}

func (m *Model) output(msg Output) {
	if msg.Client == m.unseen.client {
		m.unseen.receive(m, msg)
		return
	}
	for _, c := range m.Consoles {
		if c.client != msg.Client {
			continue
		}
		if c.Frozen {
			msg.Data = append([]byte(nil), msg.Data...)
			c.inbox = append(c.inbox, msg)
		} else {
			c.receive(msg)
		}
		m.mark(PartConsoles)
		return
	}
}

func (c *Console) receive(msg Output) {
	if len(msg.Data) > 0 {
		c.CLI.Receive(msg.Data)
	}
	if msg.Closed {
		c.client = 0
		c.CLI.Closed()
	}
}

// unseen is the page's own client: it asks for what the inspector, the quick
// settings and the checks of a lesson want to know.
type unseen struct {
	client  uint32
	asked   bool // Connect was emitted
	db      int
	queue   []question // not yet sent
	pending []question // sent, in order
	input   []byte
}

type question struct {
	args [][]byte
	then func(m *Model, v resp.Value) // nil: whatever comes
}

// failure is what a question gets that cannot be asked.
var failure = resp.Value{Kind: resp.SimpleError, Str: []byte("ERR the server does not answer")} // not a text

// ask runs a command at the unseen client in a database.
func (m *Model) ask(db int, then func(m *Model, v resp.Value), words ...string) {
	args := make([][]byte, len(words))
	for i, w := range words {
		args[i] = []byte(w)
	}
	m.askArgs(db, then, args)
}

func (m *Model) askArgs(db int, then func(m *Model, v resp.Value), args [][]byte) {
	u := &m.unseen
	if m.Down {
		if then != nil {
			then(m, failure)
		}
		return
	}
	if u.db != db || m.past != nil {
		u.db = db
		u.queue = append(u.queue, question{args: [][]byte{[]byte("SELECT"), []byte(itoa(int64(db)))}})
	}
	u.queue = append(u.queue, question{args, then})
}

// flush sends what was asked during an Update in one piece.
func (u *unseen) flush(m *Model) {
	switch {
	case len(u.queue) == 0:
		return
	case m.past != nil:
		u.tell(m)
		return
	case u.client == 0:
		if !u.asked {
			u.asked = true
			m.emit(Connect{"", "page"})
		}
		return
	}
	var data []byte
	for _, q := range u.queue {
		data = resp.AppendCommand(data, q.args...)
	}
	u.pending = append(u.pending, u.queue...)
	u.queue = nil
	m.emit(Send{u.client, data})
}

// tell asks the moment of the past that is shown. Each time it is another client
// that asks.
func (u *unseen) tell(m *Model) {
	asked := u.queue
	u.queue = nil
	var data []byte
	for _, q := range asked {
		data = resp.AppendCommand(data, q.args...)
	}
	m.control(bridge.OpRunTell, bridge.Record(nil).Bytes(data), func(m *Model, replies []byte) {
		input := bridge.Read(replies).Bytes()
		for _, q := range asked {
			v, n, err := resp.Parse(input)
			if err != nil || n == 0 || m.past == nil {
				v, n = failure, 0
			}
			input = input[n:]
			if q.then != nil {
				q.then(m, v)
			}
		}
	})
}

func (u *unseen) receive(m *Model, msg Output) {
	u.input = append(u.input, msg.Data...)
	for len(u.pending) > 0 {
		v, n, err := resp.Parse(u.input)
		if err != nil || n == 0 {
			break
		}
		q := u.pending[0]
		u.pending = u.pending[1:]
		if q.then != nil {
			q.then(m, v)
		}
		u.input = u.input[n:]
	}
	if len(u.input) == 0 {
		u.input = nil
	}
	if msg.Closed {
		u.lose(m)
	}
}

// lose answers everything that was asked with an error.
func (u *unseen) lose(m *Model) {
	lost := append(u.pending, u.queue...)
	*u = unseen{}
	for _, q := range lost {
		if q.then != nil {
			q.then(m, failure)
		}
	}
}

// printed runs a typed line at the unseen client and gives what redis-cli
// would print.
func (m *Model) printed(line string, then func(m *Model, reply string)) {
	args, ok := console.Split(line)
	if !ok || len(args) == 0 {
		then(m, "Invalid argument(s)") // not a text
		return
	}
	m.askArgs(0, func(m *Model, v resp.Value) { then(m, strings.TrimSuffix(console.Print(args, v), "\n")) }, args)
}
