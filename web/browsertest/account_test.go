package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// side is a line of the account as it stands on the page.
type side struct{ Fate, Acknowledged, Survived, Lost string }

// sides are the lines that are shown.
func (l learner) sides() (lines []side) {
	l.t.Helper()
	l.eval(`[...document.querySelectorAll("#account-table [data-fate]")].map((row) => {
		const [acknowledged, survived, lost] = [...row.children].map((cell) => [...cell.children].map((e) => e.textContent).join("\n"));
		return {fate: row.dataset.fate, acknowledged, survived, lost};
	})`, &lines)
	return lines
}

// strikes chooses a crash in its panel.
func (l learner) strikes(kind, moment, seed string) {
	l.t.Helper()
	l.clicks(`#panel input[name="crash-kind"][value="` + kind + `"]`)
	l.eval(`(() => { const s = document.querySelector("#crash-moment"); s.value = "`+moment+`"; s.dispatchEvent(new Event("change")) })()`, nil)
	l.eval(`document.querySelector("#panel input[placeholder=drawn]").value = "`+seed+`"`, nil)
	l.clicks("#crash-strike")
}

// restarts starts the server again, and waits for the account.
func (l learner) restarts() {
	l.t.Helper()
	l.sees("the server is down", `document.body.dataset.server === "down" && !document.querySelector("#restart").hidden`)
	l.clicks("#restart")
	l.sees("what came back", `document.querySelector("#account-title").textContent.includes("what came back") && document.querySelector("#account-table[aria-rowcount]")`)
}

// agrees compares the account on the page with what the console says. It returns
// how many writes were acknowledged, survived and were lost.
func (l learner) agrees() (acknowledged, survived, lost int) {
	l.t.Helper()
	var told struct {
		Acknowledged, Survived, Lost, Unknown int
		Writes                                []struct{ Fate, Reason, Command string }
		Page                                  []string
	}
	l.eval(`everysec.command("DEBUG", "CRASH-REPORT", "COUNT", "-1").then((reply) => {
		const map = (list) => list instanceof Map ? Object.fromEntries(list) : Array.isArray(list) ? Object.fromEntries(list.flatMap((v, i) => i % 2 ? [] : [[v, list[i + 1]]])) : list;
		const r = map(reply);
		return {acknowledged: r.acknowledged, survived: r.survived, lost: r.lost, unknown: r.unknown,
			writes: r.writes.map(map).map(({fate, reason, command}) => ({fate, reason, command})),
			page: ["acknowledged", "survived", "lost"].map((name) => document.querySelector("#account-" + name).textContent.replaceAll(",", ""))};
	})`, &told)
	if want := fmt.Sprint([]int{told.Acknowledged, told.Survived, told.Lost}); fmt.Sprint(told.Page) != want {
		l.t.Errorf("the page says %v, the console %s", told.Page, want)
	}
	if told.Survived+told.Lost+told.Unknown != told.Acknowledged {
		l.t.Errorf("%+v does not add up", told)
	}
	if len(told.Writes) == 0 {
		return told.Acknowledged, told.Survived, told.Lost
	}
	l.clicks("#account-sides .views button:last-child")
	l.sees("the writes", `document.querySelector("#account-sides .views button:last-child").ariaPressed === "true"`)
	var want, got []string
	for _, fate := range []bool{true, false} { // the lost ones first
		for _, w := range told.Writes {
			if (w.Fate == "lost") == fate {
				want = append(want, w.Fate+" "+w.Command+": "+strings.ReplaceAll(w.Reason, "appendonlydir/", ""))
			}
		}
	}
	for _, s := range l.sides() {
		command, _, _ := strings.Cut(s.Acknowledged, "\n")
		_, reason, _ := strings.Cut(strings.TrimPrefix(s.Survived, "–")+strings.TrimPrefix(s.Lost, "–"), "\n")
		reason, _, _ = strings.Cut(reason, ", on disk at ")
		got = append(got, s.Fate+" "+command+": "+reason)
	}
	if diff := cmp.Diff(want[:len(got)], got); diff != "" || len(got) < min(len(want), 10) {
		l.t.Errorf("write by write the page differs from the console: %s", diff)
	}
	l.clicks("#account-sides .views button:first-child")
	return told.Acknowledged, told.Survived, told.Lost
}

