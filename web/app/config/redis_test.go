package config

import (
	"os"
	"slices"
	"strings"
	"testing"

	"everysec/engine/redistest"
	"everysec/engine/resp"
)

// elsewhere are lines that would have the real server listen on this machine, or
// that say where it lives on it.
var elsewhere = []string{"bind", "port", "dir"}

// A whole redis.conf that somebody pastes: each line is applied or refused as
// redis-server 7.0 does it, in its words, and what is in force afterwards is what
// is in force there.
func TestAWholeRedisConfIsAppliedAsRedisDoes(t *testing.T) {
	text, err := os.ReadFile("testdata/redis.conf")
	if err != nil {
		t.Fatal(err)
	}
	ours := engine(t)
	connection := redistest.Start(t).Dial(t)
	real := func(words ...string) resp.Value {
		t.Helper()
		v, _, err := resp.Parse(connection.Do(words...))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	// Both begin with the same.
	for _, do := range []func(...string) resp.Value{ours, real} {
		if v := do("CONFIG", "SET", "appendonly", "no", "save", "3600 1"); string(v.Str) != "OK" {
			t.Fatalf("%s", v.Str)
		}
	}
	apply := func(do func(...string) resp.Value) (said []string) {
		for _, e := range ReadValues(do("CONFIG", "GET", "*")).Edits(string(text)) {
			switch {
			case slices.Contains(elsewhere, e.Name):
			case e.Problem != "":
				said = append(said, e.Text+": "+e.Problem)
			default:
				said = append(said, e.Text+": "+string(do("CONFIG", "SET", e.Name, e.Value).Str))
			}
		}
		return said
	}
	differs := func(line string) bool { // a line that only one of them has to be asked for
		name, _, _ := strings.Cut(line, " ")
		return slices.Contains(differing, strings.ToLower(name))
	}
	got, want := slices.DeleteFunc(apply(ours), differs), slices.DeleteFunc(apply(real), differs)
	for i := range max(len(got), len(want)) {
		a, b := "", ""
		if i < len(got) {
			a = got[i]
		}
		if i < len(want) {
			b = want[i]
		}
		if a != b {
			t.Errorf("here     %s\nin Redis %s", a, b)
		}
	}
	if len(want) < 30 {
		t.Errorf("only %d lines were compared", len(want))
	}
	inForce, there := ReadValues(ours("CONFIG", "GET", "*")), ReadValues(real("CONFIG", "GET", "*"))
	for name, value := range there {
		if is, known := inForce[name]; known && is != value && !slices.Contains(differing, name) && !slices.Contains(elsewhere, name) {
			t.Errorf("%s is %q, and in Redis %q", name, is, value)
		}
	}
	if there["save"] != "3600 1 300 100 60 10000" {
		t.Errorf("three lines of save give %q", there["save"])
	}
}

// differing are what the test itself gives the real server, or does not.
var differing = []string{"enable-debug-command", "pidfile", "logfile", "unixsocket"}
