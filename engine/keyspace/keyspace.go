// Package keyspace is the databases: keys, their expiry, and everything that
// happens to a key whatever its type.
//
// A key is one node of a dict: the dict's own part, an Entry, the key's bytes.
// No Go pointer leads to it. Whoever changes a value follows one protocol:
// LookupWrite before the first change (an expired key goes, a running snapshot
// saves the old state), Modified after it (WATCH, change number, the page).
package keyspace

import (
	"math/bits"
	"math/rand/v2"
	"slices"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
	"everysec/engine/object"
)

// Entry is what the keyspace knows of a key beside its name.
type Entry struct {
	Value object.Value
	// ExpireAt is Unix time in milliseconds; 0: the key does not expire.
	ExpireAt int64
	// Change is the number of the change that touched the key last. A key is
	// on disk when the durability watermark has passed it.
	Change uint64
	// volatile is 1 + the position in DB.volatile, 0 when ExpireAt is 0.
	volatile uint32
	// reported is 1 + the position in Space.changed, 0 when not listed.
	reported uint32
	// epoch is the snapshot that has this key already.
	epoch uint16
	_     uint16
	// expiring is 1 + the position in DB.expiring, 0 when not listed.
	expiring uint32
}

const entryBytes = 48

// Observer is told what happens to keys. The server implements it.
type Observer interface {
	// KeyExpiring is called before and after such a key is deleted.
	KeyExpiring(done bool)
	// KeyExpired is called when a key has been deleted because its time had
	// come: the deletion is to be propagated and published.
	KeyExpired(db *DB, key []byte)
	// KeyRemoved is called before any key leaves the keyspace.
	KeyRemoved(db *DB, key []byte)
	// SaveBeforeChange is called while a snapshot runs, before the first
	// change to a key that the snapshot has not written yet.
	SaveBeforeChange(db *DB, node arena.Ref)
	// KeepTable is called while a snapshot runs with the keys of a database
	// that was flushed. If it is true they are the snapshot's, which gives
	// them to FreeTable when it has read them.
	KeepTable(keys *dict.Dict) bool
	// KeyAdded is called after a key has come, if TellAdded asks for it. Its
	// value may still be empty.
	KeyAdded(db *DB, key []byte, t object.Type)
	// KeyModified is called by Modified, if TellModified asks for it.
	KeyModified(db *DB, key []byte)
}

// Space is all databases of one server.
type Space struct {
	Arena   *arena.Arena
	Objects *object.Store
	DBs     []*DB
	touched byte // means nothing, see Touch
	// Now is the time of the command that runs, Unix milliseconds. It stands
	// still while a command, a script or a transaction runs.
	Now int64
	// Change is the number of the change being made: one more than the last
	// one propagated.
	Change uint64
	// Random chooses random keys; seeded by the owner.
	Random *rand.Rand
	// ExpireDisabled keeps expired keys where they are and visible, as while
	// an AOF is replayed.
	ExpireDisabled bool
	// KeepExpired leaves expired keys where they are, though nobody sees them,
	// as while CLIENT PAUSE holds the writes.
	KeepExpired bool
	// LazyExpire frees big values of expired keys in slices.
	LazyExpire bool
	// Access is how uses of keys are noted.
	Access Access
	// TellAdded and TellModified make Observer.KeyAdded and KeyModified be called.
	TellAdded, TellModified bool

	Observer Observer
	// snapshotEpoch is not 0 while a snapshot runs.
	snapshotEpoch uint16
	lastEpoch     uint16

	changed []change
	lazy    []lazyFree

	// Statistics, as INFO names them.
	ExpiredKeys, Hits, Misses, LazyFreed int64
	ExpiredFields                        int64

	// FieldsExpired, if set, is called when fields of a hash have been deleted
	// because their time had come, and with them the last one the key: gone.
	FieldsExpired func(db *DB, key []byte, fields [][]byte, gone bool)
}

type change struct {
	db   *DB
	node arena.Ref
}

// lazyFree is something unlinked that is freed in slices: a value, or all the
// keys of a flushed database.
type lazyFree struct {
	value object.Value
	keys  *dict.Dict
}

