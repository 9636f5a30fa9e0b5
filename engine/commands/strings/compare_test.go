package strings_test

import (
	"testing"

	"everysec/engine/servertest"
)

// What redis-server 7.0 does not have: from the documentation of Redis 8.4 and
// of Valkey.
func TestNewerTranscripts(t *testing.T) { servertest.RunTranscripts(t, "testdata/ours/*.txt") }

func TestEffectsOfComparisons(t *testing.T) {
	servertest.CheckEffects(t, []servertest.Effect{
		{"SET k a", "SET k b IFEQ x; SET k b IFEQ a; SET k c IFEQ b EX 100; SET k d IFEQ c KEEPTTL GET", "SET k b; SET k c PXAT 1700000100000; SET k d KEEPTTL", "set k; set k; expire k; set k"},
		{"SET k a; SET l a", "DELEX k IFEQ x; DELEX k IFEQ a; DELEX k; DELIFEQ l b; DELIFEQ l a", "DEL k; DEL l", "del k; del l"},
		{"", "MSETEX 2 a 1 b 2 PXAT 1700000100000; MSETEX 2 a 1 b 2 NX; MSETEX 1 a 1; MSETEX 1 b 3 KEEPTTL", "MULTI; SET a 1 PXAT 1700000100000; SET b 2 PXAT 1700000100000; EXEC; MSET a 1; SET b 3 KEEPTTL", "set a; expire a; set b; expire b; set a; set b"},
	})
}
