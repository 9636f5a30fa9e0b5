//go:build js && wasm

package main

import (
	"slices"

	"everysec/engine/commands"
	"everysec/wasm/bridge"
	"everysec/web/view"
)

// runPage starts the user interface. The console's hints come from the rows
// of the engine's own commands.
func runPage(conn *bridge.Conn) {
	view.Run(conn, slices.Concat(commands.Families()...))
}
