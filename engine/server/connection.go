package server

import (
	"slices"
	"strings"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/event"
	"everysec/engine/resp"
)

// connection is one client with its bytes: what came in and was not run, what
// is to go out.
type connection struct {
	command.Client
	reader resp.Reader
	writer resp.Writer

	queued   bool  // in Server.ready
	dirty    bool  // in Server.dirtyOutput
	closed   bool  // nothing more will be sent
	arrived  int64 // when the oldest unread input came, microseconds
	told     bool  // the page knows how long it has waited
	released int   // bytes of writer that may be sent
	touched  int   // requests in reader whose keys are, see touchAheadOf

	unsent    int64 // bytes that the host holds; see Unsent
	softSince int64 // microseconds; when the soft limit of output was passed

	clientBuffers

	lastWrite uint64   // the newest change that this client made
	postponed [][]byte // a command that CLIENT PAUSE keeps, or a snapshot
	sending   []byte
}

// Connect opens a connection and returns its id. address is "ip:port" as
// CLIENT LIST shows it.
func (s *Server) Connect(now int64, address string) uint64 {
	s.advance(now)
	s.nextClient++
	c := &connection{Client: command.Client{
		ID:              s.nextClient,
		Address:         address,
		Local:           "127.0.0.1:" + itoa(s.config.Port),
		User:            s.acl.Default,
		DB:              s.space.DBs[0],
		Authenticated:   s.acl.Default.Free(),
		CreatedAt:       s.space.Now,
		LastInteraction: s.space.Now,
		LastCommand:     "NULL",
		Descriptor:      s.descriptor(),
		Buffers:         command.ClientBuffers{ReplyRoom: replyChunk, ReplyPeak: replyChunk},
	}}
	c.writer.Protocol = 2
	c.Reply = &c.writer
	c.reader.MaxBulk = s.config.ProtoMaxBulkLen
	c.reader.Unauthenticated = s.mustAuthenticate(&c.Client)
	if strings.HasPrefix(address, "/") { // a socket in the file system has one name
		c.Local = address
	}
	s.clients[c.ID] = c
	s.order = append(s.order, c)
	s.observed.clients = true
	if s.config.MaxClients > 0 && int64(len(s.clients)) > s.config.MaxClients {
		s.stats.rejectedConnections++
		c.writer.Error("ERR max number of clients reached")
		s.markDirty(c)
		c.CloseAfterReply = true
		return c.ID
	}
	s.stats.connections++
	return c.ID
}

const firstDescriptor = 8

// descriptor is the least number that no connection has, behind those that a
// real server keeps for itself.
func (s *Server) descriptor() int {
	at := s.freeDescriptor
	for at < len(s.descriptors) && s.descriptors[at] {
		at++
	}
	if at == len(s.descriptors) {
		s.descriptors = append(s.descriptors, false)
	}
	s.descriptors[at] = true
	s.freeDescriptor = at + 1
	return firstDescriptor + at
}

// Disconnect is the peer's closing of a connection.
func (s *Server) Disconnect(now int64, id uint64) {
	s.advance(now)
	if c := s.clients[id]; c != nil {
		s.drop(c)
	}
}

// drop forgets a connection: its subscriptions, watches and unread input.
func (s *Server) drop(c *connection) {
	if s.busy != nil && s.busy.client == c {
		s.busy.gone = true
		return
	}
	c.CloseNow = true
	if c.Blocked != nil {
		s.unblock(c)
	}
	c.Discard()
	s.untrack(c)
	s.SetMonitor(&c.Client, false)
	s.pubsub.Forget(&c.Client)
	delete(s.clients, c.ID)
	s.descriptors[c.Descriptor-firstDescriptor] = false
	s.freeDescriptor = min(s.freeDescriptor, c.Descriptor-firstDescriptor)
	s.order = slices.DeleteFunc(s.order, func(other *connection) bool { return other == c })
	s.ready = slices.DeleteFunc(s.ready, func(other *connection) bool { return other == c })
	s.dirtyOutput = slices.DeleteFunc(s.dirtyOutput, func(other *connection) bool { return other == c })
	s.observed.clients = true
}

