// Package glob matches strings as KEYS, SCAN MATCH, PSUBSCRIBE and ACL key
// patterns do in Redis 7.0:
//
//   - any bytes, also none      [abc]  one of these bytes
//     ?       any one byte              [a-z]  one of a range   [^a] none of
//     \x      x itself
//
// Its corners are Redis's too: a class that is not closed ends with the
// pattern, the ends of a range may be swapped, bytes in a range are signed, an
// empty string is matched by the empty pattern only, and a pattern that needs
// more than a thousand nested stars matches nothing.
package glob

// maxStars is how many groups of stars Redis follows before it gives up.
const maxStars = 1000

// Match reports whether all of s fits pattern; nocase makes ASCII letters
// equal whatever their case.
//
// When the text after a star does not fit, only that last star is tried
// further on: an earlier one could not find anything a later one does not
// find too. So time is at most len(pattern) * len(s).
func Match(pattern, s []byte, nocase bool) bool {
	p, i := 0, 0
	star, starAt, stars := -1, 0, 0 // pattern after the last star; where it was tried
	for p < len(pattern) && i < len(s) {
		if pattern[p] == '*' {
			for p < len(pattern) && pattern[p] == '*' {
				p++
			}
			if p == len(pattern) {
				return true
			}
			if stars++; stars > maxStars {
				return false
			}
			star, starAt = p, i
			continue
		}
		next, ok := matchByte(pattern, p, s[i], nocase)
		if ok {
			p = next
			i++
		}
		if i == len(s) { // the rest of the pattern must be stars
			for p < len(pattern) && pattern[p] == '*' {
				p++
			}
			break
		}
		if ok && p < len(pattern) {
			continue
		}
		if star < 0 {
			return false
		}
		starAt++
		p, i = star, starAt
	}
	return p == len(pattern) && i == len(s)
}

// matchByte matches one byte with the element of the pattern at p, and returns
// the place behind the element.
func matchByte(pattern []byte, p int, c byte, nocase bool) (next int, ok bool) {
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return matchClass(pattern, p+1, c, nocase)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return p + 1, same(pattern[p], c, nocase)
}

// matchClass matches one byte with a class whose inside begins at p.
func matchClass(pattern []byte, p int, c byte, nocase bool) (next int, ok bool) {
	negated := p < len(pattern) && pattern[p] == '^'
	if negated {
		p++
	}
	found := false
	for {
		rest := len(pattern) - p
		switch {
		case rest >= 2 && pattern[p] == '\\':
			p++
			found = found || pattern[p] == c // never without case
		case rest == 0: // not closed: as if it were
			return p, found != negated
		case pattern[p] == ']':
			return p + 1, found != negated
		case rest >= 3 && pattern[p+1] == '-':
			found = found || inRange(pattern[p], pattern[p+2], c, nocase)
			p += 2
		default:
			found = found || same(pattern[p], c, nocase)
		}
		p++
	}
}

// inRange compares as C does, where a byte from 0x80 on is below 0.
func inRange(low, high, c byte, nocase bool) bool {
	from, to := int8(low), int8(high)
	if from > to {
		from, to = to, from
	}
	if nocase {
		from, to, c = int8(lower(byte(from))), int8(lower(byte(to))), lower(c)
	}
	return from <= int8(c) && int8(c) <= to
}

func same(a, b byte, nocase bool) bool {
	return a == b || nocase && lower(a) == lower(b)
}

func lower(c byte) byte {
	if c-'A' < 26 {
		c += 'a' - 'A'
	}
	return c
}
