// Package geo is the commands that keep positions on the Earth as the scores of
// a sorted set.
package geo

import "everysec/engine/command"

// Commands are the rows of the family.
var Commands = []*command.Spec{
	{
		Name:       "geoadd",
		Group:      command.GroupGeo,
		Since:      "3.2.0",
		Complexity: "O(log(N)) for each member",
		Summary:    "Adds members with their positions, or moves them.",
		Arity:      -5,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "condition", Type: command.ArgOneOf, Since: "6.2.0", Optional: true, Arguments: []command.Argument{
				{Name: "nx", Type: command.ArgPureToken, Token: "NX"},
				{Name: "xx", Type: command.ArgPureToken, Token: "XX"},
			}},
			{Name: "change", Type: command.ArgPureToken, Token: "CH", Since: "6.2.0", Optional: true},
			{Name: "longitude_latitude_member", Type: command.ArgBlock, Multiple: true, Arguments: []command.Argument{
				{Name: "longitude", Type: command.ArgDouble},
				{Name: "latitude", Type: command.ArgDouble},
				{Name: "member", Type: command.ArgString},
			}},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "Options CH, NX and XX."},
		},
		Run: runGeoadd,
	},
	{
		Name:       "geodist",
		Group:      command.GroupGeo,
		Since:      "3.2.0",
		Complexity: "O(log(N))",
		Summary:    "Tells how far two members are from each other.",
		Arity:      -4,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member1", Type: command.ArgString},
			{Name: "member2", Type: command.ArgString},
			{Name: "unit", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "m", Type: command.ArgPureToken, Token: "M"},
				{Name: "km", Type: command.ArgPureToken, Token: "KM"},
				{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
				{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
			}},
		},
		Run: runGeodist,
	},
	{
		Name:       "geohash",
		Group:      command.GroupGeo,
		Since:      "3.2.0",
		Complexity: "O(log(N)) for each member",
		Summary:    "Tells the geohash of members, as other programs write it.",
		Arity:      -2,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member", Type: command.ArgString, Multiple: true},
		},
		Run: runGeohash,
	},
	{
		Name:       "geopos",
		Group:      command.GroupGeo,
		Since:      "3.2.0",
		Complexity: "O(1) for each member",
		Summary:    "Tells the positions of members.",
		Arity:      -2,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member", Type: command.ArgString, Multiple: true},
		},
		Run: runGeopos,
	},
	{
		Name:       "georadius",
		Group:      command.GroupGeo,
		Since:      "3.2.0",
		Complexity: "O(N+log(M)) with N members in the cells searched, M in the set",
		Summary:    "Finds the members in a circle around a position, and may keep them under another key.",
		Arity:      -6,
		Flags:      command.Write | command.DenyOOM | command.MovableKeys,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"OW", "update"}, Keyword: "STORE", StartFrom: 6, LastKey: 0, KeyStep: 1},
			{Flags: []string{"OW", "update"}, Keyword: "STOREDIST", StartFrom: 6, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "longitude", Type: command.ArgDouble},
			{Name: "latitude", Type: command.ArgDouble},
			{Name: "radius", Type: command.ArgDouble},
			{Name: "unit", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "m", Type: command.ArgPureToken, Token: "M"},
				{Name: "km", Type: command.ArgPureToken, Token: "KM"},
				{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
				{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
			}},
			{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Optional: true},
			{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Optional: true},
			{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Optional: true},
			{Name: "count", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
				{Name: "any", Type: command.ArgPureToken, Token: "ANY", Since: "6.2.0", Optional: true},
			}},
			{Name: "order", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
				{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
			}},
			{Name: "key", Type: command.ArgKey, KeySpecIndex: 1, Token: "STORE", Optional: true},
			{Name: "key", Type: command.ArgKey, KeySpecIndex: 2, Token: "STOREDIST", Optional: true},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "COUNT may be followed by ANY."},
			{Since: "7.0.0", Text: "Units may be written in capitals."},
		},
		DeprecatedIn: "6.2.0",
		ReplacedBy:   "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
		Run:          runGeoradius,
	},
	{
		Name:       "georadius_ro",
		Group:      command.GroupGeo,
		Since:      "3.2.10",
		Complexity: "O(N+log(M)) with N members in the cells searched, M in the set",
		Summary:    "GEORADIUS that only reads.",
		Arity:      -6,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "longitude", Type: command.ArgDouble},
			{Name: "latitude", Type: command.ArgDouble},
			{Name: "radius", Type: command.ArgDouble},
			{Name: "unit", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "m", Type: command.ArgPureToken, Token: "M"},
				{Name: "km", Type: command.ArgPureToken, Token: "KM"},
				{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
				{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
			}},
			{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Optional: true},
			{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Optional: true},
			{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Optional: true},
			{Name: "count", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
				{Name: "any", Type: command.ArgPureToken, Token: "ANY", Since: "6.2.0", Optional: true},
			}},
			{Name: "order", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
				{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
			}},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "COUNT may be followed by ANY."},
		},
		DeprecatedIn: "6.2.0",
		ReplacedBy:   "`GEOSEARCH` with the `BYRADIUS` argument",
		Run:          runGeoradiusRo,
	},
	{
		Name:       "georadiusbymember",
		Group:      command.GroupGeo,
		Since:      "3.2.0",
		Complexity: "O(N+log(M)) with N members in the cells searched, M in the set",
		Summary:    "Finds the members in a circle around one of them, and may keep them under another key.",
		Arity:      -5,
		Flags:      command.Write | command.DenyOOM | command.MovableKeys,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"OW", "update"}, Keyword: "STORE", StartFrom: 5, LastKey: 0, KeyStep: 1},
			{Flags: []string{"OW", "update"}, Keyword: "STOREDIST", StartFrom: 5, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member", Type: command.ArgString},
			{Name: "radius", Type: command.ArgDouble},
			{Name: "unit", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "m", Type: command.ArgPureToken, Token: "M"},
				{Name: "km", Type: command.ArgPureToken, Token: "KM"},
				{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
				{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
			}},
			{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Optional: true},
			{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Optional: true},
			{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Optional: true},
			{Name: "count", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
				{Name: "any", Type: command.ArgPureToken, Token: "ANY", Optional: true},
			}},
			{Name: "order", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
				{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
			}},
			{Name: "key", Type: command.ArgKey, KeySpecIndex: 1, Token: "STORE", Optional: true},
			{Name: "key", Type: command.ArgKey, KeySpecIndex: 2, Token: "STOREDIST", Optional: true},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "Units may be written in capitals."},
		},
		DeprecatedIn: "6.2.0",
		ReplacedBy:   "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
		Run:          runGeoradiusbymember,
	},
	{
		Name:       "georadiusbymember_ro",
		Group:      command.GroupGeo,
		Since:      "3.2.10",
		Complexity: "O(N+log(M)) with N members in the cells searched, M in the set",
		Summary:    "GEORADIUSBYMEMBER that only reads.",
		Arity:      -5,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "member", Type: command.ArgString},
			{Name: "radius", Type: command.ArgDouble},
			{Name: "unit", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "m", Type: command.ArgPureToken, Token: "M"},
				{Name: "km", Type: command.ArgPureToken, Token: "KM"},
				{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
				{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
			}},
			{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Optional: true},
			{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Optional: true},
			{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Optional: true},
			{Name: "count", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
				{Name: "any", Type: command.ArgPureToken, Token: "ANY", Optional: true},
			}},
			{Name: "order", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
				{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
			}},
		},
		DeprecatedIn: "6.2.0",
		ReplacedBy:   "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
		Run:          runGeoradiusbymemberRo,
	},
	{
		Name:       "geosearch",
		Group:      command.GroupGeo,
		Since:      "6.2.0",
		Complexity: "O(N+log(M)) with N members in the cells searched, M in the set",
		Summary:    "Finds the members in a circle or in a box.",
		Arity:      -7,
		Flags:      command.ReadOnly,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO", "access"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey},
			{Name: "from", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "member", Type: command.ArgString, Token: "FROMMEMBER"},
				{Name: "longitude_latitude", Type: command.ArgBlock, Token: "FROMLONLAT", Arguments: []command.Argument{
					{Name: "longitude", Type: command.ArgDouble},
					{Name: "latitude", Type: command.ArgDouble},
				}},
			}},
			{Name: "by", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "circle", Type: command.ArgBlock, Arguments: []command.Argument{
					{Name: "radius", Type: command.ArgDouble, Token: "BYRADIUS"},
					{Name: "unit", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "m", Type: command.ArgPureToken, Token: "M"},
						{Name: "km", Type: command.ArgPureToken, Token: "KM"},
						{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
						{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
					}},
				}},
				{Name: "box", Type: command.ArgBlock, Arguments: []command.Argument{
					{Name: "width", Type: command.ArgDouble, Token: "BYBOX"},
					{Name: "height", Type: command.ArgDouble},
					{Name: "unit", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "m", Type: command.ArgPureToken, Token: "M"},
						{Name: "km", Type: command.ArgPureToken, Token: "KM"},
						{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
						{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
					}},
				}},
			}},
			{Name: "order", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
				{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
			}},
			{Name: "count", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
				{Name: "any", Type: command.ArgPureToken, Token: "ANY", Optional: true},
			}},
			{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Optional: true},
			{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Optional: true},
			{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Optional: true},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "Units may be written in capitals."},
		},
		Run: runGeosearch,
	},
	{
		Name:       "geosearchstore",
		Group:      command.GroupGeo,
		Since:      "6.2.0",
		Complexity: "O(N+log(M)) with N members in the cells searched, M in the set",
		Summary:    "Keeps the members in a circle or in a box under another key.",
		Arity:      -8,
		Flags:      command.Write | command.DenyOOM,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"OW", "update"}, Index: 1, LastKey: 0, KeyStep: 1},
			{Flags: []string{"RO", "access"}, Index: 2, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "destination", Type: command.ArgKey},
			{Name: "source", Type: command.ArgKey, KeySpecIndex: 1},
			{Name: "from", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "member", Type: command.ArgString, Token: "FROMMEMBER"},
				{Name: "longitude_latitude", Type: command.ArgBlock, Token: "FROMLONLAT", Arguments: []command.Argument{
					{Name: "longitude", Type: command.ArgDouble},
					{Name: "latitude", Type: command.ArgDouble},
				}},
			}},
			{Name: "by", Type: command.ArgOneOf, Arguments: []command.Argument{
				{Name: "circle", Type: command.ArgBlock, Arguments: []command.Argument{
					{Name: "radius", Type: command.ArgDouble, Token: "BYRADIUS"},
					{Name: "unit", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "m", Type: command.ArgPureToken, Token: "M"},
						{Name: "km", Type: command.ArgPureToken, Token: "KM"},
						{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
						{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
					}},
				}},
				{Name: "box", Type: command.ArgBlock, Arguments: []command.Argument{
					{Name: "width", Type: command.ArgDouble, Token: "BYBOX"},
					{Name: "height", Type: command.ArgDouble},
					{Name: "unit", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "m", Type: command.ArgPureToken, Token: "M"},
						{Name: "km", Type: command.ArgPureToken, Token: "KM"},
						{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
						{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
					}},
				}},
			}},
			{Name: "order", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
				{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
			}},
			{Name: "count", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
				{Name: "any", Type: command.ArgPureToken, Token: "ANY", Optional: true},
			}},
			{Name: "storedist", Type: command.ArgPureToken, Token: "STOREDIST", Optional: true},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "Units may be written in capitals."},
		},
		Run: runGeosearchstore,
	},
}
