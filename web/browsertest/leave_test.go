package browsertest

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The next lesson costs nothing of this one: neither what no fsync has saved yet,
// nor the line that was being typed. A tab that is closed is a power cut all the
// same.
func TestALinkOfTheCourseLosesNothing(t *testing.T) {
	t.Parallel()
	const lesson = "/lessons/rdb-and-aof/"
	l := learner{launch(t, t.TempDir(), site(t))}
	writes := func(key string) {
		t.Helper()
		l.goes(lesson)
		l.types("redis", "CONFIG SET appendonly yes")
		l.answer("redis", "CONFIG SET appendonly yes", []string{"OK"})
		l.types("redis", "CONFIG SET appendfsync no")
		l.answer("redis", "CONFIG SET appendfsync no", []string{"OK"})
		l.sees("the append only file is there", `document.querySelector("#set-appendfsync").value === "no" && document.querySelector("#set-appendonly").value === "yes" && document.querySelector("#job").textContent === ""`)
		l.types("redis", "SET "+key+" 1")
		l.answer("redis", "SET "+key+" 1", []string{"OK"})
	}
	finds := func(key, want string) {
		t.Helper()
		l.types("redis", "EXISTS "+key)
		l.answer("redis", "EXISTS "+key, []string{"(integer) " + want})
	}
	writes("kept")
	l.run(chromedp.SendKeys(".entry input", "GET ke", chromedp.ByQuery))
	l.eval(`document.querySelector(".onward a[rel=next]").click()`, nil)
	l.sees("the next lesson", `location.pathname !== "`+lesson+`" && document.querySelector(".console")`)
	l.goes(lesson)
	l.sees("what was typed", `document.querySelector(".entry input").value === "GET ke"`)
	l.eval(`document.querySelector(".entry input").select()`, nil)
	finds("kept", "1")

	writes("cut")
	l.run(chromedp.Navigate("about:blank")) // as closing the tab
	l.goes(lesson)
	finds("cut", "0")
	finds("kept", "1")
}

// What takes long has a bar, over what is there anyhow: nothing moves.
func TestABarForWhatTakesLong(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	place := `JSON.stringify([...document.querySelectorAll(".top > :not(.underway, .doing, .clock, .status), main, main > *")].map((e) => [e.getBoundingClientRect().top, e.getBoundingClientRect().left]))`
	var before, while string
	l.eval(`everysec.pipeline([["SET", "k", "v"]]).then(() => everysec.fault("hung-fsync"))`, nil)
	l.sees("the fault is told", `document.querySelector("#armed")?.hidden === false`)
	l.eval(place, &before)
	l.types("redis", "BGSAVE")
	l.sees("the bar", `document.querySelector(".top progress:not([hidden])")?.getAttribute("aria-label") === "BGSAVE"`)
	if l.eval(place, &while); while != before {
		t.Errorf("something has moved:\n%s\n%s", before, while)
	}
	l.eval(`everysec.fault("none")`, nil)
	l.sees("no bar", `document.querySelector(".top progress").hidden`)
}

