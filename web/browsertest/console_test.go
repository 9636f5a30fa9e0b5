package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// presses sends one key, with Ctrl if asked.
func (l learner) presses(key string, control bool) {
	l.t.Helper()
	if control {
		l.run(chromedp.KeyEvent(key, chromedp.KeyModifiers(input.ModifierCtrl)))
		return
	}
	l.run(chromedp.KeyEvent(key))
}

// line is what stands in a console's line.
func (l learner) line(name string) (s string) {
	l.t.Helper()
	l.eval(`document.querySelector('`+console(name)+` .entry input').value`, &s)
	return s
}

func (l learner) has(name, line string) {
	l.t.Helper()
	if got := l.line(name); got != line {
		l.t.Errorf("the line is %q, not %q", got, line)
	}
}

// pastes puts text into the focused line as the clipboard does.
func (l learner) pastes(name, text string) {
	l.t.Helper()
	l.eval(fmt.Sprintf(`(() => {
		const data = new DataTransfer();
		data.setData("text", %q);
		document.querySelector('%s .entry input').dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
	})()`, text, console(name)), nil)
}

// A day at the console: everything by keyboard.
func TestAConsoleIsAtHandForWhoKnowsRedisCLI(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	for _, line := range []string{"SET user:1 Ada", "SET user:2 Grace", `SET "with space" x`, "INCR n"} {
		l.types("redis", line)
	}
	l.sees("four keys", `document.querySelector("#keyspace-figures").textContent.startsWith("4 keys")`)

	t.Run("Ctrl-R searches, again goes back, Escape gives up, Enter runs", func(t *testing.T) {
		l.run(chromedp.SendKeys(".entry input", "GET dra", chromedp.ByQuery))
		l.presses("r", true)
		l.run(chromedp.SendKeys(".entry input", "SET", chromedp.ByQuery))
		l.sees("the newest match", `document.querySelector(".entry .prompt").textContent === "(reverse-i-search) " && document.querySelector(".ghost .hint").textContent === "': SET \"with space\" x"`)
		l.presses("r", true)
		l.sees("the one before", `document.querySelector(".ghost .hint").textContent === "': SET user:2 Grace"`)
		l.presses(kb.Escape, false)
		l.has("redis", "GET dra")
		l.presses("u", true)
		l.presses("r", true)
		l.run(chromedp.SendKeys(".entry input", "INC"+kb.Enter, chromedp.ByQuery))
		l.answer("redis", "INCR n", []string{"(integer) 2"})
	})
	t.Run("Tab knows keys, options, and what is chosen", func(t *testing.T) {
		l.run(chromedp.SendKeys(".entry input", "GET us"+kb.Tab, chromedp.ByQuery))
		l.has("redis", "GET user:1")
		l.picture("offers")
		l.sees("the choice", `document.querySelector(".offers .chosen").textContent === "user:1" && document.querySelector(".offers").textContent.includes("user:2")`)
		l.presses(kb.Tab, false)
		l.has("redis", "GET user:2")
		l.presses(kb.Enter, false)
		l.answer("redis", "GET user:2", []string{`"Grace"`})
		l.run(chromedp.SendKeys(".entry input", "GET wi"+kb.Tab+kb.Enter, chromedp.ByQuery))
		l.answer("redis", `GET "with space"`, []string{`"x"`})
		l.run(chromedp.SendKeys(".entry input", "SET user:1 v KEEP"+kb.Tab, chromedp.ByQuery))
		l.has("redis", "SET user:1 v KEEPTTL")
		l.presses("u", true)
		l.run(chromedp.SendKeys(".entry input", "CONFIG GET maxmemory-p"+kb.Tab, chromedp.ByQuery))
		l.sees("the parameter", `document.querySelector(".entry input").value === "CONFIG GET maxmemory-policy"`) // the engine has been asked
		l.presses("u", true)
		l.run(chromedp.SendKeys(".entry input", "CONFIG SET appendfsync ", chromedp.ByQuery))
		l.sees("what it is now", `document.querySelector(".ghost .hint").textContent === "value [parameter value ...]  (now everysec)"`)
		l.presses(kb.Tab, false)
		l.presses(kb.Tab, false)
		l.has("redis", "CONFIG SET appendfsync always")
		l.presses("u", true)
		l.eval(`everysec.command("CONFIG", "SET", "appendfsync", "no")`, nil)
		l.run(chromedp.SendKeys(".entry input", "CONFIG SET appendfsync e", chromedp.ByQuery))
		l.sees("what another made of it", `document.querySelector(".ghost .hint").textContent === " [parameter value ...]  (now no)"`)
		l.presses(kb.Tab, false)
		l.presses(kb.Enter, false)
		l.answer("redis", "CONFIG SET appendfsync everysec", []string{"OK"})
		l.run(chromedp.SendKeys(".entry input", "SET user:1 v EX ", chromedp.ByQuery))
		l.presses(kb.Tab, false)
		l.sees("nothing to complete, and the line is still there", `document.activeElement === document.querySelector(".entry input") && document.querySelector("#heard").textContent.startsWith("Nothing to complete")`)
		l.presses(kb.Tab, false)
		l.sees("the way out", `document.activeElement !== document.querySelector(".entry input")`)
		l.eval(`document.querySelector(".entry input").focus()`, nil)
		l.presses("u", true)
		l.run(chromedp.SendKeys(".entry input", "SET user:1 v KEEPTTL", chromedp.ByQuery))
	})
	t.Run("the line is edited as in redis-cli", func(t *testing.T) {
		l.presses("w", true)
		l.has("redis", "SET user:1 v ")
		l.presses("a", true)
		l.presses("k", true)
		l.has("redis", "")
	})
	t.Run("F1 says what the command does", func(t *testing.T) {
		l.run(chromedp.SendKeys(".entry input", "zadd", chromedp.ByQuery))
		l.presses(kb.F1, false)
		l.sees("syntax and complexity", `(() => { const s = document.querySelector(".about-text").innerText; return s.startsWith("ZADD key") && s.includes("O(log(N))") })()`)
		l.picture("about")
		l.presses("u", true)
		l.run(chromedp.SendKeys(".entry input", "config get", chromedp.ByQuery))
		l.sees("another", `document.querySelector(".about-text code").textContent.startsWith("CONFIG GET")`)
		l.presses(kb.Escape, false)
		l.sees("it closes", `document.querySelector(".about-text").hidden`)
		l.presses("u", true)
	})
	t.Run("pasted lines run one after the other", func(t *testing.T) {
		l.pastes("redis", "MULTI\r\nINCR n\r\n\r\nEXEC\r\n3 INCR n\r\nGET ")
		l.sees("all have run", `(() => { const s = document.querySelector(".log").innerText; return s.includes("127.0.0.1:6379(TX)> INCR n\nQUEUED\n127.0.0.1:6379(TX)> \n127.0.0.1:6379(TX)> EXEC\n1) (integer) 3\n127.0.0.1:6379> 3 INCR n\n(integer) 4\n(integer) 5\n(integer) 6") })()`)
		l.has("redis", "GET ")
		l.presses("c", true)
		l.has("redis", "")
	})
}

