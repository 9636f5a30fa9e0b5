package server

import (
	"errors"

	"everysec/engine/aof"
	"everysec/engine/command"
	"everysec/engine/event"
	"everysec/engine/vfs"
)

// The append-only file is a directory: a base (an RDB file or commands),
// incremental files of commands, and a manifest that names them. A rewrite
// first opens a new incremental file, so that from then on base + old
// increments are history, then writes a new base in slices, and only when that
// is on disk does a new manifest name it.

var errTerminated = errors.New("terminated")

func (s *Server) appendPath(name string) string { return s.config.AppendDirName + "/" + name }

func (s *Server) manifestName() string { return s.config.AppendFilename + ".manifest" }

// writeManifest replaces the manifest: temporary file, sync, rename, directory
// sync. then is called when it is on disk.
func (s *Server) writeManifest(m aof.Manifest, wait func(vfs.Ticket, func(error)), then func(err error)) {
	temp := s.appendPath("temp-" + s.manifestName())
	f, err := s.fs.OpenFile(temp, vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		then(err)
		return
	}
	if _, err := f.Write(m.Format()); err != nil {
		f.Close()
		s.fs.Remove(temp)
		then(err)
		return
	}
	wait(f.Sync(), func(err error) {
		f.Close()
		if err == nil {
			err = s.fs.Rename(temp, s.appendPath(s.manifestName()))
		}
		if err != nil {
			s.fs.Remove(temp)
			then(err)
			return
		}
		wait(s.fs.SyncDir(s.config.AppendDirName), then)
	})
}

// openIncremental creates the next incremental file and makes its name
// durable in the manifest.
func (s *Server) openIncremental(then func(err error)) {
	m := s.aof.manifest.Clone()
	name := m.NewIncr(s.config.AppendFilename)
	f, err := s.fs.OpenFile(s.appendPath(name), vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		then(err)
		return
	}
	s.logf(event.Notice, "Creating AOF incr file ", name, " on background rewrite")
	s.holdFor(s.fs.SyncDir(s.config.AppendDirName), func(err error) {
		if err != nil {
			f.Close()
			then(err)
			return
		}
		s.writeManifest(m, s.holdFor, func(err error) {
			if err != nil {
				f.Close()
				s.fs.Remove(s.appendPath(name))
				then(err)
				return
			}
			s.aof.manifest = m
			if old := s.aof.file; old != nil {
				old.Close()
			}
			s.aof.file = f
			s.aof.selected = -1
			then(nil)
		})
	})
}

// RewriteAOF answers BGREWRITEAOF.
func (s *Server) RewriteAOF(c *command.Context) {
	switch j := s.job(); {
	case j != nil && j.kind == event.Rewrite:
		c.Reply.Error("ERR Background append only file rewriting already in progress")
	case j != nil || c.InTransaction:
		s.aof.rewriteScheduled = true
		c.Reply.SimpleString("Background append only file rewriting scheduled")
	default:
		c.Reply.SimpleString("Background append only file rewriting started")
		s.startRewrite()
	}
}

// startRewrite begins a rewrite. Everything written so far is synced first:
// the old increments must be whole before a new one follows them.
func (s *Server) startRewrite() {
	s.aof.rewriteScheduled = false
	begin := func(err error) {
		if err == nil {
			var j *snapshotJob
			if j, err = s.startSnapshot(event.Rewrite, s.tempName(event.Rewrite), s.rewriteDone); err == nil {
				j.changes = 0
				s.logf(event.Notice, "Background append only file rewriting started by pid ", itoa(s.processID))
				return
			}
		}
		s.aof.lastRewriteFailed = true
		s.logf(event.Warning, "Can't rewrite append only file in background: ", err.Error())
	}
	if err := s.ensureAppendDir(); err != nil {
		begin(err)
		return
	}
	if !s.aof.enabled || s.aof.waitRewrite {
		begin(nil)
		return
	}
	s.flushUnit()
	s.writeAndSync(func(err error) {
		if err != nil {
			begin(err)
			return
		}
		s.openIncremental(begin)
	})
}

// writeAndSync writes the append-only buffer and holds the thread until all of
// it is on disk.
func (s *Server) writeAndSync(then func(err error)) {
	a := &s.aof
	if len(a.buffer) > 0 && !s.writeAppendOnly() {
		then(a.lastWriteError)
		return
	}
	target, bytes := a.written, a.currentSize
	s.holdFor(a.file.Sync(), func(err error) {
		if err == nil {
			a.syncTarget, a.syncBytes, a.sync = target, bytes, nil
			s.synced()
		}
		then(err)
	})
}

