package server_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

const (
	manifestFile = "appendonlydir/appendonly.aof.manifest"
	firstBase    = "appendonlydir/appendonly.aof.1.base.rdb"
	firstIncr    = "appendonlydir/appendonly.aof.1.incr.aof"
)

// put writes a file as another program would, whole and synced.
func put(t *testing.T, disk *vfs.Disk, name, content string) {
	t.Helper()
	if dir, _, found := strings.Cut(name, "/"); found {
		if _, err := disk.Stat(dir); err != nil {
			if err := disk.MakeDir(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	f, err := disk.OpenFile(name, vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	disk.SyncAll()
}

func commands(lines ...string) string {
	var b []byte
	for _, line := range lines {
		words, _ := resp.SplitArgs([]byte(line))
		b = resp.AppendCommand(b, words...)
	}
	return string(b)
}

// refused starts a server that must not start and returns why.
func refused(t *testing.T, disk *vfs.Disk, config ...string) string {
	t.Helper()
	w, err := start(t, disk, startOfTime, nil, config...)
	if err == nil {
		t.Fatalf("the server started with %v", stateOf(w.s.Space()))
	}
	return err.Error()
}

func info(s *servertest.Server, field string) string {
	for line := range strings.SplitSeq(string(s.Info([]string{"all"})), "\r\n") {
		if name, value, _ := strings.Cut(line, ":"); name == field {
			return value
		}
	}
	return "(no such field)"
}

func expect(t *testing.T, c *servertest.Client, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := c.Text(pairs[i]); got != pairs[i+1] {
			t.Errorf("%s\ngot:  %s\nwant: %s", pairs[i], got, pairs[i+1])
		}
	}
}

func TestAlwaysWithholdsRepliesUntilTheSync(t *testing.T) {
	disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 5000}})
	w, err := start(t, disk, startOfTime, nil, "appendonly", "yes", "appendfsync", "always")
	if err != nil {
		t.Fatal(err)
	}
	w.run("SET k v")
	if w.waiting != 1 {
		t.Fatal("the reply left before the sync")
	}
	w.advance(4999)
	if w.waiting != 1 {
		t.Fatal("the reply left before the sync was done")
	}
	w.advance(1)
	if w.waiting != 0 {
		t.Fatal("the sync is done and there is no reply")
	}
	// Replies do not wait for those who come later, however many there are.
	for i := range 20 {
		w.run("INCR n")
		w.advance(2500)
		if w.waiting > 3 {
			t.Fatalf("round %d: %d replies wait", i, w.waiting)
		}
	}
}

func TestSwitchingToAlwaysWaitsForTheSyncUnderWay(t *testing.T) {
	disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 500_000}})
	w, err := start(t, disk, startOfTime, nil, "appendonly", "yes", "appendfsync", "everysec")
	if err != nil {
		t.Fatal(err)
	}
	w.advance(1_000_000)
	w.run("SET before 1")
	w.finish()
	w.run("CONFIG SET appendfsync always")
	w.run("SET after 1")
	for w.waiting > 0 {
		w.tick()
	}
	if d := w.s.Durability(); d.Synced != d.Last {
		t.Fatalf("acknowledged under always with %d of %d changes on disk", d.Synced, d.Last)
	}
}

