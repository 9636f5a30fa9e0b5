package sim

import (
	"fmt"
	"math/rand/v2"
)

// workload makes random commands over all types. Values are short: an
// append-only file has no checksums, and a sector lost inside a long value
// would go unnoticed, here as in Redis. Most are unlike any before, so that two
// moments of history look alike as seldom as possible.
type workload struct {
	values int
}

func (l *workload) value() string {
	l.values++
	return fmt.Sprintf("v%d", l.values)
}

func oneOf(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// command makes a command that changes something, most of the time.
func (l *workload) command(r *rand.Rand, now int64) []string {
	key := func() string { return fmt.Sprintf("k%d", r.IntN(8)) }
	of := func(kind string) string { return fmt.Sprintf("%s%d", kind, r.IntN(3)) }
	number := func(n int) string { return fmt.Sprint(r.IntN(n)) }
	field := func() string { return "f" + number(6) }
	member := func() string { return "m" + number(9) }
	id := func() string { return fmt.Sprintf("%d-%d", now/1000-r.Int64N(3000), r.IntN(3)) }
	switch r.IntN(72) {
	case 0, 1, 2, 3:
		return []string{"SET", key(), l.value()}
	case 4:
		return []string{"SET", key(), l.value(), "PX", number(3000) + "1"}
	case 5:
		return []string{"SET", key(), l.value(), oneOf(r, "NX", "XX", "KEEPTTL", "GET")}
	case 6, 7:
		return []string{"APPEND", key(), l.value()}
	case 8, 9:
		return []string{"INCRBY", of("n"), number(50)}
	case 10:
		return []string{"INCRBYFLOAT", of("n"), "1.5"}
	case 11:
		return []string{oneOf(r, "DEL", "UNLINK"), key(), of("l")}
	case 12:
		return []string{"GETEX", key(), oneOf(r, "PERSIST", "EX"), number(4)}[:3+r.IntN(2)]
	case 13, 14, 15:
		return []string{oneOf(r, "RPUSH", "LPUSH"), of("l"), l.value(), l.value()}
	case 16:
		return []string{oneOf(r, "LPOP", "RPOP"), of("l")}
	case 17:
		return []string{"LINSERT", of("l"), "BEFORE", "v1", l.value()}
	case 18:
		return []string{"LTRIM", of("l"), number(3), "20"}
	case 19:
		return []string{"LSET", of("l"), number(3), l.value()}
	case 20:
		return []string{"LMOVE", of("l"), of("l"), oneOf(r, "LEFT", "RIGHT"), oneOf(r, "LEFT", "RIGHT")}
	case 21, 22, 23:
		return []string{"HSET", of("h"), field(), l.value(), field(), l.value()}
	case 24:
		return []string{"HDEL", of("h"), field()}
	case 25:
		return []string{"HINCRBY", of("c"), field(), number(9)}
	case 26:
		return []string{"HPEXPIRE", of("h"), number(3000) + "1", "FIELDS", "1", field()}
	case 27:
		return []string{"HPERSIST", of("h"), "FIELDS", "1", field()}
	case 28, 29:
		return []string{"SADD", of("s"), l.value(), number(100)}
	case 30:
		return []string{"SPOP", of("s")}
	case 31:
		return []string{"SMOVE", of("s"), of("s"), number(100)}
	case 32:
		return []string{oneOf(r, "SUNIONSTORE", "SDIFFSTORE", "SINTERSTORE"), of("s"), of("s"), of("s")}
	case 33, 34, 35:
		return []string{"ZADD", of("z"), number(100), member(), number(100), l.value()}
	case 36:
		return []string{"ZINCRBY", of("z"), "0.5", member()}
	case 37:
		return []string{oneOf(r, "ZPOPMIN", "ZPOPMAX"), of("z")}
	case 38:
		return []string{"ZREM", of("z"), member()}
	case 39:
		return []string{oneOf(r, "ZUNIONSTORE", "ZINTERSTORE"), of("z"), "2", of("z"), of("z")}
	case 40:
		return []string{"ZREMRANGEBYRANK", of("z"), "0", number(3)}
	case 41, 42:
		return []string{"EXPIRE", key(), number(4)}
	case 43:
		return []string{"PEXPIRE", oneOf(r, of("l"), of("h"), of("s"), of("z"), of("x")), number(2000)}
	case 44:
		return []string{"PERSIST", key()}
	case 45:
		return []string{oneOf(r, "RENAME", "RENAMENX"), of("l"), of("l")}
	case 46:
		return []string{"RENAME", key(), key()}
	case 47:
		return []string{"COPY", oneOf(r, of("z"), of("h"), key()), key(), "REPLACE"}
	case 48:
		return []string{"MOVE", key(), number(3)}
	case 49, 50:
		return []string{"SELECT", number(3)}
	case 51:
		return []string{"SWAPDB", number(3), number(3)}
	case 52:
		switch r.IntN(10) {
		case 0:
			return []string{"FLUSHDB", oneOf(r, "SYNC", "ASYNC")}
		case 1:
			return []string{"FLUSHALL", oneOf(r, "SYNC", "ASYNC")}
		}
		return []string{"GETDEL", key()}
	case 53:
		return []string{
			"EVAL", "redis.call('INCR', KEYS[1]); redis.call('RPUSH', KEYS[2], ARGV[1]); return redis.call('SPOP', KEYS[3])",
			"3", of("n"), of("l"), of("s"), l.value(),
		}
	case 54:
		return []string{"EVAL", "redis.call('SET', KEYS[1], ARGV[1]); return redis.call('HSET', KEYS[1], 'f', '1')", "1", key(), l.value()}
	case 55:
		return []string{"EVAL", "redis.call('SELECT', ARGV[2]); redis.call('SET', KEYS[1], ARGV[1], 'PX', 900); return redis.call('RENAME', KEYS[1], KEYS[2])", "2", key(), key(), l.value(), number(3)}
	case 56:
		return []string{"SETRANGE", key(), number(10), l.value()}
	case 57:
		return []string{"SETBIT", of("b"), number(90), number(2)}
	case 58:
		return []string{"BITFIELD", of("b"), "INCRBY", "u5", number(60), "3"}
	case 59:
		return []string{"PFADD", of("p"), l.value(), l.value()}
	case 60:
		return []string{oneOf(r, "PFCOUNT", "PFMERGE"), of("p"), of("p")}
	case 61:
		return []string{"GEOADD", of("g"), number(90), number(80), member()}
	case 62, 63:
		return []string{"XADD", of("x"), "MAXLEN", "~", "20", "*", "f", l.value()}
	case 64:
		return []string{"XGROUP", "CREATE", of("x"), of("g"), oneOf(r, "0", "$"), "MKSTREAM"}
	case 65, 66:
		return []string{"XREADGROUP", "GROUP", of("g"), of("c"), "COUNT", "2", "STREAMS", of("x"), ">"}
	case 67:
		return []string{oneOf(r, "XACK", "XDEL"), of("x"), of("g"), id()}
	case 68:
		return []string{"XAUTOCLAIM", of("x"), of("g"), of("c"), "0", "0", "COUNT", "3"}
	case 69:
		return []string{"XTRIM", of("x"), "MAXLEN", number(5)}
	case 70:
		return []string{"SORT", of("s"), "ALPHA", "STORE", of("l")}
	}
	return []string{"MSET", key(), l.value(), key(), l.value()}
}

// batch makes what a client sends in one go: a command, some of them, or a
// transaction.
func (l *workload) batch(r *rand.Rand, now int64) [][]string {
	n := 1
	switch r.IntN(8) {
	case 0, 1:
		n = 2 + r.IntN(5)
	case 2, 3:
		commands := [][]string{{"MULTI"}}
		for range 1 + r.IntN(4) {
			commands = append(commands, l.command(r, now))
		}
		return append(commands, []string{oneOf(r, "EXEC", "EXEC", "EXEC", "EXEC", "DISCARD")})
	}
	var commands [][]string
	for range n {
		commands = append(commands, l.command(r, now))
	}
	return commands
}
