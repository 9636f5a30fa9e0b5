package command

import "everysec/engine/resp"

// What COMMAND INFO and COMMAND DOCS print of a row.

// WriteInfo writes the ten fields that COMMAND INFO gives for a command.
func (s *Spec) WriteInfo(w *resp.Writer) {
	first, last, step := s.legacyKeyRange()
	w.Array(10)
	w.BulkString(s.FullName())
	w.Int(int64(s.Arity))
	writeFlags(w, s.Flags.Names())
	w.Int(int64(first))
	w.Int(int64(last))
	w.Int(int64(step))
	categories := s.Categories()
	w.Set(len(categories))
	for _, name := range categories {
		w.SimpleString("@" + name)
	}
	w.Set(len(s.Tips))
	for _, tip := range s.Tips {
		w.BulkString(tip)
	}
	w.Set(len(s.KeySpecs))
	for i := range s.KeySpecs {
		s.KeySpecs[i].write(w)
	}
	if len(s.Subcommands) == 0 {
		w.Set(0) // Redis's empty list is a set here, its full one an array
		return
	}
	w.Array(len(s.Subcommands))
	for _, sub := range s.Subcommands {
		sub.WriteInfo(w)
	}
}

// Names lists flags as COMMAND INFO prints them.
func (f Flags) Names() []string {
	var names []string
	for _, flag := range FlagNames {
		if f&flag.Flag != 0 {
			names = append(names, flag.Name)
		}
	}
	return names
}

func writeFlags(w *resp.Writer, names []string) {
	w.Set(len(names))
	for _, name := range names {
		w.SimpleString(name)
	}
}

// legacyKeyRange is the key specs squeezed into first key, last key and step,
// which is all that Redis told before version 7. Specs that follow each other
// without a gap are joined; the others are lost.
func (s *Spec) legacyKeyRange() (first, last, step int) {
	plain := func(k *KeySpec) bool {
		return !k.BeginUnknown && k.Keyword == "" && !k.FindUnknown && !k.KeyNum
	}
	if len(s.KeySpecs) == 1 {
		if k := &s.KeySpecs[0]; plain(k) {
			if last = k.LastKey; last >= 0 {
				last += k.Index
			}
			return k.Index, last, k.KeyStep
		}
		return 0, 0, 0
	}
	for i := range s.KeySpecs {
		k := &s.KeySpecs[i]
		if !plain(k) {
			continue
		}
		if k.KeyStep != 1 || last != 0 && last != k.Index-1 {
			return 0, 0, 0
		}
		end := k.LastKey
		if end >= 0 {
			end += k.Index
		}
		if first == 0 {
			first = k.Index
		}
		// From the end (negative) reaches further than any position.
		if end < 0 || last >= 0 && end > last {
			last = end
		}
		step = 1
	}
	return first, last, step
}

func (k *KeySpec) write(w *resp.Writer) {
	fields := 3
	if k.Notes != "" {
		fields++
	}
	w.Map(fields)
	if k.Notes != "" {
		w.BulkString("notes")
		w.BulkString(k.Notes)
	}
	w.BulkString("flags")
	writeFlags(w, k.Flags)

	w.BulkString("begin_search")
	switch {
	case k.BeginUnknown:
		writeSearch(w, "unknown", 0)
	case k.Keyword != "":
		writeSearch(w, "keyword", 2)
		w.BulkString("keyword")
		w.BulkString(k.Keyword)
		writeNumber(w, "startfrom", k.StartFrom)
	default:
		writeSearch(w, "index", 1)
		writeNumber(w, "index", k.Index)
	}

	w.BulkString("find_keys")
	switch {
	case k.FindUnknown:
		writeSearch(w, "unknown", 0)
	case k.KeyNum:
		writeSearch(w, "keynum", 3)
		writeNumber(w, "keynumidx", k.KeyNumIndex)
		writeNumber(w, "firstkey", k.FirstKey)
		writeNumber(w, "keystep", k.KeyStep)
	default:
		writeSearch(w, "range", 3)
		writeNumber(w, "lastkey", k.LastKey)
		writeNumber(w, "keystep", k.KeyStep)
		writeNumber(w, "limit", k.Limit)
	}
}

func writeSearch(w *resp.Writer, kind string, fields int) {
	w.Map(2)
	w.BulkString("type")
	w.BulkString(kind)
	w.BulkString("spec")
	w.Map(fields)
}

func writeNumber(w *resp.Writer, name string, n int) {
	w.BulkString(name)
	w.Int(int64(n))
}

// WriteDocs writes the map that COMMAND DOCS gives for a command.
func (s *Spec) WriteDocs(w *resp.Writer) {
	m := newFields(w)
	m.text("summary", s.Summary)
	m.text("since", s.Since)
	m.text("group", string(s.Group))
	m.optional("complexity", s.Complexity)
	var flags []string
	if s.DeprecatedIn != "" {
		flags = append(flags, "deprecated")
	}
	if s.SystemCommand {
		flags = append(flags, "syscmd")
	}
	m.flags("doc_flags", flags)
	m.optional("deprecated_since", s.DeprecatedIn)
	m.optional("replaced_by", s.ReplacedBy)
	if len(s.History) > 0 {
		m.name("history")
		w.Set(len(s.History))
		for _, change := range s.History {
			w.Array(2)
			w.BulkString(change.Since)
			w.BulkString(change.Text)
		}
	}
	if len(s.Arguments) > 0 {
		m.name("arguments")
		writeArguments(w, s.Arguments)
	}
	if len(s.Subcommands) > 0 {
		m.name("subcommands")
		w.Map(len(s.Subcommands))
		for _, sub := range s.Subcommands {
			w.BulkString(sub.FullName())
			sub.WriteDocs(w)
		}
	}
	m.end()
}

func writeArguments(w *resp.Writer, list []Argument) {
	w.Array(len(list))
	for i := range list {
		a := &list[i]
		m := newFields(w)
		m.text("name", a.Name)
		m.text("type", string(a.Type))
		if a.Type == ArgKey || a.KeySpecIndex != 0 {
			m.name("key_spec_index")
			w.Int(int64(a.KeySpecIndex))
		}
		if a.Type == ArgPureToken { // that of MIGRATE is empty
			m.text("token", a.Token)
		} else {
			m.optional("token", a.Token)
		}
		m.optional("summary", a.Summary)
		m.optional("since", a.Since)
		m.optional("deprecated_since", a.DeprecatedIn)
		var flags []string
		if a.Optional {
			flags = append(flags, "optional")
		}
		if a.Multiple {
			flags = append(flags, "multiple")
		}
		if a.MultipleToken {
			flags = append(flags, "multiple_token")
		}
		m.flags("flags", flags)
		if len(a.Arguments) > 0 {
			m.name("arguments")
			writeArguments(w, a.Arguments)
		}
		m.end()
	}
}

// fields is a map of a length known at its end.
type fields struct {
	w     *resp.Writer
	start resp.Mark
	n     int
}

func newFields(w *resp.Writer) *fields { return &fields{w: w, start: w.Defer()} }

func (m *fields) name(s string) {
	m.w.BulkString(s)
	m.n++
}

func (m *fields) text(name, value string) {
	m.name(name)
	m.w.BulkString(value)
}

func (m *fields) optional(name, value string) {
	if value != "" {
		m.text(name, value)
	}
}

func (m *fields) flags(name string, list []string) {
	if len(list) > 0 {
		m.name(name)
		writeFlags(m.w, list)
	}
}

func (m *fields) end() { m.w.SetDeferredMap(m.start, m.n) }
