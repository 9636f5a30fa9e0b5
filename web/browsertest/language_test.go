package browsertest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// english lists what is seen or heard on the page in English, though its
// catalogue has it: somewhere a text goes past it.
const english = `(() => {
	const said = new Map(everysecWords.split("\n").map((line) => line.split("\t")));
	const found = new Set();
	const look = (text, where) => {
		const other = said.get(text?.trim());
		if (other && other !== text.trim()) found.add(where + ": " + text.trim());
	};
	const theirs = "#lesson article > :not([data-word]), .log, .about-text, script, style, [lang=en]";
	const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (all.nextNode()) {
		const e = all.currentNode.parentElement;
		if (e.closest("[data-word]") || !e.closest(theirs)) look(all.currentNode.data, e.tagName + "." + e.className);
	}
	for (const e of document.querySelectorAll("[title], [aria-label], [placeholder]")) {
		if (e.closest(theirs)) continue;
		for (const name of ["title", "aria-label", "placeholder"]) look(e.getAttribute(name), name);
	}
	return [...found];
})()`

// Somebody finds the switch, and has the language from then on: the map, the
// lessons (in English where they have not been translated, and marked as that),
// the panels, the viewer, what happens after a crash.
func TestSomebodyReadsInGerman(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	speaks := func(what string) {
		t.Helper()
		var left []string
		l.eval(english, &left)
		if len(left) > 0 {
			t.Errorf("%s is in English:\n%s", what, strings.Join(left, "\n"))
		}
	}
	l.run(chromedp.Navigate(l.origin+"/lessons/"), click(`.languages a[hreflang="de"]`))
	l.sees("the map in German", `document.documentElement?.lang === "de" && location.pathname === "/lessons/de/" && document.querySelector("#course-title")?.textContent === "Der Kurs"`)
	l.sees("a lesson that is not is marked", `document.querySelector('[data-lesson="production-checklist"] a').lang === "en" && document.querySelector('[data-lesson="keys-and-values"] a').lang === ""`)
	l.sees("how far somebody is", `document.querySelector("li .state").textContent.includes("Schritte")`)

	l.run(chromedp.Navigate(l.origin + "/?store=memory:&seed=7"))
	l.sees("it is remembered", `document.documentElement?.lang === "de" && location.pathname === "/lessons/keys-and-values/de/" && location.search === "?store=memory:&seed=7"`)

	l.goes("/lessons/rdb-and-aof/?store=memory:&seed=7")
	l.sees("the page is German, its lesson English", `document.documentElement.lang === "de" && document.querySelector("#lesson article").lang === "en" && document.querySelector("#steps").lang === "en"`)
	l.sees("and what the page says in the lesson is German", `[...document.querySelectorAll("#lesson button.run")].every((e) => e.lang === "de" && ["Ausführen", "Vormachen", "Erst vorhersagen"].includes(e.textContent))`)
	l.sees("numbers, too", `/^\d+ von \d+ Schritten/.test(document.querySelector("#progress").textContent)`)
	speaks("the page")
	l.eval(`everysec.pipeline([["SET", "a", "1"], ["HSET", "h", "f", "v"], ["PFADD", "p", "x"], ["SETEX", "e", "1000", "v"]])`, nil)
	for _, view := range []string{"map", "tree", "list", "table", "grid"} {
		l.clicks(`[data-view="` + view + `"]`)
		l.sees("the view", `document.querySelector('[data-view="`+view+`"]').ariaPressed === "true"`)
		speaks("the view " + view)
	}
	for _, panel := range []string{"crash", "load", "settings", "files", "time"} {
		l.clicks(`#panels [data-panel="` + panel + `"]`)
		l.sees("the panel", `document.querySelector('#panel[data-panel="`+panel+`"] .place')?.innerText.length > 200`)
		speaks("the panel " + panel)
		l.sees("its name", `!["Crash", "Load", "Settings", "Files and state", "Time"].includes(document.querySelector("#panel-title").textContent)`)
	}
	l.clicks("#panel-close")
	l.clicks(`.crash[data-crash="1"]`)
	l.sees("the account", `/^Stromausfall um \d\d:/.test(document.querySelector("#account-title").textContent)`)
	speaks("the account")
	l.clicks("#restart")
	l.sees("what came back", `document.querySelector("#account-title").textContent.endsWith("was zurückkam") && /Fiele jetzt der Strom aus/.test(document.querySelector("#truth").textContent)`)
	speaks("what came back")
	l.clicks("#account-close")
	l.clicks(`#file-rows button[name="view"]`)
	l.sees("the viewer", `document.querySelector('#viewer[data-done="true"]') && document.querySelector("#viewer-close").textContent === "Schließen"`)
	speaks("the viewer")
	l.clicks("#viewer-close")

	l.eval(`document.querySelector('.languages a[hreflang="en"]').click()`, nil)
	l.sees("English again", `document.documentElement?.lang === "en" && location.pathname === "/lessons/rdb-and-aof/"`)
	l.goes("/?store=memory:")
	l.sees("and that is remembered", `document.documentElement.lang === "en" && !globalThis.everysecWords`)
}

// The one file speaks it, too, and teaches without a server.
func TestTheOneFileHasEveryLanguage(t *testing.T) {
	t.Parallel()
	out := takenAlong(t)
	l := learner{launch(t, t.TempDir(), "file://"+filepath.ToSlash(filepath.Join(out, "download")))}
	l.goes("/everysec.html?store=memory:")
	l.run(click(`.languages a[hreflang="de"]`))
	l.sees("the page in German", `document.documentElement?.lang === "de" && document.body.dataset.server === "running" && document.querySelector(".top .course").textContent === "Lektionen"`)
	l.sees("with the lesson in German", `document.querySelector("#lesson article").lang === "" && document.querySelector("button.run").textContent === "Ausführen"`)
	var left []string
	l.eval(english, &left)
	if len(left) > 0 {
		t.Errorf("in English:\n%s", strings.Join(left, "\n"))
	}
	l.eval(`document.querySelector(".top .course").click()`, nil)
	l.sees("the map", `document.querySelector("#course").checkVisibility() && document.querySelector("#course-title").textContent === "Der Kurs"`)

	// A lesson without a translation: its text is English, and it can be played
	// to its quiz.
	l.goes("/everysec.html?store=memory:&lesson=sets")
	l.sees("the lesson", `document.documentElement.lang === "de" && document.querySelector("#lesson article").dataset.lesson === "sets" && document.querySelector("#lesson article").lang === "en"`)
	l.sees("its buttons", `[...document.querySelectorAll("#lesson button.run")].every((e) => e.lang === "de" && e.textContent !== "Run")`)
	l.clicks("button.run:not(.predict ~ * button)")
	l.sees("it is played", `document.querySelector('#lesson li[data-state="played"]')`)
	l.eval(`document.querySelector("form.quiz").scrollIntoView({behavior: "instant"})`, nil)
	l.clicks(`form.quiz fieldset:nth-of-type(1) label:nth-of-type(1) input`)
	l.sees("the quiz answers", `/^[01] von \d richtig/.test(document.querySelector("form.quiz .score").textContent) && document.querySelector("form.quiz .explain").textContent.length > 10`)
	l.run(click(`.languages a[hreflang="en"]`))
	l.sees("the same lesson in English", `document.documentElement?.lang === "en" && document.querySelector("#lesson article")?.dataset.lesson === "sets" && document.querySelector("button.run").textContent !== "Ausführen"`)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.problems {
		t.Error(p)
	}
}
