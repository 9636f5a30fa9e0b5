package vfs_test

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"everysec/engine/vfs"
)

// program does random things to a disk, the same for the same seed, as far as
// the disk lets it.
func program(d *vfs.Disk, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	names := []string{"a", "b", "c", "d/a", "d/b", "e/a"}
	name := func() string { return names[r.IntN(len(names))] }
	now := int64(0)
	for range 80 {
		if d.Halted() {
			return
		}
		// Errors are part of it: the file may not be there, or the disk full.
		f, err := d.OpenFile(name(), vfs.Write)
		switch r.IntN(12) {
		case 0, 1:
			_, _ = d.OpenFile(name(), vfs.Write|vfs.Create)
		case 2:
			_ = d.MakeDir([]string{"d", "e"}[r.IntN(2)])
		case 3:
			_ = d.Rename(name(), name())
		case 4:
			_ = d.Remove(name())
		case 5:
			d.SyncDir(path.Dir(name()))
		case 6:
			now += r.Int64N(3000)
			d.Advance(now)
		case 7:
			switch r.IntN(4) {
			case 0:
				d.FailSyncs(1)
			case 1:
				d.LieAboutSyncs(r.IntN(2) == 0)
			case 2:
				d.HangSyncs(r.IntN(3) == 0)
			default:
				d.Fill(r.Int64N(5000))
			}
		case 8:
			if err == nil {
				_ = f.Truncate(r.Int64N(f.Size() + 100))
			}
		case 9, 10:
			if err == nil {
				f.Sync()
			}
		}
		if err == nil {
			_, _ = f.Write([]byte(strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(1500))))
		}
	}
}

func newDisk(seed uint64) *vfs.Disk {
	return vfs.New(vfs.Options{Latency: vfs.Latency{Sync: []int64{0, 1000}[seed%2]}, Writeback: 20_000})
}

// Two disks to which the same was done have the same images, to the byte, in
// every order in which they can be listed.
func TestTheSameProgramAndSeedGiveTheSameImage(t *testing.T) {
	for seed := range uint64(100) {
		one, two := newDisk(seed), newDisk(seed)
		program(one, seed)
		program(two, seed)
		for kind := vfs.ProcessKill; kind <= vfs.BitRot; kind++ {
			a, b := one.Image(kind, seed), two.Image(kind, seed)
			for next := vfs.ProcessKill; next <= vfs.BitRot; next++ {
				if diff := unlike(a.Image(next, 1), b.Image(next, 1)); diff != "" {
					t.Fatalf("seed %d: %v, then %v (-one +two):\n%s", seed, kind, next, diff)
				}
			}
			if diff := unlike(a, b); diff != "" {
				t.Fatalf("seed %d: %v (-one +two):\n%s", seed, kind, diff)
			}
		}
		if diff := unlike(one, two); diff != "" {
			t.Fatalf("seed %d: the disks differ:\n%s", seed, diff)
		}
	}
}

