// Package words is what the page says, in the language of the page.
//
// English stands in the code and is the key: words.Say("{n} of {all} steps", n,
// all). Another language is a file of lines "English = other", web/site/words.de,
// which a page of that language fetches and no other page. What it lacks is said in
// English. A value has a named place, which another language may put elsewhere:
// the values come in the order in which the English names them.
package words

import (
	"strconv"
	"strings"
)

// Catalogue is a language: what is said there, by what is said in English.
type Catalogue map[string]string

// The page's own; nil is English.
var (
	current        Catalogue
	group, decimal = ",", "."
)

// Form chooses among the forms of a counted text: which of them says n. A
// page in a language with more forms than English sets it.
var Form = func(n int64) int {
	if n == 1 {
		return 0
	}
	return 1
}

// sample is the line of a catalogue that shows how numbers are written.
const sample = "1,234.5"

// Read reads lines of an English text, a tab, and the other.
func Read(text string) Catalogue {
	c := Catalogue{}
	for _, line := range strings.Split(text, "\n") {
		if english, other, ok := strings.Cut(line, "\t"); ok {
			c[english] = other
		}
	}
	return c
}

// Use makes a catalogue the page's own.
func Use(c Catalogue) {
	current, group, decimal = c, ",", "."
	if written := c[sample]; written != "" {
		one, four := strings.IndexByte(written, '1'), strings.IndexByte(written, '4')
		group = written[one+1 : strings.IndexByte(written, '2')]
		decimal = written[four+1 : strings.IndexByte(written, '5')]
	}
}

// English tells whether the page speaks English.
func English() bool { return len(current) == 0 }

// Say is an English text in the page's language, with values in its places.
func Say(english string, values ...string) string { return current.Say(english, values...) }

// Say is the same in a language of its own.
func (c Catalogue) Say(english string, values ...string) string {
	said := english
	if other, ok := c[english]; ok {
		said = other
	}
	return fill(said, english, values)
}

// Many is a text that counts: its forms, with a bar between them, are for one and
// for more, "{n} key|{n} keys". {n} is the count, wherever it stands.
func Many(n int64, english string, values ...string) string {
	said, at := english, 1
	if n == 1 {
		at = 0
	}
	if other, ok := current[english]; ok {
		said, at = other, Form(n)
	}
	for ; at > 0; at-- {
		if _, rest, more := strings.Cut(said, "|"); more {
			said = rest
		}
	}
	said, _, _ = strings.Cut(said, "|")
	at = min(max(place(english, "{n}"), 0), len(values))
	return fill(said, english, append(append(append([]string{}, values[:at]...), Count(n)), values[at:]...))
}

// fill puts the values into the places.
func fill(said, english string, values []string) string {
	if len(values) == 0 {
		return said
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(said, '{')
		if open < 0 {
			break
		}
		end := open + strings.IndexByte(said[open:], '}')
		if end < open {
			break
		}
		b.WriteString(said[:open])
		if at := place(english, said[open:end+1]); at < len(values) {
			b.WriteString(values[at])
		}
		said = said[end+1:]
	}
	b.WriteString(said)
	return b.String()
}

// place is which of the places of a text one is: it counts the others before it.
func place(english, name string) int {
	n, from := 0, 0
	for end := strings.Index(english, name); ; {
		open := strings.IndexByte(english[from:max(end, from)], '{')
		if open < 0 {
			return n
		}
		open += from
		from = open + strings.IndexByte(english[open:], '}') + 1
		if strings.Index(english, english[open:from]) == open { // else it is one that came before
			n++
		}
	}
}

// Heard is a text that comes from elsewhere with its values in it already, as
// what the worker tells: the line of the catalogue that it fits says it.
func Heard(text string) string { return current.Heard(text) }

// Heard is the same in a language of its own.
func (c Catalogue) Heard(text string) string {
	if other, ok := c[text]; ok || len(c) == 0 {
		if ok {
			return other
		}
		return text
	}
	best, found := "", []string(nil)
	for english := range c {
		if letters := len(places(english)); letters < telling {
			continue
		}
		if better := len(english) - len(best); strings.IndexByte(english, '{') >= 0 && (better > 0 || better == 0 && english < best) {
			if values := Fit(english, text); values != nil {
				best, found = english, values
			}
		}
	}
	if found == nil {
		return text
	}
	return fill(c[best], best, found)
}

// telling is how long a text must be beside its places to be known again.
const telling = 8

// places is a text without its places.
func places(text string) string {
	said := ""
	for {
		before, rest, more := strings.Cut(text, "{")
		said += before
		if !more {
			return said
		}
		_, text, _ = strings.Cut(rest, "}")
	}
}

// Fit finds the values of a text, nil if it is none of these.
func Fit(english, text string) (values []string) {
	for {
		before, rest, more := strings.Cut(english, "{")
		if !strings.HasPrefix(text, before) || !more && text != before {
			return nil
		}
		if !more {
			return values
		}
		text = text[len(before):]
		_, english, _ = strings.Cut(rest, "}")
		next, _, _ := strings.Cut(english, "{")
		end := len(text)
		if next != "" {
			end = strings.Index(text, next)
		}
		if end < 1 {
			return nil
		}
		values, text = append(values, text[:end]), text[end:]
	}
}

// Count writes a number with its digits in groups: 12,345.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + group + s[i:]
	}
	return s
}

// Number writes a number with so many digits behind the point.
func Number(f float64, digits int) string {
	s := strconv.FormatFloat(f, 'f', digits, 64)
	if decimal == "." {
		return s
	}
	return strings.Replace(s, ".", decimal, 1)
}
