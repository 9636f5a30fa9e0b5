// Package vfstest is what every vfs.FS must do, written once and run on each.
package vfstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"everysec/engine/vfs"
)

// Host opens an empty file system, and waits for a ticket as its kind of host does.
type Host struct {
	Open func(t *testing.T) vfs.FS
	Wait func(vfs.Ticket) error
}

// Run checks one kind of FS against the contract of package vfs.
func Run(t *testing.T, h Host) {
	t.Run("files", h.files)
	t.Run("opening", h.opening)
	t.Run("names", h.names)
	t.Run("names stay inside", h.inside)
	t.Run("errors", h.errors)
	t.Run("syncs", h.syncs)
	t.Run("open files outlive their names", h.outlive)
	t.Run("long files", h.long)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, fs vfs.FS, name string, mode vfs.Mode) vfs.File {
	t.Helper()
	f, err := fs.OpenFile(name, mode)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() }) // a second close where the test closes itself
	return f
}

func write(t *testing.T, f vfs.File, s string) {
	t.Helper()
	n, err := f.Write([]byte(s))
	must(t, err)
	if n != len(s) {
		t.Fatalf("wrote %d of %d bytes without an error", n, len(s))
	}
}

func content(t *testing.T, fs vfs.FS, name, want string) {
	t.Helper()
	got, err := vfs.ReadFile(fs, name)
	must(t, err)
	if string(got) != want {
		t.Fatalf("%s holds %q, want %q", name, got, want)
	}
}

func (h Host) files(t *testing.T) {
	fs := h.Open(t)
	f := open(t, fs, "a", vfs.Write|vfs.Create)
	if f.Name() != "a" || f.Size() != 0 {
		t.Fatalf("a new file: name %q, %d bytes", f.Name(), f.Size())
	}
	write(t, f, "hello")
	write(t, f, " world")
	content(t, fs, "a", "hello world")

	// Two open files append to one end.
	g := open(t, fs, "a", vfs.Write)
	write(t, g, "!")
	write(t, f, "?")
	content(t, fs, "a", "hello world!?")

	for _, c := range []struct {
		off  int64
		n    int
		want string
		err  error
	}{
		{0, 5, "hello", nil},
		{6, 7, "world!?", nil},
		{6, 8, "world!?", io.EOF},
		{13, 1, "", io.EOF},
		{99, 1, "", io.EOF},
	} {
		b := make([]byte, c.n)
		n, err := f.ReadAt(b, c.off)
		if string(b[:n]) != c.want || err != c.err {
			t.Errorf("read %d at %d: %q, %v; want %q, %v", c.n, c.off, b[:n], err, c.want, c.err)
		}
	}

	must(t, f.Truncate(4))
	content(t, fs, "a", "hell")
	write(t, g, "o") // at the new end
	content(t, fs, "a", "hello")
	must(t, f.Truncate(7))
	content(t, fs, "a", "hello\x00\x00")
	write(t, f, "x")
	content(t, fs, "a", "hello\x00\x00x")
	must(t, f.Truncate(0))
	content(t, fs, "a", "")
	must(t, f.Close())
	if f.Size() != 0 || f.Name() != "a" {
		t.Errorf("a closed file: name %q, %d bytes", f.Name(), f.Size())
	}
}

func (h Host) opening(t *testing.T) {
	fs := h.Open(t)
	write(t, open(t, fs, "old", vfs.Write|vfs.Create), "old bytes")
	for _, c := range []struct {
		mode     vfs.Mode
		old, new error // by whether the file exists
	}{
		{0, nil, vfs.ErrNotExist},
		{vfs.Write, nil, vfs.ErrNotExist},
		{vfs.Create, nil, nil},
		{vfs.Write | vfs.Create, nil, nil},
		{vfs.Write | vfs.Create | vfs.Exclusive, vfs.ErrExist, nil},
		{vfs.Truncate, vfs.ErrInvalid, vfs.ErrInvalid},
	} {
		if f, err := fs.OpenFile("old", c.mode); !errors.Is(err, c.old) {
			t.Errorf("mode %04b on a file: %v, want %v", c.mode, err, c.old)
		} else if err == nil {
			must(t, f.Close())
		}
		f, err := fs.OpenFile("new", c.mode)
		if !errors.Is(err, c.new) {
			t.Errorf("mode %04b without a file: %v, want %v", c.mode, err, c.new)
		}
		if err == nil {
			must(t, f.Close())
			must(t, fs.Remove("new"))
		}
	}
	content(t, fs, "old", "old bytes")
	open(t, fs, "old", vfs.Write|vfs.Truncate)
	content(t, fs, "old", "")
}

func list(t *testing.T, fs vfs.FS, dir string) string {
	t.Helper()
	infos, err := fs.ReadDir(dir)
	must(t, err)
	var out []string
	for _, i := range infos {
		if i.Dir {
			out = append(out, i.Name+"/")
		} else {
			out = append(out, fmt.Sprintf("%s:%d", i.Name, i.Size))
		}
	}
	return strings.Join(out, " ")
}

