package arena

import "math/bits"

// Values lie differently here than in redis-server, but maxmemory and a lesson
// on memory should mean what they mean there. So those who know what Redis
// would allocate for what they keep say how it differs from the blocks they
// took, and Modelled is the sum: the bytes a real server would use.

// AddSurplus notes that Redis would take n bytes more than was taken here.
func (a *Arena) AddSurplus(n int64) { a.surplus += n }

// Modelled is the bytes that a real server would use for what lies here.
func (a *Arena) Modelled() int64 { return a.used + a.surplus }

// RedisBlock is what Redis's allocator gives for a request of n bytes: 8, then
// multiples of 16 up to 128, then four sizes for each doubling.
func RedisBlock(n int) int64 {
	switch {
	case n <= 8:
		return 8
	case n <= 128:
		return int64(n+15) &^ 15
	}
	step := 1 << (bits.Len(uint(n-1)) - 3)
	return int64(n+step-1) &^ int64(step-1)
}

// RedisString is what an sds of n bytes takes: its header, the bytes, a zero.
func RedisString(n int) int64 {
	header := 9
	switch {
	case n == 0:
		header = 3
	case n < 1<<5:
		header = 1
	case n < 1<<8:
		header = 3
	case n < 1<<16:
		header = 5
	}
	return RedisBlock(header + n + 1)
}
