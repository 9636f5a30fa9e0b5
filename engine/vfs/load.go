package vfs

import (
	"slices"

	"everysec/engine/ds/order"
)

// Load builds the Disk that a platter's content describes: everything on it is
// synced, as after a boot. What no name leads to is dropped, from the platter
// too with the next commit. Content that no Disk can have written is an error
// that names what is wrong.
func Load(c Content, o Options) (*Disk, error) {
	orphans, err := c.check()
	if err != nil {
		return nil, err
	}
	d := New(o)
	for i := range c.Inodes {
		stored := &c.Inodes[i]
		if stored.ID == RootInode {
			continue
		}
		in := newInode(stored.ID, stored.Dir)
		for _, k := range stored.Chunks {
			in.disk.put(k.Offset, k.Data)
		}
		in.disk.truncate(stored.Size)
		in.cache = in.disk.clone()
		in.clean()
		d.inodes[in.id] = in
		d.nextID = max(d.nextID, in.id+1)
	}
	var clean []Change
	for _, n := range c.Names {
		parent, in := d.inodes[n.Parent], d.inodes[n.Inode]
		if slices.Contains(orphans, n.Parent) {
			clean = append(clean, Change{Op: OpUnlink, Parent: n.Parent, Name: n.Name, Inode: n.Inode})
			continue
		}
		parent.durable[n.Name] = in
		d.link(parent, n.Name, in)
		d.used += in.cache.size
	}
	for _, id := range orphans {
		delete(d.inodes, id)
		clean = append(clean, Change{Op: OpFree, Inode: id})
	}
	if len(clean) > 0 {
		d.queue = append(d.queue, request{name: ".", op: "clean up", ticket: &ticket{}, raw: clean})
	}
	return d, nil
}

// Durable is what is on the platter now, in a fixed order. What is in flight is
// not part of it.
func (d *Disk) Durable() Content {
	var c Content
	for _, id := range order.Keys(d.inodes) {
		in := d.inodes[id]
		if !in.stored || d.flight != nil && slices.Contains(d.flight.stored, in) {
			continue
		}
		if in.id != RootInode {
			s := StoredInode{ID: id, Dir: in.dir, Size: in.disk.size}
			for i, pg := range in.disk.list {
				if pg != nil {
					s.Chunks = append(s.Chunks, Chunk{int64(i) * pageSize, in.disk.bytes(i, 0, in.disk.used(i))})
				}
			}
			c.Inodes = append(c.Inodes, s)
		}
		for _, name := range order.Keys(in.durable) {
			c.Names = append(c.Names, StoredName{id, name, in.durable[name].id})
		}
	}
	return c
}

// Batch makes a platter hold exactly this content, whatever it held before.
func (c Content) Batch() Batch {
	changes := []Change{{Op: OpFormat}}
	for _, in := range c.Inodes {
		if in.ID == RootInode {
			continue
		}
		changes = append(changes, Change{Op: OpCreate, Inode: in.ID, Dir: in.Dir})
		end := int64(0)
		for _, k := range in.Chunks {
			changes = append(changes, Change{Op: OpWrite, Inode: in.ID, Offset: k.Offset, Data: k.Data})
			end = max(end, k.Offset+int64(len(k.Data)))
		}
		if end != in.Size {
			changes = append(changes, Change{Op: OpTruncate, Inode: in.ID, Size: in.Size})
		}
	}
	for _, n := range c.Names {
		changes = append(changes, Change{Op: OpLink, Parent: n.Parent, Name: n.Name, Inode: n.Inode})
	}
	return Batch{changes}
}

// Attach lets p hold this disk's durable content, instead of whatever it held,
// and be its platter from now on. It is how the image of a crash moves onto the
// platter of the disk that crashed; that one must be halted. If that fails the
// next commit tries it again. With a commit under way the ticket fails with
// ErrInvalid.
func (d *Disk) Attach(p Platter) Ticket {
	if d.flight != nil {
		return Finished(failure("attach", ".", -1, ErrInvalid))
	}
	d.platter, d.foreign = p, true
	r := request{name: ".", op: "attach", ticket: &ticket{}}
	d.queue = append([]request{r}, d.queue...)
	d.pump()
	return r.ticket
}

// Detach takes the platter away: what becomes durable from now on is so in this
// Disk's own memory only, until the next Attach.
func (d *Disk) Detach() { d.platter, d.foreign = instant{}, true }

// SetWake changes who is told that a ticket is done.
func (d *Disk) SetWake(wake func()) { d.wake = wake }
