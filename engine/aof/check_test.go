package aof_test

import (
	"bytes"
	"errors"
	"testing"

	"everysec/engine/aof"
	"everysec/engine/rdb"
	"everysec/engine/vfs"
)

// A walk shows every byte once, in order.
func TestWalk(t *testing.T) {
	file := append([]byte("REDIS0009\xfe\x00\x00\x01k\x01v\xff\x00\x00\x00\x00\x00\x00\x00\x00#TS:1\r\n#anything\n"), read(t, "redis-7.0.incr.aof")...)
	end, commands, annotations, snapshot := int64(0), 0, "", 0
	err := aof.Walk(bytes.NewReader(file), int64(len(file)), "x", func(s aof.Span) {
		if s.Offset != end || s.Length < 1 {
			t.Errorf("%+v after %d", s, end)
		}
		end = s.Offset + s.Length
		switch {
		case s.RDB != nil:
			snapshot++
		case s.Words != nil:
			commands++
		default:
			annotations += string(s.Annotation)
		}
	})
	want, _, _ := all(read(t, "redis-7.0.incr.aof"))
	if err != nil || end != int64(len(file)) || commands != len(want) || annotations != "#TS:1#anything" || snapshot != 6 {
		t.Errorf("%v, shown up to %d of %d: %d commands, %q, %d pieces of the snapshot", err, end, len(file), commands, annotations, snapshot)
	}
}

// FuzzChecker damages files, some with a snapshot in front, some to be cut back
// to a time: what the check calls valid up to is, and a repair makes the rest so.
func FuzzChecker(f *testing.F) {
	transaction := "*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n#TS:150\r\n*1\r\n$4\r\nEXEC\r\n"
	f.Add(read(f, "redis-7.0.incr.aof"), int64(0))
	f.Add([]byte("#TS:100\r\n"+transaction+"#TS:200\r\n"+transaction), int64(150))
	f.Add([]byte("#TS:100\r\n"+transaction+"#TS:2"), int64(100))
	f.Add([]byte("REDIS0009\xfe\x00\x00\x01k\x01v\xff\x00\x00\x00\x00\x00\x00\x00\x00"+transaction+transaction[:20]), int64(0))
	f.Add([]byte("VALKEY080\xff\x00\x00\x00\x00\x00\x00\x00\x00*1\r\n$4\r\nEXEC\r\n"), int64(0))
	f.Add([]byte("*1\r\n$4\r\nPING\r\n*0\r\n$\r\n"), int64(0))
	f.Fuzz(func(t *testing.T, file []byte, until int64) {
		disk := diskWith(t, map[string][]byte{"a": file})
		c := aof.Checker{FS: disk, Until: until}
		r := c.File("a")
		var cut *aof.Truncated
		var bad *aof.Corrupt
		var later *aof.Later
		var snapshot *rdb.Error
		at := int64(0)
		switch {
		case r.Problem == nil:
			if r.ValidUpTo != r.Size {
				t.Fatalf("valid, up to %d of %d", r.ValidUpTo, r.Size)
			}
			return
		case errors.As(r.Problem, &cut):
			at = cut.Offset
		case errors.As(r.Problem, &bad):
			at = bad.Offset
		case errors.As(r.Problem, &later):
			if at = later.Offset; until == 0 || later.Time <= until {
				t.Fatalf("%d is not later than %d", later.Time, until)
			}
		case errors.As(r.Problem, &snapshot):
			if r.Repairable() {
				t.Fatal("a damaged snapshot cannot be repaired by cutting the file")
			}
			return
		default:
			t.Fatalf("an error without its place: %v", r.Problem)
		}
		if r.ValidUpTo > at || at > r.Size || r.Size != int64(len(file)) {
			t.Fatalf("valid up to %d, the problem is at %d of %d: %v", r.ValidUpTo, at, r.Size, r.Problem)
		}
		if _, err := aof.Repair(disk, &r); err != nil {
			t.Fatal(err)
		}
		left, err := vfs.ReadFile(disk, "a")
		if err != nil || !bytes.Equal(left, file[:r.ValidUpTo]) {
			t.Fatalf("%d bytes are left, want %d: %v", len(left), r.ValidUpTo, err)
		}
		if again := c.File("a"); again.Problem != nil || again.Commands > r.Commands {
			t.Fatalf("after the repair: %+v, before: %+v", again, r)
		}
	})
}
