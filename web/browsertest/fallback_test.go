package browsertest

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"everysec/engine/vfs"
	"everysec/wasm/idb"
	"everysec/web/cmd/site/publish"
)

// What the page does where a browser keeps its files badly, or not at all.

// siteBut is the site with some JavaScript before its worker's.
func siteBut(t *testing.T, before string) string {
	t.Helper()
	rest := publish.Handler(dist)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/worker.js" {
			rest.ServeHTTP(w, r)
			return
		}
		script, err := os.ReadFile(filepath.Join(dist, "worker.js"))
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Content-Security-Policy", publish.Policy)
		_, _ = w.Write([]byte(before + "\n" + string(script)))
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

// Private windows of some browsers, and pages in some frames, have no IndexedDB
// or one that refuses: the server runs in memory, and the learner can see it.
func TestWithoutIndexedDBThePageRunsInMemoryAndSaysSo(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), "")
	chromedp.ListenTarget(b.ctx, func(event any) { // the page asks before what is only in the tab is lost
		if _, is := event.(*page.EventJavascriptDialogOpening); is {
			go func() { _ = chromedp.Run(b.ctx, page.HandleJavaScriptDialog(true)) }() // or the next page does not come
		}
	})
	for name, before := range map[string]string{
		"there is none":   `Object.defineProperty(self, "indexedDB", {value: undefined});`,
		"no Web Locks":    `Object.defineProperty(navigator, "locks", {value: undefined});`,
		"looking throws":  `Object.defineProperty(self, "indexedDB", {get() { throw new DOMException("The operation is insecure.", "SecurityError"); }});`,
		"opening throws":  `IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); };`,
		"opening fails":   `IDBFactory.prototype.open = () => { const r = {error: new DOMException("no mutations", "InvalidStateError")}; setTimeout(() => r.onerror()); return r; };`,
		"reading fails":   `IDBObjectStore.prototype.getAll = () => { throw new DOMException("backing store", "UnknownError"); };`,
		"locks are taboo": `navigator.locks.request = () => Promise.reject(new DOMException("denied", "SecurityError"));`,
	} {
		t.Run(name, func(t *testing.T) {
			b.t, b.origin = t, siteBut(t, before)
			l := visitor(b)
			l.running()
			l.sees("a notice", `!document.querySelector("#notice").hidden && document.querySelector("#notice-text").textContent.includes("only as long as this tab")`)
			l.sees("where the files are", `document.querySelector("#status").textContent.includes("only in this tab")`)
			l.sees("beside the files, too", `document.querySelector("#files-kept").textContent.includes("only as long as this tab")`)
			l.types("redis", "SET k v")
			l.answer("redis", "SET k v", []string{"OK"})
			l.keys("1 key")
		})
	}
}

// A window that forgets everything in the end has an IndexedDB that works, and
// no browser says which window is one. What is said is true of both kinds: that
// the browser has not promised to keep the files.
func TestAPrivateWindowIsNotPromisedAnything(t *testing.T) {
	t.Parallel()
	profile, origin := t.TempDir(), site(t)
	private := func() learner {
		l := visitor(launch(t, profile, origin, chromedp.Flag("incognito", true)))
		l.running()
		return l
	}
	l := private()
	l.types("redis", "SET k v")
	l.answer("redis", "SET k v", []string{"OK"})
	l.sees("that nothing is promised", `document.querySelector("#status").textContent.includes("files in this browser, which may remove them")`)
	l.sees("more about it beside the files", `!document.querySelector("#files-kept").hidden && document.querySelector("#files-kept").textContent.includes("private window")`)
	l.types("redis", "WAITAOF 1 0 0")
	l.answer("redis", "WAITAOF 1 0 0", []string{"1) (integer) 1", "2) (integer) 0"})
	l.open("/?seed=7")
	var kept string
	if l.eval(`everysec.command("GET", "k")`, &kept); kept != "v" {
		t.Errorf("a reload in the private window: %q", kept)
	}
	l.kill()
	other := private()
	var exists int
	if other.eval(`everysec.command("EXISTS", "k")`, &exists); exists != 0 {
		t.Error("the files of one private window are in the next: this test is of no private window")
	}
}

