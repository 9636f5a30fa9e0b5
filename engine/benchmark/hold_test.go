package benchmark

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"everysec/engine/benchmark/threadtime"
	"everysec/engine/resp"
	"everysec/engine/server"
	"everysec/engine/vfs"
)

// How long a snapshot holds the thread at most: what a client that comes in
// at the worst moment waits. The server is in this process, its disk in memory;
// a step is measured by the processor time of its thread, so that a busy
// machine is not taken for a slow one. The collector's pauses are in it.

// holdCase is a dataset, and what clients do during the snapshot.
type holdCase struct {
	name  string
	build func(i int) []byte // requests until nil
	write func(i int) []byte // of each step; nil: nobody writes
}

const million = 1_000_000

func request(words ...string) []byte {
	args := make([][]byte, len(words))
	for i, w := range words {
		args[i] = []byte(w)
	}
	return resp.AppendCommand(nil, args...)
}

func holdCases() []holdCase {
	const atOnce = 100
	value := strings.Repeat("v", 100)
	name := func(i int) string { return fmt.Sprintf("key:%012d", i) }
	keys := func(i int) (b []byte) {
		for n := i * atOnce; n < min((i+1)*atOnce, million); n++ {
			b = append(b, request("SET", name(n), value)...)
		}
		return b
	}
	hash := func(i int) []byte {
		if i*atOnce >= million {
			return nil
		}
		words := []string{"HSET", "hash"}
		for n := i * atOnce; n < (i+1)*atOnce; n++ {
			words = append(words, "field:"+strconv.Itoa(n), value)
		}
		return request(words...)
	}
	sets := func(i int) (b []byte) {
		for n := range 16 {
			b = append(b, request("SET", name((i*16+n)*7919%million), value+"!")...)
		}
		return b
	}
	return []holdCase{
		{"1,000,000 keys", keys, nil},
		{"1,000,000 keys, while clients write", keys, sets},
		{"a hash of 1,000,000 fields", hash, nil},
		{"a hash of 1,000,000 fields, while clients write to it and to others", hash, func(i int) []byte {
			return append(request("HSET", "hash", "field:"+strconv.Itoa(i*7919%million), "changed"), sets(i)...)
		}},
	}
}

// Hold is the longest steps of a server, in milliseconds.
type Hold struct {
	Name string
	// Snapshot is the longest step during a BGSAVE, P99 what 99 of 100 stay
	// below; Without is the longest of as many steps without one.
	Snapshot, P99, Without float64
	Steps                  int
	Seconds                float64 // processor time of the snapshot, commands included
}

func (c *holdCase) measure() (Hold, error) {
	h := Hold{Name: c.name}
	now := int64(1_700_000_000_000_000)
	disk := vfs.New(vfs.Options{})
	s, err := server.Open(now, server.Options{FS: disk, Config: [][2]string{{"save", ""}}})
	if err != nil {
		return h, err
	}
	defer s.Abandon()
	client := s.Connect(now, "127.0.0.1:1")
	writers := map[uint64]bool{} // whether its replies have come, so that it sends again
	var order []uint64
	for range 8 {
		id := s.Connect(now, "127.0.0.1:1")
		writers[id], order = true, append(order, id)
	}
	step := func() float64 {
		began := threadtime.Used()
		disk.Advance(now)
		s.Step(now)
		took := threadtime.Used() - began
		now += max(took.Microseconds(), 1)
		return float64(took.Nanoseconds()) / 1e6
	}
	take := func() (out string) {
		for _, id := range s.OutputReady() {
			b, _ := s.Output(id)
			out += string(b)
			writers[id] = true
		}
		return out
	}
	for i := 0; ; i++ {
		b := c.build(i)
		if b == nil {
			break
		}
		s.Receive(client, b)
		step()
		take()
	}
	runtime.GC()
	info := func(field string) string {
		for line := range strings.SplitSeq(string(s.Info([]string{"persistence"})), "\r\n") {
			if name, value, _ := strings.Cut(line, ":"); name == field {
				return value
			}
		}
		return ""
	}
	writes := 0
	write := func() {
		writes++
		id := order[writes%len(order)]
		if c.write != nil && writers[id] {
			writers[id] = false
			s.Receive(id, c.write(writes))
		}
	}
	s.Receive(client, request("BGSAVE"))
	var steps []float64
	for running := true; running; running = info("rdb_bgsave_in_progress") == "1" {
		write()
		took := step()
		steps = append(steps, took)
		h.Seconds += took / 1000
		if out := take(); len(steps) == 1 && !strings.Contains(out, "+Background saving started") {
			return h, errors.New("BGSAVE: " + out)
		}
	}
	if status := info("rdb_last_bgsave_status"); status != "ok" {
		return h, errors.New("rdb_last_bgsave_status:" + status)
	}
	for range steps {
		write()
		h.Without = max(h.Without, step())
		take()
	}
	slices.Sort(steps)
	h.Snapshot, h.P99, h.Steps = steps[len(steps)-1], steps[len(steps)*99/100], len(steps)
	return h, nil
}

// BenchmarkSnapshotHold tells the longest step of a server during a BGSAVE,
// the longest without one, and the processor time of all of it.
func BenchmarkSnapshotHold(b *testing.B) {
	for _, c := range holdCases() {
		b.Run(c.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var worst Hold
			for range b.N {
				h, err := c.measure()
				if err != nil {
					b.Fatal(err)
				}
				if h.Snapshot > worst.Snapshot {
					worst = h
				}
			}
			b.ReportMetric(worst.Snapshot, "longest-ms")
			b.ReportMetric(worst.P99, "p99-ms")
			b.ReportMetric(worst.Without, "without-ms")
			b.ReportMetric(worst.Seconds, "cpu-s")
		})
	}
}
