//go:build !linux

package benchmark

import "time"

var started = time.Now()

// threadTime is wall time where the processor time of a thread is not to be had.
func threadTime() time.Duration { return time.Since(started) }

// processSeconds is 0 where it is not to be had.
func processSeconds(int) float64 { return 0 }
