// Package lists is the commands on lists that do not block.
package lists

import "everysec/engine/command"

// Commands are the rows of the family.
var Commands = []*command.Spec{
	{
		Name:       "lindex",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(N) with N elements passed; O(1) at either end",
		Summary:    "Reads the element at an index",
		Arity:      3,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "index", Type: command.ArgInteger},
		},
		Run: runLindex,
	},
	{
		Name:       "linsert",
		Group:      command.GroupList,
		Since:      "2.2.0",
		Complexity: "O(N) with N elements passed before the pivot",
		Summary:    "Puts an element before or after another",
		Arity:      5,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "where", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "before", Type: command.ArgPureToken, Token: "BEFORE"},
				{Name: "after", Type: command.ArgPureToken, Token: "AFTER"},
			}},
			{Name: "pivot", Type: command.ArgString},
			{Name: "element", Type: command.ArgString},
		},
		Run: runLinsert,
	},
	{
		Name:       "llen",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Counts the elements of a list",
		Arity:      2,
		Flags:      command.ReadOnly | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
		},
		Run: runLlen,
	},
	{
		Name:       "lmove",
		Group:      command.GroupList,
		Since:      "6.2.0",
		Complexity: "O(1)",
		Summary:    "Takes an element from one end of a list and puts it at one end of another",
		Arity:      5,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RW", "insert"}, Index: 2, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "source", Type: command.ArgKey},
			{Name: "destination", Type: command.ArgKey, KeySpecIndex: 1},
			{Name: "wherefrom", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "left", Type: command.ArgPureToken, Token: "LEFT"},
				{Name: "right", Type: command.ArgPureToken, Token: "RIGHT"},
			}},
			{Name: "whereto", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "left", Type: command.ArgPureToken, Token: "LEFT"},
				{Name: "right", Type: command.ArgPureToken, Token: "RIGHT"},
			}},
		},
		Run: runLmove,
	},
	{
		Name:       "lmpop",
		Group:      command.GroupList,
		Since:      "7.0.0",
		Complexity: "O(N+M) with N keys and M elements returned",
		Summary:    "Takes elements from the first of several lists that has any",
		Arity:      -4,
		Flags:      command.Write | command.MovableKeys,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "delete"}, Index: 1, KeyNum: true, KeyNumIndex: 0, FirstKey: 1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "numkeys", Type: command.ArgInteger},
			{Name: "key", Type: command.ArgKey, Multiple: true},
			{Name: "where", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "left", Type: command.ArgPureToken, Token: "LEFT"},
				{Name: "right", Type: command.ArgPureToken, Token: "RIGHT"},
			}},
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
		},
		Run: runLmpop,
	},
	{
		Name:       "lpop",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(N) with N elements returned",
		Summary:    "Takes elements from the head of a list",
		Arity:      -2,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "count", Type: command.ArgInteger, Since: "6.2.0", Optional: true},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "Takes a count"},
		},
		Run: runLpop,
	},
	{
		Name:       "lpos",
		Group:      command.GroupList,
		Since:      "6.0.6",
		Complexity: "O(N) with N elements in the list",
		Summary:    "Finds the index of matching elements",
		Arity:      -3,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "element", Type: command.ArgString},
			{Name: "rank", Type: command.ArgInteger, Token: "RANK", Optional: true},
			{Name: "num-matches", Type: command.ArgInteger, Token: "COUNT", Optional: true},
			{Name: "len", Type: command.ArgInteger, Token: "MAXLEN", Optional: true},
		},
		Run: runLpos,
	},
	{
		Name:       "lpush",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(N) with N elements",
		Summary:    "Puts elements at the head of a list, making it if needed",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "element", Type: command.ArgString, Multiple: true},
		},
		History: []command.Change{
			{Since: "2.4.0", Text: "Takes several elements"},
		},
		Run: runLpush,
	},
	{
		Name:       "lpushx",
		Group:      command.GroupList,
		Since:      "2.2.0",
		Complexity: "O(N) with N elements",
		Summary:    "Puts elements at the head of a list only if it exists",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "element", Type: command.ArgString, Multiple: true},
		},
		History: []command.Change{
			{Since: "4.0.0", Text: "Takes several elements"},
		},
		Run: runLpushx,
	},
	{
		Name:       "lrange",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(S+N) with S elements passed to reach the start, N returned",
		Summary:    "Reads the elements between two indexes",
		Arity:      4,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "start", Type: command.ArgInteger},
			{Name: "stop", Type: command.ArgInteger},
		},
		Run: runLrange,
	},
	{
		Name:       "lrem",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(N+M) with N elements in the list, M removed",
		Summary:    "Removes elements equal to a value",
		Arity:      4,
		Flags:      command.Write,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "count", Type: command.ArgInteger},
			{Name: "element", Type: command.ArgString},
		},
		Run: runLrem,
	},
	{
		Name:       "lset",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(N) with N elements passed; O(1) at either end",
		Summary:    "Replaces the element at an index",
		Arity:      4,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "index", Type: command.ArgInteger},
			{Name: "element", Type: command.ArgString},
		},
		Run: runLset,
	},
	{
		Name:       "ltrim",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(N) with N elements removed",
		Summary:    "Keeps only the elements between two indexes",
		Arity:      4,
		Flags:      command.Write,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "start", Type: command.ArgInteger},
			{Name: "stop", Type: command.ArgInteger},
		},
		Run: runLtrim,
	},
	{
		Name:       "rpop",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(N) with N elements returned",
		Summary:    "Takes elements from the tail of a list",
		Arity:      -2,
		Flags:      command.Write | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "count", Type: command.ArgInteger, Since: "6.2.0", Optional: true},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "Takes a count"},
		},
		Run: runRpop,
	},
	{
		Name:       "rpoplpush",
		Group:      command.GroupList,
		Since:      "1.2.0",
		Complexity: "O(1)",
		Summary:    "Takes the last element of a list and puts it at the head of another",
		Arity:      3,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "access", "delete"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RW", "insert"}, Index: 2, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "source", Type: command.ArgKey},
			{Name: "destination", Type: command.ArgKey, KeySpecIndex: 1},
		},
		DeprecatedIn: "6.2.0",
		ReplacedBy:   "`LMOVE` with the `RIGHT` and `LEFT` arguments",
		Run:          runRpoplpush,
	},
	{
		Name:       "rpush",
		Group:      command.GroupList,
		Since:      "1.0.0",
		Complexity: "O(N) with N elements",
		Summary:    "Puts elements at the tail of a list, making it if needed",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "element", Type: command.ArgString, Multiple: true},
		},
		History: []command.Change{
			{Since: "2.4.0", Text: "Takes several elements"},
		},
		Run: runRpush,
	},
	{
		Name:       "rpushx",
		Group:      command.GroupList,
		Since:      "2.2.0",
		Complexity: "O(N) with N elements",
		Summary:    "Puts elements at the tail of a list only if it exists",
		Arity:      -3,
		Flags:      command.Write | command.DenyOOM | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "insert"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "element", Type: command.ArgString, Multiple: true},
		},
		History: []command.Change{
			{Since: "4.0.0", Text: "Takes several elements"},
		},
		Run: runRpushx,
	},
}
