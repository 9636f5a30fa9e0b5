package lint

import (
	"regexp"
	"strings"
)

// reading counts what Flesch's formula wants to know.
type reading struct{ sentences, words, syllables int }

var (
	fenced    = regexp.MustCompile("(?s)```.*?```")
	codeSpan  = regexp.MustCompile("`[^`]*`")
	target    = regexp.MustCompile(`\]\([^)]*\)`)
	listMark  = regexp.MustCompile(`(?m)^\s*(?:[-*]|\d+\.)\s+`)
	ends      = regexp.MustCompile(`[.!?:;]["')*_]*(?:\s+|$)`)
	word      = regexp.MustCompile(`[\p{L}\p{N}][\p{L}\p{N}'’-]*`)
	vowels    = regexp.MustCompile(`[aeiouyäöüàâéèêëîïôûù]+`)
	paragraph = regexp.MustCompile(`\n\s*\n`)
)

// codeWord stands for a code span: one word of one syllable.
const codeWord = "code"

// add counts a text and gives its sentences. A heading, a row of a table and
// code are none; an item of a list is one.
func (r *reading) add(markdown string) (all []string) {
	text := fenced.ReplaceAllString(markdown, "\n\n")
	text = codeSpan.ReplaceAllString(text, codeWord)
	text = target.ReplaceAllString(text, "]")
	text = listMark.ReplaceAllString(text, "\n\n")
	for _, p := range paragraph.Split(text, -1) {
		var prose []string
		for _, line := range strings.Split(p, "\n") {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "|") && !strings.HasPrefix(line, "#") {
				prose = append(prose, line)
			}
		}
		for _, sentence := range ends.Split(strings.Join(prose, " "), -1) {
			n := words(sentence)
			if n == 0 {
				continue
			}
			all = append(all, strings.TrimSpace(sentence))
			r.sentences++
			r.words += n
			for _, w := range word.FindAllString(sentence, -1) {
				r.syllables += syllables(w)
			}
		}
	}
	return all
}

func (r *reading) join(o reading) {
	r.sentences += o.sentences
	r.words += o.words
	r.syllables += o.syllables
}

func (r *reading) mean() float64 { return float64(r.words) / float64(max(r.sentences, 1)) }

// ease is Flesch's reading ease: 60 to 70 is plain English, below 30 a paper.
func (r *reading) ease() float64 {
	return 206.835 - 1.015*r.mean() - 84.6*float64(r.syllables)/float64(max(r.words, 1))
}

func words(text string) int { return len(word.FindAllString(text, -1)) }

// syllables counts groups of vowels, without a silent e at the end.
func syllables(word string) int {
	word = strings.ToLower(word)
	n := len(vowels.FindAllString(word, -1))
	if n > 1 && strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") {
		n--
	}
	if n > 1 && strings.HasSuffix(word, "ed") && !strings.HasSuffix(word, "ted") && !strings.HasSuffix(word, "ded") {
		n--
	}
	return max(n, 1)
}
