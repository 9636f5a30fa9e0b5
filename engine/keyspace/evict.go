package keyspace

import (
	"math"
	"math/rand/v2"
	"strings"

	"everysec/engine/ds/arena"
)

// Which key is to go when memory is full. To keep all keys in order of use
// would cost more than it is worth: as in Redis a few random keys of each
// database are looked at, and the best candidates seen so far are remembered in
// a small pool, so that with every key that goes the next one is a better one.

// Policy is a maxmemory-policy.
type Policy struct {
	Volatile            bool // only keys with an expiry
	LRU, LFU, TTL, None bool // else any key
}

// ParsePolicy reads the name of a policy, which must be one of the eight.
func ParsePolicy(name string) Policy {
	return Policy{
		Volatile: strings.HasPrefix(name, "volatile-"),
		LRU:      strings.HasSuffix(name, "-lru"),
		LFU:      strings.HasSuffix(name, "-lfu"),
		TTL:      strings.HasSuffix(name, "-ttl"),
		None:     name == "noeviction",
	}
}

const poolSize = 16

// Evictor chooses keys to evict.
type Evictor struct {
	Policy  Policy
	Samples int // keys looked at in each database

	pool   []candidate // from the worst to the best
	memory [poolSize]candidate
	nextDB int
	found  []arena.Ref
}

// candidate is a key by name: it may be gone when its turn comes.
type candidate struct {
	key []byte
	db  int
	// score is the higher the better it is to evict the key: its idle time, how
	// rarely it is used, how soon it expires.
	score uint64
}

// SetPolicy changes the policy; candidates of another policy are forgotten.
func (v *Evictor) SetPolicy(p Policy, samples int) {
	if v.Policy != p {
		v.pool = v.pool[:0]
	}
	v.Policy, v.Samples = p, samples
}

// Next chooses a key to evict: nil if there is none. The key aliases the
// arena or the pool: it is valid until it is deleted.
func (v *Evictor) Next(s *Space) (*DB, []byte) {
	if !v.Policy.LRU && !v.Policy.LFU && !v.Policy.TTL {
		return v.random(s)
	}
	if v.pool == nil {
		v.pool = v.memory[:0]
	}
	for {
		total := 0
		for _, db := range s.DBs {
			if n := v.size(db); n > 0 {
				v.populate(s, db)
				total += n
			}
		}
		if total == 0 {
			return nil, nil
		}
		for len(v.pool) > 0 {
			best := v.pool[len(v.pool)-1]
			v.pool = v.pool[:len(v.pool)-1]
			db := s.DBs[best.db]
			if e := db.Peek(best.key); e != nil && (!v.Policy.Volatile || e.ExpireAt != 0) {
				return db, best.key
			}
		}
	}
}

func (v *Evictor) size(db *DB) int {
	if v.Policy.Volatile {
		return len(db.volatile)
	}
	return db.Keys.Len()
}

// random takes the databases in turn.
func (v *Evictor) random(s *Space) (*DB, []byte) {
	for range s.DBs {
		v.nextDB = (v.nextDB + 1) % len(s.DBs)
		db := s.DBs[v.nextDB]
		if v.size(db) == 0 {
			continue
		}
		if v.Policy.Volatile {
			return db, db.KeyOf(db.volatile[s.Random.IntN(len(db.volatile))])
		}
		return db, db.KeyOf(db.Keys.Random(s.Random))
	}
	return nil, nil
}

// populate looks at some keys of a database and puts those into the pool that
// are better than what is in it.
func (v *Evictor) populate(s *Space, db *DB) {
	v.found = v.sample(v.found[:0], s.Random, db)
	for _, node := range v.found {
		e := db.entry(node)
		var score uint64
		switch {
		case v.Policy.LFU:
			score = uint64(frequencyMax - s.Frequency(e))
		case v.Policy.TTL:
			score = math.MaxUint64 - uint64(e.ExpireAt)
		default:
			score = uint64(s.IdleSeconds(e))
		}
		v.offer(db.ID, db.KeyOf(node), score)
	}
}

func (v *Evictor) sample(dst []arena.Ref, r *rand.Rand, db *DB) []arena.Ref {
	if !v.Policy.Volatile {
		dst = db.Keys.Sample(r, dst, v.Samples)
		return dst[:min(len(dst), v.Samples)]
	}
	for range min(v.Samples, len(db.volatile)) {
		dst = append(dst, db.volatile[r.IntN(len(db.volatile))])
	}
	return dst
}

// offer keeps a key among the candidates if it is good enough.
func (v *Evictor) offer(db int, key []byte, score uint64) {
	at := 0
	for at < len(v.pool) && v.pool[at].score < score {
		at++
	}
	if len(v.pool) == poolSize {
		if at == 0 {
			return // worse than all
		}
		worst := v.pool[0]
		copy(v.pool, v.pool[1:at])
		at--
		v.pool[at] = worst // for its memory
	} else {
		v.pool = v.pool[:len(v.pool)+1]
		spare := v.pool[len(v.pool)-1]
		copy(v.pool[at+1:], v.pool[at:len(v.pool)-1])
		v.pool[at] = spare
	}
	c := &v.pool[at]
	c.key, c.db, c.score = append(c.key[:0], key...), db, score
}

// Evict deletes a key to make room and says so to those who watch it.
func (db *DB) Evict(key []byte, lazy bool) {
	db.remove(key, lazy)
	db.Modified(key, nil)
}
