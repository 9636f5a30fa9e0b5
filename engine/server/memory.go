package server

import (
	"strconv"

	"everysec/engine/command"
)

// used_memory is what a real server would say, near enough: maxmemory, and
// with it eviction, should mean the same here. What lies in the arena takes
// about what it takes in Redis; what is known to differ is corrected by a few
// figures that cost nothing to keep. engine/differential measures the error.

const (
	// startupMemory is what redis-server 7.0 uses when it has started.
	startupMemory = 876368
)

// memory is what is known without counting.
type memory struct {
	clients int64 // as of the last cron
	// The most that a client's input and output took in each of the last seconds.
	peaks [8][2]int64

	// See command.Server.ReplyBuffers.
	resizeReplies bool
	forgetPeaks   int64
}

// UsedMemory is the bytes that data, clients and the append-only buffer use.
func (s *Server) UsedMemory() int64 {
	return startupMemory + s.dataMemory() + s.memory.clients + int64(s.aof.buffer.room)
}

// dataMemory is keys, values and tables.
func (s *Server) dataMemory() int64 {
	total := s.space.Arena.Modelled()
	for _, db := range s.space.DBs {
		if n := int64(db.Volatile()); n > 0 {
			const allocator = 8 // what it adds to an entry
			_, expires := db.Overhead()
			total += expires + n*allocator
		}
	}
	return total
}

// excessMemory is how much of the used memory is to go. The append-only buffer
// does not count: to make room by evicting keys would fill it with their
// deletions.
func (s *Server) excessMemory() int64 {
	if s.config.MaxMemory == 0 {
		return 0
	}
	return s.UsedMemory() - int64(s.aof.buffer.room) - s.config.MaxMemory
}

// measureClients is part of cron: to ask every client before every command
// would cost too much.
func (s *Server) measureClients() {
	total := int64(0)
	for _, c := range s.order {
		total += s.heldBy(c)
	}
	s.memory.clients = total
}

// resizeClients is part of cron, too.
func (s *Server) resizeClients() {
	p := &s.memory.peaks
	slot := int(s.now / 1000000 % int64(len(p)))
	p[(slot+1)%len(p)] = [2]int64{}
	for _, c := range s.order {
		s.resizeBuffers(c)
		query, _ := queryBlock(c.queryRoom)
		p[slot][0] = max(p[slot][0], query)
		p[slot][1] = max(p[slot][1], int64(c.Buffers.Listed))
	}
}

// Memory is what memory is used for.
func (s *Server) Memory() command.MemoryFigures {
	s.measureClients()
	m := command.MemoryFigures{
		Used:             s.UsedMemory(),
		Startup:          startupMemory,
		Clients:          s.memory.clients,
		AppendOnlyBuffer: int64(s.aof.buffer.room),
		ScriptCount:      s.scripts.count(),
		ArenaUsed:        s.space.Arena.Used(),
		ArenaReserved:    s.space.Arena.Reserved(),
	}
	s.stats.peakMemory = max(s.stats.peakMemory, m.Used)
	m.Peak = s.stats.peakMemory
	m.Scripts, m.Functions = s.scripts.memory()
	m.Overhead = m.Startup + m.Clients + m.AppendOnlyBuffer + m.Scripts + m.Functions
	for _, db := range s.space.DBs {
		keys, expires := db.Overhead()
		if db.Len() == 0 {
			keys, expires = 0, 0 // of an empty database Redis says nothing
		}
		m.Databases = append(m.Databases, command.DatabaseMemory{Keys: keys, Expires: expires})
		m.Overhead += keys + expires
		m.KeyCount += int64(db.Len())
	}
	spare := m.ArenaReserved - m.ArenaUsed // what the arena has taken and not given out
	m.Active = m.Used + spare
	m.Resident = m.Active
	return m
}

func infoMemory(s *Server, w *infoWriter) {
	m := s.Memory()
	w.memory("used_memory", m.Used)
	w.memory("used_memory_rss", m.Resident)
	w.memory("used_memory_peak", m.Peak)
	w.text("used_memory_peak_perc", percent(m.Used, m.Peak))
	w.int("used_memory_overhead", m.Overhead)
	w.int("used_memory_startup", m.Startup)
	w.int("used_memory_dataset", m.Dataset())
	w.text("used_memory_dataset_perc", strconv.FormatFloat(m.DatasetPercentage(), 'f', 2, 64)+"%")
	w.int("allocator_allocated", m.Used)
	w.int("allocator_active", m.Active)
	w.int("allocator_resident", m.Resident)
	w.memory("total_system_memory", systemMemory)
	eval, functions := s.scripts.vmMemory()
	w.int("used_memory_lua", eval)
	w.int("used_memory_vm_eval", eval)
	w.text("used_memory_lua_human", humanBytes(eval))
	w.int("used_memory_scripts_eval", m.Scripts)
	w.int("number_of_cached_scripts", int64(m.ScriptCount))
	w.int("number_of_functions", int64(len(s.scripts.functions)))
	w.int("number_of_libraries", int64(len(s.scripts.list)))
	w.int("used_memory_vm_functions", functions)
	w.memory("used_memory_vm_total", eval+functions)
	w.int("used_memory_functions", m.Functions)
	w.memory("used_memory_scripts", m.Scripts+m.Functions)
	w.memory("maxmemory", s.config.MaxMemory)
	w.text("maxmemory_policy", s.config.MaxMemoryPolicy)
	w.fixed("allocator_frag_ratio", float64(m.Active)/float64(m.Used))
	w.int("allocator_frag_bytes", m.Active-m.Used)
	w.fixed("allocator_rss_ratio", 1)
	w.int("allocator_rss_bytes", 0)
	w.fixed("rss_overhead_ratio", 1)
	w.int("rss_overhead_bytes", 0)
	w.fixed("mem_fragmentation_ratio", float64(m.Resident)/float64(m.Used))
	w.int("mem_fragmentation_bytes", m.Resident-m.Used)
	w.int("mem_not_counted_for_evict", m.AppendOnlyBuffer)
	w.int("mem_replication_backlog", 0)
	w.int("mem_total_replication_buffers", 0)
	w.int("mem_clients_slaves", 0)
	w.int("mem_clients_normal", m.Clients)
	w.int("mem_cluster_links", 0)
	w.int("mem_aof_buffer", m.AppendOnlyBuffer)
	w.text("mem_allocator", "arena")
	w.int("active_defrag_running", 0)
	w.int("lazyfree_pending_objects", int64(s.space.LazyPending()))
	w.int("lazyfreed_objects", s.space.LazyFreed)
}

// systemMemory is what a page can have at most: 4 GB, the reach of its pointers.
const systemMemory = 4 << 30
