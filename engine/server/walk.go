package server

import (
	"slices"

	"everysec/engine/aof"
	"everysec/engine/command"
	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// A snapshot walks the tables of keys on a stack of its own, which it leaves
// when its slice is over: between two keys, or in the middle of a big value.
// The tables are those of the moment it began, whatever database they serve by
// now; one that was flushed is kept until it has been walked.
//
// While a big value is half written, other keys that are about to change go
// into a buffer, which follows the value. A command that is about to change a
// big value waits until all of it is written, and its client with it; everyone
// else goes on. Only where nobody foresaw the change (a script that did not
// declare its key, an expiry, an eviction) the thread is held for the rest.

// walk is how far a snapshot has come.
type walk struct {
	tables []walkedTable
	at     int         // the table being walked
	bucket []arena.Ref // keys of the bucket being walked; 0: saved meanwhile
	ahead  []arena.Ref // keys that are touched
	stack  *coroutine

	// entry is the key being written, 0 between two. finishing: the thread
	// waits for its end.
	entry     arena.Ref
	finishing bool
	// early writes keys to earlyBytes while another one is half written.
	early      entryWriter
	earlyBytes []byte

	// wanted are keys that somebody waits for: they are next.
	wanted  []wantedEntry
	waiting []snapshotWaiter

	// The slice ends when the writer has done so much, or buckets are visited.
	until   int64
	buckets int
}

// walkedTable is the keys of one database when the snapshot began.
type walkedTable struct {
	db             int
	keys           *dict.Dict
	total, expires int
	kept           bool // its database was flushed, so that it is the job's
}

type wantedEntry struct {
	table int
	node  arena.Ref
}

// snapshotWaiter is a client whose command waits for a key; 0: no more.
type snapshotWaiter struct {
	client *connection
	node   arena.Ref
}

// sliceWork is what a slice may write, by entryWriter.Work: one millisecond or
// two.
const sliceWork = 64 << 10

// bigValue is from how many bytes on a value is not written at once.
const bigValue = 4 * sliceWork

func (s *Server) beginWalk(j *snapshotJob) {
	for _, db := range s.space.DBs {
		if n := db.Len(); n > 0 {
			j.tables = append(j.tables, walkedTable{db: db.ID, keys: db.Keys, total: n, expires: db.Volatile()})
			j.total += int64(n)
		}
	}
	j.stack = newCoroutine()
	j.stack.work = func() { s.walkTables(j) }
}

// endWalk gives back what a snapshot holds, whether complete or given up.
func (s *Server) endWalk(j *snapshotJob) {
	if j.stack != nil {
		j.stack.stop()
		j.stack = nil
	}
	for i := range j.tables {
		s.walked(&j.tables[i])
	}
	for i := range j.waiting {
		j.waiting[i].node = 0
	}
	s.endWaits(j)
}

// walked frees a table that nobody else has any more.
func (s *Server) walked(t *walkedTable) {
	if t.kept {
		t.kept = false
		s.space.FreeTable(t.keys)
	}
}

// walkSlice goes on with the walk until its slice is over. A slice visits more
// buckets of a bigger table, so that new keys, which the walk only passes by,
// cannot come in faster than it gets on.
func (s *Server) walkSlice(j *snapshotJob) {
	const least = 2048
	j.until, j.buckets = j.output.Work()+sliceWork, least
	if j.at < len(j.tables) {
		j.buckets = max(least, j.tables[j.at].keys.Len()/64)
	}
	s.resumeWalk(j)
	s.endWaits(j)
}

// resumeWalk runs the walk until it leaves its stack.
func (s *Server) resumeWalk(j *snapshotJob) {
	done, more := j.stack.next()
	if done || !more {
		j.stack.stop()
		j.stack = nil
		j.scanned = j.failed == nil
	}
}

// leave leaves the stack of the walk. If the job is given up meanwhile it
// never comes back.
func (j *snapshotJob) leave() {
	if !j.stack.yield(false) {
		panic(errAbandoned)
	}
}

func (j *snapshotJob) sliceOver() bool { return j.output.Work() >= j.until || j.buckets <= 0 }

// sink takes what the writer has made. When the disk takes no more it is of no
// use to go on with a big value.
func (j *snapshotJob) sink(p []byte) error {
	_, err := j.file.Write(p)
	if err != nil && j.entry != 0 {
		j.failed = err
		panic(errAbandoned)
	}
	return err
}

// between is the writer's, between two elements of a value: the slice may be over.
func (j *snapshotJob) between() {
	if j.entry != 0 && !j.finishing && j.sliceOver() {
		j.leave()
	}
}

// walkTables is the walk, on its own stack.
func (s *Server) walkTables(j *snapshotJob) {
	gather := func(node arena.Ref) { j.bucket = append(j.bucket, node) }
	for j.at = range j.tables {
		t := &j.tables[j.at]
		if j.failed = beginDB(j.output, t.db, t.total, t.expires); j.failed != nil {
			return
		}
		touched := 0
		for cursor := uint64(0); ; touched-- {
			if touched == 0 && t.keys.IsBig() {
				touched = touchedAhead
				s.touchAhead(j, t.keys, cursor)
			}
			// The nodes first: the table may change while one is half written.
			j.bucket = j.bucket[:0]
			cursor = t.keys.Scan(cursor, gather)
			for i := range j.bucket {
				if node := j.bucket[i]; node != 0 && s.space.Unsaved(node) && !s.writeWalked(j, j.at, node) {
					return
				}
			}
			if j.buckets--; j.sliceOver() {
				j.leave()
			}
			if cursor == 0 {
				break
			}
		}
		s.walked(t)
	}
}

// touchedAhead is how many calls of Scan are touched before, see package dict.
const touchedAhead = 32

func (s *Server) touchAhead(j *snapshotJob, keys *dict.Dict, cursor uint64) {
	j.ahead = keys.TouchAhead(cursor, touchedAhead, j.ahead[:0])
	s.space.TouchValues(j.ahead)
}

// writeWalked writes a key, and then those that somebody waits for. It tells
// whether the walk goes on.
func (s *Server) writeWalked(j *snapshotJob, table int, node arena.Ref) bool {
	s.writeKey(j, table, node)
	for len(j.wanted) > 0 && j.failed == nil {
		s.writeKey(j, j.wanted[0].table, j.wanted[0].node)
	}
	return j.failed == nil
}

func (s *Server) writeKey(j *snapshotJob, table int, node arena.Ref) {
	t := &j.tables[table]
	if j.failed = j.output.SelectDB(t.db); j.failed != nil {
		return
	}
	e := dict.Head[keyspace.Entry](s.space.Arena, node)
	if t.kept {
		j.copied += s.space.Objects.Usage(&e.Value, object.DefaultSamples)
	}
	j.entry = node
	err := j.output.Entry(dict.Key(s.space.Arena, node), e)
	j.entry = 0
	s.saved(j, node)
	if err == nil && j.early != nil {
		if err = j.early.Flush(); err == nil {
			err = j.output.Insert(j.earlyBytes)
		}
		j.early, j.earlyBytes = nil, nil
	}
	j.failed = err
	if j.finishing || j.sliceOver() {
		j.leave()
	}
}

// saved notes that a key is in the snapshot.
func (s *Server) saved(j *snapshotJob, node arena.Ref) {
	s.space.MarkSaved(node)
	j.keys++
	if i := slices.Index(j.bucket, node); i >= 0 {
		j.bucket[i] = 0
	}
	if len(j.wanted) > 0 {
		j.wanted = slices.DeleteFunc(j.wanted, func(w wantedEntry) bool { return w.node == node })
	}
	for i := range j.waiting {
		if j.waiting[i].node == node {
			j.waiting[i].node = 0
		}
	}
}

// SaveBeforeChange is keyspace.Observer's: the key goes into the running
// snapshot before it changes.
func (s *Server) SaveBeforeChange(db *keyspace.DB, node arena.Ref) {
	j := s.job()
	if j == nil || j.scanned || j.failed != nil {
		return
	}
	table := j.tableOf(db)
	if table < 0 || !s.space.Unsaved(node) {
		return
	}
	out := j.output
	switch j.entry {
	case node:
		before := out.Written()
		j.finishing = true
		s.resumeWalk(j)
		j.finishing = false
		j.copied += out.Written() - before
		return
	case 0:
	default:
		if j.early == nil {
			j.early = s.newEarly(j)
		}
		out = j.early
	}
	before := out.Written()
	err := out.SelectDB(j.tables[table].db)
	if err == nil {
		err = out.Entry(db.KeyOf(node), db.EntryOf(node))
	}
	j.copied += out.Written() - before
	j.failed = err
	s.saved(j, node)
}

// newEarly makes the writer of keys that cannot wait for the end of the one
// that is half written.
func (s *Server) newEarly(j *snapshotJob) entryWriter {
	sink := func(p []byte) error {
		j.earlyBytes = append(j.earlyBytes, p...)
		return nil
	}
	if _, commands := j.output.(*aof.CommandWriter); commands {
		return aof.NewCommandWriter(sink, s.space.Objects)
	}
	return s.newRDBOutput(sink, false, nil)
}

// tableOf finds the table that serves a database now, -1 if it has come since.
func (w *walk) tableOf(db *keyspace.DB) int {
	return slices.IndexFunc(w.tables, func(t walkedTable) bool { return t.keys == db.Keys })
}

// KeepTable is keyspace.Observer's: a database was flushed.
func (s *Server) KeepTable(keys *dict.Dict) bool {
	j := s.job()
	if j == nil || j.scanned || j.failed != nil {
		return false
	}
	i := slices.IndexFunc(j.tables, func(t walkedTable) bool { return t.keys == keys })
	if i < j.at {
		return false
	}
	j.tables[i].kept = true
	j.copied += keys.MemoryUsage()
	return true
}

// awaitsSnapshot tells whether a command has to wait: it is about to change a
// big value that the running snapshot has not, or not all of.
func (s *Server) awaitsSnapshot(c *connection, spec *command.Spec, args [][]byte) bool {
	j := s.job()
	if j == nil || j.scanned || j.failed != nil || !s.space.Objects.Compound() {
		return false // a string is written as one, see isBig
	}
	if spec.Name != "exec" {
		return s.awaitsKeys(j, c, spec, args)
	}
	for _, words := range c.Transaction.Queue {
		if s.awaitsKeys(j, c, s.table.Resolve(words), words) {
			return true
		}
	}
	return false
}

func (s *Server) awaitsKeys(j *snapshotJob, c *connection, spec *command.Spec, args [][]byte) bool {
	if spec.Flags&command.Write == 0 && !mayReplicate(spec) {
		return false
	}
	return spec.EachKey(args, func(key []byte) bool {
		node := c.DB.Keys.Find(key)
		if node == 0 || !s.space.Unsaved(node) || !s.isBig(&c.DB.EntryOf(node).Value) {
			return false
		}
		table := j.tableOf(c.DB)
		if table < 0 {
			return false
		}
		want := wantedEntry{table, node}
		if node != j.entry && !slices.Contains(j.wanted, want) {
			j.wanted = append(j.wanted, want)
		}
		j.waiting = append(j.waiting, snapshotWaiter{c, node})
		return true
	})
}

// isBig tells whether a value takes more than one slice to write. A string is
// written as one.
func (s *Server) isBig(v *object.Value) bool {
	switch v.Encoding {
	case object.HashTable, object.SkipList, object.QuickList, object.StreamLog:
		return s.space.Objects.Usage(v, object.DefaultSamples) >= bigValue
	}
	return false
}

// endWaits lets commands run whose keys are in the snapshot by now.
func (s *Server) endWaits(j *snapshotJob) {
	if len(j.waiting) == 0 {
		return
	}
	var ready []*connection
	j.waiting = slices.DeleteFunc(j.waiting, func(w snapshotWaiter) bool {
		if w.node == 0 {
			ready = append(ready, w.client)
		}
		return w.node == 0
	})
	for _, c := range ready {
		if s.clients[c.ID] == c && c.Blocked != nil && c.Blocked.Postponed {
			s.unblock(c)
		}
	}
}
