package differential

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"everysec/engine/redistest"
)

// TestSubscriptions lets a client subscribe and unsubscribe at random while
// another publishes. A command may have many replies, and messages come between
// them, so that all that came until the reply to a PING is compared.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	inBothProtocols(t, func(t *testing.T, protocol string) {
		real, address := redistest.Start(t), native(t)
		listener, other := newPair(t, real, address, protocol), newPair(t, real, address, "2")
		g := &generator{r: rand.New(rand.NewPCG(*seedFlag, 's')), protocol: protocol}
		for i := range 1000 {
			args := subscription(g)
			other.run([][]string{{"PUBSUB", "NUMPAT"}, {g.pick("PUBLISH", "PUBLISH", "SPUBLISH"), g.pick("c1", "c2", "c3"), g.field()}})
			end := fmt.Sprint("end", i)
			var got [2]string
			for k, c := range []*redistest.Conn{listener.real, listener.ours} {
				c.Send(words(args)...)
				c.Send([]byte("PING"), []byte(end))
				got[k] = until(c, end)
			}
			if got[0] != got[1] {
				t.Fatalf("%q\n redis-server: %s\n ours:         %s", args, got[0], got[1])
			}
			other.run([][]string{{"PUBSUB", "NUMSUB", "c1", "c2"}, {"PUBSUB", "SHARDNUMSUB", "c1", "c2"}})
		}
	})
}

func subscription(g *generator) []string {
	switch g.r.IntN(12) {
	case 0:
		return []string{g.pick("UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE")}
	case 1:
		return []string{g.pick("GET", "SET", "MULTI", "EXEC", "DISCARD", "PUBLISH", "RESET0", "HELLO", "SUBSCRIBE", "PING"), "c1"}
	}
	args := []string{g.pick("SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE")}
	for range 1 + g.r.IntN(3) {
		args = append(args, g.pick("c1", "c2", "c3", "c*", "*", "[c]1", ""))
	}
	return args
}

// until describes what comes before the reply to a PING. Which of many channels
// is left first depends on a hash table, the numbers that remain do not.
func until(c *redistest.Conn, end string) string {
	var names, counts []string
	for {
		raw, v := c.Receive()
		if strings.Contains(string(raw), end) {
			slices.Sort(names)
			return strings.Join(names, " ") + " " + strings.Join(counts, " ") + describe(v)
		}
		if len(v.Elems) == 3 && strings.HasSuffix(string(v.Elems[0].Str), "unsubscribe") {
			counts = append(counts, describe(v.Elems[2]))
			v.Elems = v.Elems[:2]
		}
		names = append(names, describe(v))
	}
}
