package servertest

import (
	"strings"
	"testing"
)

// Effect is what commands leave behind beside their replies: what comes
// before, the commands (lines with "; " between them), what the append-only
// file was given for them, and "event key" for what is published with KEA.
type Effect = [4]string

// CheckEffects plays commands on fresh servers and compares what they
// propagate and publish.
func CheckEffects(tb testing.TB, list []Effect) {
	tb.Helper()
	for _, e := range list {
		setup, commands, propagated, published := e[0], e[1], e[2], e[3]
		s := New(tb, "appendonly", "yes")
		c, listener := s.Client(), s.Client()
		c.Text("CONFIG SET notify-keyspace-events KEA")
		play(c, setup)
		before := len(s.Propagated())
		listener.Do("PSUBSCRIBE", "__keyevent@0__:*")
		play(c, commands)
		var events []string
		for {
			m, ok := listener.Reply()
			if !ok {
				break
			}
			event := strings.TrimPrefix(string(m.Elems[2].Str), "__keyevent@0__:")
			events = append(events, event+" "+string(m.Elems[3].Str))
		}
		if got := strings.Join(s.Propagated()[before:], "; "); got != propagated {
			tb.Errorf("%s: propagated %q, want %q", commands, got, propagated)
		}
		if got := strings.Join(events, "; "); got != published {
			tb.Errorf("%s: published %q, want %q", commands, got, published)
		}
	}
}

func play(c *Client, commands string) {
	if commands == "" {
		return
	}
	for _, line := range strings.Split(commands, "; ") {
		c.Text(line)
	}
}
