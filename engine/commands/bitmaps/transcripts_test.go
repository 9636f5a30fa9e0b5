package bitmaps_test

import (
	"testing"

	"everysec/engine/servertest"
)

func TestTranscripts(t *testing.T) { servertest.RunTranscripts(t, "testdata/*.txt") }

func TestEffects(t *testing.T) {
	servertest.CheckEffects(t, []servertest.Effect{
		{"", "SETBIT k 3 1; SETBIT k 3 1; SETBIT k 9 0; SETBIT k 9 0; GETBIT k 3", "SETBIT k 3 1; SETBIT k 9 0", "setbit k; setbit k"},
		{"SET a a; SET d d", "BITOP NOT d a; BITOP OR d none; BITOP OR d none; BITCOUNT a; BITPOS a 1", "BITOP NOT d a; BITOP OR d none", "set d; del d"},
		{"SET a a", "BITFIELD a GET u8 0; BITFIELD a SET u8 0 1 INCRBY u8 0 0; BITFIELD a SET u8 0 1; BITFIELD_RO a GET u8 0", "BITFIELD a SET u8 0 1 INCRBY u8 0 0", "setbit a"},
		{"", "BITFIELD k OVERFLOW FAIL SET u2 0 8", "", ""},
	})
}
