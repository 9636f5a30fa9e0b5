package browsertest

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"everysec/lessons"
	"everysec/lessons/markdown"
)

// learner is somebody at the page: keyboard, mouse and eyes.
type learner struct{ *browser }

func arrive(t *testing.T) learner { return arriveAt(t, "/") }

func arriveAt(t *testing.T, path string) learner {
	t.Helper()
	l := learner{launch(t, t.TempDir(), site(t))}
	l.goes(path + "?store=memory:&seed=7")
	return l
}

// goes opens a page and waits until it is alive.
func (l learner) goes(path string) {
	l.t.Helper()
	l.open(path)
	// A click goes where the button was; it must not glide away meanwhile.
	l.eval(`document.querySelector("#lesson").style.scrollBehavior = "auto"`, nil)
	l.sees("the server runs", `document.body.dataset.server === "running" && document.querySelector("#set-save").value !== ""`)
	l.sees("everything is laid out", `document.documentElement.classList.contains("whole")`)
}

// sees waits until an expression is true. While a page goes and another comes an
// expression may fail: it is not true then.
func (l learner) sees(what, expression string) {
	l.t.Helper()
	var seen bool
	var failed error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline) && l.ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if failed = l.try("!!("+expression+")", &seen); failed == nil && seen {
			return
		}
	}
	var screen string
	if err := l.try(`(() => {
		const text = (selector) => document.querySelector(selector)?.textContent ?? "";
		return [location.href, "server: " + document.body.dataset.server + ", " + text("#status"), "notice: " + text("#notice-text"),
			"focus: " + document.activeElement.tagName + "#" + document.activeElement.id, "panel: " + (document.querySelector("#panel:not([hidden])")?.dataset.panel ?? "none"),
			...[...document.querySelectorAll(".log")].map((e) => e.innerText)].join("\n---\n");
	})()`, &screen); err != nil {
		screen = err.Error()
	}
	if failed != nil {
		l.t.Fatalf("it was not seen that %s: %s: %v; the page shows:\n%s", what, expression, failed, screen)
	}
	l.t.Fatalf("it was not seen that %s: %s; the page shows:\n%s", what, expression, screen)
}

func console(name string) string { return `.console[data-console="` + name + `"]` }

// types enters a line at a console with the keyboard.
func (l learner) types(name, line string) {
	l.t.Helper()
	if l.fox != nil {
		l.eval(`document.querySelector('`+console(name)+` .entry input').focus()`, nil)
		if err := l.fox.Keys(l.ctx, line+"\r"); err != nil {
			l.t.Fatal(err)
		}
		return
	}
	l.run(chromedp.SendKeys(console(name)+" .entry input", line+kb.Enter, chromedp.ByQuery))
}

// answer is what a console printed after the newest line, once it has matched.
func (l learner) answer(name, line string, expect []string) {
	l.t.Helper()
	text := ""
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var parts []string
		l.eval(`(() => {
			const lines = [...document.querySelectorAll('`+console(name)+` .log > div:not(.timing)')];
			const last = lines.findLastIndex((e) => e.className === "line");
			return lines.slice(last).map((e) => e.className === "line" ? e.querySelector(".typed").textContent : e.textContent);
		})()`, &parts)
		if len(parts) > 1 && parts[0] == line {
			if text = strings.Join(parts[1:], "\n"); lessons.Match(expect, text) {
				return
			}
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("%s> %s\n%q\nis not answered with %q", name, line, text, expect)
		}
	}
}

// clicks clicks at what may have to be scrolled to: the steps far from the
// screen are laid out only then, so the place is not known before.
func (l learner) clicks(selector string) {
	l.t.Helper()
	l.eval(`new Promise((done) => {
		document.querySelector('`+selector+`').scrollIntoView({block: "center"});
		requestAnimationFrame(() => requestAnimationFrame(done));
	})`, nil)
	if l.fox != nil {
		l.eval(`document.querySelector('`+selector+`').click()`, nil)
		return
	}
	l.run(click(selector))
}

// plays types lines one by one.
func (l learner) plays(lines []lessons.Line) {
	l.t.Helper()
	for _, line := range lines {
		if a := line.Action; a != nil {
			l.types(lessons.Default, a.Source)
			switch a.Verb {
			case lessons.Crash:
				l.sees("the server is down", `document.body.dataset.server === "down"`)
			case lessons.Restart:
				l.sees("the server is up", `document.body.dataset.server === "running"`)
			}
			continue
		}
		name := line.Console
		if name == "" {
			name = lessons.Default
		}
		for range 3 { // the button opens worker-A, worker-B, worker-C
			var there bool
			if l.eval(`!!document.querySelector('`+console(name)+`')`, &there); !there {
				l.run(click("#add-console"), chromedp.Sleep(50*time.Millisecond))
			}
		}
		l.types(name, line.Command)
		l.answer(name, line.Command, line.Expect)
	}
}

