package vfs

import (
	"maps"
	"math/rand/v2"
	"slices"

	"everysec/engine/ds/order"
	"everysec/engine/phrase"
)

// The idea of this file: a crash is a function. Image looks at a disk, changes
// nothing, and returns the disk that the next start will find. The same disk,
// kind and seed give the same image, and each file draws from a source of its
// own, so that one file more or less does not change what happens to the rest.
//
// A power cut is as cruel as POSIX allows, which is more cruel than one's own
// file system usually is: changes of names that do not rest on each other may
// survive out of order, and so may sectors. What is promised: bytes whose Sync
// was reported survive unless the device lied, names whose SyncDir was reported
// survive, a rename is there or not, and a sector once synced is not harmed by
// a later write into its rest. Each file of testdata/disk opens with what is
// promised and what is not for one kind of crash or fault, and shows it.
//
// What it rests on:
//   - fsync(2) of Linux: the file's own bytes and what is needed to read them, not
//     its name; and an error is told once.
//   - ext4's notes on data=ordered, delayed allocation and auto_da_alloc: why the
//     length may be there without the data, and why many programs that forget a
//     sync before the rename are lucky there.
//   - Pillai et al., All File Systems Are Not Created Equal (OSDI 2014, the ALICE
//     tool): which orders between writes and names file systems really keep, and
//     that programs count on more. Hence no order here that is not promised.
//   - Rebello et al., Can Applications Recover from fsync Failures? (USENIX ATC
//     2020): pages that could not be written are called clean, and the next fsync
//     succeeds. Hence what a failed Sync gives up.
//   - Zheng et al., Understanding the Robustness of SSDs under Power Fault (FAST
//     2013): drives that lose what they said was saved, and half-written pages.
//   - Bairavasundaram et al., An Analysis of Data Corruption in the Storage Stack
//     (FAST 2008): bits do rot, and nobody reports it.
//
// What it leaves out: bytes of other files where the data is missing (there are
// zeros always); a sync that fails after having saved a part; a torn sector that
// takes synced neighbours with it; names that find no room on a full disk; writes
// that land in the wrong place; overwriting, for no file of Redis is overwritten
// but by appending, cutting and replacing.

// Kind is a way for the machine to stop.
type Kind uint8

const (
	// ProcessKill ends the process (kill -9). The kernel and its page cache live
	// on, so nothing written is lost; what is not synced stays not synced.
	ProcessKill Kind = iota
	// PowerCut keeps what is on the platter and a seeded choice of the rest:
	// none, all, a beginning cut anywhere, single sectors with zeros between
	// them, or only the length with zeros for data; and any consistent part of
	// the unsynced changes of names.
	PowerCut
	// TornTail is the power cut in which the newest Write was just on its way.
	// Everything before it reached the platter, names included; of it, all but
	// the last 3 to 8 bytes. No command in an append only file is that short, so
	// the cut is always inside its last record. (A shorter Write loses all but
	// its first byte; one of a single byte is lost.) The newest Write is looked for
	// among files whose name is durable, since recovery will read those; if
	// everything is synced there is nothing to tear, and no account says torn.
	TornTail
	// BitRot is no crash of a program: the machine was shut down in good order,
	// everything reached the platter, and while it lay there one to three bits
	// turned (Rot flips as many as one likes).
	BitRot
)

var kindNames = [...]string{"process-kill", "power-cut", "torn-tail", "bit-rot"}

func (k Kind) String() string { return kindNames[min(int(k), len(kindNames)-1)] }

// Account is what a crash did to one file.
type Account struct {
	Name     string // in the image; its last name if it has none there
	Was      string // before the crash; "" if it had been removed or replaced
	Present  bool   // the image has the file
	Written  int64  // bytes, as programs saw the file
	Synced   int64  // bytes from the start that were reported durable
	Survived int64  // bytes the image has
	Intact   int64  // bytes from the start that are as they were written
	TornAt   int64  // offset at which a write was cut in two; -1 if none was
	Zeroed   int64  // lost bytes within what survived, now zeros
	Flips    []Flip // bits that turned
	What     string // in words
	// Damaged are the pieces of what survived that are not as they were
	// written. No two are closer to each other than 16 bytes.
	Damaged []Range
}