func TestRepliesAreShownAsTheLearnerWants(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	t.Run("as the options say", func(t *testing.T) {
		l.types("redis", "SET user:1 Ada")
		l.types("redis", "--json")
		l.types("redis", "HSET h a 1")
		l.types("redis", "HGETALL h")
		l.answer("redis", "HGETALL h", []string{`{"a":"1"}`})
		l.run(click(".menu"))
		l.sees("the menu shows it", `document.querySelector(".options select.output").value === "--json" && document.querySelector(".options select.protocol").value === "-3"`)
		l.run(chromedp.SendKeys(".options select.output", "as on", chromedp.ByQuery))
		l.types("redis", "HGETALL h")
		l.answer("redis", "HGETALL h", []string{`1) "a"`, `2) "1"`})
		l.run(click(".options .timing"))
		l.types("redis", "GET user:1")
		l.sees("the time of a command", `/^[\d.]+ (µs|ms) in the engine, .* there and back$/.test([...document.querySelectorAll(".log .timing")].at(-1)?.textContent.replace(/ after .* turn/, ""))`)
		l.run(click(".menu"))
	})
	t.Run("the history outlives a reload, passwords do not", func(t *testing.T) {
		l.types("redis", "AUTH secret")
		l.types("redis", "PING last")
		l.answer("redis", "PING last", []string{`"last"`})
		l.run(chromedp.Reload())
		l.sees("the server runs", `document.body.dataset.server === "running"`)
		l.run(chromedp.SendKeys(".entry input", kb.ArrowUp, chromedp.ByQuery))
		l.has("redis", "PING last")
		l.sees("no password", `!localStorage.getItem("everysec.history").includes("secret")`)
	})
}

