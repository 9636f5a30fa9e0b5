package hashes_test

import (
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// FuzzFieldExpiry plays any words; what the server holds then must come back
// from its append-only file.
func FuzzFieldExpiry(f *testing.F) {
	f.Add("HSET h a 1 b 2\nHEXPIRE h 100 FIELDS 2 a b\nHPERSIST h FIELDS 1 a\nHGETEX h PX 5 FIELDS 1 b\n+\nHLEN h")
	f.Add("HSETEX h EX 10 FNX FIELDS 2 a 1 a 2\nHGETDEL h FIELDS 3 a a a\nHSETEX h KEEPTTL FIELDS 1 a 1\nHPEXPIREAT h 1700000000001 LT FIELDS 1 a\n+\nRENAME h g\nCOPY g h")
	f.Fuzz(func(t *testing.T, script string) {
		s := servertest.New(t, "appendonly", "yes")
		c := s.Client()
		for i, line := range strings.Split(script, "\n") {
			words := strings.Fields(line)
			if i > 50 || len(words) == 0 {
				continue
			}
			name := strings.ToUpper(words[0])
			switch {
			case name == "+":
				s.Advance(10_000)
			case strings.HasPrefix(name, "H") && name != "HELLO" || name == "RENAME" || name == "COPY" || name == "DEL":
				c.Do(words...)
			}
		}
		want := c.Text("DEBUG DIGEST")
		back := servertest.At(t, s.Disk.Image(vfs.ProcessKill, 0), s.Now, "appendonly", "yes").Client()
		if got := back.Text("DEBUG DIGEST"); got != want {
			t.Errorf("after a restart %s, before %s", got, want)
		}
	})
}
