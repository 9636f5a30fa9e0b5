package strings_test

import (
	"slices"
	"testing"

	"everysec/engine/servertest"
)

// What goes into the append-only file must lead to the same state whenever it
// is replayed: relative times become moments, results replace arithmetic that
// could round differently, and what changed nothing leaves no trace.
func TestPropagation(t *testing.T) {
	now, later := "1700000000000", "1700000100000"
	if servertest.Start != 1700000000_000000 {
		t.Fatalf("the clock starts at %d: the moments below are not %s", servertest.Start, now)
	}
	for _, test := range []struct {
		commands []string
		want     []string
	}{
		{[]string{"set k v"}, []string{"set k v"}},
		{[]string{"SET k v XX", "GET k"}, nil},
		{[]string{"SET k v NX"}, []string{"SET k v NX"}},
		{[]string{"SET k v KEEPTTL"}, []string{"SET k v KEEPTTL"}},
		{[]string{"SET k v EX 100 NX GET"}, []string{"SET k v PXAT " + later}},
		{[]string{"SET k v PX 100000"}, []string{"SET k v PXAT " + later}},
		{[]string{"SET k v EXAT 1700000100"}, []string{"SET k v PXAT " + later}},
		{[]string{"SET k v PXAT " + later}, []string{"SET k v PXAT " + later}},
		{[]string{"SET k v get NX GET"}, []string{"SET k v NX"}},
		{[]string{"SETNX k v", "SETNX k w"}, []string{"SETNX k v"}},
		{[]string{"SETEX k 100 v"}, []string{"SET k v PXAT " + later}},
		{[]string{"PSETEX k 100000 v"}, []string{"SET k v PXAT " + later}},
		{[]string{"GETSET k v"}, []string{"SET k v"}},
		{[]string{"MSET a 1 b 2", "MSETNX a 1 c 2"}, []string{"MSET a 1 b 2"}},
		{[]string{"SET k v", "GETEX k"}, []string{"SET k v"}},
		{[]string{"SET k v", "GETEX k EX 100", "GETEX k PERSIST", "GETEX k PERSIST"}, []string{"SET k v", "PEXPIREAT k " + later, "PERSIST k"}},
		{[]string{"SET k v", "GETEX k EXAT 1"}, []string{"SET k v", "DEL k"}},
		{[]string{"SET k v", "GETDEL k", "GETDEL k"}, []string{"SET k v", "DEL k"}},
		{[]string{"INCR n", "DECRBY n 3", "INCRBY n x"}, []string{"INCR n", "DECRBY n 3"}},
		{[]string{"INCRBYFLOAT n 0.10"}, []string{"SET n 0.1 KEEPTTL"}},
		{[]string{"APPEND k v", `APPEND k ""`}, []string{"APPEND k v", `APPEND k ""`}},
		{[]string{"SETRANGE k 2 v", `SETRANGE k 0 ""`, "SETRANGE k -1 x"}, []string{"SETRANGE k 2 v"}},
	} {
		s := servertest.New(t, "appendonly", "yes")
		c := s.Client()
		for _, line := range test.commands {
			c.Text(line)
		}
		if got := s.Propagated(); !slices.Equal(got, test.want) {
			t.Errorf("%q: propagated %q, want %q", test.commands, got, test.want)
		}
	}
}

func TestLazyDeletesArePropagatedAsUnlink(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "lazyfree-lazy-user-del", "yes", "lazyfree-lazy-expire", "yes")
	c := s.Client()
	for _, line := range []string{"MSET a 1 b 2", "GETDEL a", "GETEX b PXAT 1"} {
		c.Text(line)
	}
	want := []string{"MSET a 1 b 2", "UNLINK a", "UNLINK b"}
	if got := s.Propagated(); !slices.Equal(got, want) {
		t.Errorf("propagated %q, want %q", got, want)
	}
}
