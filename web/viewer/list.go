package viewer

import (
	"bytes"
	"cmp"
	"slices"

	"everysec/engine/aof"
	"everysec/engine/rdb"
)

// Entry is a key of a snapshot, or a command.
type Entry struct {
	Index      int
	Start, End int64  // its bytes, with those that say when it expires
	Label      string // the key, or the command with its first argument
	Command    bool
	DB         int
	Type       string // as TYPE says, "" for a command
	Encoding   string // as OBJECT ENCODING would say
	Form       string // the RDB type
	Elements   int64  // words of a command, bytes of a string
	Memory     int64  // bytes that MEMORY USAGE would say, 0 for a command
	ExpireAt   int64  // Unix milliseconds, 0 for none
	File       string // that it is in, "" where only one is spoken of
}

// weight is how large it is: of a key in memory, of a command in the file.
func (e Entry) weight() int64 {
	if e.Command {
		return e.End - e.Start
	}
	return e.Memory
}

// Entry is one line of the list.
func (f *File) Entry(i int) Entry {
	e := &f.entries[i]
	out := Entry{Index: i, Start: int64(e.at), End: int64(e.end), Label: rdb.Quote(f.name(e)), Command: e.command, Elements: int64(e.elements)}
	if e.command {
		out.Label = commandLabel(f.words(e, 2))
		return out
	}
	out.DB, out.Type, out.Form, out.Memory, out.ExpireAt = int(e.db), e.kind.String(), rdb.TypeName(e.form), e.memory, e.expireAt
	if out.Encoding = e.encoding.String(); e.memory == 0 {
		out.Type, out.Encoding = "module", ""
	}
	return out
}

func (f *File) words(e *entry, most int) [][]byte { return aof.Words(f.data[e.at:e.end], most) }

// name is a key as bytes, or the name and the first argument of a command.
func (f *File) name(e *entry) []byte {
	if e.command {
		return bytes.Join(f.words(e, 2), []byte(" "))
	}
	return rdb.ItemKey(f.data[e.keyAt:e.valueAt])
}

func commandLabel(words [][]byte) string {
	if len(words) == 0 {
		return ""
	}
	label := string(words[0])
	if quoted := rdb.Quote(words[0]); quoted != `"`+label+`"` {
		label = quoted
	}
	if len(words) > 1 {
		label += " " + rdb.Quote(words[1])
	}
	return label
}

// Order is how the list is sorted.
type Order string

// The orders.
const (
	InFile  Order = "file"
	Largest Order = "memory" // commands by their bytes
	Soonest Order = "expiry" // what never expires last
)

// List chooses what the list shows: entries with a text in their name, without
// regard to the case of ASCII letters, in an order. It returns how many there are.
func (f *File) List(text string, order Order) int {
	if f.shown = nil; text == "" && order == InFile {
		return len(f.entries)
	}
	wanted := lower([]byte(text))
	f.shown = []uint32{}
	var name []byte
	for i := range f.entries {
		name = append(name[:0], f.name(&f.entries[i])...)
		if text == "" || bytes.Contains(lower(name), wanted) {
			f.shown = append(f.shown, uint32(i))
		}
	}
	by := func(key func(e *entry) int64) {
		slices.SortStableFunc(f.shown, func(a, b uint32) int { return cmp.Compare(key(&f.entries[a]), key(&f.entries[b])) })
	}
	switch order {
	case Largest:
		by(func(e *entry) int64 { return -weight(e) })
	case Soonest:
		by(func(e *entry) int64 {
			if e.expireAt == 0 {
				return 1<<63 - 1
			}
			return e.expireAt
		})
	}
	return len(f.shown)
}

// Listed is how many entries the list shows.
func (f *File) Listed() int {
	if f.shown == nil {
		return len(f.entries)
	}
	return len(f.shown)
}

// Lines are entries of the list from a place on, at most n.
func (f *File) Lines(from, n int) []Entry {
	var lines []Entry
	for i := max(from, 0); i < f.Listed() && len(lines) < n; i++ {
		at := i
		if f.shown != nil {
			at = int(f.shown[i])
		}
		lines = append(lines, f.Entry(at))
	}
	return lines
}

// PlaceOf is where the list shows an entry, -1 if it does not.
func (f *File) PlaceOf(entry int) int {
	if f.shown == nil {
		return entry
	}
	return slices.Index(f.shown, uint32(entry))
}

// weight is what the largest entries have most of.
func weight(e *entry) int64 {
	if e.command {
		return int64(e.end - e.at)
	}
	return e.memory
}

// lower makes ASCII letters small, in place.
func lower(b []byte) []byte {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return b
}
