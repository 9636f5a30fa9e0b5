package differential

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"everysec/engine/redistest"
)

// memoryCase is a data set that both servers load.
type memoryCase struct {
	name string
	keys int // asked one by one with MEMORY USAGE, at most a hundred of them
	load func(add func(args ...string))
	// usage and used are how far MEMORY USAGE and used_memory may be from what
	// redis-server says, in percent. The one has only the levels of skiplists to
	// chance; the other is as near as a few figures kept in passing bring it.
	usage, used float64
}

func text(n, seed int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz"[(i*7+seed*13+i*i*seed)%26]
	}
	return string(b)
}

// collections are keys of one type with so many elements each.
func collections(keys, elements int, add func(key string, i int) []string) func(func(args ...string)) {
	return func(send func(args ...string)) {
		for k := range keys {
			for i := range elements {
				send(add("key:"+strconv.Itoa(k), i)...)
			}
		}
	}
}

func memoryCases() []memoryCase {
	var cases []memoryCase
	add := func(name string, keys, elements int, usage, used float64, element func(key string, i int) []string) {
		cases = append(cases, memoryCase{fmt.Sprintf("%s, %d x %d", name, keys, elements), keys, collections(keys, elements, element), usage, used})
	}
	for _, size := range []int{1, 10, 44, 45, 100, 1000, 10000} {
		n := min(20000, 10_000_000/size)
		value := text(size, 3)
		add("string of "+strconv.Itoa(size)+" bytes", n, 1, 0, 14, func(key string, _ int) []string { return []string{"SET", key, value} })
	}
	add("integer below 10000", 20000, 1, 0, 34, func(key string, _ int) []string { return []string{"SET", key, "7"} })
	add("integer", 20000, 1, 0, 14, func(key string, _ int) []string { return []string{"SET", key, "1234567"} })
	add("string with expiry", 20000, 1, 0, 14, func(key string, _ int) []string { return []string{"SET", key, "value", "EX", "100000"} })
	for _, n := range []int{10, 100, 1000, 20000} {
		keys := max(20000/n, 1)
		add("list", keys, n, 1, 14, func(key string, i int) []string { return []string{"RPUSH", key, text(20, i)} })
		add("hash", keys, n, 1, 14, func(key string, i int) []string {
			return []string{"HSET", key, "field:" + strconv.Itoa(i), text(20, i)}
		})
		add("set of integers", keys, n, 1, 14, func(key string, i int) []string { return []string{"SADD", key, strconv.Itoa(i * 1000)} })
		add("set", keys, n, 1, 14, func(key string, i int) []string { return []string{"SADD", key, "member:" + strconv.Itoa(i)} })
		add("sorted set", keys, n, 1, 14, func(key string, i int) []string {
			return []string{"ZADD", key, strconv.Itoa(i), "member:" + strconv.Itoa(i)}
		})
		add("stream", keys, n, 1, 14, func(key string, i int) []string {
			return []string{"XADD", key, strconv.Itoa(i+1) + "-0", "sensor", strconv.Itoa(i), "value", text(10, i)}
		})
	}
	return cases
}

// load sends a batch to both servers.
func load(p *pair, batch [][]string) {
	for _, conn := range []*redistest.Conn{p.real, p.ours} {
		for _, args := range batch {
			conn.Send(words(args)...)
		}
	}
	for range batch {
		p.real.Receive()
		p.ours.Receive()
	}
}

// settled waits until the loading client and its buffers are gone, and no table is
// being rehashed.
func settled(c *redistest.Conn) {
	for !strings.Contains(string(c.Do("INFO", "clients")), "connected_clients:1\r") || strings.Contains(string(c.Do("DEBUG", "HTSTATS", "0")), "rehashing target") {
		time.Sleep(5 * time.Millisecond)
	}
}

// usedMemory is that of INFO, when what the connection does has settled.
func usedMemory(t *testing.T, c *redistest.Conn) float64 {
	t.Helper()
	least := math.MaxFloat64
	for range 2 {
		for line := range strings.SplitSeq(string(c.Do("INFO", "memory")), "\r\n") {
			if value, is := strings.CutPrefix(line, "used_memory:"); is {
				n, err := strconv.ParseFloat(value, 64)
				if err != nil {
					t.Fatal(err)
				}
				least = min(least, n)
			}
		}
	}
	return least
}

// TestMemoryFigures loads the same data into both servers and says how far our
// figures are from theirs.
func TestMemoryFigures(t *testing.T) {
	t.Parallel()
	real := redistest.Start(t)
	ours := native(t)
	asking := newPair(t, real, ours, "2")
	var worstUsage, worstUsed float64
	t.Logf("%-34s %12s %12s %7s   %12s %12s %7s", "data", "MEMORY USAGE", "redis-server", "error", "used_memory", "redis-server", "error")
	cases := memoryCases()
	for _, c := range append(cases[:1:1], cases...) { // the first warms them up
		asking.run([][]string{{"FLUSHALL"}})
		before := [2]float64{usedMemory(t, asking.real), usedMemory(t, asking.ours)}
		p := newPair(t, real, ours, "2") // whose buffers will be gone with it
		var batch [][]string
		c.load(func(args ...string) {
			if batch = append(batch, args); len(batch) == 500 {
				load(p, batch)
				batch = batch[:0]
			}
		})
		load(p, append(batch, []string{"QUIT"}))
		var used, usage [2]float64
		for i, conn := range []*redistest.Conn{asking.real, asking.ours} {
			settled(conn)
			used[i] = usedMemory(t, conn) - before[i]
			for k := range min(c.keys, 100) {
				conn.Send(words([]string{"MEMORY", "USAGE", "key:" + strconv.Itoa(k), "SAMPLES", "0"})...)
				_, v := conn.Receive()
				usage[i] += float64(v.Int)
			}
		}
		usageError, usedError := (usage[1]/usage[0]-1)*100, (used[1]/used[0]-1)*100
		n := float64(min(c.keys, 100))
		t.Logf("%-34s %12.0f %12.0f %+6.1f%%   %12.0f %12.0f %+6.1f%%", c.name, usage[1]/n, usage[0]/n, usageError, used[1], used[0], usedError)
		if math.Abs(usageError) > c.usage+0.01 || math.Abs(usedError) > c.used {
			t.Errorf("%s: the error of MEMORY USAGE is %.1f%%, that of used_memory %.1f%%; at most %.0f%% and %.0f%% are promised", c.name, usageError, usedError, c.usage, c.used)
		}
		worstUsage, worstUsed = max(worstUsage, math.Abs(usageError)), max(worstUsed, math.Abs(usedError))
	}
	t.Logf("at most %.1f%% for MEMORY USAGE, %.1f%% for used_memory", worstUsage, worstUsed)
}
