package browsertest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// complain fails for each line that an expression yields.
func (l learner) complain(t *testing.T, where, expression string) {
	t.Helper()
	var found []string
	l.eval(expression, &found)
	for _, line := range found {
		t.Errorf("%s: %s", where, line)
	}
}

// wide lists what makes the page wider than the screen, and what is cut off
// where nobody can scroll to it.
const wide = `(() => {
	const found = [];
	if (document.documentElement.scrollWidth > innerWidth) found.push("the page is " + document.documentElement.scrollWidth + " wide, the screen " + innerWidth);
	const reached = (e) => { // something around it is scrolled sideways
		for (let p = e.parentElement; p; p = p.parentElement) if (/auto|scroll/.test(getComputedStyle(p).overflowX)) return true;
		return false;
	};
	for (const e of document.querySelectorAll("button, select, input, textarea, a[href], h1, h2, h3, progress, canvas, .label")) {
		if (!e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) || e.closest(".sr, .skip, .keys") || e.classList.contains("sr")) continue;
		const r = e.getBoundingClientRect();
		if (r.width > 0 && (r.left < -1 || r.right > innerWidth + 1) && !reached(e)) found.push((e.id || e.className || e.tagName) + " from " + r.left + " to " + r.right + ": " + e.textContent.slice(0, 30));
		if (e.tagName === "BUTTON" && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).textOverflow !== "ellipsis") found.push((e.id || e.className) + " cuts off its text: " + e.textContent.slice(0, 30));
	}
	return found;
})()`

// At 200% zoom a laptop's screen has half as many pixels each way. Nothing is
// out of reach then.
func TestZoomedToTwice(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.fill()
	eachView(t, l, func(t *testing.T, v view) {
		l.run(chromedp.EmulateViewport(720, 450, chromedp.EmulateScale(2)))
		l.clicks(`.tabs [data-tab="` + v.tab + `"]`)
		time.Sleep(100 * time.Millisecond) // a drawing
		l.complain(t, "200%", wide)
		l.size(1440, 900)
	})
}

// On any desktop what stands in the top line can be pressed: nothing covers it.
func TestNothingInTheTopLineIsCovered(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	for _, width := range []int64{1600, 1440, 1366, 1280, 1200} {
		l.size(width, 768)
		time.Sleep(100 * time.Millisecond) // a drawing
		l.complain(t, strconv.Itoa(int(width)), covered)
		l.complain(t, strconv.Itoa(int(width)), wide)
	}
	l.plants(".panels { margin-left: -60px; position: relative; background: red }")
	var found []string
	if l.eval(covered, &found); len(found) == 0 {
		t.Error("what is covered is not seen")
	}
}

// covered lists what stands in the top line with something over its middle.
const covered = `[...document.querySelectorAll(".top :is(a, button, select)")].filter((e) => {
	const r = e.getBoundingClientRect(), hit = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
	return e.checkVisibility() && !e.contains(hit);
}).map((e) => (e.id || e.dataset.step || e.textContent) + " is covered")`

// Somebody who does not want motion sees none, on any view.
func TestNothingMovesForWhoWantsNoMotion(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.prefers("prefers-reduced-motion", "reduce")
	l.fill()
	eachView(t, l, func(t *testing.T, _ view) {
		l.complain(t, "reduced motion", moves)
	})
}

// moves lists what moves by itself, or glides instead of jumping.
const moves = `[
	...document.getAnimations().map((a) => a.effect.target.id + " " + (a.animationName ?? a.transitionProperty)),
	...[...document.querySelectorAll("*")].filter((e) => getComputedStyle(e).scrollBehavior === "smooth").map((e) => e.id + " scrolls smoothly"),
]`

// With forced colours backgrounds are gone. What is pressed, current, chosen or
// in a state differs all the same by a border, an outline or a colour of the
// system; and the focus is seen.
func TestForcedColours(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}))
	l.fill()
	disc := map[string]string{}
	eachView(t, l, func(t *testing.T, _ view) {
		if wrong := l.discs(disc); wrong != "" {
			t.Error(wrong)
		}
		l.complain(t, "forced colours", unsigned)
	})
	if len(disc) < 2 {
		t.Errorf("seen only %v", disc)
	}
	l.clicks("#theme")
	for range 30 {
		l.run(chromedp.KeyEvent(kb.Tab))
		l.complain(t, "forced colours", unfocused)
	}
}

