package run

import (
	"encoding/binary"
	"fmt"
	"testing"

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
