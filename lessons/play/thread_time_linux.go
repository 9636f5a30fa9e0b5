package play

import "golang.org/x/sys/unix"

// threadTime is the processor time that this thread has used, in microseconds:
// a busy machine does not count as a hold. The caller stays on its thread.
func threadTime() int64 {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &at); err != nil {
		panic(err)
	}
	return at.Nano() / 1000
}
