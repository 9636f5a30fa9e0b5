//go:build !js

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
	real, own := beside(t)
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
	real, own := beside(t)
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

func randomPattern(r *rand.Rand) string {
	parts := []string{
		"a", "b", ".", "%a", "%d", "%s", "%w", "[ab]", "[^a]", "[a-c]", "[%d_]", "(a)", "(.)", "(", ")", "()", "%1", "%2",
		"%b()", "%f[%w]", "^", "$", "%", "[", "]", "*", "+", "-", "?", "a*", "b+", ".-", "%a?", "x", "1", "%.", "%z", "[]]", "[^]]", "[a-]", "[%a-z]",
	}
	var b strings.Builder
	for range 1 + r.IntN(5) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

func TestRandomPatternsAsInRedis(t *testing.T) {
	real, own := beside(t)
	e := lua.New(lua.Options{})
	subjects := []string{"", "a", "abc", "aabb", "foo(bar(1)2)x", "a1 b2 c3", "xxaaxx", "hello world", "a.b.c", "[x]", "a]b-c"}
	replacements := []string{"-", "<%0>", "%1", "%2%1", "%%", "", "%"}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 3))
		c := diffCase{protocol: 2, script: "local s,p,r=ARGV[1],ARGV[2],ARGV[3] local o={} " +
			"local function n(...) local t={...} for i=1,select('#',...) do t[i]=tostring(t[i]) end return table.concat(t,'|') end " +
			"for _,f in ipairs{function() return s:find(p) end,function() return s:match(p," + fmt.Sprint(r.IntN(5)-2) + ") end," +
			"function() return s:gsub(p,r) end,function() return s:gsub(p,r," + fmt.Sprint(r.IntN(3)) + ") end," +
			"function() local k={} for a,b in s:gmatch(p) do k[#k+1]=tostring(a)..tostring(b) end return unpack(k) end} do o[#o+1]=n(pcall(f)) end return o"}
		c.args = []string{subjects[r.IntN(len(subjects))], randomPattern(r), replacements[r.IntN(len(replacements))]}
		want := real.command("EVAL", c.script, "0", c.args[0], c.args[1], c.args[2])
		if got := evalHere(e, &forwardingHost{c: own}, c); !bytes.Equal(got, want) {
			t.Errorf("seed %d: %q\n here: %q\nredis: %q", seed, c.args, got, want)
		}
	}
}

func TestRandomFormatsAsInRedis(t *testing.T) {
	real, own := beside(t)
	e := lua.New(lua.Options{})
	numbers := []string{"0", "1", "-1", "3.7", "-2.5", "1e15", "1e16", "123456.789", "1/3", "-0", "1/0", "0/0", "2^53", "1e-7", "99999.5", "0.5", "1e100", "'12'", "255", "-1e9", "5e-324", "1.7976931348623157e308"}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 4))
		spec := "%"
		for range r.IntN(3) {
			spec += string("-+ #0"[r.IntN(5)])
		}
		if r.IntN(2) == 0 {
			spec += fmt.Sprint(r.IntN(25))
		}
		if r.IntN(2) == 0 {
			spec += "." + fmt.Sprint(r.IntN(20))
		}
		spec += string("diouxXeEfgGscq"[r.IntN(14)])
		n := numbers[r.IntN(len(numbers))]
		c := diffCase{protocol: 2, script: fmt.Sprintf("local n=%s return {pcall(string.format,'[%s]',n),tostring(n),cjson.encode({tonumber(tostring(n)) or 0}):sub(1,0),tostring(n+0),tostring(tonumber(string.format('%%.17g',n)))}", n, spec)}
		if strings.HasSuffix(n, "/0") {
			c.script = fmt.Sprintf("local n=%s return {pcall(string.format,'[%s]',n)}", n, spec)
		}
		want := real.command("EVAL", c.script, "0")
		if got := evalHere(e, &forwardingHost{c: own}, c); !bytes.Equal(got, want) {
			t.Errorf("seed %d: %s\n here: %q\nredis: %q", seed, c.script, got, want)
		}
	}
}
