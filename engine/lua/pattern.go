package lua

// Lua patterns. Matching backtracks, so a short pattern can run for ever on a
// short string: each step is charged, and the host may stop it.

const (
	maxCaptures     = 32
	maxPatternDepth = 6000 // nested matches; Lua 5.1 itself ends in the C stack
	captureOpen     = -1
	capturePosition = -2
)

type capture struct{ start, length int }

type matcher struct {
	t        *thread
	src, pat string
	level    int
	depth    int
	steps    int
	captures [maxCaptures]capture
}

// step charges for one step, and for the length of what it looks at.
func (m *matcher) step(length int) {
	if m.steps += 1 + length>>3; m.steps >= 256 {
		m.t.s.spend(m.t, m.steps>>2)
		m.steps = 0
	}
}

// match returns the end of a match of pat[p:] at src[s:], or -1.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > maxPatternDepth {
		m.t.fault("pattern too complex")
	}
	defer func() { m.depth-- }()
	for {
		m.step(0)
		if p == len(m.pat) {
			return s
		}
		switch c := m.pat[p]; {
		case c == '(':
			if p+1 < len(m.pat) && m.pat[p+1] == ')' {
				return m.startCapture(s, p+2, capturePosition)
			}
			return m.startCapture(s, p+1, captureOpen)
		case c == ')':
			return m.endCapture(s, p+1)
		case c == '%' && p+1 < len(m.pat) && m.pat[p+1] == 'b':
			if s = m.balance(s, p+2); s < 0 {
				return -1
			}
			p += 4
			continue
		case c == '%' && p+1 < len(m.pat) && m.pat[p+1] == 'f':
			p += 2
			if p >= len(m.pat) || m.pat[p] != '[' {
				m.t.fault("missing '[' after '%f' in pattern")
			}
			end := m.classEnd(p)
			m.step(end - p)
			before, at := byte(0), byte(0)
			if s > 0 {
				before = m.src[s-1]
			}
			if s < len(m.src) {
				at = m.src[s]
			}
			if m.inSet(before, p, end-1) || !m.inSet(at, p, end-1) {
				return -1
			}
			p = end
			continue
		case c == '%' && p+1 < len(m.pat) && isDigit(m.pat[p+1]):
			if s = m.back(s, m.pat[p+1]); s < 0 {
				return -1
			}
			p += 2
			continue
		case c == '$' && p+1 == len(m.pat):
			if s == len(m.src) {
				return s
			}
			return -1
		}
		end := m.classEnd(p)
		if end-p > 8 {
			m.step(end - p)
		}
		hit := s < len(m.src) && m.single(m.src[s], p, end)
		suffix := byte(0)
		if end < len(m.pat) {
			suffix = m.pat[end]
		}
		switch suffix {
		case '?':
			if hit {
				if r := m.match(s+1, end+1); r >= 0 {
					return r
				}
			}
			p = end + 1
		case '*':
			return m.longest(s, p, end)
		case '+':
			if !hit {
				return -1
			}
			return m.longest(s+1, p, end)
		case '-':
			for {
				if r := m.match(s, end+1); r >= 0 {
					return r
				}
				if s >= len(m.src) || !m.single(m.src[s], p, end) {
					return -1
				}
				m.step(end - p)
				s++
			}
		default:
			if !hit {
				return -1
			}
			s++
			p = end
		}
	}
}

