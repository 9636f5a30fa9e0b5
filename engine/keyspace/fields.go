package keyspace

import (
	"bytes"
	"math"

	"everysec/engine/ds/arena"
)

// Fields of hashes that expire. A lookup of such a hash first takes out all
// fields whose time has come, so that no command ever meets one; the active
// cycle does the same to hashes that nobody asks for. Both are told to
// Space.FieldsExpired, which propagates them as HDEL.

// expireFields deletes the fields of a hash whose time has come, and tells
// whether the key went with them.
func (db *DB) expireFields(key []byte, node arena.Ref, e *Entry) (gone bool) {
	return db.expireSomeFields(key, node, e, math.MaxInt)
}

// expireSomeFields deletes at most limit of them. key may alias the node that
// goes.
func (db *DB) expireSomeFields(key []byte, node arena.Ref, e *Entry, limit int) (gone bool) {
	s := db.Space
	h := s.Objects.Hash(&e.Value)
	if s.ExpireDisabled || s.KeepExpired || s.Now <= h.NextExpiry() {
		return false
	}
	name := bytes.Clone(key)
	if s.snapshotEpoch != 0 && e.epoch != s.snapshotEpoch {
		s.Observer.SaveBeforeChange(db, node)
	}
	var fields [][]byte
	for len(fields) < limit {
		field := h.TakeExpired(s.Now)
		if field == nil {
			break
		}
		fields = append(fields, field)
	}
	s.ExpiredFields += int64(len(fields))
	db.touchWatchers(name)
	if gone = h.Len() == 0; gone {
		db.remove(name, false)
	} else {
		db.Altered(name, e)
	}
	if s.FieldsExpired != nil {
		s.FieldsExpired(db, name, fields, gone)
	}
	return gone
}

// TrackFields lists a hash whose fields got an expiry for the active cycle.
func (db *DB) TrackFields(key []byte) {
	node := db.Keys.Find(key)
	if e := db.entry(node); e.Value.HasFieldExpiry {
		db.trackFields(e, node)
	}
}

func (db *DB) trackFields(e *Entry, node arena.Ref) {
	if e.expiring == 0 {
		db.expiring = append(db.expiring, node)
		e.expiring = uint32(len(db.expiring))
	}
}

func (db *DB) untrackFields(e *Entry) {
	if e.expiring == 0 {
		return
	}
	i, last := e.expiring-1, len(db.expiring)-1
	moved := db.expiring[last]
	db.expiring[i] = moved
	db.entry(moved).expiring = i + 1
	db.expiring = db.expiring[:last]
	e.expiring = 0
}

// Expiring is the number of hashes with fields that expire.
func (db *DB) Expiring() int {
	for i := len(db.expiring) - 1; i >= 0; i-- {
		if e := db.entry(db.expiring[i]); !e.Value.HasFieldExpiry {
			db.untrackFields(e) // the last one, seen before, takes its place
		}
	}
	return len(db.expiring)
}

// fieldsAtOnce is how many fields of one hash a step of the active cycle
// deletes at most: the rest waits for the next, or for somebody who looks.
const fieldsAtOnce = 1000

// ExpireFieldsSample is one step of the active cycle: it looks at up to n of
// these hashes.
func (db *DB) ExpireFieldsSample(n int) {
	for ; n > 0 && len(db.expiring) > 0; n-- {
		if db.fieldCursor >= len(db.expiring) {
			db.fieldCursor = 0
			n = min(n, len(db.expiring)) // once around is enough
		}
		node := db.expiring[db.fieldCursor]
		e := db.entry(node)
		if !e.Value.HasFieldExpiry {
			db.untrackFields(e)
			continue
		}
		if !db.expireSomeFields(db.KeyOf(node), node, e, fieldsAtOnce) {
			db.fieldCursor++
		}
	}
}