func TestTruncatedTail(t *testing.T) {
	whole := commands("SELECT 0", "SET a 1", "SET b 2")
	tests := []struct {
		name, tail string
		valid      int // bytes that stay
		keys       string
	}{
		{"nothing is missing", "", len(whole), "ab"},
		{"in the middle of a value", commands("SET c 3")[:25], len(whole), "ab"},
		{"after the star", "*", len(whole), "ab"},
		{"a length without data", strings.Repeat("\x00", 700), len(whole), "ab"},
		{"half a command, then a length without data", "*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$5\r\nab" + strings.Repeat("\x00", 5000), len(whole), "ab"},
		{"zeros that could be the value", "*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$4\r\n" + strings.Repeat("\x00", 5), len(whole), "ab"},
		{"more zeros than any line", strings.Repeat("\x00", 200_000), len(whole), "ab"},
		{"MULTI without EXEC", commands("MULTI", "SET a 9", "SET c 3"), len(whole), "ab"},
		{"MULTI, then half a command", commands("MULTI", "SET a 9", "SET c 3")[:60], len(whole), "ab"},
		{"a whole transaction, then half a one", commands("MULTI", "SET c 3", "EXEC", "MULTI", "SET d 4"), len(whole + commands("MULTI", "SET c 3", "EXEC")), "abc"},
		{"half an annotation", "#TS:16", len(whole), "ab"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk := vfs.New(vfs.Options{})
			servertest.On(t, disk, "appendonly", "yes")
			put(t, disk, firstIncr, whole+test.tail)
			if test.tail != "" {
				reason := refused(t, disk, "appendonly", "yes", "aof-load-truncated", "no")
				for _, part := range []string{firstIncr, fmt.Sprint("offset ", test.valid), "aof-load-truncated"} {
					if !strings.Contains(reason, part) {
						t.Errorf("the refusal does not say %q: %s", part, reason)
					}
				}
				if text(t, disk, firstIncr) != whole+test.tail {
					t.Error("the refusal changed the file")
				}
			}
			c := servertest.On(t, disk, "appendonly", "yes").Client()
			keys := c.Do("KEYS", "*")
			var names []string
			for _, k := range keys.Elems {
				names = append(names, string(k.Str))
			}
			slices.Sort(names)
			if got := strings.Join(names, ""); got != test.keys {
				t.Errorf("keys %q, want %q", got, test.keys)
			}
			expect(t, c, "GET a", `"1"`)
			if got := len(text(t, disk, firstIncr)); got != test.valid {
				t.Errorf("the file has %d bytes, want %d", got, test.valid)
			}
		})
	}
}

func TestCorruptMiddleIsRefused(t *testing.T) {
	before, after := commands("SELECT 0", "SET a 1"), commands("SET z 9")
	tests := []struct {
		name, middle string
		at           int // bytes behind the last whole command
		reason       string
	}{
		{"no star", "SET b 2\r\n", 0, "Expected prefix '*'"},
		{"a number of words that is none", "*x\r\n", 0, `Expected \r\n`},
		{"no words", "*0\r\n", 0, "Expected a command of at least one word"},
		{"no dollar", "*1\r\n:3\r\nGET\r\n", 4, "Expected prefix '$'"},
		{"a length that is none", "*1\r\n$-1\r\n", 4, `Expected \r\n`},
		{"a word longer than it says", "*1\r\n$3\r\nFLUSH\r\n", 8, `Expected \r\n`},
		{"a line without return", "*1\n$4\nPING\n", 0, `Expected \r\n`},
		{"a hole", strings.Repeat("\x00", 512), 0, "Expected prefix '*'"},
		{"a hole without any line", strings.Repeat("\x00", 100_000), 0, "Expected prefix '*'"},
		{"a hole that begins in an annotation", "#T" + strings.Repeat("\x00", 510) + "SET b 2\r\n", 0, "An annotation holds zeros"},
		{"an unknown command", commands("NOSUCH x"), 0, "Unknown command 'NOSUCH'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk := vfs.New(vfs.Options{})
			servertest.On(t, disk, "appendonly", "yes")
			put(t, disk, firstIncr, before+test.middle+after)
			reason := refused(t, disk, "appendonly", "yes")
			for _, part := range []string{firstIncr, fmt.Sprint("offset ", len(before)+test.at), test.reason} {
				if !strings.Contains(reason, part) {
					t.Errorf("the refusal does not say %q: %s", part, reason)
				}
			}
		})
	}
}

// Only the end of history may be missing: a cut in the middle is refused,
// unless nothing follows it.
func TestCutInTheMiddleOfHistory(t *testing.T) {
	const secondIncr = "appendonlydir/appendonly.aof.2.incr.aof"
	build := func() *vfs.Disk {
		disk := vfs.New(vfs.Options{})
		servertest.On(t, disk, "appendonly", "yes")
		put(t, disk, manifestFile, text(t, disk, manifestFile)+"file appendonly.aof.2.incr.aof seq 2 type i\n")
		put(t, disk, firstIncr, commands("SELECT 0", "SET a 1", "SET b 2")[:70])
		return disk
	}
	disk := build()
	put(t, disk, secondIncr, commands("SELECT 0", "SET c 3"))
	reason := refused(t, disk, "appendonly", "yes")
	if !strings.Contains(reason, firstIncr) || !strings.Contains(reason, "not the last file") {
		t.Errorf("the refusal does not say which file: %s", reason)
	}
	disk = build()
	put(t, disk, secondIncr, "")
	expect(t, servertest.On(t, disk, "appendonly", "yes").Client(), "GET a", `"1"`, "GET b", "(nil)")
}

