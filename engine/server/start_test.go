package server_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/engine/server"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// What was loaded is on the disk, and is shown so.
func TestWhatWasLoadedCountsAsDurable(t *testing.T) {
	check := func(s *servertest.Server, what string, durable func(change uint64) bool) {
		t.Helper()
		db := s.Space().DBs[0]
		for node := range db.Keys.All() {
			if change := db.EntryOf(node).Change; !durable(change) {
				t.Errorf("%s: key %s has change %d: %+v", what, db.KeyOf(node), change, s.Durability())
			}
		}
	}
	s := servertest.New(t, "appendonly", "yes", "appendfsync", "always")
	c := s.Client()
	expect(t, c, "SET a 1", "OK", "RPUSH l x", "(integer) 1", "BGREWRITEAOF", "Background append only file rewriting started", "SET b 2", "OK", "SAVE", "OK")
	s = servertest.On(t, s.Disk.Image(vfs.PowerCut, 1), "appendonly", "yes")
	check(s, "append-only file", func(n uint64) bool { return n <= s.Durability().Synced })
	expect(t, s.Client(), "DEBUG RELOAD", "OK")
	check(s, "reloaded", func(n uint64) bool { return n <= s.Durability().Synced && n <= s.Durability().SnapshotChange })
	s.Advance(1_200_000)
	s = servertest.On(t, s.Disk.Image(vfs.PowerCut, 1), "appendonly", "no")
	check(s, "snapshot", func(n uint64) bool { return n <= s.Durability().SnapshotChange && s.Durability().SnapshotAt > 0 })
	expect(t, s.Client(), "SET new 1", "OK")
	if d := s.Durability(); d.Last <= d.SnapshotChange {
		t.Errorf("a new change counts as in the snapshot: %+v", d)
	}
}

func TestLoadingInSlices(t *testing.T) {
	for _, appendonly := range []string{"yes", "no"} {
		t.Run("appendonly "+appendonly, func(t *testing.T) {
			s := servertest.New(t, "appendonly", appendonly)
			c := manyKeys(s, 60_000)
			expect(t, c, "SAVE", "OK")
			w, err := begin(t, s.Disk.Image(vfs.ProcessKill, 1), startOfTime, nil, "appendonly", appendonly)
			if err != nil {
				t.Fatal(err)
			}
			id := w.s.Connect(w.now, "127.0.0.1:1")
			w.s.Receive(id, []byte("GET key:0\r\nPING\r\nSET a b\r\nBGREWRITEAOF\r\nSAVE\r\n"))
			w.s.Step(w.now)
			out, _ := w.s.Output(id)
			const refusal = "-LOADING Redis is loading the dataset in memory\r\n"
			if got := string(out); got != strings.Repeat(refusal, 5) {
				t.Errorf("while loading: %q", got)
			}
			persistence := string(w.s.Info([]string{"persistence"}))
			for _, field := range []string{"loading:1\r\n", "loading_start_time:1700000000\r\n", "loading_total_bytes:", "loading_loaded_perc:", "loading_eta_seconds:"} {
				if !strings.Contains(persistence, field) {
					t.Errorf("INFO has no %q while loading:\n%s", field, persistence)
				}
			}
			steps, done := 0, int64(0)
			var last event.Job
			for w.s.Loading() {
				w.s.Step(w.now)
				steps++
				var b event.Batch
				w.s.Drain(&b)
				err := event.Decode(b.Bytes(), func(e event.Event) {
					if j, is := e.(*event.Job); is && j.Kind == event.Load {
						last = *j
					}
				})
				if err != nil || last.Total == 0 || last.Done < done || last.Done > last.Total || last.Phase == event.Running && last.Done == done {
					t.Fatalf("step %d: the bar stood at %d, the event is %+v, %v", steps, done, last, err)
				}
				done = last.Done
			}
			if last.Phase != event.Finished || last.Done != last.Total {
				t.Errorf("the last event is %+v", last)
			}
			if steps < 2 {
				t.Errorf("loaded in %d steps", steps)
			}
			w.s.Receive(id, []byte("DBSIZE\r\n"))
			w.s.Step(w.now)
			if out, _ := w.s.Output(id); string(out) != fmt.Sprintf(":%d\r\n", s.Space().DBs[0].Len()) {
				t.Errorf("after loading: %q", out)
			}
		})
	}
}

// stubborn is a disk that takes part of a write and then cannot be cut back.
type stubborn struct {
	*vfs.Disk
	refuse bool
}

type stubbornFile struct {
	vfs.File
	fs *stubborn
}

func (d *stubborn) OpenFile(name string, mode vfs.Mode) (vfs.File, error) {
	f, err := d.Disk.OpenFile(name, mode)
	if err != nil {
		return nil, err
	}
	return &stubbornFile{f, d}, nil
}

func (f *stubbornFile) Truncate(size int64) error {
	if f.fs.refuse {
		return errors.New("truncate refused")
	}
	return f.File.Truncate(size)
}

// If a short write cannot be cut off, the rest of it follows when there is room.
func TestShortWriteThatCannotBeCutOff(t *testing.T) {
	disk := &stubborn{Disk: vfs.New(vfs.Options{}), refuse: true}
	s, err := server.Open(startOfTime, server.Options{FS: disk, Config: [][2]string{{"appendonly", "yes"}, {"save", ""}}})
	if err != nil {
		t.Fatal(err)
	}
	step := func() { s.Step(startOfTime) }
	for s.Loading() {
		step()
	}
	step()
	id := s.Connect(startOfTime, "127.0.0.1:1")
	s.Receive(id, []byte("SET a 1\r\n"))
	step()
	disk.Fill(20)
	s.Receive(id, []byte("SET b 2\r\n"))
	step()
	disk.SetCapacity(0)
	step()
	s.Receive(id, []byte("SET c 3\r\n"))
	step()
	want := commands("SELECT 0", "SET a 1", "SET b 2", "SET c 3")
	if got := text(t, disk.Disk, firstIncr); got != want {
		t.Errorf("the file has %q, want %q", got, want)
	}
}

// What is wrong with rename-command is said at the start, with its line.
func TestRenameCommandErrors(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"rename-command nosuch x", "reading redis.conf, line 1: 'rename-command nosuch x': No such command in rename-command"},
		{"\nrename-command get SET", "reading redis.conf, line 2: 'rename-command get SET': Target command name already exists"},
		{"rename-command get a\nrename-command set A", "reading redis.conf, line 2: 'rename-command set A': Target command name already exists"},
		{"rename-command get a\nrename-command get b", "reading redis.conf, line 2: 'rename-command get b': No such command in rename-command"},
		{"rename-command get \"\"\nrename-command set get\nrename-command config|get \"\"", "reading redis.conf, line 3: 'rename-command config|get \"\"': No such command in rename-command"},
		{"rename-command get", "reading redis.conf, line 1: 'rename-command get': Bad directive or wrong number of arguments"},
	} {
		_, err := server.Open(startOfTime, server.Options{FS: vfs.New(vfs.Options{}), ConfigFileName: "redis.conf", ConfigFile: []byte(c.file)})
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.file, err, c.want)
		}
	}
}