func (m *matcher) longest(s, p, end int) int {
	n := 0
	for s+n < len(m.src) && m.single(m.src[s+n], p, end) {
		m.step(end - p)
		n++
	}
	for ; n >= 0; n-- {
		if r := m.match(s+n, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

func (m *matcher) startCapture(s, p, what int) int {
	if m.level >= maxCaptures {
		m.t.fault("too many captures")
	}
	m.captures[m.level] = capture{s, what}
	m.level++
	r := m.match(s, p)
	if r < 0 {
		m.level--
	}
	return r
}

func (m *matcher) endCapture(s, p int) int {
	i := m.level - 1
	for ; i >= 0 && m.captures[i].length != captureOpen; i-- {
	}
	if i < 0 {
		m.t.fault("invalid pattern capture")
	}
	m.captures[i].length = s - m.captures[i].start
	r := m.match(s, p)
	if r < 0 {
		m.captures[i].length = captureOpen
	}
	return r
}

func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		m.t.fault("unbalanced pattern")
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	open, shut, depth := m.pat[p], m.pat[p+1], 1
	for s++; s < len(m.src); s++ {
		m.step(0)
		switch m.src[s] {
		case shut:
			if depth--; depth == 0 {
				return s + 1
			}
		case open:
			depth++
		}
	}
	return -1
}

func (m *matcher) back(s int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= m.level || m.captures[i].length == captureOpen {
		m.t.fault("invalid capture index")
	}
	c := m.captures[i]
	n := c.length // a position matches nothing
	m.step(max(n, 0) >> 3)
	if n >= 0 && len(m.src)-s >= n && m.src[c.start:c.start+n] == m.src[s:s+n] {
		return s + n
	}
	return -1
}

// classEnd returns what follows the single-character class at p.
func (m *matcher) classEnd(p int) int {
	c := m.pat[p]
	p++
	switch c {
	case '%':
		if p >= len(m.pat) {
			m.t.fault("malformed pattern (ends with '%')")
		}
		return p + 1
	case '[':
		if p < len(m.pat) && m.pat[p] == '^' {
			p++
		}
		for first := true; first || p >= len(m.pat) || m.pat[p] != ']'; first = false {
			if p >= len(m.pat) {
				m.t.fault("malformed pattern (missing ']')")
			}
			c := m.pat[p]
			p++
			if c == '%' && p < len(m.pat) {
				p++
			}
		}
		return p + 1
	}
	return p
}

func (m *matcher) single(c byte, p, end int) bool {
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pat[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pat[p] == c
}

// inSet matches c against the set from '[' at p to ']' at end.
func (m *matcher) inSet(c byte, p, end int) bool {
	hit := true
	if m.pat[p+1] == '^' {
		hit = false
		p++
	}
	for p++; p < end; p++ {
		switch {
		case m.pat[p] == '%':
			p++
			if inClass(c, m.pat[p]) {
				return hit
			}
		case p+2 < end && m.pat[p+1] == '-':
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return hit
			}
			p += 2
		case m.pat[p] == c:
			return hit
		}
	}
	return !hit
}

func inClass(c, class byte) bool {
	var r bool
	switch class | 32 {
	case 'a':
		r = isAlpha(c)
	case 'c':
		r = c < 32 || c == 127
	case 'd':
		r = isDigit(c)
	case 'l':
		r = c >= 'a' && c <= 'z'
	case 'p':
		r = c > 32 && c < 127 && !isAlnum(c)
	case 's':
		r = isSpace(c)
	case 'u':
		r = c >= 'A' && c <= 'Z'
	case 'w':
		r = isAlnum(c)
	case 'x':
		r = isHex(c)
	case 'z':
		r = c == 0
	default:
		return class == c
	}
	if !isAlpha(class) {
		return class == c
	}
	if class >= 'A' && class <= 'Z' {
		return !r
	}
	return r
}

// captured returns capture i; with no captures the whole match is the first.
func (m *matcher) captured(i, s, e int) value {
	if i >= m.level {
		if i != 0 {
			m.t.fault("invalid capture index")
		}
		return m.t.part(m.src, m.src[s:e])
	}
	c := m.captures[i]
	switch c.length {
	case capturePosition:
		return integer(c.start + 1)
	case captureOpen:
		m.t.fault("unfinished capture")
	}
	return m.t.part(m.src, m.src[c.start:c.start+c.length])
}

// appendCaptures adds all captures, or the whole match if there are none.
func (m *matcher) appendCaptures(dst []value, s, e int) []value {
	n := m.level
	if n == 0 {
		n = 1
	}
	for i := range n {
		dst = append(dst, m.captured(i, s, e))
	}
	return dst
}
