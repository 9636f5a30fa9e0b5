package lua_test

import (
	"crypto/sha1"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"everysec/engine/lua"
	"everysec/engine/resp"
)

// A scriptedHost gives canned replies and writes down what it is asked.
type scriptedHost struct {
	out      strings.Builder
	replies  map[string]string
	patience int // questions answered before Interrupted says yes; negative: endless
}

func (h *scriptedHost) Call(args [][]byte) []byte {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = string(a)
	}
	line := strings.Join(words, " ")
	fmt.Fprintf(&h.out, "call %q\n", words)
	if r, ok := h.replies[line]; ok {
		return []byte(r)
	}
	return []byte("+OK\r\n")
}

func (h *scriptedHost) Log(level int, message string) {
	fmt.Fprintf(&h.out, "log %d %q\n", level, message)
}

func (h *scriptedHost) Interrupted() bool {
	if h.patience == 0 {
		return true
	}
	h.patience--
	return false
}

func (h *scriptedHost) SetProtocol(p int)        { fmt.Fprintf(&h.out, "protocol %d\n", p) }
func (h *scriptedHost) ErrorWithin(string, bool) {}

func (h *scriptedHost) SetReplication(flags int) { fmt.Fprintf(&h.out, "replication %d\n", flags) }

func (h *scriptedHost) MayRun(args [][]byte) (allowed, known bool) {
	fmt.Fprintf(&h.out, "may run %q\n", args)
	return string(args[0]) == "get", string(args[0]) != "nosuch"
}

