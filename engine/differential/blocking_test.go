package differential

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"everysec/engine/redistest"
)

// TestWaitingClients lets several clients block and wake one another, the same
// on both servers: who is served, with what and in which order must be equal.
// CLIENT LIST tells after every command who still waits.
func TestWaitingClients(t *testing.T) {
	t.Parallel()
	inBothProtocols(t, func(t *testing.T, protocol string) {
		w := newWaiting(t, redistest.Start(t), native(t), protocol)
		for range 7000 {
			w.step()
			if t.Failed() {
				t.Fatalf("the last commands:\n  %s", strings.Join(w.history[max(0, len(w.history)-40):], "\n  "))
			}
		}
		w.control.compareState()
		t.Logf("%d waits, %d of them served", w.waits, w.served)
		if w.waits < 300 || w.served < 200 {
			t.Error("too few to tell anything")
		}
	})
}

type waiting struct {
	t             *testing.T
	r             *rand.Rand
	g             *generator
	control       *pair
	clients       []*pair
	blocked       []bool
	ids           [2]map[string]string // by server: name to id
	history       []string
	name          func(i int) string
	waits, served int
	id            int
}

func newWaiting(t *testing.T, real *redistest.Redis, ours, protocol string) *waiting {
	w := &waiting{t: t, r: rand.New(rand.NewPCG(*seedFlag, uint64(protocol[0]))), control: newPair(t, real, ours, "2")}
	w.g = newGenerator(w.r, *only)
	for i := range 6 {
		p := newPair(t, real, ours, protocol)
		p.run([][]string{{"CLIENT", "SETNAME", fmt.Sprintf("c%s%d", protocol, i)}})
		w.clients = append(w.clients, p)
	}
	w.blocked = make([]bool, len(w.clients))
	w.name = func(i int) string { return fmt.Sprintf("c%s%d", protocol, i) }
	return w
}

// Not SWAPDB: which of the keys it brings is looked at first depends on a hash.
var waitingShapes = strings.Split(strings.TrimSpace(`
BLPOP %k+ 0
BRPOP %k 0
BLMOVE %k %k LEFT|RIGHT LEFT|RIGHT 0
BRPOPLPUSH %k %k 0
BLMPOP 0 1 %k LEFT|RIGHT ?COUNT_%p
BLMPOP 0 2 %k %k LEFT|RIGHT ?COUNT_%p
BZPOPMIN %k+ 0
BZPOPMAX %k 0
BZMPOP 0 2 %k %k MIN|MAX ?COUNT_%p
BLPOP %k+ 100
RPUSH %k %f+
LPUSH %k %f+
RPUSH %k %f
ZADD %k 1~%f+
ZADD %k 2 %f
DEL %k
DEL %k %k
SET %k x
RENAME %k %k
COPY %k %k ?REPLACE
COPY %k %k DB 1
MOVE %k 1
SELECT 0|1
SELECT 0
LMOVE %k %k LEFT RIGHT
ZUNIONSTORE %k 2 %k %k
LPOP %k
LTRIM %k 1 -1
MULTI
EXEC
EXEC
DISCARD
FLUSHDB
EVAL redis.call('del',KEYS[1]);redis.call('rpush',KEYS[1],'a','b');return_redis.call('rpush',KEYS[2],'c') 2 %k %k
EVAL redis.call('del',KEYS[1]);redis.call('rpush',KEYS[1],'a');return_redis.call('del',KEYS[1]) 1 %k
EXPIRE %k -1
LLEN %k
TYPE %k
XADD %k %u f v
XADD %k %u f v
XADD %k %u f v
XREAD BLOCK 0 STREAMS %k $
XREAD BLOCK 0 COUNT %p STREAMS %k %k $ 5
XREAD BLOCK 100000 STREAMS %k 3
XGROUP CREATE %k g $ MKSTREAM
XGROUP CREATE %k g 0 MKSTREAM
XGROUP DESTROY %k g
XREADGROUP GROUP g c BLOCK 0 STREAMS %k >
XREADGROUP GROUP g d COUNT %p BLOCK 0 STREAMS %k %k > >
XREADGROUP GROUP g d NOACK BLOCK 0 STREAMS %k >
XREADGROUP GROUP g d BLOCK 0 STREAMS %k 0
XDEL %k 5
XTRIM %k MAXLEN 1
XPENDING %k g
XINFO GROUPS %k
`), "\n")

