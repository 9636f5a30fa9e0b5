package vfs

import (
	"errors"
	"slices"

	"everysec/engine/ds/order"
)

// The idea of this file: requests to sync wait in a queue until the platter is
// free. Then all of them become one batch, the flight. When the platter has
// answered and the configured latency is over, the flight lands: what it
// carried is durable, its tickets are done, and the next one may start.

type ticket struct {
	done bool
	err  error
}

func (t *ticket) Done() bool { return t.done }
func (t *ticket) Err() error { return t.err }

// tickets are done when all of them are; the first error counts.
type tickets []*ticket

func (ts tickets) Done() bool {
	return !slices.ContainsFunc(ts, func(t *ticket) bool { return !t.done })
}

func (ts tickets) Err() error {
	for _, t := range ts {
		if t.err != nil && ts.Done() {
			return t.err
		}
	}
	return nil
}

// request is one call of Sync or SyncDir that waits for a flight.
type request struct {
	in     *inode // nil: only the changes in raw
	name   string
	op     string
	ticket *ticket
	asked  Operation // zero: no program asked
	fail   bool      // the device will report an error
	lie    bool      // the device will report success and do nothing
	raw    []Change  // changes for the platter alone
	flip   *inode    // whose platter side takes the bytes of raw, too
}

// flightFile is a file in flight: the bytes from..to as they were at the start.
type flightFile struct {
	in       *inode
	cut      int64 // a truncation that comes before the bytes; -1: none
	from, to int64
	content  pages
	claim    int64 // what may be called synced afterwards
	failed   bool
	lied     bool
}

type flight struct {
	requests []request
	files    []*flightFile
	names    []nameChange
	stored   []*inode // that the platter learns of by this flight
	freed    []*inode
	whole    bool // it carries all that is durable already
	answered bool
	err      error
	due      int64
}

// Advance tells the time, in microseconds. It never runs backwards: an earlier
// time is ignored.
func (d *Disk) Advance(now int64) {
	d.now = max(d.now, now)
	d.pump()
	if d.writeback > 0 && d.dirtySince >= 0 && d.now-d.dirtySince >= d.writeback {
		d.writeAllBack()
	}
}

// NextWake is when Advance has something to do at the latest; ok is false if
// that is only after the platter's answer or the next write.
func (d *Disk) NextWake() (at int64, ok bool) {
	if d.halted {
		return 0, false
	}
	if d.flight != nil && d.flight.answered && !d.hung {
		at, ok = d.flight.due, true
	}
	if d.writeback > 0 && d.dirtySince >= 0 {
		if due := d.dirtySince + d.writeback; !ok || due < at {
			at, ok = due, true
		}
	}
	return at, ok
}

// SyncDir implements FS.
func (d *Disk) SyncDir(name string) Ticket {
	op := d.begin(CallSyncDir, name, "", 0)
	in, err := d.lookup(name)
	if err == nil && !in.dir {
		err = ErrNotDir
	}
	if err != nil {
		d.pass(op, After)
		return Finished(failure("syncdir", name, -1, err))
	}
	return d.request(in, op)
}

// SyncAll saves everything, bytes and names. Neither FailSyncs nor a lying disk
// is asked: it is what a host uses before it lets go of the Disk.
func (d *Disk) SyncAll() Ticket {
	var all tickets
	for _, id := range order.Keys(d.inodes) {
		r := request{in: d.inodes[id], name: d.inodes[id].path(), op: "sync", ticket: &ticket{}}
		if r.in.dir {
			r.op = "syncdir"
		}
		d.queue = append(d.queue, r)
		all = append(all, r.ticket)
	}
	d.pump()
	return all
}

// writeAllBack is the kernel's own sync of what has been dirty for long.
func (d *Disk) writeAllBack() {
	d.dirtySince = -1
	if !d.lying {
		d.SyncAll()
	}
}

// request queues what a program asks for, and draws the fault that meets it.
func (d *Disk) request(in *inode, asked Operation) Ticket {
	r := request{in: in, name: asked.Name, op: asked.Call.String(), ticket: &ticket{}, asked: asked}
	if r.fail = d.failing > 0; r.fail {
		d.failing--
	} else {
		r.lie = d.lying
	}
	d.queue = append(d.queue, r)
	d.pump()
	return r.ticket
}

// pump starts and lands flights as long as there is one to start or land. It is
// a loop because a platter may answer at once.
func (d *Disk) pump() {
	if d.pumping {
		return
	}
	d.pumping = true
	defer func() { d.pumping = false }()
	for !d.halted {
		switch {
		case d.flight == nil && len(d.queue) == 0:
			return
		case d.flight == nil:
			d.takeOff()
			for _, r := range d.flight.requests {
				d.pass(r.asked, InFlight)
			}
		case d.hung || !d.flight.answered || d.now < d.flight.due:
			return
		default:
			d.land()
		}
	}
}

