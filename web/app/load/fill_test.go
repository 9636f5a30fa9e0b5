package load

import (
	"strconv"
	"strings"
	"testing"

	"everysec/engine/servertest"
	"everysec/web/app"
)

// play runs a fill against a server until it is over, or stop says so.
func play(t *testing.T, c *servertest.Client, s FillSettings, stop func(f *Filling) bool) *Filling {
	t.Helper()
	f, data := NewFilling(s)
	for rounds := 0; !f.Over(); rounds++ {
		if rounds > 3000 {
			t.Fatalf("it does not end: %d of %d", f.Done, f.Count)
		}
		if data != nil {
			f.Receive(c.Raw(data))
		}
		if stop != nil && stop(f) {
			f.Cancel()
		}
		data = f.Next()
	}
	return f
}

func usedMemory(t *testing.T, c *servertest.Client) int64 {
	t.Helper()
	for _, line := range strings.Split(string(c.Do("INFO", "memory").Str), "\r\n") {
		if v, ok := strings.CutPrefix(line, "used_memory:"); ok {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("INFO has no used_memory")
	return 0
}

// Everything is there, of its type, and took about the memory that was said;
// the commands are as long as was said.
func TestAFillIsAsLargeAsWasSaid(t *testing.T) {
	for kind := range FillKinds {
		for _, size := range []int{3, 44, 100, 1000} {
			for _, ttl := range []int{0, 600} {
				s := FillSettings{Count: 12_345, Kind: kind, Size: size, TTL: ttl, Prefix: "some:"}
				server := servertest.New(t, "appendonly", "yes")
				c := server.Client()
				c.Raw(hello("fill")) // what the client itself takes
				before, file := usedMemory(t, c), server.Durability().WrittenBytes
				f := play(t, c, s, nil)
				if f.Done != s.Count || f.Failure != "" || f.Stopped || f.Progress() != 1 || f.Server == 0 {
					t.Fatalf("%s: %d done, %q", FillNames[kind], f.Done, f.Failure)
				}
				keys := int64(s.Count)
				if kind == OneSet {
					keys = 1
					if n := c.Do("SCARD", "some:").Int; n != int64(s.Count) {
						t.Errorf("a set of %d", n)
					}
				}
				if n := c.Do("DBSIZE").Int; n != keys {
					t.Errorf("%s: %d keys", FillNames[kind], n)
				}
				if ttl > 0 && kind != OneSet && c.Do("TTL", "some:12344").Int != 600 {
					t.Errorf("%s: the last key has %d s to live", FillNames[kind], c.Do("TTL", "some:12344").Int)
				}
				said, took := s.Memory(), usedMemory(t, c)-before
				if said < took*87/100 || said > took*113/100 {
					t.Errorf("%s of %d bytes, TTL %d: %d bytes, said were %d", FillNames[kind], size, ttl, took, said)
				}
				server.Settle()
				said, took = s.CommandBytes(), server.Durability().WrittenBytes-file
				if said < took*94/100 || said > took*107/100 {
					t.Errorf("%s of %d bytes, TTL %d: %d bytes in the file, said were %d", FillNames[kind], size, ttl, took, said)
				}
			}
		}
	}
}

// It stops at once, and knows how many are there.
func TestAFillIsCancelled(t *testing.T) {
	for _, kind := range []FillKind{Strings, EachType} {
		c := servertest.New(t).Client()
		f := play(t, c, FillSettings{Count: 100_000, Kind: kind, TTL: 60}, func(f *Filling) bool { return f.Done > 5000 })
		if n := c.Do("DBSIZE").Int; int(n) != f.Done || n > 9000 || f.Failure != "" || !f.Stopped {
			t.Errorf("%d keys, said were %d; %q", n, f.Done, f.Failure)
		}
		last := strconv.Itoa(f.Done - 1)
		if want := "Cancelled. " + app.Count(int64(f.Done)) + " of 100,000 keys were put in, key:0 to key:" + last + "."; f.Account() != want {
			t.Errorf("%q is said, want %q", f.Account(), want)
		}
		if c.Do("EXISTS", "key:"+last).Int != 1 || c.Do("EXISTS", "key:"+strconv.Itoa(f.Done)).Int != 0 {
			t.Errorf("key:%s is not the last that is there", last)
		}
	}
}

// maxmemory refuses, in Redis's words, and that ends it.
func TestAFillIsRefused(t *testing.T) {
	c := servertest.New(t, "maxmemory", "3mb").Client()
	f := play(t, c, FillSettings{Count: 100_000, Size: 100}, nil)
	if f.Failure != "OOM command not allowed when used memory > 'maxmemory'." || f.Done == 0 {
		t.Errorf("%d done, %q", f.Done, f.Failure)
	}
	if n := c.Do("DBSIZE").Int; int(n) != f.Done {
		t.Errorf("%d keys, said were %d", n, f.Done)
	}
	if want := "Refused: OOM command not allowed when used memory > 'maxmemory'. " + app.Count(int64(f.Done)) + " of 100,000 keys were put in."; f.Account() != want {
		t.Errorf("%q is said, want %q", f.Account(), want)
	}
	f = play(t, servertest.New(t).Client(), FillSettings{Count: 3000, Kind: OneSet, Prefix: "big"}, nil)
	if f.Account() != "All 3,000 members were put into big." {
		t.Errorf("%q is said", f.Account())
	}
	f, _ = NewFilling(FillSettings{Count: 10})
	f.Next()
	f.Lost()
	if f.Account() != "The connection was closed before all had been answered. 0 of 10 keys were put in." {
		t.Errorf("%q is said", f.Account())
	}
	if !f.Over() || f.Failure != "the connection was closed" {
		t.Errorf("over %v, %q", f.Over(), f.Failure)
	}
	if !(FillSettings{Count: MaxFill, Size: MaxSize}).TooLarge() || (FillSettings{Count: MaxFill, Size: 100}).TooLarge() {
		t.Error("a million small keys are too many, or ten gigabytes are not")
	}
}