// DB is one database.
type DB struct {
	ID    int
	Keys  *dict.Dict
	Space *Space

	// volatile lists the keys with an expiry, in no order: sampling one is one
	// random index, and leaving is a swap with the last.
	volatile []arena.Ref
	// expireCursor is where the active expire cycle continues.
	expireCursor int

	// expiring lists the hashes that have, or had, fields with an expiry.
	expiring    []arena.Ref
	fieldCursor int // where the active cycle continues in it

	watched map[string][]Watcher
}

// Watcher is a client that WATCHes keys.
type Watcher interface {
	// Touched marks the client's transaction as dirty.
	Touched()
}

// New returns an empty keyspace of n databases.
func New(a *arena.Arena, n int, seed uint64) *Space {
	s := &Space{
		Arena:   a,
		Objects: object.NewStore(a, seed),
		Random:  rand.New(rand.NewPCG(seed, 0x6b657973)),
		Change:  1,
	}
	for i := range n {
		s.DBs = append(s.DBs, &DB{ID: i, Keys: newKeys(a, seed+uint64(i)), Space: s, watched: map[string][]Watcher{}})
	}
	return s
}

// newKeys is an empty table of keys. A value is an object of its own in
// redis-server, and rounded up more than here.
func newKeys(a *arena.Arena, seed uint64) *dict.Dict {
	const objectCost = 18
	d := dict.New(a, seed)
	d.SetCost(dict.Cost{Bytes: objectCost})
	return d
}

func (db *DB) entry(node arena.Ref) *Entry { return dict.Head[Entry](db.Space.Arena, node) }

// EntryOf is the entry of a node that Keys returned.
func (db *DB) EntryOf(node arena.Ref) *Entry { return db.entry(node) }

// KeyOf is the key of a node, aliasing the arena.
func (db *DB) KeyOf(node arena.Ref) []byte { return dict.Key(db.Space.Arena, node) }

// Len is the number of keys, expired ones that nobody met yet included.
func (db *DB) Len() int { return db.Keys.Len() }

// Volatile is the number of keys with an expiry.
func (db *DB) Volatile() int { return len(db.volatile) }

// Peek finds a key without any of a lookup's effects: no expiry, no
// statistics, no clock.
func (db *DB) Peek(key []byte) *Entry {
	node := db.Keys.Find(key)
	if node == 0 {
		return nil
	}
	return db.entry(node)
}

// Lookup finds a key for reading. An expired key is deleted and not found.
// The clock of its last use is touched unless noTouch.
func (db *DB) Lookup(key []byte, noTouch bool) *Entry {
	node := db.Keys.Find(key)
	if node == 0 {
		db.Space.Misses++
		return nil
	}
	e := db.entry(node)
	if e.ExpireAt != 0 && db.expireIfNeeded(key, e) || e.Value.HasFieldExpiry && db.expireFields(key, node, e) {
		db.Space.Misses++
		return nil
	}
	db.Space.Hits++
	if !noTouch {
		db.Space.touch(e)
	}
	return e
}

// Touch touches what finding keys reads, and their values: see package dict. It
// is a hint; nothing changes.
func (db *DB) Touch(keys [][]byte) {
	var array [64]arena.Ref
	db.Space.TouchValues(db.Keys.Touch(keys, array[:0]))
}

// TouchValues touches the beginnings of the values that nodes of keys refer to.
func (s *Space) TouchValues(nodes []arena.Ref) {
	for _, node := range nodes {
		s.touched += s.Objects.Touch(&dict.Head[Entry](s.Arena, node).Value)
	}
}

// LookupWrite finds a key that is about to be changed. While a snapshot runs
// it first sees to it that the snapshot has the old state.
func (db *DB) LookupWrite(key []byte) *Entry {
	node := db.Keys.Find(key)
	if node == 0 {
		return nil
	}
	e := db.entry(node)
	if e.ExpireAt != 0 && db.expireIfNeeded(key, e) || e.Value.HasFieldExpiry && db.expireFields(key, node, e) {
		return nil
	}
	db.Space.touch(e)
	if s := db.Space; s.snapshotEpoch != 0 && e.epoch != s.snapshotEpoch {
		s.Observer.SaveBeforeChange(db, node)
	}
	return e
}

// Expired tells whether the key's time has come.
func (s *Space) Expired(e *Entry) bool {
	return e.ExpireAt != 0 && s.Now > e.ExpireAt && !s.ExpireDisabled
}

func (db *DB) expireIfNeeded(key []byte, e *Entry) bool {
	if !db.Space.Expired(e) {
		return false
	}
	if !db.Space.KeepExpired {
		db.expire(key)
	}
	return true
}

