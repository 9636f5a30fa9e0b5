package viewer

import (
	"strconv"
	"unicode/utf8"

	"everysec/engine/rdb"
)

// JSON is a text that is being written; encoding/json would be a quarter of a megabyte of what a
// visitor downloads.
type JSON []byte

// Object and List begin what End and EndList end.
func (r JSON) Object() JSON { return append(r, '{') }

// List begins a list.
func (r JSON) List() JSON { return append(r, '[') }

// End ends an object.
func (r JSON) End() JSON { return append(r, '}') }

// EndList ends a list.
func (r JSON) EndList() JSON { return append(r, ']') }

func (r JSON) comma() JSON {
	if n := len(r); n > 0 && r[n-1] != '{' && r[n-1] != '[' && r[n-1] != ':' {
		return append(r, ',')
	}
	return r
}

// Key begins a member of an object; its value comes next.
func (r JSON) Key(name string) JSON { return append(r.comma().text(name), ':') }

// String, Number and Bool are members of an object.
func (r JSON) String(name, value string) JSON { return r.Key(name).text(value) }

// Number is a member of an object.
func (r JSON) Number(name string, n int64) JSON { return strconv.AppendInt(r.Key(name), n, 10) }

// Bool is a member of an object.
func (r JSON) Bool(name string, b bool) JSON { return strconv.AppendBool(r.Key(name), b) }

// text is a string; what is no UTF-8 becomes U+FFFD.
func (r JSON) text(s string) JSON {
	const hex = "0123456789abcdef"
	r = append(r, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			r = append(r, '\\', byte(c))
		case c < ' ':
			r = append(r, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			r = utf8.AppendRune(r, c)
		}
	}
	return append(r, '"')
}

// StateJSON is how far a file has been read and what it is.
func (f *File) StateJSON() []byte {
	r := JSON(nil).Object().String("name", f.Name).String("kind", string(f.Kind)).Number("size", f.Size()).Number("read", f.Read()).
		Bool("done", f.done).Number("entries", int64(len(f.entries))).Number("listed", int64(f.Listed()))
	if p := f.Problem; p != nil {
		r = r.Key("problem").Object().Number("offset", p.Offset).String("reason", p.Reason).Key("info").List()
		for _, line := range p.Info {
			r = r.comma().text(text([]byte(line)))
		}
		r = r.EndList().End()
	}
	return r.End()
}

// PartsJSON are bytes, in hexadecimal, and what they mean.
func (f *File) PartsJSON(from, to int64) []byte {
	const hex = "0123456789abcdef"
	from, to = max(from, 0), min(to, f.Size())
	r := JSON(nil).Object().Number("from", from).Key("hex")
	r = append(r, '"')
	for at := from; at < to; at++ {
		r = append(r, hex[f.data[at]>>4], hex[f.data[at]&15])
	}
	r = append(r, '"').Key("parts").List()
	f.Parts(from, to, func(p Part) {
		name, _ := Meant(p.Name)
		how, _ := Meant(p.How)
		says := p.Says
		if !p.Data || p.Name == "LZF" {
			says, _ = Meant(says)
		}
		r = r.comma().Object().Number("at", p.Offset).Number("length", p.Length).String("name", name).String("says", says).String("how", how).
			String("brief", p.inBrief()).Bool("data", p.Data).Number("entry", int64(p.Entry)).End()
	})
	return r.EndList().End()
}

// RecordJSON is the item around an offset, null where there is none.
func (f *File) RecordJSON(offset int64) []byte {
	i, ok := f.RecordAt(offset)
	if !ok {
		return []byte("null")
	}
	return JSON(nil).Object().Number("start", i.Start).Number("end", i.End).Number("previous", i.Previous).Number("next", i.Next).
		Number("entry", int64(i.Entry)).End()
}

func (r JSON) entry(e Entry) JSON {
	r = r.comma().Object().Number("index", int64(e.Index)).Number("start", e.Start).Number("end", e.End).String("label", e.Label).
		Bool("command", e.Command).Number("db", int64(e.DB)).String("type", e.Type).String("encoding", e.Encoding).String("form", e.Form).
		Number("elements", e.Elements).Number("memory", e.Memory)
	if e.File != "" {
		r = r.String("file", text([]byte(e.File)))
	}
	if e.ExpireAt != 0 {
		r = r.String("expires", rdb.Date(e.ExpireAt))
	}
	return r.End()
}

// LinesJSON are lines of the list.
func (f *File) LinesJSON(from, n int) []byte {
	r := JSON(nil).List()
	for _, e := range f.Lines(from, n) {
		r = r.entry(e)
	}
	return r.EndList()
}

// EntryJSON is an entry, and where the list shows it; null if there is none.
func (f *File) EntryJSON(i int) []byte {
	if i < 0 || i >= len(f.entries) {
		return []byte("null")
	}
	r := JSON(nil).Object().Number("place", int64(f.PlaceOf(i))).Key("entry")
	return r.entry(f.Entry(i)).End()
}

func (r JSON) groups(name string, list []Group) JSON {
	r = r.Key(name).List()
	for _, g := range list {
		r = r.comma().Object().String("name", g.Name).Number("count", g.Count).Number("bytes", g.Bytes).Number("memory", g.Memory).End()
	}
	return r.EndList()
}

// SummaryJSON is the summary.
func (f *File) SummaryJSON() []byte { return JSON(nil).summary(f.Summary()) }

func (r JSON) summary(s Summary) JSON {
	r = r.Object().Number("version", int64(s.Version)).Number("keys", s.Keys).Number("memory", s.Memory).Number("commandSum", s.CommandSum)
	if s.From != 0 {
		r = r.String("from", rdb.Date(s.From*1000)).String("to", rdb.Date(s.To*1000))
	}
	r = r.Key("fields").List()
	for _, field := range s.Fields {
		r = r.comma().List().text(field[0]).comma().text(field[1]).EndList()
	}
	r = r.EndList().Key("functions").List()
	for _, line := range s.Functions {
		r = r.comma().text(line)
	}
	r = r.EndList()
	for _, g := range []struct {
		name string
		list []Group
	}{
		{"databases", s.Databases},
		{"types", s.Types},
		{"encodings", s.Encodings},
		{"prefixes", s.Prefixes},
		{"expiries", s.Expiries},
		{"commands", s.Commands},
		{"touched", s.Touched},
	} {
		r = r.groups(g.name, g.list)
	}
	r = r.Key("biggest").List()
	for _, e := range s.Biggest {
		r = r.entry(e)
	}
	return r.EndList().End()
}
