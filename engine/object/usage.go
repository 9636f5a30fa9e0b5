package object

import (
	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
	"everysec/engine/ds/stream"
)

// What a value would take in redis-server on a machine of 64 bits. Values lie
// differently here, but a lesson on memory should teach the figures of a real
// server: MEMORY USAGE adds up what Redis's structures would allocate, each
// allocation rounded up to a size class of jemalloc. What is not known here is
// what an appended string keeps in reserve.

// Sizes of Redis's structures.
const (
	redisObject    = 16
	redisDict      = 56
	redisDictEntry = 24
	redisSlot      = 8
	redisQuicklist = 40
	quicklistNode  = 40
	skiplistFixed  = 16 + 32 + redisDict // the set, the list, the table
	skiplistHeader = 24 + 32*skiplistLevel
	skiplistNode   = 24
	skiplistLevel  = 16
	redisStream    = 80
	streamGroup    = 40
	streamConsumer = 32
	streamPending  = 24
	radixNode      = 4 + 30*8 // as Redis estimates one, with all it points to
	radixKey       = 16
	streamRoom     = 4096
)

// What Redis's structures of a collection take beyond those here, for
// used_memory; see arena.Arena.AddSurplus.
const (
	tableSurplus     = 64
	skiplistSurplus  = 464
	hashValueSurplus = 4 // a value of a field, on the average
)

// DefaultSamples is how many elements of a collection MEMORY USAGE looks at.
const DefaultSamples = 5

// KeyUsage is a key with its place in the table, beside the value.
func KeyUsage(key []byte) int64 { return arena.RedisString(len(key)) + redisDictEntry }

// Usage is what Redis's MEMORY USAGE says of a value. Of a collection so many
// elements are looked at, and the others taken to be like them.
func (s *Store) Usage(v *Value, samples int) int64 {
	total := int64(redisObject)
	var sampled sample
	sampled.limit = samples
	switch v.Encoding {
	case Int:
	case EmbStr:
		return arena.RedisBlock(redisObject + 3 + s.StringLen(v) + 1)
	case Raw:
		total += arena.RedisString(s.StringLen(v))
	case ListPack, IntSet:
		total += arena.RedisBlock(len(s.packed(v)))
	case QuickList:
		total += redisQuicklist
		list := s.List(v)
		for _, data := range list.Nodes() {
			if !sampled.add(quicklistNode + arena.RedisBlock(len(data))) {
				break
			}
		}
		total += sampled.times(list.NodeCount())
	case HashTable:
		t := s.table(v)
		shape := t.Shape()
		total += redisDict + redisSlot*int64(shape.Size[0]+shape.Size[1])
		s.sampleTable(v, &sampled)
		total += sampled.times(t.Len())
	case SkipList:
		z := s.sorted.items[v.Word]
		shape := z.Dict().Shape()
		total += skiplistFixed + arena.RedisBlock(skiplistHeader) + redisSlot*int64(shape.Size[0]+shape.Size[1])
		for node := z.First(); node.Valid(); node = node.Next() {
			if !sampled.add(redisDictEntry + arena.RedisString(len(node.Member())) +
				arena.RedisBlock(skiplistNode+skiplistLevel*node.Levels())) {
				break
			}
		}
		total += sampled.times(z.Len())
	case StreamLog:
		total += streamUsage(s.Stream(v), s.StreamLimits(), samples)
	}
	return total
}

// sample adds up what some elements take.
type sample struct {
	limit, n int
	bytes    int64
}

// add tells whether another is wanted.
func (s *sample) add(bytes int64) bool {
	s.n++
	s.bytes += bytes
	return s.n < s.limit
}

func (s *sample) times(n int) int64 {
	if s.n == 0 {
		return 0
	}
	return int64(float64(s.bytes) / float64(s.n) * float64(n))
}

// Dict is the hash table of a value, to be read only; nil if it has none.
func (s *Store) Dict(v *Value) *dict.Dict {
	switch v.Encoding {
	case HashTable:
		return s.table(v).Dict
	case SkipList:
		return s.sorted.items[v.Word].Dict()
	}
	return nil
}

// PackedLen is the bytes of a listpack or intset.
func (s *Store) PackedLen(v *Value) int { return len(s.packed(v)) }

func (s *Store) sampleTable(v *Value, sampled *sample) {
	if v.Type == Set {
		for member := range s.Set(v).All() {
			if !sampled.add(redisDictEntry + arena.RedisString(len(member))) {
				return
			}
		}
		return
	}
	for field, value := range s.Hash(v).All() {
		if !sampled.add(redisDictEntry + arena.RedisString(len(field)) + arena.RedisString(len(value))) {
			return
		}
	}
}

func radixUsage(keys, nodes int) int64 { return int64(keys)*radixKey + int64(nodes)*radixNode }

// streamUsage: the last listpack is not full, so it is no sample of others.
func streamUsage(t stream.Stream, limits stream.Limits, samples int) int64 {
	total := redisStream + radixUsage(t.NodeCount(), t.TreeNodes())
	sampled := sample{limit: samples}
	room := streamRoom
	if limits.MaxBytes > 0 {
		room = min(room, limits.MaxBytes)
	}
	// The listpack that entries are added to has been made with room for many.
	last := arena.RedisBlock(max(len(t.LastListpack()), room))
	t.SomeListpacks(func(lp []byte) bool { return sampled.add(arena.RedisBlock(len(lp))) })
	if sampled.n >= t.NodeCount() {
		if total += sampled.bytes; sampled.n > 0 {
			total += last - arena.RedisBlock(len(t.LastListpack()))
		}
	} else {
		total += sampled.bytes/int64(sampled.n)*int64(t.NodeCount()-1) + last
	}
	for g := range t.Groups() {
		keys, nodes := g.PendingTree()
		total += streamGroup + radixUsage(keys, nodes) + streamPending*int64(keys)
		for c := range g.Consumers() {
			total += streamConsumer + int64(len(c.Name())) + radixUsage(c.PendingTree())
		}
	}
	return total
}
