package browsertest

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// visitor opens the page on files that stay in the browser.
func visitor(b *browser) learner {
	l := learner{b}
	l.open("/?seed=7")
	return l
}

func (l learner) running() {
	l.t.Helper()
	l.sees("the server runs", `document.body.dataset.server === "running" && document.querySelector("#set-save").value !== ""`)
}

// What the first tab wrote belongs to the second when it takes over; the first
// is told, and goes on with what it has in memory.
func TestTheSecondTabTakesOver(t *testing.T) {
	t.Parallel()
	first := visitor(launch(t, t.TempDir(), site(t)))
	first.eval(`navigator.storage.persist = () => { window.asked = true; return Promise.resolve(false); }`, nil)
	first.running()
	first.sees("nobody has asked to keep files before there are any", `!window.asked`)
	first.types("redis", "CONFIG SET appendfsync always")
	first.types("redis", "SET kept yes")
	first.answer("redis", "SET kept yes", []string{"OK"})
	first.sees("the browser is asked to keep what was written", `window.asked`)

	second := visitor(first.tab())
	second.sees("the choice", `!document.querySelector("#notice").hidden && document.querySelector("#notice-actions button[name=take]")`)
	second.run(chromedp.Click("#notice-actions button[name=take]", chromedp.ByQuery))
	second.running()
	second.types("redis", "GET kept")
	second.answer("redis", "GET kept", []string{`"yes"`})
	second.sees("whose files they are", `document.querySelector("#status").textContent.includes("files in this browser")`)

	first.run(page.BringToFront()) // a tab that nobody sees is not drawn
	first.sees("the first tab is told", `document.querySelector("#notice-text").textContent.includes("another tab")`)
	first.types("redis", "GET kept")
	first.answer("redis", "GET kept", []string{`"yes"`})
}

func TestTheSecondTabRunsOnACopy(t *testing.T) {
	t.Parallel()
	first := visitor(launch(t, t.TempDir(), site(t)))
	first.running()
	first.types("redis", "CONFIG SET appendfsync always")
	first.types("redis", "SET kept yes")
	first.answer("redis", "SET kept yes", []string{"OK"})

	second := visitor(first.tab())
	second.sees("the choice", `document.querySelector("#notice-actions button[name=copy]")`)
	second.run(chromedp.Click("#notice-actions button[name=copy]", chromedp.ByQuery))
	second.running()
	second.types("redis", "GETSET kept no")
	second.answer("redis", "GETSET kept no", []string{`"yes"`})
	second.sees("that it is a copy", `document.querySelector("#status").textContent.includes("only in this tab")`)

	first.run(page.BringToFront())
	first.types("redis", "GET kept")
	first.answer("redis", "GET kept", []string{`"yes"`})
}

// A worker that dies, as one that ran out of memory does, is followed by
// another on the same files.
func TestTheWorkerDies(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), site(t))
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`{
			const real = Worker;
			window.Worker = class extends real { constructor(...a) { super(...a); window.lastWorker = this; } };
		}`).Do(ctx)
		return err
	}))
	l := visitor(b)
	l.running()
	l.types("redis", "CONFIG SET appendfsync always")
	l.types("redis", "SET kept yes")
	l.answer("redis", "SET kept yes", []string{"OK"})
	l.eval(`(window.before = lastWorker).dispatchEvent(new MessageEvent("message", {data: {fatal: "no memory left"}}))`, nil)
	l.sees("another worker", `lastWorker !== before`)
	l.sees("why", `document.querySelector("#notice-text").textContent.includes("no memory left")`)
	l.running()
	l.types("redis", "GET kept")
	l.answer("redis", "GET kept", []string{`"yes"`})
}
