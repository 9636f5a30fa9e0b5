package browsertest

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// view is something the page can show. A new view is one more row in views:
// then it is checked for accessibility, with hostile data, and by eye.
type view struct {
	name string
	tab  string // where it is on a phone: lesson, work, durability, watch, more
	show func(l learner)
}

// views are shown one after the other on one page; each leaves the page so that
// the next can be shown.
var views = []view{
	{"keys", "watch", func(l learner) {}},
	{"console", "work", func(l learner) {
		l.types("redis", "GET page:1")
		l.types("redis", "HELP SET")
		l.types("redis", "NOSUCH")
	}},
	{"treemap", "watch", func(l learner) {
		l.clicks(`[data-view="map"]`)
		l.sees("the treemap", `document.querySelector('[data-view="map"]').ariaPressed === "true"`)
	}},
	{"hash table", "watch", func(l learner) {
		l.clicks(`[data-view="table"]`)
		l.types("redis", "SCAN 0 COUNT 3")
		l.sees("the cursor", `document.querySelector("#table-walk").textContent.includes("Next is")`)
	}},
	{"tree of prefixes", "watch", func(l learner) {
		l.clicks(`[data-view="tree"]`)
		l.sees("folders", `document.querySelector("#tree [aria-expanded]")`)
		l.clicks("#tree [aria-expanded]")
		l.sees("an open folder", `document.querySelector('#tree [aria-expanded="true"]')`)
	}},
	{"list of keys", "watch", func(l learner) {
		l.clicks(`[data-view="list"]`)
		l.sees("keys are rows", `document.querySelectorAll("#rows tr").length > 3`)
	}},
	{"inspector", "watch", func(l learner) {
		l.clicks("#rows button")
		l.sees("the inspector", `!document.querySelector("#inspector").hidden`)
	}},
	{"registers of a HyperLogLog", "watch", func(l learner) {
		l.eval(`everysec.command("PFADD", "unique", "a", "b", "c")`, nil)
		l.inspects("unique")
		l.sees("the picture", `!document.querySelector("#inspector-picture").hidden`)
	}},
	{"members on a map", "watch", func(l learner) {
		l.eval(`everysec.command("GEOADD", "cities", "-0.13", "51.51", "London", "2.35", "48.86", "Paris")`, nil)
		l.inspects("cities")
		l.sees("the map", `document.querySelector("#inspector-picture").dataset.kind === "map"`)
	}},
	{"stream with a group", "watch", func(l learner) {
		l.eval(`everysec.pipeline([["XADD", "log", "*", "level", "info"], ["XGROUP", "CREATE", "log", "more", "0"]])`, nil)
		l.inspects("log")
		l.sees("the group", `document.querySelector("#inspector-groups tr")`)
	}},
	{"bytes of a file", "watch", func(l learner) {
		l.clicks("#inspector-close")
		l.clicks(`[data-view="grid"]`)
		l.eval(`everysec.command("SAVE")`, nil)
		l.sees("the snapshot", `document.querySelector('#file-rows button[value="dump.rdb"]')`)
		l.clicks(`#file-rows button[value="dump.rdb"]`)
		l.sees("the keys and their bytes", `document.querySelectorAll("#viewer .line").length > 3 && document.querySelectorAll("#viewer .row").length > 3`)
	}},
	{"summary of a file", "watch", func(l learner) {
		l.clicks("#viewer .faces button:last-child")
		l.sees("the summary", `document.querySelectorAll("#viewer-summary table").length > 4`)
	}},
	{"files added up", "watch", func(l learner) {
		l.eval(`everysecLook("appendonlydir/appendonly.aof.manifest")`, nil)
		l.readToTheEnd("appendonlydir/appendonly.aof.manifest")
		l.clicks("#viewer .faces button:first-child")
		l.sees("the total", `document.querySelectorAll("#viewer-together table").length > 3`)
	}},
	{"damaged file", "watch", func(l learner) {
		l.eval(`everysecLook([new File(["REDIS0010\xfe"], "cut.rdb"), new File(["*1\r\n$4\r\nPING\r\n"], "whole.aof")])`, nil)
		l.sees("what is wrong", `!document.querySelector("#viewer .problem").hidden`)
	}},
	{"crash", "durability", func(l learner) {
		l.clicks("#viewer-close")
		l.eval(`everysec.crash("power-loss", 3)`, nil)
		l.sees("the server is down", `document.body.dataset.server === "down"`)
	}},
	{"account", "durability", func(l learner) {
		l.eval(`everysec.restart()`, nil)
		l.sees("the server is up", `document.body.dataset.server === "running"`)
	}},
	{"panel of load", "more", func(l learner) {
		l.opens("load")
		l.clicks("#load-start")
		l.clicks("#load-settings summary")
		l.sees("latencies", `/p50 /.test(document.querySelector("#load-status").textContent)`)
		l.types("redis", "DEBUG SLEEP 0.2")
		l.sees("a wall", `document.querySelector("#load-walls li")`)
		l.clicks("#load-table summary")
		l.sees("the table", `document.querySelector("#load-table tbody tr")`)
		l.clicks("#load-start")
		l.sees("no load", `document.querySelector("#load-badge").hidden`)
	}},
	{"panel of crashes", "more", func(l learner) {
		l.opens("crash")
		l.eval(`everysec.crash("kill-9", { at: 3000 }).catch(() => {}), everysec.fault("lying-fsync")`, nil)
		l.sees("the armed crash", `document.querySelector("#crash-state").textContent.includes("3,0") || document.querySelector("#crash-state").textContent.includes("2,9")`)
	}},
	{"panel of settings", "more", func(l learner) {
		l.opens("settings")
		l.sees("the text", `document.querySelector("#settings-text").value !== ""`)
		l.eval(`(() => { const e = document.querySelector("#settings-text"); e.value += "hz <script>\n"; e.dispatchEvent(new Event("input")) })()`, nil)
		l.eval(`[...document.querySelectorAll("#panel button")].find((b) => b.textContent === "Apply the lines that differ").click()`, nil)
		l.sees("what was refused", `document.querySelector("#settings-lines li")`)
	}},
	{"panel of files", "more", func(l learner) { l.opens("files") }},
	{"panel of time", "more", func(l learner) {
		l.opens("time")
		l.sees("the run", `document.querySelector("#time-slider").max > 3`)
	}},
	{"past", "more", func(l learner) {
		l.clicks("#time-earlier")
		l.sees("the past", `!document.querySelector("#past").hidden`)
	}},
	{"keys of the past", "watch", func(l learner) {
		for range 3 {
			l.clicks("#time-earlier")
		}
		l.sees("the past", `document.body.dataset.past === ""`)
	}},
	{"quiz", "lesson", func(l learner) {
		l.clicks("#panel-close")
		l.sees("the present", `document.querySelector("#past").hidden`)
		l.eval(`document.querySelector("#lesson fieldset").scrollIntoView({behavior: "instant"})`, nil)
	}},
}