func TestMissingAndDamagedFiles(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, disk *vfs.Disk)
		reason []string
	}{
		{"missing increment", func(t *testing.T, d *vfs.Disk) { d.Remove(firstIncr) }, []string{firstIncr, "manifest names"}},
		{"missing base", func(t *testing.T, d *vfs.Disk) { d.Remove(firstBase) }, []string{firstBase, "manifest names"}},
		{"empty manifest", func(t *testing.T, d *vfs.Disk) { put(t, d, manifestFile, "") }, []string{manifestFile, "line 1", "empty"}},
		{"manifest cut in a line", func(t *testing.T, d *vfs.Disk) { d.TruncateTail(manifestFile, 3) }, []string{manifestFile, "line 2"}},
		{"manifest of something else", func(t *testing.T, d *vfs.Disk) { put(t, d, manifestFile, "hello\n") }, []string{manifestFile, "line 1"}},
		{"unknown type", func(t *testing.T, d *vfs.Disk) { put(t, d, manifestFile, "file a seq 1 type x\n") }, []string{"line 1", `Unknown AOF file type "x"`}},
		{"two bases", func(t *testing.T, d *vfs.Disk) {
			put(t, d, manifestFile, "file a seq 1 type b\nfile b seq 2 type b\n")
		}, []string{"line 2", "offset 20", "Found duplicate base file information"}},
		{"increments out of order", func(t *testing.T, d *vfs.Disk) {
			put(t, d, manifestFile, "file a seq 2 type i\nfile b seq 1 type i\n")
		}, []string{"line 2", "offset 20", "Found a non-monotonic sequence number"}},
		{"a path", func(t *testing.T, d *vfs.Disk) {
			put(t, d, manifestFile, "file ../dump.rdb seq 1 type b\n")
		}, []string{"line 1", "path"}},
		{"a flipped byte in the base", func(t *testing.T, d *vfs.Disk) { d.FlipByte(firstBase, 30, 4) }, []string{firstBase, "checksum"}},
		{"a cut base", func(t *testing.T, d *vfs.Disk) { d.TruncateTail(firstBase, 1) }, []string{firstBase, "early"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk := vfs.New(vfs.Options{})
			servertest.On(t, disk, "appendonly", "yes").Client().Do("SET", "k", "v")
			test.damage(t, disk)
			reason := refused(t, disk, "appendonly", "yes")
			for _, part := range test.reason {
				if !strings.Contains(reason, part) {
					t.Errorf("the refusal does not say %q: %s", part, reason)
				}
			}
		})
	}
}

func TestDamagedSnapshotIsRefused(t *testing.T) {
	build := func() *vfs.Disk {
		disk := vfs.New(vfs.Options{})
		c := servertest.On(t, disk).Client()
		expect(t, c, "SET k v", "OK", "SAVE", "OK")
		return disk
	}
	size := build().WrittenBytes("dump.rdb")
	for off := range size - 8 { // a changed checksum of 0 would mean "none"
		disk := build()
		disk.FlipByte("dump.rdb", off, 0x20)
		if reason := refused(t, disk); !strings.Contains(reason, "dump.rdb at offset ") {
			t.Errorf("byte %d: the refusal does not say where: %s", off, reason)
		}
		disk = build()
		disk.TruncateTail("dump.rdb", size-off)
		if reason := refused(t, disk); !strings.Contains(reason, "dump.rdb at offset ") {
			t.Errorf("cut at %d: the refusal does not say where: %s", off, reason)
		}
	}
}

