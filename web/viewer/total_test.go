package viewer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"everysec/engine/servertest"
	"everysec/web/viewer"
)

// The files of an append-only directory are added up as a server loads them.
func TestTotal(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes")
	c := s.Client()
	c.Do("SET", "user:1", "Ada", "PX", "100000")
	c.Do("RPUSH", "queue:mail", "a", "b", "c")
	c.Do("BGREWRITEAOF")
	s.Settle()
	c.Do("SET", "later:1", "x")
	c.Do("INCR", "later:2")
	s.Settle()
	const manifest, base, incr = "appendonlydir/appendonly.aof.manifest", "appendonlydir/appendonly.aof.2.base.rdb", "appendonlydir/appendonly.aof.2.incr.aof"
	var total viewer.Total
	add := func(name string, data []byte) error { return total.Add(open(t, name, data)) }
	if err := add(manifest, content(t, s, manifest)); err != nil || len(total.Members) != 2 || total.Members[0].Role != viewer.Base || total.Members[1].Role != viewer.Increment {
		t.Fatalf("%+v, %v", total.Members, err)
	}
	parts := []viewer.Summary{open(t, base, content(t, s, base)).Summary(), open(t, incr, content(t, s, incr)).Summary()}
	if err := errors.Join(add(base, content(t, s, base)), add(incr, content(t, s, incr))); err != nil {
		t.Fatal(err)
	}
	if err := add(incr, content(t, s, incr)); !errors.Is(err, viewer.ErrNotNamed) {
		t.Errorf("added twice: %v", err)
	}
	if err := add("dump.rdb", files(t)["dump.rdb"]); !errors.Is(err, viewer.ErrNotNamed) {
		t.Errorf("a file that the manifest does not name: %v", err)
	}
	got := total.Summary()
	if got.Keys != 2 || got.Memory != parts[0].Memory || got.CommandSum != parts[1].CommandSum || got.CommandSum < 2 || got.Version != parts[0].Version {
		t.Errorf("%+v", got)
	}
	for _, test := range []struct{ of, got, want any }{
		{"types", got.Types, parts[0].Types},
		{"encodings", got.Encodings, parts[0].Encodings},
		{"prefixes of keys", got.Prefixes, parts[0].Prefixes},
		{"expiries", got.Expiries, parts[0].Expiries},
		{"commands", got.Commands, parts[1].Commands},
		{"prefixes of commands", got.Touched, parts[1].Touched},
		{"fields", got.Fields, parts[0].Fields},
	} {
		if fmt.Sprint(test.got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, want %v", test.of, test.got, test.want)
		}
	}
	if len(got.Touched) != 1 || got.Touched[0].Name != "later:" || got.Touched[0].Count != 2 {
		t.Errorf("prefixes of commands: %+v", got.Touched)
	}
	if len(got.Biggest) != len(parts[0].Biggest)+len(parts[1].Biggest) || got.Biggest[0].Label != `"queue:mail"` || got.Biggest[0].File != "appendonly.aof.2.base.rdb" {
		t.Errorf("largest: %+v", got.Biggest)
	}
	if !json.Valid(total.JSON()) {
		t.Errorf("%s", total.JSON())
	}
}

// Two increments add up; history and what is missing count nothing.
func TestTotalOfIncrements(t *testing.T) {
	var total viewer.Total
	add := func(name, data string) {
		if err := total.Add(open(t, name, []byte(data))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	command := "*2\r\n$4\r\nINCR\r\n$3\r\na:b\r\n"
	add("a.manifest", "file b seq 1 type b\nfile h seq 1 type h\nfile i1.aof seq 1 type i\nfile i2.aof seq 2 type i\n")
	add("i1.aof", "#TS:100\r\n"+command)
	add("i2.aof", "#TS:200\r\n"+command+command+"*2\r\n")
	s := total.Summary()
	if s.CommandSum != 3 || s.Keys != 0 || len(s.Touched) != 1 || s.Touched[0].Count != 3 || s.From != 100 || s.To != 200 || len(s.Prefixes) != 0 {
		t.Errorf("%+v", s)
	}
	said := ""
	for _, m := range total.Members {
		said += fmt.Sprintf("%s %s %v %d %v; ", m.Name, m.Role, m.Added, m.Commands, m.Problem != "")
	}
	if want := "b base false 0 false; i1.aof increment true 1 false; i2.aof increment true 2 true; h history false 0 false; "; said != want {
		t.Errorf("members: %s, want %s", said, want)
	}
	add("a.manifest", "nonsense\n")
	if s := total.Summary(); total.Problem == "" || len(total.Members) != 0 || s.CommandSum != 0 || !json.Valid(total.JSON()) {
		t.Errorf("%+v, %+v", total, s)
	}
}
