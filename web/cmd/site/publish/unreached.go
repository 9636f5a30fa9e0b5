package publish

import (
	"strings"

	"everysec/web/cmd/site/straighten"
)

// Go's linker keeps what a setting could switch on at run time. No setting
// reaches a page: the module starts with an empty environment and imports
// neither runtime/trace, runtime/metrics nor runtime/pprof. Such functions
// lose their body; one that is called all the same traps.

// unreached are beginnings of their names, by what never calls them.
var unreached = map[string][]string{
	"execution tracing, which runtime/trace begins": {
		"runtime.traceLocker.", "runtime.traceWriter.", "runtime.traceEventWriter.", "runtime.traceAdvance", "runtime.traceReadCPU",
		"runtime.traceSyncBatch", "runtime.traceStack", "runtime.traceRegisterLabelsAndReasons", "runtime.traceBufFlush", "runtime.traceCPUFlush",
		"runtime.traceAcquireEnabled", "runtime.traceStopReadCPU", "runtime.traceThreadDestroy.func1", "runtime.(*traceMap).",
		"runtime.(*traceStringTable).", "runtime.(*traceStackTable).", "runtime.(*traceTypeTable).", "runtime.(*traceRegionAlloc).",
		"runtime.(*traceBuf).", "runtime.(*traceAdvancerState).", "runtime.makeTraceFrame", "runtime.fpunwindExpand", "runtime.dumpTypesRec", "runtime.dumpStacksRec",
	},
	"runtime/metrics, and GODEBUG with a setting that counts its uses": {"runtime.initMetrics", "runtime.metricReader."},
	"profiling by signals, which a page has not":                       {"runtime.(*profBuf)."},
	"GODEBUG with a pattern of changes to try":                         {"internal/bisect."},
	"GODEBUG=schedtrace":         {"runtime.schedtrace"},
	"GODEBUG=checkfinalizers":    {"runtime.checkFinalizersAndCleanups"},
	"GODEBUG=gccheckmark":        {"runtime.setCheckmark"},
	"GODEBUG=scavtrace":          {"runtime.printScavTrace"},
	"GODEBUG=tracebackancestors": {"runtime.printAncestorTraceback"},
	"cgo":                        {"runtime.printOneCgoTraceback", "runtime.printCgoTraceback", "runtime.expandCgoFrames"},
	"a second module beside this one, as plugins are": {"runtime.typesEqual"},
	"words of the collector before it gives up on a broken heap": {
		"runtime.gcDumpObject", "runtime.dumpScanStats", "runtime.(*hexdumper).", "runtime.(*mspan).reportZombies",
	},
	"arenas, an experiment": {"runtime.(*mspan).setUserArenaChunkToFault"},
}

// skipped are called when the program starts, to check what the compiler, the
// linker and the processor did, and to look for more modules than one. The tests
// run what they did.
var skipped = []string{"runtime.moduledataverify1", "runtime.check", "runtime.testAtomic64", "runtime.typelinksinit"}

// idle is the new body of a function that does nothing, if it is one.
func idle(name string) []byte {
	for _, s := range skipped {
		if name == s {
			return returnBody()
		}
	}
	for _, beginnings := range unreached {
		for _, b := range beginnings {
			if strings.HasPrefix(name, b) && !strings.HasSuffix(name, ".ok") {
				return trapBody()
			}
		}
	}
	return nil
}

func trapBody() []byte {
	c := straighten.Assembler{}
	c.Unreachable().End()
	return append([]byte{0}, c.Code...) // no locals
}

// returnBody takes the return address off Go's stack, if it is there, and tells
// that nothing unwinds.
func returnBody() []byte {
	c := straighten.Assembler{}
	c.Get(0).If().Else().GetGlobal(0).Const(8).Add().SetGlobal(0).End().Const(0).End()
	return append([]byte{0}, c.Code...)
}
