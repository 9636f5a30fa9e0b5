package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// Files are damaged by chance, from seeds, and checked by us and by the real
// tools: verdict, offset and what is left must be the same, but for what is
// counted here with its reason.

// everything is a dataset with every type, and an append-only file with
// transactions and times.
func everything(t *testing.T) (snapshot, appended []byte) {
	t.Helper()
	s := servertest.New(t, "appendonly", "yes", "aof-timestamp-enabled", "yes", "list-max-listpack-size", "4", "zset-max-listpack-entries", "3")
	c := s.Client()
	do := func(words ...string) {
		if v := c.Do(words...); v.IsError() {
			t.Fatalf("%q: %s", words, v.Str)
		}
	}
	c.Do("BGREWRITEAOF")
	s.Settle()
	do("SET", "string", "value", "PX", "100000")
	do("SET", "number", "123456")
	do("SET", "compressed", strings.Repeat("abc", 100))
	do("SADD", "intset", "1", "2", "70000")
	do("SADD", "set", "a", "b", strings.Repeat("c", 30))
	do("HSET", "hash", "f", "v", "n", "17")
	do("HSET", "table", "f", strings.Repeat("long ", 30))
	s.Advance(2_000_000)
	do("ZADD", "zset", "1", "a", "2.5", "b", "inf", "c")
	do("ZADD", "skiplist", "1", "a", "2.5", "b", "3", "c", "-inf", "d")
	for i := range 12 {
		do("RPUSH", "list", fmt.Sprint("element ", i))
	}
	do("MULTI")
	do("XADD", "stream", "1-1", "f", "v")
	do("XADD", "stream", "1-2", "f", "w", "g", "5")
	do("EXEC")
	do("XGROUP", "CREATE", "stream", "g", "0")
	do("XREADGROUP", "GROUP", "g", "alice", "COUNT", "1", "STREAMS", "stream", ">")
	s.Advance(1_000_000)
	do("SELECT", "3")
	do("MULTI")
	do("SET", "other", "x")
	do("INCR", "counter")
	do("EXEC")
	do("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
	do("SAVE")
	s.Advance(2_000_000)
	dir := copyOut(t, s)
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return read("dump.rdb"), read("appendonlydir/appendonly.aof.2.incr.aof")
}

// damage changes a file in one of the ways of disks and people.
func damage(r *rand.Rand, file []byte) (changed []byte, how string) {
	b := append([]byte(nil), file...)
	at := r.IntN(len(b))
	n := 1 + r.IntN(min(20, len(b)-at))
	switch r.IntN(7) {
	case 0:
		return b[:at], fmt.Sprint("cut at ", at)
	case 1:
		bit := r.IntN(8)
		b[at] ^= 1 << bit
		return b, fmt.Sprint("bit ", bit, " of byte ", at, " flipped")
	case 2:
		b[at] = byte(r.IntN(256))
		return b, fmt.Sprint("byte ", at, " is ", b[at])
	case 3:
		clear(b[at : at+n])
		return b, fmt.Sprint(n, " zeros from ", at)
	case 4:
		return append(b[:at], b[at+n:]...), fmt.Sprint(n, " bytes missing from ", at)
	case 5:
		return append(b[:at+n:at+n], file[at:]...), fmt.Sprint(n, " bytes twice from ", at)
	}
	return append(b[:at], make([]byte, len(b)-at)...), fmt.Sprint("zeros from ", at)
}

const rounds = 200

// Where we are stricter than the real tools, which a server is as well: see
// DIFFERENCES.md. The verdict on such a file may be another, and comes earlier.
var (
	stricterAppendOnly = regexp.MustCompile(`Expected digits|Expected a command of at least one word|Expected the end of an annotation|An annotation is too long|An annotation holds zeros`)
	stricterSnapshot   = regexp.MustCompile(`a length was expected|stream: .*|a stream's length|a sorted set is not sorted|a score is no number|a compressed string claims|` +
		`text is not of the announced length|text ends inside|listpack: header says|a module's data holds`)
	processed = regexp.MustCompile(`DETECTED ---\n\[offset (\d+)\]`)
)

func TestDamagedAppendOnlyFiles(t *testing.T) {
	_, file := everything(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "x.aof")
	analyzed := regexp.MustCompile(`AOF analyzed: .*`)
	where := regexp.MustCompile(`(?m)^0x *([0-9a-f]+): (.*)$`)
	stricter := 0
	for seed := range uint64(rounds) {
		bad, how := damage(rand.New(rand.NewPCG(seed, 1)), file)
		write := func() {
			if err := os.WriteFile(name, bad, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		size := func() int64 {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			return info.Size()
		}
		write()
		code, said := ours("aof", name)
		wantCode, want := real(t, "aof", name)
		fixCode, _ := ours("aof", "--fix", name)
		left := size()
		again, _ := ours("aof", name)
		write()
		wantFixCode, _ := real(t, "aof", "--fix", name)
		wantLeft := size()
		if again != 0 {
			t.Errorf("seed %d, %s: after --fix it is still not valid", seed, how)
		}
		if reason := stricterAppendOnly.FindString(said); reason != "" && reason != stricterAppendOnly.FindString(want) {
			if stricter++; code != 1 || left > wantLeft {
				t.Errorf("seed %d, %s: the real tool is stricter:\n%s\n%s", seed, how, said, want)
			}
			continue
		}
		if code != wantCode || fixCode != wantFixCode || left != wantLeft || analyzed.FindString(said) != analyzed.FindString(want) {
			t.Errorf("seed %d, %s: we end with %d, %d and leave %d bytes, the real tool with %d, %d and %d\n%s\n%s",
				seed, how, code, fixCode, left, wantCode, wantFixCode, wantLeft, said, want)
		}
		if w := where.FindStringSubmatch(want); w != nil {
			if o := where.FindStringSubmatch(said); o == nil || o[1] != w[1] && !strings.HasPrefix(w[2], "Reached EOF") {
				t.Errorf("seed %d, %s: we say\n%s\nthe real tool says\n%s", seed, how, said, want)
			}
		}
	}
	if stricter > rounds/30 {
		t.Errorf("%d of %d damages are refused by us only", stricter, rounds)
	}
}

func TestDamagedSnapshots(t *testing.T) {
	file, _ := everything(t)
	clear(file[len(file)-8:]) // no checksum: what is inside must be found
	name := filepath.Join(t.TempDir(), "x.rdb")
	// The number of bytes read, what was being read, the key, its type, the counts.
	facts := regexp.MustCompile(`(?m)^(\[offset \d+\] [A-Z\\].*(FIELD|DB ID|disabled|OK)|--- RDB.*\n\[offset \d+\]|.*While doing.*|.*Reading key '[a-z]+'$|\[info\] \d+ .*)`)
	zeroInKey := regexp.MustCompile(`(?m)(Reading key '[^'\\\n]*)\\x00.*$`) // where the real tool ends it
	stricter := 0
	for seed := range uint64(rounds) {
		bad, how := damage(rand.New(rand.NewPCG(seed, 2)), file)
		if err := os.WriteFile(name, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		code, said := ours("rdb", name)
		wantCode, want := real(t, "rdb", name)
		if len(bad) > 9 && bytes.Equal(bad[:8], file[:8]) && bad[8] != file[8] {
			continue // another version, and we read newer ones
		}
		o, w := strings.Join(facts.FindAllString(zeroInKey.ReplaceAllString(said, "$1'"), -1), "\n"), strings.Join(facts.FindAllString(want, -1), "\n")
		if code == wantCode && o == w {
			continue
		}
		if code == 1 && stricterSnapshot.MatchString(said) {
			stricter++
			if w := processed.FindStringSubmatch(want); w != nil && offset(t, processed.FindStringSubmatch(said)) > offset(t, w) {
				t.Errorf("seed %d, %s: the real tool finds something earlier:\n%s\n%s", seed, how, said, want)
			}
			continue
		}
		t.Errorf("seed %d, %s: we end with %d and say\n%s\nthe real tool ends with %d and says\n%s", seed, how, code, said, wantCode, want)
	}
	if stricter > rounds/20 {
		t.Errorf("%d of %d damages are refused by us only, or earlier", stricter, rounds)
	}
}

func offset(t *testing.T, match []string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