// Range is a piece of a file, in bytes.
type Range struct{ From, To int64 }

// Accounts tells what the crash that made this image did, sorted by name. A
// disk that is no image has none.
func (d *Disk) Accounts() []Account { return slices.Clone(d.accounts) }

// Image is the disk after a crash, for the next start to recover from. The Disk
// itself goes on unharmed. The image keeps capacity, latency, a drive that lies and
// the count of operations, but not the platter (Attach), the Wake of its options,
// a device that hangs, and who waits for a moment (Observe, CrashAt).
func (d *Disk) Image(kind Kind, seed uint64) *Disk {
	im := New(Options{Sector: d.sector, Capacity: d.capacity, Latency: d.latency, Writeback: d.writeback})
	im.now, im.nextID, im.lying, im.writes = d.now, d.nextID, d.lying, d.writes
	im.operations = d.operations
	for id, in := range d.inodes {
		copied := *in
		copied.cache, copied.disk = in.cache.clone(), in.disk.clone()
		copied.handles = 0
		im.inodes[id] = &copied
	}
	im.root = im.inodes[RootInode]
	for _, in := range im.inodes {
		in.parent = im.twin(in.parent)
		in.children, in.durable = im.twins(in.children), im.twins(in.durable)
	}
	names := d.names
	if d.flight != nil {
		names = slices.Concat(d.flight.names, d.names)
	}
	for _, n := range names {
		n.in, n.victim = im.twin(n.in), im.twin(n.victim)
		im.names = append(im.names, n)
	}
	if kind == ProcessKill {
		im.landBack(d)
	} else {
		im.cutPower(d, kind, seed)
	}
	for _, in := range im.inodes {
		if in.parent != nil {
			im.used += in.cache.size
		}
	}
	order.By(im.accounts, func(a, b Account) int {
		return slices.Compare([]string{a.Name, a.Was}, []string{b.Name, b.Was})
	})
	return im
}

func (d *Disk) twin(in *inode) *inode {
	if in == nil {
		return nil
	}
	return d.inodes[in.id]
}

func (d *Disk) twins(m map[string]*inode) map[string]*inode {
	if m == nil {
		return nil
	}
	out := make(map[string]*inode, len(m))
	for name, in := range m {
		out[name] = d.twin(in)
	}
	return out
}

// landBack gives the page cache back what was in flight on d.
func (d *Disk) landBack(old *Disk) {
	d.dirtySince = old.dirtySince
	if f := old.flight; f != nil {
		for _, in := range f.stored {
			d.twin(in).stored = false
		}
		for _, file := range f.files {
			in := d.twin(file.in)
			if in == nil || file.lied {
				continue
			}
			// If the flight was to fail nobody had heard of it, and nothing is
			// given up: Linux tells an error that no one has seen to the next
			// fsync, and so the next one saves or fails.
			in.dirty = min(in.dirty, file.from, in.cache.size)
			if file.cut >= 0 && (in.cut < 0 || file.cut < in.cut) {
				in.cut = file.cut
			}
		}
	}
	for _, id := range order.Keys(d.inodes) {
		if in := d.inodes[id]; !in.dir && in.parent != nil {
			n := in.cache.size
			d.accounts = append(d.accounts, Account{
				Name: in.path(), Was: in.path(), Present: true, Written: n, Synced: in.syncedBytes(),
				Survived: n, Intact: n, TornAt: -1, What: "whole: the page cache outlives the process",
			})
		}
	}
}

// unsynced is what of a file was on its way to the platter, in order.
type unsynced struct {
	cut      int64 // -1: none
	from, to int64
	content  *pages
}

