package glob

import "testing"

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"*", "", false}, // callers take * for "all" before they ask
		{"*", "a", true},
		{"h?llo", "hello", true},
		{"h*llo", "hllo", true},
		{"h[^e]llo", "hello", false},
		{"h[a-b]llo", "hallo", true},
		{"a*b*c", "aXbXbXc", true},
		{"a*b*c", "aXbXb", false},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{"[abc", "c", true},
		{"[^", "x", true},
	} {
		if got := Match([]byte(c.pattern), []byte(c.s), false); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}
