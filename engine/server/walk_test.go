package server_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// bigKinds make values of many slices: n elements under a key.
var bigKinds = map[string]func(key string, n int) []string{
	"hash": func(key string, n int) []string { return many("HSET", key, n, "f%d", "value of the field %d") },
	"set":  func(key string, n int) []string { return many("SADD", key, n, "member %d", "another member %d") },
	"zset": func(key string, n int) []string { return many("ZADD", key, n, "%d", "member of the sorted set %d") },
	"list": func(key string, n int) []string { return many("RPUSH", key, n, "element %d", "another element %d") },
	"stream": func(key string, n int) []string {
		return append([]string{"XADD", key, "*"}, many("", "", 20, "f%d", "value %d")[2:]...)
	},
}

func many(command, key string, n int, formats ...string) []string {
	words := []string{command, key}
	for i := range n {
		for _, f := range formats {
			words = append(words, fmt.Sprintf(f, i))
		}
	}
	return words
}

// withBigValues is a server with a value of each kind, and small ones.
func withBigValues(t testing.TB, config ...string) (*servertest.Server, *servertest.Client) {
	s := servertest.New(t, append([]string{"appendonly", "yes"}, config...)...)
	c := manyKeys(s, 3000)
	for kind, command := range bigKinds {
		for range 1 + 1000*b2i(kind == "stream") {
			c.Send(command("big:"+kind, 10_000)...)
		}
	}
	c.Send(many("HSET", "big:expiring", 10_000, "f%d", "value of the field %d")...)
	c.Send(append([]string{"HPEXPIRE", "big:expiring", "100000000", "FIELDS", "3000"}, many("", "", 3000, "f%d")[2:]...)...)
	s.Settle()
	for {
		if _, ok := c.Reply(); !ok {
			break
		}
	}
	s.Advance(1_500_000)
	return s, c
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

var imageCommands = map[string][]string{
	"BGSAVE":                               {"BGSAVE"},
	"BGREWRITEAOF":                         {"BGREWRITEAOF"},
	"BGREWRITEAOF without an RDB preamble": {"BGREWRITEAOF", "aof-use-rdb-preamble", "no"},
}

// jobRuns tells whether a snapshot or a rewrite is under way.
func jobRuns(s *servertest.Server) bool {
	return info(s, "rdb_bgsave_in_progress") == "1" || info(s, "aof_rewrite_in_progress") == "1"
}

// tempBytes is how much of the image is written.
func tempBytes(s *servertest.Server) int64 {
	for _, f := range s.Disk.Files() {
		if strings.Contains(f.Name, "temp-") && !strings.Contains(f.Name, "manifest") {
			return s.Disk.WrittenBytes(f.Name)
		}
	}
	return 0
}

// imageDigest is the digest of what a start would load from the image alone:
// dump.rdb, or the base of the append-only file.
func imageDigest(t *testing.T, s *servertest.Server, command string, at int64) string {
	t.Helper()
	disk := s.Disk.Image(vfs.PowerCut, 1)
	if command == "BGSAVE" {
		return servertest.At(t, disk, at, "appendonly", "no").Client().Text("DEBUG DIGEST")
	}
	infos, err := disk.ReadDir("appendonlydir")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range infos {
		if strings.Contains(f.Name, ".base.") {
			put(t, disk, manifestFile, "file "+f.Name+" seq 1 type b\n")
		}
	}
	return servertest.At(t, disk, at, "appendonly", "yes").Client().Text("DEBUG DIGEST")
}

// A big value is written in slices like everything else, and the image is the
// moment of the command all the same, whoever does what meanwhile.
func TestBigValuesAreWrittenInSlices(t *testing.T) {
	changes := map[string]func(r *rand.Rand, c *servertest.Client){
		"nothing": func(*rand.Rand, *servertest.Client) {},
		"small keys": func(r *rand.Rand, c *servertest.Client) {
			c.Send("APPEND", fmt.Sprint("key:", 5*r.IntN(600)), "x")
			c.Send("DEL", fmt.Sprint("key:", r.IntN(3000)))
			c.Send("RENAME", fmt.Sprint("key:", r.IntN(3000)), fmt.Sprint("new:", r.IntN(3000)))
		},
		"the big ones": changeBig,
		"the big ones in a transaction": func(r *rand.Rand, c *servertest.Client) {
			c.Send("MULTI")
			changeBig(r, c)
			c.Send("SET", "in", "MULTI")
			c.Send("EXEC")
		},
		"the big ones by scripts that do not say so": func(r *rand.Rand, c *servertest.Client) {
			c.Send("EVAL", "redis.call('HSET', 'big:hash', ARGV[1], 'x'); redis.call('RPUSH', 'big:list', 'x'); redis.call('SADD', 'big:set', ARGV[1])", "0", fmt.Sprint(r.IntN(9)))
		},
		"their names": func(r *rand.Rand, c *servertest.Client) {
			c.Send("RENAME", "big:hash", "big:renamed")
			c.Send("DEL", "big:zset")
			c.Send("UNLINK", "big:set")
			c.Send("SET", "big:list", "no list any more")
			c.Send("PEXPIRE", "big:stream", "1")
			c.Send("PEXPIRE", "key:5", "1")
		},
		"FLUSHDB": func(r *rand.Rand, c *servertest.Client) {
			c.Send("FLUSHDB", []string{"SYNC", "ASYNC"}[r.IntN(2)])
			c.Send("HSET", "big:hash", "f", "another hash")
		},
		"SWAPDB": func(r *rand.Rand, c *servertest.Client) {
			c.Send("SWAPDB", "0", fmt.Sprint(1+r.IntN(2)))
			c.Send("HSET", "big:hash", "f", "another hash")
			c.Send("SET", "key:5", "x")
		},
		"all of that": func(r *rand.Rand, c *servertest.Client) {
			c.Send("SELECT", fmt.Sprint(r.IntN(3)))
			switch r.IntN(8) {
			case 0:
				c.Send("SWAPDB", "0", fmt.Sprint(1+r.IntN(2)))
			case 1:
				c.Send("FLUSHDB")
			case 2:
				c.Send("MOVE", "big:set", fmt.Sprint(r.IntN(3)))
			case 3:
				c.Send("COPY", "big:zset", "copy", "REPLACE")
			default:
				changeBig(r, c)
			}
		},
	}
	for name, words := range imageCommands {
		for what, change := range changes {
			if words[0] != "BGSAVE" && !strings.HasSuffix(what, "that") {
				continue // they walk alike
			}
			t.Run(name+" while there change "+what, func(t *testing.T) {
				s, c := withBigValues(t, words[1:]...)
				r := rand.New(rand.NewPCG(4, 2))
				want, at := c.Text("DEBUG DIGEST"), s.Now
				c.Send(words[0])
				steps, longest, before := 0, int64(0), int64(0)
				for s.Step(s.Now); jobRuns(s); steps++ {
					if steps%4 == 1 {
						change(r, c)
					}
					s.Now += 5000 // the job has the thread again
					s.Disk.Advance(s.Now)
					s.Step(s.Now)
					s.Output(c.ID)
					now := tempBytes(s)
					longest, before = max(longest, now-before), now
				}
				if got := imageDigest(t, s, words[0], at); got != want {
					t.Error("the image is not the moment of the command")
				}
				if steps < 6 {
					t.Errorf("all of it in %d steps", steps)
				}
				// Two slices of 64 KB, and what the writer hands on at once.
				if most := int64(2*64+64) << 10; longest > most && !strings.Contains(what, "scripts") {
					t.Errorf("a step wrote %d bytes, more than the %d of a slice", longest, most)
				}
			})
		}
	}
}

func changeBig(r *rand.Rand, c *servertest.Client) {
	n := fmt.Sprint(r.IntN(10_000))
	switch r.IntN(7) {
	case 0:
		c.Send("HSET", "big:hash", "f"+n, "changed", "new"+n, "new")
	case 1:
		c.Send("SREM", "big:set", "member "+n)
	case 2:
		c.Send("ZINCRBY", "big:zset", "7", "member of the sorted set "+n)
	case 3:
		c.Send("LSET", "big:list", n, "changed")
	case 4:
		c.Send("XDEL", "big:stream", "1700000000000-"+n)
	case 5:
		c.Send("HSET", "big:expiring", "f"+n, "for ever")
	case 6:
		c.Send("LPOP", "big:list", "1000")
	}
}

// A client that is about to change a value which is half written waits until
// it is written. Nobody else does.
func TestAClientWaitsForTheBigValueItChanges(t *testing.T) {
	s, c := withBigValues(t)
	other, third := s.Client(), s.Client()
	c.Send("BGSAVE")
	s.Step(s.Now)
	if !jobRuns(s) {
		t.Fatal("the snapshot is done: nothing to wait for")
	}
	c.Send("HSET", "big:hash", "f1", "changed")
	third.Send("MULTI")
	third.Send("RPUSH", "big:list", "changed")
	third.Send("EXEC")
	waited := 0
	for ; jobRuns(s); waited++ {
		other.Send("SET", "small", "v")
		other.Send("HGET", "big:hash", "f1")
		s.Step(s.Now)
		if _, ok := other.Reply(); !ok {
			t.Fatal("a client that changes another key waits")
		}
		if v, ok := other.Reply(); !ok || string(v.Str) != "value of the field 1" {
			if got := string(v.Str); got != "changed" || waited == 0 {
				t.Fatalf("step %d: a reader gets %q, %v", waited, got, ok)
			}
			break
		}
		if clients := string(s.Info([]string{"clients"})); waited == 0 && !strings.Contains(clients, "blocked_clients:2\r\n") {
			t.Errorf("two clients wait, INFO says:\n%s", clients)
		}
		s.Now += 1000
	}
	if waited < 3 {
		t.Errorf("the hash was written in %d steps", waited)
	}
	s.Advance(2_000_000)
	expect(t, other, "HGET big:hash f1", `"changed"`, "LINDEX big:list -1", `"changed"`)
	if clients := string(s.Info([]string{"clients"})); !strings.Contains(clients, "blocked_clients:0\r\n") {
		t.Errorf("after the snapshot:\n%s", clients)
	}
}

// Who waits for a snapshot that fails, or is given up, goes on.
func TestWaitingForASnapshotThatEnds(t *testing.T) {
	for what, end := range map[string]func(s *servertest.Server){
		"the disk is full":    func(s *servertest.Server) { s.Disk.Fill(1 << 10) },
		"everything goes":     func(s *servertest.Server) { s.Client().Text("FLUSHALL") },
		"the client hangs up": func(s *servertest.Server) { s.Client().Text("CLIENT KILL TYPE normal SKIPME yes") },
	} {
		t.Run(what, func(t *testing.T) {
			s, c := withBigValues(t, "appendonly", "no")
			c.Send("BGSAVE")
			s.Step(s.Now)
			c.Reply()
			c.Send("HSET", "big:hash", "f1", "changed")
			s.Step(s.Now)
			if _, ok := c.Reply(); ok {
				t.Fatal("it does not wait")
			}
			end(s)
			s.Advance(1_000_000)
			again := s.Client()
			again.Text("PING")
			s.Disk.SetCapacity(0)
			again.Text("HSET big:hash f1 again")
			expect(t, again, "HGET big:hash f1", `"again"`, "BGSAVE", "Background saving started")
			s.Advance(1_000_000)
			if got := info(s, "rdb_last_bgsave_status"); got != "ok" {
				t.Errorf("rdb_last_bgsave_status:%s", got)
			}
		})
	}
}

// What a snapshot costs in memory is counted: bytes written early, and what a
// flushed database leaves to it.
func TestMemoryOfASnapshotIsCounted(t *testing.T) {
	s, c := withBigValues(t)
	cow := func() int {
		n := 0
		fmt.Sscan(info(s, "current_cow_size"), &n)
		return n
	}
	used := s.UsedMemory()
	empty, e := withBigValues(t)
	e.Text("FLUSHALL")
	c.Send("BGSAVE")
	s.Step(s.Now)
	if got := cow(); got != 0 {
		t.Errorf("current_cow_size:%d before anything changed", got)
	}
	c.Send("SET", "key:5", "x")
	s.Step(s.Now)
	early := cow()
	if early == 0 {
		t.Error("a key was written early, and is not counted")
	}
	c.Send("FLUSHDB")
	s.Step(s.Now)
	if s.UsedMemory() < used/2 {
		t.Fatal("the flushed database is gone, and the snapshot has not read it")
	}
	for last := 0; jobRuns(s); s.Step(s.Now) {
		s.Now += 5000
		s.Disk.Advance(s.Now)
		last, early = early, max(early, cow())
		if early < last {
			t.Fatalf("current_cow_size fell from %d to %d", last, early)
		}
	}
	if int64(early) < used/4 {
		t.Errorf("%d bytes were counted, the flushed database had about %d", early, used)
	}
	s.Advance(1_000_000)
	if got, want := s.UsedMemory(), empty.UsedMemory()+(used-empty.UsedMemory())/2; got > want {
		t.Errorf("%d bytes are in use after the snapshot, %d before, %d in an empty server: the flushed database was not freed", got, used, empty.UsedMemory())
	}
}
