package server

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"everysec/engine/aof"
	"everysec/engine/command"
	"everysec/engine/crashreport"
	"everysec/engine/ds/arena"
	"everysec/engine/event"
	"everysec/engine/keyspace"
	"everysec/engine/rdb"
	"everysec/engine/vfs"
)

// There is no fork here. A snapshot is a job that walks the keyspace in
// slices (walk.go); when a key that it has not reached is about to change, the
// key is written to the snapshot first, as it still is. The order of keys in an
// RDB file means nothing, so early is as good as late, and the image is exactly
// the moment the job began, without a copy of anything.

// rdbState is what SAVE, BGSAVE and the save points know.
type rdbState struct {
	changes     int64 // changes since the last save (server.dirty)
	lastSave    int64 // Unix seconds
	lastTry     int64
	lastFailed  bool
	lastSeconds int64 // the last BGSAVE took, whatever its end; -1: there was none
	saves       int64 // begun, as Redis counts them
	lastCopied  int64 // bytes, snapshotJob.copied
	scheduled   bool
	// change is the newest change that the snapshot on disk holds.
	change uint64
	// flushed: the running command removed everything, see FlushedAll.
	flushed bool
	savedAt,
	bytes int64
}

// snapshotJob writes one image: dump.rdb, or the base of a new append-only file.
type snapshotJob struct {
	kind   event.JobKind
	temp   string // the file being written
	file   vfs.File
	output entryWriter

	walk
	scanned bool
	whole   bool // the new base is written and synced
	keys    int64
	total   int64

	change  uint64 // newest change inside
	changes int64  // rdbState.changes when it began
	begun   int64
	// copied are bytes: what was written early because its key was about to
	// change, and what a flushed database left to the job.
	copied int64
	ticket vfs.Ticket
	next   func(err error) // after the ticket
	done   func(err error)
	failed error
	// manifest, if not nil, is being written: it may have its name already.
	manifest *aof.Manifest
}

// entryWriter encodes keys: as an RDB file or as commands.
type entryWriter interface {
	SelectDB(id int) error
	ResizeDB(keys, volatile int) error
	Entry(key []byte, e *keyspace.Entry) error
	// Insert puts in what another writer of this kind has made for its sink;
	// Flush hands to the sink what is left.
	Insert(p []byte) error
	Flush() error
	End() error
	Written() int64 // bytes
	Work() int64    // what their making took, see rdb.Writer.Work
}

// rdbOutput is an entryWriter that makes an RDB file.
type rdbOutput struct {
	*rdb.Writer
	space          *keyspace.Space
	idle, frequent bool // the eviction policy goes by it
}

func (o rdbOutput) Entry(key []byte, e *keyspace.Entry) error {
	use := rdb.Use{Idle: -1, Frequency: -1}
	if o.idle {
		use.Idle = o.space.IdleSeconds(e)
	} else if o.frequent {
		use.Frequency = int64(o.space.Frequency(e))
	}
	return o.Writer.EntryUsed(o.space.Objects, key, &e.Value, e.ExpireAt, use)
}

func (s *Server) fieldsExpire() bool {
	return slices.ContainsFunc(s.space.DBs, func(db *keyspace.DB) bool { return db.Expiring() > 0 })
}

func (s *Server) newRDBOutput(sink func(p []byte) error, checksum bool, between func()) rdbOutput {
	policy := s.config.MaxMemoryPolicy
	w := rdb.NewWriter(sink, rdb.Options{
		Compress: s.config.RDBCompression, Checksum: checksum, FieldsExpire: s.fieldsExpire(), Between: between,
	})
	return rdbOutput{w, s.space, strings.HasSuffix(policy, "-lru"), strings.HasSuffix(policy, "-lfu")}
}

