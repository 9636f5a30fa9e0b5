package server_test

import (
	"strings"
	"testing"

	"everysec/engine/servertest"
)

func TestRedirectionThatBreaks(t *testing.T) {
	s := servertest.New(t)
	a, b, c := s.Client(), s.Client(), s.Client()
	a.Do("HELLO", "3")
	a.Text("CLIENT TRACKING on REDIRECT 2")
	a.Text("GET k")
	if got := c.Text("CLIENT LIST ID 1"); !strings.Contains(got, "flags=t ") || !strings.Contains(got, "redir=2 ") {
		t.Errorf("CLIENT LIST: %s", got)
	}
	s.Disconnect(s.Now, b.ID)
	c.Text("SET k 1")
	expectReplies(t, a, `(push) 1) "tracking-redir-broken"        2) (integer) 2`)
	if got := a.Text("CLIENT TRACKINGINFO"); !strings.Contains(got, "broken_redirect") {
		t.Errorf("TRACKINGINFO: %s", got)
	}
	if got := c.Text("CLIENT LIST ID 1"); !strings.Contains(got, "flags=tR ") {
		t.Errorf("CLIENT LIST: %s", got)
	}
}

func TestTrackingTableIsLimited(t *testing.T) {
	s := servertest.New(t, "tracking-table-max-keys", "2")
	a, b := s.Client(), s.Client()
	a.Do("HELLO", "3")
	a.Text("CLIENT TRACKING on")
	for _, key := range []string{"k1", "k2", "k3", "k4", "k5"} {
		a.Text("GET " + key)
	}
	info := b.Text("INFO stats")
	if !strings.Contains(info, "tracking_total_keys:2\\r\\ntracking_total_items:2\\r\\n") {
		t.Errorf("INFO: %s", info)
	}
	if info := b.Text("INFO clients"); !strings.Contains(info, "tracking_clients:1") {
		t.Errorf("INFO: %s", info)
	}
	s.Disconnect(s.Now, a.ID)
	if info := b.Text("INFO clients"); !strings.Contains(info, "tracking_clients:0") {
		t.Errorf("INFO: %s", info)
	}
}

func TestPausedClientsWaitAndLeave(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes")
	a, b, c := s.Client(), s.Client(), s.Client()
	a.Text("CLIENT PAUSE 1000 WRITE")
	for _, client := range []*servertest.Client{b, c} {
		client.SendLine("INCR k")
		client.SendLine("GET k")
	}
	s.Settle()
	expectReplies(t, b)
	if info := a.Text("INFO clients"); !strings.Contains(info, "blocked_clients:2") {
		t.Errorf("INFO: %s", info)
	}
	s.Disconnect(s.Now, b.ID)
	s.Advance(999000)
	expectReplies(t, c)
	s.Advance(1000)
	expectReplies(t, c, "(integer) 1", `"1"`)
	s.Advance(2000000)
	if got := strings.Join(s.Propagated(), ";"); got != "INCR k" {
		t.Errorf("propagated %q", got)
	}
}
