// Command site builds the page and serves it.
//
//	site build   writes dist/
//	site dist    also writes the whole site as one file and as a zip, under dist/download
//	site serve   builds, then serves dist/ on http://localhost:8080 (PORT=)
//	site dev     serves, and builds again whenever a source changes
//	site size    builds and prints what a first visit downloads
package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"everysec/lessons/lint"
	"everysec/web/cmd/site/publish"
)

func main() {
	verb := "serve"
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	if err := run(verb); err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

func run(verb string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	b := publish.Builder{Root: root, Out: filepath.Join(root, "dist"), Compress: verb == "build" || verb == "dist" || verb == "size", Download: verb == "dist", Live: verb == "dev"}
	switch verb {
	case "build", "dist":
		return b.Build()
	case "size":
		if err := b.Build(); err != nil {
			return err
		}
		if err := b.Weigh(os.Stdout, 25); err != nil {
			return err
		}
		return publish.Size(b.Out, os.Stdout)
	case "serve":
		if err := b.Build(); err != nil {
			return err
		}
		return listen(b.Out)
	case "dev":
		if err := b.Build(); err != nil {
			return err
		}
		b.Built = func() { advise(root) }
		b.Built()
		go b.Watch()
		return listen(b.Out)
	}
	return fmt.Errorf("unknown verb %q: build, dist, serve, dev or size", verb)
}

// advise prints what the lessons lack. It keeps nobody from looking at them.
func advise(root string) {
	names, _ := filepath.Glob(filepath.Join(root, "lessons", "[0-9][0-9]-*", "lesson.md")) // the pattern is a good one
	found, err := lint.Files(filepath.Join(root, "lessons"), names)
	if err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
	}
	for _, e := range found {
		if name, err := filepath.Rel(root, e.File); err == nil {
			e.File = name
		}
		fmt.Fprintln(os.Stderr, e)
	}
}

func listen(dir string) error {
	port := cmp.Or(os.Getenv("PORT"), "8080")
	l, err := net.Listen("tcp", "localhost:"+port)
	if err != nil {
		return fmt.Errorf("%w (PORT= chooses another port)", err)
	}
	fmt.Printf("Everysec is at http://%s\n", l.Addr())
	return http.Serve(l, publish.Handler(dir))
}

func moduleRoot() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	path := strings.TrimSpace(string(mod))
	if path == "" || path == os.DevNull {
		return "", errors.New("not inside the module")
	}
	return filepath.Dir(path), nil
}
