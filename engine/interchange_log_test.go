//go:build !js

package engine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"everysec/engine/redistest"
	"everysec/engine/server"
	"everysec/engine/vfs"
)

// What a server says of its files when it starts is what people know from their
// logs: we say it in the same words and the same order as redis-server.

const (
	theIncrement = "appendonlydir/appendonly.aof.1.incr.aof"
	theManifest  = "appendonlydir/appendonly.aof.manifest"
)

func TestTheLogOfAStartIsThatOfARealServer(t *testing.T) {
	aof := []string{"--appendonly", "yes", "--appendfsync", "always"}
	writes := []string{"SET a 1", "RPUSH l x y z", "SET gone x PX 1", "SET later y EX 1000"}
	cut := func(name string, bytes int) func(dir string) error {
		return func(dir string) error {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			return os.Truncate(filepath.Join(dir, name), info.Size()-int64(bytes))
		}
	}
	change := func(name string, with func(content []byte) []byte) func(dir string) error {
		return func(dir string) error {
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, name), with(content), 0o644)
		}
	}
	for _, test := range []struct {
		name   string
		config []string
		writes []string
		damage func(dir string) error
		start  []string // what the second start has beside config
		adds   string   // what we say beside what redis-server says
	}{
		{name: "nothing"},
		{name: "nothing, appendonly yes", config: aof},
		{name: "a snapshot", writes: append(writes, "SAVE")},
		{name: "a snapshot, and appendonly yes from now on", writes: append(writes, "SAVE"), start: aof},
		{name: "an append-only file", config: aof, writes: writes},
		{name: "a rewritten one", config: aof, writes: append(writes, "BGREWRITEAOF")},
		{name: "a torn tail", config: aof, writes: writes, damage: cut(theIncrement, 5)},
		{name: "an open transaction", config: aof, writes: append(writes, "MULTI", "SET b 1", "SET c 1", "EXEC"), damage: cut(theIncrement, len("*1\r\n$4\r\nEXEC\r\n"))},
		{
			name: "a torn tail, aof-load-truncated no", config: aof, writes: writes, damage: cut(theIncrement, 5), start: []string{"--aof-load-truncated", "no"},
			adds: "Fatal error loading the DB: load " + theIncrement + " at offset ",
		},
		{
			name: "a damaged middle", config: aof, writes: writes, damage: change(theIncrement, func(b []byte) []byte { copy(b[30:], "#####"); return b }),
			adds: "Fatal error loading the DB: Bad file format reading the append only file " + theIncrement + " at offset ",
		},
		{
			name: "an unknown command", config: aof, writes: writes, damage: change(theIncrement, func(b []byte) []byte { return append(b, "*1\r\n$6\r\nNOSUCH\r\n"...) }),
			adds: "Fatal error loading the DB: load " + theIncrement + " at offset ",
		},
		{
			name: "a missing increment", config: aof, writes: writes, damage: func(dir string) error { return os.Remove(filepath.Join(dir, theIncrement)) },
			adds: "Fatal error loading the DB: load " + theIncrement + " at offset 0",
		},
		{
			name: "a damaged manifest", config: aof, writes: writes, damage: change(theManifest, func(b []byte) []byte { b[0] = 'x'; return b }),
			adds: "Fatal error loading the DB: read manifest " + theManifest + " line 1 at offset 0",
		},
		{
			name: "a wrong checksum", writes: append(writes, "SAVE"), damage: change("dump.rdb", func(b []byte) []byte { b[len(b)-2] ^= 1; return b }),
			adds: "Fatal error loading the DB: read RDB dump.rdb at offset ",
		},
		{
			name: "a snapshot that ends early", writes: append(writes, "SAVE"), damage: cut("dump.rdb", 14),
			adds: "Fatal error loading the DB: read RDB dump.rdb at offset ",
		},
		{
			name: "a snapshot of tomorrow", writes: append(writes, "SAVE"), damage: change("dump.rdb", func(b []byte) []byte { copy(b[5:], "0099"); return b }),
			adds: "Fatal error loading the DB: read RDB dump.rdb at offset 5",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			real := redistest.StartIn(t, dir, test.config...)
			c := real.Dial(t)
			for _, line := range test.writes {
				c.Do(strings.Fields(line)...)
			}
			for strings.Contains(string(c.Do("INFO", "persistence")), "aof_rewrite_in_progress:1") {
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(5 * time.Millisecond) // "gone" is
			real.Stop()
			if test.damage != nil {
				if err := test.damage(dir); err != nil {
					t.Fatal(err)
				}
			}
			config := slices.Concat(test.config, test.start)
			disk := vfs.New(vfs.Options{})
			fromDirectory(t, dir, disk)
			ours, theirs := ourLog(t, disk, config), realLog(t, dir, config)
			if test.adds != "" {
				last := len(ours) - 1
				if last < 0 || !strings.HasPrefix(ours[last], test.adds) {
					t.Fatalf("we end with %q", ours)
				}
				ours = ours[:last]
			}
			if !slices.Equal(ours, theirs) {
				t.Errorf("we say\n%s\nredis-server says\n%s", strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
			}
		})
	}
}

