package server

import (
	"everysec/engine/config"
	"everysec/engine/event"
	"everysec/engine/keyspace"
)

// Eviction. Before a command runs, keys are deleted until the memory used is
// within maxmemory again. One attempt works only so long, as
// maxmemory-eviction-tenacity says; if that is not enough the command runs all
// the same, and eviction goes on between commands. Only where nothing can be
// evicted is memory full, and commands that need more are refused.

// eviction is its state.
type eviction struct {
	keyspace.Evictor
	// running: the last attempt did not finish, Step goes on with it.
	running bool
	// full is the outcome before the command that runs: nothing can be evicted.
	full bool

	name []byte // of the key that goes

	keys       int64 // evicted since the start
	over       bool  // the memory is over the limit
	overSince  int64 // microseconds
	overBefore int64 // microseconds that it was, until it no longer was
}

type evictionResult int

const (
	evictionDone    evictionResult = iota
	evictionRunning                // to be continued
	evictionFailed
)

// applyMemoryPolicy takes over what the configuration says about memory.
func (s *Server) applyMemoryPolicy() {
	c := s.config
	s.eviction.SetPolicy(keyspace.ParsePolicy(c.MaxMemoryPolicy), c.MaxMemorySamples)
	s.space.LazyExpire = c.LazyFreeLazyExpire
	s.space.Access.LFU = s.eviction.Policy.LFU
	s.space.Access.LogFactor, s.space.Access.DecayTime = c.LFULogFactor, c.LFUDecayTime
}

// maySafelyEvict: not in the middle of a script, of loading, of a pause.
func (s *Server) maySafelyEvict() bool { return s.busy == nil && s.loading == nil && !s.paused() }

// An attempt ends after the time that tenacity allows, in microseconds. So
// that a run replays it is not measured: a key is charged keyWork, and what its
// value consists of a little more.
const (
	keyWork      = 5
	partsPerWork = 20
	checkAfter   = 16 // keys
)

func (s *Server) evictionLimit() int {
	tenacity := s.config.MaxMemoryEvictionTenacity
	switch {
	case tenacity <= 10:
		return 50 * tenacity
	case tenacity < 100:
		limit := 500.0
		for range tenacity - 10 {
			limit *= 1.15
		}
		return int(limit)
	}
	return 1 << 62
}

// performEvictions is one attempt.
func (s *Server) performEvictions() evictionResult {
	if !s.maySafelyEvict() {
		return evictionDone
	}
	result := s.evict()
	ev := &s.eviction
	ev.running = result == evictionRunning
	switch {
	case result == evictionDone && ev.over:
		ev.over = false
		ev.overBefore += s.now - ev.overSince
	case result != evictionDone && !ev.over:
		ev.over, ev.overSince = true, s.now
	}
	return result
}

func (s *Server) evict() evictionResult {
	excess := s.excessMemory()
	if excess <= 0 {
		return evictionDone
	}
	ev := &s.eviction
	if ev.Policy.None {
		return evictionFailed
	}
	begun := s.begin()
	defer func() { s.ended("eviction-cycle", begun) }()
	lazy := s.config.LazyFreeLazyEviction
	limit, work := s.evictionLimit(), 0
	for n := 1; excess > 0; n++ {
		db, key := ev.Next(s.space)
		if db == nil {
			return s.awaitLazyFree(limit - work)
		}
		before := s.space.Arena.Used()
		work += keyWork + s.evictKey(db, key, lazy)/partsPerWork
		excess -= before - s.space.Arena.Used()
		if n%checkAfter == 0 {
			if lazy && s.excessMemory() <= 0 {
				return evictionDone
			}
			if work > limit {
				return evictionRunning
			}
		}
	}
	return evictionDone
}

// evictKey deletes one key and says so everywhere; it returns how many parts
// were freed at once.
func (s *Server) evictKey(db *keyspace.DB, key []byte, lazy bool) int {
	name := append(s.eviction.name[:0], key...)
	s.eviction.name = name
	parts := 0
	if !lazy {
		parts = s.space.Objects.FreeEffort(&db.Peek(name).Value)
	}
	begun := s.begin()
	db.Evict(name, lazy)
	s.ended("eviction-del", begun)
	s.observed.because(event.Evicted, db.ID)
	s.eviction.keys++
	s.NotifyKeyspace(db.ID, config.NotifyEvicted, "evicted", name)
	word := wordDel
	if lazy {
		word = wordUnlink
	}
	s.Propagate(db.ID, [][]byte{word, name})
	s.flushUnit()
	return parts
}

// awaitLazyFree gives back what was unlinked and not freed yet, when there is
// no key left to evict.
func (s *Server) awaitLazyFree(limit int) evictionResult {
	begun := s.begin()
	defer func() { s.ended("eviction-lazyfree", begun) }()
	for ; limit > 0 && s.space.LazyPending() > 0; limit -= keyWork {
		s.space.FreeLazily(keyWork * partsPerWork)
		if s.excessMemory() <= 0 {
			return evictionDone
		}
	}
	return evictionFailed
}

var wordDel, wordUnlink = []byte("DEL"), []byte("UNLINK")

// exceeded is for how long the memory was over the limit, in microseconds: in
// all, and now.
func (ev *eviction) exceeded(now int64) (total, current int64) {
	if ev.over {
		current = now - ev.overSince
	}
	return ev.overBefore + current, current
}
