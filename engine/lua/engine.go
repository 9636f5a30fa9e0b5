// Package lua is the script engine of EVAL and EVALSHA: Lua 5.1 with what
// Redis 7.0 adds to it and takes from it.
//
// The machine is written here rather than taken from a library because a
// script can see almost everything about it: the wording and line of every
// error, the order of pairs() and so of cjson.encode, the border # finds, the
// digits of a number. It follows Lua 5.1 in all of these. It uses no goroutine
// and no clock, never calls itself deeper than a fixed bound, and asks its
// host at regular intervals whether to go on.
package lua

import (
	"errors"
	"strings"

	"everysec/engine/resp"
	"everysec/engine/sha1"
)

// Options bound what a script may use. Zero fields take the defaults.
type Options struct {
	CheckEvery int    // calls and loop turns between two questions to the host (10,000)
	MaxMemory  int    // bytes a script may hold (256 MiB); negative: no limit
	Version    string // what redis.REDIS_VERSION says ("7.0.15")

	functions bool // no redis.replicate_commands and its like, no KEYS
}

func (o Options) withDefaults() Options {
	if o.CheckEvery <= 0 {
		o.CheckEvery = 10000
	}
	if o.MaxMemory == 0 {
		o.MaxMemory = 256 << 20
	}
	if o.Version == "" {
		o.Version = "7.0.15"
	}
	return o
}

// A Host is the server as a running script sees it.
type Host interface {
	// Call runs one command and returns its reply in the protocol last set
	// (RESP2 at the start of each run). The arguments are good until Call
	// returns, the reply until the next Call. An error reply starts with '-'.
	Call(args [][]byte) (reply []byte)
	// Log writes to the server's log at one of Redis's levels (0 debug,
	// 1 verbose, 2 notice, 3 warning).
	Log(level int, message string)
	// Interrupted is asked every Options.CheckEvery steps; true ends the
	// script as SCRIPT KILL does, and no pcall can stop that.
	Interrupted() bool
	// SetProtocol chooses RESP2 or RESP3 for the replies of Call.
	SetProtocol(protocol int)
	// SetReplication says where later writes go: bit 0 the AOF, bit 1 replicas.
	SetReplication(flags int)
	// MayRun answers redis.acl_check_cmd; known is false for no such command.
	MayRun(args [][]byte) (allowed, known bool)
	// ErrorWithin counts an error that stands within a list that the script
	// replies; again tells that Call has replied it before.
	ErrorWithin(text string, again bool)
}

// Flags are what a script says of itself in its first line, "#!lua flags=...".
type Flags uint8

// The flags of Redis 7.0. A script without a first line of that form has
// CompatMode alone.
const (
	NoWrites Flags = 1 << iota
	AllowOOM
	AllowStale
	NoCluster
	AllowCrossSlot
	CompatMode
)

var flagNames = []struct {
	name string
	flag Flags
}{
	{"no-writes", NoWrites},
	{"allow-oom", AllowOOM},
	{"allow-stale", AllowStale},
	{"no-cluster", NoCluster},
	{"allow-cross-slot-keys", AllowCrossSlot},
}

// An Engine holds the compiled scripts and the Lua world they run in.
type Engine struct {
	options Options
	state   *state
	scripts map[string]*script
	code    int // bytes of compiled scripts
	random  lrand48
}

type script struct {
	f     *closure
	body  string
	flags Flags
}

// New returns an engine without scripts.
func New(o Options) *Engine {
	o = o.withDefaults()
	e := &Engine{options: o, scripts: map[string]*script{}, random: lrand48{lrand48Start}}
	e.state = newState(o, &e.random)
	return e
}

// SHA1Hex names a script.
func SHA1Hex(body []byte) string {
	const digits = "0123456789abcdef"
	name := make([]byte, 0, 40)
	for _, b := range sha1.Sum(body) {
		name = append(name, digits[b>>4], digits[b&15])
	}
	return string(name)
}

// Load compiles a script and keeps it. The error is the reply, code and all.
func (e *Engine) Load(body []byte) (sha string, err error) {
	sha = SHA1Hex(body)
	if e.scripts[sha] != nil {
		return sha, nil
	}
	text := string(body)
	flags, skip, err := shebang(text)
	if err != nil {
		return "", err
	}
	f, message := e.state.compileChunk(text[skip:], "@user_script")
	if f == nil {
		return "", errors.New("ERR Error compiling script (new function): " + message)
	}
	e.scripts[sha] = &script{f: f, body: text, flags: flags}
	e.code += f.p.size()
	return sha, nil
}

// Shebang returns what a script says of itself, without compiling it.
func Shebang(text string) (Flags, error) {
	flags, _, err := shebang(text)
	return flags, err
}