// What waits is shown to wait, and ends when the learner says so.
func TestWaitingCommandsAndStreamsEnd(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "BLPOP q 0")
	l.sees("it waits", `document.querySelector(".console .waiting").textContent.startsWith("waiting for the reply to BLPOP")`)
	l.types("redis", "PING")
	l.sees("what is typed ahead", `document.querySelector(".console .waiting").textContent.includes("1 line typed ahead")`)
	l.run(click(".console .stop"))
	l.sees("it is given up", `document.querySelector(".console .waiting").hidden && document.querySelector(".entry .prompt").textContent === "127.0.0.1:6379> "`)
	l.types("redis", "MONITOR")
	l.sees("MONITOR runs", `document.querySelector(".log").innerText.endsWith("OK")`)
	l.eval(`everysec.command("SET", "seen", "1")`, nil)
	l.sees("what others do", `[...document.querySelectorAll(".log .pushed")].some((e) => e.textContent.includes('"SET" "seen" "1"'))`)
	l.presses("c", true)
	l.types("redis", "PING")
	l.answer("redis", "PING", []string{"PONG"})
	l.sees("who listens hears the answer", `document.querySelector("#heard").textContent === "PONG"`)
}

// A hundred thousand elements: folded, unfolded, copied, and the page goes on.
func TestALongReplyIsFolded(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.eval(`(async () => { for (let i = 0; i < 100; i++) await everysec.command("RPUSH", "long", ...Array.from({length: 1000}, (_, j) => "element " + (i * 1000 + j))); })()`, nil)
	l.types("redis", "LRANGE long 0 -1")
	l.sees("the beginning, and how much there is", `document.querySelector(".fold")?.textContent.includes("60 of 100,000 elements shown; all of them are kept")`)
	l.sees("it is not read out", `document.querySelector("#heard").textContent.length < 400 && /100,000 elements(\n\([\d.]+s\)| …)?$/.test(document.querySelector("#heard").textContent)`) // on a slow machine redis-cli tells the time, too
	l.picture("fold")
	l.run(click(`.fold [name="more"]`))
	l.sees("a thousand more", `document.querySelector(".fold").textContent.includes("1,060 of 100,000 elements shown")`)
	l.run(click(`.fold [name="all"]`))
	l.sees("all of it, as text", `(() => { const chunks = [...document.querySelectorAll(".log .chunk")].map((e) => e.textContent); const lines = chunks.join("\n").split("\n"); return lines.length === 100000 && lines[0] === '     1) "element 0"' && lines[99999] === '100000) "element 99999"' })()`)
	l.types("redis", "PING")
	l.answer("redis", "PING", []string{"PONG"})
	l.eval(`navigator.clipboard.writeText = (s) => { window.copied = s; return Promise.resolve(); }`, nil)
	l.run(click(".menu"), click(".options .copy"))
	l.sees("the session as redis-cli prints it", `window.copied?.startsWith('127.0.0.1:6379> LRANGE long 0 -1\n     1) "element 0"\n') && window.copied.endsWith('100000) "element 99999"\n127.0.0.1:6379> PING\nPONG\n')`)
}

