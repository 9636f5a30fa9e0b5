package straighten

import "slices"

// A function's program counters, the values of PC_B, count its jump targets,
// its inlined calls and its stack adjustments. Only some are ever seen: those
// that are return addresses. Numbered without gaps they make short tables, and
// tables that are alike.

// renumber gives the return addresses of the function at entry new values, and
// returns the old values by the new; nil if all stay.
func (f *function) renumber(entry int64, resumed []int) []int {
	var addresses []*instruction
	// The runtime knows a function's first and goexit's second. Where a recovered
	// function goes on is asked for with its neighbours.
	kept := []int{0, 1}
	for _, pc := range resumed {
		kept = append(kept, pc-1, pc, pc+1)
	}
	for i := range f.segments {
		code := f.segments[i].code
		for k := range code {
			pc := code[k].x - entry
			if code[k].op != opI64Const || pc < 0 || pc >= 1<<16 {
				continue
			}
			if k > 3 && k+1 < len(code) && code[k+1].op == opI64Store && code[k+1].y == 0 &&
				code[k-1].op == opLocalGet && code[k-1].x == 1 && code[k-2].op == opGlobalSet && code[k-2].x == 0 &&
				code[k-3].op == opLocalTee && code[k-3].x == 1 && code[k-4].op == opI32Sub {
				addresses = append(addresses, &code[k])
				kept = append(kept, int(pc))
			} else if pc > 0 {
				return nil // it may be one
			}
		}
	}
	slices.Sort(kept)
	kept = slices.DeleteFunc(slices.Compact(kept), func(pc int) bool { return pc < 0 || pc >= len(f.table) })
	for _, a := range addresses {
		if int(a.x-entry) >= len(f.table) {
			return nil
		}
	}
	for _, a := range addresses {
		to, _ := slices.BinarySearch(kept, int(a.x-entry))
		*a = instruction{op: opI64Const, x: entry + int64(to)}
	}
	return kept
}
