package server

import (
	"strconv"
	"strings"

	"everysec/engine/command"
)

// MONITOR, SLOWLOG and LATENCY: what the server does, and what takes it long.

var latencyCommands = []*command.Spec{
	{
		Name:       "slowlog",
		Group:      command.GroupServer,
		Since:      "2.2.12",
		Complexity: "That of the subcommand",
		Summary:    "Shows the commands that took long",
		Arity:      -2,
		Subcommands: []*command.Spec{
			{
				Name:       "get",
				Group:      command.GroupServer,
				Since:      "2.2.12",
				Complexity: "O(N), N: entries shown",
				Summary:    "Shows entries of the slow log, the newest first",
				Arity:      -2,
				Flags:      command.Admin | command.Loading | command.Stale,
				Tips:       []string{"request_policy:all_nodes", "nondeterministic_output"},
				Arguments: []command.Argument{
					{Name: "count", Type: command.ArgInteger, Optional: true},
				},
				History: []command.Change{
					{Since: "4.0.0", Text: "Tells the client and its name."},
				},
				Run: runSlowlogGet,
			},
			{
				Name:       "help",
				Group:      command.GroupServer,
				Since:      "6.2.0",
				Complexity: "O(1)",
				Summary:    "Lists the subcommands",
				Arity:      2,
				Flags:      command.Loading | command.Stale,
				Run:        runSlowlogHelp,
			},
			{
				Name:       "len",
				Group:      command.GroupServer,
				Since:      "2.2.12",
				Complexity: "O(1)",
				Summary:    "Counts the entries of the slow log",
				Arity:      2,
				Flags:      command.Admin | command.Loading | command.Stale,
				Tips:       []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"},
				Run:        runSlowlogLen,
			},
			{
				Name:       "reset",
				Group:      command.GroupServer,
				Since:      "2.2.12",
				Complexity: "O(N), N: entries",
				Summary:    "Empties the slow log",
				Arity:      2,
				Flags:      command.Admin | command.Loading | command.Stale,
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Run:        runSlowlogReset,
			},
		},
	},
	{
		Name:       "latency",
		Group:      command.GroupServer,
		Since:      "2.8.13",
		Complexity: "That of the subcommand",
		Summary:    "Shows what held the server up",
		Arity:      -2,
		Subcommands: []*command.Spec{
			{
				Name:       "doctor",
				Group:      command.GroupServer,
				Since:      "2.8.13",
				Complexity: "O(1)",
				Summary:    "Explains in words what held the server up",
				Arity:      2,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Run:        runLatencyDoctor,
			},
			{
				Name:       "graph",
				Group:      command.GroupServer,
				Since:      "2.8.13",
				Complexity: "O(1)",
				Summary:    "Draws the latencies of an event",
				Arity:      3,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Arguments: []command.Argument{
					{Name: "event", Type: command.ArgString},
				},
				Run: runLatencyGraph,
			},
			{
				Name:       "help",
				Group:      command.GroupServer,
				Since:      "2.8.13",
				Complexity: "O(1)",
				Summary:    "Lists the subcommands",
				Arity:      2,
				Flags:      command.Loading | command.Stale,
				Run:        runLatencyHelp,
			},
			{
				Name:       "histogram",
				Group:      command.GroupServer,
				Since:      "7.0.0",
				Complexity: "O(N), N: commands asked for",
				Summary:    "Tells how the durations of commands are distributed",
				Arity:      -2,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Arguments: []command.Argument{
					{Name: "command", Type: command.ArgString, Optional: true, Multiple: true},
				},
				Run: runLatencyHistogram,
			},
			{
				Name:       "history",
				Group:      command.GroupServer,
				Since:      "2.8.13",
				Complexity: "O(1)",
				Summary:    "Lists the latencies of an event",
				Arity:      3,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Arguments: []command.Argument{
					{Name: "event", Type: command.ArgString},
				},
				Run: runLatencyHistory,
			},
			{
				Name:       "latest",
				Group:      command.GroupServer,
				Since:      "2.8.13",
				Complexity: "O(1)",
				Summary:    "Shows the newest and the worst latency of each event",
				Arity:      2,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
				Run:        runLatencyLatest,
			},
			{
				Name:       "reset",
				Group:      command.GroupServer,
				Since:      "2.8.13",
				Complexity: "O(1)",
				Summary:    "Forgets the latencies of events",
				Arity:      -2,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Arguments: []command.Argument{
					{Name: "event", Type: command.ArgString, Optional: true, Multiple: true},
				},
				Run: runLatencyReset,
			},
		},
	},
	{
		Name:    "monitor",
		Group:   command.GroupServer,
		Since:   "1.0.0",
		Summary: "Shows every command that the server runs",
		Arity:   1,
		Flags:   command.Admin | command.NoScript | command.Loading | command.Stale,
		Run:     runMonitor,
	},
}