// bar is what the bar at the top line tells.
const bar = `document.querySelector(".top progress:not([hidden])")?.getAttribute("aria-label")`

// A million elements: the server is told to be busy while it makes the reply, the
// reply is folded, what takes long has a bar and can be given up, and a copy has
// all of it, in any output.
func TestAMillionElements(t *testing.T) {
	l := arrive(t)
	l.eval(`navigator.clipboard.writeText = (s) => { window.copied = s; return Promise.resolve(); }`, nil)
	l.types("redis", "DEBUG SLEEP 2")
	l.sees("that the server is busy", bar+` === "the server is busy" && document.querySelector(".doing").textContent.startsWith("the server is busy, ") && document.querySelector(".waiting").textContent.startsWith("waiting for the reply to DEBUG")`)
	l.sees("no bar", `document.querySelector(".log").textContent.includes("OK") && document.querySelector(".top progress").hidden && document.querySelector(".doing").hidden`)

	const million = `EVAL "local t = {} for i = 1, 1000000 do t[i] = i end return t" 0`
	l.types("redis", million)
	l.sees("the beginning, and how much there is", `document.querySelector(".fold span")?.textContent === "… 60 of 1,000,000 elements shown; all of them are kept"`)
	l.sees("that it is no longer busy", `!document.querySelector(".log").hasAttribute("aria-busy")`)
	l.sees("a short word of it", `document.querySelector("#heard").textContent.includes("… 1,000,000 elements")`)
	l.run(click(`.fold [name="all"]`))
	l.sees("the bar", bar+` === "showing the reply" && Number(document.querySelector(".top progress").value) > 0 && / \d+ %Cancel$/.test(document.querySelector(".doing").textContent) && document.querySelector(".log").ariaBusy === "true"`)
	l.picture("million")
	l.run(click(`.doing button`))
	l.sees("that it was given up", `(() => {
		const shown = document.querySelector(".fold span").textContent.match(/^… ([\d,]+) of 1,000,000 elements shown/);
		const lines = [...document.querySelectorAll(".log .chunk")].flatMap((e) => e.textContent.split("\n"));
		return shown && Number(shown[1].replaceAll(",", "")) === lines.length && lines.at(-1).trim() === lines.length + ") (integer) " + lines.length && lines.length < 1000000
			&& !document.querySelector(".log").hasAttribute("aria-busy") && document.querySelector(".doing").hidden;
	})()`)
	l.eval(`document.querySelector('.fold [name="copy"]').click()`, nil)
	l.sees("the whole reply", `window.copied?.startsWith("      1) (integer) 1\n      2) (integer) 2\n") && copied.endsWith("\n 999999) (integer) 999999\n1000000) (integer) 1000000") && copied.split("\n").length === 1000000`)
	l.sees("that it was copied", `document.querySelector("#heard").textContent === "Copied"`)
	l.eval(`document.querySelector(".clear").click()`, nil)
	l.types("redis", "--json")
	l.types("redis", million)
	l.sees("how much there is as JSON", `document.querySelector(".fold span")?.textContent === "… 60 of 1,000,000 elements shown; all of them are kept"`)
	l.eval(`window.copied = "", document.querySelector('.fold [name="copy"]').click()`, nil)
	l.sees("the whole reply as JSON", `window.copied && JSON.parse(copied).length === 1000000`)
	l.eval(`navigator.clipboard.writeText = () => Promise.reject(new Error("no"))`, nil)
	l.eval(`document.querySelector('.fold [name="copy"]').click()`, nil)
	l.sees("that the browser refuses", `document.querySelector("#heard").textContent === "The browser did not let it be copied: Error: no"`)
}

