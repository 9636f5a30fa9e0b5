package archive

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"testing"
)

func pack(t *testing.T, method uint16, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	_ = z.SetComment("made elsewhere")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(zip []byte) ([]Entry, error) {
	return Read(int64(len(zip)), func(from, to int64) []byte { return zip[from:to] })
}

func TestAZipIsRead(t *testing.T) {
	long := strings.Repeat("REDIS", 1000)
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		data := pack(t, method, "backup/", "", "backup/dump.rdb", long, "backup/appendonlydir/a.manifest", "m")
		entries, err := read(data)
		if err == nil {
			err = Place(entries)
		}
		if err != nil || !IsZip(data) || len(entries) != 2 || entries[0].Name != "dump.rdb" || entries[1].Name != "appendonlydir/a.manifest" {
			t.Fatalf("%v, %+v", err, entries)
		}
		content := data[entries[0].From:entries[0].To]
		if entries[0].Deflated {
			if content, err = io.ReadAll(flate.NewReader(bytes.NewReader(content))); err != nil {
				t.Fatal(err)
			}
		}
		if string(content) != long || entries[0].Size != int64(len(long)) {
			t.Errorf("%d bytes came back", len(content))
		}
		for n := range len(data) - 1 {
			if entries, err := read(data[:n]); err == nil {
				t.Fatalf("cut after %d bytes it reads as %d files", n, len(entries))
			}
		}
	}
	if err := Place([]Entry{{Name: "notes.txt"}}); err == nil {
		t.Error("a zip without files of a server was taken")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		entries, _ := read(data)
		_ = Place(entries)
	})
}

func TestOneFileBecomesADirectory(t *testing.T) {
	for name, want := range map[string]string{"appendonly.aof": "appendonlydir/appendonly.aof", "x.rdb": "dump.rdb"} {
		if got := Single(name, []byte("REDIS0010")); got[0].Name != want {
			t.Errorf("%s: %s", name, got[0].Name)
		}
	}
	if got := Single("old", []byte("*1\r\n$4\r\nPING\r\n")); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}