func runMonitor(c *command.Context) {
	switch {
	case !c.MayBlock():
		c.Reply.Error("ERR MONITOR isn't allowed for DENY BLOCKING client")
	case !c.Client.Monitor: // a second MONITOR has no reply
		c.Server.SetMonitor(c.Client, true)
		c.Reply.OK()
	}
}

func runSlowlogGet(c *command.Context) {
	if len(c.Args) > 3 {
		c.ReplySubcommandError()
		return
	}
	count := int64(10)
	if len(c.Args) == 3 {
		var ok bool
		if count, ok = c.IntFrom(c.Args[2], -1, "ERR count should be greater than or equal to -1"); !ok {
			return
		}
	}
	entries := c.Server.SlowLog().Entries
	if count >= 0 && count < int64(len(entries)) {
		entries = entries[:count]
	}
	w := c.Reply
	w.Array(len(entries))
	for i := range entries {
		e := &entries[i]
		w.Array(6)
		w.Int(e.ID)
		w.Int(e.At)
		w.Int(e.Duration)
		w.Array(len(e.Args))
		for _, arg := range e.Args {
			w.Bulk(arg)
		}
		w.BulkString(e.Address)
		w.BulkString(e.Name)
	}
}

func runSlowlogLen(c *command.Context) { c.Reply.Int(int64(len(c.Server.SlowLog().Entries))) }

func runSlowlogReset(c *command.Context) {
	c.Server.SlowLog().Entries = nil
	c.Reply.OK()
}

func runSlowlogHelp(c *command.Context) {
	c.ReplyHelp(
		"GET [<count>]",
		"    Show the newest entries (default: 10, -1: all): number, Unix time, microseconds,",
		"    words, address and name of the client.",
		"LEN",
		"    Count the entries.",
		"RESET",
		"    Empty the log.",
	)
}

func runLatencyLatest(c *command.Context) {
	events := c.Server.Latency().Events
	c.Reply.Array(len(events))
	for _, e := range events {
		last := e.Samples[len(e.Samples)-1]
		c.Reply.Array(4)
		c.Reply.BulkString(e.Name)
		c.Reply.Int(last.At)
		c.Reply.Int(last.Milliseconds)
		c.Reply.Int(e.Max)
	}
}

func runLatencyHistory(c *command.Context) {
	e := c.Server.Latency().Find(string(c.Args[2]))
	if e == nil {
		c.Reply.Array(0)
		return
	}
	c.Reply.Array(len(e.Samples))
	for _, sample := range e.Samples {
		c.Reply.Array(2)
		c.Reply.Int(sample.At)
		c.Reply.Int(sample.Milliseconds)
	}
}

func runLatencyReset(c *command.Context) {
	l := c.Server.Latency()
	if len(c.Args) == 2 {
		c.Reply.Int(int64(len(l.Events)))
		l.Events = nil
		return
	}
	n := int64(0)
	for _, name := range c.Args[2:] {
		if l.Remove(string(name)) {
			n++
		}
	}
	c.Reply.Int(n)
}

