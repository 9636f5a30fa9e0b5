package differential

import (
	"strings"

	"everysec/engine/resp"
)

// by are patterns of BY and GET: keys of strings and fields of hashes that the
// other shapes fill. Elements are f0 to f39.
func by(g *generator) string {
	return g.pick("w:*", "w:*", "h:*->f", "h:*->n", "#", "nosort", "*", "w:*->", "none*", "h1->*", "*->f", "w:*x", "h:*->", "s*", "->*")
}

func weighed(g *generator) string { return "w:" + g.field() }

func hashOf(g *generator) string { return "h:" + g.field() }

// staleErrno tells that redis-server refused to sort numbers although all are in
// order: it looks at the errno that some earlier command left, and does not
// clear it first.
func staleErrno(args []string, want, got resp.Value) bool {
	return strings.HasPrefix(strings.ToLower(args[0]), "sort") && !got.IsError() &&
		string(want.Str) == "ERR One or more scores can't be converted into double"
}

// sortable is a list that is seldom anything but numbers.
func sortable(g *generator) string { return g.pick("sl1", "sl2", "sl3") }

func sortNumber(g *generator) string {
	if g.r.IntN(200) == 0 {
		return g.pick("", " 1", "1 ", "abc", "0x10", "inf", "-inf", "nan", "1e5")
	}
	return g.pick("1", "2", "3", "3", "-1", "10", "2.5", "1e3", "0", "-0", "007")
}

var sortShapes = splitLines(`
RPUSH sl1 %number+
RPUSH sl2 %number+
DEL sl1
DEL sl2
SET %weighed %number
SET %weighed %f
DEL %weighed
HSET %hashof f|n %number
HSET %hashof f %f
DEL %hashof
SADD st1 %number+
RPUSH sl3 %f+
DEL sl3
DEL st1
DEL sz1
ZADD sz1 %number %f %number %number
SORT %sortable ?LIMIT_%i_%p ?ASC|DESC ?GET_#
SORT %sortable ?BY_nosort ?LIMIT_%i_%i ?ASC|DESC ?ALPHA
SORT %sortable ?DESC ALPHA STORE sl1|sl2|sl4|none9
SORT sl3 ALPHA ?BY_%by ?LIMIT_%i_%p ?GET_%by ?GET_%by ?ASC|DESC
SORT sl3 BY %by ?LIMIT_%i_%p ?GET_%by ?GET_%by ?ASC|DESC
SORT sl3 ALPHA BY w:* LIMIT %p %p GET # GET w:*
SORT st1 ?LIMIT_%i_%i ?ASC|DESC ?GET_%by ?ALPHA
SORT st1 BY w:* ?GET_w:* ?GET_h:*->f
SORT st1 BY nosort STORE sl4 ?LIMIT_%i_%p ?DESC
SORT sz1 BY nosort ?LIMIT_%i_%i ?DESC ?GET_# ?GET_w:*
SORT sz1 ALPHA ?LIMIT_%i_%i ?DESC ?STORE_sl4
SORT %K ALPHA ?LIMIT_%n_%n
SORT %sortable|%S|%H ?BY_%by ?FOO|STORE|LIMIT_1|BY|GET
SORT_RO %sortable ?LIMIT_%i_%p ?ASC|DESC ?GET_# ?STORE_sl4
SORT_RO st1 ?DESC ALPHA
OBJECT ENCODING sz1
LRANGE sl4 0 -1
`)
