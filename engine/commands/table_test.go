package commands_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"everysec/engine/command"
	"everysec/engine/commands"
	"everysec/engine/resp"
)

// newer are commands of later versions that clients of today send.
var newer = map[string]bool{"hexpire": true, "hexpireat": true, "hexpiretime": true, "hgetdel": true, "hgetex": true, "hpersist": true, "hpexpire": true, "hpexpireat": true, "hpexpiretime": true, "hpttl": true, "hsetex": true, "httl": true, "delex": true, "delifeq": true, "digest": true, "msetex": true, "client|no-touch": true, "client|setinfo": true, "waitaof": true, "xackdel": true, "xdelex": true}

// facts reads what COMMAND INFO and COMMAND DOCS of redis-server 7.0.15 say
// of every command, without the sentences.
func facts(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/redis-7.0.15.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := map[string]string{}
	for in := bufio.NewScanner(f); in.Scan(); {
		if name, rest, ok := strings.Cut(in.Text(), "\t"); ok {
			lines[name] = rest
		}
	}
	return lines
}

// describe writes a row as a line of that file, from what COMMAND INFO prints.
func describe(t *testing.T, s *command.Spec) string {
	t.Helper()
	w := &resp.Writer{Protocol: 3}
	s.WriteInfo(w)
	v, _, err := resp.Parse(w.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	list := func(v resp.Value, cut int) string {
		var words []string
		for _, e := range v.Elems {
			words = append(words, string(e.Str[cut:]))
		}
		return strings.Join(words, ",")
	}
	e := v.Elems
	var specs []string
	for _, k := range e[8].Elems {
		specs = append(specs, keySpec(k, list))
	}
	return strings.Join([]string{
		string(s.Group), s.Since, fmt.Sprint(e[1].Int), list(e[2], 0), list(e[6], 1),
		fmt.Sprint(e[3].Int, e[4].Int, e[5].Int), list(e[7], 0), strings.Join(specs, "; "),
	}, "\t")
}

func keySpec(k resp.Value, list func(v resp.Value, cut int) string) string {
	var parts []string
	for i := 0; i < len(k.Elems); i += 2 {
		switch name, v := string(k.Elems[i].Str), k.Elems[i+1]; name {
		case "flags":
			parts = append(parts, list(v, 0))
		case "begin_search", "find_keys":
			parts = append(parts, string(v.Elems[1].Str))
			for j, e := range v.Elems[3].Elems {
				if j%2 == 0 {
					continue
				}
				if e.Kind == resp.Integer {
					parts = append(parts, fmt.Sprint(e.Int))
				} else {
					parts = append(parts, string(e.Str))
				}
			}
		}
	}
	return strings.Join(parts, " ")
}

func TestRowsAreThoseOfRedis(t *testing.T) {
	known := facts(t)
	var check func(s *command.Spec)
	check = func(s *command.Spec) {
		name := s.FullName()
		want, ok := known[name]
		switch got := describe(t, s); {
		case !ok && !newer[name]:
			t.Errorf("%s is not a command of 7.0.15", name)
		case ok && got != want:
			t.Errorf("%s\ngot  %s\nwant %s", name, got, want)
		}
		if s.Summary == "" {
			t.Errorf("%s has no summary", name)
		}
		if (s.Run == nil) != (len(s.Subcommands) > 0) && name != "command" {
			t.Errorf("%s: a command has a function or subcommands", name)
		}
		for _, sub := range s.Subcommands {
			check(sub)
		}
	}
	for _, s := range command.NewTable(commands.Families()...).All() {
		check(s)
	}
}
