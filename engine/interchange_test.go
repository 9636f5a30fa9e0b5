//go:build !js

package engine_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// Files are Redis's own: what we write a real redis-server loads and its check
// tools call valid; what it writes we load. The dataset has every type in
// every encoding, and DEBUG DIGEST says whether two servers hold the same.

// dataset is commands that make every type in every encoding.
func dataset() [][]string {
	r := rand.New(rand.NewPCG(7, 7))
	long := strings.Repeat("a value longer than an embedded string ", 4)
	commands := [][]string{
		{"SET", "string:int", "12345"},
		{"SET", "string:negative", "-9223372036854775808"},
		{"SET", "string:embstr", "short"},
		{"SET", "string:raw", long},
		{"SET", "string:compressible", strings.Repeat("ab", 5000)},
		{"SET", "string:empty", ""},
		{"SET", "string:binary", "\x00\xff\r\n\x01"},
		{"SET", "expiring", "later", "EX", "100000"},
		{"SET", "expiring:far", "later", "PXAT", "9999999999999"},
		{"SADD", "set:intset16", "1", "2", "3"},
		{"SADD", "set:intset64", "1", "-9223372036854775808", "9223372036854775807"},
		{"SADD", "set:hashtable", "a", "b", "17", long},
		{"HSET", "hash:listpack", "f", "v", "n", "17", "", ""},
		{"HSET", "hash:hashtable", "f", long, "n", "17"},
		{"ZADD", "zset:listpack", "1", "a", "1.5", "b", "-inf", "low", "inf", "high", "17", "18"},
		{"RPUSH", "list:small", "a", "17", "-3", long},
		{"XADD", "stream:large", "1-*", "field", strings.Repeat("z", 5000)},
		{"DEL", "stream:groups", "stream:empty"},
		{"XADD", "stream:groups", "1-1", "n", "1", "", "x"},
		{"XADD", "stream:groups", "2-1", "n", "2", "", ""},
		{"XADD", "stream:groups", "3-1", "other", "3"},
		{"XADD", "stream:groups", "4-1", "n", "4", "", "-17"},
		{"XGROUP", "CREATE", "stream:groups", "g", "0"},
		{"XGROUP", "CREATE", "stream:groups", "10", "$"},
		{"XREADGROUP", "GROUP", "g", "alice", "COUNT", "2", "STREAMS", "stream:groups", ">"},
		{"XCLAIM", "stream:groups", "g", "bob", "0", "2-1", "TIME", "1600000000000", "RETRYCOUNT", "300"},
		{"XCLAIM", "stream:groups", "g", "alice", "0", "1-1", "TIME", "1600000000001"},
		{"XGROUP", "CREATECONSUMER", "stream:groups", "g", "77"},
		{"XGROUP", "SETID", "stream:groups", "g", "2-1", "ENTRIESREAD", "2"}, // which 7.0 propagates only so
		{"XDEL", "stream:groups", "3-1"},
		{"XGROUP", "CREATE", "stream:empty", "g", "5-5", "MKSTREAM"},
		{"SELECT", "3"},
		{"SET", "other:db", "x", "PX", "5000000"},
		{"SELECT", "0"},
	}
	for i := range 600 {
		n := fmt.Sprint(r.Int64N(1 << uint(1+i%62)))
		commands = append(commands,
			[]string{"RPUSH", "list:nodes", strings.Repeat("x", i%200) + n},
			[]string{"ZADD", "zset:skiplist", fmt.Sprint(r.Float64() * 1e6), "member:" + n},
			[]string{"HSET", "hash:many", "field:" + n, n},
			[]string{"SADD", "set:many", "member:" + n},
			[]string{"SADD", "set:manyint", n},
			[]string{"XADD", "stream:nodes", "1-*", "field", n, "name", strings.Repeat("y", i%50)},
		)
	}
	for i := range 300 {
		commands = append(commands, []string{"SET", fmt.Sprintf("key:%d", i), fmt.Sprint(r.Uint64()), "EX", "100000"})
	}
	return append(commands,
		[]string{"FUNCTION", "LOAD", "REPLACE", "#!lua name=first\n" + strings.Repeat("-- a comment that compresses\n", 20) +
			"redis.register_function{function_name='one', callback=function(keys) return redis.call('get', keys[1]) end, flags={'no-writes'}, description='reads'}"},
		[]string{"FUNCTION", "LOAD", "REPLACE", "#!lua name=second\nredis.register_function('two', function() return 2 end)"})
}