// TestTranscripts plays testdata/transcripts:
//
//	reply command...    the next line is the raw reply to that command
//	load                compiles the input
//	run key... / arg... runs the input; resp=3 for a RESP3 client, patience=n
//	exists, flags       ask about the script loaded last
//	flush
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		e := lua.New(lua.Options{CheckEvery: 1000, MaxMemory: 32 << 20})
		h := &scriptedHost{replies: map[string]string{}}
		sha := ""
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			h.out.Reset()
			h.patience = 100000
			switch d.Cmd {
			case "reply":
				var words []string
				for _, a := range d.CmdArgs {
					words = append(words, a.String())
				}
				raw, err := strconv.Unquote(d.Input)
				if err != nil {
					d.Fatalf(t, "%v", err)
				}
				h.replies[strings.Join(words, " ")] = raw
				return ""
			case "load":
				var err error
				sha, err = e.Load([]byte(d.Input))
				if err != nil {
					return err.Error() + "\n"
				}
				return sha + "\n"
			case "exists":
				return fmt.Sprintln(e.Exists(sha), e.Count())
			case "flags":
				return fmt.Sprintln(e.Flags(sha))
			case "flush":
				e.Flush()
				return ""
			case "run":
				w := &resp.Writer{Protocol: 2}
				var keys, args [][]byte
				list := &keys
				for _, a := range d.CmdArgs {
					switch {
					case a.Key == "resp":
						w.Protocol = 3
					case a.Key == "patience":
						h.patience, _ = strconv.Atoi(a.Vals[0])
					case a.Key == "/":
						list = &args
					default:
						*list = append(*list, []byte(a.Key))
					}
				}
				if d.Input != "" {
					var err error
					if sha, err = e.Load([]byte(d.Input)); err != nil {
						return err.Error() + "\n"
					}
				}
				e.Run(h, sha, keys, args, w)
				out := string(w.Bytes())
				if len(out) > 2000 {
					out = fmt.Sprintf("%s... (%d bytes)", out[:100], len(out))
				}
				return h.out.String() + strconv.Quote(out) + "\n"
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

func TestSHA1Hex(t *testing.T) {
	for n := range 300 {
		body := []byte(strings.Repeat("x", n))
		if got, want := lua.SHA1Hex(body), fmt.Sprintf("%x", sha1.Sum(body)); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
}

func TestScriptsAreNotReentrant(t *testing.T) {
	e := lua.New(lua.Options{})
	sha, err := e.Load([]byte("return redis.call('x')"))
	if err != nil {
		t.Fatal(err)
	}
	h := &nestingHost{e: e, sha: sha}
	var w resp.Writer
	e.Run(h, sha, nil, nil, &w)
	want := "-ERR a script is running already script: " + sha + ", on @user_script:1.\r\n"
	if string(w.Bytes()) != want {
		t.Errorf("%q", w.Bytes())
	}
}

type nestingHost struct {
	scriptedHost
	e   *lua.Engine
	sha string
}

func (h *nestingHost) Call([][]byte) []byte {
	var w resp.Writer
	h.e.Run(h, h.sha, nil, nil, &w)
	return w.Bytes()
}

// Every one of these would run for ever or fill the memory; each must end, and
// soon, whatever it does with pcall.
func TestEndlessScriptsAreStopped(t *testing.T) {
	scripts := []string{
		"while true do end",
		"repeat until false",
		"for i=1,math.huge do end",
		"local function f() return f() end return f()",
		"while true do pcall(function() while true do end end) end",
		"while true do xpcall(function() error('x') end, function() while true do end end) end",
		"local t=setmetatable({},{__index=function(t,k) while true do end end}) return t.x",
		"return coroutine.wrap(function() while true do pcall(coroutine.wrap(function() while true do end end)) end end)()",
		"return load(function() while true do end end)",
		"return load(function() return ' ' end)",
		"table.sort({3,2,1},function(a,b) while true do end end)",
		"return (('a'):rep(40)):find(('a*'):rep(40)..'b')",
		"return (('a'):rep(5000)):find(('.-'):rep(20)..'b')",
		"return (('x'):rep(1000)):gsub('x',function() while true do end end)",
		"for i=1,1e9 do local s=('x'):rep(1e6) end",
		"local s='' while true do s=s..'x' end",
		"while true do cjson.decode(cjson.encode({1,2,3})) end",
		"while true do cmsgpack.unpack(cmsgpack.pack({1,2,3})) end",
		"while true do redis.call('get','x') end",
		"local t={} while true do t[#t+1]={} end",
		"local t={} for i=1,1e9 do t[i]=i end",
		"local t={} for i=1,1e9 do t['k'..i]=('x'):rep(100) end",
		"local s='x' while true do s=s..s end",
		"return ('x'):rep(1e9)..('x'):rep(1e9)",
		"local t={} for i=1,1e9 do t[i]=coroutine.create(function() end) end",
		"local t={} for i=1,1e9 do local x=i t[i]=function() return x end end",
		"local s=('x'):rep(1e6) local t={} for i=1,1000 do t[i]=s end return table.concat(t)",
		"return (('x'):rep(1e6)):gsub('x',('y'):rep(1000))",
		"local s=('\\1'):rep(1e6) local t={} for i=1,1000 do t[i]=s end return #cjson.encode(t)",
		"return string.format(('%99d'):rep(1e6),1)",
		"local t={} for i=1,1e5 do t[i]='' end while true do table.concat(t) end",
		"return unpack({},1,7990) == table.maxn({}) and nil or (function() while true do end end)()",
		"while true do loadstring('return 1')() end",
		"for k in pairs(setmetatable({},{})) do end while true do next({}) end",
		"local t={} t[1]=t while true do pcall(cjson.encode,t) end",
		"return redis.sha1hex(('x'):rep(1e9))",
		"table.insert({}, -1e9, 1)",
		"local t={} for i=1,1e5 do t[i]=i end while true do table.remove(t,1) table.insert(t,1,1) end",
		"local t={} for i=1,1e6 do t[i]=i end while true do for i=1,8000 do table.sort(t) end end",
	}
	for _, script := range scripts {
		t.Run(script, func(t *testing.T) {
			e := lua.New(lua.Options{MaxMemory: 64 << 20})
			sha, err := e.Load([]byte(script))
			if err != nil {
				t.Fatal(err)
			}
			var w resp.Writer
			e.Run(&scriptedHost{patience: 100}, sha, nil, nil, &w)
			got := string(w.Bytes())
			killed := strings.HasPrefix(got, "-ERR Script killed by user with SCRIPT KILL... script: "+sha+", on @user_script:1.")
			if !killed && !strings.Contains(got, "not enough memory") && !strings.Contains(got, "too ") && !strings.Contains(got, "bad argument") {
				t.Errorf("%.200q", got)
			}
			// The engine is none the worse for it.
			c := diffCase{script: "return {1,#KEYS}", protocol: 2}
			if got := evalHere(e, &scriptedHost{patience: -1}, c); string(got) != "*2\r\n:1\r\n:0\r\n" {
				t.Errorf("afterwards: %q", got)
			}
		})
	}
}

// Recursion of every kind ends in an error, not in the end of the stack.
func TestDeepRecursionIsAnError(t *testing.T) {
	scripts := []string{
		"local function f() return 1+f() end return f()",
		"local function f() return pcall(f) end return f()",
		"local function f() return (pcall(f)) end return f()",
		"local function f(x) return ('x'):gsub('x',f) end return f()",
		"local t t=setmetatable({},{__index=function(t,k) return t[k+1] end}) return t[1]",
		"local t t=setmetatable({},{__add=function(a,b) return a+b end}) return t+1",
		"local t t=setmetatable({},{__eq=function(a,b) return setmetatable({},getmetatable(a))==b end}) return t==setmetatable({},getmetatable(t))",
		"local t t=setmetatable({},{__tostring=function(t) return tostring(t) end}) return tostring(t)",
		"local t t=setmetatable({},{__call=function(t) return 1+t() end}) return t()",
		"local function f() return coroutine.wrap(f)() end return f()",
		"local function f() local co=coroutine.create(f) return coroutine.resume(co) end return f()",
		"local function f() return load(f) end return f()",
		"local function f() table.sort({1,2,3},f) end f()",
		"local function f() table.foreach({1},f) end f()",
		"local t={} t.t=t return cjson.encode(t)",
		"cjson.encode_max_depth(1e9) local t={} t.t=t return cjson.encode(t)",
		"cjson.decode_max_depth(1e9) return cjson.decode(('['):rep(1e6))",
		"return cmsgpack.unpack(('\\145'):rep(1e6))",
		"local t={} t.t=t return #cmsgpack.pack(t)",
		"local t={} t[1]=t return t",
		"return ('x'):find(('x?'):rep(1e6))",
		"return ('x'):find(('('):rep(1e6))",
		"return loadstring(('('):rep(1e6))",
		"return loadstring(('{'):rep(1e6))",
		"return loadstring(('do '):rep(1e6))",
		"return loadstring('return '..('not '):rep(1e6)..'1')",
		"return loadstring('return '..('-'):rep(1e5)..'1')",
		"return loadstring('return '..('a.'):rep(1e5)..'a') and 1",
		"return loadstring('return a'..('()'):rep(1e5)) and 1",
	}
	for _, script := range scripts {
		t.Run(script, func(t *testing.T) {
			e := lua.New(lua.Options{MaxMemory: 64 << 20})
			c := diffCase{script: script, protocol: 2}
			if got := evalHere(e, &scriptedHost{patience: 2000}, c); len(got) == 0 || strings.Contains(string(got), "killed") {
				t.Errorf("%.200q", got)
			}
		})
	}
}

func FuzzScript(f *testing.F) {
	for _, file := range []string{"basics", "errors", "syntax", "tables", "strings", "numbers", "libraries", "conversions"} {
		for _, c := range readCases(f, "testdata/same/"+file+".txt") {
			f.Add(c.script)
		}
	}
	e := lua.New(lua.Options{CheckEvery: 200, MaxMemory: 16 << 20})
	f.Fuzz(func(t *testing.T, script string) {
		var w resp.Writer
		sha, err := e.Load([]byte(script))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "ERR ") {
				t.Errorf("error without a code: %q", err)
			}
			return
		}
		e.Run(&scriptedHost{patience: 50}, sha, nil, nil, &w)
		_, n, err := resp.Parse(w.Bytes())
		if err != nil && strings.Contains(err.Error(), "nested too deeply") {
			return // a script may nest its reply further than a client would read
		}
		if err != nil || n != w.Len() {
			t.Errorf("not one reply: %.200q (%d of %d, %v)", w.Bytes(), n, w.Len(), err)
		}
		if e.Count() > 1000 {
			e.Flush()
		}
	})
}

// None of these may need a stack that grows with the source.
func TestLongFlatSourceIsNotDeep(t *testing.T) {
	for _, part := range []string{"+a", " and a", " or a", "..a", "==a"} {
		n := 50000
		if part == "..a" {
			n = 150
		}
		c := diffCase{script: "local a=1 local b=a" + strings.Repeat(part, n) + " return 1", protocol: 2}
		if got := evalHere(lua.New(lua.Options{}), &scriptedHost{patience: -1}, c); string(got) != ":1\r\n" {
			t.Errorf("%d times %q: %.200q", n, part, got)
		}
	}
	c := diffCase{script: "local t={} t.x=t local f=function() return t end return #t" + strings.Repeat(".x", 50000), protocol: 2}
	if got := evalHere(lua.New(lua.Options{}), &scriptedHost{patience: -1}, c); string(got) != ":0\r\n" {
		t.Errorf("fields: %.200q", got)
	}
}
