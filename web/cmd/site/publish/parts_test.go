package publish

import (
	"reflect"
	"runtime"
	"slices"
	"testing"

	"everysec/engine/command"
	"everysec/engine/commands"
)

// The engine must expect it where a command's code may not be there.
func TestCommandsInPartsAreMarkedSo(t *testing.T) {
	marked := 0
	var look func(rows []*command.Spec)
	look = func(rows []*command.Spec) {
		for _, row := range rows {
			look(row.Subcommands)
			if row.Run == nil {
				continue
			}
			symbol := runtime.FuncForPC(reflect.ValueOf(row.Run).Pointer()).Name()
			if inPart := slices.ContainsFunc(Parts, func(p Part) bool { return p.Has(symbol) }); inPart != row.Apart {
				t.Errorf("%s, %s: in a part is %v, but the row says %v", row.Name, symbol, inPart, row.Apart)
			} else if inPart {
				marked++
			}
		}
	}
	for _, rows := range commands.Families() {
		look(rows)
	}
	if marked == 0 {
		t.Error("no command is in a part")
	}
}

// What a pattern should match and does not stays in the first download, and
// nobody misses it.
func TestFunctionsAreInTheirPart(t *testing.T) {
	for _, c := range []struct{ symbol, part string }{
		{"everysec/engine/lua.(*state).run", "scripts"},
		{"everysec/engine/lua.init", ""},
		{"everysec/engine/commands/hashes.runHsetex", "rare"},
		{"everysec/engine/commands/hashes.runHset", ""},
		{"everysec/engine/commands/lists.runLpos", "rare"},
		{"everysec/engine/commands/keys.runScan", ""},
		{"everysec/engine/commands/keys.runSortRo", "rare"},
		{"everysec/engine/commands/keys.(*sorting).compare-fm", "rare"},
		{"everysec/engine/commands/keys.sortKeys", ""}, // who may touch which key is asked without a call
		{"everysec/engine/commands/server.runMemoryStats.func1", "rare"},
		{"everysec/engine/commands/server.runLatencyHistogram.func1", "rare"},
		{"everysec/engine/commands/server.runLatencyHistory", ""},
		{"everysec/engine/commands/server.runMonitor", ""},
		{"everysec/engine/commands/strings.runDelEx", "rare"},
		{"everysec/engine/commands/strings.runDel", ""},
		{"everysec/engine/commands/strings.(*comparison).holds", ""}, // SET has IFEQ, too
		{"everysec/engine/commands/sortedsets.runZunionstore", "rare"},
		{"everysec/engine/commands/sortedsets.runZincrby", ""},
		{"everysec/engine/checktool.Run", "shell"},
		{"everysec/engine/aof.(*Checker).File.func1", "shell"},
		{"everysec/engine/aof.(*Reader).Next", ""},
		{"everysec/engine/rdb.(*checker).Entry", "shell"},
		{"everysec/engine/rdb.(*Loader).Next", ""},
		{"everysec/wasm/playground/run.(*past).play", "run"},
		{"everysec/wasm/playground/run.(*keyframes).add.func1", "run"},
		{"everysec/wasm/playground/run.(*reader).next", "run"},
		{"everysec/wasm/playground/run.(*Recorder).operation", "run"},
		{"everysec/wasm/playground/run.(*Recorder).operate", ""},
		{"everysec/wasm/playground/run.(*Recorder).earlier", "run"},
		{"everysec/wasm/playground/run.readKept", "run"},
		{"everysec/wasm/playground/run.(*Recorder).Keep", ""},
		{"everysec/wasm/playground/run.does", ""},
		{"everysec/wasm/playground/run.(*Recorder).Exec", ""},
		{"everysec/wasm/playground/graph.(*copier).walk", "run"},
		{"everysec/wasm/playground/host.(*Host).Copy", "run"},
		{"everysec/wasm/playground/host.(*Host).Exec", ""},
		{"slices.pdqsortCmpFunc[go.shape.struct { everysec/wasm/playground/graph.from uintptr }]", "run"},
		{"slices.Insert[go.shape.[]*everysec/wasm/playground/run.keyframe,go.shape.*uint8]", "run"},
		{"slices.Insert[go.shape.[]uint8,go.shape.uint8]", ""},
		{"reflect.(*rtype).Elem", "run"},
		{"reflect.init", ""},
		{"sync.(*Pool).Get", "run"},
		{"sync.poolCleanup", ""}, // the collector calls it
		{"sync.(*Mutex).Lock", ""},
		{"everysec/web/view.(*loadPanel).drawChart", "page"},
		{"everysec/web/view.(*panelFrame).draw", ""},
		{"everysec/web/app/timeline.New", "page"},
		{"everysec/web/app.New", ""},
	} {
		part := ""
		if i := slices.IndexFunc(Parts, func(p Part) bool { return p.Has(c.symbol) }); i >= 0 {
			part = Parts[i].Name
		}
		if part != c.part {
			t.Errorf("%s is in the part %q, want %q", c.symbol, part, c.part)
		}
	}
}