// A reload finds the page as it was left: the consoles with their names, signs
// and lines, which of them was in front, what the keyspace showed, the panel.
func TestAReloadFindsThePageAsItWas(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	const address = "/?store=idb://desk&config.appendfsync=always"
	l.goes(address)
	l.types("redis", "SET user:1 x")
	l.answer("redis", "SET user:1 x", []string{"OK"})
	l.clicks("#add-console")
	l.sees("a second console", `document.querySelectorAll(".console").length === 2`)
	l.clicks("#add-console")
	l.sees("a third console", `document.querySelectorAll(".console").length === 3`)
	l.eval(`(() => { const c = document.querySelector('.console[data-console="worker-A"]'), n = c.querySelector('input.label');
		n.value = "cache <b>"; n.dispatchEvent(new Event("change")) })()`, nil)
	l.clicks(`.console[data-console="worker-B"] .close`)
	l.sees("two consoles", `document.querySelectorAll(".console").length === 2`)
	l.run(chromedp.SendKeys(`.console[data-console="redis"] .entry input`, "GET us", chromedp.ByQuery))
	l.run(chromedp.SendKeys(`.console[data-console="worker-A"] .entry input`, `SET "half`, chromedp.ByQuery))
	l.clicks(`[data-view="tree"]`)
	l.run(chromedp.SendKeys("#glob", "user:*", chromedp.ByQuery))
	l.opens("settings")
	signs := `JSON.stringify([...document.querySelectorAll(".console")].map((c) => [c.dataset.console, c.querySelector("[data-sign]").dataset.sign, c.querySelector(".entry input").value, c.innerText.includes("cache <b>")]))`
	var before, after string
	l.eval(signs, &before)
	l.goes(address)
	l.sees("the panel", `document.querySelector('#panel[data-panel="settings"]:not([hidden])')`)
	l.sees("what is in force", `document.querySelector("#settings-text").value.includes("\nhz 10\n")`)
	l.sees("two consoles", `document.querySelectorAll(".console").length === 2`)
	l.eval(signs, &after)
	if after != before {
		t.Errorf("the consoles were\n%s\nand are\n%s", before, after)
	}
	l.sees("the view and the filter", `document.querySelector('[data-view="tree"]').ariaPressed === "true" && document.querySelector("#glob").value === "user:*"`)
	l.eval(`document.querySelector('.console[data-console="worker-A"] .entry input').select()`, nil)
	l.types("worker-A", "GET user:1")
	l.answer("worker-A", "GET user:1", []string{`"x"`})
	l.clicks("#panel-close")
	l.goes(address)
	l.sees("no panel", `document.querySelectorAll(".console").length === 2 && !document.querySelector("#panel:not([hidden])")`)
}

// Where the browser gives no lasting store the page says so, and asks before what
// lives only in this tab is lost: by a link, and by a reload. Who asked for a store
// in memory is not asked.
func TestThePageAsksBeforeSomethingIsLost(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), siteBut(t, `Object.defineProperty(self, "indexedDB", {value: undefined});`))}
	type question struct{ kind, text string }
	questions := make(chan question, 9)
	answer := false
	chromedp.ListenTarget(l.ctx, func(event any) {
		if e, is := event.(*page.EventJavascriptDialogOpening); is {
			agree := answer
			questions <- question{string(e.Type), e.Message}
			go func() { _ = chromedp.Run(l.ctx, page.HandleJavaScriptDialog(agree)) }()
		}
	})
	asked := func(what, kind, words string) {
		t.Helper()
		select {
		case q := <-questions:
			if q.kind != kind || !strings.Contains(q.text, words) {
				t.Errorf("%s: the question is %+v", what, q)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: nothing is asked", what)
		}
	}
	none := func(what string) {
		t.Helper()
		select {
		case q := <-questions:
			t.Errorf("%s: it asks %+v", what, q)
		default:
		}
	}
	const lesson = "/lessons/rdb-and-aof/"
	l.goes(lesson)
	l.sees("that nothing is kept", `document.querySelector("#notice-text").textContent.includes("only as long as this tab")`)
	l.goes(lesson)
	none("a page on which nothing was done")
	l.types("redis", "SET k 1")
	l.answer("redis", "SET k 1", []string{"OK"})
	l.keys("1 key")
	l.eval(`setTimeout(() => document.querySelector(".onward a[rel=next]").click()), true`, nil)
	asked("a link", "confirm", "only as long as this tab")
	l.eval(`setTimeout(() => location.reload()), true`, nil)
	asked("a reload", "beforeunload", "")
	l.types("redis", "GET k")
	l.answer("redis", "GET k", []string{`"1"`})
	answer = true
	l.eval(`setTimeout(() => document.querySelector(".onward a[rel=next]").click()), true`, nil)
	asked("a link again", "confirm", "only as long as this tab")
	l.sees("the next lesson", `location.pathname !== "`+lesson+`" && document.querySelector(".console")`)
	none("who has agreed")

	l.goes("/?store=memory:")
	l.types("redis", "SET k 1")
	l.answer("redis", "SET k 1", []string{"OK"})
	l.goes("/?store=memory:")
	none("who asked for a store in memory")
}

