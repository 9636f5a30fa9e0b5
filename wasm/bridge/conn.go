package bridge

import (
	"errors"

	"everysec/engine/phrase"
)

// Conn is the page's end of the bridge. It is asynchronous throughout and
// never blocks: what comes back arrives through the callbacks, from within
// Receive. It is for one thread; a callback may call any method.
type Conn struct {
	// OnOutput gets what the server sent to a client. data is only valid
	// during the call, but more than a megabyte is the callee's: what came in so
	// large a batch is not used again. After closed nothing more comes for this
	// client.
	OnOutput func(client uint32, data []byte, closed bool)
	// OnEvents gets one encoded event batch for each credit given, as soon as
	// there is something to tell. Valid only during the call.
	OnEvents func(batch []byte)
	// OnNotice gets what happened to the host, not to the engine.
	OnNotice func(kind Notice, text string)
	// Clock tells real time in microseconds since 1970. With one, batches say
	// when they were sent, so that the server knows how long input has waited.
	Clock func() int64
	// Left is when the batch that is being received left the worker; 0 without
	// a Clock.
	Left int64

	send    func(batch []byte)
	later   func(flush func())
	pending []byte
	waiting bool

	nextClient, nextCall uint32
	open                 map[uint32]bool
	calls                map[uint32]func(result []byte, err error)
	over                 error    // why there is no engine any more
	refused              []uint32 // clients that are to hear of it
}

// ErrLost is what calls under way get when the engine stopped.
var ErrLost = errors.New("the engine stopped before it answered")

// NewConn returns a Conn that sends its batches through send, which must
// consume them before it returns. later is asked to call flush soon (in a
// page: queueMicrotask), so that requests made together travel together; nil
// sends each at once.
func NewConn(send func(batch []byte), later func(flush func())) *Conn {
	return &Conn{
		send: send, later: later,
		open:  map[uint32]bool{},
		calls: map[uint32]func([]byte, error){},
	}
}

// Connect opens a client. name is for the page only; CLIENT LIST shows Port.
func (c *Conn) Connect(name string) (client uint32) {
	c.nextClient++
	c.open[c.nextClient] = true
	c.request(Frame{Kind: KindConnect, ID: c.nextClient, Data: []byte(name)})
	return c.nextClient
}

// Port is the port at which a client of Connect is seen by CLIENT LIST.
func Port(client uint32) uint32 { return 49152 + client%16384 }

// Disconnect closes a client as a vanished peer would. OnOutput is not called
// for it any more.
func (c *Conn) Disconnect(client uint32) {
	if c.open[client] {
		delete(c.open, client)
		c.request(Frame{Kind: KindDisconnect, ID: client})
	}
}

// Send gives RESP bytes to a client's connection. It reports false if that
// connection is closed.
func (c *Conn) Send(client uint32, resp []byte) bool {
	if !c.open[client] {
		return false
	}
	c.request(Frame{Kind: KindInput, ID: client, Data: resp})
	return true
}

// Control asks the host for something; done is called once with the
// operation's record or with an error.
func (c *Conn) Control(op Op, payload []byte, done func(result []byte, err error)) {
	if c.over != nil {
		if done != nil {
			done(nil, c.over)
		}
		return
	}
	c.nextCall++
	if done != nil {
		c.calls[c.nextCall] = done
	}
	c.request(Frame{Kind: KindControl, Arg: uint8(op), ID: c.nextCall, Data: payload})
}

// Credit says that the page is ready to draw n more event batches. A page
// gives one in each animation frame in which it has none outstanding.
func (c *Conn) Credit(n int) { c.request(Frame{Kind: KindCredit, ID: uint32(n)}) }

func (c *Conn) request(f Frame) {
	if c.over != nil {
		if f.Kind == KindConnect {
			c.refused = append(c.refused, f.ID)
			c.flushLater()
		}
		return
	}
	if c.Clock != nil && len(c.pending) == 0 {
		c.pending = AppendTime(c.pending, KindSent, c.Clock())
	}
	c.pending = Append(c.pending, f)
	c.flushLater()
}

func (c *Conn) flushLater() {
	switch {
	case c.later == nil:
		c.Flush()
	case !c.waiting:
		c.waiting = true
		c.later(c.Flush)
	}
}

// Flush sends what is pending.
func (c *Conn) Flush() {
	c.waiting = false
	refused := c.refused
	c.refused = nil
	for _, client := range refused {
		c.close(client)
	}
	if len(c.pending) == 0 {
		return
	}
	batch := c.pending
	c.pending = nil // send may come back to us
	c.send(batch)
	if c.pending == nil && cap(batch) <= 64<<10 {
		c.pending = batch[:0]
	}
}

// Receive handles a batch from the worker. It stops at a malformed frame and
// reports it; frames before it have been handled. The caller does not write again
// into a batch of more than a megabyte.
func (c *Conn) Receive(batch []byte) error {
	for len(batch) > 0 {
		f, rest, err := Next(batch)
		if err != nil {
			return err
		}
		batch = rest
		switch f.Kind {
		case KindOutput:
			if !c.open[f.ID] {
				continue // sent before it knew that we hung up
			}
			closed := f.Arg == 1
			if closed {
				delete(c.open, f.ID)
			}
			if c.OnOutput != nil {
				c.OnOutput(f.ID, f.Data, closed)
			}
		case KindResult:
			c.finish(f.ID, f.Data, nil)
		case KindFailure:
			c.finish(f.ID, nil, errors.New(string(f.Data)))
		case KindEvents:
			if c.OnEvents != nil {
				c.OnEvents(f.Data)
			}
		case KindLeft:
			c.Left = Read(f.Data).Int()
		case KindNotice:
			if c.OnNotice != nil {
				c.OnNotice(Notice(f.Arg), string(f.Data))
			}
		}
	}
	return nil
}

func (c *Conn) finish(call uint32, result []byte, err error) {
	if done := c.calls[call]; done != nil {
		delete(c.calls, call)
		done(result, err)
	}
}

// Lost says that the engine is gone and another takes its place: every client
// is closed and every call under way fails. What the callbacks ask for and
// connect to meanwhile is the other engine's. Ids go on counting, so nothing
// late can be taken for something new.
func (c *Conn) Lost(why string) {
	c.pending = c.pending[:0]
	lastCall, lastClient := c.nextCall, c.nextClient
	for call := uint32(1); call <= lastCall; call++ {
		c.finish(call, nil, phrase.Errorf("%w: %s", ErrLost, why))
	}
	for client := uint32(1); client <= lastClient; client++ {
		c.close(client)
	}
	if c.OnNotice != nil {
		kind := NoticeFatal
		if c.over != nil {
			kind = NoticeOver
		}
		c.OnNotice(kind, why)
	}
}

// Over says that the engine is gone and no other takes its place: from now on every
// call fails and every client is refused.
func (c *Conn) Over(why string) {
	if c.over == nil {
		c.over = phrase.Errorf("%w: %s", ErrLost, why)
		c.Lost(why)
	}
}

func (c *Conn) close(client uint32) {
	if c.open[client] {
		delete(c.open, client)
		if c.OnOutput != nil {
			c.OnOutput(client, nil, true)
		}
	}
}
