// Package sets is the commands on sets.
package sets

import "everysec/engine/command"

// Commands are the rows of the family.
var Commands = []*command.Spec{
	{
		Name:       "sadd",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members",
		Summary:    "Adds members to a set",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member", Type: command.ArgString, Multiple: true},
		},
		History: []command.Change{
			{Since: "2.4.0", Text: "Takes several members"},
		},
		Run: runSadd,
	},
	{
		Name:       "scard",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Counts the members of a set",
		Arity:      2,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runScard,
	},
	{
		Name:       "sdiff",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members in all sets",
		Summary:    "Subtracts sets from the first one",
		Arity:      -2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output_order"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey, Multiple: true},
		},
		Run: runSdiff,
	},
	{
		Name:       "sdiffstore",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members in all sets",
		Summary:    "Subtracts sets from the first one and keeps the result under a key",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"OW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RO", "access"}, Index: 2, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "destination", Type: command.ArgKey},
			{Name: "key", Type: command.ArgKey, KeySpecIndex: 1, Multiple: true},
		},
		Run: runSdiffstore,
	},
	{
		Name:       "sinter",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N*M) with N members in the smallest set and M sets",
		Summary:    "Intersects sets",
		Arity:      -2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output_order"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey, Multiple: true},
		},
		Run: runSinter,
	},
	{
		Name:       "sintercard",
		Group:      command.GroupSet,
		Since:      "7.0.0",
		Complexity: "O(N*M) with N members in the smallest set and M sets",
		Summary:    "Counts the members that sets have in common",
		Arity:      -3,
		Flags:      command.ReadOnly | command.MovableKeys,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, KeyNum: true, KeyNumIndex: 0, FirstKey: 1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "numkeys", Type: command.ArgInteger},
			{Name: "key", Type: command.ArgKey, Multiple: true},
			{Name: "limit", Type: command.ArgInteger, Token: "LIMIT", Optional: true},
		},
		Run: runSintercard,
	},
	{
		Name:       "sinterstore",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N*M) with N members in the smallest set and M sets",
		Summary:    "Intersects sets and keeps the result under a key",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RO", "access"}, Index: 2, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "destination", Type: command.ArgKey},
			{Name: "key", Type: command.ArgKey, KeySpecIndex: 1, Multiple: true},
		},
		Run: runSinterstore,
	},
	{
		Name:       "sismember",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Tells whether a member is in a set",
		Arity:      3,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member", Type: command.ArgString},
		},
		Run: runSismember,
	},
	{
		Name:       "smembers",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members in the set",
		Summary:    "Lists the members of a set",
		Arity:      2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output_order"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runSmembers,
	},
	{
		Name:       "smismember",
		Group:      command.GroupSet,
		Since:      "6.2.0",
		Complexity: "O(N) with N members",
		Summary:    "Tells of several members whether they are in a set",
		Arity:      -3,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member", Type: command.ArgString, Multiple: true},
		},
		Run: runSmismember,
	},
	{
		Name:       "smove",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Moves a member from one set to another",
		Arity:      4,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RW", "insert"}, Index: 2, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "source", Type: command.ArgKey},
			{Name: "destination", Type: command.ArgKey, KeySpecIndex: 1},
			{Name: "member", Type: command.ArgString},
		},
		Run: runSmove,
	},
	{
		Name:       "spop",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members taken",
		Summary:    "Takes random members out of a set, and removes the set when none is left",
		Arity:      -2,
		Flags:      command.Write | command.Fast,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "count", Type: command.ArgInteger, Since: "3.2.0", Optional: true},
		},
		History: []command.Change{
			{Since: "3.2.0", Text: "Takes a count"},
		},
		Run: runSpop,
	},
	{
		Name:       "srandmember",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members returned",
		Summary:    "Picks random members of a set",
		Arity:      -2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "count", Type: command.ArgInteger, Since: "2.6.0", Optional: true},
		},
		History: []command.Change{
			{Since: "2.6.0", Text: "Takes a count"},
		},
		Run: runSrandmember,
	},
	{
		Name:       "srem",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members",
		Summary:    "Removes members from a set, and the set when none is left",
		Arity:      -3,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member", Type: command.ArgString, Multiple: true},
		},
		History: []command.Change{
			{Since: "2.4.0", Text: "Takes several members"},
		},
		Run: runSrem,
	},
	{
		Name:       "sscan",
		Group:      command.GroupSet,
		Since:      "2.8.0",
		Complexity: "O(1) a call, O(N) for a whole iteration",
		Summary:    "Walks the members of a set step by step",
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
		Run: runSscan,
	},
	{
		Name:       "sunion",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members in all sets",
		Summary:    "Unites sets",
		Arity:      -2,
		Flags:      command.ReadOnly,
		Tips:       []string{"nondeterministic_output_order"},
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey, Multiple: true},
		},
		Run: runSunion,
	},
	{
		Name:       "sunionstore",
		Group:      command.GroupSet,
		Since:      "1.0.0",
		Complexity: "O(N) with N members in all sets",
		Summary:    "Unites sets and keeps the result under a key",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"OW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RO", "access"}, Index: 2, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "destination", Type: command.ArgKey},
			{Name: "key", Type: command.ArgKey, KeySpecIndex: 1, Multiple: true},
		},
		Run: runSunionstore,
	},
}
