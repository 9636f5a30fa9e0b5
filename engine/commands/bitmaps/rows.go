// Package bitmaps is the commands that take a string as a row of bits. Bit 0
// is the highest bit of the first byte.
package bitmaps

import "everysec/engine/command"

// Commands are the rows of the family.
var Commands = []*command.Spec{
	{
		Name:       "bitcount",
		Group:      command.GroupBitmap,
		Since:      "2.6.0",
		Complexity: "O(N)",
		Summary:    "Counts the bits that are set, in the whole string or in a range.",
		Arity:      -2,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "index", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "start", Type: command.ArgInteger},
				{Name: "end", Type: command.ArgInteger},
				{Name: "index_unit", Type: command.ArgOneOf, Since: "7.0.0", Optional: true, Arguments: []command.Argument{
					{Name: "byte", Type: command.ArgPureToken, Token: "BYTE"},
					{Name: "bit", Type: command.ArgPureToken, Token: "BIT"},
				}},
			}},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "The range may be given in bits."},
		},
		Run: runBitcount,
	},
	{
		Name:       "bitfield",
		Group:      command.GroupBitmap,
		Since:      "3.2.0",
		Complexity: "O(1) for each operation",
		Summary:    "Reads and writes integers of any width at any bit offset of a string.",
		Arity:      -2,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Notes: "only GET does not write", Flags: []string{"RW", "access", "update", "variable_flags"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "operation", Type: command.ArgOneOf, Optional: true, Multiple: true, Arguments: []command.Argument{
				{Name: "encoding_offset", Type: command.ArgBlock, Token: "GET", Arguments: []command.Argument{
					{Name: "encoding", Type: command.ArgString},
					{Name: "offset", Type: command.ArgInteger},
				}},
				{Name: "write", Type: command.ArgBlock, Arguments: []command.Argument{
					{Name: "wrap_sat_fail", Type: command.ArgOneOf, Token: "OVERFLOW", Optional: true, Arguments: []command.Argument{
						{Name: "wrap", Type: command.ArgPureToken, Token: "WRAP"},
						{Name: "sat", Type: command.ArgPureToken, Token: "SAT"},
						{Name: "fail", Type: command.ArgPureToken, Token: "FAIL"},
					}},
					{Name: "write_operation", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "encoding_offset_value", Type: command.ArgBlock, Token: "SET", Arguments: []command.Argument{
							{Name: "encoding", Type: command.ArgString},
							{Name: "offset", Type: command.ArgInteger},
							{Name: "value", Type: command.ArgInteger},
						}},
						{Name: "encoding_offset_increment", Type: command.ArgBlock, Token: "INCRBY", Arguments: []command.Argument{
							{Name: "encoding", Type: command.ArgString},
							{Name: "offset", Type: command.ArgInteger},
							{Name: "increment", Type: command.ArgInteger},
						}},
					}},
				}},
			}},
		},
		KeyFlags: bitfieldKeyFlags,
		Run:      runBitfield,
	},
	{
		Name:       "bitfield_ro",
		Group:      command.GroupBitmap,
		Since:      "6.0.0",
		Complexity: "O(1) for each operation",
		Summary:    "BITFIELD that only reads.",
		Arity:      -2,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "encoding_offset", Type: command.ArgBlock, Token: "GET", Optional: true, Multiple: true, MultipleToken: true, Arguments: []command.Argument{
				{Name: "encoding", Type: command.ArgString},
				{Name: "offset", Type: command.ArgInteger},
			}},
		},
		Run: runBitfieldRo,
	},
	{
		Name:       "bitop",
		Group:      command.GroupBitmap,
		Since:      "2.6.0",
		Complexity: "O(N)",
		Summary:    "Combines strings bit by bit and keeps the result under another key.",
		Arity:      -4,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"OW", "update"}, Index: 2, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RO", "access"}, Index: 3, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "operation", Type: command.ArgString},
			{Name: "destkey", Type: command.ArgKey},
			{Name: "key", Type: command.ArgKey, KeySpecIndex: 1, Multiple: true},
		},
		Run: runBitop,
	},
	{
		Name:       "bitpos",
		Group:      command.GroupBitmap,
		Since:      "2.8.7",
		Complexity: "O(N)",
		Summary:    "Finds the first bit that is set, or the first that is not.",
		Arity:      -3,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "bit", Type: command.ArgInteger},
			{Name: "index", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "start", Type: command.ArgInteger},
				{Name: "end_index", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
					{Name: "end", Type: command.ArgInteger},
					{Name: "index_unit", Type: command.ArgOneOf, Since: "7.0.0", Optional: true, Arguments: []command.Argument{
						{Name: "byte", Type: command.ArgPureToken, Token: "BYTE"},
						{Name: "bit", Type: command.ArgPureToken, Token: "BIT"},
					}},
				}},
			}},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "The range may be given in bits."},
		},
		Run: runBitpos,
	},
	{
		Name:       "getbit",
		Group:      command.GroupBitmap,
		Since:      "2.2.0",
		Complexity: "O(1)",
		Summary:    "Reads one bit.",
		Arity:      3,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "offset", Type: command.ArgInteger},
		},
		Run: runGetbit,
	},
	{
		Name:       "setbit",
		Group:      command.GroupBitmap,
		Since:      "2.2.0",
		Complexity: "O(1)",
		Summary:    "Sets or clears one bit and replies with what it was.",
		Arity:      4,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "offset", Type: command.ArgInteger},
			{Name: "value", Type: command.ArgInteger},
		},
		Run: runSetbit,
	},
}
