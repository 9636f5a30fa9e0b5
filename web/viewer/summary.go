package viewer

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"everysec/engine/aof"
	"everysec/engine/ds/order"
	"everysec/engine/object"
	"everysec/engine/rdb"
)

// Group is a line of the summary.
type Group struct {
	Name          string
	Count         int64
	Bytes, Memory int64 // in the file; as MEMORY USAGE would say
}

// Summary is what a file holds, as far as it has been read.
type Summary struct {
	Version    int         // of the RDB form, 0 without one
	Fields     [][2]string // about the file
	Functions  []string    // first lines of libraries
	Keys       int64
	Memory     int64 // of all keys, bytes
	Databases  []Group
	Types      []Group
	Encodings  []Group // type, encoding in memory and form in the file
	Prefixes   []Group // of keys, up to the first colon; largest first
	Expiries   []Group // by how far they are away
	Biggest    []Entry
	Commands   []Group
	Touched    []Group // prefixes of the commands' first keys
	CommandSum int64
	From, To   int64 // Unix seconds that annotations tell, 0 without
}

// Limits of what a summary keeps and tells.
const (
	maxPrefixes = 10_000
	maxTold     = 25
	maxFields   = 100
)

// OtherPrefixes is where prefixes beyond the first 10,000 are counted,
// NoPrefix where keys without a colon are.
const (
	OtherPrefixes = "(others)"
	NoPrefix      = "(no prefix)"
)

type summary struct {
	version                int
	fields                 [][2]string
	functions              []string
	groups                 [kinds]map[string]*Group
	expiries               [len(expiryNames)]int64
	biggest                []uint32 // entries, the largest first
	keys, memory, commands int64
	from, to               int64
}

// What is counted in groups.
const (
	databases = iota
	types
	encodings
	prefixes
	commandNames
	touched
	kinds
)

var expiryNames = [...]string{"never", "in the past", "within a minute", "within an hour", "within a day", "within a week", "within 30 days", "later"}

var expiryLimits = [...]int64{0, 60_000, 3_600_000, 86_400_000, 7 * 86_400_000, 30 * 86_400_000}

func (s *summary) init() {
	for kind := range s.groups {
		s.groups[kind] = map[string]*Group{}
	}
}

// count adds to a group; beyond the first 10,000 all are one.
func (s *summary) count(kind int, name []byte, times, size, memory int64) {
	groups := s.groups[kind]
	g := groups[string(name)]
	if g == nil && len(groups) >= maxPrefixes {
		name = []byte(OtherPrefixes)
		g = groups[OtherPrefixes]
	}
	if g == nil {
		g = &Group{Name: string(name)}
		groups[g.Name] = g
	}
	g.Count += times
	g.Bytes += size
	g.Memory += memory
}

// merge adds what another file holds.
func (s *summary) merge(other *summary) {
	s.version = max(s.version, other.version)
	s.fields = append(s.fields, other.fields...)
	s.functions = append(s.functions, other.functions...)
	for kind, groups := range other.groups {
		for _, name := range order.Keys(groups) {
			g := groups[name]
			s.count(kind, []byte(name), g.Count, g.Bytes, g.Memory)
		}
	}
	for i, n := range other.expiries {
		s.expiries[i] += n
	}
	s.keys += other.keys
	s.memory += other.memory
	s.commands += other.commands
	if s.from == 0 {
		s.from = other.from
	}
	s.to = max(s.to, other.to)
}

func (s *summary) key(f *File, index int, key []byte, form string) {
	e := &f.entries[index]
	size := int64(e.end - e.at)
	s.keys++
	s.memory += e.memory
	var name [80]byte
	kind, encoding := e.kind.String(), e.encoding.String()
	if e.kind == object.Module {
		kind, encoding = "module", "unknown"
	}
	s.count(databases, strconv.AppendInt(append(name[:0], "db"...), int64(e.db), 10), 1, size, e.memory)
	s.count(types, append(name[:0], kind...), 1, size, e.memory)
	b := append(append(append(name[:0], kind...), ' '), encoding...)
	b = append(append(append(b, ", "...), form...), " in the file"...)
	s.count(encodings, b, 1, size, e.memory)
	s.count(prefixes, prefixOf(key), 1, size, e.memory)
	s.expiries[expiryClass(e.expireAt, f.now)]++
	s.big(f, index)
}