func runLatencyGraph(c *command.Context) {
	e := c.Server.Latency().Find(string(c.Args[2]))
	if e == nil {
		c.Reply.Error("ERR No samples available for event '" + command.Printed(c.Args[2]) + "'")
		return
	}
	c.Reply.Verbatim("txt", graph(e, c.Server.Now()/1000000))
}

// graph draws the samples of an event: a column each, filled from below, and
// under it how long ago it was.
func graph(e *command.LatencyEvent, now int64) string {
	low, high := e.Samples[0].Milliseconds, e.Samples[0].Milliseconds
	for _, sample := range e.Samples {
		low, high = min(low, sample.Milliseconds), max(high, sample.Milliseconds)
	}
	const columns = 80
	text := e.Name + " - high " + decimal(high) + " ms, low " + decimal(low) + " ms (all time high " + decimal(e.Max) + " ms)\n" +
		strings.Repeat("-", columns) + "\n"
	for i := 0; i < len(e.Samples); i += columns {
		if i > 0 {
			text += "\n"
		}
		text += graphLines(e.Samples[i:min(i+columns, len(e.Samples))], low, high, now)
	}
	return text
}

func graphLines(samples []command.LatencySample, low, high, now int64) string {
	const rows, shades = 4, "_o#"
	const steps = rows * len(shades)
	labels := make([]string, len(samples))
	longest := 0
	for i, sample := range samples {
		labels[i] = age(max(now-sample.At, 0))
		longest = max(longest, len(labels[i]))
	}
	var b strings.Builder
	line := make([]byte, len(samples))
	for row := range rows + 1 + longest {
		for i, sample := range samples {
			line[i] = ' '
			if at := row - rows - 1; at >= 0 {
				if at < len(labels[i]) {
					line[i] = labels[i][at]
				}
				continue
			}
			if row == rows {
				continue // between the columns and their labels
			}
			step := min(int((sample.Milliseconds-low)*int64(steps)/max(high-low, 1)), steps-1)
			switch shade := step - (rows-row-1)*len(shades); {
			case shade >= len(shades):
				line[i] = '|'
			case shade >= 0:
				line[i] = shades[shade]
			}
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// age is a number of seconds in the largest unit of which there is one.
func age(seconds int64) string {
	switch {
	case seconds < 60:
		return decimal(seconds) + "s"
	case seconds < 3600:
		return decimal(seconds/60) + "m"
	case seconds < 24*3600:
		return decimal(seconds/3600) + "h"
	}
	return decimal(seconds/(24*3600)) + "d"
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func runLatencyDoctor(c *command.Context) {
	c.Reply.Verbatim("txt", diagnosis(c))
}

// diagnosis tells of every event what it was like, and what usually helps.
func diagnosis(c *command.Context) string {
	threshold, events := c.Config.LatencyMonitorThreshold, c.Server.Latency().Events
	switch {
	case threshold == 0 && len(events) == 0:
		return "The latency monitor is switched off. CONFIG SET latency-monitor-threshold <milliseconds> switches it on: " +
			"then everything that holds the server up for longer is noted.\n"
	case len(events) == 0:
		return "Nothing has held the server up for " + decimal(threshold) + " ms or longer since the monitor was switched on or reset.\n"
	}
	var b strings.Builder
	b.WriteString("These have held the server up:\n\n")
	advice := map[string]bool{}
	for i, e := range events {
		sum, deviation := int64(0), int64(0)
		for _, sample := range e.Samples {
			sum += sample.Milliseconds
		}
		n := int64(len(e.Samples))
		mean := sum / n
		for _, sample := range e.Samples {
			deviation += max(sample.Milliseconds-mean, mean-sample.Milliseconds)
		}
		period := float64(max(c.Server.Now()/1000000-e.Samples[0].At, 1)) / float64(n)
		b.WriteString(decimal(int64(i+1)) + ". " + e.Name + ": " + decimal(n) + " latency spikes (average " + decimal(mean) +
			"ms, mean deviation " + decimal(deviation/n) + "ms, period " + strconv.FormatFloat(period, 'f', 2, 64) +
			" sec). Worst all time event " + decimal(e.Max) + "ms.\n")
		advice[e.Name] = true
	}
	b.WriteString("\nWhat usually helps:\n\n")
	if advice["command"] || advice["fast-command"] || advice["command-unblocking"] {
		if limit := c.Config.SlowlogLogSlowerThan; limit < 0 || threshold != 0 && limit > threshold*1000 {
			b.WriteString("- The slow log misses what this monitor sees: CONFIG SET slowlog-log-slower-than " + decimal(max(threshold, 1)*1000) + ".\n")
		}
		b.WriteString("- SLOWLOG GET names the commands. One that walks through all of a large value, or all keys, holds every client up: " +
			"SCAN and its kin do the same in steps.\n" +
			"- Large values that are deleted at once hold the server up, too: UNLINK and the lazyfree options give memory back later.\n")
	}
	if advice["expire-cycle"] || advice["expire-del"] {
		b.WriteString("- Many keys, or large ones, reach the end of their time at once: a random part in their times spreads them; lazyfree-lazy-expire frees them later.\n")
	}
	if advice["eviction-cycle"] || advice["eviction-del"] || advice["eviction-lazyfree"] {
		b.WriteString("- maxmemory is reached and keys go before commands run: more memory, smaller values, or lazyfree-lazy-eviction.\n")
	}
	if advice["aof-write"] || advice["aof-rename"] || advice["rdb-unlink-temp-file"] {
		b.WriteString("- The disk takes its time for the append-only file: no-appendfsync-on-rewrite yes asks less of it while a snapshot is written.\n")
	}
	if advice["aof-fsync-always"] {
		b.WriteString("- appendfsync always waits for the disk before each reply; everysec risks about a second of writes and does not.\n")
	}
	return b.String()
}

func runLatencyHistogram(c *command.Context) {
	mark := c.Reply.Defer()
	n := 0
	each := func(s *command.Spec) {
		levels := c.Server.Durations(s)
		if levels == nil {
			return
		}
		n++
		writeHistogram(c, s, levels)
	}
	family := func(s *command.Spec) {
		each(s)
		for _, sub := range s.Subcommands {
			each(sub)
		}
	}
	if len(c.Args) == 2 {
		for _, s := range c.Server.Table().All() {
			family(s)
		}
	}
	for _, name := range c.Args[2:] {
		if s := find(c, name); s != nil {
			family(s)
		}
	}
	c.Reply.SetDeferredMap(mark, n)
}

// writeHistogram tells how many calls took at most so many microseconds, for
// the limits at which there are more than below.
func writeHistogram(c *command.Context, s *command.Spec, levels *command.LatencyLevels) {
	filled, total := 0, int64(0)
	for _, count := range levels {
		total += count
		if count > 0 {
			filled++
		}
	}
	w := c.Reply
	w.BulkString(s.FullName())
	w.Map(2)
	w.BulkString("calls")
	w.Int(total)
	w.BulkString("histogram_usec")
	w.Map(filled)
	total = 0
	for level, count := range levels {
		if count > 0 {
			total += count
			w.Int(command.LevelLimit(level) / 1000)
			w.Int(total)
		}
	}
}

func runLatencyHelp(c *command.Context) {
	c.ReplyHelp(
		"DOCTOR",
		"    Explain what held the server up.",
		"GRAPH <event>",
		"    Draw the latencies of an event.",
		"HISTORY <event>",
		"    List times and latencies of an event.",
		"LATEST",
		"    Show the newest and the worst latency of each event.",
		"RESET [<event> ...]",
		"    Forget the latencies of these events, or of all.",
		"HISTOGRAM [COMMAND ...]",
		"    Tell how the durations of commands are distributed.",
	)
}
