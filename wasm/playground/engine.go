//go:build js && wasm

package main

import (
	"math"
	"runtime"
	"slices"
	"unsafe"

	"everysec/wasm/idb"
	"everysec/wasm/playground/host"
	"everysec/wasm/playground/run"
)

//lint:file-ignore U1000 the exports are called by worker.js

// The engine's half. worker.js writes into a buffer of ours and calls an
// export; whatever there is to say leaves through post before it returns. An
// export never waits for anything: it would return garbage and take the
// runtime with it. Every export but in returns the milliseconds after which it
// wants tick to be called.

// post sends a batch that begins with its channel.
//
//go:wasmimport everysec post
func post(at unsafe.Pointer, n int32)

// commit begins a transaction of the store; committed ends it.
//
//go:wasmimport everysec commit
func commit(transaction int32, at unsafe.Pointer, n int32)

// ask puts a rare question to the store; stored brings the answer.
//
//go:wasmimport everysec ask
func ask(what int32)

// keep hands over a piece of the record, and what package run says about it.
//
//go:wasmimport everysec keep
func keep(about unsafe.Pointer, n int32, at unsafe.Pointer, size int32)

// shelf is asked what is kept of earlier runs; found brings the answer.
//
//go:wasmimport everysec shelf
func shelf(token int32, question unsafe.Pointer, n int32)

// stopwatch is real time in microseconds since 1970, as exports get it.
//
//go:wasmimport everysec stopwatch
func stopwatch() float64

var (
	machine *run.Recorder
	buffer  []byte
	// entered is when the export was called, until somebody has asked: looking
	// at the clock costs as much as a short command.
	entered int64
)

// enter notes the time of a call.
func enter(now float64) int64 {
	entered = int64(now)
	return entered
}

func prepareEngine() {
	// The heap has grown, and has room for a server, before a visitor comes.
	buffer = make([]byte, 1<<20)
	buffer = make([]byte, smallBuffer)
	runtime.GC()
	machine = run.New(host.Options{
		Post: func(b []byte) { post(unsafe.Pointer(unsafe.SliceData(b)), int32(len(b))) },
		Commit: func(transaction uint32, ops []byte) {
			commit(int32(transaction), unsafe.Pointer(unsafe.SliceData(ops)), int32(len(ops)))
		},
		Ask: func(what idb.Ask) { ask(int32(what)) },
		Stopwatch: func() int64 {
			if now := entered; now != 0 {
				entered = 0
				return now
			}
			return int64(stopwatch())
		},
	})
	machine.Shelf = func(token uint32, question []byte) {
		shelf(int32(token), unsafe.Pointer(unsafe.SliceData(question)), int32(len(question)))
	}
}

// keepBuffer is the largest input buffer that is not given back after use,
// smallBuffer the smallest that is made.
const (
	keepBuffer  = 1 << 20
	smallBuffer = 64 << 10
)

// in is where the next n bytes of input go.
//
//go:wasmexport in
func in(n int32) unsafe.Pointer {
	if int(n) > cap(buffer) {
		buffer = make([]byte, max(int(n), smallBuffer))
	}
	return unsafe.Pointer(unsafe.SliceData(buffer[:cap(buffer)]))
}

// take is that input; keep says that the host goes on holding it.
func take(n int32, keep bool) []byte {
	b := buffer[:n:n]
	if keep && int(n) < cap(buffer)/2 {
		return slices.Clone(b)
	}
	if keep || cap(buffer) > keepBuffer {
		buffer = nil
	}
	return b
}

func delay() float64 {
	d := machine.Delay()
	if d == math.MaxInt64 {
		return math.Inf(1)
	}
	return float64(d) / 1000
}

// configure takes the page's settings.
//
//go:wasmexport configure
func configure(n int32) { machine.Configure(take(n, true)) }

// stored brings the store's image.
//
//go:wasmexport stored
func stored(n int32, now float64) float64 {
	machine.Stored(take(n, true), enter(now))
	return delay()
}

// exec runs a batch of requests at a time in microseconds since 1970.
//
//go:wasmexport exec
func exec(n int32, now float64) float64 {
	machine.Exec(take(n, false), enter(now))
	return delay()
}

//go:wasmexport tick
func tick(now float64) float64 {
	machine.Tick(enter(now))
	return delay()
}

// committed ends a transaction; n is the length of an error's text, 0 if it
// succeeded.
//
//go:wasmexport committed
func committed(transaction, n int32, now float64) float64 {
	machine.Committed(uint32(transaction), string(take(n, false)), enter(now))
	return delay()
}

// taken says that the store is another tab's now, and n bytes of why.
//
//go:wasmexport taken
func taken(n int32, now float64) float64 {
	machine.Taken(string(take(n, false)), enter(now))
	return delay()
}

// piece calls keep with the next piece of the record, if there is one. how has a bit
// for what package run calls again, and one for all.
//
//go:wasmexport piece
func piece(how int32) {
	if p, ok := machine.Keep(how&1 != 0, how&2 != 0); ok {
		keep(unsafe.Pointer(unsafe.SliceData(p.About)), int32(len(p.About)), unsafe.Pointer(unsafe.SliceData(p.Data)), int32(len(p.Data)))
	}
}

// found brings what the shelf has, in n bytes; failed is 1 if they say why it has
// nothing.
//
//go:wasmexport found
func found(token, failed, n int32) float64 {
	data, failure := take(n, true), ""
	if failed != 0 {
		data, failure = nil, string(data)
	}
	machine.Found(uint32(token), data, failure)
	return delay()
}
