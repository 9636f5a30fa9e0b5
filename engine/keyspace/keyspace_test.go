package keyspace_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
	"everysec/engine/ds/stream"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// witness is an observer that writes down what it is told.
type witness struct {
	space   *keyspace.Space
	saved   map[string]string // what a snapshot was given: key to value
	expired []string
}

func (w *witness) KeyExpiring(bool) {}

func (w *witness) KeyExpired(_ *keyspace.DB, key []byte) { w.expired = append(w.expired, string(key)) }
func (w *witness) KeyRemoved(*keyspace.DB, []byte)       {}

func (w *witness) KeyAdded(*keyspace.DB, []byte, object.Type) {}

func (w *witness) KeyModified(*keyspace.DB, []byte) {}

func (w *witness) SaveBeforeChange(db *keyspace.DB, node arena.Ref) {
	if w.space.Unsaved(node) {
		w.space.MarkSaved(node)
		w.saved[string(db.KeyOf(node))] = string(w.space.Objects.StringBytes(&db.EntryOf(node).Value))
	}
}

func (w *witness) KeepTable(*dict.Dict) bool { return false }

func newSpace() (*keyspace.Space, *witness) {
	s := keyspace.New(arena.New(), 4, 1)
	s.Now = 1000
	w := &witness{space: s, saved: map[string]string{}}
	s.Observer = w
	return s, w
}

func set(db *keyspace.DB, key, value string) {
	e := db.Set([]byte(key), db.Space.Objects.NewString([]byte(value)), false)
	db.Modified([]byte(key), e)
}

func keys(db *keyspace.DB) []string {
	var list []string
	for node := range db.Keys.All() {
		list = append(list, string(db.KeyOf(node)))
	}
	slices.Sort(list)
	return list
}

// TestAgainstAModel drives a database and a Go map alike; in the end nothing
// is left in the arena.
func TestAgainstAModel(t *testing.T) {
	type entry struct {
		value string
		at    int64
	}
	rapid.Check(t, func(t *rapid.T) {
		s, _ := newSpace()
		empty := s.Arena.Used()
		model := map[string]entry{}
		alive := func(key string) (entry, bool) {
			e, ok := model[key]
			return e, ok && (e.at == 0 || s.Now <= e.at)
		}
		db := s.DBs[0]
		key := rapid.Map(rapid.IntRange(0, 12), func(n int) string { return fmt.Sprintf("k%d", n) })
		for range rapid.IntRange(0, 120).Draw(t, "steps") {
			k := key.Draw(t, "key")
			e, there := alive(k)
			switch rapid.IntRange(0, 7).Draw(t, "operation") {
			case 0, 1:
				v := rapid.StringN(0, 60, -1).Draw(t, "value")
				set(db, k, v)
				model[k] = entry{value: v}
			case 2:
				if db.Delete([]byte(k), rapid.Bool().Draw(t, "lazy")) != there {
					t.Fatalf("Delete(%s), there = %v", k, there)
				}
				delete(model, k)
			case 3:
				if db.LookupWrite([]byte(k)) != nil {
					e.at = s.Now + rapid.Int64Range(0, 20).Draw(t, "ttl")
					db.ExpireKeyAt([]byte(k), e.at)
					model[k] = e
				}
			case 4:
				if found := db.LookupWrite([]byte(k)); found != nil {
					db.Persist(found)
					e.at = 0
					model[k] = e
				}
			case 5:
				to := key.Draw(t, "to")
				if there && to != k {
					db.LookupWrite([]byte(k))
					db.Delete([]byte(to), false)
					db.Rename([]byte(k), []byte(to))
					model[to] = e
					delete(model, k)
				}
			case 6:
				s.Now += rapid.Int64Range(0, 10).Draw(t, "time")
			case 7:
				db.ExpireSample(5)
			}
			for name := range model {
				want, alive := alive(name)
				found := db.Lookup([]byte(name), false)
				if (found != nil) != alive {
					t.Fatalf("Lookup(%s) found = %v, want %v", name, found != nil, alive)
				}
				if found == nil {
					delete(model, name)
					continue
				}
				if got := string(s.Objects.StringBytes(&found.Value)); got != want.value || found.ExpireAt != want.at {
					t.Fatalf("%s = %q until %d, want %q until %d", name, got, found.ExpireAt, want.value, want.at)
				}
			}
			volatile := 0
			for _, e := range model {
				if e.at != 0 {
					volatile++
				}
			}
			if db.Volatile() != volatile || db.Len() != len(model) {
				t.Fatalf("%d keys, %d volatile; want %d, %d", db.Len(), db.Volatile(), len(model), volatile)
			}
		}
		db.Flush(rapid.Bool().Draw(t, "lazy flush"))
		for s.FreeLazily(3) {
		}
		if used := s.Arena.Used(); used > empty {
			t.Fatalf("%d bytes are still in use after the flush, %d at the start", used, empty)
		}
	})
}

