package server

import (
	"strings"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/event"
)

const notifyExpired = config.NotifyExpired

// cron runs hz times a second of engine time. A clock that jumps runs it once.
func (s *Server) cron() {
	s.cronRuns++
	s.restCoroutine()
	s.nextCron = s.now + 1000000/int64(s.hz())
	if s.loading != nil || s.cronPaused {
		return
	}
	s.measureClients()
	s.resizeClients()
	s.stats.sample(s.now, s)
	if s.activeExpire {
		s.activeExpireCycle(slowCycle)
	}
	for _, db := range s.space.DBs {
		if s.config.ActiveRehashing && db.Keys.Rehashing() {
			db.Keys.RehashStep(rehashBuckets)
			break
		}
	}
	s.closeIdle()
	if s.shutdown != nil {
		return
	}
	s.startDueJobs()
}

// rehashBuckets take less than the millisecond that Redis spends on it.
const rehashBuckets = 5000

// PauseCron is DEBUG PAUSE-CRON.
func (s *Server) PauseCron(on bool) { s.cronPaused = on }

// ChangeReplicationID is DEBUG CHANGE-REPL-ID.
func (s *Server) ChangeReplicationID() { s.replicationID = hexID(s.random) }

// ReplyBuffers is what DEBUG REPLYBUFFER sets.
func (s *Server) ReplyBuffers() (resize *bool, forget *int64) {
	return &s.memory.resizeReplies, &s.memory.forgetPeaks
}

// Log writes a line of the log for DEBUG LOG.
func (s *Server) Log(text string) { s.logf(event.Warning, text) }

// closeIdle closes connections idle longer than "timeout" seconds.
func (s *Server) closeIdle() {
	if s.config.Timeout == 0 {
		return
	}
	for _, c := range s.order {
		if c.Blocked == nil && !c.Listens() && !c.Monitor && s.space.Now-c.LastInteraction > s.config.Timeout*1000 {
			s.logf(event.Verbose, "Closing idle client")
			s.Kill(&c.Client)
		}
	}
}

// startDueJobs starts what was scheduled, what a save point asks for, and the
// automatic rewrite.
func (s *Server) startDueJobs() {
	if s.job() != nil {
		return
	}
	started := func(error) {} // logged; INFO says so
	mayRewrite := s.now >= s.aof.rewriteRetryAt
	if s.aof.rewriteScheduled && mayRewrite {
		s.startRewrite(started)
		return
	}
	if s.rdb.scheduled {
		s.rdb.scheduled = false
		_ = s.startBackgroundSave() // logged; INFO says so
		return
	}
	seconds := s.now / 1000000
	for _, p := range s.config.SavePoints {
		const retryAfterFailure = 5
		if s.rdb.changes >= p.Changes && seconds-s.rdb.lastSave > p.Seconds &&
			(!s.rdb.lastFailed || seconds-s.rdb.lastTry > retryAfterFailure) {
			s.logf(event.Notice, itoa(p.Changes), " changes in ", itoa(p.Seconds), " seconds. Saving...")
			_ = s.startBackgroundSave() // logged; INFO says so
			return
		}
	}
	a := &s.aof
	if a.enabled && mayRewrite && s.config.AutoAOFRewritePercentage > 0 && a.currentSize > s.config.AutoAOFRewriteMinSize {
		base := max(a.baseSize, 1)
		if growth := a.currentSize*100/base - 100; growth >= s.config.AutoAOFRewritePercentage && s.mostlySynced() {
			s.logf(event.Notice, "Starting automatic rewriting of AOF on ", itoa(growth), "% growth")
			s.startRewrite(started)
		}
	}
}

// shutdown is a SHUTDOWN that waits for the disk.
type shutdown struct {
	client *command.Client
	flags  command.ShutdownFlags
}

// Shutdown ends the server as the flags say; without SAVE or NOSAVE it saves
// when save points are set.
func (s *Server) Shutdown(c *command.Context, flags command.ShutdownFlags) {
	if flags.Abort {
		// A shutdown holds the thread until it is done, so none can be
		// under way when this runs.
		c.Reply.Error("ERR No shutdown in progress.")
		return
	}
	if s.busy != nil && s.busy.answering && !flags.NoSave {
		c.Reply.Error(s.scripts.busyError())
		return
	}
	s.shutdown = &shutdown{client: c.Client, flags: flags}
}

// RequestShutdown ends the server as a signal does: as the parameter of this
// name says, "" as SHUTDOWN without options.
func (s *Server) RequestShutdown(parameter string) {
	s.shutdown = &shutdown{client: s.system}
	if signal := map[string]string{"shutdown-on-sigint": "SIGINT", "shutdown-on-sigterm": "SIGTERM"}[parameter]; signal != "" {
		s.logf(event.Warning, "Received ", signal, " scheduling shutdown...")
	}
	words, _ := s.config.Value(parameter)
	f := &s.shutdown.flags
	for _, word := range strings.Fields(words) {
		switch word {
		case "save":
			f.Save = true
		case "nosave":
			f.NoSave = true
		case "now":
			f.Now = true
		case "force":
			f.Force = true
		}
	}
}

