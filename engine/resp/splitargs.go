package resp

// SplitArgs takes a line apart as inline requests, redis-cli and redis.conf
// do: words between blanks; 'single quotes' with \' in them; "double quotes"
// with \n \r \t \b \a \xHH and \ before any other byte. A closing quote ends
// the word and must be followed by a blank or by nothing; ok is false if it is
// not, or if it is missing. The line ends at its first NUL byte.
func SplitArgs(line []byte) (args [][]byte, ok bool) {
	args, _, ok = splitArgs(nil, nil, line)
	return args, ok
}

// splitArgs appends the words to args; their bytes go into scratch, which
// never becomes longer than the line.
func splitArgs(args [][]byte, scratch, line []byte) (_ [][]byte, _ []byte, ok bool) {
	if cap(scratch) < len(line) {
		scratch = make([]byte, 0, len(line)) // words alias it: it must not move
	}
	at := func(i int) byte { // 0 behind the end, as C has it
		if i < len(line) {
			return line[i]
		}
		return 0
	}
	for i := 0; ; {
		for isSpace(at(i)) {
			i++
		}
		if at(i) == 0 {
			return args, scratch, true
		}
		start := len(scratch)
		var quote byte
	word:
		for {
			c := at(i)
			switch {
			case quote == 0 && (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0):
				break word
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == 0:
				return args, scratch, false
			case quote != 0 && c == quote:
				if next := at(i + 1); next != 0 && !isSpace(next) {
					return args, scratch, false
				}
				i++
				break word
			case quote == '"' && c == '\\' && at(i+1) == 'x' && isHex(at(i+2)) && isHex(at(i+3)):
				scratch = append(scratch, unhex(at(i+2))<<4|unhex(at(i+3)))
				i += 3
			case quote == '"' && c == '\\' && at(i+1) != 0:
				i++
				scratch = append(scratch, unescape(at(i)))
			case quote == '\'' && c == '\\' && at(i+1) == '\'':
				i++
				scratch = append(scratch, '\'')
			default:
				scratch = append(scratch, c)
			}
			i++
		}
		args = append(args, scratch[start:len(scratch):len(scratch)])
	}
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

func isSpace(c byte) bool { return c == ' ' || c-'\t' < 5 }

func isHex(c byte) bool { return c-'0' < 10 || (c|0x20)-'a' < 6 }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
