//go:build js && wasm

package main

import "everysec/wasm/bridge"

// runPage is where the user interface begins.
func runPage(conn *bridge.Conn) {}
