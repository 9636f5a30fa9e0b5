package rdb_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"everysec/engine/ds/listpack"
	"everysec/engine/rdb"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// Files of every version, laid out by hand as the Redis of that time wrote
// them. redis-server 7.0.15 loads them up to version 10, and must hold the same
// after it as we do.

// builder lays out an RDB file.
type builder []byte

func (b *builder) raw(p ...byte) *builder { *b = append(*b, p...); return b }

func (b *builder) text(s string) *builder { *b = append(*b, s...); return b }

// str appends a string as it is; forms of its length that are longer than
// needed are as valid.
func (b *builder) str(s string) *builder {
	switch {
	case len(s) < 64:
		b.raw(byte(len(s)))
	case len(s) < 1<<14:
		b.raw(0x40|byte(len(s)>>8), byte(len(s)))
	default:
		b.raw(0x80)
		*b = binary.BigEndian.AppendUint32(*b, uint32(len(s)))
	}
	return b.text(s)
}

func (b *builder) key(kind byte, key string) *builder { return b.raw(kind).str(key) }

func (b *builder) le32(n uint32) *builder { *b = binary.LittleEndian.AppendUint32(*b, n); return b }

func (b *builder) le64(n uint64) *builder { *b = binary.LittleEndian.AppendUint64(*b, n); return b }

// end is the end of a file, with the checksum where the version has one.
func (b *builder) end(version int, checksum bool) []byte {
	b.raw(255)
	if version >= 5 {
		sum := uint64(0)
		if checksum {
			sum = crc(*b)
		}
		b.le64(sum)
	}
	return *b
}

// crc is the checksum of Redis, bit by bit.
func crc(p []byte) (crc uint64) {
	for _, c := range p {
		crc ^= uint64(c)
		for range 8 {
			crc = crc>>1 ^ -(crc&1)&0x95ac9329ac4bc9b5
		}
	}
	return crc
}

// number is an integer in a ziplist, in one of the widths that there are.
type number struct {
	kind byte
	n    int64
}

// ziplist lays out strings and numbers.
func ziplist(entries ...any) string {
	var body builder
	before, last := 0, 10
	for _, e := range entries {
		last = 10 + len(body)
		if before < 254 {
			body.raw(byte(before))
		} else {
			body.raw(254).le32(uint32(before))
		}
		switch e := e.(type) {
		case string:
			switch {
			case len(e) < 64:
				body.raw(byte(len(e)))
			case len(e) < 1<<14:
				body.raw(0x40|byte(len(e)>>8), byte(len(e)))
			default:
				body.raw(0x80)
				body = binary.BigEndian.AppendUint32(body, uint32(len(e)))
			}
			body.text(e)
		case number:
			body.raw(e.kind)
			for i := range map[byte]int{0xc0: 2, 0xd0: 4, 0xe0: 8, 0xf0: 3, 0xfe: 1}[e.kind] {
				body.raw(byte(e.n >> (8 * i)))
			}
		}
		before = 10 + len(body) - last
	}
	var b builder
	b.le32(uint32(10 + len(body) + 1)).le32(uint32(last))
	b.raw(byte(len(entries)), byte(len(entries)>>8))
	return string(*b.text(string(body)).raw(255))
}

// zipmap lays out fields and values, the first value with unused bytes behind it.
func zipmap(words ...string) string {
	var b builder
	b.raw(byte(len(words) / 2))
	for i, w := range words {
		if len(w) < 254 {
			b.raw(byte(len(w)))
		} else {
			b.raw(254).le32(uint32(len(w)))
		}
		switch i {
		case 1:
			b.raw(3).text(w).text("???")
		default:
			if i%2 == 1 {
				b.raw(0)
			}
			b.text(w)
		}
	}
	return string(*b.raw(255))
}

func intset(width byte, members ...int64) string {
	var b builder
	b.le32(uint32(width)).le32(uint32(len(members)))
	for _, m := range members {
		for i := range width {
			b.raw(byte(m >> (8 * i)))
		}
	}
	return string(b)
}

