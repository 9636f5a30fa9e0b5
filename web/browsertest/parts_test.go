package browsertest

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"everysec/web/cmd/site/publish"
)

// partsHost serves the site and keeps an account of the parts that are asked for.
type partsHost struct {
	*host
	mu    sync.Mutex
	asked []string
	whole http.Handler
	// instead answers for a part, if it is not nil.
	instead http.HandlerFunc
}

func newPartsHost(t *testing.T) *partsHost {
	t.Helper()
	p := &partsHost{whole: publish.Handler(dist)}
	p.host = newHost(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		instead := p.instead
		name, part := strings.CutPrefix(r.URL.Path, "/everysec-")
		if part {
			p.asked = append(p.asked, strings.TrimSuffix(name, ".wasm"))
		}
		p.mu.Unlock()
		if part && instead != nil {
			instead(w, r)
			return
		}
		p.whole.ServeHTTP(w, r)
	}))
	return p
}

func (p *partsHost) answer(with http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead = with
}

// took are the parts that were asked for since the last look.
func (p *partsHost) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.asked
	p.asked = nil
	slices.Sort(list)
	return list
}

// replies sends commands one after the other and tells what came back.
func (b *browser) replies(commands ...string) []string {
	b.t.Helper()
	var got []string
	b.eval(`(async () => {
		const replies = [];
		for (const words of [`+strings.Join(commands, ",")+`]) {
			const text = (r) => JSON.stringify(r, (_, v) => (v instanceof Error ? v.message : v));
			replies.push(await everysec.command(...words).then(text, (e) => e.message));
		}
		return replies;
	})()`, &got)
	return got
}

