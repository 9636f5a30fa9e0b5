package browsertest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"everysec/lessons"
	"everysec/lessons/markdown"
)

// walls are the sentences under the chart, newest first.
const walls = `[...document.querySelectorAll("#load-walls li")].map((e) => e.textContent)`

// A learner lets a load run, fills the server, and sees KEYS as a wall and SCAN
// as nothing.
func TestKEYSIsAWallAndSCANIsNone(t *testing.T) {
	l := arrive(t)
	l.opens("load")
	l.sees("what a fill takes", `/^About 1\d\.\d MB of memory, and 1\d\.\d MB in the append-only file\.$/.test(document.querySelector("#fill-said").textContent)`)
	l.clicks("#fill-start")
	l.sees("progress", `!document.querySelector("#panel progress").hidden || document.querySelector("#fill-result").textContent !== ""`)
	l.sees("all keys", `document.querySelector("#fill-result").textContent === "All 100,000 keys were put in, key:0 to key:99999."`)

	l.clicks("#load-start")
	l.sees("latencies", `/p50 .* p99 /.test(document.querySelector("#load-status").textContent)`)
	l.types("redis", "CLIENT LIST")
	l.sees("the load's clients, by name", `document.querySelector(".log").innerText.includes("name=load-10 ")`)
	// On a busy machine the page may be too late to send anything into a wall.
	wall := walls + `.some((text) => /^KEYS \* held the thread for [\d.]+ m?s: the load waited up to /.test(text))`
	for i, seen := 0, false; i < 10 && !seen; i++ {
		l.types("redis", "KEYS *")
		l.eval(`new Promise((done) => setTimeout(done, 1500))`, nil)
		l.eval(wall, &seen)
	}
	l.sees("the wall", wall)
	for range 20 {
		l.types("redis", "SCAN 0 COUNT 100")
	}
	l.sees("the end of SCAN", `document.querySelector(".log").innerText.split("SCAN 0 COUNT 100").length > 20`)
	l.eval(`document.querySelector("#lane").focus()`, nil)
	l.run(chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.ArrowLeft))
	l.sees("what SCAN was, by keyboard", `/^SCAN 0 COUNT 100: held [\d.]+ (µs|ms)/.test(document.querySelector("#loop-text").textContent)`)
	l.run(chromedp.KeyEvent(kb.Escape))

	// How long each held the thread, as the engine measured it: the quickest of
	// each, because a busy machine can stop any command for a while.
	l.eval(`window.held = {}; everysec.on("command", (e) => { held[e.name] = Math.min(held[e.name] ?? Infinity, e.duration); })`, nil)
	for range 5 {
		l.types("redis", "SCAN 0 COUNT 100")
	}
	l.types("redis", "KEYS *")
	l.sees("both", `held.keys > 0 && held.scan >= 0`)
	var relation bool
	if l.eval(`3 * held.scan < held.keys`, &relation); !relation {
		t.Error("SCAN held the thread for more than a third of KEYS")
	}
	var scans []string
	if l.eval(walls+`.filter((text) => text.startsWith("SCAN"))`, &scans); len(scans) > 5 {
		t.Errorf("of 25 SCANs so many are walls: %q", scans)
	}

	l.clicks("#load-table summary")
	l.sees("the same as a table", `document.querySelectorAll("#load-table tbody tr").length > 0 && /^0–5/.test(document.querySelector("#load-table tbody").textContent)`)
	l.clicks("#panel-close")
	l.sees("the load, though the panel is closed", `/^load: p99 /.test(document.querySelector("#load-badge").textContent)`)
	l.clicks("#load-badge")
	l.sees("the panel again", `!document.querySelector("#panel").hidden`)
	l.clicks("#load-start")
	l.sees("no load", `document.querySelector("#load-badge").hidden && document.querySelector("#load-start").textContent === "Start the load"`)
	l.types("redis", "CLIENT LIST")
	l.sees("no clients of it", `!document.querySelector(".log > :last-child").innerText.includes("name=load-")`)
}

