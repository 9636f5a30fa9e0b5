//go:build js && wasm

// Command viewer is the module that looks into files. It is not part of the
// page: it is fetched when somebody first opens a file, and runs in a worker of
// its own, so that a file of 64 MB holds neither the engine nor the page.
//
// viewer-worker.js writes a file into memory that reserve gives, opens it, and
// calls step until it returns 1. Every question answers with the length of a
// text in JSON, which out tells the place of; offsets are numbers of JavaScript.
package main

import (
	"runtime"
	"unsafe"

	"everysec/web/viewer"
	"everysec/web/words"
)

//lint:file-ignore U1000 the exports are called by viewer-worker.js

var (
	name    [4096]byte // of a file, or a text to look for
	next    []byte     // the content of the file that comes
	loading *viewer.File
	file    *viewer.File // the one that is asked
	total   viewer.Total // of the files that add was called for
	answer  []byte
)

func main() { select {} } // exports do the rest

// text is where a name or a text of at most 4096 bytes goes.
//
//go:wasmexport text
func text() unsafe.Pointer { return unsafe.Pointer(&name) }

// reserve is where a file of n bytes goes.
//
//go:wasmexport reserve
func reserve(n float64) unsafe.Pointer {
	next = make([]byte, int(n), int(n)+1)
	return unsafe.Pointer(unsafe.SliceData(next[:1]))
}

// speak takes a catalogue of n bytes, which reserve has given room: see web/words.
//
//go:wasmexport speak
func speak() {
	words.Use(words.Read(string(next)))
	next = nil
}

// drop forgets the file that is asked, and what is being read.
//
//go:wasmexport drop
func drop() { next, loading, file = nil, nil, nil; runtime.GC() }

// open begins to look into the file, whose name has n bytes. keep says that the
// file before it is asked until this one has been read.
//
//go:wasmexport open
func open(n int32, now float64, keep int32) int32 {
	f, err := viewer.Open(string(name[:n]), next, int64(now))
	next = nil
	if err != nil {
		return say(viewer.JSON{}.Object().String("error", err.Error()).End())
	}
	loading = f
	if keep == 0 || file == nil {
		file = f
	}
	return 0
}

// step reads about budget bytes, and returns 1 when all has been read.
//
//go:wasmexport step
func step(budget float64) int32 {
	if loading == nil {
		return 1
	}
	if !loading.Step(int64(budget)) {
		return 0
	}
	file, loading = loading, nil
	return 1
}

func say(text []byte) int32 {
	answer = text
	return int32(len(answer))
}

// out is where the answer is.
//
//go:wasmexport out
func out() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(answer)) }

//go:wasmexport state
func state() int32 {
	f := file
	if loading != nil {
		f = loading
	}
	return say(f.StateJSON())
}

//go:wasmexport parts
func parts(from, to float64) int32 { return say(file.PartsJSON(int64(from), int64(to))) }

//go:wasmexport record
func record(offset float64) int32 { return say(file.RecordJSON(int64(offset))) }

// list takes a text of n bytes to look for and the number of an order.
//
//go:wasmexport list
func list(n, order int32) int32 {
	orders := [...]viewer.Order{viewer.InFile, viewer.Largest, viewer.Soonest}
	file.List(string(name[:n]), orders[order])
	return say(file.StateJSON())
}

//go:wasmexport lines
func lines(from, n float64) int32 { return say(file.LinesJSON(int(from), int(n))) }

//go:wasmexport entry
func entry(i float64) int32 { return say(file.EntryJSON(int(i))) }

//go:wasmexport summary
func summary() int32 { return say(file.SummaryJSON()) }

// add adds the file to those whose total is told: a manifest begins anew.
//
//go:wasmexport add
func add() int32 {
	if err := total.Add(file); err != nil {
		return say(viewer.JSON{}.Object().String("problem", err.Error()).End())
	}
	return say(total.JSON())
}