// What was acknowledged, what survived and what was lost stand side by side, key
// by key and write by write, each with its reason; beside them the log of the
// start; on a phone one below the other. The console says the same.
func TestTheAccountStandsSideBySide(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "CONFIG SET appendfsync always")
	l.eval(`everysec.pipeline([["SET", "stays", "1"], ["SET", "older", "1"], ["SET", "back", "1"], ["HSET", "user:1", "name", "Ada"]])`, nil)
	l.opens("crash")
	l.clicks("#panel .choice input") // the disk lies from now on: what follows is lost
	l.sees("it lies", `document.querySelector("#armed")?.textContent === "fsync lies"`)
	l.eval(`everysec.pipeline([["SET", "older", "2"], ["SET", "older", "3"], ["DEL", "back"], ["SET", "<b>gone</b>", "<img src=x>"], ["HSET", "user:1", "city", "London"]])`, nil)
	l.strikes("1", "0", "3")
	l.restarts()
	if a, s, n := l.agrees(); a != 9 || s != 4 || n != 5 {
		t.Errorf("%d acknowledged, %d survived, %d lost", a, s, n)
	}
	const kept = "the drive had called it synced in appendonly.aof.1.incr.aof, and had not kept it"
	want := []struct{ key, fate, acknowledged, survived, lost string }{
		{"<b>gone</b>", "lost", `"<img src=x>"`, "–", "✕ SET <b>gone</b> \"<img"},
		{"back", "back", "(deleted)", `"1"`, "✕ DEL back"},
		{"older", "older", `"3"`, `"1"`, "✕ SET older 3"},
		{"user:1", "older", `hash of 2: "name" "Ada" "city" "London"`, `hash of 1: "name" "Ada"`, "✕ HSET user:1 city London"},
		{"stays", "survived", `"1"`, "✓ the same", "–"},
	}
	got := l.sides()
	if len(got) != len(want) {
		t.Fatalf("%d lines: %+v", len(got), got)
	}
	for i, w := range want {
		g := got[i]
		line := strings.Split(g.Acknowledged, "\n")
		if g.Fate != w.fate || line[0] != w.key || line[1] != w.acknowledged || !strings.HasPrefix(line[2], "written at ") ||
			!strings.HasPrefix(g.Survived, w.survived) || !strings.HasPrefix(g.Lost, w.lost) {
			t.Errorf("line %d: %+v, want %+v", i, g, w)
		}
		if w.lost != "–" && !strings.Contains(g.Lost, kept) || len(w.survived) > 1 && w.survived != "–" && !strings.Contains(g.Survived, "synced in appendonly.aof.1.incr.aof, on disk at ") {
			t.Errorf("line %d has no reason: %+v", i, g)
		}
	}
	if !strings.Contains(got[2].Lost, "and 1 write before it") {
		t.Errorf("%+v", got[2])
	}
	for what, text := range map[string]string{
		"#account-keys-said": "1 key as it was · 2 keys with an older value · 1 key gone · 1 deleted key back",
		"#account-story":     "The seed was 3.",
		"#account-files":     "appendonly.aof.1.incr.aof: ",
		"#account-log":       "# Server initialized\n",
	} {
		if got := l.text(what); !strings.Contains(got, text) {
			t.Errorf("%s: %q lacks %q", what, got, text)
		}
	}

	// With the keyboard alone: the two lists, and the wide account.
	l.clicks("#panel-close")
	l.eval(`document.querySelector("#account-wide").focus()`, nil)
	l.presses(kb.Enter, false)
	l.sees("the log beside it", `(() => {
		const a = document.querySelector("#account-table").getBoundingClientRect(), b = document.querySelector("#account-log").getBoundingClientRect();
		return a.width > 500 && b.width > 250 && b.left >= a.right && document.querySelector("#account-wide").ariaPressed === "true" })()`)
	l.size(1440, 1000)
	l.sees("a console above it", `document.querySelector("#consoles").getBoundingClientRect().height > 60`)
	l.presses(kb.Enter, false)
	l.presses(kb.Tab+kb.Tab+kb.Tab+kb.Enter, false)
	l.sees("the writes", `document.activeElement.textContent === "Write by write" && document.querySelectorAll("#account-table [data-fate]").length === 9`)
	l.sees("a table that is announced as one", `(() => {
		const t = document.querySelector("#account-table");
		return t.role === "table" && t.ariaRowCount === "10" && t.ariaLabel.startsWith("Write by write") &&
			[...t.querySelectorAll("[role=columnheader]")].map((e) => e.textContent).join() === "acknowledged,survived,lost" &&
			t.querySelectorAll("[role=row] > [role=rowheader] + [role=cell] + [role=cell]").length === 9 })()`)

	l.size(390, 844)
	l.clicks(`.tabs [data-tab="durability"]`)
	l.sees("one below the other", `(() => {
		const [a, s, n] = document.querySelector("#account-table [data-fate=lost]").children;
		const box = (e) => e.getBoundingClientRect();
		return box(n).top >= box(a).bottom && box(s).height === 0 && box(n).right <= 390 &&
			getComputedStyle(n, "::before").content === '"lost"' && document.documentElement.scrollWidth <= 390 })()`)
	l.clicks("#account-close")
	l.sees("no account", `document.querySelector("#account").hidden`)
}

