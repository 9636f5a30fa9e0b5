package aof_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/aof"
	"everysec/engine/resp"
	"everysec/engine/vfs"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// all reads a file to its end and returns its commands and where it is valid up to.
func all(file []byte) (commands [][]string, valid int64, err error) {
	r := aof.NewReader(bytes.NewReader(file), 0, int64(len(file)), "test.aof")
	for {
		args, err := r.Next()
		if err != nil {
			return commands, r.Offset(), r.ZeroTail(err)
		}
		words := make([]string, len(args))
		for i, a := range args {
			words[i] = string(a)
		}
		commands = append(commands, words)
	}
}

func TestFileOfARealServer(t *testing.T) {
	file := read(t, "redis-7.0.incr.aof")
	commands, valid, err := all(file)
	if err != io.EOF || valid != int64(len(file)) {
		t.Fatalf("valid up to %d of %d: %v", valid, len(file), err)
	}
	if got := fmt.Sprint(commands[:3]); got != "[[SELECT 0] [SET int 12345] [SET neg -7]]" {
		t.Error(got)
	}
	// Every cut is a cut, at the end of a command, and loses nothing before.
	for n := range file {
		some, valid, err := all(file[:n])
		var cut *aof.Truncated
		if err != io.EOF && !errors.As(err, &cut) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
		if valid > int64(n) || !reflect.DeepEqual(some, append([][]string(nil), commands[:len(some)]...)) {
			t.Fatalf("cut to %d bytes: valid up to %d", n, valid)
		}
		if cut != nil && cut.ValidUpTo != valid {
			t.Fatalf("cut to %d bytes: valid up to %d, the error says %d", n, valid, cut.ValidUpTo)
		}
		// The same with zeros in place of what is missing.
		zeros := append(bytes.Clone(file[:n]), make([]byte, len(file)-n)...)
		same, validToo, err := all(zeros)
		if !errors.As(err, &cut) || validToo != valid || len(same) != len(some) {
			t.Fatalf("zeros from %d on: valid up to %d, want %d: %v", n, validToo, valid, err)
		}
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		commands := rapid.SliceOf(rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 1, 20)).Draw(t, "commands")
		var file []byte
		var want [][]string
		for _, args := range commands {
			if rapid.Bool().Draw(t, "annotation") {
				file = append(file, "#TS:1700000000\r\n"...)
			}
			file = resp.AppendCommand(file, args...)
			var words []string
			for _, a := range args {
				words = append(words, string(a))
			}
			want = append(want, words)
		}
		got, valid, err := all(file)
		if err != io.EOF || valid != int64(len(file)) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q, %d of %d, %v", got, valid, len(file), err)
		}
	})
}

