// Package crashreport tells, after a crash, what became of every write.
//
// The idea: three parties know a part of it. The server that died knew what it
// had acknowledged and where in which file each write stood: that is the
// Journal, kept while it runs. The disk knows what of each file is still as it
// was written: vfs.Account. And the server that starts again knows which files
// it read, and how far: Recovery. A Report puts the three together. It guesses
// nothing: where one of them is missing it says so.
//
// The journal is bounded. The newest writes are kept one by one, with the
// beginning of their commands; older ones as stretches of one file, of which
// a report can tell how many survived, but not their words.
package crashreport

import "slices"

const (
	// DefaultWrites is how many writes a journal keeps one by one.
	DefaultWrites = 16 << 10
	// TextBytes is how much of a write's commands is kept, as they stand in the
	// append-only file.
	TextBytes = 96

	chunkRecords = 256
	maxStretches = 64
	maxImages    = 256
)

// Kind is what a file is to a server.
type Kind uint8

// The kinds.
const (
	Increment Kind = iota // commands that are appended one by one
	Base                  // what a rewrite has put in front of the increments
	Snapshot              // dump.rdb
)

// file is one that the server wrote. It is known by its inode, as names move.
type file struct {
	number uint32 // 1 for the first
	id     uint64 // of the inode; 0: not known
	name   string
	kind   Kind
	// An increment: where the journal's first write in it begins, and when a
	// sync of it failed (microseconds; 0: never).
	from     int64
	failedAt int64
	// An image: the newest change it holds, when that was (microseconds), when
	// its bytes were on disk, and when its name was (0: not yet).
	change   uint64
	takenAt  int64
	syncedAt int64
	namedAt  int64
}

// record is one write.
type record struct {
	change   uint64
	at       int64 // microseconds
	syncedAt int64 // microseconds; 0: no sync has saved it
	client   uint64
	end      int64 // in the file, behind it
	size     uint32
	file     uint32 // its number; 0: it is in no file
	db       int32
	commands uint16
	text     uint16 // bytes of it
	bytes    [TextBytes]byte
}

// stretch is many writes whose changes follow each other without a gap.
type stretch struct {
	first, last uint64 // changes
	count       int64
	file        uint32
	synced      uint64 // the newest change of it that a sync has saved; 0: none
	inBase      bool   // and where else it stood is forgotten
}

// until is how many of the writes are not newer than a change.
func (t *stretch) until(change uint64) int64 {
	switch {
	case change >= t.last:
		return t.count
	case change < t.first:
		return 0
	}
	return int64(change - t.first + 1)
}

// Journal is what a server notes of its writes. The zero Journal is not ready:
// see NewJournal.
type Journal struct {
	chunks   [][]record
	limit    uint64 // records kept, a multiple of chunkRecords
	first    uint64 // number of the oldest record kept
	next     uint64 // and of the one to come
	unsynced uint64 // records before it are synced, or never will be
	older    []stretch
	// forgotten are writes of which nothing is known any more.
	forgotten int64

	files   []*file
	made    uint32
	current *file // that writes are appended to; nil: none
	offset  int64 // its end, what is still in the server's buffer included
}

// NewJournal makes a journal that keeps so many writes one by one, rounded up
// to a multiple of 256; 0: DefaultWrites.
func NewJournal(writes int) *Journal {
	if writes <= 0 {
		writes = DefaultWrites
	}
	chunks := (writes + chunkRecords - 1) / chunkRecords
	return &Journal{chunks: make([][]record, chunks), limit: uint64(chunks) * chunkRecords}
}

func (j *Journal) record(i uint64) *record {
	i %= j.limit
	return &j.chunks[i/chunkRecords][i%chunkRecords]
}

// Add notes a write: its change number, when (microseconds) and by which
// client (0: by the server itself), into which database, how many bytes it
// takes of the file being appended to (0: none), how many commands it is, and
// their beginning as they stand in an append-only file. It is called for every
// write, so it allocates only while the journal grows.
func (j *Journal) Add(change uint64, at int64, client uint64, db, size, commands int, text []byte) {
	i := j.next % j.limit
	chunk := j.chunks[i/chunkRecords]
	if chunk == nil {
		chunk = make([]record, chunkRecords)
		j.chunks[i/chunkRecords] = chunk
	}
	r := &chunk[i%chunkRecords]
	if j.next-j.first == j.limit {
		j.summarise(r)
		j.first++
	}
	j.next++
	r.change, r.at, r.syncedAt, r.client = change, at, 0, client
	r.size, r.file, r.db, r.commands = uint32(size), 0, int32(db), uint16(min(commands, 1<<16-1))
	if j.current != nil && size > 0 {
		j.offset += int64(size)
		r.file = j.current.number
	}
	r.end = j.offset
	r.text = uint16(copy(r.bytes[:], text))
}

// summarise moves a record to the stretches.
func (j *Journal) summarise(r *record) {
	if n := len(j.older); n > 0 {
		t := &j.older[n-1]
		if t.file == r.file && !t.inBase && r.change == t.last+1 {
			t.last = r.change
			t.count++
			if r.syncedAt != 0 {
				t.synced = r.change
			}
			return
		}
	}
	t := stretch{first: r.change, last: r.change, count: 1, file: r.file}
	if r.syncedAt != 0 {
		t.synced = r.change
	}
	if len(j.older) == maxStretches {
		j.forgotten += j.older[0].count
		j.older = slices.Delete(j.older, 0, 1)
	}
	j.older = append(j.older, t)
}

