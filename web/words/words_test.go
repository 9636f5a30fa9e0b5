package words_test

import (
	"testing"

	"everysec/web/words"
)

func TestSay(t *testing.T) {
	german := words.Read("Run\tAusführen\n{done} of {all} steps\tvon {all} Schritten {done}\nrubbish\n{n} key|{n} keys\tein Schlüssel|{n} Schlüssel\n{a} of {b}\t{a} von {b}\n1,234.5\t1.234,5\n")
	for _, c := range []struct {
		language words.Catalogue
		say      func() string
		want     string
	}{
		{nil, func() string { return words.Say("Run") }, "Run"},
		{german, func() string { return words.Say("Run") }, "Ausführen"},
		{german, func() string { return words.Say("Stop") }, "Stop"},
		{german, func() string { return words.Say("rubbish") }, "rubbish"},
		{nil, func() string { return words.Say("{done} of {all} steps", "3", "{done}") }, "3 of {done} steps"},
		{german, func() string { return words.Say("{done} of {all} steps", "3", "18") }, "von 18 Schritten 3"},
		{german, func() string { return words.Say("{a} and {a} and {b} and {a}", "x", "y") }, "x and x and y and x"},
		{nil, func() string { return words.Many(1, "{n} key|{n} keys") }, "1 key"},
		{nil, func() string { return words.Many(1234, "{n} key|{n} keys") }, "1,234 keys"},
		{german, func() string { return words.Many(1, "{n} key|{n} keys") }, "ein Schlüssel"},
		{german, func() string { return words.Many(1234, "{n} key|{n} keys") }, "1.234 Schlüssel"},
		{german, func() string { return words.Many(2, "{n} of {what}|{n} of {what}", "it") }, "2 of it"},
		{nil, func() string { return words.Many(3, "{id} ({n} time)|{id} ({n} times)", "x") }, "x (3 times)"},
		{nil, func() string { return words.Number(1.25, 2) }, "1.25"},
		{german, func() string { return words.Number(1.25, 2) }, "1,25"},
		{german, func() string { return words.Heard("3 of 18 steps") }, "von 18 Schritten 3"},
		{german, func() string { return words.Heard("key of door") }, "key of door"},
		{german, func() string { return words.Heard("3 of 18 steps more") }, "3 of 18 steps more"},
		{german, func() string { return words.Heard("Run") }, "Ausführen"},
		{nil, func() string { return words.Heard("Run") }, "Run"},
	} {
		words.Use(c.language)
		if got := c.say(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	words.Use(nil)
}

// A language with three forms: one, few, many.
func TestFormsOfALanguage(t *testing.T) {
	defer func(form func(int64) int) { words.Form = form; words.Use(nil) }(words.Form)
	words.Form = func(n int64) int { return min(int(n)-1, 2) }
	words.Use(words.Read("{n} key|{n} keys\t{n} klucz|{n} klucze|{n} kluczy\n"))
	for n, want := range map[int64]string{1: "1 klucz", 2: "2 klucze", 5: "5 kluczy"} {
		if got := words.Many(n, "{n} key|{n} keys"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