// What was pasted runs line by line, with a bar, and Ctrl-C ends it.
func TestAPasteOfManyLines(t *testing.T) {
	l := arrive(t)
	l.eval(`(() => {
		const data = new DataTransfer(), input = document.querySelector(".entry input");
		data.setData("text", Array.from({length: 100000}, (_, i) => "SET pasted:" + i % 10 + " " + i).join("\n") + "\n");
		input.focus();
		input.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
	})()`, nil)
	l.sees("the bar", bar+` === "running what was pasted" && document.querySelector(".top progress").hasAttribute("value")`)
	l.presses("c", true)
	l.sees("the end", `document.querySelector(".top progress").hidden && document.querySelector(".waiting").hidden`)
	l.types("redis", "DBSIZE")
	l.answer("redis", "DBSIZE", []string{"(integer) 10"})
}

// A long paste is a matter of seconds: it ends, in order, every line has its reply
// beneath it, and all of it is in the data, while another client goes on.
func TestALongPasteEndsInOrder(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.run(click("#add-console"))
	l.sees("a second client", `document.querySelectorAll(".console").length === 2`)
	l.eval(`(() => {
		const data = new DataTransfer(), input = document.querySelector('.console[data-console="redis"] .entry input');
		data.setData("text", Array.from({length: 10000}, (_, i) => "RPUSH pasted " + i).join("\n") + "\nBLPOP gate 0\nRPUSH pasted end\n");
		input.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
	})()`, nil)
	l.types("worker-A", "PING")
	l.answer("worker-A", "PING", []string{"PONG"})
	l.sees("a blocking command waits", `document.querySelector('.console[data-console="redis"] .log').lastElementChild.textContent.endsWith("BLPOP gate 0")`)
	l.sees("what is waited for, at the end of the screen", `(() => {
		const screen = document.querySelector('.console[data-console="redis"] .screen');
		return /^waiting for the reply to BLPOP, .*; 1 line typed ahead$/.test(screen.querySelector(".waiting").textContent) && screen.scrollHeight - screen.scrollTop - screen.clientHeight < 2;
	})()`)
	l.types("worker-A", "LLEN pasted")
	l.answer("worker-A", "LLEN pasted", []string{"(integer) 10000"})
	l.types("worker-A", "RPUSH gate open")
	l.sees("the paste ends", `document.querySelector('.console[data-console="redis"] .log').lastElementChild.textContent === "(integer) 10001"`)
	var wrong string
	l.sees("what the screen keeps of it is drawn", `document.querySelectorAll('.console[data-console="redis"] .log > *').length === 600`)
	l.eval(`(async () => {
		const db = await everysecReady, list = await db.command("LRANGE", "pasted", "0", "-1");
		for (let i = 0; i < 10000; i++) if (list[i] !== String(i)) return "element " + i + " is " + list[i];
		if (list.length !== 10001) return list.length + " elements";
		const lines = [...document.querySelectorAll('.console[data-console="redis"] .log > *')].map((e) => e.textContent);
		for (let i = 9999, at = lines.findIndex((line) => line.endsWith("> RPUSH pasted 9999")); at >= 0; i--, at -= 2)
			if (!lines[at].endsWith("> RPUSH pasted " + i) || lines[at + 1] !== "(integer) " + (i + 1)) return "line " + at + " of " + lines.length + ": " + lines[at] + ", " + lines[at + 1];
		return lines.filter((line) => line.includes("> RPUSH pasted ")).length > 290 ? "" : lines.join("\n");
	})()`, &wrong)
	if wrong != "" {
		t.Error(wrong)
	}
}

