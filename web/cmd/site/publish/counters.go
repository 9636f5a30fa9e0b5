package publish

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// Tables of program counters, pctab: pairs of a value's change and a distance,
// by which the runtime finds for a place in a function how large its frame is
// there and which of its stack maps holds. straighten renumbers the places; here
// the tables follow.

// counters is what is known of the program counters of one function.
type counters struct {
	resumed []int // where it goes on after a recovered panic
	kept    []int // the old ones by the new, nil if they stayed
}

// calls are the old program counters at which to look up a new one in a table
// of stack maps: the runtime asks for what holds at a call by the return address
// less one, which is now what was the return address before.
func calls(kept []int) []int {
	if kept == nil {
		return nil
	}
	at := slices.Clone(kept)
	for i := range at[1:] {
		at[i] = kept[i+1] - 1
	}
	return at
}

// unwinding are functions that never return to where they are called: another
// goroutine goes on, or a deferred function, or the same one with more stack.
var unwinding = []string{"runtime.sigpanic", "runtime.morestack", "runtime.morestack_noctxt"}

// plain are functions that do not use Go's stack.
var plain = []string{"memeqbody", "cmpbody", "memcmp", "memchr", "runtime.wasmDiv", "runtime.wasmTruncS", "runtime.wasmTruncU"}

// entered are functions that are resumed at their second place without having
// been called, or called in place of another, which may be jumped to.
var entered = []string{"runtime.goexit", missingSymbol}

// numbers are those of known functions.
type numbers struct{ final, plain, jumped []int64 }

// findCounters reads them for all functions, by their number in the module.
func findCounters(memory []byte) (list []counters, known numbers, err error) {
	le := binary.LittleEndian
	_, table, count, names, funcs, err := lineTables(memory)
	if err != nil {
		return nil, known, err
	}
	list = make([]counters, count)
	for i := range count {
		entry, offset := int(le.Uint32(table[funcs+8*i:])), funcs+int(le.Uint32(table[funcs+8*i+4:]))
		if entry != firstFunction+i || offset+fieldPCData > len(table) {
			return nil, known, fmt.Errorf("function %d: %w", i, errLayout)
		}
		f, c := table[offset:], &list[i]
		name := names + int(le.Uint32(f[fieldName:]))
		if name > len(table) {
			return nil, known, fmt.Errorf("function %d: %w", i, errLayout)
		}
		symbol, _, _ := bytes.Cut(table[name:], []byte{0})
		if slices.Contains(unwinding, string(symbol)) {
			known.final = append(known.final, int64(i))
		}
		if slices.Contains(entered, string(symbol)) {
			known.jumped = append(known.jumped, int64(i))
		}
		if slices.Contains(plain, string(symbol)) {
			known.plain = append(known.plain, int64(i))
		}
		if pc := int(le.Uint32(f[fieldDeferReturn:])); pc != 0 {
			c.resumed = append(c.resumed, pc)
		}
	}
	return list, known, nil
}

// tableValues reads one table; nil if there is none.
func tableValues(pctab []byte, from int) []int32 {
	n := tableLength(pctab, from)
	if from == 0 || n == 0 {
		return nil
	}
	var list []int32
	value := int32(-1)
	for at := from; at < from+n-1; {
		change, k := binary.Uvarint(pctab[at:])
		at += k
		distance, k := binary.Uvarint(pctab[at:])
		at += k
		value += int32(uint32(change)>>1) ^ -int32(change&1)
		if distance > 1<<16 {
			return nil
		}
		for range distance {
			list = append(list, value)
		}
	}
	return list
}

// renumbered is a table by new program counters, of which kept has the old.
func renumbered(table []byte, kept []int) []byte {
	old := tableValues(append([]byte{0}, table...), 1)
	if kept == nil || old == nil {
		return table
	}
	var out []byte
	last := int32(-1)
	for at := 0; at < len(kept); {
		value := old[min(kept[at], len(old)-1)]
		end := at + 1
		for end < len(kept) && old[min(kept[end], len(old)-1)] == value {
			end++
		}
		change := value - last
		out = binary.AppendUvarint(out, uint64(uint32(change<<1)^uint32(change>>31)))
		out = binary.AppendUvarint(out, uint64(end-at))
		last, at = value, end
	}
	if !slices.ContainsFunc(kept, func(pc int) bool { return old[min(pc, len(old)-1)] != -1 }) {
		return nil // as a place without a table has it
	}
	return append(out, 0)
}
