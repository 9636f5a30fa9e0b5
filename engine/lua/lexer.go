package lua

import "strconv"

// token kinds: single characters are themselves.
const (
	tokAnd = iota + 257
	tokBreak
	tokDo
	tokElse
	tokElseif
	tokEnd
	tokFalse
	tokFor
	tokFunction
	tokIf
	tokIn
	tokLocal
	tokNil
	tokNot
	tokOr
	tokRepeat
	tokReturn
	tokThen
	tokTrue
	tokUntil
	tokWhile
	tokConcat
	tokDots
	tokEq
	tokGe
	tokLe
	tokNe
	tokNumber
	tokName
	tokString
	tokEOF
)

var tokenNames = [...]string{
	"and", "break", "do", "else", "elseif", "end", "false", "for", "function",
	"if", "in", "local", "nil", "not", "or", "repeat", "return", "then", "true",
	"until", "while", "..", "...", "==", ">=", "<=", "~=", "<number>", "<name>",
	"<string>", "<eof>",
}

var keywords = func() map[string]int {
	m := make(map[string]int)
	for i := tokAnd; i <= tokWhile; i++ {
		m[tokenNames[i-tokAnd]] = i
	}
	return m
}()

type token struct {
	kind int
	text string // name, or the contents of a string
	raw  string // as written, for messages
	num  float64
}

type lexer struct {
	src      string
	pos      int
	line     int
	lastLine int // line of the last token consumed
	chunk    string
	tok      token
	ahead    token
	hasAhead bool
	depth    int // nesting of blocks and expressions
	strings  map[string]*str
}

// A syntaxError unwinds the parser.
type syntaxError struct{ message string }

func tokenText(kind int) string {
	if kind == 0 {
		return "" // Lua takes it for no token
	}
	if kind < 257 {
		if kind < 32 || kind == 127 {
			return "char(" + strconv.Itoa(kind) + ")"
		}
		return string([]byte{byte(kind)})
	}
	return tokenNames[kind-tokAnd]
}

func (l *lexer) fail(message, near string) {
	m := l.chunk + ":" + strconv.Itoa(l.line) + ": " + message
	if near != "" {
		m += " near '" + cString(near) + "'"
	}
	panic(&syntaxError{m})
}

// cString is what %s prints of s: up to the first NUL.
func cString(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			return s[:i]
		}
	}
	return s
}

// failAt reports an error near the current token.
func (l *lexer) failAt(message string) {
	near := l.tok.raw
	if near == "" {
		near = tokenText(l.tok.kind)
	}
	l.fail(message, near)
}

func (l *lexer) next() {
	l.lastLine = l.line
	if l.hasAhead {
		l.tok, l.hasAhead = l.ahead, false
		return
	}
	l.tok = l.scan()
}

func (l *lexer) peek() int {
	if !l.hasAhead {
		l.ahead, l.hasAhead = l.scan(), true
	}
	return l.ahead.kind
}

func (l *lexer) char(i int) int {
	if l.pos+i < len(l.src) {
		return int(l.src[l.pos+i])
	}
	return -1
}

// newline skips \n, \r, \r\n or \n\r.
func (l *lexer) newline() {
	c := l.src[l.pos]
	l.pos++
	if d := l.char(0); (d == '\n' || d == '\r') && byte(d) != c {
		l.pos++
	}
	l.line++
}