// A full quota is a full disk: writes are refused as redis-server refuses them,
// reads are not, and when there is room again everything goes on and is kept. The
// record of the run has given way before.
func TestAQuotaThatIsUsedUpIsAFullDisk(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), site(t))
	// Before the database is open: Chromium remembers for half a minute how much
	// room there was. What compresses well takes none.
	b.run(storage.OverrideQuotaForOrigin(b.origin).WithQuotaSize(1_000_000))
	l := visitor(b)
	l.running()
	l.eval(`everysec.command("SET", "before", "1").then(() => everysec.command("WAITAOF", "1", "0", "0"))`, nil)
	var refused string
	l.eval(`(async () => {
		for (let i = 0; i < 200; i++) {
			try {
				await everysec.command("SET", "big:" + i, crypto.getRandomValues(new Uint8Array(20000)));
			} catch (e) {
				if ((await everysec.run.kept()).keeping === "unkept") return e.message;
			}
			await new Promise((r) => setTimeout(r, 50));
		}
		return JSON.stringify(await everysec.run.kept());
	})()`, &refused)
	if !strings.HasPrefix(refused, "MISCONF") || !strings.Contains(refused, "No space left on device") {
		t.Fatalf("writing with a quota that is used up: %q", refused)
	}
	if k := l.kept(); k.Why != "the browser has no room left, and keeps the files" {
		t.Errorf("of the run there is %+v", k)
	}
	l.sees("that there is no room", `!document.querySelector("#notice").hidden && document.querySelector("#notice-text").textContent.includes("no more room")`)
	l.types("redis", "GET before")
	l.answer("redis", "GET before", []string{`"1"`})

	l.run(storage.OverrideQuotaForOrigin(l.origin))
	// The server tries again by itself too, as the file has grown so much.
	l.eval(`everysec.command("BGREWRITEAOF").catch((e) => { if (!e.message.includes("already in progress")) throw e; })`, nil)
	l.sees("that there is room again", `document.querySelector("#notice").hidden`)
	var answer string
	l.eval(`(async () => {
		for (let i = 0; i < 100; i++) {
			const reply = await everysec.command("SET", "after", "1").catch((e) => e.message);
			if (reply === "OK") return reply;
			await new Promise((r) => setTimeout(r, 50));
		}
	})()`, &answer)
	l.eval(`everysec.command("WAITAOF", "1", "0", "0")`, nil)
	l.leavesAllTheSame() // the record of the run is lost by it
	l.open("/?seed=7")
	l.running()
	var got []any
	l.eval(`everysec.pipeline([["GET", "before"], ["GET", "after"], ["STRLEN", "big:0"]])`, &got)
	if len(got) != 3 || got[0] != "1" || got[1] != "1" || got[2] != 20000.0 {
		t.Errorf("after a reload: %v", got)
	}
}

// The tab that owns the store crashes: the one that waits takes over.
func TestTheOwnersTabCrashes(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), site(t))
	second := visitor(b) // the browser's first tab; it is let go of at once
	second.run(navigate("about:blank"))
	owner := visitor(b.tab())
	owner.running()
	owner.eval(`everysec.command("CONFIG", "SET", "appendfsync", "always").then(() => everysec.command("SET", "kept", "yes"))`, nil)
	second.run(page.BringToFront()) // a tab that nobody sees is not drawn
	second.open("/?seed=7")
	second.sees("the choice", `document.querySelector("#notice-actions button[name=take]")`)
	_ = chromedp.Run(owner.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		go page.Crash().Do(ctx) //nolint:errcheck // nobody is left to answer
		return nil
	}))
	second.run(click("#notice-actions button[name=take]"))
	second.running()
	second.types("redis", "GET kept")
	second.answer("redis", "GET kept", []string{`"yes"`})
}

// A page of a newer version, in another tab, changes the format: the older one
// lets go of the database, is told, and writes nothing any more.
func TestANewerPageTakesTheDatabase(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.image(`store.open()`)
	b.commit(newFile(2, "a", "bytes")...)
	newer := b.tab()
	newer.run(navigate(b.origin + "/"))
	newer.eval(`raw(null, (db, tx) => db.createObjectStore("more"), 99)`, nil)
	var why string
	b.eval(`new Promise((r) => setTimeout(() => r(reasons.join()), 100))`, &why)
	if !strings.Contains(why, "newer version") {
		t.Errorf("the older page was told %q", why)
	}
	if name := b.commit(vfs.Change{Op: vfs.OpWrite, Inode: 2, Offset: 5, Data: []byte("!")}); name != "InvalidStateError" {
		t.Errorf("it writes on: %q", name)
	}
	if raw := b.image(`store.ask(4)`); raw.State != idb.Raw || len(raw.Blobs) == 0 {
		t.Error("and cannot even download what there is")
	}
}

// A page of an older version that does not let go is named as the reason.
func TestAnOlderPageDoesNotLetGo(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.eval(`new Promise((resolve) => {
		const request = indexedDB.open("everysec:test", 1);
		request.onupgradeneeded = () => ["meta", "inodes", "names", "chunks"].forEach((s) => request.result.createObjectStore(s));
		request.onsuccess = () => resolve((window.held = request.result).name);
	})`, nil)
	second := b.tab()
	second.run(navigate(b.origin + "/"))
	if im := second.image(`store.open()`); im.State != idb.Memory || !strings.Contains(im.Text, "older version") {
		t.Errorf("%v, %q", im.State, im.Text)
	}
}

// A connection that was closed is opened again by the next commit.
func TestAClosedConnectionIsOpenedAgain(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.before(`{
			const open = IDBFactory.prototype.open;
			IDBFactory.prototype.open = function (...a) {
				const request = open.apply(this, a);
				request.addEventListener("success", () => (window.connection = request.result));
				return request;
			};
		}`)
	b.run(navigate(b.origin + "/"))
	b.image(`store.open()`)
	b.commit(newFile(2, "a", "before")...)
	b.eval(`connection.close()`, nil)
	if name := b.commit(vfs.Change{Op: vfs.OpWrite, Inode: 2, Offset: 6, Data: []byte(" and after")}); name != "" {
		t.Errorf("the next commit: %q", name)
	}
	var text string
	b.eval(`store.ask(4).then(encode)`, &text)
	data, _ := base64.StdEncoding.DecodeString(text)
	if !strings.Contains(string(data), " and after") {
		t.Error("it was not stored")
	}
}
