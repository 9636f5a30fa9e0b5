package rdb_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hdt3213/rdb/model"
	"github.com/hdt3213/rdb/parser"

	"everysec/engine/ds/arena"
	"everysec/engine/object"
	"everysec/engine/rdb"
)

// dataset is what a file holds: text of each key, in the order of the file.
type dataset struct {
	store *object.Store
	db    int
	keys  map[string]string
	codes int
	room  int // keys that the file says it has
	// limit is an error after so many keys, 0 for none.
	limit int
}

func newDataset() *dataset {
	return &dataset{store: object.NewStore(arena.New(), 1), keys: map[string]string{}}
}

func (d *dataset) Objects() *object.Store      { return d.store }
func (d *dataset) Aux(key, value []byte) error { return nil }
func (d *dataset) Function([]byte) error       { d.codes++; return nil }
func (d *dataset) SelectDB(id int) error       { d.db = id; return nil }
func (d *dataset) ResizeDB(n, _ int) error     { d.room += n; return nil }

func (d *dataset) Empty([]byte) {}

func (d *dataset) Entry(key []byte, v object.Value, expireAt int64) error {
	defer d.store.Free(&v)
	if d.limit++; d.limit > 1<<20 {
		return fmt.Errorf("enough")
	}
	d.keys[fmt.Sprintf("%d:%s", d.db, key)] = fmt.Sprintf("%s %s @%d", v.Encoding, content(d.store, &v), expireAt)
	return nil
}

// content is a value as text that does not depend on any order of a table.
func content(store *object.Store, v *object.Value) string {
	var parts []string
	switch v.Type {
	case object.String:
		parts = append(parts, strconv.Quote(string(store.StringBytes(v))))
	case object.List:
		for _, b := range store.List(v).Forward(0) {
			parts = append(parts, strconv.Quote(string(b)))
		}
		return "list " + strings.Join(parts, ",")
	case object.Set:
		for b := range store.Set(v).All() {
			parts = append(parts, strconv.Quote(string(b)))
		}
	case object.Hash:
		for field, value := range store.Hash(v).All() {
			parts = append(parts, strconv.Quote(string(field))+"="+strconv.Quote(string(value)))
		}
	case object.SortedSet:
		store.SortedSet(v).Ascend(0, func(member []byte, score float64) bool {
			parts = append(parts, fmt.Sprintf("%q=%g", member, score))
			return true
		})
	}
	slices.Sort(parts)
	return v.Type.String() + " " + strings.Join(parts, ",")
}

