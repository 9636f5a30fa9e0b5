package browsertest

import (
	"archive/zip"
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"everysec/web/cmd/site/publish"
)

// host serves a folder that can be exchanged for another, or be gone.
type host struct {
	mu      sync.Mutex
	handler http.Handler // nil: the network is off
	url     string
}

func newHost(t *testing.T, h http.Handler) *host {
	t.Helper()
	s := &host{handler: h}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		h := s.handler
		s.mu.Unlock()
		if h == nil {
			connection, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				connection.Close() // no answer at all
			}
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

func (s *host) serve(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = h
}

// kept waits until the service worker has a whole build.
const kept = `navigator.serviceWorker.ready.then(() => true)`

func (b *browser) ping() {
	b.t.Helper()
	var reply string
	b.eval(`everysecReady.then((db) => db.command("PING"))`, &reply)
	if reply != "PONG" {
		b.t.Fatalf("PING replied %q", reply)
	}
}

func TestAfterTheFirstVisitTheNetworkMayBeOff(t *testing.T) {
	s := newHost(t, publish.Handler(dist))
	b := launch(t, t.TempDir(), s.url)
	b.open("/?config.appendfsync=always")
	b.eval(`everysec.command("SET", "k", "before")`, nil)
	b.eval(kept, nil)
	s.serve(nil)
	for _, path := range []string{"/?config.appendfsync=always", "/", "/index.html?config.appendfsync=always#lesson"} {
		b.open(path)
		b.ping()
		var value string
		b.eval(`everysec.command("GET", "k")`, &value)
		if value != "before" {
			t.Errorf("%s: GET k replied %q", path, value)
		}
	}
	// What the visit did not use is there, too.
	if got := b.replies(`["EVAL", "return redis.call('GET', 'k')", "0"]`, `["XADD", "x", "1-1", "f", "v"]`, `["PFADD", "p", "a"]`); !slices.Equal(got, []string{`"before"`, `"1-1"`, "1"}) {
		t.Errorf("commands from parts that were never used: %q", got)
	}
	// A worker that dies offline can be started again, too.
	var looks string
	b.eval(`getComputedStyle(document.querySelector(".top")).display`, &looks)
	if looks != "flex" {
		t.Errorf("the page has no style: %s", looks)
	}
}

func TestANewerVersionWaitsUntilItIsWanted(t *testing.T) {
	newer := t.TempDir()
	if err := os.CopyFS(newer, os.DirFS(dist)); err != nil {
		t.Fatal(err)
	}
	rewrite := func(name string, pairs ...string) {
		t.Helper()
		path := filepath.Join(newer, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(string(data), pairs[i]) {
				t.Fatalf("%s does not hold %s", name, pairs[i])
			}
		}
		if err := os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(string(data))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	index, err := os.ReadFile(filepath.Join(dist, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	next := strings.Replace(string(index), "<title>", "<title>Newer: ", 1)
	rewrite("index.html", string(index), next)
	rewrite("service-worker.js", publish.Digest(index), publish.Digest([]byte(next)), `build="`, `build="newer`)

	s := newHost(t, publish.Handler(dist))
	b := launch(t, t.TempDir(), s.url)
	b.open("/?config.appendfsync=always")
	b.eval(`everysec.command("SET", "k", "kept")`, nil)
	b.eval(kept, nil)
	b.open("/?config.appendfsync=always") // now the service worker answers
	s.serve(publish.Handler(newer))

	b.eval(`navigator.serviceWorker.getRegistration().then((r) => r.update())`, nil)
	b.run(chromedp.WaitVisible("#update", chromedp.ByID))
	title := func() (text string) {
		t.Helper()
		b.run(chromedp.Title(&text))
		return text
	}
	// The run goes on, and so does a reload: it is the old version.
	b.ping()
	b.open("/?config.appendfsync=always")
	if strings.HasPrefix(title(), "Newer") {
		t.Error("the newer version came unasked")
	}
	b.run(chromedp.WaitVisible("#update", chromedp.ByID))
	b.run(chromedp.Click("#update-now", chromedp.ByID))
	for !strings.HasPrefix(title(), "Newer") { // until the test's time is over
	}
	var value string
	b.eval(`new Promise((resolve) => {
		const look = () => (window.everysecReady ? resolve() : setTimeout(look, 20));
		look();
	}).then(() => everysecReady).then((db) => db.command("GET", "k"))`, &value)
	if value != "kept" {
		t.Errorf("GET k replied %q after the update", value)
	}
}

// A build that is half there, as during an upload, is not taken.
func TestABuildThatDoesNotFitTogetherIsNotKept(t *testing.T) {
	old := publish.Handler(dist)
	s := newHost(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/style.css" {
			w.Header().Set("Content-Type", "text/css")
			_, _ = w.Write([]byte("body { color: red }")) // the browser is there
			return
		}
		old.ServeHTTP(w, r)
	}))
	b := launch(t, t.TempDir(), s.url)
	b.open("/?store=memory:")
	var state string
	b.eval(`navigator.serviceWorker.register("service-worker.js").then((r) => new Promise((resolve) => {
		const w = r.installing;
		w.onstatechange = () => resolve(w.state);
	}))`, &state)
	if state != "redundant" {
		t.Errorf("the service worker is %s", state)
	}
	var caches int
	b.eval(`caches.keys().then((names) => names.length)`, &caches)
	if caches != 0 {
		t.Errorf("%d caches were kept", caches)
	}
}

// The site as one file opens with a double click, and as a zip under any path
// of any host.
func TestTheSiteCanBeTakenAlong(t *testing.T) {
	out := t.TempDir()
	if err := (&publish.Builder{Root: filepath.Join("..", ".."), Out: out, Download: true}).Build(); err != nil {
		t.Fatal(err)
	}
	t.Run("one file", func(t *testing.T) {
		b := launch(t, t.TempDir(), "file://"+filepath.ToSlash(filepath.Join(out, "download")))
		b.open("/everysec.html?config.appendfsync=always")
		b.ping()
		b.eval(`everysec.command("SET", "k", "on the stick")`, nil)
		var store, value string
		b.eval(`everysec.state().then((s) => s.store)`, &store)
		if store != "indexeddb" {
			t.Errorf("the files are in %s", store)
		}
		b.open("/everysec.html?config.appendfsync=always")
		b.eval(`everysec.command("GET", "k")`, &value)
		if value != "on the stick" {
			t.Errorf("GET k replied %q", value)
		}
		if got := b.replies(`["EVAL", "return 7", "0"]`, `["XADD", "x", "1-1", "f", "v"]`); !slices.Equal(got, []string{"7", `"1-1"`}) {
			t.Errorf("a script and a stream: %q", got)
		}
		b.run(chromedp.WaitVisible(`[data-server="running"]`, chromedp.ByQuery), chromedp.SendKeys(`[data-console="redis"] .entry input`, "INCR n\r", chromedp.ByQuery))
		b.eval(`new Promise((resolve) => {
			const look = () => (document.querySelector(".log").textContent.includes("(integer) 1") ? resolve() : setTimeout(look, 20));
			look();
		})`, nil)
		// All lessons are in it, and the map.
		var ids []string
		b.eval(`[...document.querySelectorAll("#course [data-lesson]")].map((e) => e.dataset.lesson)`, &ids)
		if len(ids) < 2 {
			t.Fatalf("lessons: %q", ids)
		}
		b.open("/everysec.html?store=memory:&lesson=" + ids[len(ids)-1] + "#course")
		learner{b}.sees("the last lesson, and the map over it", `document.querySelector("#lesson article").dataset.lesson === "`+ids[len(ids)-1]+`" && document.querySelector("#course").checkVisibility() && document.querySelectorAll("#steps a").length > 3`)
		b.ping()
		b.open("/everysec.html?config.appendfsync=always")
		b.run(chromedp.WaitVisible(`[data-server="running"]`, chromedp.ByQuery))
		// Its files can be looked into, though nothing can be fetched.
		b.run(chromedp.Click(`#file-rows button[name="view"]`, chromedp.ByQuery), chromedp.WaitVisible(`#viewer[data-done="true"] .cells i[data-at]`, chromedp.ByQuery))
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, url := range b.requests {
			if !strings.HasPrefix(url, "file:") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
				t.Errorf("a request: %s", url)
			}
		}
		for _, p := range b.problems {
			t.Error(p)
		}
	})
	t.Run("any host, any path", func(t *testing.T) {
		packed, err := os.ReadFile(filepath.Join(out, "download", "everysec-site.zip"))
		if err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
		if err != nil {
			t.Fatal(err)
		}
		root := t.TempDir()
		if err := os.CopyFS(filepath.Join(root, "some", "where"), z); err != nil {
			t.Fatal(err)
		}
		s := newHost(t, http.FileServer(http.Dir(root)))
		b := launch(t, t.TempDir(), s.url)
		b.open("/some/where/everysec/")
		b.ping()
		b.eval(kept, nil)
		s.serve(nil)
		b.open("/some/where/everysec/")
		b.ping()
		if got := b.replies(`["EVAL", "return 7", "0"]`); got[0] != "7" {
			t.Errorf("a script: %q", got)
		}
	})
}