func (j *Journal) newFile(kind Kind, id uint64, name string) *file {
	j.made++
	f := &file{number: j.made, id: id, name: name, kind: kind}
	j.prune()
	j.files = append(j.files, f)
	return f
}

// prune forgets files that no report can speak of: increments without writes
// in the journal, images too many.
func (j *Journal) prune() {
	oldest := j.made
	if j.next > j.first {
		for i := j.first; i < j.next; i++ { // the first that is in a file: most are
			if n := j.record(i).file; n != 0 {
				oldest = n
				break
			}
		}
	}
	for _, t := range j.older {
		if t.file != 0 {
			oldest = min(oldest, t.file)
			break
		}
	}
	images := 0
	for _, f := range j.files {
		if f.kind != Increment {
			images++
		}
	}
	j.files = slices.DeleteFunc(j.files, func(f *file) bool {
		if f.kind == Increment {
			return f.number < oldest && f != j.current
		}
		images--
		return images >= maxImages
	})
}

// AppendTo says to which increment writes go from now on, and how long it is;
// id is its inode's.
func (j *Journal) AppendTo(id uint64, name string, size int64) {
	j.current = j.newFile(Increment, id, name)
	j.current.from, j.offset = size, size
}

// AppendToNone says that there is no append-only file any more.
func (j *Journal) AppendToNone() { j.current = nil }

// Renamed says that the increment being appended to has another name.
func (j *Journal) Renamed(name string) {
	if j.current != nil {
		j.current.name = name
	}
}

// Synced says that a sync of the increment being appended to has saved the
// writes up to a change, at a time in microseconds.
func (j *Journal) Synced(change uint64, at int64) {
	if j.current == nil {
		return
	}
	for i := len(j.older) - 1; i >= 0 && j.older[i].file == j.current.number; i-- {
		if t := &j.older[i]; change >= t.first {
			t.synced = max(t.synced, min(change, t.last))
		}
	}
	i := max(j.unsynced, j.first)
	for ; i < j.next; i++ {
		r := j.record(i)
		if r.change > change {
			break
		}
		if r.file == j.current.number && r.syncedAt == 0 {
			r.syncedAt = at
		}
	}
	j.unsynced = i
}

// SyncFailed says that a sync of the increment being appended to has failed.
func (j *Journal) SyncFailed(at int64) {
	if j.current != nil && j.current.failedAt == 0 {
		j.current.failedAt = at
	}
}

// Image says that a base or snapshot is on disk and is about to get its name;
// id is its inode's. It holds all writes up to change, as they were at a time.
func (j *Journal) Image(kind Kind, id uint64, name string, change uint64, takenAt, syncedAt int64) {
	f := j.newFile(kind, id, name)
	f.change, f.takenAt, f.syncedAt = change, takenAt, syncedAt
}

// ImageNamed says that the newest image of a kind has its name on disk, too.
func (j *Journal) ImageNamed(kind Kind, at int64) {
	var newest *file
	for _, f := range j.files {
		if f.kind == kind {
			newest = f
		}
	}
	if newest == nil {
		return
	}
	newest.namedAt = at
	if kind != Base {
		return
	}
	// What a base holds is in no increment that will be read again, unless the
	// drive has lied.
	var kept []stretch
	for _, t := range j.older {
		if t.last <= newest.change {
			t.file, t.synced, t.inBase = 0, 0, true
		}
		if n := len(kept); n > 0 && t.inBase && kept[n-1].inBase && kept[n-1].last+1 == t.first {
			kept[n-1].last = t.last
			kept[n-1].count += t.count
			continue
		}
		kept = append(kept, t)
	}
	j.older = kept
}

// Clone is a copy that later writes do not change.
func (j *Journal) Clone() *Journal {
	c := *j
	c.chunks = make([][]record, len(j.chunks))
	for i, chunk := range j.chunks {
		c.chunks[i] = slices.Clone(chunk)
	}
	c.older = slices.Clone(j.older)
	c.files = nil
	c.current = nil
	for _, f := range j.files {
		copied := *f
		c.files = append(c.files, &copied)
		if f == j.current {
			c.current = &copied
		}
	}
	return &c
}

// Acknowledged is how many of the writes noted are not newer than a change.
func (j *Journal) Acknowledged(change uint64) int64 {
	n := j.forgotten
	for i := range j.older {
		n += j.older[i].until(change)
	}
	for i := j.next; i > j.first; i-- {
		if j.record(i-1).change <= change {
			return n + int64(i-j.first)
		}
	}
	return n
}

// find is the file that a start has read, if the journal knows it.
func (j *Journal) find(id uint64, name string) *file {
	for i := len(j.files) - 1; i >= 0; i-- {
		if f := j.files[i]; id != 0 && f.id == id || id == 0 && f.name == name {
			return f
		}
	}
	return nil
}

func (j *Journal) byNumber(number uint32) *file {
	for _, f := range j.files {
		if f.number == number {
			return f
		}
	}
	return nil
}
