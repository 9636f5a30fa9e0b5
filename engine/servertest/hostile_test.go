package servertest_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// Payloads of RESTORE and files of data, with any byte wrong and the checksum
// right: they are refused, or what they make can be used like anything else, is
// saved and comes back the same. No more memory is taken than they are long.

// uses are what may be done to a value of a type.
var uses = map[string]string{
	"string": "GET k; STRLEN k; APPEND k x; GETRANGE k 0 3; PFCOUNT k; PFADD k q; BITCOUNT k; INCR k",
	"list":   "LRANGE k 0 -1; LINDEX k 1; LSET k 0 zz; LINSERT k BEFORE zz y; LPUSH k h; RPUSH k t; LREM k 0 a; LPOS k t; LPOP k; RPOP k; LTRIM k 1 -2; SORT k ALPHA",
	"set":    "SMEMBERS k; SISMEMBER k a; SADD k 3 q; SREM k 1 a; SRANDMEMBER k -3; SINTERCARD 1 k; SCARD k; SSCAN k 0; SPOP k",
	"hash":   "HGETALL k; HGET k f; HSET k f 5; HINCRBY k f 1; HDEL k g; HSTRLEN k f; HSCAN k 0; HRANDFIELD k -3; HTTL k FIELDS 1 f; HEXPIRE k 10000 FIELDS 1 f; HPERSIST k FIELDS 1 f; HLEN k",
	"zset":   "ZRANGE k 0 -1 WITHSCORES; ZSCORE k a; ZADD k 5 q; ZRANK k q; ZRANGEBYSCORE k -inf 2; ZINCRBY k 1 a; ZREM k b; ZCOUNT k 0 9; ZPOPMIN k; ZREMRANGEBYRANK k 0 0; GEOPOS k p; ZLEXCOUNT k - +; ZRANDMEMBER k -3",
	"stream": "XRANGE k - +; XREVRANGE k + - COUNT 2; XINFO STREAM k FULL; XADD k * f v; XREADGROUP GROUP g c STREAMS k >; XREADGROUP GROUP g c STREAMS k 0; XPENDING k g; XPENDING k g - + 10; XACK k g 1-2; XCLAIM k g d 0 2-0; XAUTOCLAIM k g d 0 0; XTRIM k MAXLEN 2; XDEL k 2-0; XLEN k; XGROUP DELCONSUMER k g c; XGROUP DESTROY k g",
}

func restoreHostile(t *testing.T, body string) {
	late := time.AfterFunc(20*time.Second, func() { panic(fmt.Sprintf("it does not end: %q", body)) })
	defer late.Stop()
	defer func() {
		if problem := recover(); problem != nil {
			t.Fatalf("%q: %v", body, problem)
		}
	}()
	s := servertest.New(t, "appendonly", "yes", "aof-use-rdb-preamble", "no")
	c := s.Client()
	before := allocated()
	v := c.Do("RESTORE", "k", "0", servertest.Payload(body), "REPLACE")
	if took, most := allocated()-before, uint64(4<<20+3000*len(body)); took > most {
		t.Fatalf("%d bytes were allocated for a payload of %d: %q", took, len(body), body)
	}
	if v.IsError() {
		if n := c.Do("DBSIZE").Int; n != 0 {
			t.Fatalf("refused, but %d keys: %q", n, body)
		}
		return
	}
	kind := strings.Trim(c.Text("TYPE k"), `"`)
	if kind == "none" { // all its fields had expired
		return
	}
	dump := string(c.Do("DUMP", "k").Str)
	if v := c.Do("RESTORE", "again", "0", dump); v.IsError() {
		t.Fatalf("%q was restored, its dump %q is refused", body, dump)
	}
	if a, b := c.Do("DEBUG", "DIGEST-VALUE", "k"), c.Do("DEBUG", "DIGEST-VALUE", "again"); string(a.Elems[0].Str) != string(b.Elems[0].Str) {
		t.Fatalf("%q was restored, its dump %q is another value", body, dump)
	}
	for _, line := range strings.Split(uses[kind]+"; COPY k copy; OBJECT ENCODING k; MEMORY USAGE k; DEBUG OBJECT k; EXPIRE k 100000", "; ") {
		c.Text(line)
	}
	want := state(s.Client())
	again := servertest.At(t, s.Disk.Image(vfs.ProcessKill, 1), s.Now, "appendonly", "yes", "aof-use-rdb-preamble", "no")
	if got := state(again.Client()); got != want {
		t.Fatalf("%q: the append-only file brings back %s, not %s", body, got, want)
	}
	c.Text("DEL k again copy")
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// loadHostile starts a server on a file of data.
func loadHostile(t *testing.T, file string) {
	late := time.AfterFunc(20*time.Second, func() { panic(fmt.Sprintf("it does not end: %q", file)) })
	defer late.Stop()
	defer func() {
		if problem := recover(); problem != nil {
			t.Fatalf("%q: %v", file, problem)
		}
	}()
	disk := vfs.New(vfs.Options{})
	f, err := disk.OpenFile("dump.rdb", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(file)); err != nil {
		t.Fatal(err)
	}
	_ = f.Close() // on a disk in memory
	before := allocated()
	s, err := servertest.Open(disk, servertest.Start)
	if err == nil {
		s.Settle()
	}
	if took, most := allocated()-before, uint64(16<<20+3000*len(file)); took > most {
		t.Fatalf("%d bytes were allocated for a file of %d: %q", took, len(file), file)
	}
	if err != nil || !s.Running() || s.Loading() {
		return
	}
	s = servertest.On(t, disk.Image(vfs.ProcessKill, 1))
	c := s.Client()
	for i := range 3 {
		c.Text(fmt.Sprint("SELECT ", i))
		for _, e := range c.Do("KEYS", "*").Elems {
			c.Do("DUMP", string(e.Str))
		}
	}
	c.Text("SELECT 0")
	before1 := c.Text("DEBUG DIGEST")
	c.Text("SAVE")
	s.Advance(100000)
	if after := servertest.At(t, s.Disk.Image(vfs.ProcessKill, 1), s.Now).Client().Text("DEBUG DIGEST"); after != before1 {
		t.Fatalf("%q: saved and loaded again it is %s, not %s", file, after, before1)
	}
}

// fileOf is a file of data with a value.
func fileOf(values ...string) string {
	file := "REDIS0010\xfa\x09redis-ver\x057.0.0\xfe\x00\xfb\x01\x00"
	for i, b := range values {
		file += "\xfc\xff\xff\xff\xff\xff\x00\x00\x00" + b[:1] + "\x01" + string(rune('a'+i%26)) + b[1:]
	}
	return file + "\xf5" + servertest.Sized("#!lua name=l\nredis.register_function('f', function() return 1 end)") + "\xff" + strings.Repeat("\x00", 8)
}

func FuzzRestorePayload(f *testing.F) {
	for _, b := range servertest.Bodies(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) < 20000 {
			restoreHostile(t, body)
		}
	})
}