func (s *Server) ensureAppendDir() error {
	err := s.fs.MakeDir(s.config.AppendDirName)
	if err != nil && !errors.Is(err, vfs.ErrExist) {
		return err
	}
	return nil
}

// rewriteDone puts the new base in its place.
func (s *Server) rewriteDone(j *snapshotJob, err error) {
	a := &s.aof
	if err != nil {
		if err != errTerminated {
			a.lastRewriteFailed = true
			s.logf(event.Warning, "Background AOF rewrite terminated with error: ", err.Error())
		}
		return
	}
	m := a.manifest.Clone()
	base := m.NewBase(s.config.AppendFilename, s.config.AOFUseRDBPreamble)
	fail := func(err error) {
		a.lastRewriteFailed = true
		s.logf(event.Warning, "Background AOF rewrite: ", err.Error())
		s.endJob(j, err)
	}
	if err := s.fs.Rename(j.temp, s.appendPath(base)); err != nil {
		fail(err)
		return
	}
	if a.waitRewrite {
		incr := m.NewIncr(s.config.AppendFilename)
		if err := s.fs.Rename(s.appendPath(tempIncremental(s.config.AppendFilename)), s.appendPath(incr)); err != nil {
			fail(err)
			return
		}
	}
	// The names before the manifest that uses them: a manifest that is on disk
	// must never name a file that is not.
	j.wait(s.fs.SyncDir(s.config.AppendDirName), func(err error) {
		if err != nil {
			fail(err)
			return
		}
		s.writeManifest(m, j.wait, func(err error) {
			if err != nil {
				fail(err)
				return
			}
			s.finishRewrite(j, m)
		})
	})
}

func (s *Server) finishRewrite(j *snapshotJob, m aof.Manifest) {
	a := &s.aof
	for _, old := range m.History {
		s.logf(event.Notice, "Removing the history file ", old.Name, " in the background")
		s.fs.Remove(s.appendPath(old.Name))
	}
	hadHistory := len(m.History) > 0
	m.History = nil
	a.manifest = m
	incremental := int64(0)
	if a.file != nil {
		incremental = a.file.Size()
	}
	unsynced := a.currentSize - a.syncedBytes
	a.currentSize = j.output.Written() + incremental
	a.syncedBytes = a.currentSize - unsynced
	if a.sync != nil {
		a.syncBytes = a.currentSize
	}
	a.baseSize = a.currentSize
	a.lastRewriteFailed = false
	a.lastRewriteSeconds = (s.now - j.begun) / 1000000
	a.rewrites++
	if a.writeFailed && a.file != nil && a.written == a.last {
		a.writeFailed = false
	}
	if j.change > a.synced && a.enabled {
		a.synced = min(j.change, a.written)
		a.durable(a.synced)
	}
	a.waitRewrite = false
	s.logf(event.Notice, "Background AOF rewrite finished successfully")
	s.observed.durability = true
	if hadHistory {
		s.writeManifest(m, j.wait, func(error) { s.endJob(j, nil) })
		return
	}
	s.endJob(j, nil)
}

func tempIncremental(filename string) string { return "temp-" + filename + ".incr" }

// startAppendOnly is CONFIG SET appendonly yes: changes go to a temporary
// increment until a first rewrite has written the base in front of it.
func (s *Server) startAppendOnly() error {
	if err := s.ensureAppendDir(); err != nil {
		return err
	}
	f, err := s.fs.OpenFile(s.appendPath(tempIncremental(s.config.AppendFilename)), vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		return err
	}
	a := &s.aof
	a.enabled, a.waitRewrite = true, true
	a.file, a.selected = f, -1
	a.buffer = a.buffer[:0]
	a.currentSize, a.syncedBytes = 0, 0
	a.written = a.last
	if j := s.job(); j != nil && j.kind == event.BackgroundSave {
		a.rewriteScheduled = true
		s.logf(event.Notice, "AOF was enabled but there is already a background operation. An AOF background was scheduled to start when possible.")
		return nil
	} else if j != nil {
		s.endJob(j, errTerminated)
	}
	s.startRewrite()
	return nil
}

// stopAppendOnly is CONFIG SET appendonly no: all that was written is synced,
// then no more is.
func (s *Server) stopAppendOnly() {
	a := &s.aof
	if j := s.job(); j != nil && j.kind == event.Rewrite {
		s.endJob(j, errTerminated)
	}
	s.flushUnit()
	if len(a.buffer) > 0 {
		s.writeAppendOnly()
	}
	if a.file != nil {
		f := a.file
		s.holdFor(f.Sync(), func(error) { f.Close() })
	}
	a.enabled, a.waitRewrite = false, false
	a.file, a.sync = nil, nil
	a.buffer = a.buffer[:0]
	a.rewriteScheduled = false
}
