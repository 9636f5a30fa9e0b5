package server_test

import (
	"fmt"
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/engine/servertest"
)

func TestMonitor(t *testing.T) {
	s := servertest.New(t)
	m, a := s.Client(), s.Client()
	m.Text("MONITOR")
	m.SendLine("MONITOR")
	s.Settle()
	expectReplies(t, m)
	m.SendLine("GET k")
	s.Settle()
	expectReplies(t, m, "(error) ERR Replica can't interact with the keyspace")
	m.SendLine("PING")
	s.Settle()
	const at = `1700000000.000000 [0 127.0.0.1:50000] `
	expectReplies(t, m, "PONG", at+`"PING"`)
	for _, test := range []struct {
		line string
		want []string
	}{
		{`SET k "a\x00b\r\n\xff\"" EX 10`, []string{at + `"SET" "k" "a\x00b\r\n\xff\"" "EX" "10"`}},
		{"MULTI", []string{at + `"MULTI"`}},
		{"GET k", nil},
		{"CONFIG GET maxmemory", nil},
		{"EXEC", []string{at + `"GET" "k"`, at + `"EXEC"`}},
		{`EVAL "redis.call('set',KEYS[1],'1') return 1" 1 k`, []string{
			at + `"EVAL" "redis.call('set',KEYS[1],'1') return 1" "1" "k"`, `1700000000.000000 [0 lua] "set" "k" "1"`,
		}},
		{"AUTH foo", []string{at + `"AUTH" "(redacted)"`}},
		{"AUTH a b", []string{at + `"AUTH" "(redacted)" "(redacted)"`}},
		{"HELLO 2 AUTH default x SETNAME n", []string{at + `"HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "n"`}},
		{"CONFIG SET maxmemory 0", nil},
		{"FOO bar", nil},
		{"GET", nil},
		{"SELECT 3", []string{`1700000000.000000 [3 127.0.0.1:50000] "SELECT" "3"`}},
		{"SLOWLOG LEN", nil},
	} {
		a.Text(test.line)
		expectReplies(t, m, test.want...)
	}
	if got := a.Text("CLIENT LIST ID 1"); !strings.Contains(got, "flags=O ") {
		t.Errorf("CLIENT LIST: %s", got)
	}
	m.Text("RESET")
	a.Text("PING")
	expectReplies(t, m)
	if got := m.Text("GET k"); got != "(nil)" && got != `"1"` {
		t.Errorf("after RESET: %s", got)
	}
	for line, want := range map[string]string{
		"MONITOR": "1) (error) ERR MONITOR isn't allowed for DENY BLOCKING client",
	} {
		a.Text("MULTI")
		a.Text(line)
		if got := a.Text("EXEC"); got != want {
			t.Errorf("%s in a transaction: %s", line, got)
		}
	}
}

// slowServer has a stopwatch of which every reading takes as long as the test says.
func slowServer(t *testing.T, config ...string) (s *servertest.Server, step *int64) {
	t.Helper()
	step = new(int64)
	now := int64(0)
	s = servertest.WithStopwatch(t, func() int64 { now += *step; return now }, config...)
	return s, step
}

// Each thing that can hold the server up has its name in LATENCY.
func TestLatencyEvents(t *testing.T) {
	s, step := slowServer(t, "latency-monitor-threshold", "10", "appendonly", "yes", "appendfsync", "everysec", "maxmemory-policy", "allkeys-random")
	a := s.Client()
	*step = 20000
	expect(t, a, "SET a 1 PX 100", "OK", "SET b 1 PX 100", "OK", "SET c 1", "OK")
	s.Advance(300_000)
	expect(t, a, "BGREWRITEAOF", "Background append only file rewriting started")
	s.Advance(3_000_000)
	expect(t, a, "CONFIG SET maxmemory 1 lazyfree-lazy-eviction yes", "OK", "DBSIZE", "(integer) 0")
	*step = 0
	got := a.Text("LATENCY LATEST")
	for _, name := range strings.Fields("aof-rename aof-write aof-write-alone command eviction-cycle eviction-del eviction-lazyfree expire-cycle expire-del") {
		if !strings.Contains(got, "1) \""+name+"\"") {
			t.Errorf("no %s in\n%s", name, got)
		}
	}
	for _, words := range []string{"reach the end of their time", "maxmemory is reached", "The disk takes its time"} {
		if doctor := a.Text("LATENCY DOCTOR"); !strings.Contains(doctor, words) {
			t.Errorf("LATENCY DOCTOR has no %q:\n%s", words, doctor)
		}
	}
}

