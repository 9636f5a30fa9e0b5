package server

import (
	"slices"

	"everysec/engine/event"
)

// A host may let a load of its own run beside what somebody does by hand. What
// is done in the database that it keeps for that (Options.Aside) counts in every
// figure of the server as anything does, and is counted once more here: so the
// host can tell what the rest is, of writes at every point of their way to the
// disk, and of the counters of INFO.

type aside struct {
	db     int // 0: there is none
	writes uint64
	// marks say how many writes there were up to a change: of each watermark of
	// the way to the disk, which only ever takes the value of now or of another.
	marks []asideMark

	commands, hits, misses, errors, reads, sent int64
}

type asideMark struct{ change, writes uint64 }

const maxAsideMarks = 64

// wrote counts a write.
func (a *aside) wrote(change uint64, s *Server) {
	a.writes++
	if len(a.marks) >= maxAsideMarks {
		a.forget(s)
	}
	a.marks = append(a.marks, asideMark{change, a.writes})
}

// forget leaves of the marks what a watermark needs, and the newest.
func (a *aside) forget(s *Server) {
	need := []uint64{s.acknowledged, s.aof.written, s.aof.syncTarget, s.aof.synced, s.aof.detachedSynced, s.rdb.change}
	for _, j := range s.jobs {
		need = append(need, j.change)
	}
	last := a.marks[len(a.marks)-1]
	kept := a.marks[:0]
	for i, m := range a.marks[:len(a.marks)-1] {
		next := a.marks[i+1].change
		if slices.ContainsFunc(need, func(w uint64) bool { return m.change <= w && w < next }) {
			kept = append(kept, m)
		}
	}
	a.marks = append(kept, last)
}

// until is how many writes were made up to a change that is a watermark.
func (a *aside) until(change uint64) uint64 {
	for i := len(a.marks) - 1; i >= 0; i-- {
		if a.marks[i].change <= change {
			return a.marks[i].writes
		}
	}
	return 0
}

// durability tells the share of each watermark.
func (a *aside) durability(d *event.Durability) {
	d.AsideLast, d.AsideAcknowledged = a.until(d.Last), a.until(d.Acknowledged)
	d.AsideWritten, d.AsideSynced = a.until(d.Written), a.until(d.Synced)
	d.AsideSnapshot = a.until(d.SnapshotChange)
}

// reset is CONFIG RESETSTAT: the counters of INFO begin anew.
func (a *aside) reset() { a.commands, a.hits, a.misses, a.errors, a.reads, a.sent = 0, 0, 0, 0, 0, 0 }

// infoAside is a section that only who knows of it asks for: the share of what
// is done aside in fields of the others.
func infoAside(s *Server, w *infoWriter) {
	a := &s.aside
	w.int("aside_rdb_changes_since_last_save", int64(a.writes-a.until(s.rdb.change)))
	w.int("aside_total_commands_processed", a.commands)
	w.int("aside_keyspace_hits", a.hits)
	w.int("aside_keyspace_misses", a.misses)
	w.int("aside_total_error_replies", a.errors)
	w.int("aside_total_reads_processed", a.reads)
	w.int("aside_total_writes_processed", a.sent)
}
