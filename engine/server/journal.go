package server

import (
	"everysec/engine/crashreport"
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
}

// CrashReport is what became of the writes of the server before this one; nil
// as long as this one has not read its files.
func (s *Server) CrashReport() *crashreport.Report { return s.report }