func TestManifest(t *testing.T) {
	text := read(t, "redis-7.0.manifest")
	m, err := aof.ParseManifest("m", text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(m.Format(), text) {
		t.Errorf("read and written again it is %q, was %q", m.Format(), text)
	}
	if base := m.NewBase("appendonly.aof", true); base != "appendonly.aof.2.base.rdb" {
		t.Error(base)
	}
	if incr := m.NewIncr("appendonly.aof"); incr != "appendonly.aof.2.incr.aof" {
		t.Error(incr)
	}
	m.RetireIncr(1)
	want := "file appendonly.aof.2.base.rdb seq 2 type b\n" +
		"file appendonly.aof.1.incr.aof seq 1 type h\n" +
		"file appendonly.aof.1.base.rdb seq 1 type h\n" +
		"file appendonly.aof.2.incr.aof seq 2 type i\n"
	if got := string(m.Format()); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestManifestNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[^/\\\x00]{1,40}`).Draw(t, "name")
		var m aof.Manifest
		m.NewBase(name, true)
		m.NewIncr(name)
		again, err := aof.ParseManifest("m", m.Format())
		if err != nil {
			t.Fatalf("%q: %v", m.Format(), err)
		}
		if !reflect.DeepEqual(m, again) {
			t.Fatalf("%v became %v", m, again)
		}
	})
}

func TestManifestErrors(t *testing.T) {
	tests := []struct{ text, says string }{
		{"", "line 1 at offset 0: Found an empty AOF manifest"},
		{"file a seq 1 type b", "line 1 at offset 0: The AOF manifest file contains too long line, or it has no end"},
		{"# a comment\nfile a seq 1 type b\n\n", "line 3 at offset 32: Invalid AOF manifest file format: the line is empty"},
		{"file a seq 1\n", "names and values"},
		{"file a seq 1 type\n", "names and values"},
		{"file a seq 1 type b x\n", "names and values"},
		{"file a seq 0 type b\n", `"0" is not a positive integer`},
		{"file a seq x type b\n", `"x" is not a positive integer`},
		{"file a/b seq 1 type b\n", "File can't be a path, just a filename"},
		{"file \"\" seq 1 type b\n", "path"},
		{"file a seq 1 type q\n", `Unknown AOF file type "q"`},
		{"file " + strings.Repeat("a", 2000) + " seq 1 type b\n", "too long"},
		{"file " + strings.Repeat("\xa3", 500) + " seq 1 type b\n", "the file name is too long"},
		{"seq 1 seq 1 type b\n", "file, seq and type are needed"},
	}
	for _, test := range tests {
		_, err := aof.ParseManifest("the name", []byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "the name") {
			t.Errorf("%q: %v, want %q", test.text, err, test.says)
		}
	}
}

func diskWith(t testing.TB, files map[string][]byte) *vfs.Disk {
	t.Helper()
	disk := vfs.New(vfs.Options{})
	for name, content := range files {
		f, err := disk.OpenFile(name, vfs.Write|vfs.Create)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return disk
}

// A repair cuts what the check calls bad, and then the check finds nothing.
func TestCheckAndRepair(t *testing.T) {
	file := read(t, "redis-7.0.incr.aof")
	for i := range file {
		damaged := bytes.Clone(file)
		damaged[i] ^= 0x1f
		disk := diskWith(t, map[string][]byte{
			"m": []byte("file a seq 1 type i\nfile b seq 2 type i\nfile c seq 3 type i\n"), "a": file, "b": damaged, "c": nil,
		})
		report := aof.Check(disk, "m")
		bad := report.Damaged()
		if bad == nil {
			continue // a word has changed, and nothing else says what it was
		}
		if bad.Name != "b" || !bad.Repairable() {
			t.Fatalf("byte %d is changed: %+v", i, bad)
		}
		ticket, err := aof.Repair(disk, bad)
		if err != nil || !ticket.Done() || ticket.Err() != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		if report := aof.Check(disk, "m"); !report.Valid() {
			t.Fatalf("byte %d: after the repair: %+v", i, report)
		}
		if left, _ := vfs.ReadFile(disk, "b"); !bytes.Equal(left, damaged[:bad.ValidUpTo]) {
			t.Fatalf("byte %d: the repair left %d bytes, want %d", i, len(left), bad.ValidUpTo)
		}
	}
}

func TestRepairRefuses(t *testing.T) {
	whole := resp.AppendCommand(nil, []byte("PING"))
	disk := diskWith(t, map[string][]byte{
		"m": []byte("file a seq 1 type i\nfile b seq 2 type i\n"), "a": whole[:5], "b": whole, "missing": []byte("file x seq 1 type i\n"),
	})
	report := aof.Check(disk, "m")
	if bad := report.Damaged(); bad == nil || bad.Repairable() {
		t.Fatalf("a cut in the middle of history: %+v", report)
	} else if _, err := aof.Repair(disk, bad); err == nil {
		t.Error("it was repaired")
	}
	for _, name := range []string{"missing", "nosuch"} {
		if report := aof.Check(disk, name); report.Valid() || report.Problem == nil {
			t.Errorf("%s: %+v", name, report)
		}
	}
	one := (&aof.Checker{FS: disk}).File("a")
	if err := disk.TruncateTail("a", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := aof.Repair(disk, &one); err == nil {
		t.Error("a file that changed after the check was repaired")
	}
}

// FuzzReader feeds the reader damaged files: what it calls valid is, and
// reading that part alone gives the same commands.
func FuzzReader(f *testing.F) {
	f.Add(read(f, "redis-7.0.incr.aof"))
	f.Add([]byte("#TS:1\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n\x00\x00\x00\x00"))
	f.Add([]byte("*1000000000\r\n$4000000000\r\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		commands, valid, err := all(file)
		var cut *aof.Truncated
		var bad *aof.Corrupt
		switch {
		case err == io.EOF && valid != int64(len(file)):
			t.Fatalf("the end at %d of %d", valid, len(file))
		case errors.As(err, &bad) && (bad.Offset < valid || bad.Offset > int64(len(file))):
			t.Fatalf("corrupt at %d, valid up to %d of %d", bad.Offset, valid, len(file))
		case err != io.EOF && cut == nil && !errors.As(err, &cut) && bad == nil:
			t.Fatal(err)
		}
		again, end, err := all(file[:valid])
		if err != io.EOF || end != valid || !reflect.DeepEqual(again, commands) {
			t.Fatalf("the valid %d bytes alone: %d, %v", valid, end, err)
		}
	})
}

// FuzzManifest reads damaged manifests; what is accepted is written as it was
// understood.
func FuzzManifest(f *testing.F) {
	f.Add(read(f, "redis-7.0.manifest"))
	f.Add([]byte("file \"a b\" seq 3 type h\n#x\nfile 'c' type i seq 9223372036854775807\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := aof.ParseManifest("m", text)
		if err != nil {
			return
		}
		again, err := aof.ParseManifest("m", m.Format())
		if len(m.Format()) == 0 {
			return // only comments
		}
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("%q\nwas understood as %+v\nand then as      %+v (%v)", text, m, again, err)
		}
	})
}
