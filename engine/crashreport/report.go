package crashreport

import (
	"slices"

	"everysec/engine/phrase"
	"everysec/engine/vfs"
)

// Fate is what became of a write.
type Fate uint8

// The fates.
const (
	Lost     Fate = iota // what came back is as if it had never been made
	Survived             // what came back has it
	Unknown              // the journal has forgotten where it stood
)

// String is the fate in one word.
func (f Fate) String() string { return [...]string{"lost", "survived", "unknown"}[min(f, Unknown)] }

// Exit is the Crash.Kind of a server that ended by itself: SHUTDOWN, or an
// error it does not go on with. Other kinds are those of package vfs.
const Exit = "exit"

// Crash is what is left of a server that has died, for the next one to report
// on. Only a host that outlives the server can have it.
type Crash struct {
	Kind         string
	At           int64 // microseconds
	Acknowledged uint64
	Journal      *Journal
	// Written is how long the increment being appended to was, for what the
	// server still had in its buffer.
	Written int64
	// Files is what the crash did to each file; nil: nothing, as the disk went on.
	Files []vfs.Account
}

// Counted says which writes a start has to count among those that it reads from
// a file: those from the journal's first on, but for the damaged places.
func (c *Crash) Counted(id uint64, name string) (from int64, damaged []vfs.Range) {
	if c == nil {
		return 0, nil
	}
	f := c.Journal.find(id, name)
	if f == nil {
		return 0, nil
	}
	if a := c.account(f, &Loaded{Name: name}); a != nil {
		damaged = a.Damaged
	}
	return f.from, damaged
}

// Touches tells whether one of the places is in a piece of the file.
func Touches(places []vfs.Range, from, to int64) bool {
	for _, p := range places {
		if p.From < to && from < p.To {
			return true
		}
	}
	return false
}

// account is what the crash did to a file, which has been read if l is not nil.
func (c *Crash) account(f *file, l *Loaded) *vfs.Account {
	for i := range c.Files {
		a := &c.Files[i]
		if l != nil && a.Present && a.Name == l.Name || l == nil && a.Was == f.name {
			return a
		}
	}
	return nil
}

// Again is the crash of a server that was not ready yet when it died as well: what the one before it did is still what is to be told. files is
// what the new crash did to each file.
func (c *Crash) Again(files []vfs.Account) *Crash {
	again := *c
	again.Files = slices.Clone(c.Files)
	for _, b := range files {
		i := slices.IndexFunc(c.Files, func(a vfs.Account) bool { return a.Present && a.Name == b.Was })
		if i < 0 { // removed before the first, and back since the second
			again.Files = append(again.Files, b)
			continue
		}
		a := &again.Files[i]
		a.Name, a.Present, a.Survived = b.Name, b.Present, b.Survived
		a.Intact = min(a.Intact, b.Intact)
		a.Damaged = slices.Concat(a.Damaged, b.Damaged)
	}
	return &again
}

// whole tells whether an image is as it was written.
func (c *Crash) whole(name string) bool {
	for _, a := range c.Files {
		if a.Name == name && a.Present {
			return a.Intact == a.Written && a.Survived == a.Written
		}
	}
	return true
}

// Recovery is what a start has read.
type Recovery struct {
	At    int64 // microseconds; when it was done
	Files []Loaded
}

// Loaded is one file that a start has read.
type Loaded struct {
	Name  string
	ID    uint64 // of its inode; 0: not known
	Size  int64  // as it was found
	Valid int64  // bytes that were read and believed
	Units int64  // whole writes among the commands, where Crash.Counted says
}

// Totals are about acknowledged writes.
type Totals struct {
	Acknowledged int64
	Survived     int64
	Lost         int64
	Unknown      int64
	// Unsynced survived although no sync had saved them: in a page cache that
	// outlived the process, or by luck.
	Unsynced int64
	// Unacknowledged writes had been made when the crash came before the reply.
	Unacknowledged int64
	// Summarised are acknowledged writes that are not told one by one.
	Summarised int64
}

// Report is the whole of it.
type Report struct {
	Crash    *Crash // nil: nothing of what was before is known
	Recovery Recovery
	Totals   Totals

	image  *file              // the base or snapshot that was read, if the dead server wrote it
	broken *file              // the same if the drive had lied about it: part of it is not as it was written
	empty  bool               // nothing is left of broken
	loaded map[uint32]*Loaded // by number of the increment
}

