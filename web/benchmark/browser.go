package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"everysec/web/cmd/site/publish"
)

//go:embed pages
var pages embed.FS

// serve serves the built site and, under /bench/, the pages that measure it.
// Those are isolated from other origins, because a browser's clock is finer
// then. What stands in files is under /bench/files/.
func serve(root, dist, files string) (*httptest.Server, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	sub, err := fs.Sub(pages, "pages")
	if err != nil {
		return nil, err
	}
	file := func(path ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, filepath.Join(path...)) }
	}
	mux := http.NewServeMux()
	mux.Handle("/", isolated(publish.Handler(dist)))
	mux.Handle("/bench/", isolated(http.StripPrefix("/bench/", http.FileServerFS(sub))))
	mux.Handle("/bench/files/", isolated(http.StripPrefix("/bench/files/", http.FileServer(http.Dir(files)))))
	for _, p := range publish.Parts { // beside the worker
		mux.Handle("/bench/"+p.File(), isolated(http.StripPrefix("/bench", publish.Handler(dist))))
	}
	mux.Handle("/bench/wasm_exec.js", isolated(file(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js")))
	mux.Handle("/bench/begun.js", isolated(file(root, "wasm", "js", "begun.js")))
	mux.Handle("/bench/store.js", isolated(file(root, "wasm", "idb", "store.js")))
	return httptest.NewServer(mux), nil
}

func isolated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		if strings.HasPrefix(r.URL.Path, "/bench/") {
			w.Header().Set("Cache-Control", "no-cache") // as the site's own
		}
		h.ServeHTTP(w, r)
	})
}

// browser is a Chromium with a profile of its own.
type browser struct {
	ctx     context.Context
	origin  string
	profile string
	cancel  []context.CancelFunc
}

func launch(origin string) (*browser, error) {
	profile, err := os.MkdirTemp("", "everysec-profile")
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.UserDataDir(profile),
		chromedp.WSURLReadTimeout(time.Minute),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.WindowSize(1440, 900),
	}
	b := &browser{origin: strings.Replace(origin, "127.0.0.1", "localhost", 1), profile: profile}
	ctx, cancelProcess := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelBrowser := chromedp.NewContext(ctx)
	ctx, cancelTime := context.WithTimeout(ctx, 20*time.Minute)
	b.ctx, b.cancel = ctx, []context.CancelFunc{cancelTime, cancelBrowser, cancelProcess}
	watch := `let ready; Object.defineProperty(window, "everysecReady", {get: () => ready, set(promise) {
		ready = promise;
		window.firstReply = ready.then((db) => db.command("PING")).then(() => performance.now());
	}});`
	err = chromedp.Run(ctx, chromedp.Navigate("about:blank"), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(watch).Do(ctx)
		return err
	}))
	if err != nil {
		b.close()
		return nil, fmt.Errorf("starting Chromium: %w", err)
	}
	return b, nil
}

func (b *browser) close() {
	_ = chromedp.Cancel(b.ctx) // it may be gone
	for _, cancel := range b.cancel {
		cancel()
	}
	os.RemoveAll(b.profile)
}

// open navigates and waits until the page has loaded.
func (b *browser) open(path string) error {
	if err := chromedp.Run(b.ctx, chromedp.Navigate(b.origin+path)); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	return nil
}

// leave goes to an empty page, and gives the browser time to take down the last.
func (b *browser) leave() error {
	if err := chromedp.Run(b.ctx, chromedp.Navigate("about:blank"), chromedp.Sleep(time.Second)); err != nil {
		return fmt.Errorf("leave the page: %w", err)
	}
	return nil
}

// workerSeconds is the processor time the page's workers have used so far.
func (b *browser) workerSeconds() float64 {
	if p := chromedp.FromContext(b.ctx).Browser.Process(); p != nil {
		return workerSeconds(p.Pid)
	}
	return 0
}

// eval runs JavaScript, awaits its promise, and stores what it yields.
func (b *browser) eval(expression string, result any) error {
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if err := chromedp.Run(b.ctx, chromedp.Evaluate(expression, result, await)); err != nil {
		return fmt.Errorf("%s: %w", expression, err)
	}
	return nil
}