// Whatever takes longer than a moment has a bar while it does, and none when it
// is over: a start with many keys, SAVE, a rewrite, a look into a large file, a
// look back on a long run, such a run from a file, an import, a dump.rdb that is
// loaded.
func TestWhateverTakesLongHasABar(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.eval(`(() => {
		globalThis.bars = new Set();
		const look = () => {
			for (const b of document.querySelectorAll("progress")) if (!b.hidden && b.checkVisibility() && !b.closest("#progress")) bars.add(b.ariaLabel);
			requestAnimationFrame(look);
		};
		look();
	})()`, nil)
	shows := func(what, bar, act, over string) {
		t.Helper()
		l.eval(`bars.clear()`, nil)
		l.eval(act, nil)
		l.sees("a bar for "+what, `[...bars].some((b) => /`+bar+`/.test(b))`)
		l.sees("the end of "+what, over)
		l.sees("no bar after "+what, `![...document.querySelectorAll("progress")].some((b) => !b.hidden && b.checkVisibility())`)
	}
	l.eval(`everysec.pipeline([["CONFIG", "SET", "save", ""], ["DEBUG", "POPULATE", "700000", "key", "100"]])`, nil)
	l.run(chromedp.SendKeys(console("redis")+" .entry input", "SAVE", chromedp.ByQuery))
	shows("SAVE", "^SAVE$", `document.querySelector(".entry input").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}))`,
		`document.querySelector(".log").textContent.includes("OK")`)
	shows("a rewrite", "rewriting", `everysec.command("BGREWRITEAOF")`, `document.querySelector("#job").textContent === ""`)
	shows("a start", "starting|loading", `everysec.crash("kill-9").then(() => setTimeout(() => document.querySelector("#restart").click(), 500)), true`, `document.body.dataset.server === "running"`)
	var keys int
	if l.eval(`everysec.command("DBSIZE")`, &keys); keys != 700_000 {
		t.Errorf("after the start there are %d keys", keys)
	}
	shows("a look into a file", "How much of the file", `document.querySelector('#file-rows button[name="view"][value="dump.rdb"]').click()`,
		`document.querySelector('#viewer[data-done="true"]')`)
	l.eval(`document.querySelector("#viewer").close?.()`, nil)
	l.run(chromedp.KeyEvent(kb.Escape))
	shows("a look back", "Playing the run", `document.querySelector('#panels [data-panel="time"]').click()`, `document.querySelector("#time-where")?.textContent.startsWith("now, after ")`)
	shows("a run from a file", "Playing the run", `everysec.run.save().then((run) => {
		const chosen = new DataTransfer(), input = document.querySelector("#time-load");
		chosen.items.add(new File([run], "mine.everysec"));
		input.files = chosen.files;
		input.dispatchEvent(new Event("change"));
	})`, `document.querySelector("#past:not([hidden])")?.textContent.includes("mine.everysec")`)
	l.clicks("#time-back")
	l.sees("the present", `document.querySelector("#past").hidden`)
	l.opens("files")
	l.eval(`globalThis.blob = null; URL.createObjectURL = (b) => { globalThis.blob = b; return "blob:x"; }; HTMLAnchorElement.prototype.click = () => {}`, nil)
	l.eval(`[...document.querySelectorAll("#panel button")].find((b) => b.textContent.startsWith("Export everything")).click()`, nil)
	l.sees("the zip", `globalThis.blob?.size > 1e7`) // it is made in less than a moment
	shows("an import", "Under way", `(() => {
		const chosen = new DataTransfer(), input = document.querySelector("#files-import");
		chosen.items.add(new File([blob], "mine.zip"));
		input.files = chosen.files;
		input.dispatchEvent(new Event("change"));
	})()`, `document.querySelector("#files-said").textContent.startsWith("mine.zip has been loaded.")`)
	l.eval(`document.querySelector("#panel-close").click(), everysec.readFile("dump.rdb").then((b) => { globalThis.dump = b; })`, nil)
	shows("a dump.rdb", "^loading$", `(() => {
		const chosen = new DataTransfer(), input = document.querySelector("#upload");
		chosen.items.add(new File([dump], "dump.rdb"));
		input.files = chosen.files;
		input.dispatchEvent(new Event("change"));
	})()`, `document.querySelector("#notice-text").textContent.startsWith("dump.rdb has been loaded.")`)
}