func (l *lexer) scan() token {
	for {
		c := l.char(0)
		switch c {
		case -1:
			return token{kind: tokEOF}
		case '\n', '\r':
			l.newline()
			continue
		case ' ', '\t', '\v', '\f':
			l.pos++
			continue
		case '-':
			if l.char(1) != '-' {
				l.pos++
				return token{kind: '-'}
			}
			l.pos += 2
			if l.char(0) == '[' {
				if level := l.longLevel(); level >= 0 {
					l.longString(level, true)
					continue
				}
			}
			for l.pos < len(l.src) && l.src[l.pos] != '\n' && l.src[l.pos] != '\r' {
				l.pos++
			}
			continue
		case '[':
			if level := l.longLevel(); level >= 0 {
				return l.longString(level, false)
			} else if level == -2 {
				l.fail("invalid long string delimiter", l.src[l.pos:l.pos+l.equals()+1])
			}
			l.pos++
			return token{kind: '['}
		case '=', '<', '>', '~':
			l.pos++
			if l.char(0) == '=' {
				l.pos++
				return token{kind: map[int]int{'=': tokEq, '<': tokLe, '>': tokGe, '~': tokNe}[c]}
			}
			return token{kind: c}
		case '"', '\'':
			return l.shortString(byte(c))
		case '.':
			if isDigit(byte(max(l.char(1), 0))) {
				return l.number()
			}
			l.pos++
			if l.char(0) != '.' {
				return token{kind: '.'}
			}
			l.pos++
			if l.char(0) != '.' {
				return token{kind: tokConcat}
			}
			l.pos++
			return token{kind: tokDots}
		}
		if isDigit(byte(c)) {
			return l.number()
		}
		if isAlpha(byte(c)) || c == '_' {
			start := l.pos
			for l.pos < len(l.src) && (isAlnum(l.src[l.pos]) || l.src[l.pos] == '_') {
				l.pos++
			}
			word := l.src[start:l.pos]
			if k, ok := keywords[word]; ok {
				return token{kind: k}
			}
			return token{kind: tokName, text: word, raw: word}
		}
		l.pos++
		return token{kind: c}
	}
}

// equals counts the '=' after the bracket at pos.
func (l *lexer) equals() int {
	n := 0
	for l.char(1+n) == '=' {
		n++
	}
	return n
}

// longLevel returns the level of the long bracket at pos, -1 for a plain '[',
// and -2 for a broken one.
func (l *lexer) longLevel() int {
	n := l.equals()
	if l.char(1+n) == '[' {
		return n
	}
	if n == 0 {
		return -1
	}
	return -2
}

func (l *lexer) longString(level int, comment bool) token {
	start := l.pos
	l.pos += level + 2
	if c := l.char(0); c == '\n' || c == '\r' {
		l.newline()
	}
	var text []byte
	for {
		switch c := l.char(0); c {
		case -1:
			if comment {
				l.fail("unfinished long comment", "<eof>")
			}
			l.fail("unfinished long string", "<eof>")
		case ']':
			n := l.equals()
			if n == level && l.char(1+n) == ']' {
				l.pos += n + 2
				return token{kind: tokString, text: string(text), raw: l.src[start:l.pos]}
			}
			text = append(text, ']')
			l.pos++
		case '\n', '\r':
			text = append(text, '\n')
			l.newline()
		default:
			text = append(text, byte(c))
			l.pos++
		}
	}
}

func (l *lexer) shortString(quote byte) token {
	raw := []byte{quote} // escapes appear decoded in messages
	l.pos++
	for {
		c := l.char(0)
		switch {
		case c == -1:
			l.fail("unfinished string", "<eof>")
		case c == '\n' || c == '\r':
			l.fail("unfinished string", string(raw))
		case c == int(quote):
			l.pos++
			return token{kind: tokString, text: string(raw[1:]), raw: string(raw) + l.src[l.pos-1:l.pos]}
		case c == '\\':
			l.pos++
			switch e := l.char(0); e {
			case -1:
			case 'a', 'b', 'f', 'n', 'r', 't', 'v':
				raw = append(raw, map[int]byte{'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11}[e])
				l.pos++
			case '\n', '\r':
				raw = append(raw, '\n')
				l.newline()
			default:
				if !isDigit(byte(e)) {
					raw = append(raw, byte(e))
					l.pos++
					break
				}
				n := 0
				for i := 0; i < 3 && l.char(0) >= 0 && isDigit(byte(l.char(0))); i++ {
					n = n*10 + l.char(0) - '0'
					l.pos++
				}
				if n > 255 {
					l.fail("escape sequence too large", string(raw))
				}
				raw = append(raw, byte(n))
			}
		default:
			raw = append(raw, byte(c))
			l.pos++
		}
	}
}

func (l *lexer) number() token {
	start := l.pos
	for c := l.char(0); c >= 0 && (isDigit(byte(c)) || c == '.'); c = l.char(0) {
		l.pos++
	}
	if c := l.char(0); c == 'e' || c == 'E' {
		l.pos++
		if c := l.char(0); c == '+' || c == '-' {
			l.pos++
		}
	}
	for c := l.char(0); c >= 0 && (isAlnum(byte(c)) || c == '_'); c = l.char(0) {
		l.pos++
	}
	raw := l.src[start:l.pos]
	n, ok := parseNumber(raw)
	if !ok {
		l.fail("malformed number", raw)
	}
	return token{kind: tokNumber, num: n, raw: raw}
}
