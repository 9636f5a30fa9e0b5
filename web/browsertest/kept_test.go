package browsertest

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// everything is the present as the bytes it is: all keys, and all files.
const everything = `(async () => {
	const files = {};
	for (const f of await everysec.files()) files[f.name] = String(await everysec.readFile(f.name));
	return JSON.stringify([await everysec.command("DEBUG", "DIGEST"), files]);
})()`

// keptRun is what the page's API says of a run that is over.
type keptRun struct {
	ID                  string
	Began, Ended        float64
	Inputs, Bytes, Kept int64
	Full, Left          bool
}

type keptRuns struct {
	Keeping, Why string
	Bytes        int64
	Runs         []keptRun
}

func (l learner) kept() (k keptRuns) {
	l.t.Helper()
	l.eval(`everysec.run.kept()`, &k)
	return k
}

// leavesAllTheSame agrees when the page asks.
func (l learner) leavesAllTheSame() {
	chromedp.ListenTarget(l.ctx, func(event any) {
		if _, is := event.(*page.EventJavascriptDialogOpening); is {
			go func() { _ = chromedp.Run(l.ctx, page.HandleJavaScriptDialog(true)) }()
		}
	})
}

// keeps waits until all that has been done by now is kept.
func (l learner) keeps() {
	l.t.Helper()
	l.eval(`(async () => {
		const size = (await everysec.run.save()).length - 32; // without what only a file has
		while ((await everysec.run.kept()).bytes < size) await new Promise((r) => setTimeout(r, 50));
	})()`, nil)
}

// Who comes back finds the run: it is gone through, moment by moment, saved, gone on
// from, and forgotten.
func TestTheRunIsFoundAfterAReload(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	const address = "/?store=idb://kept&config.appendfsync=always"
	l.goes(address)
	for _, line := range []string{"SET a 1", "SET b 2", "LPUSH c x", "DEL a", "CONFIG SET appendonly yes"} {
		l.types("redis", line)
	}
	l.keys("2 keys")
	var before, after string
	l.eval(everything, &before)
	l.types("redis", "ECHO last")
	l.answer("redis", "ECHO last", []string{`"last"`}) // and at once:
	l.goes(address)
	l.types("redis", "SET new 1")
	l.keys("3 keys")
	l.sees("nothing of the run before", `!document.querySelector("#time-kept")`)
	l.opens("time")
	l.sees("the run before", `document.querySelectorAll("#time-kept li").length === 1 && /^The run before this page was opened\d+ inputs in .*, ended at \d\d:\d\d:\d\d\.\d, .* ago\.Look/.test(document.querySelector("#time-kept li").textContent)`)
	l.picture("kept-now")
	l.clicks("#time-kept button")
	l.sees("its end", `document.querySelector("#past").textContent.includes("the end of the run of ")`)
	l.keys("2 keys")
	l.clicks("#time-earlier")
	l.clicks("#time-later")
	l.sees("the last that was done", `document.querySelector("#time-what").textContent.startsWith("redis: ECHO last")`)
	l.backTo("redis: LPUSH c x")
	l.keys("3 keys")
	l.picture("kept-past")
	l.backTo("redis: SET a 1")
	l.keys("1 key")
	l.clicks("#time-back")
	l.keys("3 keys")

	// As a file it is the same run.
	l.eval(`globalThis.blob = null; URL.createObjectURL = (b) => { globalThis.blob = b; return "blob:x"; }; HTMLAnchorElement.prototype.click = () => {}`, nil)
	l.clicks("#time-kept button:nth-of-type(2)")
	l.sees("the file", `blob?.size > 100`)
	l.eval(`(() => {
		const chosen = new DataTransfer(), input = document.querySelector("#time-load");
		chosen.items.add(new File([blob], "mine.everysec"));
		input.files = chosen.files;
		input.dispatchEvent(new Event("change"));
	})()`, nil)
	l.sees("its end", `document.querySelector("#past:not([hidden])")?.textContent.includes("the end of mine.everysec")`)
	l.keys("2 keys")
	l.clicks("#time-back")
	l.keys("3 keys")

	// Its end becomes the present, to the byte; what is left for it is kept as well.
	l.clicks("#time-kept button")
	l.sees("its end", `document.querySelector("#past:not([hidden])")?.textContent.includes("the end of the run of ")`)
	l.keys("2 keys")
	l.clicks("#time-branch")
	l.sees("the present", `document.querySelector("#past").hidden`)
	l.keys("2 keys")
	l.eval(everything, &after)
	if after != before {
		t.Errorf("the run before ended with\n%s\nand is played to\n%s", before, after)
	}
	l.types("redis", "PING") // it connects anew
	l.types("redis", "SET branch 1")
	l.keys("3 keys")
	l.keeps()
	l.sees("what was left, and the run before", `document.querySelectorAll("#time-kept li").length === 2 && document.querySelector("#time-kept li").textContent.startsWith("The run that was left")`)
	if k := l.kept(); k.Keeping != "here" || len(k.Runs) != 2 || !k.Runs[0].Left || k.Runs[1].Left || k.Runs[1].Kept != k.Runs[1].Bytes {
		t.Errorf("there is %+v", k)
	}
	l.size(390, 844)
	l.clicks(`.tabs [data-tab="more"]`)
	l.picture("kept-phone")
	l.size(1440, 900)

	l.clicks("#time-kept li:last-child button:nth-of-type(3)")
	l.sees("one run less", `document.querySelectorAll("#time-kept li").length === 1 && document.activeElement.id === "time-outlives"`)
	l.goes(address)
	l.keys("3 keys")
	l.sees("the branch and what it left", `document.querySelectorAll("#time-kept li").length === 2`)
	l.clicks("#time-forget")
	l.sees("nothing", `document.querySelector("#time-kept").hidden && document.querySelector("#time-forget").hidden`)
	if k := l.kept(); len(k.Runs) != 0 {
		t.Errorf("there is %+v", k)
	}
}

