package hyperloglog_test

import (
	"testing"

	"everysec/engine/servertest"
)

func TestTranscripts(t *testing.T) { servertest.RunTranscripts(t, "testdata/*.txt") }

func TestEffects(t *testing.T) {
	servertest.CheckEffects(t, []servertest.Effect{
		{"", "PFADD h a; PFADD h a; PFADD e; PFADD e", "PFADD h a; PFADD e", "pfadd h; pfadd e"},
		{"PFADD h a", "PFCOUNT h; PFCOUNT h; PFCOUNT h none; PFCOUNT none", "PFCOUNT h", ""},
		{"PFADD h a", "PFMERGE d h; PFMERGE d h", "PFMERGE d h; PFMERGE d h", "pfadd d; pfadd d"},
		{"PFADD h a", "PFDEBUG TODENSE h; PFDEBUG TODENSE h; PFDEBUG GETREG h", "PFDEBUG TODENSE h", ""},
	})
}