// expire deletes a key whose time has come and says so. key may alias the
// node that goes.
func (db *DB) expire(key []byte) {
	name := append([]byte(nil), key...)
	db.Space.ExpiredKeys++
	db.Space.Observer.KeyExpiring(false)
	db.remove(name, db.Space.LazyExpire)
	db.Space.Observer.KeyExpiring(true)
	db.touchWatchers(name)
	db.Space.Observer.KeyExpired(db, name)
}

// Add puts a new key in and returns its entry. The key must be absent: an
// expired key of that name has been removed by LookupWrite.
func (db *DB) Add(key []byte, v object.Value) *Entry {
	node, added := db.Keys.Add(key, entryBytes)
	e := db.entry(node)
	if !added {
		panic("keyspace: Add of a key that exists")
	}
	e.Value = v
	e.Value.Clock = db.Space.newClock()
	e.epoch = db.Space.snapshotEpoch
	if v.HasFieldExpiry {
		db.trackFields(e, node)
	}
	if db.Space.TellAdded {
		db.Space.Observer.KeyAdded(db, key, v.Type)
	}
	return e
}

// Set puts a value under a key whether or not the key exists, dropping its old
// value and, unless keepTTL, its expiry.
func (db *DB) Set(key []byte, v object.Value, keepTTL bool) *Entry {
	e := db.LookupWrite(key)
	if e == nil {
		return db.Add(key, v)
	}
	db.Replace(e, v)
	if !keepTTL {
		db.Persist(e)
	}
	return e
}

// Replace drops the value of e for another. e came from LookupWrite.
func (db *DB) Replace(e *Entry, v object.Value) {
	clock := e.Value.Clock
	db.Space.Objects.Free(&e.Value)
	db.untrackFields(e)
	e.Value = v
	e.Value.Clock = clock
}

// Delete removes a key; lazily frees a big value when lazy is set. It tells
// whether the key was there: an expired one was not.
func (db *DB) Delete(key []byte, lazy bool) bool {
	if db.LookupWrite(key) == nil {
		return false
	}
	return db.remove(key, lazy)
}

// remove takes a key out whether or not it has expired.
func (db *DB) remove(key []byte, lazy bool) bool {
	s := db.Space
	node := db.Keys.Find(key)
	if node == 0 {
		return false
	}
	e := db.entry(node)
	if s.snapshotEpoch != 0 && e.epoch != s.snapshotEpoch {
		s.Observer.SaveBeforeChange(db, node)
	}
	s.Observer.KeyRemoved(db, key)
	db.Keys.UnlinkNode(node)
	db.forget(e)
	s.freeValue(&e.Value, lazy)
	s.Arena.Free(node)
	return true
}

// forget takes an entry out of the lists that point to it.
func (db *DB) forget(e *Entry) {
	if e.reported != 0 {
		db.Space.changed[e.reported-1].node = 0
		e.reported = 0
	}
	db.Persist(e)
	db.untrackFields(e)
}

// lazyFreeThreshold is Redis's LAZYFREE_THRESHOLD.
const lazyFreeThreshold = 64

// freeValue tells whether the value has been freed, and is not left to FreeLazily.
func (s *Space) freeValue(v *object.Value, lazy bool) bool {
	if lazy && s.Objects.FreeEffort(v) > lazyFreeThreshold {
		s.lazy = append(s.lazy, lazyFree{value: *v})
		return false
	}
	s.Objects.Free(v)
	return true
}

// SetExpire gives a key a time to go, Unix milliseconds, not 0.
func (db *DB) SetExpire(e *Entry, node arena.Ref, at int64) {
	e.ExpireAt = at
	if e.volatile == 0 {
		db.volatile = append(db.volatile, node)
		e.volatile = uint32(len(db.volatile))
	}
}

// ExpireKeyAt is SetExpire for a key by name.
func (db *DB) ExpireKeyAt(key []byte, at int64) {
	node := db.Keys.Find(key)
	db.SetExpire(db.entry(node), node, at)
}

// Persist takes a key's expiry away and tells whether it had one.
func (db *DB) Persist(e *Entry) bool {
	if e.volatile == 0 {
		return false
	}
	i, last := e.volatile-1, len(db.volatile)-1
	moved := db.volatile[last]
	db.volatile[i] = moved
	db.entry(moved).volatile = i + 1
	db.volatile = db.volatile[:last]
	e.volatile, e.ExpireAt = 0, 0
	return true
}

