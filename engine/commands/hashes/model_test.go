package hashes_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// TestFieldExpiryAgainstAModel drives hashes and Go maps alike, with the clock
// moving, and in the end reads them back from the append-only file, rewritten
// or not.
func TestFieldExpiryAgainstAModel(t *testing.T) {
	type field struct {
		value string
		at    int64 // 0: never
	}
	rapid.Check(t, func(r *rapid.T) {
		config := []string{"appendonly", "yes", "aof-use-rdb-preamble", rapid.SampledFrom([]string{"yes", "no"}).Draw(r, "preamble")}
		s := servertest.New(t, config...)
		c := s.Client()
		model := map[string]map[string]field{"h1": {}, "h2": {}}
		now := func() int64 { return s.Now / 1000 }
		purge := func() {
			for _, h := range model {
				maps.DeleteFunc(h, func(_ string, f field) bool { return f.at != 0 && now() > f.at })
			}
		}
		draw := func(list ...string) string { return rapid.SampledFrom(list).Draw(r, "word") }
		compare := func(when string) {
			purge()
			for _, key := range []string{"h1", "h2"} {
				got := map[string]field{}
				reply := c.Do("HGETALL", key).Elems
				for i := 0; i < len(reply); i += 2 {
					name := string(reply[i].Str)
					at := c.Do("HPEXPIRETIME", key, "FIELDS", "1", name).Elems[0].Int
					got[name] = field{string(reply[i+1].Str), max(at, 0)}
				}
				if !maps.Equal(got, model[key]) {
					r.Fatalf("%s: %s is %v, want %v", when, key, got, model[key])
				}
				if n := c.Do("HLEN", key).Int; int(n) != len(got) {
					r.Fatalf("%s: HLEN %s is %d, want %d", when, key, n, len(got))
				}
			}
			hashes := 0
			for _, h := range model {
				if len(h) > 0 {
					hashes++
				}
			}
			if n := c.Do("DBSIZE").Int; int(n) != hashes {
				r.Fatalf("%s: %d keys, want %d", when, n, hashes)
			}
		}
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			key, name, value := draw("h1", "h2"), draw("a", "b", "c", "d"), draw("1", "2", "3")
			h := model[key]
			purge()
			f, exists := h[name]
			switch rapid.IntRange(0, 11).Draw(r, "operation") {
			case 0:
				c.Do("HSET", key, name, value)
				h[name] = field{value: value}
			case 1, 2, 3:
				at := now() + rapid.Int64Range(-1, 200).Draw(r, "ttl")
				condition := draw("NX", "XX", "GT", "LT", "")
				words := []string{"HPEXPIREAT", key, strconv.FormatInt(at, 10), condition, "FIELDS", "1", name}
				c.Do(slices.DeleteFunc(words, func(w string) bool { return w == "" })...)
				refused := map[string]bool{"NX": f.at != 0, "XX": f.at == 0, "GT": f.at == 0 || f.at >= at, "LT": f.at != 0 && f.at <= at}[condition]
				if exists && !refused {
					h[name] = field{f.value, at}
					if at <= now() {
						delete(h, name)
					}
				}
			case 4:
				c.Do("HPERSIST", key, "FIELDS", "1", name)
				if exists {
					h[name] = field{value: f.value}
				}
			case 5:
				c.Do("HDEL", key, name)
				delete(h, name)
			case 6:
				c.Do("HSETEX", key, "PX", "50", "FIELDS", "2", name, value, "e", "x")
				h[name], h["e"] = field{value, now() + 50}, field{"x", now() + 50}
			case 7:
				c.Do("HINCRBY", key, name, "1")
				n, _ := strconv.Atoi(f.value)
				h[name] = field{strconv.Itoa(n + 1), f.at}
			case 8:
				c.Do("HGETEX", key, "PX", "80", "FIELDS", "1", name)
				if exists {
					h[name] = field{f.value, now() + 80}
				}
			case 9:
				s.Advance(rapid.Int64Range(0, 150_000).Draw(r, "time"))
			case 10:
				to := draw("h1", "h2")
				if len(h) > 0 && to != key {
					c.Do(draw("COPY"), key, to, "REPLACE")
					model[to] = maps.Clone(h)
				}
			case 11:
				to := draw("h1", "h2")
				if len(h) > 0 && to != key {
					c.Do("RENAME", key, to)
					model[to], model[key] = h, map[string]field{}
				}
			}
			compare("meanwhile")
		}
		if rapid.Bool().Draw(r, "rewrite") {
			c.Do("BGREWRITEAOF")
			s.Advance(1_000_000)
		}
		s = servertest.At(t, s.Disk.Image(vfs.ProcessKill, 0), s.Now, config...)
		c = s.Client()
		compare("after a restart")
		c.Do("FLUSHALL")
		if got := fmt.Sprint(c.Do("DBSIZE").Int); got != "0" {
			r.Fatal(got)
		}
	})
}
