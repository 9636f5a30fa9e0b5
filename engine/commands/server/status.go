package server

import (
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/engine/resp"
)

// What the server tells about itself: INFO, TIME, MEMORY, WAIT, LOLWUT.

var statusCommands = []*command.Spec{
	{
		Name:          "info",
		Group:         command.GroupServer,
		Since:         "1.0.0",
		Complexity:    "O(1)",
		Summary:       "Reports on the server in sections of name:value lines",
		Arity:         -1,
		Flags:         command.Loading | command.Stale,
		ACLCategories: []string{"dangerous"},
		Tips:          []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
		Arguments: []command.Argument{
			{Name: "section", Type: command.ArgString, Optional: true, Multiple: true},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "Takes several sections."},
		},
		Run: runInfo,
	},
	{
		Name:    "lolwut",
		Group:   command.GroupServer,
		Since:   "5.0.0",
		Summary: "Shows the version, with a drawing",
		Arity:   -1,
		Flags:   command.ReadOnly | command.Fast,
		Arguments: []command.Argument{
			{Name: "version", Type: command.ArgInteger, Token: "VERSION", Optional: true},
		},
		Run: runLolwut,
	},
	{
		Name:       "time",
		Group:      command.GroupServer,
		Since:      "2.6.0",
		Complexity: "O(1)",
		Summary:    "Tells the server's clock",
		Arity:      1,
		Flags:      command.Loading | command.Stale | command.Fast,
		Tips:       []string{"nondeterministic_output"},
		Run:        runTime,
	},
	{
		Name:          "wait",
		Group:         command.GroupGeneric,
		Since:         "3.0.0",
		Complexity:    "O(1)",
		Summary:       "Waits until replicas have acknowledged the writes of this connection",
		Arity:         3,
		Flags:         command.NoScript,
		ACLCategories: []string{"connection", "-keyspace"},
		Tips:          []string{"request_policy:all_shards", "response_policy:agg_min"},
		Arguments: []command.Argument{
			{Name: "numreplicas", Type: command.ArgInteger},
			{Name: "timeout", Type: command.ArgInteger},
		},
		Run: runWait,
	},
	{
		Name:       "waitaof",
		Group:      command.GroupGeneric,
		Since:      "7.2.0",
		Complexity: "O(1)",
		Summary:    "Waits until the writes of this connection are on disk, here and on replicas",
		Arity:      4,
		Flags:      command.NoScript | command.Blocking,
		Tips:       []string{"request_policy:all_shards", "response_policy:agg_min"},
		Arguments: []command.Argument{
			{Name: "numlocal", Type: command.ArgInteger},
			{Name: "numreplicas", Type: command.ArgInteger},
			{Name: "timeout", Type: command.ArgInteger},
		},
		Run: runWaitAOF,
	},
}

func runInfo(c *command.Context) {
	var sections []string
	for _, arg := range c.Args[1:] {
		sections = append(sections, strings.ToLower(string(arg)))
	}
	c.Reply.Verbatim("txt", string(c.Server.Info(sections)))
}

func runTime(c *command.Context) {
	now := c.Server.Now()
	c.Reply.Array(2)
	c.Reply.BulkString(strconv.FormatInt(now/1e6, 10))
	c.Reply.BulkString(strconv.FormatInt(now%1e6, 10))
}

// runWait waits for replicas. There are none: whoever asks for one waits for
// the whole timeout and learns that 0 have acknowledged.
func runWait(c *command.Context) {
	replicas, ok := c.Int(c.Args[1])
	if !ok {
		return
	}
	deadline, ok := c.TimeoutMilliseconds(c.Args[2])
	switch {
	case !ok:
	case replicas <= 0:
		c.Reply.Int(0)
	default:
		c.Block(&command.Blocked{Deadline: deadline, OnTimeout: func(w *resp.Writer) { w.Int(0) }})
	}
}

// runWaitAOF waits until what this client wrote is on the disk of this server,
// and of replicas, of which there are none.
func runWaitAOF(c *command.Context) {
	local, ok := c.Int(c.Args[1])
	if !ok {
		return
	}
	if local < 0 || local > 1 {
		c.Reply.Error("ERR value is out of range, value must between 0 and 1")
		return
	}
	replicas, ok := c.PositiveInt(c.Args[2])
	if !ok {
		return
	}
	deadline, ok := c.TimeoutMilliseconds(c.Args[3])
	if !ok {
		return
	}
	if local == 1 && !c.Config.AppendOnly {
		c.Reply.Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
		return
	}
	server, client := c.Server, c.Client
	reply := func(w *resp.Writer) {
		w.Array(2)
		if server.Synced(client) {
			w.Int(1)
		} else {
			w.Int(0)
		}
		w.Int(0)
	}
	c.Block(&command.Blocked{
		Deadline: deadline, OnTimeout: reply,
		Done: func(w *resp.Writer) bool {
			if local == 1 && !server.Synced(client) || replicas > 0 {
				return false
			}
			reply(w)
			return true
		},
	})
}

func runLolwut(c *command.Context) {
	if len(c.Args) >= 3 && command.Is(c.Args[1], "VERSION") {
		switch version, ok := c.Int(c.Args[2]); {
		case !ok:
			return
		case version == 5:
			squares(c, c.Args[3:])
			return
		case version == 6:
			skyline(c, c.Args[3:])
			return
		}
	}
	c.Reply.Verbatim("txt", waves(c)+"Everysec, speaking Redis ver. 7.0.15\n")
}

// waves draws seconds of writes as columns: what has reached the disk is
// filled, the last second is not.
func waves(c *command.Context) string {
	const width, height = 48, 6
	levels := make([]int, width)
	level := height / 2
	for x := range levels {
		level = min(max(level+c.Random.IntN(3)-1, 1), height)
		levels[x] = level
	}
	var b strings.Builder
	for y := height; y > 0; y-- {
		for x, level := range levels {
			switch {
			case level < y:
				b.WriteByte(' ')
			case x < width-4:
				b.WriteByte('#')
			default:
				b.WriteByte('.')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
