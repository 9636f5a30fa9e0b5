package server

import (
	"math"
	"strconv"

	"everysec/engine/command"
	"everysec/engine/object"
)

// MEMORY. The figures are those of a real server with the same data; see
// object.Store.Usage.

var memoryTips = []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}

var memoryCommands = []*command.Spec{
	{
		Name:       "memory",
		Group:      command.GroupServer,
		Since:      "4.0.0",
		Complexity: "That of the subcommand",
		Summary:    "Reports on memory",
		Arity:      -2,
		Subcommands: []*command.Spec{
			{
				Name:       "doctor",
				Group:      command.GroupServer,
				Since:      "4.0.0",
				Complexity: "O(1)",
				Summary:    "Looks for trouble with memory",
				Arity:      2,
				Tips:       memoryTips,
				Run:        runMemoryDoctor,
			},
			{
				Name:       "help",
				Group:      command.GroupServer,
				Since:      "4.0.0",
				Complexity: "O(1)",
				Summary:    "Lists the subcommands",
				Arity:      2,
				Flags:      command.Loading | command.Stale,
				Run:        runMemoryHelp,
			},
			{
				Name:       "malloc-stats",
				Group:      command.GroupServer,
				Since:      "4.0.0",
				Complexity: "O(1)",
				Summary:    "Reports on the allocator",
				Arity:      2,
				Tips:       memoryTips,
				Run:        runMemoryMallocStats,
			},
			{
				Name:       "purge",
				Group:      command.GroupServer,
				Since:      "4.0.0",
				Complexity: "O(1)",
				Summary:    "Gives memory that is free back to the system",
				Arity:      2,
				Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
				Run:        runMemoryPurge,
			},
			{
				Name:       "stats",
				Group:      command.GroupServer,
				Since:      "4.0.0",
				Complexity: "O(1)",
				Summary:    "Tells what memory is used for",
				Arity:      2,
				Tips:       memoryTips,
				Run:        runMemoryStats,
			},
			{
				Name:       "usage",
				Group:      command.GroupServer,
				Since:      "4.0.0",
				Complexity: "O(N) samples",
				Summary:    "Tells how many bytes a key and its value take",
				Arity:      -3,
				Flags:      command.ReadOnly,
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RO"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
					{Name: "count", Type: command.ArgInteger, Token: "SAMPLES", Optional: true},
				},
				Run: runMemoryUsage,
			},
		},
	},
}

func runMemoryUsage(c *command.Context) {
	samples := object.DefaultSamples
	for i := 3; i < len(c.Args); i += 2 {
		if !command.Is(c.Args[i], "SAMPLES") || i+1 == len(c.Args) {
			c.Reply.Error(command.ErrSyntax)
			return
		}
		n, ok := c.Int(c.Args[i+1])
		if !ok {
			return
		}
		if n < 0 {
			c.Reply.Error(command.ErrSyntax)
			return
		}
		if samples = int(min(n, math.MaxInt32)); n == 0 {
			samples = math.MaxInt32
		}
	}
	e := c.DB.Peek(c.Args[2])
	if e == nil {
		c.Reply.Null()
		return
	}
	c.Reply.Int(c.Space.KeyMemory(c.Args[2], e, samples))
}

