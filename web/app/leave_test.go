package app_test

import (
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/wasm/bridge"
	"everysec/web/app"

	"github.com/google/go-cmp/cmp"
)

// keeping is a page whose server has files that outlive it.
func keeping(t *testing.T) *page {
	p := newPage(t)
	p.model.Host.Store = bridge.StoreIndexedDB
	return p
}

func (p *page) went() (to []string) {
	for _, e := range p.other {
		if g, ok := e.(app.Go); ok {
			to = append(to, g.To)
		}
	}
	return to
}

func TestALinkEndsTheServerInGoodOrder(t *testing.T) {
	p := keeping(t)
	p.do(app.Leave{To: "next"})
	if diff := cmp.Diff([]string{"page: SHUTDOWN NOSAVE"}, p.sent); diff != "" {
		t.Error(diff)
	}
	if p.went() != nil {
		t.Error("it goes before the server has ended")
	}
	p.do(app.Noticed{Kind: bridge.NoticeDown})
	if diff := cmp.Diff([]string{"next"}, p.went()); diff != "" || p.model.Notice != nil {
		t.Error(diff, p.model.Notice)
	}
}

// Without an append only file SHUTDOWN saves, if there are save points; where
// nothing could save it the learner is asked.
func TestALinkWhereNothingIsSaved(t *testing.T) {
	p := keeping(t)
	p.events(&event.Durability{Last: 3, Acknowledged: 3, SnapshotChange: 1})
	p.model.Settings["save"] = "900 1"
	if text := p.model.LostByLeaving(); text != "" {
		t.Error(text)
	}
	p.model.Settings["save"] = ""
	if text := p.model.LostByLeaving(); !strings.HasPrefix(text, "2 acknowledged writes are only in memory") {
		t.Error(text)
	}
	p.do(app.Leave{To: "next"})
	if diff := cmp.Diff([]string{"page: SHUTDOWN"}, p.sent); diff != "" {
		t.Error(diff)
	}
}

// The files are safe, and the record of the run is not: it is asked, too.
func TestALinkWhereTheRunIsNotKept(t *testing.T) {
	p := keeping(t)
	if p.model.OnlyHere() || p.model.LostByLeaving() != "" {
		t.Error("it asks before there is a reason")
	}
	p.do(app.Noticed{Kind: bridge.NoticeRunUnkept, Text: "QuotaExceededError: no room"})
	if text := p.model.LostByLeaving(); !p.model.OnlyHere() || text != "The browser does not keep the record of this run (QuotaExceededError: no room). Leave, and lose it?" {
		t.Error(text)
	}
	if p.model.Notice != nil {
		t.Errorf("it interrupts: %v", p.model.Notice)
	}
}

// A disk that does not answer holds nobody who asks twice.
func TestALinkAndADiskThatHangs(t *testing.T) {
	p := keeping(t)
	p.do(app.Frame{Wall: 10_000_000})
	p.do(app.Leave{To: "next"})
	p.do(app.Frame{Wall: 12_000_000})
	if p.model.Notice != nil {
		t.Error(p.model.Notice.Text)
	}
	p.do(app.Frame{Wall: 14_000_000})
	if n := p.model.Notice; n == nil || !strings.Contains(n.Text, "the server is still at it") || p.went() != nil {
		t.Errorf("%v, went to %q", n, p.went())
	}
	p.do(app.Leave{To: "next"})
	if diff := cmp.Diff([]string{"next"}, p.went()); diff != "" {
		t.Error(diff)
	}
}

// A crash that waited for an fsync strikes in that of the SHUTDOWN: its account is
// read on this page.
func TestALinkAndACrash(t *testing.T) {
	p := keeping(t)
	p.do(app.Frame{Wall: 10_000_000})
	p.do(app.Leave{To: "next"})
	p.do(app.Noticed{Kind: bridge.NoticeCrashed})
	p.do(app.Frame{Wall: 14_000_000})
	if p.model.Notice != nil || p.went() != nil {
		t.Errorf("%v, went to %q", p.model.Notice, p.went())
	}
}

