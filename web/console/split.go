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
	return text(appendEscaped(text(dst, `"`), s, quoted), `"`)
}

// escape is how the bytes of a string are printed.
type escape uint8

const (
	asItIs       escape = iota
	inJSON              // --json: bytes beyond ASCII as they are, valid UTF-8 or not
	quoted              // as the terminal shows it
	quotedInJSON        // --quoted-json: the same, with each backslash doubled
)

// appendEscaped appends s without quotes around it.
func appendEscaped(dst, s []byte, how escape) []byte {
	if how == asItIs {
		return append(dst, s...)
	}
	special, letters := "\\\"\n\r\t\a\b", `\"nrtab`
	if how == inJSON {
		special, letters = "\\\"\n\f\r\t\b", `\"nfrtb`
	}
	for len(s) > 0 {
		n := 0
		for n < len(s) && s[n] >= ' ' && s[n] != '"' && s[n] != '\\' && (s[n] < 0x7f || how == inJSON) {
			n++
		}
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			break
		}
		c := s[0]
		s = s[1:]
		dst = append(dst, '\\')
		if how == quotedInJSON {
			dst = append(dst, '\\')
		}
		switch short := strings.IndexByte(special, c); {
		case short >= 0 && how == quotedInJSON && letters[short] == '\\':
			dst = append(dst, '\\', '\\')
		case short >= 0:
			dst = append(dst, letters[short])
		case how == inJSON:
			dst = append(dst, 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, 'x', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