// Nobody waits for what a start does not run: a part comes with the first call
// of one of its functions, and once.
func TestPartsOfTheModuleComeWhenTheyAreUsed(t *testing.T) {
	t.Parallel()
	p := newPartsHost(t)
	b := launch(t, t.TempDir(), p.url)
	b.open("/?store=memory:")
	took := func(what string, want ...string) {
		t.Helper()
		if got := p.took(); !slices.Equal(got, want) {
			t.Errorf("%s: the parts %q were asked for, want %q", what, got, want)
		}
	}
	b.replies(`["SET", "k", "v"]`, `["GET", "k"]`, `["INFO"]`, `["HSET", "h", "f", "v"]`, `["ZADD", "z", "1", "m"]`, `["SADD", "s", "m"]`,
		`["LPUSH", "l", "v"]`, `["EXPIRE", "k", "100"]`, `["SCAN", "0"]`, `["SAVE"]`, `["BGREWRITEAOF"]`, `["CONFIG", "GET", "*"]`, `["MULTI"]`, `["EXEC"]`, `["FLUSHALL"]`)
	took("a start and everyday commands")
	b.eval(`everysec.crash("power-loss").then(() => everysec.restart())`, nil)
	learner{b}.sees("the account", `document.querySelector("#account-table .side")`)
	took("a crash and its account", "page")

	got := b.replies(`["EVAL", "return redis.call('INCRBY', KEYS[1], ARGV[1])", "1", "n", "5"]`)
	if got[0] != "5" {
		t.Errorf("a script replied %q", got)
	}
	took("a script", "scripts")
	// A script that is left in the middle, over and over, while others are served.
	got = b.replies(`["CONFIG", "SET", "busy-reply-threshold", "10"]`,
		`["EVAL", "local t = {} for i = 1, 3e6 do t[i % 1000] = {i} end return #t + redis.call('INCR', 'n')", "0"]`)
	if got[1] != "1005" {
		t.Errorf("a long script replied %q", got)
	}
	var busy string
	b.eval(`(async () => {
		const script = everysec.command("EVAL", "while true do end", "0").catch((e) => e.message);
		await new Promise((resolve) => setTimeout(resolve, 100));
		let refused = "";
		while (!refused.startsWith("BUSY")) refused = await everysec.connect().command("GET", "n").then(() => "", (e) => e.message);
		await everysec.connect().command("SCRIPT", "KILL");
		return await script;
	})()`, &busy)
	if !strings.Contains(busy, "Script killed by user") {
		t.Errorf("the script that was killed replied %q", busy)
	}
	took("more scripts")

	got = b.replies(`["XADD", "x", "1-1", "f", "v"]`, `["XLEN", "x"]`, `["XINFO", "STREAM", "x"]`)
	if got[0] != `"1-1"` || got[1] != "1" || !strings.Contains(got[2], "radix-tree-keys") {
		t.Errorf("a stream: %q", got)
	}
	took("a stream", "streams")
	// Who waits is woken by another client.
	var woken string
	b.eval(`(async () => {
		const other = everysec.connect();
		const waiting = other.command("XREAD", "BLOCK", "0", "STREAMS", "x", "$");
		await everysec.command("XADD", "x", "2-1", "g", "w");
		return JSON.stringify(await waiting);
	})()`, &woken)
	if !strings.Contains(woken, "2-1") {
		t.Errorf("XREAD replied %q", woken)
	}
	got = b.replies(`["GEOADD", "g", "13.361389", "38.115556", "Palermo"]`, `["PFADD", "p", "a"]`, `["SETBIT", "b", "7", "1"]`, `["ACL", "WHOAMI"]`, `["CLUSTER", "INFO"]`)
	if got[0] != "1" || got[1] != "1" || got[2] != "0" || got[3] != `"default"` {
		t.Errorf("rare commands: %q", got)
	}
	took("rare commands", "rare")
	got = b.replies(`["MSETEX", "1", "a", "ohmytext", "EX", "100"]`, `["SET", "b2", "mynewtext"]`, `["LCS", "a", "b2"]`, `["RPUSH", "sorted", "3", "1", "2"]`, `["SORT", "sorted"]`, `["LPOS", "sorted", "2"]`,
		`["ZADD", "z1", "1", "m"]`, `["ZUNION", "2", "z1", "z1", "WITHSCORES"]`, `["HSETEX", "hx", "FIELDS", "1", "f", "v"]`, `["LATENCY", "GRAPH", "command"]`, `["MEMORY", "USAGE", "nothing"]`)
	want := []string{"1", `"OK"`, `"mytext"`, "3", `["1","2","3"]`, "2", "1", `["m","2"]`, "1", "ERR No samples available for event 'command'", "null"}
	if !slices.Equal(got, want) {
		t.Errorf("more rare commands: %q, want %q", got, want)
	}
	took("more rare commands")
}

// A part that does not come costs one reply: the command has done nothing, and
// works as soon as the part is there.
func TestAPartThatCannotBeLoadedLosesNothing(t *testing.T) {
	t.Parallel()
	p := newPartsHost(t)
	b := launch(t, t.TempDir(), p.url)
	b.open("/?store=memory:")
	b.replies(`["SET", "n", "1"]`)
	ours, err := os.ReadFile(filepath.Join(dist, "everysec-scripts.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`[0-9a-f]{16}`).Find(ours) // what it imports from
	if id == nil {
		t.Fatal("a part does not tell of which build it is")
	}
	for _, c := range []struct {
		what string
		with http.HandlerFunc
	}{
		{"no answer", func(w http.ResponseWriter, _ *http.Request) {
			if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
				connection.Close()
			}
		}},
		{"not found", http.NotFound},
		{"an error page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<p>Sign in first</p>")) }},
		{"a part of another build", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.ReplaceAll(ours, id, bytes.Repeat([]byte("0"), len(id))))
		}},
	} {
		p.answer(c.with)
		got := b.replies(`["EVAL", "return redis.call('INCR', KEYS[1])", "1", "n"]`, `["GET", "n"]`, `["MULTI"]`, `["XADD", "x", "*", "f", "v"]`, `["INCR", "m"]`, `["EXEC"]`, `["EXISTS", "x"]`)
		if !strings.HasPrefix(got[0], "ERR The code of 'eval' could not be fetched") || got[1] != `"1"` || !strings.Contains(got[5], "'xadd'") || got[6] != "0" {
			t.Errorf("%s: %q", c.what, got)
		}
	}
	p.answer(nil)
	got := b.replies(`["EVAL", "return redis.call('INCR', KEYS[1])", "1", "n"]`, `["XADD", "x", "1-1", "f", "v"]`, `["GET", "m"]`)
	if !slices.Equal(got, []string{"2", `"1-1"`, `"4"`}) {
		t.Errorf("when the parts are there: %q", got)
	}
}

