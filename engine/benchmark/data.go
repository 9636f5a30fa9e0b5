package benchmark

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// DataSet is what a server is filled with: the same commands every time.
type DataSet struct {
	Name string
	Keys int
	// Commands yields every command that fills it, in order.
	Commands func(yield func(words ...string))
}

// DataSets are a million small strings, and keys of every type and encoding.
func DataSets() []DataSet {
	return []DataSet{stringsSet(1_000_000), mixedSet(10_000)}
}

// source makes text that no compression makes much smaller, as base64 would.
type source struct{ *rand.Rand }

func newSource() source { return source{rand.New(rand.NewPCG(1, 2))} }

func (s source) text(n int) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[s.IntN(len(digits))]
	}
	return string(b)
}

// stringsSet has keys of 16 bytes and values of 100.
func stringsSet(keys int) DataSet {
	return DataSet{
		Name: "strings", Keys: keys,
		Commands: func(yield func(words ...string)) {
			s := newSource()
			for i := range keys {
				yield("SET", fmt.Sprintf("key:%012d", i), s.text(100))
			}
		},
	}
}

// mixedSet has ten keys of each kind that is small, and a few that are not.
func mixedSet(each int) DataSet {
	const large, members = 4, 20_000
	return DataSet{
		Name: "mixed", Keys: 9*each + 6*large,
		Commands: func(yield func(words ...string)) {
			s := newSource()
			number := func() string { return strconv.Itoa(s.IntN(1_000_000)) }
			for i := range each {
				name := func(kind string) string { return kind + ":" + strconv.Itoa(i) }
				yield("SET", name("integer"), number())
				yield("SET", name("short"), s.text(20))
				yield("SET", name("long"), s.text(400))
				yield("SET", name("session"), s.text(64), "PXAT", strconv.Itoa(4_000_000_000_000+i))
				hash, list := []string{"HSET", name("hash")}, []string{"RPUSH", name("list")}
				set, integers, sorted := []string{"SADD", name("set")}, []string{"SADD", name("integers")}, []string{"ZADD", name("zset")}
				for k := range 8 {
					hash = append(hash, "field:"+strconv.Itoa(k), s.text(12))
					list = append(list, s.text(12))
					set = append(set, s.text(12))
					integers = append(integers, strconv.Itoa(k*1_000_000+s.IntN(1_000_000)))
					sorted = append(sorted, number(), "member:"+strconv.Itoa(k))
				}
				for _, words := range [][]string{hash, list, set, integers, sorted} {
					yield(words...)
				}
			}
			for i := range large {
				name := func(kind string) string { return "large-" + kind + ":" + strconv.Itoa(i) }
				for k := range members {
					member := "member:" + strconv.Itoa(k)
					yield("HSET", name("hash"), member, s.text(20))
					yield("RPUSH", name("list"), s.text(20))
					yield("SADD", name("set"), member)
					yield("SADD", name("integers"), strconv.Itoa(k*7))
					yield("ZADD", name("zset"), number(), member)
					yield("XADD", name("stream"), strconv.Itoa(1_700_000_000_000+k)+"-1", "sensor", number(), "value", s.text(20))
				}
			}
		},
	}
}