func expiryClass(at, now int64) int {
	if at == 0 {
		return 0
	}
	for i, limit := range expiryLimits {
		if at-now <= limit {
			return i + 1
		}
	}
	return len(expiryLimits) + 1
}

// prefixOf is where a key is counted.
func prefixOf(key []byte) []byte {
	if i := bytes.IndexByte(key, ':'); i >= 0 {
		return key[:min(i+1, 100)]
	}
	return []byte(NoPrefix)
}

// big remembers the largest entries.
func (s *summary) big(f *File, index int) {
	w := weight(&f.entries[index])
	if n := len(s.biggest); n == maxTold {
		if weight(&f.entries[s.biggest[n-1]]) >= w {
			return
		}
		s.biggest = s.biggest[:n-1]
	}
	i := len(s.biggest)
	for i > 0 && weight(&f.entries[s.biggest[i-1]]) < w {
		i--
	}
	s.biggest = slices.Insert(s.biggest, i, uint32(index))
}

// other takes an item that is no key.
func (s *summary) other(item []byte, what string) {
	switch {
	case what == "field" && len(s.fields) < maxFields:
		name, value := rdb.ItemPair(item)
		s.fields = append(s.fields, [2]string{text(name), text(value)})
	case what == "function library" && len(s.functions) < maxFields:
		line, _, _ := bytes.Cut(rdb.ItemKey(item), []byte("\n"))
		s.functions = append(s.functions, text(line))
	}
}

// text is bytes as they are if they can be shown, and quoted if not.
func text(b []byte) string {
	quoted := rdb.Quote(b)
	if quoted == `"`+string(b)+`"` {
		return string(b)
	}
	return quoted
}

func (s *summary) annotation(line []byte) {
	digits, is := bytes.CutPrefix(line, []byte("#TS:"))
	if seconds, err := strconv.ParseInt(string(digits), 10, 64); is && err == nil {
		if s.from == 0 {
			s.from = seconds
		}
		s.to = seconds
	}
}

func (s *summary) command(f *File, index int, words [][]byte) {
	e := &f.entries[index]
	size := int64(e.end - e.at)
	s.commands++
	name := append([]byte(nil), words[0][:min(len(words[0]), 60)]...)
	for i, c := range name {
		if c >= 'a' && c <= 'z' {
			name[i] = c - 32
		}
	}
	s.count(commandNames, name, 1, size, 0)
	if key := aof.FirstKey(words); key != nil {
		s.count(touched, prefixOf(key), 1, size, 0)
	}
	s.big(f, index)
}

// Summary is what has been read so far.
func (f *File) Summary() Summary {
	out := f.summary.told()
	for _, i := range f.summary.biggest {
		out.Biggest = append(out.Biggest, f.Entry(int(i)))
	}
	return out
}

// told is all but the largest entries.
func (s *summary) told() Summary {
	out := Summary{
		Version: s.version, Fields: s.fields, Functions: s.functions, Keys: s.keys, Memory: s.memory, CommandSum: s.commands,
		Databases: sorted(s.groups[databases]), Types: sorted(s.groups[types]), Encodings: sorted(s.groups[encodings]),
		Prefixes: sorted(s.groups[prefixes]), Commands: sorted(s.groups[commandNames]), Touched: sorted(s.groups[touched]),
		From: s.from, To: s.to,
	}
	for i, n := range s.expiries {
		if n > 0 && s.keys > 0 {
			out.Expiries = append(out.Expiries, Group{Name: expiryNames[i], Count: n})
		}
	}
	return out
}

// sorted are the largest groups.
func sorted(groups map[string]*Group) []Group {
	var list []Group
	for _, g := range groups {
		list = append(list, Group{text([]byte(g.Name)), g.Count, g.Bytes, g.Memory})
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Memory, a.Memory), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	if len(list) > maxTold {
		rest := Group{Name: "(" + strconv.Itoa(len(list)-maxTold) + " more)"}
		for _, g := range list[maxTold:] {
			rest.Count += g.Count
			rest.Bytes += g.Bytes
			rest.Memory += g.Memory
		}
		list = append(list[:maxTold], rest)
	}
	return list
}