// Modified says that a key was changed, created or removed: clients that watch
// it will see their transaction fail, the page will hear of it. e is nil when
// the key is gone.
func (db *DB) Modified(key []byte, e *Entry) {
	if len(db.watched) != 0 {
		db.touchWatchers(key)
	}
	if db.Space.TellModified {
		db.Space.Observer.KeyModified(db, key)
	}
	if e != nil {
		db.Altered(key, e)
	}
}

// Altered is Modified for the changes that Redis does not tell watchers of:
// those of a stream's groups.
func (db *DB) Altered(key []byte, e *Entry) {
	s := db.Space
	e.Change = s.Change
	if e.reported == 0 {
		db.report(key, e)
	}
}

// reportLimit is how many changed keys are listed between two drains; past it
// the page is told to look at everything anew.
const reportLimit = 20000

func (db *DB) report(key []byte, e *Entry) {
	s := db.Space
	if len(s.changed) >= reportLimit {
		return
	}
	s.changed = append(s.changed, change{db, db.Keys.Find(key)})
	e.reported = uint32(len(s.changed))
}

// DrainChanged calls visit for every key that was changed since the last
// drain and still exists, and tells whether more were changed than listed.
func (s *Space) DrainChanged(visit func(db *DB, key []byte, e *Entry)) (overflow bool) {
	overflow = len(s.changed) >= reportLimit
	for _, c := range s.changed {
		if c.node == 0 {
			continue
		}
		e := c.db.entry(c.node)
		e.reported = 0
		visit(c.db, c.db.KeyOf(c.node), e)
	}
	s.changed = s.changed[:0]
	return overflow
}

// Watch registers a watcher for a key.
func (db *DB) Watch(key []byte, w Watcher) {
	db.watched[string(key)] = append(db.watched[string(key)], w)
}

// Watches tells whether a watcher is registered for a key.
func (db *DB) Watches(key []byte, w Watcher) bool {
	return slices.Contains(db.watched[string(key)], w)
}

// Unwatch removes one registration of a watcher.
func (db *DB) Unwatch(key []byte, w Watcher) {
	list := db.watched[string(key)]
	for i, other := range list {
		if other == w {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(db.watched, string(key))
	} else {
		db.watched[string(key)] = list
	}
}

func (db *DB) touchWatchers(key []byte) {
	if len(db.watched) == 0 {
		return
	}
	for _, w := range db.watched[string(key)] {
		w.Touched()
	}
}

// KeyMemory is what a key with its value takes in bytes, as MEMORY USAGE says
// with so many samples.
func (s *Space) KeyMemory(key []byte, e *Entry, samples int) int64 {
	return object.KeyUsage(key) + s.Objects.Usage(&e.Value, samples)
}

// RandomKey returns a random key that has not expired, or nil. The result
// aliases the arena. Where every key found has expired it gives up after
// 100 tries and returns an expired one, as Redis does on a replica.
func (db *DB) RandomKey() []byte {
	for range 100 {
		node := db.Keys.FairRandom(db.Space.Random)
		if node == 0 {
			return nil
		}
		e := db.entry(node)
		if !db.Space.Expired(e) {
			return db.KeyOf(node)
		}
		if !db.Space.KeepExpired {
			db.expire(db.KeyOf(node))
		}
	}
	return nil
}

// Overhead is what a real server's tables of the keys and of their expiries
// take, beside keys and values.
func (db *DB) Overhead() (keys, expires int64) {
	const slot, entry, object = 8, 24, 16
	shape := db.Keys.Shape()
	keys = int64(db.Len())*(entry+object) + int64(shape.Size[0]+shape.Size[1])*slot
	if n := len(db.volatile); n > 0 {
		expires = int64(n)*entry + int64(slot)<<max(bits.Len(uint(n-1)), 2)
	}
	return keys, expires
}

// AverageTTL is the mean time to live of the keys with an expiry, in
// milliseconds, from a sample of the first hundred.
func (db *DB) AverageTTL() int64 {
	n := min(len(db.volatile), 100)
	if n == 0 {
		return 0
	}
	sum := int64(0)
	for _, node := range db.volatile[:n] {
		sum += max(0, db.entry(node).ExpireAt-db.Space.Now)
	}
	return sum / int64(n)
}
