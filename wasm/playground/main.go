//go:build js && wasm

// Command playground is the one wasm module of the page: it is compiled once
// and instantiated twice, as the server in a worker and as the page.
//
// Everything before the first wait runs when the site is built, not in the
// browser (see web/cmd/site/publish/begun.go), so it must not ask where it is.
package main

import "everysec/engine/command"

//lint:file-ignore U1000 page is called by boot.js

// asPage is closed where the module is to be the page.
var asPage = make(chan struct{})

func main() {
	prepareEngine()
	<-asPage // in the worker for ever: exports do the rest
	runUI()
	select {} // callbacks do the rest
}

// page makes this instance the page, as soon as Go's scheduler runs.
//
//go:wasmexport page
func page() { close(asPage) }

// missing is called in place of a function whose part of the module could not be
// loaded; see web/cmd/site/publish/split.go.
//
//go:wasmexport missing
func missing() { panic(command.ErrAbsent) }
