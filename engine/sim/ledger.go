package sim

import (
	"path"
	"slices"
	"strings"

	"everysec/engine/aof"
	"everysec/engine/vfs"
)

// ledger is what the disk has told: which writes it took, which syncs it
// reported done. From that alone follows what an append-only file or a snapshot
// must bring back, whatever the server believes.
//
// The rules are those of the files: a directory sync that was reported makes
// the names before it certain, a manifest that is certain promises its base and
// what is synced of its increments, and a sync that failed promises nothing, nor
// does any after it on the same file.
type ledger struct {
	*vfs.Disk
	place   func() int // the place in history of what happens now
	look    func() State
	files   map[string]*record
	pending []*report

	// Of the append-only file: what is promised whatever happens to names that
	// are not synced; manifests that have got their name since.
	resting   promise
	certain   *aof.Manifest // nil: resting holds
	uncertain []*aof.Manifest
	manifest  string

	// Of snapshots: the one that is certain, nil for none, and those that have
	// got their name since.
	saved    *snapshot
	renamed  []*snapshot
	dumpName string

	troubled bool // a write or a sync failed since the last whole write
	honest   bool // the drive has never lied since it was at rest

	asking bool // a call of Sync has not returned
	// wasBroken: a sync has failed of what lies in the page cache at the start.
	wasBroken bool
}

// promise is a place in history for each thing that may happen.
type promise struct {
	kill int // the process ends: all that was written comes back
	cut  int // the power fails: all that was synced
}

// record is one file.
type record struct {
	size   int64
	synced int64
	broken bool // a sync failed: no later one says anything
	writes []written
	begun  int // the place when it was created
	state  *snapshot
}

// written is where a write ended, and the place of what it brought the file up to.
type written struct {
	end   int64
	place int
}

// snapshot is a file that holds the dataset of one moment.
type snapshot struct {
	place   int
	state   State
	content hash
}

// report is a sync that is under way.
type report struct {
	ticket vfs.Ticket
	done   func(err error)
}

func newLedger(disk *vfs.Disk) *ledger {
	return &ledger{
		Disk: disk, files: map[string]*record{}, honest: true,
		manifest: "appendonlydir/appendonly.aof.manifest", dumpName: "dump.rdb",
	}
}

func isIncrement(name string) bool {
	return strings.Contains(name, ".incr.aof") || strings.HasSuffix(name, ".aof.incr")
}

// settle takes note of syncs that are done.
func (l *ledger) settle() {
	rest := l.pending[:0]
	for _, r := range l.pending {
		if r.ticket.Done() {
			r.done(r.ticket.Err())
		} else {
			rest = append(rest, r)
		}
	}
	l.pending = rest
}

func (l *ledger) wait(t vfs.Ticket, done func(err error)) vfs.Ticket {
	l.pending = append(l.pending, &report{t, done})
	l.settle()
	return t
}

// syncing tells whether a sync is under way of a file that changes go to.
func (l *ledger) syncing() bool {
	l.settle()
	return len(l.pending) > 0
}

// OpenFile implements vfs.FS.
func (l *ledger) OpenFile(name string, mode vfs.Mode) (vfs.File, error) {
	_, missing := l.Stat(name)
	f, err := l.Disk.OpenFile(name, mode)
	if err != nil {
		return nil, err
	}
	if mode&vfs.Truncate != 0 || mode&vfs.Create != 0 && missing != nil {
		r := &record{begun: l.place()}
		if strings.Contains(path.Base(name), "temp-") && strings.HasSuffix(name, ".rdb") {
			r.state = &snapshot{place: r.begun, state: l.look()}
		}
		l.files[name] = r
	}
	r := l.files[name]
	if r == nil { // from before this life
		r = &record{size: f.Size()}
		l.files[name] = r
	}
	return &ledgerFile{f, l, r}, nil
}

// moved takes note of a rename that has just been done. The disk tells of it,
// so that a crash right then finds it noted.
func (l *ledger) moved(from, to string) {
	if _, missing := l.Stat(from); missing == nil {
		return // it has failed
	}
	r := l.files[from]
	delete(l.files, from)
	l.files[to] = r
	switch to {
	case l.manifest:
		if m, ok := l.readManifest(); ok {
			l.uncertain = append(l.uncertain, m)
		}
	case l.dumpName:
		if r != nil && r.state != nil {
			r.state.content = l.contentOf(to)
			l.renamed = append(l.renamed, r.state)
		}
	}
}

func (l *ledger) readManifest() (*aof.Manifest, bool) {
	text, err := vfs.ReadFile(l.Disk, l.manifest)
	if err != nil {
		return nil, false
	}
	m, err := aof.ParseManifest(l.manifest, text)
	return &m, err == nil
}

func (l *ledger) contentOf(name string) hash {
	var h hash
	content, _ := vfs.ReadFile(l.Disk, name) // no file: nothing
	h.bytes(content)
	return h
}

// Remove implements vfs.FS.
func (l *ledger) Remove(name string) error {
	err := l.Disk.Remove(name)
	if err == nil {
		delete(l.files, name)
	}
	return err
}

