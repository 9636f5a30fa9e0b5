package sim

import "maps"

// Minimise looks for actions that a failure does not need, and returns those to
// skip and the failure that is left. It may be another failure of the same
// story: a broken promise is a broken promise.
func Minimise(f *Failure) (skip map[int]bool, smaller *Failure) {
	const tries = 400
	skip = map[int]bool{}
	last := f.Action
	left := tries
	try := func(from, to int) {
		without := maps.Clone(skip)
		for i := from; i <= to; i++ {
			without[i] = true
		}
		left--
		_, failure := Run(Options{Seed: f.Seed, Skip: without})
		if failure != nil {
			skip, last = without, failure.Action
		}
	}
	for size := (last + 1) / 2; size > 0; size /= 2 {
		for from := 1; from <= last && left > 0; from += size {
			if size > 1 || !skip[from] {
				try(from, min(from+size-1, last))
			}
		}
	}
	_, smaller = Run(Options{Seed: f.Seed, Skip: skip, Words: true})
	return skip, smaller
}
