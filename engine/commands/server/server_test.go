package server_test

import (
	"strconv"
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// pending tells whether a command still waits for its reply.
func pending(c *servertest.Client) bool {
	_, replied := c.Reply()
	return !replied
}

func TestWaitTakesItsWholeTimeout(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	c.Send("WAIT", "1", "500")
	s.Advance(499_000)
	if !pending(c) {
		t.Fatal("WAIT replied before its timeout")
	}
	s.Advance(1_000)
	if v, ok := c.Reply(); !ok || v.Int != 0 {
		t.Errorf("WAIT replied %v, %v after its timeout", v, ok)
	}
	if got := c.Text("PING"); got != "PONG" {
		t.Errorf("the client is not free again: %s", got)
	}
	c.Do("MULTI")
	c.Do("WAIT", "1", "0")
	if got := c.Text("EXEC"); got != "1) (integer) 0" {
		t.Errorf("in a transaction WAIT does not wait: %s", got)
	}
}

func TestSleepHoldsEveryone(t *testing.T) {
	s := servertest.New(t)
	sleeper, other := s.Client(), s.Client()
	sleeper.Send("DEBUG", "SLEEP", "0.5")
	s.Settle()
	other.Send("PING")
	s.Advance(499_000)
	if !pending(other) {
		t.Fatal("another client was served during DEBUG SLEEP")
	}
	s.Advance(2_000)
	if v, ok := other.Reply(); !ok || string(v.Str) != "PONG" {
		t.Errorf("after the sleep the reply is %v, %v", v, ok)
	}
}

func TestDebugMustBeAllowed(t *testing.T) {
	for _, test := range []struct {
		setting string
		allowed bool
	}{{"no", false}, {"local", true}, {"yes", true}} {
		s := servertest.New(t, "enable-debug-command", test.setting)
		got := s.Client().Text("DEBUG DIGEST")
		if allowed := !strings.HasPrefix(got, "(error) ERR DEBUG command not allowed."); allowed != test.allowed {
			t.Errorf("enable-debug-command %s: %s", test.setting, got)
		}
	}
}

func TestRefusedDebugSubcommandsSayso(t *testing.T) {
	c := servertest.New(t).Client()
	for _, name := range []string{"SEGFAULT", "panic", "LEAK x", "MALLCTL a", "aof-flush-sleep 1", "RESTART"} {
		word, _, _ := strings.Cut(strings.ToUpper(name), " ")
		if got := c.Text("DEBUG " + name); !strings.HasPrefix(got, "(error) ERR DEBUG "+word+" is not supported by this server: ") {
			t.Error(got)
		}
	}
}

func TestDebugObject(t *testing.T) {
	c := servertest.New(t).Client()
	c.Do("SET", "k", "v")
	c.Do("RPUSH", "l", "1", "2", "3")
	for key, want := range map[string]string{
		"k": " refcount:1 encoding:embstr serializedlength:2 lru:",
		"l": " ql_nodes:1 ql_avg_node:3.00 ql_listpack_max:-2 ql_compressed:0 ql_uncompressed_size:13",
	} {
		if got := c.Text("DEBUG OBJECT " + key); !strings.HasPrefix(got, "Value at:0x") || !strings.Contains(got, want) {
			t.Errorf("DEBUG OBJECT %s: %s", key, got)
		}
	}
}

func TestActiveExpireCanBeSwitchedOff(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	c.Do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
	c.Do("SET", "k", "v", "PX", "10")
	s.Advance(2_000_000)
	if got := c.Text("DBSIZE"); got != "(integer) 1" {
		t.Errorf("DBSIZE %s: the key went although nobody met it", got)
	}
	c.Do("DEBUG", "SET-ACTIVE-EXPIRE", "1")
	s.Advance(2_000_000)
	if got := c.Text("DBSIZE"); got != "(integer) 0" {
		t.Errorf("DBSIZE %s after the cycle may run again", got)
	}
}

func TestTimeIsTheEngines(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	s.Advance(1_500_042)
	if got := c.Text("TIME"); got != "1) \"1700000001\"\n2) \"500042\"" {
		t.Errorf("TIME: %s", got)
	}
}

func TestMemoryUsageGrowsWithTheValue(t *testing.T) {
	c := servertest.New(t).Client()
	c.Do("SET", "small", "x")
	c.Do("SET", "big", strings.Repeat("x", 100_000))
	small, big := c.Do("MEMORY", "USAGE", "small").Int, c.Do("MEMORY", "USAGE", "big", "SAMPLES", "0").Int
	if small <= 0 || small > 200 || big < 100_000 || big > 140_000 {
		t.Errorf("small %d, big %d bytes", small, big)
	}
}

func TestConfigGetIsAMap(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	c.Do("HELLO", "3")
	if v := c.Do("CONFIG", "GET", "maxmemory", "hz"); v.Kind != resp.Map || len(v.Elems) != 4 {
		t.Errorf("CONFIG GET is %q of %d", v.Kind, len(v.Elems))
	}
	if v := c.Do("CONFIG", "GET", "*"); len(v.Elems) != 2*192 {
		t.Errorf("CONFIG GET * has %d parameters, a 7.0.15 has 192", len(v.Elems)/2)
	}
}

func TestCommandsDescribeThemselves(t *testing.T) {
	c := servertest.New(t).Client()
	all := c.Do("COMMAND").Elems
	if count := c.Do("COMMAND", "COUNT").Int; int(count) != len(all) || count < 100 {
		t.Errorf("COMMAND COUNT %d, COMMAND lists %d", count, len(all))
	}
	withSubcommands := len(all)
	for _, e := range all {
		withSubcommands += len(e.Elems[9].Elems)
	}
	if names := c.Do("COMMAND", "LIST").Elems; len(names) != withSubcommands {
		t.Errorf("COMMAND LIST has %d names of %d", len(names), withSubcommands)
	}
	docs := c.Do("COMMAND", "DOCS").Elems
	if len(docs) != 2*len(all) {
		t.Errorf("COMMAND DOCS has %d commands of %d", len(docs)/2, len(all))
	}
	for i := 0; i < len(docs); i += 2 {
		if d := docs[i+1].Elems; string(d[0].Str) != "summary" || len(d[1].Str) == 0 {
			t.Errorf("%s has no summary", docs[i].Str)
		}
	}
}

func TestDebugLooksInside(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes")
	c := s.Client()
	c.Text("SET k v")
	c.Text("RPUSH l a b")
	for line, want := range map[string]string{
		"DEBUG LOG hello":         "OK",
		"DEBUG PAUSE-CRON 0":      "OK",
		"DEBUG SDSLEN nokey":      "(error) ERR no such key",
		"DEBUG SDSLEN l":          "(error) ERR Not an sds encoded string.",
		"DEBUG HTSTATS 99":        "(error) ERR Out of range database",
		"DEBUG HTSTATS abc":       "(error) ERR value is not an integer or out of range",
		"DEBUG HTSTATS 1":         `"[Dictionary HT]\nNo stats available for empty dictionaries\n[Expires HT]\nNo stats available for empty dictionaries\n"`,
		"DEBUG REPLICATE SET x 1": "OK",
		"DEBUG SEGFAULT":          "(error) ERR DEBUG SEGFAULT is not supported by this server: it would end the server, and all the page would learn is that it has",
		"DEBUG JMAP":              "(error) ERR unknown subcommand or wrong number of arguments for 'JMAP'. Try DEBUG HELP.",
		"EXISTS x":                "(integer) 0",
	} {
		if got := c.Text(line); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := c.Text("DEBUG SDSLEN k"); !strings.HasPrefix(got, "key_sds_len:1, key_sds_avail:0, key_zmalloc: ") {
		t.Errorf("SDSLEN: %s", got)
	}
	if got := c.Text("DEBUG HTSTATS 0"); !strings.Contains(got, `number of elements: 2\n different slots: `) {
		t.Errorf("HTSTATS: %s", got)
	}
	before := c.Text("INFO replication")
	c.Text("DEBUG CHANGE-REPL-ID")
	if c.Text("INFO replication") == before {
		t.Error("CHANGE-REPL-ID: the replication id is the same")
	}
	s.Advance(2000000)
	if got := s.Propagated(); got[len(got)-1] != "SET x 1" {
		t.Errorf("REPLICATE propagated %q", got)
	}
}

// TestHTStatsKey: which chains a table has is a matter of its seed.
func TestHTStatsKey(t *testing.T) {
	c := servertest.New(t, "enable-debug-command", "yes").Client()
	for i := range 600 {
		c.Do("SADD", "s", "member:"+strconv.Itoa(i))
		c.Do("ZADD", "z", "1", "member:"+strconv.Itoa(i))
	}
	for _, key := range []string{"s", "z"} {
		got := c.Text("DEBUG HTSTATS-KEY " + key)
		for _, want := range []string{"Hash table 0 stats (main hash table):", "number of elements:", "Chain length distribution:"} {
			if !strings.Contains(got, want) {
				t.Errorf("DEBUG HTSTATS-KEY %s: %s", key, got)
			}
		}
	}
}

// TestMemoryStats: the fields are those of a real server, in its order.
func TestMemoryStats(t *testing.T) {
	c := servertest.New(t).Client()
	c.Text("SET k v EX 100")
	c.Text("SELECT 3")
	c.Text("SET k v")
	elems := c.Do("MEMORY", "STATS").Elems
	var names []string
	for i := 0; i < len(elems); i += 2 {
		names = append(names, string(elems[i].Str))
	}
	want := "peak.allocated total.allocated startup.allocated replication.backlog clients.slaves clients.normal cluster.links " +
		"aof.buffer lua.caches functions.caches db.0 db.3 overhead.total keys.count keys.bytes-per-key dataset.bytes " +
		"dataset.percentage peak.percentage allocator.allocated allocator.active allocator.resident " +
		"allocator-fragmentation.ratio allocator-fragmentation.bytes allocator-rss.ratio allocator-rss.bytes " +
		"rss-overhead.ratio rss-overhead.bytes fragmentation fragmentation.bytes"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("MEMORY STATS has\n%s, want\n%s", got, want)
	}
	for line, want := range map[string]string{"MEMORY DOCTOR": "next to no data", "MEMORY MALLOC-STATS": "Blocks in use", "MEMORY HELP": "USAGE <key>"} {
		if got := c.Text(line); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
}
