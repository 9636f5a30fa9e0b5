package app

import (
	"sort"
	"strings"
)

// Folder is all keys whose names begin alike, up to a colon.
type Folder struct {
	Name    string  // what its keys begin with, its colon included; "" is the root
	Count   int64   // keys that the filter shows, in its folders too
	Memory  int64   // bytes of these
	Durable Durable // of the least durable one
	Open    bool
	Folders []*Folder
	Slots   []int32 // of its own keys, in no order

	parent *Folder
	index  map[string]*Folder
	shown  int // how many entries are listed when it is open
	gone   bool
}

const (
	maxDepth   = 8 // of folders; the rest of a key is its name
	treeFolder = 100
)

// Label is the part of the name that its parent does not have.
func (f *Folder) Label() string {
	if f.parent == nil {
		return ""
	}
	return KeyName(f.Name[len(f.parent.Name):])
}

// Glob is the pattern that fits the keys of the folder.
func (f *Folder) Glob() string {
	var b strings.Builder
	for i := range len(f.Name) {
		if strings.IndexByte(`*?[]\^`, f.Name[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(f.Name[i])
	}
	return b.String() + "*"
}

func (f *Folder) find(key string) *Folder {
	for at := 0; strings.Count(f.Name, ":") < maxDepth; {
		i := strings.IndexByte(key[at:], ':')
		if i < 0 {
			break
		}
		at += i + 1
		child := f.index[key[len(f.Name):at]]
		if child == nil {
			child = &Folder{Name: key[:at], parent: f, shown: treeFolder}
			if f.index == nil {
				f.index = map[string]*Folder{}
			}
			f.index[key[len(f.Name):at]] = child
			f.Folders = append(f.Folders, child)
		}
		f = child
	}
	return f
}

func (f *Folder) reset() {
	f.Count, f.Memory, f.Durable, f.Slots = 0, 0, InSnapshot, f.Slots[:0]
	for _, child := range f.Folders {
		child.reset()
	}
}

func (f *Folder) prune() {
	keep := f.Folders[:0]
	for _, child := range f.Folders {
		if child.Count == 0 {
			child.discard()
			delete(f.index, child.Name[len(f.Name):])
			continue
		}
		child.prune()
		keep = append(keep, child)
	}
	clear(f.Folders[len(keep):])
	f.Folders = keep
}

func (f *Folder) discard() {
	f.gone = true
	for _, child := range f.Folders {
		child.discard()
	}
}

// Tree sorts the keys that the filter shows into folders. A folder stays the
// same one for as long as it has keys.
func (m *Model) Tree() *Folder {
	k := m.Keyspace()
	if k.root == nil {
		k.root = &Folder{Open: true, shown: treeFolder}
	}
	k.root.reset()
	for i := range k.Cells {
		c := &k.Cells[i]
		if !c.Live || c.Hidden {
			continue
		}
		if c.folder == nil || c.folder.gone {
			c.folder = k.root.find(c.Key)
		}
		f, d := c.folder, m.Durable(c)
		f.Slots = append(f.Slots, int32(i))
		for ; f != nil; f = f.parent {
			f.Count++
			f.Memory += c.Memory
			f.Durable = min(f.Durable, d)
		}
	}
	k.root.prune()
	return k.root
}

// TreeRow is a row of the tree: a folder, a key, or how many of a folder's
// entries are left out.
type TreeRow struct {
	Depth  int
	Folder *Folder
	Slot   int   // of a key; -1
	More   int64 // entries that Folder has beside those listed; 0: this is no such row
}

// TreeRows lists what the open folders hold, folders first, each by name.
func (m *Model) TreeRows() []TreeRow {
	return m.Keyspace().rows(nil, m.Tree(), 0)
}

func (k *Keyspace) rows(out []TreeRow, f *Folder, depth int) []TreeRow {
	folders := first{limit: f.shown}
	for i, child := range f.Folders {
		folders.add(child.Name, int32(i))
	}
	for _, e := range folders.entries {
		child := f.Folders[e.item]
		out = append(out, TreeRow{Depth: depth, Folder: child, Slot: -1})
		if child.Open {
			out = k.rows(out, child, depth+1)
		}
	}
	keys := first{limit: f.shown - len(folders.entries)}
	for _, slot := range f.Slots {
		keys.add(k.Cells[slot].Key, slot)
	}
	for _, e := range keys.entries {
		out = append(out, TreeRow{Depth: depth, Slot: int(e.item)})
	}
	if n := len(f.Folders) + len(f.Slots) - len(folders.entries) - len(keys.entries); n > 0 {
		out = append(out, TreeRow{Depth: depth, Folder: f, Slot: -1, More: int64(n)})
	}
	return out
}

// first keeps the first few of many by name. Those that come later than all it
// has cost a comparison.
type first struct {
	limit   int
	entries []entry
}

type entry struct {
	name string
	item int32
}

func (f *first) add(name string, item int32) {
	n := len(f.entries)
	if n >= f.limit {
		if n == 0 || name >= f.entries[n-1].name {
			return
		}
		n--
	} else {
		f.entries = append(f.entries, entry{})
	}
	at := sort.Search(n, func(i int) bool { return f.entries[i].name > name })
	copy(f.entries[at+1:], f.entries[at:])
	f.entries[at] = entry{name, item}
}
