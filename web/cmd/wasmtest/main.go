// Command wasmtest runs Go tests as js/wasm, the way the page runs the code:
// in node where there is one, else in headless Chromium.
//
//	wasmtest [-browser] packages...
//
// The test binaries are made slim as the page's module is, so that what is
// taken out of it is shown to be missed by nobody; and in node they are split
// into the same parts. In Chromium the tests see
// this machine's files through a small server, since a page has none of its
// own; see files.go and fs.js.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"everysec/web/cmd/site/publish"
)

// unfit are packages that cannot run in a page, with the reason.
var unfit = map[string]string{
	"everysec/engine/cmd/":         "programs for a terminal",
	"everysec/engine/vfs/osfs":     "files of the operating system",
	"everysec/engine/differential": "talks to a redis-server",
}

func main() {
	args := os.Args[1:]
	if len(args) > 2 && args[0] == "exec" {
		code, err := execute(args[1], args[2], args[3:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "wasmtest:", err)
			code = 1
		}
		os.Exit(code)
	}
	browser := false
	if len(args) > 0 && args[0] == "-browser" {
		browser, args = true, args[1:]
	}
	if err := test(args, browser); err != nil {
		fmt.Fprintln(os.Stderr, "wasmtest:", err)
		os.Exit(1)
	}
}

func test(patterns []string, browser bool) error {
	packages, err := list(patterns)
	if err != nil {
		return err
	}
	where := "node"
	if _, err := exec.LookPath("node"); err != nil || browser {
		where = "chromium"
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Println("running in", where)
	run := self + " exec " + where
	cmd := exec.Command("go", append([]string{"test", "-timeout", "8m", "-exec", run}, packages...)...)
	cmd.Env = append(slim(os.Environ()), "GOOS=js", "GOARCH=wasm")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// execute runs one test binary and returns its exit code.
func execute(where, binary string, args []string) (int, error) {
	debug.SetGCPercent(400) // what this process makes is soon gone with it
	module, err := os.ReadFile(binary)
	if err != nil {
		return 1, err
	}
	symbols, err := publish.Symbols(module)
	if err != nil {
		return 1, err
	}
	if module, _, err = publish.Slim(module); err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "wasmtest")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	slimmer := filepath.Join(dir, filepath.Base(binary))
	if where == "chromium" {
		if module, err = publish.Pack(module); err != nil {
			return 1, err
		}
		if err := os.WriteFile(slimmer, module, 0o644); err != nil {
			return 1, err
		}
		return runInBrowser(slimmer, args)
	}
	if err := split(module, symbols, slimmer); err != nil {
		return 1, err
	}
	goroot, err := output("go", "env", "GOROOT")
	if err != nil {
		return 1, err
	}
	loader := filepath.Join(dir, "parts.js")
	if err := os.WriteFile(loader, partsScript, 0o644); err != nil {
		return 1, err
	}
	cmd := exec.Command(filepath.Join(goroot, "lib", "wasm", "go_js_wasm_exec"), append([]string{slimmer}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_OPTIONS=--require "+loader)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var failed *exec.ExitError
	if err := cmd.Run(); errors.As(err, &failed) {
		return failed.ExitCode(), nil
	} else if err != nil {
		return 1, err
	}
	return 0, nil
}

// parts.js loads parts in node.
//
//go:embed parts.js
var partsScript []byte

// split writes a module in parts, as the page has it: file, and file with the
// number of each part.
func split(module []byte, symbols []string, file string) error {
	made, err := publish.Split(module, symbols, publish.Parts)
	if err != nil {
		return err
	}
	first, err := publish.Pack(made.First)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, first, 0o644); err != nil {
		return err
	}
	for i, part := range made.Parts {
		if err := os.WriteFile(fmt.Sprint(file, ".", i), part, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// list expands patterns to packages that have tests and are fit for a page.
func list(patterns []string) ([]string, error) {
	args := append([]string{"list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	packages := slices.DeleteFunc(strings.Fields(string(out)), func(p string) bool {
		for prefix := range unfit {
			if strings.HasPrefix(p+"/", prefix) || strings.HasPrefix(p, prefix) {
				return true
			}
		}
		return false
	})
	if len(packages) == 0 {
		return nil, fmt.Errorf("no tests in %v", patterns)
	}
	return packages, nil
}

func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	return strings.TrimSpace(string(out)), err
}

// slim leaves out what Go's runtime for wasm has no room for: arguments and
// environment share 12 KiB.
func slim(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool { return len(v) > 1024 && !strings.HasPrefix(v, "PATH=") })
}
