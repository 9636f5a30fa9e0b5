package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
	return copyOut(t, s)
}

func copyOut(t *testing.T, s *servertest.Server) string {
	t.Helper()
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

// ours and real run one check. Both read y from the standard input.
func ours(args ...string) (code int, out string) {
	var b bytes.Buffer
	code = run(args, strings.NewReader("y\n"), &b, time.Now())
	return code, b.String()
}

func real(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	limit, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tool := exec.CommandContext(limit, "redis-check-"+args[0], args[1:]...)
	tool.Stdin = strings.NewReader("y\n")
	b, err := tool.CombinedOutput()
	if err != nil && tool.ProcessState == nil {
		t.Fatal(err)
	}
	return tool.ProcessState.ExitCode(), string(b)
}

// What is said in other words, or by one of the two only.
var (
	ownLine     = regexp.MustCompile(`(?m)^(\[info\] (RDB version|what modules).*|RDB is not valid|If you insist.*)\n`)
	rdbReason   = regexp.MustCompile(`(?m)(RDB ERROR DETECTED ---\n\[offset \d+\]).*`)
	afterPrompt = strings.NewReplacer("Continue? [y/N]: ", "Continue?\n")
)

func comparable(out, dir string) string {
	out = afterPrompt.Replace(strings.ReplaceAll(out, dir, "DIR"))
	return ownLine.ReplaceAllString(rdbReason.ReplaceAllString(out, "$1"), "")
}

// Verdict, words, offsets and what is left after --fix are those of the real
// tools on the same files.
func TestLikeTheRealTools(t *testing.T) {
	const manifest, incr, base = "appendonlydir/appendonly.aof.manifest", "appendonlydir/appendonly.aof.2.incr.aof", "appendonlydir/appendonly.aof.2.base.rdb"
	change := func(name string, change func(b []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { edit(t, filepath.Join(dir, name), change) }
	}
	tail := func(tail string) func(t *testing.T, dir string) {
		return change(incr, func(b []byte) []byte { return append(b, tail...) })
	}
	stamped := func(t *testing.T, dir string) {
		edit(t, filepath.Join(dir, incr), func(b []byte) []byte {
			whole := string(b)
			return []byte("#TS:100\r\n" + whole + "#TS:200\r\n" + whole + "#TS:300\r\n" + whole)
		})
	}
	both := func(a, b func(t *testing.T, dir string)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { a(t, dir); b(t, dir) }
	}
	oldStyle := func(t *testing.T, dir string) {
		snapshot, err := os.ReadFile(filepath.Join(dir, base))
		if err != nil {
			t.Fatal(err)
		}
		edit(t, filepath.Join(dir, incr), func(b []byte) []byte { return append(snapshot, b...) })
	}
	tests := []struct {
		name   string
		args   []string
		damage func(t *testing.T, dir string)
		says   string
		// differs: the words are others (why), the rest is compared all the same.
		differs string
	}{
		{"a valid snapshot", []string{"rdb", "dump.rdb"}, nil, "3 keys read", ""},
		{"a cut snapshot", []string{"rdb", "dump.rdb"}, change("dump.rdb", func(b []byte) []byte { return b[:len(b)-4] }), "unexpected end", ""},
		{"a snapshot cut in a value", []string{"rdb", "dump.rdb"}, change("dump.rdb", func(b []byte) []byte { return b[:len(b)-10] }), "While doing: read-object-value", ""},
		{"a changed snapshot", []string{"rdb", "dump.rdb"}, change("dump.rdb", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), "checksum", ""},
		{"a snapshot without checksum", []string{"rdb", "dump.rdb"}, change("dump.rdb", func(b []byte) []byte {
			return append(b[:len(b)-8], make([]byte, 8)...)
		}), "checksum disabled", ""},
		{"no checksum was made in version 4", []string{"rdb", "dump.rdb"}, change("dump.rdb", func(b []byte) []byte {
			copy(b[5:], "0004")
			return b[:len(b)-8]
		}), "RDB looks OK", ""},
		{"an unknown type", []string{"rdb", "dump.rdb"}, change("dump.rdb", func(b []byte) []byte { b[len(b)-9] = 241; return b }), "241 is unknown", ""},
		{"another file", []string{"rdb", incr}, nil, "signature", "the real tool speaks of a value that it has not come to"},
		{"a version of the future", []string{"rdb", "dump.rdb"}, change("dump.rdb", func(b []byte) []byte { b[5] = '9'; return b }), `"9010"`, "the real tool speaks of a value that it has not come to"},
		{"bytes behind the end", []string{"rdb", "dump.rdb"}, change("dump.rdb", func(b []byte) []byte { return append(b, "more"...) }), "4 bytes follow", "we tell of them"},
		{"no snapshot", []string{"rdb", "nosuch.rdb"}, nil, "Cannot open file", "we say so"},
		{"valid files", []string{"aof", manifest}, nil, "All AOF files and manifest are valid", ""},
		{"one valid file", []string{"aof", incr}, nil, "is valid", ""},
		{"an empty file", []string{"aof", incr}, change(incr, func(b []byte) []byte { return nil }), "is empty", ""},
		{"an empty last file", []string{"aof", manifest}, change(incr, func(b []byte) []byte { return nil }), "is empty", ""},
		{"an old file with a snapshot", []string{"aof", incr}, oldStyle, "RDB preamble is OK", ""},
		{"an old file with a snapshot, cut and fixed", []string{"aof", "--fix", incr}, both(oldStyle, tail("*1\r\n$4\r\nPI")), "Successfully truncated", ""},
		{"a cut end", []string{"aof", manifest}, tail("*3\r\n$3\r\nSE"), "Expected to read 5 bytes, got 2 bytes", ""},
		{"a cut end, fixed", []string{"aof", "--fix", manifest}, tail("*3\r\n$3\r\nSE"), "Successfully truncated", ""},
		{"a cut transaction, fixed", []string{"aof", "--fix", manifest}, change(incr, func(b []byte) []byte { return b[:len(b)-30] }), "Successfully truncated", ""},
		{"a transaction without its end, fixed", []string{"aof", "--fix", manifest}, change(incr, func(b []byte) []byte {
			return b[:bytes.LastIndexByte(b, '*')]
		}), "Reached EOF before reading EXEC for MULTI", "we tell the offset of the end"},
		{"EXEC alone, fixed", []string{"aof", "--fix", incr}, tail("*1\r\n$4\r\nEXEC\r\n"), "Unexpected EXEC", "we do not name the file twice"},
		{"MULTI twice, fixed", []string{"aof", "--fix", incr}, tail("*1\r\n$5\r\nMULTI\r\n*1\r\n$5\r\nMULTI\r\n"), "Unexpected MULTI", "we do not name the file twice"},
		{"no prefix, fixed", []string{"aof", "--fix", incr}, tail("*2\r\n$4\r\nECHO\r\nx\r\n"), "Expected prefix '$', got: 'x'", ""},
		{"a word too long, fixed", []string{"aof", "--fix", incr}, tail("*2\r\n$4\r\nECHO\r\n$2\r\nabcd\r\n"), `Expected \r\n, got: 6364`, ""},
		{"a corrupt middle, fixed", []string{"aof", "--fix", manifest}, change(incr, func(b []byte) []byte { b[bytes.LastIndexByte(b, '*')] = 0; return b }), "Successfully truncated", "we tell where the format error is"},
		{"a corrupt middle, another file behind it", []string{"aof", "--fix", manifest}, func(t *testing.T, dir string) {
			for name, change := range map[string]func(b []byte) []byte{
				manifest: func(b []byte) []byte { return append(b, "file more seq 3 type i\n"...) },
				incr:     func(b []byte) []byte { return b[:len(b)-3] },
			} {
				edit(t, filepath.Join(dir, name), change)
			}
			if err := os.WriteFile(filepath.Join(dir, "appendonlydir/more"), []byte("*1\r\n$4\r\nPING\r\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "it is not the last file", ""},
		{"a corrupt base", []string{"aof", "--fix", manifest}, change(base, func(b []byte) []byte { b[22] ^= 1; return b }), "RDB preamble of AOF file is not sane", ""},
		{"a missing increment", []string{"aof", manifest}, func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, incr)) }, "2.incr.aof", "we look before we read"},
		{"a damaged manifest", []string{"aof", manifest}, change(manifest, func(b []byte) []byte { return b[:len(b)-3] }), "line 2", "we name the line"},
		{"a directory", []string{"aof", "appendonlydir"}, nil, "Cannot read file", "we say that it is a directory"},
		{"to a time after all", []string{"aof", "--truncate-to-timestamp", "300", manifest}, stamped, "Truncate nothing", ""},
		{"to a time in between", []string{"aof", "--truncate-to-timestamp", "299", manifest}, stamped, "Successfully truncated", ""},
		{"to a time in between, one file", []string{"aof", "--truncate-to-timestamp", "150", incr}, stamped, "Successfully truncated", ""},
		{"to a time before all", []string{"aof", "--truncate-to-timestamp", "99", manifest}, stamped, "nothing before timestamp 99", ""},
		{"to a time, a cut end", []string{"aof", "--truncate-to-timestamp", "300", manifest}, both(stamped, tail("*1\r\n")), "is not valid", "we say that a word is missing"},
		{"to a time, a later one before a cut end", []string{"aof", "--truncate-to-timestamp", "200", manifest}, both(stamped, tail("*1\r\n")), "Successfully truncated", ""},
		{"to a time, not in the last file", []string{"aof", "--truncate-to-timestamp", "200", manifest}, both(stamped, func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, manifest), func(b []byte) []byte { return append(b, "file more seq 3 type i\n"...) })
			if err := os.WriteFile(filepath.Join(dir, "appendonlydir/more"), []byte("*1\r\n$4\r\nPING\r\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}), "because it is not the last file", ""},
		{"to a time that is none", []string{"aof", "--truncate-to-timestamp", "later", manifest}, nil, "Invalid timestamp", ""},
		{"an annotation that is no time", []string{"aof", "--truncate-to-timestamp", "5", incr}, tail("#TS:x\r\n"), "Invalid timestamp annotation", "we tell where"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var left, said [2]string
			var codes [2]int
			for i := range 2 {
				dir := files(t)
				if test.damage != nil {
					test.damage(t, dir)
				}
				args := append([]string(nil), test.args...)
				args[len(args)-1] = filepath.Join(dir, args[len(args)-1])
				if i == 0 {
					codes[0], said[0] = ours(args...)
					if !strings.Contains(said[0], test.says) {
						t.Errorf("it does not say %q:\n%s", test.says, said[0])
					}
				} else {
					codes[1], said[1] = real(t, args...)
				}
				said[i] = comparable(said[i], dir)
				b, _ := os.ReadFile(filepath.Join(dir, incr)) // none is the same as none
				left[i] = string(b)
			}
			if codes[0] != codes[1] {
				t.Errorf("exit code %d, the real tool ends with %d", codes[0], codes[1])
			}
			if (said[0] == said[1]) == (test.differs != "") {
				t.Errorf("we say\n%s\nthe real tool says\n%s\ndiffers: %q", said[0], said[1], test.differs)
			}
			if left[0] != left[1] {
				t.Errorf("we leave\n%q\nthe real tool leaves\n%q", left[0], left[1])
			}
		})
	}
}

// Without a y nothing is cut.
func TestItAsks(t *testing.T) {
	for _, answer := range []string{"", "n\n", "\n"} {
		dir := files(t)
		name := filepath.Join(dir, "appendonlydir/appendonly.aof.2.incr.aof")
		var before, after []byte
		edit(t, name, func(b []byte) []byte { before = append(b, "*1"...); return before })
		var out bytes.Buffer
		code := run([]string{"aof", "--fix", name}, strings.NewReader(answer), &out, time.Now())
		edit(t, name, func(b []byte) []byte { after = b; return b })
		if code != 1 || !bytes.Equal(before, after) || !strings.Contains(out.String(), "Aborting...") {
			t.Errorf("%q: exit code %d, %d of %d bytes, %s", answer, code, len(after), len(before), &out)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		nil, {"aof"}, {"what", "x"}, {"rdb", "--fix", "x"}, {"aof", "--mend", "x"}, {"aof", "--truncate-to-timestamp", "x"}, {"aof", "x", "--fix"},
	} {
		if code, out := ours(args...); code != 1 || !strings.HasPrefix(out, "Usage:") {
			t.Errorf("%q: exit code %d, %q", args, code, out)
		}
	}
}
