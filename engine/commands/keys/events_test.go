package keys_test

import (
	"slices"
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// What is published when notify-keyspace-events is KEA.
func TestEvents(t *testing.T) {
	for _, test := range []struct{ commands, want string }{
		{"DEL s x l", "del s; del l"},
		{"UNLINK s", "del s"},
		{"EXPIRE s 10; EXPIRE x 10; EXPIRE s 5 NX", "expire s"},
		{"EXPIRE s 0", "del s"},
		{"EXPIRE s 10; PERSIST s; PERSIST s", "expire s; persist s"},
		{"RENAME s t", "rename_from s; rename_to t"},
		{"RENAME s l", "rename_from s; rename_to l"},
		{"RENAME s s; RENAMENX s l", ""},
		{"COPY s t; COPY s t", "copy_to t"},
		{"COPY s l REPLACE", "copy_to l"},
		{"COPY s t DB 1", "1:copy_to t"},
		{"MOVE s 1", "move_from s; 1:move_to s"},
		{"RESTORE r 0 " + payload + "", "restore r"},
		{"RESTORE s 1 " + payload + " ABSTTL REPLACE", "del s"},
		{"RESTORE s 10 " + payload + " REPLACE", "restore s"},
		{"EXISTS s x; TOUCH s; TYPE x; TTL x; OBJECT ENCODING s; KEYS *; SCAN 0; DUMP s", ""},
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
