// Package idb is the platter in IndexedDB: vfs.Platter on one side, packed
// records to and from store.js on the other. It is pure Go; only the caller
// knows how the records cross into JavaScript.
//
// The idea: one commit is one strict readwrite transaction. The disk gathers
// what waits while a commit is under way, so a transaction carries everything
// pending, and what is written next to each other becomes one chunk, because
// each record costs more than its bytes. Only a commit of many megabytes goes
// in pieces, one transaction after the other: packing it at once would hold
// the engine for longer than anybody should notice. Where such a commit begins
// with a format, store.js keeps the old content until the last piece is there.
package idb

import (
	"errors"
	"slices"
	"strings"

	"everysec/engine/ds/order"
	"everysec/engine/phrase"
	"everysec/engine/vfs"
	"everysec/wasm/bridge"
)

// Platter is a vfs.Platter whose transactions happen elsewhere.
type Platter struct {
	begin   func(transaction uint32, ops []byte)
	number  uint32
	pending map[uint32]*commit
	queue   []*commit // the first has more pieces to come, the others wait for it
	ops     bridge.Record
	nowhere bool
}

// commit is what one call of Commit still has to write.
type commit struct {
	changes []vfs.Change
	done    func(error)
	formats bool // it takes the place of all that is stored
	begun   int  // pieces
}

// OpSettle follows the changes of a commit that formats, which may be many
// transactions: only now they take the place of what was stored.
const OpSettle vfs.Op = 9

// pieceBytes is how much one transaction carries. It is copied several times on
// its way into IndexedDB, on the engine's thread.
const pieceBytes = 512 << 10

// New returns a platter that hands each batch to begin, with a number, and
// begin must consume it before it returns. Finished is to be called when that
// transaction ended.
func New(begin func(transaction uint32, ops []byte)) *Platter {
	return &Platter{begin: begin, pending: map[uint32]*commit{}}
}

// Commit implements vfs.Platter. Transactions on one store end in the order in
// which they began, so the next may begin before the last has ended (it
// belongs to another Disk then). Where a commit goes in pieces and one of them
// fails, those before it are durable, and the error is a vfs.TornError.
func (p *Platter) Commit(batch vfs.Batch, done func(error)) {
	if len(batch.Changes) == 0 || p.nowhere {
		done(nil)
		return
	}
	c := &commit{changes: batch.Changes, done: done, formats: batch.Changes[0].Op == vfs.OpFormat}
	if len(p.queue) > 0 {
		p.queue = append(p.queue, c)
		return
	}
	p.beginPiece(c)
	if len(c.changes) > 0 {
		p.queue = append(p.queue, c)
	}
}

// beginPiece begins a transaction with as much of c as one carries.
func (p *Platter) beginPiece(c *commit) {
	n, size := 0, 0
	for n < len(c.changes) && size < pieceBytes {
		size += len(c.changes[n].Data)
		n++
	}
	p.ops = AppendBatch(slices.Grow(p.ops[:0], size+64*n), vfs.Batch{Changes: c.changes[:n]})
	c.changes = c.changes[n:]
	if len(c.changes) == 0 && c.formats {
		p.ops = p.ops.Byte(byte(OpSettle))
	}
	c.begun++
	p.number++
	p.pending[p.number] = c
	p.begin(p.number, p.ops)
	if cap(p.ops) > 2*pieceBytes {
		p.ops = nil
	}
}

// goOn begins what can begin after a piece of the first commit has ended.
func (p *Platter) goOn() {
	for len(p.queue) > 0 {
		c := p.queue[0]
		if len(c.changes) > 0 {
			p.beginPiece(c)
		}
		if len(c.changes) > 0 {
			return
		}
		p.queue = p.queue[1:]
	}
}

// Finished ends a transaction. failure is "" or the name and the message of a
// DOMException; a quota that is used up becomes vfs.ErrNoSpace, all else
// vfs.ErrIO.
func (p *Platter) Finished(transaction uint32, failure string) {
	c := p.pending[transaction]
	if c == nil {
		return
	}
	delete(p.pending, transaction)
	if failure == "" && len(c.changes) > 0 {
		p.goOn()
		return
	}
	if len(c.changes) > 0 { // the rest makes no sense without this piece
		c.changes = nil
		p.goOn()
	}
	switch full := IsFull(failure); {
	case failure == "":
		c.done(nil)
	case full && c.begun == 1:
		c.done(phrase.Errorf("IndexedDB: %s: %w", failure, vfs.ErrNoSpace))
	case full:
		c.done(&vfs.TornError{Err: phrase.Errorf("IndexedDB: %s: %w", failure, vfs.ErrNoSpace)})
	default: // an aborted transaction leaves nothing, a lost connection who knows what
		c.done(&vfs.TornError{Err: phrase.Errorf("IndexedDB: %s: %w", failure, vfs.ErrIO)})
	}
}

