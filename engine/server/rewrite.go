package server

import (
	"cmp"
	"errors"
	"math"
	"path"

	"everysec/engine/aof"
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/crashreport"
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

// errUncertain wraps the error of a directory sync after the new manifest got
// its name: now the old one or the new one will be found after a power cut.
type errUncertain struct{ err error }

func (e *errUncertain) Error() string { return e.err.Error() }
func (e *errUncertain) Unwrap() error { return e.err }

// writeManifest replaces the manifest: temporary file, sync, rename, directory
// sync. then is called when it is on disk; after *errUncertain it may be.
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
		wait(s.fs.SyncDir(s.config.AppendDirName), func(err error) {
			if err != nil {
				err = &errUncertain{err}
			}
			then(err)
		})
	})
}

// openIncremental creates the next incremental file and makes its name
// durable in the manifest. If that fails the file before stays in use. A
// manifest on disk may name the new one all the same; it is empty then, and a
// number is never given out twice.
func (s *Server) openIncremental(then func(err error)) {
	m := s.aof.manifest.Clone()
	name := m.NewIncr(s.config.AppendFilename)
	f, err := s.newFile(s.appendPath(name))
	if err != nil {
		then(err)
		return
	}
	fail := func(err error) {
		f.Close()
		s.aof.manifest.IncrSequence = m.IncrSequence
		s.aof.manifest.History = append(s.aof.manifest.History, m.Incr[len(m.Incr)-1])
		then(err)
	}
	s.logf(event.Notice, "Creating AOF incr file ", name, " on background rewrite")
	// The name before the manifest that uses it: a manifest that is on disk
	// must never name a file that is not.
	s.holdFor(s.fs.SyncDir(s.config.AppendDirName), func(err error) {
		if err != nil {
			fail(err)
			return
		}
		s.writeManifest(m, s.holdFor, func(err error) {
			if err != nil {
				fail(err)
				return
			}
			s.aof.manifest = m
			s.useIncremental(f)
			then(nil)
		})
	})
}

// newFile creates a file to append to. One that a crash has left under this name
// is removed and not cut: a cut that is not synced can be lost, and then the
// bytes of another life would be the beginning of this one's.
func (s *Server) newFile(name string) (vfs.File, error) {
	if err := s.fs.Remove(name); err != nil && !errors.Is(err, vfs.ErrNotExist) {
		return nil, err
	}
	return s.fs.OpenFile(name, vfs.Write|vfs.Create|vfs.Truncate)
}

// useIncremental makes a new file the one that changes go to.
func (s *Server) useIncremental(f vfs.File) {
	if old := s.aof.file; old != nil {
		old.Close()
	}
	s.appendTo(f)
	s.aof.selected = -1
}

// appendTo takes a file that is open for the one that changes go to.
func (s *Server) appendTo(f vfs.File) {
	s.aof.file = f
	s.journal.AppendTo(s.fileID(f.Name()), f.Name(), f.Size())
}

// detach makes changes go to a temporary increment. What the buffer holds is
// dropped: the base that is about to be written has it.
func (s *Server) detach() error {
	a := &s.aof
	f, err := s.newFile(s.appendPath(tempIncremental(s.config.AppendFilename)))
	if err != nil {
		return err
	}
	s.useIncremental(f)
	a.detached, a.sync, a.postponed = true, nil, false
	a.buffer.reset()
	a.written, a.detachedSynced = a.last, a.last
	return nil
}

// RewriteAOF answers BGREWRITEAOF.
func (s *Server) RewriteAOF(c *command.Context) {
	switch j := s.job(); {
	case j != nil && j.kind == event.Rewrite:
		c.Reply.Error("ERR Background append only file rewriting already in progress")
	case j != nil || c.InTransaction:
		s.aof.rewriteScheduled, s.aof.rewriteRetryAt = true, 0
		c.Reply.SimpleString("Background append only file rewriting scheduled")
	default:
		const started = "Background append only file rewriting started"
		c.Reply.SimpleString(started) // held back with all replies until it has
		client := s.clients[c.Client.ID]
		s.startRewrite(func(err error) {
			if err != nil {
				s.replaceReply(client, "+"+started+"\r\n", "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.")
			}
		})
	}
}

