package console

import (
	"strconv"
	"strings"

	"everysec/engine/resp"
)

// Output is how replies are printed, as redis-cli's options choose it.
type Output uint8

// The outputs.
const (
	Standard   Output = iota // as on a terminal; --no-raw
	Raw                      // --raw
	CSV                      // --csv
	JSON                     // --json
	QuotedJSON               // --quoted-json: JSON in ASCII
)

// Formatter prints replies as redis-cli prints them.
type Formatter struct {
	Output Output
	// Limit is the number of bytes after which a reply is cut, with a line
	// that says so; 0 means never. redis-cli has no such limit, but it does not
	// keep what it printed either.
	Limit int

	skipped int
}

// Append appends v with a newline at the end of each line.
func (f *Formatter) Append(dst []byte, v resp.Value) []byte {
	f.skipped = 0
	start := len(dst)
	if f.Output == Standard {
		dst = f.appendTTY(dst, v, nil, start)
	} else {
		dst = text(f.append(dst, v, start), "\n")
	}
	return f.appendSkipped(dst)
}

// AppendRaw appends a reply that redis-cli prints without quotes and numbers
// whatever the output (INFO, CLIENT LIST, ...).
func (f *Formatter) AppendRaw(dst []byte, v resp.Value) []byte {
	raw := Formatter{Output: Raw, Limit: f.Limit}
	return raw.appendSkipped(raw.appendRaw(dst, v, len(dst)))
}

func (f *Formatter) appendSkipped(dst []byte) []byte {
	if f.skipped > 0 {
		if dst[len(dst)-1] != '\n' {
			dst = append(dst, '\n')
		}
		dst = text(dst, "... (")
		dst = strconv.AppendInt(dst, int64(f.skipped), 10)
		dst = text(dst, " more elements came, too many to print here)\n")
	}
	return dst
}

func (f *Formatter) full(n int) bool { return f.Limit > 0 && n > f.Limit }

func (f *Formatter) appendTTY(dst []byte, v resp.Value, indent []byte, start int) []byte {
	switch v.Kind {
	case '-', '!':
		dst = text(dst, "(error) ")
		dst = append(dst, v.Str...)
	case '+', '=':
		dst = append(dst, v.Str...)
	case ':':
		dst = text(dst, "(integer) ")
		dst = strconv.AppendInt(dst, v.Int, 10)
	case ',':
		dst = text(dst, "(double) ")
		dst = appendDouble(dst, v)
	case '#':
		dst = text(dst, boolean(v))
	case '(':
		// redis-cli 7.0 gives up on big numbers; later ones print the digits.
		dst = append(dst, v.Str...)
	case '$':
		if v.Null {
			dst = text(dst, "(nil)")
			break
		}
		if f.full(len(v.Str)) {
			cut := len(v.Str) - f.Limit
			dst = AppendQuoted(dst, v.Str[:f.Limit])
			dst = text(dst, "... (")
			dst = strconv.AppendInt(dst, int64(cut), 10)
			dst = text(dst, " more bytes)")
			break
		}
		dst = AppendQuoted(dst, v.Str)
	case '*', '%', '~', '>':
		if !v.Null {
			return f.appendAggregate(dst, v, indent, start)
		}
		dst = text(dst, "(nil)")
	default:
		dst = text(dst, "(nil)")
	}
	return append(dst, '\n')
}

func boolean(v resp.Value) string {
	if v.Bool {
		return "(true)"
	}
	return "(false)"
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

func (f *Formatter) appendRaw(dst []byte, v resp.Value, start int) []byte {
	switch v.Kind {
	case '-', '!':
		dst = append(dst, v.Str...)
		return append(dst, '\n')
	case ':':
		return strconv.AppendInt(dst, v.Int, 10)
	case ',':
		return appendDouble(dst, v)
	case '#':
		return text(dst, boolean(v))
	case '*', '~', '>', '%':
		return f.elements(dst, v, start, "\n", " ")
	}
	return append(dst, v.Str...)
}

// appendData appends CSV or JSON, which differ in little.
func (f *Formatter) appendData(dst []byte, v resp.Value, start int) []byte {
	csv := f.Output == CSV
	switch {
	case v.Null && csv:
		return text(dst, "NULL")
	case v.Null:
		return text(dst, "null")
	case v.IsError() && csv:
		dst = text(dst, "ERROR,")
	case v.IsError():
		dst = text(dst, "error:")
	}
	switch v.Kind {
	case ':':
		return strconv.AppendInt(dst, v.Int, 10)
	case ',':
		return appendDouble(dst, v)
	case '(':
		return text(dst, string(v.Str))
	case '#':
		return strconv.AppendBool(dst, v.Bool)
	case '*', '~', '>', '%':
		if csv {
			return f.elements(dst, v, start, ",", ",")
		}
		brackets := "[]"
		if v.Kind == '%' {
			brackets = "{}"
		}
		dst = text(dst, brackets[:1])
		dst = f.elements(dst, v, start, ",", ":")
		return text(dst, brackets[1:])
	}
	if csv {
		return AppendQuoted(dst, v.Str)
	}
	return f.appendJSONString(dst, v.Str)
}

// text appends s. As a call: in WebAssembly each append is a hundred bytes of code.
func text(dst []byte, s string) []byte { return append(dst, s...) }

// elements appends what an aggregate holds. within stands between the key and
// the value of a map.
func (f *Formatter) elements(dst []byte, v resp.Value, start int, between, within string) []byte {
	for i, e := range v.Elems {
		pair := v.Kind == '%' && i%2 == 1
		switch {
		case pair:
			dst = text(dst, within)
		case f.full(len(dst) - start):
			f.skipped += len(v.Elems) - i
			return dst
		case i > 0:
			dst = text(dst, between)
		}
		from := len(dst)
		dst = f.append(dst, e, start)
		if f.Output >= JSON && v.Kind == '%' && !pair && dst[from] != '"' { // a key has to be a string
			dst = text(dst[:from], `"`+string(dst[from:])+`"`)
		}
	}
	return dst
}

// append appends a part of a reply, but for a terminal.
func (f *Formatter) append(dst []byte, v resp.Value, start int) []byte {
	if f.Output == Raw {
		return f.appendRaw(dst, v, start)
	}
	return f.appendData(dst, v, start)
}

// appendJSONString escapes as redis-cli does: --json leaves bytes beyond ASCII
// as they are, valid UTF-8 or not; --quoted-json is the string as the terminal
// shows it, with each backslash doubled.
func (f *Formatter) appendJSONString(dst, s []byte) []byte {
	if f.Output == QuotedJSON {
		for _, c := range AppendQuoted(nil, s) {
			if c == '\\' {
				dst = append(dst, c)
			}
			dst = append(dst, c)
		}
		return dst
	}
	dst = text(dst, `"`)
	for _, c := range s {
		short := strings.IndexByte("\\\"\n\f\r\t\b", c)
		switch {
		case short >= 0:
			dst = append(dst, '\\', `\"nfrtb`[short])
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return text(dst, `"`)
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
	dst = text(dst, "-> invalidate: ")
	for i, key := range v.Elems[1].Elems {
		if i > 0 {
			dst = text(dst, ", ")
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
