package app_test

import (
	"slices"
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/web/app"

	"github.com/google/go-cmp/cmp"
)

// page is a model with a worker that only remembers what it was asked.
type page struct {
	t     *testing.T
	model *app.Model
	next  uint32
	names map[uint32]string // clients, by number
	sent  []string          // what was sent: "redis: GET k"
	asked []app.Control
	kept  string // the history
	other []app.Effect
}

func newPage(t *testing.T) *page {
	p := &page{t: t, model: app.New(nil), names: map[uint32]string{}}
	p.do(app.Boot{Wall: 1_000_000})
	p.state(bridge.PhaseRunning)
	p.drain()
	p.events(&event.Durability{AOFEnabled: true})
	p.answers()
	p.sent, p.other = nil, nil
	return p
}

func (p *page) do(m app.Message) {
	p.t.Helper()
	for _, e := range p.model.Update(m) {
		switch e := e.(type) {
		case app.Connect:
			p.next++
			p.names[p.next] = e.Address
			p.do(app.Connected{Console: e.Console, Client: p.next})
		case app.Send:
			var r resp.Reader
			r.Feed(e.Data)
			for {
				args, ok, err := r.Next()
				if err != nil {
					p.t.Fatal(err)
				}
				if !ok {
					break
				}
				words := make([]string, len(args))
				for i, a := range args {
					words[i] = string(a)
				}
				p.sent = append(p.sent, p.names[e.Client]+": "+strings.Join(words, " "))
			}
		case app.Control:
			p.asked = append(p.asked, e)
		case app.Invoke:
			p.asked = append(p.asked, e.Control)
		case app.SaveHistory:
			p.kept = e.Text
		default:
			p.other = append(p.other, e)
		}
	}
}

// answer answers the oldest control of a kind.
func (p *page) answer(op bridge.Op, data []byte) {
	p.t.Helper()
	for i, c := range p.asked {
		if c.Op == op {
			p.asked = append(p.asked[:i], p.asked[i+1:]...)
			p.do(c.Answer(data, nil))
			return
		}
	}
	p.t.Fatalf("nothing was asked of kind %d", op)
}

// answers answers all that has been asked but of some kinds, with nothing.
func (p *page) answers(but ...bridge.Op) {
	asked := p.asked
	p.asked = nil
	for _, c := range asked {
		if slices.Contains(but, c.Op) {
			p.asked = append(p.asked, c)
			continue
		}
		p.do(c.Answer(nil, nil))
	}
}

func (p *page) state(phase bridge.Phase) {
	p.t.Helper()
	p.answer(bridge.OpState, bridge.State{Now: 5_000_000, Wall: 1_000_000, Speed: 1, Phase: phase}.Append(nil))
}

func (p *page) reply(client, wire string) {
	p.t.Helper()
	for id, name := range p.names {
		if name == client {
			p.do(app.Output{Client: id, Data: []byte(strings.ReplaceAll(wire, "|", "\r\n"))})
			return
		}
	}
	p.t.Fatalf("no client %q", client)
}

// id is the newest client of a console; "page" is the page's own.
func (p *page) id(name string) (newest uint32) {
	for id, n := range p.names {
		if n == name {
			newest = max(newest, id)
		}
	}
	return newest
}

func (p *page) events(events ...event.Event) {
	var b event.Batch
	for _, e := range events {
		b.Add(e)
	}
	p.do(app.Events{Batch: b.Bytes()})
}

func (p *page) screen(name string) string {
	var lines []string
	for _, b := range p.model.Console(name).Blocks {
		lines = append(lines, b.Prompt+b.Text)
	}
	return strings.Join(lines, "\n")
}

func key(name string, change uint64) *event.KeyChanged {
	return &event.KeyChanged{Key: []byte(name), KeyLen: len(name), Change: change}
}

