// Package object is a value of the keyspace: its type, its encoding, and the
// thresholds at which one encoding becomes another.
//
// A Value is 16 bytes without a Go pointer. What it stands for lies in the
// Store's arena (strings, listpacks, intsets, quicklists) or, for the two
// encodings that need a table (hashtable, skiplist), in a small Go struct
// behind a handle whose elements lie in the arena again. So a million keys are
// nothing to the collector.
package object

import (
	"math/rand/v2"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
	"everysec/engine/ds/sortedset"
)

// Type is the type of a value, numbered as Redis numbers it.
type Type uint8

// The types. The numbers are Redis's OBJ_ constants.
const (
	String    Type = 0
	List      Type = 1
	Set       Type = 2
	SortedSet Type = 3
	Hash      Type = 4
	Module    Type = 5
	Stream    Type = 6
)

// String is the name that TYPE replies.
func (t Type) String() string {
	switch t {
	case String:
		return "string"
	case List:
		return "list"
	case Set:
		return "set"
	case SortedSet:
		return "zset"
	case Hash:
		return "hash"
	case Stream:
		return "stream"
	}
	return "unknown"
}

// Encoding is how a value lies in memory.
type Encoding uint8

// The encodings. The numbers are Redis's OBJ_ENCODING_ constants.
const (
	Raw       Encoding = 0
	Int       Encoding = 1
	HashTable Encoding = 2
	IntSet    Encoding = 6
	SkipList  Encoding = 7
	EmbStr    Encoding = 8
	QuickList Encoding = 9
	StreamLog Encoding = 10
	ListPack  Encoding = 11
)

// String is the name that OBJECT ENCODING replies.
func (e Encoding) String() string {
	switch e {
	case Raw:
		return "raw"
	case Int:
		return "int"
	case HashTable:
		return "hashtable"
	case IntSet:
		return "intset"
	case SkipList:
		return "skiplist"
	case EmbStr:
		return "embstr"
	case QuickList:
		return "quicklist"
	case StreamLog:
		return "stream"
	case ListPack:
		return "listpack"
	}
	return "unknown"
}

// Value is one value, as it lies in a keyspace entry. It owns what Word stands
// for: copying the struct does not copy the value, and the owner must give it
// back with Store.Free.
type Value struct {
	// Word is the integer of an Int, a Ref into the arena, or a handle.
	Word     uint64
	Type     Type
	Encoding Encoding
	// HasFieldExpiry is set while fields of a hash have a time to go.
	HasFieldExpiry bool
	_              uint8
	// Clock is the LRU clock or the LFU counter; the keyspace owns it.
	Clock uint32
}

// Touch reads the first byte of a value, so that it is in the processor's cache
// when it is wanted: see package dict.
func (s *Store) Touch(v *Value) byte {
	switch v.Encoding {
	case EmbStr, Raw, ListPack, IntSet:
		return *arena.At[byte](s.Arena, v.ref())
	}
	return 0
}

func (v *Value) ref() arena.Ref { return arena.Ref(v.Word) }

func (v *Value) setRef(r arena.Ref) { v.Word = uint64(r) }

// Limits are the thresholds of redis.conf at which an encoding changes.
type Limits struct {
	HashMaxListpackEntries int
	HashMaxListpackValue   int
	SetMaxIntsetEntries    int
	ZsetMaxListpackEntries int
	ZsetMaxListpackValue   int
	ListMaxListpackSize    int // entries, or -1 to -5 for 4 to 64 KiB
	ListCompressDepth      int // kept for CONFIG; nodes are never compressed in memory
	StreamNodeMaxBytes     int // 0: no limit
	StreamNodeMaxEntries   int // 0: no limit
}

// DefaultLimits are those of Redis 7.0.
func DefaultLimits() Limits {
	return Limits{
		HashMaxListpackEntries: 512,
		HashMaxListpackValue:   64,
		SetMaxIntsetEntries:    512,
		ZsetMaxListpackEntries: 128,
		ZsetMaxListpackValue:   64,
		ListMaxListpackSize:    -2,
		StreamNodeMaxBytes:     4096,
		StreamNodeMaxEntries:   100,
	}
}

