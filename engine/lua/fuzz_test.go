package lua_test

import (
	"fmt"
	"testing"
	"time"

	"everysec/engine/lua"
	"everysec/engine/resp"
)

// A fuzzHost answers every command with what the fuzzer made up, and ends a
// script soon.
type fuzzHost struct {
	reply  []byte
	checks int
}

func (h *fuzzHost) Call([][]byte) []byte     { return h.reply }
func (h *fuzzHost) Log(int, string)          {}
func (h *fuzzHost) SetProtocol(int)          {}
func (h *fuzzHost) ErrorWithin(string, bool) {}

func (h *fuzzHost) SetReplication(int) {}
func (h *fuzzHost) Interrupted() bool {
	h.checks++
	return h.checks > 20
}

func (h *fuzzHost) MayRun([][]byte) (allowed, known bool) { return true, true }

// FuzzScriptAndReply runs anything as a script, on anything as the replies of its
// commands: it ends, and replies.
func FuzzScriptAndReply(f *testing.F) {
	for _, seed := range []string{
		"return redis.call('get', KEYS[1])",
		"local t = cjson.decode(ARGV[1]) return cmsgpack.pack(t)",
		"return {string.find(ARGV[1], ARGV[2]), struct.unpack('>I2', ARGV[1])}",
		"redis.setresp(3) return redis.pcall('x')",
		"while true do pcall(error, {err='x'}) end",
		"return string.format(ARGV[1], 1, 'x')",
		"return setmetatable({}, {__index=function(t, k) return t[k] end}).x",
		"#!lua flags=no-writes\nreturn coroutine.wrap(function() coroutine.yield(bit.tohex(1)) end)()",
	} {
		f.Add(seed, "[1,{\"a\":null}]", "%3\r\n$1\r\na\r\n")
	}
	f.Fuzz(func(t *testing.T, script, argument, reply string) {
		late := time.AfterFunc(5*time.Second, func() { panic(fmt.Sprintf("it does not end: %q %q %q", script, argument, reply)) })
		defer late.Stop()
		e := lua.New(lua.Options{CheckEvery: 2000, MaxMemory: 8 << 20})
		sha, err := e.Load([]byte(script))
		if err != nil {
			return
		}
		w := resp.Writer{Protocol: 3}
		e.Run(&fuzzHost{reply: []byte(reply)}, sha, [][]byte{[]byte("k")}, [][]byte{[]byte(argument), []byte(argument)}, &w)
		if w.Len() == 0 {
			t.Fatalf("no reply to %q", script)
		}
	})
}

// FuzzLibrary loads anything as a library and calls what it registers.
func FuzzLibrary(f *testing.F) {
	f.Add("redis.register_function('f', function(keys, args) return args end)")
	f.Add("redis.register_function{function_name='f', callback=redis.log, flags={'no-writes'}, description='d'}")
	f.Add("local r = redis.register_function r('f', function() r('g', function() end) end)")
	f.Add("while true do end")
	f.Fuzz(func(t *testing.T, text string) {
		world := lua.NewFunctions(lua.Options{CheckEvery: 2000, MaxMemory: 8 << 20})
		functions, err := world.Load(&fuzzHost{}, "\n"+text)
		if err == nil && len(functions) == 0 {
			t.Fatal("a library without functions was loaded")
		}
		for _, function := range functions {
			w := resp.Writer{Protocol: 2}
			world.Run(&fuzzHost{reply: []byte("+OK\r\n")}, function, nil, [][]byte{[]byte("a")}, &w)
			if w.Len() == 0 {
				t.Fatalf("no reply of %q", function.Name)
			}
		}
	})
}