func (d *Disk) unsynced(in *inode) (steps []unsynced) {
	if d.flight != nil {
		for _, f := range d.flight.files {
			if f.in == in && !f.lied && !f.failed {
				steps = append(steps, unsynced{f.cut, f.from, f.to, &f.content})
			}
		}
	}
	return append(steps, unsynced{in.cut, in.dirty, in.cache.size, &in.cache})
}

// damage is what happened to the bytes of a file.
type damage struct {
	torn    int64
	zeroed  int64
	cutLost bool // a truncate did not survive
	flips   []Flip
}

// cutPower turns a copy of old into what the platter holds afterwards.
func (d *Disk) cutPower(old *Disk, kind Kind, seed uint64) {
	kept := make([]bool, len(d.names))
	torn := uint64(0)
	if kind == PowerCut {
		chooseNames(d.names, kept, source(seed, 0))
	} else {
		for i := range kept {
			kept[i] = true
		}
	}
	if kind == TornTail {
		torn = old.newestUnsynced()
	}
	for i, n := range d.names {
		if kept[i] {
			d.apply(n)
		}
	}
	d.names = nil

	reached := map[uint64]*inode{}
	for _, in := range d.inodes {
		in.parent, in.name = nil, ""
	}
	d.reach(d.root, reached)

	hurts := map[uint64]damage{}
	ids := order.Keys(old.inodes)
	for _, id := range ids {
		was, in := old.inodes[id], d.inodes[id]
		if was.dir {
			continue
		}
		hurt := damage{torn: -1}
		if reached[id] != nil {
			random, steps := source(seed, id), old.unsynced(was)
			if kind == PowerCut {
				hurt = surviveCut(&in.disk, steps, d.sector, random)
			} else {
				keepAll(&in.disk, steps)
				if id == torn {
					end := old.tear(was, random)
					in.disk.truncate(end)
					if end > old.unsyncedFrom(was) {
						hurt.torn = end
					}
				}
			}
		}
		hurts[id] = hurt
	}
	copies := d.inodes
	d.inodes = reached
	for _, in := range reached {
		in.cache = in.disk.clone()
		in.clean()
	}
	if kind == BitRot {
		random := source(seed, RootInode)
		for _, f := range d.rot(1+random.IntN(3), random) {
			in, _ := d.file(f.Name) // it was just flipped
			hurt := hurts[in.id]
			hurt.flips = append(hurt.flips, f)
			hurts[in.id] = hurt
		}
	}
	for _, id := range ids {
		if was := old.inodes[id]; !was.dir {
			if account, ok := old.account(kind, was, copies[id], hurts[id]); ok {
				d.accounts = append(d.accounts, account)
			}
		}
	}
}

// claimed tells whether a lying drive said that a change of this name is durable.
func (d *Disk) claimed(in *inode) bool {
	lied := func(n nameChange) bool { return n.claimed && (n.in == in || n.victim == in) }
	return slices.ContainsFunc(d.names, lied) || d.flight != nil && slices.ContainsFunc(d.flight.names, lied)
}

// clean makes the page cache say what the platter says.
func (in *inode) clean() {
	in.stored = true
	in.dirty, in.synced = in.cache.size, in.cache.size
	in.cut, in.hole = -1, -1
	in.lastWrite, in.lastWriteNo = 0, 0
}

