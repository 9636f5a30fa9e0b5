//go:build !js

package engine_test

import (
	"fmt"
	"io/fs"
	"maps"
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

// shape is a value: a type in an encoding, of a size that matters.
type shape struct {
	name, kind, encoding string
	make                 func(key string) [][]string
}

// shapes are all types in all encodings, with what is special in each.
func shapes() []shape {
	r := rand.New(rand.NewPCG(8, 8))
	noise := make([]byte, 3000) // that no compression makes smaller
	for i := range noise {
		noise[i] = byte(r.IntN(256))
	}
	long, packs := strings.Repeat("a value longer than an embedded string ", 4), strings.Repeat("ab", 9000)
	// one is a command with the key as its second word.
	one := func(words ...string) func(key string) [][]string {
		return func(key string) [][]string {
			return [][]string{append([]string{words[0], key}, words[1:]...)}
		}
	}
	many := func(n int, name string, words func(i int) []string) func(key string) [][]string {
		return func(key string) (commands [][]string) {
			for i := range n {
				commands = append(commands, append([]string{name, key}, words(i)...))
			}
			return commands
		}
	}
	number := func(i int) string { return fmt.Sprint(int64(i) * int64(i) * int64(i) * 1e9) }
	var all []shape
	add := func(kind, encoding, name string, make func(key string) [][]string) {
		all = append(all, shape{kind + " " + encoding + " " + name, kind, encoding, make})
	}
	for _, n := range []string{"0", "-1", "127", "-128", "128", "32767", "-32769", "2147483647", "-2147483649", "9223372036854775807", "-9223372036854775808"} {
		add("string", "int", n, one("SET", n))
	}
	for _, s := range [][2]string{
		{"empty", ""},
		{"short", "short"},
		{"44 bytes", strings.Repeat("x", 44)},
		{"like a number", "007"},
		{"too big for one", "9223372036854775808"},
		{"nan", "nan"},
		{"a line", "\r\n"},
		{"zero bytes", "\x00\x00"},
	} {
		add("string", "embstr", s[0], one("SET", s[1]))
	}
	for _, s := range [][2]string{{"45 bytes", strings.Repeat("x", 45)}, {"compressible", packs}, {"noise", string(noise)}} {
		add("string", "raw", s[0], one("SET", s[1]))
	}
	add("string", "raw", "appended", func(key string) [][]string { return [][]string{{"SET", key, "1"}, {"APPEND", key, "2"}} })
	add("string", "raw", "hyperloglog", one("PFADD", "a", "b", "c"))

	add("list", "quicklist", "one", one("RPUSH", "a"))
	add("list", "quicklist", "empty strings", one("RPUSH", "", "", "x", ""))
	add("list", "quicklist", "integers", one("RPUSH", "0", "12", "127", "-4096", "4095", "32768", "-8388608", "2147483648", "-9223372036854775808"))
	add("list", "quicklist", "nodes", many(300, "RPUSH", func(i int) []string { return []string{strings.Repeat("x", i), number(i)} }))
	add("list", "quicklist", "large elements", one("RPUSH", packs, string(noise), packs))

	add("set", "intset", "16 bits", one("SADD", "1", "2", "-32768"))
	add("set", "intset", "32 bits", one("SADD", "1", "-2147483648"))
	add("set", "intset", "64 bits", one("SADD", "1", "9223372036854775807"))
	add("set", "hashtable", "strings", one("SADD", "", "a", "17", "\x00", long, packs))
	add("set", "hashtable", "many integers", many(700, "SADD", func(i int) []string { return []string{number(i)} }))

	add("hash", "listpack", "small", one("HSET", "f", "v", "", "", "n", "17", "nan", "nan", "\xff", "\x00", "64 bytes", strings.Repeat("x", 64)))
	add("hash", "listpack", "compressible", many(100, "HSET", func(i int) []string { return []string{fmt.Sprint("field:", i), "the same value"} }))
	add("hash", "hashtable", "a long value", one("HSET", "f", long, "", "", "n", "-5"))
	add("hash", "hashtable", "many", many(600, "HSET", func(i int) []string { return []string{fmt.Sprint("field:", i), number(i)} }))

	doubles := []string{"inf", "high", "-inf", "low", "0", "zero", "-0", "minus zero", "1", "", "1.5", "17", "0.1", "a", "1e300", "b", "-1e-300", "c", "5e-324", "d", "1.7976931348623157e308", "e", "123456789012345680", "f", "3.0000000000000004", "g"}
	add("zset", "listpack", "doubles", one(append([]string{"ZADD"}, doubles...)...))
	add("zset", "skiplist", "doubles", func(key string) [][]string {
		return [][]string{append([]string{"ZADD", key}, doubles...), {"ZADD", key, "2", long}}
	})
	add("zset", "skiplist", "many", many(300, "ZADD", func(i int) []string { return []string{fmt.Sprint(r.NormFloat64()), number(i)} }))

	add("stream", "stream", "nodes", many(300, "XADD", func(i int) []string {
		return []string{fmt.Sprint(i+1, "-0"), "same", number(i), "", strings.Repeat("y", i%50)}
	}))
	add("stream", "stream", "emptied", func(key string) [][]string {
		return [][]string{{"XADD", key, "5-5", "f", "v"}, {"XDEL", key, "5-5"}}
	})
	add("stream", "stream", "groups", func(key string) [][]string {
		return [][]string{
			{"XADD", key, "1-1", "f", "1"},
			{"XADD", key, "1-2", "f", "2", "g", ""},
			{"XADD", key, "9-0", "other", "3"},
			{"XGROUP", "CREATE", key, "\x00binary", "0"},
			{"XGROUP", "CREATE", key, "g", "1-1", "ENTRIESREAD", "1"},
			{"XGROUP", "CREATECONSUMER", key, "g", "nobody"},
			{"XREADGROUP", "GROUP", "g", "bob", "COUNT", "1", "STREAMS", key, ">"},
			{"XREADGROUP", "GROUP", "\x00binary", "", "STREAMS", key, ">"},
			{"XGROUP", "SETID", key, "g", "1-2", "ENTRIESREAD", "2"}, // which 7.0 propagates only so
			{"XGROUP", "SETID", key, "\x00binary", "9-0", "ENTRIESREAD", "3"},
			{"XDEL", key, "1-1"},
		}
	})
	return all
}

// TestShapesAreAll: no type, and no encoding of it, is forgotten.
func TestShapesAreAll(t *testing.T) {
	c := open(t, vfs.New(vfs.Options{})).Client()
	seen := map[string]bool{}
	for _, s := range shapes() {
		c.Do("DEL", "key")
		for _, command := range s.make("key") {
			if v := c.Do(command...); v.IsError() {
				t.Fatalf("%q: %s", command, v.Str)
			}
		}
		kind, encoding := string(c.Do("TYPE", "key").Str), string(c.Do("OBJECT", "ENCODING", "key").Str)
		if kind != s.kind || encoding != s.encoding {
			t.Errorf("%s is a %s of encoding %s", s.name, kind, encoding)
		}
		seen[kind+" "+encoding] = true
	}
	all := "hash hashtable, hash listpack, list quicklist, set hashtable, set intset, stream stream, string embstr, string int, string raw, zset listpack, zset skiplist"
	if got := strings.Join(slices.Sorted(maps.Keys(seen)), ", "); got != all {
		t.Errorf("there are %s", got)
	}
}

// dataset is commands that make every type in every encoding: with and without
// an expiry, under plain and binary keys, in many databases.
func dataset() [][]string {
	r := rand.New(rand.NewPCG(7, 7))
	long := strings.Repeat("a value longer than an embedded string ", 4)
	var commands [][]string
	for i, s := range shapes() {
		for _, key := range []string{s.name, s.name + " expires", "\x00\xfe\r\n" + s.name, strings.Repeat("a long key ", 100) + s.name} {
			commands = append(commands, []string{"DEL", key})
			commands = append(commands, s.make(key)...)
			if strings.HasSuffix(key, "expires") {
				commands = append(commands, []string{"PEXPIREAT", key, fmt.Sprint(4000000000000 + i)})
			}
		}
	}
	for db := range 16 {
		commands = append(commands, []string{"SELECT", fmt.Sprint(db)}, []string{"SET", "number", fmt.Sprint(db)}, []string{"SADD", "numbers", fmt.Sprint(db)})
	}
	commands = append(commands, []string{"SELECT", "0"})
	commands = append(commands, [][]string{
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
	}...)
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
	for _, options := range [][]string{nil, {"rdbcompression", "no"}, {"rdbchecksum", "no"}} {
		t.Run(strings.Join(options, " "), func(t *testing.T) {
			disk := vfs.New(vfs.Options{})
			s := open(t, disk, options...)
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

var streamKeys = []string{"stream:groups", "stream:empty", "stream:large", "stream stream groups", "stream stream emptied", "stream stream nodes expires"}

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
	compareShapes(t, real, ours)
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

// compareShapes compares what the digest does not see: how values lie in memory.
func compareShapes(t *testing.T, real *redistest.Conn, ours *servertest.Client) {
	t.Helper()
	for _, s := range shapes() {
		if s.name == "string raw appended" || s.name == "string raw hyperloglog" {
			continue // a change makes it raw, a file does not tell of that
		}
		for _, key := range []string{s.name, s.name + " expires"} {
			o, r := string(ours.Do("OBJECT", "ENCODING", key).Str), string(real.Do("OBJECT", "ENCODING", key))
			if o != s.encoding || !strings.HasSuffix(r, "\r\n"+o+"\r\n") {
				t.Errorf("OBJECT ENCODING %s = %s, redis-server says %q", key, o, r)
			}
			if o, r := ours.Do("PEXPIRETIME", key).Int, string(real.Do("PEXPIRETIME", key)); fmt.Sprintf(":%d\r\n", o) != r || (o > 0) != (key != s.name) {
				t.Errorf("PEXPIRETIME %s = %d, redis-server says %q", key, o, r)
			}
		}
	}
}

func TestWeLoadRealRDB(t *testing.T) {
	for _, options := range [][]string{nil, {"--rdbcompression", "no"}, {"--rdbchecksum", "no"}} {
		t.Run(strings.Join(options, " "), func(t *testing.T) { weLoadRealRDB(t, options) })
	}
}

func weLoadRealRDB(t *testing.T, options []string) {
	real := redistest.Start(t, options...)
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
	compareShapes(t, c, ours)
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
			real := redistest.Start(t, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble, "--appendfsync", "no")
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
