package idb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"everysec/engine/vfs"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
	"everysec/wasm/idb/idbtest"
)

func TestWritesThatTouchBecomeOneChunk(t *testing.T) {
	got := idbtest.Changes(t, idb.AppendBatch(nil, vfs.Batch{Changes: []vfs.Change{
		{Op: vfs.OpCreate, Inode: 2},
		{Op: vfs.OpWrite, Inode: 2, Offset: 0, Data: []byte("ab")},
		{Op: vfs.OpWrite, Inode: 2, Offset: 2, Data: []byte("cd")},
		{Op: vfs.OpWrite, Inode: 2, Offset: 4, Data: []byte("ef")},
		{Op: vfs.OpWrite, Inode: 2, Offset: 7, Data: []byte("a gap before")},
		{Op: vfs.OpWrite, Inode: 3, Offset: 19, Data: []byte("another file")},
	}}))
	want := []vfs.Change{
		{Op: vfs.OpCreate, Inode: 2},
		{Op: vfs.OpWrite, Inode: 2, Offset: 0, Data: []byte("abcdef")},
		{Op: vfs.OpWrite, Inode: 2, Offset: 7, Data: []byte("a gap before")},
		{Op: vfs.OpWrite, Inode: 3, Offset: 19, Data: []byte("another file")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever a disk commits arrives complete on the other side.
func TestBatchesKeepTheirFields(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var batch vfs.Batch
		for range rapid.IntRange(0, 8).Draw(rt, "changes") {
			c := vfs.Change{Op: vfs.Op(rapid.IntRange(1, 8).Draw(rt, "op"))}
			id := rapid.Uint64Range(1, 1<<53)
			name := rapid.StringMatching(`[a-zé]{1,8}`)
			switch c.Op {
			case vfs.OpCreate:
				c.Inode, c.Dir = id.Draw(rt, "inode"), rapid.Bool().Draw(rt, "dir")
			case vfs.OpWrite:
				c.Inode, c.Offset = id.Draw(rt, "inode"), 2*int64(len(batch.Changes))<<20 // apart
				c.Data = rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(rt, "data")
			case vfs.OpTruncate:
				c.Inode, c.Size = id.Draw(rt, "inode"), rapid.Int64Range(0, 1<<40).Draw(rt, "size")
			case vfs.OpFree:
				c.Inode = id.Draw(rt, "inode")
			case vfs.OpLink:
				c.Parent, c.Name, c.Inode = id.Draw(rt, "parent"), name.Draw(rt, "name"), id.Draw(rt, "inode")
			case vfs.OpUnlink:
				c.Parent, c.Name = id.Draw(rt, "parent"), name.Draw(rt, "name")
			case vfs.OpRename:
				c.Parent, c.Name, c.Inode = id.Draw(rt, "parent"), name.Draw(rt, "name"), id.Draw(rt, "inode")
				c.NewParent, c.NewName = id.Draw(rt, "new parent"), name.Draw(rt, "new name")
			}
			batch.Changes = append(batch.Changes, c)
		}
		if diff := cmp.Diff(batch.Changes, idbtest.Changes(t, idb.AppendBatch(nil, batch))); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestEachTransactionEndsItsOwnCommit(t *testing.T) {
	var began []uint32
	p := idb.New(func(n uint32, _ []byte) { began = append(began, n) })
	write := vfs.Batch{Changes: []vfs.Change{{Op: vfs.OpFree, Inode: 2}}}
	var ends []string
	end := func(name string) func(error) {
		return func(err error) {
			switch {
			case errors.Is(err, vfs.ErrNoSpace):
				name += ": no space"
			case errors.Is(err, vfs.ErrIO):
				name += ": failed"
			}
			ends = append(ends, name)
		}
	}
	p.Commit(write, end("old disk's"))
	p.Commit(write, end("new disk's"))
	p.Commit(write, end("third"))
	p.Finished(began[1], "QuotaExceededError: full")
	p.Finished(began[0], "")
	p.Finished(began[2], "AbortError: closed")
	p.Finished(began[2], "")
	if diff := cmp.Diff([]string{"new disk's: no space", "old disk's", "third: failed"}, ends); diff != "" {
		t.Error(diff)
	}
}

// A large commit goes in pieces, each begun when the last has ended; what was
// committed after it comes after it.
func TestALargeCommitGoesInPieces(t *testing.T) {
	page := make([]byte, 64<<10)
	var large vfs.Batch
	for i := range 26 { // four pieces
		large.Changes = append(large.Changes, vfs.Change{Op: vfs.OpWrite, Inode: 2, Offset: int64(i * len(page)), Data: page})
	}
	small := vfs.Batch{Changes: []vfs.Change{{Op: vfs.OpFree, Inode: 3}}}
	for _, c := range []struct {
		name string
		fail int // the piece that fails, from 1 on
		want string
	}{
		{"whole", 0, "begin 8 pages, begin 8 pages, begin 8 pages, begin 2 pages, begin free, large: <nil>, small: <nil>"},
		{"the second fails", 2, "begin 8 pages, begin 8 pages, begin free, large: failed, small: <nil>"},
	} {
		var log []string
		var under []uint32
		p := idb.New(func(n uint32, ops []byte) {
			under = append(under, n)
			if b := (vfs.Batch{Changes: idbtest.Changes(t, ops)}); b.Changes[0].Op == vfs.OpFree {
				log = append(log, "begin free")
			} else {
				log = append(log, fmt.Sprintf("begin %d pages", b.Bytes()/int64(len(page))))
			}
		})
		end := func(name string) func(error) {
			return func(err error) {
				if err != nil {
					err = errors.New("failed")
				}
				log = append(log, fmt.Sprintf("%s: %v", name, err))
			}
		}
		p.Commit(large, end("large"))
		p.Commit(small, end("small"))
		for n := 1; len(under) > 0; n++ {
			number, failure := under[0], ""
			under = under[1:]
			if n == c.fail {
				failure = "AbortError: closed"
			}
			p.Finished(number, failure)
		}
		if got := strings.Join(log, ", "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestAnEmptyCommitNeedsNoTransaction(t *testing.T) {
	p := idb.New(func(uint32, []byte) { t.Error("a transaction for nothing") })
	done := false
	p.Commit(vfs.Batch{}, func(err error) { done = err == nil })
	if !done {
		t.Error("not done")
	}
}

func TestAnImageIsReadBack(t *testing.T) {
	r := bridge.Record(nil).Byte(uint8(idb.Kept)).String("")
	r = r.Int(2)
	r = r.Int(2).Bool(true).Int(0).Int(0)
	r = r.Int(3).Bool(false).Int(9).Int(2).Int(0).Bytes([]byte("REDIS")).Int(5).Bytes([]byte("0010"))
	r = r.Int(2).Int(1).String("appendonlydir").Int(2).Int(2).String("a.aof").Int(3)
	im, err := idb.ReadImage(r)
	if err != nil {
		t.Fatal(err)
	}
	d, err := vfs.Load(im.Content, vfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := vfs.ReadFile(d, "appendonlydir/a.aof")
	if err != nil || string(got) != "REDIS0010" {
		t.Errorf("%q, %v", got, err)
	}
	for n := range r {
		if _, err := idb.ReadImage(r[:n]); err == nil {
			t.Fatalf("cut at %d of %d it is still read", n, len(r))
		}
	}
}