func (w *waiting) command() []string {
	var args []string
	for _, word := range strings.Fields(waitingShapes[w.r.IntN(len(waitingShapes))]) {
		if strings.HasPrefix(word, "redis.call") {
			args = append(args, strings.ReplaceAll(word, "return_", "return "))
			continue
		}
		for strings.Contains(word, "%k+") {
			word = strings.Replace(word, "%k+", strings.TrimSuffix(strings.Repeat("%k_", 1+w.r.IntN(3)), "_"), 1)
		}
		for strings.Contains(word, "%k") {
			word = strings.Replace(word, "%k", "k"+fmt.Sprint(w.r.IntN(4)), 1)
		}
		if word == "%u" { // ids that mostly grow
			w.id += w.r.IntN(3)
			args = append(args, fmt.Sprintf("%d-1", w.id))
			continue
		}
		args = append(args, w.g.word(word)...)
	}
	return args
}

func (w *waiting) step() {
	i := w.r.IntN(len(w.clients))
	for n := 0; w.blocked[i] && n < len(w.clients); n++ {
		i = (i + 1) % len(w.clients)
	}
	if w.blocked[i] || w.r.IntN(40) == 0 {
		w.unblock(w.r.IntN(len(w.clients)))
		return
	}
	args := w.command()
	w.history = append(w.history, fmt.Sprintf("%s: %q", w.name(i), args))
	w.clients[i].real.Send(words(args)...)
	w.clients[i].ours.Send(words(args)...)
	w.collect(i)
}

// unblock ends a client's wait by CLIENT UNBLOCK, if it waits.
func (w *waiting) unblock(i int) {
	reason := w.g.pick("TIMEOUT", "ERROR")
	w.history = append(w.history, fmt.Sprintf("CLIENT UNBLOCK %s %s", w.name(i), reason))
	w.list()
	want := w.control.real.Do("CLIENT", "UNBLOCK", w.ids[0][w.name(i)], reason)
	got := w.control.ours.Do("CLIENT", "UNBLOCK", w.ids[1][w.name(i)], reason)
	if !bytes.Equal(want, got) {
		w.t.Errorf("CLIENT UNBLOCK of %s: redis-server %q, ours %q", w.name(i), want, got)
	}
	w.collect(-1)
}

// collect compares the replies of the sender and of those who wait no longer.
func (w *waiting) collect(sender int) {
	lists := w.list()
	if sender >= 0 {
		p, name := w.clients[sender], w.name(sender)
		for range 2000 { // until both have taken the command
			if (isBlocked(lists[0][name]) || p.real.Waits(time.Millisecond)) && (isBlocked(lists[1][name]) || p.ours.Waits(time.Millisecond)) {
				break
			}
			lists = w.list()
		}
		lists = w.list()
	}
	for i, p := range w.clients {
		name := w.name(i)
		if lists[0][name] != lists[1][name] {
			w.t.Errorf("%s: redis-server lists %s, ours %s", name, lists[0][name], lists[1][name])
			return
		}
		waits := isBlocked(lists[0][name])
		if i == sender && waits {
			w.waits++
		}
		if !waits && (i == sender || w.blocked[i]) {
			if i != sender {
				w.served++
			}
			want, wantValue := p.real.Receive()
			got, gotValue := p.ours.Receive()
			if !bytes.Equal(want, got) && !same([]string{"x"}, wantValue, gotValue) {
				w.t.Errorf("%s: redis-server %q, ours %q", name, want, got)
			}
		}
		w.blocked[i] = waits
	}
}

func isBlocked(listed string) bool { return strings.Contains(strings.Fields(listed)[0], "b") }

// list is what CLIENT LIST tells of the named clients on either server.
func (w *waiting) list() (lists [2]map[string]string) {
	for n, c := range []*redistest.Conn{w.control.real, w.control.ours} {
		lists[n], w.ids[n] = map[string]string{}, map[string]string{}
		for _, line := range strings.Split(string(c.Do("CLIENT", "LIST")), "\n") {
			fields := map[string]string{}
			for _, f := range strings.Fields(line) {
				if name, value, ok := strings.Cut(f, "="); ok {
					fields[name] = value
				}
			}
			if name := fields["name"]; name != "" {
				w.ids[n][name] = fields["id"]
				lists[n][name] = fmt.Sprintf("[%s] db=%s multi=%s cmd=%s", fields["flags"], fields["db"], fields["multi"], fields["cmd"])
			}
		}
	}
	return lists
}
