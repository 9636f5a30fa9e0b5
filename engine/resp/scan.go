package resp

import "errors"

// Scanner finds the end of a reply that may be large, a slice at a time: nothing
// is read twice, and nothing is made of what it reads. It refuses what Parse
// refuses. The zero Scanner stands at the start of a reply.
type Scanner struct {
	// Elements counts what the reply has held so far: everything that is no
	// aggregate, a key of a map and its value as one.
	Elements int

	pos  int
	open []group
}

// group is an aggregate of which something is still to come.
type group struct {
	left int // values
	kind Kind
}

// Reset goes to the start of the next reply.
func (s *Scanner) Reset() { *s = Scanner{open: s.open[:0]} }

// Pos is how many bytes of the reply have been read.
func (s *Scanner) Pos() int { return s.pos }

// Scan goes on in b, which begins where the reply begins, for at most so many
// values. It returns the length of the reply, or 0; more is true if only the
// slice is over, and false if the rest of the reply has not come yet.
func (s *Scanner) Scan(b []byte, values int) (n int, more bool, err error) {
	p := parser{b: b, pos: s.pos}
	for ; values > 0; values-- {
		if len(s.open) > maxDepth {
			return 0, false, p.misplaced(errors.New("nested too deeply"))
		}
		v, count, err := p.token()
		if err == errIncomplete {
			return 0, false, nil
		}
		if err != nil {
			return 0, false, p.misplaced(err)
		}
		s.pos = p.pos
		if s.take(v.Kind, count) {
			return s.pos, false, nil
		}
	}
	return 0, true, nil
}

// take counts a value and closes the groups that end with it. It reports the end
// of the reply.
func (s *Scanner) take(kind Kind, count int) bool {
	if kind != Attribute && !s.aside() && count == 0 {
		if last := len(s.open) - 1; last < 0 || s.open[last].kind != Map || s.open[last].left%2 == 1 {
			s.Elements++
		}
	}
	if count > 0 {
		s.open = append(s.open, group{count, kind})
		return false
	}
	if kind == Attribute {
		return false // an empty one: the value it is of is still to come
	}
	for last := len(s.open) - 1; last >= 0; last-- {
		if s.open[last].left--; s.open[last].left > 0 {
			return false
		}
		attribute := s.open[last].kind == Attribute
		s.open = s.open[:last]
		if attribute {
			return false
		}
	}
	return true
}

// aside tells whether what comes belongs to an attribute.
func (s *Scanner) aside() bool {
	for i := range s.open {
		if s.open[i].kind == Attribute {
			return true
		}
	}
	return false
}

// Head reads the value at the start of b without those it holds: count is how
// many follow that are part of it. Attributes before it are passed over. n is its
// length, with theirs; 0 without an error: it is not whole.
func Head(b []byte) (v Value, count, n int, err error) {
	p := parser{b: b}
	for err == nil {
		v, count, err = p.token()
		if err == nil && v.Kind != Attribute {
			return v, count, p.pos, nil
		}
		for ; err == nil && count > 0; count-- {
			_, err = p.value(1)
		}
	}
	if err != errIncomplete {
		return Value{}, 0, 0, p.misplaced(err)
	}
	return Value{}, 0, 0, nil
}
