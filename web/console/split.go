package console

import "everysec/engine/resp"

const hexDigits = "0123456789abcdef"

// Split cuts a typed line into arguments exactly as redis-cli does. It reports
// false where redis-cli says "Invalid argument(s)".
func Split(line string) ([][]byte, bool) { return resp.SplitArgs([]byte(line)) }

// AppendQuoted appends s in double quotes as redis-cli prints a string: what
// is not printable ASCII is escaped, so that Split reads the same bytes again.
func AppendQuoted(dst, s []byte) []byte {
	dst = append(dst, '"')
	for _, c := range s {
		switch c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\a':
			dst = append(dst, '\\', 'a')
		case '\b':
			dst = append(dst, '\\', 'b')
		default:
			if c >= ' ' && c < 0x7f {
				dst = append(dst, c)
			} else {
				dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			}
		}
	}
	return append(dst, '"')
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
