package servertest_test

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"

	"everysec/engine/command"
	"everysec/engine/commands"
	"everysec/engine/resp"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// Anything at all is sent to a server: every command, with the words of its
// syntax, of a small vocabulary, or of any bytes. It must not panic, what it
// replies must be well formed, and what it wrote to its append-only file must
// bring back the same data.

var table = command.NewTable(commands.Families()...)

var rows = func() (list []*command.Spec) {
	table.Each(func(s *command.Spec) { list = append(list, s) })
	return list
}()

var programs = flag.Uint64("programs", 300, "random programs that TestAnything sends")

// vocabulary has few keys, so that commands meet on them, and the numbers and
// words that are hard to get right.
var vocabulary = []string{
	"a", "b", "c", "{t}1", "a", "b", "f", "m", "g", "c1", "v", "", "0", "1", "2", "3", "-1", "10", "100", "0.5", "-inf", "inf", "+inf", "nan",
	"9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e400", "4294967295", "2147483648", "1000000", "1700000100", "1700000100000",
	"-", "+", "[a", "(b", "(1", "*", "a*", "$", ">", "1-1", "2-0", "5-*", "0-0", "~", "=", "0 ", "\x00", "\r\n", "ЖЖ", "u8", "i64", "u63", "#1", "#9223372036854775807",
	"LEFT", "RIGHT", "MIN", "MAX", "AND", "NOT", "XOR", "m", "km", "STRING", "yes", "no", "default", "u1", "on", "+@all", "~*", ">pw", "(+get ~a)", "string", "zset",
	"return redis.call('set', KEYS[1], ARGV[1])", "return redis.call(unpack(ARGV))", "return {1, {ok='x'}, false, 1.5}", "redis.call('incr', 'a') error('x')",
	"#!lua name=l\nredis.register_function('f', function(k, a) return redis.call('rpush', k[1], a[1]) end)",
	"*/2", "normal", "w_*", "x->f", "KEA", "maxmemory", "appendonly", "notify-keyspace-events", "list-max-listpack-size", "hash-max-listpack-entries", "set-max-intset-entries",
}

// tokens are the words that a command's syntax knows.
func tokens(list []command.Argument) (found []string) {
	for i := range list {
		if list[i].Token != "" {
			found = append(found, list[i].Token)
		}
		found = append(found, tokens(list[i].Arguments)...)
	}
	return found
}

var tokensOf = func() (list [][]string) {
	for _, s := range rows {
		list = append(list, tokens(s.Arguments))
	}
	return list
}()

// inexact are commands after which data and file need not agree: they change
// what is written, or the data behind the file's back.
var inexact = map[string]bool{"config|set": true, "shutdown": true, "acl|setuser": true, "acl|load": true, "client|pause": true, "debug": true}

// program makes commands of bytes.
type program struct {
	data []byte
}

func (p *program) byte() int {
	if len(p.data) == 0 {
		return 0
	}
	b := p.data[0]
	p.data = p.data[1:]
	return int(b)
}

func (p *program) command() (words []string, name string) {
	row := (p.byte()<<8 | p.byte()) % len(rows)
	name = rows[row].FullName()
	words = strings.Split(name, "|")
	arity := max(rows[row].Arity, -rows[row].Arity)
	shape := p.byte()
	count := max(arity-len(words), 0)
	if shape >= 160 {
		count += shape & 7
	} else if shape >= 150 {
		count = shape & 3
	}
	for range count {
		b := p.byte()
		known := tokensOf[row]
		switch {
		case b < 150:
			words = append(words, vocabulary[b%len(vocabulary)])
		case b < 230 && len(known) > 0:
			words = append(words, known[b%len(known)])
		default:
			n := min(p.byte()%24, len(p.data))
			words = append(words, string(p.data[:n]))
			p.data = p.data[n:]
		}
	}
	return words, name
}

// settings keep what a command may cost small: real Redis too makes a string of
// 512 MB for one bit, if it may.
var settings = []string{"appendonly", "yes", "proto-max-bulk-len", "1mb", "aof-use-rdb-preamble", "no"}

// harmless leaves out what only costs time or memory that was asked for.
// PFSELFTEST takes a second under the fuzzer, changes nothing and takes no
// argument; a transcript runs it.
func harmless(words []string, name string) bool {
	return name != "pfselftest" && (name != "debug" || len(words) > 1 && !strings.EqualFold(words[1], "sleep") && !strings.EqualFold(words[1], "populate"))
}

func run(t *testing.T, data []byte) {
	s := servertest.New(t, append(settings[:len(settings):len(settings)], "appendfsync", "always")...)
	clients := []*servertest.Client{s.Client(), s.Client()}
	exact := true
	var history []string
	defer func() {
		if problem := recover(); problem != nil || t.Failed() {
			t.Errorf("%v after\n%s", problem, strings.Join(history, "\n"))
		}
	}()
	p := program{data: data}
	for len(p.data) > 0 && len(history) < 60 {
		words, name := p.command()
		c := clients[p.byte()%len(clients)]
		if !harmless(words, name) {
			continue
		}
		exact = exact && !inexact[name]
		history = append(history, servertest.Quote([]byte(strings.Join(words, " "))))
		check(t, c.Raw(resp.AppendCommand(nil, bytesOf(words)...)), words)
		if b := p.byte(); b > 240 {
			s.Advance(int64(b) * 5000)
		}
		if !s.Running() || t.Failed() {
			return
		}
	}
	if s.Busy() || !exact {
		for range 3 { // it still runs
			s.Advance(100000)
		}
		return
	}
	for _, c := range clients { // nothing may wait for them
		s.Disconnect(s.Now, c.ID)
	}
	s.Advance(400000)
	want := state(s.Client())
	again := servertest.At(t, s.Disk.Image(vfs.ProcessKill, 1), s.Now, settings...)
	if got := state(again.Client()); got != want {
		t.Errorf("the append-only file brings back\n%s\ninstead of\n%s", got, want)
	}
}

func state(c *servertest.Client) string {
	return c.Text("DEBUG DIGEST") + " " + c.Text("DBSIZE") + " " + c.Text("FUNCTION LIST WITHCODE")
}

func bytesOf(words []string) (list [][]byte) {
	for _, w := range words {
		list = append(list, []byte(w))
	}
	return list
}

// check takes all replies apart.
func check(t *testing.T, replies []byte, words []string) {
	for len(replies) > 0 {
		v, n, err := resp.Parse(replies)
		if err != nil || n == 0 {
			t.Errorf("%q: no whole reply at %q (%v)", words, replies[:min(len(replies), 200)], err)
			return
		}
		if v.IsError() && strings.ContainsAny(string(v.Str), "\r\n") {
			t.Errorf("%q: line breaks in %q", words, v.Str)
		}
		replies = replies[n:]
	}
}

func randomProgram(r *rand.Rand) []byte {
	data := make([]byte, 100+r.IntN(500))
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

// FuzzCommands is the target. TestAnything is the part of it that every test
// run does.
func FuzzCommands(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		f.Add(randomProgram(r))
	}
	f.Fuzz(run)
}

func TestAnything(t *testing.T) {
	for seed := range *programs {
		run(t, randomProgram(rand.New(rand.NewPCG(seed, 2))))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
