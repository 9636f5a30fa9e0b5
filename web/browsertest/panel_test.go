package browsertest

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// opens shows a panel as a person does, on a desktop or on a phone.
func (l learner) opens(name string) {
	l.t.Helper()
	l.sees("no panel on its way", `document.querySelector("#panels").ariaBusy !== "true"`)
	l.eval(`document.querySelector("#panel:not([hidden]) #panel-close")?.click()`, nil)
	l.clicks(`#panels [data-panel="` + name + `"]`)
	l.sees("the panel "+name, `document.querySelector('#panel[data-panel="`+name+`"]:not([hidden])')`)
}

// A panel is fetched when it is first wanted, leaves the console free, closes
// with Escape and gives the focus back; on a phone it is behind "More".
func TestPanelsOpenBesideTheConsole(t *testing.T) {
	l := arrive(t)
	var names []string
	l.eval(`[...document.querySelectorAll("#panels button")].map((b) => b.dataset.panel)`, &names)
	for _, request := range l.requests {
		if strings.Contains(request, "panels.css") {
			t.Error("the looks of the panels were fetched before a panel was opened")
		}
	}
	for _, name := range names {
		l.opens(name)
		l.sees("the focus in "+name, `document.activeElement === document.querySelector("#panel-title")`)
		l.sees("a console beside "+name, `(() => {
			const a = document.querySelector("#panel").getBoundingClientRect(), b = document.querySelector("#consoles").getBoundingClientRect();
			return a.width > 300 && a.height > 300 && (a.right <= b.left + 1 || b.right <= a.left + 1) })()`)
		l.types("redis", "PING")
		l.answer("redis", "PING", []string{"PONG"})
	}
	l.opens("files")
	l.run(chromedp.KeyEvent(kb.Escape))
	l.sees("no panel", `document.querySelector("#panel").hidden && document.activeElement.dataset.panel === "files" && document.activeElement.ariaExpanded === "false"`)

	l.size(390, 844)
	l.sees("no toolbar on a phone", `getComputedStyle(document.querySelector("#panels")).display === "none"`)
	l.clicks(`.tabs [data-tab="more"]`)
	l.opens("files")
	l.sees("the panel on the whole screen", `document.querySelector("#panel").getBoundingClientRect().width === 390`)
	l.clicks(`.tabs [data-tab="work"]`)
	l.sees("the console instead", `getComputedStyle(document.querySelector("#panel")).display === "none"`)
	l.clicks(`.tabs [data-tab="more"]`)
	l.clicks("#panel-close")
	l.sees("the buttons", `document.activeElement.dataset.panel === "files"`)
}

// A crash is chosen with its moment and seed, is seen while it waits, and can be
// disarmed; of the step in which it strikes nothing reaches the console.
func TestACrashIsChosenInItsPanel(t *testing.T) {
	l := arrive(t)
	l.types("redis", "CONFIG SET appendfsync always")
	l.types("redis", "SET a 1")
	l.answer("redis", "SET a 1", []string{"OK"})
	choose := func(kind, moment, seed string) {
		t.Helper()
		l.clicks(`#panel input[name="crash-kind"][value="` + kind + `"]`)
		l.eval(`(() => { const s = document.querySelector("#crash-moment"); s.value = "`+moment+`"; s.dispatchEvent(new Event("change")) })()`, nil)
		l.eval(`document.querySelector("#panel input[placeholder=drawn]").value = "`+seed+`"`, nil)
		l.clicks("#crash-strike")
	}
	l.opens("crash")
	choose("0", "1", "7")
	l.sees("it waits", `document.querySelector("#armed")?.textContent === "Armed: kill -9 in the middle of the next fsync" && document.querySelector("#status").textContent.includes("crash armed")`)
	l.clicks("#crash-disarm")
	l.sees("it does not wait any more", `document.querySelector("#armed").hidden && document.querySelector("#notice").hidden`)
	choose("1", "5", "7")
	l.sees("another waits", `document.querySelector("#armed")?.textContent === "Armed: Power cut after the next write"`)
	l.types("redis", "SET b 2")
	l.sees("the server is down", `document.body.dataset.server === "down"`)
	l.sees("where it struck", `document.querySelector("#account-summary").textContent.startsWith("It struck at write appendonlydir/appendonly.aof.1.incr.aof. 1 write had been acknowledged.")`)
	l.answer("redis", "SET b 2", []string{"Error: Server closed the connection"})
	l.clicks("#restart")
	l.sees("what came back", `document.querySelector("#account-title").textContent.includes("what came back") && document.querySelector("#account-acknowledged").textContent === "1" && document.querySelector("#account-lost").textContent === "0"`)
	l.sees("what the server wrote to its log", `document.querySelector("#account-log").textContent.includes("Ready to accept connections") && document.querySelector("#account-log").getBoundingClientRect().height > 10`)

	// A drive that lies, and the power cut that finds out.
	l.clicks("#panel .choice input")
	l.sees("it lies", `document.querySelector("#armed")?.textContent === "fsync lies"`)
	l.types("redis", "SET c 3")
	l.answer("redis", "SET c 3", []string{"OK"})
	choose("1", "0", "3")
	l.sees("the server is down again", `document.body.dataset.server === "down"`)
	l.clicks("#restart")
	l.sees("what was lost", `document.querySelector("#account-lost").textContent === "1" && document.querySelector("#account-table [data-fate=lost]")?.textContent.includes("✕ SET c 3")`)
	l.clicks("#crash-repair")
	l.sees("all is well", `document.querySelector("#armed").hidden`)
}

