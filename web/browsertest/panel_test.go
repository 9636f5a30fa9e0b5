package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// opens shows a panel as a person does, on a desktop or on a phone.
func (l learner) opens(name string) {
	l.t.Helper()
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
