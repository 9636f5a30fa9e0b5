package keyspace_test

import (
	"bytes"
	"testing"

	"everysec/engine/keyspace"
)

// evictSome evicts n keys and returns how many of those were in want, by their
// number.
func evictSome(t *testing.T, s *keyspace.Space, policy string, samples, n int, want func(i int) bool) (hits int) {
	t.Helper()
	var v keyspace.Evictor
	v.SetPolicy(keyspace.ParsePolicy(policy), samples)
	for range n {
		db, key := v.Next(s)
		if db == nil {
			t.Fatal("no key is left")
		}
		key = bytes.Clone(key)
		var i int
		for _, digit := range key[len("key:"):] {
			i = i*10 + int(digit-'0')
		}
		if want(i) {
			hits++
		}
		db.Evict(key, false)
		if db.Peek(key) != nil {
			t.Fatalf("%s is still there", key)
		}
	}
	return hits
}

// TestLRUQuality: of 2,000 keys used one after the other, one a second, the
// oldest half is to go. True LRU would hit it every time, chance every other.
func TestLRUQuality(t *testing.T) {
	for _, test := range []struct {
		samples int
		least   float64
	}{{1, 0.7}, {5, 0.93}, {10, 0.97}} {
		hits := 0
		for seed := range uint64(10) {
			s := openSpace(4, seed)
			for i := range 2000 {
				s.Now += 1000
				s.DBs[i%4].Add(name(i), s.Objects.NewString([]byte("value")))
			}
			hits += evictSome(t, s, "allkeys-lru", test.samples, 1000, func(i int) bool { return i < 1000 })
		}
		got := float64(hits) / 10_000
		t.Logf("maxmemory-samples %d: %.1f%% of the evicted keys were of the older half", test.samples, got*100)
		if got < test.least {
			t.Errorf("maxmemory-samples %d: %.3f, want at least %.3f", test.samples, got, test.least)
		}
	}
}

// TestLFUQuality: every fifth key is used a hundred times, though long ago:
// those are to stay.
func TestLFUQuality(t *testing.T) {
	evicted := 0
	for seed := range uint64(10) {
		s := openSpace(1, seed)
		s.Access.LFU = true
		addKeys(t, s, 1000)
		for range 100 {
			for i := 0; i < 1000; i += 5 {
				s.DBs[0].Lookup(name(i), false)
			}
		}
		for i := range 1000 {
			if i%5 != 0 {
				s.DBs[0].Lookup(name(i), false)
			}
		}
		evicted += evictSome(t, s, "allkeys-lfu", 5, 500, func(i int) bool { return i%5 == 0 })
	}
	got := float64(evicted) / 5000
	t.Logf("%.2f%% of the evicted keys were in frequent use; by chance it would be 20%%", got*100)
	if got > 0.02 {
		t.Errorf("%.3f of the evicted keys were in frequent use", got)
	}
}

// TestVolatilePolicies: keys without an expiry stay, and when only they are
// left there is nothing to evict.
func TestVolatilePolicies(t *testing.T) {
	for _, policy := range []string{"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"} {
		s := openSpace(2, 3)
		addKeys(t, s, 1000)
		for i := 0; i < 1000; i += 2 {
			s.DBs[0].ExpireKeyAt(name(i), s.Now+int64(i+1)*1000)
		}
		early := 0
		if got := evictSome(t, s, policy, 5, 250, func(i int) bool {
			if i < 500 {
				early++
			}
			return i%2 == 0
		}); got != 250 {
			t.Errorf("%s: %d of 250 evicted keys had an expiry", policy, got)
		}
		if policy == "volatile-ttl" && early < 225 {
			t.Errorf("%s: only %d of 250 were of the half that expires first", policy, early)
		}
		evictSome(t, s, policy, 5, 250, func(int) bool { return true })
		var v keyspace.Evictor
		v.SetPolicy(keyspace.ParsePolicy(policy), 5)
		if db, key := v.Next(s); db != nil {
			t.Errorf("%s: evicts %s, which has no expiry", policy, key)
		}
	}
}

// TestRandomPolicyIsFair: every database and every key has its turn.
func TestRandomPolicyIsFair(t *testing.T) {
	s := openSpace(2, 9)
	for i := range 1000 {
		s.DBs[i%2].Add(name(i), s.Objects.NewString([]byte("value")))
	}
	var v keyspace.Evictor
	v.SetPolicy(keyspace.ParsePolicy("allkeys-random"), 5)
	for range 400 {
		db, key := v.Next(s)
		db.Evict(bytes.Clone(key), false)
	}
	if a, b := s.DBs[0].Len(), s.DBs[1].Len(); a != 300 || b != 300 {
		t.Errorf("%d and %d keys are left of 500 each, after 400 evictions", a, b)
	}
}

// TestPoolSurvivesChange: candidates that are gone, or that lost their expiry,
// are passed over.
func TestPoolSurvivesChange(t *testing.T) {
	s := openSpace(1, 5)
	addKeys(t, s, 50)
	for i := range 50 {
		s.DBs[0].ExpireKeyAt(name(i), s.Now+int64(i+1)*1000)
	}
	var v keyspace.Evictor
	v.SetPolicy(keyspace.ParsePolicy("volatile-ttl"), 5)
	db, key := v.Next(s)
	db.Evict(bytes.Clone(key), false)
	for i := range 50 {
		if i%2 == 0 {
			s.DBs[0].Delete(name(i), false)
		} else if e := s.DBs[0].Peek(name(i)); e != nil && i != 49 {
			s.DBs[0].Persist(e)
		}
	}
	db, key = v.Next(s)
	if db == nil || string(key) != "key:49" {
		t.Fatalf("evicts %s, want key:49: the only one that expires", key)
	}
}
