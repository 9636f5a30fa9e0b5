package server

import (
	"strings"

	"everysec/engine/command"
	"everysec/engine/ds/arena"
	"everysec/engine/event"
	"everysec/engine/lua"
	"everysec/engine/resp"
)

// scriptCache is the Lua engines, of scripts and of functions, with the client
// that both run as.
type scriptCache struct {
	server *Server
	engine *lua.Engine // made when the first script comes: a host may have to fetch its code
	// errorWithin: the list that was replied last holds an error; errorsAgain
	// are those in it that commands of the script have replied before. As in
	// Redis the script has failed as often.
	errorWithin bool
	errorsAgain int64
	world       *lua.Functions // made when the first library is loaded
	libraries
	client *command.Client
	writer resp.Writer
	bodies int64 // the memory of the scripts' texts

	// of the running script
	caller      *command.Context // nil: none runs
	name        string           // its SHA1, or the function's name
	function    bool
	readOnly    bool
	outOfMemory bool // the memory was full when it began, and it may not use more
	wrote       bool
	killed      bool
	startedAt   int64 // engine time
	lap         int64 // the stopwatch then
	slice       int   // checks until the slice ends
	checks      int   // where there are no slices
}

// checkEvery is how many steps of a script lie between two looks at its
// budget. stepBudget is how many a script may take where nobody could end it:
// in an append-only file that is being loaded.
const (
	checkEvery = 10000
	stepBudget = 1_000_000_000
)

func newScriptCache(s *Server) *scriptCache {
	c := &scriptCache{
		server: s,
		client: &command.Client{Internal: true, Authenticated: true},
	}
	c.client.Reply = &c.writer
	return c
}

var luaOptions = lua.Options{CheckEvery: checkEvery, Version: Version}

// unusedVM is the memory of a Lua world in which no script has run.
const unusedVM = 22391

func (c *scriptCache) scripts() *lua.Engine {
	if c.engine == nil {
		c.engine = lua.New(luaOptions)
	}
	return c.engine
}

func (c *scriptCache) count() int {
	if c.engine == nil {
		return 0
	}
	return c.engine.Count()
}

// vmMemory is what the Lua worlds of scripts and of functions hold.
func (c *scriptCache) vmMemory() (eval, functions int64) {
	if c.world != nil {
		functions = c.world.VMMemory()
	}
	for _, library := range c.list {
		for _, f := range library.Functions {
			functions += f.Memory()
		}
	}
	if c.engine == nil {
		return unusedVM, functions
	}
	return c.engine.VMMemory(), functions
}

// Sizes of Redis's: a cached script, a library, a function, and what functions
// take before there is one.
const (
	redisScript      = 16
	redisLibrary     = 32
	redisFunction    = 48 + 8
	redisNoFunctions = 200
)

// tableMemory is a hash table of Redis's with n entries.
func tableMemory(n int) int64 {
	if n == 0 {
		return 0
	}
	return int64(n*dictEntry + max(4, powerOfTwo(n))*8)
}

// memory is what Redis's caches of scripts and functions take.
func (c *scriptCache) memory() (scripts, functions int64) {
	n := c.count()
	scripts = tableMemory(n) + int64(n)*(redisScript+arena.RedisString(40)) + c.bodies
	functions = redisNoFunctions + tableMemory(len(c.functions))
	for _, library := range c.list {
		functions += redisLibrary + arena.RedisString(len(library.Name)) + arena.RedisString(len(library.Code))
		for _, f := range library.Functions {
			functions += redisFunction + arena.RedisString(len(f.Name))
			if f.HasDescription {
				functions += arena.RedisString(len(f.Description))
			}
		}
	}
	return scripts, functions
}

// Load compiles a script. err is the error to reply, "" if there is none.
func (c *scriptCache) Load(body []byte) (sha, problem string) {
	before := c.count()
	sha, err := c.scripts().Load(body)
	if err != nil {
		return "", err.Error()
	}
	if c.count() > before {
		const header, embedded = 16 + 3 + 1, 44
		if n := len(body); n > embedded {
			c.bodies += arena.RedisString(n)
		} else {
			c.bodies += arena.RedisBlock(n+header) - 16
		}
	}
	return sha, ""
}

// Exists tells whether a script is cached.
func (c *scriptCache) Exists(sha string) bool { return c.scripts().Exists(sha) }

// Flush forgets all scripts.
func (c *scriptCache) Flush() {
	c.scripts().Flush()
	c.bodies = 0
}

// Run runs a cached script and replies.
func (c *scriptCache) Run(ctx *command.Context, sha string, keys, args [][]byte, readOnly bool) {
	if c.begin(ctx, sha, c.scripts().Flags(sha), readOnly) {
		c.scripts().Run(c, sha, keys, args, ctx.Reply)
		c.end(ctx)
	}
}