// discs compares the sign of the server's state with those of other states.
func (l learner) discs(seen map[string]string) (wrong string) {
	l.t.Helper()
	var state, shown string
	l.eval(`document.body.dataset.server`, &state)
	l.eval(`(() => { const s = getComputedStyle(document.querySelector("#status"), "::before"); return s.backgroundColor + s.borderStyle })()`, &shown)
	for other, looks := range seen {
		if other != state && looks == shown {
			wrong = "the sign of " + state + " is that of " + other
		}
	}
	seen[state] = shown
	return wrong
}

// unsigned lists what looks alike though it is not, and states without a sign.
const unsigned = `(() => {
	const look = (e) => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.borderTopColor, s.borderTopWidth, s.borderTopStyle, s.borderBottomWidth, s.borderBottomColor, s.outlineStyle, s.fontWeight, s.textDecorationLine].join() }, found = [];
	for (const name of ["aria-pressed", "aria-expanded"]) for (const on of document.querySelectorAll("[" + name + "=true]")) {
		const off = [...on.parentElement.children].find((e) => e.tagName === on.tagName && e.getAttribute(name) === "false" && e.className === on.className);
		if (off && on.checkVisibility() && look(on) === look(off) && !on.matches("[role=treeitem]")) found.push(on.textContent + " looks as if " + name + " were false");
	}
	for (const e of document.querySelectorAll("i[data-state]")) {
		if (!e.checkVisibility()) continue;
		const s = getComputedStyle(e);
		if (s.forcedColorAdjust !== "none" && s.borderTopStyle === "none") found.push("no sign for " + e.dataset.state);
	}
	return found;
})()`

// unfocused names what has the focus, if nothing shows it.
const unfocused = `(() => {
	const e = document.activeElement;
	if (e === document.body || e.matches(".entry input")) return []; // the console shows its bar
	const s = getComputedStyle(e), around = getComputedStyle(e.closest(".button, label") ?? e);
	return [s, around].some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) ? [] : [(e.id || e.textContent) + " has the focus, and nothing shows it"];
})()`

// Nothing jumps: neither while the page comes, for the first time and again, nor
// while panels open. What moves because somebody pressed something is no jump,
// but a panel's style sheet comes later than that.
func TestNothingJumpsWhileLoading(t *testing.T) {
	l := learner{launch(t, t.TempDir(), site(t))}
	l.watchesForJumps()
	jumped := func(when string) {
		t.Helper()
		if sum, what := l.jumped(); sum >= 0.1 {
			t.Errorf("%s: layout shifts of %.3f: %s", when, sum, what)
		}
	}
	for _, size := range [][2]int64{{1440, 900}, {390, 844}} {
		l.size(size[0], size[1])
		l.goes("/")
		jumped("a visit")
		l.goes("/")
		jumped("another visit")
		for _, name := range []string{"crash", "load", "settings", "files", "time"} {
			if size[0] < 760 {
				l.clicks(`.tabs [data-tab="more"]`)
			}
			l.clicks(`#panels [data-panel="` + name + `"]`)
			l.sees("the panel", `document.querySelector("#panel")?.dataset.panel === "`+name+`" && !document.querySelector("#panel").hidden`)
			jumped("the panel " + name)
			l.clicks("#panel-close")
			jumped("the panel " + name + " has been closed")
		}
	}
}

// watchesForJumps notes every layout shift of pages that are opened from now on.
func (l learner) watchesForJumps() {
	l.t.Helper()
	l.before(`
			globalThis.jumps = [];
			new PerformanceObserver((list) => {
				for (const e of list.getEntries()) if (!e.hadRecentInput) jumps.push([e.value, ...e.sources.map((s) => (s.node?.id || s.node?.className || s.node?.nodeName) + "")]);
			}).observe({ type: "layout-shift", buffered: true });`)
}

// jumped is the sum of the shifts since it was asked before, and what shifted.
func (l learner) jumped() (sum float64, what string) {
	l.t.Helper()
	time.Sleep(300 * time.Millisecond) // what still comes
	l.eval(`jumps.reduce((sum, j) => sum + j[0], 0)`, &sum)
	l.eval(`jumps.splice(0).map(String).join("; ")`, &what)
	return sum, what
}

