package server_test

import (
	"strconv"
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// alive tells whether the server still has the connection.
func alive(s *servertest.Server, c *servertest.Client) bool {
	for _, other := range s.Clients() {
		if other.ID == c.ID {
			return !other.CloseNow
		}
	}
	return false
}

func TestClientEviction(t *testing.T) {
	s := servertest.New(t)
	small, kept, big, large := s.Client(), s.Client(), s.Client(), s.Client()
	expect(t, kept, "CLIENT NO-EVICT ON", "OK")
	value := strings.Repeat("x", 300<<10)
	for _, c := range []*servertest.Client{kept, big} {
		expect(t, c, "MULTI", "OK")
		if got := c.Do("SET", "k", value); string(got.Str) != "QUEUED" {
			t.Fatal("not queued")
		}
	}
	held := s.Clients()[1].Buffers.Memory // by kept, as much as by big
	if held < 300<<10 || held > 2<<20 {
		t.Fatalf("a queued command of 300 KB counts as %d bytes", held)
	}
	limit := strconv.FormatInt(held+150<<10, 10)
	expect(t, small, "CONFIG SET maxmemory-clients "+limit, "OK", "PING", "PONG")
	if alive(s, big) || !alive(s, kept) || !alive(s, small) || !alive(s, large) {
		t.Errorf("big %v, kept %v, small %v, large %v", alive(s, big), alive(s, kept), alive(s, small), alive(s, large))
	}
	// One that sends a large command goes before that runs.
	large.Send("SET", "k", value)
	s.Settle()
	if alive(s, large) || !alive(s, small) {
		t.Error("the client with a large request stays")
	}
	if info := string(s.Client().Do("INFO", "stats").Str); !strings.Contains(info, "evicted_clients:2\r\n") {
		t.Error(info)
	}
	// A percentage is of maxmemory; without it there is no limit.
	expect(t, small, "CONFIG SET maxmemory-clients 1%", "OK", "PING", "PONG", "CONFIG GET maxmemory-clients", "1) \"maxmemory-clients\"\n2) \"1%\"",
		"EXISTS k", "(integer) 0")
	small.Send("CONFIG", "SET", "maxmemory", "100kb")
	s.Settle()
	if alive(s, small) {
		t.Error("1% of 100 kB is enough for a client")
	}
}

func TestClientListTellsWhatIsHeld(t *testing.T) {
	s := servertest.New(t)
	c, other := s.Client(), s.Client()
	other.Text("MULTI")
	other.Do("SET", "key", strings.Repeat("x", 50000))
	other.Send("PING")
	s.Settle()
	s.Unsent(other.ID, 70000)
	line := c.Text("CLIENT LIST")
	for _, field := range []string{" multi=2 ", " multi-mem=50042 ", " oll=4 ", " omem=82016 ", " events=rw ", " user=default ", " flags=x "} {
		if !strings.Contains(line, field) {
			t.Errorf("no %q in %s", field, line)
		}
	}
}
