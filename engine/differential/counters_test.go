package differential

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"everysec/engine/redistest"
)

// TestCounters sends random commands one by one, and after each compares what
// INFO has counted: hits and misses of keys, errors by their codes, calls.
func TestCounters(t *testing.T) {
	t.Parallel()
	real, ours := redistest.Start(t), native(t)
	p := newPair(t, real, ours, "2")
	g := newGenerator(rand.New(rand.NewPCG(*seedFlag, 5)), *only)
	p.keepDump = g.keepDump
	counters := func(c *redistest.Conn) []string {
		c.Send(words([]string{"INFO", "stats", "errorstats", "commandstats"})...)
		_, v := c.Receive()
		var list []string
		for _, line := range strings.Split(string(v.Str), "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			switch {
			case strings.HasPrefix(name, "keyspace_"), strings.HasPrefix(name, "errorstat_"), name == "total_error_replies":
				list = append(list, line)
			case strings.HasPrefix(name, "cmdstat_") && isKnown()[name[8:]]:
				parts := strings.Split(value, ",")
				list = append(list, fmt.Sprint(name, parts[0], parts[3], parts[4]))
			}
		}
		return list
	}
	found := 0
	for range min(*commandCount/20, 20000) {
		args := g.command()
		if strings.EqualFold(args[0], "config") || strings.EqualFold(args[0], "multi") { // who counts what CONFIG RESETSTAT forgets?
			continue
		}
		p.real.Do("CONFIG", "RESETSTAT")
		p.ours.Do("CONFIG", "RESETSTAT")
		p.run([][]string{args})
		want, got := sortedLines(counters(p.real)), sortedLines(counters(p.ours))
		partly := strings.EqualFold(args[0], "scan") // which keys it comes to is decided by their hashes
		if want != got && !partly {
			found++
			t.Errorf("%q counts\n%s\nredis-server counts\n%s", args, got, want)
		}
		if found > 20 {
			break
		}
	}
}

func sortedLines(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
