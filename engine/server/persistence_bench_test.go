package server_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"everysec/engine/benchmark/threadtime"
	"everysec/engine/resp"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

const benchKeys = 200_000

// filled is a server with strings of 100 bytes under keys of 16.
func filled(b *testing.B, config ...string) *servertest.Server {
	s := servertest.New(b, config...)
	c := s.Client()
	value := strings.Repeat("v", 100)
	for i := range benchKeys {
		c.Send("SET", fmt.Sprintf("key:%012d", i), value)
		if i%10_000 == 0 {
			s.Settle()
			s.Output(c.ID)
		}
	}
	s.Advance(1_000_000)
	s.Output(c.ID)
	return s
}

// BenchmarkSnapshot tells how long a snapshot takes, and how long one slice of
// it holds the thread.
func BenchmarkSnapshot(b *testing.B) {
	for _, command := range []string{"BGSAVE", "BGREWRITEAOF"} {
		b.Run(command, func(b *testing.B) {
			s := filled(b, "appendonly", "yes", "appendfsync", "no")
			c := s.Client()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var holds []time.Duration
			for b.Loop() {
				c.Send(command)
				for running := true; running; running = info(s, "rdb_bgsave_in_progress") == "1" || info(s, "aof_rewrite_in_progress") == "1" {
					began := threadtime.Used()
					s.Step(s.Now)
					holds = append(holds, threadtime.Used()-began)
				}
			}
			slices.Sort(holds)
			milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			b.ReportMetric(milliseconds(holds[len(holds)-1]), "longest-hold-ms")
			b.ReportMetric(milliseconds(holds[len(holds)*99/100]), "p99-hold-ms")
			b.ReportMetric(float64(b.N)*benchKeys/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// BenchmarkStart tells how fast a server comes back, and how long one slice
// holds the thread.
func BenchmarkStart(b *testing.B) {
	for _, test := range []struct{ name, command, appendonly string }{
		{"dump.rdb", "SAVE", "no"},
		{"commands", "", "yes"},
		{"base.rdb", "BGREWRITEAOF", "yes"},
	} {
		b.Run(test.name, func(b *testing.B) {
			s := filled(b, "appendonly", test.appendonly)
			if test.command != "" {
				s.Client().Send(test.command)
				s.Advance(1_000_000)
			}
			disk := s.Disk.Image(vfs.ProcessKill, 0)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			longest := time.Duration(0)
			for b.Loop() {
				again, err := servertest.Open(disk, s.Now, "appendonly", test.appendonly)
				if err != nil {
					b.Fatal(err)
				}
				for again.Loading() {
					began := threadtime.Used()
					again.Step(again.Now)
					longest = max(longest, threadtime.Used()-began)
				}
				if n := again.Space().DBs[0].Len(); n != benchKeys {
					b.Fatalf("%d keys", n)
				}
			}
			b.ReportMetric(float64(longest.Microseconds())/1000, "longest-hold-ms")
			b.ReportMetric(float64(b.N)*benchKeys/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// BenchmarkLoad tells what a million new strings cost, a hundred SETs a batch,
// and how much of it is the append-only file with its automatic rewrite. The
// time is the thread's own, and the server's clock goes by it.
func BenchmarkLoad(b *testing.B) {
	const keys, each = 1_000_000, 100
	var batches [][]byte
	value := []byte(strings.Repeat("x", 100))
	for i := 0; i < keys; i += each {
		var batch []byte
		for k := i; k < i+each; k++ {
			batch = resp.AppendCommand(batch, []byte("SET"), fmt.Appendf(nil, "key:%012d", k), value)
		}
		batches = append(batches, batch)
	}
	for _, appendonly := range []string{"no", "yes"} {
		b.Run("appendonly="+appendonly, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var used time.Duration
			for b.Loop() {
				s := servertest.New(b, "appendonly", appendonly, "save", "")
				c := s.Client()
				runtime.GC()
				from, start := threadtime.Used(), s.Now
				for _, batch := range batches {
					s.Receive(c.ID, batch)
					s.Step(s.Now)
					s.Output(c.ID)
					s.Now = start + (threadtime.Used() - from).Microseconds()
				}
				used += threadtime.Used() - from
				if n := s.Space().DBs[0].Len(); n != keys {
					b.Fatalf("%d keys", n)
				}
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/keys, "thread-ns/key")
		})
	}
}
