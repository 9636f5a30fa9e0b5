package browsertest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
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

// Somebody who does not want motion sees none, on any view.
func TestNothingMovesForWhoWantsNoMotion(t *testing.T) {
	l := arrive(t)
	l.prefers("prefers-reduced-motion", "reduce")
	l.fill()
	eachView(t, l, func(t *testing.T, _ view) {
		l.complain(t, "reduced motion", `document.getAnimations().map((a) => a.effect.target.id + " " + (a.animationName ?? a.transitionProperty))`)
		l.complain(t, "reduced motion", `[...document.querySelectorAll("*")].filter((e) => getComputedStyle(e).scrollBehavior === "smooth").map((e) => e.id + " scrolls smoothly")`)
	})
}

// With forced colours backgrounds are gone. What is pressed, current, chosen or
// in a state differs all the same by a border, an outline or a colour of the
// system; and the focus is seen.
func TestForcedColours(t *testing.T) {
	l := arrive(t)
	l.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}))
	l.fill()
	const look = `(e) => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.borderTopColor, s.borderTopWidth, s.borderTopStyle, s.borderBottomWidth, s.borderBottomColor, s.outlineStyle, s.fontWeight, s.textDecorationLine].join() }`
	disc := map[string]string{}
	eachView(t, l, func(t *testing.T, _ view) {
		var state, shown string
		l.eval(`document.body.dataset.server`, &state)
		l.eval(`(() => { const s = getComputedStyle(document.querySelector("#status"), "::before"); return s.backgroundColor + s.borderStyle })()`, &shown)
		for other, looks := range disc {
			if other != state && looks == shown {
				t.Errorf("the sign of %q is that of %q", state, other)
			}
		}
		disc[state] = shown
		l.complain(t, "forced colours", `(() => {
			const look = `+look+`, found = [];
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
		})()`)
	})
	if len(disc) < 2 {
		t.Errorf("seen only %v", disc)
	}
	l.clicks("#theme")
	for range 30 {
		l.run(chromedp.KeyEvent(kb.Tab))
		l.complain(t, "forced colours", `(() => {
			const e = document.activeElement;
			if (e === document.body || e.matches(".entry input")) return []; // the console shows its bar
			const s = getComputedStyle(e), around = getComputedStyle(e.closest(".button, label") ?? e);
			return [s, around].some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) ? [] : [(e.id || e.textContent) + " has the focus, and nothing shows it"];
		})()`)
	}
}

// Nothing jumps: neither while the page comes, for the first time and again, nor
// while panels open. What moves because somebody pressed something is no jump,
// but a panel's style sheet comes later than that.
func TestNothingJumpsWhileLoading(t *testing.T) {
	b := launch(t, t.TempDir(), site(t))
	l := learner{b}
	l.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`
			globalThis.jumps = [];
			new PerformanceObserver((list) => {
				for (const e of list.getEntries()) if (!e.hadRecentInput) jumps.push([e.value, ...e.sources.map((s) => (s.node?.id || s.node?.className || s.node?.nodeName) + "")]);
			}).observe({ type: "layout-shift", buffered: true });`).Do(ctx)
		return err
	}))
	jumped := func(when string) {
		t.Helper()
		time.Sleep(300 * time.Millisecond) // what still comes
		var sum float64
		var what []string
		l.eval(`jumps.reduce((sum, j) => sum + j[0], 0)`, &sum)
		l.eval(`jumps.splice(0).map(String)`, &what)
		if sum >= 0.1 {
			t.Errorf("%s: layout shifts of %.3f: %s", when, sum, strings.Join(what, "; "))
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
