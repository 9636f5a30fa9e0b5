package server_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// Of every point of a write's way to the disk it is known how many of the writes
// before it were made aside, at any moment of syncs, snapshots and rewrites.
func TestWritesAsideAreCountedApart(t *testing.T) {
	for _, policy := range []string{"always", "everysec", "no", "off"} {
		t.Run(policy, func(t *testing.T) {
			config := []string{"appendonly", "yes", "appendfsync", policy}
			if policy == "off" {
				config = nil
			}
			s := servertest.WithAside(t, 15, config...)
			random := rand.New(rand.NewPCG(7, 7))
			load, learner := s.Client(), s.Client()
			load.Do("SELECT", "15")
			until := []uint64{0} // writes aside, by change
			check := func() {
				t.Helper()
				d := s.Durability()
				for len(until) <= int(d.Last) { // the server's own writes
					until = append(until, until[len(until)-1])
				}
				for name, pair := range map[string][2]uint64{
					"all": {d.Last, d.AsideLast}, "acknowledged": {d.Acknowledged, d.AsideAcknowledged}, "written": {d.Written, d.AsideWritten},
					"synced": {d.Synced, d.AsideSynced}, "in the snapshot": {d.SnapshotChange, d.AsideSnapshot},
				} {
					if want := until[pair[0]]; pair[1] != want {
						t.Fatalf("%s: up to change %d there were %d writes aside, told are %d", name, pair[0], want, pair[1])
					}
				}
			}
			for i := range 3000 {
				c, aside := learner, uint64(0)
				if random.IntN(4) > 0 {
					c, aside = load, 1
				}
				check() // knows all changes so far
				before := s.Durability().Last
				c.Do("SET", "k:"+strconv.Itoa(random.IntN(50)), strconv.Itoa(i))
				for change := before + 1; change <= s.Durability().Last; change++ {
					until = append(until, until[len(until)-1]+aside)
				}
				check()
				switch random.IntN(40) {
				case 0:
					s.Advance(int64(random.IntN(1_500_000)))
				case 1:
					learner.Do("BGSAVE")
				case 2:
					learner.Do("BGREWRITEAOF")
				case 3:
					learner.Do("SAVE")
				}
				check()
			}
		})
	}
}

// Where there are fewer databases it is the last of them; the only one is nobody's.
func TestAsideIsTheLastDatabase(t *testing.T) {
	for _, test := range []struct{ databases, db, aside uint64 }{{16, 15, 1}, {16, 3, 0}, {4, 3, 1}, {4, 0, 0}, {1, 0, 0}} {
		s := servertest.WithAside(t, 15, "databases", strconv.FormatUint(test.databases, 10))
		c := s.Client()
		c.Do("SELECT", strconv.FormatUint(test.db, 10))
		c.Do("SET", "k", "v")
		if d := s.Durability(); d.Last != 1 || d.AsideLast != test.aside {
			t.Errorf("%+v: of %d writes %d were made aside", test, d.Last, d.AsideLast)
		}
	}
}

// INFO counts everything, and tells the share that was done aside to who asks
// for it by name. A server of which nobody wants that has no such section.
func TestINFOAside(t *testing.T) {
	s := servertest.WithAside(t, 15)
	load, learner := s.Client(), s.Client()
	load.Do("SELECT", "15")
	field := func(info, name string) string {
		for _, line := range strings.Split(info, "\r\n") {
			if v, ok := strings.CutPrefix(line, name+":"); ok {
				return v
			}
		}
		return "none"
	}
	learner.Do("CONFIG", "RESETSTAT")
	for range 5 {
		load.Do("SET", "k", "v")
		load.Do("GET", "k")
		load.Do("GET", "missing")
		load.Do("LPOP", "k")
	}
	learner.Do("SET", "k", "v")
	learner.Do("GET", "k")
	learner.Do("LPOP", "k")
	info := string(learner.Do("INFO", "default", "aside").Str)
	for name, want := range map[string]string{
		"keyspace_hits": "6", "aside_keyspace_hits": "5", "keyspace_misses": "5", "aside_keyspace_misses": "5",
		"total_error_replies": "6", "aside_total_error_replies": "5", "aside_total_commands_processed": "20", "aside_total_reads_processed": "20",
		"rdb_changes_since_last_save": "6", "aside_rdb_changes_since_last_save": "5",
	} {
		if got := field(info, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if all := string(learner.Do("INFO", "everything").Str); strings.Contains(all, "aside") {
		t.Error("INFO everything has the section")
	}
	if other := servertest.New(t).Client().Do("INFO", "aside").Str; len(other) != 0 {
		t.Errorf("a server that keeps no database for it says %q", other)
	}
}
