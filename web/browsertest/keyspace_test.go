package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The same keys as grid, treemap, tree and list: all obey the filter, and all
// are gone through with the keyboard.
func TestKeysAreFilteredAndShownInSeveralWays(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.fill()
	figures := func(what, text string) {
		t.Helper()
		l.sees(what, `document.querySelector("#keyspace-figures").textContent.startsWith("`+text+`")`)
	}
	l.run(chromedp.SendKeys("#glob", "*[e]:[1m]*", chromedp.ByQuery))
	figures("the filter", "2 of 11 keys") // page:1 and queue:mail
	l.eval(`document.querySelector("#cells").focus()`, nil)
	l.run(chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	l.sees("the second key", `document.querySelector("#cell-name").textContent.startsWith("queue:mail  list")`)

	l.run(click(`[data-view="list"]`))
	l.sees("two rows", `[...document.querySelectorAll("#rows button")].map((b) => b.textContent).join() === "page:1,queue:mail"`)

	l.run(click(`[data-view="map"]`))
	l.sees("the treemap", `document.querySelector("#cells").ariaLabel.startsWith("Keys by memory")`)
	l.eval(`document.querySelector("#cells").focus()`, nil)
	l.run(chromedp.KeyEvent(kb.ArrowRight))
	l.sees("the largest folder", `document.querySelector("#cell-name").textContent.startsWith("queue:*  1 key")`)
	l.run(chromedp.KeyEvent(kb.ArrowRight))
	l.sees("its key", `document.querySelector("#cell-name").textContent.startsWith("queue:mail  list, ")`)
	l.run(chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.Enter))
	figures("the folder alone", "1 of 11 keys")
	l.sees("the folder in the filter", `document.querySelector("#glob").value === "queue:*"`)
	l.eval(`document.querySelector("#glob").select()`, nil)
	l.run(chromedp.SendKeys("#glob", kb.Backspace, chromedp.ByQuery))
	figures("no filter", "11 keys")

	l.run(click(`[data-view="tree"]`))
	l.sees("folders first", `[...document.querySelectorAll("#tree .key")].map((e) => e.textContent).slice(0, 4).join() === "page:,queue:,user:,board"`)
	l.eval(`document.querySelector("#tree").focus()`, nil)
	l.run(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowRight))
	l.sees("the open folder", `document.querySelector('#tree [aria-expanded="true"] .key')?.textContent === "user:"`)
	l.run(chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.Enter))
	l.sees("its key", `document.querySelector("#inspector-key").textContent === "user:1" && !document.querySelector("#inspector").hidden`)
	l.run(chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft))
	l.sees("the closed folder", `!document.querySelector('#tree [aria-expanded="true"]')`)

	l.eval(`(() => { const s = document.querySelector("#type"); s.value = "zset"; s.dispatchEvent(new Event("change")); })()`, nil)
	l.sees("sorted sets only", `[...document.querySelectorAll("#tree .key")].map((e) => e.textContent).join() === "board,cities"`)
}