// What another program of the page does to the clock or to the server is seen.
func TestThePageFollowsWhatOthersDo(t *testing.T) {
	l := arrive(t)
	l.eval(`everysec.clock.pause()`, nil)
	l.sees("time stands still", `document.querySelector("#clock-pause").ariaPressed === "true"`)
	l.eval(`everysec.clock.resume()`, nil)
	l.sees("time goes on", `document.querySelector("#clock-pause").ariaPressed === "false"`)
	l.eval(`everysec.command("SET", "k", "v")`, nil)
	l.eval(`everysec.fault("slow-fsync", 20)`, nil)
	l.sees("a slow disk", `document.querySelector("#armed")?.textContent === "fsync takes 20.0 ms longer"`)
	l.eval(`globalThis.crashed = everysec.crash("power-loss", { at: "before-write", seed: 5 }), true`, nil)
	l.sees("an armed crash", `document.querySelector("#armed")?.textContent?.startsWith("Armed: Power cut before the next write")`)
	var account struct {
		Kind, Operation string
		Acknowledged    int
	}
	l.eval(`everysec.command("SET", "k", "w").catch(() => {}), crashed`, &account)
	if account.Kind != "power-loss" || account.Operation != "write appendonlydir/appendonly.aof.1.incr.aof" || account.Acknowledged != 1 {
		t.Errorf("%+v", account)
	}
	l.sees("its account", `document.querySelector("#account-title").textContent.includes("the server is down")`)
	l.eval(`everysec.restart()`, nil)
	l.sees("what came back", `document.querySelector("#account-title").textContent.includes("what came back")`)
}

// Settings are changed by controls, by presets and by lines of redis.conf, and
// what is refused is refused in Redis's own words.
func TestTheConfigurationIsChangedInItsPanel(t *testing.T) {
	l := arrive(t)
	l.opens("settings")
	l.sees("what is in force", `document.querySelector('#panel [data-directive="appendfsync"]').value === "everysec" && document.querySelector("#settings-text").value.includes("\nhz 10\n")`)
	change := func(selector, value, event string) {
		t.Helper()
		l.eval(`(() => { const e = document.querySelector('`+selector+`'); e.value = `+value+`; e.dispatchEvent(new Event("`+event+`")) })()`, nil)
	}
	change(`#panel [data-directive="appendfsync"]`, `"always"`, "change")
	l.sees("the line and the quick setting", `document.querySelector("#set-appendfsync").value === "always" && [...document.querySelectorAll("#panel .conf-line")].some((e) => e.textContent === "appendfsync always")`)
	change(`#panel [data-directive="hz"]`, `"many"`, "change")
	l.sees("Redis's own words", `[...document.querySelectorAll("#panel .refused")].some((e) => e.textContent.includes("CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer"))`)
	change("#settings-text", `document.querySelector("#settings-text").value.replace("hz 10", "hz 20").replace("timeout 0", "timeout <b>") + "no-such-thing 1\nlonely\n"`, "input")
	l.eval(`[...document.querySelectorAll("#panel button")].find((b) => b.textContent === "Apply the lines that differ").click()`, nil)
	l.sees("the outcome", `document.querySelector("#settings-result").textContent === "1 line was applied, 3 refused."`)
	l.sees("each line's", `(() => { const lines = [...document.querySelectorAll("#settings-lines li")].map((e) => e.textContent);
		return lines.length === 4 && /^✓line \d+ hz 20 applied$/.test(lines[0]) && lines[1].includes("timeout <b> ERR CONFIG SET failed") && lines[2].includes("no-such-thing 1 ERR Unknown option or number of arguments") && lines[3].includes("lonely wrong number of arguments") })()`)
	l.types("redis", "CONFIG GET hz")
	l.answer("redis", "CONFIG GET hz", []string{`1) "hz"`, `2) "20"`})
	l.eval(`[...document.querySelectorAll("#panel .presets button")].find((b) => b.textContent === "Cache").click()`, nil)
	l.sees("the preset", `document.querySelector("#settings-preset").textContent.includes("\nmaxmemory-policy allkeys-lru") && document.querySelector("#set-appendonly").value === "no"`)
	l.eval(`[...document.querySelectorAll("#panel button")].find((b) => b.textContent === "CONFIG REWRITE").click()`, nil)
	l.sees("its answer", `document.querySelector("#settings-result").textContent.includes("redis.conf is written")`)
	l.sees("redis.conf on the disk", `document.querySelector('#file-rows button[value="redis.conf"]')`)
}

