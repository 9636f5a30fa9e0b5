package host

import (
	"errors"
	"reflect"
	"unsafe"

	"everysec/engine/ds/arena"
	"everysec/wasm/playground/graph"
)

// rules are what a copy of a host has to know of what it consists of. A function
// that is not named here, of a snapshot under way or of an armed crash, makes the
// copy fail: another moment will do.
func rules() *graph.Rules {
	return &graph.Rules{
		Fields: map[string]graph.Rule{
			"host.Options.Post":            graph.Forget,
			"host.Options.Commit":          graph.Forget,
			"host.Options.Ask":             graph.Forget,
			"host.Options.Stopwatch":       graph.Forget,
			"idb.Platter.begin":            graph.Forget,
			"idb.commit.done":              graph.Forget,
			"server.Server.stopwatch":      graph.Forget,
			"keyspace.Space.FieldsExpired": graph.Forget,
			"config.Config.Includes":       graph.Forget,

			// They hold the words of their command, which stay as they are.
			"command.Blocked.Serve":     graph.Share,
			"command.Blocked.Gone":      graph.Share,
			"command.Blocked.OnTimeout": graph.Share,

			"server.hold.next":     graph.Share, // holds nothing
			"lua.goFunction.f":     graph.Share, // nor do these: see server.Server.Rest
			"arena.Arena.bases":    graph.Share, // see Relocate
			"phrase.wrapped.cause": graph.Share, // an error
			"vfs.PathError.Err":    graph.Share,
			"vfs.TornError.Err":    graph.Share,
		},
		Shared: map[string]bool{
			"*command.Spec":       true, // a row of the table
			"*errors.errorString": true, // known by where it is, as the next
			"*lua.lightUserdata":  true,
		},
		Memory: map[reflect.Type]func(unsafe.Pointer, func([]byte) []byte){
			reflect.TypeFor[arena.Arena](): func(a unsafe.Pointer, copied func([]byte) []byte) { (*arena.Arena)(a).Relocate(copied) },
		},
	}
}

// Copy is a second host in the same state, with other surroundings, and how many
// bytes it has, without those it shares. Large, shares and limit are those of
// graph.Rules.
func (h *Host) Copy(o Options, large func(piece []byte) []byte, shares func(value unsafe.Pointer, size int), limit int64) (*Host, int64, error) {
	if h.engine != nil && !h.engine.Rest() {
		return nil, 0, errors.New("a script cannot be copied")
	}
	r := rules()
	r.Large, r.Shares, r.Limit = large, shares, limit
	c, bytes, err := graph.Copy(h, r)
	if err != nil {
		return nil, bytes, err
	}
	c.options = o
	if c.platter != nil {
		c.platter.Surround(o.Commit, c.disk.Awaited())
	}
	if c.engine != nil {
		c.engine.Surround(o.Stopwatch)
	}
	return c, bytes, nil
}
