package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"everysec/web/cmd/site/publish"
)

// docs is a page of another origin, as an author of documentation has it, with a
// strict policy of its own; HOST stands for the site and BODY for what it holds.
const docs = `<!doctype html><meta charset="utf-8"><title>Docs</title><link rel="icon" href="data:,">
<script src="HOST/embed.js" defer></script>
<h1>Locks</h1><p>Before the lesson.</p>BODY<div style="height: 3000px"></div>`

// until waits for something, but not for ever.
const until = `globalThis.until = async (holds) => {
	const begun = Date.now();
	while (!holds()) {
		if (Date.now() - begun > 20000) throw new Error("it did not happen: " + holds + "; heard: " + JSON.stringify(globalThis.heard));
		await new Promise((r) => setTimeout(r, 30));
	}
};`

// author serves it, from another site than ours (127.0.0.1 and localhost are two).
func author(t *testing.T, body string) (b *browser, site string) {
	t.Helper()
	site = newHost(t, publish.Handler(dist)).url
	page := strings.ReplaceAll(strings.ReplaceAll(docs, "BODY", body), "HOST", site)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src %[1]s; frame-src %[1]s; style-src 'unsafe-inline'; img-src data:", site))
		_, _ = w.Write([]byte(page)) // the browser is there
	}))
	t.Cleanup(s.Close)
	b = launch(t, t.TempDir(), s.URL)
	b.run(chromedp.Navigate(s.URL))
	return b, site
}

