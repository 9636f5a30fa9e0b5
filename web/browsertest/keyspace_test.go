package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The same keys as grid, treemap, tree and list: all obey the filter, and all
// are gone through with the keyboard.
func TestKeysAreFilteredAndShownInSeveralWays(t *testing.T) {
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

	l.run(chromedp.Click(`[data-view="list"]`, chromedp.ByQuery))
	l.sees("two rows", `[...document.querySelectorAll("#rows button")].map((b) => b.textContent).join() === "page:1,queue:mail"`)

	l.run(chromedp.Click(`[data-view="map"]`, chromedp.ByQuery))
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

	l.run(chromedp.Click(`[data-view="tree"]`, chromedp.ByQuery))
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
