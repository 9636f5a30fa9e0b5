package rdb_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/aof"
	"everysec/engine/ds/arena"
	"everysec/engine/ds/stream"
	"everysec/engine/object"
	"everysec/engine/rdb"
)

// someStream draws a stream with deleted entries and groups.
func someStream(t *rapid.T, store *object.Store) object.Value {
	v := store.NewStream()
	s := store.Stream(&v)
	limits := stream.Limits{MaxBytes: 4096, MaxEntries: rapid.IntRange(1, 20).Draw(t, "node")}
	for i := range rapid.IntRange(0, 60).Draw(t, "entries") {
		pairs := [][]byte{[]byte("field"), []byte(rapid.StringN(0, 30, -1).Draw(t, "value"))}
		if rapid.IntRange(0, 3).Draw(t, "other field") == 0 {
			pairs[0] = []byte("other")
		}
		s.Append(stream.ID{Ms: uint64(1000 + i), Seq: 1}, pairs, limits)
	}
	for range rapid.IntRange(0, 10).Draw(t, "deleted") {
		s.Delete(stream.ID{Ms: rapid.Uint64Range(1000, 1060).Draw(t, "gone"), Seq: 1})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "groups") {
		g, _ := s.AddGroup(fmt.Append(nil, i, "group"), stream.ID{Ms: 1010}, rapid.SampledFrom([]int64{-1, 0, 5}).Draw(t, "read"))
		for j := range rapid.IntRange(0, 3).Draw(t, "consumers") {
			c, _ := g.AddConsumer(fmt.Append(nil, j), 1700000000000)
			for k := range rapid.IntRange(0, 5).Draw(t, "pending") {
				g.AddPending(stream.ID{Ms: uint64(1000 + 10*j + k), Seq: 1}, c, 1600000000000, 3)
			}
		}
	}
	return v
}

// said is all there is to know of a stream.
func said(store *object.Store, v *object.Value) string {
	s := store.Stream(v)
	var b strings.Builder
	fmt.Fprint(&b, s.Length, s.Added, s.First, s.MaxDeleted, " ", s.NodeCount(), "\n")
	for g := range s.Groups() {
		for c := range g.Consumers() {
			fmt.Fprintf(&b, "%q %q seen %d\n", g.Name(), c.Name(), c.Seen)
		}
	}
	b.Write(aof.StreamCommands(store, v))
	return b.String()
}

func TestStreamsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := object.NewStore(arena.New(), 1)
		v := someStream(t, store)
		again, err := rdb.Restore(store, rdb.Dump(nil, store, &v))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := said(store, &v), said(store, &again); a != b {
			t.Fatalf("DUMP and RESTORE made\n%q of\n%q", b, a)
		}
		c := store.Copy(&v)
		if a, b := said(store, &v), said(store, &c); a != b {
			t.Fatalf("a copy is\n%q of\n%q", b, a)
		}
		store.Free(&c)
		store.Free(&again)
		store.Free(&v)
		if used := store.Arena.Used(); used != 0 {
			t.Fatalf("%d bytes were not given back", used)
		}
	})
}

// oneEntry is the value of each RDB type for a stream of one entry, 1-1 f v,
// read by Alice of the group g. Only what differs is made here.
func oneEntry(kind byte) []byte {
	key := "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"
	lp := "\x1d\x00\x00\x00\x0a\x00\x01\x01\x00\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81v\x02\x04\x01\xff"
	at := "\xf5\x5a\x71\xc7\x84\x01\x00\x00"
	b := string([]byte{kind}) + "\x01\x10" + key + "\x1d" + lp + "\x01\x01\x01"
	if kind != 15 {
		b += "\x01\x01\x00\x00\x01"
	}
	b += "\x01\x01g\x01\x01"
	if kind != 15 {
		b += "\x01"
	}
	b += "\x01" + key + at + "\x01" + "\x01\x05Alice" + at
	if kind == 21 {
		b += at
	}
	return []byte(b + "\x01" + key)
}

func payload(body []byte) []byte {
	p := append(bytes.Clone(body), 10, 0)
	return binary.LittleEndian.AppendUint64(p, 0) // 0: no checksum was made
}

