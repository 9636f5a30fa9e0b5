package lua_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"everysec/engine/lua"
	"everysec/engine/resp"
)

// A hostileHost ends a script that has asked often enough, and looks at the
// memory of the process when the script calls a command.
type hostileHost struct {
	scriptedHost
	asked, patience int
	heap            uint64
}

func (h *hostileHost) Interrupted() bool {
	h.asked++
	return h.asked >= h.patience
}

func (h *hostileHost) Call([][]byte) []byte {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	h.heap = max(h.heap, m.HeapAlloc)
	return []byte("+OK\r\n")
}

func (h *hostileHost) Log(int, string) {}

// hostile runs a script that may hold 32 MB, and ends it.
func hostile(t *testing.T, patience int, script string) (string, *hostileHost) {
	late := time.AfterFunc(30*time.Second, func() { panic(fmt.Sprintf("it does not end: %.200s", script)) })
	defer late.Stop()
	e := lua.New(lua.Options{MaxMemory: 32 << 20})
	sha, err := e.Load([]byte(script))
	if err != nil {
		t.Fatalf("%.200s: %v", script, err)
	}
	h, w := &hostileHost{patience: patience}, &resp.Writer{}
	e.Run(h, sha, nil, nil, w)
	return string(w.Bytes()), h
}

// Scripts that do much between two of the steps that count: each hears that it
// is to end, in time.
func TestScriptsThatHold(t *testing.T) {
	rep := strings.Repeat
	const long = "local s, u = string.rep('1', 8000000), string.rep('1', 8000000) "
	for _, script := range []string{
		"while true do end",
		"while true do pcall(function() while true do end end) end",
		"while true do coroutine.wrap(function() while true do end end)() end",
		// patterns
		"return string.find(string.rep('a', 40), string.rep('a?', 40)..string.rep('a', 40))",
		"return string.find(string.rep('a', 20000), string.rep('.-', 20)..'b')",
		"return string.find(string.rep('a', 300000), '['..string.rep('b', 300000)..']')",
		"return string.find(string.rep('a', 300000), '['..string.rep('b', 300000)..']-c')",
		"return string.find(string.rep('a', 300000), '%f['..string.rep('b', 300000)..']')",
		"return string.find(string.rep('a', 1000000), '(a*)%1b')",
		"return string.gsub(string.rep('(', 1000000), '%b()', '')",
		"return string.gsub(string.rep('x', 1000000), 'x', string.rep('%%', 1000000))",
		// long strings
		long + "while true do string.find('a', s) end",
		long + "while s == u do end",
		long + "while s <= u do end",
		long + "while not (s < u) do end",
		long + "local t = {[s] = 1} while t[u] do end",
		long + "local t = {[s] = 1} while true do t[u] = 1 end",
		long + "while true do local x = s + 1 end",
		long + "while true do tonumber(s) tonumber(s, 3) end",
		long + "while true do math.abs(s) end",
		long + "while true do pcall(error, s) end",
		long + "while true do pcall(redis.call, s) end",
		long + "while true do redis.error_reply(s) end",
		long + "while true do redis.log(0, s) end",
		"local s = string.rep(' ', 8000000) while true do pcall(cjson.decode, s) end",
		// long stretches without a jump
		"local x while true do " + rep("x = 1 ", 300000) + " end",
		"local function f() local n = 0 " + rep("n = n + 1 ", 300000) + " end while true do f() end",
		// tables
		"local t = {} for i = 1, 200000 do t[i] = 1 end for i = 1, 200000 do t[i] = nil end while true do next(t) end",
		"local t = {} for i = 1, 100000 do t[i] = 1 end while true do table.insert(t, 1, 1) table.remove(t, 1) end",
		"local t = {} for i = 1, 100000 do t[i] = 1 end while true do table.concat(t) table.maxn(t) end",
		"while true do local t = {} for i = 1, 1000 do t[i] = i end pcall(table.sort, t, function() return math.random() < 0.5 end) end",
		// what is written as often as it is met
		"local t = {1} for i = 1, 40 do t = {t, t} end return t",
		"local t = {1} for i = 1, 40 do t = {map = {a = t, b = t}} end return t",
		"local t = {1} for i = 1, 40 do t = {t, t} end return cjson.encode(t)",
		"local t = {} for i = 1, 100 do t[i] = 1 end for i = 1, 15 do local u = {} for j = 1, 100 do u[j] = t end t = u end return cmsgpack.pack(t)",
	} {
		reply, h := hostile(t, 100, script)
		if !strings.HasPrefix(reply, "-ERR Script killed") && !strings.HasPrefix(reply, "-ERR not enough memory") {
			t.Errorf("%.150s\n%.200q, asked %d times", script, reply, h.asked)
		}
	}
}

