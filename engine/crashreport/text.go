package crashreport

import "strconv"

// A write is kept as the beginning of what the append-only file says, which may
// end anywhere. Text is that for people: words as redis-cli takes them, commands
// separated by semicolons, "..." where more followed.

// AppendText appends a command in the form of an append-only file to a
// beginning, as far as TextBytes go.
func AppendText(text []byte, args [][]byte) []byte {
	room := func() int { return TextBytes - len(text) }
	header := func(kind byte, n int) {
		text = append(text, kind)
		text = strconv.AppendInt(text, int64(n), 10)
		text = append(text, '\r', '\n')
	}
	header('*', len(args))
	for _, arg := range args {
		if room() <= 0 {
			break
		}
		header('$', len(arg))
		text = append(text, arg[:min(len(arg), max(room(), 0))]...)
		text = append(text, '\r', '\n')
	}
	return text[:min(len(text), TextBytes)]
}

// words splits a beginning into the words of its commands. Words that are cut
// short or missing are nil, up to as many as a command has (no more than a
// beginning can hold); rest is what there is of the one cut short. whole tells
// that nothing is missing.
func words(text []byte, commands int) (found [][][]byte, rest []byte, whole bool) {
	number := func(kind byte) (int, bool) {
		if len(text) == 0 || text[0] != kind {
			return 0, false
		}
		n, i := 0, 1
		for ; i < len(text) && text[i] >= '0' && text[i] <= '9' && n < 1<<30; i++ {
			n = n*10 + int(text[i]-'0')
		}
		if i+2 > len(text) {
			return 0, false
		}
		text = text[i+2:]
		return n, true
	}
	for len(text) > 0 {
		count, ok := number('*')
		if !ok {
			return found, nil, false
		}
		command := make([][]byte, min(count, TextBytes/len("$0\r\n\r\n")+1))
		found = append(found, command)
		for i := range count {
			n, ok := number('$')
			switch {
			case !ok:
				return found, nil, false
			case n > len(text):
				return found, text, false
			}
			command[i] = text[:n:n]
			text = text[min(n+2, len(text)):]
		}
	}
	return found, nil, len(found) == commands
}

// textOf is a write for people.
func textOf(found [][][]byte, rest []byte, whole bool) string {
	var b []byte
	for i, command := range found {
		if i > 0 {
			b = append(b, "; "...)
		}
		for k, word := range command {
			if word == nil {
				break
			}
			if k > 0 {
				b = append(b, ' ')
			}
			b = appendWord(b, word)
		}
	}
	if len(rest) > 0 {
		if last := found[len(found)-1]; last[0] != nil {
			b = append(b, ' ')
		}
		b = appendWord(b, rest)
	}
	if !whole {
		b = append(b, "..."...)
	}
	return string(b)
}

func appendWord(b, word []byte) []byte {
	plain := len(word) > 0
	for _, c := range word {
		plain = plain && c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\' && c != ';'
	}
	if plain {
		return append(b, word...)
	}
	return strconv.AppendQuote(b, string(word))
}
