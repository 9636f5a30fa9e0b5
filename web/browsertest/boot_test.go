package browsertest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"everysec/web/cmd/site/publish"
)

func TestThePageAnswersItsFirstCommand(t *testing.T) {
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

// The page works under its own policy, and asks nobody but its own server.
func TestThePageKeepsToItself(t *testing.T) {
	b := launch(t, t.TempDir(), site(t))
	b.open("/?store=memory:")
	b.eval(`everysec.command("PING")`, nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) == 0 {
		t.Fatal("no request was seen at all")
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, b.origin+"/") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			t.Errorf("a request leaves the page: %s", url)
		}
	}
	for _, p := range b.problems {
		if strings.Contains(p, "Content Security Policy") {
			t.Error(p)
		}
	}
}
