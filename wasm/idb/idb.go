// Package idb is the platter in IndexedDB: vfs.Platter on one side, packed
// records to and from store.js on the other. It is pure Go; only the caller
// knows how the records cross into JavaScript.
//
// The idea: one commit is one strict readwrite transaction. The disk gathers
// what waits while a commit is under way, so a transaction carries everything
// pending, and what is written next to each other becomes one chunk, because
// each record costs more than its bytes.
package idb

import (
	"errors"
	"strings"

	"everysec/engine/phrase"
	"everysec/engine/vfs"
	"everysec/wasm/bridge"
)

// Platter is a vfs.Platter whose transactions happen elsewhere.
type Platter struct {
	begin   func(transaction uint32, ops []byte)
	number  uint32
	pending map[uint32]func(error)
	ops     bridge.Record
}

// New returns a platter that hands each batch to begin, with a number, and
// begin must consume it before it returns. Finished is to be called when that
// transaction ended.
func New(begin func(transaction uint32, ops []byte)) *Platter {
	return &Platter{begin: begin, pending: map[uint32]func(error){}}
}

// Commit implements vfs.Platter. Transactions on one store end in the order in
// which they began, so the next may begin before the last has ended (it
// belongs to another Disk then).
func (p *Platter) Commit(batch vfs.Batch, done func(error)) {
	p.ops = AppendBatch(p.ops[:0], batch)
	if len(p.ops) == 0 {
		done(nil)
		return
	}
	p.number++
	p.pending[p.number] = done
	p.begin(p.number, p.ops)
	if cap(p.ops) > 1<<20 {
		p.ops = nil
	}
}

// Finished ends a transaction. failure is "" or the name and the message of a
// DOMException; a quota that is used up becomes vfs.ErrNoSpace.
func (p *Platter) Finished(transaction uint32, failure string) {
	done := p.pending[transaction]
	if done == nil {
		return
	}
	delete(p.pending, transaction)
	switch {
	case failure == "":
		done(nil)
	case strings.HasPrefix(failure, "QuotaExceededError"):
		done(phrase.Errorf("IndexedDB: %s: %w", failure, vfs.ErrNoSpace))
	default:
		done(phrase.Errorf("IndexedDB: %s: %w", failure, vfs.ErrIO))
	}
}

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
