// Package viewer looks into the files of a server, ours or another: an RDB
// file, an append-only file, a manifest. It knows neither a page nor a browser.
//
// A file is read once, in slices, by the same code that loads it. What remains
// of that is where each item begins and a line for each key; what single bytes
// mean is found out again, from the item that they belong to, when somebody
// looks at them. So a file of 64 MB needs its own bytes and a few more for each
// key, whatever is in it.
package viewer

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"everysec/engine/aof"
	"everysec/engine/object"
	"everysec/engine/rdb"
)

// Kind is what a file is.
type Kind string

// The kinds of files.
const (
	Snapshot   Kind = "RDB"
	AppendOnly Kind = "AOF"
	Manifest   Kind = "manifest"
	Unknown    Kind = "unknown"
)

// MaxSize is how large a file may be, in bytes: offsets have 32 bits.
const MaxSize = 1<<32 - 1

// File is a file that is looked into.
type File struct {
	Name string
	Kind Kind
	// Problem is where and why the reading ended early, nil if it did not.
	Problem *Problem

	data    []byte
	now     int64 // Unix milliseconds
	done    bool
	end     int64 // of what has been read
	items   []item
	entries []entry
	// loads is set for a file that begins as an RDB file.
	loads    bool
	trailing bool        // something follows the end of an RDB file
	snapshot *rdb.Walker // one of the two, or none
	commands *aof.Walker
	summary  summary

	pending  entry // the key whose value has not been read yet
	prefixed bool  // something before it is there

	shown []uint32 // entries that the list shows, in its order; nil: all
}

// Problem is what everysec-check would say.
type Problem struct {
	Offset int64 // bytes from the start of the file
	Reason string
	Info   []string // more about it
}

// item is what is dissected at once: a header, an opcode with what belongs to
// it, a key with its value, a command. It ends where the next begins.
type item struct {
	at    uint32
	entry uint32 // the key or command that it belongs to, plus 1; 0 for none
}

// entry is a line of the list: a key of a snapshot, or a command.
type entry struct {
	at, keyAt, valueAt, end uint32
	db                      uint16
	command                 bool
	kind                    object.Type
	encoding                object.Encoding
	form                    byte // the RDB type
	elements                uint32
	memory                  int64 // bytes
	expireAt                int64 // Unix milliseconds, 0 for none
}

// Open begins to look into a file. now is Unix milliseconds, for what has
// expired. The file keeps data.
func Open(name string, data []byte, now int64) (*File, error) {
	if int64(len(data)) > MaxSize {
		return nil, errors.New(name + " has more than 4 GB")
	}
	f := &File{Name: name, data: data, now: now}
	f.summary.init()
	reader := bytes.NewReader(data)
	size, base := int64(len(data)), name[strings.LastIndexByte(name, '/')+1:]
	f.loads = aof.HasPreamble(reader)
	switch {
	case strings.HasSuffix(base, ".manifest") || !f.loads && aof.IsManifest(data[:min(len(data), 64<<10)]):
		f.Kind = Manifest
	case strings.Contains(base, ".aof") || !f.loads && size > 0 && (data[0] == '*' || data[0] == '#'):
		f.Kind = AppendOnly
		f.commands = aof.NewWalker(reader, size, name, f.command)
	case f.loads || strings.HasSuffix(base, ".rdb"):
		f.Kind = Snapshot
		f.snapshot = rdb.NewWalker(reader, size, name, f.span)
	default:
		f.Kind = Unknown
	}
	return f, nil
}

// Size is the number of bytes of the file.
func (f *File) Size() int64 { return int64(len(f.data)) }

// Done tells whether all has been read that can be.
func (f *File) Done() bool { return f.done }

// Read is how far the file has been read, in bytes.
func (f *File) Read() int64 {
	switch {
	case f.done:
		return f.Size()
	case f.snapshot != nil:
		return f.snapshot.Offset()
	case f.commands != nil:
		return f.commands.Offset()
	}
	return 0
}

// Step reads about budget bytes and tells whether that was all.
func (f *File) Step(budget int64) bool {
	if f.done {
		return true
	}
	var done bool
	var err error
	switch {
	case f.snapshot != nil:
		done, err = f.snapshot.Next(budget)
	case f.commands != nil:
		done, err = f.commands.Next(budget)
	default:
		done, err = true, f.readManifest()
	}
	if done || err != nil {
		f.finish(err)
	}
	return f.done
}

