package publish

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func TestTheHandlerServesABuild(t *testing.T) {
	dir := t.TempDir()
	b := Builder{Out: dir, Compress: true}
	page := bytes.Repeat([]byte("<p>everysec</p>"), 100)
	if err := b.write(map[string][]byte{"index.html": page, "everysec.wasm": {0, 1}, "deep/style.css": []byte("a{}")}); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(filepath.Dir(dir), "secret.txt")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := Handler(dir)
	ask := func(path, accept, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", accept)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, c := range []struct {
		path, accept   string
		status         int
		mime, encoding string
	}{
		{"/", "", 200, "text/html; charset=utf-8", ""},
		{"/index.html", "gzip, deflate, br", 200, "text/html; charset=utf-8", "br"},
		{"/", "gzip", 200, "text/html; charset=utf-8", "gzip"},
		{"/", "br;q=0, gzip;q=0.5", 200, "text/html; charset=utf-8", "gzip"},
		{"/everysec.wasm", "br", 200, "application/wasm", "br"},
		{"/deep/style.css", "", 200, "text/css; charset=utf-8", ""},
		{"/deep/", "", 404, "", ""},
		{"/missing.js", "", 404, "", ""},
		{"/index.html.br", "", 404, "", ""},
		{"/../secret.txt", "", 404, "", ""},
		{"/%2e%2e/secret.txt", "", 404, "", ""},
	} {
		w := ask(c.path, c.accept, "")
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d", c.path, w.Code, c.status)
			continue
		}
		if c.status != 200 {
			continue
		}
		if got := w.Header().Get("Content-Type"); got != c.mime {
			t.Errorf("%s: type %q", c.path, got)
		}
		if got := w.Header().Get("Content-Encoding"); got != c.encoding {
			t.Errorf("%s with %q: encoding %q, want %q", c.path, c.accept, got, c.encoding)
		}
		if w.Header().Get("Content-Security-Policy") != Policy || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: headers %v", c.path, w.Header())
		}
	}
	tag := ask("/", "br", "").Header().Get("ETag")
	if w := ask("/", "br", tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("a page that is known already: %d, %d bytes", w.Code, w.Body.Len())
	}
	if got := ask("/", "", "").Body.Bytes(); !bytes.Equal(got, page) {
		t.Error("another page came back")
	}
}

func TestABuildLeavesNothingOld(t *testing.T) {
	dir := t.TempDir()
	b := Builder{Out: dir, Compress: true}
	for _, files := range []map[string][]byte{
		{"old.js": []byte("1"), "kept.js": []byte("1")},
		{"kept.js": []byte("2")},
	} {
		if err := b.write(files); err != nil {
			t.Fatal(err)
		}
	}
	got, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 {
		t.Errorf("dist holds %v, want kept.js and its two compressed forms", got)
	}
	b.Compress = false // a compressed form of something else must not stay beside it
	if err := b.write(map[string][]byte{"kept.js": []byte("3")}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "kept.js.br")); !os.IsNotExist(err) {
		t.Errorf("kept.js.br is still there (%v)", err)
	}
}

func TestSizeFailsAboveItsLimit(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, n int) {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, n), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("everysec.wasm.br", Limit-10)
	write("everysec.wasm", 10*Limit)
	write("everysec.d.ts.br", 10*Limit)
	write("boot.js.br", 10)
	var out bytes.Buffer
	if err := Size(dir, &out); err != nil {
		t.Errorf("exactly the limit: %v\n%s", err, &out)
	}
	write("boot.js.br", 11)
	if err := Size(dir, &out); err == nil {
		t.Error("one byte above the limit is let through")
	}
}

func TestSignedNumbersAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.IntRange(-1<<40, 1<<40).Draw(t, "v")
		r := reader{appendSigned(nil, v)}
		if got := r.signed(); got != v || len(r.b) != 0 {
			t.Fatalf("%d became %d", v, got)
		}
	})
}

// However the data is cut, memory looks the same afterwards.
func TestSegmentsRebuildMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		memory := make([]byte, rapid.IntRange(1, 40_000).Draw(t, "size"))
		for range rapid.IntRange(0, 5).Draw(t, "islands") {
			at := rapid.IntRange(0, len(memory)-1).Draw(t, "at")
			copy(memory[at:], rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "island"))
		}
		memory[0] = 1 // where it begins is where its first byte is
		got, base, err := flatten(segments(memory, 8192))
		if err != nil || base != 8192 {
			t.Fatalf("base %d, %v", base, err)
		}
		if !bytes.Equal(got, bytes.TrimRight(memory, "\x00")) {
			t.Fatal("memory differs")
		}
	})
}

func FuzzSlim(f *testing.F) {
	f.Add([]byte("\x00asm"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Add(append([]byte("\x00asm\x01\x00\x00\x00\x0b\x09\x01\x00\x41\x00\x0b\x03"), "abc"...))
	f.Fuzz(func(_ *testing.T, wasm []byte) {
		_, _, _ = Slim(wasm)
		_, _, _ = weigh(wasm)
	})
}