// Clients: one beside the other, one at a time, named, paused, killed.
func TestEachConsoleIsAClient(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.run(click("#add-console"))
	l.sees("a second client", `document.querySelectorAll(".console").length === 2`)
	l.run(chromedp.SendKeys("#layout", "side", chromedp.ByQuery))
	l.sees("they stand side by side", `(() => { const [a, b] = [...document.querySelectorAll(".console")].map((e) => e.getBoundingClientRect()); return a.top === b.top && b.left >= a.right })()`)
	const a = `.console[data-console="worker-A"] `
	l.run(click(a+".menu"), chromedp.SendKeys(a+"input.label", kb.End+strings.Repeat(kb.Backspace, 10)+"payments"+kb.Enter, chromedp.ByQuery))
	l.sees("it has a name, a number and a colour", `document.querySelector('`+a+`.name').textContent === "payments" && document.querySelector('`+a+`.sign').textContent === "2"`)

	l.run(chromedp.SendKeys(a+"select.pause", "5 s", chromedp.ByQuery), click(a+".freeze"))
	l.types("worker-A", "PING")
	l.sees("it is frozen", `/^frozen for another \d.*engine time; 1 command waits$/.test(document.querySelector('`+a+`.waiting').textContent)`)
	l.types("redis", "PING")
	l.answer("redis", "PING", []string{"PONG"})
	l.picture("beside")
	l.run(click("#clock-jump"))
	l.answer("worker-A", "PING", []string{"PONG"})

	l.run(click(a + ".kill"))
	l.sees("it is not connected", `document.querySelector('`+a+`.entry .prompt').textContent === "not connected> "`)
	l.types("worker-A", "ECHO again")
	l.answer("worker-A", "ECHO again", []string{`"again"`})

	l.run(chromedp.SendKeys("#layout", "one at", chromedp.ByQuery))
	l.picture("single")
	l.sees("one at a time", `[...document.querySelectorAll(".console")].filter((e) => e.offsetHeight > 0).length === 1`)
	l.run(click(`#tabs button[value="redis"]`))
	l.sees("the other one", `document.querySelector('.console[data-console="redis"]').offsetHeight > 0 && document.activeElement === document.querySelector('.console[data-console="redis"] .entry input')`)
}

// On a phone the row of keys does what its keyboard cannot.
func TestThePhoneHasTheKeysItLacks(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), click(`.tabs button[data-tab="work"]`))
	l.types("redis", "SET user:1 Ada")
	l.answer("redis", "SET user:1 Ada", []string{"OK"})
	l.sees("the key", `document.querySelector("#keyspace-figures").textContent.startsWith("1 key")`)
	l.run(chromedp.SendKeys(".entry input", "GET u", chromedp.ByQuery), click(`.keys [data-key="Tab"]`))
	l.has("redis", "GET user:1")
	l.sees("the line keeps the keyboard", `document.activeElement === document.querySelector(".entry input")`)
	l.run(click(`.keys [data-key="c"]`))
	l.has("redis", "")
	l.run(click(`.keys [data-key="ArrowUp"]`), click(`.keys [data-text=":"]`))
	l.has("redis", "SET user:1 Ada:")
	l.run(click(`.keys [data-key="ArrowLeft"]`), click(`.keys [data-key="ArrowLeft"]`), click(`.keys [data-key="ArrowRight"]`), click(`.keys [data-text="*"]`))
	l.has("redis", "SET user:1 Ada*:")
	l.sees("keys are large enough, and all on the screen", `[...document.querySelectorAll(".keys button")].every((e) => e.offsetHeight >= 40 && e.offsetWidth >= 34 && e.getBoundingClientRect().right <= innerWidth)`)
	l.picture("phone")
}