// What keeps nothing, or is down, need not be waited for.
func TestALinkWithoutAServer(t *testing.T) {
	p := newPage(t)
	p.do(app.Leave{To: "memory"})
	if diff := cmp.Diff([]string{"memory"}, p.went()); diff != "" {
		t.Error(diff)
	}
	p = keeping(t)
	p.do(app.Noticed{Kind: bridge.NoticeDown})
	p.do(app.Leave{To: "down"})
	if diff := cmp.Diff([]string{"down"}, p.went()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatTakesLongIsTold(t *testing.T) {
	p := newPage(t)
	at := func(wall int64, what string, part float64) {
		t.Helper()
		p.do(app.Frame{Wall: wall})
		if w, f, _ := p.model.Underway(); w != what || f != part {
			t.Errorf("at %d: %q, %v; want %q, %v", wall, w, f, what, part)
		}
		p.answers(bridge.OpImport)
	}
	at(2_000_000, "", -1)
	p.events(&event.Job{Kind: event.BackgroundSave, Phase: event.Running, Done: 1, Total: 4})
	at(2_100_000, "", -1)
	at(2_300_000, "", -1)
	at(2_500_000, "BGSAVE", 0.25)
	p.events(&event.Job{Kind: event.BackgroundSave, Phase: event.Finished, Done: 4, Total: 4})
	at(2_600_000, "", -1)
	p.events(&event.Job{Kind: event.LazyFree, Phase: event.Running, Done: 1, Total: 4})
	at(2_700_000, "", -1)
	at(3_700_000, "", -1)
	p.events(&event.Job{Kind: event.LazyFree, Phase: event.Finished})
	p.do(app.Import{Name: "dump.rdb"})
	at(3_800_000, "", -1)
	at(4_200_000, "loading", -1)
	p.events(&event.Job{Kind: event.Load, Phase: event.Running, Done: 1, Total: 4})
	at(4_300_000, "loading", 0.25)
	p.events(&event.Job{Kind: event.Load, Phase: event.Finished})
	p.answer(bridge.OpImport, bridge.State{Phase: bridge.PhaseRunning}.Append(nil))
	at(4_400_000, "", -1)
	p.do(app.Submit{Console: "redis", Line: "save"})
	at(4_500_000, "", -1)
	at(4_900_000, "SAVE", -1)
	p.reply("redis", "+OK|")
	at(5_000_000, "", -1)
}

// A server that does not answer is told to be busy, and whoever waits for a key
// to be pushed is not taken for it.
func TestABusyServerIsTold(t *testing.T) {
	p := newPage(t)
	told := func(wall int64, want string) {
		t.Helper()
		p.do(app.Frame{Wall: wall})
		if what, part, _ := p.model.Underway(); what != want || part != -1 {
			t.Errorf("at %d: %q, %v; want %q", wall, what, part, want)
		}
	}
	p.do(app.Frame{Wall: 2_000_000})
	p.do(app.Submit{Console: "redis", Line: "blpop q 0"})
	for wall := int64(2_010_000); wall < 4_000_000; wall += 10_000 {
		told(wall, "")
		p.answers()
	}
	p.reply("redis", "*-1|")
	p.do(app.Submit{Console: "redis", Line: "keys *"})
	told(4_100_000, "")
	told(4_300_000, "")
	told(4_500_000, "the server is busy")
	told(9_000_000, "the server is busy")
	p.answers()
	told(9_010_000, "")
	p.reply("redis", "*0|")
	p.answers()
	told(9_900_000, "")

	p.answers()
	p.do(app.DownloadAll{})
	told(9_950_000, "")
	told(10_300_000, "packing the files")
	p.answers()
	told(10_310_000, "")
}

// DEBUG SLEEP and a script hold the server's thread and let its host answer, who
// tells of it.
func TestAHeldThreadIsTold(t *testing.T) {
	p := newPage(t)
	p.do(app.Frame{Wall: 2_000_000})
	p.do(app.Submit{Console: "redis", Line: "debug sleep 1"})
	for wall := int64(2_010_000); wall < 3_000_000; wall += 10_000 {
		p.do(app.Frame{Wall: wall})
		want := ""
		if wall > 2_320_000 {
			want = "the server is busy"
		}
		if what, part, _ := p.model.Underway(); what != want || part != -1 {
			t.Errorf("at %d: %q, %v; want %q", wall, what, part, want)
		}
		p.answers(bridge.OpState)
		for len(p.asked) > 0 {
			p.answer(bridge.OpState, bridge.State{Phase: bridge.PhaseRunning, Held: true}.Append(nil))
		}
	}
	p.reply("redis", "+OK|")
	p.do(app.Frame{Wall: 3_000_000})
	if what, _, _ := p.model.Underway(); what != "" {
		t.Errorf("at the end: %q", what)
	}
}

// Of many lines that were pasted it is told how far they are.
func TestPastedLinesAreTold(t *testing.T) {
	p := newPage(t)
	p.do(app.Frame{Wall: 2_000_000})
	for range 101 {
		p.do(app.Submit{Console: "redis", Line: "incr n"})
	}
	told := func(wall int64, want string, far float64) {
		t.Helper()
		p.do(app.Frame{Wall: wall})
		if what, part, _ := p.model.Underway(); what != want || part != far {
			t.Errorf("at %d: %q, %v; want %q, %v", wall, what, part, want, far)
		}
		p.answers()
	}
	told(2_010_000, "", -1)
	for range 25 {
		p.reply("redis", ":1|")
	}
	told(2_400_000, "running what was pasted", 0.25)
	for range 76 {
		p.reply("redis", ":1|")
	}
	told(2_500_000, "", -1)
}

// A large reply is read a slice in each frame, with a bar where that takes long.
func TestALargeReplyIsReadFrameByFrame(t *testing.T) {
	p := newPage(t)
	p.do(app.Frame{Wall: 2_000_000})
	p.do(app.Submit{Console: "redis", Line: "keys *"})
	p.reply("redis", "*1000000|"+strings.Repeat("$1|k|", 1_000_000))
	wall, told := int64(2_000_000), 0
	for wall < 20_000_000 && p.model.Console("redis").CLI.Busy() {
		wall += 100_000
		p.do(app.Frame{Wall: wall})
		for range 10 {
			p.do(app.ReadOn{})
		}
		p.answers()
		switch what, part, _ := p.model.Underway(); what {
		case "":
		case "reading the reply to KEYS":
			if told++; (part <= 0 || part >= 1) && p.model.Reading() {
				t.Errorf("%v of it", part)
			}
		default:
			t.Errorf("%q is told", what)
		}
	}
	if blocks := p.model.Console("redis").Blocks; told < 5 || len(blocks) != 3 || blocks[1].Long == nil || blocks[1].Long.Elements != 1_000_000 {
		t.Errorf("told %d times, %d blocks", told, len(blocks))
	}
	p.do(app.Frame{Wall: wall + 100_000})
	if what, _, _ := p.model.Underway(); what != "" {
		t.Errorf("at the end: %q", what)
	}
	screen := p.model.Console("redis").Text()
	if !strings.HasPrefix(screen, "127.0.0.1:6379> keys *\n      1) \"k\"\n") || !strings.HasSuffix(screen, "\n1000000) \"k\"\n(1.30s)\n") {
		t.Errorf("the screen is %.100q ... %q", screen, screen[len(screen)-100:])
	}
}