// A key that expired while it was being written to by commands of the file is
// replayed as it was, and goes only then.
func TestReplayKeepsExpiredKeysUntilTheEnd(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "always")
	c := s.Client()
	expect(t, c,
		"SET n 10 PX 1000", "OK", "INCRBY n 5", "(integer) 15",
		"RPUSH l a", "(integer) 1", "PEXPIRE l 1000", "(integer) 1", "RPUSH l b", "(integer) 2",
		"SET copied x PX 1000", "OK", "COPY copied copy", "(integer) 1")
	later := servertest.At(t, s.Disk.Image(vfs.PowerCut, 1), s.Now+5_000_000, "appendonly", "yes").Client()
	expect(t, later, "GET n", "(nil)", "EXISTS l", "(integer) 0", "EXISTS copy", "(integer) 0", "DBSIZE", "(integer) 0")
}

// manyKeys fills databases with more than one slice of a snapshot reads.
func manyKeys(s *servertest.Server, n int) *servertest.Client {
	c := s.Client()
	for i := range n {
		switch i % 5 {
		case 0:
			c.Send("SET", fmt.Sprint("key:", i), strings.Repeat("v", i%60))
		case 1:
			c.Send("RPUSH", fmt.Sprint("key:", i), "a", fmt.Sprint(i))
		case 2:
			c.Send("HSET", fmt.Sprint("key:", i), "f", fmt.Sprint(i))
		case 3:
			c.Send("ZADD", fmt.Sprint("key:", i), fmt.Sprint(i), "m")
		case 4:
			c.Send("SADD", fmt.Sprint("key:", i), "m", fmt.Sprint(i))
		}
		if i == n*2/3 {
			c.Send("SELECT", "1")
		}
	}
	c.Send("SELECT", "0")
	s.Settle()
	for {
		if _, ok := c.Reply(); !ok {
			return c
		}
	}
}

// The image of BGSAVE is the moment of the command, whatever happens while the
// job runs.
func TestSnapshotIsPointInTime(t *testing.T) {
	tests := map[string]func(r *rand.Rand, c *servertest.Client){
		"every type": func(r *rand.Rand, c *servertest.Client) {
			key := fmt.Sprint("key:", r.IntN(9000))
			switch r.IntN(8) {
			case 0:
				c.Send("APPEND", key, "x")
			case 1:
				c.Send("RPUSH", key, "x")
			case 2:
				c.Send("HSET", key, "f", "changed", "g", "new")
			case 3:
				c.Send("ZINCRBY", key, "1", "m")
			case 4:
				c.Send("SADD", key, "x")
			case 5:
				c.Send("SET", fmt.Sprint("new:", r.IntN(9000)), "x")
			case 6:
				c.Send("SETRANGE", key, "1", "changed")
			case 7:
				c.Send("SPOP", key)
			}
		},
		"names": func(r *rand.Rand, c *servertest.Client) {
			a, b := fmt.Sprint("key:", r.IntN(9000)), fmt.Sprint("key:", r.IntN(9000))
			switch r.IntN(8) {
			case 0:
				c.Send("RENAME", a, b)
			case 1:
				c.Send("DEL", a)
			case 2:
				c.Send("UNLINK", a)
			case 3:
				c.Send("MOVE", a, fmt.Sprint(1+r.IntN(3)))
			case 4:
				c.Send("COPY", a, b, "REPLACE")
			case 5:
				c.Send("SELECT", fmt.Sprint(r.IntN(3)))
			case 6:
				c.Send("RENAMENX", a, "renamed:"+a)
			case 7:
				c.Send("LMOVE", a, b, "LEFT", "RIGHT")
			}
		},
		"expiry": func(r *rand.Rand, c *servertest.Client) {
			c.Send("PEXPIRE", fmt.Sprint("key:", r.IntN(9000)), "1")
			c.Send("GETEX", fmt.Sprint("key:", r.IntN(9000)), "PX", "1")
			c.Send("PEXPIRE", fmt.Sprint("key:", r.IntN(9000)), "-1")
		},
		"SWAPDB": func(r *rand.Rand, c *servertest.Client) {
			c.Send("SET", fmt.Sprint("key:", r.IntN(9000)), "x")
			if r.IntN(3) == 0 {
				c.Send("SWAPDB", "0", "1")
			}
		},
		"FLUSHDB": func(r *rand.Rand, c *servertest.Client) {
			c.Send("SET", fmt.Sprint("key:", r.IntN(9000)), "x")
			if r.IntN(3) == 0 {
				c.Send("FLUSHDB", []string{"SYNC", "ASYNC"}[r.IntN(2)])
			}
		},
		"a table that grows": func(r *rand.Rand, c *servertest.Client) {
			for range 2000 {
				c.Send("SET", fmt.Sprint("more:", r.Uint32()), "x")
			}
		},
		"a table that shrinks": func(r *rand.Rand, c *servertest.Client) {
			for range 1000 {
				c.Send("DEL", fmt.Sprint("key:", r.IntN(9000)))
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := servertest.New(t)
			c := manyKeys(s, 9000)
			r := rand.New(rand.NewPCG(1, 1))
			want, at := stateOf(s.Space()), s.Now
			c.Send("BGSAVE")
			steps := 0
			for s.Step(s.Now); info(s, "rdb_bgsave_in_progress") == "1"; steps++ {
				change(r, c)
				s.Now += 5000 // the job has the thread again
				s.Disk.Advance(s.Now)
				s.Step(s.Now)
			}
			if steps < 4 && name != "SWAPDB" && name != "FLUSHDB" {
				t.Fatalf("the snapshot was done in %d steps: nothing could happen meanwhile", steps)
			}
			if got := info(s, "rdb_last_bgsave_status"); got != "ok" {
				t.Fatal(got)
			}
			back := servertest.At(t, s.Disk.Image(vfs.PowerCut, 1), at)
			if got := stateOf(back.Space()).at(at); got != want.at(at) {
				d := difference(got, want.at(at))
				t.Errorf("the image is not the moment of BGSAVE:\n%.2000s", d)
			}
		})
	}
}