// A lesson stands in a page of another origin, which talks with its server.
func TestALessonInAPageOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	b, _ := author(t, `<everysec-playground lesson="locks" step="token" config="appendfsync always; maxmemory 64mb" seed="7" loading="eager"><a href="x">instead</a></everysec-playground>`)
	b.eval(`globalThis.redis = document.querySelector("everysec-playground");
		globalThis.heard = [];
		globalThis.code = (p) => p.then((v) => "resolved with " + v, (e) => e.name + " " + e.code + ": " + e.message);
		redis.addEventListener("progress", (e) => heard.push(e.detail));
		`+until+`
		redis.ready`, nil)
	for _, c := range []struct {
		promise, expression string
		want                any
	}{
		{"the page around it stays where it is", `new Promise((r) => setTimeout(r, 500)).then(() => scrollY)`, 0.0},
		{"commands wait for the server", `redis.command("SET", "lock", "worker-A", "NX", "EX", 30)`, "OK"},
		{"replies are values", `redis.pipeline([["TTL", "lock"], ["HSET", "h", "f", new Uint8Array([255, 0])], ["HGET", "h", "f"], ["INCR", "lock"]]).then(([ttl, n, bytes, e]) => [ttl, n, [...bytes], e.code])`, []any{30.0, 1.0, []any{255.0, 0.0}, "ERR"}},
		{"an error has its code", `code(redis.command("GET", "h"))`, "ReplyError WRONGTYPE: WRONGTYPE Operation against a key holding the wrong kind of value"},
		{"the server is as the element says", `redis.command("CONFIG", "GET", "appendfsync", "maxmemory")`, []any{"appendfsync", "always", "maxmemory", "67108864"}},
		{"its chance, too; its files are in memory", `redis.state().then((s) => [s.seed, s.store])`, []any{7.0, "memory"}},
		{"it can be crashed", `redis.crash("power-loss").then((a) => [a.kind, redis.restart()]).then(([kind, account]) => account.then((a) => [kind, a.lostWrites]))`, []any{"power-loss", 0.0}},
		{"what was on the disk is there again", `redis.command("GET", "lock")`, "worker-A"},
		{"nothing else can be asked", `code(redis.goTo("no-such-step"))`, "TypeError undefined: no such step: no-such-step"},
		{"where the reader is, is told", `until(() => heard.at(-1)?.step === "token").then(() => [heard.at(-1).lesson, heard.at(-1).steps.includes("redlock"), heard.at(-1).done])`, []any{"locks", true, []any{}}},
		{"a page can lead to a step", `redis.goTo("redlock").then(() => until(() => heard.at(-1).step === "redlock"))`, nil},
		{"or by an attribute", `redis.setAttribute("step", "setnx"), until(() => heard.at(-1).step === "setnx")`, nil},
		{"the page around it has not moved", `scrollY`, 0.0},
		{"another lesson begins anew", `(redis.setAttribute("lesson", "sets"), redis.removeAttribute("step"), redis.command("EXISTS", "lock")).then((n) => until(() => heard.at(-1).lesson === "sets").then(() => n))`, 0.0},
		{"what waits is told that the frame is gone", `(() => { const asked = code(redis.command("BLPOP", "none", "0")); setTimeout(() => redis.remove(), 300); return asked; })()`, "Error undefined: the element was removed"},
	} {
		var got any
		if err := b.try(c.expression, &got); err != nil {
			t.Errorf("%s: %s: %v", c.promise, c.expression, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s\n%s", c.promise, c.expression, diff)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		t.Error(p)
	}
}

// Page and frame hear nobody but each other.
func TestAFrameTalksToNobodyElse(t *testing.T) {
	t.Parallel()
	b, site := author(t, `<everysec-playground lesson="locks" loading="eager"></everysec-playground>
		<iframe id="hand" src="HOST/lessons/locks/?embed=ORIGIN"></iframe>
		<iframe id="other" src="HOST/lessons/locks/?embed=https://somebody.example"></iframe>
		<iframe id="nobody" src="HOST/lessons/locks/?embed"></iframe>`)
	b.eval(`
		globalThis.heard = [];
		addEventListener("message", (e) => heard.push([["hand", "other", "nobody"].find((id) => document.getElementById(id).contentWindow === e.source), e.origin, e.data]));
		`+until+`
		document.getElementById("hand").src = "`+site+`/lessons/locks/?embed=" + location.origin;
		globalThis.ask = (id, what, ...args) => document.getElementById(id).contentWindow.postMessage({ everysec: "ask", id: 1, what, args }, "`+site+`");
		document.querySelector("everysec-playground").ready.then(() => until(() => heard.some(([who, , m]) => who === "hand" && m.everysec === "ready")))`, nil)
	// By hand, as embed/ describes it.
	var got any
	b.eval(`ask("hand", "command", "ECHO", "by hand"); until(() => heard.some(([, , m]) => m.everysec === "answer")).then(() => heard.find(([, , m]) => m.everysec === "answer"))`, &got)
	if diff := cmp.Diff(any([]any{"hand", site, map[string]any{"everysec": "answer", "id": 1.0, "value": "by hand"}}), got); diff != "" {
		t.Error(diff)
	}
	b.eval(`heard.length = 0; ask("hand", "constructor"); until(() => heard.some(([, , m]) => m.everysec === "answer")).then(() => heard.find(([, , m]) => m.everysec === "answer")[2].error.message)`, &got)
	if got != "no such call: constructor" {
		t.Errorf("a call that is none of those: %v", got)
	}
	// Frames that belong to another origin, or to none, say nothing and do nothing.
	b.eval(`heard.length = 0; for (const id of ["other", "nobody"]) ask(id, "command", "PING"); new Promise((r) => setTimeout(r, 4000)).then(() => heard.filter(([who]) => who !== "hand").length)`, &got)
	if got != 0.0 {
		t.Errorf("%v messages from frames of somebody else", got)
	}
	// What another window sends is not what the element's frame says.
	b.eval(`(async () => {
		const redis = document.querySelector("everysec-playground");
		let progress = 0;
		redis.addEventListener("progress", () => progress++);
		const asked = redis.command("BLPOP", "none", "1");
		await new Promise((r) => setTimeout(r, 100));
		for (let id = 0; id < 20; id++) postMessage({ everysec: "answer", id, value: "forged" }, "*");
		postMessage({ everysec: "progress", lesson: "forged" }, "*");
		return [await asked, progress];
	})()`, &got)
	if diff := cmp.Diff(any([]any{nil, 0.0}), got); diff != "" {
		t.Errorf("the element believes another window: %s", diff)
	}
}

// A frame never opens what a reader has stored, whatever its address says.
func TestAFrameKeepsNothing(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), site(t))
	b.open("/lessons/locks/?embed&store=idb://playground")
	var state any
	b.eval(`everysec.state().then((s) => s.store)`, &state)
	if state != "memory" {
		t.Errorf("the files of a frame are in %v", state)
	}
	var links any
	b.eval(until+`
		until(() => document.querySelector('.lesson a[target="_blank"]')).then(() => [...document.querySelectorAll(".lesson a[href]")].filter((a) => a.checkVisibility()).every((a) =>
			a.origin !== location.origin ? a.target === "_blank" : a.pathname === location.pathname || a.search === location.search))`, &links)
	if links != true {
		t.Error("a link leads out of the course inside of the frame, or to a lesson that is no frame")
	}
}

