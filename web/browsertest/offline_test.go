package browsertest

import (
	"archive/zip"
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"everysec/lessons/markdown"
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

// keptWhole waits until it has what a first visit does not wait for, too.
const keptWhole = kept + `.then(() => fetch("SITEservice-worker.js")).then((r) => r.text()).then(async (text) => {
	const rest = JSON.parse(/later=(\[\[.*?\]\])/.exec(text)[1]).map(([address]) => address);
	for (const address of rest) while (!(await caches.match("SITE" + address))) await new Promise((done) => setTimeout(done, 50));
	return rest.length;
})`

// whole is keptWhole for a site under a path.
func (b *browser) whole(under string) {
	b.t.Helper()
	var n int
	if b.eval(strings.ReplaceAll(keptWhole, "SITE", under), &n); n < 20 {
		b.t.Fatalf("only %d files are kept after the first visit", n)
	}
}

// doesEverything uses, on a page that runs, each part of it that is fetched or
// unpacked on demand: scripts, streams, rare commands, the panels, the shell of a
// server that is down, the viewer, and lessons.
func (l learner) doesEverything(lessonAt func(id string) string) {
	l.t.Helper()
	l.running()
	for _, c := range [][2]string{
		{`EVAL "return redis.call('INCR', KEYS[1])" 1 n`, "(integer) 1"},
		{"XADD x 1-1 f v", `"1-1"`},
		{"PFADD p a", "(integer) 1"},
		{"SETBIT b 7 1", "(integer) 0"},
	} {
		l.types("redis", c[0])
		l.answer("redis", c[0], []string{c[1]})
	}
	l.opens("settings")
	l.eval(`(() => { const e = document.querySelector('#panel [data-directive="hz"]'); e.value = "20"; e.dispatchEvent(new Event("change")) })()`, nil)
	l.types("redis", "CONFIG GET hz")
	l.answer("redis", "CONFIG GET hz", []string{`1) "hz"`, `2) "20"`})

	l.opens("time")
	l.backTo("redis: XADD x 1-1 f v")
	l.sees("the past", `!document.querySelector("#past").hidden`)
	l.clicks("#time-back")
	l.sees("the present", `document.querySelector("#past").hidden`)

	l.opens("load")
	l.clicks("#load-start")
	l.sees("latencies", `/p50 .* p99 /.test(document.querySelector("#load-status").textContent)`)
	l.clicks("#load-start")
	l.sees("no load", `document.querySelector("#load-start").textContent === "Start the load"`)

	l.opens("files")
	l.eval(`globalThis.blob = null; globalThis.create = URL.createObjectURL; URL.createObjectURL = (b) => { globalThis.blob = b; return "#"; }`, nil)
	l.eval(exportButton+`.click()`, nil)
	l.sees("a zip", `globalThis.blob?.size > 300`)
	l.eval(`URL.createObjectURL = create`, nil)
	l.clicks("#files-erase")
	l.keys("0 keys")
	l.clicks("#files-undo")
	l.keys("4 keys")

	l.opens("crash")
	l.clicks(`#panel input[name="crash-kind"][value="0"]`)
	l.clicks("#crash-strike")
	l.sees("the server is down", `document.body.dataset.server === "down"`)
	l.prompt("redis", "not connected> ")
	l.types("redis", "redis-check-aof appendonlydir/appendonly.aof.manifest")
	l.sees("the tool's answer", `document.querySelector('`+console("redis")+` .log').innerText.includes("All AOF files and manifest are valid")`)
	l.clicks("#restart")
	l.running()
	l.sees("the account", `document.querySelector("#account-title").textContent.includes("what came back")`)
	l.types("redis", "GET n")
	l.answer("redis", "GET n", []string{`"1"`})
	l.eval(`document.querySelector("#account-close")?.click(), document.querySelector("#panel:not([hidden]) #panel-close")?.click()`, nil)

	l.eval(`document.querySelector('#file-rows button[name="view"][value$=".incr.aof"]').click()`, nil)
	l.sees("the file's bytes and what they mean", `document.querySelector("#viewer")?.dataset.done === "true" && document.querySelectorAll("#viewer .row i[data-at]").length && document.querySelector("#viewer-facts").textContent.includes("command")`)
	l.clicks("#viewer-close")

	list, err := markdown.Load(filepath.Join("..", "..", "lessons"))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, i := range []int{0, len(list) / 2, len(list) - 1} {
		l.goes(lessonAt(list[i].ID))
		l.sees("the lesson "+list[i].ID, `document.querySelector("#lesson article").dataset.lesson === "`+list[i].ID+`" && document.querySelector("#lesson h1").checkVisibility()`)
		l.eval(`document.querySelector("button.run:not(.predict ~ * button)").click()`, nil)
		l.sees("it is played", `document.querySelector('#lesson li[data-state="played"], #lesson li[data-state="differs"]')`)
	}
}

const exportButton = `[...document.querySelectorAll("#panel button")].find((b) => b.textContent.startsWith("Export everything"))`

func TestAfterTheFirstVisitTheNetworkMayBeOff(t *testing.T) {
	t.Parallel()
	s := newHost(t, publish.Handler(dist))
	l := learner{launch(t, t.TempDir(), s.url)}
	l.open("/?config.appendfsync=always")
	l.eval(`everysec.command("SET", "k", "before")`, nil)
	l.whole("/")
	s.serve(nil)
	for _, path := range []string{"/?config.appendfsync=always", "/", "/index.html?config.appendfsync=always#lesson"} {
		l.open(path)
		l.ping()
		var value string
		l.eval(`everysec.command("GET", "k")`, &value)
		if value != "before" {
			t.Errorf("%s: GET k replied %q", path, value)
		}
	}
	// A worker that dies offline can be started again, too.
	var looks string
	l.eval(`getComputedStyle(document.querySelector(".top")).display`, &looks)
	if looks != "flex" {
		t.Errorf("the page has no style: %s", looks)
	}
	// What the visit did not use is there, too.
	l.goes("/?store=idb://all&config.appendfsync=always")
	l.doesEverything(func(id string) string { return "/lessons/" + id + "/?store=memory:" })
	l.goes("/?store=memory:")
	l.run(click(`.languages a[hreflang="de"]`))
	l.sees("the page in German", `document.documentElement?.lang === "de" && document.body.dataset.server === "running"`)
}

// A browser offers to install the page: nothing is lacking that it asks for.
func TestThePageCanBeInstalled(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	l.open("/")
	l.eval(kept, nil)
	l.open("/")
	lacks := func() (list []*page.InstallabilityError) {
		t.Helper()
		l.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
			list, err = page.GetInstallabilityErrors().Do(ctx)
			return err
		}))
		return list
	}
	for _, e := range lacks() {
		t.Errorf("it cannot be installed: %s %v", e.ErrorID, e.ErrorArguments)
	}
	var manifest string
	l.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, faults, data, _, err := page.GetAppManifest().Do(ctx)
		for _, f := range faults {
			t.Errorf("manifest.webmanifest:%d: %s", f.Line, f.Message)
		}
		manifest = data
		return err
	}))
	if !strings.Contains(manifest, `"standalone"`) {
		t.Errorf("the manifest is %q", manifest)
	}
	// The browser does look: without the manifest it would not.
	l.eval(`document.querySelector("link[rel=manifest]").remove()`, nil)
	for len(lacks()) == 0 { // until the test's time is over
	}
}