func TestSlowLog(t *testing.T) {
	s, step := slowServer(t, "slowlog-max-len", "3")
	a := s.Client()
	*step = 20000
	a.Text("CLIENT SETNAME slow")
	a.Text("CONFIG SET requirepass secret")
	a.Text("KEYS " + strings.Repeat("x", 200))
	a.Text("DEL" + strings.Repeat(" k", 40))
	*step = 1
	want := strings.Join([]string{
		"1) 1) (integer) 3", "   2) (integer) 1700000000", "   3) (integer) 20000", "   4)",
	}, "\n")
	got := a.Text("SLOWLOG GET 1")
	if !strings.HasPrefix(got, want) || !strings.Contains(got, `32) "... (10 more arguments)"`) || !strings.HasSuffix(got, "5) \"127.0.0.1:50000\"\n   6) \"slow\"") {
		t.Errorf("SLOWLOG GET: %s", got)
	}
	if got := a.Text("SLOWLOG GET"); !strings.Contains(got, `"`+strings.Repeat("x", 128)+`... (72 more bytes)"`) || !strings.Contains(got, `4) "(redacted)"`) {
		t.Errorf("SLOWLOG GET: %s", got)
	}
	for line, want := range map[string]string{
		"SLOWLOG LEN":     "(integer) 3",
		"SLOWLOG GET 0":   "(empty array)",
		"SLOWLOG GET -2":  "(error) ERR count should be greater than or equal to -1",
		"SLOWLOG GET abc": "(error) ERR count should be greater than or equal to -1",
		"SLOWLOG GET 1 2": "(error) ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.",
		"SLOWLOG FOO":     "(error) ERR unknown subcommand 'FOO'. Try SLOWLOG HELP.",
	} {
		if got := a.Text(line); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
	a.Text("SLOWLOG RESET")
	if got := a.Text("SLOWLOG LEN"); got != "(integer) 0" {
		t.Errorf("after RESET: %s", got)
	}
	a.SendLine("DEBUG SLEEP 0.5")
	s.Settle()
	s.Advance(500000)
	expectReplies(t, a, "OK")
	if got := a.Text("SLOWLOG GET"); !strings.Contains(got, "1) 1) (integer) 4\n   2) (integer) 1700000000\n   3) (integer) 50000") {
		t.Errorf("DEBUG SLEEP: %s", got)
	}
	a.Text("CONFIG SET slowlog-log-slower-than -1")
	*step = 100000
	a.Text("KEYS *")
	*step = 1
	if got := a.Text("SLOWLOG LEN"); got != "(integer) 1" {
		t.Errorf("switched off: %s", got)
	}
}

func TestLatency(t *testing.T) {
	s, step := slowServer(t)
	a := s.Client()
	for line, want := range map[string]string{
		"LATENCY LATEST":      "(empty array)",
		"LATENCY HISTORY x":   "(empty array)",
		"LATENCY RESET":       "(integer) 0",
		"LATENCY GRAPH x":     "(error) ERR No samples available for event 'x'",
		"LATENCY FOO":         "(error) ERR unknown subcommand 'FOO'. Try LATENCY HELP.",
		"LATENCY HISTOGRAM x": "(empty array)",
	} {
		if got := a.Text(line); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := a.Text("LATENCY DOCTOR"); !strings.Contains(got, "switched off") {
		t.Errorf("DOCTOR: %s", got)
	}
	a.Text("CONFIG SET latency-monitor-threshold 100")
	sleep := func(milliseconds int64) {
		a.SendLine(fmt.Sprintf("DEBUG SLEEP %.3f", float64(milliseconds)/1000))
		s.Settle()
		s.Advance(milliseconds * 1000)
		expectReplies(t, a, "OK")
	}
	sleep(99)
	if got := a.Text("LATENCY LATEST"); got != "(empty array)" {
		t.Errorf("below the threshold: %s", got)
	}
	sleep(500)
	sleep(200)
	s.Advance(2000000 - 799000)
	sleep(300)
	if got, want := a.Text("LATENCY LATEST"), "1) 1) \"command\"\n   2) (integer) 1700000002\n   3) (integer) 300\n   4) (integer) 500"; got != want {
		t.Errorf("LATEST: %s", got)
	}
	if got, want := a.Text("LATENCY HISTORY command"), "1) 1) (integer) 1700000000\n   2) (integer) 500\n2) 1) (integer) 1700000002\n   2) (integer) 300"; got != want {
		t.Errorf("HISTORY: %s", got)
	}
	graph := "command - high 500 ms, low 300 ms (all time high 500 ms)\n" + strings.Repeat("-", 80) + "\n# \n| \n| \n|_\n  \n20\nss\n"
	if got := string(a.Do("LATENCY", "GRAPH", "command").Str); got != graph {
		t.Errorf("GRAPH: %q, want %q", got, graph)
	}
	if got := a.Text("LATENCY DOCTOR"); !strings.Contains(got, "1. command: 2 latency spikes (average 400ms, mean deviation 100ms, period 1.00 sec). Worst all time event 500ms.") {
		t.Errorf("DOCTOR: %s", got)
	}
	if got := a.Text("LATENCY RESET foo command"); got != "(integer) 1" {
		t.Errorf("RESET: %s", got)
	}

	a.Text("CONFIG RESETSTAT")
	for _, took := range []int64{0, 1, 3, 33, 33, 5000000} {
		*step = took
		a.Text("KEYS *")
	}
	*step = 0
	want := "1) \"keys\"\n2) 1) \"calls\"\n   2) (integer) 6\n   3) \"histogram_usec\"\n" +
		"   4) 1) (integer) 1\n      2) (integer) 2\n      3) (integer) 4\n      4) (integer) 3\n      5) (integer) 33\n      6) (integer) 5\n" +
		"      7) (integer) 1082130\n      8) (integer) 6"
	if got := a.Text("LATENCY HISTOGRAM keys"); got != want {
		t.Errorf("HISTOGRAM: %s\nwant %s", got, want)
	}
	if got := a.Text("INFO latencystats"); !strings.Contains(got, "latency_percentiles_usec_keys:p50=4.127,p99=1082130.431,p99.9=1082130.431") {
		t.Errorf("INFO: %s", got)
	}
}

func TestClientsThatTakeTooMuch(t *testing.T) {
	closed := func(s *servertest.Server, c *servertest.Client) bool {
		s.Settle()
		_, gone := s.Output(c.ID)
		return gone
	}
	s := servertest.New(t, "client-query-buffer-limit", "1mb", "client-output-buffer-limit", "pubsub 64kb 32kb 2", "maxclients", "4")
	a := s.Client()
	a.Send("SET", "k", strings.Repeat("x", 900<<10))
	s.Settle()
	if closed(s, a) {
		t.Error("closed below client-query-buffer-limit")
	}
	a = s.Client()
	a.Send("SET", "k", strings.Repeat("x", 1100<<10))
	if !closed(s, a) {
		t.Error("not closed at client-query-buffer-limit")
	}

	listener, publisher := s.Client(), s.Client()
	listener.Text("SUBSCRIBE ch")
	publisher.Do("PUBLISH", "ch", strings.Repeat("x", 70<<10))
	if !closed(s, listener) {
		t.Error("not closed at the hard limit of client-output-buffer-limit")
	}
	listener = s.Client()
	listener.Text("SUBSCRIBE ch")
	s.Unsent(listener.ID, 40<<10)
	s.Advance(1900000)
	s.Unsent(listener.ID, 40<<10)
	if closed(s, listener) {
		t.Error("closed before the soft limit's time")
	}
	s.Advance(200000)
	s.Unsent(listener.ID, 40<<10)
	if !closed(s, listener) {
		t.Error("not closed after the soft limit's time")
	}
	publisher.Text("CONFIG SET timeout 10")
	s.Advance(5000000)
	publisher.Text("PING")
	s.Advance(9900000)
	if closed(s, publisher) {
		t.Error("closed before its timeout")
	}
	s.Advance(1200000)
	if !closed(s, publisher) {
		t.Error("not closed after its timeout")
	}

	s = servertest.New(t, "maxclients", "2", "proto-max-bulk-len", "2mb")
	a, b, c := s.Client(), s.Client(), s.Client()
	s.Settle()
	expectReplies(t, c, "(error) ERR max number of clients reached")
	a.Text("CONFIG SET proto-max-bulk-len 1mb")
	if got := string(b.Raw([]byte("*2\r\n$3\r\nGET\r\n$1048577\r\n"))); got != "-ERR Protocol error: invalid bulk length\r\n" {
		t.Errorf("proto-max-bulk-len: %q", got)
	}
	if info := a.Text("INFO stats"); !strings.Contains(info, "rejected_connections:1") || !strings.Contains(info, "total_connections_received:2") {
		t.Errorf("INFO: %s", info)
	}
}

// Of every client that had to wait it is told for how long, also where those
// before it in the queue send more than is told one by one.
func TestEveryClientsWaitIsTold(t *testing.T) {
	clock := int64(0)
	s := servertest.WithStopwatch(t, func() int64 { clock++; return clock })
	var b event.Batch
	var clients []*servertest.Client
	for range 20 {
		clients = append(clients, s.Client())
	}
	s.Settle()
	s.Drain(&b)
	const held = 700_000
	for _, c := range clients {
		for i := range 50 {
			s.ReceiveSent(c.ID, resp.AppendCommand(nil, []byte("GET"), []byte("k")), s.Now-held+int64(i)*10_000)
		}
	}
	s.Settle()
	b.Reset()
	s.Drain(&b)
	waited, commands := map[uint64]int64{}, 0
	if err := event.Decode(b.Bytes(), func(e event.Event) {
		if r, ok := e.(*event.CommandRun); ok {
			waited[r.Client] = max(waited[r.Client], r.Waited)
			commands++
		}
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		if waited[c.ID] != held {
			t.Errorf("client %d waited %d, told was %d", c.ID, held, waited[c.ID])
		}
	}
	if commands > 256 {
		t.Errorf("%d commands are told of 1,000", commands)
	}
}