// fill gives the page something to show, of every type.
func (l learner) fill() {
	l.t.Helper()
	l.eval(`everysec.pipeline([
		["SET", "page:1", "<h1>"], ["SET", "visits", "41"], ["SET", "fades", "x", "EX", "90"],
		["RPUSH", "queue:mail", ...Array.from({length: 40}, (_, i) => "job " + i)],
		["HSET", "user:1", "name", "Ada", "city", "London"],
		["SADD", "tags", "redis", "locks", "fsync"],
		["ZADD", "board", "120", "ada", "95", "grace", "80", "edsger"],
		["XADD", "log", "1-1", "level", "info"], ["XGROUP", "CREATE", "log", "readers", "0"],
		["PFADD", "unique", "a", "b", "c"], ["SETBIT", "days", "7", "1"],
		["GEOADD", "cities", "-0.13", "51.51", "London", "2.35", "48.86", "Paris"]])`, nil)
	l.sees("the keys", `document.querySelector("#keyspace-figures").textContent.startsWith("11 keys")`)
}

// inspects opens a key of the list.
func (l learner) inspects(key string) {
	l.t.Helper()
	l.sees(key+" in the list", `[...document.querySelectorAll("#rows button")].find((b) => b.textContent === "`+key+`")`)
	l.eval(`[...document.querySelectorAll("#rows button")].find((b) => b.textContent === "`+key+`").click()`, nil)
	l.sees(key+" in the inspector", `document.querySelector("#inspector-key").textContent === "`+key+`"`)
}

func (l learner) size(width, height int64) {
	l.t.Helper()
	l.run(chromedp.EmulateViewport(width, height))
}

// prefers sets a feature of the learner's system, such as prefers-color-scheme.
func (l learner) prefers(feature, value string) {
	l.t.Helper()
	l.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: feature, Value: value}}))
}

// eachView shows every view, and calls look with it.
func eachView(t *testing.T, l learner, look func(t *testing.T, v view)) {
	for _, v := range views {
		if !t.Run(v.name, func(t *testing.T) {
			v.show(l)
			time.Sleep(100 * time.Millisecond) // one drawing at least
			look(t, v)
		}) {
			return
		}
	}
}
