package event_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"everysec/engine/event"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// one of each kind, with every field set.
func samples() []event.Event {
	return []event.Event{
		&event.KeyChanged{
			DB: 15, Key: []byte("user:\x00\xff"), KeyLen: 7, Type: event.SortedSet, Encoding: event.Skiplist,
			Memory: 1 << 40, Elements: 128, ExpireAt: 1_700_000_000_000, Change: math.MaxUint64, InSnapshot: true,
		},
		&event.KeyRemoved{DB: 1, Key: []byte("lock"), KeyLen: 4, Reason: event.Expired},
		&event.KeyspaceFlushed{DB: -1},
		&event.KeyspaceSwapped{A: 0, B: 9},
		&event.Durability{
			Now: 1_700_000_000_000_000, Last: 40, Acknowledged: 38, Written: 39, Synced: 30, BufferedBytes: 27, WrittenBytes: 4096,
			SyncedBytes: 3000, OldestUnsyncedAt: 1_699_999_999_000_000, SnapshotChange: 12,
			SnapshotAt: 1_699_999_000_000_000, SnapshotBytes: 88, SyncInFlight: true, AOFEnabled: true,
			AsideLast: 20, AsideAcknowledged: 19, AsideWritten: 18, AsideSynced: 17, AsideSnapshot: 3,
		},
		&event.CommandRun{Client: 3, Name: "set", Start: -1, Duration: 12, Waited: 4, Preview: []byte("k v")},
		&event.ClientsChanged{Clients: []event.Client{
			{ID: 3, Name: "worker-A", DB: 2, Flags: event.InMulti | event.Blocked, Queue: 17},
			{ID: 4},
		}},
		&event.Job{Kind: event.Rewrite, Phase: event.Running, Done: 10, Total: 20, Copied: 4096, Micros: 1500},
		&event.Stats{Now: 1, Keys: 2, WithTTL: 3, Memory: 4, Commands: 5, ExpiredKeys: 6, EvictedKeys: 7, BlockedTotal: 8},
		&event.Log{At: 99, Level: event.Warning, Text: "DB loaded from append only file: 0.001 seconds"},
		&event.Overflow{},
		&event.CrashReport{
			Kind: "power-cut", At: 1, RecoveredAt: 2, Acknowledged: 3, Survived: 4, Lost: 5, Unknown: 6, Unsynced: 7,
			Unacknowledged: 8, Summarised: 9,
			Files: []event.FileRead{{Name: "dump.rdb", Found: 10, Read: 11}},
			Writes: []event.CrashWrite{
				{
					Change: 12, At: 13, Client: 14, DB: 15, Command: "SET k v", Keys: []string{"k", ""}, Acknowledged: true,
					Fate: event.WriteSurvived, File: "f", Offset: 16, Size: 17, SyncedAt: 18, Reason: "synced in f", Later: 19,
				},
				{},
			},
		},
	}
}

// clone copies an event out of the reader's memory.
func clone(e event.Event) event.Event {
	switch e := e.(type) {
	case *event.KeyChanged:
		c := *e
		c.Key = bytes.Clone(e.Key)
		return &c
	case *event.KeyRemoved:
		c := *e
		c.Key = bytes.Clone(e.Key)
		return &c
	case *event.KeyspaceFlushed:
		c := *e
		return &c
	case *event.KeyspaceSwapped:
		c := *e
		return &c
	case *event.Durability:
		c := *e
		return &c
	case *event.CommandRun:
		c := *e
		c.Preview = bytes.Clone(e.Preview)
		return &c
	case *event.ClientsChanged:
		return &event.ClientsChanged{Clients: append([]event.Client(nil), e.Clients...)}
	case *event.Job:
		c := *e
		return &c
	case *event.Stats:
		c := *e
		return &c
	case *event.Log:
		c := *e
		return &c
	case *event.Overflow:
		return &event.Overflow{}
	case *event.CrashReport:
		c := *e
		return &c
	}
	panic("a kind without a clone")
}

func decode(data []byte) (out []event.Event, err error) {
	err = event.Decode(data, func(e event.Event) { out = append(out, clone(e)) })
	return out, err
}

