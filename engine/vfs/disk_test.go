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
