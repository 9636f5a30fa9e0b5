package console

import (
	"strings"

	"everysec/engine/resp"
)

const hexDigits = "0123456789abcdef"

// Split cuts a typed line into arguments exactly as redis-cli does. It reports
// false where redis-cli says "Invalid argument(s)".
func Split(line string) ([][]byte, bool) { return resp.SplitArgs([]byte(line)) }

// AppendQuoted appends s in double quotes as redis-cli prints a string: what
// is not printable ASCII is escaped, so that Split reads the same bytes again.
func AppendQuoted(dst, s []byte) []byte {
	dst = text(dst, `"`)
	for _, c := range s {
		short := strings.IndexByte("\\\"\n\r\t\a\b", c)
		switch {
		case short >= 0:
			dst = append(dst, '\\', `\"nrtab`[short])
		case c >= ' ' && c < 0x7f:
			dst = append(dst, c)
		default:
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return text(dst, `"`)
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