// Surround gives a copy of a platter its surroundings: where its transactions
// go, and what is called when the newest commit is done (nil: nothing). Those
// before it are of disks that nobody asks any more.
func (p *Platter) Surround(begin func(transaction uint32, ops []byte), done func(error)) {
	p.begin = begin
	var newest *commit
	for _, number := range order.Keys(p.pending) {
		newest = p.pending[number]
		newest.done = func(error) {}
	}
	for _, c := range p.queue {
		newest = c
		newest.done = func(error) {}
	}
	if newest != nil && done != nil {
		newest.done = done
	}
}

// Busy tells whether a transaction is under way.
func (p *Platter) Busy() bool { return len(p.pending) > 0 }

// Settle ends all transactions that are under way, and those that follow, as if
// they had succeeded: they were another store's.
func (p *Platter) Settle() {
	for p.Busy() {
		p.Finished(order.Keys(p.pending)[0], "")
	}
}

// IsFull tells a quota that is used up from other failures.
func IsFull(failure string) bool { return strings.HasPrefix(failure, "QuotaExceededError") }

// Abandon is the end of the store: what is committed from now on is kept
// nowhere, and succeeds.
func (p *Platter) Abandon() { p.nowhere = true }

// AppendBatch writes a batch as store.js reads it: for each change its opcode
// and the fields that count, in the order of vfs.Change.
func AppendBatch(r bridge.Record, batch vfs.Batch) bridge.Record {
	changes := batch.Changes
	for i := 0; i < len(changes); i++ {
		c := changes[i]
		r = r.Byte(byte(c.Op))
		switch c.Op {
		case vfs.OpCreate:
			r = r.Int(int64(c.Inode)).Bool(c.Dir)
		case vfs.OpWrite:
			r = r.Int(int64(c.Inode)).Int(c.Offset)
			// Neighbours become one chunk.
			last, size := i, len(c.Data)
			for last+1 < len(changes) {
				next := changes[last+1]
				if next.Op != vfs.OpWrite || next.Inode != c.Inode || next.Offset != c.Offset+int64(size) {
					break
				}
				last, size = last+1, size+len(next.Data)
			}
			r = r.Length(size)
			for _, part := range changes[i : last+1] {
				r = append(r, part.Data...)
			}
			i = last
		case vfs.OpTruncate:
			r = r.Int(int64(c.Inode)).Int(c.Size)
		case vfs.OpFree:
			r = r.Int(int64(c.Inode))
		case vfs.OpLink:
			r = r.Int(int64(c.Parent)).String(c.Name).Int(int64(c.Inode))
		case vfs.OpUnlink:
			r = r.Int(int64(c.Parent)).String(c.Name)
		case vfs.OpRename:
			r = r.Int(int64(c.Parent)).String(c.Name).Int(int64(c.NewParent)).String(c.NewName).Int(int64(c.Inode))
		}
	}
	return r
}

// State is what store.js found, with its numbers.
type State uint8

// The states.
const (
	Kept    State = 0 // in IndexedDB, and ours
	Memory  State = 1 // files are kept nowhere
	Busy    State = 2 // another tab owns the store
	Unknown State = 3 // a format we do not know, or broken
	Raw     State = 4 // no files but Blobs, for a download
)

// Ask is what can be asked of store.js, with its numbers.
type Ask uint8

// What can be asked.
const (
	TakeOver Ask = 1
	Copy     Ask = 2
	Erase    Ask = 3
	Download Ask = 4
)

// Image is what store.js answers: a state, why, and what the store holds.
type Image struct {
	State   State
	Text    string
	Content vfs.Content
	Blobs   []Blob
}

// Blob is one stored record, whatever it means.
type Blob struct {
	Name string
	Data []byte
}

// ReadImage reads an image. Its bytes alias b.
func ReadImage(b []byte) (Image, error) {
	f := bridge.Read(b)
	im := Image{State: State(f.Byte()), Text: f.String()}
	if im.State == Raw {
		for n := f.Int(); n > 0 && f.More(); n-- {
			im.Blobs = append(im.Blobs, Blob{f.String(), f.Bytes()})
		}
		return im, f.Err()
	}
	for n := f.Int(); n > 0 && f.Err() == nil; n-- {
		in := vfs.StoredInode{ID: uint64(f.Int()), Dir: f.Bool(), Size: f.Int()}
		for k := f.Int(); k > 0 && f.Err() == nil; k-- {
			in.Chunks = append(in.Chunks, vfs.Chunk{Offset: f.Int(), Data: f.Bytes()})
		}
		im.Content.Inodes = append(im.Content.Inodes, in)
	}
	for n := f.Int(); n > 0 && f.Err() == nil; n-- {
		im.Content.Names = append(im.Content.Names, vfs.StoredName{Parent: uint64(f.Int()), Name: f.String(), Inode: uint64(f.Int())})
	}
	if f.Err() != nil {
		return im, errors.New("idb: image cut short")
	}
	return im, nil
}
