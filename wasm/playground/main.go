//go:build js && wasm

// Command playground is the one wasm module of the page. Started with "engine"
// it is the server in the worker, started with "ui" it is the page; the module
// is compiled once and instantiated twice.
package main

import "os"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "ui" {
		runUI()
	} else {
		runEngine()
	}
	select {} // exports and callbacks do the rest
}