// Store owns the memory of all values of one server.
type Store struct {
	Arena  *arena.Arena
	Limits Limits
	// Random drives skiplist levels and random members: seeded, so that the
	// same input gives the same structure.
	Random *rand.Rand

	// SkipChecksums makes RESTORE and the loading of files believe what they are
	// given, as DEBUG SET-SKIP-CHECKSUM-VALIDATION does.
	SkipChecksums bool

	plainFrom int // see SetPlainFrom
	hashSeed  uint64
	tables    handles[*table]
	sorted    handles[*sortedset.Set]
	logs      int // lists and streams
	scratch   []byte
}

// table is a hashtable-encoded hash or set.
type table struct {
	*dict.Dict
	valueBytes int64 // arena bytes of hash values, beside the nodes
	// expiry has the fields of a hash that expire, by their time in Unix
	// milliseconds; nil: none does.
	expiry *sortedset.Set
}

// NewStore returns an empty store on an arena.
func NewStore(a *arena.Arena, seed uint64) *Store {
	return &Store{
		Arena:    a,
		Limits:   DefaultLimits(),
		Random:   rand.New(rand.NewPCG(seed, 0x0b1ec7)),
		hashSeed: seed,
	}
}

// handles numbers Go structs so that a Value can name one without a pointer.
type handles[T any] struct {
	items []T
	free  []uint32
}

func (h *handles[T]) add(item T) uint64 {
	if n := len(h.free); n > 0 {
		i := h.free[n-1]
		h.free = h.free[:n-1]
		h.items[i] = item
		return uint64(i)
	}
	h.items = append(h.items, item)
	return uint64(len(h.items) - 1)
}

func (h *handles[T]) remove(i uint64) {
	var zero T
	h.items[i] = zero
	h.free = append(h.free, uint32(i))
}

func (h *handles[T]) inUse() int { return len(h.items) - len(h.free) }

func (s *Store) table(v *Value) *table { return s.tables.items[v.Word] }

func (s *Store) newTable() (*table, uint64) {
	t := &table{Dict: dict.New(s.Arena, s.hashSeed)}
	s.Arena.AddSurplus(tableSurplus)
	return t, s.tables.add(t)
}

// block returns the arena block that v's Word refers to.
func (s *Store) block(v *Value) []byte { return s.Arena.Bytes(v.ref()) }

// packed returns the listpack or intset of v, cut to its own length, with the
// block's spare room as capacity, so that a functional edit grows in place.
func (s *Store) packed(v *Value) []byte {
	b := s.block(v)
	if v.Encoding == IntSet {
		return b[:intsetBytes(b)]
	}
	return b[:listpackBytes(b)]
}

// keep stores an edited listpack or intset back: nothing to do when the edit
// was made in place, else a new block.
func (s *Store) keep(v *Value, packed []byte) {
	if v.Word != 0 {
		old := s.block(v)
		if len(packed) <= len(old) && &old[0] == &packed[0] {
			if len(packed)*4 > len(old) || len(old) <= 64 {
				return
			}
		} else if len(packed) <= len(old) && len(packed)*2 > len(old) {
			copy(old, packed)
			return
		}
	}
	size := len(packed)
	if v.Word != 0 && size > 64 {
		size += size / 8
	}
	r := s.Arena.Alloc(size)
	copy(s.Arena.Bytes(r), packed)
	if v.Word != 0 {
		s.Arena.Free(v.ref())
	}
	v.setRef(r)
}

func listpackBytes(b []byte) int { return blobLength(b) }