// TestSnapshotSeesTheMomentItBegan: whatever happens to the keys while a
// snapshot walks, what it is given is their state at its beginning.
func TestSnapshotSeesTheMomentItBegan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, w := newSpace()
		db := s.DBs[0]
		want := map[string]string{}
		for i := range rapid.IntRange(0, 40).Draw(t, "keys") {
			k, v := fmt.Sprintf("k%d", i), fmt.Sprintf("v%d", i)
			set(db, k, v)
			want[k] = v
		}
		s.BeginSnapshot()
		cursor, walking := uint64(0), true
		for walking {
			switch rapid.IntRange(0, 5).Draw(t, "operation") {
			case 0:
				set(db, fmt.Sprintf("k%d", rapid.IntRange(0, 60).Draw(t, "key")), "changed")
			case 1:
				db.Delete(fmt.Appendf(nil, "k%d", rapid.IntRange(0, 60).Draw(t, "key")), false)
			case 2:
				from, to := fmt.Appendf(nil, "k%d", rapid.IntRange(0, 60).Draw(t, "from")), fmt.Appendf(nil, "n%d", rapid.IntRange(0, 9).Draw(t, "to"))
				if db.LookupWrite(from) != nil {
					db.Delete(to, false)
					db.Rename(from, to)
				}
			default:
				cursor = db.Keys.Scan(cursor, func(node arena.Ref) { w.SaveBeforeChange(db, node) })
				walking = cursor != 0
			}
		}
		s.EndSnapshot()
		if len(w.saved) != len(want) {
			t.Fatalf("the snapshot has %d keys, want %d", len(w.saved), len(want))
		}
		for k, v := range want {
			if w.saved[k] != v {
				t.Fatalf("the snapshot has %s = %q, want %q", k, w.saved[k], v)
			}
		}
	})
}

func TestExpiredKeyIsGoneWhoeverLooks(t *testing.T) {
	s, w := newSpace()
	db := s.DBs[0]
	for _, k := range []string{"read", "write", "random", "sampled"} {
		set(db, k, "v")
		db.ExpireKeyAt([]byte(k), s.Now+10)
	}
	s.Now += 10
	if db.Lookup([]byte("read"), false) == nil {
		t.Error("a key lives through the millisecond of its time")
	}
	s.Now++
	if db.Lookup([]byte("read"), false) != nil || db.LookupWrite([]byte("write")) != nil {
		t.Error("a key is found after its time")
	}
	if db.ExpireSample(1); len(w.expired) != 3 {
		t.Errorf("expired so far: %v", w.expired)
	}
	if key := db.RandomKey(); key != nil {
		t.Errorf("RandomKey = %s", key)
	}
	if len(w.expired) != 4 || s.ExpiredKeys != 4 {
		t.Errorf("the observer heard of %v, the counter says %d", w.expired, s.ExpiredKeys)
	}
}

func TestSwapAndMoveKeepExpiry(t *testing.T) {
	s, _ := newSpace()
	set(s.DBs[0], "k", "v")
	s.DBs[0].ExpireKeyAt([]byte("k"), 5000)
	s.Swap(0, 1)
	if got := keys(s.DBs[1]); !slices.Equal(got, []string{"k"}) || s.DBs[1].Volatile() != 1 || s.DBs[0].Len() != 0 {
		t.Fatalf("after the swap DB 1 has %v", got)
	}
	s.DBs[1].LookupWrite([]byte("k"))
	e := s.DBs[1].Move([]byte("k"), s.DBs[2])
	if e.ExpireAt != 5000 || s.DBs[2].Volatile() != 1 || s.DBs[1].Volatile() != 0 || s.DBs[1].Len() != 0 {
		t.Errorf("after the move: expiry %d, %d volatile here, %d there", e.ExpireAt, s.DBs[1].Volatile(), s.DBs[2].Volatile())
	}
}

type flag bool

func (f *flag) Touched() { *f = true }

func TestWatchersHearOfChanges(t *testing.T) {
	changes := map[string]func(s *keyspace.Space){
		"set":     func(s *keyspace.Space) { set(s.DBs[0], "k", "other") },
		"expired": func(s *keyspace.Space) { s.Now += 100000; s.DBs[0].Lookup([]byte("k"), false) },
		"flushed": func(s *keyspace.Space) { s.DBs[0].Flush(true) },
		"swapped": func(s *keyspace.Space) { s.Swap(0, 1) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			s, _ := newSpace()
			set(s.DBs[0], "k", "v")
			s.DBs[0].ExpireKeyAt([]byte("k"), s.Now+1000)
			var touched, other flag
			s.DBs[0].Watch([]byte("k"), &touched)
			s.DBs[0].Watch([]byte("unrelated"), &other)
			change(s)
			if !touched || other {
				t.Errorf("watcher of the key touched: %v, of another key: %v", touched, other)
			}
		})
	}
}