// CallFunction runs a function and replies.
func (c *scriptCache) CallFunction(ctx *command.Context, f *lua.Function, keys, args [][]byte, readOnly bool) {
	if c.begin(ctx, f.Name, f.Flags, readOnly) {
		c.function = true
		c.world.Run(c, f, keys, args, ctx.Reply)
		c.end(ctx)
	}
}

// begin prepares for a script, or replies why it may not run.
func (c *scriptCache) begin(ctx *command.Context, name string, flags lua.Flags, readOnly bool) bool {
	s := c.server
	full := s.config.MaxMemory > 0 && s.eviction.full
	if flags&lua.CompatMode == 0 {
		writes := flags&lua.NoWrites == 0
		problem := ""
		switch {
		case writes && s.diskError() != "":
			problem = scriptDiskError(s.diskError())
		case writes && readOnly:
			problem = "ERR Can not execute a script with write flag using *_ro command."
		case full && flags&(lua.AllowOOM|lua.NoWrites) == 0:
			problem = "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
		}
		if problem != "" {
			ctx.Reply.Error(problem)
			return false
		}
	}
	c.caller, c.name, c.function = ctx, name, false
	c.readOnly = readOnly || flags&lua.NoWrites != 0
	c.outOfMemory = full && flags&lua.AllowOOM == 0
	c.wrote, c.killed, c.checks = false, false, 0
	c.startedAt, c.lap = s.now, s.lap
	c.writer.Protocol = 2
	c.client.DB, c.client.ID, c.client.Address = ctx.DB, ctx.Client.ID, ctx.Client.Address
	c.client.User, c.client.NoTouch = ctx.Client.User, ctx.Client.NoTouch
	return true
}

func (c *scriptCache) end(ctx *command.Context) {
	c.forget()
	ctx.PropagateNothing() // the commands of the script have been propagated
}

// forget ends the run as far as the server is concerned.
func (c *scriptCache) forget() {
	c.caller = nil
	c.server.unit.muted = false
	if c.server.busy != nil {
		c.server.busy.answering = false // the next script of the transaction is another
	}
}

// scriptDiskError is diskError for a script that says that it writes.
func scriptDiskError(problem string) string {
	const hint = " Writable scripts are blocked. Use 'no-writes' flag for read only scripts."
	if reason, ok := strings.CutPrefix(problem, "MISCONF Errors writing to the AOF file: "); ok {
		return "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk." + hint + " AOF error: " + reason
	}
	return "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk." + hint
}

// flagsFor are the flags by which a command may be refused: a script that
// declares what it does counts as that.
func (s *Server) flagsFor(spec *command.Spec, args [][]byte) command.Flags {
	flags := spec.Flags
	if flags&scriptFlags != scriptFlags {
		return flags
	}
	declared := lua.CompatMode
	c := s.scripts
	switch strings.TrimSuffix(spec.Name, "_ro") {
	case "eval":
		if sha := lua.SHA1Hex(args[1]); c.Exists(sha) {
			declared = c.scripts().Flags(sha)
		} else if f, err := lua.Shebang(string(args[1])); err == nil {
			declared = f
		}
	case "evalsha":
		if sha := strings.ToLower(string(args[1])); c.Exists(sha) {
			declared = c.scripts().Flags(sha)
		}
	case "fcall":
		if f := c.Function(args[1]); f != nil {
			declared = f.Flags
		}
	}
	if declared&lua.CompatMode != 0 {
		return flags
	}
	flags &^= command.Stale | command.DenyOOM | command.Write
	if declared&(lua.AllowOOM|lua.NoWrites) == 0 {
		flags |= command.DenyOOM
	}
	if declared&lua.NoWrites == 0 {
		flags |= command.Write
	}
	if declared&lua.AllowStale != 0 {
		flags |= command.Stale
	}
	return flags
}

const (
	errScriptUnknown  = "ERR Unknown Redis command called from script"
	errScriptArity    = "ERR Wrong number of args calling Redis command from script"
	errScriptReadOnly = "ERR Write commands are not allowed from read-only scripts."

	errBusyScript   = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	errBusyFunction = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
)

// busyError is what other clients hear while a script runs.
func (c *scriptCache) busyError() string {
	if c.function {
		return errBusyFunction
	}
	return errBusyScript
}

// killer is the command that ends the script.
func (c *scriptCache) killer() string {
	if c.function {
		return "FUNCTION KILL"
	}
	return "SCRIPT KILL"
}

