package strings

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
	}
}

func words(list ...string) [][]byte {
	var args [][]byte
	for _, word := range list {
		args = append(args, []byte(word))
	}
	return args
}

// What runs two million times a second must leave the collector nothing.
func TestCommonCommandsDoNotAllocate(t *testing.T) {
	for _, test := range []struct {
		run  func(c *command.Context)
		args [][]byte
	}{
		{runSet, words("SET", "key:000000000042", "some value of no great length")},
		{runSet, words("SET", "integer", "12345")},
		{runSet, words("SET", "key:000000000042", "v", "KEEPTTL")},
		{runSet, words("SET", "key:000000000042", "v", "NX")},
		{runGet, words("GET", "key:000000000042")},
		{runGet, words("GET", "integer")},
		{runGet, words("GET", "missing")},
		{runIncr, words("INCR", "counter")},
		{runMGet, words("MGET", "integer", "missing", "key:000000000042")},
		{runMSet, words("MSET", "a", "1", "b", "2")},
		{runSetRange, words("SETRANGE", "range", "3", "abc")},
		{runGetRange, words("GETRANGE", "range", "1", "-2")},
		{runStrLen, words("STRLEN", "integer")},
	} {
		c := alone()
		c.Args = words("MSET", "key:000000000042", "some value", "integer", "1")
		runMSet(c)
		c.Args = test.args
		allocations := testing.AllocsPerRun(1000, func() {
			c.Reply.Reset()
			test.run(c)
		})
		if allocations != 0 {
			t.Errorf("%s: %.1f allocations a call", test.args, allocations)
		}
	}
}

func BenchmarkCommands(b *testing.B) {
	const n = 100000
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key:%012d", i)
	}
	value := make([]byte, 100)
	for _, bench := range []struct {
		name string
		run  func(c *command.Context)
		args [][]byte
	}{
		{"SET", runSet, [][]byte{nil, nil, value}},
		{"GET", runGet, [][]byte{nil, nil}},
		{"INCR", runIncr, [][]byte{nil, nil}},
		{"APPEND", runAppend, [][]byte{nil, nil, []byte("xyz")}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := alone()
			if bench.name == "GET" {
				for _, key := range keys {
					c.Args = [][]byte{nil, key, value}
					runSet(c)
				}
			}
			c.Args = bench.args
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.Args[1] = keys[i%n]
				c.Reply.Reset()
				bench.run(c)
			}
		})
	}
}
