package browsertest

import (
	"context"
	"encoding/json"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/web/cmd/site/publish"
)

// block is where a block of a lesson stands on the page.
func block(id string) string { return `[data-block="` + id + `"]` }

// walks goes through a lesson as somebody does who reads it to its end: makes
// every prediction, presses every Run, tries each check before and after its
// solution, and answers the quiz.
func (l learner) walks(lesson *lessons.Lesson) {
	l.t.Helper()
	for i := range lesson.Steps {
		s := &lesson.Steps[i]
		l.eval(`document.getElementById("`+s.ID+`").scrollIntoView({behavior: "instant"})`, nil)
		l.sees("the step is the one being read", `document.querySelector('#steps a[data-step="`+s.ID+`"]').hasAttribute("aria-current")`)
		var guesses []string
		open := ""
		for j := range s.Blocks {
			k := &s.Blocks[j]
			at := block(k.ID)
			switch k.Kind {
			case lessons.PredictKind:
				l.clicks(at + ` label:nth-of-type(2) input`)
				guesses = append(guesses, at)
			case lessons.Transcript:
				l.clicks(at + " button.run")
				l.played(at)
			case lessons.CheckKind:
				open = at
				l.clicks(at + " button.check")
				l.sees("the check fails at first", `document.querySelector('`+at+` .verdict').textContent.startsWith("Not yet")`)
			case lessons.Solution:
				l.eval(`document.querySelector('details`+at+`').open = true`, nil)
				l.clicks("details" + at + " button.run")
				l.played("details" + at + " .transcript")
				l.clicks(open + " button.check")
				l.sees("the check passes", `document.querySelector('`+open+` .verdict').textContent === "Done."`)
			case lessons.QuizKind:
				for q, question := range k.Quiz {
					l.clicks(at + ` fieldset[data-question="` + strconv.Itoa(q) + `"] label:nth-of-type(` + strconv.Itoa(question.Answer+1) + `) input`)
				}
				l.sees("the score", `document.querySelector('`+at+` .score').textContent === "`+strconv.Itoa(len(k.Quiz))+` of `+strconv.Itoa(len(k.Quiz))+` right"`)
			}
		}
		for _, at := range guesses {
			l.sees("what came of the prediction", `document.querySelectorAll('`+at+` label[data-state="right"]').length === 1 && document.querySelector('`+at+` .outcome').textContent.includes("predicted")`)
		}
	}
}

func (l learner) played(at string) {
	l.t.Helper()
	l.sees(at+" has been played as the lesson says", `[...document.querySelectorAll('`+at+` li')].every((e) => e.dataset.state === "played") && document.querySelector('`+at+` button.run').textContent !== "Stop"`)
}

// One whole lesson of each phase, with its crash and its quiz: of those the one in
// which most is broken.
func TestALessonOfEachPhase(t *testing.T) {
	t.Parallel()
	list, err := markdown.Load(filepath.Join("..", "..", "lessons"))
	if err != nil {
		t.Fatal(err)
	}
	for phase := range lessons.Phases {
		var chosen *lessons.Lesson
		most := 0
		for _, l := range list {
			broken, crashes, quiz := 0, false, false
			for i := range l.Steps {
				for _, verb := range []lessons.Verb{lessons.Crash, lessons.KillClient, lessons.Pause} {
					if does(&l.Steps[i], verb) {
						broken++
					}
				}
				crashes = crashes || does(&l.Steps[i], lessons.Crash)
				for _, k := range l.Steps[i].Blocks {
					quiz = quiz || len(k.Quiz) > 0
				}
			}
			if l.Phase == phase+1 && crashes && quiz && broken > most {
				chosen, most = l, broken
			}
		}
		if chosen == nil {
			t.Errorf("no lesson of phase %d has a crash and a quiz", phase+1)
			continue
		}
		t.Run(chosen.ID, func(t *testing.T) {
			l := arriveAt(t, "/lessons/"+chosen.ID+"/")
			l.walks(chosen)
			l.sees("all steps are done", `document.querySelector("#progress").textContent.startsWith("`+strconv.Itoa(len(chosen.Steps))+` of `+strconv.Itoa(len(chosen.Steps))+` steps")`)
		})
	}
}

// The second hint is not to be seen before the first has been opened, and so on.
func TestHintsUnfoldInStages(t *testing.T) {
	t.Parallel()
	lesson, step := firstStep(t, func(s *lessons.Step) bool {
		return len(hints(s)) >= 2
	})
	list := hints(step)
	l := arriveAt(t, "/lessons/"+lesson.ID+"/")
	seen := func(n int) string {
		return `document.querySelector('details.hint` + block(list[n]) + `').checkVisibility()`
	}
	l.eval(`document.getElementById("`+step.ID+`").scrollIntoView({behavior: "instant"})`, nil)
	l.sees("the first hint, closed, and no other", seen(0)+` && !`+seen(1)+` && !document.querySelector('details.hint`+block(list[0])+`').open`)
	l.clicks("details.hint" + block(list[0]) + " summary")
	l.sees("the second one, closed", seen(1)+` && !document.querySelector('details.hint`+block(list[1])+`').open`)
	l.clicks("details.hint" + block(list[1]) + " summary")
	l.sees("what it says", `document.querySelector('details.hint`+block(list[1])+` p').checkVisibility()`)
}

