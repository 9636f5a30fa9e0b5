package sortedsets_test

import (
	"strings"
	"testing"

	"everysec/engine/servertest"
)

func play(c *servertest.Client, commands string) {
	for _, line := range strings.Split(commands, "; ") {
		c.Text(line)
	}
}

// What goes into the append-only file must lead to the same state whenever it
// is replayed.
func TestPropagation(t *testing.T) {
	for _, test := range []struct{ commands, want string }{
		{"ZADD z 1 a; ZADD z 1 a; ZADD z XX 1 b; ZADD z GT 0 a", "ZADD z 1 a"},
		{"ZADD z 1 a; ZINCRBY z 1.5 a; ZINCRBY z 0 a; ZADD z INCR 2 a", "ZADD z 1 a; ZINCRBY z 1.5 a; ZADD z INCR 2 a"},
		{"ZADD z 1 a 2 b; ZREM z b c; ZREM z c", "ZADD z 1 a 2 b; ZREM z b c"},
		{"ZADD z 1 a 2 b; ZPOPMIN z; ZPOPMAX z 5; ZPOPMAX z 5", "ZADD z 1 a 2 b; ZPOPMIN z; ZPOPMAX z 5"},
		{"ZADD z 1 a 2 b; ZMPOP 2 none z MAX; ZMPOP 2 none z MIN COUNT 9; ZMPOP 2 none z MIN", "ZADD z 1 a 2 b; ZPOPMAX z 1; ZPOPMIN z 1"},
		{"ZADD z 1 a; ZREMRANGEBYRANK z 5 6; ZREMRANGEBYSCORE z 1 1", "ZADD z 1 a; ZREMRANGEBYSCORE z 1 1"},
		{"ZADD z 1 a; ZRANGESTORE d z 0 -1; ZRANGESTORE d z 5 6; ZRANGESTORE d z 5 6", "ZADD z 1 a; ZRANGESTORE d z 0 -1; ZRANGESTORE d z 5 6"},
		{"ZADD z 1 a; ZUNIONSTORE d 1 z; ZDIFFSTORE d 2 z z; ZINTERSTORE d 1 none", "ZADD z 1 a; ZUNIONSTORE d 1 z; ZDIFFSTORE d 2 z z"},
		{"ZADD z 1 a; ZRANGE z 0 -1; ZRANDMEMBER z 1; ZUNION 1 z", "ZADD z 1 a"},
	} {
		s := servertest.New(t, "appendonly", "yes")
		play(s.Client(), test.commands)
		if got := strings.Join(s.Propagated(), "; "); got != test.want {
			t.Errorf("%s: propagated %q, want %q", test.commands, got, test.want)
		}
	}
}

// What is published when notify-keyspace-events is KEA.
func TestEvents(t *testing.T) {
	for _, test := range []struct{ commands, want string }{
		{"ZADD z 1 a; ZADD z 1 a; ZINCRBY z 1 a; ZADD z INCR 1 a", "zadd z; zincr z; zincr z"},
		{"ZREM a x; ZREM a nosuch; ZREM a y z w", "zrem a; zrem a; del a"},
		{"ZPOPMIN a; ZPOPMAX a 2; ZPOPMIN a 0; ZMPOP 1 a MIN COUNT 5; ZPOPMIN a", "zpopmin a; zpopmax a; zpopmin a; del a"},
		{"ZREMRANGEBYRANK a 0 0; ZREMRANGEBYSCORE a 2 2; ZREMRANGEBYLEX a - +; ZREMRANGEBYRANK a 0 0", "zremrangebyrank a; zremrangebyscore a; zremrangebylex a; del a"},
		{"ZRANGESTORE d a 0 1; ZRANGESTORE d a 9 9; ZRANGESTORE d a 9 9", "zrangestore d; del d"},
		{"ZUNIONSTORE d 2 a b; ZINTERSTORE d 2 a b; ZDIFFSTORE d 2 a b; ZDIFFSTORE d 2 a a", "zunionstore d; zinterstore d; zdiffstore d; del d"},
		{"ZRANGE a 0 -1; ZSCORE a x; ZUNION 2 a b; ZRANDMEMBER a", ""},
	} {
		s := servertest.New(t, "notify-keyspace-events", "KEA")
		c, listener := s.Client(), s.Client()
		play(c, "ZADD a 1 x 2 y 3 z 4 w; ZADD b 1 y 2 z")
		listener.Do("PSUBSCRIBE", "__keyevent@0__:*")
		play(c, test.commands)
		var got []string
		for {
			m, ok := listener.Reply()
			if !ok {
				break
			}
			event := strings.TrimPrefix(string(m.Elems[2].Str), "__keyevent@0__:")
			got = append(got, event+" "+string(m.Elems[3].Str))
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s: published %q, want %q", test.commands, got, test.want)
		}
	}
}
