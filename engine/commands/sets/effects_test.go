package sets_test

import (
	"slices"
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// What goes into the append-only file must lead to the same state whenever it
// is replayed: where chance chose, what it chose is written.
func TestPropagation(t *testing.T) {
	for _, test := range []struct{ commands, want string }{
		{"SADD s 1 2; SADD s 1", "SADD s 1 2"},
		{"SADD s 1 2; SREM s 2 3; SREM s 3", "SADD s 1 2; SREM s 2 3"},
		{"SADD s 1; SMOVE s d 1; SMOVE s d 1", "SADD s 1; SMOVE s d 1"},
		{"SADD s a; SPOP s; SPOP s", "SADD s a; SREM s a"},
		{"SADD s 1 2 3; SPOP s 3; SPOP s 3", "SADD s 1 2 3; DEL s"},
		{"SADD s 1 2 3; SPOP s 0", "SADD s 1 2 3"},
		{"SADD s 1 2; SUNIONSTORE d s; SINTERSTORE d s none; SINTERSTORE d s none", "SADD s 1 2; SUNIONSTORE d s; SINTERSTORE d s none"},
		{"SADD s 1 2; SDIFFSTORE d s s; SRANDMEMBER s 1; SMEMBERS s", "SADD s 1 2"},
	} {
		s := servertest.New(t, "appendonly", "yes")
		play(s.Client(), test.commands)
		if got := strings.Join(s.Propagated(), "; "); got != test.want {
			t.Errorf("%s: propagated %q, want %q", test.commands, got, test.want)
		}
	}
}

func play(c *servertest.Client, commands string) {
	for _, line := range strings.Split(commands, "; ") {
		c.Text(line)
	}
}

// SPOP with a count writes one SREM for each member, however it chose them.
func TestSpopPropagatesWhatItTook(t *testing.T) {
	for _, count := range []string{"3", "11"} { // take few of 12, or leave few
		s := servertest.New(t, "appendonly", "yes")
		c := s.Client()
		c.Text("SADD s 1 2 3 4 5 6 7 8 9 10 11 x")
		var want []string
		for _, e := range c.Do("SPOP", "s", count).Elems {
			want = append(want, "SREM s "+string(e.Str))
		}
		var removals []string
		for _, line := range s.Propagated() {
			if strings.HasPrefix(line, "SREM") {
				removals = append(removals, line)
			}
		}
		if !slices.Equal(removals, want) {
			t.Errorf("SPOP s %s: propagated %q, want %q", count, removals, want)
		}
	}
}

// When SPOP leaves few of many it makes a new set for them: with integers
// only, and the same time to live.
func TestSpopThatLeavesFew(t *testing.T) {
	c := servertest.New(t).Client()
	play(c, "SADD s 1 2 3 4 5 6 7 8 9 10 11 12 x; SREM s x; EXPIRE s 1000")
	if got := c.Text("OBJECT ENCODING s"); got != `"hashtable"` {
		t.Fatalf("the encoding before is %s", got)
	}
	c.Do("SPOP", "s", "11")
	for command, want := range map[string]string{
		"SCARD s": "(integer) 1", "OBJECT ENCODING s": `"intset"`, "TTL s": "(integer) 1000",
	} {
		if got := c.Text(command); got != want {
			t.Errorf("%s: %s, want %s", command, got, want)
		}
	}
}

// What is published when notify-keyspace-events is KEA.
func TestEvents(t *testing.T) {
	for _, test := range []struct{ commands, want string }{
		{"SADD s 1; SADD s 1", "sadd s"},
		{"SREM a 1 2; SREM a 9; SREM a 3 4", "srem a; srem a; del a"},
		{"SMOVE a b 1; SMOVE a b 3; SMOVE a b 99; SMOVE a a 2", "srem a; sadd b; srem a"},
		{"SADD s 1; SMOVE s d 1", "sadd s; srem s; del s; sadd d"},
		{"SPOP b; SPOP a 2; SPOP a 2; SPOP a 2", "spop b; spop a; spop a; del a"},
		{"SADD s 1; SPOP s", "sadd s; spop s; del s"},
		{"SINTERSTORE d a b; SUNIONSTORE d a b; SDIFFSTORE d a b", "sinterstore d; sunionstore d; sdiffstore d"},
		{"SDIFFSTORE a b b; SDIFFSTORE a b b", "del a"},
		{"SMEMBERS a; SRANDMEMBER a 5; SINTERCARD 2 a b", ""},
	} {
		s := servertest.New(t, "notify-keyspace-events", "KEA")
		c, listener := s.Client(), s.Client()
		play(c, "SADD a 1 2 3 4; SADD b 3 4 5 6")
		listener.Do("PSUBSCRIBE", "__keyevent@0__:*")
		play(c, test.commands)
		var got []string
		for {
			m, ok := listener.Reply()
			if !ok {
				break
			}
			event := strings.TrimPrefix(string(m.Elems[2].Str), "__keyevent@0__:")
			got = append(got, event+" "+string(m.Elems[3].Str))
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s: published %q, want %q", test.commands, got, test.want)
		}
	}
}