// beginRDB begins an RDB file with its auxiliary fields.
func (s *Server) beginRDB(sink func(p []byte) error, preamble bool, between func()) (entryWriter, error) {
	w := s.newRDBOutput(sink, s.config.RDBChecksum, between)
	aux := [][2]string{
		{"redis-ver", Version},
		{"redis-bits", "64"},
		{"ctime", itoa(s.now / 1000000)},
		{"used-mem", itoa(s.UsedMemory())},
		{"aof-base", strconv.Itoa(b2i(preamble))},
	}
	if err := w.Header(aux); err != nil {
		return nil, err
	}
	for _, code := range s.functionCodes() {
		if err := w.Function(code); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// writesCommands tells whether a job writes commands, and not an RDB file.
func (s *Server) writesCommands(kind event.JobKind) bool {
	return kind == event.Rewrite && !s.config.AOFUseRDBPreamble
}

// newOutput begins an image. between, if not nil, is called between two
// elements of a big value.
func (s *Server) newOutput(sink func(p []byte) error, kind event.JobKind, between func()) (entryWriter, error) {
	if s.writesCommands(kind) {
		w := aof.NewCommandWriter(sink, s.space.Objects)
		w.Between(between)
		for _, code := range s.functionCodes() {
			w.Function(code)
		}
		return w, nil
	}
	return s.beginRDB(sink, kind == event.Rewrite, between)
}

// sinkTo is a writer's way into a file.
func sinkTo(f vfs.File) func(p []byte) error {
	return func(p []byte) error {
		_, err := f.Write(p)
		return err
	}
}

// writeAll writes the whole keyspace at once, holding the thread.
func (s *Server) writeAll(f vfs.File, kind event.JobKind) error {
	out, err := s.newOutput(sinkTo(f), kind, nil)
	if err != nil {
		return err
	}
	for _, db := range s.space.DBs {
		if db.Len() == 0 {
			continue
		}
		if err := beginDB(out, db.ID, db.Len(), db.Volatile()); err != nil {
			return err
		}
		nodes := make([]arena.Ref, 0, touchedAhead)
		write := func() error {
			s.space.TouchValues(nodes)
			for _, node := range nodes {
				if err := out.Entry(db.KeyOf(node), db.EntryOf(node)); err != nil {
					return err
				}
			}
			nodes = nodes[:0]
			return nil
		}
		for node := range db.Keys.All() {
			if nodes = append(nodes, node); len(nodes) < cap(nodes) {
				continue
			}
			if err := write(); err != nil {
				return err
			}
		}
		if err := write(); err != nil {
			return err
		}
	}
	return out.End()
}

func beginDB(out entryWriter, id, keys, volatile int) error {
	if err := out.SelectDB(id); err != nil {
		return err
	}
	return out.ResizeDB(keys, volatile)
}

// startSnapshot begins a job; done is called when the file is on disk under
// its temporary name, or has failed.
func (s *Server) startSnapshot(kind event.JobKind, temp string, done func(j *snapshotJob, err error)) (*snapshotJob, error) {
	f, err := s.fs.OpenFile(temp, vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		return nil, err
	}
	j := &snapshotJob{
		kind: kind, temp: temp, file: f,
		change: s.space.Change - 1, changes: s.rdb.changes, begun: s.now,
	}
	j.done = func(err error) { done(j, err) }
	if j.output, err = s.newOutput(j.sink, kind, j.between); err != nil {
		f.Close()
		s.fs.Remove(temp)
		return nil, err
	}
	s.beginWalk(j)
	s.space.BeginSnapshot()
	s.jobs = append(s.jobs, j)
	s.observed.job(j, event.Started)
	return j, nil
}

func (s *Server) job() *snapshotJob {
	if len(s.jobs) == 0 {
		return nil
	}
	return s.jobs[0]
}

func (s *Server) jobsHaveWork() bool {
	j := s.job()
	if j == nil {
		return s.space.LazyPending() > 0
	}
	return j.ticket == nil || j.ticket.Done()
}

// advanceJobs does one slice of background work.
func (s *Server) advanceJobs() {
	if s.space.LazyPending() > 0 {
		s.space.FreeLazily(1000)
	}
	j := s.job()
	if j == nil {
		return
	}
	if j.ticket != nil {
		if j.ticket.Done() {
			t := j.ticket
			j.ticket = nil
			j.next(t.Err())
		}
		return
	}
	if !j.scanned && j.failed == nil && (len(j.waiting) > 0 || s.sliceDue()) {
		s.walkSlice(j)
	}
	if j.failed != nil {
		s.endJob(j, j.failed)
		return
	}
	if !j.scanned {
		s.observed.job(j, event.Running)
		return
	}
	s.space.EndSnapshot()
	if err := j.output.End(); err != nil {
		s.endJob(j, err)
		return
	}
	j.wait(j.file.Sync(), func(err error) {
		j.file.Close()
		if err != nil {
			s.endJob(j, err)
			return
		}
		j.done(nil)
	})
}

// sliceDue tells whether a job may take the thread for a slice. While commands
// come in without a pause it may only now and then, or it would take half of
// their time; between them it may always.
func (s *Server) sliceDue() bool {
	const pause = 5000 // microseconds
	busy := s.stats.commands != s.sliceCommands
	s.sliceCommands = s.stats.commands
	if busy && s.now-s.sliceAt < pause {
		return false
	}
	s.sliceAt = s.now
	return true
}

// wait goes on with next when a ticket is done.
func (j *snapshotJob) wait(t vfs.Ticket, next func(err error)) { j.ticket, j.next = t, next }

// endJob takes a job off the list, removing its file if it failed.
func (s *Server) endJob(j *snapshotJob, err error) {
	if len(s.jobs) == 0 || s.jobs[0] != j {
		return
	}
	s.jobs = s.jobs[:0]
	s.space.EndSnapshot()
	s.endWalk(j)
	if j.kind == event.Rewrite {
		s.aof.lastCopied = j.copied
	} else {
		s.rdb.lastCopied = j.copied
	}
	if err != nil {
		j.file.Close()
		begun := s.begin()
		s.fs.Remove(j.temp)
		s.ended("rdb-unlink-temp-file", begun)
		s.observed.job(j, event.Failed)
		j.done(err)
		return
	}
	s.observed.job(j, event.Finished)
}

// terminate gives a job up.
func (s *Server) terminate(j *snapshotJob) {
	if j.manifest != nil {
		s.aof.manifest = *j.manifest // whichever is found, both say the same
	}
	s.endJob(j, errTerminated)
}

// AbortSnapshot ends what reads the keys that FLUSHALL is about to remove: a
// BGSAVE for good, a rewrite to begin again with what is there then.
func (s *Server) AbortSnapshot() {
	j := s.job()
	if j == nil {
		return
	}
	if j.kind == event.Rewrite {
		s.aof.rewriteScheduled = true
	} else {
		s.logf(event.Notice, "Background saving terminated by signal 10")
	}
	s.terminate(j)
}

const tempSnapshot = "temp-"

func (s *Server) tempName(kind event.JobKind) string {
	pid := strconv.Itoa(s.processID)
	if kind == event.Rewrite {
		return s.config.AppendDirName + "/temp-rewriteaof-bg-" + pid + ".aof"
	}
	return tempSnapshot + pid + ".rdb"
}

// Save writes dump.rdb while the thread is held.
func (s *Server) Save(c *command.Context) {
	if j := s.job(); j != nil && j.kind == event.BackgroundSave {
		c.Reply.Error(command.ErrBGSaveInProgress)
		return
	}
	s.rdb.saves++
	c.Reply.SimpleString("OK") // held back with all replies until the disk is done
	client := s.clients[c.Client.ID]
	s.saveNow(func(err error) {
		if err != nil {
			s.replaceReply(client, "+OK\r\n", "ERR")
		}
	})
}

// saveNow writes dump.rdb and holds the thread until it is on disk; then goes
// on with done.
func (s *Server) saveNow(done func(err error)) {
	temp := s.tempName(event.BackgroundSave)
	fail := func(err error) {
		s.logSaveError(err)
		s.fs.Remove(temp)
		done(err)
	}
	f, err := s.fs.OpenFile(temp, vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		fail(err)
		return
	}
	if err := s.writeAll(f, event.BackgroundSave); err != nil {
		f.Close()
		fail(err)
		return
	}
	size, change, begun := f.Size(), s.space.Change-1, s.now
	s.holdFor(f.Sync(), func(err error) {
		f.Close()
		if err != nil {
			fail(err)
			return
		}
		s.journal.Image(crashreport.Snapshot, s.fileID(temp), s.config.DBFilename, change, begun, s.now)
		if err := s.fs.Rename(temp, s.config.DBFilename); err != nil {
			fail(err)
			return
		}
		s.holdFor(s.fs.SyncDir("."), func(err error) {
			if err != nil {
				fail(err)
				return
			}
			s.logf(event.Notice, "DB saved on disk")
			s.rdb.changes = 0
			s.snapshotDone(change, size)
			done(nil)
		})
	})
}

func (s *Server) snapshotDone(change uint64, size int64) {
	s.journal.ImageNamed(crashreport.Snapshot, s.now)
	s.rdb.lastSave = s.now / 1000000
	s.rdb.lastFailed = false
	s.rdb.change, s.rdb.savedAt, s.rdb.bytes = change, s.now, size
	if !s.aof.enabled {
		s.aof.durable(change)
	}
	s.observed.durability = true
}

// BackgroundSave answers BGSAVE.
func (s *Server) BackgroundSave(c *command.Context, schedule bool) {
	switch j := s.job(); {
	case j != nil && j.kind == event.BackgroundSave:
		c.Reply.Error(command.ErrBGSaveInProgress)
	case (j != nil && schedule) || c.InTransaction:
		s.rdb.scheduled = true
		c.Reply.SimpleString("Background saving scheduled")
	case j != nil:
		c.Reply.Error("ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.")
	case s.startBackgroundSave() != nil:
		c.Reply.Error("ERR Background save failed")
	default:
		c.Reply.SimpleString("Background saving started")
	}
}

func (s *Server) startBackgroundSave() error {
	s.rdb.lastTry = s.now / 1000000
	s.rdb.saves++
	_, err := s.startSnapshot(event.BackgroundSave, s.tempName(event.BackgroundSave), s.backgroundSaveDone)
	if err != nil {
		s.rdb.lastFailed = true
		s.logf(event.Warning, "Can't save in background: ", err.Error())
		return err
	}
	s.logf(event.Notice, "Background saving started by pid ", itoa(s.processID))
	return nil
}

// logSaveError says why dump.rdb was not written, as Redis does.
func (s *Server) logSaveError(err error) {
	var located *vfs.PathError
	if errors.As(err, &located) {
		s.logf(event.Warning, "Write error saving DB on disk(", located.What(), "): ", located.Err.Error())
		return
	}
	s.logf(event.Warning, "Write error saving DB on disk: ", err.Error())
}

func (s *Server) backgroundSaveDone(j *snapshotJob, err error) {
	if err != nil {
		s.rdb.lastSeconds = (s.now - j.begun) / 1000000
		if err != errTerminated {
			s.rdb.lastFailed = true
			s.logSaveError(err)
			s.logf(event.Warning, "Background saving error")
		}
		return
	}
	s.journal.Image(crashreport.Snapshot, s.fileID(j.temp), s.config.DBFilename, j.change, j.begun, s.now)
	if err := s.fs.Rename(j.temp, s.config.DBFilename); err != nil {
		s.endJob(j, err)
		return
	}
	size := j.output.Written()
	j.wait(s.fs.SyncDir("."), func(err error) {
		if err != nil {
			s.endJob(j, err)
			return
		}
		s.logf(event.Notice, "Background saving terminated with success")
		s.rdb.changes -= j.changes
		s.rdb.lastSeconds = (s.now - j.begun) / 1000000
		s.snapshotDone(j.change, size)
		s.endJob(j, nil)
	})
}

// FlushedAll asks for a dump.rdb without what FLUSHALL has removed, when save
// points are set; but not where an append-only file brings the command again: the
// dataset is not the whole then.
func (s *Server) FlushedAll() {
	s.rdb.flushed = len(s.config.SavePoints) > 0 && s.loading == nil
}

// saveFlushed writes it when the whole unit is done, so that a transaction or a
// script with FLUSHALL in it is in the file or not.
func (s *Server) saveFlushed() {
	s.rdb.flushed = false
	s.saveNow(func(error) {}) // logged
}

// LastSave is the Unix time of the last snapshot on disk.
func (s *Server) LastSave() int64 { return s.rdb.lastSave }