// startRewrite begins a rewrite and tells then whether it has begun.
// Everything written so far is synced first: the old increments must be whole
// before a new one follows them.
func (s *Server) startRewrite(then func(err error)) {
	a := &s.aof
	s.flushUnit()
	if !a.enabled || a.detached || a.lost {
		then(s.beginRewrite())
		return
	}
	fail := func(err error) {
		s.rewriteFailed(err)
		then(err)
	}
	s.writeAndSync(func(err error) {
		if err != nil {
			fail(err)
			return
		}
		s.openIncremental(func(err error) {
			if err != nil {
				fail(err)
				return
			}
			then(s.beginRewrite())
		})
	})
}

// mostlySynced tells whether a rewrite that nobody asked for may begin. What is
// not synced yet holds the thread then, so most of it is synced beforehand,
// while commands run.
func (s *Server) mostlySynced() bool {
	const little = 1 << 20
	a := &s.aof
	switch {
	case a.detached || a.lost || a.file == nil:
		return true
	case a.sync != nil:
		return false
	case a.syncedAhead || a.currentSize-a.syncedBytes <= little:
		a.syncedAhead = false
		return true
	}
	a.syncedAhead = true
	s.startSync()
	s.pollAppendOnlySync()
	return false
}

// beginRewrite starts the job that writes the new base.
func (s *Server) beginRewrite() error {
	a := &s.aof
	a.rewriteScheduled = false
	err := s.ensureAppendDir()
	if err == nil && a.enabled && (a.detached || a.lost) {
		err = s.detach()
	}
	if err == nil {
		_, err = s.startSnapshot(event.Rewrite, s.tempName(event.Rewrite), s.rewriteDone)
	}
	if err != nil {
		s.rewriteFailed(err)
		return err
	}
	if a.detached {
		s.logf(event.Notice, "Creating AOF incr file ", tempIncremental(s.config.AppendFilename), " on background rewrite")
	}
	a.rewrites++
	s.logf(event.Notice, "Background append only file rewriting started by pid ", itoa(s.processID))
	return nil
}

// rewriteFailed notes a failure. As in Redis the third in a row makes those
// that nobody asked for wait: a minute, then two, up to an hour. Where writes
// are refused until one succeeds, it is seconds up to a minute.
func (s *Server) rewriteFailed(err error) {
	a := &s.aof
	a.rewriteScheduled = a.detached || a.lost
	s.logf(event.Warning, "Background AOF rewrite failed: ", err.Error())
	a.lastRewriteFailed = true
	unit := int64(60_000_000)
	if a.lost {
		unit = 1_000_000
	}
	if a.rewriteFailures++; a.rewriteFailures >= 3 {
		pause := min(int64(1)<<min(a.rewriteFailures-3, 6), 60)
		a.rewriteRetryAt = s.now + pause*unit
		if !a.lost {
			s.logf(event.Warning, "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ", itoa(pause), " minutes")
		}
	}
}

func (s *Server) ensureAppendDir() error {
	err := s.fs.MakeDir(s.config.AppendDirName)
	if err != nil && !errors.Is(err, vfs.ErrExist) {
		return err
	}
	s.aof.newDirectory = s.aof.newDirectory || err == nil
	return nil
}

func (s *Server) renameAppendOnly(from, to string) error {
	begun := s.begin()
	err := s.fs.Rename(from, s.appendPath(to))
	s.ended("aof-rename", begun)
	return err
}

