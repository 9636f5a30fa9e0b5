package server_test

import (
	"fmt"
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// behind is a server under "everysec" whose buffer has grown to about ten
// megabytes, 40 keys in order, while the disk was busy; now the disk is free.
func behind(t *testing.T) (*servertest.Server, *servertest.Client) {
	s := servertest.New(t, "appendonly", "yes")
	c := s.Client()
	s.Advance(1_100_000)
	s.Disk.SetLatency(vfs.Latency{Sync: 1_500_000})
	expect(t, c, "SET first v", "OK") // written, and its sync begins
	if !s.Durability().SyncInFlight {
		t.Fatal("the disk is not busy")
	}
	value := strings.Repeat("v", 256<<10)
	for i := range 40 {
		if got := c.Do("SET", fmt.Sprint("key:", i), value); string(got.Str) != "OK" {
			t.Fatalf("SET: %q", got.Str)
		}
	}
	if d := s.Durability(); d.BufferedBytes < 10<<20 || d.Acknowledged != d.Last {
		t.Fatalf("not postponed: %+v", d)
	}
	s.Disk.SetLatency(vfs.Latency{})
	s.Now += 1_500_000
	s.Disk.Advance(s.Now)
	return s, c
}

// survivors tells how many of the keys came back, and fails if one is missing
// before another.
func survivors(t *testing.T, s *servertest.Server) int {
	c := s.Client()
	n := 0
	for n < 40 && c.Text(fmt.Sprint("STRLEN key:", n)) != "(integer) 0" {
		n++
	}
	for i := n; i < 40; i++ {
		if got := c.Text(fmt.Sprint("STRLEN key:", i)); got != "(integer) 0" {
			t.Fatalf("key:%d came back, key:%d did not", i, n)
		}
	}
	return n
}

// A buffer that has grown long is written a piece a step, so that no step is
// long; whenever that ends, what was written is a beginning of the history.
func TestAPostponedBufferIsWrittenAPieceAStep(t *testing.T) {
	s, c := behind(t)
	seen := map[int]bool{}
	steps := 0
	for before := s.Durability(); before.BufferedBytes > 0; steps++ {
		if s.NextWake() > s.Now {
			t.Fatalf("%d bytes are left and nothing is to be done", before.BufferedBytes)
		}
		if steps == 2 { // what comes meanwhile goes behind, and is answered
			c.SendLine("SET key:0 changed")
		}
		s.Step(s.Now)
		after := s.Durability()
		if n := before.BufferedBytes - after.BufferedBytes; n > 3<<20 {
			t.Fatalf("%d bytes were written in a step", n)
		}
		if after.Synced > before.Written && after.BufferedBytes > 0 {
			t.Fatalf("synced half way: %+v", after)
		}
		before = after
		seen[survivors(t, servertest.On(t, s.Disk.Image(vfs.ProcessKill, 0), "appendonly", "yes"))] = true
	}
	if got, ok := c.Reply(); !ok || string(got.Str) != "OK" {
		t.Errorf("what came meanwhile was answered with %q", got.Str)
	}
	if len(seen) < 4 || !seen[40] {
		t.Errorf("%d steps, after which %v keys had been written", steps, seen)
	}
	s.Settle()
	back := servertest.On(t, s.Disk.Image(vfs.ProcessKill, 0), "appendonly", "yes")
	expect(t, back.Client(), "GET key:0", `"changed"`, "GET first", `"v"`)
}

// "always" does not answer before all of it is on disk.
func TestAlwaysIsNotAPieceAStep(t *testing.T) {
	s, c := behind(t)
	s.Step(s.Now)
	if s.Durability().BufferedBytes == 0 {
		t.Fatal("it was written at once")
	}
	c.SendLine("CONFIG SET appendfsync always")
	c.SendLine("SET last v")
	for replies := 0; replies < 2; {
		s.Step(s.Now)
		if _, ok := c.Reply(); ok {
			replies++
			if d := s.Durability(); d.Synced != d.Last || d.BufferedBytes != 0 {
				t.Fatalf("answered, and %+v", d)
			}
		}
	}
	back := servertest.On(t, s.Disk.Image(vfs.PowerCut, 1), "appendonly", "yes")
	if n := survivors(t, back); n != 40 {
		t.Errorf("%d keys survived", n)
	}
	expect(t, back.Client(), "GET last", `"v"`)
}

// A disk that becomes full half way is cut back to whole commands, and gets
// the rest when it has room again.
func TestADiskThatFillsWhileAPostponedBufferIsWritten(t *testing.T) {
	s, c := behind(t)
	s.Disk.Fill(3<<20 + 100)
	s.Settle()
	if got := info(s, "aof_last_write_status"); got != "err" {
		t.Fatalf("aof_last_write_status:%s", got)
	}
	if n := survivors(t, servertest.On(t, s.Disk.Image(vfs.ProcessKill, 0), "appendonly", "yes", "aof-load-truncated", "no")); n != 11 {
		t.Errorf("%d keys have been written", n)
	}
	s.Disk.SetCapacity(0)
	s.Advance(1_000_000)
	expect(t, c, "SET last v", "OK")
	back := servertest.On(t, s.Disk.Image(vfs.ProcessKill, 0), "appendonly", "yes")
	if n := survivors(t, back); n != 40 {
		t.Errorf("%d keys came back", n)
	}
	expect(t, back.Client(), "GET last", `"v"`)
}