// continueShutdown does what SHUTDOWN asked for, after the commands before it.
func (s *Server) continueShutdown() {
	sh := s.shutdown
	if sh == nil {
		return
	}
	s.shutdown = nil
	s.logf(event.Warning, "User requested shutdown...")
	finish := func(err error) {
		switch {
		case !s.running: // the disk failed under "always"
		case err == nil || sh.flags.Force:
			s.logf(event.Warning, "Redis is now ready to exit, bye bye...")
			s.exit(0)
		default:
			s.logf(event.Warning, "Errors trying to shut down the server. Check the logs for more information.")
			if c := s.clients[sh.client.ID]; c != nil {
				c.writer.Error("ERR Errors trying to SHUTDOWN. Check logs.")
				s.markDirty(c)
			}
		}
	}
	if s.loading != nil { // what there is so far must not replace the files
		finish(nil)
		return
	}
	if j := s.job(); s.aof.waitRewrite && j != nil && j.kind == event.Rewrite {
		if !sh.flags.Force {
			s.logf(event.Warning, "Writing initial AOF, can't exit.")
			finish(errTerminated)
			return
		}
		s.logf(event.Warning, "Writing initial AOF. Exit anyway.")
	}
	if j := s.job(); j != nil {
		if j.kind == event.Rewrite {
			s.logf(event.Warning, "There is a child rewriting the AOF. Killing it!")
		} else {
			s.logf(event.Warning, "There is a child saving an .rdb. Killing it!")
		}
		s.terminate(j)
	}
	save := func(err error) {
		if err != nil && !sh.flags.Force {
			finish(err)
			return
		}
		if sh.flags.Save || len(s.config.SavePoints) > 0 && !sh.flags.NoSave {
			s.logf(event.Notice, "Saving the final RDB snapshot before exiting.")
			s.saveNow(func(err error) {
				if err != nil && sh.flags.Force {
					s.logf(event.Warning, "Error trying to save the DB. Exit anyway.")
				} else if err != nil {
					s.logf(event.Warning, "Error trying to save the DB, can't exit.")
				}
				finish(err)
			})
			return
		}
		finish(nil)
	}
	s.flushUnit()
	if s.aof.enabled && s.aof.file != nil {
		s.logf(event.Notice, "Calling fsync() on the AOF file.")
		s.writeAndSync(save)
		return
	}
	save(nil)
}

// Reload is DEBUG RELOAD: save, forget, load.
func (s *Server) Reload(c *command.Context, flags command.ReloadFlags) {
	if s.loading != nil { // half of the data must not be saved over all of it
		c.Reply.Error(command.ErrLoading)
		return
	}
	client := s.clients[c.Client.ID]
	if j := s.job(); j != nil {
		s.terminate(j)
	}
	c.Reply.SimpleString("OK")
	reload := func(err error) {
		if err != nil { // logged
			s.replaceReply(client, "+OK\r\n", "ERR")
			return
		}
		if err := s.reloadRDB(flags); err != nil {
			s.replaceReply(client, "+OK\r\n", "ERR Error trying to load the RDB dump")
			s.logf(event.Warning, err.Error())
			return
		}
		s.logf(event.Warning, "DB reloaded by DEBUG RELOAD")
	}
	s.flushUnit()
	if flags.NoSave {
		reload(nil)
		return
	}
	s.saveNow(reload)
}

// replaceReply puts an error in place of the reply that a client was about to
// get, unless it has got it or got another one since.
func (s *Server) replaceReply(client *connection, reply, text string) {
	if client == nil {
		return
	}
	at := client.writer.Len() - len(reply)
	if at < client.released || string(client.writer.Bytes()[at:]) != reply {
		return
	}
	client.writer.Truncate(at)
	client.writer.Error(text)
}

func (s *Server) reloadRDB(flags command.ReloadFlags) error {
	info, err := s.fs.Stat(s.config.DBFilename)
	if err != nil {
		return err
	}
	if !flags.NoFlush {
		s.emptyAll()
	}
	return s.loadNow([]loadFile{{name: s.config.DBFilename, kind: rdbFile, last: true, size: info.Size, id: info.ID}}, flags.Merge)
}

// LoadAOF is DEBUG LOADAOF: forget, and load the append-only file.
func (s *Server) LoadAOF(c *command.Context) {
	if s.loading != nil {
		c.Reply.Error(command.ErrLoading)
		return
	}
	client := s.clients[c.Client.ID]
	c.Reply.SimpleString("OK")
	s.flushUnit()
	load := func(err error) {
		var files []loadFile
		if err == nil {
			s.emptyAll()
			files, err = s.appendOnlyFiles()
		}
		if err == nil {
			err = s.loadNow(files, false)
		}
		if err != nil {
			s.logf(event.Warning, err.Error())
			s.replaceReply(client, "+OK\r\n", "ERR Error trying to load the AOF files, check server logs.")
			return
		}
		s.rdb.changes = 0
		s.logf(event.Warning, "Append Only File loaded by DEBUG LOADAOF")
	}
	switch {
	case s.aof.detached: // the files that the manifest names are not the whole
		load(errTerminated)
	case s.aof.enabled && s.aof.file != nil:
		s.writeAndSync(load)
	default:
		load(nil)
	}
}

// loadNow loads files at once, holding the thread.
func (s *Server) loadNow(files []loadFile, merges bool) error {
	var failure error
	depth := s.contextDepth
	s.load(files, func(err error) { failure = err })
	s.loading.merges = merges
	for s.loading != nil {
		s.loadSlice()
	}
	s.contextDepth = depth
	return failure
}

func (s *Server) emptyAll() {
	for _, db := range s.space.DBs {
		db.Flush(false)
	}
	s.scripts.FlushLibraries()
	s.observed.flushed(-1)
}
