package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"everysec/web/browsertest/bidi"
)

// The page does in Firefox what it does in Chromium: the lesson's first
// commands typed, a crash with its account, and the files after a reload.
func TestFirefox(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	f, err := bidi.Firefox(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	url := site(t) + "/?config.appendfsync=always"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\nthe page said: %s", err, strings.Join(f.Logged(), "\n"))
		}
	}
	shown := func(selector, text string) {
		t.Helper()
		must(f.Eval(ctx, `new Promise((resolve) => {
			const look = () => (document.querySelector(`+"`"+selector+"`"+`)?.textContent.includes(`+"`"+text+"`"+`) ? resolve() : setTimeout(look, 20));
			look();
		})`, nil))
	}
	must(f.Navigate(ctx, url))
	must(f.Eval(ctx, `everysecReady.then((db) => db.command("PING"))`, nil))
	shown("#status", "files in this browser")

	must(f.Eval(ctx, `document.querySelector('[data-console="redis"] .entry input').focus()`, nil))
	must(f.Keys(ctx, "SET lock token-A NX EX 30\r"))
	shown(`[data-console="redis"] .log`, "OK")
	must(f.Keys(ctx, "GET lock\r"))
	shown(`[data-console="redis"] .log`, `"token-A"`)

	must(f.Eval(ctx, `document.querySelector('[data-crash="1"]').click()`, nil))
	shown("#account-title", "Power cut")
	must(f.Eval(ctx, `document.getElementById("restart").click()`, nil))
	shown("#account-title", "what came back")
	shown("#account-table", "lock")

	must(f.Navigate(ctx, url))
	var value string
	must(f.Eval(ctx, `everysecReady.then((db) => db.command("GET", "lock"))`, &value))
	if value != "token-A" {
		t.Errorf("after a reload GET lock replied %q", value)
	}
	var there int
	must(f.Eval(ctx, `Promise.all([navigator.serviceWorker.ready, everysec.command("DBSIZE")]).then(([, n]) => n)`, &there))
	if there != 1 {
		t.Errorf("DBSIZE replied %d", there)
	}
	must(f.Eval(ctx, `new Promise((resolve) => {
		const look = () => (document.querySelector('#file-rows button[value$="incr.aof"]') ? resolve() : setTimeout(look, 20));
		look();
	}).then(() => document.querySelector('#file-rows button[value$="incr.aof"]').click())`, nil))
	shown("#viewer-facts", "all of it on the disk")
	shown("#viewer-keys", "lock")
	shown("#viewer-meaning", "command: of 2 words")

	// The run that the page was left with is there, and ends as it did.
	must(f.Eval(ctx, `everysec.run.kept().then(({runs}) => everysec.run.save(runs[0].id)).then((run) => everysec.run.load(run)).then(({warning}) => warning)`, &value))
	if value != "" {
		t.Error(value)
	}
	if must(f.Eval(ctx, `everysec.command("DBSIZE")`, &there)); there != 1 {
		t.Errorf("at the end of the run before DBSIZE replies %d", there)
	}
	for _, line := range f.Logged() {
		if strings.HasPrefix(line, "error") {
			t.Error(line)
		}
	}
}

// Every view is there in Firefox, with nothing out of reach and no error.
func TestFirefoxShowsEveryView(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	f, err := bidi.Firefox(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := learner{&browser{t: t, ctx: ctx, origin: site(t), fox: f}}
	if err := f.Navigate(ctx, l.origin+"/?store=memory:&seed=7"); err != nil {
		t.Fatal(err)
	}
	l.sees("the server runs", `document.body.dataset.server === "running" && document.querySelector("#set-save").value !== ""`)
	l.fill()
	eachView(t, l, func(t *testing.T, v view) {
		l.complain(t, v.name, wide)
		if dir := os.Getenv("CONSOLE_PICTURES"); dir != "" {
			png, err := f.Picture(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "firefox-"+strings.ReplaceAll(v.name, " ", "-")+".png"), png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, line := range f.Logged() {
			if strings.HasPrefix(line, "error") {
				t.Error(line)
			}
		}
	})
}
