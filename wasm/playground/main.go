//go:build js && wasm

// Command playground is the one wasm module of the page. Where there is a
// document it is the page, elsewhere it is the server in a worker; the module
// is compiled once and instantiated twice.
package main

import "syscall/js"

func main() {
	if js.Global().Get("document").Truthy() { // package os would tell, at 20 KB
		runUI()
	} else {
		runEngine()
	}
	select {} // exports and callbacks do the rest
}