func TestEachConsoleIsAClientOfItsOwn(t *testing.T) {
	p := newPage(t)
	p.do(app.OpenConsole{})
	p.do(app.OpenConsole{})
	p.do(app.Submit{Console: "worker-A", Line: "MULTI"})
	p.do(app.Submit{Console: "worker-B", Line: "GET k"})
	p.reply("worker-A", "+OK|")
	p.reply("worker-B", "$-1|")
	if diff := cmp.Diff([]string{"worker-A: MULTI", "worker-B: GET k"}, p.sent); diff != "" {
		t.Error(diff)
	}
	if got := p.screen("worker-B"); got != "127.0.0.1:6379> GET k\n(nil)" {
		t.Errorf("worker-B shows %q", got)
	}
	if got := p.model.Console("worker-A").CLI.Prompt(); got != "127.0.0.1:6379(TX)> " {
		t.Errorf("worker-A's prompt is %q", got)
	}
	p.do(app.CloseConsole{Name: "worker-A"})
	if len(p.other) != 1 || p.model.Console("worker-A") != nil {
		t.Errorf("closing a console: %v", p.other)
	}
	p.do(app.CloseConsole{Name: "redis"})
	p.do(app.CloseConsole{Name: "worker-B"})
	if len(p.model.Consoles) != 1 {
		t.Errorf("%d consoles: the last one stays", len(p.model.Consoles))
	}
}

func TestAFrozenClientGoesOnWhenItWakesUp(t *testing.T) {
	p := newPage(t)
	p.do(app.Submit{Console: "redis", Line: "!pause redis"})
	p.do(app.Submit{Console: "redis", Line: "DEL lock"})
	if p.sent != nil {
		t.Fatalf("a frozen client sent %v", p.sent)
	}
	p.do(app.Submit{Console: "redis", Line: "!resume redis"})
	if diff := cmp.Diff([]string{"redis: DEL lock"}, p.sent); diff != "" {
		t.Error(diff)
	}
}

