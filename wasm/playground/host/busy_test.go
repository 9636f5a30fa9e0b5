package host

import (
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
)

const busyReply = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"

// runaway starts a script that does not end, and connects a second client.
func runaway(t *testing.T) (p *page, first, second uint32) {
	t.Helper()
	p = open(t, [2]string{"busy-reply-threshold", "50"})
	first, second = p.conn.Connect("a"), p.conn.Connect("b")
	p.send(first, "EVAL", "while true do end", "0")
	return p, first, second
}

// send sends a command and lets no time pass.
func (p *page) send(client uint32, words ...string) {
	args := make([][]byte, len(words))
	for i, w := range words {
		args[i] = []byte(w)
	}
	p.output[client] = nil
	p.conn.Send(client, resp.AppendCommand(nil, args...))
	p.conn.Flush()
}

// ticks lets real time pass as a browser does that is asked to come back soon.
func (p *page) ticks(n int) {
	for range n {
		if d := p.host.Delay(); d > 0 {
			p.t.Fatalf("the host wants to wait %d µs while a script runs", d)
		}
		p.wall += 10_000
		p.watch += 10_000
		p.host.Tick(p.wall)
	}
}

func (p *page) expectOutput(client uint32, want string) {
	p.t.Helper()
	if got := string(p.output[client]); got != want {
		p.t.Errorf("client %d got %q, want %q", client, got, want)
	}
}

func TestAPageStaysAliveUnderABusyScript(t *testing.T) {
	p, first, second := runaway(t)
	p.send(second, "PING")
	p.ticks(2)
	p.expectOutput(second, "")
	p.ticks(4)
	p.expectOutput(second, busyReply)
	p.send(second, "SCRIPT", "KILL")
	p.expectOutput(second, "+OK\r\n")
	p.ticks(1)
	if got := string(p.output[first]); !strings.HasPrefix(got, "-ERR Script killed by user with SCRIPT KILL...") {
		t.Errorf("the script ended with %q", got)
	}
	if got := p.do(first, "PING"); got != "+PONG\r\n" {
		t.Errorf("PING: %q", got)
	}
}

// Also when the page has stopped the engine's clock.
func TestABusyScriptIsKilledWhileTimeStands(t *testing.T) {
	p := open(t, [2]string{"busy-reply-threshold", "50"})
	first, second := p.conn.Connect("a"), p.conn.Connect("b")
	if _, err := p.call(bridge.OpPause, nil); err != nil {
		t.Fatal(err)
	}
	p.send(first, "EVAL", "while true do end", "0")
	p.ticks(6)
	p.send(second, "SCRIPT", "KILL")
	p.expectOutput(second, "+OK\r\n")
}

func TestKillNineEndsABusyScript(t *testing.T) {
	p, first, _ := runaway(t)
	p.ticks(1)
	done := false
	p.conn.Control(bridge.OpCrash, bridge.Record(nil).Byte(uint8(bridge.KillNine)).Int(1), func(_ []byte, err error) {
		if err != nil {
			t.Error(err)
		}
		done = true
	})
	p.conn.Flush()
	if !done || !p.closed[first] {
		t.Fatalf("the crash is answered: %v; its client is closed: %v", done, p.closed[first])
	}
	if _, err := p.call(bridge.OpRestart, nil); err != nil {
		t.Fatal(err)
	}
	c := p.conn.Connect("c")
	if got := p.do(c, "PING"); got != "+PONG\r\n" {
		t.Errorf("PING: %q", got)
	}
}
