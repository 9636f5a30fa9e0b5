package rdb_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/arena"
	"everysec/engine/object"
	"everysec/engine/rdb"
)

// items are the pieces of a file that are dissected one by one: the spans of a
// walk, where a key goes with its value and the end with its checksum.
func items(file []byte) (list [][]byte, version int, err error) {
	from := int64(0)
	summary, err := rdb.Walk(bytes.NewReader(file), int64(len(file)), "x", func(s rdb.Span) {
		if s.What != "value" && s.What != "checksum" {
			if s.Offset > from {
				list = append(list, file[from:s.Offset])
			}
			from = s.Offset
		}
	})
	return append(list, file[from:summary.End]), summary.Version, err
}

func parts(item []byte, of rdb.Dialect, from, to int) (list []rdb.Part) {
	rdb.Dissect(item, of, int64(from), int64(to), func(p rdb.Part) { list = append(list, p) })
	return list
}

// covers tells whether parts follow each other from the beginning of an item to
// its end.
func covers(list []rdb.Part, item []byte) bool {
	at := int64(0)
	for _, p := range list {
		if p.Offset != at || p.Length < 1 || p.Name == "" {
			return false
		}
		at += p.Length
	}
	return at == int64(len(item))
}

// What a walk has read can be dissected: every byte belongs to one part, and
// none is left.
func TestDissect(t *testing.T) {
	for version := 1; version <= 12; version++ {
		dissectAll(t, fileOfVersion(version, true))
	}
	for _, name := range []string{"redis-7.0.rdb", "redis-7.0-plain.rdb"} {
		dissectAll(t, read(t, name))
	}
	var b builder
	b.text("VALKEY080").raw(254, 0).key(22, "h").raw(2).str("f").str("v").le64(9999999999999).str("g").str("w").le64(1<<64 - 1)
	dissectAll(t, b.end(80, true))
	b = nil
	b.text("REDIS0009").raw(247).module("scdtype00").raw(2, 2).pieces()
	dissectAll(t, b.key(7, "m").module("scdtype00").pieces().end(9, true))
}

func dissectAll(t interface {
	Errorf(string, ...any)
}, file []byte,
) {
	list, version, err := items(file)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	of := rdb.Dialect{Version: version, Valkey: file[0] == 'V'}
	for _, item := range list {
		all := parts(item, of, 0, len(item))
		if !covers(all, item) || all[len(all)-1].Name == "unread" {
			t.Errorf("version %d, %q: %+v", version, item, all)
			continue
		}
		// Who looks at a few bytes sees their parts and no others.
		for from := 0; from < len(item); from += 1 + len(item)/50 {
			to := min(from+3, len(item))
			some := slices.DeleteFunc(slices.Clone(all), func(p rdb.Part) bool {
				return p.Offset >= int64(to) || p.Offset+p.Length <= int64(from)
			})
			if got := parts(item, of, from, to); !slices.Equal(got, some) {
				t.Errorf("version %d, %q from %d to %d: %+v, want %+v", version, item, from, to, got, some)
			}
		}
	}
}

func TestDissectAnyValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := object.NewStore(arena.New(), 0)
		v := someValue(t, store)
		payload := rdb.Dump(nil, store, &v)
		body := payload[:len(payload)-10]
		item := slices.Concat(body[:1], []byte("\x01k"), body[1:])
		all := parts(item, rdb.Dialect{Version: 12}, 0, len(item))
		if !covers(all, item) || all[len(all)-1].Name == "unread" {
			t.Fatalf("%q: %+v", item, all)
		}
	})
}

// The words, for a few items.
func TestDissectSays(t *testing.T) {
	say := func(item []byte) string {
		var b strings.Builder
		for _, p := range parts(item, rdb.Dialect{Version: 10}, 0, len(item)) {
			fmt.Fprintf(&b, "%d+%d %s\n", p.Offset, p.Length, p.Name+": "+p.Says+strings.Replace(", "+p.How, ", ", map[bool]string{true: ", ", false: ""}[p.How != ""], 1))
		}
		return strings.TrimSpace(b.String())
	}
	var lzf, hash, expiry builder
	lzf.key(0, "k").raw(0xc3, 6, 12, 1).text("ab").raw(7<<5, 1, 1)
	hash.key(16, "h").str(packed("f", "300"))
	expiry.raw(252).le64(1700000000123)
	for _, test := range []struct {
		item []byte
		want string
	}{
		{[]byte("REDIS0010"), "0+5 signature: this is an RDB file: REDIS\n5+4 version: RDB version \"0010\""},
		{expiry, "0+1 opcode: 0xfc: when the key that follows expires, in milliseconds\n1+8 expiry: 2023-11-14 22:13:20.123 UTC"},
		{lzf, `0+1 type: 0x00: a key and its value, string
1+1 length of the key: 1 byte, in 6 bits of one byte
2+1 key: "k"
3+1 form of the value: a string compressed with LZF
4+1 compressed length: 6, in 6 bits of one byte
5+1 length of the value: 12, in 6 bits of one byte
6+1 LZF: 2 bytes of the value, as they are, come next
7+2 value: "ab"
9+3 LZF: 10 bytes again, from 2 back: "ababababab"`},
		{hash, `0+1 type: 0x10: a key and its value, hash-listpack
1+1 length of the key: 1 byte, in 6 bits of one byte
2+1 key: "h"
3+1 length of the hash: 13 bytes, in 6 bits of one byte
4+4 listpack: 13 bytes in all
8+2 number of entries: 2
10+1 form of the field: 1 byte
11+1 field: "f"
12+1 back length: the entry has 2 bytes: for who reads backwards
13+2 value: 300, in 13 bits
15+1 back length: the entry has 2 bytes: for who reads backwards
16+1 end of the listpack: 0xff`},
		{[]byte{0, 1, 'k', 5, 'a'}, "0+1 type: 0x00: a key and its value, string\n1+1 length of the key: 1 byte, in 6 bits of one byte\n2+1 key: \"k\"\n" +
			"3+1 length of the value: 5 bytes, in 6 bits of one byte\n4+1 unread: this could not be understood"},
	} {
		if got := say(test.item); got != test.want {
			t.Errorf("%q says\n%s\nwant\n%s", test.item, got, test.want)
		}
	}
}

func TestDates(t *testing.T) {
	for ms, want := range map[int64]string{
		0: "1970-01-01 00:00:00 UTC", -1: "1969-12-31 23:59:59.999 UTC", 951782400000: "2000-02-29 00:00:00 UTC",
		4102444799000: "2099-12-31 23:59:59 UTC", -11670998400000: "1600-02-29 00:00:00 UTC", 1 << 60: "1152921504606846976 ms since 1970",
	} {
		if got := rdb.Date(ms); got != want {
			t.Errorf("%d is %s, want %s", ms, got, want)
		}
	}
}

// Whatever the bytes are, each belongs to one part.
func FuzzDissect(f *testing.F) {
	for version := 1; version <= 12; version++ {
		list, _, _ := items(fileOfVersion(version, false))
		for _, item := range list {
			f.Add(item[:min(len(item), 300)], version)
		}
	}
	f.Fuzz(func(t *testing.T, item []byte, version int) {
		for _, valkey := range []bool{false, true} {
			if all := parts(item, rdb.Dialect{Version: version, Valkey: valkey}, 0, len(item)); len(item) > 0 && !covers(all, item) {
				t.Errorf("%q: %+v", item, all)
			}
		}
	})
}
