package console_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/commands"
	"everysec/engine/resp"
	"everysec/web/console"
)

// pasting is a console whose host notes what is sent.
type pasting struct {
	*console.Console
	t      *testing.T
	reader resp.Reader
	sent   []string // commands that the server has and has not answered
	most   int      // of those there were at most
	screen []string
}

func newPasting(t *testing.T) *pasting {
	p := &pasting{Console: console.New("a", console.NewCommands(slices.Concat(commands.Families()...))), t: t}
	p.Open()
	p.settle()
	return p
}

// settle takes what there is, until there is nothing.
func (p *pasting) settle() {
	p.t.Helper()
	for {
		blocks, effect := p.Take()
		for _, b := range blocks {
			p.screen = append(p.screen, b.Prompt+b.Text)
		}
		if effect.Connect {
			p.Accept()
			continue
		}
		p.reader.Feed(effect.Send)
		for {
			args, ok, err := p.reader.Next()
			if err != nil {
				p.t.Fatal(err)
			}
			if !ok {
				break
			}
			var words []string
			for _, a := range args {
				words = append(words, string(a))
			}
			p.sent = append(p.sent, strings.Join(words, " "))
		}
		p.most = max(p.most, len(p.sent))
		if !p.Paused() {
			return
		}
		p.GoOn()
	}
}

// answers lets the server answer some of what it has with the command's last word.
func (p *pasting) answers(n int) {
	p.t.Helper()
	var wire []byte
	for _, command := range p.sent[:n] {
		wire = fmt.Appendf(wire, "+%s\r\n", command[strings.LastIndexByte(command, ' ')+1:])
	}
	p.sent = append([]string(nil), p.sent[n:]...)
	p.Receive(wire)
	p.settle()
}

func numbered(format string, from, to int) (lines []string) {
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf(format, i))
	}
	return lines
}

// What is pasted does not cross to the server and back line by line, but on the
// screen it looks as if it did.
func TestPastedLinesAreSentTogetherAndShownInOrder(t *testing.T) {
	p := newPasting(t)
	p.Paste(numbered("set k %d", 0, 10_000))
	turns := 0
	for p.settle(); len(p.sent) > 0; turns++ {
		p.answers(len(p.sent))
	}
	if len(p.screen) != 20_000 || turns > 100 || p.most > 300 || p.Busy() || p.Waiting() != 0 {
		t.Fatalf("%d blocks after %d turns, at most %d on their way, %d lines left", len(p.screen), turns, p.most, p.Waiting())
	}
	for i := range 10_000 {
		if line, reply := p.screen[2*i], p.screen[2*i+1]; line != "a> set k "+strconv.Itoa(i) || reply != strconv.Itoa(i) {
			t.Fatalf("line %d: %q, reply %q", i, line, reply)
		}
	}
}

// A line is sent ahead only where the one before it takes one reply and leaves the
// connection as it is: nothing is behind a command that blocks, or that changes
// who listens to whom, and a line for the console itself waits for its turn.
func TestNothingIsSentBehindWhatMayWait(t *testing.T) {
	for _, wall := range []string{"BLPOP q 0", "SUBSCRIBE c", "MONITOR", "HELLO 3", "SHUTDOWN", "QUIT", "no-such-command", "5 INCR n", "--raw", ":set hints", "HELP", "CLEAR", "", `"`, "CLIENT REPLY OFF"} {
		p := newPasting(t)
		p.Paste(slices.Concat(numbered("get a%d", 0, 30), []string{wall}, numbered("get b%d", 0, 30)))
		p.settle()
		if want := numbered("get a%d", 0, 30); !slices.Equal(p.sent, want) {
			t.Errorf("%q: sent at once\n%q", wall, p.sent)
		}
	}
	p := newPasting(t)
	p.Paste(append([]string{"BLPOP q 0"}, numbered("get b%d", 0, 30)...))
	p.settle()
	if !slices.Equal(p.sent, []string{"BLPOP q 0"}) {
		t.Errorf("behind a command that blocks: %q", p.sent)
	}
	p.answers(1)
	if len(p.sent) != 30 {
		t.Errorf("when it goes on: %q", p.sent)
	}
}

// Ctrl-C ends a paste. What the server had been sent cannot be called back, and
// that is said.
func TestCtrlCEndsAPaste(t *testing.T) {
	p := newPasting(t)
	p.Paste(numbered("set k %d", 0, 10_000))
	p.settle()
	p.answers(10)
	on := len(p.sent)
	p.Interrupt()
	p.sent = nil
	p.settle()
	if want := "Lines behind it that had been sent and got no reply, so that they may have run: " + strconv.Itoa(on-1); p.screen[len(p.screen)-1] != want || p.screen[len(p.screen)-2] != "^C" {
		t.Errorf("the screen ends with %q, not %q", p.screen[len(p.screen)-2:], want)
	}
	if p.Waiting() != 0 || len(p.sent) != 0 {
		t.Fatalf("%d lines wait, sent %q", p.Waiting(), p.sent)
	}
	p.Submit("get k")
	p.settle()
	p.answers(1)
	if !slices.Equal(p.screen[len(p.screen)-2:], []string{"a> get k", "k"}) {
		t.Errorf("then %q", p.screen[len(p.screen)-2:])
	}
}

// Whose commands are timed sees what each takes there and back, so each waits.
func TestWhereCommandsAreTimedEachWaits(t *testing.T) {
	p := newPasting(t)
	p.Waits = true
	p.Paste(numbered("get k%d", 0, 100))
	for p.settle(); len(p.sent) > 0; p.answers(1) {
	}
	if p.most != 1 || len(p.screen) != 200 {
		t.Errorf("%d on their way, %d blocks", p.most, len(p.screen))
	}
}

// Lines that wait for nothing run some at a time, so that the page goes on; a line
// that is entered meanwhile runs behind them.
func TestPastedLinesThatWaitForNothingRunInSlices(t *testing.T) {
	p := newPasting(t)
	p.Paste(numbered(":set n%d", 0, 10_000))
	if blocks, _ := p.Take(); len(blocks) > 1000 || !p.Paused() {
		t.Fatalf("%d blocks at once, paused %v", len(blocks), p.Paused())
	}
	p.Submit("get k")
	p.settle()
	if last := p.screen[len(p.screen)-1]; last != "a> get k" || p.Paused() || len(p.sent) != 1 {
		t.Errorf("at the end %q, paused %v, sent %q", last, p.Paused(), p.sent)
	}
	// Without a server each is refused, in slices as well.
	p = newPasting(t)
	p.Closed()
	p.Take()
	p.Paste(numbered("get k%d", 0, 100))
	refused := 0
	for range 1000 {
		blocks, effect := p.Take()
		refused += len(blocks)
		if effect.Connect {
			p.Refuse()
		} else if p.Paused() {
			p.GoOn()
		}
	}
	if refused != 200 || p.Paused() || p.Waiting() != 0 {
		t.Errorf("%d blocks, paused %v, %d left", refused, p.Paused(), p.Waiting())
	}
}
