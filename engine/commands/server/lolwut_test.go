package server_test

import (
	"strings"
	"testing"

	"everysec/engine/servertest"
)

// The drawings have the sizes of Redis's, and its last lines.
func TestDrawings(t *testing.T) {
	c := servertest.New(t).Client()
	for _, test := range []struct {
		command     string
		lines, size int
		last        string
	}{
		{"LOLWUT VERSION 5", 49, 66, "Georg Nees - schotter, plotter on paper, 1968. Redis ver. 7.0.15\n"},
		{"LOLWUT VERSION 5 30 4 3", 12, 30, "Georg Nees - schotter, plotter on paper, 1968. Redis ver. 7.0.15\n"},
		{"LOLWUT VERSION 5 -5 1000 9", 0, 1, "Georg Nees - schotter, plotter on paper, 1968. Redis ver. 7.0.15\n"},
		{"LOLWUT VERSION 5 5", 4, 5, "Georg Nees - schotter, plotter on paper, 1968. Redis ver. 7.0.15\n"},
		{"LOLWUT VERSION 5 5 5", 5, 5, "Georg Nees - schotter, plotter on paper, 1968. Redis ver. 7.0.15\n"},
		{"LOLWUT VERSION 5 1000 200 200", 500, 1000, "Georg Nees - schotter, plotter on paper, 1968. Redis ver. 7.0.15\n"},
		{"LOLWUT VERSION 6", 20, 80, "Original 8 bit image from Plaguemon by hikikomori. Redis ver. 7.0.15\n"},
		{"LOLWUT VERSION 6 5 2", 2, 5, "Original 8 bit image from Plaguemon by hikikomori. Redis ver. 7.0.15\n"},
	} {
		text := string(c.Do(strings.Fields(test.command)...).Str)
		if !strings.HasSuffix(text, test.last) {
			t.Errorf("%s ends with %q", test.command, text[max(0, len(text)-80):])
		}
		lines := 0
		for _, line := range strings.Split(text, "\n") {
			if n := strings.Count(line, "\x1b[0m"); n > 0 && n == test.size || n == 0 && len(line) == 3*test.size && line[0] >= 0x80 {
				lines++
			}
		}
		if lines != test.lines {
			t.Errorf("%s: %d lines of %d characters, want %d", test.command, lines, test.size, test.lines)
		}
	}
	for _, command := range []string{"LOLWUT VERSION x", "LOLWUT VERSION 5 x", "LOLWUT VERSION 6 1 x"} {
		if got := c.Text(command); got != "(error) ERR value is not an integer or out of range" {
			t.Errorf("%s: %s", command, got)
		}
	}
}
