package lua_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"everysec/engine/lua"
)

// randomTableScript writes a script that fills and empties tables at random
// and then tells all that can be seen of them: order, length, JSON.
func randomTableScript(r *rand.Rand) string {
	var b strings.Builder
	key := func() string {
		switch r.IntN(6) {
		case 0, 1:
			return fmt.Sprint(r.IntN(40) - 2)
		case 2:
			return fmt.Sprintf("%d.5", r.IntN(20))
		case 3:
			return fmt.Sprintf("'%s'", strings.Repeat("k", r.IntN(70))+fmt.Sprint(r.IntN(9)))
		case 4:
			return fmt.Sprint(r.IntN(2) == 0)
		}
		return fmt.Sprintf("'f%d'", r.IntN(30))
	}
	b.WriteString("local t={")
	for range r.IntN(12) {
		switch r.IntN(3) {
		case 0:
			fmt.Fprintf(&b, "[%s]=%d,", key(), r.IntN(100))
		case 1:
			fmt.Fprintf(&b, "n%d=%d,", r.IntN(9), r.IntN(100))
		default:
			b.WriteString([]string{"1,", "nil,", "'x',", "(unpack{1,2}),"}[r.IntN(4)])
		}
	}
	b.WriteString([]string{"}", "unpack({1,2,3})}", "nil}", "unpack({})}"}[r.IntN(4)])
	b.WriteString(" local r={} local function see() r[#r+1]='#'..#t for k,v in pairs(t) do r[#r+1]=tostring(k)..'='..tostring(v) end end see() ")
	for range 1 + r.IntN(60) {
		switch r.IntN(9) {
		case 0, 1, 2, 3:
			fmt.Fprintf(&b, "t[%s]=%d ", key(), r.IntN(100))
		case 4, 5:
			fmt.Fprintf(&b, "t[%s]=nil ", key())
		case 6:
			fmt.Fprintf(&b, "t[#t+1]=%d ", r.IntN(100))
		case 7:
			b.WriteString("see() ")
		case 8:
			fmt.Fprintf(&b, "for i=1,%d do t[i]=i end ", r.IntN(20))
		}
	}
	b.WriteString("see() return r")
	return b.String()
}

func TestRandomTablesAreLaidOutAsInRedis(t *testing.T) {
	startServer(t)
	real, own := dial(t), dial(t)
	e := lua.New(lua.Options{})
	for seed := range uint64(400) {
		c := diffCase{script: randomTableScript(rand.New(rand.NewPCG(seed, 1))), protocol: 2}
		want := real.command("EVAL", c.script, "0")
		if got := evalHere(e, &forwardingHost{c: own}, c); !bytes.Equal(got, want) {
			t.Fatalf("seed %d:\n%s\n here: %q\nredis: %q", seed, c.script, got, want)
		}
	}
}

// randomExpression writes an expression over numbers, strings, nil and tables
// that as often as not fails.
func randomExpression(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(5) == 0 {
		return []string{
			"a", "b", "s", "n", "t", "t.x", "t.y", "t[1]", "u", "g()", "t:m()", "1", "2.5", "0", "-3", "'7'", "'q'",
			"nil", "true", "false", "{}", "#t", "t.z.w", "u.v", "(g())", "...",
		}[r.IntN(26)]
	}
	l, x := randomExpression(r, depth-1), randomExpression(r, depth-1)
	switch r.IntN(12) {
	case 0:
		return "not " + l
	case 1:
		return "(" + l + ")"
	case 2:
		return "- " + l
	case 3:
		return "#" + l
	case 4:
		return "g(" + l + "," + x + ")"
	case 5:
		return "({" + l + "," + x + "})[" + x + "]"
	}
	return l + " " + []string{"+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or"}[r.IntN(15)] + " " + x
}

func TestRandomExpressionsAsInRedis(t *testing.T) {
	startServer(t)
	real, own := dial(t), dial(t)
	e := lua.New(lua.Options{})
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 2))
		expr := randomExpression(r, 3)
		script := "local u local function g(...) return ... end local t={x=1,y='4',5,6,m=function(self,k) return k or 3 end} " +
			"local function f(...) local a,b,s,n=2,3,'10',nil local v=" + expr +
			" if " + expr + " then v=tostring(v)..'!' end local c=function() return a,u end return tostring(v),type(v) end return {f(7,8)}"
		c := diffCase{script: script, protocol: 2}
		want := real.command("EVAL", c.script, "0")
		if bytes.Contains(want, []byte("table: 0x")) {
			continue // an address
		}
		if got := evalHere(e, &forwardingHost{c: own}, c); !bytes.Equal(got, want) {
			t.Errorf("seed %d: %s\n here: %q\nredis: %q", seed, expr, got, want)
		}
	}
}
