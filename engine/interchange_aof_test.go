//go:build !js

package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"everysec/engine/aof"
	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// Append-only files that are not as a server of today leaves them: of before
// Redis 7, cut by a power failure, cut back to a time, with files that a rewrite
// has replaced. A start of ours and one of redis-server must leave the same.

// commandsOf is the text of commands, one a line, as a file of commands.
func commandsOf(lines string) (file []byte) {
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			file = append(append(file, line...), "\r\n"...)
			continue
		}
		var words [][]byte
		for _, w := range strings.Fields(line) {
			words = append(words, []byte(w))
		}
		file = resp.AppendCommand(file, words...)
	}
	return file
}

func writeFiles(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func diskOf(t *testing.T, files map[string][]byte) *vfs.Disk {
	t.Helper()
	disk := vfs.New(vfs.Options{})
	fromDirectory(t, writeFiles(t, files), disk)
	return disk
}

// listOf lists the files of a directory on the disk of a test with their sizes,
// and the text of the manifest. A snapshot is not told by its size: fields that
// say who wrote it and when are not of one length.
func listOf(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".log") {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		content, err := os.ReadFile(path)
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(name, ".manifest"):
			fmt.Fprintf(&b, "%s:\n%s", name, content)
		case strings.HasSuffix(name, ".rdb"):
			fmt.Fprintf(&b, "%s\n", name)
		default:
			fmt.Fprintf(&b, "%s: %d bytes\n", name, len(content))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// startBoth starts us and redis-server on the same files and compares what they
// hold and, if that is asked for, what they leave on the disk.
func startBoth(t *testing.T, files map[string][]byte, compareLeft bool) (ours *servertest.Client, left *vfs.Disk, realDir string) {
	t.Helper()
	left = diskOf(t, files)
	ours = open(t, left, "appendonly", "yes").Client()
	realDir = writeFiles(t, files)
	real := redistest.StartIn(t, realDir, "--appendonly", "yes").Dial(t)
	if o, r := ourDigest(ours), realDigest(real); o != r {
		t.Errorf("we hold %s, redis-server %s", o, r)
	}
	if !compareLeft {
		return ours, left, realDir
	}
	dir := t.TempDir()
	toDirectory(t, left, ".", dir)
	// redis-server removes the files of history in the background.
	o, r := listOf(t, dir), ""
	for range 100 {
		if r = listOf(t, realDir); o == r {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if o != r {
		t.Errorf("we leave\n%s\nredis-server leaves\n%s", o, r)
	}
	return ours, left, realDir
}

// snapshotOf is a snapshot that a redis-server has written.
func snapshotOf(t *testing.T, commands ...string) []byte {
	t.Helper()
	real := redistest.Start(t)
	c := real.Dial(t)
	for _, line := range commands {
		c.Do(strings.Fields(line)...)
	}
	c.Do("SAVE")
	b, err := os.ReadFile(filepath.Join(real.Dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The single file of before Redis 7 becomes the base: ours and theirs, and each
// loads what the other has made of it.
func TestOldSingleFile(t *testing.T) {
	snapshot := snapshotOf(t, "SET from snapshot", "RPUSH list a b c", "SELECT 2", "SET other db")
	plain := commandsOf("SELECT 0\nSET a 1\nMULTI\nINCR a\nRPUSH list x\nEXEC\nSELECT 3\nSET b 2")
	tests := []struct {
		name string
		file []byte
	}{
		{"commands", plain},
		{"a snapshot and commands", append(bytes.Clone(snapshot), plain...)},
		{"a snapshot alone", snapshot},
		{"times", commandsOf("#TS:1600000000\nSET a 1\n#TS:1600000001\nSET a 2")},
		{"a command cut short", append(bytes.Clone(plain), "*2\r\n$3\r\nDE"...)},
		{"a transaction cut short", append(append(bytes.Clone(snapshot), plain...), commandsOf("MULTI\nDEL a\nDEL b")...)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, left, realDir := startBoth(t, map[string][]byte{"appendonly.aof": test.file}, true)
			c.Do("SET", "after", "the upgrade")
			want := ourDigest(c)
			dir := t.TempDir()
			toDirectory(t, left, ".", dir)
			runCheck(t, "redis-check-aof", filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"))
			if r := realDigest(redistest.StartIn(t, dir, "--appendonly", "yes").Dial(t)); r != want {
				t.Errorf("we held %s, redis-server loads %s", want, r)
			}
			theirs := vfs.New(vfs.Options{})
			fromDirectory(t, realDir, theirs)
			again := open(t, theirs, "appendonly", "yes").Client()
			again.Do("SET", "after", "the upgrade")
			if o := ourDigest(again); o != want {
				t.Errorf("of what redis-server has upgraded we load %s, want %s", o, want)
			}
		})
	}
}

// A transaction cut short is cut out whole, wherever the cut is. redis-server
// does not execute it either; but cut within a command it leaves the MULTI and
// what stands behind it in the file, and appends what it is told next to that.
func TestTornTransaction(t *testing.T) {
	before := commandsOf("SELECT 0\nSET a 1")
	transaction := commandsOf("MULTI\nSET a 2\nSET b 2\nEXEC")
	const name = "appendonlydir/appendonly.aof.1.incr.aof"
	files := func(n int) map[string][]byte {
		return map[string][]byte{
			"appendonlydir/appendonly.aof.manifest": []byte("file appendonly.aof.1.incr.aof seq 1 type i\n"),
			name:                                    append(bytes.Clone(before), transaction[:n]...),
		}
	}
	for n := range len(transaction) {
		disk := diskOf(t, files(n))
		c := open(t, disk, "appendonly", "yes").Client()
		if a, b := c.Text("GET a"), c.Text("EXISTS b"); a != `"1"` || b != "(integer) 0" {
			t.Errorf("cut after %d bytes of the transaction: a = %s, b: %s", n, a, b)
		}
		if info, err := disk.Stat(name); err != nil || info.Size != int64(len(before)) {
			t.Errorf("cut after %d bytes: %d bytes are left of %d (%v)", n, info.Size, len(before), err)
		}
	}
	for _, n := range []int{1, len(commandsOf("MULTI")) + 5, len(transaction) - 1} {
		startBoth(t, files(n), false)
	}
	for _, whole := range []string{"MULTI", "MULTI\nSET a 2", "MULTI\nSET a 2\nSET b 2"} {
		startBoth(t, files(len(commandsOf(whole))), true)
	}
	whole, _, _ := startBoth(t, files(len(transaction)), true)
	if a := whole.Text("GET a"); a != `"2"` {
		t.Errorf("the whole transaction: a = %s", a)
	}
}

// Files that a rewrite has replaced, and that a crash has left, are removed at
// the start; after a rewrite only what the manifest names is there.
func TestHistoryIsRemoved(t *testing.T) {
	files := map[string][]byte{
		"appendonlydir/appendonly.aof.manifest": []byte("file appendonly.aof.2.base.aof seq 2 type b\nfile appendonly.aof.1.base.aof seq 1 type h\n" +
			"file appendonly.aof.1.incr.aof seq 1 type h\nfile appendonly.aof.2.incr.aof seq 2 type i\n"),
		"appendonlydir/appendonly.aof.2.base.aof": commandsOf("SET a 1"),
		"appendonlydir/appendonly.aof.1.base.aof": commandsOf("SET old 1"),
		"appendonlydir/appendonly.aof.1.incr.aof": commandsOf("SET old 2"),
		"appendonlydir/appendonly.aof.2.incr.aof": commandsOf("SET b 1"),
	}
	startBoth(t, files, true)
	for _, preamble := range []string{"yes", "no"} {
		disk := diskOf(t, files)
		s := open(t, disk, "appendonly", "yes", "aof-use-rdb-preamble", preamble)
		c := s.Client()
		for range 3 {
			c.Do("INCR", "n")
			c.Do("BGREWRITEAOF")
			s.Settle()
		}
		text, err := vfs.ReadFile(disk, "appendonlydir/appendonly.aof.manifest")
		if err != nil {
			t.Fatal(err)
		}
		m, err := aof.ParseManifest("manifest", text)
		if err != nil || len(m.History) > 0 || len(m.Incr) != 1 || m.Base.Sequence != 5 {
			t.Errorf("preamble %s: %s, %v", preamble, text, err)
		}
		infos, err := disk.ReadDir("appendonlydir")
		if err != nil || len(infos) != 3 {
			t.Errorf("preamble %s: %d files for the manifest\n%s", preamble, len(infos), text)
		}
		file, err := vfs.ReadFile(disk, "appendonlydir/"+m.Base.Name)
		if err != nil || aof.HasPreamble(bytes.NewReader(file)) != (preamble == "yes") {
			t.Errorf("preamble %s: %v, %q", preamble, err, file)
		}
	}
}

// Times are written and read both ways, and a file goes back to one of them: by
// our tool as by the real one.
func TestTimestamps(t *testing.T) {
	disk := vfs.New(vfs.Options{})
	s := open(t, disk, "appendonly", "yes", "aof-timestamp-enabled", "yes")
	c := s.Client()
	var digests []string
	for i := range 4 {
		c.Do("MULTI")
		c.Do("SET", "a", fmt.Sprint(i))
		c.Do("RPUSH", "list", fmt.Sprint(i))
		c.Do("EXEC")
		digests = append(digests, ourDigest(c))
		s.Advance(1_100_000)
	}
	const incr = "appendonlydir/appendonly.aof.1.incr.aof"
	text, err := vfs.ReadFile(disk, incr)
	if err != nil {
		t.Fatal(err)
	}
	stamps := regexp.MustCompile(`(?m)^#TS:(\d+)\r$`).FindAllSubmatch(text, -1)
	if len(stamps) != 4 {
		t.Fatalf("%d times in %q", len(stamps), text)
	}
	tool := filepath.Join(t.TempDir(), "everysec-check")
	if out, err := exec.Command("go", "build", "-o", tool, "./cmd/everysec-check").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for i, stamp := range stamps {
		var left [2][]byte
		for j, command := range [][]string{{tool, "aof"}, {"redis-check-aof"}} {
			dir := t.TempDir()
			toDirectory(t, disk, ".", dir)
			args := append(command[1:], "--truncate-to-timestamp", string(stamp[1]), filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"))
			if out, err := exec.Command(command[0], args...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if left[j], err = os.ReadFile(filepath.Join(dir, incr)); err != nil {
				t.Fatal(err)
			}
			cut := vfs.New(vfs.Options{})
			fromDirectory(t, dir, cut)
			if got := ourDigest(open(t, cut, "appendonly", "yes").Client()); got != digests[i] {
				t.Errorf("%s, time %d: %s, want %s", command[0], i, got, digests[i])
			}
			if got := realDigest(redistest.StartIn(t, dir, "--appendonly", "yes").Dial(t)); got != digests[i] {
				t.Errorf("%s, time %d: redis-server loads %s, want %s", command[0], i, got, digests[i])
			}
		}
		if !bytes.Equal(left[0], left[1]) {
			t.Errorf("time %d: we leave\n%q\nredis-check-aof leaves\n%q", i, left[0], left[1])
		}
	}

	real := redistest.Start(t, "--appendonly", "yes", "--aof-timestamp-enabled", "yes", "--appendfsync", "no")
	r := real.Dial(t)
	fill(t, func(args ...string) string { return string(r.Do(args...)) })
	want := realDigest(r)
	real.Stop()
	theirs := vfs.New(vfs.Options{})
	fromDirectory(t, real.Dir, theirs)
	if got := ourDigest(open(t, theirs, "appendonly", "yes", "aof-timestamp-enabled", "yes").Client()); got != want {
		t.Errorf("of redis-server's files with times we load %s, want %s", got, want)
	}
}

// A snapshot says the lowest version that can represent it: one that 7.0 loads,
// unless fields of hashes expire.
func TestLowestVersion(t *testing.T) {
	disk := vfs.New(vfs.Options{})
	c := open(t, disk).Client()
	saved := func() string {
		c.Do("SAVE")
		b, err := vfs.ReadFile(disk, "dump.rdb")
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:9])
	}
	dumped := func() byte {
		payload := c.Do("DUMP", "h").Str
		return payload[len(payload)-10]
	}
	ourFill(t, c)
	c.Do("HSET", "h", "f", "v", "g", "w")
	for _, step := range []struct {
		command []string
		magic   string
		version byte
	}{
		{[]string{"PING"}, "REDIS0010", 10},
		{[]string{"HEXPIRE", "h", "100000", "FIELDS", "1", "f"}, "REDIS0012", 12},
		{[]string{"HPERSIST", "h", "FIELDS", "1", "f"}, "REDIS0010", 10},
	} {
		c.Do(step.command...)
		if magic, version := saved(), dumped(); magic != step.magic || version != step.version {
			t.Errorf("after %q a snapshot begins with %s, DUMP says %d", step.command, magic, version)
		}
	}
}
