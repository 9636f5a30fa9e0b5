package graph

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"everysec/engine/ds/arena"
)

type node struct {
	name     string
	next     *node
	count    *int // within another node, or not
	number   int
	bytes    []byte
	sub      []byte // of bytes
	list     []node
	element  *node // of list
	byName   map[string]*node
	sameMap  map[string]*node
	any      any
	memory   *arena.Arena
	call     func() int
	constant *int
}

// What was one thing is one thing in the copy, what were two are two, and nothing
// of the copy leads back.
func TestACopyHasTheSameShape(t *testing.T) {
	n := &node{name: "first", number: 1, bytes: make([]byte, 3, 9000), list: make([]node, 2, 7)}
	n.count, n.next, n.sub = &n.number, n, n.bytes[1:3]
	n.element = &n.list[1]
	n.byName = map[string]*node{"self": n, "element": n.element}
	n.sameMap, n.any = n.byName, n.element
	n.memory = arena.New()
	small, large := n.memory.Alloc(100), n.memory.Alloc(1<<20)
	n.memory.Bytes(small)[5], n.memory.Bytes(large)[1<<19] = 'a', 'b'

	c, size, err := Copy(n, arenaRules())
	if err != nil {
		t.Fatal(err)
	}
	if size < 9000+1<<20 {
		t.Errorf("the copy is said to have %d bytes", size)
	}
	// The original changes, the copy does not.
	*n.count, n.bytes[1], n.list[1].name = 2, 'x', "changed"
	n.byName["new"] = n
	n.memory.Bytes(small)[5], n.memory.Bytes(large)[1<<19] = 'c', 'd'
	if c.number != 1 || c.bytes[1] != 0 || c.list[1].name != "" || len(c.byName) != 2 || c.memory.Bytes(small)[5] != 'a' || c.memory.Bytes(large)[1<<19] != 'b' {
		t.Errorf("the copy has changed with the original: %+v", c)
	}
	// The copy changes as one.
	*c.count, c.bytes[2], c.list[1].name = 3, 'y', "second"
	c.sameMap["new"] = c
	if c.number != 3 || c.sub[1] != 'y' || c.element.name != "second" || c.any.(*node).name != "second" || c.byName["new"] != c || c.byName["self"] != c || c.next != c || c.byName["element"] != &c.list[1] {
		t.Errorf("what was one thing is two in the copy: %+v", c)
	}
	if cap(c.bytes) != 9000 || len(c.list) != 2 {
		t.Errorf("a slice has another length: %d, %d", cap(c.bytes), len(c.list))
	}
	if n.number != 2 || n.bytes[2] != 0 || n.list[1].name != "changed" || n.byName["new"] != n {
		t.Error("the original has changed with the copy")
	}
}

func arenaRules() *Rules {
	return &Rules{
		Fields: map[string]Rule{"arena.Arena.bases": Share},
		Memory: map[reflect.Type]func(unsafe.Pointer, func([]byte) []byte){
			reflect.TypeFor[arena.Arena](): func(a unsafe.Pointer, copied func([]byte) []byte) { (*arena.Arena)(a).Relocate(copied) },
		},
	}
}

func TestAFunctionIsRefusedUnlessARuleNamesIt(t *testing.T) {
	n := &node{list: []node{{call: func() int { return 7 }}}}
	if _, _, err := Copy(n, &Rules{}); err == nil || !strings.Contains(err.Error(), "graph.node.call cannot be copied") {
		t.Errorf("a function is copied: %v", err)
	}
	shared, _, err := Copy(n, &Rules{Fields: map[string]Rule{"graph.node.call": Share}})
	if err != nil || shared.list[0].call() != 7 {
		t.Errorf("a function that may be shared is not: %v", err)
	}
	without, _, err := Copy(n, &Rules{Fields: map[string]Rule{"graph.node.call": Forget}})
	if err != nil || without.list[0].call != nil || n.list[0].call == nil {
		t.Errorf("a function that is to be forgotten is not: %v", err)
	}
	n = &node{any: func() {}}
	if _, _, err := Copy(n, &Rules{}); err == nil {
		t.Error("a function in an interface is copied")
	}
	n = &node{bytes: make([]byte, 1000)}
	if _, _, err := Copy(n, &Rules{Limit: 1000}); err == nil {
		t.Error("more than the limit is copied")
	}
}

type fixed struct{ b [10]byte }

func (f *fixed) Fixed() (int, bool) { return len(f.b), f.b[9] != 0 }

func TestWhatDoesNotChangeIsShared(t *testing.T) {
	constant := new(int)
	n := &node{constant: constant}
	c, _, err := Copy(n, &Rules{Shared: map[string]bool{"*int": true}})
	if err != nil || c.constant != constant {
		t.Errorf("a constant was copied: %v", err)
	}
	list := &struct{ all []*fixed }{[]*fixed{{}, {}}}
	list.all[1].b[9] = 1
	told := 0
	l, _, err := Copy(list, &Rules{Shares: func(_ unsafe.Pointer, size int) { told += size }})
	if err != nil || l.all[0] == list.all[0] || l.all[1] != list.all[1] || told != 10 {
		t.Errorf("of two pages the full one is to be shared: %v", err)
	}
}
