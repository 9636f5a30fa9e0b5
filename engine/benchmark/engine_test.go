package benchmark

import (
	"fmt"
	"testing"

	"everysec/engine/resp"
	"everysec/engine/server"
	"everysec/engine/vfs"
)

// What a command costs inside the engine, from the bytes of a request to the
// bytes of its reply: no socket, no bridge, a disk in memory. These are for
// profiles (go test -bench Engine -cpuprofile ...) and run as wasm too.

// batch is how many commands arrive together, as at 100 a bridge call.
const batch = 100

// workload is one command; i counts on for ever.
type workload struct {
	name    string
	command func(dst []byte, i int) []byte
	prepare func(dst []byte, i int) []byte // n of these run before, not measured
	n       int
}

func words(dst []byte, list ...string) []byte {
	args := make([][]byte, len(list))
	for i, w := range list {
		args[i] = []byte(w)
	}
	return resp.AppendCommand(dst, args...)
}

const keys = 10000

func key(i int) string { return fmt.Sprintf("key:%012d", i%keys) }

func workloads() []workload {
	value := string(make([]byte, 100))
	set := func(dst []byte, i int) []byte { return words(dst, "SET", key(i), value) }
	list := []workload{
		{name: "PING", command: func(dst []byte, i int) []byte { return words(dst, "PING") }},
		{name: "SET", command: set},
		{name: "GET", command: func(dst []byte, i int) []byte { return words(dst, "GET", key(i)) }, prepare: set, n: keys},
		{name: "INCR", command: func(dst []byte, i int) []byte { return words(dst, "INCR", key(i)) }},
	}
	for _, members := range []int{1000, 100000} {
		member := func(i int) string { return fmt.Sprintf("member:%d", i*7919%members) }
		for _, w := range []workload{
			{name: "HSET", command: func(dst []byte, i int) []byte {
				return words(dst, "HSET", "collection", member(i), "value:"+fmt.Sprint(i))
			}},
			{name: "ZADD", command: func(dst []byte, i int) []byte {
				return words(dst, "ZADD", "collection", fmt.Sprint(i*31%members), member(i))
			}},
			{name: "LPUSH", command: func(dst []byte, i int) []byte { return words(dst, "LPUSH", "collection", member(i)) }},
		} {
			w.name += fmt.Sprintf("/%d", members)
			w.prepare, w.n = w.command, members
			list = append(list, w)
		}
	}
	return list
}

func BenchmarkEngine(b *testing.B) {
	for _, aof := range []string{"no", "yes"} {
		for _, w := range workloads() {
			b.Run("aof="+aof+"/"+w.name, func(b *testing.B) { measure(b, w, aof) })
		}
	}
}

func measure(b *testing.B, w workload, aof string) {
	now := int64(1_700_000_000_000_000)
	disk := vfs.New(vfs.Options{})
	s, err := server.Open(now, server.Options{
		FS: disk, Config: [][2]string{{"appendonly", aof}, {"save", ""}},
		Stopwatch: func() int64 { return now },
	})
	if err != nil {
		b.Fatal(err)
	}
	id := s.Connect(now, "127.0.0.1:1")
	step := func() {
		now += 50
		disk.Advance(now)
		s.Step(now)
		for _, ready := range s.OutputReady() {
			s.Output(ready)
		}
	}
	step()
	if w.prepare != nil {
		for from := 0; from < w.n; from += batch {
			var in []byte
			for i := from; i < min(from+batch, w.n); i++ {
				in = w.prepare(in, i)
			}
			s.Receive(id, in)
			step()
		}
	}
	// The requests are made before, so that only the engine is measured.
	inputs := make([][]byte, 1000)
	for i := range inputs {
		for k := range batch {
			inputs[i] = w.command(inputs[i], i*batch+k)
		}
	}
	b.ReportAllocs()
	i := 0
	for done := 0; done < b.N; done += batch {
		if done == 0 {
			b.ResetTimer()
		}
		s.Receive(id, inputs[i%len(inputs)])
		step()
		i++
	}
	b.StopTimer()
	if b.Elapsed() > 0 {
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
	}
}