// Ten thousand lost writes are told, and the page stays smooth.
func TestTheAccountOfTenThousandWrites(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "CONFIG SET appendonly no") // so nothing comes back
	l.answer("redis", "CONFIG SET appendonly no", []string{"OK"})
	l.eval(`everysec.pipeline(Array.from({length: 10000}, (_, i) => ["SET", "key:" + i, "value " + i]))`, nil)
	l.eval(`everysec.crash("kill-9")`, nil)
	l.restarts()
	if a, _, n := l.agrees(); a != 10000 || n != 10000 {
		t.Errorf("%d acknowledged, %d lost", a, n)
	}
	// What is shown comes in a few lines a frame, and is laid out when it is seen: so
	// it holds nobody up, however many there are.
	l.eval(`(() => {
		let added = 0;
		globalThis.most = 0; // lines in one frame
		globalThis.laidOut = 0; // chunks at one time
		new MutationObserver((records) => {
			for (const r of records) for (const n of r.addedNodes) added += n.querySelectorAll?.("[data-fate]").length ?? 0;
		}).observe(document.querySelector("#account-table"), {childList: true});
		const look = () => {
			most = Math.max(most, added);
			added = 0;
			laidOut = Math.max(laidOut, [...document.querySelectorAll("#account-table .chunk")].filter((c) => c.lastChild.checkVisibility({contentVisibilityAuto: true})).length);
			requestAnimationFrame(look);
		};
		look();
	})()`, nil)
	click := func(button string) {
		t.Helper()
		l.eval(`[...document.querySelectorAll("#account-sides .fold button")].find((b) => b.textContent === "`+button+`").click()`, nil)
	}
	click("Show 1,000 more")
	l.sees("a thousand more", `document.querySelectorAll("#account-table [data-fate]").length === 1010`)
	click("Show all")
	l.sees("all", `document.querySelectorAll("#account-table [data-fate]").length === 10000 && document.querySelector("#account-sides .fold").hidden`)
	l.eval(`new Promise((done) => {
		const box = document.querySelector("#account");
		let n = 0;
		const next = () => {
			box.scrollTop += box.scrollHeight / 60;
			if (++n === 60) done();
			else requestAnimationFrame(next);
		};
		requestAnimationFrame(next);
	})`, nil)
	var most, laidOut int
	l.eval(`most`, &most)
	l.eval(`laidOut`, &laidOut)
	t.Logf("at most %d lines were added in a frame, %d chunks of 200 were laid out at a time", most, laidOut)
	if most == 0 || most > 100 || laidOut == 0 || laidOut > 20 {
		t.Errorf("%d lines were added in a frame, %d chunks were laid out at a time", most, laidOut)
	}
	l.sees("the last line", `document.querySelector("#account-table .chunk:last-child .side:last-child").textContent.includes("value")`)
}