// A browser that is killed has kept what had been done a moment before, and while it
// writes: the run ends after a whole input.
func TestTheRunOfAKilledBrowserIsFound(t *testing.T) {
	t.Parallel()
	profile, origin := t.TempDir(), site(t)
	l := learner{launch(t, profile, origin)}
	const address = "/?store=idb://killed&config.appendonly=no"
	l.goes(address)
	var before, after string
	l.eval(`everysec.pipeline(Array.from({length: 2000}, (_, i) => ["RPUSH", "list", String(i)])).then(() => everysec.command("DEBUG", "DIGEST"))`, &before)
	l.keeps()
	l.kill()
	l = learner{launch(t, profile, origin)}
	l.goes(address)
	if k := l.kept(); len(k.Runs) != 1 || k.Runs[0].Inputs == 0 {
		t.Fatalf("after a kill there is %+v", k)
	}
	const plays = `everysec.run.kept().then(({runs}) => everysec.run.save(runs[0].id)).then((run) => everysec.run.load(run)).then((state) => state.warning)`
	var warning string
	l.eval(plays, &warning)
	if l.eval(`everysec.command("DEBUG", "DIGEST")`, &after); after != before || warning != "" {
		t.Errorf("the digest was %s and is %s; %s", before, after, warning)
	}

	l.goes("/?store=idb://hurried&config.appendonly=no")
	for round := range 2 {
		l.eval(`(async () => {
			await everysec.command("FLUSHALL");
			globalThis.sent = 0;
			(async () => { for (;;) await everysec.pipeline(Array.from({length: 200}, () => ["RPUSH", "list", String(sent++), "x".repeat(500)])); })();
		})()`, nil)
		l.eval(`(async () => { while ((await everysec.run.kept()).bytes < 1e6) await new Promise((r) => setTimeout(r, 50)); })()`, nil)
		time.Sleep(time.Duration(round) * 70 * time.Millisecond) // at another point of a piece
		l.kill()
		l = learner{launch(t, profile, origin)}
		l.goes("/?store=idb://hurried&config.appendonly=no")
		k := l.kept()
		if len(k.Runs) == 0 || k.Runs[0].Kept < 1e6 {
			t.Fatalf("round %d: after a kill there is %+v", round, k)
		}
		l.eval(plays, &warning)
		var list []string
		l.eval(`everysec.command("LRANGE", "list", "0", "-1").then((l) => [l.length, l.filter((v, i) => i % 2 ? v.length !== 500 : Number(v) !== i / 2).length].map(String))`, &list)
		if warning != "" || list[0] == "0" || list[1] != "0" {
			t.Errorf("round %d: of the list there is %v; %s", round, list, warning)
		}
		t.Logf("round %d: %d of %d bytes were kept", round, k.Runs[0].Kept, k.Runs[0].Bytes)
	}
}

