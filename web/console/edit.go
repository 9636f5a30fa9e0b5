package console

import (
	"strings"
	"unicode/utf8"
)

// Edit is what a key with Ctrl does to a line, split at the cursor, in
// redis-cli's line editor. It reports false for keys that mean nothing here.
func Edit(before, after, key string) (string, string, bool) {
	_, last := utf8.DecodeLastRuneInString(before)
	_, next := utf8.DecodeRuneInString(after)
	switch key {
	case "a":
		return "", before + after, true
	case "e":
		return before + after, "", true
	case "b":
		return before[:len(before)-last], before[len(before)-last:] + after, true
	case "h":
		return before[:len(before)-last], after, true
	case "d":
		return before, after[next:], before+after != "" // on an empty line it would end redis-cli
	case "k":
		return before, "", true
	case "u":
		return "", "", true
	case "w":
		word := strings.TrimRight(before, " ")
		return word[:strings.LastIndexByte(word, ' ')+1], after, true
	case "t":
		if last == 0 || next == 0 {
			return before, after, true
		}
		head, swapped := before[:len(before)-last], after[:next]+before[len(before)-last:]
		if next == len(after) { // at the last character the cursor stays before it
			return head + swapped[:next], swapped[next:], true
		}
		return head + swapped, after[next:], true
	}
	return before, after, false
}

// Move is what an arrow key does to a line, split at the cursor.
func Move(before, after string, left bool) (string, string) {
	if left {
		before, after, _ = Edit(before, after, "b")
		return before, after
	}
	_, next := utf8.DecodeRuneInString(after)
	return before + after[:next], after[next:]
}
