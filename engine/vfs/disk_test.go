package vfs_test

import (
	"testing"

	"everysec/engine/vfs"
	"everysec/engine/vfs/vfstest"
)

func TestConformance(t *testing.T) {
	vfstest.Run(t, vfstest.Host{
		Open: func(*testing.T) vfs.FS { return vfs.New(vfs.Options{}) },
		Wait: func(ticket vfs.Ticket) error {
			if !ticket.Done() {
				t.Error("a disk without latency has a ticket that is not done")
			}
			return ticket.Err()
		},
	})
}

func TestConformanceOfASlowDisk(t *testing.T) {
	var disk *vfs.Disk
	now := int64(0)
	vfstest.Run(t, vfstest.Host{
		Open: func(*testing.T) vfs.FS {
			now = 0
			disk = vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}})
			return disk
		},
		Wait: func(ticket vfs.Ticket) error {
			for !ticket.Done() {
				at, ok := disk.NextWake()
				if !ok || at <= now {
					t.Fatal("a ticket waits for nothing")
				}
				now = at
				disk.Advance(now)
			}
			return ticket.Err()
		},
	})
}

// An error of a sync that no process has seen is not the end of its bytes: Linux
// tells it to the next one, which may save them.
func TestASyncThatWasToFailWhenTheProcessDied(t *testing.T) {
	d := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}})
	f, err := d.OpenFile("f", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	d.SyncDir(".")
	d.Advance(2000)
	if _, err := f.Write([]byte("bytes")); err != nil {
		t.Fatal(err)
	}
	d.FailSyncs(1)
	f.Sync()
	next := d.Image(vfs.ProcessKill, 0)
	f, err = next.OpenFile("f", vfs.Write)
	if err != nil {
		t.Fatal(err)
	}
	ticket := f.Sync()
	next.Advance(4000)
	if !ticket.Done() || ticket.Err() != nil {
		t.Fatalf("done %v, error %v", ticket.Done(), ticket.Err())
	}
	if n := next.Image(vfs.PowerCut, 1).WrittenBytes("f"); n != 5 {
		t.Errorf("%d bytes survived a power cut after it", n)
	}
}

// A sector is written whole: what a later write put behind unsynced bytes in the
// same sector does not survive without them.
func TestBytesOfOneSectorSurviveInOrder(t *testing.T) {
	d := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}})
	f, err := d.OpenFile("f", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	d.SyncDir(".")
	d.Advance(2000)
	for _, text := range []string{"earlier", "later"} {
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		f.Sync() // the first is in flight, the second waits
	}
	seen := map[string]bool{}
	for seed := range uint64(300) {
		b, err := vfs.ReadFile(d.Image(vfs.PowerCut, seed), "f")
		if err != nil {
			t.Fatal(err)
		}
		seen[string(b)] = true
	}
	if seen["\x00\x00\x00\x00\x00\x00\x00later"] || !seen["earlierlater"] || !seen[""] {
		t.Errorf("survived: %v", seen)
	}
}

// A commit that a hanging disk keeps can be landed by the host; what waits
// behind it goes next.
func TestACommitIsLandedAtOnce(t *testing.T) {
	d := vfs.New(vfs.Options{})
	d.HangSyncs(true)
	f, err := d.OpenFile("a", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("first")); err != nil {
		t.Fatal(err)
	}
	first := f.Sync()
	name := d.SyncDir(".")
	if first.Done() || name.Done() {
		t.Fatal("a disk that hangs has ended a sync")
	}
	if !d.Land() || !first.Done() || name.Done() {
		t.Fatal("the first commit did not land alone")
	}
	if !d.Land() || !name.Done() || d.Land() {
		t.Fatal("the second commit did not land, or there was a third")
	}
	if got := d.SyncedBytes("a"); got != 5 {
		t.Errorf("%d bytes are synced", got)
	}
}
