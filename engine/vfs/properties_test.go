package vfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"everysec/engine/vfs"
)

// The promises of the disk, checked on random programs against a model that
// knows only what a program knows: what it wrote, and which tickets were done.

// file is a file as the program knows it.
type file struct {
	bytes    []byte
	dir      bool
	promised int  // bytes from the start that a done ticket promised
	doubtful bool // a sync failed: what is not promised yet may never be saved
	suspect  bool // a sync of it was bound to fail, or did
}

// pending is a ticket not done, and what it will promise.
type pending struct {
	ticket vfs.Ticket
	file   *file
	size   int
	names  map[string]*file // of a SyncDir
	lied   bool             // the drive lied when it was asked: nothing is promised
}

type world struct {
	disk     *vfs.Disk
	platter  *heldPlatter
	names    map[string]*file
	promised map[string]*file // names that a done SyncDir promised
	open     map[string]vfs.File
	waiting  []*pending
	letter   byte

	lying, hung, failing bool // what the disk was told to do
	everLied             bool
}

// heldPlatter answers when it is told to.
type heldPlatter struct {
	content vfs.Content
	torn    bool // a commit was torn, and none has succeeded since
	batch   vfs.Batch
	done    func(error)
}

func (p *heldPlatter) Commit(b vfs.Batch, done func(error)) {
	if p.done != nil {
		panic("two commits at once")
	}
	p.batch, p.done = b, done
}

func (p *heldPlatter) answer(t *rapid.T, err error) {
	done := p.done
	p.done = nil
	if err == nil {
		if err := p.content.Apply(p.batch); err != nil {
			t.Fatalf("the platter cannot apply a batch: %v", err)
		}
		p.torn = false
	}
	done(err)
}

// tear fails a commit of which some changes are durable all the same, unless it
// takes the place of everything.
func (p *heldPlatter) tear(t *rapid.T) {
	done := p.done
	p.done = nil
	part := p.batch.Changes[:rapid.IntRange(0, len(p.batch.Changes)).Draw(t, "changes")]
	if p.batch.Changes[0].Op != vfs.OpFormat {
		if err := p.content.Apply(vfs.Batch{Changes: part}); err != nil {
			t.Fatalf("the platter cannot apply a part of a batch: %v", err)
		}
	}
	p.torn = true
	done(&vfs.TornError{Err: errors.New("torn")})
}

func newWorld() *world {
	p := &heldPlatter{}
	w := &world{platter: p, names: map[string]*file{}}
	w.restart(vfs.New(vfs.Options{Platter: p}))
	return w
}

// restart is a new process on the disk d.
func (w *world) restart(d *vfs.Disk) {
	w.disk, w.open, w.waiting = d, map[string]vfs.File{}, nil
	w.hung, w.failing = false, false
	if w.promised == nil {
		w.promised = map[string]*file{}
	}
}

var someNames = []string{"a", "b", "dump.rdb", "d", "e", "d/a", "d/b", "e/a", "d/e", "d/e/a"}

// pick draws from a list, every element as likely as the others: rapid's own
// choice prefers the first ones, and a program that mostly creates files is dull.
func pick(t *rapid.T, list []string, label string) string {
	bits := rapid.SliceOfN(rapid.Bool(), 8, 8).Draw(t, label)
	n := 0
	for _, b := range bits {
		n *= 2
		if b {
			n++
		}
	}
	return list[n%len(list)]
}

// draw picks a name that is good, "" if none is.
func draw(t *rapid.T, names []string, good func(string) bool) string {
	var fit []string
	for _, name := range names {
		if good(name) {
			fit = append(fit, name)
		}
	}
	if len(fit) == 0 {
		return ""
	}
	return pick(t, fit, "name")
}

func (w *world) any(t *rapid.T) string {
	return draw(t, slices.Sorted(maps.Keys(w.names)), func(string) bool { return true })
}