// rewriteDone puts the new base in its place.
func (s *Server) rewriteDone(j *snapshotJob, err error) {
	a := &s.aof
	a.lastRewriteSeconds = (s.now - j.begun) / 1000000
	if err != nil {
		if err == errTerminated {
			a.rewriteScheduled = a.rewriteScheduled || a.detached
			return
		}
		s.rewriteFailed(err)
		if !j.whole {
			s.logf(event.Warning, "Background AOF rewrite terminated with error")
		}
		return
	}
	j.whole = true
	s.logf(event.Notice, "Background AOF rewrite terminated with success")
	m := a.manifest.Clone()
	base, incr := m.NewBase(s.config.AppendFilename, s.config.AOFUseRDBPreamble), ""
	switch {
	case a.detached:
		m.RetireIncr(0)
		incr = m.NewIncr(s.config.AppendFilename)
		err = s.renameAppendOnly(s.appendPath(tempIncremental(s.config.AppendFilename)), incr)
		if err == nil {
			s.journal.Renamed(s.appendPath(incr))
		}
	case a.enabled:
		m.RetireIncr(1)
	default:
		m.RetireIncr(0)
	}
	// A number is never given out twice, not even after a failure, and what a
	// failure leaves goes with the next manifest.
	a.manifest.BaseSequence, a.manifest.IncrSequence = m.BaseSequence, m.IncrSequence
	fail := func(err error) {
		var uncertain *errUncertain
		if errors.As(err, &uncertain) {
			a.manifest = m // both say the same
		} else {
			a.manifest.History = append(a.manifest.History, *m.Base)
			if a.detached {
				a.manifest.History = append(a.manifest.History, m.Incr...)
			}
		}
		s.endJob(j, err)
	}
	if err == nil {
		s.journal.Image(crashreport.Base, s.fileID(j.temp), s.appendPath(base), j.change, j.begun, s.now)
		err = s.renameAppendOnly(j.temp, base)
	}
	if err != nil {
		fail(err)
		return
	}
	s.logf(event.Notice, "Successfully renamed the temporary AOF base file ", path.Base(j.temp), " into ", base)
	if incr != "" {
		s.logf(event.Notice, "Successfully renamed the temporary AOF incr file ", tempIncremental(s.config.AppendFilename), " into ", incr)
	}
	// The names before the manifest that uses them, that of the directory too.
	named := s.fs.SyncDir
	if a.newDirectory {
		named = func(dir string) vfs.Ticket { return bothDone{s.fs.SyncDir("."), s.fs.SyncDir(dir)} }
	}
	j.wait(named(s.config.AppendDirName), func(err error) {
		if err != nil {
			fail(err)
			return
		}
		a.newDirectory = false
		j.manifest = &m
		s.writeManifest(m, j.wait, func(err error) {
			j.manifest = nil
			if err != nil {
				fail(err)
				return
			}
			s.finishRewrite(j, m)
		})
	})
}

// bothDone is two tickets as one.
type bothDone [2]vfs.Ticket

func (b bothDone) Done() bool { return b[0].Done() && b[1].Done() }

func (b bothDone) Err() error { return cmp.Or(b[0].Err(), b[1].Err()) }

// finishRewrite takes the new files into use when the manifest that names
// them is on disk.
func (s *Server) finishRewrite(j *snapshotJob, m aof.Manifest) {
	a := &s.aof
	s.journal.ImageNamed(crashreport.Base, s.now)
	incremental := int64(0)
	if a.file != nil {
		incremental = a.file.Size()
	}
	a.currentSize = j.output.Written() + incremental
	a.baseSize = a.currentSize
	a.manifest = m
	a.lastRewriteFailed, a.rewriteFailures, a.rewriteRetryAt = false, 0, 0
	a.lastRewriteSeconds = (s.now - j.begun) / 1000000
	if a.detached {
		a.synced = a.detachedSynced
		if a.lost {
			a.lost, a.writeFailed = false, false
			s.fs.Remove(s.appendPath(unsyncedMark)) // back after a power cut it costs one rewrite
			s.logf(event.Warning, "AOF write error looks solved, Redis can write again.")
		}
		a.detached, a.waitRewrite = false, false
	}
	if a.enabled {
		a.synced = max(a.synced, min(j.change, a.written))
		a.durable(a.synced)
		// What of the increment is on disk is known again after its next sync.
		a.syncedBytes = j.output.Written()
		if a.synced == a.written {
			a.syncedBytes = a.currentSize
		}
		if a.sync != nil {
			a.syncBytes = a.currentSize
		}
	}
	s.observed.durability = true
	s.removeHistory(j.wait, func(error) { s.endJob(j, nil) })
	s.logf(event.Notice, "Background AOF rewrite finished successfully")
}