// Two tabs keep their runs beside each other, and neither forgets the other's.
func TestTwoTabsKeepTheirRuns(t *testing.T) {
	t.Parallel()
	first := visitor(launch(t, t.TempDir(), site(t)))
	first.running()
	first.types("redis", "SET first 1")
	first.answer("redis", "SET first 1", []string{"OK"})
	first.keeps()
	second := visitor(first.tab())
	second.sees("the choice", `document.querySelector("#notice-actions button[name=copy]")`)
	second.run(click("#notice-actions button[name=copy]"))
	second.running()
	second.types("redis", "SET second 2")
	second.answer("redis", "SET second 2", []string{"OK"})
	second.keeps()
	if k := second.kept(); k.Keeping != "here" || len(k.Runs) != 0 {
		t.Errorf("the second tab finds %+v, and the first is not over", k)
	}
	var left keptRuns
	second.eval(`everysec.run.forget()`, &left)

	first.run(page.BringToFront())
	first.open("/?seed=7")
	k := first.kept()
	if len(k.Runs) != 1 {
		t.Fatalf("the first tab comes back and finds %+v", k)
	}
	second.leavesAllTheSame() // its data are only in this tab
	second.run(page.BringToFront(), chromedp.Navigate("about:blank"))
	first.run(page.BringToFront())
	first.eval(`(async () => { while ((await everysec.run.kept()).runs.length < 2) await new Promise((r) => setTimeout(r, 50)); })()`, nil)
	var keys [][]string
	for _, run := range first.kept().Runs {
		var has []string
		first.eval(`everysec.run.save("`+run.ID+`").then((run) => everysec.run.load(run)).then(() => everysec.command("KEYS", "*")).then((k) => k.sort())`, &has)
		keys = append(keys, has)
	}
	if strings.Join(keys[0], " ") != "first second" && strings.Join(keys[0], " ") != "second" || strings.Join(keys[1], " ") != "first" {
		t.Errorf("the runs end with the keys %q", keys)
	}
}

// Only the newest runs of a store are kept, none in which nothing was done, and none
// at all where the page is to keep nothing.
func TestFewRunsAreKept(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	visit := func(store, command string) (k keptRuns) {
		t.Helper()
		l.open("/?store=" + store)
		k = l.kept()
		if command != "" {
			l.eval(`everysec.command("SET", "`+command+`", "1")`, nil)
		}
		return k
	}
	for _, key := range []string{"a", "b", "", "c", "d", "", "e"} {
		visit("idb://few", key)
	}
	visit("idb://other", "o")
	k := visit("idb://few", "")
	if len(k.Runs) != 3 || k.Keeping != "later" || k.Runs[0].Ended < k.Runs[1].Ended || k.Runs[1].Ended < k.Runs[2].Ended || k.Runs[0].Inputs != 1 {
		t.Fatalf("of five runs there are %+v", k)
	}
	var exists int
	l.eval(`everysec.run.save("`+k.Runs[2].ID+`").then((run) => everysec.run.load(run)).then(() => everysec.command("EXISTS", "c"))`, &exists)
	if exists != 1 {
		t.Error("the third is not that of c")
	}
	visit("memory:", "m")
	if k := visit("memory:", ""); k.Keeping != "nowhere" || len(k.Runs) != 0 {
		t.Errorf("in memory there is %+v", k)
	}
	if k := visit("idb://other", ""); len(k.Runs) != 1 {
		t.Errorf("of the other store there is %+v", k)
	}
}

// raw runs f on the database of the runs, as no page does.
func (l learner) raw(f string) {
	l.t.Helper()
	l.eval(`new Promise((resolve, reject) => {
		const request = indexedDB.open("everysec.runs");
		request.onerror = () => reject(request.error);
		request.onsuccess = () => {
			const db = request.result, tx = db.transaction(["runs", "pieces"], "readwrite");
			(`+f+`)(tx.objectStore("runs"), tx.objectStore("pieces"));
			tx.oncomplete = () => (db.close(), resolve());
		};
	})`, nil)
}