func (h Host) names(t *testing.T) {
	fs := h.Open(t)
	expect := func(dir, want string) {
		t.Helper()
		if got := list(t, fs, dir); got != want {
			t.Fatalf("%s lists %q, want %q", dir, got, want)
		}
	}
	expect(".", "")
	must(t, fs.MakeDir("appendonlydir"))
	write(t, open(t, fs, "b", vfs.Write|vfs.Create), "bb")
	write(t, open(t, fs, "a", vfs.Write|vfs.Create), "a")
	write(t, open(t, fs, "appendonlydir/x", vfs.Write|vfs.Create), "xxx")
	expect(".", "a:1 appendonlydir/ b:2")
	expect("appendonlydir", "x:3")
	expect("./appendonlydir/", "x:3")

	must(t, fs.Rename("a", "b")) // replaces
	expect(".", "appendonlydir/ b:1")
	content(t, fs, "b", "a")
	must(t, fs.Rename("b", "b")) // nothing to do
	must(t, fs.Rename("b", "appendonlydir/y"))
	expect(".", "appendonlydir/")
	expect("appendonlydir", "x:3 y:1")
	must(t, fs.Rename("appendonlydir", "moved"))
	content(t, fs, "moved/y", "a")
	must(t, fs.Remove("moved/x"))
	must(t, fs.Remove("moved/y"))
	must(t, fs.Remove("moved"))
	expect(".", "")

	must(t, fs.MakeDir("d"))
	write(t, open(t, fs, "d/f", vfs.Write|vfs.Create), "four")
	for name, want := range map[string]vfs.Info{
		".":   {Name: ".", Dir: true},
		"d":   {Name: "d", Dir: true},
		"d/f": {Name: "f", Size: 4},
	} {
		got, err := fs.Stat(name)
		if got.ID = 0; err != nil || got != want {
			t.Errorf("stat %s: %+v, %v; want %+v", name, got, err, want)
		}
	}
	id := func(name string) uint64 {
		info, err := fs.Stat(name)
		must(t, err)
		return info.ID
	}
	was := id("d/f")
	must(t, fs.Rename("d/f", "g"))
	write(t, open(t, fs, "d/f", vfs.Write|vfs.Create), "four")
	if id("g") != was || was != 0 && id("d/f") == was {
		t.Errorf("an ID goes with a file: it was %d, is %d under the new name, and %d is another file's", was, id("g"), id("d/f"))
	}
}

func (h Host) inside(t *testing.T) {
	fs := h.Open(t)
	must(t, fs.MakeDir("d"))
	write(t, open(t, fs, "f", vfs.Write|vfs.Create), "")
	for _, name := range []string{"..", "../f", "/f", "/", "d/../../f", "a\x00b", `..\f`, "../" + "d"} {
		_, openErr := fs.OpenFile(name, vfs.Write|vfs.Create)
		_, statErr := fs.Stat(name)
		_, readErr := fs.ReadDir(name)
		for op, err := range map[string]error{
			"open": openErr, "stat": statErr, "readdir": readErr,
			"mkdir": fs.MakeDir(name), "remove": fs.Remove(name),
			"rename from": fs.Rename(name, "g"), "rename to": fs.Rename("f", name),
			"syncdir": h.Wait(fs.SyncDir(name)),
		} {
			if !errors.Is(err, vfs.ErrInvalid) {
				t.Errorf("%s %q: %v, want %v", op, name, err, vfs.ErrInvalid)
			}
		}
	}
	if got := list(t, fs, "d/.."); got != "d/ f:0" {
		t.Errorf("a name with .. that stays inside lists %q", got)
	}
}