func toDirectory(t *testing.T, from vfs.FS, dir, to string) {
	t.Helper()
	infos, err := from.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		name := filepath.Join(dir, info.Name)
		if info.Dir {
			if err := os.MkdirAll(filepath.Join(to, name), 0o755); err != nil {
				t.Fatal(err)
			}
			toDirectory(t, from, name, to)
			continue
		}
		b, err := vfs.ReadFile(from, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func fromDirectory(t *testing.T, from string, to vfs.FS) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(from, path)
		if name == "." || strings.HasSuffix(name, ".log") {
			return nil
		}
		if d.IsDir() {
			return to.MakeDir(name)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := to.OpenFile(name, vfs.Write|vfs.Create)
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runCheck(t *testing.T, tool, file string) {
	t.Helper()
	out, err := exec.Command(tool, file).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", tool, filepath.Base(file), err, out)
	}
}

// ourDigest and realDigest tell all that a server holds: its databases and its
// function libraries.
func ourDigest(c *servertest.Client) string {
	return string(c.Do("DEBUG", "DIGEST").Str) + libraries(c.Do("FUNCTION", "LIST", "WITHCODE"))
}

func realDigest(c *redistest.Conn) string {
	digest := strings.TrimSpace(strings.TrimPrefix(string(c.Do("DEBUG", "DIGEST")), "+"))
	c.Send([]byte("FUNCTION"), []byte("LIST"), []byte("WITHCODE"))
	_, list := c.Receive()
	return digest + libraries(list)
}

// libraries is a reply of FUNCTION LIST in an order of its own.
func libraries(v resp.Value) string {
	if len(v.Elems) == 0 {
		return string(v.Str)
	}
	var parts []string
	for _, e := range v.Elems {
		parts = append(parts, libraries(e))
	}
	slices.Sort(parts)
	return "[" + strings.Join(parts, " ") + "]"
}

func fill(t *testing.T, do func(args ...string) string) {
	t.Helper()
	for _, command := range dataset() {
		if reply := do(command...); strings.HasPrefix(reply, "-") {
			t.Fatalf("%q: %s", command, reply)
		}
	}
}

func ourFill(t *testing.T, c *servertest.Client) {
	t.Helper()
	fill(t, func(args ...string) string {
		if v := c.Do(args...); v.IsError() {
			return "-" + string(v.Str)
		}
		return ""
	})
}

// now is the start of the in-process servers: the real one lives in the
// present, and the expiries must mean the same to both.
func startNow() int64 { return time.Now().UnixMicro() }

func open(t *testing.T, disk *vfs.Disk, config ...string) *servertest.Server {
	t.Helper()
	return servertest.At(t, disk, startNow(), config...)
}

func TestRealServerLoadsOurRDB(t *testing.T) {
	for _, compression := range []string{"yes", "no"} {
		t.Run("rdbcompression "+compression, func(t *testing.T) {
			disk := vfs.New(vfs.Options{})
			s := open(t, disk, "rdbcompression", compression)
			c := s.Client()
			ourFill(t, c)
			if got := c.Text("SAVE"); got != "OK" {
				t.Fatal(got)
			}
			dir := t.TempDir()
			toDirectory(t, disk, ".", dir)
			runCheck(t, "redis-check-rdb", filepath.Join(dir, "dump.rdb"))
			real := redistest.StartIn(t, dir).Dial(t)
			compareDatasets(t, real, c)
		})
	}
}

func TestRealServerLoadsOurAOF(t *testing.T) {
	for _, preamble := range []string{"yes", "no"} {
		t.Run("aof-use-rdb-preamble "+preamble, func(t *testing.T) {
			disk := vfs.New(vfs.Options{})
			s := open(t, disk, "appendonly", "yes", "aof-use-rdb-preamble", preamble)
			c := s.Client()
			ourFill(t, c)
			c.Do("BGREWRITEAOF")
			s.Settle()
			ourFill(t, c)
			c.Do("MULTI")
			c.Do("SET", "in", "transaction")
			c.Do("INCR", "counter")
			c.Do("EXEC")
			s.Advance(2_000_000)
			dir := t.TempDir()
			toDirectory(t, disk, ".", dir)
			runCheck(t, "redis-check-aof", filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"))
			real := redistest.StartIn(t, dir, "--appendonly", "yes").Dial(t)
			compareDatasets(t, real, c)
		})
	}
}

// realStreams and ourStreams are what the digest does not see: groups.
func realStreams(t *testing.T, real *redistest.Conn) (text string) {
	t.Helper()
	for _, key := range streamKeys {
		v, _, err := resp.Parse(real.Do("XINFO", "STREAM", key, "FULL", "COUNT", "0"))
		if err != nil {
			t.Fatal(err)
		}
		text += streamText(v) + "\n"
	}
	return text
}

func ourStreams(ours *servertest.Client) (text string) {
	for _, key := range streamKeys {
		text += streamText(ours.Do("XINFO", "STREAM", key, "FULL", "COUNT", "0")) + "\n"
	}
	return text
}

var streamKeys = []string{"stream:groups", "stream:empty", "stream:large"}

// streamText is what XINFO STREAM says, without when consumers were seen, which
// an append-only file does not tell, and without the nodes, which it makes anew.
func streamText(v resp.Value) string {
	text, before := "[", ""
	for _, e := range v.Elems {
		if before != "seen-time" && !strings.HasPrefix(before, "radix-tree") {
			text += string(e.Str) + ":" + fmt.Sprint(e.Int, e.Null) + streamText(e) + ","
		}
		before = string(e.Str)
	}
	return text + "]"
}

// compareDatasets compares by digest, and tells which keys differ.
func compareDatasets(t *testing.T, real *redistest.Conn, ours *servertest.Client) {
	t.Helper()
	if want, got := realStreams(t, real), ourStreams(ours); got != want {
		t.Errorf("streams are\n%s\nredis-server has\n%s", got, want)
	}
	want, got := realDigest(real), ourDigest(ours)
	if want == got {
		return
	}
	t.Errorf("the datasets differ: digest %s, redis-server has %s", got, want)
	for _, k := range ours.Do("KEYS", "*").Elems {
		key := string(k.Str)
		o := string(ours.Do("DEBUG", "DIGEST-VALUE", key).Elems[0].Str)
		if r := string(real.Do("DEBUG", "DIGEST-VALUE", key)); !strings.Contains(r, o) {
			t.Errorf("%s: digest %s, redis-server has %q", key, o, r)
		}
		if o, r := ours.Do("TTL", key).Int, string(real.Do("TTL", key)); (o < 0) != strings.HasPrefix(r, ":-") {
			t.Errorf("%s: TTL %d, redis-server has %q", key, o, r)
		}
	}
	if o, r := ours.Do("DBSIZE").Int, string(real.Do("DBSIZE")); fmt.Sprintf(":%d\r\n", o) != r {
		t.Errorf("%d keys, redis-server has %q", o, r)
	}
}

func TestWeLoadRealRDB(t *testing.T) {
	real := redistest.Start(t)
	c := real.Dial(t)
	fill(t, func(args ...string) string { return string(c.Do(args...)) })
	c.Do("SAVE")
	want := realDigest(c)
	disk := vfs.New(vfs.Options{})
	fromDirectory(t, real.Dir, disk)
	ours := open(t, disk).Client()
	if got := ourDigest(ours); got != want {
		t.Errorf("we have loaded another dataset: digest %s, want %s", got, want)
	}
	if want, got := realStreams(t, c), ourStreams(ours); got != want {
		t.Errorf("streams are\n%s\nredis-server has\n%s", got, want)
	}
	for _, command := range dataset() {
		if command[0] == "SELECT" || command[0] == "FUNCTION" {
			continue
		}
		key := command[1]
		if !strings.Contains(key, ":") || strings.HasPrefix(key, "other") {
			continue
		}
		reply := strings.TrimSpace(string(c.Do("OBJECT", "ENCODING", key)))
		_, encoding, _ := strings.Cut(reply, "\r\n")
		if got := string(ours.Do("OBJECT", "ENCODING", key).Str); got != encoding {
			t.Errorf("OBJECT ENCODING %s = %s, the real server says %s", key, got, encoding)
		}
	}
}

func TestWeLoadRealAOF(t *testing.T) {
	for _, preamble := range []string{"yes", "no"} {
		t.Run("aof-use-rdb-preamble "+preamble, func(t *testing.T) {
			real := redistest.Start(t, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble, "--appendfsync", "always")
			c := real.Dial(t)
			fill(t, func(args ...string) string { return string(c.Do(args...)) })
			c.Do("BGREWRITEAOF")
			for range 200 {
				if strings.Contains(string(c.Do("INFO", "persistence")), "aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0") {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			fill(t, func(args ...string) string { return string(c.Do(args...)) })
			want, wantStreams := realDigest(c), realStreams(t, c)
			real.Stop()
			disk := vfs.New(vfs.Options{})
			fromDirectory(t, real.Dir, disk)
			ours := open(t, disk, "appendonly", "yes").Client()
			if got := ourDigest(ours); got != want {
				t.Errorf("we have loaded another dataset: digest %s, want %s", got, want)
			}
			if got := ourStreams(ours); got != wantStreams {
				t.Errorf("streams are\n%s\nredis-server has\n%s", got, wantStreams)
			}
		})
	}
}

// FUNCTION DUMP is a payload that either server restores.
func TestFunctionsMoveBothWays(t *testing.T) {
	real := redistest.Start(t).Dial(t)
	ours := open(t, vfs.New(vfs.Options{})).Client()
	ourFill(t, ours)
	payload := ours.Do("FUNCTION", "DUMP").Str
	if got := string(real.Do("FUNCTION", "RESTORE", string(payload))); got != "+OK\r\n" {
		t.Fatalf("redis-server restores what we dumped: %q", got)
	}
	if got := string(real.Do("FCALL", "TWO", "0")); got != ":2\r\n" {
		t.Errorf("and calls it: %q", got)
	}
	real.Send([]byte("FUNCTION"), []byte("DUMP"))
	_, dumped := real.Receive()
	want := libraries(ours.Do("FUNCTION", "LIST", "WITHCODE"))
	ours.Do("FUNCTION", "FLUSH")
	if got := ours.Do("FUNCTION", "RESTORE", string(dumped.Str)); string(got.Str) != "OK" {
		t.Fatalf("we restore what it dumped: %s", got.Str)
	}
	if got := libraries(ours.Do("FUNCTION", "LIST", "WITHCODE")); got != want {
		t.Errorf("it came back as %s, was %s", got, want)
	}
	for _, policy := range []string{"APPEND", "REPLACE", "FLUSH"} {
		want := string(real.Do("FUNCTION", "RESTORE", string(payload), policy))
		got := ours.Do("FUNCTION", "RESTORE", string(payload), policy)
		if strings.HasPrefix(want, "-") != got.IsError() {
			t.Errorf("%s: %s, redis-server says %q", policy, got.Str, want)
		}
	}
	if got := ours.Do("FCALL", "one", "1", "string:int"); string(got.Str) != "12345" {
		t.Errorf("FCALL one: %s", got.Str)
	}
}