// The keyboard of a phone takes half of the screen. The line and the row of keys
// stand above it, whether the browser makes the page smaller (Chrome, Firefox) or
// lays the keyboard over it (Safari). Nothing is so small that a phone zooms in
// on it.
func TestThePhonesKeyboardCoversNothing(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), click(`.tabs button[data-tab="work"]`), click("#add-console"), chromedp.SendKeys("#layout", "one at", chromedp.ByQuery))
	for range 12 {
		l.types("worker-A", "PING")
	}
	const above = `[...document.querySelectorAll(".console.active .entry input, .console.active .keys, #tabs button")].every((e) => { const r = e.getBoundingClientRect(); return r.height > 20 && r.top > 40 && r.bottom <= 400 })`
	l.sees("no keyboard", `document.body.dataset.keyboard === undefined && document.querySelector(".tabs").offsetHeight > 0`)
	l.run(chromedp.EmulateViewport(390, 400, chromedp.EmulateMobile))
	l.sees("the line and the keys", above)
	l.sees("room for five lines", `document.querySelector(".console.active .screen").clientHeight > 110`)
	l.picture("keyboard")
	l.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	l.sees("the rest again", `document.querySelector(".tabs").offsetHeight > 0`)
	l.eval(`Object.defineProperty(visualViewport, "height", {get: () => 400, configurable: true}), visualViewport.dispatchEvent(new Event("resize"))`, nil)
	l.sees("the line and the keys, in Safari", above+` && document.body.offsetHeight === 400`)
	l.eval(`delete visualViewport.height, visualViewport.dispatchEvent(new Event("resize"))`, nil)
	l.sees("the whole page again", `document.body.offsetHeight === 844`)
	for _, panel := range []string{"", "crash", "load", "settings", "files", "time"} {
		if panel != "" {
			l.clicks(`.tabs [data-tab="more"]`)
			l.opens(panel)
		}
		l.complain(t, "a phone zooms in on", `[...document.querySelectorAll("input, select, textarea")].filter((e) => !e.matches(".sr") && !/checkbox|radio|range|file/.test(e.type) && parseFloat(getComputedStyle(e).fontSize) < 16).map((e) => e.id || e.className || e.outerHTML.slice(0, 60))`)
	}
}

// Three clients side by side in a column of half a laptop: each can be told from
// the others, and what it says stays inside.
func TestNarrowConsoles(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.run(click("#add-console"), click("#add-console"), chromedp.SendKeys("#layout", "side", chromedp.ByQuery))
	l.types("worker-A", "SUBSCRIBE news")
	l.types("worker-B", "BLPOP queue 0")
	l.sees("both wait", `document.querySelectorAll(".console .stop:not([hidden])").length === 2`)
	l.picture("narrow")
	l.complain(t, "narrow", `[...document.querySelectorAll(".console")].flatMap((c) => {
		const found = [], name = c.querySelector(".name"), screen = c.querySelector(".screen");
		if (name.scrollWidth > name.clientWidth) found.push(name.textContent + " is cut off, " + name.clientWidth + " of " + name.scrollWidth);
		if (screen.scrollWidth > screen.clientWidth) found.push(name.textContent + " is scrolled sideways");
		for (const b of c.querySelectorAll(".bar button:not([hidden])")) if (b.getBoundingClientRect().right > c.getBoundingClientRect().right + 1) found.push(name.textContent + ": " + b.className + " is out of reach");
		return found;
	})`)
}

// picture is for eyes, if CONSOLE_PICTURES names a folder for them.
func (l learner) picture(name string) {
	l.t.Helper()
	dir := os.Getenv("CONSOLE_PICTURES")
	if dir == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		var png []byte
		l.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}), chromedp.CaptureScreenshot(&png))
		if err := os.WriteFile(filepath.Join(dir, name+"-"+scheme+".png"), png, 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
}

// A console that is closed stands on the screen until the next frame; who clicks or
// types there meanwhile hurts nobody.
func TestAConsoleIsUsedWhileItGoes(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.clicks("#add-console")
	l.sees("a second", `document.querySelectorAll(".console").length === 2`)
	l.eval(`(() => {
		const c = document.querySelector('.console[data-console="worker-A"]');
		c.querySelector(".close").click();
		for (const b of c.querySelectorAll("button")) b.click();
		for (const type of ["input", "change", "focus", "blur", "paste"]) for (const e of c.querySelectorAll("input, select")) e.dispatchEvent(new Event(type, {bubbles: true}));
		for (const key of ["Enter", "Tab", "ArrowUp", "F1", "c"]) c.querySelector(".entry input").dispatchEvent(new KeyboardEvent("keydown", {key, ctrlKey: key === "c", bubbles: true, cancelable: true}));
	})()`, nil)
	l.sees("one", `document.querySelectorAll(".console").length === 1`)
	l.types("redis", "PING")
	l.answer("redis", "PING", []string{"PONG"})
}
