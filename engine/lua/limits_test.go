//go:build !js

package lua_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"everysec/engine/lua"
)

// Scripts too long to write down, at the edges of what Lua accepts.
func TestLimitsAsInRedis(t *testing.T) {
	rep := strings.Repeat
	list := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	cases := map[string]func(n int) string{
		"parentheses": func(n int) string { return "return " + rep("(", n) + "1" + rep(")", n) },
		"blocks":      func(n int) string { return rep("do ", n) + rep("end ", n) + "return 1" },
		"functions": func(n int) string {
			return "return " + rep("function() return ", n) + "1" + rep(" end", n)
		},
		"tables":      func(n int) string { return "return #" + rep("{", n) + rep("}", n) },
		"concats":     func(n int) string { return "return 'a'" + rep("..'a'", n) },
		"concat vars": func(n int) string { return "local a='x' return #(a" + rep("..a", n) + ")" },
		"powers":      func(n int) string { return "return 1" + rep("^1", n) },
		"sums":        func(n int) string { return "local a=1 return a" + rep("+a", n) },
		"negations":   func(n int) string { return "return " + rep("not ", n) + "1" },
		"ands":        func(n int) string { return "local a=1 return a" + rep(" and a", n) },
		"fields":      func(n int) string { return "local t={} t.x=t return type(t" + rep(".x", n) + ")" },
		"calls":       func(n int) string { return "local function f() return f end f" + rep("()", n) + " return 1" },
		"targets":     func(n int) string { return "local a={} " + rep("a.x,", n) + "a.x=1 return 1" },
		"locals":      func(n int) string { return "local " + list(n, "a#") + "=1 return a0" },
		"local lines": func(n int) string { return rep("local a=1\n", n) + "return 1" },
		"upvalues": func(n int) string {
			return "local " + list(n, "a#") + "=1 return (function() return a0," + list(n, "a#") + " end)()"
		},
		"parameters": func(n int) string { return "local function f(" + list(n, "a#") + ") return a0 end return f(9)" },
		"arguments":  func(n int) string { return "return (select('#'," + list(n, "#") + "))" },
		"items":      func(n int) string { return "return #{" + list(n, "#") + "}" },
		"strings":    func(n int) string { return "return #{" + list(n, "'s#'") + "}" },
		"elseifs": func(n int) string {
			return "local a=-1 if a==0 then " + rep("elseif a==1 then ", n) + "else return 'no' end"
		},
		"for nests": func(n int) string { return rep("for i=1,1 do ", n) + rep("end ", n) + "return 1" },
		"loadstring depth": func(n int) string {
			return "return select(2,loadstring('return " + rep("(", n) + "1" + rep(")", n) + "'))"
		},
	}
	sizes := []int{1, 49, 50, 51, 59, 60, 61, 66, 67, 99, 150, 190, 195, 196, 197, 198, 199, 200, 201, 202, 245, 250, 255, 256, 300, 520, 3000}
	real, own := beside(t)
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			for _, n := range sizes {
				c := diffCase{script: make(n), protocol: 2}
				want := real.command("EVAL", c.script, "0")
				if before, _, cut := bytes.Cut(want, []byte(" near '248'")); cut {
					want = append(before, "\r\n"...) // the engine notices after parsing
				}
				if got := evalHere(lua.New(lua.Options{}), &forwardingHost{c: own}, c); !bytes.Equal(got, want) {
					t.Errorf("%d:\n here: %.200q\nredis: %.200q", n, got, want)
				}
			}
		})
	}
}
