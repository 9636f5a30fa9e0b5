package streams_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/engine/servertest"
)

func flat(v resp.Value) string {
	text := string(v.Str) + fmt.Sprint(v.Int, v.Null) + "["
	for _, e := range v.Elems {
		text += flat(e) + " "
	}
	return text + "]"
}

// A snapshot that has begun holds every stream as it was then, whichever
// command changes it first.
func TestSnapshotOfChangingStreams(t *testing.T) {
	changes := []string{
		"XADD %s * f v", "XDEL %s 2-1", "XTRIM %s MAXLEN 1", "XSETID %s 99-1", "XACK %s g 1-1",
		"XREADGROUP GROUP g bob STREAMS %s >", "XREADGROUP GROUP g alice STREAMS %s 0", "XREADGROUP GROUP g zoe NOACK STREAMS %s >",
		"XCLAIM %s g bob 0 1-1", "XCLAIM %s g bob 0 3-1 FORCE", "XCLAIM %s g bob 0 9-9 LASTID 7-7", "XAUTOCLAIM %s g bob 0 0",
		"XGROUP CREATE %s h 0", "XGROUP SETID %s g 0", "XGROUP DESTROY %s g", "XGROUP CREATECONSUMER %s g new", "XGROUP DELCONSUMER %s g alice",
		"XDELEX %s DELREF IDS 1 1-1", "XACKDEL %s g IDS 1 1-1", "DEL %s", "XTRIM %s DELREF MINID 3",
	}
	s := servertest.New(t)
	c := s.Client()
	key := func(i int) string { return fmt.Sprint("stream", i) }
	for i := range changes {
		for n := 1; n <= 4; n++ {
			c.Do("XADD", key(i), fmt.Sprint(n, "-1"), "f", fmt.Sprint(n))
		}
		c.Do("XGROUP", "CREATE", key(i), "g", "0")
		c.Do("XREADGROUP", "GROUP", "g", "alice", "COUNT", "2", "STREAMS", key(i), ">")
	}
	show := func(c *servertest.Client) (text string) {
		for i := range changes {
			text += flat(c.Do("XINFO", "STREAM", key(i), "FULL")) + "\n"
		}
		return text
	}
	before := show(c)
	s.Advance(1_000_000)
	c.Send("BGSAVE")
	for i, change := range changes {
		c.Send(strings.Fields(fmt.Sprintf(change, key(i)))...)
	}
	s.Settle()
	for i := range len(changes) + 1 {
		v, ok := c.Reply()
		if !ok || v.IsError() {
			t.Fatalf("reply %d: %s", i, v.Str)
		}
	}
	if show(c) == before {
		t.Fatal("nothing has changed")
	}
	s.Advance(5_000_000)
	if got := show(servertest.On(t, s.Disk).Client()); got != before {
		t.Errorf("the snapshot holds\n%s\nwhen it began there was\n%s", got, before)
	}
}

