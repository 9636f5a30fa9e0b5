package console

import "strings"

// History is what was entered, and a place in it for the arrow keys. What was
// being typed is kept below the newest entry.
type History struct {
	lines []string
	at    int // len(lines): at the line being typed
	draft string
}

// MaxHistory is the number of lines kept.
const MaxHistory = 500

// Add puts a line at the end, unless it repeats the last one.
func (h *History) Add(line string) {
	if n := len(h.lines); n == 0 || h.lines[n-1] != line {
		h.lines = append(h.lines, line)
		if len(h.lines) > MaxHistory {
			h.lines = h.lines[1:]
		}
	}
	h.at, h.draft = len(h.lines), ""
}

// Lines lists all entries, oldest first. The caller leaves them as they are.
func (h *History) Lines() []string { return h.lines }

// Restore sets all entries, as kept from an earlier visit.
func (h *History) Restore(lines []string) {
	h.lines = lines[max(0, len(lines)-MaxHistory):]
	h.at, h.draft = len(h.lines), ""
}

// Up goes to the entry before; current is what stands in the line now.
func (h *History) Up(current string) string {
	if h.at > len(h.lines) {
		h.at = len(h.lines)
	}
	if h.at == len(h.lines) {
		h.draft = current
	}
	if h.at == 0 {
		return current
	}
	h.at--
	return h.lines[h.at]
}

// Down goes to the entry after, and at last back to what was being typed.
func (h *History) Down(current string) string {
	if h.at >= len(h.lines) {
		return current
	}
	h.at++
	if h.at == len(h.lines) {
		return h.draft
	}
	return h.lines[h.at]
}

// Search finds the newest entry that contains text (Ctrl-R).
func (h *History) Search(text string) (string, bool) {
	for i := len(h.lines) - 1; i >= 0; i-- {
		if text != "" && strings.Contains(h.lines[i], text) {
			return h.lines[i], true
		}
	}
	return "", false
}
