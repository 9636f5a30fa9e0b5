package app

import (
	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/web/console"
)

// Inspector shows one key.
type Inspector struct {
	DB       int
	Key      string
	Gone     bool
	Type     string
	Encoding string
	Memory   int64
	Elements int64
	ExpireAt int64 // milliseconds since 1970; 0: never
	Value    []Row
	More     int64 // elements that are not in Value
	Durable  Durable
	Change   uint64

	stale   bool
	loading bool
}

// Row is one element of a value: a field, a member with its score, an index.
type Row struct{ Name, Value string }

const inspectRows = 50

func (m *Model) inspect(key *string) {
	m.mark(PartInspector | PartKeyspace)
	if key == nil {
		m.Inspector = nil
		return
	}
	m.Inspector = &Inspector{DB: m.DB, Key: *key, stale: true}
}

// freshen asks for the value again when the key has changed.
func (m *Model) freshen() {
	in := m.Inspector
	if in == nil {
		return
	}
	cell := m.keyspace(in.DB).Find(in.Key)
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
	if cell.KeyLen > len(cell.Key) {
		// Only its beginning is known, so nothing can be asked.
		in.stale = false
	}
	in.Type, in.Encoding = cell.Type.String(), cell.Encoding.String()
	in.Memory, in.Elements, in.ExpireAt = cell.Memory, cell.Elements, cell.ExpireAt
	in.Durable, in.Change = m.Durable(cell), cell.Change
	if !in.stale || in.loading {
		return
	}
	in.stale, in.loading = false, true
	n := itoa(inspectRows - 1)
	var words []string
	switch cell.Type {
	case event.String:
		words = []string{"GETRANGE", in.Key, "0", "2047"}
	case event.List:
		words = []string{"LRANGE", in.Key, "0", n}
	case event.Hash:
		words = []string{"HSCAN", in.Key, "0", "COUNT", itoa(inspectRows)}
	case event.Set:
		words = []string{"SSCAN", in.Key, "0", "COUNT", itoa(inspectRows)}
	case event.SortedSet:
		words = []string{"ZRANGE", in.Key, "0", n, "WITHSCORES"}
	case event.Stream:
		words = []string{"XREVRANGE", in.Key, "+", "-", "COUNT", itoa(inspectRows)}
	}
	typ := cell.Type
	m.ask(in.DB, func(m *Model, v resp.Value) {
		in.loading = false
		if m.Inspector == in {
			in.read(typ, v)
			m.mark(PartInspector)
		}
	}, words...)
}

func (in *Inspector) read(typ event.Type, v resp.Value) {
	in.Value = in.Value[:0]
	if v.IsError() {
		in.Value = append(in.Value, Row{"", string(v.Str)})
		return
	}
	text := func(v resp.Value) string { return Text(v.Str) }
	items := v.Elems
	switch typ {
	case event.String:
		in.Value = append(in.Value, Row{"", text(v)})
		in.More = in.Elements - int64(len(v.Str))
		return
	case event.List:
		for i, e := range items {
			in.Value = append(in.Value, Row{itoa(int64(i)), text(e)})
		}
	case event.Hash, event.Set:
		if len(items) != 2 {
			return
		}
		items = items[1].Elems
		if typ == event.Set {
			for _, e := range items {
				in.Value = append(in.Value, Row{"", text(e)})
			}
			break
		}
		for i := 0; i+1 < len(items); i += 2 {
			in.Value = append(in.Value, Row{text(items[i]), text(items[i+1])})
		}
	case event.SortedSet:
		for i := 0; i+1 < len(items); i += 2 {
			in.Value = append(in.Value, Row{text(items[i+1]), text(items[i])})
		}
	case event.Stream:
		for _, e := range items {
			if len(e.Elems) != 2 {
				continue
			}
			fields := ""
			for i, f := range e.Elems[1].Elems {
				if i > 0 {
					fields += " "
				}
				fields += text(f)
			}
			in.Value = append(in.Value, Row{text(e.Elems[0]), fields})
		}
	}
	if len(in.Value) > inspectRows {
		in.Value = in.Value[:inspectRows]
	}
	in.More = in.Elements - int64(len(in.Value))
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
