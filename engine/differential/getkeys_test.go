package differential_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// commandLines are what COMMAND GETKEYS is asked about besides every command
// with a few words: those whose keys depend on their options.
const commandLines = `SORT a BY w* LIMIT 0 1 GET x GET y STORE b
SORT a STORE b STORE c
SORT a STORE
SORT_RO a BY w
EVAL script 2 a b c
EVAL script 0
EVAL script 3 a b
EVAL script -1 a
EVALSHA x 1 a
EVAL_RO script 1 a
FCALL f 1 a
FCALL_RO f 2 a b
MIGRATE h 1 k 0 10
MIGRATE h 1 "" 0 10 KEYS a b c
MIGRATE h 1 "" 0 10 COPY REPLACE AUTH keys KEYS a b
MIGRATE h 1 "" 0 10 AUTH2 u keys KEYS a
GEORADIUS k 1 2 3 km STORE d
GEORADIUS k 1 2 3 km STOREDIST d STORE e
GEORADIUSBYMEMBER k m 3 km STORE d
GEORADIUS_RO k 1 2 3 km
GEOSEARCHSTORE d s FROMMEMBER m BYRADIUS 1 km
ZUNIONSTORE d 2 a b WEIGHTS 1 2
ZUNIONSTORE d 9 a b
ZUNION 2 a b
ZINTERCARD 1 a LIMIT 3
ZDIFFSTORE d 1 a
ZMPOP 2 a b MIN
BZMPOP 0 1 a MAX
LMPOP 2 a b LEFT
BLMPOP 1 2 a b LEFT COUNT 2
SINTERCARD 2 a b
XREAD COUNT 1 STREAMS a b 0 0
XREAD STREAMS streams 0
XREAD STREAMS a
XREAD COUNT 1
XREADGROUP GROUP g streams STREAMS a b > >
XREADGROUP GROUP g c COUNT 2 BLOCK 1 NOACK STREAMS a >
SET k v GET
SET k v EX 10 NX
BITFIELD k GET u8 0
BITFIELD k GET u8 0 INCRBY u8 0 1
BITFIELD k OVERFLOW SAT
BITOP AND d a b c
BLPOP a b c 0
OBJECT ENCODING k
OBJECT FREQ k
XGROUP CREATE k g 0
XINFO STREAM k FULL
MEMORY USAGE k SAMPLES 3
MSET a 1 b 2
MSET a 1 b
COPY a b DB 1 REPLACE
LCS a b LEN
WATCH a b
PFCOUNT a b
PFMERGE d a
PFDEBUG GETREG k
PUBLISH c m
SPUBLISH c m
SSUBSCRIBE a b
SUBSCRIBE a
RESTORE k 0 x REPLACE
RENAME a b
SMOVE a b m
TOUCH a b
CONFIG GET x
CONFIG NOSUCH x
ACL SETUSER x
NOSUCH a b
GET
GET a b
PING`

// TestGetKeys asks both servers for the keys of all kinds of command lines.
func TestGetKeys(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t).Dial(t)
	client := servertest.New(t).Client()
	redis.Do("HELLO", "3")
	client.Do("HELLO", "3")
	v, _, err := resp.Parse(redis.Do("COMMAND", "LIST", "FILTERBY", "PATTERN", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var lines [][][]byte
	for _, line := range strings.Split(commandLines, "\n") {
		words, _ := resp.SplitArgs([]byte(line))
		lines = append(lines, words)
	}
	for _, name := range words(v) {
		line := strings.Split(name, "|")
		for _, more := range []string{"a", "b", "1", "c", "2", "d"} {
			line = append(line, more)
			words := make([][]byte, len(line))
			for i := range line {
				words[i] = []byte(line[i])
			}
			lines = append(lines, words)
		}
	}
	if len(lines) < 2000 {
		t.Fatalf("only %d command lines", len(lines))
	}
	for _, line := range lines {
		for _, sub := range []string{"GETKEYS", "GETKEYSANDFLAGS"} {
			command := slices.Concat([][]byte{[]byte("COMMAND"), []byte(sub)}, line)
			redis.Send(command...)
			want, _ := redis.Receive()
			if got := client.Raw(resp.AppendCommand(nil, command...)); !bytes.Equal(got, want) {
				t.Errorf("COMMAND %s %s\ngot  %q\nwant %q", sub, bytes.Join(line, []byte(" ")), got, want)
			}
		}
	}
}
