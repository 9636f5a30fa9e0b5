package vfs

import (
	"math/rand/v2"
	"path"
	"slices"

	"everysec/engine/ds/order"
)

// Faults the learner or a test asks for, and what the page asks of a disk.

// SetCapacity changes how many bytes fit; 0 is no limit. Less than Used is
// allowed: then nothing more fits.
func (d *Disk) SetCapacity(bytes int64) { d.capacity = max(bytes, 0) }

// Fill leaves room for free bytes more.
func (d *Disk) Fill(free int64) { d.capacity = max(d.used+free, 1) }

// SetLatency changes how long syncs take that start from now on.
func (d *Disk) SetLatency(l Latency) { d.latency = l }

// FailSyncs lets the next n calls of Sync or SyncDir fail with ErrIO. What a
// failed Sync should have saved is given up, as Linux does it.
func (d *Disk) FailSyncs(n int) { d.failing = n }

// LieAboutSyncs makes a drive that calls a sync done and keeps the data in its
// own cache, where a power cut finds it unsynced. The next honest sync saves it.
func (d *Disk) LieAboutSyncs(lie bool) { d.lying = lie }

// HangSyncs makes a device that stops answering: no sync is done until it is
// told to go on, and each waits behind the one before it. Writes go on, for they
// need the page cache only. A crash ends it.
func (d *Disk) HangSyncs(hang bool) {
	d.hung = hang
	d.pump()
}

// Faults are what a Disk has been told to do wrong.
type Faults struct {
	Failing  int // syncs that are still to fail
	Lying    bool
	Hung     bool
	Latency  Latency
	Capacity int64 // 0: no limit
}

// Faults tells which there are now.
func (d *Disk) Faults() Faults { return Faults{d.failing, d.lying, d.hung, d.latency, d.capacity} }

// Halt is the end of this Disk, as if the power were off: nothing more reaches
// the platter, waiting tickets are never done, and changes fail with ErrIO.
func (d *Disk) Halt() { d.halted = true }

// TruncateTail cuts bytes off the end of a file, on the platter too. It is for
// a disk at rest: the program that writes the file would be taken by surprise.
func (d *Disk) TruncateTail(name string, bytes int64) error {
	in, err := d.file(name)
	if err == nil && bytes < 0 {
		err = ErrInvalid
	}
	if err == nil {
		err = d.truncate(in, max(in.cache.size-bytes, 0))
	}
	if err != nil {
		return failure("truncate tail", name, -1, err)
	}
	d.queue = append(d.queue, request{in: in, name: name, op: "sync", ticket: &ticket{}})
	d.pump()
	return nil
}

// FlipByte inverts the bits of mask in one byte of a file, on the platter too
// if the byte is there.
func (d *Disk) FlipByte(name string, off int64, mask byte) error {
	in, err := d.file(name)
	if err == nil && (mask == 0 || off < 0 || off >= in.cache.size) {
		err = ErrInvalid
	}
	if err == nil && d.halted {
		err = ErrIO
	}
	if err != nil {
		return failure("flip byte", name, off, err)
	}
	flipped := []byte{0}
	_, _ = in.cache.readAt(flipped, off) // off is inside, checked above
	flipped[0] ^= mask
	in.cache.put(off, flipped)
	landed := d.unsyncedFrom(in) > off && off < in.disk.size
	if landed { // what a failed sync gave up is not the same there
		flipped = []byte{0}
		_, _ = in.disk.readAt(flipped, off)
		flipped[0] ^= mask
	}
	if landed || d.inFlight(in) && off < in.dirty {
		d.queue = append(d.queue, request{
			flip: in, name: name, op: "flip byte", ticket: &ticket{},
			raw: []Change{{Op: OpWrite, Inode: in.id, Offset: off, Data: flipped}},
		})
		d.pump()
	}
	return nil
}

// Flip is a bit that turned.
type Flip struct {
	Name   string
	Offset int64
	Mask   byte // the bit
}

// Rot flips single bits at places drawn from seed, every synced bit as likely as
// any other, and returns them in the order of Files and offsets. They are fewer
// if fewer are synced. Like FlipByte it is for a disk at rest: a program that
// has a page in the cache would not see the rot of the platter below it.
func (d *Disk) Rot(bits int, seed uint64) []Flip {
	return d.rot(bits, rand.New(rand.NewPCG(seed, RootInode)))
}

