package vfs

import (
	"slices"
	"strings"

	"everysec/engine/ds/order"
	"everysec/engine/phrase"
)

// Op is one kind of durable change.
type Op uint8

const (
	// OpFormat empties the platter: no inode but the root, no name.
	OpFormat Op = iota + 1
	// OpCreate: Inode now exists, empty. Dir tells a directory from a file.
	OpCreate
	// OpWrite: Data now stands at Offset of Inode. The file grows if Data ends
	// beyond its size; a gap between the old size and Offset reads as zeros.
	// Nearly every write is an append, but a flipped byte overwrites.
	OpWrite
	// OpTruncate: Inode is now Size bytes long; what it grows by is zeros.
	OpTruncate
	// OpFree: Inode and its bytes are gone. No name leads to it any more.
	OpFree
	// OpLink: Name in directory Parent now leads to Inode.
	OpLink
	// OpUnlink: Name in directory Parent is gone; it led to Inode.
	OpUnlink
	// OpRename: Inode moved from Name in Parent to NewName in NewParent; a name
	// that stood there is replaced.
	OpRename
)

var opNames = [...]string{"?", "format", "create", "write", "truncate", "free", "link", "unlink", "rename"}

func (o Op) String() string { return opNames[min(int(o), len(opNames)-1)] }

// RootInode is the data directory. It always exists and is never created.
const RootInode uint64 = 1

// Change is one thing that becomes durable; which fields count depends on Op.
// Data belongs to the disk and never changes: a platter may keep it, not write to it.
type Change struct {
	Op        Op
	Dir       bool
	Inode     uint64
	Parent    uint64
	NewParent uint64
	Name      string
	NewName   string
	Offset    int64 // bytes
	Size      int64 // bytes
	Data      []byte
}

// String is the change as the transcripts show it.
func (c Change) String() string {
	switch c.Op {
	case OpCreate:
		if c.Dir {
			return phrase.Sprintf("create inode %d dir", c.Inode)
		}
		return phrase.Sprintf("create inode %d", c.Inode)
	case OpWrite:
		return phrase.Sprintf("write inode %d at %d: %d bytes", c.Inode, c.Offset, len(c.Data))
	case OpTruncate:
		return phrase.Sprintf("truncate inode %d to %d", c.Inode, c.Size)
	case OpFree:
		return phrase.Sprintf("free inode %d", c.Inode)
	case OpLink, OpUnlink:
		return phrase.Sprintf("%v %d/%s inode %d", c.Op, c.Parent, c.Name, c.Inode)
	case OpRename:
		return phrase.Sprintf("rename %d/%s %d/%s inode %d", c.Parent, c.Name, c.NewParent, c.NewName, c.Inode)
	}
	return c.Op.String()
}

// Batch is what one transaction makes durable, in order, all of it or nothing.
type Batch struct{ Changes []Change }

// Bytes is the file content a batch carries.
func (b Batch) Bytes() int64 {
	var n int64
	for _, c := range b.Changes {
		n += int64(len(c.Data))
	}
	return n
}

// Platter is the part of a Disk that outlives the power.
type Platter interface {
	// Commit makes the batch durable and then calls done, exactly once: before
	// Commit returns or later, on the same thread. An error means that nothing
	// of the batch is durable, a TornError that nobody knows what of it is. A
	// Disk has one commit under way at a time.
	Commit(batch Batch, done func(error))
}

// TornError is the end of a commit of which only a part may be durable. The
// next commit of the Disk brings all its durable content, with OpFormat first;
// that commit must be durable whole or not at all.
type TornError struct{ Err error }

func (e *TornError) Error() string { return e.Err.Error() }

// Unwrap is what went wrong.
func (e *TornError) Unwrap() error { return e.Err }

// instant is the platter of a Disk without one: the Disk itself remembers what
// is durable, and its configured latency says when.
type instant struct{}

func (instant) Commit(_ Batch, done func(error)) { done(nil) }

// Content is everything on a platter. It is what Load reads, and with Apply the
// definition of what each Op means: a platter in IndexedDB that answers with
// the same Content after the same batches is correct.
type Content struct {
	Inodes []StoredInode // the root may be left out
	Names  []StoredName
}

// StoredInode is a file or directory without its name. Chunks are in the order
// written: where two overlap the later one counts. What no chunk covers is zeros.
type StoredInode struct {
	ID     uint64
	Dir    bool
	Size   int64
	Chunks []Chunk
}

// Chunk is a piece of a file.
type Chunk struct {
	Offset int64
	Data   []byte
}

// StoredName is one directory entry.
type StoredName struct {
	Parent uint64
	Name   string
	Inode  uint64
}

// Bytes is the file's content in one piece.
func (s *StoredInode) Bytes() []byte {
	b := make([]byte, s.Size)
	for _, c := range s.Chunks {
		if c.Offset < s.Size {
			copy(b[c.Offset:], c.Data)
		}
	}
	return b
}

// Apply makes a batch durable. On an error the content is unchanged.
func (c *Content) Apply(b Batch) error {
	next := Content{Inodes: slices.Clone(c.Inodes), Names: slices.Clone(c.Names)}
	for i, change := range b.Changes {
		if err := next.apply(change); err != nil {
			return phrase.Errorf("change %d (%v): %w", i, change, err)
		}
	}
	*c = next
	return nil
}

