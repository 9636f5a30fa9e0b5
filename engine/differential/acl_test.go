package differential_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// Rules of ACL SETUSER; at most one of the single ones is used at a time,
// because Redis lists several in an order of chance.
var (
	aclRules = strings.Fields(`~a* ~b* ~* %R~a* %W~b* %RW~c %R~* %W~* allkeys resetkeys &a* &b1 &* resetchannels allchannels
		+@all -@all +@read +@write -@write +@keyspace -@keyspace +@fast -@slow +@string +@hash -@hash +@dangerous -@dangerous +@scripting +@pubsub
		+@transaction +@connection -@connection +@admin nocommands allcommands nopass resetpass >p <p off on %X~a +@nope &* ~a*`)
	aclSingles   = strings.Fields(`+get -get +set +config|get -config|set +select|0 +object -object|freq +xinfo|stream -ping +eval +sort`)
	aclSelectors = []string{"(%R~a* +@read)", "(~b* +@all)", "(+@all -@write ~*)", "(&a* +publish ~x)", "(", "(%W~c +set", "(+@all allkeys allchannels)"}

	aclCommands = strings.Split(strings.TrimSpace(`
GET a1
GET b1
SET a1 1
SET c 1 GET
MGET a1 b1
COPY a1 b1
RENAME a1 a2
DEL b1
HSET ah f 1
HGET ah f
HGETALL bh
LPUSH al 3 1 2
SORT al
SORT al BY w*
SORT al BY nosort GET #
SORT al STORE b2
LMOVE al bl LEFT RIGHT
SINTERSTORE b3 as bs
ZADD az 1 m
ZUNIONSTORE az2 2 az bz
ZRANGE bz 0 -1
XADD ax 1-1 f v
XREAD STREAMS ax bx 0 0
BITFIELD a1 GET u8 0
BITFIELD b1 SET u8 0 1
BITOP AND b4 a1 b1
EXISTS b1 a1
TYPE c
OBJECT ENCODING a1
OBJECT HELP x
CONFIG GET maxmemory
CONFIG SET maxmemory 0
SELECT 0
SELECT 1
PING
ECHO x
DBSIZE
PUBLISH a1 x
PUBLISH b1 x
SPUBLISH b2 x
EVAL "return redis.call('get',KEYS[1])" 1 a1
EVAL "return redis.pcall('set',ARGV[1],'1')" 0 b1
EVAL "return {redis.acl_check_cmd('set',ARGV[1],'1'),redis.acl_check_cmd('get',ARGV[1])}" 0 c
EVAL "return 1" 1 b1
MULTI
EXEC
DISCARD
GETDEL c
GETEX a1
SETRANGE b1 0 x
STRLEN c
WATCH a1
UNWATCH
SCAN 0 MATCH nosuch COUNT 1000
KEYS nosuch*
MEMORY USAGE a9
COMMAND COUNT x
NOSUCH a
ACL WHOAMI
AUTH u x
AUTH u p
`), "\n")
)

// Random users run random commands on both servers.
func TestRandomUsers(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	server := servertest.New(t)
	random := rand.New(rand.NewPCG(7, 7))
	admin, user := redis.Dial(t), redis.Dial(t)
	ourAdmin, ourUser := server.Client(), server.Client()
	log := []string{}
	known := map[string]bool{}
	names := redis.Dial(t)
	names.Send([]byte("COMMAND"), []byte("LIST"), []byte("FILTERBY"), []byte("PATTERN"), []byte("*"))
	_, list := names.Receive()
	for _, name := range words(list) {
		known[name] = true
	}
	compare := func(who string, r *redistest.Conn, c *servertest.Client, words [][]byte) {
		t.Helper()
		r.Send(words...)
		want, value := r.Receive()
		line := fmt.Sprintf("%s %q", who, words)
		log = append(log, line)
		got := c.Raw(resp.AppendCommand(nil, words...))
		if line := string(bytes.Join(words, []byte(" "))); line == "ACL GETUSER u" || line == "ACL LIST" {
			ours, _, _ := resp.Parse(got)
			want, got = []byte(inOrder(servertest.Format(value), known)), []byte(inOrder(servertest.Format(ours), known))
		}
		if bytes.HasPrefix(want, []byte("-NOAUTH")) || !bytes.Equal(got, want) {
			t.Fatalf("%s\ngot  %q\nwant %q\nafter\n%s", line, got, want, strings.Join(log[max(0, len(log)-12):], "\n"))
		}
	}
	split := func(line string) [][]byte {
		words, _ := resp.SplitArgs([]byte(line))
		return words
	}
	pick := func(list []string) string { return list[random.IntN(len(list))] }

	compare("admin", admin, ourAdmin, split("ACL SETUSER u on nopass +@all allkeys allchannels"))
	compare("user", user, ourUser, split("AUTH u x"))
	for range 400 {
		rules := []string{"ACL", "SETUSER", "u", "reset", "on", "nopass"}
		for range 1 + random.IntN(6) {
			rules = append(rules, pick(aclRules))
		}
		if random.IntN(2) == 0 {
			rules = append(rules, pick(aclSingles))
		}
		for range random.IntN(3) {
			rules = append(rules, pick(aclSelectors))
		}
		words := make([][]byte, len(rules))
		for i, rule := range rules {
			words[i] = []byte(rule)
		}
		compare("admin", admin, ourAdmin, words)
		compare("admin", admin, ourAdmin, split("ACL GETUSER u"))
		compare("admin", admin, ourAdmin, split("ACL LIST"))
		for range 20 {
			line := pick(aclCommands)
			compare("user", user, ourUser, split(line))
			compare("admin", admin, ourAdmin, append(split("ACL DRYRUN u"), split(pick(aclCommands))...))
		}
	}
}

// inOrder sorts the single commands in descriptions of users, and leaves out
// those that redis-server does not have.
func inOrder(text string, known map[string]bool) string {
	single := func(word string) bool {
		return len(word) > 1 && (word[0] == '+' || word[0] == '-') && word[1] != '@'
	}
	var out []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.NewReplacer("\"", " \" ", "(", " ( ", ")", " ) ").Replace(line)
		words := slices.DeleteFunc(strings.Fields(line), func(word string) bool {
			name := strings.TrimLeft(word, "+-")
			return single(word) && !known[name] && !strings.HasPrefix(name, "select|")
		})
		for i := 0; i < len(words); i++ {
			end := i
			for end < len(words) && single(words[end]) {
				end++
			}
			slices.Sort(words[i:end])
			i = max(i, end-1)
		}
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, "\n")
}
