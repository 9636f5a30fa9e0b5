package aof_test

import (
	"bytes"
	"slices"
	"testing"

	"everysec/engine/aof"
	"everysec/engine/rdb"
)

func parts(item []byte, from, to int) (list []rdb.Part) {
	aof.Dissect(item, int64(from), int64(to), func(p rdb.Part) { list = append(list, p) })
	return list
}

func covers(list []rdb.Part, item []byte) bool {
	at := int64(0)
	for _, p := range list {
		if p.Offset != at || p.Length < 1 || p.Name == "" {
			return false
		}
		at += p.Length
	}
	return at == int64(len(item))
}

// What a walk has read can be dissected: every byte belongs to one part, and
// who looks at a few bytes sees their parts and no others.
func TestDissect(t *testing.T) {
	file := append([]byte("#TS:1700000000\r\n#anything\n*2\r\n$3\r\nDEL\r\n$0\r\n\r\n"), read(t, "redis-7.0.incr.aof")...)
	err := aof.Walk(bytes.NewReader(file), int64(len(file)), "x", func(s aof.Span) {
		item := file[s.Offset:][:s.Length]
		all := parts(item, 0, len(item))
		if !covers(all, item) || all[len(all)-1].Name == "unread" {
			t.Errorf("%q: %+v", item, all)
		}
		for from := range item {
			to := min(from+3, len(item))
			some := slices.DeleteFunc(slices.Clone(all), func(p rdb.Part) bool {
				return p.Offset >= int64(to) || p.Offset+p.Length <= int64(from)
			})
			if got := parts(item, from, to); !slices.Equal(got, some) {
				t.Errorf("%q from %d to %d: %+v, want %+v", item, from, to, got, some)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
	got := parts([]byte("#TS:1700000000\r\n"), 0, 1)
	if want := "what follows was written from 2023-11-14 22:13:20 UTC on"; len(got) != 1 || got[0].Says != want {
		t.Errorf("%+v, want %q", got, want)
	}
}

func FuzzDissect(f *testing.F) {
	f.Add([]byte("*1\r\n$4\r\nPING\r\n"))
	f.Add([]byte("#TS:1\r\n"))
	f.Add([]byte("*99999999\r\n$4\r\nPING\r\n$9"))
	f.Fuzz(func(t *testing.T, item []byte) {
		if all := parts(item, 0, len(item)); len(item) > 0 && !covers(all, item) {
			t.Errorf("%q: %+v", item, all)
		}
	})
}