// forgotten is an answer that no browser keeps.
type forgotten struct{ http.ResponseWriter }

func (f forgotten) WriteHeader(status int) {
	f.Header().Set("Cache-Control", "no-store")
	f.ResponseWriter.WriteHeader(status)
}

func (f forgotten) Write(b []byte) (int, error) {
	f.Header().Set("Cache-Control", "no-store")
	return f.ResponseWriter.Write(b)
}

// A file may hold what only a part of the module can read. Where the part does
// not come, with no network and nothing kept for that, the server does not start
// with half of the data: the page says why, everything stays as it was, and the
// next start finds it all.
func TestAPartThatDoesNotComeWhileFilesAreRead(t *testing.T) {
	t.Parallel()
	p := newPartsHost(t)
	whole := p.whole
	p.whole = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "service-worker.js") {
			http.NotFound(w, r) // nothing is kept for a visit without a network
			return
		}
		whole.ServeHTTP(forgotten{w}, r)
	})
	gone := func(w http.ResponseWriter, _ *http.Request) {
		if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
			connection.Close()
		}
	}
	l := visitor(launch(t, t.TempDir(), p.url))
	const address = "/?store=idb://absent&seed=7"
	digest := func() (d string) {
		l.eval(`everysec.command("DEBUG", "DIGEST")`, &d)
		return d
	}
	failures := func() int { return l.count(&l.problems, "could not be loaded") }
	for _, c := range []struct{ what, before string }{
		{"a stream in the append-only file", `[["SET", "k", "v"], ["XADD", "x", "1-1", "f", "v"], ["CONFIG", "SET", "appendfsync", "always"], ["SET", "last", "1"]]`},
		{"a stream in the base of a rewrite", `[["BGREWRITEAOF"]]`},
		{"a HyperLogLog and a library", `[["PFADD", "p", "a", "b"], ["FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 7 end)"], ["SET", "last", "2"]]`},
	} {
		p.answer(nil)
		l.open(address)
		l.running()
		l.eval(`everysec.pipeline(`+c.before+`).then(() => everysec.command("CONFIG", "SET", "appendfsync", "always")).then(() => everysec.command("INCR", "n"))`, nil)
		l.sees("no rewrite", `document.querySelector("#job").textContent === ""`)
		want := digest()
		p.answer(gone)
		l.run(chromedp.Navigate(l.origin + address))
		l.sees(c.what+": the server is down, and why", `document.body.dataset.server === "down" && document.querySelector("#notice-text").textContent.includes("could not be fetched. The files are as they were") && /^[1-9]/.test(document.querySelector("#files-figures").textContent)`)
		l.picture("absent-part")
		before := failures()
		l.clicks(`#notice-actions [name="restart"]`)
		for failures() == before { // until the test's time is over
			l.run(chromedp.Sleep(20 * time.Millisecond))
		}
		l.sees(c.what+": it has tried again", `document.body.dataset.server === "down" && document.querySelector("#notice-text").textContent.includes("could not be fetched")`)
		p.answer(nil)
		l.clicks(`#notice-actions [name="restart"]`)
		l.sees(c.what+": the server runs", `document.body.dataset.server === "running"`)
		if got := digest(); got != want {
			t.Errorf("%s: the data is another: %s, and was %s", c.what, got, want)
		}
	}
}