// The append-only file makes the same streams again: entries, how far groups
// have read, and who holds what since when. What 7.0 does not propagate either
// is not looked at: consumers without entries, entries-read, and the deliveries
// that reading one's history counts.
func TestReplay(t *testing.T) {
	for _, preamble := range []string{"yes", "no"} {
		s := servertest.New(t, "appendonly", "yes", "aof-use-rdb-preamble", preamble, "stream-node-max-entries", "4")
		c := s.Client()
		r := rand.New(rand.NewPCG(1, 2))
		pick := func(words ...string) string { return words[r.IntN(len(words))] }
		for i := range 4000 {
			key, group, consumer := pick("a", "b"), pick("g", "h"), pick("x", "y", "z")
			id := fmt.Sprint(i/8-r.IntN(20), "-", r.IntN(3))
			line := pick(
				"XADD K * f v", fmt.Sprint("XADD K ", i/8, "-* f v g w"), "XADD K MAXLEN ~ 10 * f v", "XADD K MINID ~ I * f v", "XTRIM K MAXLEN ~ 9",
				"XTRIM K MINID ~ I LIMIT 8", "XTRIM K MAXLEN = 30 ACKED", "XTRIM K MAXLEN ~ 20 DELREF", "XDEL K I I", "XGROUP CREATE K G 0 MKSTREAM",
				"XGROUP CREATE K G $", "XGROUP DESTROY K G", "XGROUP SETID K G I", "XREADGROUP GROUP G C COUNT 3 STREAMS K >",
				"XREADGROUP GROUP G C COUNT 3 NOACK STREAMS K >", "XREADGROUP GROUP G C COUNT 3 STREAMS K >", "XACK K G I I I", "XCLAIM K G C 0 I I I",
				"XCLAIM K G C 0 I FORCE JUSTID", "XCLAIM K G C 0 I LASTID I", "XAUTOCLAIM K G C 0 0 COUNT 5", "XDELEX K ACKED IDS 2 I I",
				"XDELEX K DELREF IDS 1 I", "XACKDEL K G ACKED IDS 2 I I", "XSETID K 5000-1", "DEL K")
			if strings.HasPrefix(line, "DEL") || strings.HasPrefix(line, "XSETID") || strings.Contains(line, "DESTROY") || strings.Contains(line, "* f v") && i%3 > 0 {
				if r.IntN(12) > 0 {
					line = fmt.Sprint("XADD K ", i/8, "-* f v")
				}
			}
			words := strings.Fields(line)
			for j, w := range words {
				switch w {
				case "K":
					words[j] = key
				case "G":
					words[j] = group
				case "C":
					words[j] = consumer
				case "I":
					words[j] = id
				}
			}
			c.Do(words...)
			if i == 2500 {
				c.Do("BGREWRITEAOF")
			}
			if i%50 == 0 {
				s.Advance(1000)
			}
		}
		show := func() (text string) {
			for _, key := range []string{"a", "b"} {
				text += flat(c.Do("XRANGE", key, "-", "+")) + flat(c.Do("XINFO", "STREAM", key)) + "\n"
				for _, group := range []string{"g", "h"} {
					text += flat(c.Do("XPENDING", key, group, "-", "+", "10000")) + "\n"
				}
			}
			return text
		}
		s.Advance(3_000_000)
		want := show()
		if len(want) < 3000 {
			t.Fatalf("there is hardly anything to compare: %s", want)
		}
		if v := c.Do("DEBUG", "LOADAOF"); v.IsError() {
			t.Fatal(string(v.Str))
		}
		if got := show(); got != want {
			t.Errorf("preamble %s: the file makes\n%s\nof\n%s", preamble, got, want)
		}
	}
}

// A flood of garbage is answered, command by command.
func FuzzCommands(f *testing.F) {
	f.Add("XADD s MAXLEN ~ 5 1-* a b\nXREADGROUP GROUP g c STREAMS s >\nXAUTOCLAIM s g c 0 0 COUNT 1")
	f.Add("XGROUP CREATE s g 0 MKSTREAM\nXCLAIM s g c 0 1-1 IDLE 5 FORCE\nXPENDING s g IDLE 1 - + 5 c\nXINFO STREAM s FULL COUNT 1")
	f.Add("XDELEX s ACKED IDS 1 1-1\nXACKDEL s g DELREF IDS 2 1-1 2-2\nXSETID s 5-5 ENTRIESADDED 3 MAXDELETEDID 1\nXTRIM s MINID 3")
	f.Add("XREAD COUNT 2 BLOCK 5 STREAMS s t 0 $\nXRANGE s (1 + COUNT 2\nXREVRANGE s + -\nXDEL s 1 2 3")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		s := servertest.New(t)
		c := s.Client()
		c.Do("XADD", "s", "1-1", "a", "1", "b", "2")
		c.Do("XADD", "s", "2-1", "c", "3")
		c.Do("XGROUP", "CREATE", "s", "g", "0")
		c.Do("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
		for _, line := range strings.Split(text, "\n") {
			words := strings.Fields(line)
			if len(words) == 0 || !strings.HasPrefix(strings.ToUpper(words[0]), "X") {
				continue
			}
			other := s.Client()
			other.Send(words...)
			s.Settle()
			s.Disconnect(s.Now, other.ID)
		}
	})
}