// Land ends the commit under way at once, if the platter has answered: however
// slow the disk is, and even if it hangs. It tells whether there was one.
func (d *Disk) Land() bool {
	if d.halted || d.flight == nil || !d.flight.answered {
		return false
	}
	d.land()
	d.pump()
	return true
}

// takeOff makes one batch of all requests.
func (d *Disk) takeOff() {
	f := &flight{requests: d.queue}
	d.queue, d.flight = nil, f
	var batch Batch
	if f.whole = d.foreign; f.whole {
		batch = d.Durable().Batch()
	}
	for _, r := range f.requests {
		if !f.whole || r.flip != nil { // what a clean up removes is not there any more
			batch.Changes = append(batch.Changes, r.raw...)
		}
		switch {
		case r.in == nil:
		case !r.in.dir:
			d.board(f, r)
		case r.fail:
		case r.lie:
			for i, mine := range d.namesOf(r.in) {
				d.names[i].claimed = d.names[i].claimed || mine
			}
		default:
			f.names = append(f.names, d.takeNames(r.in)...)
		}
	}
	for _, file := range f.files {
		batch.Changes = f.appendFile(batch.Changes, file)
	}
	batch.Changes = d.appendNames(batch.Changes, f)

	f.due = d.now
	if len(batch.Changes) == 0 {
		if slices.ContainsFunc(f.requests, func(r request) bool { return r.fail || r.lie }) {
			f.due += d.latency.Sync // errors and lies take their time, too
		}
		f.answered = true
		return
	}
	if slices.ContainsFunc(f.requests, func(r request) bool { return r.in != nil }) {
		f.due += d.latency.Sync + d.latency.PerMiB*batch.Bytes()>>20
	}
	d.platter.Commit(batch, d.answer(f))
}

// answer is what the platter calls when it is done with a flight.
func (d *Disk) answer(f *flight) func(err error) {
	return func(err error) {
		if !f.answered {
			f.answered, f.err = true, err
			d.pump()
		}
	}
}

// Awaited is what the platter has to call when it is done with the commit under
// way: for the platter of a copy of this disk. It is nil if there is none.
func (d *Disk) Awaited() func(err error) {
	if d.flight == nil || d.flight.answered {
		return nil
	}
	return d.answer(d.flight)
}

// board puts a file on the flight, once however many ask for it.
func (d *Disk) board(f *flight, r request) {
	in := r.in
	if d.inodes[in.id] != in {
		return // no name leads to it, so nothing of it can survive anyway
	}
	i := slices.IndexFunc(f.files, func(o *flightFile) bool { return o.in == in })
	if i < 0 {
		i = len(f.files)
		f.files = append(f.files, &flightFile{
			in: in, cut: -1, from: in.dirty, to: in.cache.size, claim: in.cache.size, lied: true,
		})
	}
	file := f.files[i]
	file.failed = file.failed || r.fail
	if file.lied && !r.lie {
		file.lied = false
		file.content = in.cache.clone()
		file.cut, in.cut = in.cut, -1
		in.dirty = in.cache.size
	}
}

func (f *flight) store(changes []Change, in *inode) []Change {
	if !in.stored {
		in.stored = true
		f.stored = append(f.stored, in)
		changes = append(changes, Change{Op: OpCreate, Inode: in.id, Dir: in.dir})
	}
	return changes
}

func (f *flight) appendFile(changes []Change, file *flightFile) []Change {
	if file.failed || file.lied {
		return changes
	}
	in := file.in
	changes = f.store(changes, in)
	if file.cut >= 0 && file.cut < in.disk.size {
		changes = append(changes, Change{Op: OpTruncate, Inode: in.id, Size: file.cut})
	}
	return appendWrites(changes, in.id, &file.content, file.from, file.to)
}

// appendWrites carries the bytes from..to, a change a page.
func appendWrites(changes []Change, id uint64, p *pages, from, to int64) []Change {
	for from < to {
		i := int(from / pageSize)
		base := int64(i) * pageSize
		end := min(to, base+pageSize)
		changes = append(changes, Change{
			Op: OpWrite, Inode: id, Offset: from,
			Data: p.bytes(i, int(from-base), int(end-base)),
		})
		from = end
	}
	return changes
}

func (d *Disk) appendNames(changes []Change, f *flight) []Change {
	for _, n := range f.names {
		for _, id := range []uint64{n.change.Parent, n.change.NewParent, n.change.Inode} {
			if in := d.inodes[id]; in != nil {
				changes = f.store(changes, in)
			}
		}
		changes = append(changes, n.change)
	}
	for _, n := range f.names {
		if n.victim != nil { // its last name is gone, and takeNames took all it ever had
			f.freed = append(f.freed, n.victim)
			changes = append(changes, Change{Op: OpFree, Inode: n.victim.id})
		}
	}
	return changes
}

