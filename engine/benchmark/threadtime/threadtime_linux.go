package threadtime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Used is the processor time that this thread has used so far. The caller
// stays on its thread.
func Used() time.Duration {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &at); err != nil {
		panic(err)
	}
	return time.Duration(at.Nano())
}
