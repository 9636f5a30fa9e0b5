package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed fs.js
var fsScript []byte

// runInBrowser runs a test binary in Chromium and returns its exit code.
func runInBrowser(binary string, args []string) (int, error) {
	goroot, err := output("go", "env", "GOROOT")
	if err != nil {
		return 1, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1, err
	}
	defer l.Close()
	mux := http.NewServeMux()
	mux.Handle("/fs", newFiles())
	mux.HandleFunc("/test.wasm", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, binary) })
	mux.HandleFunc("/wasm_exec.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(goroot, "lib", "wasm", "wasm_exec.js"))
	})
	mux.HandleFunc("/fs.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(fsScript) // the page may be gone
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><script src="fs.js"></script><script src="wasm_exec.js"></script>`)
	})
	go http.Serve(l, mux)

	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// Go's stack is on V8's: the same room as in node.
		chromedp.Flag("js-flags", "--stack-size=8192"),
	)
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(alloc)
	defer cancel()

	cwd, err := os.Getwd()
	if err != nil {
		return 1, err
	}
	env := map[string]string{"TMPDIR": os.TempDir()}
	for _, v := range slim(os.Environ()) {
		if name, value, ok := strings.Cut(v, "="); ok {
			env[name] = value
		}
	}
	start, err := json.Marshal(map[string]any{"argv": append([]string{binary}, args...), "env": env, "cwd": cwd})
	if err != nil {
		return 1, err
	}
	var exit int
	err = chromedp.Run(ctx,
		chromedp.Navigate("http://"+l.Addr().String()+"/"),
		chromedp.Evaluate("play("+string(start)+")", &exit, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
			return p.WithAwaitPromise(true)
		}),
	)
	return exit, err
}
