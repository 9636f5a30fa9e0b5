package server_test

import (
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

const (
	busyScript   = "(error) BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	busyFunction = "(error) BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	unkillable   = "(error) UNKILLABLE Sorry the script already executed write commands against the dataset. " +
		"You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)

// busyWorld is a server with a client whose script does not end and one that
// comes after it.
func busyWorld(t *testing.T, command string, config ...string) (s *servertest.Server, runs, other *servertest.Client) {
	s = servertest.New(t, append([]string{"busy-reply-threshold", "5"}, config...)...)
	runs, other = s.Client(), s.Client()
	runs.SendLine(command)
	s.Settle()
	return s, runs, other
}

func expectText(t *testing.T, c *servertest.Client, line, want string) {
	t.Helper()
	if got := c.Text(line); got != want {
		t.Errorf("%s\ngot:  %s\nwant: %s", line, got, want)
	}
}

func expectReply(t *testing.T, c *servertest.Client, want string) {
	t.Helper()
	v, ok := c.Reply()
	if got := servertest.Format(v); !ok || got != want {
		t.Errorf("got: %s %v\nwant: %s", got, ok, want)
	}
}

func expectSilence(t *testing.T, c *servertest.Client) {
	t.Helper()
	if v, ok := c.Reply(); ok {
		t.Errorf("a reply came too soon: %s", servertest.Format(v))
	}
}

// The replies are those of redis-server 7.0.15.
func TestBusyScript(t *testing.T) {
	s, runs, other := busyWorld(t, `EVAL "while true do end" 0`)
	other.SendLine("PING")
	s.Settle()
	expectSilence(t, other) // nobody is heard before the threshold
	s.Advance(6_000)
	expectReply(t, other, busyScript)
	for line, want := range map[string]string{
		"GET a":                     busyScript,
		"EVAL \"return 1\" 0":       busyScript,
		"SCRIPT EXISTS a":           busyScript,
		"SCRIPT HELP":               busyScript,
		"FUNCTION STATS":            busyScript,
		"FUNCTION KILL":             busyScript,
		"INFO":                      busyScript,
		"CONFIG GET x":              busyScript,
		"SUBSCRIBE a":               busyScript,
		"SHUTDOWN":                  busyScript,
		"SHUTDOWN SAVE":             busyScript,
		"SHUTDOWN ABORT":            "(error) ERR No shutdown in progress.",
		"NOSUCH":                    "(error) ERR unknown command 'NOSUCH', with args beginning with: ",
		"SCRIPT NOSUCH":             "(error) ERR unknown subcommand 'NOSUCH'. Try SCRIPT HELP.",
		"GET":                       "(error) ERR wrong number of arguments for 'get' command",
		"WATCH a":                   "OK",
		"UNWATCH":                   "OK",
		"RESET":                     "RESET",
		"AUTH a b c d":              "(error) ERR syntax error",
		"DISCARD":                   "(error) ERR DISCARD without MULTI",
		"CLIENT GETNAME":            busyScript,
		"COMMAND COUNT":             busyScript,
		"FUNCTION LOAD x":           busyScript,
		"REPLCONF listening-port 1": "",
	} {
		if want != "" {
			expectText(t, other, line, want)
		}
	}
	expectText(t, other, "MULTI", "OK")
	expectText(t, other, "SET a b", busyScript)
	expectText(t, other, "EXEC", "(error) EXECABORT Transaction discarded because of: BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
	expectSilence(t, runs)
	expectText(t, other, "SCRIPT KILL", "OK")
	s.Settle()
	expectReply(t, runs, "(error) ERR Script killed by user with SCRIPT KILL... script: 694a5fe1ddb97a4c6a1bf299d9537c7d3d0f84e7, on @user_script:1.")
	expectText(t, other, "SCRIPT KILL", "(error) NOTBUSY No scripts in execution right now.")
	expectText(t, other, "PING", "PONG")
	expectText(t, runs, "PING", "PONG")
}

func TestNoPcallSavesAScriptFromKill(t *testing.T) {
	for _, body := range []string{
		"while true do pcall(function() while true do end end) end",
		"while true do pcall(pcall, function() while true do end end) end",
		"local t={} for i=1,100 do t[i]=i end table.sort(t, function() while true do end end)",
		"string.gsub('aaaa', 'a', function() while true do end end)",
		"return tostring(setmetatable({}, {__tostring=function() while true do end end}))",
		"return setmetatable({}, {__index=function() while true do end end}).x",
		"local c = coroutine.wrap(function() while true do coroutine.yield() end end) while true do c() end",
		"return xpcall(function() error('x') end, function() while true do end end)",
		"local s=string.rep('a',100000) while true do string.find(s,'.-.-.-b') end",
		"while true do redis.call('get','a') end",
		"while true do redis.pcall('nosuch') end",
		"local function f() return f() end f()",
		"while true do string.rep('x', 1000000) end",
		"while true do cjson.decode(cjson.encode({1,2,3})) end",
		"local t={} for i=1,50000 do t[i]='x' end while true do table.concat(t) end",
		"while true do loadstring('return 1') end",
		"while true do unpack({1,2,3}) end",
	} {
		s, runs, other := busyWorld(t, `EVAL "`+body+`" 0`)
		s.Advance(6_000)
		expectText(t, other, "PING", busyScript)
		expectText(t, other, "SCRIPT KILL", "OK")
		s.Settle()
		v, ok := runs.Reply()
		if got := servertest.Format(v); !ok || !strings.HasPrefix(got, "(error) ERR Script killed by user with SCRIPT KILL...") {
			t.Errorf("%s: %v %s", body, ok, got)
		}
		expectText(t, other, "EVAL \"return 1\" 0", "(integer) 1")
	}
}

func TestAScriptThatWroteCannotBeKilled(t *testing.T) {
	s, runs, other := busyWorld(t, `EVAL "redis.call('set','a','b') while not redis.call('get','nosuch') do end" 0`, "appendonly", "yes")
	s.Advance(6_000)
	expectText(t, other, "SCRIPT KILL", unkillable)
	expectText(t, other, "FUNCTION KILL", unkillable)
	if got := s.Propagated(); len(got) != 0 {
		t.Errorf("half of a script was propagated: %q", got)
	}
	other.SendLine("SHUTDOWN NOSAVE")
	s.Settle()
	if s.Running() || s.ExitCode() != 0 {
		t.Fatalf("running %v, exit code %d", s.Running(), s.ExitCode())
	}
	expectSilence(t, runs)
	again := servertest.At(t, s.Disk, s.Now, "appendonly", "yes")
	expectText(t, again.Client(), "GET a", "(nil)") // half a unit is none
}

func TestBusyFunction(t *testing.T) {
	s := servertest.New(t, "busy-reply-threshold", "5")
	runs, other := s.Client(), s.Client()
	other.Do("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f',function() while true do end end)")
	runs.SendLine("FCALL f 1 k a")
	s.Settle()
	s.Advance(8_000)
	expectText(t, other, "PING", busyFunction)
	expectText(t, other, "SCRIPT KILL", busyFunction)
	stats := other.Text("FUNCTION STATS")
	if !strings.HasPrefix(stats, "1) \"running_script\"\n2) 1) \"name\"\n   2) \"f\"\n   3) \"command\"\n   4) 1) \"FCALL\"\n      2) \"f\"\n      3) \"1\"\n      4) \"k\"\n      5) \"a\"\n   5) \"duration_ms\"\n   6) (integer) 8") {
		t.Errorf("FUNCTION STATS: %s", stats)
	}
	expectText(t, other, "FUNCTION KILL", "OK")
	s.Settle()
	expectReply(t, runs, "(error) ERR Script killed by user with SCRIPT KILL... script: f, on @user_function:2.")
}

// A transaction goes on behind a script that was killed, and nobody sees it
// half done.
func TestBusyTransaction(t *testing.T) {
	s := servertest.New(t, "busy-reply-threshold", "5", "appendonly", "yes")
	runs, other := s.Client(), s.Client()
	runs.SendLine("ECHO before")
	runs.SendLine("MULTI")
	runs.SendLine("SET x 1")
	runs.SendLine(`EVAL "while true do end" 0`)
	runs.SendLine("SET x 2")
	runs.SendLine("EXEC")
	runs.SendLine("ECHO after")
	s.Settle()
	s.Advance(8_000)
	for _, want := range []string{`"before"`, "OK", "QUEUED", "QUEUED", "QUEUED"} {
		expectReply(t, runs, want)
	}
	expectSilence(t, runs)
	runs.SendLine("GET x") // comes while its transaction is under way
	s.Settle()
	expectText(t, other, "GET x", busyScript)
	expectText(t, other, "SCRIPT KILL", "OK")
	s.Settle()
	expectReply(t, runs, "1) OK\n2) (error) ERR Script killed by user with SCRIPT KILL... script: 694a5fe1ddb97a4c6a1bf299d9537c7d3d0f84e7, on @user_script:1.\n3) OK")
	expectReply(t, runs, `"after"`)
	expectReply(t, runs, `"2"`)
	expectText(t, other, "GET x", `"2"`)
	if got := strings.Join(s.Propagated(), " "); got != "MULTI SET x 1 SET x 2 EXEC" {
		t.Errorf("propagated: %s", got)
	}
}

// A client that hangs up leaves its script running, as in Redis.
func TestTheClientOfAScriptHangsUp(t *testing.T) {
	s, runs, other := busyWorld(t, `EVAL "while true do end" 0`)
	s.Disconnect(s.Now, runs.ID)
	s.Advance(6_000)
	expectText(t, other, "PING", busyScript)
	expectText(t, other, "SCRIPT KILL", "OK")
	s.Settle()
	expectText(t, other, "PING", "PONG")
	if n := len(s.Clients()); n != 1 {
		t.Errorf("%d clients are left", n)
	}
}

// Keys do not expire under a script, however long it runs.
func TestTimeStandsStillForAScript(t *testing.T) {
	s := servertest.New(t, "busy-reply-threshold", "1")
	runs := s.Client()
	runs.Do("SET", "k", "v", "PX", "100")
	runs.Do("EVAL", "return 1", "0")
	runs.SendLine(`EVAL "local a=redis.call('get','k') for i=1,4000000 do end return {a,redis.call('get','k'),redis.call('pttl','k')}" 0`)
	s.Settle()
	s.Advance(1_000_000)
	expectReply(t, runs, "1) \"v\"\n2) \"v\"\n3) (integer) 100")
	expectText(t, runs, "GET k", "(nil)")
}

// A script that took several steps is told with the moment at which it began.
func TestABusyScriptIsToldFromItsBeginning(t *testing.T) {
	s := servertest.New(t, "busy-reply-threshold", "5000")
	runs, other := s.Client(), s.Client()
	var b event.Batch
	s.Drain(&b)
	began := s.Now
	runs.SendLine(`EVAL "while true do end" 0`)
	s.Settle()
	s.Advance(6_000_000) // beyond the threshold
	expectText(t, other, "SCRIPT KILL", "OK")
	s.Settle()
	b.Reset()
	s.Drain(&b)
	told := map[string]int64{}
	if err := event.Decode(b.Bytes(), func(e event.Event) {
		if r, ok := e.(*event.CommandRun); ok {
			told[r.Name] = r.Start
		}
	}); err != nil {
		t.Fatal(err)
	}
	if told["eval"] != began {
		t.Errorf("EVAL began at %d: %+v", began, told)
	}
}

// A server that is dropped while a script runs lets go of its stack.
func TestAbandon(t *testing.T) {
	s, _, _ := busyWorld(t, `EVAL "pcall(function() while true do end end)" 0`)
	s.Abandon()
	if s.Busy() {
		t.Error("still busy")
	}
	expectText(t, s.Client(), "EVAL \"return 1\" 0", "(integer) 1")
}

func TestScriptsThatEndAreNotNoticed(t *testing.T) {
	s := servertest.On(t, vfs.New(vfs.Options{}), "busy-reply-threshold", "0", "appendonly", "yes")
	c := s.Client()
	expectText(t, c, `EVAL "for i=1,3000000 do end redis.call('set','a',1) return redis.call('incr','a')" 0`, "(integer) 2")
	if got := strings.Join(s.Propagated(), " "); got != "MULTI set a 1 incr a EXEC" {
		t.Errorf("propagated: %s", got)
	}
}
