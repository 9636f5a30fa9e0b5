package hashes_test

import (
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// What redis-server 7.0 does not have: from the documentation of Redis 7.4 and
// 8.0.
func TestNewerTranscripts(t *testing.T) { servertest.RunTranscripts(t, "testdata/ours/*.txt") }

func TestEffectsOfFieldExpiry(t *testing.T) {
	servertest.CheckEffects(t, []servertest.Effect{
		{
			"HSET h a 1 b 2 c 3", "HEXPIRE h 100 FIELDS 3 a b nosuch; HEXPIRE h 50 GT FIELDS 1 a; HPERSIST h FIELDS 2 a c; HPERSIST h FIELDS 1 a",
			"HPEXPIREAT h 1700000100000 FIELDS 2 a b; HPERSIST h FIELDS 1 a", "hexpire h; hpersist h",
		},
		{
			"HSET h a 1 b 2", "HEXPIREAT h 1 FIELDS 1 a; HPEXPIREAT h 1 FIELDS 1 b; HTTL h FIELDS 1 a",
			"HDEL h a; HDEL h b", "hdel h; hdel h; del h",
		},
		{
			"HSET h a 1 b 2 c 3", "HGETEX h FIELDS 1 a; HGETEX h PX 5000 FIELDS 1 a; HGETEX h PERSIST FIELDS 2 a b; HGETEX h PXAT 1 FIELDS 1 a; HGETDEL h FIELDS 2 a b",
			"HPEXPIREAT h 1700000005000 FIELDS 1 a; HPERSIST h FIELDS 1 a; HDEL h a; HDEL h b", "hexpire h; hpersist h; hdel h; hdel h",
		},
		{
			"", "HSETEX h EX 5 FIELDS 1 a 1; HSETEX h FNX FIELDS 1 a 2; HSETEX h KEEPTTL FIELDS 1 a 3; HINCRBYFLOAT h a 1; HSETEX h FIELDS 1 a 4; HINCRBYFLOAT h a 1",
			"MULTI; HSET h a 1; HPEXPIREAT h 1700000005000 FIELDS 1 a; EXEC; HSETEX h KEEPTTL FIELDS 1 a 3; HSETEX h KEEPTTL FIELDS 1 a 4; HSET h a 4; HSET h a 5",
			"hset h; hexpire h; hset h; hincrbyfloat h; hset h; hincrbyfloat h",
		},
	})
}

// Fields that nobody asks for go by themselves, with the key when they were the
// last, and everybody is told.
func TestFieldsExpireByThemselves(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "notify-keyspace-events", "KEA")
	c, watcher, listener := s.Client(), s.Client(), s.Client()
	for _, line := range []string{"HSET h a 1 b 2 c 3", "HPEXPIRE h 50 FIELDS 2 a b", "HSETEX one PX 50 FIELDS 1 f v", "HSET plain f v"} {
		c.Text(line)
	}
	if info := c.Text("INFO keyspace"); !strings.Contains(info, "keys=3,expires=0,avg_ttl=0,subexpiry=2") {
		t.Error(info)
	}
	watcher.Text("WATCH h")
	watcher.Text("MULTI")
	watcher.Text("PING")
	listener.Do("PSUBSCRIBE", "__keyevent@0__:*")
	before := len(s.Propagated())
	s.Advance(2_000_000)
	got := map[string]bool{}
	for _, line := range s.Propagated()[before:] {
		got[line] = true
	}
	if len(got) != 2 || !got["HDEL h a b"] && !got["HDEL h b a"] || !got["HDEL one f"] {
		t.Errorf("propagated %v", got)
	}
	events := ""
	for {
		m, ok := listener.Reply()
		if !ok {
			break
		}
		events += strings.TrimPrefix(string(m.Elems[2].Str), "__keyevent@0__:") + " " + string(m.Elems[3].Str) + "; "
	}
	if events != "hexpired h; hexpired one; del one; " && events != "hexpired one; del one; hexpired h; " {
		t.Errorf("published %q", events)
	}
	if reply := watcher.Text("EXEC"); reply != "(nil)" {
		t.Errorf("EXEC after an expiry: %s", reply)
	}
	for command, want := range map[string]string{"DBSIZE": "(integer) 2", "HKEYS h": `1) "c"`, "EXISTS one": "(integer) 0"} {
		if got := c.Text(command); got != want {
			t.Errorf("%s: %s, want %s", command, got, want)
		}
	}
	if info := c.Text("INFO stats"); !strings.Contains(info, "expired_subkeys:3") {
		t.Error(info)
	}
	if info := c.Text("INFO keyspace"); strings.Contains(info, "subexpiry") {
		t.Error(info)
	}
}

