package browsertest

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"everysec/web/cmd/site/publish"
)

func TestThePageAnswersItsFirstCommand(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), site(t))
	b.open("/?store=memory:")
	var reply string
	b.eval(`everysec.command("PING")`, &reply)
	if reply != "PONG" {
		t.Errorf("PING replied %q", reply)
	}
	var values []any
	b.eval(`everysec.pipeline([["SET", "k", "v"], ["GET", "k"], ["GET", "missing"]])`, &values)
	if diff := cmp.Diff([]any{"OK", "v", nil}, values); diff != "" {
		t.Error(diff)
	}
}

// The lesson can be read before the engine is there, and without it.
func TestTheTextDoesNotWaitForTheEngine(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{"/worker.js", "/everysec.wasm"} {
		t.Run(missing, func(t *testing.T) {
			over := make(chan struct{})
			t.Cleanup(func() { close(over) })
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == missing {
					select { // an answer that does not come
					case <-over:
					case <-r.Context().Done():
					}
					return
				}
				publish.Handler(dist).ServeHTTP(w, r)
			}))
			t.Cleanup(s.CloseClientConnections)
			b := launch(t, t.TempDir(), strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
			b.run(chromedp.Navigate(b.origin + "/?store=memory:"))
			var height float64
			b.eval(`new Promise((resolve) => setTimeout(resolve, 1000)).then(() => document.querySelector("h1, h2").getBoundingClientRect().height)`, &height)
			if height == 0 {
				t.Error("the text is not shown")
			}
			// What there is to be read and understood meanwhile, and what is said of the rest.
			l := learner{b}
			for _, size := range [][2]int64{{1440, 900}, {390, 844}} {
				l.size(size[0], size[1])
				l.complain(t, "before the engine", `(() => {
					const seen = (e) => e.checkVisibility({ contentVisibilityAuto: true }) && e.getBoundingClientRect().top < innerHeight;
					const found = [];
					if (![...document.querySelectorAll("#lesson p")].filter(seen).length) found.push("no text of the lesson");
					if (![...document.querySelectorAll("#lesson .transcript")].filter(seen).length) found.push("no example");
					if (!document.querySelector("a.course").checkVisibility()) found.push("no way to other lessons");
					if (document.querySelector("#status").textContent !== "starting…") found.push("the state is " + document.querySelector("#status").textContent);
					if (innerWidth > 760 && ![...document.querySelectorAll(".legend li, .lane .label, .entry .prompt")].every(seen)) found.push("the parts of the page are not there");
					return found;
				})()`)
				l.picture("before-" + missing[1:] + "-" + strconv.Itoa(int(size[0])))
			}
			for tab, part := range map[string]string{"work": ".consoles", "durability": ".lanes", "watch": ".keyspace", "more": "#panels", "lesson": "#lesson"} {
				l.clicks(`.tabs [data-tab="` + tab + `"]`)
				l.sees("the part "+tab, `document.querySelector("`+part+`").checkVisibility() && document.querySelector(".tabs [aria-current]").dataset.tab === "`+tab+`"`)
			}
			var answered bool
			b.eval(`Boolean(window.everysec)`, &answered)
			if answered {
				t.Error("the engine is there: this test tests nothing")
			}
		})
	}
}

// A link to a step leads there, though the page is laid out late: in the
// address, and in the page.
func TestALinkToAStepLeadsThere(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), site(t))
	b.open("/?store=memory:")
	var step string
	b.eval(`[...document.querySelectorAll("section.step")].at(-2).id`, &step) // below it there is enough to scroll it to the top
	b.run(chromedp.Navigate("about:blank"))
	b.open("/?store=memory:#" + step)
	b.eval(`everysec.command("PING")`, nil)
	isThere := func() {
		t.Helper()
		var top float64
		b.eval(`new Promise((resolve) => setTimeout(resolve, 2000)).then(() => document.getElementById("`+step+`").getBoundingClientRect().top)`, &top)
		if top < 0 || top > 300 {
			t.Errorf("the step begins at %v, above or below what is seen", top)
		}
	}
	isThere()
	b.open("/?store=memory:")
	b.eval(`new Promise((resolve) => {
		const look = () => (document.documentElement.classList.contains("whole") ? resolve() : setTimeout(look, 20));
		look();
	}).then(() => document.querySelector('#steps a[data-step="`+step+`"]').click())`, nil)
	isThere()
}

// strays lists what left the page so far, or wanted to, and what its policy had
// to refuse.
func (b *browser) strays() (found []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) == 0 {
		b.t.Fatal("no request was seen at all")
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, b.origin+"/") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			found = append(found, "a request to "+url)
		}
	}
	for _, p := range b.problems {
		if strings.Contains(p, "Content Security Policy") {
			found = append(found, p)
		}
	}
	return found
}

// The page works under its own policy, and asks nobody but its own server: on
// every view. What a page must not do is refused and seen: the check can fail.
func TestThePageKeepsToItself(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.fill()
	eachView(t, l, func(t *testing.T, _ view) {
		for _, s := range l.strays() {
			t.Error(s)
		}
	})
	for _, stray := range []struct{ name, script, seen string }{
		{"a script in the page", `(() => { const s = document.createElement("script"); s.textContent = "window.ran = 1"; document.body.append(s) })()`, "script"},
		{"a handler in markup", `(() => { const d = document.createElement("div"); d.innerHTML = "<img src='data:,' onerror='window.ran = 2'>"; document.body.append(d) })()`, "event handler"},
		{"evaluated text", `setTimeout("window.ran = 3")`, "string as JavaScript"},
		{"a style in markup", `(() => { const d = document.createElement("div"); d.innerHTML = "<p style='color: red'>"; document.body.append(d) })()`, "style"},
		{"a request", `fetch("https://elsewhere.invalid/f").catch(() => {})`, "elsewhere.invalid/f"},
		{"a picture", `(() => { new Image().src = "https://elsewhere.invalid/i" })()`, "elsewhere.invalid/i"},
		{"a frame", `(() => { const f = document.createElement("iframe"); f.src = "https://elsewhere.invalid/p"; document.body.append(f) })()`, "elsewhere.invalid"},
	} {
		t.Run(stray.name, func(t *testing.T) {
			known := len(l.strays())
			l.eval(stray.script, nil)
			for deadline := time.Now().Add(5 * time.Second); len(l.strays()) == known && time.Now().Before(deadline); {
				time.Sleep(20 * time.Millisecond)
			}
			if found := strings.Join(l.strays()[known:], "; "); !strings.Contains(found, stray.seen) {
				t.Errorf("it is not seen: %q", found)
			}
			l.sees("nothing ran", `window.ran === undefined`)
		})
	}
}
