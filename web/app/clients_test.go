package app_test

import (
	"slices"
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/console"

	"github.com/google/go-cmp/cmp"
)

// A frozen client reads nothing: what the server says meanwhile stands on its
// screen when the pause is over, and then it does what was typed. The pause is
// in engine time.
func TestAPausedClientReadsAndSendsNothing(t *testing.T) {
	p := newPage(t)
	p.do(app.Submit{Console: "redis", Line: "BLPOP q 0"})
	p.sent = nil
	p.do(app.PauseClient{Name: "redis", Micros: 10_000_000})
	p.reply("redis", "*2|$1|q|$1|x|")
	p.do(app.Submit{Console: "redis", Line: "GET a"})
	c := p.model.Console("redis")
	if len(p.sent) != 0 || len(c.Blocks) != 1 || c.Unread() != 18 || c.Held() != 1 {
		t.Errorf("sent %v, %d bytes unread, %d held, screen:\n%s", p.sent, c.Unread(), c.Held(), p.screen("redis"))
	}
	p.do(app.Frame{Wall: 1_000_000 + 9_900_000})
	if !c.Frozen {
		t.Error("it woke up too early")
	}
	p.do(app.ClockPause{Paused: true})
	p.answer(bridge.OpPause, bridge.State{Now: 14_900_000, Wall: 10_900_000, Speed: 1, Paused: true, Phase: bridge.PhaseRunning}.Append(nil))
	p.do(app.Frame{Wall: 60_000_000})
	if !c.Frozen {
		t.Error("it woke up while engine time stood still")
	}
	p.do(app.ClockAdvance{Micros: 100_000})
	p.answer(bridge.OpAdvance, bridge.State{Now: 15_000_000, Wall: 60_000_000, Speed: 1, Paused: true, Phase: bridge.PhaseRunning}.Append(nil))
	p.do(app.Frame{Wall: 60_100_000})
	want := "127.0.0.1:6379> BLPOP q 0\n1) \"q\"\n2) \"x\"\n(10.00s)\n127.0.0.1:6379> GET a"
	if got := p.screen("redis"); got != want || c.Frozen {
		t.Errorf("frozen %v, screen:\n%s", c.Frozen, got)
	}
	if diff := cmp.Diff([]string{"redis: GET a"}, p.sent); diff != "" {
		t.Error(diff)
	}
}

// The connection may end while nobody looks.
func TestAPausedClientFindsItsConnectionClosed(t *testing.T) {
	p := newPage(t)
	p.do(app.PauseClient{Name: "redis", Micros: -1})
	p.do(app.Output{Client: p.id("redis"), Closed: true})
	if got := p.model.Console("redis").CLI.Prompt(); got != "127.0.0.1:6379> " {
		t.Errorf("a frozen client knows that it was closed: %q", got)
	}
	p.do(app.PauseClient{Name: "redis"})
	if got := p.model.Console("redis").CLI.Prompt(); got != "not connected> " {
		t.Errorf("prompt %q", got)
	}
}

// list answers CLIENT LIST: the page's own client, and a console.
func (p *page) list(console string, id string) {
	p.t.Helper()
	text := "id=77 addr=127.0.0.3:" + itoa(bridge.Port(p.id("page"))) + " name=\nid=9 addr=127.0.0.4:" + itoa(bridge.Port(p.id(console))) +
		" name=other\nid=" + id + " addr=127.0.0.3:" + itoa(bridge.Port(p.id(console))) + " name=\n"
	p.reply("page", "$"+itoa(uint32(len(text)))+"|"+text+"|")
}

func itoa(n uint32) string {
	s := ""
	for ; n > 0 || s == ""; n /= 10 {
		s = string(rune('0'+n%10)) + s
	}
	return s
}

