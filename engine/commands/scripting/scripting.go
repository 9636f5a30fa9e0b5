package scripting

import (
	"everysec/engine/command"
	"everysec/engine/lua"
	"everysec/engine/number"
)

// keysAndArgs takes KEYS and ARGV out of a command whose third word is the
// number of keys. ok is false when it does not fit: the error has been sent,
// which is problem if it is no number.
func keysAndArgs(c *command.Context, problem string) (keys, args [][]byte, ok bool) {
	n, ok := number.ParseInt(c.Args[2])
	switch {
	case !ok:
		c.Reply.Error(problem)
		return nil, nil, false
	case n > int64(len(c.Args)-3):
		c.Reply.Error("ERR Number of keys can't be greater than number of args")
		return nil, nil, false
	case n < 0:
		c.Reply.Error("ERR Number of keys can't be negative")
		return nil, nil, false
	}
	return c.Args[3 : 3+n], c.Args[3+n:], true
}

func eval(c *command.Context, readOnly bool) {
	keys, args, ok := keysAndArgs(c, command.ErrNotInteger)
	if !ok {
		return
	}
	sha := lua.SHA1Hex(c.Args[1])
	scripts := c.Server.Scripts()
	if !scripts.Exists(sha) {
		if _, problem := scripts.Load(c.Args[1]); problem != "" {
			c.Reply.Error(problem)
			return
		}
	}
	scripts.Run(c, sha, keys, args, readOnly)
}

func runEval(c *command.Context)   { eval(c, false) }
func runEvalRo(c *command.Context) { eval(c, true) }

func evalsha(c *command.Context, readOnly bool) {
	const shaLength = 40
	if len(c.Args[1]) != shaLength {
		c.Reply.Error(command.ErrNoScript)
		return
	}
	keys, args, ok := keysAndArgs(c, command.ErrNotInteger)
	if !ok {
		return
	}
	sha := lowerHex(c.Args[1])
	if !c.Server.Scripts().Exists(sha) {
		c.Reply.Error(command.ErrNoScript)
		return
	}
	c.Server.Scripts().Run(c, sha, keys, args, readOnly)
}

func runEvalsha(c *command.Context)   { evalsha(c, false) }
func runEvalshaRo(c *command.Context) { evalsha(c, true) }

func lowerHex(b []byte) string {
	lower := make([]byte, len(b))
	for i, ch := range b {
		if 'A' <= ch && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		lower[i] = ch
	}
	return string(lower)
}

func runScriptLoad(c *command.Context) {
	sha, problem := c.Server.Scripts().Load(c.Args[2])
	if problem != "" {
		c.Reply.Error(problem)
		return
	}
	c.Reply.BulkString(sha)
}

func runScriptExists(c *command.Context) {
	c.Reply.Array(len(c.Args) - 2)
	for _, sha := range c.Args[2:] {
		if c.Server.Scripts().Exists(lowerHex(sha)) {
			c.Reply.Int(1)
		} else {
			c.Reply.Int(0)
		}
	}
}

func runScriptFlush(c *command.Context) {
	if len(c.Args) > 3 || len(c.Args) == 3 && !command.Is(c.Args[2], "SYNC") && !command.Is(c.Args[2], "ASYNC") {
		c.Reply.Error("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
		return
	}
	c.Server.Scripts().Flush()
	c.Reply.OK()
}

func runScriptKill(c *command.Context) { c.Server.Scripts().Kill(c, false) }

func runScriptDebug(c *command.Context) {
	switch {
	case command.Is(c.Args[2], "NO"):
		c.Reply.OK()
	case command.Is(c.Args[2], "YES"), command.Is(c.Args[2], "SYNC"):
		c.Reply.Error("ERR the Lua debugger is not available here")
	default:
		c.Reply.Error("ERR Use SCRIPT DEBUG YES/SYNC/NO")
	}
}

func runScriptHelp(c *command.Context) {
	c.ReplyHelp(
		"DEBUG (YES|SYNC|NO)",
		"    Set the debug mode for subsequent scripts executed.",
		"EXISTS <sha1> [<sha1> ...]",
		"    Return information about the existence of the scripts in the script cache.",
		"FLUSH [ASYNC|SYNC]",
		"    Flush the Lua scripts cache. Very dangerous on replicas.",
		"    When called without the optional mode argument, the behavior is determined by the",
		"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
		"    * ASYNC: Asynchronously flush the scripts cache.",
		"    * SYNC: Synchronously flush the scripts cache.",
		"KILL",
		"    Kill the currently executing Lua script.",
		"LOAD <script>",
		"    Load a script into the scripts cache without executing it.",
	)
}
