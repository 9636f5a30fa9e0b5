package differential

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"everysec/engine/redistest"
)

// TestNotifications sends random commands and compares what a client that
// listens to all keyspace events hears after each: the events, their order and
// their keys.
func TestNotifications(t *testing.T) {
	t.Parallel()
	const count = 20000
	real, address := redistest.Start(t), native(t)
	p := newPair(t, real, address, "2")
	p.run([][]string{{"FLUSHALL"}, {"CONFIG", "SET", "notify-keyspace-events", "KEAnm"}})
	listener := newPair(t, real, address, "2")
	listener.run([][]string{{"PSUBSCRIBE", "__key*"}})
	g := newGenerator(rand.New(rand.NewPCG(*seedFlag, 'n')), *only)
	// In a transaction the mark would be queued, and another user may not be
	// allowed to publish it. The wait of a few that the
	// generator draws, and what goes through a set in the order of a hash, are
	// their own tests' affair; so is what is drawn from the syntax of every row.
	skip := regexp.MustCompile(`^@|^(AUTH|MULTI|EXEC|DISCARD|WATCH|SUBSCRIBE|PUBLISH|SWAPDB|SPOP|KEYS|SORT|B[LRZ]|CLIENT|CONFIG)`)
	g.shapes = slices.DeleteFunc(g.shapes, skip.MatchString)
	for sent := 0; sent < count && p.differences < 10; {
		var batch, marked [][]string
		for range 100 {
			args := g.command()
			batch = append(batch, args)
			marked = append(marked, args, []string{"PUBLISH", "__key", "mark"})
		}
		p.run(marked)
		for i, args := range batch {
			want, got := events(listener.real), events(listener.ours)
			if want != got {
				p.differences++
				t.Errorf("%q\n redis-server: %s\n ours:         %s\nbefore it: %q", args, want, got, batch[max(0, i-5):i])
			}
		}
		sent += len(batch)
	}
}

// events reads what a listener hears up to the next mark.
func events(c *redistest.Conn) string {
	var heard []string
	for {
		_, v := c.Receive()
		if len(v.Elems) != 4 {
			return fmt.Sprintf("%q", v.Str)
		}
		if string(v.Elems[2].Str) == "__key" {
			return strings.Join(heard, " ")
		}
		heard = append(heard, string(v.Elems[2].Str)+"="+string(v.Elems[3].Str))
	}
}