// hints are the hints of the first check of a step.
func hints(s *lessons.Step) (ids []string) {
	checks := 0
	for _, k := range s.Blocks {
		if k.Kind == lessons.CheckKind {
			checks++
		}
		if k.Kind == lessons.Hint && checks == 1 {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// Every link of every built page leads to a file that was built, and to an id in
// it.
func TestEveryLinkOfTheBuiltPagesResolves(t *testing.T) {
	t.Parallel()
	address, id := regexp.MustCompile(`\b(?:href|src)="([^"]*)"`), regexp.MustCompile(`\bid="([^"]*)"`)
	ids := map[string]map[string]bool{}
	pages := map[string]string{}
	err := filepath.WalkDir(dist, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".html") {
			return err
		}
		text, err := os.ReadFile(name)
		pages[name], ids[name] = string(text), map[string]bool{}
		for _, m := range id.FindAllStringSubmatch(string(text), -1) {
			ids[name][m[1]] = true
		}
		return err
	})
	if err != nil || len(pages) < 24 {
		t.Fatal(len(pages), err)
	}
	checked := 0
	for page, text := range pages {
		for _, m := range address.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(html.UnescapeString(m[1]))
			if err != nil {
				t.Errorf("%s: %q: %v", page, m[1], err)
				continue
			}
			if u.Scheme != "" || u.Host != "" {
				continue
			}
			file := page
			if u.Path != "" {
				file = filepath.Join(filepath.Dir(page), filepath.FromSlash(u.Path))
				if strings.HasPrefix(u.Path, "/") {
					file = filepath.Join(dist, filepath.FromSlash(u.Path))
				}
			}
			info, err := os.Stat(file)
			if err == nil && info.IsDir() {
				file = filepath.Join(file, "index.html")
				_, err = os.Stat(file)
			}
			if err != nil {
				t.Errorf("%s: %q leads nowhere: %v", page, m[1], err)
				continue
			}
			if checked++; u.Fragment != "" && ids[file] != nil && !ids[file][u.Fragment] {
				t.Errorf("%s: %q: there is no such id", page, m[1])
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d links", checked)
	}
}

const phone, desktop = 390, 1440

// The map knows where the learner is, a lesson goes on there, and the progress
// can be taken along as a file.
func TestTheMapAndTheProgress(t *testing.T) {
	t.Parallel()
	lesson, _ := firstStep(t, func(s *lessons.Step) bool { return does(s, lessons.Crash) })
	step := &lesson.Steps[2]
	l := arriveAt(t, "/lessons/"+lesson.ID+"/")
	l.eval(`document.querySelector('#steps a[data-step="`+step.ID+`"]').click()`, nil)
	l.sees("where the learner is is kept", `localStorage.getItem("everysec.progress.`+lesson.ID+`")?.includes("\nat `+step.ID+`\n")`)
	near := `Math.abs(document.getElementById("` + step.ID + `")?.getBoundingClientRect().top) < 300`
	l.goes("/lessons/" + lesson.ID + "/?store=memory:")
	l.sees("the lesson goes on there", near)

	item := `document.querySelector('[data-lesson="` + lesson.ID + `"]')`
	l.run(chromedp.Navigate(l.origin + "/lessons/"))
	l.sees("the map knows it", item+`.dataset.state === "begun" && document.querySelector("#course-go").hash === "#`+step.ID+`"`)
	if len(lesson.Steps) < 2 {
		t.Fatal("a lesson of one step")
	}
	l.eval(`globalThis.blob = null; URL.createObjectURL = (b) => { globalThis.blob = b; return "blob:x"; }; HTMLAnchorElement.prototype.click = () => {}; document.querySelector("#progress-save").click()`, nil)
	var saved string
	l.eval(`blob.text()`, &saved)
	var file struct{ Progress map[string]string }
	if err := json.Unmarshal([]byte(saved), &file); err != nil || !strings.HasPrefix(file.Progress[lesson.ID], "done ") {
		t.Fatalf("%v: %s", err, saved)
	}
	l.run(click(".kept summary"), click("#progress-forget"))
	l.sees("it is forgotten", item+`.dataset.state === "new" && Object.keys(localStorage).every((k) => !k.startsWith("everysec.progress"))`)

	dir := t.TempDir()
	for name, text := range map[string]string{"good.json": saved, "bad.json": "{}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l.run(chromedp.SetUploadFiles("#progress-load", []string{filepath.Join(dir, "bad.json")}, chromedp.ByQuery))
	l.sees("another file is refused", `document.querySelector("#progress-said").textContent.includes("no file of progress")`)
	l.run(chromedp.SetUploadFiles("#progress-load", []string{filepath.Join(dir, "good.json")}, chromedp.ByQuery))
	l.sees("it is back", item+`.dataset.state === "begun"`)
	l.run(chromedp.Navigate("about:blank"), chromedp.Navigate(l.origin+"/lessons/"))
	l.eval(`document.querySelector("#course-go").click()`, nil)
	l.sees("Continue leads to the step", `location.pathname === "/lessons/`+lesson.ID+`/" && `+near)
}

// Whatever the learner did to the server, one button leads back to the
// beginning of the step.
func TestIBrokeIt(t *testing.T) {
	t.Parallel()
	lesson, step := firstStep(t, func(s *lessons.Step) bool {
		return len(s.Blocks) > 1 && s.Blocks[0].Kind == lessons.SetupKind && (s.Blocks[1].Kind == lessons.Transcript || s.Blocks[1].Kind == lessons.Prose && s.Blocks[2].Kind == lessons.Transcript)
	})
	run := ""
	for _, k := range step.Blocks {
		if k.Kind == lessons.Transcript && run == "" {
			run = block(k.ID)
		}
	}
	l := arriveAt(t, "/lessons/"+lesson.ID+"/")
	l.clicks(run + " button.run")
	l.played(run)
	l.types("redis", "CONFIG SET requirepass secret maxmemory 1")
	l.answer("redis", "CONFIG SET requirepass secret maxmemory 1", []string{"OK"})
	l.types("redis", "!crash power-loss")
	l.sees("the server is down", `document.body.dataset.server === "down"`)
	l.clicks(`[data-reset="` + step.ID + `"]`)
	l.sees("it runs again", `document.body.dataset.server === "running" && [...document.querySelectorAll('`+run+` li')].every((e) => !e.dataset.state)`)
	l.clicks(run + " button.run")
	l.played(run)
}

// Steps by n and p, but not while somebody types; large for a projector; alone
// in a frame; on paper without answers.
func TestALessonIsReadInManyWays(t *testing.T) {
	t.Parallel()
	// A page that frames the lesson is another one: ours frames nothing.
	here := publish.Handler(dist)
	s := newHost(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/framed.html" {
			here.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><iframe src="./?embed" width="900" height="600"></iframe>`)) // the browser is there
	}))
	l := learner{launch(t, t.TempDir(), s.url)}
	l.goes("/?store=memory:")
	at := func() (id string) {
		l.eval(`document.activeElement.closest("section.step")?.id ?? ""`, &id)
		return id
	}
	l.eval(`document.activeElement.blur(); document.querySelector("#lesson").scrollTop = 0`, nil)
	var steps []string
	l.eval(`[...document.querySelectorAll("section.step")].map((s) => s.id)`, &steps)
	l.run(chromedp.KeyEvent("n"))
	if got := at(); got != steps[0] && got != steps[1] {
		t.Errorf("n led to %q", got)
	}
	l.sees("the step counts as read", `document.querySelector("#steps a[aria-current]")`)
	l.eval(`new Promise((done) => setTimeout(done, 600))`, nil) // which step is being read is looked at now and then
	before := at()
	l.run(chromedp.KeyEvent("n"))
	if got := at(); got == before || got == "" {
		t.Errorf("another n stays at %q", got)
	}
	l.eval(`new Promise((done) => setTimeout(done, 600))`, nil)
	l.run(chromedp.KeyEvent("p"))
	if got := at(); got != before {
		t.Errorf("p led to %q and not back to %q", got, before)
	}
	l.run(chromedp.SendKeys(".entry input", "nnp", chromedp.ByQuery))
	l.sees("letters typed are letters", `document.querySelector(".entry input").value === "nnp"`)
	l.run(chromedp.KeyEvent("u", chromedp.KeyModifiers(2)))

	width := func() (w float64) {
		l.eval(`document.querySelector("#present").getBoundingClientRect().height`, &w)
		return w
	}
	small := width()
	l.clicks("#present")
	l.sees("it is large", `document.querySelector("#present").getAttribute("aria-pressed") === "true" && getComputedStyle(document.querySelector(".watch")).display === "none"`)
	if large := width(); large < small*1.2 {
		t.Errorf("the button has %v pixels, and %v large", small, large)
	}
	l.clicks("#present")
	l.sees("it is as before", `getComputedStyle(document.querySelector(".watch")).display !== "none"`)
	l.goes("/?store=memory:&present")
	l.sees("the address can ask for it", `getComputedStyle(document.querySelector(".watch")).display === "none"`)

	l.run(emulation.SetEmulatedMedia().WithMedia("print"))
	var shown []string
	l.eval(`[".top", ".work", ".solution", ".hint", ".transcript button", ".end"].filter((s) => [...document.querySelectorAll(s)].some((e) => e.checkVisibility()))`, &shown)
	if len(shown) > 0 {
		t.Errorf("on paper there is %q", shown)
	}
	l.run(chromedp.ActionFunc(func(ctx context.Context) error {
		pdf, _, err := page.PrintToPDF().Do(ctx)
		if len(pdf) < 10_000 {
			t.Errorf("a print of %d bytes", len(pdf))
		}
		return err
	}))
	l.run(emulation.SetEmulatedMedia().WithMedia(""))

	l.run(chromedp.Navigate(l.origin + "/framed.html"))
	l.eval(`document.querySelector("iframe").contentWindow.everysecReady.then((db) => db.command("SET", "k", "v"))`, nil)
	l.sees("no top line in a frame", `(() => { const d = document.querySelector("iframe").contentDocument; return d.querySelector(".console").checkVisibility() && !d.querySelector(".top").checkVisibility() })()`)
}

// The map is for everybody, too.
func TestTheMapIsAccessible(t *testing.T) {
	t.Parallel()
	script, err := axe()
	if err != nil {
		t.Fatal(err)
	}
	l := learner{launch(t, t.TempDir(), site(t))}
	l.run(chromedp.Navigate(l.origin + "/lessons/"))
	l.eval(script+"\n;true", nil)
	for _, width := range []int64{desktop, phone} {
		l.size(width, 844)
		for _, scheme := range []string{"light", "dark"} {
			l.prefers("prefers-color-scheme", scheme)
			var found []string
			l.eval(`axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" "))))`, &found)
			if len(found) > 0 {
				t.Errorf("%d, %s: %q", width, scheme, found)
			}
			var wide bool
			if l.eval(`document.documentElement.scrollWidth > innerWidth`, &wide); wide {
				t.Errorf("%d: the map is wider than the screen", width)
			}
		}
	}
	l.run(chromedp.KeyEvent(kb.Tab))
	l.sees("the first stop is the first lesson", `document.activeElement.id === "course-go"`)
}

// Who has been here once may come back without a network, to any lesson.
func TestTheWholeCourseIsThereWithoutANetwork(t *testing.T) {
	t.Parallel()
	s := newHost(t, publish.Handler(dist))
	b := launch(t, t.TempDir(), s.url)
	b.open("/?store=idb://x")
	b.whole("/")
	var lessons []string
	b.eval(`fetch("lessons/").then((r) => r.text()).then((text) => [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-lesson]")].map((e) => e.dataset.lesson))`, &lessons)
	s.serve(nil)
	b.run(chromedp.Navigate(b.origin + "/lessons/"))
	var looks string
	if b.eval(`getComputedStyle(document.querySelector(".map .phase ol")).display`, &looks); looks != "grid" {
		t.Errorf("the map without a network: %s", looks)
	}
	b.open("/lessons/" + lessons[len(lessons)-1] + "/?store=memory:")
	b.ping()
}

// A translated lesson has its page: its words, and the page's, in that language.
func TestALessonInGerman(t *testing.T) {
	t.Parallel()
	list, err := markdown.Load(filepath.Join("..", "..", "lessons"))
	if err != nil {
		t.Fatal(err)
	}
	tongues, err := markdown.Translations(filepath.Join("..", "..", "lessons"), list)
	if err != nil || len(tongues["de"]) == 0 {
		t.Fatal("no lesson in German", err)
	}
	for id, lesson := range tongues["de"] {
		l := arriveAt(t, "/lessons/"+id+"/de/")
		l.sees("the language", `document.documentElement.lang === "de" && document.querySelector("#lesson h1").textContent === `+strconv.Quote(lesson.Title))
		l.sees("the page's words", `document.querySelector(".top .course").textContent === "Lektionen" && document.querySelector("button.run").textContent === "Ausführen"`)
		l.sees("the program's words", `/^\d+ von \d+ Schritten/.test(document.querySelector("#progress").textContent)`)
		run := ""
		for _, k := range lesson.Steps[0].Blocks {
			if k.Kind == lessons.Transcript && run == "" {
				run = block(k.ID)
			}
		}
		l.clicks(run + " button.run")
		l.sees("it has been played", `[...document.querySelectorAll('`+run+` li')].every((e) => e.dataset.state === "played")`)
		l.eval(`document.querySelector('.languages [hreflang="en"]').click()`, nil)
		l.sees("the same lesson in English", `document.documentElement?.lang === "en" && location.pathname === "/lessons/`+id+`/" && document.querySelector('.languages [hreflang="de"]')`)
	}
}
