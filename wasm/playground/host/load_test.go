package host

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
)

// A million keys, 100 commands a call, on a store that takes its time: how
// long they take, and how long any call held the engine.
func BenchmarkLoad(b *testing.B) {
	for range b.N {
		load(b, 1_000_000)
	}
}

func load(b *testing.B, keys int) {
	start := time.Now()
	wall := func() int64 { return 1_700_000_000_000_000 + time.Since(start).Microseconds() }
	type commit struct {
		number uint32
		due    int64
	}
	var commits []commit
	var answer []byte
	h := New(Options{
		Post: func(batch []byte) { answer = append(answer[:0], batch...) },
		Commit: func(transaction uint32, ops []byte) {
			commits = append(commits, commit{transaction, wall() + 2000 + int64(len(ops)/500)}) // 500 MB/s
		},
		Ask:       func(idb.Ask) {},
		Stopwatch: func() int64 { return time.Since(start).Microseconds() },
	})
	longest := map[string]time.Duration{}
	held := func(what string, run func()) {
		from := time.Now()
		run()
		longest[what] = max(longest[what], time.Since(from))
	}
	turn := func() {
		for len(commits) > 0 && commits[0].due <= wall() {
			number := commits[0].number
			commits = commits[1:]
			held("committed", func() { h.Committed(number, "", wall()) })
		}
		held("tick", func() { h.Tick(wall()) })
	}
	h.Configure(Settings{Store: "idb://bench"})
	h.Stored(bridge.Record(nil).Byte(byte(idb.Kept)).String("").Int(0).Int(0), wall())
	channel := []byte{0, 0, 0, 0}
	h.Exec(bridge.Append(channel, bridge.Frame{Kind: bridge.KindConnect, ID: 1}), wall())
	for h.engine == nil || h.engine.Loading() || h.engine.Held() {
		turn()
	}
	clear(longest)
	value := bytes.Repeat([]byte("x"), 100)
	b.ResetTimer()
	from := time.Now()
	for i := 0; i < keys; {
		var in []byte
		for range 100 {
			in = resp.AppendCommand(in, []byte("SET"), fmt.Appendf(nil, "key:%012d", i), value)
			i++
		}
		batch := bridge.Append(channel[:4:4], bridge.Frame{Kind: bridge.KindInput, ID: 1, Data: in})
		held("exec", func() { h.Exec(batch, wall()) })
		if i%20000 == 0 {
			turn()
		}
	}
	b.Logf("loaded in %v", time.Since(from).Round(time.Millisecond))
	b.Logf("while loading: %v", longest)
	b.Logf("used memory a key: %d", h.engine.UsedMemory()/int64(keys))
	clear(longest)
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); {
		turn()
		time.Sleep(time.Millisecond)
	}
	b.Logf("after: %v", longest)
	b.Logf("used memory a key: %d of %d keys", h.engine.UsedMemory()/int64(keys), h.engine.Space().DBs[0].Len())
}

// One command a call, as somebody who waits for each reply sends them.
func BenchmarkExecOne(b *testing.B) {
	wall := int64(1_700_000_000_000_000)
	h := New(Options{Post: func([]byte) {}, Commit: func(uint32, []byte) {}, Ask: func(idb.Ask) {}, Stopwatch: func() int64 { return wall }})
	h.Configure(Settings{Store: "memory:"})
	h.Stored(bridge.Record(nil).Byte(byte(idb.Memory)).String("").Int(0).Int(0), wall)
	channel := []byte{0, 0, 0, 0}
	h.Exec(bridge.Append(channel, bridge.Frame{Kind: bridge.KindConnect, ID: 1}), wall)
	get := bridge.Append(channel[:4:4], bridge.Frame{Kind: bridge.KindInput, ID: 1, Data: resp.AppendCommand(nil, []byte("GET"), []byte("key"))})
	b.ReportAllocs()
	for b.Loop() {
		wall += 60
		h.Exec(get, wall)
		h.Delay()
	}
}
