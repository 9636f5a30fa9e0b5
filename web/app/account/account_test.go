package account_test

import (
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/app/account"

	"github.com/google/go-cmp/cmp"
)

const incr = "appendonlydir/appendonly.aof.1.incr.aof"

// second is a time of the story below.
func second(n int64) int64 { return n * 1_000_000 }

func write(change uint64, key, command string, fate event.CrashFate) event.CrashWrite {
	w := event.CrashWrite{
		Change: change, At: second(int64(change)), Command: command, Keys: []string{key}, Acknowledged: true, Fate: fate, File: incr,
		Reason: "only in the page cache: of " + incr + " the first 99 bytes were synced",
	}
	if fate == event.WriteSurvived {
		w.Reason, w.SyncedAt = "synced in "+incr, second(6)
	}
	return w
}

func story() *app.CrashReport {
	last := write(9, "open", "SET open 2", event.WriteLost)
	last.Acknowledged = false
	writes := []event.CrashWrite{
		last, write(8, "n", "SET n 3", event.WriteLost), write(7, "n", "SET n 2", event.WriteLost),
		write(6, "gone", "SET gone 1", event.WriteLost), write(5, "back", "DEL back", event.WriteLost),
		write(4, "back", "SET back 1", event.WriteSurvived), write(3, "n", "SET n 1", event.WriteSurvived),
		write(2, "stays", "SET stays 1", event.WriteSurvived), write(1, "open", "SET open 1", event.WriteSurvived),
	}
	quoted := func(n string) bridge.KeyState { return bridge.KeyState{Text: `"` + n + `"`} }
	return &app.CrashReport{
		Account: bridge.Account{Complete: true, Counts: [6]int64{1, 1, 1, 1, 1, 1}, Keys: []bridge.KeyFate{
			{Key: []byte("n"), Fate: bridge.Reverted, Before: quoted("3"), After: quoted("1")},
			{Key: []byte("gone"), Fate: bridge.Lost, Before: quoted("1")},
			{Key: []byte("back"), Fate: bridge.Returned, After: quoted("1")},
			{Key: []byte("fades"), Fate: bridge.Expired, Before: bridge.KeyState{Text: `"x"`, ExpireAt: 5000}},
			{Key: []byte("open"), Fate: bridge.Open, Before: quoted("2"), After: quoted("1")},
			{DB: 3, Key: []byte("stays"), Fate: bridge.Survived, After: quoted("1")},
		}},
		Report: &event.CrashReport{Acknowledged: 8, Unacknowledged: 1, Survived: 4, Lost: 4, Writes: writes},
	}
}

const (
	synced  = "synced in appendonly.aof.1.incr.aof, on disk at 00:00:06.0"
	inCache = "only in the page cache: of appendonly.aof.1.incr.aof the first 99 bytes were synced"
)