// The bytes are those that a real server of each version writes.
func TestStreamsOfAllVersions(t *testing.T) {
	var first string
	for _, kind := range []byte{15, 19, 21} {
		store := object.NewStore(arena.New(), 1)
		v, err := rdb.Restore(store, payload(oneEntry(kind)))
		if err != nil {
			t.Fatalf("type %d: %v", kind, err)
		}
		got := said(store, &v)
		if first == "" {
			first = got
		}
		if got != first || !strings.Contains(got, "Alice") {
			t.Errorf("type %d is read as\n%q, type 15 as\n%q", kind, got, first)
		}
		if written := rdb.Dump(nil, store, &v); kind == 19 && !bytes.Equal(written[:len(written)-10], oneEntry(19)) {
			t.Errorf("written as\n%q, want\n%q", written, oneEntry(19))
		}
	}
}

// A payload that says what cannot be is refused, and nothing is kept of it.
func TestDamagedStreams(t *testing.T) {
	for _, kind := range []byte{15, 19, 21} {
		good := oneEntry(kind)
		for i := 1; i < len(good); i++ {
			for _, change := range []byte{0x01, 0x80, 0xff, good[i]} {
				store := object.NewStore(arena.New(), 1)
				bad := bytes.Clone(good)
				bad[i] ^= change
				if v, err := rdb.Restore(store, payload(bad)); err == nil {
					store.Free(&v) // another name or number
				}
				// A value may reach into the checksum, and its zeros end it early.
				if v, err := rdb.Restore(store, payload(good[:i])); err == nil {
					store.Free(&v)
				}
				checkMemory(t, store, len(good))
			}
		}
	}
	for what, edit := range map[string][2]string{
		"a listpack twice":            {"\x13\x01\x10", "\x13\x02\x10"},
		"a length of 2":               {"\xff\x01\x01\x01\x01\x01", "\xff\x02\x01\x01\x01\x01"},
		"a group twice":               {"\x00\x00\x01\x01\x01g", "\x00\x00\x01\x02\x01g"},
		"pending for nobody":          {"\x01\x05Alice", "\x00\x05Alice"},
		"a key of 15 bytes":           {"\x13\x01\x10", "\x13\x01\x0f"},
		"more consumers than bytes":   {"\x01\x05Alice", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\x05Alice"},
		"fields without an end":       {"\x01\x01\x81f\x02", "\x7f\x01\x81f\x02"},
		"an entry of too many pieces": {"\x04\x01\xff", "\x05\x01\xff"},
	} {
		store := object.NewStore(arena.New(), 1)
		body := bytes.Replace(oneEntry(19), []byte(edit[0]), []byte(edit[1]), 1)
		if bytes.Equal(body, oneEntry(19)) {
			t.Errorf("%s: nothing was changed", what)
		}
		if _, err := rdb.Restore(store, payload(body)); err == nil {
			t.Errorf("%s is restored", what)
		}
		checkMemory(t, store, len(body))
	}
}

// FuzzRestoreStream: what is restored can be used, and is dumped as it was.
func FuzzRestoreStream(f *testing.F) {
	for _, kind := range []byte{15, 19, 21} {
		f.Add(oneEntry(kind))
	}
	store := object.NewStore(arena.New(), 1)
	v := store.NewStream()
	s := store.Stream(&v)
	for i := range 30 {
		s.Append(stream.ID{Ms: uint64(i), Seq: 5}, [][]byte{fmt.Append(nil, "f", i%3), fmt.Append(nil, i)}, stream.Limits{MaxEntries: 7})
	}
	s.Delete(stream.ID{Ms: 9, Seq: 5})
	dump := rdb.Dump(nil, store, &v)
	f.Add(dump[:len(dump)-10])
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) == 0 || body[0] != 15 && body[0] != 19 && body[0] != 21 {
			return
		}
		store := object.NewStore(arena.New(), 1)
		v, err := rdb.Restore(store, payload(body))
		if err == nil {
			before := said(store, &v)
			again, err := rdb.Restore(store, rdb.Dump(nil, store, &v))
			if err != nil {
				t.Fatalf("restored, but its dump is not: %q", before)
			}
			if after := said(store, &again); after != before {
				t.Fatalf("restored as %q, dumped and restored again as %q", before, after)
			}
			s := store.Stream(&v)
			if next, ok := s.Last.Next(); ok {
				s.Append(next, [][]byte{{'f'}, {'v'}}, stream.Limits{MaxBytes: 4096, MaxEntries: 100})
			}
			if first, ok := s.Edge(true, false); ok {
				s.Delete(first)
				s.Forget(first)
			}
			s.Trim(stream.Trim{MaxLen: 1})
			store.Free(&again)
			store.Free(&v)
		}
		checkMemory(t, store, len(body)+1000)
	})
}
