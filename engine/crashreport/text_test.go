package crashreport

import (
	"strings"
	"testing"

	"everysec/engine/resp"
)

// What is kept of a write is cut anywhere, and still tells what there is of it.
func TestTextOfABeginning(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, test := range []struct {
		commands [][]string
		want     string
		known    int // words
	}{
		{[][]string{{"SET", "k", "v"}}, "SET k v", 3},
		{[][]string{{"SET", "a key", ""}}, `SET "a key" ""`, 3},
		{[][]string{{"SET", "k", "line\n\x00;"}}, `SET k "line\n\x00;"`, 3},
		{[][]string{{"SET", "a", "1"}, {"INCR", "n"}}, "SET a 1; INCR n", 5},
		{[][]string{{"SET", "k", long}}, "SET k " + long[:70] + "...", 2},
		{[][]string{{"SET", long, "v"}}, "SET " + long[:77] + "...", 1},
		{[][]string{{"SET", long[:75], "v"}}, "SET " + long[:75] + "...", 2},
		{[][]string{{"SET", long[:20], long[:20]}, {"DEL", "a"}, {"DEL", "b"}}, "SET " + long[:20] + " " + long[:20] + "; DEL a; D...", 5},
	} {
		var whole, limited []byte
		for _, words := range test.commands {
			args := make([][]byte, len(words))
			for i, w := range words {
				args[i] = []byte(w)
			}
			whole = resp.AppendCommand(whole, args...)
			if len(limited) < TextBytes {
				limited = AppendText(limited, args)
			}
		}
		whole = whole[:min(len(whole), TextBytes)]
		if string(limited) != string(whole) {
			t.Errorf("AppendText gives %q, the file begins with %q", limited, whole)
		}
		found, rest, all := words(whole, len(test.commands))
		known := 0
		for _, command := range found {
			for _, w := range command {
				if w != nil {
					known++
				}
			}
		}
		if got := textOf(found, rest, all); got != test.want || known != test.known {
			t.Errorf("%q: %q with %d words, want %q with %d", whole, got, known, test.want, test.known)
		}
	}
}

func FuzzTextOfAnything(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"), 1)
	f.Add([]byte("*9999999999\r\n$"), 2)
	f.Add([]byte("*1\r\n$5"), 1)
	f.Fuzz(func(t *testing.T, text []byte, commands int) {
		found, rest, whole := words(text, commands)
		textOf(found, rest, whole)
	})
}
