package server_test

import (
	"fmt"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// What the simulation (engine/sim) has found, each as small as it goes.

func TestTheNewDirectoryIsSynced(t *testing.T) {
	s := servertest.New(t, "appendonly", "no", "appendfsync", "always")
	expect(t, s.Client(), "CONFIG SET appendonly yes", "OK")
	s.Advance(1_000_000)
	expect(t, s.Client(), "SET k v", "OK")
	for seed := range uint64(20) {
		back := servertest.On(t, s.Disk.Image(vfs.PowerCut, seed), "appendonly", "yes").Client()
		expect(t, back, "GET k", `"v"`)
	}
}

// A first rewrite that was cut short leaves an increment that no manifest names.
// Its bytes must not be the beginning of the one that gets its name.
func TestAnIncrementLeftByACrashDoesNotComeBack(t *testing.T) {
	disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}})
	disk.Advance(startOfTime)
	put(t, disk, firstIncr, commands("SELECT 0", "INCRBY n 31"))
	for _, at := range []int64{1, 1_000_000} {
		disk.Advance(startOfTime + at)
	}
	var crashes []image
	w, err := start(t, disk, startOfTime+1_000_000, func(op string) {
		for seed := range uint64(8) {
			crashes = append(crashes, image{disk: disk.Image(vfs.PowerCut, seed), name: op})
		}
	}, "appendonly", "yes")
	if err != nil {
		t.Fatal(err)
	}
	w.run("SET a 1")
	w.advance(2_000_000)
	if len(crashes) < 40 {
		t.Fatalf("only %d crashes", len(crashes))
	}
	for _, im := range crashes {
		back, err := start(t, im.disk, w.now, nil, "appendonly", "yes")
		if err != nil {
			t.Fatalf("power cut before %s: %v", im.name, err)
		}
		if state := stateOf(back.s.Space()); state["0:n"].content != "" {
			t.Fatalf("power cut before %s: n is %q", im.name, state["0:n"].content)
		}
	}
}

// A rewrite with appendonly no leaves a manifest without increments. The number
// of one that is history must not be given out again: it would be removed.
func TestTheNumberOfHistoryIsNotGivenOutAgain(t *testing.T) {
	disk := vfs.New(vfs.Options{})
	expect(t, servertest.On(t, disk, "appendonly", "yes").Client(), "SET k v", "OK")
	put(t, disk, manifestFile, "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type h\n")
	c := servertest.On(t, disk, "appendonly", "yes", "appendfsync", "always").Client()
	expect(t, c, "SET after v", "OK")
	expect(t, servertest.On(t, disk.Image(vfs.PowerCut, 1), "appendonly", "yes").Client(), "GET after", `"v"`)
}

// FLUSHALL writes dump.rdb when save points are set. In a transaction it waits for
// the end: the file holds all of the transaction or none.
func TestFlushInATransactionIsSavedWithIt(t *testing.T) {
	s := servertest.New(t, "save", "3600 1")
	c := s.Client()
	expect(t, c, "SET before v", "OK", "MULTI", "OK", "SET a 1", "QUEUED", "FLUSHALL", "QUEUED", "SET b 2", "QUEUED",
		"EXEC", "1) OK\n2) OK\n3) OK")
	expect(t, servertest.On(t, s.Disk.Image(vfs.PowerCut, 1)).Client(), "KEYS *", `1) "b"`)
}

// A FLUSHALL that the append-only file brings again leaves dump.rdb as it is.
func TestReplayedFlushKeepsTheSnapshot(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes")
	c := s.Client()
	expect(t, c, "SET old v", "OK", "FLUSHALL", "OK", "SET k v", "OK", "SAVE", "OK")
	saved := text(t, s.Disk, "dump.rdb")
	again := servertest.On(t, s.Disk.Image(vfs.ProcessKill, 0), "appendonly", "yes", "save", "3600 1")
	if text(t, again.Disk, "dump.rdb") != saved {
		t.Error("the start wrote another dump.rdb")
	}
	if d := again.Durability(); d.SnapshotChange != 0 {
		t.Errorf("it counts as a snapshot of change %d", d.SnapshotChange)
	}
}

