//go:build !js

package sortedsets_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// chance makes random commands on a few keys whose sets grow and shrink around
// the thresholds. The sets x1 and x2 have equal scores only: without that a
// range of members is not defined.
type chance struct{ *rand.Rand }

func (r chance) pick(list ...string) string { return list[r.IntN(len(list))] }

func (r chance) member() string {
	switch r.IntN(8) {
	case 0:
		return strconv.Itoa(r.IntN(30) - 10)
	case 1:
		return strings.Repeat("long", 1+r.IntN(3)) + strconv.Itoa(r.IntN(9))
	}
	return "m" + strconv.Itoa(r.IntN(60))
}

func (r chance) score() string {
	switch r.IntN(10) {
	case 0:
		return r.pick("inf", "-inf", "-0", "1e17", "1e300", "-1e300", "0.1", "3e-7")
	case 1:
		return strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64)
	}
	return strconv.Itoa(r.IntN(21) - 10)
}

func (r chance) command() string {
	z := func() string { return r.pick("z1", "z2", "z3", "s") }
	x := func() string { return r.pick("x1", "x2") }
	index := func() string { return strconv.Itoa(r.IntN(50) - 20) }
	bound := func() string { return r.pick("", "(") + r.score() }
	lex := func() string { return r.pick("[", "(") + r.member() }
	limit := func() string { return r.pick("", " LIMIT "+index()+" "+index()) }
	several := func(one func() string) string {
		var list []string
		for range 1 + r.IntN(8) {
			list = append(list, one())
		}
		return strings.Join(list, " ")
	}
	combined := func() string {
		return "2 " + z() + " " + z() + r.pick("", " WEIGHTS "+r.score()+" "+r.score()) + r.pick("", " AGGREGATE "+r.pick("SUM", "MIN", "MAX"))
	}
	scored := r.pick("", " WITHSCORES")
	switch r.IntN(30) {
	case 0, 1, 2, 3:
		return "ZADD " + z() + " " + several(func() string { return r.score() + " " + r.member() })
	case 4:
		return "ZADD " + z() + r.pick(" NX", " XX", " GT", " LT", " XX GT", " XX LT") + r.pick("", " CH") + " " + r.score() + " " + r.member()
	case 5, 6:
		return "ZADD " + x() + " " + several(func() string { return "0 " + r.member() })
	case 7:
		return "SADD s " + several(r.member)
	case 8:
		return "ZINCRBY " + z() + " " + r.score() + " " + r.member()
	case 9:
		return "ZREM " + z() + " " + several(r.member)
	case 10:
		return "ZRANGE " + z() + " " + index() + " " + index() + r.pick("", " REV") + scored
	case 11:
		return "ZRANGE " + z() + " " + bound() + " " + bound() + " BYSCORE" + r.pick("", " REV") + limit() + scored
	case 12:
		return "ZRANGE " + x() + " " + lex() + " " + lex() + " BYLEX" + r.pick("", " REV") + limit()
	case 13:
		return "ZRANGESTORE " + z() + " " + z() + " " + index() + " " + index() + r.pick("", " REV")
	case 14:
		return "ZRANGESTORE " + z() + " " + z() + " " + bound() + " " + bound() + " BYSCORE" + limit()
	case 15:
		return "ZCOUNT " + z() + " " + bound() + " " + bound()
	case 16:
		return "ZLEXCOUNT " + x() + " " + lex() + " " + lex()
	case 17:
		return r.pick("ZRANK ", "ZREVRANK ", "ZSCORE ") + z() + " " + r.member()
	case 18:
		return "ZREMRANGEBYRANK " + z() + " " + index() + " " + index()
	case 19:
		return "ZREMRANGEBYSCORE " + z() + " " + bound() + " " + bound()
	case 20:
		return "ZREMRANGEBYLEX " + x() + " " + lex() + " " + lex()
	case 21:
		return r.pick("ZPOPMIN ", "ZPOPMAX ") + z() + r.pick("", " 1", " 3", " 30")
	case 22:
		return "ZMPOP 2 " + z() + " " + z() + r.pick(" MIN", " MAX") + r.pick("", " COUNT 4")
	case 23:
		return r.pick("ZUNION ", "ZINTER ") + combined() + scored
	case 24:
		return r.pick("ZUNIONSTORE ", "ZINTERSTORE ") + z() + " " + combined()
	case 25:
		return "ZDIFF 3 " + z() + " " + z() + " " + z() + scored
	case 26:
		return "ZDIFFSTORE " + z() + " 2 " + z() + " " + z()
	case 27:
		return "ZINTERCARD 2 " + z() + " " + z() + r.pick("", " LIMIT 3")
	case 28:
		return "ZMSCORE " + z() + " " + several(r.member)
	}
	return "OBJECT ENCODING " + r.pick(z(), x())
}

// TestLikeRedis sends the same random commands to a real redis-server and
// compares every byte of the replies, in both protocols.
func TestLikeRedis(t *testing.T) {
	limits := []string{"set-max-intset-entries", "8", "zset-max-listpack-entries", "16", "zset-max-listpack-value", "8"}
	var args []string
	for i := 0; i < len(limits); i += 2 {
		args = append(args, "--"+limits[i], limits[i+1])
	}
	for protocol := 2; protocol <= 3; protocol++ {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
			real := redistest.Start(t, args...).Dial(t)
			ours := servertest.New(t, limits...).Client()
			if protocol == 3 {
				real.Do("HELLO", "3")
				ours.Do("HELLO", "3")
			}
			r := chance{rand.New(rand.NewPCG(7, uint64(protocol)))}
			var history []string
			for range 15000 {
				line := r.command()
				history = append(history, line)
				words := strings.Fields(line)
				want := real.Do(words...)
				got := ours.Raw(resp.AppendCommand(nil, bytes.Fields([]byte(line))...))
				if !bytes.Equal(got, want) {
					t.Fatalf("%s\ngot  %q\nwant %q\nafter\n%s", line, got, want, strings.Join(history[max(0, len(history)-30):], "\n"))
				}
			}
		})
	}
}
