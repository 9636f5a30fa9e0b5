package server_test

import (
	"fmt"
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

const (
	misconfRDB = "(error) MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
		"Commands that may modify the data set are disabled, because this instance is configured to report errors during " +
		"writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details " +
		"about the RDB error."
	misconfAOF = "(error) MISCONF Errors writing to the AOF file: "
)

func TestFailedSnapshotStopsWrites(t *testing.T) {
	s := servertest.New(t, "appendonly", "no", "save", "3600 1")
	c := s.Client()
	expect(t, c, "SET k v", "OK", "SET gone v", "OK")
	s.Disk.Fill(10)
	expect(t, c, "BGSAVE", "Background saving started")
	s.Settle()
	if got := info(s, "rdb_last_bgsave_status"); got != "err" {
		t.Fatalf("rdb_last_bgsave_status:%s", got)
	}
	expect(t, c,
		"SET k w", misconfRDB, "DEL gone", misconfRDB, "PING", misconfRDB, "GET k", `"v"`,
		"MULTI", "OK", "GET k", "QUEUED", "EXEC", `1) "v"`,
		"MULTI", "OK", "SET k w", misconfRDB, "EXEC", "(error) EXECABORT Transaction discarded because of previous errors.",
		"CONFIG SET stop-writes-on-bgsave-error no", "OK", "SET k w", "OK",
		"CONFIG SET stop-writes-on-bgsave-error yes", "OK", "SET k x", misconfRDB)
	if infos, _ := s.Disk.ReadDir("."); len(infos) != 0 {
		t.Errorf("a failed BGSAVE left %v", infos)
	}
	s.Disk.SetCapacity(0)
	expect(t, c, "BGSAVE", "Background saving started")
	s.Settle()
	expect(t, c, "SET k x", "OK", "PING", "PONG")
}

func TestSaveOnAFullDisk(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	expect(t, c, "SET k v", "OK", "SAVE", "OK", "SET k "+strings.Repeat("x1y2z3", 40), "OK")
	s.Disk.Fill(20)
	expect(t, c, "SAVE", "(error) ERR")
	back := servertest.On(t, s.Disk.Image(vfs.PowerCut, 1)).Client()
	expect(t, back, "GET k", `"v"`)
}

// What a full disk took of a write is cut off again, so that the file always
// ends in a whole command; then writes are refused until there is room.
func TestDiskFullUnderEverysec(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes")
	c := s.Client()
	expect(t, c, "SET a 1", "OK")
	whole := text(t, s.Disk, firstIncr)
	s.Disk.Fill(20)
	expect(t, c, "SET b 2", "OK") // as Redis: this one is acknowledged
	if got := text(t, s.Disk, firstIncr); got != whole {
		t.Errorf("half a command stayed in the file: %q", got[len(whole):])
	}
	refusal := misconfAOF + "No space left on device"
	expect(t, c, "SET c 3", refusal, "PING", refusal, "GET b", `"2"`)
	if got := c.Text("EVAL \"return redis.call('SET', KEYS[1], 'x')\" 1 k"); !strings.HasPrefix(got, refusal) {
		t.Errorf("a script that writes: %s", got)
	}
	if got := info(s, "aof_last_write_status"); got != "err" {
		t.Errorf("aof_last_write_status:%s", got)
	}
	expect(t, c, "BGREWRITEAOF", "(error) ERR Can't execute an AOF background rewriting. Please check the server logs for more information.")
	s.Disk.SetCapacity(0)
	s.Advance(200_000)
	expect(t, c, "SET c 3", "OK")
	back := servertest.On(t, s.Disk.Image(vfs.ProcessKill, 0), "appendonly", "yes").Client()
	expect(t, back, "GET b", `"2"`, "GET c", `"3"`)
}

func TestDiskFullUnderAlwaysEndsTheServer(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "always")
	c := s.Client()
	expect(t, c, "SET a 1", "OK")
	s.Disk.Fill(20)
	c.Send("SET", "b", "2")
	s.Settle()
	if s.Running() || s.ExitCode() != 1 {
		t.Fatalf("running %v, exit code %d", s.Running(), s.ExitCode())
	}
	if v, ok := c.Reply(); ok {
		t.Errorf("acknowledged with %q", v.Str)
	}
	image := s.Disk.Image(vfs.ProcessKill, 0)
	image.SetCapacity(0)
	expect(t, servertest.On(t, image, "appendonly", "yes").Client(), "GET a", `"1"`, "GET b", "(nil)")
}