// While a rewrite makes new files after a failed fsync, those that the manifest
// names are not the whole dataset.
func TestLoadAOFWhileFilesAreRemade(t *testing.T) {
	disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 50_000}})
	s := servertest.On(t, disk, "appendonly", "yes")
	s.Advance(2_000_000)
	c := s.Client()
	expect(t, c, "SET k v", "OK")
	disk.FailSyncs(1)
	s.Advance(1_500_000)
	for range 100 {
		if info(s, "aof_rewrite_in_progress") == "1" {
			break
		}
		c.Text("SET k w")
		s.Advance(10_000)
	}
	got := c.Text("DEBUG LOADAOF")
	if v := c.Text("EXISTS k"); v != "(integer) 1" {
		t.Errorf("DEBUG LOADAOF: %s; EXISTS k: %s", got, v)
	}
}

// A consumer that holds only entries that were deleted survives a rewrite to
// commands, though what it holds cannot.
func TestConsumerOfDeletedEntries(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "aof-use-rdb-preamble", "no")
	c := s.Client()
	expect(t, c, "XADD x 1-1 f v", `"1-1"`, "XGROUP CREATE x g 0", "OK",
		"XREADGROUP GROUP g c STREAMS x >", "1) 1) \"x\"\n   2) 1) 1) \"1-1\"\n         2) 1) \"f\"\n            2) \"v\"",
		"XDEL x 1-1", "(integer) 1", "BGREWRITEAOF", "Background append only file rewriting started")
	s.Advance(1_000_000)
	back := servertest.On(t, s.Disk.Image(vfs.PowerCut, 1), "appendonly", "yes").Client()
	if got := back.Do("XINFO", "CONSUMERS", "x", "g"); len(got.Elems) != 1 {
		t.Error(fmt.Sprint("consumers: ", len(got.Elems)))
	}
}

// A server that ends in the middle of a step does no more work on its jobs.
func TestAServerThatEndedDoesNoWork(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "always")
	c := s.Client()
	expect(t, c, "SET k v", "OK")
	s.Disk.Fill(20)
	c.Send("BGSAVE")
	c.Send("SET", "k", "w")
	c.Send("DEBUG", "LOADAOF") // writes what was not written yet, and cannot
	s.Settle()
	if s.Running() || s.ExitCode() != 1 {
		t.Fatalf("running %v, exit code %d", s.Running(), s.ExitCode())
	}
}

// A key that expires while DEBUG RELOAD holds the thread is gone for what comes
// then, in the append-only file, too.
func TestExpiryDuringReloadIsPropagated(t *testing.T) {
	s := servertest.On(t, vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 400_000}}), "appendonly", "yes")
	s.Advance(5_000_000)
	c := s.Client()
	for _, words := range []string{"ZADD z 1 m", "ZADD other 1 o", "PEXPIRE z 500", "DEBUG RELOAD", "ZUNIONSTORE to 2 z other"} {
		c.SendLine(words)
	}
	s.Advance(5_000_000)
	expect(t, s.Client(), "ZCARD to", "(integer) 1")
	back := servertest.At(t, s.Disk.Image(vfs.ProcessKill, 0), s.Now, "appendonly", "yes")
	back.Advance(5_000_000)
	expect(t, back.Client(), "ZCARD to", "(integer) 1")
}

// Switching the append-only file off syncs what was written. If that fails under
// "always", a command that ran just before is not acknowledged.
func TestFailedSyncWhenSwitchedOff(t *testing.T) {
	s := servertest.On(t, vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}}), "appendonly", "yes", "appendfsync", "always")
	s.Advance(1_000_000)
	c := s.Client()
	s.Disk.FailSyncs(1)
	c.Send("SET", "k", "v")
	c.Send("CONFIG", "SET", "appendonly", "no")
	s.Advance(1_000_000)
	if v, ok := c.Reply(); ok || s.Running() || s.ExitCode() != 1 {
		t.Errorf("acknowledged with %q; running %v, exit code %d", v.Str, s.Running(), s.ExitCode())
	}
}
