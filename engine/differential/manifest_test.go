package differential

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"everysec/engine/redistest"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// A damaged manifest is refused by both, in the same words.
func TestManifestDamage(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text string }{
		{"empty", ""},
		{"cut in a line", "file a seq 1 type b"},
		{"of something else", "hello\n"},
		{"an empty line", "file a seq 1 type b\n\n"},
		{"a line too long", "file " + strings.Repeat("a", 2000) + " seq 1 type b\n"},
		{"no type", "file a seq 1\n"},
		{"an unknown type", "file a seq 1 type x\n"},
		{"sequence number 0", "file a seq 0 type b\n"},
		{"a sequence number that is none", "file a seq x type b\n"},
		{"two bases", "file a seq 1 type b\nfile a seq 2 type b\n"},
		{"increments out of order", "file a seq 2 type i\nfile a seq 1 type i\n"},
		{"a path", "file ../a seq 1 type b\n"},
		{"open quotes", "file \"a seq 1 type b\n"},
		{"a missing base", "file nosuch seq 1 type b\n"},
		{"a missing increment", "file a seq 1 type b\nfile nosuch seq 1 type i\n"},
	}
	const commands = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			disk := vfs.New(vfs.Options{})
			if err := os.Mkdir(filepath.Join(dir, "appendonlydir"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := disk.MakeDir("appendonlydir"); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{"appendonlydir/appendonly.aof.manifest": test.text, "appendonlydir/a": commands} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				f, err := disk.OpenFile(name, vfs.Write|vfs.Create)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.Write([]byte(text)); err != nil {
					t.Fatal(err)
				}
				f.Close()
			}
			limit, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			out, err := exec.CommandContext(limit, "redis-server", "--port", "0", "--unixsocket", redistest.Socket(t),
				"--dir", dir, "--appendonly", "yes").CombinedOutput()
			if err == nil || limit.Err() != nil {
				t.Fatalf("redis-server was to refuse it (%v):\n%s", err, out)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			_, want, _ := strings.Cut(lines[len(lines)-1], " # ")
			want, _, _ = strings.Cut(want, " AOF file nosuch") // ours has the folder too
			if i := strings.Index(string(out), "Found a non-monotonic"); i >= 0 {
				want = strings.TrimSpace(string(out[i:]))
			}
			if want == "" {
				t.Fatalf("redis-server does not say why:\n%s", out)
			}
			s, err := servertest.Open(disk, servertest.Start, "appendonly", "yes")
			for err == nil && s.Running() && s.Loading() {
				s.Step(servertest.Start)
			}
			if err == nil {
				err = s.Failure()
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("redis-server says %q, here: %v", want, err)
			}
		})
	}
}
