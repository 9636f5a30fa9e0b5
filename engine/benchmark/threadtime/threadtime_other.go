//go:build !linux

package threadtime

import "time"

var began = time.Now()

// Used is wall time where the processor time of a thread is not to be had.
func Used() time.Duration { return time.Since(began) }
