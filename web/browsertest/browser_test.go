// Package browsertest opens the page in a real browser and does what a learner
// does, up to killing the browser in the middle of a write. A test that looks at
// how long something takes, or at what soon passes, runs alone, all others beside
// each other.
package browsertest

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"everysec/web/browsertest/bidi"
	"everysec/web/cmd/site/publish"
)

// dist is built once for all tests.
var dist string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "everysec-dist")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		dist = dir
		defer os.RemoveAll(dir + "-along")
		b := publish.Builder{Root: filepath.Join("..", ".."), Out: dist}
		if err := b.Build(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// site serves the built page on a port of its own; it remembers the paths that
// were asked for. The address stays the same for the whole test, because
// IndexedDB belongs to an origin.
func site(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(publish.Handler(dist))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

// browser is one Chromium with a profile, or fox.
type browser struct {
	t       *testing.T
	fox     *bidi.Session
	ctx     context.Context
	process *exec.Cmd
	origin  string

	mu       sync.Mutex
	requests []string
	problems []string
	reported func(payload string) // gets what the page passes to window.report
}

// flags keep Chromium to the page: no update, no first-run page, no telemetry.
var flags = []chromedp.ExecAllocatorOption{
	chromedp.NoFirstRun,
	chromedp.NoDefaultBrowserCheck,
	chromedp.Headless,
	chromedp.NoSandbox,
	chromedp.DisableGPU,
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	chromedp.WindowSize(1440, 900),
}

// launch starts Chromium on a profile directory. Everything the page logs as
// an error, and every exception, fails the test at its end.
func launch(t *testing.T, profile, origin string, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	b := &browser{t: t, origin: origin}
	options := append([]chromedp.ExecAllocatorOption{
		chromedp.UserDataDir(profile),
		chromedp.WSURLReadTimeout(time.Minute),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // all its processes die together
			b.process = cmd
		}),
	}, slices.Concat(flags, more)...)
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	ctx, cancelTime := context.WithTimeout(ctx, 10*time.Minute)
	b.ctx = ctx
	t.Cleanup(func() {
		cancelTime()
		cancel()
		cancelAlloc()
		b.kill()
		if t.Failed() && len(b.problems) > 0 {
			t.Logf("the page said: %s", strings.Join(b.problems, "\n"))
		}
	})
	chromedp.ListenTarget(ctx, b.listen)
	if err := chromedp.Run(ctx, network.Enable(), runtime.Enable(), log.Enable()); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return b
}

// tab opens another page in the same browser.
func (b *browser) tab() *browser {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	other := &browser{t: b.t, ctx: ctx, origin: b.origin}
	chromedp.ListenTarget(ctx, other.listen)
	other.run(network.Enable(), runtime.Enable())
	return other
}

// count is how many of the requests, or of the problems, so far hold a text.
func (b *browser) count(of *[]string, text string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range *of {
		if strings.Contains(s, text) {
			n++
		}
	}
	return n
}

func navigate(url string) chromedp.Action { return chromedp.Navigate(url) }

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventBindingCalled:
		if b.reported != nil {
			b.reported(e.Payload)
		}
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Error())
	case *log.EventEntryAdded: // what the browser itself says: refused by the policy, not found
		b.problems = append(b.problems, string(e.Entry.Source)+": "+e.Entry.Text+" "+e.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		var parts []string
		for _, a := range e.Args {
			parts = append(parts, strings.Trim(string(a.Value), `"`)+a.Description)
		}
		b.problems = append(b.problems, string(e.Type)+": "+strings.Join(parts, " "))
	}
}

// kill ends the browser and all its processes at once, as SIGKILL does: no
// handler runs, nothing is flushed.
func (b *browser) kill() {
	if b.process != nil && b.process.Process != nil {
		_ = syscall.Kill(-b.process.Process.Pid, syscall.SIGKILL) // it may be gone
		b.process = nil
	}
}

// open navigates and waits until the engine answers.
func (b *browser) open(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.origin + path))
	b.eval(`everysecReady.then(() => true)`, nil)
}

// before runs a script in every page that is opened from now on, before its own.
func (b *browser) before(script string) {
	b.t.Helper()
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// click clicks at what a selector finds, and again where that has moved on between
// the look at where it is and the click there: what is above it may have grown.
func click(selector string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for range 20 {
			if err := chromedp.WaitVisible(selector, chromedp.ByQuery).Do(ctx); err != nil {
				return err
			}
			if err := chromedp.Evaluate(fmt.Sprintf(`addEventListener("click", ({ target }) => {
				const wanted = document.querySelector(%q);
				window.landed = wanted?.contains(target) || target.closest("label")?.control === wanted;
			}, { capture: true, once: true }); window.landed = false`, selector), nil).Do(ctx); err != nil {
				return err
			}
			if err := chromedp.Click(selector, chromedp.ByQuery).Do(ctx); err != nil {
				return err
			}
			// A page that the click has led to knows nothing of it.
			var landed bool
			if err := chromedp.Evaluate(`window.landed ?? true`, &landed).Do(ctx); err != nil || landed {
				return ctx.Err()
			}
		}
		return fmt.Errorf("%s: no click comes to where it is", selector)
	})
}

// eval runs JavaScript, awaits its promise, and stores what it yields.
func (b *browser) eval(expression string, result any) {
	b.t.Helper()
	if err := b.try(expression, result); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}

func (b *browser) try(expression string, result any) error {
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if b.fox != nil {
		return b.fox.Eval(b.ctx, expression, result)
	}
	if result == nil {
		var ignored any
		result = &ignored
	}
	return chromedp.Run(b.ctx, chromedp.Evaluate(expression, result, await))
}
