package server_test

import (
	"fmt"
	"testing"

	"everysec/engine/servertest"
)

// TestMemoryIsGivenBack: whatever is counted when it comes is counted again
// when it goes, in every encoding and however it goes, or used_memory would
// drift away from what there is.
func TestMemoryIsGivenBack(t *testing.T) {
	s := servertest.New(t, "enable-debug-command", "yes")
	a := s.Client()
	arena := s.Space().Arena
	for round := range 3 {
		for i := range 700 {
			n := fmt.Sprint(i)
			a.Do("SET", "string:"+n, n, "EX", "1000")
			a.Do("RPUSH", "list", n)
			a.Do("HSET", "hash", "field:"+n, n)
			a.Do("SADD", "set", "member:"+n)
			a.Do("SADD", "ints", n)
			a.Do("ZADD", "zset", n, "member:"+n)
			a.Do("XADD", "stream", n+"-1", "f", n)
		}
		a.Text("XGROUP CREATE stream g 0")
		a.Text("XREADGROUP GROUP g c COUNT 50 STREAMS stream >")
		a.Text("XTRIM stream MAXLEN 100")
		a.Text("XACK stream g 1-1")
		a.Text("ZREMRANGEBYRANK zset 0 690")
		a.Text("DEBUG RELOAD") // the sorted set is a listpack again
		for i := range 600 {
			a.Do("HDEL", "hash", fmt.Sprintf("field:%d", i))
			a.Do("SREM", "set", fmt.Sprintf("member:%d", i))
		}
		for _, key := range []string{"hash", "zset", "stream", "list", "ints", "set"} {
			a.Do("COPY", key, "copy:"+key)
			a.Do("RENAME", key, "renamed:"+key)
			a.Do("MOVE", "renamed:"+key, "1")
		}
		a.Text("HEXPIRE copy:hash 100 FIELDS 1 field:650")
		a.Text("HPERSIST copy:hash FIELDS 1 field:650")
		switch round {
		case 0:
			a.Text("FLUSHALL")
		case 1:
			a.Text("FLUSHALL ASYNC")
		default:
			for _, db := range []string{"1", "0"} {
				a.Text("SELECT " + db)
				for _, v := range a.Do("KEYS", "*").Elems {
					a.Do("UNLINK", string(v.Str))
				}
			}
			a.Text("FLUSHALL") // the tables
		}
		s.Advance(2_000_000)
		if used, modelled := arena.Used(), arena.Modelled(); used != 0 || modelled != 0 {
			t.Errorf("round %d: nothing is left, but %d bytes are used and %d would be in redis-server", round, used, modelled)
		}
	}
}