func FuzzDataFile(f *testing.F) {
	all := servertest.Bodies(f)
	for _, b := range all {
		f.Add(fileOf(b))
	}
	f.Add(fileOf(all...))
	f.Fuzz(func(t *testing.T, file string) {
		if len(file) < 30000 {
			loadHostile(t, file)
		}
	})
}

// Members drawn again and again are bounded by what memory may hold, not by
// what the client asks for.
func TestRepeatedMembers(t *testing.T) {
	s := servertest.New(t, "proto-max-bulk-len", "1mb")
	c := s.Client()
	c.Text("SADD s a b")
	c.Text("HSET h f v g w")
	c.Text("ZADD z 1 a 2 b")
	c.Do("SADD", "big", strings.Repeat("x", 100000), strings.Repeat("y", 100000))
	const refused = "(error) ERR reply exceeds maximum allowed size (proto-max-bulk-len)"
	for _, line := range []string{
		"SRANDMEMBER s -9223372036854775807", "HRANDFIELD h -9223372036854775807", "ZRANDMEMBER z -9223372036854775807",
		"HRANDFIELD h -4611686018427387903 WITHVALUES", "ZRANDMEMBER z -4611686018427387903 WITHSCORES",
		"SRANDMEMBER s -1000000", "SRANDMEMBER big -100", "EVAL \"return redis.call('srandmember', 'big', -100)\" 0",
	} {
		if got := c.Text(line); !strings.HasPrefix(got, refused) {
			t.Errorf("%s: %.200s", line, got)
		}
	}
	for line, n := range map[string]int{"SRANDMEMBER s -1000": 1000, "HRANDFIELD h -500 WITHVALUES": 1000, "ZRANDMEMBER z -3": 3, "SRANDMEMBER big -9": 9} {
		if got := len(c.Do(strings.Fields(line)...).Elems); got != n {
			t.Errorf("%s: %d elements, not %d", line, got, n)
		}
	}
	if got := c.Text("ECHO still"); got != `"still"` {
		t.Errorf("the next reply is %s", got)
	}
}

// What a client watches is not searched through key by key.
func TestManyWatched(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	words := []string{"WATCH"}
	for i := range 100000 {
		words = append(words, fmt.Sprint("k", i))
	}
	began := time.Now()
	for range 2 {
		c.Do(words...)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("WATCH of 100,000 keys took %v", took)
	}
	s.Client().Text("SET k99999 v")
	c.Text("MULTI")
	if got := c.Text("EXEC"); got != "(nil)" {
		t.Error(got)
	}
}

// A library that does not come to an end is not loaded, whatever it does.
func TestEndlessLibraries(t *testing.T) {
	c := servertest.New(t).Client()
	for code, want := range map[string]string{
		"while true do end": "FUNCTION LOAD timeout",
		"for i = 1, 1e9 do redis.register_function('f'..i, function() end) end":                     "FUNCTION LOAD timeout",
		"local s = 'x' while true do s = s..s end":                                                  "not enough memory",
		"redis.register_function('f', function() end) local t = {} for i = 1, 1e9 do t[i] = {} end": "not enough memory",
	} {
		began := time.Now()
		if got := string(c.Do("FUNCTION", "LOAD", "#!lua name=l\n"+code).Str); !strings.Contains(got, want) {
			t.Errorf("%s: %s", code, got)
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s: %v", code, took)
		}
	}
	if got := c.Text("FUNCTION LIST"); got != "(empty array)" {
		t.Error(got)
	}
}

func TestHostilePayloads(t *testing.T) {
	all := servertest.Bodies(t)
	for _, b := range all {
		restoreHostile(t, b)
		if v := servertest.New(t).Client().Do("RESTORE", "k", "0", servertest.Payload(b)); v.IsError() {
			t.Errorf("%q: %s", b, v.Str)
		}
	}
	for seed := range *programs {
		r := rand.New(rand.NewPCG(seed, 3))
		restoreHostile(t, servertest.Wounded(r, all[r.IntN(len(all))]))
	}
}

func TestHostileFiles(t *testing.T) {
	all := servertest.Bodies(t)
	loadHostile(t, fileOf(all...))
	for seed := range *programs {
		r := rand.New(rand.NewPCG(seed, 4))
		loadHostile(t, servertest.Wounded(r, fileOf(all[r.IntN(len(all))], all[r.IntN(len(all))])))
	}
}
