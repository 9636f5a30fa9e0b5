package publish

import (
	"reflect"
	"runtime"
	"slices"
	"testing"

	"everysec/engine/command"
	"everysec/engine/commands"
)

// The engine must expect it where a command's code may not be there.
func TestCommandsInPartsAreMarkedSo(t *testing.T) {
	marked := 0
	var look func(rows []*command.Spec)
	look = func(rows []*command.Spec) {
		for _, row := range rows {
			look(row.Subcommands)
			if row.Run == nil {
				continue
			}
			symbol := runtime.FuncForPC(reflect.ValueOf(row.Run).Pointer()).Name()
			if inPart := slices.ContainsFunc(Parts, func(p Part) bool { return p.Has(symbol) }); inPart != row.Apart {
				t.Errorf("%s, %s: in a part is %v, but the row says %v", row.Name, symbol, inPart, row.Apart)
			} else if inPart {
				marked++
			}
		}
	}
	for _, rows := range commands.Families() {
		look(rows)
	}
	if marked == 0 {
		t.Error("no command is in a part")
	}
}
