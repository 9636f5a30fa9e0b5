package keyspace_test

import (
	"fmt"
	"testing"

	"everysec/engine/ds/arena"
	"everysec/engine/keyspace"
)

// addKeys adds n strings named key:0 and so on.
func addKeys(t testing.TB, s *keyspace.Space, n int) {
	t.Helper()
	for i := range n {
		s.DBs[0].Add(name(i), s.Objects.NewString([]byte("value")))
	}
}

func name(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }

func openSpace(databases int, seed uint64) *keyspace.Space {
	s := keyspace.New(arena.New(), databases, seed)
	s.Observer = &witness{}
	s.Now = 1_700_000_000_000
	s.Access = keyspace.Access{LogFactor: 10, DecayTime: 1}
	return s
}

func TestIdleTime(t *testing.T) {
	s := openSpace(1, 1)
	db := s.DBs[0]
	e := db.Add([]byte("k"), s.Objects.NewString([]byte("v")))
	s.Now += 5500
	if got := s.IdleSeconds(e); got != 5 {
		t.Errorf("after 5.5 s the idle time is %d", got)
	}
	db.Lookup([]byte("k"), true)
	if got := s.IdleSeconds(e); got != 5 {
		t.Errorf("a look that is no use made the idle time %d", got)
	}
	s.Access.Off = true
	db.LookupWrite([]byte("k"))
	if got := s.IdleSeconds(e); got != 5 {
		t.Errorf("a use under NO-TOUCH made the idle time %d", got)
	}
	s.Access.Off = false
	db.Lookup([]byte("k"), false)
	if got := s.IdleSeconds(e); got != 0 {
		t.Errorf("after a use the idle time is %d", got)
	}
	// The clock of 24 bits begins again.
	s.Now = (1<<24 - 2) * 1000
	db.Lookup([]byte("k"), false)
	s.Now += 10_000
	if got := s.IdleSeconds(e); got != 9 { // one less than it was, as in Redis
		t.Errorf("over the end of the clock the idle time is %d", got)
	}
}

func TestSetUse(t *testing.T) {
	s := openSpace(1, 1)
	e := s.DBs[0].Add([]byte("k"), s.Objects.NewString([]byte("v")))
	s.SetUse(e, 100, 7)
	if got := s.IdleSeconds(e); got != 100 {
		t.Errorf("idle time %d, want 100", got)
	}
	s.SetUse(e, -1, 7)
	if got := s.IdleSeconds(e); got != 100 {
		t.Errorf("a counter changed the clock: %d", got)
	}
	s.Access.LFU = true
	s.SetUse(e, 100, 7)
	if got := s.Frequency(e); got != 7 {
		t.Errorf("counter %d, want 7", got)
	}
}

// TestFrequency compares the counter with what Redis's documentation says of
// 100, 1000, 100,000 and a million uses.
func TestFrequency(t *testing.T) {
	for _, test := range []struct{ factor, uses, least, most int }{
		{0, 100, 100, 110},
		{0, 1000, 255, 255},
		{1, 100, 13, 25},
		{1, 1000, 40, 60},
		{10, 100, 7, 14},
		{10, 1000, 14, 24},
		{10, 100_000, 130, 156},
		{10, 1_000_000, 255, 255},
		{100, 1000, 7, 14},
		{100, 100_000, 42, 58},
	} {
		s := openSpace(1, uint64(test.factor*test.uses)+1)
		s.Access.LFU, s.Access.LogFactor = true, test.factor
		e := s.DBs[0].Add([]byte("k"), s.Objects.NewString([]byte("v")))
		if got := s.Frequency(e); got != 5 {
			t.Fatalf("the counter of a new key is %d", got)
		}
		for range test.uses {
			s.DBs[0].Lookup([]byte("k"), false)
		}
		if got := s.Frequency(e); got < test.least || got > test.most {
			t.Errorf("lfu-log-factor %d, %d uses: counter %d, want %d to %d", test.factor, test.uses, got, test.least, test.most)
		}
	}
}

func TestFrequencyDecays(t *testing.T) {
	s := openSpace(1, 1)
	s.Access.LFU, s.Access.DecayTime = true, 2
	e := s.DBs[0].Add([]byte("k"), s.Objects.NewString([]byte("v")))
	s.SetUse(e, -1, 10)
	for _, test := range []struct{ minutes, want int }{{0, 10}, {1, 10}, {2, 9}, {9, 6}, {19, 1}, {21, 0}, {5000, 0}} {
		start := s.Now
		s.Now += int64(test.minutes) * 60_000
		if got := s.Frequency(e); got != test.want {
			t.Errorf("after %d minutes the counter is %d, want %d", test.minutes, got, test.want)
		}
		s.Now = start
	}
	s.Access.DecayTime = 0
	s.Now += 1000 * 60_000
	if got := s.Frequency(e); got != 10 {
		t.Errorf("with lfu-decay-time 0 the counter fell to %d", got)
	}
}