// firstStep finds the first step of the course that has what is asked for.
func firstStep(t *testing.T, has func(s *lessons.Step) bool) (*lessons.Lesson, *lessons.Step) {
	t.Helper()
	list, err := markdown.Load(filepath.Join("..", "..", "lessons"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		for i := range l.Steps {
			if has(&l.Steps[i]) {
				return l, &l.Steps[i]
			}
		}
	}
	t.Fatal("the course has no such step")
	return nil, nil
}

// does tells whether a transcript of a step has an action.
func does(s *lessons.Step, verb lessons.Verb) bool {
	for _, k := range s.Blocks {
		for _, line := range k.Lines {
			if k.Kind == lessons.Transcript && line.Action != nil && line.Action.Verb == verb {
				return true
			}
		}
	}
	return false
}

// The transcripts of these steps are typed by hand, actions too, and each
// reply is the lesson's.
func TestALearnerTypesTheTranscripts(t *testing.T) {
	t.Parallel()
	for name, verb := range map[string]lessons.Verb{"crash": lessons.Crash, "kill": lessons.KillClient, "pause": lessons.Pause} {
		t.Run(name, func(t *testing.T) {
			lesson, step := firstStep(t, func(s *lessons.Step) bool {
				for _, k := range s.Blocks {
					if k.Together {
						return false // no hand is as quick
					}
					for _, name := range lessons.Consoles(k.Lines) {
						if name != "" && !strings.HasPrefix(name, "worker-") {
							return false // the button opens no other
						}
					}
				}
				return does(s, verb)
			})
			l := arriveAt(t, "/lessons/"+lesson.ID+"/")
			l.plays(lesson.Setup)
			for _, k := range step.Blocks {
				if k.Kind == lessons.SetupKind || k.Kind == lessons.Transcript {
					l.plays(k.Lines)
				}
			}
		})
	}
}

func TestRunTypesABlockAndCheckJudgesTheState(t *testing.T) {
	t.Parallel()
	lesson, step := firstStep(t, func(s *lessons.Step) bool {
		checks := 0
		for _, k := range s.Blocks {
			if k.Check != nil && strings.HasPrefix(k.Check.Items[0].Source, "exists") && strings.HasSuffix(k.Check.Items[0].Source, "== 1") {
				checks++
			}
		}
		return checks == 1
	})
	l := arriveAt(t, "/lessons/"+lesson.ID+"/")
	id := "#" + step.ID
	l.eval(`document.querySelector('`+id+` .solution .transcript').closest("details").open = true`, nil)
	l.clicks(id + " div.check button.check")
	l.sees("the check fails at first", `document.querySelector("`+id+` div.check .verdict").textContent.startsWith("Not yet")`)
	l.clicks(id + " .solution button.run")
	l.sees("the solution has been played", `(() => { const s = [...document.querySelectorAll("`+id+` .solution li")]; return s.length && s.every((e) => e.dataset.state === "played") })()`)
	l.clicks(id + " div.check button.check")
	l.sees("the check passes", `document.querySelector("`+id+` div.check .verdict").textContent === "Done."`)
	l.sees("the step is marked", `document.querySelector('#steps a[data-step="`+step.ID+`"]').classList.contains("done")`)
}

func TestAPowerCutIsAccountedFor(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	for _, n := range []string{"1", "2", "3"} {
		l.types("redis", "SET order:"+n+" paid")
		l.answer("redis", "SET order:"+n+" paid", []string{"OK"})
	}
	l.sees("three tiles", `document.querySelector("#keyspace-figures").textContent.startsWith("3 keys")`)
	l.run(click(`button.crash[data-crash="1"]`))
	l.sees("the server is down", `document.querySelector("#account-title").textContent.includes("the server is down")`)
	l.types("redis", "GET order:1")
	l.answer("redis", "GET order:1", []string{"Could not connect to Redis at 127.0.0.1:6379: Connection refused"})
	l.run(click("#restart"))
	l.sees("what came back", `document.querySelector("#account-title").textContent.includes("what came back")`)
	var acknowledged, survived, lost string
	l.eval(`document.querySelector("#account-acknowledged").textContent`, &acknowledged)
	l.eval(`document.querySelector("#account-survived").textContent`, &survived)
	l.eval(`document.querySelector("#account-lost").textContent`, &lost)
	a, _ := strconv.Atoi(acknowledged)
	s, _ := strconv.Atoi(survived)
	n, err := strconv.Atoi(lost)
	if err != nil || a != 3 || s+n != a {
		t.Errorf("acknowledged %s, survived %s, lost %s", acknowledged, survived, lost)
	}
	l.sees("each key has its fate", `document.querySelectorAll("#account-table [data-fate]").length === 3`)
}

func TestTheConsoleIsARedisCLI(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	const input = `.entry input`
	value := func() (s string) { l.eval(`document.querySelector(".entry input").value`, &s); return s }
	l.run(chromedp.SendKeys(input, "set k", chromedp.ByQuery))
	l.sees("a hint", `document.querySelector(".console .hint").textContent.startsWith(" value [NX|XX|IFEQ ifeq-value|")`)
	l.run(chromedp.SendKeys(input, " v"+kb.Enter, chromedp.ByQuery))
	l.answer("redis", "set k v", []string{"OK"})
	l.run(chromedp.SendKeys(input, "config g"+kb.Tab, chromedp.ByQuery))
	if got := value(); got != "CONFIG GET" {
		t.Errorf("Tab made it %q", got)
	}
	l.run(chromedp.KeyEvent("u", chromedp.KeyModifiers(2)), chromedp.SendKeys(input, kb.ArrowUp, chromedp.ByQuery))
	if got := value(); got != "set k v" {
		t.Errorf("the arrow up brought %q", got)
	}
	l.run(chromedp.KeyEvent("u", chromedp.KeyModifiers(2)))
	l.types("redis", "multi")
	l.sees("the prompt knows the transaction", `document.querySelector(".entry .prompt").textContent === "127.0.0.1:6379(TX)> "`)
	l.types("redis", "discard")
	l.types("redis", "subscribe news")
	l.sees("subscribed mode", `document.querySelector(".entry .prompt").textContent.includes("(subscribed mode)")`)
	l.eval(`everysec.command("PUBLISH", "news", "hello")`, nil)
	l.sees("the message", `[...document.querySelectorAll(".log .pushed")].some((e) => e.textContent.includes('3) "hello"'))`)
	l.run(chromedp.KeyEvent("c", chromedp.KeyModifiers(2)))
	l.sees("Ctrl-C leaves it", `document.querySelector(".entry .prompt").textContent === "127.0.0.1:6379> "`)
}

func TestAKeyIsInspectedByKeyboardAndByList(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "HSET user:1 name Ada city London")
	l.answer("redis", "HSET user:1 name Ada city London", []string{"(integer) 2"})
	l.sees("the key", `document.querySelector("#keyspace-figures").textContent.startsWith("1 key")`)
	l.eval(`document.querySelector("#cells").focus()`, nil)
	l.run(chromedp.KeyEvent(kb.ArrowRight))
	l.sees("its name", `document.querySelector("#cell-name").textContent.startsWith("user:1  hash")`)
	l.run(chromedp.KeyEvent(kb.Enter))
	l.sees("its value", `document.querySelector("#inspector-value").innerText.includes("London") && document.querySelector("#inspector-facts").innerText.includes("listpack")`)
	l.run(click("#inspector-close"), click(`[data-view="list"]`))
	l.sees("the list", `document.querySelector("#rows").innerText.includes("user:1")`)
	l.run(click("#rows button"))
	l.sees("its value again", `!document.querySelector("#inspector").hidden`)
}

