//go:build !js

package rdb_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"everysec/engine/rdb"
	"everysec/engine/redistest"
)

func TestFilesOfEveryVersion(t *testing.T) {
	for version := 1; version <= rdb.Version; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			file := fileOfVersion(version, version%2 == 0)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), file, 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("redis-check-rdb", filepath.Join(dir, "dump.rdb")).CombinedOutput(); err != nil {
				t.Fatalf("it is not laid out well: %s", out)
			}
			ours, real := serve(t, file), redistest.StartIn(t, dir).Dial(t)
			// What differs of a key tells more than the digest of all.
			for _, db := range []string{"0", "9"} {
				ours.Do("SELECT", db)
				real.Do("SELECT", db)
				if o, r := ours.Do("DBSIZE").Int, string(real.Do("DBSIZE")); fmt.Sprintf(":%d\r\n", o) != r {
					t.Errorf("%d keys, redis-server has %q", o, r)
				}
				for _, k := range ours.Do("KEYS", "*").Elems {
					key := string(k.Str)
					o := string(ours.Do("DEBUG", "DIGEST-VALUE", key).Elems[0].Str)
					if r := string(real.Do("DEBUG", "DIGEST-VALUE", key)); !strings.Contains(r, o) {
						t.Errorf("%s: digest %s, redis-server has %q", key, o, r)
					}
					for _, question := range [][]string{{"PEXPIRETIME", key}, {"OBJECT", "ENCODING", key}, {"TYPE", key}} {
						v := ours.Do(question...)
						if r := string(real.Do(question...)); !strings.Contains(r, string(v.Str)) || v.Str == nil && r != fmt.Sprintf(":%d\r\n", v.Int) {
							t.Errorf("%q: %s %d, redis-server says %q", question, v.Str, v.Int, r)
						}
					}
				}
			}
			if o, r := string(ours.Do("DEBUG", "DIGEST").Str), string(real.Do("DEBUG", "DIGEST")); !strings.Contains(r, o) {
				t.Errorf("digest %s, redis-server has %q", o, r)
			}
			for _, name := range []string{"lib", "old"} {
				o, r := ours.Do("FUNCTION", "LIST", "LIBRARYNAME", name, "WITHCODE"), string(real.Do("FUNCTION", "LIST", "LIBRARYNAME", name, "WITHCODE"))
				if want := map[bool]int{true: 1}[version >= 10]; len(o.Elems) != want || !strings.HasPrefix(r, fmt.Sprintf("*%d\r\n", want)) {
					t.Fatalf("%d libraries %s, redis-server has %q", len(o.Elems), name, r)
				}
				if version >= 10 {
					if code := o.Elems[0].Elems[len(o.Elems[0].Elems)-1]; !strings.Contains(r, "\r\n"+string(code.Str)+"\r\n") {
						t.Errorf("library %s is %q, redis-server has %q", name, code.Str, r)
					}
				}
			}
		})
	}
}

// What cannot be loaded is refused with its name and its place.
func TestRefusedByName(t *testing.T) {
	head := func(version string) *builder {
		var b builder
		return b.text(version).raw(254, 0).key(0, "k").str("v")
	}
	const at = 9 + 2 + 5 // where head ends
	tests := []struct {
		name   string
		file   []byte
		says   string
		offset int64
		// modules are stepped over by the check.
		modules bool
	}{
		{"a value of a module", head("REDIS0009").key(7, "doc").module("ReJSON-RL").pieces().end(9, true), "'ReJSON-RL'", at + 5, true},
		{"what a module has written for all", head("REDIS0009").raw(247).module("scdtype00").raw(2, 2).pieces().end(9, true), "'scdtype00'", at + 1, true},
		{"a module of a release candidate", head("REDIS0008").key(6, "doc").module("ReJSON-RL").end(8, true), "'ReJSON-RL'", at + 5 + 9, false},
		{"metadata of keys", head("REDIS0013").raw(243, 1).end(13, true), "metadata", at, false},
		{"a stream with idempotent producers", head("REDIS0013").key(26, "s").end(13, true), "idempotent", at + 3, false},
		{"a stream with entries given back", head("REDIS0014").key(27, "s").end(14, true), "XNACK", at + 3, false},
		{"an array", head("REDIS0014").key(28, "a").end(14, true), "array", at + 3, false},
		{"a type of the future", head("REDIS0014").key(29, "a").end(14, true), "29", at, false},
		{"an opcode of the future", head("REDIS0014").raw(241).end(14, true), "241", at, false},
		{"type 8, which never was", head("REDIS0010").key(8, "a").end(10, true), "8", at, false},
		{"a version of the future", head("REDIS0015").end(15, true), `"0015"`, 5, false},
		{"a newer version of Valkey", head("VALKEY081").end(81, true), `"081" of Valkey`, 6, false},
		{"a slot that Valkey was importing", head("VALKEY080").raw(243).end(80, true), "imported", at, false},
		{"commands in a file of Valkey", head("VALKEY080").raw(242).end(80, true), "fork", at, false},
		{"a type of Redis in a file of Valkey", head("VALKEY080").key(24, "h").end(80, true), "24", at + 3, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := load(test.file)
			located, is := err.(*rdb.Error)
			if !is || located.Offset != test.offset || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %q at %d", err, test.says, test.offset)
			}
			if used := d.store.Arena.Used(); used != 0 {
				t.Errorf("%d bytes were not given back", used)
			}
			var said []string
			summary, err := rdb.Check(bytes.NewReader(test.file), int64(len(test.file)), "x", 0, func(_ int64, what string) { said = append(said, what) })
			if (err == nil) != test.modules {
				t.Errorf("the check says %v, %v", summary, err)
			}
			if !test.modules {
				return
			}
			// redis-server refuses it too, and names the module; its check steps over it.
			name := filepath.Join(t.TempDir(), "dump.rdb")
			if err := os.WriteFile(name, test.file, 0o644); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("redis-check-rdb", name).CombinedOutput()
			if err != nil {
				t.Errorf("redis-check-rdb: %s", out)
			}
			for _, line := range said {
				if !strings.Contains(string(out), line) {
					t.Errorf("we say %q, redis-check-rdb says %s", line, out)
				}
			}
			out, err = exec.Command("redis-server", "--port", "0", "--unixsocket", redistest.Socket(t), "--dir", filepath.Dir(name)).CombinedOutput()
			if !strings.Contains(string(out), test.says) { // it ends with 0, for its check finds nothing wrong
				t.Errorf("redis-server ends with %v: %s", err, out)
			}
		})
	}
}

func TestRestoreOldFunctionsAsRedisDoes(t *testing.T) {
	_, payload := oldFunctions()
	real := redistest.Start(t).Dial(t)
	real.Do("FUNCTION", "RESTORE", payload)
	if r := string(real.Do("FCALL", "g", "0")); r != ":2\r\n" {
		t.Errorf("redis-server: %q", r)
	}
}
