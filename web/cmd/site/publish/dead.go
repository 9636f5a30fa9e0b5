package publish

import (
	"encoding/binary"
	"fmt"

	"everysec/web/cmd/site/straighten"
)

// What only ran before the program first waited will not run again: package
// initialization and the runtime's own start. bury replaces such functions with
// one that traps. A function is alive if an export calls it, if a living one
// does, or if anything in memory or in a living function looks like one of its
// program counters: rather too many than one too few. The numbers of functions
// stay, for program counters are made of them.

// bury returns the code section without what is dead, and says how many
// functions that were. image is the program's memory from base on; what it had
// before it ran is before. The records of package initialization are cleared in
// image, as the runtime is done with them.
func bury(section []byte, imported int, exported []int, image, before []byte, base int) (out []byte, dead int, err error) {
	r := reader{section}
	bodies := make([][]byte, r.uint())
	for i := range bodies {
		bodies[i] = r.take(r.uint())
	}
	alive := make([]bool, len(bodies))
	var waiting []int
	reach := func(number int64) {
		if number >= 0 && number < int64(len(alive)) && !alive[number] {
			alive[number] = true
			waiting = append(waiting, int(number))
		}
	}
	counter := func(v int64) { reach(v>>16 - firstFunction) }

	done := clearDone(image, before, base, len(bodies))
	for _, function := range exported {
		reach(int64(function - imported))
	}
	if err := remember(image, base, len(bodies), func(number int64) bool { return done[number] }, reach); err != nil {
		return nil, 0, err
	}

	for len(waiting) > 0 {
		body := reader{bodies[waiting[0]]}
		for k := body.uint(); k > 0; k-- { // its locals
			body.uint()
			body.take(1)
		}
		calls, constants, err := straighten.References(body.b)
		if err != nil {
			return nil, 0, fmt.Errorf("function %d: %w", waiting[0], err)
		}
		for _, function := range calls {
			reach(function - int64(imported))
		}
		for _, v := range constants {
			counter(v)
		}
		waiting = waiting[1:]
	}

	out = binary.AppendUvarint(nil, uint64(len(bodies)))
	for i, body := range bodies {
		if !alive[i] {
			body = trapBody()
			dead++
		}
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, dead, nil
}

// remember calls found for every function that memory may know: for whatever
// looks like one of its program counters, unless left says otherwise.
func remember(image []byte, base, functions int, left func(int64) bool, found func(int64)) error {
	le := binary.LittleEndian
	known := func(number int64) bool { return number >= 0 && number < int64(functions) }
	for at := aligned(base, 8); at+8 <= len(image); at += 8 {
		if number := int64(le.Uint64(image[at:]))>>16 - firstFunction; known(number) && !left(number) {
			found(number)
		}
	}
	// Methods are listed with their types, by number alone: one to call through
	// an interface and one to call directly.
	module, err := moduleData(image, base)
	if err != nil {
		return err
	}
	from, end := int(le.Uint64(module[moduleTypes:]))-base, int(le.Uint64(module[moduleTypes+8:]))-base
	from = max(from, 0) // memory begins with the first byte that is not 0
	if end < from || end > len(image) {
		return fmt.Errorf("types from %d to %d: %w", from, end, errLayout)
	}
	number := func(at int) int64 { return int64(le.Uint32(image[at:])) - firstFunction }
	for at := from + aligned(base+from, 4); at+8 <= end; at += 4 {
		if a, b := number(at), number(at+4); known(a) && known(b) {
			found(a)
			found(b)
		}
	}
	return nil
}

// aligned is how far it is from an address to the next multiple of n.
func aligned(address, n int) int { return (n - address%n) % n }

// clearDone clears the records by which the runtime initializes packages
// (runtime.initTask): a state that went from 0 to 2, a count, and as many
// program counters. It returns the numbers of these functions: what memory still
// has of them is left over on a stack.
func clearDone(image, before []byte, base, functions int) map[int64]bool {
	le := binary.LittleEndian
	const begun, ended, most = 0, 2, 1000
	done := map[int64]bool{}
	for at := aligned(base, 4); at+8 <= len(before); at += 4 {
		if le.Uint32(image[at:]) != ended || le.Uint32(before[at:]) != begun {
			continue
		}
		n := int(le.Uint32(image[at+4:]))
		if n == 0 || n > most || at+8+8*n > len(image) {
			continue
		}
		all := true
		for i := range n {
			pc := le.Uint64(image[at+8+8*i:])
			all = all && pc&0xffff == 0 && pc>>16 >= firstFunction && pc>>16 < uint64(firstFunction+functions)
		}
		if all {
			for i := range n {
				done[int64(le.Uint64(image[at+8+8*i:])>>16)-firstFunction] = true
			}
			clear(image[at+8:][:8*n])
			le.PutUint32(image[at+4:], 0)
		}
	}
	return done
}