// Write is one write of a report.
type Write struct {
	Change       uint64
	At           int64  // microseconds
	Client       uint64 // 0: the server itself, for an expired or evicted key
	DB           int
	Commands     int
	Text         string     // of its commands, cut
	Words        [][][]byte // of each command, as far as they are known; others are nil
	Acknowledged bool
	Fate         Fate
	// File is where it stood, or the image that has it; "": nowhere.
	File     string
	Offset   int64 // bytes; where it begins in an increment
	Size     int64 // bytes
	InImage  bool
	SyncedAt int64 // microseconds; when it was on disk for the first time that counts; 0: never
	Reason   string
}

// New puts together what is known. crash may be nil.
func New(crash *Crash, recovery Recovery) *Report {
	r := &Report{Crash: crash, Recovery: recovery, loaded: map[uint32]*Loaded{}}
	if crash == nil {
		return r
	}
	j := crash.Journal
	for i := range recovery.Files {
		l := &recovery.Files[i]
		switch f := j.find(l.ID, l.Name); {
		case f == nil:
		case f.kind == Increment:
			r.loaded[f.number] = l
		case crash.whole(l.Name):
			r.image = f
		default:
			r.broken, r.empty = f, l.Size == 0
		}
	}
	t := &r.Totals
	t.Acknowledged = j.Acknowledged(crash.Acknowledged)
	t.Unknown = j.forgotten
	t.Summarised = j.forgotten
	read := map[uint32]int64{} // writes of an increment that were read, not yet allotted
	for number, l := range r.loaded {
		read[number] = l.Units
	}
	for i := range j.older {
		r.count(&j.older[i], read)
	}
	for i := j.first; i < j.next; i++ {
		rec := j.record(i)
		if rec.change > crash.Acknowledged {
			t.Unacknowledged++
			continue
		}
		switch fate, _, synced := r.judge(rec); {
		case fate == Lost:
			t.Lost++
		case fate == Unknown:
			t.Unknown++
		case synced == 0:
			t.Unsynced++
			fallthrough
		default:
			t.Survived++
		}
	}
	return r
}

// count adds the acknowledged part of a stretch to the totals. What of it was
// read from an increment is its beginning.
func (r *Report) count(s *stretch, read map[uint32]int64) {
	t := &r.Totals
	acknowledged := s.until(r.Crash.Acknowledged)
	t.Summarised += acknowledged
	t.Unacknowledged += s.count - acknowledged
	survived, synced := int64(0), s.until(s.synced)
	if r.image != nil {
		survived = s.until(r.image.change)
		if r.image.namedAt != 0 {
			synced = max(synced, survived)
		}
	}
	if n := min(read[s.file], s.count); s.file != 0 && n > 0 {
		survived = max(survived, n)
		read[s.file] -= n
	}
	survived = min(survived, acknowledged)
	if s.inBase || r.broken != nil && !r.empty && s.first <= r.broken.change {
		t.Survived, t.Unknown = t.Survived+survived, t.Unknown+acknowledged-survived
		return
	}
	t.Survived += survived
	t.Unsynced += max(survived-synced, 0)
	t.Lost += acknowledged - survived
}

// judge tells what became of a write, why, and when it was synced
// (microseconds; 0: never).
func (r *Report) judge(rec *record) (fate Fate, reason string, synced int64) {
	fate, reason, synced = r.place(rec)
	if fate == Lost && r.broken != nil && rec.change <= r.broken.change {
		if r.empty {
			return Lost, r.broken.name + " had it: the drive had called it synced, and nothing of it is there", synced
		}
		return Unknown, r.broken.name + " had it, and is damaged", synced
	}
	return fate, reason, synced
}