// What is stored is text, whatever it looks like.
func TestNothingReachesThePageAsHTML(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	const evil = `<img src=x onerror=alert(1)>`
	l.types("redis", `SET "`+evil+`" "`+evil+`"`)
	l.answer("redis", `SET "`+evil+`" "`+evil+`"`, []string{"OK"})
	l.types("redis", `GET "`+evil+`"`)
	l.answer("redis", `GET "`+evil+`"`, []string{`"` + evil + `"`})
	l.run(click(`[data-view="list"]`))
	l.sees("the key in the list", `document.querySelector("#rows button")`)
	l.run(click("#rows button"))
	l.sees("the value as text", `document.querySelector("#inspector-value").textContent === "`+evil+`"`)
	l.sees("no image", `document.images.length === 0`)
}

func TestProgressIsKept(t *testing.T) {
	t.Parallel()
	var quiz []lessons.Question
	lesson, _ := firstStep(t, func(s *lessons.Step) bool {
		for _, k := range s.Blocks {
			if quiz == nil {
				quiz = k.Quiz
			}
		}
		return quiz != nil
	})
	l := arriveAt(t, "/lessons/"+lesson.ID+"/")
	right := `document.querySelectorAll(".quiz input")[` + strconv.Itoa(quiz[0].Answer) + `]`
	l.eval(right+`.click()`, nil)
	l.sees("the explanation", `document.querySelector(".quiz .explain").textContent.startsWith("Right.")`)
	l.run(chromedp.Reload())
	l.sees("the answer is still there", `document.querySelector(".quiz .explain").textContent.startsWith("Right.") && `+right+`.checked`)
	l.sees("and the score", `document.querySelector(".quiz .score").textContent === "1 of `+strconv.Itoa(len(quiz))+` right"`)
}

