//go:build !linux

package server_test

import "time"

var began = time.Now()

// threadTime is wall time where the processor time of a thread is not to be had.
func threadTime() time.Duration { return time.Since(began) }
