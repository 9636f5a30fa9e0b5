package server

import (
	"math/bits"

	"everysec/engine/ds/arena"
	"everysec/engine/event"
)

// What clients hold in memory, and maxmemory-clients: when all of them hold
// more, those that hold most are disconnected.

// Sizes of Redis's: what a client is, the buffers it has for queries and
// replies, and the blocks for replies that do not fit.
const (
	redisClient  = 768
	queryChunk   = 16 << 10
	replyChunk   = 16 << 10
	replyLeast   = 1 << 10
	replyBlock   = 20464
	blockHeader  = 40
	queuedHeader = 24
	watchedKey   = 56
	dictEntry    = 24
	longString   = 64 << 10
	longArgument = 32 << 10
)

// clientBuffers is what becomes of a client's buffers; see command.ClientBuffers.
type clientBuffers struct {
	queryRoom, queryPeak int
	peakSince            int64 // milliseconds
}

// queryBlock is the memory of a buffer for so many bytes of queries, and the
// room that there is in it.
func queryBlock(n int) (memory int64, room int) {
	if n == 0 {
		return 8, 0
	}
	header := 6
	if n >= longString {
		header = 10
	}
	memory = arena.RedisBlock(n + header)
	return memory, int(memory) - header
}

// makeQueryRoom gives room to what came in. More than a chunk makes Redis take
// room for four, but a long argument gets what it needs.
func (c *connection) makeQueryRoom() {
	n := c.reader.Buffered()
	if c.queryRoom == 0 || n > c.queryRoom {
		room := max(n, queryChunk)
		if queryChunk < n && n <= longArgument {
			room = 4 * queryChunk
		}
		_, c.queryRoom = queryBlock(room)
	}
	c.queryPeak = max(c.queryPeak, n)
}

// measureBuffers measures what a client holds: input that is not run, replies
// that are not sent, queued commands.
func (s *Server) measureBuffers(c *connection) {
	b := &c.Buffers
	b.Query = c.reader.Buffered()
	if c == s.current {
		b.Query = c.reader.Held()
	}
	b.QueryFree = max(c.queryRoom-b.Query, 0)
	listed := c.writer.Len()
	b.Reply = 0
	if b.Stuck = c.unsent > 0; !b.Stuck {
		b.Reply = min(listed, b.ReplyRoom)
	}
	listed += int(c.unsent) - b.Reply
	b.Blocks = (listed + replyBlock - 1) / replyBlock
	b.Listed = b.Blocks * (replyBlock + blockHeader)
	query, _ := queryBlock(c.queryRoom)
	b.Memory = redisClient + query + int64(b.ReplyRoom+b.Listed+len(c.Patterns)*dictEntry)
	for _, channels := range c.Channels {
		b.Memory += tableMemory(len(channels))
	}
	t := &c.Transaction
	b.Memory += t.Bytes + int64(len(t.Watched)*watchedKey)
	if n := len(t.Queue); n > 0 {
		b.Memory += int64(max(2, powerOfTwo(n)) * queuedHeader)
	}
}

// powerOfTwo is the least one that is not less than n.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }

// heldBy is what a client holds.
func (s *Server) heldBy(c *connection) int64 {
	s.measureBuffers(c)
	return c.Buffers.Memory
}

// resizeBuffers takes from a client what it does not need any more.
func (s *Server) resizeBuffers(c *connection) {
	const wasted, large, idle = 4 << 10, 32 << 10, 2
	b, held := &c.Buffers, c.reader.Buffered()
	if c.queryRoom-held > wasted {
		switch {
		case s.space.Now/1000-c.LastInteraction/1000 > idle:
			if held == 0 {
				c.queryRoom = 0
			}
		case c.queryRoom > large && c.queryPeak < c.queryRoom/2:
			_, c.queryRoom = queryBlock(max(held, c.queryPeak))
		}
	}
	c.queryPeak = held
	if s.memory.resizeReplies {
		room := 0
		switch {
		case b.ReplyRoom/2 >= replyLeast && b.ReplyPeak < b.ReplyRoom/2:
			room = max(replyLeast, b.ReplyPeak+1)
			s.stats.replyShrinks++
		case b.ReplyRoom*2 < replyChunk*2 && b.ReplyPeak == b.ReplyRoom:
			room = min(replyChunk, b.ReplyRoom*2)
			s.stats.replyExpands++
		}
		if forget := s.memory.forgetPeaks; forget >= 0 && s.space.Now-c.peakSince > forget {
			b.ReplyPeak, c.peakSince = min(c.writer.Len(), b.ReplyRoom), s.space.Now
		}
		if room > 0 {
			b.ReplyRoom = int(arena.RedisBlock(room))
		}
	}
}

// clientMemoryLimit is maxmemory-clients in bytes; 0: no limit.
func (s *Server) clientMemoryLimit() int64 {
	limit := s.config.MaxMemoryClients
	if limit < 0 { // percent of maxmemory
		limit = int64(float64(s.config.MaxMemory) * float64(-limit) / 100)
	}
	return limit
}

// evictClients disconnects clients until the rest holds less than the limit.
// As in Redis they are taken by size, in steps of a power of two, and among
// equals the oldest goes first.
func (s *Server) evictClients() {
	limit := s.clientMemoryLimit()
	if limit == 0 {
		return
	}
	total := int64(0)
	for _, c := range s.order {
		if !c.CloseNow {
			total += s.heldBy(c)
		}
	}
	for total >= limit {
		var worst *connection
		for _, c := range s.order {
			if !c.NoEvict && !c.Monitor && !c.CloseNow && (worst == nil || s.sizeClass(c) > s.sizeClass(worst)) {
				worst = c
			}
		}
		if worst == nil {
			return
		}
		total -= s.heldBy(worst)
		s.logf(event.Notice, "Evicting client: id=", itoa(int64(worst.ID)), " addr=", worst.Address)
		s.stats.evictedClients++
		s.Kill(&worst.Client)
		worst.writer.Truncate(worst.released)
		s.pubsub.Forget(&worst.Client)
	}
}

// sizeClass is the power of two of a client's memory, from 32 KB to 8 GB.
func (s *Server) sizeClass(c *connection) int {
	return min(max(bits.Len64(uint64(s.heldBy(c)))-1, 15), 33)
}
