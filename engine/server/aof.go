package server

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"everysec/engine/aof"
	"everysec/engine/config"
	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/engine/vfs"
)

// The append-only file: buffer -> page cache (a write, before replies leave)
// -> disk (a sync, when appendfsync says so). What has come how far is a
// change number: buffered <= written <= synced is what the page shows.

type aofState struct {
	enabled  bool
	file     vfs.File // the incremental file being appended to
	manifest aof.Manifest
	buffer   appendBuffer
	selected int // the database the file has selected, -1 at a file's start
	lastTime int64

	last    uint64 // number of the newest change
	written uint64
	synced  uint64
	// waiting are the writes that are not on disk yet, oldest first, for the
	// age of the oldest of them.
	waiting []pendingWrite

	sync       vfs.Ticket
	syncTarget uint64
	// postponed: the buffer waits for the sync since postponedAt (microseconds).
	postponed   bool
	postponedAt int64
	// syncedAhead: the sync before an automatic rewrite has begun.
	syncedAhead bool
	syncBytes   int64
	lastSync    int64 // microseconds; when the last one was started

	baseSize, currentSize int64 // bytes of all files; baseSize after the last rewrite
	syncedBytes           int64
	writeFailed           bool
	lastWriteError        error
	lastWriteErrorLogged  int64

	// lost: a sync failed, and nobody knows what of the file is on disk. No
	// later sync can repair that, only a rewrite.
	lost bool
	// newDirectory: it was made by this process, and its name is not synced.
	newDirectory bool
	// detached: changes go to a temporary increment that no manifest names,
	// until a rewrite has written the base in front of it.
	detached       bool
	detachedSynced uint64
	// waitRewrite: just switched on, and so detached, and nothing counts.
	waitRewrite      bool
	rewriteScheduled bool
	// After failures in a row no rewrite starts by itself until retryAt (microseconds).
	rewriteFailures    int64
	rewriteRetryAt     int64
	lastRewriteSeconds int64
	lastRewriteFailed  bool
	rewrites           int64
	lastCopied         int64 // bytes, snapshotJob.copied
	delayedSyncs       int64
}

type pendingWrite struct {
	change uint64
	at     int64 // microseconds
}

func (a *aofState) on() bool { return a.enabled }

// noteChange records when a change was made, at most one record a tenth of a
// second, and a thousand in all: then two become one, of the older's time.
func (a *aofState) noteChange(now int64) {
	a.last++
	n := len(a.waiting)
	if n > 0 && now-a.waiting[n-1].at < 100000 || n >= 1000 {
		a.waiting[n-1].change = a.last
		return
	}
	a.waiting = append(a.waiting, pendingWrite{a.last, now})
}

// durable forgets waiting writes up to a change that is on disk.
func (a *aofState) durable(change uint64) {
	i := 0
	for i < len(a.waiting) && a.waiting[i].change <= change {
		i++
	}
	a.waiting = append(a.waiting[:0], a.waiting[i:]...)
}

// appendSelect appends the SELECT that a change of a database needs, if any.
func (a *aofState) appendSelect(dst []byte, db int) []byte {
	if a.selected == db {
		return dst
	}
	a.selected = db
	return resp.AppendCommand(dst, []byte("SELECT"), strconv.AppendInt(nil, int64(db), 10))
}

func (a *aofState) appendTimestamp(dst []byte, seconds int64) []byte {
	if seconds == a.lastTime {
		return dst
	}
	a.lastTime = seconds
	dst = append(dst, "#TS:"...)
	dst = strconv.AppendInt(dst, seconds, 10)
	return append(dst, "\r\n"...)
}

// flushAppendOnly writes the buffer and, as appendfsync says, syncs. Under
// "always" the thread is held until the disk is done, and replies with it.
func (s *Server) flushAppendOnly() {
	a := &s.aof
	if !a.enabled || a.file == nil || a.lost && !a.detached {
		return
	}
	if a.buffer.size > 0 {
		if s.postpones() {
			return
		}
		atLeast := math.MaxInt
		if a.postponed && s.config.AppendFsync == config.SyncEverySec {
			atLeast = caughtUpAtOnce
		}
		if !s.writeAppendOnly(atLeast) || a.buffer.size > 0 {
			return
		}
	}
	if a.written == s.syncedInFile() || s.syncForbidden() {
		return
	}
	switch s.config.AppendFsync {
	case config.SyncAlways:
		if a.sync == nil {
			s.startSync()
			s.holdThen(a.sync, func(s *Server, err error) {
				s.noteLatency("aof-fsync-always", (s.now-s.aof.lastSync)/1000)
				s.finishSync(err)
				s.releaseReplies() // before the input that has come meanwhile runs
			})
			return
		}
		// One of "everysec" is under way; syncs of a file may overtake each other.
		s.holdThen(a.sync, func(s *Server, err error) {
			s.finishSync(err)
			if s.running {
				s.flushAppendOnly()
			}
		})
	case config.SyncEverySec:
		if a.sync == nil && s.now-a.lastSync >= 1000000 {
			s.startSync()
			s.pollAppendOnlySync()
		}
	}
}

