package sim

import "sort"

// moment is the dataset after a whole unit: what one command, transaction or
// script changed, or what a start loaded.
type moment struct {
	change uint64 // the server's number of it, which begins anew in each life
	at     int64  // microseconds
	state  State
}

// history is everything a disk has seen, over all lives of servers on it. A
// place in it is what the promises are about: what was promised up to a place
// must not come back as it was before that place.
type history struct {
	moments []moment
	life    int // where the moments of the present life begin
}

// newest is the place of the newest moment.
func (h *history) newest() int { return len(h.moments) - 1 }

func (h *history) add(m moment) { h.moments = append(h.moments, m) }

// place is that of a change in the present life: of the newest moment not after
// it; -1: there is none. Changes between moments are expiries, which nobody can
// see.
func (h *history) place(change uint64) int {
	mine := h.moments[h.life:]
	n := sort.Search(len(mine), func(i int) bool { return mine[i].change > change })
	if n == 0 {
		return -1
	}
	return h.life + n - 1
}

// find tells which moment a recovered dataset is, the newest if it could be
// several; -1 if none.
func (h *history) find(sum uint64, now int64) int {
	for i := h.newest(); i >= 0; i-- {
		if h.moments[i].state.At(now) == sum {
			return i
		}
	}
	return -1
}
