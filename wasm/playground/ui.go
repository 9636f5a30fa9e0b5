//go:build js && wasm

package main

import (
	"syscall/js"

	"everysec/wasm/bridge"
)

// The page's half. everysec.js gives it a channel of its own:
//
//	globalThis.everysecChannel = {send(bytes), onmessage, onlost}
//
// A crossing by js.Func costs microseconds, and there is one for a batch.

func runUI() {
	channel := js.Global().Get("everysecChannel")
	uint8Array := js.Global().Get("Uint8Array")
	var flush func()
	microtask := js.FuncOf(func(js.Value, []js.Value) any {
		flush()
		return nil
	})
	conn := bridge.NewConn(func(batch []byte) {
		b := uint8Array.New(len(batch))
		js.CopyBytesToJS(b, batch)
		channel.Call("send", b)
	}, func(f func()) {
		flush = f
		js.Global().Call("queueMicrotask", microtask)
	})
	var buf []byte
	channel.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		n := args[0].Length()
		if n > cap(buf) {
			buf = make([]byte, n)
		}
		js.CopyBytesToGo(buf[:n], args[0])
		if err := conn.Receive(buf[:n]); err != nil {
			js.Global().Get("console").Call("error", err.Error())
		}
		if n > 1<<20 { // see Conn.Receive
			buf = nil
		}
		return nil
	}))
	channel.Set("onlost", js.FuncOf(func(_ js.Value, args []js.Value) any {
		lost := conn.Lost
		if args[1].Bool() {
			lost = conn.Over
		}
		lost(args[0].String())
		return nil
	}))
	runPage(conn)
}
