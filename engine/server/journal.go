package server

import (
	"everysec/engine/command"
	"everysec/engine/crashreport"
	"everysec/engine/event"
	"everysec/engine/vfs"
)

// What the server notes for the report of its own crash, and the report that it
// makes of the crash before. See package crashreport.

// fileID is the inode of a file; 0: not known.
func (s *Server) fileID(name string) uint64 {
	info, _ := s.fs.Stat(name) // not there: the zero Info
	return info.ID
}

// Crash is what the next server needs to tell what became of the writes of
// this one. kind is that of vfs.Image, whose accounts are files; or
// crashreport.Exit and nil. The server may go on: the crash is of this moment.
func (s *Server) Crash(kind string, files []vfs.Account) *crashreport.Crash {
	if s.crash != nil { // it has written nothing of its own
		return s.crash.Again(files)
	}
	c := &crashreport.Crash{
		Kind: kind, At: s.now, Acknowledged: s.acknowledged, Journal: s.journal.Clone(), Files: files,
	}
	if s.aof.file != nil {
		c.Written = s.aof.file.Size()
	}
	return c
}

// recovered makes the report when what there is has been read for the first time.
func (s *Server) recovered(files []loadFile) {
	if s.report != nil {
		return
	}
	found := crashreport.Recovery{At: s.now}
	for i := range files {
		f := &files[i]
		found.Files = append(found.Files, crashreport.Loaded{Name: f.name, ID: f.id, Size: f.found, Valid: f.size, Units: f.units})
	}
	s.report = crashreport.New(s.crash, found)
	s.observed.crash = s.crash != nil
}

// toldWrites is how many lost writes, and how many others, an event of a batch
// tells.
const toldWrites = 500

// CrashEvent is the report as an event, with at most so many writes that were
// lost, and as many others. ok is false where there was no crash
// that this server has heard of, or its files are still being read.
func (s *Server) CrashEvent(most int) (e event.CrashReport, ok bool) {
	r := s.report
	if r == nil || r.Crash == nil {
		return e, false
	}
	t := &r.Totals
	e = event.CrashReport{
		Kind: r.Crash.Kind, At: r.Crash.At, RecoveredAt: r.Recovery.At,
		Acknowledged: t.Acknowledged, Survived: t.Survived, Lost: t.Lost, Unknown: t.Unknown,
		Unsynced: t.Unsynced, Unacknowledged: t.Unacknowledged, Summarised: t.Summarised,
	}
	for _, f := range r.Recovery.Files {
		e.Files = append(e.Files, event.FileRead{Name: f.Name, Found: f.Size, Read: f.Valid})
	}
	lost, others := 0, 0
	for w := range command.CrashWrites(s.table, r) {
		count := &others
		if w.Fate == crashreport.Lost {
			count = &lost
		}
		if *count++; *count > most {
			continue
		}
		told := event.CrashWrite{
			Change: w.Change, At: w.At, Client: w.Client, DB: w.DB, Command: w.Text, Acknowledged: w.Acknowledged,
			Fate: event.CrashFate(w.Fate), File: w.File, Offset: w.Offset, Size: w.Size, SyncedAt: w.SyncedAt,
			Reason: w.Reason, Later: w.Later,
		}
		for _, key := range w.Keys {
			told.Keys = append(told.Keys, string(key))
		}
		e.Writes = append(e.Writes, told)
	}
	return e, true
}

// CrashReport is what became of the writes of the server before this one; nil
// as long as this one has not read its files.
func (s *Server) CrashReport() *crashreport.Report { return s.report }