// TestDrainChanged: a changed key is told once, in its newest state; one that
// went is not.
func TestDrainChanged(t *testing.T) {
	s, _ := newSpace()
	db := s.DBs[0]
	set(db, "a", "1")
	set(db, "a", "2")
	set(db, "b", "1")
	set(db, "gone", "1")
	db.Delete([]byte("gone"), false)
	var told []string
	drain := func() bool {
		told = nil
		return s.DrainChanged(func(_ *keyspace.DB, key []byte, e *keyspace.Entry) {
			told = append(told, string(key)+"="+string(s.Objects.StringBytes(&e.Value)))
		})
	}
	if drain() || !slices.Equal(told, []string{"a=2", "b=1"}) {
		t.Errorf("told %v", told)
	}
	if drain(); len(told) != 0 {
		t.Errorf("told again: %v", told)
	}
	for i := range 30000 {
		set(db, fmt.Sprint(i), "v")
	}
	if !drain() {
		t.Error("30,000 changes in one drain are no overflow")
	}
}

// TestALargeValueIsFreedInSlices: what UNLINK and FLUSHALL ASYNC take out is given
// back bit by bit, of one huge value as of many keys, and all of it in the end.
func TestALargeValueIsFreedInSlices(t *testing.T) {
	const elements, slice = 20_000, 100
	member := func(i int) []byte { return fmt.Appendf(nil, "member:%d", i) }
	for name, build := range map[string]func(s *object.Store) object.Value{
		"set": func(s *object.Store) object.Value {
			v := s.NewHashTableSet(0)
			for i := range elements {
				s.Set(&v).Add(member(i))
			}
			return v
		},
		"hash with fields that expire": func(s *object.Store) object.Value {
			v := s.NewHash()
			for i := range elements {
				s.Hash(&v).Set(member(i), member(i))
				if i%2 == 0 {
					s.Hash(&v).SetExpiry(member(i), int64(i+5000))
				}
			}
			return v
		},
		"sorted set": func(s *object.Store) object.Value {
			v := s.NewSkipList(0)
			for i := range elements {
				s.SortedSet(&v).Set(member(i), float64(i))
			}
			return v
		},
		"list": func(s *object.Store) object.Value {
			v := s.NewList()
			value := bytes.Repeat([]byte("x"), 4000) // two of them fill a node
			for range elements {
				s.List(&v).PushHead(value)
			}
			return v
		},
		"stream": func(s *object.Store) object.Value {
			v := s.NewStream()
			for i := range elements {
				s.Stream(&v).Append(stream.ID{Ms: uint64(i + 1)}, [][]byte{[]byte("f"), member(i)}, stream.Limits{MaxEntries: 10})
			}
			return v
		},
		"stream with groups": func(s *object.Store) object.Value {
			v := s.NewStream()
			log := s.Stream(&v)
			for i := range 4 {
				group, _ := log.AddGroup(fmt.Append(nil, "group", i), stream.ID{}, 0)
				for j := range elements / 4 {
					consumer, _ := group.AddConsumer(fmt.Append(nil, "consumer", j%3), 1)
					group.AddPending(stream.ID{Ms: uint64(j + 1)}, consumer, 1, 1)
				}
			}
			return v
		},
	} {
		for _, flush := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, flush %v", name, flush), func(t *testing.T) {
				s, _ := newSpace()
				db := s.DBs[0]
				set(db, "small", "x")
				db.Delete([]byte("small"), true)
				empty := s.Arena.Used()
				e := db.Set([]byte("k"), build(s.Objects), false)
				db.Modified([]byte("k"), e)
				effort := s.Objects.FreeEffort(&e.Value)
				full := s.Arena.Used() - empty
				if flush {
					db.Flush(true)
					empty = 0 // the table of keys goes, too
				} else if !db.Delete([]byte("k"), true) {
					t.Fatal("there is no key to delete")
				}
				if s.LazyPending() != 1 {
					t.Fatalf("%d values are to be freed lazily, want 1", s.LazyPending())
				}
				slices := 1
				for before := s.Arena.Used(); s.FreeLazily(slice); slices++ {
					if freed := before - s.Arena.Used(); freed > full/8 { // the table of buckets goes at once
						t.Fatalf("one slice freed %d of %d bytes", freed, full)
					}
					before = s.Arena.Used()
				}
				if slices < effort/slice {
					t.Errorf("%d slices of %d for %d elements", slices, slice, effort)
				}
				if used := s.Arena.Used(); used != empty || s.LazyPending() != 0 || s.LazyFreed != 1 {
					t.Errorf("%d bytes are in use, %d before; %d pending, %d freed", used, empty, s.LazyPending(), s.LazyFreed)
				}
			})
		}
	}
}
