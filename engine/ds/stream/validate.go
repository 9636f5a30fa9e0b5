package stream

import (
	"everysec/engine/ds/listpack"
	"everysec/engine/phrase"
)

// Validate checks a listpack from outside: that its pieces are those of
// a master entry and of whole entries behind it, so that walking it in either
// direction meets no surprise. alive is the number of entries not deleted.
func Validate(lp []byte) (alive uint64, err error) {
	if err := listpack.Validate(lp, true); err != nil {
		return 0, err
	}
	r := reader{lp: lp, pos: listpack.First(lp), left: listpack.Len(lp)}
	count, deleted, masterFields := r.int(), r.int(), r.int()
	r.skip(masterFields)
	if r.int() != 0 || r.bad {
		return 0, phrase.Errorf("stream: offset %d: damaged master entry", r.at)
	}
	found, gone := int64(0), int64(0)
	for r.pos >= 0 {
		begin := r.left
		flags := r.int()
		r.int()
		r.int()
		if flags&flagSameFields != 0 {
			r.skip(masterFields)
		} else if n := r.int(); n > int64(r.left) {
			r.bad = true
		} else {
			r.skip(2 * n)
		}
		pieces := int64(begin - r.left)
		if r.int() != pieces || r.bad || flags < 0 || flags > flagDeleted|flagSameFields {
			return 0, phrase.Errorf("stream: offset %d: damaged entry", r.at)
		}
		if flags&flagDeleted != 0 {
			gone++
		} else {
			found++
		}
	}
	if found != count || gone != deleted {
		return 0, phrase.Errorf("stream: %d entries and %d deleted, the master entry says %d and %d", found, gone, count, deleted)
	}
	return uint64(found), nil
}

// reader takes the pieces of a listpack one by one; bad is set when there is
// none, or another kind than asked for.
type reader struct {
	lp   []byte
	pos  int
	at   int // the piece taken last
	left int
	bad  bool
}

func (r *reader) next() {
	r.at = r.pos
	r.pos = listpack.Next(r.lp, r.pos)
	r.left--
}

func (r *reader) int() int64 {
	if r.bad || r.pos < 0 {
		r.bad = true
		return -1
	}
	_, n, isInt := listpack.Get(r.lp, r.pos)
	r.bad = !isInt
	r.next()
	return n
}

func (r *reader) skip(n int64) {
	if r.bad || n < 0 || n > int64(r.left) {
		r.bad = true
		return
	}
	for ; n > 0; n-- {
		r.next()
	}
}
