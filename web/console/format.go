package console

import (
	"strconv"

	"everysec/engine/resp"
)

// Formatter prints replies as redis-cli prints them on a terminal.
type Formatter struct {
	// Limit is the number of bytes after which a reply is cut, with a line
	// that says so; 0 means never. redis-cli has no such limit, but a page
	// that lays out a hundred thousand lines freezes.
	Limit int

	skipped int
}

// Append appends v with a newline at the end of each line.
func (f *Formatter) Append(dst []byte, v resp.Value) []byte {
	f.skipped = 0
	start := len(dst)
	dst = f.appendTTY(dst, v, nil, start)
	if f.skipped > 0 {
		dst = append(dst, "... ("...)
		dst = strconv.AppendInt(dst, int64(f.skipped), 10)
		dst = append(dst, " more elements came, too many to print here)\n"...)
	}
	return dst
}

func (f *Formatter) full(n int) bool { return f.Limit > 0 && n > f.Limit }

func (f *Formatter) appendTTY(dst []byte, v resp.Value, indent []byte, start int) []byte {
	switch v.Kind {
	case '-', '!':
		dst = append(dst, "(error) "...)
		dst = append(dst, v.Str...)
	case '+', '=':
		dst = append(dst, v.Str...)
	case ':':
		dst = append(dst, "(integer) "...)
		dst = strconv.AppendInt(dst, v.Int, 10)
	case ',':
		dst = append(dst, "(double) "...)
		dst = appendDouble(dst, v)
	case '#':
		if v.Bool {
			dst = append(dst, "(true)"...)
		} else {
			dst = append(dst, "(false)"...)
		}
	case '(':
		// redis-cli 7.0 gives up on big numbers; later ones print the digits.
		dst = append(dst, v.Str...)
	case '$':
		if v.Null {
			dst = append(dst, "(nil)"...)
			break
		}
		if f.full(len(v.Str)) {
			cut := len(v.Str) - f.Limit
			dst = AppendQuoted(dst, v.Str[:f.Limit])
			dst = append(dst, "... ("...)
			dst = strconv.AppendInt(dst, int64(cut), 10)
			dst = append(dst, " more bytes)"...)
			break
		}
		dst = AppendQuoted(dst, v.Str)
	case '*', '%', '~', '>':
		if !v.Null {
			return f.appendAggregate(dst, v, indent, start)
		}
		dst = append(dst, "(nil)"...)
	default:
		dst = append(dst, "(nil)"...)
	}
	return append(dst, '\n')
}

func (f *Formatter) appendAggregate(dst []byte, v resp.Value, indent []byte, start int) []byte {
	var sign byte = ')'
	empty := "(empty array)\n"
	switch v.Kind {
	case '%':
		sign, empty = '#', "(empty hash)\n"
	case '~':
		sign, empty = '~', "(empty set)\n"
	case '>':
		empty = "(empty push)\n"
	}
	if len(v.Elems) == 0 {
		return append(dst, empty...)
	}
	step, count := 1, len(v.Elems)
	if v.Kind == '%' {
		step, count = 2, (len(v.Elems)+1)/2
	}
	width := len(strconv.Itoa(count))
	inner := make([]byte, len(indent)+width+2)
	for i := range inner {
		inner[i] = ' '
	}
	for i := 0; i < len(v.Elems); i += step {
		if f.full(len(dst) - start) {
			f.skipped += (len(v.Elems) - i + step - 1) / step
			return dst
		}
		if i > 0 {
			dst = append(dst, indent...)
		}
		index := strconv.Itoa(i/step + 1)
		for range width - len(index) {
			dst = append(dst, ' ')
		}
		dst = append(dst, index...)
		dst = append(dst, sign, ' ')
		dst = f.appendTTY(dst, v.Elems[i], inner, start)
		if step == 2 && i+1 < len(v.Elems) {
			dst = append(dst[:len(dst)-1], " => "...)
			if nested(v.Elems[i+1]) {
				dst = append(dst, '\n')
				dst = append(dst, inner...)
			}
			dst = f.appendTTY(dst, v.Elems[i+1], inner, start)
		}
	}
	return dst
}

// nested tells whether a value of a map takes lines of its own.
func nested(v resp.Value) bool {
	switch v.Kind {
	case '*', '%', '~', '>':
		return len(v.Elems) > 0
	}
	return false
}

// AppendRaw appends a reply that redis-cli prints without quotes and numbers
// (INFO, CLIENT LIST, ...).
func (f *Formatter) AppendRaw(dst []byte, v resp.Value) []byte {
	switch v.Kind {
	case '-', '!':
		dst = append(dst, v.Str...)
		return append(dst, '\n')
	case ':':
		return strconv.AppendInt(dst, v.Int, 10)
	case ',':
		return appendDouble(dst, v)
	case '#':
		if v.Bool {
			return append(dst, "(true)"...)
		}
		return append(dst, "(false)"...)
	case '*', '~', '>', '%':
		for i, e := range v.Elems {
			if i > 0 {
				dst = append(dst, '\n')
			}
			dst = f.AppendRaw(dst, e)
		}
		return dst
	}
	return append(dst, v.Str...)
}

// appendDouble prints the digits that came over the wire where they are kept.
func appendDouble(dst []byte, v resp.Value) []byte {
	if len(v.Str) > 0 {
		return append(dst, v.Str...)
	}
	return resp.FormatDouble(dst, v.Float)
}

// invalidation prints the push that CLIENT TRACKING sends.
func invalidation(dst []byte, v resp.Value) []byte {
	dst = append(dst, "-> invalidate: "...)
	for i, key := range v.Elems[1].Elems {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = AppendQuoted(dst, key.Str)
	}
	return append(dst, '\n')
}

// Print formats the reply to a command as a console would.
func Print(args [][]byte, v resp.Value) string {
	var f Formatter
	if printsRaw(args) {
		return string(f.AppendRaw(nil, v))
	}
	return string(f.Append(nil, v))
}
