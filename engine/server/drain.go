package server

import (
	"slices"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/arena"
	"everysec/engine/event"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// observed is what happened since the host last drained: bounded, whatever
// the load. State (keys, watermarks) is read when it is drained, not when it
// changes; only what leaves no state behind is kept here.
type observed struct {
	drained    bool // somebody looks
	clients    bool
	durability bool
	overflow   bool
	crash      bool // the report of one has been made
	removals   []event.KeyRemoved
	databases  []event.Event // flushes and swaps, in order with removals cleared
	commands   []event.CommandRun
	jobs       []event.Job
	logs       []event.Log
}

const (
	removalLimit = 20000
	commandLimit = 128
	logLimit     = 1000
	slowCommand  = 1000 // microseconds: always told, whatever else happens
)

func (o *observed) removed(db int, key []byte, reason event.Reason) {
	if !o.drained {
		return
	}
	if len(o.removals) >= removalLimit {
		o.overflow = true
		return
	}
	o.removals = append(o.removals, event.KeyRemoved{DB: db, Key: slices.Clone(key[:min(len(key), event.MaxKey)]), KeyLen: len(key), Reason: reason})
}

// because corrects the reason of the removal just noted.
func (o *observed) because(reason event.Reason, db int) {
	if n := len(o.removals); n > 0 && o.removals[n-1].DB == db {
		o.removals[n-1].Reason = reason
	}
}

func (o *observed) flushed(db int) {
	if !o.drained {
		return
	}
	o.removals = slices.DeleteFunc(o.removals, func(r event.KeyRemoved) bool { return db == -1 || r.DB == db })
	o.databases = append(o.databases, &event.KeyspaceFlushed{DB: db})
}

func (o *observed) job(j *snapshotJob, phase event.Phase) {
	o.addJob(event.Job{Kind: j.kind, Phase: phase, Done: j.keys, Total: j.total, Copied: j.copied})
}

func (o *observed) loading(l *loading, phase event.Phase) {
	o.addJob(event.Job{Kind: event.Load, Phase: phase, Done: l.done, Total: l.total})
}

func (o *observed) addJob(j event.Job) {
	if n := len(o.jobs); n > 0 && o.jobs[n-1].Kind == j.Kind && o.jobs[n-1].Phase == event.Running {
		o.jobs[n-1] = j
		return
	}
	o.jobs = append(o.jobs, j)
	if len(o.jobs) > logLimit {
		o.jobs = o.jobs[1:]
	}
}

// Flushed tells the page, and clients that track keys, that databases were
// emptied; -1: all.
func (s *Server) Flushed(db int) {
	s.observed.flushed(db)
	s.invalidateAll()
}

// Swapped tells the page of SWAPDB.
func (s *Server) Swapped(a, b int) {
	s.databaseReady(s.space.DBs[a])
	s.databaseReady(s.space.DBs[b])
	if s.observed.drained {
		s.observed.databases = append(s.observed.databases, &event.KeyspaceSwapped{A: a, B: b})
	}
}

// noteCommand keeps a command for the event loop's picture and the slow log.
// It began at an engine time: a script may have taken several steps.
func (s *Server) noteCommand(ctx *command.Context, spec *command.Spec, args [][]byte, began, duration int64) {
	s.noteSlow(ctx, spec, args, duration)
	o := &s.observed
	// Behind a flood of brief commands the others are told all the same.
	ordinary := duration < slowCommand && s.group.brief[spec.Row()] && !s.current.tellsWait(began)
	if !o.drained || len(o.commands) >= commandLimit && ordinary || len(o.commands) >= 2*commandLimit {
		return
	}
	run := event.CommandRun{Client: ctx.Client.ID, Name: spec.FullName(), Start: began, Duration: duration}
	if c := s.clients[ctx.Client.ID]; c != nil {
		run.Waited = max(0, began-c.arrived)
		c.told = true
	}
	for _, a := range args[1:] {
		if len(run.Preview) > 64 {
			break
		}
		if len(run.Preview) > 0 {
			run.Preview = append(run.Preview, ' ')
		}
		run.Preview = append(run.Preview, a[:min(len(a), 48)]...)
	}
	o.commands = append(o.commands, run)
}

// tellsWait tells whether a command is the first of a client that has waited
// long for its turn: of each one is told, however many there are behind a wall.
func (c *connection) tellsWait(now int64) bool {
	return c != nil && !c.told && now-c.arrived >= slowCommand
}

// logf writes a line of the server's log, as Redis prints it.
func (s *Server) logf(level event.Level, parts ...string) {
	if int(level) < slices.Index(config.LogLevels, s.config.LogLevel) {
		return
	}
	text := ""
	for _, p := range parts {
		text += p
	}
	if len(s.observed.logs) < logLimit {
		s.observed.logs = append(s.observed.logs, event.Log{At: s.now, Level: level, Text: text})
	}
}

// TakeLog returns the lines of the log since it was last asked, for a host
// that prints them and does not Drain. They are valid until the next Step.
func (s *Server) TakeLog() []event.Log {
	logs := s.observed.logs
	s.observed.logs = logs[:0:0]
	return logs
}

// Drain moves what happened since the last drain into a batch.
func (s *Server) Drain(b *event.Batch) {
	o := &s.observed
	if !o.drained {
		o.drained = true
		o.overflow = true // the first look is at everything
	}
	for i := range o.logs {
		b.Log(o.logs[i])
	}
	for _, e := range o.databases {
		b.Add(e)
	}
	for i := range o.removals {
		b.KeyRemoved(o.removals[i])
	}
	if s.space.DrainChanged(func(db *keyspace.DB, key []byte, e *keyspace.Entry) { s.describe(b, db, key, e) }) {
		o.overflow = true
	}
	for i := range o.jobs {
		b.Job(o.jobs[i])
	}
	for i := range o.commands {
		b.CommandRun(o.commands[i])
	}
	if o.clients {
		b.ClientsChanged(s.describeClients())
	}
	if o.crash {
		e, _ := s.CrashEvent(toldWrites)
		b.CrashReport(&e)
	}
	b.Durability(s.Durability())
	b.Stats(s.eventStats())
	if o.overflow {
		b.Add(&event.Overflow{})
	}
	o.logs, o.databases, o.removals = o.logs[:0], o.databases[:0], o.removals[:0]
	o.jobs, o.commands = o.jobs[:0], o.commands[:0]
	o.clients, o.durability, o.overflow, o.crash = false, false, false, false
}

// Resync puts up to limit keys of a database into a batch, from a SCAN cursor
// on, and returns the next cursor; 0 means all were seen. It begins a fresh
// view when cursor is 0.
func (s *Server) Resync(b *event.Batch, id int, cursor uint64, limit int) uint64 {
	if id < 0 || id >= len(s.space.DBs) {
		return 0
	}
	if cursor == 0 {
		b.KeyspaceFlushed(event.KeyspaceFlushed{DB: id})
	}
	db := s.space.DBs[id]
	for n := 0; n < limit; {
		cursor = db.Keys.Scan(cursor, func(node arena.Ref) {
			s.describe(b, db, db.KeyOf(node), db.EntryOf(node))
			n++
		})
		if cursor == 0 {
			break
		}
	}
	return cursor
}

func (s *Server) describe(b *event.Batch, db *keyspace.DB, key []byte, e *keyspace.Entry) {
	v := &e.Value
	b.KeyChanged(event.KeyChanged{
		DB: db.ID, Key: key[:min(len(key), event.MaxKey)], KeyLen: len(key),
		Type: event.Type(v.Type), Encoding: event.Encoding(v.Encoding),
		Memory: s.space.KeyMemory(key, e, object.DefaultSamples), Elements: int64(s.space.Objects.Len(v)),
		ExpireAt: e.ExpireAt, Change: e.Change,
		InSnapshot: s.rdb.savedAt != 0 && e.Change <= s.rdb.change,
	})
}

func (s *Server) describeClients() event.ClientsChanged {
	var list event.ClientsChanged
	for _, c := range s.order {
		d := event.Client{ID: c.ID, Name: c.Name, DB: c.DB.ID, Queue: int64(c.reader.Buffered())}
		if c.Transaction.Open {
			d.Flags |= event.InMulti
		}
		if c.Blocked != nil {
			d.Flags |= event.Blocked
		}
		if c.Listens() {
			d.Flags |= event.Subscribed
		}
		if c.Monitor {
			d.Flags |= event.Monitor
		}
		list.Clients = append(list.Clients, d)
	}
	return list
}

// Acknowledged is the newest change whose reply was let go.
func (s *Server) Acknowledged() uint64 { return s.acknowledged }

// Durability is how far the changes have come on their way to the disk.
func (s *Server) Durability() event.Durability {
	a := &s.aof
	d := event.Durability{
		Now: s.now, Last: s.space.Change - 1, Acknowledged: s.acknowledged,
		Written: a.written, Synced: a.synced,
		BufferedBytes: int64(a.buffer.size), WrittenBytes: a.currentSize, SyncedBytes: a.syncedBytes,
		SnapshotChange: s.rdb.change, SnapshotAt: s.rdb.savedAt, SnapshotBytes: s.rdb.bytes,
		SyncInFlight: a.sync != nil, AOFEnabled: a.enabled && !a.waitRewrite,
	}
	if s.aside.writes > 0 {
		s.aside.durability(&d)
	}
	if len(a.waiting) > 0 {
		d.OldestUnsyncedAt = a.waiting[0].at
	}
	return d
}
