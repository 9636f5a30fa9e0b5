//go:build js && wasm

// A program that makes something before it waits, and more when it is called.
package main

import (
	"strconv"
	_ "syscall/js" // has values of JavaScript
)

var made = map[string]int{}

func init() {
	for i := range 1000 {
		made[strconv.Itoa(i)] = i
	}
}

var (
	asked  = make(chan int)
	answer int
)

func main() {
	for n := range asked {
		answer += made[strconv.Itoa(n)]
	}
}

// ask gives main a number; how many main made before is what it returns.
//
//go:wasmexport ask
func ask(n int32) int32 {
	go func() { asked <- int(n) }()
	return int32(len(made))
}

//go:wasmexport told
func told() int32 { return int32(answer) }
