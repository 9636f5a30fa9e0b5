package engine_test

import (
	"strings"
	"testing"

	"everysec/engine"
)

// A Go program can end a script that does not end by itself.
func TestAProgramKillsAScript(t *testing.T) {
	var db *engine.DB
	idle := 0
	db, err := engine.Open(engine.Options{
		Now: func() int64 { return 1_700_000_000_000_000 },
		Idle: func() {
			if idle++; db != nil && idle > 3 && !db.KillScript() {
				t.Error("there was nothing to kill")
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := db.Do("EVAL", "while true do end", "0")
	if err != nil || !strings.HasPrefix(string(v.Str), "ERR Script killed by user with SCRIPT KILL...") {
		t.Errorf("%s, %v", v.Str, err)
	}
	if v, err := db.Do("PING"); err != nil || string(v.Str) != "PONG" {
		t.Errorf("%s, %v", v.Str, err)
	}
	if db.KillScript() {
		t.Error("there is no script to kill")
	}
}
