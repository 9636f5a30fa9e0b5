package load

import (
	"math/rand/v2"
	"strconv"

	"everysec/engine/resp"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Mix is the share of each kind of command, in any unit.
type Mix [Kinds]int

// Kinds of commands. Those that make a collection grow come with one that lets
// it shrink, so that a load may run for long.
const (
	Get = iota
	Set
	Increment
	Push // LPUSH, and as often RPOP
	Rank // ZADD of one of a hundred members
	Field
	Read // LRANGE, ZRANGE, HGET in turn
	Kinds
)

// KindNames are what the learner sees.
var KindNames = [Kinds]string{"GET", "SET", "INCR", "LPUSH, RPOP", "ZADD", "HSET", "LRANGE, ZRANGE, HGET"}

// Mixes are those to choose from.
var Mixes = []struct {
	Name string
	Mix  Mix
}{
	{"9 reads to a write", Mix{Get: 90, Set: 10}},
	{"half reads, half writes", Mix{Get: 50, Set: 50}},
	{"reads only", Mix{Get: 100}},
	{"writes only", Mix{Set: 100}},
	{"every type", Mix{Get: 20, Set: 10, Increment: 10, Push: 15, Rank: 15, Field: 15, Read: 15}},
}

func (m *Mix) sum() (n int) {
	for _, share := range m {
		n += max(share, 0)
	}
	return n
}

// Prefix is what the names of the load's keys begin with.
const Prefix = "load:"

// generator draws commands; the same seed gives the same ones.
type generator struct {
	random *rand.Rand
	mix    Mix
	sum    int
	keys   int
	value  []byte
	pops   bool // the next of Push is RPOP
	reads  int
	words  [][]byte
	name   []byte
}

func newGenerator(s Settings) generator {
	g := generator{random: rand.New(rand.NewPCG(s.Seed, 0)), mix: s.Mix, sum: s.Mix.sum(), keys: s.Keys, value: make([]byte, s.Size)}
	for i := range g.value {
		g.value[i] = 'a' + byte(g.random.IntN(26))
	}
	return g
}

// key is one of the names of a type.
func (g *generator) key(kind string) []byte {
	g.name = append(append(g.name[:0], Prefix...), kind...)
	g.name = strconv.AppendInt(append(g.name, ':'), int64(g.random.IntN(g.keys)), 10)
	return g.name
}

// append adds one command.
func (g *generator) append(dst []byte) []byte {
	drawn, kind := g.random.IntN(g.sum), 0
	for drawn -= max(g.mix[0], 0); drawn >= 0; drawn -= max(g.mix[kind], 0) {
		kind++
	}
	w := g.words[:0]
	switch kind {
	case Get:
		w = append(w, []byte("GET"), g.key("string"))
	case Set:
		w = append(w, []byte("SET"), g.key("string"), g.value)
	case Increment:
		w = append(w, []byte("INCR"), g.key("count"))
	case Push:
		if g.pops = !g.pops; g.pops {
			w = append(w, []byte("LPUSH"), g.key("list"), g.value)
		} else {
			w = append(w, []byte("RPOP"), g.key("list"))
		}
	case Rank:
		w = append(w, []byte("ZADD"), g.key("zset"), []byte(itoa(int64(g.random.IntN(1000)))), []byte("member:"+itoa(int64(g.random.IntN(100)))))
	case Field:
		w = append(w, []byte("HSET"), g.key("hash"), []byte("field:"+itoa(int64(g.random.IntN(20)))), g.value)
	case Read:
		g.reads++
		switch g.reads % 3 {
		case 0:
			w = append(w, []byte("LRANGE"), g.key("list"), []byte("0"), []byte("9"))
		case 1:
			w = append(w, []byte("ZRANGE"), g.key("zset"), []byte("0"), []byte("9"))
		case 2:
			w = append(w, []byte("HGET"), g.key("hash"), []byte("field:"+itoa(int64(g.random.IntN(20)))))
		}
	}
	g.words = w
	return resp.AppendCommand(dst, w...)
}
