package server_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/command"
	table "everysec/engine/commands"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// anyCommand are lines with every command that wanted takes.
func anyCommand(wanted func(spec *command.Spec) bool) (lines [][]string) {
	var each func(of []string, rows []*command.Spec)
	each = func(of []string, rows []*command.Spec) {
		for _, spec := range rows {
			name := append(slices.Clone(of), spec.Name)
			each(name, spec.Subcommands)
			if len(spec.Subcommands) > 0 || !wanted(spec) {
				continue
			}
			least := spec.Arity
			if least < 0 {
				least = -least
			}
			for _, word := range []string{"1", "k", "0"} {
				for more := range 3 {
					line := slices.Clone(name)
					for len(line) < least+more {
						line = append(line, word)
					}
					if spec.ArityFits(len(line)) {
						lines = append(lines, line)
					}
				}
			}
		}
	}
	for _, family := range table.Families() {
		each(nil, family)
	}
	return lines
}

// Whatever command stands in an append-only file, alone and in a transaction,
// the server that reads it starts, and has what follows.
func TestAnyCommandInAnAppendOnlyFile(t *testing.T) {
	lines := anyCommand(func(spec *command.Spec) bool {
		return !slices.Contains([]string{"multi", "exec", "discard"}, spec.Name)
	})
	for _, line := range []string{
		"CONFIG SET appendonly no", "CONFIG SET appendfsync always", "CONFIG SET databases 1", "CONFIG REWRITE", "DEBUG RELOAD", "DEBUG LOADAOF",
		"DEBUG RELOAD NOSAVE NOFLUSH", "DEBUG RESTART", "DEBUG SLEEP 1", "DEBUG CRASH-REPORT", "SHUTDOWN NOSAVE", "SHUTDOWN SAVE NOW FORCE", "SHUTDOWN ABORT",
		"BGSAVE SCHEDULE", "FLUSHALL SYNC", "FLUSHDB ASYNC", "SWAPDB 0 1", "CLIENT TRACKING ON BCAST", "CLIENT REPLY OFF", "CLIENT PAUSE 100000", "CLIENT KILL TYPE normal SKIPME no",
		"HELLO 3", "RESET", "QUIT", "MONITOR", "SUBSCRIBE a", "PSUBSCRIBE *", "SSUBSCRIBE a", "WAIT 1 0", "WAITAOF 1 0 0", "BLPOP x 0", "XREAD BLOCK 0 STREAMS s $",
		"REPLICAOF localhost 1", "FAILOVER", "SYNC", "PSYNC ? -1", "MIGRATE h 1 k 0 10", "ACL SETUSER default off", "AUTH x", "SCRIPT LOAD return(1)",
		`EVAL "redis.call('bgrewriteaof')" 0`, "FUNCTION LOAD x", "FUNCTION KILL", "SCRIPT KILL", "WATCH a", "RESTORE k 0 junk",
	} {
		lines = append(lines, strings.Fields(line))
	}
	if len(lines) < 800 {
		t.Fatalf("only %d lines", len(lines))
	}
	encode := func(line ...string) string { return commands(strings.Join(line, " ")) }
	for _, line := range lines {
		disk := vfs.New(vfs.Options{})
		put(t, disk, manifestFile, "file "+strings.TrimPrefix(firstIncr, "appendonlydir/")+" seq 1 type i\n")
		put(t, disk, firstIncr, encode("SELECT", "0")+encode(line...)+encode("MULTI")+encode(line...)+encode("EXEC")+encode("SELECT", "0")+encode("SET", "after", "1"))
		s, err := servertest.Open(disk, servertest.Start, "appendonly", "yes")
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		s.ReportTo(t)
		s.Advance(3_000_000)
		if !s.Running() || s.Loading() {
			t.Errorf("%q: running %v, loading %v, %v", line, s.Running(), s.Loading(), s.Failure())
			continue
		}
		if got := s.Client().Text("GET after"); got != `"1"` {
			t.Errorf("%q: what follows is %s", line, got)
		}
	}
}