// Receive takes bytes from a client. They are run by the next Step.
func (s *Server) Receive(id uint64, data []byte) { s.ReceiveSent(id, data, s.now) }

// ReceiveSent is Receive where the host knows when the bytes were sent: what
// they have waited since then is told as waiting.
func (s *Server) ReceiveSent(id uint64, data []byte, at int64) {
	c := s.clients[id]
	if c == nil || c.CloseAfterReply || c.CloseNow {
		return
	}
	s.stats.reads++
	if s.aside.db != 0 && c.DB.ID == s.aside.db {
		s.aside.reads++
	}
	c.NetIn += int64(len(data))
	s.stats.netInput += int64(len(data))
	if !c.queued {
		c.arrived, c.told = at, false
	}
	if s.busy != nil && s.busy.client == c { // its words lie in the reader
		s.busy.input = append(s.busy.input, data...)
		return
	}
	c.reader.Feed(data)
	c.makeQueryRoom()
	if int64(c.reader.Buffered()) > s.config.ClientQueryBufferLimit {
		s.logf(event.Warning, "Closing client that reached max query buffer length: id=", itoa(int64(c.ID)), " addr=", c.Address)
		s.Kill(&c.Client)
		return
	}
	s.enqueue(c)
}

func (s *Server) enqueue(c *connection) {
	if !c.queued && c.Blocked == nil {
		c.queued = true
		s.ready = append(s.ready, c)
	}
}

// OutputReady returns the ids of clients with something to send, or to close,
// since it was last called. The slice is valid until the next call.
func (s *Server) OutputReady() []uint64 {
	ids := s.outputReady
	s.outputReady = s.outputReady[:0]
	return ids
}

// Output takes what is to be sent to a client. closed says that the server
// closes the connection after it. data is valid until the client's next
// Output.
func (s *Server) Output(id uint64) (data []byte, closed bool) {
	c := s.clients[id]
	if c == nil {
		return nil, true
	}
	if s.busy != nil && s.busy.client == c {
		data = c.writer.Bytes()[s.busy.sent:max(c.released, s.busy.sent)]
		s.busy.sent += len(data)
		return data, false
	}
	if c.released > 0 {
		rest := c.writer.Len() - c.released
		c.sending = c.writer.Take(c.sending[:0])
		if rest > 0 { // replies that the append-only file does not have yet
			c.writer.Raw(c.sending[c.released:])
			c.sending = c.sending[:c.released]
		}
		c.released = 0
		s.stats.writes++
		if s.aside.db != 0 && c.DB.ID == s.aside.db {
			s.aside.sent++
		}
		c.NetOut += int64(len(c.sending))
		s.stats.netOutput += int64(len(c.sending))
		data = c.sending
	}
	closed = c.closed
	if closed {
		s.drop(c)
	}
	return data, closed
}

// markDirty notes that a client's reply grew, or that it is to be closed.
func (s *Server) markDirty(c *connection) {
	if !c.dirty {
		c.dirty = true
		s.dirtyOutput = append(s.dirtyOutput, c)
	}
}

// releaseReplies lets replies go out: the append-only file has what they
// acknowledge, unless a slow sync postpones the write.
func (s *Server) releaseReplies() {
	if !s.repliesDropped {
		s.acknowledged = s.space.Change - 1
	}
	for _, c := range s.dirtyOutput {
		s.limitOutput(c)
		c.released = c.writer.Len()
		if b := &c.Buffers; c.unsent == 0 {
			b.ReplyPeak = max(b.ReplyPeak, min(c.released, b.ReplyRoom))
		}
		if s.busy != nil && s.busy.client == c {
			c.released = s.busy.mark // what came before
			s.outputReady = append(s.outputReady, c.ID)
			continue
		}
		c.dirty = false
		if c.CloseAfterReply || c.CloseNow {
			c.closed = true
		}
		s.outputReady = append(s.outputReady, c.ID)
	}
	s.dirtyOutput = s.dirtyOutput[:0]
}

// Unsent tells how many bytes that Output has given for a client the host could
// not send yet. They count against client-output-buffer-limit.
func (s *Server) Unsent(id uint64, bytes int64) {
	c := s.clients[id]
	if c == nil {
		return
	}
	c.unsent = bytes
	if bytes > 0 || c.softSince != 0 {
		s.limitOutput(c)
	}
}