// To look changes nothing, and CrashAt stops at each moment that can be seen.
func TestACrashPointStopsWhereObserveLooks(t *testing.T) {
	type view struct {
		op     vfs.Operation
		moment vfs.Moment
		image  []string
	}
	for seed := range uint64(12) {
		kind := vfs.Kind(seed % 4)
		watched, alone := newDisk(seed), newDisk(seed)
		var views []view
		watched.Observe(func(op vfs.Operation, m vfs.Moment) {
			views = append(views, view{op, m, everything(watched.Image(kind, seed))})
		})
		program(watched, seed)
		program(alone, seed)
		if diff := unlike(alone, watched); diff != "" {
			t.Fatalf("seed %d: it was observed, and is another disk:\n%s", seed, diff)
		}
		skipped := map[vfs.Moment]int{}
		for _, v := range views {
			point := vfs.CrashPoint{Moment: v.moment, Skip: skipped[v.moment]}
			skipped[v.moment]++
			d, crashes := newDisk(seed), 0
			err := d.CrashAt(point, kind, seed, func(image *vfs.Disk, at vfs.Operation) {
				crashes++
				if at != v.op {
					t.Fatalf("seed %d: %+v stops at %v, want %v", seed, point, at, v.op)
				}
				if diff := differing(v.image, everything(image)); diff != "" {
					t.Fatalf("seed %d, %v %v: not the image that was seen there:\n%s", seed, v.moment, v.op, diff)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			program(d, seed)
			if crashes != 1 || !d.Halted() || d.Disarm() {
				t.Fatalf("seed %d, %v %v: %d crashes", seed, v.moment, v.op, crashes)
			}
		}
		if n := watched.Operations(); uint64(skipped[vfs.Before]) != n || skipped[vfs.InFlight] == 0 || skipped[vfs.After] < skipped[vfs.InFlight] {
			t.Fatalf("seed %d: %d operations, seen %v", seed, n, skipped)
		}
	}
}

// After a crash point nothing gets to the platter any more.
func TestNothingReachesThePlatterAfterACrashPoint(t *testing.T) {
	for _, moment := range []vfs.Moment{vfs.Before, vfs.InFlight, vfs.After} {
		for skip := range 30 {
			d := newDisk(0)
			var durable vfs.Content
			err := d.CrashAt(vfs.CrashPoint{Moment: moment, Skip: skip}, vfs.PowerCut, 1, func(*vfs.Disk, vfs.Operation) {
				durable = d.Durable()
				d.Observe(func(op vfs.Operation, m vfs.Moment) { t.Errorf("%v %v of a disk that has ended", m, op) })
			})
			if err != nil {
				t.Fatal(err)
			}
			program(d, 3)
			if !d.Halted() {
				continue // so many there were not
			}
			f, err := d.OpenFile("late", vfs.Write|vfs.Create)
			if err == nil {
				t.Fatalf("%v opened", f.Name())
			}
			d.SyncAll()
			d.SyncDir(".")
			d.Advance(1 << 40)
			if diff := difference(durable, d.Durable()); diff != "" {
				t.Fatalf("%v %d (-at the crash +later):\n%s", moment, skip, diff)
			}
		}
	}
}

func TestRotIsOfSyncedBitsOnly(t *testing.T) {
	for seed := range uint64(100) {
		d := newDisk(0)
		program(d, seed)
		d.LieAboutSyncs(false)
		d.HangSyncs(false)
		before := map[string][]byte{}
		total := int64(0)
		for _, s := range d.Files() {
			b, err := vfs.ReadFile(d, s.Name)
			if err != nil {
				t.Fatal(err)
			}
			before[s.Name] = b
			total += s.Synced
		}
		flips := d.Rot(20, seed)
		if !slices.Equal(flips, slices.Compact(slices.Clone(flips))) || len(flips) > 20 || total == 0 && len(flips) > 0 {
			t.Fatalf("seed %d: %v", seed, flips)
		}
		for _, f := range flips {
			s, err := d.Status(f.Name)
			if err != nil || f.Offset >= s.Synced {
				t.Fatalf("seed %d: %+v, %d bytes are synced, %v", seed, f, s.Synced, err)
			}
			before[f.Name][f.Offset] ^= f.Mask
		}
		for name, want := range before {
			if got, err := vfs.ReadFile(d, name); err != nil || string(got) != string(want) {
				t.Fatalf("seed %d: %s is not what the flips say: %v", seed, name, err)
			}
		}
	}
}

func ExampleDisk_CrashAt() {
	disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 10_000}})
	log, _ := disk.OpenFile("appendonly.aof", vfs.Write|vfs.Create)
	disk.SyncDir(".")
	disk.Advance(10_000)

	// The power fails in the middle of the next fsync of an append only file.
	point := vfs.CrashPoint{Call: vfs.CallSync, Name: "*.aof", Moment: vfs.InFlight}
	_ = disk.CrashAt(point, vfs.PowerCut, 6, func(image *vfs.Disk, at vfs.Operation) {
		fmt.Println("crashed in the middle of", at)
		for _, a := range image.Accounts() {
			fmt.Println(a.Name, a.What)
		}
	})
	_, _ = log.Write([]byte("SET a 1\n"))
	log.Sync()
	// Output:
	// crashed in the middle of sync appendonly.aof
	// appendonly.aof torn at 3: 5 bytes lost
}
