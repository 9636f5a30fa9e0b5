package server_test

import (
	"slices"
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// expectReplies takes what has come for a client and compares it.
func expectReplies(t *testing.T, c *servertest.Client, want ...string) {
	t.Helper()
	var got []string
	for {
		v, ok := c.Reply()
		if !ok {
			break
		}
		got = append(got, strings.ReplaceAll(servertest.Format(v), "\n", " "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("replies: %q, want %q", got, want)
	}
}

func TestServedCommandsPropagateAsWhatTheyDid(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes")
	clients := map[string]*servertest.Client{}
	for _, line := range []string{
		"BLPOP k1 0", "BRPOP k2 0", "BLMOVE k3 d LEFT RIGHT 0", "BRPOPLPUSH k4 d 0", "BLMPOP 0 1 k5 LEFT COUNT 5",
		"BZPOPMIN z1 0", "BZPOPMAX z2 0", "BZMPOP 0 1 z3 MAX COUNT 2", "BLPOP k6 k7 0",
	} {
		clients[line] = s.Client()
		clients[line].SendLine(line)
	}
	s.Settle()
	c := s.Client()
	for _, line := range []string{
		"RPUSH k1 a", "RPUSH k2 a", "RPUSH k3 a", "RPUSH k4 a", "RPUSH k5 a b", "ZADD z1 1 a", "ZADD z2 1 a", "ZADD z3 1 a 2 b 3 c",
		"MULTI", "RPUSH k7 1", "RPUSH k6 2", "EXEC", "RPUSH k8 1 2 3 4", "BLPOP none k8 0", "BLMPOP 0 1 k8 RIGHT COUNT 9",
		"RPUSH k9 a b", "BLMOVE k9 e RIGHT LEFT 0", "BRPOPLPUSH k9 e 0", "ZADD z4 1 a", "BZPOPMIN z4 0",
	} {
		c.Text(line)
	}
	s.Advance(2000000)
	want := []string{
		"RPUSH k1 a", "LPOP k1", "RPUSH k2 a", "RPOP k2", "RPUSH k3 a", "LMOVE k3 d LEFT RIGHT", "RPUSH k4 a", "RPOPLPUSH k4 d",
		"RPUSH k5 a b", "LPOP k5 2", "ZADD z1 1 a", "ZPOPMIN z1", "ZADD z2 1 a", "ZPOPMAX z2", "ZADD z3 1 a 2 b 3 c", "ZPOPMAX z3 2",
		"MULTI", "RPUSH k7 1", "RPUSH k6 2", "EXEC", "LPOP k7", "RPUSH k8 1 2 3 4", "LPOP k8", "RPOP k8 3",
		"RPUSH k9 a b", "LMOVE k9 e RIGHT LEFT", "RPOPLPUSH k9 e", "ZADD z4 1 a", "ZPOPMIN z4",
	}
	if got := s.Propagated(); !slices.Equal(got, want) {
		t.Errorf("propagated:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestWhoLeavesIsNotServed(t *testing.T) {
	s := servertest.New(t)
	a, b, c, d := s.Client(), s.Client(), s.Client(), s.Client()
	for _, client := range []*servertest.Client{a, b, c} {
		client.SendLine("BLPOP k 0")
		s.Settle()
	}
	s.Disconnect(s.Now, a.ID)
	if got := d.Text("CLIENT KILL ID 2"); got != "(integer) 1" {
		t.Errorf("CLIENT KILL: %s", got)
	}
	if info := d.Text("INFO clients"); !strings.Contains(info, "blocked_clients:1") {
		t.Errorf("INFO: %s", info)
	}
	d.Text("RPUSH k 1 2")
	expectReplies(t, c, `1) "k" 2) "1"`)
	if got := d.Text("LRANGE k 0 -1"); got != `1) "2"` {
		t.Errorf("what is left: %s", got)
	}
}

func TestTimeouts(t *testing.T) {
	s := servertest.New(t)
	a, b := s.Client(), s.Client()
	a.SendLine("BLPOP k 0.25")
	a.SendLine("PING")
	b.SendLine("BLPOP k 0")
	s.Settle()
	if wake := s.NextWake(); wake > servertest.Start+250000 {
		t.Errorf("the next wake is %d microseconds away", wake-servertest.Start)
	}
	s.Advance(249000)
	expectReplies(t, a)
	s.Advance(1000)
	expectReplies(t, a, "(nil)", "PONG")
	s.Advance(3600 * 1000000)
	expectReplies(t, b)
	c := s.Client()
	c.Text("RPUSH k 1")
	expectReplies(t, b, `1) "k" 2) "1"`)
	expectReplies(t, a)
}

func TestCountsWhenItIsOver(t *testing.T) {
	s := servertest.New(t)
	a, b := s.Client(), s.Client()
	a.SendLine("BLPOP k 0")
	s.Settle()
	if info := b.Text("INFO commandstats"); strings.Contains(info, "cmdstat_blpop") {
		t.Errorf("counted while it waits: %s", info)
	}
	b.Text("RPUSH k 1")
	if info := b.Text("INFO commandstats"); !strings.Contains(info, "cmdstat_blpop:calls=1") {
		t.Errorf("not counted: %s", info)
	}
}

func TestWaitAOF(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "everysec")
	s.Advance(3000000)
	a := s.Client()
	if got := a.Text("WAITAOF 1 0 0"); got != "1) (integer) 1\n2) (integer) 0" {
		t.Errorf("without a write: %s", got)
	}
	a.Text("SET k 1")
	s.Advance(100000)
	a.Text("SET k 2") // synced a second after the last
	a.SendLine("WAITAOF 1 0 0")
	s.Settle()
	expectReplies(t, a)
	s.Advance(2000000)
	expectReplies(t, a, "1) (integer) 1 2) (integer) 0")

	a.SendLine("WAITAOF 0 1 50")
	s.Advance(60000)
	expectReplies(t, a, "1) (integer) 1 2) (integer) 0")

	a.Text("MULTI")
	a.Text("SET k 3")
	a.Text("WAITAOF 1 0 0")
	if got := a.Text("EXEC"); !strings.HasPrefix(got, "1) OK\n2) 1) (integer) ") {
		t.Errorf("in a transaction: %s", got)
	}
	for line, want := range map[string]string{
		"WAITAOF 2 0 0":   "(error) ERR value is out of range, value must between 0 and 1",
		"WAITAOF 1 -1 0":  "(error) ERR value is out of range, must be positive",
		"WAITAOF 1 0 -1":  "(error) ERR timeout is negative",
		"WAITAOF 1 0 abc": "(error) ERR timeout is not an integer or out of range",
	} {
		if got := a.Text(line); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
	b := servertest.New(t).Client()
	if got := b.Text("WAITAOF 1 0 0"); got != "(error) ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled." {
		t.Errorf("without an append-only file: %s", got)
	}
	always := servertest.New(t, "appendonly", "yes", "appendfsync", "always").Client()
	always.SendLine("SET k v")
	if got := always.Text("WAITAOF 1 0 0"); got != "OK" {
		t.Errorf("under always: %s", got)
	}
	expectReplies(t, always, "1) (integer) 1 2) (integer) 0")
}
