package differential

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// Every command of redis-server 7.0 is compared in the random runs, or there is
// a reason why it is not.

var figures = flag.String("figures", "", "file for what a random run compared: a line for each command, its name and how often")

// known are the commands and subcommands of redis-server 7.0.15.
func known(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../commands/testdata/redis-7.0.15.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, line := range strings.Split(string(text), "\n") {
		if name, _, ok := strings.Cut(line, "\t"); ok {
			names = append(names, name)
		}
	}
	return names
}

// drawnBy are the commands that a shape draws.
func drawnBy(shape string) []string {
	if name, is := strings.CutPrefix(shape, "@"); is {
		return []string{name}
	}
	words := strings.Fields(strings.ToLower(shape))
	s := table.Find(words[0])
	if s == nil || len(s.Subcommands) == 0 || len(words) == 1 {
		return words[:1]
	}
	var names []string
	for _, sub := range strings.Split(words[1], "|") {
		names = append(names, words[0]+"|"+sub)
	}
	return names
}

func TestEveryCommandIsDrawn(t *testing.T) {
	t.Parallel()
	drawn := map[string]bool{}
	for _, list := range families {
		for _, shape := range list {
			for _, name := range drawnBy(shape) {
				drawn[name] = true
			}
		}
	}
	names := known(t)
	if len(names) < 300 {
		t.Fatalf("only %d commands are known", len(names))
	}
	for _, name := range names {
		s := table.Find(name)
		switch {
		case s == nil:
			t.Errorf("%s is missing", name)
		case s.Run == nil: // a container
		case drawn[name] == (neverDrawn[name] != ""):
			t.Errorf("%s: drawn %v, reason not to: %q", name, drawn[name], neverDrawn[name])
		}
	}
	for name := range neverDrawn {
		if !slices.Contains(names, name) {
			t.Errorf("neverDrawn: %s is no command", name)
		}
	}
	for name := range byHand {
		if !slices.Contains(names, name) || !drawn[name] {
			t.Errorf("byHand: %s is not drawn by hand", name)
		}
	}
}

// writeFigures keeps how often each command was compared.
func writeFigures(t *testing.T, counts map[string]int) {
	t.Helper()
	if *figures == "" {
		return
	}
	var b bytes.Buffer
	for name, n := range counts {
		fmt.Fprintf(&b, "%s %d\n", name, n)
	}
	if err := os.WriteFile(*figures, b.Bytes(), 0o644); err != nil {
		t.Error(err)
	}
}
