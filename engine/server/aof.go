package server

import (
	"strconv"

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
	buffer   []byte
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
	syncBytes  int64
	lastSync   int64 // microseconds; when the last one was started

	baseSize, currentSize int64 // bytes of all files; baseSize after the last rewrite
	fileStart             int64 // bytes of the files before the current one
	syncedBytes           int64
	writeFailed           bool
	lastWriteError        error
	lastWriteErrorLogged  int64

	// waitRewrite: just switched on, nothing counts until a base is written.
	waitRewrite        bool
	rewriteScheduled   bool
	lastRewriteSeconds int64
	lastRewriteFailed  bool
	rewrites           int64
	delayedSyncs       int64
}

type pendingWrite struct {
	change uint64
	at     int64 // microseconds
}

func (a *aofState) on() bool { return a.enabled }

// noteChange records when a change was made, at most one record a tenth of a
// second.
func (a *aofState) noteChange(now int64) {
	a.last++
	if n := len(a.waiting); n > 0 && now-a.waiting[n-1].at < 100000 {
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

func (a *aofState) selectDB(db int) {
	if a.selected == db {
		return
	}
	a.selected = db
	a.buffer = resp.AppendCommand(a.buffer, []byte("SELECT"), strconv.AppendInt(nil, int64(db), 10))
}

func (a *aofState) appendTimestamp(seconds int64) {
	if seconds == a.lastTime {
		return
	}
	a.lastTime = seconds
	a.buffer = append(a.buffer, "#TS:"...)
	a.buffer = strconv.AppendInt(a.buffer, seconds, 10)
	a.buffer = append(a.buffer, "\r\n"...)
}

// flushAppendOnly writes the buffer and, as appendfsync says, syncs. Under
// "always" the thread is held until the disk is done, and replies with it.
func (s *Server) flushAppendOnly() {
	a := &s.aof
	if !a.enabled || a.file == nil {
		return
	}
	if len(a.buffer) > 0 && !s.writeAppendOnly() {
		return
	}
	switch s.config.AppendFsync {
	case config.SyncAlways:
		if a.written > a.synced && a.sync == nil {
			s.startSync()
			s.holdFor(a.sync, s.finishSyncAlways)
		}
	case config.SyncEverySec:
		if a.written > a.synced && a.sync == nil && s.now-a.lastSync >= 1000000 && !s.syncForbidden() {
			s.startSync()
			s.pollAppendOnlySync()
		}
	}
}

// syncForbidden is no-appendfsync-on-rewrite.
func (s *Server) syncForbidden() bool {
	return s.config.NoAppendFsyncOnRewrite && len(s.jobs) > 0
}

// writeAppendOnly writes the buffer to the file: to the page cache. A disk
// that takes only part of it is cut back to whole commands; under "always"
// that ends the server, else it is tried again later and writes are refused.
func (s *Server) writeAppendOnly() bool {
	a := &s.aof
	n, err := a.file.Write(a.buffer)
	if err == nil {
		a.currentSize += int64(n)
		a.buffer = a.buffer[:0]
		a.written = a.last
		if a.writeFailed {
			a.writeFailed = false
			s.logf(event.Warning, "AOF write error looks solved, Redis can write again.")
		}
		return true
	}
	if s.now-a.lastWriteErrorLogged >= 30000000 || !a.writeFailed {
		a.lastWriteErrorLogged = s.now
		s.logf(event.Warning, "Error writing to the AOF file: ", err.Error())
	}
	if n > 0 {
		if cut := a.file.Truncate(a.file.Size() - int64(n)); cut != nil {
			s.logf(event.Warning, "Could not remove short write from the append-only file. Redis may refuse to load the AOF the next time it starts. ftruncate: ", cut.Error())
			a.buffer = append(a.buffer[:0], a.buffer[n:]...)
			a.currentSize += int64(n)
		}
	}
	a.writeFailed, a.lastWriteError = true, err
	if s.config.AppendFsync == config.SyncAlways {
		s.logf(event.Warning, "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
		s.dropReplies()
		s.exit(1)
		return false
	}
	return false
}

// dropReplies takes back the replies that have not left: the file does not
// hold what they acknowledge.
func (s *Server) dropReplies() {
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

func (s *Server) finishSyncAlways(err error) {
	a := &s.aof
	a.sync = nil
	if err != nil {
		s.logf(event.Warning, "Can't persist AOF for fsync error when the AOF fsync policy is 'always': ", err.Error(), ". Exiting...")
		s.dropReplies()
		s.exit(1)
		return
	}
	s.synced()
	s.releaseReplies()
}

// pollAppendOnlySync looks whether a sync of "everysec" has finished.
func (s *Server) pollAppendOnlySync() {
	a := &s.aof
	if a.sync == nil || !a.sync.Done() {
		return
	}
	err := a.sync.Err()
	a.sync = nil
	if err != nil {
		// The page cache gave the bytes up: only a rewrite puts them on disk.
		s.logf(event.Warning, "Error on fsync of the AOF file: ", err.Error())
		a.writeFailed, a.lastWriteError = true, err
		a.rewriteScheduled = true
		return
	}
	s.synced()
}

func (s *Server) synced() {
	a := &s.aof
	a.synced, a.syncedBytes = a.syncTarget, a.syncBytes
	a.durable(a.synced)
	s.observed.durability = true
}

// misconfigured tells whether writes are refused because the disk does not
// take them.
func (s *Server) misconfigured() bool {
	return s.rdb.lastFailed && s.config.StopWritesOnBGSaveError && len(s.config.SavePoints) > 0
}
