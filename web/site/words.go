package site

import (
	"fmt"
	"html"
	"io/fs"
	"regexp"
	"strings"
)

// Words is the catalogue of a language: lines "English = other", as words.de has
// them, and remarks that begin with '#'. nil if there is none.
func Words(lang string) ([][2]string, error) {
	text, err := fs.ReadFile(files, "words."+lang)
	if err != nil {
		return nil, nil
	}
	var words [][2]string
	seen := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		english, other, ok := strings.Cut(line, " = ")
		if !ok || seen[english] {
			return nil, fmt.Errorf("words.%s:%d: %q is not one new \"English = other\"", lang, i+1, line)
		}
		seen[english] = true
		words = append(words, [2]string{english, other})
	}
	return words, nil
}

var translatable = regexp.MustCompile(`>[^<>]+<|(?: title| aria-label| placeholder)="[^"]*"`)

// Translate puts a catalogue's words in the place of the page's own, and gives
// the rest to the program. A text is replaced as a whole or not at all.
func Translate(page []byte, words [][2]string) []byte {
	table, all := map[string]string{}, ""
	for _, w := range words {
		table[w[0]] = w[1]
		all += w[0] + "\t" + w[1] + "\n"
	}
	page = translatable.ReplaceAllFunc(page, func(found []byte) []byte {
		whole := string(found)
		from, to := strings.IndexAny(whole, ">\"")+1, len(whole)-1
		text := whole[from:to]
		trimmed := strings.TrimSpace(text)
		other, ok := table[html.UnescapeString(trimmed)]
		if trimmed == "" || !ok {
			return found
		}
		return []byte(whole[:from] + strings.Replace(text, trimmed, html.EscapeString(other), 1) + whole[to:])
	})
	return []byte(strings.Replace(string(page), `<meta name="everysec"`, `<meta name="everysec" data-words="`+html.EscapeString(all)+`"`, 1))
}