// A fill can be cancelled and says how many keys are there, maxmemory refuses it
// in Redis's words, and a load survives a crash of the server.
func TestAFillIsCancelledAndRefused(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.opens("load")
	l.eval(`(() => { const n = document.querySelector("#panel .field input[max='1000000']"); n.value = "1000000"; n.dispatchEvent(new Event("input", {bubbles: true})) })()`, nil)
	l.sees("the estimate", `document.querySelector("#fill-said").textContent.startsWith("About 1")`)
	l.clicks("#fill-start")
	l.sees("some keys", `Number(document.querySelector("#panel progress").value) > 0.005`)
	l.clicks("#fill-cancel")
	l.sees("how many are there", `/^Cancelled\. [\d,]+ of 1,000,000 keys were put in, key:0 to key:\d+\.$/.test(document.querySelector("#fill-result").textContent)`)
	var said, keys int
	l.eval(`Number(document.querySelector("#fill-result").textContent.match(/[\d,]+/)[0].replaceAll(",", ""))`, &said)
	l.eval(`everysec.command("DBSIZE")`, &keys)
	if said != keys || keys == 1_000_000 {
		t.Errorf("%d keys are there, said were %d", keys, said)
	}
	l.eval(`everysec.pipeline([["FLUSHALL"], ["CONFIG", "SET", "maxmemory", "4mb"]])`, nil)
	l.clicks("#fill-start")
	l.sees("the refusal", `/^Refused: OOM command not allowed when used memory > 'maxmemory'\. [\d,]+ of 1,000,000 keys were put in\.$/.test(document.querySelector("#fill-result").textContent)`)
	l.eval(`everysec.pipeline([["FLUSHALL"], ["CONFIG", "SET", "maxmemory", "0"]])`, nil)

	l.clicks("#load-start")
	l.sees("latencies", `/p50 /.test(document.querySelector("#load-status").textContent)`)
	l.eval(`everysec.crash("kill-9")`, nil)
	l.sees("nobody answers", `document.querySelector("#load-status").textContent.startsWith("Nobody answers") || document.querySelector("#load-badge").textContent.endsWith("no server")`)
	l.eval(`everysec.restart()`, nil)
	l.sees("latencies again", `/p50 /.test(document.querySelector("#load-status").textContent)`)
}

// An experiment prepares what it needs and types into the active console; the
// disk is slow for as long as the learner wants.
func TestAnExperimentPreparesItself(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.opens("load")
	press := func(name string) {
		t.Helper()
		l.eval(`[...document.querySelectorAll(".experiments button")].find((b) => b.textContent === "`+name+`").click()`, nil)
	}
	press("SCAN")
	l.sees("the command in the console", `document.querySelector(".log").innerText.includes("SCAN 0 COUNT 100")`)
	var keys int
	if l.eval(`everysec.command("DBSIZE")`, &keys); keys < 100_000 {
		t.Errorf("%d keys for SCAN", keys)
	}
	l.sees("what was done", `document.querySelector("#load-note").textContent === "Typed into redis: SCAN 0 COUNT 100"`)
	press("appendfsync always, slow disk")
	l.sees("the wall of fsync", walls+`.some((text) => text.startsWith("Every write waits for fsync"))`)
	press("appendfsync everysec, slow disk")
	l.sees("the setting", `document.querySelector(".log").innerText.includes("appendfsync everysec")`)
	l.clicks("#load-repair")
	l.sees("a disk that is well", `document.querySelector("#load-repair").hidden`)
}

// A background load writes and reads all the time, and a lesson's checks are
// still about what the learner did: they fail before it, and pass after it.
func TestALoadDisturbsNoCheck(t *testing.T) {
	list, err := markdown.Load(filepath.Join("..", "..", "lessons"))
	if err != nil {
		t.Fatal(err)
	}
	l := arriveAt(t, "/lessons/lists-as-queues/")
	l.opens("load")
	l.clicks("#load-settings > summary")
	l.eval(`(() => { const mix = document.querySelector("#load-settings select"); mix.value = "writes only"; mix.dispatchEvent(new Event("change", {bubbles: true})) })()`, nil)
	l.clicks("#load-start")
	l.sees("latencies", `/p50 /.test(document.querySelector("#load-status").textContent)`)
	l.clicks("#panel-close")
	var keys int
	if l.eval(`everysec.command("DBSIZE")`, &keys); keys > 20 {
		t.Errorf("the load has put %d keys beside the learner's", keys)
	}
	for _, lesson := range list {
		if lesson.ID != "lists-as-queues" {
			continue
		}
		for i := range lesson.Steps {
			step := &lesson.Steps[i]
			if step.ID != "blocking" {
				continue
			}
			l.eval(`document.getElementById("blocking").scrollIntoView({behavior: "instant"})`, nil)
			l.sees("the step", `document.querySelector('#steps a[data-step="blocking"]').hasAttribute("aria-current")`)
			l.eval(`new Promise((done) => setTimeout(done, 1500))`, nil) // hundreds of the load's writes
			check := ""
			for j := range step.Blocks {
				switch k := &step.Blocks[j]; k.Kind {
				case lessons.CheckKind:
					check = block(k.ID)
					l.clicks(check + " button.check")
					l.sees("the check fails at first", `document.querySelector('`+check+` .verdict').textContent.startsWith("Not yet")`)
				case lessons.Solution:
					at := "details" + block(k.ID)
					l.eval(`document.querySelector('`+at+`').open = true`, nil)
					l.clicks(at + " button.run")
					l.played(at + " .transcript")
					l.clicks(check + " button.check")
					l.sees("the check passes", `document.querySelector('`+check+` .verdict').textContent === "Done."`)
				}
			}
			if check == "" {
				t.Error("the step has no check any more")
			}
		}
	}
	l.sees("the load, all the time", `/^load: p99 /.test(document.querySelector("#load-badge").textContent)`)
	var writes float64
	l.eval(`new Promise((done) => { const off = everysec.on("durability", (d) => { if (d.asideLast) done(d.asideLast); }); setTimeout(() => done(0), 5000); })`, &writes)
	if writes < 500 {
		t.Errorf("the load has written %v times", writes)
	}
}

