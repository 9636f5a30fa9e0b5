package server

import (
	"encoding/hex"
	"math"
	"testing"

	"everysec/engine/ds/arena"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// The digests are those of DEBUG DIGEST-VALUE on redis-server 7.0.15; the
// other types are in the transcript.
func TestDigestOfUnorderedValues(t *testing.T) {
	members := func(words ...string) func(s *object.Store) object.Value {
		return func(s *object.Store) object.Value {
			v := s.NewSet([]byte(words[0]))
			for _, w := range words {
				s.Set(&v).Add([]byte(w))
			}
			return v
		}
	}
	for _, test := range []struct {
		name, want string
		value      func(s *object.Store) object.Value
	}{
		{"set", "593c2414786d75446e97f4ea5d4b731f3313da72", members("a", "b", "c")},
		{"intset", "2a462a3f51a1db89738ebbeef0c47ce1bbc85246", members("1", "2", "3")},
		{"zset", "977ed8f8f74bbebaa4f394aa79fd08297cd60ea8", func(s *object.Store) object.Value {
			v := s.NewSortedSet(1)
			for member, score := range map[string]float64{
				"a": 1.5, "b": 2, "c": math.Inf(1), "d": math.Inf(-1), "e": 1e300,
				"f": 3.0000000000000004, "g": 1e17, "h": 0.1,
			} {
				s.SortedSet(&v).Set([]byte(member), score)
			}
			return v
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := object.NewStore(arena.New(), 1)
			e := keyspace.Entry{Value: test.value(store)}
			var d digest
			d.value(store, &e)
			if got := hex.EncodeToString(d[:]); got != test.want {
				t.Errorf("digest %s, want %s", got, test.want)
			}
		})
	}
}