// What another version has left, and what is torn, is refused or played as far as it
// goes, in words; the page starts as ever.
func TestARunOfAnotherVersion(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	const address = "/?store=idb://versions&config.appendfsync=always" // a reload loses nothing
	l.goes(address)
	l.types("redis", "SET a 1")
	l.answer("redis", "SET a 1", []string{"OK"})
	l.keeps()
	l.eval(`everysec.run.kept().then((k) => (localStorage.then = k.bytes))`, nil)
	l.types("redis", "SET b 2")
	l.answer("redis", "SET b 2", []string{"OK"})
	l.goes(address)
	l.raw(`(runs) => (runs.openCursor().onsuccess = ({target: {result: c}}) => c && c.update({...c.value, version: 2}))`)
	l.opens("time")
	l.sees("the run", `document.querySelector("#time-kept li")`)
	l.clicks("#time-kept button")
	l.sees("why not", `document.querySelector("#notice-text").textContent === "this run is of version 2 of its format; version 1 can be read"`)

	// A piece is not what was written: what came before it is.
	l.raw(`(runs, pieces) => {
		runs.openCursor().onsuccess = ({target: {result: c}}) => c && c.update({...c.value, version: 1});
		pieces.openCursor().onsuccess = ({target: {result: c}}) => {
			if (c.key[1] < localStorage.then) return c.continue();
			c.value.data[0] ^= 1;
			c.update(c.value);
		};
	}`)
	l.clicks("#notice-close")
	l.clicks("#time-kept button")
	l.sees("what is whole", `document.querySelector("#past:not([hidden])")?.textContent.includes("the end of the run of ")`)
	l.keys("1 key")
	l.clicks("#time-back")
	l.keys("2 keys")
	l.raw(`(runs, pieces) => (pieces.openCursor().onsuccess = ({target: {result: c}}) => c.delete())`)
	l.clicks("#time-kept button")
	l.sees("that nothing is whole", `document.querySelector("#notice-text").textContent === "nothing of this run was kept"`)

	// A newer page has changed the database.
	l.eval(`new Promise((resolve, reject) => {
		const request = indexedDB.open("everysec.runs", 99);
		request.onerror = () => reject(request.error);
		request.onsuccess = () => (request.result.close(), resolve());
	})`, nil)
	l.goes(address)
	l.types("redis", "GET b")
	l.answer("redis", "GET b", []string{`"2"`})
	l.sees("why", `document.querySelector("#time-outlives").textContent.includes("a newer version of this page has kept runs here")`)
	if k := l.kept(); k.Keeping != "unkept" || len(k.Runs) != 0 {
		t.Errorf("there is %+v", k)
	}
}

// Where the files are kept and the run is not, leaving asks: by a link, and by a
// reload. Nobody is asked who has done nothing.
func TestThePageAsksBeforeARunIsLost(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), siteBut(t, `{
		const open = IDBFactory.prototype.open;
		IDBFactory.prototype.open = function (name, ...more) {
			if (name === "everysec.runs") throw new DOMException("the disk is on fire", "UnknownError");
			return open.call(this, name, ...more);
		};
	}`))}
	questions := make(chan string, 9)
	chromedp.ListenTarget(l.ctx, func(event any) {
		if e, is := event.(*page.EventJavascriptDialogOpening); is {
			questions <- string(e.Type) + ": " + e.Message
			go func() { _ = chromedp.Run(l.ctx, page.HandleJavaScriptDialog(false)) }()
		}
	})
	asked := func(what, words string) {
		t.Helper()
		select {
		case q := <-questions:
			if !strings.HasPrefix(q, words) {
				t.Errorf("%s: it asks %q", what, q)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: nothing is asked", what)
		}
	}
	const lesson = "/lessons/rdb-and-aof/"
	l.goes(lesson)
	l.goes(lesson)
	l.opens("time")
	l.sees("that it will not be kept", `document.querySelector("#time-outlives").textContent.includes("does not keep this run, and it goes with this tab: UnknownError: the disk is on fire")`)
	select {
	case q := <-questions:
		t.Errorf("who has done nothing is asked %q", q)
	default:
	}
	l.eval(`new Promise((told) => { everysec.on("notice", (n) => n.kind === "run-unkept" && told()); everysec.command("GET", "k"); })`, nil)
	l.eval(`setTimeout(() => document.querySelector(".onward a[rel=next]").click()), true`, nil)
	asked("a link", "confirm: The browser does not keep the record of this run (UnknownError: the disk is on fire). Leave, and lose it?")
	l.run(click("#time-outlives")) // a browser asks for nobody who has touched nothing
	l.eval(`setTimeout(() => location.reload()), true`, nil)
	asked("a reload", "beforeunload: ")
	l.types("redis", "PING")
	l.answer("redis", "PING", []string{"PONG"})
}