func (w *world) file(t *rapid.T) string {
	return draw(t, slices.Sorted(maps.Keys(w.names)), func(name string) bool { return !w.names[name].dir })
}

// free is a name not in use, whose directory exists.
func (w *world) free(t *rapid.T) string {
	return draw(t, someNames, func(name string) bool {
		dir := path.Dir(name)
		return w.names[name] == nil && (dir == "." || w.names[dir] != nil && w.names[dir].dir)
	})
}

func (w *world) handle(t *rapid.T, name string) vfs.File {
	if f := w.open[name]; f != nil {
		return f
	}
	f, err := w.disk.OpenFile(name, vfs.Write)
	if err != nil {
		t.Fatal(err)
	}
	w.open[name] = f
	return f
}

// forget drops what is known of a name and of all below it.
func forget[V any](m map[string]V, name string) {
	maps.DeleteFunc(m, func(k string, _ V) bool { return k == name || strings.HasPrefix(k, name+"/") })
}

func (w *world) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"create": func(t *rapid.T) {
			name := w.free(t)
			f, err := w.disk.OpenFile(name, vfs.Write|vfs.Create|vfs.Exclusive)
			if err == nil {
				w.names[name], w.open[name] = &file{}, f
				delete(w.promised, name)
			}
		},
		"mkdir": func(t *rapid.T) {
			name := pick(t, []string{"d", "e", "d/e"}, "name")
			if w.disk.MakeDir(name) == nil {
				w.names[name] = &file{dir: true}
				delete(w.promised, name)
			}
		},
		"rename": func(t *rapid.T) {
			from := w.any(t) // "" fails, as it should
			to := pick(t, someNames, "to")
			if w.disk.Rename(from, to) != nil || from == to {
				return
			}
			moved := map[string]*file{}
			for name, f := range w.names {
				if name == from || strings.HasPrefix(name, from+"/") {
					moved[to+strings.TrimPrefix(name, from)] = f
				}
			}
			forget(w.names, from)
			forget(w.promised, from)
			forget(w.promised, to)
			forget(w.open, from)
			forget(w.open, to)
			maps.Copy(w.names, moved)
			w.unpromise(from, to)
		},
		"remove": func(t *rapid.T) {
			name := w.any(t)
			if w.disk.Remove(name) == nil {
				forget(w.names, name)
				forget(w.promised, name)
				forget(w.open, name)
				w.unpromise(name)
			}
		},
		"write": func(t *rapid.T) { w.write(t, rapid.IntRange(1, 1500).Draw(t, "size")) },
		"write much": func(t *rapid.T) {
			w.write(t, rapid.IntRange(30_000, 140_000).Draw(t, "size"))
		},
		"truncate": func(t *rapid.T) {
			name := w.file(t)
			if name == "" {
				return
			}
			f := w.names[name]
			size := rapid.IntRange(0, len(f.bytes)+len(f.bytes)/4).Draw(t, "size")
			if err := w.handle(t, name).Truncate(int64(size)); err != nil {
				t.Fatal(err)
			}
			if size <= f.promised {
				f.promised, f.doubtful = size, false
			}
			for _, p := range w.waiting {
				if p.file == f {
					p.size = min(p.size, size)
				}
			}
			f.bytes = append(bytes.Clone(f.bytes), make([]byte, max(size-len(f.bytes), 0))...)[:size]
		},
		"sync": func(t *rapid.T) {
			name := w.file(t)
			if name == "" {
				return
			}
			f := w.names[name]
			f.suspect, w.failing = f.suspect || w.failing, false
			w.waiting = append(w.waiting, &pending{ticket: w.handle(t, name).Sync(), file: f, size: len(f.bytes), lied: w.lying})
			w.perhaps(t)
		},
		"syncdir": func(t *rapid.T) {
			dir := draw(t, []string{".", "d", "e", "d/e"}, func(name string) bool {
				return name == "." || w.names[name] != nil && w.names[name].dir
			})
			p := &pending{names: map[string]*file{}, lied: w.lying}
			w.failing = false
			for name, f := range w.names {
				if path.Dir(name) == dir {
					p.names[name] = f
				}
			}
			p.ticket = w.disk.SyncDir(dir)
			w.waiting = append(w.waiting, p)
			w.perhaps(t)
		},
		"platter answers": func(t *rapid.T) {
			if w.platter.done != nil {
				w.platter.answer(t, nil)
			}
		},
		"platter refuses": func(t *rapid.T) {
			if w.platter.done != nil {
				w.platter.answer(t, errors.New("no"))
			}
		},
		"platter tears": func(t *rapid.T) {
			if w.platter.done != nil {
				w.platter.tear(t)
			}
		},
		"fsync fails": func(t *rapid.T) {
			w.disk.FailSyncs(1)
			w.failing = true
		},
		"the drive lies":      func(*rapid.T) { w.lie(true) },
		"the drive is honest": func(*rapid.T) { w.lie(false) },
		"the device hangs":    func(*rapid.T) { w.hang(true) },
		"the device goes on":  func(*rapid.T) { w.hang(false) },
		"look at crashes": func(t *rapid.T) {
			seed := rapid.Uint64().Draw(t, "seed")
			w.checkKill(t, w.disk.Image(vfs.ProcessKill, seed))
			for _, kind := range []vfs.Kind{vfs.PowerCut, vfs.TornTail, vfs.BitRot} {
				w.checkCut(t, kind, seed)
			}
		},
		"go on after a kill": func(t *rapid.T) {
			image := w.disk.Image(vfs.ProcessKill, 0)
			w.moveTo(t, image)
		},
		"go on after a power cut": func(t *rapid.T) {
			image := w.disk.Image(vfs.PowerCut, rapid.Uint64().Draw(t, "seed"))
			w.moveTo(t, image)
			w.names, w.promised = map[string]*file{}, map[string]*file{}
			w.readTree(t, ".")
		},
		"go on after a reload": func(t *rapid.T) {
			d, err := vfs.Load(w.platter.content, vfs.Options{Platter: w.platter})
			if err != nil {
				t.Fatal(err)
			}
			w.checkPromises(t, d, "reload")
			w.platter.done = nil
			d.SyncAll() // drops what no name leads to
			if w.platter.done != nil {
				w.platter.answer(t, nil)
			}
			w.restart(d)
			w.lying = false
			w.names, w.promised = map[string]*file{}, map[string]*file{}
			w.readTree(t, ".")
		},
	}
}