// In German it does, too, and says so in German.
func TestThePageForAuthorsInGerman(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	l.run(chromedp.Navigate(l.origin + "/embed/"))
	l.clicks(`.languages [hreflang="de"]`)
	l.sees("the German page", `document.documentElement?.lang === "de" && document.querySelector("h1")?.textContent === "Eine Lektion in einer eigenen Seite"`)
	l.eval(`document.querySelector("#example").scrollIntoView({behavior: "instant"}), document.querySelector("#example").ready`, nil)
	l.clicks("#take")
	l.clicks("#cut")
	l.sees("what survived", `document.querySelector("#said").textContent === "1 Schreibvorgänge überlebt, 0 verloren"`)
	l.sees("where the reader is", `/Schritten erledigt$/.test(document.querySelector("#at").textContent)`)
	l.sees("a German server", `document.querySelector("#example").src?.includes("/de/") ?? document.querySelector("#example").shadowRoot?.querySelector("iframe")?.src.includes("/lessons/locks/de/")`)
	l.sees("the way to the course", `document.querySelector('main a[href$="lessons/de/"]') && document.querySelector("code").textContent.includes(location.origin + "/embed.js")`)
	for _, p := range l.problems {
		t.Error(p)
	}
}

// The page that tells authors how works itself, under our own policy.
func TestThePageForAuthors(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	l.run(chromedp.Navigate(l.origin + "/embed/"))
	l.eval(`document.querySelector("#example").scrollIntoView({behavior: "instant"}), document.querySelector("#example").ready`, nil)
	for _, c := range []struct{ button, says string }{
		{"take", `"OK"`}, {"take", "null"}, {"look", "30"}, {"cut", "1 writes survived, 0 were lost"}, {"next", "here is token"},
	} {
		l.clicks("#" + c.button)
		l.sees("the server says "+c.says, `document.querySelector("#said").textContent === `+"`"+c.says+"`"+` || ("`+c.button+`" === "look" && /^(29|30)$/.test(document.querySelector("#said").textContent))`)
	}
	l.sees("the reader is there", `document.querySelector("#at").textContent.startsWith("token, ")`)
	l.sees("what is copied names this site", `document.querySelector(".manual pre").textContent.includes(location.origin + "/embed.js")`)
	script, err := axe()
	if err != nil {
		t.Fatal(err)
	}
	l.eval(script+"\n;true", nil)
	for _, scheme := range []string{"light", "dark"} {
		l.prefers("prefers-color-scheme", scheme)
		for _, width := range []int64{1440, 390} {
			l.size(width, 844)
			var found []string
			l.eval(`axe.run(document, {resultTypes: ["violations"], iframes: false}).then(({violations}) => violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" "))))`, &found)
			for _, violation := range found {
				t.Errorf("%d pixels, %s: %s", width, scheme, violation)
			}
			var over float64
			l.eval(`document.documentElement.scrollWidth - innerWidth`, &over)
			if over > 0 {
				t.Errorf("%d pixels: %v more than the page is wide", width, over)
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.problems {
		if strings.Contains(p, "Content Security Policy") {
			t.Error(p)
		}
	}
}