func TestANewerVersionWaitsUntilItIsWanted(t *testing.T) {
	t.Parallel()
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
	b.run(click("#update-now"))
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
	t.Parallel()
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

// takenAlong is the site with its one file and its zip, made once for all tests.
func takenAlong(t *testing.T) string {
	t.Helper()
	out, err := along()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var along = sync.OnceValues(func() (string, error) {
	out := filepath.Join(dist, "..", filepath.Base(dist)+"-along")
	return out, (&publish.Builder{Root: filepath.Join("..", ".."), Out: out, Download: true}).Build()
})

// The site as one file opens with a double click, and as a zip under any path
// of any host.
func TestTheSiteCanBeTakenAlong(t *testing.T) {
	t.Parallel()
	out := takenAlong(t)
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
		b.run(click(`#file-rows button[name="view"]`), chromedp.WaitVisible(`#viewer[data-done="true"] .cells i[data-at]`, chromedp.ByQuery))
		l := learner{b}
		l.goes("/everysec.html?store=idb://all&config.appendfsync=always")
		l.doesEverything(func(id string) string { return "/everysec.html?store=memory:&lesson=" + id })
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
		b.whole("/some/where/everysec/")
		s.serve(nil)
		b.open("/some/where/everysec/")
		b.ping()
		l := learner{b}
		l.goes("/some/where/everysec/?store=idb://all&config.appendfsync=always")
		l.doesEverything(func(id string) string { return "/some/where/everysec/lessons/" + id + "/?store=memory:" })
	})
}
