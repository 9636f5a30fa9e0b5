package app

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"

	"everysec/engine/ds/geohash"
	"everysec/engine/ds/hyperloglog"
	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/web/console"
	"everysec/web/words"
)

// Inspector shows one key, its value a page at a time.
type Inspector struct {
	DB       int
	Key      string
	Cut      int // the length of a name of which only Key is known; 0: all of it is
	Gone     bool
	Type     string
	Encoding string
	Turns    []Turn
	Memory   int64
	Elements int64
	ExpireAt int64 // milliseconds since 1970; 0: never
	Durable  Durable
	Change   uint64

	As      Form   // how the value is shown
	Forms   []Form // how it can be
	Value   []Row
	More    int64                  // elements after those in Value; -1: unknown
	Version int                    // counts the changes of what follows
	Note    string                 // about the whole value, or why there is none
	Groups  []Row                  // of a stream, each followed by its consumers
	Points  []Place                // AsPlaces
	HLL     *hyperloglog.Registers // AsRegisters

	starts  []string // where the pages before this one began
	at      string   // where this one begins; "" is the beginning
	next    string   // where the next one does; "" is nowhere
	least   float64  // the range of all scores
	most    float64
	chosen  bool // the learner chose the form
	stale   bool
	loading bool
	askedAt int64
}

// Row is one element of a value: a field, a member with its score, an index.
type Row struct {
	Name, Value string
	Note        string  // what else there is to say
	Bar         float64 // 0 to 1, if the element has a bar
	Barred      bool
}

// Form is how a value is shown.
type Form string

// The forms that a learner can choose between.
const (
	AsText      Form = "text"
	AsHex       Form = "hex"
	AsBits      Form = "bits"
	AsRegisters Form = "registers"
	AsRanks     Form = "ranks"
	AsPlaces    Form = "map"
)

// Place is a member of a geo index.
type Place struct {
	Name string
	geohash.Point
}

// The learner reads on.
type (
	// InspectAs chooses the form.
	InspectAs struct{ Form Form }
	// InspectPage goes to the next page, or back.
	InspectPage struct{ Back bool }
)

const (
	inspectRows  = 50
	inspectBytes = 2048 // of a string, as text
	bitmapBytes  = 256  // as bits
	maxRegisters = 64 << 10
	maxPlaces    = 500
	maxElement   = 1024 // bytes of an element that are shown
	refresh      = 100_000
)

func (m *Model) inspect(key *string) {
	m.mark(PartInspector | PartKeyspace)
	if key == nil {
		m.Inspector = nil
		return
	}
	m.Inspector = &Inspector{DB: m.DB, Key: *key, stale: true}
}

func (m *Model) turnPage(message Message) {
	in := m.Inspector
	if in == nil {
		return
	}
	switch msg := message.(type) {
	case InspectAs:
		in.As, in.chosen = msg.Form, true
		in.starts, in.at = nil, ""
	case InspectPage:
		if n := len(in.starts); msg.Back && n > 0 {
			in.at, in.starts = in.starts[n-1], in.starts[:n-1]
		} else if !msg.Back && in.next != "" {
			in.starts, in.at = append(in.starts, in.at), in.next
		}
	}
	in.stale, in.askedAt = true, 0
	in.changed(m)
}

func (in *Inspector) changed(m *Model) {
	in.Version++
	m.mark(PartInspector)
}

// Earlier and Later tell whether there are pages on that side.
func (in *Inspector) Earlier() bool { return len(in.starts) > 0 }

// Later tells whether there is a page after this one.
func (in *Inspector) Later() bool { return in.next != "" }

// freshen asks for the value again when the key has changed.
func (m *Model) freshen() {
	in := m.Inspector
	if in == nil {
		return
	}
	space := m.keyspace(in.DB)
	cell := space.Find(in.Key)
	if cell == nil {
		if !in.Gone {
			in.Gone = true
			m.mark(PartInspector)
		}
		return
	}
	if in.Gone {
		in.Gone, in.stale = false, true
	}
	if in.Type != "" && in.Type != cell.Type.String() {
		*in = Inspector{DB: in.DB, Key: in.Key, Version: in.Version + 1, loading: in.loading, stale: true}
	}
	in.Type, in.Encoding, in.Turns = cell.Type.String(), cell.Encoding.String(), space.Turns(in.Key)
	in.Memory, in.Elements, in.ExpireAt = cell.Memory, cell.Elements, cell.ExpireAt
	in.Durable, in.Change = m.Durable(cell), cell.Change
	if cell.KeyLen > len(cell.Key) {
		// Nothing can be asked of a key whose name is not known.
		in.Cut, in.Note = cell.KeyLen, words.Say("Only the beginning of this name, of {size}, is known here, so its value cannot be asked for.", Bytes(int64(cell.KeyLen)))
		in.stale = false
	}
	if !in.stale || in.loading || in.askedAt != 0 && m.Wall-in.askedAt < refresh {
		return
	}
	in.stale, in.loading, in.askedAt = false, true, max(m.Wall, 1)
	m.askValue(in, cell.Type)
}