func runMemoryStats(c *command.Context) {
	m := c.Server.Memory()
	databases := 0
	for _, db := range m.Databases {
		if db.Keys+db.Expires > 0 {
			databases++
		}
	}
	w := c.Reply
	w.Map(27 + databases)
	whole := func(name string, n int64) {
		w.BulkString(name)
		w.Int(n)
	}
	broken := func(name string, f float64) {
		w.BulkString(name)
		w.Double(f)
	}
	whole("peak.allocated", m.Peak)
	whole("total.allocated", m.Used)
	whole("startup.allocated", m.Startup)
	whole("replication.backlog", 0)
	whole("clients.slaves", 0)
	whole("clients.normal", m.Clients)
	whole("cluster.links", 0)
	whole("aof.buffer", m.AppendOnlyBuffer)
	whole("lua.caches", m.Scripts)
	whole("functions.caches", m.Functions)
	for i, db := range m.Databases {
		if db.Keys+db.Expires == 0 {
			continue
		}
		w.BulkString("db." + strconv.Itoa(i))
		w.Map(3)
		whole("overhead.hashtable.main", db.Keys)
		whole("overhead.hashtable.expires", db.Expires)
		whole("overhead.hashtable.slot-to-keys", 0)
	}
	whole("overhead.total", m.Overhead)
	whole("keys.count", m.KeyCount)
	whole("keys.bytes-per-key", m.BytesPerKey())
	whole("dataset.bytes", m.Dataset())
	broken("dataset.percentage", m.DatasetPercentage())
	broken("peak.percentage", m.PeakPercentage())
	whole("allocator.allocated", m.Used)
	whole("allocator.active", m.Active)
	whole("allocator.resident", m.Resident)
	broken("allocator-fragmentation.ratio", ratio(m.Active, m.Used))
	whole("allocator-fragmentation.bytes", m.Active-m.Used)
	broken("allocator-rss.ratio", ratio(m.Resident, m.Active))
	whole("allocator-rss.bytes", m.Resident-m.Active)
	broken("rss-overhead.ratio", 1)
	whole("rss-overhead.bytes", 0)
	broken("fragmentation", ratio(m.Resident, m.Used))
	whole("fragmentation.bytes", m.Resident-m.Used)
}

func ratio(a, b int64) float64 { return float64(a) / float64(max(b, 1)) }

// runMemoryDoctor looks for what Redis's doctor looks for, as far as it can
// ail this server.
func runMemoryDoctor(c *command.Context) {
	m := c.Server.Memory()
	const small = 5 << 20
	if m.Used < small {
		c.Reply.Verbatim("txt", "There is next to no data in this server: nothing about its memory can be judged yet. Ask again when it holds more.\n")
		return
	}
	report := ""
	if m.Peak*2 > m.Used*3 {
		report += " * The peak: more than one and a half times of what is used now was used before. What was freed since is given to new data, and may not be given back to the system before that: the memory that the process seems to hold stays large. MEMORY PURGE gives back what it can.\n\n"
	}
	if ratio(m.Active, m.Used) > 1.1 && m.Active-m.Used > 10<<20 {
		report += " * Fragmentation: the memory taken from the system is used with gaps, which values of other sizes cannot fill. DEBUG RELOAD lays them out anew.\n\n"
	}
	if n := len(c.Server.Clients()); n > 0 && m.Clients/int64(n) > 200<<10 {
		report += " * Clients: on the average their buffers take more than 200 KB each. Look at CLIENT LIST for the ones that send much and read little.\n\n"
	}
	if m.ScriptCount > 1000 {
		report += " * Scripts: there are more than 1000 in the cache of EVAL. Scripts that differ only in a value should take it as an argument.\n\n"
	}
	if report == "" {
		report = "The memory of this server is well: no trouble was found.\n"
	} else {
		report = "There is something to say about the memory of this server:\n\n" + report
	}
	c.Reply.Verbatim("txt", report)
}

func runMemoryMallocStats(c *command.Context) {
	m := c.Server.Memory()
	b := []byte("Values lie in an arena: chunks of 256 KiB without pointers, cut into blocks of some size classes.\n")
	for _, line := range []struct {
		name string
		n    int64
	}{
		{"Chunks, bytes", m.ArenaReserved},
		{"Blocks in use, bytes", m.ArenaUsed},
		{"A real server would have allocated", m.Used},
	} {
		b = append(append(b, line.name...), ": "...)
		b = append(strconv.AppendInt(b, line.n, 10), '\n')
	}
	c.Reply.Verbatim("txt", string(b))
}

// runMemoryPurge has nothing to do: free chunks go back at once.
func runMemoryPurge(c *command.Context) { c.Reply.OK() }

func runMemoryHelp(c *command.Context) {
	c.ReplyHelp(
		"DOCTOR",
		"    Look for trouble with memory.",
		"MALLOC-STATS",
		"    Report on the allocator.",
		"PURGE",
		"    Give memory that is free back to the system.",
		"STATS",
		"    Tell what memory is used for.",
		"USAGE <key> [SAMPLES <count>]",
		"    Tell how many bytes a key and its value take. Of a collection so many",
		"    elements are looked at (default: 5, 0: all of them).",
	)
}
