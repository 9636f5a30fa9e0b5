package viewer

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"everysec/engine/aof"
)

// Total adds up the files that a manifest names, in the order in which a server
// loads them. The manifest is added first, then one file after the other: the
// bytes of each are wanted only while it is added.
type Total struct {
	Members []Member
	Problem string // of the manifest

	sum     summary
	biggest []Entry
}

// Member is a file that the manifest names.
type Member struct {
	Name     string // in the manifest
	Role     string
	Added    bool
	Size     int64 // bytes
	Keys     int64
	Commands int64
	Problem  string // where and why the reading ended early
}

// Roles of members. What is history a rewrite has replaced: no server loads it.
const (
	Base      = "base"
	Increment = "increment"
	History   = "history"
)

// ErrNotNamed is the error for a file that the manifest does not name.
var ErrNotNamed = errors.New("the manifest does not name it")

// Add adds a file that has been read. Of a history nothing is added up.
func (t *Total) Add(f *File) error {
	if f.Kind == Manifest {
		t.begin(f)
		return nil
	}
	name := f.Name[strings.LastIndexByte(f.Name, '/')+1:]
	i := slices.IndexFunc(t.Members, func(m Member) bool { return m.Name == name && !m.Added })
	if i < 0 {
		return ErrNotNamed
	}
	m := &t.Members[i]
	m.Added, m.Size, m.Keys, m.Commands = true, f.Size(), f.summary.keys, f.summary.commands
	if f.Problem != nil {
		m.Problem = f.Problem.Reason
	}
	if m.Role == History {
		return nil
	}
	t.sum.merge(&f.summary)
	for _, e := range f.Summary().Biggest {
		e.File = name
		t.biggest = append(t.biggest, e)
	}
	slices.SortStableFunc(t.biggest, func(a, b Entry) int { return cmp.Compare(b.weight(), a.weight()) })
	t.biggest = t.biggest[:min(len(t.biggest), maxTold)]
	return nil
}

// begin reads the manifest.
func (t *Total) begin(f *File) {
	*t = Total{}
	t.sum.init()
	m, err := aof.ParseManifest(f.Name, f.data)
	if err != nil {
		t.Problem = err.Error()
	}
	add := func(role string, files ...aof.FileInfo) {
		for _, file := range files {
			t.Members = append(t.Members, Member{Name: file.Name, Role: role})
		}
	}
	if m.Base != nil {
		add(Base, *m.Base)
	}
	add(Increment, m.Incr...)
	add(History, m.History...)
}

// Summary is what the files that have been added hold together.
func (t *Total) Summary() Summary {
	out := t.sum.told()
	out.Biggest = t.biggest
	return out
}

// JSON are the members and the summary.
func (t *Total) JSON() []byte {
	r := JSON(nil).Object().String("problem", t.Problem).Key("members").List()
	for _, m := range t.Members {
		r = r.comma().Object().String("name", text([]byte(m.Name))).String("role", m.Role).Bool("added", m.Added).Number("size", m.Size).
			Number("keys", m.Keys).Number("commands", m.Commands).String("problem", m.Problem).End()
	}
	return r.EndList().Key("summary").summary(t.Summary()).End()
}