func TestFailedSyncUnderAlwaysEndsTheServer(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "always")
	c := s.Client()
	expect(t, c, "SET a 1", "OK")
	s.Disk.FailSyncs(1)
	c.Send("SET", "b", "2")
	s.Settle()
	if s.Running() || s.ExitCode() != 1 {
		t.Fatalf("running %v, exit code %d", s.Running(), s.ExitCode())
	}
	if v, ok := c.Reply(); ok {
		t.Errorf("acknowledged with %q", v.Str)
	}
	if err := s.Failure(); err == nil || !strings.Contains(err.Error(), firstIncr) {
		t.Errorf("the failure does not name the file: %v", err)
	}
}

// After a failed sync the page cache has given the bytes up, and a later sync
// that succeeds says nothing about them. Only new files put them on disk.
func TestFailedSyncUnderEverysec(t *testing.T) {
	for _, failures := range []int{1, 2, 3, 12} {
		t.Run(fmt.Sprint(failures, " failures"), func(t *testing.T) {
			disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 10_000}})
			s := servertest.On(t, disk, "appendonly", "yes")
			s.Advance(2_000_000)
			c := s.Client()
			expect(t, c, "SET a 1", "OK")
			s.Advance(1_100_000)
			disk.FailSyncs(failures)
			expect(t, c, "SET b 2", "OK")
			synced := s.Durability().Synced
			refusedOnce := false
			step := int64(9000)
			for at := int64(0); s.Durability().Synced < s.Durability().Last; at += step {
				if at > 300_000_000 {
					t.Fatalf("not on disk after %d seconds", at/1_000_000)
				}
				if at > 2_000_000 {
					step = 250_000
				}
				s.Advance(step)
				refusedOnce = refusedOnce || c.Text("SET c 3") == misconfAOF+"Input/output error"
				if now := s.Durability().Synced; now != synced && now != s.Durability().Last && refusedOnce {
					t.Fatalf("the failed sync counts: %d of %d on disk", now, s.Durability().Last)
				}
				crash := image{disk: disk.Image(vfs.PowerCut, uint64(at)), now: s.Now, name: fmt.Sprint("power cut after ", at)}
				if back := recoverImage(t, crash, []string{"appendonly", "yes"}); back.state["0:a"].content == "" {
					t.Fatalf("a power cut %d us later took what was on disk before", at)
				}
			}
			if !refusedOnce {
				t.Error("writes were never refused")
			}
			expect(t, c, "SET d 4", "OK")
			s.Advance(1_200_000)
			for seed := range uint64(5) {
				back := servertest.At(t, disk.Image(vfs.PowerCut, seed), s.Now, "appendonly", "yes").Client()
				expect(t, back, "GET a", `"1"`, "GET b", `"2"`, "GET d", `"4"`)
			}
		})
	}
}

// A rewrite may fail at any sync and any write: the files stay loadable and
// whole, and the next one succeeds.
func TestRewriteFailsHalfWay(t *testing.T) {
	faults := map[string]func(d *vfs.Disk, n int){
		"sync": func(d *vfs.Disk, n int) { d.FailSyncs(n) },
		"room": func(d *vfs.Disk, n int) { d.Fill(int64(n) * 30) },
	}
	for name, fault := range faults {
		for n := 1; n < 9; n++ {
			for _, from := range []int{0, 1, 2, 3, 4, 5} {
				t.Run(fmt.Sprintf("%s %d from operation %d", name, n, from), func(t *testing.T) {
					disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}})
					s := servertest.On(t, disk, "appendonly", "yes", "auto-aof-rewrite-percentage", "0")
					s.Advance(2_000_000)
					c := s.Client()
					expect(t, c, "RPUSH l 1", "(integer) 1")
					s.Advance(1_200_000)
					c.Send("BGREWRITEAOF")
					s.Settle()
					for range from {
						s.Advance(1000)
					}
					fault(disk, n)
					s.Advance(1_500_000)
					disk.FailSyncs(0)
					disk.SetCapacity(0)
					for range 5 { // a failed sync is repaired by a rewrite, which may have to wait
						s.Advance(130_000_000)
					}
					c = s.Client()
					expect(t, c, "RPUSH l 2", "(integer) 2", "RPUSH l 3", "(integer) 3")
					c.Send("BGREWRITEAOF")
					s.Advance(2_000_000)
					if v, _ := c.Reply(); string(v.Str) != "Background append only file rewriting started" {
						t.Errorf("BGREWRITEAOF: %s", v.Str)
					}
					if got := info(s, "aof_last_bgrewrite_status"); got != "ok" {
						t.Errorf("aof_last_bgrewrite_status:%s", got)
					}
					expect(t, c, "RPUSH l 4", "(integer) 4")
					s.Advance(1_200_000)
					for seed := range uint64(6) {
						back := servertest.At(t, disk.Image(vfs.PowerCut, seed), s.Now, "appendonly", "yes").Client()
						expect(t, back, "LRANGE l 0 -1", "1) \"1\"\n2) \"2\"\n3) \"3\"\n4) \"4\"")
					}
					if infos, _ := disk.ReadDir("appendonlydir"); len(infos) != 3 {
						t.Errorf("files are left over: %v", infos)
					}
				})
			}
		}
	}
}