// perhaps lets the platter answer at once.
func (w *world) perhaps(t *rapid.T) {
	for w.platter.done != nil && rapid.Bool().Draw(t, "answer at once") {
		w.platter.answer(t, nil)
	}
}

func (w *world) lie(on bool) {
	w.lying, w.everLied = on, w.everLied || on
	w.disk.LieAboutSyncs(on)
}

func (w *world) hang(on bool) {
	w.hung = on
	w.disk.HangSyncs(on)
}

// unpromise lets no SyncDir under way promise a name that changed since.
func (w *world) unpromise(names ...string) {
	for _, p := range w.waiting {
		for _, name := range names {
			forget(p.names, name)
		}
	}
}

func (w *world) write(t *rapid.T, size int) {
	name := w.file(t)
	if name == "" {
		return
	}
	w.letter = w.letter%25 + 1 // so that no two neighbouring writes are alike, and none is zero
	b := bytes.Repeat([]byte{'a' + w.letter}, size)
	if n, err := w.handle(t, name).Write(b); n != size || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, size, err)
	}
	f := w.names[name]
	f.bytes = append(f.bytes, b...)
}

// moveTo lets an image take over the platter.
func (w *world) moveTo(t *rapid.T, image *vfs.Disk) {
	w.disk.Halt()
	w.platter.done = nil
	ticket := image.Attach(w.platter)
	if rapid.Bool().Draw(t, "refused at first") {
		w.platter.answer(t, errors.New("no"))
		if !ticket.Done() || ticket.Err() == nil {
			t.Fatalf("a refused attach: done %v, %v", ticket.Done(), ticket.Err())
		}
		ticket = image.SyncAll()
	}
	w.platter.answer(t, nil)
	if !ticket.Done() || ticket.Err() != nil {
		t.Fatalf("attach: done %v, %v", ticket.Done(), ticket.Err())
	}
	w.restart(image)
}

