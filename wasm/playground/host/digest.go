package host

import (
	"encoding/binary"
	"math"

	"everysec/engine/aof"
	"everysec/engine/object"
)

// digest tells whether two values are the same, whatever their encoding and
// whatever order a hash table holds them in. It is no protection against
// somebody who wants a collision.
func digest(store *object.Store, v *object.Value) uint64 {
	const salt = 0x9e3779b97f4a7c15
	sum := uint64(v.Type) * salt
	switch v.Type {
	case object.String:
		sum += mix(salt, store.StringBytes(v))
	case object.List:
		for _, element := range store.List(v).Forward(0) {
			sum = mix(sum, element)
		}
	case object.Set:
		for member := range store.Set(v).All() {
			sum += mix(salt, member)
		}
	case object.Hash:
		for field, value := range store.Hash(v).All() {
			sum += mix(mix(salt, field), value)
		}
	case object.SortedSet:
		var score [8]byte
		store.SortedSet(v).Ascend(0, func(member []byte, s float64) bool {
			binary.LittleEndian.PutUint64(score[:], math.Float64bits(s))
			sum += mix(mix(salt, member), score[:])
			return true
		})
	case object.Stream:
		sum = mix(sum, aof.StreamCommands(store, v))
	}
	return sum
}

// mix adds bytes and their length to a hash.
func mix(h uint64, b []byte) uint64 {
	const prime = 0xff51afd7ed558ccd
	h = (h ^ uint64(len(b))) * prime
	for ; len(b) >= 8; b = b[8:] {
		h = (h ^ binary.LittleEndian.Uint64(b)) * prime
		h ^= h >> 32
	}
	for _, c := range b {
		h = (h ^ uint64(c)) * prime
		h ^= h >> 29
	}
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
