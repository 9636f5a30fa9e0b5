package differential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// generator makes random commands. Most fit the type of their key and have
// sound arguments; some do not, so that errors are compared too. A shape is a
// command line in which words in capitals after a % are drawn anew:
//
//	%S %L %H %T %Z  a key of a string, list, hash, set, sorted set   %K any of these keys
//	%X a key of a sorted set whose scores are all equal: with others a range of
//	members is not defined, and a skiplist answers by chance
//	%v a value  %f a field or member  %n an integer  %i a small index
//	%d a float  %b a score bound  %x a lex bound  %e seconds far away  %m milliseconds far away
//
// A family adds its shapes and its own words, %name, in a file of its own.
type generator struct {
	r        *rand.Rand
	shapes   []string
	protocol string   // that the connections speak
	dumps    []string // payloads that DUMP has returned
	next     [][]string

	// streamClock rises with the IDs that are added, so that most of them are
	// later than those before; the IDs that are looked for lie behind it.
	streamClock int
}

func newGenerator(r *rand.Rand, only string) *generator {
	g := &generator{r: r, protocol: "2", streamClock: 1}
	match := regexp.MustCompile(only)
	for _, list := range families {
		for _, shape := range list {
			if match.MatchString(shape) {
				g.shapes = append(g.shapes, shape)
			}
		}
	}
	return g
}

func (g *generator) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *generator) command() []string {
	if len(g.next) > 0 {
		args := g.next[0]
		g.next = g.next[1:]
		return args
	}
	shape := g.shapes[g.r.IntN(len(g.shapes))]
	args := g.draw(shape)
	if strings.HasPrefix(shape, "AUTH ") {
		g.asUser()
	}
	return args
}

// asUser goes on with what another user tries, and then returns to the default
// user: RESET is allowed to everyone, even in a transaction. Nobody is deleted
// meanwhile, as that would close the connection.
func (g *generator) asUser() {
	for range g.r.IntN(8) {
		args := g.draw(g.shapes[g.r.IntN(len(g.shapes))])
		if name := strings.ToLower(args[0]); name != "acl" && name != "auth" && name != "client" && name != "hello" {
			g.next = append(g.next, args)
		}
	}
	g.next = append(g.next, []string{"RESET"}, []string{"HELLO", g.protocol})
}

func (g *generator) draw(shape string) []string {
	if name, is := strings.CutPrefix(shape, "@"); is {
		return g.fromSyntax(name)
	}
	if shape == "RESET" && g.protocol != "2" {
		shape = "PING"
	}
	var args []string
	for i, word := range strings.Fields(shape) {
		if i == 0 { // SORT_RO is one word
			args = append(args, word)
			continue
		}
		args = append(args, g.word(word)...)
	}
	// Damage one in fifty: a word lost or doubled. SPOP that loses its count
	// takes a member by chance, and from then on the two hold different sets.
	// XADD with another key than was meant, and * for its ID, makes an ID of
	// its own moment.
	if len(args) > 1 && args[0] != "SPOP" && !strings.HasSuffix(args[0], "UNSUBSCRIBE") && args[0] != "SHUTDOWN" && !slices.Contains(args, "*") && g.r.IntN(50) == 0 {
		i := 1 + g.r.IntN(len(args)-1)
		if g.r.IntN(2) == 0 {
			args = append(args[:i:i], args[i+1:]...)
		} else {
			args = append(args[:i+1:i+1], args[i:]...)
		}
	}
	return args
}

