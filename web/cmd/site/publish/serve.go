package publish

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Policy is the Content-Security-Policy the page is served under: nothing but
// its own files, and no evaluated script but WebAssembly. Whoever wants to may
// frame it: with ?embed there is nothing in it that could be lost.
const Policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; " +
	"style-src 'self'; img-src 'self' data: blob:; font-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"

// types are the only ones that are served; the system's own table may say
// anything about .js.
var types = map[string]string{
	".html":        "text/html; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".ts":          "text/plain; charset=utf-8",
	".json":        "application/json",
	".webmanifest": "application/manifest+json",
	".wasm":        "application/wasm",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".ico":         "image/x-icon",
	".woff2":       "font/woff2",
	".txt":         "text/plain; charset=utf-8",
}

// Handler serves a built site. Every answer may be kept and must be asked for
// again (no-cache with an ETag), so that a reload never mixes two builds. Only
// what was asked for by its hash may be kept without asking.
func Handler(dir string) http.Handler {
	var hashes hashCache
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Clean("/" + r.URL.Path)
		if strings.HasSuffix(r.URL.Path, "/") {
			name = path.Join(name, "index.html")
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		mime := types[path.Ext(name)]
		data, err := os.ReadFile(file)
		if err != nil || mime == "" {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", mime)
		h.Set("Content-Security-Policy", Policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Vary", "Accept-Encoding")
		sum := hashes.of(file, data)
		h.Set("Cache-Control", "no-cache")
		if r.URL.RawQuery == sum {
			h.Set("Cache-Control", "max-age=31536000, immutable")
		}
		tag := `"` + sum + `"`
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		for _, e := range []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
			if !accepts(r, e.name) {
				continue
			}
			if packed, err := os.ReadFile(file + e.suffix); err == nil {
				h.Set("Content-Encoding", e.name)
				data = packed
				break
			}
		}
		h.Set("Content-Length", fmt.Sprint(len(data)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(data) // the visitor may be gone
		}
	})
}

// hashCache remembers the hashes of files: that of the module takes as long as
// sending it.
type hashCache struct{ files sync.Map } // by path

type hashed struct {
	modified time.Time
	size     int
	sum      string
}

func (c *hashCache) of(file string, data []byte) string {
	info, err := os.Stat(file)
	if err != nil {
		return hash(data)
	}
	if known, ok := c.files.Load(file); ok {
		if k := known.(hashed); k.modified.Equal(info.ModTime()) && k.size == len(data) {
			return k.sum
		}
	}
	sum := hash(data)
	c.files.Store(file, hashed{info.ModTime(), len(data), sum})
	return sum
}

func accepts(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == encoding && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