func TestClientKillNamesTheClientOfTheServer(t *testing.T) {
	p := newPage(t)
	p.sent = nil
	p.do(app.OpenConsole{Name: "worker-A"})
	p.do(app.KillClient{Name: "worker-A"})
	p.list("worker-A", "7")
	if diff := cmp.Diff([]string{"page: CLIENT LIST", "page: CLIENT KILL ID 7"}, p.sent); diff != "" {
		t.Error(diff)
	}
	p.do(app.Output{Client: p.id("worker-A"), Closed: true})
	p.do(app.Submit{Console: "worker-A", Line: "PING"})
	if diff := cmp.Diff("not connected> PING", p.screen("worker-A")); diff != "" {
		t.Error(diff)
	}
	if p.sent[len(p.sent)-1] != "worker-A: PING" {
		t.Errorf("it did not connect again: %v", p.sent)
	}
}

// The engine's measure and the reply find each other, whichever comes first; a
// measure that never comes leaves the round trip alone.
func TestTimingTellsTheEngineFromTheWay(t *testing.T) {
	p := newPage(t)
	p.do(app.TimeCommands{Name: "redis", On: true})
	p.list("redis", "7")
	at := int64(2_000_000)
	typed := func(line string) { p.do(app.Submit{Console: "redis", Line: line, At: at}) }
	replied := func(wire string, after int64) {
		at += after
		p.do(app.Output{Client: p.id("redis"), Data: []byte(strings.ReplaceAll(wire, "|", "\r\n")), At: at})
	}
	typed("GET a")
	replied("$-1|", 400)
	p.events(&event.CommandRun{Client: 77, Name: "get", Duration: 1}, &event.CommandRun{Client: 7, Name: "get", Duration: 12})
	typed("CONFIG GET save")
	p.events(&event.CommandRun{Client: 7, Name: "config|get", Duration: 30, Waited: 5})
	replied("*0|", 1500)
	typed("SET a 1") // nothing is heard of this one
	replied("+OK|", 300)
	typed("DEL a")
	replied(":1|", 200)
	p.events(&event.CommandRun{Client: 7, Name: "del", Duration: 3})
	p.do(app.TimeCommands{Name: "redis"})
	typed("DEL a")
	replied(":0|", 200)
	var got []string
	for _, b := range p.model.Console("redis").Blocks {
		if b.Kind != console.Typed {
			got = append(got, b.Timing)
		}
	}
	want := []string{
		"12 µs in the engine, 400 µs there and back",
		"30 µs in the engine after 5 µs of waiting for its turn, 1.50 ms there and back",
		"300 µs there and back",
		"3 µs in the engine, 200 µs there and back",
		"",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHistoryIsThatOfAllConsolesAndOfEarlierVisits(t *testing.T) {
	p := &page{t: t, model: app.New(nil), names: map[uint32]string{}}
	p.do(app.Boot{Wall: 1_000_000, History: "GET old\nGET older"})
	p.state(bridge.PhaseRunning)
	p.do(app.Submit{Console: "redis", Line: "SET a 1"})
	p.do(app.OpenConsole{Name: "worker-A"})
	p.do(app.Submit{Console: "worker-A", Line: "AUTH secret"})
	p.do(app.Submit{Console: "worker-A", Line: "!restart"})
	p.do(app.Submit{Console: "redis", Line: "SET b " + strings.Repeat("x", 5000)})
	p.do(app.Frame{Wall: 1_010_000})
	if want := "GET old\nGET older\nSET a 1\n!restart"; p.kept != want {
		t.Errorf("kept %q", p.kept)
	}
	if got := p.model.Console("worker-A").CLI.History().Lines(); len(got) != 4 || got[2] != "SET a 1" {
		t.Errorf("the new console knows %q", got)
	}
}

func TestTabKnowsTheKeysOfTheDatabase(t *testing.T) {
	p := newPage(t)
	cut := key("user:cut", 1)
	cut.KeyLen = 400
	other := key("user:9", 1)
	other.DB = 1
	p.events(key("user:2", 1), key("user:1", 1), key("video", 1), cut, other, key("gone", 1))
	p.events(&event.KeyRemoved{Key: []byte("gone")})
	keys := p.model.Console("redis").CLI.Keys
	if diff := cmp.Diff([]string{"user:1", "user:2"}, keys(0, "user:")); diff != "" {
		t.Error(diff)
	}
	if got := keys(0, "g"); got != nil {
		t.Errorf("a key that is gone is offered: %v", got)
	}
	var many []event.Event
	for i := range 500 {
		many = append(many, key("k"+itoa(uint32(999-i)), 1))
	}
	p.events(many...)
	if got := keys(0, "k"); len(got) != 40 || got[0] != "k500" || got[39] != "k539" {
		t.Errorf("of many keys the first are offered: %v", got)
	}
}

func TestALongReplyIsNotReadOut(t *testing.T) {
	block := func(k console.Kind, text string) app.Block {
		return app.Block{Block: console.Block{Kind: k, Text: text}}
	}
	for _, test := range []struct {
		blocks []app.Block
		want   string
	}{
		{[]app.Block{block(console.Typed, "GET a"), block(console.Reply, `"x"`)}, `"x"`},
		{[]app.Block{block(console.Reply, "1"), block(console.Failure, "(error) ERR"), block(console.Reply, "")}, "1\n(error) ERR"},
		{[]app.Block{block(console.Reply, strings.Repeat("é\n", 5000))}, strings.Repeat("é\n", 80) + " … 5,001 lines"},
	} {
		if diff := cmp.Diff(test.want, app.Spoken(test.blocks)); diff != "" {
			t.Error(diff)
		}
	}
	flood := make([]app.Block, 1000)
	for i := range flood {
		flood[i] = block(console.Pushed, `1700000000.000001 [0 127.0.0.1:1] "get" "k"`)
	}
	if n := len(app.Spoken(flood)); n > 400 {
		t.Errorf("of a flood %d bytes are read out", n)
	}
}

func TestEachConsoleHasASignOfItsOwn(t *testing.T) {
	p := newPage(t)
	p.do(app.OpenConsole{})
	p.do(app.OpenConsole{})
	p.do(app.CloseConsole{Name: "worker-A"})
	p.do(app.OpenConsole{Name: "other"})
	p.do(app.RenameConsole{Name: "other", Label: "  payments " + strings.Repeat("é", 40)})
	var got []string
	for _, c := range p.model.Consoles {
		got = append(got, itoa(uint32(c.Sign))+" "+c.Title())
	}
	if diff := cmp.Diff([]string{"1 redis", "3 worker-B", "2 payments " + strings.Repeat("é", 7)}, got); diff != "" {
		t.Error(diff)
	}
	if got := p.model.Console("other"); got == nil {
		t.Error("lessons no longer find a console that was renamed")
	}
}

// What is pasted runs in order. A line for the page does what it says, and a frozen
// client keeps all of it.
func TestWhatIsPastedRunsInOrder(t *testing.T) {
	p := newPage(t)
	p.do(app.Paste{Console: "redis", Lines: []string{"incr n", "!no such thing", "incr n", "get n"}})
	for p.sent = p.sent[:0]; p.model.Console("redis").CLI.Busy(); {
		p.reply("redis", ":1|")
	}
	p.do(app.PauseClient{Name: "redis", Micros: -1})
	p.do(app.Paste{Console: "redis", Lines: []string{"incr m", "get m"}})
	if held := p.model.Console("redis").Held(); held != 2 {
		t.Errorf("%d lines are held", held)
	}
	p.do(app.PauseClient{Name: "redis"})
	for p.model.Console("redis").CLI.Busy() {
		p.reply("redis", ":1|")
	}
	if want := []string{"redis: incr n", "redis: get n", "redis: incr m", "redis: get m"}; !slices.Equal(p.sent, want) {
		t.Errorf("sent %q", p.sent)
	}
	if screen := p.screen("redis"); !strings.Contains(screen, "> !no such thing\n") {
		t.Errorf("the screen:\n%s", screen)
	}
}
