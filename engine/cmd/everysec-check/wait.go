package main

import (
	"time"

	"everysec/engine/vfs"
)

// wait blocks until a sync is done.
func wait(t vfs.Ticket) error {
	for !t.Done() {
		time.Sleep(time.Millisecond)
	}
	return t.Err()
}
