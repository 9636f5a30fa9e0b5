package differential

import (
	"strings"
	"testing"

	"everysec/engine/redistest"
)

// Where memory is full, what runs and what is refused is the same, and what is
// evicted too as far as it is not a matter of chance: with a limit of one byte
// everything that may go goes.
func TestMemoryIsFull(t *testing.T) {
	t.Parallel()
	real := redistest.Start(t)
	ours := native(t)
	for name, script := range map[string]string{
		"noeviction": `
			SET|k|v
			CONFIG SET|maxmemory|1
			SET|a|b
			GET|k
			APPEND|k|x
			DEL|nosuch
			LPUSH|l|1
			EXPIRE|k|100
			PERSIST|k
			INCR|n
			PUBLISH|c|m
			MULTI
			GET|k
			EXEC
			MULTI
			PING
			MULTI
			WATCH|k
			DISCARD
			MULTI
			DISCARD
			MULTI
			RESET
			EVAL|return redis.call('set','a','b')|0
			EVAL|return redis.call('get','k')|0
			EVAL|return redis.pcall('set','a','b')|0
			EVAL|#!lua\nreturn 1|0
			EVAL|#!lua\nreturn redis.call('set','a','b')|0
			EVAL|#!lua flags=no-writes\nreturn redis.call('get','k')|0
			EVAL|#!lua flags=allow-oom\nreturn redis.call('set','x','y')|0
			EVAL|redis.call('del','x') return redis.call('set','x','y')|0
			EVAL|redis.call('del','nosuch') return redis.call('set','x','y')|0
			EVAL_RO|return redis.call('get','k')|0
			FUNCTION|LOAD|#!lua name=lib\nredis.register_function('f',function() return 1 end)
			FUNCTION|FLUSH
			CONFIG SET|maxmemory|0
			FUNCTION|LOAD|#!lua name=lib\nredis.register_function('f',function() return redis.call('set','a','b') end)\nredis.register_function{function_name='g',callback=function() return redis.call('get','k') end,flags={'no-writes'}}\nredis.register_function{function_name='o',callback=function() return redis.call('set','a','c') end,flags={'allow-oom'}}
			CONFIG SET|maxmemory|1
			FCALL|f|0
			FCALL|g|0
			FCALL|o|0
			FUNCTION|STATS
			CONFIG SET|maxmemory|0
			MULTI
			SET|a|b
			CONFIG SET|maxmemory|1
			EXEC
			CONFIG SET|maxmemory|0
			MULTI
			SET|a|b
			GET|a
			CONFIG SET|maxmemory|0
			EXEC
			DEL|k
			SET|k|v
			OBJECT|REFCOUNT|k
			SET|n|5
			OBJECT|REFCOUNT|n
			OBJECT|FREQ|n
			OBJECT|IDLETIME|n`,
		"allkeys": `
			CONFIG SET|maxmemory-policy|allkeys-lru
			MSET|a|1|b|2|c|3
			SELECT|3
			SET|d|4
			CONFIG SET|maxmemory|1
			GET|a
			GET|d
			DBSIZE
			SET|a|b
			MULTI
			CONFIG SET|maxmemory|0
			CONFIG SET|maxmemory-policy|allkeys-lfu
			SET|k|v
			SET|n|7
			OBJECT|FREQ|k
			OBJECT|IDLETIME|k
			OBJECT|FREQ|nosuch
			OBJECT|REFCOUNT|n
			CONFIG SET|maxmemory|100mb
			SET|n|7
			OBJECT|REFCOUNT|n
			OBJECT|ENCODING|n
			CONFIG SET|maxmemory|1
			GET|k
			DBSIZE
			CONFIG SET|maxmemory|0
			CONFIG SET|maxmemory-policy|allkeys-random
			SET|k|v
			CONFIG SET|maxmemory|1
			DBSIZE
			SET|k|v
			CONFIG SET|maxmemory|0
			CONFIG SET|maxmemory-policy|noeviction`,
		"volatile": `
			CONFIG SET|maxmemory-policy|volatile-ttl
			MSET|a|1|b|2|c|3
			EXPIRE|a|1000
			EXPIRE|b|2000
			CONFIG SET|maxmemory|1
			MGET|a|b|c
			SET|d|1
			EXPIRE|c|100
			GET|c
			CONFIG SET|maxmemory|0
			CONFIG SET|maxmemory-policy|volatile-lru
			SET|x|y|EX|1000
			SET|y|z
			CONFIG SET|maxmemory|1
			EXISTS|x|y
			CONFIG SET|maxmemory|0
			CONFIG SET|maxmemory-policy|volatile-lfu
			SET|x|y|EX|1000
			CONFIG SET|maxmemory|1
			EXISTS|x|y
			CONFIG SET|maxmemory|0
			CONFIG SET|maxmemory-policy|volatile-random
			SET|x|y|EX|1000
			CONFIG SET|maxmemory|1
			EXISTS|x|y
			INCR|n
			CONFIG SET|maxmemory|0
			CONFIG SET|maxmemory-policy|noeviction`,
		"usage kept by RESTORE": `
			SET|a|x
			DUMP|a
			RESTORE|b|0|\x00\x01x\x0a\x00\xc4\x0d\xfa\x18\xdc\xa5\x9d\x95|IDLETIME|500
			RESTORE|b|0|\x00\x01x\x0a\x00|IDLETIME|-1
			RESTORE|b|0|x|FREQ|256
			RESTORE|b|0|x|FREQ|1|IDLETIME|1
			OBJECT|HELP|x
			OBJECT|FREQ
			OBJECT|NOSUCH|a`,
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, real, ours, "2")
			p.run([][]string{{"FLUSHALL"}})
			for line := range strings.Lines(script) {
				line = strings.TrimSpace(line)
				if line == "" {
					continue
				}
				line = strings.NewReplacer(`\n`, "\n", `\x00`, "\x00", `\x0a`, "\n").Replace(line)
				args := strings.Split(line, "|")
				if container, sub, is := strings.Cut(args[0], " "); is {
					args = append([]string{container, sub}, args[1:]...)
				}
				p.run([][]string{args})
			}
			p.run([][]string{{"RESET"}, {"CONFIG", "SET", "maxmemory", "0"}})
		})
	}
}