// postponedAtMost is how long a slow sync may keep "everysec" from writing.
const postponedAtMost = 2_000_000 // microseconds

// postpones tells whether the write has to wait. To write to a file while it
// is synced can block the thread for as long as the sync takes; so under
// "everysec" the buffer is kept while replies go out, up to two seconds. Then
// it is written come what may: the thread is held until the sync is done. A
// buffer that has grown long meanwhile is written a piece a step, as nobody
// waits for it: the replies have left.
func (s *Server) postpones() bool {
	a := &s.aof
	switch {
	case a.sync == nil || s.config.AppendFsync != config.SyncEverySec:
		return false
	case !a.postponed:
		a.postponed, a.postponedAt = true, s.now
		return true
	case s.now-a.postponedAt < postponedAtMost:
		return true
	}
	a.delayedSyncs++
	s.logf(event.Notice, "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.")
	from := s.now
	s.holdFor(a.sync, func(err error) {
		blocked := (s.now - from) / 1000
		s.noteLatency("aof-write-pending-fsync", blocked)
		s.noteLatency("aof-write", blocked)
		s.finishSync(err)
		a.lastSync = s.now // the next one a second later, as after any write
		s.flushAppendOnly()
		s.releaseReplies() // before the input that has come meanwhile runs
	})
	return true
}

// caughtUpAtOnce is how many bytes of a postponed buffer are written in a step.
const caughtUpAtOnce = 2 << 20

// catchesUp tells whether there is more of a postponed buffer to write.
func (s *Server) catchesUp() bool {
	a := &s.aof
	return a.postponed && a.sync == nil && a.buffer.size > 0 && !a.writeFailed
}

// syncedInFile is the newest change that a sync of the current file has saved.
func (s *Server) syncedInFile() uint64 {
	if s.aof.detached {
		return s.aof.detachedSynced
	}
	return s.aof.synced
}

// syncForbidden is no-appendfsync-on-rewrite.
func (s *Server) syncForbidden() bool {
	return s.config.NoAppendFsyncOnRewrite && len(s.jobs) > 0
}