func (r *Report) place(rec *record) (fate Fate, reason string, synced int64) {
	if r.image != nil && rec.change <= r.image.change {
		synced = max(r.image.syncedAt, r.image.namedAt)
		if r.image.namedAt != 0 {
			return Survived, "part of the snapshot " + r.image.name, synced
		}
		return Survived, "part of the snapshot " + r.image.name + r.unsynced(", whose name was not synced"), 0
	}
	if rec.file == 0 {
		return Lost, r.onlyInMemory(), 0
	}
	f := r.Crash.Journal.byNumber(rec.file)
	l := r.loaded[rec.file]
	account := r.Crash.account(f, l)
	switch {
	case f == r.Crash.Journal.current && rec.end > r.Crash.Written:
		return Lost, "in the server's memory, not yet written to " + f.name, 0
	case l == nil:
		return Lost, r.notRead(f, account), rec.syncedAt
	case rec.end > l.Valid:
		return Lost, r.cutOff(rec, f, l, account), rec.syncedAt
	case account != nil && Touches(account.Damaged, rec.end-int64(rec.size), rec.end):
		return Lost, phrase.Sprintf("other bytes came back in its place in %s", f.name), rec.syncedAt
	case rec.syncedAt != 0:
		return Survived, "synced in " + f.name, rec.syncedAt
	}
	return Survived, "written to " + f.name + r.unsynced(", not synced"), 0
}

// unsynced is why something is there all the same.
func (r *Report) unsynced(what string) string {
	if r.Crash.Kind == Exit || r.Crash.Kind == vfs.ProcessKill.String() {
		return what + ": the page cache outlived the process"
	}
	return what + ": on the disk by luck"
}

func (r *Report) onlyInMemory() string {
	const only = "only in memory: no append-only file was written, and "
	switch {
	case len(r.Recovery.Files) == 0:
		return only + "there was no snapshot"
	case r.image == nil:
		return only + r.Recovery.Files[0].Name + " is older than the server that died"
	}
	return only + r.image.name + " was taken before"
}

// notRead is why an increment was not read.
func (r *Report) notRead(f *file, account *vfs.Account) string {
	switch {
	case account != nil && !account.Present:
		return f.name + " is gone: its name was not synced"
	case len(r.Recovery.Files) == 0:
		return "nothing was read: the manifest that names " + f.name + " was not found"
	case f == r.Crash.Journal.current || account != nil:
		return f.name + " was not read: no manifest on disk named it"
	}
	return f.name + " had been removed: a rewrite had replaced it"
}

// cutOff is why a write is behind what was read of its file.
func (r *Report) cutOff(rec *record, f *file, l *Loaded, account *vfs.Account) string {
	start := rec.end - int64(rec.size)
	switch {
	case account != nil && account.Survived >= rec.end && !Touches(account.Damaged, start, rec.end):
		return phrase.Sprintf("whole on the disk, but behind a damaged place: %s was cut at %d", f.name, l.Valid)
	case rec.syncedAt != 0:
		return phrase.Sprintf("the drive had called it synced in %s, and had not kept it", f.name)
	case account != nil && account.Intact > start:
		return phrase.Sprintf("torn: of its %d bytes in %s, %d were on the disk", rec.size, f.name, account.Intact-start)
	case f.failedAt != 0:
		return phrase.Sprintf("the fsync of %s had failed, and the page cache is gone", f.name)
	case account != nil:
		return phrase.Sprintf("only in the page cache: of %s the first %d bytes were synced", f.name, account.Synced)
	}
	return phrase.Sprintf("%s ends before it", f.name)
}

// Writes goes through the writes that are told one by one, newest first.
func (r *Report) Writes(yield func(Write) bool) {
	if r.Crash == nil {
		return
	}
	j := r.Crash.Journal
	for i := j.next; i > j.first; i-- {
		if !yield(r.write(j.record(i - 1))) {
			return
		}
	}
}

func (r *Report) write(rec *record) Write {
	found, rest, whole := words(rec.bytes[:rec.text], int(rec.commands))
	w := Write{
		Change: rec.change, At: rec.at, Client: rec.client, DB: int(rec.db), Commands: int(rec.commands),
		Words: found, Text: textOf(found, rest, whole), Acknowledged: rec.change <= r.Crash.Acknowledged,
		Size: int64(rec.size),
	}
	w.Fate, w.Reason, w.SyncedAt = r.judge(rec)
	switch {
	case w.Fate == Survived && r.image != nil && rec.change <= r.image.change:
		w.File, w.InImage = r.image.name, true
	case rec.file != 0:
		w.File, w.Offset = r.Crash.Journal.byNumber(rec.file).name, rec.end-int64(rec.size)
	}
	return w
}
