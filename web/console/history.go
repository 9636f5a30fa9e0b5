package console

import (
	"slices"
	"strings"
)

// History is what was entered, and a place in it for the arrow keys. What was
// being typed is kept below the newest entry.
type History struct {
	lines []string
	fresh []string // entered since Fresh was called
	at    int      // len(lines): at the line being typed
	draft string
}

// MaxHistory is the number of lines kept.
const MaxHistory = 500

// Add puts a line at the end, unless it repeats the last one.
func (h *History) Add(line string) {
	if n := len(h.lines); n == 0 || h.lines[n-1] != line {
		h.lines = append(h.lines, line)
		h.fresh = append(h.fresh, line)
		if len(h.lines) > MaxHistory {
			h.lines = h.lines[1:]
		}
	}
	h.at, h.draft = len(h.lines), ""
}

// Fresh lists the lines that were added since it was called before.
func (h *History) Fresh() []string {
	fresh := h.fresh
	h.fresh = nil
	return fresh
}

// Lines lists all entries, oldest first. The caller leaves them as they are.
func (h *History) Lines() []string { return h.lines }

// Restore sets all entries, as kept from an earlier visit.
func (h *History) Restore(lines []string) {
	h.lines = slices.Clone(lines[max(0, len(lines)-MaxHistory):])
	h.at, h.draft = len(h.lines), ""
}

// The bounds of what Text keeps, in bytes.
const (
	maxKeptLine = 4 << 10
	maxKeptText = 64 << 10
)

// Text is the newest entries for a store, a line each. Lines beyond all measure
// are left out.
func (h *History) Text() string {
	var keep []string
	size := 0
	for i := len(h.lines) - 1; i >= 0; i-- {
		n := len(h.lines[i]) + 1
		if n > maxKeptLine {
			continue
		}
		if size += n; size > maxKeptText {
			break
		}
		keep = append(keep, h.lines[i])
	}
	slices.Reverse(keep)
	return strings.Join(keep, "\n")
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

// Search is Ctrl-R: an incremental search backwards, as readline does it.
// redis-cli itself has none.
type Search struct {
	history *History
	query   string
	at      int // of the match in lines; len(lines): none yet
	failed  bool
}

// Search begins at the newest entry.
func (h *History) Search() *Search { return &Search{history: h, at: len(h.lines)} }

// Type sets what is looked for. A match that still fits stays.
func (s *Search) Type(query string) {
	if !strings.HasPrefix(query, s.query) || s.failed {
		s.at = len(s.history.lines)
	}
	s.query, s.failed = query, false
	if query != "" {
		s.seek(s.at, -1)
	}
}

// Older goes to the match before (Ctrl-R again).
func (s *Search) Older() { s.step(-1) }

// Newer goes to the match after (Ctrl-S).
func (s *Search) Newer() { s.step(1) }

func (s *Search) step(by int) {
	if s.query != "" {
		s.seek(s.at+by, by)
	}
}

// seek looks for the query from entry i on. Where there is none the last match
// stays. A line that equals the match shown would look as if nothing happened.
func (s *Search) seek(i, by int) {
	shown := s.Line()
	for ; i >= 0 && i <= len(s.history.lines); i += by {
		if i < len(s.history.lines) && strings.Contains(s.history.lines[i], s.query) && (i == s.at || s.history.lines[i] != shown) {
			s.at, s.failed = i, false
			return
		}
	}
	s.failed = true
}

// Line is the match, "" if there was none.
func (s *Search) Line() string {
	if s.at >= len(s.history.lines) {
		return ""
	}
	return s.history.lines[s.at]
}

// Failed tells whether the last search found nothing.
func (s *Search) Failed() bool { return s.failed }