func (d *Disk) rot(bits int, random *rand.Rand) []Flip {
	type piece struct {
		name  string
		bytes int64
	}
	var pieces []piece
	total := int64(0)
	for _, s := range d.Files() {
		in, _ := d.file(s.Name) // it was just listed
		n := min(in.syncedBytes(), d.unsyncedFrom(in), in.disk.size)
		pieces = append(pieces, piece{s.Name, n})
		total += n * 8
	}
	// Floyd's way to draw a set: no bit twice, which would undo it.
	drawn := map[int64]bool{}
	for top := max(total-int64(bits), 0); top < total; top++ {
		bit := random.Int64N(top + 1)
		if drawn[bit] {
			bit = top
		}
		drawn[bit] = true
	}
	var flips []Flip
	for _, bit := range order.Keys(drawn) {
		at := bit / 8
		i := 0
		for ; at >= pieces[i].bytes; i++ {
			at -= pieces[i].bytes
		}
		flip := Flip{pieces[i].name, at, 1 << (bit % 8)}
		if d.FlipByte(flip.Name, flip.Offset, flip.Mask) == nil {
			flips = append(flips, flip)
		}
	}
	return flips
}

func (d *Disk) file(name string) (*inode, error) {
	in, err := d.lookup(name)
	if err == nil && in.dir {
		err = ErrIsDir
	}
	return in, err
}

func (d *Disk) inFlight(in *inode) bool {
	return d.flight != nil && slices.ContainsFunc(d.flight.files, func(f *flightFile) bool { return f.in == in && !f.lied })
}

// Status is how durable a file is. Bytes from the start to Synced were reported
// durable; from there to Written they are in the page cache, which is all that
// Size counts as well. A file with NameSynced false is lost in a power cut
// however much of it is synced.
type Status struct {
	Name       string
	Size       int64
	Written    int64
	Synced     int64
	InFlight   bool // a commit with bytes of it is under way
	NameSynced bool // under this name it is on the platter
}

// syncedBytes ends at the first byte that a failed sync gave up.
func (in *inode) syncedBytes() int64 {
	if in.hole >= 0 {
		return min(in.synced, in.hole)
	}
	return in.synced
}

func (d *Disk) status(in *inode) Status {
	s := Status{
		Name: in.path(), Size: in.cache.size, Written: in.cache.size,
		Synced: in.syncedBytes(), InFlight: d.inFlight(in), NameSynced: true,
	}
	waiting := d.names
	if d.flight != nil {
		waiting = slices.Concat(d.flight.names, waiting)
	}
	for at := in; at.parent != nil; at = at.parent {
		moved := slices.ContainsFunc(waiting, func(n nameChange) bool { return n.in == at })
		s.NameSynced = s.NameSynced && !moved && at.parent.durable[at.name] == at
	}
	return s
}

// Status tells of one file.
func (d *Disk) Status(name string) (Status, error) {
	in, err := d.file(name)
	if err != nil {
		return Status{}, failure("status", name, -1, err)
	}
	return d.status(in), nil
}

// WrittenBytes is the file's length in the page cache; 0 if there is no file.
func (d *Disk) WrittenBytes(name string) int64 {
	s, _ := d.Status(name) // no file: the zero Status
	return s.Written
}

// SyncedBytes is how much of the file, from its start, was reported durable; 0
// if there is no file.
func (d *Disk) SyncedBytes(name string) int64 {
	s, _ := d.Status(name)
	return s.Synced
}

// Files tells of all files, in directories too, sorted by name.
func (d *Disk) Files() []Status {
	var out []Status
	var walk func(dir *inode)
	walk = func(dir *inode) {
		for _, name := range order.Keys(dir.children) {
			if in := dir.children[name]; in.dir {
				walk(in)
			} else {
				out = append(out, d.status(in))
			}
		}
	}
	walk(d.root)
	order.By(out, func(a, b Status) int {
		return slices.Compare([]string{path.Dir(a.Name), a.Name}, []string{path.Dir(b.Name), b.Name})
	})
	return out
}
