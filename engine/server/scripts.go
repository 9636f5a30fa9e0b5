package server

import (
	"everysec/engine/command"
	"everysec/engine/event"
	"everysec/engine/lua"
	"everysec/engine/resp"
)

// scriptCache is the Lua engine with the client that scripts run as.
type scriptCache struct {
	server *Server
	engine *lua.Engine
	client *command.Client
	writer resp.Writer

	// of the running script
	caller   *command.Context
	readOnly bool
	wrote    bool
	checks   int
}

// checkEvery is how many steps of a script lie between two looks at its
// budget, stepBudget how many steps a script may take at all. Redis has no
// such end; here nobody could end the script from outside, since the thread
// that would listen is the one that runs it.
const (
	checkEvery = 10000
	stepBudget = 1_000_000_000
)

func newScriptCache(s *Server) *scriptCache {
	c := &scriptCache{
		server: s,
		engine: lua.New(lua.Options{CheckEvery: checkEvery, Version: Version}),
		client: &command.Client{Internal: true, Authenticated: true},
	}
	c.client.Reply = &c.writer
	return c
}

func (c *scriptCache) count() int { return c.engine.Count() }

// Load compiles a script. err is the error to reply, "" if there is none.
func (c *scriptCache) Load(body []byte) (sha, problem string) {
	sha, err := c.engine.Load(body)
	if err != nil {
		return "", err.Error()
	}
	return sha, ""
}

// Exists tells whether a script is cached.
func (c *scriptCache) Exists(sha string) bool { return c.engine.Exists(sha) }

// Flush forgets all scripts.
func (c *scriptCache) Flush() { c.engine.Flush() }

// Run runs a cached script and replies.
func (c *scriptCache) Run(ctx *command.Context, sha string, keys, args [][]byte, readOnly bool) {
	c.caller, c.wrote, c.checks = ctx, false, 0
	c.readOnly = readOnly || c.engine.Flags(sha)&lua.NoWrites != 0
	c.client.DB, c.client.ID, c.client.Address = ctx.DB, ctx.Client.ID, ctx.Client.Address
	c.client.User, c.client.NoTouch = ctx.Client.User, ctx.Client.NoTouch
	c.engine.Run(c, sha, keys, args, ctx.Reply)
	c.caller = nil
	ctx.PropagateNothing() // the commands of the script have been propagated
}

const (
	errScriptUnknown  = "ERR Unknown Redis command called from script"
	errScriptArity    = "ERR Wrong number of args calling Redis command from script"
	errScriptReadOnly = "ERR Write commands are not allowed from read-only scripts."
)

// Call is redis.call: one command in the script's own client.
func (c *scriptCache) Call(args [][]byte) []byte {
	c.writer.Reset()
	if problem := c.refusal(args); problem != "" {
		c.writer.Error(problem)
		return c.writer.Bytes()
	}
	s := c.server
	ctx := s.pushContext(c.client, &c.writer)
	ctx.InScript = true
	ctx.InTransaction = c.caller.InTransaction
	s.run(ctx, s.table.Resolve(args), args)
	s.popContext()
	return c.writer.Bytes()
}

// refusal is why a script may not run a command.
func (c *scriptCache) refusal(args [][]byte) string {
	s := c.server
	spec := s.table.Resolve(args)
	switch {
	case spec == nil || len(spec.Subcommands) > 0 && len(args) > 1:
		return errScriptUnknown
	case !spec.ArityFits(len(args)):
		return errScriptArity
	case spec.Flags&command.NoScript != 0:
		return command.ErrNotAllowedInScript
	case spec.Flags&command.Write == 0:
		return ""
	case c.readOnly:
		return errScriptReadOnly
	case s.diskError() != "":
		return s.diskError()
	case s.config.MaxMemory > 0 && !c.wrote && spec.Flags&command.DenyOOM != 0 && s.UsedMemory() > s.config.MaxMemory:
		return command.ErrOutOfMemory
	}
	c.wrote = true
	return ""
}

// Log is redis.log.
func (c *scriptCache) Log(level int, message string) {
	c.server.logf(event.Level(min(max(level, 0), int(event.Warning))), message)
}

// Interrupted ends a script that has used its steps up.
func (c *scriptCache) Interrupted() bool {
	c.checks++
	return c.checks > stepBudget/checkEvery
}

// SetProtocol is redis.setresp.
func (c *scriptCache) SetProtocol(protocol int) { c.writer.Protocol = protocol }

// SetReplication is redis.set_repl. What a script writes is always appended:
// a key that is in memory and will not be after a restart is no lesson.
func (c *scriptCache) SetReplication(int) {}

// MayRun is redis.acl_check_cmd; the default user may run everything.
func (c *scriptCache) MayRun(args [][]byte) (allowed, known bool) {
	return true, c.server.table.Resolve(args) != nil
}

// Scripts is the script cache.
func (s *Server) Scripts() command.Scripts { return s.scripts }
