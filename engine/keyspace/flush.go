package keyspace

import (
	"slices"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
)

// Flush removes all keys of a database and returns how many there were. With
// lazy the keys are gone at once but their memory is given back in slices. A
// snapshot that has not read them all keeps their table until it has.
func (db *DB) Flush(lazy bool) int {
	s := db.Space
	n := db.Keys.Len()
	db.touchAllWatchers(nil)
	for i := range s.changed {
		if s.changed[i].db == db && s.changed[i].node != 0 {
			db.entry(s.changed[i].node).reported = 0
			s.changed[i].node = 0
		}
	}
	old := db.Keys
	db.Keys = newKeys(s.Arena, s.Random.Uint64())
	db.volatile, db.expiring = nil, nil
	db.expireCursor = 0
	if s.snapshotEpoch == 0 || !s.Observer.KeepTable(old) {
		s.FreeTable(old)
	}
	if !lazy {
		for s.FreeLazily(1 << 30) {
		}
	}
	return n
}

// FreeTable frees a table that was flushed in slices, by FreeLazily.
func (s *Space) FreeTable(keys *dict.Dict) { s.lazy = append(s.lazy, lazyFree{keys: keys}) }

// touchAllWatchers dirties the transactions of clients that watch a key which
// exists here or, when other is given, there (SWAPDB).
func (db *DB) touchAllWatchers(other *DB) {
	for key, list := range db.watched { // order cannot be seen: each watcher is only marked
		if db.Keys.Find([]byte(key)) == 0 && (other == nil || other.Keys.Find([]byte(key)) == 0) {
			continue
		}
		for _, w := range list {
			w.Touched()
		}
	}
}

// Swap exchanges the contents of two databases; clients stay where they are.
func (s *Space) Swap(a, b int) {
	if a == b {
		return
	}
	x, y := s.DBs[a], s.DBs[b]
	x.touchAllWatchers(y)
	y.touchAllWatchers(x)
	x.Keys, y.Keys = y.Keys, x.Keys
	x.volatile, y.volatile = y.volatile, x.volatile
	x.expiring, y.expiring = y.expiring, x.expiring
	x.expireCursor, y.expireCursor = y.expireCursor, x.expireCursor
	for i := range s.changed {
		switch s.changed[i].db {
		case x:
			s.changed[i].db = y
		case y:
			s.changed[i].db = x
		}
	}
}

// Move takes a key with its value, expiry and clock to another database. The
// key must exist here and be absent there.
func (db *DB) Move(key []byte, to *DB) *Entry {
	node := db.Keys.Find(key)
	e := db.entry(node)
	at := e.ExpireAt
	db.Space.Observer.KeyRemoved(db, key)
	db.Keys.Unlink(key)
	db.forget(e)
	to.Keys.Link(node)
	if at != 0 {
		to.SetExpire(e, node, at)
	}
	if e.Value.HasFieldExpiry {
		to.trackFields(e, node)
	}
	if db.Space.TellAdded {
		db.Space.Observer.KeyAdded(to, key, e.Value.Type)
	}
	return e
}

// Rename gives the value of a key, with its expiry, another name. The new name
// must be absent.
func (db *DB) Rename(key, to []byte) *Entry {
	node := db.Keys.Find(key)
	e := db.entry(node)
	value, at := e.Value, e.ExpireAt
	db.Space.Observer.KeyRemoved(db, key)
	db.Keys.Unlink(key)
	db.forget(e)
	db.Space.Arena.Free(node)
	renamed := db.Add(to, value)
	renamed.Value.Clock = value.Clock
	if at != 0 {
		db.ExpireKeyAt(to, at)
	}
	return renamed
}

// FreeLazily gives back memory of what UNLINK and FLUSHALL ASYNC took out,
// about n elements or keys at a time, and tells whether more is left.
func (s *Space) FreeLazily(n int) (more bool) {
	for len(s.lazy) > 0 && n > 0 {
		job := &s.lazy[len(s.lazy)-1]
		if job.keys == nil {
			effort := s.Objects.FreeEffort(&job.value)
			if s.Objects.FreeSome(&job.value, n) {
				break
			}
			n -= effort
			s.LazyFreed++
			s.lazy = s.lazy[:len(s.lazy)-1]
			continue
		}
		// Its large values become jobs of their own, behind it.
		keys, i := job.keys, len(s.lazy)-1
		before := keys.Len()
		if !keys.FreeSomeFunc(n, s.freeNodeValue) {
			s.lazy = slices.Delete(s.lazy, i, i+1)
		}
		n -= max(before-keys.Len(), 1)
	}
	return len(s.lazy) > 0
}

// LazyPending is the number of keys and values whose memory is still to be
// given back, as INFO's lazyfree_pending_objects.
func (s *Space) LazyPending() int {
	n := 0
	for i := range s.lazy {
		if s.lazy[i].keys != nil {
			n += s.lazy[i].keys.Len()
		} else {
			n++
		}
	}
	return n
}

func (s *Space) freeNodeValue(node arena.Ref) {
	if s.freeValue(&dict.Head[Entry](s.Arena, node).Value, true) {
		s.LazyFreed++
	}
}

// ExpireSample is one step of the active expire cycle on a database: it looks
// at up to n keys with an expiry and deletes those whose time has come.
func (db *DB) ExpireSample(n int) (sampled, expired int) {
	s := db.Space
	for ; sampled < n && len(db.volatile) > 0; sampled++ {
		if db.expireCursor >= len(db.volatile) {
			db.expireCursor = 0
			if sampled > 0 {
				break
			}
		}
		node := db.volatile[db.expireCursor]
		if s.Now > db.entry(node).ExpireAt {
			db.expire(db.KeyOf(node)) // the last one takes its place
			expired++
			continue
		}
		db.expireCursor++
	}
	return sampled, expired
}

// BeginSnapshot starts a point-in-time image: from now on SaveBeforeChange is
// called before a key not yet marked changes. One at a time.
func (s *Space) BeginSnapshot() {
	s.lastEpoch++
	if s.lastEpoch == 0 {
		s.lastEpoch = 1
	}
	s.snapshotEpoch = s.lastEpoch
}

// EndSnapshot ends the image, whether complete or given up.
func (s *Space) EndSnapshot() { s.snapshotEpoch = 0 }

// Unsaved tells whether a key is part of the running snapshot and not in it yet.
func (s *Space) Unsaved(node arena.Ref) bool {
	return s.snapshotEpoch != 0 && dict.Head[Entry](s.Arena, node).epoch != s.snapshotEpoch
}

// MarkSaved notes that the running snapshot has this key.
func (s *Space) MarkSaved(node arena.Ref) {
	dict.Head[Entry](s.Arena, node).epoch = s.snapshotEpoch
}