func source(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

// reach hangs the durable names below in into the tree that programs see.
func (d *Disk) reach(in *inode, reached map[uint64]*inode) {
	reached[in.id] = in
	if !in.dir {
		return
	}
	in.children = maps.Clone(in.durable)
	for name, child := range in.durable {
		child.parent, child.name = in, name
		d.reach(child, reached)
	}
}

// chooseNames draws which changes of names survive: a set, or a beginning, or
// any part that is consistent in itself.
func chooseNames(names []nameChange, kept []bool, random *rand.Rand) {
	count, scattered := 0, false
	switch random.IntN(5) {
	case 0: // none
	case 1:
		count = len(names)
	case 2:
		count = random.IntN(len(names) + 1)
	default:
		scattered = true
	}
	for i := range names {
		kept[i] = i < count || scattered && random.IntN(2) == 0
	}
	closeOver(names, kept, false)
}

func keepAll(out *pages, steps []unsynced) {
	for _, s := range steps {
		if s.cut >= 0 && s.cut < out.size {
			out.truncate(s.cut)
		}
		out.write(s.content, s.from, s.to)
	}
}

// surviveCut draws what of the unsynced steps is on the platter.
func surviveCut(out *pages, steps []unsynced, sector int64, random *rand.Rand) damage {
	hurt := damage{torn: -1}
	const (
		nothing = iota
		everything
		beginning
		onlyLength
		sectors
	)
	fates := [...]int{nothing, nothing, nothing, everything, beginning, beginning, beginning, onlyLength, sectors, sectors}
	fate := fates[random.IntN(len(fates))]
	gap := int64(-1) // zeros up to the end of the step before begin here
	for _, s := range steps {
		if s.cut >= 0 && s.cut < out.size {
			if fate == nothing || fate != everything && random.IntN(2) == 0 {
				hurt.cutLost = true
				return hurt // bytes after a truncate that is lost have no place
			}
			out.truncate(s.cut)
		}
		if s.from >= s.to {
			continue
		}
		switch fate {
		case nothing:
			return hurt
		case everything:
			out.write(s.content, s.from, s.to)
		case beginning:
			end := s.from + random.Int64N(s.to-s.from+1)
			out.write(s.content, s.from, end)
			if end < s.to {
				if end > s.from {
					hurt.torn = end
				}
				return hurt
			}
		case onlyLength:
			hurt.zeroed += s.to - s.from
			out.truncate(s.to)
		default:
			for at := s.from; at < s.to; {
				end := min(at-at%sector+sector, s.to)
				live := at
				if random.IntN(2) == 0 {
					live = end
					if end == s.to && random.IntN(2) == 0 { // the last sector: torn
						if live = at + random.Int64N(end-at); live > at {
							hurt.torn = live
						}
					}
				}
				if live > at {
					from := at
					if at == s.from && gap >= at-at%sector { // the device writes whole sectors
						from = gap
						hurt.zeroed -= at - from
					}
					out.write(s.content, from, live)
				}
				if hurt.zeroed += end - live; live < end {
					gap = max(live, end-1-(end-1)%sector)
				} else {
					gap = -1
				}
				at = end
			}
			if random.IntN(2) == 0 { // the length did not survive beyond the data
				hurt.zeroed -= s.to - max(out.size, s.from)
				return hurt
			}
			out.truncate(s.to)
		}
	}
	return hurt
}

// unsyncedFrom is the first byte that the platter has not promised to keep.
func (d *Disk) unsyncedFrom(in *inode) int64 {
	from := in.dirty
	if d.flight != nil {
		for _, f := range d.flight.files {
			if f.in == in && !f.lied && !f.failed {
				from = min(from, f.from)
			}
		}
	}
	return from
}

// newestUnsynced finds the file that TornTail tears; 0 if there is none.
func (d *Disk) newestUnsynced() uint64 {
	durable := map[uint64]bool{}
	for _, dir := range d.inodes {
		for _, in := range dir.durable {
			durable[in.id] = true
		}
	}
	var best *inode
	for _, id := range order.Keys(d.inodes) {
		in := d.inodes[id]
		if in.dir || in.parent == nil || d.unsyncedFrom(in) >= in.cache.size {
			continue
		}
		switch {
		case best == nil,
			durable[in.id] && !durable[best.id],
			durable[in.id] == durable[best.id] && in.lastWriteNo > best.lastWriteNo:
			best = in
		}
	}
	if best == nil {
		return 0
	}
	return best.id
}

// tear draws where the newest Write of in ends on the platter.
func (d *Disk) tear(in *inode, random *rand.Rand) int64 {
	start, size := d.unsyncedFrom(in), in.cache.size
	if in.lastWrite > start && in.lastWrite < size-1 {
		start = in.lastWrite
	}
	return size - max(min(3+random.Int64N(6), size-start-1), 1)
}

func bytesLost(n int64) string {
	if n == 1 {
		return "1 byte lost"
	}
	return phrase.Sprintf("%d bytes lost", n)
}

// account compares a file of d before the crash and after it. It is not worth
// telling of a file that had no name before and has none afterwards.
func (d *Disk) account(kind Kind, was, in *inode, hurt damage) (Account, bool) {
	a := Account{
		Name: in.path(), Was: was.path(), Present: in.parent != nil,
		Written: was.cache.size, Synced: was.syncedBytes(), TornAt: hurt.torn, Zeroed: hurt.zeroed, Flips: hurt.flips,
	}
	const lie = "; the drive had said it was synced"
	nameClaimed := d.claimed(was)
	if a.Name == "" && a.Was == "" {
		return a, false
	}
	if !a.Present {
		a.Name = a.Was
		a.What = "lost: its name was not synced"
		if nameClaimed {
			a.What += lie
		}
		return a, true
	}
	a.Survived = in.disk.size
	a.Intact = in.disk.same(&was.cache)
	a.Damaged = in.disk.differences(&was.cache, a.Intact, 16)
	lost := a.Written - a.Intact
	whole := lost == 0 && a.Survived == a.Written
	switch {
	case len(hurt.flips) == 1:
		a.What = phrase.Sprintf("bit rot: a bit flipped at %d", hurt.flips[0].Offset)
	case len(hurt.flips) > 1:
		a.What = phrase.Sprintf("bit rot: %d bits flipped, the first at %d", len(hurt.flips), hurt.flips[0].Offset)
	case hurt.cutLost:
		a.What = phrase.Sprintf("a truncate was lost: %d bytes again", a.Survived)
	case whole && kind == BitRot:
		a.What = "whole: the machine was shut down in good order"
	case whole && a.Synced == a.Written && d.unsyncedFrom(was) < a.Written:
		a.What = "whole, by luck: the drive had lied about its sync"
	case whole && a.Synced == a.Written && a.Name == a.Was && !d.status(was).NameSynced:
		a.What = "whole, by luck: its name was not synced"
	case whole && a.Synced == a.Written:
		a.What = "whole: it was synced"
	case whole:
		a.What = "whole, by luck: not all of it was synced"
	case hurt.torn >= 0 && a.Intact == a.Survived:
		a.What = phrase.Sprintf("torn at %d: %s", hurt.torn, bytesLost(lost))
	case a.Intact == a.Survived:
		a.What = phrase.Sprintf("cut at %d: %s", a.Survived, bytesLost(lost))
	case a.Zeroed > 0 && a.Zeroed < a.Survived-a.Intact:
		a.What = phrase.Sprintf("zeros from %d: later bytes survived without the earlier ones", a.Intact)
	default:
		a.What = phrase.Sprintf("zeros from %d: the length survived without the data", a.Intact)
	}
	switch {
	case hurt.cutLost || len(hurt.flips) > 0:
	case a.Intact < a.Synced:
		a.What += lie
	case was.hole >= 0 && was.hole <= a.Intact && a.Intact < a.Written:
		a.What += "; a sync that failed had given them up"
	}
	switch {
	case a.Was == "":
		a.What += "; back, because its removal was not synced"
	case a.Was != a.Name:
		a.What += phrase.Sprintf("; %s again, because its rename was not synced", a.Name)
	}
	if nameClaimed && a.Was != a.Name {
		a.What += lie
	}
	return a, true
}