func packed(words ...string) string {
	lp := listpack.New()
	for _, w := range words {
		lp = listpack.Append(lp, []byte(w))
	}
	return string(lp)
}

// fileOfVersion holds what a file of a version could: all that had been thought
// of until then.
func fileOfVersion(version int, checksum bool) []byte {
	long := strings.Repeat("long ", 60)
	var b builder
	b.text(fmt.Sprintf("REDIS%04d", version))
	if version >= 7 {
		b.raw(250).str("redis-ver").str("3.2.0")
		b.raw(250).str("a field of the future").raw(0xc0, 5) // an integer as a string
	}
	b.raw(254, 0)
	if version >= 7 {
		b.raw(251, 30, 3)
	}
	// Since the first: plain types, expiry in seconds, strings in four forms.
	b.key(0, "string").str("value")
	b.key(0, "empty").str("")
	b.key(0, "binary").str("\x00\xff\r\n")
	b.key(0, "long").str(strings.Repeat("x", 20000))
	b.key(0, "length in 32 bits").raw(0x80, 0, 0, 0, 3).text("abc")
	b.key(0, "int8").raw(0xc0, 0x85)
	b.key(0, "int16").raw(0xc1, 0x39, 0x30)
	b.key(0, "int32").raw(0xc2, 0, 0, 0, 0x80)
	b.key(0, "lzf").raw(0xc3, 6, 12, 1).text("ab").raw(7<<5, 1, 1)
	b.raw(253).le32(2147483647).key(0, "expires in seconds").str("v")
	b.key(1, "list").raw(3).str("a").raw(0xc0, 17).str(long)
	b.key(2, "set").raw(3).str("a").str("17x").str(long)
	b.key(2, "set of integers").raw(2).str("5").raw(0xc0, 0xfd)
	b.key(3, "zset").raw(5).
		str("a").raw(1).text("1").
		str("b").raw(19).text("0.10000000000000001").
		str("high").raw(254).str("low").raw(255).
		str("m").raw(5).text("-1e10")
	b.key(4, "hash").raw(2).str("f").str("v").str("n").raw(0xc0, 17)
	if version >= 2 {
		b.key(9, "zipmap").str(zipmap("f", "v", "", "", "g", long))
		b.key(10, "list of a ziplist").str(ziplist("a", long, number{0xc0, -3}, number{0xd0, 70000}, number{0xe0, -1 << 62}, "", strings.Repeat("y", 20000)))
		b.key(11, "intset of 16 bits").str(intset(2, -5, 0, 300))
		b.key(11, "intset of 32 bits").str(intset(4, -70000, 5))
		b.key(11, "intset of 64 bits").str(intset(8, -1<<63, 1<<40, 1<<63-1))
		b.key(12, "zset of a ziplist").str(ziplist("low", "-inf", "a", "1", "b", number{0xc0, 2}, "c", "2.5"))
	}
	if version >= 3 {
		b.raw(252).le64(9999999999999).key(0, "expires in milliseconds").str("v")
		b.raw(252).le64(1000).key(0, "has expired").str("v")
	}
	if version >= 4 {
		b.key(13, "hash of a ziplist").str(ziplist("f", "v", "n", number{0xc0, 17}, "", long))
	}
	if version >= 6 {
		b.key(10, "all integers").str(ziplist(number{0xf1, 0}, number{0xfd, 12}, number{0xfe, -128}, number{0xf0, -1 << 23}, number{0xf0, 1<<23 - 1}))
	}
	if version >= 7 {
		b.key(14, "quicklist").raw(2).str(ziplist("a", "b")).str(ziplist(number{0xfe, 7}, long))
	}
	if version >= 8 {
		b.key(5, "zset in binary").raw(3).str("a").le64(0x3ff8000000000000).str("high").le64(0x7ff0000000000000).str("minus zero").le64(1 << 63)
		b.key(0, "length in 64 bits").raw(0x81, 0, 0, 0, 0, 0, 0, 0, 3).text("abc")
	}
	if version >= 9 {
		b.raw(248, 0x40, 100).key(0, "idle").str("v")
		b.raw(249, 7).raw(252).le64(9999999999999).key(0, "frequent").str("v")
		b.key(15, "stream").text(string(oneEntry(15)[1:]))
	}
	if version >= 10 {
		b.key(16, "hash of a listpack").str(packed("f", "v", "n", "17", "", ""))
		b.key(17, "zset of a listpack").str(packed("low", "-inf", "a", "1", "c", "2.5"))
		b.key(18, "quicklist 2").raw(3, 2).str(packed("a", "17")).raw(1).str(long).raw(2).str(packed("-1"))
		b.raw(246).str("old").str("lua").raw(1).str("of a release candidate").str("redis.register_function('g', function() return 2 end)")
		b.key(19, "stream 2").text(string(oneEntry(19)[1:]))
		b.raw(245).str("#!lua name=lib\nredis.register_function('f', function() return 1 end)")
	}
	if version >= 11 {
		b.key(20, "set of a listpack").str(packed("a", "17", ""))
		b.key(21, "stream 3").text(string(oneEntry(21)[1:]))
	}
	if version >= 12 {
		b.raw(244, 5, 1, 0) // how many keys a slot of a cluster has
		b.key(24, "hash that expires").le64(9999999999999).raw(2, 0).str("f").str("v").raw(1).str("g").str("w")
		b.key(25, "packed hash that expires").le64(9999999999999).str(packed("g", "w", "9999999999999", "f", "v", "0"))
		b.key(22, "hash that expires, before it came out").raw(2, 0).str("f").str("v").raw(0x81).
			text("\x00\x00\x09\x18\x4e\x72\x9f\xff").str("g").str("w")
		b.key(23, "packed hash that expires, before it came out").str(packed("g", "w", "9999999999999", "f", "v", "0"))
	}
	b.raw(254, 9).key(0, "in another database").str("v")
	return b.end(version, checksum)
}

