package browsertest

import (
	"strconv"
	"strings"
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

// keepsAKey writes a key that is on the disk when this returns.
func (l learner) keepsAKey() {
	l.t.Helper()
	l.types("redis", "CONFIG SET appendfsync always")
	l.types("redis", "SET kept yes")
	l.answer("redis", "SET kept yes", []string{"OK"})
}

// What the first tab wrote belongs to the second when it takes over; the first
// is told, and goes on with what it has in memory.
func TestTheSecondTabTakesOver(t *testing.T) {
	t.Parallel()
	first := visitor(launch(t, t.TempDir(), site(t)))
	first.eval(`navigator.storage.persist = () => { window.asked = true; return Promise.resolve(false); }`, nil)
	first.running()
	first.sees("nobody has asked to keep files before there are any", `!window.asked`)
	first.keepsAKey()
	first.sees("the browser is asked to keep what was written", `window.asked`)

	second := visitor(first.tab())
	second.sees("the choice", `!document.querySelector("#notice").hidden && document.querySelector("#notice-actions button[name=take]")`)
	second.run(click("#notice-actions button[name=take]"))
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
	first.keepsAKey()

	second := visitor(first.tab())
	second.sees("the choice", `document.querySelector("#notice-actions button[name=copy]")`)
	second.run(click("#notice-actions button[name=copy]"))
	second.running()
	second.types("redis", "GETSET kept no")
	second.answer("redis", "GETSET kept no", []string{`"yes"`})
	second.sees("that it is a copy", `document.querySelector("#status").textContent.includes("only in this tab")`)

	first.run(page.BringToFront())
	first.types("redis", "GET kept")
	first.answer("redis", "GET kept", []string{`"yes"`})
}

// mortal has the workers of its pages die: the newest, lastWorker, by dies(why), and
// as deadly says, each once it is there ("files") but one that starts no server, or
// also that one, at once ("at once"). started counts those that were there.
func mortal(b *browser) learner {
	b.before(`{
			const real = Worker;
			window.started = 0;
			window.Worker = class extends real {
				constructor(...a) {
					super(...a);
					if (!/\/worker\.js/.test(a[0])) return; // the viewer's
					window.lastWorker = this;
					// As one that runs out of memory while the server loads: after it has said that it is there.
					this.addEventListener("message", ({data}) => {
						if (!data.ready) return;
						started++;
						this.lived = true;
						if (window.deadly && !(this.held && deadly === "files")) setTimeout(() => this.dies("no memory left"), 100);
					});
				}
				postMessage(m, ...more) {
					if (m.start) this.held = m.start.held;
					if (m.start?.held && window.deadly === "at once") setTimeout(() => this.dies("none at all"));
					super.postMessage(m, ...more);
				}
				dies(fatal) { this.dispatchEvent(new MessageEvent("message", {data: {fatal}})); }
			};
		}`)
	return visitor(b)
}

// A worker that dies, as one that ran out of memory does, is followed by
// another on the same files.
func TestTheWorkerDies(t *testing.T) {
	t.Parallel()
	l := mortal(launch(t, t.TempDir(), site(t)))
	l.running()
	l.keepsAKey()
	l.eval(`(window.before = lastWorker).dies("no memory left")`, nil)
	l.sees("another worker", `lastWorker !== before`)
	l.sees("why", `document.querySelector("#notice-text").textContent.includes("no memory left")`)
	l.running()
	l.types("redis", "GET kept")
	l.answer("redis", "GET kept", []string{`"yes"`})
}

// Files that an engine dies of at its start would kill each that follows, and the
// page with it: the third death is the last. Then the files are there without a
// server, to be looked at and taken home, and it is tried again only on request.
func TestTheEngineDiesOfItsFiles(t *testing.T) {
	t.Parallel()
	l := mortal(launch(t, t.TempDir(), site(t)))
	l.running()
	l.keepsAKey()
	l.eval(`window.deadly = "files", lastWorker.dies("no memory left")`, nil)
	l.sees("that it gives up", `document.querySelector("#notice-text").textContent.startsWith("The engine died again and again (no memory left)")`)
	l.sees("no server", `document.body.dataset.server === "down"`)
	l.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	var height float64
	if l.eval(`document.querySelector("#notice").offsetHeight`, &height); height > 844/3 {
		t.Errorf("on a phone the notice is %v pixels high", height)
	}
	l.run(chromedp.EmulateViewport(1440, 900))
	var before, after int
	l.eval(`started`, &before)
	l.types("redis", "GET kept")
	l.answer("redis", "GET kept", []string{"Could not connect to Redis at 127.0.0.1:6379: Connection refused"})
	var files string
	l.eval(`everysec.files().then((list) => list.map((f) => f.name).join(" "))`, &files)
	if !strings.Contains(files, "appendonlydir/appendonly.aof.1.incr.aof") {
		t.Errorf("the files are %s", files)
	}
	l.eval(`new Promise((done) => setTimeout(() => done(started), 500))`, &after)
	if before != after {
		t.Errorf("%d engines more were started", after-before)
	}

	// Who starts it all the same, and has it die of them, is where he was.
	l.clicks("#notice-actions button[name=restart]")
	l.running()
	l.eval(`lastWorker.dies("no memory left")`, nil)
	l.sees("that it gives up", `started === `+strconv.Itoa(after+1)+` && document.querySelector("#notice-text").textContent.startsWith("The engine died again and again (no memory left)")`)
	l.eval(`window.deadly = ""`, nil)
	l.clicks("#notice-actions button[name=restart]")
	l.running()
	l.types("redis", "GET kept")
	l.answer("redis", "GET kept", []string{`"yes"`})

	// One that dies even so, and at once, is not followed by another, and the page
	// neither freezes nor goes on asking.
	l.eval(`window.deadly = "at once", lastWorker.dies("no memory left")`, nil)
	l.sees("that nothing is left", `document.querySelector("#notice-text").textContent.startsWith("No engine runs here any more (the engine dies at every start: none at all)")`)
	l.types("redis", "GET kept")
	l.answer("redis", "GET kept", []string{"Could not connect to Redis at 127.0.0.1:6379: Connection refused"})
	l.open("/?seed=7")
	l.running()
	l.types("redis", "GET kept")
	l.answer("redis", "GET kept", []string{`"yes"`})
}
