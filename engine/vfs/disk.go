package vfs

import (
	"cmp"
	"math"
	"path"
	"strings"

	"everysec/engine/ds/order"
)

// Latency says how long a sync takes on a Disk, in microseconds of engine time.
// It comes on top of what the platter takes by itself.
type Latency struct {
	Sync   int64 // every sync that has something to save
	PerMiB int64 // for each MiB it saves
}

// Options of a Disk. The zero value is an endless, instant disk without faults.
type Options struct {
	Sector    int64 // bytes the device writes as one; 512 if 0; at most 64 KiB
	Capacity  int64 // bytes of file content that fit; 0: no limit
	Latency   Latency
	Writeback int64   // microseconds after which the kernel syncs by itself (Linux: about 30 s); 0: never
	Platter   Platter // where durable changes go; nil: nowhere but into the Disk's own memory
	Wake      func()  // called when a ticket is done, from within Advance, Sync or the platter's answer
}

// Disk is a data directory in memory, with everything that happens between a
// write and the platter.
//
// A file is an inode: bytes without a name. Written bytes are in the page cache
// until a Sync of the file is done; a created, renamed or removed name is in the
// cache until a SyncDir of its directory is done. Neither does the work of the
// other: a file that was synced and whose name was not is lost in a power cut.
// A rename between two directories is one change: SyncDir of either saves it.
//
// Syncs gather: while one commit is under way to the platter, further ones wait
// and go together in the next. What a file holds when its commit starts is what
// becomes durable, which may be more than it held when Sync was called.
//
// Time comes in through Advance and nowhere else.
type Disk struct {
	sector    int64
	capacity  int64
	latency   Latency
	writeback int64
	platter   Platter
	wake      func()

	now    int64
	root   *inode
	inodes map[uint64]*inode // those that have a name or may get one back
	nextID uint64
	used   int64  // bytes of files that have a name or are open
	writes uint64 // number of the newest Write

	names      []nameChange // not yet on the way to the platter, oldest first
	queue      []request
	flight     *flight
	pumping    bool
	foreign    bool // the platter may hold something else than this disk's durable part
	halted     bool
	dirtySince int64 // when the oldest unsynced change was made; -1: none since the last writeback

	failing int
	lying   bool
	hung    bool

	operations uint64
	observer   func(Operation, Moment)
	armed      *armed

	accounts []Account
}

// inode is a file or directory without its name.
type inode struct {
	id     uint64
	dir    bool
	stored bool // the platter knows it

	// A file: what programs see, and what is on the platter. Bytes from dirty on
	// are not handed to the platter yet, nor is the truncation to cut (-1: none).
	cache pages
	disk  pages
	dirty int64
	cut   int64
	// Bytes before synced were reported durable. Bytes at hole (-1: none) were
	// given up by a failed sync.
	synced int64
	hole   int64
	// The newest Write: where it began, and its number on this disk.
	lastWrite   int64
	lastWriteNo uint64
	handles     int

	// Where it stands in the tree that programs see; parent is nil without a name.
	parent *inode
	name   string

	// A directory: the names programs see, and those on the platter.
	children map[string]*inode
	durable  map[string]*inode
}

// nameChange is a change to a directory that is not durable yet.
type nameChange struct {
	change Change
	in     *inode   // that the change is about
	victim *inode   // that loses its name by it, or nil
	under  []uint64 // a move to another directory: that one and those above it

	claimed bool // a lying drive said that it is durable
}

// New is an empty disk.
func New(o Options) *Disk {
	d := &Disk{
		sector:     cmp.Or(o.Sector, 512),
		capacity:   o.Capacity,
		latency:    o.Latency,
		writeback:  o.Writeback,
		platter:    o.Platter,
		wake:       o.Wake,
		inodes:     map[uint64]*inode{},
		nextID:     RootInode + 1,
		dirtySince: -1,
	}
	d.sector = min(d.sector, pageSize)
	if d.platter == nil {
		d.platter = instant{}
	}
	d.root = newInode(RootInode, true)
	d.root.stored = true
	d.inodes[RootInode] = d.root
	return d
}

func newInode(id uint64, dir bool) *inode {
	in := &inode{id: id, dir: dir, cut: -1, hole: -1}
	if dir {
		in.children, in.durable = map[string]*inode{}, map[string]*inode{}
	}
	return in
}

// path is the inode's name as programs see it, "" if it has none.
func (in *inode) path() string {
	if in.id == RootInode {
		return "."
	}
	if in.parent == nil {
		return ""
	}
	return path.Join(in.parent.path(), in.name)
}

func failure(op, name string, off int64, err error) error {
	return &PathError{Op: op, Name: name, Offset: off, Err: err}
}

// lookup finds what a name leads to.
func (d *Disk) lookup(name string) (*inode, error) {
	clean, err := CleanName(name)
	if err != nil {
		return nil, err
	}
	in := d.root
	if clean == "." {
		return in, nil
	}
	for part := range strings.SplitSeq(clean, "/") {
		if !in.dir {
			return nil, ErrNotDir
		}
		next := in.children[part]
		if next == nil {
			return nil, ErrNotExist
		}
		in = next
	}
	return in, nil
}

