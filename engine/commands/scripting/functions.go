package scripting

import (
	"bytes"

	"everysec/engine/command"
	"everysec/engine/glob"
	"everysec/engine/rdb"
)

func fcall(c *command.Context, readOnly bool) {
	f := c.Server.Scripts().Function(c.Args[1])
	if f == nil {
		c.Reply.Error("ERR Function not found")
		return
	}
	if keys, args, ok := keysAndArgs(c, "ERR Bad number of keys provided"); ok {
		c.Server.Scripts().CallFunction(c, f, keys, args, readOnly)
	}
}

func runFcall(c *command.Context)   { fcall(c, false) }
func runFcallRo(c *command.Context) { fcall(c, true) }

func runFunctionLoad(c *command.Context) {
	last := len(c.Args) - 1
	for _, option := range c.Args[2:last] {
		if !command.Is(option, "REPLACE") {
			c.Reply.Error("ERR Unknown option given: " + text(option))
			return
		}
	}
	name, problem := c.Server.Scripts().LoadLibrary(c.Args[last], last > 2)
	if problem != "" {
		c.Reply.Error(problem)
		return
	}
	c.Changes++
	c.Reply.BulkString(name)
}

// text is a word as an error shows it: a C string, without line breaks at its
// end.
func text(word []byte) string {
	word, _, _ = bytes.Cut(word, []byte{0})
	return string(bytes.TrimRight(word, "\r\n"))
}

func runFunctionDelete(c *command.Context) {
	if !c.Server.Scripts().DeleteLibrary(string(c.Args[2])) {
		c.Reply.Error("ERR Library not found")
		return
	}
	c.Changes++
	c.Reply.OK()
}

func runFunctionFlush(c *command.Context) {
	switch {
	case len(c.Args) > 3:
		c.ReplySubcommandError()
		return
	case len(c.Args) == 3 && !command.Is(c.Args[2], "SYNC") && !command.Is(c.Args[2], "ASYNC"):
		c.Reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
		return
	}
	c.Server.Scripts().FlushLibraries()
	c.Changes++
	c.Reply.OK()
}

func runFunctionList(c *command.Context) {
	var pattern []byte
	withCode := false
	for i := 2; i < len(c.Args); i++ {
		switch word := c.Args[i]; {
		case !withCode && command.Is(word, "WITHCODE"):
			withCode = true
		case pattern == nil && command.Is(word, "LIBRARYNAME"):
			if i++; i == len(c.Args) {
				c.Reply.Error("ERR library name argument was not given")
				return
			}
			pattern = c.Args[i]
		default:
			c.Reply.Error("ERR Unknown argument " + text(word))
			return
		}
	}
	w := c.Reply
	mark, n := w.Defer(), 0
	for _, library := range c.Server.Scripts().Libraries() {
		if pattern == nil || glob.Match(pattern, []byte(library.Name), true) {
			n++
			describe(c, library, withCode)
		}
	}
	w.SetDeferredArray(mark, n)
}

func describe(c *command.Context, library *command.Library, withCode bool) {
	w := c.Reply
	fields := 3
	if withCode {
		fields++
	}
	w.Map(fields)
	w.BulkString("library_name")
	w.BulkString(library.Name)
	w.BulkString("engine")
	w.BulkString("LUA")
	w.BulkString("functions")
	w.Array(len(library.Functions))
	for _, f := range library.Functions {
		w.Map(3)
		w.BulkString("name")
		w.BulkString(f.Name)
		w.BulkString("description")
		if f.HasDescription {
			w.BulkString(f.Description)
		} else {
			w.Null()
		}
		w.BulkString("flags")
		flags := f.Flags.Names()
		w.Set(len(flags))
		for _, name := range flags {
			w.SimpleString(name)
		}
	}
	if withCode {
		w.BulkString("library_code")
		w.Bulk(library.Code)
	}
}

func runFunctionStats(c *command.Context) {
	s, w := c.Server.Scripts(), c.Reply
	running, busy := s.Running()
	if busy && !running.Function {
		w.Error("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
		return
	}
	w.Map(2)
	w.BulkString("running_script")
	if busy {
		w.Map(3)
		w.BulkString("name")
		w.BulkString(running.Name)
		w.BulkString("command")
		w.Array(len(running.Command))
		for _, word := range running.Command {
			w.Bulk(word)
		}
		w.BulkString("duration_ms")
		w.Int(running.Milliseconds)
	} else {
		w.Null()
	}
	functions := 0
	for _, library := range s.Libraries() {
		functions += len(library.Functions)
	}
	w.BulkString("engines")
	w.Map(1)
	w.BulkString("LUA")
	w.Map(2)
	w.BulkString("libraries_count")
	w.Int(int64(len(s.Libraries())))
	w.BulkString("functions_count")
	w.Int(int64(functions))
}

func runFunctionKill(c *command.Context) { c.Server.Scripts().Kill(c, true) }

func runFunctionDump(c *command.Context) {
	var codes [][]byte
	for _, library := range c.Server.Scripts().Libraries() {
		codes = append(codes, library.Code)
	}
	c.Reply.Bulk(rdb.DumpFunctions(codes))
}

func runFunctionRestore(c *command.Context) {
	policy := command.RestoreAppend
	if len(c.Args) > 4 {
		c.ReplySubcommandError()
		return
	}
	if len(c.Args) == 4 {
		switch word := c.Args[3]; {
		case command.Is(word, "APPEND"):
		case command.Is(word, "REPLACE"):
			policy = command.RestoreReplace
		case command.Is(word, "FLUSH"):
			policy = command.RestoreFlush
		default:
			c.Reply.Error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
			return
		}
	}
	codes, err := rdb.RestoreFunctions(c.Args[2])
	if err != nil {
		c.Reply.Error("ERR " + err.Error())
		return
	}
	if problem := c.Server.Scripts().RestoreLibraries(codes, policy); problem != "" {
		c.Reply.Error(problem)
		return
	}
	c.Changes++
	c.Reply.OK()
}

func runFunctionHelp(c *command.Context) {
	c.ReplyHelp(
		"LOAD [REPLACE] <FUNCTION CODE>",
		"    Create a new library with the given library name and code.",
		"DELETE <LIBRARY NAME>",
		"    Delete the given library.",
		"LIST [LIBRARYNAME PATTERN] [WITHCODE]",
		"    Return general information on all the libraries:",
		"    * Library name",
		"    * The engine used to run the Library",
		"    * Library description",
		"    * Functions list",
		"    * Library code (if WITHCODE is given)",
		"    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
		"STATS",
		"    Return information about the current function running:",
		"    * Function name",
		"    * Command used to run the function",
		"    * Duration in MS that the function is running",
		"    If no function is running, return nil",
		"    In addition, returns a list of available engines.",
		"KILL",
		"    Kill the current running function.",
		"FLUSH [ASYNC|SYNC]",
		"    Delete all the libraries.",
		"    When called without the optional mode argument, the behavior is determined by the",
		"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
		"    * ASYNC: Asynchronously flush the libraries.",
		"    * SYNC: Synchronously flush the libraries.",
		"DUMP",
		"    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
		"RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
		"    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
		"    control how to handle existing libraries (default APPEND):",
		"    * FLUSH: delete all existing libraries.",
		"    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
		"    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
		"      libraries with the new libraries (notice that even on this option there is a chance of failure",
		"      in case of functions name collision with another library).",
	)
}