// A command that cannot be run is told, as redis-server tells it.
func TestErrorsWhileReadingAnAppendOnlyFile(t *testing.T) {
	disk := vfs.New(vfs.Options{})
	put(t, disk, manifestFile, "file "+strings.TrimPrefix(firstIncr, "appendonlydir/")+" seq 1 type i\n")
	put(t, disk, firstIncr, commands("SELECT 99", "SET a 1", "LPUSH a x", "EXEC", "MULTI", "LPUSH a x", "MULTI", "EXEC", "BGREWRITEAOF"))
	s := servertest.On(t, disk, "appendonly", "yes")
	var said []string
	for _, l := range s.TakeLog() {
		if _, after, is := strings.Cut(l.Text, "== CRITICAL == This server is sending an error to its AOF-loading-client: "); is {
			said = append(said, after)
		}
	}
	want := []string{
		"'DB index is out of range' after processing the command 'select'",
		"'-WRONGTYPE Operation against a key holding the wrong kind of value' after processing the command 'lpush'",
		"'EXEC without MULTI' after processing the command 'exec'",
		"'MULTI calls can not be nested' after processing the command 'multi'",
		"'-WRONGTYPE Operation against a key holding the wrong kind of value' after processing the command 'exec'",
		"''bgrewriteaof' isn't allowed in an append-only file' after processing the command 'bgrewriteaof'",
	}
	if !slices.Equal(said, want) {
		t.Errorf("said\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
	if got := string(s.Info([]string{"stats"})); !strings.Contains(got, "unexpected_error_replies:6\r\n") {
		t.Errorf("INFO stats does not count them:\n%s", got)
	}
}

// Whatever a client sends while a server loads, it loads on, and has everything.
func TestAnyCommandWhileLoading(t *testing.T) {
	lines := anyCommand(func(spec *command.Spec) bool { return spec.Flags&command.Loading != 0 && spec.Name != "shutdown" })
	for _, line := range []string{
		"CONFIG SET appendonly yes", "CONFIG SET appendonly no", "CONFIG SET appendfsync always", "CONFIG SET maxmemory 1mb", "CONFIG SET databases 1",
		"DEBUG RELOAD", "DEBUG RELOAD NOSAVE", "DEBUG RELOAD NOSAVE NOFLUSH", "DEBUG LOADAOF", "DEBUG DIGEST", "DEBUG SLEEP 0", "DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG CRASH-REPORT",
		"CLIENT PAUSE 1", "CLIENT TRACKING ON", "RESET", "SUBSCRIBE a", "MONITOR",
	} {
		lines = append(lines, strings.Fields(line))
	}
	if len(lines) < 100 {
		t.Fatalf("only %d lines", len(lines))
	}
	for _, appendonly := range []string{"yes", "no"} {
		s := servertest.New(t, "appendonly", appendonly, "appendfsync", "always", "rdbcompression", "no")
		c := s.Client()
		for i := range 10 {
			c.Do("SET", "k"+strconv.Itoa(i), strings.Repeat("x", 100_000))
		}
		c.Do("SAVE")
		for _, line := range lines {
			s, err := servertest.Open(s.Disk.Image(vfs.ProcessKill, 1), servertest.Start, "appendonly", appendonly)
			if err != nil {
				t.Fatal(err)
			}
			s.ReportTo(t)
			s.Step(s.Now)
			if !s.Loading() {
				t.Fatal("loaded at once: nothing to test")
			}
			client := s.Client()
			client.Send(line...)
			s.Step(s.Now)
			s.Advance(3_000_000)
			if !s.Running() || s.Loading() {
				t.Errorf("appendonly %s, %q: running %v, loading %v, %v", appendonly, line, s.Running(), s.Loading(), s.Failure())
				continue
			}
			if got := s.Client().Text("DBSIZE"); got != "(integer) 10" {
				t.Errorf("appendonly %s, %q: %s keys", appendonly, line, got)
			}
		}
	}
}