func load(file []byte) (*dataset, error) {
	d := newDataset()
	l := rdb.NewLoader(bytes.NewReader(file), int64(len(file)), "test.rdb", d)
	for {
		if done, err := l.Next(100); done || err != nil {
			return d, err
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The files were written by redis-server 7.0.15, from one dataset with every
// type in every encoding, with and without compression and checksum.
func TestFilesOfARealServer(t *testing.T) {
	long := strconv.Quote(strings.Repeat("a value longer than an embedded string ", 3))
	want := map[string]string{
		"0:int": `int string "12345" @0`, "0:neg": `int string "-7" @0`, "0:big": `int string "-9223372036854775808" @0`,
		"0:raw": `raw string ` + long + ` @0`, "0:emb": `embstr string "short" @0`, "0:empty": `embstr string "" @0`,
		"0:zip":   `raw string "` + strings.Repeat("ab", 300) + `" @0`,
		"0:exp":   `embstr string "x" @9999999999999`,
		"0:s16":   `intset set "1","2","3" @0`,
		"0:s64":   `intset set "1","9223372036854775807" @0`,
		"0:sht":   `hashtable set ` + long + `,"a","b" @0`,
		"0:hlp":   `listpack hash ""="","f"="v","n"="17" @0`,
		"0:hht":   `hashtable hash "f"=` + long + `,"n"="1" @0`,
		"0:zlp":   `listpack zset "a"=1,"b"=1.5,"high"=+Inf,"low"=-Inf @0`,
		"0:zsl":   `skiplist zset ` + long + `=1,"b"=-2.5 @0`,
		"0:l":     `quicklist list "a","17","-3",` + long + ` @0`,
		"0:lq":    `quicklist list "0","1","2","3","4","5","6","7","8" @0`,
		"0:t":     `int string "2" @0`,
		"3:other": `embstr string "x" @0`,
	}
	for _, name := range []string{"redis-7.0.rdb", "redis-7.0-plain.rdb"} {
		d, err := load(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			if d.keys[key] != value {
				t.Errorf("%s: %s\ngot:  %s\nwant: %s", name, key, d.keys[key], value)
			}
		}
		if len(d.keys) != len(want) {
			t.Errorf("%s: %d keys, want %d", name, len(d.keys), len(want))
		}
		if used := d.store.Arena.Used(); used != 0 {
			t.Errorf("%s: %d bytes were not given back", name, used)
		}
	}
}

// Every cut is found, with its place, and nothing is kept in memory.
func TestCutFiles(t *testing.T) {
	file := read(t, "redis-7.0.rdb")
	for n := range file {
		d, err := load(file[:n])
		located, ok := err.(*rdb.Error)
		if !ok || located.Offset > int64(n) || located.Name != "test.rdb" {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		if used := d.store.Arena.Used(); used != 0 {
			t.Fatalf("cut to %d bytes: %d bytes of memory were not given back", n, used)
		}
	}
}

// Every flipped bit is found: by the checksum if by nothing else.
func TestFlippedBits(t *testing.T) {
	file := read(t, "redis-7.0.rdb")
	for i := range 8 * (len(file) - 8) {
		damaged := bytes.Clone(file)
		damaged[i/8] ^= 1 << (i % 8)
		d, err := load(damaged)
		if err == nil {
			t.Fatalf("bit %d of byte %d is flipped, and nobody says so", i%8, i/8)
		}
		if used := d.store.Arena.Used(); used != 0 {
			t.Fatalf("bit %d: %d bytes of memory were not given back: %v", i, used, err)
		}
	}
}

// someValue draws a value of any type and encoding.
func someValue(t *rapid.T, store *object.Store) object.Value {
	word := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) []byte { return strconv.AppendInt(nil, rapid.Int64().Draw(t, "integer"), 10) }),
		rapid.SliceOfN(rapid.Byte(), 0, 100),
		rapid.Custom(func(t *rapid.T) []byte {
			return bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, rapid.IntRange(0, 300).Draw(t, "length"))
		}),
	)
	n := rapid.IntRange(1, 200).Draw(t, "elements")
	switch rapid.IntRange(0, 4).Draw(t, "type") {
	case 0:
		return store.NewString(word.Draw(t, "string"))
	case 1:
		v := store.NewList()
		for range n {
			store.List(&v).PushTail(word.Draw(t, "element"))
		}
		return v
	case 2:
		first := word.Draw(t, "member")
		v := store.NewSet(first)
		store.Set(&v).Add(first)
		for range n {
			store.Set(&v).Add(word.Draw(t, "member"))
		}
		return v
	case 3:
		v := store.NewHash()
		for range n {
			store.Hash(&v).Set(word.Draw(t, "field"), word.Draw(t, "value"))
		}
		return v
	}
	v := store.NewSkipList(0)
	for range n {
		store.SortedSet(&v).Set(word.Draw(t, "member"), rapid.Float64().Draw(t, "score"))
	}
	store.SortedSet(&v).PackIfSmall()
	return v
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := object.NewStore(arena.New(), 1)
		var file []byte
		w := rdb.NewWriter(func(p []byte) error { file = append(file, p...); return nil },
			rdb.Options{Compress: rapid.Bool().Draw(t, "compress"), Checksum: rapid.Bool().Draw(t, "checksum")})
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		check(w.Header([][2]string{{"redis-ver", "7.0.15"}}))
		want := map[string]string{}
		for i := range rapid.IntRange(0, 5).Draw(t, "keys") {
			v := someValue(t, store)
			id := rapid.IntRange(0, 3).Draw(t, "database")
			expireAt := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 1<<42)).Draw(t, "expiry")
			key := strings.Repeat("k", rapid.IntRange(0, 200).Draw(t, "key length")) + strconv.Itoa(i)
			check(w.SelectDB(id))
			check(w.Entry(store, []byte(key), &v, expireAt))
			dump := rdb.Dump(nil, store, &v)
			again, err := rdb.Restore(store, dump)
			check(err)
			// What has once been large and is small again becomes compact, as in Redis.
			compact := map[object.Encoding]bool{object.ListPack: true, object.IntSet: true}
			if a, b := content(store, &v), content(store, &again); a != b || again.Encoding != v.Encoding && !compact[again.Encoding] {
				t.Fatalf("DUMP and RESTORE made\n%s %s of\n%s %s", again.Encoding, b, v.Encoding, a)
			}
			want[fmt.Sprintf("%d:%s", id, key)] = fmt.Sprintf("%s %s @%d", again.Encoding, content(store, &v), expireAt)
			store.Free(&again)
			store.Free(&v)
		}
		check(w.End())
		if w.Written() != int64(len(file)) {
			t.Fatalf("Written says %d of %d bytes", w.Written(), len(file))
		}
		d, err := load(file)
		check(err)
		if fmt.Sprint(d.keys) != fmt.Sprint(want) {
			t.Fatalf("got  %v\nwant %v", d.keys, want)
		}
		if store.Arena.Used() != 0 || d.store.Arena.Used() != 0 {
			t.Fatalf("memory was not given back: %d and %d bytes", store.Arena.Used(), d.store.Arena.Used())
		}
		crossCheck(t, file, want)
	})
}

