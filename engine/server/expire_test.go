package server_test

import (
	"strconv"
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// TestExpiryNeverHoldsTheThread: 200,000 keys that expire in the same
// millisecond go in many small cycles, and commands run in between.
func TestExpiryNeverHoldsTheThread(t *testing.T) {
	s := servertest.New(t)
	a := s.Client()
	const keys = 200_000
	for i := range keys {
		a.Send("SET", "key:"+strconv.Itoa(i), "v", "PX", "60000")
		if i%1000 == 999 {
			s.Settle()
			for _, ok := a.Reply(); ok; _, ok = a.Reply() {
			}
		}
	}
	a.Text("SET stays 1")
	s.Advance(60_000_000)
	cycles, most, before := 0, int64(0), int64(0)
	for range 500 {
		left := a.Do("DBSIZE").Int
		if before > 0 {
			most = max(most, before-left)
		}
		if before = left; left == 1 {
			break
		}
		cycles++
		s.Advance(20_000)
	}
	if before != 1 {
		t.Errorf("%d keys are left", before)
	}
	// A slow cycle and a few fast ones: 25 ms and 1 ms each, at 2.25 us a key.
	if most > 15_000 {
		t.Errorf("%d keys were deleted in 20 ms", most)
	}
	if got := infoNumber(t, a, "expired_keys"); got != keys {
		t.Errorf("expired_keys %d", got)
	}
	if got := infoNumber(t, a, "expired_time_cap_reached_count"); got < 5 {
		t.Errorf("expired_time_cap_reached_count %d", got)
	}
	if got := infoNumber(t, a, "expire_cycle_cpu_milliseconds"); got < keys*2250/1_000_000 {
		t.Errorf("expire_cycle_cpu_milliseconds %d", got)
	}
	if got := infoField(t, a, "expired_stale_perc"); got == "0.00" {
		t.Errorf("expired_stale_perc %s right after", got)
	}
	a.Text("CONFIG RESETSTAT")
	if got := infoNumber(t, a, "expired_time_cap_reached_count"); got != 0 {
		t.Errorf("expired_time_cap_reached_count %d after CONFIG RESETSTAT", got)
	}
	t.Logf("%d steps of 20 ms, at most %d keys in one", cycles, most)
}

// TestLazyExpire: with lazyfree-lazy-expire a big value is freed in slices.
func TestLazyExpire(t *testing.T) {
	for lazy, want := range map[string]bool{"yes": true, "no": false} {
		s := servertest.New(t, "lazyfree-lazy-expire", lazy)
		a := s.Client()
		words := []string{"SADD", "s"}
		for i := range 5000 {
			words = append(words, "member:"+strconv.Itoa(i))
		}
		a.Do(words...)
		a.Text("PEXPIRE s 1000")
		a.Text("MULTI")
		a.Text("GET s")
		a.Text("INFO memory")
		s.Now += 2_000_000
		v := a.Do("EXEC")
		if pending := !strings.Contains(string(v.Elems[1].Str), "lazyfree_pending_objects:0\r\n"); pending != want {
			t.Errorf("lazyfree-lazy-expire %s: is something still to be freed? %v", lazy, pending)
		}
	}
}

// TestExpireEffort: more effort leaves fewer expired keys behind.
func TestExpireEffort(t *testing.T) {
	left := func(effort string) int64 {
		s := servertest.New(t, "active-expire-effort", effort)
		a := s.Client()
		for i := range 20_000 {
			px := "100000000"
			if i%16 == 0 { // 6% of the keys: with the least effort not worth going on for
				px = "1000"
			}
			a.Send("SET", "key:"+strconv.Itoa(i), "v", "PX", px)
			if i%1000 == 999 {
				s.Settle()
				for _, ok := a.Reply(); ok; _, ok = a.Reply() {
				}
			}
		}
		s.Advance(4_000_000)
		return a.Do("DBSIZE").Int
	}
	least, most := left("1"), left("10")
	if least <= most || most > 19_000 {
		t.Errorf("%d keys left with effort 1, %d with effort 10", least, most)
	}
}

// TestDynamicHz: many clients make cron run more often, as in Redis.
func TestDynamicHz(t *testing.T) {
	for dynamic, want := range map[string]string{"yes": "40", "no": "10"} {
		s := servertest.New(t, "dynamic-hz", dynamic)
		a := s.Client()
		for range 4100 {
			s.Client()
		}
		if got := infoField(t, a, "hz"); got != want {
			t.Errorf("dynamic-hz %s: hz %s, want %s", dynamic, got, want)
		}
		if got := infoField(t, a, "configured_hz"); got != "10" {
			t.Errorf("configured_hz %s", got)
		}
	}
}
