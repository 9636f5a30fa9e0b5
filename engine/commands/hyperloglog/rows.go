// Package hyperloglog is the commands that count distinct elements without
// keeping them.
package hyperloglog

import "everysec/engine/command"

// Commands are the rows of the family.
var Commands = []*command.Spec{
	{
		Name:       "pfadd",
		Group:      command.GroupHyperLogLog,
		Since:      "2.8.9",
		Complexity: "O(1) for each element",
		Summary:    "Counts elements in; the key is made if it is missing.",
		Arity:      -2,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "element", Type: command.ArgString, Optional: true, Multiple: true},
		},
		Run: runPfadd,
	},
	{
		Name:       "pfcount",
		Group:      command.GroupHyperLogLog,
		Since:      "2.8.9",
		Complexity: "O(1) for one key, with a cached estimate; O(N) with N keys, and slower",
		Summary:    "Estimates how many distinct elements were counted in, in one key or in several together.",
		Arity:      -2,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Notes: "the estimate is cached in the key", Flags: []string{"RW", "access"}, Index: 1, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey, Multiple: true},
		},
		Run: runPfcount,
	},
	{
		Name:       "pfdebug",
		Group:      command.GroupHyperLogLog,
		Since:      "2.8.9",
		Complexity: "O(N) with N registers",
		Summary:    "Shows the inside of a HyperLogLog.",
		Arity:      3,
		Flags:      command.Write | command.DenyOOM | command.Admin,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access"}, Index: 2, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "subcommand", Type: command.ArgString},
			{Name: "key", Type: command.ArgKey},
		},
		SystemCommand: true,
		Run:           runPfdebug,
	},
	{
		Name:       "pfmerge",
		Group:      command.GroupHyperLogLog,
		Since:      "2.8.9",
		Complexity: "O(N) with N keys, and slow ones",
		Summary:    "Unites HyperLogLogs into one.",
		Arity:      -2,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RO", "access"}, Index: 2, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "destkey", Type: command.ArgKey},
			{Name: "sourcekey", Type: command.ArgKey, KeySpecIndex: 1, Multiple: true},
		},
		Run: runPfmerge,
	},
	{
		Name:          "pfselftest",
		Group:         command.GroupHyperLogLog,
		Since:         "2.8.9",
		Complexity:    "O(1)",
		Summary:       "Tests the HyperLogLog of this server.",
		Arity:         1,
		Flags:         command.Admin,
		SystemCommand: true,
		Run:           runPfselftest,
	},
}
