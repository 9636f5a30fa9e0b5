package app_test

import (
	"strings"
	"testing"

	"everysec/web/app"

	"github.com/google/go-cmp/cmp"
)

func nothingTyped(string) string { return "" }

// What a page was like is what the next one is like.
func TestADeskIsKept(t *testing.T) {
	p := newPage(t)
	for _, message := range []app.Message{
		app.OpenConsole{Name: "worker-A"},
		app.OpenConsole{},
		app.RenameConsole{Name: "worker-A", Label: `cache \ "<b>"`},
		app.CloseConsole{Name: "redis"},
		app.OpenConsole{Name: "worker-A"},
		app.ShowAs{View: app.AsTree},
		app.FilterKeys{Filter: app.Filter{Glob: `user:\*`, Type: "hash"}},
		app.ShowDB{DB: 3},
	} {
		p.do(message)
	}
	want := p.model.Desk(func(name string) string { return "GET " + name + `\n` + "\n" }, "time")
	got, ok := app.ReadDesk(want.Text())
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Fatal(diff)
	}
	other := newPage(t)
	other.do(app.Arrange{Desk: got})
	after := other.model.Desk(nothingTyped, "")
	if after.Consoles[0].Name != "redis" {
		t.Error("a page has its first console")
	}
	names := map[string]app.DeskConsole{}
	for _, c := range after.Consoles {
		names[c.Name] = c
	}
	for _, c := range want.Consoles {
		if got := names[c.Name]; got.Label != c.Label || got.Timed != c.Timed {
			t.Errorf("%s is %+v", c.Name, got)
		}
	}
	if after.View != app.AsTree || after.Filter != want.Filter || after.DB != 3 {
		t.Errorf("the keyspace shows %+v", after)
	}
	signs := map[int]bool{}
	for _, c := range after.Consoles {
		if signs[c.Sign] {
			t.Errorf("two consoles have the sign %d", c.Sign)
		}
		signs[c.Sign] = true
	}
}

// What another program left in the browser's storage harms nothing.
func TestADeskThatIsNone(t *testing.T) {
	good := newPage(t).model.Desk(nothingTyped, "").Text()
	for _, text := range []string{"", "1", "\n", "2" + good[1:], good + "more", good + "more\n", strings.Repeat("x\n", 1000), good[:len(good)-1]} {
		if d, ok := app.ReadDesk(text); ok {
			t.Errorf("%q is read as %+v", text, d)
		}
	}
	p := newPage(t)
	many := app.Desk{Active: 99, DB: 99, View: 99}
	for range 50 {
		many.Consoles = append(many.Consoles, app.DeskConsole{Name: strings.Repeat("n", 100) + string(rune('a'+len(many.Consoles))), Sign: 1})
	}
	p.do(app.Arrange{Desk: many})
	if n := len(p.model.Consoles); n > app.MaxConsoles || p.model.Active >= n || p.model.DB != 0 || p.model.View != app.AsGrid {
		t.Errorf("%d consoles, %d in front", n, p.model.Active)
	}
}