// readTree takes what is on the disk after a crash as what the program knows.
func (w *world) readTree(t *rapid.T, dir string) {
	infos, err := w.disk.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range infos {
		name := path.Join(dir, i.Name)
		f := &file{dir: i.Dir}
		w.names[name], w.promised[name] = f, f
		if i.Dir {
			w.readTree(t, name)
			continue
		}
		if f.bytes, err = vfs.ReadFile(w.disk, name); err != nil {
			t.Fatal(err)
		}
		f.promised = len(f.bytes)
	}
}

// check runs after every action: tickets keep their order, the program reads
// what it wrote, and Disk and platter agree on what is durable.
func (w *world) check(t *rapid.T) {
	w.waiting = slices.DeleteFunc(w.waiting, func(p *pending) bool {
		switch {
		case !p.ticket.Done():
			return false
		case p.ticket.Err() != nil && p.file != nil:
			p.file.doubtful, p.file.suspect = true, true
		case p.ticket.Err() != nil || p.lied:
		case p.file == nil:
			maps.Copy(w.promised, p.names)
		case !p.file.doubtful:
			p.file.promised = max(p.file.promised, p.size)
		}
		return true
	})
	w.compare(t, w.disk, "the disk")
	if diff := difference(w.platter.content, w.disk.Durable()); diff != "" && !w.platter.torn && !w.hung {
		t.Fatalf("the platter and what the disk calls durable: %s", diff)
	}
	for name := range w.promised {
		s, err := w.disk.Status(name)
		if err == nil && w.isPromised(name) && !s.NameSynced {
			t.Fatalf("the name of %s was promised, and the status does not know", name)
		}
		if err == nil && !w.names[name].doubtful && s.Synced < int64(w.names[name].promised) {
			t.Fatalf("%s: %d bytes were promised, the status says %d", name, w.names[name].promised, s.Synced)
		}
	}
}

// difference says where two contents are not the same, however they are cut in
// chunks and ordered.
func difference(a, b vfs.Content) string {
	bytesOf := func(c vfs.Content) map[string]string {
		m := map[string]string{}
		for _, in := range c.Inodes {
			m[fmt.Sprintf("inode %d, directory %v", in.ID, in.Dir)] = string(in.Bytes())
		}
		for _, n := range c.Names {
			m[fmt.Sprintf("name %d/%s", n.Parent, n.Name)] = fmt.Sprint(n.Inode)
		}
		return m
	}
	if x, y := bytesOf(a), bytesOf(b); !maps.Equal(x, y) {
		return cmp.Diff(x, y)
	}
	return ""
}

// isPromised: the name itself and all above it.
func (w *world) isPromised(name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if f := w.promised[name]; f == nil || f != w.names[name] {
			return false
		}
	}
	return true
}

func (w *world) compare(t *rapid.T, d *vfs.Disk, what string) {
	count := 0
	for name, f := range w.names {
		if f.dir {
			continue
		}
		count++
		got, err := vfs.ReadFile(d, name)
		if err != nil || !bytes.Equal(got, f.bytes) {
			t.Fatalf("%s: %s has %s, %v; written was %s", what, name, shown(got), err, shown(f.bytes))
		}
	}
	if files := d.Files(); len(files) != count {
		t.Fatalf("%s has files %v, want %d", what, files, count)
	}
}

