package sortedsets

import (
	"fmt"
	"testing"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/arena"
	"everysec/engine/keyspace"
	"everysec/engine/resp"
)

// alone is a context without a server: enough for commands that publish and
// rewrite nothing.
func alone() *command.Context {
	space := keyspace.New(arena.New(), 1, 1)
	return &command.Context{
		Client: &command.Client{},
		Reply:  &resp.Writer{},
		DB:     space.DBs[0],
		Space:  space,
		Config: config.New(),
		Random: space.Random,
	}
}

func words(list ...string) [][]byte {
	var args [][]byte
	for _, word := range list {
		args = append(args, []byte(word))
	}
	return args
}

// fill makes a sorted set of n members m0, m1, ... with their numbers as scores.
func fill(c *command.Context, key string, n int) {
	for i := range n {
		c.Args = words("ZADD", key, fmt.Sprint(i), fmt.Sprintf("m%d", i))
		runZadd(c)
	}
	c.Reply.Reset()
}

// What runs hundreds of thousands of times a second must leave the collector
// nothing, in both encodings.
func TestCommonCommandsDoNotAllocate(t *testing.T) {
	for _, test := range []struct {
		run  func(c *command.Context)
		args [][]byte // alternately, where there are two
		back [][]byte
	}{
		{run: runZadd, args: words("ZADD", "k", "5", "m7"), back: words("ZADD", "k", "90.5", "m7")},
		{run: runZadd, args: words("ZADD", "k", "GT", "CH", "5", "m7", "6", "m8")},
		{run: runZincrby, args: words("ZINCRBY", "k", "1.5", "m7"), back: words("ZINCRBY", "k", "-1.5", "m7")},
		{run: runZscore, args: words("ZSCORE", "k", "m7")},
		{run: runZrank, args: words("ZRANK", "k", "m7")},
		{run: runZcard, args: words("ZCARD", "k")},
		{run: runZcount, args: words("ZCOUNT", "k", "3", "(9")},
		{run: runZrem, args: words("ZREM", "k", "nosuch")},
	} {
		for _, size := range []int{100, 1000} {
			c := alone()
			fill(c, "k", size)
			allocations := testing.AllocsPerRun(1000, func() {
				c.Reply.Reset()
				c.Args = test.args
				test.run(c)
				if test.back != nil {
					c.Args = test.back
					test.run(c)
				}
			})
			if allocations != 0 {
				t.Errorf("%s on %d members: %.1f allocations a call", test.args, size, allocations)
			}
		}
	}
}

func BenchmarkZadd(b *testing.B) {
	for _, size := range []int{100, 1000, 100000} {
		for _, what := range []string{"new scores", "take out and put in"} {
			b.Run(fmt.Sprintf("%d members/%s", size, what), func(b *testing.B) {
				c := alone()
				fill(c, "k", size)
				members, scores := make([][]byte, size), make([][]byte, size)
				for i := range members {
					members[i] = fmt.Appendf(nil, "m%d", i)
					scores[i] = fmt.Append(nil, i)
				}
				add, remove := words("ZADD", "k", "0", "m"), words("ZREM", "k", "m")
				b.ReportAllocs()
				n := uint32(1)
				for b.Loop() {
					n = n*1664525 + 1013904223
					add[3] = members[int(n>>8)%size]
					add[2] = scores[int(n>>4)%size]
					c.Reply.Reset()
					if what != "new scores" {
						remove[2] = add[3]
						c.Args = remove
						runZrem(c)
					}
					c.Args = add
					runZadd(c)
				}
			})
		}
	}
}