// elapsed is how long the script has run, in milliseconds: by the engine's
// clock, or by the stopwatch if that stands still.
func (c *scriptCache) elapsed() int64 {
	d := c.server.now - c.startedAt
	if c.server.stopwatch != nil {
		d = max(d, c.server.stopwatch()-c.lap)
	}
	return d / 1000
}

// Running describes the script that runs.
func (c *scriptCache) Running() (r command.RunningScript, ok bool) {
	if c.caller == nil {
		return r, false
	}
	return command.RunningScript{Name: c.name, Function: c.function, Command: c.caller.Args, Milliseconds: c.elapsed()}, true
}

// Kill is SCRIPT KILL, or FUNCTION KILL.
func (c *scriptCache) Kill(ctx *command.Context, function bool) {
	switch {
	case c.caller == nil:
		ctx.Reply.Error("NOTBUSY No scripts in execution right now.")
	case c.wrote:
		ctx.Reply.Error("UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.")
	case function != c.function:
		ctx.Reply.Error(c.busyError())
	default:
		c.killed = true
		ctx.Reply.OK()
	}
}

// Call is redis.call: one command in the script's own client.
func (c *scriptCache) Call(args [][]byte) []byte {
	c.writer.Reset()
	s := c.server
	spec := s.table.Resolve(args)
	if problem := c.refusal(spec, args); problem != "" {
		s.stats.errorReply(problem)
		if spec != nil && (len(spec.Subcommands) == 0 || len(args) == 1) {
			s.stats.rejected(spec)
		}
		c.writer.Error(problem)
		return c.writer.Bytes()
	}
	ctx := s.pushContext(c.client, &c.writer)
	ctx.InScript = true
	ctx.InTransaction = c.caller.InTransaction
	s.run(ctx, spec, args)
	s.popContext()
	return c.writer.Bytes()
}

// refusal is why a script may not run a command.
func (c *scriptCache) refusal(spec *command.Spec, args [][]byte) string {
	s := c.server
	switch {
	case spec == nil || len(spec.Subcommands) > 0 && len(args) > 1:
		return errScriptUnknown
	case !spec.ArityFits(len(args)):
		return errScriptArity
	case spec.Flags&command.NoScript != 0:
		return command.ErrNotAllowedInScript
	}
	if u := c.client.User; u != nil && u.Restricted {
		if d := s.forbidden(c.client, spec, args, "lua"); d != command.Allowed {
			return d.ScriptError()
		}
	}
	switch {
	case c.readOnly && (spec.Flags&command.Write != 0 || mayReplicate(spec)):
		return errScriptReadOnly
	case spec.Flags&command.Write == 0:
		return ""
	case c.wrote: // a script that has begun to write is not stopped half way
		return ""
	case s.diskError() != "":
		return s.diskError()
	case c.outOfMemory && spec.Flags&command.DenyOOM != 0:
		return command.ErrOutOfMemory
	}
	c.wrote = true
	return ""
}

// maxLogText is how much redis.log writes of a message: many wait for the host.
const maxLogText = 16 << 10

// Log is redis.log.
func (c *scriptCache) Log(level int, message string) {
	if len(message) > maxLogText {
		message = strings.Clone(message[:maxLogText])
	}
	c.server.logf(event.Level(min(max(level, 0), int(event.Warning))), message)
}

// Interrupted ends a slice of the script, and tells whether the script was
// killed.
func (c *scriptCache) Interrupted() bool {
	if c.caller == nil || c.server.loading != nil {
		c.checks++
		return c.checks > stepBudget/checkEvery
	}
	if c.slice--; c.slice <= 0 {
		c.server.leave()
	}
	return c.killed
}

// SetProtocol is redis.setresp.
func (c *scriptCache) SetProtocol(protocol int) { c.writer.Protocol = protocol }

// SetReplication is redis.set_repl: what follows is not appended without the
// first bit. The second, for replicas, has nobody to keep it from.
func (c *scriptCache) SetReplication(flags int) { c.server.unit.muted = flags&1 == 0 }

// ErrorWithin counts an error within a reply.
func (c *scriptCache) ErrorWithin(text string, again bool) {
	if again {
		c.errorsAgain++
		return
	}
	c.server.stats.errorReply(text)
	c.errorWithin = true
}

// MayRun is redis.acl_check_cmd.
func (c *scriptCache) MayRun(args [][]byte) (allowed, known bool) {
	spec := c.server.table.Resolve(args)
	if spec == nil {
		return false, false
	}
	d, _ := c.client.User.Check(spec, args)
	return d == command.Allowed, true
}

// Scripts is the script cache.
func (s *Server) Scripts() command.Scripts { return s.scripts }