// SyncDir implements vfs.FS.
func (l *ledger) SyncDir(name string) vfs.Ticket {
	manifest, saved := last(l.uncertain), last(l.renamed)
	return l.wait(l.Disk.SyncDir(name), func(err error) {
		switch {
		case err != nil:
			l.troubled = true
		case !l.honest:
		case name == path.Dir(l.dumpName):
			if i := slices.Index(l.renamed, saved); saved != nil && i >= 0 {
				l.saved, l.renamed = saved, l.renamed[i+1:]
			}
		case name == path.Dir(l.manifest):
			if i := slices.Index(l.uncertain, manifest); manifest != nil && i >= 0 {
				l.certain, l.uncertain = manifest, l.uncertain[i+1:]
			}
		}
	})
}

func last[T any](list []*T) *T {
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// promised is what the append-only file must bring back.
func (l *ledger) promised() promise {
	l.settle()
	p := l.resting
	newest := l.certain
	if l.certain != nil {
		p.cut = l.chain(l.certain, true)
	}
	for _, m := range l.uncertain {
		p.cut = min(p.cut, l.chain(m, true))
		newest = m
	}
	if newest != nil {
		p.kill = l.chain(newest, false)
	}
	return p
}

// chain follows the files of a manifest as far as they are written, or synced.
func (l *ledger) chain(m *aof.Manifest, synced bool) int {
	place := 0
	dir := path.Dir(l.manifest) + "/"
	if m.Base != nil {
		if r := l.files[dir+m.Base.Name]; r != nil {
			place = r.begun
		}
	}
	for _, incr := range m.Incr {
		r := l.files[dir+incr.Name]
		if r == nil {
			break
		}
		end := r.size
		if synced {
			end = r.synced
		}
		for _, w := range r.writes {
			if w.end <= end {
				place = max(place, w.place)
			}
		}
		if end < r.size {
			break
		}
	}
	return place
}

// isBroken tells whether a sync has failed of something that is in use.
func (l *ledger) isBroken() bool {
	broken := l.asking || l.wasBroken && l.certain == nil
	for name, r := range l.files {
		broken = broken || r != nil && r.broken && isIncrement(name)
	}
	return broken
}

// loaded is the end of a recovery from the append-only file: the server has
// synced what it read, and that is the newest moment.
func (l *ledger) loaded(place int, broken bool) {
	m, ok := l.readManifest()
	if !ok {
		return
	}
	dir := path.Dir(l.manifest) + "/"
	begun := place
	if broken {
		begun = l.resting.cut
	}
	if m.Base != nil {
		l.files[dir+m.Base.Name] = &record{begun: begun}
	}
	for _, incr := range m.Incr {
		name := dir + incr.Name
		info, _ := l.Stat(name) // it was just loaded
		r := l.files[name]
		if r == nil {
			r = &record{}
			l.files[name] = r
		}
		r.size, r.broken, r.synced = info.Size, broken, info.Size
		if broken {
			r.synced = 0
		}
		if r.writes = nil; info.Size > 0 || !broken {
			r.writes = []written{{info.Size, place}}
		}
	}
	l.certain, l.uncertain = m, nil
}

// mayReturn are the snapshots that a start without append-only file may find;
// nil among them stands for none. After a kill it is the one with the name.
func (l *ledger) mayReturn(kind vfs.Kind) []*snapshot {
	l.settle()
	if kind == vfs.ProcessKill || kind == vfs.BitRot {
		if n := len(l.renamed); n > 0 {
			return []*snapshot{l.renamed[n-1]}
		}
		return []*snapshot{l.saved}
	}
	all := []*snapshot{l.saved}
	return append(all, l.renamed...)
}

type ledgerFile struct {
	vfs.File
	l *ledger
	r *record
}

func (f *ledgerFile) Write(p []byte) (int, error) {
	place := f.l.place()
	n, err := f.File.Write(p)
	f.r.size += int64(n)
	switch {
	case err != nil:
		f.l.troubled = true
	default:
		f.l.troubled = f.l.troubled && !isIncrement(f.Name())
		f.r.writes = append(f.r.writes, written{f.r.size, place})
	}
	return n, err
}

func (f *ledgerFile) Truncate(size int64) error {
	err := f.File.Truncate(size)
	if err == nil {
		f.r.size, f.r.synced = size, min(f.r.synced, size)
		for n := len(f.r.writes); n > 0 && f.r.writes[n-1].end > size; n-- {
			f.r.writes = f.r.writes[:n-1]
		}
	}
	return err
}

func (f *ledgerFile) Sync() vfs.Ticket {
	size := f.r.size
	f.l.asking = true // on a disk without latency it may have failed before it returns
	t := f.File.Sync()
	f.l.asking = false
	return f.l.wait(t, func(err error) {
		switch {
		case err != nil:
			f.r.broken, f.l.troubled = true, true
		case !f.r.broken && f.l.honest:
			f.r.synced = max(f.r.synced, min(size, f.r.size))
		}
	})
}
