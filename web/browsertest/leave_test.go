package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// The next lesson costs nothing of this one: neither what no fsync has saved yet,
// nor the line that was being typed. A tab that is closed is a power cut all the
// same.
func TestALinkOfTheCourseLosesNothing(t *testing.T) {
	const lesson = "/lessons/rdb-and-aof/"
	l := learner{launch(t, t.TempDir(), site(t))}
	writes := func(key string) {
		t.Helper()
		l.goes(lesson)
		l.types("redis", "CONFIG SET appendonly yes")
		l.answer("redis", "CONFIG SET appendonly yes", []string{"OK"})
		l.types("redis", "CONFIG SET appendfsync no")
		l.answer("redis", "CONFIG SET appendfsync no", []string{"OK"})
		l.sees("the append only file is there", `document.querySelector("#set-appendfsync").value === "no" && document.querySelector("#set-appendonly").value === "yes" && document.querySelector("#job").textContent === ""`)
		l.types("redis", "SET "+key+" 1")
		l.answer("redis", "SET "+key+" 1", []string{"OK"})
	}
	finds := func(key, want string) {
		t.Helper()
		l.types("redis", "EXISTS "+key)
		l.answer("redis", "EXISTS "+key, []string{"(integer) " + want})
	}
	writes("kept")
	l.run(chromedp.SendKeys(".entry input", "GET ke", chromedp.ByQuery))
	l.eval(`document.querySelector(".onward a[rel=next]").click()`, nil)
	l.sees("the next lesson", `location.pathname !== "`+lesson+`" && document.querySelector(".console")`)
	l.goes(lesson)
	l.sees("what was typed", `document.querySelector(".entry input").value === "GET ke"`)
	l.eval(`document.querySelector(".entry input").select()`, nil)
	finds("kept", "1")

	writes("cut")
	l.run(chromedp.Navigate("about:blank")) // as closing the tab
	l.goes(lesson)
	finds("cut", "0")
	finds("kept", "1")
}

// What takes long has a bar, over what is there anyhow: nothing moves.
func TestABarForWhatTakesLong(t *testing.T) {
	l := arrive(t)
	place := `JSON.stringify([...document.querySelectorAll(".top > :not(.underway, .clock, .status), main, main > *")].map((e) => [e.getBoundingClientRect().top, e.getBoundingClientRect().left]))`
	var before, while string
	l.eval(`everysec.pipeline([["SET", "k", "v"]]).then(() => everysec.fault("hung-fsync"))`, nil)
	l.sees("the fault is told", `document.querySelector("#armed")?.hidden === false`)
	l.eval(place, &before)
	l.types("redis", "BGSAVE")
	l.sees("the bar", `document.querySelector(".top progress:not([hidden])")?.getAttribute("aria-label") === "BGSAVE"`)
	if l.eval(place, &while); while != before {
		t.Errorf("something has moved:\n%s\n%s", before, while)
	}
	l.eval(`everysec.fault("none")`, nil)
	l.sees("no bar", `document.querySelector(".top progress").hidden`)
}
