package viewer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"everysec/engine/rdb"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
	"everysec/web/viewer"
)

const now = 1_700_000_000_000

func open(t testing.TB, name string, data []byte) *viewer.File {
	t.Helper()
	f, err := viewer.Open(name, data, now)
	if err != nil {
		t.Fatal(err)
	}
	for !f.Step(1000) {
		if f.Read() > f.Size() {
			t.Fatalf("%s: %d of %d bytes have been read", name, f.Read(), f.Size())
		}
	}
	return f
}

func parts(f *viewer.File, from, to int64) (list []viewer.Part) {
	f.Parts(from, to, func(p viewer.Part) { list = append(list, p) })
	return list
}

// whole tells of each byte of a file that exactly one part has it.
func whole(t testing.TB, f *viewer.File) []viewer.Part {
	t.Helper()
	all := parts(f, 0, f.Size())
	at := int64(0)
	for _, p := range all {
		if p.Offset != at || p.Length < 1 || p.Name == "" {
			t.Fatalf("%s: %+v after byte %d", f.Name, p, at)
		}
		at += p.Length
	}
	if at != f.Size() {
		t.Fatalf("%s: parts of %d bytes, there are %d", f.Name, at, f.Size())
	}
	return all
}

func content(t testing.TB, s *servertest.Server, name string) []byte {
	t.Helper()
	b, err := vfs.ReadFile(s.Disk, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// files are those of a server with everything, and of a real one.
func files(t testing.TB) map[string][]byte {
	t.Helper()
	s := servertest.New(t, "appendonly", "yes", "aof-timestamp-enabled", "yes", "list-max-listpack-size", "4")
	c := s.Client()
	for _, words := range [][]string{
		{"SET", "user:1", "Ada"},
		{"SET", "user:2", strings.Repeat("abc", 200), "PX", "100000"},
		{"SET", "12345", "678"},
		{"SADD", "tags", "1", "2", "70000"},
		{"HSET", "user:1:h", "f", "v", "n", "17"},
		{"ZADD", "board", "1", "a", "2.5", "b"},
		{"RPUSH", "queue:mail", "a", "b", "c", "d", "e", strings.Repeat("x", 9000)},
		{"BGREWRITEAOF"},
		{"MULTI"},
		{"XADD", "log", "1-1", "f", "v"},
		{"EXEC"},
		{"FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)"},
		{"SAVE"},
	} {
		if v := c.Do(words...); v.IsError() {
			t.Fatalf("%q: %s", words, v.Str)
		}
		s.Settle()
	}
	out := map[string][]byte{}
	for _, file := range s.Disk.Files() {
		out[file.Name] = content(t, s, file.Name)
	}
	for _, name := range []string{"rdb/testdata/redis-7.0.rdb", "rdb/testdata/redis-7.0-plain.rdb", "aof/testdata/redis-7.0.incr.aof", "aof/testdata/redis-7.0.manifest"} {
		data, err := os.ReadFile(filepath.Join("../../engine", name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = data
	}
	return out
}

func TestEveryByteHasOneMeaning(t *testing.T) {
	kinds := map[viewer.Kind]int{}
	for name, data := range files(t) {
		f := open(t, name, data)
		kinds[f.Kind]++
		if f.Problem != nil {
			t.Errorf("%s: %+v", name, f.Problem)
		}
		all := whole(t, f)
		for _, p := range all {
			if p.Name == "unread" {
				t.Errorf("%s: %+v", name, p)
			}
		}
		// A window shows the parts that have bytes in it.
		for from := int64(0); from < f.Size(); from += 1 + f.Size()/40 {
			to := min(from+16, f.Size())
			want := slices.DeleteFunc(slices.Clone(all), func(p viewer.Part) bool { return p.Offset >= to || p.Offset+p.Length <= from })
			if got := parts(f, from, to); !slices.Equal(got, want) {
				t.Errorf("%s from %d to %d: %+v, want %+v", name, from, to, got, want)
			}
		}
		// Records follow each other, and each byte of an entry is of it.
		for at := int64(0); at < f.Size(); {
			r, ok := f.RecordAt(at)
			if !ok || r.Start != at || r.End <= at || r.Next != r.End && r.Next != -1 {
				t.Fatalf("%s: record %+v at %d", name, r, at)
			}
			at = r.End
		}
		for i := range f.Listed() {
			e := f.Entry(i)
			for _, p := range parts(f, e.Start, e.End) {
				if p.Entry != i || p.Offset < e.Start || p.Offset+p.Length > e.End {
					t.Errorf("%s: %+v of %+v", name, p, e)
				}
			}
		}
	}
	if kinds[viewer.Snapshot] < 3 || kinds[viewer.AppendOnly] < 3 || kinds[viewer.Manifest] != 2 {
		t.Errorf("%v", kinds)
	}
}

func TestSummary(t *testing.T) {
	f := open(t, "dump.rdb", files(t)["dump.rdb"])
	s := f.Summary()
	say := func(groups []viewer.Group) string {
		var b strings.Builder
		for _, g := range groups {
			fmt.Fprintf(&b, "%s %d; ", g.Name, g.Count)
		}
		return b.String()
	}
	if s.Version != 10 || s.Keys != 8 || say(s.Databases) != "db0 8; " || len(s.Functions) != 1 || s.Functions[0] != "#!lua name=lib" {
		t.Errorf("%+v", s)
	}
	types := strings.Split(say(s.Types), "; ")
	slices.Sort(types)
	if got := strings.TrimSpace(strings.Join(types, " ")); got != "hash 1 list 1 set 1 stream 1 string 3 zset 1" {
		t.Errorf("types: %s", got)
	}
	if got := say(s.Encodings); !strings.Contains(got, "hash listpack, hash-listpack in the file 1; ") || !strings.Contains(got, "string int, string in the file 1; ") {
		t.Errorf("encodings: %s", got)
	}
	prefixes := say(s.Prefixes)
	if !strings.HasPrefix(prefixes, "queue: 1; ") || !strings.Contains(prefixes, "user: 3; ") || !strings.Contains(prefixes, viewer.NoPrefix+" 4; ") {
		t.Errorf("prefixes: %s", prefixes)
	}
	if s.Biggest[0].Label != `"queue:mail"` || len(s.Biggest) != 8 {
		t.Errorf("biggest: %+v", s.Biggest)
	}
	if got := say(s.Expiries); !strings.HasPrefix(got, "never 7; ") || len(s.Expiries) != 2 {
		t.Errorf("expiries: %s", got)
	}
	if len(s.Fields) == 0 || s.Fields[0][0] != "redis-ver" {
		t.Errorf("fields: %q", s.Fields)
	}
	var total, memory int64
	for _, p := range whole(t, f) {
		if p.Entry >= 0 {
			total += p.Length
		}
	}
	for _, g := range s.Types {
		total -= g.Bytes
		memory += g.Memory
	}
	if total != 0 || memory != s.Memory || memory == 0 {
		t.Errorf("bytes of entries and of types differ by %d; memory %d, %d", total, memory, s.Memory)
	}

	f = open(t, "x.incr.aof", files(t)["aof/testdata/redis-7.0.incr.aof"])
	if s := f.Summary(); s.CommandSum == 0 || len(s.Commands) < 3 || s.Keys != 0 || len(s.Biggest) == 0 {
		t.Errorf("%+v", s)
	}
}

func TestTheListIsSearchedAndSorted(t *testing.T) {
	f := open(t, "dump.rdb", files(t)["dump.rdb"])
	if n := f.List("USER:", viewer.InFile); n != 3 || f.Listed() != 3 {
		t.Errorf("%d keys with user:", n)
	}
	for _, e := range f.Lines(0, 10) {
		if !strings.HasPrefix(e.Label, `"user:`) || f.PlaceOf(e.Index) < 0 {
			t.Errorf("%+v", e)
		}
	}
	if n := f.List("12345", viewer.InFile); n != 1 { // an integer in the file
		t.Errorf("%d keys with 12345", n)
	}
	if n := f.List("", viewer.Soonest); n != 8 || f.Lines(0, 1)[0].Label != `"user:2"` {
		t.Errorf("%d keys, first %+v", n, f.Lines(0, 1))
	}
	f.List("", viewer.Largest)
	if lines := f.Lines(0, 99); len(lines) != 8 || lines[0].Label != `"queue:mail"` || lines[0].Memory < lines[7].Memory {
		t.Errorf("%+v", lines)
	}
	if n := f.List("no such key", viewer.InFile); n != 0 || len(f.Lines(0, 10)) != 0 {
		t.Errorf("%d keys", n)
	}
}

// Problems are told in the words of everysec-check, and behind them nothing is
// claimed.
func TestProblems(t *testing.T) {
	dump := files(t)["dump.rdb"]
	flipped := bytes.Clone(dump)
	flipped[len(flipped)-1] ^= 1
	command := "*2\r\n$4\r\nINCR\r\n$1\r\na\r\n"
	for _, test := range []struct {
		name, file, want string
		unread           bool
	}{
		{"dump.rdb", string(dump[:len(dump)-20]), "unexpected end of the file", true},
		{"dump.rdb", string(flipped), "wrong checksum", false},
		{"dump.rdb", string(dump) + "more", "4 bytes follow, which no server reads", true},
		{"dump.rdb", "not one at all", "wrong signature", true},
		{"dump.rdb", "REDIS00", "unexpected end of the file", true},
		{"x.aof", command + command[:len(command)-2], "Expected to read 3 bytes, got 1 bytes", false},
		{"x.aof", command + command[:len(command)-3], "Expected to read 3 bytes, got 0 bytes", false},
		{"x.aof", command + command[:6], "Expected \\r\\n", true},
		{"x.aof", command + "x" + command, "Expected prefix '*' or '#', got: 'x'", true},
		{"x.aof", "*1\r\n$5\r\nMULTI\r\n" + command, "Reached EOF before reading EXEC for MULTI", false},
		{"x.aof", string(dump[:len(dump)-9]) + command, "", true},
		{"a.manifest", "file a seq 1 type b\nfile b seq x type i\n", "line 2 at offset 20: Invalid AOF manifest", true},
		{"a.manifest", "", "Found an empty AOF manifest", false},
		{"x.aof", "", "", false},
	} {
		f := open(t, test.name, []byte(test.file))
		said := ""
		if f.Problem != nil {
			said = f.Problem.Reason
		}
		if test.want == "" && test.file == "" {
			if f.Problem != nil {
				t.Errorf("%q: %+v", test.file, f.Problem)
			}
		} else if f.Problem == nil || !strings.Contains(said, test.want) {
			t.Errorf("%q: %+v, want %q", test.name, f.Problem, test.want)
		}
		unread := false
		for _, p := range whole(t, f) {
			unread = unread || p.Name == "unread" && strings.HasPrefix(p.Says, said)
		}
		if unread != test.unread {
			t.Errorf("%s, %q: unread bytes: %v", test.name, said, unread)
		}
	}
	f := open(t, "notes.txt", []byte("something else"))
	if all := whole(t, f); f.Kind != viewer.Unknown || len(all) != 1 || f.Problem != nil {
		t.Errorf("%+v", all)
	}
}

// Damaged by chance, a file is still shown byte for byte.
func TestDamagedFiles(t *testing.T) {
	for name, file := range files(t) {
		for seed := range uint64(60) {
			r := rand.New(rand.NewPCG(seed, 3))
			bad := bytes.Clone(file)
			at := r.IntN(len(bad))
			switch r.IntN(4) {
			case 0:
				bad = bad[:at]
			case 1:
				bad[at] ^= 1 << r.IntN(8)
			case 2:
				bad[at] = byte(r.IntN(256))
			case 3:
				bad = append(bad[:at], bad[min(at+1+r.IntN(9), len(bad)):]...)
			}
			f := open(t, name, bad)
			whole(t, f)
			f.Summary()
			f.List("a", viewer.Largest)
			f.Lines(0, 100)
		}
	}
}

func FuzzFile(f *testing.F) {
	for name, data := range files(f) {
		f.Add(name, data)
	}
	f.Add("x", []byte("*1\r\n$0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		v := open(t, name, data)
		whole(t, v)
		v.Summary()
		for at := int64(0); at < v.Size(); at += 1 + v.Size()/9 {
			if _, ok := v.RecordAt(at); !ok {
				t.Errorf("no record at %d", at)
			}
		}
		v.List("k", viewer.Largest)
		v.Lines(0, 100)
	})
}

// What a viewer needs of memory and time for a file, without what the file has.
func BenchmarkOpen(b *testing.B) {
	s := servertest.New(b)
	c := s.Client()
	for i := range 200_000 {
		c.Do("SET", fmt.Sprint("user:", i), strings.Repeat("v", 100))
	}
	c.Do("SAVE")
	s.Settle()
	data := content(b, s, "dump.rdb")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		open(b, "dump.rdb", data)
	}
}

// Whatever a file holds, what is said of it is JSON.
func TestAnswersAreJSON(t *testing.T) {
	hostile := "\"\\\x00\x1f\x7f\xff<b>\u202e\u2028😀:"
	s := servertest.New(t)
	s.Client().Do("SET", hostile, hostile)
	s.Client().Do("SAVE")
	s.Settle()
	list := files(t)
	list["hostile.rdb"] = content(t, s, "dump.rdb")
	list["bad.aof"] = []byte("*1\r\n$4\r\n\"\\\xff\x00\r\n\x00")
	for name, data := range list {
		f := open(t, name+"\"\\\xff", data)
		for _, answer := range [][]byte{
			f.StateJSON(), f.PartsJSON(-5, f.Size()+5), f.LinesJSON(0, 1000), f.SummaryJSON(),
			f.RecordJSON(0), f.RecordJSON(-1), f.RecordJSON(1 << 40), f.EntryJSON(0), f.EntryJSON(-1), f.EntryJSON(1 << 30),
		} {
			if !json.Valid(answer) {
				t.Errorf("%s: %q", name, answer)
			}
		}
	}
	f := open(t, "hostile.rdb", list["hostile.rdb"])
	var lines []struct{ Label string }
	if err := json.Unmarshal(f.LinesJSON(0, 9), &lines); err != nil || len(lines) != 1 || lines[0].Label != rdb.Quote([]byte(hostile)) {
		t.Errorf("%+v, %v", lines, err)
	}
}