// limitOutput closes a client that does not read what it is sent.
func (s *Server) limitOutput(c *connection) {
	class := config.BufferNormal
	switch {
	case c.Listens():
		class = config.BufferPubSub
	case c.Monitor:
		class = config.BufferReplica
	}
	limit := &s.config.BufferLimits[class]
	size := c.unsent + int64(c.writer.Len())
	over := limit.Soft != 0 && size >= limit.Soft
	switch {
	case !over:
		c.softSince = 0
	case c.softSince == 0:
		c.softSince = s.now
	}
	tooLong := over && s.now-c.softSince > limit.Seconds*1000000
	if !c.CloseNow && (tooLong || limit.Hard != 0 && size >= limit.Hard) {
		s.logf(event.Warning, "Client id=", itoa(int64(c.ID)), " addr=", c.Address, " scheduled to be closed ASAP for overcoming of output buffer limits.")
		s.Kill(&c.Client)
		c.writer.Truncate(c.released)
	}
}

// Kill closes a client's connection, as CLIENT KILL does.
func (s *Server) Kill(client *command.Client) {
	if c := s.clients[client.ID]; c != nil {
		c.CloseNow = true
		if c.Blocked != nil {
			s.unblock(c)
		}
		c.Discard()
		s.markDirty(c)
	}
}

// SetMonitor is MONITOR and its end.
func (s *Server) SetMonitor(client *command.Client, on bool) {
	if client.Monitor != on {
		client.Monitor = on
		if on {
			s.stats.monitors++
		} else {
			s.stats.monitors--
		}
		s.observed.clients = true
	}
}

// deliver writes to a client that is not the caller: a published message.
func (s *Server) deliver(client *command.Client, write func(w *resp.Writer)) {
	write(client.Reply)
	if c := s.clients[client.ID]; c != nil {
		s.markDirty(c)
	}
}

// runReady runs the input of clients in the order in which it came, until
// there is none or the thread is held.
func (s *Server) runReady() {
	if len(s.ready) > 0 {
		s.readStopwatch() // what the server did since the last command is not the next one's
	}
	for len(s.ready) > 0 && s.hold == nil && s.running && s.busy == nil {
		c := s.ready[0]
		if !s.runInput(c) {
			return // held in the middle of this client's input
		}
		c.queued = false
		if len(s.ready) == 1 {
			s.ready = s.ready[:0] // keeps its room
		} else {
			s.ready = s.ready[1:]
		}
	}
	if s.group.n > 0 {
		s.readStopwatch() // the time until the next input is nobody's
	}
}

// runInput runs all complete commands of a client and tells whether it came to
// the end of them.
func (s *Server) runInput(c *connection) bool {
	for !c.CloseAfterReply && !c.CloseNow && c.Blocked == nil && s.running {
		if c.postponed != nil {
			s.execute(c, c.postponed)
			if s.hold != nil {
				return false
			}
			continue
		}
		args, ok, err := c.reader.Next()
		if err != nil {
			c.writer.Error("ERR " + err.Error())
			c.CloseAfterReply = true
			s.markDirty(c)
			return true
		}
		if !ok {
			return true
		}
		if len(args) == 0 {
			continue
		}
		if c.touched--; c.touched < 0 {
			s.touchAheadOf(c)
		}
		s.execute(c, args)
		if s.hold != nil || s.busy != nil && s.busy.client == c {
			return false
		}
	}
	return true
}

// touchedWords are the keys of requests that are touched together.
type touchedWords [32][]byte

// touchAheadOf touches the keys of the requests that a client has sent together,
// where the keyspace is so big that each would have to be waited for.
func (s *Server) touchAheadOf(c *connection) {
	switch {
	case !c.DB.Keys.IsBig():
		c.touched = len(touchedWords{}) // asked again after so many
	case c.reader.Buffered() == 0:
		c.touched = 0
	default:
		s.touchRequests(c)
	}
}

func (s *Server) touchRequests(c *connection) {
	var array touchedWords
	words := c.reader.Ahead(array[:0], len(array))
	if c.touched = len(words); len(words) > 0 {
		c.DB.Touch(words)
	}
}
