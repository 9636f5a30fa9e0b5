//go:build !js

package sets_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// chance makes random commands on a few keys whose sets grow and shrink around
// the threshold at which integers get a hashtable.
type chance struct{ *rand.Rand }

func (r chance) pick(list ...string) string { return list[r.IntN(len(list))] }

func (r chance) key() string { return r.pick("a", "b", "c", "d") }

func (r chance) member() string {
	switch r.IntN(60) {
	case 0:
		return r.pick("x", "y", "007", "-0", "9223372036854775808")
	case 1:
		return r.pick("9223372036854775807", "-9223372036854775808", "40000", "-3000000000")
	}
	return strconv.Itoa(r.IntN(24))
}

func (r chance) several(one func() string) string {
	var list []string
	for range 1 + r.IntN(5) {
		list = append(list, one())
	}
	return strings.Join(list, " ")
}

func (r chance) command() string {
	switch r.IntN(18) {
	case 0, 1, 2:
		return "SADD " + r.key() + " " + r.several(r.member)
	case 3, 4:
		return "SREM " + r.key() + " " + r.several(r.member)
	case 5:
		return "SMOVE " + r.key() + " " + r.key() + " " + r.member()
	case 6:
		return "SMISMEMBER " + r.key() + " " + r.several(r.member)
	case 7:
		return "SMEMBERS " + r.key()
	case 8:
		return "SINTER " + r.several(r.key)
	case 9:
		return "SUNION " + r.several(r.key)
	case 10:
		return "SDIFF " + r.several(r.key)
	case 11:
		return "SINTERSTORE " + r.key() + " " + r.several(r.key)
	case 12:
		return "SUNIONSTORE " + r.key() + " " + r.several(r.key)
	case 13:
		return "SDIFFSTORE " + r.key() + " " + r.several(r.key)
	case 14:
		return "SINTERCARD 2 " + r.key() + " " + r.key() + r.pick("", " LIMIT 2")
	case 15:
		return r.pick("SCARD "+r.key(), "SPOP "+r.key()+" 100", "SRANDMEMBER "+r.key()+" 100")
	case 16:
		return "DEL " + r.key()
	}
	return "OBJECT ENCODING " + r.key()
}

// canonical is a reply whose members may stand in any order.
func canonical(v resp.Value) string {
	if v.Kind != resp.Set && v.Kind != resp.Array {
		return fmt.Sprintf("%c%s %d %v", v.Kind, v.Str, v.Int, v.Null)
	}
	var list []string
	for _, e := range v.Elems {
		list = append(list, canonical(e))
	}
	slices.Sort(list)
	return fmt.Sprintf("%c%q", v.Kind, list)
}

// TestLikeRedis sends the same random commands to a real redis-server and
// compares the replies, in both protocols.
func TestLikeRedis(t *testing.T) {
	for protocol := 2; protocol <= 3; protocol++ {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
			real := redistest.Start(t, "--set-max-intset-entries", "8").Dial(t)
			ours := servertest.New(t, "set-max-intset-entries", "8").Client()
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
				reply, _, err := resp.Parse(real.Do(words...))
				if err != nil {
					t.Fatal(err)
				}
				got, want := canonical(ours.Do(words...)), canonical(reply)
				if strings.HasPrefix(line, "SMISMEMBER") {
					got, want = fmt.Sprint(ours.Do(words...)), fmt.Sprint(reply)
				}
				if got != want {
					t.Fatalf("%s\ngot  %s\nwant %s\nafter\n%s", line, got, want, strings.Join(history[max(0, len(history)-30):], "\n"))
				}
			}
		})
	}
}