// A snapshot comes to its end while keys come in without a pause, and it is
// given little of the time.
func TestSnapshotEndsUnderLoad(t *testing.T) {
	s := servertest.New(t)
	c := manyKeys(s, 9000)
	want, at := stateOf(s.Space()).at(s.Now), s.Now
	c.Send("BGSAVE")
	n := 0
	for s.Step(s.Now); info(s, "rdb_bgsave_in_progress") == "1"; n++ {
		for i := range 500 {
			c.Send("SET", fmt.Sprint("more:", n, ":", i), "x")
		}
		s.Now += 1000
		s.Disk.Advance(s.Now)
		s.Step(s.Now)
		s.Output(c.ID)
		if n > 1000 {
			t.Fatalf("not at its end after %d new keys", n*500)
		}
	}
	back := servertest.At(t, s.Disk.Image(vfs.PowerCut, 1), at)
	if got := stateOf(back.Space()).at(at); got != want {
		t.Errorf("the image is not the moment of BGSAVE:\n%.2000s", difference(got, want))
	}
}

// Changes made while a rewrite runs are in the new increment, and only there.
func TestRewriteWhileWritesGoOn(t *testing.T) {
	for _, preamble := range []string{"yes", "no"} {
		t.Run("aof-use-rdb-preamble "+preamble, func(t *testing.T) {
			s := servertest.New(t, "appendonly", "yes", "appendfsync", "always", "aof-use-rdb-preamble", preamble)
			c := manyKeys(s, 6000)
			r := rand.New(rand.NewPCG(2, 2))
			c.Send("BGREWRITEAOF")
			steps := 0
			for s.Step(s.Now); info(s, "aof_rewrite_in_progress") == "1"; steps++ {
				for range 5 {
					c.Send("INCR", fmt.Sprint("n:", r.IntN(5)))
					c.Send("RPUSH", fmt.Sprint("key:", 1+5*r.IntN(1000)), "x")
					c.Send("RENAME", fmt.Sprint("key:", r.IntN(6000)), fmt.Sprint("key:", r.IntN(6000)))
				}
				s.Now += 5000 // the job has the thread again
				s.Step(s.Now)
				want := stateOf(s.Space()).at(s.Now)
				if got := stateOf(servertest.At(t, s.Disk.Image(vfs.PowerCut, uint64(steps)), s.Now, "appendonly", "yes").Space()).at(s.Now); got != want {
					t.Fatalf("step %d: a power cut during the rewrite lost something:\n%.2000s", steps, difference(got, want))
				}
			}
			if steps < 4 {
				t.Fatalf("the rewrite was done in %d steps: nothing could happen meanwhile", steps)
			}
			var names []string
			infos, _ := s.Disk.ReadDir("appendonlydir")
			for _, i := range infos {
				names = append(names, i.Name)
			}
			base := "appendonly.aof.2.base.rdb"
			if preamble == "no" {
				base = "appendonly.aof.2.base.aof"
			}
			if want := []string{base, "appendonly.aof.2.incr.aof", "appendonly.aof.manifest"}; !slices.Equal(names, want) {
				t.Errorf("files %q, want %q", names, want)
			}
		})
	}
}

