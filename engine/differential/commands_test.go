package differential_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// What COMMAND, HELP and ACL CAT tell of commands is what redis-server 7.0.15
// tells, but for the sentences, which are our own.
func TestCommandsAreDescribedAsByRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t).Dial(t)
	client := servertest.New(t).Client()
	theirs := func(args ...string) resp.Value {
		v, _, err := resp.Parse(redis.Do(args...))
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return v
	}
	theirs("HELLO", "3")
	client.Do("HELLO", "3")

	names := words(theirs("COMMAND", "LIST", "FILTERBY", "PATTERN", "*"))
	if len(names) < 300 {
		t.Fatalf("redis-server lists %d commands", len(names))
	}
	for _, name := range names {
		for _, what := range []string{"INFO", "DOCS"} {
			want, got := alone(theirs("COMMAND", what, name)), alone(client.Do("COMMAND", what, name))
			if diff := cmp.Diff(outline(want, ""), outline(got, "")); diff != "" {
				t.Errorf("COMMAND %s %s (-redis +ours)\n%s", what, name, diff)
			}
		}
	}
	for _, category := range words(theirs("ACL", "CAT")) {
		var ours []string
		for _, name := range words(client.Do("ACL", "CAT", category)) {
			if slices.Contains(names, name) { // not the newer ones
				ours = append(ours, name)
			}
		}
		want := words(theirs("ACL", "CAT", category))
		slices.Sort(want)
		slices.Sort(ours)
		if diff := cmp.Diff(want, ours); diff != "" {
			t.Errorf("ACL CAT %s (-redis +ours)\n%s", category, diff)
		}
		var listed []string
		for _, name := range words(client.Do("COMMAND", "LIST", "FILTERBY", "ACLCAT", category)) {
			if slices.Contains(names, name) {
				listed = append(listed, name)
			}
		}
		want = words(theirs("COMMAND", "LIST", "FILTERBY", "ACLCAT", category))
		slices.Sort(want)
		slices.Sort(listed)
		if diff := cmp.Diff(want, listed); diff != "" {
			t.Errorf("COMMAND LIST FILTERBY ACLCAT %s (-redis +ours)\n%s", category, diff)
		}
	}
	for _, name := range names {
		container, sub, _ := strings.Cut(name, "|")
		if sub != "help" {
			continue
		}
		want, got := subcommands(theirs(container, "HELP")), subcommands(client.Do(container, "HELP"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s HELP (-redis +ours)\n%s", container, diff)
		}
	}
}

func words(v resp.Value) []string {
	var list []string
	for _, e := range v.Elems {
		list = append(list, string(e.Str))
	}
	return list
}

// alone takes the subcommands out of a container's description: they are in an
// order of chance in Redis, and are asked for by their names.
func alone(v resp.Value) resp.Value {
	row := &v.Elems[len(v.Elems)-1]
	switch {
	case row.Kind == resp.Array && len(row.Elems) == 10:
		row.Elems = row.Elems[:9]
	case row.Kind == resp.Map:
		if n := len(row.Elems); n >= 2 && string(row.Elems[n-2].Str) == "subcommands" {
			row.Elems = row.Elems[:n-2]
		}
	}
	return v
}

// outline is a reply as text, without the sentences.
func outline(v resp.Value, indent string) string {
	var b strings.Builder
	b.WriteString(indent)
	b.WriteByte(byte(v.Kind))
	if len(v.Elems) == 0 {
		return b.String() + servertest.Format(v) + "\n"
	}
	b.WriteString("\n")
	for i, e := range v.Elems {
		if i%2 == 1 && v.Kind == resp.Map {
			switch string(v.Elems[i-1].Str) {
			case "summary", "complexity", "notes":
				continue
			case "history":
				for _, change := range e.Elems {
					if newer(change.Elems[0]) {
						continue
					}
					b.WriteString(indent + " since " + string(change.Elems[0].Str) + "\n")
				}
				continue
			}
		}
		if e.Kind == resp.Map && len(e.Elems) > 1 && string(e.Elems[len(e.Elems)-2].Str) == "since" && newer(e.Elems[len(e.Elems)-1]) {
			continue
		}
		b.WriteString(outline(e, indent+" "))
	}
	return b.String()
}

func newer(since resp.Value) bool { return string(since.Str) >= "7.1" }

// subcommands is what stands at the margin of a HELP.
func subcommands(v resp.Value) []string {
	var list []string
	for _, line := range words(v) {
		word, _, _ := strings.Cut(line, " ")
		if word != "" && word != "NO-TOUCH" && word != "SETINFO" { // these are of 7.2
			list = append(list, line)
		}
	}
	return list
}