func (g *generator) word(w string) []string {
	if options, is := strings.CutPrefix(w, "?"); is { // an optional word or phrase: ?NX|XX or ?COUNT_%i
		if g.r.IntN(2) == 0 {
			return nil
		}
		return g.word(options)
	}
	if strings.Contains(w, "|") {
		return g.word(g.pick(strings.Split(w, "|")...))
	}
	if strings.Contains(w, "_") {
		var args []string
		for _, part := range strings.Split(w, "_") {
			args = append(args, g.word(part)...)
		}
		return args
	}
	if more, is := strings.CutSuffix(w, "+"); is { // one to four times
		var args []string
		for range 1 + g.r.IntN(4) {
			args = append(args, g.word(strings.ReplaceAll(more, "~", "_"))...)
		}
		return args
	}
	if w == "%anycommand" {
		return g.anyCommand()
	}
	if len(w) > 2 && w[0] == '%' {
		return []string{familyWords[w[1:]](g)}
	}
	if len(w) != 2 || w[0] != '%' {
		return []string{w}
	}
	switch w[1] {
	case 'K':
		return []string{g.key(g.pick("s", "l", "h", "t", "z", "stream", "none"))}
	case 'S', 'L', 'H', 'T', 'Z':
		if g.r.IntN(25) == 0 {
			return g.word("%K")
		}
		return []string{g.key(strings.ToLower(w[1:]))}
	case 'X':
		return []string{g.key("x")}
	case 'v':
		return []string{g.value()}
	case 'f':
		return []string{g.field()}
	case 'n':
		return []string{g.integer()}
	case 'i':
		return []string{strconv.Itoa(g.r.IntN(24) - 10)}
	case 'p':
		return []string{strconv.Itoa(1 + g.r.IntN(6))}
	case 'd':
		return []string{g.float()}
	case 'b':
		return []string{g.pick("", "", "", "(") + g.float()}
	case 'x':
		return []string{g.pick("-", "+", "["+g.field(), "("+g.field(), "["+g.field(), "("+g.field())}
	case 'e':
		return []string{strconv.Itoa(100000 + g.r.IntN(100000))}
	case 'E': // a time that is wrong, past or far: a near one would expire at different moments
		for {
			text := g.integer()
			if n, err := strconv.ParseInt(text, 10, 64); err != nil || n <= 0 || n > 1<<40 {
				return []string{text}
			}
		}
	case 'm':
		return []string{strconv.Itoa(100000000 + g.r.IntN(100000))}
	case 'a':
		return []string{strconv.Itoa(4000000000 + g.r.IntN(100000))}
	case 'A':
		return []string{strconv.Itoa(4000000000000 + g.r.IntN(100000))}
	case 'g':
		return []string{g.pick("*", "s*", "?1", "[a-l]*", "*[12]", "none", "\\*", "[^s]*", "m*", "f*", "*1*")}
	}
	panic("no such word: " + w)
}

func (g *generator) key(kind string) string { return kind + strconv.Itoa(1+g.r.IntN(3)) }

func (g *generator) value() string {
	switch g.r.IntN(12) {
	case 0, 1, 2:
		return g.integer()
	case 3:
		return g.float()
	case 4:
		return strings.Repeat("x", g.r.IntN(200))
	case 5:
		return strings.Repeat("ab\x00\xff\r\n", g.r.IntN(40))
	case 6:
		return ""
	case 7:
		return strings.Repeat(g.field(), 1+g.r.IntN(30))
	default:
		return g.field()
	}
}

func (g *generator) field() string {
	switch g.r.IntN(20) {
	case 0:
		return strconv.Itoa(g.r.IntN(10))
	case 1:
		return ""
	case 2:
		return strings.Repeat("m", 60+g.r.IntN(10))
	case 3:
		return strconv.FormatInt(g.r.Int64()>>g.r.IntN(64), 10)
	default:
		return "f" + strconv.Itoa(g.r.IntN(40))
	}
}

func (g *generator) integer() string {
	switch g.r.IntN(14) {
	case 0:
		return strconv.FormatInt(math.MaxInt64, 10)
	case 1:
		return strconv.FormatInt(math.MinInt64, 10)
	case 2:
		return g.pick("0", "-0", "+1", " 1", "1 ", "01", "abc", "", "9223372036854775808", "1e3", "0x10", "1.0")
	case 3:
		return strconv.FormatInt(-(g.r.Int64() >> g.r.IntN(64)), 10)
	case 4:
		return strconv.FormatInt(g.r.Int64()>>g.r.IntN(64), 10)
	default:
		return strconv.Itoa(g.r.IntN(200) - 100)
	}
}

func (g *generator) float() string {
	switch g.r.IntN(14) {
	case 0:
		return g.pick("inf", "-inf", "+inf", "nan", "1e400", "-1e400", "abc", "", "0x1p3", "1e-400", " 1", "1 ")
	case 1:
		return g.pick("0", "-0", "0.0", "1e10", "1e17", "123456789012345678", "3.0e-7", "1e22", "0.1")
	case 2, 3:
		return fmt.Sprint(g.r.Float64() * math.Pow(10, float64(g.r.IntN(40)-20)))
	case 4, 5:
		return fmt.Sprint(float64(g.r.IntN(2000)-1000) / 8)
	default:
		return strconv.Itoa(g.r.IntN(40) - 20)
	}
}

// families lists the shapes of all families, familyWords the words that only
// some of them use.
var (
	families    = [][]string{shapes, bitShapes, hllShapes, geoShapes, sortShapes, scriptShapes}
	familyWords = map[string]func(g *generator) string{
		"offset": bitOffset, "field": fieldType, "bit": bit, "hll": hllKey, "wound": wound,
		"geo": geoKey, "longitude": longitude, "latitude": latitude, "radius": radius, "place": place, "storedist": storeDistances,
		"script": script, "pooled": pooledScript, "digest": scriptDigest, "library": library, "libname": libraryName,
		"function": functionName, "payload": functionPayload, "flushscripts": flushScripts, "evk": func(g *generator) string { return g.pick("ev1", "ev2", "ev3") },
		"by": by, "weighed": weighed, "hashof": hashOf, "sortable": sortable, "number": sortNumber,
	}
)