// What is on the disk leads to the same fields with the same times.
func TestFieldExpiryIsOnDisk(t *testing.T) {
	for _, test := range []struct {
		name   string
		config []string
		save   string
	}{
		{"snapshot", nil, "SAVE"},
		{"commands", []string{"appendonly", "yes"}, ""},
		{"rewrite", []string{"appendonly", "yes"}, "BGREWRITEAOF"},
		{"rewrite as commands", []string{"appendonly", "yes", "aof-use-rdb-preamble", "no"}, "BGREWRITEAOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := servertest.New(t, test.config...)
			c := s.Client()
			for _, line := range []string{
				"HSET h a 1 b 2 c 3 d 4", "HPEXPIRE h 500000 FIELDS 2 a c", "HPEXPIRE h 30 FIELDS 1 d",
				"HSETEX other EXAT 1700001000 FIELDS 2 x 1 y 2", "HSET other y 3",
			} {
				c.Text(line)
			}
			if test.save != "" {
				c.Text(test.save)
			}
			s.Advance(5_000_000)
			want := c.Text("HPEXPIRETIME h FIELDS 4 a b c d") + c.Text("HPEXPIRETIME other FIELDS 2 x y") + c.Text("DEBUG DIGEST")
			s = servertest.At(t, s.Disk.Image(vfs.ProcessKill, 0), s.Now, test.config...)
			c = s.Client()
			if got := c.Text("HPEXPIRETIME h FIELDS 4 a b c d") + c.Text("HPEXPIRETIME other FIELDS 2 x y") + c.Text("DEBUG DIGEST"); got != want {
				t.Errorf("after a restart:\n%s\nbefore:\n%s", got, want)
			}
		})
	}
}

func TestDumpKeepsFieldExpiry(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	c.Text("HSET h a 1 b 2")
	c.Text("HPEXPIREAT h 1700000009999 FIELDS 1 b")
	payload := c.Do("DUMP", "h").Str
	if len(payload) == 0 || payload[0] != 24 {
		t.Fatalf("payload %q", payload)
	}
	if reply := c.Do("RESTORE", "copy", "0", string(payload)); string(reply.Str) != "OK" {
		t.Fatalf("RESTORE: %s", reply.Str)
	}
	if got := c.Text("HPEXPIRETIME copy FIELDS 2 a b"); got != "1) (integer) -1\n2) (integer) 1700000009999" {
		t.Error(got)
	}
	if used, plain := c.Do("MEMORY", "USAGE", "h").Int, c.Do("MEMORY", "USAGE", "copy").Int; used <= 100 || plain <= 100 {
		t.Errorf("memory %d, %d", used, plain)
	}
	c.Text("HPERSIST h FIELDS 1 b")
	if payload := c.Do("DUMP", "h").Str; payload[0] != 4 {
		t.Errorf("a hash without times is dumped as type %d", payload[0])
	}
}

// However many fields expire at once, they go in pieces that the append-only
// file can hold.
func TestManyFieldsExpire(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes")
	c := s.Client()
	c.Text("EVAL \"for i = 1, 5000 do redis.call('hsetex', KEYS[1], 'px', 100, 'fields', 1, i, i) redis.call('hsetex', KEYS[2], 'px', 100, 'fields', 1, i, i) end redis.call('hset', KEYS[1], 'stays', 1)\" 2 seen unseen")
	if got := c.Text("HLEN seen") + c.Text("HLEN unseen"); got != "(integer) 5001(integer) 5000" {
		t.Fatal(got)
	}
	before := len(s.Propagated())
	c.Text("DEBUG SET-ACTIVE-EXPIRE 0")
	s.Advance(200_000)
	if got := c.Text("HLEN seen"); got != "(integer) 1" {
		t.Error(got)
	}
	c.Text("DEBUG SET-ACTIVE-EXPIRE 1")
	s.Advance(3_000_000)
	if got := c.Text("DBSIZE"); got != "(integer) 1" {
		t.Error(got)
	}
	deleted := 0
	for _, line := range s.Propagated()[before:] {
		if words := strings.Fields(line); words[0] == "HDEL" {
			if len(words) > 1002 {
				t.Errorf("HDEL of %d fields", len(words)-2)
			}
			deleted += len(words) - 2
		}
	}
	if deleted != 10000 {
		t.Errorf("%d fields were propagated as deleted", deleted)
	}
}
