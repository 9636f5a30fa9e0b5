package keys_test

import (
	"slices"
	"testing"

	"everysec/engine/servertest"
)

const (
	now   = "1700000000000"
	later = "1700000100000" // 100 s after the clock of a test starts
	// payload is DUMP of the string "v".
	payload = `"\x00\x01v\n\x00\x91\b\xce\xb2\x198\x8a\xce"`
)

// A time to live is propagated as the moment at which it ends, a moment that
// has passed as the deletion that it is.
func TestPropagation(t *testing.T) {
	if servertest.Start != 1700000000_000000 {
		t.Fatalf("the clock starts at %d, not at %s", servertest.Start, now)
	}
	for _, test := range []struct {
		commands []string // after SET k v
		want     []string
	}{
		{[]string{"DEL k x", "DEL x"}, []string{"DEL k x"}},
		{[]string{"UNLINK k"}, []string{"UNLINK k"}},
		{[]string{"EXPIRE k 100"}, []string{"PEXPIREAT k " + later}},
		{[]string{"EXPIRE k 100 NX", "EXPIRE k 200 NX"}, []string{"PEXPIREAT k " + later + " NX"}},
		{[]string{"PEXPIRE k 100000"}, []string{"PEXPIREAT k " + later}},
		{[]string{"EXPIREAT k 1700000100"}, []string{"PEXPIREAT k " + later}},
		{[]string{"pexpireat k " + later}, []string{"pexpireat k " + later}},
		{[]string{"EXPIRE k 0"}, []string{"DEL k"}},
		{[]string{"PEXPIREAT k " + now}, []string{"DEL k"}},
		{[]string{"EXPIRE x 100", "EXPIRE k 100 XX", "PERSIST k"}, nil},
		{[]string{"EXPIRE k 100", "PERSIST k"}, []string{"PEXPIREAT k " + later, "PERSIST k"}},
		{[]string{"RENAME k k", "RENAMENX k k", "RENAME k x"}, []string{"RENAME k x"}},
		{[]string{"COPY k x", "COPY k x", "COPY k y DB 1 REPLACE"}, []string{"COPY k x", "COPY k y DB 1 REPLACE"}},
		{[]string{"MOVE k 1", "MOVE k 1"}, []string{"MOVE k 1"}},
		{[]string{"RESTORE x 0 " + payload}, []string{"RESTORE x 0 " + payload}},
		{[]string{"RESTORE k 100000 " + payload + " REPLACE"}, []string{"RESTORE k " + later + " " + payload + " REPLACE ABSTTL"}},
		{[]string{"RESTORE x " + later + " " + payload + " ABSTTL"}, []string{"RESTORE x " + later + " " + payload + " ABSTTL"}},
		{[]string{"RESTORE k 1 " + payload + " ABSTTL REPLACE"}, []string{"DEL k"}},
		{[]string{"RESTORE x 1 " + payload + " ABSTTL REPLACE"}, nil},
		{[]string{"TOUCH k", "EXISTS k", "OBJECT ENCODING k", "SCAN 0", "DUMP k", "TTL k"}, nil},
	} {
		s := servertest.New(t, "appendonly", "yes")
		c := s.Client()
		c.Text("SET k v")
		for _, line := range test.commands {
			c.Text(line)
		}
		want := append([]string{"SET k v"}, test.want...)
		if got := s.Propagated(); !slices.Equal(got, want) {
			t.Errorf("%q: propagated %q, want %q", test.commands, got, want)
		}
	}
}

func TestLazyDeletesArePropagatedAsUnlink(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes", "lazyfree-lazy-server-del", "yes", "lazyfree-lazy-expire", "yes")
	c := s.Client()
	for _, line := range []string{"MSET a 1 b 2", "EXPIRE a -1", "RESTORE b 1 " + payload + " ABSTTL REPLACE"} {
		c.Text(line)
	}
	want := []string{"MSET a 1 b 2", "UNLINK a", "UNLINK b"}
	if got := s.Propagated(); !slices.Equal(got, want) {
		t.Errorf("propagated %q, want %q", got, want)
	}
}