// removeHistory removes the files that a rewrite has replaced. The manifest
// that says so must be on disk.
func (s *Server) removeHistory(wait func(vfs.Ticket, func(error)), then func(err error)) {
	m := &s.aof.manifest
	if len(m.History) == 0 {
		then(nil)
		return
	}
	for _, old := range m.History {
		s.logf(event.Notice, "Removing the history file ", old.Name, " in the background")
		// One that is not there has been removed before a crash.
		if err := s.fs.Remove(s.appendPath(old.Name)); err != nil && !errors.Is(err, vfs.ErrNotExist) {
			s.logf(event.Warning, "Can't remove the history file: ", err.Error())
		}
	}
	m.History = nil
	s.writeManifest(*m, wait, then)
}

func tempIncremental(filename string) string { return "temp-" + filename + ".incr" }

// startAppendOnly is CONFIG SET appendonly yes: changes go to a temporary
// increment until a first rewrite has written the base in front of it.
// Within a transaction that waits: the base would hold a part of it.
func (s *Server) startAppendOnly(inTransaction bool) error {
	a := &s.aof
	if err := s.ensureAppendDir(); err != nil {
		return err
	}
	if err := s.detach(); err != nil {
		return err
	}
	a.enabled, a.waitRewrite = true, true
	a.currentSize, a.syncedBytes = 0, 0
	a.writeFailed, a.lost = false, false
	if j := s.job(); j != nil && j.kind == event.BackgroundSave {
		a.rewriteScheduled = true
		s.logf(event.Warning, "AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.")
		return nil
	} else if j != nil {
		s.logf(event.Warning, "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.")
		s.terminate(j)
	}
	if inTransaction {
		a.rewriteScheduled = true
		s.logf(event.Warning, "AOF was enabled during a transaction. An AOF background was scheduled to start when possible.")
		return nil
	}
	if err := s.beginRewrite(); err != nil {
		s.logf(event.Warning, "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above logs for more info about the error.")
		s.stopAppendOnly()
		return err
	}
	return nil
}

// stopAppendOnly is CONFIG SET appendonly no: all that was written is synced,
// then no more is. The files stay; they are what a start with appendonly yes
// would load.
func (s *Server) stopAppendOnly() {
	a := &s.aof
	if j := s.job(); j != nil && j.kind == event.Rewrite {
		s.terminate(j)
	}
	s.flushUnit()
	if a.buffer.size > 0 && a.file != nil && !a.detached && !a.lost {
		s.writeAppendOnly(math.MaxInt)
	}
	if f := a.file; f != nil {
		promised := s.config.AppendFsync == config.SyncAlways && !a.waitRewrite
		s.holdFor(f.Sync(), func(err error) {
			f.Close()
			if err != nil {
				s.markUnsynced()
				s.logf(event.Warning, "Fail to fsync the AOF file: ", err.Error())
				if promised {
					s.endUnsynced(err)
				}
			}
		})
	}
	if a.detached {
		s.fs.Remove(s.appendPath(tempIncremental(s.config.AppendFilename)))
	}
	a.enabled, a.waitRewrite, a.detached = false, false, false
	a.writeFailed, a.lost = false, false
	a.file, a.sync, a.postponed = nil, nil, false
	s.journal.AppendToNone()
	a.buffer.reset()
	a.rewriteScheduled = false
}
