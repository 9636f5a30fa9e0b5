package lint

import (
	"regexp"
	"strings"

	"everysec/lessons"
)

// What an error of the parser names, and what may have been meant.
var unknown = []struct {
	error *regexp.Regexp
	names func() []string
}{
	{regexp.MustCompile(`^unknown action "([^"]*)"`), verbs},
	{regexp.MustCompile(`^front matter: unknown name "([^"]*)"`), func() []string {
		return []string{"id", "title", "goal", "phase", "seed", "config", "setup"}
	}},
	{regexp.MustCompile(`^(?:unknown fact )?"([^" ]*)[^"]*"(?: is not a fact)?`), factNames},
	{regexp.MustCompile(`^unknown fact "([^"]*)"`), factNames},
	{regexp.MustCompile(`^crash: "([^"]*)"`), func() []string {
		return []string{lessons.KillNine, lessons.PowerLoss, lessons.PowerLossTorn}
	}},
}

func (f *finder) suggest(text string) string {
	for _, u := range unknown {
		if m := u.error.FindStringSubmatch(text); m != nil {
			if s := meant(m[1], u.names()); s != "" {
				return s
			}
		}
	}
	return ""
}

func kinds() (names []string) {
	for k := lessons.Transcript; k <= lessons.PredictKind; k++ {
		names = append(names, k.String())
	}
	return names
}

func verbs() (names []string) {
	for _, a := range lessons.Actions {
		for _, form := range strings.Split(a.Form, ", ") {
			name, _, _ := strings.Cut(strings.TrimPrefix(form, "!"), " ")
			names = append(names, name)
		}
	}
	return names
}

func factNames() (names []string) {
	for _, row := range lessons.FactTable() {
		name, _, _ := strings.Cut(row[0], " ")
		names = append(names, name)
	}
	return names
}

func meant(word string, names []string) string {
	if near := nearest(word, names); near != "" {
		return " (did you mean \"" + near + "\"?)"
	}
	return ""
}

// nearest is the name that is at most a few letters away, "" if none is. Of
// equally near ones it is the first in the alphabet.
func nearest(word string, names []string) string {
	best, far := "", farthestSuggestion+1
	for _, name := range names {
		d := distance(word, name)
		if d < far && d < len(name) || d == far && d <= farthestSuggestion && name < best {
			best, far = name, d
		}
	}
	return best
}

// distance is how many letters have to be put in, taken away, changed, or
// exchanged with their neighbour.
func distance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