// namesOf tells which of the waiting names a SyncDir of dir saves: those in dir,
// and the earlier ones they rest on.
func (d *Disk) namesOf(dir *inode) []bool {
	taken := make([]bool, len(d.names))
	for i, n := range d.names {
		taken[i] = n.change.Parent == dir.id || n.change.NewParent == dir.id
	}
	closeOver(d.names, taken, true)
	return taken
}

// takeNames removes those from the waiting names, and returns them in order.
func (d *Disk) takeNames(dir *inode) []nameChange {
	taken := d.namesOf(dir)
	var mine, rest []nameChange
	for i, n := range d.names {
		if taken[i] {
			mine = append(mine, n)
		} else {
			rest = append(rest, n)
		}
	}
	d.names = rest
	return mine
}

// closeOver makes a choice of name changes consistent: a chosen one needs all
// earlier ones it rests on. They are chosen as well if add, or else it is not.
func closeOver(names []nameChange, chosen []bool, add bool) {
	if add {
		for j := len(names) - 1; j > 0; j-- {
			for i := 0; i < j && chosen[j]; i++ {
				chosen[i] = chosen[i] || names[j].restsOn(names[i])
			}
		}
		return
	}
	for j := range names {
		for i := 0; i < j && chosen[j]; i++ {
			chosen[j] = chosen[i] || !names[j].restsOn(names[i])
		}
	}
}

// restsOn tells whether n makes no sense without the earlier change e: both
// touch one name, n removes the directory that e changed, or n moves something
// into a directory that e brought to its place.
func (n nameChange) restsOn(e nameChange) bool {
	a, b := n.change, e.change
	if a.Op == OpUnlink && a.Dir && (b.Parent == a.Inode || b.NewParent == a.Inode) {
		return true
	}
	same := func(parent uint64, name string) bool {
		return parent == b.Parent && name == b.Name ||
			b.Op == OpRename && parent == b.NewParent && name == b.NewName
	}
	if b.Op != OpUnlink && slices.Contains(n.under, b.Inode) {
		return true
	}
	return same(a.Parent, a.Name) || a.Op == OpRename && same(a.NewParent, a.NewName)
}

// apply changes the durable names as n says.
func (d *Disk) apply(n nameChange) {
	switch c := n.change; c.Op {
	case OpLink:
		d.inodes[c.Parent].durable[c.Name] = n.in
	case OpUnlink:
		delete(d.inodes[c.Parent].durable, c.Name)
	case OpRename:
		delete(d.inodes[c.Parent].durable, c.Name)
		d.inodes[c.NewParent].durable[c.NewName] = n.in
	}
}

// land makes the flight's changes durable, or gives them up if it failed.
func (d *Disk) land() {
	f := d.flight
	d.flight = nil
	var torn *TornError
	d.foreign = d.foreign && f.err != nil || errors.As(f.err, &torn)
	for _, r := range f.requests { // as in the batch: before the files
		if r.flip != nil && f.err == nil {
			r.flip.disk.put(r.raw[0].Offset, r.raw[0].Data)
		}
	}
	for _, file := range f.files {
		d.landFile(f, file)
	}
	if f.err == nil {
		for _, n := range f.names {
			d.apply(n)
		}
		for _, in := range f.freed {
			delete(d.inodes, in.id)
			in.stored = false
		}
	} else {
		// Names have no pages to drop: they stay in the cache and wait again.
		d.names = slices.Concat(f.names, d.names)
		for _, in := range f.stored {
			in.stored = false
		}
	}
	for _, r := range f.requests {
		err := f.err
		if r.fail || r.in != nil && slices.ContainsFunc(f.files, func(o *flightFile) bool { return o.in == r.in && o.failed }) {
			err = ErrIO
		}
		if err != nil {
			r.ticket.err = failure(r.op, r.name, -1, err)
		}
		r.ticket.done = true
	}
	for _, r := range f.requests {
		d.pass(r.asked, After)
	}
	if d.wake != nil {
		d.wake()
	}
}

func (d *Disk) landFile(f *flight, file *flightFile) {
	in := file.in
	switch {
	case f.err == nil && !file.failed && !file.lied:
		if file.cut >= 0 && file.cut < in.disk.size {
			in.disk.truncate(file.cut)
		}
		in.disk.write(&file.content, file.from, file.to)
	case !file.lied:
		// The kernel calls the pages clean all the same: no later sync tries them.
		// (What was cut off and written again since then is dirty anew.)
		if file.from < file.claim && (in.hole < 0 || file.from < in.hole) {
			in.hole = file.from
		}
		if file.cut >= 0 && (in.cut < 0 || file.cut < in.cut) {
			in.cut = file.cut
		}
		return
	}
	in.synced = max(in.synced, file.claim)
}

// truncated tells a flight that a file it carries was cut meanwhile.
func (f *flight) truncated(in *inode, size int64) {
	for _, file := range f.files {
		if file.in == in {
			file.claim = min(file.claim, size)
		}
	}
}