func (f *File) finish(err error) {
	f.done = true
	if err != nil {
		f.fail(err)
	}
	if rest := f.Size() - f.end; rest > 0 {
		f.add(f.end, 0)
		if f.snapshot != nil && f.Problem == nil {
			f.trailing = true
			f.Problem = &Problem{f.end, strconv.FormatInt(rest, 10) + " bytes follow, which no server reads", nil}
		}
	}
	f.summary.version = f.version()
}

// fail says where and why the reading ended, in the words of everysec-check.
func (f *File) fail(err error) {
	p := &Problem{Offset: f.end, Reason: err.Error()}
	if offset, reason, ok := aof.Expected(err); ok {
		p.Offset, p.Reason = offset, reason
		p.Info = append(p.Info, "AOF analyzed: size="+strconv.FormatInt(f.Size(), 10)+", ok_up_to="+strconv.FormatInt(f.commands.ValidUpTo(), 10)+
			", diff="+strconv.FormatInt(f.Size()-f.commands.ValidUpTo(), 10))
	} else if s, ok := f.rdbSummary(); ok {
		p.Offset, p.Reason, p.Info = s.Problem(err)
	}
	f.Problem = p
}

func (f *File) rdbSummary() (rdb.Summary, bool) {
	switch {
	case f.snapshot != nil:
		return f.snapshot.Summary(), true
	case f.commands != nil:
		return f.commands.RDB()
	}
	return rdb.Summary{}, false
}

// version is that of an RDB file, 0 before it is known.
func (f *File) version() int {
	s, _ := f.rdbSummary()
	return s.Version
}

func (f *File) dialect() rdb.Dialect {
	return rdb.Dialect{Version: f.version(), Valkey: len(f.data) > 0 && f.data[0] == 'V'}
}

func (f *File) add(at int64, entry int) { f.items = append(f.items, item{uint32(at), uint32(entry)}) }

// span takes a piece of an RDB file.
func (f *File) span(s rdb.Span) {
	f.end = s.Offset + s.Length
	next := len(f.entries) + 1 // the entry that is on its way
	switch s.What {
	case "expiry", "idle time", "frequency":
		f.prefix(s.Offset)
		f.add(s.Offset, next)
	case "key":
		f.prefix(s.Offset)
		f.add(s.Offset, next)
		f.pending.keyAt = uint32(s.Offset)
	case "value":
		e := f.pending
		f.pending, f.prefixed = entry{}, false
		e.valueAt, e.end, e.db = uint32(s.Offset), uint32(f.end), uint16(s.DB)
		e.form = f.data[e.keyAt]
		e.kind = object.Module
		if v := s.Value; v != nil {
			e.kind, e.encoding, e.memory, e.expireAt = v.Type, v.Encoding, v.Memory, v.ExpireAt
			e.elements = uint32(min(v.Elements, MaxSize))
		}
		f.entries = append(f.entries, e)
		f.summary.key(f, len(f.entries)-1, s.Key, s.Type)
	case "checksum":
	default:
		f.add(s.Offset, 0)
		f.summary.other(f.data[s.Offset:f.end], s.What)
	}
}

// prefix notes where the bytes of a key begin.
func (f *File) prefix(at int64) {
	if !f.prefixed {
		f.prefixed, f.pending.at = true, uint32(at)
	}
}

// command takes a piece of an append-only file.
func (f *File) command(s aof.Span) {
	if s.RDB != nil {
		f.span(*s.RDB)
		return
	}
	f.end = s.Offset + s.Length
	if s.Words == nil {
		f.add(s.Offset, 0)
		f.summary.annotation(s.Annotation)
		return
	}
	e := entry{at: uint32(s.Offset), keyAt: uint32(s.Offset), valueAt: uint32(s.Offset), end: uint32(f.end), command: true, elements: uint32(min(len(s.Words), MaxSize))}
	f.entries = append(f.entries, e)
	f.add(s.Offset, len(f.entries))
	f.summary.command(f, len(f.entries)-1, s.Words)
}

// readManifest makes an item of each line. Of a file of another kind all is one.
func (f *File) readManifest() error {
	if f.Kind != Manifest {
		return nil
	}
	for at := 0; at < len(f.data); {
		f.add(int64(at), 0)
		n := bytes.IndexByte(f.data[at:], '\n')
		if n < 0 {
			at = len(f.data)
		} else {
			at += n + 1
		}
	}
	f.end = f.Size()
	_, err := aof.ParseManifest(f.Name, f.data)
	var bad *aof.ManifestError
	if errors.As(err, &bad) && bad.Line <= len(f.items) {
		f.end = int64(f.items[bad.Line-1].at)
		f.items = f.items[:bad.Line-1]
	}
	return err
}

