package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"everysec/engine"
	"everysec/engine/vfs"
)

// host is what a program gives the engine: a clock and a disk.
type host struct {
	now  int64
	disk *vfs.Disk
}

func (h *host) options(config ...[2]string) engine.Options {
	return engine.Options{
		FS: h.disk, Now: func() int64 { return h.now }, Seed: 1, Config: config,
		Idle: func() { // the disk works while the database waits
			if at, ok := h.disk.NextWake(); ok {
				h.now = max(h.now, at)
			}
			h.disk.Advance(h.now)
		},
	}
}

func TestDoorway(t *testing.T) {
	for _, latency := range []int64{0, 5000} {
		t.Run(fmt.Sprint("latency ", latency), func(t *testing.T) {
			h := &host{now: 1_700_000_000_000_000, disk: vfs.New(vfs.Options{Latency: vfs.Latency{Sync: latency}})}
			always := h.options([2]string{"appendonly", "yes"}, [2]string{"appendfsync", "always"})
			db, err := engine.Open(always)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 10 {
				v, err := db.Do("INCR", "n")
				if err != nil || v.Int != int64(i+1) {
					t.Fatalf("INCR: %v, %v", v, err)
				}
			}
			if v, err := db.Do("NOSUCH"); err != nil || !v.IsError() {
				t.Errorf("an unknown command: %v, %v", v, err)
			}
			h.disk = h.disk.Image(vfs.PowerCut, 1) // nothing acknowledged is lost
			if db, err = engine.Open(h.options(always.Config...)); err != nil {
				t.Fatal(err)
			}
			if v, err := db.Do("GET", "n"); err != nil || string(v.Str) != "10" {
				t.Fatalf("after a power cut: %q, %v", v.Str, err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Do("GET", "n"); !errors.Is(err, engine.ErrClosed) {
				t.Errorf("Do after Close: %v", err)
			}
			if err := db.Close(); !errors.Is(err, engine.ErrClosed) {
				t.Errorf("Close after Close: %v", err)
			}
		})
	}
}

func TestDoorwayErrors(t *testing.T) {
	if _, err := engine.Open(engine.Options{}); err == nil {
		t.Error("opened without a clock")
	}
	h := &host{now: 1, disk: vfs.New(vfs.Options{})}
	if _, err := engine.Open(h.options([2]string{"appendonly", "perhaps"})); err == nil {
		t.Error("opened with a setting that is none")
	}
	f, err := h.disk.OpenFile("dump.rdb", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("not a snapshot")); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Open(h.options()); err == nil || !strings.Contains(err.Error(), "dump.rdb at offset 0") {
		t.Errorf("opened a file that is no snapshot: %v", err)
	}
}

func TestCloseThatCannotSave(t *testing.T) {
	h := &host{now: 1_700_000_000_000_000, disk: vfs.New(vfs.Options{})}
	db, err := engine.Open(h.options([2]string{"save", "900 1"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Do("SET", "k", "v"); err != nil {
		t.Fatal(err)
	}
	h.disk.Fill(3)
	if err := db.Close(); err == nil {
		t.Fatal("closed without saving")
	}
	if v, err := db.Do("GET", "k"); err != nil || string(v.Str) != "v" {
		t.Errorf("after the failed Close: %q, %v", v.Str, err)
	}
	h.disk.SetCapacity(0)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := engine.Open(h.options())
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := again.Do("GET", "k"); string(v.Str) != "v" {
		t.Errorf("reopened: %q", v.Str)
	}
}