func (h Host) errors(t *testing.T) {
	fs := h.Open(t)
	must(t, fs.MakeDir("d"))
	write(t, open(t, fs, "d/f", vfs.Write|vfs.Create), "12345")
	write(t, open(t, fs, "f", vfs.Write|vfs.Create), "12345")
	read := open(t, fs, "f", 0)
	closed := open(t, fs, "f", vfs.Write)
	must(t, closed.Close())
	opened := func(name string, mode vfs.Mode) error { _, err := fs.OpenFile(name, mode); return err }
	listed := func(name string) error { _, err := fs.ReadDir(name); return err }
	stated := func(name string) error { _, err := fs.Stat(name); return err }
	written := func(f vfs.File) error { _, err := f.Write([]byte("x")); return err }
	seen := func(f vfs.File, off int64) error { _, err := f.ReadAt(make([]byte, 1), off); return err }
	for _, c := range []struct {
		what string
		err  error
		want error
	}{
		{"open a directory", opened("d", 0), vfs.ErrIsDir},
		{"open below a file", opened("f/g", vfs.Write|vfs.Create), vfs.ErrNotDir},
		{"create below nothing", opened("no/g", vfs.Write|vfs.Create), vfs.ErrNotExist},
		{"list a file", listed("f"), vfs.ErrNotDir},
		{"list nothing", listed("no"), vfs.ErrNotExist},
		{"stat nothing", stated("no"), vfs.ErrNotExist},
		{"stat below a file", stated("f/g"), vfs.ErrNotDir},
		{"mkdir over a file", fs.MakeDir("f"), vfs.ErrExist},
		{"mkdir over a directory", fs.MakeDir("d"), vfs.ErrExist},
		{"mkdir below nothing", fs.MakeDir("no/d"), vfs.ErrNotExist},
		{"remove nothing", fs.Remove("no"), vfs.ErrNotExist},
		{"remove a full directory", fs.Remove("d"), vfs.ErrNotEmpty},
		{"remove the root", fs.Remove("."), vfs.ErrInvalid},
		{"rename nothing", fs.Rename("no", "g"), vfs.ErrNotExist},
		{"rename nothing over a directory", fs.Rename("no", "d"), vfs.ErrNotExist},
		{"rename over a directory", fs.Rename("f", "d"), vfs.ErrExist},
		{"rename a directory over a file", fs.Rename("d", "f"), vfs.ErrNotDir},
		{"rename a directory into itself", fs.Rename("d", "d/e"), vfs.ErrInvalid},
		{"rename into nothing", fs.Rename("f", "no/f"), vfs.ErrNotExist},
		{"sync no directory", h.Wait(fs.SyncDir("no")), vfs.ErrNotExist},
		{"sync a file as a directory", h.Wait(fs.SyncDir("f")), vfs.ErrNotDir},
		{"write what is read only", written(read), vfs.ErrReadOnly},
		{"truncate what is read only", read.Truncate(0), vfs.ErrReadOnly},
		{"read before the start", seen(read, -1), vfs.ErrInvalid},
		{"truncate below zero", open(t, fs, "f", vfs.Write).Truncate(-1), vfs.ErrInvalid},
		{"write after close", written(closed), vfs.ErrClosed},
		{"read after close", seen(closed, 0), vfs.ErrClosed},
		{"truncate after close", closed.Truncate(0), vfs.ErrClosed},
		{"sync after close", h.Wait(closed.Sync()), vfs.ErrClosed},
		{"close after close", closed.Close(), vfs.ErrClosed},
	} {
		var told *vfs.PathError
		if !errors.Is(c.err, c.want) || !errors.As(c.err, &told) {
			t.Errorf("%s: %v, want a PathError of %v", c.what, c.err, c.want)
		}
	}
	content(t, fs, "f", "12345")
	content(t, fs, "d/f", "12345")
	const want = `remove "no": no such file or directory`
	if err := fs.Remove("no"); err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func (h Host) syncs(t *testing.T) {
	fs := h.Open(t)
	must(t, fs.MakeDir("d"))
	f := open(t, fs, "d/f", vfs.Write|vfs.Create)
	write(t, f, "one")
	first := f.Sync()
	write(t, f, "two")
	second := f.Sync()
	dir, root := fs.SyncDir("d"), fs.SyncDir(".")
	must(t, f.Close()) // does not cancel
	for _, ticket := range []vfs.Ticket{second, first, dir, root} {
		must(t, h.Wait(ticket))
		if !ticket.Done() || ticket.Err() != nil {
			t.Errorf("a ticket waited for: done %v, error %v", ticket.Done(), ticket.Err())
		}
	}
	content(t, fs, "d/f", "onetwo")
	must(t, h.Wait(open(t, fs, "d/f", 0).Sync())) // a reader may sync, too
}

func (h Host) outlive(t *testing.T) {
	fs := h.Open(t)
	f := open(t, fs, "f", vfs.Write|vfs.Create)
	write(t, f, "before")
	must(t, fs.Rename("f", "g"))
	write(t, f, " after")
	content(t, fs, "g", "before after")

	must(t, fs.Remove("g"))
	write(t, f, " the end")
	b := make([]byte, 20)
	if n, err := f.ReadAt(b, 0); err != nil || string(b[:n]) != "before after the end" {
		t.Errorf("a removed file holds %q, %v", b[:n], err)
	}
	must(t, h.Wait(f.Sync()))
	write(t, open(t, fs, "g", vfs.Write|vfs.Create|vfs.Exclusive), "another")
	content(t, fs, "g", "another")
}

func (h Host) long(t *testing.T) {
	fs := h.Open(t)
	f := open(t, fs, "f", vfs.Write|vfs.Create)
	var want []byte
	for i := range 50 {
		piece := bytes.Repeat([]byte{byte(i)}, i*331)
		write(t, f, string(piece))
		want = append(want, piece...)
		if i%17 == 16 { // cut into what is there, then grow with zeros
			size := len(want) - 70_001
			must(t, f.Truncate(int64(max(size, 0))))
			want = want[:max(size, 0)]
			must(t, f.Truncate(int64(len(want)+66_000)))
			want = append(want, make([]byte, 66_000)...)
		}
	}
	content(t, fs, "f", string(want))
}