// writeAppendOnly writes at least so many bytes of the buffer, or all, to the
// file: to the page cache. A disk that takes only part of it is cut back to
// whole commands; under "always" that ends the server, else it is tried again
// later and writes are refused.
func (s *Server) writeAppendOnly(atLeast int) bool {
	a := &s.aof
	begun := s.begin()
	gone, n, err := a.buffer.writeTo(a.file, atLeast)
	a.currentSize += int64(gone)
	while := "aof-write-alone"
	switch {
	case a.sync != nil:
		while = "aof-write-pending-fsync"
	case len(s.jobs) > 0:
		while = "aof-write-active-child"
	}
	s.ended(while, begun)
	s.ended("aof-write", begun)
	if err == nil {
		if a.buffer.size == 0 {
			a.postponed, a.written = false, a.last
		}
		if a.writeFailed && !a.lost {
			a.writeFailed = false
			s.logf(event.Warning, "AOF write error looks solved, Redis can write again.")
		}
		return true
	}
	if s.now-a.lastWriteErrorLogged >= 30000000 || !a.writeFailed {
		a.lastWriteErrorLogged = s.now
		if gone+n > 0 {
			s.logf(event.Warning, "Short write while writing to the AOF file: (nwritten=", itoa(gone+n), ", expected=", itoa(gone+a.buffer.size), "): ", err.Error())
		} else {
			s.logf(event.Warning, "Error writing to the AOF file: ", err.Error())
		}
	}
	if n > 0 {
		if cut := a.file.Truncate(a.file.Size() - int64(n)); cut != nil {
			s.logf(event.Warning, "Could not remove short write from the append-only file.  Redis may refuse to load the AOF the next time it starts.  ftruncate: ", cut.Error())
			a.buffer.cut(n)
			a.currentSize += int64(n)
		}
	}
	a.postponed = false
	a.writeFailed, a.lastWriteError = true, err
	if s.config.AppendFsync == config.SyncAlways {
		s.logf(event.Warning, "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
		s.dropReplies()
		s.failure = err
		s.exit(1)
	}
	return false
}

// dropReplies takes back the replies that have not left: the file does not
// hold what they acknowledge.
func (s *Server) dropReplies() {
	s.repliesDropped = true
	for _, c := range s.dirtyOutput {
		c.writer.Truncate(c.released)
	}
}

func (s *Server) startSync() {
	a := &s.aof
	a.lastSync = s.now
	a.syncTarget, a.syncBytes = a.written, a.currentSize
	a.sync = a.file.Sync()
}

// finishSync is what follows a sync, whoever started it. Nobody may say that
// anything is on disk after a failed one: "always" ends the server, otherwise
// writes are refused until a rewrite has made new files.
func (s *Server) finishSync(err error) {
	a := &s.aof
	a.sync = nil
	if err != nil {
		s.journal.SyncFailed(s.now)
		s.markUnsynced()
	}
	switch {
	case err == nil:
		s.synced()
	case s.config.AppendFsync == config.SyncAlways:
		s.endUnsynced(err)
	default:
		// As on Linux the page cache has given the bytes up.
		s.logf(event.Warning, "Fail to fsync the AOF file: ", err.Error())
		a.lost, a.writeFailed, a.lastWriteError = true, true, err
		a.rewriteScheduled = true
		// A rewrite that is to put the increment behind its base cannot: what of
		// the increment is on disk nobody knows.
		if j := s.job(); a.detached && j != nil && j.kind == event.Rewrite {
			s.terminate(j)
		}
	}
}

// endUnsynced ends a server under "always" whose sync has failed. What it would
// have acknowledged is not.
func (s *Server) endUnsynced(err error) {
	s.logf(event.Warning, "Can't persist AOF for fsync error when the AOF fsync policy is 'always': ", err.Error(), ". Exiting...")
	s.dropReplies()
	s.failure = err
	s.exit(1)
}

// unsyncedMark is a file that lives exactly as long as the page cache that it
// tells about: after a failed sync a process that dies leaves bytes there that
// the next one can read and no sync will ever save. A power cut takes both.
const unsyncedMark = "fsync-failed"

// markUnsynced tells the next process, should this one die before a rewrite
// has made new files.
func (s *Server) markUnsynced() {
	f, err := s.fs.OpenFile(s.appendPath(unsyncedMark), vfs.Write|vfs.Create)
	if err != nil {
		s.logf(event.Warning, "Can't note the failed fsync: ", err.Error())
		return
	}
	f.Close()
}

// doubtLoaded puts a server whose files were left with the mark into the
// state of one whose own sync has failed. It tells whether they were.
func (s *Server) doubtLoaded() bool {
	a := &s.aof
	if _, err := s.fs.Stat(s.appendPath(unsyncedMark)); err != nil {
		return false
	}
	s.logf(event.Warning, "An fsync failed before this start. Writes are refused until the AOF is rewritten.")
	a.lost, a.writeFailed, a.lastWriteError = true, true, vfs.ErrIO
	a.rewriteScheduled, a.synced, a.syncedBytes = true, 0, 0
	return true
}

// pollAppendOnlySync looks whether a sync of "everysec" has finished.
func (s *Server) pollAppendOnlySync() {
	if t := s.aof.sync; t != nil && t.Done() {
		s.finishSync(t.Err())
	}
}

func (s *Server) synced() {
	a := &s.aof
	s.journal.Synced(a.syncTarget, s.now)
	if a.detached {
		a.detachedSynced = a.syncTarget
		return
	}
	a.synced, a.syncedBytes = max(a.synced, a.syncTarget), a.syncBytes
	a.durable(a.synced)
	s.observed.durability = true
	if s.blocking.polled > 0 {
		s.pollBlocked()
	}
}

// writeAndSync writes the append-only buffer and holds the thread until all of
// it is on disk.
func (s *Server) writeAndSync(then func(err error)) {
	a := &s.aof
	switch {
	case a.lost && !a.detached:
		then(a.lastWriteError)
	case a.sync != nil:
		s.holdFor(a.sync, func(err error) {
			s.finishSync(err)
			s.writeAndSync(then)
		})
	case a.buffer.size > 0 && !s.writeAppendOnly(math.MaxInt):
		then(a.lastWriteError)
	default:
		s.startSync()
		s.holdFor(a.sync, func(err error) {
			s.finishSync(err)
			then(err)
		})
	}
}

// diskError is why writes are refused: the disk does not take them. It is ""
// when there is no reason.
func (s *Server) diskError() string {
	switch {
	case s.rdb.lastFailed && s.config.StopWritesOnBGSaveError && len(s.config.SavePoints) > 0:
		return errMisconf
	case s.aof.enabled && s.aof.writeFailed:
		return "MISCONF Errors writing to the AOF file: " + cause(s.aof.lastWriteError)
	}
	return ""
}

// cause is an error of the disk in the operating system's words.
func cause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			break
		}
		err = next
	}
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// numberLoaded gives what was loaded into memory the number of a change, which
// is as durable as the files it came from.
func (s *Server) numberLoaded(fromAOF bool) {
	a := &s.aof
	written, synced, saved := a.written == a.last, a.synced == a.last, s.rdb.change == a.last && (a.last > 0 || !fromAOF)
	s.space.Change++
	a.last++
	if written {
		a.written = a.last
	}
	if synced {
		a.synced = a.last
	}
	if saved {
		s.rdb.change = a.last
	}
}