// crossCheck reads a file with a reader that others have written.
func crossCheck(t interface{ Fatalf(string, ...any) }, file []byte, want map[string]string) {
	keys := map[string]string{}
	err := parser.NewDecoder(bytes.NewReader(file)).Parse(func(o parser.RedisObject) bool {
		var parts []string
		quote := func(b []byte) string { return strconv.Quote(string(b)) }
		switch o := o.(type) {
		case *model.StringObject:
			parts = append(parts, quote(o.Value))
		case *model.ListObject:
			for _, b := range o.Values {
				parts = append(parts, quote(b))
			}
		case *model.SetObject:
			for _, b := range o.Members {
				parts = append(parts, quote(b))
			}
		case *model.HashObject:
			for field, value := range o.Hash {
				parts = append(parts, strconv.Quote(field)+"="+quote(value))
			}
		case *model.ZSetObject:
			for _, e := range o.Entries {
				parts = append(parts, fmt.Sprintf("%q=%g", e.Member, e.Score))
			}
		}
		if o.GetType() != "list" {
			slices.Sort(parts)
		}
		expireAt := int64(0)
		if at := o.GetExpiration(); at != nil {
			expireAt = at.UnixMilli()
		}
		keys[fmt.Sprintf("%d:%s", o.GetDBIndex(), o.GetKey())] = fmt.Sprintf("%s %s @%d", o.GetType(), strings.Join(parts, ","), expireAt)
		return true
	})
	if err != nil {
		t.Fatalf("the other reader: %v", err)
	}
	for key, value := range want {
		_, value, _ = strings.Cut(value, " ") // without the encoding
		if keys[key] != value {
			t.Fatalf("%s\nthe other reader: %s\nwant:             %s", key, keys[key], value)
		}
	}
	if len(keys) != len(want) {
		t.Fatalf("the other reader finds %d keys of %d", len(keys), len(want))
	}
}

func TestOldAndNewVersions(t *testing.T) {
	file := read(t, "redis-7.0-plain.rdb")
	for version, ok := range map[string]bool{"0009": true, "0010": true, "0001": true, "0012": true, "0014": true, "0015": false, "0000": false, "9999": false, "00x0": false, "-001": false} {
		changed := bytes.Clone(file)
		copy(changed[5:], version)
		if _, err := load(changed); (err == nil) != ok {
			t.Errorf("version %s: %v", version, err)
		} else if !ok && (!strings.Contains(err.Error(), version) || !strings.Contains(err.Error(), "offset 5")) {
			t.Errorf("version %s is refused with %v", version, err)
		}
	}
}

// The number of keys that a file announces is not believed further than the
// file could keep it, however often it is announced.
func TestAnnouncedKeys(t *testing.T) {
	file := []byte("REDIS0010")
	for db := range byte(16) {
		file = append(file, 254, db, 251, 0x80, 0x7f, 0xff, 0xff, 0xff, 0)
	}
	d, err := load(append(file, make([]byte, 3000)...))
	if err == nil || d.room > 1100 {
		t.Errorf("room for %d keys, %v", d.room, err)
	}
}

func TestRestoreRefusesWhatIsDamaged(t *testing.T) {
	store := object.NewStore(arena.New(), 1)
	v := store.NewHash()
	store.Hash(&v).Set([]byte("field"), []byte("value"))
	dump := rdb.Dump(nil, store, &v)
	store.Free(&v)
	for i := range dump {
		damaged := bytes.Clone(dump)
		damaged[i] ^= 0x11
		if _, err := rdb.Restore(store, damaged); err == nil {
			t.Errorf("byte %d is changed, and it is restored", i)
		}
		if _, err := rdb.Restore(store, dump[:i]); err == nil {
			t.Errorf("the first %d bytes are restored", i)
		}
	}
	if used := store.Arena.Used(); used != 0 {
		t.Errorf("%d bytes were not given back", used)
	}
}