func TestKeyByKey(t *testing.T) {
	r := story()
	r.Report.Writes[7].DB = 3
	s := account.New(r)
	var got []account.Line
	for i := range s.Keys() {
		got = append(got, s.Key(i))
	}
	type c = account.Cell
	want := []account.Line{
		{"n", "older", c{`"3"`, "written at 00:00:08.0"}, c{`"1"`, synced}, c{"✕ SET n 3", "and 1 write before it: " + inCache}},
		{"gone", "lost", c{`"1"`, "written at 00:00:06.0"}, c{}, c{"✕ SET gone 1", inCache}},
		{"back", "back", c{"(deleted)", "written at 00:00:05.0"}, c{`"1"`, synced}, c{"✕ DEL back", inCache}},
		{"fades", "expired", c{`"x" until 00:00:05.0`, ""}, c{"–", "its time was up, and not because of the crash"}, c{}},
		{"open", "open", c{`"2"`, "written at 00:00:01.0"}, c{`"1"`, synced}, c{"SET open 2", "nothing acknowledged: its newest write had no reply yet"}},
		{"[3] stays", "survived", c{`"1"`, "written at 00:00:02.0"}, c{"✓ the same", synced}, c{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := account.Keys(&r.Account), "1 key as it was · 1 key with an older value · 1 key gone · 1 deleted key back · 1 key expired · 1 key whose newest write had no reply yet"; got != want {
		t.Errorf("%q", got)
	}
}

// The lost ones come first, each with its reason; what nobody knows is said.
func TestWriteByWrite(t *testing.T) {
	s := account.New(story())
	commands := ""
	for i := range s.Writes() {
		l := s.Write(i)
		commands += l.Acknowledged.What + ": " + l.Fate + "; "
	}
	if want := "SET open 2: lost; SET n 3: lost; SET n 2: lost; SET gone 1: lost; DEL back: lost; SET back 1: survived; SET n 1: survived; SET stays 1: survived; SET open 1: survived; "; commands != want {
		t.Error(commands)
	}
	type c = account.Cell
	if diff := cmp.Diff(account.Line{"", "lost", c{"SET open 2", "at 00:00:09.0, not acknowledged yet"}, c{}, c{"✕", inCache}}, s.Write(0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(account.Line{"", "survived", c{"SET open 1", "at 00:00:01.0"}, c{"✓", synced}, c{}}, s.Write(8)); diff != "" {
		t.Error(diff)
	}
}

// Of writes that are only counted no reason is made up.
func TestWhatIsNotTold(t *testing.T) {
	r := story()
	r.Report.Acknowledged = 1000
	r.Report.Writes = r.Report.Writes[:1]
	r.Account.Keys[1].Before = bridge.KeyState{}
	s := account.New(r)
	const older = "written before the writes that are told one by one"
	if l := s.Key(1); l.Acknowledged.What != "(not kept)" || l.Acknowledged.Why != "" || l.Lost.Why != older {
		t.Errorf("%+v", l)
	}
	if l := s.Key(5); l.Survived.Why != older {
		t.Errorf("%+v", l)
	}
	r.Report = nil
	if s := account.New(r); s.Writes() != 0 || s.Keys() != 6 {
		t.Error("without a report")
	}
}

func TestHowMuchOfAFileWasRead(t *testing.T) {
	for _, test := range []struct {
		found, read int64
		want        string
	}{
		{0, 0, "appendonly.aof.1.incr.aof: empty"},
		{100, 100, "appendonly.aof.1.incr.aof: 100 B, all of it read"},
		{100, 60, "appendonly.aof.1.incr.aof: 100 B found, the last 40 B cut off"},
	} {
		if got := account.Read(event.FileRead{Name: incr, Found: test.found, Read: test.read}); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// Among very many keys and writes one is found, by a part of its name.
func TestSeek(t *testing.T) {
	s := account.New(story())
	for _, test := range []struct {
		text         string
		keys, writes []string
	}{
		{"", []string{"n", "gone", "back", "fades", "open", "[3] stays"}, []string{"SET open 2", "SET n 3", "SET n 2", "SET gone 1", "DEL back", "SET back 1", "SET n 1", "SET stays 1", "SET open 1"}},
		{"ba", []string{"back"}, []string{"DEL back", "SET back 1"}},
		{"n", []string{"n", "gone", "open"}, []string{"SET open 2", "SET n 3", "SET n 2", "SET gone 1", "SET n 1", "SET open 1"}},
		{"DEL", nil, []string{"DEL back"}},
		{"nobody", nil, nil},
	} {
		s.Seek(test.text)
		var keys, writes []string
		for i := range s.Keys() {
			keys = append(keys, s.Key(i).Key)
		}
		for i := range s.Writes() {
			writes = append(writes, s.Write(i).Acknowledged.What)
		}
		if diff := cmp.Diff(test.keys, keys); diff != "" {
			t.Errorf("%q: keys %s", test.text, diff)
		}
		if diff := cmp.Diff(test.writes, writes); diff != "" {
			t.Errorf("%q: writes %s", test.text, diff)
		}
	}
}

// What is counted, and has no line, is said to have none.
func TestKeysWithoutALine(t *testing.T) {
	r := story()
	r.Account.Counts[bridge.Lost] = 100_001
	if got, want := account.Keys(&r.Account), "100,001 keys gone"; !strings.Contains(got, want) || !strings.HasSuffix(got, "100,000 of them are counted, and not told one by one") {
		t.Errorf("%s", got)
	}
	if got := account.Keys(&story().Account); strings.Contains(got, "of them") {
		t.Errorf("%s", got)
	}
}