func TestReloadKeepsTheDataset(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "always")
	c := manyKeys(s, 3000)
	digest := c.Text("DEBUG DIGEST")
	expect(t, c, "DEBUG RELOAD", "OK", "DEBUG DIGEST", digest, "DEBUG LOADAOF", "OK", "DEBUG DIGEST", digest,
		"BGREWRITEAOF", "Background append only file rewriting started")
	s.Settle()
	expect(t, c, "SET after reload", "OK", "DEL after", "(integer) 1", "DEBUG LOADAOF", "OK", "DEBUG DIGEST", digest)
	if d := s.Durability(); d.Synced != d.Last {
		t.Errorf("%d of %d changes count as on disk", d.Synced, d.Last)
	}
	back := servertest.On(t, s.Disk.Image(vfs.PowerCut, 1), "appendonly", "yes").Client()
	expect(t, back, "DEBUG DIGEST", digest)
	s.Disk.Fill(10)
	expect(t, c, "DEBUG RELOAD", "(error) ERR")
}

func TestShutdown(t *testing.T) {
	tests := []struct {
		name, save, command string
		saved               bool
	}{
		{"no save points", "", "SHUTDOWN", false},
		{"no save points, SAVE", "", "SHUTDOWN SAVE", true},
		{"save points", "900 1", "SHUTDOWN", true},
		{"save points, NOSAVE", "900 1", "SHUTDOWN NOSAVE", false},
		{"NOW", "900 1", "SHUTDOWN NOW", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 2000}})
			s := servertest.On(t, disk, "appendonly", "no", "save", test.save)
			c := s.Client()
			expect(t, c, "SET k v", "OK")
			c.Send(strings.Fields(test.command)...)
			s.Advance(50_000)
			if s.Running() || s.ExitCode() != 0 {
				t.Fatalf("running %v, exit code %d", s.Running(), s.ExitCode())
			}
			back := servertest.On(t, disk.Image(vfs.PowerCut, 2)).Client()
			if got := back.Text("EXISTS k") == "(integer) 1"; got != test.saved {
				t.Errorf("saved %v, want %v", got, test.saved)
			}
		})
	}
}

func TestShutdownSyncsTheAppendOnlyFile(t *testing.T) {
	disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 2000}})
	s := servertest.On(t, disk, "appendonly", "yes", "appendfsync", "no")
	s.Advance(100_000)
	c := s.Client()
	expect(t, c, "SET k v", "OK", "BGSAVE", "Background saving started")
	c.Send("SHUTDOWN")
	s.Advance(50_000)
	if s.Running() {
		t.Fatal("it still runs")
	}
	for seed := range uint64(10) {
		expect(t, servertest.On(t, disk.Image(vfs.PowerCut, seed), "appendonly", "yes").Client(), "GET k", `"v"`)
	}
}

func TestShutdownThatCannotSave(t *testing.T) {
	s := servertest.New(t, "appendonly", "no", "save", "900 1")
	c := s.Client()
	expect(t, c, "SET k v", "OK")
	s.Disk.Fill(5)
	expect(t, c, "SHUTDOWN", "(error) ERR Errors trying to SHUTDOWN. Check logs.", "GET k", `"v"`)
	c.Send("SHUTDOWN", "FORCE")
	s.Settle()
	if s.Running() {
		t.Error("FORCE did not end it")
	}
}