func TestEveryKindSurvivesTheRoundTrip(t *testing.T) {
	var b event.Batch
	for _, e := range samples() {
		b.Add(e)
	}
	if b.Len() != len(samples()) {
		t.Fatalf("Len() = %d, want %d", b.Len(), len(samples()))
	}
	got, err := decode(b.Encode([]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(samples(), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnEmptyBatchDecodesToNothing(t *testing.T) {
	var b event.Batch
	for _, data := range [][]byte{b.Bytes(), b.Encode(nil)} {
		if got, err := decode(data); err != nil || len(got) != 0 {
			t.Errorf("Decode(%q) = %v, %v", data, got, err)
		}
	}
}

func TestResetKeepsNothingOfTheOldBatch(t *testing.T) {
	var b event.Batch
	b.KeyspaceFlushed(event.KeyspaceFlushed{DB: 3})
	b.Reset()
	b.Overflow(event.Overflow{})
	got, err := decode(b.Bytes())
	if diff := cmp.Diff([]event.Event{&event.Overflow{}}, got); err != nil || diff != "" {
		t.Errorf("err %v (-want +got)\n%s", err, diff)
	}
}

func TestALongKeyIsCutAndItsLengthKept(t *testing.T) {
	var b event.Batch
	b.KeyChanged(event.KeyChanged{Key: bytes.Repeat([]byte("k"), 1000)})
	got, err := decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	e := got[0].(*event.KeyChanged)
	if len(e.Key) != event.MaxKey || e.KeyLen != 1000 {
		t.Errorf("len(Key) = %d, KeyLen = %d", len(e.Key), e.KeyLen)
	}
}

func TestAddingToAGrownBatchDoesNotAllocate(t *testing.T) {
	var b event.Batch
	e := event.KeyChanged{Key: []byte("user:1000"), Type: event.Hash, Change: 5}
	n := testing.AllocsPerRun(100, func() {
		b.Reset()
		for range 100 {
			b.KeyChanged(e)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDamageIsReportedWithItsOffset(t *testing.T) {
	var b event.Batch
	b.KeyspaceSwapped(event.KeyspaceSwapped{A: 1, B: 2})
	b.Log(event.Log{Text: "hello"})
	whole := b.Bytes()
	for _, test := range []struct {
		name, data string
		offset     int
		reason     string
	}{
		{"another version", "\x07" + string(whole[1:]), 0, "version 7"},
		{"cut inside the second event", string(whole[:len(whole)-1]), 4, "length beyond the end"},
		{"an unknown kind", string(whole) + "\xee", len(whole), "unknown kind"},
		{"cut inside a number", "\x01\x03\x80", 1, "bad number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := decode([]byte(test.data))
			var damage *event.DecodeError
			if !errors.As(err, &damage) || damage.Offset != test.offset || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got %v, want offset %d, %q", err, test.offset, test.reason)
			}
		})
	}
}

func TestAnyListOfEventsSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b event.Batch
		var want []event.Event
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, 3), 0, 30).Draw(t, "kinds") {
			var e event.Event
			switch i {
			case 0:
				key := rapid.SliceOfN(rapid.Byte(), 1, event.MaxKey).Draw(t, "key")
				e = &event.KeyChanged{
					DB: rapid.IntRange(0, 15).Draw(t, "db"), Key: key, KeyLen: len(key) + rapid.IntRange(0, 9).Draw(t, "more"),
					Memory: rapid.Int64().Draw(t, "memory"), ExpireAt: rapid.Int64().Draw(t, "at"), Change: rapid.Uint64().Draw(t, "change"),
				}
			case 1:
				e = &event.Log{At: rapid.Int64().Draw(t, "at"), Text: rapid.String().Draw(t, "text")}
			case 2:
				e = &event.Durability{Last: rapid.Uint64().Draw(t, "last"), SnapshotAt: rapid.Int64().Draw(t, "at"), AOFEnabled: rapid.Bool().Draw(t, "aof")}
			case 3:
				e = &event.KeyspaceFlushed{DB: rapid.IntRange(-1, 15).Draw(t, "db")}
			}
			want = append(want, e)
			b.Add(e)
		}
		got, err := decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func FuzzDecode(f *testing.F) {
	var b event.Batch
	for _, e := range samples() {
		b.Add(e)
	}
	f.Add(b.Bytes())
	f.Add([]byte{event.Version})
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := decode(data)
		if err != nil {
			return
		}
		var again event.Batch
		for _, e := range first {
			again.Add(e)
		}
		second, err := decode(again.Bytes())
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("(-first +second)\n%s", diff)
		}
	})
}

func BenchmarkKeyChanged(b *testing.B) {
	var batch event.Batch
	e := event.KeyChanged{Key: []byte("user:1000:name"), KeyLen: 14, Memory: 96, Elements: 12, ExpireAt: 1_700_000_000_000, Change: 1 << 20}
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			batch.Reset()
		}
		batch.KeyChanged(e)
	}
}

func BenchmarkDecode(b *testing.B) {
	var batch event.Batch
	for i := range 1000 {
		batch.KeyChanged(event.KeyChanged{Key: []byte("user:1000:name"), KeyLen: 14, Memory: 96, Change: uint64(i)})
	}
	for b.Loop() {
		n := 0
		if err := event.Decode(batch.Bytes(), func(event.Event) { n++ }); err != nil || n != 1000 {
			b.Fatal(n, err)
		}
	}
}