func (m *Model) askValue(in *Inspector, typ event.Type) {
	then := func(m *Model, v resp.Value) {
		in.loading = false
		if m.Inspector == in && in.Type == typ.String() {
			in.read(m, typ, v)
			in.changed(m)
		}
	}
	at, _ := strconv.ParseInt(in.at, 10, 64)
	until := itoa(at + inspectRows - 1)
	count := itoa(inspectRows)
	switch typ {
	case event.String:
		from, n := at, int64(inspectBytes)
		switch in.As {
		case AsRegisters:
			from, n = 0, maxRegisters
		case AsBits:
			n = bitmapBytes
		}
		m.ask(in.DB, then, "GETRANGE", in.Key, itoa(from), itoa(from+n-1))
	case event.List:
		m.ask(in.DB, then, "LRANGE", in.Key, itoa(at), until)
	case event.Hash:
		m.ask(in.DB, then, "HSCAN", in.Key, itoa(at), "COUNT", count)
	case event.Set:
		m.ask(in.DB, then, "SSCAN", in.Key, itoa(at), "COUNT", count)
	case event.SortedSet:
		score := func(to *float64) func(m *Model, v resp.Value) {
			return func(_ *Model, v resp.Value) {
				if len(v.Elems) == 2 {
					*to = number(v.Elems[1])
				}
			}
		}
		m.ask(in.DB, score(&in.least), "ZRANGE", in.Key, "0", "0", "WITHSCORES")
		m.ask(in.DB, score(&in.most), "ZRANGE", in.Key, "-1", "-1", "WITHSCORES")
		if in.As == AsPlaces {
			until = itoa(at + maxPlaces - 1)
		}
		m.ask(in.DB, then, "ZRANGE", in.Key, itoa(at), until, "WITHSCORES")
	case event.Stream:
		m.ask(in.DB, func(m *Model, v resp.Value) { in.Groups = groups(v) }, "XINFO", "STREAM", in.Key, "FULL", "COUNT", "10")
		from := "+"
		if in.at != "" {
			from = in.at
		}
		m.ask(in.DB, then, "XREVRANGE", in.Key, from, "-", "COUNT", count)
	}
}

// number is a score, which RESP2 sends as text.
func number(v resp.Value) float64 {
	f, _ := strconv.ParseFloat(string(v.Str), 64)
	return f
}

// element is an element for a row: Text, of the beginning if it is long.
func element(v resp.Value) (text, note string) {
	if len(v.Str) > maxElement {
		return Text(v.Str[:maxElement]) + "…", Bytes(int64(len(v.Str)))
	}
	return Text(v.Str), ""
}

func (in *Inspector) read(m *Model, typ event.Type, v resp.Value) {
	in.Value, in.Points, in.HLL = nil, nil, nil
	in.Note, in.next = "", ""
	if v.IsError() {
		in.Note = string(v.Str)
		return
	}
	items := v.Elems
	at, _ := strconv.ParseInt(in.at, 10, 64)
	switch typ {
	case event.String:
		in.readString(v.Str, at)
		return
	case event.List:
		for i, e := range items {
			text, note := element(e)
			in.Value = append(in.Value, Row{Name: itoa(at + int64(i)), Value: text, Note: note})
		}
		in.later(at + int64(len(items)))
	case event.Hash, event.Set:
		if len(items) != 2 {
			return
		}
		if next := string(items[0].Str); next != "0" {
			in.next = next
		}
		in.readScan(m, typ, items[1].Elems)
	case event.SortedSet:
		in.readScores(items, at)
		in.later(at + int64(len(items)/2))
	case event.Stream:
		for _, e := range items {
			if len(e.Elems) != 2 {
				continue
			}
			fields, long := "", ""
			for i, f := range e.Elems[1].Elems {
				text, note := element(f)
				if i > 0 {
					fields += " "
				}
				fields += text
				if note != "" {
					long = words.Say("fields of up to {size}", note)
				}
			}
			in.Value = append(in.Value, Row{Name: Text(e.Elems[0].Str), Value: fields, Note: long})
		}
		in.More = -1
		if n := len(items); n == inspectRows {
			in.next = "(" + string(items[n-1].Elems[0].Str)
		}
		if in.at == "" {
			in.More = in.Elements - int64(len(items))
		}
	}
}

