package server

import (
	"everysec/engine/command"
	"everysec/engine/number"
)

// The data as a whole.

var dataCommands = []*command.Spec{
	{
		Name:          "dbsize",
		Group:         command.GroupServer,
		Since:         "1.0.0",
		Complexity:    "O(1)",
		Summary:       "Counts the keys of the selected database",
		Arity:         1,
		Flags:         command.ReadOnly | command.Fast,
		ACLCategories: []string{"keyspace"},
		Tips:          []string{"request_policy:all_shards", "response_policy:agg_sum"},
		Run:           runDBSize,
	},
	{
		Name:          "flushall",
		Group:         command.GroupServer,
		Since:         "1.0.0",
		Complexity:    "O(N), N: keys of all databases; O(1) with ASYNC",
		Summary:       "Removes every key of every database",
		Arity:         -1,
		Flags:         command.Write,
		ACLCategories: []string{"keyspace", "dangerous"},
		Tips:          []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Arguments: []command.Argument{
			{Name: "async", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "async", Type: command.ArgPureToken, Token: "ASYNC", Since: "4.0.0"},
				{Name: "sync", Type: command.ArgPureToken, Token: "SYNC", Since: "6.2.0"},
			}},
		},
		History: []command.Change{
			{Since: "4.0.0", Text: "`ASYNC`."},
			{Since: "6.2.0", Text: "`SYNC`."},
		},
		Run: runFlushAll,
	},
	{
		Name:          "flushdb",
		Group:         command.GroupServer,
		Since:         "1.0.0",
		Complexity:    "O(N), N: keys of the database; O(1) with ASYNC",
		Summary:       "Removes every key of the selected database",
		Arity:         -1,
		Flags:         command.Write,
		ACLCategories: []string{"keyspace", "dangerous"},
		Tips:          []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Arguments: []command.Argument{
			{Name: "async", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "async", Type: command.ArgPureToken, Token: "ASYNC", Since: "4.0.0"},
				{Name: "sync", Type: command.ArgPureToken, Token: "SYNC", Since: "6.2.0"},
			}},
		},
		History: []command.Change{
			{Since: "4.0.0", Text: "`ASYNC`."},
			{Since: "6.2.0", Text: "`SYNC`."},
		},
		Run: runFlushDB,
	},
	{
		Name:          "swapdb",
		Group:         command.GroupServer,
		Since:         "4.0.0",
		Complexity:    "O(N), N: clients that watch a key of either database",
		Summary:       "Exchanges the contents of two databases",
		Arity:         3,
		Flags:         command.Write | command.Fast,
		ACLCategories: []string{"keyspace", "dangerous"},
		Arguments: []command.Argument{
			{Name: "index1", Type: command.ArgInteger},
			{Name: "index2", Type: command.ArgInteger},
		},
		Run: runSwapDB,
	},
}

func runDBSize(c *command.Context) { c.Reply.Int(int64(c.DB.Len())) }

// flushLazily reads the option of FLUSHDB and FLUSHALL.
func flushLazily(c *command.Context) (lazy, ok bool) {
	switch {
	case len(c.Args) == 1:
		return c.Config.LazyFreeLazyUserFlush, true
	case len(c.Args) == 2 && command.Is(c.Args[1], "SYNC"):
		return false, true
	case len(c.Args) == 2 && command.Is(c.Args[1], "ASYNC"):
		return true, true
	}
	c.Reply.Error(command.ErrSyntax)
	return false, false
}

func runFlushDB(c *command.Context) {
	lazy, ok := flushLazily(c)
	if !ok {
		return
	}
	c.Changes += int64(c.DB.Flush(lazy))
	c.Server.Flushed(c.DB.ID)
	c.PropagateAs(c.Args...) // also when there was nothing to remove
	c.Reply.OK()
}

func runFlushAll(c *command.Context) {
	lazy, ok := flushLazily(c)
	if !ok {
		return
	}
	c.Server.AbortSnapshot() // an image of what is being thrown away is worth nothing
	for _, db := range c.Space.DBs {
		c.Changes += int64(db.Flush(lazy))
	}
	c.Server.Flushed(-1)
	c.Changes++
	c.PropagateAs(c.Args...)
	c.Reply.OK()
	c.Server.FlushedAll()
}

func runSwapDB(c *command.Context) {
	a, ok := dbIndex(c, c.Args[1], "ERR invalid first DB index")
	if !ok {
		return
	}
	b, ok := dbIndex(c, c.Args[2], "ERR invalid second DB index")
	if !ok {
		return
	}
	for _, n := range []int64{a, b} {
		if n < 0 || n >= int64(len(c.Space.DBs)) {
			c.Reply.Error(command.ErrDBIndexOutOfRange)
			return
		}
	}
	c.Space.Swap(int(a), int(b))
	c.Server.Swapped(int(a), int(b))
	c.Changes++
	c.Reply.OK()
}

func dbIndex(c *command.Context, arg []byte, problem string) (int64, bool) {
	n, ok := number.ParseInt(arg)
	if !ok || n != int64(int32(n)) {
		c.Reply.Error(problem)
		return 0, false
	}
	return n, true
}
