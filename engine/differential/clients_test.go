package differential

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"everysec/engine/redistest"
)

// ownFields are those of CLIENT LIST that say who and when.
var ownFields = regexp.MustCompile(`\b(id|addr|laddr|fd|age|idle)=\S*`)

// CLIENT LIST tells of every client what redis-server tells: buffers, queued
// commands, subscriptions, and what all that takes.
func TestClientList(t *testing.T) {
	t.Parallel()
	real, ours := redistest.Start(t), native(t)
	type conversation struct{ looking, other *redistest.Conn }
	var both []conversation
	for _, address := range []string{real.Address, ours} {
		both = append(both, conversation{redistest.Dial(t, address), redistest.Dial(t, address)})
	}
	look := func(c *redistest.Conn) string {
		c.Send(words([]string{"CLIENT", "LIST"})...)
		_, v := c.Receive()
		return ownFields.ReplaceAllString(string(v.Str), "$1=")
	}
	for i, step := range strings.Split(`DEBUG REPLYBUFFER RESIZING 0
DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER
MULTI
SET a b
GET abc
GET abc
GET abcd
GET abcd
PING
CLIENT SETNAME x
DISCARD
WATCH k1 k2
UNWATCH
SET big `+strings.Repeat("x", 10000)+`
MULTI
NOSUCH
GET
CLIENT NOSUCH
CLIENT
GET a
SET a b
EXEC
RESET
CLIENT SETNAME y
SELECT 3
SELECT 0
GET big
DEBUG REPLYBUFFER PEAK-RESET-TIME 0
+
DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER
GET big
DEBUG REPLYBUFFER RESIZING 1
+
GET a
+
CLIENT NO-EVICT ON
CLIENT TRACKING ON
SSUBSCRIBE s1
SUBSCRIBE s1
SUBSCRIBE s2
SUBSCRIBE s3
SUBSCRIBE s4
PSUBSCRIBE p*
HELLO 3`, "\n") {
		var lines []string
		for _, c := range both {
			if step == "+" { // what time does
				time.Sleep(400 * time.Millisecond)
			} else {
				c.other.Do(strings.Fields(step)...)
			}
			lines = append(lines, look(c.looking))
		}
		for range 100 { // what time does may come later on a busy machine
			if lines[0] == lines[1] || step != "+" {
				break
			}
			time.Sleep(100 * time.Millisecond)
			lines = []string{look(both[0].looking), look(both[1].looking)}
		}
		if lines[0] != lines[1] {
			t.Errorf("%d. after %.40s\nredis-server\n%sours\n%s", i, step, lines[0], lines[1])
		}
	}
	for i, address := range []string{real.Address, ours} { // replies that nobody reads
		c := &both[i]
		c.other = redistest.Dial(t, address)
		c.other.Do("SET", "large", strings.Repeat("x", 60000))
		c.looking.Do("CONFIG", "RESETSTAT")
		for range 100 {
			c.other.Send(words([]string{"GET", "large"})...)
		}
	}
	for _, c := range both {
		for !strings.Contains(string(c.looking.Do("INFO", "commandstats")), "cmdstat_get:calls=100,") { // until the test's time is over
			time.Sleep(10 * time.Millisecond)
		}
	}
	var held [2]int
	for i, c := range both {
		var line string
		oll := 0
		for range 100 { // our writer is given some milliseconds, and on a busy machine it comes later
			line = look(c.looking)
			oll, held[i] = most(line, "oll"), most(line, "omem")
			if oll > 0 && strings.Contains(line, "events=rw") {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if oll == 0 || !strings.Contains(line, "events=rw") {
			t.Errorf("nothing waits to be sent:\n%s", line)
		}
	}
	if difference := held[0] - held[1]; max(difference, -difference)*100 > held[0]*5 {
		t.Errorf("omem is %d, redis-server has %d", held[1], held[0])
	}
}

// most is the largest of the numbers that a field has in CLIENT LIST.
func most(list, field string) (largest int) {
	for _, f := range strings.Fields(list) {
		if name, value, _ := strings.Cut(f, "="); name == field {
			n := 0
			_, _ = fmt.Sscan(value, &n)
			largest = max(largest, n)
		}
	}
	return largest
}