// A server that is told to end while it loads must not save what it has so
// far over the file it loads from.
func TestShutdownWhileLoading(t *testing.T) {
	s := servertest.New(t, "save", "900 1", "appendonly", "no")
	c := manyKeys(s, 60_000)
	expect(t, c, "SAVE", "OK")
	want := s.Disk.WrittenBytes("dump.rdb")
	disk := s.Disk.Image(vfs.PowerCut, 1)
	w, err := begin(t, disk, startOfTime, nil, "save", "900 1", "appendonly", "no")
	if err != nil {
		t.Fatal(err)
	}
	w.s.Step(w.now)
	if !w.s.Loading() {
		t.Fatal("loaded in one step: nothing to test")
	}
	w.s.RequestShutdown("")
	w.s.Step(w.now)
	if w.s.Running() {
		t.Error("it still runs")
	}
	if got := disk.WrittenBytes("dump.rdb"); got != want {
		t.Errorf("dump.rdb has %d bytes, had %d", got, want)
	}
}

// The old single file moves into the directory, whatever happens meanwhile.
func TestUpgradeOfASingleFile(t *testing.T) {
	for _, preamble := range []bool{false, true} {
		t.Run(fmt.Sprint("preamble ", preamble), func(t *testing.T) {
			content := commands("SELECT 0", "SET a 1", "RPUSH l x", "RPUSH l y")
			if preamble {
				s := servertest.New(t)
				expect(t, s.Client(), "SET a 1", "OK", "RPUSH l x", "(integer) 1", "SAVE", "OK")
				content = text(t, s.Disk, "dump.rdb") + commands("SELECT 0", "RPUSH l y")
			}
			disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}})
			put(t, disk, "appendonly.aof", content)
			disk.Advance(startOfTime)
			var crashes []image
			seed := uint64(0)
			before := func(op string) {
				for _, kind := range []vfs.Kind{vfs.ProcessKill, vfs.PowerCut, vfs.PowerCut, vfs.PowerCut, vfs.TornTail} {
					seed++
					crashes = append(crashes, image{disk: disk.Image(kind, seed), now: startOfTime, name: fmt.Sprintf("%v before %s", kind, op)})
				}
			}
			config := []string{"appendonly", "yes", "appendfsync", "always"}
			w, err := start(t, disk, startOfTime, before, config...)
			if err != nil {
				t.Fatal(err)
			}
			w.run("SET b 2")
			w.finish()
			want := stateOf(w.s.Space()).at(w.now)
			if len(crashes) < 40 {
				t.Fatalf("only %d crashes", len(crashes))
			}
			for _, im := range crashes {
				back, err := start(t, im.disk, im.now, nil, config...)
				if err != nil {
					t.Fatalf("%s: %v", im.name, err)
				}
				back.run("SET b 2")
				back.finish()
				if got := stateOf(back.s.Space()).at(im.now); got != want {
					t.Fatalf("%s:\n%s", im.name, difference(got, want))
				}
				again, err := start(t, im.disk.Image(vfs.PowerCut, 1), im.now, nil, config...)
				if err != nil {
					t.Fatalf("%s, then a power cut: %v", im.name, err)
				}
				if got := stateOf(again.s.Space()).at(im.now); got != want {
					t.Fatalf("%s, then a power cut:\n%s", im.name, difference(got, want))
				}
			}
			if _, err := disk.Stat("appendonly.aof"); err == nil {
				t.Error("the old file is still there")
			}
		})
	}
}

// Equal seeds and equal input give equal disks.
func TestSameSeedSameBytes(t *testing.T) {
	run := func() string {
		s := servertest.New(t, "appendonly", "yes", "save", "1 1", "auto-aof-rewrite-min-size", "2kb")
		c := s.Client()
		for i := range 400 {
			c.Do("SADD", "s", fmt.Sprint(i%90), "m")
			c.Do("SPOP", "s")
			c.Do("HSET", fmt.Sprint("h", i%7), fmt.Sprint(i), "v")
			c.Do("SET", fmt.Sprint("k", i), "v", "PX", fmt.Sprint(50+i))
			c.Do("EVAL", "redis.call('SET', KEYS[1], math.random())", "1", "random")
			s.Advance(7_000)
		}
		s.Settle()
		var all strings.Builder
		for _, f := range s.Disk.Files() {
			all.WriteString(f.Name + "\n" + text(t, s.Disk, f.Name) + "\n")
		}
		return all.String()
	}
	if a, b := run(), run(); a != b {
		t.Errorf("two runs left different disks (%d and %d bytes)", len(a), len(b))
	}
}