// A kill loses nothing, and promises nothing new.
func (w *world) checkKill(t *rapid.T, image *vfs.Disk) {
	w.compare(t, image, "after a kill")
	w.checkPromises(t, image.Image(vfs.PowerCut, 7), "a power cut after a kill")
	if diff := difference(w.disk.Durable(), image.Durable()); diff != "" {
		t.Fatalf("a kill changed the platter:\n%s", diff)
	}
}

func (w *world) checkCut(t *rapid.T, kind vfs.Kind, seed uint64) {
	before := w.disk.Durable()
	image := w.disk.Image(kind, seed)
	again := w.disk.Image(kind, seed)
	if diff := unlike(image, again); diff != "" {
		t.Fatalf("one seed, two images:\n%s", diff)
	}
	for _, next := range []vfs.Kind{vfs.ProcessKill, vfs.PowerCut, vfs.TornTail, vfs.BitRot} {
		if diff := unlike(image.Image(next, seed+1), again.Image(next, seed+1)); diff != "" {
			t.Fatalf("one image, two images of it:\n%s", diff)
		}
	}
	if kind == vfs.BitRot {
		w.checkRot(t, image)
	} else {
		w.checkPromises(t, image, kind.String())
		w.checkStatus(t, image)
	}
	for _, a := range image.Accounts() {
		got, err := vfs.ReadFile(image, a.Name)
		if !a.Present {
			continue // another file may be there
		}
		if err != nil || int64(len(got)) != a.Survived {
			t.Fatalf("%s has %d bytes, %v; the account says %+v", a.Name, len(got), err, a)
		}
		if f := w.names[a.Was]; a.Was != "" && !bytes.Equal(got[:a.Intact], f.bytes[:a.Intact]) {
			t.Fatalf("%s is not intact up to %d", a.Name, a.Intact)
		}
	}
	// Image and disk share pages, and must not feel each other's writes.
	for _, s := range image.Files() {
		f, err := image.OpenFile(s.Name, vfs.Write)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("!!!!")); err != nil {
			t.Fatal(err)
		}
	}
	w.compare(t, w.disk, "after a look at a crash")
	if diff := difference(before, w.disk.Durable()); diff != "" {
		t.Fatalf("looking at a crash changed the platter:\n%s", diff)
	}
}

// What the disk itself calls synced survives, of every file whose name it calls
// synced; unless the drive has ever lied to it.
func (w *world) checkStatus(t *rapid.T, image *vfs.Disk) {
	if w.everLied {
		return
	}
	for _, s := range w.disk.Files() {
		if !s.NameSynced {
			continue
		}
		got, err := vfs.ReadFile(image, s.Name)
		if f := w.names[s.Name]; err != nil || !bytes.HasPrefix(got, f.bytes[:s.Synced]) {
			t.Fatalf("%+v, but of %s survives %s, %v", s, shown(f.bytes), shown(got), err)
		}
	}
}

// everything is all there is to see of a disk, in its own order.
func everything(d *vfs.Disk) (lines []string) {
	c := d.Durable()
	for _, in := range c.Inodes {
		lines = append(lines, fmt.Sprintf("inode %d, directory %v, %d bytes", in.ID, in.Dir, in.Size))
		for _, k := range in.Chunks {
			lines = append(lines, fmt.Sprintf("at %d: ", k.Offset)+string(k.Data))
		}
	}
	for _, n := range c.Names {
		lines = append(lines, fmt.Sprintf("name %+v", n))
	}
	for _, s := range d.Files() {
		b, err := vfs.ReadFile(d, s.Name)
		lines = append(lines, fmt.Sprintf("file %+v, %v: ", s, err)+string(b))
	}
	for _, a := range d.Accounts() {
		lines = append(lines, fmt.Sprintf("account %+v", a))
	}
	return append(lines, fmt.Sprintf("%d bytes used, %d operations", d.Used(), d.Operations()))
}

// unlike says where two disks differ, "" if nowhere.
func unlike(a, b *vfs.Disk) string { return differing(everything(a), everything(b)) }

func differing(a, b []string) string {
	if slices.Equal(a, b) {
		return ""
	}
	return cmp.Diff(a, b)
}