// Of fifty thousand lost keys each is found, with what it held.
func TestOneOfManyLostKeysIsFound(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "CONFIG SET appendonly no")
	l.answer("redis", "CONFIG SET appendonly no", []string{"OK"})
	l.eval(`everysec.pipeline(Array.from({length: 50000}, (_, i) => ["SET", "key:" + i, "value " + i]))`, nil)
	l.eval(`everysec.crash("kill-9")`, nil)
	l.restarts()
	l.sees("how many", `document.querySelector("#account-keys-said").textContent === "50,000 keys gone"`)
	l.clicks("#account-find")
	l.sees("the focus", `document.activeElement === document.querySelector("#account-find")`)
	l.presses("key:1234", false)
	l.sees("eleven keys", `document.querySelector("#account-table").ariaRowCount === "12" && document.querySelector("#account-sides .fold").textContent.includes("1 more")`)
	l.presses("5", false)
	l.sees("one key", `document.querySelectorAll("#account-table [data-fate]").length === 1`)
	if got := l.sides()[0]; got.Fate != "lost" || !strings.HasPrefix(got.Acknowledged, "key:12345\n\"value 12345\"") || !strings.HasPrefix(got.Lost, "✕") {
		t.Errorf("%+v", got)
	}
	l.presses("x", false)
	l.sees("no key", `document.querySelector("#account-sides .choice-line [role=status]").textContent === "0 matches" && document.querySelectorAll("#account-table [data-fate]").length === 0`)
}

// Each kind of crash, at each of the main moments, with two seeds, through the
// controls of the page: what was promised holds, and what was lost has a reason.
func TestEveryCrashIsAccountedFor(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "CONFIG SET appendfsync always")
	l.types("redis", "CONFIG REWRITE") // the next start knows it, too
	l.answer("redis", "CONFIG REWRITE", []string{"OK"})
	l.opens("crash")
	kinds := []string{"kill -9", "Power cut", "Power cut, torn tail", "Bit rot"}
	n := 0
	for moment, bringsAbout := range []string{"", "SET", "BGREWRITEAOF"} {
		for kind, name := range kinds {
			for seed := range 2 {
				n++
				t.Run(fmt.Sprintf("%s, moment %d, seed %d", name, moment, seed+1), func(t *testing.T) {
					l := learner{l.browser}
					l.t = t
					key := fmt.Sprint("key:", n)
					l.eval(`everysec.command("SET", "`+key+`", "acknowledged")`, nil)
					l.strikes(fmt.Sprint(kind), fmt.Sprint(moment), fmt.Sprint(seed+1))
					switch bringsAbout {
					case "SET":
						l.types("redis", "SET under:way 1")
					case "BGREWRITEAOF":
						l.types("redis", "BGREWRITEAOF")
					}
					l.sees("the server is down", `document.body.dataset.server === "down" && document.querySelector("#account-title").textContent.endsWith("the server is down")`)
					struck := l.text("#account-summary")
					if title := l.text("#account-title"); !strings.HasPrefix(title, name+" at ") {
						t.Errorf("title %q", title)
					}
					if where := []string{"", "It struck at sync ", "It struck at rename "}[moment]; !strings.HasPrefix(struck, where) {
						t.Errorf("summary %q", struck)
					}
					l.clicks("#restart")
					l.sees("the end of the start", `/what came back|does not start/.test(document.querySelector("#account-title").textContent)`)
					if strings.Contains(l.text("#account-title"), "does not start") {
						if name != "Bit rot" {
							t.Fatalf("%s", l.text("#account-summary"))
						}
						if why := l.text("#account-summary"); !strings.HasPrefix(why, "reading redis.conf, line ") { // before there is a log
							l.sees("why, in the log", `document.querySelector("#account-log").textContent.includes("# Fatal error loading the DB: ")`)
						}
						l.eval(`everysec.erase().then(() => everysec.pipeline([["CONFIG", "SET", "appendfsync", "always"], ["CONFIG", "REWRITE"]]))`, nil)
						return
					}
					acknowledged, survived, lost := l.agrees()
					t.Logf("%s %s: %d acknowledged, %d survived, %d lost", name, struck, acknowledged, survived, lost)
					if acknowledged == 0 || name != "Bit rot" && lost > 0 { // appendfsync always
						t.Errorf("%d acknowledged, %d survived, %d lost", acknowledged, survived, lost)
					}
					for _, s := range l.sides() {
						if s.Fate == "lost" && !strings.Contains(s.Lost, "\n") {
							t.Errorf("no reason: %+v", s)
						}
					}
				})
			}
		}
	}
}
