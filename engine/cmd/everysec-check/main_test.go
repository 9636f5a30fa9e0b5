package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// files puts what a server has written into a directory.
func files(t *testing.T) string {
	t.Helper()
	s := servertest.New(t, "appendonly", "yes")
	c := s.Client()
	for _, line := range []string{"SET a 1", "RPUSH l x y", "SET e 1 EX 100", "SAVE", "BGREWRITEAOF", "SET b 2", "MULTI", "SET c 3", "SET d 4", "EXEC"} {
		c.Text(line)
	}
	s.Settle()
	dir := t.TempDir()
	for _, f := range s.Disk.Files() {
		b, err := vfs.ReadFile(s.Disk, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func edit(t *testing.T, name string, change func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, change(b), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The exit code is that of the real tools on the same files, and so is what
// is left after --fix.
func TestLikeTheRealTools(t *testing.T) {
	const manifest, incr, base = "appendonlydir/appendonly.aof.manifest", "appendonlydir/appendonly.aof.2.incr.aof", "appendonlydir/appendonly.aof.2.base.rdb"
	tests := []struct {
		name   string
		args   []string
		damage func(t *testing.T, dir string)
		says   string
	}{
		{"a valid snapshot", []string{"rdb", "dump.rdb"}, nil, "3 keys (1 list, 2 string), 1 with an expiry"},
		{"a cut snapshot", []string{"rdb", "dump.rdb"}, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "dump.rdb"), func(b []byte) []byte { return b[:len(b)-4] })
		}, "at offset "},
		{"a changed snapshot", []string{"rdb", "dump.rdb"}, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "dump.rdb"), func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
		}, "checksum"},
		{"no snapshot", []string{"rdb", "nosuch.rdb"}, nil, "no such file"},
		{"valid files", []string{"aof", manifest}, nil, "All AOF files are valid"},
		{"one valid file", []string{"aof", incr}, nil, "All AOF files are valid"},
		{"a cut end", []string{"aof", manifest}, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, incr), func(b []byte) []byte { return append(b, "*3\r\n$3\r\nSE"...) })
		}, "--fix would cut off the last 10 bytes"},
		{"a cut end, fixed", []string{"aof", "--fix", manifest}, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, incr), func(b []byte) []byte { return append(b, "*3\r\n$3\r\nSE"...) })
		}, "Successfully truncated"},
		{"a cut transaction, fixed", []string{"aof", "--fix", manifest}, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, incr), func(b []byte) []byte { return b[:len(b)-30] })
		}, "Successfully truncated"},
		{"a corrupt middle, fixed", []string{"aof", "--fix", manifest}, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, incr), func(b []byte) []byte { b[bytes.LastIndexByte(b, '*')] = 0; return b })
		}, "Successfully truncated"},
		{"a corrupt base", []string{"aof", "--fix", manifest}, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, base), func(b []byte) []byte { b[20] ^= 1; return b })
		}, "cannot be fixed"},
		{"a missing increment", []string{"aof", manifest}, func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, incr)) }, "2.incr.aof"},
		{"a damaged manifest", []string{"aof", manifest}, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, manifest), func(b []byte) []byte { return b[:len(b)-3] })
		}, "line 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var left [2][]byte
			var codes [2]int
			for i := range 2 {
				dir := files(t)
				if test.damage != nil {
					test.damage(t, dir)
				}
				args := append([]string(nil), test.args...)
				args[len(args)-1] = filepath.Join(dir, args[len(args)-1])
				if i == 0 {
					var out bytes.Buffer
					codes[0] = run(args, &out)
					if !strings.Contains(out.String(), test.says) {
						t.Errorf("it does not say %q:\n%s", test.says, &out)
					}
				} else {
					real := exec.Command("redis-check-"+args[0], args[1:]...)
					real.Stdin = strings.NewReader("y\n")
					out, err := real.CombinedOutput()
					if err != nil && real.ProcessState == nil {
						t.Fatal(err)
					}
					if codes[1] = real.ProcessState.ExitCode(); codes[0] != codes[1] {
						t.Errorf("exit code %d, the real tool ends with %d:\n%s", codes[0], codes[1], out)
					}
				}
				left[i], _ = os.ReadFile(filepath.Join(dir, incr)) // none is the same as none
			}
			if !bytes.Equal(left[0], left[1]) {
				t.Errorf("we leave\n%q\nthe real tool leaves\n%q", left[0], left[1])
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"aof"}, {"what", "x"}, {"rdb", "--fix", "x"}} {
		var out bytes.Buffer
		if code := run(args, &out); code != 1 || !strings.HasPrefix(out.String(), "Usage:") {
			t.Errorf("%q: exit code %d, %q", args, code, &out)
		}
	}
}