func TestDurabilityFollowsFromTheWatermarks(t *testing.T) {
	for _, test := range []struct {
		name string
		d    event.Durability
		want string // of the changes 1 to 5
		loss app.Loss
	}{
		{"nothing is anywhere", event.Durability{Last: 5, Acknowledged: 5, AOFEnabled: true}, "MMMMM", app.Loss{Writes: 5}},
		{
			"each place holds something",
			event.Durability{
				Last: 5, Acknowledged: 5, Written: 4, Synced: 2, AOFEnabled: true,
				SnapshotChange: 1, SnapshotAt: 1, OldestUnsyncedAt: 4_500_000,
			},
			"SDWWM",
			app.Loss{Writes: 3, Age: 500_000},
		},
		{"without an append only file only the snapshot counts", event.Durability{Last: 5, Acknowledged: 5, Written: 5, Synced: 5, SnapshotChange: 2, SnapshotAt: 1}, "SSMMM", app.Loss{Writes: 3}},
		{"a write that waits for its sync was not acknowledged", event.Durability{Last: 5, Acknowledged: 4, Written: 5, Synced: 4, AOFEnabled: true}, "DDDDW", app.Loss{}},
		{"all is on disk", event.Durability{Last: 5, Acknowledged: 5, Written: 5, Synced: 5, AOFEnabled: true}, "DDDDD", app.Loss{}},
		{"with an append only file a start does not read the snapshot", event.Durability{Last: 5, Acknowledged: 5, AOFEnabled: true, SnapshotChange: 5, SnapshotAt: 1}, "SSSSS", app.Loss{Writes: 5}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPage(t)
			test.d.Now = 5_000_000
			events := []event.Event{&test.d}
			for i := range 5 {
				events = append(events, key(string(rune('a'+i)), uint64(i+1)))
			}
			p.events(events...)
			got := ""
			for i := range 5 {
				got += string("MWDS"[p.model.Durable(p.model.Keyspace().Find(string(rune('a'+i))))])
			}
			if got != test.want {
				t.Errorf("states %s, want %s", got, test.want)
			}
			if diff := cmp.Diff(test.loss, p.model.Loss()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheLineIsAlwaysTrue(t *testing.T) {
	p := newPage(t)
	line := func() string { a, b, c := p.model.LossLine(); return a + b + c }
	for _, test := range []struct {
		d    event.Durability
		want string
	}{
		{event.Durability{AOFEnabled: true}, "If the power failed now you would lose nothing that was acknowledged."},
		{event.Durability{Last: 1, Acknowledged: 1, Written: 1, AOFEnabled: true, OldestUnsyncedAt: 4_950_000}, "If the power failed now you would lose 1 acknowledged write (made just now)."},
		{event.Durability{Last: 1234, Acknowledged: 1234, AOFEnabled: true, OldestUnsyncedAt: 4_400_000}, "If the power failed now you would lose 1,234 acknowledged writes (the oldest 0.6 s old)."},
		{event.Durability{Last: 2, Acknowledged: 2}, "If the power failed now you would lose 2 acknowledged writes."},
	} {
		p.events(&test.d)
		if got := line(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	p.do(app.Noticed{Kind: bridge.NoticeCrashed})
	if got := line(); !strings.HasPrefix(got, "The server is down.") {
		t.Errorf("%q", got)
	}
}

func TestKeysKeepTheirPlaces(t *testing.T) {
	p := newPage(t)
	p.events(key("a", 1), key("b", 2), key("c", 3))
	k := p.model.Keyspace()
	b := k.Slot("b")
	p.events(&event.KeyRemoved{Key: []byte("a"), Reason: event.Expired}, key("b", 4))
	if k.Slot("b") != b || k.Len() != 2 || k.Find("a") != nil {
		t.Fatalf("slot of b %d, was %d; %d keys", k.Slot("b"), b, k.Len())
	}
	if gone := k.Cells[0]; gone.Live || gone.Gone != event.Expired || gone.GoneAt == 0 {
		t.Errorf("a key that has just gone is still seen: %+v", gone)
	}
	p.do(app.Frame{Wall: 3_000_000})
	p.events(key("d", 5))
	if k.Slot("d") != 0 {
		t.Errorf("a free place is used again: d has slot %d", k.Slot("d"))
	}
	p.events(&event.KeyspaceFlushed{DB: -1})
	if p.model.Keyspace().Len() != 0 {
		t.Error("a flush empties the keyspace")
	}
}

func TestGapsAreClosed(t *testing.T) {
	p := newPage(t)
	var events []event.Event
	name := func(i int) string { return "key:" + app.Count(int64(i)) }
	for i := range 1000 {
		events = append(events, key(name(i), uint64(i)))
	}
	p.events(events...)
	events = nil
	for i := range 990 {
		events = append(events, &event.KeyRemoved{Key: []byte(name(i))})
	}
	p.events(events...)
	p.do(app.Frame{Wall: 4_000_000})
	k := p.model.Keyspace()
	if len(k.Cells) != 10 || k.Len() != 10 || k.Cells[k.Slot(name(995))].Key != name(995) {
		t.Errorf("%d places for %d keys", len(k.Cells), k.Len())
	}
}

func TestATimeToLiveDrains(t *testing.T) {
	p := newPage(t)
	e := key("lock", 1)
	e.ExpireAt = 35_000 // 30 seconds after 5 s
	p.events(e)
	c := p.model.Keyspace().Find("lock")
	for at, want := range map[int64]float64{5_000_000: 1, 20_000_000: 0.5, 35_000_000: 0, 99_000_000: 0} {
		if got := c.Life(at); got != want {
			t.Errorf("at %d: %v, want %v", at, got, want)
		}
	}
	if got := (&app.Cell{}).Life(1); got != 1 {
		t.Errorf("a key that never expires: %v", got)
	}
}

func TestSwappedDatabasesChangePlaces(t *testing.T) {
	p := newPage(t)
	other := key("in nine", 2)
	other.DB = 9
	p.events(key("in zero", 1), other, &event.KeyspaceSwapped{A: 0, B: 9})
	if p.model.Keyspace().Find("in nine") == nil {
		t.Error("database 0 shows what was in 9")
	}
	if diff := cmp.Diff([]int{0, 9}, p.model.Databases()); diff != "" {
		t.Error(diff)
	}
}

// drain answers what the page's client asks when it starts.
func (p *page) drain() {
	p.t.Helper()
	for _, s := range p.sent {
		switch {
		case strings.HasPrefix(s, "page: CLIENT ID"):
			p.reply("page", ":77|")
		case strings.HasPrefix(s, "page: CONFIG GET"):
			p.reply("page", "*4|$10|appendonly|$3|yes|$4|save|$0||")
		}
	}
}

func TestACrashAndItsAccount(t *testing.T) {
	p := newPage(t)
	p.do(app.Submit{Console: "redis", Line: "SET k v"})
	p.reply("redis", "+OK|")
	p.events(key("k", 1), &event.Durability{Last: 1, Acknowledged: 1, Written: 1, AOFEnabled: true})
	p.do(app.Crash{Kind: bridge.PowerCut})
	p.answer(bridge.OpCrash, bridge.Account{Kind: bridge.PowerCut, Acknowledged: 1, At: 5, Unsynced: 1}.Append(nil))
	r := p.model.Crashed
	if !p.model.Down || r == nil || r.Before() != "1 write had been acknowledged. 1 of them was not on the disk." {
		t.Fatalf("down %v, report %+v", p.model.Down, r)
	}
	if p.model.Keyspace().Len() != 0 {
		t.Error("memory outlived the crash")
	}
	p.do(app.Submit{Console: "redis", Line: "GET k"})
	if got := p.screen("redis"); !strings.Contains(got, "SET k v\nOK\n") {
		t.Errorf("screen:\n%s", got)
	}
	p.do(app.Restart{})
	if !r.Restarting {
		t.Error("a restart is under way")
	}
	p.answer(bridge.OpRestart, bridge.Account{
		Kind: bridge.PowerCut, Acknowledged: 1, Complete: true, LostWrites: 1,
		Counts: [6]int64{0, 0, 1}, Keys: []bridge.KeyFate{{Key: []byte("k"), Fate: bridge.Lost}},
	}.Append(nil))
	if p.model.Down || r.Summary() != "1 acknowledged write: 0 survived, 1 lost." || r.LostKeys() != 1 {
		t.Errorf("down %v, %q", p.model.Down, r.Summary())
	}
	p.do(app.DismissAccount{})
	if p.model.Crashed != nil {
		t.Error("the account stays open")
	}
}

func TestTheServerIsDownForConsolesToo(t *testing.T) {
	p := newPage(t)
	p.do(app.Output{Client: 1, Closed: true})
	p.do(app.Noticed{Kind: bridge.NoticeCrashed})
	p.do(app.Submit{Console: "redis", Line: "PING"})
	if got := p.screen("redis"); got != "not connected> PING\nCould not connect to Redis at 127.0.0.1:6379: Connection refused" {
		t.Errorf("screen:\n%s", got)
	}
}

func TestTheClockRunsBetweenAnswers(t *testing.T) {
	p := newPage(t)
	p.do(app.Frame{Wall: 2_000_000})
	if got := p.model.Now(); got != 6_000_000 {
		t.Errorf("now %d", got)
	}
	p.do(app.ClockPause{Paused: true})
	p.answer(bridge.OpPause, bridge.State{Now: 6_000_000, Wall: 2_000_000, Speed: 1, Paused: true, Phase: bridge.PhaseRunning}.Append(nil))
	p.do(app.Frame{Wall: 9_000_000})
	if got := p.model.Now(); got != 6_000_000 {
		t.Errorf("now %d while time stands still", got)
	}
}

func TestAQuickSettingIsACommand(t *testing.T) {
	p := newPage(t)
	p.do(app.SetConfig{Directive: "appendfsync", Value: "always"})
	if got := p.sent[len(p.sent)-1]; got != "page: CONFIG SET appendfsync always" {
		t.Errorf("sent %q", got)
	}
}

func TestABatchThatCannotBeReadIsSaid(t *testing.T) {
	p := newPage(t)
	p.do(app.Events{Batch: []byte{99}})
	if p.model.Notice == nil || !strings.Contains(p.model.Notice.Text, "version 99") {
		t.Errorf("notice %+v", p.model.Notice)
	}
}

func TestAnOverflowIsMadeGood(t *testing.T) {
	p := newPage(t)
	p.events(&event.Overflow{})
	p.do(app.Frame{Wall: 9_000_000})
	p.answer(bridge.OpResync, nil)
}

func TestNumbersForPeople(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{app.Count(0), "0"},
		{app.Count(999), "999"},
		{app.Count(1234567), "1,234,567"},
		{app.Count(-1234), "-1,234"},
		{app.Bytes(9999), "9,999 B"},
		{app.Bytes(10_000), "9.77 KB"},
		{app.Bytes(1 << 20), "1.00 MB"},
		{app.Bytes(5 << 30), "5.00 GB"},
		{app.Span(6), "6 µs"},
		{app.Span(1200), "1.20 ms"},
		{app.Span(412_000), "412 ms"},
		{app.Span(31_000_000), "31.0 s"},
		{app.Age(450_000), "0.4 s"},
		{app.Age(31_900_000), "31 s"},
		{app.Age(180_000_000), "3 min"},
		{app.Clock(1_700_000_000_450_000), "22:13:20.4"},
		{string(app.HexDump([]byte("*1\r\n"), 16)), "000010 2a310d0a                             *1..\n"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

var quizLesson = lessons.Lesson{ID: "l", Steps: []lessons.Step{
	{ID: "one", Blocks: []lessons.Block{
		{Kind: lessons.Transcript, ID: "one/0", Lines: []lessons.Line{
			{Command: "SET k v", Expect: []string{"OK"}},
			{Console: "worker-A", Command: "GET k", Expect: []string{`"v"`}},
		}},
	}},
	{ID: "quiz", Blocks: []lessons.Block{{Kind: lessons.QuizKind, ID: "quiz/0", Quiz: []lessons.Question{
		{Text: "?", Choices: []string{"a", "b"}, Answer: 1, Explain: []string{"no", "yes"}},
		{Text: "??", Choices: []string{"a", "b"}, Answer: 0, Explain: []string{"yes", "no"}},
	}}}},
}}

func TestTheQuizKeepsItsScore(t *testing.T) {
	p := newPage(t)
	p.do(app.Boot{Wall: 1_000_000, Lesson: &quizLesson})
	p.other = nil
	p.do(app.Choose{Block: "quiz/0", Question: 0, Choice: 1})
	p.do(app.Choose{Block: "quiz/0", Question: 1, Choice: 1})
	p.do(app.Choose{Block: "quiz/0", Question: 7, Choice: 1})
	if right, answered, all := p.model.Lesson.Score(); right != 1 || answered != 2 || all != 2 {
		t.Errorf("score %d of %d, %d answered", right, all, answered)
	}
	saved := p.other[len(p.other)-1].(app.Save).Progress
	again := newPage(t)
	again.do(app.Boot{Wall: 1_000_000, Lesson: &quizLesson, Saved: saved + "chose quiz/0#0 99\npassed nosuch\nrubbish\n"})
	if right, answered, _ := again.model.Lesson.Score(); right != 1 || answered != 2 {
		t.Errorf("after a reload: %d right, %d answered", right, answered)
	}
	if !again.model.Lesson.StepDone(&quizLesson.Steps[1]) {
		t.Error("an answered quiz is a step that is done")
	}
	again.do(app.ResetLesson{})
	if _, answered, _ := again.model.Lesson.Score(); answered != 0 {
		t.Errorf("%d answers outlived forgetting", answered)
	}
}

func TestATranscriptIsTypedLineByLine(t *testing.T) {
	p := newPage(t)
	p.do(app.Boot{Wall: 1_000_000, Lesson: &quizLesson})
	p.sent = nil
	p.do(app.RunBlock{ID: "one/0"})
	if diff := cmp.Diff([]string{"redis: SET k v"}, p.sent); diff != "" {
		t.Fatalf("the second line waits for the first reply\n%s", diff)
	}
	p.reply("redis", "+OK|")
	if diff := cmp.Diff([]string{"redis: SET k v", "worker-A: GET k"}, p.sent); diff != "" {
		t.Fatal(diff)
	}
	p.reply("worker-A", "$5|other|")
	if diff := cmp.Diff([]app.LineState{app.Played, app.Differs}, p.model.Lesson.Lines["one/0"]); diff != "" {
		t.Error(diff)
	}
	if p.model.Lesson.Running != "" {
		t.Error("the block still plays")
	}
}

func TestOnlyTheLinesOfATogetherBlockGoTogether(t *testing.T) {
	l := lessons.Lesson{ID: "l", Setup: []lessons.Line{{Command: "FLUSHALL"}}, Steps: []lessons.Step{{ID: "one", Blocks: []lessons.Block{
		{Kind: lessons.SetupKind, ID: "one/0", Lines: []lessons.Line{{Command: "SET a 1"}}},
		{Kind: lessons.Transcript, ID: "one/1", Together: true, Lines: []lessons.Line{{Command: "GET a"}, {Console: "worker-A", Command: "PING"}}},
	}}}}
	p := newPage(t)
	p.do(app.Boot{Wall: 1_000_000, Lesson: &l})
	p.sent = nil
	p.do(app.RunBlock{ID: "one/1"})
	for _, want := range [][]string{
		{"redis: FLUSHALL"},
		{"redis: FLUSHALL", "redis: SET a 1"},
		{"redis: FLUSHALL", "redis: SET a 1", "redis: GET a", "worker-A: PING"},
	} {
		if diff := cmp.Diff(want, p.sent); diff != "" {
			t.Fatal(diff)
		}
		p.reply("redis", "+OK|")
	}
}
