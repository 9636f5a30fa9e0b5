package config

import (
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/engine/server"
	"everysec/engine/vfs"
)

// engine is a real server that answers commands.
func engine(t *testing.T) func(words ...string) resp.Value {
	t.Helper()
	disk := vfs.New(vfs.Options{})
	now := int64(1_700_000_000_000_000)
	s, err := server.Open(now, server.Options{FS: disk, Config: [][2]string{{"appendonly", "yes"}}})
	if err != nil {
		t.Fatal(err)
	}
	id := s.Connect(now, "127.0.0.1:1")
	return func(words ...string) resp.Value {
		t.Helper()
		var args [][]byte
		for _, w := range words {
			args = append(args, []byte(w))
		}
		s.Receive(id, resp.AppendCommand(nil, args...))
		for range 10_000 {
			now += 1000
			disk.Advance(now)
			s.Step(now)
			for _, ready := range s.OutputReady() {
				data, _ := s.Output(ready)
				if v, n, err := resp.Parse(data); err == nil && n > 0 {
					return v
				}
			}
		}
		t.Fatalf("%q: no reply", words)
		return resp.Value{}
	}
}

// The engine knows every setting, takes every choice, and every preset at once.
func TestSettingsAndPresetsAreTheEngines(t *testing.T) {
	do := engine(t)
	values := ReadValues(do("CONFIG", "GET", "*"))
	for _, g := range Groups {
		for _, s := range g.Settings {
			if _, ok := values[s.Name]; !ok {
				t.Errorf("the engine does not know %s", s.Name)
			}
			for _, choice := range append([]string{values[s.Name]}, s.Choices...) {
				if v := do("CONFIG", "SET", s.Name, choice); string(v.Str) != "OK" {
					t.Errorf("%s %q: %s", s.Name, choice, v.Str)
				}
			}
		}
	}
	for _, p := range Presets {
		words := []string{"CONFIG", "SET"}
		for _, pair := range p.Pairs {
			words = append(words, pair[0], pair[1])
		}
		if v := do(words...); string(v.Str) != "OK" {
			t.Errorf("%s: %s", p.Name, v.Str)
		}
	}
}

// The text says what is in force: nothing in it asks for a change, and a server
// can start with it.
func TestTheTextIsRedisConf(t *testing.T) {
	do := engine(t)
	do("CONFIG", "SET", "requirepass", `a "b" \ #`, "save", "", "notify-keyspace-events", "KEA")
	do("AUTH", `a "b" \ #`)
	values := ReadValues(do("CONFIG", "GET", "*"))
	text := values.Text()
	if edits := values.Edits(text); len(edits) > 0 {
		t.Errorf("it changes itself: %+v", edits)
	}
	for _, want := range []string{"\nappendonly yes\n", "\nsave \"\"\n", "\nrequirepass \"a \\\"b\\\" \\\\ #\"\n", "\nnotify-keyspace-events AKE\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in it", want)
		}
	}
	if _, err := server.Open(1, server.Options{FS: vfs.New(vfs.Options{}), ConfigFile: []byte(text)}); err != nil {
		t.Errorf("a server does not start with it: %v", err)
	}
}

func TestEditsAreTheLinesThatDiffer(t *testing.T) {
	values := Values{"hz": "10", "save": "900 1", "appendonly": "yes"}
	edits := values.Edits("# words\nhz 10\nHZ 20\n\nsave   900 1\nsave \"\"\nnonsense\nmaxmemory \"1 2\nappendonly no\n")
	want := []Edit{
		{Number: 3, Text: "HZ 20", Name: "hz", Value: "20"},
		{Number: 6, Text: `save ""`, Name: "save"},
		{Number: 7, Text: "nonsense", Name: "nonsense", Problem: "wrong number of arguments"},
		{Number: 8, Text: `maxmemory "1 2`, Problem: "Unbalanced quotes in configuration line"},
		{Number: 9, Text: "appendonly no", Name: "appendonly", Value: "no"},
	}
	if len(edits) != len(want) {
		t.Fatalf("%+v", edits)
	}
	for i := range want {
		if edits[i] != want[i] {
			t.Errorf("%+v, want %+v", edits[i], want[i])
		}
	}
}

// Lines of "save" add up as in a file, and a line may take back an earlier one.
func TestLinesOfTheSameDirective(t *testing.T) {
	v := Values{"save": "3600 1 300 100", "hz": "10"}
	asked := func(text string) (lines []string) {
		for _, e := range v.Edits(text) {
			lines = append(lines, e.Name+"="+e.Value)
		}
		return lines
	}
	for text, want := range map[string]string{
		"save 3600 1\nsave 300 100":            "save=3600 1 save=3600 1 300 100",
		"save 3600 1 300 100":                  "",
		"save \"\"\nsave 60 1":                 "save= save=60 1",
		"hz 20\nhz 10":                         "hz=20 hz=10",
		"hz 10\nhz 10":                         "",
		"save 900 1\n\nsave 300 10\nsave 60 5": "save=900 1 save=900 1 300 10 save=900 1 300 10 60 5",
	} {
		if got := strings.Join(asked(text), " "); got != want {
			t.Errorf("%q asks for %q, want %q", text, got, want)
		}
	}
}
