package server_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// infoField is one field of INFO.
func infoField(t *testing.T, c *servertest.Client, name string) string {
	t.Helper()
	for line := range strings.SplitSeq(string(c.Do("INFO", "everything").Str), "\r\n") {
		if value, is := strings.CutPrefix(line, name+":"); is {
			return value
		}
	}
	t.Fatalf("INFO has no field %s", name)
	return ""
}

func infoNumber(t *testing.T, c *servertest.Client, name string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(infoField(t, c, name), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEvictionIsTold: what is evicted is counted, published, seen by those who
// watch or track it, and replayed from the append-only file.
func TestEvictionIsTold(t *testing.T) {
	for lazy, word := range map[string]string{"no": "DEL", "yes": "UNLINK"} {
		disk := vfs.New(vfs.Options{})
		s := servertest.On(t, disk, "appendonly", "yes", "lazyfree-lazy-eviction", lazy, "maxmemory-policy", "volatile-ttl", "notify-keyspace-events", "KEe")
		a, listener, watcher, tracker := s.Client(), s.Client(), s.Client(), s.Client()
		tracker.Text("HELLO 3")
		tracker.Text("CLIENT TRACKING ON")
		a.Text("SET stays 1")
		a.Text("SET k v EX 1000")
		tracker.Text("GET k")
		watcher.Text("WATCH k")
		watcher.Text("MULTI")
		watcher.Text("PING")
		listener.Text("SUBSCRIBE __keyspace@0__:k __keyevent@0__:evicted")
		listener.Reply()
		a.Text("CONFIG SET maxmemory 1")
		s.Settle()
		expectReplies(t, listener,
			`1) "message" 2) "__keyspace@0__:k" 3) "evicted"`,
			`1) "message" 2) "__keyevent@0__:evicted" 3) "k"`)
		if got, ok := tracker.Reply(); !ok || !strings.Contains(servertest.Format(got), "invalidate") {
			t.Errorf("the client that tracks k heard %s", servertest.Format(got))
		}
		if got := a.Text("SET x y"); got != "(error) OOM command not allowed when used memory > 'maxmemory'." {
			t.Errorf("SET with full memory: %s", got)
		}
		a.Text("CONFIG SET maxmemory 0")
		if got := watcher.Text("EXEC"); got != "(nil)" {
			t.Errorf("EXEC of a client that watches the evicted key: %s", got)
		}
		if got := infoNumber(t, a, "evicted_keys"); got != 1 {
			t.Errorf("evicted_keys %d", got)
		}
		s.Advance(2_000_000)
		if file := text(t, disk, "appendonlydir/appendonly.aof.1.incr.aof"); !strings.Contains(file, fmt.Sprintf("*2\r\n$%d\r\n%s\r\n$1\r\nk\r\n", len(word), word)) {
			t.Errorf("lazyfree-lazy-eviction %s: the append-only file has no %s k: %q", lazy, word, file)
		}
	}
}

// TestEvictionGoesOn: one attempt is bounded by the tenacity, and the rest
// happens between commands, so no command waits for all of it.
func TestEvictionGoesOn(t *testing.T) {
	s := servertest.New(t, "maxmemory-policy", "allkeys-random", "enable-debug-command", "yes")
	a := s.Client()
	a.Text("DEBUG POPULATE 20000 key 100")
	before := infoNumber(t, a, "used_memory")
	a.Do("MULTI")
	a.Do("CONFIG", "SET", "maxmemory", strconv.FormatInt(before/2, 10))
	a.Do("SET", "one", "more")
	a.Do("DBSIZE")
	a.Do("EXEC")
	if got := a.Text("PING"); got != "PONG" {
		t.Errorf("PING while keys are evicted: %s", got)
	}
	s.Settle()
	s.Advance(1_000_000)
	if used := infoNumber(t, a, "used_memory"); used > before/2+4096 || used < before/3 {
		t.Errorf("used_memory %d, of %d before, with maxmemory %d", used, before, before/2)
	}
	if got := infoNumber(t, a, "current_eviction_exceeded_time"); got != 0 {
		t.Errorf("current_eviction_exceeded_time %d although memory is within the limit", got)
	}
}

// TestEvictionExceededTime: the time over the limit is that of the engine.
func TestEvictionExceededTime(t *testing.T) {
	s := servertest.New(t)
	a := s.Client()
	a.Text("CONFIG SET maxmemory 1")
	a.Text("GET k")
	s.Advance(3_000_000)
	if got := infoNumber(t, a, "current_eviction_exceeded_time"); got < 2900 || got > 3100 {
		t.Errorf("current_eviction_exceeded_time %d after 3 s", got)
	}
	a.Text("CONFIG SET maxmemory 0")
	a.Text("GET k")
	if total, now := infoNumber(t, a, "total_eviction_exceeded_time"), infoNumber(t, a, "current_eviction_exceeded_time"); total < 2900 || now != 0 {
		t.Errorf("exceeded time after the limit is gone: %d in all, %d now", total, now)
	}
}

// TestEvictionReplays: the same seed, the same keys evicted.
func TestEvictionReplays(t *testing.T) {
	left := func() string {
		s := servertest.New(t, "maxmemory-policy", "allkeys-lfu", "enable-debug-command", "yes")
		a := s.Client()
		a.Text("DEBUG POPULATE 2000 key 200")
		for i := range 300 {
			a.Text("GET key:" + strconv.Itoa(i*7))
		}
		a.Text("CONFIG SET maxmemory " + strconv.FormatInt(infoNumber(t, a, "used_memory")-200_000, 10))
		s.Advance(1_000_000)
		a.Text("CONFIG SET maxmemory 0")
		return a.Text("KEYS *")
	}
	if one, other := left(), left(); one != other {
		t.Error("two runs evicted different keys")
	}
}

// TestUseSurvivesReload: an RDB file carries idle times and counters when the
// policy goes by them.
func TestUseSurvivesReload(t *testing.T) {
	for _, test := range []struct{ policy, set, ask, want string }{
		{"allkeys-lru", "IDLETIME 500", "OBJECT IDLETIME k", "(integer) 500"},
		{"volatile-lfu", "FREQ 77", "OBJECT FREQ k", "(integer) 77"},
		{"noeviction", "IDLETIME 500", "OBJECT IDLETIME k", "(integer) 0"},
	} {
		s := servertest.New(t, "maxmemory-policy", test.policy, "enable-debug-command", "yes")
		a := s.Client()
		a.Text("SET x 1")
		dump := string(a.Do("DUMP", "x").Str)
		words := append([]string{"RESTORE", "k", "0", dump}, strings.Fields(test.set)...)
		if got := a.Do(words...); string(got.Str) != "OK" {
			t.Fatalf("RESTORE: %s", got.Str)
		}
		if got := a.Text("DEBUG RELOAD"); got != "OK" {
			t.Fatalf("DEBUG RELOAD: %s", got)
		}
		if got := a.Text(test.ask); got != test.want {
			t.Errorf("%s: after a reload %s says %s, want %s", test.policy, test.ask, got, test.want)
		}
	}
}

// TestNoTouch: a client in this mode leaves no trace, except with TOUCH.
func TestNoTouch(t *testing.T) {
	s := servertest.New(t)
	a := s.Client()
	a.Text("SET k v")
	s.Advance(100_000_000)
	a.Text("CLIENT NO-TOUCH ON")
	for _, line := range []string{"GET k", "APPEND k x", "EXISTS k", "TYPE k", "OBJECT ENCODING k", "TTL k", `EVAL "return redis.call('get','k')" 1 k`} {
		a.Text(line)
		if got := a.Text("OBJECT IDLETIME k"); got != "(integer) 100" {
			t.Errorf("after %s the idle time is %s", line, got)
		}
	}
	a.Text("TOUCH k")
	if got := a.Text("OBJECT IDLETIME k"); got != "(integer) 0" {
		t.Errorf("after TOUCH the idle time is %s", got)
	}
}