func serve(t *testing.T, file []byte) *servertest.Client {
	t.Helper()
	disk := vfs.New(vfs.Options{})
	f, err := disk.OpenFile("dump.rdb", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(file); err != nil {
		t.Fatal(err)
	}
	f.Close()
	return servertest.At(t, disk, time.Now().UnixMicro()).Client()
}

// Newer files: what the last version that 7.0 loads holds, and more.
func TestFilesNewerThanRedis70(t *testing.T) {
	holds := func(c *servertest.Client, what string, words ...string) {
		t.Helper()
		if got := c.Text(strings.Join(words, " ")); got != what {
			t.Errorf("%q: %s, want %s", words, got, what)
		}
	}
	hashes := []string{"hash that expires", "packed hash that expires", "hash that expires, before it came out", "packed hash that expires, before it came out"}
	for version := 11; version <= rdb.MaxVersion; version++ {
		c := serve(t, fileOfVersion(version, true))
		for i, key := range hashes {
			want := map[bool]int64{true: 9999999999999, false: -2}[version >= 12]
			if v := c.Do("HPEXPIRETIME", key, "FIELDS", "1", "g"); len(v.Elems) != 1 || v.Elems[0].Int != want {
				t.Errorf("version %d, hash %d: %v", version, i, v)
			}
		}
		if n := len(c.Do("SMEMBERS", "set of a listpack").Elems); n != 3 {
			t.Errorf("version %d: a set of %d members", version, n)
		}
		a, b := c.Do("XINFO", "STREAM", "stream 2", "FULL"), c.Do("XINFO", "STREAM", "stream 3", "FULL")
		if fmt.Sprint(a) != fmt.Sprint(b) || len(a.Elems) == 0 {
			t.Errorf("version %d: streams %v and %v", version, a, b)
		}
		holds(c, `"v"`, "GET", "idle")
	}
	// Valkey 9 gives type 22 another meaning, and begins with another word.
	var b builder
	b.text("VALKEY080").raw(250).str("valkey-ver").str("9.0.0").raw(254, 0)
	b.key(22, "h").raw(3).str("f").str("v").le64(1<<64 - 1).str("g").str("w").le64(9999999999999).str("gone").str("x").le64(0)
	c := serve(t, b.end(80, true))
	if v := c.Do("HPEXPIRETIME", "h", "FIELDS", "3", "f", "g", "gone"); fmt.Sprint(v.Elems[0].Int, v.Elems[1].Int, v.Elems[2].Int) != "-1 9999999999999 -2" {
		t.Errorf("a hash of Valkey: %v", v)
	}
}

// moduleID is the number of a module's type.
func moduleID(name string) uint64 {
	id := uint64(0)
	for i := range len(name) {
		id = id<<6 | uint64(strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", name[i]))
	}
	return id<<10 | 3
}

func (b *builder) module(name string) *builder {
	b.raw(0x81)
	*b = binary.BigEndian.AppendUint64(*b, moduleID(name))
	return b
}

// pieces is what a module may have written: each kind of it, and its end.
func (b *builder) pieces() *builder {
	return b.raw(1, 5, 2, 0x40, 200, 3, 1, 2, 3, 4, 4, 1, 2, 3, 4, 5, 6, 7, 8, 5).str("text").raw(0)
}

// A walk shows every byte once, in order.
func TestWalk(t *testing.T) {
	for version := 1; version <= 12; version++ {
		file := fileOfVersion(version, true)
		end, values := int64(0), 0
		summary, err := rdb.Walk(bytes.NewReader(file), int64(len(file)), "x", func(s rdb.Span) {
			if s.Offset != end || s.Length < 1 || s.What == "" {
				t.Errorf("version %d: %+v after %d", version, s, end)
			}
			end = s.Offset + s.Length
			if s.What == "value" {
				values++
			}
		})
		if err != nil || end != int64(len(file)) || int64(values) != summary.Keys {
			t.Errorf("version %d: %v, shown up to %d of %d, %d values of %d keys", version, err, end, len(file), values, summary.Keys)
		}
	}
	var b builder
	b.text("REDIS0009").raw(250).str("redis-ver").str("5").raw(254, 3, 251, 1, 0).raw(253).le32(1).raw(248, 9).key(0, "k").str("v")
	file := b.raw(247).module("scdtype00").raw(2, 2).pieces().end(9, false)
	var said []string
	_, err := rdb.Walk(bytes.NewReader(file), int64(len(file)), "x", func(s rdb.Span) {
		said = append(said, strings.TrimSpace(fmt.Sprint(s.Offset, " ", s.What, " ", s.Type, " ", string(s.Key))))
	})
	want := "0 header, 9 field, 22 database, 24 number of keys, 27 expiry, 32 idle time, 34 key string k, 37 value string k, 39 data of a module, 77 end, 78 checksum"
	if got := strings.Join(said, ", "); err != nil || got != want {
		t.Errorf("%v, %s", err, got)
	}
}

// oldFunctions is what FUNCTION DUMP of a release candidate wrote.
func oldFunctions() (b builder, payload string) {
	b.raw(246).str("old").str("lua").raw(0).str("redis.register_function('g', function() return 2 end)").raw(10, 0)
	payload = string(*b.le64(crc(b)))
	return b, payload
}

// FUNCTION RESTORE takes what a release candidate has dumped.
func TestRestoreOldFunctions(t *testing.T) {
	b, payload := oldFunctions()
	codes, err := rdb.RestoreFunctions([]byte(payload))
	if err != nil || len(codes) != 1 || string(codes[0]) != "#!lua name=old\nredis.register_function('g', function() return 2 end)" {
		t.Errorf("%q, %v", codes, err)
	}
	for _, cut := range []int{1, 5, 9, 12} {
		if codes, err := rdb.RestoreFunctions(append(bytes.Clone(b[:cut]), 10, 0, 0, 0, 0, 0, 0, 0, 0, 0)); err == nil {
			t.Errorf("cut to %d bytes: %q", cut, codes)
		}
	}
}