// Scripts that would hold more than they may. Those that only seem to
// call measure, where the memory of the process is looked at.
func TestScriptsThatHoard(t *testing.T) {
	rep := strings.Repeat
	const big = "string.rep('x', 8000000)"
	for _, script := range []string{
		"local s = 'x' while true do s = s..s end",
		"local t = {} for i = 1, 1e9 do t[i] = {i, i, i, i, i, i, i, i} end",
		"local t = {} for i = 1, 1e9 do t[i] = i end",
		"local t = {} for i = 1, 1e9 do t['k'..i] = i end",
		"local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
		"local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
		"local t = {} for i = 1, 1e9 do t[i] = loadstring('return '..i) end",
		"local n, t = 0, {} while true do " + rep("n = n + 1 t[n] = {} ", 10000) + "end",
		"local n, t = 0, {} while true do " + rep("n = n + 1 t[n] = n ", 10000) + "end",
		"local n, t = 0, {} while true do n = n + 1 t[n] = {" + rep("1,", 100000) + "} end",
		"local t = {} for i = 1, 40 do t[i] = string.gmatch(" + big + ", '.') end",
		"local t = {} for i = 1, 40 do t[i] = coroutine.wrap(function() local s = " + big + " coroutine.yield() return s end) t[i]() end",
		"local function deep(n) if n > 0 then return 1 + deep(n - 1) end coroutine.yield() return 0 end local t = {} for i = 1, 1000 do t[i] = coroutine.create(deep) coroutine.resume(t[i], 15000) end",
		"local s, a = " + big + ", {} for i = 1, 7000 do a[i] = s end redis.call('del', unpack(a))",
		"local s, a = " + big + ", {} for i = 1, 7000 do a[i] = s end redis.log(3, unpack(a))",
		"local s, a = " + big + ", {} for i = 1, 7000 do a[i] = s end return a",
		"local s, a = " + big + ", {} for i = 1, 7000 do a[i] = s end return {map = {x = a}}",
		"local s, a = " + big + ", {} for i = 1, 7000 do a[i] = s end return table.concat(a)",
		"return (string.gsub('x', 'x', string.rep('%0', 4000000)..string.rep('%1', 4000000)))..string.rep('x', 32000000)",
		"return string.gsub(" + big + ", '.+', string.rep('%1', 4000000))",
		"return cjson.decode('['..string.rep('[],', 2000000)..'[]]')",
		"return cmsgpack.unpack('\\221\\0\\30\\0\\0'..string.rep('\\144', 2000000))",
		"return cjson.encode(string.rep('\\1', 20000000))",
		"return string.rep('x', 2147483647)",
	} {
		reply, h := hostile(t, 100000, script)
		if !strings.HasPrefix(reply, "-ERR not enough memory") && !strings.HasPrefix(reply, "-ERR user_script:1: not enough memory") {
			t.Errorf("%.150s\n%.200q, asked %d times", script, reply, h.asked)
		}
	}
	for _, script := range []string{
		"local t = {} for i = 1, 40 do t[i] = string.sub(" + big + ", 1, 1) end redis.call('measure') return t[40]",
		"local t = {} for i = 1, 40 do t[i] = string.match(" + big + ", '^(.)') end redis.call('measure') return t[40]",
		"local t = {} for i = 1, 40 do t[i] = struct.unpack('s', 'x\\0'.." + big + ") end redis.call('measure') return t[40]",
	} {
		if reply, h := hostile(t, 100000, script); reply != "$1\r\nx\r\n" || h.heap > 100<<20 {
			t.Errorf("%.150s\n%.200q with %d MB", script, reply, h.heap>>20)
		}
	}
}

// Functions that call themselves by way of anything end in an error, not with
// the stack of the host.
func TestScriptsThatNest(t *testing.T) {
	for _, script := range []string{
		"local function f() return 1 + f() end f()",
		"local function f() return (pcall(f)) end f()",
		"local function f() return xpcall(f, f) end f()",
		"local function f() error(setmetatable({}, {__tostring = f})) end f()",
		"local function f() return coroutine.wrap(f)() end f()",
		"local function f() return string.gsub('a', 'a', f) end f()",
		"local function f() table.sort({1, 2, 3}, f) end f()",
		"local function f() table.foreach({1}, f) end f()",
		"local function f() return load(f) end f()",
		"local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x",
		"local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
		"local t = setmetatable({}, {}) getmetatable(t).__newindex = t t.x = 1",
		"local t = {} setmetatable(t, {__call = t}) return t()",
		"local t = setmetatable({}, {__concat = function(a, b) return a..b end}) return t..t",
		"local t = setmetatable({}, {__lt = function(a, b) return a < b end}) return t < t",
		"local t = setmetatable({}, {__tostring = tostring}) return tostring(t)",
		"local t = {} t[1] = t return cjson.encode(t)",
		"cjson.encode_max_depth(2e9) local t = {} t[1] = t return cjson.encode(t)",
		"cjson.decode_max_depth(2e9) return cjson.decode(string.rep('[', 1000000))",
		"return cmsgpack.unpack(string.rep('\\145', 1000000))",
		"return loadstring('return '..string.rep('(', 1000000))",
	} {
		// An error, caught or not, or the end of what pcall went on with.
		if reply, h := hostile(t, 100000, script); len(reply) > 10000 || h.heap != 0 {
			t.Errorf("%s\n%.200q, asked %d times", script, reply, h.asked)
		}
	}
	// A table in itself is written as deep as Redis would.
	if reply, _ := hostile(t, 100000, "local t = {} t[1] = t return t"); strings.Count(reply, "*1\r\n") != 7995 {
		t.Errorf("%d levels", strings.Count(reply, "*1\r\n"))
	}
}
