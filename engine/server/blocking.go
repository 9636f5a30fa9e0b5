package server

import (
	"slices"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/order"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// A client that waits is an entry in a line at each key it waits for; nothing
// else of it runs. A key that comes is noted, and after the command that
// brought it (after EXEC, after the script) its line is served from the front.
// What serving brings in turn (BLMOVE pushes) is served in the next round.

type blocking struct {
	lines map[lineKey]*line
	ready []lineKey // in the order in which they came

	clients int // all that wait
	timed   int // with a deadline
	polled  int // with a Done
	byType  [object.Stream + 1]int
	gone    int    // that want to hear when their key has gone
	change  uint64 // up to where those have been looked at
}

type lineKey struct {
	db   int
	name string
}

type line struct {
	clients []*connection
	ready   bool
}

// Block makes a client wait.
func (s *Server) Block(client *command.Client, b *command.Blocked) {
	c := s.clients[client.ID]
	if c == nil {
		return
	}
	client.Blocked = b
	b.Silent = client.ReplyOff || client.ReplySkip
	w := &s.blocking
	s.countBlocked(b, 1)
	s.observed.clients = true
	if len(b.Keys) == 0 {
		return
	}
	if w.lines == nil {
		w.lines = map[lineKey]*line{}
	}
	keys := command.CopyWords(b.Keys)
	b.Keys = keys[:0]
	for _, key := range keys {
		at := lineKey{c.DB.ID, string(key)}
		l := w.lines[at]
		if l == nil {
			l = &line{}
			w.lines[at] = l
		}
		if slices.Contains(l.clients, c) { // a key named twice
			continue
		}
		l.clients = append(l.clients, c)
		b.Keys = append(b.Keys, key)
	}
	s.watchAdded()
}

func (s *Server) countBlocked(b *command.Blocked, n int) {
	w := &s.blocking
	w.clients += n
	if b.Deadline != 0 {
		w.timed += n
	}
	if b.Done != nil {
		w.polled += n
	}
	if b.Gone != nil {
		w.gone += n
	}
	if len(b.Keys) > 0 {
		w.byType[b.Type] += n
	}
}

// watchAdded asks the keyspace to tell of new keys while anybody wants to know.
func (s *Server) watchAdded() {
	s.space.TellAdded = len(s.blocking.lines) > 0 || s.config.Notify&config.NotifyNew != 0
}

// unblock takes a client out of its lines. Its further input runs.
func (s *Server) unblock(c *connection) {
	b := c.Blocked
	c.Blocked = nil
	s.countBlocked(b, -1)
	s.observed.clients = true
	w := &s.blocking
	for _, key := range b.Keys {
		at := lineKey{c.DB.ID, string(key)}
		l := w.lines[at]
		l.clients = slices.DeleteFunc(l.clients, func(other *connection) bool { return other == c })
		if len(l.clients) == 0 {
			delete(w.lines, at)
		}
	}
	if len(b.Keys) > 0 {
		s.watchAdded()
	}
	s.enqueue(c)
}

// KeyAdded notes a key that somebody may wait for. See keyspace.Observer.
func (s *Server) KeyAdded(db *keyspace.DB, key []byte, t object.Type) {
	if s.loading != nil {
		return
	}
	s.KeyReady(db, key, t)
	s.NotifyKeyspace(db.ID, config.NotifyNew, "new", key)
}

// KeyReady serves the line at a key after the command.
func (s *Server) KeyReady(db *keyspace.DB, key []byte, t object.Type) {
	w := &s.blocking
	if int(t) >= len(w.byType) || w.byType[t] == 0 {
		return
	}
	at := lineKey{db.ID, string(key)}
	if l := w.lines[at]; l != nil && !l.ready {
		l.ready = true
		w.ready = append(w.ready, at)
	}
}

// databaseReady looks at all keys waited for in a database whose content is
// another now.
func (s *Server) databaseReady(db *keyspace.DB) {
	if len(s.blocking.lines) == 0 {
		return
	}
	for _, c := range s.order {
		if c.Blocked == nil || c.DB != db {
			continue
		}
		for _, key := range c.Blocked.Keys {
			if e := db.Peek(key); e != nil {
				s.KeyReady(db, key, e.Value.Type)
			}
		}
	}
}

// serveReady serves the lines at the keys that have come.
func (s *Server) serveReady() {
	w := &s.blocking
	s.noteGone()
	for len(w.ready) > 0 {
		round := w.ready
		w.ready = nil
		for _, at := range round {
			if l := w.lines[at]; l != nil {
				l.ready = false
				s.serveLine(at, l)
			}
		}
		s.noteGone()
	}
}

// noteGone lists the keys that have gone, or hold something else now, for those
// who want to hear of it. Redis notes a stream where it deletes it; looking is
// simpler, since keys go in many ways, and it is only done after a change.
func (s *Server) noteGone() {
	w := &s.blocking
	if w.gone == 0 || w.change == s.space.Change {
		return
	}
	w.change = s.space.Change
	for _, c := range s.order {
		b := c.Blocked
		if b == nil || b.Gone == nil {
			continue
		}
		for _, key := range b.Keys {
			at := lineKey{c.DB.ID, string(key)}
			if e := c.DB.Peek(key); (e == nil || e.Value.Type != b.Type) && !w.lines[at].ready {
				w.lines[at].ready = true
				w.ready = append(w.ready, at)
			}
		}
	}
}

// serveLine serves the clients at one key, first come first served, as long as
// there is something for them. Streams are read and not emptied, so that
// everyone who waits for one is asked.
func (s *Server) serveLine(at lineKey, l *line) {
	db, key := s.space.DBs[at.db], []byte(at.name)
	db.LookupWrite(key) // it may have expired
	for _, c := range slices.Clone(l.clients) {
		b := c.Blocked
		switch e := db.Peek(key); {
		case b == nil:
		case e != nil && e.Value.Type == b.Type:
			s.serve(c, key, b.Serve)
		case b.Gone != nil:
			s.serve(c, key, func(ctx *command.Context, key []byte) bool {
				b.Gone(ctx, key)
				return true
			})
		}
	}
	s.flushUnit()
}

// serve tries a waiting client's command on a key and tells whether it was served.
func (s *Server) serve(c *connection, key []byte, try func(*command.Context, []byte) bool) bool {
	b := c.Blocked
	ctx := s.pushContext(&c.Client, &c.writer)
	ctx.Reset()
	ctx.Spec, ctx.Args = b.Spec, b.Args
	mark := c.writer.Len()
	start := s.readStopwatch()
	served := try(ctx, key)
	if served {
		s.unblock(c)
		s.finishBlocked(ctx, c, b, mark, s.readStopwatch()-start)
		s.rdb.changes += ctx.Changes
	}
	s.popContext()
	s.flushUnit()
	return served
}

// finishBlocked counts a command that has waited, and hides its reply if the
// client wants none.
func (s *Server) finishBlocked(ctx *command.Context, c *connection, b *command.Blocked, mark int, duration int64) {
	s.stats.ran(b.Spec, duration, failed(&c.writer, mark))
	if s.config.LatencyTracking && ctx != nil { // a wait in vain has no duration
		s.stats.calls[b.Spec.Row()].tookLevel(command.Level(duration))
	}
	s.noteLatency("command-unblocking", duration/1000)
	if ctx != nil {
		s.noteCommand(ctx, b.Spec, b.Args, s.now, duration)
	}
	if b.Silent {
		c.writer.Truncate(mark)
	}
	s.markDirty(c)
}

// timeOut ends a wait without success.
func (s *Server) timeOut(c *connection, asError bool) {
	b, mark := c.Blocked, c.writer.Len()
	s.unblock(c)
	if asError {
		c.writer.Error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
	} else {
		b.OnTimeout(&c.writer)
	}
	s.finishBlocked(nil, c, b, mark, 0)
}

// Unblock is CLIENT UNBLOCK.
func (s *Server) Unblock(client *command.Client, asError bool) bool {
	c := s.clients[client.ID]
	if c == nil || c.Blocked == nil || c.Blocked.Postponed {
		return false
	}
	s.timeOut(c, asError)
	return true
}

// wakeBlocked ends the waits whose time has come, in the order of their
// deadlines.
func (s *Server) wakeBlocked() {
	if s.blocking.timed == 0 {
		return
	}
	var due []*connection
	for _, c := range s.order {
		if b := c.Blocked; b != nil && b.Deadline != 0 && s.space.Now >= b.Deadline {
			due = append(due, c)
		}
	}
	order.Stable(due, func(a, b *connection) int {
		return int(min(max(a.Blocked.Deadline-b.Blocked.Deadline, -1), 1))
	})
	for _, c := range due {
		s.timeOut(c, false)
	}
}

// pollBlocked asks those who wait for the disk.
func (s *Server) pollBlocked() {
	for _, c := range s.order {
		b := c.Blocked
		if b == nil || b.Done == nil {
			continue
		}
		if mark := c.writer.Len(); b.Done(&c.writer) {
			s.unblock(c)
			s.finishBlocked(nil, c, b, mark, 0)
		}
	}
}

// nextDeadline is when the first wait ends, in microseconds, if before wake.
func (s *Server) nextDeadline(wake int64) int64 {
	if s.blocking.timed == 0 {
		return wake
	}
	for _, c := range s.order {
		if c.Blocked != nil && c.Blocked.Deadline != 0 && c.Blocked.Deadline < wake/1000 {
			wake = c.Blocked.Deadline * 1000
		}
	}
	return wake
}

// Synced tells whether all that a client wrote is on disk.
func (s *Server) Synced(client *command.Client) bool {
	c := s.clients[client.ID]
	return c == nil || s.aof.synced >= c.lastWrite
}
