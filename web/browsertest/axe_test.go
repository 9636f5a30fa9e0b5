package browsertest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// axe-core (Deque, MPL 2.0) looks for what keeps people out. It is no part of
// the page, and is fetched with npm when the tests first need it.
const (
	axePackage = "axe-core@4.14.1"
	axeSum     = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
)

// axe is its script.
var axe = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "everysec", axePackage+".tgz")
	packed, err := os.ReadFile(path)
	if err != nil {
		if packed, err = fetchAxe(path); err != nil {
			return "", fmt.Errorf("fetching %s: %w", axePackage, err)
		}
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != axeSum {
		return "", fmt.Errorf("%s is not the %s we know", path, axePackage)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", err
	}
	for files := tar.NewReader(z); ; {
		h, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("%s: axe.min.js: %w", path, err)
		}
		if h.Name == "package/axe.min.js" {
			script, err := io.ReadAll(files)
			return string(script), err
		}
	}
})

func fetchAxe(path string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "everysec-axe")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("npm", "pack", "--silent", axePackage)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack: %w: %s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return nil, errors.Join(err, fmt.Errorf("npm pack left %d files", len(found)))
	}
	packed, err := os.ReadFile(found[0])
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return packed, os.WriteFile(path, packed, 0o644)
}

// violations lists what axe-core finds.
const violations = `axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
	violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary.replace(/\n\s*/g, "; "))))`

// No view has a violation of any rule of axe-core, in light and dark, on a
// desktop and on a phone.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	script, err := axe()
	if err != nil {
		t.Fatal(err)
	}
	l := arrive(t)
	l.fill()
	l.eval(script+"\n;true", nil)
	check := func(t *testing.T, where string) {
		t.Helper()
		l.complain(t, where, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => `+violations+`)`)
	}
	eachView(t, l, func(t *testing.T, v view) {
		for _, scheme := range []string{"light", "dark"} {
			l.prefers("prefers-color-scheme", scheme)
			check(t, "desktop, "+scheme)
		}
		l.size(390, 844)
		l.clicks(`.tabs [data-tab="` + v.tab + `"]`)
		check(t, "phone, dark")
		l.size(1440, 900)
		l.prefers("prefers-color-scheme", "light")
	})
}
