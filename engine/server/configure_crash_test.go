package server_test

import (
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// After the OK of CONFIG REWRITE and of ACL SAVE the new file is on the disk, and
// up to then the old one: no power cut leaves neither.
func TestWhatIsRewrittenIsWrittenWhole(t *testing.T) {
	for _, test := range []struct{ file, change, save, old, new string }{
		{"redis.conf", "CONFIG SET hz 77", "CONFIG REWRITE", "hz 20\n", "hz 77\n"},
		{"users.acl", "ACL SETUSER bob on", "ACL SAVE", "user alice on nopass\n", "user bob on"},
	} {
		// holds tells whether an image has the old file or the new one.
		holds := func(s *servertest.Server, when string) (isNew bool) {
			t.Helper()
			for seed := range uint64(30) {
				text, err := vfs.ReadFile(s.Disk.Image(vfs.PowerCut, seed), test.file)
				isNew = strings.Contains(string(text), test.new)
				if err != nil || !isNew && !strings.Contains(string(text), test.old) {
					t.Fatalf("%s, a power cut %s, seed %d: %q, %v", test.save, when, seed, text, err)
				}
				if !isNew {
					return false
				}
			}
			return true
		}
		var s *servertest.Server
		if test.file == "users.acl" {
			disk := vfs.New(vfs.Options{})
			write(t, disk, test.file, test.old)
			s = servertest.On(t, disk, "aclfile", test.file)
		} else {
			s = servertest.WithFile(t, test.old)
		}
		for _, ticket := range []vfs.Ticket{syncFile(t, s.Disk, test.file), s.Disk.SyncDir(".")} {
			s.Advance(1_000_000)
			if !ticket.Done() {
				t.Fatal("no sync")
			}
		}
		c := s.Client()
		if got := c.Text(test.change); got != "OK" {
			t.Fatal(got)
		}
		c.SendLine(test.save)
		s.Disk.HangSyncs(true)
		s.Advance(1_000_000)
		if _, ok := c.Reply(); ok {
			t.Errorf("%s replies before it is on the disk", test.save)
		}
		holds(s, "while the fsync hangs")
		s.Disk.HangSyncs(false)
		s.Advance(1_000_000)
		if v, ok := c.Reply(); !ok || string(v.Str) != "OK" {
			t.Errorf("%s: %q", test.save, v.Str)
		}
		if !holds(s, "after OK") {
			t.Errorf("%s: the old file came back after OK", test.save)
		}
		s.Disk.FailSyncs(1)
		if got := c.Text(test.save); !strings.HasPrefix(got, "(error) ERR ") {
			t.Errorf("%s with a failing fsync: %s", test.save, got)
		}
		for _, f := range s.Disk.Files() {
			if strings.Contains(f.Name, ".tmp-") {
				t.Errorf("%s leaves %s", test.save, f.Name)
			}
		}
	}
}

func syncFile(t *testing.T, disk *vfs.Disk, name string) vfs.Ticket {
	t.Helper()
	f, err := disk.OpenFile(name, vfs.Write)
	if err != nil {
		t.Fatal(err)
	}
	return f.Sync()
}