// later notes what follows the elements up to one.
func (in *Inspector) later(end int64) {
	if in.More = max(in.Elements-end, 0); in.More > 0 {
		in.next = itoa(end)
	}
}

// readScan takes what HSCAN or SSCAN gave: a listpack or an intset comes whole.
func (in *Inspector) readScan(m *Model, typ event.Type, items []resp.Value) {
	const limit = 10 * inspectRows
	width := 1
	if typ == event.Hash {
		width = 2
	}
	n := len(items) / width
	if n > limit {
		in.Note = words.Say("{n} more that came with these are left out.", Count(int64(n-limit)))
		n = limit
	}
	in.More = -1
	if in.at == "" {
		in.More = in.Elements - int64(n)
	}
	command := []string{"HPTTL", in.Key, "FIELDS", itoa(int64(n))}
	for i := range n {
		name, note := element(items[i*width])
		if typ == event.Set {
			in.Value = append(in.Value, Row{Value: name, Note: note})
			continue
		}
		text, note := element(items[i*2+1])
		in.Value = append(in.Value, Row{Name: name, Value: text, Note: note})
		command = append(command, string(items[i*2].Str))
	}
	if typ == event.Set || n == 0 {
		return
	}
	rows := in.Value
	m.ask(in.DB, func(m *Model, v resp.Value) {
		for i := range v.Elems {
			if left := v.Elems[i].Int; left >= 0 && i < len(rows) {
				rows[i].Note = words.Say("expires in {time}", Age(left*1000))
				in.changed(m)
			}
		}
	}, command...)
}

func (in *Inspector) readScores(items []resp.Value, at int64) {
	in.Forms = []Form{AsRanks, AsPlaces}
	places := len(items) > 1
	for i := 1; i < len(items); i += 2 {
		places = places && isPlace(number(items[i]))
	}
	if !in.chosen {
		if in.As = AsRanks; places {
			in.As = AsPlaces
		}
	}
	for i := 0; i+1 < len(items); i += 2 {
		member, note := element(items[i])
		score := number(items[i+1])
		r := Row{Name: itoa(at + int64(i/2)), Value: member, Note: string(items[i+1].Str)}
		if in.As == AsPlaces {
			p := geohash.FromScore(score).Center()
			in.Points = append(in.Points, Place{member, p})
			r.Name, r.Note = "", strconv.FormatFloat(p.Longitude, 'f', 5, 64)+", "+strconv.FormatFloat(p.Latitude, 'f', 5, 64)
		} else {
			// From nothing, if there are no scores below it.
			least := min(in.least, 0)
			if r.Barred = in.most > least; r.Barred && in.most-least <= math.MaxFloat64 {
				r.Bar = min(max((score-least)/(in.most-least), 0), 1)
			}
		}
		if note != "" {
			r.Note += ", " + note
		}
		in.Value = append(in.Value, r)
	}
}

// isPlace tells whether a score looks as if GEOADD had made it: a whole number
// of up to 52 bits. Below 42 it would lie in the ocean by the south pole, and
// the time of day in milliseconds is often a score.
func isPlace(score float64) bool {
	return score >= 1<<42 && score < 1<<52 && score == math.Trunc(score)
}

func (in *Inspector) readString(b []byte, at int64) {
	in.Forms = []Form{AsText, AsHex, AsBits}
	registers := in.at == "" && len(b) > 15 && string(b[:4]) == "HYLL" && b[4] <= 1
	if registers || in.As == AsRegisters {
		in.Forms = append(in.Forms, AsRegisters)
	}
	if !in.chosen && in.at == "" {
		switch {
		case registers:
			in.As = AsRegisters
		case 3*printable(b) >= len(b):
			in.As = AsText
		case len(b) <= 64 || bytes.Count(b, []byte{0}) > len(b)/2:
			in.As = AsBits
		default:
			in.As = AsHex
		}
	}
	switch in.As {
	case AsRegisters:
		in.More = 0
		if n := len(b); int64(n) < in.Elements && n < maxRegisters {
			in.stale, in.askedAt = true, 0 // all of it is needed
			return
		}
		in.readRegisters(b)
		return
	case AsBits:
		b = b[:min(len(b), bitmapBytes)]
		in.Value = bitRows(b, at)
	case AsHex:
		b = b[:min(len(b), inspectBytes/2)]
		for i := 0; i < len(b); i += 16 {
			line := string(HexDump(b[i:min(i+16, len(b))], 0))
			in.Value = append(in.Value, Row{Name: itoa(at + int64(i)), Value: line[7 : len(line)-1]})
		}
	default:
		in.As = AsText
		in.Value = append(in.Value, Row{Value: Text(b)})
	}
	in.later(at + int64(len(b)))
}

