//go:build js && wasm

// A program that asks where it is before it waits.
package main

import "syscall/js"

func main() {
	println(js.Global().Get("document").Truthy())
	select {}
}
