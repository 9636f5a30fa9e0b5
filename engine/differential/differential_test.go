// Package differential holds the engine against a real redis-server: the same
// commands go to both, and every raw reply must be the same; then the types,
// expiries, encodings and the digest of what they hold.
package differential

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"everysec/engine/redistest"
	"everysec/engine/resp"
)

var (
	commandCount = flag.Int("commands", 120000, "random commands in a run, over all protocols")
	only         = flag.String("only", "", "regular expression: only the shapes that match it are drawn")
	seedFlag     = flag.Uint64("seed", 1, "seed of the random commands")
)

var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "everysec")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "everysec-server")
	build := exec.Command("go", "build", "-o", binary, "everysec/engine/cmd/everysec-server")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build everysec-server: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // a temporary folder
	os.Exit(code)
}

// native starts our server as a process and returns its socket.
func native(t *testing.T, args ...string) string {
	t.Helper()
	address := redistest.Socket(t)
	all := append([]string{"--port", "0", "--unixsocket", address, "--dir", t.TempDir(), "--save", "", "--enable-debug-command", "yes"}, args...)
	command := exec.Command(binary, all...)
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended by itself
		_ = command.Wait()
		if t.Failed() && strings.Contains(log.String(), "panic") {
			t.Logf("log of everysec-server:\n%s", log.String())
		}
	})
	for range 200 {
		if c, err := net.Dial("unix", address); err == nil {
			_ = c.Close()
			return address
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("everysec-server does not answer:\n%s", log.String())
	return ""
}

// pair is a connection to each server.
type pair struct {
	t           *testing.T
	real, ours  *redistest.Conn
	history     []string
	differences int
	sent        int
	byName      map[string]int
	queued      [][]string // since MULTI
	executed    [][]string // by the last EXEC
	keepDump    func(payload []byte)
}

func words(args []string) [][]byte {
	w := make([][]byte, len(args))
	for i, a := range args {
		w[i] = []byte(a)
	}
	return w
}

// run sends a batch to both servers and compares reply by reply.
func (p *pair) run(batch [][]string) {
	p.t.Helper()
	for _, c := range []*redistest.Conn{p.real, p.ours} {
		for _, args := range batch {
			c.Send(words(args)...)
		}
	}
	for _, args := range batch {
		p.sent++
		p.count(args)
		want, wantValue := p.real.Receive()
		got, gotValue := p.ours.Receive()
		p.history = append(p.history, fmt.Sprintf("%q", args))
		p.follow(args, wantValue)
		if p.keepDump != nil && strings.EqualFold(args[0], "dump") && wantValue.Kind == resp.BulkString && len(wantValue.Str) > 10 {
			p.keepDump(bytes.Clone(wantValue.Str))
		}
		if bytes.Equal(want, got) {
			continue
		}
		if strings.EqualFold(args[0], "exec") && sameTransaction(p.executed, wantValue, gotValue) ||
			same(args, wantValue, gotValue) {
			continue
		}
		p.differences++
		if strings.EqualFold(args[0], "exec") {
			for i, queued := range p.executed {
				if len(wantValue.Elems) == len(p.executed) && len(gotValue.Elems) == len(p.executed) && !same(queued, wantValue.Elems[i], gotValue.Elems[i]) {
					p.t.Errorf("in a transaction: %q\n redis-server: %s\n ours:         %s", queued, describe(wantValue.Elems[i]), describe(gotValue.Elems[i]))
				}
			}
		}
		if p.differences <= 20 {
			replies := fmt.Sprintf(" redis-server: %q\n ours:         %q", want, got)
			if d := difference(args, wantValue, gotValue); d != "" { // of texts that would fill the screen
				replies = "(-redis-server +ours)\n" + d
			}
			p.t.Errorf("%q\n%s\nbefore it:\n  %s", args, replies, strings.Join(p.related(args), "\n  "))
		}
	}
}

func (p *pair) count(args []string) {
	name := "unknown"
	if s := table.Resolve(words(args)); s != nil {
		name = s.FullName()
	}
	p.byName[name]++
}

// follow keeps what is queued, to know what the replies of EXEC belong to.
func (p *pair) follow(args []string, reply resp.Value) {
	switch {
	case string(reply.Str) == "QUEUED":
		p.queued = append(p.queued, args)
	case strings.EqualFold(args[0], "exec"):
		p.executed, p.queued = p.queued, nil
	case strings.EqualFold(args[0], "discard") && string(reply.Str) == "OK", strings.EqualFold(args[0], "reset"):
		p.queued = nil
	}
}

// related is the last commands of the history that name one of the keys.
func (p *pair) related(args []string) []string {
	var found []string
	for i := len(p.history) - 2; i >= 0 && len(found) < 8; i-- {
		for _, a := range args[1:] {
			if len(a) > 0 && strings.Contains(p.history[i], fmt.Sprintf("%q", a)) {
				found = append(found, p.history[i])
				break
			}
		}
	}
	slices.Reverse(found)
	return found
}

// unordered replies have their elements in the order of a hash table, which
// depends on its seed.
var unordered = map[string]bool{
	"smembers": true, "sinter": true, "sunion": true, "sdiff": true, "hkeys": true, "hvals": true, "hgetall": true,
	"keys": true, "spop": true,
}

// remaining times differ by what passes between the two.
var times = map[string]bool{"ttl": true, "pttl": true, "expiretime": true, "pexpiretime": true}

// sortedWords is a reply with the words of its texts in order: that of single
// commands in a user's rules is the order of a hash table.
func sortedWords(v resp.Value) string {
	words := strings.Fields(string(v.Str))
	for _, e := range v.Elems {
		words = append(words, sortedWords(e))
	}
	slices.Sort(words)
	return string(rune(v.Kind)) + strings.Join(words, " ")
}

// sameRandom compares replies that are drawn by chance: how many there are.
func sameRandom(want, got resp.Value) bool {
	return want.Kind == got.Kind && len(want.Elems) == len(got.Elems) && want.Null == got.Null && !want.IsError()
}

// same tells whether two replies to a command mean the same.
func same(args []string, want, got resp.Value) bool {
	name := strings.ToLower(args[0])
	if describe(want) == describe(got) { // as in a transaction with another that differs
		return true
	}
	if same := ownAffair(args).same; same != nil {
		if want.IsError() || got.IsError() || want.Null || got.Null {
			return describe(want) == describe(got)
		}
		return want.Kind == got.Kind && same(args, want, got)
	}
	switch {
	case times[name] && want.Kind == resp.Integer && got.Kind == resp.Integer:
		difference := want.Int - got.Int
		if name[0] == 'p' {
			return max(difference, -difference) < 2000
		}
		return max(difference, -difference) <= 2
	case strings.HasSuffix(name, "randmember") || name == "hrandfield":
		return sameRandom(want, got)
	case unordered[name]:
		return want.Kind == got.Kind && slices.Equal(sorted(name, want), sorted(name, got))
	case strings.HasSuffix(name, "scan") && len(want.Elems) == 2 && len(got.Elems) == 2:
		// A whole collection fits in one call only while it is compact; which
		// part a call returns else depends on the hash. SCAN's guarantee has
		// its own test.
		return true
	case staleErrno(args, want, got):
		return true
	case name == "function":
		return sameScripts(args, want, got)
	case name == "migrate": // no one listens there: who notices it when is a matter of time
		return describe(want) == describe(got) || bytes.HasPrefix(want.Str, []byte("IOERR ")) && bytes.HasPrefix(got.Str, []byte("IOERR "))
	case name == "xinfo" || name == "xpending":
		return sameStreams(name, want, got)
	}
	return describe(want) == describe(got)
}

// sameTransaction compares the replies to the commands of a transaction.
func sameTransaction(queue [][]string, want, got resp.Value) bool {
	if len(want.Elems) != len(queue) || len(got.Elems) != len(queue) {
		return false
	}
	for i, args := range queue {
		if !same(args, want.Elems[i], got.Elems[i]) {
			return false
		}
	}
	return true
}

func describe(v resp.Value) string {
	var list []string
	for _, e := range v.Elems {
		list = append(list, describe(e))
	}
	return fmt.Sprintf("%c%q|%d|%v|%v|%v[%s]", v.Kind, v.Str, v.Int, v.Float, v.Bool, v.Null, strings.Join(list, ","))
}

func sorted(name string, v resp.Value) []string {
	var list []string
	step := 1
	if name == "hgetall" {
		step = 2
	}
	for i := 0; i+step <= len(v.Elems); i += step {
		text := ""
		for _, e := range v.Elems[i : i+step] {
			text += describe(e)
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

// compareState compares what both hold.
func (p *pair) compareState() {
	p.t.Helper()
	p.run([][]string{{"DISCARD"}})
	for db := range 2 {
		p.run([][]string{{"SELECT", fmt.Sprint(db)}, {"DBSIZE"}, {"KEYS", "*"}})
		p.real.Send(words([]string{"KEYS", "*"})...)
		p.ours.Send(words([]string{"KEYS", "*"})...)
		_, keys := p.real.Receive()
		p.ours.Receive()
		var batch [][]string
		for _, k := range keys.Elems {
			key := string(k.Str)
			batch = append(batch, []string{"TYPE", key}, []string{"OBJECT", "ENCODING", key}, []string{"TTL", key})
			if strings.HasPrefix(key, "stream") { // the digest knows nothing of groups
				batch = append(batch, []string{"XINFO", "STREAM", key, "FULL", "COUNT", "0"})
			}
		}
		p.run(batch)
	}
	p.run([][]string{{"SELECT", "0"}})
	want, got := p.real.Do("DEBUG", "DIGEST"), p.ours.Do("DEBUG", "DIGEST")
	if !bytes.Equal(want, got) {
		p.t.Errorf("after %d commands the datasets differ: digest %s, redis-server has %s", p.sent, got, want)
		p.differences++
	}
}

// inBothProtocols compares in RESP2 and beside it in RESP3, and returns when both
// have come to their end.
func inBothProtocols(t *testing.T, compare func(t *testing.T, protocol string)) {
	t.Run("protocols", func(t *testing.T) {
		for _, protocol := range []string{"2", "3"} {
			t.Run("RESP"+protocol, func(t *testing.T) {
				t.Parallel()
				compare(t, protocol)
			})
		}
	})
}

func newPair(t *testing.T, real *redistest.Redis, ours string, protocol string) *pair {
	p := &pair{t: t, real: real.Dial(t), ours: redistest.Dial(t, ours), byName: map[string]int{}}
	if protocol == "3" {
		p.real.Do("HELLO", "3")
		p.ours.Do("HELLO", "3")
	}
	return p
}

// TestRandomCommands sends seeded random commands over all families.
func TestRandomCommands(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	total := 0
	counts := map[string]int{}
	inBothProtocols(t, func(t *testing.T, protocol string) {
		p := newPair(t, redistest.Start(t), native(t), protocol)
		g := newGenerator(rand.New(rand.NewPCG(*seedFlag, uint64(protocol[0]))), *only)
		g.protocol, p.keepDump = protocol, g.keepDump
		for p.sent < *commandCount/2 && p.differences < 20 {
			var batch [][]string
			for range 200 {
				batch = append(batch, g.command())
			}
			p.run(batch)
			if p.sent%4000 < 200 {
				p.compareState()
			}
		}
		p.compareState()
		mu.Lock()
		defer mu.Unlock()
		total += p.sent
		for name, n := range p.byName {
			counts[name] += n
		}
		t.Logf("%d commands of %d kinds, %d differences", p.sent, len(p.byName), p.differences)
	})
	writeFigures(t, counts)
	if !t.Failed() && total < 100000 && *commandCount >= 100000 {
		t.Errorf("only %d commands were compared", total)
	}
}
