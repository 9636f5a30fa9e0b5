package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/listpack"
	"everysec/engine/ds/quicklist"
)

const plainFrom = 300

// lister is what a scenario of list commands is played on.
type lister interface {
	fill(n int)
	push(head bool, v string)
	pop(head bool)
	insert(after bool, pivot, v string)
	set(i int, v string)
	remove(count int, v string)
	trim(start, n int)
	len() int
}

func listScenario(r *rand.Rand, l lister) {
	l.fill([]int{-2, -1, -5, 1, 2, 3, 4, 8, 16, 128}[r.IntN(10)])
	huge := r.IntN(3) == 0
	element := func() string {
		switch r.IntN(20) {
		case 0:
			if huge {
				return string(bytes.Repeat([]byte("p"), plainFrom+r.IntN(10)))
			}
		case 1, 2, 3:
			return fmt.Sprint(r.IntN(12)) // found by pivots and LREM
		case 4, 5, 6, 7, 8:
			return string(bytes.Repeat([]byte{byte('a' + r.IntN(3))}, 100+r.IntN(plainFrom-100)))
		}
		if v := value(r); len(v) < plainFrom {
			return string(v)
		}
		return "v"
	}
	for range 1 + r.IntN(250) {
		switch op := r.IntN(40); {
		case op < 20:
			for range 1 + r.IntN(5) {
				l.push(op < 8, element())
			}
		case op < 24:
			l.pop(op < 22)
		case op < 33:
			l.insert(op < 28, fmt.Sprint(r.IntN(12)), element())
		case op < 37:
			if n := l.len(); n > 0 {
				l.set(r.IntN(2*n)-n, element())
			}
		case op < 39:
			l.remove(r.IntN(5)-2, fmt.Sprint(r.IntN(12)))
		default:
			if n := l.len(); n > 0 {
				start := r.IntN(1 + n/10)
				l.trim(start, n-start-r.IntN(1+n/10))
			}
		}
	}
}

type theirList struct{ c *redisClient }

func (l theirList) fill(n int) {
	l.c.do("CONFIG", "SET", "list-max-listpack-size", strconv.Itoa(n))
	l.c.do("DEBUG", "QUICKLIST-PACKED-THRESHOLD", strconv.Itoa(plainFrom)+"b")
}

func (l theirList) push(head bool, v string) {
	l.c.do(map[bool]string{true: "LPUSH", false: "RPUSH"}[head], "l", v)
}

func (l theirList) pop(head bool) {
	l.c.do(map[bool]string{true: "LPOP", false: "RPOP"}[head], "l")
}

func (l theirList) insert(after bool, pivot, v string) {
	l.c.do("LINSERT", "l", map[bool]string{true: "AFTER", false: "BEFORE"}[after], pivot, v)
}

func (l theirList) set(i int, v string)        { l.c.do("LSET", "l", strconv.Itoa(i), v) }
func (l theirList) remove(count int, v string) { l.c.do("LREM", "l", strconv.Itoa(count), v) }
func (l theirList) len() int                   { return int(l.c.do("LLEN", "l").Int) }

func (l theirList) trim(start, n int) {
	l.c.do("LTRIM", "l", strconv.Itoa(start), strconv.Itoa(start+n-1))
}

type ourList struct{ quicklist.List }

func (l ourList) fill(n int) {
	l.SetFill(n)
	l.SetPlainFrom(plainFrom)
}

func (l ourList) push(head bool, v string) {
	if head {
		l.PushHead([]byte(v))
	} else {
		l.PushTail([]byte(v))
	}
}

func (l ourList) pop(head bool) {
	if head {
		l.PopHead(nil)
	} else {
		l.PopTail(nil)
	}
}

func (l ourList) insert(after bool, pivot, v string) {
	if after {
		l.InsertAfter([]byte(pivot), []byte(v))
	} else {
		l.InsertBefore([]byte(pivot), []byte(v))
	}
}

func (l ourList) set(i int, v string)        { l.Set(i, []byte(v)) }
func (l ourList) remove(count int, v string) { l.Remove([]byte(v), count) }
func (l ourList) trim(start, n int)          { l.Trim(start, n) }
func (l ourList) len() int                   { return l.Len() }

// The nodes of a list are those that Redis makes: the same elements in each,
// in the same bytes. A scenario's result is its nodes, each with its container
// and length before it.
func TestQuicklist(t *testing.T) {
	const rdbListQuicklist2 = 18
	appendNode := func(dst []byte, container int, data []byte) []byte {
		dst = append(dst, byte(container))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(data)))
		return append(dst, data...)
	}
	scenarios(t, "quicklist", 400, func(c *redisClient, r *rand.Rand) (nodes []byte) {
		listScenario(r, theirList{c})
		kind, d := c.dump("l")
		if d == nil {
			return nil
		}
		if kind != rdbListQuicklist2 {
			t.Fatalf("type %d", kind)
		}
		n, _ := d.length()
		for range n {
			container, _ := d.length()
			nodes = appendNode(nodes, container, d.bytes())
		}
		return nodes
	}, func(r *rand.Rand) (nodes []byte) {
		l := ourList{quicklist.New(arena.New(), -2)}
		listScenario(r, l)
		for container, data := range l.Nodes() {
			if container == quicklist.Packed {
				data = rewritten(t, data)
				if err := listpack.Validate(data, true); err != nil {
					t.Fatal(err)
				}
			}
			nodes = appendNode(nodes, int(container), data)
		}
		return nodes
	})
}
