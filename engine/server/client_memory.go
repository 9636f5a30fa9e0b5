package server

import (
	"math/bits"

	"everysec/engine/event"
)

// What clients hold in memory, and maxmemory-clients: when all of them hold
// more, those that hold most are disconnected.

// heldBy is what a client holds: input that is not run, replies that are not
// sent, queued commands.
func (s *Server) heldBy(c *connection) int64 {
	held := int64(c.reader.MemoryUsage()) + int64(c.writer.Len()) + c.unsent + c.Transaction.Bytes
	if s.space.Now-c.LastInteraction < activeSeconds*1000 {
		return max(activeClient, held)
	}
	return idleClient + held
}

// measureBuffers tells commands what a client holds.
func (s *Server) measureBuffers(c *connection) {
	c.QueryBuffer = int64(c.reader.Buffered())
	c.QueryBufferFree = int64(c.reader.MemoryUsage()) - c.QueryBuffer
	c.Unsent = c.unsent
	c.Memory = s.heldBy(c)
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
