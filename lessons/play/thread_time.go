//go:build !linux

package play

import "time"

var began = time.Now()

// threadTime is wall time where the processor time of a thread is not to be had.
func threadTime() int64 { return time.Since(began).Microseconds() }
