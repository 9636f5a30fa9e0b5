package run

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
	"everysec/wasm/idb/idbtest"
	"everysec/wasm/playground/host"
)

// batch is so many SETs and GETs from one client in one message.
func batch(n, from int) []byte {
	var data []byte
	for i := range n / 2 {
		key := fmt.Appendf(nil, "key:%d", (from+i)%10_000)
		data = resp.AppendCommand(data, []byte("SET"), key, []byte("some value"))
		data = resp.AppendCommand(data, []byte("GET"), key)
	}
	return bridge.Append(binary.LittleEndian.AppendUint32(nil, 1), bridge.Frame{Kind: bridge.KindInput, ID: 1, Data: data})
}

// What the record costs: the same pipelines of 100 commands with and without it.
// An operation is one command.
func BenchmarkRecord(b *testing.B) {
	options := host.Options{Post: func([]byte) {}, Commit: func(uint32, []byte) {}, Ask: func(idb.Ask) {}, Stopwatch: func() int64 { return 1 }}
	settings := bridge.Record(nil).String("memory:").Int(1).Int(0)
	image := (&idbtest.Store{}).Image(idb.Memory, "")
	connect := bridge.Append(binary.LittleEndian.AppendUint32(nil, 1), bridge.Frame{Kind: bridge.KindConnect, ID: 1})
	message := batch(100, 0)
	b.Run("off", func(b *testing.B) {
		h := host.New(options)
		h.Configure(readSettings(settings))
		h.Stored(image, 1)
		h.Exec(connect, 2)
		for n := 0; b.Loop(); n++ {
			for range 10 {
				h.Exec(message, int64(n)*1000)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/command")
	})
	b.Run("on", func(b *testing.B) {
		r := New(options)
		r.Configure(settings)
		r.Stored(image, 1)
		r.Exec(connect, 2)
		for n := 0; b.Loop(); n++ {
			if r.log.size > Limit/2 {
				r.log = &Log{} // it would end
			}
			for range 10 {
				r.Exec(message, int64(n)*1000)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/command")
	})
}

// BenchmarkSeek plays a run of 100,000 commands, each sent alone, from its
// beginning to its end, as a step back from the end does.
func BenchmarkSeek(b *testing.B) {
	r := New(host.Options{Post: func([]byte) {}, Commit: func(uint32, []byte) {}, Ask: func(idb.Ask) {}, Stopwatch: func() int64 { return 1 }})
	r.Configure(bridge.Record(nil).String("memory:").Int(1).Int(0))
	r.Stored((&idbtest.Store{}).Image(idb.Memory, ""), 1)
	r.Exec(bridge.Append(binary.LittleEndian.AppendUint32(nil, 1), bridge.Frame{Kind: bridge.KindConnect, ID: 1}), 2)
	for n := range 100_000 {
		data := resp.AppendCommand(nil, []byte("SET"), fmt.Appendf(nil, "key:%d", n%10_000), []byte("some value"))
		r.Exec(bridge.Append(binary.LittleEndian.AppendUint32(nil, 1), bridge.Frame{Kind: bridge.KindInput, ID: 1, Data: data}), int64(n)*1000)
	}
	r.past = &past{log: r.log, end: r.log.entries}
	for b.Loop() {
		r.past.stage = nil
		if _, err := r.past.play(r, r.past.end, func() bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(r.log.size)/100_000, "bytes/command")
}

// hour is a run of an hour with 400,000 commands, each sent alone, on so many
// keys, with an append-only file and the ticks of an idle server.
func hour(b *testing.B, keys, size int) *Recorder {
	begun := time.Now()
	var r *Recorder
	wall := int64(1_700_000_000_000_000)
	var ended []uint32
	r = New(host.Options{
		Post: func([]byte) {}, Commit: func(n uint32, _ []byte) { ended = append(ended, n) }, Ask: func(idb.Ask) {},
		Stopwatch: func() int64 { return time.Since(begun).Microseconds() },
	})
	r.Configure(bridge.Record(nil).String("idb://hour").Int(1).Int(1).String("appendonly").String("yes"))
	r.Stored((&idbtest.Store{}).Image(idb.Kept, ""), wall)
	tick := func(until int64) {
		for {
			for _, n := range ended {
				ended = ended[1:]
				r.Committed(n, "", wall+1000)
			}
			delay := r.Delay()
			if wall+delay > until {
				break
			}
			wall += max(delay, 1)
			r.Tick(wall)
		}
		wall = until
	}
	tick(wall + 1_000_000)
	r.Exec(bridge.Append(binary.LittleEndian.AppendUint32(nil, 1), bridge.Frame{Kind: bridge.KindConnect, ID: 1}), wall)
	value := bytes.Repeat([]byte("v"), size)
	const commands = 400_000
	for n := range commands {
		data := resp.AppendCommand(nil, []byte("SET"), fmt.Appendf(nil, "key:%d", n*7919%keys), value)
		r.Exec(bridge.Append(binary.LittleEndian.AppendUint32(nil, 1), bridge.Frame{Kind: bridge.KindInput, ID: 1, Data: data}), wall)
		tick(wall + 3600_000_000/commands)
	}
	return r
}

// BenchmarkStepBack goes from the end of such a run to the moment before, and to
// moments all over it, as the slider does: played from the start, and from the
// nearest keyframe.
func BenchmarkStepBack(b *testing.B) {
	for _, c := range []struct{ keys, size int }{{1000, 20}, {200_000, 100}} {
		r := hour(b, c.keys, c.size)
		p := r.lookAt(r.log)
		if _, err := p.play(r, p.end, always); err != nil {
			b.Fatal(err)
		}
		last := len(p.moments) - 1
		name := fmt.Sprintf("%d-keys-of-%d", c.keys, c.size)
		seek := func(b *testing.B, p *past, n int) time.Duration {
			begun := time.Now()
			if _, err := p.play(r, p.moments[n].played, always); err != nil {
				b.Fatal(err)
			}
			return time.Since(begun)
		}
		b.Run(name+"/start", func(b *testing.B) {
			for b.Loop() {
				none := &past{log: p.log, end: p.end, moments: p.moments, found: p.found, keyframes: newKeyframes(math.MaxInt64)}
				seek(b, none, last-1)
			}
		})
		b.Run(name+"/keyframes", func(b *testing.B) {
			longest, sum, n := time.Duration(0), time.Duration(0), 0
			random := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				for _, to := range []int{last - 1, last - 2, random.IntN(last + 1)} {
					took := seek(b, p, to)
					longest, sum, n = max(longest, took), sum+took, n+1
				}
			}
			b.ReportMetric(float64(sum.Microseconds())/1000/float64(n), "ms/seek")
			b.ReportMetric(float64(longest.Microseconds())/1000, "ms-longest")
			b.ReportMetric(float64(len(p.frames)), "keyframes")
			b.ReportMetric(float64(p.bytes)/1e6, "MB")
			b.ReportMetric(float64(p.cost)/1000, "ms-to-make")
			b.ReportMetric(0, "ns/op")
		})
		b.Logf("%s: %d entries, %d moments, %.1f MB of record", name, p.end, last+1, float64(r.log.size)/1e6)
	}
}