// Each wall is seen as a wall, and what does the same without one as nothing: by
// the panel's own buttons, with what the load had to wait.
func TestWallsAndTheirCures(t *testing.T) {
	l := arrive(t)
	l.opens("load")
	l.eval(`everysec.on("command", (e) => { (window.ran ??= []).push(e) })`, nil)
	// held presses a button and returns for how long its command held the thread,
	// microseconds.
	held := func(button, name string) (micros float64) {
		t.Helper()
		l.eval(`ran = []; document.querySelector("#load-note").textContent = ""; [...document.querySelectorAll(".experiments button")].find((b) => b.textContent === "`+button+`").click()`, nil)
		l.sees(button+" is typed", `document.querySelector("#load-note").textContent.startsWith("Typed into redis: ")`)
		l.sees(name+" has run", `ran.some((e) => e.name === "`+name+`")`)
		l.eval(`ran.find((e) => e.name === "`+name+`").duration`, &micros)
		return micros
	}
	for _, pair := range [][4]string{
		{"SMEMBERS of 500,000", "smembers", "SSCAN", "sscan"},
		{"DEL", "del", "UNLINK", "unlink"},
		{"SAVE", "save", "BGSAVE", "bgsave"},
	} {
		wall := held(pair[0], pair[1])
		if pair[1] == "save" { // seconds: nobody is too late for it
			l.sees("SAVE as a wall", walls+`.some((text) => /^SAVE held the thread for [\d.]+ m?s: the load waited up to /.test(text))`)
		}
		if cure := held(pair[2], pair[3]); cure*3 > wall {
			t.Errorf("%s held the thread for %.0f µs, %s for %.0f", pair[0], wall, pair[2], cure)
		}
		if pair[2] == "UNLINK" { // and what it leaves to do is done between commands
			l.sees("the memory is back", `(async () => { window.pending = (await everysec.command("INFO", "memory")).match(/lazyfree_pending_objects:(\d+)/)[1] })() && window.pending === "0"`)
		}
	}
	// On a busy machine the page may be too late to send anything into a wall.
	behind := false
	for try := 0; try < 5 && !behind; try++ {
		held("Lua loop", "eval")
		l.eval(`new Promise((done) => setTimeout(done, 1000))`, nil)
		l.eval(`document.querySelector("#lane").focus()`, nil)
		l.run(chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.ArrowLeft))
		for step := 0; step < 5 && !behind; step++ {
			l.eval(`new Promise((done) => setTimeout(done, 100))`, nil)
			l.eval(`/^EVAL .*: held [\d.,]+ m?s.* ago; \d+ clients? waited behind it, up to [\d.,]+ m?s$/.test(document.querySelector("#loop-text").textContent)`, &behind)
			l.run(chromedp.KeyEvent(kb.ArrowLeft))
		}
	}
	if !behind {
		t.Error("the lane does not say who waited behind the script")
	}
	// The chart stays where it can be seen.
	l.eval(`document.querySelector(".experiments").scrollIntoView({block: "end"})`, nil)
	l.sees("the chart, beside the experiments", `(() => { const a = document.querySelector("#load-chart").getBoundingClientRect(), b = document.querySelector("#panel .place").getBoundingClientRect(); return a.height > 150 && a.top >= b.top - 1 && a.bottom <= b.bottom })()`)
}

// The load works in the last database; where there is only one, it says so.
func TestTheLoadTakesTheLastDatabase(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	for _, databases := range []struct{ of, last, said string }{
		{"4", "db3", "are in database 3: what they do counts in no lesson."},
		{"1", "db0", "are among yours, as this server has one database"},
	} {
		l.goes("/?store=memory:&config.databases=" + databases.of)
		l.opens("load")
		l.sees("where it works", `document.querySelector("#load-where").textContent.includes("`+databases.said+`")`)
		l.clicks("#load-start")
		l.sees("latencies", `/p50 .* p99 /.test(document.querySelector("#load-status").textContent)`)
		var keyspace string
		l.eval(`everysec.command("INFO", "keyspace")`, &keyspace)
		if keyspace, _, _ := strings.Cut(keyspace, ":keys="); keyspace != "# Keyspace\r\n"+databases.last {
			t.Errorf("of %s databases it works in another than %s: %q", databases.of, databases.last, keyspace)
		}
	}
}