// shebang reads "#!lua option=value ..." and returns what to skip of it.
func shebang(text string) (flags Flags, skip int, err error) {
	if !strings.HasPrefix(text, "#!") {
		return CompatMode, 0, nil
	}
	end := strings.IndexByte(text, '\n')
	if end < 0 {
		return 0, 0, errors.New("ERR Invalid script shebang")
	}
	words, ok := resp.SplitArgs([]byte(text[:end]))
	if !ok || len(words) == 0 {
		return 0, 0, errors.New("ERR Invalid engine in script shebang")
	}
	if string(words[0]) != "#!lua" {
		return 0, 0, errors.New("ERR Unexpected engine in script shebang: " + string(words[0]))
	}
	for _, w := range words[1:] {
		list, ok := strings.CutPrefix(string(w), "flags=")
		if !ok {
			return 0, 0, errors.New("ERR Unknown lua shebang option: " + string(w))
		}
		if list == "" {
			continue
		}
		for _, name := range strings.Split(list, ",") {
			flag, known := flagNamed(name)
			if !known {
				return 0, 0, errors.New("ERR Unexpected flag in script shebang: " + name)
			}
			flags |= flag
		}
	}
	return flags, end, nil
}

// Exists reports whether a script is loaded; sha is in lower case.
func (e *Engine) Exists(sha string) bool { return e.scripts[sha] != nil }

// Body returns a loaded script's text.
func (e *Engine) Body(sha string) (body string, ok bool) {
	s := e.scripts[sha]
	if s == nil {
		return "", false
	}
	return s.body, true
}

// Flags returns what a loaded script says of itself.
func (e *Engine) Flags(sha string) Flags {
	if s := e.scripts[sha]; s != nil {
		return s.flags
	}
	return 0
}

// Count returns the number of loaded scripts.
func (e *Engine) Count() int { return len(e.scripts) }

// Flush forgets all scripts and everything they left in the Lua world.
func (e *Engine) Flush() {
	e.state = newState(e.options, &e.random)
	e.scripts = map[string]*script{}
	e.code = 0
}

// VMMemory returns the bytes reachable in the Lua world, by walking it, and
// those of the compiled scripts.
func (e *Engine) VMMemory() int64 { return int64(e.state.reachable(e.state.main) + e.code) }

// size is the bytes of compiled code.
func (p *proto) size() int {
	n := 240 + 8*len(p.code) + 24*len(p.k) + 4*len(p.lines) + 16*len(p.upvals) + 40*len(p.names)
	for _, inner := range p.protos {
		n += inner.size()
	}
	return n
}

// Run runs a loaded script and writes its reply.
func (e *Engine) Run(h Host, sha string, keys, args [][]byte, w *resp.Writer) {
	sc := e.scripts[sha]
	s := e.state
	switch {
	case sc == nil:
		w.Error("NOSCRIPT No matching script. Please use EVAL.")
		return
	case s.host != nil:
		w.Error(errRunning)
		return
	}
	s.run(h, sha, w, value{o: sc.f}, keys, args)
}

const errRunning = "ERR a script is running already"

// run calls f, which finds keys and arguments in globals, or is a function and
// takes them.
func (s *state) run(h Host, name string, w *resp.Writer, f value, keys, args [][]byte) {
	s.begin(h)
	defer s.end()
	k, a := s.array(keys), s.array(args)
	var res []value
	var err *luaError
	if s.options.functions {
		res, err = s.main.runScript(f, k, a)
	} else {
		s.globals.setField("KEYS", k)
		s.globals.setField("ARGV", a)
		res, err = s.main.runScript(f)
	}
	if err != nil {
		s.replyError(err, name, w)
		return
	}
	v := arg(res, 1)
	s.replyMark = w.Len()
	_, err = s.main.runScript(value{o: s.newGoFunction("", func(*thread, []value) []value {
		s.reply(v, w, 0)
		return nil
	})})
	if err != nil {
		w.Truncate(s.replyMark)
		s.replyError(err, name, w)
	}
}

func (s *state) begin(h Host) {
	s.host = h
	s.protocol = 2
	s.killed = false
	s.budget = s.options.CheckEvery
	s.memory.fresh, s.memory.steps = 0, 0
}

// end leaves nothing of the run behind but what globals still reach.
func (s *state) end() {
	s.host = nil
	s.depth, s.guards = 0, 0
	s.current = s.main
	t := s.main
	t.nest, t.frames, t.top = 0, t.frames[:0], 0
	if len(t.stack) > 4096 {
		t.stack = make([]value, 64)
		t.frames = nil
	}
	clear(t.stack)
	clear(t.out[:cap(t.out)])
}

func (s *state) array(list [][]byte) value {
	tb := s.newTable(0, 0)
	for i, b := range list {
		tb.setInt(i+1, stringValue(string(b)))
	}
	return value{o: tb}
}

// runScript is pcall, but nothing passes it: a kill ends here.
func (t *thread) runScript(f value, args ...value) (res []value, err *luaError) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*luaError)
			if !ok {
				panic(r)
			}
			res, err = nil, e
		}
	}()
	return t.call(f, args...), nil
}

func (s *state) describeError(v value) string {
	text, _ := s.main.tostring(v).toStr()
	return text
}
