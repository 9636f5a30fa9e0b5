// Package publish makes the site out of the sources and serves it.
package publish

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
)

// A build is a list of files made in memory and then written to dist: what is
// there already and has not changed stays as it is, with its compressed
// forms, and what does not belong there goes.

// Builder knows where a site comes from and where it goes.
type Builder struct {
	Root     string // of the module
	Out      string // the folder that is written, and cleared of everything else
	Compress bool   // write .br and .gz beside each file
	Download bool   // also write the whole site as one page and as a zip
	Live     bool   // pages load again when they have changed
	Built    func() // is called by Watch after each build; may be nil

	made map[string][]byte // what the last build made, without its pages
}

// Build makes the site.
func (b *Builder) Build() error {
	start := time.Now()
	files, err := b.collect()
	if err != nil {
		return err
	}
	if err := b.write(files); err != nil {
		return err
	}
	fmt.Printf("built %d files into %s in %v\n", len(files), b.Out, time.Since(start).Round(10*time.Millisecond))
	return nil
}

// collect makes every file of the site; names are slash paths.
func (b *Builder) collect() (map[string][]byte, error) {
	files := map[string][]byte{}
	whole, err := b.program(files)
	if err != nil {
		return nil, err
	}
	runtime, err := b.runtime()
	if err != nil {
		return nil, err
	}
	if err := b.scripts(files, runtime); err != nil {
		return nil, err
	}
	if err := b.viewer(files, runtime); err != nil {
		return nil, err
	}
	b.made = maps.Clone(files)
	if err := b.pages(files); err != nil {
		return nil, err
	}
	if err := b.offline(files); err != nil {
		return nil, err
	}
	if b.Download {
		if files[singleName], err = b.single(files, runtime, whole); err != nil {
			return nil, err
		}
		if files[archiveName], err = archived(files); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// program makes the module that is the engine and the page, and its parts; whole
// is all of it in one.
func (b *Builder) program(files map[string][]byte) (whole []byte, err error) {
	wasm, err := b.wasm("playground", "-s -w")
	if err != nil {
		return nil, err
	}
	symbols, _ := Symbols(wasm) // Slim fails on the same errors
	if files["everysec.wasm"], files["everysec.names.txt"], err = Slim(wasm); err != nil {
		// A Go that we do not know yet: larger, and as good.
		fmt.Fprintln(os.Stderr, "site: everysec.wasm stays as large as it is:", err)
		files["everysec.wasm"], files["everysec.names.txt"] = wasm, nil
	}
	if begun, err := Begun(files["everysec.wasm"]); err == nil {
		files["everysec.wasm"] = begun
	} else {
		fmt.Fprintln(os.Stderr, "site: everysec.wasm begins in the browser:", err) // slower, and as good
	}
	if whole, err = Pack(files["everysec.wasm"]); err != nil {
		return nil, err
	}
	return whole, split(files, symbols)
}

// hot are the packages that run for every command. Everything else is compiled
// without inlining, which makes the module a fifth smaller; SET and GET stay
// within a tenth of what they are with everything inlined.
var hot = []string{
	"everysec/engine/command", "everysec/engine/commands/strings", "everysec/engine/ds/...", "everysec/engine/keyspace", "everysec/engine/object",
	"everysec/engine/resp", "everysec/engine/server",
	"cmp", "encoding/binary", "internal/abi", "internal/byteorder", "internal/bytealg", "internal/runtime/...",
	"math/bits", "runtime", "unicode/utf8",
}

// wasm compiles a module of the folder wasm.
func (b *Builder) wasm(name, linker string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "everysec-build")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "everysec.wasm")
	args := []string{"build", "-trimpath", "-ldflags", linker, "-o", out, "-gcflags=all=-l"}
	for _, p := range hot { // the last that matches a package counts
		args = append(args, "-gcflags="+p+"=")
	}
	cmd := exec.Command("go", append(args, "./wasm/"+name)...)
	cmd.Dir = b.Root
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("building ./wasm/%s for the browser: %w", name, err)
	}
	return os.ReadFile(out)
}

// write puts files into dist.
func (b *Builder) write(files map[string][]byte) error {
	if err := b.clear(files); err != nil {
		return err
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var group sync.WaitGroup
	errs := make([]error, len(names))
	for i, name := range names {
		group.Go(func() { errs[i] = b.writeFile(name, files[name]) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// clear removes what an earlier build left.
func (b *Builder) clear(files map[string][]byte) error {
	err := filepath.WalkDir(b.Out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(b.Out, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		source := strings.TrimSuffix(strings.TrimSuffix(name, ".br"), ".gz")
		if _, ours := files[source]; ours && (source == name || b.Compress) {
			return nil
		}
		return os.Remove(path)
	})
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func (b *Builder) writeFile(name string, data []byte) error {
	path := filepath.Join(b.Out, filepath.FromSlash(name))
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) && (!b.Compress || strings.HasPrefix(name, downloads) || compressed(path)) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if b.Compress && !strings.HasPrefix(name, downloads) { // those are compressed in themselves
		if err := replace(path+".br", brotlied(data)); err != nil {
			return err
		}
		if err := replace(path+".gz", gzipped(data)); err != nil {
			return err
		}
	}
	return replace(path, data) // last: it says that the others belong to it
}

func compressed(path string) bool {
	_, br := os.Stat(path + ".br")
	_, gz := os.Stat(path + ".gz")
	return br == nil && gz == nil
}

// replace writes a file so that a reader finds the old or the new one.
func replace(path string, data []byte) error {
	temp := path + ".tmp"
	if err := os.WriteFile(temp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func brotlied(data []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 24})
	_, _ = w.Write(data) // into memory
	_ = w.Close()
	return out.Bytes()
}

func gzipped(data []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = w.Write(data) // into memory
	_ = w.Close()
	return out.Bytes()
}

// address is the relative URL of one version of a file.
func address(files map[string][]byte, name string) string {
	return name + "?" + hash(files[name])
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:12])
}

// repage makes the pages again, of lessons that have changed, around the
// programs of the last build.
func (b *Builder) repage() error {
	if b.made == nil {
		return b.Build()
	}
	files := maps.Clone(b.made)
	if err := b.pages(files); err != nil {
		return err
	}
	if err := b.offline(files); err != nil {
		return err
	}
	return b.write(files)
}

// Watch builds again whenever a source changes: only the pages where only
// lessons did. It does not return.
func (b *Builder) Watch() {
	code, text := b.newest()
	for {
		time.Sleep(400 * time.Millisecond)
		newCode, newText := b.newest()
		build := b.repage
		switch {
		case newCode.After(code):
			build = b.Build
		case !newText.After(text):
			continue
		}
		code, text = newCode, newText
		if err := build(); err != nil {
			fmt.Fprintln(os.Stderr, "site:", err) // the next change may mend it
		} else if b.Built != nil {
			b.Built()
		}
	}
}

// newest is when a source was changed last, and when a lesson was.
func (b *Builder) newest() (code, text time.Time) {
	for _, dir := range []string{"engine", "wasm", "web", "lessons"} {
		_ = filepath.WalkDir(filepath.Join(b.Root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/testdata/") {
				return nil // a directory that is gone by now is no news
			}
			newest := &code
			if ext := filepath.Ext(path); dir == "lessons" && (ext == ".md" || ext == ".rdb") {
				newest = &text
			}
			if info, err := d.Info(); err == nil && info.ModTime().After(*newest) {
				*newest = info.ModTime()
			}
			return nil
		})
	}
	return code, text
}