// itemAt is the index of the item that a byte belongs to, -1 before anything
// has been read so far.
func (f *File) itemAt(offset int64) int {
	i, found := slices.BinarySearchFunc(f.items, offset, func(e item, offset int64) int {
		switch at := int64(e.at); {
		case at < offset:
			return -1
		case at > offset:
			return 1
		}
		return 0
	})
	if found {
		return i
	}
	return i - 1
}

// itemEnd is where an item ends.
func (f *File) itemEnd(i int) int64 {
	if i+1 < len(f.items) {
		return int64(f.items[i+1].at)
	}
	if f.done {
		return f.Size()
	}
	return f.end
}

// Part is a piece of the file that means one thing.
type Part struct {
	rdb.Part     // its offset is from the start of the file
	Entry    int // the entry that it belongs to, -1 for none
}

// Parts shows what the bytes from one offset on and before another mean. The
// parts follow each other; the first may begin earlier, and the last end later.
// While the file is being read, what is not known yet is missing.
func (f *File) Parts(from, to int64, see func(Part)) {
	from, to = max(from, 0), min(to, f.Size())
	for i := max(f.itemAt(from), 0); i < len(f.items) && int64(f.items[i].at) < to; i++ {
		at, end := int64(f.items[i].at), f.itemEnd(i)
		body, entry := f.data[at:end], int(f.items[i].entry)-1
		if entry >= len(f.entries) {
			entry = -1 // its value could not be read
		}
		show := func(p rdb.Part) {
			if p.Name == "unread" && f.Problem != nil {
				p.Says = f.Problem.Reason + ", at offset " + strconv.FormatInt(f.Problem.Offset, 10)
			}
			p.Offset += at
			see(Part{p, entry})
		}
		whole := func(name, says string) {
			show(rdb.Part{Length: end - at, Name: name, Says: says})
		}
		switch {
		case f.Kind == Unknown:
			whole("bytes", "this is no RDB file, no append-only file and no manifest")
		case f.Kind == Manifest && at >= f.end:
			whole("unread", "")
		case f.Kind == Manifest:
			whole("line", manifestLine(body))
		case f.trailing && at >= f.end:
			whole("unread", "")
		case f.inSnapshot(at):
			rdb.Dissect(body, f.dialect(), from-at, to-at, show)
		default:
			aof.Dissect(body, from-at, to-at, show)
		}
	}
}

// inSnapshot tells whether an offset is in RDB form.
func (f *File) inSnapshot(at int64) bool {
	if f.Kind == Snapshot {
		return true
	}
	preamble, ok := f.commands.Preamble()
	return f.loads && (!ok || at < preamble)
}

func manifestLine(line []byte) string {
	m, err := aof.ParseManifest("", line)
	switch {
	case err != nil:
		return rdb.Quote(line)
	case m.Base != nil:
		return "the base, file " + rdb.Quote([]byte(m.Base.Name)) + ", number " + strconv.FormatInt(m.Base.Sequence, 10) + ": it is loaded first"
	case len(m.Incr) > 0:
		return "an increment, file " + rdb.Quote([]byte(m.Incr[0].Name)) + ", number " + strconv.FormatInt(m.Incr[0].Sequence, 10) + ": loaded after the base, in this order"
	case len(m.History) > 0:
		return "history, file " + rdb.Quote([]byte(m.History[0].Name)) + ": a rewrite has replaced it, and it may be removed"
	}
	return "a comment"
}

// Record is the item around an offset, and its neighbours.
type Record struct {
	Start, End     int64
	Previous, Next int64 // where the item before begins, and the next; -1: there is none
	Entry          int   // -1 for none
}

// RecordAt finds the item that a byte belongs to.
func (f *File) RecordAt(offset int64) (Record, bool) {
	i := f.itemAt(offset)
	if i < 0 || offset >= f.itemEnd(i) {
		return Record{}, false
	}
	r := Record{Start: int64(f.items[i].at), End: f.itemEnd(i), Previous: -1, Next: -1, Entry: int(f.items[i].entry) - 1}
	if r.Entry >= len(f.entries) {
		r.Entry = -1
	}
	if i > 0 {
		r.Previous = int64(f.items[i-1].at)
	}
	if i+1 < len(f.items) {
		r.Next = int64(f.items[i+1].at)
	}
	return r, true
}