// printable counts the bytes that belong to text.
func printable(b []byte) (n int) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r >= ' ' && r != utf8.RuneError || r == '\n' || r == '\r' || r == '\t' {
			n += size
		}
		b = b[size:]
	}
	return n
}

// bitRows are rows of 32 bits, as SETBIT numbers them.
func bitRows(b []byte, at int64) (rows []Row) {
	for len(b) > 0 {
		line := b[:min(4, len(b))]
		b = b[len(line):]
		var text []byte
		set := int64(0)
		for i := range 8 * len(line) {
			if i > 0 && i%8 == 0 {
				text = append(text, ' ')
			}
			bit := line[i/8] >> (7 - i%8) & 1
			set += int64(bit)
			text = append(text, '0'+bit)
		}
		r := Row{Name: itoa(at * 8), Value: string(text)}
		if set > 0 {
			r.Note = words.Say("{n} set", itoa(set))
		}
		rows = append(rows, r)
		at += 4
	}
	return rows
}

func (in *Inspector) readRegisters(b []byte) {
	if !hyperloglog.Valid(b) {
		in.Note = words.Say("This is no HyperLogLog.")
		return
	}
	h := hyperloglog.HyperLogLog(b)
	values, ok := h.Values()
	if !ok {
		in.Note = words.Say("This HyperLogLog is corrupted.")
		return
	}
	in.HLL = values
	used, most := int64(0), byte(0)
	for _, v := range values {
		if v > 0 {
			used++
		}
		most = max(most, v)
	}
	how := "sparse, runs of equal registers as opcodes"
	if h.Dense() {
		how = "dense, six bits each"
	}
	in.Note = words.Many(int64(values.Count()), "{registers} registers, {encoding}: {used} above zero, the highest {most}. They estimate {n} element.|{registers} registers, {encoding}: {used} above zero, the highest {most}. They estimate {n} elements.",
		Count(int64(len(values))), words.Say(how), Count(used), itoa(int64(most)))
}

// groups reads the consumer groups out of the reply of XINFO STREAM FULL.
func groups(v resp.Value) (out []Row) {
	for _, g := range field(v, "groups").Elems {
		facts := words.Say("last delivered {id}, {n} pending", Text(field(g, "last-delivered-id").Str), Count(field(g, "pel-count").Int))
		if lag := field(g, "lag"); !lag.Null {
			facts += ", " + words.Say("lag {n}", Count(lag.Int))
		}
		out = append(out, Row{Name: words.Say("group {name}", Text(field(g, "name").Str)), Value: facts})
		for _, c := range field(g, "consumers").Elems {
			text := words.Say("{n} pending", Count(field(c, "pel-count").Int))
			for i, p := range field(c, "pending").Elems {
				if len(p.Elems) == 3 {
					text += ":,"[min(i, 1):min(i, 1)+1] + " " + words.Many(p.Elems[2].Int, "{id} (delivered {n} time)|{id} (delivered {n} times)", Text(p.Elems[0].Str))
				}
			}
			name, _ := element(field(c, "name"))
			out = append(out, Row{Name: "– " + name, Value: text})
		}
	}
	return out
}

// field is a value of a map that came as a flat array.
func field(v resp.Value, name string) resp.Value {
	for i := 0; i+1 < len(v.Elems); i += 2 {
		if string(v.Elems[i].Str) == name {
			return v.Elems[i+1]
		}
	}
	return resp.Value{Null: true}
}

// Text shows bytes to people: as they are when they are plain text, else
// escaped as redis-cli does.
func Text(b []byte) string {
	for _, c := range b {
		if c < ' ' || c > '~' {
			q := console.AppendQuoted(nil, b)
			return string(q[1 : len(q)-1])
		}
	}
	return string(b)
}

// KeyName is a key as Text shows it; the empty key is a pair of quotes, so that
// there is something to see and to click.
func KeyName(key string) string {
	if key == "" {
		return `""`
	}
	return Text([]byte(key))
}