// atSocket is what redis-server says, where it has no port, in the place of "Ready
// to accept connections".
const atSocket = "The server is now ready to accept connections at"

var (
	age       = regexp.MustCompile(`^RDB age \d+`)
	took      = regexp.MustCompile(`: \d+\.\d+ seconds$`)
	logPrefix = regexp.MustCompile(`^\d+:\w \d+ \w+ \d+ [\d:.]+ [.*#-] `)
)

// timeless takes out of a line what depends on the time.
func timeless(line string) string {
	return took.ReplaceAllString(age.ReplaceAllString(line, "RDB age N"), ": N seconds")
}

// ourLog is what a start of ours says from "Server initialized" on.
func ourLog(t *testing.T, disk *vfs.Disk, config []string) (lines []string) {
	t.Helper()
	var pairs [][2]string
	for i := 0; i < len(config); i += 2 {
		pairs = append(pairs, [2]string{strings.TrimPrefix(config[i], "--"), config[i+1]})
	}
	now := startNow()
	s, err := server.Open(now, server.Options{FS: disk, Seed: 1, Config: append(pairs, [2]string{"save", ""})})
	if err != nil {
		t.Fatal(err)
	}
	for range 10_000 {
		if !s.Running() || !s.Loading() && !s.Held() {
			break
		}
		now += 1000
		disk.Advance(now)
		s.Step(now)
	}
	begun := false
	for _, l := range s.TakeLog() {
		begun = begun || l.Text == "Server initialized"
		if begun {
			lines = append(lines, timeless(strings.TrimSpace(l.Text)))
		}
	}
	return lines
}

// realLog is what redis-server says from then on. Where it adds the report of
// redis-check-rdb, and a line of its source, that is left out.
func realLog(t *testing.T, dir string, config []string) (lines []string) {
	t.Helper()
	name := filepath.Join(dir, "start.log")
	command := exec.Command("redis-server", append([]string{
		"--port", "0", "--unixsocket", redistest.Socket(t), "--dir", dir, "--save", "", "--logfile", name,
	}, config...)...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // how it ended is of no interest
		close(ended)
	}()
	var text []byte
	for range 400 {
		text, _ = os.ReadFile(name) // not yet there at first
		if strings.Contains(string(text), atSocket) {
			break
		}
		select {
		case <-ended:
			text, _ = os.ReadFile(name)
		case <-time.After(10 * time.Millisecond):
			continue
		}
		break
	}
	_ = command.Process.Kill() // it may have ended by itself
	<-ended
	begun := false
	for _, line := range strings.Split(string(text), "\n") {
		said := logPrefix.FindString(line)
		line = line[len(said):]
		begun = begun || line == "Server initialized"
		switch {
		case !begun, line == "", strings.HasPrefix(line, "Internal error in RDB"):
		case strings.HasPrefix(line, "WARNING "): // of the operating system
		case line == "Fatal error loading the DB: Invalid argument. Exiting.": // ours says why
		case strings.HasPrefix(line, atSocket):
			lines = append(lines, "Ready to accept connections")
		case said == "" && line != "*** FATAL AOF MANIFEST FILE ERROR ***":
		default:
			lines = append(lines, timeless(line))
		}
	}
	return lines
}
