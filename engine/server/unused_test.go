package server

import (
	"testing"

	"everysec/engine/lua"
)

// What is told of the Lua world before there is one is what it will be.
func TestTheMemoryOfAnUnusedLuaWorldIsKnown(t *testing.T) {
	if got := lua.New(luaOptions).VMMemory(); got != unusedVM {
		t.Errorf("an unused Lua world takes %d bytes, unusedVM is %d", got, unusedVM)
	}
}
