// Package idbtest is the store of the page for tests: what store.js does, in
// memory.
package idbtest

import (
	"testing"

	"everysec/engine/vfs"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
)

// Store is an IndexedDB that holds one disk.
type Store struct {
	Content vfs.Content
	staged  *vfs.Content // between a format and what settles it
}

// Changes reads a transaction as store.js does.
func Changes(t testing.TB, ops []byte) (changes []vfs.Change) {
	t.Helper()
	f := bridge.Read(ops)
	for f.More() {
		c := vfs.Change{Op: vfs.Op(f.Byte())}
		id := func() uint64 { return uint64(f.Int()) }
		switch c.Op {
		case vfs.OpFormat, idb.OpSettle:
		case vfs.OpCreate:
			c.Inode, c.Dir = id(), f.Bool()
		case vfs.OpWrite:
			c.Inode, c.Offset, c.Data = id(), f.Int(), f.Bytes()
		case vfs.OpTruncate:
			c.Inode, c.Size = id(), f.Int()
		case vfs.OpFree:
			c.Inode = id()
		case vfs.OpLink:
			c.Parent, c.Name, c.Inode = id(), f.String(), id()
		case vfs.OpUnlink:
			c.Parent, c.Name = id(), f.String()
		case vfs.OpRename:
			c.Parent, c.Name, c.NewParent, c.NewName, c.Inode = id(), f.String(), id(), f.String(), id()
		default:
			t.Fatalf("opcode %d", c.Op)
		}
		changes = append(changes, c)
	}
	if f.Err() != nil {
		t.Fatal(f.Err())
	}
	return changes
}

// Apply runs a transaction of the store's, by the disk's own definition.
func (s *Store) Apply(t testing.TB, ops []byte) {
	t.Helper()
	var b vfs.Batch
	to, settled := &s.Content, false
	if s.staged != nil {
		to = s.staged
	}
	for _, c := range Changes(t, ops) {
		switch c.Op {
		case vfs.OpFormat:
			s.staged = &vfs.Content{}
			to = s.staged
		case idb.OpSettle:
			settled = true
			continue
		case vfs.OpUnlink: // which file it was does not cross
			for _, n := range to.Names {
				if n.Parent == c.Parent && n.Name == c.Name {
					c.Inode = n.Inode
				}
			}
			for _, e := range b.Changes { // or it came by this very batch
				if e.Op == vfs.OpLink && e.Parent == c.Parent && e.Name == c.Name || e.Op == vfs.OpRename && e.NewParent == c.Parent && e.NewName == c.Name {
					c.Inode = e.Inode
				}
			}
		}
		b.Changes = append(b.Changes, c)
	}
	if err := to.Apply(b); err != nil {
		t.Fatalf("a transaction that no store can run: %v", err)
	}
	if settled {
		s.Content, s.staged = *s.staged, nil
	}
}

// Image is what store.js would answer.
func (s *Store) Image(state idb.State, text string) []byte {
	r := bridge.Record(nil).Byte(uint8(state)).String(text)
	r = r.Int(int64(len(s.Content.Inodes)))
	for _, in := range s.Content.Inodes {
		r = r.Int(int64(in.ID)).Bool(in.Dir).Int(in.Size).Int(int64(len(in.Chunks)))
		for _, c := range in.Chunks {
			r = r.Int(c.Offset).Bytes(c.Data)
		}
	}
	r = r.Int(int64(len(s.Content.Names)))
	for _, n := range s.Content.Names {
		r = r.Int(int64(n.Parent)).String(n.Name).Int(int64(n.Inode))
	}
	return r
}