// place finds the directory a name is in, and its last element. What the name
// leads to, if anything, is in.
func (d *Disk) place(name string) (dir *inode, base string, in *inode, err error) {
	clean, err := CleanName(name)
	if err != nil {
		return nil, "", nil, err
	}
	if clean == "." {
		return nil, "", nil, ErrInvalid
	}
	dir, err = d.lookup(path.Dir(clean))
	if err != nil {
		return nil, "", nil, err
	}
	if !dir.dir {
		return nil, "", nil, ErrNotDir
	}
	base = path.Base(clean)
	return dir, base, dir.children[base], nil
}

// OpenFile implements FS.
func (d *Disk) OpenFile(name string, mode Mode) (File, error) {
	var op Operation
	if mode&(Create|Truncate) != 0 {
		op = d.begin(CallCreate, name, "", 0)
	}
	in, err := d.open(name, mode)
	d.pass(op, After)
	if err != nil {
		return nil, failure("open", name, -1, err)
	}
	in.handles++
	clean, _ := CleanName(name)
	return &diskFile{d: d, in: in, name: clean, mode: mode}, nil
}

func (d *Disk) open(name string, mode Mode) (*inode, error) {
	if mode&Truncate != 0 && mode&Write == 0 {
		return nil, ErrInvalid
	}
	in, err := d.lookup(name)
	switch {
	case err == nil && mode&(Create|Exclusive) == Create|Exclusive:
		return nil, ErrExist
	case err == nil && in.dir:
		return nil, ErrIsDir
	case err == nil:
		if mode&Truncate != 0 {
			err = d.truncate(in, 0)
		}
		return in, err
	case err == ErrNotExist && mode&Create != 0:
		return d.create(name, false)
	}
	return nil, err
}

func (d *Disk) create(name string, dir bool) (*inode, error) {
	parent, base, old, err := d.place(name)
	switch {
	case err != nil:
		return nil, err
	case old != nil:
		return nil, ErrExist
	case d.halted:
		return nil, ErrIO
	}
	in := newInode(d.nextID, dir)
	d.nextID++
	d.inodes[in.id] = in
	d.link(parent, base, in)
	d.rename(nameChange{change: Change{Op: OpLink, Parent: parent.id, Name: base, Inode: in.id}, in: in})
	return in, nil
}

func (d *Disk) link(parent *inode, name string, in *inode) {
	parent.children[name] = in
	in.parent, in.name = parent, name
}

func (d *Disk) unlink(in *inode) {
	delete(in.parent.children, in.name)
	in.parent, in.name = nil, ""
	d.release(in)
}

// rename notes a change of names that no SyncDir has saved yet.
func (d *Disk) rename(n nameChange) {
	d.names = append(d.names, n)
	d.touch()
}

func (d *Disk) touch() {
	if d.dirtySince < 0 {
		d.dirtySince = d.now
	}
}

// release gives back the space of a file that nobody can reach any more.
func (d *Disk) release(in *inode) {
	if in.parent == nil && in.handles == 0 {
		d.used -= in.cache.size
	}
}

// Rename implements FS.
func (d *Disk) Rename(oldName, newName string) error {
	op := d.begin(CallRename, oldName, newName, 0)
	err := d.move(oldName, newName)
	d.pass(op, After)
	if err != nil {
		return failure("rename", oldName+" to "+newName, -1, err)
	}
	return nil
}

func (d *Disk) move(oldName, newName string) error {
	from, oldBase, in, err := d.place(oldName)
	if err != nil {
		return err
	}
	to, newBase, old, err := d.place(newName)
	switch {
	case err != nil:
		return err
	case in == nil:
		return ErrNotExist
	case in == old:
		return nil
	case old != nil && old.dir:
		return ErrExist
	case old != nil && in.dir:
		return ErrNotDir
	case d.halted:
		return ErrIO
	}
	var under []uint64
	for dir := to; dir != nil; dir = dir.parent {
		if dir == in {
			return ErrInvalid // into itself
		}
		if from != to {
			under = append(under, dir.id)
		}
	}
	if old != nil {
		d.unlink(old)
	}
	delete(from.children, oldBase)
	d.link(to, newBase, in)
	d.rename(nameChange{change: Change{
		Op: OpRename, Parent: from.id, Name: oldBase,
		NewParent: to.id, NewName: newBase, Inode: in.id,
	}, in: in, victim: old, under: under})
	return nil
}

// Remove implements FS.
func (d *Disk) Remove(name string) error {
	op := d.begin(CallRemove, name, "", 0)
	err := d.remove(name)
	d.pass(op, After)
	if err != nil {
		return failure("remove", name, -1, err)
	}
	return nil
}

func (d *Disk) remove(name string) error {
	parent, base, in, err := d.place(name)
	switch {
	case err != nil:
		return err
	case in == nil:
		return ErrNotExist
	case in.dir && len(in.children) > 0:
		return ErrNotEmpty
	case d.halted:
		return ErrIO
	}
	d.unlink(in)
	d.rename(nameChange{change: Change{Op: OpUnlink, Parent: parent.id, Name: base, Inode: in.id, Dir: in.dir}, in: in, victim: in})
	return nil
}

