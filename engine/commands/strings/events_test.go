package strings_test

import (
	"slices"
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// What is published when notify-keyspace-events is KEA.
func TestEvents(t *testing.T) {
	for _, test := range []struct{ commands, want string }{
		{"SET k v", "set k"},
		{"SET s w; SET s x XX; SET k v XX; SET s y NX", "set s; set s"},
		{"SET k v EX 10", "set k; expire k"},
		{"SET s w KEEPTTL", "set s"},
		{"SETNX k v; SETNX k v", "set k"},
		{"SETEX k 10 v", "set k; expire k"},
		{"GETSET s v", "set s"},
		{"MSET a 1 b 2", "set a; set b"},
		{"MSETNX a 1 s 2", ""},
		{"APPEND s v; APPEND k v", "append s; append k"},
		{`SETRANGE s 1 v; SETRANGE s 1 ""`, "setrange s"},
		{"INCR n; DECRBY n 2; INCRBYFLOAT n 1", "incrby n; incrby n; incrbyfloat n"},
		{"INCR s; INCR l; APPEND l x", ""},
		{"GETDEL s; GETDEL s", "del s"},
		{"GETEX s; GETEX s EX 10; GETEX s PERSIST; GETEX s PERSIST", "expire s; persist s"},
		{"GETEX s PXAT 1", "del s"},
		{"GET s; MGET s l; STRLEN s; GETRANGE s 0 1; LCS s k", ""},
	} {
		s := servertest.New(t, "notify-keyspace-events", "KEA")
		c, listener := s.Client(), s.Client()
		c.Text("SET s v")
		c.Text("RPUSH l a")
		listener.Do("PSUBSCRIBE", "__keyevent@*")
		for _, line := range strings.Split(test.commands, "; ") {
			c.Text(line)
		}
		var got []string
		for {
			m, ok := listener.Reply()
			if !ok {
				break
			}
			db, event, _ := strings.Cut(strings.TrimPrefix(string(m.Elems[2].Str), "__keyevent@"), "__:")
			if db != "0" {
				event = db + ":" + event
			}
			got = append(got, event+" "+string(m.Elems[3].Str))
		}
		want := strings.Split(test.want, "; ")
		if test.want == "" {
			want = nil
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: published %q, want %q", test.commands, got, want)
		}
	}
}