// FuzzLoad feeds the loader damaged files: it must say where, keep nothing,
// and ask for no more memory than the file justifies.
func FuzzLoad(f *testing.F) {
	f.Add(read(f, "redis-7.0.rdb"))
	f.Add(read(f, "redis-7.0-plain.rdb"))
	for version := 1; version <= 12; version++ {
		f.Add(fileOfVersion(version, false))
	}
	for _, tail := range []*builder{
		new(builder).text("REDIS0009").key(7, "doc").module("ReJSON-RL").pieces(),
		new(builder).text("REDIS0009").raw(247).module("scdtype00").raw(2, 2).pieces(),
		new(builder).text("VALKEY080").key(22, "h").raw(1).str("f").str("v").le64(9999999999999),
	} {
		f.Add(tail.end(9, false))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := load(file)
		if err != nil {
			if located, ok := err.(*rdb.Error); !ok || located.Offset < 0 || located.Offset > int64(len(file)) {
				t.Fatalf("an error without its place: %v", err)
			}
		}
		if d.room > len(file)/3 {
			t.Fatalf("room for %d keys in a file of %d bytes", d.room, len(file))
		}
		checkMemory(t, d.store, len(file))
		// The check steps over modules and looks closer; else it finds the same.
		summary, checked := rdb.Check(bytes.NewReader(file), int64(len(file)), "test.rdb", 0, nil)
		if located, ok := checked.(*rdb.Error); checked != nil && (!ok || located.Offset < 0 || located.Offset > int64(len(file))) {
			t.Fatalf("an error of the check without its place: %v", checked)
		}
		if err == nil && checked == nil && (summary.Keys < int64(len(d.keys)) || summary.End > int64(len(file))) {
			t.Fatalf("the check counts %d keys in %d bytes, %d were loaded from %d", summary.Keys, summary.End, len(d.keys), len(file))
		}
		if err != nil && checked == nil && len(summary.Modules) == 0 && summary.Types["module"] == 0 && !strings.Contains(err.Error(), "enough") {
			t.Fatalf("it cannot be loaded (%v), and the check finds nothing", err)
		}
	})
}

// checkMemory allows what values need beside their bytes: a compressed string
// is up to 264 times as long, an element of a table takes some words.
func checkMemory(t *testing.T, store *object.Store, input int) {
	t.Helper()
	if used := store.Arena.Used(); used != 0 {
		t.Fatalf("%d bytes were not given back", used)
	}
	if reserved, most := store.Arena.Reserved(), int64(4<<20+1000*input); reserved > most {
		t.Fatalf("%d bytes reserved for an input of %d", reserved, input)
	}
}

// FuzzRestore gives payloads a right checksum, so that their inside is read.
func FuzzRestore(f *testing.F) {
	f.Add([]byte{0, 3, 'a', 'b', 'c'})
	store := object.NewStore(arena.New(), 1)
	var values []object.Value
	v := store.NewHash()
	store.Hash(&v).Set([]byte("f"), []byte("v"))
	values = append(values, v)
	v = store.NewHash()
	store.Hash(&v).Set([]byte("f"), bytes.Repeat([]byte("v"), 100))
	values = append(values, v)
	v = store.NewSet([]byte("1"))
	store.Set(&v).Add([]byte("1"))
	store.Set(&v).Add([]byte("70000"))
	values = append(values, v)
	v = store.NewSet([]byte("a"))
	store.Set(&v).Add([]byte("a"))
	values = append(values, v)
	v = store.NewList()
	store.List(&v).PushTail([]byte("a"))
	store.List(&v).PushTail([]byte("17"))
	values = append(values, v)
	v = store.NewSkipList(0)
	store.SortedSet(&v).Set([]byte("m"), 1.5)
	values = append(values, v)
	packed := store.NewSkipList(0)
	store.SortedSet(&packed).Set([]byte("m"), 1.5)
	store.SortedSet(&packed).Set([]byte("n"), 2)
	store.SortedSet(&packed).PackIfSmall()
	values = append(values, packed)
	for i := range values {
		dump := rdb.Dump(nil, store, &values[i])
		f.Add(dump[:len(dump)-10])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		store := object.NewStore(arena.New(), 1)
		payload := append(bytes.Clone(body), 10, 0)
		payload = binary.LittleEndian.AppendUint64(payload, 0) // 0: no checksum was made
		v, err := rdb.Restore(store, payload)
		if err == nil {
			before := content(store, &v)
			again, err := rdb.Restore(store, rdb.Dump(nil, store, &v))
			if err != nil {
				t.Fatalf("restored, but its dump is not: %s", before)
			}
			if after := content(store, &again); after != before {
				t.Fatalf("restored as %s, dumped and restored again as %s", before, after)
			}
			store.Free(&again)
			store.Free(&v)
		}
		checkMemory(t, store, len(payload))
	})
}