// CONFIG SET appendonly leaves files behind that a later start loads: exactly
// what the server held.
func TestSwitchingTheAppendOnlyFile(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "always")
	c := s.Client()
	expect(t, c, "RPUSH l a", "(integer) 1", "CONFIG SET appendonly no", "OK", "RPUSH l b", "(integer) 2")
	same := func(want string) {
		t.Helper()
		for seed := range uint64(10) {
			back := servertest.On(t, s.Disk.Image(vfs.PowerCut, seed), "appendonly", "yes").Client()
			expect(t, back, "LRANGE l 0 -1", want)
		}
	}
	same(`1) "a"`)
	expect(t, c, "CONFIG SET appendonly yes", "OK", "RPUSH l c", "(integer) 3")
	s.Settle()
	same("1) \"a\"\n2) \"b\"\n3) \"c\"")
	// A rewrite without appendonly replaces base and increments.
	expect(t, c, "CONFIG SET appendonly no", "OK", "RPUSH l d", "(integer) 4", "BGREWRITEAOF", "Background append only file rewriting started")
	s.Settle()
	same("1) \"a\"\n2) \"b\"\n3) \"c\"\n4) \"d\"")
}

// In a transaction it waits for the end, so that no base holds half of it: after
// any crash what comes back is all or nothing.
func TestSwitchingInATransaction(t *testing.T) {
	disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}})
	disk.Advance(startOfTime)
	var crashes []image
	w, err := start(t, disk, startOfTime, func(op string) {
		for seed := range uint64(8) {
			crashes = append(crashes, image{disk: disk.Image(vfs.PowerCut, seed), name: op})
		}
	}, "appendonly", "no", "appendfsync", "no")
	if err != nil {
		t.Fatal(err)
	}
	w.send([]string{"MULTI"}, []string{"RPUSH", "l", "a"}, []string{"CONFIG", "SET", "appendonly", "yes"}, []string{"RPUSH", "m", "b"}, []string{"EXEC"})
	w.advance(500_000)
	w.run("RPUSH l c")
	w.advance(500_000)
	all := 0
	for _, im := range crashes {
		back, err := start(t, im.disk, w.now, nil, "appendonly", "yes")
		if err != nil {
			t.Fatalf("power cut before %s: %v", im.name, err)
		}
		l, m := stateOf(back.s.Space())["0:l"].content, stateOf(back.s.Space())["0:m"].content
		switch {
		case l == "" && m == "":
		case m == "list b" && (l == "list a" || l == "list a,c"):
			all++
		default:
			t.Fatalf("power cut before %s: l is %q, m is %q", im.name, l, m)
		}
	}
	if all == 0 || all == len(crashes) {
		t.Errorf("%d of %d crashes kept it: nothing was tested", all, len(crashes))
	}
}

// A server started without appendonly knows the files that are there and makes
// new ones beside them.
func TestSwitchingOnBesideOldFiles(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "always")
	expect(t, s.Client(), "RPUSH l old", "(integer) 1")
	s = servertest.On(t, s.Disk.Image(vfs.ProcessKill, 0), "appendonly", "no", "appendfsync", "always")
	c := s.Client()
	expect(t, c, "RPUSH l new", "(integer) 1", "CONFIG SET appendonly yes", "OK", "RPUSH l newer", "(integer) 2")
	back := servertest.On(t, s.Disk.Image(vfs.PowerCut, 3), "appendonly", "yes").Client()
	expect(t, back, "LRANGE l 0 -1", "1) \"new\"\n2) \"newer\"")
}

