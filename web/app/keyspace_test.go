package app_test

import (
	"strconv"
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/web/app"
	"everysec/web/words"

	"github.com/google/go-cmp/cmp"
)

func (p *page) has(typ event.Type, memory int64, names ...string) {
	p.t.Helper()
	var batch []event.Event
	for _, name := range names {
		batch = append(batch, &event.KeyChanged{Key: []byte(name), KeyLen: len(name), Type: typ, Memory: memory, Elements: 1, Change: 1})
	}
	p.events(batch...)
}

// tree prints the rows of the tree.
func (p *page) tree() string {
	var b strings.Builder
	b.WriteByte('\n')
	for _, r := range p.model.TreeRows() {
		b.WriteString(strings.Repeat("  ", r.Depth))
		switch {
		case r.More > 0:
			b.WriteString("and " + app.Count(r.More) + " more")
		case r.Folder != nil:
			b.WriteString(r.Folder.Label() + " " + words.Many(r.Folder.Count, "{n} key|{n} keys") + " " + app.Bytes(r.Folder.Memory))
		default:
			b.WriteString(p.model.Keyspace().Cells[r.Slot].Key)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (p *page) listed() (names []string) {
	for _, slot := range p.model.Listed() {
		names = append(names, p.model.Keyspace().Cells[slot].Key)
	}
	return names
}

func TestTheTreeHasAFolderForEachPrefix(t *testing.T) {
	p := newPage(t)
	p.has(event.String, 100, "user:2:name", "user:1:name", "user:1:city", "visits", ":", "user:")
	want := `
: 1 key 100 B
user: 4 keys 400 B
visits
`
	if diff := cmp.Diff(want, p.tree()); diff != "" {
		t.Fatal(diff)
	}
	user := p.model.TreeRows()[1].Folder
	p.do(app.Unfold{Folder: user, Open: true})
	p.do(app.Unfold{Folder: p.model.TreeRows()[2].Folder, Open: true})
	p.has(event.String, 100, "user:1:age")
	p.events(&event.KeyRemoved{Key: []byte("user:2:name"), Reason: event.Deleted}, &event.KeyRemoved{Key: []byte(":"), Reason: event.Deleted})
	want = `
user: 4 keys 400 B
  1: 3 keys 300 B
    user:1:age
    user:1:city
    user:1:name
  user:
visits
`
	if diff := cmp.Diff(want, p.tree()); diff != "" {
		t.Error("open folders stay open:\n", diff)
	}
	if p.do(app.FilterKeys{Filter: app.Filter{Glob: "*:name"}}); p.tree() != "\nuser: 1 key 100 B\n  1: 1 key 100 B\n    user:1:name\n" {
		t.Error("the tree does not obey the filter:", p.tree())
	}
	p.do(app.FilterKeys{})
	if diff := cmp.Diff(want, p.tree()); diff != "" {
		t.Error("without the filter all are back:\n", diff)
	}
}

func TestAFolderOfManyKeysIsListedPageByPage(t *testing.T) {
	p := newPage(t)
	var names []string
	for i := range 250 {
		names = append(names, "k"+strconv.Itoa(1249-i))
	}
	p.has(event.String, 50, names...)
	for _, want := range []struct{ rows, more int }{{101, 150}, {201, 50}, {250, 0}} {
		rows := p.model.TreeRows()
		last := rows[len(rows)-1]
		if len(rows) != want.rows || int(last.More) != want.more {
			t.Fatalf("%d rows and %d more, want %v", len(rows), last.More, want)
		}
		if first := p.model.Keyspace().Cells[rows[0].Slot].Key; first != "k1000" {
			t.Errorf("the first is %s", first)
		}
		if want.more > 0 {
			p.do(app.ShowMore{Folder: last.Folder})
		}
	}
}

// However many colons a key has, it does not make as many folders.
func TestFoldersAreNotEndlesslyDeep(t *testing.T) {
	p := newPage(t)
	p.has(event.String, 1, strings.Repeat(":", 250))
	depth := 0
	for {
		rows := p.model.TreeRows()
		last := rows[len(rows)-1]
		if last.Folder == nil {
			break
		}
		depth++
		p.do(app.Unfold{Folder: last.Folder, Open: true})
	}
	if depth != 8 {
		t.Errorf("%d folders", depth)
	}
}

func TestTheFilterHoldsForKeysThatComeLater(t *testing.T) {
	p := newPage(t)
	p.do(app.FilterKeys{Filter: app.Filter{Glob: "[a-c]?", Type: "hash"}})
	p.has(event.Hash, 10, "b1", "a1", "d1", "a")
	p.has(event.Set, 10, "c1", "a2")
	if diff := cmp.Diff([]string{"a1", "b1"}, p.listed()); diff != "" {
		t.Error(diff)
	}
	p.has(event.Hash, 10, "a2") // another type now
	if got := p.model.Keyspace().ShownLen(); got != 3 {
		t.Errorf("%d keys are shown", got)
	}
	if got := len(p.model.Keyspace().Shown(nil)); got != 3 {
		t.Errorf("%d cells are shown", got)
	}
}

// A folder's pattern is its own, whatever its name contains.
func TestTheGlobOfAFolder(t *testing.T) {
	p := newPage(t)
	p.has(event.String, 1, `a*[b]?\:x`, "aZb:x", `a*b:x`)
	for _, r := range p.model.TreeRows() {
		p.do(app.FilterKeys{Filter: app.Filter{Glob: r.Folder.Glob()}})
		if got := p.listed(); len(got) != 1 || !strings.HasPrefix(got[0], r.Folder.Name) {
			t.Errorf("%s finds %q", r.Folder.Glob(), got)
		}
		p.do(app.FilterKeys{})
	}
}

func TestTheMomentAnEncodingChangesIsRemembered(t *testing.T) {
	p := newPage(t)
	change := func(typ event.Type, encoding event.Encoding, elements int64) {
		p.events(&event.KeyChanged{Key: []byte("z"), KeyLen: 1, Type: typ, Encoding: encoding, Elements: elements, Memory: 10 * elements})
	}
	change(event.SortedSet, event.Listpack, 128)
	p.do(app.Frame{Wall: 3_000_000})
	change(event.SortedSet, event.Skiplist, 129)
	change(event.SortedSet, event.Skiplist, 130)
	want := []app.Turn{{From: event.Listpack, To: event.Skiplist, At: 7_000_000, Elements: 129, Memory: 1290}}
	if diff := cmp.Diff(want, p.model.Keyspace().Turns("z")); diff != "" {
		t.Error(diff)
	}
	change(event.String, event.Raw, 1) // another value, not another encoding
	if diff := cmp.Diff(want, p.model.Keyspace().Turns("z")); diff != "" {
		t.Error(diff)
	}
	p.events(&event.KeyRemoved{Key: []byte("z"), Reason: event.Deleted})
	if got := p.model.Keyspace().Turns("z"); got != nil {
		t.Errorf("a key that is gone still has %v", got)
	}
}
