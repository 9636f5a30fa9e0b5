package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"everysec/engine/benchmark"
)

// some are words in the names of the operations that are wanted; "" wants all, and a semicolon stands between two.
var some string

func (o *operation) wanted() bool {
	for word := range strings.SplitSeq(some, ";") {
		if strings.Contains(o.name, word) {
			return true
		}
	}
	return false
}

// tasks measures, with a million keys and then with a hundred thousand, for how long
// each thing that a learner can do keeps the page's own thread in one piece, and
// tells how long it takes and what the page shows meanwhile.
func tasks(url string) ([]benchmark.Figure, error) {
	b, err := launch(url)
	if err != nil {
		return nil, err
	}
	defer b.close()
	arrive := func() error {
		if err := b.open("/?store=idb://tasks&seed=7"); err != nil {
			return err
		}
		return b.eval(watchTasks+`; alive()`, nil)
	}
	if err := arrive(); err != nil {
		return nil, err
	}
	var figures []benchmark.Figure
	for _, o := range operations {
		if !o.wanted() {
			continue
		}
		var r struct {
			Took, Longest, Sum float64
			Shown              string
			Late               bool
		}
		if o.reload {
			err = b.open("/?store=idb://tasks&seed=7")
			if err == nil {
				err = b.eval(watchTasks, nil)
			}
			if err != nil {
				return nil, err
			}
		}
		if err := b.eval(`(async () => { `+o.prepare+` })()`, nil); err != nil {
			return nil, err
		}
		if err := b.eval(`measure(async () => { `+o.do+` }, () => (`+o.seen+`), `+strconv.FormatBool(o.reload)+`)`, &r); err != nil {
			return nil, err
		}
		late := ""
		if r.Late {
			late = ", not over then"
		}
		fmt.Fprintf(os.Stderr, "%-45s %6.0f ms%s, longest task %4.0f ms, all long tasks %5.0f ms | %s\n", o.name, r.Took, late, r.Longest, r.Sum, r.Shown)
		figures = append(figures, benchmark.Figure{What: "longest task: " + o.name, Unit: "ms", Value: r.Longest, Bar: 50})
		if err := b.eval(`(async () => { `+o.after+` })()`, nil); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

const watchTasks = `(() => {
	let longest = 0, sum = 0;
	new PerformanceObserver((list) => { for (const e of list.getEntries()) { longest = Math.max(longest, e.duration); sum += e.duration; } }).observe({type: "longtask", buffered: true});
	const wait = (ms) => new Promise((done) => setTimeout(done, ms));
	globalThis.wait = wait;
	globalThis.$ = (s) => document.querySelector(s);
	globalThis.type = (line, name = "redis") => {
		const input = $('.console[data-console="' + name + '"] .entry input');
		input.focus(); input.value = line;
		input.dispatchEvent(new Event("input", {bubbles: true}));
		input.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}));
	};
	globalThis.saved = 0; // files given to the learner
	const create = URL.createObjectURL;
	URL.createObjectURL = (blob) => { saved++; return create.call(URL, blob); };
	globalThis.give = (input, file) => {
		const t = new DataTransfer();
		t.items.add(file);
		$(input).files = t.files;
		$(input).dispatchEvent(new Event("change"));
	};
	globalThis.count = () => $(".log").childElementCount;
	globalThis.last = () => $(".log").lastElementChild?.className !== "line" && $(".log").lastElementChild;
	globalThis.click = (s) => $(s).click();
	globalThis.panel = async (name) => {
		$("#panel:not([hidden]) #panel-close")?.click();
		$('#panels [data-panel="' + name + '"]').click();
		while (!$('#panel[data-panel="' + name + '"]:not([hidden])')) await wait(20);
	};
	globalThis.alive = async () => { while (document.body.dataset.server !== "running" || $("#set-save").value === "") await wait(20); };
	globalThis.measure = async (act, seen, fromTheStart) => {
		if (!fromTheStart) {
			await wait(300);
			longest = sum = 0;
		}
		const bars = new Set();
		let going = true;
		const sample = () => {
			for (const e of document.querySelectorAll("progress, [role=progressbar]")) if (e.checkVisibility()) bars.add((e.ariaLabel ?? e.getAttribute("aria-label") ?? "?") + (e.hasAttribute("value") ? " %" : ""));
			for (const e of document.querySelectorAll(".waiting")) if (e.checkVisibility()) bars.add("waiting: " + e.textContent.replace(/[\d.,]+/g, "#").slice(0, 50));
			if (going) requestAnimationFrame(sample);
		};
		requestAnimationFrame(sample);
		const begin = fromTheStart ? 0 : performance.now();
		await act();
		let late = false;
		while (!seen()) { await wait(10); if (performance.now() - begin > 30000) { late = true; break; } }
		const took = performance.now() - begin;
		await wait(1000);
		going = false;
		return {took, longest, sum, shown: [...bars].join("; "), late};
	};
})()`

// operation is something that a learner does.
type operation struct {
	name               string
	prepare, do, after string
	seen               string
	reload             bool
}

var operations = []operation{
	{name: "fill 1,000,000 keys", prepare: `await panel("load"); const n = $("#panel .field input[max='1000000']"); n.value = "1000000"; n.dispatchEvent(new Event("input", {bubbles: true}))`, do: `click("#fill-start")`, seen: `$("#fill-result").textContent.startsWith("All")`},
	{name: "KEYS *", do: `type("KEYS *")`, seen: `$(".fold")`},
	{name: "Show all of it", do: `$(".fold [name=all]").click()`, seen: `true`},
	{name: "clear", do: `click(".clear")`, seen: `count() === 0`},
	{name: "--json KEYS *", prepare: `type("--json"); await wait(200)`, do: `type("KEYS *")`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`, after: `type("--no-raw"); await wait(300)`},
	{name: "--raw KEYS *", prepare: `type("--raw"); await wait(200)`, do: `type("KEYS *")`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`, after: `type("--no-raw"); await wait(300)`},
	{name: "copy all of the console", prepare: `click(".menu")`, do: `click(".options .copy")`, seen: `true`, after: `click(".menu"); click(".clear")`},
	{name: "view: map", do: `click('[data-view=map]')`, seen: `true`},
	{name: "view: tree", do: `click('[data-view=tree]')`, seen: `true`},
	{name: "view: list", do: `click('[data-view=list]')`, seen: `true`},
	{name: "view: table", do: `click('[data-view=table]')`, seen: `true`},
	{name: "view: grid", do: `click('[data-view=grid]')`, seen: `true`},
	{name: "filter *9*9*", do: `$("#glob").value = "*9*9*"; $("#glob").dispatchEvent(new Event("input"))`, seen: `true`},
	{name: "filter off", do: `$("#glob").value = ""; $("#glob").dispatchEvent(new Event("input"))`, seen: `true`},
	{name: "SCAN 0 COUNT 1000000", do: `type("SCAN 0 COUNT 1000000")`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`, after: `click(".clear")`},
	{name: "EVAL that returns 1,000,000", do: `type('EVAL "local t = {} for i = 1, 1000000 do t[i] = i end return t" 0')`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`, after: `click(".clear")`},
	{name: "RPUSH of 1,000,000 by EVAL", do: `type('EVAL "for i = 1, 1000000 do redis.call(\\"RPUSH\\", \\"big\\", i) redis.call(\\"HSET\\", \\"bighash\\", i, i) end" 0')`, seen: `last()`, after: `click(".clear")`},
	{name: "LRANGE big 0 -1", do: `type("LRANGE big 0 -1")`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`, after: `click(".clear")`},
	{name: "HGETALL bighash", do: `type("HGETALL bighash")`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`, after: `click(".clear")`},
	{name: "RESP3 HGETALL bighash", prepare: `type("-3"); await wait(300)`, do: `type("HGETALL bighash")`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`, after: `type("-2"); await wait(300); click(".clear")`},
	{name: "SETRANGE huge 100000000 x; GET huge", prepare: `type("SETRANGE huge 100000000 x"); await wait(1500)`, do: `type("GET huge")`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`, after: `click(".clear"); type("DEL huge"); await wait(500)`},
	{name: "SAVE", do: `type("SAVE")`, seen: `last()`},
	{name: "BGSAVE", do: `type("BGSAVE")`, seen: `last()`, after: `await wait(5000)`},
	{name: "BGREWRITEAOF", do: `type("BGREWRITEAOF")`, seen: `last()`, after: `await wait(5000)`},
	{name: "a paste of 10,000 lines", do: `const data = new DataTransfer(); data.setData("text", Array.from({length: 10000}, (_, i) => "SET pasted:" + i + " v").join("\n") + "\n"); $(".entry input").focus(); $(".entry input").dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}))`, seen: `$(".log").lastElementChild?.previousElementSibling?.textContent.includes("pasted:9999 ")`, after: `click(".clear")`},
	{name: "history search (Ctrl-R 5)", do: `const i = $(".entry input"); i.dispatchEvent(new KeyboardEvent("keydown", {key: "r", ctrlKey: true, bubbles: true, cancelable: true})); i.value = "5"; i.dispatchEvent(new Event("input"));`, seen: `true`, after: `$(".entry input").dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true, cancelable: true}))`},
	{name: "export zip", prepare: `await panel("files"); saved = 0`, do: `[...document.querySelectorAll("#panel button")].find((b) => b.textContent.startsWith("Export")).click()`, seen: `saved > 0`},
	{name: "Download all (zip)", prepare: `saved = 0`, do: `click("#download-all")`, seen: `saved > 0`},
	{name: "save the run", prepare: `saved = 0`, do: `click("#files-run-save")`, seen: `saved > 0`},
	{name: "kill -9", do: `click('button.crash[data-crash="0"]')`, seen: `$("#account-title").textContent.includes("down")`},
	{name: "restart, with the account", do: `click("#restart")`, seen: `document.body.dataset.server === "running"`, after: `await wait(4000)`},
	{name: "power cut", do: `click('button.crash[data-crash="1"]')`, seen: `$("#account-title").textContent.includes("down")`},
	{name: "restart, with the account", do: `click("#restart")`, seen: `document.body.dataset.server === "running"`, after: `await wait(4000)`},
	{name: "reload: recovery at the page's start", reload: true, do: ``, seen: `document.body.dataset.server === "running"`},
	{name: "the time panel, opened", do: `await panel("time")`, seen: `!$("#time-slider").disabled`},
	{name: "scrub to the first moment", do: `const s = $("#time-slider"); s.value = "0"; s.dispatchEvent(new Event("input", {bubbles: true})); s.dispatchEvent(new Event("change", {bubbles: true}))`, seen: `!$("#past").hidden`},
	{name: "back to now", do: `click("#time-back")`, seen: `$("#past").hidden`},
	{name: "clean slate", prepare: `await panel("files")`, do: `click("#files-erase")`, seen: `$("#files-said").textContent.includes("gone")`},
	{name: "undo of it", do: `click("#files-undo")`, seen: `document.body.dataset.server === "running" && $("#files-said").textContent.includes("as it was")`, after: `await wait(5000)`},
	{name: "import of a dump.rdb", prepare: `const db = await everysecReady; globalThis.dump = new File([await db.readFile("dump.rdb")], "dump.rdb")`, do: `give("#files-import", dump)`, seen: `$("#files-said").textContent.includes("loaded")`, after: `await wait(5000)`},
	{name: "upload of a dump.rdb", do: `give("#upload", dump)`, seen: `$("#notice-text").textContent.includes("loaded")`, after: `await wait(5000)`},
	{name: "undo of that", do: `click("#notice-actions [name=undo]")`, seen: `document.body.dataset.server === "running" && $("#notice").hidden`, after: `await wait(3000)`},
	{name: "import of the zip of an append-only file", prepare: `await panel("files"); globalThis.zip = new File([await (await everysecReady).exportZip()], "everysec.zip")`, do: `give("#files-import", zip)`, seen: `$("#files-said").textContent.includes("loaded")`, after: `await wait(5000)`},
	{name: "the viewer, on a file of 64 MB", prepare: `
		const parts = [], value = "v".repeat(100);
		for (let i = 0, bytes = 0; bytes < 64 << 20; ) {
			let part = "";
			for (const end = i + 5000; i < end; i++) part += "*3\r\n$3\r\nSET\r\n$12\r\nuser:" + String(i).padStart(7, "0") + "\r\n$100\r\n" + value + "\r\n";
			parts.push(part);
			bytes += part.length;
		}
		globalThis.long = new File(parts, "appendonly.aof")`, do: `everysecLook([long])`, seen: `$("#viewer")?.dataset.done === "true"`, after: `click("#viewer-close")`},
	{name: "MONITOR under a load of 20,000/s, 5 s", prepare: `type("MONITOR"); await wait(300)`, do: `const db = await everysecReady; const begin = performance.now(); while (performance.now() - begin < 5000) { await db.pipeline(Array.from({length: 200}, (_, i) => ["SET", "m:" + i, "v"])); await wait(10); }`, seen: `true`, after: `click(".stop"); await wait(500); click(".clear")`},
	{name: "a burst of 200,000 for MONITOR", prepare: `type("MONITOR"); await wait(300)`, do: `const db = await everysecReady; for (let i = 0; i < 20; i++) await db.pipeline(Array.from({length: 10000}, (_, i) => ["SET", "m:" + i, "v"]));`, seen: `true`, after: `await wait(3000); click(".stop"); await wait(500); click(".clear")`},
	{name: "a burst of 100,000 messages for SUBSCRIBE", prepare: `type("SUBSCRIBE c"); await wait(300)`, do: `const db = await everysecReady; for (let i = 0; i < 10; i++) await db.pipeline(Array.from({length: 10000}, (_, i) => ["PUBLISH", "c", "v" + i]));`, seen: `true`, after: `await wait(2000); click(".stop"); await wait(500); click(".clear")`},
	{name: "FLUSHALL", do: `type("FLUSHALL")`, seen: `last()`},
	{name: "fill 100,000 keys", prepare: `await panel("load"); const n = $("#panel .field input[max='1000000']"); n.value = "100000"; n.dispatchEvent(new Event("input", {bubbles: true}))`, do: `click("#fill-start")`, seen: `$("#fill-result").textContent.startsWith("All")`},
	{name: "100,000: KEYS *", prepare: `click(".clear")`, do: `type("KEYS *")`, seen: `$(".log").lastElementChild?.querySelector(".fold") || $(".log").lastElementChild?.previousElementSibling?.querySelector(".fold")`},
	{name: "100,000: Show all", do: `$(".fold [name=all]").click()`, seen: `true`, after: `click(".clear")`},
	{name: "100,000: the inspector, on 100,000 fields", prepare: `type('EVAL "for i = 1, 100000 do redis.call(\\"HSET\\", \\"!hash\\", i, i) end" 0'); await wait(1000); click("[data-view=list]"); await wait(500)`, do: `[...document.querySelectorAll("#rows button")].find((b) => b.textContent === "!hash").click()`, seen: `$("#inspector-key").textContent === "!hash" && $("#inspector").textContent.includes("99")`, after: `click("[data-view=grid]")`},
	{name: "100,000: a field of it changes, 50 times", do: `for (let i = 0; i < 50; i++) { type("HSET !hash 7 " + i); await wait(20) }`, seen: `true`},
	{name: "100,000: redis.conf is applied", prepare: `await panel("settings"); await wait(500)`, do: `const e = $("#panel textarea"); e.value = e.value.replace(/^hz .*$/m, "hz 20").replace(/^maxclients .*$/m, "maxclients 900"); e.dispatchEvent(new Event("input", {bubbles: true})); [...document.querySelectorAll("#panel button")].find((b) => b.textContent.startsWith("Apply")).click()`, seen: `$("#settings-result").textContent.includes("applied")`},
	{name: "100,000: a run file is opened", prepare: `globalThis.runFile = new File([await (await everysecReady).run.save()], "run.everysec"); await panel("time"); await wait(1000)`, do: `give("#time-load", runFile)`, seen: `!$("#past").hidden && $("#time-where").textContent !== ""`},
	{name: "100,000: its sixth moment is gone to", do: `const s = $("#time-slider"); s.value = "5"; s.dispatchEvent(new Event("input", {bubbles: true}))`, seen: `$("#time-where").textContent.startsWith("moment 6 of")`},
	{name: "100,000: the run branches there", prepare: `await wait(2000)`, do: `click("#time-branch")`, seen: `$("#past").hidden && document.body.dataset.server === "running"`},
	{name: "100,000: kill -9 and restart", do: `click('button.crash[data-crash="0"]'); await wait(500); click("#restart")`, seen: `document.body.dataset.server === "running"`},
	{name: "100,000: FLUSHALL", do: `click(".clear"); type("FLUSHALL")`, seen: `last()`},
}