// A clean slate is undone, what was exported is imported on another page, and
// what no server can load changes nothing.
func TestEverythingIsTakenHomeAndBroughtBack(t *testing.T) {
	l := arrive(t)
	l.eval(`everysec.pipeline([["CONFIG", "SET", "appendonly", "no"], ["CONFIG", "SET", "save", ""], ["SET", "in-memory-only", "1"]])`, nil)
	l.sees("the key", `document.querySelector("#keyspace-figures").textContent.startsWith("1 key")`)
	l.opens("files")
	l.clicks("#files-erase")
	l.sees("it is gone", `document.querySelector("#files-said").textContent.startsWith("Every key") && document.querySelector("#keyspace-figures").textContent.startsWith("0 keys")`)
	l.clicks("#files-undo")
	l.sees("it is back", `document.querySelector("#files-said").textContent === "Everything is as it was." && document.querySelector("#keyspace-figures").textContent.startsWith("1 key")`)
	l.types("redis", "GET in-memory-only")
	l.answer("redis", "GET in-memory-only", []string{`"1"`})

	l.eval(`everysec.command("CONFIG", "SET", "appendonly", "yes").then(async () => {
		for (let told = ""; !(told.includes("aof_rewrite_in_progress:0") && told.includes("aof_rewrite_scheduled:0")); ) {
			await new Promise((done) => setTimeout(done, 20));
			told = await everysec.command("INFO", "persistence");
		}
	})`, nil)
	var packed string
	l.eval(`everysec.exportZip().then((b) => btoa(String.fromCharCode(...b)))`, &packed)
	zip, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bad, good := filepath.Join(dir, "bad.rdb"), filepath.Join(dir, "backup.zip")
	for path, data := range map[string][]byte{bad: []byte("REDIS0010 and nonsense"), good: zip} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	other := arrive(t)
	other.eval(`everysec.command("SET", "mine", "1")`, nil)
	other.opens("files")
	other.run(chromedp.SetUploadFiles("#files-import", []string{bad}, chromedp.ByQuery))
	other.sees("a refusal", `document.querySelector("#files-said").textContent.startsWith("It was refused: ")`)
	other.types("redis", "GET mine")
	other.answer("redis", "GET mine", []string{`"1"`})
	other.run(chromedp.SetUploadFiles("#files-import", []string{good}, chromedp.ByQuery))
	other.sees("it is loaded", `document.querySelector("#files-said").textContent.startsWith("backup.zip has been loaded.")`)
	other.types("redis", "KEYS *")
	other.answer("redis", "KEYS *", []string{`1) "in-memory-only"`})
	other.clicks("#files-undo")
	other.sees("it is back", `document.querySelector("#files-said").textContent === "Everything is as it was."`)
	other.types("redis", "KEYS *")
	other.answer("redis", "KEYS *", []string{`1) "mine"`})
}

// The run is saved and looked at from the panel of files as from that of time.
func TestTheRunIsAFileInThePanelOfFiles(t *testing.T) {
	l := arrive(t)
	l.types("redis", "SET k 1")
	l.answer("redis", "SET k 1", []string{"OK"})
	l.opens("files")
	l.eval(`globalThis.blob = null; URL.createObjectURL = (b) => { globalThis.blob = b; return "blob:x"; }; HTMLAnchorElement.prototype.click = () => {}; document.querySelector("#files-run-save").click()`, nil)
	l.sees("the file", `globalThis.blob?.size > 100`)
	l.types("redis", "SET k 2")
	l.answer("redis", "SET k 2", []string{"OK"})
	l.eval(`(() => {
		const chosen = new DataTransfer(), input = document.querySelector("#files-run-load");
		chosen.items.add(new File([blob], "mine.everysec"));
		input.files = chosen.files;
		input.dispatchEvent(new Event("change"));
	})()`, nil)
	l.sees("the end of that run", `document.querySelector("#panel").dataset.panel === "time" && document.querySelector("#past:not([hidden])")?.textContent.includes("mine.everysec")`)
	l.clicks("#time-back")
	l.sees("the present", `document.querySelector("#past").hidden`)
	l.types("redis", "GET k")
	l.answer("redis", "GET k", []string{`"2"`})
}