func (c *Content) inode(id uint64) int {
	return slices.IndexFunc(c.Inodes, func(s StoredInode) bool { return s.ID == id })
}

func (c *Content) name(parent uint64, name string) int {
	return slices.IndexFunc(c.Names, func(n StoredName) bool { return n.Parent == parent && n.Name == name })
}

func (c *Content) apply(ch Change) error {
	at := c.inode(ch.Inode)
	switch ch.Op {
	case OpFormat:
		*c = Content{}
		return nil
	case OpCreate:
		if at >= 0 || ch.Inode == RootInode {
			return ErrExist
		}
		c.Inodes = append(c.Inodes, StoredInode{ID: ch.Inode, Dir: ch.Dir})
		return nil
	}
	if at < 0 {
		return ErrNotExist
	}
	switch ch.Op {
	case OpWrite:
		in := &c.Inodes[at]
		in.Chunks = append(slices.Clip(in.Chunks), Chunk{ch.Offset, ch.Data})
		in.Size = max(in.Size, ch.Offset+int64(len(ch.Data)))
	case OpTruncate:
		in := &c.Inodes[at]
		var kept []Chunk
		for _, k := range in.Chunks {
			if k.Offset < ch.Size {
				kept = append(kept, Chunk{k.Offset, k.Data[:min(int64(len(k.Data)), ch.Size-k.Offset)]})
			}
		}
		in.Chunks, in.Size = kept, ch.Size
	case OpFree:
		c.Inodes = slices.Delete(c.Inodes, at, at+1)
	case OpLink:
		if c.name(ch.Parent, ch.Name) >= 0 {
			return ErrExist
		}
		c.Names = append(c.Names, StoredName{ch.Parent, ch.Name, ch.Inode})
	case OpUnlink, OpRename:
		i := c.name(ch.Parent, ch.Name)
		if i < 0 {
			return ErrNotExist
		}
		c.Names = slices.Delete(c.Names, i, i+1)
		if ch.Op == OpUnlink {
			return nil
		}
		if i := c.name(ch.NewParent, ch.NewName); i >= 0 {
			c.Names = slices.Delete(c.Names, i, i+1)
		}
		c.Names = append(c.Names, StoredName{ch.NewParent, ch.NewName, ch.Inode})
	default:
		return ErrInvalid
	}
	return nil
}

// check refuses content that no Disk can have written, and returns the inodes
// that no name leads to, sorted.
func (c *Content) check() (orphans []uint64, err error) {
	dir := map[uint64]bool{RootInode: true}
	for _, in := range c.Inodes {
		if _, twice := dir[in.ID]; twice && in.ID != RootInode || in.ID == 0 {
			return nil, phrase.Errorf("load: inode %d stored twice or zero: %w", in.ID, ErrInvalid)
		}
		if in.Size < 0 || in.Size > maxSize || in.ID == RootInode && !in.Dir {
			return nil, phrase.Errorf("load: inode %d of size %d: %w", in.ID, in.Size, ErrInvalid)
		}
		for _, k := range in.Chunks {
			if k.Offset < 0 || k.Offset > in.Size || int64(len(k.Data)) > in.Size-k.Offset {
				return nil, phrase.Errorf("load: inode %d has %d bytes at offset %d beyond its size %d: %w",
					in.ID, len(k.Data), k.Offset, in.Size, ErrInvalid)
			}
		}
		dir[in.ID] = in.Dir
	}
	children := map[uint64][]uint64{}
	named := map[uint64]bool{RootInode: true}
	seen := map[StoredName]bool{}
	for _, n := range c.Names {
		_, exists := dir[n.Inode]
		key := StoredName{Parent: n.Parent, Name: n.Name}
		switch clean, bad := CleanName(n.Name); {
		case bad != nil || clean != n.Name || n.Name == "." || strings.Contains(n.Name, "/"):
			return nil, phrase.Errorf("load: name %q in directory %d: %w", n.Name, n.Parent, ErrInvalid)
		case !exists:
			return nil, phrase.Errorf("load: name %q leads to inode %d: %w", n.Name, n.Inode, ErrNotExist)
		case seen[key] || named[n.Inode]:
			return nil, phrase.Errorf("load: name %q or inode %d twice: %w", n.Name, n.Inode, ErrExist)
		case !dir[n.Parent]:
			return nil, phrase.Errorf("load: name %q in inode %d: %w", n.Name, n.Parent, ErrNotDir)
		}
		seen[key], named[n.Inode] = true, true
		children[n.Parent] = append(children[n.Parent], n.Inode)
	}
	reached := map[uint64]bool{RootInode: true}
	for todo := []uint64{RootInode}; len(todo) > 0; {
		in := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, child := range children[in] { // a tree: every inode has one name at most
			reached[child] = true
			todo = append(todo, child)
		}
	}
	for _, id := range order.Keys(dir) {
		if !reached[id] {
			orphans = append(orphans, id)
		}
	}
	return orphans, nil
}
