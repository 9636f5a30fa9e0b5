package rax

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"everysec/engine/ds/arena"
)

// canonicalNodes counts the positions at which a node must begin: the root,
// where a key ends, where ways fork, and behind each fork.
func canonicalNodes(keys []string) int {
	next := map[string]map[byte]bool{}
	for _, k := range keys {
		for i := range len(k) {
			if next[k[:i]] == nil {
				next[k[:i]] = map[byte]bool{}
			}
			next[k[:i]][k[i]] = true
		}
	}
	starts := map[string]bool{"": true}
	for _, k := range keys {
		starts[k] = true
	}
	for prefix, ways := range next {
		if len(ways) > 1 {
			starts[prefix] = true
			for c := range ways {
				starts[prefix+string([]byte{c})] = true
			}
		}
	}
	return len(starts)
}

func drawKey(fixed bool) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if fixed { // as stream IDs are: they differ near the end
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], rapid.Uint64Range(0, 3).Draw(t, "far")<<33|rapid.Uint64Range(0, 700).Draw(t, "near"))
			return string(b[:])
		}
		return string(rapid.SliceOfN(rapid.SampledFrom([]byte("abc\x00\xff")), 0, 7).Draw(t, "key"))
	})
}

func TestTreeIsASortedMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := arena.New()
		var tree Tree
		model := map[string]uint64{}
		fixed := rapid.Bool().Draw(t, "fixed length")
		keys := drawKey(fixed)
		removed := false
		for step := range rapid.IntRange(0, 120).Draw(t, "steps") {
			key := keys.Draw(t, "key")
			_, had := model[key]
			if rapid.IntRange(0, 2).Draw(t, "operation") == 0 {
				value, ok := tree.Remove(a, []byte(key))
				if ok != had || value != model[key] {
					t.Fatalf("Remove(%q) = %d, %v; want %d, %v", key, value, ok, model[key], had)
				}
				delete(model, key)
				removed = removed || had
			} else {
				if added := tree.Insert(a, []byte(key), uint64(step)); added == had {
					t.Fatalf("Insert(%q) added = %v", key, added)
				}
				model[key] = uint64(step)
			}
		}
		var sorted []string
		for key := range model {
			sorted = append(sorted, key)
		}
		slices.Sort(sorted)
		if tree.Len() != len(model) {
			t.Fatalf("Len = %d, want %d", tree.Len(), len(model))
		}
		if want := canonicalNodes(sorted); (fixed || !removed) && tree.Nodes() != want {
			t.Fatalf("%d nodes, want %d for %q", tree.Nodes(), want, sorted)
		}
		checkOrder(t, a, &tree, sorted, model)
		for range 10 {
			checkSeek(t, a, &tree, sorted, keys.Draw(t, "seek"))
		}
		tree.Free(a, nil)
		if a.Used() != 0 {
			t.Fatalf("%d bytes were not given back", a.Used())
		}
	})
}

func checkOrder(t *rapid.T, a *arena.Arena, tree *Tree, sorted []string, model map[string]uint64) {
	var it Iterator
	it.Start(a, tree)
	i := 0
	for ok := it.First(); ok; ok = it.Next() {
		if i >= len(sorted) || string(it.Key()) != sorted[i] || it.Value() != model[sorted[i]] {
			t.Fatalf("key %d is %q", i, it.Key())
		}
		if v, ok := tree.Find(a, it.Key()); !ok || v != it.Value() {
			t.Fatalf("Find(%q) = %d, %v", it.Key(), v, ok)
		}
		i++
	}
	if i != len(sorted) {
		t.Fatalf("%d keys of %d", i, len(sorted))
	}
	if key, value := tree.Last(a, nil); (value != nil) != (len(sorted) > 0) || value != nil && (string(key) != sorted[i-1] || *value != model[sorted[i-1]]) {
		t.Fatalf("Last is %q", key)
	}
	for ok := it.Last(); ok; ok = it.Prev() {
		i--
		if i < 0 || string(it.Key()) != sorted[i] {
			t.Fatalf("backwards, key %d is %q", i, it.Key())
		}
	}
	if i != 0 {
		t.Fatalf("backwards %d keys are missing", i)
	}
}