func TestFilesGoHomeAndComeBack(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "SET kept yes")
	l.answer("redis", "SET kept yes", []string{"OK"})
	l.types("redis", "SAVE")
	l.answer("redis", "SAVE", []string{"OK"})
	l.sees("dump.rdb is listed", `document.querySelector("#file-rows").innerText.includes("dump.rdb")`)
	l.eval(`URL.createObjectURL = (blob) => { window.saved = blob; return "#"; }`, nil)
	l.run(click("#download-all"))
	l.sees("a zip with all files", `window.saved && window.saved.size > 300`)
	var encoded string
	l.eval(`window.saved = null`, nil)
	l.run(click(`#file-rows button[name="download"][value="dump.rdb"]`))
	l.sees("a dump.rdb", `window.saved`)
	l.eval(`window.saved.arrayBuffer().then((b) => btoa(String.fromCharCode(...new Uint8Array(b))))`, &encoded)
	rdb, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(rdb), "REDIS") {
		t.Fatalf("dump.rdb begins with %q", rdb[:min(len(rdb), 9)])
	}
	l.run(click(`#file-rows button[name="view"][value="dump.rdb"]`))
	l.sees("its bytes", `document.querySelector("#viewer")?.dataset.done === "true" && document.querySelector("#viewer-facts").textContent.includes("1 key")`)

	file := filepath.Join(t.TempDir(), "dump.rdb")
	if err := os.WriteFile(file, rdb, 0o644); err != nil {
		t.Fatal(err)
	}
	other := arrive(t)
	other.run(chromedp.SetUploadFiles("#upload", []string{file}, chromedp.ByQuery))
	other.sees("what is inside", `document.querySelector("#keyspace-figures").textContent.startsWith("1 key")`)
	other.types("redis", "GET kept")
	other.answer("redis", "GET kept", []string{`"yes"`})
	other.clicks(`#notice-actions [name="undo"]`)
	other.sees("what was there before", `document.querySelector("#keyspace-figures").textContent.startsWith("0 keys")`)
}

func TestThePageFitsAPhone(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.run(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	for i, tab := range []string{"lesson", "work", "durability", "watch"} {
		l.run(click(`.tabs button[data-tab="` + tab + `"]`))
		l.sees(tab+" is the only part", `document.body.dataset.tab === "`+tab+`"`)
		l.sees(tab+" does not scroll sideways", `document.documentElement.scrollWidth <= 390 && [...document.querySelectorAll("main > section")].every((e) => e.scrollWidth <= 390)`)
		l.sees(tab+" has its button marked", `document.querySelectorAll(".tabs button")[`+strconv.Itoa(i)+`].getAttribute("aria-current") === "true"`)
	}
	l.run(click(`.tabs button[data-tab="work"]`))
	l.sees("the line does not make iOS zoom", `parseFloat(getComputedStyle(document.querySelector(".entry input")).fontSize) >= 16`)
	l.types("redis", "PING")
	l.answer("redis", "PING", []string{"PONG"})
	l.sees("buttons are large enough for thumbs", `[...document.querySelectorAll(".tabs button, #add-console")].every((e) => e.getBoundingClientRect().height >= 40)`)
}

func TestEverythingIsOnOneScreen(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.run(chromedp.EmulateViewport(1440, 900))
	for _, id := range []string{"lesson", "consoles", "durability", "keyspace", "loop", "files", "truth", "download-all", "set-save", "clock-jump"} {
		l.sees(id+" is on the screen", `(() => { const r = document.querySelector("#`+id+`").getBoundingClientRect();
			return r.width > 0 && r.height > 0 && r.left >= 0 && r.right <= 1440.5 && r.top >= 0 && r.bottom <= 900.5 })()`)
	}
}
