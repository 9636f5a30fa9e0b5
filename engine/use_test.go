//go:build !js

package engine_test

import (
	"path/filepath"
	"strings"
	"testing"

	"everysec/engine/redistest"
	"everysec/engine/vfs"
)

// TestUseMovesBothWays: how long a key was not used, or how often it is, goes
// with it in an RDB file, from us to redis-server and back.
func TestUseMovesBothWays(t *testing.T) {
	for _, test := range []struct{ policy, option, value, ask string }{
		{"allkeys-lru", "IDLETIME", "5000", "IDLETIME"},
		{"volatile-lfu", "FREQ", "200", "FREQ"},
	} {
		ourDisk := vfs.New(vfs.Options{})
		ours := open(t, ourDisk, "maxmemory-policy", test.policy)
		c := ours.Client()
		c.Do("SET", "x", "value")
		dump := string(c.Do("DUMP", "x").Str)
		if got := c.Do("RESTORE", "k", "0", dump, test.option, test.value); string(got.Str) != "OK" {
			t.Fatalf("RESTORE: %s", got.Str)
		}
		c.Do("SAVE")
		dir := t.TempDir()
		toDirectory(t, ourDisk, ".", dir)
		runCheck(t, "redis-check-rdb", filepath.Join(dir, "dump.rdb"))
		real := redistest.StartIn(t, dir, "--maxmemory-policy", test.policy)
		r := real.Dial(t)
		if got := string(r.Do("OBJECT", test.ask, "k")); !strings.HasPrefix(got, ":"+test.value[:3]) {
			t.Errorf("redis-server loads our file: OBJECT %s says %q, want %s", test.ask, got, test.value)
		}
		r.Do("SAVE")
		back := vfs.New(vfs.Options{})
		fromDirectory(t, dir, back)
		again := open(t, back, "maxmemory-policy", test.policy).Client()
		if got := again.Text("OBJECT " + test.ask + " k"); !strings.HasPrefix(got, "(integer) "+test.value[:3]) {
			t.Errorf("we load its file: OBJECT %s says %s, want %s", test.ask, got, test.value)
		}
	}
}