// After bits have rotted everything else is as it was written, whatever was
// synced; but what a failed sync gave up is gone.
func (w *world) checkRot(t *rapid.T, image *vfs.Disk) {
	flips := 0
	for _, a := range image.Accounts() {
		flips += len(a.Flips)
		f := w.names[a.Was]
		if f == nil || f.suspect {
			continue
		}
		got, err := vfs.ReadFile(image, a.Name)
		for _, flip := range a.Flips {
			got[flip.Offset] ^= flip.Mask
		}
		if err != nil || a.Name != a.Was || !bytes.Equal(got, f.bytes) {
			t.Fatalf("%s: %v; without its flips %s, written was %s", a.Name, err, shown(got), shown(f.bytes))
		}
	}
	if most := int64(8 * image.Used()); int64(flips) < min(1, most) || flips > 3 {
		t.Fatalf("%d bits flipped", flips)
	}
}

// What was promised is there.
func (w *world) checkPromises(t *rapid.T, image *vfs.Disk, what string) {
	for name, f := range w.promised {
		if f.dir || !w.isPromised(name) {
			continue
		}
		got, err := vfs.ReadFile(image, name)
		if err != nil {
			t.Fatalf("%s: the name %s was synced: %v", what, name, err)
		}
		if !bytes.HasPrefix(got, f.bytes[:f.promised]) {
			t.Fatalf("%s: %s was synced up to %d of %s, and is %s", what, name, f.promised, shown(f.bytes), shown(got))
		}
	}
}

func TestPromisesHold(t *testing.T) {
	var choice []string
	for name, weight := range map[string]int{
		"create": 4, "mkdir": 2, "rename": 6, "remove": 3, "write": 8, "write much": 1, "truncate": 3,
		"sync": 6, "syncdir": 6, "platter answers": 6, "platter refuses": 1, "fsync fails": 1,
		"the drive lies": 1, "the drive is honest": 2, "the device hangs": 1, "the device goes on": 2,
		"look at crashes": 4, "go on after a kill": 1, "go on after a power cut": 1, "go on after a reload": 1,
	} {
		choice = append(choice, slices.Repeat([]string{name}, weight)...)
	}
	slices.Sort(choice)
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		actions := w.actions()
		for range 60 {
			actions[pick(t, choice, "action")](t)
			w.check(t)
		}
	})
}

// A file moved aside to make room for a new one is found under one of its names.
func TestAFileMovedAsideSurvives(t *testing.T) {
	d := vfs.New(vfs.Options{})
	put := func(s string) {
		f, err := d.OpenFile("f", vfs.Write|vfs.Create)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		f.Sync()
	}
	put("old")
	d.SyncDir(".")
	if err := d.Rename("f", "f.old"); err != nil {
		t.Fatal(err)
	}
	put("new")
	for seed := range uint64(100) {
		image := d.Image(vfs.PowerCut, seed)
		aside, _ := vfs.ReadFile(image, "f.old")
		place, _ := vfs.ReadFile(image, "f")
		if string(aside) != "old" && string(place) != "old" {
			t.Errorf("seed %d: f holds %q, f.old %q", seed, place, aside)
		}
	}
}

// A file replaced the proper way — content, Sync, Rename — is the old one or the
// new one at every moment, under any crash, before SyncDir is done.
func TestReplacingAFileIsAtomic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		answered := func() {
			for w.platter.done != nil {
				w.platter.answer(t, nil)
			}
		}
		put := func(name string, b []byte) {
			f, err := w.disk.OpenFile(name, vfs.Write|vfs.Create)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(b); err != nil {
				t.Fatal(err)
			}
			f.Sync()
			answered()
		}
		first := rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "old")
		second := rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "new")
		seed := rapid.Uint64().Draw(t, "seed")
		put("f", first)
		w.disk.SyncDir(".")
		answered()
		put("temp", second)
		if err := w.disk.Rename("temp", "f"); err != nil {
			t.Fatal(err)
		}
		look := func(allowed ...[]byte) {
			for _, kind := range []vfs.Kind{vfs.ProcessKill, vfs.PowerCut, vfs.TornTail} {
				got, err := vfs.ReadFile(w.disk.Image(kind, seed), "f")
				if err != nil || !slices.ContainsFunc(allowed, func(b []byte) bool { return bytes.Equal(b, got) }) {
					t.Fatalf("%v: %q, %v; old %q, new %q", kind, got, err, first, second)
				}
			}
		}
		look(first, second)
		w.disk.SyncDir(".")
		look(first, second) // under way
		answered()
		look(second)
	})
}