// Each type is shown as what it is, and a long value page by page.
func TestAKeyIsInspectedByType(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.fill()
	l.eval(`everysec.pipeline([
		["HEXPIRE", "user:1", "900", "FIELDS", "1", "city"],
		["XREADGROUP", "GROUP", "readers", "ann", "STREAMS", "log", ">"],
		["RPUSH", "long", ...Array.from({length: 120}, (_, i) => "element " + i)],
	])`, nil)
	l.run(click(`[data-view="list"]`))
	l.sees("the list", `document.querySelectorAll("#rows tr").length === 12`)
	value := `document.querySelector("#inspector-value").innerText`
	for _, see := range []struct{ key, expression string }{
		{"user:1", value + `.includes("expires in 1")`},
		{"board", `(() => { const bars = [...document.querySelectorAll("#inspector-value .bar i")].map((e) => e.getBoundingClientRect().width);
			return bars.length === 3 && bars[0] > 10 && bars[0] < bars[1] && bars[1] < bars[2] })()`},
		{"log", `document.querySelector("#inspector-groups").innerText.includes("1 pending: 1-1 (delivered 1 time)")`},
		{"unique", `document.querySelector("#inspector-note").innerText.includes("estimate 3 elements")`},
		{"days", value + `.includes("00000001")`},
		{"cities", `document.querySelector("#inspector-picture").dataset.kind === "map" && ` + value + `.includes("51.5")`},
	} {
		l.inspects(see.key)
		l.sees(see.key+" as what it is", see.expression)
	}
	var shades int
	l.inspects("unique")
	l.sees("the registers", `document.querySelector("#inspector-picture").dataset.kind === "registers" && !document.querySelector("#inspector-picture").hidden`)
	l.eval(`(() => { const c = document.querySelector("#inspector-picture"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data, seen = new Set();
		for (let i = 0; i < d.length; i += 4) seen.add(d[i]); return seen.size })()`, &shades)
	if shades < 3 {
		t.Errorf("the picture of the registers has %d shades", shades)
	}
	l.inspects("cities")
	l.sees("two forms", `document.querySelector("#inspector-form").value === "map"`)
	l.eval(`(() => { const s = document.querySelector("#inspector-form"); s.value = "ranks"; s.dispatchEvent(new Event("change")) })()`, nil)
	l.sees("scores instead", `/\b\d{16}\b/.test(`+value+`)`)

	l.inspects("long")
	l.sees("the first page", value+`.includes("element 49") && !`+value+`.includes("element 50")`)
	l.clicks("#inspector-later")
	l.sees("the second page", value+`.includes("element 50") && !`+value+`.includes("element 49")`)
	l.clicks("#inspector-later")
	l.sees("the last page", value+`.includes("element 119") && document.querySelector("#inspector-later").hidden`)

	l.inspects("board")
	l.eval(`everysec.command("ZADD", "board", ...Array.from({length: 200}, (_, i) => [i, "m" + i]).flat())`, nil)
	l.sees("the moment of the new encoding", `/listpack → skiplist at \d\d:\d\d:\d\d\.\d, with 203 elements/.test(document.querySelector("#inspector-facts").textContent)`)
}

// The cursor of a SCAN is seen to go backwards through the buckets, and a resize
// to go on a command at a time while engine time stands still.
func TestTheHashTableIsSeenWhileItIsScannedAndResized(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.eval(`everysec.pipeline(Array.from({length: 8}, (_, i) => ["SET", "k" + i, "v"]))`, nil)
	l.run(click(`[data-view="table"]`))
	words, walk := `document.querySelector("#table-words").textContent`, `document.querySelector("#table-walk").textContent`
	l.sees("a table at rest", words+`.startsWith("8 buckets for 8 keys.") && `+walk+`.startsWith("SCAN 0 in a console")`)
	l.types("redis", "SCAN 0 COUNT 1")
	l.sees("the first step", `/SCAN returned \d+ keys? in 1 call and has visited .* Next is \d, in binary \d{3};/.test(`+walk+`)`)
	l.eval(`document.querySelector("#cells").focus()`, nil)
	l.run(chromedp.KeyEvent(kb.ArrowRight))
	l.sees("bucket 0", `/^bucket 0  000, \d keys?, visited$/.test(document.querySelector("#cell-name").textContent)`)
	l.types("redis", "SCAN 0 COUNT 100")
	l.sees("the end", walk+`.includes("SCAN is through, with 8 keys in 1 call.")`)

	l.clicks("#clock-pause")
	l.sees("time stands", `document.querySelector("#clock-pause").ariaPressed === "true"`)
	l.types("redis", "SET k8 v")
	l.sees("a resize", words+`.startsWith("A resize from 8 to 16 buckets is under way:")`)
	var before string
	l.eval(words, &before)
	l.types("redis", "GET k1")
	l.sees("a step of it", words+" !== `"+before+"`")
	l.clicks("#clock-pause")
	l.sees("the end of the resize", words+`.startsWith("16 buckets for 9 keys.")`)
}
