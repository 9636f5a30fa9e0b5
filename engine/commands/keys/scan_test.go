package keys_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/servertest"
)

// Every key that is there from the first call to the last is returned,
// whatever comes and goes meanwhile and however the table is resized.
func TestScanReturnsWhatStaysThroughout(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := servertest.New(t, "appendonly", "no")
		c := s.Client()
		stay := rapid.IntRange(0, 200).Draw(rt, "keys that stay")
		for i := range stay {
			c.Do("SET", fmt.Sprint("stay:", i), "v")
		}
		missing := map[string]bool{}
		for i := range stay {
			missing[fmt.Sprint("stay:", i)] = true
		}
		other := 0
		cursor := "0"
		for calls := 0; ; calls++ {
			if calls > 10000 {
				rt.Fatal("the iteration does not end")
			}
			count := rapid.SampledFrom([]string{"1", "3", "10", "100"}).Draw(rt, "COUNT")
			reply := c.Do("SCAN", cursor, "COUNT", count, "MATCH", "stay:*")
			for _, key := range reply.Elems[1].Elems {
				delete(missing, string(key.Str))
			}
			if cursor = string(reply.Elems[0].Str); cursor == "0" {
				break
			}
			switch rapid.SampledFrom([]string{"grow", "shrink", "rest"}).Draw(rt, "meanwhile") {
			case "grow":
				for range rapid.IntRange(1, 300).Draw(rt, "new keys") {
					c.Do("SET", fmt.Sprint("other:", other), "v")
					other++
				}
			case "shrink":
				for i := range other {
					c.Do("DEL", fmt.Sprint("other:", i))
				}
				other = 0
			}
		}
		if len(missing) != 0 {
			rt.Fatalf("%d of %d keys were never returned", len(missing), stay)
		}
	})
}

// Over a table at rest SCAN returns what KEYS does, each key once.
func TestScanAgreesWithKeys(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	for i := range 1000 {
		switch n := strconv.Itoa(i); i % 3 {
		case 0:
			c.Do("SET", "key:"+n, n)
		case 1:
			c.Do("RPUSH", "key:"+n, n)
		default:
			c.Do("HSET", "other:"+n, "f", n)
		}
	}
	c.Do("PEXPIRE", "key:3", "5")
	c.Do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
	s.Advance(10_000)
	for _, test := range []struct {
		options []string
		pattern string
		want    int
	}{
		{nil, "*", 999},
		{[]string{"MATCH", "key:*"}, "key:*", 666},
		{[]string{"MATCH", "key:*", "TYPE", "string"}, "", 333},
		{[]string{"TYPE", "HASH"}, "other:*", 333},
		{[]string{"MATCH", "*:1?"}, "*:1?", 10},
		{[]string{"COUNT", "7", "MATCH", "nothing"}, "nothing", 0},
	} {
		var got []string
		for cursor := "0"; ; {
			reply := c.Do(append([]string{"SCAN", cursor}, test.options...)...)
			for _, key := range reply.Elems[1].Elems {
				got = append(got, string(key.Str))
			}
			if cursor = string(reply.Elems[0].Str); cursor == "0" {
				break
			}
		}
		slices.Sort(got)
		if len(got) != test.want {
			t.Errorf("SCAN %q: %d keys, want %d", test.options, len(got), test.want)
		}
		if test.pattern == "" {
			continue
		}
		var want []string
		for _, key := range c.Do("KEYS", test.pattern).Elems {
			want = append(want, string(key.Str))
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("SCAN %q and KEYS %s differ", test.options, test.pattern)
		}
	}
}

// COUNT bounds how much one call does: about that many keys, and an empty
// table is walked at ten buckets for each.
func TestScanCountBoundsOneCall(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	for i := range 10000 {
		c.Do("SET", strconv.Itoa(i), "v")
	}
	if n := len(c.Do("SCAN", "0").Elems[1].Elems); n < 10 || n > 30 {
		t.Errorf("SCAN 0 returned %d keys, want about 10", n)
	}
	if n := len(c.Do("SCAN", "0", "COUNT", "1000").Elems[1].Elems); n < 1000 || n > 1030 {
		t.Errorf("SCAN 0 COUNT 1000 returned %d keys, want about 1000", n)
	}
	if reply := c.Do("SCAN", "0", "MATCH", "no such key"); len(reply.Elems[1].Elems) != 0 || string(reply.Elems[0].Str) == "0" {
		t.Errorf("a step that finds nothing replied %s, want a cursor to go on from", servertest.Format(reply))
	}
}