func intsetBytes(b []byte) int {
	width := int(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
	count := int(uint32(b[4]) | uint32(b[5])<<8 | uint32(b[6])<<16 | uint32(b[7])<<24)
	return 8 + width*count
}

// Free gives back everything v owns. v must not be used afterwards.
func (s *Store) Free(v *Value) {
	for s.FreeSome(v, 1<<20) {
	}
}

// FreeSome frees about n elements of v and tells whether anything is left.
// Until it returns false v is good for nothing else.
func (s *Store) FreeSome(v *Value, n int) (more bool) {
	switch v.Encoding {
	case Int:
	case HashTable:
		t := s.table(v)
		var release func(arena.Ref)
		if v.Type == Hash {
			release = s.freeHashValue
			if t.expiry != nil {
				if t.expiry.FreeSome(n) {
					return true
				}
				t.expiry = nil
			}
		}
		if t.FreeSomeFunc(n, release) {
			return true
		}
		s.tables.remove(v.Word)
		s.Arena.AddSurplus(-tableSurplus)
	case SkipList:
		if s.sorted.items[v.Word].FreeSome(n) {
			return true
		}
		s.sorted.remove(v.Word)
		s.Arena.AddSurplus(-skiplistSurplus)
	case QuickList:
		if !s.List(v).FreeSome(n) {
			return true
		}
		s.logs--
	case StreamLog:
		if s.Stream(v).FreeSome(n) {
			return true
		}
		s.logs--
	default:
		s.Arena.Free(v.ref())
	}
	v.Word = 0
	return false
}

// Compound tells whether there is any value that consists of more than one block,
// and so may be large without being one long string.
func (s *Store) Compound() bool {
	return s.logs > 0 || s.tables.inUse() > 0 || s.sorted.inUse() > 0
}

// FreeEffort is Redis's measure of how long Free takes: the number of
// separate allocations. UNLINK frees at once what costs at most 64.
func (s *Store) FreeEffort(v *Value) int {
	switch v.Encoding {
	case HashTable:
		return s.table(v).Len()
	case SkipList:
		return s.sorted.items[v.Word].Len()
	case QuickList:
		return s.quicklistNodes(v)
	case StreamLog:
		return s.streamEffort(v)
	}
	return 1
}

// Len is the number of elements; for a string its length in bytes.
func (s *Store) Len(v *Value) int {
	switch v.Type {
	case String:
		return s.StringLen(v)
	case List:
		return s.List(v).Len()
	case Set:
		return s.Set(v).Len()
	case SortedSet:
		return s.SortedSet(v).Len()
	case Hash:
		return s.Hash(v).Len()
	case Stream:
		return int(s.Stream(v).Length)
	}
	return 0
}

// MemoryUsage is what v occupies in bytes, beside the 16 of the Value itself.
// It is O(1) for every encoding.
func (s *Store) MemoryUsage(v *Value) int64 {
	switch v.Encoding {
	case Int:
		return 0
	case HashTable:
		t := s.table(v)
		used := t.MemoryUsage() + t.valueBytes
		if t.expiry != nil {
			used += t.expiry.MemoryUsage()
		}
		return used
	case SkipList:
		return s.sorted.items[v.Word].MemoryUsage()
	case QuickList:
		return s.quicklistBytes(v)
	case StreamLog:
		return s.Stream(v).Bytes()
	}
	return int64(s.Arena.Size(v.ref()))
}

// Copy returns a deep copy of v in the same encoding.
func (s *Store) Copy(v *Value) Value {
	switch v.Type {
	case String:
		return s.copyString(v)
	case List:
		return s.copyList(v)
	case Set:
		return s.copySet(v)
	case SortedSet:
		return s.copySortedSet(v)
	case Hash:
		return s.copyHash(v)
	case Stream:
		return s.copyStream(v)
	}
	panic("object: copy of a value of unknown type")
}

// copyBlock copies a value that is one arena block (or an integer).
func (s *Store) copyBlock(v *Value) Value {
	c := Value{Word: v.Word, Type: v.Type, Encoding: v.Encoding}
	if v.Encoding == Int {
		return c
	}
	b := s.block(v)
	r := s.Arena.Alloc(len(b))
	copy(s.Arena.Bytes(r), b)
	c.setRef(r)
	return c
}