// MakeDir implements FS.
func (d *Disk) MakeDir(name string) error {
	op := d.begin(CallMakeDir, name, "", 0)
	_, err := d.create(name, true)
	d.pass(op, After)
	if err != nil {
		return failure("mkdir", name, -1, err)
	}
	return nil
}

// ReadDir implements FS.
func (d *Disk) ReadDir(name string) ([]Info, error) {
	in, err := d.lookup(name)
	if err == nil && !in.dir {
		err = ErrNotDir
	}
	if err != nil {
		return nil, failure("readdir", name, -1, err)
	}
	infos := make([]Info, 0, len(in.children))
	for _, child := range order.Keys(in.children) {
		infos = append(infos, in.children[child].info(child))
	}
	return infos, nil
}

// Stat implements FS.
func (d *Disk) Stat(name string) (Info, error) {
	in, err := d.lookup(name)
	if err != nil {
		return Info{}, failure("stat", name, -1, err)
	}
	clean, _ := CleanName(name)
	return in.info(path.Base(clean)), nil
}

func (in *inode) info(name string) Info {
	return Info{Name: name, ID: in.id, Size: in.cache.size, Dir: in.dir}
}

// write appends what fits.
func (d *Disk) write(in *inode, b []byte) (int, error) {
	if d.halted {
		return 0, ErrIO
	}
	n := min(int64(len(b)), d.Free(), maxSize-in.cache.size)
	if n > 0 {
		d.writes++
		in.lastWrite, in.lastWriteNo = in.cache.size, d.writes
		in.cache.append(b[:n])
		d.used += n
		d.touch()
	}
	if n < int64(len(b)) {
		return int(n), ErrNoSpace
	}
	return int(n), nil
}

func (d *Disk) truncate(in *inode, size int64) error {
	grow := size - in.cache.size
	switch {
	case size < 0 || size > maxSize:
		return ErrInvalid
	case d.halted:
		return ErrIO
	case grow == 0:
		return nil
	case grow > d.Free():
		return ErrNoSpace
	}
	in.cache.truncate(size)
	d.used += grow
	d.touch()
	if grow > 0 {
		return nil
	}
	if in.cut < 0 || size < in.cut {
		in.cut = size
	}
	in.dirty, in.synced = min(in.dirty, size), min(in.synced, size)
	if in.hole >= size {
		in.hole = -1
	}
	if d.flight != nil {
		d.flight.truncated(in, size)
	}
	return nil
}

// Free is how many more bytes can be written; math.MaxInt64 without a limit.
func (d *Disk) Free() int64 {
	if d.capacity == 0 {
		return math.MaxInt64
	}
	return max(d.capacity-d.used, 0)
}

// Used is how many bytes the files take.
func (d *Disk) Used() int64 { return d.used }

// diskFile is a File of a Disk.
type diskFile struct {
	d      *Disk
	in     *inode
	name   string
	mode   Mode
	closed bool
}

func (f *diskFile) Name() string { return f.name }

func (f *diskFile) check(write bool) error {
	if f.closed {
		return ErrClosed
	}
	if write && f.mode&Write == 0 {
		return ErrReadOnly
	}
	return nil
}

func (f *diskFile) Write(p []byte) (n int, err error) {
	op := f.d.begin(CallWrite, f.name, "", int64(len(p)))
	if err = f.check(true); err == nil {
		n, err = f.d.write(f.in, p)
	}
	f.d.pass(op, After)
	if err != nil {
		return n, failure("write", f.name, f.Size(), err) // where it stopped
	}
	return n, nil
}

func (f *diskFile) ReadAt(p []byte, off int64) (int, error) {
	err := f.check(false)
	if err == nil && off < 0 {
		err = ErrInvalid
	}
	if err != nil {
		return 0, failure("read", f.name, off, err)
	}
	return f.in.cache.readAt(p, off) // io.EOF stays bare, as io.ReaderAt wants it
}

func (f *diskFile) Size() int64 {
	if f.closed {
		return 0
	}
	return f.in.cache.size
}

func (f *diskFile) Truncate(size int64) error {
	op := f.d.begin(CallTruncate, f.name, "", size)
	err := f.check(true)
	if err == nil {
		err = f.d.truncate(f.in, size)
	}
	f.d.pass(op, After)
	if err != nil {
		return failure("truncate", f.name, size, err)
	}
	return nil
}

func (f *diskFile) Sync() Ticket {
	op := f.d.begin(CallSync, f.name, "", 0)
	if err := f.check(false); err != nil {
		f.d.pass(op, After)
		return Finished(failure("sync", f.name, -1, err))
	}
	return f.d.request(f.in, op)
}

func (f *diskFile) Close() error {
	if f.closed {
		return failure("close", f.name, -1, ErrClosed)
	}
	f.closed = true
	f.in.handles--
	f.d.release(f.in)
	return nil
}
