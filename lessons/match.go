package lessons

import "strings"

// Match reports whether a printed reply is the expected one. No expectation
// matches everything. In an expected line
//
//	<n>   stands for a number, with sign, decimals or exponent
//	<*>   stands for any text on this line, also none
//	...   alone on a line stands for any number of lines, also none
//
// A last line like (0.51s), with which redis-cli tells how long a slow command
// took, may be there or not.
func Match(expect []string, reply string) bool {
	if len(expect) == 0 {
		return true
	}
	got := split(strings.TrimRight(reply, "\r\n"))
	for i := range got {
		got[i] = strings.TrimRight(got[i], " \t")
	}
	if matchLines(expect, got) {
		return true
	}
	if n := len(got) - 1; n > 0 && matchLine("(<n>s)", got[n]) {
		return matchLines(expect, got[:n])
	}
	return false
}

// matchLines goes back to the last "..." only, as a glob with one kind of star
// may; so it takes at most len(expect)*len(got) steps.
func matchLines(expect, got []string) bool {
	e, g := 0, 0
	star, resume := -1, 0
	for g < len(got) {
		switch {
		case e < len(expect) && strings.TrimSpace(expect[e]) == "...":
			star, resume = e, g
			e++
		case e < len(expect) && matchLine(expect[e], got[g]):
			e, g = e+1, g+1
		case star >= 0:
			resume++
			e, g = star+1, resume
		default:
			return false
		}
	}
	for e < len(expect) && strings.TrimSpace(expect[e]) == "..." {
		e++
	}
	return e == len(expect)
}

func matchLine(expect, got string) bool {
	for i := 0; i < len(expect); i++ {
		rest := expect[i:]
		switch {
		case strings.HasPrefix(rest, "<n>"):
			n := number(got)
			// The longest number first; a shorter one if the rest needs its digits.
			for ; n > 0; n-- {
				if matchLine(rest[3:], got[n:]) {
					return true
				}
			}
			return false
		case strings.HasPrefix(rest, "<*>"):
			for n := len(got); n >= 0; n-- {
				if matchLine(rest[3:], got[n:]) {
					return true
				}
			}
			return false
		case got == "" || got[0] != expect[i]:
			return false
		}
		got = got[1:]
	}
	return got == ""
}

// number is the length of the number at the beginning of s.
func number(s string) int {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || n > 0 && (s[n] == '.' || s[n] == 'e') || s[n] == '-' || s[n] == '+') {
		n++
	}
	return n
}