func TestJobsCollide(t *testing.T) {
	disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 100_000}})
	s := servertest.On(t, disk, "appendonly", "no")
	s.Advance(1_000_000)
	c := s.Client()
	expect(t, c,
		"SET k v", "OK",
		"BGSAVE", "Background saving started",
		"BGSAVE", "(error) ERR Background save already in progress",
		"BGSAVE SCHEDULE", "(error) ERR Background save already in progress",
		"SAVE", "(error) ERR Background save already in progress",
		"BGREWRITEAOF", "Background append only file rewriting scheduled")
	s.Advance(2_000_000)
	if got := info(s, "aof_rewrites"); got != "1" {
		t.Errorf("aof_rewrites:%s, want 1: the scheduled one", got)
	}
	expect(t, c,
		"BGREWRITEAOF", "Background append only file rewriting started",
		"BGREWRITEAOF", "(error) ERR Background append only file rewriting already in progress",
		"BGSAVE", "(error) ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
		"BGSAVE SCHEDULE", "Background saving scheduled")
	saves := info(s, "rdb_saves")
	s.Advance(2_000_000)
	if got := info(s, "rdb_saves"); got == saves {
		t.Errorf("rdb_saves:%s as before: the scheduled BGSAVE did not run", got)
	}
	c.Send("SAVE")
	s.Settle()
	if _, ok := c.Reply(); ok {
		t.Error("SAVE replied before the disk was done")
	}
	s.Advance(1_000_000)
	if v, ok := c.Reply(); !ok || string(v.Str) != "OK" {
		t.Errorf("SAVE: %q, %v", v.Str, ok)
	}
}

func TestAutomaticRewrite(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "auto-aof-rewrite-min-size", "10kb", "auto-aof-rewrite-percentage", "100")
	c := s.Client()
	for range 1000 {
		c.Do("SET", "k", strings.Repeat("v", 100))
	}
	s.Advance(300_000)
	if got := info(s, "aof_rewrites"); got != "1" {
		t.Errorf("aof_rewrites:%s, want 1", got)
	}
	if size := info(s, "aof_current_size"); len(size) > 3 {
		t.Errorf("aof_current_size:%s after the rewrite of one key", size)
	}
	if got, want := info(s, "aof_current_size"), s.Disk.Used(); got != fmt.Sprint(want-s.Disk.WrittenBytes(manifestFile)) {
		t.Errorf("aof_current_size:%s, the files have %d", got, want)
	}
}

// What a rewrite that nobody asked for must have on disk first is synced while
// commands run; only what they wrote meanwhile holds the thread.
func TestAnAutomaticRewriteHoldsTheThreadForLittle(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "auto-aof-rewrite-min-size", "4mb", "auto-aof-rewrite-percentage", "100")
	c := s.Client()
	s.Advance(1_500_000) // the next sync of the second is a while away
	s.Disk.SetLatency(vfs.Latency{PerMiB: 20_000})
	for range 40 {
		c.Do("SET", "k", strings.Repeat("v", 1<<20))
	}
	held := 0 // milliseconds
	for range 2000 {
		s.Advance(1000)
		if s.Server.Held() {
			held++
		}
	}
	if got := info(s, "aof_rewrites"); got != "1" {
		t.Errorf("aof_rewrites:%s, want 1", got)
	}
	if held > 100 {
		t.Errorf("the thread was held for %d ms of the 800 ms that 40 MB take", held)
	}
}

func TestSavePoints(t *testing.T) {
	s := servertest.New(t, "appendonly", "no", "save", "60 3")
	c := s.Client()
	expect(t, c, "SET a 1", "OK", "SET b 2", "OK")
	s.Advance(120_000_000)
	if got := info(s, "rdb_saves"); got != "0" {
		t.Fatalf("rdb_saves:%s after two changes of three", got)
	}
	expect(t, c, "SET c 3", "OK")
	s.Advance(200_000)
	if got := info(s, "rdb_saves"); got != "1" {
		t.Fatalf("rdb_saves:%s after three changes and 120 seconds", got)
	}
	expect(t, c, "SET d 4", "OK", "SET e 5", "OK", "SET f 6", "OK")
	s.Advance(59_000_000)
	if got := info(s, "rdb_saves"); got != "1" {
		t.Fatalf("rdb_saves:%s before the 60 seconds were over", got)
	}
	s.Advance(3_000_000)
	if got := info(s, "rdb_saves"); got != "2" {
		t.Fatalf("rdb_saves:%s after the 60 seconds", got)
	}
	if got := info(s, "rdb_changes_since_last_save"); got != "0" {
		t.Errorf("rdb_changes_since_last_save:%s", got)
	}
}
