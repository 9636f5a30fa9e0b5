package app_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/wasm/playground/host"
	"everysec/web/app"
)

// browser is the whole page but for its drawing: the model, and behind the
// bridge a host with a real engine. Real time is a number that the test moves.
type browser struct {
	t     *testing.T
	model *app.Model
	conn  *bridge.Conn
	host  *host.Host
	wall  int64
	inbox [][]byte // from the worker
	began time.Time
	saved string // the lesson's progress

	dispatcher app.Dispatcher
}

func openBrowser(t *testing.T, l *lessons.Lesson) *browser { return openBrowserWith(t, l, "") }

func openBrowserWith(t *testing.T, l *lessons.Lesson, saved string) *browser {
	b := &browser{t: t, model: app.New(nil), wall: 1_700_000_000_000_000, began: time.Now()}
	b.host = host.New(host.Options{
		Post:      func(batch []byte) { b.inbox = append(b.inbox, append([]byte(nil), batch[4:]...)) },
		Stopwatch: func() int64 { return time.Since(b.began).Microseconds() },
	})
	b.host.Configure(host.Settings{Store: "memory:", Seed: 42})
	b.host.Stored(bridge.Record(nil).Byte(1).String("").Int(0).Int(0), b.wall) // a store in memory
	b.conn = bridge.NewConn(func(batch []byte) {
		b.host.Exec(append(binary.LittleEndian.AppendUint32(nil, 1), batch...), b.wall)
	}, func(func()) {})
	b.dispatcher = app.Dispatcher{Model: b.model, Conn: b.conn, Page: func(effect app.Effect) {
		if e, ok := effect.(app.Save); ok {
			b.saved = e.Progress
		}
	}}
	b.conn.OnOutput = func(client uint32, data []byte, closed bool) {
		b.do(app.Output{Client: client, Data: append([]byte(nil), data...), Closed: closed})
	}
	b.conn.OnEvents = func(batch []byte) { b.do(app.Events{Batch: append([]byte(nil), batch...)}) }
	b.conn.OnNotice = func(kind bridge.Notice, text string) { b.do(app.Noticed{Kind: kind, Text: text}) }
	b.do(app.Boot{Wall: b.wall, Lesson: l, Saved: saved})
	b.until("the server answers", func() bool { return !b.model.Loading && len(b.model.Settings) > 0 })
	return b
}

func (b *browser) do(m app.Message) { b.dispatcher.Dispatch(m) }

// frame is a sixtieth of a second.
func (b *browser) frame() {
	for range 4 { // requests and answers within the frame
		b.conn.Flush()
		b.host.Tick(b.wall)
		for len(b.inbox) > 0 {
			batch := b.inbox[0]
			b.inbox = b.inbox[1:]
			if err := b.conn.Receive(batch); err != nil {
				b.t.Fatal(err)
			}
		}
		b.wall += 4_000
		b.do(app.Frame{Wall: b.wall}) // the page's clock must not stand still while the engine's goes on
	}
	for b.model.Reading() { // a large reply
		b.do(app.ReadOn{})
	}
	b.conn.Credit(1)
}

func (b *browser) until(what string, ready func() bool) {
	b.t.Helper()
	for range 6000 {
		if ready() {
			return
		}
		b.frame()
	}
	notice := ""
	if b.model.Notice != nil {
		notice = b.model.Notice.Text
	}
	b.t.Fatalf("a minute and a half passed before %s; notice %q; console:\n%s", what, notice, b.screen())
}

func (b *browser) screen() string {
	var lines []string
	for _, c := range b.model.Consoles {
		lines = append(lines, "--- "+c.Name)
		for _, block := range c.Blocks[max(0, len(c.Blocks)-12):] {
			text := block.Prompt + block.Text
			lines = append(lines, text[:min(len(text), 300)])
		}
	}
	return strings.Join(lines, "\n")
}

func TestWhatThePageShowsIsWhatTheEngineHolds(t *testing.T) {
	b := openBrowser(t, nil)
	type_ := func(line string) {
		t.Helper()
		c := b.model.Console("redis")
		before := c.CLI.Finished()
		b.do(app.Submit{Console: "redis", Line: line})
		b.until(line, func() bool { return c.CLI.Finished() > before })
	}
	type_("SET a 1")
	type_("SET lock token EX 30")
	type_("RPUSH list x y z")
	b.until("the keys are seen", func() bool { return b.model.Keyspace().Len() == 3 })
	b.until("all of them are on the disk", func() bool { return b.model.Loss() == (app.Loss{}) })
	for _, name := range []string{"a", "lock", "list"} {
		if got := b.model.Durable(b.model.Keyspace().Find(name)); got != app.OnDisk {
			t.Errorf("%s is %s", name, got.Words())
		}
	}
	type_("BGSAVE")
	b.until("the keys are in the snapshot", func() bool {
		return b.model.Durable(b.model.Keyspace().Find("a")) == app.InSnapshot
	})
	name := "list"
	b.do(app.Select{Key: &name})
	b.until("the value is read", func() bool { return len(b.model.Inspector.Value) == 3 })
	b.do(app.ClockAdvance{Micros: 31_000_000})
	b.until("the lock has expired", func() bool { return b.model.Keyspace().Find("lock") == nil })

	type_("SET b 2")
	type_("SET c 3")
	b.until("the loss is known", func() bool { return b.model.Loss().Writes > 0 })
	b.do(app.Crash{Kind: bridge.KillNine})
	b.until("the server is down", func() bool { return b.model.Down })
	b.do(app.Restart{})
	b.until("the account is complete", func() bool { return b.model.Crashed.Account.Complete })
	if r := b.model.Crashed; r.LostKeys() != 0 || r.Account.LostWrites != 0 {
		t.Errorf("kill -9 took what the operating system had: %s", r.Summary())
	}
	b.until("the keys are seen again", func() bool { return b.model.Keyspace().Len() == 4 })

	b.do(app.Submit{Console: "redis", Line: "!fill 20000 keys"})
	b.until("twenty thousand keys are seen", func() bool { return b.model.Keyspace().Len() == 20_004 })
	type_("FLUSHALL")
	b.until("all are gone", func() bool { return b.model.Keyspace().Len() == 0 })
}