// The torn tail is always there to be seen.
func TestTornTailIsInsideTheLastWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := vfs.New(vfs.Options{})
		f, err := d.OpenFile("aof", vfs.Write|vfs.Create)
		if err != nil {
			t.Fatal(err)
		}
		d.SyncDir(".")
		var all []byte
		last := 0
		for i := range rapid.IntRange(1, 5).Draw(t, "writes") {
			b := rapid.SliceOfN(rapid.Byte(), 14, 600).Draw(t, "record")
			last = len(all)
			all = append(all, b...)
			if _, err := f.Write(b); err != nil {
				t.Fatal(err)
			}
			if i == 0 && rapid.Bool().Draw(t, "sync before the last") {
				f.Sync()
			}
		}
		if s, err := d.Status("aof"); err != nil || s.Synced == s.Written {
			t.Skip("all synced")
		}
		image := d.Image(vfs.TornTail, rapid.Uint64().Draw(t, "seed"))
		got, err := vfs.ReadFile(image, "aof")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(all, got) || len(got) <= last || len(got) > len(all)-3 || len(got) < len(all)-8 {
			t.Fatalf("%d of %d bytes survived, the last write began at %d", len(got), len(all), last)
		}
		if a := image.Accounts(); len(a) != 1 || a[0].TornAt != int64(len(got)) {
			t.Fatalf("the accounts are %+v", a)
		}
	})
}

