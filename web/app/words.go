package app

import "strings"

// Words are the page's strings in another language, by the English ones. A
// number in a string stands as %, so that "3 of 8 steps" is "% of % steps".
type Words map[string]string

// ReadWords reads lines of an English string, a tab, and the other.
func ReadWords(text string) Words {
	w := Words{}
	for _, line := range strings.Split(text, "\n") {
		if english, other, ok := strings.Cut(line, "\t"); ok {
			w[english] = other
		}
	}
	return w
}

// Say is a string in the other language, or itself.
func (w Words) Say(s string) string {
	if len(w) == 0 || len(s) > 200 {
		return s
	}
	if other, ok := w[s]; ok {
		return other
	}
	var key strings.Builder
	var numbers []string
	for i := 0; i < len(s); {
		n := i
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n > i {
			numbers = append(numbers, s[i:n])
			key.WriteByte('%')
			i = n
			continue
		}
		key.WriteByte(s[i])
		i++
	}
	other, ok := w[key.String()]
	if !ok || len(numbers) == 0 {
		return s
	}
	for _, n := range numbers {
		other = strings.Replace(other, "%", n, 1)
	}
	return other
}