// plants adds a style sheet to the page, as a mistake would; "" removes it.
func (l learner) plants(style string) {
	l.t.Helper()
	l.eval(fmt.Sprintf(`(() => { const s = new CSSStyleSheet(); s.replaceSync(%q); document.adoptedStyleSheets = [s] })()`, style), nil)
}

// A check that cannot fail tells nothing: each of those above is shown a page
// with a fault in it, and names it, and is silent when the fault is gone.
func TestTheChecksSeeWhatIsWrong(t *testing.T) {
	t.Parallel()
	script, err := axe()
	if err != nil {
		t.Fatal(err)
	}
	l := learner{launch(t, t.TempDir(), site(t))}
	l.watchesForJumps()
	l.goes("/?store=memory:&seed=7")
	l.fill()
	l.eval(script+"\n;true", nil)
	for _, fault := range []struct {
		name, feature, value string // what the learner's system wants
		style                string // the fault
		check, finds         string
	}{
		{"a button wider than the screen", "", "", `#theme { min-width: 1500px }`, wide, "theme from "},
		{"text that is cut off", "", "", `#clock-jump { width: 20px; overflow: hidden }`, wide, "clock-jump cuts off its text"},
		{"a transition", "prefers-reduced-motion", "reduce", `@keyframes k { to { opacity: 0.9 } } #status { animation: k 9s infinite }`, moves, "status k"},
		{"smooth scrolling", "prefers-reduced-motion", "reduce", `.watch { scroll-behavior: smooth }`, moves, "scrolls smoothly"},
		{"what is pressed looks like the rest", "forced-colors", "active", `.views button { border: 1px solid !important; font-weight: 400 !important; color: red !important; background: none !important }`, unsigned, "Grid looks as if aria-pressed were false"},
		{"a state without a sign", "forced-colors", "active", `i[data-state] { forced-color-adjust: auto; border-style: none !important }`, unsigned, "no sign for memory"},
		{"no sign of the focus", "forced-colors", "active", `:focus-visible { outline: none }`, unfocused, "has the focus, and nothing shows it"},
		{"too little contrast, in light", "prefers-color-scheme", "light", `.legend { color: #8a8a8a }`, violations, "color-contrast"},
		{"too little contrast, in dark", "prefers-color-scheme", "dark", `.legend { color: #555 }`, violations, "color-contrast"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			if fault.feature != "" {
				l.prefers(fault.feature, fault.value)
			}
			l.sees("that what moved before has come to rest", `document.getAnimations().every((a) => a.effect.getComputedTiming().endTime === Infinity)`)
			l.eval(`document.querySelector("#theme").focus()`, nil)
			l.run(chromedp.KeyEvent(kb.Tab)) // by keyboard, so that it is shown
			found := func() (list string) {
				l.eval(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => `+fault.check+`).then((list) => list.join("\n"))`, &list)
				return list
			}
			if list := found(); list != "" {
				t.Errorf("without the fault: %s", list)
			}
			l.plants(fault.style)
			if list := found(); !strings.Contains(list, fault.finds) {
				t.Errorf("the fault is not seen; what is: %q", list)
			}
			l.plants("")
		})
	}
	t.Run("a state that looks like another", func(t *testing.T) {
		l.prefers("forced-colors", "active")
		l.plants(`.status span::before { background: CanvasText !important; border: 1px solid !important }`)
		seen := map[string]string{}
		l.discs(seen)
		l.eval(`everysec.crash("kill-9")`, nil)
		l.sees("it is down", `document.body.dataset.server === "down"`)
		if wrong := l.discs(seen); wrong != "the sign of down is that of running" {
			t.Errorf("the fault is not seen; what is: %q", wrong)
		}
		l.plants("")
		if wrong := l.discs(map[string]string{"running": seen["running"]}); wrong != "" {
			t.Error(wrong)
		}
		l.eval(`everysec.restart()`, nil)
	})
	t.Run("a jump", func(t *testing.T) {
		l.jumped()
		time.Sleep(600 * time.Millisecond) // what moves right after an input is no jump
		l.plants("main { padding-top: 400px }")
		if sum, what := l.jumped(); sum < 0.1 {
			t.Errorf("shifts of %.3f: %s", sum, what)
		}
	})
}
