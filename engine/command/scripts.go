package command

import "everysec/engine/lua"

// Scripts is the script cache and the libraries of functions. problem is the
// error to reply, "" if there is none.
type Scripts interface {
	Load(body []byte) (sha, problem string)
	Exists(sha string) bool
	Flush()
	// Run evaluates a cached script, replying through c.
	Run(c *Context, sha string, keys, args [][]byte, readOnly bool)

	// Libraries lists them in the order in which they were loaded.
	Libraries() []*Library
	LoadLibrary(code []byte, replace bool) (name, problem string)
	DeleteLibrary(name string) bool
	FlushLibraries()
	RestoreLibraries(codes [][]byte, policy RestorePolicy) (problem string)
	// Function finds a function; nil: there is none of this name.
	Function(name []byte) *lua.Function
	// CallFunction runs a function, replying through c.
	CallFunction(c *Context, f *lua.Function, keys, args [][]byte, readOnly bool)

	// Running tells what runs while other clients are answered.
	Running() (r RunningScript, ok bool)
	// Kill ends a running script, or a running function, and replies.
	Kill(c *Context, function bool)
}

// Library is what one FUNCTION LOAD loaded.
type Library struct {
	Name      string
	Code      []byte
	Functions []*lua.Function
}

// RestorePolicy is what FUNCTION RESTORE does with the libraries there are.
type RestorePolicy uint8

// The policies of FUNCTION RESTORE.
const (
	RestoreAppend RestorePolicy = iota
	RestoreReplace
	RestoreFlush
)

// RunningScript is a script that runs for so long that others are answered.
type RunningScript struct {
	Name         string // its SHA1, or the function's name
	Function     bool
	Command      [][]byte
	Milliseconds int64
}
