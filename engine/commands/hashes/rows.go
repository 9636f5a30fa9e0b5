// Package hashes is the commands on hashes.
package hashes

import "everysec/engine/command"

// Commands are the rows of the family.
var Commands = []*command.Spec{
	{
		Name:       "hdel",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(N) with N fields",
		Summary:    "Removes fields from a hash, and the hash when none is left",
		Arity:      -3,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field", Type: command.ArgString, Multiple: true},
		},
		History: []command.Change{
			{Since: "2.4.0", Text: "Takes several fields"},
		},
		Run: runHdel,
	},
	{
		Name:       "hexists",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(1)",
		Summary:    "Tells whether a hash has a field",
		Arity:      3,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field", Type: command.ArgString},
		},
		Run: runHexists,
	},
	{
		Name:       "hget",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(1)",
		Summary:    "Reads one field of a hash",
		Arity:      3,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field", Type: command.ArgString},
		},
		Run: runHget,
	},
	{
		Name:       "hgetall",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(N) with N fields in the hash",
		Summary:    "Reads all fields of a hash with their values",
		Arity:      2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output_order"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runHgetall,
	},
	{
		Name:       "hincrby",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(1)",
		Summary:    "Adds an integer to the number in a field",
		Arity:      4,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field", Type: command.ArgString},
			{Name: "increment", Type: command.ArgInteger},
		},
		Run: runHincrby,
	},
	{
		Name:       "hincrbyfloat",
		Group:      command.GroupHash,
		Since:      "2.6.0",
		Complexity: "O(1)",
		Summary:    "Adds a floating point number to the number in a field",
		Arity:      4,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field", Type: command.ArgString},
			{Name: "increment", Type: command.ArgDouble},
		},
		Run: runHincrbyfloat,
	},
	{
		Name:       "hkeys",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(N) with N fields in the hash",
		Summary:    "Lists the fields of a hash",
		Arity:      2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output_order"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runHkeys,
	},
	{
		Name:       "hlen",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(1)",
		Summary:    "Counts the fields of a hash",
		Arity:      2,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runHlen,
	},
	{
		Name:       "hmget",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(N) with N fields",
		Summary:    "Reads several fields of a hash",
		Arity:      -3,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field", Type: command.ArgString, Multiple: true},
		},
		Run: runHmget,
	},
	{
		Name:       "hmset",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(N) with N fields",
		Summary:    "Sets several fields of a hash",
		Arity:      -4,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field_value", Type: command.ArgBlock, Multiple: true, Arguments: []command.Argument{
				{Name: "field", Type: command.ArgString},
				{Name: "value", Type: command.ArgString},
			}},
		},
		DeprecatedIn: "4.0.0",
		ReplacedBy:   "`HSET` with multiple field-value pairs",
		Run:          runHmset,
	},
	{
		Name:       "hrandfield",
		Group:      command.GroupHash,
		Since:      "6.2.0",
		Complexity: "O(N) with N fields returned",
		Summary:    "Picks random fields of a hash",
		Arity:      -2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "options", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "count", Type: command.ArgInteger},
				{Name: "withvalues", Type: command.ArgPureToken, Token: "WITHVALUES", Optional: true},
			}},
		},
		Run: runHrandfield,
	},
	{
		Name:       "hscan",
		Group:      command.GroupHash,
		Since:      "2.8.0",
		Complexity: "O(1) a call, O(N) for a whole iteration",
		Summary:    "Walks the fields of a hash step by step",
		Arity:      -3,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "cursor", Type: command.ArgInteger},
			{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Optional: true},
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
		},
		Run: runHscan,
	},
	{
		Name:       "hset",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(N) with N fields",
		Summary:    "Sets fields of a hash, making it if needed",
		Arity:      -4,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field_value", Type: command.ArgBlock, Multiple: true, Arguments: []command.Argument{
				{Name: "field", Type: command.ArgString},
				{Name: "value", Type: command.ArgString},
			}},
		},
		History: []command.Change{
			{Since: "4.0.0", Text: "Takes several fields with their values"},
		},
		Run: runHset,
	},
	{
		Name:       "hsetnx",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(1)",
		Summary:    "Sets a field only if the hash does not have it",
		Arity:      4,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field", Type: command.ArgString},
			{Name: "value", Type: command.ArgString},
		},
		Run: runHsetnx,
	},
	{
		Name:       "hstrlen",
		Group:      command.GroupHash,
		Since:      "3.2.0",
		Complexity: "O(1)",
		Summary:    "Measures the value of a field in bytes",
		Arity:      3,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "field", Type: command.ArgString},
		},
		Run: runHstrlen,
	},
	{
		Name:       "hvals",
		Group:      command.GroupHash,
		Since:      "2.0.0",
		Complexity: "O(N) with N fields in the hash",
		Summary:    "Lists the values of a hash",
		Arity:      2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output_order"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runHvals,
	},
}