func checkSeek(t *rapid.T, a *arena.Arena, tree *Tree, sorted []string, key string) {
	var it Iterator
	it.Start(a, tree)
	i, exact := slices.BinarySearch(sorted, key)
	if ok := it.SeekGE([]byte(key)); ok != (i < len(sorted)) || ok && string(it.Key()) != sorted[i] {
		t.Fatalf("SeekGE(%q) = %v at %q in %q", key, ok, it.Key(), sorted)
	} else if ok && it.Next() != (i+1 < len(sorted)) {
		t.Fatalf("no Next after SeekGE(%q)", key)
	}
	if !exact {
		i--
	}
	if ok := it.SeekLE([]byte(key)); ok != (i >= 0) || ok && string(it.Key()) != sorted[i] {
		t.Fatalf("SeekLE(%q) = %v at %q in %q", key, ok, it.Key(), sorted)
	} else if ok && it.Prev() != (i > 0) {
		t.Fatalf("no Prev after SeekLE(%q)", key)
	}
}

// A way of many nodes, one behind the other, needs no stack of the machine.
func TestDeepTree(t *testing.T) {
	a := arena.New()
	var tree Tree
	key := bytes.Repeat([]byte("x"), 5000)
	for n := range key {
		tree.Insert(a, key[:n], uint64(n))
	}
	var it Iterator
	it.Start(a, &tree)
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if len(it.Key()) != n || it.Value() != uint64(n) {
			t.Fatalf("key %d has %d bytes", n, len(it.Key()))
		}
		n++
	}
	for n = range key {
		if v, ok := tree.Remove(a, key[:n]); !ok || v != uint64(n) {
			t.Fatalf("Remove of %d bytes = %d, %v", n, v, ok)
		}
	}
	tree.Free(a, nil)
	if tree.Len() != 0 || a.Used() != 0 {
		t.Fatalf("%d keys, %d bytes left", tree.Len(), a.Used())
	}
}

func TestFreeShowsEveryValue(t *testing.T) {
	a := arena.New()
	var tree Tree
	for i := range uint64(1000) {
		tree.Insert(a, binary.BigEndian.AppendUint64(nil, i*i), i)
	}
	sum := uint64(0)
	tree.Free(a, func(v uint64) { sum += v })
	if sum != 999*1000/2 || tree.Nodes() != 1 {
		t.Fatalf("sum %d, %d nodes", sum, tree.Nodes())
	}
}

// Slices free as many nodes as they say, and each value is shown once.
func TestFreeSome(t *testing.T) {
	for _, slice := range []int{1, 7, 1000, 1 << 20} {
		a := arena.New()
		var tree Tree
		for i := range uint64(1000) {
			tree.Insert(a, fmt.Append(nil, "a common way to ", i), i) // runs, forks, and keys on the way
		}
		seen := map[uint64]bool{}
		nodes, steps := tree.Nodes(), 0
		for all := 0; ; steps++ {
			freed := tree.FreeSome(a, slice, func(v uint64) { seen[v] = true })
			if all += freed; freed < slice {
				if all != nodes {
					t.Errorf("slices of %d freed %d nodes of %d", slice, all, nodes)
				}
				break
			}
			if tree.Nodes() != max(nodes-all, 1) || tree.Len() != 1000-len(seen) {
				t.Fatalf("after %d nodes of %d there are %d, and %d keys; %d have been shown", all, nodes, tree.Nodes(), tree.Len(), len(seen))
			}
		}
		if len(seen) != 1000 || tree.Len() != 0 || a.Used() != 0 || steps != nodes/slice {
			t.Errorf("slices of %d: %d values were shown in %d steps, %d keys and %d bytes are left", slice, len(seen), steps, tree.Len(), a.Used())
		}
		if tree.Insert(a, []byte("again"), 1); tree.Len() != 1 {
			t.Error("not usable after it was freed")
		}
	}
}

func BenchmarkInsertRising(b *testing.B) {
	a := arena.New()
	var tree Tree
	var key [16]byte
	for i := range b.N {
		binary.BigEndian.PutUint64(key[:], uint64(i))
		tree.Insert(a, key[:], uint64(i))
	}
}
