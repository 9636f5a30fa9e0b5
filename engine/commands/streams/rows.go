// Package streams is the commands on streams.
package streams

import "everysec/engine/command"

// Commands are the rows of the family.
var Commands = []*command.Spec{
	{
		Name:       "xack",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(N) with N IDs",
		Summary:    "Acknowledges entries that a group was given",
		Arity:      -4,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "group", Type: command.ArgString},
			{Name: "id", Type: command.ArgString, Multiple: true},
		},
		Run: runXack,
	},
	{
		Name:       "xackdel",
		Group:      command.GroupStream,
		Since:      "8.2.0",
		Complexity: "O(N) with N IDs",
		Summary:    "Acknowledges entries that a group was given and deletes them",
		Arity:      -6,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "group", Type: command.ArgString},
			referencesArgument,
			idsArgument,
		},
		Run: runXackdel,
	},
	{
		Name:       "xadd",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(1), O(N) with N entries trimmed",
		Summary:    "Adds an entry to a stream",
		Arity:      -5,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Notes: "Updates rather than inserts, since it may trim", Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "nomkstream", Type: command.ArgPureToken, Token: "NOMKSTREAM", Since: "6.2.0", Optional: true},
			{Name: "trim", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "strategy", Type: command.ArgOneOf, Arguments: []command.Argument{
					{Name: "maxlen", Type: command.ArgPureToken, Token: "MAXLEN"},
					{Name: "minid", Type: command.ArgPureToken, Token: "MINID", Since: "6.2.0"},
				}},
				{Name: "operator", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
					{Name: "equal", Type: command.ArgPureToken, Token: "="},
					{Name: "approximately", Type: command.ArgPureToken, Token: "~"},
				}},
				{Name: "threshold", Type: command.ArgString},
				{Name: "count", Type: command.ArgInteger, Token: "LIMIT", Since: "6.2.0", Optional: true},
			}},
			{Name: "id_or_auto", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "auto_id", Type: command.ArgPureToken, Token: "*"},
				{Name: "id", Type: command.ArgString},
			}},
			{Name: "field_value", Type: command.ArgBlock, Multiple: true, Arguments: []command.Argument{
				{Name: "field", Type: command.ArgString},
				{Name: "value", Type: command.ArgString},
			}},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "Takes `NOMKSTREAM`, `MINID` and `LIMIT`"},
			{Since: "7.0.0", Text: "Takes IDs of the form `<ms>-*`"},
		},
		Run: runXadd,
	},
	{
		Name:       "xautoclaim",
		Group:      command.GroupStream,
		Since:      "6.2.0",
		Complexity: "O(N) with N entries looked at",
		Summary:    "Gives a consumer what has been pending for too long, wherever it is",
		Arity:      -6,
		Flags:      command.Write | command.Fast,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "group", Type: command.ArgString},
			{Name: "consumer", Type: command.ArgString},
			{Name: "min-idle-time", Type: command.ArgString},
			{Name: "start", Type: command.ArgString},
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
			{Name: "justid", Type: command.ArgPureToken, Token: "JUSTID", Optional: true},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "The reply lists pending entries that were found deleted"},
		},
		Run: runXautoclaim,
	},
	{
		Name:       "xclaim",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(log(N)) with N entries pending",
		Summary:    "Gives a consumer entries that are pending for another",
		Arity:      -6,
		Flags:      command.Write | command.Fast,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "group", Type: command.ArgString},
			{Name: "consumer", Type: command.ArgString},
			{Name: "min-idle-time", Type: command.ArgString},
			{Name: "id", Type: command.ArgString, Multiple: true},
			{Name: "ms", Type: command.ArgInteger, Token: "IDLE", Optional: true},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "TIME", Optional: true},
			{Name: "count", Type: command.ArgInteger, Token: "RETRYCOUNT", Optional: true},
			{Name: "force", Type: command.ArgPureToken, Token: "FORCE", Optional: true},
			{Name: "justid", Type: command.ArgPureToken, Token: "JUSTID", Optional: true},
			{Name: "id", Type: command.ArgString, Token: "LASTID", Optional: true},
		},
		Run: runXclaim,
	},
	{
		Name:       "xdel",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(N) with N IDs",
		Summary:    "Deletes entries by their IDs",
		Arity:      -3,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "id", Type: command.ArgString, Multiple: true},
		},
		Run: runXdel,
	},
	{
		Name:       "xdelex",
		Group:      command.GroupStream,
		Since:      "8.2.0",
		Complexity: "O(N) with N IDs",
		Summary:    "Deletes entries, and says what becomes of each and of references to it",
		Arity:      -5,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			referencesArgument,
			idsArgument,
		},
		Run: runXdelex,
	},
	{
		Name:       "xgroup",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "That of the subcommand",
		Summary:    "A container for commands on consumer groups",
		Arity:      -2,
		Subcommands: []*command.Spec{
			{
				Name:       "create",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Makes a consumer group",
				Arity:      -5,
				Flags:      command.Write | command.DenyOOM,
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RW", "insert"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
					{Name: "groupname", Type: command.ArgString},
					{Name: "id", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "id", Type: command.ArgString},
						{Name: "new_id", Type: command.ArgPureToken, Token: "$"},
					}},
					{Name: "mkstream", Type: command.ArgPureToken, Token: "MKSTREAM", Optional: true},
					{Name: "entries_read", Type: command.ArgInteger, Token: "ENTRIESREAD", Optional: true},
				},
				History: []command.Change{
					{Since: "7.0.0", Text: "Takes `ENTRIESREAD`"},
				},
				Run: runXgroupCreate,
			},
			{
				Name:       "createconsumer",
				Group:      command.GroupStream,
				Since:      "6.2.0",
				Complexity: "O(1)",
				Summary:    "Makes a consumer in a group",
				Arity:      5,
				Flags:      command.Write | command.DenyOOM,
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RW", "insert"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
					{Name: "groupname", Type: command.ArgString},
					{Name: "consumername", Type: command.ArgString},
				},
				Run: runXgroupCreateconsumer,
			},
			{
				Name:       "delconsumer",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Removes a consumer with what is pending for it",
				Arity:      5,
				Flags:      command.Write,
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RW", "delete"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
					{Name: "groupname", Type: command.ArgString},
					{Name: "consumername", Type: command.ArgString},
				},
				Run: runXgroupDelconsumer,
			},
			{
				Name:       "destroy",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(N) with N entries pending",
				Summary:    "Removes a consumer group",
				Arity:      4,
				Flags:      command.Write,
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RW", "delete"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
					{Name: "groupname", Type: command.ArgString},
				},
				Run: runXgroupDestroy,
			},
			{
				Name:       "help",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Lists the subcommands",
				Arity:      2,
				Flags:      command.Loading | command.Stale,
				Run:        runXgroupHelp,
			},
			{
				Name:       "setid",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Sets how far a group has read",
				Arity:      -5,
				Flags:      command.Write,
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RW", "update"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
					{Name: "groupname", Type: command.ArgString},
					{Name: "id", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "id", Type: command.ArgString},
						{Name: "new_id", Type: command.ArgPureToken, Token: "$"},
					}},
					{Name: "entries_read", Type: command.ArgInteger, Token: "ENTRIESREAD", Optional: true},
				},
				History: []command.Change{
					{Since: "7.0.0", Text: "Takes `ENTRIESREAD`"},
				},
				Run: runXgroupSetid,
			},
		},
	},
	{
		Name:       "xinfo",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "That of the subcommand",
		Summary:    "A container for commands that look into streams",
		Arity:      -2,
		Subcommands: []*command.Spec{
			{
				Name:       "consumers",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Lists the consumers of a group",
				Arity:      4,
				Flags:      command.ReadOnly,
				Tips:       []string{"nondeterministic_output"},
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RO", "access"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
					{Name: "groupname", Type: command.ArgString},
				},
				Run: runXinfoConsumers,
			},
			{
				Name:       "groups",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Lists the consumer groups of a stream",
				Arity:      3,
				Flags:      command.ReadOnly,
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RO", "access"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
				},
				History: []command.Change{
					{Since: "7.0.0", Text: "Shows `entries-read` and `lag`"},
				},
				Run: runXinfoGroups,
			},
			{
				Name:       "help",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Lists the subcommands",
				Arity:      2,
				Flags:      command.Loading | command.Stale,
				Run:        runXinfoHelp,
			},
			{
				Name:       "stream",
				Group:      command.GroupStream,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Tells of a stream, in full if asked",
				Arity:      -3,
				Flags:      command.ReadOnly,
				KeySpecs: []command.KeySpec{
					{Flags: []string{"RO", "access"}, Index: 2, LastKey: 0, KeyStep: 1},
				},
				Arguments: []command.Argument{
					{Name: "key", Type: command.ArgKey},
					{Name: "full", Type: command.ArgBlock, Token: "FULL", Optional: true, Arguments: []command.Argument{
						{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
					}},
				},
				History: []command.Change{
					{Since: "6.0.0", Text: "Takes `FULL`"},
					{Since: "7.0.0", Text: "Shows `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`"},
				},
				Run: runXinfoStream,
			},
		},
	},
	{
		Name:       "xlen",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(1)",
		Summary:    "Counts the entries of a stream",
		Arity:      2,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runXlen,
	},
	{
		Name:       "xpending",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(N) with N entries looked at",
		Summary:    "Tells what is pending in a group",
		Arity:      -3,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "group", Type: command.ArgString},
			{Name: "filters", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "min-idle-time", Type: command.ArgInteger, Token: "IDLE", Since: "6.2.0", Optional: true},
				{Name: "start", Type: command.ArgString},
				{Name: "end", Type: command.ArgString},
				{Name: "count", Type: command.ArgInteger},
				{Name: "consumer", Type: command.ArgString, Optional: true},
			}},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "Takes `IDLE` and IDs that begin with `(`"},
		},
		Run: runXpending,
	},
	{
		Name:       "xrange",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(N) with N entries",
		Summary:    "Returns the entries between two IDs",
		Arity:      -4,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "start", Type: command.ArgString},
			{Name: "end", Type: command.ArgString},
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "Takes IDs that begin with `(`"},
		},
		Run: runXrange,
	},
	{
		Name:       "xread",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(N) with N entries",
		Summary:    "Returns what streams have after given IDs, waiting for it if asked",
		Arity:      -4,
		Flags:      command.ReadOnly | command.Blocking | command.MovableKeys,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Keyword: "STREAMS", StartFrom: 1, LastKey: -1, KeyStep: 1, Limit: 2},
		},
		Arguments: []command.Argument{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "BLOCK", Optional: true},
			{Name: "streams", Type: command.ArgBlock, Token: "STREAMS", Arguments: []command.Argument{
				{Name: "key", Type: command.ArgKey, Multiple: true},
				{Name: "id", Type: command.ArgString, Multiple: true},
			}},
		},
		Run: runXread,
	},
	{
		Name:       "xreadgroup",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(N) with N entries",
		Summary:    "Returns entries to a consumer of a group, waiting for new ones if asked",
		Arity:      -7,
		Flags:      command.Write | command.Blocking | command.MovableKeys,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Keyword: "STREAMS", StartFrom: 4, LastKey: -1, KeyStep: 1, Limit: 2},
		},
		Arguments: []command.Argument{
			{Name: "group_consumer", Type: command.ArgBlock, Token: "GROUP", Arguments: []command.Argument{
				{Name: "group", Type: command.ArgString},
				{Name: "consumer", Type: command.ArgString},
			}},
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "BLOCK", Optional: true},
			{Name: "noack", Type: command.ArgPureToken, Token: "NOACK", Optional: true},
			{Name: "streams", Type: command.ArgBlock, Token: "STREAMS", Arguments: []command.Argument{
				{Name: "key", Type: command.ArgKey, Multiple: true},
				{Name: "id", Type: command.ArgString, Multiple: true},
			}},
		},
		Run: runXreadgroup,
	},
	{
		Name:       "xrevrange",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(N) with N entries",
		Summary:    "Returns the entries between two IDs, the last first",
		Arity:      -4,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "end", Type: command.ArgString},
			{Name: "start", Type: command.ArgString},
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "Takes IDs that begin with `(`"},
		},
		Run: runXrevrange,
	},
	{
		Name:       "xsetid",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(1)",
		Summary:    "Sets the last ID of a stream; for replication",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "last-id", Type: command.ArgString},
			{Name: "entries_added", Type: command.ArgInteger, Token: "ENTRIESADDED", Since: "7.0.0", Optional: true},
			{Name: "max_deleted_entry_id", Type: command.ArgString, Token: "MAXDELETEDID", Since: "7.0.0", Optional: true},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "Takes `ENTRIESADDED` and `MAXDELETEDID`"},
		},
		Run: runXsetid,
	},
	{
		Name:       "xtrim",
		Group:      command.GroupStream,
		Since:      "5.0.0",
		Complexity: "O(N) with N entries deleted",
		Summary:    "Deletes entries from the beginning of a stream",
		Arity:      -4,
		Flags:      command.Write,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "trim", Type: command.ArgBlock, Arguments: []command.Argument{
				{Name: "strategy", Type: command.ArgOneOf, Arguments: []command.Argument{
					{Name: "maxlen", Type: command.ArgPureToken, Token: "MAXLEN"},
					{Name: "minid", Type: command.ArgPureToken, Token: "MINID", Since: "6.2.0"},
				}},
				{Name: "operator", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
					{Name: "equal", Type: command.ArgPureToken, Token: "="},
					{Name: "approximately", Type: command.ArgPureToken, Token: "~"},
				}},
				{Name: "threshold", Type: command.ArgString},
				{Name: "count", Type: command.ArgInteger, Token: "LIMIT", Since: "6.2.0", Optional: true},
			}},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "Takes `MINID` and `LIMIT`"},
		},
		Run: runXtrim,
	},
}

var referencesArgument = command.Argument{Name: "condition", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
	{Name: "keepref", Type: command.ArgPureToken, Token: "KEEPREF"},
	{Name: "delref", Type: command.ArgPureToken, Token: "DELREF"},
	{Name: "acked", Type: command.ArgPureToken, Token: "ACKED"},
}}

var idsArgument = command.Argument{Name: "ids", Type: command.ArgBlock, Token: "IDS", Arguments: []command.Argument{
	{Name: "numids", Type: command.ArgInteger},
	{Name: "id", Type: command.ArgString, Multiple: true},
}}