var shapes = splitLines(`
SET %S %v
SET %S %v
SET %S %v ?NX|XX|GET ?KEEPTTL|EX_%e|PX_%m|EXAT_%a|PXAT_%A
SET %S %v EX|PX %E
SET %S %v ?GET ?NX|XX
SETNX %S %v
SETEX %S %e %v
SETEX %S %E %v
PSETEX %S %m %v
GET %S
GETSET %S %v
GETDEL %S
GETEX %S ?EX_%e|PX_%m|EXAT_%a|PXAT_%A|PERSIST|FOO
GETRANGE %S %i %i
SUBSTR %S %i %i
SETRANGE %S %p %v
SETRANGE %S %i %v
APPEND %S %v
STRLEN %S
INCR %S
DECR %S
INCRBY %S %n
DECRBY %S %n
INCRBYFLOAT %S %d
MGET %K+
MSET %S~%v+
MSETNX %S~%v+
LCS %S %S ?LEN|IDX ?MINMATCHLEN_%i ?WITHMATCHLEN
DEL %K+
DEL %K
UNLINK %K
EXISTS %K+
TOUCH %K+
TYPE %K
KEYS %g
RENAME %K %K
RENAMENX %K %K
COPY %K %K ?REPLACE ?DB_1
MOVE %K 1
MOVE %K %n
EXPIRE %K %e ?NX|XX|GT|LT ?GT|LT
EXPIRE %K %E
PEXPIRE %K %m ?NX|XX|GT|LT
EXPIREAT %K %a ?NX|XX|GT|LT
PEXPIREAT %K %A ?NX|XX|GT|LT
TTL %K
PTTL %K
EXPIRETIME %S
PERSIST %K
OBJECT ENCODING %K
SCAN %i ?MATCH_%g ?COUNT_%i ?TYPE_string|list|set|zset|hash|foo
SCAN 0 COUNT 1000
DBSIZE
LPUSH %L %v+
RPUSH %L %v+
LPUSHX %L %v+
RPUSHX %L %v
LPOP %L ?%i
RPOP %L ?%p
LLEN %L
LINDEX %L %i
LSET %L %i %v
LRANGE %L %i %i
LRANGE %L 0 -1
LTRIM %L %i %i
LREM %L %i %v
LREM %L %i %f
LINSERT %L BEFORE|AFTER|FOO %f %v
BLPOP %L+ 0.001
BRPOP %L 0.001
BLMOVE %L %L LEFT|RIGHT LEFT|RIGHT 0.001
BRPOPLPUSH %L %L 0.001
BLMPOP 0.001 %p %L+ LEFT|RIGHT ?COUNT_%p
LPOS %L %f ?RANK_%i ?COUNT_%i ?MAXLEN_%i
LMOVE %L %L LEFT|RIGHT LEFT|RIGHT
RPOPLPUSH %L %L
LMPOP %p %L+ LEFT|RIGHT ?COUNT_%p
LMPOP 1 %L LEFT|RIGHT ?COUNT_%i
HSET %H %f~%v+
HSET %H %f %v
HMSET %H %f~%v+
HSETNX %H %f %v
HGET %H %f
HMGET %H %f+
HDEL %H %f+
HLEN %H
HSTRLEN %H %f
HEXISTS %H %f
HKEYS %H
HVALS %H
HGETALL %H
HINCRBY %H %f %n
HINCRBYFLOAT %H %f %d
HSCAN %H 0 ?MATCH_%g ?COUNT_%i
HRANDFIELD %H 1000 ?WITHVALUES
HRANDFIELD %H 0
SADD %T %f+
SADD %T %n+
SREM %T %f+
SISMEMBER %T %f
SMISMEMBER %T %f+
SCARD %T
SMEMBERS %T
SPOP %T 1000
SRANDMEMBER %T 1000
SMOVE %T %T %f
SINTER %T+
SINTERCARD %p %T+ ?LIMIT_%i
SINTERCARD 2 %T %T ?LIMIT_%p
SINTERSTORE %T %T+
SUNION %T+
SUNIONSTORE %T %T+
SDIFF %T+
SDIFFSTORE %T %T+
SSCAN %T 0 ?MATCH_%g ?COUNT_%i
ZADD %Z %d~%f+
ZADD %Z %d %f
ZADD %Z ?NX|XX ?GT|LT ?CH %d~%f+
ZADD %X 0~%f+
DEL %X
OBJECT ENCODING %X
ZADD %Z ?NX|XX ?INCR %d %f
ZINCRBY %Z %d %f
ZREM %Z %f+
ZSCORE %Z %f
ZMSCORE %Z %f+
ZCARD %Z
ZCOUNT %Z %b %b
ZLEXCOUNT %X %x %x
ZRANGE %Z %i %i ?REV ?WITHSCORES
ZRANGE %Z %b %b BYSCORE ?REV ?LIMIT_%i_%i ?WITHSCORES
ZRANGE %X %x %x BYLEX ?REV ?LIMIT_%i_%i
ZRANGESTORE %Z %Z %i %i ?REV
ZRANGESTORE %X %X %x %x BYLEX ?REV ?LIMIT_%i_%i
ZRANGESTORE %Z %Z %b %b BYSCORE ?LIMIT_%i_%i
ZREVRANGE %Z %i %i ?WITHSCORES
ZRANGEBYSCORE %Z %b %b ?WITHSCORES ?LIMIT_%i_%i
ZREVRANGEBYSCORE %Z %b %b ?WITHSCORES ?LIMIT_%i_%i
ZRANGEBYLEX %X %x %x ?LIMIT_%i_%i
ZREVRANGEBYLEX %X %x %x ?LIMIT_%i_%i
ZREMRANGEBYRANK %Z %i %i
ZREMRANGEBYSCORE %Z %b %b
ZREMRANGEBYLEX %X %x %x
ZRANK %Z %f
ZREVRANK %Z %f
ZPOPMIN %Z ?%i
ZPOPMAX %Z ?%p
ZMPOP %p %Z+ MIN|MAX ?COUNT_%p
ZMPOP 1 %Z MIN|MAX ?COUNT_%i
ZUNION %p %Z+ ?WEIGHTS_%d_%d ?AGGREGATE_SUM|AGGREGATE_MIN|AGGREGATE_MAX ?WITHSCORES
ZUNION 2 %Z %Z|%T ?WEIGHTS_%d_%d ?AGGREGATE_SUM|AGGREGATE_MIN|AGGREGATE_MAX ?WITHSCORES
ZINTER 2 %Z %Z|%T ?WEIGHTS_%d_%d ?AGGREGATE_SUM|AGGREGATE_MIN ?WITHSCORES
ZDIFF 2 %Z %Z|%T ?WITHSCORES
ZUNIONSTORE %Z 2 %Z %Z|%T ?WEIGHTS_%d_%d ?AGGREGATE_MAX
ZINTERSTORE %Z 2 %Z %Z|%T ?WEIGHTS_%d_%d ?AGGREGATE_MIN
ZDIFFSTORE %Z 2 %Z %Z|%T
ZINTERCARD 2 %Z %Z|%T ?LIMIT_%i
BZPOPMIN %Z+ 0.001
BZPOPMAX %Z 0.001
BZMPOP 0.001 %p %Z+ MIN|MAX ?COUNT_%i
ZSCAN %Z 0 ?MATCH_%g ?COUNT_%i
ZRANDMEMBER %Z 1000 ?WITHSCORES
PING ?%v
ECHO %v
PUBLISH channel %v
WATCH %K
UNWATCH
MULTI
EXEC
DISCARD
EVAL return_redis.call('get',KEYS[1]) 1 %S
SELECT %i
SELECT 0
SELECT 0
SELECT 0
SWAPDB 0 1
SWAPDB 1 0
FLUSHDB
WAIT 0 10
LASTSAVE %n
COMMAND COUNT %n
COMMAND GETKEYS SET|MSET|EVAL|ZUNION %v %p %K %K
CLIENT GETNAME
CLIENT GETREDIR
CLIENT TRACKINGINFO
CLIENT CACHING YES|NO
CLIENT TRACKING OFF|FOO ?BCAST ?PREFIX_%f ?OPTIN ?OPTOUT ?NOLOOP ?REDIRECT_abc
CLIENT TRACKING ON PREFIX %f
CLIENT UNBLOCK 99999999 ?TIMEOUT|ERROR|FOO
CLIENT PAUSE 0 ?WRITE|ALL|FOO
CLIENT UNPAUSE
CLIENT NO-EVICT ON|OFF|FOO
PUBSUB CHANNELS ?%g
PUBSUB SHARDCHANNELS ?%g
PUBSUB NUMSUB %f+
PUBSUB SHARDNUMSUB %f+
SPUBLISH %f %v
ROLE
REPLICAOF NO ONE
CLUSTER INFO|NODES|FOO
READONLY
FAILOVER ?ABORT ?FORCE ?TIMEOUT_%n
MIGRATE h 1 none1|none2 %n %n ?COPY ?REPLACE ?KEYS_none1_none2
SLOWLOG RESET
SLOWLOG GET 0
LATENCY HISTORY|GRAPH %f
LATENCY RESET %f+
MODULE LIST
CLIENT SETNAME %f
CLIENT ID %n
MEMORY USAGE none99
FOO %v+
`)

func splitLines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