// Every fate of unsynced bytes comes up, or a lesson could not show it.
func TestPowerCutsAreOfManyKinds(t *testing.T) {
	d := vfs.New(vfs.Options{})
	f, err := d.OpenFile("aof", vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	d.SyncDir(".")
	written := bytes.Repeat([]byte("x"), 5000)
	if _, err := f.Write(written); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for seed := range uint64(200) {
		got, err := vfs.ReadFile(d.Image(vfs.PowerCut, seed), "aof")
		if err != nil {
			t.Fatal(err)
		}
		holes := bytes.Count(got, []byte{0})
		switch {
		case len(got) == 0:
			seen["nothing"]++
		case holes == len(got):
			seen["only the length"]++
		case bytes.Equal(got, written):
			seen["everything"]++
		case holes > 0:
			seen["holes"]++
		default:
			seen["a beginning"]++
		}
	}
	for _, fate := range []string{"nothing", "only the length", "everything", "holes", "a beginning"} {
		if seen[fate] < 5 {
			t.Errorf("%q came up %d times in 200 power cuts", fate, seen[fate])
		}
	}
}

func TestLoadRefusesWhatNoDiskWrote(t *testing.T) {
	file := func(id uint64) vfs.StoredInode { return vfs.StoredInode{ID: id} }
	dir := func(id uint64) vfs.StoredInode { return vfs.StoredInode{ID: id, Dir: true} }
	name := func(parent uint64, name string, id uint64) vfs.StoredName {
		return vfs.StoredName{Parent: parent, Name: name, Inode: id}
	}
	for what, c := range map[string]vfs.Content{
		"an inode twice":          {Inodes: []vfs.StoredInode{file(2), file(2)}},
		"an inode without number": {Inodes: []vfs.StoredInode{file(0)}},
		"a root that is a file":   {Inodes: []vfs.StoredInode{file(1)}},
		"a negative size":         {Inodes: []vfs.StoredInode{{ID: 2, Size: -1}}},
		"an absurd size":          {Inodes: []vfs.StoredInode{{ID: 2, Size: 1 << 60}}},
		"bytes beyond the end":    {Inodes: []vfs.StoredInode{{ID: 2, Size: 1, Chunks: []vfs.Chunk{{Offset: 0, Data: []byte("ab")}}}}},
		"bytes before the start":  {Inodes: []vfs.StoredInode{{ID: 2, Size: 9, Chunks: []vfs.Chunk{{Offset: -1, Data: []byte("ab")}}}}},
		"a name for nothing":      {Names: []vfs.StoredName{name(1, "a", 2)}},
		"a name for the root":     {Names: []vfs.StoredName{name(1, "a", 1)}},
		"a name twice":            {Inodes: []vfs.StoredInode{file(2), file(3)}, Names: []vfs.StoredName{name(1, "a", 2), name(1, "a", 3)}},
		"two names":               {Inodes: []vfs.StoredInode{file(2)}, Names: []vfs.StoredName{name(1, "a", 2), name(1, "b", 2)}},
		"a name in a file":        {Inodes: []vfs.StoredInode{file(2), file(3)}, Names: []vfs.StoredName{name(1, "a", 2), name(2, "b", 3)}},
		"a name in nothing":       {Inodes: []vfs.StoredInode{file(2)}, Names: []vfs.StoredName{name(7, "a", 2)}},
		"a name with a slash":     {Inodes: []vfs.StoredInode{file(2)}, Names: []vfs.StoredName{name(1, "a/b", 2)}},
		"a name that goes up":     {Inodes: []vfs.StoredInode{file(2)}, Names: []vfs.StoredName{name(1, "..", 2)}},
		"no name":                 {Inodes: []vfs.StoredInode{file(2)}, Names: []vfs.StoredName{name(1, "", 2)}},
	} {
		if _, err := vfs.Load(c, vfs.Options{}); err == nil {
			t.Errorf("%s: loaded", what)
		}
	}
	// A ring of directories has no way to the root, and is dropped.
	ring := vfs.Content{Inodes: []vfs.StoredInode{dir(2), dir(3)}, Names: []vfs.StoredName{name(2, "a", 3), name(3, "b", 2)}}
	d, err := vfs.Load(ring, vfs.Options{})
	if err != nil || len(d.Durable().Inodes) != 0 {
		t.Errorf("a ring of directories: %v", err)
	}
}

// Whatever is on a platter, Load answers with a disk or an error, and a disk
// answers with the same content again.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("\x01\x01\x02\x00a\x00\x02\x02\x00\x05hello\x05\x01\x02\x00b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		next := func() int64 { c, _ := r.ReadByte(); return int64(int8(c)) }
		var c vfs.Content
		for r.Len() > 0 && len(c.Inodes)+len(c.Names) < 50 {
			if next()%2 == 0 {
				c.Names = append(c.Names, vfs.StoredName{Parent: uint64(next()), Inode: uint64(next()), Name: fmt.Sprintf("%c", next())})
				continue
			}
			in := vfs.StoredInode{ID: uint64(next()), Dir: next()%2 == 0, Size: next() * 3000}
			for range next() % 4 {
				data := make([]byte, max(next(), 0))
				n, _ := io.ReadFull(r, data)
				in.Chunks = append(in.Chunks, vfs.Chunk{Offset: next() * 700, Data: data[:n]})
			}
			c.Inodes = append(c.Inodes, in)
		}
		d, err := vfs.Load(c, vfs.Options{})
		if err != nil {
			return
		}
		again, err := vfs.Load(d.Durable(), vfs.Options{})
		if err != nil {
			t.Fatalf("what a disk calls durable does not load: %v", err)
		}
		if diff := cmp.Diff(d.Durable(), again.Durable()); diff != "" {
			t.Fatal(diff)
		}
	})
}
